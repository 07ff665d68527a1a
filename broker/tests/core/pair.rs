//! A broker and its clients, both driven by the test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_broker::{
    Broker, Change, Config, ConnectionId, Control, Fault, Faults, HookEvent, Input, NodeEvent,
    NodeId, Output, StoredState, Time,
};
use mqtt_check_codec::{
    Ack, Connect, DecodeError, Disconnect, Packet, PacketId, Properties, Property, ProtocolVersion,
    Publish, QoS, ReasonCode, Subscribe, Subscription, SubscriptionOptions, Unsubscribe, Will,
};

use crate::text;

pub(crate) const V5: ProtocolVersion = ProtocolVersion::V5;
pub(crate) const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
pub(crate) const BOTH: [ProtocolVersion; 2] = [V3, V5];
/// A Session Expiry Interval that never ends.
pub(crate) const NEVER: u32 = u32::MAX;

/// The environment variable with the name of a fault for every broker of the suite.
pub(crate) const FORCED: &str = "MQTT_CHECK_BROKER_FAULT";

/// A connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Peer(ConnectionId);

#[derive(Debug)]
pub(crate) struct Pair {
    broker: Option<Broker>,
    config: Config,
    faults: Faults,
    now: Time,
    next_connection: u64,
    received: BTreeMap<ConnectionId, Vec<String>>,
    packets: BTreeMap<ConnectionId, Vec<Packet>>,
    hooks: Vec<HookEvent>,
    /// Connections from which the broker reads nothing for now.
    paused: BTreeSet<ConnectionId>,
    /// The content of the store, if there is one.
    records: Option<Records>,
}

/// The records of a store.
pub(crate) type Records = BTreeMap<Vec<u8>, Vec<u8>>;

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::broken(change, [])
    }

    pub(crate) fn broken(
        change: impl FnOnce(&mut Config),
        faults: impl IntoIterator<Item = Fault>,
    ) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let faults = Faults::from_iter(faults.into_iter().chain(forced()));
        Self {
            broker: Some(Broker::new(config.clone(), faults)),
            config,
            faults,
            now: Duration::ZERO,
            next_connection: 1,
            received: BTreeMap::new(),
            packets: BTreeMap::new(),
            hooks: Vec::new(),
            paused: BTreeSet::new(),
            records: None,
        }
    }

    /// Returns a pair with a durable broker that has a store.
    pub(crate) fn keeping(change: impl FnOnce(&mut Config)) -> Self {
        let mut pair = Self::with(|config| {
            config.durable = true;
            change(config);
        });
        pair.records = Some(Records::new());
        pair.broker
            .as_mut()
            .expect("the broker runs")
            .track_changes();
        pair
    }

    /// Returns the content of the store. Checks that it equals what writing everything again would give.
    pub(crate) fn records(&mut self) -> &mut Records {
        let broker = self.broker.as_mut().expect("the broker runs");
        broker.track_changes();
        let mut anew = Records::new();
        apply(&mut anew, broker.changes());
        let records = self.records.as_mut().expect("a store is kept");
        assert_eq!(*records, anew);
        records
    }

    /// Kills the process, and starts another one with the same store after a while.
    pub(crate) fn kill_and_restart_after_s(&mut self, seconds: u64) {
        let records = self.records().clone();
        let stored = StoredState::from_records(records).expect("right records");
        self.start(stored, seconds);
        let broker = self.broker.as_mut().expect("the broker runs");
        broker.track_changes();
        let mut anew = Records::new();
        apply(&mut anew, broker.changes());
        self.records = Some(anew);
    }

    pub(crate) fn broker(&self) -> &Broker {
        self.broker.as_ref().expect("the broker runs")
    }

    /// Returns whether the broker reads nothing from this client for now.
    pub(crate) fn is_paused(&self, peer: Peer) -> bool {
        self.paused.contains(&peer.0)
    }

    /// Does one further step of unfinished work. Returns its cost, or `None` if there is no such work.
    pub(crate) fn step(&mut self) -> Option<usize> {
        if !self.broker().is_at_work() {
            return None;
        }
        assert_eq!(self.broker().next_deadline(), Some(Time::ZERO));
        self.handle(Input::Woke);
        Some(self.broker().spent())
    }

    pub(crate) fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        let broker = self.broker.as_mut().expect("the broker runs");
        broker.handle(self.now, input, &mut out);
        let changes = broker.changes();
        if let Some(records) = &mut self.records {
            apply(records, changes);
        } else {
            assert_eq!(changes, [], "nobody asked");
        }
        self.carry_out(out);
    }

    fn carry_out(&mut self, out: Vec<Output>) {
        let mut held = Vec::new();
        for output in out {
            match output {
                Output::Hold { connection } => held.push(connection),
                Output::Send { connection, packet } => {
                    self.lane(connection).push(text::packet(&packet));
                    self.packets.entry(connection).or_default().push(packet);
                }
                Output::Close { connection } => self.lane(connection).push("closed".to_owned()),
                Output::Hook(event) => self.hooks.push(event),
                Output::Pause { connection } => {
                    self.paused.insert(connection);
                }
                Output::Resume { connection } => {
                    self.paused.remove(&connection);
                }
            }
        }
        for connection in held {
            self.handle(Input::Drained { connection });
        }
    }

    fn lane(&mut self, connection: ConnectionId) -> &mut Vec<String> {
        let lane = self.received.entry(connection).or_default();
        let over = lane.last().is_some_and(|last| last == "closed");
        assert!(!over, "the broker went on after it closed {connection:?}");
        lane
    }

    pub(crate) fn open(&mut self) -> Peer {
        self.open_at(0)
    }

    /// Opens a connection at this node of a cluster.
    pub(crate) fn open_at(&mut self, node: u8) -> Peer {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.received.insert(connection, Vec::new());
        self.handle(Input::Opened {
            connection,
            node: NodeId(node),
            nonce: connection.0.into(),
        });
        Peer(connection)
    }

    /// Connects a client at this node of a cluster.
    pub(crate) fn connect_at(&mut self, node: u8, connect: impl Into<Connect>) -> Peer {
        let peer = self.open_at(node);
        self.send(peer, Packet::Connect(Box::new(connect.into())));
        peer
    }

    /// Connects a client at this node of a cluster and takes its CONNACK, which must be a success.
    pub(crate) fn connected_at(&mut self, node: u8, connect: impl Into<Connect>) -> Peer {
        let peer = self.connect_at(node, connect);
        let first = self.lane(peer.0).remove(0);
        assert!(first.starts_with("connack 0x00"), "{first}");
        peer
    }

    /// Something happens to a node of a cluster.
    pub(crate) fn node(&mut self, node: u8, event: NodeEvent) {
        let node = NodeId(node);
        self.control(Control::Node { node, event });
    }

    pub(crate) fn connect(&mut self, connect: impl Into<Connect>) -> Peer {
        let peer = self.open();
        self.send(peer, Packet::Connect(Box::new(connect.into())));
        peer
    }

    /// Connects a client and takes its CONNACK, which must be a success.
    pub(crate) fn connected(&mut self, connect: impl Into<Connect>) -> Peer {
        let peer = self.connect(connect);
        let first = self.lane(peer.0).remove(0);
        assert!(first.starts_with("connack 0x00"), "{first}");
        peer
    }

    pub(crate) fn send(&mut self, peer: Peer, packet: Packet) {
        self.send_sized(peer, packet, 10);
    }

    pub(crate) fn send_sized(&mut self, peer: Peer, packet: Packet, size: usize) {
        let connection = peer.0;
        self.handle(Input::Received {
            connection,
            packet,
            size,
        });
    }

    /// Sends bytes that are not a packet.
    pub(crate) fn malformed(
        &mut self,
        peer: Peer,
        version: Option<ProtocolVersion>,
        error: DecodeError,
    ) {
        let connection = peer.0;
        self.handle(Input::Malformed {
            connection,
            version,
            error,
        });
    }

    /// Breaks the connection.
    pub(crate) fn lose(&mut self, peer: Peer) {
        let connection = peer.0;
        self.handle(Input::Closed { connection });
    }

    pub(crate) fn disconnect(&mut self, peer: Peer) {
        self.send(peer, disconnect(0, []));
    }

    /// Subscribes to one filter and takes the SUBACK, which must grant the requested QoS.
    pub(crate) fn subscribe(&mut self, peer: Peer, filter: &str, qos: u8) {
        self.send(peer, subscribe(1, &[(filter, qos)]));
        let suback = format!("suback id=1 {qos:02x}");
        let lane = self.lane(peer.0);
        let at = lane.iter().position(|line| *line == suback);
        let at = at.unwrap_or_else(|| panic!("no {suback} among {lane:?}"));
        lane.remove(at);
    }

    /// Returns the packets received since the last look. `seen` does not return them again.
    pub(crate) fn packets(&mut self, peer: Peer) -> Vec<Packet> {
        self.lane(peer.0).clear();
        self.packets.remove(&peer.0).unwrap_or_default()
    }

    /// Returns what was received since the last look, as text.
    pub(crate) fn seen(&mut self, peer: Peer) -> Vec<String> {
        self.packets.remove(&peer.0);
        let lane = self.received.entry(peer.0).or_default();
        let over = lane.last().is_some_and(|last| last == "closed");
        let seen = std::mem::take(lane);
        if over {
            lane.push("closed".to_owned());
        }
        seen
    }

    /// Returns the events of clients, sessions and Wills since the last look.
    pub(crate) fn hooks(&mut self) -> Vec<String> {
        let lines = self.hooks.drain(..).map(|event| text::hook(&event));
        lines.filter(|line| !line.starts_with("message.")).collect()
    }

    /// Returns every event since the last look.
    pub(crate) fn all_hooks(&mut self) -> Vec<String> {
        self.hooks
            .drain(..)
            .map(|event| text::hook(&event))
            .collect()
    }

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..10_000 {
            match self.broker().next_deadline() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.handle(Input::Woke);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the broker's deadlines do not come to an end");
    }

    /// Lets time pass without calling the broker.
    pub(crate) fn pass_s(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(crate) fn wait_s(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    pub(crate) fn control(&mut self, control: Control) {
        self.handle(Input::Control(control));
    }

    /// Stops the broker gracefully and starts it again after a while.
    pub(crate) fn restart_after_s(&mut self, seconds: u64) {
        let mut out = Vec::new();
        let broker = self.broker.take().expect("the broker runs");
        let stored = broker.stop(self.now, &mut out);
        self.carry_out(out);
        self.start(stored, seconds);
    }

    /// Stops the broker as in a power failure and starts it again after a while.
    pub(crate) fn crash_and_restart_after_s(&mut self, seconds: u64) {
        let broker = self.broker.take().expect("the broker runs");
        let stored = broker.crash(self.now);
        self.start(stored, seconds);
    }

    fn start(&mut self, stored: StoredState, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        let mut out = Vec::new();
        self.broker = Some(Broker::restore(
            self.config.clone(),
            self.faults,
            stored,
            self.now,
            &mut out,
        ));
        self.carry_out(out);
    }
}

/// Applies changes to the records, as a store does.
fn apply(records: &mut Records, changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::Put { key, value } => {
                records.insert(key, value);
            }
            Change::Remove { key } => {
                let removed = records.remove(&key);
                assert!(removed.is_some(), "nothing to remove at {key:?}");
            }
            Change::RemoveAll { prefix } => records.retain(|key, _| !key.starts_with(&prefix)),
        }
    }
}

/// Returns the fault under which the whole suite runs, if there is one.
fn forced() -> Option<Fault> {
    let name = std::env::var(FORCED).ok()?;
    Some(Fault::from_name(&name).expect("a fault"))
}

/// A CONNECT to build on. It has Clean Start, and no expiry, Will or Keep Alive.
#[derive(Debug, Clone)]
pub(crate) struct Hello(Connect);

pub(crate) fn hello(version: ProtocolVersion, client: &str) -> Hello {
    Hello(Connect {
        version,
        clean_start: true,
        keep_alive_s: 0,
        properties: Properties::new(),
        client_id: ByteString::from(client),
        will: None,
        username: None,
        password: None,
    })
}

/// Returns a CONNECT whose session lasts in every version: with Clean Session 0, or with Clean Start 0 and an unlimited
/// expiry.
pub(crate) fn lasting(version: ProtocolVersion, client: &str) -> Hello {
    match version {
        V5 => hello(V5, client).unclean().expiry(NEVER),
        _ => hello(version, client).unclean(),
    }
}

impl Hello {
    pub(crate) fn unclean(mut self) -> Self {
        self.0.clean_start = false;
        self
    }

    pub(crate) fn expiry(self, seconds: u32) -> Self {
        self.property(Property::SessionExpiryInterval(seconds))
    }

    pub(crate) fn property(mut self, property: Property) -> Self {
        self.0.properties.push(property);
        self
    }

    pub(crate) fn keep_alive(mut self, seconds: u16) -> Self {
        self.0.keep_alive_s = seconds;
        self
    }

    pub(crate) fn login(mut self, name: &str, password: &str) -> Self {
        self.0.username = Some(ByteString::from(name));
        self.0.password = Some(Bytes::copy_from_slice(password.as_bytes()));
        self
    }

    /// Adds a Will of QoS 0 on this topic with the payload `gone`.
    pub(crate) fn will(self, topic: &str) -> Self {
        self.will_with(topic, |_| {})
    }

    pub(crate) fn will_with(mut self, topic: &str, change: impl FnOnce(&mut Will)) -> Self {
        let mut will = Will {
            topic: ByteString::from(topic),
            payload: Bytes::from_static(b"gone"),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::new(),
        };
        change(&mut will);
        self.0.will = Some(will);
        self
    }

    /// Like [`Self::will`], with a Will Delay in seconds.
    pub(crate) fn delayed_will(self, topic: &str, delay_s: u32) -> Self {
        self.will_with(topic, |will| {
            will.properties.push(Property::WillDelayInterval(delay_s));
        })
    }
}

impl From<Hello> for Connect {
    fn from(hello: Hello) -> Self {
        hello.0
    }
}

pub(crate) fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("packet ids are not 0")
}

pub(crate) fn qos(qos: u8) -> QoS {
    QoS::from_u8(qos).expect("0, 1 or 2")
}

/// Returns a PUBLISH of QoS 0.
pub(crate) fn publish(topic: &str, payload: &str) -> Publish {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: ByteString::from(topic),
        packet_id: None,
        properties: Properties::new(),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

/// Returns a PUBLISH packet of this QoS. At QoS 0, the packet id is left out.
pub(crate) fn message(level: u8, packet_id: u16, topic: &str, payload: &str) -> Packet {
    Packet::Publish(Publish {
        qos: qos(level),
        packet_id: (level > 0).then(|| id(packet_id)),
        ..publish(topic, payload)
    })
}

pub(crate) fn retained(topic: &str, payload: &str) -> Packet {
    Packet::Publish(Publish {
        retain: true,
        ..publish(topic, payload)
    })
}

pub(crate) fn ack(packet_id: u16) -> Ack {
    refusing_ack(packet_id, ReasonCode::SUCCESS)
}

pub(crate) fn refusing_ack(packet_id: u16, reason: ReasonCode) -> Ack {
    Ack {
        packet_id: id(packet_id),
        reason,
        properties: Properties::new(),
    }
}

pub(crate) fn subscribe(packet_id: u16, filters: &[(&str, u8)]) -> Packet {
    let options = |level| SubscriptionOptions::new(qos(level));
    subscribe_with(
        packet_id,
        [],
        filters
            .iter()
            .map(|(filter, level)| (*filter, options(*level))),
    )
}

pub(crate) fn subscribe_with<'a>(
    packet_id: u16,
    properties: impl IntoIterator<Item = Property>,
    filters: impl IntoIterator<Item = (&'a str, SubscriptionOptions)>,
) -> Packet {
    let subscriptions = filters.into_iter().map(|(filter, options)| Subscription {
        filter: ByteString::from(filter),
        options,
    });
    Packet::Subscribe(Subscribe {
        packet_id: id(packet_id),
        properties: properties.into_iter().collect(),
        subscriptions: subscriptions.collect(),
    })
}

pub(crate) fn unsubscribe(packet_id: u16, filters: &[&str]) -> Packet {
    Packet::Unsubscribe(Unsubscribe {
        packet_id: id(packet_id),
        properties: Properties::new(),
        filters: filters
            .iter()
            .map(|filter| ByteString::from(*filter))
            .collect(),
    })
}

pub(crate) fn disconnect(reason: u8, properties: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Disconnect(Disconnect {
        reason: ReasonCode(reason),
        properties: properties.into_iter().collect(),
    })
}
