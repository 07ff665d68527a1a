//! A run's records and their snapshots: where they stand, how they compare, what is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::selection::quoted;
use super::super::snapshots::failure;
use super::super::{Failure, output};
use super::chosen::Chosen;
use super::{Arguments, accepted};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::words::Style;
use crate::report::{CaseReport, Unshown};
use crate::snapshot::compare::{self, Record, Reviewed, Writing};
use crate::snapshot::{Comparison, Header, Mode, ReadError, State, Store, WriteError};
use crate::target::TargetFile;
use crate::transcript::{HookSource, text};
use crate::verdict::{CaseResult, Verdict};

/// What a run does with snapshots.
pub(super) struct Snapshots {
    /// `None` with `--no-snapshots`, and under chaos.
    mode: Option<Mode>,
    /// Under chaos: where what is accepted for the target stands. Its records are not compared, since what went out did
    /// so at other times and in other pieces; what was found wrong is.
    accepted: Option<Mode>,
    /// `--snapshots`.
    folder: Option<PathBuf>,
    writing: Writing,
    /// What is known of the broker's deviations.
    file: Option<TargetFile>,
}

/// What is reviewed of one case, and where.
pub(super) struct Expected {
    store: Store,
    reviewed: Reviewed,
}

impl Snapshots {
    pub(super) fn new(arguments: &Arguments, chosen: &Chosen) -> Result<Self, Failure> {
        let in_ci = is_ci();
        if arguments.update && in_ci {
            return Err(
                Failure::usage("--update writes snapshots, and CI=true says not to")
                    .hint("update at a desk, review the change, and commit it"),
            );
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
            // What a liberty changes is right too, so that the record says nothing of it.
            None if !arguments.liberty.is_empty() => None,
            None if chosen.is_bundled() && arguments.fault.is_empty() => Some(Mode::Whole),
            None => Some(Mode::Information),
        };
        let (mode, accepted) = match arguments.chaos {
            None => (by_records, None),
            Some(_) => (
                None,
                by_records.filter(|mode| matches!(mode, Mode::Baseline(_))),
            ),
        };
        if arguments.update && mode == Some(Mode::Information) {
            return Err(Failure::usage(
                "--update needs the bundled broker, or --baseline NAME",
            ));
        }
        Ok(Self {
            mode,
            accepted,
            folder: arguments.snapshots.clone(),
            writing,
            file: chosen.file.clone(),
        })
    }

    fn store(&self, plan: &Plan) -> Store {
        let folder = self.folder.clone();
        Store::new(folder.unwrap_or_else(|| beside(&scenario_folder(plan))))
    }

    /// Reads what is reviewed of each case, before anything is played.
    pub(super) fn read(&self, plans: &[Plan], style: Style) -> Result<Vec<Expected>, Failure> {
        let mut damaged = Vec::new();
        let mut all = Vec::with_capacity(plans.len());
        for plan in plans {
            let store = self.store(plan);
            let reviewed = match self.mode.as_ref().or(self.accepted.as_ref()) {
                None => Ok(Reviewed::default()),
                Some(mode) => compare::reviewed(&store, mode, &plan.scene.id),
            };
            match reviewed {
                Ok(reviewed) => all.push(Expected { store, reviewed }),
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

    /// Holds a result against what is reviewed; `None` when there is nothing to hold.
    pub(super) fn compare(
        &self,
        plan: &Plan,
        result: &CaseResult,
        expected: &Expected,
    ) -> Option<Comparison> {
        let mode = self.mode.as_ref()?;
        let transcript = result.transcript.as_ref()?;
        // What proves nothing is no record to review.
        let is_proof = matches!(
            result.verdict,
            Verdict::Passed | Verdict::Warned | Verdict::Failed
        );
        if !is_proof {
            return None;
        }
        let record = Record {
            text: text::record(plan, transcript, result.control.as_ref()),
            findings: compare::findings_text(&result.findings),
        };
        let hooks: &HookSource = &transcript.hook_source;
        let mut comparison = compare::compare(
            &expected.store,
            mode,
            &plan.scene.id,
            &expected.reviewed,
            &record,
            &|text| text::reduce(text, hooks),
        )?;
        let deviates = match comparison.state {
            State::Same => comparison.against_accepted,
            State::Changed | State::New => true,
            State::Stale => false,
        };
        if let (Mode::Baseline(name), true) = (mode, deviates) {
            comparison.unexplained = accepted::unexplained(name, self.file.as_ref(), result);
        }
        Some(comparison)
    }

    /// Whether everything that was found wrong under chaos is accepted for the target.
    pub(super) fn accepts(&self, result: &CaseResult, expected: &Expected) -> bool {
        match (&self.accepted, &self.file) {
            (Some(_), Some(file)) => {
                let record = expected.reviewed.accepted.as_deref();
                accepted::is_known(file, result, record.unwrap_or_default())
            }
            _ => false,
        }
    }

    /// Accepted deviations that nothing shows. Only a run of the whole suite can tell.
    pub(super) fn without_deviation(
        &self,
        arguments: &Arguments,
        plans: &[Plan],
        cases: &[CaseReport<'_>],
    ) -> Vec<Unshown> {
        let is_whole = !arguments.selection.is_narrowed()
            && cases.len() == plans.len()
            && plans.iter().all(|plan| {
                let folder = scenario_folder(plan);
                let named = &arguments.selection.paths;
                named.iter().any(|path| same_folder(path, &folder))
            });
        match (&self.mode, &self.file) {
            (Some(Mode::Baseline(_)), Some(file)) if is_whole => {
                accepted::unshown(file, cases, plans)
            }
            _ => Vec::new(),
        }
    }

    /// Writes what the comparison asks for.
    pub(super) fn settle(
        &self,
        plan: &Plan,
        comparison: &mut Comparison,
    ) -> Result<(), WriteError> {
        compare::settle(comparison, &header(plan), self.writing)?;
        let is_deviation = comparison.updated && comparison.state != State::Stale;
        if is_deviation && matches!(self.mode, Some(Mode::Baseline(_))) {
            comparison.against_accepted = true;
        }
        Ok(())
    }

    /// Snapshots without a case. Only a run of the whole suite can tell: every scenario of the folder, and no filter.
    pub(super) fn without_case(
        &self,
        arguments: &Arguments,
        plans: &[Plan],
        rest: &[Plan],
    ) -> Result<Vec<PathBuf>, Failure> {
        let Some(mode @ (Mode::Whole | Mode::Baseline(_))) = &self.mode else {
            return Ok(Vec::new());
        };
        if arguments.selection.is_narrowed() {
            return Ok(Vec::new());
        }
        let mut suites: BTreeMap<PathBuf, (Store, Vec<&Plan>)> = BTreeMap::new();
        for plan in plans.iter().chain(rest) {
            let folder = scenario_folder(plan);
            let (_, plans) = suites
                .entry(folder)
                .or_insert_with(|| (self.store(plan), Vec::new()));
            plans.push(plan);
        }
        let mut found = Vec::new();
        for (folder, (store, plans)) in suites {
            let is_whole = arguments
                .selection
                .paths
                .iter()
                .any(|path| same_folder(path, &folder));
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

    /// The option that names the folder to `review`, if it does not find it by itself.
    pub(super) fn review_option(&self, plans: &[Plan]) -> String {
        let folder = plans.first().map(|plan| self.store(plan).root().to_owned());
        match folder {
            Some(folder) if !same_folder(&folder, Path::new("snapshots")) => {
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
    let folder = scenario_folder(plan);
    let above = folder.parent().unwrap_or(Path::new(""));
    let source = Path::new(&scene.source.path);
    let source = source.strip_prefix(above).unwrap_or(source);
    let parts: Vec<_> = source
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Header {
        source: parts.join("/"),
        title: scene.title.clone(),
        case: scene.id.to_string(),
    }
}

/// The folder that the case's id counts from.
fn scenario_folder(plan: &Plan) -> PathBuf {
    let file = Path::new(&plan.scene.source.path);
    let depth = plan.scene.id.path.split('/').count();
    let folder = file.ancestors().nth(depth).unwrap_or(Path::new(""));
    folder.to_owned()
}

/// `snapshots` beside a scenario folder.
fn beside(folder: &Path) -> PathBuf {
    // `.` and `..` have no name that something could stand beside.
    let named = if folder.file_name().is_none() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
    } else {
        folder.to_owned()
    };
    named.parent().map_or_else(
        || PathBuf::from("snapshots"),
        |above| above.join("snapshots"),
    )
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
    a == b || matches!((plain(a), plain(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_folder_beside_the_scenarios() {
        assert_eq!(beside(Path::new("scenarios")), Path::new("snapshots"));
        assert_eq!(beside(Path::new("/a/scenarios")), Path::new("/a/snapshots"));
        assert_eq!(beside(Path::new("../scenarios")), Path::new("../snapshots"));
        assert!(beside(Path::new("")).is_absolute());
    }
}
