//! Sizes that the run computes: a Maximum Packet Size that follows from an earlier measurement, and payloads that fill
//! a packet up to a size. They depend on the prefix of topics and on what a broker announces.

use std::collections::BTreeSet;

use mqtt_check_codec::Packet;
use mqtt_check_codec::describe::show_bytes;

use crate::plan::{Body, Operation, Outgoing, Plan, PlannedStep};
use crate::scenario::model::{Expr, PacketTemplate};
use crate::transcript::{StepIndex, Transcript, What};

/// The texts of such values.
#[derive(Debug, Default)]
pub(super) struct Measured(BTreeSet<(&'static str, String)>);

impl Measured {
    /// Looks through a transcript of this plan, or of its control.
    pub(super) fn of(plan: &Plan, transcript: &Transcript) -> Self {
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
                    measured.0.extend(texts);
                }
                Packet::Publish(publish) if has(PAYLOAD) => {
                    measured.0.insert((PAYLOAD, show_bytes(&publish.payload)));
                }
                _ => {}
            }
        }
        measured
    }

    /// Whether a field has such a value.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.0
            .iter()
            .any(|(field, text)| *field == name && text == value)
    }
}

const MAXIMUM: &str = "maximum_packet_size";
const PAYLOAD: &str = "payload";

fn collect(steps: &[PlannedStep], out: &mut BTreeSet<(StepIndex, &'static str)>) {
    for step in steps {
        match &step.body {
            Body::Client { operations, .. } => {
                for template in operations.iter().flat_map(templates) {
                    for field in [MAXIMUM, PAYLOAD] {
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

/// Whether the size of this field's value is known to the run alone.
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
