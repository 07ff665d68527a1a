//! The facts about each finding that grouping needs. A shard of a run can write them, so that they can be grouped with
//! the findings of the other shards.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mqtt_check_codec::ProtocolVersion;
use serde::{Deserialize, Serialize};

use super::{Because, Concluded, Shown, alike, entry, follows};
use crate::requirements::{self, Rank};
use crate::scenario::model::Level;
use crate::target::TargetFile;
use crate::target::file::Citation;
use crate::verdict::{Finding, Symptom};

/// A finding that does not follow from another one of its case, with its consequences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Root {
    /// The id of the case, whole and in its parts.
    pub(super) case: String,
    pub(super) path: String,
    pub(super) row: Option<String>,
    pub(super) version: String,
    pub(super) is_accepted: bool,
    /// The number of events in the record of the case.
    events: usize,
    /// The line of the deviation that accepts the finding, and the `came` text of that deviation.
    pub(super) entry: Option<(u32, String)>,
    pub(super) finding: Seed,
    /// The findings that follow, each with its reason.
    pub(super) consequences: Vec<(Seed, Because)>,
}

/// The facts about one finding that grouping needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Seed {
    /// The index of the finding in its case.
    index: usize,
    #[serde(with = "level")]
    pub(super) level: Level,
    pub(super) clauses: Vec<String>,
    /// Line and column.
    pub(super) place: Option<(u32, u32)>,
    pub(super) symptom: Symptom,
}

/// Findings that have one cause.
#[derive(Debug, Clone)]
pub struct Group {
    /// The line of the deviation that accepts the cause, and the `came` text of that deviation.
    pub entry: Option<(u32, String)>,
    pub level: Level,
    pub rank: Rank,
    pub clauses: Vec<Citation>,
    /// The cases that show it, the shortest first.
    pub cases: Vec<Part>,
    pub likely: Vec<Part>,
}

/// What a case shows of a cause. Findings are indices into the findings of the case.
#[derive(Debug, Clone)]
pub struct Part {
    pub case: String,
    pub is_accepted: bool,
    pub finding: usize,
    pub consequences: Vec<(usize, Because)>,
    pub(super) root: Root,
}

impl Root {
    fn of(shown: &Shown<'_>, entry: Option<(u32, String)>) -> Self {
        let case = shown.case;
        let id = &case.result.id;
        let seed = |finding: &Finding| Seed {
            index: {
                let mut all = case.result.findings.iter();
                let is_it = |other: &Finding| std::ptr::eq(other, finding);
                all.position(is_it).unwrap_or(0)
            },
            level: finding.level(),
            clauses: finding.clauses().to_vec(),
            place: finding.place.map(|place| (place.line, place.column)),
            symptom: finding.symptom.clone(),
        };
        Self {
            case: id.to_string(),
            path: id.path.clone(),
            row: id.row.clone(),
            version: id.version.as_str().to_owned(),
            is_accepted: case.outcome.is_accepted,
            events: case
                .result
                .transcript
                .as_ref()
                .map_or(0, |t| t.events.len()),
            entry,
            finding: seed(shown.finding),
            consequences: {
                let all = shown.consequences.iter();
                all.map(|c| (seed(c.finding), c.because)).collect()
            },
        }
    }

    /// The id of the case.
    pub fn case(&self) -> &str {
        &self.case
    }

    /// The version whose document has its clauses.
    pub(super) fn document(&self) -> ProtocolVersion {
        let all = [
            ProtocolVersion::V3_1,
            ProtocolVersion::V3_1_1,
            ProtocolVersion::V5,
        ];
        let version = all.into_iter().find(|v| v.as_str() == self.version);
        requirements::document(version.unwrap_or(ProtocolVersion::V5))
    }

    /// A sort key that puts the case first that is easiest to read: no consequences, then the fewest events.
    fn length(&self) -> (bool, usize, String) {
        let is_with_others = !self.consequences.is_empty();
        (is_with_others, self.events, self.case.clone())
    }

    fn part(&self) -> Part {
        Part {
            case: self.case.clone(),
            is_accepted: self.is_accepted,
            finding: self.finding.index,
            consequences: {
                let all = self.consequences.iter();
                all.map(|(seed, because)| (seed.index, *because)).collect()
            },
            root: self.clone(),
        }
    }
}

/// Returns the findings of these cases that do not follow from another one, in the order of the cases.
pub fn roots(cases: &[Concluded<'_>], file: Option<&TargetFile>) -> Vec<Root> {
    let deviations = file.map_or(&[][..], |file| &file.deviations);
    let mut found = Vec::new();
    for case in cases.iter().filter(|case| case.result.verdict.is_wrong()) {
        found.extend(follows::roots(case).into_iter().map(|shown| {
            let entry = entry(deviations, case, &shown);
            Root::of(&shown, entry.map(|e| (e.place.line, e.came.clone())))
        }));
    }
    found
}

/// Groups findings by cause, the worst cause first.
pub fn grouped(found: &[Root]) -> Vec<Group> {
    let groups = alike::grouped(found).into_iter();
    let mut groups: Vec<Group> = groups
        .map(|group| Group::of(group.iter().map(|index| &found[*index])))
        .collect();
    alike::fold_likely(&mut groups);
    for group in &mut groups {
        group.cases.sort_by_cached_key(|part| part.root.length());
        group.put_example_first();
    }
    groups.sort_by_key(|group| {
        (
            group.is_accepted(),
            group.level,
            group.rank,
            Reverse(group.cases.len() + group.likely.len()),
        )
    });
    groups
}

impl Group {
    fn of<'f>(found: impl Iterator<Item = &'f Root>) -> Self {
        let mut group = Self {
            entry: None,
            level: Level::Disputed,
            rank: Rank::Content,
            clauses: Vec::new(),
            cases: Vec::new(),
            likely: Vec::new(),
        };
        for root in found {
            group.entry = group.entry.or_else(|| root.entry.clone());
            group.level = group.level.min(root.finding.level);
            let version = root.document();
            for id in &root.finding.clauses {
                let clause = Citation {
                    version,
                    id: id.clone(),
                };
                if let Some(requirement) = requirements::find(version, id) {
                    group.rank = group.rank.min(requirement.rank);
                }
                if !group.clauses.contains(&clause) {
                    group.clauses.push(clause);
                }
            }
            match group.cases.iter_mut().find(|known| known.case == root.case) {
                Some(known) => {
                    let again = (root.finding.clone(), Because::Again);
                    known.root.consequences.push(again);
                    known
                        .root
                        .consequences
                        .extend(root.consequences.iter().cloned());
                    *known = known.root.part();
                }
                None => group.cases.push(root.part()),
            }
        }
        group
    }

    /// Puts the clauses that the example breaks before those that other cases break, which may be of another version.
    fn put_example_first(&mut self) {
        let Some(example) = self.cases.first().map(|part| &part.root) else {
            return;
        };
        let version = example.document();
        let is_of_example = |clause: &Citation| {
            clause.version == version && example.finding.clauses.contains(&clause.id)
        };
        self.clauses.sort_by_key(|clause| !is_of_example(clause));
    }

    /// Why other findings are listed under this cause. Each reason has the ids of the cases that it applies to.
    pub fn reasons(&self) -> BTreeMap<Because, Vec<&String>> {
        let mut reasons: BTreeMap<Because, Vec<&String>> = BTreeMap::new();
        for part in &self.cases {
            for (_, because) in &part.consequences {
                let cases = reasons.entry(*because).or_default();
                if !cases.contains(&&part.case) {
                    cases.push(&part.case);
                }
            }
        }
        reasons
    }

    /// Whether every case of this cause is accepted for the target.
    pub fn is_accepted(&self) -> bool {
        self.cases.iter().all(|part| part.is_accepted)
    }
}

/// Reads and writes a level as its word.
mod level {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Level;

    pub(super) fn serialize<S: Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(level.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Level, D::Error> {
        let word = String::deserialize(from)?;
        Level::from_word(&word).ok_or_else(|| D::Error::custom(format!("no level `{word}`")))
    }
}
