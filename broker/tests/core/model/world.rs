//! The state that the standard prescribes: connections, sessions, retained messages, Wills that are due, and what the
//! broker still owes. `input.rs` has the effects of clients and time, `output.rs` what the broker may do.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use mqtt_check_broker::{ConnectionId, Time};

use super::action::{Arrival, FILTERS};
use super::message::{Copy, Flight, Message, SharedCopy, Source, matches, shared};

/// The result of judging the broker, with the reason if it did something wrong.
pub(super) type Judgement<T = ()> = Result<T, String>;

/// An answer that a connection waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Connack { present: bool },
    Suback { id: u16, codes: Vec<u8> },
    Unsuback { id: u16, codes: Vec<u8> },
    Puback { id: u16, codes: Vec<u8> },
    Pubrec { id: u16, codes: Vec<u8> },
    Pubrel { id: u16 },
    Pubcomp { id: u16 },
    Pingresp,
}

/// A connection that the broker is to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The code of the DISCONNECT that comes first, if any.
    pub(super) code: Option<u8>,
    /// Whether the DISCONNECT was sent.
    pub(super) said: bool,
    /// Whether the session belongs to the connection until it is closed.
    pub(super) holds_session: bool,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) client: usize,
    pub(super) arrival: Arrival,
    pub(super) owed: Vec<Answer>,
    pub(super) ending: Option<Ending>,
    /// Topic Aliases of the broker.
    pub(super) aliases_out: BTreeMap<u16, String>,
    /// Topic Aliases of the client.
    pub(super) aliases_in: BTreeMap<u16, usize>,
    pub(super) last_heard: Time,
}

impl Line {
    /// Returns whether CONNACK was sent.
    pub(super) fn is_greeted(&self) -> bool {
        !self
            .owed
            .iter()
            .any(|answer| matches!(answer, Answer::Connack { .. }))
    }

    /// Returns when the client has been silent for too long. [3.1.1 MQTT-3.1.2-24] [5 MQTT-3.1.2-22]
    pub(super) fn silent_at(&self) -> Option<Time> {
        let keep_alive = Duration::from_secs(u64::from(self.arrival.keep_alive_s));
        (!keep_alive.is_zero() && self.ending.is_none())
            .then(|| self.last_heard + keep_alive + keep_alive / 2)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Subscription {
    pub(super) qos: u8,
    pub(super) no_local: bool,
    pub(super) as_published: bool,
    pub(super) identifier: Option<u32>,
    pub(super) shared: bool,
}

#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) line: Option<ConnectionId>,
    /// `None` if the session never expires.
    pub(super) expiry: Option<Duration>,
    pub(super) ends_at: Option<Time>,
    pub(super) subscriptions: BTreeMap<&'static str, Subscription>,
    pub(super) waiting: Vec<Copy>,
    pub(super) flights: Vec<Flight>,
    /// The client's unreleased QoS 2 messages, with the connection of the last PUBLISH of each.
    pub(super) received: BTreeMap<u16, (Rc<Message>, ConnectionId)>,
    /// The Will and its delay.
    pub(super) will: Option<(Message, Duration)>,
}

/// A Will that is due now or later.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) will: Message,
    pub(super) at: Time,
    /// The triggers that the event may report.
    pub(super) triggers: Vec<&'static str>,
    /// Whether it need not be published, since the standard contradicts itself.
    pub(super) optional: bool,
}

/// A message that the broker must show to have accepted, and the packet that waits for its acknowledgement.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) message: Message,
    pub(super) from: Option<(ConnectionId, u16)>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now: Time,
    pub(super) lines: BTreeMap<ConnectionId, Line>,
    pub(super) sessions: BTreeMap<usize, Session>,
    pub(super) retained: BTreeMap<&'static str, Rc<Message>>,
    pub(super) shared: Vec<SharedCopy>,
    pub(super) dues: Vec<Due>,
    pub(super) accepted: VecDeque<Accepted>,
    /// The events that must be reported for each client, in this order.
    pub(super) hooks: BTreeMap<usize, VecDeque<String>>,
    /// Publisher and topic of messages without subscribers, and whether an event must report that.
    pub(super) unheard: Vec<((Option<usize>, &'static str), bool)>,
    /// Sessions that ended in this step, and their filters. The broker may choose whether they still receive messages
    /// of the same step.
    pub(super) ended: Vec<(usize, Vec<&'static str>)>,
    /// Client and topic of the messages that these sessions lost.
    pub(super) left_over: Vec<(usize, &'static str)>,
    pub(super) next_place: u64,
    pub(super) next_message: u32,
}

impl World {
    pub(super) fn expect_hook(&mut self, client: usize, line: String) {
        self.hooks.entry(client).or_default().push_back(line);
    }

    pub(super) fn place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// Returns the connection that this client may use.
    pub(super) fn line_of(&self, client: usize) -> Option<ConnectionId> {
        self.sessions.get(&client)?.line
    }

    /// Returns whether this client is connected and has received CONNACK.
    fn is_online(&self, client: usize) -> bool {
        let line = self.line_of(client).and_then(|line| self.lines.get(&line));
        line.is_some_and(Line::is_greeted)
    }

    /// Returns when something becomes due next.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        let ends = self.sessions.values().filter_map(|session| session.ends_at);
        let dues = self
            .dues
            .iter()
            .map(|due| due.at)
            .filter(|at| *at > self.now);
        let silences = self.lines.values().filter_map(Line::silent_at);
        ends.chain(dues).chain(silences).min()
    }

    /// Moves the clock, and ends what has expired.
    pub(super) fn advance(&mut self, now: Time) {
        self.now = now;
        let silent: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, line)| line.silent_at().is_some_and(|at| at <= now))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in silent {
            self.close(connection, Some(0x8D), "keep_alive_timeout", true);
        }
        let over = |session: &Session| session.ends_at.is_some_and(|at| at <= now);
        let ended: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, session)| over(session))
            .map(|(client, _)| *client)
            .collect();
        for client in ended {
            self.end_session(client, "expired");
        }
    }

    /// Makes the broker close this connection, which no longer has a session.
    pub(super) fn close(&mut self, line: ConnectionId, code: Option<u8>, why: &str, will: bool) {
        let Some(open) = self.lines.get_mut(&line) else {
            return;
        };
        open.owed.clear();
        open.ending = Some(Ending {
            code: code.filter(|_| open.arrival.v5),
            said: false,
            holds_session: false,
        });
        let client = open.client;
        self.part(client, why, will);
    }

    /// Removes the connection from the session. `why` is the word in the event, and determines the trigger of the Will.
    pub(super) fn part(&mut self, client: usize, why: &str, will: bool) {
        self.expect_hook(client, format!("client.disconnected c{client} {why}"));
        self.part_silently(client, will, vec![trigger(why)]);
        if self.sessions[&client].expiry == Some(Duration::ZERO) {
            self.end_session(client, "normal");
        }
    }

    pub(super) fn part_silently(&mut self, client: usize, will: bool, mut why: Vec<&'static str>) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&client) else {
            return;
        };
        session.line = None;
        session.ends_at = session.expiry.map(|expiry| now + expiry);
        for copy in &mut session.waiting {
            copy.must &= copy.qos > 0;
        }
        // [3.1.1 MQTT-3.1.2-8] [3.1.1 MQTT-3.1.2-10] [5 MQTT-3.1.2-8] [5 MQTT-3.1.2-10]
        let Some((will, delay)) = session.will.take().filter(|_| will) else {
            return;
        };
        let ends_at = session.ends_at;
        if !delay.is_zero() {
            why = vec!["delay_elapsed"];
        }
        let mut at = now + delay;
        if let Some(ends_at) = ends_at.filter(|ends_at| *ends_at <= at) {
            if ends_at < at {
                why.clear();
            }
            why.push("session_ended");
            at = ends_at;
        }
        self.dues.push(Due {
            will,
            at,
            triggers: why,
            optional: false,
        });
    }

    /// Ends a session. [3.1.1 MQTT-3.1.2-6] [5 MQTT-4.1.0-2]
    pub(super) fn end_session(&mut self, client: usize, why: &str) {
        self.expect_hook(client, format!("session.terminated c{client} {why}"));
        let Some(session) = self.sessions.remove(&client) else {
            return;
        };
        // [5 MQTT-3.1.2-8]: a Will that waited for its delay is due now.
        for due in &mut self.dues {
            if due.will.publisher == client && due.at > self.now {
                due.at = self.now;
                due.triggers = vec!["session_ended"];
            }
        }
        let filters = session.subscriptions.keys().copied().collect();
        self.ended.push((client, filters));
        for copy in &session.waiting {
            self.left_over.push((client, copy.message.topic));
        }
        for flight in session.flights {
            self.left_over.push((client, flight.copy.message.topic));
            self.pass_on(flight);
        }
        let mut shared = std::mem::take(&mut self.shared);
        for copy in &mut shared {
            if copy.members.iter().any(|(member, _)| *member == client) {
                // It may go to another member, including one that subscribed later.
                copy.must = false;
                copy.members
                    .extend(self.members(copy.filter, &copy.message));
                self.left_over.push((client, copy.message.topic));
            }
        }
        self.shared.append(&mut shared);
    }

    /// Handles a group's message that its member did not acknowledge. At QoS 1 it may go to another member
    /// [5 RULE-4.8.2-2]; at QoS 2 it must not. [5 MQTT-4.8.2-5]
    fn pass_on(&mut self, flight: Flight) {
        if flight.copy.source != Source::Shared || flight.copy.qos != 1 {
            return;
        }
        let message = flight.copy.message;
        let proper = |filter| shared(filter).map(|(_, proper)| proper);
        let filter = FILTERS
            .into_iter()
            .find(|filter| proper(filter).is_some_and(|proper| matches(proper, message.topic)));
        let Some(filter) = filter else {
            return;
        };
        let members = self.members(filter, &message);
        self.shared.push(SharedCopy {
            filter,
            message,
            members,
            must: false,
        });
    }

    /// Returns the members of this filter's group, and the copy for each.
    fn members(&self, filter: &'static str, message: &Rc<Message>) -> Vec<(usize, Copy)> {
        let member = |(client, session): (&usize, &Session)| {
            let subscription = session.subscriptions.get(filter)?;
            let copy = Copy {
                message: Rc::clone(message),
                source: Source::Shared,
                qos: message.qos.min(subscription.qos),
                retain: Some(message.retain && subscription.as_published),
                identifiers: subscription.identifier.into_iter().collect(),
                must: true,
            };
            subscription.shared.then_some((*client, copy))
        };
        self.sessions.iter().filter_map(member).collect()
    }

    /// Sends a message to all subscribers. Returns whether there were none, if that is certain.
    pub(super) fn route(&mut self, message: Message) -> Option<bool> {
        let message = Rc::new(message);
        if message.retain {
            // [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-10] [5 MQTT-3.3.1-5] [5 MQTT-3.3.1-6]
            match message.payload.is_empty() {
                true => drop(self.retained.remove(message.topic)),
                false => drop(self.retained.insert(message.topic, Rc::clone(&message))),
            }
        }
        let (mut nobody, mut certain) = (true, true);
        let mut filters = Vec::new();
        for (client, filters) in &self.ended {
            let proper = |filter| shared(filter).map_or(filter, |(_, proper)| proper);
            if filters
                .iter()
                .any(|filter| matches(proper(filter), message.topic))
            {
                certain = false;
                self.left_over.push((*client, message.topic));
            }
        }
        let online: Vec<_> = self
            .sessions
            .keys()
            .filter(|client| self.is_online(**client))
            .copied()
            .collect();
        for (client, session) in &mut self.sessions {
            let online = online.contains(client);
            if let Some(copy) = own_copy(*client, session, &message, online) {
                nobody = false;
                session.waiting.push(copy);
            }
            filters.extend(
                session
                    .subscriptions
                    .iter()
                    .filter_map(|(filter, subscription)| {
                        let (_, proper) = shared(filter)?;
                        (subscription.shared && matches(proper, message.topic)).then_some(*filter)
                    }),
            );
        }
        filters.sort_unstable();
        filters.dedup();
        for filter in filters {
            nobody = false;
            let members = self.members(filter, &message);
            let can_be_lost =
                |(member, own): &(usize, Copy)| own.qos == 0 && !self.is_online(*member);
            let must = !members.iter().any(can_be_lost);
            self.shared.push(SharedCopy {
                filter,
                message: Rc::clone(&message),
                members,
                must,
            });
        }
        certain.then_some(nobody)
    }
}

/// Returns the one copy for all of a session's matching non-shared subscriptions. [3.1.1 MQTT-3.3.5-1] [5 MQTT-3.3.4-2]
fn own_copy(client: usize, session: &Session, message: &Rc<Message>, online: bool) -> Option<Copy> {
    let own = message.publisher == client;
    let matching: Vec<_> = session
        .subscriptions
        .iter()
        .filter(|(filter, s)| !s.shared && matches(filter, message.topic))
        // [5 MQTT-3.8.3-3]
        .filter(|(_, s)| !(s.no_local && own))
        .map(|(_, s)| *s)
        .collect();
    let qos = matching.iter().map(|s| s.qos).max()?.min(message.qos);
    let mut identifiers: Vec<_> = matching.iter().filter_map(|s| s.identifier).collect();
    identifiers.sort_unstable();
    // [3.1.1 MQTT-3.3.1-9] [5 MQTT-3.3.1-12] [5 MQTT-3.3.1-13]
    let kept = matching.iter().filter(|s| s.as_published).count();
    let retain = match message.retain {
        true if kept == matching.len() => Some(true),
        true if kept > 0 => None,
        _ => Some(false),
    };
    Some(Copy {
        message: Rc::clone(message),
        source: Source::Live,
        qos,
        retain,
        identifiers,
        // A server may keep QoS 0 messages for a client that is not connected, or lose them.
        must: online || qos > 0,
    })
}

fn trigger(why: &str) -> &'static str {
    match why {
        "with_will" => "disconnect_with_will",
        "client_error" => "client_error",
        "keep_alive_timeout" => "keep_alive_timeout",
        "kicked" => "kicked",
        "server_shutdown" => "server_shutdown",
        _ => "connection_lost",
    }
}
