//! The whole suite over transports other than memory: nothing may depend on the transport. Each takes about twenty
//! seconds, so only `.ci/run` plays them, not `cargo test`.

use std::path::Path;

use super::serve;
use super::served::Served;
use crate::program::Program;

fn plays_the_whole_suite(place: &str) {
    let (program, served) = serve(place);
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let program = program.arguments(&format!(
        "run {} --exclusive --no-snapshots --broker {} --insecure",
        scenarios.display(),
        served.urls[0]
    ));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
}

/// Why a case is skipped on a broker that was started without users.
const NEEDS_USERS: &str = "1 case  needs the broker's setting users";

#[test]
fn the_scenarios_about_transports_over_a_real_websocket() {
    let program = Program::new("broker --listen ws://127.0.0.1:0");
    let served = Served::start(&program);
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/transport");
    let program = program.arguments(&format!(
        "run {} --no-snapshots --verbose --broker {}",
        scenarios.display(),
        served.urls[0]
    ));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    // The one scenario with a client on TCP, in both versions, and one that needs a user. Every other case is played.
    let skipped = "2 cases  needs tcp: the broker's URL is a WebSocket URL";
    assert!(ended.stdout.contains(skipped), "{ended}");
    assert!(ended.stdout.contains(NEEDS_USERS), "{ended}");
    assert!(ended.stdout.contains("passed, 3 skipped"), "{ended}");
}

#[test]
fn a_second_url_is_for_the_clients_on_a_websocket() {
    let program = Program::new("broker --listen 127.0.0.1:0 --listen ws://127.0.0.1:0");
    let served = Served::start(&program);
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/transport");
    let program = program.arguments(&format!(
        "run {} --no-snapshots --verbose --broker {} --websocket {}",
        scenarios.display(),
        served.urls[0],
        served.urls[1]
    ));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(ended.stdout.contains(NEEDS_USERS), "{ended}");
    assert!(ended.stdout.contains("passed, 1 skipped"), "{ended}");
}

#[test]
#[ignore = "it takes the longest wait of the suite"]
fn the_whole_suite_over_tls() {
    plays_the_whole_suite("--listen mqtts://127.0.0.1:0");
}

#[test]
#[ignore = "it takes the longest wait of the suite"]
fn the_whole_suite_over_secure_websocket() {
    plays_the_whole_suite("--listen wss://127.0.0.1:0");
}
