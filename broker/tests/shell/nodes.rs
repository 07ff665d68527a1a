//! One node of several, over transports in memory.

use std::time::Duration;

use mqtt_check_broker::shell::Server;
use mqtt_check_broker::{Control, NodeEvent, NodeId};
use mqtt_check_codec::{Packet, ProtocolVersion, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::client::{Client, connect, paused, publish, server, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;
const LOST: NodeId = NodeId(1);

fn happens(server: &Server, event: NodeEvent) {
    server.control(Control::Node { node: LOST, event });
}

#[test]
fn a_node_that_is_gone_refuses_connections_until_it_starts() {
    paused(|| async {
        let server = server(|_| {});
        for event in [NodeEvent::Killed, NodeEvent::Stopped] {
            let mut here = Client::new(server.connect().expect("runs"), V5);
            here.connect("here").await;
            let mut lost = Client::new(server.connect_to(LOST).expect("runs"), V5);
            lost.connect("lost").await;
            happens(&server, event);
            if event == NodeEvent::Stopped {
                let last = lost.receive().await;
                assert!(matches!(last, Some(Packet::Disconnect(_))), "{last:?}");
            }
            assert_eq!(lost.receive().await, None);
            assert!(server.connect_to(LOST).is_err());
            assert!(server.connect_websocket_to(LOST).is_err());
            here.ping().await;
            server.restart_node(LOST);
            let mut lost = Client::new(server.connect_to(LOST).expect("runs"), V5);
            lost.connect("lost").await;
        }
    });
}

#[test]
fn a_node_that_runs_is_stopped_before_it_starts_again() {
    paused(|| async {
        let server = server(|_| {});
        let mut lost = Client::new(server.connect_to(LOST).expect("runs"), V5);
        lost.connect("lost").await;
        server.restart_node(LOST);
        assert!(matches!(lost.receive().await, Some(Packet::Disconnect(_))));
        assert!(server.connect_to(LOST).is_ok());
    });
}

#[test]
fn a_paused_node_neither_reads_nor_writes_until_it_goes_on() {
    paused(|| async {
        let server = server(|_| {});
        let mut here = Client::new(server.connect().expect("runs"), V5);
        here.connect("here").await;
        here.subscribe("from/there", QoS::AtMostOnce).await;
        let mut there = Client::new(server.connect_to(LOST).expect("runs"), V5);
        there.connect("there").await;
        there.subscribe("from/here", QoS::AtMostOnce).await;
        happens(&server, NodeEvent::Paused);
        here.send(publish("from/here", "a", QoS::AtMostOnce)).await;
        there
            .send(publish("from/there", "b", QoS::AtMostOnce))
            .await;
        // A connection that arrives now waits too, longer than a silent one may.
        let mut late = Client::new(server.connect_to(LOST).expect("accepted"), V5);
        late.send(connect(V5, "late")).await;
        settle().await;
        for client in [&mut here, &mut there, &mut late] {
            let nothing = timeout(Duration::from_secs(30), client.receive()).await;
            assert!(nothing.is_err(), "{nothing:?}");
        }
        happens(&server, NodeEvent::Continued);
        assert!(matches!(here.receive().await, Some(Packet::Publish(_))));
        assert!(matches!(there.receive().await, Some(Packet::Publish(_))));
        assert!(matches!(late.receive().await, Some(Packet::ConnAck(_))));
    });
}

#[test]
fn a_paused_node_answers_no_upgrade_until_it_goes_on() {
    paused(|| async {
        let server = server(|_| {});
        happens(&server, NodeEvent::Paused);
        let mut stream = server.connect_websocket_to(LOST).expect("accepted");
        let request = "GET / HTTP/1.1\r\nHost: memory\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Protocol: mqtt\r\n\r\n";
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("room");
        let mut answer = [0; 12];
        let read = stream.read_exact(&mut answer);
        let nothing = timeout(Duration::from_secs(30), read).await;
        assert!(nothing.is_err(), "{nothing:?}");
        happens(&server, NodeEvent::Continued);
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 101");
    });
}

#[test]
fn a_paused_node_that_is_killed_sends_nothing_more() {
    paused(|| async {
        let server = server(|_| {});
        let mut here = Client::new(server.connect().expect("runs"), V5);
        here.connect("here").await;
        let mut there = Client::new(server.connect_to(LOST).expect("runs"), V5);
        there.connect("there").await;
        there.subscribe("from/here", QoS::AtMostOnce).await;
        happens(&server, NodeEvent::Paused);
        here.send(publish("from/here", "a", QoS::AtMostOnce)).await;
        settle().await;
        happens(&server, NodeEvent::Killed);
        assert_eq!(there.receive().await, None);
    });
}
