//! Compares a refusal with the codes that it may have.

use mqtt_check_codec::{Packet, PacketType, ReasonCode};

use crate::scenario::model::{ConnAckRule, Refused};

/// What is wrong with a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalFault {
    /// This packet must not come.
    Forbidden {
        /// Of the packets that it came with, which.
        packet: usize,
        packet_type: PacketType,
        code: ReasonCode,
    },
    /// It may come, with another code.
    Code {
        packet: usize,
        packet_type: PacketType,
        code: ReasonCode,
    },
    NoConnack,
}

impl RefusalFault {
    /// Whether it is the code alone, which is worth less than the closing.
    pub const fn is_of_code(self) -> bool {
        matches!(self, Self::Code { .. })
    }
}

/// Holds the packets that came with a closed connection against what may come. Packets other than CONNACK and
/// DISCONNECT say nothing.
pub fn refusal_faults<'p>(
    refused: &Refused,
    packets: impl IntoIterator<Item = &'p Packet>,
) -> Vec<RefusalFault> {
    let mut faults = Vec::new();
    let mut connack_came = false;
    for (number, packet) in packets.into_iter().enumerate() {
        let (code, packet_type) = match packet {
            Packet::ConnAck(connack) => {
                connack_came = true;
                (connack.reason, PacketType::CONNACK)
            }
            Packet::Disconnect(disconnect) => (disconnect.reason, PacketType::DISCONNECT),
            _ => continue,
        };
        let is_connack = packet_type == PacketType::CONNACK;
        let forbidden = is_connack && refused.connack == ConnAckRule::Never;
        let accepts = is_connack && code == ReasonCode::SUCCESS;
        if forbidden || accepts {
            faults.push(RefusalFault::Forbidden {
                packet: number,
                packet_type,
                code,
            });
        } else if !says_as_much(refused, code) {
            faults.push(RefusalFault::Code {
                packet: number,
                packet_type,
                code,
            });
        }
    }
    if refused.connack == ConnAckRule::Required && !connack_came {
        faults.push(RefusalFault::NoConnack);
    }
    faults
}

/// The codes of version 5 for what is malformed or against the protocol. [5 RULE-4.13.1-1]
const ERRORS: [ReasonCode; 10] = [
    ReasonCode::MALFORMED_PACKET,
    ReasonCode::PROTOCOL_ERROR,
    ReasonCode::RECEIVE_MAXIMUM_EXCEEDED,
    ReasonCode::TOPIC_ALIAS_INVALID,
    ReasonCode::PACKET_TOO_LARGE,
    ReasonCode::RETAIN_NOT_SUPPORTED,
    ReasonCode::QOS_NOT_SUPPORTED,
    ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
    ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
    ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
];

/// Whether this code is one of those that may come, or says no more and no less: 0x80 is for who keeps the reason to
/// himself, and an error that has a code of its own is a malformed packet or a protocol error all the same.
fn says_as_much(refused: &Refused, code: ReasonCode) -> bool {
    let codes = &refused.codes;
    codes.is_empty()
        || codes.contains(&code)
        || code == ReasonCode::UNSPECIFIED_ERROR
        || matches!(
            code,
            ReasonCode::MALFORMED_PACKET | ReasonCode::PROTOCOL_ERROR
        ) && codes.iter().any(|code| ERRORS.contains(code))
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{Disconnect, Properties};

    use super::*;

    /// Whether DISCONNECT with this code is held for the wrong one where these may come.
    fn is_wrong(code: ReasonCode, codes: &[ReasonCode]) -> bool {
        let refused = Refused {
            codes: codes.to_vec(),
            connack: ConnAckRule::Allowed,
        };
        let disconnect = Packet::Disconnect(Disconnect {
            reason: code,
            properties: Properties::new(),
        });
        let faults = refusal_faults(&refused, [&disconnect]);
        faults.iter().any(|fault| fault.is_of_code())
    }

    #[test]
    fn a_code_that_says_less_is_as_good_and_another_is_not() {
        let alias = [ReasonCode::TOPIC_ALIAS_INVALID];
        assert!(!is_wrong(ReasonCode::TOPIC_ALIAS_INVALID, &alias));
        assert!(!is_wrong(ReasonCode::PROTOCOL_ERROR, &alias));
        assert!(!is_wrong(ReasonCode::MALFORMED_PACKET, &alias));
        assert!(!is_wrong(ReasonCode::UNSPECIFIED_ERROR, &alias));
        assert!(is_wrong(ReasonCode::QOS_NOT_SUPPORTED, &alias));
        // It is no error of a packet's.
        let stranger = [ReasonCode::NOT_AUTHORIZED];
        assert!(!is_wrong(ReasonCode::UNSPECIFIED_ERROR, &stranger));
        assert!(is_wrong(ReasonCode::PROTOCOL_ERROR, &stranger));
        assert!(is_wrong(ReasonCode(0x7F), &stranger));
    }
}
