//! A broker with a store. It is given state to keep.

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::{
    Connect, Packet, PacketId, Properties, Property, ProtocolVersion, Publish, QoS, Subscribe,
    Subscription, SubscriptionOptions,
};

use super::super::super::randomness::split_mix;
use super::super::Store;
use super::super::damage::Records;
use crate::core::Change;
use crate::{Broker, Config, ConnectionId, Faults, Input, NodeId, Time};

pub(super) struct Writer {
    broker: Broker,
    store: Store,
    pub(super) connection: ConnectionId,
    /// The records that the store has confirmed.
    pub(super) kept: Records,
    /// The records that the store would contain if the last write had not failed.
    pub(super) cut_off: Option<Records>,
}

impl Writer {
    pub(super) fn new(store: Store) -> Self {
        let config = Config {
            durable: true,
            ..Config::default()
        };
        let mut broker = Broker::new(config, Faults::none());
        broker.track_changes();
        Self {
            broker,
            store,
            connection: ConnectionId(0),
            kept: Records::new(),
            cut_off: None,
        }
    }

    pub(super) fn handle(&mut self, input: Input) {
        // A broker whose store has failed stops.
        if self.cut_off.is_some() {
            return;
        }
        self.broker.handle(Time::ZERO, input, &mut Vec::new());
        let changes = self.broker.changes();
        let after = changed(&self.kept, &changes);
        match self.store.write(&changes) {
            Ok(()) => self.kept = after,
            Err(_) => self.cut_off = Some(after),
        }
    }

    fn send(&mut self, packet: Packet) {
        self.handle(Input::Received {
            connection: self.connection,
            packet,
            size: 10,
        });
    }

    pub(super) fn connect(&mut self, client: &str) {
        self.connection.0 += 1;
        self.handle(Input::Opened {
            connection: self.connection,
            node: NodeId::default(),
            nonce: 0,
        });
        let never = Property::SessionExpiryInterval(u32::MAX);
        self.send(Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V5,
            clean_start: false,
            keep_alive_s: 0,
            properties: [never].into_iter().collect(),
            client_id: ByteString::from(client),
            will: None,
            username: None,
            password: None,
        })));
    }

    pub(super) fn subscribe(&mut self, filter: &str) {
        self.send(Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(1).expect("not 0"),
            properties: Properties::new(),
            subscriptions: vec![Subscription {
                filter: ByteString::from(filter),
                options: SubscriptionOptions::new(QoS::AtLeastOnce),
            }],
        }));
    }

    pub(super) fn publish(&mut self, topic: &str, payload: Vec<u8>, retain: bool) {
        self.send(Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtLeastOnce,
            retain,
            topic: ByteString::from(topic),
            packet_id: PacketId::new(7),
            properties: Properties::new(),
            payload: Bytes::from(payload),
        }));
    }
}

/// Returns these records after these changes.
fn changed(records: &Records, changes: &[Change]) -> Records {
    let mut after = records.clone();
    for change in changes {
        match change {
            Change::Put { key, value } => {
                after.insert(key.to_vec(), value.to_vec());
            }
            Change::Remove { key } => {
                after.remove(&key[..]);
            }
            Change::RemoveAll { prefix } => after.retain(|key, _| !key.starts_with(prefix)),
        }
    }
    after
}

/// A sequence of numbers that a seed determines.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        split_mix(&mut self.0) as usize % bound
    }
}
