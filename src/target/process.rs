//! A broker that we start ourselves, made of one program or several.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::file::{FOLDER, Start, TargetFile, port_words};
use super::hooks::{BrokerContext, Feed, Kind, Sink};
use super::instances::{Instances, locked};
use super::log::Log;
use super::main_broker::MainBroker;
use super::program::{LOOK, Program, free_ports, with_ports};
use super::settings::Filling;
use super::{Access, External, StartError};
use crate::scenario::model::NodeAction;
use crate::transcript::Secrets;
use crate::transport::{Endpoint, Scheme};

/// How many times a broker is started if it exits before it answers, or if another server answers at its port. The port
/// may have been taken in the meantime.
const ATTEMPTS: usize = 3;
/// How many lines of the log an error shows.
const LOG_LINES: usize = 12;

/// How long to wait until a broker closes a connection after DISCONNECT.
const PARTING: Duration = Duration::from_secs(1);

/// A version 3.1.1 CONNECT with the Client Identifier `start`.
const CONNECT: &[u8] = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x1e\x00\x05start";
const DISCONNECT: &[u8] = b"\xe0\x00";
/// The first byte of every CONNACK.
const CONNACK: u8 = 0x20;

/// A running broker. Dropping it stops the broker.
#[derive(Debug)]
pub struct Started {
    external: External,
    main: Arc<Mutex<Running>>,
    /// A second broker for cases that need one to themselves.
    alone: Option<Running>,
}

impl Started {
    /// Starts the broker of this file. Also starts a second one if cases need a broker to themselves.
    ///
    /// # Errors
    /// Fails if a program cannot be started or does not answer a CONNECT in time.
    pub fn start(file: &TargetFile, with_alone: bool, access: &Access) -> Result<Self, StartError> {
        if file.start.is_empty() {
            return Err(StartError::NotStarted {
                name: file.name.clone(),
                problem: "its target file does not specify how".to_owned(),
                log: String::new(),
                hint: None,
            });
        }
        file.unpack()?;
        let usual = Filling::default();
        let main = Running::start(file, access, &usual)?;
        let alone = match with_alone {
            true => Some(Running::start(file, access, &usual)?),
            false => None,
        };
        let reached = External {
            ours: true,
            instances: Some(Arc::new(Instances::new(file, access))),
            alone: alone
                .as_ref()
                .map(|alone| alone.reached.nodes())
                .unwrap_or_default(),
            alone_hooks: alone.as_ref().and_then(|alone| alone.hooks.clone()),
            hooks: main.hooks.clone(),
            log: Some(Arc::clone(&main.written)),
            alone_log: alone.as_ref().map(|alone| Arc::clone(&alone.written)),
            ..main.reached.clone()
        };
        let main = Arc::new(Mutex::new(main));
        let external = External {
            main: Some(MainBroker::new(Arc::downgrade(&main))),
            ..file.known(reached)
        };
        Ok(Self {
            external,
            main,
            alone,
        })
    }

    /// How to reach the broker.
    pub fn external(&self) -> &External {
        &self.external
    }

    /// The output of both brokers so far.
    pub fn log(&self) -> String {
        let mut log = locked(&self.main).log();
        if let Some(alone) = &self.alone {
            log.push_str(&alone.log());
        }
        log
    }

    /// How the broker has exited, if it has.
    pub fn ended(&mut self) -> Option<String> {
        let main = locked(&self.main).ended();
        main.or_else(|| self.alone.as_mut().and_then(Running::ended))
    }

    /// Stops the broker and waits until it has stopped.
    pub fn stop(self) {
        drop(self);
    }
}

/// A broker, made of one program or several.
#[derive(Debug)]
pub(super) struct Running {
    programs: Vec<Program>,
    /// Secrets that may be in the log and must not be shown.
    secrets: Secrets,
    reached: External,
    /// The log of the programs, which grows as they write.
    written: Arc<Log>,
    /// The hook events of the broker.
    hooks: Option<Arc<Feed>>,
    /// Receives the events that the broker sends by HTTP, until `feed` takes it over.
    sink: Option<Sink>,
    /// How long the broker may take until it answers.
    within: Duration,
    /// How the broker exited before it was restarted.
    exited: Option<String>,
}

impl Running {
    pub(super) fn start(
        file: &TargetFile,
        access: &Access,
        filling: &Filling,
    ) -> Result<Self, StartError> {
        let failed = |problem: String, log: String| StartError::NotStarted {
            name: file.name.clone(),
            problem,
            log,
            hint: file.how_to_install(),
        };
        let mut last = (String::new(), String::new());
        for _ in 0..ATTEMPTS {
            let mut running = Self::spawn(file, access, filling)
                .map_err(|problem| failed(problem, String::new()))?;
            match running.wait_until_ready() {
                Ok(()) => {
                    // Another server may have answered, while our broker exits because its port is taken.
                    if let Some(how) = running.ended() {
                        last = (how, running.log_tail());
                        continue;
                    }
                    running
                        .run_after()
                        .map_err(|problem| failed(problem, running.log_tail()))?;
                    running.hooks = running.feed(file);
                    return Ok(running);
                }
                // Try again with another port.
                Err(Unready::Ended(problem) | Unready::Strange(problem)) => {
                    last = (problem, running.log_tail());
                }
                Err(Unready::Silent(problem)) => return Err(failed(problem, running.log_tail())),
            }
        }
        Err(failed(last.0, last.1))
    }

    /// How to reach the broker.
    pub(super) fn reached(&self) -> &External {
        &self.reached
    }

    /// The log of the programs.
    pub(super) fn written(&self) -> Arc<Log> {
        Arc::clone(&self.written)
    }

    /// The hook events of the broker.
    pub(super) fn hooks(&self) -> Option<Arc<Feed>> {
        self.hooks.clone()
    }

    /// Stops the programs in reverse order, as a restart does.
    pub(super) fn halt(&mut self) -> Result<(), String> {
        let mut programs = self.programs.iter_mut().rev();
        programs.try_for_each(Program::halt)
    }

    /// Restarts the broker at the same addresses, and waits until it answers.
    pub(super) fn restart(&mut self) -> Result<(), String> {
        self.halt()?;
        self.start_again()
    }

    /// Kills the broker, restarts it at the same addresses, and waits until it answers.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        let mut programs = self.programs.iter_mut();
        programs.try_for_each(Program::kill)?;
        self.start_again()
    }

    fn start_again(&mut self) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            for program in &mut self.programs {
                if program.ended().is_some() {
                    program.start_again()?;
                }
            }
            match self.wait_until_ready() {
                Ok(()) => return self.run_after(),
                Err(Unready::Ended(problem)) => last = problem,
                Err(Unready::Silent(problem) | Unready::Strange(problem)) => return Err(problem),
            }
        }
        Err(last)
    }

    /// Does something to one node. Waits until a node that is started answers.
    pub(super) fn node(&mut self, node: usize, what: NodeAction) -> Result<(), String> {
        let mut programs: Vec<_> = self.programs_of(node).collect();
        if programs.is_empty() {
            return Err("the target file does not specify which program it is".to_owned());
        }
        match what {
            NodeAction::Kill => programs.into_iter().try_for_each(Program::kill),
            NodeAction::Stop => programs.into_iter().rev().try_for_each(Program::halt),
            NodeAction::Pause => programs.into_iter().try_for_each(Program::pause),
            NodeAction::Continue => programs.into_iter().try_for_each(Program::go_on),
            NodeAction::Restart => {
                programs.iter_mut().rev().try_for_each(|p| p.halt())?;
                programs.iter_mut().try_for_each(|p| p.start_again())?;
                self.wait_until_node_ready(node)
            }
        }
    }

    fn programs_of(&mut self, node: usize) -> impl Iterator<Item = &mut Program> {
        let programs = self.programs.iter_mut();
        programs.filter(move |program| program.node == Some(node))
    }

    /// Waits until every endpoint of this node answers.
    fn wait_until_node_ready(&mut self, node: usize) -> Result<(), String> {
        let within = self.within;
        let deadline = Instant::now() + within;
        let nodes = self.reached.nodes();
        let places = nodes.get(node).into_iter();
        for place in places.flat_map(|node| std::iter::once(&node.endpoint).chain(&node.websocket))
        {
            loop {
                if let Some(how) = self.programs_of(node).find_map(Program::ended) {
                    return Err(how);
                }
                match greet(place, deadline) {
                    Ok(_) => break,
                    Err(error) if Instant::now() >= deadline => {
                        let seconds = within.as_secs_f32();
                        return Err(format!("no answer to CONNECT within {seconds} s: {error}"));
                    }
                    Err(_) => thread::sleep(LOOK),
                }
            }
        }
        self.programs_of(node)
            .try_for_each(|program| program.run_after(within))
    }

    /// Ends the connection of this client.
    pub(super) fn kick(&self, client: &str) -> Result<(), String> {
        let program = self.programs.first();
        program.map_or(Err("its command has no program".to_owned()), |p| {
            p.kick(client)
        })
    }

    fn run_after(&self) -> Result<(), String> {
        let mut programs = self.programs.iter();
        programs.try_for_each(|program| program.run_after(self.within))
    }

    fn spawn(file: &TargetFile, access: &Access, filling: &Filling) -> Result<Self, String> {
        let stops = file.start.iter().flat_map(|start| &start.stop).flatten();
        let words = file.start.iter().flat_map(Start::port_words);
        let words = words.chain(stops.flat_map(|word| port_words(word)));
        let words: BTreeSet<&str> = words
            .chain(file.nodes.urls().flat_map(port_words))
            .collect();
        let ports =
            free_ports(&words).map_err(|error| format!("failed to find a free port: {error}"))?;
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
        let within = file.start.iter().map(|start| start.ready_within).max();
        let starts = file.start.iter();
        let programs = starts.map(|start| Program::spawn(start, &ports, &url, filling));
        let programs: Vec<Program> = programs.collect::<Result<_, _>>()?;
        let written = Log::watch(programs.iter().map(|program| program.log.as_path()));
        Ok(Self {
            programs,
            written,
            secrets: file.known(reached.clone()).secrets(),
            reached,
            hooks: None,
            sink,
            within: within.unwrap_or_default(),
            exited: None,
        })
    }

    /// Starts listening for the broker's hook events.
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
        let around = BrokerContext {
            logs: self.programs.iter().map(|p| p.log.clone()).collect(),
            node: known.nodes().swap_remove(0),
            credentials: known.credentials,
            files: paths.map(PathBuf::from).collect(),
            ours: true,
        };
        Some(Arc::new(Feed::new(&file.hooks, &around, self.sink.take())))
    }

    /// Waits until every endpoint of every node answers.
    fn wait_until_ready(&mut self) -> Result<(), Unready> {
        let within = self.within;
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
            // Check for an exit first: if the port was taken, another server may answer there.
            if let Some(how) = self.ended() {
                return Err(Unready::Ended(how));
            }
            match greet(place, deadline) {
                Ok(CONNACK) => return Ok(()),
                Ok(other) => {
                    let problem = format!("the server there answers CONNECT with {other:#04x}");
                    return Err(Unready::Strange(problem));
                }
                Err(error) if Instant::now() >= deadline => {
                    return Err(Unready::Silent(format!(
                        "no answer to CONNECT within {} s: {error}",
                        within.as_secs_f32()
                    )));
                }
                Err(_) => thread::sleep(LOOK),
            }
        }
    }

    /// How a program of the broker has exited, if any has.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.programs.iter_mut().find_map(Program::ended)
    }

    /// Records how the broker has exited, before it is restarted.
    pub(super) fn note_exit(&mut self, how: String) {
        self.exited.get_or_insert(how);
    }

    /// How the broker exited before it was restarted.
    pub(super) fn exited_before(&self) -> Option<String> {
        self.exited.clone()
    }

    /// The output of the programs, without the passwords that are known here.
    pub(super) fn log(&self) -> String {
        let log: String = self.programs.iter().map(Program::log).collect();
        self.secrets.hidden(&log)
    }

    pub(super) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES)..];
        shown.join("\n")
    }
}

/// Why a broker is not ready.
enum Unready {
    Ended(String),
    /// The server at the port is not a broker.
    Strange(String),
    Silent(String),
}

/// Sends a CONNECT and returns the first byte of the answer. If TLS or WebSocket comes before MQTT, an accepted
/// connection counts as CONNACK.
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
    // It does not matter whether the broker reads this. Wait until it closes, since it may limit the number of
    // connections.
    if stream.write_all(DISCONNECT).is_ok() {
        let _ = stream.set_read_timeout(Some(left.min(PARTING)));
        let _ = stream.read_to_end(&mut Vec::new());
    }
    Ok(first[0])
}
