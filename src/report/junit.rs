//! JUnit XML, as CI systems read it. A failure holds the text that the terminal shows.

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use super::words::{Style, alternatives};
use super::{Report, case};
use crate::outcome::{Concluded, State};
use crate::verdict::{FindingKind, Verdict};

/// The document as text. Cases are in a suite for each folder.
///
/// # Errors
/// When the XML writer fails.
pub fn render(report: &Report<'_>) -> Result<String, quick_junit::SerializeError> {
    let mut xml = Xml::new("mqtt-check");
    xml.set_time(report.wall);
    let mut areas: Vec<&str> = report
        .cases
        .iter()
        .map(|case| case.result.id.area())
        .collect();
    areas.dedup();
    for area in areas {
        let mut suite = TestSuite::new(area);
        for case in report
            .cases
            .iter()
            .filter(|case| case.result.id.area() == area)
        {
            suite.add_test_case(test_case(case));
        }
        xml.add_test_suite(suite);
    }
    if !report.unspoken.is_empty() {
        let mut suite = TestSuite::new("versions");
        for unspoken in &report.unspoken {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("version");
            status.set_message(unspoken.why.as_str());
            let name = format!("MQTT {}", unspoken.version);
            suite.add_test_case(TestCase::new(name, status));
        }
        xml.add_test_suite(suite);
    }
    if !report.without_case.is_empty() {
        let mut suite = TestSuite::new("snapshots");
        for path in &report.without_case {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("stale");
            status.set_message("no case has this snapshot any more");
            suite.add_test_case(TestCase::new(path.display().to_string(), status));
        }
        xml.add_test_suite(suite);
    }
    if !report.without_deviation.is_empty() {
        let mut suite = TestSuite::new("deviations");
        for unshown in &report.without_deviation {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("stale");
            status.set_message(unshown.what.as_str());
            suite.add_test_case(TestCase::new(unshown.place.as_str(), status));
        }
        xml.add_test_suite(suite);
    }
    xml.to_string()
}

fn test_case(case: &Concluded<'_>) -> TestCase {
    let result = case.result;
    let mut test = TestCase::new(result.id.to_string(), status(case));
    test.set_classname(case.result.id.area());
    test.set_time(result.wall);
    if matches!(result.verdict, Verdict::Warned) || case.outcome.is_accepted {
        test.set_system_out(case::findings(case, Style::PLAIN));
    }
    test
}

fn status(case: &Concluded<'_>) -> TestCaseStatus {
    let result = case.result;
    let snapshot_fails = case.outcome.comparison.as_ref().is_some_and(|c| c.fails());
    match &result.verdict {
        Verdict::Skipped { code, reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(code.to_string());
            status.set_message(reason.as_str());
            return status;
        }
        Verdict::Inconclusive { reason } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("inconclusive");
            status.set_message(reason.as_str());
            status.set_description(case::findings(case, Style::PLAIN));
            return status;
        }
        Verdict::Failed if case.outcome.is_unexpected_verdict() => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("must");
            status.set_message(message(case));
            let mut text = case::findings(case, Style::PLAIN);
            if snapshot_fails {
                text.push('\n');
                text.push_str(&case::snapshot(case, Style::PLAIN));
            }
            status.set_description(text);
            return status;
        }
        Verdict::Failed | Verdict::Passed | Verdict::Warned => {}
    }
    match &case.outcome.comparison {
        Some(comparison) if comparison.fails() => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("snapshot");
            let word = match (comparison.state, &comparison.unexplained) {
                (State::Same, Some(_)) => "unexplained",
                (state, _) => state.as_str(),
            };
            status.set_message(format!("the record is not as reviewed: {word}"));
            status.set_description(case::snapshot(case, Style::PLAIN));
            status
        }
        _ => TestCaseStatus::success(),
    }
}

/// The first thing that does not hold.
fn message(case: &Concluded<'_>) -> String {
    case.result
        .findings
        .iter()
        .filter(|finding| finding.kind() == FindingKind::Violation)
        .min_by_key(|finding| finding.level())
        .map_or_else(String::new, |finding| {
            format!(
                "expected {}; {}",
                alternatives(&finding.expected),
                finding.actual
            )
        })
}
