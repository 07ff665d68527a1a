//! The broker's settings: `broker` of a scenario, and the same in a configuration file.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;

use super::duration::{duration, duration_or_never};
use super::fields::U32_MAX;
use super::model::{Secret, Settings};
use super::node::{Node, Value};
use super::reach::Reach;
use super::rows::Budget;
use super::scope::{Mapping, Report, Scope, StepCount};
use super::text::{self, Rules, STRING_MAX};
use super::value::{boolean, number};
use crate::diagnostic::{Diagnostic, Place, Source};

mod access;
pub mod configuration;
mod users;

/// Levels of the longest string.
const TOPIC_LEVELS_MAX: u64 = 65_536;

/// The settings that a mapping names, over the given ones.
pub(crate) fn settings(
    scope: Scope<'_>,
    node: &Node,
    base: &Settings,
    key: &'static str,
) -> Option<Settings> {
    let mut map = Mapping::of(scope, node, key)?;
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
    let nothing = Node {
        place: Place {
            line: 1,
            column: 1,
            length: 1,
        },
        value: Value::Map(Vec::new()),
    };
    let (names, _) = by_itself(&source, |scope| {
        let mut map = Mapping::of(scope, &nothing, "`broker`")?;
        take(scope, &mut map, &Settings::default());
        Some(map.known().to_vec())
    });
    names.unwrap_or_default()
}

/// Names and passwords that stand in a file of another kind, and everything that is wrong with them. No message repeats
/// a password.
pub(crate) fn known_users(
    source: &Arc<Source>,
    node: &Node,
) -> (Option<Vec<(String, Secret)>>, Vec<Diagnostic>) {
    by_itself(source, |scope| users::users(scope, node))
}

/// Reads something that belongs to no scenario; with what it gives comes everything that is wrong.
fn by_itself<T>(source: &Arc<Source>, read: impl FnOnce(Scope<'_>) -> T) -> (T, Vec<Diagnostic>) {
    let (report, budget, used, steps) = (
        Report::new(source, Reach::everything()),
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
    let out = read(scope);
    (out, report.into_found())
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
        whole_seconds,
    );
    reader.boolean("durable", &mut out.durable);
    reader.number(
        "server_keep_alive",
        0..=0xFFFF,
        &mut out.server_keep_alive_s,
    );
    reader.number("receive_maximum", 1..=0xFFFF, &mut out.receive_maximum);
    reader.number(
        "topic_alias_maximum",
        0..=0xFFFF,
        &mut out.topic_alias_maximum,
    );
    reader.number(
        "maximum_packet_size",
        1..=U32_MAX,
        &mut out.maximum_packet_size,
    );
    reader.number("maximum_qos", 0..=2, &mut out.maximum_qos);
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
    limits(&mut reader, &mut out);
    reader.boolean("reason_strings", &mut out.reason_strings);
    reader.boolean("short_acknowledgements", &mut out.short_acknowledgements);
    reader.boolean("dollar_topics", &mut out.dollar_topics);
    reader.boolean("check_payload_format", &mut out.check_payload_format);
    reader.with(
        "response_information",
        &mut out.response_information,
        plain_text,
    );
    reader.with("connect_timeout", &mut out.connect_timeout, some_time);
    reader.with("banned_clients", &mut out.banned_clients, access::names);
    reader.with("client_ids", &mut out.client_ids, access::client_ids);
    reader.with("origins", &mut out.origins, access::origins);
    reader.with("users", &mut out.users, users::users);
    reader.with("access", &mut out.access, access::access);
    reader.with(
        "authentication",
        &mut out.authentication,
        users::authentication,
    );
    reader.sound.then_some(out)
}

/// How much of what.
fn limits(reader: &mut Reader<'_, '_>, out: &mut Settings) {
    reader.number(
        "maximum_queued_messages",
        0..=U32_MAX,
        &mut out.maximum_queued_messages,
    );
    reader.number(
        "maximum_queued_bytes",
        0..=U32_MAX,
        &mut out.maximum_queued_bytes,
    );
    reader.number(
        "maximum_inflight_bytes",
        1..=U32_MAX,
        &mut out.maximum_inflight_bytes,
    );
    reader.number(
        "maximum_message_bytes",
        1..=U32_MAX,
        &mut out.maximum_message_bytes,
    );
    reader.number(
        "maximum_outgoing_bytes",
        1..=U32_MAX,
        &mut out.maximum_outgoing_bytes,
    );
    reader.number(
        "maximum_all_outgoing_bytes",
        1..=U32_MAX,
        &mut out.maximum_all_outgoing_bytes,
    );
    reader.number("maximum_inflight", 1..=0xFFFF, &mut out.maximum_inflight);
    reader.number(
        "maximum_subscriptions",
        0..=U32_MAX,
        &mut out.maximum_subscriptions,
    );
    reader.number(
        "maximum_topic_levels",
        1..=TOPIC_LEVELS_MAX,
        &mut out.maximum_topic_levels,
    );
    reader.number(
        "maximum_connections",
        1..=U32_MAX,
        &mut out.maximum_connections,
    );
    reader.number(
        "maximum_waiting_connections",
        1..=U32_MAX,
        &mut out.maximum_waiting_connections,
    );
    reader.number(
        "maximum_connect_bytes",
        1..=U32_MAX,
        &mut out.maximum_connect_bytes,
    );
    reader.number(
        "maximum_header_bytes",
        1..=U32_MAX,
        &mut out.maximum_header_bytes,
    );
    reader.number(
        "maximum_incoming_bytes",
        1..=U32_MAX,
        &mut out.maximum_incoming_bytes,
    );
    reader.number(
        "maximum_connection_rate",
        1..=U32_MAX,
        &mut out.maximum_connection_rate,
    );
    reader.number("maximum_sessions", 1..=U32_MAX, &mut out.maximum_sessions);
    reader.number(
        "maximum_client_bytes",
        1..=U32_MAX,
        &mut out.maximum_client_bytes,
    );
    reader.number(
        "maximum_retained_messages",
        0..=U32_MAX,
        &mut out.maximum_retained_messages,
    );
    reader.number(
        "maximum_retained_bytes",
        0..=U32_MAX,
        &mut out.maximum_retained_bytes,
    );
    // [3.1.1 MQTT-3.1.3-5] [5 MQTT-3.1.3-5]: 23 bytes are always taken.
    reader.number(
        "maximum_client_id_bytes",
        23..=0xFFFF,
        &mut out.maximum_client_id_bytes,
    );
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

    fn number<T: TryFrom<u64>>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        out: &mut Option<T>,
    ) {
        self.with(key, out, |scope, node| {
            let n = number(scope, node, &range, "a number")?;
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

/// A span that is announced in seconds, or `None` for `never`.
fn whole_seconds(scope: Scope<'_>, node: &Node) -> Option<Option<Duration>> {
    match duration_or_never(scope, node)? {
        Some(span) if span.subsec_nanos() != 0 => {
            scope.fail(scope.at(node.place, "no whole number of seconds"))
        }
        span => Some(span),
    }
}

fn some_time(scope: Scope<'_>, node: &Node) -> Option<Duration> {
    match duration(scope, node)? {
        Duration::ZERO => scope.fail(scope.at(node.place, "nobody can connect in no time")),
        span => Some(span),
    }
}
