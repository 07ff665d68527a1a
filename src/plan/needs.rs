//! What a case needs of a target although the scenario does not say so.

use std::sync::Arc;

use mqtt_check_codec::{PacketType, ProtocolVersion, QoS};

use super::client_actions;
use crate::scenario::model::{
    Action, BrokerAction, Capability, ClientAction, Driver, Expr, FrameContent, FrameTemplate,
    Literal, PacketTemplate, Route, Scene, SendBytes, Settings, Step, Transport,
};

/// One thing that a target must offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    Capability(Capability),
    /// A setting of the broker with a value other than the default, by its name.
    Setting(&'static str),
    /// A node, and the transport to it.
    Route(Route),
    /// The client library that plays a client.
    Driver(Driver),
    /// Exclusive use of the broker.
    Alone,
}

/// Returns everything that the scene needs, without duplicates. What the scenario says itself comes first.
pub(super) fn of(scene: &Scene) -> Vec<Need> {
    let mut needs: Vec<Need> = scene.needs.iter().copied().map(Need::Capability).collect();
    let mut add = |need: Need| {
        if !needs.contains(&need) {
            needs.push(need);
        }
    };
    let control = scene.control.as_ref().map(|control| &control.required);
    for required in std::iter::once(&scene.required).chain(control) {
        for name in required.required_names() {
            add(Need::Setting(name));
        }
    }
    if scene.exclusive.is_required() {
        add(Need::Alone);
    }
    for client in &scene.clients {
        if client.route.transport == Transport::WebSocket {
            add(Need::Capability(Capability::WebSocket));
        }
        if client.route.transport != Transport::Default || client.route.node > 0 {
            add(Need::Route(client.route));
        }
        if client.driver != Driver::Wire {
            add(Need::Driver(client.driver));
        }
    }
    for step in &scene.steps {
        if let Action::Broker(action) = &step.action {
            if let BrokerAction::Node { node, .. } = action
                && *node > 0
            {
                add(Need::Route(Route {
                    transport: Transport::Default,
                    node: *node,
                }));
            }
            add(Need::Capability(match action {
                BrokerAction::Kick { .. } => Capability::Kick,
                BrokerAction::Redirect { .. } => Capability::Redirect,
                BrokerAction::Restart | BrokerAction::Stop | BrokerAction::Kill => {
                    Capability::Restart
                }
                BrokerAction::Node { .. } => Capability::NodeControl,
            }));
        }
    }
    let settings = &scene.settings;
    for capability in used(scene) {
        if !is_denied(settings, capability) {
            add(Need::Capability(capability));
        }
    }
    // A user name that no setting defines is accepted only where anonymous clients may connect.
    let knows_users = scene.settings.users.is_some() || scene.settings.authentication.is_some();
    if !knows_users && names_user(&scene.steps) {
        add(Need::Capability(Capability::Anonymous));
    }
    needs
}

/// Returns whether a server with these settings lacks the capability, so that a case that uses it is about its absence.
fn is_denied(settings: &Settings, capability: Capability) -> bool {
    let is_below = |qos: QoS| settings.maximum_qos.is_some_and(|maximum| maximum < qos);
    let is_off = |setting: Option<bool>| setting == Some(false);
    match capability {
        Capability::QoS1 => is_below(QoS::AtLeastOnce),
        Capability::QoS2 => is_below(QoS::ExactlyOnce),
        Capability::Retain => is_off(settings.retain_available),
        Capability::WildcardSubscriptions => is_off(settings.wildcard_subscription_available),
        Capability::SharedSubscriptions => is_off(settings.shared_subscription_available),
        Capability::SubscriptionIdentifiers => is_off(settings.subscription_identifier_available),
        _ => false,
    }
}

/// Returns the capabilities that packets without lies use in the steps of a scene.
fn used(scene: &Scene) -> Vec<Capability> {
    let mut used = Vec::new();
    client_actions(&scene.steps, &mut |_, client, action| {
        collect(action, scene.clients[client.0].version, &mut used);
    });
    used
}

/// Returns whether a client sends a user name in a CONNECT without lies.
fn names_user(steps: &[Arc<Step>]) -> bool {
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

fn collect(action: &ClientAction, version: ProtocolVersion, used: &mut Vec<Capability>) {
    match action {
        ClientAction::Exchange(exchange) => {
            if exchange.scram.is_some() {
                used.push(Capability::EnhancedAuthentication);
            }
            from_template(&exchange.packet, version, used);
        }
        ClientAction::Send(SendBytes::Packet(template)) => from_template(template, version, used),
        ClientAction::Batch(actions)
        | ClientAction::Frame(FrameTemplate {
            content: FrameContent::Packets(actions),
            ..
        }) => actions.iter().for_each(|a| collect(a, version, used)),
        _ => {}
    }
}

fn from_template(template: &PacketTemplate, version: ProtocolVersion, used: &mut Vec<Capability>) {
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
                // A server without a QoS accepts the subscription but grants a lower one than the case expects later.
                match filter.qos {
                    1 => used.push(Capability::QoS1),
                    2 => used.push(Capability::QoS2),
                    _ => {}
                }
                let Expr::Literal(Literal::Bytes(text)) = &filter.filter else {
                    continue;
                };
                // In earlier versions such a filter means what it says.
                if text.starts_with(b"$share/") && version == ProtocolVersion::V5 {
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

/// Returns whether a field is given and has this value.
fn is(template: &PacketTemplate, name: &str, value: bool) -> bool {
    template
        .fields
        .iter()
        .any(|f| f.name == name && f.value == Expr::Literal(Literal::Bool(value)))
}
