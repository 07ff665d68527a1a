//! Changes that a run accepts: `--tolerate`.

use std::collections::BTreeSet;

/// A kind of change that a run may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerated {
    /// Cases that are no longer exercised, and offers that are gone.
    Skips,
    /// Choices that the broker makes differently.
    Choices,
    /// Results that are better than before.
    Improvements,
}

/// The words of `--tolerate`, one per row.
const WORDS: &[(&str, Tolerated)] = &[
    ("skips", Tolerated::Skips),
    ("choices", Tolerated::Choices),
    ("improvements", Tolerated::Improvements),
];

/// The kinds of changes that a run accepts.
pub type Tolerance = BTreeSet<Tolerated>;

impl Tolerated {
    /// Returns the kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        let mut words = WORDS.iter();
        words.find(|(name, _)| *name == word).map(|(_, sort)| *sort)
    }

    /// The word of this kind.
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
