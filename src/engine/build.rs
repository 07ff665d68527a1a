//! Builds a packet from a packet template: evaluates every field and adds the standard's defaults.

use std::num::NonZeroU16;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Properties, Property,
    PropertyId, ProtocolVersion, Publish, QoS, ReasonCode, RetainHandling, SubAck, Subscribe,
    Subscription, SubscriptionOptions, UnsubAck, Unsubscribe, Will,
};
use thiserror::Error;

use crate::matcher::{EvalError, Memory};
use crate::scenario::model::{ClientIndex, Expr, Field, Lie, Literal, PacketTemplate};

/// A Session Expiry Interval that never ends.
const NEVER: u32 = u32::MAX;

/// Why a packet cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum BuildError {
    #[error("{field}: {problem}")]
    Value { field: String, problem: EvalError },
    #[error("{field} is {value}, which does not fit in its field")]
    TooLarge { field: String, value: u64 },
    #[error("there is no packet identifier to acknowledge")]
    NothingToAnswer,
    #[error("{0} cannot be built from fields")]
    NoSuchPacket(PacketType),
}

/// What the connection contributes to a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) version: ProtocolVersion,
    pub(super) client: ClientIndex,
    pub(super) memory: &'a Memory,
    /// For packets that have an identifier of their own.
    pub(super) next_packet_id: PacketId,
    /// For packets that answer another one.
    pub(super) answered_packet_id: Option<u16>,
    /// The Keep Alive of the target, in seconds.
    pub(super) keep_alive_s: u16,
}

/// A packet, and the lies: changes to its bytes that no valid packet can express.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Built {
    pub(super) packet: Packet,
    pub(super) lies: Vec<Lie>,
}

/// Builds the packet of a template.
pub(super) fn build(
    template: &PacketTemplate,
    surroundings: Surroundings<'_>,
) -> Result<Built, BuildError> {
    let mut builder = Builder {
        template,
        at: surroundings,
        lies: template.lies.clone(),
    };
    let packet = builder.packet()?;
    Ok(Built {
        packet,
        lies: builder.lies,
    })
}

struct Builder<'a> {
    template: &'a PacketTemplate,
    at: Surroundings<'a>,
    lies: Vec<Lie>,
}

impl Builder<'_> {
    fn packet(&mut self) -> Result<Packet, BuildError> {
        let properties = self.properties("")?;
        Ok(match self.template.packet_type {
            PacketType::CONNECT => self.connect(properties)?,
            PacketType::CONNACK => Packet::ConnAck(ConnAck {
                session_present: self.flag("session_present")?,
                reason: self.reason()?,
                properties,
            }),
            PacketType::PUBLISH => self.publish(properties)?,
            PacketType::PUBACK => Packet::PubAck(self.ack(properties)?),
            PacketType::PUBREC => Packet::PubRec(self.ack(properties)?),
            PacketType::PUBREL => Packet::PubRel(self.ack(properties)?),
            PacketType::PUBCOMP => Packet::PubComp(self.ack(properties)?),
            PacketType::SUBSCRIBE => Packet::Subscribe(Subscribe {
                packet_id: self.own_packet_id()?,
                properties,
                subscriptions: self.subscriptions()?,
            }),
            PacketType::SUBACK => Packet::SubAck(SubAck {
                packet_id: self.answered_packet_id()?,
                properties,
                reasons: self.reasons()?,
            }),
            PacketType::UNSUBSCRIBE => Packet::Unsubscribe(Unsubscribe {
                packet_id: self.own_packet_id()?,
                properties,
                filters: self
                    .subscriptions()?
                    .into_iter()
                    .map(|s| s.filter)
                    .collect(),
            }),
            PacketType::UNSUBACK => Packet::UnsubAck(UnsubAck {
                packet_id: self.answered_packet_id()?,
                properties,
                reasons: self.reasons()?,
            }),
            PacketType::PINGREQ => Packet::PingReq,
            PacketType::PINGRESP => Packet::PingResp,
            PacketType::DISCONNECT => Packet::Disconnect(Disconnect {
                reason: self.reason()?,
                properties,
            }),
            PacketType::AUTH => Packet::Auth(Auth {
                reason: self.reason()?,
                properties,
            }),
            other => return Err(BuildError::NoSuchPacket(other)),
        })
    }

    fn connect(&mut self, mut properties: Properties) -> Result<Packet, BuildError> {
        let v5 = self.at.version.has_properties();
        let mut clean_start = true;
        if self.has("clean_start") {
            clean_start = self.flag("clean_start")?;
        }
        if self.has("clean_session") {
            clean_start = self.flag("clean_session")?;
            // A session that does not end is the closest that version 5 has to Clean Session 0.
            if v5 && !clean_start && properties.session_expiry_interval_s().is_none() {
                properties.push(Property::SessionExpiryInterval(NEVER));
            }
        }
        let keep_alive_s = match self.number("keep_alive")? {
            Some(value) => narrow("keep_alive", value)?,
            None => self.at.keep_alive_s,
        };
        let will = if self.has("will_topic") {
            Some(Will {
                topic: self.text("will_topic")?.unwrap_or_default(),
                payload: self.bytes("will_payload")?.unwrap_or_default(),
                qos: self.qos("will_qos")?,
                retain: self.flag("will_retain")?,
                properties: self.properties("will_")?,
            })
        } else {
            None
        };
        Ok(Packet::Connect(Box::new(Connect {
            version: self.at.version,
            clean_start,
            keep_alive_s,
            properties,
            client_id: self.text("client_id")?.unwrap_or_default(),
            will,
            username: self.text("username")?,
            password: self.bytes("password")?,
        })))
    }

    fn publish(&mut self, properties: Properties) -> Result<Packet, BuildError> {
        let qos = self.qos("qos")?;
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            _ => Some(self.own_packet_id()?),
        };
        Ok(Packet::Publish(Publish {
            dup: self.flag("dup")?,
            qos,
            retain: self.flag("retain")?,
            topic: self.text("topic")?.unwrap_or_default(),
            packet_id,
            properties,
            payload: self.bytes("payload")?.unwrap_or_default(),
        }))
    }

    fn ack(&mut self, properties: Properties) -> Result<Ack, BuildError> {
        Ok(Ack {
            packet_id: self.answered_packet_id()?,
            reason: self.reason()?,
            properties,
        })
    }

    fn subscriptions(&mut self) -> Result<Vec<Subscription>, BuildError> {
        let template = self.template;
        template
            .filters
            .iter()
            .enumerate()
            .map(|(n, filter)| {
                let name = format!("filter[{n}]");
                let bytes = self.evaluate_bytes(&name, &filter.filter)?;
                let qos = QoS::from_u8(filter.qos);
                let retain_handling = match filter.retain_handling {
                    0 => Some(RetainHandling::Send),
                    1 => Some(RetainHandling::SendIfNew),
                    2 => Some(RetainHandling::DoNotSend),
                    _ => None,
                };
                if qos.is_none() || retain_handling.is_none() {
                    let options = filter.qos & 3
                        | u8::from(filter.no_local) << 2
                        | u8::from(filter.retain_as_published) << 3
                        | (filter.retain_handling & 3) << 4;
                    self.lies.push(Lie::Override {
                        field: format!("options[{n}]"),
                        bytes: Bytes::copy_from_slice(&[options]),
                    });
                }
                Ok(Subscription {
                    filter: self.string(name, bytes),
                    options: SubscriptionOptions {
                        qos: qos.unwrap_or(QoS::AtMostOnce),
                        no_local: filter.no_local,
                        retain_as_published: filter.retain_as_published,
                        retain_handling: retain_handling.unwrap_or(RetainHandling::Send),
                    },
                })
            })
            .collect()
    }

    /// Builds the properties whose names have this prefix.
    fn properties(&mut self, prefix: &str) -> Result<Properties, BuildError> {
        let template = self.template;
        let mut properties = Properties::new();
        if !self.at.version.has_properties() {
            return Ok(properties);
        }
        for field in &template.fields {
            if prefix.is_empty() && field.name.starts_with("will_") {
                continue;
            }
            let Some(key) = field.name.strip_prefix(prefix) else {
                continue;
            };
            let key = if key == "delay_interval" {
                "will_delay_interval"
            } else {
                key
            };
            let Some(id) = PropertyId::ALL.iter().find(|id| id.key() == Some(key)) else {
                continue;
            };
            self.property(*id, field, &mut properties)?;
        }
        Ok(properties)
    }

    fn property(
        &mut self,
        id: PropertyId,
        field: &Field,
        properties: &mut Properties,
    ) -> Result<(), BuildError> {
        let value = self.evaluate(field)?;
        if let Literal::Pairs(pairs) = &value {
            for (n, (name, value)) in pairs.iter().enumerate() {
                let name = self.string(format!("{}[{n}].name", field.name), name.clone());
                let value = self.string(format!("{}[{n}].value", field.name), value.clone());
                properties.push(Property::UserProperty(name, value));
            }
            return Ok(());
        }
        if let Literal::Numbers(numbers) = &value {
            for number in numbers {
                let number = narrow(&field.name, *number)?;
                properties.push(Property::SubscriptionIdentifier(number));
            }
            return Ok(());
        }
        let property = match id {
            PropertyId::CONTENT_TYPE => Property::ContentType(self.field_text(field)?),
            PropertyId::RESPONSE_TOPIC => Property::ResponseTopic(self.field_text(field)?),
            PropertyId::ASSIGNED_CLIENT_IDENTIFIER => {
                Property::AssignedClientIdentifier(self.field_text(field)?)
            }
            PropertyId::AUTHENTICATION_METHOD => {
                Property::AuthenticationMethod(self.field_text(field)?)
            }
            PropertyId::RESPONSE_INFORMATION => {
                Property::ResponseInformation(self.field_text(field)?)
            }
            PropertyId::SERVER_REFERENCE => Property::ServerReference(self.field_text(field)?),
            PropertyId::REASON_STRING => Property::ReasonString(self.field_text(field)?),
            PropertyId::CORRELATION_DATA => Property::CorrelationData(self.field_bytes(field)?),
            PropertyId::AUTHENTICATION_DATA => {
                Property::AuthenticationData(self.field_bytes(field)?)
            }
            _ => {
                let number = self.field_number(field)?;
                number_property(id, &field.name, number)?
            }
        };
        properties.push(property);
        Ok(())
    }

    fn own_packet_id(&mut self) -> Result<PacketId, BuildError> {
        let next = self.at.next_packet_id;
        self.packet_id(Some(next.get()))
            .map(|id| id.unwrap_or(next))
    }

    fn answered_packet_id(&mut self) -> Result<PacketId, BuildError> {
        self.packet_id(self.at.answered_packet_id)?
            .ok_or(BuildError::NothingToAnswer)
    }

    /// Returns the identifier that the template names, or the default. An identifier of 0 becomes a lie.
    fn packet_id(&mut self, default: Option<u16>) -> Result<Option<PacketId>, BuildError> {
        let Some(value) = self.number("packet_id")?.or(default.map(u64::from)) else {
            return Ok(None);
        };
        let id: u16 = narrow("packet_id", value)?;
        Ok(Some(NonZeroU16::new(id).unwrap_or_else(|| {
            self.lies.push(Lie::Override {
                field: "packet_id".into(),
                bytes: Bytes::from_static(&[0, 0]),
            });
            NonZeroU16::MIN
        })))
    }

    /// Returns the QoS that the template names, or 0. Fails for values above 2.
    fn qos(&mut self, name: &str) -> Result<QoS, BuildError> {
        let value = self.number(name)?.unwrap_or(0);
        let narrow: u8 = narrow(name, value)?;
        QoS::from_u8(narrow).ok_or(BuildError::TooLarge {
            field: name.to_owned(),
            value,
        })
    }

    fn reason(&self) -> Result<ReasonCode, BuildError> {
        Ok(ReasonCode(narrow(
            "reason",
            self.number("reason")?.unwrap_or(0),
        )?))
    }

    fn reasons(&self) -> Result<Vec<ReasonCode>, BuildError> {
        match self
            .field("reasons")
            .map(|f| self.evaluate(f))
            .transpose()?
        {
            Some(Literal::Reasons(codes)) => Ok(codes),
            _ => Ok(Vec::new()),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.template.fields.iter().find(|f| f.name == name)
    }

    fn flag(&self, name: &str) -> Result<bool, BuildError> {
        Ok(self.number(name)?.is_some_and(|n| n != 0))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, BuildError> {
        self.field(name).map(|f| self.field_number(f)).transpose()
    }

    fn bytes(&self, name: &str) -> Result<Option<Bytes>, BuildError> {
        self.field(name).map(|f| self.field_bytes(f)).transpose()
    }

    fn text(&mut self, name: &str) -> Result<Option<ByteString>, BuildError> {
        let Some(bytes) = self.bytes(name)? else {
            return Ok(None);
        };
        Ok(Some(self.string(name.to_owned(), bytes)))
    }

    fn field_text(&mut self, field: &Field) -> Result<ByteString, BuildError> {
        let bytes = self.field_bytes(field)?;
        Ok(self.string(field.name.clone(), bytes))
    }

    fn field_number(&self, field: &Field) -> Result<u64, BuildError> {
        self.at
            .memory
            .number(&field.value, self.at.client)
            .map_err(|problem| value_error(&field.name, problem))
    }

    fn field_bytes(&self, field: &Field) -> Result<Bytes, BuildError> {
        self.evaluate_bytes(&field.name, &field.value)
    }

    fn evaluate_bytes(&self, name: &str, expr: &Expr) -> Result<Bytes, BuildError> {
        self.at
            .memory
            .bytes(expr, self.at.client)
            .map_err(|problem| value_error(name, problem))
    }

    fn evaluate(&self, field: &Field) -> Result<Literal, BuildError> {
        self.at
            .memory
            .evaluate(&field.value, self.at.client)
            .map_err(|problem| value_error(&field.name, problem))
    }

    /// Returns the bytes as a string. If they are not UTF-8, the string is empty and the bytes become a lie.
    fn string(&mut self, field: String, bytes: Bytes) -> ByteString {
        ByteString::try_from(bytes.clone()).unwrap_or_else(|_| {
            self.lies.push(Lie::Override { field, bytes });
            ByteString::new()
        })
    }
}

fn value_error(field: &str, problem: EvalError) -> BuildError {
    BuildError::Value {
        field: field.to_owned(),
        problem,
    }
}

fn narrow<T: TryFrom<u64>>(field: &str, value: u64) -> Result<T, BuildError> {
    T::try_from(value).map_err(|_| BuildError::TooLarge {
        field: field.to_owned(),
        value,
    })
}

/// Builds a property whose value is a number.
fn number_property(id: PropertyId, field: &str, value: u64) -> Result<Property, BuildError> {
    Ok(match id {
        PropertyId::PAYLOAD_FORMAT_INDICATOR => {
            Property::PayloadFormatIndicator(narrow(field, value)?)
        }
        PropertyId::MESSAGE_EXPIRY_INTERVAL => {
            Property::MessageExpiryInterval(narrow(field, value)?)
        }
        PropertyId::SUBSCRIPTION_IDENTIFIER => {
            Property::SubscriptionIdentifier(narrow(field, value)?)
        }
        PropertyId::SESSION_EXPIRY_INTERVAL => {
            Property::SessionExpiryInterval(narrow(field, value)?)
        }
        PropertyId::SERVER_KEEP_ALIVE => Property::ServerKeepAlive(narrow(field, value)?),
        PropertyId::REQUEST_PROBLEM_INFORMATION => {
            Property::RequestProblemInformation(narrow(field, value)?)
        }
        PropertyId::WILL_DELAY_INTERVAL => Property::WillDelayInterval(narrow(field, value)?),
        PropertyId::REQUEST_RESPONSE_INFORMATION => {
            Property::RequestResponseInformation(narrow(field, value)?)
        }
        PropertyId::RECEIVE_MAXIMUM => Property::ReceiveMaximum(narrow(field, value)?),
        PropertyId::TOPIC_ALIAS_MAXIMUM => Property::TopicAliasMaximum(narrow(field, value)?),
        PropertyId::TOPIC_ALIAS => Property::TopicAlias(narrow(field, value)?),
        PropertyId::MAXIMUM_QOS => Property::MaximumQoS(narrow(field, value)?),
        PropertyId::RETAIN_AVAILABLE => Property::RetainAvailable(narrow(field, value)?),
        PropertyId::MAXIMUM_PACKET_SIZE => Property::MaximumPacketSize(narrow(field, value)?),
        PropertyId::WILDCARD_SUBSCRIPTION_AVAILABLE => {
            Property::WildcardSubscriptionAvailable(narrow(field, value)?)
        }
        PropertyId::SUBSCRIPTION_IDENTIFIER_AVAILABLE => {
            Property::SubscriptionIdentifierAvailable(narrow(field, value)?)
        }
        _ => Property::SharedSubscriptionAvailable(narrow(field, value)?),
    })
}
