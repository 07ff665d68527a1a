//! CONNECT that is accepted: which session it gets, and by what limits the two ends go on.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Auth, ConnAck, Connect, Packet, PacketId, Properties, Property, ProtocolVersion, ReasonCode,
};

use super::Broker;
use super::admission::Refusal;
use super::deliver::delivery::{greet, resume};
use super::deliver::outgoing::takes;
use super::deliver::retained::send_retained_again;
use super::ending::session::forget_subscriptions;
use super::ending::takeover::{reopen, take_over};
use super::input::ConnectionId;
use super::rules::A_MOMENT;
use super::state::authentication::Authentication;
use super::state::connection::Phase;
use super::state::link::{Link, OutboundAliases};
use super::state::queue::Queue;
use super::state::redirect::Redirect;
use super::state::session::{Expiry, Received, Session};
use super::state::session_key::SessionKey;
use super::state::subscription::Granted;
use super::state::timer::Timer;
use super::state::will::Will;
use super::turn::Turn;
use crate::{Fault, HookEvent, Liberty};

/// How often the fault that sends again does so.
const RESEND_EVERY: Duration = Duration::from_secs(5);
/// When the fault that ends sessions of connected clients does so where there is no expiry to go by.
const ENDS_WHILE_CONNECTED: Duration = Duration::from_secs(2);

/// Parts of an old session that faults put into a new one.
#[derive(Debug, Default)]
struct Salvage {
    subscriptions: BTreeMap<ByteString, Granted>,
    queue: Queue,
    received: BTreeMap<PacketId, Received>,
}

/// The shortest Session Expiry Interval of a broker that thinks less of shorter ones.
const LENGTHENED_S: u32 = 600;

impl Broker {
    /// The first packet of a connection is a CONNECT.
    pub(crate) fn connect_received(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        nonce: u64,
        connect: Connect,
    ) {
        self.state.timers.cancel(Timer::Connect(connection));
        if let Err(reason) = self.may_begin(turn.now, &connect) {
            let refusal = Refusal::from(reason).to(&connect);
            self.refuse_connect(turn, connection, connect.version, refusal);
            return;
        }
        let link = self.link(turn, connection, nonce, &connect);
        if link.authentication.is_some() {
            self.begin_authentication(turn, nonce, connect, link);
            return;
        }
        if self.state.rules.breaks(Fault::AuthUnasked) && connect.version == ProtocolVersion::V5 {
            turn.send(connection, unasked());
        }
        self.welcome(turn, nonce, connect, link, None);
    }

    /// Lets in whoever has nothing against it. `proof` is what a client is told that had to prove who it is.
    pub(crate) fn welcome(
        &mut self,
        turn: &mut Turn<'_>,
        nonce: u64,
        mut connect: Connect,
        mut link: Link,
        proof: Option<Bytes>,
    ) {
        let connection = link.connection;
        let proven = link.authentication.is_some();
        let assigned = match self.admit(&mut connect, nonce, proven) {
            Ok(assigned) => assigned,
            Err(refusal) => {
                let refusal = refusal.to(&connect);
                self.refuse_connect(turn, connection, connect.version, refusal);
                return;
            }
        };
        let expiry = self.expiry(&connect);
        let mut connack = ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: match connect.version {
                ProtocolVersion::V5 => self.connack_properties(&connect, expiry, assigned),
                _ => Properties::new(),
            },
        };
        if let Some(authentication) = &link.authentication {
            // [5 MQTT-4.12.0-5]
            if !self.state.rules.breaks(Fault::ConnackWithoutAuthMethod) {
                let method = authentication.method.clone();
                let method = Property::AuthenticationMethod(method);
                connack.properties.push(method);
            }
            let data = proof.map(Property::AuthenticationData);
            connack.properties.0.extend(data);
        }
        if !takes(&link, &self.state.rules, Packet::ConnAck(connack.clone())) {
            // [5 MQTT-3.1.2-24]: there is no CONNACK that this client would take, so there is no connection.
            self.state.connections.remove(&connection);
            turn.close(connection);
            return;
        }
        let (key, resumed) = self.claim_session(turn, &connect);
        connack.session_present = self.session_present(&connect, resumed);
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        session.expiry = expiry;
        session.user = connect.username.clone();
        // [3.1.1 MQTT-4.1.0-2] [5 MQTT-4.1.0-1]: while it is connected, nothing ends it.
        session.closed_at = None;
        // [3.1.1 MQTT-3.1.2-12]: of this connection, and of no other.
        let will = connect.will.take().map(Will::new);
        if will.is_some() || !self.state.rules.breaks(Fault::WillOfEarlierConnection) {
            session.will = will.filter(|_| !self.state.rules.breaks(Fault::WillNotStored));
        }
        if let Some(silence) = link.silence {
            self.state
                .timers
                .set(Timer::KeepAlive(key), turn.now.saturating_add(silence));
        }
        let event = HookEvent::ClientConnected {
            client: session.client.clone(),
            connack: connack.reason,
            username: connect.username.clone(),
            session_present: connack.session_present,
        };
        self.state
            .connections
            .insert(connection, Phase::Connected(key));
        if self.state.rules.breaks(Fault::AliasesOutliveConnection) {
            link.aliases_in = std::mem::take(&mut session.old_aliases);
        }
        session.link = Some(link);
        if self.state.rules.breaks(Fault::ConnackAfterMessages) {
            resume(session, &self.state.rules, turn);
        }
        // [3.1.1 MQTT-3.2.0-1] [3.1.1 MQTT-3.1.4-4] [5 MQTT-3.2.0-1] [5 MQTT-3.1.4-5]
        greet(session, &self.state.rules, turn, connack);
        turn.hook(event);
        if !self.state.rules.breaks(Fault::ConnackAfterMessages) {
            resume(session, &self.state.rules, turn);
        }
        if resumed && self.state.rules.breaks(Fault::RetainedSentOnResume) {
            send_retained_again(
                &self.state.rules,
                &mut self.state.sessions,
                &mut self.state.topics.retained,
                turn,
                key,
            );
        }
        self.misuse_timers(turn, key, expiry);
    }

    /// Arms what faults need.
    fn misuse_timers(&mut self, turn: &Turn<'_>, key: SessionKey, expiry: Expiry) {
        // [3.1.1 MQTT-4.4.0-1] says when it must be sent again, not when it must not.
        let resends = self.state.rules.chooses(Liberty::ResendsWhileConnectedIn3)
            && self.state.sessions.version(key) != Some(ProtocolVersion::V5);
        if resends || self.state.rules.breaks(Fault::ResendWhileConnected) {
            self.state
                .timers
                .set(Timer::Resend(key), turn.now + RESEND_EVERY);
        }
        let span = match expiry {
            Expiry::After(span) => Some(span),
            Expiry::AtClose if self.state.sessions.version(key) != Some(ProtocolVersion::V5) => {
                Some(ENDS_WHILE_CONNECTED)
            }
            _ => None,
        };
        if let Some(span) =
            span.filter(|_| self.state.rules.breaks(Fault::SessionEndsWhileConnected))
        {
            self.state
                .timers
                .set(Timer::SessionExpiry(key), turn.now.saturating_add(span));
        }
    }

    /// The session of this client: the one that there was, or a new one. [3.1.1 MQTT-3.1.4-3]
    /// [5 MQTT-3.1.4-4]
    fn claim_session(&mut self, turn: &mut Turn<'_>, connect: &Connect) -> (SessionKey, bool) {
        let mut left = None;
        if let Some(key) = self.state.sessions.key(&connect.client_id) {
            if connect.clean_start {
                left = self.salvage(key);
            }
            let survives = if self
                .state
                .sessions
                .at(key)
                .is_some_and(|s| s.link.is_some())
            {
                if self.state.rules.breaks(Fault::IdRefusedAfterTakeover) {
                    let refusal = Redirect {
                        reason: ReasonCode::SERVER_UNAVAILABLE,
                        server_reference: None,
                    };
                    self.redirects.insert(connect.client_id.clone(), refusal);
                }
                take_over(&mut self.state, turn, key, connect.clean_start)
            } else {
                reopen(&mut self.state, turn, key, connect.clean_start)
            };
            if survives {
                if self.state.rules.breaks(Fault::SubscriptionsLostOnResume) {
                    forget_subscriptions(&mut self.state, key);
                }
                // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
                turn.hook(HookEvent::SessionResumed {
                    client: connect.client_id.clone(),
                });
                return (key, true);
            }
        }
        // [3.1.1 MQTT-3.1.2-6] [5 MQTT-3.1.2-4] [5 MQTT-3.1.2-6]. The id is copied, since the client's packet
        // need not live as long as the session.
        let client = ByteString::from(&*connect.client_id);
        turn.hook(HookEvent::SessionCreated {
            client: client.clone(),
        });
        let key = self.state.sessions.insert(Session::new(client));
        if let Some(left) = left {
            for (whole, granted) in &left.subscriptions {
                let filter = granted.filter(whole);
                self.state
                    .topics
                    .subscriptions
                    .insert(whole, filter, key, *granted);
            }
            if let Some(session) = self.state.sessions.at_mut(key) {
                session.subscriptions = left.subscriptions;
                session.queue = left.queue;
                session.received = left.received;
            }
        }
        (key, false)
    }

    /// What faults save of a session that must not be used again.
    fn salvage(&self, key: SessionKey) -> Option<Salvage> {
        let session = self.state.sessions.at(key)?;
        let mut left = Salvage::default();
        if self.state.rules.breaks(Fault::CleanStartKeepsSubscriptions) {
            left.subscriptions = session.subscriptions.clone();
        } else if self.state.rules.breaks(Fault::CleanStartKeepsQueue) {
            left.queue = session.queue.clone();
        } else if self.state.rules.breaks(Fault::CleanStartKeepsReceived) {
            left.received = session.received.clone();
        }
        Some(left)
    }

    /// Of a fault: what is unacknowledged is sent again on the same connection.
    pub(crate) fn resend_again(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        if let Some(session) = self.state.sessions.at_mut(key)
            && session.link.is_some()
        {
            resume(session, &self.state.rules, turn);
            self.state
                .timers
                .set(Timer::Resend(key), turn.now + RESEND_EVERY);
        }
    }

    /// How long the session outlives this connection.
    fn expiry(&self, connect: &Connect) -> Expiry {
        let config = &self.state.rules.config;
        match connect.version {
            ProtocolVersion::V5 => {
                let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
                // [5 section 3.2.2.3.2]: it may be another, and CONNACK says so.
                let lengthened =
                    asked > 0 && self.state.rules.chooses(Liberty::SessionExpiryLengthened);
                Expiry::granted(
                    config,
                    match lengthened {
                        true => asked.max(LENGTHENED_S),
                        false => asked,
                    },
                )
            }
            // [3.1.1 MQTT-3.1.2-6]
            _ if connect.clean_start => Expiry::AtClose,
            _ => match config.persistent_session_expiry {
                Some(expiry) => Expiry::After(expiry),
                None => Expiry::Never,
            },
        }
    }

    /// How long a client may be silent for each second of its Keep Alive, in milliseconds.
    fn silence_ms(&self) -> u64 {
        if self.state.rules.breaks(Fault::KeepAliveTooEager) {
            1_000
        } else if self.state.rules.breaks(Fault::KeepAliveTripled) {
            4_500
        } else {
            1_500
        }
    }

    /// How long a client with this Keep Alive may be silent; `None` for ever.
    pub(crate) fn silence(&self, keep_alive_s: u16) -> Option<Duration> {
        let late = match self.state.rules.chooses(Liberty::SilenceNoticedLate) {
            true => A_MOMENT,
            false => Duration::ZERO,
        };
        let silence = Duration::from_millis(u64::from(keep_alive_s) * self.silence_ms());
        (keep_alive_s > 0).then_some(silence + late)
    }

    /// How many Topic Aliases are used towards a client that allows so many.
    fn alias_maximum(&self, allowed: u16) -> u16 {
        match allowed {
            0 if self.state.rules.breaks(Fault::ServerAliasUnasked) => 1,
            1.. if self.state.rules.breaks(Fault::ServerAliasAboveMaximum) => {
                allowed.saturating_add(1)
            }
            _ if self.state.rules.chooses(Liberty::TopicAliasesUnused) => 0,
            1.. if self.state.rules.chooses(Liberty::TopicAliasesReused) => 1,
            _ => allowed,
        }
    }

    fn link(
        &self,
        turn: &Turn<'_>,
        connection: ConnectionId,
        nonce: u64,
        connect: &Connect,
    ) -> Link {
        let config = &self.state.rules.config;
        let v5 = connect.version == ProtocolVersion::V5;
        let properties = &connect.properties;
        // [5 MQTT-3.2.2-22]
        let keep_alive_s = match config.server_keep_alive_s {
            Some(keep_alive_s) if v5 => keep_alive_s,
            _ => connect.keep_alive_s,
        };
        // [5 MQTT-4.9.0-1]
        let receive_maximum = properties.receive_maximum().unwrap_or(u16::MAX);
        Link {
            connection,
            version: connect.version,
            silence: self.silence(keep_alive_s),
            last_received: turn.now,
            send_limit: match self.state.rules.breaks(Fault::SendQuotaIgnored) {
                true => usize::MAX,
                false => usize::from(receive_maximum.min(config.maximum_inflight).max(1)),
            },
            congested: false,
            unreleased: 0,
            maximum_packet_size: properties.maximum_packet_size(),
            aliases_in: Default::default(),
            aliases_out: OutboundAliases::up_to(
                self.alias_maximum(properties.topic_alias_maximum().unwrap_or(0)),
                self.state.rules.chooses(Liberty::TopicAliasesReused),
            ),
            problem_information: properties.request_problem_information() != Some(0),
            connect_expiry_s: properties.session_expiry_interval_s().unwrap_or(0),
            authentication: Authentication::of(connect, config, nonce).map(Box::new),
        }
    }
}

/// The AUTH that a fault sends to a client that gave no method.
fn unasked() -> Packet {
    let method = ByteString::from_static("unasked");
    let reason = ReasonCode::CONTINUE_AUTHENTICATION;
    let properties = [Property::AuthenticationMethod(method)]
        .into_iter()
        .collect();
    Packet::Auth(Auth { reason, properties })
}
