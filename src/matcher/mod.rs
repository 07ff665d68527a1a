//! Held against each other: what is expected and what came. Pure; the engine asks what a step takes, the verdict
//! whether that is right, and both get the same answer from here.

mod field;
mod judge;
mod memory;
mod met;
mod refusal;
mod take;
mod words;

pub use field::{Besides, Received, field};
pub use judge::{Mismatch, holds, judge, judge_besides};
pub use memory::{EvalError, Memory};
pub use met::is_met;
pub use refusal::{RefusalFault, refusal_faults};
pub use take::{Inbox, Offer, Taken, Taking, take};
pub use words::{
    describe_besides, describe_expectation, describe_literal, describe_pattern, describe_refused,
};

#[cfg(test)]
mod tests;
