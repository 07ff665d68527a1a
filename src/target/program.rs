//! One program of a broker that we start: in a folder of its own, told free ports, watched by a shell that ends it when
//! we end, however we end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::file::{CONFIG, FOLDER, HOOK_URL, Start};

/// How long it may take to end before it is killed. The shell below counts the same in tenths of a second.
const ENDING: Duration = Duration::from_secs(5);
/// How often somebody looks.
pub(super) const LOOK: Duration = Duration::from_millis(10);

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

/// One program of a broker, and its guard.
pub(super) struct Program {
    guard: Child,
    pub(super) folder: TempDir,
    pub(super) log: PathBuf,
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
    pub(super) fn spawn(start: &Start, ports: &Ports<'_>, hook_url: &str) -> Result<Self, String> {
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

    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.guard.try_wait().ok()??;
        Some(match status.code() {
            Some(127) => "there is no such program".to_owned(),
            Some(code) if code > 128 => format!("it was ended by signal {}", code - 128),
            Some(code) => format!("it ended with exit code {code}"),
            None => "it was ended by a signal".to_owned(),
        })
    }

    pub(super) fn log(&self) -> String {
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

/// The port that each word in braces stands for.
pub(super) type Ports<'w> = BTreeMap<&'w str, u16>;

pub(super) fn with_ports(text: &str, ports: &Ports<'_>) -> String {
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
pub(super) fn free_ports<'w>(words: &BTreeSet<&'w str>) -> io::Result<Ports<'w>> {
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
