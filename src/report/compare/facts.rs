//! Turns the facts of a report into a profile, so that two reports are compared like a run and its baseline.

use std::collections::BTreeSet;

use crate::outcome::profile::{Offers, Profile, Standing, Statements};
use crate::report::document::{Case, Document, Finding, FindingKind, Target, Value, Verdict};
use crate::target::announced;

/// The version whose CONNACK a report contains.
const VERSION: &str = "5";

/// Returns the profile of the broker that the document is about.
pub(super) fn profile(document: &Document) -> Profile {
    let mut profile = Profile {
        offers: offers(&document.target),
        ..Profile::default()
    };
    for case in &document.cases {
        let Some(standing) = standing(case) else {
            continue;
        };
        let standings = profile.cases.entry(case.id.clone()).or_default();
        standings.insert(standing);
        // A flaky case had several standings.
        for attempt in &case.attempts {
            standings.extend(self::standing(&case.at(attempt)));
        }
        for (name, answer) in answers(case) {
            let known = profile.choices.entry(name.to_owned()).or_default();
            let known = known.by_case.entry(case.id.clone()).or_default();
            known.insert(answer.to_owned());
        }
    }
    profile
}

/// The standing of a case. `None` if this machine was too slow for the case, or if the code of a skip is unknown.
pub(super) fn standing(case: &Case) -> Option<Standing> {
    match case.verdict {
        Verdict::Passed => Some(Standing::Passed),
        Verdict::Warned => Some(Standing::Warned),
        Verdict::Failed => Some(Standing::Failed),
        Verdict::Inconclusive => case.late_us.is_none().then_some(Standing::Inconclusive),
        Verdict::Skipped => Some(Standing::Skipped(case.skip.as_ref()?.parse().ok()?)),
    }
}

/// The answers of a case, without those that the scenario expects to vary.
pub(super) fn answers(case: &Case) -> impl Iterator<Item = (&str, &str)> {
    let steady = case.choices.iter().filter(|choice| !choice.varies);
    steady.map(|choice| (choice.name.as_str(), choice.answer.as_str()))
}

/// The statements that the findings of a case are about.
pub(super) fn statements(case: &Case) -> Statements {
    let mut found = Statements::default();
    let attempts = case.attempts.iter().flat_map(|attempt| &attempt.findings);
    for finding in case.findings.iter().chain(attempts) {
        let ids = finding.clauses.iter().map(|clause| clause.id.clone());
        match finding.kind {
            FindingKind::Violation => found.violated.extend(ids),
            FindingKind::NotReached | FindingKind::NotObservable => found.not_judged.extend(ids),
        }
    }
    found
}

/// The worst violation of a case that cites one of these statements. If the set is empty, any violation counts.
pub(super) fn worst<'c>(case: &'c Case, of: &BTreeSet<String>) -> Option<&'c Finding> {
    let violations = case.findings.iter().filter(|finding| {
        finding.kind == FindingKind::Violation
            && (of.is_empty() || finding.clauses.iter().any(|clause| of.contains(&clause.id)))
    });
    violations.min_by_key(|finding| finding.level)
}

fn offers(target: &Target) -> Offers {
    let unspoken = target.not_spoken.iter().map(|n| (n.version.clone(), false));
    let spoken = target.versions.iter().map(|v| (v.clone(), true));
    let value = |name: &str| {
        let mut fields = target.connack.iter();
        match &fields.find(|field| field.name == name)?.value {
            Value::Flag(flag) => Some(u8::from(*flag).to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let limits = match target.connack.is_empty() {
        true => Vec::new(),
        false => announced(value),
    };
    let limits = limits.into_iter();
    Offers {
        versions: unspoken.chain(spoken).collect(),
        limits: limits
            .map(|(name, value)| ((VERSION.to_owned(), name.to_owned()), value))
            .collect(),
        capabilities: target
            .capabilities
            .iter()
            .map(|(name, capability)| (name.clone(), capability.available))
            .collect(),
    }
}
