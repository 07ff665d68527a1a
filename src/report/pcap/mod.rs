//! The packets of a case as a capture for packet analysers: MQTT over TCP, IPv4 and Ethernet, in pcapng.
//!
//! The bytes and the times are those of the record. The layers below MQTT are invented: each client has an address,
//! each connection has a port, and the broker listens on 1883, so that analysers recognize MQTT. Traffic over TLS or
//! WebSocket appears in the capture as plain MQTT.

mod container;
mod tcp;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use container::Capture;
use tcp::{Connection, End, Side};

use super::document::{
    Case, Direction, Document, Ending, Event, EventKind, FindingKind, Play, instant,
};
use super::folder::{Entry, Names};

/// A PINGREQ and a PINGRESP. A document does not contain the bytes of the harness's own.
const PINGREQ: &[u8] = &[0xc0, 0x00];
const PINGRESP: &[u8] = &[0xd0, 0x00];

/// Renders a capture for each case whose record is in the document.
pub(super) fn render(document: &Document) -> Vec<Entry> {
    let began_us = instant(&document.run.started).unwrap_or(0);
    let mut names = Names::default();
    let cases = document.cases.iter();
    cases
        .filter_map(|case| {
            let play = case.play.as_ref()?;
            let since_us = case.span.map_or(0, |span| span.start_us);
            Some(Entry {
                name: names.file(&case.id, "pcapng"),
                content: capture(document, case, play, began_us.saturating_add(since_us)),
            })
        })
        .collect()
}

/// The address of a node of the broker.
fn node_address(node: usize) -> Ipv4Addr {
    address(255, node)
}

fn client_address(client: usize) -> Ipv4Addr {
    address(0, client)
}

fn address(second: u8, number: usize) -> Ipv4Addr {
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, second, byte(number / 250), byte(number % 250 + 1))
}

fn capture(document: &Document, case: &Case, play: &Play, began_us: u64) -> Vec<u8> {
    let tool = format!("{} {}", document.tool.name, document.tool.version);
    let mut capture = Capture::new(&tool, &format!("{}: {}", case.id, case.title));
    capture.names(&names(play));
    let mut connections: BTreeMap<usize, Connection> = BTreeMap::new();
    let mut comments = Vec::new();
    for event in &play.events {
        comments.extend(comments_on(case, play, event));
        let connection = connections
            .entry(event.lane)
            .or_insert_with(|| connection(play, event.lane));
        let frames = frames(connection, event);
        let at_us = began_us.saturating_add(event.at_us);
        for (n, frame) in frames.iter().enumerate() {
            // The first frame of an event carries its comments.
            let comment = if n == 0 {
                std::mem::take(&mut comments)
            } else {
                Vec::new()
            };
            capture.frame(at_us, frame, &comment);
        }
        if let Some(left_out) = play.left_out.filter(|gap| gap.after == event.number) {
            comments.push(format!("{} events are left out here", left_out.events));
        }
    }
    capture.bytes()
}

/// The names of all addresses.
fn names(play: &Play) -> Vec<(Ipv4Addr, String)> {
    let mut names: Vec<(Ipv4Addr, String)> = Vec::new();
    for (n, client) in play.clients.iter().enumerate() {
        names.push((client_address(n), client.name.clone()));
        for node in play.nodes_of(n) {
            let broker = match node {
                0 => "broker".to_owned(),
                node => format!("broker-node-{node}"),
            };
            let named = (node_address(node), broker);
            if !names.contains(&named) {
                names.push(named);
            }
        }
    }
    names
}

fn connection(play: &Play, lane: usize) -> Connection {
    let client = play.lanes.get(lane).map_or(0, |lane| lane.client);
    Connection::new(
        lane,
        client_address(client),
        node_address(play.node_of(lane)),
    )
}

/// The frames of an event on its connection.
fn frames(connection: &mut Connection, event: &Event) -> Vec<tcp::Frame> {
    let side = match event.direction {
        Direction::Sent => Side::Client,
        Direction::Received => Side::Broker,
    };
    match event.kind {
        EventKind::Opened => connection.open(),
        EventKind::Closed => connection.end(
            side,
            match event.ending {
                Some(Ending::Reset) => End::Reset,
                Some(Ending::HalfClose) => End::Half,
                Some(Ending::Close) | None => End::Both,
            },
        ),
        EventKind::Packet | EventKind::Malformed | EventKind::Bytes | EventKind::Truncated => {
            let own = match side {
                Side::Client => PINGREQ,
                Side::Broker => PINGRESP,
            };
            let bytes = match &event.bytes {
                Some(hex) => unhex(hex),
                None if event.own => own.to_vec(),
                None => return Vec::new(),
            };
            connection.data(side, &bytes, event.bytes_left_out)
        }
        // These events carry no bytes of the MQTT stream.
        EventKind::Upgrade | EventKind::Frame | EventKind::WrongFrame | EventKind::Condensed => {
            Vec::new()
        }
    }
}

/// The comments on an event: the step of the scenario, and the violations.
fn comments_on(case: &Case, play: &Play, event: &Event) -> Vec<String> {
    let mut out = Vec::new();
    if event.own {
        out.push("traffic of the test harness itself".to_owned());
    }
    let step = event
        .step
        .and_then(|number| play.steps.iter().find(|step| step.number == number));
    if let Some(step) = step {
        out.push(format!("line {}: {}", step.line, step.label));
    }
    if matches!(
        event.kind,
        EventKind::Upgrade | EventKind::Frame | EventKind::WrongFrame | EventKind::Condensed
    ) {
        out.extend(event.text.clone());
    }
    let findings = case.findings.iter();
    let about = findings.filter(|finding| {
        finding.kind == FindingKind::Violation && finding.events.contains(&event.number)
    });
    for finding in about {
        let clauses: Vec<&str> = finding.clauses.iter().map(|c| c.id.as_str()).collect();
        out.push(format!(
            "violation of {}: expected {}; {}",
            clauses.join(", "),
            finding.expected.join(" or "),
            finding.actual
        ));
    }
    out
}

/// Decodes hexadecimal as the document writes it.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: u8| char::from(at).to_digit(16).unwrap_or(0);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).unwrap_or(0))
        .collect()
}
