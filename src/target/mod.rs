//! What is tested: the bundled broker, a broker at a URL, or one that a target file starts.

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
    /// A broker that a URL reaches.
    External(Box<External>),
}

/// A broker that is reached over the network, and what is known about it beforehand.
#[derive(Debug, Clone)]
pub struct External {
    /// The name of its target file, or its URL.
    pub name: String,
    /// As people call it.
    pub title: String,
    pub url: String,
    pub endpoint: Arc<Endpoint>,
    /// Where it serves WebSocket, if that is another place.
    pub websocket: Option<Arc<Endpoint>>,
    /// Its nodes after the first.
    pub others: Vec<Node>,
    /// The nodes of another one of its kind, for cases that need a broker for themselves: they then play beside the
    /// others, not after them. None if there is no other.
    pub alone: Vec<Node>,
    /// What it tells of itself, and what the other one does.
    pub hooks: Option<Arc<hooks::Feed>>,
    pub alone_hooks: Option<Arc<hooks::Feed>>,
    /// What it writes, and what the other one does, where we started them.
    pub log: Option<Arc<log::Log>>,
    pub alone_log: Option<Arc<log::Log>>,
    /// A hand on it, where we started it.
    pub main: Option<MainBroker>,
    /// What starts others of its kind, with settings of their own; `None` where we did not start it.
    pub instances: Option<Arc<instances::Instances>>,
    /// For every CONNECT whose scenario says nothing of it.
    pub credentials: Option<Credentials>,
    /// Whether we started it, so that nobody else is there.
    pub ours: bool,
    /// Versions that it speaks; `None`: those that it accepts.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// What it cannot do though its CONNACK does not say so, and why.
    pub lacks: Vec<(Capability, String)>,
    /// How long an expectation waits that names no limit.
    pub limit: Option<Duration>,
    /// How long it may take to show that it does more than it answered.
    pub settle: Option<Duration>,
    /// How long a subscription that was acknowledged may take to hold everywhere; `None`: it does at once.
    pub settle_subscriptions: Option<Duration>,
    /// The Keep Alive of connections whose scenario names none, in seconds; `None`: 0 if it takes that.
    pub keep_alive_s: Option<u16>,
    /// How often it looks for clients that have been silent for too long, where that is known.
    pub silence_check: Duration,
    /// Names and passwords that it is known to know.
    pub users: Vec<User>,
}

/// One node of a broker.
#[derive(Debug, Clone)]
pub struct Node {
    pub endpoint: Arc<Endpoint>,
    /// Where it serves WebSocket, if that is another place.
    pub websocket: Option<Arc<Endpoint>>,
}

impl Node {
    /// The place that this transport is to be had at.
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
    /// The passwords that nothing may show.
    pub fn secrets(&self) -> Secrets {
        let ours = self.credentials.iter().filter_map(|credentials| {
            let password = credentials.password.as_ref()?;
            Some((credentials.user.as_str(), &password.expose()[..]))
        });
        let known = self.users.iter();
        let known = known.map(|user| (user.name.as_str(), &user.password.expose()[..]));
        Secrets::of(ours.chain(known))
    }

    /// Every node, the first first.
    pub fn nodes(&self) -> Vec<Node> {
        let first = Node {
            endpoint: Arc::clone(&self.endpoint),
            websocket: self.websocket.clone(),
        };
        std::iter::once(first).chain(self.others.clone()).collect()
    }

    /// The broker at this URL, of which nothing else is known, and to whom we are nobody in particular.
    ///
    /// # Errors
    /// When it is no URL that a broker can be reached by.
    pub fn at(url: &str) -> Result<Self, EndpointError> {
        Self::reached(url, &Access::default())
    }

    /// The broker at this URL, reached in this way.
    ///
    /// # Errors
    /// When it is no URL that a broker can be reached by, or the options cannot be used with it.
    pub fn reached(url: &str, access: &Access) -> Result<Self, EndpointError> {
        let node = Node {
            endpoint: Arc::new(Endpoint::new(url, &access.tls)?),
            websocket: None,
        };
        Ok(Self::with(url, node, Vec::new(), access))
    }

    /// The broker of these nodes, of which nothing else is known.
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

/// What a user says of the way to a broker.
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
    /// Something answers there, but it does not speak MQTT.
    #[error("{url} does not speak MQTT: {problem}")]
    NotMqtt {
        url: String,
        problem: String,
        hint: Option<String>,
    },
    /// A broker that does not let us in.
    #[error("{url} refuses every CONNECT: {problem}")]
    Refused {
        url: String,
        problem: String,
        hint: Option<String>,
    },
    /// It speaks MQTT, and does nothing beyond CONNECT.
    #[error("{url} cannot be tested: {problem}")]
    Lifeless { url: String, problem: String },
    /// The broker of a target file does not start.
    #[error("failed to start {name}: {problem}{}", shown(.log))]
    NotStarted {
        name: String,
        problem: String,
        /// The end of what it wrote.
        log: String,
        hint: Option<String>,
    },
    /// Our own surroundings are at fault.
    #[error("failed to start the runtime: {problem}")]
    Runtime { problem: String },
}

/// A log below a message.
fn shown(log: &str) -> String {
    let lines = log.lines().map(|line| format!("\n  | {line}"));
    lines.collect()
}

impl StartError {
    /// What helps, if something is known to.
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
