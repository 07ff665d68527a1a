//! `control` in a target file: what an administrator can do to the broker.

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use super::reading::{Map, Reading};
use crate::scenario::node::Node;
use crate::target::control::{CLIENT, Kick};

/// Reads how to end the connection of one client.
pub(super) fn kick(reading: &Reading, node: &Node) -> Option<Kick> {
    let mut map = Map::of(reading, node, "`control`")?;
    let kick = map.require("kick", "kick: { command: [PROGRAM, '{client}'] }");
    map.finish();
    let mut map = Map::of(reading, kick?, "`kick`")?;
    let hint = "command: [PROGRAM, '{client}']";
    let command = map.require("command", hint)?;
    let by_user = match map.take("by").map(|node| (node, node.text())) {
        None | Some((_, Some("client"))) => Some(false),
        Some((_, Some("user"))) => Some(true),
        Some((node, _)) => {
            let hint = "`client`: by the Client Identifier; `user`: by the user name";
            reading.fail(node.place, "not a way to name a client", hint)
        }
    };
    let reasons = map.list("reasons", reason);
    map.finish();
    let words = reading.one_or_more(command, |reading, node| reading.text(node))?;
    if !words.iter().any(|word| word.contains(CLIENT)) {
        return reading.fail(command.place, "the command does not name the client", hint);
    }
    Some(Kick {
        command: words,
        by_user: by_user?,
        reasons: reasons.unwrap_or_else(|| vec![ReasonCode::ADMINISTRATIVE_ACTION]),
    })
}

fn reason(reading: &Reading, node: &Node) -> Option<ReasonCode> {
    let name = node.text().unwrap_or_default();
    let named = ReasonCode::from_name(name, PacketType::DISCONNECT, ProtocolVersion::V5);
    named.or_else(|| {
        let title = format!("DISCONNECT has no reason `{name}`");
        reading.fail(node.place, &title, "as in `reasons: [server_busy]`")
    })
}
