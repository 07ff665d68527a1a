//! Reads a tree of nodes strictly: an unknown key is an error.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Place, Source};
use crate::scenario::duration;
use crate::scenario::model::{Settings, User};
use crate::scenario::node::{Entry, Node};
use crate::scenario::settings::{known_settings, known_users};
use crate::scenario::suggestion::did_you_mean;

/// Collects what is wrong with a file.
#[derive(Debug)]
pub(super) struct Reading {
    source: Arc<Source>,
    here: PathBuf,
    found: RefCell<Vec<Diagnostic>>,
}

impl Reading {
    /// Starts reading a file with this folder as `{here}`.
    pub(super) fn new(source: &Arc<Source>, here: &Path) -> Self {
        Self {
            source: Arc::clone(source),
            here: here.to_owned(),
            found: RefCell::default(),
        }
    }

    /// Everything that was reported, in the order of the file.
    pub(super) fn into_found(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| diagnostic.place);
        found
    }

    /// Reports a problem and returns `None`, for `return reading.fail(…)`.
    pub(super) fn fail<T>(&self, place: Place, title: &str, hint: &str) -> Option<T> {
        let diagnostic = Diagnostic::new(&self.source, Some(place), title);
        self.found.borrow_mut().push(diagnostic.hint(hint));
        None
    }

    /// Reads user names and passwords, at least one.
    pub(super) fn users(&self, node: &Node) -> Option<Vec<User>> {
        let (users, wrong) = known_users(&self.source, node);
        self.found.borrow_mut().extend(wrong);
        match users {
            Some(users) if users.is_empty() => {
                self.fail(node.place, "it names no user", "NAME: PASSWORD")
            }
            users => users,
        }
    }

    /// The folder that `{here}` stands for.
    pub(super) fn here(&self) -> &Path {
        &self.here
    }

    /// Reads settings as scenarios write them.
    pub(super) fn settings(&self, node: &Node) -> Option<Settings> {
        let (settings, wrong) = known_settings(&self.source, node);
        let is_sound = wrong.is_empty();
        self.found.borrow_mut().extend(wrong);
        settings.filter(|_| is_sound)
    }

    fn add(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    fn expected<T>(&self, node: &Node, what: &str) -> Option<T> {
        let title = format!("expected {what}, found {}", node.found());
        self.add(Diagnostic::new(&self.source, Some(node.place), title));
        None
    }

    /// Reads text that is not empty.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        match node.text() {
            Some(text) if !text.trim().is_empty() => Some(text.trim_end().to_owned()),
            Some(_) => self.fail(node.place, "empty text", "give a value, or remove the key"),
            None => self.expected(node, "text"),
        }
    }

    /// Reads one value, or a list of values.
    pub(super) fn one_or_more<T>(
        &self,
        node: &Node,
        read: impl Fn(&Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        match node.items() {
            Some([]) => self.expected(node, "at least one value"),
            Some(items) => {
                let all: Vec<_> = items.iter().map(|item| read(self, item)).collect();
                all.into_iter().collect()
            }
            None => read(self, node).map(|one| vec![one]),
        }
    }
}

/// A mapping whose keys are taken one by one.
#[derive(Debug)]
pub(super) struct Map<'n> {
    reading: &'n Reading,
    place: Place,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    what: &'static str,
}

impl<'n> Map<'n> {
    /// Starts reading a mapping. Reports an error if the node is not one.
    pub(super) fn of(reading: &'n Reading, node: &'n Node, what: &'static str) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return reading.expected(node, &format!("{what} (a mapping)"));
        };
        Some(Self {
            reading,
            place: node.place,
            entries,
            known: Vec::new(),
            what,
        })
    }

    pub(super) fn reading(&self) -> &'n Reading {
        self.reading
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The value of a key, without marking the key as known.
    pub(super) fn find(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| &*entry.key.text == key)?;
        Some(&entry.value)
    }

    /// The value of a key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| &*entry.key.text == key)?;
        Some(&entry.value)
    }

    /// The value of a required key.
    pub(super) fn require(&mut self, key: &'static str, hint: &str) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() {
            let title = format!("{} has no `{key}`", self.what);
            return self.reading.fail(self.place, &title, hint);
        }
        value
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        self.reading.text(node)
    }

    pub(super) fn map(&mut self, key: &'static str, what: &'static str) -> Option<Self> {
        let node = self.take(key)?;
        Self::of(self.reading, node, what)
    }

    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&'n Reading, &'n Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let node = self.take(key)?;
        let Some(items) = node.items() else {
            return self.reading.expected(node, "a list");
        };
        let all: Vec<_> = items.iter().map(|item| read(self.reading, item)).collect();
        all.into_iter().collect()
    }

    /// Reads a duration greater than zero.
    pub(super) fn duration(&mut self, key: &'static str, longest: Duration) -> Option<Duration> {
        let node = self.take(key)?;
        let span = node.text().and_then(duration::parse);
        match span {
            Some(span) if !span.is_zero() && span <= longest => Some(span),
            Some(_) => self.reading.fail(
                node.place,
                &format!("a duration of {}", node.found()),
                &format!("it must be above 0 and at most {} s", longest.as_secs()),
            ),
            None => self.reading.fail(
                node.place,
                &format!("expected a duration, found {}", node.found()),
                "a number and a unit without a space, `500ms` or `5s`",
            ),
        }
    }

    /// Reads a whole number.
    pub(super) fn number(&mut self, key: &'static str) -> Option<u64> {
        let node = self.take(key)?;
        let number = node.text().and_then(|text| text.parse().ok());
        number.or_else(|| self.reading.expected(node, "a whole number"))
    }

    /// Reads a Keep Alive in whole seconds, as CONNECT carries it.
    pub(super) fn keep_alive(&mut self, key: &'static str) -> Option<u16> {
        let place = self.entries.iter().find(|entry| &*entry.key.text == key)?;
        let place = place.value.place;
        let span = self.duration(key, Duration::from_secs(u16::MAX.into()))?;
        match u16::try_from(span.as_secs()) {
            Ok(seconds) if span.subsec_nanos() == 0 => Some(seconds),
            _ => self.reading.fail(
                place,
                "a Keep Alive that is not a whole number of seconds",
                "a number and a unit without a space, `60s` or `5m`",
            ),
        }
    }

    /// Reports every key that was not taken.
    pub(super) fn finish(self) {
        for entry in self.entries {
            let key = &*entry.key.text;
            if self.known.contains(&key) {
                continue;
            }
            let title = format!("{} has no key `{key}`", self.what);
            let mut diagnostic =
                Diagnostic::new(&self.reading.source, Some(entry.key.place), title);
            diagnostic.label = did_you_mean(key, self.known.iter().copied());
            if diagnostic.label.is_none() {
                diagnostic.hint = Some(format!("known keys: {}", self.known.join(", ")));
            }
            self.reading.add(diagnostic);
        }
    }
}
