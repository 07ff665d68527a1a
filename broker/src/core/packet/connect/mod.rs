//! CONNECT: refuses, authenticates or accepts a client.

mod admission;
mod connack;
mod limits;
pub(crate) mod misuse;
pub(crate) mod refusal;
mod session;
pub(crate) mod timers;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Auth, ConnAck, Connect, Packet, Property, PropertyId, ProtocolVersion, ReasonCode,
};

use self::admission::{admit, may_begin};
use self::connack::{connack, session_present};
use self::limits::{expiry, link, silence};
use self::misuse::{misuse_begun, misuse_refused};
use self::refusal::{Refusal, refuse_connect};
use self::session::{claim_session, join, keep_of_connect};
use self::timers::misuse_timers;
use crate::core::Broker;
use crate::core::deliver::outgoing::{send, takes};
use crate::core::deliver::retained::send_retained_again;
use crate::core::ending::connection::end_connection;
use crate::core::input::ConnectionId;
use crate::core::state::State;
use crate::core::state::authentication::Progress;
use crate::core::state::connection::{Phase, Waiting};
use crate::core::state::link::Link;
use crate::core::state::message::Delivery;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::state::weight;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;
use crate::{Fault, Liberty};

impl Broker {
    /// Handles a CONNECT that is the first packet of a connection.
    pub(crate) fn connect_received(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        nonce: u128,
        connect: Connect,
    ) {
        self.state.timers.cancel(Timer::Connect(connection));
        if let Err(reason) = may_begin(
            &self.state.rules,
            self.connections.len(),
            &mut self.connect_rate,
            turn.now,
            &connect,
        ) {
            self.turn_away(turn, connection, &connect, reason.into());
            return;
        }
        let link = link(&self.state.rules, turn.now, connection, nonce, &connect);
        if link.authentication.is_some() {
            self.begin_authentication(turn, nonce, connect, link);
            return;
        }
        if self.state.rules.breaks(Fault::AuthUnasked) && connect.version == ProtocolVersion::V5 {
            turn.send(connection, unasked());
        }
        self.welcome(turn, nonce, connect, link, None);
    }

    /// Refuses a well-formed CONNECT. It has no other effects.
    pub(crate) fn turn_away(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        connect: &Connect,
        refusal: Refusal,
    ) {
        misuse_refused(&mut self.state, turn, connect);
        refuse_connect(
            &self.state.rules,
            &mut self.connections,
            turn,
            connection,
            connect.version,
            refusal.to(connect),
        );
    }

    /// Accepts a CONNECT, or refuses it if a check fails. `proof` is the Authentication Data for a client that
    /// authenticated with a method.
    fn welcome(
        &mut self,
        turn: &mut Turn<'_>,
        nonce: u128,
        mut connect: Connect,
        link: Link,
        proof: Option<Bytes>,
    ) {
        let connection = link.connection;
        // All checks come before any change. [3.1.1 RULE-3.1.4-4] [5 RULE-3.1.4-4]
        let proven = link.authentication.is_some();
        let assigned = match admit(
            &self.state.rules,
            &self.state.sessions,
            &mut self.redirects,
            &mut connect,
            (nonce, turn.now),
            proven,
        ) {
            Ok(assigned) => assigned,
            Err(refusal) => {
                self.turn_away(turn, connection, &connect, refusal);
                return;
            }
        };
        let is_assigned = assigned.is_some();
        let rules = &self.state.rules;
        let expiry = expiry(rules, &connect);
        let mut connack = connack(rules, &connect, &link, expiry, assigned, proof);
        let fits = takes(&link, rules, Packet::ConnAck(connack.clone()));
        if !fits && !rules.chooses(Liberty::ConnackTooLargeLeftOut) {
            // [5 MQTT-3.1.2-24]: no CONNACK fits this client's limit, so the connection is closed.
            self.connections.remove(&connection);
            turn.close(connection);
            return;
        }
        // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        let repeats =
            !rules.faults.is_none() && take_waiting_retained(&mut self.state, &connect.client_id);
        let (key, resumed) = claim_session(&mut self.state, &mut self.redirects, turn, &connect);
        connack.session_present = session_present(&self.state.rules, &connect, resumed);
        if !self.state.rules.faults.is_none() && resumed {
            misreport(&self.state, key, &connect, &mut connack);
        }
        // [5 MQTT-3.2.2-3]
        if self.state.topics.expired.remove(&connect.client_id) && !connect.clean_start {
            connack.session_present = true;
        }
        if is_assigned
            && self.state.rules.breaks(Fault::RestartLosesAssigned)
            && let Some(session) = self.state.sessions.at_mut(key)
        {
            session.traces.assigned = true;
        }
        self.connections.insert(connection, Phase::Connected(key));
        let state = &mut self.state;
        state.sessions.nodes.settle(&connect.client_id, connection);
        keep_of_connect(state, key, connect, expiry);
        join(state, turn, key, link, connack);
        let is_takeover = state.sessions.at(key).is_some_and(|s| s.traces.taken_over);
        // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
        if is_takeover && state.rules.breaks(Fault::TakeoverEndsNewcomer) {
            self.connections.remove(&connection);
            turn.close(connection);
            end_connection(state, turn, key, DisconnectReason::ConnectionLost);
            return;
        }
        if resumed
            && (repeats
                || state.rules.breaks(Fault::RetainedSentOnResume)
                || is_takeover && state.rules.breaks(Fault::RetainedSentOnTakeover))
        {
            send_retained_again(
                &state.rules,
                &mut state.sessions,
                &mut state.topics.retained,
                turn,
                key,
            );
        }
        misuse_timers(state, turn, key, expiry);
    }

    /// Starts the exchange for a CONNECT with an offered authentication method. The CONNECT has no other effects yet.
    fn begin_authentication(
        &mut self,
        turn: &mut Turn<'_>,
        nonce: u128,
        connect: Connect,
        mut link: Link,
    ) {
        let data = connect.properties.authentication_data();
        let Some(authentication) = &mut link.authentication else {
            return;
        };
        let kept = &self.state.sessions.kept;
        let weight = weight::of_connect(&connect);
        if !kept.admits(0, weight, self.state.rules.config.maximum_client_bytes) {
            let reason = ReasonCode::QUOTA_EXCEEDED;
            self.turn_away(turn, link.connection, &connect, reason.into());
            return;
        }
        let charge = kept.charge(weight);
        let progress = authentication.step(&self.state.rules, data);
        let since = turn.now;
        let waiting = Box::new(Waiting {
            connect,
            nonce,
            link,
            since,
            charge,
        });
        self.proceed(turn, waiting, progress);
    }

    /// Continues according to the result of one authentication step.
    pub(crate) fn proceed(
        &mut self,
        turn: &mut Turn<'_>,
        mut waiting: Box<Waiting>,
        progress: Progress,
    ) {
        let connection = waiting.link.connection;
        match (progress, &waiting.link.authentication) {
            (Progress::Continue(data), Some(authentication)) => {
                let packet = authentication.continued(&self.state.rules, data);
                misuse_begun(&mut self.state, turn, &waiting.connect);
                if send(&waiting.link, &self.state.rules, turn, packet) {
                    self.hold(turn, waiting);
                } else {
                    // [5 MQTT-3.1.2-24]: without this AUTH the exchange cannot continue.
                    self.connections.remove(&connection);
                    turn.close(connection);
                }
            }
            (Progress::Done(data), Some(authentication)) => {
                waiting.connect.username = authentication.user.clone();
                // [5 MQTT-3.1.2-5] [5 MQTT-3.2.2-3]
                if self
                    .state
                    .rules
                    .breaks(Fault::AuthenticatedSessionNotResumed)
                {
                    waiting.connect.clean_start = true;
                }
                // [5 MQTT-3.1.2-4] [5 MQTT-3.2.2-2]
                if self
                    .state
                    .rules
                    .breaks(Fault::AuthenticatedCleanStartIgnored)
                {
                    waiting.connect.clean_start = false;
                }
                let Waiting {
                    connect,
                    nonce,
                    link,
                    ..
                } = *waiting;
                self.welcome(turn, nonce, connect, link, data);
            }
            (Progress::Failed, Some(_))
                if self
                    .state
                    .rules
                    .breaks(Fault::FailedAuthenticationStaysOpen) =>
            {
                let phase = Phase::Authenticating(waiting);
                self.connections.insert(connection, phase);
            }
            // [5 MQTT-4.12.0-4] [5 MQTT-3.1.4-2]
            _ => {
                let reason = ReasonCode::NOT_AUTHORIZED;
                self.turn_away(turn, connection, &waiting.connect, reason.into());
            }
        }
    }

    /// Waits for the client's next AUTH. The whole exchange may take as long as the broker waits for a CONNECT, and
    /// each packet may take one and a half times the Keep Alive. [5 RULE-3.1.4-1] [5 MQTT-3.1.2-22]
    pub(crate) fn hold(&mut self, turn: &Turn<'_>, waiting: Box<Waiting>) {
        let connection = waiting.link.connection;
        let in_all = waiting
            .since
            .saturating_add(self.state.rules.config.connect_timeout);
        // A Server Keep Alive applies only once CONNACK has announced it.
        let at = match silence(&self.state.rules, waiting.connect.keep_alive_s) {
            Some(silence) => in_all.min(turn.now.saturating_add(silence)),
            None => in_all,
        };
        self.state.timers.set(Timer::Connect(connection), at);
        self.connections
            .insert(connection, Phase::Authenticating(waiting));
    }
}

/// For a fault: drops the retained messages that wait for a connected client that connects again. Returns whether there
/// were any.
fn take_waiting_retained(state: &mut State, client: &str) -> bool {
    let Some(key) = state.sessions.key(client) else {
        return false;
    };
    let Some(session) = state.sessions.at_mut(key).filter(|s| s.link.is_some()) else {
        return false;
    };
    if !session.queue.any(|message| message.retain)
        || !state.rules.breaks(Fault::RetainedRepeatedOnTakeover)
            && !state.rules.breaks(Fault::TakeoverLosesWaitingRetained)
    {
        return false;
    }
    let all = session.queue.take();
    let is_old = |delivery: &Delivery| delivery.retain;
    let (old, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(is_old);
    rest.into_iter().for_each(|d| session.queue.push_back(d));
    !old.is_empty() && state.rules.breaks(Fault::RetainedRepeatedOnTakeover)
}

/// For faults: wrong content of the CONNACK for a resumed session.
fn misreport(state: &State, key: SessionKey, connect: &Connect, connack: &mut ConnAck) {
    let Some(session) = state.sessions.at(key) else {
        return;
    };
    // [3.1.1 MQTT-3.2.2-2] [5 MQTT-3.2.2-3]
    if session.traces.taken_over && state.rules.breaks(Fault::TakeoverSaysNoSession) {
        connack.session_present = false;
    }
    if session.traces.restarted && state.rules.breaks(Fault::RestartHidesSession) {
        connack.session_present = false;
    }
    let is_other = session.traces.version != Some(connect.version);
    if is_other && state.rules.breaks(Fault::OtherVersionHidesSession) {
        connack.session_present = false;
    }
    // [5 MQTT-3.2.2-9] [5 MQTT-3.2.2-22] [5 MQTT-3.1.2-23]
    let unsaid = [
        (
            PropertyId::MAXIMUM_QOS,
            Fault::ResumedMaximumQosNotAnnounced,
        ),
        (
            PropertyId::SERVER_KEEP_ALIVE,
            Fault::ResumedServerKeepAliveNotAnnounced,
        ),
        (
            PropertyId::SESSION_EXPIRY_INTERVAL,
            Fault::ResumedExpiryCutSilently,
        ),
    ];
    let rules = &state.rules;
    let properties = &mut connack.properties.0;
    properties.retain(|property| {
        let mut unsaid = unsaid.iter();
        !unsaid.any(|(id, fault)| property.id() == *id && rules.breaks(*fault))
    });
    // [5 RULE-3.2.2.3.4-2]
    if connect.version == ProtocolVersion::V5
        && !properties.iter().any(|p| p.id() == PropertyId::MAXIMUM_QOS)
        && rules.breaks(Fault::ResumedConnackMaximumQos2)
    {
        properties.push(Property::MaximumQoS(2));
    }
    // [5 MQTT-3.1.2-28]
    if session.traces.asked_response
        && connect.properties.request_response_information() != Some(1)
        && connect.version == ProtocolVersion::V5
        && state.rules.breaks(Fault::ResponseInformationOnResume)
        && let Some(information) = &state.rules.config.response_information
    {
        let information = ByteString::from(information.as_str());
        let property = Property::ResponseInformation(information);
        connack.properties.push(property);
    }
}

/// For a fault: an AUTH for a client that sent no Authentication Method.
fn unasked() -> Packet {
    let method = ByteString::from_static("unasked");
    let reason = ReasonCode::CONTINUE_AUTHENTICATION;
    let properties = [Property::AuthenticationMethod(method)]
        .into_iter()
        .collect();
    Packet::Auth(Auth { reason, properties })
}
