//! The part of `mqtt-check mutants` that reports which statements of the standard the plays of the faults prove. It is
//! the report of `mqtt-check clauses`, without playing the faults again.

use super::super::{Styles, output};
use crate::coverage::{self, Coverage, Played, Record, RuleCoverage};
use crate::mutation::Catch;
use crate::plan::Plan;
use crate::report::clauses::{json, text};
use crate::target::bundled::{FaultInfo, faults};

/// The coverage of all statements.
pub(super) struct Statements {
    rows: Vec<Coverage>,
    standards: Vec<RuleCoverage>,
}

/// Keeps of one fault's catches those that prove a statement.
pub(super) fn proving(info: &FaultInfo, caught: &[Catch]) -> Played {
    let citing = caught.iter().filter(|catch| !catch.cites.is_empty());
    Played {
        fault: info.name,
        caught: citing.cloned().collect(),
    }
}

impl Statements {
    /// Computes the coverage from the plays of all faults.
    pub(super) fn new(record: &Record, plans: &[Plan]) -> Self {
        let faults = faults();
        Self {
            rows: coverage::coverage(&coverage::catalogue(), plans, &faults, record),
            standards: coverage::standards(plans, &faults, &[]),
        }
    }

    pub(super) fn plain(&self, styles: Styles) -> String {
        let options = text::Options {
            style: styles.out,
            width: output::width(),
            listed: text::Listed::None,
        };
        text::render(&self.rows, &self.standards, options)
    }

    pub(super) fn document(&self) -> json::Document<'_> {
        json::document(&self.rows, &self.standards, |_| true)
    }
}
