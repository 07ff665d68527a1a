//! `mqtt-check review`: shows the pending snapshots one by one.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::Args;

use super::snapshots::{Waiting, failure};
use super::{Failure, Styles, output};
use crate::exit::Exit;
use crate::report::style::count;
use crate::report::unified;
use crate::snapshot::pending::Pending;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    waiting: Waiting,
}

/// The user's decision on one snapshot.
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    if !(io::stdin().is_terminal() && output::is_terminal()) {
        return Err(Failure::usage("review asks questions and needs a terminal")
            .hint("use `mqtt-check accept` or `mqtt-check reject`, with a filter if needed"));
    }
    let pending = arguments.waiting.find()?;
    if pending.is_empty() {
        output::print("no snapshot waits for a review\n")?;
        return Ok(Exit::Success);
    }
    let (mut accepted, mut rejected) = (0, 0);
    for (number, one) in pending.iter().enumerate() {
        output::print(&format!("\n{} of {}: ", number + 1, pending.len()))?;
        show(one, styles)?;
        match ask()? {
            Answer::Accept => {
                one.accept().map_err(|error| failure(&error, styles.err))?;
                accepted += 1;
            }
            Answer::Reject => {
                one.reject().map_err(|error| {
                    Failure::new(
                        Exit::Failed,
                        format!("failed to remove {}: {error}", one.path.display()),
                    )
                })?;
                rejected += 1;
            }
            Answer::Skip => {}
            Answer::Quit => break,
        }
    }
    output::print(&format!(
        "{accepted} accepted, {rejected} rejected, {} left\n",
        count(pending.len() - accepted - rejected, "snapshot")
    ))?;
    Ok(Exit::Success)
}

fn show(one: &Pending, styles: Styles) -> Result<(), Failure> {
    let (new, old) = one.load().map_err(|error| failure(&error, styles.err))?;
    let kind = if old.is_some() { "changed" } else { "new" };
    let mut text = format!(
        "{} ({kind})\n  {}\n",
        styles.out.strong(&one.name),
        new.header.title
    );
    let old = old.map(|file| file.text).unwrap_or_default();
    text.push_str(&unified(&old, &new.text, usize::MAX, styles.out));
    output::print(&text)
}

/// Asks until the answer is valid. End of input means `quit`.
fn ask() -> Result<Answer, Failure> {
    loop {
        output::print("[a]ccept, [r]eject, [s]kip or [q]uit? ")?;
        let mut line = String::new();
        let read = io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| Failure::new(Exit::Failed, format!("failed to read: {error}")))?;
        return Ok(match line.trim() {
            "a" | "accept" => Answer::Accept,
            "r" | "reject" => Answer::Reject,
            "s" | "skip" => Answer::Skip,
            "q" | "quit" => Answer::Quit,
            _ if read == 0 => Answer::Quit,
            _ => continue,
        });
    }
}
