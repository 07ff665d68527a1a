//! The bundled broker as a target. Translates settings to its configuration, and its events to the common vocabulary.

use std::io;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_broker::core::RedirectWhen;
use mqtt_check_broker::shell::{Randomness, Restart, Server};
use mqtt_check_broker::{
    Conduct, Config, Control, Fault, Faults, Liberties, Liberty, NodeEvent, NodeId, liberty,
};
use mqtt_check_codec::{Clause, Properties, Property, QoS};
use tokio::time::timeout;

use super::Capabilities;
use super::host::Hook;
use crate::requirements::standard;
use crate::scenario::model::{BrokerAction, Capability, NodeAction, Route, Settings, Transport};
use crate::transport::{ConnectError, Offer, Opened, Stream, check, try_upgrade};

/// Odd, so that it takes long for a seed to repeat.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The bundled broker, perhaps with deliberate faults or permitted variations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundled {
    conduct: Conduct,
}

/// The faults and permitted variations that a [watched](Bundled::watched) broker asked about. No other one would have
/// changed its behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consulted {
    faults: Faults,
    liberties: Liberties,
}

impl Consulted {
    /// Returns what watched brokers have asked about on this thread since the last call.
    pub fn take() -> Self {
        Self {
            faults: Faults::take_consulted(),
            liberties: Liberties::take_consulted(),
        }
    }

    /// Whether the broker asked about the fault or permitted variation of this name.
    pub fn has(&self, name: &str) -> bool {
        Fault::from_name(name).is_some_and(|fault| self.faults.has(fault))
            || Liberty::from_name(name).is_some_and(|liberty| self.liberties.has(liberty))
    }
}

/// A deliberate fault, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultInfo {
    pub name: &'static str,
    /// Version and id of each clause that the fault breaks.
    pub clauses: Vec<(String, String)>,
    pub summary: &'static str,
    /// The bug reports in which a real broker was seen to do this, such as `mosquitto#2342`.
    pub threads: &'static [&'static str],
    /// The capability that a case needs to exercise the fault at all.
    pub needs: Option<Capability>,
}

impl FaultInfo {
    /// Whether the fault breaks this rule of another standard.
    pub fn breaks(&self, rule: &str) -> bool {
        self.clauses.iter().any(|(_, id)| id == rule)
    }

    /// The rules of other standards that the fault breaks, without duplicates.
    pub fn rules(&self) -> Vec<&str> {
        let ids = self.clauses.iter().map(|(_, id)| id.as_str());
        let mut rules: Vec<&str> = ids.filter(|id| standard::is_rule(id)).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// Every deliberate fault that the bundled broker knows.
pub fn faults() -> Vec<FaultInfo> {
    Fault::ALL
        .iter()
        .map(|fault| FaultInfo {
            name: fault.name(),
            clauses: fault
                .clauses()
                .iter()
                .map(|clause| (clause.version.to_string(), clause.id.to_owned()))
                .collect(),
            summary: fault.summary(),
            threads: fault.threads(),
            // Section 6 and RFC 6455 are about WebSocket alone.
            needs: fault
                .clauses()
                .iter()
                .any(|clause| {
                    clause.id.starts_with("MQTT-6.") || clause.id.starts_with("RFC 6455,")
                })
                .then_some(Capability::WebSocket),
        })
        .collect()
}

/// A permitted variation, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibertyInfo {
    pub name: &'static str,
    /// Version and id of the clauses that permit it.
    pub clauses: Vec<(String, String)>,
    /// Version and number of the sections that permit it.
    pub sections: Vec<(String, &'static str)>,
    /// Version and id of the advice that it does not follow.
    pub against: Vec<(String, String)>,
    pub summary: &'static str,
}

/// Every permitted variation that the bundled broker knows.
pub fn liberties() -> Vec<LibertyInfo> {
    let ids = |clauses: &[Clause]| -> Vec<(String, String)> {
        clauses
            .iter()
            .filter(|clause| liberty::section(**clause).is_none())
            .map(|clause| (clause.version.to_string(), clause.id.to_owned()))
            .collect()
    };
    Liberty::ALL
        .iter()
        .map(|liberty| LibertyInfo {
            name: liberty.name(),
            clauses: ids(liberty.clauses()),
            sections: liberty
                .clauses()
                .iter()
                .filter_map(|clause| {
                    let number = liberty::section(*clause)?;
                    Some((clause.version.to_string(), number))
                })
                .collect(),
            against: ids(liberty.against()),
            summary: liberty.summary(),
        })
        .collect()
}

impl Bundled {
    /// Returns the broker with these faults.
    ///
    /// # Errors
    /// Returns the first name that is not a fault.
    pub fn with<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        let faults = names
            .into_iter()
            .map(|name| Fault::from_name(name).ok_or_else(|| name.to_owned()))
            .collect::<Result<Faults, String>>()?;
        Ok(Self {
            conduct: faults.into(),
        })
    }

    /// Returns a broker without faults that records which faults and permitted variations it asks about.
    pub const fn watched() -> Self {
        Self {
            conduct: Conduct {
                faults: Faults::watched(),
                liberties: Liberties::watched(),
            },
        }
    }

    /// Whether its permitted variations change the configuration or the capabilities, before any packet is sent.
    pub fn begins_otherwise(&self) -> bool {
        let usual = Self::default();
        self.conduct.liberties.config() != usual.conduct.liberties.config()
            || self.capabilities() != usual.capabilities()
    }

    /// Returns the same broker with exactly these permitted variations.
    ///
    /// # Errors
    /// Returns the first name that is not a permitted variation.
    pub fn taking<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        self.conduct.liberties = names
            .into_iter()
            .map(|name| Liberty::from_name(name).ok_or_else(|| name.to_owned()))
            .collect::<Result<Liberties, String>>()?;
        Ok(self)
    }

    /// How the broker departs from its normal behaviour.
    pub(crate) const fn conduct(&self) -> Conduct {
        self.conduct
    }

    /// Returns how long after it has accepted a message the broker forwards it to a connected client, at most.
    pub fn forwarding_delay(&self) -> Duration {
        self.conduct.liberties.forwarding_delay()
    }

    /// What the broker offers if a scenario configures nothing.
    pub fn capabilities(&self) -> Capabilities {
        let config = self.conduct.liberties.config();
        let mut announced = Properties::new();
        if config.maximum_qos < QoS::ExactlyOnce {
            announced.push(Property::MaximumQoS(config.maximum_qos.as_u8()));
        }
        announced.0.extend([
            Property::RetainAvailable(config.retain_available.into()),
            Property::WildcardSubscriptionAvailable(config.wildcard_subscription_available.into()),
            Property::SubscriptionIdentifierAvailable(
                config.subscription_identifier_available.into(),
            ),
            Property::SharedSubscriptionAvailable(config.shared_subscription_available.into()),
            Property::TopicAliasMaximum(config.topic_alias_maximum),
        ]);
        let mut offered = Capabilities::bundled().announced(&announced);
        let lacks = self.conduct.liberties.in_force();
        offered.lacks.extend(lacks.filter_map(|liberty| {
            let why = format!(
                "the bundled broker has the permitted variation {}",
                liberty.name()
            );
            Some((lacking(liberty)?, why))
        }));
        offered
    }
}

/// The capability that a broker with this permitted variation lacks, beyond what CONNACK announces.
const fn lacking(liberty: Liberty) -> Option<Capability> {
    Some(match liberty {
        Liberty::EmptyClientIdRefused => Capability::EmptyClientId,
        Liberty::ClientIdAlphabetEnforced => Capability::LongClientId,
        Liberty::NoSessionExpiry => Capability::PersistentSessions,
        _ => return None,
    })
}

/// The broker of a single play.
#[derive(Debug)]
pub struct Host {
    server: Server,
    /// The seed for what must differ between WebSocket connections.
    seed: u64,
}

impl Host {
    /// Starts a broker in the current runtime. All its randomness comes from `seed`.
    pub fn start(settings: &Settings, bundled: &Bundled, seed: u64) -> Self {
        let config = config(settings, bundled.conduct);
        let server = Server::new(config, bundled.conduct, Randomness::Seed(seed));
        server.record_hooks();
        Self { server, seed }
    }

    /// Opens a transport in memory, with WebSocket on top if `route` asks for it.
    pub(super) async fn connect(
        &mut self,
        route: Route,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        let node = node_id(route.node).map_err(io::Error::other)?;
        if route.transport != Transport::WebSocket {
            return Ok(Opened::plain(Stream::Memory(self.server.connect_to(node)?)));
        }
        let stream = Stream::Memory(self.server.connect_websocket_to(node)?);
        let mut offer = Offer::of_mqtt("memory".to_owned(), "/".to_owned());
        if let Some(offers) = offers {
            offer.subprotocols = offers.to_vec();
        }
        self.seed = self.seed.wrapping_add(SEED_STEP);
        let opened = match timeout(limit, try_upgrade(stream, &offer, self.seed)).await {
            Err(_) => return Err(ConnectError::too_late()),
            Ok(Err((error, _))) => return Err(io::Error::other(error).into()),
            Ok(Ok(opened)) => opened,
        };
        if offers.is_none() {
            let closed = || io::Error::from(io::ErrorKind::ConnectionReset);
            let answer = opened.answer.as_ref().ok_or_else(closed)?;
            check(answer, &offer.path)?;
        }
        Ok(opened)
    }

    pub(super) fn control(&self, action: &BrokerAction, client: &str) -> Result<(), String> {
        match (control(action, client.into())?, action) {
            (Some(control), _) => self.server.control(control),
            (None, BrokerAction::Kill) => self.server.restart(Restart::Crash),
            (None, BrokerAction::Node { node, .. }) => self.server.restart_node(node_id(*node)?),
            (None, _) => self.server.restart(Restart::Orderly),
        }
        Ok(())
    }

    pub(super) fn discard_hooks(&self) {
        drop(self.server.take_hooks());
    }

    pub(super) fn hooks(&self) -> Vec<Hook> {
        self.server
            .take_hooks()
            .into_iter()
            .map(|(at, event)| Hook {
                at: Some(at),
                name: event.name().to_owned(),
                fields: event
                    .fields()
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.into_text()))
                    .collect(),
            })
            .collect()
    }
}

/// The broker's configuration for these settings.
pub(crate) fn config(settings: &Settings, conduct: Conduct) -> Config {
    settings.over(conduct.liberties.config())
}

/// The broker's own number of a node.
fn node_id(node: usize) -> Result<NodeId, String> {
    let number = u8::try_from(node).map_err(|_| "the bundled broker has no such node")?;
    Ok(NodeId(number))
}

/// Translates an administrator's action to the broker's own type. A restart is handled by the server, not here.
fn control(action: &BrokerAction, client: ByteString) -> Result<Option<Control>, String> {
    Ok(match action {
        BrokerAction::Kick { reason, .. } => Some(Control::Kick {
            client,
            reason: *reason,
        }),
        BrokerAction::Redirect {
            reason,
            server_reference,
            at_connect,
            ..
        } => Some(Control::Redirect {
            client,
            when: if *at_connect {
                RedirectWhen::AtConnect
            } else {
                RedirectWhen::Now
            },
            reason: *reason,
            server_reference: server_reference.clone().map(ByteString::from),
        }),
        BrokerAction::Stop => Some(Control::Stop),
        BrokerAction::Node { node, what } => {
            let event = match what {
                NodeAction::Kill => NodeEvent::Killed,
                NodeAction::Stop => NodeEvent::Stopped,
                NodeAction::Pause => NodeEvent::Paused,
                NodeAction::Continue => NodeEvent::Continued,
                NodeAction::Restart => return Ok(None),
            };
            let node = node_id(*node)?;
            Some(Control::Node { node, event })
        }
        BrokerAction::Restart | BrokerAction::Kill => None,
    })
}

#[cfg(test)]
mod tests;
