//! Which findings of a case follow from others of it.

use std::time::Duration;

use super::{Concluded, Shown};
use crate::plan::{Body, find_step};
use crate::scenario::model::Level;
use crate::transcript::Transcript;
use crate::verdict::{Finding, FindingKind, is_acknowledgement, is_answer};
use mqtt_check_codec::PacketType;

/// The findings of a case that follow from no other, each with those that follow from it.
pub(super) fn roots<'a>(case: &'a Concluded<'a>) -> Vec<Shown<'a>> {
    let mut all: Vec<(At, &'a Finding)> = case
        .result
        .findings
        .iter()
        .filter(|f| f.kind() == FindingKind::Violation)
        .filter(|f| matches!(f.level(), Level::Must | Level::Should))
        .map(|finding| (At::of(case, finding), finding))
        .collect();
    // What no clause speaks of comes last: it follows from anything else.
    all.sort_by_key(|(at, finding)| (finding.clauses().is_empty(), at.time));
    let mut roots: Vec<(Shown<'a>, Vec<(At, &'a Finding)>)> = Vec::new();
    for (at, finding) in all {
        let cause = roots.iter_mut().find(|(root, known)| {
            let may = root.finding.level() <= finding.level();
            may && known.iter().any(|known| follows(*known, (at, finding)))
        });
        match cause {
            Some((root, known)) => {
                root.consequences.push(finding);
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

/// When and where a finding was made.
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

/// The connection that a client had then.
fn lane(transcript: &Transcript, client: Option<usize>, at: Duration) -> Option<usize> {
    let mut events = transcript.events.iter().rev();
    let of_client = |lane: usize| Some(transcript.lanes[lane].client.0) == client;
    events
        .find(|event| event.at <= at && of_client(event.lane.0))
        .map(|event| event.lane.0)
}

/// Whether the later of two findings of a case follows from the earlier one.
fn follows((at, earlier): (At, &Finding), (later_at, later): (At, &Finding)) -> bool {
    let (before, after) = (&earlier.symptom, &later.symptom);
    let same_client = at.client.is_some() && at.client == later_at.client;
    let same_lane = same_client && at.lane == later_at.lane;
    let is_publish = |t| t == PacketType::PUBLISH;
    // No rule speaks of it: something is there, or is not, that nobody expected after what was wrong before.
    if later.clauses().is_empty() {
        return true;
    }
    // The same once more.
    if before == after && earlier.clauses() == later.clauses() && earlier.level() == later.level() {
        return true;
    }
    // A packet that should not have come at all, and what is wrong with it besides.
    let shares = |f: &Finding, g: &Finding| {
        !f.events.is_empty() && f.events.iter().all(|event| g.events.contains(event))
    };
    if before.has_extra(|_| true) && shares(later, earlier) {
        return true;
    }
    if after.has_extra(|_| true) && shares(earlier, later) && at.time == later_at.time {
        return true;
    }
    // The connection is gone.
    if same_client && before.is_cut_off() && after.is_cut_off() {
        return true;
    }
    // The connection should be gone.
    if same_lane && before.is_open_connection() {
        return true;
    }
    // A session that is lost has no messages.
    let of_delivery = |t| is_publish(t) || is_acknowledgement(t);
    if same_client && before.is_lost_session() && after.lacks(of_delivery) {
        return true;
    }
    // Who is not connected or not subscribed gets nothing. A CONNACK that is wrong in another field refuses nothing.
    let of_subscriber = |t| matches!(t, PacketType::CONNACK | PacketType::SUBACK);
    let is_refused = before.lacks(of_subscriber) || before.has_other_reason(of_subscriber);
    if same_client && is_refused && (after.lacks(|_| true) || after.is_cut_off()) {
        return true;
    }
    delivery_follows(earlier, later, same_client)
}

/// Whether it is a later part of a delivery whose former part went wrong.
fn delivery_follows(earlier: &Finding, later: &Finding, same_client: bool) -> bool {
    let (before, after) = (&earlier.symptom, &later.symptom);
    let is = |wanted: PacketType| move |t: PacketType| t == wanted;
    let next = |t: PacketType| match t {
        PacketType::PUBREC => {
            after.lacks(is(PacketType::PUBCOMP)) || after.lacks(is(PacketType::PUBREL))
        }
        PacketType::PUBLISH => after.lacks(is(PacketType::PUBREL)),
        PacketType::PUBREL => after.lacks(is(PacketType::PUBLISH)),
        _ => false,
    };
    if same_client && before.lacks(next) {
        return true;
    }
    // An acknowledgement of another kind: what the rules on every packet say of it.
    if same_client
        && before
            .came_instead()
            .is_some_and(|t| after.differs(is(t)) || after.has_extra(is(t)))
    {
        return true;
    }
    // The message stays where its delivery stopped.
    let is_message = after.lacks(|t| t == PacketType::PUBLISH);
    is_message && before.lacks(|t| is_acknowledgement(t) && is_answer(t))
}
