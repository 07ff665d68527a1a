//! WebSocket for servers: the upgrade, and the frames of a broker with faults or permitted variations.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use mqtt_check_codec::Frame;
use mqtt_check_websocket::handshake::Refusal;
use mqtt_check_websocket::{HandshakeError, Lapse, MQTT, Opcode, Request, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{Conduct, Fault, Faults, Liberty};

/// Reads the request for an upgrade and answers it. Returns no stream if the request was refused.
///
/// # Errors
/// Returns an error if no request is received, or the answer cannot be sent.
pub(super) async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    path: Option<&str>,
    origins: Option<&[String]>,
    conduct: Conduct,
) -> Result<Option<Framed<S>>, HandshakeError> {
    let mut rest = BytesMut::new();
    let request = match Request::read(&mut io, &mut rest).await {
        // The answer is HTTP even so. It names the protocol that this server expects.
        Err(HandshakeError::NotHttp(_) | HandshakeError::TooLong) => Err(Refusal::NotHttp),
        read => read?,
    };
    let accepted = request.and_then(|request| {
        if path.is_some_and(|path| path != request.path) {
            return Err(Refusal::Path);
        }
        if let (Some(origins), Some(origin)) = (origins, &request.origin)
            && !origins
                .iter()
                .any(|let_in| let_in.eq_ignore_ascii_case(origin))
        {
            return Err(Refusal::Origin);
        }
        let protocol = select(&request, conduct.faults)?;
        Ok(request.accept(protocol))
    });
    let is_accepted = accepted.is_ok();
    let answer = accepted.unwrap_or_else(Refusal::answer);
    io.write_all(answer.as_bytes()).await?;
    io.flush().await?;
    if is_accepted {
        let socket = WebSocket::new(io, Role::Server, rest);
        return Ok(Some(Framed::new(socket, conduct)));
    }
    io.shutdown().await?;
    Ok(None)
}

/// Returns the subprotocol to select.
fn select(request: &Request, faults: Faults) -> Result<Option<&str>, Refusal> {
    if faults.has(Fault::SubprotocolEchoed) {
        return Ok(request.protocols.first().map(String::as_str));
    }
    if faults.has(Fault::SeveralSubprotocolsRefused) && request.protocols.len() > 1 {
        return Err(Refusal::Protocol);
    }
    // [3.1.1 MQTT-6.0.0-3] [5 MQTT-6.0.0-3]: if the client does not offer it, no subprotocol may be selected.
    if !request.protocols.iter().any(|name| name == MQTT) {
        return Err(Refusal::Protocol);
    }
    // [3.1.1 MQTT-6.0.0-4] [5 MQTT-6.0.0-4]
    Ok(Some(MQTT).filter(|_| !faults.has(Fault::SubprotocolNotReturned)))
}

/// Faults that break a rule of WebSocket itself.
const LAPSES: &[(Fault, Lapse)] = &[
    (Fault::PingFrameUnanswered, Lapse::NoPong),
    (Fault::PingFrameWedges, Lapse::StuckAtPing),
    (Fault::PingFrameReadAsData, Lapse::PingAsData),
    (Fault::PongWithOtherPayload, Lapse::OtherPong),
    (Fault::CloseFrameIgnored, Lapse::CloseIgnored),
    (Fault::FirstFragmentOnly, Lapse::FirstFragmentOnly),
    (Fault::ServerFramesMasked, Lapse::MaskReversed),
    (Fault::UnmaskedFramesAccepted, Lapse::AnyMask),
    (Fault::FrameBitsIgnored, Lapse::AnyReserved),
    (Fault::FrameTypesIgnored, Lapse::AnyOpcode),
    (Fault::ContinuationAccepted, Lapse::AnyContinuation),
    (Fault::ControlFragmentsAccepted, Lapse::ControlFragments),
    (Fault::LongControlsAccepted, Lapse::LongControls),
    (Fault::LongFramesRefused, Lapse::NoLongFrames),
    (Fault::PingBetweenFragmentsRefused, Lapse::NoPingBetween),
];

/// For a permitted variation: the most bytes in a frame of a broker that sends small frames.
const SMALL: usize = 3;

/// MQTT in frames. A broker without faults reads one stream of bytes, wherever frames begin and end.
#[derive(Debug)]
pub(super) struct Framed<S> {
    socket: WebSocket<S>,
    /// [3.1.1 MQTT-6.0.0-2] [5 MQTT-6.0.0-2]: for faults, how the ends of frames are misused.
    aligned: Option<FrameAlignment>,
    /// [3.1.1 MQTT-6.0.0-2] [5 MQTT-6.0.0-2]: for a permitted variation, whether packets are split into small frames.
    small: bool,
    /// [3.1.1 MQTT-7.1.1-1] [5 MQTT-4.2.0-1]: for a fault, whether a partly received frame header ends the connection.
    whole_headers: bool,
    /// [3.1.1 MQTT-6.0.0-2] [5 MQTT-6.0.0-2]: for a fault, whether an empty frame ends the stream.
    ends_when_empty: bool,
    /// For faults: the bytes of the current frame or packet.
    held: BytesMut,
    /// For faults: the bytes to pass on.
    data: BytesMut,
}

/// A misuse of the ends of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameAlignment {
    /// A packet that does not end with its frame is dropped.
    Whole,
    /// Only the first packet of each frame is read.
    Single,
}

impl<S> Framed<S> {
    fn new(mut socket: WebSocket<S>, conduct: Conduct) -> Self {
        let faults = conduct.faults;
        // [3.1.1 MQTT-6.0.0-1] [5 MQTT-6.0.0-1]
        if faults.has(Fault::TextFramesAccepted) {
            socket.take_text();
        }
        if faults.has(Fault::PacketsInTextFrames) {
            socket.send_as(Opcode::TEXT);
        }
        if faults.has(Fault::PacketsInContinuationFrames) {
            socket.send_as(Opcode::CONTINUATION);
        }
        for (_, lapse) in LAPSES.iter().filter(|(fault, _)| faults.has(*fault)) {
            socket.lapse(*lapse);
        }
        Self {
            socket,
            aligned: if faults.has(Fault::PacketsSpanNoFrames) {
                Some(FrameAlignment::Whole)
            } else if faults.has(Fault::OnePacketPerFrame) {
                Some(FrameAlignment::Single)
            } else {
                None
            },
            whole_headers: faults.has(Fault::FrameHeadersWhole),
            ends_when_empty: faults.has(Fault::EmptyFrameEndsStream),
            small: conduct.liberties.has(Liberty::SmallFrames),
            held: BytesMut::new(),
            data: BytesMut::new(),
        }
    }

    /// Decides which packets of a complete frame are passed on.
    fn end_frame(&mut self, aligned: FrameAlignment) {
        let mut rest = self.held.clone();
        let mut packets: Vec<Frame> = Vec::new();
        while let Ok(Some(packet)) = Frame::read(&mut rest, usize::MAX) {
            packets.push(packet);
        }
        if packets.is_empty() && rest.is_empty() {
            return;
        }
        if aligned == FrameAlignment::Single {
            packets.truncate(1);
            self.held = rest;
        } else {
            self.held.clear();
        }
        for packet in packets {
            self.data.extend_from_slice(packet.bytes());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Framed<S> {
    fn poll_socket(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ends_when_empty && self.socket.empty_frames() > 0 {
            return Poll::Ready(Ok(()));
        }
        let filled = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if self.ends_when_empty && self.socket.empty_frames() > 0 {
            buf.set_filled(filled);
            return Poll::Ready(Ok(()));
        }
        if self.whole_headers && read.is_pending() && self.socket.is_within_header() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Framed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(aligned) = this.aligned else {
            return this.poll_socket(cx, buf);
        };
        loop {
            if !this.data.is_empty() {
                let count = this.data.len().min(buf.remaining());
                buf.put_slice(&this.data.split_to(count));
                return Poll::Ready(Ok(()));
            }
            let mut chunk = [0; 4096];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(this.poll_socket(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.held.extend_from_slice(chunk.filled());
            if this.socket.is_between_frames() {
                this.end_frame(aligned);
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let most = match this.small {
            true => buf.len().min(SMALL),
            false => buf.len(),
        };
        Pin::new(&mut this.socket).poll_write(cx, &buf[..most])
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
