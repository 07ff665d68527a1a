//! A broker that listens on TCP.

use std::time::Duration;

use mqtt_check_codec::{Packet, ProtocolVersion, QoS};
use tokio::net::TcpStream;

use crate::client::{Client, publish, real, server};

const V5: ProtocolVersion = ProtocolVersion::V5;

#[test]
fn serves_tcp_on_both_families() {
    real(|| async {
        let server = server(|_| {});
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = match server.listen(address).await {
                Ok(listener) => listener,
                // Not every machine has IPv6.
                Err(_) if address.starts_with('[') => continue,
                Err(error) => panic!("{error}"),
            };
            let stream = TcpStream::connect(listener.local_address())
                .await
                .expect("connects");
            let mut a = Client::new(stream, V5);
            a.connect("a").await;
            a.subscribe("t", QoS::ExactlyOnce).await;
            // The acknowledgement comes before the message.
            a.send(publish("t", vec![7; 200_000], QoS::AtLeastOnce))
                .await;
            assert!(matches!(a.receive().await, Some(Packet::PubAck(_))));
            let Some(Packet::Publish(publish)) = a.receive().await else {
                panic!("no PUBLISH");
            };
            assert_eq!(publish.payload.len(), 200_000);
        }
    });
}

#[test]
fn a_refused_client_sees_the_refusal_and_then_an_orderly_end() {
    real(|| async {
        let server = server(|_| {});
        let listener = server.listen("127.0.0.1:0").await.expect("binds");
        let stream = TcpStream::connect(listener.local_address())
            .await
            .expect("connects");
        let mut a = Client::new(stream, V5);
        a.connect("a").await;
        // A packet that only servers send, and then many more that are never read.
        a.send(Packet::PingResp).await;
        for _ in 0..100 {
            a.send(Packet::PingReq).await;
        }
        let Some(Packet::Disconnect(disconnect)) = a.receive().await else {
            panic!("no DISCONNECT");
        };
        assert_eq!(disconnect.reason.0, 0x82);
        assert_eq!(a.receive().await, None);
    });
}

#[test]
fn a_dropped_listener_takes_no_more_connections() {
    real(|| async {
        let server = server(|_| {});
        let listener = server.listen("127.0.0.1:0").await.expect("binds");
        let address = listener.local_address();
        drop(listener);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(TcpStream::connect(address).await.is_err());
        let busy = server.listen("127.0.0.1:0").await.expect("binds");
        let taken = busy.local_address().to_string();
        assert!(server.listen(&taken).await.is_err());
    });
}
