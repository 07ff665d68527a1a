//! What `probe` reports about brokers that keep their limits, one that does not, and a server that is not a broker.

use std::path::Path;
use std::thread;
use std::time::Duration;

use mqtt_check_broker::{Config, Fault, Faults};
use mqtt_check_codec::QoS;
use serde_json::Value;

use crate::bad_brokers;
use crate::program::{Ended, Program};
use crate::served::serve_with;

/// A broker with limits that the suite's cases reach.
fn limited(faults: Faults) -> String {
    let config = Config {
        receive_maximum: 10,
        topic_alias_maximum: 5,
        maximum_packet_size: Some(20_000),
        ..Config::default()
    };
    format!("mqtt://{}", serve_with(config, faults))
}

fn probe(arguments: &str) -> Ended {
    Program::new(&format!("probe {arguments}")).run()
}

fn found(ended: &Ended) -> Value {
    assert_eq!(ended.exit, Some(0), "{ended}");
    // Times are masked as `[US]`, which is not valid JSON.
    let text = ended.stdout.replace("[US]", "1");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {ended}"))
}

fn limit<'v>(found: &'v Value, name: &str) -> &'v Value {
    let limits = found["limits"].as_array().expect("limits");
    let mut limits = limits.iter().filter(|limit| limit["name"] == name);
    limits.next().unwrap_or_else(|| panic!("{name}: {found}"))
}

#[test]
fn shows_what_a_right_broker_offers_and_keeps() {
    let found = found(&probe(&format!("{} --json", limited(Faults::none()))));
    for protocol in found["protocols"].as_array().expect("protocols") {
        assert_eq!(protocol["spoken"], true, "{protocol}");
    }
    for (name, value) in [
        ("maximum_packet_size", "20000"),
        ("receive_maximum", "10"),
        ("topic_alias_maximum", "5"),
        ("maximum_qos", "2"),
        ("retain_available", "1"),
        ("wildcard_subscription_available", "1"),
        ("shared_subscription_available", "1"),
        ("subscription_identifier_available", "1"),
    ] {
        let limit = limit(&found, name);
        assert_eq!(limit["value"], value, "{limit}");
        assert_eq!(limit["kept"], "kept", "{limit}");
    }
    let choices = found["choices"].as_array().expect("choices");
    assert!(choices.len() > 20, "{found}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/probe.schema.json");
    let schema: Value =
        serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let wrong: Vec<String> = validator
        .iter_errors(&found)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn shows_each_limit_that_is_not_kept() {
    // Faults that show at once. On a busy machine there is no time to wait for a missing close.
    for (fault, name) in [
        (Fault::ReceiveMaximumOneLess, "receive_maximum"),
        (Fault::HighestAliasRefused, "topic_alias_maximum"),
    ] {
        let url = limited([fault].into_iter().collect());
        let found = found(&probe(&format!("{url} --json")));
        for other in [
            "maximum_packet_size",
            "receive_maximum",
            "topic_alias_maximum",
        ] {
            let limit = limit(&found, other);
            let kept = if other == name { "not_kept" } else { "kept" };
            assert_eq!(limit["kept"], kept, "{fault:?}: {limit}");
        }
        let why = limit(&found, name)["why"].as_str().expect("a reason");
        assert!(why.contains("MQTT-") || why.contains("RULE-"), "{why}");
    }
}

/// A broker that announces everything it can announce as unsupported.
fn restricted(faults: Faults) -> String {
    let config = Config {
        maximum_qos: QoS::AtLeastOnce,
        retain_available: false,
        wildcard_subscription_available: false,
        shared_subscription_available: false,
        subscription_identifier_available: false,
        ..Config::default()
    };
    format!("mqtt://{}", serve_with(config, faults))
}

/// What such a broker announces.
const RESTRICTIONS: [(&str, &str); 5] = [
    ("maximum_qos", "1"),
    ("retain_available", "0"),
    ("wildcard_subscription_available", "0"),
    ("shared_subscription_available", "0"),
    ("subscription_identifier_available", "0"),
];

#[test]
fn shows_that_what_is_announced_as_unsupported_is_refused() {
    let found = found(&probe(&format!("{} --json", restricted(Faults::none()))));
    for (name, value) in RESTRICTIONS {
        let limit = limit(&found, name);
        assert_eq!(limit["value"], value, "{limit}");
        assert_eq!(limit["kept"], "kept", "{limit}");
    }
}

#[test]
fn shows_what_is_accepted_although_it_was_announced_as_unsupported() {
    for (fault, name) in [
        (
            Fault::WildcardsAcceptedUnavailable,
            "wildcard_subscription_available",
        ),
        (
            Fault::SharedAcceptedUnavailable,
            "shared_subscription_available",
        ),
        (
            Fault::IdentifiersAcceptedUnavailable,
            "subscription_identifier_available",
        ),
    ] {
        let url = restricted([fault].into_iter().collect());
        let found = found(&probe(&format!("{url} --json")));
        for (other, _) in RESTRICTIONS {
            let limit = limit(&found, other);
            let kept = if other == name { "not_kept" } else { "kept" };
            assert_eq!(limit["kept"], kept, "{fault:?}: {limit}");
        }
    }
}

#[test]
fn says_it_to_people() {
    let ended = probe(&limited(Faults::none()));
    assert_eq!(ended.exit, Some(0), "{ended}");
    for part in [
        "MQTT 3.1.1",
        "receive_maximum",
        "QoS 0 messages",
        "played in",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let widest = ended.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{ended}");
}

#[test]
fn ends_if_there_is_no_broker() {
    let mute = bad_brokers::serve(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let closing = bad_brokers::serve(drop);
    for url in [mute.as_str(), closing.as_str(), "mqtt://127.0.0.1:1"] {
        let ended = probe(url);
        assert_eq!(ended.exit, Some(3), "{url}: {ended}");
        assert!(ended.stderr.starts_with("error: "), "{ended}");
        assert!(ended.stdout.is_empty(), "{ended}");
    }
}

#[test]
fn needs_one_broker() {
    for arguments in ["", "mqtt://127.0.0.1:1 --broker mqtt://127.0.0.1:1"] {
        let ended = probe(arguments);
        assert_eq!(ended.exit, Some(2), "{arguments}: {ended}");
    }
}
