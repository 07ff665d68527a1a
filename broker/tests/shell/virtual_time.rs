//! With a paused clock every wait is exact and takes no real time, and the same seed gives the same bytes.

use std::time::Duration;

use mqtt_check_codec::{Connect, Packet, Property, ProtocolVersion, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{Client, connect, paused, publish, server, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;

fn with(change: impl FnOnce(&mut Connect)) -> Packet {
    let Packet::Connect(mut it) = connect(V5, "a") else {
        unreachable!("it is a CONNECT");
    };
    change(&mut it);
    Packet::Connect(it)
}

#[test]
fn two_hours_of_session_expiry_pass_to_the_instant() {
    let began = std::time::Instant::now();
    paused(|| async {
        let server = server(|_| {});
        server.record_hooks();
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.send(with(|connect| {
            connect
                .properties
                .push(Property::SessionExpiryInterval(7_200));
        }))
        .await;
        a.receive().await;
        sleep(Duration::from_secs(60)).await;
        drop(a);
        settle().await;
        let hooks = server.take_hooks();
        let (left_at, event) = hooks.last().expect("an event");
        assert_eq!(event.name(), "client.disconnected");
        sleep(Duration::from_secs(7_300)).await;
        let hooks = server.take_hooks();
        let [(ended_at, event)] = &hooks[..] else {
            panic!("{hooks:?}");
        };
        assert_eq!(event.name(), "session.terminated");
        assert_eq!(*ended_at - *left_at, Duration::from_secs(7_200));
    });
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_keep_alive_of_ten_seconds_ends_after_fifteen() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.send(with(|connect| connect.keep_alive_s = 10)).await;
        a.receive().await;
        sleep(Duration::from_secs(14)).await;
        a.ping().await;
        let pinged = Instant::now();
        let Some(Packet::Disconnect(disconnect)) = a.receive().await else {
            panic!("no DISCONNECT");
        };
        assert_eq!(disconnect.reason.0, 0x8D);
        assert_eq!(pinged.elapsed(), Duration::from_secs(15));
    });
}

#[test]
fn the_longest_interval_is_no_overflow() {
    paused(|| async {
        let server = server(|_| {});
        server.record_hooks();
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.send(with(|connect| {
            let longest = Property::SessionExpiryInterval(u32::MAX - 1);
            connect.properties.push(longest);
        }))
        .await;
        a.receive().await;
        drop(a);
        settle().await;
        server.take_hooks();
        let end = Instant::now() + Duration::from_secs(u64::from(u32::MAX) - 1);
        while Instant::now() + Duration::from_secs(1) < end {
            // A sleep of decades ends early.
            sleep_until(end - Duration::from_secs(1)).await;
        }
        assert!(server.take_hooks().is_empty());
        sleep_until(end).await;
        assert_eq!(server.take_hooks().len(), 1);
    });
}

/// Returns the bytes that three clients receive in a busy exchange.
fn play() -> Vec<Vec<u8>> {
    paused(|| async {
        let server = server(|_| {});
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = Client::new(server.connect().expect("runs"), V5);
            client.send(connect(V5, "")).await;
            clients.push(client);
        }
        settle().await;
        for client in &mut clients {
            client.receive().await;
            client.subscribe("#", QoS::AtLeastOnce).await;
        }
        for round in 0..20_u8 {
            for client in &mut clients {
                client
                    .send(publish("t", vec![round], QoS::AtLeastOnce))
                    .await;
            }
        }
        settle().await;
        let mut seen = Vec::new();
        for client in &mut clients {
            client.stream.shutdown().await.expect("half-closed");
            let mut bytes = Vec::new();
            client
                .stream
                .read_to_end(&mut bytes)
                .await
                .expect("no reset");
            seen.push(bytes);
        }
        seen
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = play();
    assert!(first.iter().all(|bytes| bytes.len() > 500));
    for _ in 0..20 {
        assert_eq!(play(), first);
    }
}
