//! `--spread`: places the clients of a scene on the nodes of the target in turn, unless the scene names a node.
//!
//! The first Client Identifier of the scene begins at node 0, the next one at node 1, and so on. Each further connection with
//! the same identifier goes to the next node. A takeover or a resumed session therefore always involves two nodes, even if
//! the target has only two. Every run places clients in the same way.

use crate::scenario::model::{ClientIndex, Scene};

/// Where the connections of one play go.
#[derive(Debug)]
pub(super) struct Spread {
    /// The number of each client's Client Identifier. Empty if the scene names a node.
    identifiers: Vec<usize>,
    /// The number of connections that each identifier has had.
    connections: Vec<usize>,
}

impl Spread {
    pub(super) fn of(scene: &Scene) -> Self {
        let mut known = Vec::new();
        let mut number = |client: ClientIndex| {
            let id = &scene.clients[client.0].id;
            let there = known.iter().position(|other| *other == id);
            there.unwrap_or_else(|| {
                known.push(id);
                known.len() - 1
            })
        };
        let is_placed = scene.clients.iter().any(|client| client.is_placed);
        let identifiers = match is_placed {
            true => Vec::new(),
            false => (0..scene.clients.len())
                .map(|n| number(ClientIndex(n)))
                .collect(),
        };
        Self {
            identifiers,
            connections: vec![0; known.len()],
        }
    }

    /// Which of these nodes the next connection of a client goes to. `None` if the scene decides, or if there are no nodes.
    pub(super) fn next(&mut self, client: ClientIndex, nodes: &[usize]) -> Option<usize> {
        let identifier = *self.identifiers.get(client.0)?;
        let before = self.connections.get_mut(identifier)?;
        let turn = identifier + *before;
        *before += 1;
        nodes.get(turn.checked_rem(nodes.len())?).copied()
    }
}
