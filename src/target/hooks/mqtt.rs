//! Receives events that a broker publishes as messages. Uses a connection of our own, whose events belong to no case.

use std::io;
use std::sync::mpsc::Sender;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_check_codec::{Frame, Packet, Properties, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::rule::SourceMessage;
use super::{BrokerContext, EventSender};
use crate::target::own::{own_connect, own_subscribe};
use crate::transport::Stream;

/// Our Client Identifier. It is longer than any play's prefix, and its beginning is never used as one.
pub(super) const NAME: &str = "HOOKSmonitor";
/// The Keep Alive in CONNECT, in seconds.
const KEEP_ALIVE_S: u16 = 60;
/// How often to check whether to stop.
const ATTENTION: Duration = Duration::from_millis(200);
/// The number of checks between two pings.
const LOOKS_PER_PING: u32 = 100;
/// The largest message that is read, in bytes.
const LARGEST: usize = 1024 * 1024;
/// The version does not matter.
const VERSION: ProtocolVersion = ProtocolVersion::V3_1_1;

/// Receives messages on these topics until the sender is stopped.
pub(super) fn listen(
    around: &BrokerContext,
    topics: &[String],
    sender: &EventSender,
    ready: &Sender<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let listened = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut stream = subscribed(around, topics).await?;
            // The receiver may have stopped waiting.
            let _ = ready.send(());
            receive(&mut stream, sender).await
        })
    });
    if let Err(error) = listened {
        sender.fail(error.to_string());
        let _ = ready.send(());
    }
}

/// A stream, and the bytes received after the last packet.
struct Monitor {
    stream: Stream,
    buffer: BytesMut,
}

impl Monitor {
    async fn send(&mut self, packet: &Packet) -> io::Result<()> {
        let mut out = BytesMut::new();
        packet.encode(VERSION, &mut out).map_err(io::Error::other)?;
        self.stream.write_all(&out).await?;
        self.stream.flush().await
    }

    async fn next(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(frame) = Frame::read(&mut self.buffer, LARGEST).map_err(io::Error::other)? {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::other("the broker closed our connection"));
            }
        }
    }

    async fn packet(&mut self) -> io::Result<Packet> {
        let frame = self.next().await?;
        Packet::decode(&frame, VERSION).map_err(io::Error::other)
    }
}

async fn subscribed(around: &BrokerContext, topics: &[String]) -> io::Result<Monitor> {
    let tcp = around.node.endpoint.connect_tcp().await;
    let tcp = tcp.map_err(io::Error::other)?;
    let stream = around.node.endpoint.begin(tcp, 0).await;
    let mut monitor = Monitor {
        stream: stream.map_err(io::Error::other)?,
        buffer: BytesMut::new(),
    };
    let connect = own_connect(VERSION, NAME, KEEP_ALIVE_S, around.credentials.as_ref());
    monitor.send(&connect).await?;
    match monitor.packet().await? {
        Packet::ConnAck(connack) if connack.reason.is_success() => {}
        Packet::ConnAck(connack) => {
            let problem = format!(
                "the broker answered our CONNECT with {:#04x}",
                connack.reason.0
            );
            return Err(io::Error::other(problem));
        }
        _ => return Err(io::Error::other("the broker sent no CONNACK")),
    }
    let filters = topics.iter().map(String::as_str);
    monitor.send(&own_subscribe(filters)).await?;
    loop {
        if let Packet::SubAck(suback) = monitor.packet().await? {
            let refused = suback.reasons.iter().position(|code| !code.is_success());
            return match refused.and_then(|n| topics.get(n)) {
                Some(topic) => Err(io::Error::other(format!(
                    "the broker refused our subscription to {topic}"
                ))),
                None => Ok(monitor),
            };
        }
    }
}

async fn receive(monitor: &mut Monitor, sender: &EventSender) -> io::Result<()> {
    let mut looks = 0;
    loop {
        match timeout(ATTENTION, monitor.packet()).await {
            // A retained message is about an earlier event.
            Ok(Ok(Packet::Publish(publish))) if !publish.retain => {
                let text = String::from_utf8_lossy(&publish.payload).into_owned();
                sender.send(&SourceMessage::new(text, Some(publish.topic.to_string())));
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                looks += 1;
                if looks % LOOKS_PER_PING == 0 {
                    monitor.send(&Packet::PingReq).await?;
                }
            }
        }
        if sender.is_stopped() {
            let _ = monitor
                .send(&Packet::Disconnect(mqtt_check_codec::Disconnect {
                    reason: mqtt_check_codec::ReasonCode::SUCCESS,
                    properties: Properties::new(),
                }))
                .await;
            return Ok(());
        }
    }
}
