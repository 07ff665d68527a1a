//! How much a case sends, as far as its file shows.

use std::sync::Arc;

use super::model::{
    Action, ClientAction, Expr, FrameContent, FrameTemplate, Literal, Operator, PacketTemplate,
    Scene, SendBytes, Step,
};
use super::scope::Scope;
use super::text::known_size;

/// The maximum number of bytes of payloads and strings that a case may send. Only those known from the file count.
///
/// All that a case sends fits into memory several times over: as it is sent, as the broker keeps it, and as it is
/// received.
const LIMIT: usize = 64 * 1024 * 1024;

/// A case that sends more bytes than this is large. Only one large case is played at a time.
const LARGE: usize = 1024 * 1024;

/// Reports a case that sends more than it may.
pub(super) fn check(scope: Scope<'_>, scene: &Scene) {
    if let Some(step) = exceeding(&scene.steps, LIMIT) {
        let title = "more than 64 MiB of payloads in one case";
        scope.add(scope.at(step.place, title));
    }
}

/// Whether a case with these steps sends so much that it takes a large part of the memory of a run.
pub(crate) fn is_large(steps: &[Arc<Step>]) -> bool {
    exceeding(steps, LARGE).is_some()
}

/// Returns the step at which the bytes sent exceed `limit`.
fn exceeding(steps: &[Arc<Step>], limit: usize) -> Option<&Step> {
    first_beyond(steps, 1, limit, &mut 0)
}

/// Like [`exceeding`], if these steps are played `times` times and `total` bytes have been sent before.
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
                    let size = most_bytes(expr).unwrap_or(0).saturating_mul(times);
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

/// Returns the length of a string or a payload in bytes, or the highest that it can have, if the file shows it.
fn most_bytes(expr: &Expr) -> Option<usize> {
    if let Expr::Size(size) = expr
        && let Expr::Arithmetic {
            left,
            operator: Operator::Minus,
            ..
        } = &**size
        && let Expr::Literal(Literal::Number(most)) = **left
    {
        return usize::try_from(most).ok();
    }
    known_size(expr)
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
