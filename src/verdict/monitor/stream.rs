//! Reads what the client sent as a broker would. A packet with overridden fields counts as what it became.

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{Frame, Packet, PacketType, ProtocolVersion};

/// What one write of the client contains.
#[derive(Debug)]
pub(super) struct ClientWrite {
    /// The packets before the first fault.
    pub(super) packets: Vec<Packet>,
    /// Whether some part is not a whole packet, or not a packet that a client sends.
    pub(super) is_faulty: bool,
}

/// Reads one write. Packets do not continue in the next write, so part of a packet counts as a fault.
pub(super) fn read(bytes: &Bytes, version: ProtocolVersion) -> ClientWrite {
    if let Ok(frame) = Frame::from_bytes(bytes.clone()) {
        return match understand(&frame, version) {
            Some(packet) => ClientWrite {
                packets: vec![packet],
                is_faulty: false,
            },
            None => ClientWrite {
                packets: Vec::new(),
                is_faulty: true,
            },
        };
    }
    let mut rest = BytesMut::from(&bytes[..]);
    let mut packets = Vec::new();
    while let Ok(Some(frame)) = Frame::read(&mut rest, usize::MAX) {
        match understand(&frame, version) {
            Some(packet) => packets.push(packet),
            None => {
                return ClientWrite {
                    packets,
                    is_faulty: true,
                };
            }
        }
    }
    ClientWrite {
        packets,
        is_faulty: !rest.is_empty(),
    }
}

fn understand(frame: &Frame, version: ProtocolVersion) -> Option<Packet> {
    let is_servers = matches!(
        frame.packet_type(),
        PacketType::CONNACK | PacketType::SUBACK | PacketType::UNSUBACK | PacketType::PINGRESP
    );
    if is_servers {
        return None;
    }
    Packet::decode(frame, version).ok()
}

/// Returns whether these bytes begin with a CONNECT of this version's name and level, even if something else is wrong
/// with it.
pub(super) fn opens(bytes: &[u8], version: ProtocolVersion) -> bool {
    let name = version.protocol_name().as_bytes();
    let Some((first, rest)) = bytes.split_first() else {
        return false;
    };
    let length = rest.iter().take(4).take_while(|b| **b & 0x80 != 0).count() + 1;
    let Some(rest) = rest.get(length..) else {
        return false;
    };
    let size = name.len();
    first >> 4 == PacketType::CONNECT.0
        && rest.get(..2) == Some(&[0, size as u8][..])
        && rest.get(2..2 + size) == Some(name)
        && rest.get(2 + size) == Some(&version.level())
}

#[cfg(test)]
mod tests {
    use super::*;

    const V5: ProtocolVersion = ProtocolVersion::V5;

    #[test]
    fn reads_whole_packets_up_to_the_first_fault() {
        let decoded = read(&Bytes::from_static(&[0xC0, 0, 0xC0, 0]), V5);
        assert_eq!(decoded.packets, [Packet::PingReq, Packet::PingReq]);
        assert!(!decoded.is_faulty);
        for fault in [
            &[0xC0, 0, 0xC1, 0][..],
            &[0xC0, 0, 0xC0],
            &[0xC0, 0, 0xD0, 0],
        ] {
            let decoded = read(&Bytes::copy_from_slice(fault), V5);
            assert_eq!(decoded.packets, [Packet::PingReq], "{fault:?}");
            assert!(decoded.is_faulty, "{fault:?}");
        }
        assert!(read(&Bytes::from_static(&[0xD0, 0]), V5).is_faulty);
    }

    #[test]
    fn knows_a_connect_by_its_name_and_level() {
        let bytes = |level| [0x10, 0x80, 0x00, 0, 4, b'M', b'Q', b'T', b'T', level];
        assert!(opens(&bytes(5), V5));
        assert!(!opens(&bytes(6), V5));
        assert!(opens(&bytes(4), ProtocolVersion::V3_1_1));
        assert!(!opens(&bytes(5)[..9], V5));
        assert!(!opens(b"GET / HTTP/1.1", V5));
    }
}
