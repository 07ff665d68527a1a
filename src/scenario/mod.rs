//! Reads scenario files: YAML text becomes a [`model::Scene`] for each case, or a list of all errors in the files.
//!
//! ```text
//! files -> text -> tree with places -> a tree for each row and version -> scene -> checks between its parts
//! ```
//! `library` finds and reads files. `syntax` builds the tree (`node`) and refuses everything that is not plain YAML.
//! `rows` fills in rows and resolves version switches. `file`, `client`, `step`, `action`, `expectation` and the
//! modules that they call type the tree, using the tables in `fields`, `hooks` and `settings`. `check` looks at the
//! whole scene.
//!
//! Errors are collected, not thrown: typing continues after an error, so that a file shows all of them at once.

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
mod read_access;
mod reason;
mod roles;
mod rows;
mod scene;
pub mod schema;
mod scope;
mod scram;
pub mod settings;
mod shared;
pub(crate) mod sizes;
pub mod standard;
mod step;
pub(crate) mod suggestion;
pub mod suite;
pub(crate) mod syntax;
mod text;
mod value;
mod websocket;

/// Reads every scenario file at or below these paths. Returns every case, for each version and row, sorted by id.
///
/// Ids are relative to the folder that was named, or to the nearest folder `scenarios` above the path that was named.
/// Each file can read other files only below its own folder.
///
/// # Errors
/// Returns everything that is wrong with all of the files.
pub fn load(paths: &[PathBuf]) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    load_within(paths, &ReadAccess::default(), Origin::Disk)
}

/// Like [`load`], but with the given `read_access`, and either from disk or from the built-in suite.
///
/// # Errors
/// Returns everything that is wrong with all of the files.
pub fn load_within(
    paths: &[PathBuf],
    read_access: &ReadAccess,
    origin: Origin,
) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    library::load(paths, read_access, origin)
}

/// Returns the scenes in the text of one scenario file, which can read files only below its own folder. Their ids begin
/// with `path`.
///
/// # Errors
/// Returns everything that is wrong with the file, in the order of its lines.
pub fn parse(source: &Arc<Source>, path: &str) -> Result<Vec<model::Scene>, Vec<Diagnostic>> {
    file::scenes(source, path, &ReadAccess::default())
}

pub(crate) use library::{decode, is_scenario, on_all_cores};
pub(crate) use read_access::open_regular;
pub use read_access::{ReadAccess, Variables};

#[cfg(test)]
mod tests;
