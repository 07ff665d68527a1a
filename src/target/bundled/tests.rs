//! Checks that the settings reach the whole configuration, and that the broker's page in the documentation is correct.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Conduct, Config, config};
use crate::diagnostic::Source;
use crate::scenario::settings::configuration;

const PAGE: &str = include_str!("../../../docs/broker.md");
const REFERENCE: &str = concat!(
    include_str!("../../../docs/scenario/settings.md"),
    include_str!("../../../docs/scenario/actions.md"),
);

/// Every setting with a value other than its default, as YAML.
const OTHERS: &[(&str, &str)] = &[
    ("queue_qos0", "true"),
    ("persistent_session_expiry", "2h"),
    ("maximum_session_expiry", "3s"),
    ("durable", "true"),
    ("replicated", "true"),
    ("server_keep_alive", "7"),
    ("receive_maximum", "8"),
    ("topic_alias_maximum", "9"),
    ("maximum_packet_size", "1000"),
    ("maximum_qos", "1"),
    ("retain_available", "false"),
    ("wildcard_subscription_available", "false"),
    ("subscription_identifier_available", "false"),
    ("shared_subscription_available", "false"),
    ("maximum_queued_messages", "10"),
    ("maximum_queued_bytes", "19"),
    ("maximum_inflight_bytes", "26"),
    ("maximum_message_bytes", "27"),
    ("maximum_outgoing_bytes", "11"),
    ("maximum_all_outgoing_bytes", "25"),
    ("maximum_inflight", "12"),
    ("maximum_subscriptions", "13"),
    ("maximum_topic_levels", "14"),
    ("maximum_connections", "15"),
    ("maximum_waiting_connections", "16"),
    ("maximum_connect_bytes", "29"),
    ("maximum_header_bytes", "30"),
    ("maximum_incoming_bytes", "31"),
    ("maximum_connection_rate", "24"),
    ("maximum_sessions", "17"),
    ("maximum_client_bytes", "32"),
    ("maximum_retained_messages", "18"),
    ("maximum_retained_bytes", "28"),
    ("maximum_client_id_bytes", "23"),
    ("banned_clients", "[ mallory ]"),
    ("client_ids", "by_user"),
    ("origins", "[ 'https://panel.example' ]"),
    ("dollar_topics", "false"),
    ("check_payload_format", "true"),
    ("response_information", "hello"),
    ("reason_strings", "true"),
    ("short_acknowledgements", "true"),
    ("connect_timeout", "3s"),
    ("users", "{ alice: hush }"),
    ("access", "[ { allow: all, filter: a } ]"),
    ("authentication", "{ SCRAM-SHA-256: { alice: hush } }"),
];

fn configured(text: String) -> Config {
    let path = "broker.yaml".to_owned();
    let read = configuration::parse(&Arc::new(Source { path, text }));
    config(&read.expect("right settings").settings, Conduct::default())
}

/// The fields of a configuration and their values, from its `Debug` output.
fn fields(config: &Config) -> BTreeMap<String, String> {
    let shown = format!("{config:#?}");
    let mut fields = BTreeMap::new();
    let mut name = "";
    for line in shown.lines().skip(1) {
        let is_field = line.starts_with("    ") && !line.starts_with("     ");
        match line.trim_start().split_once(": ") {
            Some((field, _)) if is_field => name = field,
            _ => {}
        }
        let value: &mut String = fields.entry(name.to_owned()).or_default();
        value.push_str(line.trim());
    }
    fields
}

#[test]
fn every_field_of_the_configuration_has_its_own_setting() {
    let default = fields(&Config::default());
    let mut reached = Vec::new();
    for (name, value) in OTHERS {
        let changed = fields(&configured(format!("{name}: {value}\n")));
        let differs = |field: &&String| changed[*field] != default[*field];
        let different: Vec<_> = default.keys().filter(differs).collect();
        let [field] = different[..] else {
            panic!("{name} changes {different:?}");
        };
        assert!(field.starts_with(name), "{name} changes {field}");
        reached.push(field.clone());
    }
    reached.sort();
    let all: Vec<_> = default.into_keys().collect();
    assert_eq!(reached, all);
}

#[test]
fn a_password_is_not_shown_with_the_configuration() {
    let config = configured("users: { alice: hush }".to_owned());
    assert_eq!(config.users.as_ref().map(Vec::len), Some(1));
    assert!(!format!("{config:?}").contains("hush"));
}

/// The value in a table cell of the page, as the configuration file would write it.
fn cell(line: &str, column: usize) -> &str {
    line.split('|').nth(column).unwrap_or("").trim()
}

#[test]
fn the_page_has_every_setting_with_its_default() {
    for (name, _) in OTHERS {
        assert!(PAGE.contains(&format!("`{name}`")), "{name} is on no page");
        assert!(REFERENCE.contains(&format!("`{name}`")), "{name}");
    }
    let names = OTHERS.iter().map(|(name, _)| *name);
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    let limits: BTreeMap<&str, &str> = rows
        .map(|line| (cell(line, 1).trim_matches('`'), cell(line, 2)))
        .filter(|(name, _)| names.clone().any(|known| known == *name))
        .collect();
    assert!(limits.len() > 20, "{limits:?}");
    for (name, default) in limits {
        // An unset key keeps its default, so naming the default changes nothing.
        let text = match default {
            "none" => "{}".to_owned(),
            value => format!("{name}: {}", value.replace(' ', "")),
        };
        assert_eq!(configured(text), Config::default(), "{name}: {default}");
    }
}

#[test]
fn the_example_of_the_page_is_read() {
    let example = PAGE.split("```yaml\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    // The files and variables in the example do not exist here.
    let example = example
        .replace("{ file: alice.password }", "a")
        .replace("{ env: BOB_PASSWORD }", "b");
    let config = configured(example);
    assert_eq!(config.maximum_queued_messages, 1_000);
    assert_eq!(config.users.map(|users| users.len()), Some(2));
}

/// Checks that scenarios can expect every word of the broker's events, and that the reference lists it.
#[test]
fn every_word_of_an_event_can_be_expected() {
    use mqtt_check_vocabulary::hook::{EVENTS, FieldKind};

    let with_words = EVENTS.iter().flat_map(|event| {
        let words = event.fields.iter().filter_map(|field| match field.kind {
            FieldKind::Word(words) => Some(words),
            _ => None,
        });
        words.map(|words| (event.name, words))
    });
    for (event, words) in with_words {
        let row = REFERENCE
            .lines()
            .find(|line| line.starts_with(&format!("| `{event}`")))
            .expect("a row");
        for word in words {
            assert!(row.contains(&format!("`{word}`")), "{event}: {word}");
        }
    }
}
