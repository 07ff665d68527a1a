//! `scram`: the user as which a client authenticates by SCRAM-SHA-256.

use super::model::{Scram, ScramFault};
use super::node::Node;
use super::scope::{Mapping, Scope};
use super::text::{self, Rules, STRING_MAX};
use super::value::only_version_5;

/// Reads the keys of a `scram` mapping. What it leaves out comes from the client's credentials in `base`.
pub(crate) fn scram(scope: Scope<'_>, node: &Node, base: Option<&Scram>) -> Option<Scram> {
    if !scope.version.has_properties() {
        return scope.fail(only_version_5(scope, node.place, "`scram`"));
    }
    let mut map = Mapping::of(scope, node, "a user and its password")?;
    let string = |node, utf8| {
        let limit = STRING_MAX;
        text::literal(scope, node, Rules { limit, utf8 })
    };
    let user = match map.take("user") {
        None => Some(base.map(|base| base.user.clone())),
        Some(node) => string(node, true).map(|user| String::from_utf8(user.to_vec()).ok()),
    };
    let password = match map.take("password") {
        None => Some(base.map(|base| base.password.clone())),
        Some(node) => string(node, false).map(Some),
    };
    let wrong = match map.take("wrong") {
        None => Some(base.and_then(|base| base.wrong)),
        Some(node) => match node.text().and_then(ScramFault::from_word) {
            Some(fault) => Some(Some(fault)),
            None => {
                let words: Vec<_> = ScramFault::ALL.iter().map(|f| f.as_str()).collect();
                scope.expected_word(node, &words)
            }
        },
    };
    map.finish();
    let (user, password, wrong) = (user?, password?, wrong?);
    match (user, password) {
        (Some(user), Some(password)) => Some(Scram {
            user,
            password,
            wrong,
        }),
        _ => incomplete(scope, node),
    }
}

/// Reports that a user or a password is missing.
pub(crate) fn incomplete<T>(scope: Scope<'_>, node: &Node) -> Option<T> {
    let hint = "write `scram: { user: NAME, password: WORD }` here or at the client";
    let title = "`scram` needs a user and a password";
    scope.fail(scope.at(node.place, title).hint(hint))
}
