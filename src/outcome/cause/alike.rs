//! Decides which findings of different cases have the same cause.

use std::collections::BTreeMap;

use super::seed::{Group, Part, Root, Seed};
use crate::scenario::model::Level;
use crate::verdict::Symptom;

/// Statements on how an error is handled, not on what the error is. One of these alone does not make findings alike.
const ERROR_HANDLING_CLAUSES: &[&str] = &["MQTT-4.8.0-1", "MQTT-4.13.1-1", "MQTT-4.13.2-1"];

/// What findings of one cause have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    /// The line of the deviation that accepts them.
    Accepted(u32),
    Wrong {
        document: &'static str,
        clause: &'a str,
        level: Level,
        symptom: &'a Symptom,
        /// The scenario, if no clause names the error.
        scenario: Option<&'a str>,
    },
}

/// Groups the findings by cause. Each group has the indices of its findings.
pub(super) fn grouped(found: &[Root]) -> Vec<Vec<usize>> {
    let mut by_key: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (index, one) in found.iter().enumerate() {
        by_key.entry(key(one)).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = by_key.into_values().collect();
    // A step that finds the same in two versions cites a different statement in each.
    let mut at: BTreeMap<StepFinding<'_>, usize> = BTreeMap::new();
    let mut into: Vec<usize> = (0..groups.len()).collect();
    for (number, group) in groups.iter().enumerate() {
        for index in group {
            let Some(twin) = twin(&found[*index]) else {
                continue;
            };
            let first = root(&into, *at.entry(twin).or_insert(number));
            let this = root(&into, number);
            into[first.max(this)] = first.min(this);
        }
    }
    for number in (0..groups.len()).rev() {
        let target = root(&into, number);
        if target != number {
            let group = std::mem::take(&mut groups[number]);
            groups[target].extend(group);
        }
    }
    groups.retain(|group| !group.is_empty());
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

fn root(into: &[usize], mut number: usize) -> usize {
    while into[number] != number {
        number = into[number];
    }
    number
}

fn key(found: &Root) -> Key<'_> {
    if let Some((line, _)) = found.entry {
        return Key::Accepted(line);
    }
    let finding = &found.finding;
    let specific = |id: &&String| !ERROR_HANDLING_CLAUSES.contains(&id.as_str());
    let mut specific: Vec<&String> = finding.clauses.iter().filter(specific).collect();
    specific.sort();
    let clause = specific.first().map_or("", |id| id.as_str());
    Key::Wrong {
        document: found.document().as_str(),
        clause,
        level: finding.level,
        symptom: &finding.symptom,
        scenario: clause.is_empty().then_some(found.path.as_str()),
    }
}

/// A step of a case in any version, with the symptom that was found there.
type StepFinding<'a> = (&'a str, Option<&'a str>, Place, &'a Symptom);
/// Line and column.
type Place = (u32, u32);

fn twin(found: &Root) -> Option<StepFinding<'_>> {
    if found.entry.is_some() {
        return None;
    }
    let place = found.finding.place?;
    Some((
        &found.path,
        found.row.as_deref(),
        place,
        &found.finding.symptom,
    ))
}

/// A step of a scenario in any row, with the symptom that was found there.
type AtStep = (String, String, Place, Symptom);

fn at_step(root: &Root, finding: &Seed) -> Option<AtStep> {
    let symptom = finding.symptom.clone();
    Some((
        root.path.clone(),
        root.version.clone(),
        finding.place?,
        symptom,
    ))
}

/// Moves cases with a single finding to the cause that probably explains it: the same finding, at the same step of the
/// same scenario, is a consequence of that cause in another case.
pub(super) fn fold_likely(causes: &mut Vec<Group>) {
    let mut consequences: BTreeMap<AtStep, Option<usize>> = BTreeMap::new();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for (number, cause) in causes.iter().enumerate() {
        for shown in &cause.cases {
            *others.entry(shown.case.clone()).or_default() += 1;
            for (finding, _) in &shown.root.consequences {
                let Some(at) = at_step(&shown.root, finding) else {
                    continue;
                };
                let known = consequences.entry(at).or_insert(Some(number));
                // A finding that follows from several causes says nothing.
                *known = known.filter(|known| *known == number);
            }
        }
    }
    let mut moved: Vec<(usize, Part)> = Vec::new();
    let levels: Vec<Level> = causes.iter().map(|cause| cause.level).collect();
    for (number, cause) in causes.iter_mut().enumerate() {
        if cause.entry.is_some() {
            continue;
        }
        cause.cases.retain(|shown| {
            let is_alone = others.get(&shown.case) == Some(&1);
            let of = at_step(&shown.root, &shown.root.finding)
                .and_then(|at| consequences.get(&at).copied());
            match of.flatten() {
                Some(of) if is_alone && of != number && levels[of] <= shown.root.finding.level => {
                    moved.push((of, shown.clone()));
                    false
                }
                _ => true,
            }
        });
    }
    // A cause may have lost all of its own cases in this way. A case that was moved to it then makes it a cause again.
    for (of, shown) in moved {
        match causes[of].cases.is_empty() {
            true => causes[of].cases.push(shown),
            false => causes[of].likely.push(shown),
        }
    }
    causes.retain(|cause| !cause.cases.is_empty());
}
