//! Reason codes by name or number, as a packet and a version have them.

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use super::expression;
use super::fields::packet_word;
use super::node::{Node, short};
use super::scope::Scope;
use super::words::did_you_mean;

/// The reason that a value names in one of these packets.
pub(crate) fn reason(scope: Scope<'_>, node: &Node, packets: &[PacketType]) -> Option<ReasonCode> {
    let version = scope.version;
    let Some(text) = node.text() else {
        return scope.expected(node, "a reason by name or number");
    };
    if let Some(number) = expression::number(text) {
        return match u8::try_from(number) {
            Ok(code) => Some(ReasonCode(code)),
            Err(_) => scope.expected(node, "a reason code (0 to 255)"),
        };
    }
    let named = packets
        .iter()
        .find_map(|packet| code(text, *packet, version));
    if named.is_some() {
        return named;
    }
    let packet = packets.first().map_or("packet", |p| packet_word(*p));
    let title = format!(
        "{packet} has no reason `{}` in version {version}",
        short(text)
    );
    let mut diagnostic = scope.at(node.place, title);
    let known = packets.iter().flat_map(|p| names(*p, version));
    diagnostic.label = did_you_mean(text, known.map(|(_, name)| name));
    let other = if version == ProtocolVersion::V5 {
        ProtocolVersion::V3_1_1
    } else {
        ProtocolVersion::V5
    };
    if packets.iter().any(|p| code(text, *p, other).is_some()) {
        diagnostic.hint = Some(format!(
            "it has one in version {other}: say `only: {other}` on the step, or `{{ {other}: {text} }}` here"
        ));
    }
    scope.fail(diagnostic)
}

/// A list of reasons, or one.
pub(crate) fn reasons(
    scope: Scope<'_>,
    node: &Node,
    packets: &[PacketType],
) -> Option<Vec<ReasonCode>> {
    match node.items() {
        Some(items) => {
            let all: Vec<_> = items.iter().map(|n| reason(scope, n, packets)).collect();
            all.into_iter().collect()
        }
        None => reason(scope, node, packets).map(|r| vec![r]),
    }
}

fn code(name: &str, packet: PacketType, version: ProtocolVersion) -> Option<ReasonCode> {
    names(packet, version).find_map(|(code, n)| (n == name).then_some(code))
}

/// The names that a packet has in a version. Before version 5 only CONNACK and SUBACK carry codes.
fn names(
    packet: PacketType,
    version: ProtocolVersion,
) -> impl Iterator<Item = (ReasonCode, &'static str)> {
    let known = move |(code, _): &(ReasonCode, &str)| match (packet, version) {
        (_, ProtocolVersion::V5) | (PacketType::CONNACK, _) => true,
        (PacketType::SUBACK, _) => matches!(code.0, 0..=2 | 0x80),
        _ => false,
    };
    ReasonCode::names(packet, version).filter(known)
}
