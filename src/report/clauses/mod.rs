//! Coverage as text for people and JSON for machines.

mod chapters;
pub mod json;
pub mod text;

pub use chapters::{Chapter, chapters};
pub(crate) use chapters::{is_within, titles};
