//! The limits for what clients send.

use bytes::Bytes;
use mqtt_check_codec::{Packet, Properties, Property, ProtocolVersion, Publish, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::client::{Client, paused, publish, server};

const V5: ProtocolVersion = ProtocolVersion::V5;
const QUOTA_EXCEEDED: Option<u8> = Some(0x97);
const PACKET_TOO_LARGE: Option<u8> = Some(0x95);

/// Returns the code with which the broker ended the connection, if it sent one.
async fn ended(client: &mut Client<DuplexStream>) -> Option<u8> {
    let packet = client.receive().await?;
    let reason = match packet {
        Packet::Disconnect(disconnect) => disconnect.reason,
        Packet::ConnAck(connack) => connack.reason,
        _ => panic!("{packet:?}"),
    };
    assert_eq!(client.receive().await, None);
    Some(reason.0)
}

async fn write(client: &mut Client<DuplexStream>, bytes: &[u8]) {
    // The broker may have closed the connection.
    let _ = client.stream.write_all(bytes).await;
}

fn heavy(count: usize, payload: usize) -> Packet {
    let Packet::Publish(message) = publish("t", vec![0; payload], QoS::AtLeastOnce) else {
        unreachable!("it is a PUBLISH");
    };
    let property = Property::UserProperty("".into(), "".into());
    Packet::Publish(Publish {
        properties: std::iter::repeat_n(property, count).collect::<Properties>(),
        ..message
    })
}

#[test]
fn a_connect_is_refused_by_the_length_that_it_announces() {
    paused(|| async {
        let server = server(|config| config.maximum_connect_bytes = 1_000);
        for (level, answer) in [(5, PACKET_TOO_LARGE), (4, None)] {
            let mut a = Client::new(server.connect().expect("runs"), V5);
            let begins = [b"\x10\xff\xff\xff\x7f\x00\x04MQTT", &[level][..]].concat();
            write(&mut a, &begins).await;
            assert_eq!(ended(&mut a).await, answer, "level {level}");
        }
        // A first packet other than CONNECT is not read to its end either.
        let mut a = Client::new(server.connect().expect("runs"), V5);
        write(&mut a, b"\x30\xff\xff\xff\x7f").await;
        assert_eq!(ended(&mut a).await, None);
        // A CONNECT of exactly the largest size is accepted.
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.connect(&"a".repeat(1_000 - 16)).await;
        let mut b = Client::new(server.connect().expect("runs"), V5);
        b.send(crate::client::connect(V5, &"b".repeat(1_001 - 16)))
            .await;
        assert_eq!(ended(&mut b).await, PACKET_TOO_LARGE);
    });
}

#[test]
fn what_a_packet_has_beside_a_payload_is_bounded() {
    paused(|| async {
        let server = server(|config| config.maximum_header_bytes = 10_000);
        let connected = async || {
            let mut a = Client::new(server.connect().expect("runs"), V5);
            a.connect("a").await;
            a
        };
        let mut a = connected().await;
        for (count, payload) in [(1_900, 0), (0, 50_000), (1_900, 50_000)] {
            a.send(heavy(count, payload)).await;
            assert!(matches!(a.receive().await, Some(Packet::PubAck(_))));
        }
        a.send(heavy(2_100, 0)).await;
        assert_eq!(ended(&mut a).await, QUOTA_EXCEEDED);
        // All of a SUBSCRIBE counts as header. It is refused because of its announced length.
        let mut a = connected().await;
        write(&mut a, b"\x82\xff\xff\x03").await;
        assert_eq!(ended(&mut a).await, QUOTA_EXCEEDED);
    });
}

#[test]
fn packets_that_are_not_whole_are_bounded_together() {
    paused(|| async {
        let server = server(|config| config.maximum_incoming_bytes = 400_000);
        let mut clients = Vec::new();
        for name in ["a", "b", "c"] {
            let mut client = Client::new(server.connect().expect("runs"), V5);
            client.connect(name).await;
            clients.push(client);
        }
        let [a, b, c] = &mut clients[..] else {
            unreachable!("there are three");
        };
        let large = a.bytes(publish("t", vec![0; 250_000], QoS::AtLeastOnce));
        a.stream.write_all(&large[..240_000]).await.expect("taken");
        // There is no room for another large packet, but there is for smaller ones.
        write(b, &large[..100_000]).await;
        assert_eq!(ended(b).await, QUOTA_EXCEEDED);
        let small = c.bytes(publish("t", vec![0; 60_000], QoS::AtLeastOnce));
        for _ in 0..10 {
            c.stream.write_all(&small).await.expect("taken");
            assert!(matches!(c.receive().await, Some(Packet::PubAck(_))));
        }
        a.stream.write_all(&large[240_000..]).await.expect("taken");
        assert!(matches!(a.receive().await, Some(Packet::PubAck(_))));
        // Afterwards there is room again.
        c.stream.write_all(&large).await.expect("taken");
        assert!(matches!(c.receive().await, Some(Packet::PubAck(_))));
        // A packet that can never fit is refused because of its announced length.
        let never = c.bytes(publish(
            "t",
            Bytes::from(vec![0; 300_000]),
            QoS::AtLeastOnce,
        ));
        write(c, &never[..10]).await;
        assert_eq!(ended(c).await, QUOTA_EXCEEDED);
    });
}

#[test]
fn small_packets_that_are_not_whole_are_bounded_too() {
    paused(|| async {
        let server = server(|config| config.maximum_incoming_bytes = 100_000);
        let mut ended = 0;
        let mut clients = Vec::new();
        for number in 0..4 {
            let mut client = Client::new(server.connect().expect("runs"), V5);
            client.connect(&format!("c{number}")).await;
            let small = client.bytes(publish("t", vec![0; 60_000], QoS::AtLeastOnce));
            write(&mut client, &small[..40_000]).await;
            crate::client::settle().await;
            clients.push(client);
        }
        for client in &mut clients {
            let mut byte = [0];
            let read = client.stream.read(&mut byte);
            let wait = std::time::Duration::from_millis(1);
            ended += usize::from(tokio::time::timeout(wait, read).await.is_ok());
        }
        assert_eq!(ended, 2);
    });
}
