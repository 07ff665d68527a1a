//! `mqtt-check run`: plays scenarios against a broker, judges it, compares the records with their snapshots, and
//! reports the results.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use clap::Args;

use super::config::Defaults;
use super::connection::Connection;
use super::number::whole;
use super::selection::Selection;
use super::{Failure, Styles, interrupt, output, reports};
use crate::exit::Exit;
use crate::outcome::profile::Tolerated;
use crate::outcome::steady::steady_changes;
use crate::outcome::{Concluded, Reviewed};
use crate::plan::Plan;
use crate::report::document::Transcripts;
use crate::report::{Format, ISSUES, PCAP, Report, RunFacts};
use crate::scenario::model::CaseId;
use crate::transcript::INTERRUPTED;
use crate::verdict::CaseResult;

mod again;
pub(super) mod baseline;
mod chosen;
mod compared;
mod facts;
mod options;
mod planted;
mod play;
pub(super) mod probe;
mod profiled;
mod retry;
mod shard;
mod show;
mod steady;
mod watch;

use chosen::Chosen;
use compared::Snapshots;
use facts::{ended_early, instances, responsiveness, unspoken, unstarted};
use options::{Playing, target_name, tolerated};
pub(super) use planted::bundled;
use play::{Asking, Outcome, play};
use shard::Divided;
use show::{show, show_unstarted};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("reached").args(["broker", "target"]))]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    playing: Playing,

    /// Plant this fault in the bundled broker; repeatable
    #[arg(long, alias = "deviate", value_name = "NAME", conflicts_with_all = ["broker", "target"], help_heading = "Target")]
    fault: Vec<String>,

    /// Let the bundled broker make this choice, which the standard leaves open; snapshots are not compared; repeatable
    #[arg(long, value_name = "NAME", conflicts_with_all = ["broker", "target", "update", "baseline"], help_heading = "Target")]
    liberty: Vec<String>,

    /// Split, join and delay what is sent, which must not change any verdict; records are not compared
    #[arg(
        long,
        value_name = "SEED",
        conflicts_with = "update",
        value_parser = whole(0..=u64::MAX),
        help_heading = "Run"
    )]
    chaos: Option<u64>,

    /// Play one part of the cases, such as 2/5; `mqtt-check merge` puts the JSON reports of all parts together
    #[arg(long, value_name = "NUMBER/OF", conflicts_with = "update", value_parser = shard::shard, help_heading = "Run")]
    shard: Option<shard::Shard>,

    /// Stop at the first case that is not as expected
    #[arg(long, help_heading = "Run")]
    fail_fast: bool,

    /// Replay a case that is not as expected, up to this many times; if it then is as expected, it is flaky
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "update", value_parser = whole(0..=100_u16), help_heading = "Run")]
    retries: u16,

    /// Exit with 1 if a case is flaky
    #[arg(long, help_heading = "Run")]
    fail_flaky: bool,

    /// Play again when a file changes: the changed scenarios, or all if it is the target file or `mqtt-check.yaml`
    #[arg(long, conflicts_with_all = ["update", "shard", "print_config"], help_heading = "Run")]
    watch: bool,

    /// Skip the check before the run, and play even if the broker answers nothing but CONNECT
    #[arg(long, requires = "reached", help_heading = "Run")]
    no_first_look: bool,

    /// Accept changed and new snapshots without a review
    #[arg(long, conflicts_with = "no_snapshots", help_heading = "Snapshots")]
    update: bool,

    /// Do not compare with snapshots
    #[arg(long, help_heading = "Snapshots")]
    no_snapshots: bool,

    /// Compare with the baseline of this name; --target does so by itself
    #[arg(long, value_name = "NAME", requires = "reached", conflicts_with = "no_snapshots", value_parser = target_name, help_heading = "Snapshots")]
    baseline: Option<String>,

    /// Fail if an accepted deviation has no reason yet (`why: TODO` in the target file)
    #[arg(
        long,
        requires = "reached",
        conflicts_with = "no_snapshots",
        help_heading = "Snapshots"
    )]
    require_reasons: bool,

    /// Tolerate these changes of the baseline's profile: skips, choices, improvements, separated by commas
    #[arg(long, value_name = "WHAT", requires = "reached", conflicts_with = "no_snapshots", value_delimiter = ',', value_parser = tolerated, help_heading = "Snapshots")]
    tolerate: Vec<Tolerated>,

    /// Write a report: html, json, junit, markdown or tap to a file (`-` is stdout, with normal output on stderr), issues
    /// or pcap to a folder; repeatable
    #[arg(long, value_name = "FORMAT=FILE", value_parser = reports::option, help_heading = "Report")]
    report: Vec<(&'static Format, PathBuf)>,

    /// Write the packets of each failing case to a pcapng file in this folder, as `--report pcap=DIR`
    #[arg(long, value_name = "DIR", help_heading = "Report")]
    pcap: Option<PathBuf>,

    /// Write an issue and a script that shows it for each cause to this folder, as `--report issues=DIR`
    #[arg(long, value_name = "DIR", help_heading = "Report")]
    issue_dir: Option<PathBuf>,

    /// Which cases have transcripts in report files: all, failed (those that failed or are not as expected) or none
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        default_value = "failed",
        hide_possible_values = true,
        help_heading = "Report"
    )]
    transcripts: Transcripts,

    /// Write no annotations and no job summary if `GITHUB_ACTIONS` is true
    #[arg(long, help_heading = "Report")]
    no_github: bool,

    /// Show the transcript of every case
    #[arg(short, long, help_heading = "Report")]
    verbose: bool,

    /// Read defaults from this file instead of the nearest `mqtt-check.yaml`
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "no_config",
        help_heading = "Defaults"
    )]
    config: Option<PathBuf>,

    /// Read no `mqtt-check.yaml`
    #[arg(long, help_heading = "Defaults")]
    no_config: bool,

    /// Show each option's value and where it comes from, and play nothing
    #[arg(long, help_heading = "Defaults")]
    print_config: bool,

    /// What `mqtt-check.yaml` and the environment have set.
    #[arg(skip)]
    pub(super) defaults: Defaults,

    /// Whether to show no progress while cases are played
    #[arg(skip)]
    quiet: bool,
}

impl Arguments {
    /// All reports to write.
    fn reports(&self) -> Result<Vec<(&'static Format, PathBuf)>, Failure> {
        let folders = [(&ISSUES, &self.issue_dir), (&PCAP, &self.pcap)].into_iter();
        let folders = folders.filter_map(|(format, path)| Some((format, path.clone()?)));
        let all: Vec<_> = self.report.iter().cloned().chain(folders).collect();
        let needs = all.iter().find(|(format, _)| format.is_folder());
        match needs.filter(|_| self.transcripts == Transcripts::None) {
            Some((format, _)) => Err(Failure::usage(format!(
                "a report in {} needs transcripts, which `--transcripts none` leaves out",
                format.name
            ))),
            None => Ok(all),
        }
    }
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    if arguments.print_config {
        output::print(&arguments.defaults.shown())?;
        return Ok(Exit::Success);
    }
    match arguments.watch {
        true => watch::run(arguments, styles),
        false => once(arguments, styles),
    }
}

/// Plays the selected cases once.
fn once(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    if arguments.fail_fast && arguments.retries > 0 {
        return Err(
            Failure::usage("--fail-fast stops before --retries can play a case again")
                .hint("remove one of them"),
        );
    }
    let chosen = Chosen::new(arguments, styles)?;
    let (plans, rest) = arguments.selection.plans(styles.err)?;
    let divided = Divided::new(plans, arguments.shard);
    let plans = divided.plans.as_slice();
    let snapshots = Snapshots::new(arguments, &chosen, divided.any(), styles.err)?;
    let reviewed = snapshots.read(plans, styles.err)?;
    let files = reports::prepare(&arguments.reports()?)?;

    interrupt::listen();
    let mut ready = chosen.reach(plans)?;
    let secrets = ready.secrets();
    let (began, started) = (Instant::now(), SystemTime::now());
    let run_facts = RunFacts {
        started,
        began,
        chaos: arguments.chaos,
        spread: arguments.playing.spread,
        timeout_scale: arguments.playing.timeout_scale,
        jobs: arguments.playing.jobs.map(usize::from),
        max_wait: arguments.playing.max_wait,
        baseline: snapshots.baseline(),
        suite: facts::suite(&arguments.selection, plans)?,
        retries: usize::from(arguments.retries),
        fail_flaky: arguments.fail_flaky,
    };
    let by_case: BTreeMap<&CaseId, (&Plan, &Reviewed)> = plans
        .iter()
        .zip(&reviewed)
        .map(|(plan, reviewed)| (&plan.scene.id, (plan, reviewed)))
        .collect();
    let needs_all = arguments.verbose || arguments.transcripts == Transcripts::All;
    let asking = Asking {
        is_asked_for: &|plan, result| {
            let known = by_case.get(&result.id);
            needs_all
                || known.is_none_or(|(_, reviewed)| snapshots.asks_for(plan, result, reviewed))
        },
        is_unexpected: &|result| {
            let known = by_case.get(&result.id);
            known.is_some_and(|(plan, reviewed)| {
                !snapshots.foreseen(plan, result, reviewed).is_as_expected()
            })
        },
    };
    let played = play(arguments, plans, &ready.target, styles, &asking).map_err(|error| {
        let failure = snapshots.regressed(&error).unwrap_or_else(|| error.into());
        failure.hiding(&secrets)
    });
    let Outcome {
        mut results,
        offered,
        responded,
        given_up,
        stopped,
        interrupted,
    } = match played {
        Ok(outcome) => outcome,
        Err(failure) => {
            let mut report = unstarted(arguments, (plans, &ready.target), run_facts, &failure);
            report.shard = divided.facts(arguments, &snapshots, &rest, &[])?;
            show_unstarted(arguments, &report, &files, styles);
            return Err(failure);
        }
    };
    let known = (plans, reviewed.as_slice());
    let unsteady = steady::settle(
        arguments,
        known,
        &snapshots,
        &ready.target,
        &mut results,
        styles,
    )
    .map_err(|failure| failure.hiding(&secrets))?;
    let retried = match given_up.is_none() && !interrupted {
        true => {
            let target = &ready.target;
            retry::settle(arguments, known, &snapshots, target, &mut results, styles)
                .map_err(|failure| failure.hiding(&secrets))?
        }
        false => BTreeMap::new(),
    };
    let wall = began.elapsed();
    let hook_problems = ready.hook_problems();
    // An interrupt may also have ended the broker.
    let exit_failure = if interrupted {
        None
    } else {
        ready.exit_failure()
    };
    let exit_failure = exit_failure.map(|failure| failure.hiding(&secrets));

    let given_up = given_up.map(|why| {
        let hidden = Failure::new(Exit::Failed, why).hiding(&secrets);
        hidden.message
    });
    let why = match &given_up {
        Some(why) => why.clone(),
        None if interrupted => INTERRUPTED.to_owned(),
        None => stopped.unwrap_or_default(),
    };
    let ended_early = ended_early(plans, &results, why);
    let not_played = ended_early.as_ref().map_or(0, |e| e.not_played.len());
    let given_up = given_up.map(|why| {
        let left = format!("the run ended early, with {not_played} not played");
        Failure::new(Exit::Failed, format!("{left}: {why}"))
    });
    let (cases, unwritten) = conclude(&snapshots, &reviewed, plans, &results);
    let (mut profile, profile_unwritten) =
        snapshots.profile(arguments, (plans, &cases), &offered, unwritten.is_none());
    let unwritten = unwritten
        .or_else(|| profile_unwritten.map(|error| Failure::new(Exit::Failed, error.to_string())));
    if let Some(profile) = &mut profile {
        profile.changes.extend(steady_changes(&unsteady));
    }
    let missing = snapshots.missing_reasons();
    let required = missing.as_ref().filter(|_| arguments.require_reasons);
    let problems: Vec<Failure> = given_up
        .into_iter()
        .chain(exit_failure)
        .chain(hook_problems)
        .chain(required.map(|missing| Failure::new(Exit::Failed, missing.clone())))
        .chain(unwritten)
        .collect();
    let again = again::command(arguments, &cases);
    let report = Report {
        target: facts::target(arguments, &ready.target, &offered),
        unspoken: unspoken(arguments, &ready.target, &offered),
        ended_early,
        retried,
        shard: divided.facts(arguments, &snapshots, &rest, &cases)?,
        without_case: match arguments.shard {
            None => snapshots.without_case(arguments, plans.iter().chain(&rest))?,
            Some(_) => Vec::new(),
        },
        without_deviation: snapshots.without_deviation(arguments, plans, &cases),
        deviations: snapshots.deviations(),
        profile,
        cases,
        instances: instances(&ready.target),
        responsiveness: responded.and_then(|(pulse, hit)| responsiveness(&pulse, &hit, began)),
        facts: run_facts,
        seed: arguments.playing.seed,
        wall,
        interrupted,
        problems: problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect(),
        replay: again::options(arguments),
        again,
        review: snapshots.review_option(divided.any()),
    };
    show(arguments, &report, problems, missing, &files, styles)
}

/// Combines every result with its plan and outcome. Also returns the first error from writing snapshots.
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
        // After the first write error, do not write any more.
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
