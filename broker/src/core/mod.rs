//! The broker as a pure state machine.
//!
//! The caller passes [`Input`]s together with the time, carries out the [`Output`]s in order, and passes
//! [`Input::Woke`] when the next deadline has passed.
//!
//! Its modules, each of which imports only from those before it: `state`, `store` and `deliver`, `ending`, `packet`.

mod characters;
mod control;
mod deliver;
mod ending;
mod input;
mod output;
mod packet;
mod rules;
mod state;
mod store;
mod topic;
mod turn;

use std::collections::btree_map::Entry;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Packet, PacketType, ProtocolVersion, QoS, ReasonCode};

use self::control::{control, stop_all};
use self::deliver::delivery::flush;
use self::deliver::forwarding::await_late;
use self::deliver::routing::{route, route_on};
use self::ending::connection::{code_of_error, end_connection, refuse};
use self::ending::held_back::{accept_silence, hold_back_session, hold_back_will};
use self::ending::session::{end_session, forget, forget_subscriptions};
use self::ending::will::publish_will;
pub use self::input::{ConnectionId, Control, Input, NodeEvent, NodeId, RedirectWhen, Time};
pub use self::output::Output;
use self::packet::acknowledgement::{puback_received, pubcomp_received, pubrec_received};
use self::packet::arrival::is_hung;
use self::packet::auth::auth_received;
use self::packet::connect::misuse::misuse_second;
use self::packet::connect::refusal::{Refusal, refuse_connect};
use self::packet::connect::timers::resend_again;
use self::packet::disconnect::disconnect_received;
use self::packet::order::overtakes;
use self::packet::overdue;
use self::packet::pingreq::pingreq_received;
use self::packet::publish::{publish_arrived, publish_on};
use self::packet::pubrel::pubrel_received;
use self::packet::subscribe::{subscribe_on, subscribe_received};
use self::packet::unsubscribe::{unsubscribe_on, unsubscribe_received};
use self::rules::Rules;
use self::state::State;
pub(crate) use self::state::account::Account;
#[cfg(feature = "shell")]
pub(crate) use self::state::account::Charge;
use self::state::connect_rate::ConnectRate;
use self::state::connection::{Connections, Phase};
use self::state::link::Link;
use self::state::message::Message;
use self::state::redirect::Redirects;
use self::state::session_key::SessionKey;
use self::state::task::Task;
use self::state::timer::Timer;
#[cfg(feature = "shell")]
pub(crate) use self::state::weight::of_packet as weight_of_packet;
pub use self::store::affected::Affected;
pub use self::store::change::{Change, StoredState};
use self::store::change::{take_changes, track_changes};
pub use self::store::record::Corrupt;
use self::store::restart::{Due, cut_off, survive, take_up};
use self::turn::{STEP, Turn};
use crate::hook::{DisconnectReason, TerminationReason, WillTrigger};
use crate::{Conduct, Config, Fault, Liberty};

/// How long the fault [`Fault::UnsubscribeTakesEffectLate`] waits with an UNSUBSCRIBE.
const UNSUBSCRIBED_AFTER: Duration = Duration::from_millis(50);

/// The fault [`Fault::PingsCoalesced`] takes packets for one that arrive within this time.
const TOGETHER: Duration = Duration::from_millis(5);

/// The Server of the standard: its sessions, retained messages and connections, without sockets, clocks or tasks.
#[derive(Debug)]
pub struct Broker {
    state: State,
    connections: Connections,
    redirects: Redirects,
    connect_rate: ConnectRate,
    /// The number of calls of [`Broker::handle`].
    turns: u64,
    /// What waits to be written to all clients.
    outgoing: Account,
    /// What the last input cost, in units of a step.
    spent: usize,
}

impl Broker {
    /// Returns a broker with no sessions and no retained messages.
    pub fn new(config: Config, conduct: impl Into<Conduct>) -> Self {
        Self {
            state: State::new(Rules::new(config, conduct.into())),
            connections: Connections::new(),
            redirects: Redirects::new(),
            connect_rate: ConnectRate::default(),
            turns: 0,
            outgoing: Account::default(),
            spent: 0,
        }
    }

    /// Sets the account in which the shell counts what waits to be written.
    #[cfg(feature = "shell")]
    pub(crate) fn count_outgoing(&mut self, account: &Account) {
        self.outgoing = account.clone();
    }

    /// Handles one input and appends the resulting outputs. Timers that are due at `now` are handled first.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        self.turns += 1;
        let before = out.len();
        let turn = &mut Turn::new(now, out);
        turn.number = self.turns;
        turn.outgoing = self.outgoing.used();
        if let Input::Received {
            connection, packet, ..
        } = &input
            && !is_unheard(&self.state.rules, packet)
        {
            // This comes before the timers: a received packet proves that the client is alive.
            self.hear(*connection, now);
            // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
            if self.state.rules.breaks(Fault::KeepAliveFedByOthers) {
                let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
                all.into_iter().for_each(|other| self.hear(other, now));
            }
        }
        self.due_now(turn);
        self.forget_ended(turn);
        match input {
            Input::Opened { connection, .. }
                if self.state.timers.connects()
                    >= self.state.rules.config.maximum_waiting_connections =>
            {
                turn.close(connection);
            }
            Input::Opened {
                connection,
                node,
                nonce,
            } => {
                self.state.sessions.nodes.place(connection, node);
                let nonce = Box::new(nonce);
                self.connections.insert(connection, Phase::Opened { nonce });
                // [3.1.1 RULE-3.1.4-1] [5 RULE-3.1.4-1]
                let at = now.saturating_add(self.state.rules.config.connect_timeout);
                self.state.timers.set(Timer::Connect(connection), at);
            }
            Input::Received {
                connection,
                packet,
                size,
            } => {
                self.finish_of(turn, connection);
                self.received(turn, connection, packet, size);
                if self.has_to_wait(connection) {
                    turn.pause(connection);
                }
            }
            Input::Malformed {
                connection,
                version,
                error,
            } => {
                self.finish_of(turn, connection);
                self.malformed(turn, connection, version, &error);
            }
            Input::Closed { connection } => {
                match self.connections.remove(&connection) {
                    Some(Phase::Opened { .. } | Phase::Authenticating(_)) => {
                        self.state.timers.cancel(Timer::Connect(connection));
                    }
                    Some(Phase::Connected(key)) => {
                        end_connection(
                            &mut self.state,
                            turn,
                            key,
                            DisconnectReason::ConnectionLost,
                        );
                    }
                    Some(Phase::Ghost) | None => {}
                }
                self.state.sessions.nodes.forget(connection);
            }
            Input::Congested { connection } => self.congest(turn, connection, true),
            Input::Drained { connection } => self.congest(turn, connection, false),
            Input::Woke => self.step(turn),
            Input::Control(what) => {
                let is_stop = what == Control::Stop;
                control(
                    &mut self.state,
                    &mut self.connections,
                    &mut self.redirects,
                    turn,
                    what,
                );
                if is_stop {
                    self.end_tasks(turn);
                }
            }
        }
        self.forget_ended(turn);
        self.spent = turn.spent;
        if !self.state.rules.liberties.forwarding_delay().is_zero() {
            await_late(&mut self.state, now);
        }
        if self.state.rules.breaks(Fault::KeepAliveFedByServer) {
            let sent = out.iter().filter_map(|output| match output {
                Output::Send { connection, .. } => Some(*connection),
                _ => None,
            });
            sent.for_each(|connection| self.hear(connection, now));
        }
        self.spent += out.len() - before;
        self.spent += self.state.topics.subscriptions.take_visited();
        self.spent += self.state.topics.retained.take_visited();
    }

    /// Returns the cost of the last input: the number of topic and filter levels visited, filters subscribed or
    /// unsubscribed, and outputs. A caller should serve other clients after one client has cost some thousand of these.
    pub const fn spent(&self) -> usize {
        self.spent
    }

    /// Returns whether a task that was split into steps is unfinished. If so, the next deadline is immediate.
    pub fn is_at_work(&self) -> bool {
        !self.state.topics.tasks.is_empty()
    }

    /// Returns a broker with the state that an earlier one stored. Sessions that have expired in the meantime are
    /// ended, and Wills that have become due are published, in the order in which they were due.
    pub fn restore(
        config: Config,
        conduct: impl Into<Conduct>,
        stored: StoredState,
        now: Time,
        out: &mut Vec<Output>,
    ) -> Self {
        let mut broker = Self::new(config, conduct);
        let state = &mut broker.state;
        let turn = &mut Turn::new(now, out);
        for (key, what) in take_up(state, stored, now) {
            match what {
                // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-2]
                Due::Will => publish_will(state, turn, key, WillTrigger::ServerShutdown),
                Due::End(reason) => end_session(state, turn, key, reason),
            }
        }
        broker
    }

    /// Stops gracefully, as [`Control::Stop`] does, and returns the state to store. It is empty unless the broker is
    /// durable.
    pub fn stop(mut self, now: Time, out: &mut Vec<Output>) -> StoredState {
        self.handle(now, Input::Control(Control::Stop), out);
        survive(self.state)
    }

    /// Stops as in a power failure, without a packet or an event. Returns what was in the store.
    pub fn crash(mut self, now: Time) -> StoredState {
        cut_off(&mut self.state, now);
        survive(self.state)
    }

    /// Starts to track changes. At first, everything counts as changed.
    pub fn track_changes(&mut self) {
        track_changes(&mut self.state.sessions, &mut self.state.topics.retained);
    }

    /// Returns the changes to the stored records since the last call, in the order in which to apply them. After them,
    /// the records contain all that [`Broker::restore`] needs. Returns nothing unless changes are tracked.
    pub fn changes(&mut self) -> Vec<Change> {
        take_changes(&mut self.state.sessions, &mut self.state.topics.retained)
    }

    /// Returns when [`Input::Woke`] is due.
    pub fn next_deadline(&self) -> Option<Time> {
        if self.is_at_work() {
            return Some(Time::ZERO);
        }
        self.state.timers.next()
    }

    /// Returns whether this client is connected.
    pub fn is_connected(&self, client: &str) -> bool {
        let sessions = &self.state.sessions;
        sessions
            .key(client)
            .is_some_and(|key| sessions.is_linked(key))
    }

    /// Returns the number of sessions, connected or not.
    pub fn session_count(&self) -> usize {
        self.state.sessions.len()
    }

    /// Returns the number of topics that have a retained message.
    pub fn retained_count(&self) -> usize {
        self.state.topics.retained.len()
    }

    /// Removes connections that no longer belong to a session.
    fn forget_ended(&mut self, turn: &mut Turn<'_>) {
        for connection in turn.ended.drain(..) {
            if let Entry::Occupied(entry) = self.connections.entry(connection)
                && let Phase::Connected(_) = entry.get()
            {
                entry.remove();
            }
        }
    }

    pub(crate) fn hear(&mut self, connection: ConnectionId, now: Time) {
        if let Some(Phase::Connected(key)) = self.connections.get(&connection)
            && let Some(link) = self
                .state
                .sessions
                .at_mut(*key)
                .and_then(|s| s.link.as_mut())
        {
            link.last_received = now;
        }
    }

    /// Holds back messages to a slow reader until it has caught up. Required responses are still sent.
    fn congest(&mut self, turn: &mut Turn<'_>, connection: ConnectionId, congested: bool) {
        if let Some(Phase::Connected(key)) = self.connections.get(&connection)
            && let Some(session) = self.state.sessions.at_mut(*key)
            && let Some(link) = &mut session.link
        {
            link.congested = congested;
            flush(session, &self.state.rules, turn);
        }
    }

    fn received(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        packet: Packet,
        size: usize,
    ) {
        if self
            .state
            .rules
            .chooses(Liberty::DisallowedCharactersRefused)
            && characters::has_disallowed(&packet)
        {
            // [3.1.1 section 1.5.3] [5 RULE-1.5.4-2]
            let version = match &packet {
                Packet::Connect(connect) => Some(connect.version),
                _ => None,
            };
            let error = characters::error(&packet);
            self.malformed(turn, connection, version, &error);
            return;
        }
        match (self.connections.get(&connection), packet) {
            (None, _) => {}
            (Some(Phase::Ghost), Packet::Publish(publish)) => {
                let message = Message::from_publish(publish, ByteString::new(), turn.now);
                route(
                    &self.state.rules,
                    &mut self.state.sessions,
                    &mut self.state.topics,
                    turn,
                    message,
                    None,
                );
            }
            (Some(Phase::Ghost), _) => {}
            (Some(Phase::Opened { nonce }), Packet::Connect(connect)) => {
                let nonce = **nonce;
                if self.state.rules.is_too_large(size) {
                    // [5 RULE-3.2.2.3.6-1]
                    self.state.timers.cancel(Timer::Connect(connection));
                    let reason = ReasonCode::PACKET_TOO_LARGE;
                    self.turn_away(turn, connection, &connect, reason.into());
                    return;
                }
                self.connect_received(turn, connection, nonce, *connect);
            }
            // [3.1.1 MQTT-3.1.0-1] [5 MQTT-3.1.0-1]
            (Some(Phase::Opened { .. }), Packet::PingReq)
                if self.state.rules.breaks(Fault::PingreqBeforeConnectAnswered) =>
            {
                turn.send(connection, Packet::PingResp);
            }
            (Some(Phase::Opened { .. }), _) => {
                if self.state.rules.breaks(Fault::FirstPacketNeedNotBeConnect) {
                    return;
                }
                // [3.1.1 MQTT-3.1.0-1] [5 MQTT-3.1.0-1] [5 MQTT-3.14.0-1]
                self.state.timers.cancel(Timer::Connect(connection));
                self.connections.remove(&connection);
                turn.close(connection);
            }
            (Some(Phase::Authenticating(_)), packet) => {
                self.authenticating(turn, connection, packet, size);
            }
            (Some(Phase::Connected(key)), packet) => {
                let key = *key;
                if is_hung(&self.state, key) {
                    return;
                }
                if self.state.rules.is_too_large(size) {
                    // [5 RULE-3.2.2.3.6-1] [5 MQTT-3.2.2-15]
                    let reason = ReasonCode::PACKET_TOO_LARGE;
                    refuse(
                        &mut self.state,
                        turn,
                        key,
                        reason,
                        DisconnectReason::ProtocolError,
                    );
                    return;
                }
                if is_lost(&self.state.rules, &packet, size) || self.is_behind_takeover(turn, key) {
                    return;
                }
                // [5 MQTT-4.4.0-1] [5 MQTT-4.3.3-4] [5 MQTT-4.3.3-11]
                if size > 10_000
                    && matches!(
                        packet.packet_type(),
                        PacketType::PUBACK
                            | PacketType::PUBREC
                            | PacketType::PUBREL
                            | PacketType::PUBCOMP
                    )
                    && self.state.rules.breaks(Fault::LongAcknowledgementsRefused)
                {
                    let reason = ReasonCode::PACKET_TOO_LARGE;
                    let why = DisconnectReason::ProtocolError;
                    refuse(&mut self.state, turn, key, reason, why);
                    return;
                }
                if !self.state.rules.faults.is_none() && self.misread(turn, key, &packet, size) {
                    return;
                }
                self.packet(turn, key, packet);
            }
        }
    }

    /// For faults: whether a packet is not handled as it should be.
    fn misread(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        packet: &Packet,
        size: usize,
    ) -> bool {
        let state = &mut self.state;
        let Some(session) = state.sessions.at_mut(key) else {
            return false;
        };
        let is_authenticating = session.link.as_ref().is_some_and(Link::is_authenticating);
        match packet {
            // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
            Packet::Publish(publish)
                if size == 4096 && state.rules.breaks(Fault::FullBufferLost) =>
            {
                if let Some(id) = publish.packet_id {
                    let acknowledge = match publish.qos {
                        QoS::ExactlyOnce => Packet::PubRec,
                        _ => Packet::PubAck,
                    };
                    packet::publish::answer(state, turn, key, id, ReasonCode::SUCCESS, acknowledge);
                }
                true
            }
            Packet::Publish(publish) if publish.dup => {
                session.traces.repeats = true;
                false
            }
            Packet::Publish(publish) if publish.qos == QoS::AtMostOnce => {
                session.traces.qos0_in_turn = turn.number;
                false
            }
            // [3.1.1 MQTT-3.14.4-3] [5 MQTT-3.14.4-3]
            Packet::Disconnect(_)
                if session.traces.qos0_in_turn + 1 == turn.number
                    && state.rules.breaks(Fault::DisconnectBehindPublishUnread) =>
            {
                true
            }
            // [5 MQTT-3.14.4-3]
            Packet::Disconnect(disconnect)
                if size == 4
                    && disconnect.reason == ReasonCode::SUCCESS
                    && state.rules.breaks(Fault::LongDisconnectIsError) =>
            {
                let reason = ReasonCode::PROTOCOL_ERROR;
                refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
                true
            }
            // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
            Packet::Connect(_) if state.rules.breaks(Fault::WillLostOnSecondConnect) => {
                session.will = None;
                false
            }
            // [5 MQTT-3.8.4-1]
            Packet::Subscribe(_)
                if is_authenticating
                    && state
                        .rules
                        .breaks(Fault::SubscribeDuringReauthenticationUnanswered) =>
            {
                true
            }
            // [5 MQTT-3.10.4-4]
            Packet::Unsubscribe(_)
                if is_authenticating
                    && state
                        .rules
                        .breaks(Fault::UnsubscribeDuringReauthenticationUnanswered) =>
            {
                true
            }
            // [3.1.1 MQTT-3.12.4-1] [5 MQTT-3.12.4-1]
            Packet::PingReq => {
                let (at, number) = session.traces.pinged;
                session.traces.pinged = (turn.now, turn.number);
                number + 1 == turn.number
                    && turn.now.saturating_sub(at) < TOGETHER
                    && state.rules.breaks(Fault::PingsCoalesced)
            }
            // [3.1.1 MQTT-3.10.4-4] [5 MQTT-3.10.4-4]
            Packet::Unsubscribe(_)
                if session.traces.repeats
                    && state.rules.breaks(Fault::UnsubscribeBehindDupUnanswered) =>
            {
                true
            }
            // [3.1.1 MQTT-3.8.4-1] [5 MQTT-3.8.4-1]
            Packet::Unsubscribe(unsubscribe)
                if state.rules.breaks(Fault::UnsubscribeTakesEffectLate) =>
            {
                session
                    .fault_state
                    .late_unsubscribes
                    .push(unsubscribe.clone());
                let at = turn.now.saturating_add(UNSUBSCRIBED_AFTER);
                state.timers.set(Timer::Unsubscribe(key), at);
                true
            }
            _ => false,
        }
    }

    /// For a fault: whether a packet arrives together with a CONNECT that takes over a session. [3.1.1 RULE-3.1.4-3]
    /// [5 RULE-3.1.4-3]
    fn is_behind_takeover(&self, turn: &Turn<'_>, key: SessionKey) -> bool {
        if self.state.rules.faults.is_none() {
            return false;
        }
        let session = self.state.sessions.at(key);
        let traces = session.map(|session| &session.traces);
        traces.is_some_and(|traces| traces.taken_over && traces.connected_at == turn.now)
            && self.state.rules.breaks(Fault::TakeoverLosesPacketsBehind)
    }

    /// Handles a packet on an accepted connection.
    fn packet(&mut self, turn: &mut Turn<'_>, key: SessionKey, packet: Packet) {
        let state = &mut self.state;
        if !state.rules.faults.is_none() {
            overdue::before(state, turn, key, &packet);
        }
        match packet {
            packet
                if state.rules.chooses(Liberty::AcknowledgementsInOrderOnly)
                    && overtakes(state, key, &packet) =>
            {
                let reason = ReasonCode::PROTOCOL_ERROR;
                refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
            }
            Packet::Publish(publish) => publish_arrived(state, turn, key, publish),
            Packet::PubAck(ack) => puback_received(state, turn, key, &ack),
            Packet::PubRec(ack) => pubrec_received(state, turn, key, &ack),
            // [5 MQTT-4.3.3-11]
            Packet::PubRel(ack)
                if !ack.properties.0.is_empty()
                    && state.rules.breaks(Fault::PubrelWithReasonStringUnanswered)
                    || ack.reason == ReasonCode::PACKET_IDENTIFIER_NOT_FOUND
                        && state.rules.breaks(Fault::ReleaseNotFoundUnanswered) => {}
            Packet::PubRel(ack) => pubrel_received(state, turn, key, ack.packet_id),
            Packet::PubComp(ack) => pubcomp_received(state, turn, key, &ack),
            Packet::Subscribe(subscribe) => subscribe_received(state, turn, key, subscribe),
            Packet::Unsubscribe(unsubscribe) => unsubscribe_received(state, turn, key, unsubscribe),
            Packet::PingReq => pingreq_received(state, turn, key),
            Packet::Disconnect(disconnect) => {
                disconnect_received(state, &mut self.connections, turn, key, &disconnect)
            }
            Packet::Connect(_) if state.rules.breaks(Fault::SecondConnectIgnored) => {}
            Packet::Auth(auth) => auth_received(state, turn, key, &auth),
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp
                if state.rules.breaks(Fault::ProtocolErrorIgnored) => {}
            // [3.1.1 MQTT-3.1.0-2] [5 MQTT-3.1.0-2], and packets that only servers send.
            Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::SubAck(_)
            | Packet::UnsubAck(_)
            | Packet::PingResp => {
                if let Packet::Connect(connect) = packet {
                    misuse_second(state, key, *connect);
                }
                let reason = ReasonCode::PROTOCOL_ERROR;
                refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
            }
        }
    }

    /// Ends a connection that received bytes which are not a packet. [3.1.1 MQTT-4.8.0-1] [3.1.1 MQTT-2.2.2-2]
    /// [5 MQTT-4.13.1-1]
    fn malformed(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        version: Option<ProtocolVersion>,
        error: &DecodeError,
    ) {
        if self.state.rules.faults.tolerate(error) {
            return;
        }
        match self.connections.get(&connection) {
            None | Some(Phase::Ghost) => {}
            Some(Phase::Connected(key)) if is_hung(&self.state, *key) => {}
            Some(Phase::Connected(key)) => {
                let key = *key;
                refuse(
                    &mut self.state,
                    turn,
                    key,
                    error.reason,
                    DisconnectReason::ProtocolError,
                );
                // [3.1.1 RULE-4.8-1]: other connections are not affected.
                if self.state.rules.breaks(Fault::FaultEndsAll) {
                    stop_all(&mut self.state, &mut self.connections, turn);
                }
            }
            Some(Phase::Opened { .. } | Phase::Authenticating(_)) => {
                self.state.timers.cancel(Timer::Connect(connection));
                let rules = &self.state.rules;
                let (version, refusal) = if let Some(Phase::Authenticating(waiting)) =
                    self.connections.get(&connection)
                {
                    let refusal = Refusal::from(error.reason).to(&waiting.connect);
                    (ProtocolVersion::V5, refusal)
                } else if error.is_unsupported_version()
                    && !rules.chooses(Liberty::UnknownVersionUnanswered)
                {
                    // [3.1.1 MQTT-3.1.2-2] requires it, [5 MQTT-3.1.2-2] permits it.
                    (ProtocolVersion::V3_1_1, Refusal::from(error.reason))
                } else if error.packet == PacketType::CONNECT
                    && version == Some(ProtocolVersion::V5)
                {
                    // [5 RULE-4.13.1-1] [5 MQTT-3.1.4-1]
                    let refusal = Refusal::from(code_of_error(rules, error.reason));
                    (ProtocolVersion::V5, refusal)
                } else {
                    // [3.1.1 MQTT-3.1.4-1]: close without CONNACK.
                    self.connections.remove(&connection);
                    turn.close(connection);
                    return;
                };
                let connections = &mut self.connections;
                refuse_connect(rules, connections, turn, connection, version, refusal);
            }
        }
    }

    /// Handles timers that are due, up to the limit of a step. The others remain due.
    fn due_now(&mut self, turn: &mut Turn<'_>) {
        let before = turn.out.len();
        while turn.spent + (turn.out.len() - before) < STEP
            && let Some(timer) = self.state.timers.pop_due(turn.now)
        {
            turn.spent += 1;
            self.due(turn, timer);
        }
    }

    /// Does one step of the task whose turn it is.
    fn step(&mut self, turn: &mut Turn<'_>) {
        if let Some((of, task)) = self.state.topics.tasks.pop() {
            self.go_on(turn, of, task, STEP);
        }
    }

    /// Works on a task until the budget is spent. An unfinished task goes to the end of the queue.
    fn go_on(&mut self, turn: &mut Turn<'_>, of: Option<SessionKey>, task: Task, budget: usize) {
        let state = &mut self.state;
        match (task, of) {
            (Task::Subscribe(work), Some(key)) => subscribe_on(state, turn, key, work, budget),
            (Task::Unsubscribe(work), Some(key)) => {
                unsubscribe_on(state, turn, key, *work, budget);
            }
            (Task::Publish(work), Some(key)) => publish_on(state, turn, key, work, budget),
            (Task::Route(routing), _) => {
                let State {
                    rules,
                    sessions,
                    topics,
                    ..
                } = state;
                route_on(rules, sessions, topics, turn, routing, budget);
            }
            (Task::Forget(key, filters), _) => forget(state, turn, key, filters),
            (Task::Subscribe(_) | Task::Unsubscribe(_) | Task::Publish(_), None) => {}
        }
        if let Some(key) = of
            && !self.state.topics.tasks.has(key)
            && let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref())
        {
            turn.resume(link.connection);
        }
    }

    /// Finishes all tasks that this session waits for.
    fn finish(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        while let Some(task) = self.state.topics.tasks.pop_of(key) {
            self.go_on(turn, Some(key), task, usize::MAX);
        }
    }

    /// Ends all tasks when the broker stops. Wills are still delivered; other tasks are dropped.
    fn end_tasks(&mut self, turn: &mut Turn<'_>) {
        while let Some((of, task)) = self.state.topics.tasks.pop() {
            if let Task::Route(_) = task {
                self.go_on(turn, of, task, usize::MAX);
            }
        }
    }

    /// Finishes the tasks of a connection's earlier packets before its next input is handled.
    fn finish_of(&mut self, turn: &mut Turn<'_>, connection: ConnectionId) {
        if let Some(Phase::Connected(key)) = self.connections.get(&connection) {
            self.finish(turn, *key);
            self.forget_ended(turn);
        }
    }

    /// Returns whether the connection's session waits for a task of an earlier packet.
    fn has_to_wait(&self, connection: ConnectionId) -> bool {
        match self.connections.get(&connection) {
            Some(Phase::Connected(key)) => self.state.topics.tasks.has(*key),
            _ => false,
        }
    }

    fn due(&mut self, turn: &mut Turn<'_>, timer: Timer) {
        match timer {
            Timer::Connect(_) if self.state.rules.breaks(Fault::ConnectTimeoutNotEnforced) => {}
            Timer::Connect(connection)
                if matches!(
                    self.connections.get(&connection),
                    Some(Phase::Opened { .. })
                ) && self.state.rules.chooses(Liberty::ConnectAwaitedForEver) => {}
            // The node caused the silence.
            Timer::Connect(connection) if self.state.sessions.nodes.is_paused(connection) => {
                let wait = self.state.rules.config.connect_timeout;
                let at = turn.now.saturating_add(wait.max(Duration::from_millis(1)));
                self.state.timers.set(timer, at);
            }
            Timer::Connect(connection) => {
                let waits = matches!(
                    self.connections.get(&connection),
                    Some(Phase::Opened { .. } | Phase::Authenticating(_))
                );
                if waits {
                    self.connections.remove(&connection);
                    turn.close(connection);
                }
            }
            // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
            Timer::KeepAlive(key)
                if !self.state.rules.faults.is_none()
                    && accept_silence(&mut self.state, key, turn.now) => {}
            Timer::KeepAlive(key) => self.silent(turn, key),
            // [5 MQTT-3.1.2-8]
            Timer::WillDelay(key)
                if !self.state.rules.faults.is_none()
                    && hold_back_will(&mut self.state, key, turn.now) => {}
            Timer::WillDelay(key) => {
                publish_will(&mut self.state, turn, key, WillTrigger::DelayElapsed);
                // [5 MQTT-4.1.0-1]
                if self.state.rules.breaks(Fault::DelayedWillEndsSession) {
                    end_session(&mut self.state, turn, key, TerminationReason::Expired);
                }
            }
            Timer::Deliver(key) => {
                if let Some(session) = self.state.sessions.at_mut(key) {
                    flush(session, &self.state.rules, turn);
                }
            }
            Timer::Resend(key) => resend_again(&mut self.state, turn, key),
            Timer::Unsubscribe(key) => {
                let session = self.state.sessions.at_mut(key);
                let late = session.map(|s| std::mem::take(&mut s.fault_state.late_unsubscribes));
                for unsubscribe in late.unwrap_or_default() {
                    unsubscribe_received(&mut self.state, turn, key, unsubscribe);
                }
            }
            Timer::Late(key) => overdue::due(&mut self.state, turn, key),
            Timer::SessionExpiry(key) if self.state.sessions.is_linked(key) => {
                forget_subscriptions(&mut self.state, key)
            }
            // [5 MQTT-4.1.0-2]
            Timer::SessionExpiry(key)
                if !self.state.rules.faults.is_none()
                    && hold_back_session(&mut self.state, key, turn.now) => {}
            Timer::SessionExpiry(key) => {
                end_session(&mut self.state, turn, key, TerminationReason::Expired)
            }
        }
    }

    /// Handles a Keep Alive timer that is due. Packets do not move the timer; it is set anew here if the client was
    /// heard in the meantime.
    fn silent(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
        let session = self.state.sessions.at(key);
        if session.is_some_and(|session| session.traces.doomed_at.is_some()) {
            if let Some(session) = self.state.sessions.at_mut(key) {
                session.traces.doomed_at = None;
            }
            // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
            if self
                .state
                .rules
                .breaks(Fault::DisplacedKeepAlivePublishesWill)
            {
                publish_will(&mut self.state, turn, key, WillTrigger::ConnectionLost);
                let session = self.state.sessions.at(key);
                let link = session.and_then(|session| session.link.as_ref());
                if let Some(link) = link
                    && let Some(silence) = link.silence
                {
                    let at = link.last_received + silence;
                    self.state.timers.set(Timer::KeepAlive(key), at);
                }
                return;
            }
            let (reason, why) = (
                ReasonCode::KEEP_ALIVE_TIMEOUT,
                DisconnectReason::KeepAliveTimeout,
            );
            refuse(&mut self.state, turn, key, reason, why);
            return;
        }
        let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
            return;
        };
        let Some(silence) = link.silence else {
            return;
        };
        // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
        let session = self.state.sessions.at(key);
        let owes = session.is_some_and(|session| session.inflight.ids().next().is_some());
        let is_spared = owes && self.state.rules.breaks(Fault::KeepAliveOffWhileInflight);
        let is_paused = self.state.sessions.nodes.is_paused(link.connection);
        let at = match self.state.topics.tasks.has(key) || is_spared || is_paused {
            // The broker caused the silence: it has paused reading, its node is paused, or a fault is in force.
            true => turn.now + silence,
            false => link.last_received + silence,
        };
        let is_unfed = session.is_some_and(|session| {
            let (traces, rules) = (&session.traces, &self.state.rules);
            traces.keeps_servers && rules.breaks(Fault::KeepAliveAtMaximumUnfed)
                || traces.exceeds_servers && rules.breaks(Fault::KeepAliveBeyondMaximumUnfed)
        });
        if at > turn.now && !is_unfed {
            if !self.state.rules.breaks(Fault::KeepAliveOnlyAtFirst) {
                self.state.timers.set(Timer::KeepAlive(key), at);
            }
        } else if !self.state.rules.breaks(Fault::KeepAliveNotEnforced) {
            // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
            let reason = ReasonCode::KEEP_ALIVE_TIMEOUT;
            refuse(
                &mut self.state,
                turn,
                key,
                reason,
                DisconnectReason::KeepAliveTimeout,
            );
        }
    }
}

/// For faults: whether a packet does not count as a sign of life. [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
fn is_unheard(rules: &Rules, packet: &Packet) -> bool {
    let fault = match packet {
        Packet::Publish(publish)
            if publish.qos == QoS::AtMostOnce && rules.breaks(Fault::KeepAliveNotFedByQos0) =>
        {
            return true;
        }
        Packet::Publish(_) => Fault::KeepAliveNotFedByPublish,
        Packet::Subscribe(_) => Fault::KeepAliveNotFedBySubscribe,
        Packet::Unsubscribe(_) => Fault::KeepAliveNotFedByUnsubscribe,
        Packet::PingReq => Fault::KeepAliveNotFedByPingreq,
        Packet::PubAck(_) => Fault::KeepAliveNotFedByPuback,
        Packet::PubRec(_) => Fault::KeepAliveNotFedByPubrec,
        Packet::PubRel(_) => Fault::KeepAliveNotFedByPubrel,
        Packet::PubComp(_) => Fault::KeepAliveNotFedByPubcomp,
        Packet::Auth(_) => Fault::KeepAliveNotFedByAuth,
        _ => return false,
    };
    rules.breaks(fault)
}

/// For a fault: whether a PUBLISH is ignored because its Remaining Length is the lowest with its number of bytes.
fn is_lost(rules: &Rules, packet: &Packet, size: usize) -> bool {
    matches!(packet, Packet::Publish(_))
        && matches!(size, 131 | 16_388 | 2_097_156)
        && rules.breaks(Fault::LengthBoundsLost)
}
