//! A first look at an external broker: whether it speaks MQTT, which versions, and what its CONNACK announces.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_check_codec::{ConnAck, Connect, Frame, Packet, PacketType, Properties, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Capabilities, StartError};

/// The largest first answer that is looked at, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024;

/// What one CONNECT brought.
enum Answer {
    Accepted(ConnAck),
    Refused,
    Closed,
    Foreign(String),
}

/// Connects once with each version and says what the broker offers.
///
/// # Errors
/// When nobody listens there, or what does is no MQTT broker.
pub async fn probe(url: &str, address: &str, limit: Duration) -> Result<Capabilities, StartError> {
    let mut versions = Vec::new();
    let mut announced = None;
    let mut last = None;
    for version in [
        ProtocolVersion::V3_1,
        ProtocolVersion::V3_1_1,
        ProtocolVersion::V5,
    ] {
        let answer = timeout(limit, connect(address, version)).await;
        match answer {
            Ok(Ok(Answer::Accepted(connack))) => {
                versions.push(version);
                if version == ProtocolVersion::V5 {
                    announced = Some(connack);
                }
            }
            Ok(Ok(Answer::Refused)) => last = Some("it refuses every CONNECT".to_owned()),
            Ok(Ok(Answer::Closed)) => {
                last.get_or_insert_with(|| "it closes the connection at CONNECT".to_owned());
            }
            Ok(Ok(Answer::Foreign(problem))) => {
                return Err(StartError::NotMqtt {
                    url: url.to_owned(),
                    problem,
                });
            }
            Ok(Err(error)) => {
                return Err(StartError::Unreachable {
                    url: url.to_owned(),
                    problem: error.to_string(),
                });
            }
            Err(_) => {
                return Err(StartError::NotMqtt {
                    url: url.to_owned(),
                    problem: format!(
                        "it accepts the connection but did not answer CONNECT within {} s",
                        limit.as_secs_f32()
                    ),
                });
            }
        }
    }
    if versions.is_empty() {
        return Err(StartError::NotMqtt {
            url: url.to_owned(),
            problem: last.unwrap_or_else(|| "it does not answer CONNECT".to_owned()),
        });
    }
    Ok(Capabilities::external(versions, announced.as_ref()))
}

async fn connect(address: &str, version: ProtocolVersion) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let packet = Packet::Connect(Box::new(Connect {
        version,
        clean_start: true,
        keep_alive_s: 30,
        properties: Properties::new(),
        client_id: format!("probe{}", version.level()).into(),
        will: None,
        username: None,
        password: None,
    }));
    let mut out = BytesMut::new();
    packet.encode(version, &mut out).map_err(io::Error::other)?;
    stream.write_all(&out).await?;
    let mut buffer = BytesMut::new();
    loop {
        // A broker that hangs up on what it does not know may reset.
        match stream.read_buf(&mut buffer).await {
            Ok(0) if buffer.is_empty() => return Ok(Answer::Closed),
            Ok(0) => return Ok(Answer::Foreign(foreign(&buffer, "and then closes"))),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Ok(Answer::Closed);
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if buffer[0] >> 4 != PacketType::CONNACK.0 {
            return Ok(Answer::Foreign(foreign(&buffer, "instead of a CONNACK")));
        }
        match Frame::read(&mut buffer, MAXIMUM_ANSWER) {
            Ok(None) => continue,
            Err(error) => return Ok(Answer::Foreign(format!("its first answer: {error}"))),
            Ok(Some(frame)) => {
                // A CONNACK in another version's form is a refusal too.
                let Ok(Packet::ConnAck(connack)) = Packet::decode(&frame, version) else {
                    return Ok(Answer::Refused);
                };
                if connack.reason.0 != 0 {
                    return Ok(Answer::Refused);
                }
                // DISCONNECT, so that nothing is left behind.
                let _ = stream.write_all(&[0xE0, 0x00]).await;
                return Ok(Answer::Accepted(connack));
            }
        }
    }
}

/// What else it may be, by its first bytes.
fn foreign(bytes: &[u8], how: &str) -> String {
    if bytes.starts_with(b"HTTP/") {
        return "an HTTP server answers there".into();
    }
    if matches!(bytes, [0x15, 0x03, ..] | [0x16, 0x03, ..]) {
        return "a TLS server answers there".into();
    }
    let shown: Vec<String> = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("it sends {} {how}", shown.join(" "))
}
