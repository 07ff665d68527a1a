//! A broker on the network, and the state that a play leaves on it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::future::join_all;
use mqtt_check_codec::{
    Disconnect, Frame, Packet, Properties, ProtocolVersion, Publish, QoS, ReasonCode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::hooks::{Feed, PlayEvents};
use super::host::Hook;
use super::instances::Handle;
use super::own::own_connect;
use super::{Credentials, Node};
use crate::scenario::model::{BrokerAction, Route, Transport, User};
use crate::transcript::HookSource;
use crate::transport::{ConnectError, Endpoint, Opened, Stream};

/// How long cleaning up after one play may take in total.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(5);
/// The number of round trips of a client that cleans up, from connecting to closing.
const ROUND_TRIPS: u32 = 5;
/// The largest CONNACK that is accepted while cleaning up, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024;
/// The most bytes to read after the last packet until the broker closes the connection.
const MAXIMUM_REST: u64 = 1024 * 1024;

/// The most connections that may wait to be accepted at a time. Brokers have room for a hundred or more.
const UNACCEPTED: usize = 48;
/// Odd, so that it takes long for a seed to repeat.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// How long a broker has to accept a connection before the next one may start.
const ACCEPTING: Duration = Duration::from_millis(20);

/// Connects many plays to one address of a broker, a few at a time. If the queue of a listening socket is full, the
/// system retries after a second. The cases would then measure that, not the broker.
#[derive(Debug, Clone)]
struct Connector {
    endpoint: Arc<Endpoint>,
    waiting: Arc<Semaphore>,
}

impl Connector {
    fn new(endpoint: &Arc<Endpoint>) -> Self {
        Self {
            endpoint: Arc::clone(endpoint),
            waiting: Arc::new(Semaphore::new(UNACCEPTED)),
        }
    }

    /// Connects within this time. Waiting for earlier connections does not count, since that is not the broker's fault.
    async fn connect(
        &self,
        offers: Option<&[String]>,
        seed: u64,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        let permit = Arc::clone(&self.waiting)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let accepted = Instant::now() + ACCEPTING;
        let connected = timeout(limit, async {
            let stream = self.endpoint.connect_tcp().await?;
            match offers {
                Some(offers) => self.endpoint.begin_offering(stream, offers, seed).await,
                None => self.endpoint.begin(stream, seed).await.map(Opened::plain),
            }
        })
        .await;
        tokio::spawn(async move {
            sleep_until(accepted).await;
            drop(permit);
        });
        connected.unwrap_or_else(|_| Err(ConnectError::too_late()))
    }
}

/// Connectors for every address of a broker.
#[derive(Debug, Clone)]
pub struct Connectors {
    nodes: Vec<NodeConnectors>,
    credentials: Option<Arc<Credentials>>,
    /// Users that stand for clients of an access list, by Client Identifier.
    clients: Arc<BTreeMap<String, Credentials>>,
    /// The hook events of the broker, if its target file names sources.
    hooks: Option<Arc<Feed>>,
    /// Seeds for what must differ between connections.
    seeds: Arc<AtomicU64>,
    /// Whether clients whose scenario names no node are placed on all nodes in turn.
    spreads: bool,
}

/// Connectors for one node.
#[derive(Debug, Clone)]
struct NodeConnectors {
    default: Connector,
    tcp: Option<Connector>,
    websocket: Option<Connector>,
}

impl NodeConnectors {
    fn new(node: &Node) -> Self {
        let default = Connector::new(&node.endpoint);
        let connector = |transport| {
            let place = node.place(transport)?;
            Some(match Arc::ptr_eq(place, &node.endpoint) {
                true => default.clone(),
                false => Connector::new(place),
            })
        };
        Self {
            tcp: connector(Transport::Tcp),
            websocket: connector(Transport::WebSocket),
            default,
        }
    }

    fn connector(&self, transport: Transport) -> Option<&Connector> {
        match transport {
            Transport::Default => Some(&self.default),
            Transport::Tcp => self.tcp.as_ref(),
            Transport::WebSocket => self.websocket.as_ref(),
        }
    }
}

impl Connectors {
    /// Returns connectors for these nodes and credentials. `nonce` distinguishes this run from others.
    pub fn new(nodes: &[Node], credentials: Option<Credentials>, nonce: u64) -> Self {
        Self {
            nodes: nodes.iter().map(NodeConnectors::new).collect(),
            credentials: credentials.map(Arc::new),
            clients: Arc::default(),
            hooks: None,
            seeds: Arc::new(AtomicU64::new(nonce)),
            spreads: false,
        }
    }

    /// Sets the clients that the broker knows as users of the same name.
    #[must_use]
    pub fn with_clients(self, users: &[User]) -> Self {
        let named = |user: &User| (user.name.clone(), Credentials::of(user));
        Self {
            clients: Arc::new(users.iter().map(named).collect()),
            ..self
        }
    }

    /// The credentials of a client if the scenario names none.
    fn credentials(&self, client_id: &str) -> Option<&Credentials> {
        let own = self.clients.get(client_id);
        own.or(self.credentials.as_deref())
    }

    /// Sets whether clients whose scenario names no node are placed on all nodes in turn.
    #[must_use]
    pub fn spreading(self, spreads: bool) -> Self {
        Self { spreads, ..self }
    }

    /// Sets the source of the broker's hook events.
    #[must_use]
    pub fn with_hooks(self, hooks: Option<Arc<Feed>>) -> Self {
        Self { hooks, ..self }
    }

    /// How long the broker may take to report what has happened.
    pub fn hooks_settle(&self) -> Duration {
        self.hooks
            .as_ref()
            .map_or(Duration::ZERO, |feed| feed.settle())
    }

    async fn connect(
        &self,
        route: Route,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        let node = self.nodes.get(route.node);
        let connector = node.and_then(|node| node.connector(route.transport));
        // Cases that need an address which the target lacks were skipped before.
        let connector =
            connector.ok_or_else(|| io::Error::other("the target has no such address"))?;
        let seed = self.seeds.fetch_add(SEED_STEP, Ordering::Relaxed);
        connector.connect(offers, seed, limit).await
    }
}

/// The broker as a single play sees it.
#[derive(Debug)]
pub struct Host {
    connectors: Connectors,
    /// The source of the broker's hook events.
    events: Option<PlayEvents>,
    /// Controls the broker, if it is an instance that was started for cases like this.
    handle: Option<Handle>,
    /// Client Identifiers that may have left sessions, with their nodes and the version to end the session there with.
    sessions: BTreeMap<ByteString, BTreeMap<usize, ProtocolVersion>>,
    /// Topics that may have a retained message on a node.
    retained: BTreeSet<(ByteString, usize)>,
    version: ProtocolVersion,
}

impl Host {
    /// Creates the view of one play, whose names have this prefix. With a handle, the play can act as an administrator.
    pub fn new(connectors: Connectors, prefix: &str, handle: Option<Handle>) -> Self {
        let events = connectors
            .hooks
            .as_ref()
            .map(|feed| PlayEvents::new(feed, prefix));
        Self {
            connectors,
            events,
            handle,
            sessions: BTreeMap::new(),
            retained: BTreeSet::new(),
            version: ProtocolVersion::V3_1_1,
        }
    }

    pub(super) async fn connect(
        &self,
        route: Route,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        self.connectors.connect(route, offers, limit).await
    }

    pub(super) fn spread_over(&self, transport: Transport) -> Vec<usize> {
        let nodes = self.connectors.nodes.iter().enumerate();
        let nodes = nodes
            .filter(|(_, node)| self.connectors.spreads && node.connector(transport).is_some());
        nodes.map(|(number, _)| number).collect()
    }

    pub(super) fn hook_source(&self) -> HookSource {
        let events = self.events.as_ref();
        events.map_or(HookSource::None, |events| events.feed().shown())
    }

    pub(super) fn hooks(&mut self, assigned: &dyn Fn(&str) -> bool) -> Vec<Hook> {
        let events = self.events.as_mut();
        events
            .map(|events| events.take(assigned))
            .unwrap_or_default()
    }

    pub(super) fn hooks_settle(&self) -> Duration {
        self.connectors.hooks_settle()
    }

    pub(super) async fn control(
        &self,
        action: &BrokerAction,
        client: Option<&str>,
    ) -> Result<(), String> {
        let Some(handle) = self.handle.clone() else {
            return Err("this target has no `control`".into());
        };
        let (action, client) = (action.clone(), client.map(str::to_owned));
        let done = tokio::task::spawn_blocking(move || handle.control(&action, client.as_deref()));
        done.await.map_err(|error| error.to_string())?
    }

    pub(super) fn credentials(&self, client_id: &str) -> Option<&Credentials> {
        self.connectors.credentials(client_id)
    }

    /// Records the session or retained message that this packet may leave behind.
    pub(super) fn note_sent(&mut self, packet: &Packet, version: ProtocolVersion, node: usize) {
        match packet {
            Packet::Connect(connect) => {
                self.version = version;
                let outlives = !connect.clean_start
                    || connect
                        .properties
                        .session_expiry_interval_s()
                        .is_some_and(|s| s > 0);
                if outlives && !connect.client_id.is_empty() {
                    let nodes = self.sessions.entry(connect.client_id.clone());
                    nodes.or_default().insert(node, version);
                }
                if let Some(will) = &connect.will
                    && will.retain
                {
                    self.retained.insert((will.topic.clone(), node));
                }
            }
            Packet::Publish(publish) if publish.retain && !publish.topic.is_empty() => {
                self.retained.insert((publish.topic.clone(), node));
            }
            _ => {}
        }
    }

    /// Ends the sessions and clears the retained messages that a play left. `delay` is the round-trip time. Returns a
    /// description of everything that could not be removed.
    pub async fn clean_up(&self, cleaner_id: &str, delay: Duration) -> Vec<String> {
        let deadline = Instant::now() + CLEAN_UP_LIMIT + delay * ROUND_TRIPS;
        let sessions = self.sessions.iter().map(async |(client_id, nodes)| {
            // One node after the other: on the nodes of a cluster, these connections would take each other over.
            for (node, version) in nodes {
                let visited = self.visit(*node, client_id, *version, &[], deadline);
                if let Err(problem) = visited.await {
                    return Some(format!("the session of {client_id}: {problem}"));
                }
            }
            None
        });
        let nodes: BTreeSet<usize> = self.retained.iter().map(|(_, node)| *node).collect();
        let retained = nodes.into_iter().map(async |node| {
            let here = self.retained.iter().filter(|(_, n)| *n == node);
            let topics: Vec<ByteString> = here.map(|(topic, _)| topic.clone()).collect();
            // The nodes of a cluster are cleaned at the same time, so each needs its own client.
            let cleaner = ByteString::from(format!("{cleaner_id}{node}"));
            let visited = self.visit(node, &cleaner, self.version, &topics, deadline);
            let problem = visited.await.err()?;
            Some(match topics.as_slice() {
                [topic] => format!("the retained message of {topic}: {problem}"),
                all => format!("{} retained messages: {problem}", all.len()),
            })
        });
        // Run both at once: if the broker does not answer, the wait is no longer than for one.
        let (mut left, of_retained) = tokio::join!(join_all(sessions), join_all(retained));
        left.extend(of_retained);
        left.into_iter().flatten().collect()
    }

    /// Connects with a session that ends at once, clears these retained messages, and disconnects.
    async fn visit(
        &self,
        node: usize,
        client_id: &ByteString,
        version: ProtocolVersion,
        topics: &[ByteString],
        deadline: Instant,
    ) -> io::Result<()> {
        let work = async {
            let route = Route {
                transport: Transport::Default,
                node,
            };
            let limit = deadline.saturating_duration_since(Instant::now());
            let opened = self.connectors.connect(route, None, limit).await;
            let opened = opened.map_err(io::Error::other)?;
            let mut stream = opened.stream.ok_or(io::ErrorKind::ConnectionRefused)?;
            let mut out = BytesMut::new();
            let who = self.credentials(client_id);
            let connect = own_connect(version, client_id.clone(), 30, who);
            let mut packets = vec![connect];
            packets.extend(topics.iter().map(|topic| {
                Packet::Publish(Publish {
                    dup: false,
                    qos: QoS::AtMostOnce,
                    retain: true,
                    topic: topic.clone(),
                    packet_id: None,
                    properties: Properties::new(),
                    payload: Bytes::new(),
                })
            }));
            packets.push(Packet::Disconnect(Disconnect {
                reason: ReasonCode::SUCCESS,
                properties: Properties::new(),
            }));
            let mut packets = packets.into_iter();
            // Wait for CONNACK first. A broker that is slow to accept may lose what follows CONNECT.
            if let Some(connect) = packets.next() {
                connect
                    .encode(version, &mut out)
                    .map_err(io::Error::other)?;
                stream.write_all(&out.split()).await?;
                stream.flush().await?;
                answer(&mut stream).await?;
            }
            for packet in packets {
                packet.encode(version, &mut out).map_err(io::Error::other)?;
            }
            stream.write_all(&out).await?;
            stream.shutdown().await?;
            // Discard the rest: many clients clean up at the same time, and a broker may send to all of them.
            tokio::io::copy(&mut stream.take(MAXIMUM_REST), &mut tokio::io::sink()).await?;
            Ok(())
        };
        timeout_at(deadline, work)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// Reads one whole packet and discards it.
async fn answer(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        if Frame::read(&mut buffer, MAXIMUM_ANSWER)
            .map_err(io::Error::other)?
            .is_some()
        {
            return Ok(());
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
