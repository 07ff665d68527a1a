//! The packets around a finding, on every connection of its case.

use super::document::{Event, Finding, Play};
use super::style::Style;

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
        before: 6,
        after: 2,
        log: 5,
    };

    /// The same number of events, and no log.
    pub(super) const fn without_log(self) -> Self {
        Self { log: 0, ..self }
    }
}

/// The largest number of bytes that are shown of a packet.
const BYTES: usize = 48;
/// The width of what precedes a line: the mark and the time.
const INDENT: usize = 16;

/// Returns the packets around the events of a finding. All connections are shown, since one client may cause what
/// another one misses.
pub(super) fn excerpt(play: &Play, finding: &Finding, around: Around, canvas: Canvas) -> String {
    let step = finding.step;
    let acts = step.is_some_and(|number| {
        let mut steps = play.steps.iter();
        steps.any(|step| step.number == number && step.client.is_some())
    });
    let Place {
        events,
        about,
        here,
        until,
    } = Place::of(play, finding);
    let from = here.saturating_sub(around.before);
    let to = (until + around.after).min(events.len());
    let mut out = nodes(play);
    if from > 0 {
        out.push_str(&format!("      {}\n", canvas.style.ellipsis()));
    }
    for (position, event) in events.iter().enumerate().take(to).skip(from) {
        if about.is_empty() && position == here {
            out.push_str(&step_is_here(acts, canvas.style));
        }
        let is_marked = about.contains(&event.number);
        out.push_str(&packet(event, is_marked, canvas));
    }
    if about.is_empty() && here >= to {
        out.push_str(&step_is_here(acts, canvas.style));
    }
    if to < events.len() {
        out.push_str(&format!("      {}\n", canvas.style.ellipsis()));
    }
    out.push_str(&titled_log(
        play,
        found_at(play, finding),
        around.log,
        canvas,
    ));
    out
}

/// Returns the last lines that the broker logged before the finding, `most` at most. Empty if its log is not known.
pub(super) fn broker_log(play: &Play, finding: &Finding, most: usize) -> String {
    log(play, found_at(play, finding), most, Canvas::FILE)
}

/// The place of a finding among the events that are shown.
struct Place<'p> {
    events: Vec<&'p Event>,
    /// The numbers of the events that the finding is about.
    about: Vec<usize>,
    /// The index of the first of these events. If there is none, the place where the step gave up.
    here: usize,
    /// One more than the index of the last of these events.
    until: usize,
}

impl<'p> Place<'p> {
    fn of(play: &'p Play, finding: &Finding) -> Self {
        let step = finding.step;
        let about: Vec<usize> = match step {
            Some(step) if finding.events.is_empty() => play.taken_by(step),
            _ => finding.events.clone(),
        };
        let is_shown = |event: &&Event| event.text.is_some();
        let events: Vec<&Event> = play.events.iter().filter(is_shown).collect();
        let first = about.iter().min().copied();
        let last = about.iter().max().copied();
        let here = match (first, gave_up(play, step)) {
            (Some(first), _) => events.partition_point(|event| event.number < first),
            (None, Some(at_us)) => events.partition_point(|event| event.at_us <= at_us),
            (None, None) => {
                let step = step.unwrap_or(usize::MAX);
                events.partition_point(|event| event.during <= step)
            }
        };
        let until = last.map_or(here, |last| {
            events.partition_point(|event| event.number <= last)
        });
        let until = until.min(here.saturating_add(MARKED));
        Self {
            events,
            about,
            here,
            until,
        }
    }
}

/// The time of a finding, in microseconds since the play began. `u64::MAX` if it is not known.
fn found_at(play: &Play, finding: &Finding) -> u64 {
    let last_event = || {
        let place = Place::of(play, finding);
        Some(place.events.get(place.until.checked_sub(1)?)?.at_us)
    };
    gave_up(play, finding.step)
        .or_else(last_event)
        .unwrap_or(u64::MAX)
}

/// How much later than written a line of the log may be read, in microseconds.
const SEEN_US: u64 = 50_000;

/// Returns the broker's log under a heading. Empty if there are no lines.
fn titled_log(play: &Play, until_us: u64, most: usize, canvas: Canvas) -> String {
    match log(play, until_us, most, canvas) {
        lines if lines.is_empty() => lines,
        lines => format!("      the broker's log\n{lines}"),
    }
}

/// Returns the last lines of the broker's log that were read until then or soon after, `most` at most.
fn log(play: &Play, until_us: u64, most: usize, canvas: Canvas) -> String {
    let until = until_us.saturating_add(SEEN_US);
    let seen = play.log.partition_point(|line| line.at_us <= until);
    let mut out = String::new();
    for line in &play.log[seen.saturating_sub(most)..seen] {
        let at = std::time::Duration::from_micros(line.at_us).as_secs_f64();
        let text = format!("{at:>9.3}s  {}", visible(&line.text));
        let text = cut(&text, canvas.width.saturating_sub(5), canvas.style);
        out.push_str(&format!("     {}\n", canvas.style.faint(&text)));
    }
    out
}

/// Replaces control characters, which a terminal might obey.
fn visible(text: &str) -> String {
    let plain = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// The largest number of events of a finding that are shown.
const MARKED: usize = 6;

/// The last events of a play.
pub(super) fn end(play: &Play, canvas: Canvas) -> String {
    let is_shown = |event: &&Event| event.text.is_some();
    let events: Vec<&Event> = play.events.iter().filter(is_shown).collect();
    let from = events.len().saturating_sub(Around::WIDE.before);
    let shown = events.get(from..).unwrap_or_default().iter();
    let lines = shown.map(|event| packet(event, false, canvas));
    let log = titled_log(play, u64::MAX, Around::WIDE.log, canvas);
    format!("{}{}{log}", nodes(play), lines.collect::<String>())
}

/// The time when the last wait of a step was decided.
fn gave_up(play: &Play, step: Option<usize>) -> Option<u64> {
    let mut played = play.played.iter().rev();
    let played = played.find(|played| Some(played.step) == step)?;
    played.waits.last().map(|wait| wait.at_us)
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

fn packet(event: &Event, is_marked: bool, canvas: Canvas) -> String {
    let Canvas { style, width } = canvas;
    let pointer = if is_marked { style.pointer() } else { " " };
    let at = std::time::Duration::from_micros(event.at_us);
    let text = event.text.as_deref().unwrap_or_default();
    let line = format!("{:>9.3}s  {text}", at.as_secs_f64());
    let bytes = bytes(event, style);
    let room = width.saturating_sub(5);
    let is_short = line.chars().count() + bytes.chars().count() + 2 <= room;
    let paint = |text: &str| match is_marked {
        true => style.strong(text),
        false => text.to_owned(),
    };
    if bytes.is_empty() || is_short {
        let line = cut(&line, room, style);
        let bytes = match bytes.as_str() {
            "" => String::new(),
            bytes => format!("  {}", style.faint(bytes)),
        };
        return format!("    {pointer}{}{bytes}\n", paint(&line));
    }
    let under = cut(&bytes, width.saturating_sub(INDENT + 2), style);
    format!(
        "    {pointer}{}\n{}{}\n",
        paint(&cut(&line, room, style)),
        " ".repeat(INDENT + 2),
        style.faint(&under)
    )
}

/// The first bytes of a packet, in hexadecimal.
fn bytes(event: &Event, style: Style) -> String {
    let Some(hex) = &event.bytes else {
        return String::new();
    };
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    let shown: Vec<String> = pairs.take(BYTES).collect();
    let all = digits.len() / 2 + event.bytes_left_out;
    match all > shown.len() {
        true => format!("{} {} ({all} bytes)", shown.join(" "), style.ellipsis()),
        false => shown.join(" "),
    }
}

fn cut(text: &str, width: usize, style: Style) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(style.ellipsis().chars().count());
    let text: String = text.chars().take(kept).collect();
    format!("{text}{}", style.ellipsis())
}

/// Marks the place of a step that no packet matched. A step of the whole scenario never matches a packet.
fn step_is_here(acts: bool, style: Style) -> String {
    let text = if acts {
        "no packet matched this step"
    } else {
        "this step is here"
    };
    format!("    {}           {}\n", style.pointer(), style.strong(text))
}
