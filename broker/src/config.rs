//! What the broker offers and enforces. What CONNACK announces is what is enforced.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use mqtt_check_codec::{Form, QoS};
use mqtt_check_scram::{ITERATIONS, Verifier, nonce};

use crate::AccessRule;

const MIB: usize = 1024 * 1024;

/// The broker's configuration. The defaults offer everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether QoS 0 messages are kept for a session that is offline.
    pub queue_qos0: bool,
    /// How long a 3.1 or 3.1.1 session with Clean Session 0 lives offline; `None` for ever.
    pub persistent_session_expiry: Option<Duration>,
    /// The longest Session Expiry Interval granted; CONNACK says so when it shortens. `None`: any.
    pub maximum_session_expiry: Option<Duration>,
    /// Whether sessions and retained messages survive a restart.
    pub durable: bool,
    /// Replaces the client's Keep Alive, in seconds, and is announced as Server Keep Alive.
    pub server_keep_alive_s: Option<u16>,
    pub receive_maximum: u16,
    pub topic_alias_maximum: u16,
    /// Bytes; `None` for no limit beyond the encoding.
    pub maximum_packet_size: Option<u32>,
    pub maximum_qos: QoS,
    pub retain_available: bool,
    pub wildcard_subscription_available: bool,
    pub subscription_identifier_available: bool,
    pub shared_subscription_available: bool,
    /// Messages waiting for one session at most; over it the newest is dropped.
    pub maximum_queued_messages: usize,
    /// Bytes of messages waiting for one session at most; over it the newest is dropped, unless it is the only one. A
    /// message weighs its topic, payload and properties, 72 more for each property, and 128 more.
    pub maximum_queued_bytes: usize,
    /// Bytes of messages unacknowledged by one client at which no further one of QoS 1 or 2 is sent.
    pub maximum_inflight_bytes: usize,
    /// Bytes of messages that wait or are unacknowledged in all sessions together, each copy for itself; over it the
    /// newest is dropped. No session has more of them than are still free.
    pub maximum_message_bytes: usize,
    /// Bytes that may wait to be written to one client; beyond it QoS 0 messages for it are dropped, others wait in
    /// its session, and nothing more is read from it, until half of them are written.
    pub maximum_outgoing_bytes: usize,
    /// Bytes that may wait to be written to all clients together; beyond it messages are dropped or wait as for one
    /// client, and clients that have not read for a second while others wait are cut off, those with most waiting first.
    pub maximum_all_outgoing_bytes: usize,
    /// QoS 1 and 2 messages unacknowledged by one client at most, however high its Receive Maximum is.
    pub maximum_inflight: u16,
    /// Subscriptions of one session at most; over it SUBACK refuses with 0x97 (0x80 before version 5).
    pub maximum_subscriptions: usize,
    /// Levels of a Topic Filter at most; over it SUBACK refuses with 0x8F (0x80 before version 5). No string of MQTT
    /// has more than 65,536.
    pub maximum_topic_levels: usize,
    /// Open connections at most; over it CONNACK refuses with 0x89 (0x03 before version 5).
    pub maximum_connections: usize,
    /// Bytes of a CONNECT at most; over it CONNACK refuses with 0x95 (and is not sent before version 5).
    pub maximum_connect_bytes: usize,
    /// Bytes that a packet may have beside the payload of a PUBLISH; over it DISCONNECT 0x97.
    pub maximum_header_bytes: usize,
    /// Bytes that all connections together have read of packets that are not whole; over it DISCONNECT 0x97. A packet
    /// that is larger than 65,536 bytes has three quarters of it.
    pub maximum_incoming_bytes: usize,
    /// Connections whose CONNECT has not come at most; over it a new one is closed at once.
    pub maximum_waiting_connections: usize,
    /// CONNECT packets within a second at most; over it CONNACK refuses with 0x9F (0x03 before version 5).
    pub maximum_connection_rate: Option<u32>,
    /// Sessions at most, connected or not; over it CONNACK refuses with 0x97 (0x03 before version 5).
    pub maximum_sessions: usize,
    /// Bytes that are kept for all clients together beside messages: Client Identifiers and user names, subscriptions,
    /// Wills and Topic Aliases. Over it CONNACK refuses with 0x97 (0x03 before version 5), SUBACK with 0x97 (0x80), a
    /// Topic Alias that a client gives ends its connection with 0x97, and the broker gives none. No client has more for
    /// its subscriptions, or for its aliases, than is still free.
    pub maximum_client_bytes: usize,
    /// Topics with a retained message at most; over it PUBACK and PUBREC refuse with 0x97. A message that cannot be
    /// refused (QoS 0, a Will, or before version 5) is delivered and not retained.
    pub maximum_retained_messages: usize,
    /// Bytes of retained messages at most; over it as over their number.
    pub maximum_retained_bytes: usize,
    /// Bytes of a client id at most, never fewer than 23; over it CONNACK refuses with 0x85 (0x02 before 5).
    pub maximum_client_id_bytes: Option<usize>,
    /// Client ids that CONNACK refuses with 0x8A (0x05 before version 5).
    pub banned_clients: Vec<String>,
    /// Which client ids a user may connect with.
    pub client_ids: ClientIds,
    /// Values of `Origin` with which a browser may open a WebSocket; `None`: any. A client that sends none is no browser.
    pub origins: Option<Vec<String>>,
    /// Whether clients may publish to topics that begin with `$`.
    pub dollar_topics: bool,
    /// Whether a payload that says it is UTF-8 and is not is refused with 0x99.
    pub check_payload_format: bool,
    /// What CONNACK says to a client that asks for Response Information.
    pub response_information: Option<String>,
    /// A Reason String and a User Property on every packet that can carry one and where the client allows.
    pub reason_strings: bool,
    /// The length-2 form of acknowledgements and DISCONNECT where nothing more is to be said.
    pub short_acknowledgements: bool,
    /// How long an opened connection may wait with its CONNECT.
    pub connect_timeout: Duration,
    /// User names and passwords; `None` lets everybody in.
    pub users: Option<Vec<User>>,
    /// What clients may publish and subscribe to; `None` allows everything, and a list what it allows. A refusal is
    /// 0x87 in PUBACK, PUBREC, SUBACK (0x80 before version 5) and in the CONNACK of a Will (0x05 before version 5).
    /// Where nothing can say so (QoS 0, a PUBLISH before version 5, a message that a wider subscription matches) the
    /// message is dropped.
    pub access: Option<Vec<AccessRule>>,
    /// By which methods of enhanced authentication a client can prove who it is, and who can. Who has done so needs
    /// none of `users`; who names no method is let in by `users` alone.
    pub authentication: BTreeMap<Mechanism, Vec<User>>,
}

/// Which client ids a user may connect with, and so which sessions are open to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientIds {
    /// Any.
    #[default]
    Free,
    /// Any, but one under which another user has a session: CONNACK refuses with 0x87 (0x05 before version 5).
    BySession,
    /// The user name, or the user name, a colon, and more: CONNACK refuses others with 0x85 (0x02 before version 5).
    ByUser,
}

/// A method of enhanced authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    ScramSha256,
}

impl Mechanism {
    /// As Authentication Method and configuration have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => mqtt_check_scram::MECHANISM,
        }
    }
}

/// One who may connect.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub password: Vec<u8>,
}

impl fmt::Debug for User {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// How packets that could end early are written.
    pub const fn form(&self) -> Form {
        if self.short_acknowledgements {
            Form::Short
        } else {
            Form::Full
        }
    }

    /// What is kept of this user's password; of a stranger the salt and the iterations that one would have. The salt
    /// is made of the name: the passwords stand in the configuration anyway, and the same broker gives the same bytes.
    pub(crate) fn verifier(
        &self,
        mechanism: Mechanism,
        name: &str,
    ) -> Result<Verifier, (Vec<u8>, u32)> {
        let salt = nonce(format!("salt of {name}").as_bytes()).into_bytes();
        let mut users = self.authentication.get(&mechanism).into_iter().flatten();
        match users.find(|user| user.name == name) {
            Some(user) => Ok(Verifier::new(&user.password, &salt, ITERATIONS)),
            None => Err((salt, ITERATIONS)),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_qos0: false,
            persistent_session_expiry: None,
            maximum_session_expiry: None,
            durable: false,
            server_keep_alive_s: None,
            receive_maximum: u16::MAX,
            topic_alias_maximum: u16::MAX,
            maximum_packet_size: None,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            wildcard_subscription_available: true,
            subscription_identifier_available: true,
            shared_subscription_available: true,
            maximum_queued_messages: 10_000,
            maximum_queued_bytes: 64 * MIB,
            maximum_inflight_bytes: 16 * MIB,
            maximum_message_bytes: 128 * MIB,
            maximum_outgoing_bytes: 8 * MIB,
            maximum_all_outgoing_bytes: 256 * MIB,
            maximum_inflight: 1_000,
            maximum_subscriptions: 100_000,
            maximum_topic_levels: 65_536,
            maximum_connections: 100_000,
            maximum_connect_bytes: MIB / 2,
            maximum_header_bytes: 2 * MIB,
            maximum_incoming_bytes: 64 * MIB,
            maximum_waiting_connections: 10_000,
            maximum_connection_rate: None,
            maximum_sessions: 1_000_000,
            maximum_client_bytes: 160 * MIB,
            maximum_retained_messages: 1_000_000,
            maximum_retained_bytes: 128 * MIB,
            maximum_client_id_bytes: None,
            banned_clients: Vec::new(),
            client_ids: ClientIds::Free,
            origins: None,
            dollar_topics: true,
            check_payload_format: false,
            response_information: None,
            reason_strings: false,
            short_acknowledgements: false,
            connect_timeout: Duration::from_secs(10),
            users: None,
            access: None,
            authentication: BTreeMap::new(),
        }
    }
}
