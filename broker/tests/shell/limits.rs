//! Clients that read too slowly.

use std::time::Duration;

use mqtt_check_broker::shell::Server;
use mqtt_check_broker::{Fault, HookEvent};
use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish, QoS};
use tokio::io::DuplexStream;
use tokio::time::{sleep, timeout};

use crate::client::{Client, faulty, paused, publish, server, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;

fn dropped(hooks: &[(tokio::time::Instant, HookEvent)]) -> usize {
    let is_drop = |event: &HookEvent| matches!(event, HookEvent::MessageDropped { .. });
    hooks.iter().filter(|(_, event)| is_drop(event)).count()
}

async fn client(server: &Server, id: &str) -> Client<DuplexStream> {
    let mut client = Client::new(server.connect().expect("runs"), V5);
    client.connect(id).await;
    client
}

async fn subscriber(server: &Server, id: &str, filter: &str, qos: QoS) -> Client<DuplexStream> {
    let mut client = client(server, id).await;
    client.subscribe(filter, qos).await;
    client
}

#[test]
fn a_slow_reader_loses_qos_0_and_nobody_waits_for_it() {
    paused(|| async {
        let server = server(|config| config.maximum_outgoing_bytes = 100_000);
        server.record_hooks();
        let mut slow = subscriber(&server, "slow", "t", QoS::AtMostOnce).await;
        let mut quick = subscriber(&server, "quick", "t", QoS::AtMostOnce).await;
        for _ in 0..100 {
            quick
                .send(publish("t", vec![0; 10_000], QoS::AtMostOnce))
                .await;
            assert!(matches!(quick.receive().await, Some(Packet::Publish(_))));
        }
        let lost = dropped(&server.take_hooks());
        assert!((50..95).contains(&lost), "{lost}");
        for _ in 0..100 - lost {
            assert!(matches!(slow.receive().await, Some(Packet::Publish(_))));
        }
        settle().await;
        quick.send(publish("t", "after", QoS::AtMostOnce)).await;
        let Some(Packet::Publish(last)) = slow.receive().await else {
            panic!("the slow reader caught up, and gets nothing");
        };
        assert_eq!(last.payload, "after");
    });
}

#[test]
fn a_slow_reader_gets_qos_1_when_it_reads() {
    paused(|| async {
        let server = server(|config| config.maximum_outgoing_bytes = 100_000);
        server.record_hooks();
        let mut slow = subscriber(&server, "slow", "t", QoS::AtLeastOnce).await;
        let mut quick = client(&server, "quick").await;
        for number in 0..100_u8 {
            quick
                .send(publish("t", vec![number; 10_000], QoS::AtLeastOnce))
                .await;
            assert!(matches!(quick.receive().await, Some(Packet::PubAck(_))));
        }
        for number in 0..100_u8 {
            let Some(Packet::Publish(publish)) = slow.receive().await else {
                panic!("no PUBLISH");
            };
            assert_eq!(publish.payload[0], number);
        }
        assert_eq!(dropped(&server.take_hooks()), 0);
    });
}

#[test]
fn a_client_that_sends_and_never_reads_is_not_read_from_for_ever() {
    paused(|| async {
        let server = server(|config| config.maximum_outgoing_bytes = 10_000);
        let mut a = client(&server, "a").await;
        let pings = a.bytes(Packet::PingReq).repeat(200_000);
        let write = tokio::io::AsyncWriteExt::write_all(&mut a.stream, &pings);
        let blocked = tokio::time::timeout(std::time::Duration::from_secs(1), write).await;
        assert!(blocked.is_err(), "400 kB of pings were taken");
    });
}

/// Returns a message with one User Property of this many bytes.
#[test]
fn a_long_message_is_sent_to_its_end_at_once() {
    paused(|| async {
        for (fault, is_whole) in [(None, true), (Some(Fault::LongOutputHeldBack), false)] {
            let server = fault.map_or_else(|| server(|_| {}), faulty);
            let mut reader = subscriber(&server, "reader", "t", QoS::AtMostOnce).await;
            let mut writer = client(&server, "writer").await;
            let long = publish("t", vec![0; 70_000], QoS::AtMostOnce);
            writer.send(long).await;
            let came = timeout(Duration::from_secs(1), reader.receive()).await;
            assert_eq!(came.is_ok(), is_whole);
            if !is_whole {
                reader.send(Packet::PingReq).await;
                assert!(matches!(reader.receive().await, Some(Packet::Publish(_))));
            }
        }
    });
}

fn heavy(topic: &str, size: usize, qos: QoS) -> Packet {
    let Packet::Publish(message) = publish(topic, "", qos) else {
        unreachable!("it is a PUBLISH");
    };
    let property = Property::UserProperty("".into(), "x".repeat(size).into());
    Packet::Publish(Publish {
        properties: [property].into_iter().collect(),
        ..message
    })
}

#[test]
fn properties_count_against_what_waits_for_a_client_that_never_reads() {
    paused(|| async {
        let server = server(|config| config.maximum_outgoing_bytes = 100_000);
        server.record_hooks();
        let _slow = subscriber(&server, "slow", "t", QoS::AtMostOnce).await;
        let mut quick = client(&server, "quick").await;
        for _ in 0..100 {
            quick.send(heavy("t", 10_000, QoS::AtMostOnce)).await;
        }
        quick.ping().await;
        let lost = dropped(&server.take_hooks());
        assert!((50..95).contains(&lost), "{lost}");
    });
}

#[test]
fn clients_that_never_read_are_cut_off_when_others_wait_for_what_they_take_up() {
    paused(|| async {
        let server = server(|config| {
            config.maximum_outgoing_bytes = 300_000;
            config.maximum_all_outgoing_bytes = 1_000_000;
        });
        server.record_hooks();
        let mut idlers = Vec::new();
        for number in 0..10 {
            let idler =
                subscriber(&server, &format!("idler{number}"), "noise", QoS::AtMostOnce).await;
            idlers.push(idler);
        }
        let mut reader = subscriber(&server, "reader", "news", QoS::AtLeastOnce).await;
        let mut writer = client(&server, "writer").await;
        for _ in 0..100 {
            writer.send(heavy("noise", 20_000, QoS::AtMostOnce)).await;
        }
        writer.ping().await;
        assert_eq!(server.connection_count(), 12);
        // After a second the broker knows that they do not read. Until then, the message waits in the session.
        sleep(Duration::from_secs(2)).await;
        writer.send(heavy("news", 20_000, QoS::AtLeastOnce)).await;
        assert!(matches!(writer.receive().await, Some(Packet::PubAck(_))));
        writer.ping().await;
        let came = tokio::time::timeout(Duration::from_secs(5), reader.receive()).await;
        assert!(matches!(came, Ok(Some(Packet::Publish(_)))), "{came:?}");
        sleep(Duration::from_secs(5)).await;
        let left = server.connection_count();
        assert!((3..12).contains(&left), "{left}");
        assert!(server.is_connected("reader") && server.is_connected("writer"));
    });
}
