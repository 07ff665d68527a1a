//! Builds the record of a play in the document.

use std::collections::BTreeSet;

use super::microseconds;
use crate::plan::{Body, Plan, PlannedStep};
use crate::report::document::values::{fields, hex};
use crate::report::document::{
    Client, Direction, Ended, Ending, Event, EventKind, Hook, HookField, Lane, LeftOut, Level,
    LogLine, Play, Played, Step, Transport, Wait,
};
use crate::scenario::model;
use crate::transcript::{self, EventIndex, Transcript, What, text};
use crate::verdict::Finding;

/// The largest number of events of a play in the document, half from its start and half from its end. A broker may send
/// without end.
const EVENTS: usize = 1000;
/// The largest number of hook events, and of played steps.
const OTHERS: usize = 1000;
/// The largest number of characters of a line of the broker's log.
const LONGEST_LOG_LINE: usize = 500;
/// The largest number of bytes of one event.
const BYTES_OF_EVENT: usize = 4 * 1024;
/// The largest number of bytes of all events of a play.
const BYTES_OF_PLAY: usize = 128 * 1024;

/// Builds the record of a scene, with all events of its findings.
pub(super) fn of(plan: &Plan, transcript: &Transcript, findings: &[Finding]) -> Play {
    let about = findings.iter().flat_map(|finding| &finding.events);
    play(
        plan,
        transcript,
        &plan.steps,
        text::record_with_own_pings(plan, transcript, None),
        &about.copied().collect(),
    )
}

/// Builds the record of its control.
pub(super) fn of_control(plan: &Plan, transcript: &Transcript) -> Play {
    let steps: Vec<PlannedStep> = plan.control.as_ref().map_or_else(Vec::new, |control| {
        control
            .steps
            .iter()
            .chain(&control.expect)
            .cloned()
            .collect()
    });
    let text = text::record_of_control(plan, transcript);
    play(plan, transcript, &steps, text, &BTreeSet::new())
}

fn play(
    plan: &Plan,
    transcript: &Transcript,
    steps: &[PlannedStep],
    text: String,
    about: &BTreeSet<EventIndex>,
) -> Play {
    let (events, left_out) = events(transcript, about);
    let hooks = transcript.hooks.iter().take(OTHERS);
    let played = transcript.steps.iter().take(OTHERS);
    let mut listed = Vec::new();
    list(steps, &mut listed);
    Play {
        prefix: transcript.prefix.clone(),
        clients: plan.scene.clients.iter().map(client).collect(),
        lanes: transcript.lanes.iter().map(|of| lane(plan, of)).collect(),
        events,
        left_out,
        hooks: hooks.map(hook).collect(),
        hooks_left_out: transcript.hooks.len().saturating_sub(OTHERS),
        steps: listed,
        played: played.map(played_step).collect(),
        played_left_out: transcript.steps.len().saturating_sub(OTHERS),
        log: transcript.log.lines.iter().map(log_line).collect(),
        log_left_out: transcript.log.left_out,
        broken_off: transcript.broken_off.clone(),
        late_us: microseconds(transcript.late),
        text,
    }
}

fn log_line(line: &transcript::LogLine) -> LogLine {
    LogLine {
        at_us: microseconds(line.at),
        text: line.text.chars().take(LONGEST_LOG_LINE).collect(),
    }
}

fn client(client: &model::Client) -> Client {
    Client {
        name: client.name.clone(),
        version: client.version.to_string(),
        node: client.route.node,
        transport: match client.route.transport {
            model::Transport::Default => Transport::Default,
            model::Transport::Tcp => Transport::Tcp,
            model::Transport::WebSocket => Transport::Websocket,
        },
        driver: client.driver.as_str().to_owned(),
    }
}

fn lane(plan: &Plan, lane: &transcript::Lane) -> Lane {
    let usual = plan.scene.clients[lane.client.0].route.node;
    Lane {
        client: lane.client.0,
        name: text::lane_name(lane),
        connection: lane.connection,
        node: (lane.node != usual).then_some(lane.node),
    }
}

/// Returns the first and the last events, those of findings between them, and what was left out.
fn events(transcript: &Transcript, about: &BTreeSet<EventIndex>) -> (Vec<Event>, Option<LeftOut>) {
    let all = transcript.events.len();
    let half = EVENTS / 2;
    let is_kept =
        |n: &usize| *n < half || n.saturating_add(half) >= all || about.contains(&EventIndex(*n));
    let mut room = BYTES_OF_PLAY;
    let kept = (0..all).filter(is_kept);
    let events: Vec<Event> = kept.map(|n| event(transcript, n, &mut room)).collect();
    let left_out = (events.len() < all).then(|| LeftOut {
        events: all - events.len(),
        after: half.saturating_sub(1),
    });
    (events, left_out)
}

fn event(transcript: &Transcript, number: usize, room: &mut usize) -> Event {
    let event = &transcript.events[number];
    let version = transcript.lanes[event.lane.0].version;
    let (is_ours, own) = transcript::ours_or_own(event);
    let (direction, kind, bytes) = what(&event.what);
    let packet = text::shown_packet(transcript, event);
    let (bytes, bytes_left_out) = match bytes {
        None => (None, 0),
        Some(bytes) => {
            let (hex, left_out) = hex(bytes, BYTES_OF_EVENT.min(*room));
            *room -= bytes.len() - left_out;
            (Some(hex), left_out)
        }
    };
    Event {
        number,
        at_us: microseconds(event.at),
        lane: event.lane.0,
        direction: direction.unwrap_or(match is_ours {
            true => Direction::Sent,
            false => Direction::Received,
        }),
        kind,
        ending: ending(&event.what),
        text: text::event(transcript, event),
        packet: packet.as_ref().map(|p| p.packet_type().name().to_owned()),
        fields: packet.map_or_else(Vec::new, |packet| fields(&packet, version)),
        bytes,
        bytes_left_out,
        own,
        automatic: is_automatic(&event.what),
        during: event.during.0,
        step: event.taken_by.map(|step| step.0),
    }
}

/// The direction, if it is certain, the kind, and the bytes.
fn what(what: &What) -> (Option<Direction>, EventKind, Option<&[u8]>) {
    let (sent, received) = (Some(Direction::Sent), Some(Direction::Received));
    match what {
        What::Opened => (sent, EventKind::Opened, None),
        What::Upgraded(_) => (received, EventKind::Upgrade, None),
        What::SentFrame { frame, .. } => (sent, EventKind::Frame, Some(&frame.payload)),
        What::Control(_) => (received, EventKind::Frame, None),
        What::Sent { bytes, packet, .. } => {
            let kind = match packet {
                Some(_) => EventKind::Packet,
                None => EventKind::Bytes,
            };
            (sent, kind, Some(bytes))
        }
        What::Received {
            frame,
            packet,
            faults,
            ..
        } => {
            let kind = match packet.is_ok() && faults.is_empty() {
                true => EventKind::Packet,
                false => EventKind::Malformed,
            };
            (received, kind, Some(frame.bytes()))
        }
        What::OwnPing => (sent, EventKind::Packet, None),
        What::OwnPong => (received, EventKind::Packet, None),
        What::Garbage { bytes, .. } => (received, EventKind::Bytes, Some(bytes)),
        What::Truncated { bytes } => (received, EventKind::Truncated, Some(bytes)),
        What::Fault { bytes, .. } => (received, EventKind::WrongFrame, Some(bytes)),
        What::Shown { .. } => (None, EventKind::Condensed, None),
        What::Closed(_) => (received, EventKind::Closed, None),
        What::Dropped(_) => (sent, EventKind::Closed, None),
    }
}

const fn ending(what: &What) -> Option<Ending> {
    let (What::Closed(ending) | What::Dropped(ending)) = what else {
        return None;
    };
    Some(match ending {
        transcript::Ending::Close => Ending::Close,
        transcript::Ending::Reset => Ending::Reset,
        transcript::Ending::HalfClose => Ending::HalfClose,
    })
}

const fn is_automatic(what: &What) -> bool {
    matches!(
        what,
        What::Sent {
            automatic: true,
            ..
        } | What::Received {
            automatic: true,
            ..
        }
    )
}

fn hook(record: &transcript::HookRecord) -> Hook {
    let fields = record.fields.iter().map(|(name, value)| HookField {
        name: name.clone(),
        value: value.clone(),
    });
    Hook {
        at_us: record.at.map(microseconds),
        during: record.during.0,
        name: record.name.clone(),
        fields: fields.collect(),
        text: text::hook(record),
    }
}

/// Lists every step. Inner steps follow their outer step.
fn list(steps: &[PlannedStep], out: &mut Vec<Step>) {
    for planned in steps {
        out.push(Step {
            number: planned.index.0,
            label: planned.step.label.clone(),
            line: planned.step.place.line,
            column: planned.step.place.column,
            client: match &planned.body {
                Body::Client { client, .. } => Some(client.0),
                Body::Choice(choice) => Some(choice.of.0),
                _ => None,
            },
            level: Level::from(planned.level()),
            clauses: planned.step.clauses.clone(),
        });
        list(planned.body.inner(), out);
    }
}

fn played_step(record: &transcript::StepRecord) -> Played {
    Played {
        step: record.step.0,
        began_us: microseconds(record.began),
        not_reached: record.not_reached.as_ref().map(ToString::to_string),
        waits: record.outcomes.iter().map(wait).collect(),
    }
}

fn wait(outcome: &transcript::Outcome) -> Wait {
    Wait {
        ended: match outcome.ended {
            transcript::Ended::Complete => Ended::Complete,
            transcript::Ended::TimedOut => Ended::TimedOut,
            transcript::Ended::Closed => Ended::Closed,
            transcript::Ended::Reset => Ended::Reset,
            transcript::Ended::NoConnection => Ended::NoConnection,
        },
        took: outcome.taken.iter().map(|event| event.0).collect(),
        since_us: microseconds(outcome.since),
        limit_us: microseconds(outcome.limit),
        at_us: microseconds(outcome.at),
    }
}
