//! The session of an accepted CONNECT, new or resumed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::topic::{has_wildcard, matches};
use mqtt_check_codec::{ConnAck, Connect, PacketId, ProtocolVersion, QoS, ReasonCode};

use crate::core::deliver::beside::wear_waiting;
use crate::core::deliver::delivery::{greet, resume};
use crate::core::ending::session::forget_subscriptions;
use crate::core::ending::takeover::{reopen, take_over};
use crate::core::ending::will::publish_will;
use crate::core::input::Time;
use crate::core::packet::late;
use crate::core::rules::Rules;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::inflight::Stage;
use crate::core::state::link::{Link, OutboundAliases};
use crate::core::state::message::{Delivery, Message};
use crate::core::state::queue::Queue;
use crate::core::state::redirect::{Redirect, Redirects};
use crate::core::state::retained::Retained;
use crate::core::state::session::{Received, Session};
use crate::core::state::session_key::SessionKey;
use crate::core::state::small_map::SmallMap;
use crate::core::state::subscription::Granted;
use crate::core::state::timer::Timer;
use crate::core::state::will::Will;
use crate::core::turn::Turn;
use crate::hook::WillTrigger;
use crate::{Fault, HookEvent, Liberty};

/// The fault [`Fault::KeepAliveGrowsOnResume`] adds this for each resumption.
const MORE_SILENCE: Duration = Duration::from_secs(10);

/// For faults: parts of an old session that are moved to a new one.
#[derive(Debug, Default)]
struct Salvage {
    subscriptions: BTreeMap<ByteString, Granted>,
    queue: Queue,
    received: BTreeMap<PacketId, Received>,
    inflight: Vec<(PacketId, Stage)>,
}

/// Returns the session of this client, and whether it was resumed or is new. [3.1.1 MQTT-3.1.4-3] [5 MQTT-3.1.4-4]
pub(crate) fn claim_session(
    state: &mut State,
    redirects: &mut Redirects,
    turn: &mut Turn<'_>,
    connect: &Connect,
) -> (SessionKey, bool) {
    let mut left = None;
    let mut is_clean_takeover = false;
    if let Some(key) = state.sessions.key(&connect.client_id) {
        if connect.clean_start {
            if !state.rules.faults.is_none() {
                left = salvage(state, key);
            }
            // [3.1.1 MQTT-3.1.2-7] [5 RULE-4.1-1]
            if state.rules.breaks(Fault::RetainedGoneWithCleanStart) {
                state
                    .topics
                    .retained
                    .remove_of(&connect.client_id, Time::ZERO);
            }
        }
        // [3.1.1 MQTT-3.1.4-2] [5 MQTT-3.1.4-3]
        let is_other = state.sessions.version(key) != Some(connect.version);
        if let Some(session) = state.sessions.at_mut(key) {
            let is_authenticated = connect.properties.authentication_method().is_some();
            // [5 MQTT-3.1.4-3]
            let is_left_open = is_other && state.rules.breaks(Fault::OtherVersionLeavesOldOpen)
                || is_authenticated
                    && state
                        .rules
                        .breaks(Fault::AuthenticatedTakeoverLeavesOldOpen);
            if session.traces.left_open != is_left_open {
                session.traces.left_open = is_left_open;
            }
        }
        // [5 MQTT-3.1.4-3]
        if connect.version != ProtocolVersion::V5
            && state.sessions.version(key) == Some(ProtocolVersion::V5)
            && state.rules.breaks(Fault::TakeoverByOlderUnannounced)
            && let Some(session) = state.sessions.at_mut(key)
            && let Some(link) = &session.link
        {
            turn.close(link.connection);
            session.traces.left_open = true;
        }
        // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
        if is_other
            && state.sessions.is_linked(key)
            && state.rules.breaks(Fault::OtherVersionTakeoverLosesWill)
            && let Some(session) = state.sessions.at_mut(key)
        {
            session.will = None;
        }
        is_clean_takeover = state.sessions.is_linked(key) && connect.clean_start;
        let survives = if state.sessions.is_linked(key) {
            if state.rules.chooses(Liberty::TakeoversGuarded) {
                let client = connect.client_id.clone();
                state.sessions.taken_over.insert(client, turn.now);
            }
            if state.rules.breaks(Fault::IdRefusedAfterTakeover) {
                let refusal = Redirect {
                    reason: ReasonCode::SERVER_UNAVAILABLE,
                    server_reference: None,
                };
                redirects.insert(connect.client_id.clone(), refusal);
            }
            take_over(state, turn, key, connect.clean_start)
        } else {
            // [5 MQTT-3.1.3-9]
            if is_in_other_version(state, key, connect)
                && state.rules.breaks(Fault::OtherVersionPublishesDelayedWill)
            {
                publish_will(state, turn, key, WillTrigger::DelayElapsed);
            }
            reopen(state, turn, key, connect.clean_start)
        };
        if survives {
            if !state.rules.faults.is_none() {
                if let Some(session) = state.sessions.at_mut(key) {
                    session.traces.resumed = true;
                    session.traces.resumptions += 1;
                }
                undo_changes(state, key);
                forget_in_part(state, key, connect);
            }
            if state.rules.breaks(Fault::SubscriptionsLostOnResume) {
                forget_subscriptions(state, key);
            }
            // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
            turn.hook(HookEvent::SessionResumed {
                client: connect.client_id.clone(),
            });
            return (key, true);
        }
    }
    // [3.1.1 MQTT-3.1.2-6] [5 MQTT-3.1.2-4] [5 MQTT-3.1.2-6]. The Client Identifier is copied, so that the session does
    // not keep the buffer of the client's packet alive.
    let client = ByteString::from(&*connect.client_id);
    turn.hook(HookEvent::SessionCreated {
        client: client.clone(),
    });
    let key = state.sessions.insert(Session::new(client));
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if is_clean_takeover && state.rules.breaks(Fault::CleanTakeoverClearsLater) {
        late::clear_later(state, turn, key);
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if let Some(at) = state.topics.left_at.remove(&*connect.client_id)
        && turn.now.saturating_sub(at) < Duration::from_millis(20)
        && state.rules.breaks(Fault::EndedSessionClearsLater)
    {
        late::clear_later(state, turn, key);
    }
    // [5 MQTT-4.1.0-2]
    if state.rules.breaks(Fault::ExpiredSubscriptionsReturn) && !connect.clean_start {
        let ended = state.sessions.ended.iter_mut();
        let mut ended = ended.filter(|again| again.client == connect.client_id);
        if let Some(again) = ended.next() {
            left = Some(Salvage {
                subscriptions: again.subscriptions.take(),
                ..Salvage::default()
            });
        }
    }
    if let Some(left) = left {
        for (whole, granted) in &left.subscriptions {
            let filter = granted.filter(whole);
            state
                .topics
                .subscriptions
                .insert(whole, filter, key, *granted);
        }
        if let Some(session) = state.sessions.at_mut(key) {
            session.subscriptions.extend(left.subscriptions);
            session.weigh();
            session.queue = left.queue;
            session.received.extend(left.received);
            for (sequence, (id, stage)) in (1..).zip(left.inflight) {
                session.inflight.keep(id, sequence, stage);
            }
        }
    }
    (key, false)
}

/// For faults: whether the session is resumed in another protocol version.
fn is_in_other_version(state: &State, key: SessionKey, connect: &Connect) -> bool {
    let session = state.sessions.at(key);
    session.is_some_and(|session| session.traces.version.is_some_and(|v| v != connect.version))
}

/// For faults: takes parts of a session that Clean Start should discard.
fn salvage(state: &State, key: SessionKey) -> Option<Salvage> {
    let session = state.sessions.at(key)?;
    let mut left = Salvage::default();
    if state.rules.breaks(Fault::CleanStartKeepsSubscriptions) {
        left.subscriptions = SmallMap::clone(&session.subscriptions).into_map();
    } else if state.rules.breaks(Fault::CleanStartStaysInGroup) {
        let all = SmallMap::clone(&session.subscriptions)
            .into_map()
            .into_iter();
        left.subscriptions = all.filter(|(_, granted)| granted.shared).collect();
    } else if state.rules.breaks(Fault::CleanStartKeepsQueue) {
        left.queue = session.queue.clone();
    } else if state.rules.breaks(Fault::CleanStartKeepsReceived) {
        left.received = SmallMap::clone(&session.received).into_map();
    } else if state.rules.breaks(Fault::CleanStartKeepsInflight) {
        let inflight = &session.inflight;
        let all = inflight.ids();
        let all = all.filter_map(|id| Some((id, inflight.stage(id)?.clone())));
        left.inflight = all.collect();
    }
    Some(left)
}

/// Stores in the session what it keeps of the CONNECT.
pub(crate) fn keep_of_connect(
    state: &mut State,
    key: SessionKey,
    connect: Connect,
    expiry: Expiry,
) {
    if !state.rules.faults.is_none()
        && let Some(session) = state.sessions.at_mut(key)
    {
        let asked = Some(connect.keep_alive_s);
        let servers = state.rules.config.server_keep_alive;
        let is_newer = connect.version == ProtocolVersion::V5;
        session.traces.keeps_servers = is_newer && asked == servers;
        session.traces.exceeds_servers = is_newer && servers.is_some() && asked > servers;
    }
    let kept = state.sessions.kept.clone();
    let mut expiry = expiry;
    if state.rules.breaks(Fault::OnceCleanAlwaysClean) {
        let discarded = &mut state.topics.discarded;
        if connect.clean_start {
            discarded.entry(connect.client_id.clone()).or_default();
        } else if discarded.contains_key(&connect.client_id) {
            // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-23]
            expiry = Expiry::AtClose;
        }
    }
    // [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-6]
    if state.rules.breaks(Fault::OnceCleanRefusesUnclean)
        && connect.clean_start
        && expiry == Expiry::AtClose
    {
        let client = connect.client_id.clone();
        state.sessions.connected_clean.insert(client);
    }
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    session.expiry = match session.traces.resumed {
        true if !state.rules.faults.is_none() => {
            kept_expiry(&state.rules, session, &connect, expiry)
        }
        _ => expiry,
    };
    if !state.rules.faults.is_none() {
        let asked = connect.properties.request_response_information() == Some(1);
        session.traces.asked_response |= asked;
        session.traces.asks_response = asked;
        session.traces.clean_start = connect.clean_start;
        session.traces.authenticated = connect.properties.authentication_method().is_some();
        // [5 MQTT-3.1.2-23]
        if session.traces.authenticated && state.rules.breaks(Fault::AuthenticatedExpiryLost) {
            session.expiry = Expiry::AtClose;
        }
    }
    let keeps = session.user.is_some() && state.rules.chooses(Liberty::SessionKeepsUser);
    if !keeps {
        // Copied for the same reason as the Client Identifier.
        session.log_in(connect.username.map(|user| ByteString::from(&*user)));
    }
    // [3.1.1 MQTT-4.1.0-2] [5 MQTT-4.1.0-1]: a session does not end while its client is connected.
    session.closed_at = None;
    // [3.1.1 MQTT-3.1.2-12]: the Will of this connection, and of no other.
    let will = connect.will.map(Will::new);
    if will.is_some() || !state.rules.breaks(Fault::WillOfEarlierConnection) {
        session.will = will
            .filter(|_| !state.rules.breaks(Fault::WillNotStored))
            .map(Box::new);
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if session.traces.taken_over && state.rules.breaks(Fault::TakeoverDisarmsNewWill) {
        session.will = None;
    }
    if !state.rules.faults.is_none() {
        misplace_will(&state.rules, session);
    }
    if let Some(will) = &mut session.will {
        will.charge.attach(&kept);
    }
}

/// For faults: loses the Will of the connection, or gives it another delay.
fn misplace_will(rules: &Rules, session: &mut Session) {
    // [5 MQTT-3.1.2-7] [5 MQTT-3.1.2-8]
    if session.traces.authenticated && rules.breaks(Fault::AuthenticatedWillLost) {
        session.will = None;
    }
    let Some(will) = &mut session.will else {
        return;
    };
    let former = session.traces.will_delay.replace(will.delay);
    // [5 MQTT-3.1.2-8]
    if let Some(delay) = former.filter(|_| rules.breaks(Fault::PreviousWillDelayKept)) {
        will.delay = delay;
    }
    if let Some(delay) = former.filter(|_| rules.breaks(Fault::LongerWillDelayKept)) {
        will.delay = will.delay.max(delay);
    }
}

/// For faults: how long a resumed session lasts.
fn kept_expiry(rules: &Rules, session: &Session, connect: &Connect, asked: Expiry) -> Expiry {
    let is_other = session.traces.version != Some(connect.version);
    match session.traces.told_expiry {
        // [5 MQTT-3.1.2-23]
        Some(told) if rules.breaks(Fault::DisconnectExpirySticks) => told,
        // [3.1.1 MQTT-4.1.0-1] [5 MQTT-4.1.0-2]
        _ if is_other && rules.breaks(Fault::OtherVersionKeepsExpiry) => session.expiry,
        // [5 MQTT-4.1.0-2]
        _ if session.traces.taken_over && rules.breaks(Fault::TakeoverKeepsExpiry) => {
            session.expiry
        }
        _ if session.expiry == Expiry::Never
            && rules.breaks(Fault::PreviousUnlimitedExpiryKept) =>
        {
            session.expiry
        }
        _ => asked,
    }
}

/// Attaches the connection to the session, sends CONNACK, and continues the session.
pub(crate) fn join(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    mut link: Link,
    connack: ConnAck,
) {
    let kept = state.sessions.kept.clone();
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    if !state.rules.faults.is_none() {
        session.traces.connected_at = turn.now;
        // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
        if let Some(silence) = link.silence
            && session.traces.resumptions > 0
            && state.rules.breaks(Fault::KeepAliveGrowsOnResume)
        {
            let more = u32::try_from(session.traces.resumptions).unwrap_or(u32::MAX);
            link.silence = Some(silence + MORE_SILENCE * more);
        }
        // [5 MQTT-3.1.2-26] [5 MQTT-3.1.2-27]
        if link.authentication.is_some()
            && state.rules.breaks(Fault::ServerAliasesAfterAuthentication)
        {
            link.aliases_out = OutboundAliases::up_to(10, false);
        }
        if link.authentication.is_some() {
            unlimit(&state.rules, &mut link);
        }
        if session.traces.resumed {
            keep_of_former(&state.rules, session, &mut link);
        }
    }
    // [3.1.1 MQTT-3.1.2-7] [3.1.1 RULE-4.1-1] [5 RULE-4.1-1]
    if !state.rules.faults.is_none() {
        let client = session.client.clone();
        let retained = &mut state.topics.retained;
        if retained.has_will_of(&client) && state.rules.breaks(Fault::RetainedWillClearedOnReturn) {
            retained.remove_will_of(&client);
        }
    }
    // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    let unbound = session.traces.resumed && state.rules.breaks(Fault::ResumedKeepAliveNotEnforced);
    if let Some(silence) = link.silence.filter(|_| !unbound) {
        let at = turn.now.saturating_add(silence);
        state.timers.set(Timer::KeepAlive(key), at);
    }
    if let Some(at) = session.traces.doomed_at {
        state.timers.set(Timer::KeepAlive(key), at);
    }
    let event = HookEvent::ClientConnected {
        client: session.client.clone(),
        connack: connack.reason,
        username: session.user.clone(),
        session_present: connack.session_present,
    };
    if let Some(aside) = session.fault_state.there() {
        aside.former.aliases.clear();
        // They come from before a restart, or from an earlier connection.
        if !aside.old_aliases.is_empty() {
            link.aliases_in = std::mem::take(&mut aside.old_aliases);
        }
    }
    // [5 MQTT-4.3.3-8]
    let half_received = session.received.len();
    if half_received > 0 && state.rules.breaks(Fault::HalfReceivedCountOnResume) {
        link.unreleased = u32::try_from(half_received).unwrap_or(u32::MAX);
    }
    link.aliases.attach(&kept);
    session.link = Some(link);
    let (waiting, resent) = match state.rules.faults.is_none() {
        true => (Vec::new(), Vec::new()),
        false => {
            let resent = session.inflight.messages();
            let resent = resent.map(|(_, message)| Arc::clone(message)).collect();
            (session.queue.messages(), resent)
        }
    };
    if state.rules.breaks(Fault::ConnackAfterMessages) {
        resume(session, &state.rules, turn);
    }
    // [3.1.1 MQTT-3.1.4-4] [5 MQTT-3.1.4-5]
    let is_unanswered = session.traces.resumed
        && has_retained(session, &state.topics.retained)
        && state.rules.breaks(Fault::ReconnectBesideRetainedRefused);
    // [3.1.1 MQTT-3.2.0-1] [3.1.1 MQTT-3.1.4-4] [5 MQTT-3.2.0-1] [5 MQTT-3.1.4-5]
    if !is_unanswered {
        greet(session, &state.rules, turn, connack);
    }
    turn.hook(event);
    if !state.rules.breaks(Fault::ConnackAfterMessages) {
        resume(session, &state.rules, turn);
    }
    // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
    if session.traces.taken_over && state.rules.breaks(Fault::TakeoverPublishesNewWill) {
        let will = session.will.clone();
        publish_will(state, turn, key, WillTrigger::TakenOver);
        if let Some(session) = state.sessions.at_mut(key) {
            session.will = will;
        }
    }
    if state.rules.breaks(Fault::WaitingTakenByFirst) {
        take_from_others(state, key, &waiting);
    }
    if !state.rules.faults.is_none() {
        let (rules, sessions) = (&state.rules, &mut state.sessions);
        wear_waiting(rules, sessions, key, turn.now, &resent, &waiting);
    }
}

/// For a fault: whether a subscription of the session matches a retained message.
fn has_retained(session: &Session, retained: &Retained) -> bool {
    let mut filters = session.subscriptions.keys();
    filters.any(|filter| {
        let matching = retained.where_name(|topic| matches(filter, topic));
        !matching.is_empty()
    })
}

/// For faults: removes limits of a client that has authenticated with AUTH.
fn unlimit(rules: &Rules, link: &mut Link) {
    // [5 MQTT-3.1.2-22]
    if rules.breaks(Fault::AuthenticatedKeepAliveNotEnforced) {
        link.silence = None;
    }
    // [5 MQTT-3.1.2-24]
    if rules.breaks(Fault::AuthenticatedPacketSizeLost) {
        link.maximum_packet_size = None;
    }
    // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    if rules.breaks(Fault::AuthenticatedReceiveMaximumLost) {
        link.window.messages = usize::from(rules.config.maximum_inflight);
    }
}

/// For a fault: removes messages that waited for this session from other sessions too. [3.1.1 MQTT-4.5.0-1]
/// [5 MQTT-4.5.0-1]
fn take_from_others(state: &mut State, key: SessionKey, waiting: &[Arc<Message>]) {
    let others = state.sessions.keys().into_iter();
    for other in others.filter(|other| *other != key && !waiting.is_empty()) {
        if let Some(session) = state.sessions.at_mut(other) {
            let is_taken = |message: &Arc<Message>| waiting.iter().any(|m| Arc::ptr_eq(m, message));
            session
                .queue
                .retain(|delivery| !is_taken(&delivery.message));
        }
    }
}

/// For faults: what a resumed session wrongly keeps of its former connection, or loses.
fn keep_of_former(rules: &Rules, session: &mut Session, link: &mut Link) {
    // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    let taken_over = session.traces.taken_over;
    if rules.breaks(Fault::PreviousKeepAliveKept)
        || taken_over && rules.breaks(Fault::TakenOverKeepAliveKept)
    {
        link.silence = session.traces.silence;
    }
    // [3.1.1 MQTT-2.3.1-4] [5 MQTT-2.2.1-4]
    if rules.breaks(Fault::ResumedGivesIdsAgain) {
        session.inflight.forget_ids();
    }
    // [5 MQTT-3.3.2-7] [5 MQTT-3.1.2-26]
    if let Some(former) = session.fault_state.aliases_out.take() {
        let is_known = rules.breaks(Fault::ServerAliasesOutliveConnection)
            || rules.breaks(Fault::ServerAliasesOutliveTakeover);
        link.aliases_out.take_up(former, is_known);
    }
    // [5 MQTT-3.1.2-29]
    if rules.breaks(Fault::ProblemInformationOnResume) {
        link.problem_information = true;
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if session.traces.version != Some(link.version)
        && rules.breaks(Fault::OtherVersionLosesInflight)
    {
        session.inflight.clear();
    }
    // [5 MQTT-3.3.4-9] [5 MQTT-4.9.0-2]
    if let Some(window) = session.traces.window
        && rules.breaks(Fault::PreviousReceiveMaximumKept)
    {
        link.window.messages = window;
    }
    if let Some(window) = session.traces.window.filter(|_| taken_over)
        && rules.breaks(Fault::TakeoverKeepsReceiveMaximum)
    {
        link.window.messages = window;
    }
    // [5 MQTT-3.1.2-24]
    let is_older = link.version != ProtocolVersion::V5;
    // [3.1.1 MQTT-4.5.0-1]
    if is_older && rules.breaks(Fault::OlderInheritsPacketSize)
        || rules.breaks(Fault::PreviousPacketSizeKept)
    {
        link.maximum_packet_size = session.traces.packet_size;
    }
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if let Some(window) = session.traces.window.filter(|_| is_older)
        && rules.breaks(Fault::OlderInheritsReceiveMaximum)
    {
        link.window.messages = window;
    }
    if session.traces.version != Some(link.version) {
        change_version(rules, session);
    }
}

/// For faults: what a session loses when it continues in another protocol version.
fn change_version(rules: &Rules, session: &mut Session) {
    // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
    if rules.breaks(Fault::OtherVersionLosesQueue) {
        session.queue.take();
    }
    // [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-10]
    if rules.breaks(Fault::OtherVersionForgetsReceived) {
        session.received.clear();
    }
    // [3.1.1 MQTT-4.4.0-1] [5 MQTT-4.4.0-1]
    if rules.breaks(Fault::OtherVersionLosesReleases) {
        session
            .inflight
            .retain(|stage| matches!(stage, Stage::Published(_)));
    }
    // [5 MQTT-3.3.2-5] [5 MQTT-3.3.2-6]
    if rules.breaks(Fault::OtherVersionStripsExpiry) {
        let strip = |delivery: &mut Delivery| {
            delivery.message = Arc::new(delivery.message.without_expiry());
        };
        session.inflight.alter(strip);
        session.queue.alter(strip);
    }
    // [5 MQTT-3.3.2-16] [5 MQTT-3.3.2-17] [5 MQTT-3.3.2-20]
    if rules.breaks(Fault::OtherVersionStripsProperties) {
        let strip =
            |delivery: &mut Delivery| Arc::make_mut(&mut delivery.message).forget_properties();
        session.inflight.alter(strip);
        session.queue.alter(strip);
    }
}

/// For faults: removes or changes subscriptions of a resumed session. [3.1.1 MQTT-3.1.2-4] [5 MQTT-3.1.2-5]
fn forget_in_part(state: &mut State, key: SessionKey, connect: &Connect) {
    let is_other = is_in_other_version(state, key, connect);
    let rules = &state.rules;
    let loses_options = is_other && rules.breaks(Fault::OtherVersionForgetsOptions);
    let clean = state.sessions.subscribed_clean.get(&connect.client_id);
    let clean = clean.cloned().unwrap_or_default();
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let is_over =
        session.traces.resumptions > 1 && rules.breaks(Fault::SubscriptionsLostOnSecondResume);
    let taken_over = session.traces.taken_over;
    let loses_wildcards = taken_over && rules.breaks(Fault::WildcardsLostOnTakeover);
    let loses_shared = taken_over && rules.breaks(Fault::TakeoverLosesShared)
        || is_other && rules.breaks(Fault::OtherVersionLosesShared);
    let loses_no_local = taken_over && rules.breaks(Fault::TakeoverForgetsNoLocal);
    let loses_retain = taken_over && rules.breaks(Fault::TakeoverForgetsRetainAsPublished);
    let loses_identifiers = taken_over && rules.breaks(Fault::TakeoverLosesIdentifiers);
    let is_lost = |granted: &Granted| match granted.options.qos {
        _ if granted.shared && loses_shared => true,
        _ if granted.shared && rules.breaks(Fault::SharedSubscriptionsNotKept) => true,
        QoS::AtMostOnce => rules.breaks(Fault::Qos0SubscriptionsNotKept),
        QoS::ExactlyOnce => rules.breaks(Fault::Qos2SubscriptionsNotKept),
        QoS::AtLeastOnce => false,
    };
    let subscriptions = &mut state.topics.subscriptions;
    let all = SmallMap::clone(&session.subscriptions).into_map();
    for (index, (whole, mut granted)) in all.into_iter().enumerate() {
        let is_over = is_over || clean.contains(&whole);
        let is_over = is_over || index >= 20 && rules.breaks(Fault::SubscriptionsBeyond20NotKept);
        if is_over || loses_wildcards && has_wildcard(&whole) || is_lost(&granted) {
            session.subscriptions.remove(&whole);
            subscriptions.remove(granted.filter(&whole), key);
            continue;
        }
        let before = granted;
        let options = &mut granted.options;
        options.no_local &=
            !rules.breaks(Fault::NoLocalNotKept) && !loses_options && !loses_no_local;
        options.retain_as_published &=
            !rules.breaks(Fault::RetainAsPublishedNotKept) && !loses_options && !loses_retain;
        if rules.breaks(Fault::GrantedQosNotKept) {
            options.qos = options.qos.min(QoS::AtLeastOnce);
        }
        if rules.breaks(Fault::IdentifiersNotKept) || loses_options || loses_identifiers {
            granted.identifier = None;
        }
        if granted != before {
            subscriptions.insert(&whole, granted.filter(&whole), key, granted);
            session.subscriptions.insert(whole, granted);
        }
    }
}

/// For faults: reverts changes of subscriptions when the session is resumed. [3.1.1 MQTT-3.8.4-3] [3.1.1 MQTT-3.10.4-1]
/// [5 MQTT-3.8.4-3] [5 MQTT-3.10.4-1]
fn undo_changes(state: &mut State, key: SessionKey) {
    let Some(session) = state.sessions.at_mut(key) else {
        return;
    };
    let removed = std::mem::take(&mut session.fault_state.removed);
    let replaced = std::mem::take(&mut session.fault_state.replaced);
    let made = std::mem::take(&mut session.fault_state.made);
    let mut back = Vec::new();
    if state.rules.breaks(Fault::UnsubscribeUndoneByResume) {
        back.extend(removed);
    }
    if state.rules.breaks(Fault::ReplacementUndoneByResume) {
        back.extend(replaced);
    }
    let subscriptions = &mut state.topics.subscriptions;
    for (whole, granted) in back {
        subscriptions.insert(&whole, granted.filter(&whole), key, granted);
        session.subscriptions.insert(whole, granted);
    }
    if state.rules.breaks(Fault::LaterSubscriptionsLostOnResume) {
        for whole in made {
            if let Some(granted) = session.subscriptions.remove(&whole) {
                subscriptions.remove(granted.filter(&whole), key);
            }
        }
    }
}
