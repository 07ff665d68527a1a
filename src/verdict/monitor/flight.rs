//! Tracks QoS 1 and 2 messages in flight to a client: which packet identifiers are in use, and what may be sent again.
//!
//! Only what is certain is judged. When a connection ends, an acknowledgement of ours may not have reached the broker,
//! and a packet of the broker may not have reached us. So on a resumed session, an unknown identifier may mean
//! anything.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{Ack, Packet, PacketId, ProtocolVersion, Publish, QoS};

use super::check::{self, Check, Found};
use crate::transcript::LaneIndex;

/// A message whose exchange is not complete.
#[derive(Debug, Clone)]
struct Flight {
    state: State,
    qos: QoS,
    content: Content,
    /// The number of the message, counting first transmissions.
    number: u64,
    /// The connection on which the message was last published.
    lane: LaneIndex,
}

/// What distinguishes one message from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    topic: ByteString,
    payload: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The client has not answered.
    Published,
    /// The client has sent PUBREC.
    Received,
    /// The broker has sent PUBREL.
    Released,
    /// It is unknown whether the message is settled.
    Doubtful,
}

/// The messages in flight of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    by_id: BTreeMap<PacketId, Flight>,
    /// Messages in flight in the former session, which the client wanted to resume and the broker says is gone.
    denied: BTreeMap<PacketId, Flight>,
    /// How many messages have been sent for the first time.
    count: u64,
}

/// The state that ends with the connection.
#[derive(Debug)]
pub(super) struct FlightOnConnection {
    lane: LaneIndex,
    /// Whether the session is older than the connection.
    is_resumed: bool,
    /// Messages published and settled on this connection, and whether the client settled them with a failure.
    settled: BTreeMap<PacketId, (Content, bool)>,
    /// Identifiers that the client settled on this connection although the message was published on an earlier one. The
    /// broker may be sending it again at the same time.
    settled_early: BTreeSet<PacketId>,
    /// How many accepting PUBRECs the client has sent for the present use of each identifier.
    pubrecs: BTreeMap<PacketId, u32>,
    pubrels: BTreeMap<PacketId, u32>,
    /// The identifiers for which the client awaits PUBREL, in the order of its PUBRECs.
    awaited: Vec<PacketId>,
    /// The number of the last message that was sent again, for each topic and QoS.
    resent: BTreeMap<(ByteString, QoS), u64>,
}

impl FlightOnConnection {
    pub(super) fn new(lane: LaneIndex, is_resumed: bool) -> Self {
        Self {
            lane,
            is_resumed,
            settled: BTreeMap::new(),
            settled_early: BTreeSet::new(),
            pubrecs: BTreeMap::new(),
            pubrels: BTreeMap::new(),
            awaited: Vec::new(),
            resent: BTreeMap::new(),
        }
    }

    /// Returns whether the session is older than the connection.
    pub(super) const fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    fn settle(&mut self, id: PacketId, flight: Flight, has_failed: bool) {
        if flight.lane == self.lane {
            self.settled.insert(id, (flight.content, has_failed));
        } else {
            self.settled_early.insert(id);
        }
        self.awaited.retain(|a| *a != id);
    }
}

impl Flights {
    /// Remembers the messages in flight of a session that the broker says is gone.
    pub(super) fn deny(&mut self, former: Self) {
        self.denied = former.by_id;
    }

    /// Marks every message as doubtful, because nothing is known about them from here on.
    pub(super) fn doubt(&mut self) {
        for flight in self.by_id.values_mut() {
            flight.state = State::Doubtful;
        }
    }

    /// Applies the client's Maximum Packet Size. A larger message counts as delivered [5 MQTT-3.1.2-25], so its
    /// identifier may or may not be in use.
    pub(super) fn dropped_above(&mut self, maximum_packet_size: u32) {
        for flight in self.by_id.values_mut() {
            let least = flight.content.topic.len() + flight.content.payload.len();
            if flight.state == State::Published && least > maximum_packet_size as usize {
                flight.state = State::Doubtful;
            }
        }
    }

    /// Marks the message with this identifier as doubtful.
    pub(super) fn doubt_one(&mut self, id: PacketId) {
        if let Some(flight) = self.by_id.get_mut(&id) {
            flight.state = State::Doubtful;
        }
    }

    /// Notes an identifier whose use cannot be judged.
    pub(super) fn note(&mut self, lane: LaneIndex, publish: &Publish) {
        if let Some(id) = publish.packet_id {
            let mut flight = self.first(lane, publish, &publish.topic);
            flight.state = State::Doubtful;
            self.by_id.insert(id, flight);
        }
    }

    /// Returns whether this message is already in flight under its identifier. If so, it is sent again, regardless of
    /// its DUP flag.
    pub(super) fn has(&self, publish: &Publish, topic: &ByteString) -> bool {
        let known = publish.packet_id.and_then(|id| self.by_id.get(&id));
        known.is_some_and(|flight| {
            flight.content.topic == *topic && flight.content.payload == publish.payload
        })
    }

    fn first(&mut self, lane: LaneIndex, publish: &Publish, topic: &ByteString) -> Flight {
        self.count += 1;
        Flight {
            state: State::Published,
            qos: publish.qos,
            content: Content {
                topic: topic.clone(),
                payload: publish.payload.clone(),
            },
            number: self.count,
            lane,
        }
    }

    /// Handles a PUBLISH of QoS 1 or 2. `topic` is its own topic, or the one that its alias stands for. `is_certain`
    /// states that the whole session is in the record, and that none of its messages went to another client before.
    pub(super) fn published(
        &mut self,
        on_connection: &mut FlightOnConnection,
        publish: &Publish,
        topic: &ByteString,
        version: ProtocolVersion,
        is_certain: bool,
    ) -> Option<Found> {
        let id = publish.packet_id?;
        let fresh = self.first(on_connection.lane, publish, topic);
        let Some(known) = self.by_id.get(&id).cloned() else {
            let denied = self.denied.get(&id);
            // The message was received before. What is wrong is that the session was said to be gone.
            let is_resent = denied.is_some_and(|former| former.content == fresh.content);
            let is_certain = is_certain && !is_resent;
            let found = unused(
                on_connection,
                publish,
                id,
                &fresh.content,
                version,
                is_certain,
            );
            on_connection.pubrecs.remove(&id);
            on_connection.pubrels.remove(&id);
            // A message that crossed the client's answer may be settled by it, so that its identifier is free.
            let has_crossed = on_connection.settled_early.remove(&id) && publish.dup;
            let state = match has_crossed {
                true => State::Doubtful,
                false => fresh.state,
            };
            self.by_id.insert(id, Flight { state, ..fresh });
            return found;
        };
        if known.state == State::Doubtful {
            self.by_id.insert(id, fresh);
            return None;
        }
        let is_same = known.content == fresh.content;
        let found = if known.state == State::Released {
            match is_same || publish.dup {
                true => Some(check::PUBLISH_AFTER_PUBREL.found(format!(
                    "PUBLISH with packet id {id} again, after its PUBREL"
                ))),
                false => Some(in_use(publish, id)),
            }
        } else if known.lane == on_connection.lane {
            again_here(publish, id, is_same, version)
        } else {
            again_after_reconnect(on_connection, publish, &known, id, is_same, version)
        };
        let flight = Flight {
            lane: on_connection.lane,
            ..known
        };
        // A message that took the identifier of another replaces it.
        let flight = if is_same || publish.dup {
            flight
        } else {
            fresh
        };
        self.by_id.insert(id, flight);
        found
    }

    /// Handles a PUBREL.
    pub(super) fn released(
        &mut self,
        on_connection: &mut FlightOnConnection,
        ack: &Ack,
        version: ProtocolVersion,
    ) -> Option<Found> {
        let id = ack.packet_id;
        let known = self.by_id.get(&id);
        if known.is_some_and(|f| f.state == State::Doubtful) {
            return None;
        }
        let pubrecs = on_connection.pubrecs.get(&id).copied().unwrap_or(0);
        let before = on_connection.pubrels.get(&id).copied().unwrap_or(0);
        on_connection.pubrels.insert(id, before + 1);
        // A PUBREL that answers no PUBREC of this connection may be sent again after the reconnect.
        let is_carried = match known {
            Some(flight) if flight.lane == on_connection.lane => {
                flight.state == State::Received && pubrecs == 0
            }
            _ => on_connection.is_resumed,
        };
        let never_received = known.is_some_and(|f| f.state == State::Published);
        let found = if never_received {
            Some(check::PUBREL_WITHOUT_PUBREC.found(format!(
                "PUBREL {id}, but the client has not sent PUBREC {id}"
            )))
        } else if pubrecs == 0 && !is_carried {
            Some(no_such_message(on_connection, id))
        } else if before >= pubrecs + u32::from(is_carried) && version == ProtocolVersion::V5 {
            Some(
                check::RESENT_WHILE_CONNECTED
                    .found(format!("PUBREL {id} again on the same connection")),
            )
        } else {
            self.overtakes(on_connection, id, version)
        };
        on_connection.awaited.retain(|a| *a != id);
        if let Some(flight) = self.by_id.get_mut(&id)
            && flight.state == State::Received
        {
            flight.state = State::Released;
        }
        found
    }

    /// Reports this PUBREL if it overtakes one of the same topic that is due first. Each overtaken one is reported
    /// once. [3.1.1 MQTT-4.6.0-6]
    fn overtakes(
        &self,
        on_connection: &mut FlightOnConnection,
        id: PacketId,
        version: ProtocolVersion,
    ) -> Option<Found> {
        if version == ProtocolVersion::V5 {
            return None;
        }
        let topic = |id: &PacketId| Some(&self.by_id.get(id)?.content.topic);
        let own = topic(&id)?;
        let place = on_connection.awaited.iter().position(|a| *a == id)?;
        let before = on_connection.awaited[..place]
            .iter()
            .position(|a| topic(a) == Some(own))?;
        let due = on_connection.awaited.remove(before);
        Some(check::PUBREL_ORDER.found(format!(
            "PUBREL {id} before PUBREL {due}, whose PUBREC was sent first"
        )))
    }

    /// Handles an acknowledgement of the client.
    pub(super) fn acknowledged(&mut self, on_connection: &mut FlightOnConnection, packet: &Packet) {
        let Some(id) = packet.packet_id() else {
            return;
        };
        let accepts = matches!(packet, Packet::PubRec(ack) if ack.reason.is_success());
        if accepts {
            *on_connection.pubrecs.entry(id).or_default() += 1;
        }
        let Some(flight) = self.by_id.get_mut(&id) else {
            return;
        };
        let is_over = match (packet, flight.qos, flight.state) {
            (Packet::PubAck(_), QoS::AtLeastOnce, State::Published) => true,
            (Packet::PubComp(_), QoS::ExactlyOnce, State::Released) => true,
            (Packet::PubRec(_), QoS::ExactlyOnce, State::Published) if accepts => {
                flight.state = State::Received;
                on_connection.awaited.push(id);
                false
            }
            (Packet::PubRec(_), QoS::ExactlyOnce, State::Published) => true,
            (Packet::PubRec(_), QoS::ExactlyOnce, State::Received | State::Released) if accepts => {
                false
            }
            _ => {
                flight.state = State::Doubtful;
                false
            }
        };
        if is_over {
            let has_failed = matches!(packet, Packet::PubAck(ack) | Packet::PubRec(ack) if !ack.reason.is_success());
            if let Some(flight) = self.by_id.remove(&id) {
                on_connection.settle(id, flight, has_failed);
            }
        }
    }
}

fn of_qos(qos: QoS, one: &'static Check, two: &'static Check) -> &'static Check {
    match qos {
        QoS::ExactlyOnce => two,
        _ => one,
    }
}

fn in_use(publish: &Publish, id: PacketId) -> Found {
    let check = of_qos(
        publish.qos,
        &check::ID_IN_USE_QOS_1,
        &check::ID_IN_USE_QOS_2,
    );
    check.found(format!(
        "PUBLISH with packet id {id}, which another message still uses"
    ))
}

fn without_dup(id: PacketId) -> Found {
    check::RESENT_WITHOUT_DUP.found(format!(
        "PUBLISH with packet id {id} and DUP 0, which was sent before and not acknowledged"
    ))
}

/// Judges a PUBLISH whose identifier is free.
fn unused(
    on_connection: &FlightOnConnection,
    publish: &Publish,
    id: PacketId,
    content: &Content,
    version: ProtocolVersion,
    is_certain: bool,
) -> Option<Found> {
    if !publish.dup {
        return None;
    }
    if let Some((former, has_failed)) = on_connection.settled.get(&id)
        && former == content
    {
        // The message may have been sent before our answer was received, which 3.1.1 does not forbid.
        let check = match (version, has_failed) {
            (ProtocolVersion::V5, false) => &check::RESENT_WHILE_CONNECTED,
            (ProtocolVersion::V5, true) => &check::RESENT_AFTER_FAILURE,
            _ => return None,
        };
        return Some(check.found(format!(
            "PUBLISH with packet id {id} again, although the client has answered it"
        )));
    }
    if on_connection.is_resumed || !is_certain {
        return None;
    }
    let check = of_qos(
        publish.qos,
        &check::DUP_ON_FIRST_QOS_1,
        &check::DUP_ON_FIRST_QOS_2,
    );
    Some(check.found(format!(
        "PUBLISH with packet id {id} and DUP 1, but no earlier one has this packet id"
    )))
}

/// Judges a PUBLISH whose identifier is in use by an earlier PUBLISH on the same connection.
fn again_here(
    publish: &Publish,
    id: PacketId,
    is_same: bool,
    version: ProtocolVersion,
) -> Option<Found> {
    match (publish.dup, version) {
        (true, ProtocolVersion::V5) => Some(check::RESENT_WHILE_CONNECTED.found(format!(
            "PUBLISH with packet id {id} again on the same connection"
        ))),
        // 3.1.1 permits a server to send a message again at any time.
        (true, _) if is_same => None,
        (false, ProtocolVersion::V3_1 | ProtocolVersion::V3_1_1) if is_same => {
            Some(without_dup(id))
        }
        _ => Some(in_use(publish, id)),
    }
}

/// Judges a PUBLISH whose identifier is in use by a PUBLISH on an earlier connection.
fn again_after_reconnect(
    on_connection: &mut FlightOnConnection,
    publish: &Publish,
    known: &Flight,
    id: PacketId,
    is_same: bool,
    version: ProtocolVersion,
) -> Option<Found> {
    if !is_same {
        return Some(in_use(publish, id));
    }
    if publish.qos != known.qos {
        return Some(check::RESENT_AT_OTHER_QOS.found(format!(
            "PUBLISH with packet id {id} and QoS {}, but it was sent with QoS {} before and was not acknowledged",
            publish.qos, known.qos
        )));
    }
    if !publish.dup {
        return Some(without_dup(id));
    }
    let key = (known.content.topic.clone(), known.qos);
    let last = on_connection.resent.insert(key, known.number).unwrap_or(0);
    (last > known.number && version != ProtocolVersion::V5).then(|| {
        check::RESEND_ORDER.found(format!(
            "PUBLISH with packet id {id} after one that was first sent later"
        ))
    })
}

/// Reports a PUBREL that answers nothing.
fn no_such_message(on_connection: &FlightOnConnection, id: PacketId) -> Found {
    match on_connection.settled.get(&id) {
        Some((_, true)) => check::PUBREL_WITHOUT_PUBREC.found(format!(
            "PUBREL {id}, but the client's PUBREC refused the message"
        )),
        _ => check::PUBREL_ID.found(format!("PUBREL {id}, a packet id that is not in use")),
    }
}
