//! `settings` in a target file: how each setting of a scenario is passed to the broker.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_check_vocabulary::{Kind, SETTINGS, Setting};

use super::reading::{Map, Reading};
use super::{CONFIG, FOLDER, LONGEST, Start, address};
use crate::scenario::node::{Entry, Node, transpose};
use crate::target::settings::{
    ANONYMOUS, CLIENT, Clients, Escape, FILTER, Filling, Lines, NAME, NUMBER, OTHERS, Order,
    PASSWORD, RANK, REFERENCES, RULE_KINDS, Row, Rules, SUBJECTS, SettingTemplate, Subjects, Table,
    USER, USERS, VALUE,
};

/// The placeholder in a command for the arguments that settings add.
pub(in crate::target) const ARGUMENTS: &str = "{arguments}";
/// The beginning of the placeholder for lines that settings add to the configuration.
const PLACE: &str = "{settings";

/// The placeholder with this name in a configuration. The empty name is the one that most settings use.
pub(in crate::target) fn place_word(name: &str) -> String {
    match name {
        "" => format!("{PLACE}}}"),
        name => format!("{PLACE}.{name}}}"),
    }
}

/// The names of the placeholders in a configuration.
pub(in crate::target) fn places(config: &str) -> BTreeSet<&str> {
    let begins = config.match_indices(PLACE);
    let names = begins.filter_map(|(at, _)| {
        let rest = &config[at + PLACE.len()..];
        let name = &rest[..rest.find('}')?];
        match name.strip_prefix('.') {
            Some(name) if is_name(name) => Some(name),
            None if name.is_empty() => Some(name),
            _ => None,
        }
    });
    names.collect()
}

fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(is_plain)
}

/// Reads the table, and checks that a placeholder exists for everything that it fills in.
pub(super) fn table(reading: &Reading, node: &Node, programs: &[Start]) -> Option<Table> {
    let mut map = Map::of(reading, node, "`settings`")?;
    let mut rows = BTreeMap::new();
    let mut is_sound = true;
    for setting in SETTINGS {
        let Some(node) = map.take(setting.name) else {
            continue;
        };
        match row(reading, node, setting) {
            Some(row) => {
                is_sound &= has_places(reading, node, &row, programs);
                rows.insert(setting.name, row);
            }
            None => is_sound = false,
        }
    }
    map.finish();
    let table = Table {
        rows,
        kicks_users: false,
    };
    is_sound &= has_place_for_clients(reading, node, &table);
    is_sound.then_some(table)
}

/// Checks that users that stand for clients can be defined while other clients remain accepted.
fn has_place_for_clients(reading: &Reading, node: &Node, table: &Table) -> bool {
    let lets_in = |row: &Row| match row {
        Row::Template(template) => template.templates.mentions(ANONYMOUS),
        Row::Unsupported(_) => false,
    };
    if table.has_clients_as_users() && !table.rows.get(USERS).is_some_and(lets_in) {
        let title = "`each_client: as_users` needs both users and clients without a user name";
        let hint = format!(
            "write in the row `{USERS}` whether clients without a user name are accepted: `{ANONYMOUS}`"
        );
        return reading.fail::<()>(node.place, title, &hint).is_some();
    }
    true
}

fn has_places(reading: &Reading, node: &Node, row: &Row, programs: &[Start]) -> bool {
    let Row::Template(template) = row else {
        return true;
    };
    let configs = programs.iter().flat_map(|start| &start.config);
    let known: BTreeSet<&str> = configs.flat_map(|config| places(config)).collect();
    if let Some(name) = template
        .templates
        .config
        .keys()
        .find(|name| !known.contains(name.as_str()))
    {
        let word = place_word(name);
        let title = format!("no `config` has a place for these lines, `{word}`");
        let hint = format!("write `{word}` on a line of the `config` of `start`");
        return reading.fail::<()>(node.place, &title, &hint).is_some();
    }
    let mut words = programs.iter().flat_map(|start| &start.command);
    if !template.templates.arguments.is_empty() && !words.any(|word| word == ARGUMENTS) {
        let title = "no `command` has a place for these arguments";
        let hint = format!("write `'{ARGUMENTS}'` as a word of the `command` of `start`");
        return reading.fail::<()>(node.place, title, &hint).is_some();
    }
    true
}

fn row(reading: &Reading, node: &Node, setting: &Setting) -> Option<Row> {
    if node.entries().is_none() {
        let lines = template(reading, node, setting)?;
        return Some(Row::Template(Box::new(SettingTemplate {
            templates: Filling {
                config: BTreeMap::from([(String::new(), lines)]),
                ..Filling::default()
            },
            ..SettingTemplate::default()
        })));
    }
    let mut map = Map::of(reading, node, "a setting")?;
    if let Some(reason) = map.text("unsupported") {
        map.finish();
        return Some(Row::Unsupported(reason));
    }
    let text = |node: &Node| template(reading, node, setting);
    let config = map.take("config").map(|node| match node.entries() {
        None => text(node).map(|lines| BTreeMap::from([(String::new(), lines)])),
        Some(entries) => {
            named(reading, entries, "a place", is_name, text).map(|all| all.into_iter().collect())
        }
    });
    let arguments = map.take("arguments").map(|node| list(reading, node, text));
    let pairs = |node: &Node, what, is_right: fn(&str) -> bool| match node.entries() {
        Some(entries) => named(reading, entries, what, is_right, text),
        None => reading.fail(
            node.place,
            &format!("expected {what} with a value each"),
            "NAME: TEXT",
        ),
    };
    let environment = map
        .take("environment")
        .map(|node| pairs(node, "the name of a variable", is_variable));
    let files = map
        .take("files")
        .map(|node| pairs(node, "the name of a file", is_file));
    let commands = |node: &Node| {
        let several = node.items().and_then(|items| items.first()?.items());
        match several {
            Some(_) => list(reading, node, |item| list(reading, item, text)),
            None => list(reading, node, text).map(|one| vec![one]),
        }
    };
    let before = map.take("before").map(commands);
    let after = map.take("after").map(commands);
    let (least, most) = (map.number("least"), map.number("most"));
    let unit = map.duration("unit", LONGEST * 6);
    let values = map
        .take("values")
        .map(|node| pairs(node, "a value", |_| true));
    let between = map.text("between");
    let escape = map.take("escape").map(|node| match node.text() {
        Some("json") => Some(Escape::Json),
        _ => reading.fail(node.place, "no such way to write names", "`json`"),
    });
    let each = map.take("each");
    let each = match setting.kind {
        Kind::Access => EachKind::Rules(rules(reading, &mut map, each, node)),
        _ => EachKind::Users(each.map(text)),
    };
    map.finish();
    let (each, rules) = match each {
        EachKind::Users(each) => (transpose(each)?, None),
        EachKind::Rules(rules) => (None, Some(rules?)),
    };
    let templates = Filling {
        config: transpose(config)?.unwrap_or_default(),
        arguments: transpose(arguments)?.unwrap_or_default(),
        environment: transpose(environment)?.unwrap_or_default(),
        files: transpose(files)?.unwrap_or_default(),
        before: transpose(before)?.unwrap_or_default(),
        after: transpose(after)?.unwrap_or_default(),
        ..Filling::default()
    };
    let values = transpose(values)?.unwrap_or_default().into_iter().collect();
    if templates == Filling::default() {
        let hint = "use `config`, `arguments`, `environment`, `files`, `before` or `after`; or `unsupported` with the reason";
        return reading.fail(node.place, "a setting that configures nothing", hint);
    }
    Some(Row::Template(Box::new(SettingTemplate {
        templates,
        least,
        most,
        unit,
        values,
        each,
        between,
        escape: transpose(escape)?.unwrap_or_default(),
        rules,
    })))
}

/// The content of `each`, which depends on the kind of setting.
enum EachKind {
    Users(Option<Option<String>>),
    Rules(Option<Rules>),
}

/// Reads the lines for access lists.
fn rules(reading: &Reading, map: &mut Map<'_>, each: Option<&Node>, whole: &Node) -> Option<Rules> {
    let order = match map.take("order") {
        None => Order::First,
        Some(node) => match node.text() {
            Some("first") => Order::First,
            Some("denials") => Order::Denials,
            _ => {
                let hint = "`first`: the first matching rule decides; `denials`: a rule that denies takes precedence";
                return reading.fail(node.place, "unknown order of rules", hint);
            }
        },
    };
    let of = |node: Option<&Node>, word| match node {
        Some(node) => lines(reading, node, word),
        None => Some(Lines::new()),
    };
    let all_clients = of(each, None);
    let user = of(map.take("each_user"), Some(USER));
    let clients = match map.take("each_client") {
        Some(node) if node.text() == Some("as_users") => Some(Clients::AsUsers),
        node => of(node, Some(CLIENT)).map(Clients::Lines),
    };
    let subjects = map
        .map("subjects", "`subjects`")
        .map(|map| subjects(reading, map));
    let (all_clients, user, clients) = (all_clients?, user?, clients?);
    if all_clients.is_empty() && user.is_empty() && clients == Clients::default() {
        let hint = "each: { allow all: LINE, allow publish: LINE, … }";
        return reading.fail(
            whole.place,
            "an access list without a line for any rule",
            hint,
        );
    }
    Some(Rules {
        order,
        all_clients,
        user,
        clients,
        subjects: transpose(subjects)?,
    })
}

fn subjects(reading: &Reading, mut map: Map<'_>) -> Option<Subjects> {
    let text = |node: Option<&Node>, words: &[&str]| known_words(reading, node?, words);
    let always = map.text("always");
    let rule = map.require("rule", "rule: how a user's list refers to a line");
    let user = map.require("user", "user: what is written of each user");
    map.finish();
    let rule = text(rule, &[NUMBER, RANK]);
    let user = text(user, &[USER, REFERENCES]);
    Some(Subjects {
        always,
        rule: rule?,
        user: user?,
    })
}

fn lines(reading: &Reading, node: &Node, whose: Option<&str>) -> Option<Lines> {
    let mut map = Map::of(reading, node, "the lines of rules")?;
    // One reason for all kinds of rules.
    if let Some(reason) = map.text("unsupported") {
        map.finish();
        return Some(RULE_KINDS.map(|kind| (kind, Err(reason.clone()))).into());
    }
    let mut out = Lines::new();
    for kind in RULE_KINDS {
        let Some(node) = map.take(kind) else {
            continue;
        };
        let line = match node.entries() {
            Some(_) => {
                let mut inner = Map::of(reading, node, "a rule")?;
                let reason = inner.require("unsupported", "REASON");
                let reason = reason.and_then(|node| reading.text(node));
                inner.finish();
                Err(reason?)
            }
            None => {
                let words: Vec<&str> = [FILTER, NUMBER, RANK].into_iter().chain(whose).collect();
                Ok(known_words(reading, node, &words)?)
            }
        };
        out.insert(kind, line);
    }
    map.finish();
    Some(out)
}

fn list<T>(reading: &Reading, node: &Node, read: impl Fn(&Node) -> Option<T>) -> Option<Vec<T>> {
    reading.one_or_more(node, |_, item| read(item))
}

fn named(
    reading: &Reading,
    entries: &[Entry],
    what: &str,
    is_right: fn(&str) -> bool,
    read: impl Fn(&Node) -> Option<String>,
) -> Option<Vec<(String, String)>> {
    let one = |entry: &Entry| {
        let name = &*entry.key.text;
        if !is_right(name) {
            let title = format!("`{name}` is not {what}");
            return reading.fail(entry.key.place, &title, "letters, digits and `_`");
        }
        Some((name.to_owned(), read(&entry.value)?))
    };
    let all: Vec<_> = entries.iter().map(one).collect();
    all.into_iter().collect()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    }
}

/// Whether this names a plain file in the folder that is not one of our own files.
fn is_file(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_ours = ["config", "log", "ended"].contains(&name);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain) && !is_ours
}

/// Reads a template with the placeholders of this setting.
fn template(reading: &Reading, node: &Node, setting: &Setting) -> Option<String> {
    let words: &[&str] = match setting.kind {
        Kind::Users | Kind::Authentication => &[VALUE, NAME, PASSWORD, ANONYMOUS],
        Kind::Access => &[VALUE, SUBJECTS, OTHERS],
        _ => &[VALUE],
    };
    known_words(reading, node, words)
}

/// Reads a text that may contain these placeholders, and those for ports, the configuration and the folder. Braces
/// around anything else belong to the broker.
fn known_words(reading: &Reading, node: &Node, words: &[&str]) -> Option<String> {
    let text = reading.text(node)?;
    let is_like_one = |inner: &str| {
        !inner.is_empty() && inner.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    for (at, _) in text.match_indices('{') {
        let Some(end) = text[at..].find('}') else {
            break;
        };
        let word = &text[at..=at + end];
        let is_known = words.contains(&word)
            || [CONFIG, FOLDER].contains(&word)
            || address::is_port_word(word);
        if !is_known && is_like_one(&word[1..word.len() - 1]) {
            let known: Vec<&str> = words.iter().chain(&[FOLDER]).copied().collect();
            let hint = format!("placeholders here are {} and ports", known.join(", "));
            return reading.fail(node.place, &format!("unknown placeholder `{word}`"), &hint);
        }
    }
    Some(text)
}
