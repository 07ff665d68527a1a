//! The broker that a run begins with, if we started it. Restarts it when it has exited.

use std::sync::{Mutex, Weak};

use super::instances::locked;
use super::process::Running;

/// The broker that a run begins with. This does not keep it running: it ends with [`Started`](super::Started).
#[derive(Debug, Clone)]
pub struct MainBroker(Weak<Mutex<Running>>);

/// How a broker has exited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exited {
    /// A description such as `it exited with code 1`.
    pub how: String,
    /// The last lines of its log.
    pub log: String,
}

impl MainBroker {
    pub(super) fn new(running: Weak<Mutex<Running>>) -> Self {
        Self(running)
    }

    /// How the broker has exited. `None` while it runs.
    pub fn exited(&self) -> Option<Exited> {
        let running = self.0.upgrade()?;
        let mut running = locked(&running);
        let how = running.ended()?;
        let log = running.log_tail();
        Some(Exited { how, log })
    }

    /// Restarts the broker at the same addresses, and waits until it answers.
    ///
    /// # Errors
    /// Returns why the broker does not start.
    pub fn start_again(&self) -> Result<(), String> {
        match self.0.upgrade() {
            Some(running) => locked(&running).restart(),
            None => Err("the run is over".to_owned()),
        }
    }
}
