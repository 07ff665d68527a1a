//! Whether an undelivered message was never acknowledged to its publisher.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::{Packet, PacketId, QoS};

use super::Concluded;
use crate::plan::{Body, Operation, PlannedStep, find_step};
use crate::scenario::model::{Expr, Literal, Matcher, Pattern};
use crate::transcript::{Transcript, What};
use crate::verdict::Finding;

/// Whether the missing message may be one that this client published and that the broker did not acknowledge. The
/// topics must be equal, if both the step and the PUBLISH name one.
pub(super) fn is_of_unacknowledged(
    case: &Concluded<'_>,
    publisher: Option<usize>,
    missing: &Finding,
) -> bool {
    let (Some(transcript), Some(publisher)) = (&case.result.transcript, publisher) else {
        return false;
    };
    let left = unacknowledged(transcript, publisher);
    let step = missing
        .step
        .and_then(|step| find_step(&case.plan.steps, step));
    let awaited = step.map_or_else(Vec::new, topics);
    left.iter().any(|topic| {
        topic.is_empty() || awaited.is_empty() || awaited.contains(&&topic.as_bytes()[..])
    })
}

/// Returns the topics of messages that a client sent and whose handshake the broker did not complete. The topic is
/// empty for a message with only a Topic Alias.
fn unacknowledged(transcript: &Transcript, publisher: usize) -> Vec<ByteString> {
    let mut left: BTreeMap<Option<PacketId>, ByteString> = BTreeMap::new();
    for event in &transcript.events {
        if transcript.lanes[event.lane.0].client.0 != publisher {
            continue;
        }
        let packet = match &event.what {
            What::Sent { packet, .. } => packet.as_ref(),
            What::Received { packet, .. } => packet.as_ref().ok(),
            _ => None,
        };
        let is_sent = matches!(event.what, What::Sent { .. });
        match packet {
            Some(Packet::Publish(publish)) if is_sent && publish.qos != QoS::AtMostOnce => {
                let id = publish.packet_id;
                left.insert(id, publish.topic.clone());
            }
            Some(Packet::PubAck(ack) | Packet::PubComp(ack)) if !is_sent => {
                left.remove(&Some(ack.packet_id));
            }
            Some(Packet::PubRec(ack)) if !is_sent && !ack.reason.is_success() => {
                left.remove(&Some(ack.packet_id));
            }
            _ => {}
        }
    }
    left.into_values().collect()
}

/// The topics that the expectations of a step name.
fn topics(step: &PlannedStep) -> Vec<&[u8]> {
    let Body::Client { operations, .. } = &step.body else {
        return Vec::new();
    };
    let patterns = operations.iter().filter_map(|operation| match operation {
        Operation::Await(awaited) => Some(&awaited.expectation.pattern),
        _ => None,
    });
    let fields = patterns.flat_map(|pattern| match pattern {
        Pattern::Packet(packet) => packet.fields.as_slice(),
        _ => &[],
    });
    fields
        .filter(|field| field.name == "topic")
        .filter_map(|field| match &field.matcher {
            Matcher::Is(Expr::Literal(Literal::Bytes(topic))) => Some(topic.as_ref()),
            _ => None,
        })
        .collect()
}
