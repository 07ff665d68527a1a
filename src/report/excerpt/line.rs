//! Draws the lines of an excerpt.

use std::time::Duration;

use super::Canvas;
use super::place::{acting, gave_up};
use crate::report::document::{Direction, Event, Finding, Play, Value};
use crate::report::style::{Style, count};

/// The width of what precedes the text of an event: the mark and the time.
const INDENT: usize = 17;
/// What precedes the second and later lines of an event.
const UNDER: usize = INDENT + 1;

/// How much is shown of one event.
struct Extent {
    /// The number of lines of its text.
    lines: usize,
    /// The number of bytes.
    bytes: usize,
    /// The number of lines of its bytes.
    lines_of_bytes: usize,
}

const USUAL: Extent = Extent {
    lines: 3,
    bytes: 48,
    lines_of_bytes: 1,
};
/// For the packets whose last bytes are the options that a finding depends on.
const SETUP: Extent = Extent {
    lines_of_bytes: 3,
    ..USUAL
};
/// For an event that a finding is about, and for what a client sends that is not a valid packet.
const CLOSE: Extent = Extent {
    lines: 4,
    bytes: 96,
    lines_of_bytes: 5,
};

/// Draws an event: time, connection, direction, packet and bytes. An event that a finding is about is marked, and shows
/// each field that its expectation names. `expected` is the expectation.
pub(super) fn event(event: &Event, expected: Option<&[String]>, canvas: Canvas) -> String {
    let Canvas { style, width } = canvas;
    let is_faulty = event.direction == Direction::Sent && event.packet.is_none();
    let extent = match event.packet.as_deref() {
        _ if expected.is_some() || is_faulty => CLOSE,
        Some("CONNECT" | "SUBSCRIBE") => SETUP,
        _ => USUAL,
    };
    let pointer = if expected.is_some() {
        style.pointer()
    } else {
        " "
    };
    let paint = |text: &str| match expected {
        Some(_) => style.strong(text),
        None => text.to_owned(),
    };
    let mut text = event.text.clone().unwrap_or_default();
    text.push_str(&usual_fields(event, &text, expected.unwrap_or_default()));
    let pairs = bytes(event, &text, extent.bytes);
    let room = width.saturating_sub(INDENT);
    let start = format!("    {pointer}{}  ", time(event.at_us));
    let on_one_line = text.chars().count() + 2 + pairs.width();
    if !pairs.is_empty() && on_one_line <= room {
        let bytes = style.faint(&pairs.on_one_line(room, style));
        return format!("{start}{}  {bytes}\n", paint(&text));
    }
    let under = " ".repeat(UNDER);
    let mut out = String::new();
    let lines = folded(&text, room, room.saturating_sub(1), extent.lines, style);
    for (number, line) in lines.iter().enumerate() {
        let lead = if number == 0 { &start } else { &under };
        out.push_str(&format!("{lead}{}\n", paint(line)));
    }
    let room = width.saturating_sub(UNDER);
    for line in pairs.lines(room, extent.lines_of_bytes, style) {
        out.push_str(&format!("{under}{}\n", style.faint(&line)));
    }
    out
}

/// Marks the place of a finding that no event belongs to: when its step gave up, and which client waited. A step of the
/// whole scenario waits for no packet.
pub(super) fn here(play: &Play, finding: &Finding, style: Style) -> String {
    let at = gave_up(play, finding.step).map_or_else(|| " ".repeat(10), time);
    let client = acting(play, finding).and_then(|client| play.clients.get(client));
    let text = match client {
        Some(client) if finding.actual.starts_with("the connection stayed open") => {
            format!("{} is still connected", client.name)
        }
        Some(client) => format!("{} did not receive what this step waits for", client.name),
        None => "this step is here".to_owned(),
    };
    format!("    {}{at}  {}\n", style.pointer(), style.strong(&text))
}

/// States that events are not shown.
pub(super) fn left_out(number: usize, are_pings: bool, style: Style) -> String {
    let what = match are_pings {
        true => format!("{number} pings and answers"),
        false => count(number, "event"),
    };
    let text = format!("{} {what} not shown", style.ellipsis());
    format!("{}{}\n", " ".repeat(INDENT), style.faint(&text))
}

fn time(at_us: u64) -> String {
    format!("{:>9.3}s", Duration::from_micros(at_us).as_secs_f64())
}

/// The fields that an expectation names and that the text leaves out because they have their usual value.
fn usual_fields(event: &Event, text: &str, expected: &[String]) -> String {
    let is_named = |name: &str| {
        let mut words = expected.iter().flat_map(|text| text.split(' '));
        words.any(|word| word == name) && !text.contains(&format!(" {name}="))
    };
    let named = event.fields.iter().filter(|field| is_named(&field.name));
    let shown = named.filter_map(|field| {
        let value = match &field.value {
            Value::Flag(flag) => u8::from(*flag).to_string(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(format!(" {}={value}", field.name))
    });
    shown.collect()
}

/// The first bytes of a packet.
struct Pairs {
    /// In hexadecimal, two digits each.
    shown: Vec<String>,
    /// The number of all bytes.
    all: usize,
}

/// The first bytes of an event, `most` at most. None if the text shows them already.
fn bytes(event: &Event, text: &str, most: usize) -> Pairs {
    let digits: Vec<char> = event.bytes.as_deref().unwrap_or_default().chars().collect();
    let digits: Vec<char> = digits.into_iter().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    let shown: Vec<String> = pairs.take(most).collect();
    let start = shown.get(..shown.len().min(8)).unwrap_or_default();
    if !start.is_empty() && text.contains(&start.join(" ")) {
        return Pairs {
            shown: Vec::new(),
            all: 0,
        };
    }
    Pairs {
        shown,
        all: digits.len() / 2 + event.bytes_left_out,
    }
}

/// The width of a byte with the space behind it.
const PAIR: usize = 3;

impl Pairs {
    const fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The width of all bytes that may be shown.
    const fn width(&self) -> usize {
        let more = if self.all > self.shown.len() { 20 } else { 0 };
        (self.shown.len() * PAIR).saturating_sub(1) + more
    }

    fn on_one_line(&self, room: usize, style: Style) -> String {
        self.lines(room, 1, style).concat()
    }

    /// At most `most` lines of whole bytes. The last one states the number of bytes if not all are shown.
    fn lines(&self, room: usize, most: usize, style: Style) -> Vec<String> {
        let of_line = (room / PAIR).max(1);
        let mut lines: Vec<&[String]> = self.shown.chunks(of_line).collect();
        let is_cut = lines.len() > most || self.all > self.shown.len();
        lines.truncate(most);
        let mut written: Vec<String> = lines.iter().map(|line| line.join(" ")).collect();
        if let (true, Some(last), Some(pairs)) = (is_cut, written.last_mut(), lines.last()) {
            let rest = format!(" {} ({} bytes)", style.ellipsis(), self.all);
            let fitting = room.saturating_sub(rest.chars().count()) / PAIR;
            *last = format!("{}{rest}", pairs[..fitting.min(pairs.len())].join(" "));
        }
        written
    }
}

/// Folds a text at its spaces, those outside quotes first, into at most `most` lines. The first line has room for `first` characters, the others for
/// `room`. A longer word is cut into pieces.
fn folded(text: &str, first: usize, room: usize, most: usize, style: Style) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    let mut in_quotes = false;
    while !rest.is_empty() {
        let room = if lines.is_empty() { first } else { room }.max(1);
        if lines.len() + 1 == most && rest.len() > room {
            rest.truncate(room.saturating_sub(style.ellipsis().chars().count()));
            rest.extend(style.ellipsis().chars());
            lines.push(rest.into_iter().collect());
            return lines;
        }
        let until = match rest.len() <= room {
            true => rest.len(),
            false => place_to_fold(&rest[..=room], in_quotes),
        };
        in_quotes = rest[..until].iter().fold(in_quotes, quoted);
        let tail = rest.split_off(until);
        lines.push(rest.into_iter().collect());
        rest = match tail.first() {
            Some(' ') => tail[1..].to_vec(),
            _ => tail,
        };
    }
    lines
}

/// The last space, outside quotes if there is one. Without a space, the end.
fn place_to_fold(line: &[char], mut in_quotes: bool) -> usize {
    let (mut outside, mut inside) = (None, None);
    for (at, c) in line.iter().enumerate() {
        match c {
            ' ' if at > 0 && in_quotes => inside = Some(at),
            ' ' if at > 0 => outside = Some(at),
            _ => {}
        }
        in_quotes = quoted(in_quotes, c);
    }
    outside.or(inside).unwrap_or(line.len() - 1)
}

/// Whether the text is inside quotes behind this character.
const fn quoted(in_quotes: bool, c: &char) -> bool {
    in_quotes != (*c == '"')
}

#[cfg(test)]
mod tests {
    use super::{Pairs, folded};
    use crate::report::style::Style;

    #[test]
    fn folds_at_spaces_and_keeps_every_character() {
        let fold = |text, first, room, most| folded(text, first, room, most, Style::PLAIN);
        assert_eq!(fold("one two three", 8, 5, 9), ["one two", "three"]);
        assert_eq!(fold("one  two", 5, 5, 9), ["one ", "two"]);
        assert_eq!(fold("abcdefgh", 3, 3, 9), ["abc", "def", "gh"]);
        assert_eq!(fold("a b=\"c d\"", 6, 9, 9), ["a", "b=\"c d\""]);
        assert_eq!(fold("b=\"c d\"", 6, 9, 9), ["b=\"c", "d\""]);
        assert_eq!(fold("one two three four", 7, 7, 2), ["one two", "thre..."]);
        assert_eq!(fold("", 7, 7, 2), Vec::<String>::new());
    }

    #[test]
    fn shows_whole_bytes_and_how_many_there_are() {
        let pairs = |shown: usize, all| Pairs {
            shown: (0..shown).map(|n| format!("{n:02x}")).collect(),
            all,
        };
        let lines = |pairs: &Pairs, room, most| pairs.lines(room, most, Style::PLAIN);
        assert_eq!(lines(&pairs(4, 4), 12, 1), ["00 01 02 03"]);
        assert_eq!(lines(&pairs(9, 9), 24, 1), ["00 01 02 ... (9 bytes)"]);
        assert_eq!(lines(&pairs(5, 5), 9, 2), ["00 01 02", "03 04"]);
        assert_eq!(lines(&pairs(2, 70), 24, 1), ["00 01 ... (70 bytes)"]);
        assert_eq!(lines(&pairs(0, 0), 24, 1), Vec::<String>::new());
    }
}
