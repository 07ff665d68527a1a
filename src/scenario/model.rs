//! A scenario as the language defines it, for one case: rows filled in, version switches resolved, every scalar typed.
//!
//! After parsing a wrong scenario cannot be expressed here, but for what only the plan can see (a name used
//! before it is bound, an id twice over several files).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use mqtt_check_codec::Lie;
use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use crate::builtin::Origin;
use crate::diagnostic::{Place, Source};

pub use mqtt_check_vocabulary::{Secret, Settings, User};

/// `session/takeover@5`, `connect/malformed[empty-payload]@3.1.1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId {
    /// The path below the scenario folder, with `/` and without its ending.
    pub path: String,
    pub row: Option<String>,
    pub version: ProtocolVersion,
}

impl CaseId {
    /// The folder of the case, by which results are grouped.
    pub fn area(&self) -> &str {
        match self.path.rsplit_once('/') {
            Some((folder, _)) => folder,
            None => ".",
        }
    }

    /// The id without its version.
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

/// How a case's topics are told from those of others on a shared broker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// By a first level of their own.
    #[default]
    Apart,
    /// By what the name of their first level begins with. Messages of other topics may come, and are passed over.
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
    pub sharing: Sharing,
    /// What a broker that can be configured is configured with: `broker` and `prefers`.
    pub settings: Arc<Settings>,
    /// What a broker must be configured with: `broker` alone.
    pub required: Arc<Settings>,
    /// In the order in which the file declares them.
    pub clients: Vec<Client>,
    pub steps: Vec<Arc<Step>>,
    pub control: Option<Control>,
    pub exercised_if: Vec<(ClientIndex, PacketPattern)>,
}

impl Scene {
    /// What its steps cite, those inside of others included; each once, in the order of the file.
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

    /// Whether it costs so much that it is played only where that is asked for.
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
            /// Every value with its word, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As scenarios write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value that this word stands for.
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
    FrameContent, FramePattern, FrameTemplate, Opcode, Opening, Transport, UpgradeAnswer, Way,
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
    }
}

word_enum! {
    /// How much a step that does not hold weighs.
    Level {
        Must = "must",
        Should = "should",
        May = "may",
        Disputed = "disputed",
    }
}

word_enum! {
    /// Who plays a client.
    Driver {
        Wire = "wire",
        Rumqttc = "rumqttc",
    }
}

word_enum! {
    /// What a client does wrong in an exchange of SCRAM.
    ScramFault {
        /// Its proof is wrong, though it knows the password.
        Proof = "proof",
        /// Its final message has another nonce.
        Nonce = "nonce",
        /// The AUTH with its final message says 0x19.
        Code = "code",
        /// The AUTH with its final message has another Authentication Method.
        Method = "method",
    }
}

/// Who a client proves to be by SCRAM-SHA-256.
#[derive(Debug, Clone, PartialEq)]
pub struct Scram {
    pub user: String,
    pub password: Bytes,
    pub wrong: Option<ScramFault>,
}

/// An exchange of SCRAM, as far as the plan knows it.
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
    /// Whether what comes in with QoS 1 and 2 is acknowledged at once.
    pub auto_ack: bool,
    /// Of what is acknowledged at once: PUBLISH packets that are not, nor what follows in their exchanges.
    pub withhold: Vec<PacketPattern>,
    /// Where it connects to.
    pub way: Way,
    /// Who it proves to be, in its `connect` steps and again.
    pub scram: Option<Scram>,
    /// Fields of CONNECT. Every CONNECT of the client's steps has them already, where it does not say otherwise.
    pub connect: Vec<Field>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The action's place: the actor's key.
    pub place: Place,
    pub id: Option<String>,
    /// The step as it reads: `second: connect`.
    pub label: String,
    /// What it judges: clauses of the case's version, and behind them rules of other standards, `RFC 6455, 5.5.2`.
    pub clauses: Vec<String>,
    pub level: Level,
    pub note: Option<String>,
    /// Choices and the answers that they must have had.
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
    /// A `repeat` that is folded. Any other is written out by the parser, `$i` filled in.
    Rounds(Rounds),
}

/// Steps that are played over and over, and not written out.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    pub times: u64,
    /// The name that counts the rounds from 1.
    pub counter: Option<String>,
    /// Clients' actions and waits.
    pub steps: Vec<Arc<Step>>,
}

impl Action {
    /// The steps inside of a parallel or of rounds.
    pub fn inner(&self) -> &[Arc<Step>] {
        match self {
            Self::Parallel(steps) => steps,
            Self::Rounds(rounds) => &rounds.steps,
            _ => &[],
        }
    }
}

/// Every step, those inside of others included, in the order of the file.
pub fn each_step<'s>(steps: &'s [Arc<Step>], visit: &mut dyn FnMut(&'s Step)) {
    for step in steps {
        visit(step);
        each_step(step.action.inner(), visit);
    }
}

/// What a client does.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAction {
    /// With what is said at the upgrade, of a client on a WebSocket.
    Open(Option<Opening>),
    /// `connect`, `publish`, `subscribe`, `unsubscribe`, the acknowledgements, `ping`, `auth`, `disconnect`.
    Exchange(Exchange),
    Send(SendBytes),
    /// One write. Only `Exchange`s, whose answers are not waited for, and `Send`s.
    Batch(Vec<ClientAction>),
    /// On a WebSocket: frames as they are said.
    Frame(FrameTemplate),
    Drop(DropHow),
    Expect(Vec<Expectation>),
}

/// A packet and what is waited for.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub packet: PacketTemplate,
    pub answer: Answer,
    /// The limit of the answer; `None` is the target's.
    pub within: Option<Duration>,
    /// A QoS 2 PUBLISH: stop after PUBREC.
    pub until_pubrec: bool,
    /// A DISCONNECT: leave the transport open.
    pub keep_open: bool,
    /// A CONNECT, or an AUTH, that begins an exchange of SCRAM.
    pub scram: Option<Box<Scram>>,
}

/// What is expected of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Send only.
    None,
    /// The handshake's next packet, with these fields; success unless they say otherwise.
    Fields(Vec<FieldMatch>),
    Refused(Refused),
}

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketTemplate {
    pub packet_type: PacketType,
    /// By the names of the reference. A Will's fields have `will_` before theirs. `clean_session` does not stand
    /// here: it is `clean_start`, and in version 5 with 0 also a `session_expiry_interval`.
    pub fields: Vec<Field>,
    /// SUBSCRIBE's filters with their options; UNSUBSCRIBE's have none.
    pub filters: Vec<FilterTemplate>,
    /// Deliberate lies; empty in an honest packet.
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

/// `send`.
#[derive(Debug, Clone, PartialEq)]
pub enum SendBytes {
    /// From the notation.
    Bytes(Bytes),
    /// A packet whatever the connection's state; nothing is waited for.
    Packet(PacketTemplate),
}

/// How a transport is ended without DISCONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropHow {
    Close,
    HalfClose,
    Reset,
}

/// A value that may need what the run brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Literal(Literal),
    /// `$name`.
    Name(String),
    /// `$connack.FIELD` or `$CLIENT.connack.FIELD`; the acting client's if `None`.
    Connack {
        client: Option<ClientIndex>,
        property: String,
    },
    /// `left + right` and so on.
    Arithmetic {
        left: Box<Expr>,
        operator: Operator,
        right: Box<Expr>,
    },
    /// A text with `${name}` in it.
    Joined(Vec<Expr>),
    /// So many bytes `x`.
    Size(Box<Expr>),
    /// This so many times.
    Repeated {
        text: Bytes,
        times: Box<Expr>,
    },
    /// The client's final message of this exchange.
    ScramFinal(Arc<ScramExchange>),
}

/// In an arithmetic expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
}

/// A typed value. The type goes by the field: a header's bit is a `Bool`, a property that is 0 or 1 a `Number`,
/// seconds are a `Number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Bool(bool),
    Number(u64),
    /// A string or a payload: bytes, since a scenario may want ill-formed ones.
    Bytes(Bytes),
    Reason(ReasonCode),
    Reasons(Vec<ReasonCode>),
    /// User Properties.
    Pairs(Vec<(Bytes, Bytes)>),
    /// Subscription Identifiers that are expected of a PUBLISH, in this order. One that is sent is a `Number`.
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
    /// Equal; an unbound `$name` is bound.
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
    /// A reason below 0x80.
    Success,
    /// So many reasons, each below 0x80.
    Successes(usize),
    /// A reason for each of these QoS, which grants it or a lower one.
    Granted(Vec<u8>),
    /// A list with as many values as these, each as it says.
    Each(Vec<Matcher>),
    /// User Properties that hold these in this order, among others.
    Includes(Vec<(Bytes, Bytes)>),
    /// Subscription Identifiers in any order.
    Set(Vec<u64>),
    /// A challenge to this exchange's first message; it is bound.
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
    /// The Keep Alive that a close follows from. It gives `within` too.
    pub keep_alive: Option<KeepAlive>,
    pub after: After,
    /// How many; `{1, Some(1)}` unless said otherwise.
    pub count: Count,
}

impl Expectation {
    /// That it comes once, from now on, within the usual time.
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

/// A Keep Alive, and when a silent client has to be disconnected by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    pub seconds: u16,
}

impl KeepAlive {
    /// A close that is late by more than this is slow, since a server may look from time to time only.
    const SLOW: Duration = Duration::from_secs(1);
    /// A close that is late by this or more does not count.
    const TOO_LATE: Duration = Duration::from_secs(15);

    /// When the server has to close: one and a half times the Keep Alive.
    /// [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    pub fn due(self) -> Duration {
        Duration::from_millis(u64::from(self.seconds) * 1_500)
    }

    /// From when on a close is slow, on a way that takes `delay`.
    pub fn slow_after(self, delay: Duration) -> Duration {
        self.due() + Self::SLOW + delay
    }

    /// How long a close is waited for.
    pub fn too_late_after(self) -> Duration {
        self.due() + Self::TOO_LATE
    }

    /// How many times the Keep Alive this is.
    pub fn ratio(self, silence: Duration) -> f64 {
        silence.as_secs_f64() / f64::from(self.seconds)
    }
}

/// How many packets in a row an expectation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub at_least: u32,
    /// `None`: as many as have come.
    pub at_most: Option<u32>,
}

/// What `within`, `not_before` and `keep_alive` count from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// The step's begin.
    Now,
    /// The begin of the step with this id.
    Step(String),
    /// The last packet that this connection sent.
    LastPacket,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    Packet(PacketPattern),
    /// `how`: `Some(Close)`, `Some(Reset)`, or either.
    Closed {
        how: Option<DropHow>,
    },
    Refused(Refused),
    /// The answer to an upgrade, of `open`.
    Upgrade(Vec<FieldMatch>),
    /// A frame of a WebSocket that is no part of a message.
    Frame(FramePattern),
    Silence {
        /// Empty: of everything.
        of: Vec<PacketType>,
        span: Duration,
    },
    InOrder(Vec<Expectation>),
    Unordered(Vec<PacketPattern>),
    /// Each alternative is a sequence.
    AnyOf(Vec<Vec<Expectation>>),
}

/// What the standard lets a server do with what it cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Codes in CONNACK or DISCONNECT; empty: any that says failure.
    pub codes: Vec<ReasonCode>,
    pub connack: ConnAckRule,
}

/// Whether a refusal comes with a CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnAckRule {
    Allowed,
    Never,
    Required,
}

/// `hooks:`.
#[derive(Debug, Clone, PartialEq)]
pub struct HookList {
    /// The Client Identifiers whose events are meant.
    pub of: Vec<String>,
    pub events: Vec<HookPattern>,
}

/// One event of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct HookPattern {
    pub place: Place,
    /// `session.created`.
    pub name: String,
    /// Fields and their texts; unnamed ones may be anything.
    pub fields: Vec<(String, String)>,
}

/// `broker:` as a step.
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
    /// Ended without warning, and started again.
    Kill,
}

/// `choice:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub name: String,
    /// What it is about, in words that a report puts before the answer.
    pub about: Option<String>,
    pub of: ClientIndex,
    /// Whether the answer varies from play to play by its nature, so that none is expected again.
    pub varies: bool,
    /// In the order in which they are tried.
    pub answers: Vec<(String, Vec<Expectation>)>,
}

/// `one_of:`. Which client it was is the answer to a choice of this name; steps of the names that it gives are written
/// out for each client, with a `when`.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOf {
    pub name: String,
    /// The clients with their names, in the order of the file.
    pub members: Vec<(String, ClientIndex)>,
    /// One packet.
    pub expectation: Expectation,
}

/// `control:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    pub place: Place,
    /// Ids of steps that are not played.
    pub without: Vec<String>,
    /// Ids of steps and what is played instead.
    pub with: Vec<(String, Arc<Step>)>,
    pub settings: Option<Arc<Settings>>,
    /// What a broker must be configured with for it.
    pub required: Arc<Settings>,
    /// `Action::Client` with `Expect`, or `Action::Hooks`.
    pub expect: Vec<Arc<Step>>,
}
