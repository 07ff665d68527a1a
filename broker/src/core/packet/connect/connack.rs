//! The content of a CONNACK that accepts.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{ConnAck, Connect, Properties, Property, ProtocolVersion, QoS, ReasonCode};

use super::limits::is_near_maximum;
use crate::core::rules::Rules;
use crate::core::state::expiry::Expiry;
use crate::core::state::link::Link;
use crate::{Fault, Liberty};

/// Returns the value of Session Present. [3.1.1 MQTT-3.2.2-1] [3.1.1 MQTT-3.2.2-2] [3.1.1 MQTT-3.2.2-3]
/// [5 MQTT-3.2.2-2] [5 MQTT-3.2.2-3]
pub(crate) fn session_present(rules: &Rules, connect: &Connect, resumed: bool) -> bool {
    if connect.version == ProtocolVersion::V3_1 && !rules.chooses(Liberty::SessionPresentIn31) {
        // MQTT 3.1 has no Session Present flag.
        return false;
    }
    if connect.clean_start {
        return resumed || rules.breaks(Fault::SessionPresentOnCleanStart);
    }
    if resumed {
        !rules.breaks(Fault::SessionPresentNever)
    } else {
        rules.breaks(Fault::SessionPresentWhenNew)
    }
}

/// Returns the CONNACK, with Session Present still to be set. `proof` is the Authentication Data for a client that
/// authenticated with a method.
pub(crate) fn connack(
    rules: &Rules,
    connect: &Connect,
    link: &Link,
    expiry: Expiry,
    assigned: Option<ByteString>,
    proof: Option<Bytes>,
) -> ConnAck {
    let mut properties = match connect.version {
        ProtocolVersion::V5 => connack_properties(rules, connect, expiry, assigned),
        _ => Properties::new(),
    };
    if let Some(authentication) = &link.authentication {
        // [5 MQTT-4.12.0-5]
        if !rules.breaks(Fault::ConnackWithoutAuthMethod) {
            let method = authentication.method.clone();
            properties.push(Property::AuthenticationMethod(method));
        }
        let data = proof.map(Property::AuthenticationData);
        properties.0.extend(data);
    }
    ConnAck {
        session_present: false,
        reason: ReasonCode::SUCCESS,
        properties,
    }
}

/// The limits that CONNACK announces, which are those that the broker enforces. Default values are left out.
fn connack_properties(
    rules: &Rules,
    connect: &Connect,
    expiry: Expiry,
    assigned: Option<ByteString>,
) -> Properties {
    let config = &rules.config;
    let mut properties = Properties::new();
    let everything = rules.chooses(Liberty::DefaultsAnnounced);
    let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
    if (everything || expiry != Expiry::from_s(asked))
        && !rules.breaks(Fault::ExpiryCutSilently)
        && !rules.breaks(Fault::SessionExpirySigned)
        && !(asked == 1 && rules.breaks(Fault::SessionExpiryOfOneEnds))
        && !(is_near_maximum(asked) && rules.breaks(Fault::SessionExpiryNearMaximumEnds))
    {
        properties.push(Property::SessionExpiryInterval(expiry.as_s()));
    }
    if everything || config.receive_maximum < u16::MAX {
        properties.push(Property::ReceiveMaximum(config.receive_maximum));
    }
    if config.maximum_qos < QoS::ExactlyOnce && !rules.breaks(Fault::MaximumQosNotAnnounced) {
        // [5 MQTT-3.2.2-9]
        properties.push(Property::MaximumQoS(config.maximum_qos.as_u8()));
    }
    if everything || !config.retain_available {
        let available = config.retain_available.into();
        properties.push(Property::RetainAvailable(available));
    }
    if let Some(maximum) = config.maximum_packet_size {
        properties.push(Property::MaximumPacketSize(maximum));
    }
    if let Some(client) = assigned {
        properties.push(Property::AssignedClientIdentifier(client));
    }
    if everything || config.topic_alias_maximum > 0 {
        properties.push(Property::TopicAliasMaximum(config.topic_alias_maximum));
    }
    if (everything || !config.wildcard_subscription_available)
        && !rules.breaks(Fault::WildcardsUnavailableUnannounced)
    {
        let available = config.wildcard_subscription_available.into();
        properties.push(Property::WildcardSubscriptionAvailable(available));
    }
    if (everything || !config.subscription_identifier_available)
        && !rules.breaks(Fault::IdentifiersUnavailableUnannounced)
    {
        let available = config.subscription_identifier_available.into();
        properties.push(Property::SubscriptionIdentifierAvailable(available));
    }
    if (everything || !config.shared_subscription_available)
        && !rules.breaks(Fault::SharedUnavailableUnannounced)
    {
        let available = config.shared_subscription_available.into();
        properties.push(Property::SharedSubscriptionAvailable(available));
    }
    // [5 MQTT-3.2.2-22]: without this property, the client's own Keep Alive would apply.
    let told = !rules.breaks(Fault::ServerKeepAliveNotAnnounced);
    if let (Some(keep_alive_s), true) = (config.server_keep_alive, told) {
        properties.push(Property::ServerKeepAlive(keep_alive_s));
    }
    if config.server_keep_alive.is_none() && rules.chooses(Liberty::KeepAliveRepeated) {
        properties.push(Property::ServerKeepAlive(connect.keep_alive_s));
    }
    let asked = connect.properties.request_response_information() == Some(1);
    if rules.breaks(Fault::ResponseInformationUnasked) {
        let information = ByteString::from_static("response");
        properties.push(Property::ResponseInformation(information));
    } else if let (true, Some(information)) = (asked, &config.response_information) {
        // [5 MQTT-3.1.2-28]
        let information = ByteString::from(information.as_str());
        properties.push(Property::ResponseInformation(information));
    }
    if !rules.faults.is_none() {
        announce_unasked(rules, connect, &mut properties);
    }
    properties
}

/// For faults: adds properties that the CONNACK must not have.
fn announce_unasked(rules: &Rules, connect: &Connect, properties: &mut Properties) {
    // [5 RULE-2.2.2.2-1]
    let echoed = connect.properties.request_problem_information();
    if let Some(wanted) = echoed.filter(|_| rules.breaks(Fault::RequestProblemInformationEchoed)) {
        properties.push(Property::RequestProblemInformation(wanted));
    }
    // [5 MQTT-4.12.0-6]: no Authentication Method for a client that sent none.
    let asked = connect.properties.authentication_method().is_some();
    if !asked && rules.breaks(Fault::AuthMethodUnasked) {
        let method = ByteString::from_static("unasked");
        properties.push(Property::AuthenticationMethod(method));
    }
}
