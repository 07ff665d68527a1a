//! `mqtt-check baseline`: plays the suite several times and records how the broker behaves, for later runs to compare
//! with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::chosen::Chosen;
use super::compared::Snapshots;
use super::options::{Playing, target_name};
use super::{Failure, Styles, interrupt, output, play};
use crate::cli::config::Defaults;
use crate::cli::connection::Connection;
use crate::cli::number::whole;
use crate::cli::place::target_file;
use crate::cli::selection::Selection;
use crate::diagnostic::Source;
use crate::exit::Exit;
use crate::outcome::profile::Profile;
use crate::outcome::{Amendment, Reviewed, Seen, amendment, keep_wrong};
use crate::plan::Plan;
use crate::report::style::count;
use crate::report::{self, style};
use crate::snapshot::WriteError;
use crate::snapshot::file::write_whole;
use crate::target::TargetFile;
use crate::target::file::{Deviation, Edited, new_entries, new_file};
use crate::verdict::CaseResult;

/// How many times the suite is played by default.
const PLAYS: u16 = 10;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("reached").args(["broker", "target"]))]
pub(in crate::cli) struct Arguments {
    /// The name of the baseline: its files are in `@NAME` in the folder of the snapshots
    #[arg(value_name = "NAME", value_parser = target_name)]
    name: String,

    #[command(flatten)]
    selection: Selection,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    playing: Playing,

    /// How often to play the suite; what differs between plays is marked `sometimes`
    #[arg(long, value_name = "N", default_value_t = PLAYS, value_parser = whole(1..=1000_u16), help_heading = "Run")]
    plays: u16,

    /// Update an existing baseline
    #[arg(long, help_heading = "Snapshots")]
    update: bool,
}

/// What the plays showed.
struct Shown {
    /// For each case, in the order of the plans: the results with findings, without repeating the same findings.
    wrong: Vec<Vec<CaseResult>>,
    profile: Profile,
    /// What to write for each case, in the order of the plans.
    seen: Vec<Seen>,
    /// Cases that this machine was too slow for in every play.
    unplayed: Vec<String>,
}

pub(in crate::cli) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let as_run = as_run(arguments)?;
    let chosen = Chosen::new(&as_run, styles)?;
    let (plans, _) = as_run.selection.plans(styles.err)?;
    let snapshots = Snapshots::new(&as_run, &chosen, plans.first(), styles.err)?;
    let Some(profiled) = snapshots.profiled.as_ref() else {
        return Err(Failure::usage("a baseline needs a broker on the network"));
    };
    if profiled.known.is_some() && !arguments.update {
        let there = profiled.path.display();
        return Err(Failure::usage(format!(
            "{} has a baseline already: {there}",
            arguments.name
        ))
        .hint("--update replaces it and shows what changed"));
    }
    let reviewed = snapshots.read(&plans, styles.err)?;
    // Check this before the plays, which would otherwise be wasted.
    if let Some(target) = OnDisk::of(&chosen, styles)? {
        target.edited(&Amendment::default())?;
    }
    interrupt::listen();
    let Some(shown) = plays(
        arguments,
        &as_run,
        (&chosen, &snapshots),
        (&plans, &reviewed),
        styles,
    )?
    else {
        output::note("interrupted: nothing is written\n");
        return Ok(Exit::Interrupted);
    };
    // The target file goes beside the folder of the snapshots.
    let root = profiled.path.ancestors().nth(3).unwrap_or(Path::new(""));
    let wrong = (plans.as_slice(), shown.wrong.as_slice());
    let is_whole = snapshots.suite(&as_run, &plans).is_some();
    let target = OnDisk::of(&chosen, styles)?;
    let suite = snapshots.suite(&as_run, &plans);
    let (changes, profile) = profiled.renew(shown.profile, suite);
    let (seen, varying) = with_known(&profile, (&plans, &reviewed), &shown.seen);
    // Before writing anything, find out whether all of it can be written.
    let shows = (is_whole, varying.as_slice());
    let amended = amend(arguments, target.as_ref(), wrong, shows, root)?;
    let mut text = String::new();
    profiled
        .store(&profile)
        .map_err(|error| unwritten(&error))?;
    text.push_str(&report::renewed(
        &profiled.path,
        profiled.known.is_some(),
        &changes,
        styles.out,
    ));
    for ((plan, reviewed), seen) in plans.iter().zip(&reviewed).zip(&seen) {
        let files = snapshots.settle_seen(plan, reviewed, seen);
        for line in files.map_err(|error| unwritten(&error))? {
            text.push_str(&format!("{line}\n"));
        }
    }
    if let Some(amended) = amended {
        amended.write()?;
        text.push_str(&amended.changes);
    }
    text.push_str(&summary(&profile, &plans, arguments.plays, &shown.unplayed));
    output::print(&text)?;
    Ok(match shown.unplayed.is_empty() {
        true => Exit::Success,
        false => Exit::Failed,
    })
}

/// Returns what to write for each case. Also returns the cases that vary and were accepted in earlier plays: these
/// plays need not show everything again.
fn with_known(
    profile: &Profile,
    (plans, reviewed): (&[Plan], &[Reviewed]),
    seen: &[Seen],
) -> (Vec<Seen>, Vec<String>) {
    let mut all = Vec::with_capacity(seen.len());
    let mut varying = Vec::new();
    for ((plan, reviewed), seen) in plans.iter().zip(reviewed).zip(seen) {
        let id = plan.scene.id.to_string();
        let has_several_standings = profile.has_several_standings(&id);
        all.push(seen.with_known(reviewed, has_several_standings));
        if has_several_standings && reviewed.accepted.is_some() {
            varying.push(id);
        }
    }
    (all, varying)
}

fn unwritten(error: &WriteError) -> Failure {
    Failure::new(Exit::Failed, error.to_string())
}

/// The arguments of `run` for each play.
fn as_run(arguments: &Arguments) -> Result<super::Arguments, Failure> {
    let mut connection = arguments.connection.clone();
    if !connection.names_a_broker() {
        let file = target_file(&arguments.name, &arguments.selection.paths());
        if !file.is_there() {
            return Err(Failure::usage("no broker is named")
                .hint("name the broker of the baseline with --broker URL or --target NAME"));
        }
        connection.target = Some(arguments.name.clone());
    }
    Ok(super::Arguments {
        selection: arguments.selection.clone(),
        connection,
        fault: Vec::new(),
        liberty: Vec::new(),
        playing: arguments.playing.clone(),
        chaos: None,
        shard: None,
        fail_fast: false,
        retries: 0,
        fail_flaky: false,
        no_first_look: false,
        update: true,
        no_snapshots: false,
        baseline: Some(arguments.name.clone()),
        require_reasons: false,
        tolerate: Vec::new(),
        report: Vec::new(),
        issue_dir: None,
        pcap: None,
        transcripts: super::Transcripts::None,
        no_github: true,
        verbose: false,
        config: None,
        no_config: true,
        print_config: false,
        defaults: Defaults::default(),
        quiet: true,
        watch: false,
    })
}

/// What the plays have shown so far.
struct Gathered {
    profile: Option<Profile>,
    seen: Vec<Seen>,
    wrong: Vec<Vec<CaseResult>>,
}

/// Plays the suite the given number of times, and then the varying cases as many times again. Returns `None` if the
/// user interrupts.
fn plays(
    arguments: &Arguments,
    as_run: &super::Arguments,
    (chosen, snapshots): (&Chosen, &Snapshots),
    (plans, reviewed): (&[Plan], &[Reviewed]),
    styles: Styles,
) -> Result<Option<Shown>, Failure> {
    let mut gathered = Gathered {
        profile: None,
        seen: plans.iter().map(|_| Seen::default()).collect(),
        wrong: plans.iter().map(|_| Vec::new()).collect(),
    };
    let began = Instant::now();
    let all: Vec<usize> = (0..plans.len()).collect();
    for number in 1..=arguments.plays + 1 {
        let (at, note) = match number > arguments.plays {
            false => (
                all.clone(),
                progress(number, arguments.plays, began.elapsed()),
            ),
            true => match gathered.varying(plans) {
                varying if varying.is_empty() => break,
                varying => {
                    let note = more(varying.len(), arguments.plays);
                    let times = usize::from(arguments.plays);
                    let copies = varying.into_iter();
                    let copies = copies.flat_map(|at| std::iter::repeat_n(at, times));
                    (copies.collect(), note)
                }
            },
        };
        output::note(&note);
        let copies: Vec<Plan> = match number > arguments.plays {
            false => Vec::new(),
            true => at.iter().map(|at| plans[*at].clone()).collect(),
        };
        let to_play = if copies.is_empty() { plans } else { &copies };
        let mut ready = chosen.reach(to_play)?;
        let played = play(
            as_run,
            to_play,
            &ready.target,
            styles,
            &super::Asking::EVERYTHING,
        )?;
        if played.interrupted {
            return Ok(None);
        }
        if let Some(why) = played.given_up {
            return Err(Failure::new(
                Exit::Failed,
                format!("play {number} ended early: {why}"),
            ));
        }
        if let Some(failure) = ready.exit_failure() {
            return Err(failure);
        }
        let results = to_play.iter().zip(&played.results);
        let learned = Profile::learned(None, &played.offered, results);
        gathered.profile = Some(match gathered.profile {
            None => learned,
            Some(known) => known.and(learned),
        });
        for (at, result) in at.into_iter().zip(played.results) {
            snapshots.record_play((&plans[at], &result), &reviewed[at], &mut gathered.seen[at]);
            keep_wrong(result, &mut gathered.wrong[at]);
        }
    }
    let profile = gathered.profile.unwrap_or_default();
    let ids = plans.iter().map(|plan| plan.scene.id.to_string());
    let unplayed = ids.filter(|id| !profile.cases.contains_key(id)).collect();
    Ok(Some(Shown {
        wrong: gathered.wrong,
        profile,
        seen: gathered.seen,
        unplayed,
    }))
}

impl Gathered {
    /// The cases of every scenario with a varying case. If one case of a scenario varies, the others may too.
    fn varying(&self, plans: &[Plan]) -> Vec<usize> {
        let has_varied = |(plan, seen): &(&Plan, &Seen)| {
            let profile = self.profile.as_ref();
            seen.varies()
                || profile.is_some_and(|p| p.has_several_standings(&plan.scene.id.to_string()))
        };
        let varied = plans.iter().zip(&self.seen).filter(has_varied);
        let scenarios: BTreeSet<&str> = varied
            .map(|(plan, _)| plan.scene.id.path.as_str())
            .collect();
        let is_of_them = |at: &usize| scenarios.contains(plans[*at].scene.id.path.as_str());
        (0..plans.len()).filter(is_of_them).collect()
    }
}

/// The target file as it is on disk now. Someone may have changed it during the plays.
struct OnDisk {
    file: TargetFile,
    source: Arc<Source>,
}

impl OnDisk {
    /// Reads the target file. Returns `None` if there is none.
    fn of(chosen: &Chosen, styles: Styles) -> Result<Option<Self>, Failure> {
        let Some(known) = &chosen.file else {
            return Ok(None);
        };
        let path = Path::new(&known.source.path);
        let built_in = || TargetFile::text_built_in(path);
        let text = match path.exists() {
            true => TargetFile::text(path),
            false => built_in().unwrap_or_else(|| TargetFile::text(path)),
        };
        let read = text.and_then(|source| {
            let file = TargetFile::parse(&source, &known.name)?;
            Ok(Self { file, source })
        });
        let read = read.map_err(|wrong| output::diagnostics(&wrong, styles.err))?;
        Ok(Some(read))
    }

    fn edited(&self, amendment: &Amendment) -> Result<Edited, Failure> {
        let Amendment {
            stale_entries,
            drafts,
        } = amendment;
        let edited = self.file.edited(&self.source, stale_entries, drafts);
        edited.map_err(|refused| {
            let mut message = refused.to_string();
            if !drafts.is_empty() {
                message.push_str(&format!("\n{}", new_entries(drafts)));
            }
            Failure::new(Exit::Failed, message)
                .hint("begin each entry of `deviations` with its own `-`")
        })
    }
}

/// The new text of a target file.
struct Amended {
    path: PathBuf,
    text: String,
    /// A summary of the changes, one per line.
    changes: String,
}

impl Amended {
    fn write(&self) -> Result<(), Failure> {
        write_whole(&self.path, self.text.as_bytes()).map_err(|error| {
            let path = self.path.display();
            Failure::new(Exit::Failed, format!("failed to write {path}: {error}"))
        })
    }
}

/// Drafts an entry for each cause that the target file does not list, and removes entries that are no longer seen.
/// Entries that a varying case showed in earlier plays stay. Returns `None` if nothing changes.
fn amend(
    arguments: &Arguments,
    target: Option<&OnDisk>,
    (plans, wrong): (&[Plan], &[Vec<CaseResult>]),
    (is_whole, varying): (bool, &[String]),
    root: &Path,
) -> Result<Option<Amended>, Failure> {
    let results = plans.iter().zip(wrong);
    let results: Vec<(&Plan, &CaseResult)> = results
        .flat_map(|(plan, all)| all.iter().map(move |result| (plan, result)))
        .collect();
    let file = target.map(|target| &target.file);
    let mut amendment = amendment(file, &results);
    if !is_whole {
        // The cases that were not played may still show these entries.
        amendment.stale_entries.clear();
    }
    if let Some(file) = file {
        // Varying cases may also show them at times.
        let shows = |entry: &Deviation| varying.iter().any(|case| entry.is_shown_by(case));
        let entries = file.deviations.iter().filter(|entry| shows(entry));
        let places: Vec<_> = entries.map(|entry| entry.place).collect();
        amendment
            .stale_entries
            .retain(|place| !places.contains(place));
    }
    let Amendment {
        stale_entries,
        drafts,
    } = &amendment;
    let (path, text, left) = match (target, arguments.connection.url()) {
        (Some(_), _) if stale_entries.is_empty() && drafts.is_empty() => return Ok(None),
        (Some(target), _) => {
            let edited = target.edited(&amendment)?;
            let path = PathBuf::from(&target.source.path);
            (path, edited.text, edited.comments_left)
        }
        (None, Some(url)) => {
            let name = format!("{}.yaml", arguments.name);
            let path = root.join("targets").join(name);
            (path, new_file(&arguments.name, url, drafts), Vec::new())
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(Amended {
        changes: amended(&path, target.is_none(), &amendment, &left),
        path,
        text,
    }))
}

/// Describes the changes to a target file.
fn amended(path: &Path, is_new: bool, amendment: &Amendment, left: &[usize]) -> String {
    let path = path.display();
    let mut out = String::new();
    if is_new {
        out.push_str(&format!("{path}: new\n"));
    }
    if !amendment.drafts.is_empty() {
        out.push_str(&format!(
            "{path}: {} added; replace `why: TODO` in each with what the clause requires and why you accept the deviation\n",
            count(amendment.drafts.len(), "draft")
        ));
    }
    for place in &amendment.stale_entries {
        out.push_str(&format!(
            "{path}: the entry in line {} is removed: no case shows it any more\n",
            place.line
        ));
    }
    for line in left {
        out.push_str(&format!(
            "{path}: the comment in line {line} is kept; remove it if it was about that entry\n"
        ));
    }
    out
}

/// Progress, such as `play 3 of 10, about 2 m left`.
fn progress(number: u16, plays: u16, took: Duration) -> String {
    let done = u32::from(number - 1);
    let left = match took.checked_div(done) {
        Some(each) => {
            let left = each * u32::from(plays - number + 1);
            format!(
                ", about {} left",
                style::span(Duration::from_secs(left.as_secs()))
            )
        }
        None => String::new(),
    };
    format!("play {number} of {plays}{left}\n")
}

/// The note before the extra plays, such as `74 cases of scenarios that vary: 10 times more`.
fn more(cases: usize, plays: u16) -> String {
    format!(
        "{} of scenarios that vary: {} more\n",
        count(cases, "case"),
        count(usize::from(plays), "time")
    )
}

/// The status of the baseline in one line, and what is left to do.
fn summary(profile: &Profile, plans: &[Plan], plays: u16, unplayed: &[String]) -> String {
    let varies = |plan: &&Plan| profile.has_several_standings(&plan.scene.id.to_string());
    let sometimes = plans.iter().filter(varies).count();
    let mut out = format!(
        "{}, played {}; {sometimes} of them vary\n",
        count(plans.len() - unplayed.len(), "case"),
        count(usize::from(plays), "time")
    );
    if profile.cases.len() > plans.len() {
        let all = count(profile.cases.len(), "case");
        out.push_str(&format!("the baseline has {all} now\n"));
    }
    if !unplayed.is_empty() {
        out.push_str(&format!(
            "this machine was too slow for {}: play again with fewer --jobs\n",
            unplayed.join(", ")
        ));
    }
    out
}
