//! Deliberate faults. Each breaks the one line that enforces its clauses.

mod table;

use mqtt_check_codec::{Clause, DecodeError, PacketType};

pub use table::{Fault, Faults};

/// The clauses of decoding errors about malformed strings.
const TEXT: [Clause; 4] = [
    Clause::v5("MQTT-1.5.4-1"),
    Clause::v5("MQTT-1.5.4-2"),
    Clause::v3_1_1("MQTT-1.5.3-1"),
    Clause::v3_1_1("MQTT-1.5.3-2"),
];

macro_rules! faults {
    (
        faults { $($fault:ident $fault_name:literal [$($fault_clause:tt)+] $(seen $fault_threads:tt)? $fault_summary:literal,)* }
        tolerated { $($variant:ident $name:literal [$($clause:tt)+] $(in $packet:ident $field:literal)? $(seen $threads:tt)? $summary:literal,)* }
    ) => {
        departures! {
            /// A named fault of the broker.
            Fault,
            /// The faults in force.
            Faults:
            $($fault $fault_name [$($fault_clause)+] $(seen $fault_threads)? $fault_summary,)*
            $($variant $name [$($clause)+] $(seen $threads)? $summary,)*
        }

        impl Fault {
            /// The faults that tolerate a decoding error. If a packet and a field are given, the error must be there.
            pub(super) const TOLERATED: &'static [(Self, Option<(PacketType, &'static str)>)] = &[
                $((Self::$variant, faults!(@place $($packet $field)?)),)*
            ];
        }
    };
    (@place) => { None };
    (@place $packet:ident $field:literal) => { Some((PacketType::$packet, $field)) };
}
use faults;

impl Fault {
    /// Returns the clauses that a decoding error may cite, for a fault that names a packet and a field.
    const fn in_place(self) -> &'static [Clause] {
        match self {
            Self::WillResponseTopicUnchecked => self.clauses(),
            _ => &TEXT,
        }
    }
}

impl Faults {
    /// Returns whether a packet with this error is ignored.
    pub fn tolerate(&self, error: &DecodeError) -> bool {
        let Some(clause) = error.clause.filter(|_| !self.is_none()) else {
            return false;
        };
        let tolerates = |(fault, place): &(Fault, Option<_>)| match *place {
            None => fault.clauses().contains(&clause),
            Some(place) => {
                place == (error.packet, error.field) && fault.in_place().contains(&clause)
            }
        };
        self.tolerated(tolerates)
    }

    /// Returns whether a Topic Filter that breaks this clause is accepted.
    pub fn tolerate_filter(&self, clause: Clause) -> bool {
        !self.is_none()
            && self.tolerated(|(fault, place)| place.is_none() && fault.clauses().contains(&clause))
    }

    /// Returns whether one of the faults that the function accepts is in force.
    fn tolerated(
        &self,
        is_meant: impl Fn(&(Fault, Option<(PacketType, &'static str)>)) -> bool,
    ) -> bool {
        let mut meant = Fault::TOLERATED.iter().filter(|row| is_meant(row));
        meant.any(|(fault, _)| self.has(*fault))
    }
}
