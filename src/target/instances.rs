//! Instances of a broker that are started during a run: one for each group of cases with the same settings, and one for
//! each case that needs its own broker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mqtt_check_vocabulary::Value;

use super::control::Kick;
use super::external::Connectors;
use super::log::Log;
use super::process::Running;
use super::settings::{Filling, GivenSettings, Hindrance, Table};
use super::{Access, Credentials, Node, TargetFile};
use crate::scenario::model::BrokerAction;
use crate::transcript::Secrets;

/// Starts instances of one broker.
#[derive(Debug)]
pub struct Instances {
    file: TargetFile,
    access: Access,
    seen: Mutex<Seen>,
}

/// Statistics and problems of the instances of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub started: usize,
    /// The combinations of settings that instances were started with.
    pub settings: Vec<GivenSettings>,
    /// The largest number of instances that ran at the same time.
    pub at_once: usize,
    /// The longest time from the start of an instance to its first CONNACK.
    pub slowest_start: Duration,
    /// Why instances did not start, or exited by themselves.
    pub problems: Vec<String>,
    running: usize,
}

/// A running instance. Dropping it ends the broker, which takes a moment.
#[derive(Debug)]
pub struct Instance {
    running: Arc<Mutex<Running>>,
    connectors: Connectors,
    known: Connectors,
    instances: Arc<Instances>,
}

/// Performs an administrator's actions on an instance.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Mutex<Running>>);

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Instances {
    pub(super) fn new(file: &TargetFile, access: &Access) -> Self {
        Self {
            file: file.clone(),
            access: access.clone(),
            seen: Mutex::default(),
        }
    }

    /// How to give settings to the broker. `None` if the target file does not say.
    pub fn table(&self) -> Option<&Table> {
        self.file.settings.as_ref()
    }

    /// The most instances that may run at the same time.
    pub fn at_once(&self) -> usize {
        self.file.instances
    }

    /// The statistics and problems so far.
    pub fn seen(&self) -> Seen {
        locked(&self.seen).clone()
    }

    /// Records a problem that the run must report as a failure.
    pub fn note_problem(&self, problem: String) {
        locked(&self.seen).problems.push(problem);
    }

    /// Whether the target file says which programs each node consists of.
    pub fn controls_nodes(&self) -> bool {
        self.file.start.iter().any(|start| start.node.is_some())
    }

    /// How to end the connection of one client. `None` if the target file does not say.
    pub fn kick(&self) -> Option<&Kick> {
        self.file.kick.as_ref()
    }

    /// The settings that an instance must be given, for a case that kicks these clients.
    pub fn needed(&self, given: GivenSettings, kicked: &[String]) -> GivenSettings {
        match self.table() {
            Some(table) => table.needed(given, &self.file.users, kicked),
            None => given,
        }
    }

    /// Fills the placeholders for an instance with these settings.
    ///
    /// # Errors
    /// Returns the first setting that cannot be set, and why.
    pub fn fill(&self, given: &GivenSettings) -> Result<Filling, (&'static str, Hindrance)> {
        match self.table() {
            Some(table) => table.fill(given),
            // The file starts the broker with its final configuration, so it knows the users of the file.
            None => Ok(Filling::default()),
        }
    }

    /// Starts an instance with these settings and waits until it answers. `nonce` distinguishes its connections from
    /// others.
    ///
    /// # Errors
    /// Returns why the instance does not start. The problem is also recorded for the run.
    pub fn start(self: &Arc<Self>, given: &GivenSettings, nonce: u64) -> Result<Instance, String> {
        let began = Instant::now();
        let filling = self.fill(given);
        let started = filling
            .map_err(|(name, _)| format!("the target file does not specify how to set {name}"))
            .and_then(|mut filling| {
                if let Some(kick) = self.kick() {
                    filling.kick.clone_from(&kick.command);
                }
                let running = Running::start(&self.file, &self.access, &filling);
                let running = running.map_err(|error| error.to_string())?;
                Ok((running, filling.clients))
            });
        let mut seen = locked(&self.seen);
        let (running, clients) = match started {
            Ok(started) => started,
            Err(error) => {
                let shown = Self::secrets(given).hidden(&error);
                let problem = format!("with {}: {shown}", named(given));
                if !seen.problems.contains(&problem) {
                    seen.problems.push(problem.clone());
                }
                return Err(problem);
            }
        };
        seen.started += 1;
        seen.running += 1;
        seen.at_once = seen.at_once.max(seen.running);
        seen.slowest_start = seen.slowest_start.max(began.elapsed());
        if !seen.settings.contains(given) {
            seen.settings.push(given.clone());
        }
        let nodes = running.reached().nodes();
        let usual = self.access.credentials.clone();
        let usual = usual.or_else(|| self.file.somebody());
        let users = given.iter().find_map(|(_, value)| match value {
            Value::Users(users) => Some(users),
            _ => None,
        });
        // If a scenario names the broker's users, a client that names no user must be anonymous.
        let (named, known) = match users {
            Some(users) => (None, users.first().map(Credentials::of)),
            None => (usual.clone(), usual),
        };
        Ok(Instance {
            connectors: Connectors::new(&nodes, named, nonce)
                .with_hooks(running.hooks())
                .with_clients(&clients),
            known: Connectors::new(&nodes, known, !nonce),
            running: Arc::new(Mutex::new(running)),
            instances: Arc::clone(self),
        })
    }

    fn secrets(given: &GivenSettings) -> Secrets {
        let users = given.iter().filter_map(|(_, value)| match value {
            Value::Users(users) => Some(users),
            _ => None,
        });
        let users = users.flatten();
        Secrets::of(users.map(|user| (user.name.as_str(), &user.password.expose()[..])))
    }
}

/// The names of the settings, for a message.
fn named(given: &GivenSettings) -> String {
    let names: Vec<&str> = given.iter().map(|(setting, _)| setting.name).collect();
    match names.is_empty() {
        true => "its default settings".to_owned(),
        false => names.join(", "),
    }
}

impl Instance {
    /// Connects the clients of cases to the instance.
    pub fn connectors(&self) -> &Connectors {
        &self.connectors
    }

    /// The nodes of the instance.
    pub fn nodes(&self) -> Vec<Node> {
        locked(&self.running).reached().nodes()
    }

    /// The output of the instance so far.
    pub fn log(&self) -> String {
        locked(&self.running).log()
    }

    /// The log of the instance, which grows as the broker writes.
    pub fn written(&self) -> Arc<Log> {
        locked(&self.running).written()
    }

    /// Like [`connectors`](Self::connectors), with credentials that the instance accepts even if it knows only some
    /// users.
    pub fn known(&self) -> &Connectors {
        &self.known
    }

    /// Returns a handle for an administrator's actions.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.running))
    }

    /// How the broker exited by itself, even if it was restarted since.
    pub fn exited(&self) -> Option<String> {
        let mut running = locked(&self.running);
        let now = running.ended();
        now.or_else(|| running.exited_before())
    }

    /// Records for the run if the broker has exited by itself.
    pub fn note_end(&self) {
        let mut running = locked(&self.running);
        if let Some(how) = running.ended() {
            let tail = running.log_tail();
            let lines: String = tail.lines().map(|line| format!("\n  | {line}")).collect();
            let problem = format!("an instance exited during its cases: {how}{lines}");
            locked(&self.instances.seen).problems.push(problem);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        locked(&self.instances.seen).running -= 1;
    }
}

impl Handle {
    /// Restarts the broker if it has exited.
    ///
    /// # Errors
    /// Returns why the broker does not start.
    pub fn restart_if_exited(&self) -> Result<(), String> {
        let mut running = locked(&self.0);
        match running.ended() {
            Some(how) => {
                running.note_exit(how);
                running.restart()
            }
            None => Ok(()),
        }
    }

    /// Performs an administrator's action and waits for the broker. `client` is the Client Identifier concerned.
    ///
    /// # Errors
    /// Returns why the action is not possible.
    pub fn control(&self, action: &BrokerAction, client: Option<&str>) -> Result<(), String> {
        let mut running = locked(&self.0);
        match action {
            BrokerAction::Restart => running.restart(),
            BrokerAction::Stop => running.halt(),
            BrokerAction::Kill => running.kill(),
            BrokerAction::Node { node, what } => running.node(*node, *what),
            BrokerAction::Kick { .. } => match client {
                Some(client) => running.kick(client),
                None => Err("the Client Identifier of the client is unknown".to_owned()),
            },
            BrokerAction::Redirect { .. } => Err("the target file does not specify how".to_owned()),
        }
    }
}
