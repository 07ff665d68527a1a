//! The command line, with one file per command.
//!
//! Results go to stdout, progress and errors to stderr. A command returns an [`Exit`] or a `Failure`; only [`main`]
//! turns these into the exit code of the process.

mod accept;
mod broker;
mod check;
mod clauses;
mod compare;
mod config;
mod connection;
mod decode;
mod explain;
mod filter;
mod github;
mod init;
mod interrupt;
mod list;
mod merge;
mod mutants;
mod number;
mod output;
mod place;
mod progress;
mod report;
mod reports;
mod review;
mod run;
mod schema;
mod selection;
mod shell;
mod snapshots;
mod stale;
mod suite;
mod targets;
mod view;
mod written;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::exit::Exit;
use crate::report::style::{ColourChoice, Environment, Style};
use crate::target::StartError;
use crate::transcript::Secrets;

/// Test whether MQTT brokers conform to the standard, and whether their behaviour has changed.
#[derive(Debug, Parser)]
#[command(name = "mqtt-check", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Colour of the output
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_possible_values = true,
        help = "Colour of the output: auto, always or never"
    )]
    color: ColourChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenarios against a broker and judge it
    Run(Box<run::Arguments>),
    /// Play the suite several times and record how the broker behaves, for later runs to compare with
    Baseline(Box<run::baseline::Arguments>),
    /// Show what a broker offers, what it chooses, and whether it keeps its limits, within ten seconds
    Probe(Box<run::probe::Arguments>),
    /// Make the first files of a project: a scenario, a target file and a CI workflow
    Init(init::Arguments),
    /// List cases without playing them
    List(list::Arguments),
    /// Check scenario files for errors without playing them
    Check(check::Arguments),
    /// Show the JSON report of a run, or convert it to other formats
    Report(report::Arguments),
    /// Combine the JSON reports of all shards of a run
    Merge(merge::Arguments),
    /// Compare the JSON reports of two runs: what regressed, what improved, what is different
    Compare(compare::Arguments),
    /// Open a JSON report as a page in the browser
    View(view::Arguments),
    /// Go through changed and new snapshots one by one
    Review(review::Arguments),
    /// Accept changed and new snapshots
    Accept(accept::AcceptArguments),
    /// Discard changed and new snapshots
    Reject(accept::Arguments),
    /// Prove the suite: play it against every fault and every permitted variation of the bundled broker
    Mutants(mutants::Arguments),
    /// Show which statements of the standard the suite is proven to test; this plays every fault,
    /// which takes minutes
    Clauses(clauses::Arguments),
    /// Explain a statement, a scenario, a choice, a setting, a fault, a target, a reason code, …
    Explain(explain::Arguments),
    /// List the known brokers with their settings, events and baselines
    Targets(targets::Arguments),
    /// Show the built-in suite, or write it to a folder
    Suite(suite::Arguments),
    /// Print the JSON Schema of a kind of file, for editors
    Schema(schema::Arguments),
    /// Explain the bytes of packets
    Decode(decode::Arguments),
    /// Serve the bundled broker until interrupted
    Broker(broker::Arguments),
    /// Print a script for shell completions
    Completions(shell::CompletionArguments),
    /// Print the manual page, or write one for each command
    Man(shell::ManArguments),
}

/// Why a command failed.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    /// A lowercase fragment to print after `error: `, or rendered diagnostics that need no prefix.
    message: String,
    hint: Option<String>,
    rendered: bool,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
            rendered: false,
        }
    }

    /// A mistake on the command line.
    fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Masks these secrets in the message and the hint.
    fn hiding(self, secrets: &Secrets) -> Self {
        Self {
            message: secrets.hidden(&self.message),
            hint: self.hint.map(|hint| secrets.hidden(&hint)),
            ..self
        }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        self.hinted(Some(&hint.into()))
    }

    /// Adds a hint, if there is one.
    fn hinted(self, hint: Option<&str>) -> Self {
        Self {
            hint: hint.map(str::to_owned),
            ..self
        }
    }
}

/// A run that could not start.
impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(Exit::CouldNotStart, error.to_string()).hinted(error.hint())
    }
}

/// The style of each output stream.
#[derive(Debug, Clone, Copy)]
struct Styles {
    out: Style,
    err: Style,
}

/// The definition of the command line, with every command and option.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Reads the command line and the defaults of `run`, runs the command, and returns its exit code.
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let styles = |colour: ColourChoice| Styles {
        out: Style::of(colour, output::is_terminal(), &environment),
        err: Style::of(colour, output::errors_are_a_terminal(), &environment),
    };
    let cli = match config::command_line(styles) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let styles = styles(cli.color);
    let ended = match &cli.command {
        Command::Run(arguments) => run::run(arguments, styles),
        Command::Baseline(arguments) => run::baseline::run(arguments, styles),
        Command::Probe(arguments) => run::probe::run(arguments, styles),
        Command::Init(arguments) => init::run(arguments),
        Command::List(arguments) => list::run(arguments, styles),
        Command::Check(arguments) => check::run(arguments, styles),
        Command::Report(arguments) => report::run(arguments, styles),
        Command::Merge(arguments) => merge::run(arguments, styles),
        Command::Compare(arguments) => compare::run(arguments, styles),
        Command::View(arguments) => view::run(arguments, styles),
        Command::Review(arguments) => review::run(arguments, styles),
        Command::Accept(arguments) => accept::accept(arguments, styles),
        Command::Reject(arguments) => accept::reject(arguments),
        Command::Mutants(arguments) => mutants::run(arguments, styles),
        Command::Clauses(arguments) => clauses::run(arguments, styles),
        Command::Explain(arguments) => explain::run(arguments, styles),
        Command::Targets(arguments) => targets::run(arguments, styles),
        Command::Suite(arguments) => suite::run(arguments, styles),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Decode(arguments) => decode::run(arguments, styles),
        Command::Broker(arguments) => broker::run(arguments, styles),
        Command::Completions(arguments) => shell::completions(arguments, Cli::command()),
        Command::Man(arguments) => shell::man(arguments, Cli::command()),
    };
    let exit = ended.unwrap_or_else(|failure| {
        output::complain(&failure, styles.err);
        failure.exit
    });
    exit.into()
}
