//! The guard of a broker that we start: a shell that ends all of the broker's processes, even if this program is
//! killed.
//!
//! The guard reads from a pipe whose other end we hold, so it notices when we exit, however that happens. `guard.sh` is
//! its script.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::program::LOOK;

/// The environment variable that marks the processes of a broker. Its value is the broker's folder.
pub(super) const MARK: &str = "MQTT_CHECK_FOLDER";
/// The file in the broker's folder by which the guard answers a command.
pub(super) const ANSWER: &str = "ended";

const SCRIPT: &str = include_str!("guard.sh");

/// How long the guard may take. It gives processes five seconds to end, what they leave behind two seconds, and killed
/// processes five seconds.
const LIMIT: Duration = Duration::from_secs(15);

/// The guard of one program and all processes that it starts.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    folder: PathBuf,
    leader: u32,
}

impl Guard {
    /// Starts a guard for the process with this id, which leads its own process group.
    pub(super) fn spawn(folder: &Path, leader: u32) -> io::Result<Self> {
        Ok(Self {
            shell: shell(folder, leader)?,
            folder: folder.to_owned(),
            leader,
        })
    }

    /// Asks the processes to end, kills those that do not, and waits until none is left. Keeps the folder.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.send("end")
    }

    /// Kills the processes and waits until none is left. Keeps the folder.
    pub(super) fn kill(&mut self) -> Result<(), String> {
        self.send("kill")
    }

    /// Halts the processes with the signal STOP.
    pub(super) fn pause(&mut self) -> Result<(), String> {
        self.send("pause")
    }

    /// Lets halted processes continue.
    pub(super) fn go_on(&mut self) -> Result<(), String> {
        self.send("continue")
    }

    /// Ends only the guard, after the processes have ended. Keeps the folder.
    pub(super) fn leave(mut self) {
        if self.write("leave").is_ok() {
            self.wait();
        }
    }

    /// Ends the processes and removes the folder. Calls `meanwhile` repeatedly during the wait.
    pub(super) fn finish(&mut self, mut meanwhile: impl FnMut()) {
        // The guard may have been killed. Then start another.
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

    fn send(&mut self, word: &str) -> Result<(), String> {
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
    // Ctrl-C must not reach the guard.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}
