//! The broker under test: the bundled broker, a broker at a URL, or one that a target file starts.

pub mod bundled;
pub mod canary;
mod capabilities;
mod control;
mod credentials;
pub mod external;
pub mod file;
mod guard;
pub mod hooks;
pub mod host;
pub mod instances;
mod limits;
pub mod log;
pub mod look;
mod main_broker;
mod own;
pub mod own_version;
pub mod probe;
pub mod process;
mod program;
pub mod settings;
mod unpacked;

use std::sync::Arc;

use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;
use thiserror::Error;

use crate::scenario::model::{Capability, Transport, User};
use crate::transcript::Secrets;
use crate::transport::{Endpoint, EndpointError, TlsOptions, shown_url};

pub use capabilities::{Capabilities, Known};
pub use credentials::Credentials;
pub use file::TargetFile;
pub use limits::{NOT_ANNOUNCED, announced};
pub use main_broker::{Exited, MainBroker};
pub use process::Started;

/// A broker to test, and what is known about it.
#[derive(Debug, Clone)]
pub enum Target {
    /// The bundled broker, in virtual time.
    Bundled(bundled::Bundled),
    /// A broker on the network.
    External(Box<External>),
}

/// A broker on the network, and what is known about it before the first connection.
#[derive(Debug, Clone)]
pub struct External {
    /// The name of the target file, or the URL.
    pub name: String,
    /// The display name.
    pub title: String,
    pub url: String,
    pub endpoint: Arc<Endpoint>,
    /// The WebSocket endpoint, if it differs from `endpoint`.
    pub websocket: Option<Arc<Endpoint>>,
    /// The nodes after the first.
    pub others: Vec<Node>,
    /// The nodes of a second broker of the same kind. Cases that need a broker to themselves then play there, at the
    /// same time as the other cases. Empty if there is no second broker.
    pub alone: Vec<Node>,
    /// The hook events of the broker, and below, those of the second one.
    pub hooks: Option<Arc<hooks::Feed>>,
    pub alone_hooks: Option<Arc<hooks::Feed>>,
    /// The log of the broker, and below, that of the second one. `None` if we did not start them.
    pub log: Option<Arc<log::Log>>,
    pub alone_log: Option<Arc<log::Log>>,
    /// Restarts the broker, if we started it.
    pub main: Option<MainBroker>,
    /// Starts instances with their own settings. `None` if we did not start the broker.
    pub instances: Option<Arc<instances::Instances>>,
    /// The credentials for each CONNECT without any in the scenario.
    pub credentials: Option<Credentials>,
    /// Whether we started the broker, so that no other clients use it.
    pub ours: bool,
    /// Versions that the broker speaks. `None`: those that it accepts.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// Capabilities that the broker lacks although its CONNACK does not say so, and why.
    pub lacks: Vec<(Capability, String)>,
    /// The time limit for expectations that name none.
    pub limit: Option<Duration>,
    /// How long the broker may take to show effects after its answer.
    pub settle: Option<Duration>,
    /// How long an acknowledged subscription may take to become effective on all nodes. `None`: no time.
    pub settle_subscriptions: Option<Duration>,
    /// The Keep Alive for connections without one in the scenario, in seconds. `None`: 0 if the broker accepts that.
    pub keep_alive_s: Option<u16>,
    /// How often the broker checks for clients that have been silent for too long, if known.
    pub silence_check: Duration,
    /// User names and passwords that the broker is known to accept.
    pub users: Vec<User>,
}

/// One node of a broker.
#[derive(Debug, Clone)]
pub struct Node {
    pub endpoint: Arc<Endpoint>,
    /// The WebSocket endpoint, if it differs from `endpoint`.
    pub websocket: Option<Arc<Endpoint>>,
}

impl Node {
    /// The endpoint that serves this transport.
    pub fn place(&self, transport: Transport) -> Option<&Arc<Endpoint>> {
        let is_websocket = self.endpoint.scheme().is_websocket();
        match transport {
            Transport::Default => Some(&self.endpoint),
            Transport::Tcp => Some(&self.endpoint).filter(|_| !is_websocket),
            Transport::WebSocket if is_websocket => Some(&self.endpoint),
            Transport::WebSocket => self.websocket.as_ref(),
        }
    }
}

impl External {
    /// The passwords that no output may show.
    pub fn secrets(&self) -> Secrets {
        let ours = self.credentials.iter().filter_map(|credentials| {
            let password = credentials.password.as_ref()?;
            Some((credentials.user.as_str(), &password.expose()[..]))
        });
        let known = self.users.iter();
        let known = known.map(|user| (user.name.as_str(), &user.password.expose()[..]));
        Secrets::of(ours.chain(known))
    }

    /// All nodes, in order.
    pub fn nodes(&self) -> Vec<Node> {
        let first = Node {
            endpoint: Arc::clone(&self.endpoint),
            websocket: self.websocket.clone(),
        };
        std::iter::once(first).chain(self.others.clone()).collect()
    }

    /// A broker at this URL. Nothing else is known about it, and there are no credentials.
    ///
    /// # Errors
    /// Fails if this is not the URL of a broker.
    pub fn at(url: &str) -> Result<Self, EndpointError> {
        Self::reached(url, &Access::default())
    }

    /// A broker at this URL, with these TLS options and credentials.
    ///
    /// # Errors
    /// Fails if this is not the URL of a broker, or if the options do not fit it.
    pub fn reached(url: &str, access: &Access) -> Result<Self, EndpointError> {
        let node = Node {
            endpoint: Arc::new(Endpoint::new(url, &access.tls)?),
            websocket: None,
        };
        Ok(Self::with(url, node, Vec::new(), access))
    }

    /// A broker with these nodes. Nothing else is known about it.
    fn with(url: &str, first: Node, others: Vec<Node>, access: &Access) -> Self {
        let url = shown_url(url);
        Self {
            name: url.clone(),
            title: url.clone(),
            url,
            endpoint: first.endpoint,
            websocket: first.websocket,
            others,
            alone: Vec::new(),
            hooks: None,
            alone_hooks: None,
            log: None,
            alone_log: None,
            main: None,
            instances: None,
            credentials: access.credentials.clone(),
            ours: false,
            versions: None,
            lacks: Vec::new(),
            limit: None,
            settle: None,
            settle_subscriptions: None,
            keep_alive_s: None,
            silence_check: Duration::ZERO,
            users: Vec::new(),
        }
    }
}

/// The user's options for reaching a broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    pub tls: TlsOptions,
    pub credentials: Option<Credentials>,
}

/// Why a run could not start.
#[derive(Debug, Clone, Error)]
pub enum StartError {
    #[error("failed to connect to {url}: {problem}")]
    Unreachable {
        url: String,
        problem: String,
        hint: Option<String>,
    },
    /// A server answers, but not with MQTT.
    #[error("{url} does not speak MQTT: {problem}")]
    NotMqtt {
        url: String,
        problem: String,
        hint: Option<String>,
    },
    /// A broker refuses every connection.
    #[error("{url} refuses every CONNECT: {problem}")]
    Refused {
        url: String,
        problem: String,
        hint: Option<String>,
    },
    /// The server speaks MQTT, but does nothing beyond CONNECT.
    #[error("{url} cannot be tested: {problem}")]
    Lifeless { url: String, problem: String },
    /// The broker of a target file does not start.
    #[error("failed to start {name}: {problem}{}", shown(.log))]
    NotStarted {
        name: String,
        problem: String,
        /// The end of the broker's log.
        log: String,
        hint: Option<String>,
    },
    /// The fault is in our own environment.
    #[error("failed to start the runtime: {problem}")]
    Runtime { problem: String },
}

/// Formats a log to go below a message.
fn shown(log: &str) -> String {
    let lines = log.lines().map(|line| format!("\n  | {line}"));
    lines.collect()
}

impl StartError {
    /// A hint, if there is one.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { hint, .. }
            | Self::NotMqtt { hint, .. }
            | Self::Refused { hint, .. }
            | Self::NotStarted { hint, .. } => hint.as_deref(),
            Self::Lifeless { .. } => {
                Some("use --no-first-look to play the cases anyway; each waits for its answers")
            }
            Self::Runtime { .. } => None,
        }
    }
}
