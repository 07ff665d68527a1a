//! `broker`: the configuration that a scenario is about.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use mqtt_check_codec::ProtocolVersion;

use super::duration::{duration, duration_or_never};
use super::fields::U32_MAX;
use super::model::Settings;
use super::node::{Node, Value};
use super::rows::Budget;
use super::scope::{Mapping, Report, Scope, StepCount};
use super::text::{self, Rules, STRING_MAX};
use super::value::{boolean, number};
use crate::diagnostic::{Place, Source};

/// Settings that the language has and the broker has not yet.
pub(crate) const NOT_YET: [&str; 2] = ["access", "authentication"];

/// The settings that a mapping names, over the given ones.
pub(crate) fn settings(scope: Scope<'_>, node: &Node, base: &Settings) -> Option<Settings> {
    let mut map = Mapping::of(scope, node, "`broker`")?;
    let out = take(scope, &mut map, base);
    map.finish();
    out
}

/// The names of all settings.
pub(crate) fn names() -> Vec<&'static str> {
    let source = Arc::new(Source {
        path: String::new(),
        text: String::new(),
    });
    let (report, budget, used, steps) = (
        Report::new(&source),
        Budget::default(),
        RefCell::default(),
        StepCount::default(),
    );
    let scope = Scope {
        report: &report,
        budget: &budget,
        version: ProtocolVersion::V5,
        clients: &[],
        used: &used,
        steps: &steps,
    };
    let nothing = Node {
        place: Place {
            line: 1,
            column: 1,
            length: 1,
        },
        value: Value::Map(Vec::new()),
    };
    let Some(mut map) = Mapping::of(scope, &nothing, "`broker`") else {
        return Vec::new();
    };
    take(scope, &mut map, &Settings::default());
    map.known().to_vec()
}

fn take<'a>(scope: Scope<'a>, map: &mut Mapping<'a>, base: &Settings) -> Option<Settings> {
    let mut out = base.clone();
    let mut reader = Reader {
        scope,
        map,
        sound: true,
    };
    reader.boolean("queue_qos0", &mut out.queue_qos0);
    reader.with(
        "persistent_session_expiry",
        &mut out.persistent_session_expiry,
        duration_or_never,
    );
    reader.with(
        "maximum_session_expiry",
        &mut out.maximum_session_expiry,
        duration_or_never,
    );
    reader.boolean("durable", &mut out.durable);
    reader.number("server_keep_alive", 0xFFFF, &mut out.server_keep_alive_s);
    reader.number("receive_maximum", 0xFFFF, &mut out.receive_maximum);
    reader.number("topic_alias_maximum", 0xFFFF, &mut out.topic_alias_maximum);
    reader.number("maximum_packet_size", U32_MAX, &mut out.maximum_packet_size);
    reader.number("maximum_qos", 2, &mut out.maximum_qos);
    reader.boolean("retain_available", &mut out.retain_available);
    reader.boolean(
        "wildcard_subscription_available",
        &mut out.wildcard_subscription_available,
    );
    reader.boolean(
        "subscription_identifier_available",
        &mut out.subscription_identifier_available,
    );
    reader.boolean(
        "shared_subscription_available",
        &mut out.shared_subscription_available,
    );
    reader.number(
        "maximum_queued_messages",
        U32_MAX,
        &mut out.maximum_queued_messages,
    );
    reader.boolean("reason_strings", &mut out.reason_strings);
    reader.boolean("short_acknowledgements", &mut out.short_acknowledgements);
    reader.number("maximum_inflight", 0xFFFF, &mut out.maximum_inflight);
    reader.number(
        "maximum_client_id_bytes",
        0xFFFF,
        &mut out.maximum_client_id_bytes,
    );
    reader.boolean("dollar_topics", &mut out.dollar_topics);
    reader.boolean("check_payload_format", &mut out.check_payload_format);
    reader.with(
        "response_information",
        &mut out.response_information,
        plain_text,
    );
    reader.with("connect_timeout", &mut out.connect_timeout, duration);
    reader.with("users", &mut out.users, users);
    let mut sound = reader.sound;
    for name in NOT_YET {
        if let Some(entry) = map.take_entry(name) {
            scope.add(not_yet(scope, entry.key.place, &format!("`{name}`")));
            sound = false;
        }
    }
    sound.then_some(out)
}

/// The error for what a later version will read.
pub(crate) fn not_yet(
    scope: Scope<'_>,
    place: crate::diagnostic::Place,
    what: &str,
) -> crate::diagnostic::Diagnostic {
    scope
        .at(place, format!("{what} is not yet supported"))
        .label("not yet")
}

struct Reader<'r, 'a> {
    scope: Scope<'a>,
    map: &'r mut Mapping<'a>,
    sound: bool,
}

impl<'a> Reader<'_, 'a> {
    fn with<T>(
        &mut self,
        key: &'static str,
        out: &mut Option<T>,
        read: impl Fn(Scope<'a>, &'a Node) -> Option<T>,
    ) {
        if let Some(node) = self.map.take(key) {
            match read(self.scope, node) {
                Some(value) => *out = Some(value),
                None => self.sound = false,
            }
        }
    }

    fn boolean(&mut self, key: &'static str, out: &mut Option<bool>) {
        self.with(key, out, boolean);
    }

    fn number<T: TryFrom<u64>>(&mut self, key: &'static str, max: u64, out: &mut Option<T>) {
        self.with(key, out, |scope, node| {
            let n = number(scope, node, &(0..=max), "a number")?;
            T::try_from(n).ok()
        });
    }
}

/// A text that is known from the file.
fn plain_text(scope: Scope<'_>, node: &Node) -> Option<String> {
    let rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    let bytes = text::literal(scope, node, rules)?;
    String::from_utf8(bytes.to_vec()).ok()
}

fn users(scope: Scope<'_>, node: &Node) -> Option<Vec<(String, Bytes)>> {
    let Some(entries) = node.entries() else {
        return scope.expected(node, "names and passwords (a mapping)");
    };
    let rules = Rules {
        limit: STRING_MAX,
        utf8: false,
    };
    let all: Vec<_> = entries
        .iter()
        .map(|entry| {
            let password = text::literal(scope, &entry.value, rules)?;
            Some((entry.key.text.to_string(), password))
        })
        .collect();
    all.into_iter().collect()
}
