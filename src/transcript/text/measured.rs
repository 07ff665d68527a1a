//! Values that depend on the run: a Maximum Packet Size that follows from an earlier measurement, payloads that fill a
//! packet up to a size, and Packet Identifiers that a client took from a packet of the broker. They depend on the
//! prefix of topics, on what a broker announces, and on which identifiers it chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::Packet;

use super::packet::{LongData, chosen_by_sender};
use crate::plan::{Body, Operation, Outgoing, Plan, PlannedStep};
use crate::scenario::model::{ClientIndex, Expr, PacketTemplate};
use crate::transcript::{StepIndex, Transcript, What};

/// The values that were found in one transcript.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// The computed sizes in their text form, by field.
    sizes: BTreeSet<(&'static str, String)>,
    /// The Packet Identifiers that a client gave to its own packets through a variable, and when it first did.
    identifiers: BTreeMap<(ClientIndex, u16), Duration>,
}

impl Measured {
    /// Collects the values from a transcript of this plan, or of its control.
    pub(super) fn of(plan: &Plan, transcript: &Transcript, long: &LongData) -> Self {
        let mut steps = BTreeSet::new();
        collect(&plan.steps, &mut steps);
        if let Some(control) = &plan.control {
            collect(&control.steps, &mut steps);
        }
        let mut measured = Self::default();
        if steps.is_empty() {
            return measured;
        }
        for event in &transcript.events {
            let What::Sent {
                packet: Some(packet),
                automatic: false,
                ..
            } = &event.what
            else {
                continue;
            };
            let has = |field| steps.contains(&(event.during, field));
            match packet {
                Packet::Connect(connect) if has(MAXIMUM) => {
                    let maximum = connect.properties.maximum_packet_size();
                    let texts = maximum.map(|maximum| (MAXIMUM, maximum.to_string()));
                    measured.sizes.extend(texts);
                }
                Packet::Publish(publish) if has(PAYLOAD) => {
                    let payload = long.show(&publish.payload);
                    measured.sizes.insert((PAYLOAD, payload));
                }
                _ => {}
            }
            if has(IDENTIFIER)
                && chosen_by_sender(packet.packet_type())
                && let Some(id) = packet.packet_id()
            {
                let client = transcript.lanes[event.lane.0].client;
                let first = measured.identifiers.entry((client, id.get()));
                first.or_insert(event.at);
            }
        }
        measured
    }

    /// Returns whether this value of a field is a computed size.
    pub(super) fn has_size(&self, name: &str, value: &str) -> bool {
        self.sizes
            .iter()
            .any(|(field, text)| *field == name && text == value)
    }

    /// Returns whether a client had used this identifier through a variable for a packet of its own by this time.
    pub(super) fn has_identifier(&self, client: ClientIndex, id: u16, at: Duration) -> bool {
        self.identifiers
            .get(&(client, id))
            .is_some_and(|first| *first <= at)
    }
}

const MAXIMUM: &str = "maximum_packet_size";
const PAYLOAD: &str = "payload";
const IDENTIFIER: &str = "packet_id";

fn collect(steps: &[PlannedStep], out: &mut BTreeSet<(StepIndex, &'static str)>) {
    for step in steps {
        match &step.body {
            Body::Client { operations, .. } => {
                for template in operations.iter().flat_map(templates) {
                    for field in [MAXIMUM, PAYLOAD, IDENTIFIER] {
                        if is_computed(template, field) {
                            out.insert((step.index, field));
                        }
                    }
                }
            }
            Body::Parallel(inner) => collect(inner, out),
            _ => {}
        }
    }
}

fn templates(operation: &Operation) -> impl Iterator<Item = &PacketTemplate> {
    let outgoing = match operation {
        Operation::Send(outgoing) | Operation::SendFramed(outgoing, _) => &outgoing[..],
        _ => &[],
    };
    outgoing.iter().filter_map(|one| match one {
        Outgoing::Packet(template) => Some(template),
        Outgoing::Bytes(_) => None,
    })
}

/// Returns whether the value of this field is known only during the run.
fn is_computed(template: &PacketTemplate, field: &str) -> bool {
    let mut fields = template.fields.iter().filter(|f| f.name == field);
    fields.any(|field| match &field.value {
        Expr::Size(size) => !matches!(**size, Expr::Literal(_)),
        value => matches!(
            value,
            Expr::Name(_) | Expr::Connack { .. } | Expr::Arithmetic { .. }
        ),
    })
}
