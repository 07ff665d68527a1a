//! Checks the rooms of the broker's core: which may know which, that no files know each other in a cycle, and that only
//! `mod.rs` and `packet/` have methods of the whole broker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::source::{self, Source};
use super::{read, sources};

/// The rooms of `broker/src/core/` and the other rooms that each may know. Files beside the rooms may be known by all,
/// and know no room. ARCHITECTURE.md has the same table.
const ROOMS: &[(&str, &[&str])] = &[
    ("state", &[]),
    ("store", &["state"]),
    ("deliver", &["state"]),
    ("ending", &["deliver", "state"]),
    ("control", &["ending", "state"]),
    ("packet", &["deliver", "ending", "state"]),
];

/// The type of the whole broker. Every file may name it, but only some may have methods of it.
const WHOLE: &str = "Broker";
const FRONT: &str = "mod.rs";
const ACTS_FOR_THE_WHOLE: &[&str] = &[FRONT, "packet/"];

/// Files by their paths below the folder, with their facts.
struct Tree {
    files: BTreeMap<String, Source>,
    /// Names from the folder that the crate's root re-exports.
    passed_on: BTreeSet<String>,
}

/// Which file knows which other file, and how.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

impl Tree {
    fn new(texts: &[(&str, &str)], root: &str) -> Self {
        let names: BTreeSet<&str> = texts.iter().map(|(name, _)| *name).collect();
        let files = texts.iter().map(|(name, text)| {
            let module = module_of(name);
            let is_child =
                |other: &Vec<String>| other.len() == module.len() + 1 && other.starts_with(&module);
            let children = names.iter().map(|other| module_of(other));
            let children = children.filter(is_child).filter_map(|mut m| m.pop());
            ((*name).to_owned(), source::read(text, &children.collect()))
        });
        let root = source::read(root, &BTreeSet::from(["core".to_owned()]));
        let passed_on = root.paths.into_iter().filter_map(|path| {
            let first = path.segments.iter().find(|s| *s != "crate" && *s != "self");
            (first.is_some_and(|s| s == "core")).then(|| path.segments.last().cloned())?
        });
        Self {
            files: files.collect(),
            passed_on: passed_on.collect(),
        }
    }

    /// Resolves a path to a file and the name of the item in it. `None` outside of the tree.
    fn resolve(&self, file: &str, path: &source::Path) -> Option<(String, Option<String>)> {
        let mut at = module_of(file);
        at.extend(path.inline.iter().cloned());
        let mut rest = &path.segments[..];
        match &*rest[0] {
            "crate" => {
                at.clear();
                match rest.get(1).map(String::as_str) {
                    Some("core") => rest = &rest[2..],
                    Some(name) if self.passed_on.contains(name) => rest = &rest[1..],
                    _ => return None,
                }
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|s| s == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            name => {
                let mut child = at.clone();
                child.push(name.to_owned());
                self.file_of(&child)?;
            }
        }
        at.extend(rest.iter().cloned());
        (0..=at.len()).rev().find_map(|depth| {
            let file = self.file_of(&at[..depth])?;
            Some((file, at.get(depth).cloned()))
        })
    }

    fn file_of(&self, module: &[String]) -> Option<String> {
        let mut names = self.files.keys();
        names.find(|name| module_of(name) == module).cloned()
    }

    /// Every file that knows another, by a path, or by calling a method that the other file defines for the same type.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (file, source) in &self.files {
            let mut known = BTreeMap::new();
            for path in &source.paths {
                match self.resolve(file, path) {
                    Some((to, item)) if item.as_deref() != Some(WHOLE) || to != FRONT => {
                        let what = path.segments.join("::");
                        known.entry(to).or_insert(format!("{}: {what}", path.line));
                    }
                    _ => {}
                }
            }
            for (line, of, name) in &source.calls {
                let method = (of.clone(), name.clone());
                let has = |source: &Source| source.methods.contains(&method);
                let others = self.files.iter().filter(|(_, other)| has(other));
                for (to, _) in others.filter(|_| !has(source)) {
                    let how = format!("{line}: {of}::{name}");
                    known.entry(to.clone()).or_insert(how);
                }
            }
            known.remove(file);
            edges.insert(file.clone(), known);
        }
        edges
    }

    /// Methods outside of the file that defines their type. For the whole broker, methods outside of the permitted
    /// files.
    fn strange_methods(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (file, source) in &self.files {
            for (line, of) in &source.impls {
                let may = match &**of {
                    WHOLE => ACTS_FOR_THE_WHOLE.iter().any(|part| file.starts_with(part)),
                    _ => source.types.contains(of),
                };
                if !may {
                    found.push(format!("{file}:{line}: impl {of}"));
                }
            }
        }
        found
    }
}

/// `state/link.rs` is `state::link`, `state/mod.rs` is `state`.
fn module_of(file: &str) -> Vec<String> {
    let names = file.trim_end_matches(".rs").split('/');
    names
        .filter(|name| *name != "mod")
        .map(str::to_owned)
        .collect()
}

/// The files of a cycle in order, if there is one.
fn cycle(edges: &Edges) -> Option<Vec<String>> {
    fn visit<'a>(
        edges: &'a Edges,
        file: &'a str,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(from) = way.iter().position(|before| *before == file) {
            let files = way[from..].iter().chain([&file]);
            return Some(files.map(|file| (*file).to_owned()).collect());
        }
        if !done.insert(file) {
            return None;
        }
        way.push(file);
        let found = edges
            .get(file)
            .into_iter()
            .flatten()
            .find_map(|(to, _)| visit(edges, to, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    let mut files = edges.keys();
    files.find_map(|file| visit(edges, file, &mut Vec::new(), &mut done))
}

/// Describes a cycle: one line per file, with how it knows the next.
fn told(edges: &Edges, cycle: &[String]) -> String {
    let steps = cycle.windows(2);
    let lines =
        steps.map(|pair| format!("{}:{} ({})", pair[0], edges[&pair[0]][&pair[1]], pair[1]));
    lines.collect::<Vec<_>>().join("\n")
}

/// Files that know a room that they may not know.
fn strangers(edges: &Edges, rooms: &[(&str, &[&str])]) -> Vec<String> {
    let room = |file: &str| {
        let name = module_of(file).into_iter().next()?;
        rooms.iter().find(|(room, _)| *room == name).copied()
    };
    let mut found = Vec::new();
    for (file, known) in edges.iter().filter(|(file, _)| *file != FRONT) {
        for (to, how) in known {
            let may = match (room(file), room(to)) {
                (_, None) => to != FRONT,
                (None, Some(_)) => false,
                (Some((own, may)), Some((to, _))) => own == to || may.contains(&to),
            };
            if !may {
                found.push(format!("{file}:{how} ({to})"));
            }
        }
    }
    found
}

fn core() -> Tree {
    let folder = Path::new("broker/src/core");
    let texts: Vec<(String, String)> = sources(folder)
        .into_iter()
        .map(|file| {
            let below = file.strip_prefix(folder).expect("a file below the folder");
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            (parts.join("/"), read(&file))
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (&**n, &**t)).collect();
    assert!(texts.len() > ROOMS.len(), "the sources were not found");
    Tree::new(&texts, &read(Path::new("broker/src/lib.rs")))
}

#[test]
fn the_files_of_the_core_form_no_cycle() {
    let edges = core().edges();
    assert!(
        edges[FRONT].len() > ROOMS.len(),
        "the front knows its rooms"
    );
    if let Some(cycle) = cycle(&edges) {
        panic!("{}", told(&edges, &cycle));
    }
}

#[test]
fn a_room_of_the_core_knows_only_the_rooms_before_it() {
    let found = strangers(&core().edges(), ROOMS);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_the_front_of_the_core_and_its_packets_have_methods_of_the_broker() {
    let core = core();
    let of_the_whole = core.files[FRONT].impls.iter();
    assert!(of_the_whole.clone().any(|(_, of)| of == WHOLE));
    let found = core.strange_methods();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_cycle_of_paths_is_found() {
    let tree = |b: &str| {
        let texts = [
            (FRONT, "mod a; mod b; use self::a::f;"),
            ("a/mod.rs", "mod x; pub(crate) use self::x::f;"),
            ("a/x.rs", "pub(crate) fn f() { crate::core::b::g(); }"),
            ("b.rs", b),
        ];
        Tree::new(&texts, "")
    };
    let edges = tree("pub(crate) fn g() {} // super::a").edges();
    assert_eq!(cycle(&edges), None);
    for back in [
        "use super::a::f;",
        "use crate::core::{a::{self}};",
        "fn g() { super::a::f() }",
        "mod t { use super::super::a; }",
    ] {
        let edges = tree(back).edges();
        let found = cycle(&edges).expect("a cycle");
        assert_eq!(found, ["a/mod.rs", "a/x.rs", "b.rs", "a/mod.rs"], "{back}");
        assert!(told(&edges, &found).contains("crate::core::b::g"));
    }
}

#[test]
fn a_cycle_of_calls_is_found() {
    let packet = |name: &str, calls: &str| {
        format!("use crate::core::Broker; impl Broker {{ fn {name}(&self) {{ {calls} }} }}")
    };
    let tree = |calls: &str| {
        let front = "pub struct Broker; impl Broker { fn go(&self) { self.a() } }";
        let (a, b) = (packet("a", "self.b()"), packet("b", calls));
        Tree::new(
            &[(FRONT, front), ("packet/a.rs", &a), ("packet/b.rs", &b)],
            "",
        )
    };
    assert_eq!(cycle(&tree("self.b(); self.a.b()").edges()), None);
    let found = cycle(&tree("self.a()").edges());
    assert_eq!(found.map(|files| files.len()), Some(3));
    let found = cycle(&tree("Self::go(self)").edges());
    assert_eq!(found.map(|files| files.len()), Some(4));
}

#[test]
fn the_front_is_no_way_around() {
    let root = "pub mod core; pub use core::{Broker, Time}; pub use other::Thing;";
    let tree = |uses: &str| {
        let front = "mod a; use a::A; pub type Time = u8; pub struct Broker;";
        Tree::new(&[(FRONT, front), ("a.rs", uses)], root)
    };
    for fine in ["use crate::{Broker, Thing};", "use super::Broker;"] {
        assert_eq!(cycle(&tree(fine).edges()), None, "{fine}");
    }
    for around in ["use crate::Time;", "use super::Time;", "use super::*;"] {
        let edges = tree(around).edges();
        assert!(cycle(&edges).is_some(), "{around}");
        assert_eq!(strangers(&edges, &[]).len(), 1, "{around}");
    }
}

#[test]
fn a_room_that_knows_a_later_one_is_found() {
    let texts = [
        (FRONT, "use self::late::f;"),
        ("early/mod.rs", "use crate::core::late::f;"),
        (
            "late.rs",
            "use crate::core::early; use crate::core::beside;",
        ),
        ("beside.rs", "use super::early;"),
    ];
    let rooms: &[(&str, &[&str])] = &[("early", &[]), ("late", &["early"])];
    let found = strangers(&Tree::new(&texts, "").edges(), rooms);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("beside.rs") && found[1].starts_with("early/mod.rs"));
}

#[test]
fn methods_in_a_strange_file_are_found() {
    let texts = [
        (FRONT, "pub struct Broker; impl Broker {}"),
        (
            "packet/a.rs",
            "impl Broker {} struct A; impl From<B> for A {}",
        ),
        ("deliver/b.rs", "impl crate::core::Broker {}"),
        ("deliver/c.rs", "impl A { fn f(&self) {} }"),
    ];
    let found = Tree::new(&texts, "").strange_methods();
    assert_eq!(
        found,
        ["deliver/b.rs:1: impl Broker", "deliver/c.rs:1: impl A"]
    );
}
