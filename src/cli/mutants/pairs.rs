//! The part of `mqtt-check mutants` that combines a permitted variation with a fault. The variation must not hide the
//! fault, and findings must not cite a clause that the fault does not break.

use serde::Serialize;

use super::super::{Failure, Styles};
use super::{Mutant, Ticks, liberties};
use crate::exit::Exit;
use crate::mutation::Playing;
use crate::mutation::masks::{ALSO, AlsoBroken, Mask, mask};
use crate::mutation::pair::{self, Paired};
use crate::plan::Plan;
use crate::report::style::{Style, count};
use crate::requirements::citation;
use crate::scenario::model::CaseId;
use crate::target::bundled::{self as target, LibertyInfo};

/// Which pairs are played, and how.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) percent: u8,
    /// Whether to also examine the cases that miss a fault that others catch.
    pub(super) thoroughly: bool,
}

/// A pair that was played.
pub(super) struct Pair {
    fault: &'static str,
    liberty: &'static str,
    paired: Paired,
    /// The stated reason why the variation may hide the fault.
    mask: Option<&'static Mask>,
}

/// The results of playing pairs.
pub(super) struct Played {
    /// How many pairs exist, played or not.
    of: usize,
    pairs: Vec<Pair>,
    /// Whether every variation was played with every known fault.
    is_whole: bool,
    seed: u64,
}

impl Pair {
    fn is_hidden(&self) -> bool {
        self.paired.is_hidden() && self.mask.is_none()
    }

    fn is_masked(&self) -> bool {
        self.paired.is_hidden() && self.mask.is_some()
    }

    /// Whether a reason is stated although the fault is not hidden.
    fn is_stale(&self) -> bool {
        is_caught(self) && self.mask.is_some()
    }

    fn is_right(&self) -> bool {
        !(self.is_hidden() || self.is_stale()) && self.paired.blames.is_empty()
    }
}

impl Played {
    pub(super) fn is_right(&self) -> bool {
        self.pairs.iter().all(Pair::is_right) && self.needless().next().is_none()
    }

    /// Rows of [`ALSO`] that no pair needs. Empty unless all pairs were played, since only then this is known.
    fn needless(&self) -> impl Iterator<Item = &'static AlsoBroken> {
        let is_needed = |also: &&AlsoBroken| {
            let mut needs = self.pairs.iter().flat_map(|pair| &pair.paired.also);
            needs.any(|needed| needed == also)
        };
        let is_played = |also: &&AlsoBroken| self.pairs.iter().any(|pair| pair.fault == also.fault);
        ALSO.iter()
            .filter(move |also| self.is_whole && is_played(also) && !is_needed(also))
    }

    fn count(&self, is_so: impl Fn(&Pair) -> bool) -> usize {
        self.pairs.iter().filter(|pair| is_so(pair)).count()
    }
}

/// Plays the share of the pairs that the seed chooses, until the user interrupts.
pub(super) fn play(
    mutants: &[Mutant],
    taken: &liberties::Played,
    plans: &[Plan],
    share: Share,
    playing: Playing<'_>,
    styles: Styles,
) -> Result<Played, Failure> {
    let faults = || mutants.iter().filter(|m| m.alone.is_caught());
    let mut played = Played {
        of: faults().count() * taken.len(),
        pairs: Vec::new(),
        is_whole: false,
        seed: playing.seed,
    };
    if share.percent == 0 || played.of == 0 {
        return Ok(played);
    }
    let ticks = Ticks::new(faults().count(), styles.err);
    'all: for mutant in faults() {
        let fault = mutant.alone.name();
        ticks.tick(fault);
        let is_chosen =
            |info: &LibertyInfo| pair::is_chosen(fault, info.name, playing.seed, share.percent);
        let chosen: Vec<&LibertyInfo> = taken
            .iter()
            .map(|(info, _)| info)
            .filter(|info| is_chosen(info))
            .collect();
        if chosen.is_empty() {
            continue;
        }
        let replayed = mutant.alone.replayed(plans);
        for info in chosen {
            let paired = pair::paired(&mutant.alone, &replayed, info, share.thoroughly, playing)
                .map_err(|error| Failure::new(Exit::CouldNotStart, error))?;
            if (playing.interrupted)() {
                // An incomplete run proves nothing.
                break 'all;
            }
            played.pairs.push(Pair {
                fault,
                liberty: info.name,
                paired,
                mask: mask(info.name, fault),
            });
        }
    }
    ticks.end();
    let all = target::faults().len() * target::liberties().len();
    played.is_whole = played.pairs.len() == all;
    Ok(played)
}

#[derive(Serialize)]
pub(super) struct Document {
    /// How many pairs exist.
    of: usize,
    played: usize,
    caught: usize,
    /// How many pairs have no playable case that exercises the fault.
    not_met: usize,
    /// Pairs in which the variation hides the fault for a stated reason.
    masked: Vec<Masked>,
    hidden: Vec<Hidden>,
    /// Stated reasons for pairs in which the fault is not hidden.
    stale: Vec<Stale>,
    blamed: Vec<Blamed>,
}

#[derive(Serialize)]
struct Masked {
    fault: &'static str,
    liberty: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct Hidden {
    fault: &'static str,
    liberty: &'static str,
    /// Cases whose record shows the fault but that report no finding.
    cases: Vec<String>,
}

#[derive(Serialize)]
struct Stale {
    fault: &'static str,
    liberty: &'static str,
}

#[derive(Serialize)]
struct Blamed {
    fault: &'static str,
    liberty: &'static str,
    case: String,
    clauses: Vec<String>,
}

pub(super) fn document(played: &Played) -> Document {
    let those = |is_so: fn(&Pair) -> bool| played.pairs.iter().filter(move |pair| is_so(pair));
    Document {
        of: played.of,
        played: played.pairs.len(),
        caught: played.count(is_caught),
        not_met: played.count(is_not_met),
        masked: those(Pair::is_masked)
            .map(|pair| Masked {
                fault: pair.fault,
                liberty: pair.liberty,
                reason: pair.mask.map_or("", |mask| mask.reason),
            })
            .collect(),
        hidden: those(Pair::is_hidden)
            .map(|pair| Hidden {
                fault: pair.fault,
                liberty: pair.liberty,
                cases: pair.paired.blind.iter().map(CaseId::to_string).collect(),
            })
            .collect(),
        stale: those(Pair::is_stale)
            .map(|pair| Stale {
                fault: pair.fault,
                liberty: pair.liberty,
            })
            .collect(),
        blamed: played
            .pairs
            .iter()
            .flat_map(|pair| {
                pair.paired.blames.iter().map(|blame| Blamed {
                    fault: pair.fault,
                    liberty: pair.liberty,
                    case: blame.case.to_string(),
                    clauses: blame.clauses.iter().cloned().collect(),
                })
            })
            .collect(),
    }
}

fn is_caught(pair: &Pair) -> bool {
    pair.paired.caught + pair.paired.noticed > 0
}

fn is_not_met(pair: &Pair) -> bool {
    !is_caught(pair) && !pair.paired.is_hidden()
}

/// The pairs that are wrong, and then the score.
pub(super) fn plain(played: &Played, selected: &[String], verbose: bool, style: Style) -> String {
    let mut out = String::new();
    for pair in &played.pairs {
        let head = |word: &str| {
            format!(
                "{} {} under {}\n",
                style.bad(word),
                style.strong(pair.fault),
                style.strong(pair.liberty)
            )
        };
        let blind = pair.paired.blind.iter();
        if pair.is_hidden() {
            out.push_str(&head("HIDDEN"));
            out.extend(
                blind.map(|case| format!("  {case} shows the fault and does not catch it\n")),
            );
        } else if verbose && pair.paired.caught > 0 && !pair.paired.blind.is_empty() {
            out.push_str(&format!("missed {} under {}\n", pair.fault, pair.liberty));
            out.extend(blind.map(|case| format!("  {case}\n")));
        }
        if pair.is_stale() {
            out.push_str(&head("STALE"));
            out.push_str("  listed as hiding the fault, but the variation does not hide it\n");
        }
        if !pair.paired.blames.is_empty() {
            out.push_str(&head("BLAMED"));
        }
        for blame in &pair.paired.blames {
            let version = blame.case.version;
            let each = blame.clauses.iter();
            let clauses: Vec<String> = each.map(|id| citation::written(version, id)).collect();
            out.push_str(&format!(
                "  {} cites {}, which the fault alone does not break\n",
                blame.case,
                clauses.join(", ")
            ));
        }
        if !pair.is_right() {
            out.push_str(&format!(
                "  again: mqtt-check mutants {} --fault {} --liberty {} --seed {}\n",
                selected.join(" "),
                pair.fault,
                pair.liberty,
                played.seed
            ));
        }
    }
    for also in played.needless() {
        out.push_str(&format!(
            "{} {}\n  listed as also breaking {}, but it does so under no variation\n",
            style.bad("STALE"),
            style.strong(also.fault),
            also.clauses.join(", ")
        ));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&format!(
        "{} of a permitted variation and a fault, {} of them played, chosen by seed {}: {} caught, {} exercised by no case, {} rightly hidden, {} hidden, {} blamed wrongly\n",
        count(played.of, "pair"),
        played.pairs.len(),
        played.seed,
        played.count(is_caught),
        played.count(is_not_met),
        played.count(Pair::is_masked),
        played.count(Pair::is_hidden),
        played.count(|pair| !pair.paired.blames.is_empty()),
    ));
    out
}
