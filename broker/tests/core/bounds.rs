//! Each limit at its bound: sizes, quotas, identifiers and numbers; and acknowledgements that do not fit.

use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish, ReasonCode};

use crate::pair::{
    Pair, V5, ack, hello, id, lasting, message, publish, qos, refusing_ack, retained, subscribe,
    subscribe_with, unsubscribe,
};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;

/// The size of a QoS 0 PUBLISH to `t` without properties, except its payload.
const REST: usize = 6;

#[test]
fn a_message_exactly_as_large_as_the_client_takes_is_sent() {
    for (size, comes) in [(29, true), (30, true), (31, false)] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").property(Property::MaximumPacketSize(30)));
        let b = pair.connected(hello(V5, "b"));
        let payload = "x".repeat(size - REST);
        pair.send(b, retained("t", &payload));
        pair.subscribe(a, "t", 0);
        assert_eq!(pair.seen(a).len(), usize::from(comes), "retained, {size}");
        pair.send(b, message(0, 0, "t", &payload));
        assert_eq!(pair.seen(a).len(), usize::from(comes), "live, {size}");
    }
}

#[test]
fn an_answer_that_cannot_fit_ends_the_connection() {
    let filters: Vec<(String, u8)> = (0..12).map(|n| (format!("t{n}"), 0)).collect();
    let filters: Vec<(&str, u8)> = filters.iter().map(|(t, q)| (t.as_str(), *q)).collect();
    let names: Vec<&str> = filters.iter().map(|(name, _)| *name).collect();
    for (maximum, fits) in [(17, true), (16, false)] {
        for request in [subscribe(1, &filters), unsubscribe(1, &names)] {
            let mut pair = Pair::new();
            let hello = hello(V5, "a").property(Property::MaximumPacketSize(maximum));
            let a = pair.connected(hello);
            pair.send(a, request);
            let seen = pair.seen(a);
            match fits {
                true => assert_eq!(seen.len(), 1, "{seen:?}"),
                false => assert_eq!(seen, ["disconnect 0x95", "closed"]),
            }
        }
    }
}

#[test]
fn a_message_arrives_whatever_number_of_bytes_its_length_takes() {
    for size in [129, 131, 16_386, 16_388, 2_097_155, 2_097_156] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.subscribe(a, "t", 0);
        pair.send_sized(a, message(0, 0, "t", "x"), size);
        assert_eq!(pair.seen(a), ["publish q0 t=x"], "{size}");
    }
}

#[test]
fn properties_are_passed_on_whatever_their_length() {
    let long = "x".repeat(65_535);
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 0);
    let mut sent = publish("t", "x");
    let content = Property::ContentType(long.clone().into());
    sent.properties.push(content.clone());
    pair.packets(a);
    pair.send(a, Packet::Publish(sent));
    let came = pair.packets(a);
    let [Packet::Publish(Publish { properties, .. })] = &came[..] else {
        panic!("{} packets came", came.len());
    };
    assert!(properties.into_iter().any(|property| *property == content));
}

#[test]
fn the_broker_s_receive_maximum_binds_no_client_of_3_1_1_and_counts_no_refused_message() {
    let mut pair = Pair::with(|config| config.receive_maximum = 1);
    let b = pair.connected(hello(V3, "b"));
    for number in [1, 2, 3] {
        pair.send(b, message(2, number, "t", "x"));
    }
    pair.send(b, message(1, 4, "t", "x"));
    assert_eq!(
        pair.seen(b),
        ["pubrec id=1", "pubrec id=2", "pubrec id=3", "puback id=4"]
    );
    let mut pair = Pair::with(|config| {
        config.receive_maximum = 1;
        config.dollar_topics = false;
    });
    let b = pair.connect(hello(V5, "b"));
    pair.seen(b);
    for number in [1, 2] {
        pair.send(b, message(2, number, "$t", "x"));
    }
    pair.send(b, message(2, 3, "t", "x"));
    assert_eq!(
        pair.seen(b),
        ["pubrec id=1 0x87", "pubrec id=2 0x87", "pubrec id=3 0x10"]
    );
}

#[test]
fn a_message_that_is_too_large_takes_no_room_under_the_receive_maximum() {
    let mut pair = Pair::new();
    let narrow = hello(V5, "a")
        .property(Property::MaximumPacketSize(30))
        .property(Property::ReceiveMaximum(1));
    let a = pair.connected(narrow);
    pair.subscribe(a, "t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", &"x".repeat(30)));
    pair.send(b, message(1, 2, "t", "fits"));
    assert_eq!(pair.seen(a), ["publish q1 id=2 t=fits"]);
}

#[test]
fn the_highest_numbers_of_a_connect_are_numbers_as_others_are() {
    for property in [
        Property::ReceiveMaximum(0x8000),
        Property::ReceiveMaximum(u16::MAX),
        Property::MaximumPacketSize(0x8000_0000),
        Property::MaximumPacketSize(u32::MAX),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a").property(property.clone()));
        pair.subscribe(a, "t", 1);
        pair.send(a, message(1, 1, "t", "x"));
        assert_eq!(
            pair.seen(a),
            ["puback id=1", "publish q1 id=1 t=x"],
            "{property:?}"
        );
    }
}

#[test]
fn the_longest_expiry_of_a_message_is_not_over() {
    for seconds in [0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
        let mut pair = Pair::new();
        let a = pair.connected(lasting(V5, "a"));
        pair.subscribe(a, "t", 1);
        pair.lose(a);
        let b = pair.connected(hello(V5, "b"));
        let mut sent = publish("t", "x");
        (sent.qos, sent.packet_id) = (qos(1), Some(id(1)));
        let expiry = Property::MessageExpiryInterval(seconds);
        sent.properties.push(expiry);
        pair.send(b, Packet::Publish(sent));
        pair.wait_s(2);
        let a = pair.connect(lasting(V5, "a"));
        let left = format!("publish q1 id=1 t=x MessageExpiryInterval({})", seconds - 2);
        assert_eq!(pair.seen(a).last(), Some(&left));
    }
}

#[test]
fn identifiers_come_back_as_they_were_given() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    for number in [1, 255, 256, 0x7FFF, 0x8001, 0xFFFF] {
        pair.send(a, message(1, number, "t", "x"));
        assert_eq!(pair.seen(a), [format!("puback id={number} 0x10")]);
    }
    for number in [
        1,
        127,
        128,
        16_383,
        16_384,
        2_097_151,
        2_097_152,
        268_435_455,
    ] {
        let identifier = Property::SubscriptionIdentifier(number);
        let options = mqtt_check_codec::SubscriptionOptions::new(qos(0));
        pair.send(a, subscribe_with(1, [identifier], [("t", options)]));
        pair.send(a, message(0, 0, "t", "x"));
        let came = format!("publish q0 t=x SubscriptionIdentifier({number})");
        assert_eq!(pair.seen(a), ["suback id=1 00".to_owned(), came]);
    }
}

#[test]
fn the_limit_to_client_ids_counts_bytes() {
    let mut pair = Pair::with(|config| config.maximum_client_id_bytes = Some(30));
    pair.connected(hello(V5, &"x".repeat(30)));
    let late = pair.connect(hello(V5, &"ß".repeat(16)));
    assert_eq!(pair.seen(late), ["connack 0x85 sp=0", "closed"]);
}

#[test]
fn a_will_of_the_highest_qos_is_accepted() {
    for highest in [0, 1] {
        let mut pair = Pair::with(|config| config.maximum_qos = qos(highest));
        let doomed = hello(V5, "a").will_with("t", |will| will.qos = qos(highest));
        let a = pair.connect(doomed);
        let connack = format!("connack 0x00 sp=0 MaximumQoS({highest})");
        assert_eq!(pair.seen(a), [connack]);
    }
}

#[test]
fn an_acknowledgement_of_another_kind_settles_nothing() {
    for version in [V3, V5] {
        for (level, released, wrong) in [
            (1, false, Packet::PubRec(ack(1))),
            (1, false, Packet::PubComp(ack(1))),
            (1, false, Packet::PubAck(ack(77))),
            (2, false, Packet::PubAck(ack(1))),
            (2, false, Packet::PubComp(ack(1))),
            (2, true, Packet::PubAck(ack(1))),
        ] {
            let mut pair = Pair::new();
            let a = pair.connected(lasting(version, "a"));
            pair.subscribe(a, "t", 2);
            let b = pair.connected(hello(version, "b"));
            pair.send(b, message(level, 1, "t", "x"));
            if released {
                pair.send(a, Packet::PubRec(ack(1)));
            }
            pair.send(a, wrong.clone());
            pair.lose(a);
            let a = pair.connect(lasting(version, "a"));
            let again = match released {
                true => "pubrel id=1".to_owned(),
                false => format!("publish q{level} id=1 dup t=x"),
            };
            assert_eq!(pair.seen(a).last(), Some(&again), "{wrong:?}");
        }
    }
}

#[test]
fn a_pubrec_that_refuses_is_not_answered() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "t", 2);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, message(2, 1, "t", "x"));
    assert_eq!(pair.seen(a), ["publish q2 id=1 t=x"]);
    for number in [1, 77] {
        let refusal = refusing_ack(number, ReasonCode::QUOTA_EXCEEDED);
        pair.send(a, Packet::PubRec(refusal));
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn unfinished_exchanges_of_this_connection_count_against_the_receive_maximum() {
    let begun = || {
        let mut pair = Pair::with(|config| config.receive_maximum = 2);
        let b = pair.connected(lasting(V5, "b"));
        pair.send(b, message(2, 1, "t", "x"));
        pair.seen(b);
        (pair, b)
    };
    let too_many = ["disconnect 0x93", "closed"];
    let (mut pair, b) = begun();
    pair.send(b, message(2, 1, "t", "x"));
    pair.send(b, message(2, 2, "t", "x"));
    assert_eq!(pair.seen(b), ["pubrec id=1", "pubrec id=2 0x10"]);
    pair.send(b, Packet::PubRel(ack(77)));
    assert_eq!(pair.seen(b), ["pubcomp id=77 0x92"]);
    pair.send(b, message(2, 3, "t", "x"));
    assert_eq!(pair.seen(b), too_many);

    let (mut pair, b) = begun();
    pair.lose(b);
    let b = pair.connected(lasting(V5, "b"));
    pair.send(b, message(2, 1, "t", "x"));
    pair.send(b, message(2, 2, "t", "x"));
    assert_eq!(pair.seen(b), ["pubrec id=1", "pubrec id=2 0x10"]);
    pair.send(b, message(2, 3, "t", "x"));
    assert_eq!(pair.seen(b), too_many);
}

/// [5 MQTT-3.1.2-25]
#[test]
fn a_message_that_was_too_large_is_not_sent_on_a_later_connection_that_takes_more() {
    for level in 0..=2 {
        let mut pair = Pair::new();
        let narrow = lasting(V5, "a").property(Property::MaximumPacketSize(30));
        let a = pair.connected(narrow);
        pair.subscribe(a, "t", 2);
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, message(level, 1, "t", &"x".repeat(30)));
        assert!(pair.seen(a).is_empty());
        pair.lose(a);
        let a = pair.connect(lasting(V5, "a"));
        assert_eq!(pair.seen(a), ["connack 0x00 sp=1"], "QoS {level}");
    }
}

#[test]
fn messages_of_qos_0_do_not_count_against_the_broker_s_receive_maximum() {
    let mut pair = Pair::with(|config| config.receive_maximum = 1);
    let b = pair.connected(hello(V5, "b"));
    for _ in 0..3 {
        pair.send(b, message(0, 0, "t", "x"));
    }
    pair.send(b, message(2, 1, "t", "x"));
    pair.send(b, message(0, 0, "t", "x"));
    pair.send(b, Packet::PubRel(ack(1)));
    pair.send(b, message(1, 2, "t", "x"));
    assert_eq!(
        pair.seen(b),
        ["pubrec id=1 0x10", "pubcomp id=1", "puback id=2 0x10"]
    );
}
