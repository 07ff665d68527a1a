use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{
    Ack, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Properties, Property,
    ProtocolVersion, Publish, QoS, ReasonCode, SubAck, Subscribe, Subscription,
    SubscriptionOptions,
};

use super::given::{Grant, Granted, LesserGrant, granted_less};
use super::{Excused, GrantedLess};
use crate::diagnostic::Place;
use crate::matcher::Memory;
use crate::plan::Plan;
use crate::scenario::model::{
    CaseId, ClientIndex, Expr, FieldMatch, Literal, Matcher, PacketPattern, Settings,
};
use crate::transcript::{
    Ending, Event, EventIndex, HookSource, Lane, LaneIndex, NotReached, StepIndex, Transcript, What,
};

/// Returns a PUBLISH of QoS 1.
pub(super) fn publish(id: u16, topic: &'static str, payload: &'static str) -> Packet {
    Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtLeastOnce,
        retain: false,
        topic: topic.into(),
        packet_id: PacketId::new(id),
        properties: Properties::new(),
        payload: payload.into(),
    })
}

/// Returns a PUBACK.
pub(in crate::verdict) fn puback(id: u16, reason: ReasonCode) -> Packet {
    Packet::PubAck(Ack {
        packet_id: PacketId::new(id).expect("not 0"),
        reason,
        properties: Properties::new(),
    })
}

/// Returns the record of one connection. The flag of each packet states whether the client sent it.
pub(in crate::verdict) fn record(
    version: ProtocolVersion,
    packets: &[(bool, Packet)],
) -> Transcript {
    let event = |(is_ours, packet): &(bool, Packet)| {
        let mut bytes = bytes::BytesMut::new();
        packet.encode(version, &mut bytes).expect("a sound packet");
        let bytes: Bytes = bytes.freeze();
        Event {
            at: Duration::ZERO,
            lane: LaneIndex(0),
            during: StepIndex(0),
            taken_by: None,
            what: match is_ours {
                true => What::Sent {
                    bytes,
                    packet: Some(packet.clone()),
                    automatic: false,
                },
                false => What::Received {
                    frame: mqtt_check_codec::Frame::from_bytes(bytes).expect("a frame"),
                    packet: Ok(packet.clone()),
                    faults: Vec::new(),
                    topic: None,
                    carried_in: None,
                    automatic: false,
                },
            },
        }
    };
    Transcript {
        case: CaseId {
            path: "a".into(),
            row: None,
            version,
        },
        prefix: String::new(),
        lanes: vec![Lane {
            client: ClientIndex(0),
            name: "a".into(),
            connection: 1,
            node: 0,
            version,
        }],
        events: packets.iter().map(event).collect(),
        hooks: Vec::new(),
        hook_source: HookSource::None,
        steps: Vec::new(),
        rounds: Vec::new(),
        choices: Vec::new(),
        facts: Vec::new(),
        broken_off: None,
        late: Duration::ZERO,
        delay: Duration::ZERO,
        silence_check: Duration::ZERO,
        left_behind: Vec::new(),
        log: Default::default(),
    }
}

/// Returns the lesser grants if `filter` was requested with QoS 2 and answered with this code.
fn granted(
    version: ProtocolVersion,
    filter: &'static str,
    code: ReasonCode,
    settings: &Settings,
) -> Vec<LesserGrant> {
    let packet_id = PacketId::MIN;
    let properties = Properties::new();
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id,
        properties: properties.clone(),
        subscriptions: vec![Subscription {
            filter: filter.into(),
            options: SubscriptionOptions::new(QoS::ExactlyOnce),
        }],
    });
    let suback = Packet::SubAck(SubAck {
        packet_id,
        properties,
        reasons: vec![code],
    });
    let record = record(version, &[(true, subscribe), (false, suback)]);
    granted_less(&record, settings)
}

#[test]
fn a_grant_counts_where_no_setting_asks_for_it() {
    let usual = Settings::default();
    let limited = Settings {
        maximum_qos: Some(QoS::AtLeastOnce),
        ..Settings::default()
    };
    let one = ReasonCode(1);
    for version in [ProtocolVersion::V3_1_1, ProtocolVersion::V5] {
        let given = granted(version, "a", one, &usual);
        let is_lowered = |grant: &LesserGrant| {
            matches!(
                &grant.what,
                Grant::Subscription {
                    granted: Granted::Lower(1),
                    asked: 2,
                    ..
                }
            )
        };
        assert!(
            matches!(given.as_slice(), [grant] if is_lowered(grant)),
            "{given:?}"
        );
        assert!(granted(version, "a", one, &limited).is_empty());
        assert!(granted(version, "a", ReasonCode(2), &usual).is_empty());
    }
}

#[test]
fn a_refusal_counts_where_no_setting_asks_for_it() {
    let usual = Settings::default();
    let limited = Settings {
        maximum_subscriptions: Some(1),
        ..Settings::default()
    };
    let deep = Settings {
        maximum_topic_levels: Some(8),
        ..Settings::default()
    };
    let listed = Settings {
        access: Some(Some(Vec::new())),
        ..Settings::default()
    };
    let is_excused = |code, filter, settings: &Settings| {
        let given = granted(ProtocolVersion::V5, filter, code, settings);
        given.iter().any(|grant| grant.refuses().is_some())
    };
    assert!(is_excused(ReasonCode::UNSPECIFIED_ERROR, "a", &usual));
    assert!(!is_excused(ReasonCode::UNSPECIFIED_ERROR, "a", &limited));
    assert!(is_excused(ReasonCode::NOT_AUTHORIZED, "a", &limited));
    assert!(!is_excused(ReasonCode::NOT_AUTHORIZED, "a", &listed));
    // A filter may be well formed but not allowed for this client.
    assert!(is_excused(ReasonCode::TOPIC_FILTER_INVALID, "a/+", &usual));
    assert!(!is_excused(ReasonCode::TOPIC_FILTER_INVALID, "a/+", &deep));
    assert!(!is_excused(
        ReasonCode::TOPIC_FILTER_INVALID,
        "a/#/b",
        &usual
    ));
    // 3.1.1 has no such code. What was granted is unknown, and the code is a separate finding.
    let failure = granted(ProtocolVersion::V3_1_1, "a", ReasonCode(0x80), &usual);
    assert!(
        matches!(failure.as_slice(), [grant] if grant.why.contains("refused")),
        "{failure:?}"
    );
    let unknown = granted(ProtocolVersion::V3_1_1, "a", ReasonCode(0x8F), &usual);
    assert!(
        matches!(unknown.as_slice(), [grant] if grant.why.contains("answered")),
        "{unknown:?}"
    );
}

/// Returns the lesser grants after a SUBSCRIBE and a refusing SUBACK with another identifier. `comes` adds the SUBACK
/// that is due.
fn strayed(comes: bool) -> Vec<LesserGrant> {
    let properties = Properties::new();
    let suback = |id, code| {
        Packet::SubAck(SubAck {
            packet_id: PacketId::new(id).expect("not 0"),
            properties: Properties::new(),
            reasons: vec![code],
        })
    };
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties,
        subscriptions: vec![Subscription {
            filter: "a".into(),
            options: SubscriptionOptions::new(QoS::ExactlyOnce),
        }],
    });
    let mut packets = vec![
        (true, subscribe),
        (false, suback(2, ReasonCode::NOT_AUTHORIZED)),
    ];
    packets.extend(comes.then(|| (false, suback(1, ReasonCode(2)))));
    granted_less(&record(ProtocolVersion::V5, &packets), &Settings::default())
}

#[test]
fn a_suback_with_another_identifier_may_answer_any_unanswered_subscribe() {
    let given = strayed(false);
    let at: Vec<usize> = given.iter().map(|grant| grant.at.0).collect();
    assert_eq!(at, [0, 1], "{given:?}");
    assert!(given.iter().all(|grant| grant.is_refusal()), "{given:?}");
    let given = strayed(true);
    assert!(given.is_empty(), "{given:?}");
}

/// Returns a plan of version 5.
pub(super) fn some_plan() -> Plan {
    let scenario = "scenarios/transport/websocket-several-packets-in-one-frame.yaml";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario);
    let scenes = crate::scenario::load(&[path]).expect("the suite is right");
    let mut scenes = scenes.into_iter();
    let scene = scenes.find(|scene| scene.id.version == ProtocolVersion::V5);
    crate::plan::plan(scene.expect("has version 5")).expect("can be planned")
}

/// Returns whether a step of the second client that could not be played is excused because the first client was refused
/// a subscription.
fn lets_off_absence(is_accepted: bool) -> bool {
    let plan = some_plan();
    let properties = Properties::new;
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: properties(),
        subscriptions: vec![Subscription {
            filter: "a".into(),
            options: SubscriptionOptions::new(QoS::AtMostOnce),
        }],
    });
    let suback = Packet::SubAck(SubAck {
        packet_id: PacketId::MIN,
        properties: properties(),
        reasons: vec![ReasonCode::NOT_AUTHORIZED],
    });
    let connack = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: match is_accepted {
            true => ReasonCode::SUCCESS,
            false => ReasonCode::UNSPECIFIED_ERROR,
        },
        properties: properties(),
    });
    let packets = [(true, subscribe), (false, suback), (false, connack)];
    let mut transcript = record(ProtocolVersion::V5, &packets);
    transcript.lanes.push(Lane {
        client: ClientIndex(1),
        name: "b".into(),
        ..transcript.lanes[0].clone()
    });
    transcript.events[2].lane = LaneIndex(1);
    let why = NotReached::Because("`b` is not connected".into());
    GrantedLess::new(&plan, &transcript).excuses_absence(
        Some(ClientIndex(1)),
        Duration::ZERO,
        &why,
        &mut Excused::new(),
    )
}

#[test]
fn a_refused_client_lacks_nothing_that_was_refused_to_another() {
    assert!(lets_off_absence(true));
    assert!(!lets_off_absence(false));
}

#[test]
fn a_session_expiry_that_repeats_the_clients_own_is_none() {
    let expiry = |seconds| -> Properties {
        [Property::SessionExpiryInterval(seconds)]
            .into_iter()
            .collect()
    };
    let given = |asked, granted| {
        let connect = Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V5,
            clean_start: false,
            keep_alive_s: 0,
            properties: expiry(asked),
            client_id: "a".into(),
            will: None,
            username: None,
            password: None,
        }));
        let connack = Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: expiry(granted),
        });
        let record = record(ProtocolVersion::V5, &[(true, connect), (false, connack)]);
        granted_less(&record, &Settings::default()).len()
    };
    assert_eq!(given(300, 300), 0);
    assert_eq!(given(300, 60), 1);
    // A longer session also differs from the request.
    assert_eq!(given(0, 600), 1);
}

#[test]
fn a_disconnect_may_decide_when_a_session_ends() {
    let expiry = |seconds: Option<u32>| -> Properties {
        let seconds = seconds.map(Property::SessionExpiryInterval);
        seconds.into_iter().collect()
    };
    let over = |asked, granted, set| {
        let connect = Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V5,
            clean_start: false,
            keep_alive_s: 0,
            properties: expiry(Some(asked)),
            client_id: "a".into(),
            will: None,
            username: None,
            password: None,
        }));
        let connack = Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: expiry(Some(granted)),
        });
        let disconnect = Packet::Disconnect(Disconnect {
            reason: ReasonCode::UNSPECIFIED_ERROR,
            properties: expiry(set),
        });
        let packets = [(true, connect), (false, connack), (true, disconnect)];
        let mut transcript = record(ProtocolVersion::V5, &packets);
        transcript.events.push(Event {
            what: What::Dropped(Ending::Close),
            ..transcript.events[2].clone()
        });
        let plan = some_plan();
        let over = GrantedLess::new(&plan, &transcript).may_be_over(LaneIndex(0));
        over.map(|over| over.as_secs())
    };
    assert_eq!(over(300, 60, None), Some(60));
    assert_eq!(over(300, 60, Some(100)), Some(60));
    // The server has granted what DISCONNECT sets.
    assert_eq!(over(300, 60, Some(3)), None);
    assert_eq!(over(2, 600, None), Some(2));
    assert_eq!(over(2, 600, Some(300)), Some(300));
}

/// Returns the lesser grants if the second of two messages of QoS 1 is answered with this code. The second message has
/// an identifier of its own, or that of the first.
fn answered(reason: ReasonCode, receive_maximum: Option<u16>, again: bool) -> Vec<LesserGrant> {
    let connack = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: ReasonCode::SUCCESS,
        properties: receive_maximum
            .map(Property::ReceiveMaximum)
            .into_iter()
            .collect(),
    });
    let id = if again { 1 } else { 2 };
    let packets = [
        (false, connack),
        (true, publish(1, "a", "")),
        (true, publish(id, "a", "")),
        (false, puback(id, reason)),
    ];
    granted_less(&record(ProtocolVersion::V5, &packets), &Settings::default())
}

#[test]
fn a_message_that_is_refused_for_want_of_room_was_not_taken() {
    let quota = ReasonCode::QUOTA_EXCEEDED;
    assert_eq!(answered(quota, None, false).len(), 1);
    assert_eq!(answered(quota, Some(2), false).len(), 1);
    // A message beyond the Receive Maximum is a different matter.
    assert_eq!(answered(quota, Some(1), false).len(), 0);
}

#[test]
fn a_server_may_refuse_a_message_without_a_reason_of_the_case() {
    let codes = [
        ReasonCode::UNSPECIFIED_ERROR,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR,
        ReasonCode::TOPIC_NAME_INVALID,
    ];
    let packets = |code| [(true, publish(1, "a", "")), (false, puback(1, code))];
    for code in codes {
        let record = record(ProtocolVersion::V5, &packets(code));
        let given = granted_less(&record, &Settings::default());
        assert!(
            matches!(given.as_slice(), [grant] if grant.is_refusal()),
            "{code}: {given:?}"
        );
        // What a case is about is not excused.
        let checked = Settings {
            check_payload_format: Some(true),
            ..Settings::default()
        };
        assert!(granted_less(&record, &checked).is_empty(), "{code}");
    }
    // The payload has no format that could be wrong.
    let record = record(
        ProtocolVersion::V5,
        &packets(ReasonCode::PAYLOAD_FORMAT_INVALID),
    );
    assert!(granted_less(&record, &Settings::default()).is_empty());
}

#[test]
fn trusts_the_server_that_an_identifier_is_in_use() {
    let in_use = ReasonCode::PACKET_IDENTIFIER_IN_USE;
    assert_eq!(answered(in_use, None, false).len(), 1);
    assert_eq!(answered(in_use, None, true).len(), 0);
}

#[test]
fn a_code_that_no_puback_has_leaves_open_what_became_of_the_message() {
    let given = answered(ReasonCode::BANNED, None, false);
    let [grant] = given.as_slice() else {
        panic!("{given:?}");
    };
    assert!(!grant.is_refusal() && grant.is_unread(), "{given:?}");
}

/// Returns the fields that count in a message with this topic, where topic `a.b` with QoS 2 is due to a subscription
/// that was answered with this code.
fn counting_fields(topic: &'static str, code: ReasonCode) -> Vec<String> {
    let subscribe = Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        subscriptions: vec![Subscription {
            filter: "a.b".into(),
            options: SubscriptionOptions::new(QoS::ExactlyOnce),
        }],
    });
    let suback = Packet::SubAck(SubAck {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        reasons: vec![code],
    });
    let packets = [
        (true, subscribe),
        (false, suback),
        (false, publish(1, topic, "x")),
    ];
    let transcript = record(ProtocolVersion::V5, &packets);
    let field = |name: &str, literal| FieldMatch {
        name: name.to_owned(),
        matcher: Matcher::Is(Expr::Literal(literal)),
        place: Place {
            line: 1,
            column: 1,
            length: 1,
        },
    };
    let pattern = PacketPattern {
        packet_type: PacketType::PUBLISH,
        fields: vec![
            field("topic", Literal::Bytes(Bytes::from_static(b"a.b"))),
            field("payload", Literal::Bytes(Bytes::from_static(b"x"))),
            field("qos", Literal::Number(2)),
        ],
    };
    let plan = some_plan();
    let granted_less = GrantedLess::new(&plan, &transcript);
    let known = (ClientIndex(0), &Memory::default());
    let counting =
        granted_less.counting_mismatches(&pattern, EventIndex(2), known, &Excused::new());
    counting.into_iter().map(|m| m.field).collect()
}

#[test]
fn a_message_with_a_wrong_topic_still_has_the_granted_qos() {
    assert!(counting_fields("a.b", ReasonCode(1)).is_empty());
    assert_eq!(counting_fields("a/b", ReasonCode(1)), ["topic"]);
    // Nothing explains a QoS that is lower or higher than what was granted.
    assert_eq!(counting_fields("a/b", ReasonCode(2)), ["topic", "qos"]);
    assert_eq!(counting_fields("a/b", ReasonCode(0)), ["topic", "qos"]);
}
