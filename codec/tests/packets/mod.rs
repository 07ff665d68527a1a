//! Random packets, covering everything that the standard allows.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Properties, Property,
    PropertyId, PropertyPlace, ProtocolVersion, Publish, QoS, ReasonCode, RetainHandling, SubAck,
    Subscribe, Subscription, SubscriptionOptions, UnsubAck, Unsubscribe, Will,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Generates a packet of this version, with everything that the standard allows in it.
pub(crate) fn packet(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let both = prop_oneof![
        connect(version),
        connack(version),
        publish(version),
        ack(version),
        subscribe(version),
        suback(version),
        unsubscribe(version),
        unsuback(version),
        prop_oneof![Just(Packet::PingReq), Just(Packet::PingResp)],
        disconnect(version),
    ];
    match version {
        ProtocolVersion::V5 => prop_oneof![10 => both, 1 => auth()].boxed(),
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => both.boxed(),
    }
}

pub(crate) fn connect(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let flags = (any::<bool>(), any::<u16>());
    let logins = option::of((text(), option::of(data())));
    let passwords = option::of(data());
    let properties = properties(PropertyPlace::Packet(PacketType::CONNECT), version);
    let rest = (
        properties,
        text(),
        option::of(will(version)),
        logins,
        passwords,
    );
    (flags, rest)
        .prop_map(move |((clean_start, keep_alive_s), rest)| {
            let (properties, client_id, will, login, lone_password) = rest;
            let (username, password) = match login {
                Some((username, password)) => (Some(username), password),
                None if version == ProtocolVersion::V5 => (None, lone_password),
                None => (None, None),
            };
            Packet::Connect(Box::new(Connect {
                version,
                clean_start,
                keep_alive_s,
                properties,
                client_id,
                will,
                username,
                password,
            }))
        })
        .boxed()
}

fn will(version: ProtocolVersion) -> impl Strategy<Value = Will> {
    let properties = properties(PropertyPlace::Will, version);
    (topic(), data(), qos(), any::<bool>(), properties).prop_map(
        |(topic, payload, qos, retain, properties)| Will {
            topic,
            payload,
            qos,
            retain,
            properties,
        },
    )
}

pub(crate) fn connack(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::CONNACK);
    (any::<bool>(), reason(), properties(place, version))
        .prop_map(|(session_present, reason, properties)| {
            Packet::ConnAck(ConnAck {
                session_present,
                reason,
                properties,
            })
        })
        .boxed()
}

pub(crate) fn publish(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::PUBLISH);
    let flags = (any::<bool>(), qos(), any::<bool>());
    let fields = (topic(), packet_id(), properties(place, version), data());
    (flags, fields)
        .prop_map(|((dup, qos, retain), (topic, id, properties, payload))| {
            Packet::Publish(Publish {
                dup: dup && qos != QoS::AtMostOnce,
                qos,
                retain,
                topic,
                packet_id: Some(id).filter(|_| qos != QoS::AtMostOnce),
                properties,
                payload,
            })
        })
        .boxed()
}

/// Generates PUBACK, PUBREC, PUBREL or PUBCOMP.
pub(crate) fn ack(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::PUBACK);
    let ack = (packet_id(), outcome(place, version));
    let kinds: [fn(Ack) -> Packet; 4] = [
        Packet::PubAck,
        Packet::PubRec,
        Packet::PubRel,
        Packet::PubComp,
    ];
    (ack, proptest::sample::select(kinds.to_vec()))
        .prop_map(|((packet_id, (reason, properties)), kind)| {
            kind(Ack {
                packet_id,
                reason,
                properties,
            })
        })
        .boxed()
}

pub(crate) fn subscribe(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::SUBSCRIBE);
    let subscriptions = vec((text(), options(version)), 1..4);
    (packet_id(), properties(place, version), subscriptions)
        .prop_map(|(packet_id, properties, subscriptions)| {
            let subscription = |(filter, options)| Subscription { filter, options };
            Packet::Subscribe(Subscribe {
                packet_id,
                properties,
                subscriptions: subscriptions.into_iter().map(subscription).collect(),
            })
        })
        .boxed()
}

fn options(version: ProtocolVersion) -> BoxedStrategy<SubscriptionOptions> {
    let handlings = vec![
        RetainHandling::Send,
        RetainHandling::SendIfNew,
        RetainHandling::DoNotSend,
    ];
    match version {
        ProtocolVersion::V5 => {
            let handling = proptest::sample::select(handlings);
            let flags = (any::<bool>(), any::<bool>());
            let options = (qos(), flags, handling);
            options
                .prop_map(|(qos, (no_local, retain_as_published), retain_handling)| {
                    SubscriptionOptions {
                        qos,
                        no_local,
                        retain_as_published,
                        retain_handling,
                    }
                })
                .boxed()
        }
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => {
            qos().prop_map(SubscriptionOptions::new).boxed()
        }
    }
}

pub(crate) fn suback(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::SUBACK);
    (packet_id(), properties(place, version), vec(reason(), 1..5))
        .prop_map(|(packet_id, properties, reasons)| {
            Packet::SubAck(SubAck {
                packet_id,
                properties,
                reasons,
            })
        })
        .boxed()
}

pub(crate) fn unsubscribe(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::UNSUBSCRIBE);
    (packet_id(), properties(place, version), vec(text(), 1..4))
        .prop_map(|(packet_id, properties, filters)| {
            Packet::Unsubscribe(Unsubscribe {
                packet_id,
                properties,
                filters,
            })
        })
        .boxed()
}

pub(crate) fn unsuback(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::UNSUBACK);
    let reasons = match version {
        ProtocolVersion::V5 => vec(reason(), 1..5).boxed(),
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => Just(Vec::new()).boxed(),
    };
    (packet_id(), properties(place, version), reasons)
        .prop_map(|(packet_id, properties, reasons)| {
            Packet::UnsubAck(UnsubAck {
                packet_id,
                properties,
                reasons,
            })
        })
        .boxed()
}

pub(crate) fn disconnect(version: ProtocolVersion) -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::DISCONNECT);
    outcome(place, version)
        .prop_map(|(reason, properties)| Packet::Disconnect(Disconnect { reason, properties }))
        .boxed()
}

pub(crate) fn auth() -> BoxedStrategy<Packet> {
    let place = PropertyPlace::Packet(PacketType::AUTH);
    let with_method = (reason(), text(), properties(place, ProtocolVersion::V5));
    with_method
        .prop_map(|(reason, method, mut properties)| {
            let has_method = |p: &Property| p.id() == PropertyId::AUTHENTICATION_METHOD;
            if !properties.iter().any(has_method) {
                properties.push(Property::AuthenticationMethod(method));
            }
            Packet::Auth(Auth { reason, properties })
        })
        .boxed()
}

/// Generates a reason and properties, which earlier versions do not have.
fn outcome(
    place: PropertyPlace,
    version: ProtocolVersion,
) -> BoxedStrategy<(ReasonCode, Properties)> {
    match version {
        ProtocolVersion::V5 => (reason(), properties(place, version)).boxed(),
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => {
            Just((ReasonCode::SUCCESS, Properties::new())).boxed()
        }
    }
}

/// Generates any of the properties that are allowed there, in any order. Only the User Property appears more than once.
/// A Topic Alias and an Authentication Method are never missing if the packet needs them.
pub(crate) fn properties(
    place: PropertyPlace,
    version: ProtocolVersion,
) -> BoxedStrategy<Properties> {
    if version != ProtocolVersion::V5 {
        return Just(Properties::new()).boxed();
    }
    let allowed = PropertyId::ALL.iter().filter(|id| id.is_allowed_in(place));
    let all: Vec<PropertyId> = allowed.copied().collect();
    let count = all.len();
    let some = proptest::sample::subsequence(all, 0..=count).prop_shuffle();
    let some = some.prop_flat_map(|ids| ids.into_iter().map(property).collect::<Vec<_>>());
    let more = vec(property(PropertyId::USER_PROPERTY), 0..3);
    (some, more)
        .prop_map(|(mut properties, more)| {
            properties.extend(more);
            let has = |id| properties.iter().any(|p: &Property| p.id() == id);
            let needs_method = has(PropertyId::AUTHENTICATION_DATA);
            if needs_method && !has(PropertyId::AUTHENTICATION_METHOD) {
                properties.push(Property::AuthenticationMethod("m".into()));
            }
            Properties(properties)
        })
        .boxed()
}

fn property(id: PropertyId) -> BoxedStrategy<Property> {
    use PropertyId as Id;
    let flag = || 0..=1_u8;
    match id {
        Id::PAYLOAD_FORMAT_INDICATOR => flag().prop_map(Property::PayloadFormatIndicator).boxed(),
        Id::MESSAGE_EXPIRY_INTERVAL => any::<u32>()
            .prop_map(Property::MessageExpiryInterval)
            .boxed(),
        Id::CONTENT_TYPE => text().prop_map(Property::ContentType).boxed(),
        Id::RESPONSE_TOPIC => topic().prop_map(Property::ResponseTopic).boxed(),
        Id::CORRELATION_DATA => data().prop_map(Property::CorrelationData).boxed(),
        Id::SUBSCRIPTION_IDENTIFIER => subscription_identifier(),
        Id::SESSION_EXPIRY_INTERVAL => any::<u32>()
            .prop_map(Property::SessionExpiryInterval)
            .boxed(),
        Id::ASSIGNED_CLIENT_IDENTIFIER => {
            text().prop_map(Property::AssignedClientIdentifier).boxed()
        }
        Id::SERVER_KEEP_ALIVE => any::<u16>().prop_map(Property::ServerKeepAlive).boxed(),
        Id::AUTHENTICATION_METHOD => text().prop_map(Property::AuthenticationMethod).boxed(),
        Id::AUTHENTICATION_DATA => data().prop_map(Property::AuthenticationData).boxed(),
        Id::REQUEST_PROBLEM_INFORMATION => {
            flag().prop_map(Property::RequestProblemInformation).boxed()
        }
        Id::WILL_DELAY_INTERVAL => any::<u32>().prop_map(Property::WillDelayInterval).boxed(),
        Id::REQUEST_RESPONSE_INFORMATION => flag()
            .prop_map(Property::RequestResponseInformation)
            .boxed(),
        Id::RESPONSE_INFORMATION => text().prop_map(Property::ResponseInformation).boxed(),
        Id::SERVER_REFERENCE => text().prop_map(Property::ServerReference).boxed(),
        Id::REASON_STRING => text().prop_map(Property::ReasonString).boxed(),
        Id::RECEIVE_MAXIMUM => (1..=u16::MAX).prop_map(Property::ReceiveMaximum).boxed(),
        Id::TOPIC_ALIAS_MAXIMUM => any::<u16>().prop_map(Property::TopicAliasMaximum).boxed(),
        Id::TOPIC_ALIAS => (1..=u16::MAX).prop_map(Property::TopicAlias).boxed(),
        Id::MAXIMUM_QOS => flag().prop_map(Property::MaximumQoS).boxed(),
        Id::RETAIN_AVAILABLE => flag().prop_map(Property::RetainAvailable).boxed(),
        Id::MAXIMUM_PACKET_SIZE => (1..=u32::MAX).prop_map(Property::MaximumPacketSize).boxed(),
        Id::WILDCARD_SUBSCRIPTION_AVAILABLE => flag()
            .prop_map(Property::WildcardSubscriptionAvailable)
            .boxed(),
        Id::SUBSCRIPTION_IDENTIFIER_AVAILABLE => flag()
            .prop_map(Property::SubscriptionIdentifierAvailable)
            .boxed(),
        Id::SHARED_SUBSCRIPTION_AVAILABLE => flag()
            .prop_map(Property::SharedSubscriptionAvailable)
            .boxed(),
        Id::USER_PROPERTY => (text(), text())
            .prop_map(|(name, value)| Property::UserProperty(name, value))
            .boxed(),
        other => unreachable!("{other} is no property"),
    }
}

fn subscription_identifier() -> BoxedStrategy<Property> {
    let values = prop_oneof![
        1..=268_435_455_u32,
        Just(127),
        Just(128),
        Just(16_383),
        Just(16_384),
        Just(2_097_151),
        Just(2_097_152),
        Just(268_435_455),
    ];
    values.prop_map(Property::SubscriptionIdentifier).boxed()
}

/// Generates any string that the standard allows, including control characters and non-characters.
pub(crate) fn text() -> impl Strategy<Value = ByteString> {
    let characters = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        1 => any::<char>(),
        1 => Just('\u{feff}'),
        1 => Just('/'),
    ];
    vec(characters, 0..12).prop_map(|characters| {
        let text: String = characters.into_iter().filter(|c| *c != '\0').collect();
        text.into()
    })
}

/// Generates a Topic Name.
pub(crate) fn topic() -> impl Strategy<Value = ByteString> {
    text().prop_map(|text| {
        let text = text.replace(['+', '#'], "");
        match text.is_empty() {
            true => "/".into(),
            false => text.into(),
        }
    })
}

fn data() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..20).prop_map(Bytes::from)
}

fn qos() -> impl Strategy<Value = QoS> {
    proptest::sample::select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

fn reason() -> impl Strategy<Value = ReasonCode> {
    prop_oneof![Just(ReasonCode::SUCCESS), any::<u8>().prop_map(ReasonCode)]
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|id| PacketId::new(id).expect("is not 0"))
}
