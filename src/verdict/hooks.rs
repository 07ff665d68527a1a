//! Compares the broker's hook events with a `hooks` list.

use std::collections::BTreeSet;
use std::ops::Range;

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};
use mqtt_check_vocabulary::hook::{EVENTS, Event, Field, FieldKind};

use super::granted_less::HookDependence;
use crate::scenario::model::{HookList, HookPattern};
use crate::transcript::{HookRecord, HookSource, Transcript};

/// The result of judging hook events that do not simply match the list.
pub(super) struct Differing {
    /// Whether a difference was seen. If not, the target does not show everything that the list names.
    pub(super) is_shown: bool,
    pub(super) expected: Vec<String>,
    pub(super) actual: String,
    /// The index of the lesser grant that explains every difference, if there is one.
    pub(super) depends_on: Option<usize>,
}

/// Returns how an event with this name and these fields depends on a lesser grant.
type Dependence<'a> = dyn Fn(&str, &[(String, String)]) -> Option<HookDependence> + 'a;

/// Judges the hook events in this range. `None` if they match the list and the target shows everything that it names.
/// Only what the target shows is judged. What it does not show does not count as missing.
pub(super) fn judge_hooks(
    list: &HookList,
    transcript: &Transcript,
    range: Range<usize>,
    dependence: &Dependence<'_>,
) -> Option<Differing> {
    let source = &transcript.hook_source;
    let hidden = |actual: String| Differing {
        is_shown: false,
        expected: vec![write_list(list.events.iter())],
        actual,
        depends_on: None,
    };
    if *source == HookSource::None {
        return Some(hidden("the target shows no hook events".into()));
    }
    let mut unseen = BTreeSet::new();
    let seen = list.events.iter();
    let expected: Vec<&HookPattern> = seen.filter(|p| is_seen(p, source, &mut unseen)).collect();
    if list.events.is_empty() {
        let silent = EVENTS.iter().map(|event| event.name);
        let silent = silent.filter(|name| is_always(name) && source.event(name).is_none());
        unseen.extend(silent.map(str::to_owned));
    }
    let actual: Vec<&HookRecord> = transcript
        .hooks
        .get(range)
        .unwrap_or_default()
        .iter()
        .filter(|record| source.event(&record.name).is_some() && counts(list, record))
        .collect();
    if are_same(&expected, &actual, source) {
        let unseen: Vec<String> = unseen.into_iter().collect();
        return (!unseen.is_empty())
            .then(|| hidden(format!("the target does not show {}", unseen.join(", "))));
    }
    let depends_on = depends_on(&expected, &actual, source, dependence);
    let received: Vec<String> = actual.iter().map(|r| write(&r.name, &r.fields)).collect();
    let actual = if received.is_empty() {
        "no event".to_owned()
    } else {
        received.join(", ")
    };
    Some(Differing {
        is_shown: true,
        expected: vec![write_list(expected.into_iter())],
        actual,
        depends_on,
    })
}

/// Returns whether the target shows such an event. Notes in `unseen` what it does not show.
fn is_seen(pattern: &HookPattern, source: &HookSource, unseen: &mut BTreeSet<String>) -> bool {
    let name = &pattern.name;
    let shown = match source.event(name) {
        None => {
            unseen.insert(name.clone());
            return false;
        }
        Some(None) => return true,
        Some(Some(shown)) => shown,
    };
    for (field, value) in &pattern.fields {
        match shown.field(field) {
            None => {
                unseen.insert(format!("{field} of {name}"));
            }
            Some(field) if !field.words.is_empty() && field.known_word(value).is_none() => {
                unseen.insert(format!("{name} with {} {value}", field.name));
                return false;
            }
            Some(_) => {}
        }
    }
    true
}

/// Returns whether these events match the list. Order matters only among events from the same source.
fn are_same(expected: &[&HookPattern], actual: &[&HookRecord], source: &HookSource) -> bool {
    by_source(expected, actual, source, &|patterns, records| {
        patterns.len() == records.len()
            && std::iter::zip(patterns, records).all(|(p, r)| matches(p, r, source, &[]))
    })
}

/// Returns the lesser grant that explains every difference between these events and the list, if there is one.
fn depends_on(
    expected: &[&HookPattern],
    actual: &[&HookRecord],
    source: &HookSource,
    dependence: &Dependence<'_>,
) -> Option<usize> {
    let of_expected = expected.iter().map(|p| dependence(&p.name, &p.fields));
    let of_actual = actual.iter().map(|r| dependence(&r.name, &r.fields));
    let less = of_expected.chain(of_actual).flatten().next()?.on();
    let agree = |patterns: &[&HookPattern], records: &[&HookRecord]| {
        let on_pattern: Vec<_> = patterns
            .iter()
            .map(|p| dependence(&p.name, &p.fields))
            .collect();
        let on_record: Vec<_> = records
            .iter()
            .map(|r| dependence(&r.name, &r.fields))
            .collect();
        let is_whole = |on: &Option<HookDependence>| on.is_some_and(HookDependence::is_whole);
        // Whether the records so far can match the patterns so far. The index is the number of records.
        let mut row = vec![true];
        for on in &on_record {
            row.push(row.last() == Some(&true) && is_whole(on));
        }
        for (pattern, on) in patterns.iter().zip(&on_pattern) {
            let mut next = vec![row[0] && is_whole(on)];
            for (number, (record, of_record)) in records.iter().zip(&on_record).enumerate() {
                let masked = [*on, *of_record].map(|on| on.map_or(&[][..], HookDependence::fields));
                let is_it = row[number] && matches(pattern, record, source, &masked.concat());
                let without_pattern = row[number + 1] && is_whole(on);
                let without_record = next[number] && is_whole(of_record);
                next.push(is_it || without_pattern || without_record);
            }
            row = next;
        }
        row.last() == Some(&true)
    };
    by_source(expected, actual, source, &agree).then_some(less)
}

/// Returns whether `holds` is true for the events of each source, in their order.
fn by_source(
    expected: &[&HookPattern],
    actual: &[&HookRecord],
    source: &HookSource,
    holds: &dyn Fn(&[&HookPattern], &[&HookRecord]) -> bool,
) -> bool {
    let of = |name: &str| source.event(name).flatten().map_or(0, |shown| shown.source);
    let sources: BTreeSet<usize> = expected
        .iter()
        .map(|pattern| of(&pattern.name))
        .chain(actual.iter().map(|record| of(&record.name)))
        .collect();
    sources.into_iter().all(|number| {
        let patterns = expected.iter().copied().filter(|p| of(&p.name) == number);
        let records = actual.iter().copied().filter(|r| of(&r.name) == number);
        let (patterns, records): (Vec<_>, Vec<_>) = (patterns.collect(), records.collect());
        holds(&patterns, &records)
    })
}

/// Returns whether a list is exact about events of this name, even if it names none of them.
fn is_always(name: &str) -> bool {
    name.starts_with("client.") || name.starts_with("session.")
}

/// Returns whether the list is exact about this event.
fn counts(list: &HookList, record: &HookRecord) -> bool {
    let of_client = record
        .fields
        .iter()
        .find(|(name, _)| name == "client")
        .is_some_and(|(_, id)| list.of.contains(id));
    let named = list.events.iter().any(|e| e.name == record.name);
    if is_always(&record.name) {
        of_client
    } else {
        // An event without a client, such as a published Will, counts if the list names events like it.
        let has_no_client = !record.fields.iter().any(|(name, _)| name == "client");
        named && (of_client || has_no_client)
    }
}

/// Returns whether the record matches the pattern, ignoring the masked fields.
fn matches(
    pattern: &HookPattern,
    record: &HookRecord,
    source: &HookSource,
    masked: &[&str],
) -> bool {
    let shown = source.event(&record.name).flatten();
    let is_reported = |name: &str| shown.is_none_or(|shown| shown.field(name).is_some());
    pattern.name == record.name
        && pattern.fields.iter().all(|(name, expected)| {
            let found = record.fields.iter().find(|(n, _)| n == name);
            match found {
                _ if !is_reported(name) || masked.contains(&name.as_str()) => true,
                Some((_, actual)) => actual
                    .split(if is_word(&record.name, name) {
                        '/'
                    } else {
                        '\0'
                    })
                    .any(|actual| same_text(name, expected, actual)),
                // Only optional fields can be absent. Any other field was just not reported by the source this time.
                None => {
                    expected == "absent" || (shown.is_some() && !is_optional(&record.name, name))
                }
            }
        })
}

fn field(event: &str, name: &str) -> Option<&'static Field> {
    Event::named(event)?.field(name)
}

fn is_word(event: &str, name: &str) -> bool {
    field(event, name).is_some_and(|field| matches!(field.kind, FieldKind::Word(_)))
}

fn is_optional(event: &str, name: &str) -> bool {
    field(event, name).is_some_and(|field| field.is_optional)
}

/// Returns whether two texts mean the same: `0x00` and `0`, `1` and `true`, or a reason code and its name.
fn same_text(field: &str, expected: &str, actual: &str) -> bool {
    let value = |text: &str| match field {
        "connack" => number(text).or_else(|| connack_code(text)),
        _ => number(text),
    };
    expected == actual || value(expected).is_some_and(|n| Some(n) == value(actual))
}

/// Returns the code that a CONNACK reason name stands for, in either version.
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
