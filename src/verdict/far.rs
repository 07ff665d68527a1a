//! Adjusts the verdict of a case if the broker is far away.
//!
//! Limits are extended by the delay of the path. Intervals that the broker itself counts are not: a Keep Alive, a Will
//! Delay, an expiry. Such an interval may be over before the case has reached what it tests, because each answer takes
//! time to arrive. Also, a packet that is received after its earliest time may have been sent before it. Neither is the
//! broker's fault, and neither proves anything, so the case is skipped with that reason.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType, Properties, QoS};

use super::Verdict;
use super::wording::span;
use crate::plan::{Body, Operation, Plan, PlannedStep, SkipCode, SkipKind};
use crate::scenario::model::Expectation;
use crate::transcript::{Ended, LaneIndex, Outcome, Transcript, What};

/// A shorter delay of the path changes nothing and is not reported, because no scenario has limits that narrow.
pub(super) const NOTICED: Duration = Duration::from_millis(250);
/// How many requests and answers a case may need within an interval.
const ROUND_TRIPS: u32 = 8;
/// The harness gives clients a Keep Alive of at least this many seconds if the scenario does not set one.
pub(super) const OWN_KEEP_ALIVE_S: u16 = 60;

/// Returns the verdict, unless the path's delay leaves it open.
pub(super) fn considered(
    plan: &Plan,
    scene: &Transcript,
    control: Option<&Transcript>,
    verdict: Verdict,
) -> Verdict {
    let records = || [Some(scene), control].into_iter().flatten();
    // A broker that is slow only with CONNACK is not far away.
    let path = |record: &Transcript| record.delay.min(quickest_answer(record));
    let delay = records().map(path).max().unwrap_or_default();
    if delay < NOTICED || records().any(|record| record.broken_off.is_some()) {
        return verdict;
    }
    let code = SkipCode::of(SkipKind::Path);
    match verdict {
        // The broker has kept a silent client for too long, however far away it is.
        Verdict::Failed if keeps_silent_client(plan, scene) => verdict,
        Verdict::Failed | Verdict::Warned | Verdict::Inconclusive { .. } => {
            let shortest = records().flat_map(intervals).min();
            match shortest.filter(|(interval, _)| *interval < delay * ROUND_TRIPS) {
                Some((interval, name)) => code
                    .because(format!(
                        "it failed, but answers from the broker take {}, and a {name} of {} is too short to tell why",
                        span(delay),
                        span(interval)
                    ))
                    .into(),
                None => verdict,
            }
        }
        Verdict::Passed if is_perhaps_early(plan, scene) => code
            .because(format!(
                "answers from the broker take {}, so a packet may have been sent too early",
                span(delay)
            ))
            .into(),
        other => other,
    }
}

/// Returns the intervals in this play that the broker counts, with their names.
fn intervals(transcript: &Transcript) -> Vec<(Duration, &'static str)> {
    let mut found = Vec::new();
    for event in &transcript.events {
        match &event.what {
            What::Sent {
                packet: Some(packet),
                ..
            } => of_packet(packet, &mut found),
            What::Received {
                packet: Ok(Packet::ConnAck(connack)),
                ..
            } => {
                let seconds = connack.properties.server_keep_alive_s();
                found.extend(seconds.map(|s| (u32::from(s), "Server Keep Alive")));
            }
            _ => {}
        }
    }
    let counted = found.into_iter().filter(|(seconds, _)| *seconds > 0);
    counted
        .map(|(seconds, name)| (Duration::from_secs(seconds.into()), name))
        .collect()
}

fn of_packet(packet: &Packet, found: &mut Vec<(u32, &'static str)>) {
    let expiry = |properties: &Properties| {
        let seconds = properties.session_expiry_interval_s();
        seconds.map(|s| (s, "Session Expiry Interval"))
    };
    let message = |properties: &Properties| {
        let seconds = properties.message_expiry_interval_s();
        seconds.map(|s| (s, "Message Expiry Interval"))
    };
    match packet {
        Packet::Connect(connect) => {
            if connect.keep_alive_s < OWN_KEEP_ALIVE_S {
                found.push((connect.keep_alive_s.into(), "Keep Alive"));
            }
            found.extend(expiry(&connect.properties));
            if let Some(will) = &connect.will {
                let delay = will.properties.will_delay_interval_s();
                found.extend(delay.map(|s| (s, "Will Delay Interval")));
                found.extend(message(&will.properties));
            }
        }
        Packet::Disconnect(disconnect) => found.extend(expiry(&disconnect.properties)),
        Packet::Publish(publish) => found.extend(message(&publish.properties)),
        _ => {}
    }
}

/// Returns whether a packet was received after its earliest time, but may have been sent before it, given the path's
/// delay.
fn is_perhaps_early(plan: &Plan, scene: &Transcript) -> bool {
    let path = quickest_answer(scene);
    let is_early = |expectation: &Expectation, outcome: &Outcome| {
        let earliest = expectation.not_before.filter(|span| !span.is_zero());
        let surely = earliest.map(|earliest| outcome.since + earliest + path);
        let mut taken = outcome.taken.iter();
        surely.is_some_and(|surely| taken.any(|event| scene.events[event.0].at < surely))
    };
    plan.has_earliest && any_outcome(&plan.steps, scene, &is_early)
}

/// Returns whether a silent client was not disconnected within the limit.
fn keeps_silent_client(plan: &Plan, scene: &Transcript) -> bool {
    any_outcome(&plan.steps, scene, &|expectation, outcome| {
        expectation.keep_alive.is_some() && outcome.ended == Ended::TimedOut
    })
}

fn any_outcome(
    steps: &[PlannedStep],
    scene: &Transcript,
    is_so: &dyn Fn(&Expectation, &Outcome) -> bool,
) -> bool {
    steps.iter().any(|step| {
        if any_outcome(step.body.inner(), scene, is_so) {
            return true;
        }
        let Body::Client { operations, .. } = &step.body else {
            return false;
        };
        let awaited = operations.iter().filter_map(|operation| match operation {
            Operation::Await(awaited) => Some(&awaited.expectation),
            _ => None,
        });
        let records = scene
            .steps
            .iter()
            .filter(|record| record.step == step.index);
        let outcomes = records.flat_map(|record| &record.outcomes);
        awaited
            .zip(outcomes)
            .any(|(expectation, outcome)| is_so(expectation, outcome))
    })
}

/// Returns the shortest time in which any request in this play was answered. The path takes no longer than that,
/// however slow the broker is with one kind of packet.
pub(super) fn quickest_answer(transcript: &Transcript) -> Duration {
    let took = answers(transcript).into_iter().map(Answer::took);
    took.min().unwrap_or_default()
}

/// When an answer was requested, and when it was received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) asked: Duration,
    pub(super) answered: Duration,
}

impl Answer {
    pub(super) fn took(self) -> Duration {
        self.answered.saturating_sub(self.asked)
    }
}

/// Returns all requests in this play that were answered, in the order of the answers.
pub(super) fn answers(transcript: &Transcript) -> Vec<Answer> {
    type Question = (LaneIndex, PacketType, Option<u16>);
    let mut asked: BTreeMap<Question, Duration> = BTreeMap::new();
    let mut answers = Vec::new();
    for event in &transcript.events {
        let answer = match &event.what {
            What::OwnPong => Some((event.lane, PacketType::RESERVED, None)),
            What::Received {
                packet: Ok(packet), ..
            } => Some((event.lane, packet.packet_type(), id(packet))),
            _ => None,
        };
        if let Some(asked) = answer.and_then(|answer| asked.remove(&answer)) {
            answers.push(Answer {
                asked,
                answered: event.at,
            });
        }
        let question = match &event.what {
            What::OwnPing => Some((event.lane, PacketType::RESERVED, None)),
            What::Sent {
                packet: Some(packet),
                ..
            } => answered_by(packet).map(|answer| (event.lane, answer, id(packet))),
            _ => None,
        };
        if let Some(question) = question {
            asked.insert(question, event.at);
        }
    }
    answers
}

fn id(packet: &Packet) -> Option<u16> {
    packet.packet_id().map(std::num::NonZeroU16::get)
}

/// Returns the type of the packet that answers a packet of a client.
fn answered_by(packet: &Packet) -> Option<PacketType> {
    match packet {
        Packet::Connect(_) => Some(PacketType::CONNACK),
        Packet::PingReq => Some(PacketType::PINGRESP),
        Packet::Subscribe(_) => Some(PacketType::SUBACK),
        Packet::Unsubscribe(_) => Some(PacketType::UNSUBACK),
        Packet::Publish(publish) => match publish.qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(PacketType::PUBACK),
            QoS::ExactlyOnce => Some(PacketType::PUBREC),
        },
        Packet::PubRec(_) => Some(PacketType::PUBREL),
        Packet::PubRel(_) => Some(PacketType::PUBCOMP),
        _ => None,
    }
}
