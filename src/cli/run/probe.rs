//! `mqtt-check probe`: shows within ten seconds what a broker offers, what it chooses where the standard leaves a
//! choice, and whether it keeps the limits that it announces.
//!
//! It plays a few cases of the built-in suite, as `run` does. The engine's first look shows what the broker offers. The
//! verdicts of the cases show its choices and which limits it keeps.

mod asked;
mod document;
mod text;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::Args;

use super::chosen::{Chosen, Ready};
use super::facts;
use super::{Failure, Styles, interrupt, output};
use crate::cli::connection::Connection;
use crate::cli::place;
use crate::cli::selection::Selection;
use crate::engine::{Progress, RunOptions};
use crate::exit::Exit;
use crate::suite;
use crate::target::{Capabilities, StartError, Target};
use crate::transcript::INTERRUPTED;
use crate::verdict::CaseResult;
use asked::Asked;
use document::{Document, Names};

/// No new case starts when this much time has passed since the command began.
const PLAYING: Duration = Duration::from_secs(7);
/// The number of concurrent cases. A probe does not test how much load a broker can bear.
const JOBS: usize = 64;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("reached").args(["url", "broker", "target"]).required(true))]
pub(in crate::cli) struct Arguments {
    /// The broker: mqtt://, mqtts://, ws:// or wss://; or use --broker or --target
    #[arg(value_name = "URL")]
    url: Option<String>,

    #[command(flatten)]
    connection: Connection,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let connection = match &arguments.url {
        Some(url) => arguments.connection.clone().at(url.clone()),
        None => arguments.connection.clone(),
    };
    let began = Instant::now();
    let paths = [place::scenarios()];
    let chosen = Chosen::on_the_network(&connection, &paths, styles)?
        .ok_or_else(|| Failure::usage("no broker is named"))?;
    let asked = Asked::of(Selection::built_in().load(styles.err)?);
    interrupt::listen();
    let mut ready = chosen.reach(&asked.plans)?;
    let secrets = ready.secrets();
    let found = probe(&ready, &asked, began).map_err(|failure| failure.hiding(&secrets))?;
    if interrupt::is_interrupted() {
        return Ok(Exit::Interrupted);
    }
    if let Some(failure) = ready.exit_failure() {
        return Err(failure.hiding(&secrets));
    }
    let document = Document::new(
        Names::of(&ready.target, chosen.file.as_ref()),
        &found,
        &asked,
    );
    match arguments.json {
        true => output::print_raw(&document.json()?)?,
        false => output::print(&text::render(&document, styles.out, output::width()))?,
    }
    Ok(Exit::Success)
}

/// What a probe found.
struct Found {
    offered: Capabilities,
    /// The version that the broker reports about itself.
    version: Option<String>,
    results: Vec<CaseResult>,
    wall: Duration,
}

fn probe(ready: &Ready, asked: &Asked, began: Instant) -> Result<Found, Failure> {
    let options = RunOptions {
        jobs: Some(JOBS),
        timeout_scale: 1.0,
        max_wait: asked::QUICK,
        seed: 1,
        chaos: None,
        spread: false,
        exclusive: false,
        heavy: false,
        first_look: true,
    };
    let mut offered = Capabilities::default();
    let mut results = suite::run(
        &asked.plans,
        &ready.target,
        &options,
        &|| interrupt::is_interrupted() || began.elapsed() > PLAYING,
        &|_, _| false,
        &mut |progress| {
            if let Progress::Reached(capabilities) = progress {
                offered.clone_from(capabilities);
            }
            ControlFlow::Continue(())
        },
    )
    .map_err(|error| match error {
        // The hint of this error names an option of `run`.
        StartError::Lifeless { .. } => Failure::new(Exit::CouldNotStart, error.to_string()),
        error => error.into(),
    })?;
    results.retain(|result| result.verdict.reason() != Some(INTERRUPTED));
    Ok(Found {
        version: version(&ready.target, &offered),
        offered,
        results,
        wall: began.elapsed(),
    })
}

/// The version that the broker reports about itself, unless the user has interrupted.
fn version(target: &Target, offered: &Capabilities) -> Option<String> {
    match interrupt::is_interrupted() {
        true => None,
        false => facts::own_version(target, offered),
    }
}
