//! Tracks what the steps of a failed case could not send, and which waits cannot succeed because of that.

use mqtt_check_codec::PacketType;

use crate::plan::{Body, Operation, Outgoing, PlannedStep};
use crate::scenario::model::{Expectation, PacketPattern, Pattern};
use crate::transcript::NotReached;

/// Whether something could not be sent, and whether a message was among it.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    is_any: bool,
    /// Whether a message could not be sent. A client may then receive an older message that it would have replaced or
    /// removed.
    is_message: bool,
}

impl Unsent {
    /// Notes that this step could not be played.
    pub(super) fn note(&mut self, step: &PlannedStep, why: &NotReached) {
        let is_lost = matches!(why, NotReached::Lost(_));
        self.is_any |= was_to_send(step) && !is_lost;
        self.is_message |= sends(step, PacketType::PUBLISH) && !is_lost;
    }

    /// Notes that the exchange of a message did not get to its PUBREL. A server may deliver the message only then.
    pub(super) fn note_unreleased(&mut self, step: &PlannedStep) {
        let is_it = sends(step, PacketType::PUBREL);
        self.is_any |= is_it;
        self.is_message |= is_it;
    }

    /// Returns whether a step could not send something that others may wait for.
    pub(super) const fn is_any(&self) -> bool {
        self.is_any
    }

    /// Returns whether messages or their release are expected, while a message could not be sent.
    pub(super) fn may_lack(&self, of: &Expectation) -> bool {
        self.is_message && is_of_messages(of)
    }
}

/// Returns whether a step sends something, or opens a connection to send on.
pub(crate) fn was_to_send(step: &PlannedStep) -> bool {
    match &step.body {
        Body::Client { operations, .. } => {
            let mut operations = operations.iter();
            operations.any(|operation| !matches!(operation, Operation::Await(_)))
        }
        _ => false,
    }
}

/// Returns whether a step sends a packet of this type.
pub(crate) fn sends(step: &PlannedStep, packet_type: PacketType) -> bool {
    let Body::Client { operations, .. } = &step.body else {
        return false;
    };
    let is_it = |item: &Outgoing| matches!(item, Outgoing::Packet(packet) if packet.packet_type == packet_type);
    operations.iter().any(|operation| match operation {
        Operation::Send(items) | Operation::SendFramed(items, _) => items.iter().any(is_it),
        _ => false,
    })
}

/// Returns whether this packet is only ever sent to deliver a message.
fn is_delivery(pattern: &PacketPattern) -> bool {
    matches!(
        pattern.packet_type,
        PacketType::PUBLISH | PacketType::PUBREL
    )
}

/// Returns whether this expects messages, or expects that none is received.
fn is_of_messages(of: &Expectation) -> bool {
    match &of.pattern {
        Pattern::Packet(pattern) => is_delivery(pattern),
        Pattern::Unordered(patterns) => patterns.iter().any(is_delivery),
        Pattern::Silence { of, .. } => of.is_empty() || of.contains(&PacketType::PUBLISH),
        Pattern::InOrder(sequence) => sequence.iter().any(is_of_messages),
        Pattern::AnyOf(alternatives) => alternatives.iter().flatten().any(is_of_messages),
        _ => false,
    }
}
