//! The end of a connection, whoever ends it, and what follows for the Will and the session.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{
    Disconnect, Packet, PacketType, Properties, Property, ProtocolVersion, QoS, ReasonCode, Sender,
};

use super::Broker;
use super::deliver::copy::copy;
use super::deliver::delivery::{deliver, dropped};
use super::deliver::outgoing::send;
use super::deliver::routing::{other_members, route, standing};
use super::state::connection::Phase;
use super::state::inflight::Stage;
use super::state::message::Delivery;
use super::state::redirect::Redirect;
use super::state::session::{Expiry, Session};
use super::state::session_key::SessionKey;
use super::state::subscription::Subscriber;
use super::state::timer::Timer;
use super::state::will::Will;
use super::topic::Filter;
use super::turn::Turn;
use crate::hook::{DisconnectReason, DropReason, TerminationReason, WillTrigger};
use crate::{Fault, HookEvent, Liberty};

/// By how much the fault is late that publishes Wills late.
const WILL_LATE_BY: Duration = Duration::from_secs(60);
/// By how much a broker is late that looks at its clock now and then.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(500);

impl Broker {
    /// The client said goodbye.
    pub(crate) fn disconnect_received(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        disconnect: &Disconnect,
    ) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        let Some(link) = &session.link else {
            return;
        };
        let connection = link.connection;
        if link.version == ProtocolVersion::V5 {
            let allowed = disconnect.reason.is_allowed_in(
                PacketType::DISCONNECT,
                link.version,
                Sender::Client,
            );
            if !allowed
                && self
                    .state
                    .rules
                    .breaks(Fault::ClientDisconnectCodeUnchecked)
            {
                turn.close(connection);
                self.end_connection(turn, key, DisconnectReason::Normal);
                return;
            }
            if !allowed {
                // [5 MQTT-3.14.2-1]
                let reason = ReasonCode::PROTOCOL_ERROR;
                self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
                return;
            }
            if let Some(asked) = disconnect.properties.session_expiry_interval_s() {
                if asked != 0
                    && link.connect_expiry_s == 0
                    && !self.state.rules.breaks(Fault::ExpiryRaisedFromZero)
                {
                    // [5 RULE-3.14.2.2.2-1]: no valid DISCONNECT, so the Will stays in force.
                    let reason = ReasonCode::PROTOCOL_ERROR;
                    self.refuse(turn, key, reason, DisconnectReason::ProtocolError);
                    return;
                }
                if !self.state.rules.breaks(Fault::DisconnectExpiryIgnored) {
                    session.expiry = Expiry::granted(&self.state.rules.config, asked);
                }
            }
        }
        let reason = match disconnect.reason {
            ReasonCode::SUCCESS => DisconnectReason::Normal,
            ReasonCode::DISCONNECT_WITH_WILL_MESSAGE => DisconnectReason::WithWill,
            _ => DisconnectReason::ClientError,
        };
        let ghost = self
            .state
            .rules
            .breaks(Fault::PacketsAfterClientDisconnectProcessed);
        // [3.1.1 RULE-3.14.4-1] [5 RULE-3.14.4-1] [3.1.1 MQTT-3.14.4-1]; what comes behind it finds nobody
        // [3.1.1 MQTT-3.14.4-2].
        let left_open = self.state.rules.breaks(Fault::ClientDisconnectLeftOpen)
            || self.state.rules.chooses(Liberty::ClosingLeftToClient);
        if !ghost && !left_open {
            turn.close(connection);
        }
        self.end_connection(turn, key, reason);
        if ghost {
            self.state.connections.insert(connection, Phase::Ghost);
        }
    }

    /// Ends the connection for a fault of the client's: in version 5 with DISCONNECT. [3.1.1 MQTT-4.8.0-1]
    /// [5 MQTT-4.13.1-1] [5 RULE-4.13.1-1]
    pub(crate) fn refuse(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        code: ReasonCode,
        reason: DisconnectReason,
    ) {
        let silent = reason == DisconnectReason::ProtocolError
            && self.state.rules.breaks(Fault::ErrorsWithoutDisconnect)
            || self.parts_silently(reason);
        let code = match reason {
            DisconnectReason::ProtocolError => self.code_of_error(code),
            _ => code,
        };
        match self.state.sessions.at(key).and_then(|s| s.link.as_ref()) {
            Some(link) if silent => turn.close(link.connection),
            _ => self.dismiss(turn, key, code, None),
        }
        self.end_connection(turn, key, reason);
    }

    /// Whether the connection is just closed. [5 RULE-4.13.1-1] [5 MQTT-4.13.2-1]
    fn parts_silently(&self, reason: DisconnectReason) -> bool {
        self.state.rules.chooses(match reason {
            DisconnectReason::ProtocolError => Liberty::ErrorsCloseSilently,
            DisconnectReason::KeepAliveTimeout => Liberty::SilenceClosesSilently,
            DisconnectReason::ServerShutdown => Liberty::StopsSilently,
            DisconnectReason::Kicked => Liberty::KicksSilently,
            DisconnectReason::AuthenticationFailed => Liberty::FailedProofClosesSilently,
            _ => return false,
        })
    }

    /// The code that is told of an error. [5 RULE-4.13.1-1]
    pub(crate) fn code_of_error(&self, code: ReasonCode) -> ReasonCode {
        let is_other = code == ReasonCode::PAYLOAD_FORMAT_INVALID
            || code == ReasonCode::NOT_AUTHORIZED
            || code == ReasonCode::QUOTA_EXCEEDED;
        if is_other {
            // No error of the packet's.
            code
        } else if self.state.rules.chooses(Liberty::ErrorsAsMalformed) {
            ReasonCode::MALFORMED_PACKET
        } else if self.state.rules.chooses(Liberty::ErrorsAsProtocolErrors) {
            ReasonCode::PROTOCOL_ERROR
        } else if self.state.rules.chooses(Liberty::ErrorsUnspecified) {
            ReasonCode::UNSPECIFIED_ERROR
        } else {
            code
        }
    }

    /// DISCONNECT where the version has one from a server, then the close. [5 MQTT-3.14.4-1]
    /// [5 MQTT-3.14.4-2] [5 MQTT-3.14.2-2] [5 MQTT-4.13.2-1]
    pub(crate) fn dismiss(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        reason: ReasonCode,
        server_reference: Option<ByteString>,
    ) {
        let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
            return;
        };
        if link.version == ProtocolVersion::V5 {
            let mut properties = Properties::new();
            let server_reference = server_reference
                .filter(|_| !self.state.rules.chooses(Liberty::ServerReferenceWithheld));
            properties
                .0
                .extend(server_reference.map(Property::ServerReference));
            let disconnect = Disconnect { reason, properties };
            send(
                link,
                &self.state.rules,
                turn,
                Packet::Disconnect(disconnect),
            );
            if self.state.rules.breaks(Fault::PacketAfterDisconnect) {
                turn.send(link.connection, Packet::PingResp);
            }
            if self.state.rules.breaks(Fault::DisconnectWithoutClose) {
                return;
            }
        }
        turn.close(link.connection);
    }

    /// The connection is over, and was not taken over.
    pub(crate) fn end_connection(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        reason: DisconnectReason,
    ) {
        let Some(client) = self.unlink(turn, key) else {
            return;
        };
        turn.hook(HookEvent::ClientDisconnected { client, reason });
        self.settle_will(turn, key, reason);
        if self.state.rules.breaks(Fault::SharedBegunGivenAway) {
            self.give_begun_away(turn, key);
        }
        if self.state.rules.chooses(Liberty::SharedQos1PassedOnAtOnce) {
            self.give_broken_away(turn, key);
        }
        self.settle_session(turn, key);
    }

    /// Takes the connection off the session.
    fn unlink(&mut self, turn: &Turn<'_>, key: SessionKey) -> Option<ByteString> {
        let session = self.state.sessions.at_mut(key)?;
        let link = session.link.take()?;
        session.closed_at = Some(turn.now);
        if session.will.as_ref().is_some_and(Will::is_delayed)
            && self.state.rules.breaks(Fault::DelayedWillBlocksSubscribing)
        {
            let filters = session.subscriptions.keys().cloned().collect();
            self.state
                .topics
                .blocked
                .insert(session.client.clone(), filters);
        }
        if self.state.rules.breaks(Fault::AliasesOutliveConnection) {
            session.old_aliases = link.aliases_in;
        }
        self.state.connections.remove(&link.connection);
        self.state.timers.cancel(Timer::KeepAlive(key));
        self.state.timers.cancel(Timer::Resend(key));
        Some(session.client.clone())
    }

    /// What becomes of the Will at the end of its connection.
    fn settle_will(&mut self, turn: &mut Turn<'_>, key: SessionKey, reason: DisconnectReason) {
        let rules = &self.state.rules;
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        let Some(will) = &session.will else {
            return;
        };
        let Some(trigger) = will_trigger(reason) else {
            if rules.breaks(Fault::WillPublishedOnNormalDisconnect) {
                self.publish_will(turn, key, WillTrigger::ConnectionLost);
            } else if !rules.breaks(Fault::WillOfEarlierConnection) {
                // [3.1.1 MQTT-3.14.4-3] [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.14.4-3] [5 MQTT-3.1.2-10]
                session.will = None;
            }
            return;
        };
        let lost = match reason {
            DisconnectReason::WithWill => Fault::WillLostOn0x04,
            DisconnectReason::ConnectionLost => Fault::WillLostOnConnectionLoss,
            DisconnectReason::ClientError => Fault::WillLostOnClientError,
            DisconnectReason::KeepAliveTimeout => Fault::WillLostOnKeepAliveTimeout,
            DisconnectReason::ProtocolError => Fault::WillLostOnProtocolError,
            _ => Fault::WillLostOnServerDisconnect,
        };
        if rules.breaks(lost) {
            session.will = None;
            return;
        }
        if reason == DisconnectReason::ServerShutdown
            && rules.config.durable
            && !rules.chooses(Liberty::WillsPublishedAtStop)
        {
            // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-2]: it may wait for the next start, and then somebody can hear it.
            return;
        }
        // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-1]: as soon as it is due.
        let late = match rules.breaks(Fault::WillLate) {
            true => WILL_LATE_BY,
            false
                if session.expiry != Expiry::AtClose
                    && rules.chooses(Liberty::WillsAMomentLate) =>
            {
                A_MOMENT
            }
            false => Duration::ZERO,
        };
        let delay = will.delay.saturating_add(late);
        if delay.is_zero() || rules.breaks(Fault::WillDelayIgnored) {
            // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
            self.publish_will(turn, key, trigger);
        } else if session.expiry != Expiry::AtClose {
            let at = turn.now.saturating_add(delay);
            self.state.timers.set(Timer::WillDelay(key), at);
        }
        // Else the session ends now, and its end publishes the Will.
    }

    /// What becomes of the session at the end of its connection.
    fn settle_session(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let Some(session) = self.state.sessions.at(key) else {
            return;
        };
        let expiry = match session.expiry {
            _ if self.state.rules.breaks(Fault::SessionLostOnDisconnect) => Expiry::AtClose,
            Expiry::After(_) if self.state.rules.breaks(Fault::SessionNeverExpires) => {
                Expiry::Never
            }
            Expiry::After(span) if self.state.rules.chooses(Liberty::SessionsEndAMomentLate) => {
                Expiry::After(span + A_MOMENT)
            }
            Expiry::After(span) if self.state.rules.breaks(Fault::SessionExpiresEarly) => {
                Expiry::After(span / 2)
            }
            Expiry::AtClose
                if self
                    .state
                    .rules
                    .breaks(Fault::CleanSessionOutlivesConnection) =>
            {
                Expiry::Never
            }
            Expiry::AtClose | Expiry::After(_)
                if self.state.rules.breaks(Fault::WillDelayProlongsSession) =>
            {
                session.prolonged()
            }
            expiry => expiry,
        };
        match expiry {
            // [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2]
            Expiry::AtClose => self.end_session(turn, key, TerminationReason::Normal),
            // [5 MQTT-3.1.2-23]
            Expiry::After(span) => self
                .state
                .timers
                .set(Timer::SessionExpiry(key), turn.now.saturating_add(span)),
            Expiry::Never => {}
        }
    }

    /// Publishes the Will, and forgets it. [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.1.2-10]
    pub(crate) fn publish_will(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        trigger: WillTrigger,
    ) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        let client = session.client.clone();
        let Some(will) = session.will.take() else {
            return;
        };
        if self.state.rules.breaks(Fault::WillKeptAfterPublishing) {
            session.will = Some(will.clone());
        }
        self.state.timers.cancel(Timer::WillDelay(key));
        turn.hook(HookEvent::WillPublished {
            client: client.clone(),
            topic: will.message.topic.clone(),
            trigger,
        });
        let mut message = will.into_message(client, turn.now);
        // [3.1.1 MQTT-3.1.2-16] [3.1.1 MQTT-3.1.2-17] [5 MQTT-3.1.2-14] [5 MQTT-3.1.2-15]
        if self.state.rules.breaks(Fault::WillUserPropertiesReversed) {
            message.properties.0.reverse();
        }
        message.retain = (message.retain || self.state.rules.breaks(Fault::WillAlwaysRetained))
            && !self.state.rules.breaks(Fault::WillNeverRetained);
        route(
            &self.state.rules,
            &mut self.state.sessions,
            &mut self.state.topics,
            turn,
            message,
            None,
        );
    }

    /// The session ends: its Will, if one waits, is due now. [5 MQTT-3.1.2-8]
    pub(crate) fn end_session(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        reason: TerminationReason,
    ) {
        if !self.state.rules.breaks(Fault::WillLostOnSessionEnd) {
            self.publish_will(turn, key, WillTrigger::SessionEnded);
        }
        self.state.timers.cancel(Timer::WillDelay(key));
        self.state.timers.cancel(Timer::SessionExpiry(key));
        let Some(session) = self.state.sessions.remove(key) else {
            return;
        };
        for (filter, granted) in &session.subscriptions {
            self.state
                .topics
                .subscriptions
                .remove(granted.filter(filter), key);
        }
        if reason == TerminationReason::Discarded
            && self.state.rules.breaks(Fault::DiscardedSubscriptionBlocks)
        {
            let filters = session.subscriptions.keys().cloned().collect();
            self.state
                .topics
                .blocked
                .insert(session.client.clone(), filters);
        }
        self.inherit(turn, *session, reason);
    }

    /// Says that the session ended, and passes what it had of Shared Subscriptions on to their other members.
    fn inherit(&mut self, turn: &mut Turn<'_>, mut session: Session, reason: TerminationReason) {
        turn.hook(HookEvent::SessionTerminated {
            client: session.client.clone(),
            reason,
        });
        if self.state.rules.breaks(Fault::RetainedGoneWithSession) {
            self.state.topics.retained.remove_of(&session.client);
        }
        let rules = &self.state.rules;
        let started = session.inflight.drain().into_iter().filter_map(|stage| {
            let Stage::Published(delivery) = stage else {
                return None;
            };
            let passed_on = match delivery.qos {
                // [5 RULE-4.8.2-2]
                QoS::AtLeastOnce => {
                    !rules.breaks(Fault::SharedQos1LostWithSession)
                        && !rules.chooses(Liberty::SharedQos1EndsWithSession)
                }
                // [5 MQTT-4.8.2-5]: a QoS 2 delivery that has begun goes to nobody else.
                _ => rules.breaks(Fault::SharedBegunInherited),
            };
            passed_on.then_some(delivery)
        });
        let left: Vec<Delivery> = started.chain(session.queue.take()).collect();
        for delivery in left {
            let expired = delivery.message.is_expired(turn.now)
                && !self.state.rules.breaks(Fault::MessageExpiryIgnored);
            if expired {
                // [5 MQTT-3.3.2-5]: to another member its delivery would only begin.
                dropped(&session, turn, &delivery, DropReason::Expired);
            } else if !self.pass_on(turn, &delivery) {
                dropped(&session, turn, &delivery, DropReason::SessionEnded);
            }
        }
    }

    /// Hands a shared message to another member of its group; says whether there was one.
    fn pass_on(&mut self, turn: &mut Turn<'_>, delivery: &Delivery) -> bool {
        let Some(whole) = &delivery.shared else {
            return false;
        };
        let Some(Filter::Shared { group, filter }) = Filter::parse(whole, ProtocolVersion::V5)
        else {
            return false;
        };
        let (rules, sessions) = (&self.state.rules, &self.state.sessions);
        let standing = |member: &Subscriber| standing(rules, sessions, member, &delivery.message);
        let Some(member) = self
            .state
            .topics
            .subscriptions
            .choose(group, filter, standing)
        else {
            return false;
        };
        let mut copy = copy(&self.state.rules, &delivery.message, &member);
        copy.shared = Some(whole.clone());
        deliver(
            &self.state.rules,
            &mut self.state.sessions,
            turn,
            member.session,
            copy,
        );
        true
    }

    /// Of a fault: QoS 2 deliveries that have begun go to other members, since this one is away.
    /// [5 MQTT-4.8.2-4]
    fn give_begun_away(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        for delivery in session.inflight.take_shared() {
            self.give_away(turn, &delivery, key);
        }
    }

    /// Of a liberty: QoS 1 deliveries that have begun go to members who are there, since this one is away.
    /// [5 RULE-4.8.2-2]
    fn give_broken_away(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let begun = self
            .state
            .sessions
            .at(key)
            .map(|s| s.inflight.shared_qos1());
        for (id, delivery) in begun.unwrap_or_default() {
            let whole = delivery.shared.as_deref().unwrap_or_default();
            let others = other_members(&mut self.state.topics.subscriptions, whole, key);
            if delivery.message.is_expired(turn.now) {
                // [5 MQTT-3.3.2-5]: with another its delivery would only begin.
                continue;
            }
            if let Some(other) = others.iter().find(|other| self.is_linked(other.session)) {
                if let Some(session) = self.state.sessions.at_mut(key) {
                    session.inflight.remove(id);
                }
                let mut copy = copy(&self.state.rules, &delivery.message, other);
                copy.shared = delivery.shared;
                deliver(
                    &self.state.rules,
                    &mut self.state.sessions,
                    turn,
                    other.session,
                    copy,
                );
            }
        }
    }

    /// Of faults and liberties: hands a shared message to a member other than this one.
    pub(crate) fn give_away(&mut self, turn: &mut Turn<'_>, delivery: &Delivery, from: SessionKey) {
        let Some(whole) = &delivery.shared else {
            return;
        };
        if let Some(member) =
            other_members(&mut self.state.topics.subscriptions, whole, from).first()
        {
            let copy = copy(&self.state.rules, &delivery.message, member);
            deliver(
                &self.state.rules,
                &mut self.state.sessions,
                turn,
                member.session,
                copy,
            );
        }
    }

    /// Another connection comes for a connected client. The old one is closed, without a `client.disconnected`.
    /// Says whether the session survives.
    pub(crate) fn take_over(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        clean_start: bool,
    ) -> bool {
        self.displace(turn, key);
        let Some(session) = self.state.sessions.at(key) else {
            return false;
        };
        let ends = clean_start || session.expiry == Expiry::AtClose;
        let delayed = session.will.as_ref().is_some_and(Will::is_delayed);
        // Of a disputed case: [5 MQTT-3.1.3-9] as its own section reads it.
        let spared = !clean_start
            && self
                .state
                .rules
                .chooses(Liberty::DelayedWillSparedByResumption);
        if delayed && (!ends || spared) {
            // [5 MQTT-3.1.3-9]
            if let Some(session) = self.state.sessions.at_mut(key) {
                session.will = None;
            }
        } else if !self.state.rules.breaks(Fault::WillLostOnTakeover) {
            // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8] [5 RULE-3.1.4-2]. Where the old session had no expiry, a Will
            // Delay, and the new connection asks for Clean Start 0, the standard's two comments disagree. Here the
            // session ends with its connection, and what ends with a session publishes its Will.
            self.publish_will(turn, key, WillTrigger::TakenOver);
        }
        self.misuse_takeover(key);
        if ends {
            self.end_session(turn, key, TerminationReason::Conflict);
        }
        !ends
    }

    /// What faults do to the session and the client id that are taken over.
    fn misuse_takeover(&mut self, key: SessionKey) {
        let Some(session) = self.state.sessions.at_mut(key) else {
            return;
        };
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        if self.state.rules.breaks(Fault::TakeoverLosesInflight) {
            session.inflight.clear();
        }
        if self.state.rules.breaks(Fault::IdRefusedAfterTakeover) {
            let refusal = Redirect {
                reason: ReasonCode::SERVER_UNAVAILABLE,
                server_reference: None,
            };
            self.redirects.insert(session.client.clone(), refusal);
        }
    }

    /// [3.1.1 MQTT-3.1.4-2] [5 MQTT-3.1.4-3]
    fn displace(&mut self, turn: &mut Turn<'_>, key: SessionKey) {
        let silent = self.state.rules.breaks(Fault::NoDisconnectOnTakeover)
            || self.state.rules.chooses(Liberty::TakeoverClosesSilently);
        let reason = match self
            .state
            .rules
            .breaks(Fault::TakeoverSaysAdministrativeAction)
        {
            true => ReasonCode::ADMINISTRATIVE_ACTION,
            false => ReasonCode::SESSION_TAKEN_OVER,
        };
        let Some(link) = self.state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
            return;
        };
        if self.state.rules.breaks(Fault::TakeoverLeavesOldOpen) {
            // Neither told nor closed.
        } else if silent {
            turn.close(link.connection);
        } else {
            self.dismiss(turn, key, reason, None);
        }
        self.unlink(turn, key);
    }

    /// A client comes back to its offline session. Says whether the session survives.
    pub(crate) fn reopen(
        &mut self,
        turn: &mut Turn<'_>,
        key: SessionKey,
        clean_start: bool,
    ) -> bool {
        if clean_start {
            self.end_session(turn, key, TerminationReason::Discarded);
            return false;
        }
        self.state.timers.cancel(Timer::SessionExpiry(key));
        self.state.timers.cancel(Timer::WillDelay(key));
        if self.state.rules.breaks(Fault::WillDelayNotCancelled) {
            self.publish_will(turn, key, WillTrigger::DelayElapsed);
        }
        if let Some(session) = self.state.sessions.at_mut(key)
            && !self.state.rules.breaks(Fault::WillOfEarlierConnection)
        {
            // [5 MQTT-3.1.3-9]
            session.will = None;
        }
        true
    }
}

/// What makes the Will due; `None` when it is discarded.
fn will_trigger(reason: DisconnectReason) -> Option<WillTrigger> {
    Some(match reason {
        DisconnectReason::Normal => return None,
        DisconnectReason::WithWill => WillTrigger::DisconnectWithWill,
        DisconnectReason::ClientError => WillTrigger::ClientError,
        DisconnectReason::ConnectionLost => WillTrigger::ConnectionLost,
        DisconnectReason::KeepAliveTimeout => WillTrigger::KeepAliveTimeout,
        DisconnectReason::ProtocolError => WillTrigger::ProtocolError,
        DisconnectReason::AuthenticationFailed => WillTrigger::AuthenticationFailed,
        DisconnectReason::Kicked => WillTrigger::Kicked,
        DisconnectReason::Redirected => WillTrigger::Redirected,
        DisconnectReason::ServerShutdown => WillTrigger::ServerShutdown,
    })
}
