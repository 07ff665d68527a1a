//! Changes that a run accepts: `--tolerate`.

use std::collections::BTreeSet;

/// A sort of changes that a run may let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerated {
    /// What is no longer exercised or offered.
    Skips,
    /// Choices that are answered differently.
    Choices,
    /// What is better than it was.
    Improvements,
}

/// The words of `--tolerate`, a row each.
const WORDS: &[(&str, Tolerated)] = &[
    ("skips", Tolerated::Skips),
    ("choices", Tolerated::Choices),
    ("improvements", Tolerated::Improvements),
];

/// The sorts that a run lets pass.
pub type Tolerance = BTreeSet<Tolerated>;

impl Tolerated {
    /// The sort that this word stands for.
    pub fn named(word: &str) -> Option<Self> {
        let mut words = WORDS.iter();
        words.find(|(name, _)| *name == word).map(|(_, sort)| *sort)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        let mut words = WORDS.iter();
        let row = words.find(|(_, sort)| *sort == self);
        row.map_or("", |(name, _)| name)
    }

    /// All words.
    pub fn names() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(name, _)| *name)
    }
}
