//! A broker on the network, and what a play leaves on it.

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
use crate::scenario::model::{BrokerAction, Transport, User, Way};
use crate::transcript::HookSource;
use crate::transport::{ConnectError, Endpoint, Opened, Stream};

/// How long clearing away may take behind one play, all of it together.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(5);
/// How often a client that clears away asks and is answered, from its connection to its end.
const ROUND_TRIPS: u32 = 5;
/// The largest CONNACK that is read while clearing away, in bytes.
const MAXIMUM_ANSWER: usize = 64 * 1024;
/// So much is read behind it, in bytes, until the broker ends the connection.
const MAXIMUM_REST: u64 = 1024 * 1024;

/// Connections that may wait to be accepted at the same time. Brokers have room for a hundred or more.
const UNACCEPTED: usize = 48;
/// Odd, so that seeds come round late.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// How long a broker is given to accept a connection before others take its place.
const ACCEPTING: Duration = Duration::from_millis(20);

/// Connects many plays to one address of a broker, a few at a time. Where the queue of a listening socket is full, the
/// system tries again after a second: the cases would measure that, not the broker.
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

    /// Connects, within this span. What is waited for those before us is no fault of the broker's.
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

/// What connects to every address of a broker.
#[derive(Debug, Clone)]
pub struct Connectors {
    nodes: Vec<NodeConnectors>,
    credentials: Option<Arc<Credentials>>,
    /// Users that stand for clients of an access list, by their Client Identifiers.
    clients: Arc<BTreeMap<String, Credentials>>,
    /// The hook events of the broker, if its target file has sources of them.
    hooks: Option<Arc<Feed>>,
    /// Gives each connection what must differ from one to the next.
    seeds: Arc<AtomicU64>,
}

/// What connects to one node.
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
}

impl Connectors {
    /// What connects to these nodes, for these credentials. `nonce` tells this run from others.
    pub fn new(nodes: &[Node], credentials: Option<Credentials>, nonce: u64) -> Self {
        Self {
            nodes: nodes.iter().map(NodeConnectors::new).collect(),
            credentials: credentials.map(Arc::new),
            clients: Arc::default(),
            hooks: None,
            seeds: Arc::new(AtomicU64::new(nonce)),
        }
    }

    /// The same, to a broker that knows these clients as users of the same name.
    #[must_use]
    pub fn with_clients(self, users: &[User]) -> Self {
        let named = |user: &User| (user.name.clone(), Credentials::of(user));
        Self {
            clients: Arc::new(users.iter().map(named).collect()),
            ..self
        }
    }

    /// Who a client is that names nobody.
    fn credentials(&self, client_id: &str) -> Option<&Credentials> {
        let own = self.clients.get(client_id);
        own.or(self.credentials.as_deref())
    }

    /// The same, to a broker whose events are to be had here.
    #[must_use]
    pub fn with_hooks(self, hooks: Option<Arc<Feed>>) -> Self {
        Self { hooks, ..self }
    }

    /// How long the broker may take to tell what has happened.
    pub fn hooks_settle(&self) -> Duration {
        self.hooks
            .as_ref()
            .map_or(Duration::ZERO, |feed| feed.settle())
    }

    async fn connect(
        &self,
        way: Way,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        let connector = self
            .nodes
            .get(way.node)
            .and_then(|node| match way.transport {
                Transport::Default => Some(&node.default),
                Transport::Tcp => node.tcp.as_ref(),
                Transport::WebSocket => node.websocket.as_ref(),
            });
        // What cannot be reached was skipped before.
        let connector =
            connector.ok_or_else(|| io::Error::other("the target has no such address"))?;
        let seed = self.seeds.fetch_add(SEED_STEP, Ordering::Relaxed);
        connector.connect(offers, seed, limit).await
    }
}

/// One play's view of the broker.
#[derive(Debug)]
pub struct Host {
    connectors: Connectors,
    /// Where its events come from.
    events: Option<PlayEvents>,
    /// A hand on the broker, where it is an instance that was started for cases like this.
    handle: Option<Handle>,
    /// Client ids that may have left a session on a node, with the version to end it by.
    sessions: BTreeMap<(ByteString, usize), ProtocolVersion>,
    /// Topics that may have a retained message on a node.
    retained: BTreeSet<(ByteString, usize)>,
    version: ProtocolVersion,
}

impl Host {
    /// One play's view of the broker behind these connectors. Its names have this prefix; with a handle it is an
    /// administrator's view.
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
        way: Way,
        offers: Option<&[String]>,
        limit: Duration,
    ) -> Result<Opened, ConnectError> {
        self.connectors.connect(way, offers, limit).await
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

    /// Remembers sessions and retained messages that this packet may leave behind.
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
                    self.sessions
                        .insert((connect.client_id.clone(), node), version);
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

    /// Ends the sessions and clears the retained messages that a play left, on a path with this delay. What cannot be
    /// cleared away is given back in words.
    pub async fn clean_up(&self, cleaner_id: &str, delay: Duration) -> Vec<String> {
        let deadline = Instant::now() + CLEAN_UP_LIMIT + delay * ROUND_TRIPS;
        let sessions = self
            .sessions
            .iter()
            .map(async |((client_id, node), version)| {
                let visited = self.visit(*node, client_id, *version, &[], deadline).await;
                let problem = visited.err()?;
                Some(format!("the session of {client_id}: {problem}"))
            });
        let nodes: BTreeSet<usize> = self.retained.iter().map(|(_, node)| *node).collect();
        let retained = nodes.into_iter().map(async |node| {
            let here = self.retained.iter().filter(|(_, n)| *n == node);
            let topics: Vec<ByteString> = here.map(|(topic, _)| topic.clone()).collect();
            // On the nodes of a cluster at the same time, so one client each.
            let cleaner = ByteString::from(format!("{cleaner_id}{node}"));
            let visited = self.visit(node, &cleaner, self.version, &topics, deadline);
            let problem = visited.await.err()?;
            Some(match topics.as_slice() {
                [topic] => format!("the retained message of {topic}: {problem}"),
                all => format!("{} retained messages: {problem}", all.len()),
            })
        });
        // Side by side: where the broker answers none of them, all are waited for once.
        let (mut left, of_retained) = tokio::join!(join_all(sessions), join_all(retained));
        left.extend(of_retained);
        left.into_iter().flatten().collect()
    }

    /// Connects with a session that ends at once, clears these retained messages, and leaves.
    async fn visit(
        &self,
        node: usize,
        client_id: &ByteString,
        version: ProtocolVersion,
        topics: &[ByteString],
        deadline: Instant,
    ) -> io::Result<()> {
        let work = async {
            let way = Way {
                transport: Transport::Default,
                node,
            };
            let limit = deadline.saturating_duration_since(Instant::now());
            let opened = self.connectors.connect(way, None, limit).await;
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
            // The CONNACK first: what is sent behind a CONNECT may be lost with a broker that is slow to accept.
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
            // None of it is kept: many clear away at the same time, and a broker may send to all of them.
            tokio::io::copy(&mut stream.take(MAXIMUM_REST), &mut tokio::io::sink()).await?;
            Ok(())
        };
        timeout_at(deadline, work)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// Reads one whole packet and drops it.
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
