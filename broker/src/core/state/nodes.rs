//! The nodes of a cluster. All of them are this one broker and share its state, so only connections belong to a node.
//! Connections at node 0 are not recorded, so a broker without other nodes stores nothing here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytestring::ByteString;

use super::message::Message;
use super::subscription::Granted;
use super::will::Will;
use crate::core::input::{ConnectionId, NodeId};

#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// The node of each open connection.
    places: BTreeMap<ConnectionId, NodeId>,
    /// For faults and permitted variations: the node of the last connection of each client.
    homes: BTreeMap<ByteString, NodeId>,
    paused: BTreeSet<NodeId>,
    /// Whether a node is being stopped while the others continue.
    pub(crate) is_stopping: bool,
    /// For a permitted variation: Wills that wait until the node of their connection starts again.
    wills: Vec<(NodeId, ByteString, Box<Will>)>,
    /// For faults: what a node that was lost brings back.
    former: BTreeMap<NodeId, Former>,
    /// For a fault: nodes that were lost or paused and are back.
    back: BTreeSet<NodeId>,
}

/// For faults: the state at the time when a node was lost.
#[derive(Debug, Default)]
pub(crate) struct Former {
    pub(crate) retained: Vec<Arc<Message>>,
    pub(crate) subscriptions: BTreeMap<ByteString, BTreeMap<ByteString, Granted>>,
    /// The subscriptions of sessions that would have lasted.
    pub(crate) sessions: BTreeMap<ByteString, BTreeMap<ByteString, Granted>>,
    /// The Wills of the node's connections.
    pub(crate) wills: Vec<(ByteString, Box<Will>)>,
}

impl Nodes {
    /// Notes where a connection was accepted.
    pub(crate) fn place(&mut self, connection: ConnectionId, node: NodeId) {
        if node != NodeId::default() {
            self.places.insert(connection, node);
        }
    }

    /// Forgets a connection that is closed.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.places.remove(&connection);
    }

    /// Returns the node of an open connection.
    pub(crate) fn of(&self, connection: ConnectionId) -> NodeId {
        self.places.get(&connection).copied().unwrap_or_default()
    }

    /// Notes where a client is connected.
    pub(crate) fn settle(&mut self, client: &ByteString, connection: ConnectionId) {
        match self.places.get(&connection) {
            Some(node) => {
                let client = ByteString::from(&**client);
                self.homes.insert(client, *node);
            }
            None => {
                self.homes.remove(client);
            }
        }
    }

    /// For faults and permitted variations: returns the node of the client's last connection.
    pub(crate) fn home(&self, client: &str) -> NodeId {
        self.homes.get(client).copied().unwrap_or_default()
    }

    pub(crate) fn pause(&mut self, node: NodeId) {
        self.paused.insert(node);
    }

    pub(crate) fn unpause(&mut self, node: NodeId) {
        self.paused.remove(&node);
    }

    /// Returns whether the node of this connection is paused.
    pub(crate) fn is_paused(&self, connection: ConnectionId) -> bool {
        !self.paused.is_empty() && self.paused.contains(&self.of(connection))
    }

    /// For a permitted variation: keeps a Will until this node starts again.
    pub(crate) fn defer(&mut self, node: NodeId, client: ByteString, will: Box<Will>) {
        self.wills.push((node, client, will));
    }

    /// For a permitted variation: returns the Wills that have waited for this node.
    pub(crate) fn deferred(&mut self, node: NodeId) -> Vec<(ByteString, Box<Will>)> {
        let all = std::mem::take(&mut self.wills);
        let (due, waiting) = all.into_iter().partition(|(of, ..)| *of == node);
        self.wills = waiting;
        let due: Vec<_> = due;
        due.into_iter()
            .map(|(_, client, will)| (client, will))
            .collect()
    }

    /// For faults: the state that this node brings back.
    pub(crate) fn former(&mut self, node: NodeId) -> &mut Former {
        self.former.entry(node).or_default()
    }

    /// For faults: takes the state that this node brings back.
    pub(crate) fn take_former(&mut self, node: NodeId) -> Former {
        self.former.remove(&node).unwrap_or_default()
    }

    /// For a fault: notes that this node was away and is back.
    pub(crate) fn note_back(&mut self, node: NodeId) {
        self.back.insert(node);
    }

    /// For a fault: returns whether a node was away and is back.
    pub(crate) fn is_any_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// For a fault: returns whether just one of two clients is on a node that was away.
    pub(crate) fn is_between(&self, one: &str, other: &str) -> bool {
        let (one, other) = (self.home(one), self.home(other));
        one != other && (self.back.contains(&one) || self.back.contains(&other))
    }
}
