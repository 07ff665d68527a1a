//! Target files: how a known broker is reached, started and stopped, what its CONNACK does not say, and its accepted
//! deviations.
//!
//! In: the text of `targets/NAME.yaml`. Out: a [`TargetFile`], or everything that is wrong with it, in the order of
//! its lines. Nothing is started here. `docs/targets/format.md` is the reference.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use super::control::Kick;
use super::hooks::{Feed, Kind, Source as HookSource, Surroundings};
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

/// How long a broker may take from its start to its first CONNACK.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// The longest of the spans that a target file may name.
const LONGEST: Duration = Duration::from_secs(600);
/// Instances with settings of their own that run at once, where the file does not say.
const INSTANCES: usize = 16;
const MOST_INSTANCES: usize = 256;
/// How a command is written.
const COMMAND_HINT: &str =
    "a list of the program and its arguments: command: [mosquitto, -c, '{config}']";
/// The key below which passwords stand.
const CREDENTIALS: &str = "credentials";
/// What stands for the path of the written configuration.
pub(super) const CONFIG: &str = "{config}";
/// What stands for a folder of the broker's own.
pub(super) const FOLDER: &str = "{folder}";

/// What stands for the folder that the target file is in.
const HERE: &str = "{here}";

/// What stands for where a broker sends its events by HTTP.
pub(super) const HOOK_URL: &str = "{hook_url}";

/// A known broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// Its text, for messages: without the passwords.
    pub source: Arc<Source>,
    /// Whether it is read from disk or from the built-in suite.
    pub origin: Origin,
    /// The folder that `{here}` stands for.
    pub here: PathBuf,
    /// The file's name without its ending.
    pub name: String,
    /// As people call it; the name where the file gives none.
    pub title: String,
    /// The version that was looked at when the file was written.
    pub version: Option<String>,
    /// The command that installs it.
    pub install: Option<String>,
    /// Where its nodes listen.
    pub nodes: Addresses,
    /// The programs that make it up; none where it runs already.
    pub start: Vec<Start>,
    /// How scenarios' settings are said to it; `None` where the file does not say.
    pub settings: Option<Table>,
    /// How the connection of one client is ended; `None` where the file does not say.
    pub kick: Option<Kick>,
    /// So many instances of it run at once, beside those that the run begins with.
    pub instances: usize,
    /// Versions that it speaks; `None`: those that it accepts.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// What it cannot do, and why.
    pub lacks: Vec<(Capability, String)>,
    /// How long an expectation waits that names no limit.
    pub limit: Option<Duration>,
    /// How long it may take to show that it does more than it answered.
    pub settle: Option<Duration>,
    /// How long a subscription that was acknowledged may take to hold everywhere.
    pub settle_subscriptions: Option<Duration>,
    /// The Keep Alive of connections whose scenario names none, in seconds; `None`: 0 if it takes that.
    pub keep_alive_s: Option<u16>,
    /// How often it looks for clients that have been silent for too long.
    pub silence_check: Duration,
    /// Names and passwords that it knows. The first is who we are where a scenario names nobody.
    pub users: Vec<User>,
    /// Where it tells what it does.
    pub hooks: Vec<HookSource>,
    pub deviations: Vec<Deviation>,
}

/// How a program of a broker is started and stopped.
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

impl Start {
    /// The words that stand for ports in what the program is told.
    pub(super) fn port_words(&self) -> impl Iterator<Item = &str> {
        let texts = self.command.iter().chain(&self.config);
        texts.flat_map(|text| port_words(text))
    }
}

impl TargetFile {
    /// Reads the text of a target file, which is where its path says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(source: &Arc<Source>, name: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_at(source, name, &origin::folder_of(Path::new(&source.path)))
    }

    /// Reads the text of a target file whose `{here}` is this folder.
    fn parse_at(source: &Arc<Source>, name: &str, here: &Path) -> Result<Self, Vec<Diagnostic>> {
        // No message shows a password.
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

    /// The broker that the file reaches without starting one; `None` if it has to be started first.
    ///
    /// # Errors
    /// When the options do not go with the file's URL.
    pub fn running(&self, access: &Access) -> Result<Option<External>, EndpointError> {
        match self.start.as_slice() {
            [_, ..] => Ok(None),
            [] => {
                let found = self.nodes.reached(str::to_owned, access)?;
                Ok(Some(self.known(found)))
            }
        }
    }

    /// Begins to listen to what a broker that runs already tells, if the file says where.
    pub fn listen(&self, reached: &External) -> Option<Arc<Feed>> {
        let paths = self.hooks.iter().filter_map(|source| match &source.kind {
            Kind::File(path) => Some(path.into()),
            _ => None,
        });
        let around = Surroundings {
            logs: Vec::new(),
            node: reached.nodes().swap_remove(0),
            credentials: reached.credentials.clone(),
            files: paths.collect(),
            ours: false,
        };
        (!self.hooks.is_empty()).then(|| Arc::new(Feed::new(&self.hooks, &around, None)))
    }

    /// Who we are where neither a scenario nor the command line says so.
    pub(super) fn somebody(&self) -> Option<Credentials> {
        self.users.first().map(Credentials::of)
    }

    /// What helps if it does not start.
    pub(super) fn how_to_install(&self) -> Option<String> {
        let install = self.install.as_ref()?;
        Some(format!("if {} is not installed: {install}", self.title))
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
            settle_subscriptions: self.settle_subscriptions,
            keep_alive_s: self.keep_alive_s,
            silence_check: self.silence_check,
            credentials: external.credentials.or_else(|| self.somebody()),
            users: self.users.clone(),
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
    let said = map.take("settings");
    let control = map.take("control");
    let instances = instances(&mut map, started.is_some());
    map.finish();
    let start = match started {
        None => Some(Vec::new()),
        Some(node) => reading
            .one_or_more(node, start)
            .filter(|all| are_told_their_ports(reading, node.place, nodes.as_ref(), all)),
    };
    let settings = match (said, &start) {
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

/// How many instances run at once. What starts slowly or takes much memory has few.
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

/// Whether each port that a URL names is told to a program.
fn are_told_their_ports(
    reading: &Reading,
    place: Place,
    nodes: Option<&Addresses>,
    programs: &[Start],
) -> bool {
    let told: Vec<_> = programs.iter().flat_map(Start::port_words).collect();
    let urls = nodes.into_iter().flat_map(Addresses::urls);
    let untold = urls.flat_map(port_words).find(|word| !told.contains(word));
    if let Some(word) = untold {
        let hint = format!("write `{word}` in the command or in `config`");
        let title = "the chosen port is not passed to the broker";
        reading.fail::<()>(place, title, &hint);
    }
    untold.is_none()
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
        config: config.map(placed),
        stop: match stop {
            Some(stop) => Some(placed_all(stop?)),
            None => None,
        },
        ready_within: within.unwrap_or(READY_WITHIN),
    })
}

/// A word of a command. A mistyped `{prot}` would reach the broker as it is.
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
