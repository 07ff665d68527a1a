//! The events that a broker reports, with one row for each.
//!
//! Every kind of event source maps what its broker reports to these events.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{PacketId, QoS, ReasonCode, RetainHandling};
use serde::{Serialize, Serializer};

/// The description of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The name, such as `session.created`.
    pub name: &'static str,
    /// The fields that scenarios can name, in the order of the reference.
    pub fields: &'static [Field],
    /// When the event happens.
    pub about: &'static str,
}

/// A field of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name, as scenarios and hook lines write it.
    pub name: &'static str,
    /// The values that the field accepts.
    pub kind: FieldKind,
    /// Whether some events of this name do not have the field.
    pub is_optional: bool,
}

/// The values that a field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A Client Identifier.
    Client,
    /// A topic, a filter, a user name or a payload.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number up to this one.
    Number(u64),
    /// A CONNACK's code, by name or number. Its text is the number, because names differ between versions.
    Code,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Event {
    /// Returns the event of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EVENTS.iter().find(|event| event.name == name)
    }

    /// Returns the field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The value in a field of an event.
trait FieldValue {
    const KIND: FieldKind;
    const IS_OPTIONAL: bool = false;
    /// Returns `None` if the field is absent.
    fn value(&self) -> Option<HookValue>;
}

impl FieldValue for ByteString {
    const KIND: FieldKind = FieldKind::Text;
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Text(self.clone()))
    }
}

impl FieldValue for bool {
    const KIND: FieldKind = FieldKind::Flag;
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Flag(*self))
    }
}

impl FieldValue for QoS {
    const KIND: FieldKind = FieldKind::Number(2);
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Number(u64::from(self.as_u8())))
    }
}

impl FieldValue for RetainHandling {
    const KIND: FieldKind = FieldKind::Number(2);
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Number(*self as u64))
    }
}

impl FieldValue for ReasonCode {
    const KIND: FieldKind = FieldKind::Code;
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Number(u64::from(self.0)))
    }
}

impl FieldValue for Bytes {
    const KIND: FieldKind = FieldKind::Text;
    fn value(&self) -> Option<HookValue> {
        Some(HookValue::Payload(self.clone()))
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    const KIND: FieldKind = T::KIND;
    const IS_OPTIONAL: bool = true;
    fn value(&self) -> Option<HookValue> {
        self.as_ref().and_then(FieldValue::value)
    }
}

/// Makes the row of a field. A field with the name `client` is always a Client Identifier.
const fn field(name: &'static str, kind: FieldKind, is_optional: bool) -> Field {
    let kind = match name.as_bytes() {
        b"client" => FieldKind::Client,
        _ => kind,
    };
    Field {
        name,
        kind,
        is_optional,
    }
}

/// The description of an event's field.
macro_rules! about {
    (MessageDropped client) => {
        "The client that would have received it. The publisher if the message was refused or no subscription received it; `None` for a Will."
    };
    ($variant:ident client) => {
        "Client Identifier."
    };
    ($variant:ident connack) => {
        "The code of the CONNACK."
    };
    ($variant:ident username) => {
        "The user name of CONNECT, if it has one."
    };
    ($variant:ident session_present) => {
        "Whether the client resumes a session."
    };
    ($variant:ident filter) => {
        "The Topic Filter, of a shared subscription with `$share/GROUP/` in front."
    };
    (SessionSubscribed qos) => {
        "The maximum QoS that was granted."
    };
    ($variant:ident qos) => {
        "The QoS of the message."
    };
    ($variant:ident no_local) => {
        "Whether the client's own messages are left out; `false` before version 5."
    };
    ($variant:ident retain_as_published) => {
        "Whether messages keep their RETAIN flag; `false` before version 5."
    };
    ($variant:ident retain_handling) => {
        "When retained messages are sent."
    };
    ($variant:ident topic) => {
        "The Topic Name of the message."
    };
    ($variant:ident retain) => {
        "Whether it was published as a retained message."
    };
    ($variant:ident payload) => {
        "The payload of the message."
    };
    ($variant:ident packet_id) => {
        "The Packet Identifier that the delivery had. Not reported."
    };
    ($variant:ident trigger) => {
        "What caused it to be published."
    };
    ($variant:ident reason) => {
        "Why it happened."
    };
}

macro_rules! events {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal {
        $($field:ident: $type:ty),* $(; kept $($kept:ident: $kept_type:ty),*)?
    })*) => {
        /// An event. A broker reports its events in the order in which they happen.
        ///
        /// On a takeover, no `ClientDisconnected` is reported for the displaced client. With Clean Session 1 its
        /// session is terminated with the reason `Conflict`; with Clean Session 0 the session continues.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum HookEvent {
            $($(#[doc = $doc])* $variant {
                $(#[doc = about!($variant $field)] $field: $type,)*
                $($(#[doc = about!($variant $kept)] $kept: $kept_type,)*)?
            },)*
        }

        /// Every event, in the order of the reference.
        pub const EVENTS: &[Event] = &[$(Event {
            name: $name,
            fields: &[$(field(
                stringify!($field),
                <$type as FieldValue>::KIND,
                <$type as FieldValue>::IS_OPTIONAL,
            )),*],
            about: concat!($($doc),*),
        },)*];

        impl HookEvent {
            /// Returns the name, such as `session.created`.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name,)* }
            }

            /// Returns the fields and their values, in a fixed order. Absent fields are left out.
            pub fn fields(&self) -> Vec<(&'static str, HookValue)> {
                match self {
                    $(Self::$variant { $($field,)* .. } => {
                        let all = [$((stringify!($field), $field.value())),*];
                        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
                    })*
                }
            }
        }
    };
}

events! {
    /// The broker has sent a CONNACK with a success code.
    ClientConnected = "client.connected" {
        client: ByteString, connack: ReasonCode, username: Option<ByteString>, session_present: bool
    }
    /// An accepted connection has ended. Not reported for a client whose session was taken over.
    ClientDisconnected = "client.disconnected" { client: ByteString, reason: DisconnectReason }
    /// A new session was created.
    SessionCreated = "session.created" { client: ByteString }
    /// A client has resumed its session.
    SessionResumed = "session.resumed" { client: ByteString }
    /// A session ended.
    SessionTerminated = "session.terminated" { client: ByteString, reason: TerminationReason }
    /// A subscription was created or replaced.
    SessionSubscribed = "session.subscribed" {
        client: ByteString, filter: ByteString, qos: QoS, no_local: bool, retain_as_published: bool,
        retain_handling: RetainHandling
    }
    /// A subscription was removed.
    SessionUnsubscribed = "session.unsubscribed" { client: ByteString, filter: ByteString }
    /// The broker has accepted a message. A Will has no client.
    MessagePublish = "message.publish" {
        client: Option<ByteString>, topic: ByteString, qos: QoS, retain: bool, payload: Bytes
    }
    /// The broker has sent a PUBLISH on this client's connection.
    MessageDelivered = "message.delivered" { client: ByteString, topic: ByteString, qos: QoS, payload: Bytes }
    /// The client has completed the handshake of a QoS 1 or 2 delivery.
    MessageAcked = "message.acked" { client: ByteString, topic: ByteString; kept packet_id: PacketId }
    /// A message was not delivered to a client, or to any client.
    MessageDropped = "message.dropped" { client: Option<ByteString>, topic: ByteString, reason: DropReason }
    /// A Will was published.
    WillPublished = "will.published" { client: ByteString, topic: ByteString, trigger: WillTrigger }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every word, in the order of the reference.
            pub const ALL: &'static [&'static str] = &[$($word),*];

            /// Returns the word, as scenarios and hook lines write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FieldValue for $name {
            const KIND: FieldKind = FieldKind::Word(Self::ALL);
            fn value(&self) -> Option<HookValue> {
                Some(HookValue::Word(self.as_str()))
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
        /// No packet for one and a half times the Keep Alive.
        KeepAliveTimeout = "keep_alive_timeout",
        /// The client sent something that the standard forbids.
        ProtocolError = "protocol_error",
        /// A re-authentication failed.
        AuthenticationFailed = "authentication_failed",
        /// An administrator disconnected the client.
        Kicked = "kicked",
        /// An administrator sent the client to another server.
        Redirected = "redirected",
        /// The broker is stopping.
        ServerShutdown = "server_shutdown",
    }
}

words! {
    /// Why a session ended.
    TerminationReason {
        /// The session ended with its connection, however that ended.
        Normal = "normal",
        /// A takeover ended the session: the new CONNECT had Clean Start 1 (Clean Session 1), or the session was to end
        /// with its connection.
        Conflict = "conflict",
        /// A CONNECT with Clean Start 1 (Clean Session 1) replaced an offline session.
        Discarded = "discarded",
        /// The client did not return before the session expired.
        Expired = "expired",
    }
}

words! {
    /// Why a message was not delivered to a client, or to any client.
    DropReason {
        /// No subscription received the message.
        NoSubscribers = "no_subscribers",
        /// The Message Expiry Interval has passed.
        Expired = "expired",
        /// Too many messages or bytes are waiting for the client.
        QueueFull = "queue_full",
        /// The PUBLISH would exceed the client's Maximum Packet Size.
        PacketTooLarge = "packet_too_large",
        /// QoS 0, the client is not connected, and `queue_qos0` is off.
        QoS0Offline = "qos0_offline",
        /// The client may not publish to the topic, or may not receive from it.
        NotAuthorized = "not_authorized",
        /// A limit of the configuration was reached.
        QuotaExceeded = "quota_exceeded",
        /// The payload claims to be UTF-8 and is not.
        PayloadFormatInvalid = "payload_format_invalid",
        /// The PUBLISH has the identifier of a QoS 2 message that is not finished.
        PacketIdInUse = "packet_id_in_use",
        /// The message was waiting for a client whose session ended.
        SessionEnded = "session_ended",
        /// PUBACK or PUBREC with 0x80 or above.
        Refused = "refused",
    }
}

words! {
    /// What caused a Will to be published.
    WillTrigger {
        /// The transport ended without DISCONNECT.
        ConnectionLost = "connection_lost",
        /// DISCONNECT 0x04.
        DisconnectWithWill = "disconnect_with_will",
        /// DISCONNECT with 0x80 or above from the client.
        ClientError = "client_error",
        /// No packet for one and a half times the Keep Alive.
        KeepAliveTimeout = "keep_alive_timeout",
        /// The client sent something that the standard forbids.
        ProtocolError = "protocol_error",
        /// A re-authentication failed.
        AuthenticationFailed = "authentication_failed",
        /// Another connection took the session over.
        TakenOver = "taken_over",
        /// An administrator disconnected the client.
        Kicked = "kicked",
        /// An administrator sent the client to another server.
        Redirected = "redirected",
        /// The session ended before the Will Delay Interval did.
        SessionEnded = "session_ended",
        /// The Will Delay Interval has passed.
        DelayElapsed = "delay_elapsed",
        /// The broker is stopping.
        ServerShutdown = "server_shutdown",
    }
}

/// The value of one field of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookValue {
    /// A topic, a filter, a Client Identifier or a user name.
    Text(ByteString),
    /// A word of a fixed list, such as a [`DropReason`].
    Word(&'static str),
    /// A QoS, a Retain Handling or a Reason Code.
    Number(u64),
    /// A flag, such as `retain`.
    Flag(bool),
    /// A payload, which is text if it is UTF-8.
    Payload(Bytes),
}

impl HookValue {
    /// Returns the value as it is written.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => str::to_owned(&text),
            Self::Word(word) => word.to_owned(),
            value => value.to_string(),
        }
    }
}

impl fmt::Display for HookValue {
    /// Writes the value as scenarios do. A payload that is not UTF-8 is written in hexadecimal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_fields_in_row_order() {
        let event = HookEvent::ClientConnected {
            client: "a".into(),
            connack: ReasonCode::SUCCESS,
            username: None,
            session_present: true,
        };
        let shown: Vec<String> = event
            .fields()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(shown, ["client=a", "connack=0", "session_present=true"]);
        let row = Event::named(event.name()).expect("a row");
        let names: Vec<&str> = row.fields.iter().map(|field| field.name).collect();
        assert_eq!(names, ["client", "connack", "username", "session_present"]);
        assert_eq!(row.fields[0].kind, FieldKind::Client);
    }

    #[test]
    fn every_event_names_its_client() {
        for event in EVENTS {
            assert_eq!(event.fields[0].kind, FieldKind::Client, "{}", event.name);
        }
        let words = Event::named("session.terminated").map(|event| event.fields[1].kind);
        assert_eq!(words, Some(FieldKind::Word(TerminationReason::ALL)));
    }
}
