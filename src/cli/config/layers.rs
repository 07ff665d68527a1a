//! Decides which value applies if several places set it: command line before environment before file.

use std::ffi::OsString;

use super::key::{About, Key, Kind};
use super::key_of;

/// A value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) key: &'static Key,
    /// The values as the option takes them. For a flag, `true` or `false`.
    pub(super) values: Vec<String>,
    /// `mqtt-check.yaml:3:1`, or the name of a variable.
    pub(super) from: String,
}

impl Given {
    /// Whether this is a flag that is off.
    pub(super) fn is_off(&self) -> bool {
        self.key.kind == Kind::Flag && self.values == ["false"]
    }

    /// The words to type on a command line for this value.
    pub(super) fn words(&self) -> Vec<OsString> {
        let option = self.key.name.replace('_', "-");
        let words = self.values.iter().filter_map(|value| match self.key.kind {
            Kind::Flag => (value == "true").then(|| format!("--{option}")),
            _ if self.key.id != self.key.name => Some(match value.starts_with('-') {
                true => format!("./{value}"),
                false => value.clone(),
            }),
            _ => Some(format!("--{option}={value}")),
        });
        words.map(OsString::from).collect()
    }

    /// The option and its source, for messages.
    pub(super) fn describe(&self) -> String {
        match self.key.id == self.key.name {
            true => format!("--{} ({})", self.key.name.replace('_', "-"), self.from),
            false => format!("{} ({})", self.key.name, self.from),
        }
    }
}

const OVERRIDDEN: &str = "overridden";
const CONFLICTING: &str = "conflicts with an option that overrides it";
const OTHER: &str = "another broker is named";
const NO_BROKER: &str = "no broker is named";

/// Options of `run` that choose a broker but have no key.
const DEPARTURES: [&str; 2] = ["fault", "liberty"];

/// Returns the values from the environment and the file that apply, and those that do not, with the reason.
pub(super) fn merged(
    run: &clap::Command,
    typed: &[&str],
    environment: Vec<Given>,
    file: Vec<Given>,
) -> (Vec<Given>, Vec<(Given, &'static str)>) {
    let mut unused = Vec::new();
    // `set` also contains flags that are off; `active` contains only options that have an effect.
    let mut set: Vec<String> = typed.iter().map(|id| (*id).to_owned()).collect();
    let mut active = set.clone();
    let mut used: Vec<Given> = Vec::new();
    for layer in [environment, file] {
        let names_a_broker = layer
            .iter()
            .any(|given| given.key.about == About::ChoosesBroker);
        let other = active.iter().any(|id| names_broker(id)) && names_a_broker;
        let (mut more, mut working) = (Vec::new(), Vec::new());
        for given in layer {
            let id = given.key.id;
            let is_of_a_broker = matches!(
                given.key.about,
                About::ChoosesBroker | About::BelongsToBroker
            );
            let why = if set.iter().any(|known| known == id) {
                Some(OVERRIDDEN)
            } else if is_of_a_broker && other {
                Some(OTHER)
            } else if active.iter().any(|known| is_conflict(run, known, id)) && !given.is_off() {
                Some(CONFLICTING)
            } else {
                None
            };
            match why {
                Some(why) => unused.push((given, why)),
                None => {
                    more.push(id.to_owned());
                    if !given.is_off() {
                        working.push(id.to_owned());
                    }
                    used.push(given);
                }
            }
        }
        set.extend(more);
        active.extend(working);
    }
    let is_on_the_network = active.iter().any(|id| id == "broker" || id == "target");
    let (used, idle) = used
        .into_iter()
        .partition(|given| is_on_the_network || given.key.about == About::Run || given.is_off());
    let idle: Vec<Given> = idle;
    unused.extend(idle.into_iter().map(|given| (given, NO_BROKER)));
    (used, unused)
}

/// Whether an option chooses the broker.
fn names_broker(id: &str) -> bool {
    DEPARTURES.contains(&id) || key_of(id).is_some_and(|key| key.about == About::ChoosesBroker)
}

/// Whether clap rejects the combination of two options.
fn is_conflict(run: &clap::Command, a: &str, b: &str) -> bool {
    let find = |id: &str| run.get_arguments().find(|arg| arg.get_id() == id);
    let refuses = |a: &str, b: &str| {
        let conflicts = find(a).map(|arg| run.get_arg_conflicts_with(arg));
        conflicts.is_some_and(|all| all.iter().any(|arg| arg.get_id() == b))
    };
    refuses(a, b) || refuses(b, a)
}
