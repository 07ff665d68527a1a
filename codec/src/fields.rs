//! A packet as a list of named values: the only source of names for matching, normalising and describing.
//!
//! The names are the standard's in snake case: `topic`, `packet_id`, `reason`, and those of
//! [`PropertyId::key`](crate::PropertyId::key). Those of a Will have the prefix `will_`. Fields are in wire order. A
//! field that the version does not have on the wire (the reason of a 3.1.1 PUBACK) is not in the list. A field that has
//! a value although it is not on the wire (the reason of a short acknowledgement) is in the list.

use bytes::Bytes;
use bytestring::ByteString;

use crate::property::PropertyCounts;
use crate::{
    Connect, FieldName, Packet, PacketId, PacketType, Properties, Property, PropertyPlace,
    ProtocolVersion, ReasonCode, Subscription,
};

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, with an index if the field is in a list.
    pub name: FieldName,
    /// The value, decoded.
    pub value: FieldValue,
}

/// A decoded value, by the kind of data that the standard gives the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A bit: DUP, RETAIN, Session Present and the like.
    Flag(bool),
    /// An integer of any width. Times are in seconds, sizes in bytes.
    Number(u32),
    /// A UTF-8 string, such as a topic or a Client Identifier.
    Text(ByteString),
    /// Bytes of any kind: a payload, a password, Correlation Data.
    Binary(Bytes),
    /// A Reason Code, or before version 5 a Connect Return code or the code of a SUBACK.
    Reason(ReasonCode),
    /// A User Property.
    Pair(ByteString, ByteString),
    /// The version of a CONNECT.
    Version(ProtocolVersion),
}

impl Packet {
    /// Returns every field in wire order.
    pub fn fields(&self, version: ProtocolVersion) -> Vec<Field> {
        let mut list = List {
            fields: Vec::new(),
            version,
        };
        list.packet(self);
        list.fields
    }

    /// Returns the values of all fields with this name, whatever their index: all User Properties for
    /// `user_properties`, all codes of a SUBACK for `reasons`.
    pub fn field_values(&self, version: ProtocolVersion, base: &str) -> Vec<FieldValue> {
        let fields = self.fields(version).into_iter();
        let named = fields.filter(|field| field.name.base == base);
        named.map(|field| field.value).collect()
    }
}

struct List {
    fields: Vec<Field>,
    version: ProtocolVersion,
}

impl List {
    fn push(&mut self, name: impl Into<FieldName>, value: FieldValue) {
        let name = name.into();
        self.fields.push(Field { name, value });
    }

    fn flag(&mut self, name: impl Into<FieldName>, value: bool) {
        self.push(name, FieldValue::Flag(value));
    }

    fn number(&mut self, name: impl Into<FieldName>, value: impl Into<u32>) {
        self.push(name, FieldValue::Number(value.into()));
    }

    fn text(&mut self, name: impl Into<FieldName>, value: &ByteString) {
        self.push(name, FieldValue::Text(value.clone()));
    }

    fn binary(&mut self, name: impl Into<FieldName>, value: &Bytes) {
        self.push(name, FieldValue::Binary(value.clone()));
    }

    fn packet(&mut self, packet: &Packet) {
        let place = PropertyPlace::Packet(packet.packet_type());
        match packet {
            Packet::Connect(p) => self.connect(p),
            Packet::ConnAck(p) => {
                self.flag("session_present", p.session_present);
                self.push("reason", FieldValue::Reason(p.reason));
                self.properties(&p.properties, place);
            }
            Packet::Publish(p) => {
                self.flag("dup", p.dup);
                self.number("qos", p.qos.as_u8());
                self.flag("retain", p.retain);
                self.text("topic", &p.topic);
                if let Some(id) = p.packet_id {
                    self.packet_id(id);
                }
                self.properties(&p.properties, place);
                self.binary("payload", &p.payload);
            }
            Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
                self.packet_id(p.packet_id);
                self.outcome(p.reason, &p.properties, place);
            }
            Packet::Subscribe(p) => {
                self.packet_id(p.packet_id);
                self.properties(&p.properties, place);
                for (i, subscription) in p.subscriptions.iter().enumerate() {
                    self.subscription(i, subscription);
                }
            }
            Packet::SubAck(p) => {
                self.packet_id(p.packet_id);
                self.properties(&p.properties, place);
                self.reasons(&p.reasons);
            }
            Packet::Unsubscribe(p) => {
                self.packet_id(p.packet_id);
                self.properties(&p.properties, place);
                for (i, filter) in p.filters.iter().enumerate() {
                    self.text(FieldName::at("filter", i), filter);
                }
            }
            Packet::UnsubAck(p) => {
                self.packet_id(p.packet_id);
                self.properties(&p.properties, place);
                if self.version.has_properties() {
                    self.reasons(&p.reasons);
                }
            }
            Packet::PingReq | Packet::PingResp => {}
            Packet::Disconnect(p) => self.outcome(p.reason, &p.properties, place),
            Packet::Auth(p) => self.outcome(p.reason, &p.properties, place),
        }
    }

    fn connect(&mut self, p: &Connect) {
        self.version = p.version;
        self.push("version", FieldValue::Version(p.version));
        let clean = match p.version {
            ProtocolVersion::V5 => "clean_start",
            ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1 => "clean_session",
        };
        if let Some(will) = &p.will {
            self.flag("will_retain", will.retain);
            self.number("will_qos", will.qos.as_u8());
        }
        self.flag(clean, p.clean_start);
        self.number("keep_alive", p.keep_alive_s);
        self.properties(&p.properties, PropertyPlace::Packet(PacketType::CONNECT));
        self.text("client_id", &p.client_id);
        if let Some(will) = &p.will {
            self.properties(&will.properties, PropertyPlace::Will);
            self.text("will_topic", &will.topic);
            self.binary("will_payload", &will.payload);
        }
        if let Some(username) = &p.username {
            self.text("username", username);
        }
        if let Some(password) = &p.password {
            self.binary("password", password);
        }
    }

    fn subscription(&mut self, i: usize, subscription: &Subscription) {
        self.text(FieldName::at("filter", i), &subscription.filter);
        let options = subscription.options;
        if self.version.has_properties() {
            let handling = options.retain_handling.as_u8();
            self.number(FieldName::at("retain_handling", i), handling);
            let as_published = options.retain_as_published;
            self.flag(FieldName::at("retain_as_published", i), as_published);
            self.flag(FieldName::at("no_local", i), options.no_local);
        }
        self.number(FieldName::at("qos", i), options.qos.as_u8());
    }

    fn packet_id(&mut self, id: PacketId) {
        self.number("packet_id", id.get());
    }

    fn reasons(&mut self, reasons: &[ReasonCode]) {
        for (i, reason) in reasons.iter().enumerate() {
            self.push(FieldName::at("reasons", i), FieldValue::Reason(*reason));
        }
    }

    fn outcome(&mut self, reason: ReasonCode, properties: &Properties, place: PropertyPlace) {
        if self.version.has_properties() {
            self.push("reason", FieldValue::Reason(reason));
        }
        self.properties(properties, place);
    }

    fn properties(&mut self, properties: &Properties, place: PropertyPlace) {
        if !self.version.has_properties() {
            return;
        }
        let mut counts = PropertyCounts::default();
        for property in properties {
            let id = property.id();
            let base = id.field_in(place).unwrap_or("property_id");
            let name = FieldName::of_property(base, counts.of(id));
            counts.add(id);
            self.push(name, FieldValue::of(property));
        }
    }
}

impl FieldValue {
    /// Returns the value of a property.
    pub fn of(property: &Property) -> Self {
        match property {
            Property::PayloadFormatIndicator(value)
            | Property::RequestProblemInformation(value)
            | Property::RequestResponseInformation(value)
            | Property::MaximumQoS(value)
            | Property::RetainAvailable(value)
            | Property::WildcardSubscriptionAvailable(value)
            | Property::SubscriptionIdentifierAvailable(value)
            | Property::SharedSubscriptionAvailable(value) => Self::Number((*value).into()),
            Property::ServerKeepAlive(value)
            | Property::ReceiveMaximum(value)
            | Property::TopicAliasMaximum(value)
            | Property::TopicAlias(value) => Self::Number((*value).into()),
            Property::MessageExpiryInterval(value)
            | Property::SessionExpiryInterval(value)
            | Property::WillDelayInterval(value)
            | Property::MaximumPacketSize(value)
            | Property::SubscriptionIdentifier(value) => Self::Number(*value),
            Property::ContentType(text)
            | Property::ResponseTopic(text)
            | Property::AssignedClientIdentifier(text)
            | Property::AuthenticationMethod(text)
            | Property::ResponseInformation(text)
            | Property::ServerReference(text)
            | Property::ReasonString(text) => Self::Text(text.clone()),
            Property::CorrelationData(data) | Property::AuthenticationData(data) => {
                Self::Binary(data.clone())
            }
            Property::UserProperty(name, value) => Self::Pair(name.clone(), value.clone()),
        }
    }
}
