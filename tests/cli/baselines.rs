//! A broker on the network, its accepted deviations, and how they go away again.

use std::fs;
use std::thread;

use insta::assert_snapshot;
use mqtt_check_broker::shell::Server;
use mqtt_check_broker::{Config, Deviation, Deviations};

use crate::program::Program;

/// Why the twin's deviation is accepted.
const REASONS: &str = "\
url: mqtt://127.0.0.1:1883
deviations:
  - case: session/takeover@5
    clause: [5 MQTT-3.1.4-3]
    came: The old connection is closed without a DISCONNECT.
    why: On a takeover the old client gets DISCONNECT 0x8E.
    bytes:
      - a > 10 0e 0004 4d515454 05 02 0000 00 0001 61
      - a closed
    log:
      - none
";

const TAKEOVER: &str = "\
title: A second CONNECT takes the session over
versions: [5]
clients: { first: { id: shared }, second: { id: shared } }
steps:
  - first: connect
  - second: connect
  - first: { expect: { disconnect: { reason: session_taken_over } } }
    clause: MQTT-3.1.4-3
  - first: { expect: closed }
    clause: MQTT-3.1.4-3
";

const ACCEPTED: &str = "snapshots/@twin/session/takeover@5.snap";

/// The bundled broker over TCP; its URL.
fn serve(deviations: &'static [Deviation]) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let deviations: Deviations = deviations.iter().copied().collect();
            let server = Server::new(Config::default(), deviations, 1);
            let listener = server.listen("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_address().port()).expect("telling");
            std::future::pending::<()>().await;
        });
    });
    format!("mqtt://127.0.0.1:{}", told.recv().expect("a port"))
}

/// With the expected record reviewed.
fn reviewed() -> Program {
    let program = Program::new("run --update").file("scenarios/session/takeover.yaml", TAKEOVER);
    assert_eq!(program.run().exit, Some(0));
    program
}

#[test]
fn verdicts_alone_decide_without_a_baseline() {
    let url = serve(&[]);
    let program = reviewed().arguments(&format!("run --broker {url}"));
    let ended = program.run();
    assert_eq!(ended.exit, Some(0), "{ended}");
    let wrong = serve(&[Deviation::NoDisconnectOnTakeover]);
    let ended = program.arguments(&format!("run --broker {wrong}")).run();
    assert_snapshot!(ended);
}

#[test]
fn a_reviewed_deviation_is_expected_until_it_is_gone() {
    let wrong = serve(&[Deviation::NoDisconnectOnTakeover]);
    let run = format!("run --broker {wrong} --baseline twin");
    let program = reviewed().arguments(&run);
    assert_snapshot!("a_new_deviation", program.run());

    let program = program.arguments("accept @twin/*");
    assert_eq!(program.run().exit, Some(0));
    let text = fs::read_to_string(program.path(ACCEPTED)).expect("it is there");
    assert_snapshot!("an_accepted_record", text);

    let program = program.arguments(&run);
    assert_snapshot!("an_accepted_deviation_without_a_reason", program.run());

    let reasons = program.path("targets/twin.yaml");
    fs::create_dir_all(reasons.parent().expect("it has a folder")).expect("a folder");
    fs::write(&reasons, REASONS).expect("the target file is written");
    assert_snapshot!("an_accepted_deviation", program.run());
    fs::remove_file(&reasons).expect("the target file is removed");

    let right = serve(&[]);
    let program = program.arguments(&format!("run --broker {right} --baseline twin"));
    assert_snapshot!("a_deviation_that_is_gone", program.run());

    let program = program.arguments(&format!("run --broker {right} --baseline twin --update"));
    assert_eq!(program.run().exit, Some(0));
    assert!(!program.path(ACCEPTED).exists());
}
