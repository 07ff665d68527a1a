//! Faults and permitted variations for a PUBLISH that is not accepted.

use std::sync::Arc;

use mqtt_check_codec::Publish;
use mqtt_check_codec::topic::check_name;

use crate::core::deliver::retained::retain;
use crate::core::deliver::routing::route;
use crate::core::state::State;
use crate::core::state::session_key::SessionKey;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// For faults: delivers or retains a PUBLISH whose acknowledgement refuses it.
pub(super) fn misuse_refused(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    publish: &Publish,
) {
    let aliased = publish.properties.topic_alias().is_some();
    if state.rules.breaks(Fault::RefusedPublishPassedOn)
        || aliased && state.rules.breaks(Fault::AliasedRefusalPassedOn)
    {
        let live = Publish {
            retain: false,
            ..publish.clone()
        };
        pass_on(state, turn, key, live);
    }
    if state.rules.breaks(Fault::RefusedPublishRetained) {
        let Some(session) = state.sessions.at(key) else {
            return;
        };
        let message = session.message(publish.clone(), turn.now);
        retain(&state.rules, &mut state.topics.retained, &Arc::new(message));
    }
}

/// For a permitted variation: delivers a PUBLISH that ends the connection, if its topic is valid. [5 MQTT-4.13.1-1]
pub(super) fn pass_on_errant(
    state: &mut State,
    turn: &mut Turn<'_>,
    key: SessionKey,
    publish: Publish,
) {
    let Some(version) = state.sessions.version(key) else {
        return;
    };
    if state.rules.chooses(Liberty::ErrantPublishPassedOn)
        && check_name(&publish.topic, version).is_ok()
    {
        pass_on(state, turn, key, publish);
    }
}

fn pass_on(state: &mut State, turn: &mut Turn<'_>, key: SessionKey, publish: Publish) {
    let Some(session) = state.sessions.at(key) else {
        return;
    };
    let message = session.message(publish, turn.now);
    let client = message.publisher.clone();
    let State {
        rules,
        sessions,
        topics,
        ..
    } = state;
    route(rules, sessions, topics, turn, message, Some(client));
}
