//! The packets that lead to a finding, as bytes for a target file. They show a deviation without this program.

use std::fmt::Write as _;
use std::time::Duration;

use crate::plan::{Body, Plan, find_step};
use crate::transcript::{Ending, Event, LaneIndex, Transcript, What};
use crate::verdict::Finding;

/// The longest exchange that a person would read, in lines and in bytes of packets.
const LINES: usize = 60;
const BYTES: usize = 4096;
/// The shortest pause before one of our packets that is written as a `wait` line, and the longest that an entry may
/// have.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A line of `bytes`, with the name of its packet: `("a > c0 00", "PINGREQ")`.
pub type Line = (String, String);

/// Returns the exchange up to the finding. It is empty if plain bytes over TCP cannot show the exchange (the connection
/// is a WebSocket, or an event is not about bytes), or if it is too long to read.
pub fn exchange(plan: &Plan, transcript: &Transcript, finding: &Finding) -> Vec<Line> {
    let end = match finding.events.iter().max() {
        Some(last) => last.0 + 1,
        None => match finding.step {
            Some(step) => transcript.events.partition_point(|e| e.during <= step),
            None => transcript.events.len(),
        },
    };
    let mut writing = Writing {
        transcript,
        lines: Vec::new(),
        bytes: 0,
        last: Duration::ZERO,
        open: vec![false; transcript.lanes.len()],
    };
    let all = transcript.events.iter().take(end);
    let is_plain = all
        .map(|event| writing.event(event))
        .all(|written| written.is_some());
    if !is_plain || writing.lines.len() > LINES || writing.bytes > BYTES {
        return Vec::new();
    }
    if finding.events.is_empty() {
        writing.push_silence(plan, finding);
    }
    writing.lines
}

struct Writing<'t> {
    transcript: &'t Transcript,
    lines: Vec<Line>,
    bytes: usize,
    /// The time of the last event.
    last: Duration,
    /// For each connection, whether it is open.
    open: Vec<bool>,
}

impl Writing<'_> {
    /// Writes an event. Returns `None` if bytes cannot express it.
    fn event(&mut self, event: &Event) -> Option<()> {
        let name = self.name(event.lane);
        let pause = event.at.saturating_sub(self.last);
        match &event.what {
            What::OwnPing | What::OwnPong => return Some(()),
            What::Opened => self.open[event.lane.0] = true,
            What::Sent { bytes, packet, .. } => {
                self.pause(pause);
                let what = packet
                    .as_ref()
                    .map(|packet| packet.packet_type().to_string());
                self.packet(&name, '>', bytes, what.unwrap_or_default());
            }
            What::Received {
                frame, carried_in, ..
            } => {
                if carried_in.is_some() {
                    return None;
                }
                self.packet(&name, '<', frame.bytes(), frame.packet_type().to_string());
            }
            What::Garbage { bytes, .. } | What::Truncated { bytes } => {
                self.packet(&name, '<', bytes, "no whole packet".to_owned());
            }
            What::Closed(_) => {
                self.open[event.lane.0] = false;
                self.lines.push((format!("{name} closed"), String::new()));
            }
            What::Dropped(Ending::HalfClose) => return None,
            What::Dropped(_) => {
                self.pause(pause);
                self.open[event.lane.0] = false;
                self.lines.push((format!("{name} drops"), String::new()));
            }
            What::Upgraded(_)
            | What::SentFrame { .. }
            | What::Control(_)
            | What::Fault { .. }
            | What::Shown { .. } => return None,
        }
        self.last = event.at;
        Some(())
    }

    /// Writes a `wait` line before an action of ours that follows a pause, since the scenario waited there.
    fn pause(&mut self, span: Duration) {
        if span >= PAUSE && !self.lines.is_empty() {
            let seconds = span.min(LONGEST_PAUSE).as_secs();
            self.lines.push((format!("wait {seconds}s"), String::new()));
        }
    }

    fn packet(&mut self, name: &str, direction: char, bytes: &[u8], what: String) {
        self.bytes += bytes.len();
        let mut line = format!("{name} {direction} ");
        let (header, body) = bytes.split_at(bytes.len().min(2));
        for byte in header {
            // Writing to a string does not fail.
            let _ = write!(line, "{byte:02x} ");
        }
        for byte in body {
            let _ = write!(line, "{byte:02x}");
        }
        self.lines.push((line.trim_end().to_owned(), what));
    }

    /// Adds `silent 1s` at the end of an exchange whose next packet is missing.
    fn push_silence(&mut self, plan: &Plan, finding: &Finding) {
        let step = finding.step.and_then(|step| find_step(&plan.steps, step));
        let client = match step.map(|step| &step.body) {
            Some(Body::Client { client, .. }) => *client,
            Some(Body::Choice(choice)) => choice.of,
            _ => return,
        };
        let lanes = self.transcript.lanes.iter().enumerate();
        let mut of_client = lanes.filter(|(_, lane)| lane.client == client);
        if let Some((lane, _)) = of_client.next_back()
            && self.open[lane]
        {
            let name = self.name(LaneIndex(lane));
            self.lines
                .push((format!("{name} silent 1s"), String::new()));
        }
    }

    /// Returns the name of the connection in the exchange: letters, digits, `-` and `_`, and never a word of the
    /// syntax.
    fn name(&self, lane: LaneIndex) -> String {
        let lane = &self.transcript.lanes[lane.0];
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let plain = lane.name.chars().map(|c| if is_plain(c) { c } else { '-' });
        let mut name: String = plain.collect();
        if lane.connection > 1 || name == "wait" {
            let _ = write!(name, "-{}", lane.connection);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::text::fixture::{takeover_plan, takeover_record_without_disconnect};
    use crate::verdict::judge;

    #[test]
    fn shows_every_connection_up_to_what_was_found() {
        let plan = takeover_plan();
        let record = takeover_record_without_disconnect(&plan);
        let (_, findings) = judge(&plan, &record, None, None);
        let missing = findings
            .iter()
            .find(|finding| finding.events.is_empty())
            .expect("no DISCONNECT came");
        let lines = exchange(&plan, &record, missing);
        let shown: Vec<String> = lines
            .iter()
            .map(|(line, what)| match line.split_at(line.len().min(16)) {
                (start, "") => format!("{start} {what}"),
                (start, _) => format!("{start}… {what}"),
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }
}
