//! The same seed gives the same transcripts, byte for byte, whatever the number of jobs and whether or not the broker's
//! faults are watched. Reduced records, which are compared across brokers, do not show which packet identifiers a
//! broker chooses.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use mqtt_check::engine::RunOptions;
use mqtt_check::plan::{self, Plan};
use mqtt_check::scenario::model::each_step;
use mqtt_check::target::Target;
use mqtt_check::target::bundled::Bundled;
use mqtt_check::transcript::{Transcript, text};
use mqtt_check::{scenario, suite};

#[test]
fn the_same_seed_gives_the_same_transcripts() {
    let plans = plans();
    let first = records(&plans, 1, Bundled::default(), whole);
    let second = records(&plans, 4, Bundled::watched(), whole);
    assert_eq!(first.len(), plans.len(), "every case was played");
    assert!(
        plans
            .iter()
            .any(|p| p.longest_wait >= Duration::from_secs(7200)),
        "the two-hour expiry is in it"
    );
    for (one, two) in first.iter().zip(&second) {
        assert_eq!(one, two);
    }
}

#[test]
fn a_reduced_record_does_not_depend_on_which_packet_identifiers_the_broker_chooses() {
    // A reduced record shows only the identifiers that steps name.
    let plans: Vec<Plan> = plans()
        .into_iter()
        .filter(|plan| {
            let mut names_one = false;
            each_step(&plan.scene.steps, &mut |step| {
                names_one |= step.label.contains("packet_id");
            });
            names_one
        })
        .collect();
    assert!(plans.len() > 200, "only {} cases", plans.len());
    let scattered = Bundled::default()
        .taking(["packet-ids-scattered"])
        .expect("a liberty");
    let one = records(&plans, 4, Bundled::default(), reduced);
    let other = records(&plans, 4, scattered, reduced);
    let differ: Vec<&str> = one
        .iter()
        .zip(&other)
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.as_str())
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

fn plans() -> Vec<Plan> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    scenario::load(&[root])
        .expect("the suite is right")
        .into_iter()
        .map(|scene| plan::plan(scene).expect("the suite can be planned"))
        .collect()
}

/// The text of the snapshot, and every event with its time and bytes.
fn whole(plan: &Plan, scene: &Transcript, control: Option<&Transcript>) -> String {
    format!("{}\n{scene:?}\n{control:?}", record(plan, scene, control))
}

fn record(plan: &Plan, scene: &Transcript, control: Option<&Transcript>) -> String {
    format!("{}\n{}", plan.scene.id, text::record(plan, scene, control))
}

/// The reduced record, for comparison with other brokers, which choose other identifiers.
fn reduced(plan: &Plan, scene: &Transcript, control: Option<&Transcript>) -> String {
    text::reduce(&record(plan, scene, control), &scene.hook_source)
}

/// Plays the cases and writes each with `write`.
fn records(
    plans: &[Plan],
    jobs: usize,
    broker: Bundled,
    write: fn(&Plan, &Transcript, Option<&Transcript>) -> String,
) -> Vec<String> {
    let options = RunOptions {
        jobs: Some(jobs),
        timeout_scale: 1.0,
        max_wait: Duration::from_secs(30),
        heavy: false,
        seed: 7,
        exclusive: true,
        first_look: false,
        chaos: None,
        spread: false,
    };
    let results = suite::run(
        plans,
        &Target::Bundled(broker),
        &options,
        &|| false,
        &|_, _| true,
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("the bundled broker starts");
    plans
        .iter()
        .zip(results)
        .map(|(plan, result)| match &result.transcript {
            Some(scene) => write(plan, scene, result.control.as_ref()),
            None => format!("{}: {:?}", result.id, result.verdict),
        })
        .collect()
}
