//! The core with its connections, its clock and its observer.

use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use mqtt_check_codec::Packet;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::connection::{Connection, Wire};
use super::line;
use super::listener::{Listener, Transport, WebSocketPath};
use super::node::Nodes;
use super::outbox::{Outboxes, Standing};
use super::randomness::Randomness;
use super::store::{Store, StoreError};
use super::websocket;
use crate::core::Account;
use crate::{
    Broker, Conduct, Config, ConnectionId, Control, HookEvent, Input, NodeId, Output, Time,
};

/// Bytes that a transport in memory holds in each direction.
pub(super) const MEMORY_BUFFER: usize = 64 * 1024;
/// How long a socket is read after the broker has closed it.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// How a broker is stopped before it starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Sends DISCONNECT 0x8B to version 5 clients and closes every connection.
    Orderly,
    /// Closes every connection without sending anything.
    Crash,
}

/// A running broker. Clones are the same broker.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) shared: Arc<Shared>,
}

/// What all tasks of one server share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Notified when the next deadline has become earlier.
    sooner: Notify,
    /// Notified when a paused node continues.
    pub(super) continued: Notify,
    /// When this server was started.
    origin: Instant,
    /// The core's time at that instant. With a store, it continues from earlier runs.
    age: Time,
    pub(super) config: Config,
    pub(super) conduct: Conduct,
    /// The bytes of incomplete packets that all connections have read.
    pub(super) incoming: Account,
}

/// Everything behind the lock.
pub(super) struct State {
    broker: Broker,
    pub(super) outboxes: Outboxes,
    pub(super) nodes: Nodes,
    next_connection: u64,
    randomness: Randomness,
    pub(super) stopped: bool,
    /// When the timer task will wake.
    alarm: Option<Time>,
    observer: Observer,
    /// Events from before there was an observer.
    early: Vec<(Time, HookEvent)>,
    store: Option<Store>,
    /// Why the store cannot be written any more. The broker has stopped then.
    failure: Option<String>,
    /// Kept between inputs only to reuse its memory.
    outputs: Vec<Output>,
    /// What the core did for all inputs together, in units of a step.
    pub(super) spent: usize,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("broker", &self.broker)
            .field("connections", &self.outboxes.len())
            .finish_non_exhaustive()
    }
}

type Callback = Box<dyn FnMut(Time, &HookEvent) + Send>;

/// The receiver of events.
enum Observer {
    Nobody,
    Record(Vec<(Instant, HookEvent)>),
    Callback(Callback),
}

impl Server {
    /// Starts a broker. Must be called within a tokio runtime, which also drives it.
    pub fn new(config: Config, conduct: impl Into<Conduct>, randomness: Randomness) -> Self {
        let conduct = conduct.into();
        let broker = Broker::new(config.clone(), conduct);
        Self::start(config, conduct, randomness, broker, None)
    }

    /// Starts a broker that restores the state in the store. Everything is stored before a client learns of it. Must be
    /// called within a tokio runtime, which also drives it.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or written.
    pub fn with_store(
        mut config: Config,
        conduct: impl Into<Conduct>,
        randomness: Randomness,
        mut store: Store,
    ) -> Result<Self, StoreError> {
        let conduct = conduct.into();
        config.durable = true;
        let age = store.age();
        let stored = store.read()?;
        let mut out = Vec::new();
        let mut broker = Broker::restore(config.clone(), conduct, stored, age, &mut out);
        broker.track_changes();
        store.replace(&broker.changes())?;
        let server = Self::start(config, conduct, randomness, broker, Some((store, age)));
        let events = out.into_iter().filter_map(|output| match output {
            Output::Hook(event) => Some((age, event)),
            // There are no connections yet.
            Output::Send { .. }
            | Output::Hold { .. }
            | Output::Close { .. }
            | Output::Pause { .. }
            | Output::Resume { .. } => None,
        });
        server.shared.lock().early = events.collect();
        Ok(server)
    }

    fn start(
        config: Config,
        conduct: Conduct,
        randomness: Randomness,
        mut broker: Broker,
        store: Option<(Store, Time)>,
    ) -> Self {
        let (store, age) = store.map_or((None, Time::ZERO), |(store, age)| (Some(store), age));
        let outboxes = Outboxes::new(&config);
        broker.count_outgoing(outboxes.account());
        let state = State {
            broker,
            outboxes,
            nodes: Nodes::default(),
            next_connection: 0,
            randomness,
            stopped: false,
            alarm: None,
            observer: Observer::Nobody,
            early: Vec::new(),
            store,
            failure: None,
            outputs: Vec::new(),
            spent: 0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            sooner: Notify::new(),
            continued: Notify::new(),
            origin: Instant::now(),
            age,
            config,
            conduct,
            incoming: Account::default(),
        });
        tokio::spawn(keep_time(Arc::clone(&shared)));
        Self { shared }
    }

    /// Connects a transport in memory.
    ///
    /// # Errors
    /// Returns an error if the broker is stopped.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        self.connect_to(NodeId::default())
    }

    /// Connects a transport in memory that begins with the upgrade to WebSocket.
    ///
    /// # Errors
    /// Returns an error if the broker is stopped.
    pub fn connect_websocket(&self) -> io::Result<DuplexStream> {
        self.connect_websocket_to(NodeId::default())
    }

    /// Reads the upgrade to WebSocket, and serves the frames that follow.
    pub(super) async fn upgrade<S>(
        &self,
        node: NodeId,
        stream: S,
        path: &WebSocketPath,
        lingers: bool,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let path = match path {
            WebSocketPath::Any => None,
            WebSocketPath::Only(path) => Some(path.as_str()),
        };
        let origins = self.shared.config.origins.as_deref();
        let framed = websocket::upgrade(stream, path, origins, self.shared.conduct).await;
        if let Ok(Some(framed)) = framed {
            let wire = Wire {
                lingers,
                framed: true,
            };
            self.accept(node, framed, wire);
        }
    }

    /// Serves a transport that was accepted elsewhere. A stopped broker drops it.
    pub fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) {
        let wire = Wire {
            lingers: true,
            framed: false,
        };
        self.accept(NodeId::default(), stream, wire);
    }

    pub(super) fn accept<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        node: NodeId,
        stream: S,
        wire: Wire,
    ) {
        if !self.shared.lock().serves(node) {
            return;
        }
        let Some(id) = self.shared.open(node) else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let liberties = shared.conduct.liberties;
        if line::is_plain(liberties) {
            tokio::spawn(Connection::new(shared, id, stream, wire));
            return;
        }
        let (ours, far) = duplex(MEMORY_BUFFER);
        tokio::spawn(Connection::new(shared, id, ours, wire));
        tokio::spawn(line::carry(far, stream, liberties));
    }

    /// Listens on TCP.
    ///
    /// # Errors
    /// Returns an error if the address cannot be bound.
    pub async fn listen(&self, address: &str) -> io::Result<Listener> {
        self.listen_with(address, Transport::default()).await
    }

    /// Listens for connections over this transport.
    ///
    /// # Errors
    /// Returns an error if the address cannot be bound.
    pub async fn listen_with(&self, address: &str, transport: Transport) -> io::Result<Listener> {
        Listener::bind(self.clone(), address, transport).await
    }

    /// Carries out an administrator's action. When this returns, its packets are on their way to the clients.
    pub fn control(&self, control: Control) {
        let stop = control == Control::Stop;
        let mut state = self.shared.lock();
        if let Control::Node { node, event } = control {
            self.shared.node(&mut state, node, event);
            return;
        }
        self.shared.handle(&mut state, Input::Control(control));
        state.stopped |= stop;
    }

    /// Stops the broker and starts it again, with its state if it is durable. Every connection ends. A stopped broker
    /// runs again afterwards.
    pub fn restart(&self, how: Restart) {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let state = &mut *state;
        let mut out = mem::take(&mut state.outputs);
        let config = &self.shared.config;
        let conduct = self.shared.conduct;
        let old = mem::replace(&mut state.broker, Broker::new(config.clone(), conduct));
        let stored = match how {
            Restart::Orderly => old.stop(now, &mut out),
            Restart::Crash => old.crash(now),
        };
        self.shared.carry_out(state, now, &mut out);
        state.outboxes.close_all(how == Restart::Orderly);
        state.nodes = Nodes::default();
        self.shared.continued.notify_waiters();
        state.broker = Broker::restore(config.clone(), conduct, stored, now, &mut out);
        state.broker.count_outgoing(state.outboxes.account());
        if let Some(store) = &mut state.store {
            state.broker.track_changes();
            if let Err(error) = store.replace(&state.broker.changes()) {
                state.fail(&error);
            }
        }
        self.shared.carry_out(state, now, &mut out);
        state.outputs = out;
        state.stopped = state.failure.is_some();
        self.shared.watch_deadline(state);
    }

    /// Records every event from now on until it is taken.
    pub fn record_hooks(&self) {
        self.shared.observe(Observer::Record(Vec::new()));
    }

    /// Returns the recorded events since the last call, in order.
    pub fn take_hooks(&self) -> Vec<(Instant, HookEvent)> {
        match &mut self.shared.lock().observer {
            Observer::Record(events) => mem::take(events),
            _ => Vec::new(),
        }
    }

    /// Calls back for every event from now on, in order, with the time since the broker's first start. The callback
    /// must not call the server.
    pub fn on_hook(&self, callback: impl FnMut(Time, &HookEvent) + Send + 'static) {
        self.shared.observe(Observer::Callback(Box::new(callback)));
    }

    /// Returns why the store cannot be written any more, if so. Every connection is closed then, without packets about
    /// state that may not be stored, and new connections are refused.
    pub fn failure(&self) -> Option<String> {
        self.shared.lock().failure.clone()
    }

    /// Returns whether this client is connected.
    pub fn is_connected(&self, client: &str) -> bool {
        self.shared.lock().broker.is_connected(client)
    }

    /// Returns the number of open transports.
    pub fn connection_count(&self) -> usize {
        self.shared.lock().outboxes.len()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time since the broker's first start.
    pub(super) fn now(&self) -> Time {
        self.age.saturating_add(self.origin.elapsed())
    }

    /// Sets the observer, and first reports the events from before there was one.
    fn observe(&self, observer: Observer) {
        let mut state = self.lock();
        state.observer = observer;
        for (at, event) in mem::take(&mut state.early) {
            state.observer.tell(self.instant(at), at, event);
        }
    }

    /// Returns the instant of the core's time. A time that no clock can express becomes an instant years away.
    fn instant(&self, time: Time) -> Instant {
        let years = Duration::from_secs(60 * 60 * 24 * 365);
        let instant = self.origin.checked_add(time.saturating_sub(self.age));
        instant.unwrap_or_else(|| Instant::now() + years)
    }

    /// Opens a connection for an accepted transport. Returns `None` if the system provides no randomness, since a
    /// predictable nonce would protect nothing.
    fn open(&self, node: NodeId) -> Option<ConnectionId> {
        let mut state = self.lock();
        let nonce = state.randomness.next().ok()?;
        let connection = ConnectionId(state.next_connection);
        state.next_connection += 1;
        let is_paused = state.nodes.is_paused(node);
        state.outboxes.open(connection, node, is_paused);
        let input = Input::Opened {
            connection,
            node,
            nonce,
        };
        self.handle(&mut state, input);
        Some(connection)
    }

    /// Passes one input to the core and carries out the outputs.
    /// For faults: restarts the Keep Alive timer of this connection.
    pub(super) fn hear(&self, connection: ConnectionId) {
        let now = self.now();
        self.lock().broker.hear(connection, now);
    }

    pub(super) fn handle(&self, state: &mut State, input: Input) {
        let now = self.now();
        let mut out = mem::take(&mut state.outputs);
        state.broker.handle(now, input, &mut out);
        state.spent = state.spent.wrapping_add(1 + state.broker.spent());
        self.carry_out(state, now, &mut out);
        state.outputs = out;
        self.watch_deadline(state);
    }

    fn carry_out(&self, state: &mut State, now: Time, out: &mut Vec<Output>) {
        let mut congested = Vec::new();
        loop {
            state.keep(out);
            for output in out.drain(..) {
                match output {
                    Output::Send { connection, packet } => {
                        if state.outboxes.push(connection, packet, now) {
                            congested.push(connection);
                        }
                    }
                    Output::Hold { connection } => state.outboxes.hold(connection),
                    Output::Close { connection } => state.outboxes.close(connection),
                    Output::Pause { connection } => state.outboxes.pause(connection),
                    Output::Resume { connection } => state.outboxes.resume(connection),
                    Output::Hook(event) => state.observer.tell(self.instant(now), now, event),
                }
            }
            let input = if let Some(connection) = congested.pop() {
                Input::Congested { connection }
            } else if let Some(connection) = state.outboxes.cut_off(now) {
                Input::Closed { connection }
            } else {
                return;
            };
            state.broker.handle(now, input, out);
        }
    }

    /// Wakes the timer task if it would wake too late.
    fn watch_deadline(&self, state: &mut State) {
        let next = state.broker.next_deadline();
        let too_late = match (next, state.alarm) {
            (Some(next), Some(alarm)) => next < alarm,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if too_late {
            state.alarm = next;
            self.sooner.notify_one();
        }
    }

    /// Passes the next packets of a connection to `give`, about `limit` bytes of them, and stores the waker for when
    /// there is more. `encoded` is the number of bytes that the connection has encoded but not written.
    pub(super) fn collect(
        &self,
        connection: ConnectionId,
        encoded: usize,
        limit: usize,
        waker: &Waker,
        give: impl FnMut(Packet),
    ) -> Standing {
        let now = self.now();
        let mut state = self.lock();
        let outboxes = &mut state.outboxes;
        if outboxes.take(connection, encoded, limit, now, waker, give) {
            self.handle(&mut state, Input::Drained { connection });
        }
        state.standing(connection)
    }

    /// Handles a transport that was closed by the client or lost.
    pub(super) fn lost(&self, connection: ConnectionId) {
        let mut state = self.lock();
        self.handle(&mut state, Input::Closed { connection });
        state.outboxes.close(connection);
    }

    /// Removes a connection whose task has ended.
    pub(super) fn forget(&self, connection: ConnectionId) {
        let mut state = self.lock();
        if state.outboxes.forget(connection) {
            self.handle(&mut state, Input::Closed { connection });
        }
    }
}

impl State {
    /// Stores changes before any client learns of them. If that fails, discards the outputs.
    fn keep(&mut self, out: &mut Vec<Output>) {
        let Some(store) = &self.store else {
            return;
        };
        let changes = self.broker.changes();
        let kept = match changes.is_empty() || self.failure.is_some() {
            true => Ok(()),
            false => store.write(&changes),
        };
        if let Err(error) = kept {
            self.fail(&error);
        }
        if self.failure.is_some() {
            out.clear();
        }
    }

    /// Stops the broker because the store has failed.
    fn fail(&mut self, error: &StoreError) {
        self.failure.get_or_insert(error.to_string());
        self.stopped = true;
        self.outboxes.close_all(false);
    }

    pub(super) fn standing(&self, connection: ConnectionId) -> Standing {
        self.outboxes.standing(connection)
    }
}

impl Observer {
    fn tell(&mut self, at: Instant, now: Time, event: HookEvent) {
        match self {
            Self::Nobody => {}
            Self::Record(events) => events.push((at, event)),
            Self::Callback(callback) => callback(now, &event),
        }
    }
}

/// Wakes the core at its deadlines.
async fn keep_time(shared: Arc<Shared>) {
    loop {
        let (next, is_at_work) = {
            let mut state = shared.lock();
            let due = state.broker.next_deadline();
            if due.is_some_and(|due| due <= shared.now()) {
                // A sleep may end early. The core is called only when the deadline has passed.
                shared.handle(&mut state, Input::Woke);
            }
            state.alarm = state.broker.next_deadline();
            (state.alarm, state.broker.is_at_work())
        };
        if is_at_work {
            // Serve waiting clients before the next step.
            yield_now().await;
            continue;
        }
        match next {
            Some(next) => {
                tokio::select! {
                    biased;
                    () = shared.sooner.notified() => {}
                    () = sleep_until(shared.instant(next)) => {}
                }
            }
            None => shared.sooner.notified().await,
        }
    }
}
