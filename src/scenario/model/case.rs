//! A case: its id, its clients and steps, and what it needs of a broker.

use std::sync::Arc;

use mqtt_check_codec::ProtocolVersion;
use mqtt_check_vocabulary::Settings;

use super::{Capability, Client, ClientIndex, PacketPattern, Step, each_step};
use crate::builtin::Origin;
use crate::diagnostic::{Place, Source};

/// The id of a case: `session/takeover@5`, `connect/malformed[empty-payload]@3.1.1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId {
    /// The path below the scenario folder, with `/` and without the file name's extension.
    pub path: String,
    pub row: Option<String>,
    pub version: ProtocolVersion,
}

impl CaseId {
    /// Returns the folder of the case, by which results are grouped.
    pub fn area(&self) -> &str {
        match self.path.rsplit_once('/') {
            Some((folder, _)) => folder,
            None => ".",
        }
    }

    /// Returns the id without its version.
    pub fn without_version(&self) -> String {
        match &self.row {
            Some(row) => format!("{}[{row}]", self.path),
            None => self.path.clone(),
        }
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.without_version(), self.version)
    }
}

/// How a case's topics are kept apart from those of others on a shared broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PrefixMode {
    /// The prefix is a first level of its own.
    #[default]
    Apart,
    /// The prefix is joined to the name of the first level. Messages on the topics of others may arrive and are
    /// ignored.
    Joined,
}

/// Whether a case needs the broker to itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exclusive {
    /// Other cases may be played on the broker at the same time.
    #[default]
    No,
    /// It has an instance to itself if the run starts the broker. On another broker, other cases run at the same time.
    IfPossible,
    /// It is played alone, with unchanged topics and Client Identifiers.
    Yes,
}

impl Exclusive {
    pub fn is_required(self) -> bool {
        self == Self::Yes
    }

    pub fn is_wanted(self) -> bool {
        self != Self::No
    }
}

/// One case of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    pub id: CaseId,
    pub source: Arc<Source>,
    /// Where the source was read from.
    pub origin: Origin,
    pub title: String,
    pub about: Option<String>,
    /// Where the behaviour was seen on real brokers: `mosquitto#2342`.
    pub threads: Vec<String>,
    pub tags: Vec<String>,
    pub needs: Vec<Capability>,
    pub exclusive: Exclusive,
    pub prefix_mode: PrefixMode,
    /// The configuration for a broker that can be configured: `broker` over `prefers`.
    pub settings: Arc<Settings>,
    /// The configuration that a broker must have: `broker` alone.
    pub required: Arc<Settings>,
    /// In the order in which the file declares them.
    pub clients: Vec<Client>,
    pub steps: Vec<Arc<Step>>,
    pub control: Option<Control>,
    pub exercised_if: Vec<(ClientIndex, PacketPattern)>,
}

impl Scene {
    /// Returns the clauses that the steps cite, nested steps included. Each appears once, in the order of the file.
    pub fn clauses(&self) -> Vec<&String> {
        let mut found = Vec::new();
        each_step(&self.steps, &mut |step| {
            for clause in &step.clauses {
                if !found.contains(&clause) {
                    found.push(clause);
                }
            }
        });
        found
    }

    /// Whether the case is so expensive that it is played only on request.
    pub fn is_heavy(&self) -> bool {
        self.tags.iter().any(|tag| tag == "heavy")
    }
}

/// The control of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    pub place: Place,
    /// Ids of the steps that are left out.
    pub without: Vec<String>,
    /// Ids of the steps that are replaced, and their replacements.
    pub with: Vec<(String, Arc<Step>)>,
    pub settings: Option<Arc<Settings>>,
    /// The configuration that a broker must have for the control.
    pub required: Arc<Settings>,
    /// `Action::Client` with `Expect`, or `Action::Hooks`.
    pub expect: Vec<Arc<Step>>,
}
