//! Circumstances in which brokers misbehaved according to bug reports.

mod combinations;
mod delays;
mod exchanges;
mod messages;
mod restarts;
mod sessions;
mod subscriptions;
mod topics;

use mqtt_check_broker::{Config, Fault};
use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish};

use crate::details::payloads;
use crate::pair::{Pair, Peer, V5, hello, lasting};

/// Checks what clients receive without the fault and with it.
fn shows(fault: Fault, right: &[&str], wrong: &[&str], play: impl Fn(&mut Pair) -> Vec<String>) {
    shows_with(|_| {}, fault, right, wrong, play);
}

/// Like [`shows`], with another configuration.
fn shows_with(
    change: fn(&mut Config),
    fault: Fault,
    right: &[&str],
    wrong: &[&str],
    play: impl Fn(&mut Pair) -> Vec<String>,
) {
    for (faults, expected) in [(&[][..], right), (&[fault][..], wrong)] {
        let mut pair = Pair::broken(change, faults.iter().copied());
        assert_eq!(play(&mut pair), expected, "{} {faults:?}", fault.name());
    }
}

/// The end of a connection with this code, which only version 5 sends.
fn end(version: ProtocolVersion, code: &'static str) -> Vec<&'static str> {
    match version {
        V5 => vec![code, "closed"],
        _ => vec!["closed"],
    }
}

fn writer(pair: &mut Pair, version: ProtocolVersion) -> Peer {
    pair.connected(hello(version, "writer"))
}

/// A new client with a subscription.
fn reader(pair: &mut Pair, version: ProtocolVersion, name: &str, filter: &str, level: u8) -> Peer {
    let reader = pair.connected(hello(version, name));
    pair.subscribe(reader, filter, level);
    reader
}

/// A client whose session lasts, with a subscription to `t`.
fn keeper(pair: &mut Pair, version: ProtocolVersion, level: u8) -> Peer {
    let keeper = pair.connected(lasting(version, "keeper"));
    pair.subscribe(keeper, "t", level);
    keeper
}

/// Connects that client again.
fn back(pair: &mut Pair, version: ProtocolVersion) -> Peer {
    pair.connected(lasting(version, "keeper"))
}

/// A message with these properties.
fn rich(properties: impl IntoIterator<Item = Property>, message: Publish) -> Packet {
    Packet::Publish(Publish {
        properties: properties.into_iter().collect(),
        ..message
    })
}

/// The payloads that came, as text.
fn texts(pair: &mut Pair, peer: Peer) -> Vec<String> {
    let payloads = payloads(pair, peer).into_iter();
    let texts = payloads.map(|payload| String::from_utf8_lossy(&payload).into_owned());
    texts.collect()
}
