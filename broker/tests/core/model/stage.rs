//! Plays the core and the model together. Every action goes to both, and the model judges all that the core does.

use std::fmt::Write as _;
use std::time::Duration;

use mqtt_check_broker::{
    Broker, Config, ConnectionId, Control, Fault, Faults, Input, NodeId, Output, StoredState,
};
use mqtt_check_codec::{
    Connect, Packet, Property, Publish, ReasonCode, RetainHandling, SubscriptionOptions,
};

use super::action::{Action, Arrival, Asked, Draft, FILTERS, Leaving, TOPICS};
use super::message::{Message, shared};
use super::world::{Answer, Judgement, World};
use crate::pair::{
    V3, V5, ack, disconnect, hello, id, publish, qos, refusing_ack, subscribe_with, unsubscribe,
};
use crate::text;

/// The clock moves by this for each action, so no two timers of clients are due at the same instant.
const TICK: Duration = Duration::from_millis(1);
/// The most packets that one action may cause.
const ROUNDS: usize = 1_000;

struct Stage {
    broker: Option<Broker>,
    config: Config,
    faults: Faults,
    world: World,
    next_connection: u64,
    /// The core's outputs in this step, for the report of a failure.
    record: Vec<String>,
}

/// Plays a sequence. Returns an error with the step and the reason if the core does something that the model does not
/// allow.
pub(super) fn play(actions: &[Action], faults: Faults) -> Judgement {
    let config = Config {
        durable: true,
        ..Config::default()
    };
    let mut stage = Stage {
        broker: Some(Broker::new(config.clone(), faults)),
        config,
        faults,
        world: World::default(),
        next_connection: 1,
        record: Vec::new(),
    };
    for (step, action) in actions.iter().enumerate() {
        stage.record.clear();
        stage.step(action).map_err(|why| {
            let mut told = format!("step {}, {action:?}: {why}", step + 1);
            for line in &stage.record {
                write!(told, "\n    {line}").expect("a string");
            }
            told
        })?;
    }
    Ok(())
}

impl Stage {
    fn step(&mut self, action: &Action) -> Judgement {
        match action {
            Action::Connect(client, arrival) => self.connect(*client, arrival)?,
            Action::Wait(span_s) => self.wait(Duration::from_secs(*span_s))?,
            Action::Restart(orderly, span_s) => self.restart(*orderly, *span_s)?,
            Action::Leave(client, _)
            | Action::Subscribe(client, ..)
            | Action::Unsubscribe(client, _)
            | Action::Publish(client, ..)
            | Action::Release(client, _)
            | Action::Repeat(client, _)
            | Action::Acknowledge(client, ..)
            | Action::AcknowledgeAll(client)
            | Action::Ping(client)
            | Action::Kick(client) => {
                if let Some(line) = self.world.line_of(*client) {
                    self.act(*client, line, action)?;
                }
            }
        }
        self.wait(TICK)
    }

    /// Does an action of a connected client.
    fn act(&mut self, client: usize, line: ConnectionId, action: &Action) -> Judgement {
        let v5 = self.is_v5(line);
        match action {
            Action::Leave(_, leaving) => self.leave(client, line, *leaving, v5),
            Action::Subscribe(_, filters, identifier) => {
                self.subscribe(client, line, filters, identifier.filter(|_| v5), v5)
            }
            Action::Unsubscribe(_, filters) => {
                let number = self.free_id(client);
                self.world.unsubscribe(client, number, filters, v5);
                let filters: Vec<_> = filters.iter().map(|filter| FILTERS[*filter]).collect();
                self.send(line, unsubscribe(number, &filters))
            }
            Action::Publish(_, draft, alias) => {
                self.publish(client, line, draft, alias.filter(|_| v5), v5)
            }
            Action::Release(_, nth) => match self.on_the_way(client, *nth) {
                Some((number, _)) => {
                    self.world.release(client, number);
                    self.send(line, Packet::PubRel(ack(number)))
                }
                None => Ok(()),
            },
            Action::Repeat(_, nth) => self.repeat(client, line, *nth),
            Action::Acknowledge(_, nth, refuses) => {
                let open = self.open(client, line);
                let chosen = open.get(nth % open.len().max(1)).copied();
                chosen.map_or(Ok(()), |number| {
                    self.acknowledge(client, line, number, *refuses && v5)
                })
            }
            Action::AcknowledgeAll(_) => {
                for _ in 0..ROUNDS {
                    let Some(number) = self.open(client, line).first().copied() else {
                        return Ok(());
                    };
                    self.acknowledge(client, line, number, false)?;
                }
                Err("there is no end of messages".to_owned())
            }
            Action::Ping(_) => {
                self.world.owe(client, Answer::Pingresp);
                self.send(line, Packet::PingReq)
            }
            _ => {
                self.world.close(line, Some(0x98), "kicked", true);
                let reason = ReasonCode::ADMINISTRATIVE_ACTION;
                let client = name(client).into();
                self.handle(Input::Control(Control::Kick { client, reason }))
            }
        }
    }

    fn is_v5(&self, line: ConnectionId) -> bool {
        self.world
            .lines
            .get(&line)
            .is_some_and(|line| line.arrival.v5)
    }

    /// Returns a packet id that the client does not use.
    fn free_id(&self, client: usize) -> u16 {
        let used = &self.world.sessions[&client].received;
        (1..)
            .find(|id| !used.contains_key(id))
            .expect("few are in use")
    }

    /// Returns one of the client's QoS 2 messages that it has not released.
    fn on_the_way(&self, client: usize, nth: usize) -> Option<(u16, Message)> {
        let received = &self.world.sessions[&client].received;
        let (number, (message, _)) = received.iter().nth(nth % received.len().max(1))?;
        Some((*number, (**message).clone()))
    }

    /// Returns the client's unacknowledged deliveries on this connection.
    fn open(&self, client: usize, line: ConnectionId) -> Vec<u16> {
        let flights = self.world.sessions[&client].flights.iter();
        let open = flights.filter(|flight| flight.sent_on == line);
        open.map(|flight| flight.id).collect()
    }

    fn connect(&mut self, client: usize, arrival: &Arrival) -> Judgement {
        let version = if arrival.v5 { V5 } else { V3 };
        let mut connect = hello(version, &name(client)).keep_alive(arrival.keep_alive_s);
        if !arrival.clean {
            connect = connect.unclean();
        }
        if arrival.v5 {
            connect = connect.expiry(arrival.expiry_s);
            if let Some(maximum) = arrival.receive_maximum {
                connect = connect.property(Property::ReceiveMaximum(maximum));
            }
            connect = connect.property(Property::TopicAliasMaximum(arrival.aliases));
        }
        let will = arrival.will.map(|(draft, delay_s)| {
            let will = self.world.message(client, &draft, arrival.v5);
            (
                Message {
                    is_will: true,
                    ..will
                },
                delay_s,
            )
        });
        if let Some((will, delay_s)) = &will {
            connect = connect.will_with(will.topic, |it| {
                it.qos = qos(will.qos);
                it.retain = will.retain;
                it.payload = will.payload.clone().into();
                it.properties = properties(will);
                if arrival.v5 && *delay_s > 0 {
                    it.properties.push(Property::WillDelayInterval(*delay_s));
                }
            });
        }
        let line = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.handle(Input::Opened {
            connection: line,
            node: NodeId::default(),
            nonce: line.0.into(),
        })?;
        self.world
            .connect(line, client, *arrival, will.map(|(will, _)| will));
        let connect = Packet::Connect(Box::new(Connect::from(connect)));
        self.send(line, connect)
    }

    fn leave(
        &mut self,
        client: usize,
        line: ConnectionId,
        leaving: Leaving,
        v5: bool,
    ) -> Judgement {
        let leaving = match leaving {
            Leaving::WithWill | Leaving::InError if !v5 => Leaving::Lost,
            Leaving::Forgetting if !v5 => Leaving::Normal,
            leaving => leaving,
        };
        self.world.leave(client, line, leaving);
        let expiry = Property::SessionExpiryInterval(0);
        match leaving {
            Leaving::Normal => self.send(line, disconnect(0x00, [])),
            Leaving::Forgetting => self.send(line, disconnect(0x00, [expiry])),
            Leaving::WithWill => self.send(line, disconnect(0x04, [])),
            Leaving::InError => self.send(line, disconnect(0x80, [])),
            Leaving::Lost => self.handle(Input::Closed { connection: line }),
        }
    }

    fn subscribe(
        &mut self,
        client: usize,
        line: ConnectionId,
        filters: &[Asked],
        identifier: Option<u32>,
        v5: bool,
    ) -> Judgement {
        let filters: Vec<_> = filters
            .iter()
            .map(|asked| Asked {
                // [5 MQTT-3.8.3-4]
                no_local: asked.no_local && v5 && shared(FILTERS[asked.filter]).is_none(),
                as_published: asked.as_published && v5,
                handling: if v5 { asked.handling } else { 0 },
                ..*asked
            })
            .collect();
        let number = self.free_id(client);
        self.world
            .subscribe(client, number, &filters, identifier, v5);
        let options = |asked: &Asked| SubscriptionOptions {
            qos: qos(asked.qos),
            no_local: asked.no_local,
            retain_as_published: asked.as_published,
            retain_handling: match asked.handling {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                _ => RetainHandling::DoNotSend,
            },
        };
        let filters = filters
            .iter()
            .map(|asked| (FILTERS[asked.filter], options(asked)));
        let identifier = identifier.map(Property::SubscriptionIdentifier);
        self.send(line, subscribe_with(number, identifier, filters))
    }

    fn publish(
        &mut self,
        client: usize,
        line: ConnectionId,
        draft: &Draft,
        alias: Option<u16>,
        v5: bool,
    ) -> Judgement {
        let number = self.free_id(client);
        let message = self.world.message(client, draft, v5);
        let mut packet = packet(&message, number);
        if let Some(alias) = alias
            && let Some(open) = self.world.lines.get_mut(&line)
        {
            let known = open.aliases_in.insert(alias, draft.topic) == Some(draft.topic);
            packet.properties.push(Property::TopicAlias(alias));
            if known {
                packet.topic = "".into();
            }
        }
        self.world.publish(client, line, message, number);
        self.send(line, Packet::Publish(packet))
    }

    fn repeat(&mut self, client: usize, line: ConnectionId, nth: usize) -> Judgement {
        let Some((number, message)) = self.on_the_way(client, nth) else {
            return Ok(());
        };
        // [5 MQTT-4.4.0-1]: a PUBLISH may only be repeated after a reconnect.
        if self.world.sessions[&client].received[&number].1 == line {
            return Ok(());
        }
        self.world.repeat(client, line, number);
        let again = Publish {
            dup: true,
            ..packet(&message, number)
        };
        self.send(line, Packet::Publish(again))
    }

    fn acknowledge(
        &mut self,
        client: usize,
        line: ConnectionId,
        number: u16,
        refuses: bool,
    ) -> Judgement {
        let mut flights = self.world.sessions[&client].flights.iter();
        let flight = flights
            .find(|flight| flight.id == number)
            .expect("it is open");
        let refuses = refuses && !flight.released;
        let kind = match (flight.copy.qos, flight.released) {
            (1, _) => Packet::PubAck,
            (_, false) => Packet::PubRec,
            (_, true) => Packet::PubComp,
        };
        let reason = match refuses {
            true => ReasonCode::UNSPECIFIED_ERROR,
            false => ReasonCode::SUCCESS,
        };
        self.world.acknowledge(client, number, refuses);
        self.send(line, kind(refusing_ack(number, reason)))
    }

    /// Waits from one deadline to the next, of the core or of the model.
    fn wait(&mut self, span: Duration) -> Judgement {
        let end = self.world.now + span;
        self.world.settle()?;
        for _ in 0..ROUNDS {
            let core = self.broker.as_ref().and_then(Broker::next_deadline);
            let next = core.into_iter().chain(self.world.next_deadline()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.world.advance(end);
                return self.world.settle();
            };
            self.world.advance(next);
            self.handle(Input::Woke)?;
            self.world.settle()?;
        }
        Err("the broker's deadlines do not come to an end".to_owned())
    }

    fn restart(&mut self, orderly: bool, span_s: u64) -> Judgement {
        let broker = self.broker.take().expect("it runs");
        let mut out = Vec::new();
        let stored: StoredState;
        if orderly {
            self.world.stop();
            stored = broker.stop(self.world.now, &mut out);
            self.judge(out)?;
        } else {
            self.world.crash();
            stored = broker.crash(self.world.now);
        }
        self.world
            .advance(self.world.now + Duration::from_secs(span_s));
        self.world.downtime();
        let mut out = Vec::new();
        let (config, now) = (self.config.clone(), self.world.now);
        self.broker = Some(Broker::restore(config, self.faults, stored, now, &mut out));
        self.judge(out)
    }

    fn send(&mut self, connection: ConnectionId, packet: Packet) -> Judgement {
        if let Some(line) = self.world.lines.get_mut(&connection) {
            line.last_heard = self.world.now;
        }
        self.handle(Input::Received {
            connection,
            packet,
            size: 10,
        })
    }

    fn handle(&mut self, input: Input) -> Judgement {
        let mut out = Vec::new();
        let broker = self.broker.as_mut().expect("it runs");
        broker.handle(self.world.now, input, &mut out);
        self.judge(out)
    }

    fn judge(&mut self, out: Vec<Output>) -> Judgement {
        for output in &out {
            self.record.push(match output {
                Output::Send { connection, packet } => {
                    format!("connection {} gets {}", connection.0, text::packet(packet))
                }
                Output::Close { connection } => format!("connection {} is closed", connection.0),
                Output::Hold { connection } => format!("connection {} is held", connection.0),
                Output::Pause { connection } => format!("connection {} has to wait", connection.0),
                Output::Resume { connection } => format!("connection {} goes on", connection.0),
                Output::Hook(event) => text::hook(event),
            });
        }
        out.iter().try_for_each(|output| self.world.judge(output))?;
        let broker = self.broker.as_ref();
        match broker.map(Broker::session_count) {
            Some(count) if count != self.world.sessions.len() => Err(format!(
                "there are {count} sessions, not {}",
                self.world.sessions.len()
            )),
            _ => Ok(()),
        }
    }
}

/// Returns a set with only this fault.
pub(super) fn broken(fault: Fault) -> Faults {
    Faults::from_iter([fault])
}

fn name(client: usize) -> String {
    format!("c{client}")
}

fn properties(message: &Message) -> mqtt_check_codec::Properties {
    let user = message.user_properties.iter();
    let user = user.map(|value| Property::UserProperty("name".into(), value.clone().into()));
    let expiry = message.expiry_s.map(Property::MessageExpiryInterval);
    user.chain(expiry).collect()
}

fn packet(message: &Message, number: u16) -> Publish {
    debug_assert!(TOPICS.contains(&message.topic));
    Publish {
        qos: qos(message.qos),
        packet_id: (message.qos > 0).then(|| id(number)),
        retain: message.retain,
        properties: properties(message),
        ..publish(message.topic, &message.payload)
    }
}
