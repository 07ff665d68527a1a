//! The findings of a probe as a JSON document. The human-readable text is made from the same document.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_codec::ProtocolVersion;
use serde::Serialize;

use super::Found;
use super::asked::{Asked, TRIED, is_of, is_of_limits};
use crate::cli::Failure;
use crate::cli::run::facts;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::document::{ChoiceAnswer, microseconds};
use crate::scenario::model::Capability;
use crate::target::{External, NOT_ANNOUNCED, Target, TargetFile};
use crate::verdict::{CaseResult, Verdict};

/// The version of the format. It stays the same when a field is added.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document {
    /// The version of this format.
    format: u32,
    pub(super) broker: Names,
    /// The version that the broker reports about itself.
    pub(super) broker_version: Option<String>,
    /// Whether it accepts a client without a user name.
    pub(super) anonymous: bool,
    /// Every version of MQTT, the oldest first.
    pub(super) protocols: Vec<Protocol>,
    /// What CONNACK announces; empty if the broker does not support version 5.
    pub(super) limits: Vec<Limit>,
    /// The capabilities that the broker is known to have or to lack.
    pub(super) capabilities: Vec<Offered>,
    pub(super) choices: Vec<Choice>,
    /// Choices that no played case answered.
    pub(super) not_asked: Vec<NotAsked>,
    /// How many cases of the suite were played.
    pub(super) cases: usize,
    pub(super) wall_us: u64,
}

/// The address of the broker, and what its target file says about it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Names {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) transports: BTreeSet<&'static str>,
    /// The sources of hook events that the target file names; `null` if there is no target file.
    pub(super) hooks: Option<Vec<&'static str>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Protocol {
    pub(super) version: &'static str,
    pub(super) spoken: bool,
    /// Why the broker is considered not to support this version.
    pub(super) why_not: Option<String>,
}

/// A limit that CONNACK announces, or the standard's default if it announces none.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Limit {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) kept: Trial,
    /// What the broker did if it does not keep the limit, or why the limit was not tried.
    pub(super) why: Option<String>,
}

/// Whether the broker keeps a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Trial {
    Kept,
    NotKept,
    NotTried,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Offered {
    pub(super) name: String,
    pub(super) offered: bool,
    /// Why the broker is considered not to offer it.
    pub(super) why_not: Option<String>,
}

/// What the broker chooses where the standard leaves a choice open.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Choice {
    name: String,
    /// What the choice is about, worded to precede the answer.
    pub(super) about: String,
    /// Several answers if they differ between versions of MQTT.
    pub(super) answers: BTreeMap<String, BTreeSet<&'static str>>,
}

/// A choice that was not tested, or that the broker did not show.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NotAsked {
    name: String,
    pub(super) about: String,
    pub(super) why: String,
}

impl Names {
    /// The names of this broker.
    pub(super) fn of(target: &Target, file: Option<&TargetFile>) -> Self {
        let hooks = file.map(|file| {
            let sources = file.hooks.iter();
            sources.map(|source| source.kind.name()).collect()
        });
        match target {
            Target::External(external) => Self {
                name: external.title.clone(),
                url: external.url.clone(),
                transports: transports(external),
                hooks,
            },
            Target::Bundled(_) => Self {
                name: "bundled broker".to_owned(),
                url: String::new(),
                transports: BTreeSet::new(),
                hooks,
            },
        }
    }
}

fn transports(external: &External) -> BTreeSet<&'static str> {
    let nodes = external.nodes();
    let places = nodes
        .iter()
        .flat_map(|node| std::iter::once(&node.endpoint).chain(&node.websocket));
    places
        .map(|place| match place.scheme() {
            scheme if scheme.is_websocket() && scheme.is_secure() => "secure websocket",
            scheme if scheme.is_websocket() => "websocket",
            scheme if scheme.is_secure() => "tls",
            _ => "tcp",
        })
        .collect()
}

impl Document {
    pub(super) fn new(broker: Names, found: &Found, asked: &Asked) -> Self {
        let offered = &found.offered;
        let played: Vec<(&Plan, &CaseResult)> = found
            .results
            .iter()
            .filter_map(|result| {
                let mut plans = asked.plans.iter();
                let plan = plans.find(|plan| plan.scene.id == result.id)?;
                Some((plan, result))
            })
            .collect();
        let limits = offered.limits.iter();
        let limits = limits.filter(|(version, ..)| *version == ProtocolVersion::V5);
        let choices = choices(&played);
        Self {
            format: FORMAT,
            broker,
            broker_version: found.version.clone(),
            anonymous: offered.lacking(Capability::Anonymous).is_none(),
            protocols: protocols(found),
            limits: limits
                .map(|(_, name, value)| limit(name, value, &played))
                .collect(),
            capabilities: facts::capabilities(offered)
                .into_iter()
                .map(|fact| Offered {
                    offered: fact.why_not.is_none(),
                    name: fact.name,
                    why_not: fact.why_not,
                })
                .collect(),
            not_asked: not_asked(asked, &choices, &played),
            choices,
            cases: played.iter().filter(|(_, r)| r.began.is_some()).count(),
            wall_us: microseconds(found.wall),
        }
    }

    /// # Errors
    /// Fails if the document cannot be serialized.
    pub(super) fn json(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self);
        let failed = |error| Failure::new(Exit::Failed, format!("failed to write JSON: {error}"));
        Ok(format!("{}\n", text.map_err(failed)?))
    }
}

fn protocols(found: &Found) -> Vec<Protocol> {
    let spoken = found.offered.versions.iter();
    let spoken = spoken.map(|version| (*version, None));
    let unspoken = found.offered.unspoken.iter();
    let unspoken = unspoken.map(|(version, how)| (*version, Some(how.clone())));
    let all: BTreeMap<ProtocolVersion, Option<String>> = spoken.chain(unspoken).collect();
    all.into_iter()
        .map(|(version, why_not)| Protocol {
            version: version.as_str(),
            spoken: why_not.is_none(),
            why_not,
        })
        .collect()
}

/// Decides whether a limit is kept, by the cases that test it.
fn limit(name: &'static str, value: &str, played: &[(&Plan, &CaseResult)]) -> Limit {
    let tried = played.iter().filter(|(plan, _)| is_of(name, plan));
    let results: Vec<&CaseResult> = tried.map(|(_, result)| *result).collect();
    let broken = results.iter().find(|r| r.verdict == Verdict::Failed);
    let holds = |r: &&CaseResult| matches!(r.verdict, Verdict::Passed | Verdict::Warned);
    let (kept, why) = match broken {
        _ if value == NOT_ANNOUNCED => (Trial::NotTried, Some("none is announced".to_owned())),
        Some(result) => (Trial::NotKept, Some(what_broke(result))),
        None if results.iter().any(holds) => (Trial::Kept, None),
        None => (Trial::NotTried, Some(why_untried(name, &results))),
    };
    Limit {
        name,
        value: value.to_owned(),
        kept,
        why,
    }
}

fn what_broke(result: &CaseResult) -> String {
    let Some(finding) = result.findings.first() else {
        return format!("{} failed", result.id);
    };
    format!(
        "{} in {}: expected: {}; actual: {}",
        finding.charge.clauses().join(" and "),
        result.id,
        finding.expected.join(" or "),
        finding.actual
    )
}

fn why_untried(name: &str, results: &[&CaseResult]) -> String {
    if !TRIED.iter().any(|(limit, _)| *limit == name) {
        return "the cases that test it wait as long as this interval".to_owned();
    }
    let reason = results.iter().find_map(|result| result.verdict.reason());
    reason.map_or_else(|| "no time was left".to_owned(), str::to_owned)
}

fn choices(played: &[(&Plan, &CaseResult)]) -> Vec<Choice> {
    let mut all: BTreeMap<String, Choice> = BTreeMap::new();
    for (plan, result) in played {
        let answers = result.choices.iter();
        let answers = answers.map(|answer| ChoiceAnswer::of(answer, plan));
        for answer in answers.filter(|a| !a.varies && !is_of_limits(&a.name)) {
            let about = answer.about();
            let known = all.entry(answer.name.clone()).or_insert(Choice {
                name: answer.name,
                about,
                answers: BTreeMap::new(),
            });
            let versions = known.answers.entry(answer.answer).or_default();
            versions.insert(plan.scene.id.version.as_str());
        }
    }
    let mut all: Vec<Choice> = all.into_values().collect();
    all.sort_by(|a, b| a.about.cmp(&b.about));
    all
}

fn not_asked(asked: &Asked, answered: &[Choice], played: &[(&Plan, &CaseResult)]) -> Vec<NotAsked> {
    let is_answered = |name: &str| answered.iter().any(|choice| choice.name == name);
    let open = asked.choices.iter().filter(|(name, _)| !is_answered(name));
    open.map(|(name, about)| {
        let mut planned = asked.plans.iter().filter(|plan| Asked::asks(plan, name));
        let mut results = played.iter().filter(|(plan, _)| Asked::asks(plan, name));
        let why = match (planned.next(), results.next()) {
            (None, _) => {
                "its cases take longer, or need settings or the broker to themselves".to_owned()
            }
            (Some(_), None) => "no time was left".to_owned(),
            (Some(_), Some((_, result))) => match result.verdict.reason() {
                Some(reason) => reason.to_owned(),
                None => format!("{} {}", result.id, result.verdict.as_str()),
            },
        };
        NotAsked {
            name: name.clone(),
            about: about.clone(),
            why,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Checks that the schema matches the types. `UPDATE_SCHEMA=1` writes it.
    #[test]
    fn the_schema_is_that_of_the_types() {
        const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/probe.schema.json");
        let schema = schemars::schema_for!(Document);
        let text = format!(
            "{}\n",
            serde_json::to_string_pretty(&schema).expect("a schema")
        );
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            fs::write(PLACE, &text).expect("a file");
        }
        assert_eq!(
            fs::read_to_string(PLACE).expect("the schema"),
            text,
            "docs/probe.schema.json is not that of the types"
        );
    }
}
