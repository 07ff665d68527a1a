//! A server that grants less than requested, as it may. Nothing that depends on the grant counts against it, and no
//! other fault is hidden.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bytes::BytesMut;
use insta::assert_snapshot;
use mqtt_check_codec::{
    Ack, ConnAck, Frame, Packet, Properties, ProtocolVersion, QoS, ReasonCode, SubAck,
};

use crate::bad_brokers::serve;
use crate::program::{Ended, Program};

/// The behaviour of a broker that delivers nothing.
#[derive(Clone, Copy)]
struct Fake {
    /// The reason code for each filter.
    grants: u8,
    /// Whether the broker answers a QoS 2 PUBLISH.
    has_pubrec: bool,
}

impl Fake {
    fn answer(self, packet: &Packet) -> Option<Packet> {
        let properties = Properties::new();
        let reason = ReasonCode::SUCCESS;
        Some(match packet {
            Packet::Connect(_) => Packet::ConnAck(ConnAck {
                session_present: false,
                reason,
                properties,
            }),
            Packet::Subscribe(subscribe) => Packet::SubAck(SubAck {
                packet_id: subscribe.packet_id,
                properties,
                reasons: vec![ReasonCode(self.grants); subscribe.subscriptions.len()],
            }),
            Packet::Publish(publish) if publish.qos == QoS::ExactlyOnce && self.has_pubrec => {
                Packet::PubRec(Ack {
                    packet_id: publish.packet_id?,
                    reason,
                    properties,
                })
            }
            Packet::PubRel(ack) => Packet::PubComp(ack.clone()),
            Packet::PingReq => Packet::PingResp,
            _ => return None,
        })
    }

    fn speak(self, mut stream: TcpStream) {
        let mut came = BytesMut::new();
        let mut version = ProtocolVersion::V5;
        let mut chunk = [0; 1024];
        while let Ok(size @ 1..) = stream.read(&mut chunk) {
            came.extend_from_slice(&chunk[..size]);
            while let Ok(Some(frame)) = Frame::read(&mut came, 1024) {
                // The protocol level follows the protocol name.
                if let Some(&[0x10, _, _, 4, _, _, _, _, level, ..]) = frame.bytes().get(..) {
                    version = match level {
                        5 => ProtocolVersion::V5,
                        _ => ProtocolVersion::V3_1_1,
                    };
                }
                let Ok(packet) = Packet::decode(&frame, version) else {
                    return;
                };
                let mut out = BytesMut::new();
                if let Some(answer) = self.answer(&packet) {
                    answer.encode(version, &mut out).expect("a sound packet");
                }
                if stream.write_all(&out).is_err() {
                    return;
                }
            }
        }
    }

    fn run(self, protocol: &str) -> Ended {
        let url = serve(move |stream| self.speak(stream));
        Program::new(&format!("run --protocol {protocol} --broker {url}"))
            .file("scenarios/deep.yaml", DEEP)
            .run()
    }
}

const DEEP: &str = "\
title: A message reaches its subscriber
clients: { reader: , publisher: }
steps:
  - reader: connect
  - reader: { subscribe: { filter: deep/down, qos: 2 } }
  - publisher: connect
  - publisher: { publish: { topic: deep/down, payload: matched, qos: 2 } }
    clause: { 3.1.1: MQTT-4.3.3-2, 5: MQTT-4.3.3-8 }
  - reader: { expect: { publish: { topic: deep/down, payload: matched } } }
    clause: MQTT-3.3.2-3
";

#[test]
fn excuses_what_depends_on_a_refused_subscription() {
    let refuses = Fake {
        grants: 0x8F,
        has_pubrec: true,
    };
    let ended = refuses.run("5");
    assert_eq!(ended.exit, Some(4), "{ended}");
    let why = "not exercised: the server refused a subscription with 0x8F";
    assert!(ended.stdout.contains(why), "{ended}");
    // 3.1.1 has no such code.
    let ended = refuses.run("3.1.1");
    assert_eq!(ended.exit, Some(1), "{ended}");
    assert!(ended.stdout.contains("[3.1.1 MQTT-3.9.3-2]"), "{ended}");
    assert!(!ended.stdout.contains("MQTT-4.5.0-1"), "{ended}");
}

#[test]
fn judges_what_does_not_depend_on_it() {
    // A message without acknowledgement may be lost. An acknowledged one must be delivered, even at QoS 1.
    let (answers, arrives) = ("MQTT-4.3.3-8", "MQTT-4.5.0-1");
    for (grants, has_pubrec, blamed, other) in [
        (0x8F, false, answers, arrives),
        (1, false, answers, arrives),
        (1, true, arrives, answers),
    ] {
        let ended = Fake { grants, has_pubrec }.run("5");
        assert_eq!(ended.exit, Some(1), "{ended}");
        assert!(ended.stdout.contains(blamed), "{ended}");
        assert!(!ended.stdout.contains(other), "{ended}");
    }
}

/// A permitted variation, a fault, a case, what the run reports, and what it must not report.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: &[Row] = &[
    (
        "grants-qos-1-at-most",
        "pubrec-other-packet-id",
        "subscribe/qos-is-the-lower[published-2-granted-2]@3.1.1",
        &["[3.1.1 MQTT-2.3.1-6]"],
        &["MQTT-3.8.4-6"],
    ),
    (
        "subscriptions-refused",
        "puback-other-packet-id",
        "qos/qos1-to-server[lowest]@5",
        &["[5 MQTT-2.2.1-5]"],
        &["MQTT-4.5.0-1"],
    ),
    (
        "publishes-refused",
        "puback-other-packet-id",
        "session/resume@5",
        &["[5 MQTT-2.2.1-5]"],
        &["MQTT-3.1.2-5"],
    ),
    (
        "keep-alive-repeated",
        "keep-alive-not-enforced",
        "connect/keep-alive[five-seconds]@5",
        &["[5 MQTT-3.1.2-22]"],
        &[],
    ),
    // The deliberately wrong acknowledgement is not caused by the lower QoS.
    (
        "grants-qos-1-at-most",
        "pubcomp-settles-all",
        "qos/wrong-acknowledgement[pubcomp-for-qos-1]@5",
        &["MQTT-4.4.0-1]"],
        &[],
    ),
    // The message has the granted QoS. Only its property is wrong.
    (
        "grants-qos-0-alone",
        "payload-format-indicator-dropped",
        "messages/content[live-payload-format]@5",
        &["[5 MQTT-3.3.2-4]"],
        &["MQTT-3.8.4-8", "MQTT-2.2.1-4"],
    ),
    // A SUBACK with the wrong identifier still refuses the subscription that it may belong to.
    (
        "subscriptions-refused",
        "suback-other-packet-id",
        "subscribe/suback[highest-id]@5",
        &["[5 MQTT-2.2.1-6]"],
        &["MQTT-2.2.2-1"],
    ),
    // The missing connection is not caused by another client's refused subscription.
    (
        "subscriptions-refused",
        "no-connack",
        "transport/websocket-several-packets-in-one-frame@5",
        &["[5 MQTT-3.1.4-5]"],
        &["MQTT-6.0.0-2"],
    ),
    // Bytes that cannot be decoded are wrong even if they are late and no packet was expected.
    (
        "answers-late",
        "property-length-missing",
        "shared/one-of-the-group@5",
        &["[5 MQTT-2.2.2-1]"],
        &["RULE-4.8.2-1"],
    ),
];

#[test]
fn neither_hides_a_fault_nor_blames_another_clause() {
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    for (liberty, fault, case, says, says_not) in ROWS {
        let ended = Program::new(&format!(
            "run {scenarios} --no-snapshots --liberty {liberty} --fault {fault} --filter {case}"
        ))
        .run();
        assert_eq!(ended.exit, Some(1), "{liberty} {fault}: {ended}");
        for word in *says {
            assert!(ended.stdout.contains(word), "{liberty} {fault}: {ended}");
        }
        for word in *says_not {
            assert!(!ended.stdout.contains(word), "{liberty} {fault}: {ended}");
        }
    }
}

/// Checks for a retained message only if the server reports no matching subscribers, which is optional.
const CONDITIONAL: &str = "\
title: A retained message is kept
versions: [5]
clients: { a: , b: }
exercised_if: [ a: { puback: { reason: no_matching_subscribers } } ]
steps:
  - a: connect
  - a: { publish: { topic: kept, payload: kept, qos: 1, retain: true } }
  - b: connect
  - b: { subscribe: kept }
  - b: { expect: { publish: { topic: kept, payload: kept } } }
    clause: MQTT-3.3.1-5
";

/// Cites a clause for something that a server need not report.
const NARROW: &str = "\
title: A retained message is kept, and nobody has subscribed
versions: [5]
clients: { a: , b: }
steps:
  - a: connect
  - a: { publish: { topic: kept, payload: kept, qos: 1, retain: true, expect: { reason: no_matching_subscribers } } }
    clause: MQTT-3.4.2-1
  - b: connect
  - b: { subscribe: kept }
  - b: { expect: { publish: { topic: kept, payload: kept } } }
    clause: MQTT-3.3.1-5
";

#[test]
fn reports_a_pair_that_hides_a_fault_or_blames_a_kept_clause() {
    let plain = "mutants --liberty success-without-subscribers --fault retained-not-stored";
    let right = CONDITIONAL
        .lines()
        .filter(|line| !line.starts_with("exercised_if"));
    let right = right.collect::<Vec<_>>().join("\n");
    let program = Program::new(plain).file("scenarios/kept.yaml", right);
    assert_snapshot!("pair_right", program.run());
    let hidden = program.file("scenarios/kept.yaml", CONDITIONAL);
    assert_snapshot!("pair_hidden", hidden.run());
    let json = hidden.arguments(&format!("{plain} --json"));
    assert_snapshot!("pair_hidden_json", json.run());
    let blamed = json.arguments(plain).file("scenarios/kept.yaml", NARROW);
    assert_snapshot!("pair_blamed", blamed.run());
    let unplayed = blamed.arguments(&format!("{plain} --pairs 0"));
    assert!(
        unplayed
            .run()
            .stdout
            .contains("1 pair of a permitted variation and a fault, 0 of them played")
    );
}
