//! Checks before many cases are played that a broker does more than answer CONNECT. With a broker that answers nothing
//! else, each case would wait in vain.
//!
//! Three connections send one request each: a SUBSCRIBE, a QoS 1 PUBLISH, a PINGREQ. A broker that answers one of the
//! first two, in whatever way, is left to the cases to judge. So is a slow one, and one that closes these connections
//! because we lack permission there.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use mqtt_check_codec::{
    Frame, FrameError, Packet, PacketId, PacketType, Properties, ProtocolVersion, Publish, QoS,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::External;
use super::own::{own_connect, own_subscribe};
use crate::transport::{Endpoint, Stream};

/// The largest packet that is read, in bytes.
const LARGEST: usize = 1024 * 1024;
/// The most bytes to read before an answer. More is a flood.
const MOST: usize = 2 * 1024 * 1024;

/// The Keep Alive in CONNECT, in seconds.
const KEEP_ALIVE_S: u16 = 60;
/// All looks before a run together end within this many times the limit of a step.
pub(super) const IN_ALL: u32 = 3;

/// What one connection showed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Answered,
    /// Only CONNACK was received, or packets that answer nothing: this many.
    Silent {
        packets: usize,
    },
    Closed,
    /// Something else is wrong.
    Wrong(String),
}

/// The request on one connection.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Subscribe,
    Publish,
    Ping,
}

/// The result for each version.
#[derive(Debug)]
pub struct Looked(Vec<(ProtocolVersion, Result<(), String>)>);

/// Looks at the broker with each of these versions. `name` distinguishes this look from others, and `limit` is the time
/// for an answer.
pub async fn look(
    broker: &External,
    versions: &[ProtocolVersion],
    name: &str,
    limit: Duration,
) -> Looked {
    let looks = versions.iter().map(async |version| {
        let seen = of_version(broker, *version, name, limit).await;
        (*version, seen)
    });
    Looked(futures_util::future::join_all(looks).await)
}

impl Looked {
    /// Checks that the broker serves one of the versions that it accepts.
    ///
    /// # Errors
    /// Returns what was seen, if the broker serves none of them.
    pub fn serves(self, accepted: &[ProtocolVersion]) -> Result<(), String> {
        let seen = self.0.into_iter();
        let mut seen = seen.filter(|(version, _)| accepted.contains(version));
        let Some((_, mut why)) = seen.next() else {
            return Ok(());
        };
        for (_, other) in seen {
            if why.is_ok() {
                break;
            }
            why = other;
        }
        why
    }
}

async fn of_version(
    broker: &External,
    version: ProtocolVersion,
    name: &str,
    limit: Duration,
) -> Result<(), String> {
    let one = |asked| ask(broker, version, asked, name, limit);
    let (subscribed, published, pinged) =
        tokio::join!(one(Asked::Subscribe), one(Asked::Publish), one(Asked::Ping));
    conclusion([subscribed, published], pinged)
}

/// Draws the conclusion. `served` are the results of SUBSCRIBE and PUBLISH.
fn conclusion(served: [Seen; 2], pinged: Seen) -> Result<(), String> {
    if served.contains(&Seen::Answered) {
        return Ok(());
    }
    if let Some(Seen::Wrong(how)) = served.iter().find(|seen| matches!(seen, Seen::Wrong(_))) {
        return Err(how.clone());
    }
    match (served, pinged) {
        // This client may lack permission for both.
        ([Seen::Closed, Seen::Closed], Seen::Answered) => Ok(()),
        ([Seen::Closed, Seen::Closed], _) => {
            Err("it closes every connection at the first packet after CONNECT".to_owned())
        }
        (served, pinged) => {
            let others = served.iter().map(|seen| match seen {
                Seen::Silent { packets } => *packets,
                _ => 0,
            });
            let others: usize = others.sum();
            let and_ping = if pinged == Seen::Answered {
                " and PINGREQ"
            } else {
                ""
            };
            let and_others = match others {
                0 => String::new(),
                n => format!(", and sends {n} unsolicited packets"),
            };
            Err(format!(
                "it answers nothing but CONNECT{and_ping}{and_others}"
            ))
        }
    }
}

async fn ask(
    broker: &External,
    version: ProtocolVersion,
    asked: Asked,
    name: &str,
    limit: Duration,
) -> Seen {
    match timeout(limit * IN_ALL, asking(broker, version, asked, name, limit)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(_)) => Seen::Closed,
        Err(_) => Seen::Silent { packets: 0 },
    }
}

async fn asking(
    broker: &External,
    version: ProtocolVersion,
    asked: Asked,
    name: &str,
    limit: Duration,
) -> io::Result<Seen> {
    let mut reader = Reader::reach(&broker.endpoint, 7).await?;
    let began = Instant::now();
    reader
        .send(&connect(broker, version, asked, name), version)
        .await?;
    let greeting = loop {
        match reader.next(began + limit).await? {
            Read::Packet(frame) if frame.packet_type() == PacketType::CONNACK => break frame,
            Read::Packet(_) => {}
            Read::Nothing => return Ok(reader.nothing()),
            Read::Wrong(how) => return Ok(Seen::Wrong(how)),
        }
    };
    // The distance to the broker must not count against it.
    let far = reader.first.map_or(Duration::ZERO, |first| first - began);
    let deadline = began + limit + far;
    let request = request(asked, name);
    let size = request
        .to_frame(version)
        .map_or(0, |frame| frame.bytes().len());
    let most = largest(&greeting, version);
    if size > most {
        return Ok(Seen::Wrong(format!(
            "its CONNACK announces a Maximum Packet Size of {most} {}, too small for any packet",
            if most == 1 { "byte" } else { "bytes" }
        )));
    }
    reader.send(&request, version).await?;
    let answer = answer(asked);
    loop {
        match reader.next(deadline).await? {
            Read::Packet(frame) if frame.packet_type() == answer => return Ok(Seen::Answered),
            Read::Packet(_) => {}
            Read::Nothing => return Ok(reader.nothing()),
            Read::Wrong(how) => return Ok(Seen::Wrong(how)),
        }
    }
}

fn connect(broker: &External, version: ProtocolVersion, asked: Asked, name: &str) -> Packet {
    let letter = match asked {
        Asked::Subscribe => 's',
        Asked::Publish => 'p',
        Asked::Ping => 'g',
    };
    let client_id = format!("{name}{letter}{}", version.level());
    own_connect(
        version,
        client_id,
        KEEP_ALIVE_S,
        broker.credentials.as_ref(),
    )
}

fn request(asked: Asked, name: &str) -> Packet {
    let topic: ByteString = format!("{name}/look").into();
    match asked {
        Asked::Subscribe => own_subscribe([topic]),
        Asked::Publish => Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtLeastOnce,
            retain: false,
            topic,
            packet_id: Some(PacketId::MIN),
            properties: Properties::new(),
            payload: Bytes::new(),
        }),
        Asked::Ping => Packet::PingReq,
    }
}

const fn answer(asked: Asked) -> PacketType {
    match asked {
        Asked::Subscribe => PacketType::SUBACK,
        Asked::Publish => PacketType::PUBACK,
        Asked::Ping => PacketType::PINGRESP,
    }
}

/// The largest packet that the broker accepts, in bytes, according to its CONNACK.
fn largest(greeting: &Frame, version: ProtocolVersion) -> usize {
    match Packet::decode_leniently(greeting, version).0 {
        Ok(Packet::ConnAck(connack)) => connack
            .properties
            .maximum_packet_size()
            .map_or(usize::MAX, |most| {
                usize::try_from(most).unwrap_or(usize::MAX)
            }),
        _ => usize::MAX,
    }
}

/// The result of reading from a connection.
pub(super) enum Read {
    Packet(Frame),
    /// The time is over.
    Nothing,
    Wrong(String),
}

/// Reads packets from a connection, within limits.
pub(super) struct Reader {
    stream: Stream,
    buffer: BytesMut,
    /// When the first byte was received.
    first: Option<Instant>,
    /// The bytes and packets received after CONNACK.
    bytes: usize,
    packets: Vec<PacketType>,
}

impl Reader {
    /// Opens a new connection to this address. See [`Endpoint::begin`] for the seed.
    pub(super) async fn reach(place: &Endpoint, seed: u64) -> io::Result<Self> {
        let stream = place.connect_tcp().await.map_err(io::Error::other)?;
        let stream = place.begin(stream, seed).await.map_err(io::Error::other)?;
        Ok(Self {
            stream,
            buffer: BytesMut::new(),
            first: None,
            bytes: 0,
            packets: Vec::new(),
        })
    }

    pub(super) async fn send(
        &mut self,
        packet: &Packet,
        version: ProtocolVersion,
    ) -> io::Result<()> {
        let mut out = BytesMut::new();
        packet.encode(version, &mut out).map_err(io::Error::other)?;
        self.stream.write_all(&out).await?;
        self.stream.flush().await
    }

    /// Reads the next packet. The end of the connection is an error.
    pub(super) async fn next(&mut self, deadline: Instant) -> io::Result<Read> {
        loop {
            match Frame::read(&mut self.buffer, LARGEST) {
                Ok(Some(frame)) => {
                    if frame.packet_type() != PacketType::CONNACK {
                        self.packets.push(frame.packet_type());
                    }
                    return Ok(Read::Packet(frame));
                }
                Ok(None) => {}
                Err(FrameError::TooLarge { size, .. }) => {
                    let packet_type = PacketType(self.buffer[0] >> 4);
                    return Ok(Read::Wrong(format!(
                        "it announces a {packet_type} of {size} bytes"
                    )));
                }
                Err(error) => {
                    let shown = self.buffer.iter().take(16).map(|b| format!("{b:02x}"));
                    let shown = shown.collect::<Vec<_>>().join(" ");
                    return Ok(Read::Wrong(format!(
                        "after its CONNACK it sends {shown} ({error})"
                    )));
                }
            }
            if self.bytes > MOST {
                let last = self.packets.last().copied().unwrap_or(PacketType::RESERVED);
                return Ok(Read::Wrong(format!(
                    "it keeps sending, but answers nothing: {} packets, the last of them {last}",
                    self.packets.len()
                )));
            }
            match timeout_at(deadline, self.stream.read_buf(&mut self.buffer)).await {
                Err(_) => return Ok(Read::Nothing),
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.bytes += read?;
                    self.first.get_or_insert_with(Instant::now);
                }
            }
        }
    }

    /// Resets the counters, so that what was received so far no longer counts.
    pub(super) fn reset_counters(&mut self) {
        self.bytes = 0;
        self.packets.clear();
    }

    /// Sends DISCONNECT, so that no Will or session is left. It does not matter whether the broker reads it.
    pub(super) async fn disconnect(mut self) {
        let _ = self.stream.write_all(&[0xE0, 0x00]).await;
        let _ = self.stream.shutdown().await;
    }

    /// The result if no answer was received in time.
    fn nothing(&self) -> Seen {
        if self.buffer.is_empty() {
            return Seen::Silent {
                packets: self.packets.len(),
            };
        }
        Seen::Wrong(format!(
            "it sends {} of a packet, but not the rest",
            match self.buffer.len() {
                1 => "1 byte".to_owned(),
                n => format!("{n} bytes"),
            }
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Seen = Seen::Silent { packets: 0 };

    #[test]
    fn one_answer_is_enough() {
        assert!(conclusion([SILENT, Seen::Answered], SILENT).is_ok());
        assert!(conclusion([Seen::Answered, Seen::Closed], Seen::Closed).is_ok());
    }

    #[test]
    fn a_client_without_permissions_proves_nothing_about_the_broker() {
        assert!(conclusion([Seen::Closed, Seen::Closed], Seen::Answered).is_ok());
    }

    #[test]
    fn reports_what_was_seen() {
        let rows = [
            (
                [SILENT, SILENT],
                Seen::Answered,
                "it answers nothing but CONNECT and PINGREQ",
            ),
            ([SILENT, SILENT], SILENT, "it answers nothing but CONNECT"),
            (
                [SILENT, Seen::Closed],
                SILENT,
                "it answers nothing but CONNECT",
            ),
            (
                [Seen::Closed, Seen::Closed],
                Seen::Closed,
                "it closes every connection at the first packet after CONNECT",
            ),
            (
                [Seen::Wrong("it floods".into()), SILENT],
                SILENT,
                "it floods",
            ),
        ];
        for (served, pinged, expected) in rows {
            assert_eq!(conclusion(served, pinged), Err(expected.to_owned()));
        }
    }
}
