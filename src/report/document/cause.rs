//! The causes of what is wrong with the broker, and the conformance by chapter.

use serde::{Deserialize, Serialize};

use super::case::{Clause, Level};

/// One defect of the broker, as far as a run can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cause {
    /// The most severe level of its findings.
    pub level: Level,
    /// What users notice: `delivery`, `session`, `connection` or `content`.
    pub rank: String,
    /// Every statement that it violates.
    pub clauses: Vec<Clause>,
    /// What was expected in the example; several if several answers are right.
    pub expected: Vec<String>,
    /// What was received in the example.
    pub actual: String,
    /// The entry of the target file that accepts it: `targets/NAME.yaml:LINE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
    /// What that entry says was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<String>,
    /// Whether all its findings are accepted for the target.
    pub accepted: bool,
    /// The case that shows it best, the first of the cases.
    pub example: Example,
    /// Why other findings of its cases are listed under it. A finding without such a reason is a cause of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Folded>,
    /// Ids of the cases that show it.
    pub cases: Vec<String>,
    /// Ids of cases whose only finding follows from this cause in other cases of the same scenario.
    pub likely: Vec<String>,
}

/// A finding of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Example {
    /// The id of the case.
    pub case: String,
    /// The index of the finding in the case, from 0.
    pub finding: usize,
    /// The indices of the findings that follow from it.
    pub consequences: Vec<usize>,
}

/// Findings that are listed under a cause for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Folded {
    /// Why they follow from it.
    pub because: String,
    /// Ids of the cases with such findings.
    pub cases: Vec<String>,
}

/// How the broker conforms to one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Conformance {
    /// The version of MQTT whose document it is.
    pub document: String,
    pub chapters: Vec<Chapter>,
}

/// How many normative statements of one chapter of the standard hold, and which are violated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Chapter {
    /// The number of the chapter in the standard, such as `3.8`.
    pub number: String,
    pub title: String,
    /// Statements that a case exercised and that hold.
    pub hold: usize,
    /// Ids of the statements whose MUST is violated.
    pub violated_must: Vec<String>,
    /// Ids of the statements of which only a SHOULD is violated.
    pub violated_should: Vec<String>,
    /// Testable statements that no case exercised.
    pub not_exercised: usize,
}

impl Chapter {
    /// The number of violated statements.
    pub const fn violated(&self) -> usize {
        self.violated_must.len() + self.violated_should.len()
    }
}
