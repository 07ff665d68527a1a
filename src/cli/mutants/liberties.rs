//! The part of `mqtt-check mutants` that proves that the suite fails no conforming broker.

use serde::Serialize;

use super::super::{Failure, Styles};
use super::Ticks;
use crate::exit::Exit;
use crate::mutation::Playing;
use crate::mutation::liberty::{self, VariationResult};
use crate::plan::Plan;
use crate::report::one_line;
use crate::report::style::{Style, count};
use crate::target::bundled::LibertyInfo;

/// The result of playing each permitted variation.
pub(super) type Played = Vec<(LibertyInfo, VariationResult)>;

/// Plays the suite with each permitted variation in force, until the user interrupts.
pub(super) fn play(
    chosen: Vec<LibertyInfo>,
    plans: &[Plan],
    playing: Playing<'_>,
    styles: Styles,
) -> Result<Played, Failure> {
    let mut played = Played::new();
    if chosen.is_empty() {
        return Ok(played);
    }
    let failed = |error| Failure::new(Exit::CouldNotStart, error);
    let reference = liberty::reference(plans, playing).map_err(failed)?;
    let ticks = Ticks::new(chosen.len(), styles.err);
    for info in chosen {
        ticks.tick(info.name);
        let taken = liberty::taken(&info, plans, &reference, playing).map_err(failed)?;
        if (playing.interrupted)() {
            // An incomplete run proves nothing.
            break;
        }
        played.push((info, taken));
    }
    ticks.end();
    Ok(played)
}

#[derive(Serialize)]
pub(super) struct Document {
    played: usize,
    passed: usize,
    failed: Vec<Failed>,
    results: Vec<Row>,
}

#[derive(Serialize)]
struct Failed {
    liberty: &'static str,
    /// Cases that report the variation as a fault. Empty if the problem is that no case shows the variation.
    cases: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    liberty: &'static str,
    clauses: Vec<String>,
    cases_showing_it: usize,
    cases_passed: usize,
    cases_skipped: usize,
}

pub(super) fn document(played: &Played) -> Document {
    Document {
        played: played.len(),
        passed: played.iter().filter(|(_, taken)| taken.is_right()).count(),
        failed: played
            .iter()
            .filter(|(_, taken)| !taken.is_right())
            .map(|(info, taken)| Failed {
                liberty: info.name,
                cases: taken.failed.iter().map(|r| r.id.to_string()).collect(),
            })
            .collect(),
        results: played
            .iter()
            .map(|(info, taken)| Row {
                liberty: info.name,
                clauses: written(info),
                cases_showing_it: taken.shown,
                cases_passed: taken.no_fault,
                cases_skipped: taken.skipped,
            })
            .collect(),
    }
}

/// The citations of what permits the variation: `[5 MQTT-3.1.4-3]`, `[5 section 3.8.4]`.
fn written(info: &LibertyInfo) -> Vec<String> {
    let clauses = info.clauses.iter().map(|(v, id)| format!("[{v} {id}]"));
    let sections = info.sections.iter();
    clauses
        .chain(sections.map(|(v, number)| format!("[{v} section {number}]")))
        .collect()
}

/// One line per variation, failures first, and then the score.
pub(super) fn plain(played: &Played, style: Style) -> String {
    let mut out = String::new();
    for (info, taken) in played.iter().filter(|(_, taken)| !taken.is_right()) {
        out.push_str(&format!(
            "{} {}\n  {}\n  allowed by {}\n",
            style.bad("FAILED"),
            style.strong(info.name),
            info.summary,
            written(info).join(", ")
        ));
        if taken.shown == 0 {
            out.push_str("  no case shows it\n");
        }
        for result in &taken.failed {
            out.push_str(&format!("  {}\n", one_line(result, style)));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let width = played.iter().map(|(info, _)| info.name.len()).max();
    let width = width.unwrap_or(0);
    for (info, taken) in played.iter().filter(|(_, taken)| taken.is_right()) {
        let skipped = match taken.skipped {
            0 => String::new(),
            n => format!("; {n} more skipped"),
        };
        out.push_str(&format!(
            "allowed {:<width$}  holds in {}, shown in {}{skipped}\n",
            info.name,
            count(taken.no_fault, "case"),
            taken.shown
        ));
    }
    let failed = played.iter().filter(|(_, taken)| !taken.is_right()).count();
    let liberties = match played.len() {
        1 => "1 permitted variation".to_owned(),
        n => format!("{n} permitted variations"),
    };
    let result = match failed {
        0 if played.len() > 1 => "all accepted by every case".to_owned(),
        _ => format!(
            "{} accepted by every case, {failed} failed",
            played.len() - failed
        ),
    };
    out.push_str(&format!("{liberties}: {result}\n"));
    out
}
