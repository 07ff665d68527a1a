//! A scene and its transcript, made by hand, for tests of texts and reports.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mqtt_check_codec::{
    Ack, ConnAck, Connect, Disconnect, Frame, Packet, PacketId, PacketType, Properties, Property,
    ProtocolVersion, Publish, QoS, ReasonCode, SubAck, Subscribe, Subscription,
    SubscriptionOptions,
};

use crate::diagnostic::{Place, Source};
use crate::plan::{Plan, plan};
use crate::scenario::model::{
    Action, Answer, CaseId, Client, ClientAction, ClientIndex, Driver, Exchange, Expectation, Expr,
    FieldMatch, FilterTemplate, HookList, HookPattern, Level, Literal, Matcher, PacketPattern,
    PacketTemplate, Pattern, Route, Scene, Step, Transport,
};
use crate::transcript::{
    Ended, Ending, Event, EventIndex, HookRecord, HookSource, Lane, LaneIndex, Outcome, StepIndex,
    StepRecord, Transcript, What,
};

const FIRST: ClientIndex = ClientIndex(0);
const SECOND: ClientIndex = ClientIndex(1);
const V5: ProtocolVersion = ProtocolVersion::V5;

fn place(line: u32) -> Place {
    Place {
        line,
        column: 5,
        length: 5,
    }
}

fn step(line: u32, label: &str, action: Action) -> Arc<Step> {
    Arc::new(Step {
        place: place(line),
        id: None,
        label: label.into(),
        clauses: Vec::new(),
        level: Level::Must,
        note: None,
        when: Vec::new(),
        action,
    })
}

fn exchange(client: ClientIndex, packet_type: PacketType) -> Action {
    Action::Client {
        client,
        action: ClientAction::Exchange(Exchange {
            packet: PacketTemplate {
                packet_type,
                fields: Vec::new(),
                filters: vec![FilterTemplate {
                    filter: Expr::Literal(Literal::Bytes("test/topic".into())),
                    qos: 1,
                    no_local: false,
                    retain_as_published: false,
                    retain_handling: 0,
                }],
                lies: Vec::new(),
            },
            answer: Answer::Fields(Vec::new()),
            within: None,
            until_pubrec: false,
            keep_open: false,
            scram: None,
        }),
    }
}

fn expect(client: ClientIndex, pattern: Pattern) -> Action {
    Action::Client {
        client,
        action: ClientAction::Expect(vec![Expectation::once(pattern, place(1))]),
    }
}

fn packet(packet_type: PacketType, fields: Vec<(&str, Matcher)>) -> Pattern {
    Pattern::Packet(PacketPattern {
        packet_type,
        fields: fields
            .into_iter()
            .map(|(name, matcher)| FieldMatch {
                name: name.into(),
                matcher,
                place: place(1),
            })
            .collect(),
    })
}

fn is(literal: Literal) -> Matcher {
    Matcher::Is(Expr::Literal(literal))
}

fn client(name: &str) -> Client {
    Client {
        name: name.into(),
        place: place(4),
        id: Expr::Literal(Literal::Bytes(Bytes::from_static(b"shared"))),
        version: V5,
        driver: Driver::Wire,
        auto_ack: true,
        withhold: Vec::new(),
        route: Route {
            transport: Transport::Default,
            node: 0,
        },
        is_placed: false,
        scram: None,
        connect: Vec::new(),
    }
}

/// A takeover in seven steps. One of them leaves open what happens.
pub(crate) fn takeover_plan() -> Plan {
    let hooks = HookList {
        of: vec!["shared".into()],
        events: [
            "session.created",
            "client.connected",
            "session.created",
            "client.connected",
        ]
        .map(|name| HookPattern {
            place: place(20),
            name: name.into(),
            fields: vec![("client".into(), "shared".into())],
        })
        .to_vec(),
    };
    let mut taken_over = step(
        17,
        "first: { expect: { disconnect: { reason: session_taken_over } } }",
        expect(
            FIRST,
            packet(
                PacketType::DISCONNECT,
                vec![(
                    "reason",
                    is(Literal::Reason(ReasonCode::SESSION_TAKEN_OVER)),
                )],
            ),
        ),
    );
    Arc::make_mut(&mut taken_over).clauses = vec!["MQTT-3.1.4-3".into()];
    let mut open = step(
        19,
        "first: { expect: closed }",
        expect(FIRST, Pattern::Closed { how: None }),
    );
    Arc::make_mut(&mut open).level = Level::May;
    let scene = Scene {
        id: CaseId {
            path: "session/takeover".into(),
            row: None,
            version: V5,
        },
        source: Arc::new(Source {
            path: "scenarios/session/takeover.yaml".into(),
            text: String::new(),
        }),
        origin: Default::default(),
        title: "A second CONNECT with the same client id takes the session over".into(),
        about: None,
        tags: vec!["session".into()],
        needs: Vec::new(),
        exclusive: crate::scenario::model::Exclusive::No,
        prefix_mode: crate::scenario::model::PrefixMode::Apart,
        settings: Arc::default(),
        required: Arc::default(),
        clients: vec![client("first"), client("second")],
        steps: vec![
            step(10, "first: connect", exchange(FIRST, PacketType::CONNECT)),
            step(
                11,
                "first: { subscribe: test/topic }",
                exchange(FIRST, PacketType::SUBSCRIBE),
            ),
            step(
                12,
                "first: { expect: { publish: { payload: Hello 0 } } }",
                expect(
                    FIRST,
                    packet(
                        PacketType::PUBLISH,
                        vec![("payload", is(Literal::Bytes("Hello 0".into())))],
                    ),
                ),
            ),
            step(16, "second: connect", exchange(SECOND, PacketType::CONNECT)),
            taken_over,
            open,
            step(
                20,
                "hooks: [session.created, client.connected]",
                Action::Hooks(hooks),
            ),
        ],
        control: None,
        exercised_if: Vec::new(),
        threads: vec!["nanomq#1927".into()],
    };
    plan(scene).expect("the scene is right")
}

struct Recorder {
    transcript: Transcript,
    now: Duration,
}

impl Recorder {
    fn new(plan: &Plan) -> Self {
        let lane = |client: ClientIndex| Lane {
            client,
            name: plan.scene.clients[client.0].name.clone(),
            connection: 1,
            node: 0,
            version: V5,
        };
        Self {
            transcript: Transcript {
                case: plan.scene.id.clone(),
                prefix: String::new(),
                lanes: vec![lane(FIRST), lane(SECOND)],
                events: Vec::new(),
                hooks: Vec::new(),
                hook_source: HookSource::All,
                steps: Vec::new(),
                choices: Vec::new(),
                facts: Vec::new(),
                broken_off: None,
                late: Duration::ZERO,
                delay: Duration::ZERO,
                silence_check: Duration::ZERO,
                rounds: Vec::new(),
                left_behind: Vec::new(),
                log: Default::default(),
            },
            now: Duration::ZERO,
        }
    }

    fn event(&mut self, client: ClientIndex, taken_by: Option<usize>, what: What) -> EventIndex {
        let during = self.transcript.steps.len().saturating_sub(1);
        self.transcript.events.push(Event {
            at: self.now,
            lane: LaneIndex(client.0),
            during: StepIndex(during),
            taken_by: taken_by.map(StepIndex),
            what,
        });
        EventIndex(self.transcript.events.len() - 1)
    }

    fn sent(&mut self, client: ClientIndex, packet: Packet, automatic: bool) {
        let during = self.transcript.steps.len() - 1;
        let bytes = bytes_of(&packet);
        let taken_by = (!automatic).then_some(during);
        let packet = Some(packet);
        self.event(
            client,
            taken_by,
            What::Sent {
                bytes,
                packet,
                automatic,
            },
        );
    }

    fn received(
        &mut self,
        client: ClientIndex,
        taken_by: Option<usize>,
        packet: Packet,
    ) -> EventIndex {
        let mut buffer = BytesMut::from(&bytes_of(&packet)[..]);
        let frame = Frame::read(&mut buffer, usize::MAX)
            .expect("a frame")
            .expect("a whole frame");
        let what = What::Received {
            frame,
            packet: Ok(packet),
            faults: Vec::new(),
            topic: None,
            carried_in: None,
            automatic: false,
        };
        self.event(client, taken_by, what)
    }

    fn step(&mut self) -> usize {
        let step = self.transcript.steps.len();
        self.transcript.steps.push(StepRecord {
            step: StepIndex(step),
            began: self.now,
            outcomes: Vec::new(),
            hooks_seen: self.transcript.hooks.len(),
            not_reached: None,
        });
        step
    }

    fn outcome(&mut self, taken: Vec<EventIndex>, ended: Ended) {
        let at = self.now;
        let hooks = self.transcript.hooks.len();
        let record = self.transcript.steps.last_mut().expect("a step");
        record.hooks_seen = hooks;
        record.outcomes.push(Outcome {
            taken,
            alternative: None,
            ended,
            since: record.began,
            limit: Duration::from_secs(5),
            delay: Duration::ZERO,
            at,
        });
    }

    fn hook(&mut self, name: &str, fields: &[(&str, &str)]) {
        let during = self.transcript.steps.len().saturating_sub(1);
        self.transcript.hooks.push(HookRecord {
            at: Some(self.now),
            during: StepIndex(during),
            name: name.into(),
            fields: fields
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect(),
        });
    }

    fn connect(&mut self, client: ClientIndex) {
        let step = self.step();
        self.event(client, Some(step), What::Opened);
        self.sent(
            client,
            Packet::Connect(Box::new(Connect {
                version: V5,
                clean_start: true,
                keep_alive_s: 0,
                properties: Properties::new(),
                client_id: "shared".into(),
                will: None,
                username: None,
                password: Some(Bytes::from_static(b"secret")),
            })),
            false,
        );
        self.hook("session.created", &[("client", "shared")]);
        self.hook(
            "client.connected",
            &[("client", "shared"), ("connack", "success")],
        );
        let connack = self.received(
            client,
            Some(step),
            Packet::ConnAck(ConnAck {
                session_present: false,
                reason: ReasonCode::SUCCESS,
                properties: [Property::TopicAliasMaximum(10)].into_iter().collect(),
            }),
        );
        self.outcome(vec![connack], Ended::Complete);
    }

    fn subscribe(&mut self) {
        let step = self.step();
        let packet_id = PacketId::MIN;
        self.sent(
            FIRST,
            Packet::Subscribe(Subscribe {
                packet_id,
                properties: Properties::new(),
                subscriptions: vec![Subscription {
                    filter: "test/topic".into(),
                    options: SubscriptionOptions::new(QoS::AtLeastOnce),
                }],
            }),
            false,
        );
        let suback = self.received(
            FIRST,
            Some(step),
            Packet::SubAck(SubAck {
                packet_id,
                properties: Properties::new(),
                reasons: vec![ReasonCode::GRANTED_QOS_1],
            }),
        );
        self.outcome(vec![suback], Ended::Complete);
    }

    fn hello(&mut self) {
        let step = self.step();
        self.now += Duration::from_secs(2);
        let packet_id = PacketId::new(700).expect("not 0");
        let publish = self.received(
            FIRST,
            Some(step),
            Packet::Publish(Publish {
                dup: false,
                qos: QoS::AtLeastOnce,
                retain: false,
                topic: "test/topic".into(),
                packet_id: Some(packet_id),
                properties: Properties::new(),
                payload: Bytes::from_static(b"Hello 0"),
            }),
        );
        self.sent(
            FIRST,
            Packet::PubAck(Ack {
                packet_id,
                reason: ReasonCode::SUCCESS,
                properties: Properties::new(),
            }),
            true,
        );
        self.outcome(vec![publish], Ended::Complete);
    }
}

fn bytes_of(packet: &Packet) -> Bytes {
    let frame = packet.to_frame(V5).expect("it can be encoded");
    frame.bytes().clone()
}

/// The transcript of a broker that does everything right.
pub(crate) fn takeover_record(plan: &Plan) -> Transcript {
    let mut play = Recorder::new(plan);
    play.connect(FIRST);
    play.subscribe();
    play.hello();
    play.connect(SECOND);
    let step = play.step();
    let disconnect = play.received(
        FIRST,
        Some(step),
        Packet::Disconnect(Disconnect {
            reason: ReasonCode::SESSION_TAKEN_OVER,
            properties: [Property::ReasonString("bye".into())].into_iter().collect(),
        }),
    );
    play.outcome(vec![disconnect], Ended::Complete);
    let step = play.step();
    let closed = play.event(FIRST, Some(step), What::Closed(Ending::Close));
    play.outcome(vec![closed], Ended::Complete);
    play.step();
    play.hook(
        "message.publish",
        &[("client", "x"), ("payload", "Hello 1")],
    );
    let seen = play.transcript.hooks.len() - 1;
    play.transcript.steps.last_mut().expect("a step").hooks_seen = seen;
    play.transcript
}

/// The transcript of a broker that closes the first connection without a DISCONNECT and sends one to the second client.
pub(crate) fn takeover_record_without_disconnect(plan: &Plan) -> Transcript {
    let mut play = Recorder::new(plan);
    play.connect(FIRST);
    play.subscribe();
    play.hello();
    play.connect(SECOND);
    play.step();
    play.event(FIRST, None, What::Closed(Ending::Reset));
    play.outcome(Vec::new(), Ended::Reset);
    let step = play.step();
    play.transcript
        .events
        .last_mut()
        .expect("the close")
        .taken_by = Some(StepIndex(step));
    let closed = EventIndex(play.transcript.events.len() - 1);
    play.outcome(vec![closed], Ended::Complete);
    play.received(
        SECOND,
        None,
        Packet::Disconnect(Disconnect {
            reason: ReasonCode::UNSPECIFIED_ERROR,
            properties: Properties::new(),
        }),
    );
    play.event(SECOND, None, What::Closed(Ending::Close));
    play.step();
    let seen = play.transcript.hooks.len();
    play.transcript.steps.last_mut().expect("a step").hooks_seen = seen;
    play.transcript
}
