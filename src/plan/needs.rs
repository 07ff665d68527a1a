//! What a case needs of a target without saying so.

use mqtt_check_codec::PacketType;

use super::client_actions;
use crate::scenario::model::{
    Action, BrokerAction, Capability, ClientAction, Driver, Expr, FrameContent, FrameTemplate,
    Literal, PacketTemplate, Scene, SendBytes, Settings, Step, Transport, Way,
};

/// One thing that a target must offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    Capability(Capability),
    /// A setting of the broker that is not the default, by its name.
    Setting(&'static str),
    /// A node and what carries packets there.
    Way(Way),
    /// The client library that plays a client.
    Driver(Driver),
    /// The whole broker for itself.
    Alone,
}

/// Everything that the scene needs, each thing once, said ones first.
pub(super) fn of(scene: &Scene) -> Vec<Need> {
    let mut needs: Vec<Need> = scene.needs.iter().copied().map(Need::Capability).collect();
    let mut add = |need: Need| {
        if !needs.contains(&need) {
            needs.push(need);
        }
    };
    for name in changed_settings(&scene.required) {
        add(Need::Setting(name));
    }
    if scene.exclusive {
        add(Need::Alone);
    }
    for client in &scene.clients {
        if client.way.transport == Transport::WebSocket {
            add(Need::Capability(Capability::WebSocket));
        }
        if client.way.transport != Transport::Default || client.way.node > 0 {
            add(Need::Way(client.way));
        }
        if client.driver != Driver::Wire {
            add(Need::Driver(client.driver));
        }
    }
    for step in &scene.steps {
        if let Action::Broker(action) = &step.action {
            add(Need::Capability(match action {
                BrokerAction::Kick { .. } => Capability::Kick,
                BrokerAction::Redirect { .. } => Capability::Redirect,
                BrokerAction::Restart | BrokerAction::Stop => Capability::Restart,
            }));
        }
    }
    for capability in used(&scene.steps) {
        add(Need::Capability(capability));
    }
    // A name that no setting makes known is good where anybody may connect.
    let knows_users = scene.settings.users.is_some() || scene.settings.authentication.is_some();
    if !knows_users && names_user(&scene.steps) {
        add(Need::Capability(Capability::Anonymous));
    }
    needs
}

/// The capabilities that honest packets of these steps use.
fn used(steps: &[Step]) -> Vec<Capability> {
    let mut used = Vec::new();
    client_actions(steps, &mut |_, _, action| collect(action, &mut used));
    used
}

/// Whether a client says who it is, in an honest packet.
fn names_user(steps: &[Step]) -> bool {
    let mut found = false;
    client_actions(steps, &mut |_, _, action| {
        if let ClientAction::Exchange(exchange) = action {
            let packet = &exchange.packet;
            let is_named = packet.fields.iter().any(|field| field.name == "username");
            found |= packet.lies.is_empty() && is_named;
        }
    });
    found
}

fn collect(action: &ClientAction, used: &mut Vec<Capability>) {
    match action {
        ClientAction::Exchange(exchange) => {
            if exchange.scram.is_some() {
                used.push(Capability::EnhancedAuthentication);
            }
            from_template(&exchange.packet, used);
        }
        ClientAction::Send(SendBytes::Packet(template)) => from_template(template, used),
        ClientAction::Batch(actions)
        | ClientAction::Frame(FrameTemplate {
            content: FrameContent::Packets(actions),
            ..
        }) => actions.iter().for_each(|a| collect(a, used)),
        _ => {}
    }
}

fn from_template(template: &PacketTemplate, used: &mut Vec<Capability>) {
    match template.packet_type {
        PacketType::PUBLISH => {
            match number(template, "qos") {
                Some(1) => used.push(Capability::QoS1),
                Some(2) => used.push(Capability::QoS2),
                _ => {}
            }
            if flag(template, "retain") {
                used.push(Capability::Retain);
            }
        }
        PacketType::CONNECT => {
            match number(template, "will_qos") {
                Some(1) => used.push(Capability::QoS1),
                Some(2) => used.push(Capability::QoS2),
                _ => {}
            }
            if flag(template, "will_retain") {
                used.push(Capability::Retain);
            }
            if is(template, "clean_session", false)
                || number(template, "session_expiry_interval").is_some_and(|s| s > 0)
            {
                used.push(Capability::PersistentSessions);
            }
        }
        PacketType::SUBSCRIBE => {
            if template
                .fields
                .iter()
                .any(|f| f.name == "subscription_identifier")
            {
                used.push(Capability::SubscriptionIdentifiers);
            }
            for filter in &template.filters {
                // A server that lacks a QoS takes the subscription but grants less than what is then expected.
                match filter.qos {
                    1 => used.push(Capability::QoS1),
                    2 => used.push(Capability::QoS2),
                    _ => {}
                }
                let Expr::Literal(Literal::Bytes(text)) = &filter.filter else {
                    continue;
                };
                if text.starts_with(b"$share/") {
                    used.push(Capability::SharedSubscriptions);
                }
                if text.contains(&b'+') || text.contains(&b'#') {
                    used.push(Capability::WildcardSubscriptions);
                }
            }
        }
        _ => {}
    }
}

fn number(template: &PacketTemplate, name: &str) -> Option<u64> {
    template
        .fields
        .iter()
        .find(|f| f.name == name)
        .and_then(|f| match f.value {
            Expr::Literal(Literal::Number(n)) => Some(n),
            _ => None,
        })
}

fn flag(template: &PacketTemplate, name: &str) -> bool {
    is(template, name, true)
}

/// Whether a field is given and has this value.
fn is(template: &PacketTemplate, name: &str, value: bool) -> bool {
    template
        .fields
        .iter()
        .any(|f| f.name == name && f.value == Expr::Literal(Literal::Bool(value)))
}

/// The names of the settings that are not left at their default.
fn changed_settings(settings: &Settings) -> Vec<&'static str> {
    let named = [
        ("queue_qos0", settings.queue_qos0.is_some_and(|v| v)),
        (
            "persistent_session_expiry",
            settings.persistent_session_expiry.flatten().is_some(),
        ),
        (
            "maximum_session_expiry",
            settings.maximum_session_expiry.flatten().is_some(),
        ),
        ("durable", settings.durable.is_some_and(|v| v)),
        ("server_keep_alive", settings.server_keep_alive_s.is_some()),
        ("receive_maximum", settings.receive_maximum.is_some()),
        (
            "topic_alias_maximum",
            settings.topic_alias_maximum.is_some(),
        ),
        (
            "maximum_packet_size",
            settings.maximum_packet_size.is_some(),
        ),
        ("maximum_qos", settings.maximum_qos.is_some_and(|v| v != 2)),
        ("retain_available", settings.retain_available == Some(false)),
        (
            "wildcard_subscription_available",
            settings.wildcard_subscription_available == Some(false),
        ),
        (
            "subscription_identifier_available",
            settings.subscription_identifier_available == Some(false),
        ),
        (
            "shared_subscription_available",
            settings.shared_subscription_available == Some(false),
        ),
        (
            "maximum_queued_messages",
            settings.maximum_queued_messages.is_some(),
        ),
        ("reason_strings", settings.reason_strings.is_some_and(|v| v)),
        (
            "short_acknowledgements",
            settings.short_acknowledgements.is_some_and(|v| v),
        ),
        ("maximum_inflight", settings.maximum_inflight.is_some()),
        (
            "maximum_client_id_bytes",
            settings.maximum_client_id_bytes.is_some(),
        ),
        ("dollar_topics", settings.dollar_topics == Some(false)),
        (
            "check_payload_format",
            settings.check_payload_format.is_some_and(|v| v),
        ),
        (
            "response_information",
            settings.response_information.is_some(),
        ),
        ("connect_timeout", settings.connect_timeout.is_some()),
        (
            "maximum_queued_bytes",
            settings.maximum_queued_bytes.is_some(),
        ),
        (
            "maximum_inflight_bytes",
            settings.maximum_inflight_bytes.is_some(),
        ),
        (
            "maximum_message_bytes",
            settings.maximum_message_bytes.is_some(),
        ),
        (
            "maximum_outgoing_bytes",
            settings.maximum_outgoing_bytes.is_some(),
        ),
        (
            "maximum_all_outgoing_bytes",
            settings.maximum_all_outgoing_bytes.is_some(),
        ),
        (
            "maximum_subscriptions",
            settings.maximum_subscriptions.is_some(),
        ),
        (
            "maximum_topic_levels",
            settings.maximum_topic_levels.is_some(),
        ),
        (
            "maximum_connections",
            settings.maximum_connections.is_some(),
        ),
        (
            "maximum_waiting_connections",
            settings.maximum_waiting_connections.is_some(),
        ),
        (
            "maximum_connect_bytes",
            settings.maximum_connect_bytes.is_some(),
        ),
        (
            "maximum_header_bytes",
            settings.maximum_header_bytes.is_some(),
        ),
        (
            "maximum_incoming_bytes",
            settings.maximum_incoming_bytes.is_some(),
        ),
        (
            "maximum_connection_rate",
            settings.maximum_connection_rate.is_some(),
        ),
        ("maximum_sessions", settings.maximum_sessions.is_some()),
        (
            "maximum_client_bytes",
            settings.maximum_client_bytes.is_some(),
        ),
        (
            "maximum_retained_messages",
            settings.maximum_retained_messages.is_some(),
        ),
        (
            "maximum_retained_bytes",
            settings.maximum_retained_bytes.is_some(),
        ),
        ("banned_clients", settings.banned_clients.is_some()),
        ("client_ids", settings.client_ids.is_some()),
        ("origins", settings.origins.is_some()),
        ("users", settings.users.is_some()),
        ("access", settings.access.is_some()),
        ("authentication", settings.authentication.is_some()),
    ];
    named
        .iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| *name)
        .collect()
}
