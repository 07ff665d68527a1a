//! Counts the CONNECT packets of the current second.

use std::time::Duration;

use crate::core::input::Time;

const SECOND: Duration = Duration::from_secs(1);

/// The count of one second. A second begins with the first CONNECT after the previous second.
#[derive(Debug, Default)]
pub(crate) struct ConnectRate {
    since: Option<Time>,
    count: u32,
}

impl ConnectRate {
    /// Counts a CONNECT that is received `now`. Returns the count of this second.
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
