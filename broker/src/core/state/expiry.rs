//! How long a session outlives its connection.

use std::time::Duration;

use crate::Config;

/// How long a session outlives its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// The session ends with its connection.
    AtClose,
    After(Duration),
    Never,
}

impl Expiry {
    /// Converts a Session Expiry Interval in seconds. [5 RULE-3.1.2.11.2-1]
    pub(crate) const fn from_s(seconds: u32) -> Self {
        match seconds {
            0 => Self::AtClose,
            u32::MAX => Self::Never,
            _ => Self::After(Duration::from_secs(seconds as u64)),
        }
    }

    /// Returns what is granted for the Session Expiry Interval that a client requests.
    pub(crate) fn granted(config: &Config, asked_s: u32) -> Self {
        let asked = Self::from_s(asked_s);
        match (asked, config.maximum_session_expiry) {
            (Self::AtClose, _) | (_, None) => asked,
            (_, Some(Duration::ZERO)) => Self::AtClose,
            (Self::After(asked), Some(maximum)) => Self::After(asked.min(maximum)),
            (Self::Never, Some(maximum)) => Self::After(maximum),
        }
    }

    /// Returns the Session Expiry Interval in seconds.
    pub(crate) fn as_s(self) -> u32 {
        match self {
            Self::AtClose => 0,
            Self::After(span) => u32::try_from(span.as_secs()).unwrap_or(u32::MAX - 1),
            Self::Never => u32::MAX,
        }
    }
}
