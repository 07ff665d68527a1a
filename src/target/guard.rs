//! The guard of a broker that we start: a shell beside it that ends all of its processes, even if this program is
//! killed.
//!
//! It waits at a pipe whose other end we hold, so it learns of our end however we end. `guard.sh` is what it does.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::program::LOOK;

/// What processes of a broker have in their environment: the folder of the broker.
pub(super) const MARK: &str = "MQTT_CHECK_FOLDER";
/// The file that answers a word. It is in the broker's folder.
pub(super) const ANSWER: &str = "ended";

const SCRIPT: &str = include_str!("guard.sh");

/// How long the guard may take. It counts to five seconds for those that were asked to end, to two for what they leave
/// behind and to five for what was killed.
const LIMIT: Duration = Duration::from_secs(15);

/// The guard of one program and of all that it starts.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    folder: PathBuf,
    leader: u32,
}

impl Guard {
    /// A guard for the process with this number, which leads a process group of its own.
    pub(super) fn spawn(folder: &Path, leader: u32) -> io::Result<Self> {
        Ok(Self {
            shell: shell(folder, leader)?,
            folder: folder.to_owned(),
            leader,
        })
    }

    /// Asks the processes to end, kills those that do not, and waits until none is left. The folder stays.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.tell("end")
    }

    /// Kills the processes and waits until none is left. The folder stays.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        self.tell("kill")
    }

    /// Ends the guard alone, for processes that have ended. The folder stays.
    pub(super) fn leave(mut self) {
        if self.write("leave").is_ok() {
            self.wait();
        }
    }

    /// Ends the processes and removes the folder. `meanwhile` is called while it is waited for that.
    pub(super) fn finish(&mut self, mut meanwhile: impl FnMut()) {
        // Somebody may have ended the guard.
        if !self.is_there()
            && let Ok(shell) = shell(&self.folder, self.leader)
        {
            self.shell = shell;
        }
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline && self.is_there() {
            meanwhile();
            thread::sleep(LOOK);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }

    fn tell(&mut self, word: &str) -> Result<(), String> {
        let failed = |error: io::Error| format!("failed to end its processes: {error}");
        let answer = self.folder.join(ANSWER);
        match fs::remove_file(&answer) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if !self.is_there() || self.write(word).is_err() {
            self.shell = shell(&self.folder, self.leader).map_err(failed)?;
            self.write(word).map_err(failed)?;
        }
        let deadline = Instant::now() + LIMIT;
        while !answer.exists() {
            if Instant::now() >= deadline || !self.is_there() {
                return Err("it does not exit, not even after SIGKILL".to_owned());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn write(&mut self, word: &str) -> io::Result<()> {
        let stdin = self.shell.stdin.as_mut();
        let stdin = stdin.ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{word}\n").as_bytes())
    }

    fn is_there(&mut self) -> bool {
        matches!(self.shell.try_wait(), Ok(None))
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline && self.is_there() {
            thread::sleep(LOOK / 5);
        }
    }
}

fn shell(folder: &Path, leader: u32) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SCRIPT, "guard"])
        .arg(folder)
        .arg(leader.to_string())
        .env_remove(MARK)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Ctrl-C is for us alone.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}
