//! `mqtt-check merge`: combines the JSON reports of all shards of a run into one.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Styles, github, output, reports};
use crate::exit::Exit;
use crate::report::merge::{MergeError, merge};
use crate::report::{Format, terminal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The JSON reports of all shards
    #[arg(value_name = "RESULT", required = true)]
    results: Vec<PathBuf>,

    /// Write a report: html, json, junit, markdown or tap; `-` is stdout, with normal output on stderr; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = reports::option)]
    report: Vec<(&'static Format, PathBuf)>,

    /// Write no annotations and no job summary if `GITHUB_ACTIONS` is true
    #[arg(long)]
    no_github: bool,

    /// Show every transcript that the reports have
    #[arg(short, long)]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let mut documents = Vec::new();
    for path in &arguments.results {
        documents.push((path.display().to_string(), reports::read(path)?));
    }
    let document = merge(documents).map_err(|error| {
        let hint = match &error {
            MergeError::NoShard(_) => {
                Some("`mqtt-check run --shard 1/2 --report json=FILE` writes one")
            }
            MergeError::Missing(_) => {
                Some("the report of a shard is written even if the shard fails")
            }
            _ => None,
        };
        let failure = Failure::usage(error.to_string());
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    let files = reports::prepare(&arguments.report)?;
    let options = terminal::Options {
        style: styles.out,
        verbose: arguments.verbose,
        width: output::width(),
    };
    let text = terminal::render(&document, options);
    match files.iter().any(|(_, file)| file.is_stdout()) {
        true => output::note(&text),
        false => output::print(&text)?,
    }
    let mut exit = match document.run.exit {
        130 => Exit::Interrupted,
        4 => Exit::Nothing,
        0 => Exit::Success,
        _ => Exit::Failed,
    };
    let problems = document.run.problems.iter();
    let problems = problems.map(|problem| Failure::new(Exit::Failed, problem.clone()));
    for problem in problems.chain(reports::write(&files, &document)) {
        output::complain(&problem, styles.err);
        if exit != Exit::Interrupted {
            exit = Exit::Failed;
        }
    }
    github::show(&document, arguments.no_github, styles.err);
    Ok(exit)
}
