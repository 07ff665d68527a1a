//! No text makes the parser panic or hang.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use std::path::Path;

use super::samples;
use crate::diagnostic::{Source, Style, render};
use crate::scenario::library::decode;
use crate::scenario::parse;

/// Reads bytes as a scenario and renders the errors, within a time that no file may exceed.
fn survives(bytes: Vec<u8>) {
    let start = Instant::now();
    let found = match decode(Path::new("case.yaml"), bytes) {
        Ok(source) => parse(&source, "case").err().unwrap_or_default(),
        Err(diagnostic) => vec![*diagnostic],
    };
    for diagnostic in &found {
        assert!(!render(diagnostic, Style::Plain).is_empty());
    }
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "it took too long"
    );
}

fn sample_texts() -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for folder in ["good", "bad"] {
        for entry in std::fs::read_dir(samples(folder)).unwrap() {
            texts.push(std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
    texts.sort();
    texts
}

/// Fragments that have a meaning in YAML or in the language of scenarios.
const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    "\n- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "'",
    "\"",
    "&a ",
    "*a",
    "$i",
    "${i}",
    "$x + 1",
    "|",
    ">",
    "?",
    "!",
    "%",
    "#",
    "~",
    "---\n",
    "\t",
    "\u{FEFF}",
    "\u{0}",
    "é",
    "漢",
    "\r",
    "5:",
    "3.1.1:",
    "expect",
    "repeat",
    "times: 10000",
    "steps",
    "cases",
    "publish",
    "connect",
    "absent",
    "text",
    "override",
];

fn edit() -> impl Strategy<Value = (prop::sample::Index, u8, usize, prop::sample::Index)> {
    (
        any::<prop::sample::Index>(),
        0u8..4,
        0usize..12,
        any::<prop::sample::Index>(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(bytes);
    }

    #[test]
    fn random_pieces_do_no_harm(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        survives(pieces.concat().into_bytes());
    }

    #[test]
    fn changed_files_do_no_harm(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec(edit(), 1..6),
    ) {
        let texts = sample_texts();
        let mut text = which.get(&texts).clone();
        for (at, kind, length, piece) in edits {
            if text.is_empty() {
                break;
            }
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            let piece = piece.get(PIECES).bytes();
            match kind {
                0 => drop(text.splice(start..end, [])),
                1 => drop(text.splice(start..start, piece)),
                2 => drop(text.splice(start..end, piece)),
                _ => {
                    let copy = text[start..end].to_vec();
                    drop(text.splice(start..start, copy));
                }
            }
        }
        survives(text);
    }
}

#[test]
fn huge_files_do_no_harm() {
    let deep = "[".repeat(100_000);
    let wide = format!("title: [{}]", "x,".repeat(500_000));
    let steps = format!(
        "title: t\nclients: {{ a: }}\nsteps:\n{}",
        "- a: ping\n".repeat(90_000)
    );
    let row = "  r: { x: 1 }\n";
    let rows: String = (0..1_001)
        .map(|i| row.replace('r', &format!("r{i}")))
        .collect();
    let rows = format!("title: t\nclients: {{ a: }}\ncases:\n{rows}steps: [ a: {{ send: $x }} ]\n");
    let spread = format!(
        "title: t\nabout: &a [{}]\nclients: {{ a: }}\nsteps: [ a: {{ send: *a }} ]\n",
        "x,".repeat(50_000)
    );
    for text in [deep, wide, steps, rows, spread, "a".repeat(1_048_577)] {
        survives(text.into_bytes());
    }
}

#[test]
fn long_expressions_do_no_harm() {
    let source = Arc::new(Source {
        path: "case.yaml".to_owned(),
        text: format!(
            "title: t\nclients: {{ a: }}\nsteps: [ a: {{ publish: {{ topic: t, packet_id: {} }} }} ]\n",
            ["1"; 100_000].join("+")
        ),
    });
    assert_eq!(parse(&source, "case").unwrap_err().len(), 1);
}

/// Tries large numbers of everything that is looked up or compared.
#[test]
fn crowds_do_no_harm() {
    let list =
        |count: usize, item: &dyn Fn(usize) -> String| -> String { (0..count).map(item).collect() };
    let head = "title: t\nclients: { a: }\nsteps:\n";
    let keys = list(20_000, &|i| format!("key{i}: x\n"));
    let unknown = format!(
        "title: t\nclients:\n  a:\n{}steps: [ a: ping ]\n",
        list(15_000, &|i| format!("    key{i}: x\n"))
    );
    let pairs = list(15_000, &|i| format!("n{i}: v, "));
    let overrides = list(15_000, &|i| format!("'user_properties[{i}].name': 00, "));
    let lies = format!(
        "title: t\nversions: [5]\nclients: {{ a: }}\nsteps:\n- a: {{ publish: {{ topic: t, user_properties: {{ {pairs} }}, override: {{ {overrides} }} }} }}\n"
    );
    let unbound = format!(
        "{head}{}",
        list(5_000, &|i| format!(
            "- a: {{ publish: {{ topic: $name{i} }} }}\n"
        ))
    );
    let bound = format!(
        "{head}{}{}",
        list(2_500, &|i| format!(
            "- a: {{ expect: {{ publish: {{ topic: $name{i} }} }} }}\n"
        )),
        list(2_500, &|i| format!(
            "- a: {{ publish: {{ topic: $nam{i} }} }}\n"
        ))
    );
    let ids = list(5_000, &|i| format!("- {{ a: ping, id: step{i} }}\n"));
    let without = list(15_000, &|i| format!("stop{i}, "));
    let control =
        format!("{head}{ids}control: {{ without: [ {without} ], expect: [ a: publish ] }}\n");
    let values = list(20_000, &|i| format!("v{i}: x, "));
    let uses = list(5_000, &|i| {
        format!("- a: {{ publish: {{ topic: $v{i} }} }}\n")
    });
    let row =
        format!("title: t\nclients: {{ a: }}\ncases: {{ one: {{ {values} }} }}\nsteps:\n{uses}");
    let events = list(20_000, &|i| {
        format!("  - session.created: {{ client: c{i} }}\n")
    });
    let hooks = format!(
        "title: t\nneeds: [empty_client_id]\nclients: {{ a: {{ id: '' }} }}\nsteps:\n- hooks:\n{events}"
    );
    let long = format!(
        "title: t\nclients: {{ a: }}\nsteps: [ a: {} ]\n",
        "x".repeat(900_000)
    );
    let texts = [
        keys, unknown, lies, unbound, bound, control, row, hooks, long,
    ];
    for text in texts {
        assert!(text.len() <= 1024 * 1024, "{}", text.len());
        survives(text.into_bytes());
    }
}
