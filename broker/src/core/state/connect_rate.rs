//! Counts the CONNECT packets of the current second.

use std::time::Duration;

use crate::core::input::Time;

const SECOND: Duration = Duration::from_secs(1);

/// The count of a second that begins with the first CONNECT behind the one before.
#[derive(Debug, Default)]
pub(crate) struct ConnectRate {
    since: Option<Time>,
    count: u32,
}

impl ConnectRate {
    /// Counts one that came `now`; says how many there were in this second.
    pub(crate) fn count(&mut self, now: Time) -> u32 {
        let goes_on = self
            .since
            .is_some_and(|since| now < since.saturating_add(SECOND));
        if !goes_on {
            *self = Self {
                since: Some(now),
                count: 0,
            };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}
