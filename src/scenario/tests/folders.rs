//! Which files are read, and which ids their cases have.

use std::fs;
use std::path::PathBuf;

use crate::scenario::load;

fn scenario(title: &str) -> String {
    format!("title: {title}\nversions: [5]\nclients: {{ a: }}\nsteps: [ a: connect ]\n")
}

/// Makes a folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// Returns the ids of all cases, or the titles of all errors.
fn read(paths: &[PathBuf]) -> Vec<String> {
    match load(paths) {
        Ok(scenes) => scenes.iter().map(|scene| scene.id.to_string()).collect(),
        Err(found) => found.iter().map(|d| d.title.clone()).collect(),
    }
}

fn below(folder: &tempfile::TempDir, path: &str) -> PathBuf {
    folder.path().join(path)
}

#[test]
fn reads_folders_in_the_order_of_ids() {
    let t = scenario("t");
    let root = folder(&[
        ("b.yaml", &t),
        ("a/z.yml", &t),
        ("a/b/c.yaml", &t),
        (".hidden.yaml", "nonsense"),
        (".git/x.yaml", "nonsense"),
        ("a/readme.md", "nonsense"),
    ]);
    assert_eq!(read(&[root.path().to_owned()]), ["a/b/c@5", "a/z@5", "b@5"]);
    assert_eq!(read(&[below(&root, "a")]), ["b/c@5", "z@5"]);
}

#[test]
fn ids_count_from_the_folder_scenarios_above_what_is_named() {
    let root = folder(&[
        ("scenarios/will/delay.yaml", &scenario("t")),
        ("x/y.yaml", &scenario("t")),
    ]);
    let named = [
        below(&root, "scenarios/will/delay.yaml"),
        below(&root, "x/y.yaml"),
    ];
    assert_eq!(read(&named), ["will/delay@5", "y@5"]);
    assert_eq!(read(&[below(&root, "scenarios/will")]), ["will/delay@5"]);
    assert_eq!(read(&[below(&root, "scenarios")]), ["will/delay@5"]);
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let root = folder(&[("scenarios/a.yaml", &scenario("t"))]);
    let paths = [below(&root, "scenarios"), below(&root, "scenarios/a.yaml")];
    assert_eq!(read(&paths), ["a@5"]);
}

#[test]
fn one_id_belongs_to_one_file() {
    let root = folder(&[("a.yaml", &scenario("t")), ("a.yml", &scenario("t"))]);
    let found = load(&[root.path().to_owned()]).expect_err("two files of one id");
    assert_eq!(found[0].title, "another file already has the id `a`");
    assert!(found[0].source.path.ends_with("a.yml"));
    assert!(
        found[0]
            .label
            .as_deref()
            .is_some_and(|l| l.ends_with("a.yaml"))
    );
}

#[test]
fn reports_unreadable_paths() {
    let root = folder(&[("empty/readme.md", ""), ("a b.yaml", &scenario("t"))]);
    assert_eq!(
        read(&[below(&root, "nowhere")]),
        ["there is no such file or folder"]
    );
    assert_eq!(
        read(&[below(&root, "empty")]),
        ["no scenario in this folder"]
    );
    assert_eq!(
        read(&[below(&root, "a b.yaml")]),
        ["this name cannot be part of an id"]
    );
    assert_eq!(
        read(&[PathBuf::from("/dev/null")]),
        ["cannot be read: not a regular file"]
    );
}

#[test]
fn shows_the_errors_of_all_files() {
    let root = folder(&[
        ("a.yaml", "title: t\n"),
        ("b.yaml", ""),
        ("c.yaml", &scenario("t")),
    ]);
    assert_eq!(
        read(&[root.path().to_owned()]),
        [
            "a scenario without `clients`",
            "a scenario without `steps`",
            "the file is empty"
        ]
    );
}

#[test]
fn a_byte_order_mark_is_no_text() {
    let text = format!("\u{FEFF}{}", scenario("t"));
    let root = folder(&[("a.yaml", &text)]);
    assert_eq!(read(&[root.path().to_owned()]), ["a@5"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_linked_into_itself_is_read_once() {
    let root = folder(&[("a/b.yaml", &scenario("t"))]);
    for name in ["one", "two", "three"] {
        std::os::unix::fs::symlink(root.path(), below(&root, &format!("a/{name}")))
            .expect("a link");
    }
    assert_eq!(read(&[root.path().to_owned()]), ["a/b@5"]);
}
