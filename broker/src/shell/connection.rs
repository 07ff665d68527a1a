//! One connection: decodes bytes for the core, and encodes packets from the core.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use mqtt_check_codec::{
    DecodeError, Disconnect, Frame, FrameError, Packet, PacketType, Properties, ProtocolVersion,
    ReasonCode,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep};

use super::limits;
use super::outbox::Standing;
use super::server::{LINGER, Shared};
use super::wire::write;
use crate::core::Charge;
use crate::{ConnectionId, Fault, Faults, Input};

/// Bytes that are encoded ahead of writing.
const WRITE_CHUNK: usize = 64 * 1024;
/// The fewest and the most bytes that are read at once. Idle connections keep little memory, busy ones read much.
const READ_MINIMUM: usize = 512;
const READ_MAXIMUM: usize = 64 * 1024;
/// Frames up to this size are copied out of the read buffer, so that keeping a part of one does not keep the buffer.
const SMALL_FRAME: usize = 256 * 1024;
/// A partly received packet up to this size counts as small. Small packets have room even when large ones have none.
const SMALL_PACKET: usize = 64 * 1024;

/// For faults: the length up to which a broker handles packets over WebSocket.
const WEBSOCKET_CHUNK: usize = 4_096;

/// What the core does for one connection before others are served, in units of its steps.
const SHARE: usize = 4_096;

/// How far a Network Connection is on its way from open to closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything is written, and the sending side is being shut down.
    Closing,
    /// The peer's last bytes are read and discarded.
    Lingering,
    Over,
}

/// What a connection needs to know of its transport.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire {
    /// Whether the peer's last bytes are read before the transport is dropped.
    pub(super) lingers: bool,
    /// For faults: whether the transport is WebSocket.
    pub(super) framed: bool,
}

/// The task of one connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    shared: Arc<Shared>,
    id: ConnectionId,
    stream: S,
    phase: Phase,
    /// The version of the CONNECT. Before a CONNECT, the version in which an answer would be written.
    version: ProtocolVersion,
    connected: bool,
    /// Whether anything more is read from the peer.
    reading: bool,
    inbound: BytesMut,
    /// The bytes that were read of an incomplete packet.
    incoming: Charge,
    read_size: usize,
    outbound: BytesMut,
    /// Whether the transport has accepted bytes that it has not sent yet, as with encryption or frames.
    unflushed: bool,
    /// Whether the peer's last bytes are read before the transport is dropped.
    lingers: bool,
    /// For faults: whether the transport is WebSocket.
    framed: bool,
    /// For a fault: whether CONNACK had Session Present 1.
    resumed: bool,
    /// For a fault: bytes that wait for the next packet.
    tail: BytesMut,
    /// When the close stops waiting for the peer.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Connection<S> {
    pub(super) fn new(shared: Arc<Shared>, id: ConnectionId, stream: S, wire: Wire) -> Self {
        let Wire { lingers, framed } = wire;
        Self {
            shared,
            id,
            stream,
            phase: Phase::Open,
            version: ProtocolVersion::V3_1_1,
            connected: false,
            reading: true,
            inbound: BytesMut::new(),
            incoming: Charge::default(),
            read_size: READ_MINIMUM,
            outbound: BytesMut::new(),
            unflushed: false,
            lingers,
            framed,
            resumed: false,
            tail: BytesMut::new(),
            patience: None,
        }
    }
}

/// For faults: whether a packet is not sent because the transport is WebSocket.
fn is_withheld(
    faults: &Faults,
    version: ProtocolVersion,
    packet: &Packet,
    resumed: &mut bool,
) -> bool {
    match packet {
        Packet::ConnAck(connack) => {
            *resumed = connack.session_present;
            // [3.1.1 RULE-3.2.2.3-1]
            version != ProtocolVersion::V5
                && connack.reason != ReasonCode::SUCCESS
                && faults.has(Fault::WebsocketRefusalUnanswered)
        }
        // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1] [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9]
        Packet::Publish(publish) => {
            *resumed && faults.has(Fault::WebsocketResumedDeaf)
                || publish.payload.len() > WEBSOCKET_CHUNK
                    && (publish.retain && faults.has(Fault::WebsocketLongRetainedLost)
                        || faults.has(Fault::WebsocketLongMessagesLost))
        }
        _ => false,
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.shared.forget(self.id);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            this.phase = match this.phase {
                Phase::Open => ready!(this.poll_open(cx)),
                Phase::Closing => ready!(this.poll_closing(cx)),
                Phase::Lingering => ready!(this.poll_lingering(cx)),
                Phase::Over => return Poll::Ready(()),
            };
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Writes and reads in turn until neither makes progress.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        let mut spent = 0;
        loop {
            let standing = self.fill(cx);
            if standing.frozen {
                return Poll::Pending;
            }
            if standing.closing {
                self.reading = false;
            }
            let Ok(written) = self.poll_send(cx) else {
                self.shared.lost(self.id);
                return Poll::Ready(Phase::Over);
            };
            if standing.closing && self.outbound.is_empty() {
                if standing.more {
                    continue;
                }
                return Poll::Ready(Phase::Closing);
            }
            let mut progress = written;
            if self.reading && !standing.waits {
                if spent >= SHARE {
                    // Let others run first, including those whose sockets have not been polled yet.
                    let _ = pin!(yield_now()).poll(cx);
                    return Poll::Pending;
                }
                // Packets left over from an earlier congestion come before new ones.
                progress |= self.process(&mut spent);
                if self.reading && !progress {
                    progress |= self.receive(cx, &mut spent);
                }
            }
            if !progress {
                self.rest();
                return match standing.closing {
                    true => self.out_of_patience(cx).map(|()| Phase::Over),
                    false => Poll::Pending,
                };
            }
        }
    }

    /// Encodes packets from the core as far as there is room.
    fn fill(&mut self, cx: &Context<'_>) -> Standing {
        let encoded = self.outbound.len();
        let room = WRITE_CHUNK.saturating_sub(encoded);
        let (version, form) = (self.version, self.shared.config.form());
        let faults = &self.shared.conduct.faults;
        let outbound = &mut self.outbound;
        let (framed, resumed, tail) = (self.framed, &mut self.resumed, &mut self.tail);
        let (shared, waker) = (&self.shared, cx.waker());
        let standing = shared.collect(self.id, encoded, room, waker, |packet| {
            outbound.unsplit(std::mem::take(tail));
            if framed && !faults.is_none() && is_withheld(faults, version, &packet, resumed) {
                return;
            }
            // A packet that cannot be encoded is larger than the protocol allows, and counts as sent.
            let _ = write(packet, version, form, faults, outbound);
        });
        // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
        if self.outbound.len() > WRITE_CHUNK && self.has_fault(Fault::LongOutputHeldBack) {
            self.tail = self.outbound.split_off(WRITE_CHUNK);
        }
        standing
    }

    /// Frees the buffers of a connection that only waits.
    fn rest(&mut self) {
        if self.inbound.is_empty() {
            self.inbound = BytesMut::new();
        }
        if self.outbound.is_empty() {
            self.outbound = BytesMut::new();
        }
    }

    /// Writes encoded bytes. Returns whether any were written.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut written = false;
        while !self.outbound.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.outbound) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.outbound.advance(count);
                    written = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(written),
            }
        }
        if written || self.unflushed {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Pending => self.unflushed = true,
            }
        }
        Ok(written)
    }

    /// Reads once. Returns whether there were bytes or the end of the stream.
    fn receive(&mut self, cx: &mut Context<'_>, spent: &mut usize) -> bool {
        self.inbound.reserve(self.read_size);
        let read = pin!(self.stream.read_buf(&mut self.inbound)).poll(cx);
        match read {
            Poll::Pending => {
                // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]: control frames return no bytes.
                if self.framed && self.has_fault(Fault::KeepAliveFedByPingFrames) {
                    self.shared.hear(self.id);
                }
                false
            }
            Poll::Ready(Ok(0) | Err(_)) => {
                self.reading = false;
                // [3.1.1 MQTT-3.1.2-8] [5 MQTT-3.1.2-8]
                if self.framed && self.connected && self.has_fault(Fault::WillLostOnWebsocket) {
                    self.leave();
                }
                self.shared.lost(self.id);
                true
            }
            Poll::Ready(Ok(count)) => {
                self.read_size = match count >= self.read_size {
                    true => (self.read_size * 2).min(READ_MAXIMUM),
                    false => (self.read_size / 2).max(count).max(READ_MINIMUM),
                };
                // [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
                if self.has_fault(Fault::KeepAliveFedByBytes) {
                    self.shared.hear(self.id);
                }
                self.process(spent);
                self.bound_incoming();
                // [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]: a packet may arrive in several reads.
                if self.has_fault(Fault::PiecesLost) {
                    self.inbound.clear();
                }
                true
            }
        }
    }

    /// Passes complete packets to the core until the connection's share is spent. Returns whether there were any. Adds
    /// their cost to `spent`.
    fn process(&mut self, spent: &mut usize) -> bool {
        let mut progress = false;
        let mut packets = 0;
        if self.inbound.len() < 2 {
            return false;
        }
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let before = state.spent.wrapping_sub(*spent);
        while *spent < SHARE
            && let Some(input) = self.next_input()
        {
            progress = true;
            packets += 1;
            let greeted = matches!(
                &input,
                Input::Received {
                    packet: Packet::Connect(_),
                    ..
                }
            );
            shared.handle(&mut state, input);
            *spent = state.spent.wrapping_sub(before);
            // [3.1.1 RULE-3.1.4-3] [5 RULE-3.1.4-3]: packets that arrive together with a CONNECT are processed with it.
            if greeted && shared.conduct.faults.has(Fault::PacketsBehindConnectLost) {
                self.inbound.clear();
            }
            let standing = state.standing(self.id);
            // [3.1.1 MQTT-3.1.4-5] [5 MQTT-3.1.4-6]: packets that arrive together with a refused CONNECT are not read.
            if standing.closing
                && !shared
                    .conduct
                    .faults
                    .has(Fault::PacketsAfterRefusalProcessed)
            {
                self.reading = false;
            }
            if !self.reading || standing.waits {
                break;
            }
        }
        // [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]
        if packets > 1 && shared.conduct.faults.has(Fault::PieceBehindPacketsLost) {
            self.inbound.clear();
        }
        progress
    }

    /// Ends a connection whose incomplete packet exceeds the memory that all clients share for these.
    fn bound_incoming(&mut self) {
        let bytes = self.inbound.len();
        if bytes == 0 && self.incoming.bytes() == 0 {
            return;
        }
        match self.incoming.bytes() {
            0 => self.incoming = self.shared.incoming.charge(bytes),
            _ => self.incoming.set(bytes),
        }
        let limit = match bytes > SMALL_PACKET {
            true => limits::largest(&self.shared.config),
            false => self.shared.config.maximum_incoming_bytes,
        };
        if self.shared.incoming.used() > limit && self.reading {
            let what = "the packets that other clients are sending leave no space for a packet of this size";
            self.refuse(ReasonCode::QUOTA_EXCEEDED, what.to_owned());
        }
    }

    /// For faults: whether a packet of this length ends the connection although it is within the limits.
    fn is_too_long(&self, bytes: usize) -> bool {
        // [3.1.1 MQTT-6.0.0-2] [5 MQTT-6.0.0-2]
        bytes > WEBSOCKET_CHUNK
            && self.framed
            && self.has_fault(Fault::WebsocketPacketsBeyond4096Refused)
            // [3.1.1 MQTT-4.5.0-1] [5 MQTT-4.5.0-1]
            || bytes > 0x4_0000 && self.has_fault(Fault::PacketsBeyond256KRefused)
    }

    /// Makes the core end the connection because of what was read.
    fn refuse(&mut self, reason: ReasonCode, problem: String) {
        self.reading = false;
        let input = self.unreadable(reason, problem);
        let shared = Arc::clone(&self.shared);
        shared.handle(&mut shared.lock(), input);
    }

    /// For a fault: makes the core end the connection as after a normal DISCONNECT.
    fn leave(&self) {
        let input = Input::Received {
            connection: self.id,
            packet: Packet::Disconnect(Disconnect {
                reason: ReasonCode::SUCCESS,
                properties: Properties::new(),
            }),
            size: 2,
        };
        let shared = Arc::clone(&self.shared);
        shared.handle(&mut shared.lock(), input);
    }

    fn has_fault(&self, fault: Fault) -> bool {
        self.shared.conduct.faults.has(fault)
    }

    fn next_input(&mut self) -> Option<Input> {
        let connection = self.id;
        let config = &self.shared.config;
        let limit = limits::of(
            config,
            &self.shared.conduct.faults,
            self.connected,
            &self.inbound,
        );
        let frame = match Frame::read(&mut self.inbound, limit.bytes) {
            Ok(None) => return None,
            Ok(Some(frame)) => own(frame),
            Err(error) => {
                self.reading = false;
                let reason = match error {
                    FrameError::TooLarge { .. } => limit.reason,
                    _ => ReasonCode::MALFORMED_PACKET,
                };
                return Some(self.unreadable(reason, error.to_string()));
            }
        };
        if self.is_too_long(frame.bytes().len()) {
            self.reading = false;
            return Some(self.unreadable(ReasonCode::PACKET_TOO_LARGE, "too long".to_owned()));
        }
        if let Some(problem) = limits::header_too_large(&self.shared.config, &frame, self.version) {
            self.reading = false;
            let reason = ReasonCode::QUOTA_EXCEEDED;
            return Some(self.ended_by(frame.packet_type(), None, reason, problem));
        }
        match Packet::decode(&frame, self.version) {
            // [3.1.1 MQTT-3.14.4-3] [5 MQTT-3.14.4-3]
            Ok(Packet::Disconnect(_))
                if self.framed && self.has_fault(Fault::WebsocketDisconnectPublishesWill) =>
            {
                self.reading = false;
                Some(Input::Closed { connection })
            }
            Ok(packet) => {
                if let Packet::Connect(connect) = &packet
                    && !self.connected
                {
                    self.connected = true;
                    self.version = connect.version;
                }
                Some(Input::Received {
                    connection,
                    packet,
                    size: frame.bytes().len(),
                })
            }
            Err(error) => {
                // The core ends the connection, unless a fault tolerates the error.
                let version = self.answered_in(frame.bytes());
                Some(Input::Malformed {
                    connection,
                    version,
                    error,
                })
            }
        }
    }

    /// Returns the input for bytes that cannot be split into packets, or whose packet is not read to its end.
    fn unreadable(&mut self, reason: ReasonCode, problem: String) -> Input {
        let bytes = self.inbound.split().freeze();
        self.incoming.set(0);
        let packet = PacketType(bytes.first().map_or(0, |byte| byte >> 4));
        let version = self.answered_in(&bytes);
        self.ended_by(packet, version, reason, problem)
    }

    fn ended_by(
        &self,
        packet: PacketType,
        version: Option<ProtocolVersion>,
        reason: ReasonCode,
        problem: String,
    ) -> Input {
        Input::Malformed {
            connection: self.id,
            version,
            error: DecodeError {
                packet,
                field: "remaining_length",
                offset: 1,
                problem,
                clause: None,
                reason,
            },
        }
    }

    /// Returns the version of a CONNECT that could not be decoded. An answer is written in this version.
    fn answered_in(&mut self, bytes: &[u8]) -> Option<ProtocolVersion> {
        let version = connect_version(bytes).filter(|_| !self.connected)?;
        self.version = version;
        Some(version)
    }

    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        let over = Pin::new(&mut self.stream).poll_shutdown(cx);
        if over.is_pending() {
            return self.out_of_patience(cx).map(|()| Phase::Over);
        }
        self.patience = None;
        match self.lingers {
            true => Poll::Ready(Phase::Lingering),
            false => Poll::Ready(Phase::Over),
        }
    }

    fn poll_lingering(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        // This check is first, since a peer that keeps sending always has bytes to read.
        if self.out_of_patience(cx).is_ready() {
            return Poll::Ready(Phase::Over);
        }
        loop {
            self.inbound.clear();
            self.inbound.reserve(READ_MINIMUM);
            let read = pin!(self.stream.read_buf(&mut self.inbound)).poll(cx);
            match read {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Phase::Over),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return self.out_of_patience(cx).map(|()| Phase::Over),
            }
        }
    }

    /// Returns ready when the peer has had enough time to close.
    fn out_of_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        patience.as_mut().poll(cx)
    }
}

/// Copies a small frame into its own memory.
fn own(frame: Frame) -> Frame {
    let bytes = frame.bytes();
    if bytes.len() > SMALL_FRAME {
        return frame;
    }
    let copy = Bytes::copy_from_slice(bytes);
    Frame::from_bytes(copy).unwrap_or(frame)
}

/// Returns the version of a CONNECT, if its first bytes are there.
fn connect_version(bytes: &[u8]) -> Option<ProtocolVersion> {
    let (first, rest) = bytes.split_first()?;
    if PacketType(first >> 4) != PacketType::CONNECT {
        return None;
    }
    let length = rest.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    let header = rest.get(length + 1..)?;
    [
        ProtocolVersion::V3_1,
        ProtocolVersion::V3_1_1,
        ProtocolVersion::V5,
    ]
    .into_iter()
    .find(|version| {
        let name = version.protocol_name().as_bytes();
        let level = header
            .strip_prefix(&[0, name.len() as u8])
            .and_then(|header| header.strip_prefix(name))
            .and_then(|header| header.first());
        level == Some(&version.level())
    })
}
