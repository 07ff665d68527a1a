//! Scenario files: from YAML text to a [`model::Scene`] for each case, or to everything that is wrong with them.

pub mod model;
