//! Deliberate faults, each at the one line that holds its clauses up.

mod table;

use mqtt_check_codec::{Clause, DecodeError, PacketType};

pub use table::Deviation;

/// Words in a row of 64 faults each.
const WORDS: usize = 6;

/// What decoding says of strings that are no text.
const TEXT: [Clause; 4] = [
    Clause::v5("MQTT-1.5.4-1"),
    Clause::v5("MQTT-1.5.4-2"),
    Clause::v3_1_1("MQTT-1.5.3-1"),
    Clause::v3_1_1("MQTT-1.5.3-2"),
];

macro_rules! deviations {
    (
        faults { $($fault:ident $fault_name:literal [$($fault_clause:tt)+] $fault_summary:literal,)* }
        tolerated { $($variant:ident $name:literal [$($clause:tt)+] $(in $packet:ident $field:literal)? $summary:literal,)* }
    ) => {
        /// A named fault of the broker.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Deviation {
            $(#[doc = $fault_summary] $fault,)*
            $(#[doc = $summary] $variant,)*
        }

        impl Deviation {
            /// Every deviation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$fault,)* $(Self::$variant,)*];

            /// Those that let something pass, and where it must stand if that matters.
            pub(super) const TOLERATED: &'static [(Self, Option<(PacketType, &'static str)>)] = &[
                $((Self::$variant, deviations!(@place $($packet $field)?)),)*
            ];

            /// As the command line has it: `no-disconnect-on-takeover`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $fault_name,)*
                    $(Self::$variant => $name,)*
                }
            }

            /// The clauses that it breaks: one to three.
            pub const fn clauses(self) -> &'static [Clause] {
                match self {
                    $(Self::$fault => deviations!(@clauses $($fault_clause)+),)*
                    $(Self::$variant => deviations!(@clauses $($clause)+),)*
                }
            }

            /// What the broker does wrong, as a lowercase fragment.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$fault => $fault_summary,)*
                    $(Self::$variant => $summary,)*
                }
            }
        }
    };
    (@place) => { None };
    (@place $packet:ident $field:literal) => { Some((PacketType::$packet, $field)) };
    (@clauses $($version:ident $id:literal),+) => {
        &[$(Clause { version: ProtocolVersion::$version, id: $id }),+]
    };
}
use deviations;

impl Deviation {
    /// The deviation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.name() == name)
    }
}

/// The faults in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deviations([u64; WORDS]);

const _: () = assert!(Deviation::ALL.len() <= WORDS * 64, "more WORDS are needed");

impl Deviations {
    /// A right broker.
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Whether it is a right broker.
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// Whether this fault is in force.
    pub const fn has(&self, deviation: Deviation) -> bool {
        let bit = deviation as usize;
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }

    /// Whether a packet that is wrong in this way is passed over.
    pub fn tolerate(&self, error: &DecodeError) -> bool {
        let Some(clause) = error.clause.filter(|_| !self.is_none()) else {
            return false;
        };
        self.in_force().any(|(deviation, place)| match place {
            None => deviation.clauses().contains(&clause),
            Some(place) => place == (error.packet, error.field) && TEXT.contains(&clause),
        })
    }

    /// Whether a Topic Filter that breaks this clause is granted.
    pub fn tolerate_filter(&self, clause: Clause) -> bool {
        !self.is_none()
            && self
                .in_force()
                .any(|(deviation, place)| place.is_none() && deviation.clauses().contains(&clause))
    }

    fn in_force(&self) -> impl Iterator<Item = (Deviation, Option<(PacketType, &'static str)>)> {
        Deviation::TOLERATED
            .iter()
            .copied()
            .filter(|(deviation, _)| self.has(*deviation))
    }
}

impl FromIterator<Deviation> for Deviations {
    fn from_iter<I: IntoIterator<Item = Deviation>>(iter: I) -> Self {
        let mut deviations = Self::none();
        for deviation in iter {
            let bit = deviation as usize;
            deviations.0[bit / 64] |= 1 << (bit % 64);
        }
        deviations
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_deviation_has_its_own_name_and_one_to_three_clauses() {
        let mut names = BTreeSet::new();
        for deviation in Deviation::ALL {
            assert!(names.insert(deviation.name()), "{}", deviation.name());
            assert_eq!(Deviation::from_name(deviation.name()), Some(*deviation));
            assert!((1..=3).contains(&deviation.clauses().len()));
        }
    }

    #[test]
    fn a_set_has_what_it_was_made_of_and_nothing_else() {
        for chosen in Deviation::ALL {
            let set = Deviations::from_iter([*chosen]);
            for other in Deviation::ALL {
                assert_eq!(set.has(*other), chosen == other);
            }
        }
    }
}
