//! What the broker may do, packet by packet and event by event.

use mqtt_check_broker::{ConnectionId, HookEvent, Output, Time};
use mqtt_check_codec::{Packet, PacketId, Publish, ReasonCode};

use super::action::TOPICS;
use super::message::{Copy, Flight, SharedCopy};
use super::world::{Accepted, Answer, Judgement, Line, Session, World};
use crate::text;

impl World {
    /// Judges an output of the broker. Returns an error if it is not allowed.
    pub(super) fn judge(&mut self, output: &Output) -> Judgement {
        match output {
            Output::Send { connection, packet } => self.sent(*connection, packet),
            Output::Close { connection } => self.closed(*connection),
            Output::Hold { connection } => Err(format!("{connection:?} is held for a few bytes")),
            Output::Hook(event) => self.told(event),
            Output::Pause { .. } | Output::Resume { .. } => Ok(()),
        }
    }

    fn sent(&mut self, connection: ConnectionId, packet: &Packet) -> Judgement {
        let shown = text::packet(packet);
        let Some(line) = self.lines.get_mut(&connection) else {
            return Err(format!("{shown} goes to a connection that is closed"));
        };
        let client = line.client;
        let shown = format!("c{client} gets {shown}");
        if let Some(ending) = &mut line.ending {
            if let Packet::Disconnect(disconnect) = packet {
                let expected = ending.code.filter(|_| !ending.said);
                ending.said = true;
                return match expected == Some(disconnect.reason.0) {
                    true => Ok(()),
                    false => Err(format!("{shown} instead of {expected:?}")),
                };
            }
            // [5 MQTT-3.14.4-1]
            if ending.said || !ending.holds_session {
                return Err(format!("{shown} on a connection that is over"));
            }
        }
        if let Packet::Publish(publish) = packet {
            // [3.1.1 MQTT-3.2.0-1] [5 MQTT-3.2.0-1]
            if !line.is_greeted() {
                return Err(format!("{shown} before its CONNACK"));
            }
            return self
                .published(connection, publish)
                .map_err(|why| format!("{shown}: {why}"));
        }
        answered(line, packet).map_err(|why| format!("{shown}: {why}"))?;
        if let Packet::PubRel(ack) = packet {
            self.released(connection, ack.packet_id);
        }
        if let Packet::ConnAck(_) = packet {
            self.greeted(client);
        }
        Ok(())
    }

    /// Makes the broker owe PUBREL again for deliveries that an earlier connection released. [3.1.1 MQTT-4.4.0-1]
    /// [5 MQTT-4.4.0-1]
    fn greeted(&mut self, client: usize) {
        let Some(session) = self.sessions.get(&client) else {
            return;
        };
        let mut released: Vec<_> = session
            .flights
            .iter()
            .filter(|flight| flight.released)
            .collect();
        released.sort_by_key(|flight| flight.place);
        for id in released.iter().map(|flight| flight.id).collect::<Vec<_>>() {
            self.owe(client, Answer::Pubrel { id });
        }
    }

    fn released(&mut self, connection: ConnectionId, id: PacketId) {
        let session = self.session_of(connection);
        let flights = session.into_iter().flat_map(|session| &mut session.flights);
        for flight in flights.filter(|flight| flight.id == id.get()) {
            flight.sent_on = connection;
        }
    }

    fn session_of(&mut self, connection: ConnectionId) -> Option<&mut Session> {
        let client = self.lines.get(&connection)?.client;
        self.sessions.get_mut(&client)
    }

    fn published(&mut self, connection: ConnectionId, publish: &Publish) -> Judgement {
        let line = self.lines.get_mut(&connection).ok_or("nobody is there")?;
        let topic = resolve(line, publish)?;
        let (client, v5) = (line.client, line.arrival.v5);
        let limit = line.arrival.receive_maximum.filter(|_| v5);
        let now = self.now;
        let session = self.sessions.get_mut(&client).ok_or("it has no session")?;
        let open = |flight: &&Flight| flight.published_on == connection;
        let open = session.flights.iter().filter(open).count();
        // [5 MQTT-3.3.4-9]
        if publish.qos.as_u8() > 0 && limit.is_some_and(|limit| open >= usize::from(limit)) {
            return Err("its Receive Maximum is used up".to_owned());
        }
        let is = |copy: &Copy| copy.is(publish, &topic, v5, now);
        if publish.dup {
            return resent(session, connection, publish, is);
        }
        // An equal copy may be waiting as a shared message.
        let copy = first_sent(session, connection, is, now)
            .or_else(|| take_shared(&mut self.shared, client, is, now))
            .ok_or("nothing like it is on its way to this client, or another comes first")?;
        self.begin(connection, client, publish, copy)
    }

    /// Begins a delivery. [3.1.1 MQTT-2.3.1-4] [5 MQTT-2.2.1-4]
    fn begin(
        &mut self,
        connection: ConnectionId,
        client: usize,
        publish: &Publish,
        copy: Copy,
    ) -> Judgement {
        let place = self.place();
        let session = self.sessions.get_mut(&client).ok_or("it has no session")?;
        if let Some(id) = publish.packet_id.map(PacketId::get) {
            if session.flights.iter().any(|flight| flight.id == id) {
                return Err("its packet id is in use".to_owned());
            }
            session.flights.push(Flight {
                id,
                copy: copy.clone(),
                released: false,
                place,
                published_on: connection,
                sent_on: connection,
            });
        }
        self.expect_hook(
            client,
            format!("message.delivered c{client} {}", copy.message.topic),
        );
        Ok(())
    }

    fn closed(&mut self, connection: ConnectionId) -> Judgement {
        let line = self.lines.remove(&connection);
        let line = line.ok_or_else(|| format!("{connection:?} is closed twice"))?;
        let client = line.client;
        match line.ending {
            None => Err(format!("c{client} is closed on without a reason")),
            Some(ending) if ending.code.is_some() && !ending.said => {
                Err(format!("c{client} is closed on without a DISCONNECT"))
            }
            Some(ending) => {
                if ending.holds_session {
                    self.part(client, "server_shutdown", true);
                }
                Ok(())
            }
        }
    }

    fn told(&mut self, event: &HookEvent) -> Judgement {
        let shown = text::hook(event);
        match event {
            HookEvent::WillPublished {
                client, trigger, ..
            } => {
                let now = self.now;
                let due = self.dues.iter().position(|due| {
                    due.at <= now && format!("c{}", due.will.publisher) == **client
                });
                let due = due.ok_or_else(|| format!("{shown}: no Will is due"))?;
                let due = self.dues.remove(due);
                if !due.triggers.is_empty() && !due.triggers.contains(&trigger.as_str()) {
                    return Err(format!("{shown}: it was due by {:?}", due.triggers));
                }
                let mut message = due.will;
                message.taken_at = now;
                let from = None;
                self.accepted.push_back(Accepted { message, from });
                Ok(())
            }
            HookEvent::MessagePublish {
                client,
                topic,
                qos,
                retain,
                payload,
            } => {
                let found = self.accepted.iter().position(|accepted| {
                    let message = &accepted.message;
                    let name = (!message.is_will).then(|| format!("c{}", message.publisher));
                    name.as_deref() == client.as_deref()
                        && message.topic == &**topic
                        && message.qos == qos.as_u8()
                        && message.retain == *retain
                        && message.payload.as_bytes() == &payload[..]
                });
                let found = found.ok_or_else(|| format!("{shown}: nobody published this"))?;
                self.take(found);
                Ok(())
            }
            HookEvent::MessageDropped {
                client,
                topic,
                reason,
            } => self.dropped(client.as_deref(), topic, reason.as_str(), &shown),
            HookEvent::ClientConnected { client, .. }
            | HookEvent::ClientDisconnected { client, .. }
            | HookEvent::SessionCreated { client }
            | HookEvent::SessionResumed { client }
            | HookEvent::SessionTerminated { client, .. }
            | HookEvent::SessionSubscribed { client, .. }
            | HookEvent::SessionUnsubscribed { client, .. }
            | HookEvent::MessageDelivered { client, .. }
            | HookEvent::MessageAcked { client, .. } => {
                let number = client[1..].parse().map_err(|_| shown.clone())?;
                let expected = self.hooks.entry(number).or_default().pop_front();
                match expected.as_deref() == Some(shown.as_str()) {
                    true => Ok(()),
                    false => Err(format!("{shown}, and not {expected:?}")),
                }
            }
        }
    }

    /// Accepts a message, because the broker has shown that it did.
    fn take(&mut self, index: usize) {
        let Some(accepted) = self.accepted.remove(index) else {
            return;
        };
        let publisher = accepted.message.publisher;
        let (is_will, topic) = (accepted.message.is_will, accepted.message.topic);
        let nobody = self.route(accepted.message);
        if nobody != Some(false) {
            let publisher = (!is_will).then_some(publisher);
            self.unheard.push(((publisher, topic), nobody.is_some()));
        }
        // [5 MQTT-3.4.2-1]: the code may be 0x10 if there were no subscribers.
        if let Some((line, id)) = accepted.from
            && nobody != Some(false)
            && let Some(line) = self.lines.get_mut(&line).filter(|line| line.arrival.v5)
        {
            for answer in &mut line.owed {
                if let Answer::Puback { id: own, codes } | Answer::Pubrec { id: own, codes } =
                    answer
                    && *own == id
                {
                    codes.push(0x10);
                }
            }
        }
    }

    fn dropped(
        &mut self,
        client: Option<&str>,
        topic: &str,
        reason: &str,
        shown: &str,
    ) -> Judgement {
        let number: Option<usize> = client.and_then(|client| client[1..].parse().ok());
        let now = self.now;
        let is_known = match (reason, number) {
            ("no_subscribers", number) => {
                let known = self
                    .unheard
                    .iter()
                    .position(|(unheard, _)| *unheard == (number, topic_of(topic)));
                known.map(|known| self.unheard.remove(known)).is_some()
            }
            ("refused", Some(number)) => {
                let hooks = self.hooks.entry(number).or_default();
                hooks.front().is_some_and(|line| line == shown) && hooks.pop_front().is_some()
            }
            ("session_ended" | "expired" | "qos0_offline", Some(number))
                if self
                    .left_over
                    .iter()
                    .any(|left| *left == (number, topic_of(topic))) =>
            {
                true
            }
            ("expired" | "qos0_offline", Some(number)) => {
                let may_go = |copy: &Copy| {
                    copy.message.topic == topic
                        && (copy.message.is_expired(now) || !copy.must && copy.qos == 0)
                };
                let own = self
                    .sessions
                    .get(&number)
                    .is_some_and(|s| s.waiting.iter().any(may_go));
                own || self.shared.iter().any(|shared| {
                    shared.members.iter().any(|(member, copy)| {
                        *member == number
                            && copy.message.topic == topic
                            && (copy.message.is_expired(now) || copy.qos == 0)
                    })
                })
            }
            _ => false,
        };
        match is_known {
            true => Ok(()),
            false => Err(format!("{shown}: there is no reason for it")),
        }
    }
}

/// Returns the topic of a PUBLISH, by name or by alias. [5 MQTT-3.3.2-11] [5 MQTT-3.1.2-26]
fn resolve(line: &mut Line, publish: &Publish) -> Judgement<String> {
    let Some(alias) = publish.properties.topic_alias() else {
        return Ok(publish.topic.to_string());
    };
    if alias == 0 || alias > line.arrival.aliases || !line.arrival.v5 {
        return Err("the client allows no such alias".to_owned());
    }
    if !publish.topic.is_empty() {
        line.aliases_out.insert(alias, publish.topic.to_string());
    }
    let known = line.aliases_out.get(&alias).cloned();
    known.ok_or("the alias stands for nothing".to_owned())
}

/// Takes the copy that is sent for the first time, if it is the next in order.
fn first_sent(
    session: &mut Session,
    connection: ConnectionId,
    is: impl Fn(&Copy) -> bool,
    now: Time,
) -> Option<Copy> {
    let is_live = |copy: &Copy| !copy.message.is_expired(now);
    let held = |flight: &&Flight| !flight.released && flight.published_on != connection;
    let is_next = |index: usize, copy: &Copy| {
        let earlier = session.waiting[..index].iter();
        let mut before = earlier.filter(|other| other.must && is_live(other)).chain(
            session
                .flights
                .iter()
                .filter(held)
                .map(|flight| &flight.copy),
        );
        !before.any(|other| copy.is_ordered_with(other))
    };
    let mut waiting = session.waiting.iter().enumerate();
    let (index, _) =
        waiting.find(|(index, copy)| is(copy) && is_live(copy) && is_next(*index, copy))?;
    Some(session.waiting.remove(index))
}

fn take_shared(
    shared: &mut Vec<SharedCopy>,
    client: usize,
    is: impl Fn(&Copy) -> bool,
    now: Time,
) -> Option<Copy> {
    let own = |copy: &SharedCopy| {
        let mut members = copy.members.iter();
        members
            .find(|(member, own)| *member == client && is(own))
            .map(|(_, own)| own.clone())
    };
    let index = shared
        .iter()
        .position(|copy| !copy.message.is_expired(now) && own(copy).is_some())?;
    own(&shared.remove(index))
}

/// Judges a repeated PUBLISH of an earlier connection. It must have the same content, packet id and order.
/// [3.1.1 MQTT-4.4.0-1] [3.1.1 MQTT-4.6.0-1] [5 MQTT-4.4.0-1] [5 MQTT-4.6.0-1]
fn resent(
    session: &mut Session,
    connection: ConnectionId,
    publish: &Publish,
    is: impl Fn(&Copy) -> bool,
) -> Judgement {
    let id = publish.packet_id.map_or(0, PacketId::get);
    let unsent = |flight: &Flight| !flight.released && flight.published_on != connection;
    let earliest = session
        .flights
        .iter()
        .filter(|f| unsent(f))
        .map(|f| f.place)
        .min();
    let flight = session.flights.iter_mut().find(|flight| flight.id == id);
    let flight = flight.ok_or("nothing was sent under this id")?;
    if !unsent(flight) || !is(&flight.copy) {
        return Err("this is not to be sent again".to_owned());
    }
    if earliest != Some(flight.place) {
        return Err("another was sent before it".to_owned());
    }
    flight.published_on = connection;
    flight.sent_on = connection;
    Ok(())
}

/// Judges an answer. Answers of a kind come in the order of the packets that they answer. [3.1.1 MQTT-4.6.0-2]
/// [5 MQTT-4.6.0-2]
fn answered(line: &mut Line, packet: &Packet) -> Judgement {
    let is_kind = |answer: &Answer| {
        matches!(
            (answer, packet),
            (Answer::Connack { .. }, Packet::ConnAck(_))
                | (Answer::Suback { .. }, Packet::SubAck(_))
                | (Answer::Unsuback { .. }, Packet::UnsubAck(_))
                | (Answer::Puback { .. }, Packet::PubAck(_))
                | (Answer::Pubrec { .. }, Packet::PubRec(_))
                | (Answer::Pubrel { .. }, Packet::PubRel(_))
                | (Answer::Pubcomp { .. }, Packet::PubComp(_))
                | (Answer::Pingresp, Packet::PingResp)
        )
    };
    let index = line
        .owed
        .iter()
        .position(is_kind)
        .ok_or("it has not asked for that")?;
    let greets = matches!(packet, Packet::ConnAck(_));
    if !greets && !line.is_greeted() {
        return Err("it comes before CONNACK".to_owned());
    }
    let answer = line.owed.remove(index);
    let codes_of =
        |reasons: &[ReasonCode]| -> Vec<u8> { reasons.iter().map(|reason| reason.0).collect() };
    let right = match (&answer, packet) {
        (Answer::Connack { present }, Packet::ConnAck(p)) => {
            p.reason.0 == 0 && p.session_present == *present
        }
        (Answer::Suback { id, codes }, Packet::SubAck(p)) => {
            p.packet_id.get() == *id && codes_of(&p.reasons) == *codes
        }
        (Answer::Unsuback { id, codes }, Packet::UnsubAck(p)) => {
            p.packet_id.get() == *id && codes_of(&p.reasons) == *codes
        }
        (
            Answer::Puback { id, codes } | Answer::Pubrec { id, codes },
            Packet::PubAck(p) | Packet::PubRec(p),
        ) => p.packet_id.get() == *id && codes.contains(&p.reason.0),
        (
            Answer::Pubrel { id } | Answer::Pubcomp { id },
            Packet::PubRel(p) | Packet::PubComp(p),
        ) => p.packet_id.get() == *id && p.reason.0 == 0,
        _ => true,
    };
    match right {
        true => Ok(()),
        false => Err(format!("instead of {answer:?}")),
    }
}

fn topic_of(topic: &str) -> &'static str {
    let mut topics = TOPICS.iter();
    topics
        .find(|known| **known == topic)
        .map_or("", |known| known)
}
