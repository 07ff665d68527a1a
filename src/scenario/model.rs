//! A scenario as the language defines it, for one case: rows are filled in, version switches resolved, and scalars
//! typed.
//!
//! Most wrong scenarios cannot be expressed in these types. `check` refuses those that still can, such as one that uses
//! a name before it is bound. Only the plan finds actions that a client's driver cannot perform.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use mqtt_check_codec::Lie;
use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use crate::builtin::Origin;
use crate::diagnostic::{Place, Source};

pub use mqtt_check_vocabulary::{Secret, Settings, User};

/// The id of a case: `session/takeover@5`, `connect/malformed[empty-payload]@3.1.1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId {
    /// The path below the scenario folder, with `/` and without the file name's extension.
    pub path: String,
    pub row: Option<String>,
    pub version: ProtocolVersion,
}

impl CaseId {
    /// Returns the folder of the case, by which results are grouped.
    pub fn area(&self) -> &str {
        match self.path.rsplit_once('/') {
            Some((folder, _)) => folder,
            None => ".",
        }
    }

    /// Returns the id without its version.
    pub fn without_version(&self) -> String {
        match &self.row {
            Some(row) => format!("{}[{row}]", self.path),
            None => self.path.clone(),
        }
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.without_version(), self.version)
    }
}

/// How a case's topics are kept apart from those of others on a shared broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PrefixMode {
    /// The prefix is a first level of its own.
    #[default]
    Apart,
    /// The prefix is joined to the name of the first level. Messages on the topics of others may arrive and are
    /// ignored.
    Joined,
}

/// One case of one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    pub id: CaseId,
    pub source: Arc<Source>,
    /// Where the source was read from.
    pub origin: Origin,
    pub title: String,
    pub about: Option<String>,
    /// Where the behaviour was seen on real brokers: `mosquitto#2342`.
    pub threads: Vec<String>,
    pub tags: Vec<String>,
    pub needs: Vec<Capability>,
    pub exclusive: bool,
    pub prefix_mode: PrefixMode,
    /// The configuration for a broker that can be configured: `broker` over `prefers`.
    pub settings: Arc<Settings>,
    /// The configuration that a broker must have: `broker` alone.
    pub required: Arc<Settings>,
    /// In the order in which the file declares them.
    pub clients: Vec<Client>,
    pub steps: Vec<Arc<Step>>,
    pub control: Option<Control>,
    pub exercised_if: Vec<(ClientIndex, PacketPattern)>,
}

impl Scene {
    /// Returns the clauses that the steps cite, nested steps included. Each appears once, in the order of the file.
    pub fn clauses(&self) -> Vec<&String> {
        let mut found = Vec::new();
        each_step(&self.steps, &mut |step| {
            for clause in &step.clauses {
                if !found.contains(&clause) {
                    found.push(clause);
                }
            }
        });
        found
    }

    /// Whether the case is so expensive that it is played only on request.
    pub fn is_heavy(&self) -> bool {
        self.tags.iter().any(|tag| tag == "heavy")
    }
}

/// A client, as an index into [`Scene::clients`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientIndex(pub usize);

macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the word that scenarios use for this value.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Returns the value that this word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

mod websocket;

pub use websocket::{
    FrameContent, FramePattern, FrameTemplate, Opcode, Opening, Route, Transport, UpgradeAnswer,
};

word_enum! {
    /// What a target must be able to do.
    Capability {
        Retain = "retain",
        QoS1 = "qos_1",
        QoS2 = "qos_2",
        WildcardSubscriptions = "wildcard_subscriptions",
        SubscriptionIdentifiers = "subscription_identifiers",
        SharedSubscriptions = "shared_subscriptions",
        TopicAliases = "topic_aliases",
        PersistentSessions = "persistent_sessions",
        Anonymous = "anonymous",
        EmptyClientId = "empty_client_id",
        LongClientId = "long_client_id",
        Users = "users",
        AccessList = "access_list",
        EnhancedAuthentication = "enhanced_authentication",
        WebSocket = "websocket",
        Tls = "tls",
        Hooks = "hooks",
        Kick = "kick",
        Redirect = "redirect",
        Restart = "restart",
        NodeControl = "node_control",
    }
}

word_enum! {
    /// How serious the failure of a step is.
    Level {
        Must = "must",
        Should = "should",
        May = "may",
        Disputed = "disputed",
    }
}

word_enum! {
    /// What plays a client.
    Driver {
        Wire = "wire",
        Rumqttc = "rumqttc",
    }
}

word_enum! {
    /// What a client does wrong in a SCRAM exchange.
    ScramFault {
        /// The proof is wrong, although the client knows the password.
        Proof = "proof",
        /// The final message has another nonce.
        Nonce = "nonce",
        /// The AUTH with the final message has reason code 0x19.
        Code = "code",
        /// The AUTH with the final message has another Authentication Method.
        Method = "method",
    }
}

/// The credentials that a client proves by SCRAM-SHA-256.
#[derive(Debug, Clone, PartialEq)]
pub struct Scram {
    pub user: String,
    pub password: Bytes,
    pub wrong: Option<ScramFault>,
}

/// A SCRAM exchange, as far as the plan knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScramExchange {
    /// The client's first message.
    pub first: Bytes,
    /// The name to which the challenge is bound.
    pub challenge: String,
    pub password: Bytes,
    pub wrong: Option<ScramFault>,
}

/// A client and the defaults of its `connect` steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub name: String,
    pub place: Place,
    pub id: Expr,
    pub version: ProtocolVersion,
    pub driver: Driver,
    /// Whether received messages of QoS 1 and 2 are acknowledged at once.
    pub auto_ack: bool,
    /// Exceptions to `auto_ack`: PUBLISH packets that are not acknowledged, nor is any later packet of their exchanges.
    pub withhold: Vec<PacketPattern>,
    /// The node that it connects to, and over which transport.
    pub route: Route,
    /// Whether the scenario names its node.
    pub is_placed: bool,
    /// The credentials for its `connect` steps and for re-authentication.
    pub scram: Option<Scram>,
    /// Default fields for every CONNECT of this client. The fields of a step override them.
    pub connect: Vec<Field>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The place of the action: the actor's key.
    pub place: Place,
    pub id: Option<String>,
    /// The step as written: `second: connect`.
    pub label: String,
    /// What the step judges: clauses of the case's version, then rules of other standards, such as `RFC 6455, 5.5.2`.
    pub clauses: Vec<String>,
    pub level: Level,
    pub note: Option<String>,
    /// Choices, and the answers that they must have had.
    pub when: Vec<(String, String)>,
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Client {
        client: ClientIndex,
        action: ClientAction,
    },
    Wait(Duration),
    Hooks(HookList),
    Broker(BrokerAction),
    Choice(Choice),
    OneOf(OneOf),
    Parallel(Vec<Arc<Step>>),
    /// A folded `repeat`. Any other is expanded by the parser, with `$i` filled in.
    Rounds(Rounds),
}

/// Steps that are played in a loop instead of being expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    pub times: u64,
    /// The name of the counter, which starts at 1.
    pub counter: Option<String>,
    /// Only actions of clients, and waits.
    pub steps: Vec<Arc<Step>>,
}

impl Action {
    /// Returns the steps inside a `parallel` or inside rounds.
    pub fn inner(&self) -> &[Arc<Step>] {
        match self {
            Self::Parallel(steps) => steps,
            Self::Rounds(rounds) => &rounds.steps,
            _ => &[],
        }
    }
}

/// Visits every step in the order of the file, nested steps included.
pub fn each_step<'s>(steps: &'s [Arc<Step>], visit: &mut dyn FnMut(&'s Step)) {
    for step in steps {
        visit(step);
        each_step(step.action.inner(), visit);
    }
}

/// What a client does.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAction {
    /// For a client on a WebSocket, with the details of the upgrade.
    Open(Option<Opening>),
    /// `connect`, `publish`, `subscribe`, `unsubscribe`, the acknowledgements, `ping`, `auth`, `disconnect`.
    Exchange(Exchange),
    Send(SendBytes),
    /// Several packets in one write. Contains only `Exchange`s without an expected answer, and `Send`s.
    Batch(Vec<ClientAction>),
    /// WebSocket frames exactly as described.
    Frame(FrameTemplate),
    Drop(DropHow),
    Expect(Vec<Expectation>),
}

/// A packet, and the answer that the step waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub packet: PacketTemplate,
    pub answer: Answer,
    /// The time limit for the answer; `None` means the target's.
    pub within: Option<Duration>,
    /// For a QoS 2 PUBLISH: stop after PUBREC.
    pub until_pubrec: bool,
    /// For a DISCONNECT: leave the transport open.
    pub keep_open: bool,
    /// For a CONNECT or AUTH that begins a SCRAM exchange.
    pub scram: Option<Box<Scram>>,
}

/// The expected answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Send only.
    None,
    /// The next packet of the handshake, with these fields. It must be a success unless they say otherwise.
    Fields(Vec<FieldMatch>),
    Refused(Refused),
}

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketTemplate {
    pub packet_type: PacketType,
    /// Fields by the names of the reference. Those of a Will have the prefix `will_`. `clean_session` never appears
    /// here: it becomes `clean_start` and, in version 5 with the value 0, also a `session_expiry_interval`.
    pub fields: Vec<Field>,
    /// The filters of SUBSCRIBE with their options, or of UNSUBSCRIBE, which have none.
    pub filters: Vec<FilterTemplate>,
    /// Deliberate errors; empty in an honest packet.
    pub lies: Vec<Lie>,
}

/// A named field and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub value: Expr,
    pub place: Place,
}

/// One Topic Filter to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterTemplate {
    pub filter: Expr,
    pub qos: u8,
    pub no_local: bool,
    pub retain_as_published: bool,
    pub retain_handling: u8,
}

/// What `send` sends.
#[derive(Debug, Clone, PartialEq)]
pub enum SendBytes {
    /// Bytes given in notation.
    Bytes(Bytes),
    /// A packet, sent whatever the state of the connection. The step waits for nothing.
    Packet(PacketTemplate),
}

/// How a transport is ended without DISCONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropHow {
    Close,
    HalfClose,
    Reset,
}

/// A value, which may depend on the run.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Literal(Literal),
    /// `$name`.
    Name(String),
    /// `$connack.FIELD` or `$CLIENT.connack.FIELD`. `None` means the acting client's CONNACK.
    Connack {
        client: Option<ClientIndex>,
        property: String,
    },
    /// `left + right`, and so on.
    Arithmetic {
        left: Box<Expr>,
        operator: Operator,
        right: Box<Expr>,
    },
    /// A text that contains `${name}`.
    Joined(Vec<Expr>),
    /// This many bytes `x`.
    Size(Box<Expr>),
    /// The text, repeated this many times.
    Repeated {
        text: Bytes,
        times: Box<Expr>,
    },
    /// The client's final message in this exchange.
    ScramFinal(Arc<ScramExchange>),
}

/// An operator in an arithmetic expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
}

/// A typed value. The field determines the type: a header bit is a `Bool`, a property that is 0 or 1 is a `Number`, and
/// seconds are a `Number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Bool(bool),
    Number(u64),
    /// A string or a payload. It is bytes because a scenario may need an ill-formed string.
    Bytes(Bytes),
    Reason(ReasonCode),
    Reasons(Vec<ReasonCode>),
    /// User Properties.
    Pairs(Vec<(Bytes, Bytes)>),
    /// The Subscription Identifiers expected in a PUBLISH, in this order. An identifier to be sent is a `Number`.
    Numbers(Vec<u64>),
}

/// What is expected of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldMatch {
    pub name: String,
    pub matcher: Matcher,
    pub place: Place,
}

/// How a field's value is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal. A `$name` that is not bound yet is bound to the received value.
    Is(Expr),
    Absent,
    Present,
    Not(Box<Matcher>),
    OneOf(Vec<Matcher>),
    Between {
        at_least: Option<Expr>,
        at_most: Option<Expr>,
    },
    StartsWith(Bytes),
    /// A reason code below 0x80.
    Success,
    /// This many reason codes, each below 0x80.
    Successes(usize),
    /// A reason code for each of these QoS values. Each grants that QoS or a lower one.
    Granted(Vec<u8>),
    /// A list of as many values, each matched by its own matcher.
    Each(Vec<Matcher>),
    /// User Properties that contain these in this order, possibly among others.
    Includes(Vec<(Bytes, Bytes)>),
    /// Subscription Identifiers in any order.
    Set(Vec<u64>),
    /// A challenge that answers the first message of this exchange. It is bound to a name.
    ScramChallenge(Arc<ScramExchange>),
    /// The signature of a server that knows the password.
    ScramSignature(Arc<ScramExchange>),
}

/// A received packet and what is expected of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketPattern {
    pub packet_type: PacketType,
    pub fields: Vec<FieldMatch>,
}

/// An expectation with its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub place: Place,
    pub pattern: Pattern,
    pub within: Option<Duration>,
    pub not_before: Option<Duration>,
    /// The Keep Alive that causes the close. It also sets `within`.
    pub keep_alive: Option<KeepAlive>,
    pub after: After,
    /// How many packets; `{1, Some(1)}` unless the scenario says otherwise.
    pub count: Count,
}

impl Expectation {
    /// Expects the pattern once, from now on, within the default time.
    pub const fn once(pattern: Pattern, place: Place) -> Self {
        Self {
            place,
            pattern,
            within: None,
            not_before: None,
            keep_alive: None,
            after: After::Now,
            count: Count {
                at_least: 1,
                at_most: Some(1),
            },
        }
    }
}

/// A Keep Alive, and when it obliges the server to disconnect a silent client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    pub seconds: u16,
}

impl KeepAlive {
    /// A close that is late by more than this is slow. A server may check only from time to time.
    const SLOW: Duration = Duration::from_secs(1);
    /// A close that is late by this much or more does not count.
    const TOO_LATE: Duration = Duration::from_secs(15);

    /// Returns the silence after which the server must close: one and a half times the Keep Alive.
    /// [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    pub fn due(self) -> Duration {
        Duration::from_millis(u64::from(self.seconds) * 1_500)
    }

    /// Returns the silence after which a close is slow, on a path that takes `delay`.
    pub fn slow_after(self, delay: Duration) -> Duration {
        self.due() + Self::SLOW + delay
    }

    /// Returns how long the harness waits for a close.
    pub fn too_late_after(self) -> Duration {
        self.due() + Self::TOO_LATE
    }

    /// Returns a silence as a multiple of the Keep Alive.
    pub fn ratio(self, silence: Duration) -> f64 {
        silence.as_secs_f64() / f64::from(self.seconds)
    }
}

/// How many packets in a row an expectation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub at_least: u32,
    /// `None` means as many as have arrived.
    pub at_most: Option<u32>,
}

/// The start of the time that `within`, `not_before` and `keep_alive` measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The beginning of the step.
    Now,
    /// The beginning of the step with this id.
    Step(String),
    /// The last packet that this connection sent.
    LastPacket,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Packet(PacketPattern),
    /// The way in which the transport ends: `Some(Close)`, `Some(Reset)`, or `None` for either.
    Closed {
        how: Option<DropHow>,
    },
    Refused(Refused),
    /// The answer to a WebSocket upgrade, which `open` requested.
    Upgrade(Vec<FieldMatch>),
    /// A WebSocket frame that is not part of a message.
    Frame(FramePattern),
    Silence {
        /// The packet types that must not arrive; if empty, none may.
        of: Vec<PacketType>,
        span: Duration,
    },
    InOrder(Vec<Expectation>),
    Unordered(Vec<PacketPattern>),
    /// Each alternative is a sequence of expectations.
    AnyOf(Vec<Vec<Expectation>>),
}

/// What the standard lets a server do with something that it cannot accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The accepted reason codes in CONNACK or DISCONNECT; if empty, any failure.
    pub codes: Vec<ReasonCode>,
    pub connack: ConnAckRule,
}

/// Whether a refusal includes a CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnAckRule {
    Allowed,
    Never,
    Required,
}

/// The `hooks` action.
#[derive(Debug, Clone, PartialEq)]
pub struct HookList {
    /// The Client Identifiers whose events are compared.
    pub of: Vec<String>,
    pub events: Vec<HookPattern>,
}

/// One event of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct HookPattern {
    pub place: Place,
    /// `session.created`.
    pub name: String,
    /// Fields and their texts. Fields that are not named may have any value.
    pub fields: Vec<(String, String)>,
}

/// The `broker` action.
#[derive(Debug, Clone, PartialEq)]
pub enum BrokerAction {
    Kick {
        client: ClientIndex,
        reason: ReasonCode,
    },
    Redirect {
        client: ClientIndex,
        reason: ReasonCode,
        server_reference: Option<String>,
        at_connect: bool,
    },
    Restart,
    Stop,
    /// Ends the broker without warning and starts it again.
    Kill,
    /// An action on one node of several.
    Node {
        node: usize,
        what: NodeAction,
    },
}

/// What an administrator can do to one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeAction {
    /// Ends the node without warning. It stays away until it is restarted.
    Kill,
    /// Stops the node gracefully. It stays away until it is restarted.
    Stop,
    /// Starts the node. One that runs is stopped first.
    Restart,
    /// Halts the node: its connections stay open, but it does nothing.
    Pause,
    /// Lets a paused node go on.
    Continue,
}

/// The `choice` action.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub name: String,
    /// A description that reports put before the answer.
    pub about: Option<String>,
    pub of: ClientIndex,
    /// Whether the answer naturally varies from play to play, so that a baseline does not expect the same one again.
    pub varies: bool,
    /// The answers, in the order in which they are tried.
    pub answers: Vec<(String, Vec<Expectation>)>,
}

/// The `one_of` action. The client that received the packet is the answer to a choice of this name. Steps that use the
/// names given here are expanded for each client, with a `when`.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOf {
    pub name: String,
    /// The clients and their names, in the order of the file.
    pub members: Vec<(String, ClientIndex)>,
    /// The one packet that a client must receive.
    pub expectation: Expectation,
}

/// The control of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    pub place: Place,
    /// Ids of the steps that are left out.
    pub without: Vec<String>,
    /// Ids of the steps that are replaced, and their replacements.
    pub with: Vec<(String, Arc<Step>)>,
    pub settings: Option<Arc<Settings>>,
    /// The configuration that a broker must have for the control.
    pub required: Arc<Settings>,
    /// `Action::Client` with `Expect`, or `Action::Hooks`.
    pub expect: Vec<Arc<Step>>,
}
