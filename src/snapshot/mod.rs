//! Snapshots: the reviewed record of each case, and its comparison with the record of a run.
//!
//! A snapshot is a file in insta's `.snap` format that uses only insta's header keys. Its path follows the scenario's:
//! `session/takeover.yaml` has `session/takeover@5.snap`. A run writes a changed or new record next to it as
//! `.snap.new`, which waits for a review: `mqtt-check review`, `accept`, `reject`, or `cargo insta review` in a Cargo
//! project. insta reads the files. We write them ourselves, since insta has no public writer: to a temporary file in
//! the same folder, which is synced and then renamed, so a full disk leaves no half-written file.

pub mod file;
pub mod pending;
pub mod profile;
pub mod review;
pub mod store;

pub use file::{Header, ReadError, SnapFile, WriteError};
pub use store::Store;
