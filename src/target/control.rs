//! Actions of an administrator on a broker that we start, besides stopping it, as its target file defines them.

use mqtt_check_codec::ReasonCode;
use mqtt_check_vocabulary::{AccessAction, AccessRule};

/// What stands for the Client Identifier in a command.
pub(super) const CLIENT: &str = "{client}";

/// How the connection of one client is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kick {
    /// The program that does it, and its arguments.
    pub command: Vec<String>,
    /// Whether it is told the client's user name: the client then connects as a user of the name of its Client Identifier.
    pub by_user: bool,
    /// What the broker can say in its DISCONNECT.
    pub reasons: Vec<ReasonCode>,
}

/// Rules that allow everything and name these clients, so that the broker knows them as users.
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
