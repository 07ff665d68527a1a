use std::sync::Arc;

use mqtt_check_vocabulary::hook::Event;
use regex::Regex;

use super::*;
use crate::target::hooks::rule::Pattern;

fn rule(event: &str, text: Option<&str>) -> Rule {
    Rule {
        event: Event::named(event).expect("an event"),
        text: text.map(|text| Pattern(Regex::new(text).expect("a pattern"))),
        topic: None,
        header: Vec::new(),
        when: Vec::new(),
        json: Vec::new(),
        set: Vec::new(),
        reasons: Vec::new(),
    }
}

fn disconnected() -> Rule {
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    Rule {
        reasons: vec![
            ("left".to_owned(), words(&["normal", "with_will"])),
            ("was lost*".to_owned(), words(&["connection_lost"])),
        ],
        ..rule(
            "client.disconnected",
            Some("^(?<client>[^ ]+) (?<reason>.*)$"),
        )
    }
}

fn shown_line(rule: &Rule, message: &SourceMessage) -> Option<String> {
    let fields = rule.read(message)?;
    let words: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
    Some(words.join(" "))
}

#[test]
fn a_line_becomes_an_event_with_every_meaning_of_its_words() {
    let line = |text: &str| shown_line(&disconnected(), &SourceMessage::new(text.to_owned(), None));
    assert_eq!(
        line("a left").as_deref(),
        Some("client=a reason=normal/with_will")
    );
    assert_eq!(
        line("a was lost: reset").as_deref(),
        Some("client=a reason=connection_lost")
    );
    // If no rule maps the word, the field is left out.
    assert_eq!(line("a exploded").as_deref(), Some("client=a"));
    assert_eq!(line("nothing"), None);
}

#[test]
fn json_is_read_by_its_paths() {
    let event = Event::named("client.connected").expect("an event");
    let field = |name| event.field(name).expect("a field");
    let connected = Rule {
        when: vec![("action".to_owned(), vec!["client_connected".to_owned()])],
        json: vec![
            (field("client"), "who.0".to_owned()),
            (field("username"), "user".to_owned()),
            (field("connack"), "code".to_owned()),
            (field("session_present"), "present".to_owned()),
        ],
        ..rule("client.connected", None)
    };
    let message = |text: &str| shown_line(&connected, &SourceMessage::new(text.to_owned(), None));
    let whole =
        r#"{"action":"client_connected","who":["a"],"user":null,"code":"success","present":true}"#;
    assert_eq!(
        message(whole).as_deref(),
        Some("client=a connack=0 session_present=true")
    );
    assert_eq!(message(&whole.replace("client_connected", "other")), None);
    assert_eq!(message(&whole.replace("[\"a\"]", "[]")), None);
    assert_eq!(message("{broken"), None);
}

#[test]
fn shows_the_fields_of_every_rule_of_an_event() {
    let lost = Rule {
        set: vec![(
            Event::named("client.disconnected")
                .and_then(|event| event.field("reason"))
                .expect("a field"),
            "kicked".to_owned(),
        )],
        ..rule("client.disconnected", Some("kicks (?<client>.*)"))
    };
    let all = rule::shown(&[disconnected(), lost], 3);
    let [event] = all.as_slice() else {
        panic!("{all:?}");
    };
    let reason = event.field("reason").expect("it is told");
    assert_eq!(
        reason.words,
        ["normal/with_will", "connection_lost", "kicked"]
    );
    assert_eq!(reason.known_word("with_will"), Some("normal/with_will"));
    assert_eq!(reason.known_word("client_error"), None);
    assert_eq!(event.source, 3);
    let without = rule("client.disconnected", Some("(?<client>.*) is gone"));
    let all = rule::shown(&[disconnected(), without], 0);
    assert!(all[0].field("reason").is_none(), "{all:?}");
}

fn feed() -> Arc<Feed> {
    let state = State {
        sources: vec![SourceState {
            name: "output",
            shows: rule::shown(&[disconnected()], 0),
            problem: None,
        }],
        ..State::default()
    };
    Arc::new(Feed {
        shared: Arc::new(Shared {
            state: Mutex::new(state),
            stopped: AtomicBool::new(false),
        }),
        settle: Duration::ZERO,
        _sink: None,
    })
}

fn put(feed: &Feed, client: &str) {
    let fields = vec![("client".to_owned(), client.to_owned())];
    let hook = Hook {
        at: None,
        name: "client.disconnected".to_owned(),
        fields,
    };
    feed.shared.put(0, hook);
}

fn taken(events: &mut PlayEvents, assigned: &str) -> Vec<String> {
    let hooks = events.take(&|id| id == assigned);
    let client = |hook: &Hook| hook.field("client").unwrap_or_default().to_owned();
    hooks.iter().map(client).collect()
}

#[test]
fn each_play_gets_the_events_of_its_own_clients() {
    let feed = feed();
    put(&feed, "beforehand");
    let mut one = PlayEvents::new(&feed, "aaaa0001");
    let mut other = PlayEvents::new(&feed, "aaaa0002");
    let mut alone = PlayEvents::new(&feed, "");
    for client in ["aaaa0001x", "aaaa0002y", "auto-7", mqtt::NAME, "short"] {
        put(&feed, client);
    }
    assert_eq!(taken(&mut one, "auto-7"), ["aaaa0001x", "auto-7"]);
    assert_eq!(taken(&mut one, "auto-7"), [""; 0]);
    assert_eq!(taken(&mut other, ""), ["aaaa0002y"]);
    assert_eq!(taken(&mut alone, ""), ["auto-7", "short"]);
}

#[test]
fn what_a_failed_source_could_show_is_not_observable() {
    let feed = feed();
    assert!(feed.shown().event("client.disconnected").is_some());
    let _events = PlayEvents::new(&feed, "aaaa0001");
    for _ in 0..=MOST_WAITING {
        put(&feed, "aaaa0001x");
    }
    assert_eq!(feed.shown(), HookSource::None);
    let problems = feed.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].ends_with("not observable: client.disconnected"),
        "{problems:?}"
    );
}
