//! The context in which every part of a scenario is parsed: where errors go, the version, the clients.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;

use super::model::ClientIndex;
use super::node::{self, Node, short};
use super::read_access::ReadAccess;
use super::rows::Budget;
use super::suggestion::{self, either};
use super::syntax::{SHOWN, more_errors};
use crate::diagnostic::{Diagnostic, Place, Source};

/// Collects the errors of one file.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) source: Arc<Source>,
    /// What the file may read.
    pub(crate) read_access: ReadAccess,
    found: RefCell<Found>,
}

#[derive(Debug, Default)]
struct Found {
    diagnostics: Vec<Diagnostic>,
    /// The index of each diagnostic by place and title, so that another row or version does not repeat it.
    known: HashMap<(Option<Place>, String), usize>,
    /// The number of errors that are not shown.
    more: usize,
}

impl Report {
    pub(crate) fn new(source: &Arc<Source>, read_access: ReadAccess) -> Self {
        Self {
            source: Arc::clone(source),
            read_access,
            found: RefCell::default(),
        }
    }

    /// Makes a diagnostic for this file, without reporting it.
    pub(crate) fn at(&self, place: Place, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.source, Some(place), title)
    }

    /// Reports a diagnostic, unless another row or version already did.
    pub(crate) fn add(&self, diagnostic: Diagnostic) {
        let found = &mut *self.found.borrow_mut();
        let title = match diagnostic.place {
            Some(_) => without_names(&diagnostic.title),
            None => diagnostic.title.clone(),
        };
        match found.known.entry((diagnostic.place, title)) {
            Entry::Vacant(_) if found.diagnostics.len() == SHOWN => found.more += 1,
            Entry::Vacant(entry) => {
                entry.insert(found.diagnostics.len());
                found.diagnostics.push(diagnostic);
            }
            // A diagnostic with a suggestion is better than one without.
            Entry::Occupied(entry) => {
                let first = &mut found.diagnostics[*entry.get()];
                if first.label.is_none() && diagnostic.label.is_some() {
                    *first = diagnostic;
                }
            }
        }
    }

    /// Returns `did you mean …?`, if a candidate is near and the error will be shown.
    pub(crate) fn suggest<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if self.found.borrow().diagnostics.len() == SHOWN {
            return None;
        }
        suggestion::did_you_mean(word, candidates)
    }

    /// Returns all reported diagnostics, in the order of the file.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        let found = self.found.into_inner();
        let mut diagnostics = found.diagnostics;
        diagnostics.sort_by_key(|d| d.place);
        diagnostics.extend(more_errors(&self.source, found.more));
        diagnostics
    }
}

/// Removes the text in backticks from a title, since it may differ from row to row.
fn without_names(title: &str) -> String {
    title.split('`').step_by(2).collect()
}

/// A client's name, and what other parts need to know of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientHead {
    pub(crate) name: String,
    pub(crate) version: ProtocolVersion,
}

/// The context of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) report: &'a Report,
    /// The amount that filling in may still use.
    pub(crate) budget: &'a Budget,
    /// The version whose rules apply: the case's, or the acting client's.
    pub(crate) version: ProtocolVersion,
    pub(crate) clients: &'a [ClientHead],
    /// For each client, whether the scenario uses it.
    pub(crate) used: &'a RefCell<Vec<bool>>,
    pub(crate) steps: &'a StepCount,
}

/// The number of steps typed so far, including those inside repeats and parallels.
#[derive(Debug, Default)]
pub(crate) struct StepCount {
    /// In this case.
    pub(crate) case: Cell<usize>,
    /// In all cases of the file.
    pub(crate) file: Cell<usize>,
    /// Whether it has been reported that there are too many.
    pub(crate) reported: Cell<bool>,
}

impl StepCount {
    pub(crate) fn count(&self) {
        self.case.set(self.case.get() + 1);
        self.file.set(self.file.get() + 1);
    }
}

impl<'a> Scope<'a> {
    /// Returns the scope with another version.
    pub(crate) fn with_version(self, version: ProtocolVersion) -> Self {
        Self { version, ..self }
    }

    /// Returns the scope with the version of this client.
    pub(crate) fn for_client(self, client: ClientIndex) -> Self {
        match self.clients.get(client.0) {
            Some(head) => self.with_version(head.version),
            None => self,
        }
    }

    pub(crate) fn at(self, place: Place, title: impl Into<String>) -> Diagnostic {
        self.report.at(place, title)
    }

    pub(crate) fn add(self, diagnostic: Diagnostic) {
        self.report.add(diagnostic);
    }

    /// Returns `did you mean …?`, if a candidate is near.
    pub(crate) fn suggest<'c>(
        self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        self.report.suggest(word, candidates)
    }

    /// Reports a diagnostic and returns `None`, for `return scope.fail(…)`.
    pub(crate) fn fail<T>(self, diagnostic: Diagnostic) -> Option<T> {
        self.add(diagnostic);
        None
    }

    /// Reports that something else was expected here.
    pub(crate) fn expected<T>(self, node: &Node, what: &str) -> Option<T> {
        let title = format!("expected {what}, found {}", node.found());
        let mut diagnostic = self.at(node.place, title);
        let entries = node.entries().unwrap_or(&[]);
        if entries.iter().any(|e| is_version(&e.key.text)) {
            diagnostic.hint = Some(SWITCH_HINT.to_owned());
        }
        self.fail(diagnostic)
    }

    /// Reports that one of these words was expected here.
    pub(crate) fn expected_word<T>(self, node: &Node, words: &[&str]) -> Option<T> {
        let title = format!(
            "expected {}, found {}",
            either(words.iter().copied()),
            node.found()
        );
        let mut diagnostic = self.at(node.place, title);
        diagnostic.label = node
            .text()
            .and_then(|t| self.suggest(t, words.iter().copied()));
        self.fail(diagnostic)
    }

    /// Returns the client of this name and marks it as used.
    pub(crate) fn client(self, name: &str) -> Option<ClientIndex> {
        let index = self.clients.iter().position(|c| c.name == name)?;
        if let Some(used) = self.used.borrow_mut().get_mut(index) {
            *used = true;
        }
        Some(ClientIndex(index))
    }

    /// Returns the client that a value names.
    pub(crate) fn client_named(self, node: &Node) -> Option<ClientIndex> {
        let Some(name) = node.text() else {
            return self.expected(node, "the name of a client");
        };
        match self.client(name) {
            Some(client) => Some(client),
            None => self.unknown_client(name, node.place),
        }
    }

    pub(crate) fn unknown_client<T>(self, name: &str, place: Place) -> Option<T> {
        let mut diagnostic = self.at(place, format!("unknown client `{}`", short(name)));
        let names = || self.clients.iter().map(|c| c.name.as_str());
        diagnostic.label = self.suggest(name, names());
        if diagnostic.label.is_none() {
            let names: Vec<_> = names().collect();
            diagnostic.hint = Some(format!("the clients of this file are {}", names.join(", ")));
        }
        self.fail(diagnostic)
    }
}

/// A mapping whose keys are taken one by one. A key that is never taken is unknown.
#[derive(Debug)]
pub(crate) struct Mapping<'a> {
    scope: Scope<'a>,
    node: &'a Node,
    entries: &'a [node::Entry],
    taken: Vec<bool>,
    known: Vec<&'static str>,
    /// The kind of mapping, for messages: `a step`.
    what: &'static str,
}

impl<'a> Mapping<'a> {
    /// Returns the mapping, or reports that the node is not one.
    pub(crate) fn of(scope: Scope<'a>, node: &'a Node, what: &'static str) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return scope.expected(node, &format!("{what} (a mapping)"));
        };
        Some(Self {
            scope,
            node,
            entries,
            taken: vec![false; entries.len()],
            known: Vec::new(),
            what,
        })
    }

    /// Takes the value of a key.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        Some(&self.take_entry(key)?.value)
    }

    /// Takes the pair with a key.
    pub(crate) fn take_entry(&mut self, key: &'static str) -> Option<&'a node::Entry> {
        self.known.push(key);
        let index = self.entries.iter().position(|e| &*e.key.text == key)?;
        self.taken[index] = true;
        Some(&self.entries[index])
    }

    /// Takes the value of a key, and reports an error if the key is missing.
    pub(crate) fn require(&mut self, key: &'static str) -> Option<&'a Node> {
        let value = self.take(key);
        if value.is_none() {
            let title = format!("{} has no `{key}`", self.what);
            self.scope.add(self.scope.at(self.node.place, title));
        }
        value
    }

    /// Takes all remaining pairs. The caller reads them by other means.
    pub(crate) fn rest(&mut self) -> Vec<&'a node::Entry> {
        let taken = std::mem::replace(&mut self.taken, vec![true; self.entries.len()]);
        let pairs = self.entries.iter().zip(taken);
        pairs.filter(|(_, t)| !t).map(|(e, _)| e).collect()
    }

    /// Takes a remaining pair whose key is a client's name.
    pub(crate) fn take_client(&mut self) -> Option<&'a node::Entry> {
        let is_client = |e: &node::Entry| self.scope.clients.iter().any(|c| c.name == *e.key.text);
        let mut pairs = self.entries.iter().enumerate();
        let (index, entry) = pairs.find(|(i, e)| !self.taken[*i] && is_client(e))?;
        self.taken[index] = true;
        Some(entry)
    }

    /// Returns the keys that have been asked for.
    pub(crate) fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Reports every key that was not taken.
    pub(crate) fn finish(mut self) {
        for entry in self.rest() {
            unknown_key(self.scope, entry, self.what, self.known.iter().copied());
        }
    }
}

/// Whether a word is a protocol version.
pub(crate) fn is_version(text: &str) -> bool {
    matches!(text, "3.1" | "3.1.1" | "5")
}

const SWITCH_HINT: &str = "a version switch has only the keys 3.1, 3.1.1 and 5";

/// Reports a key that has no meaning here.
pub(crate) fn unknown_key<'a>(
    scope: Scope<'_>,
    entry: &node::Entry,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) {
    let key = &*entry.key.text;
    let title = format!("unknown key `{}` in {what}", short(key));
    let mut diagnostic = scope.at(entry.key.place, title);
    diagnostic.label = scope.suggest(key, known.clone());
    if is_version(key) {
        diagnostic.hint = Some(SWITCH_HINT.to_owned());
    } else if diagnostic.label.is_none() {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        known.dedup();
        diagnostic.hint = Some(format!("valid keys: {}", known.join(", ")));
    }
    scope.add(diagnostic);
}
