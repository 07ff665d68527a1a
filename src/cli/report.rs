//! `mqtt-check report`: makes report files later, of the JSON report of a run.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::run::{prepare_reports, report_option, write_reports};
use super::{Dress, Failure, output};
use crate::exit::Exit;
use crate::report::{Document, Format};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The JSON report of a run
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Write a report; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_option, required = true)]
    to: Vec<(&'static Format, PathBuf)>,
}

pub(super) fn run(arguments: &Arguments, dress: Dress) -> Result<Exit, Failure> {
    let shown = arguments.result.display();
    let text = fs::read_to_string(&arguments.result)
        .map_err(|error| Failure::usage(format!("failed to read {shown}: {error}")))?;
    let document = Document::from_json(&text)
        .map_err(|error| Failure::usage(format!("failed to read {shown}: {error}")))?;
    let files = prepare_reports(&arguments.to)?;
    let mut exit = Exit::Success;
    for problem in write_reports(&files, &document) {
        output::complain(&problem, dress.err);
        exit = problem.exit;
    }
    Ok(exit)
}
