//! Who may log in to `mqtt-check broker`, and as which user.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use mqtt_check_scram::{ClientFirst, MECHANISM};

use crate::broker::{address, connect, kill};
use crate::program::Program;

const CONFIG: &str = "\
listen: 127.0.0.1:0
authentication: { SCRAM-SHA-256: { alice: secret } }
";

/// A string or binary data, with its length in front.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// Authentication Method and Authentication Data as properties, with their length in front.
fn properties(data: &[u8]) -> Vec<u8> {
    let method = [&[0x15][..], &counted(MECHANISM.as_bytes())].concat();
    let data = [&[0x16][..], &counted(data)].concat();
    sized(&[method, data].concat())
}

/// Bytes with their length in front, as a Variable Byte Integer of at most two bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let length = match u8::try_from(length) {
        Ok(length) if length < 128 => vec![length],
        _ => vec![0x80 | (length & 0x7F) as u8, (length >> 7) as u8],
    };
    [&length[..], bytes].concat()
}

fn scram_connect(client_first: &[u8]) -> Vec<u8> {
    let head = [
        b"\x00\x04MQTT\x05\x02\x00\x00",
        &properties(client_first)[..],
    ]
    .concat();
    [&[0x10][..], &sized(&[head, counted(b"a")].concat())].concat()
}

fn auth(reason: u8, data: &[u8]) -> Vec<u8> {
    [
        &[0xF0][..],
        &sized(&[&[reason][..], &properties(data)].concat()),
    ]
    .concat()
}

/// Reads the next packet. Returns its type and its body.
fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut byte = || {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a packet");
        usize::from(byte[0])
    };
    let kind = byte() >> 4;
    let low = byte();
    let length = match low < 128 {
        true => low,
        false => (low & 0x7F) | byte() << 7,
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole packet");
    (u8::try_from(kind).expect("four bits"), body)
}

const CONNACK: u8 = 2;
const AUTH: u8 = 15;

/// The Authentication Data, which follows the method.
fn data(body: &[u8]) -> &[u8] {
    let method = MECHANISM.as_bytes();
    let at = body.windows(method.len()).position(|w| w == method);
    let data = &body[at.expect("a method") + method.len()..];
    assert_eq!(data[0], 0x16, "Authentication Data");
    &data[3..]
}

/// Logs in, and returns the packets sent.
fn recorded(stream: &mut TcpStream) -> [Vec<u8>; 2] {
    let first = ClientFirst::new("alice", "fyko+d2lbbFgONRv9qkxdawL");
    let sent_first = scram_connect(&first.message());
    stream.write_all(&sent_first).expect("writing");
    let (kind, challenge) = packet(stream);
    assert_eq!(kind, AUTH);
    let answer = first
        .answer(data(&challenge), b"secret")
        .expect("a challenge");
    let sent_final = auth(0x18, &answer.message());
    stream.write_all(&sent_final).expect("writing");
    let (kind, connack) = packet(stream);
    assert_eq!((kind, connack[1]), (CONNACK, 0));
    [sent_first, sent_final]
}

/// Sends recorded packets, and returns the reason code in CONNACK.
fn replayed(stream: &mut TcpStream, [sent_first, sent_final]: &[Vec<u8>; 2]) -> u8 {
    stream.write_all(sent_first).expect("writing");
    assert_eq!(packet(stream).0, AUTH);
    stream.write_all(sent_final).expect("writing");
    let (kind, connack) = packet(stream);
    assert_eq!(kind, CONNACK);
    connack[1]
}

/// Records the first login at one broker, and replays it as the first login at the next.
fn replayed_after_restart(program: &Program) -> u8 {
    let mut child = program.start();
    let at = address(&mut child);
    let login = recorded(&mut connect(&at));
    // A later connection always has a different nonce.
    assert_eq!(replayed(&mut connect(&at), &login), 0x87);
    kill(child);
    let mut child = program.start();
    let at = address(&mut child);
    let code = replayed(&mut connect(&at), &login);
    kill(child);
    code
}

#[test]
fn a_recorded_login_is_worth_nothing_after_a_restart_but_with_a_seed() {
    let program = Program::new("broker --config b.yaml").file("b.yaml", CONFIG);
    assert_eq!(replayed_after_restart(&program), 0x87);
    let seeded = program.arguments("broker --config b.yaml --seed 0");
    assert_eq!(replayed_after_restart(&seeded), 0);
}

/// The Client Identifier that the broker assigns to its first client.
fn assigned(program: &Program) -> Vec<u8> {
    let mut child = program.start();
    let at = address(&mut child);
    let mut stream = connect(&at);
    stream
        .write_all(b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00")
        .expect("writing");
    let (kind, connack) = packet(&mut stream);
    assert_eq!((kind, connack[1]), (CONNACK, 0));
    kill(child);
    let at = connack.windows(4).position(|window| window == b"auto");
    connack[at.expect("an assigned id")..][..20].to_vec()
}

#[test]
fn assigned_client_ids_cannot_be_foretold_but_with_a_seed() {
    let program = Program::new("broker --listen 127.0.0.1:0");
    assert_ne!(assigned(&program), assigned(&program));
    let seeded = program.arguments("broker --listen 127.0.0.1:0 --seed 0");
    assert_eq!(assigned(&seeded), assigned(&seeded));
}
