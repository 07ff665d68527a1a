//! Runs the commands of a page in order, starting in an empty folder, and checks that their output is as shown.
//!
//! A block ` ```console ` has commands after `$ `, each followed by its output. `…` alone on a line stands for any
//! number of lines, and within a line for any text. ` ```console background ` is a server in another terminal. It runs
//! until the next such block, or until the end of the page. Other blocks with ` file=PATH ` in their info are saved to
//! that file.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::page::{Block, Page};
use crate::program::{BINARY, signal};

#[test]
fn the_tutorial() {
    play("docs/tutorial.md");
}

#[test]
fn reading_a_failure() {
    play("docs/read-a-failure.md");
}

/// The port in the pages. The tests replace it with a free one.
const PORT: &str = "1883";

fn play(page: &str) {
    let page = Page::read(PathBuf::from(page));
    let mut desk = Desk::new();
    let mut commands = 0;
    for block in &page.blocks {
        let place = page.at(block.line);
        if let Some(path) = block.info.split(' ').find_map(|w| w.strip_prefix("file=")) {
            desk.save(path, block);
        } else if block.info == "console background" {
            desk.serve(block);
        } else if block.info == "console" {
            for (command, expected) in exchanges(block, &place) {
                commands += 1;
                let came = desk.run(command);
                if let Err(line) = compare(&expected, &came) {
                    panic!(
                        "{place}: after `{command}` the page has\n  {line}\nbut what came is\n{came}"
                    );
                }
            }
        }
    }
    assert!(commands > 0, "{} has no commands", page.path.display());
}

/// Each command with its expected output.
fn exchanges<'a>(block: &'a Block, place: &str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command, Vec::new())),
            (None, Some((_, lines))) => lines.push(line.trim_end()),
            (None, None) => panic!("{place}: text before the first command"),
        }
    }
    found
}

/// Checks that the output has all these lines. Otherwise returns the first missing one.
fn compare<'a>(expected: &[&'a str], came: &str) -> Result<(), &'a str> {
    let came: Vec<_> = came.lines().map(str::trim_end).collect();
    let mut at = 0;
    let mut anything = false;
    for line in expected {
        if *line == "…" {
            anything = true;
            continue;
        }
        let found = came[at..].iter().position(|other| alike(line, other));
        match found {
            Some(0) => at += 1,
            Some(further) if anything => at += further + 1,
            _ => return Err(line),
        }
        anything = false;
    }
    match anything || at == came.len() {
        true => Ok(()),
        false => Err("the end of the output"),
    }
}

/// Compares lines, where `…` stands for any text.
fn alike(expected: &str, came: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = came.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A folder for the commands of a page, and perhaps a running broker.
struct Desk {
    folder: TempDir,
    port: String,
    exit: i32,
    server: Option<Child>,
}

impl Desk {
    fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            port: free.local_addr().expect("an address").port().to_string(),
            exit: 0,
            server: None,
        }
    }

    fn save(&self, path: &str, block: &Block) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, block.text.replace(PORT, &self.port)).expect("writing");
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("/bin/sh");
        let program = Path::new(BINARY);
        let mut path = program.parent().expect("a folder").as_os_str().to_owned();
        path.push(":/usr/local/bin:/usr/bin:/bin");
        let command = command.replace(PORT, &self.port);
        shell
            .arg("-c")
            .arg(format!("(exit {}); {command}", self.exit))
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        shell
    }

    /// Runs a command. Returns its stdout, followed by its stderr.
    fn run(&mut self, command: &str) -> String {
        let output = self.shell(command).output().expect("a shell");
        self.exit = output.status.code().unwrap_or(-1);
        let mut text = String::from_utf8(output.stdout).expect("UTF-8");
        text.push_str(&String::from_utf8(output.stderr).expect("UTF-8"));
        text.replace(&self.port, PORT)
    }

    fn serve(&mut self, block: &Block) {
        self.stop();
        let command = block.text.lines().find_map(|l| l.strip_prefix("$ "));
        let command = format!("exec {}", command.expect("a command"));
        let mut shell = self.shell(&command);
        let server = shell.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.server = Some(server.expect("a server"));
        let begun = Instant::now();
        while std::net::TcpStream::connect(format!("127.0.0.1:{}", self.port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no server at its port"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("-INT", server.id());
            server.wait().expect("its end");
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop();
    }
}
