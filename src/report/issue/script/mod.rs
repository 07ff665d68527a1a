//! Writes a finding as a Python script, which sends what the clients sent and checks what the broker sends.

mod decision;
mod naming;

use mqtt_check_codec::{Frame, Packet, ProtocolVersion};

use naming::{TOKEN, renamed};

use super::python;
use crate::engine::Prefix;
use crate::report::document::check::{Check, Right};
use crate::report::document::{Direction, Ending, Event, EventKind, Finding, Play};
use crate::report::pcap::unhex;

/// The part of a script that is the same in all scripts.
const CLIENT: &str = include_str!("../client.py");
/// The part that reads fields of packets, for scripts that need it.
const FIELDS: &str = include_str!("../fields.py");

/// Packets that a client sends in one step within this time were written together.
const SAME_WRITE_US: u64 = 1_000;
/// Shorter pauses of a client are left out.
const PAUSE_US: u64 = 300_000;
/// From this length on, the size of a packet may matter, in bytes.
const LONG: usize = 100;
/// The longest that all pauses together may take.
const PAUSES_US: u64 = 60_000_000;

/// Writes the script. `about` becomes its docstring.
///
/// # Errors
/// Why there is no script.
pub(super) fn of(
    play: &Play,
    finding: &Finding,
    check: &Check,
    about: &str,
) -> Result<String, String> {
    let mut story = Story::new(play, finding, check)?;
    for event in play
        .events
        .iter()
        .filter(|event| event.number < check.before)
    {
        story.event(event)?;
    }
    if story.paused_us > 0 && story.keeps_alive && check.right != Right::Closed {
        return Err("the fault depends on the exact time of a Keep Alive".to_owned());
    }
    story.decide(finding)?;
    let token = story.token.clone();
    let mut out = String::from("#!/usr/bin/env python3\n");
    out.push_str(&format!(
        "\"\"\"{}\n\nUsage: python3 SCRIPT HOST PORT\nExit code: 1 if the broker shows the fault (red), 0 if it behaves correctly (green), 2 if the script cannot decide.\n\"\"\"\n\n",
        about.replace('\\', "\\\\").replace("\"\"\"", "'''")
    ));
    out.push_str("def story():\n");
    for line in &story.lines {
        match line.is_empty() {
            true => out.push('\n'),
            false => out.push_str(&format!("    {line}\n")),
        }
    }
    out.push_str("\n\n# The rest is the same in every such script: a client that sends and receives bytes.\n\n");
    out.push_str(&CLIENT.replace("@@TOKEN@@", &token));
    if story.reads_fields {
        out.push_str("\n\n");
        out.push_str(FIELDS);
    }
    out.push_str("\n\nif len(sys.argv) != 3:\n    sys.exit(__doc__)\nHOST, PORT = sys.argv[1], int(sys.argv[2])\nstory()\n");
    Ok(out)
}

struct Story<'a> {
    play: &'a Play,
    finding: &'a Finding,
    check: &'a Check,
    lines: Vec<String>,
    token: String,
    /// Adds the token to what is sent. `None` if the record has a prefix already, or if identifiers must stay the same.
    prefix: Option<Prefix>,
    /// Whether topics get the token too.
    renames_topics: bool,
    clients: Vec<State>,
    /// The client that acted last.
    last: Option<usize>,
    at_us: u64,
    paused_us: u64,
    /// Whether a client has a Keep Alive.
    keeps_alive: bool,
    reads_fields: bool,
    deferred: Vec<Deferred>,
}

/// A packet that was received before the step that takes it, while its client sent something in between. Another broker
/// may send it only after that.
#[derive(Debug)]
struct Deferred {
    step: usize,
    /// The variable for the packet, if a later packet answers it.
    variable: Option<String>,
    line: String,
}

/// The state of a client's connection.
#[derive(Debug, Clone, Default)]
struct State {
    is_connected: bool,
    /// Whether the client has closed it, so that nothing can be received.
    is_dropped: bool,
    /// Whether a packet was sent that has not been answered.
    is_unanswered: bool,
    /// The type and identifier of packets from the broker, with the variables that have them.
    received: Vec<(u8, u16, String)>,
}

impl<'a> Story<'a> {
    fn new(play: &'a Play, finding: &'a Finding, check: &'a Check) -> Result<Self, String> {
        let token = match play.prefix.is_empty() {
            true => TOKEN.to_owned(),
            false => play.prefix.clone(),
        };
        let mut story = Self {
            play,
            finding,
            check,
            lines: Vec::new(),
            prefix: play.prefix.is_empty().then(|| Prefix::new(token.clone())),
            token,
            renames_topics: !check.right.depends_on_topics(),
            clients: vec![State::default(); play.clients.len()],
            last: None,
            at_us: 0,
            paused_us: 0,
            keeps_alive: false,
            reads_fields: false,
            deferred: Vec::new(),
        };
        let sent = play.events.iter().filter(|event| {
            event.number < check.before && event.direction == Direction::Sent && !event.own
        });
        for event in sent {
            story.renames_topics &= story.may_rename(event)?;
        }
        if story.names_a_client_in_a_faulty_connect() {
            story.prefix = None;
        }
        let mut used: Vec<usize> = play
            .events
            .iter()
            .filter(|event| event.number < check.before)
            .map(|event| play.client_of(event))
            .collect();
        used.push(check.client);
        used.sort_unstable();
        used.dedup();
        for client in used {
            let known = &play.clients[client];
            let acknowledges = match check.acknowledging.contains(&client) {
                true => "True",
                false => "False",
            };
            story.lines.push(format!(
                "{} = Client({}, {}, acknowledges={acknowledges})",
                python::name(&known.name),
                python::text(&known.name),
                python::text(&known.version),
            ));
        }
        Ok(story)
    }

    fn version(&self, client: usize) -> Option<ProtocolVersion> {
        let text = &self.play.clients.get(client)?.version;
        [
            ProtocolVersion::V3_1,
            ProtocolVersion::V3_1_1,
            ProtocolVersion::V5,
        ]
        .into_iter()
        .find(|version| version.to_string() == *text)
    }

    /// Decodes the bytes of an event as a packet. `None` if encoding the packet again would give other bytes.
    fn packet(&self, event: &Event, bytes: &[u8]) -> Option<(Packet, ProtocolVersion)> {
        let version = self.version(self.play.client_of(event))?;
        let frame = Frame::from_bytes(bytes.to_vec().into()).ok()?;
        let packet = Packet::decode(&frame, version).ok()?;
        let mut again = bytes::BytesMut::new();
        packet.encode(version, &mut again).ok()?;
        (again[..] == *bytes).then_some((packet, version))
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        if event.own {
            return Ok(());
        }
        let client = self.play.client_of(event);
        let name = python::name(&self.play.clients[client].name);
        let acknowledges = self.check.acknowledging.contains(&client);
        let is_sent = event.direction == Direction::Sent;
        let is_acknowledging = matches!(
            event.packet.as_deref(),
            Some("PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP")
        );
        // The client in the script does this by itself.
        if acknowledges && event.automatic && is_acknowledging {
            return Ok(());
        }
        // A close that no earlier step waited for may be the fault itself.
        if event.kind == EventKind::Closed && !is_sent && self.is_later(event) {
            return Ok(());
        }
        self.expect_deferred(|deferred| deferred.step <= event.during);
        self.switch_client(client);
        let gap_us = event.at_us.saturating_sub(self.at_us);
        self.at_us = event.at_us;
        let limit = 10 + gap_us / 1_000_000;
        match (event.kind, is_sent) {
            (EventKind::Opened, _) => {
                self.pause(gap_us)?;
                self.lines.push(format!("{name}.open()"));
                self.clients[client].is_connected = false;
                self.clients[client].is_dropped = false;
            }
            (EventKind::Closed, true) => {
                self.pause(gap_us)?;
                let half = match event.ending {
                    Some(Ending::HalfClose) => "half=True",
                    _ => "",
                };
                self.lines.push(format!("{name}.drop({half})"));
                self.clients[client].is_connected = false;
                self.clients[client].is_dropped = half.is_empty();
            }
            (EventKind::Closed, false) => {
                self.lines.push(format!("{name}.expect_close({limit})"));
                self.clients[client].is_connected = false;
            }
            (EventKind::Packet | EventKind::Bytes | EventKind::Malformed, true) => {
                self.pause(gap_us)?;
                self.send(event, client, &name);
            }
            (EventKind::Packet | EventKind::Malformed, false) => {
                self.receive(event, client, &name, limit);
            }
            _ => return Err("the case needs more than packets, such as hook events".to_owned()),
        }
        Ok(())
    }

    /// When another client takes its turn, waits until the broker has processed what the last client sent.
    fn switch_client(&mut self, client: usize) {
        if let Some(last) = self.last.replace(client).filter(|last| *last != client) {
            self.settle(last);
        }
    }

    fn settle(&mut self, client: usize) {
        let state = &mut self.clients[client];
        if !std::mem::take(&mut state.is_unanswered) {
            return;
        }
        let line = match state.is_connected {
            true => format!("{}.sync()", python::name(&self.play.clients[client].name)),
            false => "time.sleep(0.2)".to_owned(),
        };
        self.lines.push(line);
    }

    fn pause(&mut self, gap_us: u64) -> Result<(), String> {
        if gap_us < PAUSE_US {
            return Ok(());
        }
        self.paused_us = self.paused_us.saturating_add(gap_us);
        if self.paused_us > PAUSES_US {
            return Err("the case waits for more than a minute".to_owned());
        }
        let (seconds, rest) = (gap_us / 1_000_000, gap_us % 1_000_000 / 1000);
        self.lines.push(format!("time.sleep({seconds}.{rest:03})"));
        Ok(())
    }

    fn send(&mut self, event: &Event, client: usize, name: &str) {
        let mut bytes = unhex(event.bytes.as_deref().unwrap_or_default());
        let sent = self.packet(event, &bytes);
        let mut answers = String::new();
        if let Some((Packet::Connect(connect), _)) = &sent {
            self.keeps_alive |= connect.keep_alive_s > 0;
        }
        if let Some((packet, version)) = &sent {
            let answered = match packet {
                Packet::PubAck(_) | Packet::PubRec(_) => Some(3),
                Packet::PubComp(_) => Some(6),
                _ => None,
            };
            let id = packet.packet_id().map(|id| id.get());
            let known = self.clients[client].received.iter().rev();
            let known = known
                .filter(|(kind, known, _)| Some(*kind) == answered && Some(*known) == id)
                .map(|(.., variable)| variable);
            if let Some(variable) = known.into_iter().next().cloned() {
                answers = format!(", answers={variable}");
                self.expect_deferred(|deferred| deferred.variable.as_ref() == Some(&variable));
            }
            if let Some(prefix) = &self.prefix {
                let mut named = packet.clone();
                if self.renames_topics {
                    prefix.put(&mut named);
                }
                if let (Packet::Connect(named), Packet::Connect(original)) = (&mut named, packet) {
                    named.client_id = renamed(prefix, &original.client_id);
                }
                let mut again = bytes::BytesMut::new();
                if named.encode(*version, &mut again).is_ok() {
                    bytes = again.to_vec();
                }
            }
        }
        if let Some(text) = &event.text {
            let comment = text
                .split_once(" > ")
                .map_or(text.as_str(), |(_, comment)| comment);
            self.lines.extend(python::comment(comment));
        }
        let hold = if self.is_sent_with_next(event) {
            ", hold=True"
        } else {
            ""
        };
        let literal = python::bytes(&bytes);
        match &literal[..] {
            [one] => self
                .lines
                .push(format!("{name}.send({one}{answers}{hold})")),
            several => {
                self.lines.push(format!("{name}.send("));
                self.lines
                    .extend(several.iter().map(|line| format!("    {line}")));
                self.lines.push(format!("    {answers}{hold})"));
            }
        }
        let state = &mut self.clients[client];
        state.is_unanswered = true;
        match &sent {
            Some((Packet::Disconnect(_), _)) | None => state.is_connected = false,
            Some(_) => {}
        }
    }

    /// Whether the client wrote the next packet together with this one. Between two writes, the broker might answer or
    /// close the connection.
    fn is_sent_with_next(&self, event: &Event) -> bool {
        let mut after = self.play.events.iter();
        let next = after.find(|next| next.number > event.number);
        next.is_some_and(|next| {
            next.number < self.check.before
                && next.lane == event.lane
                && next.direction == Direction::Sent
                && next.bytes.is_some()
                && !next.own
                && !next.automatic
                && !event.automatic
                && next.during == event.during
                && next.at_us - event.at_us < SAME_WRITE_US
        })
    }

    fn receive(&mut self, event: &Event, client: usize, name: &str, limit: u64) {
        let bytes = unhex(event.bytes.as_deref().unwrap_or_default());
        let kind = bytes.first().map_or(0, |byte| byte >> 4);
        let packet = python::text(&packet_name(kind));
        if self.is_later(event) {
            self.lines.push(format!("{name}.peek({packet})"));
        } else {
            let mut variable = None;
            let id = self
                .packet(event, &bytes)
                .and_then(|(packet, _)| packet.packet_id());
            if let Some(id) = id.filter(|_| kind == 3 || kind == 6) {
                let new = format!("packet{}", event.number);
                variable = Some(new.clone());
                self.clients[client].received.push((kind, id.get(), new));
            }
            let limit = if limit > 10 {
                format!(", {limit}")
            } else {
                String::new()
            };
            let assignment = variable
                .as_ref()
                .map_or_else(String::new, |variable| format!("{variable} = "));
            let line = format!("{assignment}{name}.expect({packet}{limit})");
            match self.taken_later(event, client) {
                Some(step) => {
                    self.lines.push(format!("{name}.peek({packet})"));
                    self.deferred.push(Deferred {
                        step,
                        variable,
                        line,
                    });
                }
                None => self.lines.push(line),
            }
        }
        let state = &mut self.clients[client];
        state.is_unanswered = false;
        if kind == 2 {
            state.is_connected = true;
        }
    }

    /// The step that takes the received packet, if its client sent something in between.
    fn taken_later(&self, event: &Event, client: usize) -> Option<usize> {
        let step = event.step.filter(|step| *step > event.during)?;
        let mut between = self.play.events.iter().filter(|other| {
            other.number > event.number && other.number < self.check.before && other.during < step
        });
        let is_sent = between.any(|other| {
            other.direction == Direction::Sent
                && !other.own
                && !other.automatic
                && self.play.client_of(other) == client
        });
        is_sent.then_some(step)
    }

    /// Adds the expectations of deferred packets that are due.
    fn expect_deferred(&mut self, is_due: impl Fn(&Deferred) -> bool) {
        let (due, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.deferred)
            .into_iter()
            .partition(is_due);
        self.deferred = rest;
        self.lines.extend(due.into_iter().map(|due| due.line));
    }

    /// Whether a received packet is not part of what leads to the finding: no step takes it, or only that of the
    /// finding or a later one.
    fn is_later(&self, event: &Event) -> bool {
        // These findings are about a packet that the broker sends in addition to those that steps take.
        let is_extra_packet = matches!(
            self.check.right,
            Right::NoMore { .. } | Right::OtherBytes { .. }
        );
        match (event.step, self.finding.step.filter(|_| !is_extra_packet)) {
            (Some(step), Some(found)) => step >= found,
            (Some(_), None) => false,
            (None, _) => !event.automatic,
        }
    }
}

fn packet_name(kind: u8) -> String {
    mqtt_check_codec::PacketType(kind).name().to_owned()
}
