//! Access lists, rule by rule.

use std::collections::BTreeMap;

use mqtt_check_vocabulary::{AccessAction, AccessRule};

use super::one_line;

/// What stands for the Topic Filter, the user name and the Client Identifier of one rule.
pub(in crate::target) const FILTER: &str = "{filter}";
pub(in crate::target) const USER: &str = "{user}";
pub(in crate::target) const CLIENT: &str = "{client}";

/// What decides between rules that are about the same topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The first of them, as in a scenario.
    #[default]
    First,
    /// One that denies, wherever it stands.
    Denials,
}

/// What one rule becomes: a line by what it does, as `allow publish`, or the reason why the broker has no such rule.
pub type Lines = BTreeMap<&'static str, Result<String, String>>;

/// What the rules of an access list become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    pub order: Order,
    /// Rules about everybody.
    pub everybody: Lines,
    /// Rules about one user.
    pub user: Lines,
    /// Rules about one client.
    pub client: Lines,
}

/// What rules do, as tables name it.
pub(in crate::target) const DOINGS: [&str; 6] = [
    "allow all",
    "allow publish",
    "allow subscribe",
    "deny all",
    "deny publish",
    "deny subscribe",
];

fn doing(rule: &AccessRule) -> &'static str {
    match (rule.allow, rule.action) {
        (true, AccessAction::All) => DOINGS[0],
        (true, AccessAction::Publish) => DOINGS[1],
        (true, AccessAction::Subscribe) => DOINGS[2],
        (false, AccessAction::All) => DOINGS[3],
        (false, AccessAction::Publish) => DOINGS[4],
        (false, AccessAction::Subscribe) => DOINGS[5],
    }
}

impl Rules {
    /// The list as the broker reads it, or why it has none like it.
    pub(super) fn lines(&self, rules: &[AccessRule]) -> Result<String, String> {
        if self.order == Order::Denials {
            let allowed_before = |(n, denial): (usize, &AccessRule)| {
                let before = rules[..n].iter().filter(|rule| rule.allow);
                !denial.allow && before.into_iter().any(|rule| may_meet(rule, denial))
            };
            if rules.iter().enumerate().any(allowed_before) {
                return Err(
                    "a rule that denies decides before one that allows, wherever it stands"
                        .to_owned(),
                );
            }
        }
        let mut out = Vec::new();
        for rule in rules {
            self.add(rule, &mut out)?;
        }
        Ok(out.join("\n"))
    }

    fn add(&self, rule: &AccessRule, out: &mut Vec<String>) -> Result<(), String> {
        let (about, whose, word, names) = match (&rule.users[..], &rule.clients[..]) {
            ([], []) => ("rules about everybody", &self.everybody, "", &[][..]),
            (users, []) => ("rules about a user", &self.user, USER, users),
            ([], clients) => ("rules about a client", &self.client, CLIENT, clients),
            _ => return Err("it has no rules about both a user and a client".to_owned()),
        };
        let doing = doing(rule);
        let template = match whose.get(doing) {
            Some(line) => line.clone()?,
            None => {
                return Err(format!(
                    "the target file has no line for `{doing}` in {about}"
                ));
            }
        };
        let somebody = [String::new()];
        let names = if names.is_empty() {
            &somebody[..]
        } else {
            names
        };
        for name in names {
            for filter in &rule.filters {
                let mut filter = one_line(filter)?.to_owned();
                if word == USER {
                    filter = filter.replace("%u", name);
                }
                let filled = if word.is_empty() {
                    template.clone()
                } else {
                    template.replace(word, one_line(name)?)
                };
                out.push(filled.replace(FILTER, &filter.replace("%%", "%")));
            }
        }
        Ok(())
    }
}

/// Whether both rules can be about the same thing.
fn may_meet(a: &AccessRule, b: &AccessRule) -> bool {
    let actions = a.action == b.action || [a.action, b.action].contains(&AccessAction::All);
    let share = |a: &[String], b: &[String]| {
        a.is_empty() || b.is_empty() || a.iter().any(|name| b.contains(name))
    };
    let filters = || {
        let mut pairs = a
            .filters
            .iter()
            .flat_map(|a| b.filters.iter().map(move |b| (a, b)));
        pairs.any(|(a, b)| may_overlap(a, b))
    };
    actions && share(&a.users, &b.users) && share(&a.clients, &b.clients) && filters()
}

/// Whether two Topic Filters may match one topic. What is filled in later may be anything.
fn may_overlap(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) | (Some("#"), _) | (_, Some("#")) => return true,
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(a), Some(b)) => {
                let is_open = |level: &str| level == "+" || level.contains('%');
                if a != b && !is_open(a) && !is_open(b) {
                    return false;
                }
            }
        }
    }
}
