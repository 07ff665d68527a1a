//! Issues for a bug tracker, and the scripts that show a fault without mqtt-check.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use crate::broker::{address, kill};
use crate::program::{Program, WRONG};

/// Where the scenarios are.
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

/// Faults, and a clause whose cases show them: of connecting, messages, sessions, Wills, retained messages, codes, and
/// of bytes.
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
];

fn serve(arguments: &str) -> (Child, String) {
    let mut child = Program::new(&format!("broker --listen 127.0.0.1:0 {arguments}")).start();
    let address = address(&mut child);
    (child, address)
}

/// What a script says of a broker.
fn shows(script: &Path, address: &str) -> (Option<i32>, String) {
    let (host, port) = address.rsplit_once(':').expect("a port");
    let mut python = Command::new("python3");
    let output = python.arg(script).args([host, port]).output();
    let output = output.expect("python3 is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said + &complained)
}

#[test]
fn scripts_are_red_on_the_faulty_broker_and_green_on_the_right_one() {
    let (right, right_address) = serve("");
    let mut without = Vec::new();
    for (fault, clause) in FAULTS {
        let program = Program::new("run --no-snapshots --issue-dir issues")
            .argument(SCENARIOS)
            .argument(&format!("--fault={fault}"))
            .argument(&format!("--filter={clause}"));
        let ended = program.run();
        assert_eq!(ended.exit, Some(1), "{fault}: {ended}");
        let (faulty, faulty_address) = serve(&format!("--fault {fault}"));
        let files = program.files();
        let scripts = files.iter().filter(|file| file.ends_with(".py"));
        let mut count = 0;
        for script in scripts {
            let path = program.path(script);
            let (code, said) = shows(&path, &faulty_address);
            assert_eq!(code, Some(1), "{fault}, {script}: {said}");
            let (code, said) = shows(&path, &right_address);
            assert_eq!(code, Some(0), "{fault}, {script}: {said}");
            let issue = fs::read_to_string(path.with_extension("md")).expect("the issue");
            assert!(issue.contains("python3"), "{fault}: {issue}");
            count += 1;
        }
        if count == 0 {
            without.push(*fault);
        }
        kill(faulty);
    }
    kill(right);
    assert!(without.is_empty(), "no script for {without:?}");
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
    assert!(issue.contains("There is no script"), "{issue}");
    assert!(!program.files().iter().any(|file| file.ends_with(".py")));
}
