//! What clients send: what the monitor learns from it, and what the broker owes for it.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::Packet;

use super::connection::{Handshake, Opening};
use super::session::Key;
use super::{Monitor, stream};
use crate::transcript::LaneIndex;

impl Monitor<'_> {
    pub(super) fn sent(&mut self, lane: LaneIndex, bytes: &Bytes) {
        let connection = &mut self.connections[lane.0];
        let decoded = stream::read(bytes, connection.version);
        let opens = decoded
            .packets
            .iter()
            .any(|p| matches!(p, Packet::Connect(_)));
        if decoded.is_faulty && !opens && matches!(connection.opening, Opening::Nothing) {
            connection.opening = match stream::opens(bytes, connection.version) {
                true => Opening::Malformed,
                false => Opening::Foreign,
            };
        }
        for packet in decoded.packets {
            self.client_sent(lane, packet);
        }
        if decoded.is_faulty {
            self.connections[lane.0].is_faulty = true;
            if let Some(session) = self.session(lane) {
                session.doubt();
            }
        }
    }

    pub(super) fn client_sent(&mut self, lane: LaneIndex, packet: Packet) {
        let connection = &mut self.connections[lane.0];
        match packet {
            Packet::Connect(connect) => {
                connection.connects += 1;
                if matches!(connection.opening, Opening::Nothing) {
                    self.supersede(lane, &connect.client_id);
                    self.connections[lane.0].opened(connect);
                }
            }
            Packet::PingReq => connection.pinged(),
            Packet::Disconnect(_) => connection.has_left = true,
            packet if connection.handshake == Handshake::Accepted => self.in_session(lane, &packet),
            packet => connection.early.push(packet),
        }
    }

    /// Marks other connections of this client as superseded, because they lose their session to this one.
    pub(super) fn supersede(&mut self, lane: LaneIndex, client_id: &ByteString) {
        if client_id.is_empty() {
            return;
        }
        for (n, other) in self.connections.iter_mut().enumerate() {
            if n == lane.0 || !other.is_of(client_id) {
                continue;
            }
            other.is_superseded = true;
            if other.handshake == Handshake::Awaited && !other.is_over {
                self.contested.insert(Key::Client(client_id.clone()));
            }
        }
    }

    /// Handles a packet that the client has sent in its session.
    pub(super) fn in_session(&mut self, lane: LaneIndex, packet: &Packet) {
        let connection = &mut self.connections[lane.0];
        // The quota belongs to the connection, even if its session is unknown. [5 4.9]
        connection.release_quota(packet);
        let session = connection.key.as_ref();
        let Some(session) = session.and_then(|key| self.sessions.get_mut(key)) else {
            return;
        };
        let is_judged = !connection.is_superseded;
        match packet {
            Packet::Publish(publish) => {
                let is_known = session.used.publish(publish);
                let may_be_older = is_known && connection.on_connection.is_resumed();
                connection.receipts.publish(publish, may_be_older);
            }
            Packet::PubRel(ack) => session.used.pubrel(ack),
            Packet::PubAck(_) | Packet::PubRec(_) | Packet::PubComp(_) => {
                if is_judged {
                    session
                        .flights
                        .acknowledged(&mut connection.on_connection, packet);
                } else if let Some(id) = packet.packet_id() {
                    session.flights.doubt_one(id);
                }
            }
            Packet::Subscribe(subscribe) => {
                session.subscribes += 1;
                let number = session.subscribes;
                let used = &mut session.used;
                connection.requests.subscribe(used, number, subscribe);
                let subscriptions = &mut session.subscriptions;
                subscriptions.subscribe(number, subscribe, connection.version);
                session.is_known &= is_judged;
            }
            Packet::Unsubscribe(unsubscribe) => {
                connection
                    .requests
                    .unsubscribe(&mut session.used, unsubscribe);
                session.subscriptions.unsubscribe(&unsubscribe.filters);
                session.is_known &= is_judged;
            }
            _ => {}
        }
    }
}
