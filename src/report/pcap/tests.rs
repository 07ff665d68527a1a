use std::net::Ipv4Addr;

use super::container::Capture;
use super::tcp::{Connection, End, Frame, Side, checksum};
use super::unhex;

fn connection() -> Connection {
    Connection::new(3, Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 255, 0, 1))
}

/// Parses a segment as a TCP stack would, and checks its checksums. Returns the source port, the sequence and
/// acknowledgement numbers, the flags and the payload.
fn read(frame: &Frame) -> (u16, u32, u32, u8, Vec<u8>) {
    let ip = &frame.bytes[14..];
    let (header, tcp) = ip.split_at(20);
    assert_eq!(&frame.bytes[12..14], [8, 0]);
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    assert_eq!(length, ip.len() + frame.left_out);
    assert_eq!(checksum(&[header]), 0, "the sum over a header is zero");
    let mut pseudo = header[12..20].to_vec();
    pseudo.extend([0, 6]);
    pseudo.extend(u16::try_from(tcp.len()).expect("short").to_be_bytes());
    if frame.left_out == 0 {
        assert_eq!(
            checksum(&[&pseudo, tcp]),
            0,
            "the sum over a segment is zero"
        );
    }
    let long = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().expect("four"));
    let port = u16::from_be_bytes([tcp[0], tcp[1]]);
    (port, long(4), long(8), tcp[13], tcp[20..].to_vec())
}

#[test]
fn counts_every_byte_of_both_sides() {
    let mut connection = connection();
    let mut frames = connection.data(Side::Client, b"hello", 0);
    frames.extend(connection.data(Side::Broker, &[7; 3000], 0));
    frames.extend(connection.end(Side::Broker, End::Both));
    let mut next = [None::<u32>; 2];
    let mut streams = [Vec::new(), Vec::new()];
    for frame in &frames {
        let (port, sequence, acknowledged, flags, payload) = read(frame);
        let from = usize::from(port == 1883);
        let begin = *next[from].get_or_insert(sequence);
        assert_eq!(sequence, begin, "no byte is missing or comes twice");
        if flags & 0x10 != 0 {
            assert_eq!(Some(acknowledged), next[1 - from]);
        }
        let length = u32::try_from(payload.len()).expect("short");
        next[from] = Some(sequence + length + u32::from(flags & 0x03 != 0));
        streams[from].extend(payload);
    }
    assert_eq!(streams[0], b"hello");
    assert_eq!(streams[1], [7; 3000]);
    let flags: Vec<u8> = frames.iter().map(|frame| read(frame).3).collect();
    let data = [0x18, 0x10, 0x10, 0x18];
    assert_eq!(
        flags[..3],
        [0x02, 0x12, 0x10],
        "it is opened in three steps"
    );
    assert_eq!(flags[3..7], data);
    assert_eq!(flags[7..], [0x11, 0x11, 0x10], "both sides end it");
}

#[test]
fn reports_how_much_is_unknown() {
    let frames = connection().data(Side::Broker, &[1; 1000], 1000);
    let lengths: Vec<_> = frames[3..]
        .iter()
        .map(|frame| (read(frame).4.len(), frame.left_out))
        .collect();
    assert_eq!(lengths, [(1000, 460), (0, 540)]);
}

#[test]
fn ends_one_side_or_at_once() {
    let mut half = connection();
    half.open();
    let flags = |frames: &[Frame]| -> Vec<u8> { frames.iter().map(|f| read(f).3).collect() };
    assert_eq!(flags(&half.end(Side::Client, End::Half)), [0x11, 0x10]);
    assert_eq!(flags(&half.data(Side::Broker, &[1], 0)), [0x18]);
    assert_eq!(flags(&half.end(Side::Broker, End::Both)), [0x11, 0x10]);
    assert_eq!(flags(&half.end(Side::Client, End::Both)), [0u8; 0]);
    let mut reset = connection();
    reset.open();
    assert_eq!(flags(&reset.end(Side::Broker, End::Reset)), [0x14]);
}

#[test]
fn writes_blocks_whose_lengths_are_right() {
    let mut capture = Capture::new("mqtt-check", "a case");
    capture.names(&[(Ipv4Addr::new(10, 0, 0, 1), "a".to_owned())]);
    let frame = Frame {
        bytes: vec![1, 2, 3, 4, 5],
        left_out: 2,
    };
    capture.frame(0x1_0000_0002, &frame, &["é".to_owned()]);
    let bytes = capture.bytes();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let (mut at, mut kinds) = (0, Vec::new());
    let mut last = 0;
    while at < bytes.len() {
        let length = word(at + 4) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(word(at + length - 4) as usize, length, "it is at both ends");
        kinds.push(word(at));
        (last, at) = (at, at + length);
    }
    assert_eq!(kinds, [0x0a0d_0d0a, 1, 4, 6]);
    let head: Vec<u32> = (0..5).map(|n| word(last + 8 + 4 * n)).collect();
    assert_eq!(head, [0, 1, 2, 5, 7], "interface, time, both lengths");
    assert_eq!(bytes[last + 28..last + 36], [1, 2, 3, 4, 5, 0, 0, 0]);
    assert_eq!(bytes[last + 36..last + 44], [1, 0, 2, 0, 0xc3, 0xa9, 0, 0]);
}

#[test]
fn reads_hex() {
    assert_eq!(unhex("00ff1a"), [0, 255, 26]);
}
