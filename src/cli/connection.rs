//! Options that say which broker to connect to, which certificates to trust, and how to log in.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;

use super::Failure;
use crate::scenario::model::Secret;
use crate::target::file::{Address, Addresses};
use crate::target::{Access, Credentials};
use crate::transport::{BrokerUrl, TlsOptions, shown_url};

/// The environment variable that may hold the password.
const PASSWORD_VARIABLE: &str = "MQTT_CHECK_PASSWORD";
/// The longest password that a CONNECT can carry, in bytes.
const PASSWORD_LIMIT: usize = 65_535;

/// The group of options that name a broker on the network.
const REACHED: &str = "reached";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct Connection {
    /// The broker to test: mqtt://, mqtts://, ws:// or wss://; without it, `run` plays on the bundled broker
    #[arg(long, value_name = "URL", group = REACHED)]
    broker: Option<String>,

    /// The WebSocket URL of that broker, ws:// or wss://, for scenarios with WebSocket clients
    #[arg(long, value_name = "URL", requires = "broker")]
    websocket: Option<String>,

    /// A known broker, described in targets/NAME.yaml or in another file
    #[arg(long, value_name = "NAME", group = REACHED)]
    pub(super) target: Option<String>,

    /// Trust the authorities in this PEM file instead of the system's
    #[arg(
        long,
        value_name = "FILE",
        requires = REACHED,
        conflicts_with = "insecure"
    )]
    ca: Option<PathBuf>,

    /// The client certificate, in PEM
    #[arg(long, value_name = "FILE", requires_all = [REACHED, "key"])]
    cert: Option<PathBuf>,

    /// The private key of the client certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Accept any server certificate
    #[arg(long, requires = REACHED)]
    insecure: bool,

    /// The user name for scenarios that name none; the password comes from --password-file or the variable
    /// MQTT_CHECK_PASSWORD
    #[arg(long, value_name = "NAME", requires = REACHED)]
    user: Option<String>,

    /// Read the password from this file, without the final line break
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
}

impl Connection {
    /// Whether the options name a broker on the network.
    pub(super) fn names_a_broker(&self) -> bool {
        self.broker.is_some() || self.target.is_some()
    }

    /// Returns the same options, with `url` as the value of `--broker`.
    pub(super) fn at(self, url: String) -> Self {
        Self {
            broker: Some(url),
            ..self
        }
    }

    /// The URL given with `--broker`.
    pub(super) fn url(&self) -> Option<&str> {
        self.broker.as_deref()
    }

    /// The addresses of the broker on the network, if one is named.
    ///
    /// # Errors
    /// Fails if `--websocket` is not a WebSocket URL, or if it does not add a second address. Whether both are valid
    /// URLs is checked later.
    pub(super) fn addresses(&self) -> Result<Option<Addresses>, Failure> {
        let Some(url) = &self.broker else {
            return Ok(None);
        };
        if let Some(websocket) = &self.websocket {
            let second = BrokerUrl::parse(websocket)
                .map_err(|error| Failure::usage(format!("--websocket: {error}")))?;
            if !second.scheme.is_websocket() {
                return Err(Failure::usage(format!(
                    "--websocket: {}:// is not over WebSocket; ws:// and wss:// are",
                    second.scheme
                )));
            }
            if BrokerUrl::parse(url).is_ok_and(|first| first.scheme.is_websocket()) {
                return Err(Failure::usage(
                    "--websocket is for a broker that --broker reaches by mqtt:// or mqtts://",
                ));
            }
        }
        Ok(Some(Addresses {
            first: Address {
                url: url.clone(),
                websocket: self.websocket.clone(),
            },
            others: Vec::new(),
        }))
    }

    /// Returns how to reach the broker: TLS options and credentials. Reads the password file.
    pub(super) fn access(&self) -> Result<Access, Failure> {
        Ok(Access {
            tls: TlsOptions {
                authority: self.ca.clone(),
                identity: self.cert.clone().zip(self.key.clone()),
                insecure: self.insecure,
            },
            credentials: self.credentials()?,
        })
    }

    fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        let Some(user) = &self.user else {
            return Ok(None);
        };
        let password = match &self.password_file {
            Some(path) => Some(password_in(path)?),
            None => env::var_os(PASSWORD_VARIABLE).map(|text| text.into_encoded_bytes()),
        };
        if password.as_ref().is_some_and(|p| p.len() > PASSWORD_LIMIT) {
            return Err(Failure::usage(format!(
                "the password is longer than {PASSWORD_LIMIT} bytes, which no CONNECT can carry"
            )));
        }
        Ok(Some(Credentials {
            user: user.clone(),
            password: password.map(|bytes| Secret::new(Bytes::from(bytes))),
        }))
    }

    /// Returns the options that connect in the same way again, without any secret.
    pub(super) fn replay(&self, quoted: impl Fn(&Path) -> String) -> Vec<String> {
        let mut words = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.map(|value| format!("--{name} {value}")));
        };
        let file = |path: &Option<PathBuf>| path.as_deref().map(&quoted);
        let url = |url: &Option<String>| {
            let shown = url.as_deref().map(shown_url);
            shown.map(|url| quoted(Path::new(&url)))
        };
        option("broker", url(&self.broker));
        option("websocket", url(&self.websocket));
        option(
            "target",
            self.target.as_ref().map(|name| quoted(Path::new(name))),
        );
        option("ca", file(&self.ca));
        option("cert", file(&self.cert));
        option("key", file(&self.key));
        option(
            "user",
            self.user.as_ref().map(|user| quoted(Path::new(user))),
        );
        option("password-file", file(&self.password_file));
        words.extend(self.insecure.then(|| "--insecure".to_owned()));
        words
    }
}

/// Reads a file, without the line break that editors put at its end.
fn password_in(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let mut bytes = Vec::new();
    // The path may be a pipe, so limit what is read.
    File::open(path)
        .and_then(|file| file.take(PASSWORD_LIMIT as u64 + 3).read_to_end(&mut bytes))
        .map_err(|error| {
            Failure::usage(format!("--password-file: failed to read {shown}: {error}"))
        })?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        return Err(Failure::usage(format!(
            "--password-file: {shown} has no password in it"
        )));
    }
    Ok(bytes)
}
