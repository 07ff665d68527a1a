//! `access`: the rules of the access list.

use mqtt_check_codec::ProtocolVersion;
use mqtt_check_codec::topic::{check_filter, split_shared};

use mqtt_check_vocabulary::{AccessAction, AccessRule, ClientIds};

use crate::scenario::node::Node;
use crate::scenario::scope::{Mapping, Scope};
use crate::scenario::text::{self, Rules, STRING_MAX};

/// Reads the rules, in their order.
pub(super) fn access(scope: Scope<'_>, node: &Node) -> Option<Vec<AccessRule>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of rules");
    };
    let all: Vec<_> = items.iter().map(|item| rule(scope, item)).collect();
    all.into_iter().collect()
}

/// Reads one name, or a list of them.
pub(super) fn names(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        return scope.expected(node, "at least one name");
    }
    let all: Vec<_> = items.iter().map(|item| name(scope, item)).collect();
    all.into_iter().collect()
}

fn name(scope: Scope<'_>, node: &Node) -> Option<String> {
    let rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    let bytes = text::literal(scope, node, rules)?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// Reads which Client Identifiers a user may connect with.
pub(super) fn client_ids(scope: Scope<'_>, node: &Node) -> Option<ClientIds> {
    let named = node.text().and_then(ClientIds::named);
    named.or_else(|| scope.expected_word(node, ClientIds::WORDS))
}

/// Reads origins as browsers send them: scheme, host, and a port unless it is the scheme's own, or `null`.
pub(super) fn origins(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let origins = names(scope, node)?;
    for origin in &origins {
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_origin = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*']));
        if origin != "null" && !is_origin {
            let title = format!("`{origin}` is not an origin");
            let hint = "SCHEME://HOST or SCHEME://HOST:PORT, without a path: https://panel.example";
            return scope.fail(scope.at(node.place, title).hint(hint));
        }
    }
    Some(origins)
}

/// Reads one rule: `{ allow: subscribe, filter: news/#, user: alice }`.
fn rule(scope: Scope<'_>, node: &Node) -> Option<AccessRule> {
    let mut map = Mapping::of(scope, node, "a rule")?;
    let allow = map.take("allow").map(|node| (true, action(scope, node)));
    let deny = map.take("deny").map(|node| (false, action(scope, node)));
    let users = map.take("user").map(|node| names(scope, node));
    let clients = map.take("client").map(|node| names(scope, node));
    let filters = map.require("filter").and_then(|node| filters(scope, node));
    map.finish();
    let decision = match (allow, deny) {
        (Some(decision), None) | (None, Some(decision)) => decision,
        (None, None) => {
            let diagnostic = scope.at(node.place, "a rule neither allows nor denies");
            let hint = "`allow` or `deny`, with `publish`, `subscribe` or `all`";
            return scope.fail(diagnostic.hint(hint));
        }
        (Some(_), Some(_)) => {
            return scope.fail(scope.at(node.place, "a rule both allows and denies"));
        }
    };
    let of_nobody = || Some(Vec::new());
    Some(AccessRule {
        allow: decision.0,
        action: decision.1?,
        users: users.unwrap_or_else(of_nobody)?,
        clients: clients.unwrap_or_else(of_nobody)?,
        filters: filters?,
    })
}

fn action(scope: Scope<'_>, node: &Node) -> Option<AccessAction> {
    match node.text() {
        Some("publish") => Some(AccessAction::Publish),
        Some("subscribe") => Some(AccessAction::Subscribe),
        Some("all") => Some(AccessAction::All),
        _ => scope.expected_word(node, &["publish", "subscribe", "all"]),
    }
}

fn filters(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        return scope.expected(node, "at least one topic filter");
    }
    let all: Vec<_> = items.iter().map(|item| filter(scope, item)).collect();
    all.into_iter().collect()
}

fn filter(scope: Scope<'_>, node: &Node) -> Option<String> {
    let filter = name(scope, node)?;
    let wrong = |title: String, hint: &str| {
        let diagnostic = scope.at(node.place, title);
        scope.fail(diagnostic.hint(hint))
    };
    if let Err(error) = check_filter(&filter, ProtocolVersion::V5) {
        let hint = "`+` is a whole level; `#` is the last level and matches all below";
        return wrong(format!("not a valid topic filter: {error}"), hint);
    }
    if !matches!(split_shared(&filter), Ok(None)) {
        let hint =
            "leave out `$share/GROUP/`: a rule for a filter also covers its shared subscriptions";
        return wrong("a rule cannot name a share group".to_owned(), hint);
    }
    let mut rest = filter.as_str();
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        let Some(after) = rest.strip_prefix(['c', 'u', '%']) else {
            let hint = "use `%c` for the Client Identifier, `%u` for the user name, `%%` for a percent sign";
            return wrong("unknown placeholder after `%`".to_owned(), hint);
        };
        rest = after;
    }
    Some(filter)
}
