//! The configuration file: what it accepts, what its errors say, and what they never reveal.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;

use super::{Configuration, parse};
use crate::diagnostic::{Diagnostic, Source, Style, render};
use mqtt_check_vocabulary::{AccessAction, AccessRule};

use crate::scenario::model::{Secret, User};

fn read(text: &str) -> Result<Configuration, Vec<Diagnostic>> {
    parse(&Arc::new(Source {
        path: "broker.yaml".to_owned(),
        text: text.to_owned(),
    }))
}

fn wrong(text: &str) -> String {
    let wrong = read(text).expect_err("something is wrong");
    let texts: Vec<_> = wrong.iter().map(|d| render(d, Style::Plain)).collect();
    texts.join("\n")
}

#[test]
fn takes_settings_and_where_to_listen() {
    let found = read(
        "listen: [ '127.0.0.1:0', wss://localhost:0/mqtt ]
cert: tls/chain.pem
store: data/broker.redb
key: /etc/key.pem
maximum_session_expiry: 2h
banned_clients: mallory
users:
  alice: hush
  bob: { text: $quiet }
access:
  - { allow: all, filter: [ home/%u/#, 'public/+' ], user: alice }
  - { deny: publish, filter: '#', client: [ a, b ] }
",
    )
    .expect("it is right");
    let places: Vec<_> = found.listen.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(places, ["127.0.0.1:0", "wss://localhost:0/mqtt"]);
    assert_eq!(found.cert.as_deref(), Some("tls/chain.pem".as_ref()));
    assert_eq!(found.key.as_deref(), Some("/etc/key.pem".as_ref()));
    assert_eq!(found.client_ca, None);
    assert_eq!(found.store.as_deref(), Some("data/broker.redb".as_ref()));
    let settings = found.settings;
    let two_hours = Some(Some(Duration::from_secs(7_200)));
    assert_eq!(settings.maximum_session_expiry, two_hours);
    assert_eq!(settings.banned_clients, Some(vec!["mallory".to_owned()]));
    let users = vec![user("alice", "hush"), user("bob", "$quiet")];
    assert_eq!(settings.users, Some(Some(users)));
    let rules = vec![
        AccessRule {
            allow: true,
            action: AccessAction::All,
            users: vec!["alice".to_owned()],
            clients: Vec::new(),
            filters: vec!["home/%u/#".to_owned(), "public/+".to_owned()],
        },
        AccessRule {
            allow: false,
            action: AccessAction::Publish,
            users: Vec::new(),
            clients: vec!["a".to_owned(), "b".to_owned()],
            filters: vec!["#".to_owned()],
        },
    ];
    assert_eq!(settings.access, Some(Some(rules)));
}

fn user(name: &str, password: &'static str) -> User {
    User {
        name: name.to_owned(),
        password: Secret::new(password),
    }
}

#[test]
fn passwords_come_from_files_and_the_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("alice.txt"), "hush\r\n").expect("writing");
    let source = Source {
        path: folder.path().join("b.yaml").display().to_string(),
        // Cargo sets this variable in every test run.
        text: "users: { alice: { file: alice.txt }, bob: { env: CARGO_PKG_NAME } }".to_owned(),
    };
    let found = parse(&Arc::new(source)).expect("it is right");
    let users = vec![user("alice", "hush"), user("bob", "mqtt-check")];
    assert_eq!(found.settings.users, Some(Some(users)));
    assert!(!format!("{:?}", found.settings).contains("hush"));
}

#[test]
fn reports_all_errors_at_once() {
    assert_snapshot!(wrong(
        "listen: []
reciever_maximum: 3
receive_maximum: 0
maximum_packet_size: 0
maximum_client_id_bytes: 22
maximum_session_expiry: 1500ms
connect_timeout: 0s
maximum_topic_levels: 65537
banned_clients: []
authentication: {}
users: { alice: { fille: x }, bob: { file: no/such/file }, carol: { env: NO_SUCH_VARIABLE }, dave: $x, eve: }
access:
  - { allow: publishing, filter: a }
  - { filter: a }
  - { allow: all, deny: all, filter: a }
  - { allow: all }
  - { allow: all, filter: a/#/b }
  - { allow: all, filter: $share/g/a }
  - { allow: all, filter: a/%x }
  - { allow: all, filter: a, users: bob }
"
    ));
    assert_snapshot!(wrong(""));
}

#[test]
fn no_message_has_a_password_in_it() {
    let texts = [
        "users:\n  alice: hush: hush\n",
        "users:\n  alice: [hush]\nreciever_maximum: 3\n",
        "users: { alice: hush, bob: \"hush\n",
        "{ users: { alice: { hush: hush } }, x: y }\n",
        "users: hush\n",
        "authentication: hush\n",
        "authentication: { hush: { a: hush } }\n",
        "authentication:\n  SCRAM-SHA-256:\n    alice: [hush]\n",
        "users:\n  alice: |\n    hush\n  bob: {}\nmaximum_qos: hm\n",
        "users:\n  alice: $hush.hush\n",
        "'users': { alice: ${hush }\n",
    ];
    for text in texts {
        let message = wrong(text);
        let shown = message.replace("unknown key `hush`", "");
        assert!(!shown.contains("hush"), "{message}");
        assert!(message.contains("broker.yaml:"), "{message}");
    }
}
