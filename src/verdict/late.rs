//! Recognizes packets that were right, but were received after their limit. A broker under load may be late in this
//! way.

use std::time::Duration;

use mqtt_check_codec::PacketType;

use super::measured::slowest_answer;
use super::wording::{lane_at, span};
use super::{Finding, FindingKind, Verdict};
use crate::matcher::{Inbox, Memory, Offer, Received, Taking, WebSocketEvent, is_met, take};
use crate::plan::{Body, Plan, PlannedStep};
use crate::scenario::model::{ClientIndex, Expectation, Level, Pattern};
use crate::transcript::{Ended, EventIndex, LaneIndex, Outcome, Transcript, What};

/// Returns whether a wait that timed out would have received everything it was about, as expected in every field, if it
/// had gone on. Also true if nothing at all was received on its connection, since the answer may then have been late
/// too. `memory` holds the names bound before the wait.
pub(super) fn came_late(
    expectation: &Expectation,
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
    memory: &Memory,
) -> bool {
    if outcome.ended != Ended::TimedOut {
        return false;
    }
    let Some(lane) = lane_at(transcript, client, outcome.at) else {
        return false;
    };
    if is_unanswered(transcript, lane) {
        return true;
    }
    let inbox = Inbox {
        client,
        offers: Vec::new(),
        websocket_events: Vec::new(),
        version: transcript.lanes[lane.0].version,
        ended: None,
        packet_id: None,
        is_final: true,
        strict: true,
    };
    let inbox = filled(inbox, outcome, transcript, lane);
    let Taking::Complete(taken) = take(expectation, &inbox, memory) else {
        return false;
    };
    let is_late =
        |event: &EventIndex| transcript.events[event.0].at > outcome.deadline().max(outcome.at);
    let had_come = Outcome {
        ended: Ended::Complete,
        alternative: taken.alternative,
        taken: taken.events,
        ..outcome.clone()
    };
    had_come.taken.iter().any(is_late) && is_met(expectation, &had_come, transcript, client, memory)
}

/// Returns whether the broker has done nothing on a connection, not even answered the CONNECT. In that case the play
/// ends, so a late answer would not be in the record.
fn is_unanswered(transcript: &Transcript, lane: LaneIndex) -> bool {
    let mut events = transcript.events.iter();
    !events.any(|event| {
        event.lane == lane
            && !matches!(
                event.what,
                What::Opened
                    | What::Sent { .. }
                    | What::SentFrame { .. }
                    | What::Dropped(_)
                    | What::OwnPing
            )
    })
}

/// Works like [`came_late`], for one answer to a choice that took no packets.
pub(super) fn answer_came_late(
    answer: &[Expectation],
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
    memory: &Memory,
) -> bool {
    let Some(first) = answer.first() else {
        return false;
    };
    let whole = Expectation {
        pattern: Pattern::AnyOf(vec![answer.to_vec()]),
        ..first.clone()
    };
    came_late(&whole, outcome, transcript, client, memory)
}

/// Fills the inbox with everything that the connection received until its end, except what other steps took.
fn filled<'t>(
    mut inbox: Inbox<'t>,
    outcome: &Outcome,
    transcript: &'t Transcript,
    lane: LaneIndex,
) -> Inbox<'t> {
    let events = transcript.events.iter().enumerate();
    for (n, event) in events.filter(|(_, event)| event.lane == lane) {
        let index = EventIndex(n);
        if event.taken_by.is_some() && !outcome.taken.contains(&index) {
            continue;
        }
        match &event.what {
            What::Received {
                frame,
                automatic: false,
                ..
            } => {
                let received = Received::at(transcript, index);
                let offer = Offer::new(index, frame.packet_type(), received);
                inbox.offers.push(offer);
            }
            What::Upgraded(answer) => {
                let event = WebSocketEvent::Upgrade(answer);
                inbox.websocket_events.push((index, event));
            }
            What::Control(control) => {
                let event = WebSocketEvent::Control(control);
                inbox.websocket_events.push((index, event));
            }
            What::Closed(ending) if is_of_its_own(transcript, index, outcome) => {
                inbox.ended = Some((index, *ending));
            }
            _ => {}
        }
    }
    inbox
}

/// Returns whether the broker closed the connection, and we have done nothing on it since the wait ended.
fn is_of_its_own(transcript: &Transcript, close: EventIndex, outcome: &Outcome) -> bool {
    let lane = transcript.events[close.0].lane;
    let before = transcript.events[..close.0].iter();
    let mut since = before.filter(|event| event.lane == lane && event.at >= outcome.at);
    !since.any(|event| {
        matches!(
            event.what,
            What::Sent { .. } | What::SentFrame { .. } | What::Dropped(_)
        )
    })
}

/// Returns what was late, in words, if everything else that counts against the broker follows from it. Only packets
/// that are missing at later steps follow from a late one. Unexpected or differing packets do not, unless a CONNACK was
/// late.
pub(super) fn only_late(findings: &[Finding]) -> Option<String> {
    let counts = |f: &&Finding| {
        f.kind() == FindingKind::Violation && matches!(f.level(), Level::Must | Level::Should)
    };
    let first = findings.iter().filter(counts).find(|f| f.is_late)?;
    // After a late CONNACK, other steps were passed over, so the case was not played as written.
    let is_connack = first.symptom.is_missing(PacketType::CONNACK);
    let follows = |f: &Finding| f.step > first.step && (is_connack || f.symptom.is_absence());
    let mut all = findings.iter().filter(counts);
    all.all(|f| f.is_late || follows(f)).then(|| words(first))
}

/// An answer that takes this much longer than the path to the broker does is slow. The broker may have seen what the
/// client did that much later than the client meant, when a session or a message had expired or a Will was due.
const SLOW: Duration = Duration::from_secs(1);

/// Returns how slow the broker was to answer a request, in words, if it was slow in a case in which time passes.
fn slow(plan: &Plan, scene: &Transcript) -> Option<String> {
    if !waits(&plan.steps) {
        return None;
    }
    let took = slowest_answer(scene);
    (took >= scene.delay + SLOW).then(|| format!("a request was answered after {}", span(took)))
}

/// Whether one of the steps lets time pass.
fn waits(steps: &[PlannedStep]) -> bool {
    steps
        .iter()
        .any(|step| matches!(step.body, Body::Wait(_)) || waits(step.body.inner()))
}

fn words(finding: &Finding) -> String {
    format!("{}: {}", finding.label, finding.actual)
}

/// Returns what was late in a play with this verdict, in words, if nothing else is wrong or the broker was slow in a
/// case in which time passes. If there is no verdict because of the control or the witness, this is about them.
/// A control that does not hold may always have been late.
pub fn late(
    plan: &Plan,
    scene: &Transcript,
    (control, witness): (Option<&Transcript>, Option<&Transcript>),
    verdict: &Verdict,
    findings: &[Finding],
) -> Option<String> {
    match verdict {
        Verdict::Failed | Verdict::Warned => only_late(findings).or_else(|| slow(plan, scene)),
        Verdict::Inconclusive { .. } => only_late(findings).or_else(|| {
            let is_clean = findings.iter().all(|f| f.kind() != FindingKind::Violation);
            let control = control.map(|control| super::judging::of_control(plan, control));
            let witness = witness.map(super::judging::of_witness);
            // Steps of a control give up early, so a slow broker may break it in any way.
            let broken = control.iter().flatten().next().map(words);
            let mut others = [control, witness].into_iter().flatten();
            let late = others.find_map(|found| only_late(&found));
            late.or(broken).filter(|_| is_clean)
        }),
        Verdict::Passed | Verdict::Skipped { .. } => None,
    }
}

#[cfg(test)]
mod tests;
