//! Target files: how to reach, start and stop a known broker, what its CONNACK does not say, and its accepted
//! deviations.
//!
//! In: the text of `targets/NAME.yaml`. Out: a [`TargetFile`], or everything that is wrong with the file, in the order
//! of its lines. Nothing is started here. `docs/targets/format.md` is the reference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use super::control::Kick;
use super::hooks::{BrokerContext, Feed, Kind, Source as HookSource};
use super::settings::Table;
use super::{Access, Credentials, External};
use crate::builtin::Origin;
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::model::{Capability, User};
use crate::scenario::node::Node;
use crate::scenario::settings::configuration::covered;
use crate::scenario::syntax;
use crate::transport::EndpointError;

mod address;
mod control;
mod deviation;
mod edit;
mod hooks;
mod origin;
mod reading;
pub mod schema;
mod settings;

pub use address::{Address, Addresses};
pub use deviation::{Citation, Deviation, Exchange, TO_DO};
pub use edit::{Draft, Edited, NotEditable, new_entries, new_file};

pub(super) use address::port_words;
use reading::{Map, Reading};
pub(super) use settings::{ARGUMENTS, place_word, places};

/// The default time that a broker has from its start to its first CONNACK.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// The longest duration that a target file may name.
const LONGEST: Duration = Duration::from_secs(600);
/// The default for how many instances with their own settings run at once.
const INSTANCES: usize = 16;
const MOST_INSTANCES: usize = 256;
/// The hint for a malformed command.
const COMMAND_HINT: &str =
    "a list of the program and its arguments: command: [mosquitto, -c, '{config}']";
/// The key that contains passwords.
const CREDENTIALS: &str = "credentials";
/// The placeholder for the path of the written configuration.
pub(super) const CONFIG: &str = "{config}";
/// The placeholder for the broker's own folder.
pub(super) const FOLDER: &str = "{folder}";

/// The placeholder for the folder that contains the target file.
const HERE: &str = "{here}";

/// The placeholder for the URL to which a broker sends its events by HTTP.
pub(super) const HOOK_URL: &str = "{hook_url}";

/// A known broker, as its target file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// The text of the file, for messages, without the passwords.
    pub source: Arc<Source>,
    /// Whether the file is read from disk or from the built-in suite.
    pub origin: Origin,
    /// The folder that `{here}` stands for.
    pub here: PathBuf,
    /// The name of the file without its extension.
    pub name: String,
    /// The display name. Defaults to `name`.
    pub title: String,
    /// The version of the broker that the file was written for.
    pub version: Option<String>,
    /// The command that installs the broker.
    pub install: Option<String>,
    /// Where the broker's nodes listen.
    pub nodes: Addresses,
    /// The programs to start. Empty if the broker is already running.
    pub start: Vec<Start>,
    /// How to give settings to the broker. `None` if the file does not say.
    pub settings: Option<Table>,
    /// How to end the connection of one client. `None` if the file does not say.
    pub kick: Option<Kick>,
    /// How many instances run at once, in addition to the brokers that the run begins with.
    pub instances: usize,
    /// Versions that the broker speaks. `None`: those that it accepts.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// Capabilities that the broker lacks, and why.
    pub lacks: Vec<(Capability, String)>,
    /// The time limit for expectations that name none.
    pub limit: Option<Duration>,
    /// How long the broker may take to show effects after its answer.
    pub settle: Option<Duration>,
    /// How long an acknowledged subscription may take to become effective on all nodes.
    pub settle_subscriptions: Option<Duration>,
    /// The Keep Alive for connections without one in the scenario, in seconds. `None`: 0 if the broker accepts that.
    pub keep_alive_s: Option<u16>,
    /// How often the broker checks for clients that have been silent for too long.
    pub silence_check: Duration,
    /// User names and passwords that the broker knows. The first is used if a scenario names no user.
    pub users: Vec<User>,
    /// The sources of hook events.
    pub hooks: Vec<HookSource>,
    pub deviations: Vec<Deviation>,
}

/// How to start and stop one program of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The node that the program belongs to, so that it can be stopped by itself.
    pub node: Option<usize>,
    /// The content of the file at `{config}`.
    pub config: Option<String>,
    /// A command that stops the program. Without one, the program gets the signal TERM.
    pub stop: Option<Vec<String>>,
    pub ready_within: Duration,
}

impl Start {
    /// The placeholders for ports in the command and the configuration.
    pub(super) fn port_words(&self) -> impl Iterator<Item = &str> {
        let texts = self.command.iter().chain(&self.config);
        texts.flat_map(|text| port_words(text))
    }
}

impl TargetFile {
    /// Parses the text of a target file. `{here}` is the folder of the source's path.
    ///
    /// # Errors
    /// Returns everything that is wrong with the file.
    pub fn parse(source: &Arc<Source>, name: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_at(source, name, &origin::folder_of(Path::new(&source.path)))
    }

    /// Parses the text of a target file, with this folder as `{here}`.
    fn parse_at(source: &Arc<Source>, name: &str, here: &Path) -> Result<Self, Vec<Diagnostic>> {
        // Messages must not show passwords.
        let shown = &covered(source, &[CREDENTIALS]);
        let covering = |mut wrong: Vec<Diagnostic>| {
            for diagnostic in &mut wrong {
                diagnostic.source = Arc::clone(shown);
            }
            wrong
        };
        let root = syntax::parse(source).map_err(|wrong| covering(about_targets(wrong)))?;
        let reading = Reading::new(source, here);
        let file =
            Map::of(&reading, &root, "a target file").and_then(|map| target(map, shown, name));
        match (reading.into_found(), file) {
            (wrong, Some(file)) if wrong.is_empty() => Ok(file),
            (wrong, _) => Err(covering(wrong)),
        }
    }

    /// Returns the broker, if the file describes one that is already running. Returns `None` if it must be started
    /// first.
    ///
    /// # Errors
    /// Fails if the options do not fit the URL in the file.
    pub fn running(&self, access: &Access) -> Result<Option<External>, EndpointError> {
        match self.start.as_slice() {
            [_, ..] => Ok(None),
            [] => {
                let found = self.nodes.reached(str::to_owned, access)?;
                Ok(Some(self.known(found)))
            }
        }
    }

    /// Starts listening for the events of a broker that is already running, if the file names a source.
    pub fn listen(&self, reached: &External) -> Option<Arc<Feed>> {
        let paths = self.hooks.iter().filter_map(|source| match &source.kind {
            Kind::File(path) => Some(path.into()),
            _ => None,
        });
        let around = BrokerContext {
            logs: Vec::new(),
            node: reached.nodes().swap_remove(0),
            credentials: reached.credentials.clone(),
            files: paths.collect(),
            ours: false,
        };
        (!self.hooks.is_empty()).then(|| Arc::new(Feed::new(&self.hooks, &around, None)))
    }

    /// The credentials to use if neither the scenario nor the command line names any.
    pub(super) fn somebody(&self) -> Option<Credentials> {
        self.users.first().map(Credentials::of)
    }

    /// A hint for when the broker does not start.
    pub(super) fn how_to_install(&self) -> Option<String> {
        let install = self.install.as_ref()?;
        Some(format!("if {} is not installed: {install}", self.title))
    }

    /// Adds what the file says to a broker that was reached.
    pub(super) fn known(&self, external: External) -> External {
        External {
            name: self.name.clone(),
            title: self.title.clone(),
            versions: self.versions.clone(),
            lacks: self.lacks.clone(),
            limit: self.limit,
            settle: self.settle,
            settle_subscriptions: self.settle_subscriptions,
            keep_alive_s: self.keep_alive_s,
            silence_check: self.silence_check,
            credentials: external.credentials.or_else(|| self.somebody()),
            users: self.users.clone(),
            ..external
        }
    }
}

/// Replaces a hint of the YAML reader that is about scenarios.
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
    let here = map.reading().here().display().to_string();
    let install = map.text("install").map(|text| text.replace(HERE, &here));
    let started = map.take("start");
    let nodes = address::addresses(&mut map, started.is_some());
    let versions = map.list("versions", version);
    let lacks = map.map("lacks", "`lacks`").map(lacks);
    let limit = map.duration("limit", LONGEST);
    let settle = map.duration("settle", LONGEST);
    let settle_subscriptions = map.duration("settle_subscriptions", LONGEST);
    let keep_alive_s = map.keep_alive("keep_alive");
    let silence_check = map.duration("silence_check", LONGEST);
    let reading = map.reading();
    let users = map.take(CREDENTIALS).map(|node| reading.users(node));
    let deviations = map.list("deviations", deviation::deviation);
    let hooks = match map.take("hooks") {
        Some(node) => hooks::sources(reading, node, started.is_some()),
        None => Some(Vec::new()),
    };
    let settings_node = map.take("settings");
    let control = map.take("control");
    let instances = instances(&mut map, started.is_some());
    map.finish();
    let start = match started {
        None => Some(Vec::new()),
        Some(node) => reading
            .one_or_more(node, start)
            .filter(|all| know_their_ports(reading, node.place, nodes.as_ref(), all))
            .filter(|all| know_their_nodes(reading, node.place, nodes.as_ref(), all)),
    };
    let settings = match (settings_node, &start) {
        (None, _) | (_, None) => None,
        (Some(node), Some(programs)) if programs.is_empty() => {
            let hint = "describe with `start` how to start the broker, or leave out `settings`";
            let title = "a run can configure only a broker that it starts";
            return reading.fail(node.place, title, hint);
        }
        (Some(node), Some(programs)) => Some(settings::table(reading, node, programs)?),
    };
    let kick = match control {
        None => None,
        Some(node) if started.is_none() => {
            let hint = "describe with `start` how to start the broker, or leave out `control`";
            let title = "a run can control only a broker that it starts";
            return reading.fail(node.place, title, hint);
        }
        Some(node) => Some(control::kick(reading, node)?),
    };
    let settings = match &kick {
        Some(kick) if kick.by_user => match settings {
            Some(table) if table.has_clients_as_users() => Some(Table {
                kicks_users: true,
                ..table
            }),
            _ => {
                let title = "clients without user names cannot be kicked by user name";
                let hint = "write in the row `access` of `settings`: `each_client: as_users`";
                return reading.fail(control?.place, title, hint);
            }
        },
        _ => settings,
    };
    Some(TargetFile {
        source: Arc::clone(source),
        origin: Origin::Disk,
        here: reading.here().to_owned(),
        install,
        name: name.to_owned(),
        title: title.unwrap_or_else(|| name.to_owned()),
        version: version_seen,
        nodes: nodes?,
        start: start?,
        settings,
        kick,
        instances,
        versions,
        lacks: lacks.unwrap_or_default(),
        limit,
        settle,
        settle_subscriptions,
        keep_alive_s,
        silence_check: silence_check.unwrap_or_default(),
        users: match users {
            Some(users) => users?,
            None => Vec::new(),
        },
        hooks: hooks?,
        deviations: deviations.unwrap_or_default(),
    })
}

/// How many instances may run at once. A broker that starts slowly or takes much memory should have few.
fn instances(map: &mut Map<'_>, starts: bool) -> usize {
    let (reading, node) = (map.reading(), map.find("instances"));
    let number = map.number("instances");
    let (Some(node), Some(number)) = (node, number) else {
        return INSTANCES;
    };
    match usize::try_from(number) {
        Ok(number) if starts && (1..=MOST_INSTANCES).contains(&number) => number,
        _ if !starts => {
            let hint = "describe with `start` how to start the broker, or leave out `instances`";
            let title = "`instances` without `start`";
            reading.fail::<()>(node.place, title, hint);
            INSTANCES
        }
        _ => {
            let hint = format!("1 to {MOST_INSTANCES}");
            reading.fail::<()>(node.place, "not a valid number of instances", &hint);
            INSTANCES
        }
    }
}

/// Checks that each port placeholder in a URL also appears in what a program is given.
fn know_their_ports(
    reading: &Reading,
    place: Place,
    nodes: Option<&Addresses>,
    programs: &[Start],
) -> bool {
    let known: Vec<_> = programs.iter().flat_map(Start::port_words).collect();
    let urls = nodes.into_iter().flat_map(Addresses::urls);
    let unknown = urls.flat_map(port_words).find(|word| !known.contains(word));
    if let Some(word) = unknown {
        let hint = format!("write `{word}` in the command or in `config`");
        let title = format!("neither the command nor `config` contains `{word}`");
        reading.fail::<()>(place, &title, &hint);
    }
    unknown.is_none()
}

/// Checks that either no program has a node, or every node has a program.
fn know_their_nodes(
    reading: &Reading,
    place: Place,
    nodes: Option<&Addresses>,
    programs: &[Start],
) -> bool {
    let named: BTreeSet<usize> = programs.iter().filter_map(|start| start.node).collect();
    let Some(nodes) = nodes.filter(|_| !named.is_empty()) else {
        return true;
    };
    let all: BTreeSet<usize> = (0..=nodes.others.len()).collect();
    let title = if let Some(stray) = named.difference(&all).next() {
        format!("`urls` has no node {stray}")
    } else if let Some(missing) = all.difference(&named).next() {
        format!("no program has `node: {missing}`")
    } else {
        return true;
    };
    let hint =
        "nodes count from 0, in the order of `urls`: name the node of each program, or of none";
    reading.fail::<()>(place, &title, hint);
    false
}

fn start(reading: &Reading, node: &Node) -> Option<Start> {
    let mut map = Map::of(reading, node, "`start`")?;
    let place = map.place();
    let command = map
        .require("command", COMMAND_HINT)
        .and_then(|node| reading.one_or_more(node, command_word));
    let config = map.text("config");
    let stop = map
        .take("stop")
        .map(|node| reading.one_or_more(node, command_word));
    let within = map.duration("within", LONGEST);
    let node = map.number("node");
    map.finish();
    let here = reading.here().display().to_string();
    let placed = |text: String| text.replace(HERE, &here);
    let placed_all =
        |words: Vec<String>| -> Vec<String> { words.into_iter().map(placed).collect() };
    let command = placed_all(command?);
    let names_config = command.iter().any(|word| word.contains(CONFIG));
    if names_config != config.is_some() {
        let title = if names_config {
            "the command has `{config}`, but there is no `config`"
        } else {
            "there is a `config`, but the command has no `{config}`"
        };
        return reading.fail(place, title, "use `config` and `{config}` together");
    }
    Some(Start {
        command,
        node: node.and_then(|number| usize::try_from(number).ok()),
        config: config.map(placed),
        stop: match stop {
            Some(stop) => Some(placed_all(stop?)),
            None => None,
        },
        ready_within: within.unwrap_or(READY_WITHIN),
    })
}

/// Parses one word of a command. Unknown placeholders are rejected: a mistyped `{prot}` would reach the broker
/// literally.
fn command_word(reading: &Reading, node: &Node) -> Option<String> {
    let text = reading.text(node)?;
    let mut rest = text.as_str();
    while let Some(open) = rest.find('{') {
        rest = &rest[open..];
        let end = rest.find('}').map_or(rest.len(), |at| at + 1);
        let word = &rest[..end];
        match [CONFIG, FOLDER, HERE, HOOK_URL, ARGUMENTS].contains(&word)
            || address::is_port_word(word)
        {
            true => rest = &rest[end..],
            false => {
                return reading.fail(
                    node.place,
                    "unknown placeholder in braces",
                    "placeholders are `{port}`, `{websocket_port}`, `{config}`, `{folder}`, `{here}` and `{hook_url}`",
                );
            }
        }
    }
    Some(text)
}

fn version(reading: &Reading, node: &Node) -> Option<ProtocolVersion> {
    let text = reading.text(node)?;
    deviation::version(&text).or_else(|| {
        reading.fail(
            node.place,
            &format!("`{text}` is not a version"),
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
