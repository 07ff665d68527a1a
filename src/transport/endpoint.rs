//! The address of a broker, and how to reach it.

use std::fmt;
use std::io;

use mqtt_check_websocket::HandshakeError;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::stream::Stream;
use super::tls::{self, TlsOptions, TlsOptionsError};
use super::upgrade::{Offer, Opened, check, is_end, try_upgrade, upgrade};
use super::url::{BrokerUrl, Scheme, UrlError, shown_url};

/// Why a URL and its options cannot be used.
#[derive(Debug, Error)]
pub enum EndpointError {
    #[error("--broker: {0}")]
    Url(#[from] UrlError),
    #[error("--broker: `{host}` is not a valid host name for a certificate")]
    Name { host: String },
    #[error("--ca, --cert, --key and --insecure are for mqtts:// and wss://, not for {scheme}://")]
    NoTls { scheme: Scheme },
    #[error(transparent)]
    Tls(#[from] TlsOptionsError),
}

/// Why a connection failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct ConnectError {
    /// What happened.
    pub problem: String,
    /// What may help.
    pub hint: Option<String>,
}

impl ConnectError {
    pub(super) fn new(problem: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            problem: problem.into(),
            hint,
        }
    }
}

impl ConnectError {
    /// Creates the error for a timeout.
    pub fn too_late() -> Self {
        Self::new("timed out", None)
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        match tls::explain(&error) {
            Some((problem, hint)) => Self::new(problem, hint.map(str::to_owned)),
            None => Self::new(error.to_string(), None),
        }
    }
}

/// The address of a broker on the network, and what is needed to connect to it.
#[derive(Clone)]
pub struct Endpoint {
    url: BrokerUrl,
    /// Set for `mqtts://` and `wss://`.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Creates an endpoint from a URL. Files that the options name are read here.
    ///
    /// # Errors
    /// Fails if the URL is invalid, if it does not fit the options, or if the options cannot be used.
    pub fn new(url: &str, options: &TlsOptions) -> Result<Self, EndpointError> {
        let url = BrokerUrl::parse(url)?;
        if !url.scheme.is_secure() {
            if !options.is_empty() {
                return Err(EndpointError::NoTls { scheme: url.scheme });
            }
            return Ok(Self { url, tls: None });
        }
        let name = ServerName::try_from(url.host.clone()).map_err(|_| EndpointError::Name {
            host: url.host.clone(),
        })?;
        let tls = Some((tls::connector(options)?, name));
        Ok(Self { url, tls })
    }

    /// Returns the scheme of the URL.
    pub fn scheme(&self) -> Scheme {
        self.url.scheme
    }

    /// Returns `host:port`.
    pub fn authority(&self) -> String {
        self.url.authority()
    }

    /// Returns the URL of the same host and port with another scheme.
    pub fn url_over(&self, scheme: Scheme) -> String {
        self.url.over(scheme)
    }

    /// Connects the TCP socket.
    ///
    /// # Errors
    /// Fails if the connection is not accepted.
    pub async fn connect_tcp(&self) -> Result<TcpStream, ConnectError> {
        let stream = TcpStream::connect(self.url.authority()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Does the TLS and WebSocket handshakes that come before MQTT. `seed` makes the key and the masks of each
    /// WebSocket different.
    ///
    /// # Errors
    /// Fails if a handshake fails.
    pub async fn begin(&self, stream: TcpStream, seed: u64) -> Result<Stream, ConnectError> {
        let stream = self.begin_secrecy(stream).await?;
        if !self.url.scheme.is_websocket() {
            return Ok(stream);
        }
        self.begin_frames(stream, seed).await
    }

    async fn begin_secrecy(&self, stream: TcpStream) -> Result<Stream, ConnectError> {
        match &self.tls {
            None => Ok(Stream::Tcp(stream)),
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), stream).await;
                let tls = tls.map_err(|error| self.no_tls(&error))?;
                Ok(Stream::Tls(Box::new(tls)))
            }
        }
    }

    fn no_tls(&self, error: &io::Error) -> ConnectError {
        let plain = match self.url.scheme {
            Scheme::Wss => Scheme::Ws,
            _ => Scheme::Mqtt,
        };
        let hint = format!("without TLS the URL is {}", self.url.over(plain));
        match tls::explain(error) {
            Some((problem, known)) => {
                let is_foreign = known.is_none() && problem.contains("not a TLS server");
                let hint = known.map(str::to_owned).or(is_foreign.then_some(hint));
                ConnectError::new(problem, hint)
            }
            None if is_end(error) => {
                ConnectError::new("it closes the connection in the TLS handshake", Some(hint))
            }
            None => ConnectError::new(format!("TLS handshake: {error}"), None),
        }
    }

    async fn begin_frames(&self, stream: Stream, seed: u64) -> Result<Stream, ConnectError> {
        let offer = Offer::of_mqtt(self.url.authority(), self.url.path.clone());
        let (answer, frames) = upgrade(stream, &offer, seed)
            .await
            .map_err(|(error, rest)| self.no_upgrade(&error, &rest))?;
        check(&answer, &shown_url(&self.url.path))?;
        frames.ok_or_else(|| {
            ConnectError::new("its answer to the WebSocket upgrade is not valid", None)
        })
    }

    /// Does the handshakes like [`Self::begin`], offers these subprotocols, and returns the answer.
    ///
    /// # Errors
    /// Fails if the answer is not that of a WebSocket server.
    pub async fn begin_offering(
        &self,
        stream: TcpStream,
        subprotocols: &[String],
        seed: u64,
    ) -> Result<Opened, ConnectError> {
        let stream = self.begin_secrecy(stream).await?;
        let offer = Offer {
            host: self.url.authority(),
            path: self.url.path.clone(),
            subprotocols: subprotocols.to_vec(),
        };
        try_upgrade(stream, &offer, seed)
            .await
            .map_err(|(error, rest)| self.no_upgrade(&error, &rest))
    }

    fn no_upgrade(&self, error: &HandshakeError, received: &[u8]) -> ConnectError {
        let secure = self.url.scheme.is_secure();
        let plain = if secure { Scheme::Mqtts } else { Scheme::Mqtt };
        let without = format!("without WebSocket the URL is {}", self.url.over(plain));
        match error {
            HandshakeError::Io(error) if !is_end(error) => match tls::explain(error) {
                Some((problem, hint)) => ConnectError::new(problem, hint.map(str::to_owned)),
                None => ConnectError::new(error.to_string(), None),
            },
            _ if matches!(received, [0x15 | 0x16, 0x03, ..]) => ConnectError::new(
                "the port is served by a TLS server",
                Some(format!(
                    "with TLS the URL is {}",
                    self.url.over(Scheme::Wss)
                )),
            ),
            HandshakeError::Io(_) | HandshakeError::Closed => ConnectError::new(
                "it closes the connection instead of answering the WebSocket upgrade",
                Some(without),
            ),
            HandshakeError::NotHttp(_) | HandshakeError::TooLong => ConnectError::new(
                "it does not answer the WebSocket upgrade in HTTP",
                Some(without),
            ),
        }
    }
}
