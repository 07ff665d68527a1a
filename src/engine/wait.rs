//! Waits until an expectation is met, can no longer be met, or its time is over.

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketId, PacketType};
use tokio::time::Instant;

use super::player::Player;
use crate::matcher::{Inbox, Offer, Received, Taken, Taking, WebSocketEvent, take};
use crate::plan::Awaited;
use crate::scenario::model::{After, Expectation, Pattern};
use crate::transcript::{Ended, Ending, EventIndex, LaneIndex, Outcome, What};

/// A wait on one connection.
pub(super) struct Waiting<'a> {
    pub(super) lane: LaneIndex,
    pub(super) awaited: &'a Awaited,
    /// Whether the case has failed and nothing else depends on this wait. Only what has been received once the broker
    /// is idle is then taken.
    pub(super) is_lost: bool,
}

impl Waiting<'_> {
    /// Waits and returns the outcome. The events that it took are not yet marked as taken.
    pub(super) async fn run(&self, player: &mut Player<'_>) -> Outcome {
        let expectation = &self.awaited.expectation;
        let since = self.since(player);
        let limit = self.limit(player);
        let packets = most_packets(expectation);
        if let Pattern::Silence { span, .. } = &expectation.pattern
            && !player.judged
        {
            // A control neither waits for silence nor takes what breaks it. But packets on their way must be received
            // first, as they would be while the scene waits. Otherwise they would be sent again to a client that
            // disconnects now.
            player.quiesce(Some(self.lane)).await;
            let taking = Taking::Complete(Taken {
                events: Vec::new(),
                alternative: None,
                memory: player.memory.clone(),
            });
            return self.outcome(player, taking, since, *span);
        }
        loop {
            match self.take(player, false) {
                Taking::Wait => {}
                Taking::Settle => {
                    player.quiesce(Some(self.lane)).await;
                    let span = match self.is_lost {
                        true => Duration::ZERO,
                        false => silent_span(expectation),
                    };
                    // Another answer than silence ends the wait.
                    let is_done = |player: &Player<'_>| {
                        matches!(self.take(player, false), Taking::Complete(_))
                    };
                    player.until_done(Instant::now() + span, is_done).await;
                    let taking = self.take(player, true);
                    return self.outcome(player, taking, since, limit);
                }
                decided => return self.outcome(player, decided, since, limit),
            }
            if self.is_answered_otherwise(player) {
                let waited = player.now().saturating_sub(since);
                player.until(Instant::now() + player.patience.settle).await;
                let taking = self.take(player, true);
                return self.outcome(player, taking, since, waited);
            }
            if self.may_give_up_early(player) {
                player.quiesce(Some(self.lane)).await;
                match self.take(player, false) {
                    Taking::Wait => {
                        let taking = self.take(player, true);
                        return self.outcome(player, taking, since, limit);
                    }
                    // It was received while the broker became idle.
                    _ => continue,
                }
            }
            // It may have been received during the check that nothing more is on its way.
            if !matches!(self.take(player, false), Taking::Wait) {
                continue;
            }
            let more = player
                .attentive(self.deadline(player, since, packets))
                .await;
            if !more || player.transcript.broken_off.is_some() {
                // Silence among the alternatives is known only now. For anything else the time is over: outside virtual
                // time, another wait would take as long again and accept packets that are too late.
                if player.is_virtual() || has_silence(expectation) {
                    player.quiesce(Some(self.lane)).await;
                }
                let taking = self.take(player, true);
                return self.outcome(player, taking, since, limit);
            }
        }
    }

    /// Returns how long this waits.
    fn limit(&self, player: &Player<'_>) -> Duration {
        let expectation = &self.awaited.expectation;
        expectation
            .within
            .map_or(player.patience.limit, |named| {
                named.mul_f64(player.patience.scale.max(1.0))
            })
            .max(expectation.not_before.unwrap_or_default())
    }

    /// Returns the deadline of a wait that may take this many packets. It is later if the client has to acknowledge
    /// packets.
    fn deadline(&self, player: &Player<'_>, since: Duration, packets: usize) -> Instant {
        let limit = self.limit(player) + player.allowance(self.lane, since, packets);
        player.started + since + limit
    }

    /// Returns the time from which the limits count, since the scene began.
    fn since(&self, player: &Player<'_>) -> Duration {
        match &self.awaited.expectation.after {
            After::Now => player.now(),
            After::LastPacket => player.last_sent(self.lane).unwrap_or_else(|| player.now()),
            After::Step(id) => player.began(id).unwrap_or_else(|| player.now()),
        }
    }

    /// Returns whether the wait may end early. If nothing is judged, it need not wait for the effects of a cause that
    /// is missing in the control.
    fn may_give_up_early(&self, player: &Player<'_>) -> bool {
        self.is_lost
            || !(player.judged
                || player.is_virtual()
                || self.awaited.connects
                || self.awaited.answers_sent
                || self.awaited.decides)
    }

    /// Returns whether a PUBLISH was acknowledged as one of another QoS. The right acknowledgement no longer comes.
    fn is_answered_otherwise(&self, player: &Player<'_>) -> bool {
        let other = match &self.awaited.expectation.pattern {
            Pattern::Packet(pattern) if pattern.packet_type == PacketType::PUBREC => {
                PacketType::PUBACK
            }
            Pattern::Packet(pattern) if pattern.packet_type == PacketType::PUBACK => {
                PacketType::PUBREC
            }
            _ => return false,
        };
        let id = player.lanes[self.lane.0].sent_id;
        !player.is_virtual()
            && self.awaited.answers_sent
            && id.is_some()
            && player.untaken(self.lane).iter().any(|index| {
                let What::Received {
                    packet: Ok(packet), ..
                } = &player.transcript.events[index.0].what
                else {
                    return false;
                };
                packet.packet_type() == other && packet.packet_id().map(PacketId::get) == id
            })
    }

    /// Returns whether the outcome of an early end shows nothing, because what was expected might have been received
    /// later.
    pub(super) fn was_cut_short(&self, outcome: &Outcome) -> bool {
        let span = silent_span(&self.awaited.expectation);
        let is_silence = outcome.ended == Ended::Complete && !span.is_zero();
        self.is_lost && (outcome.ended == Ended::TimedOut || is_silence && outcome.taken.is_empty())
    }

    fn take(&self, player: &Player<'_>, is_final: bool) -> Taking {
        // Steps of a control give up early. What they leave must not be taken for what the control expects.
        let is_of_control = !player.judged || player.plays_control_expectations;
        let strict = is_of_control && !self.awaited.connects && !self.awaited.answers_sent;
        self.take_as(player, is_final, strict)
    }

    fn take_as(&self, player: &Player<'_>, is_final: bool, strict: bool) -> Taking {
        let events = &player.transcript.events;
        let record = &player.transcript.lanes[self.lane.0];
        let mut offers = Vec::new();
        let mut websocket_events = Vec::new();
        let mut ended = None;
        // A control may find what it waits for on an earlier connection of the client.
        let earlier = player
            .transcript
            .lanes
            .iter()
            .enumerate()
            .filter(|(n, lane)| {
                player.plays_control_expectations
                    && *n != self.lane.0
                    && lane.client == record.client
            })
            .flat_map(|(n, _)| player.untaken(LaneIndex(n)))
            .filter(|index| !matches!(events[index.0].what, What::Closed(_)));
        for index in earlier.chain(player.untaken(self.lane)) {
            match &events[index.0].what {
                What::Received {
                    frame,
                    packet,
                    topic,
                    carried_in,
                    ..
                } => {
                    let received = packet.as_ref().ok().map(|packet| Received {
                        packet,
                        version: record.version,
                        size: frame.bytes().len(),
                        topic: topic.as_ref(),
                        carried_in: *carried_in,
                    });
                    let expectation = &self.awaited.expectation;
                    let is_ignored = received.is_some_and(|received| {
                        player.is_ignored((*index, record.client), &received, expectation)
                    });
                    if is_ignored {
                        continue;
                    }
                    offers.push(Offer::new(*index, frame.packet_type(), received));
                }
                What::Upgraded(answer) => {
                    websocket_events.push((*index, WebSocketEvent::Upgrade(answer)))
                }
                What::Control(control) => {
                    websocket_events.push((*index, WebSocketEvent::Control(control)))
                }
                What::Closed(ending) => ended = Some((*index, *ending)),
                _ => {}
            }
        }
        let inbox = Inbox {
            client: record.client,
            offers,
            websocket_events,
            version: record.version,
            ended,
            packet_id: self
                .awaited
                .answers_sent
                .then(|| player.lanes[self.lane.0].sent_id)
                .flatten(),
            is_final: is_final || !player.lanes[self.lane.0].is_readable(),
            strict,
        };
        take(&self.awaited.expectation, &inbox, &player.memory)
    }

    fn outcome(
        &self,
        player: &mut Player<'_>,
        taking: Taking,
        since: Duration,
        limit: Duration,
    ) -> Outcome {
        let (taken, complete) = match taking {
            Taking::Complete(taken) => (Some(taken), true),
            Taking::Unfulfilled(taken) => (Some(taken), false),
            Taking::Wait | Taking::Settle => (None, false),
        };
        let ended = if complete {
            Ended::Complete
        } else {
            match self.ending(player) {
                Some(Ending::Reset) => Ended::Reset,
                Some(_) => Ended::Closed,
                None => Ended::TimedOut,
            }
        };
        let Taken {
            events,
            alternative,
            memory,
        } = taken.unwrap_or_else(|| Taken {
            events: Vec::new(),
            alternative: None,
            memory: player.memory.clone(),
        });
        player.memory = memory;
        Outcome {
            taken: events,
            alternative,
            ended,
            since,
            limit,
            delay: player.allowance(self.lane, since, most_packets(&self.awaited.expectation)),
            at: player.now(),
        }
    }

    /// Returns how the connection ended, if it has.
    fn ending(&self, player: &Player<'_>) -> Option<Ending> {
        player
            .transcript
            .events
            .iter()
            .rev()
            .filter(|e| e.lane == self.lane)
            .find_map(|e| match e.what {
                What::Closed(ending) => Some(ending),
                What::Dropped(ending) if ending != Ending::HalfClose => Some(ending),
                _ => None,
            })
    }
}

/// Waits until one of these connections has received a packet that matches in every field. What the others have
/// received by the time that the broker is idle is taken too, since then more than one of them has received it.
pub(super) async fn first_of(
    player: &mut Player<'_>,
    lanes: &[LaneIndex],
    awaited: &Awaited,
    is_lost: bool,
) -> Outcome {
    let waitings: Vec<Waiting<'_>> = lanes
        .iter()
        .map(|lane| Waiting {
            lane: *lane,
            awaited,
            is_lost,
        })
        .collect();
    let Some(first) = waitings.first() else {
        unreachable!("a wait has a connection");
    };
    let since = first.since(player);
    let limit = first.limit(player);
    let deadline = first.deadline(player, since, 1);
    let complete = |player: &Player<'_>, strict: bool| {
        waitings
            .iter()
            .find_map(|waiting| match waiting.take_as(player, false, strict) {
                taking @ Taking::Complete(_) => Some((waiting.lane, taking)),
                _ => None,
            })
    };
    loop {
        if complete(player, true).is_some() || first.may_give_up_early(player) {
            player.quiesce(None).await;
            break;
        }
        let open = waitings
            .iter()
            .any(|waiting| player.lanes[waiting.lane.0].is_readable());
        if !open || !player.activity(deadline).await || player.transcript.broken_off.is_some() {
            break;
        }
    }
    // If nothing matches, a similar packet is taken, so that it is shown.
    let strict = !player.judged;
    let taken = complete(player, true).or_else(|| match strict {
        true => None,
        false => complete(player, false),
    });
    let Some((winner, taking)) = taken else {
        let taking = Taking::Wait;
        return first.outcome(player, taking, since, limit);
    };
    let more: Vec<EventIndex> = waitings
        .iter()
        .filter(|waiting| waiting.lane != winner)
        .filter_map(
            |waiting| match (waiting.take_as(player, false, true), &taking) {
                (Taking::Complete(taken), _) => Some(taken.events),
                (_, Taking::Complete(of)) => copies(player, waiting, &of.events),
                _ => None,
            },
        )
        .flatten()
        .collect();
    let mut outcome = first.outcome(player, taking, since, limit);
    outcome.taken.extend(more);
    outcome
}

/// Returns what this connection has received instead of what was expected, if these are the same messages that another
/// connection has received instead.
fn copies(
    player: &Player<'_>,
    waiting: &Waiting<'_>,
    of: &[EventIndex],
) -> Option<Vec<EventIndex>> {
    let Taking::Complete(taken) = waiting.take_as(player, false, false) else {
        return None;
    };
    let message = |event: &EventIndex| match &player.transcript.events[event.0].what {
        What::Received {
            packet: Ok(Packet::Publish(publish)),
            ..
        } => Some((player.transcript.topic(*event), &publish.payload)),
        _ => None,
    };
    let is_same = taken
        .events
        .iter()
        .all(|event| message(event).is_some() && of.iter().any(|of| message(of) == message(event)));
    is_same.then_some(taken.events)
}

/// Returns whether silence is one of the answers.
fn has_silence(expectation: &Expectation) -> bool {
    match &expectation.pattern {
        Pattern::Silence { .. } => true,
        Pattern::AnyOf(alternatives) => alternatives.iter().flatten().any(has_silence),
        Pattern::InOrder(inner) => inner.iter().any(has_silence),
        _ => false,
    }
}

/// Returns how many packets an expectation takes at most.
fn most_packets(expectation: &Expectation) -> usize {
    let all = |inner: &[Expectation]| inner.iter().map(most_packets).sum();
    match &expectation.pattern {
        Pattern::Packet(_) => expectation.count.at_most.unwrap_or(u32::MAX) as usize,
        Pattern::Unordered(packets) => packets.len(),
        Pattern::InOrder(inner) => all(inner),
        Pattern::AnyOf(alternatives) => {
            let each = alternatives.iter().map(|inner| all(inner));
            each.max().unwrap_or_default()
        }
        _ => 1,
    }
}

/// Returns the longest silence that an expectation asks for.
fn silent_span(expectation: &Expectation) -> Duration {
    match &expectation.pattern {
        Pattern::Silence { span, .. } => *span,
        Pattern::AnyOf(alternatives) => alternatives
            .iter()
            .flatten()
            .map(silent_span)
            .max()
            .unwrap_or_default(),
        _ => Duration::ZERO,
    }
}
