//! How the settings that a scenario asks for are said to a broker that we start: a [`Table`] has a row for each, and
//! [`Table::fill`] makes of the rows what is written and run for one instance. Nothing is started here.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_vocabulary::{Setting, Value};

mod rules;
#[cfg(test)]
mod tests;

pub(super) use rules::{CLIENT, DOINGS, FILTER, USER};
pub use rules::{Lines, Order, Rules};

/// What stands for the value in a template.
pub(super) const VALUE: &str = "{value}";
/// What stands for the name and the password of one user.
pub(super) const NAME: &str = "{name}";
pub(super) const PASSWORD: &str = "{password}";

/// Settings with their values, as [`Settings::told`](mqtt_check_vocabulary::Settings::told) has them.
pub type Told = Vec<(&'static Setting, Value)>;

/// How settings are said to a broker, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: BTreeMap<&'static str, Row>,
}

/// How one of them is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The broker has nothing of the kind, for this reason.
    Unsupported(String),
    Said(Box<Saying>),
}

/// What a value becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saying {
    pub templates: Filling,
    pub least: Option<u64>,
    pub most: Option<u64>,
    /// What a span is counted in.
    pub unit: Option<Duration>,
    /// Words for values, where they are others.
    pub values: BTreeMap<String, String>,
    /// What one user becomes, a line for each.
    pub each: Option<String>,
    /// What the rules of an access list become.
    pub rules: Option<Rules>,
}

/// What is written and run for one instance. Ports and folders are not filled in yet; in a row of a table neither are
/// values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filling {
    /// Lines for the places of the configuration, by the name of the place; that without a name is `{settings}`.
    pub config: BTreeMap<String, String>,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Files in the broker's folder.
    pub files: Vec<(String, String)>,
    /// Commands that are run before the broker starts.
    pub before: Vec<Vec<String>>,
    /// Commands that are run when it answers.
    pub after: Vec<Vec<String>>,
}

/// Why a setting cannot be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// The table has no row for it.
    Untold,
    /// The broker cannot be set so, for this reason.
    Unsupported(String),
}

impl Table {
    /// Whether scenarios can ask for this setting, with some value at least.
    pub fn says(&self, name: &str) -> bool {
        matches!(self.rows.get(name), Some(Row::Said(_)))
    }

    /// Why the broker has nothing of the kind, if the table knows that it has not.
    pub fn lacking(&self, name: &str) -> Option<&str> {
        match self.rows.get(name) {
            Some(Row::Unsupported(why)) => Some(why),
            _ => None,
        }
    }

    /// What an instance with these settings is told.
    ///
    /// # Errors
    /// The first setting that cannot be said, and why.
    pub fn fill(
        &self,
        told: &[(&'static Setting, Value)],
    ) -> Result<Filling, (&'static str, Hindrance)> {
        let mut out = Filling::default();
        let mut said: Vec<(&Saying, String)> = Vec::new();
        for (setting, value) in told {
            let failed = |hindrance| (setting.name, hindrance);
            let saying = match self.rows.get(setting.name) {
                None => return Err(failed(Hindrance::Untold)),
                Some(Row::Unsupported(why)) => {
                    return Err(failed(Hindrance::Unsupported(why.clone())));
                }
                Some(Row::Said(saying)) => saying,
            };
            let unsupported = |why| failed(Hindrance::Unsupported(why));
            let text = saying.text(value).map_err(unsupported)?;
            // Two settings may be one to this broker.
            let is_at_odds = |(other, its): &(&Saying, String)| {
                let (other, this) = (&other.templates.config, &saying.templates.config);
                !other.is_empty() && other == this && *its != text
            };
            if said.iter().any(is_at_odds) {
                let why = "another setting of the case is the same one to this broker";
                return Err(unsupported(why.to_owned()));
            }
            out.add(&saying.templates, &text);
            said.push((saying, text));
        }
        Ok(out)
    }
}

impl Filling {
    fn add(&mut self, templates: &Self, value: &str) {
        let filled = |text: &String| text.replace(VALUE, value);
        let words = |words: &Vec<String>| words.iter().map(filled).collect();
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
        self.before.extend(templates.before.iter().map(words));
        self.after.extend(templates.after.iter().map(words));
    }
}

impl Saying {
    /// What stands for `{value}`, or why the broker does not take it.
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
            Value::Users(users) => return self.lines(users),
            Value::Authentication(methods) => {
                let users = methods.values().flatten();
                return self.lines(users);
            }
            Value::Access(rules) => {
                return match &self.rules {
                    Some(table) => table.lines(rules),
                    None => Err("it has no access lists".to_owned()),
                };
            }
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
                Err(format!("it is {least} at least, not {number}"))
            }
            (_, Some(most)) if number > most => Err(format!("it is {most} at most, not {number}")),
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
                "it is a multiple of {} s, not {} s",
                unit.as_secs_f64(),
                span.as_secs_f64()
            )),
        }
    }

    fn lines<'u>(
        &self,
        users: impl IntoIterator<Item = &'u mqtt_check_vocabulary::User>,
    ) -> Result<String, String> {
        let each = self.each.as_deref().unwrap_or("{name}:{password}");
        let lines: Result<Vec<String>, String> = users
            .into_iter()
            .map(|user| {
                let password = std::str::from_utf8(user.password.expose());
                let password = password.map_err(|_| "a password of the case is no text")?;
                let filled = each.replace(NAME, one_line(&user.name)?);
                Ok(filled.replace(PASSWORD, one_line(password)?))
            })
            .collect();
        Ok(lines?.join("\n"))
    }
}

/// A text that can stand in a line of a file.
fn one_line(text: &str) -> Result<&str, String> {
    match text.contains(char::is_control) {
        true => Err("a control character cannot be written into its files".to_owned()),
        false => Ok(text),
    }
}
