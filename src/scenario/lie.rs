//! Deliberate errors in an encoded packet: `override`, and the keys next to it, `append`, `trailing`, `properties` and
//! `cut`.

use std::collections::HashSet;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Ack, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Properties, PropertyId,
    ProtocolVersion, Publish, QoS, ReasonCode, SubAck, Subscribe, Subscription,
    SubscriptionOptions, UnsubAck, Unsubscribe,
};

use super::fields::{Kind, VARIABLE_MAX, packet_word, property_kind};
use super::model::{Expr, Lie, Literal, PacketTemplate};
use super::node::{Entry, Node, short};
use super::notation;
use super::scope::{Mapping, Scope};
use super::text::{self, PAYLOAD_MAX, Rules};
use super::value::{number, only_version_5};

/// The keys for wrong bytes, which are beside the fields in a packet's mapping.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WrongBytes<'a> {
    overridden: Option<&'a Node>,
    append: Option<&'a Node>,
    trailing: Option<&'a Node>,
    properties: Option<&'a Node>,
    cut: Option<&'a Node>,
}

impl<'a> WrongBytes<'a> {
    pub(crate) fn take(map: &mut Mapping<'a>) -> Self {
        Self {
            overridden: map.take("override"),
            append: map.take("append"),
            trailing: map.take("trailing"),
            properties: map.take("properties"),
            cut: map.take("cut"),
        }
    }

    /// Types these keys. The packet's fields and filters determine what can be overridden.
    pub(crate) fn lies(&self, scope: Scope<'_>, packet: &PacketTemplate) -> Option<Vec<Lie>> {
        let mut out = match self.overridden {
            None => Some(Vec::new()),
            Some(node) => overrides(scope, packet, node),
        };
        if let Some(node) = self.properties
            && !scope.version.has_properties()
        {
            return scope.fail(only_version_5(scope, node.place, "`properties`"));
        }
        let more = [
            self.properties
                .map(|n| bytes(scope, n).map(Lie::Properties)),
            self.append.map(|n| bytes(scope, n).map(Lie::Append)),
            self.trailing.map(|n| bytes(scope, n).map(Lie::Trailing)),
            self.cut.map(|n| cut(scope, n)),
        ];
        for lie in more.into_iter().flatten() {
            out = out.zip(lie).map(|(mut lies, lie)| {
                lies.push(lie);
                lies
            });
        }
        out
    }
}

fn cut(scope: Scope<'_>, node: &Node) -> Option<Lie> {
    let size = number(scope, node, &(0..=VARIABLE_MAX), "a number of bytes")?;
    usize::try_from(size).ok().map(Lie::Cut)
}

fn overrides(scope: Scope<'_>, packet: &PacketTemplate, node: &Node) -> Option<Vec<Lie>> {
    let Some(entries) = node.entries() else {
        return scope.expected(node, "fields and their bytes (a mapping)");
    };
    let names = names(packet, scope.version);
    // A name without an index means the first item.
    let firsts = names.iter().map(|name| name.replacen("[0]", "", 1));
    let known: HashSet<String> = names.iter().cloned().chain(firsts).collect();
    let all: Vec<_> = entries
        .iter()
        .map(|entry| lie(scope, packet.packet_type, &names, &known, entry))
        .collect();
    all.into_iter().collect()
}

fn lie(
    scope: Scope<'_>,
    packet: PacketType,
    names: &[String],
    known: &HashSet<String>,
    entry: &Entry,
) -> Option<Lie> {
    let field = entry.key.text.to_string();
    if !known.contains(&field) {
        return unknown(scope, packet, names, entry);
    }
    if entry.value.word() == Some("~") {
        return Some(Lie::Omit { field });
    }
    let bytes = bytes(scope, &entry.value)?;
    Some(Lie::Override { field, bytes })
}

fn unknown<T>(scope: Scope<'_>, packet: PacketType, names: &[String], entry: &Entry) -> Option<T> {
    let key = &*entry.key.text;
    let word = packet_word(packet);
    let title = format!("this `{word}` has no field `{}` to override", short(key));
    let mut diagnostic = scope.at(entry.key.place, title);
    let is_property = PropertyId::ALL.iter().any(|id| id.key() == Some(key));
    if is_property {
        diagnostic.hint = Some(format!(
            "give the packet a `{key}` to override, or add its bytes with `properties: …` next to `override`"
        ));
    } else if ["append", "trailing", "cut"].contains(&key) {
        diagnostic.hint = Some(format!("`{key}` goes next to `override`, not inside it"));
    } else {
        diagnostic.label = scope.suggest(key, names.iter().map(String::as_str));
        diagnostic.hint = Some(format!("its fields are {}", names.join(", ")));
    }
    scope.fail(diagnostic)
}

/// Reads notation, or one of the forms of a payload.
fn bytes(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    if node.entries().is_some() {
        let rules = Rules {
            limit: PAYLOAD_MAX,
            utf8: false,
        };
        return text::literal(scope, node, rules);
    }
    notation::bytes(scope, node)
}

/// Returns the names of the fields that this packet will have when it is encoded.
fn names(template: &PacketTemplate, version: ProtocolVersion) -> Vec<String> {
    let mut out: Vec<String> = match sample(template, version) {
        Some(packet) => {
            let names = packet.field_names(version);
            names.iter().map(ToString::to_string).collect()
        }
        None => Vec::new(),
    };
    for field in &template.fields {
        let bare = field.name.strip_prefix("will_").unwrap_or(&field.name);
        let kind = PropertyId::ALL
            .iter()
            .find(|id| id.key().is_some_and(|key| key == field.name || key == bare));
        let Some(id) = kind else { continue };
        let name = &field.name;
        match (property_kind(*id), &field.value) {
            (Kind::UserProperties, Expr::Literal(Literal::Pairs(pairs))) => {
                for index in 0..pairs.len() {
                    let parts = [
                        "",
                        ".id",
                        ".name",
                        ".name.length",
                        ".value",
                        ".value.length",
                    ];
                    out.extend(parts.iter().map(|part| format!("{name}[{index}]{part}")));
                }
            }
            (Kind::Text | Kind::Binary, _) => {
                let parts = ["", ".id", ".length"];
                out.extend(parts.iter().map(|part| format!("{name}{part}")));
            }
            _ => out.extend(["", ".id"].iter().map(|part| format!("{name}{part}"))),
        }
    }
    out
}

/// Makes a packet of this shape, with as many filters and reason codes, but without properties.
fn sample(template: &PacketTemplate, version: ProtocolVersion) -> Option<Packet> {
    let properties = Properties::new();
    let packet_id = PacketId::MIN;
    let reason = ReasonCode::SUCCESS;
    let reasons = || {
        let reasons = template.fields.iter().find(|f| f.name == "reasons");
        match reasons.map(|f| &f.value) {
            Some(Expr::Literal(Literal::Reasons(reasons))) => reasons.clone(),
            _ => Vec::new(),
        }
    };
    let filters = || template.filters.iter().map(|_| ByteString::new());
    let ack = Ack {
        packet_id,
        reason,
        properties: properties.clone(),
    };
    Some(match template.packet_type {
        PacketType::CONNECT => Packet::Connect(Box::new(Connect {
            version,
            clean_start: true,
            keep_alive_s: 0,
            properties,
            client_id: ByteString::new(),
            will: None,
            username: None,
            password: None,
        })),
        PacketType::CONNACK => Packet::ConnAck(ConnAck {
            session_present: false,
            reason,
            properties,
        }),
        PacketType::PUBLISH => Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: ByteString::new(),
            packet_id: None,
            properties,
            payload: Bytes::new(),
        }),
        PacketType::PUBACK => Packet::PubAck(ack),
        PacketType::PUBREC => Packet::PubRec(ack),
        PacketType::PUBREL => Packet::PubRel(ack),
        PacketType::PUBCOMP => Packet::PubComp(ack),
        PacketType::SUBSCRIBE => Packet::Subscribe(Subscribe {
            packet_id,
            properties,
            subscriptions: filters()
                .map(|filter| Subscription {
                    filter,
                    options: SubscriptionOptions::new(QoS::AtMostOnce),
                })
                .collect(),
        }),
        PacketType::SUBACK => Packet::SubAck(SubAck {
            packet_id,
            properties,
            reasons: reasons(),
        }),
        PacketType::UNSUBSCRIBE => Packet::Unsubscribe(Unsubscribe {
            packet_id,
            properties,
            filters: filters().collect(),
        }),
        PacketType::UNSUBACK => Packet::UnsubAck(UnsubAck {
            packet_id,
            properties,
            reasons: reasons(),
        }),
        PacketType::PINGREQ => Packet::PingReq,
        PacketType::PINGRESP => Packet::PingResp,
        PacketType::DISCONNECT => Packet::Disconnect(Disconnect { reason, properties }),
        PacketType::AUTH => Packet::Auth(Auth { reason, properties }),
        _ => return None,
    })
}
