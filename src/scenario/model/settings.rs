//! The broker's configuration, as scenarios and configuration files say it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

/// The broker's configuration that a scenario is about; `None` is the default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub queue_qos0: Option<bool>,
    /// `Some(None)` is `never`.
    pub persistent_session_expiry: Option<Option<Duration>>,
    pub maximum_session_expiry: Option<Option<Duration>>,
    pub durable: Option<bool>,
    pub server_keep_alive_s: Option<u16>,
    pub receive_maximum: Option<u16>,
    pub topic_alias_maximum: Option<u16>,
    pub maximum_packet_size: Option<u32>,
    pub maximum_qos: Option<u8>,
    pub retain_available: Option<bool>,
    pub wildcard_subscription_available: Option<bool>,
    pub subscription_identifier_available: Option<bool>,
    pub shared_subscription_available: Option<bool>,
    pub maximum_queued_messages: Option<u32>,
    /// Bytes of messages that may wait in one session.
    pub maximum_queued_bytes: Option<u32>,
    /// Bytes in flight to one client at which no further message of QoS 1 and 2 is sent.
    pub maximum_inflight_bytes: Option<u32>,
    /// Bytes of messages that wait or are in flight in all sessions.
    pub maximum_message_bytes: Option<u32>,
    /// Bytes that may wait to be written to one client.
    pub maximum_outgoing_bytes: Option<u32>,
    /// Bytes that may wait to be written to all clients.
    pub maximum_all_outgoing_bytes: Option<u32>,
    pub maximum_subscriptions: Option<u32>,
    pub maximum_topic_levels: Option<u32>,
    pub maximum_connections: Option<u32>,
    /// Connections that have not sent their CONNECT.
    pub maximum_waiting_connections: Option<u32>,
    /// Bytes of a CONNECT.
    pub maximum_connect_bytes: Option<u32>,
    /// Bytes of a packet without the payload of a PUBLISH.
    pub maximum_header_bytes: Option<u32>,
    /// Bytes that have come of packets that are not whole.
    pub maximum_incoming_bytes: Option<u32>,
    /// CONNECT packets within a second.
    pub maximum_connection_rate: Option<u32>,
    pub maximum_sessions: Option<u32>,
    /// Bytes that are kept for clients beside messages.
    pub maximum_client_bytes: Option<u32>,
    pub maximum_retained_messages: Option<u32>,
    /// Bytes of retained messages.
    pub maximum_retained_bytes: Option<u32>,
    /// Client Identifiers that are not let in.
    pub banned_clients: Option<Vec<String>>,
    /// Which Client Identifiers a user may connect with.
    pub client_ids: Option<ClientIds>,
    /// Origins from which a browser may open a WebSocket.
    pub origins: Option<Vec<String>>,
    pub reason_strings: Option<bool>,
    pub short_acknowledgements: Option<bool>,
    /// Messages of QoS 1 and 2 in flight to one client at most, whatever its Receive Maximum.
    pub maximum_inflight: Option<u16>,
    /// Longer Client Identifiers are refused; never below 23.
    pub maximum_client_id_bytes: Option<u32>,
    /// Whether clients may use topics that begin with `$`.
    pub dollar_topics: Option<bool>,
    /// Whether payloads are held against their Payload Format Indicator.
    pub check_payload_format: Option<bool>,
    /// What a client gets that asks for Response Information.
    pub response_information: Option<String>,
    pub connect_timeout: Option<Duration>,
    /// Names and passwords.
    pub users: Option<Vec<(String, Secret)>>,
    /// Names and passwords of those who can prove themselves by SCRAM-SHA-256.
    pub authentication: Option<Vec<(String, Secret)>>,
    /// The rules of the access list, in their order.
    pub access: Option<Vec<AccessRule>>,
}

/// Which Client Identifiers a user may connect with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientIds {
    Free,
    BySession,
    ByUser,
}

/// A rule of the access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// Whether it allows or denies.
    pub allow: bool,
    pub action: AccessAction,
    /// Names that it is about; empty: everybody.
    pub users: Vec<String>,
    /// Client Identifiers that it is about; empty: all.
    pub clients: Vec<String>,
    /// Topic Filters, with `%c`, `%u` and `%%` in them.
    pub filters: Vec<String>,
}

/// What a rule allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessAction {
    Publish,
    Subscribe,
    All,
}

/// A password, which is never printed or written.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Bytes);

impl Secret {
    /// Keeps these bytes to itself.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// What it is, for whoever needs to say it or to hold something against it.
    pub const fn expose(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<password>")
    }
}
