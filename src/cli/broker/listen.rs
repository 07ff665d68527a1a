//! Where the bundled broker listens, and what carries MQTT there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use mqtt_check_broker::shell::{Listener, Server, Tls, Transport, WebSocketPath};

use crate::cli::Failure;
use crate::exit::Exit;
use crate::transport::{BrokerUrl, Scheme, pem};

/// What a server shows and asks for in TLS.
#[derive(Debug, Args)]
pub(in crate::cli) struct TlsFiles {
    /// The certificate for mqtts:// and wss://, in PEM, followed by those up to its authority
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Let in who shows a certificate that an authority in this PEM file has signed, and nobody else
    #[arg(long, value_name = "FILE", requires = "cert")]
    client_ca: Option<PathBuf>,
}

/// Places to listen at.
#[derive(Debug)]
pub(in crate::cli) struct Places {
    places: Vec<BrokerUrl>,
    tls: Option<Tls>,
}

/// A place that is listened at.
#[derive(Debug)]
pub(in crate::cli) struct Listening {
    scheme: Scheme,
    address: SocketAddr,
    path: String,
    _listener: Listener,
}

impl Places {
    /// Reads where to listen, and the files that TLS needs there.
    pub(in crate::cli) fn new(urls: &[String], files: &TlsFiles) -> Result<Self, Failure> {
        let places = urls
            .iter()
            .map(|url| place(url))
            .collect::<Result<Vec<_>, _>>()?;
        let secure = places.iter().find(|place| place.scheme.is_secure());
        let tls = files.read()?;
        match (secure, &tls) {
            (Some(place), None) => Err(Failure::usage(format!(
                "--listen: {}:// needs a certificate and its key",
                place.scheme
            ))
            .hint("--cert FILE and --key FILE name them")),
            (None, Some(_)) => Err(Failure::usage(
                "--cert and --key are for mqtts:// and wss://, and --listen names neither",
            )),
            _ => Ok(Self { places, tls }),
        }
    }

    /// Listens at every place.
    pub(in crate::cli) async fn listen(&self, server: &Server) -> Result<Vec<Listening>, Failure> {
        let mut listening = Vec::new();
        for place in &self.places {
            let address = place.authority();
            let bound = server.listen_with(&address, self.transport(place)).await;
            let listener = bound.map_err(|error| unbound(&address, &error))?;
            listening.push(Listening {
                scheme: place.scheme,
                address: listener.local_address(),
                path: place.path.clone(),
                _listener: listener,
            });
        }
        Ok(listening)
    }

    fn transport(&self, place: &BrokerUrl) -> Transport {
        let path = match place.path.as_str() {
            "/" => WebSocketPath::Any,
            path => WebSocketPath::Only(path.to_owned()),
        };
        Transport {
            tls: self.tls.clone().filter(|_| place.scheme.is_secure()),
            websocket: place.scheme.is_websocket().then_some(path),
        }
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Some(self.path.as_str()).filter(|path| *path != "/");
        write!(
            f,
            "{}://{}{}",
            self.scheme,
            self.address,
            path.unwrap_or_default()
        )
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Option<Tls>, Failure> {
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        let of = |option: &'static str| {
            move |error: pem::PemError| Failure::usage(format!("{option}: {error}"))
        };
        let chain = pem::certificates(cert).map_err(of("--cert"))?;
        let key = pem::private_key(key).map_err(of("--key"))?;
        let roots = self.client_ca.as_deref().map(pem::certificates);
        let roots = roots.transpose().map_err(of("--client-ca"))?;
        Tls::new(chain, key, roots)
            .map(Some)
            .map_err(|error| Failure::usage(format!("--cert, --key: {error}")))
    }
}

/// A URL, or `HOST:PORT` for TCP.
fn place(url: &str) -> Result<BrokerUrl, Failure> {
    if !url.contains("://") && !url.contains(':') {
        let message = format!("--listen: `{url}` has no port");
        return Err(Failure::usage(message).hint("an address is HOST:PORT, or a URL"));
    }
    let place = match url.contains("://") {
        true => BrokerUrl::parse_listening(url),
        false => BrokerUrl::parse_listening(&format!("{}://{url}", Scheme::Mqtt)),
    };
    place.map_err(|error| Failure::usage(format!("--listen: {error}")))
}

fn unbound(address: &str, error: &io::Error) -> Failure {
    let message = format!("failed to listen on {address}: {error}");
    let failure = Failure::new(Exit::CouldNotStart, message);
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.hint("port 0 takes a free one"),
        _ => failure,
    }
}
