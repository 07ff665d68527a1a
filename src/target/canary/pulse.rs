//! What a canary has observed: how long the broker took to answer, and when it did not answer at all. Without clock and
//! sockets.

use std::time::{Duration, Instant};

/// A broker that answers nothing for so much longer than usual has frozen.
pub(super) const FREEZE: Duration = Duration::from_secs(3);
/// What is usual is no more than this.
const MOST_USUAL: Duration = Duration::from_secs(5);
/// So many messages in a row must be lost before a broker counts as one that delivers nothing.
const LOST: usize = 5;
/// A broker that has ended the connection so often, and let the canary in again at once, does so to such clients.
const HABIT: usize = 3;
/// So many outages are kept.
const MOST: usize = 100;

/// A time in which the broker did not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The last sign of life before it, or the first request that was not answered.
    pub since: Instant,
    /// When it answered again; `None` if it has not.
    pub until: Option<Instant>,
    pub how: How,
}

/// How an outage shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It answered nothing, and kept the connection.
    Froze,
    /// It answered PINGREQ, and delivered no message.
    Mute,
    /// It ended the connection, and accepted another at once.
    Dropped,
    /// It ended the connection, and accepted no other for a while.
    Down,
}

impl Outage {
    /// What happened, in words.
    pub fn description(&self) -> String {
        let how = match self.how {
            How::Froze => "the broker answered nothing",
            How::Mute => "the broker delivered no message",
            How::Dropped => "the broker closed the connection of a client that only pinged",
            How::Down => "the broker closed its connections and accepted no new one",
        };
        match self.until {
            Some(until) if self.how != How::Dropped => {
                let lasted = until.saturating_duration_since(self.since);
                format!("{how} for {:.1} s", lasted.as_secs_f32())
            }
            _ => how.to_owned(),
        }
    }

    /// Whether any of it was between these two.
    pub fn overlaps(&self, from: Instant, to: Instant) -> bool {
        self.since < to && self.until.is_none_or(|until| from < until)
    }
}

/// What was seen of a broker's responsiveness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Requests that were answered.
    pub round_trips: usize,
    /// The slowest of them, those apart that an outage delayed.
    pub slowest: Duration,
    /// In the order of their beginning; the last may go on.
    pub outages: Vec<Outage>,
    last_answer: Option<Instant>,
    /// When the last PINGREQ was sent that was answered.
    last_asked: Option<Instant>,
    /// When the first of the messages was sent that have not come, and how many they are.
    undelivered: Option<(Instant, usize)>,
    /// Whether a message has come at all.
    delivers: bool,
    /// The connection is gone: since when, and whether the canary itself may be the reason.
    gone: Option<(Instant, bool)>,
    dropped: usize,
}

impl Pulse {
    /// The outage that goes on.
    pub fn outage(&self) -> Option<Outage> {
        self.outages.last().copied().filter(|o| o.until.is_none())
    }

    /// The first outage between these two.
    pub fn overlapping(&self, from: Instant, to: Instant) -> Option<Outage> {
        let mut outages = self.outages.iter();
        outages.find(|outage| outage.overlaps(from, to)).copied()
    }

    /// An answer to what was asked at `asked`.
    pub(super) fn answered(&mut self, asked: Instant, now: Instant) {
        self.round_trips += 1;
        match self.outage() {
            Some(Outage {
                how: How::Froze, ..
            }) => self.end(now),
            _ => self.slowest = self.slowest.max(now.saturating_duration_since(asked)),
        }
        self.last_answer = Some(now);
        self.last_asked = Some(asked);
    }

    /// Whether the broker has answered what was asked after this.
    pub(super) fn has_answered_since(&self, time: Instant) -> bool {
        self.last_asked.is_some_and(|asked| asked >= time)
    }

    /// What was asked at `asked` has not been answered yet.
    pub(super) fn waits(&mut self, asked: Instant, now: Instant) {
        // Who has never answered may not know how.
        if self.round_trips > 0 && self.is_too_long(asked, now) {
            self.begin(asked, How::Froze);
        }
    }

    /// A message of the canary's own has been sent, and it was alive then.
    pub(super) fn sent(&mut self, now: Instant) {
        let (since, before) = self.undelivered.unwrap_or((now, 0));
        self.undelivered = Some((since, before + 1));
        if self.delivers && before >= LOST && self.is_too_long(since, now) {
            self.begin(since, How::Mute);
        }
    }

    /// A message of the canary's own has come. QoS 0 may lose those before it.
    pub(super) fn delivered(&mut self, sent: Instant, now: Instant) {
        self.undelivered = None;
        self.delivers = true;
        let is_mute = |outage: Outage| outage.how == How::Mute;
        match self.outage().is_some_and(is_mute) {
            true => self.end(now),
            false if self.outage().is_none() => {
                let took = now.saturating_duration_since(sent);
                self.slowest = self.slowest.max(took.min(FREEZE));
            }
            false => {}
        }
    }

    /// No messages are sent for a while.
    pub(super) fn hushed(&mut self, now: Instant) {
        self.undelivered = None;
        if self.outage().is_some_and(|outage| outage.how == How::Mute) {
            self.end(now);
        }
    }

    /// The connection has ended. `is_excused` says that what the canary did last may be why.
    pub(super) fn lost(&mut self, is_excused: bool, now: Instant) {
        let Some(last) = self.last_answer else {
            return;
        };
        self.undelivered = None;
        self.gone = Some((last, is_excused));
        if !is_excused && self.dropped < HABIT {
            self.dropped += 1;
            self.begin(last, How::Dropped);
        } else if self.outage().is_some() {
            self.end(now);
        }
    }

    /// Another connection was not accepted.
    pub(super) fn refused(&mut self) {
        let Some((since, _)) = self.gone else {
            return;
        };
        // It was not the canary alone.
        if self.outage().is_none_or(|outage| outage.how != How::Down) {
            self.dropped = self.dropped.saturating_sub(1);
            self.begin(since, How::Down);
        }
    }

    /// Another connection was accepted.
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

    /// Begins an outage, or says of the one that goes on how it shows now.
    fn begin(&mut self, since: Instant, how: How) {
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

    /// One that has answered once, after a tenth of a second.
    fn answering() -> (Pulse, Instant) {
        let start = Instant::now();
        let mut pulse = Pulse::default();
        pulse.answered(start, at(start, 1));
        (pulse, start)
    }

    fn outage(start: Instant, since: u64, until: u64, how: How) -> Outage {
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
        // What is usual has grown.
        pulse.waits(at(start, 50), at(start, 105));
        assert_eq!(pulse.outage(), None);
    }

    #[test]
    fn a_broker_that_answers_nothing_for_long_has_frozen() {
        let (mut pulse, start) = answering();
        pulse.waits(at(start, 10), at(start, 42));
        assert_eq!(pulse.outage().map(|o| o.how), Some(How::Froze));
        pulse.answered(at(start, 10), at(start, 210));
        assert_eq!(pulse.outages, [outage(start, 10, 210, How::Froze)]);
        assert_eq!(pulse.slowest, Duration::from_millis(100));
    }

    #[test]
    fn who_has_never_answered_has_not_frozen() {
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
        assert_eq!(pulse.outage().map(|o| o.how), Some(How::Mute));
        pulse.delivered(at(start, 70), at(start, 71));
        assert_eq!(pulse.outages, [outage(start, 20, 71, How::Mute)]);
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
        assert_eq!(pulse.outages, [outage(start, 1, 30, How::Down)]);
    }

    #[test]
    fn a_broker_that_freezes_and_dies_has_one_outage() {
        let (mut pulse, start) = answering();
        pulse.waits(at(start, 10), at(start, 50));
        pulse.lost(false, at(start, 60));
        pulse.refused();
        pulse.back(at(start, 70));
        assert_eq!(pulse.outages, [outage(start, 1, 70, How::Down)]);
    }

    #[test]
    fn a_connection_that_is_ended_for_what_the_canary_did_says_nothing() {
        let (mut pulse, start) = answering();
        pulse.lost(true, at(start, 20));
        pulse.back(at(start, 21));
        assert_eq!(pulse.outages, []);
        pulse.lost(true, at(start, 22));
        pulse.refused();
        pulse.back(at(start, 30));
        assert_eq!(pulse.outages, [outage(start, 21, 30, How::Down)]);
    }

    #[test]
    fn a_broker_that_ends_such_connections_again_and_again_has_no_more_outages() {
        let (mut pulse, start) = answering();
        for n in 1..10 {
            pulse.lost(false, at(start, n * 10));
            pulse.back(at(start, n * 10 + 1));
        }
        assert_eq!(pulse.outages.len(), HABIT);
        let dropped = |outage: &Outage| outage.how == How::Dropped && outage.until.is_some();
        assert!(pulse.outages.iter().all(dropped), "{:?}", pulse.outages);
    }
}
