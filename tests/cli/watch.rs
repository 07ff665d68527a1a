//! `run --watch`: what is played when a file changes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::program::{BINARY, PING, Program, WRONG, signal};

/// How long to wait until a change is seen.
const LIMIT: Duration = Duration::from_secs(60);

/// A running program and its output.
struct Watching<'p> {
    program: &'p Program,
    child: Child,
    lines: Receiver<String>,
}

impl<'p> Watching<'p> {
    fn start(program: &'p Program) -> Self {
        let mut child = program.start();
        let (tell, lines) = channel();
        let pipe = child.stdout.take().expect("a pipe");
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self {
            program,
            child,
            lines,
        }
    }

    /// Returns all output until the program waits for a change.
    fn until_it_waits(&mut self) -> String {
        let began = Instant::now();
        let mut all = String::new();
        loop {
            let left = LIMIT.saturating_sub(began.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("it does not wait: {all}"));
            all.push_str(&line);
            all.push('\n');
            if line.contains("; watching ") {
                return self.program.normal(&all);
            }
        }
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.program.path(name), content).expect("writing");
    }

    /// Interrupts the program as Ctrl-C does. Returns its exit code.
    fn interrupt(mut self) -> Option<i32> {
        signal("-INT", self.child.id());
        self.child.wait().expect("its end").code()
    }
}

fn project(arguments: &str) -> Program {
    Program::new(&format!("run --no-snapshots --no-github {arguments}"))
        .file("scenarios/basic/ping.yaml", PING)
        .file("scenarios/basic/wrong.yaml", WRONG)
        .env("NO_COLOR", "1")
        // Merge both streams into one pipe, so that the output is in order.
        .after("exec 2>&1")
}

#[test]
fn plays_the_scenario_that_changed() {
    let program = project("--watch");
    let mut watching = Watching::start(&program);
    let first = watching.until_it_waits();
    assert!(
        first.contains("basic/wrong@5") && first.contains("2 passed, 1 failed"),
        "{first}"
    );
    assert!(
        first.ends_with("exit code 1; watching scenarios; Ctrl-C to stop\n"),
        "{first}"
    );
    watching.write("scenarios/basic/ping.yaml", PING);
    let second = watching.until_it_waits();
    assert!(
        second.starts_with("playing scenarios/basic/ping.yaml\n"),
        "{second}"
    );
    assert!(
        second.contains("2 passed") && !second.contains("failed"),
        "{second}"
    );
    // An error is shown, and the command continues to watch.
    watching.write("scenarios/basic/ping.yaml", "title: [\n");
    let broken = watching.until_it_waits();
    assert_snapshot!("an_error_while_editing", broken);
    watching.write("scenarios/basic/ping.yaml", PING);
    let mended = watching.until_it_waits();
    assert!(
        mended.ends_with("exit code 0; watching scenarios; Ctrl-C to stop\n"),
        "{mended}"
    );
    // A new scenario is seen. Other files are ignored.
    watching.write("scenarios/basic/notes.md", "text");
    watching.write("scenarios/basic/.other.yaml", "text");
    watching.write("scenarios/basic/other.yaml", WRONG);
    let new = watching.until_it_waits();
    assert!(
        new.starts_with("playing scenarios/basic/other.yaml\n"),
        "{new}"
    );
    fs::remove_file(program.path("scenarios/basic/other.yaml")).expect("removing");
    let all = watching.until_it_waits();
    assert!(
        all.starts_with("playing all\n") && all.contains("basic/wrong@5"),
        "{all}"
    );
    assert_eq!(watching.interrupt(), Some(1));
}

#[test]
fn plays_all_when_the_defaults_change_and_reads_them_anew() {
    let program = project("--watch").file("mqtt-check.yaml", "filter: basic/ping\n");
    let mut watching = Watching::start(&program);
    let first = watching.until_it_waits();
    let end = "exit code 0; watching scenarios, mqtt-check.yaml; Ctrl-C to stop\n";
    assert!(
        first.ends_with(end) && first.contains("2 passed"),
        "{first}"
    );
    watching.write("mqtt-check.yaml", "filter: basic/wrong\n");
    let second = watching.until_it_waits();
    assert!(
        second.starts_with("playing all\n") && second.contains("1 failed"),
        "{second}"
    );
    watching.write("mqtt-check.yaml", "filtre: basic/wrong\n");
    let broken = watching.until_it_waits();
    assert!(
        broken.contains("filtre") && broken.contains("exit code 2; watching"),
        "{broken}"
    );
    watching.write("mqtt-check.yaml", "filter: basic/ping\n");
    let mended = watching.until_it_waits();
    assert!(mended.ends_with(end), "{mended}");
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn plays_all_when_the_target_changes() {
    let target = "title: Mine\nurl: mqtt://127.0.0.1:1\n";
    let program = project("--watch --target mine").file("targets/mine.yaml", target);
    let mut watching = Watching::start(&program);
    let first = watching.until_it_waits();
    let end = "exit code 3; watching scenarios, targets/mine.yaml; Ctrl-C to stop\n";
    assert!(first.ends_with(end), "{first}");
    let address = crate::served::serve(mqtt_check_broker::Faults::default());
    watching.write(
        "targets/mine.yaml",
        &format!("title: Mine\nurl: mqtt://{address}\n"),
    );
    let second = watching.until_it_waits();
    assert!(
        second.starts_with("playing all\n") && second.contains("2 passed"),
        "{second}"
    );
    assert_eq!(watching.interrupt(), Some(1));
}

#[test]
fn says_where_there_is_nothing_to_watch() {
    assert_snapshot!(Program::new("run --watch").run());
}

/// Uses `script` to give the program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn clears_the_screen_of_a_terminal_and_plays_all_on_enter() {
    let program = project("");
    let mut child = Command::new("script")
        .args([
            "-qec",
            // With `exec` the program replaces the shell, whichever it is, so its exit code is visible.
            &format!("exec '{BINARY}' run --watch --no-snapshots"),
            "/dev/null",
        ])
        .current_dir(program.path(""))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is installed");
    let (mut keys, mut screen) = (
        child.stdin.take().expect("a pipe"),
        child.stdout.take().expect("a pipe"),
    );
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = screen.read(&mut bytes) {
            let _ = tell.send(String::from_utf8_lossy(&bytes[..read]).into_owned());
        }
    });
    let mut shown = String::new();
    let mut until = |times: usize| {
        let began = Instant::now();
        while shown.matches("Enter plays all, Ctrl-C to stop").count() < times {
            let left = LIMIT.saturating_sub(began.elapsed());
            match told.recv_timeout(left) {
                Ok(more) => shown.push_str(&more),
                Err(_) => panic!("it does not wait: {shown}"),
            }
        }
        shown.clone()
    };
    let clear = "\u{1b}[H\u{1b}[2J\u{1b}[3J";
    let first = until(1);
    assert!(first.starts_with(clear), "{first:?}");
    keys.write_all(b"\n").expect("Enter");
    let second = until(2);
    assert_eq!(second.matches(clear).count(), 2, "{second:?}");
    assert!(second.contains("playing all"), "{second:?}");
    keys.write_all(b"\x03").expect("Ctrl-C");
    assert_eq!(child.wait().expect("its end").code(), Some(1));
}
