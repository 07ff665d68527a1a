//! Judges single waits on records made by hand.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{
    Frame, Packet, PacketId, PacketType, Properties, ProtocolVersion, Publish, QoS, ReasonCode,
    SubAck, Subscribe, Subscription, SubscriptionOptions,
};

use super::blame::{Aspect, Event, Obsolete, Wrong};
use super::expectation::{CarriedOver, Judged, Play, judge_outcome};
use super::granted_less::tests::{puback, record};
use super::granted_less::{Excused, GrantedLess};
use crate::diagnostic::Place;
use crate::matcher::Memory;
use crate::scenario::model::{
    ClientIndex, Expectation, Expr, FieldMatch, Literal, Matcher, PacketPattern, Pattern,
};
use crate::transcript::{Ended, EventIndex, LaneIndex, Outcome, Transcript, What};

const V5: ProtocolVersion = ProtocolVersion::V5;

const SPAN: Duration = Duration::from_secs(1);
const PLACE: Place = Place {
    line: 1,
    column: 1,
    length: 1,
};

fn nothing() -> Pattern {
    Pattern::Silence {
        of: Vec::new(),
        span: SPAN,
    }
}

/// Returns what judging a silence finds if this packet of the record breaks it.
fn silence(transcript: &Transcript, breaks: usize) -> Vec<Judged> {
    judged(
        transcript,
        nothing(),
        vec![EventIndex(breaks)],
        Ended::Complete,
    )
}

/// Returns what judging a wait for this pattern finds if it took these packets.
fn judged(
    transcript: &Transcript,
    pattern: Pattern,
    taken: Vec<EventIndex>,
    ended: Ended,
) -> Vec<Judged> {
    let expectation = Expectation::once(pattern, PLACE);
    let outcome = Outcome {
        taken,
        alternative: None,
        ended,
        since: Duration::ZERO,
        limit: SPAN,
        delay: Duration::ZERO,
        at: Duration::ZERO,
    };
    let granted_less = GrantedLess::none(transcript);
    judge_outcome(
        &expectation,
        &outcome,
        Play {
            transcript,
            granted_less: &granted_less,
        },
        (ClientIndex(0), V5),
        CarriedOver {
            memory: &mut Memory::default(),
            excused: &mut Excused::new(),
        },
    )
}

/// Returns a PUBLISH of QoS 1 to the topic `x`.
fn publish(retain: bool, payload: &'static str) -> Packet {
    Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtLeastOnce,
        retain,
        topic: "x".into(),
        packet_id: Some(PacketId::MIN),
        properties: Properties::new(),
        payload: Bytes::from_static(payload.as_bytes()),
    })
}

/// Returns a SUBSCRIBE to these filters with QoS 1.
fn subscribe(filters: &[&str]) -> Packet {
    let subscriptions = filters.iter().map(|filter| Subscription {
        filter: (*filter).into(),
        options: SubscriptionOptions::new(QoS::AtLeastOnce),
    });
    Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        subscriptions: subscriptions.collect(),
    })
}

fn field(name: &str, literal: Literal) -> FieldMatch {
    FieldMatch {
        name: name.to_owned(),
        matcher: Matcher::Is(Expr::Literal(literal)),
        place: PLACE,
    }
}

/// Returns an expectation of one packet of this type.
fn answer(packet_type: PacketType) -> Expectation {
    let pattern = PacketPattern {
        packet_type,
        fields: Vec::new(),
    };
    Expectation::once(Pattern::Packet(pattern), PLACE)
}

/// Returns the arrival of a packet that cannot be decoded.
fn malformed(bytes: &'static [u8]) -> What {
    let frame = Frame::from_bytes(Bytes::from_static(bytes)).expect("a frame");
    let packet = Packet::decode(&frame, V5);
    assert!(packet.is_err());
    What::Received {
        frame,
        packet,
        faults: Vec::new(),
        topic: None,
        carried_in: None,
        automatic: false,
    }
}

#[test]
fn a_malformed_packet_in_a_silence_is_wrong_by_its_bytes() {
    let suback = Packet::SubAck(SubAck {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        reasons: vec![ReasonCode(1)],
    });
    let mut transcript = record(V5, &[(false, suback)]);
    let found = silence(&transcript, 0);
    let extra = Wrong::Event(Event::Extra(PacketType::SUBACK));
    assert!(
        matches!(found.as_slice(), [judged] if judged.wrong == [extra] && !judged.is_malformed),
        "{found:?}"
    );
    // The same SUBACK without its Property Length.
    transcript.events[0].what = malformed(&[0x90, 3, 0, 1, 1]);
    let found = silence(&transcript, 0);
    let is_by_bytes = |judged: &Judged| matches!(judged.wrong.as_slice(), [Wrong::Bytes(Some(_))]);
    assert!(
        matches!(found.as_slice(), [judged] if is_by_bytes(judged) && judged.is_malformed),
        "{found:?}"
    );
}

/// Packet Identifier 0 is what is wrong with an answer, unless the client has sent it.
#[test]
fn an_answer_to_identifier_0_does_not_have_a_wrong_identifier() {
    let ping = || (true, Packet::PingReq);
    let stayed_open = Wrong::Event(Event::StayedOpen);
    let by_bytes = |clause| Wrong::Bytes(Some(clause));
    const PUBLISH: &[u8] = &[0x32, 6, 0, 1, b'x', 0, 0, 0];
    for (id, received, wrong) in [
        (0, &[0x40, 2, 0, 0][..], stayed_open),
        (1, &[0x40, 2, 0, 0][..], by_bytes("MQTT-2.2.1-5")),
        (0, PUBLISH, by_bytes("MQTT-2.2.1-4")),
    ] {
        let mut transcript = record(V5, &[ping(), ping()]);
        transcript.events[0].what = What::Sent {
            bytes: Bytes::from(vec![0x32, 6, 0, 1, b'x', 0, id, 0]),
            packet: None,
            automatic: false,
        };
        transcript.events[1].what = malformed(received);
        let found = silence(&transcript, 1);
        let [judged] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(judged.wrong, [wrong], "{received:?}");
    }
}

/// A message received once too often is a copy of another. One of two that were published is not.
#[test]
fn a_message_that_was_published_twice_is_no_copy_of_the_first() {
    let publish = |dup| {
        Packet::Publish(Publish {
            dup,
            qos: QoS::AtLeastOnce,
            retain: false,
            topic: "x".into(),
            packet_id: Some(PacketId::MIN),
            properties: Properties::new(),
            payload: Bytes::from_static(b"the same"),
        })
    };
    let sent = |dup| (true, publish(dup));
    let received = || (false, publish(false));
    let subscribes = |filters: &[&str]| (true, subscribe(filters));
    let extra = Wrong::Event(Event::Extra(PacketType::PUBLISH));
    let repeated = Wrong::Event(Event::Repeated(QoS::AtLeastOnce));
    for (packets, wrong) in [
        (vec![sent(false), received(), received()], &repeated),
        (
            vec![sent(false), sent(true), received(), received()],
            &repeated,
        ),
        (
            vec![sent(false), sent(false), received(), received()],
            &extra,
        ),
        (
            vec![sent(false), sent(false), received(), received(), received()],
            &repeated,
        ),
        (vec![received()], &extra),
        // One copy for each of its subscriptions that match.
        (
            vec![subscribes(&["x", "+"]), sent(false), received(), received()],
            &extra,
        ),
        (
            vec![
                subscribes(&["x", "+"]),
                sent(false),
                received(),
                received(),
                received(),
            ],
            &repeated,
        ),
        (
            vec![
                subscribes(&["x", "y", "x"]),
                sent(false),
                received(),
                received(),
            ],
            &repeated,
        ),
        // The record does not show what other clients publish.
        (vec![received(), received()], &repeated),
    ] {
        let transcript = record(V5, &packets);
        let found = silence(&transcript, packets.len() - 1);
        let [judged] = &found[..] else {
            panic!("{packets:?}: {found:?}");
        };
        assert_eq!(judged.wrong, std::slice::from_ref(wrong), "{packets:?}");
    }
}

/// A retained message that is sent for a SUBSCRIBE is not a copy of an equal one that was received before.
#[test]
fn a_retained_message_for_a_subscribe_is_no_copy() {
    let sent = |retain, payload| (true, publish(retain, payload));
    let live = || (false, publish(false, "old"));
    let retained = || (false, publish(true, "old"));
    let acknowledged = || (true, puback(1, ReasonCode::SUCCESS));
    let subscribes = |filter| (true, subscribe(&[filter]));
    let is_obsolete = |why| Wrong::Event(Event::Obsolete(why));
    let extra = Wrong::Event(Event::Extra(PacketType::PUBLISH));
    let repeated = Wrong::Event(Event::Repeated(QoS::AtLeastOnce));
    for (before, after, wrong) in [
        (
            vec![sent(true, "old"), live(), acknowledged(), sent(true, "new")],
            vec![subscribes("x"), retained()],
            is_obsolete(Obsolete::Replaced),
        ),
        (
            vec![sent(true, "old"), live(), acknowledged(), sent(true, "")],
            vec![subscribes("+"), retained()],
            is_obsolete(Obsolete::Removed),
        ),
        (
            vec![sent(false, "old"), live(), acknowledged()],
            vec![subscribes("x"), retained()],
            is_obsolete(Obsolete::NotRetained),
        ),
        // It is retained, so nothing is wrong with its content.
        (
            vec![sent(true, "old"), live(), acknowledged()],
            vec![subscribes("x"), retained()],
            extra,
        ),
        // These are copies: the SUBSCRIBE brought the message already, it is for another topic, the message is not a
        // retained one, or the client has not acknowledged it.
        (
            vec![sent(true, "old"), live(), acknowledged()],
            vec![subscribes("x"), retained(), acknowledged(), retained()],
            repeated.clone(),
        ),
        (
            vec![sent(true, "old"), live(), acknowledged(), sent(true, "new")],
            vec![subscribes("y"), retained()],
            repeated.clone(),
        ),
        (
            vec![sent(true, "old"), live(), acknowledged(), sent(true, "new")],
            vec![subscribes("x"), live()],
            repeated.clone(),
        ),
        (
            vec![sent(true, "old"), live(), sent(true, "new")],
            vec![subscribes("x"), retained()],
            repeated,
        ),
    ] {
        let packets: Vec<_> = before.into_iter().chain(after).collect();
        let transcript = record(V5, &packets);
        let found = silence(&transcript, packets.len() - 1);
        let [judged] = &found[..] else {
            panic!("{packets:?}: {found:?}");
        };
        assert_eq!(judged.wrong, [wrong], "{packets:?}");
    }
}

/// If everything of an alternative was received, the additional packet is what is wrong. Nothing is missing.
#[test]
fn a_packet_in_addition_to_an_alternative_is_extra() {
    let silence = || Expectation::once(nothing(), PLACE);
    let alternatives = vec![
        vec![
            answer(PacketType::PINGRESP),
            answer(PacketType::SUBACK),
            silence(),
        ],
        vec![answer(PacketType::PINGRESP), silence()],
    ];
    let packets = [(false, Packet::PingResp), (false, Packet::PingReq)];
    let wrong = |packets: &[(bool, Packet)]| {
        let transcript = record(V5, packets);
        let pattern = Pattern::AnyOf(alternatives.clone());
        let found = judged(&transcript, pattern, Vec::new(), Ended::TimedOut);
        found
            .into_iter()
            .flat_map(|judged| judged.wrong)
            .collect::<Vec<_>>()
    };
    let extra = Wrong::Event(Event::Extra(PacketType::PINGREQ));
    assert_eq!(wrong(&packets), [extra]);
    let missing = Wrong::Event(Event::Missing(PacketType::PINGRESP));
    assert_eq!(wrong(&packets[1..]), [missing]);
}

/// Of two copies, one has a QoS that no alternative permits. The copy itself is not one too many.
#[test]
fn a_copy_with_a_wrong_field_is_not_extra() {
    let received = |qos, payload: &'static str| {
        let publish = Publish {
            dup: false,
            qos,
            retain: false,
            topic: "x".into(),
            packet_id: (qos != QoS::AtMostOnce).then_some(PacketId::MIN),
            properties: Properties::new(),
            payload: Bytes::from_static(payload.as_bytes()),
        };
        (false, Packet::Publish(publish))
    };
    let copy = |qos| PacketPattern {
        packet_type: PacketType::PUBLISH,
        fields: vec![
            field("payload", Literal::Bytes(Bytes::from_static(b"live"))),
            field("qos", Literal::Number(qos)),
        ],
    };
    let once = |pattern| Expectation::once(pattern, PLACE);
    let alternatives = vec![
        vec![once(Pattern::Unordered(vec![copy(1), copy(0)]))],
        vec![once(Pattern::Packet(copy(1))), once(nothing())],
    ];
    let high = received(QoS::AtLeastOnce, "live");
    let raised = received(QoS::ExactlyOnce, "live");
    let other = received(QoS::ExactlyOnce, "other");
    let aspect = |aspect| vec![Wrong::Aspect(aspect)];
    let extra = vec![Wrong::Event(Event::Extra(PacketType::PUBLISH))];
    for (packets, expected) in [
        (
            vec![raised.clone(), high.clone()],
            aspect(Aspect::QosRaised),
        ),
        (
            vec![high.clone(), raised.clone()],
            aspect(Aspect::QosRaised),
        ),
        (vec![raised], aspect(Aspect::QosRaised)),
        (vec![other, high], extra),
    ] {
        let transcript = record(V5, &packets);
        let pattern = Pattern::AnyOf(alternatives.clone());
        let found = judged(&transcript, pattern, Vec::new(), Ended::TimedOut);
        let [judged] = &found[..] else {
            panic!("{packets:?}: {found:?}");
        };
        assert_eq!(judged.wrong, expected, "{packets:?}");
    }
}

/// If a part of an alternative was received, the rest of it is missing. The first alternative is blamed only if nothing
/// was received.
#[test]
fn the_rest_of_the_alternative_that_began_is_missing() {
    let alternatives = vec![
        vec![answer(PacketType::SUBACK)],
        vec![answer(PacketType::PINGRESP), answer(PacketType::UNSUBACK)],
    ];
    for (packets, missing) in [
        (vec![], PacketType::SUBACK),
        (vec![(false, Packet::PingReq)], PacketType::SUBACK),
        (vec![(false, Packet::PingResp)], PacketType::UNSUBACK),
    ] {
        let transcript = record(V5, &packets);
        let pattern = Pattern::AnyOf(alternatives.clone());
        let found = judged(&transcript, pattern, Vec::new(), Ended::TimedOut);
        let wrong: Vec<Wrong> = found.into_iter().flat_map(|judged| judged.wrong).collect();
        let expected = Wrong::Event(Event::Missing(missing));
        assert_eq!(wrong, [expected], "{packets:?}");
    }
}

/// A retained message that an earlier connection received and the client has not acknowledged must be sent again. One
/// that a SUBSCRIBE of the new connection should have brought is a retained message that is missing.
#[test]
fn a_retained_message_for_a_new_subscribe_is_not_one_to_send_again() {
    let due = PacketPattern {
        packet_type: PacketType::PUBLISH,
        fields: vec![
            field("payload", Literal::Bytes(Bytes::from_static(b"kept"))),
            field("retain", Literal::Bool(true)),
        ],
    };
    let packets = [
        (true, publish(true, "kept")),
        (true, subscribe(&["x"])),
        (false, publish(true, "kept")),
        // On the next connection.
        (true, Packet::PingReq),
        (true, subscribe(&["x"])),
    ];
    for (length, expected) in [(4, Event::NotResent), (5, Event::NotRetained)] {
        let mut transcript = record(V5, &packets[..length]);
        let mut second = transcript.lanes[0].clone();
        second.connection = 2;
        transcript.lanes.push(second);
        for event in &mut transcript.events[3..] {
            event.lane = LaneIndex(1);
        }
        let pattern = Pattern::Packet(due.clone());
        let found = judged(&transcript, pattern, Vec::new(), Ended::TimedOut);
        let wrong: Vec<Wrong> = found.into_iter().flat_map(|judged| judged.wrong).collect();
        assert_eq!(wrong, [Wrong::Event(expected)]);
    }
}
