//! What a CONNACK that accepts says.

use bytestring::ByteString;
use mqtt_check_codec::{ConnAck, Connect, Properties, Property, ProtocolVersion, QoS, ReasonCode};

use super::Broker;
use super::state::session::Expiry;
use crate::{Fault, Liberty};

impl Broker {
    /// [3.1.1 MQTT-3.2.2-1] [3.1.1 MQTT-3.2.2-2] [3.1.1 MQTT-3.2.2-3] [5 MQTT-3.2.2-2] [5 MQTT-3.2.2-3]
    pub(crate) fn session_present(&self, connect: &Connect, resumed: bool) -> bool {
        if connect.version == ProtocolVersion::V3_1 {
            // 3.1 has no such bit.
            return false;
        }
        if connect.clean_start {
            return resumed || self.state.rules.breaks(Fault::SessionPresentOnCleanStart);
        }
        if resumed {
            !self.state.rules.breaks(Fault::SessionPresentNever)
        } else {
            self.state.rules.breaks(Fault::SessionPresentWhenNew)
        }
    }

    /// What CONNACK announces, which is what is enforced; what is the standard's default goes without saying.
    pub(crate) fn connack_properties(
        &self,
        connect: &Connect,
        expiry: Expiry,
        assigned: Option<ByteString>,
    ) -> Properties {
        let config = &self.state.rules.config;
        let mut properties = Properties::new();
        let everything = self.state.rules.chooses(Liberty::DefaultsAnnounced);
        let asked = connect.properties.session_expiry_interval_s().unwrap_or(0);
        if (everything || expiry != Expiry::from_s(asked))
            && !self.state.rules.breaks(Fault::ExpiryCutSilently)
        {
            properties.push(Property::SessionExpiryInterval(expiry.as_s()));
        }
        if everything || config.receive_maximum < u16::MAX {
            properties.push(Property::ReceiveMaximum(config.receive_maximum));
        }
        if config.maximum_qos < QoS::ExactlyOnce
            && !self.state.rules.breaks(Fault::MaximumQosNotAnnounced)
        {
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
        if everything || !config.wildcard_subscription_available {
            let available = config.wildcard_subscription_available.into();
            properties.push(Property::WildcardSubscriptionAvailable(available));
        }
        if everything || !config.subscription_identifier_available {
            let available = config.subscription_identifier_available.into();
            properties.push(Property::SubscriptionIdentifierAvailable(available));
        }
        if everything || !config.shared_subscription_available {
            let available = config.shared_subscription_available.into();
            properties.push(Property::SharedSubscriptionAvailable(available));
        }
        // [5 MQTT-3.2.2-22]: what goes unsaid here would have to be the client's.
        let told = !self.state.rules.breaks(Fault::ServerKeepAliveNotAnnounced);
        if let (Some(keep_alive_s), true) = (config.server_keep_alive_s, told) {
            properties.push(Property::ServerKeepAlive(keep_alive_s));
        }
        if config.server_keep_alive_s.is_none()
            && self.state.rules.chooses(Liberty::KeepAliveRepeated)
        {
            properties.push(Property::ServerKeepAlive(connect.keep_alive_s));
        }
        let asked = connect.properties.request_response_information() == Some(1);
        if self.state.rules.breaks(Fault::ResponseInformationUnasked) {
            let information = ByteString::from_static("response");
            properties.push(Property::ResponseInformation(information));
        } else if let (true, Some(information)) = (asked, &config.response_information) {
            // [5 MQTT-3.1.2-28]
            let information = ByteString::from(information.as_str());
            properties.push(Property::ResponseInformation(information));
        }
        // [5 MQTT-4.12.0-6]: no Authentication Method for a client that gave none.
        let asked = connect.properties.authentication_method().is_some();
        if !asked && self.state.rules.breaks(Fault::AuthMethodUnasked) {
            let method = ByteString::from_static("unasked");
            properties.push(Property::AuthenticationMethod(method));
        }
        properties
    }
}

/// The CONNACK that a fault sends once more.
pub(crate) const fn again() -> ConnAck {
    ConnAck {
        session_present: false,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    }
}
