//! Clients whose Keep Alive ran out because the broker answered late.
//!
//! A scene waits for each answer before it continues. If answers take long, the client's next packets are sent too
//! late, and a broker that then disconnects the client is right to do so. Such a play proves nothing.

use std::time::Duration;

use mqtt_check_codec::Packet;

use super::far::{Answer, OWN_KEEP_ALIVE_S, answers};
use super::wording::span;
use super::{Finding, FindingKind, Verdict};
use crate::scenario::model::Level;
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// Returns the verdict, unless every finding follows from the end of a connection whose client was late because the
/// broker answered late. Such findings count as late, so the case is played again alone.
pub(super) fn considered(
    scene: &Transcript,
    verdict: Verdict,
    findings: &mut [Finding],
) -> Verdict {
    if !verdict.is_wrong() {
        return verdict;
    }
    let answers = answers(scene);
    let overdue: Vec<Overdue> = (0..scene.lanes.len())
        .filter_map(|lane| overdue(scene, &answers, LaneIndex(lane)))
        .collect();
    let Some(first) = overdue.first() else {
        return verdict;
    };
    let follows = |finding: &&mut Finding| {
        let is_the_end = |event: &EventIndex| overdue.iter().any(|o| o.end == *event);
        finding.symptom.is_cut_off()
            || !finding.events.is_empty() && finding.events.iter().all(is_the_end)
    };
    let mut counted: Vec<&mut Finding> = findings.iter_mut().filter(counts).collect();
    if !counted.iter().all(follows) {
        return verdict;
    }
    for finding in &mut counted {
        finding.is_late = true;
    }
    Verdict::Inconclusive {
        reason: format!(
            "the broker answered so late that {} sent nothing for {}, and closed its connection (Keep Alive {})",
            scene.lanes[first.lane.0].name,
            span(first.silence),
            span(first.keep_alive),
        ),
    }
}

fn counts(finding: &&mut Finding) -> bool {
    finding.kind() == FindingKind::Violation
        && matches!(finding.level(), Level::Must | Level::Should)
}

/// A connection that the broker ended because its client was late.
struct Overdue {
    lane: LaneIndex,
    end: EventIndex,
    keep_alive: Duration,
    silence: Duration,
}

fn overdue(scene: &Transcript, answers: &[Answer], lane: LaneIndex) -> Option<Overdue> {
    let keep_alive = keep_alive(scene, lane)?;
    let mut events = scene.events.iter().enumerate();
    let (end, closed) =
        events.find(|(_, e)| e.lane == lane && matches!(e.what, What::Closed(_)))?;
    let sent = scene.events[..end]
        .iter()
        .rfind(|e| e.lane == lane && is_sent(&e.what))?;
    let due = keep_alive * 3 / 2;
    let silence = closed.at.saturating_sub(sent.at);
    let own = silence.saturating_sub(waited(answers, sent.at, closed.at));
    (silence >= due && own < due).then_some(Overdue {
        lane,
        end: EventIndex(end),
        keep_alive,
        silence,
    })
}

const fn is_sent(what: &What) -> bool {
    matches!(
        what,
        What::Sent { .. } | What::SentFrame { .. } | What::OwnPing
    )
}

/// Returns the Keep Alive in force on a connection, if the scenario chose it.
fn keep_alive(scene: &Transcript, lane: LaneIndex) -> Option<Duration> {
    let mut seconds = 0;
    for event in scene.events.iter().filter(|event| event.lane == lane) {
        match &event.what {
            What::Sent {
                packet: Some(Packet::Connect(connect)),
                ..
            } => seconds = connect.keep_alive_s,
            What::Received {
                packet: Ok(Packet::ConnAck(connack)),
                ..
            } => seconds = connack.properties.server_keep_alive_s().unwrap_or(seconds),
            _ => {}
        }
    }
    (1..OWN_KEEP_ALIVE_S)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds.into()))
}

/// Returns how much of a span the client spent waiting for answers that were received later.
fn waited(answers: &[Answer], from: Duration, to: Duration) -> Duration {
    let mut spans: Vec<(Duration, Duration)> = answers
        .iter()
        .map(|answer| (answer.asked.max(from), answer.answered.min(to)))
        .filter(|(from, to)| from < to)
        .collect();
    spans.sort_unstable();
    let mut total = Duration::ZERO;
    let mut until = from;
    for (from, to) in spans {
        total += to.saturating_sub(from.max(until));
        until = until.max(to);
    }
    total
}

#[cfg(test)]
mod tests;
