use std::path::Path;
use std::time::Duration;

use mqtt_check_codec::PacketType;

use super::{doubt, settle, unplayed};
use crate::engine::Doubt;
use crate::plan;
use crate::scenario::model::Level;
use crate::transcript::INTERRUPTED;
use crate::verdict::{Alone, CaseResult, Charge, Finding, Symptom, Verdict};

/// Creates a play of a case that came to this verdict.
fn play(number: usize, verdict: Verdict, came_late: bool) -> CaseResult {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/session/takeover.yaml");
    let scenes = crate::scenario::load(&[path]).expect("the suite is right");
    let scene = scenes.into_iter().next().expect("a case");
    let plan = plan::plan(scene).expect("can be planned");
    CaseResult {
        plays: number,
        came_late: came_late.then(|| format!("in play {number}")),
        ..unplayed(&plan, verdict)
    }
}

fn late_advice() -> Finding {
    Finding {
        charge: Charge::advice(Level::Should),
        expected: Vec::new(),
        actual: String::new(),
        step: None,
        label: String::new(),
        place: None,
        note: None,
        events: Vec::new(),
        repeats: 0,
        is_slow: false,
        is_late: true,
        symptom: Symptom::no(PacketType::PUBACK),
    }
}

#[test]
fn a_play_on_a_slow_machine_proves_nothing_about_the_broker() {
    let late = play(1, Verdict::Failed, true);
    assert_eq!(doubt(&late), Some(Doubt::CameLate));
    let disturbed = CaseResult {
        late: Some(Duration::from_secs(1)),
        ..late.clone()
    };
    assert_eq!(doubt(&disturbed), Some(Doubt::Disturbed));
    let in_outage = CaseResult {
        in_outage: true,
        ..late
    };
    assert_eq!(doubt(&in_outage), Some(Doubt::Disturbed));
    assert_eq!(doubt(&play(1, Verdict::Failed, false)), None);
}

#[test]
fn a_passing_play_alone_counts() {
    for verdict in [Verdict::Passed, Verdict::Warned] {
        let again = play(2, verdict.clone(), false);
        let settled = settle(play(1, Verdict::Failed, true), Some(again));
        assert_eq!(settled.verdict, verdict);
        assert_eq!(settled.alone, Some(Alone::Passed));
        assert_eq!(settled.came_late.as_deref(), Some("in play 1"));
        assert_eq!(settled.plays, 2);
    }
}

#[test]
fn a_late_play_alone_replaces_no_other() {
    let inconclusive = Verdict::Inconclusive {
        reason: "the control does not hold".into(),
    };
    let late_again = CaseResult {
        findings: vec![late_advice()],
        ..play(2, Verdict::Warned, false)
    };
    for again in [
        play(2, Verdict::Failed, true),
        play(2, Verdict::Failed, false),
        play(2, inconclusive, false),
        late_again,
    ] {
        let settled = settle(play(1, Verdict::Failed, true), Some(again));
        assert_eq!(settled.verdict, Verdict::Failed);
        assert_eq!(settled.alone, Some(Alone::FailedAgain));
        assert_eq!(settled.came_late.as_deref(), Some("in play 1"));
        assert_eq!(settled.plays, 2);
    }
}

#[test]
fn a_failing_play_alone_without_delays_counts() {
    let wrong = Finding {
        is_late: false,
        actual: "another payload".into(),
        ..late_advice()
    };
    let again = CaseResult {
        findings: vec![wrong],
        ..play(2, Verdict::Failed, false)
    };
    let first = CaseResult {
        findings: vec![late_advice()],
        ..play(1, Verdict::Failed, true)
    };
    let settled = settle(first.clone(), Some(again));
    assert_eq!(settled.findings[0].actual, "another payload");
    assert_eq!(settled.alone, Some(Alone::FailedAgain));
    // Both plays found a late packet, so the second one does not replace the first.
    let late = CaseResult {
        findings: vec![late_advice()],
        ..play(2, Verdict::Failed, true)
    };
    assert_eq!(settle(first.clone(), Some(late)).findings, first.findings);
}

#[test]
fn the_first_play_counts_if_there_is_no_other() {
    let settled = settle(play(1, Verdict::Failed, true), None);
    assert_eq!(settled.verdict, Verdict::Failed);
    assert_eq!(settled.alone, Some(Alone::NotPlayed));
    // An interrupted play decides nothing.
    let reason = INTERRUPTED.to_owned();
    let again = play(2, Verdict::Inconclusive { reason }, false);
    let settled = settle(play(1, Verdict::Failed, true), Some(again));
    assert_eq!((settled.verdict, settled.alone), (Verdict::Failed, None));
}
