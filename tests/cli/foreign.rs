//! A broker that other clients use at the same time. Their messages must not affect any case.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mqtt_check_broker::{Fault, Faults};

use crate::program::{Ended, Program};
use crate::served::serve;

/// Scenarios that subscribe to everything, and scenarios in which the broker assigns Client Identifiers.
const SCENARIOS: [&str; 6] = [
    "shared/dollar-topics",
    "subscribe/dollar-topics",
    "subscribe/all-topics",
    "retain/dollar",
    "connect/client-id-assigned",
    "connect/client-id-empty",
];

/// Topics of another client that match the filters of these scenarios.
const TOPICS: [&str; 8] = [
    "thing",
    "every/thing",
    "/thing",
    "/",
    "box/dollar/kept",
    "other/dollar/kept",
    "$box/dollar",
    "plain/dollar",
];

/// A client that publishes at every QoS, also retained messages, until dropped.
struct Neighbour {
    stop: Arc<AtomicBool>,
    busy: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn at(broker: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(broker).expect("a connection");
        let timeout = Some(Duration::from_millis(1));
        stream.set_read_timeout(timeout).expect("a socket");
        let connect = b"\x10\x15\x00\x04MQTT\x04\x02\x00\x00\x00\x09neighbour";
        stream.write_all(connect).expect("sending");
        // The retained messages are there before the first case begins.
        publish(&mut stream, 1);
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let busy = thread::spawn(move || {
            for round in 2.. {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                publish(&mut stream, round);
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self {
            stop,
            busy: Some(busy),
        }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let busy = self.busy.take().expect("it is busy");
        busy.join().expect("it has published all the time");
    }
}

/// Publishes to each topic at each QoS, some messages retained.
fn publish(stream: &mut TcpStream, round: u16) {
    for (number, topic) in TOPICS.iter().enumerate() {
        for qos in 0..3_u8 {
            let retain = u8::from(number % 2 == 0 || round == 1);
            let id = (round % 1000) * 8 + 1 + u16::try_from(number).expect("few");
            let mut body = vec![0, u8::try_from(topic.len()).expect("short")];
            body.extend(topic.as_bytes());
            if qos > 0 {
                body.extend(id.to_be_bytes());
            }
            body.extend(b"not yours");
            let length = u8::try_from(body.len()).expect("short");
            let header = [0x30 | qos << 1 | retain, length];
            stream
                .write_all(&[&header[..], &body].concat())
                .expect("sending");
            if qos == 2 {
                let [high, low] = id.to_be_bytes();
                stream.write_all(&[0x62, 2, high, low]).expect("sending");
            }
        }
    }
    let mut answers = [0; 4096];
    while stream.read(&mut answers).is_ok_and(|read| read > 0) {}
}

fn beside_a_neighbour(faults: Faults) -> Ended {
    let broker = serve(faults);
    let _neighbour = Neighbour::at(broker);
    let mut program = Program::new(&format!("run --no-snapshots --broker mqtt://{broker}"));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for name in SCENARIOS {
        let file = format!("{name}.yaml");
        let text = std::fs::read_to_string(folder.join(&file)).expect("a scenario");
        program = program.file(&format!("scenarios/{file}"), text);
    }
    program.run()
}

#[test]
fn a_right_broker_passes_beside_foreign_traffic() {
    let ended = beside_a_neighbour(Faults::none());
    assert_eq!(ended.exit, Some(0), "{ended}");
    let summary = ended.stdout.lines().last().expect("a summary");
    assert!(summary.contains(" passed"), "{ended}");
    for other in ["failed", "skipped", "inconclusive", "warned"] {
        assert!(!summary.contains(other), "{ended}");
    }
    assert!(!ended.stdout.contains("not yours"), "{ended}");
}

#[test]
fn what_is_wrong_is_seen_beside_foreign_traffic() {
    for (fault, case) in [
        (Fault::WildcardMatchesDollar, "subscribe/dollar-topics@5"),
        (
            Fault::SharedWildcardMatchesDollar,
            "shared/dollar-topics[hash]@5",
        ),
        (
            Fault::RetainedWildcardMatchesDollar,
            "retain/dollar[hash]@5",
        ),
        (Fault::AssignedClientIdsAlike, "connect/client-id-empty@5"),
        (
            Fault::AssignedClientIdNotUsed,
            "connect/client-id-assigned@5",
        ),
    ] {
        let ended = beside_a_neighbour([fault].into_iter().collect());
        assert_eq!(ended.exit, Some(1), "{fault:?}: {ended}");
        let case = case.split('[').next().unwrap_or(case);
        assert!(ended.stdout.contains(case), "{fault:?}: {ended}");
    }
}

/// One case has a retained message while the other subscribes to another topic and receives that message.
#[test]
fn a_message_of_another_case_is_a_finding_of_its_own() {
    let owner = "title: A retained message that stays a while
versions: [5]
clients: { alice: }
steps:
  - alice: connect
  - alice: { publish: { topic: kept, payload: mine, qos: 1, retain: true } }
  - wait: 2s
  - alice: { publish: { topic: kept, qos: 1, retain: true } }
";
    let reader = "title: A subscription that matches nothing retained
versions: [5]
clients: { bob: }
steps:
  - wait: 1s
  - bob: connect
  - bob: { subscribe: { filter: nothing, qos: 1 } }
  - bob: { publish: { topic: nothing, payload: right, qos: 1 } }
  - bob: { expect: { publish: { payload: right } } }
    clause: MQTT-4.6.0-5
";
    let broker = serve([Fault::RetainedForAnyFilter].into_iter().collect());
    let ended = Program::new(&format!("run --no-snapshots --broker mqtt://{broker}"))
        .file("scenarios/owner.yaml", owner)
        .file("scenarios/reader.yaml", reader)
        .run();
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("MQTT-3.3.2-3"), "{ended}");
    assert!(ended.stdout.contains("belongs to another case"), "{ended}");
    assert!(!ended.stdout.contains("MQTT-4.6.0-5"), "{ended}");
    assert!(
        ended.stdout.contains("2 cases: 1 passed, 1 failed"),
        "{ended}"
    );
}
