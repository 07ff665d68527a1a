use insta::assert_snapshot;

use super::*;
use crate::diagnostic::{Style, render};
use crate::scenario::model::Transport;
use crate::transport::TlsOptions;

fn parse(text: &str) -> Result<TargetFile, String> {
    let source = Arc::new(Source {
        path: "targets/zoo.yaml".to_owned(),
        text: text.to_owned(),
    });
    TargetFile::parse(&source, "zoo").map_err(|wrong| {
        let all: Vec<String> = wrong.iter().map(|d| render(d, Style::Plain)).collect();
        all.join("\n")
    })
}

const WHOLE: &str = "\
title: The zoo's broker
version: 1.10
about: for tests
url: mqtt://127.0.0.1:{port}
start:
  command: [zoo, --config, '{config}', --data, '{folder}/data']
  config: |
    port {port}
  stop: [zoo, stop, '{port}']
  within: 20s
versions: [3.1.1, 5]
lacks:
  kick: it has no administrator
  retain: it forgets
limit: 8s
settle: 500ms
deviations:
  - case: [session/takeover@5, 'will/takeover[*]@5']
    clause: [5 MQTT-3.1.4-3]
    came: nothing
    why: 0x8E comes first
    bytes:
      - a > 10 0c
      - a < 20 02 00 00
      - a silent 1s
      - a closed
    log: it went
    thread: zoo#1
";

#[test]
fn reads_all_there_is() {
    let file = parse(WHOLE).expect("a sound file");
    assert_eq!(file.name, "zoo");
    assert_eq!(file.title, "The zoo's broker");
    assert_eq!(file.version.as_deref(), Some("1.10"));
    let [start] = file.start.as_slice() else {
        panic!("{:?}", file.start);
    };
    assert_eq!(start.command.len(), 5);
    assert_eq!(start.config.as_deref(), Some("port {port}"));
    assert_eq!(
        start.stop,
        Some(vec!["zoo".into(), "stop".into(), "{port}".into()])
    );
    assert_eq!(start.ready_within, Duration::from_secs(20));
    assert_eq!(
        file.versions,
        Some(vec![ProtocolVersion::V3_1_1, ProtocolVersion::V5])
    );
    let lacks: Vec<_> = file
        .lacks
        .iter()
        .map(|(c, why)| (c.as_str(), why.as_str()))
        .collect();
    assert_eq!(
        lacks,
        [
            ("retain", "it forgets"),
            ("kick", "it has no administrator")
        ]
    );
    assert_eq!(
        (file.limit, file.settle),
        (
            Some(Duration::from_secs(8)),
            Some(Duration::from_millis(500))
        )
    );
    let deviation = &file.deviations[0];
    assert!(deviation.is_shown_by("will/takeover[session-ends]@5"));
    assert!(deviation.cites(ProtocolVersion::V5, "MQTT-3.1.4-3"));
    assert!(!deviation.cites(ProtocolVersion::V3_1_1, "MQTT-3.1.4-3"));
    assert_eq!(deviation.bytes.len(), 4);
    assert_eq!(deviation.log, ["it went"]);
}

#[test]
fn takes_a_rule_of_another_standard_in_place_of_a_clause() {
    let bare = "url: mqtt://a\ndeviations:\n  - { case: a@5, came: it, why: so, log: it, bytes: a upgrades RULE}\n";
    let file = parse(&bare.replace(" RULE", ", rule: 'RFC 6455, 5.1'")).expect("a sound file");
    let deviation = &file.deviations[0];
    assert_eq!(deviation.rule.as_deref(), Some("RFC 6455, 5.1"));
    assert!(deviation.clauses.is_empty());
    assert!(!deviation.is_against_nothing());
    let file = parse(&bare.replace(" RULE", "")).expect("a sound file");
    assert!(file.deviations[0].is_against_nothing());
}

#[test]
fn knows_users_and_is_the_first_of_them() {
    let file = parse("url: mqtt://a\ncredentials: { alice: one, bob: { text: two } }\n");
    let file = file.expect("a sound file");
    let names: Vec<_> = file.users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["alice", "bob"]);
    let reached = file.running(&Access::default()).expect("a URL");
    let credentials = reached.and_then(|external| external.credentials);
    assert_eq!(credentials.map(|c| c.user).as_deref(), Some("alice"));
    let access = Access {
        credentials: Some(Credentials {
            user: "carol".into(),
            password: None,
        }),
        ..Access::default()
    };
    let reached = file.running(&access).expect("a URL");
    let credentials = reached.and_then(|external| external.credentials);
    assert_eq!(credentials.map(|c| c.user).as_deref(), Some("carol"));
    for credentials in ["{}", "alice", "[alice]"] {
        parse(&format!("url: mqtt://a\ncredentials: {credentials}\n")).expect_err("nobody");
    }
}

#[test]
fn takes_a_keep_alive_that_fits_into_a_connect() {
    let file = |span: &str| parse(&format!("url: mqtt://a\nkeep_alive: {span}\n"));
    assert_eq!(file("5m").expect("a sound file").keep_alive_s, Some(300));
    for span in ["60", "0s", "65536s", "90500ms"] {
        let wrong = file(span).expect_err("no Keep Alive");
        assert!(wrong.contains("targets/zoo.yaml:2"), "{wrong}");
    }
}

#[test]
fn reads_the_least_there_can_be() {
    let file = parse("url: mqtt://localhost\n").expect("a sound file");
    assert_eq!(
        (file.title.as_str(), &file.start, &file.versions),
        ("zoo", &Vec::new(), &None)
    );
    let reached = file.running(&Access::default());
    let reached = reached.expect("a URL").expect("it runs");
    assert_eq!(
        (reached.endpoint.authority().as_str(), reached.ours),
        ("localhost:1883", false)
    );
}

#[test]
fn reports_all_errors_at_once() {
    assert_snapshot!(
        "bad_keys",
        parse(
            "\
titel: The zoo
url: mqtts://127.0.0.1/mqtt
websocket: http://127.0.0.1:9001
hooks: { source: mqtt-log }
versions: [3.1.2, 5]
lacks: { kick: '', retains: it forgets }
limit: 5
settle: 0s
keep_alive: 1500ms
silence_check: soon
"
        )
        .expect_err("a bad file")
    );
    assert_snapshot!(
        "bad_start",
        parse(
            "\
url: mqtt://127.0.0.1:1883
start:
  command: [zoo, '{prot}', '{config}']
  stopp: [zoo, stop]
"
        )
        .expect_err("a bad file")
    );
    assert_snapshot!(
        "bad_deviations",
        parse(
            "\
url: mqtt://127.0.0.1
deviations:
  - case: session/takeover
    clause: MQTT-3.1.4-3
    came: nothing
    bytes: [a > 1, wait, a closes]
    log: []
  - case: session/takeover@5
    clause: [5 MQTT-3.1.44-3]
    came: nothing
    why: it differs
    bytes: a > c0 00
    log: it went
    reason: it differs
  - takeover
"
        )
        .expect_err("a bad file")
    );
}

#[test]
fn reports_contradicting_keys() {
    for (text, expected) in [
        ("", "the file is empty"),
        ("# nothing yet\n", "the file is empty"),
        (
            "- url\n",
            "expected a target file (a mapping), found a list",
        ),
        ("title: zoo\n", "a target file has no `url`"),
        (
            "url: mqtt://a\nurl: mqtt://b\n",
            "the key `url` is given twice",
        ),
        (
            "url: mqtt://a:{port}\n",
            "`{port}` is chosen only for a broker that the run starts",
        ),
        (
            "url: mqtt://a:1\nstart: { command: [zoo, '{port}'] }\n",
            "no `{port}` in the URL of a broker that mqtt-check starts",
        ),
        (
            "url: mqtt://a:{port}\nstart: { command: [zoo] }\n",
            "neither the command nor `config` contains `{port}`",
        ),
        (
            "url: mqtt://a:{port}\nwebsocket: ws://a:{websocket_port}\nstart: { command: [zoo, '{port}'] }\n",
            "neither the command nor `config` contains `{websocket_port}`",
        ),
        (
            "urls: ['mqtt://a:{port}', 'mqtt://a:{port_1}']\nstart: [{ command: [zoo, '{port}'] }, { command: [zoo] }]\n",
            "neither the command nor `config` contains `{port_1}`",
        ),
        (
            "url: mqtt://a:{port}\nstart: []\n",
            "expected at least one value, found an empty list",
        ),
        (
            "url: mqtt://a:{port_01}\nstart: { command: [zoo, '{port}'] }\n",
            "no `{port}` in the URL of a broker that mqtt-check starts",
        ),
        (
            "url: mqtt://a:{port}\nstart: { command: [zoo, '{port_64}'] }\n",
            "unknown placeholder in braces",
        ),
        (
            "url: mqtt://a\nwebsocket: mqtt://a:1884\n",
            "mqtt:// is not over WebSocket",
        ),
        (
            "url: mqtt://a\nwebsocket: ws://a:{websocket_port}\n",
            "`{websocket_port}` is chosen only for a broker that the run starts",
        ),
        (
            "url: ws://a\nwebsocket: ws://a:81\n",
            "the node's `url` is already a WebSocket URL",
        ),
        (
            "url: mqtt://a\nurls: [mqtt://b]\n",
            "`url` and `urls` exclude each other",
        ),
        (
            "urls: [mqtt://a]\nwebsocket: ws://a\n",
            "`websocket` next to `urls` belongs to no node",
        ),
        ("urls: []\n", "expected a list of URLs, found an empty list"),
        (
            "urls: mqtt://a\n",
            "expected a list of URLs, found `mqtt://a`",
        ),
        (
            "urls: [mqtt://a, { websocket: ws://a }]\n",
            "a node has no `url`",
        ),
        (
            "urls: [mqtt://a, { url: mqtt://b, tls: mqtts://b }]\n",
            "a node has no key `tls`",
        ),
        (
            "urls: [mqtt://a:1, mqtt://b:1, mqtt://a:1]\n",
            "`mqtt://a:1` is listed twice",
        ),
        (
            "urls: ['mqtt://a:{port}', 'mqtt://a:{port_1}']\nstart:\n  - { node: 0, command: [zoo, '{port}', '{port_1}'] }\n",
            "no program has `node: 1`",
        ),
        (
            "url: mqtt://a:{port}\nstart: [{ node: 0, command: [zoo, '{port}'] }, { node: 2, command: [zoo] }]\n",
            "`urls` has no node 2",
        ),
        (
            "url: mqtt://a:{port}\nstart: {}\n",
            "`start` has no `command`",
        ),
        (
            "url: mqtt://a:{port}\nstart: { command: [] }\n",
            "expected at least one value, found an empty list",
        ),
        (
            "url: mqtt://a:{port}\nstart: { command: [zoo, '{config}', '{port}'] }\n",
            "the command has `{config}`, but there is no `config`",
        ),
        (
            "url: mqtt://a:{port}\nstart: { command: [zoo, '{port}'], config: x }\n",
            "there is a `config`, but the command has no `{config}`",
        ),
    ] {
        let wrong = parse(text).expect_err(text);
        assert!(
            wrong.starts_with(&format!("error: {expected}\n")),
            "{wrong}"
        );
    }
}

#[test]
fn shows_where_a_url_of_several_is_wrong() {
    assert_snapshot!(
        "bad_urls",
        parse(
            "\
urls:
  - mqtt://127.0.0.1:1883
  - { url: mqtt//127.0.0.1:1884, websocket: ws://127.0.0.1:9001 }
  - { url: mqtt://127.0.0.1:1885, websocket: mqtts://127.0.0.1:9002 }
  - mqtt://127.0.0.1:{port}
"
        )
        .expect_err("a bad file")
    );
}

#[test]
fn reaches_every_node_by_its_own_urls() {
    let file =
        parse("urls: [mqtt://a:1, { url: mqtt://b:2, websocket: wss://b:3/mqtt }, ws://c:4]\n")
            .expect("a sound file");
    let access = Access {
        // These apply to the one URL with TLS. The others ignore them.
        tls: TlsOptions {
            insecure: true,
            ..TlsOptions::default()
        },
        ..Access::default()
    };
    let reached = file.running(&access).expect("URLs").expect("it runs");
    let nodes = reached.nodes();
    let place = |node: usize, transport| {
        let place = nodes[node].place(transport)?;
        Some((place.scheme().to_string(), place.authority()))
    };
    let at = |scheme: &str, authority: &str| Some((scheme.to_owned(), authority.to_owned()));
    assert_eq!(reached.url, "mqtt://a:1");
    assert_eq!(place(0, Transport::Default), at("mqtt", "a:1"));
    assert_eq!(place(0, Transport::WebSocket), None);
    assert_eq!(place(1, Transport::Default), at("mqtt", "b:2"));
    assert_eq!(place(1, Transport::Tcp), at("mqtt", "b:2"));
    assert_eq!(place(1, Transport::WebSocket), at("wss", "b:3"));
    assert_eq!(place(2, Transport::Tcp), None);
    assert_eq!(place(2, Transport::WebSocket), at("ws", "c:4"));
    assert_eq!(nodes.len(), 3);
}

#[test]
fn refuses_tls_options_where_no_url_has_tls() {
    let file = parse("url: mqtt://a\nwebsocket: ws://a\n").expect("a sound file");
    let access = Access {
        tls: TlsOptions {
            insecure: true,
            ..TlsOptions::default()
        },
        ..Access::default()
    };
    let wrong = file.running(&access).expect_err("none of them has TLS");
    assert!(wrong.to_string().contains("not for mqtt://"), "{wrong}");
}

#[test]
fn knows_the_words_that_stand_for_ports() {
    let words = "{port} {port_1} {websocket_port} {websocket_port_63} {port_64} {port_0} {port_01} {port_} {ports} {config} {";
    let known: Vec<_> = port_words(words).into_iter().collect();
    assert_eq!(
        known,
        [
            "{port_1}",
            "{port}",
            "{websocket_port_63}",
            "{websocket_port}"
        ]
    );
}

#[test]
fn finds_the_shipped_files_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        // A folder contains what one of the files starts.
        if path.is_file() {
            TargetFile::read(&path).expect("a sound file");
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn fills_in_the_folder_that_the_file_is_in() {
    let text =
        "url: mqtt://127.0.0.1:{port}\nstart:\n  command: [node, '{here}/zoo.js', '{port}']\n";
    let file = tempfile::Builder::new().suffix(".yaml").tempfile();
    let file = file.expect("a temporary file");
    std::fs::write(file.path(), text).expect("writing");
    let folder = file.path().parent().expect("a folder").display();
    let read = TargetFile::read(file.path()).expect("a sound file");
    assert_eq!(read.start[0].command[1], format!("{folder}/zoo.js"));
}

const SET: &str = "\
url: mqtt://127.0.0.1:{port}
start:
  command: [zoo, '{config}', '{arguments}']
  config: |
    port {port}
    {settings}
    {settings.listener}
instances: 3
settings:
";

/// The file with these rows added.
fn set(rows: &str) -> Result<TargetFile, String> {
    parse(&format!("{SET}{rows}"))
}

#[test]
fn reads_how_settings_are_given() {
    use super::super::settings::{Clients, Order, Row};
    let file = set("
  retain_available: 'retain {value}'
  maximum_qos: { config: { listener: 'qos {value}' }, arguments: '--qos={value}' }
  maximum_packet_size: { config: 'size {value}', least: 20, most: 1000 }
  durable: { environment: { STORE: '{folder}/data' }, values: { true: 'on' } }
  users: { each: '{name} {password}', files: { users: '{value}' }, before: [passwd, '{folder}/users'] }
  access:
    order: denials
    each: { allow all: 'all {filter}', deny publish: { unsupported: it has none } }
    each_client: { unsupported: it knows no clients }
    config: 'rules {value}'
  authentication: { unsupported: it has no such thing }
")
    .expect("a sound file");
    assert_eq!(file.instances, 3);
    let table = file.settings.expect("settings");
    assert_eq!(
        table.lacking("authentication"),
        Some("it has no such thing")
    );
    assert!(table.supports("retain_available") && !table.supports("authentication"));
    assert!(!table.supports("connect_timeout"));
    let Some(Row::Template(users)) = table.rows.get("users") else {
        panic!("{table:?}");
    };
    assert_eq!(users.templates.before, [["passwd", "{folder}/users"]]);
    let Some(Row::Template(access)) = table.rows.get("access") else {
        panic!("{table:?}");
    };
    let rules = access.rules.as_ref().expect("rules");
    assert_eq!(rules.order, Order::Denials);
    assert_eq!(
        rules.all_clients["deny publish"],
        Err("it has none".to_owned())
    );
    let Clients::Lines(clients) = &rules.clients else {
        panic!("{rules:?}");
    };
    assert_eq!(clients["allow all"], Err("it knows no clients".to_owned()));
}

#[test]
fn reads_lists_for_each_user() {
    use super::super::settings::{Clients, Escape, Row};
    let access = "
  access:
    escape: json
    between: ','
    each: { allow all: '{number} {rank} {filter}' }
    each_client: as_users
    subjects: { rule: '{rank}', user: '{user} {rules}' }
    config: '{value} {subjects} {others}'
";
    let users = "  users: { config: 'anonymous {anonymous}', files: { users: '{value}' } }";
    let file = set(&format!("{access}{users}")).expect("a sound file");
    let table = file.settings.expect("settings");
    let Some(Row::Template(template)) = table.rows.get("access") else {
        panic!("{table:?}");
    };
    assert_eq!(
        (template.escape, template.between.as_deref()),
        (Escape::Json, Some(","))
    );
    let rules = template.rules.as_ref().expect("rules");
    assert_eq!(rules.clients, Clients::AsUsers);
    assert!(rules.subjects.is_some());
    let closed = set(&format!(
        "{access}  users: 'password_file {{folder}}/users'"
    ));
    let closed = closed.expect_err("all others would be refused");
    assert!(
        closed.contains("needs both users and clients without a user name"),
        "{closed}"
    );
    let half = access.replace("rule: '{rank}', ", "");
    let half = set(&format!("{half}{users}")).expect_err("no `rule`");
    assert!(half.contains("`subjects` has no `rule`"), "{half}");
}

#[test]
fn reads_the_settings_for_an_exchange() {
    let entry = |broker: &str| {
        format!(
            "url: mqtt://127.0.0.1:1883\ndeviations:\n  - case: a@5\n    came: x\n    why: y\n    broker: {broker}\n    bytes: broker restarts\n"
        )
    };
    let file = parse(&entry("{ maximum_qos: 1 }")).expect("a sound file");
    let settings = file.deviations[0].broker.non_default();
    assert_eq!(settings.len(), 1, "{settings:?}");
    let wrong = parse(&entry("{ maximum_qoss: 1 }")).expect_err("no such setting");
    assert!(wrong.contains("maximum_qoss"), "{wrong}");
}

#[test]
fn reads_how_a_client_is_kicked() {
    let kick = "control: { kick: { command: [ctl, '{client}'], by: user } }\n";
    let file = set(&format!(
        "  users: 'anonymous {{anonymous}}'\n  access: {{ each: {{ allow all: x }}, each_client: as_users, config: y }}\n{kick}"
    ))
    .expect("a sound file");
    let known = file.kick.expect("a command");
    assert_eq!(known.command, ["ctl", "{client}"]);
    assert!(known.by_user && file.settings.expect("settings").kicks_users);
    let nameless = set(&format!("  retain_available: x\n{kick}")).expect_err("no such users");
    assert!(
        nameless.contains("cannot be kicked by user name"),
        "{nameless}"
    );
    let whom = kick.replace(", '{client}'", "").replace(", by: user", "");
    let whom = set(&format!("  retain_available: x\n{whom}")).expect_err("nobody is named");
    assert!(whom.contains("does not name the client"), "{whom}");
    let running = format!("url: mqtt://127.0.0.1:1883\n{kick}");
    let running = parse(&running).expect_err("no start");
    assert!(
        running.contains("can control only a broker that it starts"),
        "{running}"
    );
    let unknown = kick.replace("by: user", "reasons: [bored]");
    let unknown = set(&format!("  retain_available: x\n{unknown}")).expect_err("no such reason");
    assert!(unknown.contains("has no reason `bored`"), "{unknown}");
}

#[test]
fn reports_errors_in_settings() {
    let wrong = set("
  retain_avail: 'retain {value}'
  maximum_qos: { config: { listen: 'qos {value}' } }
  durable: { files: { ../passwd: x }, config: store }
  users: { each: '{nam}', config: x }
  queue_qos0: {}
  access: { config: x, order: last }
  maximum_packet_size: { least: few, config: x }
")
    .expect_err("nothing sound");
    assert_snapshot!("bad_settings", wrong);
    let without = "url: mqtt://127.0.0.1:1883\nsettings: { durable: store }\ninstances: 2\n";
    assert_snapshot!(
        "settings_without_start",
        parse(without).expect_err("no start")
    );
}
