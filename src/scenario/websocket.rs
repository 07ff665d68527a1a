//! What a client does on a WebSocket below MQTT: `open`, `frame`, and expected frames.

use std::num::NonZeroUsize;

use bytes::{BufMut, Bytes, BytesMut};
use mqtt_check_codec::PacketType;

use super::action::{Actor, batch};
use super::fields;
use super::matcher::match_named;
use super::model::{
    Action, Answer, ClientAction, ClientIndex, Exchange, Expectation, FieldMatch, FrameContent,
    FramePattern, FrameTemplate, Opcode, Opening, Pattern, Scene, Step, Transport, UpgradeAnswer,
};
use super::node::{Entry, Node, Value};
use super::scope::{Mapping, Scope};
use super::text::{self, PAYLOAD_MAX, Rules};
use super::value::{boolean, number};
use crate::diagnostic::Place;

/// The subprotocol that a client offers by default.
const MQTT: &str = mqtt_check_websocket::MQTT;
/// The types of frames and their words.
pub(crate) const TYPES: [(&str, Opcode); 6] = [
    ("binary", Opcode::BINARY),
    ("text", Opcode::TEXT),
    ("continuation", Opcode::CONTINUATION),
    ("ping", Opcode::PING),
    ("pong", Opcode::PONG),
    ("close", Opcode::CLOSE),
];
/// The types of frames that are not part of a message.
pub(crate) const CONTROLS: [&str; 3] = ["ping", "pong", "close"];
/// The maximum number of subprotocols that a client may offer.
const OFFERS_MAX: usize = 32;

/// Reads `open: { … }`.
pub(crate) fn opening(scope: Scope<'_>, node: &Node) -> Option<Opening> {
    let mut map = Mapping::of(scope, node, "`open`")?;
    let offered = match map.take("subprotocols") {
        None => Some(vec![MQTT.to_owned()]),
        Some(node) => subprotocols(scope, node),
    };
    let given: Vec<_> = ["expect", "refused", "no_wait"]
        .into_iter()
        .filter_map(|key| map.take_entry(key))
        .collect();
    map.finish();
    let answer = match &given[..] {
        [] => Some(UpgradeAnswer::Fields(Vec::new())),
        [entry] => answer(scope, entry),
        [one, other, ..] => {
            let title = format!("`{}` together with `{}`", other.key.text, one.key.text);
            let hint = "use one of them: each gives the answer to wait for";
            scope.fail(scope.at(other.key.place, title).hint(hint))
        }
    };
    Some(Opening {
        subprotocols: offered?,
        answer: answer?,
    })
}

fn answer(scope: Scope<'_>, entry: &Entry) -> Option<UpgradeAnswer> {
    let node = &entry.value;
    match &*entry.key.text {
        "expect" => upgrade_fields(scope, node).map(UpgradeAnswer::Fields),
        "no_wait" => boolean(scope, node).map(|no_wait| match no_wait {
            true => UpgradeAnswer::None,
            false => UpgradeAnswer::Fields(Vec::new()),
        }),
        _ if node.value == Value::Empty => Some(UpgradeAnswer::Refused),
        _ => scope.fail(
            scope
                .at(node.place, "`refused` of an upgrade takes no value")
                .hint("use `expect: { status: … }` to require a status"),
        ),
    }
}

fn upgrade_fields(scope: Scope<'_>, node: &Node) -> Option<Vec<FieldMatch>> {
    let specs = fields::UPGRADE.iter().copied();
    let what = "the answer to an upgrade";
    match_named(scope, PacketType::RESERVED, what, specs, node)
}

/// Reads `upgrade`, or `upgrade: { … }`, in an expectation.
pub(crate) fn upgrade_pattern(scope: Scope<'_>, value: Option<&Node>) -> Option<Vec<FieldMatch>> {
    match value {
        None => Some(Vec::new()),
        Some(node) => upgrade_fields(scope, node),
    }
}

fn subprotocols(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.len() > OFFERS_MAX {
        let title = format!("more than {OFFERS_MAX} subprotocols");
        return scope.fail(scope.at(node.place, title));
    }
    let all: Vec<_> = items
        .iter()
        .map(|item| match item.text() {
            Some(text) if is_token(text) => Some(text.to_owned()),
            _ => scope.expected(item, "a subprotocol (a word without spaces and commas)"),
        })
        .collect();
    all.into_iter().collect()
}

/// Whether HTTP can carry a text as one token.
fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.len() <= 100 && text.chars().all(fits)
}

/// Reads `frame: { … }` as an action.
pub(crate) fn frame(scope: Scope<'_>, actor: Actor<'_>, node: &Node) -> Option<FrameTemplate> {
    let mut map = Mapping::of(scope, node, "`frame`")?;
    let opcode = map.take("type").map(|node| frame_type(scope, node));
    let payload = map.take("payload");
    let packets = map.take_entry("packets");
    let code = map.take_entry("code");
    let mut flag = |key, default| match map.take(key) {
        None => Some(default),
        Some(node) => boolean(scope, node),
    };
    let (fin, masked) = (flag("fin", true), flag("masked", true));
    let fragmented = flag("fragmented", false);
    let reserved = map
        .take("reserved")
        .map(|node| number(scope, node, &(0..=7), "the reserved bits"));
    let pieces_of = map
        .take("in_pieces_of")
        .map(|node| number(scope, node, &(1..=PAYLOAD_MAX as u64), "a number of bytes"));
    let cut_every = map
        .take("cut_every")
        .map(|node| number(scope, node, &(1..=PAYLOAD_MAX as u64), "a number of bytes"));
    map.finish();
    let opcode = opcode.unwrap_or(Some(Opcode::BINARY))?;
    let (fin, masked, fragmented) = (fin?, masked?, fragmented?);
    let reserved = reserved.unwrap_or(Some(0))?;
    let pieces_of = pieces_of.map_or(Some(None), |n| n.map(Some))?;
    let cut_every = cut_every.map_or(Some(None), |n| n.map(Some))?;
    if fragmented && pieces_of.is_none() {
        return scope.fail(
            scope
                .at(node.place, "`fragmented` without the size of the fragments")
                .hint("`in_pieces_of: N` puts N bytes in each fragment"),
        );
    }
    if let Some(entry) = code
        && opcode != Opcode::CLOSE
    {
        return scope.fail(scope.at(entry.key.place, "`code` is for a close frame"));
    }
    if let (Some(_), Some(entry)) = (payload.or(code.map(|e| &e.value)), packets) {
        return scope.fail(
            scope
                .at(
                    entry.key.place,
                    "`packets` together with a payload of another kind",
                )
                .hint("a frame has one or the other"),
        );
    }
    let content = match packets {
        Some(entry) => FrameContent::Packets(batch(scope, actor, &entry.value)?),
        None => FrameContent::Bytes(content(scope, payload, code.map(|e| &e.value))?),
    };
    Some(FrameTemplate {
        opcode,
        content,
        fin,
        reserved: u8::try_from(reserved).unwrap_or(0),
        masked,
        pieces_of: pieces_of.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        fragmented,
        cut_every: cut_every
            .and_then(|n| usize::try_from(n).ok())
            .and_then(NonZeroUsize::new),
    })
}

/// Reads the code of a close frame, and the payload after it.
fn content(scope: Scope<'_>, payload: Option<&Node>, code: Option<&Node>) -> Option<Bytes> {
    let rules = Rules {
        limit: PAYLOAD_MAX,
        utf8: false,
    };
    let mut out = BytesMut::new();
    if let Some(node) = code {
        let code = number(scope, node, &(0..=0xFFFF), "a close code")?;
        out.put_u16(u16::try_from(code).unwrap_or(0));
    }
    if let Some(node) = payload {
        out.put_slice(&text::literal(scope, node, rules)?);
    }
    Some(out.freeze())
}

/// Reads a type of frame: a word, or the number of any opcode.
fn frame_type(scope: Scope<'_>, node: &Node) -> Option<Opcode> {
    let text = node.text().unwrap_or("");
    if let Some((_, opcode)) = TYPES.iter().find(|(word, _)| *word == text) {
        return Some(*opcode);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let code = number(scope, node, &(0..=15), "a type of frame")?;
        return Some(Opcode(u8::try_from(code).unwrap_or(0)));
    }
    scope.expected_word(node, &TYPES.map(|(word, _)| word))
}

/// Reads `frame: { type: …, … }` in an expectation.
pub(crate) fn frame_pattern(
    scope: Scope<'_>,
    place: Place,
    value: Option<&Node>,
) -> Option<FramePattern> {
    let Some(node) = value else {
        return scope.fail(
            scope.at(place, "`frame` without a type").hint(
                "write `frame: { type: pong }`; expect a packet for what arrives in a message",
            ),
        );
    };
    let Some(entries) = node.entries() else {
        return scope.expected(node, "a frame's type and fields (a mapping)");
    };
    let Some(named) = node.find("type") else {
        return scope.fail(scope.at(node.place, "a frame without its `type`"));
    };
    let word = named.text().filter(|word| CONTROLS.contains(word));
    let Some(opcode) = word.and_then(Opcode::from_name) else {
        return scope.expected_word(named, &CONTROLS);
    };
    let specs = match opcode {
        Opcode::CLOSE => fields::CLOSE_FRAME,
        _ => fields::PING_FRAME,
    };
    let rest = Node {
        place: node.place,
        value: Value::Map(
            entries
                .iter()
                .filter(|entry| &*entry.key.text != "type")
                .cloned()
                .collect(),
        ),
    };
    let fields = match_named(
        scope,
        PacketType::RESERVED,
        "a frame",
        specs.iter().copied(),
        &rest,
    )?;
    Some(FramePattern { opcode, fields })
}

/// Checks that features of a WebSocket are used only by clients that are sure to use one.
pub(crate) fn check(scope: Scope<'_>, scene: &Scene) {
    let mut users = Vec::new();
    for step in &scene.steps {
        websocket_uses(step, &mut users);
    }
    if let Some(control) = &scene.control {
        for step in control
            .with
            .iter()
            .map(|(_, step)| step)
            .chain(&control.expect)
        {
            websocket_uses(step, &mut users);
        }
    }
    for (client, pattern) in &scene.exercised_if {
        named(*client, &pattern.fields, &mut users);
    }
    for (client, place, what) in users {
        let Some(client) = scene.clients.get(client.0) else {
            continue;
        };
        if client.route.transport != Transport::WebSocket {
            let title = format!("{what} of a client that may not use WebSocket");
            let hint = format!(
                "set `clients: {{ {}: {{ transport: websocket }} }}`",
                client.name
            );
            scope.add(scope.at(place, title).hint(hint));
        }
    }
}

type WebSocketUse = (ClientIndex, Place, &'static str);

/// Collects everything in a step that needs a WebSocket.
fn websocket_uses(step: &Step, out: &mut Vec<WebSocketUse>) {
    match &step.action {
        Action::Client { client, action } => match action {
            ClientAction::Open(Some(_)) => out.push((*client, step.place, "`open: { … }`")),
            ClientAction::Frame(_) => out.push((*client, step.place, "`frame`")),
            ClientAction::Exchange(Exchange {
                answer: Answer::Fields(fields),
                ..
            }) => named(*client, fields, out),
            ClientAction::Expect(expectations) => expected(*client, expectations, out),
            _ => {}
        },
        Action::Choice(choice) => {
            for (_, expectations) in &choice.answers {
                expected(choice.of, expectations, out);
            }
        }
        Action::Parallel(_) | Action::Rounds(_) => {
            step.action
                .inner()
                .iter()
                .for_each(|step| websocket_uses(step, out));
        }
        Action::OneOf(one_of) => {
            for (_, client) in &one_of.members {
                expected(*client, std::slice::from_ref(&one_of.expectation), out);
            }
        }
        Action::Wait(_) | Action::Hooks(_) | Action::Broker(_) => {}
    }
}

fn expected(client: ClientIndex, expectations: &[Expectation], out: &mut Vec<WebSocketUse>) {
    for expectation in expectations {
        match &expectation.pattern {
            Pattern::Frame(_) => out.push((client, expectation.place, "a `frame`")),
            Pattern::Upgrade(_) => out.push((client, expectation.place, "an `upgrade`")),
            Pattern::Packet(pattern) => named(client, &pattern.fields, out),
            Pattern::Unordered(patterns) => {
                for pattern in patterns {
                    named(client, &pattern.fields, out);
                }
            }
            Pattern::InOrder(inner) => expected(client, inner, out),
            Pattern::AnyOf(alternatives) => {
                for alternative in alternatives {
                    expected(client, alternative, out);
                }
            }
            Pattern::Closed { .. } | Pattern::Refused(_) | Pattern::Silence { .. } => {}
        }
    }
}

fn named(client: ClientIndex, fields: &[FieldMatch], out: &mut Vec<WebSocketUse>) {
    let field = fields.iter().find(|field| field.name == "frame");
    if let Some(field) = field {
        out.push((client, field.place, "the `frame` of a packet"));
    }
}
