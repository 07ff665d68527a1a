//! What a client does on its connection, and what it waits for.

use mqtt_check_codec::{Packet, PacketType};
use tokio::time::Instant;

use super::{Hindrance, Player};
use crate::engine::build::{Surroundings, build};
use crate::engine::lane::Lane;
use crate::engine::lies::encode;
use crate::engine::wait::Waiting;
use crate::plan::{Awaited, Operation, Outgoing};
use crate::scenario::model::{ClientIndex, DropHow, Lie};
use crate::target::Credentials;
use crate::transcript::{
    Ended, Ending, EventIndex, Lane as LaneRecord, LaneIndex, NotReached, Outcome, StepIndex, What,
};

/// Fields of a CONNECT that say who we are: where a scenario changes one, it means what it says.
const SIGNED: [&str; 4] = ["username", "password", "connect_flags", "body"];

impl Player<'_> {
    pub(super) async fn operations(&mut self, client: ClientIndex, operations: &[Operation]) {
        let rest = self.operations_until_wait(client, operations).await;
        self.operations_from_wait(client, rest).await;
    }

    /// Does what comes before the first waiting and gives the rest.
    pub(super) async fn operations_until_wait<'o>(
        &mut self,
        client: ClientIndex,
        operations: &'o [Operation],
    ) -> &'o [Operation] {
        if let Err(hindrance) = self.before_step(client, operations).await {
            self.hindered(hindrance, operations);
            return &[];
        }
        let mut rest = operations;
        while let Some((operation, behind)) = rest.split_first() {
            if matches!(operation, Operation::Await(_)) {
                break;
            }
            if let Err(hindrance) = self.operation(client, operation).await {
                self.hindered(hindrance, behind);
                return &[];
            }
            rest = behind;
        }
        rest
    }

    pub(super) async fn operations_from_wait(
        &mut self,
        client: ClientIndex,
        operations: &[Operation],
    ) {
        let mut rest = operations;
        while let Some((operation, behind)) = rest.split_first() {
            rest = behind;
            let done = match operation {
                Operation::Await(awaited) => match self.awaited(client, awaited).await {
                    Ok(true) => Ok(()),
                    Ok(false) => return,
                    Err(hindrance) => Err(hindrance),
                },
                other => self.operation(client, other).await,
            };
            if let Err(hindrance) = done {
                self.hindered(hindrance, behind);
                return;
            }
        }
    }

    /// Writes down that a step could not go on: what it would have waited for cannot come.
    pub(super) fn hindered(&mut self, hindrance: Hindrance, behind: &[Operation]) {
        let at = self.now();
        let limit = self.patience.limit;
        let index = self.current;
        let Some(record) = self.record(index) else {
            return;
        };
        let waits = behind
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
            Operation::Open => self.open(client).await,
            Operation::OpenIfClosed => match self.clients[client.0].lane {
                Some(_) => Ok(()),
                None => self.open(client).await,
            },
            Operation::Send(items) => self.send(client, items).await,
            Operation::Finish => self.finish(client).await,
            Operation::Drop(how) => self.drop_transport(client, *how).await,
            Operation::Await(_) => Ok(()),
        }
    }

    pub(super) async fn open(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        if let Some(lane) = self.clients[client.0].lane
            && self.lanes[lane.0].is_writable()
        {
            self.finish(client).await?;
        }
        self.clients[client.0].lane = None;
        let stream = match self.host.connect(self.patience.limit).await {
            Ok(stream) => stream,
            Err(error) => return Err(self.unreachable(client, error.to_string())),
        };
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
            version: declared.version,
        });
        let mut lane = Lane::new(declared.version, declared.auto_ack, stream);
        lane.cuts = self.chaos.cuts;
        self.lanes.push(lane);
        self.untaken.push(Vec::new());
        let current = self.current;
        self.event(index, Some(current), What::Opened);
        self.attach(client, index)
    }

    pub(super) fn unreachable(&mut self, client: ClientIndex, problem: String) -> Hindrance {
        self.clients[client.0].unconnected = Some(format!("failed to connect: {problem}"));
        Hindrance::NotReached(NotReached::Unreachable(problem))
    }

    /// The client's present or last connection.
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

    pub(super) async fn send(
        &mut self,
        client: ClientIndex,
        items: &[Outgoing],
    ) -> Result<(), Hindrance> {
        if self.is_library(client) {
            return self.ask(client, items).await;
        }
        let index = self.lane_of(client)?;
        if !self.lanes[index.0].is_writable() {
            return Err(Hindrance::Ended);
        }
        for item in items {
            let (bytes, shown, packets) = match item {
                Outgoing::Bytes(bytes) => (bytes.clone(), None, None),
                Outgoing::Packet(template) => {
                    let lane = &self.lanes[index.0];
                    let built = build(
                        template,
                        Surroundings {
                            version: lane.version,
                            client,
                            memory: &self.memory,
                            next_packet_id: lane.next_packet_id(),
                            answered_packet_id: lane.last_taken_id,
                            keep_alive_s: self.patience.keep_alive_s,
                        },
                    )
                    .map_err(|problem| Hindrance::because(problem.to_string()))?;
                    let mut said = built.packet.clone();
                    let mut wire = built.packet;
                    self.prefix.put(&mut wire);
                    let as_bytes = |packet: &Packet| {
                        encode(packet, lane.version, &built.lies).map_err(Hindrance::because)
                    };
                    let shown = self.sign(&mut wire, &mut said, &built.lies);
                    let shown = shown.map(|packet| as_bytes(&packet)).transpose()?;
                    (as_bytes(&wire)?, shown, Some((said, wire)))
                }
            };
            let packet = packets.map(|(said, wire)| {
                self.note_sent(index, &said, &wire);
                said
            });
            self.lanes[index.0].queue(&bytes);
            let current = self.current;
            self.event(
                index,
                Some(current),
                What::Sent {
                    bytes: shown.unwrap_or(bytes),
                    packet,
                    automatic: false,
                },
            );
        }
        if self.chaos.coalesces {
            self.held = Some(index);
        } else {
            self.flush(index).await;
        }
        Ok(())
    }

    /// Fills in who we are to the broker, where a CONNECT leaves it open; in what it `said` the password is hidden.
    /// Gives what may be shown of the packet then.
    pub(in crate::engine) fn sign(
        &self,
        wire: &mut Packet,
        said: &mut Packet,
        lies: &[Lie],
    ) -> Option<Packet> {
        let is_theirs = |lie: &Lie| match lie {
            Lie::Override { field, .. }
            | Lie::Omit { field }
            | Lie::Repeat { field, .. }
            | Lie::Widen { field, .. }
            | Lie::Before { field, .. }
            | Lie::After { field, .. } => SIGNED.iter().any(|name| field.starts_with(name)),
            Lie::Append(_) | Lie::Trailing(_) | Lie::Properties(_) | Lie::Cut(_) => false,
        };
        let credentials = self.host.credentials()?;
        if lies.iter().any(is_theirs) || !credentials.put(wire) {
            return None;
        }
        credentials.put(said);
        Credentials::hide(said);
        let mut shown = wire.clone();
        Credentials::hide(&mut shown);
        Some(shown)
    }

    pub(super) fn note_sent(&mut self, lane: LaneIndex, packet: &Packet, wire: &Packet) {
        self.note_id(lane, packet);
        if let Packet::Connect(connect) = packet {
            // A ping of ours would upset a Keep Alive under test.
            self.lanes[lane.0].timed = connect.keep_alive_s != self.patience.keep_alive_s;
        }
        self.host.note_sent(wire, self.lanes[lane.0].version);
    }

    /// Closes the sending side and waits until the broker has closed too.
    pub(super) async fn finish(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        self.cut(client).await;
        let index = self.lane_of(client)?;
        let current = self.current;
        if self.lanes[index.0].is_writable() {
            self.lanes[index.0].finish();
            self.event(index, Some(current), What::Dropped(Ending::Close));
        }
        let deadline = Instant::now() + self.patience.limit;
        while self.lanes[index.0].is_readable() && self.activity(deadline).await {}
        self.lanes[index.0].abandon(false);
        // The broker's close answers ours.
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
        self.cut(client).await;
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

    /// Waits for one thing. `Ok(false)` when the rest of the step must not be played.
    pub(super) async fn awaited(
        &mut self,
        client: ClientIndex,
        awaited: &Awaited,
    ) -> Result<bool, Hindrance> {
        let lane = self.lane_of(client)?;
        let outcome = Waiting { lane, awaited }.run(self).await;
        let complete = outcome.ended == Ended::Complete;
        if !complete && let Some(hindrance) = self.library_at_fault(client, lane, awaited) {
            return Err(hindrance);
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

    /// Whether a packet lets an exchange go on: CONNACK and PUBREC can end it.
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
