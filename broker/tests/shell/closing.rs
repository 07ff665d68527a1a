//! How connections end, and what is still sent on them.

use std::time::Duration;

use bytes::BytesMut;
use mqtt_check_broker::shell::{Randomness, Restart, Server};
use mqtt_check_broker::{Config, Control, Fault, Faults};
use mqtt_check_codec::{Disconnect, Packet, Properties, ProtocolVersion, QoS, ReasonCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, connect, paused, publish, server, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;
const V3: ProtocolVersion = ProtocolVersion::V3_1_1;

fn disconnect(reason: ReasonCode) -> Option<Packet> {
    let properties = Properties::new();
    Some(Packet::Disconnect(Disconnect { reason, properties }))
}

#[test]
fn a_displaced_client_gets_its_disconnect_and_then_the_end() {
    paused(|| async {
        let server = server(|_| {});
        server.record_hooks();
        let mut first = Client::new(server.connect().expect("runs"), V5);
        first.connect("a").await;
        let mut second = Client::new(server.connect().expect("runs"), V5);
        second.connect("a").await;
        assert_eq!(
            first.receive().await,
            disconnect(ReasonCode::SESSION_TAKEN_OVER)
        );
        assert_eq!(first.receive().await, None);
        second.ping().await;
        let names: Vec<_> = server.take_hooks().iter().map(|(_, e)| e.name()).collect();
        assert_eq!(
            names,
            [
                "session.created",
                "client.connected",
                "session.terminated",
                "session.created",
                "client.connected"
            ]
        );
    });
}

#[test]
fn a_disconnect_writes_its_property_length_out_unless_told_otherwise() {
    for (short, expected) in [(false, &[0xE0, 2, 0x98, 0][..]), (true, &[0xE0, 1, 0x98])] {
        paused(|| async move {
            let server = server(|config| config.short_acknowledgements = short);
            let mut a = Client::new(server.connect().expect("runs"), V5);
            a.connect("a").await;
            server.control(Control::Kick {
                client: "a".into(),
                reason: ReasonCode::ADMINISTRATIVE_ACTION,
            });
            let frame = a.frame().await.expect("no reset").expect("a frame");
            assert_eq!(frame.bytes()[..], *expected);
            assert_eq!(a.receive().await, None);
        });
    }
}

#[test]
fn what_was_sent_before_a_half_close_is_answered() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.connect("a").await;
        a.send(publish("t", "x", QoS::AtLeastOnce)).await;
        a.stream.shutdown().await.expect("half-closed");
        assert!(matches!(a.receive().await, Some(Packet::PubAck(_))));
        assert_eq!(a.receive().await, None);
        assert!(!server.is_connected("a"));
    });
}

#[test]
fn a_dropped_transport_is_noticed_at_once() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V3);
        a.connect("a").await;
        assert!(server.is_connected("a"));
        drop(a);
        settle().await;
        assert!(!server.is_connected("a"));
        assert_eq!(server.connection_count(), 0);
    });
}

#[test]
fn bytes_that_are_no_packet_are_answered_in_their_version() {
    let mut malformed = BytesMut::new();
    let connect = connect(V5, "a");
    connect.encode(V5, &mut malformed).expect("encodes");
    // Sets the reserved flag.
    malformed[9] |= 1;
    let unknown: &[u8] = &[0x10, 7, 0, 4, b'M', b'Q', b'T', b'T', 6];
    let endless: &[u8] = &[0x10, 0xFF, 0xFF, 0xFF, 0xFF];
    for (bytes, expected) in [
        (&malformed[..], &[0x20, 3, 0, 0x81, 0][..]),
        (unknown, &[0x20, 2, 0, 1]),
        (endless, &[]),
        (&[0xC0, 0], &[]),
        (&[0x00, 0], &[]),
    ] {
        paused(|| async move {
            let server = server(|_| {});
            let mut stream = server.connect().expect("runs");
            stream.write_all(bytes).await.expect("written");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("no reset");
            assert_eq!(answer, expected);
        });
    }
}

#[test]
fn a_packet_may_come_byte_by_byte_and_many_at_once() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V5);
        for byte in a.bytes(connect(V5, "a")) {
            a.stream.write_all(&[byte]).await.expect("written");
            settle().await;
        }
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
        let mut many = BytesMut::new();
        for _ in 0..1_000 {
            many.extend_from_slice(&a.bytes(Packet::PingReq));
        }
        a.stream.write_all(&many).await.expect("written");
        for _ in 0..1_000 {
            assert_eq!(a.receive().await, Some(Packet::PingResp));
        }
    });
}

#[test]
fn a_restart_ends_every_connection_and_takes_new_ones() {
    for how in [Restart::Orderly, Restart::Crash] {
        paused(|| async move {
            let server = server(|_| {});
            let mut a = Client::new(server.connect().expect("runs"), V5);
            a.connect("a").await;
            server.restart(how);
            if how == Restart::Orderly {
                assert_eq!(
                    a.receive().await,
                    disconnect(ReasonCode::SERVER_SHUTTING_DOWN)
                );
            }
            assert_eq!(a.receive().await, None);
            let mut a = Client::new(server.connect().expect("runs"), V5);
            a.connect("a").await;
        });
    }
}

#[test]
fn a_stopped_broker_refuses_connections_until_it_is_started_again() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V3);
        a.connect("a").await;
        server.control(Control::Stop);
        assert_eq!(a.receive().await, None);
        assert!(server.connect().is_err());
        server.restart(Restart::Orderly);
        assert!(server.connect().is_ok());
    });
}

#[test]
fn a_peer_that_does_not_take_the_last_packet_is_not_waited_for_long() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = Client::new(server.connect().expect("runs"), V5);
        a.connect("a").await;
        let mut b = Client::new(server.connect().expect("runs"), V5);
        b.connect("b").await;
        a.subscribe("t", QoS::AtMostOnce).await;
        for _ in 0..4 {
            b.send(publish("t", vec![0; 64 * 1024], QoS::AtMostOnce))
                .await;
        }
        b.ping().await;
        server.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        settle().await;
        assert_eq!(server.connection_count(), 2);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(server.connection_count(), 1);
    });
}

/// Returns the answers to a CONNECT that is directly followed by a PINGREQ.
async fn pipelined(server: &Server) -> Vec<Packet> {
    let mut a = Client::new(server.connect().expect("runs"), V5);
    let mut both = BytesMut::from(&a.bytes(connect(V5, "a"))[..]);
    both.extend_from_slice(&a.bytes(Packet::PingReq));
    a.stream.write_all(&both).await.expect("written");
    a.stream.shutdown().await.expect("half-closed");
    let mut answers = Vec::new();
    while let Some(packet) = a.receive().await {
        answers.push(packet);
    }
    answers
}

#[test]
fn what_stands_behind_a_connect_is_processed_with_it() {
    paused(|| async {
        let answers = pipelined(&server(|_| {})).await;
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[1], Packet::PingResp);
        let deaf = Faults::from_iter([Fault::PacketsBehindConnectLost]);
        let deaf = Server::new(Config::default(), deaf, Randomness::Seed(1));
        assert_eq!(pipelined(&deaf).await.len(), 1);
    });
}

#[test]
fn a_packet_whose_fault_is_tolerated_is_passed_over() {
    paused(|| async {
        let tolerant = Faults::from_iter([Fault::SubscribeFlagsIgnored]);
        for (faults, answered) in [(Faults::none(), false), (tolerant, true)] {
            let server = Server::new(Config::default(), faults, Randomness::Seed(1));
            let mut a = Client::new(server.connect().expect("runs"), V3);
            a.connect("a").await;
            let subscribe = [0x80, 6, 0, 1, 0, 1, b'a', 0];
            a.stream.write_all(&subscribe).await.expect("written");
            a.send(Packet::PingReq).await;
            let expected = answered.then_some(Packet::PingResp);
            assert_eq!(a.receive().await, expected);
        }
    });
}

#[test]
fn a_stopped_broker_drops_transports_that_were_accepted_elsewhere() {
    paused(|| async {
        let server = server(|config| {
            config.persistent_session_expiry = Some(Duration::MAX);
        });
        server.control(Control::Stop);
        let (ours, theirs) = tokio::io::duplex(64);
        server.serve(ours);
        let mut a = Client::new(theirs, V3);
        assert_eq!(a.receive().await, None);
    });
}
