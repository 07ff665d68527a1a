//! The monitor checks every packet that a broker sends, on every connection of every case, against the rules that can
//! be judged on one connection. It does not depend on what a case is about.
//!
//! The input is the record. The output is the packets that break a rule, with its clauses. The monitor reads the bytes
//! of both sides as they were on the wire. A verdict must be right, so the monitor is silent where the record leaves
//! something open:
//! - Once the client has sent something that is not a packet (a lie, raw bytes), nothing that it sends from then on is
//!   used against the broker. What its CONNECT requested before still binds the broker.
//! - A packet may have been in transit when a connection ended. On a resumed session, an unknown identifier may belong
//!   to such a packet.
//! - A session is unknown if it existed before the record began, was taken over by two connections at once, or survived
//!   a restart of the broker.

mod bounds;
mod check;
mod client;
mod connack;
mod connection;
mod flight;
mod owed;
mod reply;
mod session;
mod stream;
mod subscription;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mqtt_check_codec::{
    ConnAck, Frame, FrameError, Packet, PacketId, PacketType, ProtocolVersion, Publish, ReasonCode,
};

pub(super) use bounds::is_echo;
pub use bounds::is_from_server;
use check::Found;
use connection::{Connection, Handshake, Opening};
use flight::FlightOnConnection;
use session::{Key, Session};

use super::Finding;
use super::blame::{self, Event};
use super::charge::Charge;
use super::symptom::Symptom;
use crate::plan::{Body, Plan, PlannedStep, find_step};
use crate::scenario::model::BrokerAction;
use crate::transcript::{EventIndex, LaneIndex, Transcript, What};

/// Returns every clause that the monitor checks, by the ids of this version, in ascending order.
pub fn clauses(version: ProtocolVersion) -> BTreeSet<&'static str> {
    let is_5 = version == ProtocolVersion::V5;
    let mut clauses: BTreeSet<&'static str> = check::ALL
        .iter()
        .flat_map(|check| check.clauses(version).unwrap_or_default())
        .copied()
        .collect();
    clauses.extend(bounds::DECODED[usize::from(is_5)]);
    if is_5 {
        let rows = bounds::DIAGNOSTICS.iter();
        clauses.extend(rows.flat_map(|(_, reason, user)| [*reason, *user]));
    }
    clauses
}

/// What is wrong with the broker's packets.
pub(super) struct Watched {
    /// Packets that the broker sent and should not have sent.
    pub(super) sent: Vec<Finding>,
    /// Packets that the broker should have sent by the end of the record, and did not.
    pub(super) owed: Vec<Finding>,
    /// Packets that cannot be decoded but are right, because they repeat what the client has sent.
    pub(super) echoes: BTreeSet<EventIndex>,
}

/// Checks the record against every rule.
pub(super) fn watched(plan: &Plan, transcript: &Transcript) -> Watched {
    let mut restarts = Vec::new();
    collect_restarts(&plan.steps, transcript, &mut restarts);
    let Seen {
        reported,
        echoes,
        connections,
    } = watch(transcript, &restarts);
    let findings = |reported: Vec<(EventIndex, Found)>| {
        reported
            .into_iter()
            .map(|(index, found)| finding(plan, transcript, index, found))
            .collect()
    };
    Watched {
        sent: findings(reported),
        owed: findings(owed::owed(transcript, &connections)),
        echoes,
    }
}

fn finding(plan: &Plan, transcript: &Transcript, index: EventIndex, found: Found) -> Finding {
    let event = &transcript.events[index.0];
    let lane = &transcript.lanes[event.lane.0];
    // Clauses are those of the case's version, even if a client uses another one.
    let own = found.check.clauses(transcript.case.version);
    let own = own.or_else(|| found.check.clauses(lane.version));
    let own = match found.by.is_empty() {
        true => own.unwrap_or_default(),
        false => &found.by,
    };
    let clauses = own.iter().chain(&found.also);
    let clauses: Vec<String> = clauses.map(|id| (*id).to_owned()).collect();
    let charge = match clauses.is_empty() {
        true => Charge::remark(),
        false => {
            let otherwise = blame::default(Event::Unreadable, transcript.case.version);
            Charge::violation(
                transcript.case.version,
                found.check.level,
                clauses,
                otherwise,
            )
        }
    };
    Finding {
        charge,
        expected: vec![found.check.expected.to_owned()],
        actual: format!(
            "to {}: {}",
            lane.name,
            without_prefix(transcript, &found.actual)
        ),
        step: Some(event.during),
        label: "monitor".into(),
        place: find_step(&plan.steps, event.during).map(|step| step.step.place),
        note: None,
        events: vec![index],
        repeats: 0,
        is_slow: false,
        is_late: false,
        symptom: match found.check.wants_close() {
            true => Symptom::open_connection(),
            false => Symptom::of_rule(found.check.expected, index, transcript),
        },
    }
}

/// Removes the play's prefix from a text about the bytes on the wire.
fn without_prefix(transcript: &Transcript, text: &str) -> String {
    match transcript.prefix.as_str() {
        "" => text.to_owned(),
        prefix => text.replace(&format!("{prefix}/"), "").replace(prefix, ""),
    }
}

/// Collects when the broker or a node was restarted, stopped, killed or paused, measured from the start of the scene.
fn collect_restarts(steps: &[PlannedStep], transcript: &Transcript, at: &mut Vec<Duration>) {
    for step in steps {
        match &step.body {
            Body::Broker(
                BrokerAction::Restart
                | BrokerAction::Stop
                | BrokerAction::Kill
                | BrokerAction::Node { .. },
            ) => {
                let records = transcript.steps.iter().filter(|r| r.step == step.index);
                at.extend(records.map(|r| r.began));
            }
            body => collect_restarts(body.inner(), transcript, at),
        }
    }
}

/// The result of checking every packet.
struct Seen {
    /// The packets that break a rule, in the order in which they were received.
    reported: Vec<(EventIndex, Found)>,
    echoes: BTreeSet<EventIndex>,
    /// The final state of the connections.
    connections: Vec<Connection>,
}

/// Checks every packet.
fn watch(transcript: &Transcript, restarts: &[Duration]) -> Seen {
    let mut monitor = Monitor {
        restarts,
        now: Duration::ZERO,
        connections: transcript
            .lanes
            .iter()
            .enumerate()
            .map(|(n, lane)| Connection::new(LaneIndex(n), lane.version))
            .collect(),
        sessions: BTreeMap::new(),
        contested: BTreeSet::new(),
        aliases: BTreeSet::new(),
        found: Vec::new(),
        is_echo: false,
    };
    let mut reported = Vec::new();
    let mut echoes = BTreeSet::new();
    for (index, event) in transcript.events.iter().enumerate() {
        monitor.now = event.at;
        match &event.what {
            What::Sent { bytes, .. } => monitor.sent(event.lane, bytes),
            What::Received { frame, .. } => {
                monitor.received(event.lane, frame);
                let topic = transcript.topic(EventIndex(index));
                if let Some(topic) = topic.filter(|topic| transcript.is_of_another_play(topic)) {
                    let found = format!("PUBLISH to {topic:?}, which belongs to another case");
                    monitor.found.push(check::OF_ANOTHER_CASE.found(found));
                }
            }
            What::Garbage { error, .. } => monitor.garbage(event.lane, error),
            What::Fault { .. } | What::Closed(_) => {
                monitor.connections[event.lane.0].is_over = true
            }
            What::Dropped(_) => monitor.connections[event.lane.0].has_left = true,
            What::SentFrame {
                is_right: false, ..
            } => monitor.connections[event.lane.0].is_faulty = true,
            What::Opened
            | What::Upgraded(_)
            | What::SentFrame { .. }
            | What::Control(_)
            | What::Shown { .. }
            | What::OwnPing
            | What::OwnPong
            | What::Truncated { .. } => {}
        }
        let found = std::mem::take(&mut monitor.found).into_iter();
        reported.extend(found.map(|found| (EventIndex(index), found)));
        if std::mem::take(&mut monitor.is_echo) {
            echoes.insert(EventIndex(index));
        }
    }
    Seen {
        reported,
        echoes,
        connections: monitor.connections,
    }
}

struct Monitor<'a> {
    restarts: &'a [Duration],
    now: Duration,
    connections: Vec<Connection>,
    sessions: BTreeMap<Key, Session>,
    /// Sessions that two connections may have opened at once.
    contested: BTreeSet<Key>,
    /// The aliases that had a topic on some connection of a client.
    aliases: BTreeSet<(Key, u16)>,
    /// What is wrong with the current event.
    found: Vec<Found>,
    /// Whether the current packet repeats what the client has sent.
    is_echo: bool,
}

/// The client's side.
impl Monitor<'_> {
    fn session(&mut self, lane: LaneIndex) -> Option<&mut Session> {
        let key = self.connections[lane.0].key.as_ref()?;
        self.sessions.get_mut(key)
    }
}

/// The broker's side.
impl Monitor<'_> {
    fn garbage(&mut self, lane: LaneIndex, error: &FrameError) {
        if !matches!(self.connections[lane.0].opening, Opening::Foreign) {
            self.found
                .push(check::LENGTH.found(format!("bytes that are not a packet: {error}")));
        }
    }

    fn received(&mut self, lane: LaneIndex, frame: &Frame) {
        let connection = &mut self.connections[lane.0];
        let packet_type = frame.packet_type();
        if matches!(connection.opening, Opening::Foreign) {
            return;
        }
        let (found, goes_on) = connection.check_order(frame);
        self.found.extend(found);
        if !goes_on {
            return;
        }
        // Without a CONNECT, there is no version to decode by.
        let has_version = !matches!(connection.opening, Opening::Nothing);
        let (packet, faults) = Packet::decode_leniently(frame, connection.version);
        if has_version {
            let version = connection.version;
            for error in faults.iter().chain(packet.as_ref().err()) {
                if is_echo(error, connection.is_faulty) {
                    self.is_echo = true;
                } else {
                    self.found.push(bounds::malformed(frame, error, version));
                }
            }
        }
        // A wrong property says nothing about the others. A malformed packet may mean something else altogether.
        let is_clear = faults
            .iter()
            .all(|error| error.reason == ReasonCode::PROTOCOL_ERROR);
        match packet {
            Ok(packet) if is_clear => self.judge(lane, &packet, frame.bytes().len()),
            _ => self.not_understood(lane, packet_type),
        }
    }

    /// Handles a packet of this type that could not be understood.
    fn not_understood(&mut self, lane: LaneIndex, packet_type: PacketType) {
        let connection = &mut self.connections[lane.0];
        match packet_type {
            // It is unknown whether the CONNACK accepts. The rest is judged without a session.
            PacketType::CONNACK => connection.handshake = Handshake::Accepted,
            PacketType::DISCONNECT => connection.disconnected(),
            PacketType::PUBLISH | PacketType::PUBREL => {
                if let Some(session) = self.session(lane) {
                    session.doubt();
                }
            }
            _ => {}
        }
    }

    fn judge(&mut self, lane: LaneIndex, packet: &Packet, size: usize) {
        let connection = &mut self.connections[lane.0];
        let version = connection.version;
        if !matches!(connection.opening, Opening::Nothing) {
            self.found.extend(bounds::code(packet, version));
        }
        if let Some(connect) = connection.connect() {
            self.found.extend(bounds::size(packet, size, connect));
            self.found.extend(bounds::diagnostics(packet, connect));
        }
        match packet {
            Packet::ConnAck(connack) => self.connack(lane, connack),
            Packet::Auth(auth) => {
                let is_connected = connection.handshake == Handshake::Accepted;
                let connect = connection.connect();
                let found = connect.and_then(|c| connack::auth(auth, c, is_connected));
                self.found.extend(found);
            }
            Packet::Disconnect(disconnect) => {
                connection.disconnected();
                if disconnect.properties.session_expiry_interval_s().is_some() {
                    let found = "DISCONNECT with a Session Expiry Interval";
                    self.found.push(check::EXPIRY_IN_DISCONNECT.found(found));
                }
            }
            Packet::PingResp => self.found.extend(connection.ponged()),
            Packet::Publish(publish) => self.publish(lane, publish),
            _ => self.answer(lane, packet),
        }
    }

    fn connack(&mut self, lane: LaneIndex, connack: &ConnAck) {
        let connection = &mut self.connections[lane.0];
        self.found
            .extend(connack::alone(connack, connection.version));
        let connect = connection.connect();
        self.found.extend(
            connect
                .into_iter()
                .flat_map(|c| connack::answers(connack, c)),
        );
        if connack.reason.0 != 0 {
            connection.handshake = Handshake::Refused;
            return;
        }
        connection.handshake = Handshake::Accepted;
        if let Some(id) = connack.properties.assigned_client_identifier()
            && self.connections.iter().any(|other| other.has(&id))
        {
            self.found.push(check::ASSIGNED_ID_IN_USE.found(format!(
                "CONNACK with Assigned Client Identifier {id:?}, which a connected client has"
            )));
        }
        self.begin(lane, connack);
        for packet in std::mem::take(&mut self.connections[lane.0].early) {
            self.in_session(lane, &packet);
        }
    }

    /// Gives the connection its session.
    fn begin(&mut self, lane: LaneIndex, connack: &ConnAck) {
        let connection = &mut self.connections[lane.0];
        let Some(connect) = connection.connect().filter(|_| !connection.is_superseded) else {
            return;
        };
        let assigned = connack.properties.assigned_client_identifier();
        let key = match connect.client_id.is_empty() {
            false => Key::Client(connect.client_id.clone()),
            true => assigned.map_or(Key::Unnamed(lane), Key::Client),
        };
        let former = self.sessions.remove(&key);
        let is_resumed = match connect.version {
            // 3.1 has no Session Present. A session that began with Clean Session 1 ended with its connection.
            ProtocolVersion::V3_1 => {
                !connect.clean_start && former.as_ref().is_none_or(|former| former.is_to_last)
            }
            _ => connack.session_present,
        };
        let is_to_last = !connect.clean_start;
        let maximum_packet_size = connect.properties.maximum_packet_size();
        connection.on_connection = FlightOnConnection::new(lane, is_resumed);
        connection.key = Some(key.clone());
        let is_faulty = connection.is_faulty;
        let mut session = match former {
            Some(session) if is_resumed && !self.contested.contains(&key) => session,
            _ if is_resumed => Session::unknown(),
            former => {
                let mut session = Session::new();
                if let Some(former) = former.filter(|_| is_to_last) {
                    session.flights.deny(former.flights);
                }
                session
            }
        };
        if let Some(maximum) = maximum_packet_size {
            session.flights.dropped_above(maximum);
        }
        let lived = session.attached..=self.now;
        if is_faulty || is_resumed && self.restarts.iter().any(|at| lived.contains(at)) {
            session.doubt();
        }
        session.attached = self.now;
        session.is_to_last = is_to_last;
        self.sessions.insert(key, session);
    }

    fn publish(&mut self, lane: LaneIndex, publish: &Publish) {
        let connection = &mut self.connections[lane.0];
        let key = connection.key.clone();
        let is_of_former = |alias| {
            let key = key.clone();
            key.is_some_and(|key| self.aliases.contains(&(key, alias)))
        };
        let (topic, found) = connection.topic(publish, is_of_former);
        self.found.extend(found);
        self.found.extend(connection.take_quota(publish));
        let alias = publish.properties.topic_alias();
        let alias = alias.filter(|_| !publish.topic.is_empty());
        self.aliases.extend(key.clone().zip(alias));
        let Some(session) = key.and_then(|key| self.sessions.get_mut(&key)) else {
            return;
        };
        let Some(topic) = topic.filter(|_| !connection.is_faulty && !connection.is_superseded)
        else {
            session.flights.note(lane, publish);
            return;
        };
        let version = connection.version;
        let is_certain = session.is_known && !session.subscriptions.has_shared();
        let on_connection = &mut connection.on_connection;
        let flights = &mut session.flights;
        let is_again = publish.dup || flights.has(publish, &topic);
        let found = flights.published(on_connection, publish, &topic, version, is_certain);
        self.found.extend(found);
        if session.is_known {
            let subscriptions = &mut session.subscriptions;
            let found = subscriptions.published(publish, &topic, is_again, version);
            self.found.extend(found);
        }
    }

    /// Judges a PUBREL, or an answer of the broker to a PUBLISH, PUBREL, SUBSCRIBE or UNSUBSCRIBE.
    fn answer(&mut self, lane: LaneIndex, packet: &Packet) {
        let connection = &mut self.connections[lane.0];
        let key = connection.key.as_ref();
        let Some(session) = key.and_then(|key| self.sessions.get_mut(key)) else {
            return;
        };
        let version = connection.version;
        if connection.is_superseded {
            // Read late: another connection may since have begun anew the session in which the request was sent.
            if let Packet::PubRel(ack) = packet {
                session.flights.doubt_one(ack.packet_id);
            }
            return;
        }
        if let Packet::PubRel(ack) = packet {
            if connection.is_faulty {
                session.flights.doubt_one(ack.packet_id);
                return;
            }
            let on_connection = &mut connection.on_connection;
            self.found
                .extend(session.flights.released(on_connection, ack, version));
            return;
        }
        let found = match requested(packet) {
            Some((id, codes)) => {
                let answer = (packet.packet_type(), id);
                let requests = &mut connection.requests;
                let (found, number) = requests.answered(&session.used, answer, codes, version);
                if let Some(number) = number {
                    session.subscriptions.answered(number, codes);
                }
                found
            }
            None => {
                let again = match packet {
                    Packet::PubRec(ack) => connection.receipts.pubrec(ack.packet_id, version),
                    _ => None,
                };
                session.used.answered(packet).or(again)
            }
        };
        if session.is_known && !connection.is_faulty {
            self.found.extend(found);
        }
    }
}

/// Returns the packet identifier and the codes of a SUBACK or UNSUBACK.
fn requested(packet: &Packet) -> Option<(PacketId, &[ReasonCode])> {
    match packet {
        Packet::SubAck(p) => Some((p.packet_id, &p.reasons)),
        Packet::UnsubAck(p) => Some((p.packet_id, &p.reasons)),
        _ => None,
    }
}
