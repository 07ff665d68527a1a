//! For faults: a delayed Will, a session or a silent client that is due waits because of others.

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
    behind_longest: Option<Fault>,
}

/// [5 MQTT-3.1.2-8]
const WILLS: Kind = Kind {
    timer: Timer::WillDelay,
    interval: |session| session.will.as_ref().map(|will| will.delay),
    together: Fault::WillsDueTogetherLost,
    behind_shorter: Fault::WillDelayBehindShorter,
    behind_longest: Some(Fault::WillDelayBehindLongest),
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
    behind_longest: Some(Fault::SessionExpiryBehindLongest),
};

/// [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
const KEEP_ALIVES: Kind = Kind {
    timer: Timer::KeepAlive,
    interval: |session| session.link.as_ref()?.silence,
    together: Fault::SilentTogetherKept,
    behind_shorter: Fault::KeepAliveBehindShorter,
    behind_longest: None,
};

/// Delays a Will that is due. Returns whether it did.
pub(crate) fn hold_back_will(state: &mut State, key: SessionKey, now: Time) -> bool {
    WILLS.holds_back(state, key, now)
}

/// Lets a session last although it has expired, perhaps without its Will. Returns whether it did.
pub(crate) fn hold_back_session(state: &mut State, key: SessionKey, now: Time) -> bool {
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

/// Lets a client stay connected although it has been silent for too long. Returns whether it did.
pub(crate) fn accept_silence(state: &mut State, key: SessionKey, now: Time) -> bool {
    if state.rules.breaks(Fault::KeepAliveOfThePatient) {
        let silence = |key| KEEP_ALIVES.interval_of(state, key);
        let all = state.timers.all(Timer::KeepAlive);
        let longest = all.iter().filter_map(|(key, _)| silence(*key)).max();
        let link = state.sessions.at(key).and_then(|s| s.link.as_ref());
        let until = link.and_then(|link| Some(link.last_received + longest?));
        if let Some(until) = until.filter(|until| *until > now) {
            state.timers.set(Timer::KeepAlive(key), until);
            return true;
        }
    }
    KEEP_ALIVES.holds_back(state, key, now)
}

impl Kind {
    fn interval_of(&self, state: &State, key: SessionKey) -> Option<Duration> {
        state.sessions.at(key).and_then(self.interval)
    }

    fn holds_back(&self, state: &mut State, key: SessionKey, now: Time) -> bool {
        let breaks = |fault| state.rules.breaks(fault);
        let [together, behind_shorter] = [self.together, self.behind_shorter].map(breaks);
        let behind_longest = self.behind_longest.is_some_and(breaks);
        if !together && !behind_shorter && !behind_longest {
            return false;
        }
        let Some(own) = self.interval_of(state, key) else {
            return false;
        };
        let others = state.timers.all(self.timer);
        let blocks = |&(other, at): &(SessionKey, Time)| {
            let other = self.interval_of(state, other)?;
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
