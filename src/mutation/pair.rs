//! Plays a permitted variation and a fault together. The cases that catch the fault are played again on a broker that
//! has the variation too. The variation must not hide the fault, and no clause may be blamed that the fault does not
//! break.
//!
//! A case does not meet the fault if the variation keeps it from being played, or if its record is the same as with the
//! variation alone. Such a case proves nothing. If some case's record shows the fault and no case catches it, the pair
//! hides the fault. Pairs that rightly do so are listed in [`super::masks`].

use std::collections::{BTreeMap, BTreeSet};

use super::masks::{AlsoBroken, also};
use super::{Catch, Playing, cited, findings_that_count, is_red, play, unknown};
use crate::plan::Plan;
use crate::requirements;
use crate::scenario::model::CaseId;
use crate::target::bundled::{Bundled, FaultInfo, LibertyInfo};
use crate::verdict::{CaseResult, Finding};

/// What is known about a fault from playing it alone.
#[derive(Debug)]
pub struct FaultAlone {
    info: FaultInfo,
    /// The positions, among all plans, of the cases that catch the fault at a step that cites one of its clauses.
    /// Storing the plans themselves would keep many copies of each, one per fault.
    citing: Vec<usize>,
    /// The clauses that the fault breaks, and those that the cases it turns red cite: the document's version and the
    /// clause.
    blames: BTreeSet<(String, String)>,
}

/// Clauses that a case cites under both, and no case under the fault alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    pub case: CaseId,
    /// Ids of the case's version.
    pub clauses: BTreeSet<String>,
}

/// The result of playing one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paired {
    /// How many of the cases that catch the fault alone also catch it here, at a step that cites one of its clauses.
    pub caught: usize,
    /// How many of the other cases turn red.
    pub noticed: usize,
    /// How many cases do not meet the fault with the variation. Cases that were played are counted only if no case
    /// catches the fault, or on request.
    pub unmet: usize,
    /// Cases whose record shows the fault, but that do not catch it. Determined only if no case catches the fault, or
    /// on request.
    pub blind: Vec<CaseId>,
    pub blames: Vec<Blame>,
    /// The rows of [`super::masks::ALSO`] that explain further clauses.
    pub also: BTreeSet<&'static AlsoBroken>,
}

impl Paired {
    /// Returns whether some case shows the fault and none catches it.
    pub const fn is_hidden(&self) -> bool {
        self.caught + self.noticed == 0 && !self.blind.is_empty()
    }
}

impl FaultAlone {
    /// Keeps what pairs with this fault need.
    pub fn new(info: &FaultInfo, catches: &[Catch], plans: &[Plan]) -> Self {
        let citing: BTreeSet<&CaseId> = catches
            .iter()
            .filter(|catch| !catch.cites.is_empty())
            .map(|catch| &catch.case)
            .collect();
        let each = plans.iter().enumerate();
        let found = catches.iter().flat_map(|catch| {
            let document = requirements::document(catch.case.version).as_str();
            let each = catch.blames.iter();
            each.map(move |id| (document.to_owned(), id.clone()))
        });
        Self {
            info: info.clone(),
            citing: each
                .filter(|(_, plan)| citing.contains(&plan.scene.id))
                .map(|(place, _)| place)
                .collect(),
            blames: info.clauses.iter().cloned().chain(found).collect(),
        }
    }

    /// Returns the fault's name.
    pub const fn name(&self) -> &'static str {
        self.info.name
    }

    /// Returns whether a case catches the fault, so that a variation could hide it.
    pub const fn is_caught(&self) -> bool {
        !self.citing.is_empty()
    }

    /// Returns the cases that a pair with this fault replays, from the plans that the fault was played with.
    pub fn replayed(&self, plans: &[Plan]) -> Vec<Plan> {
        let each = self.citing.iter();
        each.filter_map(|place| plans.get(*place).cloned())
            .collect()
    }
}

/// The outcome of a case under both. The record is kept only if the case misses the fault.
enum CaseUnderBoth {
    Red {
        is_cited: bool,
        blame: Option<Blame>,
        also: BTreeSet<&'static AlsoBroken>,
    },
    Unplayed,
    Missed(Box<CaseResult>),
}

/// Plays these cases, all of which catch this fault, on a broker that also has this variation. If `thoroughly`, the
/// cases that miss the fault are examined even if others catch it.
///
/// # Errors
/// If the broker cannot be started.
pub fn paired(
    alone: &FaultAlone,
    replayed: &[Plan],
    liberty: &LibertyInfo,
    thoroughly: bool,
    playing: Playing<'_>,
) -> Result<Paired, String> {
    let bundled = Bundled::with([alone.info.name])
        .and_then(|bundled| bundled.taking([liberty.name]))
        .map_err(|name| unknown(&name))?;
    let mut paired = Paired {
        caught: 0,
        noticed: 0,
        unmet: 0,
        blind: Vec::new(),
        blames: Vec::new(),
        also: BTreeSet::new(),
    };
    let keep = |result| under(result, alone, liberty);
    let mut missed = BTreeMap::new();
    for case in play(replayed, bundled, playing, true, &keep)? {
        match case {
            CaseUnderBoth::Red {
                is_cited,
                blame,
                also,
            } => {
                paired.caught += usize::from(is_cited);
                paired.noticed += usize::from(!is_cited);
                paired.blames.extend(blame);
                paired.also.extend(also);
            }
            CaseUnderBoth::Unplayed => paired.unmet += 1,
            CaseUnderBoth::Missed(result) => drop(missed.insert(result.id.clone(), *result)),
        }
    }
    if paired.caught + paired.noticed == 0 || thoroughly {
        look_into(&mut paired, missed, replayed, liberty, playing)?;
    }
    Ok(paired)
}

fn under(result: CaseResult, alone: &FaultAlone, liberty: &LibertyInfo) -> CaseUnderBoth {
    if !is_red(&result.verdict) {
        return match result.transcript {
            None => CaseUnderBoth::Unplayed,
            Some(_) => CaseUnderBoth::Missed(Box::new(result)),
        };
    }
    let mut also = BTreeSet::new();
    let blame = wrong(&result, alone, liberty, &mut also);
    CaseUnderBoth::Red {
        is_cited: !cited(&result, &[&alone.info]).is_empty(),
        blame,
        also,
    }
}

/// Tells the cases that do not meet the fault from those that are blind to it.
fn look_into(
    paired: &mut Paired,
    missed: BTreeMap<CaseId, CaseResult>,
    replayed: &[Plan],
    liberty: &LibertyInfo,
    playing: Playing<'_>,
) -> Result<(), String> {
    if missed.is_empty() {
        return Ok(());
    }
    let plans: Vec<Plan> = replayed
        .iter()
        .filter(|plan| missed.contains_key(&plan.scene.id))
        .cloned()
        .collect();
    let bundled = Bundled::default()
        .taking([liberty.name])
        .map_err(|name| unknown(&name))?;
    let shows = play(&plans, bundled, playing, true, &|result| {
        let with_fault = missed.get(&result.id)?;
        let is_same = with_fault.is_seen_alike(&result);
        Some((result.id, !is_same))
    })?;
    for (case, shows) in shows.into_iter().flatten() {
        match shows {
            true => paired.blind.push(case),
            false => paired.unmet += 1,
        }
    }
    Ok(())
}

/// Returns the clauses that a case cites and that neither the fault alone, nor `masks`, nor the variation's own advice
/// explains.
fn wrong(
    result: &CaseResult,
    alone: &FaultAlone,
    liberty: &LibertyInfo,
    stated: &mut BTreeSet<&'static AlsoBroken>,
) -> Option<Blame> {
    let document = requirements::document(result.id.version).as_str();
    let is_against = |id: &String| {
        let mut against = liberty.against.iter();
        against.any(|(version, clause)| version == document && clause == id)
    };
    let mut clauses: BTreeSet<String> = findings_that_count(result)
        .filter(|finding| !finding.clauses().iter().any(is_against))
        .flat_map(Finding::clauses)
        .filter(|id| !alone.blames.contains(&(document.to_owned(), (*id).clone())))
        .cloned()
        .collect();
    clauses.retain(|id| {
        let mut rows = also(alone.name(), id).peekable();
        let is_stated = rows.peek().is_some();
        stated.extend(rows);
        !is_stated
    });
    (!clauses.is_empty()).then(|| Blame {
        case: result.id.clone(),
        clauses,
    })
}

/// Returns whether this pair is in the share of `percent` that a seed chooses.
pub fn is_chosen(fault: &str, liberty: &str, seed: u64, percent: u8) -> bool {
    // FNV-1a, followed by the last step of SplitMix64, because FNV-1a mixes its low bits badly.
    let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ seed;
    for byte in fault.bytes().chain([0]).chain(liberty.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^= hash >> 31;
    hash % 100 < u64::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_about_the_given_size_and_depends_on_the_seed() {
        let names: Vec<String> = (0..100).map(|n| format!("name-{n}")).collect();
        let chosen = |seed, percent| -> BTreeSet<(&str, &str)> {
            let each = names.iter().flat_map(|f| names.iter().map(move |l| (f, l)));
            each.filter(|(f, l)| is_chosen(f, l, seed, percent))
                .map(|(f, l)| (f.as_str(), l.as_str()))
                .collect()
        };
        assert_eq!(chosen(1, 0).len(), 0);
        assert_eq!(chosen(1, 100).len(), 10_000);
        let tenth = chosen(1, 10);
        assert!((900..1_100).contains(&tenth.len()), "{}", tenth.len());
        let other = chosen(2, 10);
        let both = tenth.intersection(&other).count();
        assert!((50..200).contains(&both), "{both}");
        assert!(tenth.is_subset(&chosen(1, 20)));
    }
}
