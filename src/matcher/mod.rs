//! Compares expectations with what was received. This is pure code. The engine asks it which packets a step takes, the
//! verdict asks it whether those are right, so the two always agree.

mod describe;
mod field;
mod judge;
mod memory;
mod met;
mod refusal;
mod take;

pub use describe::{
    describe_expectation, describe_literal, describe_pattern, describe_refused,
    describe_websocket_event,
};
pub use field::{Received, WebSocketEvent, field};
pub use judge::{Mismatch, holds, judge, judge_websocket_event};
pub use memory::{EvalError, Memory};
pub use met::is_met;
pub use refusal::{RefusalFault, refusal_faults};
pub use take::{Inbox, Offer, Taken, Taking, take};

#[cfg(test)]
mod tests;
