use std::time::Duration;

use mqtt_check_codec::{Ack, Packet, PacketId, PacketType, ProtocolVersion, ReasonCode};

use super::super::granted_less::tests::record;
use super::super::{Charge, Finding, Symptom};
use super::{came_late, only_late};
use crate::diagnostic::Place;
use crate::matcher::Memory;
use crate::scenario::model::{
    ClientIndex, Expectation, Expr, FieldMatch, Level, Literal, Matcher, PacketPattern, Pattern,
};
use crate::transcript::{
    Ended, Ending, Event, EventIndex, LaneIndex, Outcome, StepIndex, Transcript, What,
};

const V5: ProtocolVersion = ProtocolVersion::V5;
const PLACE: Place = Place {
    line: 1,
    column: 1,
    length: 1,
};

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn puback(id: u16) -> Packet {
    Packet::PubAck(ack(id))
}

fn pubrec(id: u16) -> Packet {
    Packet::PubRec(ack(id))
}

fn ack(id: u16) -> Ack {
    Ack {
        packet_id: PacketId::new(id).expect("not 0"),
        reason: ReasonCode(0),
        properties: mqtt_check_codec::Properties::new(),
    }
}

/// Records packets that the broker sends at these seconds, after one that a step has taken.
fn received(packets: &[(u64, Packet)]) -> Transcript {
    let mut all = vec![(false, puback(9))];
    all.extend(packets.iter().map(|(_, packet)| (false, packet.clone())));
    let mut transcript = record(V5, &all);
    transcript.events[0].taken_by = Some(StepIndex(0));
    for (event, (at, _)) in transcript.events[1..].iter_mut().zip(packets) {
        event.at = seconds(*at);
    }
    transcript
}

fn expectation(pattern: Pattern) -> Expectation {
    Expectation::once(pattern, PLACE)
}

fn packet(packet_type: PacketType) -> PacketPattern {
    PacketPattern {
        packet_type,
        fields: Vec::new(),
    }
}

fn one(packet_type: PacketType) -> Expectation {
    expectation(Pattern::Packet(packet(packet_type)))
}

/// Returns a wait of five seconds.
fn waited(ended: Ended) -> Outcome {
    Outcome {
        taken: Vec::new(),
        alternative: None,
        ended,
        since: Duration::ZERO,
        limit: seconds(5),
        delay: Duration::ZERO,
        at: seconds(5),
    }
}

fn is_late(expectation: &Expectation, transcript: &Transcript) -> bool {
    let outcome = waited(Ended::TimedOut);
    let memory = Memory::default();
    came_late(expectation, &outcome, transcript, ClientIndex(0), &memory)
}

#[test]
fn an_awaited_packet_after_the_limit_is_late() {
    let expected = one(PacketType::PUBACK);
    assert!(is_late(&expected, &received(&[(7, puback(1))])));
    assert!(!is_late(&expected, &received(&[])));
    assert!(!is_late(&expected, &received(&[(7, pubrec(1))])));
    // A broker that ended the connection was not late.
    let outcome = waited(Ended::Closed);
    let transcript = received(&[(7, puback(1))]);
    let memory = Memory::default();
    assert!(!came_late(
        &expected,
        &outcome,
        &transcript,
        ClientIndex(0),
        &memory
    ));
}

#[test]
fn a_connection_without_broker_activity_proves_nothing() {
    let expected = one(PacketType::CONNACK);
    let mut transcript = received(&[]);
    assert!(!is_late(&expected, &transcript));
    transcript.events[0].what = What::Opened;
    assert!(is_late(&expected, &transcript));
    transcript.events[0].what = What::Closed(Ending::Close);
    assert!(!is_late(&expected, &transcript));
}

#[test]
fn a_packet_taken_by_another_step_is_not_late_for_this_one() {
    let mut transcript = received(&[(7, puback(1))]);
    transcript.events[1].taken_by = Some(StepIndex(3));
    assert!(!is_late(&one(PacketType::PUBACK), &transcript));
}

#[test]
fn a_late_packet_with_wrong_content_is_wrong() {
    let with_id = |id| {
        expectation(Pattern::Packet(PacketPattern {
            packet_type: PacketType::PUBACK,
            fields: vec![FieldMatch {
                name: "packet_id".into(),
                matcher: Matcher::Is(Expr::Literal(Literal::Number(id))),
                place: PLACE,
            }],
        }))
    };
    let transcript = received(&[(7, puback(1))]);
    assert!(is_late(&with_id(1), &transcript));
    assert!(!is_late(&with_id(2), &transcript));
}

#[test]
fn an_order_that_is_broken_is_not_late() {
    let order = expectation(Pattern::InOrder(vec![
        one(PacketType::PUBACK),
        one(PacketType::PUBREC),
    ]));
    assert!(is_late(
        &order,
        &received(&[(4, puback(1)), (7, pubrec(2))])
    ));
    assert!(is_late(
        &order,
        &received(&[(6, puback(1)), (7, pubrec(2))])
    ));
    assert!(!is_late(
        &order,
        &received(&[(6, pubrec(2)), (7, puback(1))])
    ));
    let any_order = expectation(Pattern::Unordered(vec![
        packet(PacketType::PUBACK),
        packet(PacketType::PUBREC),
    ]));
    assert!(is_late(
        &any_order,
        &received(&[(6, pubrec(2)), (7, puback(1))])
    ));
    assert!(!is_late(&any_order, &received(&[(6, pubrec(2))])));
}

#[test]
fn a_connection_that_we_ended_was_not_closed_late() {
    let event = |at, what| Event {
        at: seconds(at),
        lane: LaneIndex(0),
        during: StepIndex(1),
        taken_by: None,
        what,
    };
    let closed = expectation(Pattern::Closed { how: None });
    let mut transcript = received(&[]);
    transcript
        .events
        .push(event(8, What::Closed(Ending::Close)));
    assert!(is_late(&closed, &transcript));
    let ours = event(6, What::Dropped(Ending::Close));
    transcript.events.insert(1, ours);
    assert!(!is_late(&closed, &transcript));
}

/// Returns a finding of a step.
fn finding(step: usize, symptom: Symptom, is_late: bool) -> Finding {
    Finding {
        charge: Charge::must(V5, "MQTT-3.8.4-1"),
        expected: vec!["SUBACK".into()],
        actual: "no SUBACK within 5 s; SUBACK arrived after 7 s".into(),
        step: Some(StepIndex(step)),
        label: format!("step {step}"),
        place: None,
        note: None,
        events: vec![EventIndex(0)],
        repeats: 0,
        is_slow: false,
        is_late,
        symptom,
    }
}

#[test]
fn only_consequences_of_a_late_packet_may_be_wrong_with_it() {
    let absent = || Symptom::no(PacketType::PUBLISH);
    let late = |step| finding(step, Symptom::no(PacketType::SUBACK), true);
    let words = "step 2: no SUBACK within 5 s; SUBACK arrived after 7 s";
    assert_eq!(only_late(&[late(2)]).as_deref(), Some(words));
    assert!(only_late(&[late(2), late(4)]).is_some());
    assert!(only_late(&[]).is_none());
    // A later step times out because the late packet should have caused what it waits for.
    assert!(only_late(&[late(2), finding(3, absent(), false)]).is_some());
    // An earlier step does not, nor does a packet that differs from what it should be.
    assert!(only_late(&[finding(1, absent(), false), late(2)]).is_none());
    assert!(only_late(&[finding(1, absent(), false)]).is_none());
    for wrong in [
        Symptom::extra(PacketType::PUBLISH),
        Symptom::differing(PacketType::PUBLISH, "retain"),
        Symptom::lost_session(),
        Symptom::open_connection(),
        Symptom::default(),
    ] {
        let found = [late(2), finding(3, wrong.clone(), false)];
        assert!(only_late(&found).is_none(), "{wrong}");
        // A client without a CONNACK in time has skipped what the case is about.
        let connack = finding(2, Symptom::no(PacketType::CONNACK), true);
        let found = [connack, finding(3, wrong, false)];
        assert!(only_late(&found).is_some());
    }
}

#[test]
fn findings_that_are_not_judged_change_nothing() {
    let remark = Finding {
        charge: Charge::advice(Level::May),
        ..finding(1, Symptom::extra(PacketType::PUBLISH), false)
    };
    let late = finding(2, Symptom::no(PacketType::SUBACK), true);
    assert!(only_late(&[remark.clone(), late.clone()]).is_some());
    let late_remark = Finding {
        charge: Charge::advice(Level::May),
        ..late
    };
    assert!(only_late(&[remark, late_remark]).is_none());
}
