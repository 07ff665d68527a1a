//! For faults: a delayed Will or a session that is due waits because of others.

use std::time::Duration;

use crate::Fault;
use crate::core::input::Time;
use crate::core::state::State;
use crate::core::state::expiry::Expiry;
use crate::core::state::session::Session;
use crate::core::state::session_key::SessionKey;
use crate::core::state::timer::Timer;

/// Timers that are so close are due together.
const TOGETHER: Duration = Duration::from_secs(1);

/// How the timers of one kind can disturb each other.
struct Kind {
    timer: fn(SessionKey) -> Timer,
    interval: fn(&Session) -> Option<Duration>,
    /// Only one of several that are due within [`TOGETHER`] keeps its timer.
    together: Fault,
    behind_shorter: Fault,
    behind_longest: Fault,
}

/// [5 MQTT-3.1.2-8]
const WILLS: Kind = Kind {
    timer: Timer::WillDelay,
    interval: |session| session.will.as_ref().map(|will| will.delay),
    together: Fault::WillsDueTogetherLost,
    behind_shorter: Fault::WillDelayBehindShorter,
    behind_longest: Fault::WillDelayBehindLongest,
};

/// [5 MQTT-4.1.0-2]
const SESSIONS: Kind = Kind {
    timer: Timer::SessionExpiry,
    interval: |session| match session.expiry {
        Expiry::After(interval) => Some(interval),
        Expiry::AtClose | Expiry::Never => None,
    },
    together: Fault::SessionsDueTogetherKept,
    behind_shorter: Fault::SessionExpiryBehindShorter,
    behind_longest: Fault::SessionExpiryBehindLongest,
};

/// Returns whether a delayed Will that is due is not published yet.
pub(crate) fn is_will_held_back(state: &mut State, key: SessionKey, now: Time) -> bool {
    WILLS.holds_back(state, key, now)
}

/// Returns whether a session lasts although it has expired. It may lose its Will.
pub(crate) fn is_session_held_back(state: &mut State, key: SessionKey, now: Time) -> bool {
    let Some(session) = state.sessions.at_mut(key) else {
        return false;
    };
    // [5 MQTT-3.1.2-8]
    if session.traces.told_expiry.is_some() && state.rules.breaks(Fault::ShortenedExpiryLosesWill) {
        session.will = None;
    }
    // [5 MQTT-4.1.0-2]
    let has_queue =
        !session.queue.is_empty() && state.rules.breaks(Fault::SessionWithQueueNeverExpires);
    has_queue || SESSIONS.holds_back(state, key, now)
}

impl Kind {
    fn holds_back(&self, state: &mut State, key: SessionKey, now: Time) -> bool {
        let faults = [self.together, self.behind_shorter, self.behind_longest];
        let [together, behind_shorter, behind_longest] = faults.map(|f| state.rules.breaks(f));
        if !together && !behind_shorter && !behind_longest {
            return false;
        }
        let interval = |key| state.sessions.at(key).and_then(self.interval);
        let Some(own) = interval(key) else {
            return false;
        };
        let others = state.timers.all(self.timer);
        let blocks = |&(other, at): &(SessionKey, Time)| {
            let other = interval(other)?;
            let longer = other.saturating_sub(own).as_secs();
            let does = behind_shorter && other < own || behind_longest && longer > i32::MAX as u64;
            (does && at > now).then_some(at)
        };
        let until = others.iter().filter_map(blocks).min();
        if let Some(until) = until {
            state.timers.set((self.timer)(key), until);
        }
        if together {
            for (other, _) in others.iter().filter(|(_, at)| *at <= now + TOGETHER) {
                state.timers.cancel((self.timer)(*other));
            }
        }
        until.is_some()
    }
}
