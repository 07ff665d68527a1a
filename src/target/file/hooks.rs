//! `hooks`: the sources of a broker's events, and the rules that translate them.

use std::time::Duration;

use mqtt_check_codec::{ProtocolVersion, topic};
use mqtt_check_vocabulary::hook::{EVENTS, Event, Field, FieldKind};
use regex::Regex;

use super::reading::{Map, Reading};
use crate::scenario::node::{Entry, Node};
use crate::scenario::suggestion::did_you_mean;
use crate::target::hooks::rule::{Pattern, Rule, either, shown, valid};
use crate::target::hooks::{Kind, Source};

/// The default delay of a source.
const SETTLE: Duration = Duration::from_millis(200);
/// The longest delay that a file may name.
const LONGEST: Duration = Duration::from_secs(60);
/// The sources, as named in a hint.
const KINDS: &str = "`source` is output, file, mqtt or http";
/// The default response to a request.
const ANSWER: &str = "{}";

/// Reads a list of sources. No two of them may report the same event.
pub(super) fn sources(reading: &Reading, node: &Node, is_started: bool) -> Option<Vec<Source>> {
    let sources = reading.one_or_more(node, |reading, node| source(reading, node, is_started))?;
    let sinks = sources.iter().filter(|s| matches!(s.kind, Kind::Http(_)));
    if sinks.count() > 1 {
        let hint = "put all the rules into one `http` source";
        return reading.fail(node.place, "two sources of kind `http`", hint);
    }
    let mut known = Vec::new();
    for (n, source) in sources.iter().enumerate() {
        for event in shown(&source.rules, n) {
            if known.contains(&event.name) {
                let title = format!("two sources report `{}`", event.name);
                let hint = "let only one of them report it: the order between sources is unknown";
                return reading.fail(node.place, &title, hint);
            }
            known.push(event.name);
        }
    }
    Some(sources)
}

fn source(reading: &Reading, node: &Node, is_started: bool) -> Option<Source> {
    let mut map = Map::of(reading, node, "a source of hook events")?;
    let place = map.place();
    let named = map.require("source", KINDS)?;
    let kind = reading.text(named)?;
    let kind = match kind.as_str() {
        "output" if !is_started => {
            let title = "`output` needs a broker that this file starts";
            return reading.fail(named.place, title, "add `start`, or use another source");
        }
        "output" => Kind::Output,
        "file" => {
            let path = map.require("path", "name the log file: path: '{folder}/log'")?;
            Kind::File(reading.text(path)?)
        }
        "mqtt" => {
            let hint = "a list of Topic Filters: topics: ['$SYS/broker/log/#']";
            let topics = map.require("topics", hint)?;
            Kind::Mqtt(reading.one_or_more(topics, filter)?)
        }
        "http" if !is_started => {
            let title = "`http` needs a broker that this file starts";
            let hint = "add `start`, or use another source";
            return reading.fail(named.place, title, hint);
        }
        "http" => Kind::Http(map.text("answer").unwrap_or_else(|| ANSWER.to_owned())),
        other => {
            let title = format!("unknown source `{other}`");
            return reading.fail(named.place, &title, KINDS);
        }
    };
    let settle = map.duration("settle", LONGEST);
    let rules = map.require("rules", "each rule has `event` and a pattern");
    let rules = rules.and_then(|node| reading.one_or_more(node, rule));
    map.finish();
    let rules = rules?;
    if let Some(problem) = overlapping(&rules) {
        return reading.fail(
            place,
            &problem,
            "write one entry for all of them: [normal, with_will]",
        );
    }
    Some(Source {
        kind,
        settle: settle.unwrap_or(SETTLE),
        rules,
    })
}

/// Finds a word in two groups of one event. Such a word would be ambiguous.
fn overlapping(rules: &[Rule]) -> Option<String> {
    for event in shown(rules, 0) {
        for field in event.fields {
            let mut known: Vec<&str> = Vec::new();
            for entry in &field.words {
                for word in entry.split('/') {
                    if known.contains(&word) {
                        let name = &event.name;
                        return Some(format!("two words of {name} give `{word}`"));
                    }
                    known.push(word);
                }
            }
        }
    }
    None
}

fn filter(reading: &Reading, node: &Node) -> Option<String> {
    let text = reading.text(node)?;
    match topic::check_filter(&text, ProtocolVersion::V3_1_1).is_ok() {
        true => Some(text),
        false => reading.fail(
            node.place,
            "not a valid topic filter",
            "`$SYS/broker/log/#`",
        ),
    }
}

fn rule(reading: &Reading, node: &Node) -> Option<Rule> {
    let mut map = Map::of(reading, node, "a rule")?;
    let place = map.place();
    let event = map
        .require(
            "event",
            "name the event that it reports: event: client.connected",
        )
        .and_then(|node| event(reading, node))?;
    let text = optional(map.take("text"), |node| pattern(reading, event, node));
    let topic = optional(map.take("topic"), |node| pattern(reading, event, node));
    let when = pairs(reading, map.take("when"), |entry| {
        let values = reading.one_or_more(&entry.value, Reading::text)?;
        Some((entry.key.text.to_string(), values))
    });
    let header = pairs(reading, map.take("header"), |entry| {
        let values = reading.one_or_more(&entry.value, Reading::text)?;
        Some((entry.key.text.to_ascii_lowercase(), values))
    });
    let json = pairs(reading, map.take("json"), |entry| {
        let field = field(reading, event, entry)?;
        Some((field, reading.text(&entry.value)?))
    });
    let set = pairs(reading, map.take("set"), |entry| {
        let field = field(reading, event, entry)?;
        Some((field, constant(reading, field, &entry.value)?))
    });
    let reasons = pairs(reading, map.take("reasons"), |entry| {
        let words = reading.one_or_more(&entry.value, |reading, node| word(reading, event, node));
        Some((entry.key.text.to_string(), words?))
    });
    map.finish();
    let rule = Rule {
        event,
        text: text?,
        topic: topic?,
        header: header?,
        when: when?,
        json: json?,
        set: set?,
        reasons: reasons?,
    };
    let is_recognised = rule.text.is_some()
        || rule.topic.is_some()
        || !rule.header.is_empty()
        || !rule.when.is_empty();
    if !is_recognised {
        let hint = "add `text` or `topic` (patterns), `header`, or `when` (paths in JSON and their values)";
        return reading.fail(place, "a rule that matches everything", hint);
    }
    let shows = shown(std::slice::from_ref(&rule), 0);
    let names = |name| shows.iter().any(|event| event.field(name).is_some());
    let is_optional = event.field("client").is_some_and(|field| field.is_optional);
    let is_of_a_case = names("client") || (is_optional && names("topic"));
    if !is_of_a_case {
        let hint =
            "add a group `(?<client>…)`, or `client` under `json`: it assigns the event to a case";
        return reading.fail(place, "a rule without the client", hint);
    }
    Some(rule)
}

/// `Some(None)` if there is no node, `None` if reading it fails.
fn optional<T>(node: Option<&Node>, read: impl Fn(&Node) -> Option<T>) -> Option<Option<T>> {
    match node {
        None => Some(None),
        Some(node) => read(node).map(Some),
    }
}

fn pairs<T>(
    reading: &Reading,
    node: Option<&Node>,
    read: impl Fn(&Entry) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let Some(entries) = node.entries() else {
        return reading.fail(node.place, "expected a mapping", "NAME: VALUE");
    };
    let all: Vec<_> = entries.iter().map(read).collect();
    all.into_iter().collect()
}

fn event(reading: &Reading, node: &Node) -> Option<&'static Event> {
    let name = reading.text(node)?;
    Event::named(&name).or_else(|| {
        let names = EVENTS.iter().map(|event| event.name);
        let hint = did_you_mean(&name, names);
        let hint = hint.unwrap_or_else(|| "docs/scenario/actions.md lists them".to_owned());
        reading.fail(node.place, &format!("unknown hook event `{name}`"), &hint)
    })
}

fn field(reading: &Reading, event: &Event, entry: &Entry) -> Option<&'static Field> {
    event.field(&entry.key.text).or_else(|| {
        let title = format!("`{}` has no field `{}`", event.name, entry.key.text);
        reading.fail(entry.key.place, &title, &fields(event))
    })
}

fn fields(event: &Event) -> String {
    let names: Vec<&str> = event.fields.iter().map(|field| field.name).collect();
    format!("known fields: {}", names.join(", "))
}

fn pattern(reading: &Reading, event: &Event, node: &Node) -> Option<Pattern> {
    let text = reading.text(node)?;
    let pattern = match Regex::new(&text) {
        Ok(pattern) => pattern,
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim();
            let title = format!("a bad pattern: {}", why.trim_start_matches("error: "));
            return reading.fail(node.place, &title, "use the syntax of Rust's crate `regex`");
        }
    };
    let unknown = pattern.capture_names().flatten();
    let unknown = unknown.into_iter().find(|name| event.field(name).is_none());
    match unknown {
        Some(name) => {
            let title = format!("`{}` has no field `{name}`", event.name);
            reading.fail(node.place, &title, &fields(event))
        }
        None => Some(Pattern(pattern)),
    }
}

fn constant(reading: &Reading, field: &Field, node: &Node) -> Option<String> {
    let text = reading.text(node)?;
    valid(field.kind, &text).or_else(|| {
        let title = format!("`{}` cannot be `{text}`", field.name);
        let hint = match field.kind {
            FieldKind::Word(words) => format!("it is one of {}", words.join(", ")),
            _ => "docs/scenario/actions.md describes its fields".to_owned(),
        };
        reading.fail(node.place, &title, &hint)
    })
}

fn word(reading: &Reading, event: &Event, node: &Node) -> Option<String> {
    let kinds = event.fields.iter().map(|field| field.kind);
    let words = kinds.into_iter().find_map(|kind| match kind {
        FieldKind::Word(words) => Some(words),
        _ => None,
    });
    let Some(words) = words else {
        let title = format!("`{}` has no reason", event.name);
        return reading.fail(node.place, &title, "remove `reasons`");
    };
    let text = reading.text(node)?;
    match words.contains(&text.as_str()) {
        true => Some(text),
        false => {
            let title = format!("`{text}` is not a reason of `{}`", event.name);
            let hint = did_you_mean(&text, words.iter().copied());
            let hint = hint.unwrap_or_else(|| {
                let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                format!("it is one of {}", either(&words).replace('/', ", "))
            });
            reading.fail(node.place, &title, &hint)
        }
    }
}
