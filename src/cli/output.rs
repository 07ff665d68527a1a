//! Writes to stdout and stderr. A closed pipe is not an error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};

use super::Failure;
use crate::diagnostic::{Diagnostic, Style as Look, render};
use crate::exit::Exit;
use crate::report::style::{Style, count};

/// Whether stdout is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether stderr is a terminal.
pub(super) fn errors_are_a_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes human-readable text to stdout. A closed pipe counts as success: the reader has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_raw(&guarded(text))
}

/// Writes text for programs to stdout, unchanged.
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

/// Writes human-readable text to stderr. Errors are ignored, since there is nowhere else to report them.
pub(super) fn note(text: &str) {
    commands(&guarded(text));
}

/// Writes to stderr unchanged, so that GitHub's runner sees commands in the text.
pub(super) fn commands(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Reports why a command failed.
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

/// Reports something that the user should look at, although nothing has failed.
pub(super) fn warn(text: &str, style: Style) {
    note(&format!("{} {text}\n", style.doubtful("warning:")));
}

/// Combines all problems of files into one failure.
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

/// The width of the terminal in columns. Without a terminal, `COLUMNS` or 80.
pub(super) fn width() -> u16 {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = comfy_table::Table::new().width().or_else(columns);
    width.filter(|width| *width > 0).unwrap_or(80)
}

/// In GitHub Actions, disarms anything in the text that the runner would take for a command. The text may contain
/// output of a broker or a scenario.
fn guarded(text: &str) -> Cow<'_, str> {
    match std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        true => without_commands(text),
        false => Cow::Borrowed(text),
    }
}

/// Disarms runner commands. The runner takes a line for a command if it starts with `::` after optional space, or
/// contains `##[` anywhere. A backslash between the characters prevents that.
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
