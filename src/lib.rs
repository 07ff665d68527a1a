//! mqtt-check: scenarios in, verdicts out.
//!
//! ```text
//! scenario file -> plan -> run -> transcript -> verdict -> outcome -> report
//!    (YAML)       (pure)  (I/O)    (record)     (pure)     (pure)     (pure)
//! ```
//! No module imports from a module to its right. A failed check is data in the transcript and the verdict. An `Err`
//! means that the run itself could not continue.

pub mod builtin;
pub mod cli;
pub mod coverage;
pub mod diagnostic;
pub mod engine;
pub mod exit;
pub mod matcher;
pub mod mutation;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod requirements;
pub mod scenario;
pub mod snapshot;
pub mod suite;
pub mod target;
pub mod transcript;
pub mod transport;
pub mod verdict;
