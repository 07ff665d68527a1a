//! Compares the records of a run with their snapshots, and writes new ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::selection::quoted;
use super::super::snapshots::failure;
use super::super::{Failure, output, place};
use super::Arguments;
use super::chosen::Chosen;
use super::profiled::{Learned, Profiled};
use crate::builtin::Origin;
use crate::exit::Exit;
use crate::outcome::profile::Change;
use crate::outcome::steady::{self, PlayOutcome};
use crate::outcome::{
    ComparedWith, Comparison, Concluded, DeviationFacts, Mode, Outcome, Reviewed, Seen, State,
    UnseenPart, deviation_facts, unshown,
};
use crate::plan::Plan;
use crate::report::ProfileReport;
use crate::report::style::Style;
use crate::scenario::model::CaseId;
use crate::scenario::{on_all_cores, suite};
use crate::snapshot::review::{self, Writing};
use crate::snapshot::{Header, ReadError, Store, WriteError};
use crate::target::file::TO_DO;
use crate::target::{Capabilities, StartError, TargetFile};
use crate::verdict::{CaseResult, Verdict};

/// What a run does with snapshots.
pub(super) struct Snapshots {
    against: ComparedWith,
    /// The value of `--snapshots`.
    folder: Option<PathBuf>,
    writing: Writing,
    /// The profile of the target, if there is a baseline.
    pub(super) profiled: Option<Profiled>,
    /// Comparisons of records that were dropped. The texts are kept only if they differ.
    dropped: Mutex<BTreeMap<CaseId, Comparison>>,
}

impl Snapshots {
    pub(super) fn new(
        arguments: &Arguments,
        chosen: &Chosen,
        any: Option<&Plan>,
        style: Style,
    ) -> Result<Self, Failure> {
        let in_ci = is_ci();
        if arguments.update && in_ci {
            return Err(Failure::usage(
                "--update writes snapshots, which is not allowed with CI=true",
            )
            .hint("update locally, review the change, and commit it"));
        }
        let writing = match (in_ci, arguments.update) {
            (true, _) => Writing::Nothing,
            (false, true) => Writing::Update,
            (false, false) => Writing::Pending,
        };
        let named = arguments.baseline.as_ref();
        let of_target = arguments
            .connection
            .target
            .as_ref()
            .and(chosen.file.as_ref());
        let baseline = named.or(of_target.map(|file| &file.name));
        let by_records = match baseline {
            _ if arguments.no_snapshots => None,
            Some(name) => Some(Mode::Baseline(name.clone())),
            // A permitted variation changes records without being wrong, so records prove nothing.
            None if !arguments.liberty.is_empty() => None,
            None if chosen.is_bundled() && arguments.fault.is_empty() => Some(Mode::Whole),
            None => Some(Mode::Information),
        };
        let file = chosen.file.clone().map(Box::new);
        let against = match (by_records, arguments.chaos) {
            (None, _) => ComparedWith::Nothing,
            (Some(mode), None) => ComparedWith::Records(mode, file),
            (Some(Mode::Baseline(name)), Some(_)) => ComparedWith::Findings(name, file),
            (Some(_), Some(_)) => ComparedWith::Nothing,
        };
        if arguments.update && against.mode() == Some(Mode::Information) {
            return Err(Failure::usage(
                "--update needs the bundled broker without a fault, or --baseline NAME",
            ));
        }
        let mut snapshots = Self {
            against,
            folder: arguments.playing.snapshots.clone(),
            writing,
            profiled: None,
            dropped: Mutex::default(),
        };
        snapshots.protect(arguments, any)?;
        snapshots.profiled = snapshots.profiled(arguments, chosen, any, style)?;
        Ok(snapshots)
    }

    /// Makes sure that nothing is written to the built-in suite.
    fn protect(&mut self, arguments: &Arguments, any: Option<&Plan>) -> Result<(), Failure> {
        let (Some(mode), Some(plan)) = (self.against.mode(), any) else {
            return Ok(());
        };
        if !self.store(plan).is_built_in(&mode) {
            return Ok(());
        }
        self.writing = Writing::Nothing;
        if !arguments.update {
            return Ok(());
        }
        let what = match &mode {
            Mode::Baseline(name) => format!("the baseline of {name} is built in"),
            Mode::Whole | Mode::Information => "these snapshots are built in".to_owned(),
        };
        Err(Failure::usage(format!("{what} and cannot be changed")).hint(
            "`mqtt-check suite --extract DIR` writes the whole suite to a folder, where it can be changed",
        ))
    }

    /// The profile to compare this run with, if it has a baseline.
    fn profiled(
        &self,
        arguments: &Arguments,
        chosen: &Chosen,
        any: Option<&Plan>,
        style: Style,
    ) -> Result<Option<Profiled>, Failure> {
        let (Some(Mode::Baseline(target)), Some(plan)) = (self.against.mode(), any) else {
            return Ok(None);
        };
        let path = self.store(plan).profile(&target);
        let tolerance = arguments.tolerate.iter().copied().collect();
        let known = Profiled::read(&self.store(plan), &target, tolerance, style)?;
        // A target without reviewed records has no baseline yet, unless the user names one.
        let is_meant = arguments.baseline.is_some() || path.parent().is_some_and(Path::is_dir);
        if known.is_none() && !is_meant && self.writing != Writing::Update {
            return Ok(None);
        }
        Ok(Some(Profiled {
            broker: chosen.file.as_ref().map(|file| match &file.version {
                Some(version) => format!("{} {version}", file.title),
                None => file.title.clone(),
            }),
            target,
            path,
            known,
            writing: self.writing,
            with_cases: matches!(self.against, ComparedWith::Records(..)),
        }))
    }

    /// Compares the run with the profile of the target, and writes the profile if required.
    pub(super) fn profile(
        &self,
        arguments: &Arguments,
        (plans, cases): (&[Plan], &[Concluded<'_>]),
        offered: &Capabilities,
        writes: bool,
    ) -> (Option<ProfileReport>, Option<WriteError>) {
        let Some(profiled) = &self.profiled else {
            return (None, None);
        };
        let is_whole = self.is_whole(arguments, plans, cases);
        let ids = plans.iter().map(|plan| plan.scene.id.to_string());
        let learned = Learned {
            offered,
            cases: cases.iter().map(|case| (case.plan, case.result)).collect(),
            suite: is_whole.then(|| ids.collect()),
        };
        let (report, unwritten) = profiled.conclude(&learned, writes);
        (Some(report), unwritten)
    }

    /// The failure to report if the broker accepts no client although the baseline's broker did. This is a change of
    /// the broker, not a run that could not start.
    pub(super) fn regressed(&self, error: &StartError) -> Option<Failure> {
        let known = self.profiled.as_ref()?.known.as_ref()?;
        let is_change = matches!(
            error,
            StartError::Refused { .. } | StartError::Lifeless { .. }
        );
        let was_let_in = !known.profile.offers.versions.is_empty();
        (is_change && was_let_in).then(|| {
            let name = self.baseline().unwrap_or_default();
            let text = format!("{error}; the broker of the baseline `{name}` accepted clients");
            Failure::new(Exit::Failed, text).hinted(error.hint())
        })
    }

    /// The name of the baseline to compare records or findings with.
    pub(super) fn baseline(&self) -> Option<String> {
        match self.against.mode() {
            Some(Mode::Baseline(name)) => Some(name),
            _ => None,
        }
    }

    fn store(&self, plan: &Plan) -> Store {
        match (&self.folder, plan.scene.origin) {
            (Some(folder), _) => Store::new(folder.clone()),
            (None, Origin::Disk) => Store::new(suite::root_of(&plan.scene).join("snapshots")),
            (None, Origin::BuiltIn) => Store::built_in(),
        }
    }

    /// Reads the reviewed records of each case, before anything is played.
    pub(super) fn read(&self, plans: &[Plan], style: Style) -> Result<Vec<Reviewed>, Failure> {
        let mode = self.against.mode();
        let read = on_all_cores(plans, |plan| match &mode {
            None => Ok(Reviewed::default()),
            Some(mode) => review::reviewed(&self.store(plan), mode, &plan.scene.id),
        });
        let mut damaged = Vec::new();
        let mut all = Vec::with_capacity(plans.len());
        for (plan, reviewed) in plans.iter().zip(read) {
            match reviewed {
                Ok(reviewed) => all.push(self.with_profile(plan, reviewed)),
                Err(ReadError::Damaged(diagnostic)) => damaged.push(*diagnostic),
                Err(error) => return Err(failure(&error, style)),
            }
        }
        if damaged.is_empty() {
            Ok(all)
        } else {
            Err(output::diagnostics(&damaged, style))
        }
    }

    /// Adds what the profile says about the case.
    fn with_profile(&self, plan: &Plan, mut reviewed: Reviewed) -> Reviewed {
        let known = self.profiled.as_ref().and_then(|p| p.known.as_ref());
        let id = plan.scene.id.to_string();
        reviewed.has_several_standings =
            known.is_some_and(|baseline| baseline.profile.has_several_standings(&id));
        reviewed
    }

    /// The ids of all cases, if the whole suite is selected.
    pub(super) fn suite(&self, arguments: &Arguments, plans: &[Plan]) -> Option<BTreeSet<String>> {
        let ids = plans.iter().map(|plan| plan.scene.id.to_string());
        self.is_chosen_whole(arguments, plans.iter())
            .then(|| ids.collect())
    }

    /// Adds a play of a case to what the plays for a baseline have shown.
    pub(super) fn record_play(
        &self,
        (plan, result): (&Plan, &CaseResult),
        reviewed: &Reviewed,
        seen: &mut Seen,
    ) {
        self.against.record_play(plan, result, reviewed, seen);
    }

    /// Writes what the plays for a baseline have shown of a case. Returns a line for each file that changed.
    pub(super) fn settle_seen(
        &self,
        plan: &Plan,
        reviewed: &Reviewed,
        seen: &Seen,
    ) -> Result<Vec<String>, WriteError> {
        if !seen.is_judged {
            return Ok(Vec::new());
        }
        review::settle_seen(&reviewed.path, &header(plan), &seen.records())
    }

    /// Whether a report or a snapshot may need the record of a case that was just judged. Only called if no report
    /// contains all records. If the record is not needed, keeps the comparison, since the record is dropped.
    pub(super) fn asks_for(&self, plan: &Plan, result: &CaseResult, reviewed: &Reviewed) -> bool {
        if result.verdict != Verdict::Passed || !result.findings.is_empty() {
            return true;
        }
        let outcome = self.outcome(plan, result, reviewed);
        let comparison = outcome.comparison.as_ref();
        let is_settled = comparison.is_none_or(|c| c.state == State::Same || !c.counts);
        if !outcome.is_as_expected() || !is_settled {
            return true;
        }
        if let Some(mut comparison) = outcome.comparison {
            if comparison.state == State::Same {
                (comparison.expected, comparison.actual) = Default::default();
            }
            self.dropped().insert(result.id.clone(), comparison);
        }
        false
    }

    fn dropped(&self) -> MutexGuard<'_, BTreeMap<CaseId, Comparison>> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares a case with its reviewed record. If the record was dropped, returns the comparison made before.
    fn compare(&self, plan: &Plan, result: &CaseResult, reviewed: &Reviewed) -> Option<Comparison> {
        match result.transcript {
            Some(_) => self.against.compare(plan, result, reviewed),
            None => self.dropped().get(&result.id).cloned(),
        }
    }

    /// Decides the outcome of a case, before anything is written.
    pub(super) fn outcome(&self, plan: &Plan, result: &CaseResult, reviewed: &Reviewed) -> Outcome {
        let comparison = self.compare(plan, result, reviewed);
        self.decide((plan, result), reviewed, comparison)
    }

    fn decide(
        &self,
        case: (&Plan, &CaseResult),
        reviewed: &Reviewed,
        comparison: Option<Comparison>,
    ) -> Outcome {
        let baseline = self.profiled.as_ref().and_then(Profiled::baseline);
        self.against.decide(case, reviewed, comparison, baseline)
    }

    /// Decides the outcome that a case will have after [`Self::settle`]: a run that may write removes a pending snapshot
    /// if the case is as reviewed again.
    pub(super) fn foreseen(
        &self,
        plan: &Plan,
        result: &CaseResult,
        reviewed: &Reviewed,
    ) -> Outcome {
        let mut comparison = self.compare(plan, result, reviewed);
        if let Some(comparison) = &mut comparison
            && comparison.counts
            && comparison.state == State::Same
            && self.writing != Writing::Nothing
        {
            comparison.pending = false;
        }
        self.decide((plan, result), reviewed, comparison)
    }

    /// Classifies a play of a case, for a broker that according to its baseline does not always behave the same.
    pub(super) fn classify(
        &self,
        plans: &[Plan],
        reviewed: &[Reviewed],
        (at, result): (usize, &CaseResult),
        outcome: &Outcome,
    ) -> PlayOutcome {
        let Some(baseline) = self.profiled.as_ref().and_then(Profiled::baseline) else {
            return PlayOutcome::Unknown;
        };
        let plan = &plans[at];
        let of_scenario = |other: &Plan| other.scene.id.path == plan.scene.id.path;
        let others = plans.iter().zip(reviewed);
        let others: Vec<&Reviewed> = others
            .filter(|(other, _)| of_scenario(other))
            .map(|(_, reviewed)| reviewed)
            .collect();
        let known = (&reviewed[at], others.as_slice());
        steady::classify(&self.against, (plan, result), outcome, known, baseline)
    }

    /// Decides the outcome of a case and writes what it requires: a pending snapshot, or a new reviewed one. Writes
    /// nothing unless `writes` is set. Returns the error if writing failed.
    pub(super) fn settle(
        &self,
        plan: &Plan,
        result: &CaseResult,
        reviewed: &Reviewed,
        writes: bool,
    ) -> (Outcome, Option<WriteError>) {
        let mut comparison = self.compare(plan, result, reviewed);
        let mut unwritten = None;
        if let (Some(comparison), true) = (&mut comparison, writes) {
            unwritten = self.write(plan, comparison).err();
        }
        let outcome = self.decide((plan, result), reviewed, comparison);
        (outcome, unwritten)
    }

    /// Accepted deviations that were not seen. Only a run of the whole suite can tell.
    pub(super) fn without_deviation(
        &self,
        arguments: &Arguments,
        plans: &[Plan],
        cases: &[Concluded<'_>],
    ) -> Vec<UnseenPart> {
        match &self.against {
            ComparedWith::Records(Mode::Baseline(_), Some(file))
                if self.is_whole(arguments, plans, cases) =>
            {
                unshown(file, cases, plans)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the whole suite was played: every scenario of its folder, without a filter or shard.
    fn is_whole(&self, arguments: &Arguments, plans: &[Plan], cases: &[Concluded<'_>]) -> bool {
        arguments.shard.is_none()
            && cases.len() == plans.len()
            && self.is_chosen_whole(arguments, plans.iter())
    }

    /// Whether these are all cases of the suite.
    pub(super) fn is_chosen_whole<'a>(
        &self,
        arguments: &Arguments,
        mut plans: impl Iterator<Item = &'a Plan>,
    ) -> bool {
        let named = arguments.selection.paths();
        !arguments.selection.is_narrowed()
            && plans.all(|plan| {
                let folder = suite::folder_of(&plan.scene);
                named.iter().any(|path| same_folder(path, &folder))
            })
    }

    /// What a shard shows about the accepted deviations.
    pub(super) fn deviation_facts(
        &self,
        cases: &[Concluded<'_>],
        suite: &[String],
    ) -> Vec<DeviationFacts> {
        match &self.against {
            ComparedWith::Records(Mode::Baseline(_), Some(file)) => {
                deviation_facts(file, cases, suite)
            }
            _ => Vec::new(),
        }
    }

    /// What a shard lacks of the profile.
    pub(super) fn missing(&self, cases: &[Concluded<'_>], suite: &[String]) -> Vec<Change> {
        let known = self.profiled.as_ref().filter(|p| p.with_cases);
        let Some(baseline) = known.and_then(|profiled| profiled.known.as_ref()) else {
            return Vec::new();
        };
        let answered = cases.iter().flat_map(|case| &case.result.choices);
        let choices = answered.map(|(name, _)| name.as_str()).collect();
        baseline.missing(&suite.iter().cloned().collect(), &choices)
    }

    fn write(&self, plan: &Plan, comparison: &mut Comparison) -> Result<(), WriteError> {
        let is_as_reviewed = comparison.state == State::Same && !comparison.pending;
        if is_as_reviewed && self.writing != Writing::Update {
            return Ok(());
        }
        review::settle(comparison, &header(plan), self.writing)?;
        let is_deviation = comparison.updated && comparison.state != State::Stale;
        if is_deviation && matches!(self.against.mode(), Some(Mode::Baseline(_))) {
            comparison.compared_with_accepted = true;
        }
        Ok(())
    }

    /// The target file with the accepted deviations, if any.
    pub(super) fn deviations(&self) -> Option<&TargetFile> {
        match self.against.mode() {
            Some(Mode::Baseline(_)) => self.against.file(),
            _ => None,
        }
    }

    /// Reports which accepted deviations have no reason. `None` if all have one, or if none applies.
    pub(super) fn missing_reasons(&self) -> Option<String> {
        let file = match self.against.mode() {
            Some(Mode::Baseline(_)) => self.against.file()?,
            _ => return None,
        };
        let to_do = file.deviations.iter().filter(|d| d.is_to_do());
        let lines: Vec<String> = to_do.map(|d| d.place.line.to_string()).collect();
        let path = &file.source.path;
        let (word, noun) = match lines.as_slice() {
            [] => return None,
            [_] => ("line", "1 accepted deviation has no reason".to_owned()),
            more => (
                "lines",
                format!("{} accepted deviations have no reason", more.len()),
            ),
        };
        Some(format!(
            "{noun} yet: replace `why: {TO_DO}` in {path} with what the clause requires and why you accept the deviation ({word} {})",
            lines.join(", ")
        ))
    }

    /// Snapshots without a case. Only a run of the whole suite can tell: every scenario of the folder, and no filter.
    pub(super) fn without_case<'a>(
        &self,
        arguments: &Arguments,
        all: impl Iterator<Item = &'a Plan>,
    ) -> Result<Vec<PathBuf>, Failure> {
        let ComparedWith::Records(mode @ (Mode::Whole | Mode::Baseline(_)), _) = &self.against
        else {
            return Ok(Vec::new());
        };
        if arguments.selection.is_narrowed() {
            return Ok(Vec::new());
        }
        let mut suites: BTreeMap<PathBuf, (Store, Vec<&Plan>)> = BTreeMap::new();
        for plan in all {
            let folder = suite::folder_of(&plan.scene);
            let (_, plans) = suites
                .entry(folder)
                .or_insert_with(|| (self.store(plan), Vec::new()));
            plans.push(plan);
        }
        let mut found = Vec::new();
        for (folder, (store, plans)) in suites {
            let named = arguments.selection.paths();
            let is_whole = named.iter().any(|path| same_folder(path, &folder));
            if is_whole {
                let cases = plans.iter().map(|plan| &plan.scene.id);
                let without_case = match mode {
                    Mode::Baseline(target) => store.accepted_without_case(target, cases),
                    _ => store.without_case(cases),
                };
                found.extend(without_case.map_err(|error| {
                    Failure::new(
                        Exit::Failed,
                        format!("failed to read {}: {error}", store.root().display()),
                    )
                })?);
            }
        }
        Ok(found)
    }

    /// The option that `review` needs to find the folder. Empty if it finds the folder by itself.
    pub(super) fn review_option(&self, any: Option<&Plan>) -> String {
        let folder = any.map(|plan| self.store(plan).root().to_owned());
        match folder {
            Some(folder) if !same_folder(&folder, &place::snapshots()) => {
                format!(" --snapshots {}", quoted(&folder))
            }
            _ => String::new(),
        }
    }
}

/// Whether this is CI, where nothing is written.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0")
}

fn header(plan: &Plan) -> Header {
    let scene = &plan.scene;
    Header {
        source: suite::file_below_root(scene),
        title: scene.title.clone(),
        case: scene.id.to_string(),
    }
}

fn same_folder(a: &Path, b: &Path) -> bool {
    let plain = |path: &Path| {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        path.canonicalize()
    };
    suite::absolute(a) == suite::absolute(b)
        || matches!((plain(a), plain(b)), (Ok(a), Ok(b)) if a == b)
}
