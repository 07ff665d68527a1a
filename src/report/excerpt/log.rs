//! What the broker logged before a finding.

use std::time::Duration;

use super::Canvas;
use crate::report::document::Play;
use crate::report::wrap::cut;

/// How much later than written a line of the log may be read, in microseconds.
const SEEN_US: u64 = 50_000;

/// Returns the broker's log under a heading. Empty if there are no lines.
pub(super) fn titled(play: &Play, until_us: u64, most: usize, canvas: Canvas) -> String {
    match lines(play, until_us, most, canvas) {
        lines if lines.is_empty() => lines,
        lines => format!("      the broker's log\n{lines}"),
    }
}

/// Returns the last lines of the broker's log that were read until then or soon after, `most` at most.
pub(super) fn lines(play: &Play, until_us: u64, most: usize, canvas: Canvas) -> String {
    let until = until_us.saturating_add(SEEN_US);
    let seen = play.log.partition_point(|line| line.at_us <= until);
    let mut out = String::new();
    for line in &play.log[seen.saturating_sub(most)..seen] {
        let at = Duration::from_micros(line.at_us).as_secs_f64();
        let text = format!("{at:>9.3}s  {}", visible(&line.text));
        let room = canvas.width.saturating_sub(5);
        let text = cut(&text, room, canvas.style.ellipsis());
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
