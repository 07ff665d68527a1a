//! The first connection to an external broker: whether the server speaks MQTT, in which versions, and what its CONNACK
//! announces.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_check_codec::{ConnAck, Frame, Packet, PacketType, ProtocolVersion, ReasonCode, Sender};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::look::IN_ALL;
use super::own::own_connect;
use super::{Capabilities, Credentials, External, StartError};
use crate::scenario::model::Capability;
use crate::transport::{ConnectError, Scheme, Stream};

/// The largest first answer that is read, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024;

/// The Keep Alive of the first look, and of connections to a broker that does not accept 0, in seconds.
const KEEP_ALIVE_S: u16 = 60;

/// The content of our CONNECT.
#[derive(Clone, Copy)]
struct Look<'b> {
    version: ProtocolVersion,
    /// The beginning of the Client Identifier.
    name: &'static str,
    keep_alive_s: u16,
    credentials: Option<&'b Credentials>,
}

impl<'b> Look<'b> {
    fn usual(broker: &'b External, version: ProtocolVersion) -> Self {
        Self {
            version,
            name: "probe",
            keep_alive_s: KEEP_ALIVE_S,
            credentials: broker.credentials.as_ref(),
        }
    }
}

/// The answer to one CONNECT.
enum Answer {
    /// The broker accepts the connection. It is for the cases to judge the CONNACK itself.
    Accepted(ConnAck),
    /// A CONNACK that does not clearly accept or refuse.
    Broken,
    Refused(ReasonCode),
    /// The broker does not speak this version. Contains what showed it.
    UnsupportedVersion(String),
    /// Something other than a CONNACK. Contains a description.
    NotMqtt(String),
}

impl Answer {
    /// Whether this answer comes from an MQTT broker.
    const fn is_mqtt(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Broken)
    }
}

/// The answer to one CONNECT, and how long it took.
struct Asked {
    answer: Answer,
    took: Duration,
}

/// Every version, oldest first.
const VERSIONS: [ProtocolVersion; 3] = [
    ProtocolVersion::V3_1,
    ProtocolVersion::V3_1_1,
    ProtocolVersion::V5,
];

/// Connects with each version and returns what the broker offers.
///
/// # Errors
/// Fails if nothing listens there, or if the server is not an MQTT broker or refuses every connection.
pub async fn probe(broker: &External, limit: Duration) -> Result<Capabilities, StartError> {
    let deadline = Instant::now() + limit * IN_ALL;
    // Run all at once, since an unanswered CONNECT waits until the limit.
    let [old, usual, new] = VERSIONS.map(|version| ask(broker, version, limit));
    let (old, usual, new) = tokio::join!(old, usual, new);
    let asked = [old?, usual?, new?];
    let accepted = asked.iter().filter(|asked| asked.answer.is_mqtt());
    let delay = accepted.map(|asked| asked.took).min().unwrap_or_default();
    let answers = asked.map(|asked| asked.answer);
    if !answers.iter().any(Answer::is_mqtt) {
        return Err(nothing_spoken(broker, answers));
    }
    let mut versions = Vec::new();
    let mut unspoken = Vec::new();
    let mut accepting = None;
    let mut announced = None;
    for (version, answer) in VERSIONS.into_iter().zip(answers) {
        match answer {
            Answer::Accepted(connack) => {
                versions.push(version);
                accepting = Some(version);
                announced = Some(connack).filter(|_| version == ProtocolVersion::V5);
            }
            // The broker speaks this version in some form, so the cases judge it.
            Answer::Broken | Answer::NotMqtt(_) => versions.push(version),
            Answer::Refused(code) => {
                let code = named(code, version);
                unspoken.push((version, format!("it refuses CONNECT with {code}")));
            }
            Answer::UnsupportedVersion(how) => unspoken.push((version, how)),
        }
    }
    let mut found = Capabilities::external(versions, announced.as_ref());
    found.unspoken = unspoken;
    found.delay = delay;
    if let Some(connack) = &mut found.connack {
        broker.secrets().hide_connack(connack);
    }
    let Some(version) = accepting else {
        return Ok(found);
    };
    let accepts = async |is_asked: bool, look, seed| {
        if !is_asked {
            return Ok(true);
        }
        let asked = async {
            let stream = reach(broker, seed, limit).await?;
            let answer = timeout(limit, connect(stream, look)).await;
            Ok(matches!(answer, Ok(Ok(Answer::Accepted(_)))))
        };
        timeout_at(deadline, asked).await.unwrap_or(Ok(false))
    };
    let calm = Look {
        name: "calm",
        keep_alive_s: 0,
        ..Look::usual(broker, version)
    };
    let anonymous = Look {
        name: "nobody",
        credentials: None,
        ..Look::usual(broker, version)
    };
    let (is_calm_accepted, is_nobody_accepted) = tokio::try_join!(
        accepts(broker.keep_alive_s.is_none(), calm, 3),
        accepts(broker.credentials.is_some(), anonymous, 4)
    )?;
    if !is_calm_accepted {
        found.keep_alive_s = KEEP_ALIVE_S;
    }
    if !is_nobody_accepted {
        let why = "it refuses clients without a user name".to_owned();
        found.lacks.push((Capability::Anonymous, why));
    }
    Ok(found)
}

/// Sends the CONNECT of this version and returns the answer.
async fn ask(
    broker: &External,
    version: ProtocolVersion,
    limit: Duration,
) -> Result<Asked, StartError> {
    let stream = reach(broker, version.level().into(), limit).await?;
    let began = Instant::now();
    let answer = match timeout(limit, connect(stream, Look::usual(broker, version))).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(unreachable(broker, error.into())),
        Err(_) => Answer::UnsupportedVersion(format!(
            "it accepts the connection but did not answer CONNECT within {} s",
            limit.as_secs_f32()
        )),
    };
    let took = began.elapsed();
    Ok(Asked { answer, took })
}

/// The error when no version can be tested, taken from the clearest answer.
fn nothing_spoken(broker: &External, answers: [Answer; 3]) -> StartError {
    let mut refused = None;
    let mut foreign = None;
    let mut unspoken = String::new();
    for (version, answer) in VERSIONS.into_iter().zip(answers) {
        match answer {
            Answer::Refused(code) => refused = Some((version, code)),
            Answer::NotMqtt(problem) => foreign = foreign.or(Some(problem)),
            Answer::UnsupportedVersion(how) => unspoken = how,
            Answer::Accepted(_) | Answer::Broken => {}
        }
    }
    match (foreign, refused) {
        (Some(problem), _) => not_mqtt(broker, problem),
        (None, Some((version, code))) => refuses(broker, version, code),
        (None, None) => not_mqtt(broker, unspoken),
    }
}

/// Checks after a run that the broker still accepts connections.
///
/// # Errors
/// Fails if the broker accepts none of the versions.
pub fn look_again(broker: &External, limit: Duration) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Runtime {
            problem: error.to_string(),
        })?;
    runtime.block_on(async {
        // Most common version first, to avoid waiting for versions that the broker leaves unanswered.
        let [old, usual, new] = VERSIONS;
        let mut answers = Vec::new();
        for version in [usual, new, old] {
            let answer = ask(broker, version, limit).await?.answer;
            if answer.is_mqtt() {
                return Ok(());
            }
            answers.push(answer);
        }
        match <[Answer; 3]>::try_from(answers) {
            Ok([usual, new, old]) => Err(nothing_spoken(broker, [old, usual, new])),
            Err(_) => Ok(()),
        }
    })
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
                    "no connection, or no answer before MQTT begins, within {} s",
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
    let hint = hint.map(|url| format!("if this is the broker, its URL is {url}"));
    let closes = problem.starts_with("it closes") && broker.endpoint.scheme() == Scheme::Mqtt;
    StartError::NotMqtt {
        url: broker.url.clone(),
        problem,
        hint: hint.or_else(|| {
            closes.then(|| "the port may be for TLS or WebSocket: mqtts:// or ws://".to_owned())
        }),
    }
}

fn refuses(broker: &External, version: ProtocolVersion, code: ReasonCode) -> StartError {
    let is_about_users = matches!(code, ReasonCode(0x04 | 0x05 | 0x86 | 0x87));
    StartError::Refused {
        url: broker.url.clone(),
        problem: named(code, version),
        hint: is_about_users.then(|| match &broker.credentials {
            None => "give a user with --user NAME and --password-file FILE".to_owned(),
            Some(credentials) => format!(
                "the broker rejects the user `{}` with {} password",
                credentials.user,
                match credentials.password {
                    Some(_) => "this",
                    None => "no",
                }
            ),
        }),
    }
}

/// A reason code with its name, such as `0x05 not_authorized`.
fn named(code: ReasonCode, version: ProtocolVersion) -> String {
    match code.name(PacketType::CONNACK, version) {
        Some(name) => format!("{:#04x} {name}", code.0),
        None => format!("{:#04x}", code.0),
    }
}

async fn connect(mut stream: Stream, look: Look<'_>) -> io::Result<Answer> {
    let version = look.version;
    let client_id = format!("{}{}", look.name, version.level());
    let connect = own_connect(version, client_id, look.keep_alive_s, look.credentials);
    let mut out = BytesMut::new();
    connect
        .encode(version, &mut out)
        .map_err(io::Error::other)?;
    stream.write_all(&out).await?;
    stream.flush().await?;
    let mut buffer = BytesMut::new();
    loop {
        // A broker may reset the connection when it does not know the version.
        match stream.read_buf(&mut buffer).await {
            Ok(0) if buffer.is_empty() => return Ok(closes()),
            Ok(0) => return Ok(Answer::NotMqtt(foreign(&buffer, "and then closes"))),
            Err(error) if is_end(&error) => return Ok(closes()),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if buffer[0] >> 4 != PacketType::CONNACK.0 {
            return Ok(Answer::NotMqtt(foreign(&buffer, "instead of a CONNACK")));
        }
        match Frame::read(&mut buffer, MAXIMUM_ANSWER) {
            Ok(None) => continue,
            Err(error) => return Ok(Answer::NotMqtt(format!("its first answer: {error}"))),
            Ok(Some(frame)) => {
                let answer = answer(&frame, version);
                if matches!(answer, Answer::Accepted(_)) {
                    // DISCONNECT, so that no Will or session is left.
                    let _ = stream.write_all(&[0xE0, 0x00]).await;
                    let _ = stream.shutdown().await;
                }
                return Ok(answer);
            }
        }
    }
}

fn closes() -> Answer {
    Answer::UnsupportedVersion("it closes the connection at CONNECT".to_owned())
}

/// Interprets a CONNACK of any version's form.
fn answer(frame: &Frame, version: ProtocolVersion) -> Answer {
    let (Ok(Packet::ConnAck(connack)), _) = Packet::decode_leniently(frame, version) else {
        return Answer::Broken;
    };
    let code = connack.reason;
    let is_allowed = |version| code.is_allowed_in(PacketType::CONNACK, version, Sender::Server);
    // MQTT 3.1 has the return codes of 3.1.1.
    let tables = match version {
        ProtocolVersion::V3_1 => ProtocolVersion::V3_1_1,
        other => other,
    };
    match code {
        ReasonCode::SUCCESS => Answer::Accepted(connack),
        // A broker that does not know the version may answer in the form of another one.
        ReasonCode::V3_UNACCEPTABLE_PROTOCOL_VERSION => Answer::UnsupportedVersion(
            "it answers CONNECT with 0x01 unacceptable_protocol_version".into(),
        ),
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => Answer::UnsupportedVersion(
            "it answers CONNECT with 0x84 unsupported_protocol_version".into(),
        ),
        _ if is_allowed(tables) => Answer::Refused(code),
        // A 3.1.1 CONNACK with a 3.1.1 return code.
        ReasonCode(2..=5) if frame.bytes().len() == 4 => Answer::Refused(code),
        _ => Answer::Broken,
    }
}

/// TLS ends with a message of its own. A server that just closes the connection leaves it out.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof
    )
}

/// Guesses from the first bytes what kind of server this is.
fn foreign(bytes: &[u8], how: &str) -> String {
    if bytes.starts_with(b"HTTP/") {
        return "the port is served by an HTTP server".into();
    }
    if matches!(bytes, [0x15, 0x03, ..] | [0x16, 0x03, ..]) {
        return "the port is served by a TLS server".into();
    }
    let shown: Vec<String> = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("it sends {} {how}", shown.join(" "))
}
