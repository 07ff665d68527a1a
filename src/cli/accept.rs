//! `mqtt-check accept` and `mqtt-check reject`: accept or discard all pending snapshots at once.

use clap::Args;

use super::snapshots::{Waiting, failure};
use super::{Failure, Styles, output, stale};
use crate::exit::Exit;
use crate::report::style::count;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    #[command(flatten)]
    waiting: Waiting,

    #[command(flatten)]
    stale: stale::Arguments,
}

/// Accepts every pending snapshot, or removes the stale ones.
pub(super) fn accept(arguments: &AcceptArguments, styles: Styles) -> Result<Exit, Failure> {
    if arguments.stale.stale {
        let Waiting { filter, snapshots } = &arguments.waiting;
        return stale::accept(&arguments.stale, filter, snapshots.clone(), styles);
    }
    let pending = arguments.waiting.find()?;
    // All or none: load every snapshot first, so that a damaged one stops the command before anything is accepted.
    for one in &pending {
        one.load().map_err(|error| failure(&error, styles.err))?;
    }
    let mut text = String::new();
    for one in &pending {
        one.accept().map_err(|error| failure(&error, styles.err))?;
        text.push_str(&format!("accepted {}\n", one.name));
    }
    finish(text, pending.len())
}

/// Discards every pending snapshot.
pub(super) fn reject(arguments: &Arguments) -> Result<Exit, Failure> {
    let pending = arguments.waiting.find()?;
    let mut text = String::new();
    for one in &pending {
        one.reject().map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("failed to remove {}: {error}", one.path.display()),
            )
        })?;
        text.push_str(&format!("rejected {}\n", one.name));
    }
    finish(text, pending.len())
}

fn finish(mut text: String, number: usize) -> Result<Exit, Failure> {
    if number == 0 {
        text.push_str("no snapshot waits for a review\n");
    } else {
        text.push_str(&format!("{}\n", count(number, "snapshot")));
    }
    output::print(&text)?;
    Ok(Exit::Success)
}
