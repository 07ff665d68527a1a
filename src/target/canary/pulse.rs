//! What a canary has observed: how long the broker took to answer, and when it did not answer at all. Uses neither a
//! clock nor sockets.

use std::time::{Duration, Instant};

/// A broker that is silent for this much longer than usual has frozen.
pub(super) const FREEZE: Duration = Duration::from_secs(3);
/// The upper limit for the usual time to answer.
const MOST_USUAL: Duration = Duration::from_secs(5);
/// How many messages in a row must be lost before the broker counts as delivering nothing.
const LOST: usize = 5;
/// Once a broker has closed this many of the canary's connections, further closes no longer count as outages.
const HABIT: usize = 3;
/// The most outages to record.
const MOST: usize = 100;

/// A time in which the broker did not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The last sign of life before the outage, or the first request without an answer.
    pub since: Instant,
    /// When the broker answered again. `None` if it has not yet.
    pub until: Option<Instant>,
    pub how: OutageKind,
}

/// The kind of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutageKind {
    /// The broker answered nothing, but kept the connection open.
    Froze,
    /// The broker answered PINGREQ, but delivered no message.
    DeliversNothing,
    /// The broker closed the connection, and accepted the next one at once.
    Dropped,
    /// The broker closed the connection, and accepted no other for a while.
    Down,
}

impl Outage {
    /// Describes what happened.
    pub fn description(&self) -> String {
        let how = match self.how {
            OutageKind::Froze => "the broker answered nothing",
            OutageKind::DeliversNothing => "the broker delivered no message",
            OutageKind::Dropped => "the broker closed the connection of a client that only pinged",
            OutageKind::Down => "the broker closed its connections and accepted no new one",
        };
        match self.until {
            Some(until) if self.how != OutageKind::Dropped => {
                let lasted = until.saturating_duration_since(self.since);
                format!("{how} for {:.1} s", lasted.as_secs_f32())
            }
            _ => how.to_owned(),
        }
    }

    /// Whether any part of the outage was between these times.
    pub fn overlaps(&self, from: Instant, to: Instant) -> bool {
        self.since < to && self.until.is_none_or(|until| from < until)
    }
}

/// What the canary has learned about a broker's responsiveness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The number of answered requests.
    pub round_trips: usize,
    /// The slowest answer, not counting those that an outage delayed.
    pub slowest: Duration,
    /// The outages in order. The last one may not be over.
    pub outages: Vec<Outage>,
    last_answer: Option<Instant>,
    /// When the last answered PINGREQ was sent.
    last_asked: Option<Instant>,
    /// The number of undelivered messages, and when the first of them was sent.
    undelivered: Option<(Instant, usize)>,
    /// Whether any message has been delivered.
    delivers: bool,
    /// If the connection is gone: since when, and whether the canary itself may be the reason.
    gone: Option<(Instant, bool)>,
    dropped: usize,
}

impl Pulse {
    /// The current outage, if any.
    pub fn outage(&self) -> Option<Outage> {
        self.outages.last().copied().filter(|o| o.until.is_none())
    }

    /// The first outage between these times.
    pub fn overlapping(&self, from: Instant, to: Instant) -> Option<Outage> {
        let mut outages = self.outages.iter();
        outages.find(|outage| outage.overlaps(from, to)).copied()
    }

    /// Records the answer to a request that was sent at `asked`.
    pub(super) fn answered(&mut self, asked: Instant, now: Instant) {
        self.round_trips += 1;
        match self.outage() {
            Some(Outage {
                how: OutageKind::Froze,
                ..
            }) => self.end(now),
            _ => self.slowest = self.slowest.max(now.saturating_duration_since(asked)),
        }
        self.last_answer = Some(now);
        self.last_asked = Some(asked);
    }

    /// Whether the broker has answered a request that was sent at or after `time`.
    pub(super) fn has_answered_since(&self, time: Instant) -> bool {
        self.last_asked.is_some_and(|asked| asked >= time)
    }

    /// Records that the request sent at `asked` is still unanswered.
    pub(super) fn waits(&mut self, asked: Instant, now: Instant) {
        // A broker that has never answered may not support the request.
        if self.round_trips > 0 && self.is_too_long(asked, now) {
            self.begin(asked, OutageKind::Froze);
        }
    }

    /// Records that the canary sent a message while the broker was alive.
    pub(super) fn sent(&mut self, now: Instant) {
        let (since, before) = self.undelivered.unwrap_or((now, 0));
        self.undelivered = Some((since, before + 1));
        if self.delivers && before >= LOST && self.is_too_long(since, now) {
            self.begin(since, OutageKind::DeliversNothing);
        }
    }

    /// Records that a message of the canary was delivered. Earlier messages may be lost, as QoS 0 permits.
    pub(super) fn delivered(&mut self, sent: Instant, now: Instant) {
        self.undelivered = None;
        self.delivers = true;
        let is_mute = |outage: Outage| outage.how == OutageKind::DeliversNothing;
        match self.outage().is_some_and(is_mute) {
            true => self.end(now),
            false if self.outage().is_none() => {
                let took = now.saturating_duration_since(sent);
                self.slowest = self.slowest.max(took.min(FREEZE));
            }
            false => {}
        }
    }

    /// Records that no messages are sent for a while.
    pub(super) fn messages_paused(&mut self, now: Instant) {
        self.undelivered = None;
        if self
            .outage()
            .is_some_and(|outage| outage.how == OutageKind::DeliversNothing)
        {
            self.end(now);
        }
    }

    /// Records the end of the connection. `is_excused` means that the canary's last action may be the reason.
    pub(super) fn lost(&mut self, is_excused: bool, now: Instant) {
        let Some(last) = self.last_answer else {
            return;
        };
        self.undelivered = None;
        self.gone = Some((last, is_excused));
        if !is_excused && self.dropped < HABIT {
            self.dropped += 1;
            self.begin(last, OutageKind::Dropped);
        } else if self.outage().is_some() {
            self.end(now);
        }
    }

    /// Records that the broker did not accept another connection.
    pub(super) fn refused(&mut self) {
        let Some((since, _)) = self.gone else {
            return;
        };
        // The broker is down for everyone, so this does not count as dropping the canary.
        if self
            .outage()
            .is_none_or(|outage| outage.how != OutageKind::Down)
        {
            self.dropped = self.dropped.saturating_sub(1);
            self.begin(since, OutageKind::Down);
        }
    }

    /// Records that the broker accepted another connection.
    pub(super) fn back(&mut self, now: Instant) {
        self.gone = None;
        if self.last_answer.is_some() {
            self.last_answer = Some(now);
        }
        if self.outage().is_some() {
            self.end(now);
        }
    }

    fn is_too_long(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) > FREEZE + self.slowest.min(MOST_USUAL)
    }

    /// Begins an outage, or updates the kind of the current one.
    fn begin(&mut self, since: Instant, how: OutageKind) {
        if let Some(last) = self.outages.last_mut().filter(|o| o.until.is_none()) {
            last.since = last.since.min(since);
            last.how = how;
        } else if self.outages.len() < MOST {
            self.outages.push(Outage {
                since,
                until: None,
                how,
            });
        }
    }

    fn end(&mut self, now: Instant) {
        if let Some(last) = self.outages.last_mut() {
            last.until.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, tenths: u64) -> Instant {
        start + Duration::from_millis(tenths * 100)
    }

    /// A pulse with one answer, after a tenth of a second.
    fn answering() -> (Pulse, Instant) {
        let start = Instant::now();
        let mut pulse = Pulse::default();
        pulse.answered(start, at(start, 1));
        (pulse, start)
    }

    fn outage(start: Instant, since: u64, until: u64, how: OutageKind) -> Outage {
        Outage {
            since: at(start, since),
            until: Some(at(start, until)),
            how,
        }
    }

    #[test]
    fn a_broker_that_answers_late_is_slow_and_not_frozen() {
        let (mut pulse, start) = answering();
        pulse.waits(at(start, 10), at(start, 40));
        pulse.answered(at(start, 10), at(start, 40));
        assert_eq!(pulse.outages, []);
        assert_eq!(pulse.slowest, Duration::from_secs(3));
        // The usual time to answer has grown.
        pulse.waits(at(start, 50), at(start, 105));
        assert_eq!(pulse.outage(), None);
    }

    #[test]
    fn a_broker_that_answers_nothing_for_long_has_frozen() {
        let (mut pulse, start) = answering();
        pulse.waits(at(start, 10), at(start, 42));
        assert_eq!(pulse.outage().map(|o| o.how), Some(OutageKind::Froze));
        pulse.answered(at(start, 10), at(start, 210));
        assert_eq!(pulse.outages, [outage(start, 10, 210, OutageKind::Froze)]);
        assert_eq!(pulse.slowest, Duration::from_millis(100));
    }

    #[test]
    fn a_broker_that_never_answered_has_not_frozen() {
        let start = Instant::now();
        let mut pulse = Pulse::default();
        pulse.waits(start, at(start, 600));
        pulse.lost(false, at(start, 600));
        pulse.refused();
        pulse.back(at(start, 610));
        pulse.lost(false, at(start, 620));
        assert_eq!(pulse.outages, []);
    }

    #[test]
    fn a_broker_that_delivers_no_message_any_more_is_mute() {
        let (mut pulse, start) = answering();
        for tenths in (10..100).step_by(5) {
            pulse.sent(at(start, tenths));
        }
        assert_eq!(pulse.outages, [], "it has delivered none before");
        pulse.delivered(at(start, 10), at(start, 11));
        for tenths in (20..70).step_by(5) {
            pulse.sent(at(start, tenths));
        }
        assert_eq!(
            pulse.outage().map(|o| o.how),
            Some(OutageKind::DeliversNothing)
        );
        pulse.delivered(at(start, 70), at(start, 71));
        assert_eq!(
            pulse.outages,
            [outage(start, 20, 71, OutageKind::DeliversNothing)]
        );
    }

    #[test]
    fn a_lost_message_is_nothing() {
        let (mut pulse, start) = answering();
        pulse.delivered(start, at(start, 1));
        pulse.sent(at(start, 10));
        pulse.sent(at(start, 60));
        pulse.delivered(at(start, 60), at(start, 61));
        assert_eq!(pulse.outages, []);
    }

    #[test]
    fn a_restart_is_down_until_it_accepts_again() {
        let (mut pulse, start) = answering();
        pulse.lost(false, at(start, 20));
        pulse.refused();
        pulse.refused();
        pulse.back(at(start, 30));
        assert_eq!(pulse.outages, [outage(start, 1, 30, OutageKind::Down)]);
    }

    #[test]
    fn a_broker_that_freezes_and_dies_has_one_outage() {
        let (mut pulse, start) = answering();
        pulse.waits(at(start, 10), at(start, 50));
        pulse.lost(false, at(start, 60));
        pulse.refused();
        pulse.back(at(start, 70));
        assert_eq!(pulse.outages, [outage(start, 1, 70, OutageKind::Down)]);
    }

    #[test]
    fn a_connection_closed_because_of_the_canary_proves_nothing() {
        let (mut pulse, start) = answering();
        pulse.lost(true, at(start, 20));
        pulse.back(at(start, 21));
        assert_eq!(pulse.outages, []);
        pulse.lost(true, at(start, 22));
        pulse.refused();
        pulse.back(at(start, 30));
        assert_eq!(pulse.outages, [outage(start, 21, 30, OutageKind::Down)]);
    }

    #[test]
    fn a_broker_that_ends_such_connections_again_and_again_has_no_more_outages() {
        let (mut pulse, start) = answering();
        for n in 1..10 {
            pulse.lost(false, at(start, n * 10));
            pulse.back(at(start, n * 10 + 1));
        }
        assert_eq!(pulse.outages.len(), HABIT);
        let dropped = |outage: &Outage| outage.how == OutageKind::Dropped && outage.until.is_some();
        assert!(pulse.outages.iter().all(dropped), "{:?}", pulse.outages);
    }
}
