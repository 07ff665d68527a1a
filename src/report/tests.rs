use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, UNIX_EPOCH};

use mqtt_check_codec::ProtocolVersion;

use super::document::{Document, Outage, OutageKind, Responsiveness, Transcripts};
use super::style::Style;
use super::terminal::Options;
use super::{CapabilityFact, Report, RunFacts, TargetFacts, junit, terminal};
use crate::exit::Exit;
use crate::outcome::{ComparedWith, Comparison, Concluded, Mode, Reviewed, State};
use crate::plan::{Plan, SkipCode, SkipKind};
use crate::transcript::text::fixture::{
    takeover_plan, takeover_record, takeover_record_without_disconnect,
};
use crate::verdict::{CaseResult, CaseSummary, Measure, Measured, Verdict, judge};

fn result(plan: &Plan, right: bool) -> CaseResult {
    let transcript = if right {
        takeover_record(plan)
    } else {
        takeover_record_without_disconnect(plan)
    };
    let (verdict, findings) = judge(plan, &transcript, None, None);
    CaseResult {
        id: plan.scene.id.clone(),
        title: plan.scene.title.clone(),
        file: plan.scene.source.path.clone(),
        verdict,
        clauses: vec!["MQTT-3.1.4-3".into()],
        findings,
        choices: vec![("offline_qos0".into(), "queued".into())],
        measured: vec![Measured {
            measure: Measure::KeepAlive,
            value: 1.5,
        }],
        summary: CaseSummary::of(&transcript, None),
        transcript: Some(transcript),
        control: None,
        began: None,
        wall: Duration::from_micros(120),
        virtual_time: Duration::from_secs(2),
        late: None,
        plays: 1,
        in_outage: false,
        came_late: None,
        alone: None,
    }
}

fn skipped(plan: &Plan) -> CaseResult {
    CaseResult {
        verdict: Verdict::Skipped {
            code: SkipCode::about(SkipKind::Needs, "kick"),
            reason: "needs kick".into(),
        },
        transcript: None,
        summary: CaseSummary::default(),
        findings: Vec::new(),
        choices: Vec::new(),
        measured: Vec::new(),
        ..result(plan, true)
    }
}

fn comparison(state: State) -> Comparison {
    Comparison {
        state,
        counts: true,
        path: PathBuf::from("snapshots/session/takeover@5.snap"),
        expected: "- a\n- b\n".into(),
        actual: "- a\n- c\n".into(),
        pending: state != State::Same,
        updated: false,
        varies: false,
        compared_with_accepted: false,
        unexplained: None,
    }
}

fn report<'a>(cases: Vec<Concluded<'a>>) -> Report<'a> {
    Report {
        target: TargetFacts {
            version: None,
            name: "the bundled broker".into(),
            url: None,
            versions: vec![ProtocolVersion::V5],
            not_spoken: Vec::new(),
            capabilities: vec![CapabilityFact {
                name: "kick".into(),
                why_not: None,
            }],
            connack: None,
            keep_alive_s: 0,
        },
        cases,
        deviations: None,
        unspoken: Vec::new(),
        ended_early: None,
        without_case: Vec::new(),
        without_deviation: Vec::new(),
        facts: RunFacts {
            started: UNIX_EPOCH,
            began: Instant::now(),
            chaos: None,
            spread: false,
            timeout_scale: 1.0,
            jobs: None,
            max_wait: Duration::from_secs(30),
            baseline: None,
            suite: None,
            retries: 0,
            fail_flaky: false,
        },
        profile: None,
        seed: 7,
        instances: None,
        responsiveness: None,
        wall: Duration::from_millis(12),
        interrupted: false,
        problems: Vec::new(),
        replay: "scenarios".into(),
        again: Some("mqtt-check run scenarios --filter 'session/takeover@5' --seed 7".into()),
        review: String::new(),
        shard: None,
        retried: BTreeMap::new(),
    }
}

fn case<'a>(
    plan: &'a Plan,
    result: &'a CaseResult,
    comparison: Option<Comparison>,
) -> Concluded<'a> {
    Concluded {
        plan,
        result,
        outcome: ComparedWith::Records(Mode::Whole, None).decide(
            (plan, result),
            &Reviewed::default(),
            comparison,
            None,
        ),
    }
}

fn document(report: &Report<'_>) -> Document {
    Document::of(report, Transcripts::Failed)
}

#[test]
fn no_heading_is_broken_where_there_is_little_room() {
    let plan = takeover_plan();
    let judged = |verdict: Verdict| CaseResult {
        verdict,
        ..result(&plan, true)
    };
    let results = [
        judged(Verdict::Passed),
        judged(Verdict::Failed),
        judged(Verdict::Warned),
        judged(Verdict::Inconclusive {
            reason: "nothing came".into(),
        }),
        skipped(&plan),
    ];
    let cases = results.iter().map(|result| case(&plan, result, None));
    let report = report(cases.collect());
    for width in [60, 80, 100] {
        let options = Options { width, ..PLAIN };
        let text = terminal::render(&document(&report), options);
        let start = text.find(" area").expect("a table");
        let table: Vec<&str> = text[start..].lines().collect();
        for word in [
            "cases",
            "passed",
            "failed",
            "inconclusive",
            "warned",
            "skipped",
        ] {
            let is_heading = |line: &&str| line.split_whitespace().any(|w| w == word);
            assert!(table.iter().any(is_heading), "{width}: {text}");
        }
        let rows = table.iter().take_while(|line| !line.starts_with("5 cases"));
        for line in rows {
            assert!(line.chars().count() <= width.into(), "{width}: {line}");
        }
    }
}

const PLAIN: Options = Options {
    style: Style::PLAIN,
    verbose: false,
    width: 80,
};

#[test]
fn shows_a_failure_in_full() {
    let plan = takeover_plan();
    let failed = result(&plan, false);
    let skipped = skipped(&plan);
    let report = report(vec![
        case(&plan, &failed, Some(comparison(State::Changed))),
        case(&plan, &skipped, None),
    ]);
    assert_eq!(
        terminal::render(&document(&report), PLAIN),
        include_str!("testdata/failure.txt")
    );
}

#[test]
fn shows_transcripts_on_request() {
    let plan = takeover_plan();
    let passed = result(&plan, true);
    let report = report(vec![case(&plan, &passed, Some(comparison(State::Same)))]);
    let text = terminal::render(
        &Document::of(&report, Transcripts::All),
        Options {
            verbose: true,
            ..PLAIN
        },
    );
    assert!(text.starts_with("passed session/takeover@5\n"), "{text}");
    assert!(
        text.contains("\n    first < PUBLISH payload=\"Hello 0\" | qos=1"),
        "{text}"
    );
    assert!(!terminal::render(&document(&report), PLAIN).contains("Hello 0"));
}

#[test]
fn writes_the_json_contract() {
    let plan = takeover_plan();
    let failed = result(&plan, false);
    let report = report(vec![case(&plan, &failed, Some(comparison(State::New)))]);
    let text = document(&report).to_json().expect("rendering");
    assert_eq!(text, include_str!("testdata/failure.json"));
}

#[test]
fn reads_back_what_it_writes() {
    let plan = takeover_plan();
    let failed = result(&plan, false);
    let report = report(vec![case(&plan, &failed, Some(comparison(State::Changed)))]);
    let document = document(&report);
    let text = document.to_json().expect("rendering");
    let again = Document::from_json(&text).expect("reading");
    assert_eq!(again, document);
}

#[test]
fn writes_junit_with_the_terminals_text() {
    let plan = takeover_plan();
    let failed = result(&plan, false);
    let passed = result(&plan, true);
    let skipped = skipped(&plan);
    let report = report(vec![
        case(&plan, &failed, None),
        case(&plan, &passed, Some(comparison(State::Changed))),
        case(&plan, &skipped, None),
    ]);
    let text = junit::render(&document(&report)).expect("rendering");
    assert_eq!(text, include_str!("testdata/report.xml"));
}

#[test]
fn gates_on_what_went_wrong() {
    let plan = takeover_plan();
    let (passed, failed) = (result(&plan, true), result(&plan, false));
    let skipped = skipped(&plan);
    let exit = |cases: Vec<Concluded<'_>>| report(cases).exit();
    assert_eq!(passed.verdict, Verdict::Passed);
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        exit(vec![case(&plan, &passed, Some(comparison(State::Same)))]),
        Exit::Success
    );
    assert_eq!(
        exit(vec![case(&plan, &passed, Some(comparison(State::New)))]),
        Exit::Failed
    );
    assert_eq!(
        exit(vec![case(&plan, &failed, Some(comparison(State::Same)))]),
        Exit::Failed
    );
    assert_eq!(exit(vec![case(&plan, &skipped, None)]), Exit::Nothing);
    assert_eq!(exit(Vec::new()), Exit::Nothing);
    let one = || case(&plan, &passed, Some(comparison(State::Same)));
    let stale = Report {
        without_case: vec!["snapshots/gone@5.snap".into()],
        ..report(vec![one()])
    };
    assert_eq!(stale.exit(), Exit::Failed);
    let interrupted = Report {
        interrupted: true,
        ..report(vec![one()])
    };
    assert_eq!(interrupted.exit(), Exit::Interrupted);
}

#[test]
fn takes_an_accepted_failure_as_expected() {
    let plan = takeover_plan();
    let failed = result(&plan, false);
    let same = Comparison {
        compared_with_accepted: true,
        ..comparison(State::Same)
    };
    let report = report(vec![case(&plan, &failed, Some(same))]);
    assert_eq!(report.exit(), Exit::Success);
    assert_eq!(report.counts().accepted, 1);
}

#[test]
fn shows_when_the_broker_did_not_serve() {
    let plan = takeover_plan();
    let passed = result(&plan, true);
    let outages = [
        (OutageKind::Froze, 5_200_000, Some(20_000_000)),
        (OutageKind::Down, 61_000_000, None),
    ];
    let outages = outages.map(|(how, since_us, lasted_us)| Outage {
        how,
        since_us,
        lasted_us,
        active: Vec::new(),
    });
    let report = Report {
        responsiveness: Some(Responsiveness {
            round_trips: 1,
            slowest_us: 4_000,
            outages: outages.into(),
        }),
        ..report(vec![case(&plan, &passed, None)])
    };
    let shown = terminal::render(&document(&report), PLAIN);
    let expected = "The broker did not serve all the time, counted from the start of the run:
  5.20 s to 25.20 s (20.00 s): no answer
  1 m 1 s to the end: connection closed, and no other accepted
";
    assert!(shown.contains(expected), "{shown}");
    assert!(!shown.contains("Responsiveness:"), "{shown}");
    let verbose = Options {
        verbose: true,
        ..PLAIN
    };
    let shown = terminal::render(&document(&report), verbose);
    let expected = "Responsiveness: 1 round trip during the run, the slowest took 4 ms.\n";
    assert!(shown.contains(expected), "{shown}");
}
