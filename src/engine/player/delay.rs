//! How long the way to the broker and back takes: no limit counts that as the broker's.
//!
//! It is measured on every CONNECT, from its last byte to the first packet that comes back, and for each way that clients take
//! the smallest counts: what else delays a CONNACK differs from one to the next. A case that has connected nowhere yet goes
//! by what was measured before the run. A broker that is slow with every CONNACK cannot be told from one that is far
//! away, so what is added has a bound.

use std::time::Duration;

use mqtt_check_codec::Packet;

use super::Player;
use crate::scenario::model::Way;
use crate::transcript::{LaneIndex, What};

/// No more is added for one way there and back.
pub(in crate::engine) const LONGEST: Duration = Duration::from_secs(5);
/// Less is a part of what limits leave.
const SHORTEST: Duration = Duration::from_millis(50);
/// A waiting in which the client acknowledges what it is sent is given so many ways there and back at most.
const ROUND_TRIPS: usize = 16;

/// What was measured in one play.
#[derive(Debug, Default)]
pub(super) struct Greetings {
    /// The smallest for each way.
    ways: Vec<(Way, Duration)>,
}

impl Greetings {
    fn note(&mut self, way: Way, took: Duration) {
        match self.ways.iter_mut().find(|(known, _)| *known == way) {
            Some((_, least)) => *least = took.min(*least),
            None => self.ways.push((way, took)),
        }
    }

    /// The longest of all ways that were taken; `before` where none was.
    fn delay(&self, before: Duration) -> Duration {
        let ways = self.ways.iter().map(|(_, least)| *least);
        counted(ways.max().unwrap_or(before))
    }
}

/// What counts of a measured time.
fn counted(took: Duration) -> Duration {
    match took < SHORTEST {
        true => Duration::ZERO,
        false => took.min(LONGEST),
    }
}

impl Player<'_> {
    /// How much longer than on the spot an answer may take.
    pub(in crate::engine) fn delay(&self) -> Duration {
        if self.is_virtual() {
            return Duration::ZERO;
        }
        self.greetings.delay(self.patience.delay)
    }

    /// How long is waited for an answer of which nothing else is said.
    pub(in crate::engine) fn limit(&self) -> Duration {
        self.patience.limit + self.delay()
    }

    /// How much longer a waiting on this connection goes on that began at `since` and may take so many packets. What the
    /// broker sends only when the one before is acknowledged is on its way once for each.
    pub(in crate::engine) fn allowance(
        &self,
        lane: LaneIndex,
        since: Duration,
        packets: usize,
    ) -> Duration {
        let delay = self.delay();
        if delay.is_zero() || packets < 2 {
            return delay;
        }
        let events = self.transcript.events.iter().rev();
        let acknowledged = events
            .take_while(|event| event.at >= since)
            .filter(|event| {
                let is_answer = matches!(
                    event.what,
                    What::Sent {
                        automatic: true,
                        ..
                    }
                );
                event.lane == lane && is_answer
            })
            .take(packets.min(ROUND_TRIPS) - 1)
            .count();
        delay * u32::try_from(acknowledged + 1).unwrap_or(1)
    }

    /// A packet has come on this connection. If it is the first one, it shows how far away the broker is.
    pub(super) fn note_greeting(&mut self, lane: LaneIndex) {
        if self.lanes[lane.0].greeted || self.is_virtual() {
            return;
        }
        self.lanes[lane.0].greeted = true;
        let events = self.transcript.events.iter();
        let mut sent = events.filter(|event| {
            event.lane == lane && matches!(event.what, What::Sent { .. } | What::SentFrame { .. })
        });
        let is_connect = |what: &What| {
            matches!(
                what,
                What::Sent {
                    packet: Some(Packet::Connect(_)),
                    ..
                }
            )
        };
        let first = sent.clone().next();
        let Some(asked) = sent.find(|event| is_connect(&event.what)).or(first) else {
            return;
        };
        let took = self.now().saturating_sub(asked.at);
        let client = self.transcript.lanes[lane.0].client;
        self.greetings.note(self.scene.clients[client.0].way, took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::model::Transport;

    const fn way(node: usize) -> Way {
        Way {
            transport: Transport::Default,
            node,
        }
    }

    #[test]
    fn the_quickest_answer_shows_how_far_away_the_broker_is() {
        let mut greetings = Greetings::default();
        let before = Duration::from_secs(1);
        assert_eq!(greetings.delay(before), before);
        greetings.note(way(0), Duration::from_secs(3));
        greetings.note(way(0), Duration::from_secs(2));
        assert_eq!(greetings.delay(before), Duration::from_secs(2));
        greetings.note(way(1), Duration::from_secs(4));
        assert_eq!(greetings.delay(before), Duration::from_secs(4));
    }

    #[test]
    fn a_broker_that_is_slow_to_greet_gets_no_more_than_the_bound() {
        let mut greetings = Greetings::default();
        greetings.note(way(0), Duration::from_secs(8));
        assert_eq!(greetings.delay(Duration::ZERO), LONGEST);
        assert_eq!(counted(Duration::from_millis(49)), Duration::ZERO);
    }
}
