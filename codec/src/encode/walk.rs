//! The fields of each packet in wire order.

use super::sink::{BitRange, IntForm, Sink};
use super::{EncodeError, Form};
use crate::property::PropertyCounts;
use crate::{
    Ack, ConnAck, Connect, FieldName, FieldPart, Packet, PacketId, PacketType, Properties,
    Property, PropertyPlace, ProtocolVersion, Publish, QoS, ReasonCode, Subscribe, Will,
};

const FIXED_HEADER: &[BitRange] = &[bits("packet_type", 4, 4), bits("flags", 0, 4)];

const PUBLISH_HEADER: &[BitRange] = &[
    bits("packet_type", 4, 4),
    bits("flags", 0, 4),
    bits("dup", 3, 1),
    bits("qos", 1, 2),
    bits("retain", 0, 1),
];

const CONNECT_FLAGS: &[BitRange] = &[
    bits("username_flag", 7, 1),
    bits("password_flag", 6, 1),
    bits("will_retain", 5, 1),
    bits("will_qos", 3, 2),
    bits("will_flag", 2, 1),
    bits("clean_start", 1, 1),
    bits("reserved", 0, 1),
];

/// Before version 5.
const CONNECT_FLAGS_V3: &[BitRange] = &[
    bits("username_flag", 7, 1),
    bits("password_flag", 6, 1),
    bits("will_retain", 5, 1),
    bits("will_qos", 3, 2),
    bits("will_flag", 2, 1),
    bits("clean_session", 1, 1),
    bits("reserved", 0, 1),
];

const ACKNOWLEDGE_FLAGS: &[BitRange] = &[bits("session_present", 0, 1), bits("reserved", 1, 7)];

const OPTIONS: &[BitRange] = &[
    bits("reserved", 6, 2),
    bits("retain_handling", 4, 2),
    bits("retain_as_published", 3, 1),
    bits("no_local", 2, 1),
    bits("qos", 0, 2),
];

/// Before version 5.
const OPTIONS_V3: &[BitRange] = &[bits("reserved", 2, 6), bits("qos", 0, 2)];

const fn bits(name: &'static str, shift: u8, width: u8) -> BitRange {
    BitRange { name, shift, width }
}

/// Passes each field of the packet to `sink`.
pub(crate) fn walk(packet: &Packet, version: ProtocolVersion, form: Form, sink: &mut dyn Sink) {
    let version = match packet {
        Packet::Connect(connect) => connect.version,
        _ => version,
    };
    let (flags, ranges) = match packet {
        Packet::Publish(p) => (publish_flags(p), PUBLISH_HEADER),
        Packet::PubRel(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) => (2, FIXED_HEADER),
        _ => (0, FIXED_HEADER),
    };
    let header = packet.packet_type().0 << 4 | flags;
    sink.bits("fixed_header".into(), header, ranges);
    sink.section("body".into(), "remaining_length".into(), &|sink| {
        body(packet, version, form, sink);
    });
}

fn body(packet: &Packet, version: ProtocolVersion, form: Form, sink: &mut dyn Sink) {
    let place = PropertyPlace::Packet(packet.packet_type());
    match packet {
        Packet::Connect(p) => connect(p, sink),
        Packet::ConnAck(p) => connack(p, version, sink),
        Packet::Publish(p) => publish(p, version, sink),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            ack(p, place, version, form, sink);
        }
        Packet::Subscribe(p) => subscribe(p, version, sink),
        Packet::SubAck(p) => {
            packet_id(p.packet_id, sink);
            properties(&p.properties, place, version, sink);
            reasons(&p.reasons, sink);
        }
        Packet::Unsubscribe(p) => {
            packet_id(p.packet_id, sink);
            properties(&p.properties, place, version, sink);
            for (i, filter) in p.filters.iter().enumerate() {
                string(FieldName::at("filter", i), filter.as_bytes(), sink);
            }
        }
        Packet::UnsubAck(p) => {
            packet_id(p.packet_id, sink);
            properties(&p.properties, place, version, sink);
            let is_present = version.has_properties();
            sink.optional(is_present, &mut |sink| reasons(&p.reasons, sink));
        }
        Packet::PingReq | Packet::PingResp => {}
        Packet::Disconnect(p) => outcome(p.reason, &p.properties, place, version, form, sink),
        Packet::Auth(p) => {
            // Without properties the Authentication Method is missing, which only the short form permits.
            let is_plain = p.properties.is_empty() && p.reason == ReasonCode::SUCCESS;
            let form = if is_plain { Form::Short } else { Form::Full };
            outcome(p.reason, &p.properties, place, version, form, sink);
        }
    }
}

fn publish_flags(publish: &Publish) -> u8 {
    u8::from(publish.dup) << 3 | publish.qos.as_u8() << 1 | u8::from(publish.retain)
}

fn connect(p: &Connect, sink: &mut dyn Sink) {
    string("protocol_name", p.version.protocol_name().as_bytes(), sink);
    int(
        "protocol_level",
        p.version.level().into(),
        IntForm::U8,
        sink,
    );
    let (will_qos, will_retain) = match &p.will {
        Some(will) => (will.qos.as_u8(), will.retain),
        None => (0, false),
    };
    let flags = u8::from(p.username.is_some()) << 7
        | u8::from(p.password.is_some()) << 6
        | u8::from(will_retain) << 5
        | will_qos << 3
        | u8::from(p.will.is_some()) << 2
        | u8::from(p.clean_start) << 1;
    let ranges = match p.version {
        ProtocolVersion::V5 => CONNECT_FLAGS,
        ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => CONNECT_FLAGS_V3,
    };
    sink.bits("connect_flags".into(), flags, ranges);
    int("keep_alive", p.keep_alive_s.into(), IntForm::U16, sink);
    let place = PropertyPlace::Packet(PacketType::CONNECT);
    properties(&p.properties, place, p.version, sink);
    string("client_id", p.client_id.as_bytes(), sink);
    will(p.will.as_ref(), p.version, sink);
    optional_string("username", p.username.as_ref().map(|u| u.as_ref()), sink);
    optional_string("password", p.password.as_deref(), sink);
}

fn will(will: Option<&Will>, version: ProtocolVersion, sink: &mut dyn Sink) {
    let none = Properties::new();
    let set = will.map_or(&none, |will| &will.properties);
    let has_properties = will.is_some() && version.has_properties();
    properties_if(has_properties, set, PropertyPlace::Will, sink);
    optional_string("will_topic", will.map(|will| will.topic.as_ref()), sink);
    optional_string("will_payload", will.map(|will| &*will.payload), sink);
}

fn connack(p: &ConnAck, version: ProtocolVersion, sink: &mut dyn Sink) {
    let flags = u8::from(p.session_present);
    sink.bits("acknowledge_flags".into(), flags, ACKNOWLEDGE_FLAGS);
    int("reason", p.reason.0.into(), IntForm::U8, sink);
    let place = PropertyPlace::Packet(PacketType::CONNACK);
    properties(&p.properties, place, version, sink);
}

fn publish(p: &Publish, version: ProtocolVersion, sink: &mut dyn Sink) {
    string("topic", p.topic.as_bytes(), sink);
    match (p.qos, p.packet_id) {
        (QoS::AtMostOnce, Some(packet_id)) => {
            sink.report(EncodeError::PacketIdAtQos0 { packet_id });
        }
        (qos @ (QoS::AtLeastOnce | QoS::ExactlyOnce), None) => {
            sink.report(EncodeError::PacketIdMissing { qos });
        }
        _ => {}
    }
    sink.optional(p.packet_id.is_some(), &mut |sink| {
        let id = p.packet_id.map_or(0, PacketId::get);
        int("packet_id", id.into(), IntForm::U16, sink);
    });
    let place = PropertyPlace::Packet(PacketType::PUBLISH);
    properties(&p.properties, place, version, sink);
    sink.raw("payload".into(), &p.payload);
}

fn ack(p: &Ack, place: PropertyPlace, version: ProtocolVersion, form: Form, sink: &mut dyn Sink) {
    packet_id(p.packet_id, sink);
    outcome(p.reason, &p.properties, place, version, form, sink);
}

/// Writes Reason Code and properties, as far as the form requires.
fn outcome(
    reason: ReasonCode,
    properties: &Properties,
    place: PropertyPlace,
    version: ProtocolVersion,
    form: Form,
    sink: &mut dyn Sink,
) {
    let is_plain = properties.is_empty();
    let may_end = form == Form::Short && is_plain && reason == ReasonCode::SUCCESS;
    let has_reason = version.has_properties() && !may_end;
    let has_properties = has_reason && (form == Form::Full || !is_plain);
    // Nested, because properties without a Reason Code before them would be read as one.
    sink.optional(has_reason, &mut |sink| {
        int("reason", reason.0.into(), IntForm::U8, sink);
        properties_if(has_properties, properties, place, sink);
    });
}

fn subscribe(p: &Subscribe, version: ProtocolVersion, sink: &mut dyn Sink) {
    packet_id(p.packet_id, sink);
    let place = PropertyPlace::Packet(PacketType::SUBSCRIBE);
    properties(&p.properties, place, version, sink);
    for (i, subscription) in p.subscriptions.iter().enumerate() {
        let options = subscription.options;
        let (byte, ranges) = match version {
            ProtocolVersion::V5 => {
                let byte = options.retain_handling.as_u8() << 4
                    | u8::from(options.retain_as_published) << 3
                    | u8::from(options.no_local) << 2
                    | options.qos.as_u8();
                (byte, OPTIONS)
            }
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => (options.qos.as_u8(), OPTIONS_V3),
        };
        sink.group(FieldName::at("subscription", i), &mut |sink| {
            let filter = subscription.filter.as_bytes();
            string(FieldName::at("filter", i), filter, sink);
            sink.bits(FieldName::at("options", i), byte, ranges);
        });
    }
}

fn reasons(reasons: &[ReasonCode], sink: &mut dyn Sink) {
    for (i, reason) in reasons.iter().enumerate() {
        let name = FieldName::at("reasons", i);
        int(name, reason.0.into(), IntForm::U8, sink);
    }
}

fn packet_id(id: PacketId, sink: &mut dyn Sink) {
    int("packet_id", id.get().into(), IntForm::U16, sink);
}

fn int(name: impl Into<FieldName>, value: u32, form: IntForm, sink: &mut dyn Sink) {
    sink.int(name.into(), value, form);
}

fn string(name: impl Into<FieldName>, content: &[u8], sink: &mut dyn Sink) {
    let name = name.into();
    sink.prefixed(name, name.with(FieldPart::Length), content);
}

fn optional_string(name: &'static str, content: Option<&[u8]>, sink: &mut dyn Sink) {
    sink.optional(content.is_some(), &mut |sink| {
        string(name, content.unwrap_or_default(), sink);
    });
}

fn properties(
    properties: &Properties,
    place: PropertyPlace,
    version: ProtocolVersion,
    sink: &mut dyn Sink,
) {
    properties_if(version.has_properties(), properties, place, sink);
}

/// Writes the property section, if it is present. If it is not, `properties` is empty or the version has none.
fn properties_if(
    is_present: bool,
    properties: &Properties,
    place: PropertyPlace,
    sink: &mut dyn Sink,
) {
    sink.optional(is_present, &mut |sink| section(properties, place, sink));
}

fn section(properties: &Properties, place: PropertyPlace, sink: &mut dyn Sink) {
    let (name, length) = match place {
        PropertyPlace::Packet(_) => ("properties", "property_length"),
        PropertyPlace::Will => ("will_properties", "will_property_length"),
    };
    sink.section(name.into(), length.into(), &|sink| {
        let mut counts = PropertyCounts::default();
        for p in properties {
            let id = p.id();
            let base = id.field_in(place).unwrap_or("property_id");
            let name = FieldName::of_property(base, counts.of(id));
            counts.add(id);
            sink.group(name, &mut |sink| property(p, name, sink));
        }
    });
}

pub(super) fn property(property: &Property, name: FieldName, sink: &mut dyn Sink) {
    let id = property.id().0;
    int(name.with(FieldPart::Id), id, IntForm::Variable, sink);
    match property {
        Property::PayloadFormatIndicator(value)
        | Property::RequestProblemInformation(value)
        | Property::RequestResponseInformation(value)
        | Property::MaximumQoS(value)
        | Property::RetainAvailable(value)
        | Property::WildcardSubscriptionAvailable(value)
        | Property::SubscriptionIdentifierAvailable(value)
        | Property::SharedSubscriptionAvailable(value) => {
            sink.int(name, u32::from(*value), IntForm::U8);
        }
        Property::ServerKeepAlive(value)
        | Property::ReceiveMaximum(value)
        | Property::TopicAliasMaximum(value)
        | Property::TopicAlias(value) => sink.int(name, u32::from(*value), IntForm::U16),
        Property::MessageExpiryInterval(value)
        | Property::SessionExpiryInterval(value)
        | Property::WillDelayInterval(value)
        | Property::MaximumPacketSize(value) => sink.int(name, *value, IntForm::U32),
        Property::SubscriptionIdentifier(value) => sink.int(name, *value, IntForm::Variable),
        Property::ContentType(text)
        | Property::ResponseTopic(text)
        | Property::AssignedClientIdentifier(text)
        | Property::AuthenticationMethod(text)
        | Property::ResponseInformation(text)
        | Property::ServerReference(text)
        | Property::ReasonString(text) => string(name, text.as_bytes(), sink),
        Property::CorrelationData(data) | Property::AuthenticationData(data) => {
            string(name, data, sink);
        }
        Property::UserProperty(key, value) => {
            let key_length = name.with(FieldPart::NameLength);
            sink.prefixed(name.with(FieldPart::Name), key_length, key.as_bytes());
            let value_length = name.with(FieldPart::PairValueLength);
            sink.prefixed(
                name.with(FieldPart::PairValue),
                value_length,
                value.as_bytes(),
            );
        }
    }
}
