//! What clients do in the model, and what the broker owes them for it.

use std::rc::Rc;
use std::time::Duration;

use mqtt_check_broker::ConnectionId;

use super::action::{Arrival, Asked, Draft, FILTERS, Leaving, TOPICS};
use super::message::{Copy, Message, Source, matches, shared};
use super::world::{Accepted, Answer, Due, Ending, Line, Subscription, World};

impl World {
    /// Returns a message with this content. It counts as accepted once the broker shows it.
    pub(super) fn message(&mut self, publisher: usize, draft: &Draft, v5: bool) -> Message {
        self.next_message += 1;
        let number = self.next_message;
        Message {
            publisher,
            is_will: false,
            topic: TOPICS[draft.topic],
            payload: match draft.full {
                true => format!("m{number}"),
                false => String::new(),
            },
            qos: draft.qos,
            retain: draft.retain,
            user_properties: match v5 {
                true => vec![format!("u{number}"), "last".to_owned()],
                false => Vec::new(),
            },
            expiry_s: draft.expiry_s.filter(|_| v5),
            taken_at: self.now,
        }
    }

    /// Handles CONNECT. [3.1.1 MQTT-3.1.2-4] [3.1.1 MQTT-3.1.2-6] [5 MQTT-3.1.2-4] [5 MQTT-3.1.2-5] [5 MQTT-3.1.2-6]
    pub(super) fn connect(
        &mut self,
        line: ConnectionId,
        client: usize,
        arrival: Arrival,
        will: Option<Message>,
    ) {
        let present = match self.sessions.get(&client).map(|session| session.line) {
            None => false,
            Some(Some(old)) => self.take_over(old, client, arrival.clean),
            Some(None) => {
                // [5 MQTT-3.1.3-9]
                if arrival.clean {
                    self.end_session(client, "discarded");
                } else {
                    let now = self.now;
                    self.dues
                        .retain(|due| due.will.publisher != client || due.at <= now);
                }
                !arrival.clean
            }
        };
        let how = if present { "resumed" } else { "created" };
        self.expect_hook(client, format!("session.{how} c{client}"));
        let flag = u8::from(present);
        self.expect_hook(client, format!("client.connected c{client} sp={flag}"));
        let session = self.sessions.entry(client).or_default();
        session.line = Some(line);
        session.ends_at = None;
        session.expiry = match (arrival.v5, arrival.clean, arrival.expiry_s) {
            (true, _, u32::MAX) | (false, false, _) => None,
            (true, _, expiry_s) => Some(Duration::from_secs(u64::from(expiry_s))),
            (false, true, _) => Some(Duration::ZERO),
        };
        session.will = will.map(|will| {
            let delay_s = arrival.will.map_or(0, |(_, delay_s)| delay_s);
            let delay_s = if arrival.v5 { delay_s } else { 0 };
            (will, Duration::from_secs(u64::from(delay_s)))
        });
        self.lines.insert(
            line,
            Line {
                client,
                arrival,
                owed: vec![Answer::Connack { present }],
                ending: None,
                aliases_out: Default::default(),
                aliases_in: Default::default(),
                last_heard: self.now,
            },
        );
    }

    /// Handles a second connection of a client. Returns whether the session continues. [3.1.1 MQTT-3.1.4-2]
    /// [5 MQTT-3.1.4-3]
    fn take_over(&mut self, old: ConnectionId, client: usize, clean: bool) -> bool {
        if let Some(open) = self.lines.get_mut(&old) {
            open.owed.clear();
            open.ending = Some(Ending {
                code: open.arrival.v5.then_some(0x8E),
                holds_session: false,
                said: false,
            });
        }
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&client) else {
            return false;
        };
        let over = session.expiry == Some(Duration::ZERO);
        let goes_on = !clean && !over;
        if let Some((will, delay)) = session.will.take()
            && (delay.is_zero() || !goes_on)
        {
            self.dues.push(Due {
                will,
                at: now,
                triggers: vec!["taken_over", "session_ended"],
                // A delay and Clean Start 0 speak against publishing the Will; the end of the session speaks for it.
                optional: !delay.is_zero() && !clean,
            });
        }
        if !goes_on {
            self.end_session(client, "conflict");
        } else if let Some(session) = self.sessions.get_mut(&client) {
            session.line = None;
        }
        goes_on
    }

    pub(super) fn leave(&mut self, client: usize, line: ConnectionId, leaving: Leaving) {
        let why = match leaving {
            Leaving::Normal | Leaving::Forgetting => "normal",
            Leaving::WithWill => "with_will",
            Leaving::InError => "client_error",
            Leaving::Lost => "connection_lost",
        };
        if leaving == Leaving::Forgetting
            && let Some(session) = self.sessions.get_mut(&client)
        {
            session.expiry = Some(Duration::ZERO);
        }
        // [3.1.1 MQTT-3.14.4-3] [5 MQTT-3.14.4-3]
        let will = !matches!(leaving, Leaving::Normal | Leaving::Forgetting);
        if leaving == Leaving::Lost {
            self.lines.remove(&line);
            self.part(client, why, will);
        } else {
            self.close(line, None, why, will);
        }
    }

    /// Stops the broker gracefully. Each connection keeps its session until it is closed.
    pub(super) fn stop(&mut self) {
        for line in self.lines.values_mut() {
            line.ending = Some(Ending {
                code: line.arrival.v5.then_some(0x8B),
                holds_session: true,
                said: false,
            });
        }
    }

    /// Ends the broker without any packet. What triggers a Will from now on is left open.
    pub(super) fn crash(&mut self) {
        self.lines.clear();
        for client in self.sessions.keys().copied().collect::<Vec<_>>() {
            if self.line_of(client).is_some() {
                self.part_silently(client, true, vec![]);
            }
            if self.sessions[&client].ends_at == Some(self.now) {
                self.end_session(client, "normal");
            }
        }
    }

    /// Allows any trigger for Wills that become due between two runs of the broker.
    pub(super) fn downtime(&mut self) {
        for due in &mut self.dues {
            due.triggers = vec!["server_shutdown", "session_ended", "delay_elapsed"];
        }
    }

    /// Handles SUBSCRIBE, each filter as in a SUBSCRIBE of its own. [3.1.1 MQTT-3.8.4-4] [5 MQTT-3.8.4-5]
    pub(super) fn subscribe(
        &mut self,
        client: usize,
        id: u16,
        filters: &[Asked],
        identifier: Option<u32>,
        v5: bool,
    ) {
        for asked in filters {
            let filter = FILTERS[asked.filter];
            let subscription = Subscription {
                qos: asked.qos,
                no_local: asked.no_local,
                as_published: asked.as_published,
                identifier,
                shared: v5 && shared(filter).is_some(),
            };
            let number = asked.qos;
            self.expect_hook(
                client,
                format!("session.subscribed c{client} {filter} q{number}"),
            );
            let Some(session) = self.sessions.get_mut(&client) else {
                return;
            };
            let known = session.subscriptions.insert(filter, subscription).is_some();
            // [3.1.1 MQTT-3.3.1-6] [5 MQTT-3.3.1-9] [5 MQTT-3.3.1-10] [5 MQTT-3.3.1-11] [5 RULE-3.8.4-2]
            let due = match asked.handling {
                0 => true,
                1 => !known,
                _ => false,
            };
            if !due || subscription.shared {
                continue;
            }
            for message in self.retained.values() {
                // [5 MQTT-3.8.3-3]
                let kept = asked.no_local && message.publisher == client;
                if matches(filter, message.topic) && !kept && !message.is_expired(self.now) {
                    session.waiting.push(Copy {
                        message: Rc::clone(message),
                        source: Source::Retained,
                        qos: message.qos.min(asked.qos),
                        retain: Some(true),
                        identifiers: identifier.into_iter().collect(),
                        must: true,
                    });
                }
            }
        }
        self.owe(
            client,
            Answer::Suback {
                id,
                codes: filters.iter().map(|asked| asked.qos).collect(),
            },
        );
    }

    /// Handles UNSUBSCRIBE. Waiting messages may still be sent. [3.1.1 MQTT-3.10.4-3] [5 MQTT-3.10.4-3]
    pub(super) fn unsubscribe(&mut self, client: usize, id: u16, filters: &[usize], v5: bool) {
        let mut codes = Vec::new();
        for filter in filters {
            let filter = FILTERS[*filter];
            let Some(session) = self.sessions.get_mut(&client) else {
                return;
            };
            let removed = session.subscriptions.remove(filter).is_some();
            for copy in &mut session.waiting {
                copy.must &= !matches(filter, copy.message.topic);
            }
            for copy in &mut self.shared {
                copy.must &= copy.filter != filter;
            }
            codes.push(if removed { 0x00 } else { 0x11 });
            if removed {
                self.expect_hook(client, format!("session.unsubscribed c{client} {filter}"));
            }
        }
        if !v5 {
            codes.clear();
        }
        self.owe(client, Answer::Unsuback { id, codes });
    }

    /// Handles PUBLISH, which has a packet id if its QoS is above 0. [3.1.1 MQTT-3.3.4-1] [5 MQTT-3.3.4-1]
    pub(super) fn publish(&mut self, client: usize, line: ConnectionId, message: Message, id: u16) {
        let codes = vec![0x00];
        match message.qos {
            0 => {}
            1 => self.owe(client, Answer::Puback { id, codes }),
            _ => {
                self.owe(client, Answer::Pubrec { id, codes });
                if let Some(session) = self.sessions.get_mut(&client) {
                    session
                        .received
                        .insert(id, (Rc::new(message.clone()), line));
                }
            }
        }
        let from = (message.qos > 0).then_some((line, id));
        self.accepted.push_back(Accepted { message, from });
    }

    /// Handles a repeated QoS 2 PUBLISH, which is acknowledged but not forwarded. [3.1.1 MQTT-4.3.3-2]
    /// [5 MQTT-4.3.3-10]
    pub(super) fn repeat(&mut self, client: usize, line: ConnectionId, id: u16) {
        if let Some(session) = self.sessions.get_mut(&client)
            && let Some((_, on)) = session.received.get_mut(&id)
        {
            *on = line;
        }
        let codes = vec![0x00, 0x10];
        self.owe(client, Answer::Pubrec { id, codes });
    }

    /// Handles PUBREL. [3.1.1 MQTT-4.3.3-2] [5 MQTT-4.3.3-11]
    pub(super) fn release(&mut self, client: usize, id: u16) {
        if let Some(session) = self.sessions.get_mut(&client) {
            session.received.remove(&id);
        }
        self.owe(client, Answer::Pubcomp { id });
    }

    /// Handles the next acknowledgement of a delivery.
    pub(super) fn acknowledge(&mut self, client: usize, id: u16, refuses: bool) {
        let place = self.place();
        let Some(session) = self.sessions.get_mut(&client) else {
            return;
        };
        let Some(index) = session.flights.iter().position(|flight| flight.id == id) else {
            return;
        };
        let flight = &mut session.flights[index];
        if flight.copy.qos == 2 && !flight.released && !refuses {
            // [5 MQTT-4.3.3-4] [5 MQTT-4.3.3-6]
            flight.released = true;
            flight.place = place;
            self.owe(client, Answer::Pubrel { id });
            return;
        }
        // [5 MQTT-4.4.0-2]
        let flight = session.flights.remove(index);
        let topic = flight.copy.message.topic;
        self.expect_hook(
            client,
            match refuses {
                true => format!("message.dropped c{client} {topic} refused"),
                false => format!("message.acked c{client} {topic} {id}"),
            },
        );
    }

    pub(super) fn owe(&mut self, client: usize, answer: Answer) {
        if let Some(line) = self
            .line_of(client)
            .and_then(|line| self.lines.get_mut(&line))
        {
            line.owed.push(answer);
        }
    }
}
