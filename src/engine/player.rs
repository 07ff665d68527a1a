//! Plays the steps of one scene, or of its control, against one broker, and records what happens.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{Packet, PacketType};
use tokio::time::{Instant, timeout_at};

use super::build::{Surroundings, build};
use super::lane::{Inbound, Lane};
use super::lies::encode;
use super::prefix::Prefix;
use super::rumqttc::{self, Tap};
use super::wait::Waiting;
use crate::matcher::Memory;
use crate::plan::{Awaited, Body, Operation, Outgoing, PlannedStep};
use crate::scenario::model::{
    After, BrokerAction, Choice, ClientIndex, Count, DropHow, Expectation, Pattern, Scene,
};
use crate::target::host::Host;
use crate::transcript::{
    Ended, Ending, Event, EventIndex, HookRecord, INTERRUPTED, Lane as LaneRecord, LaneIndex,
    NotReached, Outcome, StepIndex, StepRecord, Transcript, What,
};

/// How many rounds of activity the broker gets to become idle in.
const MAXIMUM_ROUNDS: usize = 100_000;
/// The smallest step of the paused clock: nothing of the protocol is that fast.
const TICK: Duration = Duration::from_millis(1);

/// How long a wait in real time goes on before the user is heard.
const ATTENTION: Duration = Duration::from_millis(100);

/// How patient a play is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long an expectation waits that says nothing of it.
    pub(super) limit: Duration,
    /// How long a broker outside virtual time may take to show that it does more than it answered.
    pub(super) settle: Duration,
    /// Keep Alive of connections whose scenario says nothing of it, in seconds.
    pub(super) keep_alive_s: u16,
    /// Multiplies the limits that scenarios name.
    pub(super) scale: f64,
}

/// One play of one scene.
pub(super) struct Player<'p> {
    pub(super) scene: &'p Scene,
    pub(super) host: Host,
    pub(super) patience: Patience,
    pub(super) prefix: Prefix,
    pub(super) started: Instant,
    pub(super) lanes: Vec<Lane>,
    /// For each lane, what it received and no step has taken.
    untaken: Vec<Vec<EventIndex>>,
    clients: Vec<Position>,
    /// The libraries that play clients.
    pub(super) taps: BTreeMap<ClientIndex, Tap>,
    pub(super) transcript: Transcript,
    pub(super) memory: Memory,
    pub(super) current: StepIndex,
    /// When the steps with an id began, since the scene began.
    begins: BTreeMap<String, Duration>,
    /// Whether the expectations of the step in play count.
    pub(super) judged: bool,
    /// Whether a control's own expectations are in play: they look at every connection of a client.
    pub(super) concluding: bool,
    interrupted: &'p (dyn Fn() -> bool + Sync),
}

/// Where one client stands.
#[derive(Debug, Default)]
struct Position {
    lane: Option<LaneIndex>,
    connections: u32,
    /// Why its last attempt to connect gave no connection.
    unconnected: Option<String>,
}

/// Why a client's operation was not carried out.
pub(super) enum Hindrance {
    /// There is nothing to do it on.
    NotReached(NotReached),
    /// The broker had ended the connection.
    Ended,
}

impl Hindrance {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self::NotReached(NotReached::Because(why.into()))
    }
}

impl<'p> Player<'p> {
    pub(super) fn new(
        scene: &'p Scene,
        host: Host,
        patience: Patience,
        prefix: Prefix,
        interrupted: &'p (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            scene,
            patience,
            prefix,
            started: Instant::now(),
            lanes: Vec::new(),
            untaken: Vec::new(),
            clients: scene.clients.iter().map(|_| Position::default()).collect(),
            taps: BTreeMap::new(),
            transcript: Transcript {
                case: scene.id.clone(),
                lanes: Vec::new(),
                events: Vec::new(),
                hooks: Vec::new(),
                hook_source: host.hook_source(),
                steps: Vec::new(),
                choices: Vec::new(),
                facts: Vec::new(),
                broken_off: None,
            },
            host,
            memory: Memory::default(),
            current: StepIndex(0),
            begins: BTreeMap::new(),
            judged: true,
            concluding: false,
            interrupted,
        }
    }

    /// Plays these steps.
    pub(super) async fn play(&mut self, steps: &[PlannedStep], judged: bool) {
        self.judged = judged;
        for step in steps {
            if self.transcript.broken_off.is_some() {
                return;
            }
            if (self.interrupted)() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
                return;
            }
            self.step(step).await;
        }
    }

    /// Plays a control's own expectations.
    pub(super) async fn conclude(&mut self, expect: &[PlannedStep]) {
        self.concluding = true;
        self.play(expect, true).await;
    }

    /// Lets what is still on its way arrive, and hands the record over with the host.
    pub(super) async fn end(mut self) -> (Transcript, Host, Vec<Lane>) {
        if self.transcript.broken_off.is_none() {
            self.quiesce(None).await;
            self.close_libraries();
        }
        self.drain_hooks();
        (self.transcript, self.host, self.lanes)
    }

    async fn step(&mut self, step: &PlannedStep) {
        if !self.applies(step) {
            return;
        }
        self.begin(step);
        match &step.body {
            Body::Client { client, operations } => {
                self.operations(*client, operations).await;
            }
            Body::Wait(span) => self.until(Instant::now() + *span).await,
            Body::Hooks(_) => {
                self.quiesce(None).await;
                self.drain_hooks();
            }
            Body::Broker(action) => self.control(action).await,
            Body::Choice(choice) => self.choice(choice).await,
            Body::Parallel(steps) => self.parallel(steps).await,
        }
        if self.host.is_virtual() {
            self.idle().await;
        }
        self.drain_hooks();
        let seen = self.transcript.hooks.len();
        if let Some(record) = self.record(step.index) {
            record.hooks_seen = seen;
        }
    }

    /// Whether the choices that a step depends on were so answered.
    fn applies(&self, step: &PlannedStep) -> bool {
        step.step.when.iter().all(|(choice, answer)| {
            self.transcript
                .choices
                .iter()
                .any(|(c, a)| c == choice && a == answer)
        })
    }

    fn begin(&mut self, step: &PlannedStep) {
        let index = step.index;
        self.current = index;
        let began = self.now();
        if let Some(id) = &step.step.id {
            self.begins.insert(id.clone(), began);
        }
        self.transcript.steps.push(StepRecord {
            step: index,
            began,
            outcomes: Vec::new(),
            hooks_seen: self.transcript.hooks.len(),
            not_reached: None,
        });
        for lane in &mut self.lanes {
            lane.sent_id = None;
        }
    }

    /// The record of a step of this pass: the last one of its number.
    fn record(&mut self, index: StepIndex) -> Option<&mut StepRecord> {
        self.transcript
            .steps
            .iter_mut()
            .rev()
            .find(|r| r.step == index)
    }

    async fn operations(&mut self, client: ClientIndex, operations: &[Operation]) {
        let rest = self.operations_until_wait(client, operations).await;
        self.operations_from_wait(client, rest).await;
    }

    /// Does what comes before the first waiting and gives the rest.
    async fn operations_until_wait<'o>(
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

    async fn operations_from_wait(&mut self, client: ClientIndex, operations: &[Operation]) {
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
    fn hindered(&mut self, hindrance: Hindrance, behind: &[Operation]) {
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

    async fn operation(
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

    async fn open(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
        if let Some(lane) = self.clients[client.0].lane
            && self.lanes[lane.0].is_writable()
        {
            self.finish(client).await?;
        }
        self.clients[client.0].lane = None;
        let connected = timeout_at(Instant::now() + self.patience.limit, self.host.connect()).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.unreachable(client, error.to_string())),
            Err(_) => return Err(self.unreachable(client, "it took too long".into())),
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
        self.lanes
            .push(Lane::new(declared.version, declared.auto_ack, stream));
        self.untaken.push(Vec::new());
        let current = self.current;
        self.event(index, Some(current), What::Opened);
        self.attach(client, index)
    }

    fn unreachable(&mut self, client: ClientIndex, problem: String) -> Hindrance {
        self.clients[client.0].unconnected = Some(format!("failed to connect: {problem}"));
        Hindrance::NotReached(NotReached::Unreachable(problem))
    }

    /// The client's present or last connection.
    pub(super) fn lane_of(&self, client: ClientIndex) -> Result<LaneIndex, Hindrance> {
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

    async fn send(&mut self, client: ClientIndex, items: &[Outgoing]) -> Result<(), Hindrance> {
        if self.is_library(client) {
            return self.ask(client, items).await;
        }
        let index = self.lane_of(client)?;
        if !self.lanes[index.0].is_writable() {
            return Err(Hindrance::Ended);
        }
        for item in items {
            let (bytes, packets) = match item {
                Outgoing::Bytes(bytes) => (bytes.clone(), None),
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
                    let said = built.packet.clone();
                    let mut wire = built.packet;
                    self.prefix.put(&mut wire);
                    let bytes =
                        encode(&wire, lane.version, &built.lies).map_err(Hindrance::because)?;
                    (bytes, Some((said, wire)))
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
                    bytes,
                    packet,
                    automatic: false,
                },
            );
        }
        self.flush(index).await;
        Ok(())
    }

    /// Remembers the Packet Identifier that a step has sent.
    pub(super) fn note_id(&mut self, lane: LaneIndex, packet: &Packet) {
        let own = match packet {
            Packet::Publish(p) => p.packet_id,
            Packet::Subscribe(s) => Some(s.packet_id),
            Packet::Unsubscribe(u) => Some(u.packet_id),
            _ => None,
        };
        if let Some(id) = own {
            self.lanes[lane.0].used_packet_id(id);
        } else if let Some(id) = packet.packet_id() {
            self.lanes[lane.0].sent_id = Some(id.get());
        }
    }

    fn note_sent(&mut self, lane: LaneIndex, packet: &Packet, wire: &Packet) {
        self.note_id(lane, packet);
        if let Packet::Connect(connect) = packet {
            // A ping of ours would upset a Keep Alive under test.
            self.lanes[lane.0].timed = connect.keep_alive_s != self.patience.keep_alive_s;
        }
        self.host.note_sent(wire, self.lanes[lane.0].version);
    }

    /// Closes the sending side and waits until the broker has closed too.
    async fn finish(&mut self, client: ClientIndex) -> Result<(), Hindrance> {
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

    async fn drop_transport(&mut self, client: ClientIndex, how: DropHow) -> Result<(), Hindrance> {
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

    async fn control(&mut self, action: &BrokerAction) {
        let client = match action {
            BrokerAction::Kick { client, .. } | BrokerAction::Redirect { client, .. } => {
                Some(*client)
            }
            BrokerAction::Restart | BrokerAction::Stop => None,
        };
        let id = client.and_then(|client| {
            let expr = &self.scene.clients[client.0].id;
            let bytes = self.memory.bytes(expr, client).ok()?;
            let id = String::from_utf8(bytes.to_vec()).ok()?;
            Some(self.prefix.client_id(&id).to_string())
        });
        if let Err(why) = self.host.control(action, id.as_deref())
            && let Some(record) = self.record(self.current)
        {
            record.not_reached = Some(NotReached::Because(why));
        }
        self.quiesce(None).await;
    }

    async fn choice(&mut self, choice: &Choice) {
        // Silence can only be told when everything else has been tried.
        let mut order: Vec<usize> = (0..choice.answers.len()).collect();
        order.sort_by_key(|n| is_silence(&choice.answers[*n].1));
        let expectation = Expectation {
            place: choice
                .answers
                .iter()
                .find_map(|(_, e)| e.first().map(|e| e.place))
                .unwrap_or(crate::diagnostic::Place {
                    line: 1,
                    column: 1,
                    length: 1,
                }),
            pattern: Pattern::AnyOf(order.iter().map(|n| choice.answers[*n].1.clone()).collect()),
            within: None,
            not_before: None,
            after: After::Now,
            count: Count {
                at_least: 1,
                at_most: Some(1),
            },
        };
        let awaited = Awaited {
            expectation,
            answers_sent: false,
            gate: false,
            connects: false,
        };
        if let Err(hindrance) = self.awaited(choice.of, &awaited).await {
            self.hindered(hindrance, &[]);
            return;
        }
        let answer = self.record(self.current).and_then(|record| {
            let outcome = record.outcomes.last_mut()?;
            // The transcript speaks of the answers in the order of the file.
            outcome.alternative = outcome.alternative.map(|n| order[n]);
            outcome.alternative
        });
        if let Some(answer) = answer {
            self.transcript
                .choices
                .push((choice.name.clone(), choice.answers[answer].0.clone()));
        }
    }

    async fn parallel(&mut self, steps: &[PlannedStep]) {
        let mut rests: Vec<(StepIndex, ClientIndex, &[Operation])> = Vec::new();
        for step in steps {
            let Body::Client { client, operations } = &step.body else {
                continue;
            };
            self.begin(step);
            let rest = self.operations_until_wait(*client, operations).await;
            rests.push((step.index, *client, rest));
        }
        for (index, client, rest) in rests {
            self.current = index;
            self.operations_from_wait(client, rest).await;
        }
    }

    /// Waits for one thing. `Ok(false)` when the rest of the step must not be played.
    async fn awaited(&mut self, client: ClientIndex, awaited: &Awaited) -> Result<bool, Hindrance> {
        let lane = self.lane_of(client)?;
        let outcome = Waiting { lane, awaited }.run(self).await;
        let complete = outcome.ended == Ended::Complete;
        if !complete && let Some(hindrance) = self.ended_by_library(client, lane) {
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
    fn goes_on(&self, event: EventIndex) -> bool {
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

    fn take_event(&mut self, lane: LaneIndex, event: EventIndex, step: StepIndex) {
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

    /// What a lane received and no step has taken.
    pub(super) fn untaken(&self, lane: LaneIndex) -> &[EventIndex] {
        &self.untaken[lane.0]
    }

    /// How the broker ended a lane, if it has and no step has taken that.
    pub(super) fn close_event(&self, lane: LaneIndex) -> Option<EventIndex> {
        self.untaken[lane.0]
            .iter()
            .copied()
            .find(|e| matches!(self.transcript.events[e.0].what, What::Closed(_)))
    }

    /// When the step of this id began, since the scene began.
    pub(super) fn began(&self, id: &str) -> Option<Duration> {
        self.begins.get(id).copied()
    }

    /// When this connection last sent something.
    pub(super) fn last_sent(&self, lane: LaneIndex) -> Option<Duration> {
        self.transcript
            .events
            .iter()
            .rev()
            .find(|e| e.lane == lane && matches!(e.what, What::Sent { .. }))
            .map(|e| e.at)
    }

    /// Since the scene began.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn is_virtual(&self) -> bool {
        self.host.is_virtual()
    }

    /// Writes and reads on every connection until something has come in; `false` when `until` came first, or the user
    /// does not want to wait for it.
    pub(super) async fn activity(&mut self, until: Instant) -> bool {
        if self.host.is_virtual() {
            return self.activity_until(until).await;
        }
        loop {
            let slice = until.min(Instant::now() + ATTENTION);
            if self.activity_until(slice).await {
                return true;
            }
            if (self.interrupted)() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
                return false;
            }
            if slice >= until {
                return false;
            }
        }
    }

    async fn activity_until(&mut self, until: Instant) -> bool {
        let lanes = &mut self.lanes;
        let taps = &mut self.taps;
        let read = timeout_at(
            until,
            poll_fn(|cx| {
                let mut read: Vec<(LaneIndex, Vec<Inbound>)> = Vec::new();
                for (n, lane) in lanes.iter_mut().enumerate() {
                    if let Poll::Ready(inbound) = lane.poll(cx) {
                        read.push((LaneIndex(n), inbound));
                    }
                }
                match rumqttc::poll(taps, cx) {
                    Poll::Ready(told) => Poll::Ready((read, told)),
                    Poll::Pending if read.is_empty() => Poll::Pending,
                    Poll::Pending => Poll::Ready((read, Vec::new())),
                }
            }),
        )
        .await;
        let Ok((read, told)) = read else {
            return false;
        };
        for (lane, inbound) in read {
            for one in inbound {
                self.received(lane, one);
            }
        }
        for (client, one) in told {
            self.told(client, one);
        }
        poll_fn(|cx| {
            self.lanes.iter_mut().for_each(|lane| lane.poll_out(cx));
            Poll::Ready(())
        })
        .await;
        true
    }

    /// Hands queued bytes to the transport, reading meanwhile.
    async fn flush(&mut self, lane: LaneIndex) {
        let deadline = Instant::now() + self.patience.limit;
        poll_fn(|cx| {
            self.lanes[lane.0].poll_out(cx);
            Poll::Ready(())
        })
        .await;
        while !self.lanes[lane.0].is_flushed() && Instant::now() < deadline {
            let soon = Instant::now() + TICK;
            self.activity(soon.min(deadline)).await;
        }
    }

    /// Lets time pass, reading meanwhile.
    pub(super) async fn until(&mut self, instant: Instant) {
        while self.activity(instant).await {
            if (self.interrupted)() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
                return;
            }
        }
    }

    /// Runs the broker until nothing is runnable. Virtual time only: the clock moves when everything waits.
    async fn idle(&mut self) {
        for _ in 0..MAXIMUM_ROUNDS {
            if !self.activity(Instant::now() + TICK).await && !self.note_all_ignored() {
                return;
            }
        }
    }

    /// Lets the broker show everything that it does because of what it has had so far.
    pub(super) async fn quiesce(&mut self, silent: Option<LaneIndex>) {
        if self.host.is_virtual() {
            self.idle().await;
            return;
        }
        let others = (0..self.lanes.len())
            .map(LaneIndex)
            .filter(|lane| Some(*lane) != silent)
            .collect();
        self.barrier(others).await;
        self.barrier(silent.into_iter().collect()).await;
        self.until(Instant::now() + self.patience.settle).await;
    }

    /// A ping of our own on each of these connections, in no transcript.
    async fn barrier(&mut self, lanes: Vec<LaneIndex>) {
        let deadline = Instant::now() + self.patience.limit;
        for lane in &lanes {
            let lane = &mut self.lanes[lane.0];
            if lane.accepted && lane.is_writable() && lane.is_readable() && !lane.timed {
                lane.own_pings += 1;
                lane.queue(&[0xC0, 0x00]);
            }
        }
        while lanes.iter().any(|lane| {
            let lane = &self.lanes[lane.0];
            lane.own_pings > 0 && lane.is_readable()
        }) && self.activity(deadline).await
        {}
    }

    fn received(&mut self, lane: LaneIndex, inbound: Inbound) {
        match self.tapped(lane, inbound) {
            Inbound::OwnPing => {}
            Inbound::Packet {
                frame,
                packet,
                topic,
                automatic,
                answer,
            } => {
                let packet = (*packet).map(|mut packet| {
                    self.prefix.take_off(&mut packet);
                    packet
                });
                let event = self.event(
                    lane,
                    None,
                    What::Received {
                        frame,
                        packet,
                        topic: topic.map(|t| self.prefix.strip_topic(&t)),
                        automatic,
                    },
                );
                if !automatic {
                    self.untaken[lane.0].push(event);
                }
                if let Some(answer) = answer {
                    self.answer(lane, answer);
                }
            }
            Inbound::Garbage { bytes, error } => {
                self.event(lane, None, What::Garbage { bytes, error });
            }
            Inbound::Truncated { bytes } => {
                self.event(lane, None, What::Truncated { bytes });
            }
            Inbound::Ended(ending) => {
                let event = self.event(lane, None, What::Closed(ending));
                self.untaken[lane.0].push(event);
            }
        }
    }

    /// Sends what a client answers by itself.
    fn answer(&mut self, lane: LaneIndex, packet: Packet) {
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

    pub(super) fn event(
        &mut self,
        lane: LaneIndex,
        taken_by: Option<StepIndex>,
        what: What,
    ) -> EventIndex {
        let index = EventIndex(self.transcript.events.len());
        self.transcript.events.push(Event {
            at: self.now(),
            lane,
            during: self.current,
            taken_by,
            what,
        });
        index
    }

    /// Writes down what the broker has told of itself since the last time.
    fn drain_hooks(&mut self) {
        for hook in self.host.hooks() {
            let mine = hook
                .fields
                .iter()
                .find(|(name, _)| name == "client")
                .is_none_or(|(_, id)| self.prefix.owns(id));
            if !mine {
                continue;
            }
            let fields = hook
                .fields
                .into_iter()
                .map(|(name, value)| {
                    let value = match name.as_str() {
                        "client" => self.prefix.strip_client_id(&value).to_owned(),
                        "topic" | "filter" => self.prefix.strip_topic(&value).to_string(),
                        _ => value,
                    };
                    (name, value)
                })
                .collect();
            self.transcript.hooks.push(HookRecord {
                at: hook.at.map(|at| at.saturating_duration_since(self.started)),
                during: self.current,
                name: hook.name,
                fields,
            });
        }
    }
}

/// Whether an answer is that nothing comes.
fn is_silence(expectations: &[Expectation]) -> bool {
    expectations
        .iter()
        .any(|e| matches!(e.pattern, Pattern::Silence { .. }))
}
