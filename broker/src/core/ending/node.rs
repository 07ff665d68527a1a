//! The loss and the return of a node of a cluster. Its connections end. Sessions, subscriptions, retained messages and
//! Wills belong to no node, so they stay.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::ReasonCode;

use super::connection::{end_links, refuse, settle_connection};
use super::session::{end_session, forget_subscriptions};
use crate::core::deliver::routing::route;
use crate::core::input::{ConnectionId, NodeEvent, NodeId};
use crate::core::state::State;
use crate::core::state::connection::{Connections, Phase};
use crate::core::state::expiry::Expiry;
use crate::core::state::inflight::Stage;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::small_map::SmallMap;
use crate::core::state::subscription::Granted;
use crate::core::state::timer::Timer;
use crate::core::state::will::Will;
use crate::core::turn::Turn;
use crate::hook::{DisconnectReason, TerminationReason, WillTrigger};
use crate::{Fault, HookEvent, Liberty};

/// Carries out what happens to a node.
pub(crate) fn node(
    state: &mut State,
    connections: &mut Connections,
    turn: &mut Turn<'_>,
    node: NodeId,
    event: NodeEvent,
) {
    match event {
        NodeEvent::Killed => kill(state, connections, turn, node),
        NodeEvent::Stopped => stop(state, connections, turn, node),
        NodeEvent::Started => start(state, turn, node),
        NodeEvent::Paused => state.sessions.nodes.pause(node),
        NodeEvent::Continued => {
            state.sessions.nodes.unpause(node);
            // Time that the node has spent paused is not the silence of its clients.
            for key in linked_at(state, node) {
                if let Some(link) = state.sessions.at_mut(key).and_then(|s| s.link.as_mut()) {
                    link.last_received = turn.now;
                }
            }
            state.sessions.nodes.note_back(node);
        }
    }
}

/// The sessions with a connection at this node, in the order of Client Identifiers.
fn linked_at(state: &State, node: NodeId) -> Vec<SessionKey> {
    let sessions = &state.sessions;
    let is_there = |key: &SessionKey| {
        let link = sessions.at(*key).and_then(|s| s.link.as_ref());
        link.is_some_and(|link| sessions.nodes.of(link.connection) == node)
    };
    sessions.keys().into_iter().filter(is_there).collect()
}

/// Ends the node's connections without sending anything.
fn kill(state: &mut State, connections: &mut Connections, turn: &mut Turn<'_>, node: NodeId) {
    state.sessions.nodes.unpause(node);
    let keys = linked_at(state, node);
    if !state.rules.faults.is_none() {
        remember(state, node, &keys);
    }
    // All links end first: what follows from the end of one sends nothing to another one at this node.
    let ended = end_links(state, turn, keys);
    close_unconnected(state, connections, turn, node);
    if !state.rules.faults.is_none() {
        lose_with_node(state, node, &ended);
    }
    for (key, client) in ended {
        let reason = DisconnectReason::ConnectionLost;
        turn.hook(HookEvent::ClientDisconnected {
            client: client.clone(),
            reason,
        });
        // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-2]
        let is_due = |will: &mut Box<Will>| {
            !will.is_delayed() && state.rules.chooses(Liberty::WillsWaitForNode)
        };
        if let Some(session) = state.sessions.at_mut(key)
            && let Some(will) = session.will.take_if(is_due)
        {
            state.sessions.nodes.defer(node, client, will);
        }
        settle_connection(state, turn, key, reason);
    }
    lose_sessions(state, turn, node);
}

/// Ends the node's connections with DISCONNECT 0x8B.
fn stop(state: &mut State, connections: &mut Connections, turn: &mut Turn<'_>, node: NodeId) {
    state.sessions.nodes.unpause(node);
    let keys = linked_at(state, node);
    if !state.rules.faults.is_none() {
        remember(state, node, &keys);
    }
    state.sessions.nodes.is_stopping = true;
    for key in keys {
        let code = ReasonCode::SERVER_SHUTTING_DOWN;
        refuse(state, turn, key, code, DisconnectReason::ServerShutdown);
    }
    state.sessions.nodes.is_stopping = false;
    close_unconnected(state, connections, turn, node);
}

/// Closes the node's connections without an accepted CONNECT.
fn close_unconnected(
    state: &mut State,
    connections: &mut Connections,
    turn: &mut Turn<'_>,
    node: NodeId,
) {
    let all: Vec<ConnectionId> = connections
        .iter()
        .filter(|(_, phase)| matches!(phase, Phase::Opened { .. } | Phase::Authenticating(_)))
        .map(|(connection, _)| *connection)
        .filter(|connection| state.sessions.nodes.of(*connection) == node)
        .collect();
    for connection in all {
        connections.remove(&connection);
        state.timers.cancel(Timer::Connect(connection));
        turn.close(connection);
    }
}

/// A node that was lost accepts connections again.
fn start(state: &mut State, turn: &mut Turn<'_>, node: NodeId) {
    for (client, will) in state.sessions.nodes.deferred(node) {
        publish(state, turn, client, *will);
    }
    state.sessions.nodes.note_back(node);
    if !state.rules.faults.is_none() {
        bring_back(state, turn, node);
    }
}

/// Publishes a Will that no session has any more.
fn publish(state: &mut State, turn: &mut Turn<'_>, client: ByteString, will: Will) {
    turn.hook(HookEvent::WillPublished {
        client: client.clone(),
        topic: will.message.topic.clone(),
        trigger: WillTrigger::ConnectionLost,
    });
    let message = will.into_message(client, turn.now);
    let (sessions, topics) = (&mut state.sessions, &mut state.topics);
    route(&state.rules, sessions, topics, turn, message, None);
}

/// For a fault or a permitted variation: ends the sessions whose last connection was at this node.
fn lose_sessions(state: &mut State, turn: &mut Turn<'_>, node: NodeId) {
    let keys = at_home(state, node);
    if keys.is_empty() {
        return;
    }
    // [3.1.1 section 4.1.1] [5 section 4.1.1]: a failure may lose what the server does not promise to keep.
    let may_lose =
        !state.rules.config.replicated && state.rules.chooses(Liberty::SessionsLostWithNode);
    // [3.1.1 MQTT-4.1.0-1] [5 MQTT-3.1.2-23]
    if may_lose || state.rules.breaks(Fault::NodeLossLosesSessions) {
        for key in keys {
            end_session(state, turn, key, TerminationReason::Discarded);
        }
    }
}

/// The sessions whose last connection was at this node.
fn at_home(state: &State, node: NodeId) -> Vec<SessionKey> {
    let sessions = &state.sessions;
    let is_there = |key: &SessionKey| {
        let session = sessions.at(*key);
        session.is_some_and(|s| s.link.is_none() && sessions.nodes.home(&s.client) == node)
    };
    sessions.keys().into_iter().filter(is_there).collect()
}

/// For faults: the subscriptions of each session that is meant, by its client.
fn subscriptions(
    state: &State,
    is_meant: impl Fn(&Session) -> bool,
) -> BTreeMap<ByteString, BTreeMap<ByteString, Granted>> {
    let sessions = state.sessions.keys().into_iter();
    let sessions = sessions.filter_map(|key| state.sessions.at(key));
    let meant = sessions.filter(|session| is_meant(session));
    let all = meant.map(|session| {
        let subscriptions = SmallMap::clone(&session.subscriptions).into_map();
        (session.client.clone(), subscriptions)
    });
    all.collect()
}

/// For faults: keeps what the node brings back when it returns.
fn remember(state: &mut State, node: NodeId, keys: &[SessionKey]) {
    if state.rules.breaks(Fault::NodeReturnBringsOldRetained) {
        let all = state.topics.retained.where_name(|_| true);
        state.sessions.nodes.former(node).retained = all;
    }
    if state.rules.breaks(Fault::NodeReturnBringsOldSubscriptions) {
        let all = subscriptions(state, |_| true);
        state.sessions.nodes.former(node).subscriptions = all;
    }
    if state.rules.breaks(Fault::NodeReturnBringsEndedSessions) {
        let all = subscriptions(state, |session| session.expiry != Expiry::AtClose);
        state.sessions.nodes.former(node).sessions = all;
    }
    if state.rules.breaks(Fault::NodeReturnPublishesWillsAgain) {
        let sessions = keys.iter().filter_map(|key| state.sessions.at(*key));
        let wills = sessions.filter_map(|s| Some((s.client.clone(), s.will.clone()?)));
        let wills = wills.collect();
        state.sessions.nodes.former(node).wills = wills;
    }
}

/// For faults: loses what the node did not share with the others. `ended` are the sessions that had a connection at the
/// node.
fn lose_with_node(state: &mut State, node: NodeId, ended: &[(SessionKey, ByteString)]) {
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if state.rules.breaks(Fault::NodeLossLosesWills) {
        for (key, _) in ended {
            if let Some(session) = state.sessions.at_mut(*key) {
                session.will = None;
            }
        }
    }
    // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
    if state.rules.breaks(Fault::NodeLossLosesRetained) {
        let messages = state.topics.retained.where_name(|_| true);
        for message in messages {
            if state.sessions.nodes.home(&message.publisher) == node {
                state.topics.retained.remove(&message.topic);
            }
        }
    }
    for key in at_home(state, node) {
        // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
        if state.rules.breaks(Fault::NodeLossLosesSubscriptions) {
            forget_subscriptions(state, key);
        }
        let Some(session) = state.sessions.at_mut(key) else {
            continue;
        };
        // [5 RULE-4.8.2-1]
        if session.expiry == Expiry::AtClose
            && state.rules.breaks(Fault::NodeLossKeepsSharedMembers)
        {
            let all = session.subscriptions.iter();
            let shared = all.filter(|(_, granted)| granted.shared);
            let gone = shared.map(|(filter, _)| (filter.clone(), true));
            state.topics.gone.extend(gone);
        }
        // [3.1.1 MQTT-4.1.0-1] [5 MQTT-3.1.2-23]
        if state.rules.breaks(Fault::NodeLossLosesQueue) {
            session.queue.take();
        }
        // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
        if state.rules.breaks(Fault::NodeLossLosesInflight) {
            let is_release = |stage: &Stage| !matches!(stage, Stage::Published(_));
            session.inflight.retain(is_release);
        }
        if state.rules.breaks(Fault::NodeLossLosesReleases) {
            let is_message = |stage: &Stage| matches!(stage, Stage::Published(_));
            session.inflight.retain(is_message);
        }
        // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
        if state.rules.breaks(Fault::NodeLossForgetsReceived) {
            session.received.clear();
        }
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if state.rules.breaks(Fault::NodeLossUnsubscribesNeighbours) {
        for key in state.sessions.keys() {
            if state.sessions.is_linked(key) {
                forget_subscriptions(state, key);
            }
        }
    }
}

/// For faults: a node that returns brings back the state at the time when it was lost.
fn bring_back(state: &mut State, turn: &mut Turn<'_>, node: NodeId) {
    let former = state.sessions.nodes.take_former(node);
    // [3.1.1 MQTT-3.3.1-5] [5 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-6]
    for message in former.retained {
        state.topics.retained.store(message);
    }
    // [3.1.1 MQTT-3.10.4-2] [5 MQTT-3.10.4-2]
    for (client, subscriptions) in former.subscriptions {
        let Some(key) = state.sessions.key(&client) else {
            continue;
        };
        for (whole, granted) in subscriptions {
            let Some(session) = state.sessions.at_mut(key) else {
                continue;
            };
            if !session.subscriptions.contains_key(&whole) {
                session.subscriptions.insert(whole.clone(), granted);
                let filter = granted.filter(&whole);
                let all = &mut state.topics.subscriptions;
                all.insert(&whole, filter, key, granted);
            }
        }
    }
    // [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2]
    for (client, subscriptions) in former.sessions {
        if state.sessions.key(&client).is_some() {
            continue;
        }
        let mut session = Session::new(client);
        session.expiry = Expiry::Never;
        session.closed_at = Some(turn.now);
        session.subscriptions.extend(subscriptions.clone());
        let key = state.sessions.insert(session);
        for (whole, granted) in subscriptions {
            let filter = granted.filter(&whole);
            let all = &mut state.topics.subscriptions;
            all.insert(&whole, filter, key, granted);
        }
    }
    // [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.1.2-10]
    for (client, will) in former.wills {
        publish(state, turn, client, *will);
    }
}
