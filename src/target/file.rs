//! Target files: how a known broker is reached, started and stopped, what cannot be read from its CONNACK, and which
//! of its ways differ from the standard and were accepted.
//!
//! In: the text of `targets/NAME.yaml`. Out: a [`TargetFile`], or everything that is wrong with it, in the order of
//! its lines. Nothing is started here. `docs/targets/format.md` is the reference.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use super::{Access, External};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::model::Capability;
use crate::scenario::{decode, syntax};
use crate::transport::{BrokerUrl, EndpointError};

mod deviation;
mod reading;

pub use deviation::{Citation, Deviation, Exchange};

use reading::{Map, Reading};

/// How long a broker may take from its start to its first CONNACK.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// The longest of the spans that a target file may name.
const LONGEST: Duration = Duration::from_secs(600);
/// How a command is written.
const COMMAND_HINT: &str =
    "a list of the program and its arguments: command: [mosquitto, -c, '{config}']";
/// What stands for the port that was chosen.
pub(super) const PORT: &str = "{port}";
/// What stands for the path of the written configuration.
pub(super) const CONFIG: &str = "{config}";
/// What stands for a folder of the broker's own.
pub(super) const FOLDER: &str = "{folder}";

/// A known broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    pub source: Arc<Source>,
    /// The file's name without its ending.
    pub name: String,
    /// As people call it; the name where the file gives none.
    pub title: String,
    /// The version that was looked at when the file was written.
    pub version: Option<String>,
    /// Where it listens. With `start`, `{port}` stands in it.
    pub url: String,
    pub start: Option<Start>,
    /// Versions that it speaks; `None`: those that it accepts.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// What it cannot do, and why.
    pub lacks: Vec<(Capability, String)>,
    /// How long an expectation waits that names no limit.
    pub limit: Option<Duration>,
    /// How long it may take to show that it does more than it answered.
    pub settle: Option<Duration>,
    pub deviations: Vec<Deviation>,
}

/// How a broker is started and stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What is written to `{config}`.
    pub config: Option<String>,
    /// A command that stops it; without one it is asked by the signal TERM.
    pub stop: Option<Vec<String>>,
    pub ready_within: Duration,
}

impl TargetFile {
    /// Reads `targets/NAME.yaml`.
    ///
    /// # Errors
    /// Everything that is wrong with it; that it cannot be read at all is one of these.
    pub fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let bytes = std::fs::read(path).map_err(|error| {
            let source = Arc::new(Source {
                path: path.display().to_string(),
                text: String::new(),
            });
            let title = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such target file".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            vec![
                Diagnostic::new(&source, None, title)
                    .hint("a target file says how a broker is reached: docs/targets/format.md"),
            ]
        })?;
        let source = decode(path, bytes).map_err(|diagnostic| vec![*diagnostic])?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&source, &name)
    }

    /// Reads the text of a target file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(source: &Arc<Source>, name: &str) -> Result<Self, Vec<Diagnostic>> {
        let root = syntax::parse(source).map_err(about_targets)?;
        let reading = Reading::new(source);
        let file =
            Map::of(&reading, &root, "a target file").and_then(|map| target(map, source, name));
        match (reading.into_found(), file) {
            (wrong, Some(file)) if wrong.is_empty() => Ok(file),
            (wrong, _) => Err(wrong),
        }
    }

    /// The broker that the file reaches without starting one; `None` if it has to be started first.
    ///
    /// # Errors
    /// When the options do not go with the file's URL.
    pub fn running(&self, access: &Access) -> Result<Option<External>, EndpointError> {
        match self.start {
            Some(_) => Ok(None),
            None => External::reached(&self.url, access).map(|found| Some(self.known(found))),
        }
    }

    /// What the file says of a broker that was reached.
    pub(super) fn known(&self, external: External) -> External {
        External {
            name: self.name.clone(),
            title: self.title.clone(),
            versions: self.versions.clone(),
            lacks: self.lacks.clone(),
            limit: self.limit,
            settle: self.settle,
            ..external
        }
    }
}

/// The tree's reader speaks of scenarios.
fn about_targets(mut wrong: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for diagnostic in &mut wrong {
        if diagnostic.title == "the file is empty" {
            diagnostic.hint = Some("a target file has at least `url`".to_owned());
        }
    }
    wrong
}

fn target(mut map: Map<'_>, source: &Arc<Source>, name: &str) -> Option<TargetFile> {
    let title = map.text("title");
    let version_seen = map.text("version");
    map.text("about");
    let url = map.text_at("url");
    let start = map.map("start", "`start`").map(start);
    let versions = map.list("versions", version);
    let lacks = map.map("lacks", "`lacks`").map(lacks);
    let limit = map.duration("limit", LONGEST);
    let settle = map.duration("settle", LONGEST);
    let deviations = map.list("deviations", deviation::deviation);
    for key in ["urls", "credentials", "keep_alive", "hooks", "settings"] {
        map.not_yet(key);
    }
    let reading = map.reading();
    let place = map.place();
    map.finish();
    let url = match url {
        None => reading.fail(
            place,
            "a target file has no `url`",
            "write where the broker listens: url: mqtt://127.0.0.1:1883",
        ),
        Some((url, place)) => checked_url(reading, url, place, start.is_some()),
    };
    Some(TargetFile {
        source: Arc::clone(source),
        name: name.to_owned(),
        title: title.unwrap_or_else(|| name.to_owned()),
        version: version_seen,
        url: url?,
        start: match start {
            Some(start) => Some(start?),
            None => None,
        },
        versions,
        lacks: lacks.unwrap_or_default(),
        limit,
        settle,
        deviations: deviations.unwrap_or_default(),
    })
}

/// The URL, if one comes of it when the port is filled in.
fn checked_url(reading: &Reading, url: String, place: Place, starts: bool) -> Option<String> {
    if starts && !url.contains(PORT) {
        return reading.fail(
            place,
            "a broker that is started listens at a port that was chosen",
            "write `{port}` in place of the number, as in mqtt://127.0.0.1:{port}",
        );
    }
    if !starts && url.contains(PORT) {
        return reading.fail(
            place,
            "`{port}` is chosen for a broker that is started",
            "write the number, or say with `start` how the broker is started",
        );
    }
    match BrokerUrl::parse(&url.replace(PORT, "1883")) {
        Ok(_) => Some(url),
        Err(error) => reading.fail(place, &error.to_string(), "mqtt://HOST:PORT"),
    }
}

fn start(mut map: Map<'_>) -> Option<Start> {
    let reading = map.reading();
    let place = map.place();
    let command = map
        .require("command", COMMAND_HINT)
        .and_then(|node| reading.one_or_more(node, command_word));
    let config = map.text("config");
    let stop = map
        .take("stop")
        .map(|node| reading.one_or_more(node, command_word));
    let within = map.duration("within", LONGEST);
    map.finish();
    let command = command?;
    let names_config = command.iter().any(|word| word.contains(CONFIG));
    if names_config != config.is_some() {
        let title = if names_config {
            "`{config}` is named, and there is no `config` to write there"
        } else {
            "`config` is written to `{config}`, which the command does not name"
        };
        return reading.fail(place, title, "`config` and `{config}` go together");
    }
    let reaches_the_broker = |text: &String| text.contains(PORT);
    if !command.iter().chain(&config).any(reaches_the_broker) {
        return reading.fail(
            place,
            "the broker is not told the port that was chosen",
            "write `{port}` in the command or in `config`",
        );
    }
    Some(Start {
        command,
        config,
        stop: match stop {
            Some(stop) => Some(stop?),
            None => None,
        },
        ready_within: within.unwrap_or(READY_WITHIN),
    })
}

/// A word of a command. A mistyped `{prot}` would reach the broker as it is.
fn command_word(reading: &Reading, node: &crate::scenario::node::Node) -> Option<String> {
    let text = reading.text(node)?;
    let mut rest = text.as_str();
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        let known = [PORT, CONFIG, FOLDER]
            .into_iter()
            .find(|k| rest.starts_with(k));
        match known {
            Some(known) => rest = &rest[known.len()..],
            None => {
                return reading.fail(
                    node.place,
                    "braces that stand for nothing",
                    "`{port}`, `{config}` and `{folder}` are filled in",
                );
            }
        }
    }
    Some(text)
}

fn version(reading: &Reading, node: &crate::scenario::node::Node) -> Option<ProtocolVersion> {
    let text = reading.text(node)?;
    deviation::version(&text).or_else(|| {
        reading.fail(
            node.place,
            &format!("`{text}` is no version"),
            "3.1, 3.1.1 or 5",
        )
    })
}

fn lacks(mut map: Map<'_>) -> Vec<(Capability, String)> {
    let mut out = Vec::new();
    for capability in Capability::ALL {
        if let Some(why) = map.text(capability.as_str()) {
            out.push((*capability, why));
        }
    }
    map.finish();
    out
}

#[cfg(test)]
mod tests;
