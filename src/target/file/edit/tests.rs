use std::path::Path;

use mqtt_check_codec::ProtocolVersion;

use super::*;
use crate::builtin;

const FILE: &str = "\
# A broker of ours.
url: mqtt://a   # at home
deviations:

  # Takeover
  - case:
      - session/takeover@5
      - 'will/takeover[*]@5'
    clause: [5 MQTT-3.1.4-3]
    came: >-
      The old connection is closed
      # without a DISCONNECT.
    why: It is asked for.   # see the wiki

  # Flags
  - case: packets/flags@5
    clause: 5 MQTT-2.1.3-1
    came: nothing
    why: It is malformed.
    log: it
settle: 200ms # it is slow
";

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source {
        path: "targets/a.yaml".into(),
        text: text.into(),
    })
}

fn read(text: &str) -> TargetFile {
    TargetFile::parse(&source(text), "a").expect("a sound file")
}

/// Edits a file with this text: removes the entries at these places and adds drafts.
fn edit(text: &str, gone: &[Place], drafts: &[Draft]) -> Result<Edited, NotEditable> {
    read(text).edited(&source(text), gone, drafts)
}

fn draft(case: &str) -> Draft {
    Draft {
        comment: "A draft".into(),
        cases: vec![case.into()],
        clauses: vec![Citation {
            version: ProtocolVersion::V5,
            id: "MQTT-3.1.2-8".into(),
        }],
        rule: None,
        came: "it's: nothing # that\u{1b}[31m \"would\" hold".into(),
        bytes: vec![
            ("a > c0 00".into(), "PINGREQ".into()),
            ("a silent 1s".into(), String::new()),
        ],
    }
}

#[test]
fn adds_a_draft_and_changes_nothing_else() {
    let edited = edit(FILE, &[], &[draft("will/a[b]@5")]).expect("editable");
    let added = "
  # A draft
  - case: will/a[b]@5
    clause: [5 MQTT-3.1.2-8]
    came: >-
      it's: nothing # that\\u{1b}[31m \"would\" hold
    why: TODO
    bytes:
      - a > c0 00  # PINGREQ
      - a silent 1s
";
    let expected = FILE.replace("    log: it\n", &format!("    log: it\n{added}"));
    assert_eq!(edited.text, expected);
    let file = read(&edited.text);
    assert!(file.deviations[2].is_to_do());
    assert_eq!(file.deviations[2].bytes.len(), 2);
}

#[test]
fn takes_an_entry_out_and_leaves_comments() {
    let file = read(FILE);
    let edited = edit(FILE, &[file.deviations[0].place], &[]).expect("editable");
    let start = FILE.find("  - case:\n").expect("an entry");
    let end = FILE.find("\n  # Flags").expect("a comment");
    let expected = format!("{}{}", &FILE[..start], &FILE[end..]);
    assert_eq!(edited.text, expected);
    assert_eq!(edited.comments_left, [5]);
}

#[test]
fn takes_all_out_and_begins_again() {
    let file = read(FILE);
    let places: Vec<Place> = file.deviations.iter().map(|d| d.place).collect();
    let edited = edit(FILE, &places, &[]).expect("editable");
    let empty = read(&edited.text);
    assert!(empty.deviations.is_empty());
    assert!(edited.text.contains("deviations: []\n"), "{}", edited.text);
    assert!(edited.text.ends_with("settle: 200ms # it is slow\n"));
    let drafts = [draft("a@5"), draft("b@5")];
    let again = edit(&edited.text, &[], &drafts).expect("editable");
    assert_eq!(read(&again.text).deviations.len(), 2);
    let exchanged = edit(FILE, &places, &[draft("a@5")]).expect("editable");
    assert_eq!(read(&exchanged.text).deviations.len(), 1);
}

#[test]
fn begins_a_list_where_there_is_none() {
    for text in [
        "url: mqtt://a",
        "url: mqtt://a\r\nsettle: 1s\r\n",
        "deviations: [] # none\nurl: mqtt://a\n",
    ] {
        let edited = edit(text, &[], &[draft("a@5"), draft("b@5")]).expect("editable");
        assert_eq!(read(&edited.text).deviations.len(), 2, "{}", edited.text);
        let lines = edited.text.lines().count();
        let returns = edited.text.matches("\r\n").count();
        assert_eq!(returns, if text.contains('\r') { lines } else { 0 });
    }
    let new = new_file("my broker", "mqtt://127.0.0.1:1883", &[draft("a@5")]);
    assert_eq!(read(&new).deviations.len(), 1);
    assert!(read(&new_file("a", "mqtt://a", &[])).deviations.is_empty());
}

#[test]
fn finds_the_end_of_an_entry_in_any_layout() {
    for text in [
        "url: mqtt://a\ndeviations:\n- case: a@5\n  clause: 5 MQTT-3.1.2-8\n  came: it\n  why: so\n- case: b@5\n  clause: 5 MQTT-3.1.2-8\n  came: it\n  why: so\n",
        "deviations:\n    -\n        # here\n        case: a@5\n        clause: 5 MQTT-3.1.2-8\n        came: it\n        why: so\n\n\n    - { case: b@5, clause: 5 MQTT-3.1.2-8, came: it, why: so }\nurl: mqtt://a",
    ] {
        let file = read(text);
        let edited = edit(text, &[file.deviations[0].place], &[draft("c@5")]);
        let file = read(&edited.expect("editable").text);
        let cases: Vec<&str> = file
            .deviations
            .iter()
            .map(|d| d.cases[0].as_str())
            .collect();
        assert_eq!(cases, ["b@5", "c@5"]);
    }
}

#[test]
fn every_target_file_of_the_suite_can_be_edited() {
    let mut files = 0;
    for (path, _) in builtin::below(Path::new("targets")) {
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let source = TargetFile::text_built_in(path).expect("it is there");
        let source = source.expect("a text");
        let file = TargetFile::parse(&source, "a").expect("a sound file");
        let edited = file.edited(&source, &[], &[]).expect("editable");
        assert_eq!(edited.text, source.text, "{}", path.display());
        let first: Vec<Place> = file.deviations.iter().map(|d| d.place).take(1).collect();
        let drafts = [draft("a@5"), draft("b@5")];
        let edited = file.edited(&source, &first, &drafts).expect("editable");
        let read = read(&edited.text);
        let kept = file.deviations.len() - first.len();
        assert_eq!(read.deviations.len(), kept + drafts.len());
        files += 1;
    }
    assert!(files >= 3, "{files}");
}

#[test]
fn keeps_passwords_as_they_are() {
    let text = format!("credentials: {{ me: secret }}\n{FILE}");
    let edited = edit(&text, &[], &[draft("connect/credentials[a]@5")]).expect("editable");
    assert!(edited.text.starts_with(&text[..60]), "{}", edited.text);
    let again = edit(&edited.text, &[], &[draft("b@5")]).expect("editable");
    assert!(again.text.starts_with(&text[..60]), "{}", again.text);
    let wrong = format!("{text}unknown: 1\n");
    let shown = TargetFile::parse(&source(&wrong), "a").expect_err("a wrong key");
    assert!(!shown[0].source.text.contains("secret"));
}

#[test]
fn refuses_a_list_on_one_line() {
    let text =
        "url: mqtt://a\ndeviations: [{ case: a@5, clause: 5 MQTT-3.1.2-8, came: it, why: so }]\n";
    let refused = edit(text, &[], &[draft("a@5")]).expect_err("on one line");
    assert!(refused.to_string().contains("targets/a.yaml"), "{refused}");
}
