//! Compares a record with the reviewed one.

use std::path::PathBuf;

use crate::verdict::Finding;

/// What a run's records are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// The bundled broker: the whole record, and every difference counts.
    Whole,
    /// Another broker: differences are reported and do not count.
    Information,
    /// A target with accepted deviations: its own record where it has one, else the expected one, both reduced to
    /// what steps bind.
    Baseline(String),
}

/// How a record compares with its snapshot.
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
    /// More of them, where the plays of the baseline differed.
    pub variants: Vec<String>,
    /// Whether the case stood in several ways in the plays of the baseline.
    pub is_sometimes: bool,
    /// The file that a review of this case would replace, which may not exist.
    pub path: PathBuf,
    /// Whether a `.snap.new` lies beside the one that counts.
    pub pending: bool,
}

impl Reviewed {
    /// Whether the plays of the baseline differed in this case.
    pub fn varies(&self) -> bool {
        self.accepted.is_some() && (!self.variants.is_empty() || self.is_sometimes)
    }

    /// As a case of which is known what other cases of its scenario did in plays that differed.
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
            is_sometimes: true,
            path: self.path.clone(),
            pending: false,
        }
    }

    /// What an actual record of a case that varies is as: one of those that were seen, or what is expected; else one
    /// in which nothing is found wrong, and no step ended, in a way that was not seen before.
    fn known_as(&self, actual: &str, record: &Record, as_expected: bool) -> Option<&str> {
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

/// What the plays of a baseline left of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Each record that was seen and deviates, reduced, once, in the order in which they were seen.
    pub deviating: Vec<String>,
    /// What is expected, where some plays were so.
    pub expected: Option<String>,
    /// Whether any play left a record.
    pub is_judged: bool,
}

impl Seen {
    /// Whether the plays left different records.
    pub fn varies(&self) -> bool {
        self.deviating.len() + usize::from(self.expected.is_some()) > 1
    }

    /// With what was reviewed of a case that varies and these plays did not leave again: what a broker does at times, it
    /// need not do in so many plays. A record with other steps is one of an older scenario.
    #[must_use]
    pub fn with_known(&self, reviewed: &Reviewed, is_sometimes: bool) -> Self {
        let mut all = self.clone();
        if !(is_sometimes || reviewed.varies() && !self.deviating.is_empty()) {
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

    /// The records that later runs are compared with: none where nothing deviates.
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
    /// Whether the difference counts in the exit code.
    pub counts: bool,
    /// The reviewed file, which may not exist.
    pub path: PathBuf,
    /// What it was compared with; empty if there was nothing.
    pub expected: String,
    pub actual: String,
    /// A `.snap.new` lies there, from this run or an earlier one.
    pub pending: bool,
    /// Accepted at once.
    pub updated: bool,
    /// It was compared with what is accepted for this target.
    pub against_accepted: bool,
    /// Whether the record differed between the plays of the baseline, so that one play shows only a part.
    pub varies: bool,
    /// Why a deviating record does not count, reviewed or not: no deviation describes it.
    pub unexplained: Option<String>,
}

/// Whether a case shows that its target deviates from what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deviates {
    Yes,
    No,
    /// Its record differed between the plays of the baseline, so that one play shows only a part.
    Varies,
}

impl Comparison {
    /// Whether the record shows a deviation.
    pub const fn deviates(&self) -> Deviates {
        match self.state {
            _ if self.varies => Deviates::Varies,
            State::Same if self.against_accepted => Deviates::Yes,
            State::Same | State::Stale => Deviates::No,
            State::Changed | State::New => Deviates::Yes,
        }
    }

    /// Whether what deviates here was reviewed, and somebody has said what the deviation is.
    pub fn is_accepted(&self) -> bool {
        let is_reviewed = self.state == State::Same || (self.updated && self.state != State::Stale);
        self.against_accepted && is_reviewed && self.unexplained.is_none()
    }

    /// Whether it makes the run fail.
    pub fn fails(&self) -> bool {
        let differs = self.state != State::Same || self.pending;
        self.counts && (self.unexplained.is_some() || (!self.updated && differs))
    }
}

/// The result of a case this time.
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

/// What was found wrong, a line each. What was received is in the record itself.
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

/// Compares a record with what is reviewed; `None` when there is nothing to compare with and no need of it.
/// `reduce` takes a whole record down to what steps bind.
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
    if reviewed.varies()
        && let Some(known) = reviewed.known_as(&actual, record, as_expected)
    {
        return Some((State::Same, known.to_owned(), actual));
    }
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

/// How steps of a record ended without what they expect, or what they chose: each such line below its step's.
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

/// The steps of a record, as their lines.
fn steps(record: &str) -> impl Iterator<Item = &str> {
    record.lines().filter(|line| line.starts_with('-'))
}

fn is_same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            variants: Vec::new(),
            is_sometimes: false,
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
            is_sometimes: false,
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
        // It is known to do only this now.
        assert!(
            passes
                .with_known(&reviewed(&[other]), false)
                .records()
                .is_empty()
        );
        let fails = seen(&[other], None);
        let kept = fails.with_known(&reviewed(&["- older\n  = a: timed out\n", right]), false);
        assert_eq!(kept.records(), [other, late, right]);
        // One record after another is a change, not a broker that varies.
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
    fn only_tells_of_another_broker() {
        let same = run(&Mode::Information, Some("a|1"), None, "a|2");
        assert_eq!(same.state, State::Same);
        let changed = run(&Mode::Information, Some("a"), None, "b");
        assert_eq!((changed.state, changed.fails()), (State::Changed, false));
    }

    #[test]
    fn what_varies_is_one_of_those_that_were_seen_or_finds_nothing_new() {
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
    fn lets_a_targets_accepted_list_only_shrink() {
        let mode = Mode::Baseline("mosquitto".into());
        let state = |accepted, record| run(&mode, Some("a|1"), accepted, record).state;
        assert_eq!(state(None, "a|2"), State::Same);
        assert_eq!(state(None, "b"), State::Changed);
        assert_eq!(state(Some("b"), "b"), State::Same);
        assert_eq!(state(Some("b"), "c"), State::Changed);
        assert_eq!(state(Some("b"), "a|2"), State::Stale);
    }
}
