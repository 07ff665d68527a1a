//! Which plays are needed to prove statements: only the cases that cite one, on a broker with the faults that break it.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::ProtocolVersion;

use super::{Played, Record, ids_of, judging, keys};
use crate::mutation::{self, Playing, Reference, ReferencePlay};
use crate::plan::Plan;
use crate::requirements::{self, Requirement};
use crate::scenario::model::CaseId;
use crate::target::bundled::FaultInfo;
use crate::verdict::monitor;

/// Which statements are to be proven, with which plans and faults.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub statements: &'a [&'static Requirement],
    pub plans: &'a [Plan],
    pub faults: &'a [FaultInfo],
}

type Key = (ProtocolVersion, &'static str);

/// Plays what is needed to prove the wanted statements. Calls `watch` before each fault, with the total number of
/// faults. Returns early if interrupted.
///
/// # Errors
/// Fails if the broker cannot be started.
pub fn play(
    wanted: Wanted<'_>,
    playing: Playing<'_>,
    watch: &mut dyn FnMut(&FaultInfo, usize),
) -> Result<Record, String> {
    let keys = keys(wanted.statements);
    let cited = judging(wanted.plans);
    let chosen: Vec<&FaultInfo> = wanted
        .faults
        .iter()
        .filter(|info| !broken(info, &keys).is_empty() && mutation::hindrance(info).is_none())
        .collect();
    let mut record = Record::default();
    for info in &chosen {
        if (playing.interrupted)() {
            break;
        }
        watch(info, chosen.len());
        let broken = broken(info, &keys);
        let citing = citing(&broken, &cited);
        let mut played = Played {
            fault: info.name,
            caught: Vec::new(),
        };
        let mut step = Step {
            wanted,
            playing,
            reference: &mut record.reference,
            played: &mut played,
        };
        step.play(info, &|id| citing.contains(id))?;
        // The monitor checks every case, so a clause that no citing step has caught may be caught in another case.
        let missing = broken
            .iter()
            .any(|key| monitor::clauses(key.0).contains(key.1) && !step.has_caught(key));
        if missing {
            step.play(info, &|id| !citing.contains(id))?;
        }
        record.played.push(played);
    }
    Ok(record)
}

/// Returns those of the given statements that a fault breaks.
fn broken(info: &FaultInfo, keys: &BTreeSet<Key>) -> Vec<Key> {
    let is_broken = |key: &&Key| ids_of(info, key.0).any(|id| id == key.1);
    keys.iter().filter(is_broken).copied().collect()
}

fn citing(
    broken: &[Key],
    cited: &BTreeMap<(ProtocolVersion, String), Vec<CaseId>>,
) -> BTreeSet<CaseId> {
    let of = |key: &Key| cited.get(&(key.0, key.1.to_owned()));
    broken.iter().filter_map(of).flatten().cloned().collect()
}

/// The plays of one fault.
struct Step<'a> {
    wanted: Wanted<'a>,
    playing: Playing<'a>,
    reference: &'a mut Reference,
    played: &'a mut Played,
}

impl Step<'_> {
    /// Plays these cases with the fault. Plays them without it first if that has not been done yet.
    fn play(&mut self, info: &FaultInfo, is_meant: &dyn Fn(&CaseId) -> bool) -> Result<(), String> {
        let plans: Vec<Plan> = self
            .wanted
            .plans
            .iter()
            .filter(|plan| is_meant(&plan.scene.id))
            .cloned()
            .collect();
        let unknown: Vec<Plan> = plans
            .iter()
            .filter(|plan| !self.reference.contains_key(&plan.scene.id))
            .cloned()
            .collect();
        self.reference
            .extend(mutation::reference(&unknown, self.playing)?);
        let caught = mutation::caught(info, &plans, self.reference, self.playing)?;
        self.played.caught.extend(caught);
        Ok(())
    }

    fn has_caught(&self, key: &Key) -> bool {
        self.played.caught.iter().any(|catch| {
            requirements::document(catch.case.version) == key.0
                && catch.cites.contains(key.1)
                && self
                    .reference
                    .get(&catch.case)
                    .is_some_and(ReferencePlay::is_passed)
        })
    }
}
