//! Choices that the standard leaves open, each at the one line where the broker makes it. A broker with other choices
//! conforms as well, so no check may fail it.

mod table;

use std::time::Duration;

use mqtt_check_codec::Clause;

pub use table::{Liberties, Liberty};

use crate::Config;

macro_rules! liberties {
    (
        choices { $($choice:ident $choice_name:literal [$($choice_clause:tt)+] $(against [$($choice_should:tt)+])? $choice_summary:literal,)* }
        settings { $($variant:ident $name:literal [$($clause:tt)+] $(against [$($should:tt)+])? ($set:expr) $summary:literal,)* }
    ) => {
        departures! {
            /// A named choice of the broker.
            Liberty,
            /// The choices in force.
            Liberties:
            $($choice $choice_name [$($choice_clause)+] $choice_summary,)*
            $($variant $name [$($clause)+] $summary,)*
        }

        impl Liberty {
            /// Returns the advice of the standard that the choice does not follow. Steps at the level of advice that
            /// cite it may report that.
            pub const fn against(self) -> &'static [Clause] {
                match self {
                    $(Self::$choice => liberties!(@clauses $($($choice_should)+)?),)*
                    $(Self::$variant => liberties!(@clauses $($($should)+)?),)*
                }
            }

            /// Applies the choice to the configuration. Most choices change nothing there.
            pub(super) fn configure(self, config: &mut Config) {
                match self {
                    $(Self::$variant => {
                        let set: fn(&mut Config) = $set;
                        set(config);
                    })*
                    _ => {}
                }
            }
        }
    };
    (@clauses $($version:ident $id:literal),*) => {
        &[$(Clause { version: ProtocolVersion::$version, id: $id }),*]
    };
}
use liberties;

/// How late a server forwards messages that forwards all of them late.
const LATE_BY: Duration = Duration::from_millis(500);
/// How late a server forwards messages that other messages may overtake.
const OVERTAKEN_WITHIN: Duration = Duration::from_millis(100);

impl Liberties {
    /// Returns how long after it has accepted a message the broker forwards it to a connected client, at most.
    pub fn forwarding_delay(&self) -> Duration {
        if self.has(Liberty::LiveMessagesLate) {
            LATE_BY
        } else if self.has(Liberty::Qos0SentFirst)
            || self.has(Liberty::TopicsOvertake)
            || self.has(Liberty::PublishersOvertake)
        {
            OVERTAKEN_WITHIN
        } else {
            Duration::ZERO
        }
    }

    /// Returns the default configuration, changed by the choices in force.
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        for liberty in self.in_force() {
            liberty.configure(&mut config);
        }
        config
    }
}

/// The prefix of a section that takes the place of a clause, as in `section 3.8.4`.
const SECTION: &str = "section ";

/// Returns the number of the section, if a section takes the place of a clause.
pub fn section(clause: Clause) -> Option<&'static str> {
    clause.id.strip_prefix(SECTION)
}
