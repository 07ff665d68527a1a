//! The bundled broker, served by the program itself.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use crate::program::Program;

/// A running broker. Dropping it ends the broker.
pub(super) struct Served {
    child: Child,
    pub(super) urls: Vec<String>,
}

impl Served {
    /// Starts a program with the arguments of `mqtt-check broker`.
    pub(super) fn start(program: &Program) -> Self {
        let mut child = program.start();
        let stderr = child.stderr.take().expect("a pipe");
        let urls = BufReader::new(stderr)
            .lines()
            .map(|line| line.expect("a line"))
            .inspect(|line| assert!(!line.starts_with("error"), "{line}"))
            .filter_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()))
            .take(program.count_of("--listen"))
            .collect();
        Self { child, urls }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The broker has already exited if it could not start.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
