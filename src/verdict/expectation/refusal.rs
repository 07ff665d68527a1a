//! Judges whether a broker refused a client, and with which code.

use mqtt_check_codec::{Packet, PacketType, ReasonCode};

use super::{Judge, Judged};
use crate::matcher::{RefusalFault, describe_literal, describe_refused, refusal_faults};
use crate::scenario::model::{Level, Literal, Refused};
use crate::transcript::{EventIndex, Outcome, What};
use crate::verdict::blame::{Event, Wrong, is_late_connack};
use crate::verdict::wording::{lane_at, span, waited};

impl Judge<'_> {
    /// Judges the packets of a refusal. The connection is closed, which is the MUST. What remains is the reason code.
    pub(super) fn refused(&mut self, refused: &Refused, taken: &[EventIndex]) {
        let transcript = self.transcript;
        let packets: Vec<(EventIndex, &Packet)> = taken
            .iter()
            .filter_map(|event| match &transcript.events[event.0].what {
                // A packet that was decoded leniently may be of another protocol version. A CONNACK after the one that
                // accepted does not refuse anything. Its place is what is wrong.
                What::Received {
                    packet: Ok(packet),
                    faults,
                    ..
                } => (faults.is_empty() && !is_late_connack(transcript, *event))
                    .then_some((*event, packet)),
                _ => None,
            })
            .collect();
        // A malformed CONNACK is still a CONNACK.
        let is_malformed = taken.iter().any(|event| {
            matches!(&transcript.events[event.0].what, What::Received { frame, packet, faults, .. }
                if frame.packet_type() == PacketType::CONNACK && (packet.is_err() || !faults.is_empty()))
        });
        for fault in refusal_faults(refused, packets.iter().map(|(_, packet)| *packet)) {
            if is_malformed && matches!(fault, RefusalFault::NoConnack) {
                continue;
            }
            let is_code = !matches!(fault, RefusalFault::NoConnack);
            let (actual, events, level) = match fault {
                RefusalFault::Forbidden {
                    packet,
                    packet_type,
                    code,
                } => {
                    let words = self.received_with_code(packet_type, code);
                    (words, vec![packets[packet].0], None)
                }
                RefusalFault::Code {
                    packet,
                    packet_type,
                    code,
                } => {
                    let words = self.received_with_code(packet_type, code);
                    (words, vec![packets[packet].0], Some(Level::Should))
                }
                RefusalFault::NoConnack => {
                    let words = "the connection was closed without a CONNACK".to_owned();
                    (words, taken.to_vec(), None)
                }
            };
            self.found.push(Judged {
                expected: vec![describe_refused(refused, self.version)],
                actual,
                events,
                level,
                wrong: vec![Wrong::Event(Event::StayedOpen)],
                is_malformed: false,
                is_slow: false,
                is_late: false,
                fields: is_code
                    .then(|| "reason code".to_owned())
                    .into_iter()
                    .collect(),
            });
        }
    }

    pub(super) fn received_with_code(&self, packet_type: PacketType, code: ReasonCode) -> String {
        let code = describe_literal(&Literal::Reason(code), packet_type, self.version);
        format!("received {packet_type} {code}")
    }

    pub(super) fn not_refused(&self, outcome: &Outcome) -> String {
        let received = self.describe_received(&outcome.taken);
        if outcome.taken.is_empty() {
            return format!("the connection stayed open for {}", span(waited(outcome)));
        }
        // A CONNACK that accepts rules out a refusal, whatever happens to the connection later.
        let lane = lane_at(self.transcript, self.client, outcome.at);
        let mut events = self.transcript.events.iter();
        let closed = events.find(|event| {
            Some(event.lane) == lane
                && event.at >= outcome.at
                && matches!(event.what, What::Closed(_))
        });
        match closed {
            Some(closed) => format!(
                "received {received}, but the connection was closed only after {}",
                span(closed.at.saturating_sub(outcome.since))
            ),
            None => format!("received {received}, but the connection stayed open"),
        }
    }
}
