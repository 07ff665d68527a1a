//! Plays the steps of one scene, or of its control, against one broker, and records what happens.

mod activity;
mod delay;
mod foreign;
mod lost;
mod operations;
mod rounds;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::{Packet, PacketId};
use tokio::time::Instant;

use crate::engine::case::Bounds;
use crate::engine::chaos::Chaos;
use crate::engine::lane::Lane;
use crate::engine::prefix::Prefix;
use crate::engine::rumqttc::Tap;
use crate::engine::spread::Spread;
use crate::engine::wait;
use crate::matcher::Memory;
use crate::plan::{Awaited, Body, Operation, PlannedStep, steps_played};
use crate::scenario::model::{
    BrokerAction, Choice, ClientIndex, Expectation, NodeAction, OneOf, Pattern, Scene,
};
use crate::target::host::Host;
use crate::transcript::{
    BrokerLog, Ended, Event, EventIndex, INTERRUPTED, LaneIndex, NotReached, StepIndex, StepRecord,
    Transcript, What,
};
use delay::RoundTrips;
use foreign::Foreign;
use lost::{AtStake, Lost};

/// How many rounds of activity the broker gets to become idle.
const MAXIMUM_ROUNDS: usize = 100_000;
/// The smallest step of the paused clock. Every interval of the protocol is longer.
const TICK: Duration = Duration::from_millis(1);

/// How much longer a failed case listens in virtual time.
const LATE: Duration = Duration::from_secs(2);

/// How often a wait in real time checks for an interruption.
const ATTENTION: Duration = Duration::from_millis(100);

/// How long a play waits.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Patience {
    /// How long an expectation waits if the scenario does not say.
    pub(in crate::engine) limit: Duration,
    /// How long a broker outside virtual time may take to show more reactions after its answer.
    pub(in crate::engine) settle: Duration,
    /// In virtual time: how late the broker forwards messages, which only a permitted variation does.
    pub(in crate::engine) forwarding_delay: Duration,
    /// How long an acknowledged change of subscriptions may take to become effective everywhere.
    pub(in crate::engine) settle_subscriptions: Duration,
    /// The shortest time in which the broker answered a CONNECT before the run.
    pub(in crate::engine) delay: Duration,
    /// The Keep Alive of connections whose scenario names none, in seconds.
    pub(in crate::engine) keep_alive_s: u16,
    /// The interval at which the broker looks for silent clients, as far as it is known.
    pub(in crate::engine) silence_check: Duration,
    /// Multiplies the limits of scenarios.
    pub(in crate::engine) scale: f64,
    /// The seed for other ways to put the same bytes on the wire.
    pub(in crate::engine) chaos: Option<u64>,
}

/// One play of one scene.
pub(in crate::engine) struct Player<'p> {
    pub(in crate::engine) scene: &'p Scene,
    pub(in crate::engine) host: Host,
    pub(in crate::engine) patience: Patience,
    pub(in crate::engine) prefix: Prefix,
    foreign: Foreign,
    pub(in crate::engine) started: Instant,
    pub(in crate::engine) lanes: Vec<Lane>,
    /// For each lane, the events that it received and no step has taken.
    untaken: Vec<Vec<EventIndex>>,
    clients: Vec<Position>,
    /// The libraries that play clients.
    pub(in crate::engine) taps: BTreeMap<ClientIndex, Tap>,
    pub(in crate::engine) transcript: Transcript,
    pub(in crate::engine) memory: Memory,
    pub(in crate::engine) current: StepIndex,
    /// How the bytes are put on the wire.
    chaos: Chaos,
    /// Which node the next connection of a client goes to.
    spread: Spread,
    /// The connection whose packets wait to be sent together with those of the next step.
    held: Option<LaneIndex>,
    /// When the steps with an id began, since the scene began.
    begins: BTreeMap<String, Duration>,
    /// The largest number of steps that are played.
    steps_played: usize,
    /// Whether the rounds of a folded repeat are being played. Hook events are not recorded then.
    is_folded: bool,
    /// Whether the expectations of the current step count.
    pub(in crate::engine) judged: bool,
    /// Whether a control's own expectations are being played. They look at every connection of a client.
    pub(in crate::engine) plays_control_expectations: bool,
    /// What has failed so far.
    lost: Lost,
    at_stake: Vec<AtStake>,
    round_trips: RoundTrips,
    pub(in crate::engine) bounds: Bounds<'p>,
    /// How many bytes of the share are taken by data that is still in buffers.
    waiting: usize,
}

/// The state of one client.
#[derive(Debug, Default)]
struct Position {
    lane: Option<LaneIndex>,
    connections: u32,
    /// The messages to the client whose acknowledgement is left to the scenario.
    held: BTreeSet<PacketId>,
    /// Why the client's last attempt to connect failed.
    unconnected: Option<String>,
}

/// Why a client's operation was not carried out.
pub(super) enum Hindrance {
    /// The operation could not begin.
    NotReached(NotReached),
    /// The broker had ended the connection.
    Ended,
}

impl Hindrance {
    pub(in crate::engine) fn because(why: impl Into<String>) -> Self {
        Self::NotReached(NotReached::Because(why.into()))
    }
}

impl<'p> Player<'p> {
    pub(in crate::engine) fn new(
        scene: &'p Scene,
        host: Host,
        patience: Patience,
        prefix: Prefix,
        bounds: Bounds<'p>,
    ) -> Self {
        let letters = prefix.letters().to_owned();
        Self {
            scene,
            patience,
            prefix,
            foreign: Foreign::default(),
            started: Instant::now(),
            lanes: Vec::new(),
            untaken: Vec::new(),
            clients: scene.clients.iter().map(|_| Position::default()).collect(),
            taps: BTreeMap::new(),
            transcript: Transcript {
                case: scene.id.clone(),
                prefix: letters,
                lanes: Vec::new(),
                events: Vec::new(),
                hooks: Vec::new(),
                hook_source: host.hook_source(),
                steps: Vec::new(),
                rounds: Vec::new(),
                choices: Vec::new(),
                facts: Vec::new(),
                broken_off: None,
                late: Duration::ZERO,
                delay: Duration::ZERO,
                silence_check: patience.silence_check,
                left_behind: Vec::new(),
                log: BrokerLog::default(),
            },
            host,
            memory: Memory::default(),
            current: StepIndex(0),
            chaos: patience
                .chaos
                .map_or_else(Chaos::default, |seed| Chaos::of(seed, &scene.id)),
            spread: Spread::of(scene),
            held: None,
            begins: BTreeMap::new(),
            steps_played: 0,
            is_folded: false,
            judged: true,
            plays_control_expectations: false,
            lost: Lost::default(),
            at_stake: Vec::new(),
            round_trips: RoundTrips::default(),
            bounds,
            waiting: 0,
        }
    }

    /// Returns whether the user has interrupted the run, or the run is ending.
    fn is_interrupted(&self) -> bool {
        (self.bounds.interrupted)()
    }

    /// Plays these steps.
    pub(in crate::engine) async fn play(&mut self, steps: &[PlannedStep], judged: bool) {
        self.judged = judged;
        self.steps_played = self.steps_played.saturating_add(steps_played(steps));
        for (n, step) in steps.iter().enumerate() {
            if self.transcript.broken_off.is_some() {
                return;
            }
            if self.is_interrupted() {
                self.transcript.broken_off = Some(INTERRUPTED.into());
                return;
            }
            self.step(step, &steps[n + 1..]).await;
        }
    }

    /// Plays a control's own expectations.
    pub(in crate::engine) async fn conclude(&mut self, expect: &[PlannedStep]) {
        self.plays_control_expectations = true;
        self.play(expect, true).await;
    }

    /// Waits for what is still on its way, and returns the transcript with the host and the lanes.
    pub(in crate::engine) async fn end(mut self) -> (Transcript, Host, Vec<Lane>) {
        if self.transcript.broken_off.is_none() {
            if self.has_failed() && self.is_virtual() {
                // A late packet may explain the failure.
                self.until(Instant::now() + LATE).await;
            }
            self.quiesce(None).await;
            self.await_owed().await;
            self.close_libraries();
        }
        self.drain_hooks();
        // A source that has failed in the meantime may have missed something.
        self.transcript.hook_source = self.host.hook_source();
        self.transcript.delay = self.delay();
        (self.transcript, self.host, self.lanes)
    }

    /// Plays one step. `after` are the steps after it.
    async fn step(&mut self, step: &PlannedStep, after: &[PlannedStep]) {
        if !self.applies(step) {
            self.note_undecided(step);
            return;
        }
        self.send_held(step).await;
        self.begin(step);
        let from = self.transcript.events.len();
        match &step.body {
            Body::Client { client, operations } => {
                self.operations(*client, operations).await;
            }
            Body::Wait(span) => self.wait(*span, after).await,
            Body::Hooks(_) => {
                self.quiesce(None).await;
                let span = self.host.hooks_settle();
                if !span.is_zero() {
                    self.until(Instant::now() + span).await;
                }
                self.drain_hooks();
            }
            Body::Broker(action) => self.control(action).await,
            Body::Choice(choice) => self.choice(choice).await,
            Body::OneOf(one) => self.one_of(one).await,
            Body::Parallel(steps) => self.parallel(steps).await,
            Body::Rounds(rounds) => Box::pin(self.rounds(step.index, rounds)).await,
        }
        if self.host.is_virtual() && self.held.is_none() {
            self.idle().await;
        }
        let span = self.patience.settle_subscriptions;
        if !span.is_zero() && self.transcript.events[from..].iter().any(changes_filters) {
            self.until(Instant::now() + span).await;
        }
        self.drain_hooks();
        let seen = self.transcript.hooks.len();
        if let Some(record) = self.record(step.index) {
            record.hooks_seen = seen;
        }
    }

    /// Sends what was held back, unless the step adds to it, and delays the step if chaos asks for it.
    async fn send_held(&mut self, step: &PlannedStep) {
        if let Some(lane) = self.held {
            let adds = matches!(&step.body, Body::Client { client, operations }
                if self.clients[client.0].lane == Some(lane)
                    && operations.iter().all(|o| matches!(o, Operation::OpenIfClosed | Operation::Send(_))));
            if adds {
                return;
            }
            self.held = None;
            self.flush(lane).await;
            if self.host.is_virtual() {
                self.idle().await;
            }
        }
        let delay = self.chaos.delay();
        if !delay.is_zero() {
            self.until(Instant::now() + delay).await;
        }
    }

    /// Returns whether the choices that a step depends on have the answers that it requires.
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
        self.at_stake.push(AtStake::of(step));
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

    /// Returns the record of a step in this pass, which is the last one with its number.
    fn record(&mut self, index: StepIndex) -> Option<&mut StepRecord> {
        self.transcript
            .steps
            .iter_mut()
            .rev()
            .find(|r| r.step == index)
    }

    /// Remembers the Packet Identifier that a step has sent.
    pub(in crate::engine) fn note_id(&mut self, lane: LaneIndex, packet: &Packet) {
        let own = match packet {
            Packet::Publish(p) => p.packet_id,
            Packet::Subscribe(s) => Some(s.packet_id),
            Packet::Unsubscribe(u) => Some(u.packet_id),
            _ => None,
        };
        if let Some(id) = activity::settles(packet) {
            let client = self.transcript.lanes[lane.0].client;
            self.clients[client.0].held.remove(&id);
        }
        if let Some(id) = own {
            self.lanes[lane.0].used_packet_id(id);
        } else if let Some(id) = packet.packet_id() {
            self.lanes[lane.0].sent_id = Some(id.get());
        }
    }

    async fn control(&mut self, action: &BrokerAction) {
        let client = match action {
            BrokerAction::Kick { client, .. } | BrokerAction::Redirect { client, .. } => {
                Some(*client)
            }
            BrokerAction::Restart
            | BrokerAction::Stop
            | BrokerAction::Kill
            | BrokerAction::Node { .. } => None,
        };
        let id = client.and_then(|client| {
            let expr = &self.scene.clients[client.0].id;
            let bytes = self.memory.bytes(expr, client).ok()?;
            let id = String::from_utf8(bytes.to_vec()).ok()?;
            Some(self.prefix.client_id(&id).to_string())
        });
        let done = self.host.control(action, id.as_deref()).await;
        if let Err(why) = done
            && let Some(record) = self.record(self.current)
        {
            record.not_reached = Some(NotReached::Because(why));
        }
        if let BrokerAction::Node { node, what } = action {
            self.expect_pings(*node, *what);
        }
        self.quiesce(None).await;
    }

    /// A paused node answers no ping, so none of its connections can prove anything.
    fn expect_pings(&mut self, node: usize, what: NodeAction) {
        let answers_no_ping = match what {
            NodeAction::Pause => true,
            NodeAction::Continue => false,
            NodeAction::Kill | NodeAction::Stop | NodeAction::Restart => return,
        };
        let lanes = self.lanes.iter_mut().zip(&self.transcript.lanes);
        for (lane, _) in lanes.filter(|(_, record)| record.node == node) {
            lane.answers_no_ping = answers_no_ping;
        }
    }

    async fn choice(&mut self, choice: &Choice) {
        // Silence is known only after everything else has been tried.
        let mut order: Vec<usize> = (0..choice.answers.len()).collect();
        order.sort_by_key(|n| is_silence(&choice.answers[*n].1));
        let mut expected = choice.answers.iter().flat_map(|(_, answer)| answer);
        let place = expected.next().map_or(
            crate::diagnostic::Place {
                line: 1,
                column: 1,
                length: 1,
            },
            |first| first.place,
        );
        let answers = order.iter().map(|n| choice.answers[*n].1.clone()).collect();
        let expectation = Expectation::once(Pattern::AnyOf(answers), place);
        let awaited = Awaited {
            expectation,
            answers_sent: false,
            gate: false,
            connects: false,
            decides: true,
        };
        if let Err(hindrance) = self.awaited(choice.of, &awaited).await {
            self.record_hindrance(hindrance, &[]);
            return;
        }
        let answer = self.record(self.current).and_then(|record| {
            let outcome = record.outcomes.last_mut()?;
            // The transcript numbers the answers in the order of the file.
            outcome.alternative = outcome.alternative.map(|n| order[n]);
            outcome.alternative
        });
        if let Some(answer) = answer {
            self.transcript
                .choices
                .push((choice.name.clone(), choice.answers[answer].0.clone()));
        }
    }

    /// Waits until one of these clients has received the packet, and notes which.
    async fn one_of(&mut self, one: &OneOf) {
        let mut lanes = Vec::new();
        let mut hindrance = None;
        for (name, client) in &one.members {
            match self.lane_of(*client) {
                Ok(lane) => lanes.push((name, lane)),
                Err(why) => hindrance = Some(why),
            }
        }
        if let (Some(hindrance), []) = (hindrance, &lanes[..]) {
            self.record_hindrance(hindrance, &[]);
            return;
        }
        let awaited = Awaited {
            expectation: one.expectation.clone(),
            answers_sent: false,
            gate: false,
            connects: false,
            decides: true,
        };
        let indexes: Vec<LaneIndex> = lanes.iter().map(|(_, lane)| *lane).collect();
        let lost = self.at_stake().filter(|s| self.is_lost(s, &awaited));
        let outcome = wait::first_of(self, &indexes, &awaited, lost.is_some()).await;
        if outcome.ended != Ended::Complete {
            if let Some(at_stake) = lost {
                let why = self.lost(&at_stake);
                self.record_hindrance(Hindrance::NotReached(why), &[]);
                return;
            }
            self.note_failure(&awaited);
        }
        let current = self.current;
        for event in &outcome.taken {
            let lane = self.transcript.events[event.0].lane;
            self.take_event(lane, *event, current);
        }
        if let (Ended::Complete, Some(event)) = (outcome.ended, outcome.taken.first()) {
            let lane = self.transcript.events[event.0].lane;
            let winner = lanes.iter().find(|(_, index)| *index == lane);
            let answer = winner.map(|(name, _)| (one.name.clone(), (*name).clone()));
            self.transcript.choices.extend(answer);
        }
        if let Some(record) = self.record(current) {
            record.outcomes.push(outcome);
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

    /// Returns the events that a lane received and no step has taken.
    pub(in crate::engine) fn untaken(&self, lane: LaneIndex) -> &[EventIndex] {
        &self.untaken[lane.0]
    }

    /// Returns the event with which the broker ended a lane, if no step has taken it.
    pub(in crate::engine) fn close_event(&self, lane: LaneIndex) -> Option<EventIndex> {
        self.untaken[lane.0]
            .iter()
            .copied()
            .find(|e| matches!(self.transcript.events[e.0].what, What::Closed(_)))
    }

    /// Returns when the step with this id began, since the scene began.
    pub(in crate::engine) fn began(&self, id: &str) -> Option<Duration> {
        self.begins.get(id).copied()
    }

    /// Returns when this connection last sent something.
    pub(in crate::engine) fn last_sent(&self, lane: LaneIndex) -> Option<Duration> {
        self.transcript
            .events
            .iter()
            .rev()
            .find(|e| e.lane == lane && matches!(e.what, What::Sent { .. }))
            .map(|e| e.at)
    }

    /// Returns the time since the scene began.
    pub(in crate::engine) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(in crate::engine) fn is_virtual(&self) -> bool {
        self.host.is_virtual()
    }
}

/// Returns whether the broker has acknowledged a change of subscriptions.
fn changes_filters(event: &Event) -> bool {
    matches!(
        &event.what,
        What::Received {
            packet: Ok(Packet::SubAck(_) | Packet::UnsubAck(_)),
            ..
        }
    )
}

/// Returns whether an answer is silence.
fn is_silence(expectations: &[Expectation]) -> bool {
    expectations
        .iter()
        .any(|e| matches!(e.pattern, Pattern::Silence { .. }))
}
