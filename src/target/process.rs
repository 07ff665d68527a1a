//! A broker that we start ourselves, made up of one program or of several.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::file::{FOLDER, Start, TargetFile, port_words};
use super::hooks::{Feed, Kind, Sink, Surroundings};
use super::program::{LOOK, Program, free_ports, with_ports};
use super::{Access, External, StartError};
use crate::transcript::Secrets;
use crate::transport::{Endpoint, Scheme};

/// How often a broker is started that ends before it answers: the port may have been taken meanwhile.
const ATTEMPTS: usize = 3;
/// How much of the log an error shows, in lines.
const LOG_LINES: usize = 12;

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

/// Why a broker is not ready.
enum Unready {
    Ended(String),
    Silent(String),
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
