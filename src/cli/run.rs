//! `mqtt-check run`: plays scenarios against a broker, judges it, holds the records against their snapshots, and
//! reports.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use mqtt_check_codec::ProtocolVersion;

use super::connection::Connection;
use super::progress::Watch;
use super::selection::Selection;
use super::{Dress, Failure, interrupt, output};
use crate::engine::{Progress, RunOptions};
use crate::exit::Exit;
use crate::outcome::profile::Tolerated;
use crate::outcome::{Concluded, Reviewed};
use crate::plan::Plan;
use crate::report::document::Transcripts;
use crate::report::file::ReportFile;
use crate::report::{
    CapabilityFact, Document, EndedEarly, Format, Report, RunFacts, TargetFacts, Unspoken, terminal,
};
use crate::scenario::model::{Capability, CaseId};
use crate::suite;
use crate::target::bundled::{self, Bundled};
use crate::target::{Capabilities, Known, Target};
use crate::transcript::INTERRUPTED;
use crate::verdict::CaseResult;

mod again;
pub(super) mod baseline;
mod chosen;
mod compared;
mod profiled;

use chosen::Chosen;
use compared::Snapshots;

/// The default of `--max-wait`.
const MAX_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("reached").args(["broker", "target"]))]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    connection: Connection,

    /// Let the bundled broker have this deliberate fault; repeatable
    #[arg(long, alias = "deviate", value_name = "NAME", conflicts_with_all = ["broker", "target"], help_heading = "Target")]
    fault: Vec<String>,

    /// Let the bundled broker make this choice, which the standard leaves open; repeatable. No snapshots then
    #[arg(long, value_name = "NAME", conflicts_with_all = ["broker", "target", "update", "baseline"], help_heading = "Target")]
    liberty: Vec<String>,

    /// Play exclusive cases too on a broker that was not started by this run
    #[arg(long, requires = "reached", help_heading = "Target")]
    exclusive: bool,

    /// Play cases that are tagged `heavy` too: thousands of messages, or all packet identifiers
    #[arg(long, help_heading = "Run")]
    heavy: bool,

    /// Cases at the same time [default: the number of cores, or 256 over the network]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Run")]
    jobs: Option<u16>,

    /// Skip cases that wait longer than this outside virtual time
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = span, help_heading = "Run")]
    max_wait: Duration,

    /// Multiply every limit and settling time
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = factor, help_heading = "Run")]
    timeout_scale: f64,

    /// Where all randomness comes from
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Run")]
    seed: u64,

    /// Cut, join and delay what is sent, in ways that a right broker cannot tell apart; verdicts are compared then, and no
    /// records
    #[arg(
        long,
        value_name = "SEED",
        conflicts_with = "update",
        help_heading = "Run"
    )]
    chaos: Option<u64>,

    /// Stop at the first case that is not as expected
    #[arg(long, help_heading = "Run")]
    fail_fast: bool,

    /// Play many cases even if the broker answers nothing but CONNECT
    #[arg(long, requires = "reached", help_heading = "Run")]
    no_first_look: bool,

    /// The folder of the snapshots [default: `snapshots` beside the folder `scenarios` that a case is in]
    #[arg(long, value_name = "DIR", help_heading = "Snapshots")]
    snapshots: Option<PathBuf>,

    /// Accept what is changed or new at once
    #[arg(long, conflicts_with = "no_snapshots", help_heading = "Snapshots")]
    update: bool,

    /// Hold nothing against snapshots
    #[arg(long, help_heading = "Snapshots")]
    no_snapshots: bool,

    /// Hold the records against what is accepted for this target, and else against what is expected; a --target does
    /// so by itself
    #[arg(long, value_name = "NAME", requires = "reached", conflicts_with = "no_snapshots", value_parser = target_name, help_heading = "Snapshots")]
    baseline: Option<String>,

    /// Fail if an accepted deviation has no reason yet: its entry in the target file says `why: TODO`
    #[arg(
        long,
        requires = "reached",
        conflicts_with = "no_snapshots",
        help_heading = "Snapshots"
    )]
    require_reasons: bool,

    /// Let changes against the baseline's profile pass: skips, choices, improvements, with commas between
    #[arg(long, value_name = "WHAT", requires = "reached", conflicts_with = "no_snapshots", value_delimiter = ',', value_parser = tolerated, help_heading = "Snapshots")]
    tolerate: Vec<Tolerated>,

    /// Write a report: json or junit, to a file or, as `-`, to stdout; what people read then goes to stderr; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_option, help_heading = "Report")]
    report: Vec<(&'static Format, PathBuf)>,

    /// Of which cases report files have transcripts: all, failed (those that do not hold, or are not as expected) or none
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        default_value = "failed",
        hide_possible_values = true,
        help_heading = "Report"
    )]
    transcripts: Transcripts,

    /// Show the transcript of every case
    #[arg(short, long, help_heading = "Report")]
    verbose: bool,

    /// Whether cases are not told while they are played
    #[arg(skip)]
    quiet: bool,
}

pub(super) fn report_option(text: &str) -> Result<(&'static Format, PathBuf), String> {
    let Some((format, path)) = text.split_once('=') else {
        return Err("it is FORMAT=FILE, such as json=report.json".to_owned());
    };
    let Some(format) = Format::named(format) else {
        return Err(format!(
            "there is no format `{format}`; {} are",
            Format::names()
        ));
    };
    if path.is_empty() {
        return Err("the file has no name".to_owned());
    }
    Ok((format, PathBuf::from(path)))
}

fn target_name(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err("a target's name has letters, digits, `-`, `_` and `.`".to_owned());
    }
    Ok(name.to_owned())
}

fn tolerated(word: &str) -> Result<Tolerated, String> {
    Tolerated::named(word).ok_or_else(|| {
        let words: Vec<&str> = Tolerated::names().collect();
        format!("it is one of {}", words.join(", "))
    })
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 && factor <= 1000.0 => Ok(factor),
        _ => Err("it is a number above 0, 1000 at most".to_owned()),
    }
}

/// A span as scenarios write it: `500ms`, `30s`, `1h30m`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "it is a number and a unit, such as 500ms, 30s, 2m or 1h30m".to_owned();
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let unit = behind
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let part = match unit {
            "ms" => Some(Duration::from_millis(number)),
            "s" => Some(Duration::from_secs(number)),
            "m" => number.checked_mul(60).map(Duration::from_secs),
            "h" => number.checked_mul(3600).map(Duration::from_secs),
            "d" => number.checked_mul(86_400).map(Duration::from_secs),
            _ => None,
        };
        total = part.and_then(|p| total.checked_add(p)).ok_or_else(wrong)?;
        rest = behind;
    }
    if text.is_empty() {
        Err(wrong())
    } else {
        Ok(total)
    }
}

pub(super) fn run(arguments: &Arguments, dress: Dress) -> Result<Exit, Failure> {
    let chosen = Chosen::new(arguments, dress)?;
    let (plans, rest) = arguments.selection.plans(dress.err)?;
    let snapshots = Snapshots::new(arguments, &chosen, &plans, dress.err)?;
    let reviewed = snapshots.read(&plans, dress.err)?;
    let files = prepare_reports(&arguments.report)?;

    interrupt::listen();
    let mut ready = chosen.reach(&plans)?;
    let secrets = ready.secrets();
    let (began, started) = (Instant::now(), SystemTime::now());
    let run_facts = RunFacts {
        started,
        began,
        chaos: arguments.chaos,
        timeout_scale: arguments.timeout_scale,
        jobs: arguments.jobs.map(usize::from),
        max_wait: arguments.max_wait,
        baseline: snapshots.baseline(),
    };
    let played = play(arguments, &plans, &ready.target, dress, &|result| {
        is_unexpected(&snapshots, &reviewed, &plans, result)
    })
    .map_err(|failure| failure.hiding(&secrets));
    let Outcome {
        results,
        offered,
        given_up,
        stopped,
        interrupted,
    } = match played {
        Ok(outcome) => outcome,
        Err(failure) => {
            let report = unstarted(arguments, (&plans, &ready.target), run_facts, &failure);
            let document = Document::of(&report, arguments.transcripts);
            for problem in write_reports(&files, &document) {
                output::complain(&problem, dress.err);
            }
            return Err(failure);
        }
    };
    let wall = began.elapsed();
    // Ctrl-C may have ended it too.
    let ended = if interrupted { None } else { ready.ended() };
    let ended = ended.map(|failure| failure.hiding(&secrets));

    let given_up = given_up.map(|why| {
        let hidden = Failure::new(Exit::Failed, why).hiding(&secrets);
        hidden.message
    });
    let why = match &given_up {
        Some(why) => why.clone(),
        None if interrupted => INTERRUPTED.to_owned(),
        None => stopped.unwrap_or_default(),
    };
    let ended_early = ended_early(&plans, &results, why);
    let not_played = ended_early.as_ref().map_or(0, |e| e.not_played.len());
    let given_up = given_up.map(|why| {
        let left = format!("the run ended early, with {not_played} not played");
        Failure::new(Exit::Failed, format!("{left}: {why}"))
    });
    let (cases, unwritten) = conclude(&snapshots, &reviewed, &plans, &results);
    let (profile, profile_unwritten) =
        snapshots.profile(arguments, (&plans, &cases), &offered, unwritten.is_none());
    let unwritten = unwritten
        .or_else(|| profile_unwritten.map(|error| Failure::new(Exit::Failed, error.to_string())));
    let missing = snapshots.missing_reasons();
    let required = missing.as_ref().filter(|_| arguments.require_reasons);
    let problems: Vec<Failure> = given_up
        .into_iter()
        .chain(ended)
        .chain(required.map(|missing| Failure::new(Exit::Failed, missing.clone())))
        .chain(unwritten)
        .collect();
    let again = again::command(arguments, &cases);
    let report = Report {
        target: facts(arguments, &ready.target, &offered),
        unspoken: unspoken(arguments, &ready.target, &offered),
        ended_early,
        without_case: snapshots.without_case(arguments, &plans, &rest)?,
        without_deviation: snapshots.without_deviation(arguments, &plans, &cases),
        deviations: snapshots.deviations(),
        profile,
        cases,
        facts: run_facts,
        seed: arguments.seed,
        wall,
        interrupted,
        problems: problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
        replay: again::options(arguments),
        again,
        review: snapshots.review_option(&plans),
    };
    // What the terminal shows of a failure needs its transcript, whatever files are to have.
    let with = match arguments.transcripts {
        _ if arguments.verbose => Transcripts::All,
        Transcripts::None => Transcripts::Failed,
        with => with,
    };
    let document = Document::of(&report, with);
    let text = terminal::render(
        &document,
        terminal::Options {
            style: dress.out,
            verbose: arguments.verbose,
            width: output::width(),
        },
    );
    match files.iter().any(|(_, file)| file.is_stdout()) {
        true => output::note(&text),
        false => output::print(&text)?,
    }
    let document = match arguments.transcripts {
        Transcripts::None => document.without_transcripts(),
        Transcripts::Failed if arguments.verbose => Document::of(&report, Transcripts::Failed),
        Transcripts::Failed | Transcripts::All => document,
    };
    if let Some(missing) = missing.filter(|_| !arguments.require_reasons) {
        output::warn(&missing, dress.err);
    }
    let mut exit = report.exit();
    for problem in problems.into_iter().chain(write_reports(&files, &document)) {
        output::complain(&problem, dress.err);
        if exit != Exit::Interrupted {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// The report of a run that did not begin, for this reason.
fn unstarted<'a>(
    arguments: &Arguments,
    (plans, target): (&[Plan], &Target),
    facts: RunFacts,
    failure: &Failure,
) -> Report<'a> {
    let nothing = Capabilities::default();
    Report {
        target: self::facts(arguments, target, &nothing),
        unspoken: Vec::new(),
        ended_early: ended_early(plans, &[], failure.message.clone()),
        without_case: Vec::new(),
        without_deviation: Vec::new(),
        deviations: None,
        profile: None,
        cases: Vec::new(),
        wall: facts.began.elapsed(),
        facts,
        seed: arguments.seed,
        interrupted: false,
        problems: vec![failure.message.clone()],
        replay: again::options(arguments),
        again: None,
        review: String::new(),
    }
}

/// Which cases were not played, if any, and why.
fn ended_early(plans: &[Plan], results: &[CaseResult], why: String) -> Option<EndedEarly> {
    let played: BTreeSet<&CaseId> = results.iter().map(|result| &result.id).collect();
    let ids = plans.iter().map(|plan| &plan.scene.id);
    let left = ids.filter(|id| !played.contains(id));
    let not_played: Vec<String> = left.map(ToString::to_string).collect();
    (!not_played.is_empty()).then_some(EndedEarly { why, not_played })
}

/// The bundled broker with these faults and liberties.
pub(super) fn bundled(faults: &[String], liberties: &[String]) -> Result<Bundled, Failure> {
    let faulty = Bundled::with(faults.iter().map(String::as_str)).map_err(|name| {
        let known = bundled::faults();
        unknown("fault", &name, known.iter().map(|d| d.name))
    })?;
    let names = liberties.iter().map(String::as_str);
    faulty.taking(names).map_err(|name| {
        let known = bundled::liberties();
        unknown("liberty", &name, known.iter().map(|l| l.name))
    })
}

fn unknown<'k>(what: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Failure {
    let nearest = known
        .min_by_key(|known| strsim::damerau_levenshtein(known, name))
        .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Failure::usage(format!("there is no {what} `{name}`")).hint(format!(
        "{nearest}`mqtt-check mutants` goes through all of them"
    ))
}

fn facts(arguments: &Arguments, target: &Target, offered: &Capabilities) -> TargetFacts {
    let (name, url) = match target {
        Target::Bundled(_) => match [&arguments.fault[..], &arguments.liberty[..]].concat() {
            none if none.is_empty() => ("bundled broker".to_owned(), None),
            departures => (
                format!("bundled broker with {}", departures.join(", ")),
                None,
            ),
        },
        Target::External(external) => (external.name.clone(), Some(external.url.clone())),
    };
    TargetFacts {
        name,
        url,
        versions: offered.versions.clone(),
        not_spoken: offered
            .unspoken
            .iter()
            .map(|(version, how)| (*version, how.clone()))
            .collect(),
        capabilities: capabilities(offered),
        connack: offered.connack.clone(),
        keep_alive_s: offered.keep_alive_s,
    }
}

/// The versions that the user or the target file names and the broker does not speak.
fn unspoken(arguments: &Arguments, target: &Target, offered: &Capabilities) -> Vec<Unspoken> {
    let Target::External(external) = target else {
        return Vec::new();
    };
    let in_file = external.versions.as_deref().unwrap_or_default();
    let named_by = |version: &ProtocolVersion| {
        let by_user = arguments.selection.versions().contains(version);
        let by_file = in_file.contains(version);
        by_user
            .then_some("--protocol")
            .or(by_file.then_some("the target file"))
    };
    let seen = offered.unspoken.iter();
    seen.filter_map(|(version, _)| {
        Some(Unspoken {
            version: *version,
            named_by: named_by(version)?,
            why: offered.unspoken(*version),
        })
    })
    .collect()
}

/// What is known of what a broker may offer.
fn capabilities(offered: &Capabilities) -> Vec<CapabilityFact> {
    let known = Capability::ALL.iter().filter_map(|capability| {
        let why_not = match offered.known(*capability) {
            Known::There => None,
            Known::Missing(why) => Some(why.to_owned()),
            Known::Nothing => return None,
        };
        Some(CapabilityFact {
            name: capability.as_str().to_owned(),
            why_not,
        })
    });
    known.collect()
}

/// Tries every report path before anything is played.
pub(super) fn prepare_reports(
    reports: &[(&'static Format, PathBuf)],
) -> Result<Vec<(&'static Format, ReportFile)>, Failure> {
    let mut files: Vec<(&'static Format, ReportFile)> = Vec::new();
    for (format, path) in reports {
        let shown = path.display();
        if files.iter().any(|(_, file)| file.path() == path) {
            return Err(Failure::usage(format!("two reports go to {shown}")));
        }
        let file = ReportFile::prepare(path).map_err(|error| {
            Failure::new(
                Exit::CouldNotStart,
                format!("failed to write the report {shown}: {error}"),
            )
        })?;
        files.push((format, file));
    }
    Ok(files)
}

/// What came of a run.
struct Outcome {
    results: Vec<CaseResult>,
    /// What the broker offers.
    offered: Capabilities,
    /// Why not all cases were played, where the broker is why.
    given_up: Option<String>,
    /// Why not all cases were played, where the user wanted no more.
    stopped: Option<String>,
    /// Whether the user broke it off.
    interrupted: bool,
}

/// Plays the plans; with `--fail-fast` up to the first that is not as expected.
fn play(
    arguments: &Arguments,
    plans: &[Plan],
    target: &Target,
    dress: Dress,
    is_unexpected: &(dyn Fn(&CaseResult) -> bool + Sync),
) -> Result<Outcome, Failure> {
    let options = RunOptions {
        jobs: arguments.jobs.map(usize::from),
        timeout_scale: arguments.timeout_scale,
        max_wait: arguments.max_wait,
        seed: arguments.seed,
        exclusive: arguments.exclusive,
        heavy: arguments.heavy,
        chaos: arguments.chaos,
        first_look: !arguments.no_first_look,
    };
    let mut offered = Capabilities::default();
    let (mut given_up, mut stopped) = (None, None);
    let watch = Watch::new(plans.len(), dress.err, !arguments.quiet);
    let results = suite::run(
        plans,
        target,
        &options,
        &interrupt::is_interrupted,
        &mut |progress| {
            match progress {
                Progress::Reached(capabilities) => offered.clone_from(capabilities),
                Progress::Finished(result) if !is_cut_short(result) => {
                    watch.finished(result, &|| is_unexpected(result));
                    if arguments.fail_fast && is_unexpected(result) {
                        let id = &result.id;
                        stopped = Some(format!("--fail-fast: {id} is not as expected"));
                        return ControlFlow::Break(());
                    }
                }
                Progress::GivenUp(why) => given_up = Some(why.to_owned()),
                Progress::Started(id) => watch.started(id),
                Progress::Finished(_) => {}
            }
            ControlFlow::Continue(())
        },
    );
    watch.end();
    let mut results = results.map_err(|error| {
        let failure = Failure::new(Exit::CouldNotStart, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    results.retain(|result| !is_cut_short(result));
    Ok(Outcome {
        results,
        offered,
        given_up,
        stopped,
        interrupted: interrupt::is_interrupted(),
    })
}

/// Whether the user ended the case: as good as not played.
fn is_cut_short(result: &CaseResult) -> bool {
    result.verdict.reason() == Some(INTERRUPTED)
}

/// Whether a case that has just ended is not as expected.
fn is_unexpected(
    snapshots: &Snapshots,
    reviewed: &[Reviewed],
    plans: &[Plan],
    result: &CaseResult,
) -> bool {
    let mut all = plans.iter().zip(reviewed);
    all.find(|(plan, _)| plan.scene.id == result.id)
        .is_some_and(|(plan, reviewed)| !snapshots.outcome(plan, result, reviewed).is_as_expected())
}

/// Every result with its plan and how it stands; and what could not be written.
fn conclude<'a>(
    snapshots: &Snapshots,
    reviewed: &[Reviewed],
    plans: &'a [Plan],
    results: &'a [CaseResult],
) -> (Vec<Concluded<'a>>, Option<Failure>) {
    let mut cases = Vec::with_capacity(results.len());
    let mut unwritten = None;
    let mut results = results.iter().peekable();
    // Results come in the order of the plans; a run that stopped early has gaps.
    for (plan, reviewed) in plans.iter().zip(reviewed) {
        let Some(result) = results.next_if(|result| result.id == plan.scene.id) else {
            continue;
        };
        // After the first that could not be written the others are not tried.
        let writes = unwritten.is_none();
        let (outcome, error) = snapshots.settle(plan, result, reviewed, writes);
        if let Some(error) = error {
            unwritten = Some(Failure::new(Exit::Failed, error.to_string()));
        }
        cases.push(Concluded {
            plan,
            result,
            outcome,
        });
    }
    (cases, unwritten)
}

/// Writes every report; what failed.
pub(super) fn write_reports(
    files: &[(&'static Format, ReportFile)],
    document: &Document,
) -> Vec<Failure> {
    files
        .iter()
        .filter_map(|(format, file)| {
            let text = format.render(document);
            let written = text.and_then(|text| match file.is_stdout() {
                true => output::print(&text).map_err(|failure| failure.message),
                false => file.write(&text).map_err(|error| error.to_string()),
            });
            let problem = written.err()?;
            Some(Failure::new(
                Exit::Failed,
                format!(
                    "failed to write the report {}: {problem}",
                    file.path().display()
                ),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spans_as_scenarios_write_them() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000)] {
            assert_eq!(span(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "30", "s", "30 s", "-1s", "1y", "99999999999999999999s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_formats_that_are_not_there() {
        assert!(report_option("json=a.json").is_ok());
        for text in ["json", "json=", "html=a.html", "pdf=a.pdf"] {
            assert!(report_option(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keeps_a_targets_name_inside_its_folder() {
        assert!(target_name("mosquitto-2.0").is_ok());
        for name in ["", "..", "a/b", ".hidden"] {
            assert!(target_name(name).is_err(), "{name}");
        }
    }
}
