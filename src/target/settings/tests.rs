use mqtt_check_vocabulary::{AccessAction, AccessRule, Secret, Settings, User};

use super::*;

fn table(name: &'static str, saying: Saying) -> Table {
    Table {
        rows: BTreeMap::from([(name, Row::Said(Box::new(saying)))]),
    }
}

fn told(name: &str, value: Value) -> Told {
    let mut settings = Settings::default();
    assert!(settings.set(name, value), "{name}");
    settings.told()
}

fn lines(text: &str) -> Filling {
    Filling {
        config: BTreeMap::from([(String::new(), text.to_owned())]),
        ..Filling::default()
    }
}

#[test]
fn a_value_goes_where_its_template_is() {
    let table = table(
        "maximum_qos",
        Saying {
            templates: Filling {
                config: BTreeMap::from([("listener".to_owned(), "max_qos {value}".to_owned())]),
                arguments: vec!["--qos={value}".to_owned()],
                environment: vec![("QOS".to_owned(), "{value}".to_owned())],
                files: vec![("qos".to_owned(), "{value}\n".to_owned())],
                before: vec![vec!["prepare".to_owned(), "{value}".to_owned()]],
                ..Filling::default()
            },
            ..Saying::default()
        },
    );
    let filling = table
        .fill(&told("maximum_qos", Value::Number(1)))
        .expect("a filling");
    assert_eq!(filling.config["listener"], "max_qos 1");
    assert_eq!(filling.arguments, ["--qos=1"]);
    assert_eq!(filling.environment[0].1, "1");
    assert_eq!(filling.files[0].1, "1\n");
    assert_eq!(filling.before, [["prepare", "1"]]);
}

#[test]
fn what_the_broker_does_not_take_is_named() {
    let span = Value::Span(Duration::from_secs(90 * 60));
    let cases = [
        (
            "maximum_packet_size",
            Saying {
                templates: lines("size {value}"),
                least: Some(20),
                ..Saying::default()
            },
            Value::Number(19),
            "it is 20 at least, not 19",
        ),
        (
            "persistent_session_expiry",
            Saying {
                templates: lines("expire {value}h"),
                unit: Some(Duration::from_secs(3600)),
                ..Saying::default()
            },
            span,
            "it is a multiple of 3600 s, not 5400 s",
        ),
        (
            "durable",
            Saying {
                templates: lines("store"),
                values: BTreeMap::from([("false".to_owned(), "no".to_owned())]),
                ..Saying::default()
            },
            Value::Flag(true),
            "it cannot be true, only false",
        ),
    ];
    for (name, saying, value, why) in cases {
        let failed = table(name, saying).fill(&told(name, value));
        let unsupported = Hindrance::Unsupported(why.to_owned());
        assert_eq!(failed, Err((name, unsupported)));
    }
    let untold = Table::default().fill(&told("maximum_qos", Value::Number(1)));
    assert_eq!(untold, Err(("maximum_qos", Hindrance::Untold)));
}

#[test]
fn two_settings_that_are_one_cannot_differ() {
    let saying = Saying {
        templates: lines("max_inflight {value}"),
        ..Saying::default()
    };
    let row = || Row::Said(Box::new(saying.clone()));
    let table = Table {
        rows: BTreeMap::from([("receive_maximum", row()), ("maximum_inflight", row())]),
    };
    let both = |receive, inflight| {
        let mut settings = Settings::default();
        settings.set("receive_maximum", Value::Number(receive));
        settings.set("maximum_inflight", Value::Number(inflight));
        table.fill(&settings.told())
    };
    assert!(both(2, 2).is_ok());
    assert!(both(2, 3).is_err());
}

#[test]
fn each_user_has_a_line() {
    let table = table(
        "users",
        Saying {
            each: Some("{name}:{password}".to_owned()),
            templates: Filling {
                files: vec![("users".to_owned(), "{value}".to_owned())],
                ..Filling::default()
            },
            ..Saying::default()
        },
    );
    let user = |name: &str, password: &str| User {
        name: name.to_owned(),
        password: Secret::new(password.to_owned()),
    };
    let two = vec![user("alice", "secret"), user("bob", "word")];
    let filling = table.fill(&told("users", Value::Users(two)));
    assert_eq!(
        filling.expect("a filling").files[0].1,
        "alice:secret\nbob:word"
    );
    // A line more would be a user more.
    let sly = vec![user("alice", "secret\nmallory:secret")];
    assert!(table.fill(&told("users", Value::Users(sly))).is_err());
}

fn rule(allow: bool, action: AccessAction, user: &str, filter: &str) -> AccessRule {
    AccessRule {
        allow,
        action,
        users: user.split_whitespace().map(str::to_owned).collect(),
        clients: Vec::new(),
        filters: vec![filter.to_owned()],
    }
}

#[test]
fn rules_become_lines_in_their_order() {
    let rules = Rules {
        order: Order::Denials,
        everybody: Lines::from([
            ("allow all", Ok("all {filter}".to_owned())),
            ("deny all", Ok("never {filter}".to_owned())),
            ("deny publish", Err("no such rule".to_owned())),
        ]),
        user: Lines::from([("allow publish", Ok("{user} writes {filter}".to_owned()))]),
        client: Lines::new(),
    };
    let deny = rule(false, AccessAction::All, "", "a/%c/100%%");
    let write = rule(true, AccessAction::Publish, "alice bob", "home/%u/#");
    let allow = rule(true, AccessAction::All, "", "#");
    let lines = rules.lines(&[deny.clone(), write, allow.clone()]);
    let expected = "never a/%c/100%\nalice writes home/alice/#\nbob writes home/bob/#\nall #";
    assert_eq!(lines.as_deref(), Ok(expected));
    // It would be denied there, and is allowed here.
    assert!(rules.lines(&[allow.clone(), deny.clone()]).is_err());
    let apart = rule(true, AccessAction::All, "", "b/#");
    assert!(rules.lines(&[apart, deny]).is_ok());
    let no_such = rules.lines(&[rule(false, AccessAction::Publish, "", "x"), allow]);
    assert_eq!(no_such, Err("no such rule".to_owned()));
}
