//! A scene: limits, and inputs of the core. Names, ids and topics come from small sets, so that clients interact.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use bytestring::ByteString;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use mqtt_check_broker::{
    Broker, Config, ConnectionId, Control, Faults, Input, NodeId, Output, RedirectWhen,
};
use mqtt_check_codec::{
    Ack, Connect, Disconnect, Form, Frame, Packet, PacketId, Properties, Property, ProtocolVersion,
    Publish, QoS, ReasonCode, RetainHandling, Subscribe, Subscription, SubscriptionOptions,
    Unsubscribe, Will,
};

use super::memory;

const CLIENTS: [&str; 4] = ["a", "b", "c", ""];
const TOPICS: [&str; 6] = ["t", "t/u", "/", "$SYS/t", "", "t/+"];
const FILTERS: [&str; 10] = [
    "t",
    "t/u",
    "+",
    "#",
    "t/#",
    "+/+",
    "$share/g/t",
    "$share/g/#",
    "$share/h",
    "t#",
];
const CONNECTIONS: u8 = 6;
/// The most wake-ups in one wait. Far fewer can ever be due.
const WAKINGS: usize = 10_000;

#[derive(Debug, Arbitrary)]
pub struct Scene {
    limits: Limits,
    pub steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
struct Limits {
    durable: bool,
    reason_strings: bool,
    short: bool,
    queue_qos0: bool,
    qos: u8,
    receive_maximum: u8,
    aliases: u8,
    packet_size: Option<u8>,
    server_keep_alive: Option<u8>,
    session_expiry_s: Option<u16>,
    features: u8,
}

#[derive(Debug, Arbitrary)]
pub enum Step {
    Open(u8),
    Connect(u8, Hello),
    Publish(u8, Message),
    Subscribe(u8, u8, Vec<(u8, u8)>, Option<u32>),
    Unsubscribe(u8, u8, Vec<u8>),
    Ack(u8, AckKind, u8, u8),
    Ping(u8),
    Disconnect(u8, u8, Option<u32>),
    /// Bytes as they come from the network.
    Bytes(u8, Vec<u8>),
    Lose(u8),
    Congested(u8, bool),
    Kick(u8, u8),
    Redirect(u8, bool),
    Wait(u16),
    WaitLong(u32),
    /// An orderly restart or a crash, and the seconds until the next start.
    Restart(bool, u8),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum AckKind {
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
}

#[derive(Debug, Arbitrary)]
pub struct Hello {
    version: u8,
    client: u8,
    clean: bool,
    keep_alive_s: u8,
    expiry_s: Option<u32>,
    receive_maximum: Option<u8>,
    packet_size: Option<u8>,
    aliases: Option<u8>,
    problem_information: Option<bool>,
    response_information: Option<bool>,
    method: bool,
    will: Option<(Message, Option<u32>)>,
}

#[derive(Debug, Arbitrary)]
pub struct Message {
    topic: u8,
    qos: u8,
    id: u8,
    dup: bool,
    retain: bool,
    alias: Option<u8>,
    expiry_s: Option<u32>,
    identifier: bool,
    text: Option<u8>,
    payload: Vec<u8>,
}

fn pick(from: &[&'static str], index: u8) -> ByteString {
    ByteString::from_static(from[usize::from(index) % from.len()])
}

fn qos(level: u8) -> QoS {
    QoS::from_u8(level % 3).expect("0, 1 or 2")
}

fn id(id: u8) -> PacketId {
    PacketId::new(u16::from(id % 8) + 1).expect("not 0")
}

impl Limits {
    fn config(&self) -> Config {
        let has = |bit: u8| self.features & bit == 0;
        Config {
            durable: self.durable,
            reason_strings: self.reason_strings,
            short_acknowledgements: self.short,
            queue_qos0: self.queue_qos0,
            maximum_qos: qos(2_u8.wrapping_sub(self.qos % 3)),
            receive_maximum: u16::from(self.receive_maximum).max(1),
            topic_alias_maximum: u16::from(self.aliases),
            maximum_packet_size: self.packet_size.map(|size| u32::from(size).max(8)),
            server_keep_alive: self.server_keep_alive.map(u16::from),
            maximum_session_expiry: self
                .session_expiry_s
                .map(|span_s| Duration::from_secs(u64::from(span_s))),
            retain_available: has(1),
            wildcard_subscription_available: has(2),
            subscription_identifier_available: has(4),
            shared_subscription_available: has(8),
            dollar_topics: has(16),
            check_payload_format: !has(32),
            maximum_queued_messages: 8,
            maximum_inflight: 4,
            maximum_subscriptions: 6,
            maximum_topic_levels: 4,
            maximum_connections: 5,
            maximum_sessions: 5,
            maximum_retained_messages: 3,
            ..Config::default()
        }
    }
}

impl Hello {
    fn packet(&self) -> Connect {
        let version = match self.version % 4 {
            0 => ProtocolVersion::V3_1,
            1 => ProtocolVersion::V3_1_1,
            _ => ProtocolVersion::V5,
        };
        let v5 = version == ProtocolVersion::V5;
        let mut properties = Properties::new();
        if v5 {
            properties
                .0
                .extend(self.expiry_s.map(Property::SessionExpiryInterval));
            let maximum = self
                .receive_maximum
                .map(|maximum| u16::from(maximum).max(1));
            properties.0.extend(maximum.map(Property::ReceiveMaximum));
            let size = self.packet_size.map(|size| u32::from(size).max(1));
            properties.0.extend(size.map(Property::MaximumPacketSize));
            let aliases = self.aliases.map(u16::from);
            properties
                .0
                .extend(aliases.map(Property::TopicAliasMaximum));
            let asked = self.problem_information.map(u8::from);
            properties
                .0
                .extend(asked.map(Property::RequestProblemInformation));
            let asked = self.response_information.map(u8::from);
            properties
                .0
                .extend(asked.map(Property::RequestResponseInformation));
            if self.method {
                let method = ByteString::from_static("unknown");
                properties.push(Property::AuthenticationMethod(method));
            }
        }
        Connect {
            version,
            clean_start: self.clean,
            keep_alive_s: u16::from(self.keep_alive_s),
            properties,
            client_id: pick(&CLIENTS, self.client),
            will: self.will.as_ref().map(|(message, delay_s)| {
                let publish = message.packet(version);
                let mut properties = publish.properties;
                properties.0.retain(|property| {
                    !matches!(
                        property,
                        Property::TopicAlias(_) | Property::SubscriptionIdentifier(_)
                    )
                });
                let delay_s = delay_s.filter(|_| v5);
                properties
                    .0
                    .extend(delay_s.map(Property::WillDelayInterval));
                Will {
                    topic: publish.topic,
                    payload: publish.payload,
                    qos: publish.qos,
                    retain: publish.retain,
                    properties,
                }
            }),
            username: None,
            password: None,
        }
    }
}

impl Message {
    fn packet(&self, version: ProtocolVersion) -> Publish {
        let mut properties = Properties::new();
        if version == ProtocolVersion::V5 {
            let text = self.text.map(|text| text % 2);
            properties
                .0
                .extend(text.map(Property::PayloadFormatIndicator));
            properties
                .0
                .extend(self.expiry_s.map(Property::MessageExpiryInterval));
            properties
                .0
                .extend(self.alias.map(|alias| Property::TopicAlias(alias.into())));
            if self.identifier {
                properties.push(Property::SubscriptionIdentifier(7));
            }
        }
        let qos = qos(self.qos);
        Publish {
            dup: self.dup && qos > QoS::AtMostOnce,
            qos,
            retain: self.retain,
            topic: pick(&TOPICS, self.topic),
            packet_id: (qos > QoS::AtMostOnce).then(|| id(self.id)),
            properties,
            payload: self.payload.clone().into(),
        }
    }
}

/// The core, and the connections that it knows.
struct Stage {
    broker: Option<Broker>,
    config: Config,
    now: Duration,
    next: u64,
    /// The connection in each place, and the version of its CONNECT.
    places: BTreeMap<u8, (ConnectionId, Option<ProtocolVersion>)>,
}

impl Scene {
    /// Plays the scene. Returns the bytes allocated at the end, when only the core is left.
    pub fn play(&self) -> usize {
        let config = self.limits.config();
        let mut stage = Stage {
            broker: Some(Broker::new(config.clone(), Faults::default())),
            config,
            now: Duration::ZERO,
            next: 0,
            places: BTreeMap::new(),
        };
        for step in &self.steps {
            stage.step(step);
        }
        memory::held()
    }
}

impl Stage {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Open(place) => self.open(*place),
            Step::Connect(place, hello) => {
                let connect = hello.packet();
                if let Some((_, version @ None)) = self.places.get_mut(&(place % CONNECTIONS)) {
                    *version = Some(connect.version);
                }
                self.packet(*place, |_| Packet::Connect(Box::new(connect)));
            }
            Step::Publish(place, message) => {
                self.packet(*place, |version| Packet::Publish(message.packet(version)));
            }
            Step::Subscribe(place, number, filters, identifier) => {
                self.packet(*place, |_| subscribe(*number, filters, *identifier));
            }
            Step::Unsubscribe(place, number, filters) => self.packet(*place, |_| {
                Packet::Unsubscribe(Unsubscribe {
                    packet_id: id(*number),
                    properties: Properties::new(),
                    filters: filters
                        .iter()
                        .map(|filter| pick(&FILTERS, *filter))
                        .collect(),
                })
            }),
            Step::Ack(place, kind, number, reason) => {
                self.packet(*place, |_| acknowledgement(*kind, *number, *reason));
            }
            Step::Ping(place) => self.packet(*place, |_| Packet::PingReq),
            Step::Disconnect(place, reason, expiry_s) => self.packet(*place, |_| {
                let expiry = expiry_s.map(Property::SessionExpiryInterval);
                Packet::Disconnect(Disconnect {
                    reason: ReasonCode(*reason),
                    properties: expiry.into_iter().collect(),
                })
            }),
            Step::Bytes(place, bytes) => self.bytes(*place, bytes),
            Step::Lose(place) => {
                if let Some((connection, _)) = self.places.remove(&(place % CONNECTIONS)) {
                    self.handle(Input::Closed { connection });
                }
            }
            Step::Congested(place, congested) => {
                if let Some((connection, _)) = self.connection(*place) {
                    self.handle(match congested {
                        true => Input::Congested { connection },
                        false => Input::Drained { connection },
                    });
                }
            }
            Step::Kick(client, reason) => self.handle(Input::Control(Control::Kick {
                client: pick(&CLIENTS, *client),
                reason: ReasonCode(*reason),
            })),
            Step::Redirect(client, now) => self.handle(Input::Control(Control::Redirect {
                client: pick(&CLIENTS, *client),
                when: match now {
                    true => RedirectWhen::Now,
                    false => RedirectWhen::AtConnect,
                },
                reason: ReasonCode::USE_ANOTHER_SERVER,
                server_reference: Some("elsewhere".into()),
            })),
            Step::Wait(span_ms) => self.wait(Duration::from_millis(u64::from(*span_ms))),
            Step::WaitLong(span_s) => self.wait(Duration::from_secs(u64::from(*span_s))),
            Step::Restart(orderly, after_s) => self.restart(*orderly, *after_s),
        }
    }

    fn connection(&self, place: u8) -> Option<(ConnectionId, Option<ProtocolVersion>)> {
        self.places.get(&(place % CONNECTIONS)).copied()
    }

    fn open(&mut self, place: u8) {
        let place = place % CONNECTIONS;
        if self.places.contains_key(&place) {
            return;
        }
        let connection = ConnectionId(self.next);
        self.next += 1;
        self.places.insert(place, (connection, None));
        let nonce = self.next.into();
        self.handle(Input::Opened {
            connection,
            node: NodeId::default(),
            nonce,
        });
    }

    /// Sends a packet. Packets that the codec cannot encode are skipped, since no network delivers them.
    fn packet(&mut self, place: u8, packet: impl FnOnce(ProtocolVersion) -> Packet) {
        let Some((_, version)) = self.connection(place) else {
            return;
        };
        let version = version.unwrap_or(ProtocolVersion::V5);
        if let Ok(frame) = packet(version).to_frame(version) {
            self.bytes(place, frame.bytes());
        }
    }

    fn bytes(&mut self, place: u8, bytes: &[u8]) {
        let Some((connection, version)) = self.connection(place) else {
            return;
        };
        let mut buffer = BytesMut::from(bytes);
        while let Ok(Some(frame)) = Frame::read(&mut buffer, 1 << 16) {
            let decoded = Packet::decode(&frame, version.unwrap_or(ProtocolVersion::V5));
            if let (Ok(Packet::Connect(connect)), Some((_, known @ None))) =
                (&decoded, self.places.get_mut(&(place % CONNECTIONS)))
            {
                *known = Some(connect.version);
            }
            self.handle(match decoded {
                Ok(packet) => Input::Received {
                    connection,
                    packet,
                    size: frame.bytes().len(),
                },
                Err(error) => Input::Malformed {
                    connection,
                    version,
                    error,
                },
            });
            if self
                .connection(place)
                .is_none_or(|(now, _)| now != connection)
            {
                return;
            }
        }
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..WAKINGS {
            let Some(at) = self.broker.as_ref().and_then(Broker::next_deadline) else {
                break;
            };
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            self.handle(Input::Woke);
            let next = self.broker.as_ref().and_then(Broker::next_deadline);
            assert!(
                next.is_none_or(|next| next > self.now),
                "what is due stays due"
            );
        }
        self.now = end;
    }

    fn restart(&mut self, orderly: bool, after_s: u8) {
        let mut out = Vec::new();
        let Some(broker) = self.broker.take() else {
            return;
        };
        let stored = match orderly {
            true => broker.stop(self.now, &mut out),
            false => broker.crash(self.now),
        };
        self.check(out);
        if orderly {
            assert!(
                self.places.is_empty(),
                "a stopped broker left connections open"
            );
        }
        self.places.clear();
        self.now += Duration::from_secs(u64::from(after_s));
        let mut out = Vec::new();
        let (config, none) = (self.config.clone(), Faults::default());
        self.broker = Some(Broker::restore(config, none, stored, self.now, &mut out));
        self.check(out);
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        if let Some(broker) = &mut self.broker {
            broker.handle(self.now, input, &mut out);
            assert!(broker.session_count() <= self.config.maximum_sessions);
            assert!(broker.retained_count() <= self.config.maximum_retained_messages);
        }
        self.check(out);
    }

    /// Checks that everything is sent to an open connection, can be encoded, and decodes to the same packet.
    fn check(&mut self, out: Vec<Output>) {
        let form = self.config.form();
        for output in out {
            match output {
                Output::Send { connection, packet } => {
                    let (_, version) = self.place_of(connection, &packet);
                    check_packet(&packet, version, form);
                }
                Output::Close { connection } => {
                    let before = self.places.len();
                    self.places.retain(|_, (open, _)| *open != connection);
                    assert_eq!(before, self.places.len() + 1, "{connection:?} closed twice");
                }
                Output::Hold { connection } => {
                    assert!(self.places.values().any(|(open, _)| *open == connection));
                }
                Output::Hook(event) => drop(event.fields()),
                Output::Pause { .. } | Output::Resume { .. } => {}
            }
        }
    }

    fn place_of(&self, connection: ConnectionId, packet: &Packet) -> (u8, ProtocolVersion) {
        let place = self
            .places
            .iter()
            .find(|(_, (open, _))| *open == connection);
        let Some((place, (_, version))) = place else {
            panic!("{packet:?} goes to {connection:?}, which is not open");
        };
        // A CONNECT with an unknown version is answered in 3.1.1.
        (*place, version.unwrap_or(ProtocolVersion::V3_1_1))
    }
}

fn check_packet(packet: &Packet, version: ProtocolVersion, form: Form) {
    let mut written = BytesMut::new();
    if let Err(error) = packet.encode_as(version, form, &mut written) {
        panic!("{packet:?} cannot be written: {error}");
    }
    let frame = Frame::from_bytes(written.freeze()).expect("is one frame");
    match Packet::decode(&frame, version) {
        Ok(read) => assert_eq!(&read, packet),
        Err(error) => panic!("{packet:?} cannot be read: {error}"),
    }
}

fn subscribe(number: u8, filters: &[(u8, u8)], identifier: Option<u32>) -> Packet {
    let subscription = |(filter, options): &(u8, u8)| Subscription {
        filter: pick(&FILTERS, *filter),
        options: SubscriptionOptions {
            qos: qos(options % 3),
            no_local: options & 0x10 != 0,
            retain_as_published: options & 0x20 != 0,
            retain_handling: match options >> 6 {
                0 | 3 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                _ => RetainHandling::DoNotSend,
            },
        },
    };
    Packet::Subscribe(Subscribe {
        packet_id: id(number),
        properties: identifier
            .map(Property::SubscriptionIdentifier)
            .into_iter()
            .collect(),
        subscriptions: filters.iter().map(subscription).collect(),
    })
}

fn acknowledgement(kind: AckKind, number: u8, reason: u8) -> Packet {
    let ack = Ack {
        packet_id: id(number),
        reason: ReasonCode(reason),
        properties: Properties::new(),
    };
    match kind {
        AckKind::Puback => Packet::PubAck(ack),
        AckKind::Pubrec => Packet::PubRec(ack),
        AckKind::Pubrel => Packet::PubRel(ack),
        AckKind::Pubcomp => Packet::PubComp(ack),
    }
}
