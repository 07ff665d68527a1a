//! Compares a record with the reviewed one.

use std::path::PathBuf;

use crate::verdict::Finding;

/// What a run's records are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// For the bundled broker: the whole record is compared, and every difference counts.
    Whole,
    /// For another broker without a baseline: differences are reported and do not count.
    Information,
    /// For a target with accepted deviations: its own record if it has one, else the expected record. Both are reduced
    /// to the parts that steps require.
    Baseline(String),
}

/// How a record compares with its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Same,
    Changed,
    New,
    /// The record of an accepted deviation that the target no longer has.
    Stale,
}

impl State {
    /// The word for it in reports.
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
    /// The accepted record of the target.
    pub accepted: Option<String>,
    /// Further accepted records, if the plays of the baseline differed.
    pub variants: Vec<String>,
    /// Whether the plays of the baseline gave the case several statuses.
    pub has_several_standings: bool,
    /// The file that a review of this case would replace. It need not exist.
    pub path: PathBuf,
    /// Whether a pending `.snap.new` exists next to the reviewed file.
    pub pending: bool,
}

impl Reviewed {
    /// Whether the plays of the baseline differed in this case.
    pub fn varies(&self) -> bool {
        self.accepted.is_some() && (!self.variants.is_empty() || self.has_several_standings)
    }

    /// Adds, as known records, those of other cases of the same scenario whose plays differed.
    #[must_use]
    pub fn with_others(&self, others: &[&Self]) -> Self {
        let varying = others.iter().filter(|other| other.varies());
        let more = varying.flat_map(|other| other.accepted.iter().chain(&other.variants));
        let mut known = self
            .accepted
            .iter()
            .chain(&self.variants)
            .chain(more)
            .cloned();
        Self {
            expected: self.expected.clone(),
            accepted: known.next(),
            variants: known.collect(),
            has_several_standings: true,
            path: self.path.clone(),
            pending: false,
        }
    }

    /// Returns the known record that the actual record of a varying case counts as, if any. That is the record that
    /// equals it. If none does, it is the first known record, provided that the actual record is as expected, or that
    /// its findings and the ends of its steps were all seen before.
    fn matching_known(&self, actual: &str, record: &Record, as_expected: bool) -> Option<&str> {
        let known = || self.accepted.iter().chain(&self.variants);
        let found = |line: &str| known().any(|text| text.lines().any(|other| other == line));
        let ended = |end| known().any(|text| ends_of_steps(text).any(|other| other == end));
        let is_seen = || record.findings.lines().all(found) && ends_of_steps(actual).all(ended);
        known()
            .find(|text| is_same(text, actual))
            .or_else(|| known().next().filter(|_| as_expected || is_seen()))
            .map(String::as_str)
    }
}

/// The records that the plays of a baseline left of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Each distinct record that deviates, reduced, in the order in which they were seen.
    pub deviating: Vec<String>,
    /// The expected record, if some plays left it.
    pub expected: Option<String>,
    /// Whether any play passed, warned or failed.
    pub is_judged: bool,
}

impl Seen {
    /// Whether the plays left different records.
    pub fn varies(&self) -> bool {
        self.deviating.len() + usize::from(self.expected.is_some()) > 1
    }

    /// Adds the reviewed records of a varying case that these plays did not leave again. A broker that does something
    /// at times need not do it in this many plays. A record with other steps is left out, since it belongs to an older
    /// version of the scenario.
    #[must_use]
    pub fn with_known(&self, reviewed: &Reviewed, has_several_standings: bool) -> Self {
        let mut all = self.clone();
        if !(has_several_standings || reviewed.varies() && !self.deviating.is_empty()) {
            return all;
        }
        for known in reviewed.accepted.iter().chain(&reviewed.variants) {
            let mut seen = all.deviating.iter().chain(&all.expected);
            let is_new = !seen.any(|text| is_same(text, known));
            let mut seen = self.deviating.iter().chain(&self.expected);
            if is_new && seen.any(|text| steps(text).eq(steps(known))) {
                all.deviating.push(known.clone());
            }
        }
        all
    }

    /// The records for later runs to compare with. Empty if none of them deviates.
    pub fn records(&self) -> Vec<&str> {
        let deviating = self.deviating.iter();
        let all = deviating.chain(&self.expected).map(String::as_str);
        match self.deviating.is_empty() {
            true => Vec::new(),
            false => all.collect(),
        }
    }
}

/// One record compared with its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub state: State,
    /// Whether the difference affects the exit code.
    pub counts: bool,
    /// The reviewed file. It need not exist.
    pub path: PathBuf,
    /// The reviewed text. Empty if there is none.
    pub expected: String,
    pub actual: String,
    /// Whether a pending `.snap.new` exists there, from this run or an earlier one.
    pub pending: bool,
    /// Whether the actual record was accepted by this run itself.
    pub updated: bool,
    /// Whether it was compared with a record that is accepted for this target.
    pub compared_with_accepted: bool,
    /// Whether the plays of the baseline left different records, so one play shows only a part.
    pub varies: bool,
    /// Why a deviating record does not count, reviewed or not: no entry of the target file describes the deviation.
    pub unexplained: Option<String>,
}

/// Whether a case shows that its target deviates from the expected record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviates {
    Yes,
    No,
    /// The plays of the baseline left different records, so one play shows only a part.
    Varies,
}

impl Comparison {
    /// Whether the record shows a deviation.
    pub const fn deviates(&self) -> Deviates {
        match self.state {
            _ if self.varies => Deviates::Varies,
            State::Same if self.compared_with_accepted => Deviates::Yes,
            State::Same | State::Stale => Deviates::No,
            State::Changed | State::New => Deviates::Yes,
        }
    }

    /// Whether the deviating record was reviewed and the target file describes the deviation.
    pub fn is_accepted(&self) -> bool {
        let is_reviewed = self.state == State::Same || (self.updated && self.state != State::Stale);
        self.compared_with_accepted && is_reviewed && self.unexplained.is_none()
    }

    /// Whether this comparison fails the run.
    pub fn fails(&self) -> bool {
        let differs = self.state != State::Same || self.pending;
        self.counts && (self.unexplained.is_some() || (!self.updated && differs))
    }
}

/// The record of a case in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The whole text.
    pub text: String,
    /// The findings, as [`findings_text`] writes them. A reduced record includes them, so that everything that makes a
    /// case fail is visible in it.
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

/// Returns the findings, one per line. What the broker sent is in the record itself.
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

/// Returns the line of one finding, without its line break.
pub fn finding_line(finding: &Finding) -> String {
    let clauses: String = finding.clauses().iter().map(|c| format!(" {c}")).collect();
    format!(
        "  {}{clauses}: {}: expected {}",
        finding.level(),
        finding.label,
        finding.expected.join(" or ")
    )
}

/// Compares a record with the reviewed ones. Returns `None` if there is nothing to compare with and nothing is wrong.
/// `reduce` reduces a whole record to the parts that steps require.
pub fn compare(
    mode: &Mode,
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
        path: reviewed.path.clone(),
        expected,
        actual,
        pending: reviewed.pending,
        updated: false,
        varies: reviewed.varies(),
        compared_with_accepted: reviewed.accepted.is_some(),
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
    if reviewed.varies()
        && let Some(known) = reviewed.matching_known(&actual, record, as_expected)
    {
        return Some((State::Same, known.to_owned(), actual));
    }
    Some(match (&reviewed.accepted, expected) {
        (Some(accepted), _) if as_expected => (State::Stale, accepted.clone(), actual),
        // Without an expected record, a record without findings is as expected.
        (Some(accepted), None) if record.findings.is_empty() => {
            (State::Stale, accepted.clone(), actual)
        }
        (Some(accepted), _) => (same_or_changed(accepted, &actual), accepted.clone(), actual),
        (None, Some(expected)) => (same_or_changed(&expected, &actual), expected, actual),
        // The bundled broker has no record of this case, and this one has no findings.
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

/// Yields the lines about steps that ended unexpectedly or made a choice, each with the line of its step.
fn ends_of_steps(record: &str) -> impl Iterator<Item = (&str, &str)> {
    record
        .lines()
        .scan("", |step, line| {
            if !line.starts_with(' ') {
                *step = line;
            }
            Some((*step, line))
        })
        .filter(|(_, line)| line.starts_with("  = "))
}

/// The lines of a record that begin a step.
fn steps(record: &str) -> impl Iterator<Item = &str> {
    record.lines().filter(|line| line.starts_with('-'))
}

fn is_same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for the real reduction: what follows a bar is dropped.
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
            variants: Vec::new(),
            has_several_standings: false,
            path: "snapshots/session/takeover@5.snap".into(),
            pending: false,
        };
        compare(mode, &reviewed, &whole(record), &reduce).expect("a comparison")
    }

    #[test]
    fn a_renewed_baseline_keeps_what_a_varying_case_did_in_earlier_plays() {
        let reviewed = |variants: &[&str]| Reviewed {
            expected: Some("- a\n  a < X\n".to_owned()),
            accepted: Some("- a\n  = a: timed out\n".to_owned()),
            variants: variants.iter().copied().map(str::to_owned).collect(),
            has_several_standings: false,
            path: "snapshots/@zoo/session/takeover@5.snap".into(),
            pending: false,
        };
        let seen = |deviating: &[&str], expected: Option<&str>| Seen {
            deviating: deviating.iter().copied().map(str::to_owned).collect(),
            expected: expected.map(str::to_owned),
            is_judged: true,
        };
        let right = "- a\n  a < X";
        let late = "- a\n  = a: timed out\n";
        let other = "- a\n  a < Y\n";
        let passes = seen(&[], Some(right));
        let kept = passes.with_known(&reviewed(&[right, other]), true);
        assert_eq!(kept.records(), [late, other, right]);
        // The plays passed and the case is not known to vary in the profile, so its old records are dropped.
        assert!(
            passes
                .with_known(&reviewed(&[other]), false)
                .records()
                .is_empty()
        );
        let fails = seen(&[other], None);
        let kept = fails.with_known(&reviewed(&["- older\n  = a: timed out\n", right]), false);
        assert_eq!(kept.records(), [other, late, right]);
        // One new record in place of the old one is a change, not a broker that varies.
        assert_eq!(fails.with_known(&reviewed(&[]), false).records(), [other]);
    }

    #[test]
    fn holds_the_whole_record_against_the_bundled_broker() {
        let state = |expected, record| run(&Mode::Whole, expected, None, record).state;
        assert_eq!(state(None, "a"), State::New);
        assert_eq!(state(Some("a|1"), "a|1"), State::Same);
        assert_eq!(state(Some("a|1"), "a|2"), State::Changed);
    }

    #[test]
    fn differences_of_another_broker_do_not_fail_the_run() {
        let same = run(&Mode::Information, Some("a|1"), None, "a|2");
        assert_eq!(same.state, State::Same);
        let changed = run(&Mode::Information, Some("a"), None, "b");
        assert_eq!((changed.state, changed.fails()), (State::Changed, false));
    }

    #[test]
    fn a_varying_case_matches_any_known_record() {
        let reviewed = Reviewed {
            expected: Some("a|1".into()),
            accepted: Some("b\nfindings\n  must X\n".into()),
            variants: vec!["c\nfindings\n  must Y\n".into()],
            ..Reviewed::default()
        };
        let mode = Mode::Baseline("twin".into());
        let state = |text: &str, findings: &str| {
            let record = Record {
                text: text.to_owned(),
                findings: findings.to_owned(),
            };
            compare(&mode, &reviewed, &record, &reduce)
                .expect("a comparison")
                .state
        };
        assert_eq!(state("b", "findings\n  must X\n"), State::Same);
        assert_eq!(state("a|2", ""), State::Same);
        assert_eq!(state("d", "findings\n  must X\n  must Y\n"), State::Same);
        assert_eq!(state("b", "findings\n  must Z\n"), State::Changed);
    }

    #[test]
    fn a_step_that_ends_in_a_new_way_is_new_where_records_vary() {
        let reviewed = Reviewed {
            accepted: Some("- wait\n  = one: timed out\nfindings\n  must X\n".into()),
            variants: vec![
                "- wait\n  one < PUBACK\n- drop\n  = one: closed while waiting\n".into(),
            ],
            ..Reviewed::default()
        };
        let state = |text: &str| {
            let record = Record {
                text: text.to_owned(),
                findings: "findings\n  must X\n".to_owned(),
            };
            compare(&Mode::Baseline("twin".into()), &reviewed, &record, &reduce)
                .expect("a comparison")
                .state
        };
        assert_eq!(
            state("- wait\n  one < PUBREC\n  = one: timed out"),
            State::Same
        );
        let closed = "- wait\n  = one: closed while waiting";
        assert_eq!(state(closed), State::Changed, "the other step ended so");
    }

    #[test]
    fn knows_what_other_cases_of_the_scenario_did_where_they_varied() {
        let of = |accepted: &str, variants: &[&str]| Reviewed {
            accepted: Some(accepted.to_owned()),
            variants: variants.iter().map(|text| (*text).to_owned()).collect(),
            ..Reviewed::default()
        };
        let own = of("a\nfindings\n  must X\n", &[]);
        let varying = of("b\nfindings\n  must Y\n", &["c\n"]);
        let always = of("d\nfindings\n  must Z\n", &[]);
        let state = |reviewed: &Reviewed, finding: &str| {
            let record = Record {
                text: "e".to_owned(),
                findings: format!("findings\n  must {finding}\n"),
            };
            compare(&Mode::Baseline("twin".into()), reviewed, &record, &reduce)
                .expect("a comparison")
                .state
        };
        let known = own.with_others(&[&varying, &always]);
        assert_eq!(state(&own, "Y"), State::Changed);
        assert_eq!(state(&known, "Y"), State::Same);
        assert_eq!(state(&known, "X"), State::Same);
        assert_eq!(state(&known, "Z"), State::Changed);
    }

    #[test]
    fn an_accepted_record_that_is_not_seen_again_is_stale() {
        let mode = Mode::Baseline("mosquitto".into());
        let state = |accepted, record| run(&mode, Some("a|1"), accepted, record).state;
        assert_eq!(state(None, "a|2"), State::Same);
        assert_eq!(state(None, "b"), State::Changed);
        assert_eq!(state(Some("b"), "b"), State::Same);
        assert_eq!(state(Some("b"), "c"), State::Changed);
        assert_eq!(state(Some("b"), "a|2"), State::Stale);
    }
}
