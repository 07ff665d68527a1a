//! `clients`: the clients of a scenario, and the defaults of their CONNECT.

use bytes::Bytes;
use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::expectation::packet_pattern;
use super::model::{Capability, Client, Driver, Expr, Literal, PacketPattern, Route, Transport};
use super::node::{Entry, Node, Value, short};
use super::packet::{Conformity, expand_clean_session, merge, sent_fields};
use super::scope::{ClientHead, Mapping, Scope};
use super::scram;
use super::text::{self, Rules, STRING_MAX};
use super::value::number;

/// Words that have a meaning where a client's name could appear.
pub(crate) const RESERVED: [&str; 26] = [
    "wait", "hooks", "broker", "choice", "parallel", "repeat", "one_of", "id", "only", "when",
    "clause", "level", "note", "as", "of", "answers", "rest", "expect", "any", "all", "connack",
    "text", "if", "steps", "varies", "about",
];
/// The maximum number of clients in a scenario.
const CLIENT_LIMIT: usize = 64;
/// The highest node number that a client may name.
pub(crate) const NODE_MAX: u64 = 63;
/// The maximum length of a Client Identifier in bytes, so that the prefix of a run fits before it.
const ID_LIMIT: usize = 15;

/// Reads the clients' names and versions. Scopes that know the clients are made from these.
pub(crate) fn heads(scope: Scope<'_>, node: &Node) -> Option<Vec<ClientHead>> {
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
        return scope.expected(node, "at least one client (a mapping)");
    };
    if entries.len() > CLIENT_LIMIT {
        let title = format!("more than {CLIENT_LIMIT} clients");
        return scope.fail(scope.at(entries[CLIENT_LIMIT].key.place, title));
    }
    Some(entries.iter().map(|entry| head(scope, entry)).collect())
}

/// Reads one client's name and version. A client with a wrong name is kept, so that its steps are still read.
fn head(scope: Scope<'_>, entry: &Entry) -> ClientHead {
    let name = &*entry.key.text;
    if let Some(fault) = name_fault(name) {
        let mut diagnostic = scope.at(entry.key.place, fault);
        if !RESERVED.contains(&name) {
            diagnostic = diagnostic.hint("a lowercase letter, then letters, digits and `_`");
        }
        scope.add(diagnostic);
    }
    let own = entry.value.find("version");
    ClientHead {
        name: name.to_owned(),
        version: own
            .and_then(|node| version(scope, node))
            .unwrap_or(scope.version),
    }
}

/// Returns why this cannot be a client's name, or `None` if it can.
pub(crate) fn name_fault(name: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if RESERVED.contains(&name) {
        Some(format!(
            "`{name}` is reserved and cannot be a client's name"
        ))
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_letter) {
        Some(format!("`{}` cannot be a client's name", short(name)))
    } else {
        None
    }
}

/// Reads a protocol version.
pub(crate) fn version(scope: Scope<'_>, node: &Node) -> Option<ProtocolVersion> {
    match node.text() {
        Some("3.1") => Some(ProtocolVersion::V3_1),
        Some("3.1.1") => Some(ProtocolVersion::V3_1_1),
        Some("5") => Some(ProtocolVersion::V5),
        _ => scope.expected_word(node, &["3.1", "3.1.1", "5"]),
    }
}

/// What a scenario permits as a Client Identifier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdRules<'a> {
    pub(crate) exclusive: bool,
    pub(crate) needs: &'a [Capability],
}

/// Reads one client. Its name has been checked already.
pub(crate) fn client(scope: Scope<'_>, entry: &Entry, rules: IdRules<'_>) -> Option<Client> {
    let name = entry.key.text.to_string();
    let empty;
    let node = match &entry.value.value {
        Value::Empty => {
            empty = Node {
                place: entry.value.place,
                value: Value::Map(Vec::new()),
            };
            &empty
        }
        _ => &entry.value,
    };
    let mut map = Mapping::of(scope, node, "a client")?;
    map.take("version");
    let id = match map.take("id") {
        Some(node) => identifier(scope, node, rules),
        None => Some(default_identifier(&name)),
    };
    if let (None, Some(Expr::Literal(Literal::Bytes(bytes)))) = (node.find("id"), &id) {
        // The default identifier is as long as the name.
        check_identifier(scope, entry.key.place, bytes, rules)?;
    }
    let driver = match map.take("driver") {
        None => Some(Driver::Wire),
        Some(node) => match node.text().and_then(Driver::from_word) {
            Some(driver) => Some(driver),
            None => scope.expected_word(node, &["wire", "rumqttc"]),
        },
    };
    let auto_ack = match map.take("ack") {
        None => Some(true),
        Some(node) => match node.text() {
            Some("auto") => Some(true),
            Some("manual") => Some(false),
            _ => scope.expected_word(node, &["auto", "manual"]),
        },
    };
    let withhold = match map.take("withhold") {
        None => Some(Vec::new()),
        Some(node) if auto_ack == Some(false) => scope.fail(
            scope
                .at(node.place, "`withhold` together with `ack: manual`")
                .hint("`ack: manual` withholds every acknowledgement"),
        ),
        Some(node) if driver == Some(Driver::Rumqttc) => scope.fail(
            scope
                .at(node.place, "`withhold` of a client that rumqttc plays")
                .hint("`ack: manual` leaves all acknowledgements to the application"),
        ),
        Some(node) => withheld(scope, node),
    };
    let placed = placement(scope, &mut map);
    let scram = match map.take("scram") {
        None => Some(None),
        Some(node) => scram::scram(scope, node, None).map(Some),
    };
    let rest = map.rest();
    let changes = sent_fields(
        scope,
        PacketType::CONNECT,
        Conformity::Honest,
        &rest,
        map.known(),
        "a client",
    )
    .and_then(|changes| expand_clean_session(scope, changes));
    Some(Client {
        name,
        place: entry.key.place,
        id: id?,
        version: scope.version,
        driver: driver?,
        auto_ack: auto_ack?,
        withhold: withhold?,
        is_placed: placed?.1,
        route: placed?.0,
        scram: scram?,
        connect: merge(&[], changes?),
    })
}

/// Reads `withhold`: the messages that the client does not acknowledge by itself.
fn withheld(scope: Scope<'_>, node: &Node) -> Option<Vec<PacketPattern>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let all: Vec<_> = items
        .iter()
        .map(|item| {
            let pattern = packet_pattern(scope, item)?;
            match pattern.packet_type {
                PacketType::PUBLISH => Some(pattern),
                _ => scope.expected(item, "`publish: { … }`, which a client acknowledges"),
            }
        })
        .collect();
    all.into_iter().collect()
}

/// Reads `transport` and `node`, and returns whether there is a `node`.
fn placement(scope: Scope<'_>, map: &mut Mapping<'_>) -> Option<(Route, bool)> {
    let transport = match map.take("transport") {
        None => Some(Transport::Default),
        Some(node) => match node.text().and_then(Transport::from_word) {
            Some(transport) => Some(transport),
            None => {
                let words: Vec<&str> = Transport::ALL.iter().map(|t| t.as_str()).collect();
                scope.expected_word(node, &words)
            }
        },
    };
    let named = map.take("node");
    let node = match named {
        None => Some(0),
        Some(node) => number(scope, node, &(0..=NODE_MAX), "the number of a node"),
    };
    let route = Route {
        transport: transport?,
        node: usize::try_from(node?).unwrap_or(usize::MAX),
    };
    Some((route, named.is_some()))
}

fn default_identifier(name: &str) -> Expr {
    let id = name.replace('_', "");
    Expr::Literal(Literal::Bytes(Bytes::from(id)))
}

fn identifier(scope: Scope<'_>, node: &Node, rules: IdRules<'_>) -> Option<Expr> {
    let text_rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    let id = text::text_expr(scope, node, text_rules)?;
    match &id {
        Expr::Literal(Literal::Bytes(bytes)) => check_identifier(scope, node.place, bytes, rules)?,
        // Only the run knows this identifier. Check it like a long one.
        Expr::Repeated { .. } | Expr::Size(_) => {
            check_identifier(scope, node.place, &[b'-'; 24], rules)?;
        }
        _ => {}
    }
    Some(id)
}

fn check_identifier(
    scope: Scope<'_>,
    place: crate::diagnostic::Place,
    id: &[u8],
    rules: IdRules<'_>,
) -> Option<()> {
    let fits = (1..=ID_LIMIT).contains(&id.len()) && id.iter().all(u8::is_ascii_alphanumeric);
    let need = if id.is_empty() {
        Capability::EmptyClientId
    } else {
        Capability::LongClientId
    };
    if fits || rules.exclusive || rules.needs.contains(&need) {
        return Some(());
    }
    let title = if id.is_empty() {
        "an empty Client Identifier"
    } else {
        "a Client Identifier that is not 1 to 15 letters and digits"
    };
    let hint = format!(
        "the prefix used on shared brokers would not fit: add `needs: [{need}]` or `exclusive: true`"
    );
    scope.fail(scope.at(place, title).hint(hint))
}
