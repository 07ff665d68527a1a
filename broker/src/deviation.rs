//! Deliberate faults, each at the one line that holds its clauses up.

use mqtt_check_codec::Clause;

/// A named fault of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deviation {
    /// The displaced client of a takeover gets no DISCONNECT 0x8E, only the close.
    NoDisconnectOnTakeover,
}

impl Deviation {
    /// Every deviation, in the order of this file.
    pub const ALL: &'static [Self] = &[Self::NoDisconnectOnTakeover];

    /// `no-disconnect-on-takeover`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoDisconnectOnTakeover => "no-disconnect-on-takeover",
        }
    }

    /// The clauses that it breaks: one to three.
    pub fn clauses(self) -> &'static [Clause] {
        &[]
    }

    /// What the broker does wrong, as a lowercase fragment.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::NoDisconnectOnTakeover => "a displaced client is closed without DISCONNECT 0x8E",
        }
    }

    /// The deviation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.name() == name)
    }
}

/// The faults in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// A right broker.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether this fault is in force.
    pub fn has(&self, deviation: Deviation) -> bool {
        self.0.contains(&deviation)
    }
}

impl FromIterator<Deviation> for Deviations {
    fn from_iter<I: IntoIterator<Item = Deviation>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}
