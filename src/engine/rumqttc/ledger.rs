//! Follows how the library keeps its half of a session, by the packets that it sends and receives. Pure: packets in,
//! facts in words out.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::{Packet, QoS};

use super::application::Taken;

/// The open exchanges of a library, over all of its connections.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The number of the connection. 1 is the first.
    connection: u32,
    /// The QoS 1 and 2 messages that it sent and that are not acknowledged, by Packet Identifier.
    outstanding: BTreeMap<u16, Outstanding>,
    /// The QoS 2 messages that its application has received and whose exchange is not over.
    half_received: BTreeSet<u16>,
}

/// A message that the library has sent.
#[derive(Debug)]
struct Outstanding {
    qos: QoS,
    /// The connection on which it was last sent.
    connection: u32,
    /// Whether PUBREL has been sent.
    released: bool,
    /// Whether the broker still had its session when the client reconnected.
    resumed: bool,
}

impl Ledger {
    /// Notes a packet that the library has written.
    pub(super) fn wrote(&mut self, packet: &Packet) -> Option<String> {
        let id = packet.packet_id()?.get();
        match packet {
            Packet::Publish(publish) => {
                let connection = self.connection;
                let Some(known) = self.outstanding.get_mut(&id) else {
                    self.outstanding.insert(
                        id,
                        Outstanding {
                            qos: publish.qos,
                            connection,
                            released: false,
                            resumed: false,
                        },
                    );
                    return None;
                };
                known.connection = connection;
                Some(format!(
                    "resent PUBLISH {id} (QoS {}) with DUP {}",
                    publish.qos,
                    u8::from(publish.dup)
                ))
            }
            Packet::PubRel(_) => {
                let known = self.outstanding.get_mut(&id)?;
                let again = known.released && known.connection < self.connection;
                known.released = true;
                known.connection = self.connection;
                again.then(|| format!("resent PUBREL {id}"))
            }
            Packet::PubComp(_) => {
                self.half_received.remove(&id);
                None
            }
            _ => None,
        }
    }

    /// Notes a packet that was passed to the library.
    pub(super) fn given(&mut self, packet: &Packet) {
        let Some(id) = packet.packet_id() else {
            return;
        };
        let settled = match packet {
            Packet::PubAck(_) | Packet::PubComp(_) => true,
            Packet::PubRec(ack) => !ack.reason.is_success(),
            _ => false,
        };
        if settled {
            self.outstanding.remove(&id.get());
        }
    }

    /// Notes a packet that the library has reported to its application.
    pub(super) fn took(&mut self, taken: &Taken) -> Option<String> {
        match taken {
            Taken::Connected { session_present } => {
                self.connection += 1;
                if *session_present {
                    for message in self.outstanding.values_mut() {
                        message.resumed = true;
                    }
                } else {
                    self.half_received.clear();
                    self.outstanding.clear();
                }
                None
            }
            Taken::Publish { packet_id, qos: 2 } => (!self.half_received.insert(*packet_id))
                .then(|| format!("gave its application the QoS 2 message {packet_id} again")),
            Taken::Publish { .. } | Taken::Other => None,
        }
    }

    /// Returns what the library should have sent again but did not, at the end of the play.
    pub(super) fn close(&self) -> Vec<String> {
        self.outstanding
            .iter()
            .filter(|(_, message)| message.resumed && message.connection < self.connection)
            .map(|(id, message)| {
                let what = if message.released {
                    format!("PUBREL {id}")
                } else {
                    format!("PUBLISH {id} (QoS {})", message.qos)
                };
                format!("did not resend {what}")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use bytes::Bytes;
    use mqtt_check_codec::{Ack, Properties, Publish, ReasonCode};

    use super::*;

    const ONE: NonZeroU16 = NonZeroU16::MIN;

    fn publish(qos: QoS, dup: bool) -> Packet {
        Packet::Publish(Publish {
            dup,
            qos,
            retain: false,
            topic: "t".into(),
            packet_id: Some(ONE),
            properties: Properties::new(),
            payload: Bytes::new(),
        })
    }

    fn ack() -> Ack {
        Ack {
            packet_id: ONE,
            reason: ReasonCode::SUCCESS,
            properties: Properties::new(),
        }
    }

    fn connected(ledger: &mut Ledger, session_present: bool) {
        assert_eq!(ledger.took(&Taken::Connected { session_present }), None);
    }

    #[test]
    fn a_message_sent_again_is_a_fact() {
        let mut ledger = Ledger::default();
        connected(&mut ledger, false);
        assert_eq!(ledger.wrote(&publish(QoS::AtLeastOnce, false)), None);
        connected(&mut ledger, true);
        assert_eq!(
            ledger.wrote(&publish(QoS::AtLeastOnce, false)).as_deref(),
            Some("resent PUBLISH 1 (QoS 1) with DUP 0")
        );
        ledger.given(&Packet::PubAck(ack()));
        assert_eq!(ledger.close(), Vec::<String>::new());
    }

    #[test]
    fn a_message_not_sent_again_is_a_fact() {
        let mut ledger = Ledger::default();
        connected(&mut ledger, false);
        ledger.wrote(&publish(QoS::ExactlyOnce, false));
        ledger.given(&Packet::PubRec(ack()));
        assert_eq!(ledger.wrote(&Packet::PubRel(ack())), None);
        connected(&mut ledger, true);
        assert_eq!(ledger.close(), ["did not resend PUBREL 1"]);
        assert_eq!(
            ledger.wrote(&Packet::PubRel(ack())).as_deref(),
            Some("resent PUBREL 1")
        );
        assert_eq!(ledger.close(), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_owed_without_a_session() {
        let mut ledger = Ledger::default();
        connected(&mut ledger, false);
        ledger.wrote(&publish(QoS::AtLeastOnce, false));
        connected(&mut ledger, false);
        assert_eq!(ledger.close(), Vec::<String>::new());
        assert_eq!(ledger.wrote(&publish(QoS::AtLeastOnce, false)), None);
    }

    #[test]
    fn a_qos2_message_given_twice_is_a_fact() {
        let message = Taken::Publish {
            packet_id: 1,
            qos: 2,
        };
        let mut ledger = Ledger::default();
        connected(&mut ledger, false);
        assert_eq!(ledger.took(&message), None);
        connected(&mut ledger, true);
        assert_eq!(
            ledger.took(&message).as_deref(),
            Some("gave its application the QoS 2 message 1 again")
        );
        ledger.wrote(&Packet::PubComp(ack()));
        assert_eq!(ledger.took(&message), None);
        connected(&mut ledger, false);
        assert_eq!(ledger.took(&message), None);
    }
}
