//! Why a case is not played or proves nothing: a stable code, and the reason in words.

use std::fmt;
use std::str::FromStr;

/// Why a case counts as skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    pub code: SkipCode,
    /// The reason in words. It may have details that differ from run to run.
    pub text: String,
}

/// The stable code of a skip, such as `needs:shared_subscriptions`: its kind, and for some kinds a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkipCode {
    pub kind: SkipKind,
    /// Set exactly for kinds that have a subject, see [`SkipKind::has_subject`].
    subject: Option<String>,
}

/// The properties of a kind of skip.
struct Row {
    kind: SkipKind,
    name: &'static str,
    /// Whether the code names a subject.
    has_subject: bool,
    /// Whether the run itself is the reason, so that the skip says nothing about the broker.
    is_by_the_run: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $has_subject:literal $is_by_the_run:literal)+) => {
        /// The kinds of skips. `docs/baselines.md` has the same table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SkipKind {
            $($(#[$doc])* $kind,)+
        }

        const ROWS: &[Row] = &[$(Row {
            kind: SkipKind::$kind,
            name: $name,
            has_subject: $has_subject,
            is_by_the_run: $is_by_the_run,
        },)+];
    };
}

kinds! {
    // Kind, name, whether it has a subject, whether the run is the reason.
    /// The broker does not support the protocol version, or the target file leaves it out.
    Version "version" true false
    /// The target lacks a capability.
    Needs "needs" true false
    /// The broker has no such setting, or the target cannot change it.
    Setting "setting" true false
    /// The target file does not say how to apply the setting.
    NotDescribed "untold" true false
    /// An instance with the settings of the case did not start.
    NotStarted "not-started" false true
    /// The target does not know the users of the case.
    Users "users" false false
    /// The target does not have this node.
    Node "node" true false
    /// The target has no URL for this transport.
    Transport "transport" true false
    /// What the case tests did not happen.
    NotExercised "not-exercised" false false
    /// The broker granted less than requested, which the standard permits.
    GrantedLess "granted-less" false false
    /// The path to the broker is too slow for the intervals that the case lets the broker count, such as a Keep Alive.
    Path "path" false true
    /// The case waits for longer than `--max-wait`.
    MaxWait "max-wait" false true
    /// The case needs the whole broker, and `--exclusive` was not given.
    Exclusive "exclusive" false true
    /// The case is tagged `heavy`, and `--heavy` was not given.
    Heavy "heavy" false true
}

impl SkipKind {
    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.kind == self)
    }

    /// Returns the word that the codes of this kind begin with.
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// Returns whether a code of this kind has a subject.
    pub fn has_subject(self) -> bool {
        self.row().is_some_and(|row| row.has_subject)
    }

    /// Returns whether the run itself is the reason. Another run against the same broker may play the case.
    pub fn is_by_the_run(self) -> bool {
        self.row().is_some_and(|row| row.is_by_the_run)
    }

    /// Returns all kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.kind)
    }
}

impl SkipCode {
    /// Creates the code of a kind that has no subject.
    pub const fn of(kind: SkipKind) -> Self {
        Self {
            kind,
            subject: None,
        }
    }

    /// Creates a code with a subject, such as `needs:retain` or `setting:maximum_qos`.
    pub fn about(kind: SkipKind, subject: impl fmt::Display) -> Self {
        Self {
            kind,
            subject: Some(subject.to_string()),
        }
    }

    /// Adds the reason in words.
    pub fn because(self, text: impl Into<String>) -> Skip {
        Skip {
            code: self,
            text: text.into(),
        }
    }
}

impl fmt::Display for SkipCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        match &self.subject {
            Some(subject) => write!(f, ":{subject}"),
            None => Ok(()),
        }
    }
}

impl FromStr for SkipCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, subject) = match text.split_once(':') {
            Some((name, subject)) => (name, Some(subject.to_owned())),
            None => (text, None),
        };
        let row = ROWS.iter().find(|row| row.name == name).ok_or(())?;
        let kind = row.kind;
        match &subject {
            Some(subject) if !row.has_subject || subject.is_empty() => Err(()),
            None if row.has_subject => Err(()),
            _ => Ok(Self { kind, subject }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_codes_that_it_writes() {
        for kind in SkipKind::all() {
            let code = match kind.has_subject() {
                true => SkipCode::about(kind, "subject"),
                false => SkipCode::of(kind),
            };
            assert_eq!(code.to_string().parse(), Ok(code));
        }
        for wrong in ["", "needs", "needs:", "heavy:x", "other", "heavy:"] {
            assert_eq!(wrong.parse::<SkipCode>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn the_page_on_baselines_has_every_code() {
        let page = include_str!("../../docs/baselines.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let names: Vec<&str> = rows
            .filter_map(|row| row.split_once('`'))
            .map(|(code, _)| code.split_once(':').map_or(code, |(name, _)| name))
            .collect();
        for kind in SkipKind::all() {
            let times = names.iter().filter(|name| **name == kind.as_str()).count();
            assert_eq!(times, 1, "{}", kind.as_str());
        }
    }
}
