//! What is wrong, without the names, numbers and texts of the case. Findings that come from one defect have the same
//! symptom in every case.

use std::fmt;

use mqtt_check_codec::PacketType;

use super::blame::{Aspect, Event, Wrong};
use crate::transcript::{Ended, EventIndex, Transcript, What};

/// What is wrong, by kind.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Symptom {
    /// Each thing that is wrong, in a word or two: `no PUBREC`, `extra PUBLISH`, `QoS`.
    things: Vec<String>,
    /// How the wait ended, if that makes a difference: `closed`, `but PUBACK` (a PUBACK was received instead).
    ending: Option<String>,
    /// The answer that was received instead of the missing one.
    instead: Option<u8>,
    /// Types of packets that should have been received and were not.
    missing: Vec<u8>,
    /// Types of packets that were received and should not have been.
    extra: Vec<u8>,
    /// Types of packets with a wrong or unexpected field.
    differing: Vec<u8>,
    /// Whether a reason code differs.
    other_reason: bool,
    /// Whether a session that should have been resumed was not.
    not_resumed: bool,
    /// Whether a connection that should have been closed stayed open.
    stayed_open: bool,
}

impl Symptom {
    /// Returns the symptom of a step, or of leftover packets.
    pub(super) fn of(wrong: &[Wrong], fields: &[String]) -> Self {
        let mut symptom = Self::default();
        for wrong in wrong {
            symptom.add(wrong);
        }
        // A refusal may fail by its reason code alone.
        symptom.stayed_open &= fields.is_empty();
        symptom.other_reason = fields.iter().any(|f| f == "reason" || f == "reasons");
        symptom.things.extend(fields.iter().cloned());
        symptom.things.sort();
        symptom.things.dedup();
        symptom
    }

    /// Returns the symptom of a broken monitor rule: the rule's own words and the packet that breaks it.
    pub(super) fn of_rule(rule: &str, event: EventIndex, transcript: &Transcript) -> Self {
        let packet_type = received(event, transcript);
        Self {
            things: vec![rule.to_owned()],
            differing: packet_type.iter().map(|t| t.0).collect(),
            ..Self::default()
        }
    }

    /// Returns the symptom of a connection that stays open.
    pub(crate) fn open_connection() -> Self {
        Self::of(&[Wrong::Event(Event::StayedOpen)], &[])
    }

    fn add(&mut self, wrong: &Wrong) {
        match wrong {
            Wrong::Event(Event::Missing(t)) => self.missing.push(t.0),
            Wrong::Event(Event::NotResent | Event::NotRetained) => {
                self.missing.push(PacketType::PUBLISH.0)
            }
            Wrong::Event(Event::Extra(t)) => self.extra.push(t.0),
            Wrong::Event(
                Event::Repeated(_)
                | Event::Unsubscribed
                | Event::Expired
                | Event::Own
                | Event::Obsolete(_),
            ) => self.extra.push(PacketType::PUBLISH.0),
            Wrong::Event(Event::Field(t)) => self.differing.push(t.0),
            Wrong::Event(Event::Refused) => self.differing.push(PacketType::CONNACK.0),
            Wrong::Event(Event::StayedOpen) => self.stayed_open = true,
            Wrong::Aspect(Aspect::NotResumed) => self.not_resumed = true,
            Wrong::Aspect(Aspect::AckId) => self.differing.push(PacketType::PUBACK.0),
            Wrong::Aspect(Aspect::RequestId) => self.differing.push(PacketType::SUBACK.0),
            Wrong::Aspect(_) | Wrong::Event(_) | Wrong::Bytes(_) => {}
        }
        self.things.push(match wrong {
            Wrong::Event(Event::Missing(t)) => format!("no {t}"),
            Wrong::Event(Event::NotRetained) => format!("no {}", PacketType::PUBLISH),
            Wrong::Event(Event::Extra(t)) => format!("extra {t}"),
            Wrong::Event(
                Event::Unsubscribed | Event::Expired | Event::Own | Event::Obsolete(_),
            ) => format!("extra {}", PacketType::PUBLISH),
            Wrong::Event(Event::Field(t)) => format!("{t} differs"),
            Wrong::Event(Event::Refused) => format!("{} differs", PacketType::CONNACK),
            Wrong::Event(event) => format!("{event:?}"),
            Wrong::Aspect(aspect) => format!("{aspect:?}"),
            Wrong::Bytes(clause) => format!("bytes {}", clause.unwrap_or("malformed")),
        });
    }

    /// Adds how the wait ended, and which answer was received instead of a missing one.
    pub(super) fn ended(
        mut self,
        ended: Ended,
        events: &[EventIndex],
        transcript: &Transcript,
    ) -> Self {
        if self.missing.is_empty() {
            return self;
        }
        let is_answered = ended == Ended::TimedOut && self.lacks(is_answer);
        let mut types = events.iter().rev().filter_map(|e| received(*e, transcript));
        self.instead = types.find(|t| is_answered && is_answer(*t)).map(|t| t.0);
        self.ending = match ended {
            Ended::Closed | Ended::Reset => Some("closed".to_owned()),
            Ended::NoConnection => Some("no connection".to_owned()),
            Ended::TimedOut | Ended::Complete => {
                let instead = self.instead.map(PacketType);
                instead.map(|t| format!("but {t}"))
            }
        };
        self
    }

    /// Returns whether a packet of such a type is missing.
    pub fn lacks(&self, is_type: impl Fn(PacketType) -> bool) -> bool {
        self.missing.iter().any(|t| is_type(PacketType(*t)))
    }

    /// Returns whether the only problem is that packets are missing on a connection that stayed open.
    pub fn is_absence(&self) -> bool {
        let mut missing = self.missing.clone();
        missing.sort_unstable();
        missing.dedup();
        // Each missing packet is one thing, so more things mean that something else is wrong too.
        let is_all = !missing.is_empty() && missing.len() == self.things.len();
        is_all && !self.is_cut_off()
    }

    /// Returns whether a packet of this type is missing.
    pub fn is_missing(&self, packet_type: PacketType) -> bool {
        self.missing.contains(&packet_type.0)
    }

    /// Returns whether a packet of such a type was received that should not have been.
    pub fn has_extra(&self, is_type: impl Fn(PacketType) -> bool) -> bool {
        self.extra.iter().any(|t| is_type(PacketType(*t)))
    }

    /// Returns whether a packet of such a type has a wrong or unexpected field.
    pub fn differs(&self, is_type: impl Fn(PacketType) -> bool) -> bool {
        self.differing.iter().any(|t| is_type(PacketType(*t)))
    }

    /// Returns whether a packet of such a type has an unexpected reason code. The request may have been refused.
    pub fn has_other_reason(&self, is_type: impl Fn(PacketType) -> bool) -> bool {
        self.other_reason && self.differs(is_type)
    }

    /// Returns the answer that was received instead of the missing one.
    pub fn came_instead(&self) -> Option<PacketType> {
        self.instead.map(PacketType)
    }

    /// Returns whether a session that should have been resumed was not.
    pub const fn is_lost_session(&self) -> bool {
        self.not_resumed
    }

    /// Returns whether a connection that should have been closed stayed open.
    pub const fn is_open_connection(&self) -> bool {
        self.stayed_open
    }

    /// Returns whether the connection was closed, or did not exist, during the wait.
    pub fn is_cut_off(&self) -> bool {
        matches!(self.ending.as_deref(), Some("closed" | "no connection"))
    }
}

/// `no PUBREC, but PUBACK`.
impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.things.join(", "))?;
        match &self.ending {
            Some(ending) => write!(f, ", {ending}"),
            None => Ok(()),
        }
    }
}

/// Returns whether a packet of this type answers a packet of the client.
fn is_answer(packet_type: PacketType) -> bool {
    matches!(
        packet_type,
        PacketType::CONNACK | PacketType::SUBACK | PacketType::UNSUBACK | PacketType::PINGRESP
    ) || is_acknowledgement(packet_type)
}

/// Returns whether a packet of this type is part of the delivery of a message.
pub(crate) fn is_acknowledgement(packet_type: PacketType) -> bool {
    matches!(
        packet_type,
        PacketType::PUBACK | PacketType::PUBREC | PacketType::PUBREL | PacketType::PUBCOMP
    )
}

fn received(event: EventIndex, transcript: &Transcript) -> Option<PacketType> {
    match &transcript.events[event.0].what {
        What::Received { frame, .. } => Some(frame.packet_type()),
        _ => None,
    }
}

#[cfg(test)]
impl Symptom {
    pub(crate) fn no(packet_type: PacketType) -> Self {
        Self::of(&[Wrong::Event(Event::Missing(packet_type))], &[])
    }

    pub(crate) fn extra(packet_type: PacketType) -> Self {
        Self::of(&[Wrong::Event(Event::Extra(packet_type))], &[])
    }

    pub(crate) fn differing(packet_type: PacketType, field: &str) -> Self {
        let wrong = [Wrong::Event(Event::Field(packet_type))];
        Self::of(&wrong, &[field.to_owned()])
    }

    pub(crate) fn lost_session() -> Self {
        Self::of(&[Wrong::Aspect(Aspect::NotResumed)], &[])
    }
}
