//! Translates the settings of a scenario for a broker that we start. A [`Table`] has a row for each setting, and
//! [`Table::fill`] produces the files and commands of one instance. Nothing is started here.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_vocabulary::{AccessRule, Setting, User, Value};

use super::control::naming;

mod rules;
#[cfg(test)]
mod tests;

pub(super) use rules::{
    CLIENT, FILTER, NUMBER, OTHERS, RANK, REFERENCES, RULE_KINDS, SUBJECTS, USER,
};
pub use rules::{Clients, Lines, Order, Rules, Subjects};

/// The placeholder for the value in a template.
pub(super) const VALUE: &str = "{value}";
/// The placeholders for the name and the password of one user.
pub(super) const NAME: &str = "{name}";
pub(super) const PASSWORD: &str = "{password}";
/// The placeholder for whether clients without a user name are accepted in addition to the users.
pub(super) const ANONYMOUS: &str = "{anonymous}";

/// Settings that other code also refers to by name.
const ACCESS: &str = "access";
pub(super) const USERS: &str = "users";

/// Settings with their values, as [`Settings::non_default`](mqtt_check_vocabulary::Settings::non_default) returns them.
pub type GivenSettings = Vec<(&'static Setting, Value)>;

/// How to give settings to a broker, by the name of the setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: BTreeMap<&'static str, Row>,
    /// Whether clients are kicked by user name, so that each kicked client needs one.
    pub kicks_users: bool,
}

/// How to give one setting to a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The broker does not have this setting, for this reason.
    Unsupported(String),
    Template(Box<SettingTemplate>),
}

/// How to write one setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingTemplate {
    pub templates: Filling,
    pub least: Option<u64>,
    pub most: Option<u64>,
    /// The unit of a duration.
    pub unit: Option<Duration>,
    /// Words for values that the broker names differently.
    pub values: BTreeMap<String, String>,
    /// The template for one user.
    pub each: Option<String>,
    /// The separator between the lines of users or rules. Defaults to a line break.
    pub between: Option<String>,
    pub escape: Escape,
    /// How to write the rules of an access list.
    pub rules: Option<Rules>,
}

/// How names, passwords and Topic Filters are escaped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Escape {
    /// Unchanged.
    #[default]
    Plain,
    /// As within a JSON string.
    Json,
}

impl Escape {
    fn written(self, text: &str) -> Result<String, String> {
        let text = one_line(text)?;
        Ok(match self {
            Self::Plain => text.to_owned(),
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        })
    }
}

/// What to write and run for one instance. Placeholders for ports and folders are not filled in yet. In a row of a
/// table, those for values are not either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filling {
    /// Lines for the configuration, by the name of their placeholder. The empty name stands for `{settings}`.
    pub config: BTreeMap<String, String>,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Files in the broker's folder, with their contents.
    pub files: Vec<(String, String)>,
    /// Commands to run before the broker starts.
    pub before: Vec<Vec<String>>,
    /// Commands to run once the broker answers.
    pub after: Vec<Vec<String>>,
    /// The command that ends a client's connection. Empty if there is none.
    pub kick: Vec<String>,
    /// Users that stand for clients of an access list. A client with such a Client Identifier connects as this user.
    pub clients: Vec<User>,
}

/// Placeholders with their values.
type Words = Vec<(&'static str, String)>;

/// Why a setting cannot be given to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// The table has no row for it.
    NotInTable,
    /// The broker does not support it, for this reason.
    Unsupported(String),
}

impl Table {
    /// Whether scenarios can ask for this setting, with at least one value.
    pub fn supports(&self, name: &str) -> bool {
        matches!(self.rows.get(name), Some(Row::Template(_)))
    }

    /// Why the broker lacks this setting, if the table says so.
    pub fn lacking(&self, name: &str) -> Option<&str> {
        match self.rows.get(name) {
            Some(Row::Unsupported(why)) => Some(why),
            _ => None,
        }
    }

    /// Returns the settings to give to a broker that already knows these users, for a case that kicks these clients.
    /// Leaves out known users if the table has no row for users. Adds users for kicked clients if needed.
    pub fn needed(
        &self,
        mut given: GivenSettings,
        known: &[User],
        kicked: &[String],
    ) -> GivenSettings {
        if !self.supports(USERS) {
            given.retain(|(setting, value)| {
                let is_known = |user: &&User| known.contains(user);
                setting.name != USERS || !users_of(value).iter().all(is_known)
            });
        }
        if self.kicks_users && !kicked.is_empty() {
            let access = given
                .iter_mut()
                .find(|(setting, _)| setting.name == ACCESS)
                .map(|(_, value)| value);
            match access {
                // A rule without filters makes the names known and grants nothing.
                Some(Value::Access(rules)) => rules.push(AccessRule {
                    filters: Vec::new(),
                    ..naming(kicked).swap_remove(0)
                }),
                _ => {
                    let access = Setting::named(ACCESS);
                    given.extend(access.map(|setting| (setting, Value::Access(naming(kicked)))));
                }
            }
        }
        given
    }

    /// Fills the templates for an instance with these settings.
    ///
    /// # Errors
    /// Returns the first setting that cannot be given to the broker, and why.
    pub fn fill(&self, given: &GivenSettings) -> Result<Filling, (&'static str, Hindrance)> {
        let mut out = Filling::default();
        let mut filled: Vec<(&SettingTemplate, String)> = Vec::new();
        let with_clients = self
            .with_clients_as_users(given)
            .map_err(|why| (ACCESS, Hindrance::Unsupported(why)))?;
        let (given, anonymous) = match &with_clients {
            Some((given, clients)) => {
                out.clients.clone_from(clients);
                (given, true)
            }
            None => (given, false),
        };
        for (setting, value) in given {
            let failed = |hindrance| (setting.name, hindrance);
            let template = match self.rows.get(setting.name) {
                None => return Err(failed(Hindrance::NotInTable)),
                Some(Row::Unsupported(why)) => {
                    return Err(failed(Hindrance::Unsupported(why.clone())));
                }
                Some(Row::Template(template)) => template,
            };
            let unsupported = |why| failed(Hindrance::Unsupported(why));
            let mut words = template.words(value, given).map_err(unsupported)?;
            words.push((ANONYMOUS, anonymous.to_string()));
            let text = words[0].1.clone();
            // Two settings of a scenario may be the same setting of this broker.
            let is_at_odds = |(other, its): &(&SettingTemplate, String)| {
                let (other, this) = (&other.templates.config, &template.templates.config);
                !other.is_empty() && other == this && *its != text
            };
            if filled.iter().any(is_at_odds) {
                let why = "this broker has one setting for this and another setting of the case";
                return Err(unsupported(why.to_owned()));
            }
            out.add(&template.templates, &words);
            filled.push((template, text));
        }
        Ok(out)
    }

    /// Whether clients in access lists are replaced by users.
    pub(super) fn has_clients_as_users(&self) -> bool {
        match self.rows.get(ACCESS) {
            Some(Row::Template(template)) => {
                let rules = template.rules.as_ref();
                rules.is_some_and(|rules| rules.clients == Clients::AsUsers)
            }
            _ => false,
        }
    }

    /// Returns the settings with a user for each client that an access list names, and these users. Returns `None` if
    /// the broker does not need this.
    fn with_clients_as_users(
        &self,
        given: &GivenSettings,
    ) -> Result<Option<(GivenSettings, Vec<User>)>, String> {
        if !self.has_clients_as_users() {
            return Ok(None);
        }
        let mut out = given.clone();
        let mut clients = Vec::new();
        for (_, value) in &mut out {
            if let Value::Access(rules) = value {
                clients = rules::clients_as_users(rules)?;
            }
        }
        if clients.is_empty() {
            return Ok(None);
        }
        if given.iter().any(|(_, value)| !users_of(value).is_empty()) {
            return Err(
                "its access lists identify clients by user name, not by Client Identifier"
                    .to_owned(),
            );
        }
        let users = Setting::named(USERS);
        out.extend(users.map(|setting| (setting, Value::Users(clients.clone()))));
        Ok(Some((out, clients)))
    }
}

/// The users that a setting defines.
fn users_of(value: &Value) -> Vec<&User> {
    match value {
        Value::Users(users) => users.iter().collect(),
        Value::Authentication(methods) => methods.values().flatten().collect(),
        _ => Vec::new(),
    }
}

impl Filling {
    /// Whether this placeholder is in a template.
    pub(super) fn mentions(&self, word: &str) -> bool {
        let named = self.environment.iter().chain(&self.files);
        let commands = self.before.iter().chain(&self.after).flatten();
        let texts = self.config.values().chain(&self.arguments);
        let mut texts = texts.chain(named.map(|(_, text)| text)).chain(commands);
        texts.any(|text| text.contains(word))
    }

    fn add(&mut self, templates: &Self, words: &Words) {
        let filled = |text: &String| {
            words
                .iter()
                .fold(text.clone(), |text, (word, replacement)| {
                    text.replace(word, replacement)
                })
        };
        let list = |words: &Vec<String>| words.iter().map(filled).collect();
        for (place, lines) in &templates.config {
            let place = self.config.entry(place.clone()).or_default();
            if !place.is_empty() {
                place.push('\n');
            }
            place.push_str(&filled(lines));
        }
        self.arguments
            .extend(templates.arguments.iter().map(filled));
        let named = |(name, text): &(String, String)| (name.clone(), filled(text));
        self.environment
            .extend(templates.environment.iter().map(named));
        self.files.extend(templates.files.iter().map(named));
        self.before.extend(templates.before.iter().map(list));
        self.after.extend(templates.after.iter().map(list));
    }
}

impl SettingTemplate {
    /// Returns the values of the placeholders, that of the value first, or why the broker does not support it. `given`
    /// are all settings of the instance.
    fn words(&self, value: &Value, given: &GivenSettings) -> Result<Words, String> {
        let between = self.between.as_deref().unwrap_or("\n");
        if let Value::Access(list) = value {
            let Some(rules) = &self.rules else {
                return Err("it has no access lists".to_owned());
            };
            let users = given.iter().flat_map(|(_, value)| users_of(value));
            let users: Vec<&str> = users.map(|user| user.name.as_str()).collect();
            return rules.words(list, &users, between, self.escape);
        }
        Ok(vec![(VALUE, self.text(value)?)])
    }

    /// Returns the text for `{value}`, or why the broker does not support the value.
    fn text(&self, value: &Value) -> Result<String, String> {
        let word = match value {
            Value::Flag(flag) => flag.to_string(),
            Value::Number(number) => {
                self.within(*number)?;
                number.to_string()
            }
            Value::Span(span) => {
                let count = self.counted(*span)?;
                self.within(count)?;
                count.to_string()
            }
            Value::Never => "never".to_owned(),
            Value::Text(text) => one_line(text)?.to_owned(),
            Value::Names(names) => {
                let names: Result<Vec<&str>, String> = names.iter().map(|n| one_line(n)).collect();
                names?.join(",")
            }
            Value::Users(_) | Value::Authentication(_) => return self.lines(users_of(value)),
            Value::Access(_) => return Err("it has no access lists".to_owned()),
            Value::ClientIds(_) => return Err("it has no such rule for client ids".to_owned()),
        };
        if self.values.is_empty() {
            return Ok(word);
        }
        let mapped = self.values.get(&word).cloned();
        mapped.ok_or_else(|| {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            format!("it cannot be {word}, only {}", known.join(", "))
        })
    }

    fn within(&self, number: u64) -> Result<(), String> {
        match (self.least, self.most) {
            (Some(least), _) if number < least => {
                Err(format!("{number} is less than its minimum of {least}"))
            }
            (_, Some(most)) if number > most => {
                Err(format!("{number} is more than its maximum of {most}"))
            }
            _ => Ok(()),
        }
    }

    fn counted(&self, span: Duration) -> Result<u64, String> {
        let unit = self.unit.unwrap_or(Duration::from_secs(1));
        let count = span.as_nanos() / unit.as_nanos().max(1);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match unit.checked_mul(u32::try_from(count).unwrap_or(u32::MAX)) == Some(span) {
            true => Ok(count),
            false => Err(format!(
                "it must be a multiple of {} s, not {} s",
                unit.as_secs_f64(),
                span.as_secs_f64()
            )),
        }
    }

    fn lines(&self, users: Vec<&User>) -> Result<String, String> {
        let each = self.each.as_deref().unwrap_or("{name}:{password}");
        let lines: Result<Vec<String>, String> = users
            .into_iter()
            .map(|user| {
                let password = std::str::from_utf8(user.password.expose());
                let password = password.map_err(|_| "a password of the case is not valid UTF-8")?;
                let filled = each.replace(NAME, &self.escape.written(&user.name)?);
                Ok(filled.replace(PASSWORD, &self.escape.written(password)?))
            })
            .collect();
        Ok(lines?.join(self.between.as_deref().unwrap_or("\n")))
    }
}

/// Checks that a text fits on one line of a file.
fn one_line(text: &str) -> Result<&str, String> {
    match text.contains(char::is_control) {
        true => Err("a control character cannot be written into its files".to_owned()),
        false => Ok(text),
    }
}
