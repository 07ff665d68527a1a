//! A small client, and the runtimes that tests need.

use std::future::Future;
use std::io;

use bytes::{Bytes, BytesMut};
use mqtt_check_broker::shell::{Randomness, Server};
use mqtt_check_broker::{Config, Fault, Faults};
use mqtt_check_codec::{
    Connect, Frame, Packet, PacketId, Properties, ProtocolVersion, Publish, QoS, Subscribe,
    Subscription, SubscriptionOptions,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Runs a test on a current-thread runtime whose clock is paused.
pub(crate) fn paused<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(test())
}

/// Runs a test on a current-thread runtime with sockets and the real clock.
pub(crate) fn real<F: Future>(test: impl FnOnce() -> F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test())
}

pub(crate) fn server(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::default();
    change(&mut config);
    Server::new(config, Faults::none(), Randomness::Seed(1))
}

/// A server with this fault.
pub(crate) fn faulty(fault: Fault) -> Server {
    let faults = Faults::from_iter([fault]);
    Server::new(Config::default(), faults, Randomness::Seed(1))
}

/// Waits until everything that needs no further time is done.
pub(crate) async fn settle() {
    // The paused clock moves only when no task can run.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    version: ProtocolVersion,
    buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S, version: ProtocolVersion) -> Self {
        Self {
            stream,
            version,
            buffer: BytesMut::new(),
        }
    }

    pub(crate) async fn send(&mut self, packet: Packet) {
        let bytes = self.bytes(packet);
        self.stream.write_all(&bytes).await.expect("written");
        self.stream.flush().await.expect("flushed");
    }

    pub(crate) fn bytes(&self, packet: Packet) -> Bytes {
        let frame = packet.to_frame(self.version).expect("encodes");
        frame.bytes().clone()
    }

    /// Receives the next packet, or `None` at the end of the stream.
    pub(crate) async fn receive(&mut self) -> Option<Packet> {
        let frame = self.frame().await.expect("no reset")?;
        Some(Packet::decode(&frame, self.version).expect("decodes"))
    }

    pub(crate) async fn frame(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = Frame::read(&mut self.buffer, usize::MAX).expect("is a frame") {
                return Ok(Some(frame));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                assert!(self.buffer.is_empty(), "the stream ends within a packet");
                return Ok(None);
            }
        }
    }

    pub(crate) async fn connect(&mut self, client: &str) {
        self.send(connect(self.version, client)).await;
        let Some(Packet::ConnAck(connack)) = self.receive().await else {
            panic!("no CONNACK");
        };
        assert_eq!(connack.reason.0, 0);
    }

    pub(crate) async fn subscribe(&mut self, filter: &str, qos: QoS) {
        self.send(Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            properties: Properties::new(),
            subscriptions: vec![Subscription {
                filter: filter.into(),
                options: SubscriptionOptions::new(qos),
            }],
        }))
        .await;
        let suback = self.receive().await;
        assert!(matches!(suback, Some(Packet::SubAck(_))), "{suback:?}");
    }

    /// Publishes this many bytes, which `other` must receive.
    pub(crate) async fn echo_of<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        other: &mut Client<T>,
        topic: &str,
        size: usize,
    ) {
        let payload: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let sent = self.send(publish(topic, payload.clone(), QoS::AtLeastOnce));
        let ((), came) = tokio::join!(sent, other.receive());
        let Some(Packet::Publish(publish)) = came else {
            panic!("no PUBLISH");
        };
        assert!(publish.payload == payload, "another payload");
        assert!(matches!(self.receive().await, Some(Packet::PubAck(_))));
    }

    pub(crate) async fn ping(&mut self) {
        self.send(Packet::PingReq).await;
        assert_eq!(self.receive().await, Some(Packet::PingResp));
    }
}

pub(crate) fn connect(version: ProtocolVersion, client: &str) -> Packet {
    Packet::Connect(Box::new(Connect {
        version,
        clean_start: true,
        keep_alive_s: 0,
        properties: Properties::new(),
        client_id: client.into(),
        will: None,
        username: None,
        password: None,
    }))
}

pub(crate) fn publish(topic: &str, payload: impl Into<Bytes>, qos: QoS) -> Packet {
    Packet::Publish(Publish {
        dup: false,
        qos,
        retain: false,
        topic: topic.into(),
        packet_id: (qos > QoS::AtMostOnce).then_some(PacketId::MIN),
        properties: Properties::new(),
        payload: payload.into(),
    })
}
