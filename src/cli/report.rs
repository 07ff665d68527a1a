//! `mqtt-check report`: shows the JSON report of a run as the run did, and converts it to other formats.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Styles, output, reports};
use crate::exit::Exit;
use crate::report::{Format, terminal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The JSON report of a run
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Write a report instead of showing it; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = reports::option)]
    to: Vec<(&'static Format, PathBuf)>,

    /// Show every transcript that the report has
    #[arg(short, long, conflicts_with = "to")]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let document = reports::read(&arguments.result)?;
    if arguments.to.is_empty() {
        let options = terminal::Options {
            style: styles.out,
            verbose: arguments.verbose,
            width: output::width(),
        };
        output::print(&terminal::render(&document, options))?;
        return Ok(Exit::Success);
    }
    let files = reports::prepare(&arguments.to)?;
    let mut exit = Exit::Success;
    for problem in reports::write(&files, &document) {
        output::complain(&problem, styles.err);
        exit = problem.exit;
    }
    Ok(exit)
}
