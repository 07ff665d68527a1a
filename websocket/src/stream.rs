//! A byte stream in frames.

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

/// The largest payload of a frame that is written by itself, in bytes.
const FRAME_LIMIT: usize = 64 * 1024;
/// Bytes that may wait to be written; with more, nothing is taken and no ping is answered.
const OUTBOUND_LIMIT: usize = 128 * 1024;
/// Bytes that are read at once, at least and at most.
const READ_MINIMUM: usize = 512;
const READ_MAXIMUM: usize = 64 * 1024;
/// Frames besides messages that are kept; nobody waits for more at once.
const CONTROLS_KEPT: usize = 1024;
/// So many frames without data are read in one go; then others get their turn.
const FRAMES_AT_ONCE: usize = 256;
/// So often the stream below is read in one go for data of its own.
const FILLS_AT_ONCE: usize = 4;
/// The time between two writes of a stream that is cut: the peer reads the first of them alone.
const PAUSE: Duration = Duration::from_millis(1);
/// What an empty buffer may keep of its memory, in bytes.
const KEPT: usize = 4 * 1024;

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Masks what it sends. The masks come from this seed: they are to keep a page's script from writing what a
    /// proxy could take for HTTP, and nobody's script writes here.
    Client {
        /// The same seed gives the same masks.
        seed: u64,
    },
    /// Masks nothing, and accepts masked frames only.
    Server,
}

/// Into what the bytes are cut that go out: writes a moment apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The most bytes in one write.
    pub every: NonZeroUsize,
    /// While more than this waits to go out, it is not cut.
    pub up_to: usize,
}

/// One frame as it is to be sent, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last fragment of its message.
    pub fin: bool,
    /// The three reserved bits, 0 to 7; 0 is right.
    pub reserved: u8,
    /// What kind of frame it is.
    pub opcode: Opcode,
    /// As its role has it: `true` for a client.
    pub masked: bool,
    /// Unmasked.
    pub payload: Bytes,
}

/// A frame that came and is no part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// With its payload; it has been answered.
    Ping(Bytes),
    /// With its payload.
    Pong(Bytes),
    /// With its code, if it has one.
    Close(Option<u16>),
}

/// A byte stream in frames over any other stream.
///
/// Reading gives what comes in binary frames. Pings are answered and closes too. A peer that breaks the rules gives an
/// [`io::ErrorKind::InvalidData`] with the [`Fault`] inside. Each write is one frame (those of more than 64 KiB are
/// parted); shutting down sends a close frame, with the code of the fault if there was one, and a server then shuts
/// its sending side down.
#[derive(Debug)]
pub struct WebSocket<S> {
    io: S,
    decoder: Decoder,
    /// As it came.
    inbound: BytesMut,
    read_size: usize,
    /// Payload that nobody has read yet.
    data: BytesMut,
    /// Frames as they go.
    outbound: BytesMut,
    cut: Option<Cut>,
    /// Until the next write of a stream that is cut.
    pause: Option<Pin<Box<Sleep>>>,
    masks: Option<u64>,
    /// What frames that are written by themselves are.
    opcode: Opcode,
    /// Whether text messages are read as if they were binary.
    takes_text: bool,
    fault: Option<Fault>,
    /// What came in the message that is the fault, as far as it is there.
    evidence: Bytes,
    /// What came besides messages, for who wants to know.
    controls: Option<Vec<Control>>,
    close_sent: bool,
    close_received: Option<Option<u16>>,
    ended: bool,
    /// Of a lapse: what comes is read and thrown away.
    stuck: bool,
}

impl<S> WebSocket<S> {
    /// Frames over `io`, whose upgrade is done. `rest` is what came behind the upgrade.
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
            evidence: Bytes::new(),
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

    /// Makes what is written frames of another type.
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

    /// Cuts what goes out, wherever frames begin and end.
    pub fn cut(&mut self, cut: Option<Cut>) {
        self.cut = cut;
    }

    /// Keeps frames that are no part of a message, until they are taken.
    pub fn keep_controls(&mut self) {
        self.controls.get_or_insert_default();
    }

    /// What has been kept since the last time, in order. It came before whatever is read next.
    pub fn take_controls(&mut self) -> Vec<Control> {
        self.controls
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// What carries the frames.
    pub fn get_ref(&self) -> &S {
        &self.io
    }

    /// What carries the frames, and the frames end here.
    pub fn into_inner(self) -> S {
        self.io
    }

    /// Which rule the peer broke, if it did, and what came in a text frame that broke one.
    pub fn fault(&self) -> Option<(Fault, &Bytes)> {
        self.fault.map(|fault| (fault, &self.evidence))
    }

    /// The code of the peer's close frame, if one came and if it has one.
    pub fn close_code(&self) -> Option<Option<u16>> {
        self.close_received
    }

    /// Whether what has been read so far ends with a data frame.
    pub fn is_between_frames(&self) -> bool {
        self.data.is_empty() && self.decoder.is_between_frames()
    }

    /// Whether a part of a frame's header has come, and not all of it.
    pub fn is_within_header(&self) -> bool {
        let is_begun = self.decoder.is_between_frames() && !self.inbound.is_empty();
        is_begun && matches!(Header::parse(&self.inbound), Ok(None))
    }

    /// How many data frames without a payload have been read.
    pub fn empty_frames(&self) -> u64 {
        self.decoder.empty_frames()
    }

    /// Queues this frame behind what was written, whatever its peer will say. It goes out with the next flush.
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

    fn push_right(&mut self, opcode: Opcode, payload: &[u8]) {
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

    /// The next mask (SplitMix64).
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
    /// Takes the next thing out of what has come; `false` when more bytes are needed.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        match self.decoder.next(&mut self.inbound) {
            Ok(None) => return false,
            Ok(Some(Item::Data(opcode, bytes))) => {
                if self.breaks(Lapse::FirstFragmentOnly) && self.decoder.is_continued() {
                    return true;
                }
                if opcode == Opcode::TEXT && !self.takes_text {
                    self.fault = Some(Fault::Text);
                    self.evidence = bytes.freeze();
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
                self.stuck = self.breaks(Lapse::StuckAtPing);
                let is_answered = !self.stuck && !self.breaks(Lapse::NoPong);
                if is_answered && self.outbound.len() < OUTBOUND_LIMIT && !self.close_sent {
                    let answer = match self.breaks(Lapse::OtherPong) {
                        true => &b"another"[..],
                        false => &payload[..],
                    };
                    self.push_right(Opcode::PONG, answer);
                    self.send_on(cx);
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
                    self.push_right(Opcode::CLOSE, code.as_ref().map_or(&[], |c| &c[..]));
                }
                self.send_on(cx);
            }
            Err(fault) => self.fault = Some(fault),
        }
        true
    }

    /// Reads from the stream below; says whether anything came.
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

    /// Writes what waits.
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

    /// Sends what is owed to the peer as far as it goes. How the connection fares, reading tells.
    fn send_on(&mut self, cx: &mut Context<'_>) {
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
            // A peer that sends frames without end, and no data in them, holds up nobody.
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
            this.push_right(this.opcode, &buf[..count]);
            // An error shows at the next write: this one's bytes have been taken.
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
            this.push_right(Opcode::CLOSE, &code.to_be_bytes());
        }
        ready!(this.poll_send(cx))?;
        // A client leaves it to the server to end what is below, unless the server's close has come already.
        if this.masks.is_some() && this.close_received.is_none() {
            return Pin::new(&mut this.io).poll_flush(cx);
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}
