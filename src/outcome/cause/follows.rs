//! Decides which findings of a case follow from others, and why.

use std::time::Duration;

use super::unacknowledged::is_of_unacknowledged;
use super::{Because, Concluded, Consequence, Shown};
use crate::plan::{Body, find_step};
use crate::scenario::model::Level;
use crate::transcript::{Transcript, What};
use crate::verdict::{Finding, FindingKind, is_acknowledgement};
use mqtt_check_codec::PacketType;

/// Returns the findings of a case that do not follow from another one, each with its consequences.
pub(super) fn roots<'a>(case: &'a Concluded<'a>) -> Vec<Shown<'a>> {
    let mut all: Vec<(At, &'a Finding)> = case
        .result
        .findings
        .iter()
        .filter(|f| f.kind() == FindingKind::Violation)
        .filter(|f| matches!(f.level(), Level::Must | Level::Should))
        .map(|finding| (At::of(case, finding), finding))
        .collect();
    // Findings without a clause are last, since they may follow from any other finding.
    all.sort_by_key(|(at, finding)| (finding.clauses().is_empty(), at.time));
    let mut roots: Vec<(Shown<'a>, Vec<(At, &'a Finding)>)> = Vec::new();
    for (at, finding) in all {
        let cause = roots.iter_mut().find_map(|(root, known)| {
            let may = root.finding.level() <= finding.level();
            let mut known_ones = known.iter().filter(|_| may);
            let because = known_ones.find_map(|known| follows(case, *known, (at, finding)))?;
            Some((root, known, because))
        });
        match cause {
            Some((root, known, because)) => {
                root.consequences.push(Consequence { finding, because });
                known.push((at, finding));
            }
            None => roots.push((
                Shown {
                    case,
                    finding,
                    consequences: Vec::new(),
                },
                vec![(at, finding)],
            )),
        }
    }
    roots.into_iter().map(|(root, _)| root).collect()
}

/// The time, client and connection of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    time: Duration,
    client: Option<usize>,
    lane: Option<usize>,
}

impl At {
    fn of(case: &Concluded<'_>, finding: &Finding) -> Self {
        let Some(transcript) = &case.result.transcript else {
            return Self {
                time: Duration::ZERO,
                client: None,
                lane: None,
            };
        };
        let first = finding.events.iter().min();
        let step = finding
            .step
            .and_then(|step| find_step(&case.plan.steps, step));
        let of_step = step.and_then(|step| match &step.body {
            Body::Client { client, .. } => Some(client.0),
            Body::Choice(choice) => Some(choice.of.0),
            _ => None,
        });
        let event = first.map(|index| &transcript.events[index.0]);
        let of_event = event.map(|event| transcript.lanes[event.lane.0].client.0);
        let client = of_event.or(of_step);
        let time = event.map_or_else(|| began(transcript, finding), |event| event.at);
        Self {
            time,
            client,
            lane: event
                .map(|event| event.lane.0)
                .or_else(|| lane(transcript, client, time)),
        }
    }
}

/// When the step of a finding began.
fn began(transcript: &Transcript, finding: &Finding) -> Duration {
    let mut records = transcript.steps.iter().rev();
    let record = records.find(|record| Some(record.step) == finding.step);
    record.map_or(Duration::ZERO, |record| record.began)
}

/// The connection that a client had at this time.
fn lane(transcript: &Transcript, client: Option<usize>, at: Duration) -> Option<usize> {
    let mut events = transcript.events.iter().rev();
    let of_client = |lane: usize| Some(transcript.lanes[lane].client.0) == client;
    events
        .find(|event| event.at <= at && of_client(event.lane.0))
        .map(|event| event.lane.0)
}

/// Returns why the later of two findings of a case follows from the earlier one, or `None` if it does not.
fn follows(
    case: &Concluded<'_>,
    (at, earlier): (At, &Finding),
    (later_at, later): (At, &Finding),
) -> Option<Because> {
    let (before, after) = (&earlier.symptom, &later.symptom);
    let same_client = at.client.is_some() && at.client == later_at.client;
    let same_lane = same_client && at.lane == later_at.lane;
    let is_publish = |t| t == PacketType::PUBLISH;
    let is_same = before == after && earlier.clauses() == later.clauses();
    if is_same && earlier.level() == later.level() {
        return Some(Because::Again);
    }
    // A packet that should not have been sent at all, and further findings about the same packet.
    let shares = |f: &Finding, g: &Finding| {
        !f.events.is_empty() && f.events.iter().all(|event| g.events.contains(event))
    };
    if before.has_extra(|_| true) && shares(later, earlier) {
        return Some(Because::SamePacket);
    }
    if after.has_extra(|_| true) && shares(earlier, later) && at.time == later_at.time {
        return Some(Because::SamePacket);
    }
    if same_client && before.is_cut_off() && after.is_cut_off() {
        return Some(Because::ConnectionGone);
    }
    if same_lane && before.is_open_connection() {
        return Some(Because::ConnectionOpen);
    }
    let of_delivery = |t| is_publish(t) || is_acknowledgement(t);
    if same_client && before.is_lost_session() && after.lacks(of_delivery) {
        return Some(Because::SessionLost);
    }
    // A CONNACK with another wrong field does not refuse the client.
    let of_subscriber = |t| matches!(t, PacketType::CONNACK | PacketType::SUBACK);
    let is_refused = before.lacks(of_subscriber) || before.has_other_reason(of_subscriber);
    if same_client && is_refused && (after.lacks(|_| true) || after.is_cut_off()) {
        return Some(Because::NotConnected);
    }
    if let Some(because) = of_delivery_part(earlier, later, same_client) {
        return Some(because);
    }
    // The broker never delivered a message that it never acknowledged either.
    if before.lacks(is_acknowledgement)
        && after.lacks(is_publish)
        && is_of_unacknowledged(case, at.client, later)
    {
        return Some(Because::Unacknowledged);
    }
    without_clause(case, (at, earlier), (later_at, later), same_lane)
}

/// Returns why a part of a delivery follows from an earlier part that went wrong.
fn of_delivery_part(earlier: &Finding, later: &Finding, same_client: bool) -> Option<Because> {
    let (before, after) = (&earlier.symptom, &later.symptom);
    if !same_client {
        return None;
    }
    let is = |wanted: PacketType| move |t: PacketType| t == wanted;
    let next = |t: PacketType| match t {
        PacketType::PUBREC => {
            after.lacks(is(PacketType::PUBCOMP)) || after.lacks(is(PacketType::PUBREL))
        }
        PacketType::PUBLISH => after.lacks(is(PacketType::PUBREL)),
        PacketType::PUBREL => after.lacks(is(PacketType::PUBLISH)),
        _ => false,
    };
    if before.lacks(next) {
        return Some(Because::DeliveryStopped);
    }
    // Findings of the monitor about an acknowledgement of the wrong type.
    let instead = before.came_instead()?;
    let is_about_it = after.differs(is(instead)) || after.has_extra(is(instead));
    is_about_it.then_some(Because::OtherAnswer)
}

/// Returns why a finding without a clause follows from an earlier finding.
fn without_clause(
    case: &Concluded<'_>,
    (at, earlier): (At, &Finding),
    (later_at, later): (At, &Finding),
    same_lane: bool,
) -> Option<Because> {
    if !later.clauses().is_empty() || later_at.time < at.time {
        return None;
    }
    let transcript = case.result.transcript.as_ref()?;
    let events = || later.events.iter().map(|index| &transcript.events[index.0]);
    let is_end = |what: &What| match what {
        What::Closed(_) | What::Truncated { .. } => true,
        What::Received { frame, .. } => frame.packet_type() == PacketType::DISCONNECT,
        _ => false,
    };
    if same_lane && !later.events.is_empty() && events().all(|event| is_end(&event.what)) {
        return Some(Because::EndedAfter);
    }
    // A message that a client asked for is a finding only because the case has failed already.
    let is_message = later.symptom.has_extra(|t| t == PacketType::PUBLISH);
    (is_message && earlier.breaks_a_must()).then_some(Because::AskedFor)
}
