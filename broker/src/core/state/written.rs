//! What a store was told of a session, kept with it so that only changes are written. What a session has many of knows
//! its changes itself (`tracked`).

use std::ops::Range;

use super::boxed_if_changed::Blank;

/// What of a session stands in the store.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) itself: Vec<u8>,
    pub(crate) waiting: Range<u64>,
}

impl Blank for Written {
    const BLANK: &'static Self = &Self {
        itself: Vec::new(),
        waiting: 0..0,
    };
}
