//! Finds packets that a broker sent and no step took.

use std::collections::BTreeSet;

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType, ProtocolVersion, ReasonCode};

use super::Finding;
use super::blame::{self, Event, Inbox, Obsolete, Wrong, malformed};
use super::charge::Charge;
use super::filter;
use super::symptom::Symptom;
use super::wording::describe_event;
use crate::matcher::Memory;
use crate::plan::{Body, Operation, Plan, find_step};
use crate::scenario::model::{Expectation, Level, Pattern};
use crate::transcript::{EventIndex, StepIndex, Transcript, What};

/// Returns a finding for everything that was received and belongs to no step, except the events in `reported`.
pub(super) fn left_over(
    plan: &Plan,
    transcript: &Transcript,
    reported: &BTreeSet<EventIndex>,
) -> Vec<Finding> {
    (0..transcript.events.len())
        .map(EventIndex)
        .filter(|index| !reported.contains(index))
        .filter_map(|index| judge(plan, transcript, index))
        .collect()
}

/// Returns whether this is a delivery packet whose absence a step has reported: it was received too late, or for
/// another message.
pub(super) fn is_reported_as_missing(
    plan: &Plan,
    transcript: &Transcript,
    findings: &[Finding],
    over: &Finding,
) -> bool {
    let reported = findings.iter().filter(|finding| finding.breaks_a_must());
    !over.breaks_a_must()
        && is_of_a_wait(
            plan,
            transcript,
            reported,
            over,
            |index, step, expectation| {
                let event = &transcript.events[index.0];
                let What::Received { frame, .. } = &event.what else {
                    return false;
                };
                let packet_type = frame.packet_type();
                event.during >= step
                    && is_of_delivery(packet_type)
                    && awaits(&expectation.pattern, packet_type)
            },
        )
}

/// Returns whether the step of one of these findings waited, on the same client, for everything that is left over.
fn is_of_a_wait<'f>(
    plan: &Plan,
    transcript: &Transcript,
    findings: impl Iterator<Item = &'f Finding>,
    over: &Finding,
    is_awaited: impl Fn(EventIndex, StepIndex, &Expectation) -> bool,
) -> bool {
    let mut steps = findings.filter_map(|finding| find_step(&plan.steps, finding.step?));
    !over.events.is_empty()
        && steps.any(|step| {
            let Body::Client { client, operations } = &step.body else {
                return false;
            };
            operations.iter().any(|operation| {
                let Operation::Await(awaited) = operation else {
                    return false;
                };
                over.events.iter().all(|event| {
                    let lane = transcript.events[event.0].lane;
                    transcript.lanes[lane.0].client == *client
                        && is_awaited(*event, step.index, &awaited.expectation)
                })
            })
        })
}

const fn is_of_delivery(packet_type: PacketType) -> bool {
    matches!(
        packet_type,
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP
    )
}

/// Returns whether this pattern waits for a packet of this type.
fn awaits(pattern: &Pattern, packet_type: PacketType) -> bool {
    let any = |sequence: &[Expectation]| sequence.iter().any(|e| awaits(&e.pattern, packet_type));
    match pattern {
        Pattern::Packet(pattern) => pattern.packet_type == packet_type,
        Pattern::Unordered(patterns) => patterns.iter().any(|p| p.packet_type == packet_type),
        Pattern::InOrder(sequence) => any(sequence),
        Pattern::AnyOf(alternatives) => alternatives.iter().any(|sequence| any(sequence)),
        _ => false,
    }
}

/// Returns whether this is the message that a step should have taken. The step took another message in its place and
/// reported that, so this one is late only for that reason.
pub(super) fn is_displaced(
    plan: &Plan,
    transcript: &Transcript,
    findings: &[Finding],
    over: &Finding,
) -> bool {
    let memory = Memory::default();
    let is_awaited = |event: EventIndex, _, expectation: &Expectation| {
        let inbox = Inbox {
            transcript,
            client: transcript.lanes[transcript.events[event.0].lane.0].client,
            memory: &memory,
            until: Duration::MAX,
        };
        inbox.is_awaited(expectation, event)
    };
    let reported = findings
        .iter()
        .filter(|finding| finding.breaks_a_must() && !finding.events.is_empty());
    is_of_a_wait(plan, transcript, reported, over, is_awaited)
}

/// Returns whether this is a message that some client has subscribed to. In a case that has already failed, it is the
/// consequence of another fault, such as a SUBSCRIBE that should have been refused, or a message that was not stored.
/// Its topic does match a subscription.
pub(super) fn is_consequence(transcript: &Transcript, over: &Finding) -> bool {
    let unwanted = [
        Event::Extra(PacketType::PUBLISH),
        Event::Obsolete(Obsolete::Replaced),
        Event::Obsolete(Obsolete::Removed),
        Event::Obsolete(Obsolete::NotRetained),
    ];
    let is_of_topic = |event: &EventIndex| {
        let lane = &transcript.lanes[transcript.events[event.0].lane.0];
        let mut rules = unwanted
            .map(|event| blame::default(event, lane.version))
            .into_iter();
        rules.any(|rule| over.clauses().iter().any(|clause| clause == rule.id()))
            && is_subscribed_to(transcript, *event)
    };
    !over.events.is_empty() && over.events.iter().all(is_of_topic)
}

/// Returns whether a filter of some SUBSCRIBE matches the topic of this message.
fn is_subscribed_to(transcript: &Transcript, event: EventIndex) -> bool {
    let Some(name) = transcript.topic(event) else {
        return false;
    };
    transcript.events.iter().any(|event| {
        let What::Sent {
            packet: Some(Packet::Subscribe(subscribe)),
            ..
        } = &event.what
        else {
            return false;
        };
        let mut asked = subscribe.subscriptions.iter();
        asked.any(|subscription| filter::matches(&subscription.filter, name))
    })
}

fn judge(plan: &Plan, transcript: &Transcript, index: EventIndex) -> Option<Finding> {
    let event = &transcript.events[index.0];
    if event.taken_by.is_some() {
        return None;
    }
    let lane = &transcript.lanes[event.lane.0];
    let memory = Memory::default();
    let inbox = Inbox {
        transcript,
        client: lane.client,
        memory: &memory,
        until: Duration::MAX,
    };
    let (level, wrong, expected) = match &event.what {
        What::Received {
            automatic: true, ..
        } => return None,
        What::Received {
            packet: Err(error), ..
        } => (
            Level::Must,
            vec![malformed(transcript, index, error)],
            "well-formed packets",
        ),
        What::Received { faults, .. } if !faults.is_empty() => (
            Level::Must,
            faults
                .iter()
                .map(|error| malformed(transcript, index, error))
                .collect(),
            "well-formed packets",
        ),
        // A step that was not played would have taken it.
        What::Received { .. } | What::Closed(_)
            if transcript.broken_off.is_some() || transcript.is_cut_short() =>
        {
            return None;
        }
        What::Received { .. } if transcript.is_permitted_retransmission(index) => return None,
        // No clause forbids a server from ending a connection, or restricts when it may send which reason code.
        What::Received {
            packet: Ok(Packet::Disconnect(_)),
            ..
        } if lane.version == ProtocolVersion::V5 => (
            Level::Should,
            Vec::new(),
            "only packets that a step expects",
        ),
        // A server that ends the connection after CONNECT may say why.
        What::Received {
            packet: Ok(Packet::ConnAck(connack)),
            ..
        } if connack.reason != ReasonCode::SUCCESS && is_first(transcript, index) => (
            Level::Should,
            Vec::new(),
            "only packets that a step expects",
        ),
        What::Received { frame, .. } => {
            let level = match frame.packet_type() {
                PacketType::PUBLISH | PacketType::DISCONNECT | PacketType::CONNACK => Level::Must,
                PacketType::PINGRESP => return None,
                _ => Level::Should,
            };
            let wrong = vec![inbox.extra(index)];
            (level, wrong, "only packets that a step expects")
        }
        What::Garbage { .. } => (
            Level::Must,
            vec![Wrong::Event(Event::Unreadable)],
            "control packets",
        ),
        // A server may have to end a connection at any time, even while it is writing.
        What::Truncated { .. } => (Level::Should, Vec::new(), "whole packets"),
        What::Fault { fault, .. } => (
            Level::Must,
            vec![Wrong::Event(Event::FrameFault(*fault))],
            "MQTT packets in WebSocket binary frames",
        ),
        What::Closed(_) if is_natural(plan, transcript, index) => return None,
        What::Closed(_) => (Level::Should, Vec::new(), "the connection stays open"),
        What::Opened
        | What::Upgraded(_)
        | What::Control(_)
        | What::Shown { .. }
        | What::Sent { .. }
        | What::SentFrame { .. }
        | What::Dropped(_)
        | What::OwnPing
        | What::OwnPong => return None,
    };
    let charge = match wrong.is_empty() {
        true => Charge::remark(),
        false => blame::charge(level, &wrong, &[], transcript.case.version),
    };
    let mut symptom = Symptom::of(&wrong, &[]);
    if wrong.is_empty() {
        symptom = Symptom::of_rule(expected, index, transcript);
    }
    Some(Finding {
        charge,
        expected: vec![expected.to_owned()],
        actual: format!("to {}: {}", lane.name, describe_event(index, transcript)),
        step: Some(event.during),
        label: "left over".into(),
        place: find_step(&plan.steps, event.during).map(|s| s.step.place),
        note: None,
        events: vec![index],
        repeats: 0,
        is_slow: false,
        is_late: false,
        symptom,
    })
}

/// Returns whether this is the first packet that was received on its connection.
fn is_first(transcript: &Transcript, index: EventIndex) -> bool {
    let lane = transcript.events[index.0].lane;
    let mut before = transcript.events[..index.0].iter();
    !before.any(|event| event.lane == lane && matches!(event.what, What::Received { .. }))
}

/// Returns whether a close needs no step of its own because something announced it.
fn is_natural(plan: &Plan, transcript: &Transcript, close: EventIndex) -> bool {
    let event = &transcript.events[close.0];
    let announced = transcript.events[..close.0].iter().any(|e| {
        e.lane == event.lane
            && match &e.what {
                What::Dropped(_) => true,
                What::Upgraded(answer) => !answer.is_upgrade(),
                What::Received { frame, .. } => frame.packet_type() == PacketType::DISCONNECT,
                _ => false,
            }
    });
    announced
        || find_step(&plan.steps, event.during).is_some_and(|s| matches!(s.body, Body::Broker(_)))
}
