//! Coverage as text and as JSON.

mod chapters;
pub mod json;
pub mod text;

pub use chapters::{Chapter, chapters};
pub(crate) use chapters::{is_within, titles};
