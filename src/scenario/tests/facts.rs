//! What valid scenarios are parsed into.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{PacketType, ProtocolVersion, QoS, ReasonCode};

use super::rendered;
use crate::diagnostic::{Place, Source};
use crate::scenario::model::*;
use crate::scenario::parse;
use crate::scenario::sizes::is_large;

/// Returns the scenes of a file, sorted by id.
fn scenes(text: &str) -> Vec<Scene> {
    let source = Arc::new(Source {
        path: "case.yaml".to_owned(),
        text: text.to_owned(),
    });
    parse(&source, "session/deep/case").unwrap_or_else(|found| panic!("{}", rendered(&found)))
}

/// Returns the steps of a version 5 scene with one client, `a`.
fn steps(steps: &str) -> Vec<Arc<Step>> {
    let text = format!("title: t\nversions: [5]\nclients: {{ a: }}\nsteps:\n{steps}");
    scenes(&text).remove(0).steps
}

fn exchange(step: &Step) -> &Exchange {
    match &step.action {
        Action::Client {
            action: ClientAction::Exchange(exchange),
            ..
        } => exchange,
        other => panic!("{other:?}"),
    }
}

fn expected(step: &Step) -> &[Expectation] {
    match &step.action {
        Action::Client {
            action: ClientAction::Expect(expectations),
            ..
        } => expectations,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Bytes(Bytes::from(text.to_owned())))
}

fn number(n: u64) -> Expr {
    Expr::Literal(Literal::Number(n))
}

fn flag(b: bool) -> Expr {
    Expr::Literal(Literal::Bool(b))
}

/// Returns the names and values of a packet's fields.
fn fields(packet: &PacketTemplate) -> Vec<(&str, Expr)> {
    let pairs = packet.fields.iter();
    pairs.map(|f| (f.name.as_str(), f.value.clone())).collect()
}

#[test]
fn keeps_payloads_as_they_are_written() {
    let written = [
        ("1.10", "1.10"),
        ("yes", "yes"),
        ("007", "007"),
        ("5", "5"),
        ("~", "~"),
        ("null", "null"),
        ("0x1F", "0x1F"),
        ("''", ""),
        ("\"a\\nb\"", "a\nb"),
        ("'$5 and {}'", "$5 and {}"),
        ("$SYS/x", "$SYS/x"),
        ("$share/g/t", "$share/g/t"),
        ("{ text: $name }", "$name"),
        ("{ text: '${name}' }", "${name}"),
        ("{ hex: '61 62' }", "ab"),
        ("{ notation: 's\"a\"' }", "\0\u{1}a"),
        ("|\n      two\n      lines\n", "two\nlines\n"),
    ];
    for (yaml, payload) in written {
        let steps = steps(&format!(
            "- a:\n    publish:\n     topic: t\n     payload: {yaml}\n"
        ));
        let packet = &exchange(&steps[0]).packet;
        assert_eq!(
            fields(packet),
            [("topic", text("t")), ("payload", text(payload))],
            "{yaml}"
        );
    }
}

#[test]
fn takes_the_threads_of_the_row_and_the_version() {
    let found = scenes(
        "
title: t
threads: [a#1, { 5: b#2 }]
clients: { a: }
cases:
  one: {}
  two: { threads: { 3.1.1: [c#3] } }
steps: [ a: connect ]
",
    );
    let threads: Vec<_> = found.iter().map(|scene| scene.threads.join(" ")).collect();
    assert_eq!(threads, ["a#1", "a#1 b#2", "c#3", ""]);
    let found = scenes(
        "
title: t
clients: { a: }
cases:
  one: {}
  two: { threads: [{ 5: c#3 }] }
steps: [ a: connect ]
",
    );
    let threads: Vec<_> = found.iter().map(|scene| scene.threads.join(" ")).collect();
    assert_eq!(threads, ["", "", "", "c#3"]);
}

#[test]
fn takes_the_value_of_the_version() {
    let found = scenes(
        "
title: t
clients: { a: }
steps:
- { a: ping, clause: { 3.1.1: MQTT-1.2-1, 5: [MQTT-3.4-5, RULE-a.b-1] }, level: { 5: should } }
- { a: ping, only: 5 }
- a: { expect: [ { 3.1.1: closed, 5: disconnect } ] }
",
    );
    let [old, new] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(old.id.to_string(), "session/deep/case@3.1.1");
    assert_eq!(old.tags, ["deep", "session"]);
    assert_eq!((old.steps.len(), new.steps.len()), (2, 3));
    assert_eq!(old.steps[0].clauses, ["MQTT-1.2-1"]);
    assert_eq!(new.steps[0].clauses, ["MQTT-3.4-5", "RULE-a.b-1"]);
    assert_eq!(
        (old.steps[0].level, new.steps[0].level),
        (Level::Must, Level::Should)
    );
    assert_eq!(
        expected(&old.steps[1])[0].pattern,
        Pattern::Closed { how: None }
    );
    let Pattern::Packet(pattern) = &expected(&new.steps[2])[0].pattern else {
        panic!("{new:?}");
    };
    assert_eq!(pattern.packet_type, PacketType::DISCONNECT);
}

#[test]
fn accepts_rules_of_other_standards_after_the_clauses() {
    let found = scenes(
        "
title: t
clients: { a: }
steps:
- { a: ping, rule: 'RFC 6455, 5.5.2' }
- { a: ping, rule: ['RFC 5802, 3', 'RFC 6455, 4'], clause: { 3.1.1: MQTT-1.2-1, 5: MQTT-1.2-2 } }
- parallel: [ { a: ping, rule: 'RFC 6455, 5.1' } ]
- { repeat: { times: 2, folded: true, steps: [ { a: ping, clause: MQTT-1.2-3 } ] } }
",
    );
    let [old, new] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(old.steps[0].clauses, ["RFC 6455, 5.5.2"]);
    assert_eq!(
        new.steps[1].clauses,
        ["MQTT-1.2-2", "RFC 5802, 3", "RFC 6455, 4"]
    );
    assert_eq!(
        old.clauses(),
        [
            "RFC 6455, 5.5.2",
            "MQTT-1.2-1",
            "RFC 5802, 3",
            "RFC 6455, 4",
            "RFC 6455, 5.1",
            "MQTT-1.2-3"
        ]
    );
}

#[test]
fn accepts_only_clauses_of_3_1_1_for_3_1() {
    let found = scenes(
        "
title: t
versions: [3.1, 3.1.1]
clients: { a: }
steps:
- { a: ping, clause: { 3.1.1: [MQTT-1.2-1, RULE-a.b-1] }, level: { 3.1.1: should } }
- { a: ping, clause: { 3.1: MQTT-1.2-3, 3.1.1: MQTT-1.2-1 } }
",
    );
    let [old, new] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(old.id.to_string(), "session/deep/case@3.1");
    assert_eq!(old.steps[0].clauses, new.steps[0].clauses);
    assert_eq!(
        (old.steps[0].level, new.steps[0].level),
        (Level::Must, Level::Should)
    );
    assert_eq!(old.steps[1].clauses, ["MQTT-1.2-3"]);
}

#[test]
fn fills_every_connect_up_with_its_clients_defaults() {
    let found = scenes(
        "
title: t
versions: [5]
needs: [long_client_id]
clients:
  a: { id: a-b, clean_session: 0, username: u, will: { topic: w, payload: x, qos: 1, delay_interval: 1m } }
steps:
- a: connect
- a: { connect: { clean_session: 1, username: absent, will: { topic: v } } }
- a: { connect: { session_expiry_interval: 1h, will: absent, keep_alive: 10s } }
- a: { send: { connect: { clean_start: 1 } } }
- a: { batch: [ connect, ping ] }
",
    );
    let scene = &found[0];
    assert_eq!(scene.clients[0].id, text("a-b"));
    let never = ("session_expiry_interval", number(0xFFFF_FFFF));
    let will = [
        ("will_topic", text("w")),
        ("will_payload", text("x")),
        ("will_qos", number(1)),
        ("will_delay_interval", number(60)),
    ];
    let mut whole = vec![("username", text("u"))];
    whole.extend(will.clone());
    whole.extend([("clean_start", flag(false)), never.clone()]);
    assert_eq!(fields(&exchange(&scene.steps[0]).packet), whole);
    assert_eq!(
        fields(&exchange(&scene.steps[1]).packet),
        [("clean_start", flag(true)), ("will_topic", text("v"))]
    );
    assert_eq!(
        fields(&exchange(&scene.steps[2]).packet),
        [
            ("username", text("u")),
            ("clean_start", flag(false)),
            ("session_expiry_interval", number(3_600)),
            ("keep_alive", number(10)),
        ]
    );
    let Action::Client {
        action: ClientAction::Send(SendBytes::Packet(sent)),
        ..
    } = &scene.steps[3].action
    else {
        panic!("{:?}", scene.steps[3]);
    };
    assert!(fields(sent).contains(&("clean_start", flag(true))));
    assert!(fields(sent).contains(&never));
    let Action::Client {
        action: ClientAction::Batch(batch),
        ..
    } = &scene.steps[4].action
    else {
        panic!("{:?}", scene.steps[4]);
    };
    let ClientAction::Exchange(connect) = &batch[0] else {
        panic!("{batch:?}");
    };
    assert_eq!(fields(&connect.packet), whole);
    assert_eq!(connect.answer, Answer::None);
}

#[test]
fn before_version_5_clean_session_is_the_flag_alone() {
    let found = scenes(
        "title: t\nversions: [3.1.1]\nclients: { a: { clean_session: 0 } }\nsteps: [ a: connect ]\n",
    );
    let packet = &exchange(&found[0].steps[0]).packet;
    assert_eq!(fields(packet), [("clean_start", flag(false))]);
}

#[test]
fn knows_what_answers() {
    let steps = steps(
        "
- a: connect
- a: { publish: { topic: t } }
- a: { publish: { topic: t, qos: 1, within: 2s } }
- a: { publish: { topic: t, qos: 2, until: pubrec, expect: { reason: no_matching_subscribers } } }
- a: { subscribe: { filters: [ t, { filter: u, retain_handling: 2 } ], qos: 1, expect: { reasons: [granted_qos_1, { one_of: [0, failure_is_none] }] } } }
- a: { connect: { refused: { codes: [bad_user_name_or_password, 0x9F], connack: required } } }
- a: { unsubscribe: [ t, u ] }
- a: { ping: { no_wait: true } }
- a: pubrel
- a: { disconnect: { keep_open: 1, reason: disconnect_with_will_message } }
"
        .replace("failure_is_none", "not_authorized")
        .as_str(),
    );
    let answers: Vec<_> = steps.iter().map(|s| exchange(s).answer.clone()).collect();
    assert_eq!(answers[0], Answer::Fields(Vec::new()));
    assert_eq!(answers[1], Answer::None);
    assert_eq!(answers[2], Answer::Fields(Vec::new()));
    assert_eq!(exchange(&steps[2]).within, Some(Duration::from_secs(2)));
    assert!(exchange(&steps[3]).until_pubrec);
    let reason = |code| Matcher::Is(Expr::Literal(Literal::Reason(ReasonCode(code))));
    let Answer::Fields(pubrec) = &answers[3] else {
        panic!("{answers:?}");
    };
    assert_eq!(pubrec[0].matcher, reason(0x10));
    let Answer::Fields(suback) = &answers[4] else {
        panic!("{answers:?}");
    };
    assert_eq!(
        suback[0].matcher,
        Matcher::Each(vec![
            reason(1),
            Matcher::OneOf(vec![reason(0), reason(0x87)])
        ])
    );
    let filters = &exchange(&steps[4]).packet.filters;
    let options: Vec<_> = filters.iter().map(|f| (f.qos, f.retain_handling)).collect();
    assert_eq!(options, [(1, 0), (1, 2)]);
    assert_eq!(
        answers[5],
        Answer::Refused(Refused {
            codes: vec![ReasonCode(0x86), ReasonCode(0x9F)],
            connack: ConnAckRule::Required,
        })
    );
    assert_eq!(exchange(&steps[6]).packet.filters.len(), 2);
    assert_eq!(answers[7..], [Answer::None, Answer::None, Answer::None]);
    assert!(exchange(&steps[9]).keep_open);
}

#[test]
fn counts_what_an_expectation_takes() {
    let count = |modifiers: &str| {
        let steps = steps(&format!(
            "- a: {{ expect: {{ publish: {{ }}{modifiers} }} }}\n"
        ));
        let count = expected(&steps[0])[0].count;
        (count.at_least, count.at_most)
    };
    assert_eq!(count(""), (1, Some(1)));
    assert_eq!(count(", count: 3"), (3, Some(3)));
    assert_eq!(count(", count: 3, optional: true"), (0, Some(3)));
    assert_eq!(count(", optional: true"), (0, Some(1)));
    assert_eq!(count(", at_least: 2"), (2, None));
    assert_eq!(count(", at_most: 2"), (0, Some(2)));
    assert_eq!(count(", at_least: 1, at_most: 2"), (1, Some(2)));
    assert_eq!(count(", at_most: 2, optional: true"), (0, Some(2)));
}

#[test]
fn reads_limits_and_what_they_count_from() {
    let steps = steps(
        "
- { a: connect, id: one }
- a: { expect: { closed: { how: reset }, not_before: 2s, within: 1h30m, after: last_packet } }
- a: { expect: [ { publish: , after: one }, refused ] }
",
    );
    let closed = &expected(&steps[1])[0];
    assert_eq!(
        closed.pattern,
        Pattern::Closed {
            how: Some(DropHow::Reset)
        }
    );
    assert_eq!(closed.not_before, Some(Duration::from_secs(2)));
    assert_eq!(closed.within, Some(Duration::from_secs(5_400)));
    assert_eq!(closed.after, After::LastPacket);
    assert_eq!(expected(&steps[2])[0].after, After::Step("one".to_owned()));
    assert_eq!(expected(&steps[2])[1].after, After::Now);
}

#[test]
fn limits_follow_from_a_keep_alive() {
    let steps = steps(
        "
- { a: connect, id: one }
- a: { expect: { closed: {}, keep_alive: 2 } }
- a: { expect: { closed: {}, keep_alive: 2, after: one } }
",
    );
    let closed = &expected(&steps[1])[0];
    assert_eq!(closed.keep_alive, Some(KeepAlive { seconds: 2 }));
    assert_eq!(closed.within, Some(Duration::from_secs(18)));
    assert_eq!(closed.not_before, None);
    assert_eq!(closed.after, After::LastPacket);
    assert_eq!(expected(&steps[2])[0].after, After::Step("one".to_owned()));
}

#[test]
fn matches_fields_in_every_way() {
    let written = [
        (
            "payload: { starts_with: ab }",
            Matcher::StartsWith(Bytes::from("ab")),
        ),
        ("content_type: absent", Matcher::Absent),
        ("content_type: present", Matcher::Present),
        ("content_type: 'absent'", Matcher::Is(text("absent"))),
        (
            "content_type: { text: absent }",
            Matcher::Is(text("absent")),
        ),
        (
            "qos: { not: 1 }",
            Matcher::Not(Box::new(Matcher::Is(number(1)))),
        ),
        ("packet_id: $m", Matcher::Is(Expr::Name("m".to_owned()))),
        ("retain: 1", Matcher::Is(flag(true))),
        ("payload_format_indicator: true", Matcher::Is(number(1))),
        ("message_expiry_interval: 1m", Matcher::Is(number(60))),
        (
            "message_expiry_interval: { at_most: 1m }",
            Matcher::Between {
                at_least: None,
                at_most: Some(number(60)),
            },
        ),
        (
            "subscription_identifier: 7",
            Matcher::Is(Expr::Literal(Literal::Numbers(vec![7]))),
        ),
        (
            "subscription_identifier: { set: [2, 1] }",
            Matcher::Set(vec![2, 1]),
        ),
        (
            "user_properties: { not: '1' }",
            Matcher::Is(Expr::Literal(Literal::Pairs(vec![(
                "not".into(),
                "1".into(),
            )]))),
        ),
        (
            "user_properties: { includes: { b: '1' } }",
            Matcher::Includes(vec![("b".into(), "1".into())]),
        ),
        (
            "user_properties: [ [a, 1], [a, 2] ]",
            Matcher::Is(Expr::Literal(Literal::Pairs(vec![
                ("a".into(), "1".into()),
                ("a".into(), "2".into()),
            ]))),
        ),
        (
            "payload: { size: $connack.receive_maximum * 2 }",
            Matcher::Is(Expr::Size(Box::new(Expr::Arithmetic {
                left: Box::new(Expr::Connack {
                    client: None,
                    property: "receive_maximum".to_owned(),
                }),
                operator: Operator::Times,
                right: Box::new(number(2)),
            }))),
        ),
        (
            "topic: 'to/${a.connack.assigned_client_identifier}'",
            Matcher::Is(Expr::Joined(vec![
                text("to/"),
                Expr::Connack {
                    client: Some(ClientIndex(0)),
                    property: "assigned_client_identifier".to_owned(),
                },
            ])),
        ),
    ];
    for (yaml, matcher) in written {
        let steps = steps(&format!("- a: {{ expect: {{ publish: {{ {yaml} }} }} }}\n"));
        let Pattern::Packet(pattern) = &expected(&steps[0])[0].pattern else {
            panic!("{steps:?}");
        };
        assert_eq!(pattern.fields[0].matcher, matcher, "{yaml}");
    }
}

#[test]
fn writes_repeats_and_rows_out() {
    let found = scenes(
        "
title: Row ${name}
versions: [5]
clients: { a: }
cases:
  one: { name: x, packet: { publish: { topic: t, payload: '${i}' } }, times: 2 }
  two: { title: Another, name: y, packet: '00*3', times: 1, needs: [retain] }
steps:
- repeat:
    times: $times
    as: i
    steps:
    - a: { send: $packet }
      id: 'send-${i}'
    - a: { publish: { topic: '${name}/${i}', qos: 1, packet_id: $i * 10 + 1 } }
",
    );
    assert_eq!(found[0].id.row.as_deref(), Some("one"));
    assert_eq!(
        (found[0].title.as_str(), found[1].title.as_str()),
        ("Row x", "Another")
    );
    assert_eq!(found[1].needs, [Capability::Retain]);
    let ids: Vec<_> = found[0].steps.iter().map(|s| s.id.as_deref()).collect();
    assert_eq!(ids, [Some("send-1"), None, Some("send-2"), None]);
    let last = &exchange(&found[0].steps[3]).packet;
    assert_eq!(
        fields(last),
        [
            ("topic", text("x/2")),
            ("qos", number(1)),
            ("packet_id", number(21))
        ]
    );
    assert_eq!(
        found[0].steps[3].label,
        "a: { publish: { topic: x/2, qos: 1, packet_id: 2 * 10 + 1 } }"
    );
    let Action::Client {
        action: ClientAction::Send(sent),
        ..
    } = &found[1].steps[0].action
    else {
        panic!("{found:?}");
    };
    assert_eq!(*sent, SendBytes::Bytes(Bytes::from_static(&[0, 0, 0])));
}

#[test]
fn reads_scene_and_broker_actions() {
    let found = scenes(
        "
title: t
versions: [5]
broker: { queue_qos0: true, persistent_session_expiry: 2h, maximum_session_expiry: never, users: { u: p } }
clients: { a: { version: 3.1.1, ack: manual }, b_c: { driver: rumqttc } }
steps:
- wait: 2h
- broker: { kick: a }
- broker: { redirect: { client: b_c, reason: server_moved, server_reference: other, at: connect } }
- broker: restart
- hooks: [ session.created: { client: a }, client.connected: { client: bc, connack: accepted, session_present: 0 } ]
- choice: kept
  of: a
  answers: { no: silence, yes: [ publish, publish ] }
- { a: ping, when: { kept: yes }, note: said, level: may, id: it }
- parallel: [ { a: ping }, { b_c: connect, clause: MQTT-1.1-1 } ]
control:
  without: it
  with: { it: { wait: 1s } }
  broker: { durable: true }
  expect: [ { a: publish, note: n }, { hooks: [ session.created: { client: a } ], only: 5 } ]
exercised_if: [ b_c: { publish: { topic_alias: present } } ]
"
        .replace("connack: accepted", "connack: success")
        .as_str(),
    );
    let scene = &found[0];
    assert_eq!(scene.clients[0].version, ProtocolVersion::V3_1_1);
    assert!(!scene.clients[0].auto_ack);
    assert_eq!(
        (scene.clients[1].driver, &scene.clients[1].id),
        (Driver::Rumqttc, &text("bc"))
    );
    let settings = Settings {
        queue_qos0: Some(true),
        persistent_session_expiry: Some(Some(Duration::from_secs(7_200))),
        maximum_session_expiry: Some(None),
        users: Some(Some(vec![User {
            name: "u".to_owned(),
            password: Secret::new("p"),
        }])),
        ..Settings::default()
    };
    assert_eq!(*scene.settings, settings);
    let actions: Vec<_> = scene.steps.iter().map(|s| s.action.clone()).collect();
    assert_eq!(actions[0], Action::Wait(Duration::from_secs(7_200)));
    assert_eq!(
        actions[1],
        Action::Broker(BrokerAction::Kick {
            client: ClientIndex(0),
            reason: ReasonCode(0x98)
        })
    );
    assert_eq!(
        actions[2],
        Action::Broker(BrokerAction::Redirect {
            client: ClientIndex(1),
            reason: ReasonCode(0x9D),
            server_reference: Some("other".to_owned()),
            at_connect: true,
        })
    );
    let Action::Hooks(hooks) = &actions[4] else {
        panic!("{actions:?}");
    };
    assert_eq!(hooks.of, ["a", "bc"]);
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        hooks.events[1].fields,
        [
            pair("client", "bc"),
            pair("connack", "0"),
            pair("session_present", "false")
        ]
    );
    let Action::Choice(choice) = &actions[5] else {
        panic!("{actions:?}");
    };
    let answers: Vec<_> = choice
        .answers
        .iter()
        .map(|(a, e)| (a.as_str(), e.len()))
        .collect();
    assert_eq!(answers, [("yes", 2), ("no", 1)]);
    assert_eq!(scene.steps[6].when, [pair("kept", "yes")]);
    assert_eq!(scene.steps[6].level, Level::May);
    let control = scene.control.as_ref().expect("a control");
    assert_eq!(control.without, ["it"]);
    assert_eq!(
        control.with[0].1.action,
        Action::Wait(Duration::from_secs(1))
    );
    assert_eq!(
        control.settings.as_deref().cloned(),
        Some(Settings {
            durable: Some(true),
            ..settings
        })
    );
    assert_eq!(control.expect.len(), 2);
    assert_eq!(scene.exercised_if[0].0, ClientIndex(1));
}

/// Returns a file whose scene expects silence in these versions.
fn silent(only: &str) -> Arc<Source> {
    let text = format!(
        "title: t\nversions: [3.1.1, 5]\nclients: {{ a: }}\nsteps:\n- a: connect\n- {{ a: ping, id: it }}\n- {{ a: {{ expect: silence }}, only: [{only}], clause: MQTT-4.4.0-1 }}\ncontrol: {{ without: it, expect: [ {{ a: pingresp, only: 5 }} ] }}\n",
    );
    Arc::new(Source {
        path: "case.yaml".to_owned(),
        text,
    })
}

#[test]
fn plays_no_control_in_a_version_that_it_expects_nothing_of() {
    let found =
        parse(&silent("5"), "session/deep/case").unwrap_or_else(|e| panic!("{}", rendered(&e)));
    let controls = found.iter().map(|scene| scene.control.is_some());
    assert_eq!(controls.collect::<Vec<_>>(), [false, true]);

    let wrong =
        parse(&silent("3.1.1, 5"), "session/deep/case").expect_err("a silence without its control");
    let says = rendered(&wrong);
    assert!(says.contains("`silence` without a control"), "{says}");
}

#[test]
fn requires_the_settings_of_broker_and_prefers_the_others() {
    let found = scenes(
        "
title: t
versions: [5]
prefers: { receive_maximum: 3, maximum_qos: 1 }
broker: { maximum_qos: 2 }
clients: { a: }
steps: [ a: ping ]
",
    );
    let required = Settings {
        maximum_qos: Some(QoS::ExactlyOnce),
        ..Settings::default()
    };
    assert_eq!(*found[0].required, required);
    let settings = Settings {
        receive_maximum: Some(3),
        ..required
    };
    assert_eq!(*found[0].settings, settings);
}

#[test]
fn reads_lies() {
    let steps = steps(
        "
- a: { publish: { topic: t, user_properties: { n: v }, override: { topic: 'ff', 'user_properties[0].value': 'c3 28', flags: ~, body: { size: 2 } }, properties: 01, append: '\"x\"', trailing: 00*2, cut: 9 } }
",
    );
    let bytes = |b: &'static [u8]| Bytes::from_static(b);
    let lied = |field: &str, b| Lie::Override {
        field: field.to_owned(),
        bytes: bytes(b),
    };
    assert_eq!(
        exchange(&steps[0]).packet.lies,
        [
            lied("topic", b"\xff"),
            lied("user_properties[0].value", b"\xc3\x28"),
            Lie::Omit {
                field: "flags".to_owned()
            },
            lied("body", b"xx"),
            Lie::Properties(bytes(b"\x01")),
            Lie::Append(bytes(b"x")),
            Lie::Trailing(bytes(b"\0\0")),
            Lie::Cut(9),
        ]
    );
}

#[test]
fn points_at_actors_patterns_and_values() {
    let steps = steps("- a: connect\n- a: { expect: { publish: { qos: 1 }, within: 1s } }\n");
    let place = |line, column, length| Place {
        line,
        column,
        length,
    };
    assert_eq!(steps[0].place, place(5, 3, 1));
    let expectation = &expected(&steps[1])[0];
    assert_eq!(expectation.place, place(6, 18, 7));
    let Pattern::Packet(pattern) = &expectation.pattern else {
        panic!("{expectation:?}");
    };
    assert_eq!(pattern.fields[0].place, place(6, 34, 1));
}

#[test]
fn a_table_plays_each_of_its_combinations() {
    let found = scenes(
        "
title: '${path} ${qos}'
threads: [a#1]
cases:
  product:
    path: { live: , will: { versions: [5], threads: [b#2] } }
    qos: [0, 1, 2]
  except: [ { path: will, qos: 2, because: it is tried by hand } ]
  by-hand: { path: will, qos: 2 }
clients: { a: }
steps: [ a: { publish: { topic: $path, qos: $qos } } ]
",
    );
    let ids: Vec<_> = found
        .iter()
        .map(|scene| {
            let id = scene.id.to_string();
            format!(
                "{} {} {}",
                &id["session/deep/case".len()..],
                scene.title,
                scene.threads.join(",")
            )
        })
        .collect();
    assert_eq!(
        ids,
        [
            "[by-hand]@3.1.1 will 2 a#1",
            "[by-hand]@5 will 2 a#1",
            "[live-0]@3.1.1 live 0 a#1",
            "[live-0]@5 live 0 a#1",
            "[live-1]@3.1.1 live 1 a#1",
            "[live-1]@5 live 1 a#1",
            "[live-2]@3.1.1 live 2 a#1",
            "[live-2]@5 live 2 a#1",
            "[will-0]@5 will 0 a#1,b#2",
            "[will-1]@5 will 1 a#1,b#2",
        ]
    );
}

#[test]
fn an_if_takes_steps_clients_and_more_out_of_a_row() {
    let found = scenes(
        "
title: t
versions: [5]
cases:
  one: { path: live, late: true, more: [ a: ping, b: ping ] }
  two: { path: will, late: false, more: [ a: ping ] }
clients: { a: , b: { if: { path: live } } }
steps:
  - a: connect
  - if: { path: live }
    steps: [ b: connect, b: { publish: { topic: t } } ]
  - { if: { path: { not: live } }, a: { publish: { topic: t } } }
  - $more
  - repeat:
      times: 3
      as: i
      steps: [ { if: { i: [1, 3], path: live }, b: { publish: { topic: 't${i}' } } }, { if: $late, a: disconnect } ]
",
    );
    let labels = |scene: &Scene| {
        let labels: Vec<_> = scene.steps.iter().map(|step| step.label.clone()).collect();
        (scene.clients.len(), labels.join("; "))
    };
    let [one, two] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        labels(one),
        (
            2,
            "a: connect; b: connect; b: { publish: { topic: t } }; a: ping; b: ping; b: { publish: { topic: t1 } }; \
             a: disconnect; a: disconnect; b: { publish: { topic: t3 } }; a: disconnect".to_owned()
        )
    );
    assert_eq!(
        labels(two),
        (
            1,
            "a: connect; a: { publish: { topic: t } }; a: ping".to_owned()
        )
    );
}

#[test]
fn a_row_fills_in_actors_keys_and_whole_mappings() {
    let found = scenes(
        "
title: t
versions: [5]
cases:
  one: { who: a, property: content_type, value: text, more: { qos: 1, retain: true }, sent: { publish: { topic: u } } }
clients: { a: , b: }
steps:
  - $who: connect
  - $who: { publish: { topic: t, '${property}': $value, $more } }
  - b: $sent
",
    );
    let steps = &found[0].steps;
    let actor = |step: &Arc<Step>| match &step.action {
        Action::Client { client, .. } => client.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(steps.iter().map(actor).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(
        fields(&exchange(&steps[1]).packet),
        [
            ("topic", text("t")),
            ("content_type", text("text")),
            ("qos", number(1)),
            ("retain", flag(true)),
        ]
    );
}

#[test]
fn a_folded_repeat_is_one_step() {
    let steps = steps(
        "- { repeat: { times: 70000, as: i, folded: true, steps: [ a: { publish: { topic: t, payload: 'm${i}' } } ] }, id: all }\n",
    );
    let Action::Rounds(rounds) = &steps[0].action else {
        panic!("{steps:?}");
    };
    assert_eq!((rounds.times, rounds.steps.len()), (70_000, 1));
    assert_eq!(steps[0].id.as_deref(), Some("all"));
    let payload = Expr::Joined(vec![text("m"), Expr::Name("i".to_owned())]);
    assert!(fields(&exchange(&rounds.steps[0]).packet).contains(&("payload", payload)));
}

#[test]
fn a_case_is_large_by_what_all_rounds_send() {
    let is_large_with = |size: usize, rounds: usize| {
        is_large(&steps(&format!(
            "  - a: connect\n  - repeat: {{ times: {rounds}, folded: true, \
             steps: [ a: {{ publish: {{ topic: t, payload: {{ size: {size} }} }} }} ] }}\n"
        )))
    };
    assert!(!is_large_with(50_000, 20));
    assert!(is_large_with(50_000, 21));
    assert!(!is_large_with(9, 100_000));
    assert!(is_large_with(10, 100_000));
}
