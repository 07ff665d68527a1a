//! MQTT in WebSocket frames.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mqtt_check_broker::shell::{Transport, WebSocketPath};
use mqtt_check_broker::{Control, Fault, shell::Server};
use mqtt_check_codec::{Disconnect, Packet, ProtocolVersion, QoS, ReasonCode, Will};
use mqtt_check_websocket::handshake::key;
use mqtt_check_websocket::{Answer, Cut, Frame, MQTT, Opcode, Request, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::{Client, connect, faulty, paused, publish, real, server, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;

fn request(path: &str, protocols: &[&str]) -> Request {
    Request {
        host: "localhost".into(),
        path: path.into(),
        protocols: protocols.iter().map(|name| (*name).to_owned()).collect(),
        key: key([1; 16]),
        origin: None,
    }
}

async fn asked<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S, request: &Request) -> Answer {
    let text = request.to_text();
    io.write_all(text.as_bytes()).await.expect("written");
    let mut rest = BytesMut::new();
    Answer::read(io, &mut rest, &request.key)
        .await
        .expect("an answer")
}

/// Returns the stream after a successful upgrade.
pub(crate) async fn upgraded<S: AsyncRead + AsyncWrite + Unpin>(mut io: S) -> WebSocket<S> {
    let answer = asked(&mut io, &request("/mqtt", &[MQTT])).await;
    assert!(answer.is_upgrade(), "{answer:?}");
    assert_eq!(answer.protocol.as_deref(), Some(MQTT));
    WebSocket::new(io, Role::Client { seed: 1 }, BytesMut::new())
}

async fn client(server: &Server) -> Client<WebSocket<DuplexStream>> {
    let stream = server.connect_websocket().expect("runs");
    Client::new(upgraded(stream).await, V5)
}

fn frame(opcode: Opcode, payload: impl Into<Bytes>) -> Frame {
    Frame {
        fin: true,
        reserved: 0,
        opcode,
        masked: true,
        payload: payload.into(),
    }
}

#[test]
fn serves_websockets_beside_tcp_on_both_families() {
    real(|| async {
        let server = server(|_| {});
        let plain = server.listen("127.0.0.1:0").await.expect("binds");
        let plain = TcpStream::connect(plain.local_address()).await;
        let mut a = Client::new(plain.expect("connects"), V5);
        a.connect("a").await;
        a.subscribe("t", QoS::AtMostOnce).await;
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let transport = Transport {
                websocket: Some(WebSocketPath::Any),
                ..Transport::default()
            };
            let listener = match server.listen_with(address, transport).await {
                Ok(listener) => listener,
                // Not every machine has IPv6.
                Err(_) if address.starts_with('[') => continue,
                Err(error) => panic!("{error}"),
            };
            let stream = TcpStream::connect(listener.local_address()).await;
            let mut b = Client::new(upgraded(stream.expect("connects")).await, V5);
            b.connect("b").await;
            b.echo_of(&mut a, "t", 200_000).await;
        }
    });
}

#[test]
fn a_packet_may_span_frames_and_a_frame_hold_several() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = client(&server).await;
        let packets = [
            connect(V5, "a"),
            publish("t", "x", QoS::AtLeastOnce),
            Packet::PingReq,
        ];
        let bytes: Vec<u8> = packets.into_iter().flat_map(|p| a.bytes(p)).collect();
        for size in [1, 5, bytes.len()] {
            let mut a = client(&server).await;
            for part in bytes.chunks(size) {
                a.stream.push(&frame(Opcode::BINARY, part.to_vec()));
                a.stream.push(&frame(Opcode::PING, "between"));
            }
            a.stream.flush().await.expect("flushed");
            assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
            assert!(matches!(a.receive().await, Some(Packet::PubAck(_))));
            assert!(matches!(a.receive().await, Some(Packet::PingResp)));
        }
        // A fragment is answered before its message has ended.
        a.stream.push(&Frame {
            fin: false,
            ..frame(Opcode::BINARY, bytes.clone())
        });
        a.stream.flush().await.expect("flushed");
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
    });
}

#[test]
fn a_text_frame_ends_the_connection() {
    paused(|| async {
        let server = server(|_| {});
        server.record_hooks();
        let mut a = client(&server).await;
        a.connect("a").await;
        let ping = a.bytes(Packet::PingReq);
        a.stream.push(&frame(Opcode::TEXT, ping));
        a.stream.flush().await.expect("flushed");
        assert_eq!(a.receive().await, None);
        assert_eq!(a.stream.close_code(), Some(Some(1003)));
        settle().await;
        let hooks = server.take_hooks();
        let names: Vec<_> = hooks.iter().map(|(_, event)| event.name()).collect();
        assert!(names.contains(&"client.disconnected"), "{names:?}");
        assert_eq!(server.connection_count(), 0);
    });
}

#[test]
fn a_disconnect_goes_before_the_close() {
    paused(|| async {
        let server = server(|_| {});
        let mut a = client(&server).await;
        a.connect("a").await;
        server.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        let Some(Packet::Disconnect(disconnect)) = a.receive().await else {
            panic!("no DISCONNECT");
        };
        assert_eq!(disconnect.reason, ReasonCode::ADMINISTRATIVE_ACTION);
        assert_eq!(a.receive().await, None);
        assert_eq!(a.stream.close_code(), Some(Some(1000)));
    });
}

#[test]
fn the_subprotocol_is_mqtt_or_nothing() {
    paused(|| async {
        let server = server(|_| {});
        for (offered, status, selected) in [
            (&["mqtt"][..], 101, Some("mqtt")),
            (&["graphql-ws", "mqtt"], 101, Some("mqtt")),
            (&["mqttv3.1"], 400, None),
            (&[], 400, None),
        ] {
            let mut stream = server.connect_websocket().expect("runs");
            let answer = asked(&mut stream, &request("/", offered)).await;
            assert_eq!(answer.status, status, "{offered:?}");
            assert_eq!(answer.protocol.as_deref(), selected, "{offered:?}");
        }
    });
}

#[test]
fn only_its_path_leads_to_a_websocket() {
    real(|| async {
        let server = server(|_| {});
        let transport = Transport {
            websocket: Some(WebSocketPath::Only("/mqtt".into())),
            ..Transport::default()
        };
        let listener = server.listen_with("127.0.0.1:0", transport).await;
        let address = listener.as_ref().expect("binds").local_address();
        for (path, status) in [("/mqtt", 101), ("/mqtt?client=a", 101), ("/", 404)] {
            let mut stream = TcpStream::connect(address).await.expect("connects");
            let answer = asked(&mut stream, &request(path, &[MQTT])).await;
            assert_eq!(answer.status, status, "{path}");
        }
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream
            .write_all(b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    });
}

#[test]
fn an_upgrade_that_does_not_come_is_waited_for_as_long_as_a_connect() {
    paused(|| async {
        let server = server(|_| {});
        let mut stream = server.connect_websocket().expect("runs");
        let began = Instant::now();
        stream
            .write_all(b"GET / HTTP/1.1\r\n")
            .await
            .expect("written");
        assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        assert_eq!(server.connection_count(), 0);
    });
}

/// Returns whether the Will of a WebSocket connection that ends in this way is published.
async fn publishes_will(server: &Server, disconnects: bool) -> bool {
    let mut heir = client(server).await;
    heir.connect("heir").await;
    heir.subscribe("wills", QoS::AtMostOnce).await;
    let mut a = client(server).await;
    let Packet::Connect(mut doomed) = connect(V5, "a") else {
        unreachable!("a CONNECT");
    };
    doomed.will = Some(Will {
        topic: "wills".into(),
        payload: "gone".into(),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Default::default(),
    });
    a.send(Packet::Connect(doomed)).await;
    assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
    if disconnects {
        a.send(Packet::Disconnect(Disconnect {
            reason: ReasonCode::SUCCESS,
            properties: Default::default(),
        }))
        .await;
    }
    drop(a);
    settle().await;
    heir.send(Packet::PingReq).await;
    matches!(heir.receive().await, Some(Packet::Publish(_)))
}

#[test]
fn a_will_follows_the_end_of_its_connection_over_websocket_too() {
    paused(|| async {
        let right = server(|_| {});
        assert!(publishes_will(&right, false).await);
        assert!(!publishes_will(&right, true).await);
        let lost = faulty(Fault::WillLostOnWebsocket);
        assert!(!publishes_will(&lost, false).await);
        let published = faulty(Fault::WebsocketDisconnectPublishesWill);
        assert!(publishes_will(&published, true).await);
    });
}

#[test]
fn a_ping_is_no_data_and_a_piece_behind_packets_is_kept() {
    paused(|| async {
        for (fault, is_read) in [(None, false), (Some(Fault::PingFrameReadAsData), true)] {
            let server = fault.map_or_else(|| server(|_| {}), faulty);
            let mut a = client(&server).await;
            a.connect("a").await;
            a.stream.push(&frame(Opcode::PING, vec![0xC0, 0x00]));
            a.stream.push(&frame(Opcode::BINARY, vec![0xC0, 0x00]));
            a.stream.flush().await.expect("flushed");
            assert!(matches!(a.receive().await, Some(Packet::PingResp)));
            let again = timeout(Duration::from_secs(1), a.receive()).await;
            assert_eq!(again.is_ok(), is_read);
        }
        for (fault, is_kept) in [(None, true), (Some(Fault::PieceBehindPacketsLost), false)] {
            let server = fault.map_or_else(|| server(|_| {}), faulty);
            let mut a = client(&server).await;
            a.connect("a").await;
            let packets = vec![0xC0, 0x00, 0xC0, 0x00, 0xC0];
            a.stream.push(&frame(Opcode::BINARY, packets));
            a.stream.flush().await.expect("flushed");
            for _ in 0..2 {
                assert!(matches!(a.receive().await, Some(Packet::PingResp)));
            }
            a.stream.push(&frame(Opcode::BINARY, vec![0x00]));
            a.stream.flush().await.expect("flushed");
            let third = timeout(Duration::from_secs(1), a.receive()).await;
            assert_eq!(third.is_ok(), is_kept);
        }
    });
}

#[test]
fn each_fault_breaks_its_own_rule_alone() {
    paused(|| async {
        let server = faulty(Fault::TextFramesAccepted);
        let mut a = client(&server).await;
        let bytes = a.bytes(connect(V5, "a"));
        a.stream.push(&frame(Opcode::TEXT, bytes.clone()));
        a.stream.flush().await.expect("flushed");
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));

        let server = faulty(Fault::PacketsInTextFrames);
        let mut a = client(&server).await;
        a.send(connect(V5, "a")).await;
        assert!(a.frame().await.is_err());

        let server = faulty(Fault::PacketsSpanNoFrames);
        let mut a = client(&server).await;
        a.connect("a").await;
        for part in [&[0xC0, 0x00, 0xC0][..], &[0x00], &[0xC0, 0x00]] {
            a.stream.push(&frame(Opcode::BINARY, part.to_vec()));
        }
        a.stream.flush().await.expect("flushed");
        assert!(matches!(a.receive().await, Some(Packet::PingResp)));
        a.ping().await;

        let server = faulty(Fault::OnePacketPerFrame);
        let mut a = client(&server).await;
        a.connect("a").await;
        for part in [&[0xC0, 0x00, 0xC0, 0x00, 0xC0][..], &[0x00]] {
            a.stream.push(&frame(Opcode::BINARY, part.to_vec()));
        }
        a.stream.flush().await.expect("flushed");
        for _ in 0..2 {
            assert!(matches!(a.receive().await, Some(Packet::PingResp)));
        }
        settle().await;
        a.send(Packet::Disconnect(Disconnect {
            reason: ReasonCode::SUCCESS,
            properties: Default::default(),
        }))
        .await;
        assert_eq!(a.receive().await, None);

        let server = faulty(Fault::FrameHeadersWhole);
        let mut a = client(&server).await;
        a.connect("a").await;
        for every in [6, 1] {
            a.stream.cut(NonZeroUsize::new(every).map(|every| Cut {
                every,
                up_to: usize::MAX,
            }));
            a.stream.push(&frame(Opcode::BINARY, vec![0xC0, 0x00]));
            // The broker may end the connection before everything is sent.
            let is_sent = a.stream.flush().await.is_ok();
            let is_kept = is_sent && matches!(a.receive().await, Some(Packet::PingResp));
            assert_eq!(is_kept, every == 6);
        }

        let server = faulty(Fault::EmptyFrameEndsStream);
        let mut a = client(&server).await;
        a.connect("a").await;
        a.ping().await;
        a.stream.push(&frame(Opcode::BINARY, vec![]));
        a.stream.flush().await.expect("flushed");
        assert_eq!(a.receive().await, None);

        for (fault, selected) in [
            (Fault::SubprotocolEchoed, Some("other")),
            (Fault::SubprotocolNotReturned, None),
        ] {
            let mut stream = faulty(fault).connect_websocket().expect("runs");
            let answer = asked(&mut stream, &request("/", &["other", "mqtt"])).await;
            assert_eq!(answer.protocol.as_deref(), selected);
        }
    });
}

#[test]
fn a_page_of_another_origin_opens_no_websocket() {
    paused(|| async {
        let panel = "https://panel.example";
        for (let_in, origin, status) in [
            (None, Some("https://anywhere.example"), 101),
            (Some(panel), Some(panel), 101),
            (Some(panel), Some("HTTPS://Panel.example"), 101),
            // A client without an Origin is not a browser.
            (Some(panel), None, 101),
            (Some(panel), Some("https://panel.example.org"), 403),
            (Some(panel), Some("http://panel.example"), 403),
            (Some(panel), Some("https://panel.example:8443"), 403),
            (Some(panel), Some("null"), 403),
            (Some(panel), Some(""), 403),
        ] {
            let server = server(|config| {
                config.origins = let_in.map(|origin| vec![origin.to_owned()]);
            });
            let mut stream = server.connect_websocket().expect("runs");
            let mut request = request("/", &[MQTT]);
            request.origin = origin.map(str::to_owned);
            let answer = asked(&mut stream, &request).await;
            assert_eq!(answer.status, status, "{let_in:?} {origin:?}");
        }
    });
}

/// Far more than the most handshakes under way, and than a short queue of the system.
const IDLE: usize = 1_500;

#[test]
fn handshakes_that_never_come_delay_nobody() {
    real(|| async {
        let server = server(|_| {});
        let transport = Transport {
            websocket: Some(WebSocketPath::Any),
            ..Transport::default()
        };
        let listener = server.listen_with("127.0.0.1:0", transport).await;
        let listener = listener.expect("binds");
        let address = listener.local_address();
        let mut idle = Vec::new();
        for _ in 0..IDLE {
            idle.push(TcpStream::connect(address).await.expect("connects"));
        }
        let began = Instant::now();
        for id in ["a", "b", "c"] {
            let stream = TcpStream::connect(address).await.expect("connects");
            let mut client = Client::new(upgraded(stream).await, V5);
            client.connect(id).await;
        }
        // Waiting for the end of another handshake would take seconds.
        let took = began.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        // The first handshakes were ended to make room; the last ones still have time.
        let closed = tokio::time::timeout(Duration::from_secs(1), idle[0].read(&mut [0])).await;
        assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{closed:?}");
        let last = idle.last_mut().expect("some");
        let last = tokio::time::timeout(Duration::from_millis(50), last.read(&mut [0])).await;
        assert!(last.is_err(), "{last:?}");
    });
}

/// Returns whether a client receives a message of this size from another, or a retained one for a new subscription.
async fn reads_back(server: &Server, client_id: &str, bytes: usize, retain: bool) -> bool {
    let mut writer = client(server).await;
    writer.connect("writer").await;
    let mut reader = client(server).await;
    reader.connect(client_id).await;
    let topic = bytes.to_string();
    if !retain {
        reader.subscribe(&topic, QoS::AtMostOnce).await;
    }
    let Packet::Publish(mut message) = publish(&topic, vec![0; bytes], QoS::AtMostOnce) else {
        unreachable!("a PUBLISH");
    };
    message.retain = retain;
    writer.send(Packet::Publish(message)).await;
    settle().await;
    if retain {
        reader
            .subscribe(&format!("{topic}/#"), QoS::AtMostOnce)
            .await;
    }
    let next = timeout(Duration::from_secs(1), reader.receive()).await;
    matches!(next, Ok(Some(Packet::Publish(_))))
}

#[test]
fn a_long_message_goes_both_ways() {
    paused(|| async {
        for (bytes, retain, fault) in [
            (5_000, false, Fault::WebsocketPacketsBeyond4096Refused),
            (5_000, false, Fault::WebsocketLongMessagesLost),
            (5_000, true, Fault::WebsocketLongRetainedLost),
            (300_000, false, Fault::PacketsBeyond256KRefused),
        ] {
            assert!(reads_back(&server(|_| {}), "reader", bytes, retain).await);
            let server = faulty(fault);
            assert!(reads_back(&server, "reader", 4_000, retain).await);
            assert!(!reads_back(&server, "late", bytes, retain).await);
        }
    });
}

#[test]
fn a_refusal_is_sent_in_a_frame_too() {
    paused(|| async {
        for (fault, is_answered) in [
            (None, true),
            (Some(Fault::WebsocketRefusalUnanswered), false),
        ] {
            let server = fault.map_or_else(|| server(|_| {}), faulty);
            let stream = server.connect_websocket().expect("runs");
            let mut a = Client::new(upgraded(stream).await, ProtocolVersion::V3_1_1);
            let Packet::Connect(mut nameless) = connect(ProtocolVersion::V3_1_1, "") else {
                unreachable!("a CONNECT");
            };
            nameless.clean_start = false;
            a.send(Packet::Connect(nameless)).await;
            assert_eq!(a.receive().await.is_some(), is_answered);
        }
    });
}

#[test]
fn a_resumed_session_receives_messages() {
    paused(|| async {
        for (fault, is_received) in [(None, true), (Some(Fault::WebsocketResumedDeaf), false)] {
            let server = fault.map_or_else(|| server(|_| {}), faulty);
            let Packet::Connect(mut lasting) = connect(V5, "a") else {
                unreachable!("a CONNECT");
            };
            lasting.clean_start = false;
            let interval = mqtt_check_codec::Property::SessionExpiryInterval(60);
            lasting.properties = [interval].into_iter().collect();
            for is_first in [true, false] {
                let mut a = client(&server).await;
                a.send(Packet::Connect(lasting.clone())).await;
                assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
                a.subscribe("t", QoS::AtMostOnce).await;
                a.send(publish("t", "x", QoS::AtMostOnce)).await;
                let came = timeout(Duration::from_secs(1), a.receive()).await;
                assert_eq!(came.is_ok(), is_first || is_received);
            }
        }
    });
}
