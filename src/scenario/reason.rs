//! Reason codes by name or number, for a packet and a version.

use mqtt_check_codec::reason::Sender;
use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use super::expression;
use super::fields::packet_word;
use super::node::{Node, short};
use super::scope::Scope;

/// Reads a reason code by its number, or by its name in one of these packets.
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
    let other = if version == ProtocolVersion::V5 {
        ProtocolVersion::V3_1_1
    } else {
        ProtocolVersion::V5
    };
    let has = |version| packets.iter().any(|p| code(text, *p, version).is_some());
    if has(other) {
        let title = format!(
            "{packet} has no reason `{}` in version {version}",
            short(text)
        );
        return scope.fail(scope.at(node.place, title).hint(format!(
            "it has one in version {other}: put `only: {other}` on the step, or write `{{ {other}: {text} }}` here"
        )));
    }
    let title = format!("{packet} has no reason `{}`", short(text));
    let mut diagnostic = scope.at(node.place, title);
    let known: Vec<_> = packets.iter().flat_map(|p| names(*p, version)).collect();
    diagnostic.label = scope.suggest(text, known.iter().map(|(_, name)| *name));
    if diagnostic.label.is_none() {
        let known: Vec<_> = known.iter().map(|(_, name)| *name).collect();
        diagnostic.hint = Some(match &known[..] {
            [] => format!("it has no reasons in version {version}"),
            names if names.len() < 12 => format!("known reasons: {}", names.join(", ")),
            _ => {
                "names are those of the standard in snake case; a number gives any code".to_owned()
            }
        });
    }
    scope.fail(diagnostic)
}

/// Reads a list of reason codes, or one.
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

/// Returns the named reason codes of a packet in a version, whichever side sends it.
fn names(
    packet: PacketType,
    version: ProtocolVersion,
) -> impl Iterator<Item = (ReasonCode, &'static str)> {
    let by = move |code: ReasonCode, sender| code.is_allowed_in(packet, version, sender);
    ReasonCode::names(packet, version)
        .filter(move |(code, _)| by(*code, Sender::Client) || by(*code, Sender::Server))
}
