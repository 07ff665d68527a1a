//! `mqtt-check targets`: lists the brokers that `--target` knows, with their settings, actions and events.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use comfy_table::{ContentArrangement, Table};
use mqtt_check_vocabulary::hook::EVENTS;
use mqtt_check_vocabulary::{SETTINGS, Setting};
use serde::Serialize;

use super::{Failure, Styles, output, place};
use crate::builtin::Origin;
use crate::exit::Exit;
use crate::report::style::{Style, count};
use crate::report::terminal::{crowd, lines, wrapped};
use crate::snapshot::Store;
use crate::target::TargetFile;

/// The smallest and largest text width, in columns.
const NARROWEST: u16 = 60;
const WIDEST: u16 = 120;
/// Below this width, some columns are left out.
const ROOMY: u16 = 100;
/// The column where the text after a label begins.
const INDENT: usize = 14;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show everything about these targets instead of a line for each
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    targets: Vec<Known>,
}

/// What is known about one target.
#[derive(Serialize)]
struct Known {
    name: String,
    title: String,
    /// The version that the target file was written for.
    version: Option<String>,
    file: String,
    built_in: bool,
    /// Whether a run starts the broker. Otherwise it must already be running.
    started: bool,
    install: Option<String>,
    nodes: usize,
    transports: Vec<&'static str>,
    /// Versions of MQTT, from the target file or the baseline. `None`: those that the broker turns out to accept.
    protocols: Option<Vec<String>>,
    /// Broker settings that the target supports.
    settings: Vec<&'static str>,
    /// Broker settings that the target does not support, and why.
    unsupported: BTreeMap<&'static str, String>,
    /// What an administrator can do to the broker in a scenario.
    control: Vec<&'static str>,
    hooks: Vec<Source>,
    lacks: BTreeMap<&'static str, String>,
    /// How many cases the baseline has. `None`: there is no baseline.
    baseline: Option<usize>,
    deviations: usize,
    /// How many deviations have no reason.
    without_reason: usize,
}

/// A source of hook events.
#[derive(Serialize)]
struct Source {
    source: &'static str,
    events: BTreeSet<&'static str>,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let places = place::known_targets(&[]);
    let all: BTreeSet<String> = places.keys().cloned().collect();
    if let Some(name) = arguments.names.iter().find(|name| !all.contains(*name)) {
        let what = format!("there is no target `{name}`");
        return Err(place::unknown(what, name, &all));
    }
    let is_asked = |name: &&String| arguments.names.is_empty() || arguments.names.contains(*name);
    let mut targets = Vec::new();
    for name in all.iter().filter(is_asked) {
        let read = places[name].read();
        let file = read.map_err(|wrong| output::diagnostics(&wrong, styles.err))?;
        targets.push(known(&file)?);
    }
    let width = output::width().clamp(NARROWEST, WIDEST);
    let text = match (arguments.json, arguments.names.is_empty()) {
        (true, _) => {
            let text = serde_json::to_string_pretty(&Document { targets });
            let failed =
                |error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}"));
            format!("{}\n", text.map_err(failed)?)
        }
        (false, true) => table(&targets, styles.out, width),
        (false, false) => {
            let shown = targets
                .iter()
                .map(|target| details(target, styles.out, width));
            shown.collect::<Vec<_>>().join("\n")
        }
    };
    output::print(&text)?;
    Ok(Exit::Success)
}

fn known(file: &TargetFile) -> Result<Known, Failure> {
    let started = !file.start.is_empty();
    let can_be_set = |setting: &&Setting| {
        let table = file.settings.as_ref();
        table.is_some_and(|table| table.supports(setting.name))
    };
    let lacking = |setting: &Setting| {
        let why = file.settings.as_ref()?.lacking(setting.name)?;
        Some((setting.name, why.to_owned()))
    };
    let profile = store(file).read_profile(&file.name);
    let profile = profile.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let spoken = |of: &BTreeMap<String, bool>| {
        let spoken = of.iter().filter(|(_, speaks)| **speaks);
        spoken.map(|(version, _)| version.clone()).collect()
    };
    let stated = file.versions.as_ref().map(|versions| {
        let words = versions.iter().map(|version| version.to_string());
        words.collect()
    });
    let mut control = Vec::new();
    if started {
        control.extend(["kill", "restart", "stop"]);
    }
    if file.start.iter().any(|start| start.node.is_some()) {
        control.push("nodes");
    }
    if file.kick.is_some() {
        control.insert(0, "kick");
    }
    Ok(Known {
        name: file.name.clone(),
        title: file.title.clone(),
        version: file.version.clone(),
        file: file.source.path.clone(),
        built_in: file.origin == Origin::BuiltIn,
        started,
        install: file.install.clone(),
        nodes: 1 + file.nodes.others.len(),
        transports: file.nodes.transports().into_iter().collect(),
        protocols: stated.or_else(|| profile.as_ref().map(|known| spoken(&known.offers.versions))),
        settings: SETTINGS
            .iter()
            .filter(can_be_set)
            .map(|setting| setting.name)
            .collect(),
        unsupported: SETTINGS.iter().filter_map(lacking).collect(),
        control,
        hooks: file
            .hooks
            .iter()
            .map(|source| Source {
                source: source.kind.name(),
                events: source.rules.iter().map(|rule| rule.event.name).collect(),
            })
            .collect(),
        lacks: file
            .lacks
            .iter()
            .map(|(capability, why)| (capability.as_str(), why.clone()))
            .collect(),
        baseline: profile.map(|profile| profile.cases.len()),
        deviations: file.deviations.len(),
        without_reason: file.deviations.iter().filter(|d| d.is_to_do()).count(),
    })
}

/// The store that contains the target's baseline.
fn store(file: &TargetFile) -> Store {
    let is_built_in = place::origin(&[place::scenarios()]) == Origin::BuiltIn;
    match file.origin == Origin::BuiltIn && is_built_in {
        true => Store::built_in(),
        false => Store::new(place::snapshots()),
    }
}

/// The title of a column, whether narrow terminals show it too, and its text for a target.
type Column = (&'static str, bool, fn(&Known) -> String);

const COLUMNS: &[Column] = &[
    ("target", true, |target| target.name.clone()),
    ("MQTT", true, protocols),
    ("transports", true, |target| target.transports.join(", ")),
    ("settings", true, |target| {
        format!("{} of {}", target.settings.len(), SETTINGS.len())
    }),
    ("actions", false, |target| target.control.len().to_string()),
    ("events", true, |target| {
        let sources = target.hooks.iter();
        let events: BTreeSet<&str> = sources.flat_map(|s| s.events.clone()).collect();
        format!("{} of {}", events.len(), EVENTS.len())
    }),
    ("baseline", true, |target| match target.baseline {
        Some(_) => "yes".to_owned(),
        None => "none".to_owned(),
    }),
    ("deviations", true, |target| target.deviations.to_string()),
];

fn table(targets: &[Known], style: Style, width: u16) -> String {
    let is_narrow = width < ROOMY;
    let columns = COLUMNS
        .iter()
        .filter(|(_, always, _)| *always || !is_narrow);
    let columns: Vec<&Column> = columns.collect();
    let mut table = Table::new();
    table
        .load_style(lines(style))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(columns.iter().map(|(title, ..)| *title));
    for target in targets {
        table.add_row(columns.iter().map(|(.., cell)| cell(target)));
    }
    if is_narrow {
        crowd(&mut table);
    }
    let mut out = format!("{}\n", table.trim_fmt());
    out.push_str("\n`mqtt-check targets NAME` shows one of them in full\n");
    out
}

fn protocols(target: &Known) -> String {
    match &target.protocols {
        Some(versions) => versions.join(", "),
        None => "any".to_owned(),
    }
}

fn or_none(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        words => words.join(", "),
    }
}

/// Everything about one target.
fn details(target: &Known, style: Style, width: u16) -> String {
    let mut out = format!("{} {}", style.strong(&target.name), target.title);
    if let Some(version) = &target.version {
        out.push_str(&format!(" {version}"));
    }
    out.push('\n');
    let room = usize::from(width) - INDENT;
    let mut line = |name: &str, text: &str| {
        let text = wrapped(text, room).join(&format!("\n{:INDENT$}", ""));
        out.push_str(&format!("  {name:<12}{text}\n"));
    };
    let from = if target.built_in { " (built in)" } else { "" };
    line("file", &format!("{}{from}", target.file));
    let how = if target.started {
        "by the run"
    } else {
        "by you, beforehand"
    };
    line("started", how);
    if let Some(install) = &target.install {
        line("install", install);
    }
    if target.nodes > 1 {
        line("nodes", &target.nodes.to_string());
    }
    line("MQTT", &protocols(target));
    line("transports", &target.transports.join(", "));
    line("settings", &or_none(&target.settings));
    let unsupported: Vec<&str> = target.unsupported.keys().copied().collect();
    line("unsupported", &or_none(&unsupported));
    line("control", &or_none(&target.control));
    for source in &target.hooks {
        let events: Vec<&str> = source.events.iter().copied().collect();
        line(
            "hooks",
            &format!("{}: {}", source.source, events.join(", ")),
        );
    }
    if target.hooks.is_empty() {
        line("hooks", "none");
    }
    for (capability, why) in &target.lacks {
        line("lacks", &format!("{capability}: {why}"));
    }
    let baseline = match target.baseline {
        Some(cases) => count(cases, "case"),
        None => format!("none; `mqtt-check baseline {}` makes one", target.name),
    };
    line("baseline", &baseline);
    let mut deviations = target.deviations.to_string();
    if target.without_reason > 0 {
        deviations.push_str(&format!(", {} without a reason", target.without_reason));
    }
    line("deviations", &deviations);
    out
}
