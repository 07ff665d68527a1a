//! The fields of a received packet, under the names of the scenario reference.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketType, Property, ProtocolVersion};
use mqtt_check_websocket::{Answer, Control, Opcode};

use crate::scenario::model::Literal;
use crate::transcript::{EventIndex, Transcript, What};

/// A packet from the broker, prepared for matching.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    pub packet: &'a Packet,
    pub version: ProtocolVersion,
    /// Size of the whole packet in bytes.
    pub size: usize,
    /// The topic of a PUBLISH, with its topic alias resolved.
    pub topic: Option<&'a ByteString>,
    /// The type of the WebSocket message that contained it.
    pub carried_in: Option<Opcode>,
}

impl<'a> Received<'a> {
    /// Returns the packet of this event, if it is a decoded packet from the broker.
    pub fn at(transcript: &'a Transcript, event: EventIndex) -> Option<Self> {
        let event = &transcript.events[event.0];
        let What::Received {
            frame,
            packet: Ok(packet),
            topic,
            carried_in,
            ..
        } = &event.what
        else {
            return None;
        };
        Some(Self {
            packet,
            version: transcript.lanes[event.lane.0].version,
            size: frame.bytes().len(),
            topic: topic.as_ref(),
            carried_in: *carried_in,
        })
    }

    /// Returns the packet's type.
    pub fn packet_type(&self) -> PacketType {
        self.packet.packet_type()
    }
}

/// Returns the field with this name, or `None` if the packet does not have it.
pub fn field(received: &Received<'_>, name: &str) -> Option<Literal> {
    if name == "size" {
        return Some(Literal::Number(received.size as u64));
    }
    if name == "frame" {
        return received.carried_in.map(|opcode| word(&opcode.to_string()));
    }
    if name == "packet_id" {
        return received
            .packet
            .packet_id()
            .map(|id| Literal::Number(id.get().into()));
    }
    own_field(received, name).or_else(|| property(received.packet, name))
}

/// Returns a field of the variable header or the payload.
fn own_field(received: &Received<'_>, name: &str) -> Option<Literal> {
    Some(match (received.packet, name) {
        (Packet::ConnAck(p), "session_present") => Literal::Bool(p.session_present),
        (Packet::ConnAck(p), "reason") => Literal::Reason(p.reason),
        (Packet::Publish(p), "dup") => Literal::Bool(p.dup),
        (Packet::Publish(p), "qos") => Literal::Number(p.qos.as_u8().into()),
        (Packet::Publish(p), "retain") => Literal::Bool(p.retain),
        (Packet::Publish(p), "topic") => text(received.topic.unwrap_or(&p.topic)),
        (Packet::Publish(p), "topic_on_wire") => text(&p.topic),
        (Packet::Publish(p), "payload") => Literal::Bytes(p.payload.clone()),
        (
            Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p),
            "reason",
        ) => Literal::Reason(p.reason),
        (Packet::SubAck(p), "reasons") => Literal::Reasons(p.reasons.clone()),
        (Packet::UnsubAck(p), "reasons") => Literal::Reasons(p.reasons.clone()),
        (Packet::Disconnect(p), "reason") => Literal::Reason(p.reason),
        (Packet::Auth(p), "reason") => Literal::Reason(p.reason),
        _ => return None,
    })
}

/// Returns the property with this name. Properties that may repeat are returned as a list, in order.
fn property(packet: &Packet, name: &str) -> Option<Literal> {
    let properties = packet.properties()?;
    match name {
        "user_properties" => {
            let pairs: Vec<(Bytes, Bytes)> = properties
                .user_properties()
                .map(|(k, v)| (k.as_bytes().clone(), v.as_bytes().clone()))
                .collect();
            (!pairs.is_empty()).then_some(Literal::Pairs(pairs))
        }
        "subscription_identifier" => {
            let numbers: Vec<u64> = properties
                .subscription_identifiers()
                .map(u64::from)
                .collect();
            (!numbers.is_empty()).then_some(Literal::Numbers(numbers))
        }
        _ => properties
            .iter()
            .find(|p| p.id().key() == Some(name))
            .map(property_value),
    }
}

fn property_value(property: &Property) -> Literal {
    match property {
        Property::PayloadFormatIndicator(n)
        | Property::RequestProblemInformation(n)
        | Property::RequestResponseInformation(n)
        | Property::MaximumQoS(n)
        | Property::RetainAvailable(n)
        | Property::WildcardSubscriptionAvailable(n)
        | Property::SubscriptionIdentifierAvailable(n)
        | Property::SharedSubscriptionAvailable(n) => Literal::Number(u64::from(*n)),
        Property::ServerKeepAlive(n)
        | Property::ReceiveMaximum(n)
        | Property::TopicAliasMaximum(n)
        | Property::TopicAlias(n) => Literal::Number(u64::from(*n)),
        Property::MessageExpiryInterval(n)
        | Property::SubscriptionIdentifier(n)
        | Property::SessionExpiryInterval(n)
        | Property::WillDelayInterval(n)
        | Property::MaximumPacketSize(n) => Literal::Number(u64::from(*n)),
        Property::ContentType(t)
        | Property::ResponseTopic(t)
        | Property::AssignedClientIdentifier(t)
        | Property::AuthenticationMethod(t)
        | Property::ResponseInformation(t)
        | Property::ServerReference(t)
        | Property::ReasonString(t) => text(t),
        Property::CorrelationData(b) | Property::AuthenticationData(b) => Literal::Bytes(b.clone()),
        Property::UserProperty(name, value) => {
            Literal::Pairs(vec![(name.as_bytes().clone(), value.as_bytes().clone())])
        }
    }
}

/// A WebSocket event below MQTT: an upgrade answer or a control frame.
#[derive(Debug, Clone, Copy)]
pub enum WebSocketEvent<'a> {
    Upgrade(&'a Answer),
    Control(&'a Control),
}

impl WebSocketEvent<'_> {
    /// Returns the opcode of a control frame, or `None` for an upgrade answer.
    pub fn opcode(&self) -> Option<Opcode> {
        match self {
            Self::Upgrade(_) => None,
            Self::Control(Control::Ping(_)) => Some(Opcode::PING),
            Self::Control(Control::Pong(_)) => Some(Opcode::PONG),
            Self::Control(Control::Close(_)) => Some(Opcode::CLOSE),
        }
    }

    /// Returns the field with this name, or `None` if the event does not have it.
    pub fn field(&self, name: &str) -> Option<Literal> {
        match (self, name) {
            (Self::Upgrade(answer), "status") => Some(Literal::Number(answer.status.into())),
            (Self::Upgrade(answer), "subprotocol") => answer.protocol.as_deref().map(word),
            (Self::Control(Control::Ping(payload) | Control::Pong(payload)), "payload") => {
                Some(Literal::Bytes(payload.clone()))
            }
            (Self::Control(Control::Close(code)), "code") => {
                code.map(|code| Literal::Number(code.into()))
            }
            _ => None,
        }
    }
}

fn word(word: &str) -> Literal {
    Literal::Bytes(Bytes::copy_from_slice(word.as_bytes()))
}

fn text(text: &ByteString) -> Literal {
    Literal::Bytes(text.as_bytes().clone())
}
