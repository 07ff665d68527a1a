//! `mqtt-check explain`: shows what is known about a statement, a scenario, a fault, a permitted variation, a bug
//! report, a reason code, a property, or a term of the project.

use std::path::{Path, PathBuf};

use clap::Args;
use mqtt_check_codec::{PacketType, PropertyId, ProtocolVersion, ReasonCode};

use super::selection::{Allowed, Selection, parse_version};
use super::{Failure, Styles, output, place};
use crate::coverage::{DOCUMENTS, catalogue};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::explain::{Context, Topic, render, word};
use crate::requirements::{self, Requirement, standard};
use crate::scenario::model::Capability;
use crate::scenario::suite;
use crate::target::TargetFile;
use crate::target::bundled::{FaultInfo, LibertyInfo, faults, liberties};
use crate::verdict::Measure;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// `MQTT-3.1.4-3`, `session/takeover`, `mosquitto#2342`, `0x8E`, `Session Expiry Interval`, …
    #[arg(value_name = "X", required = true)]
    words: Vec<String>,

    /// Scenario files or folders [default: the nearest `scenarios` here or above, else the built-in suite]
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,

    #[command(flatten)]
    allowed: Allowed,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    let text = arguments.words.join(" ");
    let plans = Selection::of_paths(&arguments.scenarios, &arguments.allowed).load(styles.err)?;
    let targets = targets(&arguments.scenarios);
    let known = Known {
        plans: &plans,
        faults: faults(),
        liberties: liberties(),
        targets: &targets,
    };
    let topics = known.topics(&text);
    if topics.is_empty() {
        return Err(known.unknown(&text));
    }
    let context = Context {
        plans: known.plans,
        faults: &known.faults,
        liberties: &known.liberties,
        style: styles.out,
        width: output::width(),
    };
    output::print(&render(&topics, context))?;
    Ok(Exit::Success)
}

/// Returns the target files that can be read. Errors in the others are reported by `run`.
fn targets(paths: &[PathBuf]) -> Vec<TargetFile> {
    let known = place::known_targets(paths);
    let read = known.values().filter_map(|place| place.read().ok());
    read.collect()
}

/// Everything that can be explained.
struct Known<'a> {
    plans: &'a [Plan],
    faults: Vec<FaultInfo>,
    liberties: Vec<LibertyInfo>,
    targets: &'a [TargetFile],
}

impl<'a> Known<'a> {
    /// Everything that `text` may refer to.
    fn topics(&self, text: &str) -> Vec<Topic<'a>> {
        let mut topics: Vec<Topic<'a>> = statements(text).map(Topic::Clause).collect();
        let rule = text.trim_start_matches('[').trim_end_matches(']');
        if standard::is_rule(rule) {
            topics.push(Topic::Rule(rule.to_owned()));
        }
        let cases = self.cases(text);
        if !cases.is_empty() {
            topics.push(Topic::Scenario(cases));
        }
        let named = self.faults.iter().filter(|info| info.name == text);
        topics.extend(named.cloned().map(Topic::Fault));
        let named = self.liberties.iter().filter(|info| info.name == text);
        topics.extend(named.cloned().map(Topic::Liberty));
        topics.extend(self.thread(text));
        topics.extend(reasons(text).into_iter().map(Topic::Reason));
        topics.extend(properties(text).map(Topic::Property));
        topics.extend(self.words(text));
        topics
    }

    /// The project's own terms that match `text`: choices, capabilities, tags and the like.
    fn words(&self, text: &str) -> Vec<Topic<'a>> {
        let mut topics = Vec::new();
        let named = word::choices(self.plans)
            .into_iter()
            .filter(|name| *name == text);
        topics.extend(named.map(Topic::Choice));
        topics.extend(Capability::from_word(text).map(Topic::Capability));
        let mut tags = self.plans.iter().flat_map(|plan| &plan.scene.tags);
        topics.extend(tags.find(|tag| *tag == text).map(|tag| Topic::Tag(tag)));
        let facts = Measure::ALL.iter().filter(|fact| fact.name() == text);
        topics.extend(facts.map(|fact| Topic::Fact(*fact)));
        for file in self.targets {
            if file.name == text || file.source.path == text {
                topics.push(Topic::Target(file));
            }
            let one = file.deviations.iter().find(|one| {
                let (path, line) = (&file.source.path, one.place.line);
                [
                    format!("{path}:{line}"),
                    format!("targets/{}.yaml:{line}", file.name),
                ]
                .contains(&text.to_owned())
            });
            topics.extend(one.map(|one| Topic::Deviation(file, one)));
        }
        let rows = word::rows(text);
        if !rows.is_empty() {
            topics.push(Topic::Reference(text.to_owned(), rows));
        }
        topics
    }

    /// Returns the cases that `text` names: by the id of a scenario, its file, or the id of a case.
    fn cases(&self, text: &str) -> Vec<&'a Plan> {
        let of = |is_meant: &dyn Fn(&Plan) -> bool| -> Vec<&'a Plan> {
            self.plans.iter().filter(|plan| is_meant(plan)).collect()
        };
        let one = of(&|plan| plan.scene.id.to_string() == text);
        if !one.is_empty() {
            return one;
        }
        let row = of(&|plan| {
            let id = plan.scene.id.to_string();
            id.rsplit_once('@').is_some_and(|(id, _)| id == text)
        });
        if !row.is_empty() {
            return row;
        }
        let file = Path::new(text).canonicalize().ok();
        of(&|plan| {
            let path = Path::new(&plan.scene.source.path);
            plan.scene.id.path == text
                || suite::file_below_root(&plan.scene) == text
                || file.is_some() && path.canonicalize().ok() == file
        })
    }

    /// Finds the cases that reproduce a bug report. Upper and lower case are treated alike.
    fn thread(&self, text: &str) -> Option<Topic<'a>> {
        let threads = self.plans.iter().flat_map(|plan| &plan.scene.threads);
        let name = threads.into_iter().find(|t| t.eq_ignore_ascii_case(text))?;
        let shows = |plan: &&Plan| plan.scene.threads.contains(name);
        Some(Topic::Thread(
            name,
            self.plans.iter().filter(shows).collect(),
        ))
    }

    fn unknown(&self, text: &str) -> Failure {
        let failure = Failure::usage(format!("nothing is known about `{text}`"));
        if let Some(near) = self.nearest(text) {
            return failure.hint(format!("did you mean `{near}`?"));
        }
        failure.hint("it can be a clause, a scenario, an area, a choice, a setting, a capability, a fact, a fault, a permitted variation, a target, a bug report (`mosquitto#2342`), a reason code or a property")
    }

    /// The known name that is closest to `text`.
    fn nearest(&self, text: &str) -> Option<String> {
        let plain = |text: &str| text.to_lowercase().replace([' ', '-'], "_");
        let mut candidates: Vec<String> = catalogue().iter().map(|r| r.id.to_owned()).collect();
        candidates.extend(
            self.plans
                .iter()
                .flat_map(|plan| [plan.scene.id.path.clone(), plan.scene.id.to_string()]),
        );
        // A different number means a different report, not a typo, so suggest only reports with this number.
        let number = text.split_once('#').map(|(_, number)| number);
        let threads = self.plans.iter().flat_map(|plan| &plan.scene.threads);
        let alike = threads.filter(|t| t.split_once('#').map(|(_, n)| n) == number);
        candidates.extend(alike.cloned());
        candidates.extend(self.faults.iter().map(|info| info.name.to_owned()));
        candidates.extend(self.liberties.iter().map(|info| info.name.to_owned()));
        candidates.extend(word::choices(self.plans).into_iter().map(str::to_owned));
        candidates.extend(self.plans.iter().flat_map(|plan| plan.scene.tags.clone()));
        candidates.extend(self.targets.iter().map(|file| file.name.clone()));
        candidates.extend(Capability::ALL.iter().map(|one| one.as_str().to_owned()));
        candidates.extend(Measure::ALL.iter().map(|one| one.name().to_owned()));
        candidates.extend(word::reference_words().into_iter().map(str::to_owned));
        candidates.extend(reason_names().map(|(_, name)| name.to_owned()));
        candidates.extend(
            PropertyId::ALL
                .iter()
                .filter_map(|id| id.key())
                .map(str::to_owned),
        );
        let text = plain(text);
        let limit = (text.chars().count() / 3).clamp(1, 4);
        candidates
            .into_iter()
            .map(|name| (strsim::damerau_levenshtein(&text, &plain(&name)), name))
            .filter(|(distance, name)| *distance <= limit && *distance < name.len())
            .min()
            .map(|(_, name)| name)
    }
}

/// Parses `MQTT-3.1.4-3`, `3.1.4-3`, `[5 MQTT-3.1.4-3]` or `MQTT-3.1.4-3@5`. Without a version, both versions match.
fn statements(text: &str) -> impl Iterator<Item = &'static Requirement> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let named = match (plain.split_once(' '), plain.rsplit_once('@')) {
        (Some((version, id)), _) | (None, Some((id, version))) => {
            parse_version(version).map(|version| (id, Some(requirements::document(version))))
        }
        (None, None) => Some((plain, None)),
    };
    let ids = named.map(|(id, version)| {
        let id = id.to_uppercase();
        let ids = match id.starts_with(|c: char| c.is_ascii_digit()) {
            true => vec![format!("MQTT-{id}"), format!("RULE-{id}")],
            false => vec![id],
        };
        (ids, version)
    });
    ids.into_iter().flat_map(|(ids, version)| {
        ids.into_iter().flat_map(move |id| {
            DOCUMENTS
                .into_iter()
                .filter(move |of| version.is_none_or(|version| version == *of))
                .filter_map(move |of| requirements::find(of, &id))
        })
    })
}

/// Finds reason codes by number, hex or name: `142`, `0x8E`, `session_taken_over`, `Session taken over`.
fn reasons(text: &str) -> Vec<ReasonCode> {
    if let Some(number) = number(text) {
        return u8::try_from(number).map(ReasonCode).into_iter().collect();
    }
    let name = text.to_lowercase().replace([' ', '-'], "_");
    let mut found: Vec<ReasonCode> = reason_names()
        .filter(|(_, known)| *known == name)
        .map(|(code, _)| code)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn number(text: &str) -> Option<u32> {
    match text.to_lowercase().strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn reason_names() -> impl Iterator<Item = (ReasonCode, &'static str)> {
    let packets = || (1..16).map(PacketType);
    [ProtocolVersion::V5, ProtocolVersion::V3_1_1]
        .into_iter()
        .flat_map(move |version| packets().map(move |packet| (packet, version)))
        .flat_map(|(packet, version)| ReasonCode::names(packet, version))
}

/// Finds a property by its number, or by its name in the standard or in scenarios.
fn properties(text: &str) -> impl Iterator<Item = PropertyId> {
    let number = number(text);
    let name = text.to_lowercase().replace([' ', '-'], "_");
    PropertyId::ALL.iter().copied().filter(move |id| {
        let is_named = id
            .name()
            .is_some_and(|known| known.to_lowercase().replace(' ', "_") == name);
        number == Some(id.0) || is_named || id.key() == Some(name.as_str())
    })
}
