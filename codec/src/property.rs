//! The properties of version 5, which keep their order on the wire.

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use crate::PacketType;

/// A Property Identifier. An unknown one is kept, and prints as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PropertyId(pub u32);

/// One property. The type of the value is the standard's; the decoder checks its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// 0 for unspecified bytes, 1 for UTF-8 text.
    PayloadFormatIndicator(u8),
    /// Seconds until the message expires.
    MessageExpiryInterval(u32),
    /// A description of the payload that publisher and subscriber agree on.
    ContentType(ByteString),
    /// Topic Name for a response; its presence makes the message a request.
    ResponseTopic(ByteString),
    /// Returned with the response, so that the requester knows which request it answers.
    CorrelationData(Bytes),
    /// 1 to 268,435,455. From a server: one for each subscription that the message matched.
    SubscriptionIdentifier(u32),
    /// How long the session outlives its connection, in seconds; 0xFFFFFFFF never expires.
    SessionExpiryInterval(u32),
    /// The identifier that the server chose for a client without one.
    AssignedClientIdentifier(ByteString),
    /// The Keep Alive in seconds that replaces the client's; 0 turns it off.
    ServerKeepAlive(u16),
    /// Name of the method, such as `SCRAM-SHA-256`.
    AuthenticationMethod(ByteString),
    /// A message of the method.
    AuthenticationData(Bytes),
    /// Whether the server may send Reason Strings and User Properties with failures, 0 or 1.
    RequestProblemInformation(u8),
    /// Seconds between the end of the connection and the publishing of the Will.
    WillDelayInterval(u32),
    /// Whether the client wants Response Information in CONNACK, 0 or 1.
    RequestResponseInformation(u8),
    /// A text from which the client can make Response Topics.
    ResponseInformation(ByteString),
    /// Another server to use, `host` or `host:port`, or several.
    ServerReference(ByteString),
    /// A diagnostic for humans.
    ReasonString(ByteString),
    /// How many unacknowledged messages of QoS 1 and 2 the sender of this property accepts; not 0.
    ReceiveMaximum(u16),
    /// The highest Topic Alias that the sender of this property accepts; 0 for none.
    TopicAliasMaximum(u16),
    /// A number that replaces the Topic Name; not 0.
    TopicAlias(u16),
    /// The highest QoS that the server supports, 0 or 1; absent for 2.
    MaximumQoS(u8),
    /// Whether the server supports retained messages, 0 or 1.
    RetainAvailable(u8),
    /// A name and a value. The only property that any packet may repeat.
    UserProperty(ByteString, ByteString),
    /// The largest packet that the sender of this property accepts, in bytes with its fixed header; not 0.
    MaximumPacketSize(u32),
    /// Whether the server supports wildcards in Topic Filters, 0 or 1.
    WildcardSubscriptionAvailable(u8),
    /// Whether the server supports Subscription Identifiers, 0 or 1.
    SubscriptionIdentifierAvailable(u8),
    /// Whether the server supports shared subscriptions, 0 or 1.
    SharedSubscriptionAvailable(u8),
}

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "property 0x{:02X}", self.0),
        }
    }
}

impl fmt::Debug for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! property_ids {
    ($($variant:ident $constant:ident = $id:literal $snake:literal $name:literal,)*) => {
        impl PropertyId {
            $(
                #[doc = concat!("The identifier of ", $name, ", `", stringify!($id), "`.")]
                pub const $constant: Self = Self($id);
            )*

            /// Every identifier that version 5 defines, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self($id)),*];

            /// Returns the standard's name, such as `Session Expiry Interval`.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($id => Some($name),)* _ => None }
            }

            /// Returns the name that scenarios use, such as `session_expiry_interval`.
            pub const fn key(self) -> Option<&'static str> {
                match self.0 { $($id => Some($snake),)* _ => None }
            }
        }

        impl Property {
            /// Returns this property's identifier.
            pub const fn id(&self) -> PropertyId {
                match self { $(Self::$variant { .. } => PropertyId($id),)* }
            }
        }
    };
}

property_ids! {
    PayloadFormatIndicator PAYLOAD_FORMAT_INDICATOR = 0x01 "payload_format_indicator" "Payload Format Indicator",
    MessageExpiryInterval MESSAGE_EXPIRY_INTERVAL = 0x02 "message_expiry_interval" "Message Expiry Interval",
    ContentType CONTENT_TYPE = 0x03 "content_type" "Content Type",
    ResponseTopic RESPONSE_TOPIC = 0x08 "response_topic" "Response Topic",
    CorrelationData CORRELATION_DATA = 0x09 "correlation_data" "Correlation Data",
    SubscriptionIdentifier SUBSCRIPTION_IDENTIFIER = 0x0B "subscription_identifier" "Subscription Identifier",
    SessionExpiryInterval SESSION_EXPIRY_INTERVAL = 0x11 "session_expiry_interval" "Session Expiry Interval",
    AssignedClientIdentifier ASSIGNED_CLIENT_IDENTIFIER = 0x12 "assigned_client_identifier" "Assigned Client Identifier",
    ServerKeepAlive SERVER_KEEP_ALIVE = 0x13 "server_keep_alive" "Server Keep Alive",
    AuthenticationMethod AUTHENTICATION_METHOD = 0x15 "authentication_method" "Authentication Method",
    AuthenticationData AUTHENTICATION_DATA = 0x16 "authentication_data" "Authentication Data",
    RequestProblemInformation REQUEST_PROBLEM_INFORMATION = 0x17 "request_problem_information" "Request Problem Information",
    WillDelayInterval WILL_DELAY_INTERVAL = 0x18 "will_delay_interval" "Will Delay Interval",
    RequestResponseInformation REQUEST_RESPONSE_INFORMATION = 0x19 "request_response_information" "Request Response Information",
    ResponseInformation RESPONSE_INFORMATION = 0x1A "response_information" "Response Information",
    ServerReference SERVER_REFERENCE = 0x1C "server_reference" "Server Reference",
    ReasonString REASON_STRING = 0x1F "reason_string" "Reason String",
    ReceiveMaximum RECEIVE_MAXIMUM = 0x21 "receive_maximum" "Receive Maximum",
    TopicAliasMaximum TOPIC_ALIAS_MAXIMUM = 0x22 "topic_alias_maximum" "Topic Alias Maximum",
    TopicAlias TOPIC_ALIAS = 0x23 "topic_alias" "Topic Alias",
    MaximumQoS MAXIMUM_QOS = 0x24 "maximum_qos" "Maximum QoS",
    RetainAvailable RETAIN_AVAILABLE = 0x25 "retain_available" "Retain Available",
    UserProperty USER_PROPERTY = 0x26 "user_properties" "User Property",
    MaximumPacketSize MAXIMUM_PACKET_SIZE = 0x27 "maximum_packet_size" "Maximum Packet Size",
    WildcardSubscriptionAvailable WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28 "wildcard_subscription_available" "Wildcard Subscription Available",
    SubscriptionIdentifierAvailable SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29 "subscription_identifier_available" "Subscription Identifier Available",
    SharedSubscriptionAvailable SHARED_SUBSCRIPTION_AVAILABLE = 0x2A "shared_subscription_available" "Shared Subscription Available",
}

/// Where properties appear: in a packet, or in the Will of a CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyPlace {
    /// At the end of the variable header of a packet of this type.
    Packet(PacketType),
    /// In the payload of CONNECT, before the Will Topic.
    Will,
}

impl PropertyId {
    /// Whether the standard allows this property there, from either side. [5 RULE-2.2.2.2-1]
    pub const fn is_allowed_in(self, place: PropertyPlace) -> bool {
        let packet = match place {
            PropertyPlace::Packet(packet) => packet,
            PropertyPlace::Will => return self.is_allowed_in_will(),
        };
        match self {
            Self::PAYLOAD_FORMAT_INDICATOR
            | Self::MESSAGE_EXPIRY_INTERVAL
            | Self::CONTENT_TYPE
            | Self::RESPONSE_TOPIC
            | Self::CORRELATION_DATA
            | Self::TOPIC_ALIAS => matches!(packet, PacketType::PUBLISH),
            Self::SUBSCRIPTION_IDENTIFIER => {
                matches!(packet, PacketType::PUBLISH | PacketType::SUBSCRIBE)
            }
            Self::SESSION_EXPIRY_INTERVAL => matches!(
                packet,
                PacketType::CONNECT | PacketType::CONNACK | PacketType::DISCONNECT
            ),
            Self::ASSIGNED_CLIENT_IDENTIFIER
            | Self::SERVER_KEEP_ALIVE
            | Self::RESPONSE_INFORMATION
            | Self::MAXIMUM_QOS
            | Self::RETAIN_AVAILABLE
            | Self::WILDCARD_SUBSCRIPTION_AVAILABLE
            | Self::SUBSCRIPTION_IDENTIFIER_AVAILABLE
            | Self::SHARED_SUBSCRIPTION_AVAILABLE => matches!(packet, PacketType::CONNACK),
            Self::AUTHENTICATION_METHOD | Self::AUTHENTICATION_DATA => matches!(
                packet,
                PacketType::CONNECT | PacketType::CONNACK | PacketType::AUTH
            ),
            Self::REQUEST_PROBLEM_INFORMATION | Self::REQUEST_RESPONSE_INFORMATION => {
                matches!(packet, PacketType::CONNECT)
            }
            Self::SERVER_REFERENCE => {
                matches!(packet, PacketType::CONNACK | PacketType::DISCONNECT)
            }
            Self::REASON_STRING => matches!(
                packet,
                PacketType::CONNACK
                    | PacketType::PUBACK
                    | PacketType::PUBREC
                    | PacketType::PUBREL
                    | PacketType::PUBCOMP
                    | PacketType::SUBACK
                    | PacketType::UNSUBACK
                    | PacketType::DISCONNECT
                    | PacketType::AUTH
            ),
            Self::RECEIVE_MAXIMUM | Self::TOPIC_ALIAS_MAXIMUM | Self::MAXIMUM_PACKET_SIZE => {
                matches!(packet, PacketType::CONNECT | PacketType::CONNACK)
            }
            Self::USER_PROPERTY => !matches!(
                packet,
                PacketType::RESERVED | PacketType::PINGREQ | PacketType::PINGRESP
            ),
            _ => false,
        }
    }

    const fn is_allowed_in_will(self) -> bool {
        matches!(
            self,
            Self::PAYLOAD_FORMAT_INDICATOR
                | Self::MESSAGE_EXPIRY_INTERVAL
                | Self::CONTENT_TYPE
                | Self::RESPONSE_TOPIC
                | Self::CORRELATION_DATA
                | Self::WILL_DELAY_INTERVAL
                | Self::USER_PROPERTY
        )
    }

    /// Returns the name of the field with this property: [`PropertyId::key`], with the prefix `will_` in a Will.
    pub const fn field_in(self, place: PropertyPlace) -> Option<&'static str> {
        if matches!(place, PropertyPlace::Packet(_)) {
            return self.key();
        }
        match self {
            Self::PAYLOAD_FORMAT_INDICATOR => Some("will_payload_format_indicator"),
            Self::MESSAGE_EXPIRY_INTERVAL => Some("will_message_expiry_interval"),
            Self::CONTENT_TYPE => Some("will_content_type"),
            Self::RESPONSE_TOPIC => Some("will_response_topic"),
            Self::CORRELATION_DATA => Some("will_correlation_data"),
            Self::USER_PROPERTY => Some("will_user_properties"),
            _ => self.key(),
        }
    }
}

/// How often each property has appeared so far. Searching the list each time would be quadratic in their number, which
/// the peer chooses.
#[derive(Default)]
pub(crate) struct PropertyCounts([[usize; 16]; 3]);

impl PropertyCounts {
    pub(crate) fn of(&self, id: PropertyId) -> usize {
        let row = self.0.get(id.0 as usize / 16);
        row.map_or(0, |row| row[id.0 as usize % 16])
    }

    pub(crate) fn add(&mut self, id: PropertyId) {
        if let Some(row) = self.0.get_mut(id.0 as usize / 16) {
            row[id.0 as usize % 16] += 1;
        }
    }
}

/// The properties of one packet, in wire order. Repeated ones appear twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties(pub Vec<Property>);

impl Properties {
    /// Makes an empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there are no properties.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all properties in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }

    /// Appends a property.
    pub fn push(&mut self, property: Property) {
        self.0.push(property);
    }

    /// Returns the first property with this identifier.
    pub fn find(&self, id: PropertyId) -> Option<&Property> {
        self.0.iter().find(|p| p.id() == id)
    }

    /// Returns the User Properties in order.
    pub fn user_properties(&self) -> impl Iterator<Item = (&ByteString, &ByteString)> {
        self.0.iter().filter_map(|p| match p {
            Property::UserProperty(name, value) => Some((name, value)),
            _ => None,
        })
    }

    /// Returns the Subscription Identifiers in order.
    pub fn subscription_identifiers(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().filter_map(|p| match p {
            Property::SubscriptionIdentifier(id) => Some(*id),
            _ => None,
        })
    }
}

macro_rules! property_values {
    ($($(#[$doc:meta])* $method:ident: $variant:ident -> $type:ty,)*) => {
        impl Properties {
            $(
                $(#[$doc])*
                pub fn $method(&self) -> Option<$type> {
                    self.0.iter().find_map(|p| match p {
                        Property::$variant(value) => Some(value.clone()),
                        _ => None,
                    })
                }
            )*
        }
    };
}

property_values! {
    /// Payload Format Indicator: 0 for unspecified bytes, 1 for UTF-8 text.
    payload_format_indicator: PayloadFormatIndicator -> u8,
    /// Message Expiry Interval in seconds.
    message_expiry_interval_s: MessageExpiryInterval -> u32,
    /// A description of the payload.
    content_type: ContentType -> ByteString,
    /// Topic Name for a response.
    response_topic: ResponseTopic -> ByteString,
    /// Data to be returned with the response.
    correlation_data: CorrelationData -> Bytes,
    /// Session Expiry Interval in seconds; 0xFFFFFFFF never expires.
    session_expiry_interval_s: SessionExpiryInterval -> u32,
    /// The identifier that the server chose for the client.
    assigned_client_identifier: AssignedClientIdentifier -> ByteString,
    /// Server Keep Alive in seconds.
    server_keep_alive_s: ServerKeepAlive -> u16,
    /// Name of the method of enhanced authentication.
    authentication_method: AuthenticationMethod -> ByteString,
    /// A message of that method.
    authentication_data: AuthenticationData -> Bytes,
    /// Whether failures may have Reason Strings and User Properties. Absent means 1.
    request_problem_information: RequestProblemInformation -> u8,
    /// Will Delay Interval in seconds.
    will_delay_interval_s: WillDelayInterval -> u32,
    /// Whether the client wants Response Information. Absent means 0.
    request_response_information: RequestResponseInformation -> u8,
    /// A text from which the client can make Response Topics.
    response_information: ResponseInformation -> ByteString,
    /// Another server to use.
    server_reference: ServerReference -> ByteString,
    /// A diagnostic for humans.
    reason_string: ReasonString -> ByteString,
    /// Receive Maximum. Absent means 65,535.
    receive_maximum: ReceiveMaximum -> u16,
    /// Topic Alias Maximum. Absent means 0: no Topic Alias is accepted.
    topic_alias_maximum: TopicAliasMaximum -> u16,
    /// The number that replaces the Topic Name.
    topic_alias: TopicAlias -> u16,
    /// Maximum QoS. Absent means 2.
    maximum_qos: MaximumQoS -> u8,
    /// Whether retained messages are supported. Absent means 1.
    retain_available: RetainAvailable -> u8,
    /// Maximum Packet Size in bytes, for the whole packet with its fixed header.
    maximum_packet_size: MaximumPacketSize -> u32,
    /// Whether wildcard subscriptions are supported. Absent means 1.
    wildcard_subscription_available: WildcardSubscriptionAvailable -> u8,
    /// Whether Subscription Identifiers are supported. Absent means 1.
    subscription_identifier_available: SubscriptionIdentifierAvailable -> u8,
    /// Whether shared subscriptions are supported. Absent means 1.
    shared_subscription_available: SharedSubscriptionAvailable -> u8,
}

impl FromIterator<Property> for Properties {
    fn from_iter<I: IntoIterator<Item = Property>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Properties {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
