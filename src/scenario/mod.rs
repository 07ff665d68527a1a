//! Scenario files: from YAML text to a [`model::Scene`] for each case, or to everything that is wrong with them.
//!
//! ```text
//! files -> text -> tree with places -> a tree for each row and version -> scene -> checks between its parts
//! ```
//! `library` finds and reads files; `syntax` makes the tree (`node`) and refuses what is no plain YAML; `rows` fills
//! in rows and resolves version switches; `file`, `client`, `step`, `action`, `expectation` and what stands below
//! them type it, going by the tables in `fields`, `hooks` and `settings`; `check` looks at the whole.
//! Errors are collected, not thrown: typing goes on after one, so that a file shows all of them at once.

use std::path::PathBuf;
use std::sync::Arc;

use crate::builtin::Origin;
use crate::diagnostic::{Diagnostic, Source};

mod action;
mod check;
mod client;
mod control;
pub(crate) mod duration;
mod expectation;
mod expression;
mod fields;
mod file;
pub(crate) mod hooks;
mod library;
mod lie;
mod matcher;
pub mod model;
pub(crate) mod node;
mod notation;
mod packet;
pub mod pattern;
mod reach;
mod reason;
mod roles;
mod rows;
mod scene;
pub mod schema;
mod scope;
mod scram;
pub mod settings;
pub(crate) mod sizes;
pub mod standard;
mod step;
pub(crate) mod suggestion;
pub mod suite;
pub(crate) mod syntax;
mod text;
mod value;
mod websocket;

/// Reads every scenario file at or below these paths and gives every case of every version and row, in the order
/// of their ids. Ids count from the folder that was named, or from the nearest folder `scenarios` above what was named.
/// Each reaches below its own folder.
///
/// # Errors
/// Everything that is wrong with all of the files.
pub fn load(paths: &[PathBuf]) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    load_within(paths, &Reach::default(), Origin::Disk)
}

/// The same, with what is in `reach` besides, from the disk or from the built-in suite.
///
/// # Errors
/// Everything that is wrong with all of the files.
pub fn load_within(
    paths: &[PathBuf],
    reach: &Reach,
    origin: Origin,
) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    library::load(paths, reach, origin)
}

/// The scenes of one scenario file's text, which reaches below its own folder. Their ids begin with `path`.
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines.
pub fn parse(source: &Arc<Source>, path: &str) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    file::scenes(source, path, &Reach::default())
}

pub(crate) use library::{decode, is_scenario};
pub(crate) use reach::open_regular;
pub use reach::{Reach, Variables};

#[cfg(test)]
mod tests;
