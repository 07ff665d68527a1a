//! The one timer table: what is due when. Its order is deterministic.

use std::collections::{BTreeMap, BTreeSet};

use super::session_key::SessionKey;
use crate::core::input::{ConnectionId, Time};

/// Everything that can become due. At the same instant the earlier variant comes first: if a Will's delay ends together
/// with its session, the Will is published because of its delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An opened connection has not sent CONNECT, or has not finished authentication.
    Connect(ConnectionId),
    /// The connection of this session may have been silent for one and a half times its Keep Alive.
    KeepAlive(SessionKey),
    WillDelay(SessionKey),
    SessionExpiry(SessionKey),
    /// For faults and permitted variations: unacknowledged packets are sent again on the same connection.
    Resend(SessionKey),
    /// For permitted variations: a message to this session may be sent.
    Deliver(SessionKey),
    /// For a fault: UNSUBSCRIBE packets of this session are carried out.
    Unsubscribe(SessionKey),
    /// For faults: what this session's connections have begun is carried out late.
    Late(SessionKey),
}

impl Timer {
    /// Returns the session that the timer is for, if it is for one.
    const fn session(self) -> Option<SessionKey> {
        match self {
            Self::Connect(_) => None,
            Self::KeepAlive(key)
            | Self::WillDelay(key)
            | Self::SessionExpiry(key)
            | Self::Resend(key)
            | Self::Deliver(key)
            | Self::Unsubscribe(key)
            | Self::Late(key) => Some(key),
        }
    }
}

/// The timers, with at most one entry for each [`Timer`].
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(Time, Timer)>,
    by_timer: BTreeMap<Timer, Time>,
    /// How many of them are [`Timer::Connect`].
    connects: usize,
}

impl Timers {
    /// Sets the timer, or moves it.
    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        if let Some(old) = self.by_timer.insert(timer, at) {
            self.by_time.remove(&(old, timer));
        } else if let Timer::Connect(_) = timer {
            self.connects += 1;
        }
        self.by_time.insert((at, timer));
    }

    /// Cancels the timer if it is set.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.by_timer.remove(&timer) {
            self.by_time.remove(&(at, timer));
            self.gone(timer);
        }
    }

    fn gone(&mut self, timer: Timer) {
        if let Timer::Connect(_) = timer {
            self.connects -= 1;
        }
    }

    /// Returns how many connections have not sent CONNECT or finished authentication.
    pub(crate) const fn connects(&self) -> usize {
        self.connects
    }

    /// For faults: returns all timers of one kind, and when they are due.
    pub(crate) fn all(&self, kind: fn(SessionKey) -> Timer) -> Vec<(SessionKey, Time)> {
        let all = self.by_timer.iter();
        let of_kind = all.filter_map(|(timer, at)| {
            let key = timer.session()?;
            (*timer == kind(key)).then_some((key, *at))
        });
        of_kind.collect()
    }

    /// Returns when the first timer is due.
    pub(crate) fn next(&self) -> Option<Time> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the first timer if it is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        let &(at, timer) = self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.pop_first();
        self.by_timer.remove(&timer);
        self.gone(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn connect(id: u64) -> Timer {
        Timer::Connect(ConnectionId(id))
    }

    #[test]
    fn comes_due_in_order_of_time_and_then_of_kind() {
        let mut timers = Timers::default();
        let at = Duration::from_secs(5);
        timers.set(Timer::SessionExpiry(SessionKey(0)), at);
        timers.set(Timer::WillDelay(SessionKey(0)), at);
        timers.set(connect(7), Duration::from_secs(1));
        assert_eq!(timers.next(), Some(Duration::from_secs(1)));
        assert_eq!(timers.connects(), 1);
        assert_eq!(timers.pop_due(Duration::ZERO), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due(at)).collect();
        assert_eq!(
            due,
            [
                connect(7),
                Timer::WillDelay(SessionKey(0)),
                Timer::SessionExpiry(SessionKey(0))
            ]
        );
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_moved_timer_is_due_once() {
        let mut timers = Timers::default();
        timers.set(connect(1), Duration::from_secs(1));
        timers.set(connect(1), Duration::from_secs(3));
        assert_eq!(timers.pop_due(Duration::from_secs(2)), None);
        assert_eq!(timers.pop_due(Duration::from_secs(3)), Some(connect(1)));
        timers.set(connect(1), Duration::from_secs(4));
        assert_eq!(timers.connects(), 1);
        timers.cancel(connect(1));
        timers.cancel(connect(2));
        assert_eq!(timers.connects(), 0);
        assert_eq!(timers.next(), None);
    }
}
