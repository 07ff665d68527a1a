//! Compares a refusal with the reason codes that it may have.

use mqtt_check_codec::{Packet, PacketType, ReasonCode};

use crate::scenario::model::{ConnAckRule, Refused};

/// What is wrong with a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalFault {
    /// This packet must not be sent.
    Forbidden {
        /// The index of the packet among those given.
        packet: usize,
        packet_type: PacketType,
        code: ReasonCode,
    },
    /// The packet is allowed, but has another reason code than expected.
    Code {
        packet: usize,
        packet_type: PacketType,
        code: ReasonCode,
    },
    NoConnack,
}

impl RefusalFault {
    /// Returns whether only the reason code is wrong, which weighs less than not closing the connection.
    pub const fn is_of_code(self) -> bool {
        matches!(self, Self::Code { .. })
    }
}

/// Compares the packets received before a close with the expected refusal. Only CONNACK and DISCONNECT are checked.
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
        } else if !is_equivalent(refused, code) {
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

/// The codes of version 5 for malformed packets and protocol errors. [5 RULE-4.13.1-1]
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

/// Returns whether this code is allowed, or is a general code for the same error. A server may send 0x80 to keep its
/// reason to itself. An error with a code of its own is also a Malformed Packet or a Protocol Error.
fn is_equivalent(refused: &Refused, code: ReasonCode) -> bool {
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

    /// Returns whether DISCONNECT with this code counts as wrong if these codes are allowed.
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
    fn accepts_a_less_specific_reason_code_only() {
        let alias = [ReasonCode::TOPIC_ALIAS_INVALID];
        assert!(!is_wrong(ReasonCode::TOPIC_ALIAS_INVALID, &alias));
        assert!(!is_wrong(ReasonCode::PROTOCOL_ERROR, &alias));
        assert!(!is_wrong(ReasonCode::MALFORMED_PACKET, &alias));
        assert!(!is_wrong(ReasonCode::UNSPECIFIED_ERROR, &alias));
        assert!(is_wrong(ReasonCode::QOS_NOT_SUPPORTED, &alias));
        // NOT_AUTHORIZED is not a packet error.
        let stranger = [ReasonCode::NOT_AUTHORIZED];
        assert!(!is_wrong(ReasonCode::UNSPECIFIED_ERROR, &stranger));
        assert!(is_wrong(ReasonCode::PROTOCOL_ERROR, &stranger));
        assert!(is_wrong(ReasonCode(0x7F), &stranger));
    }
}
