//! How much a case sends, as far as its file tells.

use std::sync::Arc;

use super::model::{
    Action, ClientAction, FrameContent, FrameTemplate, PacketTemplate, Scene, SendBytes, Step,
};
use super::scope::Scope;
use super::text::known_size;

/// The most bytes of payloads and strings that a case may send, counting those that are known from the file.
///
/// All that a case sends fits into memory, several times over: it is kept as it is sent, by the broker, and as it is
/// received.
const LIMIT: usize = 64 * 1024 * 1024;

/// A case that sends more than so many bytes is large: one such case at a time is played.
const LARGE: usize = 1024 * 1024;

/// Reports a case that sends more than may be sent.
pub(super) fn check(scope: Scope<'_>, scene: &Scene) {
    if let Some(step) = exceeding(&scene.steps, LIMIT) {
        let title = "more than 64 MiB of payloads in one case";
        scope.add(scope.at(step.place, title));
    }
}

/// Whether a case with these steps sends so much that it takes a large part of the memory that a run may take.
pub(crate) fn is_large(steps: &[Arc<Step>]) -> bool {
    exceeding(steps, LARGE).is_some()
}

/// The step with which what is sent exceeds so many bytes.
fn exceeding(steps: &[Arc<Step>], limit: usize) -> Option<&Step> {
    first_beyond(steps, 1, limit, &mut 0)
}

/// The same, where these steps are played so many times and `total` bytes have been sent before.
fn first_beyond<'s>(
    steps: &'s [Arc<Step>],
    times: usize,
    limit: usize,
    total: &mut usize,
) -> Option<&'s Step> {
    steps.iter().find_map(|step| {
        if let Action::Client { action, .. } = &step.action {
            each_packet(action, &mut |packet| {
                let filters = packet.filters.iter().map(|f| &f.filter);
                for expr in packet.fields.iter().map(|f| &f.value).chain(filters) {
                    let size = known_size(expr).unwrap_or(0).saturating_mul(times);
                    *total = total.saturating_add(size);
                }
            });
        }
        if *total > limit {
            return Some(&**step);
        }
        let rounds = match &step.action {
            Action::Rounds(rounds) => usize::try_from(rounds.times).unwrap_or(usize::MAX),
            _ => 1,
        };
        first_beyond(
            step.action.inner(),
            times.saturating_mul(rounds),
            limit,
            total,
        )
    })
}

fn each_packet<'s>(action: &'s ClientAction, visit: &mut dyn FnMut(&'s PacketTemplate)) {
    match action {
        ClientAction::Exchange(exchange) => visit(&exchange.packet),
        ClientAction::Send(SendBytes::Packet(packet)) => visit(packet),
        ClientAction::Batch(actions)
        | ClientAction::Frame(FrameTemplate {
            content: FrameContent::Packets(actions),
            ..
        }) => {
            for action in actions {
                each_packet(action, visit);
            }
        }
        _ => {}
    }
}
