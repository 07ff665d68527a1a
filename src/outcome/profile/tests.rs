use super::*;
use crate::plan::SkipKind;
use crate::transcript::text::fixture::{takeover_plan, takeover_record};

const CASE: &str = "session/takeover@5";

fn result(verdict: Verdict, choices: &[(&str, &str)]) -> CaseResult {
    let plan = takeover_plan();
    let record = takeover_record(&plan);
    let (_, findings) = crate::verdict::judge(&plan, &record, None, None);
    CaseResult {
        id: plan.scene.id.clone(),
        title: String::new(),
        file: String::new(),
        verdict,
        clauses: Vec::new(),
        findings,
        choices: choices
            .iter()
            .map(|(name, answer)| ((*name).to_owned(), (*answer).to_owned()))
            .collect(),
        measured: Vec::new(),
        transcript: Some(record),
        control: None,
        began: None,
        wall: std::time::Duration::ZERO,
        virtual_time: std::time::Duration::ZERO,
        late: None,
        plays: 1,
        in_outage: false,
        came_late: None,
        alone: None,
        summary: crate::verdict::CaseSummary::default(),
    }
}

fn skipped(kind: SkipKind) -> Verdict {
    SkipCode::of(kind).because("for a reason").into()
}

fn learned(result: &CaseResult) -> Profile {
    let plan = takeover_plan();
    let one = std::iter::once((&plan, result));
    Profile::learned(None, &Capabilities::default(), one)
}

fn baseline(profile: Profile, tolerance: &[Tolerated]) -> Baseline {
    Baseline {
        profile,
        tolerance: tolerance.iter().copied().collect(),
    }
}

/// The change between two verdicts: `regressed: failed, was passed`.
fn change(before: Verdict, now: Verdict) -> String {
    let baseline = baseline(learned(&result(before, &[])), &[]);
    let changes = baseline.changes_of(&takeover_plan(), &result(now, &[]));
    let lines: Vec<String> = changes
        .iter()
        .map(|change| format!("{}: {}", change.kind.as_str(), change.text))
        .collect();
    lines.join("; ")
}

#[test]
fn names_how_a_case_changed() {
    use Verdict::{Failed, Inconclusive, Passed, Warned};
    let unclear = || Inconclusive {
        reason: "for a reason".to_owned(),
    };
    let rows = [
        (Passed, Passed, ""),
        (Passed, Failed, "regressed: failed, was passed"),
        (Passed, Warned, "regressed: warned, was passed"),
        (Failed, unclear(), "regressed: inconclusive, was failed"),
        (
            skipped(SkipKind::NotExercised),
            Failed,
            "regressed: failed, was not-exercised",
        ),
        (Failed, Warned, "improved: warned, was failed"),
        (Failed, Passed, "improved: passed, was failed"),
        (
            skipped(SkipKind::NotExercised),
            Passed,
            "improved: passed, was not-exercised",
        ),
        (
            Passed,
            skipped(SkipKind::Users),
            "no longer exercised: users",
        ),
        (
            Failed,
            skipped(SkipKind::Users),
            "no longer exercised: users",
        ),
        (
            skipped(SkipKind::NotExercised),
            skipped(SkipKind::Users),
            "no longer exercised: users, was not-exercised",
        ),
        // Skipped by the options of the run.
        (Passed, skipped(SkipKind::Heavy), ""),
        (skipped(SkipKind::Exclusive), Failed, ""),
    ];
    for (before, now, expected) in rows {
        assert_eq!(
            change(before.clone(), now.clone()),
            expected,
            "{before:?} {now:?}"
        );
    }
}

#[test]
fn a_known_standing_of_a_varying_case_is_no_change() {
    let sometimes = learned(&result(Verdict::Passed, &[("queues", "yes")]))
        .and(learned(&result(Verdict::Failed, &[("queues", "no")])));
    assert!(sometimes.has_several_standings(CASE));
    let baseline = baseline(sometimes, &[]);
    for (verdict, answer) in [(Verdict::Passed, "no"), (Verdict::Failed, "yes")] {
        let now = result(verdict, &[("queues", answer)]);
        assert_eq!(baseline.changes_of(&takeover_plan(), &now), []);
    }
    let now = result(Verdict::Warned, &[("queues", "maybe")]);
    let changes = baseline.changes_of(&takeover_plan(), &now);
    let texts: Vec<&str> = changes.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "warned, was passed or failed",
            "queues: maybe, was no or yes"
        ]
    );
}

#[test]
fn tolerates_the_given_kinds_of_changes() {
    let before = result(Verdict::Failed, &[("queues", "yes")]);
    for (tolerated, verdict) in [
        (Tolerated::Improvements, Verdict::Passed),
        (Tolerated::Skips, skipped(SkipKind::Users)),
        (Tolerated::Choices, Verdict::Failed),
    ] {
        let now = result(verdict, &[("queues", "no")]);
        let baseline = baseline(learned(&before), &[tolerated]);
        for change in baseline.changes_of(&takeover_plan(), &now) {
            let expected = change.kind == Kind::AnswersDifferently;
            let is_choices = tolerated == Tolerated::Choices;
            assert_eq!(change.is_tolerated, expected == is_choices, "{change:?}");
        }
    }
}

#[test]
fn groups_equal_changes_and_names_changed_offers() {
    let mut before = learned(&result(Verdict::Passed, &[("queues", "yes")])).folded();
    let limit = |profile: &mut Profile, value: &str| {
        let key = ("5".to_owned(), "maximum_qos".to_owned());
        profile.offers.limits.insert(key, value.to_owned());
        profile
            .offers
            .capabilities
            .insert("qos_2".to_owned(), value == "2");
        profile.offers.versions.insert("5".to_owned(), true);
        profile
            .offers
            .versions
            .insert("3.1".to_owned(), value == "2");
    };
    limit(&mut before, "2");
    let mut now = before.clone();
    limit(&mut now, "1");
    before
        .cases
        .insert("gone@5".to_owned(), BTreeSet::from([Standing::Passed]));
    let baseline = baseline(before, &[]);
    let users = result(skipped(SkipKind::Users), &[]);
    let changes = baseline.changes_of(&takeover_plan(), &users);
    let played = Played {
        cases: vec![
            ("one@5".to_owned(), &changes),
            ("two@5".to_owned(), &changes),
        ],
        choices: BTreeSet::new(),
        suite: Some(["one@5", "two@5", CASE].map(str::to_owned).into()),
    };
    let all = baseline.changes(&now.offers, &played);
    let lines: Vec<String> = all
        .iter()
        .map(|c| format!("{}: {} {:?}", c.kind.as_str(), c.text, c.names))
        .collect();
    assert_eq!(
        lines,
        [
            "offered differently: no longer supports MQTT 3.1 []",
            "offered differently: announces maximum_qos 1, was 2 (MQTT 5) []",
            "offered differently: no longer offers qos_2 []",
            "no longer exercised: users [\"one@5\", \"two@5\"]",
            "no longer exercised: no case tests this choice [\"queues\"]",
            "gone: the suite does not have it any more [\"gone@5\"]",
        ]
    );
}

#[test]
fn a_partial_run_renews_only_its_part() {
    let mut before = learned(&result(Verdict::Passed, &[("queues", "yes")])).folded();
    before
        .cases
        .insert("other@5".to_owned(), BTreeSet::from([Standing::Failed]));
    let now = learned(&result(Verdict::Warned, &[("queues", "no")]));
    let part = before.clone().renewed(now.clone(), false);
    assert_eq!(part.cases["other@5"], BTreeSet::from([Standing::Failed]));
    assert_eq!(part.cases[CASE], BTreeSet::from([Standing::Warned]));
    assert_eq!(part.choices["queues"].of(CASE), Some(vec!["no"]));
    assert_eq!(part.choices["queues"].of("other@5"), Some(vec!["yes"]));
    let whole = before.clone().renewed(now, true);
    assert!(!whole.cases.contains_key("other@5"));
    let heavy = learned(&result(skipped(SkipKind::Heavy), &[]));
    let kept = before.renewed(heavy, true);
    assert_eq!(kept.cases[CASE], BTreeSet::from([Standing::Passed]));
}

#[test]
fn cases_of_one_scenario_share_their_known_standings() {
    let mut known = learned(&result(Verdict::Passed, &[]));
    let mut add = |case: &str, standings: &[Standing]| {
        let standings = standings.iter().cloned().collect();
        known.cases.insert(case.to_owned(), standings);
    };
    add(
        "session/takeover[row]@5",
        &[Standing::Passed, Standing::Failed],
    );
    // A case that always had the same standing, and a case of another scenario.
    add("session/takeover[other]@5", &[Standing::Warned]);
    add(
        "session/other@5",
        &[Standing::Passed, Standing::Inconclusive],
    );
    let with_others = known.with_others(CASE);
    let expected = BTreeSet::from([Standing::Passed, Standing::Failed]);
    assert_eq!(with_others.cases[CASE], expected);
    assert_eq!(known.cases[CASE], BTreeSet::from([Standing::Passed]));
}
