//! Packets that the harness sends outside of scenarios, to check a broker before the cases or while they run.

use bytestring::ByteString;
use mqtt_check_codec::{
    Connect, Packet, PacketId, Properties, ProtocolVersion, QoS, Subscribe, Subscription,
    SubscriptionOptions,
};

use super::Credentials;

/// A CONNECT with clean start and these credentials.
pub(super) fn own_connect(
    version: ProtocolVersion,
    client_id: impl Into<ByteString>,
    keep_alive_s: u16,
    credentials: Option<&Credentials>,
) -> Packet {
    let mut connect = Packet::Connect(Box::new(Connect {
        version,
        clean_start: true,
        keep_alive_s,
        properties: Properties::new(),
        client_id: client_id.into(),
        will: None,
        username: None,
        password: None,
    }));
    if let Some(credentials) = credentials {
        credentials.put(&mut connect);
    }
    connect
}

/// A SUBSCRIBE to these Topic Filters with QoS 0. It must be the first packet with an identifier on its connection.
pub(super) fn own_subscribe<F: Into<ByteString>>(filters: impl IntoIterator<Item = F>) -> Packet {
    let subscription = |filter: F| Subscription {
        filter: filter.into(),
        options: SubscriptionOptions::new(QoS::AtMostOnce),
    };
    Packet::Subscribe(Subscribe {
        packet_id: PacketId::MIN,
        properties: Properties::new(),
        subscriptions: filters.into_iter().map(subscription).collect(),
    })
}
