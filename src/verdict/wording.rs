//! Describes what was received, or that nothing was.

use std::time::Duration;

use mqtt_check_codec::PacketType;
use mqtt_check_websocket::Control;

use crate::matcher::{WebSocketEvent, describe_websocket_event};
use crate::scenario::model::{ClientIndex, Pattern};
use crate::transcript::{Ended, Ending, EventIndex, LaneIndex, Outcome, Transcript, What};

/// How many packets are described. The others are only counted.
const MENTIONED: usize = 10;

/// Describes these events.
pub(super) fn describe_received(events: &[EventIndex], transcript: &Transcript) -> String {
    let mut words: Vec<String> = events
        .iter()
        .take(MENTIONED)
        .map(|event| describe_event(*event, transcript))
        .collect();
    if events.len() > MENTIONED {
        words.push(format!("and {} more", events.len() - MENTIONED));
    }
    words.join(", ")
}

/// Describes one event.
pub(super) fn describe_event(event: EventIndex, transcript: &Transcript) -> String {
    let event = &transcript.events[event.0];
    let version = transcript.lanes[event.lane.0].version;
    match &event.what {
        What::Received {
            packet: Ok(packet),
            faults,
            ..
        } => match faults.first() {
            None => packet.describe(version),
            Some(error) => format!("a malformed {} ({error})", packet.packet_type()),
        },
        What::Received {
            frame,
            packet: Err(error),
            ..
        } => format!("a malformed {} ({error})", frame.packet_type()),
        What::Closed(ending) => describe_ending(*ending).to_owned(),
        What::Garbage { error, .. } => format!("bytes that are not a packet ({error})"),
        What::Truncated { bytes } => match bytes.len() {
            1 => "1 byte of an unfinished packet".to_owned(),
            n => format!("{n} bytes of an unfinished packet"),
        },
        What::Fault { fault, .. } => fault.to_string(),
        What::Upgraded(answer) => describe_websocket_event(&WebSocketEvent::Upgrade(answer)),
        What::Control(control) => describe_websocket_event(&WebSocketEvent::Control(control)),
        What::Shown { line, .. } => line.clone(),
        What::Opened => "the connection".to_owned(),
        What::Sent { .. }
        | What::SentFrame { .. }
        | What::Dropped(_)
        | What::OwnPing
        | What::OwnPong => "a packet of our own".to_owned(),
    }
}

pub(super) const fn describe_ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Close | Ending::HalfClose => "the broker closed the connection",
        Ending::Reset => "the broker reset the connection",
    }
}

pub(super) fn ending(outcome: &Outcome) -> String {
    match outcome.ended {
        Ended::Closed => "the connection was closed".into(),
        Ended::Reset => "the connection was reset".into(),
        Ended::NoConnection => "there was no connection".into(),
        Ended::TimedOut | Ended::Complete => {
            format!("nothing more within {}", span(waited(outcome)))
        }
    }
}

/// Returns the part of the wait within its limit. Waiting beyond that only makes sure that nothing more is received.
pub(super) fn waited(outcome: &Outcome) -> Duration {
    outcome.at.saturating_sub(outcome.since).min(outcome.limit)
}

/// Describes what happened instead of what was expected. Names `wanted` if it is a single thing.
pub(super) fn describe_instead(
    wanted: Option<&Pattern>,
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
) -> String {
    let instead = untaken(outcome, transcript, client);
    let mut words = match outcome.ended {
        Ended::Closed => format!("the connection was closed{}", before(wanted)),
        Ended::Reset => format!("the connection was reset{}", before(wanted)),
        Ended::NoConnection => "there was no connection".to_owned(),
        Ended::TimedOut | Ended::Complete => {
            let is_of = |packet_type| {
                instead
                    .iter()
                    .any(|event| match &transcript.events[event.0].what {
                        What::Received { frame, .. } => frame.packet_type() == packet_type,
                        _ => false,
                    })
            };
            let what = match wanted {
                Some(Pattern::Packet(pattern)) if is_of(pattern.packet_type) => {
                    format!("no matching {}", pattern.packet_type)
                }
                Some(Pattern::Packet(pattern)) => format!("no {}", pattern.packet_type),
                Some(Pattern::Closed { .. }) => "the connection was not closed".to_owned(),
                Some(Pattern::Upgrade(_)) => "no answer to the upgrade".to_owned(),
                Some(Pattern::Frame(pattern)) => format!("no {} frame", pattern.opcode),
                _ if !outcome.taken.is_empty() => "not everything arrived".to_owned(),
                _ if instead.is_empty() => "nothing arrived".to_owned(),
                _ => "nothing expected arrived".to_owned(),
            };
            // Another answer has ended the wait.
            if outcome.ended == Ended::TimedOut
                && waited(outcome) < outcome.limit
                && !instead.is_empty()
            {
                return format!("{what}, but {}", describe_received(&instead, transcript));
            }
            format!("{what} within {}", span(waited(outcome)))
        }
    };
    if !instead.is_empty() {
        words.push_str("; unmatched so far: ");
        words.push_str(&describe_received(&instead, transcript));
    }
    words
}

/// Returns how a sentence about a closed connection continues.
fn before(wanted: Option<&Pattern>) -> String {
    match wanted {
        Some(Pattern::Packet(pattern)) => format!(" before {} arrived", pattern.packet_type),
        Some(Pattern::Closed { .. }) => String::new(),
        _ => " first".to_owned(),
    }
}

/// Returns what the client's connection had received by the end of the wait and no step has taken.
pub(super) fn untaken(
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
) -> Vec<EventIndex> {
    let last_lane = lane_at(transcript, client, outcome.at);
    // A close frame is included because it shows why a connection was closed.
    (0..transcript.events.len())
        .map(EventIndex)
        .filter(|index| {
            let event = &transcript.events[index.0];
            Some(event.lane) == last_lane
                && event.at <= outcome.at
                && event.taken_by.is_none()
                && matches!(
                    event.what,
                    What::Received {
                        automatic: false,
                        ..
                    } | What::Upgraded(_)
                        | What::Control(Control::Close(_))
                        | What::Garbage { .. }
                        | What::Truncated { .. }
                        | What::Fault { .. }
                )
        })
        .collect()
}

/// Returns the connection that the client had at this time.
pub(super) fn lane_at(
    transcript: &Transcript,
    client: ClientIndex,
    at: Duration,
) -> Option<LaneIndex> {
    let begun = |lane: LaneIndex| {
        let mut events = transcript.events.iter();
        events.any(|event| event.lane == lane && event.at <= at)
    };
    (0..transcript.lanes.len())
        .rev()
        .map(LaneIndex)
        .find(|lane| transcript.lanes[lane.0].client == client && begun(*lane))
}

/// Returns the first packet of this type that was received after the limit, and a description of it.
pub(super) fn too_late(
    packet_type: PacketType,
    outcome: &Outcome,
    transcript: &Transcript,
    client: ClientIndex,
) -> Option<(EventIndex, String)> {
    let lane = lane_at(transcript, client, outcome.at)?;
    let is_late = |index: &EventIndex| {
        let event = &transcript.events[index.0];
        event.lane == lane
            && event.at > outcome.deadline()
            && event.taken_by.is_none()
            && matches!(&event.what, What::Received { frame, .. } if frame.packet_type() == packet_type)
    };
    let index = (0..transcript.events.len()).map(EventIndex).find(is_late)?;
    let after = transcript.events[index.0].at.saturating_sub(outcome.since);
    Some((
        index,
        format!("{packet_type} arrived after {}", span(after)),
    ))
}

/// Formats a duration: `1.5 s`, `200 ms`.
pub(crate) fn span(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    let tenths = (duration.as_millis() + 50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}
