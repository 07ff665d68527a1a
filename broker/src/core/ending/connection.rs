//! Ends connections, whether the client or the server ends them.

use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Disconnect, Packet, Properties, Property, ProtocolVersion, ReasonCode};

use super::inheritance::{give_begun_away, give_broken_away};
use super::session::settle_session;
use super::will::settle_will;
use crate::core::deliver::outgoing::send;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::session::Sessions;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::hook::DisconnectReason;
use crate::{Fault, HookEvent, Liberty};

/// For a fault: what counts as right behind a message.
const HASTY: Duration = Duration::from_millis(5);

/// Ends a connection, in version 5 with a DISCONNECT that has this reason code. [3.1.1 MQTT-4.8.0-1] [5 MQTT-4.13.1-1]
/// [5 RULE-4.13.1-1]
pub(crate) fn refuse(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    code: ReasonCode,
    reason: DisconnectReason,
) {
    let silent = reason == DisconnectReason::ProtocolError
        && state.rules.breaks(Fault::ErrorsWithoutDisconnect)
        || parts_silently(&state.rules, reason);
    let code = match reason {
        DisconnectReason::ProtocolError => code_of_error(&state.rules, code),
        _ => code,
    };
    // [5 MQTT-3.1.2-8]
    let loses_will = match code {
        ReasonCode::PACKET_TOO_LARGE => state.rules.breaks(Fault::WillLostOnOversizedPacket),
        ReasonCode::TOPIC_ALIAS_INVALID => state.rules.breaks(Fault::WillLostOnAliasError),
        ReasonCode::RECEIVE_MAXIMUM_EXCEEDED => state.rules.breaks(Fault::WillLostOnReceiveMaximum),
        ReasonCode::MALFORMED_PACKET => state.rules.breaks(Fault::WillLostOnMalformedPacket),
        ReasonCode::QOS_NOT_SUPPORTED
        | ReasonCode::RETAIN_NOT_SUPPORTED
        | ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        | ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED
        | ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED => {
            state.rules.breaks(Fault::WillLostOnUnsupported)
        }
        _ => false,
    };
    if loses_will && let Some(session) = state.sessions.at_mut(key) {
        session.will = None;
    }
    match state.sessions.at(key).and_then(|s| s.link.as_ref()) {
        Some(link) if silent => turn.close(link.connection),
        _ => dismiss(&state.rules, &state.sessions, turn, key, code, None),
    }
    end_connection(state, turn, key, reason);
}

/// Sends a required response. If it does not fit the client's Maximum Packet Size, the connection is closed.
pub(crate) fn send_or_close(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    packet: Packet,
) {
    let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    let is_sent = send(link, &state.rules, turn, packet);
    if !is_sent && !state.rules.chooses(Liberty::AnswersTooLargeLeftOut) {
        let reason = ReasonCode::PACKET_TOO_LARGE;
        refuse(state, turn, key, reason, DisconnectReason::ProtocolError);
    }
}

/// Sends DISCONNECT if the version has one from the server, and closes the connection. [5 MQTT-3.14.4-1]
/// [5 MQTT-3.14.4-2] [5 MQTT-3.14.2-2] [5 MQTT-4.13.2-1]
pub(crate) fn dismiss(
    rules: &Rules,
    sessions: &Sessions,
    turn: &mut Turn<'_>,
    key: SessionKey,
    reason: ReasonCode,
    server_reference: Option<ByteString>,
) {
    let Some(link) = sessions.at(key).and_then(|s| s.link.as_ref()) else {
        return;
    };
    if link.version == ProtocolVersion::V5 {
        let mut properties = Properties::new();
        let server_reference =
            server_reference.filter(|_| !rules.chooses(Liberty::ServerReferenceWithheld));
        properties
            .0
            .extend(server_reference.map(Property::ServerReference));
        let disconnect = Disconnect { reason, properties };
        send(link, rules, turn, Packet::Disconnect(disconnect));
        if rules.breaks(Fault::PacketAfterDisconnect) {
            turn.send(link.connection, Packet::PingResp);
        }
        if rules.breaks(Fault::DisconnectWithoutClose) {
            return;
        }
    } else if rules.breaks(Fault::DisconnectSentToOlder) {
        // [3.1.1 RULE-2.2.1-1]
        let properties = Properties::new();
        let disconnect = Disconnect { reason, properties };
        turn.send(link.connection, Packet::Disconnect(disconnect));
    }
    turn.close(link.connection);
}

/// Ends a connection other than by takeover, and settles the Will and the session.
pub(crate) fn end_connection(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    reason: DisconnectReason,
) {
    let Some(client) = unlink(state, turn, key) else {
        return;
    };
    turn.hook(HookEvent::ClientDisconnected { client, reason });
    settle_connection(state, turn, key, reason);
}

/// Closes the connections of these sessions without a packet. Their Wills and sessions are still to be settled.
pub(crate) fn end_links(
    state: &mut State,
    turn: &mut Turn<'_>,
    keys: Vec<SessionKey>,
) -> Vec<(SessionKey, ByteString)> {
    let mut ended = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(link) = state.sessions.at(key).and_then(|s| s.link.as_ref()) {
            turn.close(link.connection);
        }
        ended.extend(unlink(state, turn, key).map(|client| (key, client)));
    }
    ended
}

/// Settles the Will and the session after the connection has ended.
pub(crate) fn settle_connection(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    reason: DisconnectReason,
) {
    settle_will(state, turn, key, reason);
    if state.rules.breaks(Fault::SharedBegunGivenAway) {
        give_begun_away(
            &state.rules,
            &mut state.sessions,
            &mut state.topics,
            turn,
            key,
        );
    }
    if state.rules.chooses(Liberty::SharedQos1PassedOnAtOnce) {
        give_broken_away(
            &state.rules,
            &mut state.sessions,
            &mut state.topics,
            turn,
            key,
        );
    }
    settle_session(state, turn, key);
    let is_broken = matches!(
        reason,
        DisconnectReason::ConnectionLost
            | DisconnectReason::KeepAliveTimeout
            | DisconnectReason::ProtocolError
    );
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5]
    if reason == DisconnectReason::ConnectionLost
        && state.rules.breaks(Fault::RetainedOfTheHastyForgotten)
        && let Some(session) = state.sessions.at(key)
    {
        let since = turn.now.saturating_sub(HASTY);
        state.topics.retained.remove_of(&session.client, since);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if is_broken
        && state.rules.breaks(Fault::QueueLosesFirst)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.traces.broken = true;
    }
    // [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::WaitingLostOnClose)
        && let Some(session) = state.sessions.at_mut(key)
    {
        session.queue.take();
    }
    // [5 MQTT-4.1.0-2]
    if is_broken && state.rules.breaks(Fault::ExpiryOnlyAfterDisconnect) {
        state.timers.cancel(Timer::SessionExpiry(key));
    }
}

/// Removes the connection from the session. Returns the Client Identifier if the session had a connection.
pub(crate) fn unlink(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
) -> Option<ByteString> {
    let session = state.sessions.at_mut(key)?;
    let link = session.link.take()?;
    session.closed_at = Some(turn.now);
    if !state.rules.faults.is_none() {
        session.traces.version = Some(link.version);
        session.traces.silence = link.silence;
        session.traces.packet_size = link.maximum_packet_size;
        session.traces.window = Some(link.window.messages);
        session.traces.restarted = false;
    }
    if session.will.as_ref().is_some_and(|will| will.is_delayed())
        && state.rules.breaks(Fault::DelayedWillBlocksSubscribing)
    {
        let filters = session.subscriptions.keys().cloned().collect();
        state.topics.blocked.insert(session.client.clone(), filters);
    }
    // [5 MQTT-3.3.2-7] [5 MQTT-3.1.2-26]
    if state.rules.breaks(Fault::ServerAliasesOutliveConnection)
        || state.rules.breaks(Fault::PreviousAliasMaximumKept)
    {
        session.fault_state.aliases_out = Some(link.aliases_out);
    }
    if state.rules.breaks(Fault::AliasesOutliveConnection) {
        session.fault_state.old_aliases = link.aliases_in;
    } else if state.rules.breaks(Fault::AliasesOutliveRestart) {
        session.fault_state.former.aliases = link.aliases_in;
    }
    turn.ended.push(link.connection);
    state.timers.cancel(Timer::KeepAlive(key));
    state.timers.cancel(Timer::Resend(key));
    Some(session.client.clone())
}

/// Returns the reason code to send for an error. [5 RULE-4.13.1-1]
pub(crate) fn code_of_error(rules: &Rules, code: ReasonCode) -> ReasonCode {
    let is_other = code == ReasonCode::PAYLOAD_FORMAT_INVALID
        || code == ReasonCode::NOT_AUTHORIZED
        || code == ReasonCode::QUOTA_EXCEEDED;
    if is_other {
        // These codes are not about how a packet is formed.
        code
    } else if rules.chooses(Liberty::ErrorsAsMalformed) {
        ReasonCode::MALFORMED_PACKET
    } else if rules.chooses(Liberty::ErrorsAsProtocolErrors) {
        ReasonCode::PROTOCOL_ERROR
    } else if rules.chooses(Liberty::ErrorsUnspecified) {
        ReasonCode::UNSPECIFIED_ERROR
    } else {
        code
    }
}

/// Returns whether the connection is closed without a DISCONNECT. [5 RULE-4.13.1-1] [5 MQTT-4.13.2-1]
fn parts_silently(rules: &Rules, reason: DisconnectReason) -> bool {
    rules.chooses(match reason {
        DisconnectReason::ProtocolError => Liberty::ErrorsCloseSilently,
        DisconnectReason::KeepAliveTimeout => Liberty::SilenceClosesSilently,
        DisconnectReason::ServerShutdown => Liberty::StopsSilently,
        DisconnectReason::Kicked => Liberty::KicksSilently,
        DisconnectReason::AuthenticationFailed => Liberty::FailedProofClosesSilently,
        _ => return false,
    })
}
