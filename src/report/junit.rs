//! JUnit XML for CI systems. A failure has the same text as on the terminal.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::document::{Case, Document, EndedEarly, Profile, SnapshotState, StaleKind, Verdict};
use super::excerpt::Canvas;
use super::style::{Style, alternatives};
use super::{case, flaky, profile};

/// Renders the document as JUnit XML. Each folder of scenarios is a test suite.
///
/// # Errors
/// Returns an error if the XML writer fails.
pub fn render(document: &Document) -> Result<String, quick_junit::SerializeError> {
    let mut xml = Xml::new("mqtt-check");
    xml.set_time(Duration::from_micros(document.run.wall_us));
    let mut areas: Vec<&str> = document.cases.iter().map(|c| c.area.as_str()).collect();
    areas.dedup();
    for area in areas {
        let mut suite = TestSuite::new(area);
        for case in document.cases.iter().filter(|case| case.area == area) {
            suite.add_test_case(test_case(case));
        }
        xml.add_test_suite(suite);
    }
    let unspoken = document.target.not_spoken.iter();
    let versions = unspoken.filter(|unspoken| unspoken.named_by.is_some());
    let stale = |kind: StaleKind| {
        let of_kind = document
            .stale
            .iter()
            .filter(move |stale| stale.kind == kind);
        of_kind.map(|stale| failed("stale", stale.place.clone(), &stale.why))
    };
    let problems = document.run.problems.iter();
    let early = document.run.ended_early.as_ref();
    let run_failures = [
        (
            "run",
            problems
                .map(|problem| failed("problem", "the run".to_owned(), problem))
                .collect(),
        ),
        ("not played", early.map_or_else(Vec::new, not_played)),
        (
            "versions",
            versions
                .map(|unspoken| {
                    let name = format!("MQTT {}", unspoken.version);
                    failed("version", name, &unspoken.why)
                })
                .collect::<Vec<_>>(),
        ),
        ("snapshots", stale(StaleKind::Snapshot).collect()),
        ("deviations", stale(StaleKind::Deviation).collect()),
        (
            "flaky",
            flaky::failure(document)
                .map(|why| failed("flaky", "flaky cases".to_owned(), &why))
                .into_iter()
                .collect(),
        ),
    ];
    for (name, tests) in run_failures {
        if tests.is_empty() {
            continue;
        }
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(tests);
        xml.add_test_suite(suite);
    }
    if let Some(suite) = document.profile.as_ref().and_then(of_the_profile) {
        xml.add_test_suite(suite);
    }
    xml.to_string()
}

/// Returns the changes against the profile of the target, one test case per change.
fn of_the_profile(profile: &Profile) -> Option<TestSuite> {
    if !profile.fails {
        return None;
    }
    let mut suite = TestSuite::new("profile");
    if !profile.exists {
        let name = profile.path.clone();
        suite.add_test_case(failed("profile", name, &profile::missing(profile)));
    }
    for change in profile.changes.iter().filter(|change| !change.tolerated) {
        let line = profile::line(change, false);
        let mut test = failed("profile", line.clone(), &line);
        test.set_system_out(change.names.join("\n"));
        suite.add_test_case(test);
    }
    Some(suite)
}

/// Cases that were not played.
fn not_played(early: &EndedEarly) -> Vec<TestCase> {
    let cases = early.not_played.iter().map(|id| {
        let mut status = TestCaseStatus::skipped();
        status.set_type("not-played");
        status.set_message(early.why.as_str());
        TestCase::new(id.as_str(), status)
    });
    cases.collect()
}

fn failed(kind: &str, name: String, why: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind);
    status.set_message(why);
    TestCase::new(name, status)
}

fn test_case(case: &Case) -> TestCase {
    let mut test = TestCase::new(case.id.as_str(), status(case));
    test.set_classname(case.area.as_str());
    let span = case.span.map_or(0, |span| span.end_us - span.start_us);
    test.set_time(Duration::from_micros(span));
    // The line that a reader is sent to: that of the worst finding, or else the first step.
    let found = case::worst(case).and_then(|finding| finding.line);
    test.extra.insert("file".into(), case.file.as_str().into());
    if let Some(line) = found.or(case.line) {
        test.extra.insert("line".into(), line.to_string().into());
    }
    if case.verdict == Verdict::Warned || case.outcome.accepted {
        test.set_system_out(case::findings(case, Canvas::FILE));
    }
    test
}

fn status(case: &Case) -> TestCaseStatus {
    let reason = case.reason.as_deref().unwrap_or_default();
    let record_fails = case.outcome.is_unexpected_record();
    match case.verdict {
        Verdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            if let Some(code) = &case.skip {
                status.set_type(code.as_str());
            }
            status.set_message(reason);
            return status;
        }
        Verdict::Inconclusive => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("inconclusive");
            status.set_message(reason);
            status.set_description(case::findings(case, Canvas::FILE));
            return status;
        }
        Verdict::Failed if case.outcome.is_unexpected_verdict() => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("must");
            status.set_message(message(case));
            let mut text = case::findings(case, Canvas::FILE);
            if record_fails {
                text.push('\n');
                text.push_str(&case::snapshot(case, Style::PLAIN));
            }
            status.set_description(text);
            return status;
        }
        Verdict::Failed | Verdict::Passed | Verdict::Warned => {}
    }
    match &case.snapshot {
        Some(snapshot) if record_fails => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("snapshot");
            let word = match (snapshot.state, &snapshot.unexplained) {
                (SnapshotState::Same, Some(_)) => "unexplained",
                (state, _) => state.as_str(),
            };
            status.set_message(format!("the record is not as reviewed: {word}"));
            status.set_description(case::snapshot(case, Style::PLAIN));
            status
        }
        _ => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(case.attempts.iter().map(|attempt| rerun(&case.at(attempt))));
            status
        }
    }
}

/// A play of a flaky case that was not as expected.
fn rerun(case: &Case) -> TestRerun {
    let (kind, word) = match case.verdict {
        Verdict::Inconclusive => (NonSuccessKind::Error, "inconclusive"),
        _ if case.outcome.is_unexpected_verdict() => (NonSuccessKind::Failure, "must"),
        _ => (NonSuccessKind::Failure, "snapshot"),
    };
    let mut rerun = TestRerun::new(kind);
    rerun.set_type(word);
    rerun.set_message(case::in_brief(case));
    rerun.set_description(case::findings(case, Canvas::FILE));
    rerun
}

/// The message of the worst finding.
fn message(case: &Case) -> String {
    case::worst(case).map_or_else(String::new, |finding| {
        format!(
            "expected {}; {}",
            alternatives(&finding.expected),
            finding.actual
        )
    })
}
