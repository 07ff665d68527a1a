//! Broker settings: `broker` in a scenario, and the same settings in a configuration file.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use mqtt_check_codec::ProtocolVersion;
use mqtt_check_vocabulary::{Kind, SETTINGS, Settings, User, Value};

use super::duration::{duration, duration_or_never};
use super::node::Node;
use super::read_access::ReadAccess;
use super::rows::Budget;
use super::scope::{Mapping, Report, Scope, StepCount};
use super::text::{self, Rules, STRING_MAX};
use super::value::{boolean, number};
use crate::diagnostic::{Diagnostic, Source};

mod access;
pub mod configuration;
mod users;

/// Reads the settings in a mapping, over those in `base`.
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

/// Reads names and passwords in another kind of file. Returns them, and everything that is wrong with them. No message
/// repeats a password.
pub(crate) fn known_users(
    source: &Arc<Source>,
    node: &Node,
) -> (Option<Vec<User>>, Vec<Diagnostic>) {
    by_itself(source, |scope| users::users(scope, node))
}

/// Reads settings in another kind of file. Returns them, and everything that is wrong with them.
pub(crate) fn known_settings(
    source: &Arc<Source>,
    node: &Node,
) -> (Option<Settings>, Vec<Diagnostic>) {
    by_itself(source, |scope| {
        settings(scope, node, &Settings::default(), "`broker`")
    })
}

/// Reads something that is not part of a scenario. Returns the result, and everything that is wrong.
fn by_itself<T>(source: &Arc<Source>, read: impl FnOnce(Scope<'_>) -> T) -> (T, Vec<Diagnostic>) {
    let (report, budget, used, steps) = (
        Report::new(source, ReadAccess::everything()),
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
    let mut is_sound = true;
    for setting in SETTINGS {
        let Some(node) = map.take(setting.name) else {
            continue;
        };
        let value = value(scope, node, setting.kind);
        is_sound &= value.is_some_and(|value| out.set(setting.name, value));
    }
    is_sound.then_some(out)
}

/// Reads the value of a setting of this kind.
fn value(scope: Scope<'_>, node: &Node, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Flag => boolean(scope, node).map(Value::Flag),
        Kind::QoS => number(scope, node, &(0..=2), "a number").map(Value::Number),
        Kind::Number { least, most, .. } => {
            number(scope, node, &(least..=most), "a number").map(Value::Number)
        }
        Kind::Span => some_time(scope, node).map(Value::Span),
        Kind::Expiry { whole_seconds } => {
            let span = match whole_seconds {
                true => whole_span(scope, node)?,
                false => duration_or_never(scope, node)?,
            };
            Some(span.map_or(Value::Never, Value::Span))
        }
        Kind::Text => plain_text(scope, node).map(Value::Text),
        Kind::Clients => access::names(scope, node).map(Value::Names),
        Kind::Origins => access::origins(scope, node).map(Value::Names),
        Kind::ClientIds => access::client_ids(scope, node).map(Value::ClientIds),
        Kind::Users => users::users(scope, node).map(Value::Users),
        Kind::Authentication => users::authentication(scope, node).map(Value::Authentication),
        Kind::Access => access::access(scope, node).map(Value::Access),
    }
}

/// Reads a text that must be known when the file is read.
fn plain_text(scope: Scope<'_>, node: &Node) -> Option<String> {
    let rules = Rules {
        limit: STRING_MAX,
        utf8: true,
    };
    let bytes = text::literal(scope, node, rules)?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// Reads a duration that is announced in seconds, or `never`, which is `Some(None)`.
fn whole_span(scope: Scope<'_>, node: &Node) -> Option<Option<Duration>> {
    match duration_or_never(scope, node)? {
        Some(span) if span.subsec_nanos() != 0 => {
            scope.fail(scope.at(node.place, "not a whole number of seconds"))
        }
        span => Some(span),
    }
}

fn some_time(scope: Scope<'_>, node: &Node) -> Option<Duration> {
    match duration(scope, node)? {
        Duration::ZERO => {
            scope.fail(scope.at(node.place, "`connect_timeout` must be greater than zero"))
        }
        span => Some(span),
    }
}
