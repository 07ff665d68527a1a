use std::path::Path;

use super::*;

#[path = "../../build/pack.rs"]
mod pack;

fn sample() -> BTreeMap<String, Vec<u8>> {
    let files = [
        ("scenarios/a.yaml", "title: a\n\nb\n"),
        ("snapshots/a[x y]@5.snap", "---\n---\n"),
        ("targets/empty.yaml", ""),
    ];
    let owned = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    owned.into_iter().collect()
}

#[test]
fn an_archive_gives_back_the_files_that_it_was_made_of() {
    let archive = pack::pack(&sample()).expect("packed");
    assert_eq!(archive::unpack(&archive).expect("unpacked"), sample());
    assert_eq!(pack::pack(&sample()).expect("packed again"), archive);
}

#[test]
fn a_release_is_read_as_it_is_written() {
    let cases = [("a/b[x y]", "3.1.1"), ("a/b[x y]", "5"), ("a/c", "5")];
    let text = list(
        cases
            .into_iter()
            .map(|(row, version)| (row.to_owned(), version)),
    );
    assert_eq!(text, "a/b[x y]@3.1.1,5\na/c@5\n");
    let release = release::parse(
        "2026.12",
        &format!("# A comment.\n{text}- a/d@5  # it was wrong\n"),
    );
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(
        release,
        Release {
            version: "2026.12".to_owned(),
            cases: ids(&["a/b[x y]@3.1.1", "a/b[x y]@5", "a/c@5"]),
            withdrawn: ids(&["a/d@5"]),
        }
    );
}

#[test]
fn a_damaged_archive_is_an_error() {
    let archive = pack::pack(&sample()).expect("packed");
    for length in [0, 1, archive.len() / 2, archive.len() - 1] {
        assert!(archive::unpack(&archive[..length]).is_err(), "{length}");
    }
}

#[test]
fn the_suite_has_scenarios_snapshots_and_targets_and_nothing_that_waits_for_a_review() {
    for path in [
        "scenarios/session/takeover.yaml",
        "./scenarios/session",
        "snapshots/session/takeover@5.snap",
        "snapshots/@mosquitto/profile.yaml",
        "targets/mosquitto.yaml",
    ] {
        assert!(has(Path::new(path)), "{path}");
    }
    for path in [
        "scenarios/nothing",
        "../scenarios",
        "/scenarios",
        "scenario",
        "Cargo.toml",
    ] {
        assert!(!has(Path::new(path)), "{path}");
    }
    assert!(!files().keys().any(|path| path.ends_with(".new")));
}

#[test]
fn a_folder_has_the_files_below_it_alone() {
    let found = below(Path::new("scenarios/session/"));
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|(path, _)| path.starts_with("scenarios/session"))
    );
    assert_eq!(below(Path::new("scenarios/sess")), []);
}
