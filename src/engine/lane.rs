//! One connection of one client: its transport, bytes in both directions, and what a client does automatically.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroU16;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;
use mqtt_check_codec::{
    Ack, DecodeError, Frame, FrameError, Packet, PacketId, PacketType, Properties, ProtocolVersion,
    Publish, QoS, ReasonCode,
};
use mqtt_check_websocket::{Control, Cut, Fault, Frame as WebSocketFrame, Opcode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use incoming::Incoming;

use super::build::Surroundings;
use super::shortened::shorten;
use crate::matcher::Memory;
use crate::scenario::model::ClientIndex;
use crate::transcript::Ending;
use crate::transport::Stream;

mod incoming;

/// The largest packet that is read, in bytes. The player adds twice what the play has sent. Nothing larger should come
/// back from a broker.
pub(super) const LARGEST_PACKET: usize = 1024 * 1024;
/// How many packets are decoded in one go.
const PACKETS: usize = 256;
/// Longer writes are not cut into single bytes. That would take forever and show nothing new.
const CUT_UP_TO: usize = 4 * 1024;
/// How much is read at once, in bytes.
const CHUNK: usize = 8 * 1024;
/// How many reads are done in one go, so that a connection with endless data does not block others.
const CHUNKS: usize = 8;

/// One connection.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) version: ProtocolVersion,
    /// Whether PUBLISH and PUBREL are acknowledged automatically.
    pub(super) auto_ack: bool,
    /// `None` once both directions have ended.
    stream: Option<Stream>,
    inbound: Incoming,
    outbound: BytesMut,
    /// Frames that are sent unchanged once `outbound` is empty.
    frames: VecDeque<WebSocketFrame>,
    /// Whether the sending side is to be shut down once `outbound` is empty.
    finishing: bool,
    finished: bool,
    /// Whether the transport has bytes that it has not sent yet.
    unsent: bool,
    /// Whether nothing more can be read.
    read_closed: bool,
    /// Whether the received bytes can no longer be split into packets. They are read and discarded.
    undecodable: bool,
    next_packet_id: PacketId,
    /// The identifiers that were sent and are not acknowledged yet.
    in_use: BTreeSet<PacketId>,
    /// The topics of the aliases that the broker has set.
    aliases: BTreeMap<u16, ByteString>,
    /// Whether a successful CONNACK was received.
    pub(super) accepted: bool,
    /// Whether bytes are sent one at a time.
    pub(super) cuts: bool,
    /// Whether the Keep Alive is under test.
    pub(super) timed: bool,
    /// The Keep Alive of the connection, in seconds. 0 turns it off.
    pub(super) keep_alive_s: u16,
    /// When the last whole packet was sent. `None` if the last bytes may be only a part of a packet.
    pub(super) last_packet: Option<Instant>,
    /// How many PINGRESPs to our own pings have not been received yet.
    pub(super) own_pings: u32,
    /// The Packet Identifier of the last packet that a step has taken.
    pub(super) last_taken_id: Option<u16>,
    /// The Packet Identifier that the current step has sent.
    pub(super) sent_id: Option<u16>,
    /// Whether nothing has been sent yet.
    pub(super) fresh: bool,
    /// Whether a packet has been received.
    pub(super) has_first_packet: bool,
    /// Whether the broker's frames broke a rule and we ended the connection.
    pub(super) faulted: bool,
    /// The largest packet that is read, in bytes.
    pub(super) largest: usize,
    /// How many bytes were queued for sending in total.
    pub(super) sent: usize,
    /// Whether the broker has not answered a ping of ours for as long as a step waits.
    pub(super) answers_no_ping: bool,
    /// Whether the broker has not read what was queued for as long as a step waits.
    pub(super) reads_nothing: bool,
}

/// Something that was read.
#[derive(Debug)]
pub(super) enum Inbound {
    Packet {
        frame: Frame,
        packet: Box<Result<Packet, DecodeError>>,
        /// The errors that lenient decoding ignored.
        faults: Vec<DecodeError>,
        /// The topic behind an alias.
        topic: Option<ByteString>,
        /// The type of the WebSocket message that carried the packet.
        carried_in: Option<Opcode>,
        automatic: bool,
        /// What the driver answers automatically.
        answer: Option<Packet>,
        /// How many User Properties were removed from the packet.
        left_out: usize,
    },
    /// The PINGRESP to a ping of our own.
    OwnPong,
    Garbage {
        bytes: Bytes,
        error: FrameError,
    },
    Truncated {
        bytes: Bytes,
    },
    /// A WebSocket control frame.
    Control(Control),
    /// WebSocket frames that no peer may send. We end the connection.
    Fault {
        fault: Fault,
        bytes: Bytes,
    },
    Ended(Ending),
}

impl Lane {
    pub(super) fn new(
        version: ProtocolVersion,
        auto_ack: bool,
        mut stream: Option<Stream>,
    ) -> Self {
        if let Some(frames) = stream.as_mut().and_then(Stream::websocket) {
            frames.keep_controls();
        }
        Self {
            version,
            auto_ack,
            stream,
            inbound: Incoming::default(),
            outbound: BytesMut::new(),
            frames: VecDeque::new(),
            finishing: false,
            finished: false,
            unsent: false,
            read_closed: false,
            undecodable: false,
            next_packet_id: NonZeroU16::MIN,
            in_use: BTreeSet::new(),
            aliases: BTreeMap::new(),
            accepted: false,
            cuts: false,
            timed: false,
            keep_alive_s: 0,
            last_packet: None,
            own_pings: 0,
            last_taken_id: None,
            sent_id: None,
            fresh: true,
            has_first_packet: false,
            faulted: false,
            largest: LARGEST_PACKET,
            sent: 0,
            answers_no_ping: false,
            reads_nothing: false,
        }
    }

    /// Creates a lane whose upgrade to WebSocket failed.
    pub(super) fn refused(version: ProtocolVersion, auto_ack: bool) -> Self {
        let mut lane = Self::new(version, auto_ack, None);
        lane.read_closed = true;
        lane
    }

    /// Returns whether bytes can still be sent.
    pub(super) fn is_writable(&self) -> bool {
        self.stream.is_some() && !self.finishing
    }

    /// Returns whether something may still be received.
    pub(super) fn is_readable(&self) -> bool {
        self.stream.is_some() && !self.read_closed
    }

    /// Returns whether the transport has sent everything that was queued.
    pub(super) fn is_flushed(&self) -> bool {
        let is_idle = self.outbound.is_empty() && self.frames.is_empty() && !self.unsent;
        is_idle && (!self.finishing || self.finished || self.stream.is_none())
    }

    /// Queues bytes.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.fresh = false;
        self.sent = self.sent.saturating_add(bytes.len());
        self.outbound.extend_from_slice(bytes);
    }

    /// Returns the memory of the buffers, in bytes: received parts of packets, and what the broker has not read.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.inbound.room() + self.outbound.capacity()
    }

    /// Queues a ping of our own.
    pub(super) fn ping(&mut self) {
        self.own_pings += 1;
        self.last_packet = Some(Instant::now());
        self.queue(&[0xC0, 0x00]);
    }

    /// Returns whether a ping is due to satisfy the Keep Alive. If the Keep Alive is under test, the scenario decides
    /// when to ping.
    pub(super) fn is_ping_due(&self) -> bool {
        self.next_ping().is_some_and(|due| due <= Instant::now())
    }

    /// Returns when the next ping is due, if any.
    pub(super) fn next_ping(&self) -> Option<Instant> {
        let half = Duration::from_secs(self.keep_alive_s.into()) / 2;
        let is_idle = self.accepted && self.own_pings == 0 && !self.timed;
        let is_open = self.is_writable() && self.is_readable();
        let is_meant = is_idle && is_open && !half.is_zero();
        self.last_packet
            .filter(|_| is_meant)
            .map(|last| last + half)
    }

    /// Queues a frame that is sent unchanged. Bytes that were queued earlier must have been sent.
    pub(super) fn queue_frame(&mut self, frame: WebSocketFrame) {
        self.fresh = false;
        self.sent = self.sent.saturating_add(frame.payload.len());
        self.frames.push_back(frame);
    }

    /// Cuts what is sent on a WebSocket below its frames.
    pub(super) fn cut_frames(&mut self, cut: Option<Cut>) {
        if let Some(frames) = self.stream.as_mut().and_then(Stream::websocket) {
            frames.cut(cut);
        }
    }

    /// Shuts the sending side down after what is queued.
    pub(super) fn finish(&mut self) {
        self.finishing = true;
    }

    /// Ends both directions, with a reset if `reset` is set.
    pub(super) fn abandon(&mut self, reset: bool) {
        if let Some(stream) = self.stream.take()
            && reset
        {
            stream.reset();
        }
        self.inbound.clear();
        self.outbound.clear();
        self.frames.clear();
    }

    /// Returns what this connection contributes to a packet that is built for it.
    pub(super) fn surroundings<'a>(
        &self,
        client: ClientIndex,
        memory: &'a Memory,
        keep_alive_s: u16,
    ) -> Surroundings<'a> {
        Surroundings {
            version: self.version,
            client,
            memory,
            next_packet_id: self.next_packet_id,
            answered_packet_id: self.last_taken_id,
            keep_alive_s,
        }
    }

    /// Notes that an identifier has been used, and moves on to the next free one.
    pub(super) fn used_packet_id(&mut self, id: PacketId) {
        self.sent_id = Some(id.get());
        self.in_use.insert(id);
        if id >= self.next_packet_id {
            let after = |id: PacketId| id.checked_add(1).unwrap_or(NonZeroU16::MIN);
            self.next_packet_id = after(id);
            // All identifiers are in use only if a scenario wants one twice.
            while self.in_use.contains(&self.next_packet_id) && self.next_packet_id != id {
                self.next_packet_id = after(self.next_packet_id);
            }
        }
    }

    /// Notes that the exchange of an identifier is over.
    pub(super) fn release_packet_id(&mut self, id: PacketId) {
        self.in_use.remove(&id);
    }

    /// Writes what is queued and reads what is available, within limits. Ready when something was read.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Vec<Inbound>> {
        self.poll_out(cx);
        let mut read = Vec::new();
        let mut chunks = 0;
        while self.is_readable() {
            // First decode what was left over last time.
            self.split_packets(&mut read);
            chunks += 1;
            if chunks > CHUNKS || read.len() >= PACKETS {
                cx.waker().wake_by_ref();
                break;
            }
            let chunk = self.poll_chunk(cx);
            self.controls(&mut read);
            match chunk {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    self.ended(Ending::Close, &mut read);
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    if self.fault(&mut read) {
                        break;
                    }
                    let ending = if error.kind() == io::ErrorKind::ConnectionReset {
                        Ending::Reset
                    } else {
                        Ending::Close
                    };
                    self.ended(ending, &mut read);
                }
            }
        }
        // An idle connection keeps no buffer.
        self.inbound.shrink();
        if read.is_empty() {
            Poll::Pending
        } else {
            // Automatic answers are sent at once.
            self.poll_out(cx);
            Poll::Ready(read)
        }
    }

    /// Adds the control frames that were received. They precede the data that is read with them.
    fn controls(&mut self, read: &mut Vec<Inbound>) {
        if let Some(frames) = self.stream.as_mut().and_then(Stream::websocket) {
            let controls = frames.take_controls().into_iter();
            read.extend(controls.map(Inbound::Control));
        }
    }

    /// Reports what is wrong with the received frames, if they are the reason for a failed read. We then close the
    /// connection.
    fn fault(&mut self, read: &mut Vec<Inbound>) -> bool {
        let frames = self.stream.as_mut().and_then(Stream::websocket);
        let Some((fault, bytes)) = frames.and_then(|frames| frames.fault()) else {
            return false;
        };
        let bytes = bytes.clone();
        if fault == Fault::Text && self.inbound.is_empty() && !self.undecodable {
            self.packets_in_text(&bytes, read);
        }
        self.read_closed = true;
        self.faulted = true;
        self.finish();
        read.push(Inbound::Fault { fault, bytes });
        true
    }

    /// Shows packets in a text message, where none may be. They are not answered.
    fn packets_in_text(&mut self, bytes: &Bytes, read: &mut Vec<Inbound>) {
        let mut rest = Incoming::default();
        rest.push(bytes);
        while let Ok(Some(frame)) = rest.next_packet(self.largest) {
            let mut inbound = self.understand(frame);
            if let Inbound::Packet {
                carried_in, answer, ..
            } = &mut inbound
            {
                *carried_in = Some(Opcode::TEXT);
                *answer = None;
            }
            read.push(inbound);
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Pending;
        };
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let mut buffer = ReadBuf::uninit(&mut chunk);
        match Pin::new(stream).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) => {
                let filled = buffer.filled();
                self.inbound.push(filled);
                Poll::Ready(Ok(filled.len()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Writes what is queued, as far as the transport accepts it.
    pub(super) fn poll_out(&mut self, cx: &mut Context<'_>) {
        let Some(stream) = &mut self.stream else {
            self.outbound.clear();
            self.frames.clear();
            return;
        };
        while !self.outbound.is_empty() {
            let piece = if self.cuts && self.outbound.len() <= CUT_UP_TO {
                1
            } else {
                self.outbound.len()
            };
            match Pin::new(&mut *stream).poll_write(cx, &self.outbound[..piece]) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.outbound.advance(written);
                    if piece == 1 && !self.outbound.is_empty() {
                        // Let the broker read this byte before the next one is sent.
                        cx.waker().wake_by_ref();
                        return;
                    }
                }
                Poll::Pending => return,
                // The reading side reports how the connection ended.
                Poll::Ready(_) => self.outbound.clear(),
            }
        }
        if let Some(websocket) = stream.websocket() {
            for frame in self.frames.drain(..) {
                websocket.push(&frame);
            }
        }
        if self.finishing && !self.finished {
            match Pin::new(&mut *stream).poll_shutdown(cx) {
                Poll::Pending => {}
                Poll::Ready(_) => self.finished = true,
            }
        } else {
            self.unsent = Pin::new(stream).poll_flush(cx).is_pending();
        }
    }

    fn ended(&mut self, ending: Ending, read: &mut Vec<Inbound>) {
        self.read_closed = true;
        if !self.inbound.is_empty() {
            let bytes = Bytes::copy_from_slice(self.inbound.rest());
            self.inbound.clear();
            read.push(Inbound::Truncated { bytes });
        }
        read.push(Inbound::Ended(ending));
        self.stream = None;
        self.outbound.clear();
        self.frames.clear();
    }

    /// Splits the received bytes into packets, up to the limit for one go.
    fn split_packets(&mut self, read: &mut Vec<Inbound>) {
        if self.undecodable {
            self.inbound.clear();
        }
        while read.len() < PACKETS {
            match self.inbound.next_packet(self.largest) {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    let inbound = self.understand(frame);
                    read.push(inbound);
                }
                Err(error) => {
                    // The rest cannot be split into packets. Keep a part of it as evidence.
                    let rest = self.inbound.rest();
                    let bytes = Bytes::copy_from_slice(&rest[..rest.len().min(CHUNK)]);
                    self.inbound.clear();
                    self.undecodable = true;
                    read.push(Inbound::Garbage { bytes, error });
                    return;
                }
            }
        }
    }

    fn understand(&mut self, frame: Frame) -> Inbound {
        let (mut packet, faults) = Packet::decode_leniently(&frame, self.version);
        let left_out = packet.as_mut().map_or(0, shorten);
        if frame.packet_type() == PacketType::PINGRESP && self.own_pings > 0 {
            self.own_pings -= 1;
            self.answers_no_ping = false;
            // A malformed PINGRESP is the broker's fault, whoever sent the ping.
            if packet.is_ok() {
                return Inbound::OwnPong;
            }
        }
        let mut topic = None;
        let mut automatic = false;
        let mut answer = None;
        match &packet {
            Ok(Packet::Publish(publish)) => {
                topic = self.resolve(publish);
                answer = self.acknowledge(publish);
            }
            Ok(Packet::PubRel(ack)) if self.auto_ack => {
                automatic = true;
                answer = Some(Packet::PubComp(success(ack.packet_id)));
            }
            Ok(Packet::ConnAck(connack)) => {
                self.accepted |= connack.reason.0 == 0;
                if let Some(seconds) = connack.properties.server_keep_alive_s() {
                    self.keep_alive_s = seconds;
                }
            }
            _ => {}
        }
        Inbound::Packet {
            frame,
            packet: Box::new(packet),
            faults,
            topic,
            carried_in: self.is_websocket().then_some(Opcode::BINARY),
            automatic,
            answer,
            left_out,
        }
    }

    pub(super) fn is_websocket(&self) -> bool {
        matches!(self.stream, Some(Stream::WebSocket(_)))
    }

    /// Resolves a Topic Alias. A PUBLISH with both an alias and a topic sets the alias.
    fn resolve(&mut self, publish: &Publish) -> Option<ByteString> {
        let alias = publish.properties.topic_alias()?;
        if publish.topic.is_empty() {
            return self.aliases.get(&alias).cloned();
        }
        self.aliases.insert(alias, publish.topic.clone());
        None
    }

    fn acknowledge(&self, publish: &Publish) -> Option<Packet> {
        let id = publish.packet_id?;
        match publish.qos {
            _ if !self.auto_ack => None,
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(Packet::PubAck(success(id))),
            QoS::ExactlyOnce => Some(Packet::PubRec(success(id))),
        }
    }
}

fn success(packet_id: PacketId) -> Ack {
    Ack {
        packet_id,
        reason: ReasonCode::SUCCESS,
        properties: Properties::new(),
    }
}
