//! The packets that matter to a finding, on every connection of its case.

mod chosen;
mod line;
mod log;
mod place;

use super::document::{Finding, Play};
use super::style::Style;

use chosen::{Row, rows};
use place::{Place, found_at};

/// The style of a text, and its largest width in columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canvas {
    pub(super) style: Style,
    pub(super) width: usize,
}

impl Canvas {
    /// For a file: no colour and no limit of the width.
    pub(super) const FILE: Self = Self {
        style: Style::PLAIN,
        width: usize::MAX,
    };
}

/// How many events are shown before and after those of a finding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    before: usize,
    after: usize,
    /// The number of lines of the broker's log.
    log: usize,
}

impl Around {
    pub(super) const WIDE: Self = Self {
        before: 12,
        after: 6,
        log: 12,
    };
    pub(super) const NARROW: Self = Self {
        before: 8,
        after: 2,
        log: 5,
    };

    /// The same number of events, and no log.
    pub(super) const fn without_log(self) -> Self {
        Self { log: 0, ..self }
    }
}

/// Returns the packets around the events of a finding. All connections are shown, since one client may cause what
/// another one misses. Packets further away are left out, apart from the CONNECT and the SUBSCRIBE packets of the client
/// that the finding is about. Pings are left out first.
pub(super) fn excerpt(play: &Play, finding: &Finding, around: Around, canvas: Canvas) -> String {
    let place = Place::of(play, finding);
    let mut out = nodes(play);
    for row in rows(play, finding, &place, around) {
        out.push_str(&match row {
            Row::Event { event, is_marked } => {
                let expected = is_marked.then_some(finding.expected.as_slice());
                line::event(event, expected, canvas)
            }
            Row::Here => line::here(play, finding, canvas.style),
            Row::LeftOut { number, are_pings } => line::left_out(number, are_pings, canvas.style),
        });
    }
    let until_us = found_at(play, finding);
    out.push_str(&log::titled(play, until_us, around.log, canvas));
    out
}

/// Returns the last lines that the broker logged before the finding, `most` at most. Empty if its log is not known.
pub(super) fn broker_log(play: &Play, finding: &Finding, most: usize) -> String {
    log::lines(play, found_at(play, finding), most, Canvas::FILE)
}

/// The last events of a play.
pub(super) fn end(play: &Play, canvas: Canvas) -> String {
    let events: Vec<_> = place::shown(play).collect();
    let from = events.len().saturating_sub(Around::WIDE.before);
    let shown = events.get(from..).unwrap_or_default().iter();
    let lines = shown.map(|event| line::event(event, None, canvas));
    let log = log::titled(play, u64::MAX, Around::WIDE.log, canvas);
    format!("{}{}{log}", nodes(play), lines.collect::<String>())
}

/// States which client is connected to which node. Empty if every client is connected to the first node.
pub(super) fn nodes(play: &Play) -> String {
    let all: Vec<Vec<usize>> = (0..play.clients.len()).map(|n| play.nodes_of(n)).collect();
    if all.iter().flatten().all(|node| *node == 0) {
        return String::new();
    }
    let named = play.clients.iter().zip(&all).map(|(client, nodes)| {
        let numbers: Vec<String> = nodes.iter().map(usize::to_string).collect();
        format!("{} on node {}", client.name, numbers.join(" then "))
    });
    let named: Vec<String> = named.collect();
    format!("      {}\n", named.join(", "))
}

#[cfg(test)]
mod tests;
