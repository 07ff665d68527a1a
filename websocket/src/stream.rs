//! A byte stream in WebSocket frames.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::frame::{Decoder, Fault, Header, Item, Opcode, apply_mask};
use crate::lapse::Lapse;

/// The maximum payload in bytes of a frame that a write produces.
const FRAME_LIMIT: usize = 64 * 1024;
/// With this many bytes waiting to be written, pings are no longer answered.
const OUTBOUND_LIMIT: usize = 128 * 1024;
/// The minimum and maximum number of bytes to read at once.
const READ_MINIMUM: usize = 512;
const READ_MAXIMUM: usize = 64 * 1024;
/// The maximum number of control frames that are kept, which is more than a caller waits for.
const CONTROLS_KEPT: usize = 1024;
/// The maximum number of frames without data that one poll reads before it lets other tasks run.
const FRAMES_AT_ONCE: usize = 256;
/// The maximum number of reads from the underlying stream in one poll.
const FILLS_AT_ONCE: usize = 4;
/// The pause between two writes of a cut stream, so that the peer reads the first one alone.
const PAUSE: Duration = Duration::from_millis(1);
/// The memory that an empty buffer may keep, in bytes.
const KEPT: usize = 4 * 1024;

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Masks what it sends, with masks from this seed. Masks are meant to keep the script of a page from sending bytes
    /// that a proxy could take for HTTP, and no such script writes here.
    Client {
        /// The same seed gives the same masks.
        seed: u64,
    },
    /// Masks nothing, and accepts masked frames only.
    Server,
}

/// How outgoing bytes are cut into writes with a pause between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The maximum number of bytes in one write.
    pub every: NonZeroUsize,
    /// While more bytes than this are waiting, they are not cut.
    pub up_to: usize,
}

/// One frame to be sent, correct or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// The three reserved bits, 0 to 7; only 0 is correct.
    pub reserved: u8,
    /// The type of the frame.
    pub opcode: Opcode,
    /// Whether the frame is masked; `true` is correct for a client, `false` for a server.
    pub masked: bool,
    /// The payload, not masked.
    pub payload: Bytes,
}

/// A received frame that is not part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A ping with its payload. It has been answered.
    Ping(Bytes),
    /// A pong with its payload.
    Pong(Bytes),
    /// A close frame with its code, if it has one.
    Close(Option<u16>),
}

/// A byte stream in WebSocket frames, over any other stream.
///
/// Reading returns the content of binary frames. Pings and close frames are answered. If the peer breaks a rule,
/// reading fails with an [`io::ErrorKind::InvalidData`] that contains the [`Fault`]. Each write becomes one frame of at
/// most 64 KiB. Shutting down sends a close frame, with the code of the fault if there was one; a server then also
/// shuts down its sending side.
#[derive(Debug)]
pub struct WebSocket<S> {
    io: S,
    decoder: Decoder,
    /// Bytes that were received and not decoded yet.
    inbound: BytesMut,
    read_size: usize,
    /// Payload that has not been read yet.
    data: BytesMut,
    /// Encoded frames that are waiting to be written.
    outbound: BytesMut,
    cut: Option<Cut>,
    /// The time until the next write of a cut stream.
    pause: Option<Pin<Box<Sleep>>>,
    masks: Option<u64>,
    /// The type of the frames that writes produce.
    opcode: Opcode,
    /// Whether text messages are read as if they were binary.
    takes_text: bool,
    fault: Option<Fault>,
    /// The content of the text frame that is the fault, as far as it was received.
    fault_content: Bytes,
    /// The control frames that were received, if they are to be kept.
    controls: Option<Vec<Control>>,
    close_sent: bool,
    close_received: Option<Option<u16>>,
    ended: bool,
    /// Set by a lapse: received bytes are discarded.
    stuck: bool,
}

impl<S> WebSocket<S> {
    /// Makes a stream over `io`, whose upgrade is done. `rest` is what was received after the upgrade.
    pub fn new(io: S, role: Role, rest: BytesMut) -> Self {
        Self {
            io,
            decoder: Decoder::new(role == Role::Server),
            inbound: rest,
            read_size: READ_MINIMUM,
            data: BytesMut::new(),
            outbound: BytesMut::new(),
            cut: None,
            pause: None,
            masks: match role {
                Role::Client { seed } => Some(seed),
                Role::Server => None,
            },
            opcode: Opcode::BINARY,
            takes_text: false,
            fault: None,
            fault_content: Bytes::new(),
            controls: None,
            close_sent: false,
            close_received: None,
            ended: false,
            stuck: false,
        }
    }

    /// Reads text messages as if they were binary.
    pub fn take_text(&mut self) {
        self.takes_text = true;
    }

    /// Makes writes produce frames of another type.
    pub fn send_as(&mut self, opcode: Opcode) {
        self.opcode = opcode;
    }

    /// Breaks this rule from now on.
    pub const fn lapse(&mut self, lapse: Lapse) {
        self.decoder.lapses.add(lapse);
    }

    fn breaks(&self, lapse: Lapse) -> bool {
        self.decoder.lapses.has(lapse)
    }

    /// Cuts outgoing bytes into writes, wherever frames begin and end.
    pub fn cut(&mut self, cut: Option<Cut>) {
        self.cut = cut;
    }

    /// Keeps received frames that are not part of a message, until they are taken.
    pub fn keep_controls(&mut self) {
        self.controls.get_or_insert_default();
    }

    /// Returns what has been kept since the last call, in order. It was received before whatever is read next.
    pub fn take_controls(&mut self) -> Vec<Control> {
        self.controls
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Returns the underlying stream.
    pub fn get_ref(&self) -> &S {
        &self.io
    }

    /// Unwraps the underlying stream, whose bytes are no longer framed.
    pub fn into_inner(self) -> S {
        self.io
    }

    /// Returns the rule that the peer broke, if any, and the content of the text frame that broke it.
    pub fn fault(&self) -> Option<(Fault, &Bytes)> {
        self.fault.map(|fault| (fault, &self.fault_content))
    }

    /// Returns the code of the peer's close frame. The outer option is `None` if there was no such frame, the inner one
    /// if it had no code.
    pub fn close_code(&self) -> Option<Option<u16>> {
        self.close_received
    }

    /// Whether the data read so far ends with a complete data frame.
    pub fn is_between_frames(&self) -> bool {
        self.data.is_empty() && self.decoder.is_between_frames()
    }

    /// Whether only a part of a frame's header has been received.
    pub fn is_within_header(&self) -> bool {
        let is_begun = self.decoder.is_between_frames() && !self.inbound.is_empty();
        is_begun && matches!(Header::parse(&self.inbound), Ok(None))
    }

    /// Returns the number of data frames without a payload so far.
    pub fn empty_frames(&self) -> u64 {
        self.decoder.empty_frames()
    }

    /// Queues this frame after what was written, even if it is wrong. The next flush sends it.
    pub fn push(&mut self, frame: &Frame) {
        let mask = frame.masked.then(|| self.mask());
        let header = Header {
            fin: frame.fin,
            reserved: frame.reserved,
            opcode: frame.opcode,
            mask,
            length: frame.payload.len() as u64,
        };
        header.write(&mut self.outbound);
        let at = self.outbound.len();
        self.outbound.put_slice(&frame.payload);
        if let Some(mask) = mask {
            apply_mask(&mut self.outbound[at..], mask, 0);
        }
        self.close_sent |= frame.opcode == Opcode::CLOSE;
    }

    fn push_valid(&mut self, opcode: Opcode, payload: &[u8]) {
        self.push(&Frame {
            fin: true,
            reserved: 0,
            opcode,
            masked: self.masks.is_some() != self.breaks(Lapse::MaskReversed),
            payload: Bytes::copy_from_slice(payload),
        });
    }

    fn keep(&mut self, control: Control) {
        if let Some(controls) = &mut self.controls
            && controls.len() < CONTROLS_KEPT
        {
            controls.push(control);
        }
    }

    /// Returns the next mask (SplitMix64).
    fn mask(&mut self) -> [u8; 4] {
        let state = self.masks.get_or_insert(0);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) as u32).to_be_bytes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Takes the next item from what was received. Returns `false` if more bytes are needed.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        match self.decoder.next(&mut self.inbound) {
            Ok(None) => return false,
            Ok(Some(Item::Data(opcode, bytes))) => {
                if self.breaks(Lapse::FirstFragmentOnly) && self.decoder.is_continued() {
                    return true;
                }
                if opcode == Opcode::TEXT && !self.takes_text {
                    self.fault = Some(Fault::Text);
                    self.fault_content = bytes.freeze();
                } else {
                    self.data = bytes;
                }
            }
            Ok(Some(Item::Ping(_)))
                if self.breaks(Lapse::NoPingBetween) && self.decoder.is_within_message() =>
            {
                self.fault = Some(Fault::NothingToContinue);
            }
            Ok(Some(Item::Ping(payload))) => {
                if self.breaks(Lapse::PingAsData) {
                    self.data = BytesMut::from(&payload[..]);
                }
                self.stuck = self.breaks(Lapse::StuckAtPing);
                let is_answered = !self.stuck && !self.breaks(Lapse::NoPong);
                if is_answered && self.outbound.len() < OUTBOUND_LIMIT && !self.close_sent {
                    let answer = match self.breaks(Lapse::OtherPong) {
                        true => &b"another"[..],
                        false => &payload[..],
                    };
                    self.push_valid(Opcode::PONG, answer);
                    self.try_send(cx);
                }
                self.keep(Control::Ping(payload));
            }
            Ok(Some(Item::Pong(payload))) => self.keep(Control::Pong(payload)),
            Ok(Some(Item::Close(_))) if self.breaks(Lapse::CloseIgnored) => {}
            Ok(Some(Item::Close(code))) => {
                self.close_received = Some(code);
                self.keep(Control::Close(code));
                if !self.close_sent {
                    let code = code.map(u16::to_be_bytes);
                    self.push_valid(Opcode::CLOSE, code.as_ref().map_or(&[], |c| &c[..]));
                }
                self.try_send(cx);
            }
            Err(fault) => self.fault = Some(fault),
        }
        true
    }

    /// Reads from the underlying stream. Returns whether anything was received.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.inbound.is_empty() && self.inbound.capacity() > KEPT {
            self.inbound = BytesMut::new();
        }
        self.inbound.reserve(self.read_size);
        let count = ready!(pin!(self.io.read_buf(&mut self.inbound)).poll(cx))?;
        self.read_size = match count >= self.read_size {
            true => (self.read_size * 2).min(READ_MAXIMUM),
            false => (self.read_size / 2).max(READ_MINIMUM),
        };
        Poll::Ready(Ok(count > 0))
    }

    /// Writes what is waiting.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbound.is_empty() {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let left = self.outbound.len();
            let cut = self.cut.filter(|cut| left <= cut.up_to);
            let piece = cut.map_or(left, |cut| left.min(cut.every.get()));
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.outbound[..piece]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outbound.advance(count);
            if cut.is_some() && !self.outbound.is_empty() {
                let _ = Pin::new(&mut self.io).poll_flush(cx)?;
                self.pause = Some(Box::pin(sleep(PAUSE)));
            }
        }
        if self.outbound.capacity() > KEPT {
            self.outbound = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Sends as much as possible of what is waiting. A later read reports any error of the connection.
    fn try_send(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Ok(())) = self.poll_send(cx) {
            let _ = Pin::new(&mut self.io).poll_flush(cx);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (mut frames, mut fills) = (0, 0);
        loop {
            // A peer that sends frames without end and without data must not block other tasks.
            if frames == FRAMES_AT_ONCE || fills == FILLS_AT_ONCE {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !this.data.is_empty() {
                let count = this.data.len().min(buf.remaining());
                buf.put_slice(&this.data.split_to(count));
                return Poll::Ready(Ok(()));
            }
            if let Some(fault) = this.fault {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
            }
            if this.ended || this.close_received.is_some() {
                return Poll::Ready(Ok(()));
            }
            if this.stuck {
                this.inbound.clear();
            }
            if this.take(cx) {
                frames += 1;
            } else {
                fills += 1;
                this.ended = !ready!(this.poll_fill(cx))?;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.close_sent {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if this.poll_send(cx)?.is_pending() && this.outbound.len() >= FRAME_LIMIT {
            return Poll::Pending;
        }
        let count = buf.len().min(FRAME_LIMIT);
        if count > 0 {
            this.push_valid(this.opcode, &buf[..count]);
            // The next write reports an error, because the bytes of this one have been accepted.
            let _ = this.poll_send(cx);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.close_sent {
            let code = this.fault.map_or(1000, Fault::close_code);
            this.push_valid(Opcode::CLOSE, &code.to_be_bytes());
        }
        ready!(this.poll_send(cx))?;
        // A client lets the server end the underlying stream, unless the server's close frame was received already.
        if this.masks.is_some() && this.close_received.is_none() {
            return Pin::new(&mut this.io).poll_flush(cx);
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}
