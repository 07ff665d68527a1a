//! What came this time held against what was reviewed.

use std::path::PathBuf;

use super::file::{Header, ReadError, SnapFile, WriteError, read};
use super::store::{Store, pending_path};
use crate::scenario::model::CaseId;
use crate::verdict::Finding;

/// What a run's records are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// The bundled broker: the whole record, and every difference counts.
    Whole,
    /// Another broker: differences are told and count for nothing.
    Information,
    /// A target with accepted deviations: its own record where it has one, else the expected one, both reduced to
    /// what steps bind.
    Baseline(String),
}

/// How a record stands to its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Same,
    Changed,
    New,
    /// An accepted deviation that the target no longer has.
    Stale,
}

impl State {
    /// As reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Stale => "stale",
        }
    }
}

/// The reviewed records of one case, read before the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The expected record.
    pub expected: Option<String>,
    /// The target's accepted one.
    pub accepted: Option<String>,
    /// Whether a `.snap.new` lies beside the one that counts.
    pub pending: bool,
}

/// One record held against its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub state: State,
    /// Whether the difference counts in the exit code.
    pub counts: bool,
    /// The reviewed file, which may not exist.
    pub path: PathBuf,
    /// What it was held against; empty if there was nothing.
    pub expected: String,
    pub actual: String,
    /// A `.snap.new` lies there, from this run or an earlier one.
    pub pending: bool,
    /// Accepted at once.
    pub updated: bool,
    /// It was held against what is accepted for this target.
    pub against_accepted: bool,
    /// Why a deviating record counts for nothing, reviewed or not: nobody has said what the deviation is.
    pub unexplained: Option<String>,
}

impl Comparison {
    /// Whether it makes the run fail.
    pub fn fails(&self) -> bool {
        let differs = self.state != State::Same || self.pending;
        self.counts && (self.unexplained.is_some() || (!self.updated && differs))
    }
}

/// Reads what is reviewed of one case.
///
/// # Errors
/// When a file cannot be read or is damaged.
pub fn reviewed(store: &Store, mode: &Mode, case: &CaseId) -> Result<Reviewed, ReadError> {
    let expected = read(&store.expected(case))?.map(|file| file.text);
    let accepted = match mode {
        Mode::Baseline(target) => read(&store.baseline(target, case))?.map(|file| file.text),
        Mode::Whole | Mode::Information => None,
    };
    Ok(Reviewed {
        expected,
        accepted,
        pending: pending_path(&reviewed_file(store, mode, case)).exists(),
    })
}

/// The file that a review of this case would replace.
fn reviewed_file(store: &Store, mode: &Mode, case: &CaseId) -> PathBuf {
    match mode {
        Mode::Baseline(target) => store.baseline(target, case),
        Mode::Whole | Mode::Information => store.expected(case),
    }
}

/// What came of a case this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The whole text.
    pub text: String,
    /// What was found wrong, as [`findings_text`] writes it: part of a record that was reduced, so that whatever makes
    /// a case fail shows there.
    pub findings: String,
}

impl Record {
    fn reduced(&self, reduce: &dyn Fn(&str) -> String) -> String {
        let text = reduce(&self.text);
        if self.findings.is_empty() {
            text
        } else {
            format!("{}\n{}", text.trim_end(), self.findings)
        }
    }
}

/// What was found wrong, a line each. What came stands in the record itself.
pub fn findings_text(findings: &[Finding]) -> String {
    let wrong = findings.iter().filter(|finding| finding.is_recorded());
    let lines: Vec<String> = wrong
        .map(|finding| format!("{}\n", finding_line(finding)))
        .collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("findings\n{}", lines.concat())
    }
}

/// The line of one finding, without its end.
pub fn finding_line(finding: &Finding) -> String {
    let clauses: String = finding.clauses().iter().map(|c| format!(" {c}")).collect();
    format!(
        "  {}{clauses}: {}: expected {}",
        finding.level(),
        finding.label,
        finding.expected.join(" or ")
    )
}

/// Holds a record against what is reviewed; `None` when there is nothing to be held against and no need of it.
/// `reduce` takes a whole record down to what steps bind.
pub fn compare(
    store: &Store,
    mode: &Mode,
    case: &CaseId,
    reviewed: &Reviewed,
    record: &Record,
    reduce: &dyn Fn(&str) -> String,
) -> Option<Comparison> {
    let (state, expected, actual) = match mode {
        Mode::Whole => {
            let state = match &reviewed.expected {
                None => State::New,
                Some(expected) => same_or_changed(expected, &record.text),
            };
            (
                state,
                reviewed.expected.clone().unwrap_or_default(),
                record.text.clone(),
            )
        }
        Mode::Information => {
            let expected = reduce(reviewed.expected.as_ref()?);
            let actual = record.reduced(reduce);
            (same_or_changed(&expected, &actual), expected, actual)
        }
        Mode::Baseline(_) => against_baseline(reviewed, record, reduce)?,
    };
    Some(Comparison {
        state,
        counts: !matches!(mode, Mode::Information),
        path: reviewed_file(store, mode, case),
        expected,
        actual,
        pending: reviewed.pending,
        updated: false,
        against_accepted: reviewed.accepted.is_some(),
        unexplained: None,
    })
}

fn against_baseline(
    reviewed: &Reviewed,
    record: &Record,
    reduce: &dyn Fn(&str) -> String,
) -> Option<(State, String, String)> {
    let actual = record.reduced(reduce);
    let expected = reviewed.expected.as_deref().map(reduce);
    let as_expected = expected.as_deref().is_some_and(|e| is_same(e, &actual));
    Some(match (&reviewed.accepted, expected) {
        (Some(accepted), _) if as_expected => (State::Stale, accepted.clone(), actual),
        // Without an expected record, what nothing is wrong with is as expected.
        (Some(accepted), None) if record.findings.is_empty() => {
            (State::Stale, accepted.clone(), actual)
        }
        (Some(accepted), _) => (same_or_changed(accepted, &actual), accepted.clone(), actual),
        (None, Some(expected)) => (same_or_changed(&expected, &actual), expected, actual),
        // The bundled broker has no record of it, and nothing is wrong with this one.
        (None, None) if record.findings.is_empty() => return None,
        (None, None) => (State::New, String::new(), actual),
    })
}

fn same_or_changed(expected: &str, actual: &str) -> State {
    if is_same(expected, actual) {
        State::Same
    } else {
        State::Changed
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// What a run does with what it finds changed or new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Lays it beside the reviewed file.
    Pending,
    /// Makes it the reviewed file.
    Update,
    /// Writes nothing, as in CI.
    Nothing,
}

/// Writes what the comparison asks for: a pending file for what changed, the reviewed one with `Update`, and takes
/// away a pending file that has become the same.
///
/// # Errors
/// When a file cannot be written; nothing is left half-written.
pub fn settle(
    comparison: &mut Comparison,
    header: &Header,
    writing: Writing,
) -> Result<(), WriteError> {
    if !comparison.counts {
        return Ok(());
    }
    let pending = pending_path(&comparison.path);
    let file = SnapFile {
        header: header.clone(),
        text: comparison.actual.clone(),
    };
    match (comparison.state, writing) {
        (_, Writing::Nothing) => {}
        (State::Same, _) => remove(&pending, &mut comparison.pending)?,
        (State::Stale, Writing::Update) => {
            let mut present = true;
            remove(&comparison.path, &mut present)?;
            remove(&pending, &mut comparison.pending)?;
            comparison.updated = true;
        }
        (State::Stale, Writing::Pending) => {}
        (State::Changed | State::New, Writing::Update) => {
            file.write(&comparison.path)?;
            remove(&pending, &mut comparison.pending)?;
            comparison.updated = true;
        }
        (State::Changed | State::New, Writing::Pending) => {
            file.write(&pending)?;
            comparison.pending = true;
        }
    }
    Ok(())
}

fn remove(path: &std::path::Path, present: &mut bool) -> Result<(), WriteError> {
    if *present {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(WriteError {
                    path: path.to_owned(),
                    error,
                });
            }
            _ => *present = false,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::ProtocolVersion;

    use super::*;

    fn case() -> CaseId {
        CaseId {
            path: "session/takeover".into(),
            row: None,
            version: ProtocolVersion::V5,
        }
    }

    fn header() -> Header {
        Header {
            source: "scenarios/session/takeover.yaml".into(),
            title: "A title".into(),
            case: case().to_string(),
        }
    }

    /// Stands for the reduction: what follows a bar is not bound.
    fn reduce(text: &str) -> String {
        text.split('|').next().unwrap_or_default().to_owned()
    }

    fn whole(text: &str) -> Record {
        Record {
            text: text.to_owned(),
            findings: String::new(),
        }
    }

    fn run(
        mode: &Mode,
        expected: Option<&str>,
        accepted: Option<&str>,
        record: &str,
    ) -> Comparison {
        let reviewed = Reviewed {
            expected: expected.map(str::to_owned),
            accepted: accepted.map(str::to_owned),
            pending: false,
        };
        let store = Store::new("snapshots".into());
        compare(&store, mode, &case(), &reviewed, &whole(record), &reduce).expect("a comparison")
    }

    #[test]
    fn holds_the_whole_record_against_the_bundled_broker() {
        let state = |expected, record| run(&Mode::Whole, expected, None, record).state;
        assert_eq!(state(None, "a"), State::New);
        assert_eq!(state(Some("a|1"), "a|1"), State::Same);
        assert_eq!(state(Some("a|1"), "a|2"), State::Changed);
    }

    #[test]
    fn only_tells_of_another_broker() {
        let same = run(&Mode::Information, Some("a|1"), None, "a|2");
        assert_eq!(same.state, State::Same);
        let changed = run(&Mode::Information, Some("a"), None, "b");
        assert_eq!((changed.state, changed.fails()), (State::Changed, false));
    }

    #[test]
    fn lets_a_targets_accepted_list_only_shrink() {
        let mode = Mode::Baseline("mosquitto".into());
        let state = |accepted, record| run(&mode, Some("a|1"), accepted, record).state;
        assert_eq!(state(None, "a|2"), State::Same);
        assert_eq!(state(None, "b"), State::Changed);
        assert_eq!(state(Some("b"), "b"), State::Same);
        assert_eq!(state(Some("b"), "c"), State::Changed);
        assert_eq!(state(Some("b"), "a|2"), State::Stale);
        let accepted = run(&mode, Some("a"), Some("b"), "b");
        assert_eq!(
            accepted.path,
            std::path::Path::new("snapshots/@mosquitto/session/takeover@5.snap")
        );
    }

    fn in_folder(folder: &std::path::Path, expected: Option<&str>, record: &str) -> Comparison {
        let store = Store::new(folder.to_owned());
        if let Some(text) = expected {
            SnapFile {
                header: header(),
                text: text.into(),
            }
            .write(&store.expected(&case()))
            .expect("writing");
        }
        let reviewed = reviewed(&store, &Mode::Whole, &case()).expect("reading");
        compare(
            &store,
            &Mode::Whole,
            &case(),
            &reviewed,
            &whole(record),
            &reduce,
        )
        .expect("a comparison")
    }

    #[test]
    fn lays_a_change_beside_the_file_and_takes_it_away_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut changed = in_folder(folder.path(), Some("old"), "new");
        settle(&mut changed, &header(), Writing::Pending).expect("writing");
        assert!(changed.fails() && changed.pending);
        let laid = read(&pending_path(&changed.path)).expect("reading");
        assert_eq!(laid.map(|f| f.text), Some("new".into()));

        let mut ci = in_folder(folder.path(), None, "old");
        settle(&mut ci, &header(), Writing::Nothing).expect("nothing to write");
        assert!(ci.fails(), "a pending file counts in CI");

        let mut same = in_folder(folder.path(), None, "old");
        settle(&mut same, &header(), Writing::Pending).expect("removing");
        assert!(!same.fails());
        assert!(!pending_path(&same.path).exists());
    }

    #[test]
    fn updates_at_once_when_told_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut new = in_folder(folder.path(), None, "new");
        settle(&mut new, &header(), Writing::Update).expect("writing");
        assert!(!new.fails());
        assert_eq!(in_folder(folder.path(), None, "new").state, State::Same);
    }
}
