//! Writes to stdout and stderr. A closed pipe is not an error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};

use super::Failure;
use crate::diagnostic::{Diagnostic, Style as Look, render};
use crate::exit::Exit;
use crate::report::style::{Style, count};

/// Whether results are shown on a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether progress is shown on a terminal.
pub(super) fn errors_are_a_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes text for people to stdout. A closed pipe is success: who reads has read enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_raw(&guarded(text))
}

/// Writes what programs read to stdout.
pub(super) fn print_raw(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failed,
            format!("failed to write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Writes text for people to stderr. A failure is ignored: there is no other place to report it.
pub(super) fn note(text: &str) {
    commands(&guarded(text));
}

/// Writes to stderr what GitHub's runner may take for commands.
pub(super) fn commands(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Says why a command failed.
pub(super) fn complain(failure: &Failure, style: Style) {
    if failure.rendered {
        note(&failure.message);
        return;
    }
    let mut text = format!("{} {}\n", style.bad("error:"), failure.message);
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("{} {hint}\n", style.strong("hint:")));
    }
    note(&text);
}

/// Says what should be looked at, though nothing has failed.
pub(super) fn warn(text: &str, style: Style) {
    note(&format!("{} {text}\n", style.doubtful("warning:")));
}

/// Everything that is wrong with files, as one failure.
pub(super) fn diagnostics(all: &[Diagnostic], style: Style) -> Failure {
    let look = if style.colour {
        Look::Coloured
    } else {
        Look::Plain
    };
    let mut text = String::new();
    for diagnostic in all {
        text.push_str(&render(diagnostic, look));
        text.push('\n');
    }
    text.push_str(&format!("{}\n", count(all.len(), "error")));
    Failure {
        rendered: true,
        ..Failure::usage(text)
    }
}

/// The width of the terminal. Without one the variable `COLUMNS` says it, or it is 80 columns.
pub(super) fn width() -> u16 {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = comfy_table::Table::new().width().or_else(said);
    width.filter(|width| *width > 0).unwrap_or(80)
}

/// In GitHub Actions the text without anything that the runner would take for a command. The text of a broker or a
/// scenario may be in it.
fn guarded(text: &str) -> Cow<'_, str> {
    match std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        true => without_commands(text),
        false => Cow::Borrowed(text),
    }
}

/// The runner takes a line for a command that begins with `::`, behind any space, and one that has `##[` anywhere. A
/// backslash between the signs keeps it from that.
fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive(['\n', '\r']).map(|line| {
        let begin = line.len() - line.trim_start().len();
        let (space, rest) = line.split_at(begin);
        let rest = rest.replace("##[", "##\\[");
        match rest.strip_prefix("::") {
            Some(rest) => format!("{space}:\\:{rest}"),
            None => format!("{space}{rest}"),
        }
    });
    Cow::Owned(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_text_from_being_taken_for_a_command() {
        for (text, expected) in [
            ("::error::x\n", ":\\:error::x\n"),
            ("a\n  \t\u{a0}::add-mask::x", "a\n  \t\u{a0}:\\:add-mask::x"),
            ("a\r::error::x", "a\r:\\:error::x"),
            ("a ##[error]x\n::b\n", "a ##\\[error]x\n:\\:b\n"),
            ("###[group]", "###\\[group]"),
            ("a::b ::c\n#[d]\n", "a::b ::c\n#[d]\n"),
        ] {
            assert_eq!(without_commands(text), expected, "{text:?}");
            assert_eq!(without_commands(expected), expected);
        }
    }
}
