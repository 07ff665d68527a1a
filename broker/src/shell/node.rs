//! The nodes of a cluster: where connections arrive. All nodes are the same broker.

use std::collections::BTreeSet;
use std::io;

use tokio::io::{DuplexStream, duplex};
use tokio::time::timeout;

use super::connection::Wire;
use super::listener::WebSocketPath;
use super::server::{MEMORY_BUFFER, Server, Shared, State};
use crate::{Control, Input, NodeEvent, NodeId};

/// The nodes that do not serve as usual.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// Nodes that were killed or stopped.
    gone: BTreeSet<NodeId>,
    paused: BTreeSet<NodeId>,
}

impl Nodes {
    pub(super) fn is_paused(&self, node: NodeId) -> bool {
        self.paused.contains(&node)
    }
}

impl State {
    /// Returns whether a connection to this node is accepted.
    pub(super) fn serves(&self, node: NodeId) -> bool {
        !self.stopped && !self.nodes.gone.contains(&node)
    }
}

impl Server {
    /// Connects a transport in memory to this node. A paused node reads nothing from it until it continues.
    ///
    /// # Errors
    /// Returns an error if the broker is stopped or the node is gone.
    pub fn connect_to(&self, node: NodeId) -> io::Result<DuplexStream> {
        if !self.shared.lock().serves(node) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = duplex(MEMORY_BUFFER);
        // A transport in memory cannot be reset, so no packet can be lost when it is dropped.
        let wire = Wire {
            lingers: false,
            framed: false,
        };
        self.accept(node, ours, wire);
        Ok(theirs)
    }

    /// Connects a transport in memory that begins with the upgrade to WebSocket to this node.
    ///
    /// # Errors
    /// Returns an error if the broker is stopped or the node is gone.
    pub fn connect_websocket_to(&self, node: NodeId) -> io::Result<DuplexStream> {
        if !self.shared.lock().serves(node) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = duplex(MEMORY_BUFFER);
        let server = self.clone();
        tokio::spawn(async move {
            server.shared.until_it_runs(node).await;
            let limit = server.shared.config.connect_timeout;
            let upgrade = server.upgrade(node, ours, &WebSocketPath::Any, false);
            let _ = timeout(limit, upgrade).await;
        });
        Ok(theirs)
    }

    /// Starts a node that was killed or stopped. A node that runs is stopped first.
    pub fn restart_node(&self, node: NodeId) {
        let runs = self.shared.lock().serves(node);
        if runs {
            let event = NodeEvent::Stopped;
            self.control(Control::Node { node, event });
        }
        let event = NodeEvent::Started;
        self.control(Control::Node { node, event });
    }
}

impl Shared {
    /// Waits while the node is paused.
    async fn until_it_runs(&self, node: NodeId) {
        loop {
            // Created before the check, so that no notification is missed.
            let continued = self.continued.notified();
            if !self.lock().nodes.is_paused(node) {
                return;
            }
            continued.await;
        }
    }

    /// Carries out what happens to a node.
    pub(super) fn node(&self, state: &mut State, node: NodeId, event: NodeEvent) {
        match event {
            NodeEvent::Killed | NodeEvent::Stopped => {
                state.nodes.gone.insert(node);
            }
            NodeEvent::Started => {
                state.nodes.gone.remove(&node);
            }
            NodeEvent::Paused => {
                state.nodes.paused.insert(node);
                state.outboxes.freeze(node);
            }
            NodeEvent::Continued => {}
        }
        if event == NodeEvent::Killed {
            // What waits to be sent is lost with the node.
            state.outboxes.discard(node);
        }
        self.handle(state, Input::Control(Control::Node { node, event }));
        if event != NodeEvent::Paused {
            state.nodes.paused.remove(&node);
            state.outboxes.thaw(node);
            self.continued.notify_waiters();
        }
    }
}
