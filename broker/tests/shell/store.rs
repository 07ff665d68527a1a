//! A store on a disk: the broker keeps what a client has learned, however the broker ended.

use std::path::Path;

use mqtt_check_broker::shell::{Randomness, Server, Store, StoreError};
use mqtt_check_broker::{Config, Control, Faults};
use mqtt_check_codec::{Connect, Packet, Property, ProtocolVersion, QoS};
use tokio::io::DuplexStream;

use crate::client::{Client, connect, publish, real, settle};

const V5: ProtocolVersion = ProtocolVersion::V5;

fn served(path: &Path) -> Server {
    let store = Store::open(path).expect("a store");
    Server::with_store(
        Config::default(),
        Faults::none(),
        Randomness::Seed(1),
        store,
    )
    .expect("a broker")
}

/// Connects as `a` with a lasting session. Returns whether the session was present.
async fn lasting(server: &Server) -> (Client<DuplexStream>, bool) {
    let mut client = Client::new(server.connect().expect("runs"), V5);
    let Packet::Connect(mut packet) = connect(V5, "a") else {
        unreachable!("it is a CONNECT");
    };
    change(&mut packet);
    client.send(Packet::Connect(packet)).await;
    match client.receive().await {
        Some(Packet::ConnAck(connack)) => (client, connack.session_present),
        other => panic!("{other:?}"),
    }
}

fn change(connect: &mut Connect) {
    connect.clean_start = false;
    let never = Property::SessionExpiryInterval(u32::MAX);
    connect.properties.push(never);
}

async fn publisher(server: &Server) -> Client<DuplexStream> {
    let mut client = Client::new(server.connect().expect("runs"), V5);
    client.connect("p").await;
    client
}

#[test]
fn what_was_acknowledged_is_there_after_any_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.redb");
    for orderly in [true, false] {
        real(|| async {
            let server = served(&path);
            let (mut a, present) = lasting(&server).await;
            assert_eq!(present, !orderly);
            a.subscribe("t", QoS::AtLeastOnce).await;
            drop(a);
            while server.is_connected("a") {
                settle().await;
            }
            let mut p = publisher(&server).await;
            p.send(publish("t", "kept", QoS::AtLeastOnce)).await;
            assert!(matches!(p.receive().await, Some(Packet::PubAck(_))));
            if orderly {
                server.control(Control::Stop);
                settle().await;
            }
            // Otherwise the broker just ends here, with all its tasks.
        });
        real(|| async {
            let server = served(&path);
            let (mut a, present) = lasting(&server).await;
            assert!(present);
            let Some(Packet::Publish(kept)) = a.receive().await else {
                panic!("the message is lost");
            };
            assert_eq!(kept.payload, "kept");
            let id = kept.packet_id.expect("of QoS 1");
            a.send(Packet::PubAck(mqtt_check_codec::Ack {
                packet_id: id,
                reason: mqtt_check_codec::ReasonCode::SUCCESS,
                properties: Default::default(),
            }))
            .await;
            a.ping().await;
        });
    }
    real(|| async {
        let server = served(&path);
        let (mut a, present) = lasting(&server).await;
        assert!(present);
        // No acknowledged message is sent again.
        a.ping().await;
    });
}

#[test]
fn time_goes_on_while_the_broker_is_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.redb");
    real(|| async {
        let server = served(&path);
        let mut a = Client::new(server.connect().expect("runs"), V5);
        let Packet::Connect(mut packet) = connect(V5, "a") else {
            unreachable!("it is a CONNECT");
        };
        packet.properties.push(Property::SessionExpiryInterval(1));
        a.send(Packet::Connect(packet)).await;
        assert!(matches!(a.receive().await, Some(Packet::ConnAck(_))));
        drop(a);
        while server.is_connected("a") {
            settle().await;
        }
    });
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    real(|| async {
        let server = served(&path);
        server.record_hooks();
        let names: Vec<_> = server.take_hooks();
        let names: Vec<_> = names.iter().map(|(_, event)| event.name()).collect();
        assert_eq!(names, ["session.terminated"]);
    });
}

#[test]
fn a_store_is_one_broker_s_alone_and_nothing_else_is_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.redb");
    let first = Store::open(&path).expect("a store");
    assert!(matches!(Store::open(&path), Err(StoreError::Database(_))));
    drop(first);
    Store::open(&path).expect("it is free again");
    let text = folder.path().join("text");
    std::fs::write(&text, "no store, but somebody's file").expect("written");
    assert!(matches!(Store::open(&text), Err(StoreError::Database(_))));
    let left = std::fs::read_to_string(&text).expect("it is there");
    assert_eq!(left, "no store, but somebody's file");
    assert!(Store::open(&folder.path().join("no/such/folder")).is_err());
}
