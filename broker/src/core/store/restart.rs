//! What outlives the broker itself, and how a broker takes it up again.

use crate::core::Broker;
use crate::core::ending::session::end_session;
use crate::core::ending::will::publish_will;
use crate::core::input::{Control, Input, Time};
use crate::core::output::Output;
use crate::core::state::retained::Retained;
use crate::core::state::session::{Expiry, Session};
use crate::core::state::timer::Timer;
use crate::core::turn::Turn;
use crate::hook::{TerminationReason, WillTrigger};
use crate::{Conduct, Config, Fault};

/// Sessions and retained messages between two runs of the broker.
#[derive(Debug, Default)]
pub struct StoredState {
    /// In the order of client ids. Those that should have ended with their connection are here when the broker
    /// had no time to end them.
    pub(super) sessions: Vec<Session>,
    pub(super) retained: Retained,
}

/// What became due while there was no broker.
enum Due {
    Will,
    End(TerminationReason),
}

impl Broker {
    /// Stops in good order, as [`Control::Stop`] does, and hands over what survives: nothing unless the broker is
    /// durable.
    pub fn stop(mut self, now: Time, out: &mut Vec<Output>) -> StoredState {
        self.handle(now, Input::Control(Control::Stop), out);
        self.into_stored()
    }

    /// Stops as if the power had failed: no packet, no event. What survives is what stood in the store.
    pub fn crash(mut self, now: Time) -> StoredState {
        for key in self.state.sessions.keys() {
            if let Some(session) = self.state.sessions.at_mut(key)
                && session.link.take().is_some()
            {
                session.closed_at = Some(now);
            }
        }
        self.into_stored()
    }

    fn into_stored(mut self) -> StoredState {
        if !self.state.rules.config.durable || self.state.rules.breaks(Fault::RestartLosesSessions)
        {
            return StoredState::default();
        }
        let keys = self.state.sessions.keys();
        let sessions = keys
            .into_iter()
            .filter_map(|key| self.state.sessions.remove(key));
        StoredState {
            sessions: sessions.map(|session| *session).collect(),
            retained: self.state.topics.retained,
        }
    }

    /// A broker that takes up what an earlier one left. Sessions that ended meanwhile are terminated, and the
    /// Wills that became due are published, in the order in which they were due.
    pub fn restore(
        config: Config,
        conduct: impl Into<Conduct>,
        stored: StoredState,
        now: Time,
        out: &mut Vec<Output>,
    ) -> Self {
        let conduct = conduct.into();
        let faults = conduct.faults;
        let mut broker = Self::new(config, conduct);
        broker.state.topics.retained = stored.retained;
        // [5 MQTT-3.3.2-5] [5 MQTT-3.3.2-6]
        if faults.has(Fault::MessageExpiryLostOverRestart) {
            broker.state.topics.retained.forget_expiry();
        }
        for session in stored.sessions {
            let subscriptions = session.subscriptions.clone();
            let key = broker.state.sessions.insert(session);
            for (whole, granted) in &subscriptions {
                let filter = granted.filter(whole);
                broker
                    .state
                    .topics
                    .subscriptions
                    .insert(whole, filter, key, *granted);
            }
        }
        let turn = &mut Turn { now, out };
        let mut due = Vec::new();
        for key in broker.state.sessions.keys() {
            let Some(session) = broker.state.sessions.at_mut(key) else {
                continue;
            };
            // Of a store that was written while it was connected: when that ended nobody knows.
            let closed_at = *session.closed_at.get_or_insert(now);
            let ends_at = match session.expiry {
                Expiry::AtClose => Some(closed_at),
                // [5 MQTT-4.1.0-2]
                Expiry::After(_) if faults.has(Fault::SessionExpiryLostOverRestart) => None,
                Expiry::After(span) => Some(closed_at.saturating_add(span)),
                Expiry::Never => None,
            };
            let will_at = session
                .will
                .as_ref()
                .map(|will| closed_at.saturating_add(will.delay));
            match will_at {
                Some(at) if at <= now => due.push((at, key, Due::Will)),
                Some(at) => broker.state.timers.set(Timer::WillDelay(key), at),
                None => {}
            }
            match ends_at {
                Some(at) if at <= now => {
                    let reason = match at == closed_at {
                        true => TerminationReason::Normal,
                        false => TerminationReason::Expired,
                    };
                    due.push((at, key, Due::End(reason)));
                }
                Some(at) => broker.state.timers.set(Timer::SessionExpiry(key), at),
                None => {}
            }
        }
        // A session that ended passes nothing on to one that had ended before it. Stable: of one session the Will
        // goes before the end.
        due.sort_by_key(|(at, key, _)| (*at, *key));
        for (_, key, what) in due {
            match what {
                // [3.1.1 RULE-3.1.2.5-1] [5 RULE-3.1.2.5-2]
                Due::Will => {
                    publish_will(&mut broker.state, turn, key, WillTrigger::ServerShutdown)
                }
                Due::End(reason) => end_session(&mut broker.state, turn, key, reason),
            }
        }
        broker
    }
}
