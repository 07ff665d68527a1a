//! The settings of a broker, with one row for each.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_codec::{Form, QoS};

use crate::access::{AccessRule, ClientIds, Mechanism, User};
use crate::value::{Kind, OfValue as _, Unit, Value};

const MIB: usize = 1024 * 1024;
const U16: u64 = u16::MAX as u64;
const U32: u64 = u32::MAX as u64;
/// The maximum number of levels in an MQTT string.
const LEVELS: u64 = 65_536;
/// Client Identifiers of up to 23 bytes are always accepted. [3.1.1 MQTT-3.1.3-5] [5 MQTT-3.1.3-5]
const CLIENT_ID_BYTES: u64 = 23;

/// The description of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The name, as scenarios and configuration files write it.
    pub name: &'static str,
    /// The values that it accepts.
    pub kind: Kind,
    /// The value of a broker without configuration, as the reference shows it.
    pub default: &'static str,
    /// What the setting does.
    pub about: &'static str,
}

const fn count(least: u64, most: u64) -> Kind {
    Kind::Number {
        least,
        most,
        unit: Unit::Count,
    }
}

const fn bytes(least: u64, most: u64) -> Kind {
    Kind::Number {
        least,
        most,
        unit: Unit::Bytes,
    }
}

const fn seconds(most: u64) -> Kind {
    Kind::Number {
        least: 0,
        most,
        unit: Unit::Seconds,
    }
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:expr, $type:ty = $default:expr, $shown:literal;)*) => {
        /// A broker's configuration: what it offers and enforces. The defaults offer everything.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config { $($(#[doc = $doc])* pub $name: $type,)* }

        impl Default for Config {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// The settings in a scenario or a configuration file. `None` means that the file does not name the setting.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Settings { $($(#[doc = $doc])* pub $name: Option<$type>,)* }

        /// Every setting, in the order of the reference.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            kind: $kind,
            default: $shown,
            about: concat!($($doc),*),
        },)*];

        impl Settings {
            /// Sets a setting by its name. Returns whether the setting exists and the value is of its kind.
            pub fn set(&mut self, name: &str, value: Value) -> bool {
                match name {
                    $(stringify!($name) => match <$type>::from_value(value) {
                        Some(value) => {
                            self.$name = Some(value);
                            true
                        }
                        None => false,
                    },)*
                    _ => false,
                }
            }

            /// Returns `base` with these settings applied.
            pub fn over(&self, base: Config) -> Config {
                Config { $($name: self.$name.clone().unwrap_or(base.$name),)* }
            }

            /// Returns the settings that are named, with their values and whether each value is the default.
            fn named(&self) -> Vec<(&'static Setting, Value, bool)> {
                let default = Config::default();
                let mut rows = SETTINGS.iter();
                let mut out = Vec::new();
                $(
                    let row = rows.next();
                    if let (Some(row), Some(value)) = (row, &self.$name) {
                        out.push((row, value.to_value(), *value == default.$name));
                    }
                )*
                out
            }
        }
    };
}

settings! {
    /// Whether QoS 0 messages are queued for offline sessions.
    queue_qos0: Kind::Flag, bool = false, "`false`";

    /// How long a 3.1 or 3.1.1 session with Clean Session 0 is kept while its client is offline.
    persistent_session_expiry: Kind::Expiry { whole_seconds: false }, Option<Duration> = None, "`never`";

    /// The longest Session Expiry Interval that is granted. If it shortens the requested one, CONNACK announces it.
    maximum_session_expiry: Kind::Expiry { whole_seconds: true }, Option<Duration> = None, "`never`";

    /// Whether sessions and retained messages survive a restart.
    durable: Kind::Flag, bool = false, "`false`";

    /// Whether sessions, retained messages and Wills survive the loss of a node.
    replicated: Kind::Flag, bool = false, "`false`";

    /// Replaces the client's Keep Alive, in seconds, and is announced as Server Keep Alive.
    server_keep_alive: seconds(U16), Option<u16> = None, "none";

    /// How many unacknowledged QoS 1 and 2 messages a client may have sent; announced as Receive Maximum.
    receive_maximum: count(1, U16), u16 = u16::MAX, "65535";

    /// The highest Topic Alias that a client may use; announced as Topic Alias Maximum.
    topic_alias_maximum: count(0, U16), u16 = u16::MAX, "65535";

    /// The largest packet that a client may send, in bytes; announced as Maximum Packet Size.
    maximum_packet_size: bytes(1, U32), Option<u32> = None, "none";

    /// The highest QoS that clients may publish and subscribe with; announced as Maximum QoS.
    maximum_qos: Kind::QoS, QoS = QoS::ExactlyOnce, "2";

    /// Whether messages are retained.
    retain_available: Kind::Flag, bool = true, "`true`";

    /// Whether Topic Filters may contain wildcards.
    wildcard_subscription_available: Kind::Flag, bool = true, "`true`";

    /// Whether subscriptions may have a Subscription Identifier.
    subscription_identifier_available: Kind::Flag, bool = true, "`true`";

    /// Whether Shared Subscriptions are supported.
    shared_subscription_available: Kind::Flag, bool = true, "`true`";

    /// Maximum number of messages queued for one session. When it is reached, a new message is dropped.
    maximum_queued_messages: count(0, U32), usize = 10_000, "10000";

    /// Whether every packet that can carry a Reason String and a User Property does, if the client allows them.
    reason_strings: Kind::Flag, bool = false, "`false`";

    /// Whether acknowledgements and DISCONNECT use the 2-byte form if they carry nothing else.
    short_acknowledgements: Kind::Flag, bool = false, "`false`";

    /// Maximum number of QoS 1 and 2 messages sent to one client and not acknowledged, whatever its Receive Maximum.
    maximum_inflight: count(1, U16), u16 = 1_000, "1000";

    /// Maximum size of the messages queued for one session, in bytes. When it is reached, a new message is dropped,
    /// unless the queue is empty. The size of a message is that of its topic, payload and properties, plus 72 bytes for
    /// each property and 128 bytes for the message.
    maximum_queued_bytes: bytes(0, U32), usize = 64 * MIB, "67108864";

    /// Maximum size of the unacknowledged messages to one client, in bytes. When it is reached, no further message of
    /// QoS 1 or 2 is sent to the client.
    maximum_inflight_bytes: bytes(1, U32), usize = 16 * MIB, "16777216";

    /// Maximum size of the messages queued or unacknowledged in all sessions together, in bytes, each copy counted.
    /// When it is reached, a new message is dropped. No session may use more than what is still free.
    maximum_message_bytes: bytes(1, U32), usize = 128 * MIB, "134217728";

    /// Maximum number of bytes waiting to be written to one client. When it is reached, QoS 0 messages for the client
    /// are dropped, other messages wait in its session, and no more packets are read from it, until half of the bytes
    /// are written.
    maximum_outgoing_bytes: bytes(1, U32), usize = 8 * MIB, "8388608";

    /// Maximum number of bytes waiting to be written to all clients together. When it is reached, messages are dropped
    /// or wait as for one client, and clients that have read nothing for a second are disconnected, those with the most
    /// bytes waiting first.
    maximum_all_outgoing_bytes: bytes(1, U32), usize = 256 * MIB, "268435456";

    /// Maximum number of subscriptions of one session. Beyond it, SUBACK refuses with 0x97 (0x80 before version 5).
    maximum_subscriptions: count(0, U32), usize = 100_000, "100000";

    /// Maximum number of levels in a Topic Filter. Beyond it, SUBACK refuses with 0x8F (0x80 before version 5). No MQTT
    /// string has more than 65,536 levels.
    maximum_topic_levels: count(1, LEVELS), usize = 65_536, "65536";

    /// Maximum number of open connections. Beyond it, CONNACK refuses with 0x89 (0x03 before version 5).
    maximum_connections: count(1, U32), usize = 100_000, "100000";

    /// Maximum number of connections that have not sent a CONNECT. Beyond it, a new connection is closed at once.
    maximum_waiting_connections: count(1, U32), usize = 10_000, "10000";

    /// Maximum size of a CONNECT, in bytes. Beyond it, CONNACK refuses with 0x95; before version 5 the connection is
    /// closed without a CONNACK.
    maximum_connect_bytes: bytes(1, U32), usize = MIB / 2, "524288";

    /// Maximum size of a packet without the payload of a PUBLISH, in bytes. Beyond it, the connection ends with
    /// DISCONNECT 0x97.
    maximum_header_bytes: bytes(1, U32), usize = 2 * MIB, "2097152";

    /// Maximum number of bytes read of incomplete packets on all connections together. Beyond it, the connection ends
    /// with DISCONNECT 0x97. Packets of more than 65,536 bytes may use three quarters of it.
    maximum_incoming_bytes: bytes(1, U32), usize = 64 * MIB, "67108864";

    /// Maximum number of CONNECT packets per second. Beyond it, CONNACK refuses with 0x9F (0x03 before version 5).
    maximum_connection_rate: count(1, U32), Option<u32> = None, "none";

    /// Maximum number of sessions, connected or not. Beyond it, CONNACK refuses with 0x97 (0x03 before version 5).
    maximum_sessions: count(1, U32), usize = 1_000_000, "1000000";

    /// Maximum number of bytes kept for all clients together, not counting messages: Client Identifiers and user names,
    /// subscriptions, Wills and Topic Aliases. Beyond it, CONNACK refuses with 0x97 (0x03 before version 5), SUBACK
    /// refuses with 0x97 (0x80), a client's new Topic Alias ends its connection with 0x97, and the broker assigns no
    /// Topic Aliases. The subscriptions or aliases of one client may not take more than is still free.
    maximum_client_bytes: bytes(1, U32), usize = 160 * MIB, "167772160";

    /// Maximum number of topics with a retained message. Beyond it, PUBACK and PUBREC refuse with 0x97. A message that
    /// cannot be refused (QoS 0, a Will, or before version 5) is delivered and not retained.
    maximum_retained_messages: count(0, U32), usize = 1_000_000, "1000000";

    /// Maximum size of all retained messages, in bytes. Beyond it, the broker answers as beyond
    /// `maximum_retained_messages`.
    maximum_retained_bytes: bytes(0, U32), usize = 128 * MIB, "134217728";

    /// Maximum length of a Client Identifier, in bytes, at least 23. Beyond it, CONNACK refuses with 0x85 (0x02 before
    /// version 5).
    maximum_client_id_bytes: bytes(CLIENT_ID_BYTES, U16), Option<usize> = None, "none";

    /// Client Identifiers that CONNACK refuses with 0x8A (0x05 before version 5).
    banned_clients: Kind::Clients, Vec<String> = Vec::new(), "none";

    /// Which Client Identifiers a user may connect with.
    client_ids: Kind::ClientIds, ClientIds = ClientIds::Free, "`free`";

    /// Values of the `Origin` header that may open a WebSocket. Clients that send no `Origin` are not browsers and are
    /// always accepted.
    origins: Kind::Origins, Option<Vec<String>> = None, "none: any";

    /// Whether clients may publish to topics that begin with `$`.
    dollar_topics: Kind::Flag, bool = true, "`true`";

    /// Whether a payload that claims to be UTF-8 but is not is refused with 0x99.
    check_payload_format: Kind::Flag, bool = false, "`false`";

    /// The Response Information that CONNACK gives to a client that requests it.
    response_information: Kind::Text, Option<String> = None, "none";

    /// How long a new connection may take to send its CONNECT.
    connect_timeout: Kind::Span, Duration = Duration::from_secs(10), "10s";

    /// User names and passwords of the clients that may connect.
    users: Kind::Users, Option<Vec<User>> = None, "none: anyone may connect";

    /// What clients may publish and subscribe to: only what the list allows. A refusal is 0x87 in PUBACK, PUBREC,
    /// SUBACK (0x80 before version 5) and in the CONNACK of a Will (0x05 before version 5). If no packet can refuse it
    /// (QoS 0, a PUBLISH before version 5, a message that a wider subscription matches), the message is dropped.
    access: Kind::Access, Option<Vec<AccessRule>> = None, "none: everything is allowed";

    /// The methods of enhanced authentication, and the users of each. A client that authenticates by a method needs no
    /// entry in `users`; a client that names no method is checked only against `users`.
    authentication: Kind::Authentication, BTreeMap<Mechanism, Vec<User>> = BTreeMap::new(), "none";
}

impl Setting {
    /// Returns the setting of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Whether the setting concerns the broker as a whole, or topics and Client Identifiers as they are written.
    /// Clients that are kept apart by prefixes cannot share a broker with such a setting.
    pub fn is_broker_wide(&self) -> bool {
        // A limit in bytes also counts those of a prefix.
        self.name.ends_with("_bytes")
            || matches!(
                self.name,
                "access"
                    | "banned_clients"
                    | "client_ids"
                    | "dollar_topics"
                    | "maximum_connection_rate"
                    | "maximum_connections"
                    | "maximum_packet_size"
                    | "maximum_retained_messages"
                    | "maximum_sessions"
                    | "maximum_topic_levels"
                    | "maximum_waiting_connections"
            )
    }

    /// Whether a broker without configuration can be assumed to have this setting's default. For a number it cannot:
    /// another broker has its own default.
    const fn has_usual_default(&self) -> bool {
        matches!(self.kind, Kind::Flag | Kind::QoS | Kind::Expiry { .. })
    }
}

impl Settings {
    /// Returns the settings that a broker has to be given, with their values. These are all that are named, except
    /// defaults that every broker is assumed to have.
    pub fn non_default(&self) -> Vec<(&'static Setting, Value)> {
        let named = self.named().into_iter();
        let required =
            named.filter(|(setting, _, is_default)| !(*is_default && setting.has_usual_default()));
        required
            .map(|(setting, value, _)| (setting, value))
            .collect()
    }

    /// Returns the names of the settings that a broker has to be given.
    pub fn required_names(&self) -> Vec<&'static str> {
        let required = self.non_default().into_iter();
        required.map(|(setting, _)| setting.name).collect()
    }
}

impl Config {
    /// Returns the form of packets that could end early.
    pub const fn form(&self) -> Form {
        if self.short_acknowledgements {
            Form::Short
        } else {
            Form::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a value that the kind accepts and that is not a default.
    fn other(kind: Kind) -> Value {
        match kind {
            Kind::Flag => Value::Flag(true),
            Kind::QoS => Value::Number(1),
            Kind::Number { least, .. } => Value::Number(least.max(24)),
            Kind::Span => Value::Span(Duration::from_secs(7)),
            Kind::Expiry { .. } => Value::Span(Duration::from_secs(8)),
            Kind::Text => Value::Text("text".into()),
            Kind::Clients | Kind::Origins => Value::Names(vec!["name".into()]),
            Kind::ClientIds => Value::ClientIds(ClientIds::ByUser),
            Kind::Users => Value::Users(Vec::new()),
            Kind::Authentication => {
                Value::Authentication(BTreeMap::from([(Mechanism::ScramSha256, Vec::new())]))
            }
            Kind::Access => Value::Access(Vec::new()),
        }
    }

    #[test]
    fn every_setting_reaches_the_configuration() {
        for setting in SETTINGS {
            let mut settings = Settings::default();
            let value = match setting.default {
                "`true`" => Value::Flag(false),
                _ => other(setting.kind),
            };
            assert!(settings.set(setting.name, value), "{}", setting.name);
            let value = match setting.default {
                "`true`" => Value::Flag(false),
                _ => other(setting.kind),
            };
            assert_eq!(settings.non_default(), [(setting, value)]);
            let config = settings.over(Config::default());
            assert_ne!(config, Config::default(), "{}", setting.name);
        }
    }

    #[test]
    fn limits_on_all_clients_or_bytes_are_broker_wide() {
        let named = |name: &str| Setting::named(name).expect("a setting");
        for name in [
            "access",
            "maximum_sessions",
            "maximum_queued_bytes",
            "banned_clients",
        ] {
            assert!(named(name).is_broker_wide(), "{name}");
        }
        for name in [
            "users",
            "maximum_qos",
            "receive_maximum",
            "maximum_queued_messages",
        ] {
            assert!(!named(name).is_broker_wide(), "{name}");
        }
    }

    #[test]
    fn refuses_values_of_another_kind() {
        let mut settings = Settings::default();
        assert!(!settings.set("maximum_inflight", Value::Flag(true)));
        assert!(!settings.set("maximum_inflight", Value::Number(70_000)));
        assert!(!settings.set("no_such_setting", Value::Flag(true)));
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn usual_defaults_are_not_required() {
        let mut settings = Settings::default();
        settings.set("durable", Value::Flag(false));
        settings.set("maximum_session_expiry", Value::Never);
        settings.set("maximum_qos", Value::Number(2));
        assert!(settings.required_names().is_empty());
        settings.set("receive_maximum", Value::Number(U16));
        assert_eq!(settings.required_names(), ["receive_maximum"]);
    }

    #[test]
    fn the_defaults_that_are_shown_are_the_defaults() {
        let config = Config::default();
        for (name, shown) in [
            ("maximum_inflight", config.maximum_inflight.to_string()),
            (
                "maximum_queued_messages",
                config.maximum_queued_messages.to_string(),
            ),
        ] {
            let setting = Setting::named(name).expect("a setting");
            assert_eq!(setting.default, shown);
        }
        // Set every number and flag to the default that is shown.
        for setting in SETTINGS {
            let value = match (setting.kind, setting.default) {
                (Kind::Flag, "`true`") => Value::Flag(true),
                (Kind::Flag, "`false`") => Value::Flag(false),
                (Kind::Expiry { .. }, "`never`") => Value::Never,
                (Kind::Number { .. } | Kind::QoS, shown) => match shown.parse() {
                    Ok(number) => Value::Number(number),
                    Err(_) => {
                        assert_eq!(shown, "none", "{}", setting.name);
                        continue;
                    }
                },
                _ => continue,
            };
            let mut settings = Settings::default();
            assert!(settings.set(setting.name, value), "{}", setting.name);
            assert_eq!(settings.over(Config::default()), config, "{}", setting.name);
        }
    }
}
