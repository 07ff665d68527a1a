//! One connection: decodes bytes for the core, and encodes packets from the core.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use mqtt_check_codec::{
    DecodeError, Frame, FrameError, Packet, PacketType, ProtocolVersion, ReasonCode,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep};

use super::limits;
use super::outbox::Standing;
use super::server::{LINGER, Shared};
use super::wire::write;
use crate::core::Charge;
use crate::{ConnectionId, Fault, Input};

/// Bytes that are encoded ahead of writing.
const WRITE_CHUNK: usize = 64 * 1024;
/// Bytes that are read at once, at least and at most: idle connections keep little, busy ones read much.
const READ_MINIMUM: usize = 512;
const READ_MAXIMUM: usize = 64 * 1024;
/// A frame up to this size is moved out of the read buffer, so that keeping a part of it keeps no more than it.
const SMALL_FRAME: usize = 256 * 1024;
/// A packet that is not whole and has come so far is small, and finds room where large ones do not.
const SMALL_PACKET: usize = 64 * 1024;

/// What the core does for one connection before others are served, in the units of its steps.
const SHARE: usize = 4_096;

/// How far the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything is written; the sending side is being shut down.
    Closing,
    /// The peer's last bytes are read and thrown away.
    Lingering,
    Over,
}

/// The task of one connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    shared: Arc<Shared>,
    id: ConnectionId,
    stream: S,
    phase: Phase,
    /// Of the CONNECT; before it, what an answer to none is written in.
    version: ProtocolVersion,
    connected: bool,
    /// Whether anything more is expected from the peer.
    reading: bool,
    inbound: BytesMut,
    /// What it has read of a packet that is not whole.
    incoming: Charge,
    read_size: usize,
    outbound: BytesMut,
    /// The transport has taken bytes that it has not sent yet, as those that encrypt or frame do.
    unflushed: bool,
    /// Whether the peer's last bytes are read before the transport is dropped.
    lingers: bool,
    /// When the close no longer waits for the peer.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Connection<S> {
    pub(super) fn new(shared: Arc<Shared>, id: ConnectionId, stream: S, lingers: bool) -> Self {
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
            patience: None,
        }
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
    /// Writes and reads in turn until neither goes on.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        let mut spent = 0;
        loop {
            let standing = self.fill(cx);
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
                    // Others first, and those whose sockets nobody has looked at yet among them.
                    let _ = pin!(yield_now()).poll(cx);
                    return Poll::Pending;
                }
                // What an earlier congestion left comes before what is new.
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

    /// Encodes what the core wants sent, as far as there is room for it.
    fn fill(&mut self, cx: &Context<'_>) -> Standing {
        let encoded = self.outbound.len();
        let room = WRITE_CHUNK.saturating_sub(encoded);
        let (version, form) = (self.version, self.shared.config.form());
        let faults = &self.shared.conduct.faults;
        let outbound = &mut self.outbound;
        let (shared, waker) = (&self.shared, cx.waker());
        shared.collect(self.id, encoded, room, waker, |packet| {
            // A packet that cannot be encoded is larger than the protocol knows: it counts as sent.
            let _ = write(packet, version, form, faults, outbound);
        })
    }

    /// A connection that waits keeps no memory to wait with.
    fn rest(&mut self) {
        if self.inbound.is_empty() {
            self.inbound = BytesMut::new();
        }
        if self.outbound.is_empty() {
            self.outbound = BytesMut::new();
        }
    }

    /// Writes what is encoded; says whether any of it went out.
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

    /// Reads once; says whether anything came, be it the end.
    fn receive(&mut self, cx: &mut Context<'_>, spent: &mut usize) -> bool {
        self.inbound.reserve(self.read_size);
        let read = pin!(self.stream.read_buf(&mut self.inbound)).poll(cx);
        match read {
            Poll::Pending => false,
            Poll::Ready(Ok(0) | Err(_)) => {
                self.reading = false;
                self.shared.lost(self.id);
                true
            }
            Poll::Ready(Ok(count)) => {
                self.read_size = match count >= self.read_size {
                    true => (self.read_size * 2).min(READ_MAXIMUM),
                    false => (self.read_size / 2).max(count).max(READ_MINIMUM),
                };
                self.process(spent);
                self.bound_incoming();
                // [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]: a read is no packet.
                if self.has_fault(Fault::PiecesLost) {
                    self.inbound.clear();
                }
                true
            }
        }
    }

    /// Hands every whole packet that has been read to the core, as far as the connection's share goes; says whether
    /// there was one. What that took is added to `spent`.
    fn process(&mut self, spent: &mut usize) -> bool {
        let mut progress = false;
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
            let greeted = matches!(
                &input,
                Input::Received {
                    packet: Packet::Connect(_),
                    ..
                }
            );
            shared.handle(&mut state, input);
            *spent = state.spent.wrapping_sub(before);
            // [3.1.1 RULE-3.1.4-3] [5 RULE-3.1.4-3]: what stands behind a CONNECT is processed with it.
            if greeted && shared.conduct.faults.has(Fault::PacketsBehindConnectLost) {
                self.inbound.clear();
            }
            let standing = state.standing(self.id);
            // [3.1.1 MQTT-3.1.4-5] [5 MQTT-3.1.4-6]: what came with a refused CONNECT goes unread.
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
        progress
    }

    /// Ends a connection whose packet is not whole and takes up too much of what all may have.
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
            let what = "no room for a packet as large beside what others send";
            self.refuse(ReasonCode::QUOTA_EXCEEDED, what.to_owned());
        }
    }

    /// The core ends the connection for what it has read.
    fn refuse(&mut self, reason: ReasonCode, problem: String) {
        self.reading = false;
        let input = self.unreadable(reason, problem);
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
        if let Some(problem) = limits::header_too_large(&self.shared.config, &frame, self.version) {
            self.reading = false;
            let reason = ReasonCode::QUOTA_EXCEEDED;
            return Some(self.ended_by(frame.packet_type(), None, reason, problem));
        }
        match Packet::decode(&frame, self.version) {
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
                // The core ends the connection, unless a fault lets it pass.
                let version = self.answered_in(frame.bytes());
                Some(Input::Malformed {
                    connection,
                    version,
                    error,
                })
            }
        }
    }

    /// Bytes that cannot be cut into packets, or that are not waited for.
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

    /// What a CONNECT that could not be read says of its version. An answer is written in it.
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
        // First, since a peer that goes on sending never lets the reading wait.
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

    /// Ready when the peer has had long enough to do its part.
    fn out_of_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        patience.as_mut().poll(cx)
    }
}

/// The frame with its own memory, if it is small.
fn own(frame: Frame) -> Frame {
    let bytes = frame.bytes();
    if bytes.len() > SMALL_FRAME {
        return frame;
    }
    let copy = Bytes::copy_from_slice(bytes);
    Frame::from_bytes(copy).unwrap_or(frame)
}

/// The version that a CONNECT names, if its beginning is there.
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
