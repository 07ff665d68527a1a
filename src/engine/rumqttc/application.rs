//! The rumqttc client and event loop as an application uses them, with one interface for both protocol versions.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::rumqttc::Outgoing;
use futures_util::FutureExt;
use mqtt_check_codec::{Connect, Packet, PacketType, ProtocolVersion};

use super::{v4, v5};

/// How many QoS 1 and 2 messages may be in flight. The library allocates a slot for each.
pub(super) const IN_FLIGHT_LIMIT: u16 = 16;
/// How many requests may wait for the event loop.
pub(super) const REQUESTS: usize = 64;
/// The largest packet, in bytes, for the version of the library that has this option.
pub(super) const MAXIMUM_PACKET: usize = 268_435_460;
/// How long the library waits for CONNACK. It is long because the scenario sets the limits.
pub(super) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of one turn of the event loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// The library has taken one packet of the broker.
    Took(Taken),
    /// The library has written one packet.
    Wrote(PacketType),
    /// The library has postponed a message until its Packet Identifier is free.
    PutOff,
    /// The library has given up the connection, for this reason.
    GaveUp(String),
}

/// A packet that the library has taken, as its application sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    Connected { session_present: bool },
    Publish { packet_id: u16, qos: u8 },
    Other,
}

/// The library as an application uses it.
pub(super) struct Application {
    client: Client,
    event_loop: Running,
    /// Whether CONNACK was received. The event loop now sends what it still has to send.
    connected: bool,
    socket: PathBuf,
}

enum Client {
    V4(::rumqttc::AsyncClient),
    V5(::rumqttc::v5::AsyncClient),
}

enum EventLoop {
    V4(Box<::rumqttc::EventLoop>),
    V5(Box<::rumqttc::v5::EventLoop>),
}

/// A turn owns the event loop. It cannot be cancelled in the middle, or the library would lose its connection.
type Turning = Pin<Box<dyn Future<Output = Option<(EventLoop, Turn)>>>>;

enum Running {
    /// The event loop is not polled.
    Resting(EventLoop),
    Turning {
        turning: Turning,
        /// Whether the library has something to send that no step asks for.
        resends: bool,
    },
    /// The event loop has panicked, and its session is lost.
    Broken,
}

impl Application {
    /// Creates the library without a connection. It will connect to this socket.
    pub(super) fn new(version: ProtocolVersion, manual_acks: bool, socket: PathBuf) -> Self {
        let (client, event_loop) = if version.has_properties() {
            let (client, event_loop) = v5::start(&socket, manual_acks);
            (Client::V5(client), EventLoop::V5(Box::new(event_loop)))
        } else {
            let (client, event_loop) = v4::start(&socket, manual_acks);
            (Client::V4(client), EventLoop::V4(Box::new(event_loop)))
        };
        Self {
            client,
            event_loop: Running::Resting(event_loop),
            connected: false,
            socket,
        }
    }

    /// Begins a connection with these options. The session belongs to the event loop and is kept. So are its events
    /// that have not been read yet, and their number is returned.
    pub(super) fn connect(&mut self, connect: &Connect) -> Result<usize, String> {
        let unseen = match &mut self.event_loop {
            Running::Resting(EventLoop::V4(event_loop)) => {
                v4::configure(event_loop, connect, &self.socket)?;
                event_loop.state.events.len()
            }
            Running::Resting(EventLoop::V5(event_loop)) => {
                v5::configure(event_loop, connect, &self.socket)?;
                event_loop.state.events.len()
            }
            Running::Turning { .. } => return Err("is still connected".into()),
            Running::Broken => return Err("has panicked and cannot continue".into()),
        };
        self.resume();
        Ok(unseen)
    }

    /// Passes a request to the event loop, which handles it in a later turn.
    pub(super) fn ask(&self, packet: &Packet) -> Result<(), String> {
        match &self.client {
            Client::V4(client) => v4::ask(client, packet),
            Client::V5(client) => v5::ask(client, packet),
        }
    }

    /// Returns whether the event loop is not polled, so there is no connection.
    pub(super) fn is_idle(&self) -> bool {
        !matches!(self.event_loop, Running::Turning { .. })
    }

    /// Returns whether the library has something to send from an earlier connection.
    pub(super) fn resends(&self) -> bool {
        self.connected && matches!(self.event_loop, Running::Turning { resends: true, .. })
    }

    /// Polls the event loop. Once it has given up the connection, it rests until the next [`Application::connect`].
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Running::Turning { turning, .. } = &mut self.event_loop else {
            return Poll::Pending;
        };
        let Poll::Ready(turned) = turning.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        let Some((event_loop, turn)) = turned else {
            self.event_loop = Running::Broken;
            self.connected = false;
            return Poll::Ready(Turn::GaveUp("it panicked".into()));
        };
        self.event_loop = Running::Resting(event_loop);
        match turn {
            Turn::GaveUp(_) => self.connected = false,
            Turn::Took(Taken::Connected { .. }) => self.connected = true,
            _ => {}
        }
        if !matches!(turn, Turn::GaveUp(_)) {
            self.resume();
        }
        Poll::Ready(turn)
    }

    fn resume(&mut self) {
        self.event_loop = match std::mem::replace(&mut self.event_loop, Running::Broken) {
            Running::Resting(EventLoop::V4(event_loop)) => Running::Turning {
                resends: !event_loop.pending.is_empty(),
                turning: turning(async move {
                    let (event_loop, turn) = v4::turn(event_loop).await;
                    (EventLoop::V4(event_loop), turn)
                }),
            },
            Running::Resting(EventLoop::V5(event_loop)) => Running::Turning {
                resends: !event_loop.pending.is_empty(),
                turning: turning(async move {
                    let (event_loop, turn) = v5::turn(event_loop).await;
                    (EventLoop::V5(event_loop), turn)
                }),
            },
            other => other,
        };
    }
}

/// Catches a panic of the library. It becomes a fact about the library and does not end the run.
fn turning(turn: impl Future<Output = (EventLoop, Turn)> + 'static) -> Turning {
    Box::pin(AssertUnwindSafe(turn).catch_unwind().map(Result::ok))
}

/// Returns the turn that an outgoing event describes.
pub(super) fn outgoing(outgoing: &Outgoing) -> Turn {
    Turn::Wrote(match outgoing {
        Outgoing::Publish(_) => PacketType::PUBLISH,
        Outgoing::Subscribe(_) => PacketType::SUBSCRIBE,
        Outgoing::Unsubscribe(_) => PacketType::UNSUBSCRIBE,
        Outgoing::PubAck(_) => PacketType::PUBACK,
        Outgoing::PubRec(_) => PacketType::PUBREC,
        Outgoing::PubRel(_) => PacketType::PUBREL,
        Outgoing::PubComp(_) => PacketType::PUBCOMP,
        Outgoing::PingReq => PacketType::PINGREQ,
        Outgoing::PingResp => PacketType::PINGRESP,
        Outgoing::Disconnect => PacketType::DISCONNECT,
        Outgoing::AwaitAck(_) => return Turn::PutOff,
    })
}

/// Returns the user name and password in the form that the library accepts. It accepts only text and omits an empty
/// one.
pub(super) fn credentials(connect: &Connect) -> Result<Option<(String, String)>, String> {
    let username = connect.username.as_deref();
    let password = match &connect.password {
        Some(bytes) => Some(
            std::str::from_utf8(bytes).map_err(|_| "accepts a password only as text".to_owned())?,
        ),
        None => None,
    };
    if username == Some("") || password == Some("") {
        return Err("cannot send an empty user name or password".into());
    }
    Ok((username.is_some() || password.is_some()).then(|| {
        (
            username.unwrap_or_default().to_owned(),
            password.unwrap_or_default().to_owned(),
        )
    }))
}

/// Returns the host name for the library's options. For a Unix socket it is the path.
pub(super) fn host(socket: &Path) -> String {
    socket.to_string_lossy().into_owned()
}
