//! What a client does on its connection, and what it waits for.

use std::time::Duration;

use mqtt_check_codec::{Packet, PacketType};
use tokio::time::Instant;

use super::{Hindrance, Player};
use crate::engine::lane::Lane;
use crate::engine::wait::Waiting;
use crate::matcher::is_met;
use crate::plan::{Awaited, Operation};
use crate::scenario::model::{ClientIndex, DropHow, Route};
use crate::transcript::{
    Ended, Ending, EventIndex, Lane as LaneRecord, LaneIndex, NotReached, Outcome, StepIndex, What,
};

/// How many round trips a connection may take before CONNECT, for TCP, TLS and the upgrade to WebSocket.
const HANDSHAKES: u32 = 3;

impl Player<'_> {
    pub(super) async fn operations(&mut self, client: ClientIndex, operations: &[Operation]) {
        let rest = self.operations_until_wait(client, operations).await;
        self.operations_from_wait(client, rest).await;
    }

    /// Carries out the operations before the first wait, and returns the rest.
    pub(super) async fn operations_until_wait<'o>(
        &mut self,
        client: ClientIndex,
        operations: &'o [Operation],
    ) -> &'o [Operation] {
        if let Err(hindrance) = self.before_step(client, operations).await {
            self.record_hindrance(hindrance, operations);
            return &[];
        }
        let mut rest = operations;
        while let Some((operation, after)) = rest.split_first() {
            if matches!(operation, Operation::Await(_)) {
                break;
            }
            if let Err(hindrance) = self.operation(client, operation).await {
                self.record_hindrance(hindrance, after);
                self.give_up_connecting(client, after);
                return &[];
            }
            rest = after;
        }
        rest
    }

    pub(super) async fn operations_from_wait(
        &mut self,
        client: ClientIndex,
        operations: &[Operation],
    ) {
        let mut rest = operations;
        while let Some((operation, after)) = rest.split_first() {
            rest = after;
            let done = match operation {
                Operation::Await(awaited) => match self.awaited(client, awaited).await {
                    Ok(true) => Ok(()),
                    Ok(false) => return,
                    Err(hindrance) => Err(hindrance),
                },
                other => self.operation(client, other).await,
            };
            if let Err(hindrance) = done {
                if matches!(hindrance, Hindrance::NotReached(NotReached::Lost(_))) {
                    self.leave_unfinished(client, after);
                }
                self.record_hindrance(hindrance, after);
                return;
            }
        }
    }

    /// Notes that an exchange was given up before its end. Whatever the client sent next would be out of turn.
    fn leave_unfinished(&mut self, client: ClientIndex, after: &[Operation]) {
        if after
            .iter()
            .any(|operation| matches!(operation, Operation::Send(_)))
        {
            let why = "the case has already failed, in the middle of an exchange".to_owned();
            self.clients[client.0].unconnected.get_or_insert(why);
        }
    }

    /// Gives up a connection on which no CONNECT could be sent. No later step uses it.
    fn give_up_connecting(&mut self, client: ClientIndex, after: &[Operation]) {
        let connects = |operation: &Operation| matches!(operation, Operation::Await(awaited) if awaited.connects);
        if !after.iter().any(connects) {
            return;
        }
        let state = &mut self.clients[client.0];
        if state.unconnected.is_some() {
            return;
        }
        let name = &self.scene.clients[client.0].name;
        state.unconnected = Some(format!("`{name}` is not connected"));
        if let Some(lane) = state.lane
            && self.lanes[lane.0].is_writable()
        {
            self.lanes[lane.0].abandon(false);
            let current = self.current;
            self.event(lane, Some(current), What::Dropped(Ending::Close));
        }
    }

    /// Records that a step could not continue. What it would have waited for can no longer be received.
    pub(super) fn record_hindrance(&mut self, hindrance: Hindrance, after: &[Operation]) {
        let at = self.now();
        let limit = self.patience.limit;
        let index = self.current;
        if matches!(
            &hindrance,
            Hindrance::Ended | Hindrance::NotReached(NotReached::Unreachable(_))
        ) {
            for operation in after {
                if let Operation::Await(awaited) = operation {
                    self.note_failure(awaited);
                }
            }
        }
        let Some(record) = self.record(index) else {
            return;
        };
        let waits = after
            .iter()
            .filter(|o| matches!(o, Operation::Await(_)))
            .count();
        match hindrance {
            Hindrance::Ended if waits > 0 => {
                record.outcomes.extend((0..waits).map(|_| Outcome {
                    taken: Vec::new(),
                    alternative: None,
                    ended: Ended::Closed,
                    since: at,
                    limit,
                    delay: Duration::ZERO,
                    at,
                }));
            }
            Hindrance::Ended => {
                record.not_reached = Some(NotReached::BrokerEnded);
            }
            Hindrance::NotReached(why) => record.not_reached = Some(why),
        }
    }

    pub(super) async fn operation(
        &mut self,
        client: ClientIndex,
        operation: &Operation,
    ) -> Result<(), Hindrance> {
        match operation {
            Operation::Open if self.is_fresh(client) => Ok(()),
            Operation::Open => self.open(client, None).await,
            Operation::OpenNew(offers) => self.open(client, offers.as_deref()).await,
            Operation::OpenIfClosed => match self.clients[client.0].lane {
                Some(_) => Ok(()),
                None => self.open(client, None).await,
            },
            Operation::Send(items) => self.send(client, items).await,
            Operation::SendFramed(items, framing) => self.send_framed(client, items, framing).await,
            Operation::Finish => self.finish(client).await,
            Operation::Drop(how) => self.drop_transport(client, *how).await,
            Operation::Await(_) => Ok(()),
        }
    }

    /// Returns whether a CONNECT can be sent on a transport that `open` has connected.
    fn is_fresh(&self, client: ClientIndex) -> bool {
        self.clients[client.0].lane.is_some_and(|lane| {
            let lane = &self.lanes[lane.0];
            lane.fresh && lane.is_writable() && lane.is_readable()
        })
    }

    /// Connects a new transport. With `offers` it is a WebSocket, and the answer to its upgrade becomes an event.
    pub(super) async fn open(
        &mut self,
        client: ClientIndex,
        offers: Option<&[String]>,
    ) -> Result<(), Hindrance> {
        if let Some(lane) = self.clients[client.0].lane
            && self.lanes[lane.0].is_writable()
        {
            self.finish(client).await?;
        }
        self.clients[client.0].lane = None;
        let declared = &self.scene.clients[client.0];
        // TLS and the upgrade to WebSocket take round trips before MQTT does.
        let limit = self.patience.limit + self.delay() * HANDSHAKES;
        let route = self.route(client);
        let connected = self.host.connect(route, offers, limit).await;
        let opened = match connected {
            Ok(opened) => opened,
            Err(error) => return Err(self.unreachable(client, error.to_string())),
        };
        let mut lane = match opened.stream {
            None => Lane::refused(declared.version, declared.auto_ack),
            stream => Lane::new(declared.version, declared.auto_ack, stream),
        };
        lane.cut_frames(self.chaos.cut_below);
        let is_cut_below = self.chaos.cut_below.is_some() && lane.is_websocket();
        lane.cuts = self.chaos.cuts && !is_cut_below;
        let index = self.new_lane(client, route.node, lane);
        match (offers, opened.answer) {
            (None, _) => {}
            (Some(_), Some(answer)) => {
                let event = self.event(index, None, What::Upgraded(answer));
                self.untaken[index.0].push(event);
            }
            (Some(_), None) => {
                let event = self.event(index, None, What::Closed(Ending::Close));
                self.untaken[index.0].push(event);
            }
        }
        self.attach(client, index)
    }

    /// Where the next connection of a client goes.
    fn route(&mut self, client: ClientIndex) -> Route {
        let route = self.scene.clients[client.0].route;
        let nodes = self.host.spread_over(route.transport);
        match self.spread.next(client, &nodes) {
            Some(node) => Route { node, ..route },
            None => route,
        }
    }

    fn new_lane(&mut self, client: ClientIndex, node: usize, lane: Lane) -> LaneIndex {
        let declared = &self.scene.clients[client.0];
        let state = &mut self.clients[client.0];
        let index = LaneIndex(self.lanes.len());
        state.lane = Some(index);
        state.connections += 1;
        state.unconnected = None;
        self.transcript.lanes.push(LaneRecord {
            client,
            name: declared.name.clone(),
            connection: state.connections,
            node,
            version: declared.version,
        });
        self.lanes.push(lane);
        self.untaken.push(Vec::new());
        let current = self.current;
        self.event(index, Some(current), What::Opened);
        index
    }

    pub(super) fn unreachable(&mut self, client: ClientIndex, problem: String) -> Hindrance {
        self.clients[client.0].unconnected = Some(format!("failed to connect: {problem}"));
        Hindrance::NotReached(NotReached::Unreachable(problem))
    }

    /// Returns the client's current or last connection.
    pub(in crate::engine) fn lane_of(&self, client: ClientIndex) -> Result<LaneIndex, Hindrance> {
        let state = &self.clients[client.0];
        if let Some(why) = &state.unconnected {
            return Err(Hindrance::because(why));
        }
        state.lane.ok_or_else(|| {
            Hindrance::because(format!(
                "`{}` has no connection",
                self.scene.clients[client.0].name
            ))
        })
    }

    /// Closes the sending side and waits until the broker has closed the connection too.
    pub(super) async fn finish(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        self.disconnect(client).await;
        let index = self.lane_of(client)?;
        let current = self.current;
        if self.lanes[index.0].is_writable() {
            self.lanes[index.0].finish();
            self.event(index, Some(current), What::Dropped(Ending::Close));
        }
        let deadline = Instant::now() + self.limit();
        while self.lanes[index.0].is_readable() && self.activity(deadline).await {}
        self.lanes[index.0].abandon(false);
        // The broker closes in answer to our close, so this step takes it.
        let close = self.close_event(index);
        if let Some(event) = close {
            self.take_event(index, event, current);
        }
        Ok(())
    }

    pub(super) async fn drop_transport(
        &mut self,
        client: ClientIndex,
        how: DropHow,
    ) -> Result<(), Hindrance> {
        self.disconnect(client).await;
        let index = self.lane_of(client)?;
        let current = self.current;
        let ending = match how {
            DropHow::Close => return self.finish(client).await,
            DropHow::HalfClose => {
                self.lanes[index.0].finish();
                self.flush(index).await;
                Ending::HalfClose
            }
            DropHow::Reset => {
                self.flush(index).await;
                self.lanes[index.0].abandon(true);
                Ending::Reset
            }
        };
        self.event(index, Some(current), What::Dropped(ending));
        Ok(())
    }

    /// Waits for one expectation. Returns `Ok(false)` if the rest of the step must not be played.
    pub(super) async fn awaited(
        &mut self,
        client: ClientIndex,
        awaited: &Awaited,
    ) -> Result<bool, Hindrance> {
        let lane = self.lane_of(client)?;
        let at_stake = self.at_stake();
        let lost = at_stake.filter(|at_stake| self.is_lost(at_stake, awaited));
        let waiting = Waiting {
            lane,
            awaited,
            is_lost: lost.is_some(),
        };
        let bound = self.memory.clone();
        let outcome = waiting.run(self).await;
        let complete = outcome.ended == Ended::Complete;
        if !complete && let Some(hindrance) = self.library_at_fault(client, lane, awaited) {
            return Err(hindrance);
        }
        if let Some(at_stake) = lost.filter(|_| waiting.was_cut_short(&outcome)) {
            self.memory = bound;
            self.note_missed(client, &awaited.expectation);
            if awaited.connects {
                let why = "the case has already failed".to_owned();
                self.clients[client.0].unconnected = Some(why);
            }
            return Err(Hindrance::NotReached(self.lost(&at_stake)));
        }
        if self.judged
            && !is_met(
                &awaited.expectation,
                &outcome,
                &self.transcript,
                client,
                &bound,
            )
        {
            self.note_failure(awaited);
        }
        if !complete && outcome.taken.is_empty() {
            self.note_missed(client, &awaited.expectation);
        }
        let current = self.current;
        for event in &outcome.taken {
            let lane = self.transcript.events[event.0].lane;
            self.take_event(lane, *event, current);
        }
        let last = outcome.taken.last().copied();
        let went_well = complete && last.is_none_or(|e| self.goes_on(e));
        let index = self.current;
        if let Some(record) = self.record(index) {
            record.outcomes.push(outcome);
        }
        if awaited.connects && !went_well {
            self.clients[client.0].unconnected = Some(format!(
                "`{}` is not connected",
                self.scene.clients[client.0].name
            ));
        }
        Ok(!(awaited.gate || awaited.connects) || went_well)
    }

    /// Returns whether an exchange goes on after a packet. CONNACK and PUBREC can end it.
    pub(super) fn goes_on(&self, event: EventIndex) -> bool {
        let What::Received { packet, .. } = &self.transcript.events[event.0].what else {
            return true;
        };
        match packet {
            Ok(Packet::ConnAck(connack)) => connack.reason.0 == 0,
            Ok(Packet::PubRec(ack)) => ack.reason.is_success(),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    pub(super) fn take_event(&mut self, lane: LaneIndex, event: EventIndex, step: StepIndex) {
        self.untaken[lane.0].retain(|e| *e != event);
        self.transcript.events[event.0].taken_by = Some(step);
        if let What::Received {
            packet: Ok(packet), ..
        } = &self.transcript.events[event.0].what
            && let Some(id) = packet.packet_id()
            && !matches!(
                packet.packet_type(),
                PacketType::SUBACK | PacketType::UNSUBACK
            )
        {
            self.lanes[lane.0].last_taken_id = Some(id.get());
        }
    }
}
