//! The library's end of a client's connections: its socket, what is passed to it and when, and what it sends.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use mqtt_check_codec::{Connect, Frame, Packet, PacketType, ProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};

use super::application::{Application, MAXIMUM_PACKET, Taken, Turn};
use super::ledger::Ledger;
use crate::transcript::{LaneIndex, StepIndex};

/// How much is read at once, in bytes.
const CHUNK: usize = 8 * 1024;

/// The library of one client, behind its tap. It lives as long as the client, because it contains the library's
/// session.
pub(in crate::engine) struct Tap {
    version: ProtocolVersion,
    application: Application,
    ledger: Ledger,
    listener: UnixListener,
    /// The folder of the socket. It is removed with the tap.
    _folder: TempDir,
    /// The connection that the tap is attached to.
    lane: Option<LaneIndex>,
    /// Our end of the library's socket.
    link: Option<UnixStream>,
    from_library: BytesMut,
    to_library: BytesMut,
    /// What the broker sent and the library has not received yet.
    held: VecDeque<Held>,
    /// Whether received packets are held back until a step that waits.
    holding: bool,
    /// How many of `held` may be passed on although `holding` is set.
    released: usize,
    /// What steps have asked the library for, until it is written.
    asked: VecDeque<(PacketType, StepIndex)>,
    /// Whether the library has been polled since it was last asked, and is waiting for something.
    stalled: bool,
    /// Whether a packet was passed to the library that it has not reported yet.
    unseen: bool,
    /// The last packet that was passed to the library, in words.
    last_given: Option<String>,
    /// How many packets the library has reported as written that we have not read yet.
    unread: usize,
    /// How many events of its previous connection the library still has. They say nothing about this one.
    stale: usize,
    /// Whether the library's socket is to be closed once everything has been passed on.
    ended: bool,
    /// Whether we ended the connection. How the library reacts is then of no interest.
    disconnected: bool,
    /// The QoS of the messages that the application has received, by Packet Identifier.
    messages: BTreeMap<u16, u8>,
    /// How many PINGRESPs to the library's own pings have not been received yet.
    pings: usize,
    /// Why the library gave up the connection by itself.
    gave_up: Option<String>,
}

/// A packet on its way to the library.
struct Held {
    bytes: Bytes,
    packet_type: PacketType,
    /// The packet, if it can be decoded.
    packet: Option<Packet>,
}

/// An event of the tap.
#[derive(Debug)]
pub(in crate::engine) enum TapEvent {
    /// The library has written something.
    Wrote {
        bytes: Bytes,
        /// Set if the bytes are a packet.
        packet: Option<Packet>,
        /// The step that asked for it. `None` if the library did it by itself.
        asked_by: Option<StepIndex>,
    },
    /// Something that the library did internally.
    Fact(String),
    /// The library has closed its socket by itself.
    HungUp,
    /// Something else happened that a wait may depend on.
    Moved,
}

impl Tap {
    /// Creates a tap with a library that has had no connection yet.
    pub(super) fn new(version: ProtocolVersion, manual_acks: bool) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mqtt-check-").tempdir()?;
        let socket = folder.path().join("tap");
        let listener = UnixListener::bind(&socket)?;
        Ok(Self {
            version,
            application: Application::new(version, manual_acks, socket),
            ledger: Ledger::default(),
            listener,
            _folder: folder,
            lane: None,
            link: None,
            from_library: BytesMut::new(),
            to_library: BytesMut::new(),
            held: VecDeque::new(),
            holding: false,
            released: 0,
            asked: VecDeque::new(),
            stalled: false,
            unseen: false,
            last_given: None,
            unread: 0,
            stale: 0,
            ended: false,
            disconnected: false,
            messages: BTreeMap::new(),
            pings: 0,
            gave_up: None,
        })
    }

    /// Attaches the tap to a new connection.
    pub(super) fn attach(&mut self, lane: LaneIndex) {
        self.lane = Some(lane);
        self.link = None;
        self.from_library.clear();
        self.to_library.clear();
        self.held.clear();
        self.released = 0;
        self.asked.clear();
        self.unseen = false;
        self.unread = 0;
        self.ended = false;
        self.disconnected = false;
        self.pings = 0;
        self.gave_up = None;
    }

    /// Returns the connection that the tap is attached to.
    pub(super) fn lane(&self) -> Option<LaneIndex> {
        self.lane
    }

    /// Begins the library's half of the connection.
    pub(super) fn connect(&mut self, connect: &Connect, step: StepIndex) -> Result<(), String> {
        self.stale = self.application.connect(connect)?;
        self.asked.push_back((PacketType::CONNECT, step));
        self.stalled = false;
        Ok(())
    }

    /// Asks the library for a packet.
    pub(super) fn ask(&mut self, packet: &Packet, step: StepIndex) -> Result<(), String> {
        self.application.ask(packet)?;
        self.asked.push_back((packet.packet_type(), step));
        self.stalled = false;
        Ok(())
    }

    /// Returns whether everything that was asked for has been written.
    pub(super) fn has_written(&self) -> bool {
        self.asked.is_empty()
    }

    /// Returns whether the library has been polled since it was last asked, and is waiting for something.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled && self.link.is_some()
    }

    /// Returns whether the library has no connection.
    pub(super) fn is_unconnected(&self) -> bool {
        self.application.is_idle()
    }

    /// Returns whether received packets are held back.
    pub(super) fn is_holding(&self) -> bool {
        self.holding
    }

    /// Holds back what is received from here on, or lets it through.
    pub(super) fn hold(&mut self, holding: bool) {
        self.holding = holding;
        self.released = 0;
    }

    /// Lets held packets through up to the message with this identifier.
    pub(super) fn release_until(&mut self, packet_id: u16) {
        let position = self.held.iter().position(|held| {
            held.packet_type == PacketType::PUBLISH
                && held
                    .packet
                    .as_ref()
                    .and_then(Packet::packet_id)
                    .is_some_and(|id| id.get() == packet_id)
        });
        self.released = position.map_or(0, |n| n + 1);
    }

    /// Returns the QoS of a message that the application has received.
    pub(super) fn message(&self, packet_id: u16) -> Option<u8> {
        self.messages.get(&packet_id).copied()
    }

    /// Returns why the library gave up its connection by itself, if it did.
    pub(super) fn gave_up(&self) -> Option<&str> {
        self.gave_up.as_deref()
    }

    /// Takes a packet of the broker. Returns `true` if it answers a ping that the library sent by itself.
    pub(super) fn take(&mut self, frame: &Frame, packet: Option<Packet>) -> bool {
        let packet_type = frame.packet_type();
        self.held.push_back(Held {
            bytes: frame.bytes().clone(),
            packet_type,
            packet,
        });
        let own = packet_type == PacketType::PINGRESP && self.pings > 0;
        self.pings -= usize::from(own);
        own
    }

    /// Takes bytes of the broker that are not a packet.
    pub(super) fn take_bytes(&mut self, bytes: &Bytes) {
        self.held.push_back(Held {
            bytes: bytes.clone(),
            packet_type: PacketType::RESERVED,
            packet: None,
        });
    }

    /// Notes that the broker has ended the connection. What is held back then never arrives.
    pub(super) fn end(&mut self) {
        if self.holding {
            self.held.clear();
        }
        self.ended = true;
    }

    /// Ends the connection from outside. Nothing more arrives.
    pub(super) fn disconnect(&mut self) {
        self.held.clear();
        self.to_library.clear();
        self.ended = true;
        self.disconnected = true;
    }

    /// Returns whether nothing is in progress between tap and library.
    pub(super) fn is_idle(&self) -> bool {
        if self.application.is_idle() {
            return self.link.is_none();
        }
        self.can_give() && !self.may_give() && !(self.ended && self.held.is_empty())
    }

    /// Returns the packet that the library ignores, if there is one. Nothing is running any more, so it is a packet
    /// that the library has not reported.
    pub(super) fn ignored(&mut self) -> Option<String> {
        self.unread = 0;
        if !std::mem::take(&mut self.unseen) {
            return None;
        }
        let what = self.last_given.take().unwrap_or_default();
        Some(format!("ignored {what}"))
    }

    /// Returns what the library owes at the end of the play.
    pub(super) fn close(&self) -> Vec<String> {
        self.ledger.close()
    }

    /// Polls the library and moves data from and to it. Ready when there are events.
    pub(in crate::engine) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Vec<TapEvent>> {
        let mut events = Vec::new();
        loop {
            self.accept(cx);
            let turned = self.turn(cx, &mut events);
            let read = self.read(cx, &mut events);
            let gave = self.give();
            let wrote = self.write(cx);
            if !(turned || read || gave || wrote) {
                break;
            }
        }
        if events.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(events)
        }
    }

    fn accept(&mut self, cx: &mut Context<'_>) {
        if self.link.is_none()
            && !self.application.is_idle()
            && let Poll::Ready(Ok((link, _))) = self.listener.poll_accept(cx)
        {
            self.link = Some(link);
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>, events: &mut Vec<TapEvent>) -> bool {
        let mut turned = false;
        while let Poll::Ready(turn) = self.application.poll(cx) {
            turned = true;
            events.push(TapEvent::Moved);
            let stale = self.is_stale(&turn);
            match turn {
                Turn::Took(taken) => {
                    self.unseen &= stale;
                    if let Taken::Publish { packet_id, qos } = taken {
                        self.messages.insert(packet_id, qos);
                    }
                    events.extend(self.ledger.took(&taken).map(TapEvent::Fact));
                }
                // The library reports a DISCONNECT, but writes none, if the broker's packet is malformed.
                Turn::Wrote(PacketType::DISCONNECT)
                    if !self
                        .asked
                        .iter()
                        .any(|(asked, _)| *asked == PacketType::DISCONNECT) => {}
                Turn::Wrote(_) => self.unread += usize::from(!stale),
                Turn::PutOff => {}
                Turn::GaveUp(why) => self.given_up(why, events),
            }
        }
        self.stalled = true;
        turned
    }

    /// Returns whether this event belongs to the previous connection.
    fn is_stale(&mut self, turn: &Turn) -> bool {
        let fresh = matches!(turn, Turn::Took(Taken::Connected { .. }) | Turn::GaveUp(_));
        let stale = self.stale > 0 && !fresh;
        self.stale -= usize::from(stale);
        stale
    }

    fn given_up(&mut self, why: String, events: &mut Vec<TapEvent>) {
        self.asked.clear();
        self.held.clear();
        self.to_library.clear();
        self.unread = 0;
        let on = match (self.unseen, self.last_given.take()) {
            (true, Some(packet)) => format!(" on {packet}"),
            _ => String::new(),
        };
        self.unseen = false;
        if !self.disconnected {
            let why = why.trim().to_owned();
            events.push(TapEvent::Fact(format!("ended its connection{on}: {why}")));
            self.gave_up = Some(why);
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, events: &mut Vec<TapEvent>) -> bool {
        let mut any = false;
        while let Some(link) = &mut self.link {
            let mut chunk = [0; CHUNK];
            let mut buffer = ReadBuf::new(&mut chunk);
            match Pin::new(link).poll_read(cx, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.from_library.extend_from_slice(buffer.filled());
                    self.cut_into_packets(events);
                }
                Poll::Ready(_) => {
                    self.link = None;
                    events.push(if self.disconnected {
                        TapEvent::Moved
                    } else {
                        TapEvent::HungUp
                    });
                }
            }
            any = true;
        }
        any
    }

    fn cut_into_packets(&mut self, events: &mut Vec<TapEvent>) {
        loop {
            match Frame::read(&mut self.from_library, MAXIMUM_PACKET) {
                Ok(None) => return,
                Ok(Some(frame)) => self.written(&frame, events),
                Err(_) => {
                    events.push(TapEvent::Wrote {
                        bytes: self.from_library.split().freeze(),
                        packet: None,
                        asked_by: None,
                    });
                    return;
                }
            }
        }
    }

    fn written(&mut self, frame: &Frame, events: &mut Vec<TapEvent>) {
        let packet_type = frame.packet_type();
        if packet_type != PacketType::CONNECT {
            self.unread = self.unread.saturating_sub(1);
        }
        let asked_by = match self.asked.front() {
            Some((asked, step)) if *asked == packet_type => {
                let step = *step;
                self.asked.pop_front();
                Some(step)
            }
            _ => None,
        };
        if self.disconnected {
            return;
        }
        self.pings += usize::from(packet_type == PacketType::PINGREQ);
        let packet = Packet::decode(frame, self.version).ok();
        let fact = packet.as_ref().and_then(|packet| self.ledger.wrote(packet));
        events.push(TapEvent::Wrote {
            bytes: frame.bytes().clone(),
            packet,
            asked_by,
        });
        events.extend(fact.map(TapEvent::Fact));
    }

    /// Returns whether the library waits only for the next packet, so that there is only one thing that it can do with
    /// it.
    fn can_give(&self) -> bool {
        self.link.is_some()
            && self.to_library.is_empty()
            && !self.unseen
            && self.unread == 0
            && !self.application.resends()
            && (self.asked.is_empty() || self.stalled)
    }

    /// Returns whether there is a packet to pass on that is not held back. A CONNACK is never held back, because the
    /// library does nothing without it.
    fn may_give(&self) -> bool {
        self.held.front().is_some_and(|held| {
            !self.holding || self.released > 0 || held.packet_type == PacketType::CONNACK
        })
    }

    fn give(&mut self) -> bool {
        if !self.can_give() || !self.may_give() {
            return false;
        }
        let Some(held) = self.held.pop_front() else {
            return false;
        };
        self.released = self.released.saturating_sub(1);
        self.last_given = Some(match held.packet.as_ref().and_then(Packet::packet_id) {
            Some(id) => format!("{} {id}", held.packet_type),
            None => held.packet_type.to_string(),
        });
        if let Some(packet) = &held.packet {
            self.ledger.given(packet);
        }
        self.to_library.extend_from_slice(&held.bytes);
        self.unseen = true;
        true
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(link) = &mut self.link else {
            return false;
        };
        let mut wrote = false;
        while !self.to_library.is_empty() {
            match Pin::new(&mut *link).poll_write(cx, &self.to_library) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    self.to_library.advance(written);
                    wrote = true;
                }
                Poll::Pending => return wrote,
                // The reading side notices that the library has gone.
                Poll::Ready(_) => self.to_library.clear(),
            }
        }
        let given = self.held.is_empty() && !self.unseen && self.unread == 0;
        if self.ended && (self.disconnected || given) {
            // The shutdown of a socket completes at once.
            let _ = Pin::new(link).poll_shutdown(cx);
        }
        wrote
    }
}
