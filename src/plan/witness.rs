//! The witness: a message that reaches its subscriber proves that there is a broker at all.
//!
//! Many checks pass if a connection is closed or nothing is received. A server that closes every connection, or ignores
//! everything, would pass them. So a case whose own transcript shows no more than greetings is followed by the witness.
//! This is a plain client of the same version that publishes a message to itself.

use std::sync::{Arc, LazyLock};

use mqtt_check_codec::{PacketType, ProtocolVersion};

use super::{Awaited, Body, Operation, Outgoing, Plan, plan};
use crate::diagnostic::Source;
use crate::scenario::{self, model::Pattern};

const SCENARIO: &str = "\
title: A message reaches its subscriber
versions: [3.1, 3.1.1, 5]
clients: { witness: }
steps:
  - witness: connect
  - witness: { subscribe: proof }
  - witness: { publish: { topic: proof, payload: of life } }
  - witness: { expect: { publish: { topic: proof, payload: of life } } }
  - witness: disconnect
";

static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let source = Arc::new(Source {
        path: "the witness".into(),
        text: SCENARIO.into(),
    });
    let scenes = scenario::parse(&source, "witness").unwrap_or_default();
    scenes
        .into_iter()
        .filter_map(|scene| plan(scene).ok())
        .collect()
});

/// Returns the witness of this version.
pub fn witness(version: ProtocolVersion) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.scene.id.version == version)
}

/// Returns whether the case does nothing but connect and ping, and expects both to succeed. Such a case needs no
/// witness, because its own expectations show that a broker answers.
pub(super) fn only_greets(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| match &step.body {
        Body::Client { operations, .. } => operations.iter().all(is_greeting),
        Body::Wait(_) => true,
        _ => false,
    })
}

fn is_greeting(operation: &Operation) -> bool {
    match operation {
        Operation::Open
        | Operation::OpenNew(_)
        | Operation::OpenIfClosed
        | Operation::Finish
        | Operation::Drop(_) => true,
        Operation::SendFramed(..) => false,
        Operation::Send(items) => items.iter().all(|item| match item {
            Outgoing::Packet(packet) => {
                packet.lies.is_empty()
                    && matches!(
                        packet.packet_type,
                        PacketType::CONNECT | PacketType::PINGREQ | PacketType::DISCONNECT
                    )
            }
            Outgoing::Bytes(_) => false,
        }),
        Operation::Await(awaited) => is_welcome(awaited),
    }
}

fn is_welcome(awaited: &Awaited) -> bool {
    let Pattern::Packet(pattern) = &awaited.expectation.pattern else {
        return false;
    };
    awaited.expectation.count.at_least > 0
        && (awaited.connects || pattern.packet_type == PacketType::PINGRESP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_witness_for_every_version() {
        for version in [
            ProtocolVersion::V3_1,
            ProtocolVersion::V3_1_1,
            ProtocolVersion::V5,
        ] {
            let witness = witness(version).expect("a right scenario");
            assert_eq!(witness.scene.clients[0].version, version);
        }
    }

    fn greets(steps: &str) -> bool {
        let text = format!("title: T\nversions: [5]\nclients: {{ a: }}\nsteps:\n{steps}");
        let source = Arc::new(Source {
            path: "t".into(),
            text,
        });
        let scene = scenario::parse(&source, "t").expect("a right scenario");
        let plan = plan(scene.into_iter().next().expect("a case"));
        only_greets(&plan.expect("a plan"))
    }

    #[test]
    fn greeting_is_to_connect_and_to_ping_and_to_be_welcome() {
        assert!(greets("  - a: connect\n  - a: ping\n  - a: disconnect\n"));
        for other in [
            "  - a: { connect: { no_wait: true } }\n  - a: { expect: refused }\n",
            "  - a: { connect: { expect: { reason: banned } } }\n",
            "  - a: connect\n  - a: { publish: { topic: t, payload: p } }\n",
            "  - a: connect\n  - a: { expect: closed }\n",
            "  - a: connect\n  - a: { expect: { pingresp: {}, optional: true } }\n",
            "  - a: { send: { connect: { override: { reserved: '01' } } } }\n",
            "  - a: { send: 'c0 00' }\n",
        ] {
            assert!(!greets(other), "{other}");
        }
    }
}
