//! Decides which findings of different cases have one cause.

use std::collections::BTreeMap;

use super::seed::{Group, Part, Root, Seed};
use crate::scenario::model::Level;
use crate::verdict::Symptom;

/// Statements that say what is done about an error and not what the error is: by one of them alone nothing is alike.
const GENERAL: &[&str] = &["MQTT-4.8.0-1", "MQTT-4.13.1-1", "MQTT-4.13.2-1"];

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
        /// The scenario, where no clause says what the error is.
        scenario: Option<&'a str>,
    },
}

/// The findings in groups of one cause, each as indices of them.
pub(super) fn grouped(found: &[Root]) -> Vec<Vec<usize>> {
    let mut by_key: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (index, one) in found.iter().enumerate() {
        by_key.entry(key(one)).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = by_key.into_values().collect();
    // One step that finds the same in both versions cites one statement of each.
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
    let specific = |id: &&String| !GENERAL.contains(&id.as_str());
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

/// A step of a case whatever the version, and what it found.
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

/// What a step of a scenario found, whatever the row.
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

/// Puts the cases whose only finding is elsewhere in the same scenario, at the same step, a consequence of one cause
/// under that cause.
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
                // What follows from several says nothing.
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
    // A cause may have moved itself: what followed from it goes where it stays.
    for (of, shown) in moved {
        match causes[of].cases.is_empty() {
            true => causes[of].cases.push(shown),
            false => causes[of].likely.push(shown),
        }
    }
    causes.retain(|cause| !cause.cases.is_empty());
}
