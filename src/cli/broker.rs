//! `mqtt-check broker`: serves the bundled broker over any transport until it is interrupted. `--fault` plants
//! deliberate faults, and `--liberty` makes choices that the standard leaves open.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::Args;
use mqtt_check_broker::shell::{Randomness, Server, Store, StoreError};
use mqtt_check_broker::{Conduct, Config, Control, HookEvent};
use serde_json::{Map, Value};

mod listen;

use super::interrupt::{is_interrupted, listen};
use super::{Failure, Styles, output};
use crate::exit::Exit;
use crate::scenario::settings::configuration;
use crate::target::bundled::config;

/// The most events that may wait to be written. Events beyond that are dropped and counted.
const MAXIMUM_WAITING: usize = 10_000;
/// How often to check for a request to stop.
const LOOK: Duration = Duration::from_millis(20);
/// How long clients have to read their DISCONNECT.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen: HOST:PORT, or an mqtt://, mqtts://, ws:// or wss:// URL; port 0 picks a free one;
    /// repeatable [default: 127.0.0.1:1883]
    #[arg(long, value_name = "URL")]
    listen: Vec<String>,

    /// Read the settings from this YAML file (docs/broker.md); options of the command line override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    tls: listen::TlsFiles,

    /// Keep sessions and messages in this file, so that nothing acknowledged is lost when the broker exits
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,

    /// If the store is damaged, keep the undamaged records, report what is lost, and serve; the damaged file is renamed
    #[arg(long)]
    repair: bool,

    /// Write client, session and message events as JSON lines to this file; `-` is stdout
    #[arg(long, value_name = "FILE")]
    hooks: Option<PathBuf>,

    /// Plant this fault in the broker; repeatable
    #[arg(long, alias = "deviate", value_name = "NAME")]
    fault: Vec<String>,

    /// Let the broker make this choice, which the standard leaves open; repeatable
    #[arg(long, value_name = "NAME")]
    liberty: Vec<String>,

    /// Derive assigned Client Identifiers and SCRAM nonces from this number, so that two runs give the same bytes. For
    /// tests only: a recorded login can then be replayed [default: the system's random source]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

pub(super) fn run(arguments: &Arguments, styles: Styles) -> Result<Exit, Failure> {
    // One function checks the names and suggests corrections.
    let conduct = super::run::bundled(&arguments.fault, &arguments.liberty)?.conduct();
    let configuration = match &arguments.config {
        Some(path) => {
            let read = configuration::load(path);
            Some(read.map_err(|wrong| output::diagnostics(&wrong, styles.err))?)
        }
        None => None,
    };
    let file = configuration.as_ref();
    let places = listen::ListenAddresses::new(&arguments.listen, &arguments.tls, file, styles.err)?;
    let config = match file {
        Some(file) => config(&file.settings, conduct),
        None => conduct.liberties.config(),
    };
    let store = arguments.store.clone();
    let store = store.or_else(|| file.and_then(|file| file.store.clone()));
    let randomness = arguments.seed.map_or(Randomness::System, Randomness::Seed);
    if arguments.repair && store.is_none() {
        let message = "--repair needs a store";
        return Err(Failure::usage(message).hint("name it with --store FILE"));
    }
    let hooks = arguments.hooks.as_ref().map(Writer::open).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = format!("failed to start the runtime: {error}");
            Failure::new(Exit::CouldNotStart, message)
        })?;
    listen();
    runtime.block_on(async {
        let server = match &store {
            Some(path) => {
                if arguments.repair {
                    repair(path, styles)?;
                }
                kept(path, config, conduct, randomness)?
            }
            None => Server::new(config, conduct, randomness),
        };
        if let Some(hooks) = &hooks {
            hooks.watch(&server);
        }
        let listeners = places.listen(&server).await?;
        for name in &arguments.fault {
            output::note(&format!("{} {name}\n", styles.err.bad("fault:")));
        }
        for name in &arguments.liberty {
            output::note(&format!("{} {name}\n", styles.err.doubtful("chooses:")));
        }
        for listening in &listeners {
            output::note(&format!("listening on {listening}\n"));
        }
        while !is_interrupted() && server.failure().is_none() {
            tokio::time::sleep(LOOK).await;
        }
        drop(listeners);
        stop(&server).await;
        match (server.failure(), &store) {
            (Some(error), Some(path)) => Err(unkept(path, &error)),
            _ => Ok(()),
        }
    })?;
    // End the runtime first, so that the last events reach the writer.
    drop(runtime);
    hooks.map_or(Ok(()), Writer::close)?;
    Ok(Exit::Success)
}

/// Opens the store at `path` and returns a broker that starts from its records.
fn kept(
    path: &Path,
    config: Config,
    conduct: Conduct,
    randomness: Randomness,
) -> Result<Server, Failure> {
    let store = Store::open(path).map_err(|error| unopened(path, &error))?;
    if store.is_last_write_undone() {
        output::note(&format!(
            "the last write to {} was incomplete and is undone\n",
            path.display()
        ));
    }
    Server::with_store(config, conduct, randomness, store).map_err(|error| unkept(path, &error))
}

fn unkept(path: &Path, error: &impl Display) -> Failure {
    let message = format!("failed to keep sessions in {}: {error}", path.display());
    Failure::new(Exit::CouldNotStart, message)
}

fn unopened(path: &Path, error: &StoreError) -> Failure {
    let failure = unkept(path, error);
    match error {
        StoreError::Damaged(_) => failure
            .hint("--repair keeps the undamaged records, and the damaged file under another name"),
        _ => failure,
    }
}

/// Repairs the store and reports what is lost.
fn repair(path: &Path, styles: Styles) -> Result<(), Failure> {
    let repaired = Store::repair(path).map_err(|error| unopened(path, &error))?;
    let text = match repaired {
        None => format!("{} is not damaged\n", path.display()),
        Some(repair) => format!(
            "{} {}: {}\nthe damaged file is now {}\n",
            styles.err.doubtful("repaired"),
            path.display(),
            repair.damage,
            repair.former.display()
        ),
    };
    output::note(&text);
    Ok(())
}

/// Stops the server and waits a limited time for its connections to close.
async fn stop(server: &Server) {
    server.control(Control::Stop);
    let mut waited = Duration::ZERO;
    while server.connection_count() > 0 && waited < GRACE {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
}

/// Writes events on its own thread, so that a slow reader does not delay clients.
#[derive(Debug)]
struct Writer {
    name: String,
    lines: SyncSender<String>,
    thread: JoinHandle<io::Result<()>>,
}

impl Writer {
    fn open(path: &PathBuf) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let out: Box<dyn Write + Send> = if name == "-" {
            Box::new(io::stdout())
        } else {
            let file = File::create(path).map_err(|error| unwritable(&name, &error))?;
            Box::new(BufWriter::new(file))
        };
        let (lines, waiting) = sync_channel(MAXIMUM_WAITING);
        let thread = thread::Builder::new()
            .name("hooks".to_owned())
            .spawn(move || write(out, &waiting))
            .map_err(|error| unwritable(&name, &error))?;
        Ok(Self {
            name,
            lines,
            thread,
        })
    }

    fn watch(&self, server: &Server) {
        let lines = self.lines.clone();
        let mut left_out = 0_u64;
        server.on_hook(move |at, event| {
            let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            if left_out > 0 {
                let line = format!("{{\"at_ms\":{at_ms},\"left_out\":{left_out}}}\n");
                if lines.try_send(line).is_ok() {
                    left_out = 0;
                }
            }
            match lines.try_send(line(at_ms, event)) {
                Err(TrySendError::Full(_)) => left_out += 1,
                // A reader that has gone away is not an error.
                Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            }
        });
    }

    /// Waits until every event is written.
    fn close(self) -> Result<(), Failure> {
        drop(self.lines);
        match self.thread.join() {
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(unwritable(&self.name, &error))
            }
            _ => Ok(()),
        }
    }
}

fn unwritable(name: &str, error: &io::Error) -> Failure {
    let message = format!("failed to write hook events to {name}: {error}");
    Failure::new(Exit::CouldNotStart, message)
}

/// Writes lines as they arrive, and flushes once per batch of waiting lines.
fn write(mut out: Box<dyn Write + Send>, lines: &Receiver<String>) -> io::Result<()> {
    while let Ok(line) = lines.recv() {
        out.write_all(line.as_bytes())?;
        for line in lines.try_iter() {
            out.write_all(line.as_bytes())?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Formats an event: `{"at_ms":12,"event":"session.created","client":"a"}`.
fn line(at_ms: u64, event: &HookEvent) -> String {
    let mut object = Map::new();
    object.insert("at_ms".to_owned(), at_ms.into());
    object.insert("event".to_owned(), event.name().into());
    for (name, value) in event.fields() {
        let value = serde_json::to_value(&value).unwrap_or(Value::Null);
        object.insert(name.to_owned(), value);
    }
    let mut line = Value::Object(object).to_string();
    line.push('\n');
    line
}
