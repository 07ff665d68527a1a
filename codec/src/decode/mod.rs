//! Strict decoding: what a packet means, or what is wrong with it, where, and by which clause.
//!
//! What is judged here is what the bytes of one packet show by themselves, whoever sent it, and makes the
//! whole packet wrong. What is not:
//! - *Topic Filters* may be empty or ill-formed: SUBACK and UNSUBACK answer them one by one . Topic Names (PUBLISH, Will, Response Topic) are judged: a wildcard in one is
//!   malformed, an empty one too, unless a Topic Alias stands in for it.
//! - *Reason codes* survive whatever they are; [`ReasonCode::is_allowed_in`] knows the tables.
//! - *Direction and state*: a Subscription Identifier in a client's PUBLISH, a second CONNECT, a Topic Alias
//!   above the maximum, Session Present beside a refusal.
//! - What the standard lists without naming a reaction: a Payload Format Indicator above 1, and a Payload
//!   Format Indicator or Message Expiry Interval that stands twice in a PUBLISH (the sections of the Will
//!   forbid that, those of PUBLISH are silent): both values are kept.
//! - Control characters and Unicode non-characters in strings, which a receiver may take.
//!
//! 3.1 is read by the rules of 3.1.1, except where it says otherwise: DUP may be set on PUBREL, SUBSCRIBE and
//! UNSUBSCRIBE; Will QoS and Will Retain count for nothing without a Will; User Name and Password may be
//! missing though their flags are set.

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
    /// The field that is wrong, as scenarios name it: `topic`, `remaining_length`, `receive_maximum`.
    pub field: &'static str,
    /// Where it begins, in bytes from the start of the frame.
    pub offset: usize,
    /// What is wrong, as a lowercase fragment.
    pub problem: String,
    /// The clause that says so, where one does.
    pub clause: Option<Clause>,
    /// What a version 5 peer may answer: 0x81, 0x82, 0x84 or a more special code.
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
    /// Whether this is a CONNECT of a protocol or version that this crate does not speak, which a server may
    /// answer (3.1.1: CONNACK 0x01, 5: CONNACK 0x84), rather than a malformed one.
    pub fn is_unsupported_version(&self) -> bool {
        self.reason == ReasonCode::UNSUPPORTED_PROTOCOL_VERSION
    }

    /// The same error, known to be a server's. In version 5 other clauses forbid its Packet Identifier 0 and the
    /// reserved flags of its DISCONNECT.
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
    /// Decodes one whole frame. `version` is that of the connection; CONNECT carries its own, which rules.
    ///
    /// # Errors
    /// The first thing that is wrong, in wire order.
    pub fn decode(frame: &Frame, version: ProtocolVersion) -> Result<Self, DecodeError> {
        decode(&mut Reader::new(frame, version, None))
    }

    /// Decodes a CONNACK as far as its meaning is clear, so that a connection can be used whose broker breaks a rule in
    /// it; and everything that is wrong with it, in wire order. A property that may not stand there, that has a wrong
    /// value or that stands there before counts as absent. Any other packet is decoded as [`Self::decode`] does it.
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

    /// Decodes one whole frame, and says where each field stands: also, up to the fault, of one that is wrong.
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

/// The Remaining Length as it was read: that of a CONNECT is judged once its version is known.
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
        // 3.1 does not use the flags of these packets, and says nothing of their value.
        ProtocolVersion::V3_1 if expected == 0 => 0,
        // It has DUP on the others.
        ProtocolVersion::V3_1 => flags & 0b0111,
        _ => flags,
    };
    if flags_that_count == expected {
        return Ok(());
    }
    let problem = format!("are {flags:04b}, but {packet} has {expected:04b}");
    Err(reader.error("flags", 0, rule, problem))
}
