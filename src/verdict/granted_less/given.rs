//! Reads from the record what a server granted that differs from the request, as the standard permits.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    ConnAck, Connect, Packet, PacketId, PacketType, ProtocolVersion, Publish, QoS, ReasonCode,
    Sender, SubAck, topic,
};

use super::unanswered;
use crate::scenario::model::Settings;
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// Something that was granted differently from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LesserGrant {
    /// The reason, in words, why a case was not exercised.
    pub(super) why: String,
    /// The connection and the packet that granted it.
    pub(super) lane: LaneIndex,
    pub(super) at: EventIndex,
    pub(super) what: Grant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// `place` is the index of the filter in the SUBSCRIBE.
    Subscription {
        filter: ByteString,
        place: usize,
        asked: u8,
        granted: Granted,
    },
    /// How long a session outlives its connection, in seconds.
    Session { asked_s: u32, granted_s: u32 },
    /// A message that the server refuses, or that no acknowledgement clearly accepts or refuses. The latter is a
    /// separate finding.
    Message {
        topic: ByteString,
        payload: Bytes,
        fate: MessageFate,
    },
}

impl Grant {
    pub(super) fn message(publish: &Publish, fate: MessageFate) -> Self {
        Self::Message {
            topic: publish.topic.clone(),
            payload: publish.payload.clone(),
            fate,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageFate {
    Refused,
    /// The acknowledgement has an invalid reason code.
    Unread,
    /// No acknowledgement was received.
    Unanswered,
}

/// What became of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granted {
    Refused,
    /// Granted with this QoS, which is lower than the requested one.
    Lower(u8),
    /// The SUBACK is wrong, which is a separate finding. What became of the subscription is unknown.
    Unknown,
}

/// What a connection has requested so far.
#[derive(Default)]
pub(super) struct Asked {
    /// The position and the filters, each with its QoS, of every SUBSCRIBE without a SUBACK.
    pub(super) filters: BTreeMap<PacketId, (EventIndex, Vec<(ByteString, u8)>)>,
    /// SUBACKs with an identifier that no unanswered SUBSCRIBE had. Each may answer any SUBSCRIBE before it.
    pub(super) strays: Vec<EventIndex>,
    /// The messages of QoS 1 and 2, by the last use of each identifier.
    messages: BTreeMap<PacketId, Publish>,
    /// The identifiers of messages whose exchange is not complete.
    open: BTreeSet<PacketId>,
    /// Identifiers that a client used again before that, or with DUP 1.
    again: BTreeSet<PacketId>,
    /// The Receive Maximum that the server announced, if any.
    receive_maximum: Option<u16>,
    session_expiry_s: u32,
}

/// Returns every lesser grant, in order. Leaves out what the settings of the case make the broker do, because that is
/// what the case is about.
pub(super) fn granted_less(transcript: &Transcript, settings: &Settings) -> Vec<LesserGrant> {
    let mut asked: BTreeMap<LaneIndex, Asked> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, event) in transcript.events.iter().enumerate() {
        let asked = asked.entry(event.lane).or_default();
        let grants = match &event.what {
            What::Sent {
                packet: Some(packet),
                ..
            } => {
                ask(asked, packet, EventIndex(index));
                continue;
            }
            What::Received {
                packet: Ok(packet), ..
            } => match packet {
                Packet::SubAck(suback) if !asked.filters.contains_key(&suback.packet_id) => {
                    asked.strays.push(EventIndex(index));
                    continue;
                }
                Packet::SubAck(suback) => {
                    let version = transcript.lanes[event.lane.0].version;
                    subscriptions(asked, suback, version, settings)
                }
                Packet::PubAck(ack) | Packet::PubRec(ack) => {
                    let of = (packet.packet_type(), ack.packet_id);
                    let grants = messages(asked, of, ack.reason, settings);
                    if of.0 == PacketType::PUBACK || !ack.reason.is_success() {
                        asked.open.remove(&ack.packet_id);
                    }
                    grants
                }
                Packet::PubComp(ack) => {
                    asked.open.remove(&ack.packet_id);
                    continue;
                }
                Packet::ConnAck(connack) => {
                    asked.receive_maximum = connack.properties.receive_maximum();
                    let session = session(asked, connack);
                    let is_free = settings.maximum_session_expiry.is_none();
                    session.filter(|_| is_free).into_iter().collect()
                }
                _ => continue,
            },
            What::Received {
                frame,
                packet: Err(_),
                ..
            } if frame.packet_type() == PacketType::SUBACK => unread(asked),
            _ => continue,
        };
        all.extend(grants.into_iter().map(|(why, what)| LesserGrant {
            why,
            lane: event.lane,
            at: EventIndex(index),
            what,
        }));
    }
    all.extend(unanswered::subscriptions(transcript, asked));
    all.extend(unanswered::messages(transcript));
    all
}

fn ask(asked: &mut Asked, packet: &Packet, at: EventIndex) {
    match packet {
        Packet::Connect(connect) => asked.session_expiry_s = session_expiry_s(connect),
        Packet::Subscribe(subscribe) => {
            let each = subscribe.subscriptions.iter();
            let filters = each.map(|s| (s.filter.clone(), s.options.qos.as_u8()));
            let filters = filters.collect();
            asked.filters.insert(subscribe.packet_id, (at, filters));
        }
        Packet::Publish(publish) => {
            if let Some(id) = publish.packet_id {
                asked.messages.insert(id, publish.clone());
                let is_open = !asked.open.insert(id);
                if is_open || publish.dup {
                    asked.again.insert(id);
                }
            }
        }
        _ => {}
    }
}

fn session_expiry_s(connect: &Connect) -> u32 {
    connect.properties.session_expiry_interval_s().unwrap_or(0)
}

fn subscriptions(
    asked: &mut Asked,
    suback: &SubAck,
    version: ProtocolVersion,
    settings: &Settings,
) -> Vec<(String, Grant)> {
    let Some((_, filters)) = asked.filters.remove(&suback.packet_id) else {
        return Vec::new();
    };
    if filters.len() != suback.reasons.len() {
        return unknown(filters, MALFORMED).collect();
    }
    let each = filters.into_iter().zip(&suback.reasons).enumerate();
    each.filter_map(|(place, ((filter, asked), code))| {
        let is_known = code.is_success() && code.0 <= 2 || is_refusal(*code, version);
        let (why, granted) = if !is_known {
            // A wrong code is a separate finding. What was granted is unknown.
            let code = code.0;
            (
                format!("the server answered a subscription with 0x{code:02X}"),
                Granted::Unknown,
            )
        } else if may_refuse(*code, &filter, version, settings) {
            let code = code.0;
            (
                format!("the server refused a subscription with 0x{code:02X}"),
                Granted::Refused,
            )
        } else if code.0 < asked.min(settings.maximum_qos.map_or(2, QoS::as_u8)) {
            let granted = code.0;
            (
                format!("the server granted QoS {granted} instead of {asked}"),
                Granted::Lower(granted),
            )
        } else {
            return None;
        };
        Some((
            why,
            Grant::Subscription {
                filter,
                place,
                asked,
                granted,
            },
        ))
    })
    .collect()
}

/// Returns whether a SUBACK of this version may refuse with this code.
fn is_refusal(code: ReasonCode, version: ProtocolVersion) -> bool {
    match version {
        ProtocolVersion::V5 => matches!(
            code.0,
            0x80 | 0x83 | 0x87 | 0x8F | 0x91 | 0x97 | 0x9E | 0xA1 | 0xA2
        ),
        _ => code == ReasonCode::UNSPECIFIED_ERROR,
    }
}

/// Returns the grants of a malformed SUBACK, all of them unknown. The SUBACK is a separate finding.
fn unread(asked: &mut Asked) -> Vec<(String, Grant)> {
    let all = std::mem::take(&mut asked.filters).into_values();
    all.flat_map(|(_, filters)| unknown(filters, MALFORMED))
        .collect()
}

const MALFORMED: &str = "the server answered a SUBSCRIBE with a malformed SUBACK";

/// Returns the subscriptions of a SUBSCRIBE whose SUBACK does not state what became of them.
pub(super) fn unknown(
    filters: Vec<(ByteString, u8)>,
    why: &str,
) -> impl Iterator<Item = (String, Grant)> {
    let each = filters.into_iter().enumerate();
    each.map(|(place, (filter, asked))| {
        (
            why.to_owned(),
            Grant::Subscription {
                filter,
                place,
                asked,
                granted: Granted::Unknown,
            },
        )
    })
}

/// Returns whether a server is free to refuse this subscription with this code. An ill-formed filter has a case of its
/// own, which expects the refusal.
fn may_refuse(
    code: ReasonCode,
    filter: &ByteString,
    version: ProtocolVersion,
    settings: &Settings,
) -> bool {
    let is_5 = version == ProtocolVersion::V5;
    let is_about_access = settings.access.is_some();
    let is_about_limits = settings.maximum_qos.is_some()
        || settings.maximum_subscriptions.is_some()
        || settings.maximum_topic_levels.is_some();
    match code {
        // 3.1.1 has only one failure code.
        ReasonCode::UNSPECIFIED_ERROR => !is_about_access && !is_about_limits,
        _ if !is_5 => false,
        ReasonCode::NOT_AUTHORIZED => !is_about_access,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR | ReasonCode::QUOTA_EXCEEDED => {
            !is_about_access && !is_about_limits
        }
        // The filter is well formed, but not allowed for this client. [5 table 3-8]
        ReasonCode::TOPIC_FILTER_INVALID => {
            !is_about_access && !is_about_limits && topic::check_filter(filter, version).is_ok()
        }
        _ => false,
    }
}

/// Returns the messages that the server refuses with this code, if it is free to do so. Any other code may be about the
/// very thing that a case tests. If no message has the identifier of the answer, any of them may be meant.
fn messages(
    asked: &Asked,
    (packet, id): (PacketType, PacketId),
    reason: ReasonCode,
    settings: &Settings,
) -> Vec<(String, Grant)> {
    let is_known = reason.is_allowed_in(packet, ProtocolVersion::V5, Sender::Server);
    let is_in_quota = {
        let maximum = asked.receive_maximum.map_or(usize::MAX, usize::from);
        asked.open.len() <= maximum && !limits_messages(settings)
    };
    let why = match reason {
        _ if !is_known => "the server answered a message with",
        ReasonCode::NOT_AUTHORIZED if settings.access.is_none() => {
            "the server did not allow a message to be published,"
        }
        // The server does not say why, is unwilling, or rejects a topic that is well formed. [5 table 3-4]
        ReasonCode::UNSPECIFIED_ERROR
        | ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR
        | ReasonCode::TOPIC_NAME_INVALID
            if !is_about_messages(settings) =>
        {
            "the server did not accept a message,"
        }
        ReasonCode::QUOTA_EXCEEDED if is_in_quota => "the server had no room for a message,",
        ReasonCode::PACKET_IDENTIFIER_IN_USE if !asked.again.contains(&id) => {
            "the server still used the packet identifier of a message,"
        }
        _ => return Vec::new(),
    };
    let why = format!("{why} 0x{:02X}", reason.0);
    let taken = match is_known {
        true => MessageFate::Refused,
        false => MessageFate::Unread,
    };
    let is_it = |of: &PacketId| *of == id || !asked.messages.contains_key(&id);
    let messages = asked.messages.iter().filter(|(of, _)| is_it(of));
    messages
        .map(|(_, publish)| (why.clone(), Grant::message(publish, taken)))
        .collect()
}

/// Returns whether a case is about how many messages a server keeps.
const fn limits_messages(settings: &Settings) -> bool {
    settings.maximum_retained_messages.is_some() || settings.maximum_retained_bytes.is_some()
}

/// Returns whether a case is about which messages a server accepts.
const fn is_about_messages(settings: &Settings) -> bool {
    settings.access.is_some()
        || settings.maximum_topic_levels.is_some()
        || settings.dollar_topics.is_some()
        || settings.check_payload_format.is_some()
        || limits_messages(settings)
}

/// Returns the session expiry if it differs from the request. Only version 5 has the property.
fn session(asked: &Asked, connack: &ConnAck) -> Option<(String, Grant)> {
    let asked_s = asked.session_expiry_s;
    let granted_s = connack.properties.session_expiry_interval_s()?;
    // A longer session also differs from the request.
    (granted_s != asked_s).then(|| {
        (
            format!("the server keeps a session for {granted_s} s instead of {asked_s} s"),
            Grant::Session { asked_s, granted_s },
        )
    })
}
