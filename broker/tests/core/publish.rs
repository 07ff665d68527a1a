//! Which PUBLISH packets are accepted, and what subscribers receive of them.

use mqtt_check_codec::{Packet, Property, Publish};

use crate::pair::{
    BOTH, Pair, V3, V5, ack, hello, id, message, publish, qos, subscribe, unsubscribe,
};

fn with(topic: &str, properties: impl IntoIterator<Item = Property>) -> Packet {
    Packet::Publish(Publish {
        properties: properties.into_iter().collect(),
        ..publish(topic, "x")
    })
}

#[test]
fn nobody_subscribed_is_said_in_version_5_only() {
    for (version, expected) in [
        (V3, ["puback id=1", "pubrec id=2"]),
        (V5, ["puback id=1 0x10", "pubrec id=2 0x10"]),
    ] {
        let mut pair = Pair::new();
        let b = pair.connected(hello(version, "b"));
        pair.all_hooks();
        pair.send(b, message(1, 1, "t", "x"));
        pair.send(b, message(2, 2, "t", "x"));
        assert_eq!(pair.seen(b), expected);
        assert_eq!(
            pair.all_hooks()[..2],
            ["message.publish b t", "message.dropped b t no_subscribers"]
        );
    }
}

#[test]
fn properties_travel_on_unaltered_and_in_order_to_version_5_only() {
    let user = |name: &'static str| Property::UserProperty(name.into(), "1".into());
    let mut pair = Pair::new();
    let new = pair.connected(hello(V5, "new"));
    pair.subscribe(new, "t", 0);
    let old = pair.connected(hello(V3, "old"));
    pair.subscribe(old, "t", 0);
    let sent = [
        user("z"),
        Property::PayloadFormatIndicator(1),
        Property::ContentType("text".into()),
        user("a"),
        Property::ResponseTopic("r".into()),
        Property::CorrelationData("c".into()),
        user("z"),
    ];
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, with("t", sent));
    assert_eq!(
        pair.seen(new),
        [
            "publish q0 t=x z:1 PayloadFormatIndicator(1) ContentType(\"text\") a:1 \
          ResponseTopic(\"r\") CorrelationData(b\"c\") z:1"
        ]
    );
    assert_eq!(pair.seen(old), ["publish q0 t=x"]);
}

#[test]
fn topic_aliases_stand_for_their_topic_on_their_connection() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 5);
    let a = pair.connected(hello(V5, "a"));
    pair.subscribe(a, "#", 0);
    let b = pair.connected(hello(V5, "b").expiry(60));
    pair.send(b, with("one", [Property::TopicAlias(5)]));
    pair.send(b, with("", [Property::TopicAlias(5)]));
    pair.send(b, with("two", [Property::TopicAlias(5)]));
    pair.send(b, with("", [Property::TopicAlias(5)]));
    assert_eq!(
        pair.seen(a),
        [
            "publish q0 one=x",
            "publish q0 one=x",
            "publish q0 two=x",
            "publish q0 two=x"
        ]
    );
    pair.lose(b);
    let b = pair.connected(hello(V5, "b").unclean());
    pair.send(b, with("", [Property::TopicAlias(5)]));
    assert_eq!(pair.seen(b), ["disconnect 0x82", "closed"]);
}

#[test]
fn the_broker_uses_topic_aliases_as_far_as_the_client_allows() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::TopicAliasMaximum(2)));
    pair.subscribe(a, "#", 0);
    let b = pair.connected(hello(V5, "b"));
    for topic in ["one", "two", "three", "one", "two", "three"] {
        pair.send(b, message(0, 0, topic, "x"));
    }
    assert_eq!(
        pair.seen(a),
        [
            "publish q0 one=x TopicAlias(1)",
            "publish q0 two=x TopicAlias(2)",
            "publish q0 three=x",
            "publish q0 =x TopicAlias(1)",
            "publish q0 =x TopicAlias(2)",
            "publish q0 three=x",
        ]
    );
}

#[test]
fn what_a_publish_must_not_be_ends_the_connection_with_its_code() {
    let loud = |level: u8, retain: bool| {
        Packet::Publish(Publish {
            qos: qos(level),
            packet_id: (level > 0).then(|| id(1)),
            retain,
            ..publish("t", "x")
        })
    };
    for (packet, code) in [
        (with("t", [Property::SubscriptionIdentifier(1)]), "0x82"),
        (with("", [Property::TopicAlias(1)]), "0x82"),
        (with("", []), "0x82"),
        (with("t", [Property::TopicAlias(0)]), "0x94"),
        (with("t", [Property::TopicAlias(11)]), "0x94"),
        (with("a/+", []), "0x90"),
        (with("#", []), "0x90"),
        (loud(2, false), "0x9B"),
        (loud(0, true), "0x9A"),
    ] {
        let mut pair = Pair::with(|config| {
            config.maximum_qos = qos(1);
            config.retain_available = false;
            config.topic_alias_maximum = 10;
        });
        let b = pair.connected(hello(V5, "b"));
        pair.send(b, packet);
        assert_eq!(
            pair.seen(b),
            [format!("disconnect {code}"), "closed".into()]
        );
    }
}

#[test]
fn a_packet_over_the_broker_s_maximum_size_ends_the_connection() {
    let mut pair = Pair::with(|config| config.maximum_packet_size = Some(100));
    let b = pair.connect(hello(V5, "b"));
    assert_eq!(pair.seen(b), ["connack 0x00 sp=0 MaximumPacketSize(100)"]);
    pair.send_sized(b, message(0, 0, "t", "x"), 100);
    assert!(pair.seen(b).is_empty());
    pair.send_sized(b, message(0, 0, "t", "x"), 101);
    assert_eq!(pair.seen(b), ["disconnect 0x95", "closed"]);
}

#[test]
fn a_message_too_large_for_a_client_counts_as_delivered_to_it() {
    let mut pair = Pair::new();
    let a = pair.connected(hello(V5, "a").property(Property::MaximumPacketSize(30)));
    pair.subscribe(a, "t", 1);
    let b = pair.connected(hello(V5, "b"));
    pair.all_hooks();
    pair.send(b, message(1, 1, "t", &"x".repeat(30)));
    pair.send(b, message(1, 1, "t", "small"));
    assert_eq!(pair.seen(a), ["publish q1 id=2 t=small"]);
    assert_eq!(
        pair.all_hooks()[..2],
        [
            "message.publish b t",
            "message.dropped a t packet_too_large"
        ]
    );
    assert_eq!(pair.seen(b), ["puback id=1", "puback id=1"]);
}

#[test]
fn a_payload_that_is_not_what_it_says_is_refused_where_that_is_checked() {
    let lie = |level: u8| {
        Packet::Publish(Publish {
            payload: bytes::Bytes::from_static(&[0xFF]),
            properties: [Property::PayloadFormatIndicator(1)].into_iter().collect(),
            qos: qos(level),
            packet_id: (level > 0).then(|| id(1)),
            ..publish("t", "")
        })
    };
    let mut pair = Pair::new();
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, lie(1));
    assert_eq!(pair.seen(b), ["puback id=1 0x10"]);
    let mut pair = Pair::with(|config| config.check_payload_format = true);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, lie(1));
    pair.send(b, lie(2));
    // A refused packet id is free, so the next PUBLISH with it is a new message.
    pair.send(b, message(2, 1, "t", "x"));
    pair.send(b, lie(0));
    assert_eq!(
        pair.seen(b),
        [
            "puback id=1 0x99",
            "pubrec id=1 0x99",
            "pubrec id=1 0x10",
            "disconnect 0x99",
            "closed"
        ]
    );
}

#[test]
fn topics_that_begin_with_a_dollar_can_be_closed_to_clients() {
    for (version, code) in [(V3, ""), (V5, " 0x87")] {
        let mut pair = Pair::with(|config| config.dollar_topics = false);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "$x/#", 0);
        pair.send(a, message(1, 1, "$x/y", "x"));
        pair.send(a, message(0, 0, "$x/y", "x"));
        assert_eq!(pair.seen(a), [format!("puback id=1{code}")]);
    }
}

#[test]
fn messages_of_one_publisher_stay_in_order() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "t", 1);
        let b = pair.connected(hello(version, "b"));
        for number in 0..50 {
            pair.send(b, message(1, 1, "t", &number.to_string()));
        }
        let expected: Vec<_> = (0..50)
            .map(|number| format!("publish q1 id={} t={number}", number + 1))
            .collect();
        assert_eq!(pair.seen(a), expected);
    }
}

#[test]
fn diagnostics_come_where_they_are_configured_wanted_and_fit() {
    let text =
        |name: &str| format!("ReasonString(\"{name} by the bundled broker\") broker:mqtt-check");
    let mut pair = Pair::with(|config| config.reason_strings = true);
    let b = pair.connect(hello(V5, "b"));
    pair.send(b, message(1, 1, "t", "x"));
    assert_eq!(
        pair.seen(b),
        [
            format!("connack 0x00 sp=0 {}", text("CONNACK")),
            format!("puback id=1 0x10 {}", text("PUBACK"))
        ]
    );
    let quiet = hello(V5, "b").property(Property::RequestProblemInformation(0));
    let b = pair.connect(quiet);
    pair.send(b, message(1, 1, "t", "x"));
    pair.send(b, Packet::PingResp);
    assert_eq!(
        pair.seen(b),
        [
            format!("connack 0x00 sp=0 {}", text("CONNACK")),
            "puback id=1 0x10".to_owned(),
            format!("disconnect 0x82 {}", text("DISCONNECT")),
            "closed".to_owned()
        ]
    );
    let small = hello(V5, "c").property(Property::MaximumPacketSize(60));
    let c = pair.connect(small);
    assert_eq!(
        pair.seen(c),
        ["connack 0x00 sp=0 ReasonString(\"CONNACK by the bundled broker\")"]
    );
    let b = pair.connect(hello(V3, "b"));
    assert_eq!(pair.seen(b), ["connack 0x00 sp=0"]);
}

#[test]
fn without_a_maximum_no_topic_alias_is_taken() {
    let mut pair = Pair::with(|config| config.topic_alias_maximum = 0);
    let b = pair.connected(hello(V5, "b"));
    pair.send(b, with("t", [Property::TopicAlias(1)]));
    assert_eq!(pair.seen(b), ["disconnect 0x94", "closed"]);
}

#[test]
fn a_topic_travels_as_it_is() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        for filter in ["+", "+/+", "+/+/+"] {
            pair.subscribe(a, filter, 0);
        }
        for topic in ["Upper", " ", "/", "//", "/a", "a/", "\u{feff}x", "e\u{301}"] {
            pair.send(a, message(0, 0, topic, "x"));
            assert_eq!(pair.seen(a), [format!("publish q0 {topic}=x")]);
        }
    }
}

#[test]
fn names_and_filters_are_compared_as_they_are() {
    for version in BOTH {
        for (filter, others) in [
            ("a/b", &["A/b", "/a/b", "a/b/", "a//b", "a", "a/bb"][..]),
            ("/a", &["a", "/A"]),
            ("A", &["a"]),
            ("\u{e9}", &["e\u{301}"]),
        ] {
            let mut pair = Pair::new();
            let a = pair.connected(hello(version, "a"));
            pair.subscribe(a, filter, 0);
            for other in others {
                pair.send(a, message(0, 0, other, "x"));
            }
            assert!(pair.seen(a).is_empty(), "{filter}");
            pair.send(a, message(0, 0, filter, "x"));
            assert_eq!(pair.seen(a), [format!("publish q0 {filter}=x")]);
        }
    }
}

#[test]
fn a_wildcard_at_the_front_passes_over_dollar_topics() {
    for version in BOTH {
        let mut pair = Pair::new();
        let a = pair.connected(hello(version, "a"));
        for filter in ["#", "+/b", "$a/#"] {
            pair.subscribe(a, filter, 0);
        }
        pair.send(a, message(0, 0, "$a/b", "x"));
        assert_eq!(pair.seen(a), ["publish q0 $a/b=x"]);
        pair.send(a, message(0, 0, "$b", "x"));
        assert!(pair.seen(a).is_empty());
    }
}

#[test]
fn diagnostics_never_make_a_packet_too_large() {
    let mut pair = Pair::with(|config| config.reason_strings = true);
    let b = pair.connected(hello(V5, "b"));
    let a = pair.connect(hello(V5, "a").property(Property::MaximumPacketSize(25)));
    pair.send(a, subscribe(1, &[("t", 2)]));
    pair.send(b, message(2, 1, "t", "x"));
    pair.send(a, Packet::PubRec(ack(1)));
    pair.send(a, message(1, 1, "u", "x"));
    pair.send(a, message(2, 2, "u", "x"));
    pair.send(a, Packet::PubRel(ack(2)));
    pair.send(a, unsubscribe(3, &["t"]));
    pair.send(a, Packet::PingResp);
    assert_eq!(
        pair.seen(a),
        [
            "connack 0x00 sp=0",
            "suback id=1 02",
            "publish q2 id=1 t=x",
            "pubrel id=1",
            "puback id=1 0x10",
            "pubrec id=2 0x10",
            "pubcomp id=2",
            "unsuback id=3 00",
            "disconnect 0x82",
            "closed"
        ]
    );
}

/// [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
#[test]
fn a_plus_matches_one_level_and_no_fewer_or_further_ones() {
    for version in BOTH {
        for (filter, topic, others) in [
            ("+", "a", &["a/b", "/a", "a/"][..]),
            ("a/+", "a/b", &["a", "a/b/c", "a/b/"]),
            ("+/+", "a/b", &["a", "a/b/c"]),
            ("a/+/c", "a/b/c", &["a/c", "a/b/b/c", "a/b/c/d"]),
        ] {
            let mut pair = Pair::new();
            let a = pair.connected(hello(version, "a"));
            pair.subscribe(a, filter, 0);
            for other in others {
                pair.send(a, message(0, 0, other, "x"));
                assert!(pair.seen(a).is_empty(), "{filter} and {other}");
            }
            pair.send(a, message(0, 0, topic, "x"));
            assert_eq!(pair.seen(a), [format!("publish q0 {topic}=x")]);
        }
    }
}

#[test]
fn properties_with_an_empty_value_travel_on_too() {
    for empty in [
        Property::ContentType("".into()),
        Property::CorrelationData(bytes::Bytes::new()),
        Property::UserProperty("".into(), "".into()),
        Property::UserProperty("name".into(), "".into()),
    ] {
        let mut pair = Pair::new();
        let a = pair.connected(hello(V5, "a"));
        pair.subscribe(a, "t", 0);
        pair.packets(a);
        pair.send(a, with("t", [empty.clone()]));
        let came = pair.packets(a);
        let [Packet::Publish(publish)] = &came[..] else {
            panic!("{came:?}");
        };
        assert_eq!(publish.properties.0, [empty]);
    }
}
