//! The HTTP upgrade, from both ends: the texts of requests and answers, and reading one head from a stream.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The maximum size of a head in bytes, and the maximum number of its fields.
const HEAD_LIMIT: usize = 16 * 1024;
const FIELD_LIMIT: usize = 64;
/// The text that a server appends to the client's key before hashing it, from RFC 6455.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Why no HTTP head could be read.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The stream ended. What was received before is in the buffer.
    #[error("the connection was closed before the upgrade was answered")]
    Closed,
    /// More than 16 KiB without the empty line that ends a head.
    #[error("the HTTP header is longer than 16 KiB")]
    TooLong,
    /// The bytes are not an HTTP/1 head, or have too many fields.
    #[error("not HTTP: {0}")]
    NotHttp(httparse::Error),
}

/// A client's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The server's `host:port`, as the client knows it.
    pub host: String,
    /// The path, which begins with `/`.
    pub path: String,
    /// The subprotocols, in order of preference.
    pub protocols: Vec<String>,
    /// The key: 16 bytes in base64.
    pub key: String,
    /// The origin of the page for which a browser opens the WebSocket. Other clients have none.
    pub origin: Option<String>,
}

/// Why a request is not an upgrade to WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Answered by 400.
    #[error("this is not an HTTP request")]
    NotHttp,
    /// Answered by 405.
    #[error("only GET is supported here")]
    Method,
    /// Answered by 400.
    #[error("HTTP/1.1 is required")]
    HttpVersion,
    /// `Upgrade: websocket` or `Connection: Upgrade` is missing; answered by 426.
    #[error("this is a WebSocket endpoint: an Upgrade is required")]
    NoUpgrade,
    /// `Sec-WebSocket-Version` is not 13; answered by 426.
    #[error("only WebSocket version 13 is supported")]
    Version,
    /// Answered by 400.
    #[error("Sec-WebSocket-Key is missing, repeated, or not 16 bytes in base64")]
    Key,
    /// Answered by 400.
    #[error("Host is missing or repeated")]
    Host,
    /// Answered by 400.
    #[error("Origin is repeated or not a text")]
    OriginField,
    /// The page's origin is not in the list of the server; answered by 403.
    #[error("this origin is not allowed")]
    Origin,
    /// Answered by 404.
    #[error("nothing is served at this path")]
    Path,
    /// The client does not offer `mqtt`, `[5 MQTT-6.0.0-3]`; answered by 400.
    #[error("the subprotocol mqtt is required")]
    Protocol,
}

impl Refusal {
    const fn status(self) -> &'static str {
        match self {
            Self::Method => "405 Method Not Allowed",
            Self::NoUpgrade | Self::Version => "426 Upgrade Required",
            Self::NotHttp
            | Self::HttpVersion
            | Self::Key
            | Self::Host
            | Self::OriginField
            | Self::Protocol => "400 Bad Request",
            Self::Origin => "403 Forbidden",
            Self::Path => "404 Not Found",
        }
    }

    /// Returns the HTTP answer for this refusal.
    pub fn answer(self) -> String {
        let body = format!("{self}\n");
        format!(
            "HTTP/1.1 {}\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            self.status(),
            body.len()
        )
    }
}

/// Makes a key from 16 bytes, which should differ between connections.
pub fn key(bytes: [u8; 16]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Returns what a server computes from a client's key.
pub fn accept_key(key: &str) -> String {
    let text = format!("{key}{KEY_SUFFIX}");
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

impl Request {
    /// Returns the request as it is sent.
    pub fn to_text(&self) -> String {
        let protocols = match &self.protocols[..] {
            [] => String::new(),
            list => format!("Sec-WebSocket-Protocol: {}\r\n", list.join(", ")),
        };
        let origin = match &self.origin {
            None => String::new(),
            Some(origin) => format!("Origin: {origin}\r\n"),
        };
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n{origin}{protocols}\r\n",
            self.path, self.host, self.key
        )
    }

    /// Reads the head of a request. What follows it stays in `buffer`.
    ///
    /// # Errors
    /// Returns an error if there is no head. The inner error says that the request is not for a WebSocket.
    pub async fn read<S: AsyncRead + Unpin>(
        io: &mut S,
        buffer: &mut BytesMut,
    ) -> Result<Result<Self, Refusal>, HandshakeError> {
        read_head(io, buffer, |bytes| {
            let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
            let mut request = httparse::Request::new(&mut fields);
            let size = match request.parse(bytes)? {
                httparse::Status::Partial => return Ok(None),
                httparse::Status::Complete(size) => size,
            };
            Ok(Some((size, Self::of(&request))))
        })
        .await
    }

    /// Checks what RFC 6455 requires a server to check. [RFC 6455, 4.2.1] [RFC 6455, 11.3.1]
    fn of(request: &httparse::Request<'_, '_>) -> Result<Self, Refusal> {
        if request.method != Some("GET") {
            return Err(Refusal::Method);
        }
        if request.version != Some(1) {
            return Err(Refusal::HttpVersion);
        }
        let fields = Fields(request.headers);
        if !fields.has_token("upgrade", "websocket") || !fields.has_token("connection", "upgrade") {
            return Err(Refusal::NoUpgrade);
        }
        if fields.only("sec-websocket-version") != Ok(Some("13")) {
            return Err(Refusal::Version);
        }
        let key = fields.only("sec-websocket-key");
        let key = key.ok().flatten().ok_or(Refusal::Key)?;
        if BASE64_STANDARD.decode(key).map(|bytes| bytes.len()) != Ok(16) {
            return Err(Refusal::Key);
        }
        let host = fields.only("host").ok().flatten();
        let host = host.filter(|host| !host.is_empty());
        let origin = fields.only("origin").map_err(|()| Refusal::OriginField)?;
        let path = path_of(request.path.unwrap_or("/"));
        Ok(Self {
            host: host.ok_or(Refusal::Host)?.to_owned(),
            origin: origin.map(str::to_owned),
            path: path.ok_or(Refusal::Path)?.to_owned(),
            protocols: fields
                .tokens("sec-websocket-protocol")
                .map(str::to_owned)
                .collect(),
            key: key.to_owned(),
        })
    }

    /// Returns the answer that accepts the request, with this subprotocol or none.
    pub fn accept(&self, protocol: Option<&str>) -> String {
        let protocol = match protocol {
            None => String::new(),
            Some(name) => format!("Sec-WebSocket-Protocol: {name}\r\n"),
        };
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n{protocol}\r\n",
            accept_key(&self.key)
        )
    }
}

/// Returns the path in a request target, which is a path or a whole URL. Leaves out everything from a question mark on.
fn path_of(target: &str) -> Option<&str> {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    let path = path.split('?').next()?;
    path.starts_with('/').then_some(path)
}

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code; 101 accepts.
    pub status: u16,
    /// The text after the status code.
    pub reason: String,
    /// The subprotocol that the server selects.
    pub protocol: Option<String>,
    /// Why a 101 does not count as an upgrade.
    pub problem: Option<&'static str>,
}

impl Answer {
    /// Whether frames may follow.
    pub fn is_upgrade(&self) -> bool {
        self.status == 101 && self.problem.is_none()
    }

    /// Reads the answer to the request with this key. What follows it stays in `buffer`.
    ///
    /// # Errors
    /// Returns an error if there is no answer.
    pub async fn read<S: AsyncRead + Unpin>(
        io: &mut S,
        buffer: &mut BytesMut,
        key: &str,
    ) -> Result<Self, HandshakeError> {
        let accept = accept_key(key);
        read_head(io, buffer, |bytes| {
            let mut fields = [httparse::EMPTY_HEADER; FIELD_LIMIT];
            let mut response = httparse::Response::new(&mut fields);
            let size = match response.parse(bytes)? {
                httparse::Status::Partial => return Ok(None),
                httparse::Status::Complete(size) => size,
            };
            Ok(Some((size, Self::of(&response, &accept))))
        })
        .await
    }

    fn of(response: &httparse::Response<'_, '_>, accept: &str) -> Self {
        let fields = Fields(response.headers);
        let problem = if !fields.has_token("upgrade", "websocket") {
            Some("it has no Upgrade: websocket")
        } else if !fields.has_token("connection", "upgrade") {
            Some("it has no Connection: Upgrade")
        } else if fields.text("sec-websocket-accept") != Some(accept) {
            Some("its Sec-WebSocket-Accept does not match the key")
        } else if fields.text("sec-websocket-extensions").is_some() {
            Some("it uses an extension that was not requested")
        } else {
            None
        };
        let status = response.code.unwrap_or_default();
        Self {
            status,
            reason: response.reason.unwrap_or_default().to_owned(),
            protocol: fields.text("sec-websocket-protocol").map(str::to_owned),
            problem: problem.filter(|_| status == 101),
        }
    }
}

/// The fields of a head.
struct Fields<'a, 'b>(&'a [httparse::Header<'b>]);

impl<'b> Fields<'_, 'b> {
    /// Returns the value of the first field of this name.
    fn text(&self, name: &str) -> Option<&'b str> {
        let field = self.0.iter().find(|f| f.name.eq_ignore_ascii_case(name))?;
        Some(std::str::from_utf8(field.value).ok()?.trim())
    }

    /// Returns the value of the only field of this name. Returns an error if there are several, or the value is not
    /// text.
    fn only(&self, name: &str) -> Result<Option<&'b str>, ()> {
        let mut found = self.0.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        let Some(field) = found.next() else {
            return Ok(None);
        };
        match (found.next(), std::str::from_utf8(field.value)) {
            (None, Ok(value)) => Ok(Some(value.trim())),
            _ => Err(()),
        }
    }

    /// Returns the values between commas, in all fields of this name.
    fn tokens<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'b str> + 's {
        self.0
            .iter()
            .filter(move |f| f.name.eq_ignore_ascii_case(name))
            .filter_map(|f| std::str::from_utf8(f.value).ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|token| !token.is_empty())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|t| t.eq_ignore_ascii_case(token))
    }
}

/// Reads until `parse` finds a head, and removes that from the buffer.
async fn read_head<S: AsyncRead + Unpin, T>(
    io: &mut S,
    buffer: &mut BytesMut,
    parse: impl Fn(&[u8]) -> Result<Option<(usize, T)>, httparse::Error>,
) -> Result<T, HandshakeError> {
    loop {
        match parse(buffer).map_err(HandshakeError::NotHttp)? {
            Some((size, head)) => {
                let _ = buffer.split_to(size);
                return Ok(head);
            }
            None if buffer.len() >= HEAD_LIMIT => return Err(HandshakeError::TooLong),
            None => {}
        }
        if io.read_buf(buffer).await? == 0 {
            return Err(HandshakeError::Closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            host: "localhost:80".into(),
            path: "/mqtt".into(),
            protocols: vec!["other".into(), "mqtt".into()],
            key: "dGhlIHNhbXBsZSBub25jZQ==".into(),
            origin: Some("https://panel.example:8443".into()),
        }
    }

    fn read<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(future)
    }

    fn parsed(text: &str) -> Result<Request, Refusal> {
        let mut buffer = BytesMut::new();
        read(Request::read(&mut text.as_bytes(), &mut buffer)).expect("a head")
    }

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        // The example of RFC 6455, section 1.3.
        assert_eq!(accept_key(&request().key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_reads_as_it_was_written() {
        let text = request().to_text();
        assert_eq!(parsed(&text), Ok(request()));
        let several = text.replace("other, mqtt", "other\r\nsec-websocket-protocol:mqtt");
        assert_eq!(parsed(&several), Ok(request()));
        let browser = text.replace("Connection: Upgrade", "Connection: keep-alive, upgrade");
        assert_eq!(parsed(&browser), Ok(request()));
    }

    #[test]
    fn refuses_requests_that_are_no_upgrade() {
        let text = request().to_text();
        for (from, to, refusal) in [
            ("GET", "POST", Refusal::Method),
            ("Upgrade: websocket\r\n", "", Refusal::NoUpgrade),
            ("Connection: Upgrade\r\n", "", Refusal::NoUpgrade),
            ("Version: 13", "Version: 8", Refusal::Version),
            ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", Refusal::Key),
            ("Host: localhost:80\r\n", "", Refusal::Host),
            ("Host: localhost:80\r\n", "Host:\r\n", Refusal::Host),
            (" HTTP/1.1", " HTTP/1.0", Refusal::HttpVersion),
            (
                "Version: 13",
                "Version: 13\r\nSec-WebSocket-Version: 13",
                Refusal::Version,
            ),
            (
                "Version: 13",
                "Version: 13\r\nsec-websocket-version: 8",
                Refusal::Version,
            ),
            ("Host: ", "Host: localhost:80\r\nhost: ", Refusal::Host),
            (
                "Origin: ",
                "Origin: https://a\r\norigin: ",
                Refusal::OriginField,
            ),
            ("Sec-WebSocket-Key", "Key", Refusal::Key),
            (
                "Sec-WebSocket-Key: ",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSEC-WEBSOCKET-KEY: ",
                Refusal::Key,
            ),
            ("=\r\n", "=, dGhlIHNhbXBsZSBub25jZQ==\r\n", Refusal::Key),
            ("GET /mqtt ", "GET * ", Refusal::Path),
        ] {
            assert_ne!(text.replace(from, to), text, "{from}");
            assert_eq!(parsed(&text.replace(from, to)), Err(refusal), "{refusal}");
        }
    }

    fn answered(text: &str) -> (Answer, BytesMut) {
        let mut buffer = BytesMut::new();
        let key = request().key;
        let mut text = text.as_bytes();
        let answer = read(Answer::read(&mut text, &mut buffer, &key));
        (answer.expect("an answer"), buffer)
    }

    #[test]
    fn an_answer_reads_as_it_was_written() {
        let text = format!("{}rest", request().accept(Some("mqtt")));
        let (answer, buffer) = answered(&text);
        assert!(answer.is_upgrade());
        assert_eq!(answer.protocol.as_deref(), Some("mqtt"));
        assert_eq!(&buffer[..], b"rest");
    }

    #[test]
    fn an_answer_that_does_not_fit_is_no_upgrade() {
        let text = request().accept(None);
        for (from, to) in [
            ("Upgrade: websocket\r\n", ""),
            ("Connection: Upgrade\r\n", ""),
            (
                "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "s3pPLMBiTxaQ9kYGzzhZRbK+xO0=",
            ),
            ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x\r\n\r\n"),
            ("101", "200"),
        ] {
            let text = text.replace(from, to);
            assert!(!answered(&text).0.is_upgrade(), "{from}");
        }
    }

    #[test]
    fn distinguishes_non_http_from_endless_input() {
        let error = |mut bytes: &[u8]| {
            let mut buffer = BytesMut::new();
            read(Answer::read(&mut bytes, &mut buffer, "key")).expect_err("no answer")
        };
        let mqtt = error(b"\x20\x02\x00\x00\r\n\r\n");
        assert!(matches!(mqtt, HandshakeError::NotHttp(_)), "{mqtt}");
        for cut in [&b""[..], b"HTTP/1.1 200"] {
            let cut = error(cut);
            assert!(matches!(cut, HandshakeError::Closed), "{cut}");
        }
        let endless = error(&[b'\n'; HEAD_LIMIT + 9]);
        assert!(matches!(endless, HandshakeError::TooLong), "{endless}");
    }
}
