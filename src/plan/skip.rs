//! Why a case is not played or proves nothing: a stable code, and the reason in words.

use std::fmt;
use std::str::FromStr;

/// Why a case counts as skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    pub code: SkipCode,
    /// The same in words, with what differs from run to run.
    pub text: String,
}

/// The stable code of a skip: its kind, and what it is about where the kind has that. `needs:shared_subscriptions`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkipCode {
    pub kind: SkipKind,
    /// Of kinds that [`SkipKind::has_subject`] alone.
    subject: Option<String>,
}

/// What a kind of skips says.
struct Row {
    kind: SkipKind,
    name: &'static str,
    /// Whether the code names what it is about.
    has_subject: bool,
    /// Whether the options of the run are the reason, so that nothing is said of the broker.
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
    // Kind, name, whether it names a subject, whether it is by the options of the run.
    /// A protocol version that the broker does not speak, or that the target file leaves out.
    Version "version" true false
    /// A capability that the target does not have.
    Needs "needs" true false
    /// A setting that this target cannot be given.
    Setting "setting" true false
    /// A setting that the target file does not say how to make.
    Untold "untold" true false
    /// An instance with the settings of the case did not start.
    NotStarted "not-started" false true
    /// Users that the target does not know.
    Users "users" false false
    /// A node that the target does not have.
    Node "node" true false
    /// A transport that no URL of the target is for.
    Transport "transport" true false
    /// What the case is about did not happen.
    NotExercised "not-exercised" false false
    /// The broker gave less than it was asked for, as it may.
    GrantedLess "granted-less" false false
    /// The path to the broker is too long for what the case gives the broker to count.
    Path "path" false true
    /// A wait that is longer than `--max-wait`.
    MaxWait "max-wait" false true
    /// It needs the whole broker, and `--exclusive` was not given.
    Exclusive "exclusive" false true
    /// It is tagged `heavy`, and `--heavy` was not given.
    Heavy "heavy" false true
}

impl SkipKind {
    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.kind == self)
    }

    /// As codes begin.
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// Whether a code of this kind names what it is about.
    pub fn has_subject(self) -> bool {
        self.row().is_some_and(|row| row.has_subject)
    }

    /// Whether the options of the run are the reason: another run of the same broker plays the case.
    pub fn is_by_the_run(self) -> bool {
        self.row().is_some_and(|row| row.is_by_the_run)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.kind)
    }
}

impl SkipCode {
    /// The code of a kind that names nothing else.
    pub const fn of(kind: SkipKind) -> Self {
        Self {
            kind,
            subject: None,
        }
    }

    /// `needs:retain`, `setting:maximum_qos`.
    pub fn about(kind: SkipKind, subject: impl fmt::Display) -> Self {
        Self {
            kind,
            subject: Some(subject.to_string()),
        }
    }

    /// With the reason in words.
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
