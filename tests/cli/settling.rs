//! A broker whose subscriptions become effective some time after SUBACK, as in some clusters. The driver waits for them
//! if the target file says so.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use mqtt_check_broker::Faults;

use crate::program::Program;
use crate::served;

const HEARD: &str = "\
title: Who has subscribed is sent what is published
versions: [3.1.1]
clients: { a: , b: }
steps:
  - a: connect
  - a: { subscribe: some/topic }
  - b: connect
  - b: { publish: { topic: some/topic, payload: hello, qos: 1 } }
  - a: { expect: { publish: { payload: hello } } }
";

const CHOSEN: &str = "\
title: What comes late decides what is published
versions: [3.1.1]
clients: { a: , b: }
steps:
  - b: connect
  - b: { publish: { topic: some/topic, payload: kept, qos: 1, retain: true } }
  - a: connect
  - a: { subscribe: some/topic }
  - choice: retained
    about: which message comes first
    of: a
    answers:
      kept: { publish: { payload: kept } }
      another: { publish: { payload: another } }
  - id: leaves
    a: { unsubscribe: some/topic }
  - b: { publish: { topic: some/topic, payload: then, qos: 1 } }
    when: { retained: kept }
  - a: { expect: silence }
    clause: MQTT-3.10.4-2
control:
  without: leaves
  expect:
    - a: { publish: { payload: then } }
";

/// The delay of subscriptions.
const LATE_BY: Duration = Duration::from_millis(300);

const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;

/// Serves the bundled broker behind a proxy that answers SUBSCRIBE at once and passes it on late. Returns its address.
fn serve() -> String {
    let broker = served::serve(Faults::none());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(onward) = TcpStream::connect(broker) else {
                return;
            };
            let (back, answers) = (client.try_clone(), onward.try_clone());
            if let (Ok(back), Ok(answers)) = (back, answers) {
                thread::spawn(move || pass_back(answers, back));
                thread::spawn(move || pass_on(client, onward));
            }
        }
    });
    address
}

/// Reads the next packet, or `None` at the end. All packets here have a Remaining Length of one byte.
pub(crate) fn packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 2];
    stream.read_exact(&mut bytes).ok()?;
    assert!(bytes[1] < 0x80, "a long packet");
    bytes.resize(2 + usize::from(bytes[1]), 0);
    stream.read_exact(&mut bytes[2..]).ok()?;
    Some(bytes)
}

fn pass_on(mut client: TcpStream, mut onward: TcpStream) -> io::Result<()> {
    while let Some(bytes) = packet(&mut client) {
        if bytes[0] == SUBSCRIBE {
            client.write_all(&[SUBACK, 3, bytes[2], bytes[3], 0])?;
            let mut late = onward.try_clone()?;
            thread::spawn(move || {
                thread::sleep(LATE_BY);
                late.write_all(&bytes)
            });
        } else {
            onward.write_all(&bytes)?;
        }
    }
    onward.shutdown(std::net::Shutdown::Both)
}

fn pass_back(mut answers: TcpStream, mut back: TcpStream) -> io::Result<()> {
    while let Some(bytes) = packet(&mut answers) {
        if bytes[0] != SUBACK {
            back.write_all(&bytes)?;
        }
    }
    back.shutdown(std::net::Shutdown::Both)
}

fn run(scenario: &str, target: &str) -> crate::program::Ended {
    Program::new("run --target slow --no-snapshots")
        .file("scenarios/heard.yaml", scenario)
        .file(
            "targets/slow.yaml",
            format!(
                "url: mqtt://{}\nversions: [3.1.1]\nlimit: 1s\n{target}",
                serve()
            ),
        )
        .run()
}

#[test]
fn a_subscription_that_does_not_hold_yet_is_missed() {
    let ended = run(HEARD, "");
    assert_eq!(ended.exit, Some(1), "{ended}");
}

#[test]
fn waits_for_subscriptions_where_the_target_needs_it() {
    let ended = run(HEARD, "settle_subscriptions: 900ms\n");
    assert_eq!(ended.exit, Some(0), "{ended}");
}

/// In a control only the conclusion is judged, and the driver waits for few steps. A choice is one of them.
#[test]
fn a_control_waits_for_what_decides_its_next_steps() {
    let ended = run(CHOSEN, "");
    assert_eq!(ended.exit, Some(0), "{ended}");
}
