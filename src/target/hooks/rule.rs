//! Rules of a target file that translate what a broker reports to events of the common vocabulary.
//!
//! In: a [`SourceMessage`], such as a log line or an MQTT message. Out: the event that a rule makes of it, if the rule
//! matches.

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};
use mqtt_check_vocabulary::hook::{Event, Field, FieldKind};
use regex::Regex;
use serde_json::Value;

use crate::transcript::{ShownEvent, ShownField};

/// Separates the words of a field if the broker does not say which of them it means.
pub const EITHER: char = '/';

/// A pattern with named groups.
#[derive(Debug, Clone)]
pub struct Pattern(pub Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

/// Translates messages to one kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub event: &'static Event,
    /// Must match the text. Its groups are fields.
    pub text: Option<Pattern>,
    /// Must match the topic. Its groups are fields.
    pub topic: Option<Pattern>,
    /// Header fields of a request in lower case, each with its possible values.
    pub header: Vec<(String, Vec<String>)>,
    /// Paths in the JSON, each with its possible values.
    pub when: Vec<(String, Vec<String>)>,
    /// Fields, and their paths in the JSON.
    pub json: Vec<(&'static Field, String)>,
    /// Fields that always have this value.
    pub set: Vec<(&'static Field, String)>,
    /// For the field that has words: what the broker reports, and the words that it can stand for.
    pub reasons: Vec<(String, Vec<String>)>,
}

/// A message of a hook source: a log line, a request or an MQTT message.
#[derive(Debug, Default)]
pub struct SourceMessage {
    pub text: String,
    pub topic: Option<String>,
    /// Header fields, with names in lower case.
    pub headers: Vec<(String, String)>,
    pub json: Option<Value>,
}

impl SourceMessage {
    /// Wraps a text, and parses it as JSON if it looks like an object.
    pub fn new(text: String, topic: Option<String>) -> Self {
        let json = text
            .trim_start()
            .starts_with('{')
            .then(|| serde_json::from_str(&text).ok())
            .flatten();
        Self {
            text,
            topic,
            headers: Vec::new(),
            json,
        }
    }

    fn at(&self, path: &str) -> Option<String> {
        let mut value = self.json.as_ref()?;
        for key in path.split('.') {
            value = match value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                value => value.get(key)?,
            };
        }
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl Rule {
    /// Returns the fields of the event, in the order of the vocabulary. `None` if the rule does not match the message.
    pub fn read(&self, message: &SourceMessage) -> Option<Vec<(String, String)>> {
        let mut found: Vec<(&str, String)> = Vec::new();
        let texts = [
            (&self.text, Some(message.text.as_str())),
            (&self.topic, message.topic.as_deref()),
        ];
        for (pattern, text) in texts {
            let Some(Pattern(pattern)) = pattern else {
                continue;
            };
            let groups = pattern.captures(text?)?;
            for name in pattern.capture_names().flatten() {
                if let Some(group) = groups.name(name) {
                    found.push((name, group.as_str().to_owned()));
                }
            }
        }
        for (name, wanted) in &self.header {
            let (_, value) = message.headers.iter().find(|(n, _)| n == name)?;
            wanted.contains(value).then_some(())?;
        }
        for (path, wanted) in &self.when {
            let value = message.at(path)?;
            wanted.contains(&value).then_some(())?;
        }
        for (field, path) in &self.json {
            found.extend(message.at(path).map(|value| (field.name, value)));
        }
        let set = self.set.iter();
        found.extend(set.map(|(field, value)| (field.name, value.clone())));
        let value = |field: &Field| {
            let (_, raw) = found.iter().find(|(name, _)| *name == field.name)?;
            let value = match (field.kind, self.reasons.is_empty()) {
                (FieldKind::Word(_), false) => self.meant(raw)?,
                _ => valid(field.kind, raw)?,
            };
            Some((field.name.to_owned(), value))
        };
        let fields: Vec<_> = self.event.fields.iter().filter_map(value).collect();
        let needed = |name: &str| fields.iter().any(|(n, v)| n == name && !v.is_empty());
        (needed("client") || needed("topic")).then_some(fields)
    }

    /// The words that a reported value can stand for.
    fn meant(&self, raw: &str) -> Option<String> {
        let fits = |listed: &str| match listed.strip_suffix('*') {
            Some(beginning) => raw.starts_with(beginning),
            None => raw == listed,
        };
        let (_, words) = self.reasons.iter().find(|(listed, _)| fits(listed))?;
        Some(either(words))
    }

    /// The fields that the rule reports, and the possible words of each.
    fn shows(&self) -> Vec<ShownField> {
        let groups = |pattern: &Option<Pattern>, name: &str| {
            let pattern = pattern.as_ref();
            pattern.is_some_and(|p| p.0.capture_names().flatten().any(|group| group == name))
        };
        let shown = |field: &&Field| {
            let set = self.set.iter().find(|(f, _)| f.name == field.name);
            let is_shown = set.is_some()
                || groups(&self.text, field.name)
                || groups(&self.topic, field.name)
                || self.json.iter().any(|(f, _)| f.name == field.name);
            is_shown.then(|| ShownField {
                name: field.name.to_owned(),
                words: match (field.kind, set) {
                    (FieldKind::Word(_), Some((_, word))) => vec![word.clone()],
                    (FieldKind::Word(all), None) if self.reasons.is_empty() => {
                        all.iter().map(|word| (*word).to_owned()).collect()
                    }
                    (FieldKind::Word(_), None) => {
                        let words = self.reasons.iter();
                        words.map(|(_, words)| either(words)).collect()
                    }
                    _ => Vec::new(),
                },
            })
        };
        self.event.fields.iter().filter_map(|f| shown(&f)).collect()
    }
}

/// Joins words of which one is meant.
pub fn either(words: &[String]) -> String {
    words.join(&EITHER.to_string())
}

/// Converts a value to the form of the vocabulary. `None` if the field cannot have this value.
pub fn valid(kind: FieldKind, raw: &str) -> Option<String> {
    match kind {
        FieldKind::Client | FieldKind::Text => Some(raw.to_owned()),
        FieldKind::Flag => match raw {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        },
        FieldKind::Number(most) => {
            let number = raw.parse::<u64>().ok().filter(|number| *number <= most);
            number.map(|number| number.to_string())
        }
        FieldKind::Code => {
            let versions = [ProtocolVersion::V5, ProtocolVersion::V3_1_1];
            let named = versions
                .into_iter()
                .find_map(|version| ReasonCode::from_name(raw, PacketType::CONNACK, version));
            let code = raw.parse().ok().or(named.map(|code| code.0));
            code.map(|code: u8| code.to_string())
        }
        FieldKind::Word(all) => all.contains(&raw).then(|| raw.to_owned()),
    }
}

/// What a source with these rules can report. A field counts if every rule of its event reports it.
pub fn shown(rules: &[Rule], source: usize) -> Vec<ShownEvent> {
    let mut all: Vec<ShownEvent> = Vec::new();
    for rule in rules {
        let fields = rule.shows();
        match all.iter_mut().find(|event| event.name == rule.event.name) {
            None => all.push(ShownEvent {
                name: rule.event.name.to_owned(),
                fields,
                source,
            }),
            Some(event) => {
                event
                    .fields
                    .retain(|field| fields.iter().any(|f| f.name == field.name));
                for field in &mut event.fields {
                    let more = fields.iter().filter(|f| f.name == field.name);
                    let more = more.flat_map(|f| f.words.clone());
                    field.words.extend(more);
                    let mut seen = Vec::new();
                    field.words.retain(|word| {
                        let is_new = !seen.contains(word);
                        seen.push(word.clone());
                        is_new
                    });
                }
            }
        }
    }
    all
}
