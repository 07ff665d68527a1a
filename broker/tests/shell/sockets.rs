//! Every limit over real sockets, each small enough to be reached at once.

use std::time::{Duration, Instant};

use mqtt_check_broker::shell::{Listener, Server};
use mqtt_check_broker::{Config, Control, HookEvent};
use mqtt_check_codec::{Connect, Packet, Properties, Property, ProtocolVersion, QoS, Will};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{Client, connect, publish, real, server};

const V5: ProtocolVersion = ProtocolVersion::V5;
const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

async fn listening(change: impl FnOnce(&mut Config)) -> (Server, Listener) {
    let server = server(change);
    let listener = server.listen("127.0.0.1:0").await.expect("binds");
    (server, listener)
}

async fn open(listener: &Listener) -> TcpStream {
    let connecting = TcpStream::connect(listener.local_address());
    connecting.await.expect("connects")
}

async fn client(listener: &Listener, version: ProtocolVersion) -> Client<TcpStream> {
    Client::new(open(listener).await, version)
}

/// Returns the code of a CONNACK or DISCONNECT, which must be followed by the end of the stream.
async fn refused(client: &mut Client<TcpStream>) -> u8 {
    let code = match timeout(LONG, client.receive()).await.expect("an answer") {
        Some(Packet::ConnAck(connack)) => connack.reason.0,
        Some(Packet::Disconnect(disconnect)) => disconnect.reason.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(timeout(LONG, client.receive()).await.expect("an end"), None);
    code
}

/// Checks that the stream ends without any bytes.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut rest)).await;
    read.expect("an end").expect("an orderly end");
    assert!(rest.is_empty(), "{rest:?}");
}

fn with(change: impl FnOnce(&mut Connect)) -> Packet {
    let Packet::Connect(mut packet) = connect(V5, "a") else {
        unreachable!("it is a CONNECT");
    };
    change(&mut packet);
    Packet::Connect(packet)
}

#[test]
fn a_connection_without_a_connect_is_closed_in_time() {
    real(|| async {
        let (_server, listener) = listening(|config| {
            config.connect_timeout = Duration::from_millis(200);
        })
        .await;
        let began = Instant::now();
        let mut silent = open(&listener).await;
        let mut half = open(&listener).await;
        half.write_all(b"\x10\x0d\x00\x04MQ")
            .await
            .expect("written");
        closed(&mut silent).await;
        closed(&mut half).await;
        assert!(began.elapsed() >= Duration::from_millis(200));
    });
}

#[test]
fn a_client_that_falls_silent_is_disconnected() {
    real(|| async {
        let (server, listener) = listening(|config| config.server_keep_alive = Some(1)).await;
        let mut a = client(&listener, V5).await;
        a.connect("a").await;
        let began = Instant::now();
        assert_eq!(refused(&mut a).await, 0x8D);
        assert!(began.elapsed() >= Duration::from_millis(1_400));
        assert!(!server.is_connected("a"));
    });
}

#[test]
fn a_flood_of_connections_that_say_nothing_keeps_nobody_out() {
    real(|| async {
        let (server, listener) = listening(|config| {
            config.maximum_waiting_connections = 20;
            config.connect_timeout = Duration::from_millis(500);
        })
        .await;
        let mut flood = Vec::new();
        for _ in 0..200 {
            flood.push(open(&listener).await);
        }
        // Connections beyond the limit are closed at once, the others after the connect timeout.
        for mut stream in flood {
            closed(&mut stream).await;
        }
        let mut a = client(&listener, V5).await;
        a.connect("a").await;
        a.ping().await;
        assert!(server.connection_count() >= 1);
    });
}

#[test]
fn a_full_server_says_so_and_serves_those_it_has() {
    real(|| async {
        let (_server, listener) = listening(|config| config.maximum_connections = 2).await;
        let mut first = client(&listener, V5).await;
        first.connect("first").await;
        let mut second = client(&listener, V3).await;
        second.connect("second").await;
        for (version, code) in [(V5, 0x89), (V3, 3)] {
            let mut late = client(&listener, version).await;
            late.send(connect(version, "late")).await;
            assert_eq!(refused(&mut late).await, code);
        }
        first.ping().await;
        drop(second);
        let mut again = client(&listener, V5).await;
        for _ in 0..200 {
            again.send(connect(V5, "again")).await;
            match again.receive().await {
                Some(Packet::ConnAck(connack)) if connack.reason.0 == 0 => return,
                _ => sleep(Duration::from_millis(10)).await,
            }
            again = client(&listener, V5).await;
        }
        panic!("there is no room when one has left");
    });
}

#[test]
fn packets_above_the_limit_end_the_connection_before_they_are_there_whole() {
    real(|| async {
        let (_server, listener) = listening(|config| config.maximum_packet_size = Some(100)).await;
        let mut a = client(&listener, V5).await;
        a.connect("a").await;
        a.send(publish("t", vec![0; 94], QoS::AtMostOnce)).await;
        a.ping().await;
        // The header of a packet of 200 MB, and nothing more.
        a.stream
            .write_all(b"\x30\xff\xff\xff\x5f")
            .await
            .expect("written");
        assert_eq!(refused(&mut a).await, 0x95);
        let mut b = client(&listener, V5).await;
        let large = with(|connect| connect.client_id = "b".repeat(100).into());
        b.send(large).await;
        assert_eq!(refused(&mut b).await, 0x95);
    });
}

#[test]
fn nothing_above_the_client_s_limit_is_sent_to_it() {
    real(|| async {
        let (server, listener) = listening(|_| {}).await;
        server.record_hooks();
        let mut a = client(&listener, V5).await;
        let limit = Property::MaximumPacketSize(50);
        a.send(with(|connect| connect.properties.push(limit))).await;
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
        a.subscribe("t", QoS::AtLeastOnce).await;
        let mut b = client(&listener, V5).await;
        b.connect("b").await;
        for size in [100, 10] {
            b.send(publish("t", vec![0; size], QoS::AtLeastOnce)).await;
            assert!(matches!(b.receive().await, Some(Packet::PubAck(_))));
        }
        let Some(Packet::Publish(came)) = a.receive().await else {
            panic!("no PUBLISH");
        };
        assert_eq!(came.payload.len(), 10);
        let hooks = server.take_hooks();
        let is_drop = |event: &HookEvent| matches!(event, HookEvent::MessageDropped { .. });
        assert_eq!(hooks.iter().filter(|(_, event)| is_drop(event)).count(), 1);
    });
}

#[test]
fn a_client_that_reads_nothing_costs_no_more_than_its_limit() {
    real(|| async {
        let (server, listener) = listening(|config| {
            config.maximum_outgoing_bytes = 100_000;
            config.maximum_queued_messages = 5;
            config.maximum_inflight = 5;
        })
        .await;
        server.record_hooks();
        let mut slow = client(&listener, V5).await;
        slow.connect("slow").await;
        slow.subscribe("zero", QoS::AtMostOnce).await;
        slow.subscribe("one", QoS::AtLeastOnce).await;
        let mut quick = client(&listener, V5).await;
        quick.connect("quick").await;
        // More than the buffers of both ends of a socket hold.
        for _ in 0..400 {
            quick
                .send(publish("zero", vec![0; 100_000], QoS::AtMostOnce))
                .await;
        }
        for _ in 0..20 {
            quick.send(publish("one", "1", QoS::AtLeastOnce)).await;
            assert!(matches!(quick.receive().await, Some(Packet::PubAck(_))));
        }
        quick.ping().await;
        let hooks = server.take_hooks();
        let of = |wanted: &str| {
            let is = |event: &HookEvent| {
                matches!(event, HookEvent::MessageDropped { topic, reason, .. }
                    if *topic == wanted && reason.as_str() == "queue_full")
            };
            hooks.iter().filter(|(_, event)| is(event)).count()
        };
        assert!(of("zero") > 0, "nothing was dropped");
        assert!((10..=15).contains(&of("one")), "{}", of("one"));
        // The slow client catches up, and is then served like any other.
        let mut ones = 0;
        while ones < 5 {
            match timeout(LONG, slow.receive()).await.expect("it goes on") {
                Some(Packet::Publish(publish)) if publish.topic == "one" => ones += 1,
                Some(Packet::Publish(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn a_stop_tells_everybody_and_publishes_wills() {
    real(|| async {
        let (server, listener) = listening(|_| {}).await;
        server.record_hooks();
        let mut a = client(&listener, V5).await;
        let will = Will {
            topic: "will".into(),
            payload: "gone".into(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::new(),
        };
        a.send(with(|connect| connect.will = Some(will))).await;
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
        let mut old = client(&listener, V3).await;
        old.connect("old").await;
        old.subscribe("will", QoS::AtMostOnce).await;
        let mut silent = open(&listener).await;
        while server.connection_count() < 3 {
            sleep(Duration::from_millis(1)).await;
        }
        server.control(Control::Stop);
        assert_eq!(refused(&mut a).await, 0x8B);
        assert!(matches!(old.receive().await, Some(Packet::Publish(_))));
        assert_eq!(timeout(LONG, old.receive()).await.expect("an end"), None);
        closed(&mut silent).await;
        let hooks = server.take_hooks();
        let is_will = |event: &HookEvent| {
            matches!(event, HookEvent::WillPublished { trigger, .. }
                if trigger.as_str() == "server_shutdown")
        };
        assert!(hooks.iter().any(|(_, event)| is_will(event)));
    });
}

#[test]
fn a_client_that_goes_on_sending_is_closed_all_the_same() {
    real(|| async {
        let (_server, listener) = listening(|_| {}).await;
        let mut a = open(&listener).await;
        // A packet other than CONNECT ends the connection. After it, the client keeps sending.
        a.write_all(&[0xC0, 0]).await.expect("written");
        let rest = vec![0; 1 << 20];
        let sending = async { while a.write_all(&rest).await.is_ok() {} };
        let ended = tokio::time::timeout(Duration::from_secs(20), sending).await;
        assert!(ended.is_ok(), "it was read from for 20 seconds");
    });
}
