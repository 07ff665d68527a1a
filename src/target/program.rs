//! One program of a broker that we start. It has its own folder, free ports, and a guard that ends all of its processes
//! however our own program ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::control::CLIENT;
use super::file::{ARGUMENTS, CONFIG, FOLDER, HOOK_URL, Start, place_word, places};
use super::guard::{Guard, MARK};
use super::settings::Filling;

/// How long a program may take to end before it is killed. Its guard waits equally long.
const ENDING: Duration = Duration::from_secs(5);
/// The polling interval of all waits.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Waits for a line before it becomes the broker, so that no broker runs without a guard. Some packages install brokers
/// in folders that are only on root's PATH.
const LAUNCH: &str = r#"
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/usr/local/sbin
export PATH
read -r _ || exit 1
exec "$@" </dev/null
"#;

/// Runs a command with the folders on PATH in which packages install brokers' tools.
const RUN: &str = r#"
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/usr/local/sbin
export PATH
exec "$@"
"#;

/// One program of a broker, and its guard.
pub(super) struct Program {
    broker: Child,
    guard: Guard,
    pub(super) folder: TempDir,
    pub(super) log: PathBuf,
    /// The node that it belongs to, if the target file says so.
    pub(super) node: Option<usize>,
    /// The program and its arguments.
    command: Vec<String>,
    environment: Vec<(String, String)>,
    stop: Option<Vec<String>>,
    after: Vec<Vec<String>>,
    kick: Vec<String>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("process", &self.broker.id())
            .finish_non_exhaustive()
    }
}

impl Program {
    pub(super) fn spawn(
        start: &Start,
        ports: &Ports<'_>,
        hook_url: &str,
        filling: &Filling,
    ) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("mqtt-check-")
            .tempdir()
            .map_err(|error| format!("failed to make a folder for it: {error}"))?;
        let filled = Filled {
            ports,
            config: folder.path().join("config").display().to_string(),
            folder: folder.path().display().to_string(),
            hook_url,
        };
        if let Some(config) = &start.config {
            write(
                Path::new(&filled.config),
                &filled.text(&placed(config, filling)),
            )
            .map_err(|error| format!("failed to write its configuration: {error}"))?;
        }
        for (name, text) in &filling.files {
            write(&folder.path().join(name), &filled.text(text))
                .map_err(|error| format!("failed to write its file {name}: {error}"))?;
        }
        for command in &filling.before {
            finish(&filled.words(command), folder.path(), start.ready_within)?;
        }
        let mut command = Vec::with_capacity(start.command.len());
        for word in &start.command {
            match word == ARGUMENTS {
                true => command.extend(filled.words(&filling.arguments)),
                false => command.push(filled.text(word)),
            }
        }
        let named = filling.environment.iter();
        let environment = named.map(|(name, text)| (name.clone(), filled.text(text)));
        let environment: Vec<(String, String)> = environment.collect();
        let log = folder.path().join("log");
        let (broker, guard) = launch(folder.path(), &command, &environment, &log)?;
        Ok(Self {
            broker,
            guard,
            log,
            node: start.node,
            command,
            environment,
            stop: start.stop.as_ref().map(|words| filled.words(words)),
            after: filling
                .after
                .iter()
                .map(|words| filled.words(words))
                .collect(),
            kick: filled.words(&filling.kick),
            folder,
        })
    }

    /// Ends the connection of this client.
    pub(super) fn kick(&self, client: &str) -> Result<(), String> {
        if self.kick.is_empty() {
            return Err("the target file does not specify how".to_owned());
        }
        let named = self.kick.iter().map(|word| word.replace(CLIENT, client));
        let words: Vec<String> = named.collect();
        finish(&words, self.folder.path(), ENDING)
    }

    /// Runs the commands that must run once the broker answers.
    pub(super) fn run_after(&self, within: Duration) -> Result<(), String> {
        let mut commands = self.after.iter();
        commands.try_for_each(|command| finish(command, self.folder.path(), within))
    }

    /// Stops the program, and keeps its folder for [`start_again`](Self::start_again).
    pub(super) fn halt(&mut self) -> Result<(), String> {
        if self.ended().is_none() && self.stop_by_command() {
            self.wait_for_end(ENDING);
        }
        // Also ends processes that the program has left behind.
        self.guard.end()?;
        self.reap()
    }

    /// Kills the program, and keeps its folder for [`start_again`](Self::start_again).
    pub(super) fn kill(&mut self) -> Result<(), String> {
        self.guard.kill()?;
        self.reap()
    }

    /// Halts all of its processes, which then do nothing.
    pub(super) fn pause(&mut self) -> Result<(), String> {
        self.guard.pause()
    }

    /// Lets its processes continue.
    pub(super) fn go_on(&mut self) -> Result<(), String> {
        self.guard.go_on()
    }

    fn reap(&mut self) -> Result<(), String> {
        match self.wait_for_end(ENDING) {
            true => Ok(()),
            false => Err("it does not exit, not even after SIGKILL".to_owned()),
        }
    }

    /// Starts the program again in the same folder, once all of its processes have ended.
    pub(super) fn start_again(&mut self) -> Result<(), String> {
        self.guard.end()?;
        let (folder, log) = (self.folder.path(), &self.log);
        let (broker, guard) = launch(folder, &self.command, &self.environment, log)?;
        self.broker = broker;
        // Until now the old guard has protected the folder.
        std::mem::replace(&mut self.guard, guard).leave();
        Ok(())
    }

    /// Runs the stop command, if there is one. Returns whether it succeeded.
    fn stop_by_command(&self) -> bool {
        let Some(words) = &self.stop else {
            return false;
        };
        finish(words, self.folder.path(), ENDING).is_ok()
    }

    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.broker.try_wait().ok()??;
        Some(match (status.code(), signal_of(status)) {
            (Some(127), _) => "program not found".to_owned(),
            (Some(code), _) => format!("it exited with code {code}"),
            (None, Some(signal)) => format!("it was killed by signal {signal}"),
            (None, None) => "it was killed by a signal".to_owned(),
        })
    }

    pub(super) fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn wait_for_end(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if matches!(self.broker.try_wait(), Ok(Some(_)) | Err(_)) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // If the stop command does not work, the guard ends the program.
        if self.ended().is_none() && self.stop_by_command() {
            self.wait_for_end(ENDING);
        }
        let Self { broker, guard, .. } = self;
        guard.finish(|| drop(broker.try_wait()));
        self.wait_for_end(LOOK);
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

/// Fills the lines of the settings into the placeholders of a configuration.
fn placed(config: &str, filling: &Filling) -> String {
    let names = places(config);
    names.iter().fold(config.to_owned(), |text, name| {
        let lines = filling.config.get(*name).map_or("", String::as_str);
        text.replace(&place_word(name), lines)
    })
}

/// Runs a command, which must succeed within this time.
fn finish(words: &[String], folder: &Path, within: Duration) -> Result<(), String> {
    let shown = words.first().map_or("", String::as_str);
    let failed = |problem: String| format!("`{shown}` {problem}");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", RUN, "run"])
        .args(words)
        .current_dir(folder)
        .env(MARK, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("does not start: {error}")))?;
    let deadline = Instant::now() + within;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let mut output = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut output);
                }
                return Err(failed(format!("failed ({status}): {}", output.trim())));
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(LOOK / 5),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(format!(
                    "did not exit within {} s",
                    within.as_secs_f32()
                )));
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    }
}

/// The port for each placeholder.
pub(super) type Ports<'w> = BTreeMap<&'w str, u16>;

pub(super) fn with_ports(text: &str, ports: &Ports<'_>) -> String {
    ports.iter().fold(text.to_owned(), |text, (word, port)| {
        text.replace(word, &port.to_string())
    })
}

/// The values of the placeholders.
struct Filled<'p> {
    ports: &'p Ports<'p>,
    config: String,
    folder: String,
    hook_url: &'p str,
}

impl Filled<'_> {
    fn text(&self, text: &str) -> String {
        with_ports(text, self.ports)
            .replace(CONFIG, &self.config)
            .replace(FOLDER, &self.folder)
            .replace(HOOK_URL, self.hook_url)
    }

    fn words(&self, words: &[String]) -> Vec<String> {
        words.iter().map(|word| self.text(word)).collect()
    }
}

/// Ports that were given to brokers in this run. They are not reused, not even while a broker restarts.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Finds a free port of 127.0.0.1 for each placeholder. All are kept open until the last is found, so that they differ.
pub(super) fn free_ports<'w>(words: &BTreeSet<&'w str>) -> io::Result<Ports<'w>> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut listeners = Vec::with_capacity(words.len());
    let mut ports = Ports::new();
    for word in words {
        let port = loop {
            let listener = listen_somewhere()?;
            let port = listener.local_addr()?.port();
            listeners.push(listener);
            if given.insert(port) {
                break port;
            }
        };
        ports.insert(word, port);
    }
    Ok(ports)
}

/// The range to try first. Linux uses ports from 32768 on for outgoing connections, and one of these could take the
/// port of a broker that is restarting.
const QUIET_PORTS: Range<u16> = 16_384..32_768;
/// How many ports of this range to try.
const TRIES: usize = 64;

fn listen_somewhere() -> io::Result<TcpListener> {
    let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let mut tried = (0..TRIES).map(|_| {
        let number = RandomState::new().build_hasher().finish();
        let offset = number % u64::from(QUIET_PORTS.end - QUIET_PORTS.start);
        at(QUIET_PORTS.start + u16::try_from(offset).unwrap_or_default())
    });
    tried.find_map(Result::ok).map_or_else(|| at(0), Ok)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.flush()
}

/// Starts a program. Its guard starts before the program does anything.
fn launch(
    folder: &Path,
    words: &[String],
    environment: &[(String, String)],
    log: &Path,
) -> Result<(Child, Guard), String> {
    let failed = |error: io::Error| {
        let program = words.first().map_or("", String::as_str);
        format!("failed to start `{program}`: {error}")
    };
    let out = File::options().create(true).append(true).open(log);
    let out = out.map_err(failed)?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", LAUNCH, "launch"])
        .args(words)
        .envs(environment.iter().map(|(name, text)| (name, text)))
        .env(MARK, folder)
        .stdin(Stdio::piped())
        .stdout(out.try_clone().map_err(failed)?)
        .stderr(out);
    // Ctrl-C must not reach the broker. It is still needed to clean up after the cases.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut broker = command.spawn().map_err(failed)?;
    let go = broker.stdin.take();
    let guarded = Guard::spawn(folder, broker.id()).and_then(|guard| {
        go.ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"\n")?;
        Ok(guard)
    });
    match guarded {
        Ok(guard) => Ok((broker, guard)),
        Err(error) => {
            // Without the line on stdin it does nothing, so it can be killed.
            let _ = broker.kill();
            let _ = broker.wait();
            Err(failed(error))
        }
    }
}
