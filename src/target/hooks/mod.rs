//! Sources of hook events: where a broker reports them, and how they are translated to the common vocabulary.
//!
//! In: the sources of a target file and a running broker. Out: a [`Feed`], from which each play takes the events with
//! its prefix. Each source has its own thread, so that busy plays do not delay it. A source that fails reports nothing
//! from then on: what it could have reported is not observable.

mod http;
mod mqtt;
pub mod rule;
mod tail;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::host::Hook;
use super::{Credentials, Node};
use crate::transcript::{HookSource, ShownEvent};
pub use http::Sink;
use rule::{Rule, SourceMessage};

/// The most events that wait for one play, and the most without a known prefix.
const MOST_WAITING: usize = 10_000;
/// How long a source may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(5);
/// The length in characters of the prefixes by which hook events are assigned to plays.
pub const PREFIX_LENGTH: usize = 8;

/// A source as a target file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub kind: Kind,
    /// The delay between what happens and its report.
    pub settle: Duration,
    pub rules: Vec<Rule>,
}

/// Where a source reports events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The output of the programs that we started, on stdout and stderr, line by line.
    Output,
    /// A growing file, line by line.
    File(String),
    /// Messages on these topics.
    Mqtt(Vec<String>),
    /// HTTP requests to us. The response has this body.
    Http(String),
}

impl Kind {
    /// The name in a target file.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::File(_) => "file",
            Self::Mqtt(_) => "mqtt",
            Self::Http(_) => "http",
        }
    }
}

/// What sources need to know about the running broker.
#[derive(Debug, Clone)]
pub struct BrokerContext {
    /// The log files of its programs.
    pub logs: Vec<PathBuf>,
    pub node: Node,
    pub credentials: Option<Credentials>,
    /// The growing files of the sources of kind `file`, in order.
    pub files: Vec<PathBuf>,
    /// Whether we started the broker, so that its files contain nothing from before.
    pub ours: bool,
}

/// The events from all sources of one broker. The sources stop when this is dropped.
#[derive(Debug)]
pub struct Feed {
    shared: Arc<Shared>,
    settle: Duration,
    /// Receives HTTP requests for as long as the feed lives.
    _sink: Option<Sink>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    stopped: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    sources: Vec<SourceState>,
    /// Events by the prefix of the play that waits for them.
    queues: BTreeMap<String, VecDeque<Hook>>,
    /// Numbered events without a known prefix, such as those of clients whose Client Identifier the broker assigned.
    strays: VecDeque<(u64, Hook)>,
    number: u64,
}

/// The state of a source.
#[derive(Debug)]
struct SourceState {
    name: &'static str,
    shows: Vec<ShownEvent>,
    problem: Option<String>,
}

/// The sending side of a source.
#[derive(Debug, Clone)]
struct EventSender {
    shared: Arc<Shared>,
    source: usize,
    rules: Arc<[Rule]>,
}

impl EventSender {
    fn send(&self, message: &SourceMessage) {
        for rule in self.rules.iter() {
            if let Some(fields) = rule.read(message) {
                self.shared.put(
                    self.source,
                    Hook {
                        at: Some(Instant::now()),
                        name: rule.event.name.to_owned(),
                        fields,
                    },
                );
            }
        }
    }

    fn fail(&self, problem: impl Into<String>) {
        if !self.is_stopped()
            && let Some(source) = self.shared.lock().sources.get_mut(self.source)
        {
            source.problem.get_or_insert(problem.into());
        }
    }

    fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, source: usize, hook: Hook) {
        if hook.field("client") == Some(mqtt::NAME) {
            return;
        }
        let mut state = self.lock();
        let key = hook.key().filter(|key| state.queues.contains_key(*key));
        let key = key.map(str::to_owned);
        match key.and_then(|key| state.queues.get_mut(&key)) {
            Some(queue) if queue.len() < MOST_WAITING => queue.push_back(hook),
            Some(_) => {
                let problem = format!("it sent more than {MOST_WAITING} events for one case");
                if let Some(source) = state.sources.get_mut(source) {
                    source.problem.get_or_insert(problem);
                }
            }
            None => {
                state.number += 1;
                let number = state.number;
                state.strays.push_back((number, hook));
                if state.strays.len() > MOST_WAITING {
                    state.strays.pop_front();
                }
            }
        }
    }
}

impl Hook {
    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The part of the event where the prefix of its play would be.
    fn key(&self) -> Option<&str> {
        match self.field("client") {
            Some(client) => client.get(..PREFIX_LENGTH),
            None => {
                let topic = self.field("topic")?.trim_start_matches(['$', '/']);
                topic.get(..PREFIX_LENGTH)
            }
        }
    }
}

impl Feed {
    /// Starts listening to these sources of a running broker. `sink` belongs to the source of kind `http`.
    pub fn new(sources: &[Source], around: &BrokerContext, sink: Option<Sink>) -> Self {
        let state_of = |(n, source): (usize, &Source)| SourceState {
            name: source.kind.name(),
            shows: rule::shown(&source.rules, n),
            problem: None,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                sources: sources.iter().enumerate().map(state_of).collect(),
                ..State::default()
            }),
            stopped: AtomicBool::new(false),
        });
        let mut files = around.files.iter().cloned();
        let mut waiting = Vec::new();
        for (n, source) in sources.iter().enumerate() {
            let sender = EventSender {
                shared: Arc::clone(&shared),
                source: n,
                rules: source.rules.clone().into(),
            };
            let (ready, is_ready) = mpsc::channel();
            let around = around.clone();
            let failing = sender.clone();
            let work: Box<dyn FnOnce() + Send> = match &source.kind {
                Kind::Output => {
                    let logs = around.logs.clone();
                    Box::new(move || tail::follow(&logs, true, &sender, &ready))
                }
                Kind::File(_) => {
                    let files: Vec<PathBuf> = files.next().into_iter().collect();
                    Box::new(move || tail::follow(&files, around.ours, &sender, &ready))
                }
                Kind::Http(_) => {
                    match &sink {
                        Some(sink) => sink.set_sender(sender),
                        None => sender.fail("nothing listens for its requests"),
                    }
                    continue;
                }
                Kind::Mqtt(topics) => {
                    let topics = topics.clone();
                    Box::new(move || mqtt::listen(&around, &topics, &sender, &ready))
                }
            };
            let name = format!("hooks-{}", source.kind.name());
            match thread::Builder::new().name(name).spawn(work) {
                Ok(_) => waiting.push((failing, is_ready)),
                Err(error) => failing.fail(error.to_string()),
            }
        }
        for (sender, is_ready) in waiting {
            if is_ready.recv_timeout(READY_WITHIN).is_err() {
                sender.fail(format!("not ready within {} s", READY_WITHIN.as_secs()));
            }
        }
        let settle = sources.iter().map(|source| source.settle).max();
        Self {
            shared,
            settle: settle.unwrap_or_default(),
            _sink: sink,
        }
    }

    /// The events that can be observed now.
    pub fn shown(&self) -> HookSource {
        let state = self.shared.lock();
        let sound = state.sources.iter().filter(|s| s.problem.is_none());
        let shown: Vec<ShownEvent> = sound.flat_map(|s| s.shows.clone()).collect();
        match shown.is_empty() {
            true => HookSource::None,
            false => HookSource::Shows(shown),
        }
    }

    /// Describes each failed source, and what cannot be observed because of it.
    pub fn problems(&self) -> Vec<String> {
        let state = self.shared.lock();
        let failed = state.sources.iter().filter_map(|source| {
            let problem = source.problem.as_ref()?;
            let names: Vec<&str> = source.shows.iter().map(|e| e.name.as_str()).collect();
            let (name, names) = (source.name, names.join(", "));
            Some(format!(
                "the source `{name}` of hook events failed: {problem}; not observable: {names}"
            ))
        });
        failed.collect()
    }

    /// The delay of the slowest source.
    pub const fn settle(&self) -> Duration {
        self.settle
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

/// The events for one play.
#[derive(Debug)]
pub struct PlayEvents {
    feed: Arc<Feed>,
    prefix: String,
    /// The number of the last stray event before the play.
    from: u64,
    taken: BTreeSet<u64>,
}

impl PlayEvents {
    /// Starts keeping events with this prefix. With an empty one, the play takes all events without a known prefix.
    pub fn new(feed: &Arc<Feed>, prefix: &str) -> Self {
        let mut state = feed.shared.lock();
        if !prefix.is_empty() {
            state.queues.entry(prefix.to_owned()).or_default();
        }
        let from = state.number;
        drop(state);
        Self {
            feed: Arc::clone(feed),
            prefix: prefix.to_owned(),
            from,
            taken: BTreeSet::new(),
        }
    }

    /// The feed that the events come from.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Returns the events since the last call. `assigned` tells whether the broker assigned a Client Identifier in this
    /// play.
    pub fn take(&mut self, assigned: &dyn Fn(&str) -> bool) -> Vec<Hook> {
        let mut state = self.feed.shared.lock();
        let queue = state.queues.get_mut(&self.prefix);
        let mut all: Vec<Hook> = queue.map(|q| q.drain(..).collect()).unwrap_or_default();
        for (number, hook) in &state.strays {
            let is_ours = self.prefix.is_empty() || hook.field("client").is_some_and(assigned);
            if *number > self.from && is_ours && self.taken.insert(*number) {
                all.push(hook.clone());
            }
        }
        all
    }
}

impl Drop for PlayEvents {
    fn drop(&mut self) {
        self.feed.shared.lock().queues.remove(&self.prefix);
    }
}

#[cfg(test)]
mod tests;
