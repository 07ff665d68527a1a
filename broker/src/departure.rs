//! What faults and permitted variations have in common: a table of names, and a set of those in force.
//!
//! A set can also be watched. Then none of its members is in force, and each one that the broker asks about is noted. A
//! member that the broker never asks about cannot change what the broker does.

use crate::{Faults, Liberties};

/// Defines an enum of names, each with its clauses and a summary, and the set of those in force.
macro_rules! departures {
    (
        $(#[$one_doc:meta])* $one:ident,
        $(#[$set_doc:meta])* $set:ident:
        $($variant:ident $name:literal [$($version:ident $id:literal),+] $(seen [$($thread:literal),+])? $summary:literal,)*
    ) => {
        $(#[$one_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $one {
            $(#[doc = $summary] $variant,)*
        }

        impl $one {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name, as on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the clauses that it is about, one to four.
            pub const fn clauses(self) -> &'static [Clause] {
                match self {
                    $(Self::$variant => &[
                        $(Clause { version: ProtocolVersion::$version, id: $id }),+
                    ],)*
                }
            }

            /// Returns the reports of real brokers that do this, such as `mosquitto#2342`.
            pub const fn threads(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($($thread),+)?],)*
                }
            }

            /// Returns what the broker does, as a lowercase fragment.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }

            /// Returns the one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        $(#[$set_doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $set([u64; ($one::ALL.len() + 1) / 64 + 1]);

        impl $set {
            /// Returns the empty set.
            pub const fn none() -> Self {
                Self([0; ($one::ALL.len() + 1) / 64 + 1])
            }

            /// Returns whether the set is empty. A broker asks this for each packet, so the answer is one bit.
            pub const fn is_none(&self) -> bool {
                !self.has_bit($one::ALL.len() + 1)
            }

            /// Returns a watched set. None is in force, but each one that a broker asks about is noted for its thread.
            pub const fn watched() -> Self {
                Self([u64::MAX; ($one::ALL.len() + 1) / 64 + 1])
            }

            /// Returns those that brokers with a [watched](Self::watched) set have asked about on this thread since the
            /// last call.
            pub fn take_consulted() -> Self {
                CONSULTED.replace(Self::none())
            }

            /// Returns whether this one is in force. A broker asks this before it departs from its usual behavior.
            pub fn has(&self, one: $one) -> bool {
                self.contains(one) && !self.notes(one)
            }

            /// Notes it if the set is watched, and returns whether the set is watched.
            #[cold]
            fn notes(&self, one: $one) -> bool {
                if self.is_watched() {
                    let mut consulted = CONSULTED.get();
                    consulted.insert(one);
                    CONSULTED.set(consulted);
                }
                self.is_watched()
            }

            /// Returns those in force. This does not count as asking, so nothing is noted.
            pub fn in_force(&self) -> impl Iterator<Item = $one> {
                let is_watched = self.is_watched();
                let each = $one::ALL.iter().copied();
                each.filter(move |one| !is_watched && self.contains(*one))
            }

            /// The bit after those of all members states whether the set is watched. The bit after that one states
            /// whether it has members.
            const fn is_watched(&self) -> bool {
                self.has_bit($one::ALL.len())
            }

            const fn contains(&self, one: $one) -> bool {
                self.has_bit(one as usize)
            }

            const fn has_bit(&self, bit: usize) -> bool {
                self.0[bit / 64] & (1 << (bit % 64)) != 0
            }

            const fn insert(&mut self, one: $one) {
                self.set_bit(one as usize);
                self.set_bit($one::ALL.len() + 1);
            }

            const fn set_bit(&mut self, bit: usize) {
                self.0[bit / 64] |= 1 << (bit % 64);
            }
        }

        thread_local! {
            static CONSULTED: std::cell::Cell<$set> = const { std::cell::Cell::new($set::none()) };
        }

        impl FromIterator<$one> for $set {
            fn from_iter<I: IntoIterator<Item = $one>>(iter: I) -> Self {
                let mut set = Self::none();
                for one in iter {
                    set.insert(one);
                }
                set
            }
        }
    };
}
pub(crate) use departures;

/// How a broker departs from its usual behavior.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conduct {
    /// The faults in force.
    pub faults: Faults,
    /// The permitted variations in force.
    pub liberties: Liberties,
}

impl From<Faults> for Conduct {
    fn from(faults: Faults) -> Self {
        Self {
            faults,
            liberties: Liberties::none(),
        }
    }
}

impl From<Liberties> for Conduct {
    fn from(liberties: Liberties) -> Self {
        Self {
            faults: Faults::none(),
            liberties,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{Config, Fault, Faults, Liberties, Liberty};

    /// Checks what must be true of every row of a table.
    macro_rules! check {
        ($one:ident, $set:ident) => {
            let mut names = BTreeSet::new();
            for one in $one::ALL {
                assert!(names.insert(one.name()), "{}", one.name());
                assert_eq!($one::from_name(one.name()), Some(*one));
                assert!((1..=4).contains(&one.clauses().len()), "{}", one.name());
                for thread in one.threads() {
                    let number = thread.split_once('#').map(|(_, number)| number);
                    let is_number = |n: &str| n.parse::<u32>().is_ok();
                    assert!(number.is_some_and(is_number), "{}: {thread}", one.name());
                }
                let set = $set::from_iter([*one]);
                assert!(!set.is_none(), "{}", one.name());
                for other in $one::ALL {
                    assert_eq!(set.has(*other), one == other);
                }
                assert_eq!($set::take_consulted(), $set::none());
                assert!(!$set::watched().has(*one));
                assert_eq!($set::take_consulted(), set);
            }
            let all: $set = $one::ALL.iter().copied().collect();
            assert!($one::ALL.iter().all(|one| all.has(*one)));
            assert_eq!($set::take_consulted(), $set::none());
            assert!(!$set::watched().is_none());
            assert!($set::none().is_none() && $set::default().is_none());
        };
    }

    #[test]
    fn each_has_its_own_name_and_a_set_has_what_it_was_made_of_or_notes_what_it_is_asked() {
        check!(Fault, Faults);
        check!(Liberty, Liberties);
    }

    #[test]
    fn watched_liberties_configure_nothing() {
        assert_eq!(Liberties::watched().config(), Config::default());
        assert_eq!(Liberties::take_consulted(), Liberties::none());
    }

    #[test]
    fn no_liberty_has_the_name_of_a_fault() {
        for liberty in Liberty::ALL {
            assert_eq!(Fault::from_name(liberty.name()), None);
        }
    }
}
