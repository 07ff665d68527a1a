//! The broker's events held against a `hooks` list.

use std::ops::Range;

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use crate::scenario::model::{HookList, HookPattern};
use crate::transcript::{HookRecord, HookSource, Transcript};

/// Events that are not as the list says.
pub(super) struct Differing {
    /// Whether the target shows events at all.
    pub(super) is_shown: bool,
    pub(super) expected: Vec<String>,
    pub(super) actual: String,
}

/// Judges the events of this range. `None` when they are just as the list says.
pub(super) fn judge_hooks(
    list: &HookList,
    transcript: &Transcript,
    range: Range<usize>,
) -> Option<Differing> {
    let shown: Box<dyn Fn(&str) -> bool> = match &transcript.hook_source {
        HookSource::None => {
            return Some(Differing {
                is_shown: false,
                expected: vec![write_list(list.events.iter())],
                actual: "the target shows no hook events".into(),
            });
        }
        HookSource::Shows(names) if names.is_empty() => Box::new(|_| true),
        HookSource::Shows(names) => Box::new(|name| names.iter().any(|n| n == name)),
    };
    let expected: Vec<&HookPattern> = list.events.iter().filter(|e| shown(&e.name)).collect();
    let actual: Vec<&HookRecord> = transcript
        .hooks
        .get(range)
        .unwrap_or_default()
        .iter()
        .filter(|record| shown(&record.name) && counts(list, record))
        .collect();
    let same = expected.len() == actual.len()
        && expected
            .iter()
            .zip(&actual)
            .all(|(pattern, record)| matches(pattern, record));
    if same {
        return None;
    }
    let came: Vec<String> = actual.iter().map(|r| write(&r.name, &r.fields)).collect();
    let actual = if came.is_empty() {
        "no event".to_owned()
    } else {
        came.join(", ")
    };
    Some(Differing {
        is_shown: true,
        expected: vec![write_list(expected.into_iter())],
        actual,
    })
}

/// Whether an event belongs to those that the list is exact about.
fn counts(list: &HookList, record: &HookRecord) -> bool {
    let of_client = record
        .fields
        .iter()
        .find(|(name, _)| name == "client")
        .is_some_and(|(_, id)| list.of.contains(id));
    let always = record.name.starts_with("client.") || record.name.starts_with("session.");
    let named = list.events.iter().any(|e| e.name == record.name);
    if always {
        of_client
    } else {
        // A message of nobody, such as a published Will, counts when its name does.
        let nobody = !record.fields.iter().any(|(name, _)| name == "client");
        named && (of_client || nobody)
    }
}

fn matches(pattern: &HookPattern, record: &HookRecord) -> bool {
    pattern.name == record.name
        && pattern.fields.iter().all(|(name, expected)| {
            match record.fields.iter().find(|(n, _)| n == name) {
                Some((_, actual)) => same_text(name, expected, actual),
                None => expected == "absent",
            }
        })
}

/// Whether two texts say the same: `0x00` and `0`, `1` and `true`, a code and its name included.
fn same_text(field: &str, expected: &str, actual: &str) -> bool {
    let value = |text: &str| match field {
        "connack" => number(text).or_else(|| connack_code(text)),
        _ => number(text),
    };
    expected == actual || value(expected).is_some_and(|n| Some(n) == value(actual))
}

/// The code that a CONNACK's reason is the name of, in either version's words.
fn connack_code(name: &str) -> Option<u64> {
    [ProtocolVersion::V5, ProtocolVersion::V3_1_1]
        .into_iter()
        .find_map(|version| ReasonCode::from_name(name, PacketType::CONNACK, version))
        .map(|code| u64::from(code.0))
}

fn number(text: &str) -> Option<u64> {
    match text {
        "true" => Some(1),
        "false" => Some(0),
        _ => match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        },
    }
}

fn write_list<'a>(patterns: impl Iterator<Item = &'a HookPattern>) -> String {
    let words: Vec<String> = patterns.map(|p| write(&p.name, &p.fields)).collect();
    if words.is_empty() {
        "no event".to_owned()
    } else {
        words.join(", ")
    }
}

fn write(name: &str, fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(n, v)| format!("{n}: {v}")).collect();
    if fields.is_empty() {
        name.to_owned()
    } else {
        format!("{name} {{{}}}", fields.join(", "))
    }
}
