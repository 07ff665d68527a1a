//! `mqtt-check mutants`: plays the suite against every fault and every permitted variation of the bundled broker. A
//! suite that misses a fault cannot be trusted on the clauses that the fault breaks. A suite that reports a permitted
//! variation as a fault fails conforming brokers.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::filter::{nearest, patterns};
use super::number::whole;
use super::progress::Ticks;
use super::selection::Selection;
use super::{Failure, Styles, interrupt, output};
use crate::coverage::Record;
use crate::exit::Exit;
use crate::mutation::pair::FaultAlone;
use crate::mutation::{self, Catch, Playing};
use crate::plan::Plan;
use crate::report::clauses::json::Document as DocumentOfClauses;
use crate::report::style::{Style, count};
use crate::requirements::standard;
use crate::scenario::model::CaseId;
use crate::scenario::pattern::Pattern;
use crate::target::bundled::{FaultInfo, faults, liberties};

mod blamed;
mod liberties;
mod list;
mod pairs;
mod statements;

use blamed::{Also, Blamed};
use statements::Statements;

/// The percentage of pairs to play by default.
const SHARE: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    /// Only faults with this name (a pattern), and no permitted variations unless named too; repeatable
    #[arg(long, alias = "deviation", value_name = "PATTERN")]
    fault: Vec<String>,

    /// Only permitted variations with this name (a pattern), and no faults unless named too; repeatable
    #[arg(long, value_name = "PATTERN")]
    liberty: Vec<String>,

    /// Percentage of fault and variation pairs to play, chosen by the seed [default: 1, or 100 if both are named]
    #[arg(long, value_name = "PERCENT", value_parser = whole(0..=100_u8))]
    pairs: Option<u8>,

    /// Show every failed case, which other clauses are blamed, and for a pair the cases that miss the fault
    #[arg(short, long)]
    verbose: bool,

    /// Show which statements of the standard the faults prove, as `clauses` does
    #[arg(long, conflicts_with_all = ["fault", "liberty"])]
    statements: bool,

    /// List the faults and permitted variations, and play nothing
    #[arg(long, conflicts_with_all = ["pairs", "statements", "verbose"])]
    list: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// The seed for all randomness
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(0..=u64::MAX))]
    seed: u64,
}

/// The result of playing one fault.
#[derive(Debug)]
struct Mutant {
    info: FaultInfo,
    /// The data that pairs with this fault need.
    alone: FaultAlone,
    /// Cases with a finding at a step that cites one of the fault's clauses.
    citing: Vec<CaseId>,
    /// Other cases that failed.
    collateral: Vec<CaseId>,
    blamed: Blamed,
}

impl Mutant {
    fn new(info: FaultInfo, caught: Vec<Catch>, plans: &[Plan]) -> Self {
        let alone = FaultAlone::new(&info, &caught, plans);
        let blamed = Blamed::new(&caught);
        let (citing, collateral): (Vec<Catch>, Vec<Catch>) =
            caught.into_iter().partition(|c| !c.cites.is_empty());
        let ids = |caught: Vec<Catch>| caught.into_iter().map(|c| c.case).collect();
        Self {
            info,
            alone,
            citing: ids(citing),
            collateral: ids(collateral),
            blamed,
        }
    }

    fn is_caught(&self) -> bool {
        !(self.citing.is_empty() && self.collateral.is_empty())
    }

    /// Whether some case cites a clause that the fault breaks.
    fn is_named(&self) -> bool {
        !self.citing.is_empty()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    faults: usize,
    caught: usize,
    caught_citing: usize,
    findings: usize,
    findings_citing: usize,
    survived: Vec<String>,
    not_played: Vec<NotPlayed>,
    results: Vec<Row>,
    liberties: liberties::Document,
    pairs: pairs::Document,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<DocumentOfClauses<'a>>,
}

#[derive(Serialize)]
struct NotPlayed {
    fault: String,
    reason: String,
}

#[derive(Serialize)]
struct Row {
    fault: String,
    clauses: Vec<String>,
    /// Bug reports of real brokers that behave like this.
    threads: &'static [&'static str],
    /// Cases that catch the fault at a step that cites one of the clauses.
    caught_by: Vec<String>,
    /// Other cases that failed.
    collateral: Vec<String>,
    /// How many findings report a violated MUST, and below, how many of them cite one of the clauses.
    findings: usize,
    findings_citing: usize,
    /// The clauses that the other findings cite.
    also_blamed: BTreeMap<String, Also>,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let (chosen, unplayable) = choose(arguments)?;
    let (named, others) = (&arguments.liberty, &arguments.fault);
    let allowed = meant(
        liberties(),
        |info| info.name,
        "permitted variation",
        named,
        others,
    )?;
    if arguments.list {
        let faults: Vec<FaultInfo> = meant(faults(), |info| info.name, "fault", others, named)?;
        let text = match arguments.json {
            true => list::json(&faults, &allowed)?,
            false => list::plain(&faults, &allowed, styles.out),
        };
        output::print(&text)?;
        return Ok(Exit::Success);
    }
    let (plans, _) = arguments.selection.plans(styles.err)?;
    interrupt::listen();
    let playing = Playing {
        seed: arguments.seed,
        interrupted: &interrupt::is_interrupted,
    };
    let mut record = arguments.statements.then(Record::default);
    let mutants = play(chosen, &plans, playing, &mut record, styles)?;
    let taken = liberties::play(allowed, &plans, playing, styles)?;
    let both = !named.is_empty() && !others.is_empty();
    let share = pairs::Share {
        percent: arguments.pairs.unwrap_or(if both { 100 } else { SHARE }),
        thoroughly: arguments.verbose,
    };
    let paired = pairs::play(&mutants, &taken, &plans, share, playing, styles)?;
    // An incomplete run proves nothing.
    let record = record.filter(|_| !interrupt::is_interrupted());
    let statements = record.map(|record| Statements::new(&record, &plans));
    let text = if arguments.json {
        let statements = statements.as_ref().map(Statements::document);
        json(&mutants, &unplayable, &taken, &paired, statements)?
    } else {
        let mut text = String::new();
        // If only one kind is named, leave out the other.
        if arguments.liberty.is_empty() || !arguments.fault.is_empty() {
            text.push_str(&plain(&mutants, &unplayable, arguments.verbose, styles.out));
        }
        if arguments.fault.is_empty() || !arguments.liberty.is_empty() {
            text.push_str(&liberties::plain(&taken, styles.out));
        }
        if !mutants.is_empty() && !taken.is_empty() {
            text.push_str(&pairs::plain(
                &paired,
                &arguments.selection.replay(),
                arguments.verbose,
                styles.out,
            ));
        }
        if let Some(statements) = &statements {
            text.push('\n');
            text.push_str(&statements.plain(styles));
        }
        text
    };
    output::print(&text)?;
    let is_right = mutants.iter().all(Mutant::is_named)
        && taken.iter().all(|(_, taken)| taken.is_right())
        && paired.is_right();
    Ok(if interrupt::is_interrupted() {
        Exit::Interrupted
    } else if is_right {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Plays the suite with each fault in force, until the user interrupts. Notes in `record` what proves statements.
fn play(
    chosen: Vec<FaultInfo>,
    plans: &[Plan],
    playing: Playing<'_>,
    record: &mut Option<Record>,
    styles: Styles,
) -> Result<Vec<Mutant>, Failure> {
    let mut mutants = Vec::new();
    if chosen.is_empty() {
        return Ok(mutants);
    }
    let failed = |error| Failure::new(Exit::CouldNotStart, error);
    let reference = mutation::reference(plans, playing).map_err(failed)?;
    let ticks = Ticks::new(chosen.len(), styles.err);
    for info in chosen {
        ticks.tick(info.name);
        let caught = mutation::caught(&info, plans, &reference, playing).map_err(failed)?;
        if (playing.interrupted)() {
            // An incomplete run proves nothing.
            break;
        }
        if let Some(record) = record {
            record.played.push(statements::proving(&info, &caught));
        }
        mutants.push(Mutant::new(info, caught, plans));
    }
    ticks.end();
    if let Some(record) = record {
        record.reference = reference;
    }
    Ok(mutants)
}

/// A fault that no case can exercise, and why.
type Unplayable = (FaultInfo, String);

/// The selected faults, with those set apart that no case can exercise on the bundled broker.
fn choose(arguments: &Arguments) -> Result<(Vec<FaultInfo>, Vec<Unplayable>), Failure> {
    let (named, others) = (&arguments.fault, &arguments.liberty);
    let chosen = meant(faults(), |info| info.name, "fault", named, others)?;
    let mut playable = Vec::new();
    let mut unplayable = Vec::new();
    for info in chosen {
        match mutation::hindrance(&info) {
            Some(why) => unplayable.push((info, why)),
            None => playable.push(info),
        }
    }
    Ok((playable, unplayable))
}

/// Returns the items of `all` that are named. If neither these nor `others` are named, returns all of them.
fn meant<I>(
    all: Vec<I>,
    name: impl Fn(&I) -> &'static str,
    what: &str,
    named: &[String],
    others: &[String],
) -> Result<Vec<I>, Failure> {
    if named.is_empty() {
        return Ok(match others.is_empty() {
            true => all,
            false => Vec::new(),
        });
    }
    let patterns = patterns(named);
    let mut each = patterns.iter();
    if let Some(unknown) = each.find(|p| !all.iter().any(|one| p.matches(name(one)))) {
        let text = unknown.text();
        let failure = Failure::new(Exit::Nothing, format!("no {what} matches '{text}'"));
        let anywhere = Pattern::new(&format!("*{text}*"));
        let is_part = all.iter().any(|one| anywhere.matches(name(one)));
        let near = nearest(text, all.iter().map(&name));
        return Err(match (is_part, near) {
            (true, _) => failure.hint(format!("did you mean '*{text}*'?")),
            (false, Some(near)) => failure.hint(format!("did you mean '{near}'?")),
            (false, None) => failure,
        });
    }
    let is_meant = |one: &I| patterns.iter().any(|p| p.matches(name(one)));
    Ok(all.into_iter().filter(is_meant).collect())
}

/// The clauses as citations, such as `[5 MQTT-3.1.4-3]`. A rule of another standard has no version.
fn written(info: &FaultInfo) -> Vec<String> {
    let clauses = info.clauses.iter();
    clauses
        .filter(|(_, id)| !standard::is_rule(id))
        .map(|(version, id)| format!("[{version} {id}]"))
        .chain(info.rules().iter().map(|rule| format!("[{rule}]")))
        .collect()
}

fn json(
    mutants: &[Mutant],
    unplayable: &[Unplayable],
    taken: &liberties::Played,
    paired: &pairs::Played,
    statements: Option<DocumentOfClauses<'_>>,
) -> Result<String, Failure> {
    let document = Document {
        faults: mutants.len(),
        caught: mutants.iter().filter(|m| m.is_caught()).count(),
        caught_citing: mutants.iter().filter(|m| m.is_named()).count(),
        findings: mutants.iter().map(|m| m.blamed.findings).sum(),
        findings_citing: mutants.iter().map(|m| m.blamed.citing).sum(),
        survived: mutants
            .iter()
            .filter(|m| !m.is_caught())
            .map(|m| m.info.name.to_owned())
            .collect(),
        not_played: unplayable
            .iter()
            .map(|(info, reason)| NotPlayed {
                fault: info.name.to_owned(),
                reason: reason.clone(),
            })
            .collect(),
        results: mutants
            .iter()
            .map(|m| Row {
                fault: m.info.name.to_owned(),
                clauses: written(&m.info),
                threads: m.info.threads,
                caught_by: m.citing.iter().map(CaseId::to_string).collect(),
                collateral: m.collateral.iter().map(CaseId::to_string).collect(),
                findings: m.blamed.findings,
                findings_citing: m.blamed.citing,
                also_blamed: m.blamed.also.clone(),
            })
            .collect(),
        liberties: liberties::document(taken),
        pairs: pairs::document(paired),
        statements,
    };
    json_text(&document)
}

fn json_text(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}")))?;
    Ok(format!("{text}\n"))
}

fn plain(mutants: &[Mutant], unplayable: &[Unplayable], verbose: bool, style: Style) -> String {
    let width = mutants.iter().map(|m| m.info.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    let survivors = mutants.iter().filter(|m| !m.is_caught());
    for m in survivors {
        out.push_str(&format!(
            "{} {}\n  {}\n  breaks {}\n",
            style.bad("SURVIVED"),
            style.strong(m.info.name),
            m.info.summary,
            written(&m.info).join(", ")
        ));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    for m in mutants.iter().filter(|m| m.is_caught()) {
        out.push_str(&caught(m, width, style));
        if verbose {
            out.push_str(&listed("breaks", &written(&m.info)));
            out.push_str(&listed("citing", &m.citing));
            out.push_str(&listed("other", &m.collateral));
            out.push_str(&listed("also", m.blamed.plain().as_slice()));
        }
    }
    for (info, why) in unplayable {
        out.push_str(&format!("not played {}: {why}\n", info.name));
    }
    let caught = mutants.iter().filter(|m| m.is_caught()).count();
    let citing = mutants.iter().filter(|m| m.is_named()).count();
    let result = match citing == mutants.len() && citing > 1 {
        true => "all caught, each at a step that cites a clause that it violates".to_owned(),
        false => format!(
            "{caught} caught, {citing} of them at a step that cites the clause, {} survived",
            mutants.len() - caught
        ),
    };
    out.push_str(&format!("{}: {result}\n", count(mutants.len(), "fault")));
    out.extend(blamed::total(mutants.iter().map(|m| &m.blamed)));
    out
}

/// One line: how many cases caught the fault, and the first of them.
fn caught(mutant: &Mutant, width: usize, style: Style) -> String {
    let by = match mutant.citing.as_slice() {
        [] => style.doubtful("at no step that cites its clauses"),
        [first, ..] => format!("{} citing, {first}", count(mutant.citing.len(), "case")),
    };
    let other = match mutant.collateral.len() {
        0 => String::new(),
        n => format!("; {} failed otherwise", count(n, "case")),
    };
    format!("caught {:<width$}  {by}{other}\n", mutant.info.name)
}

/// One line per item. The first line starts with the label `what`.
fn listed(what: &str, of: &[impl ToString]) -> String {
    let heads = std::iter::once(what).chain(std::iter::repeat(""));
    heads
        .zip(of)
        .map(|(head, one)| format!("  {head:<7} {}\n", one.to_string()))
        .collect()
}
