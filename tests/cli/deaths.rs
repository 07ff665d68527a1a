//! Kills the broker again and again while it works. After each restart, everything that it acknowledged is still there.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::bad_brokers::packet;
use crate::broker::{address, kill};
use crate::program::Program;

/// How many times to kill it, unless the environment says otherwise.
const DEATHS: u64 = 3;
/// The number of messages in flight.
const WINDOW: usize = 20;

fn connect(at: &str, connect: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.write_all(connect).expect("it reads");
    assert_eq!(packet(&mut stream).map(|(first, _)| first), Some(0x20));
    stream
}

/// Connects with a persistent session.
fn reader(at: &str) -> TcpStream {
    connect(at, b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01r")
}

/// Publishes numbers from `from` on until the broker is gone. Returns the first that was not acknowledged.
fn publish(at: &str, from: u32, qos: u8) -> u32 {
    let mut stream = connect(at, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01w");
    let (mut next, mut acknowledged) = (from, from);
    loop {
        while next - acknowledged < WINDOW as u32 {
            let id = (next % 60_000 + 1) as u16;
            let mut publish = vec![0x30 | qos << 1, 9, 0, 1, b't'];
            publish.extend(id.to_be_bytes());
            publish.extend(next.to_be_bytes());
            if stream.write_all(&publish).is_err() {
                return acknowledged;
            }
            next += 1;
        }
        // PUBACK or PUBREC: either way the broker now owns the message.
        match packet(&mut stream) {
            Some((0x40 | 0x50, _)) => acknowledged += 1,
            Some(other) => panic!("{other:?}"),
            None => return acknowledged,
        }
    }
}

/// Returns the numbers that were queued for the reader, and acknowledges them.
fn waiting(at: &str) -> Vec<u32> {
    let mut stream = reader(at);
    let patience = Some(Duration::from_secs(1));
    stream.set_read_timeout(patience).expect("a patience");
    let mut numbers = Vec::new();
    while let Some((first, body)) = packet(&mut stream) {
        assert_eq!(first & 0xF0, 0x30, "{body:?}");
        let (id, number) = (&body[3..5], &body[5..9]);
        numbers.push(u32::from_be_bytes(number.try_into().expect("four bytes")));
        let puback = [0x40, 2, id[0], id[1]];
        stream.write_all(&puback).expect("it reads");
    }
    // After PINGRESP, the last acknowledgement has been processed too.
    stream.write_all(b"\xc0\x00").expect("it reads");
    assert_eq!(packet(&mut stream).map(|(first, _)| first), Some(0xD0));
    numbers
}

#[test]
fn what_was_acknowledged_outlives_many_deaths() {
    let deaths = std::env::var("DEATHS").ok();
    let deaths = deaths.map_or(DEATHS, |deaths| deaths.parse().expect("a number"));
    let program = Program::new("broker --listen 127.0.0.1:0 --store kept.redb");
    let mut child = program.start();
    let mut at = address(&mut child);
    let mut stream = reader(&at);
    let subscribe = b"\x82\x06\x00\x01\x00\x01t\x01";
    stream.write_all(subscribe).expect("it reads");
    assert_eq!(packet(&mut stream).map(|(first, _)| first), Some(0x90));
    drop(stream);
    let mut first = 0;
    for death in 0..deaths {
        let publisher = {
            let (at, qos) = (at.clone(), 1 + (death % 2) as u8);
            thread::spawn(move || publish(&at, first, qos))
        };
        // At a different point of its work each time.
        thread::sleep(Duration::from_millis(20 + death * 37 % 300));
        kill(child);
        let acknowledged = publisher.join().expect("it publishes");
        child = program.start();
        at = address(&mut child);
        let mut numbers = waiting(&at);
        numbers.dedup();
        assert!(numbers.is_sorted(), "{death}: {numbers:?}");
        let kept = numbers.iter().filter(|n| (first..acknowledged).contains(n));
        assert_eq!(
            kept.count() as u32,
            acknowledged - first,
            "{death}: {numbers:?}"
        );
        first = numbers
            .last()
            .map_or(acknowledged, |last| last + 1)
            .max(acknowledged);
    }
    kill(child);
}
