//! A broker as a single play sees it: where to connect, what an administrator can do, which events it reports.

use std::time::Duration;

use mqtt_check_codec::{Packet, ProtocolVersion};
use tokio::time::Instant;

use super::{Credentials, bundled, external};
use crate::scenario::model::{BrokerAction, Route, Transport};
use crate::transcript::HookSource;
use crate::transport::{ConnectError, Opened};

/// A broker as a single play sees it.
#[derive(Debug)]
pub enum Host {
    Bundled(bundled::Host),
    External(external::Host),
}

/// One event of the broker, as its source reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub at: Option<Instant>,
    pub name: String,
    pub fields: Vec<(String, String)>,
}

impl Host {
    /// Whether the broker runs in virtual time.
    pub fn is_virtual(&self) -> bool {
        match self {
            Self::Bundled(_) => true,
            Self::External(_) => false,
        }
    }

    /// Which events the broker reports.
    pub fn hook_source(&self) -> HookSource {
        match self {
            Self::Bundled(_) => HookSource::All,
            Self::External(host) => host.hook_source(),
        }
    }

    /// Opens a transport. With `offers`, which only a WebSocket has, offers these subprotocols and accepts any answer.
    /// Without them, the answer must allow MQTT to begin.
    ///
    /// # Errors
    /// Fails if the broker cannot be reached within `limit`.
    pub async fn connect(
        &mut self,
        route: Route,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        match self {
            Self::Bundled(host) => host.connect(route, offers, limit).await,
            Self::External(host) => host.connect(route, offers, limit).await,
        }
    }

    /// The nodes with this transport, if clients whose scenario names no node are placed on all nodes in turn.
    pub fn spread_over(&self, transport: Transport) -> Vec<usize> {
        match self {
            Self::Bundled(_) => Vec::new(),
            Self::External(host) => host.spread_over(transport),
        }
    }

    /// The credentials of the client with this Client Identifier, if the scenario gives none.
    pub fn credentials(&self, client_id: &str) -> Option<&Credentials> {
        match self {
            Self::Bundled(_) => None,
            Self::External(host) => host.credentials(client_id),
        }
    }

    /// Performs an administrator's action. `client` is the Client Identifier concerned, as the broker knows it.
    ///
    /// # Errors
    /// Fails if we cannot perform this action on the broker.
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

    /// Returns the events since the last call. `assigned` tells whether the broker assigned a Client Identifier in this
    /// play.
    pub fn hooks(&mut self, assigned: &dyn Fn(&str) -> bool) -> Vec<Hook> {
        match self {
            Self::Bundled(host) => host.hooks(),
            Self::External(host) => host.hooks(assigned),
        }
    }

    /// Discards the events since the last call of [`Self::hooks`]. `assigned` is the same as there.
    pub fn discard_hooks(&mut self, assigned: &dyn Fn(&str) -> bool) {
        match self {
            Self::Bundled(host) => host.discard_hooks(),
            Self::External(host) => drop(host.hooks(assigned)),
        }
    }

    /// How long the broker may take to report what has happened.
    pub fn hooks_settle(&self) -> Duration {
        match self {
            Self::Bundled(_) => Duration::ZERO,
            Self::External(host) => host.hooks_settle(),
        }
    }

    /// Removes what the play left on a broker that outlives it. `delay` is the round-trip time.
    pub async fn clean_up(&self, cleaner_id: &str, delay: Duration) -> Vec<String> {
        match self {
            Self::Bundled(_) => Vec::new(),
            Self::External(host) => host.clean_up(cleaner_id, delay).await,
        }
    }

    /// Records what must be removed after the play.
    pub fn note_sent(&mut self, packet: &Packet, version: ProtocolVersion, node: usize) {
        match self {
            Self::Bundled(_) => {}
            Self::External(host) => host.note_sent(packet, version, node),
        }
    }
}
