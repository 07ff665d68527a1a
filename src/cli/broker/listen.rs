//! The addresses that the bundled broker listens on, and the transport of each.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use mqtt_check_broker::shell::{Listener, Server, Tls, Transport, WebSocketPath};

use crate::cli::{Failure, output};
use crate::diagnostic::Diagnostic;
use crate::exit::Exit;
use crate::report::style::Style;
use crate::scenario::settings::configuration::Configuration;
use crate::transport::{BrokerUrl, Scheme, pem};

/// The default address.
const DEFAULT_PLACE: &str = "127.0.0.1:1883";

/// TLS options of the server.
#[derive(Debug, Args)]
pub(in crate::cli) struct TlsFiles {
    /// The certificate for mqtts:// and wss://, in PEM, followed by its chain
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Accept only clients with a certificate signed by an authority in this PEM file
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
}

/// The addresses of `--listen` or the configuration file, and the certificate for those with TLS.
#[derive(Debug)]
pub(in crate::cli) struct ListenAddresses {
    places: Vec<BrokerUrl>,
    tls: Option<Tls>,
}

/// An address at which the broker accepts connections until this is dropped. Displayed as a URL with the actual port.
#[derive(Debug)]
pub(in crate::cli) struct ListenAddress {
    scheme: Scheme,
    address: SocketAddr,
    path: String,
    _listener: Listener,
}

impl ListenAddresses {
    /// Reads the addresses, and the files that TLS needs. Each option of the command line overrides that of the
    /// configuration file.
    pub(in crate::cli) fn new(
        listen: &[String],
        files: &TlsFiles,
        configuration: Option<&Configuration>,
        style: Style,
    ) -> Result<Self, Failure> {
        let places = match configuration.filter(|_| listen.is_empty()) {
            Some(configuration) if !configuration.listen.is_empty() => {
                configured(configuration, style)?
            }
            _ => named(listen)?,
        };
        let secure = places.iter().find(|place| place.scheme.is_secure());
        let tls = files.over(configuration).read()?;
        match (secure, &tls) {
            (Some(place), None) => Err(Failure::usage(format!(
                "--listen: {}:// needs a certificate and its key",
                place.scheme
            ))
            .hint("name them with --cert FILE and --key FILE")),
            (None, Some(_)) => Err(Failure::usage(
                "--cert and --key need an mqtts:// or wss:// address in --listen",
            )),
            _ => Ok(Self { places, tls }),
        }
    }

    /// Listens on every address.
    pub(in crate::cli) async fn listen(
        &self,
        server: &Server,
    ) -> Result<Vec<ListenAddress>, Failure> {
        let mut listening = Vec::new();
        for place in &self.places {
            let address = place.authority();
            let bound = server.listen_with(&address, self.transport(place)).await;
            let listener = bound.map_err(|error| unbound(&address, &error))?;
            listening.push(ListenAddress {
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

impl fmt::Display for ListenAddress {
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
    /// Fills in the files that the command line does not name from the configuration file.
    fn over(&self, configuration: Option<&Configuration>) -> Self {
        let of_file = |option: &Option<PathBuf>, key: fn(&Configuration) -> &Option<PathBuf>| {
            option
                .clone()
                .or_else(|| configuration.and_then(|file| key(file).clone()))
        };
        Self {
            cert: of_file(&self.cert, |file| &file.cert),
            key: of_file(&self.key, |file| &file.key),
            client_ca: of_file(&self.client_ca, |file| &file.client_ca),
        }
    }

    fn read(&self) -> Result<Option<Tls>, Failure> {
        let (cert, key) = match (&self.cert, &self.key, &self.client_ca) {
            (Some(cert), Some(key), _) => (cert, key),
            (None, None, None) => return Ok(None),
            _ => {
                let message = "TLS needs a certificate and its key";
                return Err(
                    Failure::usage(message).hint("name them with --cert FILE and --key FILE")
                );
            }
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

/// The addresses from the command line.
fn named(listen: &[String]) -> Result<Vec<BrokerUrl>, Failure> {
    let default = [DEFAULT_PLACE.to_owned()];
    let listen = match listen {
        [] => &default,
        named => named,
    };
    let places = listen.iter().map(|url| {
        place(url).map_err(|(title, hint)| {
            let failure = Failure::usage(format!("--listen: {title}"));
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })
    });
    places.collect()
}

/// The addresses from the configuration file.
fn configured(configuration: &Configuration, style: Style) -> Result<Vec<BrokerUrl>, Failure> {
    let (mut places, mut wrong) = (Vec::new(), Vec::new());
    for (url, at) in &configuration.listen {
        match place(url) {
            Ok(place) => places.push(place),
            Err((title, hint)) => {
                let mut diagnostic = Diagnostic::new(&configuration.source, Some(*at), title);
                diagnostic.hint = hint.map(str::to_owned);
                wrong.push(diagnostic);
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(places),
        false => Err(output::diagnostics(&wrong, style)),
    }
}

/// Parses a URL, or `HOST:PORT` for TCP. The error is a message and perhaps a hint.
fn place(url: &str) -> Result<BrokerUrl, (String, Option<&'static str>)> {
    if !url.contains("://") && !url.contains(':') {
        let hint = "an address is HOST:PORT, or a URL";
        return Err((format!("`{url}` has no port"), Some(hint)));
    }
    let place = match url.contains("://") {
        true => BrokerUrl::parse_listening(url),
        false => BrokerUrl::parse_listening(&format!("{}://{url}", Scheme::Mqtt)),
    };
    place.map_err(|error| (error.to_string(), None))
}

fn unbound(address: &str, error: &io::Error) -> Failure {
    let message = format!("failed to listen on {address}: {error}");
    let failure = Failure::new(Exit::CouldNotStart, message);
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.hint("port 0 takes a free one"),
        _ => failure,
    }
}
