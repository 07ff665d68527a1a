//! The output of a broker that we started, with the time of each line, for the cases that were played meanwhile.
//!
//! Many cases share a broker. A play with its own prefix gets the lines that contain it. A play that has the broker to
//! itself gets all lines.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use super::program::LOOK;

/// How many lines of a play are kept: the first ones, and the last.
const FIRST: usize = 30;
const LAST: usize = 70;
/// How many bytes of a line are kept.
const LONGEST: usize = 4096;
/// How many bytes of a file are read at once.
const CHUNK: usize = 64 * 1024;

/// The logs of all programs of one broker.
#[derive(Debug)]
pub struct Log {
    kept: Mutex<Kept>,
}

/// A line, and when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Instant,
    pub text: String,
}

/// The lines of one play.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    pub first: Vec<Line>,
    pub last: VecDeque<Line>,
    /// How many lines between the first and the last were dropped.
    pub left_out: usize,
}

impl Lines {
    fn push(&mut self, line: Line) {
        if self.first.len() < FIRST {
            self.first.push(line);
            return;
        }
        if self.last.len() == LAST {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line);
    }
}

/// A play that waits for its lines.
#[derive(Debug)]
struct Listener {
    /// The text that the play's lines contain. Empty if the play has the broker to itself.
    prefix: String,
    lines: Lines,
}

#[derive(Debug)]
struct Kept {
    files: Vec<Tail>,
    /// The listeners by number.
    listeners: BTreeMap<u64, Listener>,
    next: u64,
}

/// The read position in a file.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line that is not complete yet.
    rest: Vec<u8>,
}

/// Collects the lines of one play. Dropping it discards them.
#[derive(Debug)]
pub struct Capture {
    log: Arc<Log>,
    number: u64,
}

impl Log {
    /// Watches these files for as long as the result is in use.
    pub(super) fn watch<'p>(paths: impl Iterator<Item = &'p Path>) -> Arc<Self> {
        let files = paths.map(|path| Tail {
            path: path.to_owned(),
            file: None,
            rest: Vec::new(),
        });
        let log = Arc::new(Self {
            kept: Mutex::new(Kept {
                files: files.collect(),
                listeners: BTreeMap::new(),
                next: 0,
            }),
        });
        let watched = Arc::downgrade(&log);
        // Without the thread, lines get the time when their play ended.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || keep_watching(&watched));
        log
    }

    /// Collects the lines of a play from now on.
    pub fn listen(self: &Arc<Self>, prefix: &str) -> Capture {
        let mut kept = self.locked();
        // Earlier lines do not belong to the play.
        kept.read_on();
        let number = kept.next;
        kept.next += 1;
        let listener = Listener {
            prefix: prefix.to_owned(),
            lines: Lines::default(),
        };
        kept.listeners.insert(number, listener);
        Capture {
            log: Arc::clone(self),
            number,
        }
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Capture {
    /// Returns the lines of the play so far.
    pub fn take(self) -> Lines {
        let mut kept = self.log.locked();
        kept.read_on();
        let listener = kept.listeners.get_mut(&self.number);
        listener.map_or_else(Lines::default, |one| std::mem::take(&mut one.lines))
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.log.locked().listeners.remove(&self.number);
    }
}

fn keep_watching(log: &Weak<Log>) {
    while let Some(log) = log.upgrade() {
        log.locked().read_on();
        drop(log);
        thread::sleep(LOOK);
    }
}

impl Kept {
    /// Distributes the lines that were written since the last call.
    fn read_on(&mut self) {
        let at = Instant::now();
        let Self {
            files, listeners, ..
        } = self;
        for file in files {
            file.read_on(&mut |text| hand_out(listeners, at, text));
        }
    }
}

fn hand_out(listeners: &mut BTreeMap<u64, Listener>, at: Instant, text: &[u8]) {
    if listeners.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(text);
    let each = listeners.values_mut();
    for listener in each.filter(|one| text.contains(one.prefix.as_str())) {
        listener.lines.push(Line {
            at,
            text: text.clone().into_owned(),
        });
    }
}

impl Tail {
    /// Passes on each complete line. A file that cannot be read has no lines.
    fn read_on(&mut self, line: &mut dyn FnMut(&[u8])) {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else {
            return;
        };
        let mut chunk = vec![0; CHUNK];
        while let Ok(count @ 1..) = file.read(&mut chunk) {
            for part in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
                let (text, has_ended) = match part.strip_suffix(b"\n") {
                    Some(text) => (text, true),
                    None => (part, false),
                };
                let room = LONGEST.saturating_sub(self.rest.len());
                self.rest.extend_from_slice(&text[..text.len().min(room)]);
                if has_ended {
                    line(self.rest.trim_ascii_end());
                    self.rest.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// How long a line may take from the broker to a play.
    const SOON: std::time::Duration = std::time::Duration::from_secs(5);

    fn texts(lines: &Lines) -> Vec<&str> {
        let all = lines.first.iter().chain(&lines.last);
        all.map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn gives_each_play_the_lines_that_name_it() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let log = Log::watch(std::iter::once(file.path()));
        writeln!(file, "before k7a").expect("writing");
        let (k7, k8, alone) = (log.listen("k7"), log.listen("k8"), log.listen(""));
        write!(file, "from k7a\nfrom k8b\nstarting\nfrom ").expect("writing");
        let began = Instant::now();
        writeln!(file, "k7c, at last").expect("writing");
        let k7 = k7.take();
        assert_eq!(texts(&k7), ["from k7a", "from k7c, at last"]);
        assert!(k7.first[1].at <= began + SOON);
        assert_eq!(texts(&k8.take()), ["from k8b"]);
        assert_eq!(texts(&alone.take()).len(), 4);
        assert!(log.locked().listeners.is_empty());
    }

    #[test]
    fn a_line_has_the_time_at_which_it_was_written() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let log = Log::watch(std::iter::once(file.path()));
        let capture = log.listen("");
        writeln!(file, "early").expect("writing");
        thread::sleep(30 * LOOK);
        let late = Instant::now();
        let captured = capture.take();
        assert!(captured.first[0].at < late, "the watcher has not seen it");
    }

    #[test]
    fn keeps_the_first_lines_and_the_last() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let log = Log::watch(std::iter::once(file.path()));
        let capture = log.listen("");
        for number in 0..FIRST + LAST + 5 {
            writeln!(file, "line {number}").expect("writing");
        }
        writeln!(file, "{}", "x".repeat(2 * LONGEST)).expect("writing");
        let captured = capture.take();
        assert_eq!((captured.first.len(), captured.last.len()), (FIRST, LAST));
        assert_eq!(captured.left_out, 6);
        assert_eq!(
            captured.last.back().map(|line| line.text.len()),
            Some(LONGEST)
        );
    }
}
