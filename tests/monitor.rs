//! Compares the monitor's list of clauses with the catalogue, and checks what it reports about the bundled broker over
//! the whole suite, with and without faults.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use mqtt_check::engine::RunOptions;
use mqtt_check::plan::{self, Plan};
use mqtt_check::scenario::model::Level;
use mqtt_check::target::Target;
use mqtt_check::target::bundled::Bundled;
use mqtt_check::verdict::monitor::clauses;
use mqtt_check::verdict::{CaseResult, Finding, FindingKind, Verdict};
use mqtt_check::{requirements, scenario, suite};
use mqtt_check_broker::Fault;
use mqtt_check_codec::ProtocolVersion;

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V3_1_1, ProtocolVersion::V5];

#[test]
fn looks_only_at_clauses_that_the_catalogue_knows() {
    for version in VERSIONS {
        for id in clauses(version) {
            let known = requirements::find(version, id);
            assert!(known.is_some(), "[{version} {id}]");
        }
    }
}

#[test]
fn looks_at_many_clauses_of_either_version() {
    let numbered = VERSIONS.map(|version| {
        let clauses = clauses(version);
        clauses.iter().filter(|id| id.starts_with("MQTT-")).count()
    });
    assert!(numbered[0] >= 40 && numbered[1] >= 100, "{numbered:?}");
}

#[test]
fn has_nothing_to_say_of_the_right_broker() {
    let results = play(&plans(""), &[]);
    assert!(results.len() > 500, "the suite was played");
    for result in &results {
        let told: Vec<&Finding> = told(result).collect();
        assert!(told.is_empty(), "{}: {told:#?}", result.id);
    }
}

#[test]
fn reports_a_fault_once_by_a_step_or_the_monitor() {
    let results = play(&plans("qos/resend-qos1"), &["dup-flag-clear-on-resend"]);
    assert_eq!(results.len(), 3, "one for each version");
    for result in &results {
        assert_eq!(result.verdict, Verdict::Failed, "{}", result.id);
        let is_of_dup = |f: &&Finding| f.clauses().contains(&"MQTT-3.3.1-1".to_owned());
        let told: Vec<&Finding> = result.findings.iter().filter(is_of_dup).collect();
        // The message is sent again twice. A step looks for the first.
        assert_eq!(told.len(), 2, "{}: {told:#?}", result.id);
        assert_ne!(told[0].events, told[1].events, "{}", result.id);
        for finding in told {
            assert!(finding.place.is_some() && finding.step.is_some());
        }
    }
}

/// The types guarantee this. The test shows it for every fault.
#[test]
fn every_must_that_does_not_hold_cites_a_rule() {
    let plans = plans("qos/qos");
    let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    let mut violations = 0;
    for faults in names.chunks(24) {
        let results = play(&plans, faults);
        for finding in results.iter().flat_map(|result| &result.findings) {
            if finding.kind() == FindingKind::Violation && finding.level() == Level::Must {
                violations += 1;
                assert!(!finding.clauses().is_empty(), "{faults:?}: {finding:#?}");
            }
        }
    }
    assert!(violations > 100, "{violations}");
}

fn told(result: &CaseResult) -> impl Iterator<Item = &Finding> {
    result.findings.iter().filter(|f| f.label == "monitor")
}

fn plans(part: &str) -> Vec<Plan> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    scenario::load(&[root])
        .expect("the suite is right")
        .into_iter()
        .filter(|scene| scene.id.to_string().contains(part))
        .map(|scene| plan::plan(scene).expect("the suite can be planned"))
        .collect()
}

fn play(plans: &[Plan], faults: &[&str]) -> Vec<CaseResult> {
    let options = RunOptions {
        jobs: None,
        timeout_scale: 1.0,
        max_wait: Duration::from_secs(30),
        heavy: false,
        seed: 7,
        exclusive: true,
        first_look: false,
        chaos: None,
        spread: false,
    };
    let bundled = Bundled::with(faults.iter().copied()).expect("are known");
    suite::run(
        plans,
        &Target::Bundled(bundled),
        &options,
        &|| false,
        &|_, _| true,
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("the bundled broker starts")
}
