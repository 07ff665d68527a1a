//! Measures the round trip to the broker, so that no limit blames the broker for it.
//!
//! It is measured on every CONNECT, from the CONNECT to the first packet that is received. For each route that clients
//! take, the shortest time counts, because other delays of a CONNACK vary. A case that has not connected yet uses what
//! was measured before the run. A broker that is slow with every CONNACK looks like one that is far away, so the time
//! that is added has an upper bound.

use std::time::Duration;

use mqtt_check_codec::Packet;

use super::Player;
use crate::scenario::model::Route;
use crate::transcript::{LaneIndex, What};

/// The longest time that is added for one round trip.
pub(in crate::engine) const LONGEST: Duration = Duration::from_secs(5);
/// A shorter round trip is not added, because limits leave room for it.
const SHORTEST: Duration = Duration::from_millis(50);
/// How many round trips are added at most to a wait in which the client acknowledges packets.
const ROUND_TRIPS: usize = 16;

/// The round trips that were measured in one play.
#[derive(Debug, Default)]
pub(super) struct RoundTrips {
    /// The shortest round trip for each route.
    routes: Vec<(Route, Duration)>,
}

impl RoundTrips {
    fn note(&mut self, route: Route, took: Duration) {
        match self.routes.iter_mut().find(|(known, _)| *known == route) {
            Some((_, least)) => *least = took.min(*least),
            None => self.routes.push((route, took)),
        }
    }

    /// Returns the longest round trip of the routes that were taken, or `before` if there was none.
    fn delay(&self, before: Duration) -> Duration {
        let routes = self.routes.iter().map(|(_, least)| *least);
        counted(routes.max().unwrap_or(before))
    }
}

/// Returns how much of a measured time counts.
fn counted(took: Duration) -> Duration {
    match took < SHORTEST {
        true => Duration::ZERO,
        false => took.min(LONGEST),
    }
}

impl Player<'_> {
    /// Returns what is added to the time in which the broker must answer.
    pub(in crate::engine) fn delay(&self) -> Duration {
        if self.is_virtual() {
            return Duration::ZERO;
        }
        self.round_trips.delay(self.patience.delay)
    }

    /// Returns how long the player waits for an answer if the scenario does not say.
    pub(in crate::engine) fn limit(&self) -> Duration {
        self.patience.limit + self.delay()
    }

    /// Returns what is added to a wait on this connection that began at `since` and may take this many packets. If the
    /// broker sends a packet only after the previous one is acknowledged, each packet takes a round trip.
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

    /// Notes that a packet was received on this connection. The first one shows how far away the broker is.
    pub(super) fn note_first_packet(&mut self, lane: LaneIndex) {
        if self.lanes[lane.0].has_first_packet || self.is_virtual() {
            return;
        }
        self.lanes[lane.0].has_first_packet = true;
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
        let record = &self.transcript.lanes[lane.0];
        let route = Route {
            node: record.node,
            ..self.scene.clients[record.client.0].route
        };
        self.round_trips.note(route, took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::model::Transport;

    const fn route(node: usize) -> Route {
        Route {
            transport: Transport::Default,
            node,
        }
    }

    #[test]
    fn the_quickest_answer_shows_how_far_away_the_broker_is() {
        let mut round_trips = RoundTrips::default();
        let before = Duration::from_secs(1);
        assert_eq!(round_trips.delay(before), before);
        round_trips.note(route(0), Duration::from_secs(3));
        round_trips.note(route(0), Duration::from_secs(2));
        assert_eq!(round_trips.delay(before), Duration::from_secs(2));
        round_trips.note(route(1), Duration::from_secs(4));
        assert_eq!(round_trips.delay(before), Duration::from_secs(4));
    }

    #[test]
    fn a_broker_that_is_slow_to_greet_gets_no_more_than_the_bound() {
        let mut round_trips = RoundTrips::default();
        round_trips.note(route(0), Duration::from_secs(8));
        assert_eq!(round_trips.delay(Duration::ZERO), LONGEST);
        assert_eq!(counted(Duration::from_millis(49)), Duration::ZERO);
    }
}
