//! Follows growing files line by line: logs, JSON lines, the output of a broker.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use super::rule::SourceMessage;
use super::{EventSender, READY_WITHIN};

/// How often to look for new lines.
const LOOK: Duration = Duration::from_millis(10);
/// The most bytes to read at once.
const AT_ONCE: u64 = 1024 * 1024;
/// The longest line, in bytes. Longer lines are cut.
const LONGEST_LINE: usize = 256 * 1024;

/// A file, and the beginning of its last line if that is incomplete.
struct Growing {
    path: PathBuf,
    file: File,
    read: u64,
    rest: Vec<u8>,
}

/// Follows these files until the sender is stopped. If `whole` is set, what they already contain counts too.
pub(super) fn follow(paths: &[PathBuf], whole: bool, sender: &EventSender, ready: &Sender<()>) {
    let deadline = Instant::now() + READY_WITHIN;
    let opened = paths.iter().map(|path| {
        loop {
            match Growing::open(path, whole) {
                Err(error)
                    if whole
                        && error.kind() == io::ErrorKind::NotFound
                        && Instant::now() < deadline
                        && !sender.is_stopped() =>
                {
                    thread::sleep(LOOK);
                }
                opened => break opened.map_err(|error| format!("{}: {error}", path.display())),
            }
        }
    });
    let mut files = match opened.collect::<Result<Vec<_>, String>>() {
        Ok(files) => files,
        Err(problem) => {
            sender.fail(problem);
            // The run must not wait for a failed source.
            let _ = ready.send(());
            return;
        }
    };
    // The receiver may have stopped waiting.
    let _ = ready.send(());
    while !sender.is_stopped() {
        let mut is_idle = true;
        for file in &mut files {
            match file.more(sender) {
                Ok(more) => is_idle &= !more,
                Err(error) => return sender.fail(format!("{}: {error}", file.path.display())),
            }
        }
        if is_idle {
            thread::sleep(LOOK);
        }
    }
}

impl Growing {
    fn open(path: &Path, whole: bool) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let read = match whole {
            true => 0,
            false => file.seek(SeekFrom::End(0))?,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            read,
            rest: Vec::new(),
        })
    }

    /// Reads what was appended, and returns whether there was anything.
    fn more(&mut self, sender: &EventSender) -> io::Result<bool> {
        // The file was truncated, as happens to logs. Start again at its beginning.
        if self.file.metadata()?.len() < self.read {
            self.read = self.file.seek(SeekFrom::Start(0))?;
            self.rest.clear();
        }
        let mut added = Vec::new();
        let count = (&mut self.file).take(AT_ONCE).read_to_end(&mut added)?;
        self.read += count as u64;
        for byte in added {
            match byte {
                b'\n' => {
                    let line = String::from_utf8_lossy(&self.rest);
                    let line = line.trim_end_matches('\r').to_owned();
                    sender.send(&SourceMessage::new(line, None));
                    self.rest.clear();
                }
                _ if self.rest.len() < LONGEST_LINE => self.rest.push(byte),
                _ => {}
            }
        }
        Ok(count > 0)
    }
}
