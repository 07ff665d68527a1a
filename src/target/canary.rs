//! A plain connection that accompanies a run on the network. It pings and sends itself QoS 0 messages, which shows how
//! responsive the broker is and when it does not serve. It belongs to no case and has its own thread, so that busy
//! plays do not delay it.

mod pulse;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Frame, Packet, PacketType, Properties, ProtocolVersion, Publish, QoS, ReasonCode,
};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::look::{Read, Reader};
use super::own::{own_connect, own_subscribe};
use super::{Credentials, External};
use crate::transport::Endpoint;

pub use pulse::{Outage, OutageKind, Pulse};

/// How often the canary pings and sends itself a message.
const INTERVAL: Duration = Duration::from_millis(250);
/// How often the canary checks whether an answer is overdue.
const SLICE: Duration = Duration::from_millis(20);
/// A check that is this late was delayed by this machine. The delay is subtracted from the broker's response time.
const STOOD_STILL: Duration = Duration::from_millis(250);
/// The longest wait for an answer or an outage.
const UNCERTAIN: Duration = Duration::from_secs(15);
/// The pause before reconnecting.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a message may take before it counts as lost.
const IN_FLIGHT: Duration = Duration::from_secs(1);
/// How long sending the last packet may take.
const GOODBYE: Duration = Duration::from_millis(100);
/// The canary's Keep Alive, in seconds.
const KEEP_ALIVE_S: u16 = 60;

/// A running canary. It disconnects when this is dropped.
#[derive(Debug)]
pub struct Canary {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The state that the canary's thread shares with its users.
#[derive(Debug, Default)]
struct Shared {
    pulse: Mutex<Pulse>,
    /// How many users want the canary to send no messages.
    pings_only: AtomicUsize,
    in_flight: AtomicBool,
    /// Whether a user wants to know whether the broker answers.
    is_asked: AtomicBool,
}

impl Shared {
    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_paused(&self) -> bool {
        self.pings_only.load(Ordering::SeqCst) > 0
    }
}

/// While this lives, the canary sends only pings, no messages.
#[derive(Debug)]
pub struct PingsOnly<'c>(&'c Shared);

impl Drop for PingsOnly<'_> {
    fn drop(&mut self) {
        self.0.pings_only.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Canary {
    /// Connects to this broker with this version. `name` distinguishes the canary from other clients, and `limit` is
    /// the time until CONNACK. If no thread can be started, the canary sees nothing.
    pub fn start(broker: &External, version: ProtocolVersion, name: &str, limit: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let client = Client {
            endpoint: Arc::clone(&broker.endpoint),
            credentials: broker.credentials.clone(),
            limit,
            reader: None,
            talk: Talk {
                version,
                name: name.to_owned(),
                shared: Arc::clone(&shared),
                message_state: MessageState::NotRequested,
                pinged: None,
                message: Message::default(),
            },
        };
        let thread = thread::Builder::new().name("canary".to_owned());
        let thread = thread.spawn(move || client.run(stopped)).ok();
        Self {
            shared,
            stop: Some(stop),
            thread,
        }
    }

    /// What the canary has seen so far.
    pub fn pulse(&self) -> Pulse {
        self.shared.pulse().clone()
    }

    /// The current outage, if any.
    pub fn outage(&self) -> Option<Outage> {
        self.shared.pulse().outage()
    }

    /// The outage between `from` and now, if there was one. Waits until the broker has answered once more, or has been
    /// silent long enough for an outage.
    pub async fn outage_since(&self, from: Instant) -> Option<Outage> {
        let now = Instant::now();
        loop {
            {
                let pulse = self.shared.pulse();
                let outage = pulse.overlapping(from, now);
                // If the broker has never answered a ping, its silence means nothing.
                let is_known = pulse.round_trips == 0 || pulse.has_answered_since(now);
                if outage.is_some() || is_known || now.elapsed() > UNCERTAIN {
                    return outage;
                }
            }
            self.shared.is_asked.store(true, Ordering::SeqCst);
            sleep(SLICE / 4).await;
        }
    }

    /// Stops messages until the returned guard is dropped, and waits until the last one has arrived.
    pub async fn pings_only(&self) -> PingsOnly<'_> {
        self.shared.pings_only.fetch_add(1, Ordering::SeqCst);
        let pings_only = PingsOnly(&self.shared);
        let deadline = Instant::now() + IN_FLIGHT;
        while self.shared.in_flight.load(Ordering::SeqCst) && Instant::now() < deadline {
            sleep(SLICE / 4).await;
        }
        pings_only
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state of the canary's own messages on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessageState {
    NotRequested,
    /// The canary has subscribed or sent the first message. A broker that does not allow this may close the connection.
    Requested,
    Delivered,
    /// The broker does not allow the messages.
    Forbidden,
}

/// The client that runs in the canary's thread.
struct Client {
    endpoint: Arc<Endpoint>,
    credentials: Option<Credentials>,
    limit: Duration,
    reader: Option<Reader>,
    talk: Talk,
}

impl Client {
    fn run(mut self, stopped: oneshot::Receiver<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return;
        };
        runtime.block_on(async {
            tokio::select! {
                () = self.live() => {}
                _ = stopped => {}
            }
            if let Some(reader) = self.reader.take() {
                let _ = timeout(GOODBYE, reader.disconnect()).await;
            }
        });
    }

    /// Connects, and reconnects whenever the connection ends. Gives up if the broker refuses the first connection.
    async fn live(&mut self) {
        let shared = Arc::clone(&self.talk.shared);
        let mut is_first = true;
        loop {
            match timeout(self.limit, self.connected()).await {
                Ok(Ok(reader)) => {
                    if !is_first {
                        shared.pulse().back(Instant::now());
                    }
                    is_first = false;
                    self.reader = Some(reader);
                    let _ = self.beat().await;
                    self.reader = None;
                    self.talk.end(Instant::now());
                }
                _ if is_first => return,
                _ => {
                    shared.pulse().refused();
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Connects and waits until the broker accepts.
    async fn connected(&self) -> io::Result<Reader> {
        let (talk, endpoint) = (&self.talk, &self.endpoint);
        let mut reader = Reader::reach(endpoint, 7).await?;
        let credentials = self.credentials.as_ref();
        let connect = own_connect(talk.version, talk.name.as_str(), KEEP_ALIVE_S, credentials);
        reader.send(&connect, talk.version).await?;
        let deadline = tokio::time::Instant::now() + self.limit;
        match reader.next(deadline).await? {
            Read::Packet(frame) if is_accepted(&frame, talk.version) => Ok(reader),
            _ => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    /// Sends pings and messages until the connection ends.
    async fn beat(&mut self) -> io::Result<()> {
        let Self { reader, talk, .. } = self;
        let Some(reader) = reader else {
            return Ok(());
        };
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            let is_due = now >= next || talk.shared.is_asked.load(Ordering::SeqCst);
            if talk.pinged.is_none() && is_due {
                talk.shared.is_asked.store(false, Ordering::SeqCst);
                next = now + INTERVAL;
                for packet in talk.next_packets(Instant::now()) {
                    reader.send(&packet, talk.version).await?;
                }
            }
            let read = reader.next((now + SLICE).into()).await?;
            let read_at = Instant::now();
            let took = read_at.saturating_duration_since(now);
            talk.wait_longer(took.saturating_sub(SLICE));
            match read {
                Read::Packet(frame) if talk.handle(&frame, read_at) => reader.reset_counters(),
                Read::Packet(_) => {}
                Read::Nothing => talk.wait(read_at),
                Read::Wrong(how) => return Err(io::Error::other(how)),
            }
        }
    }
}

/// The requests sent on a connection, and their answers.
struct Talk {
    version: ProtocolVersion,
    name: String,
    shared: Arc<Shared>,
    message_state: MessageState,
    /// When the unanswered PINGREQ was sent.
    pinged: Option<Instant>,
    message: Message,
}

impl Talk {
    /// Returns the packets to send now.
    fn next_packets(&mut self, now: Instant) -> Vec<Packet> {
        let mut packets = vec![Packet::PingReq];
        self.pinged = Some(now);
        let mut pulse = self.shared.pulse();
        if self.message_state == MessageState::NotRequested && pulse.round_trips > 0 {
            packets.push(own_subscribe([topic(&self.name)]));
            self.message_state = MessageState::Requested;
        }
        // Set this first, so that a later call of `pings_only` waits for the message.
        let was_in_flight = self.shared.in_flight.swap(true, Ordering::SeqCst);
        if self.shared.is_paused() || !self.message.is_wanted {
            let is_in_flight = was_in_flight && self.message.is_wanted;
            self.shared.in_flight.store(is_in_flight, Ordering::SeqCst);
            pulse.messages_paused(now);
        } else {
            self.message.number += 1;
            self.message.sent = Some(now);
            packets.push(publish(&self.name, self.message.number));
            pulse.sent(now);
        }
        packets
    }

    /// Handles a packet, and returns whether it answers a PINGREQ.
    fn handle(&mut self, frame: &Frame, now: Instant) -> bool {
        match frame.packet_type() {
            PacketType::PINGRESP => {
                let asked = self.pinged.take();
                if let Some(asked) = asked {
                    self.shared.pulse().answered(asked, now);
                }
                return asked.is_some();
            }
            PacketType::SUBACK if self.message_state == MessageState::Requested => {
                self.message.is_wanted = is_subscribed(frame, self.version);
                if !self.message.is_wanted {
                    self.message_state = MessageState::Forbidden;
                }
            }
            PacketType::PUBLISH if self.message.is_it(frame, self.version) => {
                self.message_state = MessageState::Delivered;
                self.shared.in_flight.store(false, Ordering::SeqCst);
                if let Some(sent) = self.message.sent.take() {
                    self.shared.pulse().delivered(sent, now);
                }
            }
            _ => {}
        }
        false
    }

    /// Records that nothing has been received until `now`.
    fn wait(&mut self, now: Instant) {
        if let Some(asked) = self.pinged {
            self.shared.pulse().waits(asked, now);
        }
        let is_lost = |sent| now.saturating_duration_since(sent) >= IN_FLIGHT;
        if self.message.sent.is_some_and(is_lost) {
            self.shared.in_flight.store(false, Ordering::SeqCst);
        }
    }

    /// Excludes a time during which this machine stood still, if it is long enough to matter.
    fn wait_longer(&mut self, late: Duration) {
        if late >= STOOD_STILL {
            self.pinged = self.pinged.map(|asked| asked + late);
            self.message.sent = self.message.sent.map(|sent| sent + late);
        }
    }

    /// Records the end of the connection.
    fn end(&mut self, now: Instant) {
        let is_excused = self.message_state == MessageState::Requested;
        self.shared.pulse().lost(is_excused, now);
        self.shared.in_flight.store(false, Ordering::SeqCst);
        self.pinged = None;
        self.message = Message::default();
        self.message_state = match self.message_state {
            MessageState::Requested | MessageState::Forbidden => MessageState::Forbidden,
            MessageState::NotRequested | MessageState::Delivered => MessageState::NotRequested,
        };
    }
}

/// The last message that the canary sent itself.
#[derive(Debug, Default)]
struct Message {
    is_wanted: bool,
    number: u64,
    sent: Option<Instant>,
}

impl Message {
    /// Whether this packet is the last message. Earlier ones arrived too late to count.
    fn is_it(&self, frame: &Frame, version: ProtocolVersion) -> bool {
        match Packet::decode_leniently(frame, version).0 {
            Ok(Packet::Publish(publish)) => publish.payload == self.number.to_string(),
            _ => false,
        }
    }
}

fn is_accepted(frame: &Frame, version: ProtocolVersion) -> bool {
    match Packet::decode_leniently(frame, version).0 {
        Ok(Packet::ConnAck(connack)) => connack.reason == ReasonCode::SUCCESS,
        _ => false,
    }
}

fn is_subscribed(frame: &Frame, version: ProtocolVersion) -> bool {
    match Packet::decode_leniently(frame, version).0 {
        Ok(Packet::SubAck(suback)) => suback.reasons.iter().all(|reason| reason.0 < 0x80),
        _ => false,
    }
}

fn topic(name: &str) -> ByteString {
    format!("{name}/canary").into()
}

fn publish(name: &str, number: u64) -> Packet {
    Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: topic(name),
        packet_id: None,
        properties: Properties::new(),
        payload: Bytes::from(number.to_string()),
    })
}
