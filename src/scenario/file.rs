//! Reads one scenario file: its tree becomes the scenes of all its cases.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;

use super::check;
use super::client::{self, IdRules};
use super::control::{control, named_ids};
use super::model::{
    Capability, CaseId, Client, ClientIndex, Exclusive, PacketPattern, PrefixMode, Scene, Settings,
    each_step,
};
use super::node::{Entry, Node, Value, short};
use super::read_access::ReadAccess;
use super::roles;
use super::rows::{self, Budget, Row};
use super::scope::{ClientHead, Report, Scope, StepCount};
use super::settings::settings;
use super::shared::SharedSteps;
use super::step::{self, StepContext, StepPosition};
use super::syntax;
use super::value::prose;
use crate::builtin::Origin;
use crate::diagnostic::{Diagnostic, Place, Source};

/// Every key of a scenario file.
pub(crate) const KEYS: [&str; 15] = [
    "title",
    "about",
    "threads",
    "tags",
    "versions",
    "needs",
    "exclusive",
    "prefix",
    "prefers",
    "broker",
    "clients",
    "steps",
    "control",
    "exercised_if",
    "cases",
];

/// Reads the scenes of one file. Their ids begin with `path`, and `read_access` says what else the file may read.
///
/// # Errors
/// Returns everything that is wrong with the file, in the order of its lines.
pub(crate) fn scenes(
    source: &Arc<Source>,
    path: &str,
    read_access: &ReadAccess,
) -> Result<Vec<Scene>, Vec<Diagnostic>> {
    let root = syntax::parse(source)?;
    let report = Report::new(source, read_access.clone());
    let file = File {
        report: &report,
        budget: Budget::default(),
        root: &root,
        path,
        steps: StepCount::default(),
        seen: RefCell::default(),
    };
    let scenes = file.scenes();
    let found = report.into_found();
    match scenes {
        Some(mut scenes) if found.is_empty() => {
            scenes.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(scenes)
        }
        _ => Err(found),
    }
}

struct File<'a> {
    report: &'a Report,
    budget: Budget,
    root: &'a Node,
    path: &'a str,
    steps: StepCount,
    seen: RefCell<Seen>,
}

/// What all cases contain, for errors that count only if they occur in every case.
#[derive(Debug, Default)]
struct Seen {
    clients: Vec<(String, Place)>,
    used: BTreeSet<String>,
    step_ids: BTreeSet<String>,
    /// Step ids that a control names.
    named: Vec<(String, Place)>,
    /// Whether some case could not be typed, so that these lists may be incomplete.
    broken: bool,
}

impl<'a> File<'a> {
    fn scenes(&self) -> Option<Vec<Scene>> {
        let Some(entries) = self.root.entries() else {
            let title = format!(
                "expected a scenario (a mapping), found {}",
                self.root.found()
            );
            self.report.add(self.report.at(self.root.place, title));
            return None;
        };
        self.check_keys(entries);
        let file_versions = self.versions(self.root.find("versions"));
        let rows = rows::rows(self.report, self.root)?;
        let mut cases = Vec::new();
        for row in &rows {
            let own = row.find("versions").map(|list| self.versions(Some(list)));
            let versions = own.unwrap_or_else(|| file_versions.clone());
            cases.extend(versions.into_iter().map(|v| (Some(row), v)));
        }
        if rows.is_empty() {
            cases.extend(file_versions.into_iter().map(|v| (None, v)));
        }
        let played: Vec<_> = cases.iter().map(|(_, version)| *version).collect();
        rows::check_versions(self.report, self.root, &played);

        let mut scenes = Vec::new();
        let mut shared = SharedSteps::default();
        for (row, version) in cases {
            match self.case(row, version) {
                Some(mut scene) => {
                    shared.share(&mut scene);
                    scenes.push(scene);
                }
                None => self.seen.borrow_mut().broken = true,
            }
            if self.budget.is_spent(self.report, self.root.place) {
                return None;
            }
        }
        self.check_seen();
        (!self.seen.borrow().broken).then_some(scenes)
    }

    fn check_keys(&self, entries: &[Entry]) {
        for entry in entries {
            let key = &*entry.key.text;
            if KEYS.contains(&key) {
                continue;
            }
            let title = format!("unknown key `{}` in a scenario", short(key));
            let mut diagnostic = self.report.at(entry.key.place, title);
            diagnostic.label = self.report.suggest(key, KEYS.iter().copied());
            if diagnostic.label.is_none() {
                diagnostic.hint = Some(format!("a scenario has {}", KEYS.join(", ")));
            }
            self.report.add(diagnostic);
        }
        for key in ["title", "clients", "steps"] {
            if !entries.iter().any(|e| &*e.key.text == key) {
                let title = format!("a scenario without `{key}`");
                self.report
                    .add(Diagnostic::new(&self.report.source, None, title));
            }
        }
    }

    /// Reads the versions of a file or a row. If they are wrong, returns the default ones, so that the rest is still
    /// read.
    fn versions(&self, list: Option<&Node>) -> Vec<ProtocolVersion> {
        let usual = vec![ProtocolVersion::V3_1_1, ProtocolVersion::V5];
        let Some(list) = list else {
            return usual;
        };
        let used = RefCell::default();
        let scope = self.scope(ProtocolVersion::V5, &[], &used);
        let Some(items) = list.items().filter(|items| !items.is_empty()) else {
            scope.expected::<()>(list, "a list of versions, `[3.1.1, 5]`");
            return usual;
        };
        let mut out = Vec::new();
        for item in items {
            let Some(version) = client::version(scope, item) else {
                continue;
            };
            if out.contains(&version) {
                let title = format!("version {version} is listed twice");
                scope.add(scope.at(item.place, title));
                continue;
            }
            out.push(version);
        }
        if out.is_empty() { usual } else { out }
    }

    fn scope<'s>(
        &'s self,
        version: ProtocolVersion,
        clients: &'s [ClientHead],
        used: &'s RefCell<Vec<bool>>,
    ) -> Scope<'s> {
        Scope {
            report: self.report,
            budget: &self.budget,
            version,
            clients,
            used,
            steps: &self.steps,
        }
    }

    /// Reads the scene of one case, and reports what is wrong with it.
    fn case(&self, row: Option<&Row<'_>>, version: ProtocolVersion) -> Option<Scene> {
        let tree = self.tree(row, version)?;
        self.steps.case.set(0);
        let used = RefCell::default();
        let bare = self.scope(version, &[], &used);
        let heads = client::heads(bare, tree.find("clients")?)?;
        *used.borrow_mut() = vec![false; heads.len()];
        let scope = self.scope(version, &heads, &used);
        let scene = scene(scope, &tree, self.path, row);

        let mut seen = self.seen.borrow_mut();
        for (head, used) in heads.iter().zip(used.borrow().iter()) {
            if *used {
                seen.used.insert(head.name.clone());
            }
        }
        for entry in tree.find("clients").and_then(Node::entries).unwrap_or(&[]) {
            seen.clients
                .push((entry.key.text.to_string(), entry.key.place));
        }
        if let Some(control) = tree.find("control") {
            seen.named.extend(named_ids(control));
        }
        if let Some(steps) = tree.find("steps") {
            written_ids(steps, &mut seen.step_ids);
        }
        let scene = scene?;
        each_step(&scene.steps, &mut |step| {
            seen.step_ids.extend(step.id.clone());
        });
        drop(seen);
        check::scene(scope, &scene);
        Some(scene)
    }

    /// Builds the tree of the file for one case, without `cases` and `versions`, which have been read already.
    fn tree(&self, row: Option<&Row<'_>>, version: ProtocolVersion) -> Option<Node> {
        if row.is_some_and(|row| !row.is_complete) {
            return None;
        }
        let replaced = |key: &str| row.and_then(|row| row.find(key));
        let mut out = Vec::new();
        for entry in self.root.entries()? {
            let key = &*entry.key.text;
            if key == "cases" || key == "versions" {
                continue;
            }
            let value = replaced(key).unwrap_or(&entry.value);
            let Some(value) = rows::fill(self.report, &self.budget, (key, value), row, version)
            else {
                continue;
            };
            out.push(Entry {
                key: entry.key.clone(),
                value,
            });
        }
        if self.budget.is_spent(self.report, self.root.place) || self.budget.has_failed() {
            return None;
        }
        // A row may add a key that the file does not have.
        for pair in row.map_or(&[][..], |row| &row.own) {
            let key = &*pair.key.text;
            if key == "versions" || self.root.find(key).is_some() {
                continue;
            }
            // Names in a row's value are not filled in, but the value may be a version switch.
            let Some(value) =
                rows::fill(self.report, &self.budget, (key, &pair.value), None, version)
            else {
                continue;
            };
            out.push(Entry {
                key: pair.key.clone(),
                value,
            });
        }
        Some(Node {
            place: self.root.place,
            value: Value::Map(out),
        })
    }

    fn check_seen(&self) {
        let seen = self.seen.borrow();
        // If some case could not be typed, ids that contain a counter may be missing.
        let is_certain = !seen.broken || !seen.step_ids.iter().any(|id| id.contains('$'));
        for (id, place) in seen.named.iter().filter(|_| is_certain) {
            if !seen.step_ids.contains(id) {
                let title = format!("no step has the id `{}`", short(id));
                let mut diagnostic = self.report.at(*place, title);
                diagnostic.label = self
                    .report
                    .suggest(id, seen.step_ids.iter().map(String::as_str));
                self.report.add(diagnostic);
            }
        }
        // A client may be used in a case that could not be typed.
        for (name, place) in seen.clients.iter().filter(|_| !seen.broken) {
            if !seen.used.contains(name) {
                let title = format!("no step uses the client `{name}`");
                self.report.add(self.report.at(*place, title));
            }
        }
    }
}

/// Collects the ids of steps as written, whether the steps can be typed or not.
fn written_ids(node: &Node, out: &mut BTreeSet<String>) {
    for step in node.items().unwrap_or(&[]) {
        out.extend(step.find("id").and_then(Node::text).map(str::to_owned));
        if let Some(inner) = step.find("parallel") {
            written_ids(inner, out);
        }
        if let Some(inner) = step.find("repeat").and_then(|repeat| repeat.find("steps")) {
            written_ids(inner, out);
        }
    }
}

/// Reads `prefix`.
fn prefix_mode(scope: Scope<'_>, node: &Node) -> Option<PrefixMode> {
    match node.text() {
        Some("apart") => Some(PrefixMode::Apart),
        Some("joined") => Some(PrefixMode::Joined),
        _ => scope.expected_word(node, &["apart", "joined"]),
    }
}

fn exclusive_word(scope: Scope<'_>, node: &Node) -> Option<Exclusive> {
    match node.text() {
        Some("true" | "1") => Some(Exclusive::Yes),
        Some("false" | "0") => Some(Exclusive::No),
        Some("if_possible") => Some(Exclusive::IfPossible),
        _ => scope.expected_word(node, &["true", "false", "if_possible"]),
    }
}

/// Types the tree of one case.
fn scene(scope: Scope<'_>, tree: &Node, path: &str, row: Option<&Row<'_>>) -> Option<Scene> {
    let tree = &roles::expand(scope, tree);
    let title = tree.find("title").map(|n| prose(scope, n, "a title"));
    let about = tree.find("about").map(|n| prose(scope, n, "text"));
    let threads = tree.find("threads").map(|n| threads(scope, n));
    let tags = tree.find("tags").map(|n| tags(scope, n));
    let needs = tree.find("needs").map(|n| needs(scope, n));
    let exclusive = tree.find("exclusive").map(|n| exclusive_word(scope, n));
    let prefix_mode = tree.find("prefix").map(|n| prefix_mode(scope, n));
    let defaults = Settings::default();
    let preferred = tree.find("prefers");
    let preferred = preferred.map(|n| settings(scope, n, &defaults, "`prefers`"));
    let preferred = preferred.unwrap_or(Some(Settings::default()));
    // `broker` is read twice: alone, for what it requires, and over the preferred settings.
    let required = tree
        .find("broker")
        .map(|n| settings(scope, n, &defaults, "`broker`"));
    let required = required.unwrap_or(Some(Settings::default()));
    let settings = required.as_ref().and_then(|_| {
        let base = preferred.clone()?;
        match tree.find("broker") {
            Some(n) => settings(scope, n, &base, "`broker`"),
            None => Some(base),
        }
    });
    let exclusive = exclusive.unwrap_or(Some(Exclusive::No));
    let needs = needs.unwrap_or(Some(Vec::new()));
    let rules = IdRules {
        // An error in one of these has been reported already. Permit everything, so that no further error follows from
        // it.
        exclusive: exclusive.is_none_or(Exclusive::is_required),
        needs: needs.as_deref().unwrap_or(Capability::ALL),
    };
    let typed: Vec<Option<Client>> = tree
        .find("clients")?
        .entries()?
        .iter()
        .zip(scope.clients)
        .map(|(entry, head)| client::client(scope.with_version(head.version), entry, rules))
        .collect();
    let clients: Vec<Client> = typed.iter().flatten().cloned().collect();
    let context = StepContext {
        scope,
        clients: &clients,
    };
    let steps = tree
        .find("steps")
        .map(|n| step::steps(context, n, StepPosition::Scene));
    let demanded = Arc::new(required.clone().unwrap_or_default());
    let base = match settings == required {
        true => Arc::clone(&demanded),
        false => Arc::new(settings.clone().unwrap_or_default()),
    };
    let control = tree
        .find("control")
        .map(|n| control(context, n, &base, &demanded));
    let exercised_if = tree.find("exercised_if").map(|n| exercised(scope, n));

    let mut tags = tags.unwrap_or(Some(Vec::new()))?;
    let folders = path.split('/').rev().skip(1);
    for folder in folders.filter(|folder| !folder.is_empty()) {
        if !tags.iter().any(|tag| tag == folder) {
            tags.push(folder.to_owned());
        }
    }
    Some(Scene {
        id: CaseId {
            path: path.to_owned(),
            row: row.map(|row| row.name.clone()),
            version: scope.version,
        },
        source: Arc::clone(&scope.report.source),
        origin: Origin::default(),
        title: title.flatten()?,
        about: match about {
            None => None,
            Some(about) => Some(about?),
        },
        threads: threads.unwrap_or(Some(Vec::new()))?,
        tags,
        needs: needs?,
        exclusive: exclusive?,
        prefix_mode: prefix_mode.unwrap_or(Some(PrefixMode::Apart))?,
        settings: settings.map(|_| base)?,
        required: required.map(|_| demanded)?,
        clients: typed.into_iter().collect::<Option<_>>()?,
        steps: steps.flatten()?,
        control: match control {
            None => None,
            Some(control) => control?,
        },
        exercised_if: exercised_if.unwrap_or(Some(Vec::new()))?,
    })
}

/// Reads `threads`, where the behaviour was seen: `mosquitto#2342`.
fn threads(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of bug reports, `[mosquitto#2342]`");
    };
    let mut out: Vec<String> = Vec::new();
    let mut is_right = true;
    for item in items {
        match item.text().filter(|text| is_thread(text)) {
            Some(text) if out.iter().any(|other| other == text) => {
                let title = format!("the bug report `{text}` is listed twice");
                scope.add(scope.at(item.place, title));
                is_right = false;
            }
            Some(text) => out.push(text.to_owned()),
            None => {
                scope.expected::<()>(
                    item,
                    "a project's name, `#` and the number of its issue or change (`mosquitto#2342`)",
                );
                is_right = false;
            }
        }
    }
    is_right.then_some(out)
}

/// Whether a string names a bug report: `mosquitto#2342`. The number has no leading zero, so that each report has one
/// name only.
pub(crate) fn is_thread(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.split_once('#').is_some_and(|(project, number)| {
        (1..=100).contains(&project.len())
            && project.chars().all(fits)
            && (1..=9).contains(&number.len())
            && !number.starts_with('0')
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

fn tags(scope: Scope<'_>, node: &Node) -> Option<Vec<String>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of words");
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '#');
    let all: Vec<_> = items
        .iter()
        .map(|item| match item.text() {
            Some(text) if !text.is_empty() && text.chars().all(fits) => Some(text.to_owned()),
            _ => scope.expected(item, "a word (letters, digits, `_`, `-`, `.` and `#`)"),
        })
        .collect();
    all.into_iter().collect()
}

fn needs(scope: Scope<'_>, node: &Node) -> Option<Vec<Capability>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of capabilities");
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| match item.text().and_then(Capability::from_word) {
            Some(capability) => Some(capability),
            None => {
                let words: Vec<_> = Capability::ALL.iter().map(|c| c.as_str()).collect();
                let title = format!("unknown capability {}", item.found());
                let mut diagnostic = scope.at(item.place, title);
                let text = item.text().unwrap_or("");
                diagnostic.label = scope.suggest(text, words.iter().copied());
                if diagnostic.label.is_none() {
                    diagnostic.hint = Some(format!("capabilities are {}", words.join(", ")));
                }
                scope.fail(diagnostic)
            }
        })
        .collect();
    all.into_iter().collect()
}

fn exercised(scope: Scope<'_>, node: &Node) -> Option<Vec<(ClientIndex, PacketPattern)>> {
    let Some(items) = node.items() else {
        return scope.expected(node, "a list of `CLIENT: PACKET`");
    };
    let all: Vec<_> = items
        .iter()
        .map(|item| {
            let Some(entry) = item.single() else {
                return scope.expected(item, "`CLIENT: PACKET`");
            };
            let Some(client) = scope.client(&entry.key.text) else {
                return scope.unknown_client(&entry.key.text, entry.key.place);
            };
            let scope = scope.for_client(client);
            let pattern = super::expectation::packet_pattern(scope, &entry.value)?;
            Some((client, pattern))
        })
        .collect();
    all.into_iter().collect()
}
