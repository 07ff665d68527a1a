//! Coverage as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::coverage::{Counts, Coverage, DOCUMENTS, RuleCoverage};

/// The coverage of statements, as it is written.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    versions: BTreeMap<&'static str, Version>,
    clauses: Vec<Clause<'a>>,
    standards: Vec<Standard<'a>>,
}

/// A rule of another standard that steps cite or faults break.
#[derive(Debug, Serialize)]
struct Standard<'a> {
    rule: &'a str,
    about: &'static str,
    scenarios: Vec<String>,
    faults: &'a [&'static str],
}

/// The numbers for numbered statements, and in `rules` for those without a number.
#[derive(Debug, Serialize)]
struct Version {
    #[serde(flatten)]
    numbered: Numbers,
    rules: Numbers,
}

#[derive(Debug, Serialize)]
struct Numbers {
    statements: usize,
    testable: usize,
    proven: usize,
    covered: usize,
    open: usize,
    no_reaction: usize,
    not_testable: usize,
}

#[derive(Debug, Serialize)]
struct Clause<'a> {
    id: &'static str,
    version: &'static str,
    section: &'static str,
    level: &'static str,
    binds: &'static str,
    summary: &'a str,
    state: &'static str,
    scenarios: Vec<String>,
    monitored: bool,
    faults: &'a [&'static str],
    proofs: Vec<Proof>,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Proof {
    fault: &'static str,
    case: String,
}

/// Renders the document.
///
/// # Errors
/// Returns an error if it cannot be written as JSON.
pub fn render(
    rows: &[Coverage],
    standards: &[RuleCoverage],
    is_listed: impl Fn(&Coverage) -> bool,
) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(&document(rows, standards, is_listed))?;
    Ok(format!("{text}\n"))
}

/// Makes the document. The numbers are those of all rows; only the rows for which `is_listed` is true are listed.
pub fn document<'a>(
    rows: &'a [Coverage],
    standards: &'a [RuleCoverage],
    is_listed: impl Fn(&Coverage) -> bool,
) -> Document<'a> {
    let numbers = |version, is_numbered| {
        let mine = rows.iter().filter(|row| {
            row.requirement.version == version && row.requirement.is_numbered() == is_numbered
        });
        Numbers::from(Counts::of(mine))
    };
    let versions = DOCUMENTS.into_iter().map(|version| {
        let counts = Version {
            numbered: numbers(version, true),
            rules: numbers(version, false),
        };
        (version.as_str(), counts)
    });
    Document {
        versions: versions.collect(),
        clauses: rows
            .iter()
            .filter(|row| is_listed(row))
            .map(clause)
            .collect(),
        standards: standards.iter().map(standard).collect(),
    }
}

fn standard(standing: &RuleCoverage) -> Standard<'_> {
    Standard {
        rule: &standing.rule,
        about: standing.about,
        scenarios: standing.cases.iter().map(ToString::to_string).collect(),
        faults: &standing.faults,
    }
}

fn clause(row: &Coverage) -> Clause<'_> {
    let requirement = row.requirement;
    Clause {
        id: requirement.id,
        version: requirement.version.as_str(),
        section: requirement.section,
        level: requirement.weight(),
        binds: requirement.binds.as_str(),
        summary: &requirement.summary,
        state: row.state.as_str(),
        scenarios: row.cases.iter().map(ToString::to_string).collect(),
        monitored: row.is_monitored,
        faults: &row.faults,
        proofs: row
            .proofs
            .iter()
            .map(|proof| Proof {
                fault: proof.fault,
                case: proof.case.to_string(),
            })
            .collect(),
        reason: row.reason.as_deref(),
    }
}

impl From<Counts> for Numbers {
    fn from(counts: Counts) -> Self {
        Self {
            statements: counts.statements,
            testable: counts.testable,
            proven: counts.proven,
            covered: counts.covered,
            open: counts.open,
            no_reaction: counts.no_reaction,
            not_testable: counts.not_testable,
        }
    }
}
