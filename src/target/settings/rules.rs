//! Translates access lists, rule by rule.

use std::collections::BTreeMap;

use mqtt_check_vocabulary::{AccessAction, AccessRule, Secret, User};

use super::{Escape, VALUE, Words};

/// The placeholders for the Topic Filter, the user name and the Client Identifier of a rule.
pub(in crate::target) const FILTER: &str = "{filter}";
pub(in crate::target) const USER: &str = "{user}";
pub(in crate::target) const CLIENT: &str = "{client}";
/// The placeholders for the number of a line, from 1, and for its number from the end: the last line has rank 1.
pub(in crate::target) const NUMBER: &str = "{number}";
pub(in crate::target) const RANK: &str = "{rank}";
/// The placeholders for the references to the lines about one user, for the lines about clients without a user name,
/// and for the texts of all users.
pub(in crate::target) const REFERENCES: &str = "{rules}";
pub(in crate::target) const OTHERS: &str = "{others}";
pub(in crate::target) const SUBJECTS: &str = "{subjects}";

/// Which of several rules about the same topic decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The first one, as in a scenario.
    #[default]
    First,
    /// One that denies, wherever it is.
    Denials,
}

/// A line for each kind of rule, such as `allow publish`, or the reason why the broker has no such rule.
pub type Lines = BTreeMap<&'static str, Result<String, String>>;

/// How to write the rules of an access list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    pub order: Order,
    /// Rules about all clients.
    pub all_clients: Lines,
    /// Rules about one user. If empty and there are `subjects`, the lines of `all_clients` are used.
    pub user: Lines,
    /// Rules about one client.
    pub clients: Clients,
    /// The form for a broker that has a list for each user.
    pub subjects: Option<Subjects>,
}

/// How to write rules about one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clients {
    Lines(Lines),
    /// As rules about users of the same name. The clients then connect as these users.
    AsUsers,
}

impl Default for Clients {
    fn default() -> Self {
        Self::Lines(Lines::new())
    }
}

/// Lists of the lines about one user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subjects {
    /// A text that comes before those of the users, in the same form.
    pub always: Option<String>,
    /// The reference to one line.
    pub rule: String,
    /// The text of one user.
    pub user: String,
}

/// One line, and the user that it is about, if any.
struct Line<'l> {
    text: String,
    user: Option<&'l str>,
}

/// The kinds of rules, as tables name them.
pub(in crate::target) const RULE_KINDS: [&str; 6] = [
    "allow all",
    "allow publish",
    "allow subscribe",
    "deny all",
    "deny publish",
    "deny subscribe",
];

fn kind_of(rule: &AccessRule) -> &'static str {
    match (rule.allow, rule.action) {
        (true, AccessAction::All) => RULE_KINDS[0],
        (true, AccessAction::Publish) => RULE_KINDS[1],
        (true, AccessAction::Subscribe) => RULE_KINDS[2],
        (false, AccessAction::All) => RULE_KINDS[3],
        (false, AccessAction::Publish) => RULE_KINDS[4],
        (false, AccessAction::Subscribe) => RULE_KINDS[5],
    }
}

impl Rules {
    /// Returns the list in the broker's form, for these users, or why the broker cannot have this list.
    pub(super) fn words(
        &self,
        rules: &[AccessRule],
        users: &[&str],
        between: &str,
        escape: Escape,
    ) -> Result<Words, String> {
        if self.order == Order::Denials {
            let allowed_before = |(n, denial): (usize, &AccessRule)| {
                let before = rules[..n].iter().filter(|rule| rule.allow);
                !denial.allow && before.into_iter().any(|rule| may_meet(rule, denial))
            };
            if rules.iter().enumerate().any(allowed_before) {
                return Err(
                    "a rule that denies takes precedence over one that allows, in any order"
                        .to_owned(),
                );
            }
        }
        let mut lines = Vec::new();
        for rule in rules {
            self.add(rule, users, escape, &mut lines)?;
        }
        let count = lines.len();
        let numbered = |n: usize, text: &str| {
            let text = text.replace(NUMBER, &(n + 1).to_string());
            text.replace(RANK, &(count - n).to_string())
        };
        let all: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| numbered(n, &line.text))
            .collect();
        let mut words = vec![(VALUE, all.join(between))];
        if let Some(subjects) = &self.subjects {
            let about = |name: Option<&str>| {
                let lines = lines.iter().enumerate();
                let about = lines.filter(|(_, line)| line.user.is_none() || line.user == name);
                let references: Vec<String> =
                    about.map(|(n, _)| numbered(n, &subjects.rule)).collect();
                references.join(between)
            };
            let one = |name: &&str| {
                let text = subjects.user.replace(REFERENCES, &about(Some(*name)));
                Ok(text.replace(USER, &escape.written(name)?))
            };
            let always = subjects.always.iter().cloned().map(Ok);
            let each = always.chain(users.iter().map(one));
            let each: Result<Vec<String>, String> = each.collect();
            words.push((SUBJECTS, each?.join(between)));
            words.push((OTHERS, about(None)));
        }
        Ok(words)
    }

    fn add<'l>(
        &self,
        rule: &'l AccessRule,
        users: &[&'l str],
        escape: Escape,
        out: &mut Vec<Line<'l>>,
    ) -> Result<(), String> {
        let is_per_user = self.subjects.is_some();
        let of_users = match is_per_user && self.user.is_empty() {
            true => &self.all_clients,
            false => &self.user,
        };
        let none = Lines::new();
        let of_clients = match &self.clients {
            Clients::Lines(lines) => lines,
            Clients::AsUsers => &none,
        };
        let (about, whose, word, names) = match (&rule.users[..], &rule.clients[..]) {
            ([], []) => ("rules about all clients", &self.all_clients, "", &[][..]),
            (users, []) => ("rules about a user", of_users, USER, users),
            ([], clients) => ("rules about a client", of_clients, CLIENT, clients),
            _ => return Err("it has no rules about both a user and a client".to_owned()),
        };
        if is_per_user && word == USER && names.iter().any(|name| !users.contains(&&**name)) {
            return Err("a rule of the case names a user that no setting defines".to_owned());
        }
        let kind = kind_of(rule);
        let template = match whose.get(kind) {
            Some(line) => line.clone()?,
            None => {
                return Err(format!(
                    "the target file has no line for `{kind}` in {about}"
                ));
            }
        };
        for filter in &rule.filters {
            // With `%u`, the filter differs for each user.
            let names: Vec<Option<&str>> = match names {
                [] if is_per_user && filter.contains("%u") => {
                    users.iter().map(|name| Some(*name)).collect()
                }
                [] => vec![None],
                names => names.iter().map(|name| Some(name.as_str())).collect(),
            };
            for name in names {
                let of_user = name.filter(|_| word != CLIENT);
                let Some(filter) = self.filter(filter, of_user, rule.allow)? else {
                    continue;
                };
                let mut text = template.replace(FILTER, &escape.written(&filter)?);
                if let Some(name) = name.filter(|_| !word.is_empty()) {
                    text = text.replace(word, &escape.written(name)?);
                }
                out.push(Line {
                    text,
                    user: of_user,
                });
            }
        }
        Ok(())
    }

    /// Fills the user's name into a filter. A name with `/`, `+` or `#` would change the meaning of the filter. For
    /// such a name, a rule that allows is left out, and a rule that denies covers everything from that level on.
    fn filter(
        &self,
        filter: &str,
        user: Option<&str>,
        allow: bool,
    ) -> Result<Option<String>, String> {
        if self.subjects.is_some() && filter.replace("%%", "").contains("%c") {
            return Err("its rules cannot contain the Client Identifier".to_owned());
        }
        let mut levels = Vec::new();
        for level in filter.split('/') {
            let level = match user {
                Some(user) if level.replace("%%", "").contains("%u") => {
                    if user.contains(['/', '+', '#']) {
                        levels.push("#".to_owned());
                        return Ok((!allow).then(|| levels.join("/")));
                    }
                    level.replace("%u", user)
                }
                _ => level.to_owned(),
            };
            levels.push(level.replace("%%", "%"));
        }
        Ok(Some(levels.join("/")))
    }
}

/// Turns rules about clients into rules about users of the same name, and returns these users.
pub(super) fn clients_as_users(rules: &mut [AccessRule]) -> Result<Vec<User>, String> {
    let mut out: Vec<User> = Vec::new();
    for rule in rules {
        if rule.clients.is_empty() {
            continue;
        }
        if !rule.users.is_empty() {
            return Err("it has no rules about both a user and a client".to_owned());
        }
        rule.users.append(&mut rule.clients);
        let own = |filter: &String| filter.replace("%c", "%u");
        rule.filters = rule.filters.iter().map(own).collect();
        for name in &rule.users {
            if out.iter().all(|user| user.name != *name) {
                out.push(User {
                    name: name.clone(),
                    password: Secret::new(format!("the password of {name}")),
                });
            }
        }
    }
    Ok(out)
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

/// Whether two Topic Filters may match the same topic. A placeholder may become anything.
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
