//! `mqtt-check clauses`: reports which statements of the standard the suite is proven to test. It plays the cases that
//! cite a statement against the faults that break it.

use std::path::PathBuf;

use clap::Args;
use mqtt_check_codec::ProtocolVersion;

use super::filter::{is_clause, is_rule, nearest, patterns};
use super::progress::Ticks;
use super::selection::{Allowed, Selection, parse_version};
use super::{Failure, Styles, interrupt, output};
use crate::coverage::{self, RuleCoverage, State, Wanted};
use crate::exit::Exit;
use crate::mutation::Playing;
use crate::plan::Plan;
use crate::report::clauses::{is_within, json, text};
use crate::requirements::Requirement;
use crate::target::bundled::{FaultInfo, faults};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenario files or folders [default: the nearest `scenarios` here or above, else the built-in suite]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Only testable statements that are not proven
    #[arg(long, conflicts_with = "all")]
    open: bool,

    /// Every statement, one by one
    #[arg(long)]
    all: bool,

    /// Only statements with this id; `*` matches any text; repeatable
    #[arg(long, value_name = "PATTERN")]
    filter: Vec<String>,

    /// Only this chapter or section: `3`, `3.8`; repeatable
    #[arg(long, value_name = "NUMBER", value_parser = chapter)]
    chapter: Vec<String>,

    /// Only this protocol version: 3.1.1 or 5; repeatable
    #[arg(long, value_name = "VERSION", value_parser = version)]
    protocol: Vec<ProtocolVersion>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    allowed: Allowed,

    /// The seed for all randomness
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn version(word: &str) -> Result<ProtocolVersion, String> {
    parse_version(word)
        .filter(|version| *version != ProtocolVersion::V3_1)
        .ok_or_else(|| "expected 3.1.1 or 5; 3.1 has no numbered statements".to_owned())
}

fn chapter(word: &str) -> Result<String, String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if word.split('.').all(is_number) {
        Ok(word.to_owned())
    } else {
        Err("expected a number such as 3 or 3.8".to_owned())
    }
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let plans = Selection::of_paths(&arguments.paths, &arguments.allowed).load(styles.err)?;
    let faults = faults();
    let standards = standards(arguments, &plans, &faults);
    let statements = chosen(arguments);
    each_matches(arguments, &coverage::standards(&plans, &faults, &[]))?;
    if statements.is_empty() && standards.is_empty() {
        return Err(Failure::new(Exit::Nothing, "no statement matches")
            .hint("`mqtt-check clauses --all` lists every one"));
    }
    interrupt::listen();
    let wanted = Wanted {
        statements: &statements,
        plans: &plans,
        faults: &faults,
    };
    let playing = Playing {
        seed: arguments.seed,
        interrupted: &interrupt::is_interrupted,
    };
    let mut ticks = None;
    let record = coverage::play(wanted, playing, &mut |info, number| {
        let ticks = ticks.get_or_insert_with(|| Ticks::new(number, styles.err));
        ticks.tick(info.name);
    })
    .map_err(|error| Failure::new(Exit::CouldNotStart, error))?;
    if let Some(ticks) = ticks {
        ticks.end();
    }
    if interrupt::is_interrupted() {
        // An incomplete run proves nothing.
        return Ok(Exit::Interrupted);
    }
    let rows = coverage::coverage(&statements, &plans, &faults, &record);
    if arguments.json {
        let is_missing = |state| matches!(state, State::Open | State::Covered);
        let text = json::render(&rows, &standards, |row| {
            !arguments.open || is_missing(row.state)
        })
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}")))?;
        output::print(&text)?;
    } else {
        output::print(&text::render(&rows, &standards, options(arguments, styles)))?;
    }
    Ok(Exit::Success)
}

fn options(arguments: &Arguments, styles: Styles) -> text::Options {
    text::Options {
        style: styles.out,
        width: output::width(),
        listed: if arguments.all || !arguments.filter.is_empty() {
            text::Listed::All
        } else if arguments.open {
            text::Listed::Open
        } else {
            text::Listed::None
        },
    }
}

/// Checks that each filter matches something. One that matches nothing was mistyped.
fn each_matches(arguments: &Arguments, standards: &[RuleCoverage]) -> Result<(), Failure> {
    let known = coverage::catalogue();
    let patterns = patterns(&arguments.filter);
    let mut all = patterns.iter();
    let unmatched = all.find(|p| {
        !known.iter().any(|r| is_clause(p, r.id, r.version))
            && !standards.iter().any(|s| is_rule(p, &s.rule))
    });
    let Some(pattern) = unmatched else {
        return Ok(());
    };
    let text = pattern.text();
    let ids = known.iter().map(|r| r.id);
    let mut parts = ids.clone().filter(|id| id.contains(text));
    let meant = parts.next().map(|_| format!("*{text}*"));
    let meant = meant.or_else(|| nearest(text, ids).map(str::to_owned));
    let what = format!("no statement matches --filter '{text}'");
    Err(Failure::new(Exit::Nothing, what).hint(match meant {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => "`mqtt-check clauses --all` lists every one".to_owned(),
    }))
}

/// Returns the statements that the options select.
fn chosen(arguments: &Arguments) -> Vec<&'static Requirement> {
    let patterns = patterns(&arguments.filter);
    let mut statements = coverage::catalogue();
    statements.retain(|r| {
        (arguments.protocol.is_empty() || arguments.protocol.contains(&r.version))
            && (patterns.is_empty() || patterns.iter().any(|p| is_clause(p, r.id, r.version)))
            && (arguments.chapter.is_empty()
                || arguments
                    .chapter
                    .iter()
                    .any(|c| is_within(r.section_number(), c)))
    });
    statements
}

/// Returns the rules of other standards that the options select. They belong to no chapter and are never open.
fn standards(arguments: &Arguments, plans: &[Plan], faults: &[FaultInfo]) -> Vec<RuleCoverage> {
    if arguments.open || !arguments.chapter.is_empty() {
        return Vec::new();
    }
    let patterns = patterns(&arguments.filter);
    let mut found = coverage::standards(plans, faults, &arguments.protocol);
    found.retain(|standing| {
        patterns.is_empty() || patterns.iter().any(|p| is_rule(p, &standing.rule))
    });
    found
}
