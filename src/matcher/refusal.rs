//! What a refusal says, against what it may say.

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
        } else if !refused.codes.is_empty() && !refused.codes.contains(&code) {
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
