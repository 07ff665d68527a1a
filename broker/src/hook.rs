//! The events that the broker tells of itself, in the vocabulary that every hook source maps to.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{PacketId, QoS, ReasonCode, SubscriptionOptions};

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
        TakenOver = "taken_over",
        Kicked = "kicked",
        Redirected = "redirected",
        SessionEnded = "session_ended",
        DelayElapsed = "delay_elapsed",
        ServerShutdown = "server_shutdown",
    }
}
