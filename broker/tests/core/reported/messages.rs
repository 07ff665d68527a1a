//! What a message is when it reaches a subscriber, and whether it does.

use mqtt_check_broker::Fault;
use mqtt_check_codec::{Clause, Packet, PacketType, Property, Publish, Will};

use super::{back, end, keeper, reader, rich, shows, texts, writer};
use crate::details::{brought, kept};
use crate::malformed::error;
use crate::pair::{BOTH, V3, V5, ack, hello, id, message, publish, qos, retained};

#[test]
fn messages_wait_in_order_whether_they_are_retained_or_not() {
    for version in BOTH {
        let fault = Fault::RetainedPublishedJumpQueue;
        shows(fault, &["1", "2", "3"], &["2", "3", "1"], |pair| {
            let away = keeper(pair, version, 1);
            pair.lose(away);
            let writer = writer(pair, version);
            pair.send(writer, Packet::Publish(kept(1, "t", "1")));
            for (number, payload) in [(2, "2"), (3, "3")] {
                pair.send(writer, message(1, number, "t", payload));
            }
            let away = back(pair, version);
            texts(pair, away)
        });
    }
}

#[test]
fn one_clients_qos_is_not_anothers() {
    for version in BOTH {
        let right = [
            "publish q2 id=1 t=x",
            "publish q0 t=x",
            "publish q1 id=1 t=x",
        ];
        let wrong = ["publish q2 id=1 t=x", "publish q0 t=x", "publish q0 t=x"];
        shows(Fault::LowSubscriberLowersLater, &right, &wrong, |pair| {
            let readers = [("a", 2), ("b", 0), ("c", 1)];
            let readers = readers.map(|(name, level)| reader(pair, version, name, "t", level));
            let writer = writer(pair, version);
            pair.send(writer, message(2, 1, "t", "x"));
            readers
                .iter()
                .flat_map(|reader| pair.seen(*reader))
                .collect()
        });
    }
}

#[test]
fn a_subscription_can_be_lowered() {
    for version in BOTH {
        let right = ["publish q1 id=1 t=x", "publish q2 id=2 t=y"];
        let wrong = ["publish q2 id=1 t=x", "publish q2 id=2 t=y"];
        shows(Fault::ResubscribeLowerQosIgnored, &right, &wrong, |pair| {
            let reader = reader(pair, version, "reader", "t", 0);
            pair.subscribe(reader, "t", 2);
            pair.subscribe(reader, "t", 1);
            let writer = writer(pair, version);
            pair.send(writer, message(2, 1, "t", "x"));
            pair.subscribe(reader, "t", 2);
            pair.send(writer, message(2, 2, "t", "y"));
            pair.seen(reader)
        });
    }
}

#[test]
fn the_granted_qos_is_the_limit() {
    let (limited, wild) = (Fault::Qos2NotLoweredToQos1, Fault::WildcardQosIsPublishers);
    let levels = [
        "publish q0 t=x",
        "publish q1 id=1 t=x",
        "publish q2 id=1 t=x",
    ];
    for (fault, version, filter, granted, published) in [
        (limited, V3, "t", 1, 2),
        (limited, V5, "+", 1, 2),
        (wild, V3, "+", 0, 1),
        (wild, V5, "#", 1, 2),
        (wild, V5, "$share/g/+", 0, 2),
    ] {
        let (right, wrong) = ([levels[granted]], [levels[published]]);
        let (granted, published) = (granted as u8, published as u8);
        shows(fault, &right, &wrong, |pair| {
            let exact = reader(pair, version, "exact", "t", 0);
            let reader = reader(pair, version, "reader", filter, granted);
            let writer = writer(pair, version);
            pair.send(writer, message(published, 1, "t", "x"));
            assert_eq!(pair.seen(exact), levels[..1]);
            pair.seen(reader)
        });
    }
    let wrong = ["publish q1 id=1 retain t=x"];
    shows(wild, &["publish q0 retain t=x"], &wrong, |pair| {
        let writer = writer(pair, V5);
        pair.send(writer, Packet::Publish(kept(1, "t", "x")));
        brought(pair, V5, "+", 0)
    });
}

#[test]
fn messages_of_a_topic_do_not_replace_each_other() {
    for version in BOTH {
        let fault = Fault::StagedLostBehindQos0;
        shows(fault, &["1", "2", "3", "4"], &["2", "3", "4"], |pair| {
            let reader = reader(pair, version, "reader", "t", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(2, 1, "t", "1"));
            pair.send(writer, message(0, 0, "t", "2"));
            pair.send(writer, Packet::PubRel(ack(1)));
            pair.send(writer, message(2, 2, "t", "3"));
            pair.send(writer, message(0, 0, "u", "-"));
            pair.send(writer, message(1, 3, "u", "-"));
            pair.send(writer, Packet::PubRel(ack(2)));
            pair.send(writer, message(1, 4, "t", "4"));
            texts(pair, reader)
        });
        shows(
            Fault::SameIdReplacesQueued,
            &["1", "2", "3"],
            &["2", "3"],
            |pair| {
                let away = keeper(pair, version, 1);
                pair.lose(away);
                let writer = writer(pair, version);
                pair.send(writer, message(1, 1, "t", "1"));
                pair.send(writer, message(1, 1, "t", "2"));
                let other = pair.connected(hello(version, "other"));
                pair.send(other, message(1, 1, "t", "3"));
                let away = back(pair, version);
                texts(pair, away)
            },
        );
    }
}

#[test]
fn overlapping_subscriptions_bear_two_messages_together() {
    for version in BOTH {
        let right = ["publish q0 t=1", "publish q0 t=2", "publish q0 t=3"];
        let mut wrong = right[..2].to_vec();
        wrong.extend(end(version, "disconnect 0x80"));
        let fault = Fault::OverlappingPairEndsSubscriber;
        shows(fault, &right, &wrong, |pair| {
            let plain = reader(pair, version, "plain", "t", 0);
            let reader = reader(pair, version, "reader", "t", 0);
            pair.subscribe(reader, "+", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(0, 0, "t", "1"));
            pair.wait_s(1);
            pair.send(writer, message(0, 0, "t", "2"));
            pair.send(writer, message(0, 0, "t", "3"));
            assert_eq!(pair.seen(plain), right);
            pair.seen(reader)
        });
    }
}

#[test]
fn long_messages_wait_too() {
    for version in BOTH {
        let fault = Fault::LongQueuedPayloadLost;
        shows(fault, &["300", "256", "257"], &["300", "256"], |pair| {
            let away = keeper(pair, version, 1);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", &"x".repeat(300)));
            let mut all = texts(pair, away);
            pair.lose(away);
            for length in [256, 257] {
                pair.send(writer, message(1, 1, "t", &"x".repeat(length)));
            }
            let away = back(pair, version);
            pair.send(away, Packet::PubAck(ack(1)));
            all.extend(
                texts(pair, away)
                    .into_iter()
                    .filter(|text| text.len() < 300),
            );
            all.iter().map(|text| text.len().to_string()).collect()
        });
    }
}

#[test]
fn the_last_property_is_a_property() {
    for (length, is_long) in [(119, false), (120, true)] {
        let value = "v".repeat(length);
        let right = format!("publish q0 t=x n:{value} PayloadFormatIndicator(1)");
        let wrong = match is_long {
            true => format!("publish q0 t=\u{1}\u{1}x n:{value}"),
            false => right.clone(),
        };
        let fault = Fault::LastBytePropertyIntoPayload;
        shows(fault, &[&right], &[&wrong], |pair| {
            let reader = reader(pair, V5, "reader", "t", 0);
            let property = Property::UserProperty("n".into(), value.as_str().into());
            let properties = [property, Property::PayloadFormatIndicator(1)];
            pair.send(reader, rich(properties, publish("t", "x")));
            pair.seen(reader)
        });
    }
}

#[test]
fn the_properties_of_a_will_are_checked_and_no_more() {
    let refused = ["connack 0x81 sp=0", "closed"];
    shows(Fault::WillResponseTopicUnchecked, &refused, &[], |pair| {
        let clause = Clause::v5("MQTT-4.7.0-1");
        let topic = error(PacketType::CONNECT, "will_topic", clause);
        let strict = pair.open();
        pair.malformed(strict, Some(V5), topic);
        assert_eq!(pair.seen(strict), refused);
        let publisher = pair.connected(hello(V5, "publisher"));
        let topic = error(
            PacketType::PUBLISH,
            "response_topic",
            Clause::v5("MQTT-3.3.2-14"),
        );
        pair.malformed(publisher, None, topic);
        assert_eq!(pair.seen(publisher), ["disconnect 0x81", "closed"]);
        let topic = error(PacketType::CONNECT, "will_response_topic", clause);
        let lenient = pair.open();
        pair.malformed(lenient, Some(V5), topic);
        pair.seen(lenient)
    });
    let fault = Fault::WillPayloadFormatRefused;
    shows(fault, &["connack 0x00 sp=0"], &refused, |pair| {
        let plain = pair.connect(hello(V5, "plain").will("w"));
        assert_eq!(pair.seen(plain), ["connack 0x00 sp=0"]);
        let doomed = hello(V5, "doomed").will_with("w", |will: &mut Will| {
            will.properties.push(Property::PayloadFormatIndicator(0));
        });
        let doomed = pair.connect(doomed);
        pair.seen(doomed)
    });
}

#[test]
fn requests_need_no_response_information() {
    let properties = || {
        [
            Property::ResponseTopic("r".into()),
            Property::ContentType("c".into()),
            Property::CorrelationData("d".into()),
        ]
    };
    let [topic, content, data] = properties().map(|property| format!("{property:?}"));
    let whole = |what: &str| format!("publish q0 {what} {topic} {content} {data}");
    let right = [whole("t=asks"), whole("t=x"), whole("t=gone")];
    let bare = |what: &str| format!("publish q0 {what} {content}");
    let wrong = [whole("t=asks"), bare("t=x"), bare("t=gone")];
    let (right, wrong) = (right.each_ref(), wrong.each_ref());
    let (right, wrong) = (right.map(|s| &**s), wrong.map(|s| &**s));
    let fault = Fault::ResponsePropertiesNeedRequest;
    shows(fault, &right, &wrong, |pair| {
        let reader = reader(pair, V5, "reader", "t", 0);
        let asks = hello(V5, "asks").property(Property::RequestResponseInformation(1));
        let asks = pair.connected(asks);
        pair.send(asks, rich(properties(), publish("t", "asks")));
        let doomed = hello(V5, "doomed").will_with("t", |will: &mut Will| {
            will.properties = properties().into_iter().collect();
        });
        let doomed = pair.connected(doomed);
        pair.send(doomed, rich(properties(), publish("t", "x")));
        pair.lose(doomed);
        pair.seen(reader)
    });
}

#[test]
fn the_flags_of_a_message_are_the_servers_own() {
    for version in BOTH {
        let right = ["publish q0 t=x", "publish q1 id=1 t=x"];
        let wrong = ["publish q0 dup t=x", right[1]];
        shows(Fault::DupPropagatedToQos0, &right, &wrong, |pair| {
            let readers = [("a", 0), ("b", 1)];
            let readers = readers.map(|(name, level)| reader(pair, version, name, "t", level));
            let writer = writer(pair, version);
            let again = Publish {
                dup: true,
                qos: qos(1),
                packet_id: Some(id(1)),
                ..publish("t", "x")
            };
            pair.send(writer, Packet::Publish(again));
            readers
                .iter()
                .flat_map(|reader| pair.seen(*reader))
                .collect()
        });
    }
    let right = ["publish q0 t=x", "publish q0 t=x"];
    let wrong = ["publish q0 retain t=x", "publish q0 t=x"];
    shows(Fault::RetainKeptLiveForOlder, &right, &wrong, |pair| {
        let readers =
            [V3, V5].map(|version| reader(pair, version, &format!("{version:?}"), "t", 0));
        let writer = writer(pair, V5);
        pair.send(writer, retained("t", "x"));
        readers
            .iter()
            .flat_map(|reader| pair.seen(*reader))
            .collect()
    });
    let kept = "publish q0 retain t=x";
    shows(
        Fault::RetainLostForNewer,
        &[kept, kept],
        &[kept, "publish q0 t=x"],
        |pair| {
            let writer = writer(pair, V5);
            pair.send(writer, retained("t", "x"));
            let mut all = brought(pair, V3, "t", 0);
            all.extend(brought(pair, V5, "t", 0));
            all
        },
    );
}

#[test]
fn at_qos_0_a_message_has_no_packet_id() {
    let right = ["publish q0 t=x", "publish q0 t=y", "publish q0 t=z"];
    let wrong = ["publish q0 t=ABx", right[1], right[2]];
    shows(Fault::PacketIdAtQos0ForOlder, &right, &wrong, |pair| {
        let newer = reader(pair, V5, "newer", "t", 0);
        let older = reader(pair, V3, "older", "t", 0);
        let writer = writer(pair, V5);
        pair.send(writer, message(2, 0x4142, "t", "x"));
        pair.send(writer, message(1, 0x4143, "t", "y"));
        let alike = pair.connected(hello(V3, "alike"));
        pair.send(alike, message(2, 0x4142, "t", "z"));
        assert_eq!(pair.seen(newer), right);
        pair.seen(older)
    });
}
