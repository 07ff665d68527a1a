//! A broker that we start ourselves: on a free port, in a folder of its own, watched by a shell that ends it when we
//! end, however we end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::file::{CONFIG, FOLDER, HOOK_URL, Start, TargetFile, port_words};
use super::hooks::{Feed, Kind, Sink, Surroundings};
use super::{Access, External, StartError};
use crate::transcript::Secrets;
use crate::transport::{Endpoint, Scheme};

/// How often a broker is started that ends before it answers: the port may have been taken meanwhile.
const ATTEMPTS: usize = 3;
/// How long it may take to end before it is killed. The shell below counts the same in tenths of a second.
const ENDING: Duration = Duration::from_secs(5);
/// How often somebody looks.
const LOOK: Duration = Duration::from_millis(10);
/// How much of the log an error shows, in lines.
const LOG_LINES: usize = 12;

/// Starts the broker and waits for the end of its own standard input, which comes when we let go of it or are no
/// more. A job in the background reads from nowhere, so the input goes by another number. Packages put brokers where
/// only root's PATH looks. The folder goes with the broker when we have let go of it: nobody else may be left to do so.
const GUARD: &str = r#"
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/usr/local/sbin
export PATH
folder=$1
shift
exec 3<&0
"$@" <&- 3<&- &
broker=$!
{
    while read -r _; do :; done <&3
    : >"$folder/let-go"
    kill "$broker"
    tenths=0
    while kill -0 "$broker" && [ "$tenths" -lt 50 ]; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -9 "$broker"
} >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$broker"
ended=$?
kill "$guard" 2>/dev/null
if [ -e "$folder/let-go" ]; then rm -rf -- "$folder"; fi
exit "$ended"
"#;

/// A CONNECT of version 3.1.1 with the client id `start`.
const CONNECT: &[u8] = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x1e\x00\x05start";
const DISCONNECT: &[u8] = b"\xe0\x00";
/// The first byte of every CONNACK.
const CONNACK: u8 = 0x20;

/// A broker that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Started {
    external: External,
    main: Running,
    /// For cases that need a broker for themselves.
    alone: Option<Running>,
}

impl Started {
    /// Starts the broker of this file; a second one beside it if there are cases that need one for themselves.
    ///
    /// # Errors
    /// When a program cannot be started, or does not answer a CONNECT in time.
    pub fn start(file: &TargetFile, with_alone: bool, access: &Access) -> Result<Self, StartError> {
        if file.start.is_empty() {
            return Err(StartError::NotStarted {
                name: file.name.clone(),
                problem: "its target file does not say how".to_owned(),
                log: String::new(),
            });
        }
        let main = Running::start(file, access)?;
        let alone = match with_alone {
            true => Some(Running::start(file, access)?),
            false => None,
        };
        let reached = External {
            ours: true,
            alone: alone
                .as_ref()
                .map(|alone| alone.reached.nodes())
                .unwrap_or_default(),
            alone_hooks: alone.as_ref().and_then(|alone| alone.hooks.clone()),
            hooks: main.hooks.clone(),
            ..main.reached.clone()
        };
        Ok(Self {
            external: file.known(reached),
            main,
            alone,
        })
    }

    /// How it is reached.
    pub fn external(&self) -> &External {
        &self.external
    }

    /// What it has written so far, both of them.
    pub fn log(&self) -> String {
        let mut log = self.main.log();
        if let Some(alone) = &self.alone {
            log.push_str(&alone.log());
        }
        log
    }

    /// How it has ended, if it has ended by itself.
    pub fn ended(&mut self) -> Option<String> {
        let main = self.main.ended();
        main.or_else(|| self.alone.as_mut().and_then(Running::ended))
    }

    /// Stops it, and waits until it has stopped.
    pub fn stop(self) {
        drop(self);
    }
}

/// A broker, made up of one program or of several.
#[derive(Debug)]
struct Running {
    programs: Vec<Program>,
    /// What its log may have and nothing may show.
    secrets: Secrets,
    reached: External,
    /// What it tells of itself.
    hooks: Option<Arc<Feed>>,
    /// Where it sends its events, until somebody listens.
    sink: Option<Sink>,
}

impl Running {
    fn start(file: &TargetFile, access: &Access) -> Result<Self, StartError> {
        let failed = |problem: String, log: String| StartError::NotStarted {
            name: file.name.clone(),
            problem,
            log,
        };
        let within = file.start.iter().map(|start| start.ready_within).max();
        let mut last = (String::new(), String::new());
        for _ in 0..ATTEMPTS {
            let mut running =
                Self::spawn(file, access).map_err(|problem| failed(problem, String::new()))?;
            match running.wait_until_ready(within.unwrap_or_default()) {
                Ok(()) => {
                    running.hooks = running.feed(file);
                    return Ok(running);
                }
                Err(Unready::Ended(problem)) => last = (problem, running.log_tail()),
                Err(Unready::Silent(problem)) => return Err(failed(problem, running.log_tail())),
            }
        }
        Err(failed(last.0, last.1))
    }

    fn spawn(file: &TargetFile, access: &Access) -> Result<Self, String> {
        let stops = file.start.iter().flat_map(|start| &start.stop).flatten();
        let words = file.start.iter().flat_map(Start::port_words);
        let words = words.chain(stops.flat_map(|word| port_words(word)));
        let words: BTreeSet<&str> = words
            .chain(file.nodes.urls().flat_map(port_words))
            .collect();
        let ports = free_ports(&words).map_err(|error| format!("found no free port: {error}"))?;
        let reached = file
            .nodes
            .reached(|url| with_ports(url, &ports), access)
            .map_err(|error| error.to_string())?;
        let answer = file.hooks.iter().find_map(|source| match &source.kind {
            Kind::Http(answer) => Some(answer),
            _ => None,
        });
        let sink = answer.map(|answer| Sink::bind(answer)).transpose();
        let sink = sink.map_err(|error| format!("failed to listen for its events: {error}"))?;
        let url = sink.as_ref().map(Sink::url).unwrap_or_default();
        let programs = file.start.iter();
        let programs = programs.map(|start| Program::spawn(start, &ports, &url));
        Ok(Self {
            programs: programs.collect::<Result<_, _>>()?,
            secrets: file.known(reached.clone()).secrets(),
            reached,
            hooks: None,
            sink,
        })
    }

    /// Begins to listen to what it tells of itself.
    fn feed(&mut self, file: &TargetFile) -> Option<Arc<Feed>> {
        if file.hooks.is_empty() {
            return None;
        }
        let known = file.known(self.reached.clone());
        let folder = self.programs.first().map(|program| program.folder.path());
        let folder = folder.map(|path| path.display().to_string());
        let paths = file.hooks.iter().filter_map(|source| match &source.kind {
            Kind::File(path) => Some(path.replace(FOLDER, folder.as_deref().unwrap_or_default())),
            _ => None,
        });
        let around = Surroundings {
            logs: self.programs.iter().map(|p| p.log.clone()).collect(),
            node: known.nodes().swap_remove(0),
            credentials: known.credentials,
            files: paths.map(PathBuf::from).collect(),
            ours: true,
        };
        Some(Arc::new(Feed::new(&file.hooks, &around, self.sink.take())))
    }

    /// Waits until every place of every node answers.
    fn wait_until_ready(&mut self, within: Duration) -> Result<(), Unready> {
        let deadline = Instant::now() + within;
        for node in self.reached.nodes() {
            for place in std::iter::once(&node.endpoint).chain(&node.websocket) {
                self.wait_for(place, within, deadline)?;
            }
        }
        Ok(())
    }

    fn wait_for(
        &mut self,
        place: &Endpoint,
        within: Duration,
        deadline: Instant,
    ) -> Result<(), Unready> {
        loop {
            // Ended first: somebody else may answer at a port that was taken.
            if let Some(how) = self.ended() {
                return Err(Unready::Ended(how));
            }
            match greet(place, deadline) {
                Ok(CONNACK) => return Ok(()),
                Ok(other) => {
                    let problem = format!("what listens there answers CONNECT with {other:#04x}");
                    return Err(Unready::Silent(problem));
                }
                Err(error) if Instant::now() >= deadline => {
                    return Err(Unready::Silent(format!(
                        "it did not answer a CONNECT within {} s: {error}",
                        within.as_secs_f32()
                    )));
                }
                Err(_) => thread::sleep(LOOK),
            }
        }
    }

    /// How the first of its programs has ended that has.
    fn ended(&mut self) -> Option<String> {
        self.programs.iter_mut().find_map(Program::ended)
    }

    /// Without the passwords that are known to it.
    fn log(&self) -> String {
        let log: String = self.programs.iter().map(Program::log).collect();
        self.secrets.hidden(&log)
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES)..];
        shown.join("\n")
    }
}

/// One program of a broker, and its guard.
struct Program {
    guard: Child,
    folder: TempDir,
    log: PathBuf,
    stop: Option<Vec<String>>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("guard", &self.guard.id())
            .finish_non_exhaustive()
    }
}

impl Program {
    fn spawn(start: &Start, ports: &Ports<'_>, hook_url: &str) -> Result<Self, String> {
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
            write(Path::new(&filled.config), &filled.text(config))
                .map_err(|error| format!("failed to write its configuration: {error}"))?;
        }
        let log = folder.path().join("log");
        let guard = File::create(&log)
            .and_then(|out| guard(&filled, &start.command, out))
            .map_err(|error| format!("failed to start `{}`: {error}", start.command[0]))?;
        Ok(Self {
            guard,
            log,
            stop: start.stop.as_ref().map(|words| filled.words(words)),
            folder,
        })
    }

    fn ended(&mut self) -> Option<String> {
        let status = self.guard.try_wait().ok()??;
        Some(match status.code() {
            Some(127) => "there is no such program".to_owned(),
            Some(code) if code > 128 => format!("it was ended by signal {}", code - 128),
            Some(code) => format!("it ended with exit code {code}"),
            None => "it was ended by a signal".to_owned(),
        })
    }

    fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn wait_for_end(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if matches!(self.guard.try_wait(), Ok(Some(_)) | Err(_)) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let stop = self.stop.take();
        if let Some((program, arguments)) = stop.as_deref().and_then(<[String]>::split_first)
            && self.ended().is_none()
        {
            let stopped = Command::new(program)
                .args(arguments)
                .current_dir(self.folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            // Where it does not work the guard sees to it.
            if stopped.is_ok_and(|status| status.success()) {
                self.wait_for_end(ENDING);
            }
        }
        // The guard notices, asks the broker to end, and kills it if it does not.
        drop(self.guard.stdin.take());
        if !self.wait_for_end(2 * ENDING) {
            let _ = self.guard.kill();
            let _ = self.guard.wait();
        }
    }
}

/// Why a broker is not ready.
enum Unready {
    Ended(String),
    Silent(String),
}

/// The port that each word in braces stands for.
type Ports<'w> = BTreeMap<&'w str, u16>;

fn with_ports(text: &str, ports: &Ports<'_>) -> String {
    ports.iter().fold(text.to_owned(), |text, (word, port)| {
        text.replace(word, &port.to_string())
    })
}

/// What stands for the words in braces.
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

/// For each word a port of 127.0.0.1 that nobody listens at. All are held until the last is found, so no two are one.
fn free_ports<'w>(words: &BTreeSet<&'w str>) -> io::Result<Ports<'w>> {
    let mut held = Vec::with_capacity(words.len());
    let mut ports = Ports::new();
    for word in words {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        ports.insert(word, listener.local_addr()?.port());
        held.push(listener);
    }
    Ok(ports)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.flush()
}

fn guard(filled: &Filled<'_>, words: &[String], log: File) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", GUARD, "guard", &filled.folder])
        .args(filled.words(words))
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log);
    // Ctrl-C is for us: the broker is still needed to clear away what the cases left.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Sends a CONNECT and gives the first byte of the answer. Where something comes before MQTT, that it accepts
/// connections must do.
fn greet(place: &Endpoint, deadline: Instant) -> io::Result<u8> {
    let left = deadline.saturating_duration_since(Instant::now()).max(LOOK);
    let address = place
        .authority()
        .to_socket_addrs()?
        .next()
        .ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&address, left)?;
    if place.scheme() != Scheme::Mqtt {
        return Ok(CONNACK);
    }
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))?;
    stream.write_all(CONNECT)?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    // Whether it still hears this does not matter.
    let _ = stream.write_all(DISCONNECT);
    Ok(first[0])
}
