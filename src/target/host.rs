//! A broker as one play sees it: where to connect, what an administrator can do, which events it reports.

use std::time::Duration;

use mqtt_check_codec::{Packet, ProtocolVersion};
use tokio::time::Instant;

use super::{Credentials, bundled, external};
use crate::scenario::model::{BrokerAction, Way};
use crate::transcript::HookSource;
use crate::transport::{ConnectError, Opened};

/// A broker as one play sees it.
#[derive(Debug)]
pub enum Host {
    Bundled(bundled::Host),
    External(external::Host),
}

/// One event of the broker, as its source tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub at: Option<Instant>,
    pub name: String,
    pub fields: Vec<(String, String)>,
}

impl Host {
    /// Whether its time is virtual.
    pub fn is_virtual(&self) -> bool {
        match self {
            Self::Bundled(_) => true,
            Self::External(_) => false,
        }
    }

    /// Which events it shows.
    pub fn hook_source(&self) -> HookSource {
        match self {
            Self::Bundled(_) => HookSource::All,
            Self::External(host) => host.hook_source(),
        }
    }

    /// Connects a transport. With `offers`, which only a WebSocket has, these subprotocols are offered and whatever is
    /// answered is told; without them the answer must be that MQTT may begin.
    ///
    /// # Errors
    /// When the broker cannot be reached within this span.
    pub async fn connect(
        &mut self,
        way: Way,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        match self {
            Self::Bundled(host) => host.connect(way, offers, limit).await,
            Self::External(host) => host.connect(way, offers, limit).await,
        }
    }

    /// Who the client with this Client Identifier is to it, where a scenario does not say.
    pub fn credentials(&self, client_id: &str) -> Option<&Credentials> {
        match self {
            Self::Bundled(_) => None,
            Self::External(host) => host.credentials(client_id),
        }
    }

    /// Has an administrator's action done. `client` is the id that it is about, as the broker knows it.
    ///
    /// # Errors
    /// When the broker does not do such a thing for us.
    pub async fn control(
        &mut self,
        action: &BrokerAction,
        client: Option<&str>,
    ) -> Result<(), String> {
        match self {
            Self::Bundled(host) => host.control(action, client.unwrap_or_default()),
            Self::External(host) => host.control(action, client).await,
        }
    }

    /// What it has told since it was last asked. `assigned` says which Client Identifiers it has given in this play.
    pub fn hooks(&mut self, assigned: &dyn Fn(&str) -> bool) -> Vec<Hook> {
        match self {
            Self::Bundled(host) => host.hooks(),
            Self::External(host) => host.hooks(assigned),
        }
    }

    /// How long it may take to tell what has happened.
    pub fn hooks_settle(&self) -> Duration {
        match self {
            Self::Bundled(_) => Duration::ZERO,
            Self::External(host) => host.hooks_settle(),
        }
    }

    /// Clears away what the play left on a broker that is not ours, on a path with this delay.
    pub async fn clean_up(&self, cleaner_id: &str, delay: Duration) -> Vec<String> {
        match self {
            Self::Bundled(_) => Vec::new(),
            Self::External(host) => host.clean_up(cleaner_id, delay).await,
        }
    }

    /// Remembers what must be cleared away afterwards.
    pub fn note_sent(&mut self, packet: &Packet, version: ProtocolVersion, node: usize) {
        match self {
            Self::Bundled(_) => {}
            Self::External(host) => host.note_sent(packet, version, node),
        }
    }
}
