//! Every delivery path from a publisher to a subscriber keeps what the message has and what the subscription requests.

use bytes::Bytes;
use mqtt_check_codec::{Packet, Property, Publish, QoS, SubscriptionOptions};

use crate::pair::{
    Hello, NEVER, Pair, Peer, V5, ack, hello, id, message, publish, retained, subscribe_with,
};

/// Not valid UTF-8.
const PAYLOAD: &[u8] = b"\xFF\x00\xC3";

/// The options of a subscription, which determine how a message of QoS 2 with RETAIN 1 arrives.
#[derive(Debug, Clone, Copy)]
struct Wish {
    level: QoS,
    retain_as_published: bool,
    identifier: Option<u32>,
}

const WISHES: &[Wish] = &[
    Wish {
        level: QoS::ExactlyOnce,
        retain_as_published: true,
        identifier: Some(7),
    },
    Wish {
        level: QoS::AtLeastOnce,
        retain_as_published: false,
        identifier: None,
    },
];

/// Plays one delivery path, from the subscription to the final delivery, and returns the subscriber.
type Way = fn(&mut Pair, Wish) -> Peer;

const WAYS: &[(&str, Way)] = &[
    ("at once", |pair, wish| {
        let a = subscriber(pair, wish, "t");
        publish_one(pair);
        a
    }),
    ("to a session that was offline", |pair, wish| {
        offline(pair, wish, "t")
    }),
    ("behind a full window", |pair, wish| {
        let a = pair.connected(lasting_a().property(Property::ReceiveMaximum(1)));
        subscribe(pair, a, wish, "t");
        let b = pair.connected(hello(V5, "before"));
        pair.send(b, message(1, 1, "t", "before"));
        publish_one(pair);
        let before = only_publish(pair, a);
        let first = before.packet_id.expect("QoS 1 has a packet id");
        pair.send(a, Packet::PubAck(ack(first.get())));
        a
    }),
    ("on the next connection, once more", |pair, wish| {
        let a = subscriber(pair, wish, "t");
        publish_one(pair);
        pair.lose(a);
        pair.connected(lasting_a())
    }),
    (
        "on the next connection, when there is room",
        |pair, wish| {
            let a = subscriber(pair, wish, "t");
            let b = pair.connected(hello(V5, "before"));
            pair.send(b, message(1, 1, "t", "before"));
            publish_one(pair);
            pair.lose(a);
            let a = pair.connected(lasting_a().property(Property::ReceiveMaximum(1)));
            pair.packets(a);
            pair.send(a, Packet::PubAck(ack(1)));
            a
        },
    ),
    ("retained", |pair, wish| {
        publish_one(pair);
        subscriber(pair, wish, "t")
    }),
    ("by a Shared Subscription", |pair, wish| {
        let a = subscriber(pair, wish, "$share/g/t");
        publish_one(pair);
        a
    }),
    (
        "by a Shared Subscription whose member was offline",
        |pair, wish| offline(pair, wish, "$share/g/t"),
    ),
    (
        "by a Shared Subscription, from another member",
        |pair, wish| {
            let other = pair.connected(hello(V5, "other").unclean().expiry(NEVER));
            let opposite = Wish {
                level: match wish.level {
                    QoS::ExactlyOnce => QoS::AtLeastOnce,
                    _ => QoS::ExactlyOnce,
                },
                retain_as_published: !wish.retain_as_published,
                identifier: Some(9),
            };
            subscribe(pair, other, opposite, "$share/g/+");
            pair.lose(other);
            publish_one(pair);
            let a = subscriber(pair, wish, "$share/g/+");
            pair.connected(hello(V5, "other"));
            a
        },
    ),
    ("with a Topic Alias that is known", |pair, wish| {
        let a = pair.connected(lasting_a().property(Property::TopicAliasMaximum(1)));
        subscribe(pair, a, wish, "t");
        let b = pair.connected(hello(V5, "before"));
        pair.send(b, message(0, 1, "t", "before"));
        only_publish(pair, a);
        publish_one(pair);
        a
    }),
    ("as a Will", |pair, wish| {
        let a = subscriber(pair, wish, "t");
        let b = pair.connected(with_will(hello(V5, "b"), None));
        pair.lose(b);
        a
    }),
    ("as a Will with a delay", |pair, wish| {
        let a = subscriber(pair, wish, "t");
        let b = pair.connected(with_will(hello(V5, "b").expiry(100), Some(5)));
        pair.lose(b);
        pair.wait_s(5);
        a
    }),
];

fn lasting_a() -> Hello {
    hello(V5, "a").unclean().expiry(NEVER)
}

fn subscribe(pair: &mut Pair, a: Peer, wish: Wish, filter: &str) {
    let options = SubscriptionOptions {
        retain_as_published: wish.retain_as_published,
        ..SubscriptionOptions::new(wish.level)
    };
    let identifier = wish.identifier.map(Property::SubscriptionIdentifier);
    pair.send(a, subscribe_with(1, identifier, [(filter, options)]));
}

fn subscriber(pair: &mut Pair, wish: Wish, filter: &str) -> Peer {
    let a = pair.connected(lasting_a());
    subscribe(pair, a, wish, filter);
    a
}

fn offline(pair: &mut Pair, wish: Wish, filter: &str) -> Peer {
    let a = subscriber(pair, wish, filter);
    pair.disconnect(a);
    publish_one(pair);
    pair.connected(lasting_a())
}

/// Not in alphabetical order, so that sorting would show.
fn user_properties() -> [Property; 2] {
    ["z", "a"].map(|name| Property::UserProperty(name.into(), "value".into()))
}

fn publish_one(pair: &mut Pair) {
    let b = pair.connected(hello(V5, "b"));
    let message = Publish {
        qos: QoS::ExactlyOnce,
        retain: true,
        packet_id: Some(id(1)),
        properties: user_properties().into_iter().collect(),
        payload: Bytes::from_static(PAYLOAD),
        ..publish("t", "")
    };
    pair.send(b, Packet::Publish(message));
    pair.send(b, Packet::PubRel(ack(1)));
}

fn with_will(connect: Hello, delay_s: Option<u32>) -> Hello {
    connect.will_with("t", |will| {
        will.qos = QoS::ExactlyOnce;
        will.retain = true;
        will.payload = Bytes::from_static(PAYLOAD);
        let delay = delay_s.map(Property::WillDelayInterval);
        will.properties = user_properties().into_iter().chain(delay).collect();
    })
}

/// Returns the one PUBLISH received since the last look.
fn only_publish(pair: &mut Pair, a: Peer) -> Publish {
    let packets = pair.packets(a).into_iter();
    let mut came: Vec<_> = packets
        .filter_map(|packet| match packet {
            Packet::Publish(publish) => Some(publish),
            _ => None,
        })
        .collect();
    assert_eq!(came.len(), 1, "{came:?}");
    came.remove(0)
}

#[test]
fn a_message_is_whole_whichever_way_it_comes() {
    for (name, way) in WAYS {
        for wish in WISHES {
            let mut pair = Pair::new();
            let a = way(&mut pair, *wish);
            let came = only_publish(&mut pair, a);
            let properties: Vec<_> = came
                .properties
                .0
                .into_iter()
                .filter(|property| !matches!(property, Property::TopicAlias(_)))
                .collect();
            let identifier = wish.identifier.map(Property::SubscriptionIdentifier);
            let expected: Vec<_> = user_properties().into_iter().chain(identifier).collect();
            assert_eq!(properties, expected, "{name}: {wish:?}");
            assert_eq!(came.qos, wish.level, "{name}: {wish:?}");
            let retain = wish.retain_as_published || *name == "retained";
            assert_eq!(came.retain, retain, "{name}: {wish:?}");
            assert_eq!(came.payload, PAYLOAD, "{name}: {wish:?}");
        }
    }
}

#[test]
fn a_retained_message_has_no_property_of_the_one_it_replaces() {
    let mut pair = Pair::new();
    publish_one(&mut pair);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, retained("t", "new"));
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 2);
    assert_eq!(pair.seen(a), ["publish q0 retain t=new"]);
}
