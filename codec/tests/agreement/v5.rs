//! Converts our packets to rumqttc's types for 5. Returns `None` if they cannot represent a packet.

use bytes::Bytes;
use mqtt_check_codec::{Ack, Connect, Packet, Properties, QoS, ReasonCode, RetainHandling, Will};
use rumqttc::v5::mqttbytes::{self, v5};

pub(crate) fn theirs(packet: &Packet) -> Option<v5::Packet> {
    Some(match packet {
        Packet::Connect(p) => connect(p)?,
        Packet::ConnAck(p) => v5::Packet::ConnAck(v5::ConnAck {
            session_present: p.session_present,
            code: connack_code(p.reason)?,
            properties: some(&p.properties, connack_properties),
        }),
        Packet::Publish(p) => v5::Packet::Publish(v5::Publish {
            dup: p.dup,
            qos: qos(p.qos),
            retain: p.retain,
            topic: p.topic.as_bytes().clone(),
            pkid: p.packet_id.map_or(0, |id| id.get()),
            payload: p.payload.clone(),
            properties: some(&p.properties, publish_properties),
        }),
        Packet::PubAck(p) => v5::Packet::PubAck(v5::PubAck {
            pkid: p.packet_id.get(),
            reason: puback_reason(p.reason)?,
            properties: outcome(p).map(|(reason_string, user_properties)| v5::PubAckProperties {
                reason_string,
                user_properties,
            }),
        }),
        Packet::PubRec(p) => v5::Packet::PubRec(v5::PubRec {
            pkid: p.packet_id.get(),
            reason: pubrec_reason(p.reason)?,
            properties: outcome(p).map(|(reason_string, user_properties)| v5::PubRecProperties {
                reason_string,
                user_properties,
            }),
        }),
        Packet::PubRel(p) => v5::Packet::PubRel(v5::PubRel {
            pkid: p.packet_id.get(),
            reason: match p.reason.0 {
                0x00 => v5::PubRelReason::Success,
                0x92 => v5::PubRelReason::PacketIdentifierNotFound,
                _ => return None,
            },
            properties: outcome(p).map(|(reason_string, user_properties)| v5::PubRelProperties {
                reason_string,
                user_properties,
            }),
        }),
        Packet::PubComp(p) => v5::Packet::PubComp(v5::PubComp {
            pkid: p.packet_id.get(),
            reason: match p.reason.0 {
                0x00 => v5::PubCompReason::Success,
                0x92 => v5::PubCompReason::PacketIdentifierNotFound,
                _ => return None,
            },
            properties: outcome(p).map(|(reason_string, user_properties)| v5::PubCompProperties {
                reason_string,
                user_properties,
            }),
        }),
        Packet::Subscribe(p) => v5::Packet::Subscribe(v5::Subscribe {
            pkid: p.packet_id.get(),
            filters: p.subscriptions.iter().map(filter).collect(),
            properties: some(&p.properties, |p| v5::SubscribeProperties {
                id: p.subscription_identifiers().next().map(|id| id as usize),
                user_properties: pairs(p),
            }),
        }),
        Packet::SubAck(p) => v5::Packet::SubAck(v5::SubAck {
            pkid: p.packet_id.get(),
            return_codes: p.reasons.iter().map(suback_reason).collect::<Option<_>>()?,
            properties: some(&p.properties, |p| v5::SubAckProperties {
                reason_string: text(p.reason_string()),
                user_properties: pairs(p),
            }),
        }),
        Packet::Unsubscribe(p) => v5::Packet::Unsubscribe(v5::Unsubscribe {
            pkid: p.packet_id.get(),
            filters: p.filters.iter().map(ToString::to_string).collect(),
            properties: some(&p.properties, |p| v5::UnsubscribeProperties {
                user_properties: pairs(p),
            }),
        }),
        Packet::UnsubAck(p) => v5::Packet::UnsubAck(v5::UnsubAck {
            pkid: p.packet_id.get(),
            reasons: p
                .reasons
                .iter()
                .map(unsuback_reason)
                .collect::<Option<_>>()?,
            properties: some(&p.properties, |p| v5::UnsubAckProperties {
                reason_string: text(p.reason_string()),
                user_properties: pairs(p),
            }),
        }),
        Packet::PingReq => v5::Packet::PingReq(v5::PingReq),
        Packet::PingResp => v5::Packet::PingResp(v5::PingResp),
        Packet::Disconnect(p) => v5::Packet::Disconnect(v5::Disconnect {
            reason_code: v5::DisconnectReasonCode::try_from(p.reason.0).ok()?,
            properties: some(&p.properties, |p| v5::DisconnectProperties {
                session_expiry_interval: p.session_expiry_interval_s(),
                reason_string: text(p.reason_string()),
                user_properties: pairs(p),
                server_reference: text(p.server_reference()),
            }),
        }),
        Packet::Auth(_) => return None,
    })
}

fn connect(p: &Connect) -> Option<v5::Packet> {
    let connect = v5::Connect {
        keep_alive: p.keep_alive_s,
        client_id: p.client_id.to_string(),
        clean_start: p.clean_start,
        properties: some(&p.properties, |p| v5::ConnectProperties {
            session_expiry_interval: p.session_expiry_interval_s(),
            receive_maximum: p.receive_maximum(),
            max_packet_size: p.maximum_packet_size(),
            topic_alias_max: p.topic_alias_maximum(),
            request_response_info: p.request_response_information(),
            request_problem_info: p.request_problem_information(),
            user_properties: pairs(p),
            authentication_method: text(p.authentication_method()),
            authentication_data: p.authentication_data(),
        }),
    };
    let login = login(p)?.map(|(username, password)| v5::Login { username, password });
    let is_5 = p.version == mqtt_check_codec::ProtocolVersion::V5;
    is_5.then(|| v5::Packet::Connect(connect, p.will.as_ref().map(will), login))
}

fn will(will: &Will) -> v5::LastWill {
    v5::LastWill {
        topic: will.topic.as_bytes().clone(),
        message: will.payload.clone(),
        qos: qos(will.qos),
        retain: will.retain,
        properties: some(&will.properties, |p| v5::LastWillProperties {
            delay_interval: p.will_delay_interval_s(),
            payload_format_indicator: p.payload_format_indicator(),
            message_expiry_interval: p.message_expiry_interval_s(),
            content_type: text(p.content_type()),
            response_topic: text(p.response_topic()),
            correlation_data: p.correlation_data(),
            user_properties: pairs(p),
        }),
    }
}

/// Returns user name and password as text; one that is absent is empty. The inner `None` means that both are absent,
/// the outer one that rumqttc cannot represent them.
pub(crate) fn login(p: &Connect) -> Option<Option<(String, String)>> {
    let is_lost = |is_empty: Option<bool>| is_empty == Some(true);
    if is_lost(p.username.as_ref().map(|u| u.is_empty()))
        || is_lost(p.password.as_ref().map(Bytes::is_empty))
    {
        return None;
    }
    let username = p.username.as_ref().map_or("", |u| &**u).to_owned();
    let password = p.password.as_deref().unwrap_or_default();
    let password = String::from_utf8(password.to_vec()).ok()?;
    let is_none = username.is_empty() && password.is_empty();
    Some((!is_none).then_some((username, password)))
}

fn connack_properties(p: &Properties) -> v5::ConnAckProperties {
    v5::ConnAckProperties {
        session_expiry_interval: p.session_expiry_interval_s(),
        receive_max: p.receive_maximum(),
        max_qos: p.maximum_qos(),
        retain_available: p.retain_available(),
        max_packet_size: p.maximum_packet_size(),
        assigned_client_identifier: text(p.assigned_client_identifier()),
        topic_alias_max: p.topic_alias_maximum(),
        reason_string: text(p.reason_string()),
        user_properties: pairs(p),
        wildcard_subscription_available: p.wildcard_subscription_available(),
        subscription_identifiers_available: p.subscription_identifier_available(),
        shared_subscription_available: p.shared_subscription_available(),
        server_keep_alive: p.server_keep_alive_s(),
        response_information: text(p.response_information()),
        server_reference: text(p.server_reference()),
        authentication_method: text(p.authentication_method()),
        authentication_data: p.authentication_data(),
    }
}

fn publish_properties(p: &Properties) -> v5::PublishProperties {
    v5::PublishProperties {
        payload_format_indicator: p.payload_format_indicator(),
        message_expiry_interval: p.message_expiry_interval_s(),
        topic_alias: p.topic_alias(),
        response_topic: text(p.response_topic()),
        correlation_data: p.correlation_data(),
        user_properties: pairs(p),
        subscription_identifiers: p.subscription_identifiers().map(|id| id as usize).collect(),
        content_type: text(p.content_type()),
    }
}

fn filter(subscription: &mqtt_check_codec::Subscription) -> v5::Filter {
    let options = subscription.options;
    v5::Filter {
        path: subscription.filter.to_string(),
        qos: qos(options.qos),
        nolocal: options.no_local,
        preserve_retain: options.retain_as_published,
        retain_forward_rule: match options.retain_handling {
            RetainHandling::Send => v5::RetainForwardRule::OnEverySubscribe,
            RetainHandling::SendIfNew => v5::RetainForwardRule::OnNewSubscribe,
            RetainHandling::DoNotSend => v5::RetainForwardRule::Never,
        },
    }
}

fn connack_code(reason: ReasonCode) -> Option<v5::ConnectReturnCode> {
    use v5::ConnectReturnCode as Code;
    Some(match reason {
        ReasonCode::SUCCESS => Code::Success,
        ReasonCode::UNSPECIFIED_ERROR => Code::UnspecifiedError,
        ReasonCode::MALFORMED_PACKET => Code::MalformedPacket,
        ReasonCode::PROTOCOL_ERROR => Code::ProtocolError,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR => Code::ImplementationSpecificError,
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => Code::UnsupportedProtocolVersion,
        ReasonCode::CLIENT_IDENTIFIER_NOT_VALID => Code::ClientIdentifierNotValid,
        ReasonCode::BAD_USER_NAME_OR_PASSWORD => Code::BadUserNamePassword,
        ReasonCode::NOT_AUTHORIZED => Code::NotAuthorized,
        ReasonCode::SERVER_UNAVAILABLE => Code::ServerUnavailable,
        ReasonCode::SERVER_BUSY => Code::ServerBusy,
        ReasonCode::BANNED => Code::Banned,
        ReasonCode::BAD_AUTHENTICATION_METHOD => Code::BadAuthenticationMethod,
        ReasonCode::TOPIC_NAME_INVALID => Code::TopicNameInvalid,
        ReasonCode::PACKET_TOO_LARGE => Code::PacketTooLarge,
        ReasonCode::QUOTA_EXCEEDED => Code::QuotaExceeded,
        ReasonCode::PAYLOAD_FORMAT_INVALID => Code::PayloadFormatInvalid,
        ReasonCode::RETAIN_NOT_SUPPORTED => Code::RetainNotSupported,
        ReasonCode::QOS_NOT_SUPPORTED => Code::QoSNotSupported,
        ReasonCode::USE_ANOTHER_SERVER => Code::UseAnotherServer,
        ReasonCode::SERVER_MOVED => Code::ServerMoved,
        ReasonCode::CONNECTION_RATE_EXCEEDED => Code::ConnectionRateExceeded,
        _ => return None,
    })
}

fn puback_reason(reason: ReasonCode) -> Option<v5::PubAckReason> {
    use v5::PubAckReason as Code;
    Some(match reason {
        ReasonCode::SUCCESS => Code::Success,
        ReasonCode::NO_MATCHING_SUBSCRIBERS => Code::NoMatchingSubscribers,
        ReasonCode::UNSPECIFIED_ERROR => Code::UnspecifiedError,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR => Code::ImplementationSpecificError,
        ReasonCode::NOT_AUTHORIZED => Code::NotAuthorized,
        ReasonCode::TOPIC_NAME_INVALID => Code::TopicNameInvalid,
        ReasonCode::PACKET_IDENTIFIER_IN_USE => Code::PacketIdentifierInUse,
        ReasonCode::QUOTA_EXCEEDED => Code::QuotaExceeded,
        ReasonCode::PAYLOAD_FORMAT_INVALID => Code::PayloadFormatInvalid,
        _ => return None,
    })
}

fn pubrec_reason(reason: ReasonCode) -> Option<v5::PubRecReason> {
    use v5::PubRecReason as Code;
    Some(match reason {
        ReasonCode::SUCCESS => Code::Success,
        ReasonCode::NO_MATCHING_SUBSCRIBERS => Code::NoMatchingSubscribers,
        ReasonCode::UNSPECIFIED_ERROR => Code::UnspecifiedError,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR => Code::ImplementationSpecificError,
        ReasonCode::NOT_AUTHORIZED => Code::NotAuthorized,
        ReasonCode::TOPIC_NAME_INVALID => Code::TopicNameInvalid,
        ReasonCode::PACKET_IDENTIFIER_IN_USE => Code::PacketIdentifierInUse,
        ReasonCode::QUOTA_EXCEEDED => Code::QuotaExceeded,
        ReasonCode::PAYLOAD_FORMAT_INVALID => Code::PayloadFormatInvalid,
        _ => return None,
    })
}

fn suback_reason(reason: &ReasonCode) -> Option<v5::SubscribeReasonCode> {
    use v5::SubscribeReasonCode as Code;
    Some(match *reason {
        ReasonCode::SUCCESS => Code::Success(mqttbytes::QoS::AtMostOnce),
        ReasonCode::GRANTED_QOS_1 => Code::Success(mqttbytes::QoS::AtLeastOnce),
        ReasonCode::GRANTED_QOS_2 => Code::Success(mqttbytes::QoS::ExactlyOnce),
        ReasonCode::UNSPECIFIED_ERROR => Code::Unspecified,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR => Code::ImplementationSpecific,
        ReasonCode::NOT_AUTHORIZED => Code::NotAuthorized,
        ReasonCode::TOPIC_FILTER_INVALID => Code::TopicFilterInvalid,
        ReasonCode::PACKET_IDENTIFIER_IN_USE => Code::PkidInUse,
        ReasonCode::QUOTA_EXCEEDED => Code::QuotaExceeded,
        ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED => Code::SharedSubscriptionsNotSupported,
        ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED => Code::SubscriptionIdNotSupported,
        ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED => Code::WildcardSubscriptionsNotSupported,
        _ => return None,
    })
}

fn unsuback_reason(reason: &ReasonCode) -> Option<v5::UnsubAckReason> {
    use v5::UnsubAckReason as Code;
    Some(match *reason {
        ReasonCode::SUCCESS => Code::Success,
        ReasonCode::NO_SUBSCRIPTION_EXISTED => Code::NoSubscriptionExisted,
        ReasonCode::UNSPECIFIED_ERROR => Code::UnspecifiedError,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR => Code::ImplementationSpecificError,
        ReasonCode::NOT_AUTHORIZED => Code::NotAuthorized,
        ReasonCode::TOPIC_FILTER_INVALID => Code::TopicFilterInvalid,
        ReasonCode::PACKET_IDENTIFIER_IN_USE => Code::PacketIdentifierInUse,
        _ => return None,
    })
}

/// Converts the properties to rumqttc's type, which is absent if there are none.
fn some<T>(properties: &Properties, convert: impl FnOnce(&Properties) -> T) -> Option<T> {
    (!properties.is_empty()).then(|| convert(properties))
}

type Pairs = Vec<(String, String)>;

/// Returns the two properties of an acknowledgement.
fn outcome(ack: &Ack) -> Option<(Option<String>, Pairs)> {
    let properties = &ack.properties;
    some(properties, |p| (text(p.reason_string()), pairs(p)))
}

fn text(text: Option<bytestring::ByteString>) -> Option<String> {
    text.map(|text| text.to_string())
}

fn pairs(properties: &Properties) -> Pairs {
    let pairs = properties.user_properties();
    pairs
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn qos(qos: QoS) -> mqttbytes::QoS {
    match qos {
        QoS::AtMostOnce => mqttbytes::QoS::AtMostOnce,
        QoS::AtLeastOnce => mqttbytes::QoS::AtLeastOnce,
        QoS::ExactlyOnce => mqttbytes::QoS::ExactlyOnce,
    }
}
