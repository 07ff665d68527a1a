//! Runs the built program in its own folder, with a clean environment.

use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program that is tested: the one that cargo built for these tests, or another build of the same sources, whose
/// absolute path is in `TESTED_PROGRAM` when the tests are compiled.
pub(crate) const BINARY: &str = match option_env!("TESTED_PROGRAM") {
    Some(path) => path,
    None => env!("CARGO_BIN_EXE_mqtt-check"),
};

/// A program that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// A scenario with one case per version, which every broker passes.
pub(crate) const PING: &str = "\
title: A ping is answered
clients: { a: }
steps:
  - a: connect
  - a: ping
";

/// A scenario that no broker passes.
pub(crate) const WRONG: &str = "\
title: A ping is answered twice
versions: [5]
clients: { a: }
steps:
  - a: connect
  - a: ping
  - a: { expect: pingresp }
    clause: MQTT-3.12.4-1
    note: once is enough
";

/// The program, its folder and its arguments.
#[must_use = "nothing runs until `run` is called"]
pub(crate) struct Program {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    stdin: Vec<u8>,
    before: Option<&'static str>,
    inside: PathBuf,
}

impl Program {
    /// The program with these arguments, separated by spaces.
    pub(crate) fn new(arguments: &str) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            arguments: Vec::new(),
            environment: Vec::new(),
            stdin: Vec::new(),
            before: None,
            inside: PathBuf::new(),
        }
        .arguments(arguments)
    }

    /// Replaces the arguments by these, separated by spaces.
    pub(crate) fn arguments(mut self, arguments: &str) -> Self {
        self.arguments = arguments.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// Adds an argument, which may contain spaces.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// How many times this option is in the arguments.
    pub(crate) fn count_of(&self, option: &str) -> usize {
        self.arguments.iter().filter(|a| *a == option).count()
    }

    /// Writes a file to the folder.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("writing a file");
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// Starts the program in this subfolder.
    pub(crate) fn inside(mut self, folder: &str) -> Self {
        self.inside = self.path(folder);
        fs::create_dir_all(&self.inside).expect("a folder");
        self
    }

    /// Runs these shell commands before the program, in the same process.
    pub(crate) fn after(mut self, commands: &'static str) -> Self {
        self.before = Some(commands);
        self
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the program without waiting for it.
    pub(crate) fn start(&self) -> Child {
        let mut command = match self.before {
            None => Command::new(BINARY),
            Some(commands) => {
                let mut shell = Command::new("/bin/sh");
                shell
                    .arg("-c")
                    .arg(format!("{commands}; exec \"$0\" \"$@\""))
                    .arg(BINARY);
                shell
            }
        };
        command
            .args(&self.arguments)
            .current_dir(self.folder.path().join(&self.inside))
            .env_clear()
            .envs(self.environment.iter().map(|(k, v)| (*k, v.as_str())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self) -> Ended {
        self.finish(self.start())
    }

    /// Waits for the end of the program.
    pub(crate) fn finish(&self, mut child: Child) -> Ended {
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.stdin.clone();
        // A program that does not read its stdin closes the pipe.
        let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = wait(&mut child);
        feed.join().expect("feeding");
        let text = |bytes: std::thread::JoinHandle<Vec<u8>>| {
            let bytes = bytes.join().expect("reading");
            let text = String::from_utf8(bytes).expect("the program writes UTF-8");
            self.normal(&text)
        };
        Ended {
            exit: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }

    /// Replaces paths, times and ports, which differ between runs.
    pub(crate) fn normal(&self, text: &str) -> String {
        let folder = self.folder.path();
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let text = text
            .replace(&*real.to_string_lossy(), "[FOLDER]")
            .replace(&*folder.to_string_lossy(), "[FOLDER]");
        let hosts = ["127.0.0.1:", "localhost:", "[::1]:"];
        let on_the_network = hosts
            .iter()
            .any(|host| text.contains(&format!("://{host}")))
            || text.contains(" --target ");
        let text = hosts.iter().fold(text, |text, host| {
            replace_after(&text, host, "[PORT]", |c| c.is_ascii_digit())
        });
        let text = replace_times(&text);
        if on_the_network {
            replace_bytes(&replace_instants(&text))
        } else {
            text
        }
    }

    /// Every file in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.folder.path(), self.folder.path(), &mut found);
        found.sort();
        found
    }
}

/// Sends a signal such as `-TERM` to a process.
pub(crate) fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([name, &process.to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

fn list(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(root, &path, found);
        } else {
            let below = path.strip_prefix(root).expect("below the folder");
            found.push(below.to_string_lossy().into_owned());
        }
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("reading");
        }
        bytes
    })
}

fn wait(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("waiting") {
            return status;
        }
        if began.elapsed() > LIMIT {
            child.kill().expect("ending it");
            panic!("the program hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Replaces what follows `before` for as long as `is_part` accepts it.
fn replace_after(text: &str, before: &str, with: &str, is_part: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        out.push_str(head);
        let end = tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        out.push_str(if end > 0 { with } else { "" });
        rest = &tail[end..];
    }
    out + rest
}

/// Replaces times: `12 ms` and `1.25 s` in the summary, `"wall_us": 12` and `time="0.012"` in reports.
fn replace_times(text: &str) -> String {
    let number = |c: char| c.is_ascii_digit() || c == '.';
    let text = replace_after(text, "time=\"", "[TIME]", number);
    let text = ["wall_us", "start_us", "end_us"]
        .iter()
        .fold(text, |text, name| {
            replace_after(&text, &format!("\"{name}\": "), "[US]", number)
        });
    let date = |c: char| c.is_ascii_digit() || "-:TZ.".contains(c);
    let text = replace_after(&text, "\"started\": \"", "[DATE]", date);
    let text = replace_after(&text, "\"ended\": \"2", "[DATE]", date);
    text.lines()
        .map(|line| {
            let is_summary = line.contains(" case") && line.contains(" - ");
            let words: Vec<&str> = line.split(' ').collect();
            let mut out: Vec<&str> = Vec::new();
            for (n, word) in words.iter().enumerate() {
                let is_time = is_summary
                    && word.chars().all(number)
                    && matches!(words.get(n + 1), Some(&("ms" | "s")));
                out.push(if is_time { "[TIME]" } else { word });
            }
            out.join(" ").replace("[TIME] ms", "[TIME] s") + "\n"
        })
        .collect()
}

/// Replaces the times of packets, such as `0.001s`, which are exact only in virtual time.
fn replace_instants(text: &str) -> String {
    let is_instant = |word: &str| {
        let parts = word.strip_suffix('s').and_then(|w| w.split_once('.'));
        parts.is_some_and(|(whole, part)| {
            part.len() == 3
                && (whole.to_owned() + part)
                    .chars()
                    .all(|c| c.is_ascii_digit())
        })
    };
    text.lines()
        .map(|line| {
            let words = line
                .split(' ')
                .map(|w| if is_instant(w) { "[AT]" } else { w });
            words.collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect()
}

/// The largest number of bytes of a packet that cannot contain the run's prefix.
const WITHOUT_PREFIX: usize = 12;

/// Replaces lines with the bytes of packets that may contain the run's prefix.
fn replace_bytes(text: &str) -> String {
    let is_byte = |word: &str| word.len() == 2 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let is_hex = |line: &str| {
        // `10 1b … (29 bytes)` is a part of a packet.
        let mut parts = line.trim().splitn(2, ['…', '.']);
        let shown = parts.next().unwrap_or_default().trim();
        let is_long = parts.next().is_some() || shown.split(' ').count() > WITHOUT_PREFIX;
        is_long && shown.split(' ').all(is_byte)
    };
    text.lines()
        .map(|line| match is_hex(line) {
            true => {
                let indent = line.len() - line.trim_start().len();
                format!("{}[BYTES]\n", " ".repeat(indent))
            }
            false => format!("{line}\n"),
        })
        .collect()
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The case ids in the output of `list`.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let lines = self.stdout.lines();
        lines
            .filter_map(|line| line.split_whitespace().next())
            .collect()
    }

    /// Removes the packets of failures. On a network their order across connections is random.
    pub(crate) fn without_packets(mut self) -> Self {
        // The second and later lines of a packet are indented.
        let is_packet = |line: &&str| line.contains("[AT]") || line.starts_with(&" ".repeat(17));
        let rest = self.stdout.lines().filter(|line| !is_packet(line));
        self.stdout = rest.map(|line| format!("{line}\n")).collect();
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.exit {
            Some(code) => writeln!(f, "exit: {code}")?,
            None => writeln!(f, "exit: by a signal")?,
        }
        write!(
            f,
            "----- stdout\n{}----- stderr\n{}",
            self.stdout, self.stderr
        )
    }
}
