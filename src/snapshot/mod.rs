//! Snapshots: the reviewed record of each case, and what came this time held against it.
//!
//! A snapshot is a file in insta's `.snap` format with insta's header keys only, path for path as the scenarios:
//! `session/takeover.yaml` has `session/takeover@5.snap`. What a run finds changed or new is laid beside it as
//! `.snap.new` and waits for a review: `mqtt-check review`, `accept`, `reject`, or `cargo insta review` in a Cargo
//! project. insta reads the files; writing is ours, since insta has no public writer: a temporary file in the same
//! folder, synced, then renamed, so that a full disk leaves nothing half-written.

pub mod file;
pub mod pending;
pub mod profile;
pub mod review;
pub mod store;

pub use file::{Header, ReadError, SnapFile, WriteError};
pub use store::Store;
