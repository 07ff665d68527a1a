//! `expect`: what must happen, what may happen, and what must not.

use mqtt_check_codec::PacketType;

use super::duration::duration;
use super::fields::{PACKETS, is_received, packet_named};
use super::matcher;
use super::model::{
    After, ConnAckRule, Count, DropHow, Expectation, KeepAlive, PacketPattern, Pattern, Refused,
};
use super::node::{Entry, Node, short, transpose};
use super::reason;
use super::scope::{Mapping, Scope};
use super::step::STEP_KEYS;
use super::value::{boolean, number};
use super::websocket;
use crate::diagnostic::Place;

/// Expectations that are not packets.
const OTHERS: [&str; 8] = [
    "closed",
    "refused",
    "silence",
    "upgrade",
    "frame",
    "in_order",
    "unordered",
    "any_of",
];
/// Keys that may appear beside an expectation in its mapping.
pub(crate) const MODIFIERS: [&str; 8] = [
    "within",
    "not_before",
    "keep_alive",
    "after",
    "count",
    "at_least",
    "at_most",
    "optional",
];
/// The maximum number of packets that one expectation takes.
const COUNT_MAX: u64 = 1_000_000;

/// Reads one expectation, or a list of them.
pub(crate) fn sequence(scope: Scope<'_>, node: &Node) -> Option<Vec<Expectation>> {
    let Some(items) = node.items() else {
        return expectation(scope, node).map(|e| vec![e]);
    };
    if items.is_empty() {
        return scope.expected(node, "at least one expectation");
    }
    let all: Vec<_> = items.iter().map(|n| expectation(scope, n)).collect();
    all.into_iter().collect()
}

/// Reads one expectation with its limits.
pub(crate) fn expectation(scope: Scope<'_>, node: &Node) -> Option<Expectation> {
    if let Some(word) = node.text() {
        let pattern = pattern(scope, word, node.place, None)?;
        return Some(Expectation {
            place: node.place,
            pattern,
            within: None,
            not_before: None,
            keep_alive: None,
            after: After::Now,
            count: ONCE,
        });
    }
    let mut map = Mapping::of(scope, node, "an expectation")?;
    let limits = Limits::take(scope, &mut map);
    let rest = map.rest();
    let entry = the_only(scope, node, &rest)?;
    let pattern = pattern(scope, &entry.key.text, entry.key.place, Some(&entry.value))?;
    let limits = limits?;
    limits.check(scope, node, &pattern)?;
    Some(Expectation {
        place: entry.key.place,
        pattern,
        within: limits.within,
        not_before: limits.not_before,
        keep_alive: limits.keep_alive,
        after: limits.after,
        count: limits.count.unwrap_or(ONCE),
    })
}

/// Returns the one pair that is not a modifier.
fn the_only<'a>(scope: Scope<'_>, node: &Node, rest: &[&'a Entry]) -> Option<&'a Entry> {
    match rest {
        [entry] => Some(entry),
        [] => scope.fail(
            scope
                .at(node.place, "an empty expectation")
                .hint("name a packet, or one of closed, refused, silence, upgrade, frame, in_order, unordered, any_of"),
        ),
        [_, second, ..] => {
            let key = &*second.key.text;
            let title = format!("`{}` is a second expectation in one mapping", short(key));
            let mut diagnostic = scope.at(second.key.place, title);
            diagnostic.label = scope.suggest(key, MODIFIERS);
            if diagnostic.label.is_none() {
                let hint = match STEP_KEYS.contains(&key) {
                    true => "it belongs to the step, beside the client",
                    false => "several are a list: `expect: [ …, … ]`",
                };
                diagnostic.hint = Some(hint.to_owned());
            }
            scope.fail(diagnostic)
        }
    }
}

/// Reads what is expected, by its key.
fn pattern(scope: Scope<'_>, key: &str, place: Place, value: Option<&Node>) -> Option<Pattern> {
    // `closed:` without a value means `closed`.
    let value = value.filter(|node| node.kind() != "nothing");
    if let Some(packet) = packet_named(key) {
        return matcher::pattern(scope, packet, place, value).map(Pattern::Packet);
    }
    match (key, value) {
        ("closed", _) => closed(scope, value),
        ("refused", _) => refused(scope, value).map(Pattern::Refused),
        ("silence", _) => silence(scope, value),
        ("upgrade", _) => websocket::upgrade_pattern(scope, value).map(Pattern::Upgrade),
        ("frame", _) => websocket::frame_pattern(scope, place, value).map(Pattern::Frame),
        ("in_order", Some(node)) => sequence_of(scope, node).map(Pattern::InOrder),
        ("unordered", Some(node)) => unordered(scope, node).map(Pattern::Unordered),
        ("any_of", Some(node)) => any_of(scope, node).map(Pattern::AnyOf),
        ("in_order" | "unordered" | "any_of", None) => {
            scope.fail(scope.at(place, format!("`{key}` without a list")))
        }
        _ => unknown(scope, key, place),
    }
}

fn unknown<T>(scope: Scope<'_>, key: &str, place: Place) -> Option<T> {
    let received = PACKETS
        .iter()
        .filter(|(_, p)| is_received(*p))
        .map(|(n, _)| *n);
    let known = received.chain(OTHERS);
    let title = format!("unknown expectation `{}`", short(key));
    let mut diagnostic = scope.at(place, title);
    diagnostic.label = scope.suggest(key, known.clone().chain(MODIFIERS));
    if diagnostic.label.is_none() {
        let known: Vec<_> = known.collect();
        diagnostic.hint = Some(format!("expectations are {}", known.join(", ")));
    }
    scope.fail(diagnostic)
}

fn closed(scope: Scope<'_>, value: Option<&Node>) -> Option<Pattern> {
    let Some(node) = value else {
        return Some(Pattern::Closed { how: None });
    };
    let mut map = Mapping::of(scope, node, "`closed`")?;
    let how = match map.take("how") {
        None => Some(None),
        Some(how) => match how.text() {
            Some("close") => Some(Some(DropHow::Close)),
            Some("reset") => Some(Some(DropHow::Reset)),
            _ => scope.expected_word(how, &["close", "reset"]),
        },
    };
    map.finish();
    Some(Pattern::Closed { how: how? })
}

/// Reads `refused` and its options.
pub(crate) fn refused(scope: Scope<'_>, value: Option<&Node>) -> Option<Refused> {
    let mut out = Refused {
        codes: Vec::new(),
        connack: ConnAckRule::Allowed,
    };
    let Some(node) = value else {
        return Some(out);
    };
    let mut map = Mapping::of(scope, node, "`refused`")?;
    let packets = [PacketType::CONNACK, PacketType::DISCONNECT];
    let codes = map
        .take("codes")
        .map(|codes| reason::reasons(scope, codes, &packets));
    let rule = map.take("connack").map(|rule| match rule.text() {
        Some("allowed") => Some(ConnAckRule::Allowed),
        Some("never") => Some(ConnAckRule::Never),
        Some("required") => Some(ConnAckRule::Required),
        _ => scope.expected_word(rule, &["allowed", "never", "required"]),
    });
    map.finish();
    if let Some(codes) = codes {
        out.codes = codes?;
    }
    if let Some(rule) = rule {
        out.connack = rule?;
    }
    Some(out)
}

fn silence(scope: Scope<'_>, value: Option<&Node>) -> Option<Pattern> {
    let mut of = Vec::new();
    let mut span = std::time::Duration::ZERO;
    if let Some(node) = value {
        let mut map = Mapping::of(scope, node, "`silence`")?;
        let types = map.take("of").map(|types| packet_types(scope, types));
        let length = map.take("for").map(|length| duration(scope, length));
        map.finish();
        if let Some(types) = types {
            of = types?;
        }
        if let Some(length) = length {
            span = length?;
        }
    }
    Some(Pattern::Silence { of, span })
}

fn packet_types(scope: Scope<'_>, node: &Node) -> Option<Vec<PacketType>> {
    let words: &[Node] = node.items().unwrap_or(std::slice::from_ref(node));
    if words.is_empty() {
        return scope.expected(node, "at least one packet");
    }
    let all: Vec<_> = words
        .iter()
        .map(|word| {
            let packet = word
                .text()
                .and_then(packet_named)
                .filter(|p| is_received(*p));
            match packet {
                Some(packet) => Some(packet),
                None => {
                    let received = PACKETS.iter().filter(|(_, p)| is_received(*p));
                    let names: Vec<_> = received.map(|(n, _)| *n).collect();
                    scope.expected_word(word, &names)
                }
            }
        })
        .collect();
    all.into_iter().collect()
}

fn sequence_of(scope: Scope<'_>, node: &Node) -> Option<Vec<Expectation>> {
    if node.items().is_none() {
        return scope.expected(node, "a list of expectations");
    }
    sequence(scope, node)
}

fn unordered(scope: Scope<'_>, node: &Node) -> Option<Vec<PacketPattern>> {
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        return scope.expected(node, "a list of packets");
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| packet_pattern(scope, item))
        .collect();
    all.into_iter().collect()
}

/// Reads `PACKET`, or `PACKET: { … }` without further keys.
pub(crate) fn packet_pattern(scope: Scope<'_>, node: &Node) -> Option<PacketPattern> {
    let (key, place, value) = match (node.text(), node.single()) {
        (Some(word), _) => (word, node.place, None),
        (None, Some(entry)) => (&*entry.key.text, entry.key.place, Some(&entry.value)),
        _ => return scope.expected(node, "one packet and its fields, `publish: { … }`"),
    };
    let value = value.filter(|node| node.kind() != "nothing");
    match packet_named(key) {
        Some(packet) => matcher::pattern(scope, packet, place, value),
        None => unknown(scope, key, place),
    }
}

fn any_of(scope: Scope<'_>, node: &Node) -> Option<Vec<Vec<Expectation>>> {
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        return scope.expected(node, "a list of alternatives");
    };
    let all: Vec<_> = items.iter().map(|n| sequence(scope, n)).collect();
    all.into_iter().collect()
}

const ONCE: Count = Count {
    at_least: 1,
    at_most: Some(1),
};

/// Reads a Keep Alive in seconds. 0 is refused, because it turns the Keep Alive off and no close would follow from it.
fn keep_alive(scope: Scope<'_>, node: &Node) -> Option<KeepAlive> {
    let range = 1..=u64::from(u16::MAX);
    let seconds = number(scope, node, &range, "a Keep Alive in seconds")?;
    u16::try_from(seconds)
        .ok()
        .map(|seconds| KeepAlive { seconds })
}

struct Limits {
    within: Option<std::time::Duration>,
    not_before: Option<std::time::Duration>,
    keep_alive: Option<KeepAlive>,
    after: After,
    /// `None` if the scenario does not give it.
    count: Option<Count>,
}

impl Limits {
    fn take(scope: Scope<'_>, map: &mut Mapping<'_>) -> Option<Self> {
        let within = map.take("within").map(|node| duration(scope, node));
        let not_before_node = map.take("not_before");
        let not_before = not_before_node.map(|node| duration(scope, node));
        let keep_alive_node = map.take("keep_alive");
        let keep_alive = keep_alive_node.map(|node| keep_alive(scope, node));
        let after = match map.take("after") {
            None if keep_alive_node.is_some() => Some(After::LastPacket),
            None => Some(After::Now),
            Some(node) => match node.text() {
                Some("last_packet") => Some(After::LastPacket),
                Some(id) => Some(After::Step(id.to_owned())),
                None => scope.expected(node, "a step's id, or `last_packet`"),
            },
        };
        let count = count(scope, map);
        let (within, not_before) = (transpose(within)?, transpose(not_before)?);
        let keep_alive = transpose(keep_alive)?;
        if let Some(node) = keep_alive_node
            && (within.is_some() || not_before.is_some())
        {
            return scope.fail(
                scope
                    .at(
                        node.place,
                        "`keep_alive` together with `within` or `not_before`",
                    )
                    .label("`keep_alive` sets both limits"),
            );
        }
        if let (Some(within), Some(not_before), Some(node)) = (within, not_before, not_before_node)
            && not_before >= within
        {
            return scope.fail(
                scope
                    .at(node.place, "`not_before` is not less than `within`")
                    .label("nothing could arrive in time"),
            );
        }
        Some(Self {
            within: within.or(keep_alive.map(KeepAlive::too_late_after)),
            not_before,
            keep_alive,
            after: after?,
            count: count?,
        })
    }

    fn check(&self, scope: Scope<'_>, node: &Node, pattern: &Pattern) -> Option<()> {
        let timed = self.within.is_some() || self.not_before.is_some() || self.after != After::Now;
        let (key, hint) = match pattern {
            Pattern::Silence { .. } if timed || self.count.is_some() => (
                "silence",
                "set the length of a silence with `silence: { for: … }`",
            ),
            Pattern::Closed { .. } if self.count.is_some() => ("closed", COUNT_HINT),
            Pattern::Refused(_) if self.count.is_some() => ("refused", COUNT_HINT),
            Pattern::InOrder(_) if self.count.is_some() => ("in_order", COUNT_HINT),
            Pattern::Unordered(_) if self.count.is_some() => ("unordered", COUNT_HINT),
            Pattern::Upgrade(_) if self.count.is_some() => ("upgrade", COUNT_HINT),
            Pattern::Frame(_) if self.count.is_some() => ("frame", COUNT_HINT),
            Pattern::AnyOf(_) if self.count.is_some() => ("any_of", COUNT_HINT),
            _ => return Some(()),
        };
        let entries = node.entries().unwrap_or(&[]);
        let modifier = entries
            .iter()
            .find(|e| MODIFIERS.contains(&&*e.key.text))
            .map_or(node.place, |e| e.key.place);
        let title = format!("this has no meaning next to `{key}`");
        scope.fail(scope.at(modifier, title).hint(hint))
    }
}

const COUNT_HINT: &str = "only packets can be counted";

fn count(scope: Scope<'_>, map: &mut Mapping<'_>) -> Option<Option<Count>> {
    let mut take = |key, least| {
        transpose(map.take(key).map(|node| {
            let n = number(scope, node, &(least..=COUNT_MAX), "how many")?;
            Some((u32::try_from(n).unwrap_or(u32::MAX), node.place))
        }))
    };
    let (exactly, at_least, at_most) = (take("count", 1), take("at_least", 0), take("at_most", 1));
    let optional = match map.take("optional") {
        None => Some(false),
        Some(node) => boolean(scope, node),
    };
    let (exactly, at_least, at_most) = (exactly?, at_least?, at_most?);
    let optional = optional?;
    if let (Some(_), Some((_, place))) = (exactly, at_least.or(at_most)) {
        let title = "`count` is an exact number and excludes this";
        return scope.fail(scope.at(place, title));
    }
    if let (true, Some((_, place))) = (optional, at_least) {
        let title = "`optional` allows none at all and excludes `at_least`";
        return scope.fail(scope.at(place, title));
    }
    if let (Some((least, _)), Some((most, place))) = (at_least, at_most)
        && most < least
    {
        return scope.fail(scope.at(place, "`at_most` is less than `at_least`"));
    }
    let n = |bound: Option<(u32, Place)>| bound.map(|(n, _)| n);
    Some(match (n(exactly), n(at_least), n(at_most), optional) {
        (None, None, None, false) => None,
        (Some(count), _, _, optional) => Some(Count {
            at_least: if optional { 0 } else { count },
            at_most: Some(count),
        }),
        (None, None, None, true) => Some(Count {
            at_least: 0,
            at_most: Some(1),
        }),
        (None, least, most, _) => Some(Count {
            at_least: least.unwrap_or(0),
            at_most: most,
        }),
    })
}
