//! An administrator's actions on a broker that we start, except stopping it, as its target file defines them.

use mqtt_check_codec::ReasonCode;
use mqtt_check_vocabulary::{AccessAction, AccessRule};

/// The placeholder for the Client Identifier in a command.
pub(super) const CLIENT: &str = "{client}";

/// How to end the connection of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kick {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Whether the command takes the client's user name. The client then connects as a user named like its Client
    /// Identifier.
    pub by_user: bool,
    /// The reason codes that the broker can send in its DISCONNECT.
    pub reasons: Vec<ReasonCode>,
}

/// Returns rules that allow everything and name these clients, so that the broker knows them as users.
pub(super) fn naming(clients: &[String]) -> Vec<AccessRule> {
    let everything = |clients: &[String]| AccessRule {
        allow: true,
        action: AccessAction::All,
        users: Vec::new(),
        clients: clients.to_vec(),
        filters: vec!["#".to_owned()],
    };
    vec![everything(clients), everything(&[])]
}
