//! `mqtt-check broker` with little memory, against clients that try to use all of it. Another client must still be
//! served.
//!
//! The long attacks are played by `.ci/soak attacks`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mqtt_check_codec::{
    Connect, Packet, PacketId, Properties, Property, ProtocolVersion, Publish, QoS, Subscribe,
    Subscription, SubscriptionOptions, Will,
};

use crate::broker::{address, connect};
use crate::program::{Program, signal};

const V5: ProtocolVersion = ProtocolVersion::V5;
/// How long the other client may wait for an answer. A debug build on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// Attacks the broker at this address.
type Attack = fn(&str);

fn bytes(packet: Packet) -> Vec<u8> {
    let frame = packet.to_frame(V5).expect("it encodes");
    frame.bytes().to_vec()
}

fn hello(client: &str) -> Connect {
    Connect {
        version: V5,
        clean_start: true,
        keep_alive_s: 0,
        properties: Properties::new(),
        client_id: client.into(),
        will: None,
        username: None,
        password: None,
    }
}

/// Connects a client, and expects it to be accepted.
fn client(address: &str, hello: Connect) -> TcpStream {
    let mut stream = connect(address);
    let hello = bytes(Packet::Connect(Box::new(hello)));
    stream.write_all(&hello).expect("written");
    let mut begins = [0; 4];
    stream.read_exact(&mut begins).expect("a CONNACK");
    assert_eq!((begins[0], begins[3]), (0x20, 0));
    let mut rest = vec![0; usize::from(begins[1]) - 2];
    stream.read_exact(&mut rest).expect("a whole CONNACK");
    stream
}

fn subscribe(stream: &mut TcpStream, filter: &str, qos: QoS) {
    let subscribe = bytes(Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        subscriptions: vec![Subscription {
            filter: filter.into(),
            options: SubscriptionOptions::new(qos),
        }],
    }));
    stream.write_all(&subscribe).expect("written");
    let mut suback = [0; 6];
    stream.read_exact(&mut suback).expect("a SUBACK");
}

fn publish(topic: &str, properties: Vec<Property>, payload: usize) -> Publish {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: topic.into(),
        packet_id: None,
        properties: properties.into_iter().collect(),
        payload: vec![0; payload].into(),
    }
}

/// Writes packets until the broker stops accepting them.
fn write(stream: &mut TcpStream, packets: impl IntoIterator<Item = Vec<u8>>) {
    for packet in packets {
        if stream.write_all(&packet).is_err() {
            return;
        }
    }
}

/// User Properties of 1.8 MB.
fn heavy() -> Vec<Property> {
    let property = Property::UserProperty("".into(), "x".repeat(60_000).into());
    std::iter::repeat_n(property, 30).collect()
}

/// Forty connections that announce packets of 256 MB as their CONNECT.
fn announce(address: &str) {
    let writers: Vec<_> = (0..40).map(|_| connect(address)).collect();
    thread::scope(|scope| {
        for mut stream in writers {
            scope.spawn(move || {
                let begins = b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05\x02\x00\x00\x00".to_vec();
                write(&mut stream, [begins]);
                let end = Instant::now() + Duration::from_secs(2);
                let block = vec![b'x'; 1 << 20];
                while Instant::now() < end && stream.write_all(&block).is_ok() {}
            });
        }
    });
}

/// 1.2 GB of retained messages.
fn retained(address: &str) {
    let mut stream = client(address, hello("retainer"));
    let packets = (0..1_200).map(|number| {
        let mut message = publish(&format!("r/{number}"), Vec::new(), 1_000_000);
        message.retain = true;
        bytes(Packet::Publish(message))
    });
    write(&mut stream, packets);
}

/// A subscriber that never reads, and 2.7 GB of User Properties.
fn mute(address: &str) {
    let mut reader = client(address, hello("mute"));
    subscribe(&mut reader, "mute", QoS::AtMostOnce);
    let mut writer = client(address, hello("writer"));
    let packet = bytes(Packet::Publish(publish("mute", heavy(), 0)));
    write(&mut writer, std::iter::repeat_n(packet, 1_500));
}

/// The same messages for ten sessions whose clients are offline.
fn offline(address: &str) {
    for number in 0..10 {
        let mut hello = hello(&format!("away{number}"));
        let expiry = Property::SessionExpiryInterval(u32::MAX);
        hello.properties.push(expiry);
        let mut away = client(address, hello);
        subscribe(&mut away, &format!("away/{number}"), QoS::AtLeastOnce);
    }
    let mut writer = client(address, hello("writer"));
    let packets = (0..1_500).map(|number| {
        let mut message = publish(&format!("away/{}", number % 10), heavy(), 0);
        message.qos = QoS::AtLeastOnce;
        message.packet_id = Some(PacketId::MIN);
        bytes(Packet::Publish(message))
    });
    write(&mut writer, packets);
}

/// 40,000 Topic Aliases for topics of 60 kB.
fn aliases(address: &str) {
    let mut stream = client(address, hello("aliases"));
    let packets = (1..40_000).map(|alias| {
        let topic = format!("{alias}/{}", "a".repeat(60_000));
        bytes(Packet::Publish(publish(
            &topic,
            vec![Property::TopicAlias(alias)],
            0,
        )))
    });
    write(&mut stream, packets);
}

/// Wills of 400 kB, on 900 connections.
fn wills(address: &str) {
    let mut open = Vec::new();
    for number in 0..900 {
        let mut hello = hello(&format!("will{number}"));
        hello.will = Some(Will {
            topic: "will".into(),
            payload: vec![0; 60_000].into(),
            qos: QoS::AtMostOnce,
            retain: true,
            properties: heavy().into_iter().take(6).collect(),
        });
        let mut stream = connect(address);
        write(&mut stream, [bytes(Packet::Connect(Box::new(hello)))]);
        let _ = stream.read(&mut [0; 100]);
        open.push(stream);
    }
}

/// Plays the attacks on a broker that is limited to a gigabyte of address space.
fn survives(attacks: &[(&str, Attack)]) {
    let program = Program::new("broker --listen 127.0.0.1:0").after("ulimit -v 1000000");
    let mut child = program.start();
    let address = address(&mut child);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let victim = scope.spawn(|| {
            let mut stream = client(&address, hello("victim"));
            stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
            subscribe(&mut stream, "news", QoS::AtMostOnce);
            let news = bytes(Packet::Publish(publish("news", Vec::new(), 10)));
            let mut came = vec![0; news.len()];
            while !is_over.load(Ordering::Relaxed) {
                stream.write_all(&news).expect("it is read");
                stream.read_exact(&mut came).expect("it is served");
                assert_eq!(came, news);
                thread::sleep(Duration::from_millis(20));
            }
        });
        for (name, attack) in attacks {
            attack(&address);
            assert!(
                !victim.is_finished(),
                "{name}: another client is not served"
            );
        }
        is_over.store(true, Ordering::Relaxed);
        victim.join().expect("it was served throughout");
    });
    signal("-TERM", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_gigabyte_is_enough_whatever_is_announced_or_retained() {
    survives(&[("announce", announce), ("retained", retained)]);
}

#[test]
#[ignore = "long: see .ci/soak attacks"]
fn a_gigabyte_is_enough_whatever_clients_want_kept() {
    survives(&[
        ("retained", retained),
        ("offline", offline),
        ("wills", wills),
        ("aliases", aliases),
        ("mute", mute),
        ("announce", announce),
    ]);
}

/// How many files a process may have open here, as far as known.
#[cfg(target_os = "linux")]
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("limits");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok())
        .unwrap_or(usize::MAX)
}

#[cfg(target_os = "linux")]
#[test]
fn thousands_of_idle_connections_delay_no_client_and_take_little_memory() {
    // Leave some for the other tests in this process.
    let count = open_files().saturating_sub(500).min(8_000);
    let program = Program::new("broker --listen 127.0.0.1:0").after("ulimit -v 1000000");
    let mut child = program.start();
    let at = address(&mut child);
    let resident_kb = || {
        let status = format!("/proc/{}/status", child.id());
        let status = std::fs::read_to_string(status).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.expect("a line").trim().trim_end_matches(" kB");
        size.parse::<usize>().expect("a number")
    };
    let before = resident_kb();
    let mut idle: Vec<_> = (0..count)
        .map(|number| client(&at, hello(&format!("idle{number}"))))
        .collect();
    let grown = resident_kb().saturating_sub(before);
    // A release build takes less than half of this.
    assert!(grown < 4 * count, "{grown} kB for {count} connections");
    for stream in idle.iter_mut().step_by(count / 20 + 1) {
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
        stream.write_all(&bytes(Packet::PingReq)).expect("written");
        let mut pong = [0; 2];
        stream.read_exact(&mut pong).expect("a PINGRESP");
        assert_eq!(pong, [0xD0, 0]);
    }
    drop(idle);
    client(&at, hello("late"));
    signal("-TERM", child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
