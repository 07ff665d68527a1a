//! The client's side of the upgrade to WebSocket: the request, the answer, and whether the answer is acceptable.

use std::io;

use bytes::BytesMut;
use mqtt_check_websocket::handshake::key;
use mqtt_check_websocket::{Answer, HandshakeError, MQTT, Request, Role, WebSocket};
use tokio::io::AsyncWriteExt;

use super::endpoint::ConnectError;
use super::stream::Stream;

/// What a client asks for in an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The server's `host:port`.
    pub host: String,
    /// The path, which begins with `/`.
    pub path: String,
    /// The subprotocols in order of preference.
    pub subprotocols: Vec<String>,
}

impl Offer {
    /// Creates the offer that MQTT requires of a client: `[3.1.1 MQTT-6.0.0-3]`, `[5 MQTT-6.0.0-3]`.
    pub fn of_mqtt(host: String, path: String) -> Self {
        Self {
            host,
            path,
            subprotocols: vec![MQTT.to_owned()],
        }
    }

    fn request(&self, seed: u64) -> Request {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        bytes[8..].copy_from_slice(&seed.rotate_left(29).to_be_bytes());
        Request {
            host: self.host.clone(),
            path: self.path.clone(),
            protocols: self.subprotocols.clone(),
            key: key(bytes),
            origin: None,
        }
    }
}

/// The result of opening a transport.
#[derive(Debug)]
pub struct Opened {
    /// `None` if the server closed the connection or refused the upgrade.
    pub stream: Option<Stream>,
    /// The answer to the upgrade, if there is one.
    pub answer: Option<Answer>,
}

impl Opened {
    /// Wraps a transport that has no upgrade, or one whose upgrade nothing checks.
    pub fn plain(stream: Stream) -> Self {
        Self {
            stream: Some(stream),
            answer: None,
        }
    }
}

/// Asks for an upgrade and returns the answer, whatever it is. The stream with frames is returned if the server
/// accepts.
///
/// # Errors
/// Fails if there is no answer. Returns the bytes that were received instead.
pub async fn upgrade(
    mut stream: Stream,
    offer: &Offer,
    seed: u64,
) -> Result<(Answer, Option<Stream>), (HandshakeError, BytesMut)> {
    let request = offer.request(seed);
    let mut rest = BytesMut::new();
    match ask(&mut stream, &request, &mut rest).await {
        Err(error) => Err((error, rest)),
        Ok(answer) if answer.is_upgrade() => {
            let frames = WebSocket::new(stream, Role::Client { seed }, rest);
            Ok((answer, Some(Stream::WebSocket(Box::new(frames)))))
        }
        Ok(answer) => Ok((answer, None)),
    }
}

/// Asks for an upgrade. A server that just closes the connection is not an error.
///
/// # Errors
/// Fails if something other than an answer was received, and returns these bytes.
pub async fn try_upgrade(
    stream: Stream,
    offer: &Offer,
    seed: u64,
) -> Result<Opened, (HandshakeError, BytesMut)> {
    match upgrade(stream, offer, seed).await {
        Ok((answer, stream)) => Ok(Opened {
            stream,
            answer: Some(answer),
        }),
        Err((error, rest)) => {
            let ended = match &error {
                HandshakeError::Closed => true,
                HandshakeError::Io(error) => is_end(error),
                HandshakeError::TooLong | HandshakeError::NotHttp(_) => false,
            };
            if ended && rest.is_empty() {
                return Ok(Opened {
                    stream: None,
                    answer: None,
                });
            }
            Err((error, rest))
        }
    }
}

async fn ask(
    stream: &mut Stream,
    request: &Request,
    rest: &mut BytesMut,
) -> Result<Answer, HandshakeError> {
    stream.write_all(request.to_text().as_bytes()).await?;
    stream.flush().await?;
    Answer::read(stream, rest, &request.key).await
}

/// Checks whether the answer lets MQTT begin.
///
/// # Errors
/// Says why it does not.
pub fn check(answer: &Answer, path: &str) -> Result<(), ConnectError> {
    if answer.status != 101 {
        let status = format!("{} {}", answer.status, answer.reason);
        let hint = match answer.status {
            200..300 | 404 if path == "/" => {
                Some("the path of a broker's WebSocket is often /mqtt".to_owned())
            }
            200..300 | 404 => Some(format!("is {path} the right path?")),
            _ => None,
        };
        return Err(ConnectError::new(
            format!(
                "it answers the WebSocket upgrade with {}",
                status.trim_end()
            ),
            hint,
        ));
    }
    if let Some(problem) = answer.problem {
        return Err(ConnectError::new(
            format!("its answer to the WebSocket upgrade is wrong: {problem}"),
            None,
        ));
    }
    // [3.1.1 MQTT-6.0.0-4] [5 MQTT-6.0.0-4]
    match answer.protocol.as_deref() {
        Some(MQTT) => Ok(()),
        Some(other) => Err(ConnectError::new(
            format!("it selects the WebSocket subprotocol `{other}` instead of `{MQTT}`"),
            None,
        )),
        None => Err(ConnectError::new(
            format!("it selects no WebSocket subprotocol; it must select `{MQTT}`"),
            Some("this path may belong to another service".to_owned()),
        )),
    }
}

/// Returns whether the server just ended the connection.
pub(super) fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}
