//! Reads from and writes to the connections, lets time pass, and waits until a broker is idle.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{DecodeError, Frame, FrameError, Packet, PacketId, PacketType};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::foreign::LARGEST_FOREIGN;
use super::{ATTENTION, MAXIMUM_ROUNDS, Player, TICK};
use crate::engine::lane::{Inbound, LARGEST_PACKET, Lane};
use crate::engine::room::Share;
use crate::engine::rumqttc;
use crate::matcher::{Received, holds};
use crate::transcript::{
    Ending, Event, EventIndex, HookRecord, INTERRUPTED, LaneIndex, StepIndex, What,
};

/// The number of events that every play may record. Each step adds `EVENTS_PER_STEP`.
const EVENTS: usize = 20_000;
const EVENTS_PER_STEP: usize = 16;

impl Player<'_> {
    /// Writes and reads on every connection until something is received. Returns `false` if `until` was reached first,
    /// or if the user interrupted the run.
    pub(in crate::engine) async fn activity(&mut self, until: Instant) -> bool {
        if self.host.is_virtual() {
            return self.activity_until(until).await;
        }
        loop {
            self.ping_idle_connections();
            let now = Instant::now();
            let slice = until.min(now + ATTENTION);
            let was_active = self.activity_until(slice).await;
            // The limit of a step may have passed during the waits of the scenario.
            let late = Instant::now().saturating_duration_since(slice.max(now));
            self.transcript.late = self.transcript.late.max(late);
            if was_active {
                // A broker that never stops sending must not block other cases.
                yield_now().await;
                return true;
            }
            if self.is_interrupted() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
                return false;
            }
            if slice >= until {
                return false;
            }
        }
    }

    /// Like [`Self::activity`], and pings in virtual time too, so that the broker does not disconnect a client that
    /// waits for a packet. A step that only lets time pass does not ping in virtual time.
    pub(in crate::engine) async fn attentive(&mut self, until: Instant) -> bool {
        if self.host.is_virtual() {
            while let Some(due) = self.next_ping().filter(|due| *due < until) {
                if self.activity_until(due).await {
                    return true;
                }
                self.ping_idle_connections();
            }
        }
        self.activity(until).await
    }

    fn next_ping(&self) -> Option<Instant> {
        self.lanes.iter().filter_map(Lane::next_ping).min()
    }

    /// Hands queued bytes to the transport, and reads meanwhile.
    pub(super) async fn flush(&mut self, lane: LaneIndex) {
        let deadline = Instant::now() + self.limit();
        poll_fn(|cx| {
            self.lanes[lane.0].poll_out(cx);
            Poll::Ready(())
        })
        .await;
        // Wait only once for a broker that does not read.
        let patient = !self.lanes[lane.0].reads_nothing;
        while patient && !self.lanes[lane.0].is_flushed() && Instant::now() < deadline {
            let soon = Instant::now() + TICK;
            self.activity(soon.min(deadline)).await;
        }
        self.lanes[lane.0].reads_nothing = !self.lanes[lane.0].is_flushed();
    }

    /// Lets time pass, and reads meanwhile.
    pub(in crate::engine) async fn until(&mut self, instant: Instant) {
        self.until_done(instant, |_| false).await;
    }

    /// Lets time pass until this is done, but no longer than until `instant`, and reads meanwhile.
    pub(in crate::engine) async fn until_done(
        &mut self,
        instant: Instant,
        is_done: impl Fn(&Self) -> bool,
    ) {
        while !is_done(self) && self.activity(instant).await {
            if self.is_interrupted() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
            }
            // If there is always more to read, `activity` succeeds even after the time is over.
            let is_over = !self.host.is_virtual() && Instant::now() >= instant;
            if is_over || self.transcript.broken_off.is_some() {
                return;
            }
        }
    }

    /// Runs the broker until it has nothing left to do. Virtual time only: the clock moves when every task waits.
    pub(super) async fn idle(&mut self) {
        for _ in 0..MAXIMUM_ROUNDS {
            if !self.activity(Instant::now() + TICK).await && !self.note_all_ignored() {
                return;
            }
        }
    }

    /// Waits until the broker has shown every reaction to what it has received so far. `silent` is the connection whose
    /// silence is to be shown. It is pinged last.
    pub(in crate::engine) async fn quiesce(&mut self, silent: Option<LaneIndex>) {
        if self.host.is_virtual() {
            let delay = self.patience.forwarding_delay;
            if !delay.is_zero() {
                self.until(Instant::now() + delay).await;
            }
            self.idle().await;
            return;
        }
        let others = (0..self.lanes.len())
            .map(LaneIndex)
            .filter(|lane| Some(*lane) != silent)
            .collect();
        let mut is_proven = self.ping_all(others).await;
        is_proven &= self.ping_all(silent.into_iter().collect()).await;
        // A connection that could not be pinged may still have packets on their way.
        let on_its_way = match is_proven {
            true => Duration::ZERO,
            false => self.delay(),
        };
        self.until(Instant::now() + self.patience.settle + on_its_way)
            .await;
    }

    /// Waits for acknowledgements that the broker owes, as long as a step would.
    pub(super) async fn await_owed(&mut self) {
        let deadline = Instant::now() + self.limit();
        while self.transcript.broken_off.is_none()
            && !self.transcript.owed().is_empty()
            && self.activity(deadline).await
        {}
    }

    /// Sends a ping of our own on each of these connections and waits for the answers. Returns whether it could be sent
    /// on every connection that may still receive something.
    pub(super) async fn ping_all(&mut self, lanes: Vec<LaneIndex>) -> bool {
        let mut is_proven = true;
        let deadline = Instant::now() + self.limit();
        for index in &lanes {
            let lane = &self.lanes[index.0];
            let is_there = lane.is_writable() && lane.is_readable() && !lane.answers_no_ping;
            if lane.accepted && is_there && !lane.timed {
                self.ping(*index);
            } else if lane.is_readable() && !lane.answers_no_ping {
                is_proven = false;
            }
        }
        let is_owed =
            |lane: &Lane| lane.own_pings > 0 && lane.is_readable() && !lane.answers_no_ping;
        while lanes.iter().any(|lane| is_owed(&self.lanes[lane.0]))
            && self.transcript.broken_off.is_none()
            && self.activity(deadline).await
        {}
        // A broker that does not answer is waited for only once.
        if Instant::now() >= deadline {
            for lane in lanes {
                self.lanes[lane.0].answers_no_ping |= is_owed(&self.lanes[lane.0]);
            }
        }
        is_proven
    }

    /// Pings on connections whose Keep Alive would otherwise run out. A client library does that by itself.
    fn ping_idle_connections(&mut self) {
        for n in 0..self.lanes.len() {
            let client = self.transcript.lanes[n].client;
            if self.lanes[n].is_ping_due() && !self.is_library(client) {
                self.ping(LaneIndex(n));
            }
        }
    }

    fn ping(&mut self, lane: LaneIndex) {
        self.lanes[lane.0].ping();
        self.event(lane, None, What::OwnPing);
    }

    pub(super) fn received(&mut self, lane: LaneIndex, inbound: Inbound) {
        match self.tapped(lane, inbound) {
            Inbound::OwnPong => {
                self.event(lane, None, What::OwnPong);
            }
            Inbound::Control(control) => {
                let event = self.event(lane, None, What::Control(control));
                self.untaken[lane.0].push(event);
            }
            Inbound::Packet { packet, topic, .. }
                if self.is_foreign(lane, &packet, topic.as_ref()) =>
            {
                self.acknowledge_and_ignore(lane, &packet);
            }
            Inbound::Packet {
                frame,
                packet,
                faults,
                topic,
                carried_in,
                automatic,
                answer,
                left_out,
            } => {
                self.note_first_packet(lane);
                let packet = (*packet).map(|mut packet| {
                    if let Packet::ConnAck(connack) = &packet
                        && let Some(id) = connack.properties.assigned_client_identifier()
                    {
                        self.prefix.note_assigned(&id);
                    }
                    self.prefix.strip(&mut packet);
                    packet
                });
                let topic = topic.map(|t| self.prefix.strip_topic(&t));
                let (mut automatic, mut answer) = (automatic, answer);
                if answer.is_some() && self.is_withheld(lane, &packet, topic.as_ref(), &frame) {
                    (automatic, answer) = (false, None);
                }
                if let Some(id) = packet.as_ref().ok().and_then(settles) {
                    self.lanes[lane.0].release_packet_id(id);
                }
                // No step is about a message of another play. The monitor reports it.
                automatic |= self.is_of_another_play(&packet, topic.as_ref());
                let event = self.event(
                    lane,
                    None,
                    What::Received {
                        frame,
                        packet,
                        faults,
                        topic,
                        carried_in,
                        automatic,
                    },
                );
                if !automatic {
                    self.untaken[lane.0].push(event);
                }
                self.record_left_out(lane, left_out);
                if let Some(answer) = answer {
                    self.answer(lane, answer);
                }
            }
            Inbound::Garbage {
                bytes,
                error: FrameError::TooLarge { size, maximum },
            } => {
                let name = &self.transcript.lanes[lane.0].name;
                let packet_type = PacketType(bytes.first().map_or(0, |byte| byte >> 4));
                self.end_at_once(format!(
                    "the broker announces a {packet_type} of {size} bytes to `{name}`, more than the maximum of {maximum} bytes"
                ));
            }
            Inbound::Garbage { bytes, error } => {
                self.event(lane, None, What::Garbage { bytes, error });
            }
            Inbound::Truncated { bytes } => {
                self.event(lane, None, What::Truncated { bytes });
            }
            Inbound::Fault { fault, bytes } => {
                self.event(lane, None, What::Fault { fault, bytes });
                // [3.1.1 MQTT-6.0.0-1] [5 MQTT-6.0.0-1]
                self.event(lane, None, What::Dropped(Ending::Close));
            }
            Inbound::Ended(ending) => {
                let event = self.event(lane, None, What::Closed(ending));
                self.untaken[lane.0].push(event);
            }
        }
    }

    /// Returns whether the client leaves the acknowledgement of this packet, and the rest of the exchange, to the
    /// scenario.
    fn is_withheld(
        &mut self,
        lane: LaneIndex,
        packet: &Result<Packet, DecodeError>,
        topic: Option<&ByteString>,
        frame: &Frame,
    ) -> bool {
        let record = &self.transcript.lanes[lane.0];
        let client = record.client;
        let scene = self.scene;
        let patterns = &scene.clients[client.0].withhold;
        let (Ok(packet), false) = (packet, patterns.is_empty()) else {
            return false;
        };
        let received = Received {
            packet,
            version: record.version,
            size: frame.bytes().len(),
            topic,
            carried_in: None,
        };
        let matches = |pattern| holds(pattern, &received, client, &self.memory).is_some();
        let matches = patterns.iter().any(matches);
        let Some(id) = packet.packet_id() else {
            return false;
        };
        let held = &mut self.clients[client.0].held;
        match packet {
            Packet::PubRel(_) => held.contains(&id),
            _ if matches => {
                held.insert(id);
                true
            }
            _ => {
                held.remove(&id);
                false
            }
        }
    }

    /// Records that the previous packet had more User Properties than are kept.
    fn record_left_out(&mut self, lane: LaneIndex, left_out: usize) {
        if left_out > 0 {
            let what = What::Shown {
                line: format!("… {left_out} more User Properties"),
                is_ours: false,
                is_own: false,
            };
            self.event(lane, None, what);
        }
    }

    /// Sends a packet that a client sends automatically.
    pub(super) fn answer(&mut self, lane: LaneIndex, packet: Packet) {
        if !self.lanes[lane.0].is_writable() {
            return;
        }
        let Ok(frame) = packet.to_frame(self.lanes[lane.0].version) else {
            return;
        };
        let bytes: Bytes = frame.bytes().clone();
        self.lanes[lane.0].queue(&bytes);
        self.event(
            lane,
            None,
            What::Sent {
                bytes,
                packet: Some(packet),
                automatic: true,
            },
        );
    }

    /// Ends the play if the broker never stops sending, because there is no memory for all of it.
    fn end_if_flooded(&mut self) {
        count_waiting(&self.lanes, &mut self.waiting, self.bounds.share);
        if self.transcript.broken_off.is_some() {
            return;
        }
        let most = EVENTS + EVENTS_PER_STEP.saturating_mul(self.steps_played);
        let too_much = self
            .bounds
            .share
            .exceeded_limit(self.steps_played, self.sent_bytes());
        let why = if self.transcript.events.len() > most {
            format!("more than {most} packets were exchanged")
        } else if let Some(limit) = too_much {
            format!("the record of the exchange needs more than {limit} bytes")
        } else {
            return;
        };
        let kinds = self.transcript.most_frequent();
        self.end_at_once(format!("{why}: the broker keeps sending{kinds}"));
    }

    /// Returns how many bytes the play has sent so far.
    fn sent_bytes(&self) -> usize {
        let each = self.lanes.iter().map(|lane| lane.sent);
        each.fold(0, usize::saturating_add)
    }

    /// Ends the play and all of its connections.
    fn end_at_once(&mut self, why: String) {
        self.bounds.share.give_up();
        self.transcript.broken_off.get_or_insert(why);
        self.lanes.iter_mut().for_each(|lane| lane.abandon(false));
    }

    pub(in crate::engine) fn event(
        &mut self,
        lane: LaneIndex,
        taken_by: Option<StepIndex>,
        what: What,
    ) -> EventIndex {
        let index = EventIndex(self.transcript.events.len());
        let event = Event {
            at: self.now(),
            lane,
            during: self.current,
            taken_by,
            what,
        };
        self.bounds.share.change(0, event.weight());
        self.transcript.events.push(event);
        index
    }

    /// Records the hook events that the broker has reported since the last call.
    pub(super) fn drain_hooks(&mut self) {
        let prefix = &self.prefix;
        let is_assigned = |id: &str| prefix.has_assigned(id);
        if self.is_folded {
            self.host.discard_hooks(&is_assigned);
            return;
        }
        for hook in self.host.hooks(&is_assigned) {
            let mut fields = hook.fields;
            for (name, value) in &mut fields {
                match name.as_str() {
                    _ if prefix.letters().is_empty() => {}
                    "client" => *value = prefix.strip_client_id(value).to_owned(),
                    "topic" | "filter" => *value = prefix.strip_topic(value).to_string(),
                    _ => {}
                }
            }
            self.transcript.hooks.push(HookRecord {
                at: hook.at.map(|at| at.saturating_duration_since(self.started)),
                during: self.current,
                name: hook.name,
                fields,
            });
        }
    }

    async fn activity_until(&mut self, until: Instant) -> bool {
        let largest = match self.prefix.meets_foreign() {
            true => LARGEST_FOREIGN,
            false => LARGEST_PACKET.saturating_add(self.sent_bytes().saturating_mul(2)),
        };
        let (steps, sent) = (self.steps_played, self.sent_bytes());
        let is_on = self.transcript.broken_off.is_none();
        let (lanes, taps) = (&mut self.lanes, &mut self.taps);
        let (waiting, share) = (&mut self.waiting, self.bounds.share);
        let read = timeout_at(
            until,
            poll_fn(|cx| {
                let mut read: Vec<(LaneIndex, Vec<Inbound>)> = Vec::new();
                for (n, lane) in lanes.iter_mut().enumerate() {
                    lane.largest = largest;
                    if let Poll::Ready(inbound) = lane.poll(cx) {
                        read.push((LaneIndex(n), inbound));
                    }
                }
                // A part of a packet is not an event yet, but it takes memory.
                count_waiting(lanes, waiting, share);
                let is_exceeded = || is_on && share.exceeded_limit(steps, sent).is_some();
                match rumqttc::poll(taps, cx) {
                    Poll::Ready(tapped) => Poll::Ready((read, tapped)),
                    Poll::Pending if read.is_empty() && !is_exceeded() => Poll::Pending,
                    Poll::Pending => Poll::Ready((read, Vec::new())),
                }
            }),
        )
        .await;
        let Ok((read, tapped)) = read else {
            return false;
        };
        for (lane, inbound) in read {
            for one in inbound {
                self.received(lane, one);
            }
        }
        for (client, one) in tapped {
            self.tap_event(client, one);
        }
        self.end_if_flooded();
        poll_fn(|cx| {
            self.lanes.iter_mut().for_each(|lane| lane.poll_out(cx));
            Poll::Ready(())
        })
        .await;
        true
    }
}

/// Updates how many bytes wait on these connections. `counted` is the previous number.
fn count_waiting(lanes: &[Lane], counted: &mut usize, share: &Share<'_>) {
    let waiting = lanes.iter().map(Lane::waiting_bytes).sum();
    share.change(*counted, waiting);
    *counted = waiting;
}

/// Returns the Packet Identifier that is free again after this acknowledgement.
pub(super) fn settles(packet: &Packet) -> Option<PacketId> {
    match packet {
        Packet::PubAck(ack) | Packet::PubComp(ack) => Some(ack.packet_id),
        Packet::PubRec(ack) if !ack.reason.is_success() => Some(ack.packet_id),
        Packet::SubAck(suback) => Some(suback.packet_id),
        Packet::UnsubAck(unsuback) => Some(unsuback.packet_id),
        _ => None,
    }
}
