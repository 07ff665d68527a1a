//! A connection as it could have been on a network: Ethernet frames with TCP over IPv4.

use std::net::Ipv4Addr;

/// The port on which analysers expect MQTT.
pub(super) const MQTT: u16 = 1883;
/// The client's port of the first connection. The next connections count up from it.
const FIRST_PORT: u16 = 49_152;
/// The largest payload of one segment, in bytes.
const SEGMENT: usize = 1460;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

const ETHERNET_HEADER: usize = 14;
const IP_HEADER: usize = 20;
const TCP_HEADER: usize = 20;
/// The protocol number of TCP in an IP packet.
const TCP: u8 = 6;

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Broker,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// One side closes, and the other follows.
    Both,
    /// One side sends nothing more, but the other may.
    Half,
    Reset,
}

/// A frame, and the number of bytes missing at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) left_out: usize,
}

/// The state of one end.
#[derive(Debug)]
struct Peer {
    address: Ipv4Addr,
    port: u16,
    /// The sequence number of its next byte.
    next: u32,
    has_ended: bool,
    /// The identification of its last IP packet.
    packets: u16,
}

/// A connection, and the state of its two ends.
#[derive(Debug)]
pub(super) struct Connection {
    client: Peer,
    broker: Peer,
    is_open: bool,
}

impl Connection {
    /// A connection. The number, from 0, selects the client's port.
    pub(super) fn new(number: usize, client: Ipv4Addr, broker: Ipv4Addr) -> Self {
        let number = u16::try_from(number % usize::from(u16::MAX - FIRST_PORT)).unwrap_or(0);
        let peer = |address, port, first: u32| Peer {
            address,
            port,
            next: first.wrapping_add(u32::from(number) << 16),
            has_ended: false,
            packets: 0,
        };
        Self {
            client: peer(client, FIRST_PORT + number, 0x1000_0000),
            broker: peer(broker, MQTT, 0x8000_0000),
            is_open: false,
        }
    }

    /// Returns the three segments of the handshake. Empty if the connection is open already.
    pub(super) fn open(&mut self) -> Vec<Frame> {
        if std::mem::replace(&mut self.is_open, true) {
            return Vec::new();
        }
        let mut frames = vec![self.segment(Side::Client, SYN, &[], 0)];
        self.client.next = self.client.next.wrapping_add(1);
        frames.push(self.segment(Side::Broker, SYN | ACK, &[], 0));
        self.broker.next = self.broker.next.wrapping_add(1);
        frames.push(self.segment(Side::Client, ACK, &[], 0));
        frames
    }

    /// Returns the segments for bytes from one side. `left_out` is the number of further bytes that are not known.
    pub(super) fn data(&mut self, side: Side, bytes: &[u8], left_out: usize) -> Vec<Frame> {
        let mut frames = self.open();
        let all = bytes.len().saturating_add(left_out);
        let mut sent = 0;
        while sent < all {
            let end = all.min(sent.saturating_add(SEGMENT));
            let known = bytes.get(sent..end.min(bytes.len())).unwrap_or_default();
            let flags = if end == all { PSH | ACK } else { ACK };
            frames.push(self.segment(side, flags, known, end - sent - known.len()));
            let length = u32::try_from(end - sent).unwrap_or(0);
            let peer = self.peer(side);
            peer.next = peer.next.wrapping_add(length);
            sent = end;
        }
        frames
    }

    /// Returns the segments with which one side ends the connection.
    pub(super) fn end(&mut self, side: Side, end: End) -> Vec<Frame> {
        let mut frames = self.open();
        if end == End::Reset {
            frames.push(self.segment(side, RST | ACK, &[], 0));
            (self.client.has_ended, self.broker.has_ended) = (true, true);
            return frames;
        }
        let other = match side {
            Side::Client => Side::Broker,
            Side::Broker => Side::Client,
        };
        let ended = self.finish(side);
        let followed = match end {
            End::Both => self.finish(other),
            End::Half | End::Reset => None,
        };
        // The FIN of the other side acknowledges the FIN of this one.
        let last = match (&ended, &followed) {
            (_, Some(_)) => Some(side),
            (Some(_), None) => Some(other),
            (None, None) => None,
        };
        frames.extend(ended.into_iter().chain(followed));
        frames.extend(last.map(|side| self.segment(side, ACK, &[], 0)));
        frames
    }

    fn finish(&mut self, side: Side) -> Option<Frame> {
        if std::mem::replace(&mut self.peer(side).has_ended, true) {
            return None;
        }
        let frame = self.segment(side, FIN | ACK, &[], 0);
        let peer = self.peer(side);
        peer.next = peer.next.wrapping_add(1);
        Some(frame)
    }

    const fn peer(&mut self, side: Side) -> &mut Peer {
        match side {
            Side::Client => &mut self.client,
            Side::Broker => &mut self.broker,
        }
    }

    fn segment(&mut self, side: Side, flags: u8, bytes: &[u8], left_out: usize) -> Frame {
        let (from, to) = match side {
            Side::Client => (&mut self.client, &self.broker),
            Side::Broker => (&mut self.broker, &self.client),
        };
        from.packets = from.packets.wrapping_add(1);
        let acknowledged = if flags & ACK == 0 { 0 } else { to.next };
        let mut tcp = Vec::with_capacity(TCP_HEADER + bytes.len());
        tcp.extend(from.port.to_be_bytes());
        tcp.extend(to.port.to_be_bytes());
        tcp.extend(from.next.to_be_bytes());
        tcp.extend(acknowledged.to_be_bytes());
        tcp.extend([u8::try_from(TCP_HEADER / 4).unwrap_or(5) << 4, flags]);
        // Window size, checksum and urgent pointer.
        tcp.extend(u16::MAX.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend(bytes);
        let length = u16::try_from(tcp.len() + left_out).unwrap_or(u16::MAX);
        let mut pseudo = Vec::new();
        pseudo.extend(from.address.octets());
        pseudo.extend(to.address.octets());
        pseudo.extend([0, TCP]);
        pseudo.extend(length.to_be_bytes());
        let sum = checksum(&[&pseudo, &tcp]);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());

        let mut ip = vec![0x45, 0];
        ip.extend(length.saturating_add(20).to_be_bytes());
        ip.extend(from.packets.to_be_bytes());
        // Do not fragment; time to live 64; TCP; checksum.
        ip.extend([0x40, 0, 64, TCP, 0, 0]);
        ip.extend(from.address.octets());
        ip.extend(to.address.octets());
        let sum = checksum(&[&ip]);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());

        let mut frame = Vec::with_capacity(ETHERNET_HEADER + IP_HEADER + tcp.len());
        frame.extend(mac_address(to.address));
        frame.extend(mac_address(from.address));
        frame.extend([0x08, 0x00]);
        frame.extend(ip);
        frame.extend(tcp);
        Frame {
            bytes: frame,
            left_out,
        }
    }
}

/// A locally administered hardware address.
fn mac_address(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0, a, b, c, d]
}

/// The Internet checksum of these bytes. Every part except the last must have an even length.
pub(super) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    !u16::try_from(sum & 0xffff).unwrap_or(0)
}
