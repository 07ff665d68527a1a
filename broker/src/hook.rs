//! The events that the broker tells of itself, in the vocabulary that every hook source maps to.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{PacketId, QoS, ReasonCode, SubscriptionOptions};
use serde::{Serialize, Serializer};

/// One event, in the order in which it happened.
///
/// On a takeover the displaced client's `ClientDisconnected` is not fired; with Clean Session 1 its session's
/// termination says `Conflict`, with Clean Session 0 the session lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookEvent {
    ClientConnected {
        client: ByteString,
        connack: ReasonCode,
        username: Option<ByteString>,
        session_present: bool,
    },
    ClientDisconnected {
        client: ByteString,
        reason: DisconnectReason,
    },
    SessionCreated {
        client: ByteString,
    },
    SessionResumed {
        client: ByteString,
    },
    SessionTerminated {
        client: ByteString,
        reason: TerminationReason,
    },
    SessionSubscribed {
        client: ByteString,
        filter: ByteString,
        options: SubscriptionOptions,
    },
    SessionUnsubscribed {
        client: ByteString,
        filter: ByteString,
    },
    /// A message was accepted. `client` is `None` for a Will.
    MessagePublish {
        client: Option<ByteString>,
        topic: ByteString,
        qos: QoS,
        retain: bool,
        payload: Bytes,
    },
    /// A PUBLISH was handed to this client's connection.
    MessageDelivered {
        client: ByteString,
        topic: ByteString,
        qos: QoS,
        payload: Bytes,
    },
    /// The client finished the handshake of a QoS 1 or 2 delivery.
    MessageAcked {
        client: ByteString,
        topic: ByteString,
        packet_id: PacketId,
    },
    MessageDropped {
        client: Option<ByteString>,
        topic: ByteString,
        reason: DropReason,
    },
    WillPublished {
        client: ByteString,
        topic: ByteString,
        trigger: WillTrigger,
    },
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every word, in the order of the reference.
            pub const ALL: &'static [&'static str] = &[$($word),*];

            /// As scenarios and hook lines write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// Why a client is no longer connected.
    DisconnectReason {
        /// DISCONNECT 0x00, or any DISCONNECT before version 5.
        Normal = "normal",
        /// DISCONNECT 0x04.
        WithWill = "with_will",
        /// DISCONNECT with 0x80 or above from the client.
        ClientError = "client_error",
        /// The transport ended without DISCONNECT.
        ConnectionLost = "connection_lost",
        KeepAliveTimeout = "keep_alive_timeout",
        ProtocolError = "protocol_error",
        /// A re-authentication that came to nothing.
        AuthenticationFailed = "authentication_failed",
        /// An administrator's kick.
        Kicked = "kicked",
        Redirected = "redirected",
        ServerShutdown = "server_shutdown",
    }
}

words! {
    /// Why a session ended.
    TerminationReason {
        /// It ended with its connection, whatever way that ended.
        Normal = "normal",
        /// A takeover by a client that wanted no old session, or of a session that ends with its connection.
        Conflict = "conflict",
        /// Clean Start 1 over a session that was offline.
        Discarded = "discarded",
        Expired = "expired",
    }
}

words! {
    /// Why a message did not reach a client, or nobody.
    DropReason {
        NoSubscribers = "no_subscribers",
        Expired = "expired",
        QueueFull = "queue_full",
        PacketTooLarge = "packet_too_large",
        QoS0Offline = "qos0_offline",
        NotAuthorized = "not_authorized",
        /// A limit of the configuration.
        QuotaExceeded = "quota_exceeded",
        PayloadFormatInvalid = "payload_format_invalid",
        PacketIdInUse = "packet_id_in_use",
        SessionEnded = "session_ended",
        /// PUBACK or PUBREC with 0x80 or above.
        Refused = "refused",
    }
}

words! {
    /// What made a Will due.
    WillTrigger {
        ConnectionLost = "connection_lost",
        DisconnectWithWill = "disconnect_with_will",
        ClientError = "client_error",
        KeepAliveTimeout = "keep_alive_timeout",
        ProtocolError = "protocol_error",
        AuthenticationFailed = "authentication_failed",
        TakenOver = "taken_over",
        Kicked = "kicked",
        Redirected = "redirected",
        SessionEnded = "session_ended",
        DelayElapsed = "delay_elapsed",
        ServerShutdown = "server_shutdown",
    }
}

/// The value of one field of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookValue {
    Text(ByteString),
    Word(&'static str),
    Number(u64),
    Flag(bool),
    /// UTF-8 where it is such.
    Payload(Bytes),
}

impl fmt::Display for HookValue {
    /// As scenarios write it; a payload that is no text in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Payload(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => f.write_str(text),
                Err(_) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            },
        }
    }
}

impl Serialize for HookValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            text => serializer.collect_str(text),
        }
    }
}

impl HookEvent {
    /// `session.created`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClientConnected { .. } => "client.connected",
            Self::ClientDisconnected { .. } => "client.disconnected",
            Self::SessionCreated { .. } => "session.created",
            Self::SessionResumed { .. } => "session.resumed",
            Self::SessionTerminated { .. } => "session.terminated",
            Self::SessionSubscribed { .. } => "session.subscribed",
            Self::SessionUnsubscribed { .. } => "session.unsubscribed",
            Self::MessagePublish { .. } => "message.publish",
            Self::MessageDelivered { .. } => "message.delivered",
            Self::MessageAcked { .. } => "message.acked",
            Self::MessageDropped { .. } => "message.dropped",
            Self::WillPublished { .. } => "will.published",
        }
    }

    /// Its fields and their values, in a fixed order; those that are not there are left out.
    pub fn fields(&self) -> Vec<(&'static str, HookValue)> {
        use HookValue::{Flag, Number, Payload, Text, Word};
        let client = |client: &ByteString| ("client", Text(client.clone()));
        let topic = |topic: &ByteString| ("topic", Text(topic.clone()));
        let qos = |qos: QoS| ("qos", Number(u64::from(qos.as_u8())));
        match self {
            Self::ClientConnected {
                client: id,
                connack,
                username,
                session_present,
            } => {
                // The number: its names differ from version to version.
                let connack = Number(u64::from(connack.0));
                let mut fields = vec![client(id), ("connack", connack)];
                fields.extend(username.clone().map(|name| ("username", Text(name))));
                fields.push(("session_present", Flag(*session_present)));
                fields
            }
            Self::ClientDisconnected { client: id, reason } => {
                vec![client(id), ("reason", Word(reason.as_str()))]
            }
            Self::SessionCreated { client: id } | Self::SessionResumed { client: id } => {
                vec![client(id)]
            }
            Self::SessionTerminated { client: id, reason } => {
                vec![client(id), ("reason", Word(reason.as_str()))]
            }
            Self::SessionSubscribed {
                client: id,
                filter,
                options,
            } => vec![
                client(id),
                ("filter", Text(filter.clone())),
                qos(options.qos),
                ("no_local", Flag(options.no_local)),
                ("retain_as_published", Flag(options.retain_as_published)),
                ("retain_handling", Number(options.retain_handling as u64)),
            ],
            Self::SessionUnsubscribed { client: id, filter } => {
                vec![client(id), ("filter", Text(filter.clone()))]
            }
            Self::MessagePublish {
                client: id,
                topic: name,
                qos: level,
                retain,
                payload,
            } => {
                let mut fields: Vec<_> = id.iter().map(client).collect();
                fields.extend([topic(name), qos(*level), ("retain", Flag(*retain))]);
                fields.push(("payload", Payload(payload.clone())));
                fields
            }
            Self::MessageDelivered {
                client: id,
                topic: name,
                qos: level,
                payload,
            } => vec![
                client(id),
                topic(name),
                qos(*level),
                ("payload", Payload(payload.clone())),
            ],
            Self::MessageAcked {
                client: id,
                topic: name,
                ..
            } => vec![client(id), topic(name)],
            Self::MessageDropped {
                client: id,
                topic: name,
                reason,
            } => {
                let mut fields: Vec<_> = id.iter().map(client).collect();
                fields.extend([topic(name), ("reason", Word(reason.as_str()))]);
                fields
            }
            Self::WillPublished {
                client: id,
                topic: name,
                trigger,
            } => vec![client(id), topic(name), ("trigger", Word(trigger.as_str()))],
        }
    }
}
