//! `mqtt-check schema`: the JSON Schemas of all files that people write or programs read.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Failure, config, output};
use crate::exit::Exit;
use crate::scenario::schema;
use crate::target::file::schema as target;

/// Generated from the types of the report. A test keeps it current.
const REPORT: &str = include_str!("../../docs/report.schema.json");
/// Generated from the types of a probe's findings. A test keeps it current.
const PROBE: &str = include_str!("../../docs/probe.schema.json");

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The kind of file
    of: Kind,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Scenario files
    Scenario,
    /// Target files
    Target,
    /// The configuration of `mqtt-check broker`
    Broker,
    /// `mqtt-check.yaml`, the defaults of `run`
    Config,
    /// JSON reports
    Report,
    /// What `probe --json` writes
    Probe,
}

impl Kind {
    /// Returns the text of the schema.
    pub(super) fn schema(self) -> String {
        let text = |schema: Value| format!("{schema:#}\n");
        match self {
            Self::Scenario => text(schema::schema()),
            Self::Target => text(target::schema()),
            Self::Broker => text(schema::configuration()),
            Self::Config => text(config::schema()),
            Self::Report => REPORT.to_owned(),
            Self::Probe => PROBE.to_owned(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    output::print_raw(&arguments.of.schema())?;
    Ok(Exit::Success)
}
