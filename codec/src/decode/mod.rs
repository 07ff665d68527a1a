//! Strict decoding: what a packet means, or what is wrong with it, where, and by which clause.
//!
//! The decoder checks only what can be seen in the bytes of one packet, regardless of the sender, and reports only
//! errors that make the whole packet malformed. It does not check:
//! - *Topic Filters*, which may be empty or ill-formed: SUBACK and UNSUBACK answer them one by one. Topic Names
//!   (PUBLISH, Will, Response Topic) are checked: one with a wildcard is malformed, and so is an empty one unless a
//!   Topic Alias replaces it.
//! - *Reason codes*: every value is kept. [`ReasonCode::is_allowed_in`] knows the tables.
//! - *Direction and state*: a Subscription Identifier in a client's PUBLISH, a second CONNECT, a Topic Alias above the
//!   maximum, Session Present with a refusal.
//! - Values for which the standard specifies no reaction: a Payload Format Indicator above 1, and a Payload Format
//!   Indicator or Message Expiry Interval that appears twice in a PUBLISH, where both values are kept. (The sections on
//!   the Will forbid that, those on PUBLISH do not mention it.)
//! - Control characters and Unicode non-characters in strings, which a receiver may accept.
//!
//! 3.1 is read by the rules of 3.1.1, with these exceptions: DUP may be set on PUBREL, SUBSCRIBE and UNSUBSCRIBE; other
//! unused flags may have any value; Will QoS and Will Retain are ignored without a Will; User Name and Password may be
//! missing although their flags are set.

mod acknowledgement;
mod connect;
mod properties;
mod publish;
mod reader;
mod rules;
mod subscribe;

use thiserror::Error;

use crate::{Clause, FieldSpan, Frame, Packet, PacketType, ProtocolVersion, ReasonCode};
use reader::Reader;
use rules::Rule;

pub(crate) use rules::cited_clauses;

/// Why a frame is not a packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{packet}: {field} at byte {offset}: {problem}{}", ClauseSuffix(*.clause))]
pub struct DecodeError {
    /// The type in the fixed header.
    pub packet: PacketType,
    /// The wrong field, as scenarios name it: `topic`, `remaining_length`, `receive_maximum`.
    pub field: &'static str,
    /// The beginning of the field, in bytes from the start of the frame.
    pub offset: usize,
    /// What is wrong, as a lowercase fragment.
    pub problem: String,
    /// The clause that the packet breaks, if there is one.
    pub clause: Option<Clause>,
    /// The code with which a version 5 peer may answer: 0x81, 0x82, 0x84 or a more specific one.
    pub reason: ReasonCode,
}

struct ClauseSuffix(Option<Clause>);

impl std::fmt::Display for ClauseSuffix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(clause) => write!(f, " {clause}"),
            None => Ok(()),
        }
    }
}

impl DecodeError {
    /// Whether this is a CONNECT of a protocol or version that this crate does not support, rather than a malformed
    /// one. A server may answer it (3.1.1: CONNACK 0x01, 5: CONNACK 0x84).
    pub fn is_unsupported_version(&self) -> bool {
        self.reason == ReasonCode::UNSUPPORTED_PROTOCOL_VERSION
    }

    /// Whether the packet has Packet Identifier 0.
    pub fn is_identifier_0(&self) -> bool {
        self.field == "packet_id" && self.problem == reader::IDENTIFIER_0
    }

    /// Returns the same error for a packet that a server sent. In version 5 other clauses forbid a server's Packet
    /// Identifier 0 and the reserved flags of its DISCONNECT.
    #[must_use]
    pub fn sent_by_server(self) -> Self {
        let of_server = [
            (
                PacketType::PUBLISH,
                rules::PACKET_ID_CLIENT,
                rules::PACKET_ID_SERVER,
            ),
            (
                PacketType::DISCONNECT,
                rules::FLAGS_DISCONNECT,
                rules::FLAGS,
            ),
        ];
        let version = ProtocolVersion::V5;
        let row = of_server.into_iter().find(|(packet, rule, _)| {
            *packet == self.packet && self.clause == rule.clause(version)
        });
        let clause = row.map_or(self.clause, |(_, _, servers)| servers.clause(version));
        Self { clause, ..self }
    }
}

impl Packet {
    /// Decodes one whole frame. `version` is the version of the connection. A CONNECT is decoded by the version that it
    /// names.
    ///
    /// # Errors
    /// Returns the first error in wire order.
    pub fn decode(frame: &Frame, version: ProtocolVersion) -> Result<Self, DecodeError> {
        decode(&mut Reader::new(frame, version, None))
    }

    /// Decodes a CONNACK as far as its meaning is clear, so that a connection can be used although the broker breaks a
    /// rule in this packet. Also returns everything that is wrong with it, in wire order. A property counts as absent
    /// if it is not allowed there, has a wrong value or is a repetition. Any other packet is decoded as by
    /// [`Self::decode`].
    pub fn decode_leniently(
        frame: &Frame,
        version: ProtocolVersion,
    ) -> (Result<Self, DecodeError>, Vec<DecodeError>) {
        if frame.packet_type() != PacketType::CONNACK {
            return (Self::decode(frame, version), Vec::new());
        }
        let mut reader = Reader::new(frame, version, None).leniently();
        let result = decode(&mut reader);
        (result, reader.into_faults())
    }

    /// Decodes one whole frame and returns the position of each field. If the frame is wrong, these are the fields up
    /// to the error.
    pub fn decode_with_layout(
        frame: &Frame,
        version: ProtocolVersion,
    ) -> (Result<Self, DecodeError>, Vec<FieldSpan>) {
        let mut spans = Vec::new();
        let result = decode(&mut Reader::new(frame, version, Some(&mut spans)));
        (result, spans)
    }
}

fn decode(reader: &mut Reader<'_>) -> Result<Packet, DecodeError> {
    let header = reader.u8("fixed_header")?;
    let (packet, flags) = (PacketType(header >> 4), header & 0x0F);
    check_type(reader, packet)?;
    if let Err(error) = check_flags(reader, packet, flags) {
        reader.fault(error)?;
    }
    let (length, minimal) = reader.length("remaining_length".into())?;
    let length = RemainingLength { length, minimal };
    if packet != PacketType::CONNECT
        && let Err(error) = length.check(reader)
    {
        reader.fault(error)?;
    }
    let decoded = match packet {
        PacketType::CONNECT => connect::connect(reader, length)?,
        PacketType::CONNACK => connect::connack(reader)?,
        PacketType::PUBLISH => publish::publish(reader, flags)?,
        PacketType::PUBACK => Packet::PubAck(acknowledgement::ack(reader, packet)?),
        PacketType::PUBREC => Packet::PubRec(acknowledgement::ack(reader, packet)?),
        PacketType::PUBREL => Packet::PubRel(acknowledgement::ack(reader, packet)?),
        PacketType::PUBCOMP => Packet::PubComp(acknowledgement::ack(reader, packet)?),
        PacketType::SUBSCRIBE => subscribe::subscribe(reader)?,
        PacketType::SUBACK => subscribe::suback(reader)?,
        PacketType::UNSUBSCRIBE => subscribe::unsubscribe(reader)?,
        PacketType::UNSUBACK => subscribe::unsuback(reader)?,
        PacketType::PINGREQ => Packet::PingReq,
        PacketType::PINGRESP => Packet::PingResp,
        PacketType::DISCONNECT => acknowledgement::disconnect(reader)?,
        _ => acknowledgement::auth(reader)?,
    };
    reader.finish()?;
    Ok(decoded)
}

/// The Remaining Length as read. That of a CONNECT is checked once the version is known.
#[derive(Clone, Copy)]
struct RemainingLength {
    length: u32,
    minimal: bool,
}

impl RemainingLength {
    fn check(self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        if self.minimal || reader.version != ProtocolVersion::V5 {
            return Ok(());
        }
        Err(reader.not_minimal("remaining_length", 1, self.length))
    }
}

fn check_type(reader: &Reader<'_>, packet: PacketType) -> Result<(), DecodeError> {
    let problem = match packet {
        PacketType::RESERVED => "0 is forbidden",
        PacketType::AUTH if reader.version != ProtocolVersion::V5 => "15 is forbidden before 5",
        _ => return Ok(()),
    };
    Err(reader.error("packet_type", 0, rules::STRUCTURE, problem))
}

fn check_flags(reader: &Reader<'_>, packet: PacketType, flags: u8) -> Result<(), DecodeError> {
    let (expected, rule): (u8, Rule) = match packet {
        PacketType::PUBLISH => return Ok(()),
        PacketType::PUBREL => (0b0010, rules::FLAGS_PUBREL),
        PacketType::SUBSCRIBE => (0b0010, rules::FLAGS_SUBSCRIBE),
        PacketType::UNSUBSCRIBE => (0b0010, rules::FLAGS_UNSUBSCRIBE),
        PacketType::DISCONNECT => (0, rules::FLAGS_DISCONNECT),
        PacketType::AUTH => (0, rules::FLAGS_AUTH),
        _ => (0, rules::FLAGS),
    };
    let flags_that_count = match reader.version {
        // 3.1 does not use the flags of these packets and does not specify their value.
        ProtocolVersion::V3_1 if expected == 0 => 0,
        // On the others it has DUP.
        ProtocolVersion::V3_1 => flags & 0b0111,
        _ => flags,
    };
    if flags_that_count == expected {
        return Ok(());
    }
    let problem = format!("are {flags:04b}, but {packet} has {expected:04b}");
    Err(reader.error("flags", 0, rule, problem))
}
