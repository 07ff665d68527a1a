//! A first look at an external broker: whether it speaks MQTT, which versions, and what its CONNACK announces.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_check_codec::{
    ConnAck, Connect, Frame, Packet, PacketType, Properties, ProtocolVersion, ReasonCode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::{Capabilities, Credentials, External, StartError};
use crate::scenario::model::Capability;
use crate::transport::{ConnectError, Scheme, Stream};

/// The largest first answer that is looked at, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024;

/// The Keep Alive of the first look, and of connections to a broker that does not take 0, in seconds.
const KEEP_ALIVE_S: u16 = 60;

/// What a CONNECT of ours says.
#[derive(Clone, Copy)]
struct Look<'b> {
    version: ProtocolVersion,
    keep_alive_s: u16,
    credentials: Option<&'b Credentials>,
}

/// What one CONNECT brought.
enum Answer {
    Accepted(ConnAck),
    Refused(Option<ReasonCode>),
    Closed,
    Foreign(String),
}

/// Connects once with each version and says what the broker offers.
///
/// # Errors
/// When nobody listens there, or what does is no MQTT broker, or one that does not let us in.
pub async fn probe(broker: &External, limit: Duration) -> Result<Capabilities, StartError> {
    let usual = |version| Look {
        version,
        keep_alive_s: KEEP_ALIVE_S,
        credentials: broker.credentials.as_ref(),
    };
    let mut versions = Vec::new();
    let mut announced = None;
    let mut refused = None;
    let mut closed = false;
    for (n, version) in [
        ProtocolVersion::V3_1,
        ProtocolVersion::V3_1_1,
        ProtocolVersion::V5,
    ]
    .into_iter()
    .enumerate()
    {
        let stream = reach(broker, n as u64, limit).await?;
        match timeout(limit, connect(stream, usual(version))).await {
            Ok(Ok(Answer::Accepted(connack))) => {
                versions.push(version);
                if version == ProtocolVersion::V5 {
                    announced = Some(connack);
                }
            }
            Ok(Ok(Answer::Refused(code))) => refused = Some((version, code)),
            Ok(Ok(Answer::Closed)) => closed = true,
            Ok(Ok(Answer::Foreign(problem))) => return Err(not_mqtt(broker, problem)),
            Ok(Err(error)) => return Err(unreachable(broker, error.into())),
            Err(_) => {
                let problem = format!(
                    "it accepts the connection but did not answer CONNECT within {} s",
                    limit.as_secs_f32()
                );
                return Err(not_mqtt(broker, problem));
            }
        }
    }
    if versions.is_empty() {
        return Err(match refused {
            Some((version, code)) => refuses(broker, version, code),
            None if closed => not_mqtt(broker, "it closes the connection at CONNECT".to_owned()),
            None => not_mqtt(broker, "it does not answer CONNECT".to_owned()),
        });
    }
    let last = versions.last().copied();
    let mut found = Capabilities::external(versions, announced.as_ref());
    let Some(version) = last else {
        return Ok(found);
    };
    let accepts = async |look, seed| {
        let stream = reach(broker, seed, limit).await?;
        let answer = timeout(limit, connect(stream, look)).await;
        Ok(matches!(answer, Ok(Ok(Answer::Accepted(_)))))
    };
    let calm = Look {
        keep_alive_s: 0,
        ..usual(version)
    };
    if broker.keep_alive_s.is_none() && !accepts(calm, 3).await? {
        found.keep_alive_s = KEEP_ALIVE_S;
    }
    let nobody = Look {
        credentials: None,
        ..usual(version)
    };
    if broker.credentials.is_some() && !accepts(nobody, 4).await? {
        let why = "it lets in nobody who has no name".to_owned();
        found.lacks.push((Capability::Anonymous, why));
    }
    Ok(found)
}

/// Whether the broker still lets us in, behind a run.
///
/// # Errors
/// As [`probe`].
pub fn look_again(broker: &External, limit: Duration) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Runtime {
            problem: error.to_string(),
        })?;
    runtime.block_on(probe(broker, limit)).map(drop)
}

async fn reach(broker: &External, seed: u64, limit: Duration) -> Result<Stream, StartError> {
    let reached = timeout(limit, async {
        let stream = broker.endpoint.connect_tcp().await?;
        broker.endpoint.begin(stream, seed).await
    });
    match reached.await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreachable(broker, error)),
        Err(_) => Err(StartError::Unreachable {
            url: broker.url.clone(),
            problem: match broker.endpoint.scheme() {
                Scheme::Mqtt => format!("no connection within {} s", limit.as_secs_f32()),
                _ => format!(
                    "no connection, or no answer to what comes before MQTT, within {} s",
                    limit.as_secs_f32()
                ),
            },
            hint: None,
        }),
    }
}

fn unreachable(broker: &External, error: ConnectError) -> StartError {
    StartError::Unreachable {
        url: broker.url.clone(),
        problem: error.problem,
        hint: error.hint,
    }
}

fn not_mqtt(broker: &External, problem: String) -> StartError {
    let other = |scheme| Some(broker.endpoint.url_over(scheme));
    let hint = if problem.contains("TLS server") {
        other(Scheme::Mqtts)
    } else if problem.contains("HTTP server") {
        other(match broker.endpoint.scheme().is_secure() {
            true => Scheme::Wss,
            false => Scheme::Ws,
        })
    } else {
        None
    };
    let hint = hint.map(|url| format!("if a broker is behind it, it is {url}"));
    let closes = problem.starts_with("it closes") && broker.endpoint.scheme() == Scheme::Mqtt;
    StartError::NotMqtt {
        url: broker.url.clone(),
        problem,
        hint: hint.or_else(|| {
            closes.then(|| "a port for TLS or WebSocket does so: mqtts:// or ws://".to_owned())
        }),
    }
}

fn refuses(broker: &External, version: ProtocolVersion, code: Option<ReasonCode>) -> StartError {
    let name = code.and_then(|code| code.name(PacketType::CONNACK, version));
    let is_about_users = matches!(code, Some(ReasonCode(0x04 | 0x05 | 0x86 | 0x87)));
    StartError::Refused {
        url: broker.url.clone(),
        problem: match (code, name) {
            (Some(code), Some(name)) => format!("{:#04x} {name}", code.0),
            (Some(code), None) => format!("{:#04x}", code.0),
            (None, _) => "with a CONNACK that is none of that version".to_owned(),
        },
        hint: is_about_users.then(|| match &broker.credentials {
            None => "--user NAME and --password-file FILE say who we are".to_owned(),
            Some(credentials) => format!(
                "the broker does not let `{}` in with {} password",
                credentials.user,
                match credentials.password {
                    Some(_) => "this",
                    None => "no",
                }
            ),
        }),
    }
}

async fn connect(mut stream: Stream, look: Look<'_>) -> io::Result<Answer> {
    let version = look.version;
    let mut connect = Connect {
        version,
        clean_start: true,
        keep_alive_s: look.keep_alive_s,
        properties: Properties::new(),
        client_id: format!("probe{}", version.level()).into(),
        will: None,
        username: None,
        password: None,
    };
    if let Some(credentials) = look.credentials {
        credentials.put_into(&mut connect);
    }
    let mut out = BytesMut::new();
    Packet::Connect(Box::new(connect))
        .encode(version, &mut out)
        .map_err(io::Error::other)?;
    stream.write_all(&out).await?;
    stream.flush().await?;
    let mut buffer = BytesMut::new();
    loop {
        // A broker that hangs up on what it does not know may reset.
        match stream.read_buf(&mut buffer).await {
            Ok(0) if buffer.is_empty() => return Ok(Answer::Closed),
            Ok(0) => return Ok(Answer::Foreign(foreign(&buffer, "and then closes"))),
            Err(error) if is_end(&error) => return Ok(Answer::Closed),
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
                    return Ok(Answer::Refused(None));
                };
                if connack.reason.0 != 0 {
                    return Ok(Answer::Refused(Some(connack.reason)));
                }
                // DISCONNECT, so that nothing is left behind.
                let _ = stream.write_all(&[0xE0, 0x00]).await;
                let _ = stream.shutdown().await;
                return Ok(Answer::Accepted(connack));
            }
        }
    }
}

/// TLS has an end of its own, which a server that hangs up leaves out.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof
    )
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
