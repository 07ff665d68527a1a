//! Records made by hand: what the client sent and what the broker sent, one packet after another.

use std::time::Duration;

use bytes::Bytes;
use mqtt_check_codec::{
    Ack, Auth, ConnAck, Connect, Disconnect, Form, Frame, Lie, Packet, PacketId, Properties,
    Property, ProtocolVersion, Publish, QoS, ReasonCode, SubAck, Subscribe, Subscription,
    SubscriptionOptions, UnsubAck, Unsubscribe,
};

use super::super::check::Found;
use super::super::{owed::owed, watch};
use crate::scenario::model::{CaseId, ClientIndex};
use crate::transcript::{
    Ending, Event, EventIndex, HookSource, Lane, LaneIndex, StepIndex, Transcript, What,
};

/// A transcript under construction. Whatever is added goes to the connection that was opened last, or to the one chosen
/// by `on`.
#[derive(Debug, Clone)]
pub(super) struct Record {
    transcript: Transcript,
    version: ProtocolVersion,
    lane: LaneIndex,
    restarts: Vec<Duration>,
    /// Whether the record has ended, so that what is still owed is checked too.
    has_ended: bool,
}

impl Record {
    /// Opens a connection on which nothing has been sent.
    pub(super) fn open(version: ProtocolVersion) -> Self {
        let record = Self {
            transcript: Transcript {
                case: CaseId {
                    path: "a".into(),
                    row: None,
                    version,
                },
                prefix: "run10001".into(),
                lanes: Vec::new(),
                events: Vec::new(),
                hooks: Vec::new(),
                hook_source: HookSource::None,
                steps: Vec::new(),
                choices: Vec::new(),
                facts: Vec::new(),
                broken_off: None,
                late: Duration::ZERO,
                delay: Duration::ZERO,
                silence_check: Duration::ZERO,
                rounds: Vec::new(),
                left_behind: Vec::new(),
                log: Default::default(),
            },
            version,
            lane: LaneIndex(0),
            restarts: Vec::new(),
            has_ended: false,
        };
        record.again()
    }

    /// Opens another connection.
    pub(super) fn again(mut self) -> Self {
        self.lane = LaneIndex(self.transcript.lanes.len());
        self.transcript.lanes.push(Lane {
            client: ClientIndex(0),
            name: "client".into(),
            connection: 1,
            node: 0,
            version: self.version,
        });
        self.event(What::Opened)
    }

    /// Opens a connection whose CONNECT is accepted.
    pub(super) fn connected(version: ProtocolVersion) -> Self {
        Self::connected_by(connect(version))
    }

    pub(super) fn connected_by(connect: Connect) -> Self {
        Self::open(connect.version)
            .connect(connect)
            .broker(connack(false, 0))
    }

    /// Connects the client anew. Its session is still there.
    pub(super) fn resumed(self) -> Self {
        let connect = Connect {
            clean_start: false,
            ..connect(self.version)
        };
        self.again().connect(connect).broker(connack(true, 0))
    }

    pub(super) fn on(mut self, lane: usize) -> Self {
        self.lane = LaneIndex(lane);
        self
    }

    pub(super) fn connect(self, connect: Connect) -> Self {
        self.client(Packet::Connect(Box::new(connect)))
    }

    pub(super) fn client(self, packet: Packet) -> Self {
        let bytes = bytes(&packet, self.version);
        self.event(What::Sent {
            bytes,
            packet: Some(packet),
            automatic: false,
        })
    }

    /// Sends a packet of the client with a fault in it.
    pub(super) fn lie(self, packet: &Packet, lie: Lie) -> Self {
        let bytes = craft(packet, self.version, lie);
        self.client_bytes(bytes)
    }

    pub(super) fn client_bytes(self, bytes: impl Into<Bytes>) -> Self {
        self.event(What::Sent {
            bytes: bytes.into(),
            packet: None,
            automatic: false,
        })
    }

    pub(super) fn broker(self, packet: Packet) -> Self {
        let bytes = bytes(&packet, self.version);
        self.broker_bytes(bytes)
    }

    /// Sends a packet of the broker with a fault in it.
    pub(super) fn broker_lies(self, packet: &Packet, lie: Lie) -> Self {
        let bytes = craft(packet, self.version, lie);
        self.broker_bytes(bytes)
    }

    pub(super) fn broker_bytes(self, bytes: impl Into<Bytes>) -> Self {
        let frame = Frame::from_bytes(bytes.into()).expect("is one frame");
        let (packet, faults) = Packet::decode_leniently(&frame, self.version);
        self.event(What::Received {
            frame,
            packet,
            faults,
            topic: None,
            carried_in: None,
            automatic: false,
        })
    }

    pub(super) fn closed(self) -> Self {
        self.event(What::Closed(Ending::Close))
    }

    /// Restarts the broker.
    pub(super) fn restarted(mut self) -> Self {
        self.restarts.push(self.now());
        self
    }

    pub(super) fn event(mut self, what: What) -> Self {
        self.transcript.events.push(Event {
            at: self.now(),
            lane: self.lane,
            during: StepIndex(0),
            taken_by: None,
            what,
        });
        self
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.transcript.events.len() as u64)
    }

    /// Returns what the monitor reports.
    pub(super) fn found(&self) -> Vec<(EventIndex, Found)> {
        let mut seen = watch(&self.transcript, &self.restarts);
        if self.has_ended {
            seen.reported
                .extend(owed(&self.transcript, &seen.connections));
        }
        seen.reported
    }

    /// Ends the record: nothing more is received.
    pub(super) fn ended(mut self) -> Self {
        self.has_ended = true;
        self
    }

    /// Returns the index of the last event.
    pub(super) fn last(&self) -> usize {
        self.transcript.events.len() - 1
    }

    pub(super) fn is_silent(&self) {
        let found = self.found();
        assert!(found.is_empty(), "{found:?}");
    }
}

fn bytes(packet: &Packet, version: ProtocolVersion) -> Bytes {
    let frame = packet.to_frame(version).expect("can be written");
    frame.bytes().clone()
}

fn craft(packet: &Packet, version: ProtocolVersion, lie: Lie) -> Bytes {
    packet
        .craft(version, Form::Full, &[lie])
        .expect("can be told")
}

/// Returns a lie that replaces the bytes of one field.
pub(super) fn override_with(field: &str, bytes: &'static [u8]) -> Lie {
    Lie::Override {
        field: field.into(),
        bytes: Bytes::from_static(bytes),
    }
}

pub(super) fn id(id: u16) -> PacketId {
    PacketId::new(id).expect("is not 0")
}

pub(super) fn properties(list: impl IntoIterator<Item = Property>) -> Properties {
    list.into_iter().collect()
}

/// Returns a clean start with the client identifier `c`.
pub(super) fn connect(version: ProtocolVersion) -> Connect {
    Connect {
        version,
        clean_start: true,
        keep_alive_s: 0,
        properties: Properties::new(),
        client_id: "c".into(),
        will: None,
        username: None,
        password: None,
    }
}

/// Returns the same CONNECT in version 5, with these properties.
pub(super) fn connect_with(list: impl IntoIterator<Item = Property>) -> Connect {
    Connect {
        properties: properties(list),
        ..connect(ProtocolVersion::V5)
    }
}

pub(super) fn connack(session_present: bool, code: u8) -> Packet {
    connack_with(session_present, code, [])
}

pub(super) fn connack_with(
    session_present: bool,
    code: u8,
    list: impl IntoIterator<Item = Property>,
) -> Packet {
    Packet::ConnAck(ConnAck {
        session_present,
        reason: ReasonCode(code),
        properties: properties(list),
    })
}

/// Returns a PUBLISH of `a/b` with DUP 0 and RETAIN 0. `packet` 0 means no packet identifier.
pub(super) fn publish(qos: u8, packet: u16, payload: &'static str) -> Publish {
    Publish {
        dup: false,
        qos: QoS::from_u8(qos).expect("is a QoS"),
        retain: false,
        topic: "a/b".into(),
        packet_id: PacketId::new(packet),
        properties: Properties::new(),
        payload: payload.into(),
    }
}

pub(super) fn publish_with(
    topic: &'static str,
    list: impl IntoIterator<Item = Property>,
) -> Packet {
    Packet::Publish(Publish {
        topic: topic.into(),
        properties: properties(list),
        ..publish(0, 0, "x")
    })
}

pub(super) fn dup(publish: Publish) -> Packet {
    Packet::Publish(Publish {
        dup: true,
        ..publish
    })
}

pub(super) fn retained(publish: Publish) -> Packet {
    Packet::Publish(Publish {
        retain: true,
        ..publish
    })
}

pub(super) fn ack(packet: u16) -> Ack {
    ack_with(packet, 0, [])
}

pub(super) fn ack_with(packet: u16, code: u8, list: impl IntoIterator<Item = Property>) -> Ack {
    Ack {
        packet_id: id(packet),
        reason: ReasonCode(code),
        properties: properties(list),
    }
}

/// Returns a SUBSCRIBE of these filters at these QoS.
pub(super) fn subscribe(packet: u16, filters: &[(&'static str, u8)]) -> Packet {
    subscribe_with(packet, [], filters, |options| options)
}

pub(super) fn subscribe_with(
    packet: u16,
    list: impl IntoIterator<Item = Property>,
    filters: &[(&'static str, u8)],
    change: impl Fn(SubscriptionOptions) -> SubscriptionOptions,
) -> Packet {
    let subscriptions = filters.iter().map(|(filter, qos)| Subscription {
        filter: (*filter).into(),
        options: change(SubscriptionOptions::new(
            QoS::from_u8(*qos).expect("is a QoS"),
        )),
    });
    Packet::Subscribe(Subscribe {
        packet_id: id(packet),
        properties: properties(list),
        subscriptions: subscriptions.collect(),
    })
}

pub(super) fn suback(packet: u16, codes: &[u8]) -> Packet {
    Packet::SubAck(SubAck {
        packet_id: id(packet),
        properties: Properties::new(),
        reasons: codes.iter().copied().map(ReasonCode).collect(),
    })
}

pub(super) fn unsubscribe(packet: u16, filters: &[&'static str]) -> Packet {
    Packet::Unsubscribe(Unsubscribe {
        packet_id: id(packet),
        properties: Properties::new(),
        filters: filters.iter().map(|f| (*f).into()).collect(),
    })
}

pub(super) fn unsuback(packet: u16, codes: &[u8]) -> Packet {
    Packet::UnsubAck(UnsubAck {
        packet_id: id(packet),
        properties: Properties::new(),
        reasons: codes.iter().copied().map(ReasonCode).collect(),
    })
}

pub(super) fn disconnect(code: u8, list: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Disconnect(Disconnect {
        reason: ReasonCode(code),
        properties: properties(list),
    })
}

pub(super) fn auth(code: u8, list: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Auth(Auth {
        reason: ReasonCode(code),
        properties: properties(list),
    })
}
