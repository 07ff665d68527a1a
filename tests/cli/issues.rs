//! Issues for a bug tracker, and the scripts that reproduce a fault without mqtt-check.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::thread;

use mqtt_check_broker::Fault;

use crate::broker::{address, kill};
use crate::program::{Program, WRONG};

/// The folder of scenarios.
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// Faults, each with a clause whose cases show it. They concern connecting, messages, sessions, Wills, retained
/// messages, reason codes, and bytes.
const FAULTS: &[(&str, &str)] = &[
    ("second-connect-ignored", "MQTT-3.1.0-2"),
    ("connack-flags-reserved", "MQTT-3.2.2-1"),
    ("no-pingresp", "MQTT-3.12.4-1"),
    ("no-puback", "MQTT-4.3.2-4"),
    ("no-connack", "MQTT-3.1.4-5"),
    ("retained-not-stored", "MQTT-3.3.1-5"),
    ("retain-flag-lost", "RULE-3.3.1.3-2"),
    ("will-lost-on-0x04", "MQTT-3.1.2-8"),
    ("first-packet-need-not-be-connect", "MQTT-3.1.0-1"),
    ("qos2-duplicate-forwarded", "MQTT-4.3.3-10"),
    ("payload-format-indicator-dropped", "MQTT-3.3.2-4"),
    ("offline-qos2-lost", "MQTT-4.5.0-1"),
    // Faults that depend on the size or the first letter of a topic, on exact bytes, on a single write, or on order.
    ("length-bounds-lost", "MQTT-4.5.0-1"),
    ("leading-slash-ignored", "MQTT-4.7.3-4"),
    ("packet-id-zero", "MQTT-2.2.1-4"),
    ("packets-after-refusal-processed", "MQTT-3.1.2-7"),
    ("resend-ignores-receive-maximum", "MQTT-3.3.4-9"),
];

fn serve(arguments: &str) -> (Child, String) {
    let mut child = Program::new(&format!("broker --listen 127.0.0.1:0 {arguments}")).start();
    let address = address(&mut child);
    (child, address)
}

/// Runs a script against a broker. Returns its exit code and its output.
fn shows(script: &Path, address: &str) -> (Option<i32>, String) {
    let (host, port) = address.rsplit_once(':').expect("a port");
    let mut python = Command::new("python3");
    let output = python.arg(script).args([host, port]).output();
    let output = output.expect("python3 is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said + &complained)
}

/// Faults that show only for some Client Identifiers. A script chooses these at random, and may report that it cannot
/// tell.
const BY_CHANCE: &[&str] = &["only-one-subscriber-served"];

/// The results of the scripts of a fault.
struct Tried {
    fault: &'static str,
    scripts: usize,
    /// The scripts with a wrong result.
    wrong: Vec<String>,
}

/// Plays the cases that cite these clauses against a broker with the fault, and runs the first scripts of its issues.
/// The scripts must fail against such a broker and pass against the right one. Each fault has its own brokers, because
/// messages and sessions that a script leaves behind may disturb other scripts.
fn tried(fault: &'static str, clauses: &[&str], most: usize) -> Tried {
    let run = |filters: &[&str]| {
        let program = Program::new("run --no-snapshots --issue-dir issues")
            .argument(SCENARIOS)
            .argument(&format!("--fault={fault}"));
        let filters = filters.iter().map(|clause| format!("--filter={clause}"));
        let program = filters.fold(program, |program, filter| program.argument(&filter));
        let ended = program.run();
        (program, ended)
    };
    let (mut program, mut ended) = run(clauses);
    if ended.exit == Some(0) {
        // No step cites these clauses. Play all cases to find a violation.
        (program, ended) = run(&[]);
    }
    let files = program.files();
    let scripts = files.iter().filter(|file| file.ends_with(".py"));
    let scripts: Vec<_> = scripts.take(most).map(|file| program.path(file)).collect();
    let mut wrong = Vec::new();
    if ended.exit != Some(1) {
        wrong.push(format!("{fault} is not found by {clauses:?}: {ended}"));
    }
    if !scripts.is_empty() {
        let (right, right_address) = serve("");
        let (faulty, faulty_address) = serve(&format!("--fault {fault}"));
        for script in &scripts {
            for (address, expected) in [(&faulty_address, 1), (&right_address, 0)] {
                let (mut code, mut said) = shows(script, address);
                let attempts = if expected == 1 && BY_CHANCE.contains(&fault) {
                    20
                } else {
                    0
                };
                for _ in 0..attempts {
                    if code != Some(2) {
                        break;
                    }
                    (code, said) = shows(script, address);
                }
                if code != Some(expected) {
                    let name = script.display();
                    wrong.push(format!("{fault}, {name}: {code:?}, not {expected}: {said}"));
                }
            }
            let issue = fs::read_to_string(script.with_extension("md")).expect("the issue");
            assert!(issue.contains("python3"), "{fault}: {issue}");
        }
        kill(faulty);
        kill(right);
    }
    Tried {
        fault,
        scripts: scripts.len(),
        wrong,
    }
}

/// Tries `at_once` faults at a time, and up to `most` scripts of each.
fn try_all(
    faults: Vec<(&'static str, Vec<&'static str>)>,
    at_once: usize,
    most: usize,
) -> Vec<Tried> {
    let left = Mutex::new(faults);
    let all = Mutex::new(Vec::new());
    let next = || left.lock().expect("no thread has failed").pop();
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((fault, clauses)) = next() {
                    let tried = tried(fault, &clauses, most);
                    all.lock().expect("no thread has failed").push(tried);
                }
            });
        }
    });
    let all = all.into_inner().expect("no thread has failed");
    let wrong: Vec<&str> = all
        .iter()
        .flat_map(|tried| tried.wrong.iter().map(String::as_str))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    all
}

#[test]
fn scripts_are_red_on_the_faulty_broker_and_green_on_the_right_one() {
    let faults = FAULTS.iter().map(|(fault, clause)| (*fault, vec![*clause]));
    let tried = try_all(faults.collect(), 4, 2);
    let without = tried.iter().filter(|tried| tried.scripts == 0);
    let without: Vec<&str> = without.map(|tried| tried.fault).collect();
    assert!(without.is_empty(), "no script for {without:?}");
}

/// All faults with their clauses, in an order that depends on the seed: `SCRIPTS_SEED`, or 1.
fn drawn() -> Vec<(&'static str, Vec<&'static str>)> {
    let seed = std::env::var("SCRIPTS_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    let mut faults: Vec<&Fault> = Fault::ALL.iter().collect();
    // FNV-1a, followed by a step of SplitMix64, because FNV-1a mixes its bits badly.
    faults.sort_by_key(|fault| {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ seed;
        for byte in fault.name().bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    });
    let named = faults.into_iter().map(|fault| {
        let clauses = fault.clauses().iter().map(|clause| clause.id);
        (
            fault.name(),
            clauses.collect::<BTreeSet<_>>().into_iter().collect(),
        )
    });
    named.collect()
}

/// The number of faults that each test run tries. `.ci/soak scripts` tries all.
const SHARE: usize = 5;

#[test]
fn scripts_of_some_faults_are_red_and_green() {
    let faults: Vec<_> = drawn().into_iter().take(SHARE).collect();
    let tried = try_all(faults, 4, 1);
    assert!(tried.iter().any(|tried| tried.scripts > 0));
}

#[test]
#[ignore = "long: see .ci/soak scripts"]
fn scripts_of_every_fault_are_red_and_green() {
    let tried = try_all(drawn(), 12, 3);
    let scripts: usize = tried.iter().map(|tried| tried.scripts).sum();
    let with = tried.iter().filter(|tried| tried.scripts > 0).count();
    println!("{scripts} scripts of {with} of {} faults", tried.len());
    assert!(with > tried.len() / 2, "{with}");
}

#[test]
fn a_script_that_cannot_connect_says_so() {
    let program = Program::new("run --no-snapshots --issue-dir issues")
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_eq!(program.run().exit, Some(1));
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let (code, said) = shows(&program.path("issues/01-MQTT-3.12.4-1.py"), &address);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("UNKNOWN: failed to connect"), "{said}");
}

#[test]
fn an_issue_says_what_is_wrong_and_how_to_see_it() {
    let program = Program::new("run --no-snapshots --issue-dir first --report json=out.json")
        .file("scenarios/basic/wrong.yaml", WRONG);
    assert_eq!(program.run().exit, Some(1));
    let read = |folder: &str, ending: &str| {
        let path = format!("{folder}/01-MQTT-3.12.4-1.{ending}");
        fs::read_to_string(program.path(&path)).expect("it is there")
    };
    let issue = read("first", "md");
    for said in [
        "MQTT 5, MQTT-3.12.4-1 (section 3.12.4)",
        "`basic/wrong@5`",
        "## Expected\n\nPINGRESP\n",
        "once is enough",
        "PINGRESP",
        "d0 00",
        "python3 01-MQTT-3.12.4-1.py HOST PORT",
        "mqtt-check run scenarios",
    ] {
        assert!(issue.contains(said), "{said}: {issue}");
    }
    let first = [read("first", "md"), read("first", "py")];
    let program = program.arguments("report out.json --to issues=second");
    assert_eq!(program.run().exit, Some(0));
    let read = |ending: &str| {
        let path = format!("second/01-MQTT-3.12.4-1.{ending}");
        fs::read_to_string(program.path(&path)).expect("it is there")
    };
    assert_eq!(first, [read("md"), read("py")]);
}

#[test]
fn an_issue_without_a_script_says_why() {
    let program = Program::new("run --no-snapshots --issue-dir issues").file(
        "scenarios/basic/wrong.yaml",
        WRONG.replace(
            "clients: { a: }",
            "broker: { receive_maximum: 5 }\nclients: { a: }",
        ),
    );
    assert_eq!(program.run().exit, Some(1));
    let issue = program.path("issues/01-MQTT-3.12.4-1.md");
    let issue = fs::read_to_string(issue).expect("the issue");
    assert!(issue.contains("No script was written"), "{issue}");
    assert!(!program.files().iter().any(|file| file.ends_with(".py")));
}
