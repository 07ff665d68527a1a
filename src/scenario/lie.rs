//! `override`: deliberate faults of an encoded packet.

use bytes::Bytes;
use mqtt_check_codec::{PacketType, PropertyId};

use super::fields::packet_word;
use super::model::Lie;
use super::node::{Entry, Node, short};
use super::notation;
use super::scope::Scope;
use super::text::{self, PAYLOAD_MAX, Rules};
use super::value::number;
use super::words::did_you_mean;

/// The faults that a mapping names, in its order.
pub(crate) fn lies(scope: Scope<'_>, packet: PacketType, node: &Node) -> Option<Vec<Lie>> {
    let Some(entries) = node.entries() else {
        return scope.expected(node, "fields and their bytes (a mapping)");
    };
    let all: Vec<_> = entries.iter().map(|e| lie(scope, packet, e)).collect();
    all.into_iter().collect()
}

fn lie(scope: Scope<'_>, packet: PacketType, entry: &Entry) -> Option<Lie> {
    let key = &*entry.key.text;
    match key {
        "append" => return bytes(scope, &entry.value).map(Lie::Append),
        "trailing" => return bytes(scope, &entry.value).map(Lie::Trailing),
        "properties" => return bytes(scope, &entry.value).map(Lie::Properties),
        "cut" => {
            let size = number(
                scope,
                &entry.value,
                &(0..=PAYLOAD_MAX as u64),
                "a number of bytes",
            )?;
            return usize::try_from(size).ok().map(Lie::Cut);
        }
        _ => {}
    }
    check_name(scope, packet, entry)?;
    let field = key.to_owned();
    if entry.value.word() == Some("~") {
        return Some(Lie::Omit { field });
    }
    let bytes = bytes(scope, &entry.value)?;
    Some(Lie::Override { field, bytes })
}

/// Notation, or one of the forms of a payload.
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

/// The names of an encoded packet's own fields.
fn own_names(packet: PacketType) -> &'static [&'static str] {
    match packet {
        PacketType::CONNECT => &[
            "protocol_name",
            "protocol_level",
            "connect_flags",
            "keep_alive",
            "client_id",
            "will_property_length",
            "will_topic",
            "will_payload",
            "username",
            "password",
        ],
        PacketType::CONNACK => &["acknowledge_flags", "reason"],
        PacketType::PUBLISH => &["topic", "packet_id", "payload"],
        PacketType::SUBSCRIBE => &["packet_id", "filter", "options"],
        PacketType::UNSUBSCRIBE => &["packet_id", "filter"],
        PacketType::SUBACK | PacketType::UNSUBACK => &["packet_id", "reasons"],
        PacketType::PINGREQ | PacketType::PINGRESP => &[],
        PacketType::DISCONNECT | PacketType::AUTH => &["reason"],
        _ => &["packet_id", "reason"],
    }
}

/// What every packet has.
const EVERYWHERE: [&str; 4] = [
    "packet_type",
    "flags",
    "remaining_length",
    "property_length",
];

fn names(packet: PacketType) -> Vec<String> {
    let own = EVERYWHERE.iter().chain(own_names(packet));
    let mut out: Vec<String> = own.map(|n| (*n).to_owned()).collect();
    for key in PropertyId::ALL.iter().filter_map(|id| id.key()) {
        out.push(key.to_owned());
        if packet == PacketType::CONNECT {
            out.push(format!("will_{}", key.trim_start_matches("will_")));
        }
    }
    out
}

fn check_name(scope: Scope<'_>, packet: PacketType, entry: &Entry) -> Option<()> {
    let key = &*entry.key.text;
    let base_end = key.find(['[', '.']).unwrap_or(key.len());
    let (base, suffix) = key.split_at(base_end);
    let names = names(packet);
    if names.iter().any(|n| n == base) && is_suffix(suffix) {
        return Some(());
    }
    let word = packet_word(packet);
    let title = format!("`{word}` has no field `{}` to override", short(key));
    let mut diagnostic = scope.at(entry.key.place, title);
    let also = ["append", "trailing", "properties", "cut"];
    let known = names.iter().map(String::as_str).chain(also);
    diagnostic.label = did_you_mean(base, known.filter(|n| *n != base));
    if diagnostic.label.is_none() {
        diagnostic.hint = Some(format!(
            "fields are {}, a property's name, each with `[0]` or `.length` where it fits; and append, trailing, properties, cut",
            EVERYWHERE
                .iter()
                .chain(own_names(packet))
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    scope.fail(diagnostic)
}

/// `[0]`, and a part of a field behind it.
fn is_suffix(suffix: &str) -> bool {
    let part = match suffix.strip_prefix('[').and_then(|s| s.split_once(']')) {
        Some((index, part)) => {
            let digits = !index.is_empty() && index.chars().all(|c| c.is_ascii_digit());
            if !digits || index.len() > 5 {
                return false;
            }
            part
        }
        None => suffix,
    };
    [
        "",
        ".length",
        ".id",
        ".name",
        ".name.length",
        ".value",
        ".value.length",
    ]
    .contains(&part)
}
