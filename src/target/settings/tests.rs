use mqtt_check_vocabulary::{AccessAction, AccessRule, Secret, Settings, User};

use super::*;

fn table(name: &'static str, template: SettingTemplate) -> Table {
    Table {
        rows: BTreeMap::from([(name, Row::Template(Box::new(template)))]),
        ..Table::default()
    }
}

fn given(name: &str, value: Value) -> GivenSettings {
    let mut settings = Settings::default();
    assert!(settings.set(name, value), "{name}");
    settings.non_default()
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
        SettingTemplate {
            templates: Filling {
                config: BTreeMap::from([("listener".to_owned(), "max_qos {value}".to_owned())]),
                arguments: vec!["--qos={value}".to_owned()],
                environment: vec![("QOS".to_owned(), "{value}".to_owned())],
                files: vec![("qos".to_owned(), "{value}\n".to_owned())],
                before: vec![vec!["prepare".to_owned(), "{value}".to_owned()]],
                ..Filling::default()
            },
            ..SettingTemplate::default()
        },
    );
    let filling = table
        .fill(&given("maximum_qos", Value::Number(1)))
        .expect("a filling");
    assert_eq!(filling.config["listener"], "max_qos 1");
    assert_eq!(filling.arguments, ["--qos=1"]);
    assert_eq!(filling.environment[0].1, "1");
    assert_eq!(filling.files[0].1, "1\n");
    assert_eq!(filling.before, [["prepare", "1"]]);
}

#[test]
fn names_a_setting_that_the_broker_does_not_accept() {
    let span = Value::Span(Duration::from_secs(90 * 60));
    let cases = [
        (
            "maximum_packet_size",
            SettingTemplate {
                templates: lines("size {value}"),
                least: Some(20),
                ..SettingTemplate::default()
            },
            Value::Number(19),
            "19 is less than its minimum of 20",
        ),
        (
            "persistent_session_expiry",
            SettingTemplate {
                templates: lines("expire {value}h"),
                unit: Some(Duration::from_secs(3600)),
                ..SettingTemplate::default()
            },
            span,
            "it must be a multiple of 3600 s, not 5400 s",
        ),
        (
            "durable",
            SettingTemplate {
                templates: lines("store"),
                values: BTreeMap::from([("false".to_owned(), "no".to_owned())]),
                ..SettingTemplate::default()
            },
            Value::Flag(true),
            "it cannot be true, only false",
        ),
    ];
    for (name, template, value, why) in cases {
        let failed = table(name, template).fill(&given(name, value));
        let unsupported = Hindrance::Unsupported(why.to_owned());
        assert_eq!(failed, Err((name, unsupported)));
    }
    let untold = Table::default().fill(&given("maximum_qos", Value::Number(1)));
    assert_eq!(untold, Err(("maximum_qos", Hindrance::NotInTable)));
}

#[test]
fn two_settings_that_are_one_cannot_differ() {
    let template = SettingTemplate {
        templates: lines("max_inflight {value}"),
        ..SettingTemplate::default()
    };
    let row = || Row::Template(Box::new(template.clone()));
    let table = Table {
        rows: BTreeMap::from([("receive_maximum", row()), ("maximum_inflight", row())]),
        ..Table::default()
    };
    let both = |receive, inflight| {
        let mut settings = Settings::default();
        settings.set("receive_maximum", Value::Number(receive));
        settings.set("maximum_inflight", Value::Number(inflight));
        table.fill(&settings.non_default())
    };
    assert!(both(2, 2).is_ok());
    assert!(both(2, 3).is_err());
}

#[test]
fn each_user_has_a_line() {
    let table = table(
        "users",
        SettingTemplate {
            each: Some("{name}:{password}".to_owned()),
            templates: Filling {
                files: vec![("users".to_owned(), "{value}".to_owned())],
                ..Filling::default()
            },
            ..SettingTemplate::default()
        },
    );
    let user = |name: &str, password: &str| User {
        name: name.to_owned(),
        password: Secret::new(password.to_owned()),
    };
    let two = vec![user("alice", "secret"), user("bob", "word")];
    let filling = table.fill(&given("users", Value::Users(two)));
    assert_eq!(
        filling.expect("a filling").files[0].1,
        "alice:secret\nbob:word"
    );
    // A line break would add a user.
    let sly = vec![user("alice", "secret\nmallory:secret")];
    assert!(table.fill(&given("users", Value::Users(sly))).is_err());
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
        all_clients: Lines::from([
            ("allow all", Ok("all {filter}".to_owned())),
            ("deny all", Ok("never {filter}".to_owned())),
            ("deny publish", Err("no such rule".to_owned())),
        ]),
        user: Lines::from([("allow publish", Ok("{user} writes {filter}".to_owned()))]),
        ..Rules::default()
    };
    let lines = |list: &[AccessRule]| {
        let words = rules.words(list, &[], "\n", Escape::Plain);
        words.map(|words| words[0].1.clone())
    };
    let deny = rule(false, AccessAction::All, "", "a/%c/100%%");
    let write = rule(true, AccessAction::Publish, "alice bob", "home/%u/#");
    let allow = rule(true, AccessAction::All, "", "#");
    let three = lines(&[deny.clone(), write, allow.clone()]);
    let expected = "never a/%c/100%\nalice writes home/alice/#\nbob writes home/bob/#\nall #";
    assert_eq!(three.as_deref(), Ok(expected));
    // The broker would deny this, and the scenario allows it.
    assert!(lines(&[allow.clone(), deny.clone()]).is_err());
    let apart = rule(true, AccessAction::All, "", "b/#");
    assert!(lines(&[apart, deny]).is_ok());
    let no_such = lines(&[rule(false, AccessAction::Publish, "", "x"), allow]);
    assert_eq!(no_such, Err("no such rule".to_owned()));
}

/// Rows for a broker with a list for each user.
fn per_user() -> Table {
    let templates = |name: &str, text: &str| Filling {
        files: vec![(name.to_owned(), text.to_owned())],
        ..Filling::default()
    };
    let users = SettingTemplate {
        templates: templates("users", "{anonymous} {value}"),
        between: Some(" ".to_owned()),
        ..SettingTemplate::default()
    };
    let access = SettingTemplate {
        templates: templates("access", "{value} | {subjects} | {others}"),
        between: Some(" ".to_owned()),
        escape: Escape::Json,
        rules: Some(Rules {
            all_clients: Lines::from([
                ("allow all", Ok("{number}+{filter}".to_owned())),
                ("deny all", Ok("{number}-{filter}".to_owned())),
            ]),
            clients: Clients::AsUsers,
            subjects: Some(Subjects {
                rule: "{number}/{rank}".to_owned(),
                user: "{user}=[{rules}]".to_owned(),
                always: None,
            }),
            ..Rules::default()
        }),
        ..SettingTemplate::default()
    };
    let row = |template| Row::Template(Box::new(template));
    Table {
        rows: BTreeMap::from([("users", row(users)), ("access", row(access))]),
        kicks_users: true,
    }
}

fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        password: Secret::new("secret"),
    }
}

/// What the rows make of these rules and users: the file of users, if there is one, and the file of lists.
fn filled(rules: Vec<AccessRule>, users: Vec<User>) -> Result<(Option<String>, String), String> {
    let mut settings = Settings::default();
    settings.set("access", Value::Access(rules));
    if !users.is_empty() {
        settings.set("users", Value::Users(users));
    }
    let filling = per_user().fill(&settings.non_default());
    let filling = filling.map_err(|(name, hindrance)| format!("{name}: {hindrance:?}"))?;
    let of = |name: &str| {
        let mut files = filling.files.iter();
        files.find_map(|(of, text)| (of == name).then(|| text.clone()))
    };
    Ok((of("users"), of("access").expect("a list")))
}

#[test]
fn each_user_refers_to_the_lines_about_it_in_their_order() {
    let rules = vec![
        rule(false, AccessAction::All, "alice", r#"a "b""#),
        rule(true, AccessAction::All, "", "home/%u/#"),
        rule(true, AccessAction::All, "", "#"),
    ];
    let (users, lists) = filled(rules, vec![user("alice"), user("x/y")]).expect("a filling");
    assert_eq!(
        users.as_deref(),
        Some("false alice:secret x/y:secret"),
        "nobody else is let in"
    );
    // A name with another level would match another topic, so a rule that allows is left out for this user.
    let expected = r#"1-a \"b\" 2+home/alice/# 3+# | alice=[1/3 2/2 3/1] x/y=[3/1] | 3/1"#;
    assert_eq!(lists, expected);
    let denied = vec![rule(false, AccessAction::All, "", "home/%u/x")];
    let (_, lists) = filled(denied, vec![user("x/y")]).expect("a filling");
    assert_eq!(lists, "1-home/# | x/y=[1/1] | ");
}

#[test]
fn clients_stand_as_users_where_lists_know_no_others() {
    let of_client = AccessRule {
        clients: vec!["reader".to_owned()],
        ..rule(false, AccessAction::All, "", "%c/secret")
    };
    let all = rule(true, AccessAction::All, "", "#");
    let (users, lists) =
        filled(vec![of_client.clone(), all.clone()], Vec::new()).expect("a filling");
    assert_eq!(
        users.as_deref(),
        Some("true reader:the password of reader"),
        "clients without a name are let in beside it"
    );
    assert_eq!(lists, "1-reader/secret 2+# | reader=[1/2 2/1] | 2/1");
    let without = filled(vec![all.clone()], Vec::new()).expect("a filling");
    assert_eq!(without, (None, "1+# |  | 1/1".to_owned()));
    let hindered = |rules: Vec<AccessRule>, users: Vec<User>| {
        filled(rules, users).expect_err("it has no list like that")
    };
    let both = hindered(vec![of_client, all], vec![user("alice")]);
    assert!(both.contains("by user name"), "{both}");
    let stranger = hindered(
        vec![rule(true, AccessAction::All, "bob", "#")],
        vec![user("alice")],
    );
    assert!(stranger.contains("no setting defines"), "{stranger}");
    let unfilled = hindered(vec![rule(true, AccessAction::All, "", "%c/#")], Vec::new());
    assert!(unfilled.contains("cannot contain the Client"), "{unfilled}");
}

#[test]
fn users_that_it_knows_anyway_are_left_out() {
    let given = |names: &[&str]| {
        let mut settings = Settings::default();
        let users = names.iter().copied().map(user).collect();
        settings.set("users", Value::Users(users));
        settings.set("maximum_qos", Value::Number(1));
        settings.non_default()
    };
    let known = [user("alice"), user("bob")];
    let names = |given: GivenSettings| {
        let names: Vec<_> = given.iter().map(|(setting, _)| setting.name).collect();
        names
    };
    let without = Table::default();
    assert_eq!(
        names(without.needed(given(&["bob"]), &known, &[])),
        ["maximum_qos"]
    );
    let both = ["maximum_qos", "users"];
    assert_eq!(
        names(without.needed(given(&["bob", "carol"]), &known, &[])),
        both
    );
    assert_eq!(names(per_user().needed(given(&["bob"]), &known, &[])), both);
}

#[test]
fn a_client_kicked_by_user_name_gets_a_user_name() {
    let asked = |rules: Option<Vec<AccessRule>>| {
        let mut settings = Settings::default();
        if let Some(rules) = rules {
            settings.set("access", Value::Access(rules));
        }
        let table = per_user();
        let needed = table.needed(settings.non_default(), &[], &["guest".to_owned()]);
        let filling = table.fill(&needed).expect("a filling");
        assert_eq!(filling.clients.len(), 1, "{filling:?}");
        let access = filling.files.iter().find(|(name, _)| name == "access");
        access.expect("a list").1.clone()
    };
    assert_eq!(asked(None), "1+# 2+# | guest=[1/2 2/1] | 2/1");
    let denied = vec![rule(false, AccessAction::All, "", "x")];
    assert_eq!(asked(Some(denied)), "1-x | guest=[1/1] | 1/1");
}
