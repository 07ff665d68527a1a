//! Writing to stdout and stderr. Nobody reading any more is no error.

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

/// Writes to stdout. A closed pipe is success: who reads has read enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failed,
            format!("failed to write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Writes to stderr. There is nobody to tell if that fails.
pub(super) fn note(text: &str) {
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

/// The width of the terminal, or 80 columns.
pub(super) fn width() -> u16 {
    comfy_table::Table::new().width().unwrap_or(80)
}
