//! Compares both ends with tokio-tungstenite, an independent implementation.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use mqtt_check_websocket::frame::{Decoder, Item};
use mqtt_check_websocket::handshake::key;
use mqtt_check_websocket::{Answer, Fault, Frame, MQTT, Opcode, Request, Role, WebSocket};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as TheirFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

type Ours = WebSocket<DuplexStream>;
type Theirs = WebSocketStream<DuplexStream>;

fn run<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
        .block_on(test())
}

/// Connects our client with their server.
async fn our_client() -> (Ours, Theirs) {
    let (mut ours, theirs) = duplex(4096);
    let request = Request {
        host: "localhost".into(),
        path: "/mqtt".into(),
        protocols: vec!["other".into(), MQTT.into()],
        key: key([7; 16]),
        origin: None,
    };
    #[expect(clippy::result_large_err, reason = "the callback's type is theirs")]
    let accept = |request: &server::Request, mut response: server::Response| {
        assert_eq!(request.uri().path(), "/mqtt");
        assert_eq!(request.headers()["sec-websocket-protocol"], "other, mqtt");
        let headers = response.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(MQTT));
        Ok(response)
    };
    let mut rest = BytesMut::new();
    let (answer, theirs) = tokio::join!(
        async {
            ours.write_all(request.to_text().as_bytes())
                .await
                .expect("written");
            Answer::read(&mut ours, &mut rest, &request.key)
                .await
                .expect("an answer")
        },
        tokio_tungstenite::accept_hdr_async(theirs, accept),
    );
    assert!(answer.is_upgrade(), "{answer:?}");
    assert_eq!(answer.protocol.as_deref(), Some(MQTT));
    let ours = WebSocket::new(ours, Role::Client { seed: 1 }, rest);
    (ours, theirs.expect("accepts us"))
}

/// Connects our server with their client.
async fn our_server() -> (Ours, Theirs) {
    let (mut ours, theirs) = duplex(4096);
    let mut request = "ws://localhost/mqtt"
        .into_client_request()
        .expect("a request");
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", HeaderValue::from_static(MQTT));
    let mut rest = BytesMut::new();
    let ((), theirs) = tokio::join!(
        async {
            let request = Request::read(&mut ours, &mut rest).await.expect("a head");
            let request = request.expect("an upgrade");
            assert_eq!(request.protocols, [MQTT]);
            let answer = request.accept(Some(MQTT));
            ours.write_all(answer.as_bytes()).await.expect("written");
        },
        tokio_tungstenite::client_async(request, theirs),
    );
    let ours = WebSocket::new(ours, Role::Server, rest);
    (ours, theirs.expect("accepts us").0)
}

fn fragment(opcode: Data, fin: bool, payload: &[u8]) -> Message {
    Message::Frame(TheirFrame::message(
        Bytes::copy_from_slice(payload),
        OpCode::Data(opcode),
        fin,
    ))
}

/// Checks that what is written arrives complete on both sides, in pieces of these sizes, with fragments and pings in
/// between.
async fn exchange(mut ours: Ours, mut theirs: Theirs, sizes: Vec<usize>) {
    let pieces: Vec<Vec<u8>> = (0..)
        .zip(&sizes)
        .map(|(n, size)| (0..*size).map(|i| (i * 7 + n) as u8).collect())
        .collect();
    let whole = pieces.concat();
    let sent = pieces.clone();
    let to_them = async {
        for piece in &pieces {
            ours.write_all(piece).await.expect("written");
        }
        ours.flush().await.expect("flushed");
        let mut echoed = vec![0; whole.len()];
        ours.read_exact(&mut echoed).await.expect("read");
        assert_eq!(echoed, whole);
        ours.shutdown().await.expect("closes");
        assert_eq!(ours.read(&mut [0]).await.expect("an end"), 0);
        assert_eq!(ours.close_code(), Some(Some(1000)));
    };
    let from_us = async {
        let mut got = Vec::new();
        while got.len() < sent.concat().len() {
            match theirs.next().await.expect("a message").expect("is right") {
                Message::Binary(bytes) => got.extend_from_slice(&bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, sent.concat());
        for (n, piece) in sent.iter().enumerate() {
            let (head, tail) = piece.split_at(piece.len() / 2);
            let messages = match n % 3 {
                0 => vec![Message::binary(piece.clone())],
                1 => vec![
                    fragment(Data::Binary, false, head),
                    Message::Ping(Bytes::from_static(b"are you there")),
                    fragment(Data::Continue, true, tail),
                ],
                _ => vec![
                    Message::binary(head.to_vec()),
                    Message::binary(tail.to_vec()),
                ],
            };
            for message in messages {
                theirs.send(message).await.expect("sent");
            }
        }
        let mut pongs = 0;
        loop {
            match theirs.next().await.expect("a message").expect("is right") {
                Message::Pong(payload) => {
                    assert_eq!(&payload[..], b"are you there");
                    pongs += 1;
                }
                Message::Close(frame) => {
                    assert_eq!(frame.map(|f| u16::from(f.code)), Some(1000));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pongs, sent.len().saturating_add(1) / 3);
        while theirs.next().await.is_some() {}
    };
    tokio::join!(to_them, from_us);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn written_data_arrives(sizes in prop::collection::vec(1_usize..3000, 1..12), server: bool) {
        run(|| async move {
            let (ours, theirs) = if server { our_server().await } else { our_client().await };
            exchange(ours, theirs, sizes).await;
        });
    }
}

#[test]
fn large_and_odd_sizes_arrive() {
    for sizes in [
        vec![125, 126, 127],
        vec![65_535, 65_536, 65_537],
        vec![400_000],
    ] {
        run(|| async {
            let (ours, theirs) = our_server().await;
            exchange(ours, theirs, sizes.clone()).await;
            let (ours, theirs) = our_client().await;
            exchange(ours, theirs, sizes.clone()).await;
        });
    }
}

#[test]
fn reports_a_text_frame_as_a_fault() {
    run(|| async {
        let (mut ours, mut theirs) = our_server().await;
        theirs
            .send(Message::text("\u{10}text"))
            .await
            .expect("sent");
        let error = ours.read(&mut [0; 8]).await.expect_err("a fault");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        let (fault, fault_content) = ours.fault().expect("a fault");
        assert_eq!((fault, &fault_content[..]), (Fault::Text, &b"\x10text"[..]));
        ours.shutdown().await.expect("closes");
        let Some(Ok(Message::Close(Some(close)))) = theirs.next().await else {
            panic!("no close");
        };
        assert_eq!(u16::from(close.code), 1003);
    });
}

#[test]
fn a_peers_close_is_answered_and_ends_the_stream() {
    run(|| async {
        let (mut ours, mut theirs) = our_client().await;
        theirs
            .send(Message::binary(b"last".to_vec()))
            .await
            .expect("sent");
        theirs.close(None).await.expect("closes");
        let mut read = Vec::new();
        ours.read_to_end(&mut read).await.expect("an end");
        assert_eq!(read, b"last");
        assert_eq!(ours.close_code(), Some(None));
        assert!(ours.write_all(b"late").await.is_err());
        let end = theirs.next().await;
        assert!(matches!(end, Some(Ok(Message::Close(_)))), "{end:?}");
    });
}

#[test]
fn single_frames_are_sent_unchanged() {
    run(|| async {
        let (mut ours, mut theirs) = our_client().await;
        let frame = |fin, opcode, payload: &'static [u8]| Frame {
            fin,
            reserved: 0,
            opcode,
            masked: true,
            payload: Bytes::from_static(payload),
        };
        ours.push(&frame(false, Opcode::TEXT, b"te"));
        ours.push(&frame(true, Opcode::PING, b""));
        ours.push(&frame(true, Opcode::CONTINUATION, b"xt"));
        ours.push(&Frame {
            masked: false,
            ..frame(true, Opcode::BINARY, b"bare")
        });
        ours.flush().await.expect("flushed");
        assert_eq!(
            theirs.next().await.expect("a ping").expect("is right"),
            Message::Ping(Bytes::new())
        );
        assert_eq!(
            theirs.next().await.expect("a text").expect("is right"),
            Message::text("text")
        );
        assert!(theirs.next().await.expect("an error").is_err());
    });
}

proptest! {
    /// Any bytes give the same result, however they are cut.
    #[test]
    fn any_bytes_are_cut_alike(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(vec![0x82, 0x02, 0x80, 0x81, 0x00, 0x89, 0x88, 1, 2, 126])], 0..200),
        masked: bool,
        cuts in prop::collection::vec(1_usize..9, 0..40),
    ) {
        let whole = cut(&bytes, &[], masked);
        prop_assert_eq!(cut(&bytes, &cuts, masked), whole);
    }
}

/// Returns the payload of each kind in order, and the fault if there is one, for bytes that arrive in pieces of these
/// sizes.
fn cut(bytes: &[u8], sizes: &[usize], masked: bool) -> (Vec<(u8, Vec<u8>)>, Option<Fault>) {
    let mut decoder = Decoder::new(masked);
    let mut input = BytesMut::new();
    let mut rest = bytes;
    let mut sizes = sizes.iter();
    let mut out: Vec<(u8, Vec<u8>)> = Vec::new();
    loop {
        loop {
            let (kind, payload) = match decoder.next(&mut input) {
                Err(fault) => return (out, Some(fault)),
                Ok(None) => break,
                Ok(Some(Item::Data(opcode, bytes))) => (opcode.0, bytes.to_vec()),
                Ok(Some(Item::Ping(bytes))) => (9, bytes.to_vec()),
                Ok(Some(Item::Pong(_))) => (10, Vec::new()),
                Ok(Some(Item::Close(code))) => (8, format!("{code:?}").into_bytes()),
            };
            match out.last_mut() {
                Some((last, data)) if *last == kind && kind < 8 => data.extend(payload),
                _ => out.push((kind, payload)),
            }
        }
        if rest.is_empty() {
            return (out, None);
        }
        let size = sizes.next().map_or(rest.len(), |n| (*n).min(rest.len()));
        input.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
    }
}
