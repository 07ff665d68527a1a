//! What a server granted otherwise than requested, as it may, taken from the record.

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

/// One thing that was given otherwise than asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LesserGrant {
    /// In words, as the reason of a case that was not exercised.
    pub(super) why: String,
    /// Where and by which packet.
    pub(super) lane: LaneIndex,
    pub(super) at: EventIndex,
    pub(super) what: Grant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// `place` counts the filters of the SUBSCRIBE.
    Subscription {
        filter: ByteString,
        place: usize,
        asked: u8,
        granted: Granted,
    },
    /// How long a session lives after its connection, in seconds.
    Session { asked_s: u32, granted_s: u32 },
    /// A message that the server does not take, or of which no acknowledgement says whether it does: a fault of its own.
    Message {
        topic: ByteString,
        payload: Bytes,
        taken: Taken,
    },
}

impl Grant {
    pub(super) fn message(publish: &Publish, taken: Taken) -> Self {
        Self::Message {
            topic: publish.topic.clone(),
            payload: publish.payload.clone(),
            taken,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Refused,
    /// The acknowledgement has a code that says nothing.
    Unread,
    /// No acknowledgement was received.
    Unanswered,
}

/// What became of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granted {
    Refused,
    /// With this QoS, lower than the one that was asked for.
    Lower(u8),
    /// The SUBACK is wrong, which is a fault of its own: anything may have become of it.
    Unknown,
}

/// What a connection asked for so far.
#[derive(Default)]
pub(super) struct Asked {
    /// Where each SUBSCRIBE stands that has no SUBACK yet, and its filters with the QoS of each.
    pub(super) filters: BTreeMap<PacketId, (EventIndex, Vec<(ByteString, u8)>)>,
    /// SUBACKs with an identifier that no SUBSCRIBE without one had: any may be an answer to those before it.
    pub(super) strays: Vec<EventIndex>,
    /// The messages of QoS 1 and 2, by their last use of each identifier.
    messages: BTreeMap<PacketId, Publish>,
    /// Identifiers of those whose exchange is not over.
    open: BTreeSet<PacketId>,
    /// Identifiers that a client used again before that, or for what it sent again.
    again: BTreeSet<PacketId>,
    /// What the server announced, if anything.
    receive_maximum: Option<u16>,
    session_expiry_s: u32,
}

/// Everything that was given otherwise than asked for, in order. What a case makes the broker do by its settings is
/// what it is about.
pub(super) fn granted_less(transcript: &Transcript, settings: &Settings) -> Vec<LesserGrant> {
    let mut asked: BTreeMap<LaneIndex, Asked> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, event) in transcript.events.iter().enumerate() {
        let asked = asked.entry(event.lane).or_default();
        let given = match &event.what {
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
                    let given = messages(asked, of, ack.reason, settings);
                    if of.0 == PacketType::PUBACK || !ack.reason.is_success() {
                        asked.open.remove(&ack.packet_id);
                    }
                    given
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
        all.extend(given.into_iter().map(|(why, what)| LesserGrant {
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
            // A fault of its own; what was granted is not known.
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

/// Whether a SUBACK of this version may refuse with this code.
fn is_refusal(code: ReasonCode, version: ProtocolVersion) -> bool {
    match version {
        ProtocolVersion::V5 => matches!(
            code.0,
            0x80 | 0x83 | 0x87 | 0x8F | 0x91 | 0x97 | 0x9E | 0xA1 | 0xA2
        ),
        _ => code == ReasonCode::UNSPECIFIED_ERROR,
    }
}

/// What was granted by a SUBACK that cannot be read is not known. It is a fault of its own.
fn unread(asked: &mut Asked) -> Vec<(String, Grant)> {
    let all = std::mem::take(&mut asked.filters).into_values();
    all.flat_map(|(_, filters)| unknown(filters, MALFORMED))
        .collect()
}

const MALFORMED: &str = "the server answered a subscription with a malformed SUBACK";

/// The subscriptions of a SUBSCRIBE whose SUBACK does not say what became of them.
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

/// Whether a code refuses this subscription in a way that nothing could be held against. A filter that is ill-formed has a
/// case of its own, which expects that it is refused.
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
        // In 3.1.1 there is one code of failure.
        ReasonCode::UNSPECIFIED_ERROR => !is_about_access && !is_about_limits,
        _ if !is_5 => false,
        ReasonCode::NOT_AUTHORIZED => !is_about_access,
        ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR | ReasonCode::QUOTA_EXCEEDED => {
            !is_about_access && !is_about_limits
        }
        // Well formed, but not allowed for this client. [5 table 3-8]
        ReasonCode::TOPIC_FILTER_INVALID => {
            !is_about_access && !is_about_limits && topic::check_filter(filter, version).is_ok()
        }
        _ => false,
    }
}

/// A message that the server does not take. Any other code may be about the very thing that a case is about. Where the answer
/// has an identifier that no message had, it may be any of them.
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
        // It does not say why, is not willing, or does not take the topic, well formed as it is. [5 table 3-4]
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
        true => Taken::Refused,
        false => Taken::Unread,
    };
    let is_it = |of: &PacketId| *of == id || !asked.messages.contains_key(&id);
    let messages = asked.messages.iter().filter(|(of, _)| is_it(of));
    messages
        .map(|(_, publish)| (why.clone(), Grant::message(publish, taken)))
        .collect()
}

/// Whether a case is about how many messages a server keeps.
const fn limits_messages(settings: &Settings) -> bool {
    settings.maximum_retained_messages.is_some() || settings.maximum_retained_bytes.is_some()
}

/// Whether a case is about which messages a server accepts.
const fn is_about_messages(settings: &Settings) -> bool {
    settings.access.is_some()
        || settings.maximum_topic_levels.is_some()
        || settings.dollar_topics.is_some()
        || settings.check_payload_format.is_some()
        || limits_messages(settings)
}

/// Only version 5 has the property.
fn session(asked: &Asked, connack: &ConnAck) -> Option<(String, Grant)> {
    let asked_s = asked.session_expiry_s;
    let granted_s = connack.properties.session_expiry_interval_s()?;
    // A longer time is no more what was asked for than a shorter one.
    (granted_s != asked_s).then(|| {
        (
            format!("the server keeps a session for {granted_s} s instead of {asked_s} s"),
            Grant::Session { asked_s, granted_s },
        )
    })
}
