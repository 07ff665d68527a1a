//! `mqtt-check report`: shows the JSON report of a run as the run itself did, and makes report files of it.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::{Dress, Failure, output, reports};
use crate::exit::Exit;
use crate::report::{Document, Format, terminal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The JSON report of a run
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Write a report instead of showing it; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = reports::option)]
    to: Vec<(&'static Format, PathBuf)>,

    /// Show the transcript of every case that the report has it of
    #[arg(short, long, conflicts_with = "to")]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments, dress: Dress) -> Result<Exit, Failure> {
    let shown = arguments.result.display();
    let text = fs::read_to_string(&arguments.result)
        .map_err(|error| Failure::usage(format!("failed to read {shown}: {error}")))?;
    let document = Document::from_json(&text)
        .map_err(|error| Failure::usage(format!("failed to read {shown}: {error}")))?;
    if arguments.to.is_empty() {
        let options = terminal::Options {
            style: dress.out,
            verbose: arguments.verbose,
            width: output::width(),
        };
        output::print(&terminal::render(&document, options))?;
        return Ok(Exit::Success);
    }
    let files = reports::prepare(&arguments.to)?;
    let mut exit = Exit::Success;
    for problem in reports::write(&files, &document) {
        output::complain(&problem, dress.err);
        exit = problem.exit;
    }
    Ok(exit)
}
