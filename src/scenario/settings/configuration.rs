//! The configuration file of `mqtt-check broker`: the settings of a scenario's `broker`, and the addresses to listen
//! on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{by_itself, take};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::library::read;
use crate::scenario::model::Settings;
use crate::scenario::node::{Node, transpose};
use crate::scenario::scope::{Mapping, Scope};
use crate::scenario::syntax;
use crate::scenario::value::prose;

/// The content of a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The file with its passwords masked, for messages about its content.
    pub source: Arc<Source>,
    pub settings: Settings,
    /// URLs or addresses to listen on, each with its place.
    pub listen: Vec<(String, Place)>,
    /// The file in which sessions and messages are stored.
    pub store: Option<PathBuf>,
    /// The certificate of the TLS listeners.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The authority that signs the certificates of clients.
    pub client_ca: Option<PathBuf>,
}

/// Reads a configuration file.
///
/// # Errors
/// Returns everything that is wrong with the file. No message contains a password.
pub fn load(path: &Path) -> Result<Configuration, Vec<Diagnostic>> {
    parse(&read(path)?)
}

/// Reads the text of a configuration file.
///
/// # Errors
/// Returns everything that is wrong with the file. No message contains a password.
pub fn parse(source: &Arc<Source>) -> Result<Configuration, Vec<Diagnostic>> {
    let shown = covered(source, &COVERED);
    let covering = |mut wrong: Vec<Diagnostic>| {
        for diagnostic in &mut wrong {
            diagnostic.source = Arc::clone(&shown);
            if diagnostic.title == "the file is empty" {
                diagnostic.hint = Some("docs/broker.md has the settings".to_owned());
            }
        }
        wrong
    };
    let root = syntax::parse(source).map_err(covering)?;
    let (configuration, wrong) = by_itself(source, |scope| configuration(scope, &root, &shown));
    match configuration {
        Some(configuration) if wrong.is_empty() => Ok(configuration),
        _ => Err(covering(wrong)),
    }
}

fn configuration(scope: Scope<'_>, root: &Node, shown: &Arc<Source>) -> Option<Configuration> {
    let mut map = Mapping::of(scope, root, "a configuration")?;
    let listen = map.take("listen").map(|node| places(scope, node));
    let folder = Path::new(&scope.report.source.path).parent();
    let mut file = |key: &'static str| {
        let path = map
            .take(key)
            .map(|node| prose(scope, node, "the path of a file"));
        path.map(|path| path.map(|path| folder.unwrap_or(Path::new("")).join(path)))
    };
    let (cert, key, client_ca) = (file("cert"), file("key"), file("client_ca"));
    let store = file("store");
    let settings = take(scope, &mut map, &Settings::default());
    map.finish();
    Some(Configuration {
        source: Arc::clone(shown),
        settings: settings?,
        listen: listen.unwrap_or_else(|| Some(Vec::new()))?,
        store: transpose(store)?,
        cert: transpose(cert)?,
        key: transpose(key)?,
        client_ca: transpose(client_ca)?,
    })
}

fn places(scope: Scope<'_>, node: &Node) -> Option<Vec<(String, Place)>> {
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        return scope.expected(node, "at least one place to listen at");
    }
    let all: Vec<_> = items
        .iter()
        .map(|item| Some((prose(scope, item, "HOST:PORT or a URL")?, item.place)))
        .collect();
    all.into_iter().collect()
}

/// The keys with passwords below them.
const COVERED: [&str; 2] = ["users", "authentication"];

/// Masks everything below these keys, character by character, so that places stay valid. The text need not be valid
/// YAML.
pub(crate) fn covered(source: &Arc<Source>, keys: &[&str]) -> Arc<Source> {
    let mut text = String::with_capacity(source.text.len());
    // The indentation of the masked key, while the lines are below it.
    let mut below: Option<usize> = None;
    for line in source.text.split_inclusive(['\n', '\r']) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let content = content.trim_end();
        let is_blank = content.is_empty() || content.starts_with('#');
        if below.is_some_and(|key| !is_blank && indent <= key) {
            below = None;
        }
        let ends = keys
            .iter()
            .filter_map(|key| Some(line.find(key)? + key.len()));
        let open = match (below, ends.min()) {
            (Some(_), _) => 0,
            (None, Some(end)) => {
                below = Some(indent);
                end
            }
            (None, None) => line.len(),
        };
        text.push_str(&line[..open]);
        let cover = |c: char| if c.is_whitespace() { c } else { '*' };
        text.extend(line[open..].chars().map(cover));
    }
    Arc::new(Source {
        path: source.path.clone(),
        text,
    })
}

#[cfg(test)]
mod tests;
