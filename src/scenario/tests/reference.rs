//! The reference is correct: its examples can be read, and it names every word of the tables.

use std::sync::Arc;

use super::rendered;
use crate::diagnostic::Source;
use crate::scenario::fields::{self, SUBSCRIPTION, WILL};
use crate::scenario::model::{Capability, Driver, Level, ScramFault, Transport};
use crate::scenario::websocket::TYPES;
use crate::scenario::{expectation, file, parse, scene};
use mqtt_check_vocabulary::SETTINGS;
use mqtt_check_vocabulary::hook::EVENTS;

/// All pages of the reference.
const PAGE: &str = concat!(
    include_str!("../../../docs/scenario-reference.md"),
    include_str!("../../../docs/scenario/file.md"),
    include_str!("../../../docs/scenario/actions.md"),
    include_str!("../../../docs/scenario/expectations.md"),
    include_str!("../../../docs/scenario/values.md"),
    include_str!("../../../docs/scenario/settings.md"),
    include_str!("../../../docs/scenario/time.md"),
    include_str!("../../../docs/scenario/hard-cases.md"),
);

/// Returns the examples of the reference.
fn examples() -> Vec<&'static str> {
    let parts = PAGE.split("```yaml\n").skip(1);
    parts.filter_map(|part| part.split("```").next()).collect()
}

/// Completes an example to a whole scenario.
fn whole(example: &str) -> String {
    if example.starts_with("title:") {
        return example.to_owned();
    }
    if example.starts_with("cases:") {
        return format!("title: t\nclients: {{ a: }}\n{example}");
    }
    // Declare every client that acts in the example.
    let acts = |name: &&str| {
        let before = ["- ", "[ ", "client: ", "of: ", "one_of: [", "one_of: [a, "];
        let ends = |rest: &str| rest.starts_with(['\n', ':', ' ', ',', '}', ']']);
        before.iter().any(|word| {
            let place = example.split(*word).skip(1);
            place.filter_map(|rest| rest.strip_prefix(*name)).any(ends)
        })
    };
    let names = ["a", "b", "sub", "pub", "watcher", "subscriber"];
    let mut clients: Vec<_> = names.iter().copied().filter(acts).collect();
    if clients.is_empty() {
        clients.push("a");
    }
    let below = ["frame:", "subprotocols:"];
    let way = match below.iter().any(|word| example.contains(word)) {
        true => "{ transport: websocket }",
        false => "",
    };
    let list: Vec<_> = clients
        .iter()
        .map(|name| format!("{name}: {way}"))
        .collect();
    let first = clients[0];
    let of_version_5 = [
        "clean_start",
        "subscription_identifier",
        "topic_alias",
        "topic_on_wire",
        "authentication",
        "scram",
        "server_moved",
    ];
    let version = match of_version_5.iter().any(|word| example.contains(word)) {
        true => "versions: [5]\n",
        false => "",
    };
    format!(
        "title: t\n{version}clients: {{ {} }}\nsteps:\n- {{ {first}: ping, id: cause }}\n{example}\
         control: {{ without: cause, expect: [ {first}: publish ] }}\n",
        list.join(", ")
    )
}

#[test]
fn every_example_is_read() {
    let examples = examples();
    assert!(examples.len() > 10);
    for example in examples {
        let source = Arc::new(Source {
            path: "example.yaml".to_owned(),
            text: whole(example),
        });
        let found = parse(&source, "example").err().unwrap_or_default();
        assert!(found.is_empty(), "{}", rendered(&found));
    }
}

#[test]
fn every_word_of_the_tables_is_on_the_page() {
    let mut words: Vec<&str> = Vec::new();
    for (word, packet) in fields::PACKETS {
        words.push(word);
        words.extend(fields::of(*packet).map(|spec| spec.name));
    }
    words.extend(WILL.iter().chain(SUBSCRIPTION).map(|spec| spec.name));
    words.extend(file::KEYS);
    words.extend(scene::WORDS);
    words.extend(expectation::MODIFIERS);
    words.extend(Capability::ALL.iter().map(|c| c.as_str()));
    words.extend(ScramFault::ALL.iter().map(|f| f.as_str()));
    words.extend(Level::ALL.iter().map(|l| l.as_str()));
    words.extend(Driver::ALL.iter().map(|d| d.as_str()));
    words.extend(Transport::ALL.iter().map(|t| t.as_str()));
    words.extend(TYPES.iter().map(|(word, _)| *word));
    for specs in [fields::UPGRADE, fields::CLOSE_FRAME, fields::PING_FRAME] {
        words.extend(specs.iter().map(|spec| spec.name));
    }
    for event in EVENTS {
        words.push(event.name);
        words.extend(event.fields.iter().map(|field| field.name));
    }
    // The standard names the received properties of CONNACK and other packets; the reference says so once.
    let of_connack: Vec<_> = fields::of(mqtt_check_codec::PacketType::CONNACK)
        .filter(|spec| spec.optional)
        .map(|spec| spec.name)
        .collect();
    words.retain(|word| !of_connack.contains(word));
    let missing: Vec<_> = words.iter().filter(|word| !PAGE.contains(*word)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_page_has_the_kind_and_the_default_of_every_setting() {
    for setting in SETTINGS {
        let row = format!(
            "| `{}` | {} | {} | ",
            setting.name, setting.kind, setting.default
        );
        assert!(PAGE.contains(&row), "there is no row {row}");
    }
}

#[test]
fn every_setting_is_on_the_page_and_read() {
    let table = PAGE
        .split("\n## Broker settings")
        .nth(1)
        .expect("the table of settings");
    let table = table.split("\n## Access rules").next().expect("its end");
    let names = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| {
            line.split('|')
                .nth(1)
                .unwrap_or("")
                .split('`')
                .skip(1)
                .step_by(2)
        });
    for name in names {
        let text = format!(
            "title: t\nbroker: {{ {name}: [[]] }}\nclients: {{ a: }}\nsteps: [ a: ping ]\n"
        );
        let source = Arc::new(Source {
            path: "setting.yaml".to_owned(),
            text,
        });
        let found = parse(&source, "setting").expect_err("a list is no setting");
        assert!(
            !found[0].title.contains("unknown"),
            "{name}: {}",
            found[0].title
        );
    }
}
