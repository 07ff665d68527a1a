#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod facts;
mod folders;
mod reference;
mod robustness;
mod schema;

use std::path::{Path, PathBuf};

use super::{load, parse};
use crate::diagnostic::{Diagnostic, Style, render};

fn rendered(found: &[Diagnostic]) -> String {
    let texts: Vec<_> = found.iter().map(|d| render(d, Style::Plain)).collect();
    texts.join("\n")
}

fn samples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/scenario/tests/samples")
        .join(folder)
}

#[test]
fn reads_every_good_sample() {
    let scenes = load(&[samples("good")]);
    if let Err(found) = &scenes {
        panic!("{}", rendered(found));
    }
    assert!(!scenes.unwrap().is_empty());
}

#[test]
fn gives_a_case_for_every_row_and_version() {
    let ids: Vec<_> = load(&[samples("good")])
        .unwrap()
        .iter()
        .map(|scene| scene.id.to_string())
        .filter(|id| {
            id.starts_with("rows") || id.starts_with("redirect") || id.starts_with("every")
        })
        .collect();
    assert_eq!(
        ids,
        [
            "everything@3.1",
            "everything@3.1.1",
            "everything@5",
            "redirect@5",
            "rows[reserved-flag]@3.1.1",
            "rows[reserved-flag]@5",
            "rows[wrong-name]@3.1.1",
            "rows[wrong-name]@5",
        ]
    );
}

/// Compares all errors of each bad sample with the snapshot of its name.
#[test]
fn reports_the_errors_of_every_bad_sample() {
    let mut names: Vec<_> = std::fs::read_dir(samples("bad"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let path = samples("bad").join(&name);
        let bytes = std::fs::read(&path).unwrap();
        let found = super::library::decode(Path::new(&name), bytes)
            .map_err(|d| vec![*d])
            .and_then(|source| parse(&source, "folder/case"));
        let text = match found {
            Ok(_) => panic!("{name} is good"),
            Err(found) => rendered(&found),
        };
        insta::with_settings!({ snapshot_suffix => name.clone(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("bad", text);
        });
    }
}
