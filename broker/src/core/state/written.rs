//! What the store already has of a session, so that only changes are written. Large parts of a session track their
//! changes themselves (`tracked`).

use std::ops::Range;

use bytestring::ByteString;

use super::boxed_if_changed::Blank;
use super::expiry::Expiry;
use super::will::Identity;
use crate::core::input::Time;

/// What the store has of a session.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) itself: Option<Itself>,
    pub(crate) waiting: Range<u64>,
}

/// The content of a session's own record. It is compared for each message, so nothing in it is long.
#[derive(Debug, PartialEq)]
pub(crate) struct Itself {
    pub(crate) user: Option<ByteString>,
    pub(crate) expiry: Expiry,
    pub(crate) closed_at: Option<Time>,
    pub(crate) will: Option<Identity>,
}

impl Blank for Written {
    const BLANK: &'static Self = &Self {
        itself: None,
        waiting: 0..0,
    };
}
