//! The driver `rumqttc`: what it refuses, what it records, and that virtual time works with it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mqtt_check::diagnostic::Source;
use mqtt_check::engine::RunOptions;
use mqtt_check::plan::{self, Plan};
use mqtt_check::scenario;
use mqtt_check::suite;
use mqtt_check::target::bundled::Bundled;
use mqtt_check::target::{External, Target};
use mqtt_check::transcript::{Event, Transcript, What, text};
use mqtt_check::verdict::{CaseResult, FindingKind, Verdict};
use mqtt_check_codec::{Packet, PacketType, Properties, Property};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::Instant;

fn plans(scenario: &str) -> Result<Vec<Plan>, Vec<String>> {
    let source = Arc::new(Source {
        path: "test.yaml".into(),
        text: scenario.into(),
    });
    let said = |problems: Vec<mqtt_check::diagnostic::Diagnostic>| -> Vec<String> {
        problems
            .into_iter()
            .map(|problem| match problem.place {
                Some(place) => format!("{}:{} {}", place.line, place.column, problem.title),
                None => problem.title,
            })
            .collect()
    };
    scenario::parse(&source, "test")
        .map_err(said)?
        .into_iter()
        .map(|scene| plan::plan(scene).map_err(said))
        .collect()
}

fn run_on(scenario: &str, target: &Target) -> Vec<(Plan, CaseResult)> {
    let plans = plans(scenario).expect("the scenario is right");
    let options = RunOptions {
        jobs: Some(1),
        timeout_scale: 0.2,
        max_wait: Duration::from_secs(30),
        heavy: false,
        seed: 1,
        exclusive: true,
        first_look: false,
        chaos: None,
        spread: false,
    };
    let results = suite::run(
        &plans,
        target,
        &options,
        &|| false,
        &|_, _| true,
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("the target can be reached");
    plans.into_iter().zip(results).collect()
}

fn run(scenario: &str) -> Vec<(Plan, CaseResult)> {
    run_on(scenario, &Target::Bundled(Bundled::default()))
}

fn transcript(result: &CaseResult) -> &Transcript {
    result.transcript.as_ref().expect("the case was played")
}

/// Runs on the bundled broker, where every case must pass. Returns the facts of each case.
fn facts(scenario: &str) -> Vec<Vec<String>> {
    run(scenario)
        .into_iter()
        .map(|(plan, result)| {
            let record = text::record(&plan, transcript(&result), None);
            assert_eq!(
                result.verdict,
                Verdict::Passed,
                "{:?}\n{record}",
                result.findings
            );
            transcript(&result)
                .facts
                .iter()
                .map(|fact| text::fact(&plan, fact))
                .collect()
        })
        .collect()
}

/// Virtual time relies on this: a paused clock stands still while data is in flight on a real socket (tokio 1.53.3 and
/// later).
#[test]
fn a_paused_clock_waits_for_data_on_a_socket() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (mut here, mut there) = UnixStream::pair().expect("a pair of sockets");
        let echo = tokio::spawn(async move {
            let mut byte = [0];
            while there.read_exact(&mut byte).await.is_ok() {
                there.write_all(&byte).await.expect("it is written");
            }
        });
        let began = Instant::now();
        for _ in 0..1000 {
            let limit = Instant::now() + Duration::from_millis(1);
            let round = async {
                here.write_all(&[1]).await?;
                here.read_exact(&mut [0]).await
            };
            tokio::time::timeout_at(limit, round)
                .await
                .expect("no time passes")
                .expect("it comes back");
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(here);
        echo.await.expect("the echo ends");
    });
}

#[test]
fn what_the_library_cannot_do_is_refused_with_its_place() {
    let scenario = r#"title: Everything that the library cannot do
needs: [empty_client_id]
versions: [5]
clients:
  a: { driver: rumqttc, clean_session: 0, keep_alive: 3 }
  b: { driver: rumqttc, ack: manual, username: "" }
  old: { driver: rumqttc, version: 3.1 }
  older: { driver: rumqttc, version: 3.1.1, id: "", clean_session: 0 }
steps:
  - a: open
  - a: connect
  - b: connect
  - old: connect
  - a: { connect: { override: { flags: "00" } } }
  - a: { publish: { topic: a/+, payload: x, qos: 2, packet_id: 7, dup: true, until: pubrec } }
  - a: { subscribe: { filter: "a#", packet_id: 3 } }
  - a: { unsubscribe: [a, b] }
  - a: ping
  - a: puback
  - b: { puback: { reason: quota_exceeded } }
  - b: pubrel
  - b: { auth: { reason: continue_authentication } }
  - a: { send: "c0 00" }
  - a: { batch: [ { publish: { topic: a } }, { publish: { topic: b } } ] }
  - a: { drop: half_close }
  - parallel:
      - b: { disconnect: { reason: disconnect_with_will_message } }
  - older: connect
  - id: last
    b: disconnect
control:
  with:
    last: { b: pubcomp }
  expect:
    - b: closed
"#;
    let refused = plans(scenario).expect_err("none of this can be played");
    assert_eq!(
        refused,
        [
            "5:55 rumqttc accepts no Keep Alive below 5 s in version 5, and not 0",
            "6:48 rumqttc leaves out an empty user name or password",
            "7:3 rumqttc does not support MQTT 3.1",
            "8:68 rumqttc accepts no empty client id with Clean Session 0",
            "10:5 rumqttc opens a transport only to connect",
            "14:5 rumqttc cannot override what it encodes",
            "15:5 rumqttc does not stop after PUBREC: it sends PUBREL by itself",
            "15:28 rumqttc cannot publish to a topic with a wildcard",
            "15:64 rumqttc chooses packet identifiers by itself",
            "15:72 rumqttc cannot set DUP",
            "16:5 rumqttc cannot subscribe to a filter with a misplaced wildcard",
            "16:48 rumqttc chooses packet identifiers by itself",
            "17:5 rumqttc can unsubscribe from only one filter at a time",
            "18:5 rumqttc pings by itself, when Keep Alive requires it",
            "19:5 rumqttc acknowledges by itself, unless the client says `ack: manual`",
            "20:28 rumqttc acknowledges only with success",
            "21:5 rumqttc sends PUBREL and PUBCOMP by itself",
            "22:5 rumqttc cannot be asked for AUTH",
            "23:5 rumqttc cannot send raw bytes",
            "24:5 rumqttc decides by itself what it writes at once",
            "25:5 rumqttc cannot close only its sending side",
            "27:36 rumqttc disconnects only with reason 0x00",
            "33:13 rumqttc sends PUBREL and PUBCOMP by itself",
        ]
    );
}

/// The facts that the suite's own flows record about the library. An upgrade that changes one of these deserves
/// attention.
#[test]
fn the_library_is_known_by_these_facts() {
    let known: [(&str, &[&str]); 4] = [
        (
            include_str!("../scenarios/flows/rumqttc-resends-qos1.yaml"),
            &["publisher: rumqttc resent PUBLISH 1 (QoS 1) with DUP 0"],
        ),
        (
            include_str!("../scenarios/flows/rumqttc-resends-qos2.yaml"),
            &["publisher: rumqttc resent PUBLISH 1 (QoS 2) with DUP 0"],
        ),
        (
            include_str!("../scenarios/flows/rumqttc-half-received.yaml"),
            &["reader: rumqttc gave its application the QoS 2 message 1 again"],
        ),
        (
            include_str!("../scenarios/flows/rumqttc-half-released.yaml"),
            &["reader: rumqttc ended its connection on PUBREL 1: \
               Mqtt state: Received unsolicited ack pkid: 1"],
        ),
    ];
    for (scenario, expected) in known {
        for version in facts(scenario) {
            assert_eq!(version, expected);
        }
    }
}

#[test]
fn an_application_hears_why_its_connection_ended() {
    let taken_over = include_str!("../scenarios/flows/takeover-with-rumqttc.yaml");
    assert_eq!(
        facts(taken_over),
        [
            ["subscriber: rumqttc ended its connection: \
              Mqtt state: Connection closed by peer abruptly"],
            ["subscriber: rumqttc ended its connection on DISCONNECT: \
              Mqtt state: Server sent disconnect with reason `None` and code 'SessionTakenOver'"],
        ]
    );
}

/// A DISCONNECT without a property length is valid, but the library does not accept it.
#[test]
fn a_packet_that_the_library_ignores_is_a_fact() {
    let scenario = "title: A takeover, told in the short form
versions: [5]
broker: { short_acknowledgements: true }
clients:
  first: { id: shared, driver: rumqttc }
  second: { id: shared }
steps:
  - first: connect
  - second: connect
  - first: { expect: { disconnect: { reason: session_taken_over } } }
  - first: { expect: closed }
";
    assert_eq!(
        facts(scenario),
        [[
            "first: rumqttc ignored DISCONNECT",
            "first: rumqttc ended its connection: Mqtt state: Connection closed by peer abruptly"
        ]]
    );
}

#[test]
fn what_is_held_back_is_given_with_the_next_step_that_waits() {
    let scenario = "title: Acknowledgements that come late settle what they acknowledge
clients:
  publisher: { driver: rumqttc, clean_session: 0 }
  reader: { driver: rumqttc, ack: manual }
steps:
  - reader: connect
  - reader: { subscribe: { filter: t, qos: 2 } }
  - publisher: connect
  - publisher: { publish: { topic: t, payload: one, qos: 1, no_wait: true } }
  - publisher: { publish: { topic: t, payload: two, qos: 2, no_wait: true } }
  - publisher: { expect: [ puback, pubrec ] }
  - publisher: { publish: { topic: t, payload: three } }
  - publisher: { publish: { topic: t, payload: four, qos: 1 } }
  - publisher: { expect: pubcomp }
  - reader: { expect: { publish: { payload: one, qos: 1 } } }
  - reader: puback
  - reader: { expect: { publish: { payload: two, qos: 2, packet_id: $two } } }
  - reader: { expect: { publish: { payload: three, qos: 0 } } }
  - reader: { expect: { publish: { payload: four, qos: 1 } } }
  - reader: puback
  - reader: { pubrec: { packet_id: $two } }
  - reader: { expect: { pubrel: { packet_id: $two } } }
  - reader: { unsubscribe: t }
  - publisher: drop
  - publisher: { connect: { expect: { session_present: true } } }
";
    // Nothing is resent, because everything was acknowledged.
    assert_eq!(facts(scenario), [Vec::<String>::new(), Vec::new()]);
}

#[test]
fn a_reached_in_flight_limit_blocks_no_client() {
    let scenario = "title: Forty messages pass through a window of sixteen
clients:
  publisher: { driver: rumqttc }
  reader:
steps:
  - reader: connect
  - reader: { subscribe: { filter: t, qos: 1 } }
  - publisher: connect
  - repeat: { times: 40, as: i, steps: [ { publisher: { publish: { topic: t, payload: $i, qos: 1, no_wait: true } } } ] }
  - publisher: { expect: { puback: {}, count: 16 } }
  - publisher: { subscribe: u }
  - publisher: { expect: { puback: {}, count: 24 } }
  - reader: { expect: { publish: { qos: 1 }, count: 40 } }
";
    for (plan, result) in run(scenario) {
        let record = text::record(&plan, transcript(&result), None);
        assert_eq!(result.verdict, Verdict::Passed, "{record}");
        let sent: Vec<PacketType> = transcript(&result)
            .events
            .iter()
            .filter_map(|event| match &event.what {
                What::Sent {
                    packet: Some(packet),
                    ..
                } if transcript(&result).lanes[event.lane.0].name == "publisher" => {
                    Some(packet.packet_type())
                }
                _ => None,
            })
            .collect();
        // The acknowledgements of the first sixteen arrive during the step that waits.
        assert_eq!(sent[1..17], [PacketType::PUBLISH; 16]);
        assert_eq!(sent.len(), 1 + 40 + 1);
    }
}

#[test]
fn the_library_keeps_its_connection_alive_by_itself() {
    let scenario = "title: Nobody is dropped who pings
clients:
  sleeper: { driver: rumqttc, keep_alive: 10, will: { topic: will, payload: gone } }
  reader:
steps:
  - reader: connect
  - reader: { subscribe: will }
  - sleeper: connect
  - wait: 2h
  - reader: { expect: silence }
  - sleeper: { publish: { topic: will, payload: here, qos: 1 } }
  - reader: { expect: { publish: { payload: here } } }
  - id: end
    sleeper: disconnect
control:
  with: { end: { sleeper: drop } }
  expect:
    - reader: { publish: { payload: gone } }
";
    assert_eq!(facts(scenario), [Vec::<String>::new(), Vec::new()]);
}

/// Every field that an application can set, with either driver: the same packets, except for the order of properties.
#[test]
fn the_library_sends_what_the_scenario_says() {
    let scenario = "title: Everything that can be said
needs: [users]
broker: { users: { me: secret } }
cases:
  wire: { driver: wire }
  library: { driver: rumqttc }
clients:
  talker:
    driver: $driver
    keep_alive: 30
    clean_session: 0
    username: me
    password: secret
    will: { topic: will, payload: gone, qos: 1, retain: true }
steps:
  - talker: connect
    only: 3.1.1
  - talker:
      connect:
        session_expiry_interval: 100
        receive_maximum: 9
        maximum_packet_size: 5000
        topic_alias_maximum: 4
        request_response_information: 1
        request_problem_information: 0
        user_properties: [ [a, one], [a, two], [b, three] ]
        will:
          topic: will
          payload: { hex: 00ff }
          qos: 2
          delay_interval: 7
          payload_format_indicator: 0
          message_expiry_interval: 8
          content_type: bytes
          response_topic: answers
          correlation_data: { hex: \"0102\" }
          user_properties: { w: will }
    only: 5
  - talker: { subscribe: { filters: [ a/+, { filter: b/#, qos: 1 }, { filter: $share/g/c, qos: 2 } ] } }
  - talker: { subscribe: { filter: d, qos: 2, no_local: true, retain_as_published: true, retain_handling: 2, subscription_identifier: 77, user_properties: { s: sub } } }
    only: 5
  - talker: { unsubscribe: b/# }
  - talker: { unsubscribe: { filters: [ d ], user_properties: { u: unsub } } }
    only: 5
  - talker: { publish: { topic: x, payload: { hex: fffe }, qos: 1, retain: true } }
  - talker: { publish: { topic: x, qos: 2 } }
  - talker:
      publish:
        topic: y
        payload: text
        qos: 1
        payload_format_indicator: 1
        message_expiry_interval: 60
        topic_alias: 3
        response_topic: answers
        correlation_data: { hex: \"0a0b\" }
        content_type: text/plain
        user_properties: [ [p, one], [p, two] ]
    only: 5
  - talker: { publish: { topic: '', payload: again, topic_alias: 3 } }
    only: 5
  - talker: { publish: { topic: x, retain: true } }
  - talker: disconnect
";
    let sent: Vec<Vec<Packet>> = run(scenario)
        .into_iter()
        .map(|(plan, result)| {
            let record = text::record(&plan, transcript(&result), None);
            assert_eq!(result.verdict, Verdict::Passed, "{record}");
            let events = &transcript(&result).events;
            events.iter().filter_map(sent_packet).collect()
        })
        .collect();
    let [wire_3, wire_5, library_3, library_5] = &*sent else {
        panic!("two rows in two versions: {}", sent.len());
    };
    assert_eq!((wire_3.len(), wire_5.len()), (8, 12));
    assert_eq!(library_3, wire_3);
    assert_eq!(library_5, wire_5);
}

/// A sent packet, with its properties in the order of their identifiers.
fn sent_packet(event: &Event) -> Option<Packet> {
    let What::Sent {
        packet: Some(packet),
        ..
    } = &event.what
    else {
        return None;
    };
    let mut packet = packet.clone();
    let sort = |properties: &mut Properties| properties.0.sort_by_key(Property::id);
    match &mut packet {
        Packet::Connect(connect) => {
            sort(&mut connect.properties);
            if let Some(will) = &mut connect.will {
                sort(&mut will.properties);
            }
        }
        Packet::Publish(publish) => sort(&mut publish.properties),
        Packet::Subscribe(subscribe) => sort(&mut subscribe.properties),
        _ => {}
    }
    Some(packet)
}

/// A broker that answers CONNECT with CONNACK, and the next packet with these bytes.
fn peer(answer: &'static [u8]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, answer));
        }
    });
    Target::External(Box::new(
        External::at(&format!("mqtt://{address}")).expect("a URL"),
    ))
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> Option<()> {
    let mut bytes = [0; 1024];
    let n = stream.read(&mut bytes).ok()?;
    let v5 = bytes[..n].windows(7).any(|w| w == b"\0\x04MQTT\x05");
    let connack: &[u8] = if v5 {
        &[0x20, 3, 0, 0, 0]
    } else {
        &[0x20, 2, 0, 0]
    };
    stream.write_all(connack).ok()?;
    let asked = stream.read(&mut bytes).ok()?;
    if asked > 0 {
        stream.write_all(answer).ok()?;
    }
    while stream.read(&mut bytes).ok()? > 0 {}
    Some(())
}

/// The library closes its connection when a broker sends something that it should not. What is then missing, here or
/// anywhere else, is not another fault of the broker.
#[test]
fn what_the_library_breaks_off_is_not_reached() {
    let scenario = "title: An acknowledgement of nothing
versions: [3.1.1]
clients:
  publisher: { driver: rumqttc }
  reader:
steps:
  - reader: connect
  - reader: { publish: { topic: t, no_wait: true } }
  - publisher: connect
  - publisher: { publish: { topic: t, qos: 1 } }
  - reader: { expect: publish }
";
    let (_, result) = run_on(scenario, &peer(&[0x40, 2, 0, 9])).remove(0);
    let reached =
        "rumqttc ended the connection by itself: Mqtt state: Received unsolicited ack pkid: 9";
    assert!(
        result
            .findings
            .iter()
            .any(|f| f.kind() == FindingKind::NotReached && f.actual == reached),
        "{:?}",
        result.findings
    );
    // The broker's only fault is the acknowledgement of nothing, on both connections. They arrive over two sockets, so
    // either may be the first.
    let mut faults: Vec<&str> = result
        .findings
        .iter()
        .filter(|f| f.kind() == FindingKind::Violation)
        .map(|f| f.actual.as_str())
        .collect();
    faults.sort_unstable();
    assert_eq!(
        faults,
        [
            "to publisher: PUBACK 9, a packet id that the client has not used for it",
            "to reader: PUBACK 9, a packet id that the client has not used for it",
        ]
    );
    assert_eq!(result.verdict, Verdict::Failed);
}

/// The library closes its connection when a message is too large for it. What is then missing, here or anywhere else,
/// is not the broker's fault.
#[test]
fn a_message_that_the_library_does_not_take_ends_the_case() {
    let scenario = "title: A message of more than ten kilobytes
versions: [5]
clients:
  reader: { driver: rumqttc }
  publisher:
steps:
  - reader: connect
  - reader: { subscribe: t }
  - publisher: connect
  - publisher: { subscribe: u }
  - publisher: { publish: { topic: t, payload: { size: 20000 } } }
  - reader: { expect: publish }
  - reader: { publish: { topic: u } }
  - publisher: { expect: publish }
";
    let (plan, result) = run(scenario).remove(0);
    let why = "Mqtt state: Mqtt serialization/deserialization error: \
               Max Payload size of 10240 has been exceeded by packet of 20004 bytes";
    assert_eq!(
        result.verdict,
        Verdict::Inconclusive {
            reason: format!("rumqttc ended the connection by itself: {why}")
        },
        "{:?}",
        result.findings
    );
    let facts = &transcript(&result).facts;
    assert_eq!(facts.len(), 1);
    assert_eq!(
        text::fact(&plan, &facts[0]),
        format!("reader: rumqttc ended its connection on PUBLISH: {why}")
    );
}
