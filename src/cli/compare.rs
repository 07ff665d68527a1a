//! `mqtt-check compare`: shows what changed between the reports of two runs.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Styles, output, reports};
use crate::exit::Exit;
use crate::report::compare::{self, CompareError};
use crate::report::terminal;

/// The exit codes, printed below the options in the help.
const EXIT_CODES: &str = "\
Exit codes:
  0  nothing regressed
  1  a case regressed, or is no longer exercised
  2  a file is not a report, or the reports cannot be compared";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The JSON report of the earlier run, such as that of the branch a pull request goes to
    #[arg(value_name = "BASE")]
    base: PathBuf,

    /// The JSON report of the later run, such as that of a pull request
    #[arg(value_name = "HEAD")]
    head: PathBuf,

    /// Print the comparison as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print the comparison as a comment for a pull request, at most 60,000 characters long
    #[arg(long)]
    markdown: bool,

    /// Exit with 0 even if cases are no longer exercised
    #[arg(long)]
    allow_skips: bool,

    /// Show every change and every name
    #[arg(short, long, conflicts_with_all = ["json", "markdown"])]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let base = reports::read(&arguments.base)?;
    let head = reports::read(&arguments.head)?;
    let names = [&arguments.base, &arguments.head].map(|path| path.display().to_string());
    let compared = compare::compare((&names[0], &base), (&names[1], &head));
    let comparison =
        compared.map_err(|error| Failure::usage(error.to_string()).hinted(hint(&error)))?;
    if arguments.json {
        let text = comparison.to_json();
        let text = text.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        output::print_raw(&text)?;
    } else if arguments.markdown {
        output::print_raw(&compare::markdown(&comparison, arguments.allow_skips))?;
    } else {
        let options = terminal::Options {
            style: styles.out,
            verbose: arguments.verbose,
            width: output::width(),
        };
        output::print(&compare::text(&comparison, options))?;
    }
    Ok(match comparison.has_regressed(arguments.allow_skips) {
        true => Exit::Failed,
        false => Exit::Success,
    })
}

/// What to do about reports that cannot be compared.
pub(super) fn hint(error: &CompareError) -> Option<&'static str> {
    match error {
        CompareError::Shard { .. } => {
            Some("`mqtt-check merge` puts the reports of all shards together")
        }
        CompareError::Suites { .. } => {
            Some("run both with the same version of mqtt-check, or with the same `--suite`")
        }
        CompareError::Empty { .. } | CompareError::Apart { .. } => None,
    }
}
