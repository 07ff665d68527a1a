//! The same seed gives the same transcripts to the byte, whatever the number of jobs.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use mqtt_check::engine::RunOptions;
use mqtt_check::plan::{self, Plan};
use mqtt_check::target::Target;
use mqtt_check::target::bundled::Bundled;
use mqtt_check::transcript::text;
use mqtt_check::{scenario, suite};

#[test]
fn the_same_seed_gives_the_same_transcripts() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let plans: Vec<Plan> = scenario::load(&[root])
        .expect("the suite is right")
        .into_iter()
        .map(|scene| plan::plan(scene).expect("the suite can be planned"))
        .collect();
    let first = records(&plans, 1);
    let second = records(&plans, 4);
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

/// The whole record of each case: the text of its snapshot and every event with its time and bytes.
fn records(plans: &[Plan], jobs: usize) -> Vec<String> {
    let options = RunOptions {
        jobs: Some(jobs),
        timeout_scale: 1.0,
        max_wait: Duration::from_secs(30),
        heavy: false,
        seed: 7,
        exclusive: true,
        first_look: false,
        chaos: None,
    };
    let results = suite::run(
        plans,
        &Target::Bundled(Bundled::default()),
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
            Some(scene) => format!(
                "{}\n{:?}\n{:?}",
                text::record(plan, scene, result.control.as_ref()),
                scene,
                result.control
            ),
            None => format!("{}: {:?}", result.id, result.verdict),
        })
        .collect()
}
