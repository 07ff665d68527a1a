//! What a client does: `CLIENT: ACTION`.

use mqtt_check_codec::PacketType;

use super::duration::duration;
use super::expectation;
use super::fields::{PACKETS, packet_named, packet_word};
use super::lie::WrongBytes;
use super::matcher::match_fields;
use super::model::{
    Answer, ClientAction, DropHow, Exchange, Expr, Field, FilterTemplate, Literal, PacketTemplate,
    Scram, SendBytes,
};
use super::node::{Entry, Node, Value, short};
use super::notation;
use super::packet::{self, Conformity, expand_clean_session, merge, plain_filter, sent_fields};
use super::scope::{Mapping, Scope};
use super::scram;
use super::text;
use super::value::{boolean, only_version_5};
use super::websocket;
use crate::diagnostic::Place;

/// The word for an AUTH that starts re-authentication.
const REAUTHENTICATE: &str = "reauthenticate";

/// Actions that are not packets.
const OTHERS: [&str; 6] = ["open", "drop", "send", "batch", "frame", "expect"];

/// The acting client's defaults, which complete its packets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor<'a> {
    /// The default fields of its CONNECT.
    pub(crate) defaults: &'a [Field],
    /// Its SCRAM credentials.
    pub(crate) scram: Option<&'a Scram>,
}

/// Reads the action of a client.
pub(crate) fn action(scope: Scope<'_>, actor: Actor<'_>, node: &Node) -> Option<ClientAction> {
    one(scope, actor, node, false)
}

fn one(scope: Scope<'_>, actor: Actor<'_>, node: &Node, batched: bool) -> Option<ClientAction> {
    let (key, place, value) = match &node.value {
        Value::Scalar(scalar) => (&*scalar.text, node.place, None),
        Value::Map(entries) => match &entries[..] {
            [entry] => (&*entry.key.text, entry.key.place, Some(&entry.value)),
            [first, second, ..] => return several(scope, first, second),
            [] => return scope.expected(node, "an action"),
        },
        _ => return scope.expected(node, "an action"),
    };
    let value = value.filter(|node| node.value != Value::Empty);
    if let Some(packet) = action_packet(key) {
        let exchange = exchange(scope, actor, packet, place, value, batched)?;
        return Some(ClientAction::Exchange(exchange));
    }
    match (key, value) {
        ("send", Some(value)) => send(scope, actor, value).map(ClientAction::Send),
        ("open" | "drop" | "expect" | "batch" | "frame", _) if batched => {
            let title = format!("`{key}` inside a batch");
            scope.fail(
                scope
                    .at(place, title)
                    .hint("a batch is a list of packets to send"),
            )
        }
        ("open", None) => Some(ClientAction::Open(None)),
        ("open", Some(value)) => {
            websocket::opening(scope, value).map(|opening| ClientAction::Open(Some(opening)))
        }
        ("drop", value) => drop_how(scope, value).map(ClientAction::Drop),
        ("batch", Some(value)) => batch(scope, actor, value).map(ClientAction::Batch),
        ("frame", Some(value)) => websocket::frame(scope, actor, value).map(ClientAction::Frame),
        ("expect", Some(value)) => expectation::sequence(scope, value).map(ClientAction::Expect),
        ("send" | "batch" | "frame" | "expect", None) => {
            scope.fail(scope.at(place, format!("`{key}` without a value")))
        }
        _ => unknown(scope, key, place),
    }
}

fn several<T>(scope: Scope<'_>, first: &Entry, second: &Entry) -> Option<T> {
    let key = &*second.key.text;
    let title = format!("`{}` is a second action", short(key));
    let hint = if &*first.key.text == "expect" && expectation::MODIFIERS.contains(&key) {
        format!("put it next to the packet:  `expect: {{ closed: {{}}, {key}: … }}`")
    } else {
        "a step has one action; its options go inside it".to_owned()
    };
    scope.fail(scope.at(second.key.place, title).hint(hint))
}

/// Returns the packet type of an action that is named after a packet, or of `ping`.
fn action_packet(word: &str) -> Option<PacketType> {
    match word {
        "ping" => Some(PacketType::PINGREQ),
        "pingreq" | "connack" | "suback" | "unsuback" | "pingresp" => None,
        _ => packet_named(word),
    }
}

fn unknown<T>(scope: Scope<'_>, key: &str, place: Place) -> Option<T> {
    let packets = PACKETS.iter().map(|(word, _)| *word);
    let known = packets
        .filter(|w| action_packet(w).is_some())
        .chain(["ping"])
        .chain(OTHERS);
    let mut diagnostic = scope.at(place, format!("unknown action `{}`", short(key)));
    diagnostic.label = scope.suggest(key, known.clone());
    if packet_named(key).is_some() && diagnostic.label.is_none() {
        diagnostic.hint = Some(format!(
            "a client sends it with `send: {{ {key}: … }}`, and waits for it with `expect: {key}`"
        ));
    } else if diagnostic.label.is_none() {
        let known: Vec<_> = known.collect();
        diagnostic.hint = Some(format!("the actions of a client are {}", known.join(", ")));
    }
    scope.fail(diagnostic)
}

fn drop_how(scope: Scope<'_>, value: Option<&Node>) -> Option<DropHow> {
    let Some(node) = value else {
        return Some(DropHow::Close);
    };
    match node.text() {
        Some("close") => Some(DropHow::Close),
        Some("half_close") => Some(DropHow::HalfClose),
        Some("reset") => Some(DropHow::Reset),
        _ => scope.expected_word(node, &["close", "half_close", "reset"]),
    }
}

/// Reads the actions whose packets go out in one write or in one frame.
pub(crate) fn batch(scope: Scope<'_>, actor: Actor<'_>, node: &Node) -> Option<Vec<ClientAction>> {
    let Some(items) = node.items().filter(|items| !items.is_empty()) else {
        return scope.expected(node, "a list of actions");
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| one(scope, actor, item, true))
        .collect();
    all.into_iter().collect()
}

fn send(scope: Scope<'_>, actor: Actor<'_>, node: &Node) -> Option<SendBytes> {
    if node.text().is_some() {
        return notation::bytes(scope, node).map(SendBytes::Bytes);
    }
    let Some(entry) = node.single() else {
        return scope.expected(node, "notation, or one packet, `send: { publish: { … } }`");
    };
    let key = &*entry.key.text;
    let Some(packet) = packet_named(key) else {
        let mut diagnostic = scope.at(entry.key.place, format!("unknown packet `{}`", short(key)));
        diagnostic.label = scope.suggest(key, PACKETS.iter().map(|(word, _)| *word));
        return scope.fail(diagnostic);
    };
    let value = Some(&entry.value).filter(|node| node.value != Value::Empty);
    let place = entry.key.place;
    let parsed = ParsedPacket::read(scope, actor, packet, place, value, Conformity::Raw)?;
    Some(SendBytes::Packet(parsed.packet))
}

/// A packet as its mapping describes it, and the keys beside its fields.
struct ParsedPacket<'a> {
    packet: PacketTemplate,
    expect: Option<&'a Node>,
    refused: Option<&'a Node>,
    no_wait: Option<&'a Node>,
    within: Option<&'a Node>,
    until: Option<&'a Node>,
    keep_open: Option<&'a Node>,
    /// The SCRAM credentials of a CONNECT, or of an AUTH that re-authenticates.
    scram: Option<&'a Node>,
}

impl<'a> ParsedPacket<'a> {
    fn read(
        scope: Scope<'a>,
        actor: Actor<'_>,
        packet_type: PacketType,
        place: Place,
        value: Option<&'a Node>,
        manner: Conformity,
    ) -> Option<Self> {
        let word = packet_word(packet_type);
        if packet_type == PacketType::AUTH && !scope.version.has_properties() {
            return scope.fail(only_version_5(scope, place, "`auth`"));
        }
        let mut out = Self {
            packet: PacketTemplate {
                packet_type,
                fields: Vec::new(),
                filters: Vec::new(),
                lies: Vec::new(),
            },
            expect: None,
            refused: None,
            no_wait: None,
            within: None,
            until: None,
            keep_open: None,
            scram: None,
        };
        let has_filters = matches!(packet_type, PacketType::SUBSCRIBE | PacketType::UNSUBSCRIBE);
        if let Some(node) = value
            && has_filters
            && (node.entries().is_none() || text::is_form(node))
        {
            out.packet.filters = filter_list(scope, packet_type, node, &plain_filter(), manner)?;
            return Some(out);
        }
        let empty = Node {
            place,
            value: Value::Map(Vec::new()),
        };
        let Some(node) = value else {
            out.fill(scope, actor, &empty, &[], &[], manner)?;
            return Some(out);
        };
        let begins_again = packet_type == PacketType::AUTH && manner == Conformity::Honest;
        if begins_again && node.text() == Some(REAUTHENTICATE) {
            out.scram = Some(node);
            return Some(out);
        }
        if node.entries().is_none() {
            return scope.expected(node, &format!("fields of `{word}` (a mapping)"));
        }
        let mut map = Mapping::of(scope, node, "a packet")?;
        if manner == Conformity::Honest {
            out.expect = map.take("expect");
            out.refused = map.take("refused");
            out.no_wait = map.take("no_wait");
            out.within = map.take("within");
            match packet_type {
                PacketType::PUBLISH => out.until = map.take("until"),
                PacketType::DISCONNECT => out.keep_open = map.take("keep_open"),
                PacketType::CONNECT => out.scram = map.take("scram"),
                PacketType::AUTH => out.scram = map.take(REAUTHENTICATE),
                _ => {}
            }
        }
        let wrong_bytes = WrongBytes::take(&mut map);
        let filters = has_filters.then(|| filters(scope, packet_type, node, &mut map, manner));
        let rest = map.rest();
        let filled = out.fill(scope, actor, node, &rest, map.known(), manner);
        if let Some(filters) = filters {
            out.packet.filters = filters?;
        }
        filled?;
        out.packet.lies = wrong_bytes.lies(scope, &out.packet)?;
        Some(out)
    }

    /// Types the fields and applies them over the client's defaults.
    fn fill(
        &mut self,
        scope: Scope<'_>,
        actor: Actor<'_>,
        node: &Node,
        rest: &[&Entry],
        known: &[&'static str],
        manner: Conformity,
    ) -> Option<()> {
        let packet = self.packet.packet_type;
        let word = match (packet, manner) {
            (PacketType::PINGREQ, Conformity::Honest) => "ping",
            _ => packet_word(packet),
        };
        let what = format!("`{word}`");
        let mut changes = sent_fields(scope, packet, manner, rest, known, &what)?;
        let mut defaults: &[Field] = &[];
        if packet == PacketType::CONNECT {
            changes = expand_clean_session(scope, changes)?;
            defaults = actor.defaults;
        }
        self.packet.fields = merge(defaults, changes);
        let named = |name: &str| self.packet.fields.iter().any(|f| f.name == name);
        let complete = packet != PacketType::PUBLISH || named("topic") || named("topic_alias");
        let qos = self.packet.fields.iter().find(|f| f.name == "qos");
        if let Some(qos) = qos
            && !matches!(qos.value, Expr::Literal(_))
        {
            return scope.fail(scope.at(qos.place, "the QoS must be known when the file is read"));
        }
        if manner == Conformity::Honest && !complete {
            return scope.fail(scope.at(node.place, "`publish` without a `topic`"));
        }
        Some(())
    }
}

/// Reads `filter` with options, or `filters`.
fn filters(
    scope: Scope<'_>,
    packet: PacketType,
    node: &Node,
    map: &mut Mapping<'_>,
    manner: Conformity,
) -> Option<Vec<FilterTemplate>> {
    let subscribes = packet == PacketType::SUBSCRIBE;
    let options = if subscribes {
        packet::filter_options(scope, map, &plain_filter())
    } else {
        Some(plain_filter())
    };
    let (one, many) = (map.take("filter"), map.take("filters"));
    let options = options?;
    match (one, many) {
        (Some(_), Some(many)) => {
            scope.fail(scope.at(many.place, "`filters` together with `filter`"))
        }
        (Some(one), None) => {
            if one.entries().is_some() && !text::is_form(one) {
                return scope.expected(one, "a filter (a string)");
            }
            packet::filter(scope, one, &options, false).map(|f| vec![f])
        }
        (None, Some(many)) => filter_list(scope, packet, many, &options, manner),
        (None, None) if manner == Conformity::Raw => Some(Vec::new()),
        (None, None) => {
            let title = format!("`{}` without a `filter`", packet_word(packet));
            scope.fail(scope.at(node.place, title))
        }
    }
}

fn filter_list(
    scope: Scope<'_>,
    packet: PacketType,
    node: &Node,
    options: &FilterTemplate,
    manner: Conformity,
) -> Option<Vec<FilterTemplate>> {
    let items: &[Node] = node.items().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() && manner == Conformity::Honest {
        return scope.fail(
            scope
                .at(node.place, "no filter at all")
                .hint("a packet without one is sent with `send`"),
        );
    }
    let with_options = packet == PacketType::SUBSCRIBE;
    let all: Vec<_> = items
        .iter()
        .map(|item| packet::filter(scope, item, options, with_options))
        .collect();
    all.into_iter().collect()
}

fn exchange(
    scope: Scope<'_>,
    actor: Actor<'_>,
    packet: PacketType,
    place: Place,
    value: Option<&Node>,
    batched: bool,
) -> Option<Exchange> {
    let word = if packet == PacketType::PINGREQ {
        "ping"
    } else {
        packet_word(packet)
    };
    let needs = matches!(
        packet,
        PacketType::PUBLISH | PacketType::SUBSCRIBE | PacketType::UNSUBSCRIBE
    );
    if needs && value.is_none() {
        return scope.fail(scope.at(place, format!("`{word}` without its fields")));
    }
    let parsed = ParsedPacket::read(scope, actor, packet, place, value, Conformity::Honest)?;
    let scram = scram_of(scope, actor, &parsed);
    let answer = answer(scope, word, &parsed, batched);
    let within = match parsed.within {
        None => Some(None),
        Some(node) => duration(scope, node).map(Some),
    };
    let until_pubrec = match parsed.until {
        None => Some(false),
        Some(node) if node.text() != Some("pubrec") => scope.expected_word(node, &["pubrec"]),
        Some(node) if qos(&parsed.packet) != 2 => {
            scope.fail(scope.at(node.place, "`until: pubrec` is for a PUBLISH with QoS 2"))
        }
        Some(_) => Some(true),
    };
    let keep_open = match parsed.keep_open {
        None => Some(false),
        Some(node) => boolean(scope, node),
    };
    let (answer, within) = (answer?, within?);
    if within.is_some() && answer == Answer::None {
        let place = parsed.within.map_or(place, |node| node.place);
        return scope.fail(scope.at(place, "`within` on a step that waits for no answer"));
    }
    Some(Exchange {
        packet: parsed.packet,
        answer,
        within,
        until_pubrec: until_pubrec?,
        keep_open: keep_open?,
        scram: scram?.map(Box::new),
    })
}

/// Returns the SCRAM credentials if this packet starts a SCRAM exchange.
fn scram_of(
    scope: Scope<'_>,
    actor: Actor<'_>,
    parsed: &ParsedPacket<'_>,
) -> Option<Option<Scram>> {
    let packet = &parsed.packet;
    let connects = packet.packet_type == PacketType::CONNECT;
    let scram = match parsed.scram {
        None if connects => match actor.scram {
            Some(scram) => Some(scram.clone()),
            None => return Some(None),
        },
        None => return Some(None),
        Some(node) if connects && node.word() == Some("absent") => return Some(None),
        Some(node) if !connects && (node.text().is_some() || node.value == Value::Empty) => {
            match actor.scram {
                Some(scram) => Some(scram.clone()),
                None => scram::incomplete(scope, node),
            }
        }
        Some(node) => scram::scram(scope, node, actor.scram),
    };
    let own = ["reason", "authentication_method", "authentication_data"];
    let beside = packet.fields.iter().find(|f| own.contains(&&*f.name));
    if let Some(field) = beside {
        let title = format!("`{}` together with `scram`, which provides it", field.name);
        let hint = "`scram: absent` leaves the exchange to the scenario";
        let mut diagnostic = scope.at(field.place, title);
        diagnostic.hint = connects.then(|| hint.to_owned());
        return scope.fail(diagnostic);
    }
    scram.map(Some)
}

/// Returns the QoS of a PUBLISH, 0 by default.
fn qos(packet: &PacketTemplate) -> u64 {
    let qos = packet.fields.iter().find(|f| f.name == "qos");
    match qos.map(|f| &f.value) {
        Some(Expr::Literal(Literal::Number(n))) => *n,
        _ => 0,
    }
}

/// Returns the type of the packet that answers this one, if any.
fn answering(packet: &PacketTemplate) -> Option<PacketType> {
    match packet.packet_type {
        PacketType::CONNECT => Some(PacketType::CONNACK),
        PacketType::PUBLISH => match qos(packet) {
            0 => None,
            2 => Some(PacketType::PUBREC),
            _ => Some(PacketType::PUBACK),
        },
        PacketType::SUBSCRIBE => Some(PacketType::SUBACK),
        PacketType::UNSUBSCRIBE => Some(PacketType::UNSUBACK),
        PacketType::PINGREQ => Some(PacketType::PINGRESP),
        PacketType::AUTH => Some(PacketType::AUTH),
        PacketType::PUBREC => Some(PacketType::PUBREL),
        PacketType::PUBREL => Some(PacketType::PUBCOMP),
        _ => None,
    }
}

/// Whether a step waits for the answer by default. It does not after AUTH, which CONNACK may answer as well, or after
/// an acknowledgement, which scenarios send to see what follows.
fn waits_by_itself(packet: PacketType) -> bool {
    matches!(
        packet,
        PacketType::CONNECT
            | PacketType::PUBLISH
            | PacketType::SUBSCRIBE
            | PacketType::UNSUBSCRIBE
            | PacketType::PINGREQ
    )
}

fn answer(
    scope: Scope<'_>,
    word: &str,
    parsed: &ParsedPacket<'_>,
    batched: bool,
) -> Option<Answer> {
    let packet = &parsed.packet;
    let no_wait = match parsed.no_wait {
        None => false,
        Some(node) => boolean(scope, node)?,
    };
    let given = [
        ("expect", parsed.expect),
        ("refused", parsed.refused),
        ("no_wait", parsed.no_wait),
    ];
    let mut given = given.iter().filter_map(|(key, node)| Some((key, (*node)?)));
    let first = given.next();
    if let (Some((one, _)), Some((other, node))) = (first, given.next()) {
        let title = format!("`{other}` together with `{one}`");
        return scope.fail(
            scope
                .at(node.place, title)
                .hint("use one of them: each gives the answer to wait for"),
        );
    }
    if let (true, Some((key, node))) = (batched, first) {
        let title = format!("`{key}` inside a batch");
        let hint = "a batch only sends; later steps check the answers";
        return scope.fail(scope.at(node.place, title).hint(hint));
    }
    if batched || no_wait {
        return Some(Answer::None);
    }
    let answering = answering(packet);
    match (parsed.expect, parsed.refused) {
        (Some(node), _) => match answering {
            Some(answer) => match_fields(scope, answer, node).map(Answer::Fields),
            None => scope.fail(
                scope
                    .at(node.place, format!("nothing answers this `{word}`"))
                    .hint("use a separate step for what is expected: `CLIENT: { expect: … }`"),
            ),
        },
        (_, Some(node)) => {
            let value = Some(node).filter(|node| node.value != Value::Empty);
            match packet.packet_type {
                PacketType::DISCONNECT => scope
                    .fail(scope.at(node.place, "a `disconnect` closes the connection by itself")),
                _ => expectation::refused(scope, value).map(Answer::Refused),
            }
        }
        _ => Some(match answering {
            Some(_) if waits_by_itself(packet.packet_type) || parsed.scram.is_some() => {
                Answer::Fields(Vec::new())
            }
            _ => Answer::None,
        }),
    }
}
