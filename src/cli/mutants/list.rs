//! `mqtt-check mutants --list`: the faults and permitted variations, without playing anything.

use serde::Serialize;

use super::{json_text, written};
use crate::cli::Failure;
use crate::report::style::{Style, count};
use crate::target::bundled::{FaultInfo, LibertyInfo};

#[derive(Serialize)]
struct Document {
    faults: Vec<FaultRow>,
    liberties: Vec<LibertyRow>,
}

#[derive(Serialize)]
struct FaultRow {
    fault: &'static str,
    summary: &'static str,
    clauses: Vec<String>,
    threads: &'static [&'static str],
}

#[derive(Serialize)]
struct LibertyRow {
    liberty: &'static str,
    summary: &'static str,
    clauses: Vec<String>,
}

pub(super) fn json(faults: &[FaultInfo], liberties: &[LibertyInfo]) -> Result<String, Failure> {
    let fault = |info: &FaultInfo| FaultRow {
        fault: info.name,
        summary: info.summary,
        clauses: written(info),
        threads: info.threads,
    };
    let liberty = |info: &LibertyInfo| LibertyRow {
        liberty: info.name,
        summary: info.summary,
        clauses: permits(info),
    };
    json_text(&Document {
        faults: faults.iter().map(fault).collect(),
        liberties: liberties.iter().map(liberty).collect(),
    })
}

pub(super) fn plain(faults: &[FaultInfo], liberties: &[LibertyInfo], style: Style) -> String {
    let mut out = String::new();
    for info in faults {
        let mut cited = written(info);
        cited.extend(info.threads.iter().map(|thread| (*thread).to_owned()));
        out.push_str(&row(info.name, info.summary, "breaks", &cited, style));
    }
    for info in liberties {
        let clauses = permits(info);
        out.push_str(&row(
            info.name,
            info.summary,
            "left open by",
            &clauses,
            style,
        ));
    }
    let mut totals = Vec::new();
    if !faults.is_empty() {
        totals.push(count(faults.len(), "fault"));
    }
    if !liberties.is_empty() {
        totals.push(count(liberties.len(), "permitted variation"));
    }
    out.push_str(&format!("{}\n", totals.join(", ")));
    out
}

fn row(name: &str, summary: &str, what: &str, cited: &[String], style: Style) -> String {
    let name = style.strong(name);
    format!("{name}\n  {summary}\n  {what} {}\n", cited.join(", "))
}

/// The clauses and sections that permit a variation, as citations.
fn permits(info: &LibertyInfo) -> Vec<String> {
    let clauses = info.clauses.iter();
    let sections = info.sections.iter();
    clauses
        .map(|(version, id)| format!("[{version} {id}]"))
        .chain(sections.map(|(version, number)| format!("[{version} section {number}]")))
        .collect()
}
