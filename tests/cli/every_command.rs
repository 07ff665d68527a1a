//! The whole output of every command on narrow and wide terminals, with colour and without.
//!
//! There is one row per command; a test checks that none is missing. If a text is the same at another width, or has no
//! colour, the record says so instead of repeating it.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use crate::program::{Ended, PING, Program, WRONG};

/// An address without a broker.
const NOWHERE: &str = "mqtt://127.0.0.1:1";

/// A command line, and the folder that it runs in.
struct Row {
    name: &'static str,
    arguments: &'static str,
    before: fn() -> Program,
    /// How many lines are recorded. For output for programs, and output that changes with every scenario, only the
    /// beginning.
    lines: usize,
}

const ALL: usize = usize::MAX;

const ROWS: &[Row] = &[
    row("run", "run --no-github", project),
    row(
        "baseline",
        "baseline mine --broker mqtt://127.0.0.1:1",
        project,
    ),
    row("probe", "probe mqtt://127.0.0.1:1", empty),
    row("init", "init new", empty),
    row("list", "list", project),
    row("check", "check", project),
    row("report", "report r.json", reported),
    row("merge", "merge part-1.json part-2.json", sharded),
    row("compare", "compare right.json r.json", compared),
    row("view", "view r.json --no-open --output page.html", reported),
    row("review", "review", pending),
    row("accept", "accept", pending),
    row("reject", "reject", pending),
    row("mutants", "mutants scenarios --fault no-pingresp", right),
    begin("clauses", 24, "clauses scenarios", project),
    row("explain", "explain basic/ping", project),
    begin("targets", 3, "targets", empty),
    row("targets-mine", "targets mine", target),
    begin("suite", 3, "suite", empty),
    begin("schema", 8, "schema scenario", empty),
    row(
        "decode",
        "decode 101000044d5154540502003c00000361626310",
        empty,
    ),
    row("broker", "broker --config none.yaml", empty),
    begin("completions", 8, "completions bash", empty),
    begin("man", 8, "man", empty),
];

const fn row(name: &'static str, arguments: &'static str, before: fn() -> Program) -> Row {
    Row {
        name,
        arguments,
        before,
        lines: ALL,
    }
}

const fn begin(
    name: &'static str,
    lines: usize,
    arguments: &'static str,
    before: fn() -> Program,
) -> Row {
    Row {
        lines,
        ..row(name, arguments, before)
    }
}

fn empty() -> Program {
    Program::new("")
}

fn right() -> Program {
    empty().file("scenarios/basic/ping.yaml", PING)
}

fn project() -> Program {
    right().file("scenarios/basic/wrong.yaml", WRONG)
}

/// A folder with its own target.
fn target() -> Program {
    const MINE: &str = "\
title: Mine
version: 1.2.3
url: mqtt://127.0.0.1:1
lacks:
  retain: it keeps no messages that are published, and it says so in its documentation, where a table lists what it has
deviations: []
";
    empty().file("targets/mine.yaml", MINE)
}

/// Runs this command first.
fn after(program: Program, arguments: &str) -> Program {
    let program = program.arguments(arguments);
    let ended = program.run();
    assert!(matches!(ended.exit, Some(0 | 1)), "{ended}");
    program
}

fn reported() -> Program {
    after(
        project(),
        "run --no-github --no-snapshots --report json=r.json",
    )
}

fn compared() -> Program {
    let others = "run --no-github --no-snapshots --exclude basic/wrong --report json=right.json";
    after(reported(), others)
}

fn sharded() -> Program {
    let part = |n: usize| {
        format!("run --no-github --no-snapshots --shard {n}/2 --report json=part-{n}.json")
    };
    after(after(project(), &part(1)), &part(2))
}

fn pending() -> Program {
    after(project(), "run --no-github")
}

fn played(row: &Row, columns: &str, colour: &str) -> Ended {
    let arguments = format!("{} --color {colour}", row.arguments);
    let program = (row.before)().arguments(&arguments);
    program.env("COLUMNS", columns).run()
}

/// The text with visible colours: `‹1;31›bad‹0›`.
fn visible(ended: &Ended, lines: usize) -> String {
    let text = ended.to_string().replace("\u{1b}[", "‹");
    let mut out = String::new();
    for line in text.lines().take(lines) {
        let mut in_colour = false;
        for c in line.chars() {
            in_colour |= c == '‹';
            let ends = in_colour && c == 'm';
            out.push(if ends { '›' } else { c });
            in_colour &= !ends;
        }
        out.push('\n');
    }
    out
}

/// The text without its colours.
fn plain(text: &str) -> String {
    let mut parts = text.split('‹');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        out + part.split_once('›').map_or(part, |(_, rest)| rest)
    })
}

#[test]
fn writes_the_same_in_colour() {
    for row in ROWS {
        let [narrow, wide] = ["80", "200"].map(|columns| {
            let bare = visible(&played(row, columns, "never"), row.lines);
            let coloured = visible(&played(row, columns, "always"), row.lines);
            assert!(!bare.contains('‹'), "{}: {bare}", row.name);
            assert_eq!(plain(&coloured), bare, "{}", row.name);
            (bare, coloured)
        });
        let same = "(the same)\n".to_owned();
        let mut record = format!("$ mqtt-check {}\n", row.arguments);
        for (title, text, other) in [
            ("80 columns", &narrow.0, None),
            ("80 columns, colour", &narrow.1, Some(&narrow.0)),
            ("200 columns", &wide.0, Some(&narrow.0)),
            ("200 columns, colour", &wide.1, Some(&narrow.1)),
        ] {
            let text = if other == Some(text) { &same } else { text };
            record.push_str(&format!("===== {title}\n{text}"));
        }
        assert_snapshot!(row.name, record);
    }
}

/// Checks tables and wrapped texts. Texts with names and paths are never broken.
#[test]
fn tables_are_not_wider_than_the_terminal() {
    for arguments in [
        "clauses",
        "targets",
        "targets mosquitto nats aedes",
        "run --filter basic/ping",
    ] {
        for columns in [80, 120, 200] {
            let program = Program::new(arguments).env("COLUMNS", &columns.to_string());
            let program = program.file("scenarios/basic/ping.yaml", PING);
            let ended = program.run();
            // Sentences are not wrapped, so that they can be searched for. Tables are checked.
            let is_sentence = |line: &str| line.contains(" proven (") || line.contains(" cases: ");
            let lines = ended.stdout.lines().filter(|line| !is_sentence(line));
            let longest = lines
                .max_by_key(|line| line.chars().count())
                .unwrap_or_default();
            assert!(
                longest.chars().count() <= columns,
                "{arguments} at {columns}: {longest}"
            );
            let words = ended.stdout.split_whitespace();
            assert!(
                !words.clone().any(|word| word == "SUBSCRI"),
                "a word is broken: {ended}"
            );
        }
    }
}

#[test]
fn has_every_command() {
    let command = mqtt_check::cli::command();
    let known: BTreeSet<&str> = command.get_subcommands().map(|c| c.get_name()).collect();
    let of_row = |row: &Row| row.arguments.split(' ').next().unwrap_or_default();
    let shown: BTreeSet<&str> = ROWS.iter().map(of_row).collect();
    assert_eq!(shown, known);
    assert!(ROWS.iter().any(|row| row.arguments.contains(NOWHERE)));
}

#[test]
fn the_help_of_every_command_fits() {
    let command = mqtt_check::cli::command();
    let names = command
        .get_subcommands()
        .map(|c| format!("{} --help", c.get_name()));
    for arguments in names.chain(["--help".to_owned()]) {
        for (columns, most) in [("80", 80), ("200", 100)] {
            let ended = Program::new(&arguments).env("COLUMNS", columns).run();
            assert_eq!(ended.exit, Some(0), "{ended}");
            let longest = ended.stdout.lines().max_by_key(|line| line.chars().count());
            let longest = longest.unwrap_or_default();
            assert!(
                longest.chars().count() <= most,
                "{arguments} at {columns}: {longest}"
            );
        }
    }
}
