//! `users`: names, and passwords as text, from a file, or from the environment.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use mqtt_check_vocabulary::{Mechanism, Secret, User};

use crate::scenario::node::Node;
use crate::scenario::read_access::open_regular;
use crate::scenario::scope::{Mapping, Scope};
use crate::scenario::text::{self, Rules, STRING_MAX};
use crate::scenario::value::prose;

/// Reads names and passwords. No message repeats a password.
pub(super) fn users(scope: Scope<'_>, node: &Node) -> Option<Vec<User>> {
    let Some(entries) = node.entries() else {
        let title = format!(
            "expected names and passwords (a mapping), found {}",
            node.kind()
        );
        return scope.fail(scope.at(node.place, title));
    };
    let all: Vec<_> = entries
        .iter()
        .map(|entry| {
            let password = password(scope, &entry.value)?;
            Some(User {
                name: entry.key.text.to_string(),
                password: Secret::new(password),
            })
        })
        .collect();
    all.into_iter().collect()
}

/// The name of the only method.
const MECHANISM: &str = Mechanism::ScramSha256.name();

/// Reads the only method of enhanced authentication, and the users that can authenticate by it.
pub(super) fn authentication(
    scope: Scope<'_>,
    node: &Node,
) -> Option<BTreeMap<Mechanism, Vec<User>>> {
    let Some(entry) = node.single() else {
        let title = format!("expected `{{ {MECHANISM}: … }}`, found {}", node.kind());
        return scope.fail(scope.at(node.place, title));
    };
    if &*entry.key.text != MECHANISM {
        let title = "unknown authentication method";
        let hint = format!("the only method is {MECHANISM}");
        return scope.fail(scope.at(entry.key.place, title).hint(hint));
    }
    let users = users(scope, &entry.value)?;
    Some(BTreeMap::from([(Mechanism::ScramSha256, users)]))
}

fn password(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    if node.entries().is_some() && !text::is_form(node) {
        return kept_elsewhere(scope, node);
    }
    if node.text().is_some_and(|text| text.starts_with('$')) {
        let hint = "write `{ text: … }` for the literal text";
        let title = "a password that begins with `$` looks like a reference";
        return scope.fail(scope.at(node.place, title).hint(hint));
    }
    let rules = Rules {
        limit: STRING_MAX,
        utf8: false,
    };
    text::literal(scope, node, rules)
}

fn kept_elsewhere(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    let mut map = Mapping::of(scope, node, "a password")?;
    let file = map.take("file");
    let variable = map.take("env");
    let found = match (file, variable) {
        (Some(file), None) => in_file(scope, file),
        (None, Some(variable)) => in_environment(scope, variable),
        _ => {
            let title = "a password has either `file` or `env`, an environment variable";
            scope.fail(scope.at(node.place, title))
        }
    };
    map.finish();
    let (password, place) = (found?, node.place);
    if password.is_empty() {
        return scope.fail(scope.at(place, "the password is empty"));
    }
    if password.len() > STRING_MAX {
        let title = format!("the password is longer than the {STRING_MAX} bytes of a CONNECT");
        return scope.fail(scope.at(place, title));
    }
    Some(password)
}

/// Reads a password from a file, without the line end that editors add. The path is relative to the folder of the file
/// that names it.
fn in_file(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    let name = prose(scope, node, "the path of a file")?;
    let Some(path) = scope
        .report
        .read_access
        .file(&scope.report.source.path, &name)
    else {
        let title = "this file is outside the scenario's folder";
        let hint = "--allow-files lets scenarios read any file";
        return scope.fail(scope.at(node.place, title).hint(hint));
    };
    let mut bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let title = format!("failed to read {}: {error}", path.display());
            return scope.fail(scope.at(node.place, title));
        }
    };
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Some(bytes.into())
}

/// Reads slightly more than the longest password, but not all of a file that might never end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let limit = STRING_MAX as u64 + 16;
    open_regular(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn in_environment(scope: Scope<'_>, node: &Node) -> Option<Bytes> {
    let name = prose(scope, node, "the name of a variable")?;
    if !scope.report.read_access.has_variable(&name) {
        let title = "this scenario may not read the environment";
        let hint = "--allow-env NAME lets scenarios read this variable";
        return scope.fail(scope.at(node.place, title).hint(hint));
    }
    // No variable has such a name, and looking it up would be an error of its own.
    let value = match name.contains(['=', '\0']) {
        true => None,
        false => std::env::var_os(&name),
    };
    match value {
        Some(value) => Some(value.into_encoded_bytes().into()),
        None => {
            let title = "this environment variable is not set";
            scope.fail(scope.at(node.place, title))
        }
    }
}
