use std::time::Duration;

use mqtt_check_codec::{
    Ack, ConnAck, Connect, Packet, PacketId, PacketType, Properties, ProtocolVersion, ReasonCode,
};

use super::super::granted_less::tests::record;
use super::super::{Charge, Finding, Symptom, Verdict};
use super::considered;
use crate::transcript::{Ended, Ending, Event, EventIndex, LaneIndex, StepIndex, Transcript, What};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;

const fn tenths(n: u64) -> Duration {
    Duration::from_millis(100 * n)
}

fn ack() -> Ack {
    Ack {
        packet_id: PacketId::new(1).expect("not 0"),
        reason: ReasonCode(0),
        properties: Properties::new(),
    }
}

/// Records a client with a Keep Alive of 2 s that sends PUBREL after 1.8 s. The arguments state when PUBCOMP is
/// received and when the broker closes, in tenths of a second.
fn closed(pubcomp: u64, close: u64) -> Transcript {
    let connect = Packet::Connect(Box::new(Connect {
        version: V3,
        clean_start: true,
        keep_alive_s: 2,
        properties: Properties::new(),
        client_id: "a".into(),
        will: None,
        username: None,
        password: None,
    }));
    let connack = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: ReasonCode(0),
        properties: Properties::new(),
    });
    let packets = [
        (true, connect),
        (false, connack),
        (true, Packet::PubRel(ack())),
        (false, Packet::PubComp(ack())),
    ];
    let mut transcript = record(V3, &packets);
    for (event, at) in transcript.events.iter_mut().zip([0, 1, 18, pubcomp]) {
        event.at = tenths(at);
    }
    transcript.events.push(Event {
        at: tenths(close),
        lane: LaneIndex(0),
        during: StepIndex(1),
        taken_by: None,
        what: What::Closed(Ending::Close),
    });
    transcript
}

fn finding(symptom: Symptom, event: usize) -> Finding {
    Finding {
        charge: Charge::must(V3, "MQTT-3.1.2-24"),
        expected: Vec::new(),
        actual: "the connection was closed before it came".into(),
        step: Some(StepIndex(1)),
        label: "a: ping".into(),
        place: None,
        note: None,
        events: vec![EventIndex(event)],
        repeats: 0,
        is_slow: false,
        is_late: false,
        symptom,
    }
}

/// Returns the finding that no PINGRESP was received before the connection ended.
fn cut_off(transcript: &Transcript) -> Finding {
    let symptom = Symptom::no(PacketType::PINGRESP).ended(Ended::Closed, &[], transcript);
    finding(symptom, 0)
}

/// Returns the verdict on these findings, and whether they count as late.
fn judged(transcript: &Transcript, mut findings: Vec<Finding>) -> (Verdict, bool) {
    let verdict = considered(transcript, Verdict::Failed, &mut findings);
    (verdict, findings.iter().all(|finding| finding.is_late))
}

#[test]
fn a_late_answer_made_the_client_late() {
    let transcript = closed(36, 48);
    let end = finding(Symptom::default(), 4);
    let (verdict, is_late) = judged(&transcript, vec![cut_off(&transcript), end]);
    let why = "the broker answered so late that a sent nothing for 3 s, and closed its connection (Keep Alive 2 s)";
    assert_eq!(verdict.reason(), Some(why));
    assert_eq!(verdict.as_str(), "inconclusive");
    assert!(is_late);
}

#[test]
fn a_broker_that_answers_and_closes_too_early_is_wrong() {
    for transcript in [
        // Before one and a half times the Keep Alive has passed.
        closed(36, 47),
        // The client would have been late anyway.
        closed(19, 60),
    ] {
        let found = vec![cut_off(&transcript)];
        assert_eq!(judged(&transcript, found), (Verdict::Failed, false));
    }
}

#[test]
fn findings_unrelated_to_the_close_stay_wrong() {
    let transcript = closed(36, 48);
    let other = finding(Symptom::extra(PacketType::PUBLISH), 3);
    let found = vec![cut_off(&transcript), other];
    assert_eq!(judged(&transcript, found), (Verdict::Failed, false));
}
