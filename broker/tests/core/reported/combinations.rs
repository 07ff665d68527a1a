//! Circumstances that only do harm together, and what happens for the second time.

use mqtt_check_broker::Fault;
use mqtt_check_codec::{Packet, Property, Publish, ReasonCode, SubscriptionOptions};

use super::{back, keeper, reader, rich, shows, shows_with, texts, writer};
use crate::pair::{
    BOTH, V3, V5, ack, hello, id, lasting, message, publish, qos, retained, subscribe,
    subscribe_with,
};

#[test]
fn a_subscription_identifier_may_be_the_largest() {
    let fault = Fault::LargestIdentifierRefused;
    let wrong = ["disconnect 0x82", "closed"];
    shows(fault, &["suback id=1 00"], &wrong, |pair| {
        let a = pair.connected(hello(V5, "a"));
        let largest = [Property::SubscriptionIdentifier(0x0FFF_FFFF)];
        pair.send(
            a,
            subscribe_with(1, largest, [("t", SubscriptionOptions::new(qos(0)))]),
        );
        pair.seen(a)
    });
}

#[test]
fn a_retained_message_has_its_payload_in_each_version() {
    for (of, to) in [(V5, V3), (V3, V5)] {
        let fault = Fault::RetainedPayloadGrows;
        shows(fault, &["x", "x"], &["x", "\0x"], |pair| {
            let writer = writer(pair, of);
            pair.send(writer, retained("t", "x"));
            let same = reader(pair, of, "same", "t", 0);
            let mut came = texts(pair, same);
            let other = reader(pair, to, "other", "t", 0);
            came.extend(texts(pair, other));
            came
        });
    }
}

#[test]
fn a_topic_may_have_its_alias_again() {
    let fault = Fault::AliasGivenAgainLost;
    shows(fault, &["a", "b", "c"], &["a", "c"], |pair| {
        let reader = reader(pair, V5, "reader", "t", 0);
        let writer = writer(pair, V5);
        let alias = || [Property::TopicAlias(1)];
        for (topic, text) in [("t", "a"), ("t", "b"), ("", "c")] {
            let publish = Publish {
                qos: qos(0),
                packet_id: None,
                ..publish(topic, text)
            };
            pair.send(writer, rich(alias(), publish));
        }
        texts(pair, reader)
    });
}

#[test]
fn an_alias_given_again_is_no_error() {
    let fault = Fault::AliasGivenAgainEndsConnection;
    shows(fault, &["a", "b"], &["a"], |pair| {
        let reader = reader(pair, V5, "reader", "t", 0);
        let writer = writer(pair, V5);
        for (number, text) in (1..).zip(["a", "b"]) {
            let alias = [Property::TopicAlias(1)];
            let publish = Publish {
                qos: qos(1),
                packet_id: Some(id(number)),
                ..publish("t", text)
            };
            pair.send(writer, rich(alias, publish));
        }
        texts(pair, reader)
    });
}

#[test]
fn the_same_message_may_be_retained_again() {
    for version in BOTH {
        let fault = Fault::SameRetainedEndsPublisher;
        let wrong = super::end(version, "disconnect 0x80");
        shows(fault, &[], &wrong, |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "x"));
            pair.send(writer, retained("t", "x"));
            pair.seen(writer)
        });
    }
}

#[test]
fn a_cleared_or_replaced_topic_has_its_latest_message() {
    for version in BOTH {
        let fault = Fault::ClearedTopicRetainsNothing;
        shows(fault, &["y"], &[], |pair| {
            let writer = writer(pair, version);
            for text in ["x", "", "y"] {
                pair.send(writer, retained("t", text));
            }
            let reader = reader(pair, version, "reader", "t", 0);
            texts(pair, reader)
        });
        let fault = Fault::ClearedByWillRetainsNothing;
        shows(fault, &["y"], &[], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "x"));
            let clearing = |will: &mut mqtt_check_codec::Will| {
                will.payload = Default::default();
                will.retain = true;
            };
            let doomed = pair.connected(hello(version, "doomed").will_with("t", clearing));
            pair.lose(doomed);
            pair.send(writer, retained("t", "y"));
            let reader = reader(pair, version, "reader", "t", 0);
            texts(pair, reader)
        });
        let fault = Fault::FormerRetainedSentToo;
        shows(fault, &["y"], &["x", "y"], |pair| {
            let writer = writer(pair, version);
            for text in ["x", "y"] {
                pair.send(writer, retained("t", text));
            }
            let reader = reader(pair, version, "reader", "t", 0);
            texts(pair, reader)
        });
    }
}

#[test]
fn all_that_waited_in_a_group_is_delivered() {
    let fault = Fault::SharedBacklogCut;
    shows(fault, &["12"], &["10"], |pair| {
        let a = pair.connected(lasting(V5, "keeper"));
        pair.subscribe(a, "$share/g/t", 1);
        pair.lose(a);
        let writer = writer(pair, V5);
        for number in 1..=12 {
            pair.send(writer, message(1, number, "t", "x"));
        }
        pair.wait_s(1);
        let a = back(pair, V5);
        vec![texts(pair, a).len().to_string()]
    });
}

#[test]
fn the_bytes_of_a_client_identifier_do_not_matter() {
    for version in BOTH {
        let fault = Fault::OddClientsLoseQueue;
        shows(fault, &["b x", "c x"], &["b x"], |pair| {
            for name in ["b", "c"] {
                let a = pair.connected(lasting(version, name));
                pair.subscribe(a, "t", 1);
                pair.lose(a);
            }
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            let mut came = Vec::new();
            for name in ["b", "c"] {
                let a = pair.connected(lasting(version, name));
                let texts = texts(pair, a).into_iter();
                came.extend(texts.map(|text| format!("{name} {text}")));
            }
            came
        });
    }
}

#[test]
fn a_connect_refused_for_its_will_changes_nothing() {
    for is_live in [true, false] {
        let fault = Fault::UnwelcomeWillTakesOver;
        let (right, wrong) = (
            ["connack 0x00 sp=1 MaximumQoS(0)"],
            ["connack 0x00 sp=0 MaximumQoS(0)"],
        );
        shows_with(
            |config| config.maximum_qos = qos(0),
            fault,
            &right,
            &wrong,
            |pair| {
                let a = pair.connected(lasting(V5, "a"));
                if !is_live {
                    pair.lose(a);
                }
                let will = |will: &mut mqtt_check_codec::Will| will.qos = qos(1);
                pair.connect(lasting(V5, "a").will_with("wills", will));
                let a = pair.connect(lasting(V5, "a"));
                pair.seen(a)
            },
        );
    }
}

#[test]
fn a_queue_that_was_full_is_delivered() {
    for version in BOTH {
        let fault = Fault::FullQueueNeverSent;
        shows_with(
            |config| config.maximum_queued_messages = 2,
            fault,
            &["a", "b"],
            &[],
            |pair| {
                let a = keeper(pair, version, 1);
                pair.lose(a);
                let writer = writer(pair, version);
                for (number, text) in (1..).zip(["a", "b", "c"]) {
                    pair.send(writer, message(1, number, "t", text));
                }
                let a = back(pair, version);
                texts(pair, a)
            },
        );
    }
}

#[test]
fn a_restart_leaves_publishers_their_acknowledgements() {
    for version in BOTH {
        for (level, answer) in [(1, "puback id=1"), (2, "pubrec id=1")] {
            let fault = Fault::RestartHangsPublishers;
            shows_with(
                |config| config.durable = true,
                fault,
                &[answer],
                &[],
                |pair| {
                    let a = keeper(pair, version, 1);
                    pair.lose(a);
                    pair.restart_after_s(1);
                    let writer = writer(pair, version);
                    pair.send(writer, message(level, 1, "t", "x"));
                    pair.seen(writer)
                },
            );
        }
    }
}

#[test]
fn what_is_acknowledged_does_not_come_again() {
    for version in BOTH {
        let fault = Fault::AcknowledgedSentAgain;
        shows(fault, &["x"], &["x", "x"], |pair| {
            let a = keeper(pair, version, 1);
            pair.lose(a);
            let a = back(pair, version);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            let mut came = texts(pair, a);
            pair.send(a, Packet::PubAck(ack(1)));
            pair.lose(a);
            let a = back(pair, version);
            came.extend(texts(pair, a));
            came
        });
    }
}

#[test]
fn a_takeover_goes_on_with_the_retained_messages() {
    let right = ["a", "a", "b"];
    let repeated = ["a", "a", "a", "b"];
    for (fault, wrong) in [
        (Fault::RetainedRepeatedOnTakeover, &repeated[..]),
        (Fault::TakeoverLosesWaitingRetained, &right[..2]),
    ] {
        shows(fault, &right, wrong, |pair| {
            let writer = writer(pair, V5);
            for (number, text) in [(1, "a"), (2, "b")] {
                let publish = Publish {
                    retain: true,
                    qos: qos(1),
                    packet_id: Some(id(number)),
                    ..publish(text, text)
                };
                pair.send(writer, Packet::Publish(publish));
            }
            let bound = || lasting(V5, "keeper").property(Property::ReceiveMaximum(1));
            let a = pair.connected(bound());
            pair.subscribe(a, "+", 1);
            let mut came = texts(pair, a);
            let a = pair.connected(bound());
            for _ in 0..4 {
                let next = pair.packets(a).into_iter();
                for packet in next {
                    if let Packet::Publish(publish) = packet {
                        came.push(String::from_utf8_lossy(&publish.payload).into_owned());
                        let id = publish.packet_id.expect("QoS 1").get();
                        pair.send(a, Packet::PubAck(ack(id)));
                    }
                }
            }
            came
        });
    }
}

#[test]
fn qos_0_in_a_group_takes_no_room() {
    let fault = Fault::SharedQos0UsesQuota;
    shows(fault, &["x", "y"], &["x"], |pair| {
        let bound = hello(V5, "reader").property(Property::ReceiveMaximum(1));
        let reader = pair.connected(bound);
        pair.subscribe(reader, "$share/g/t", 0);
        pair.subscribe(reader, "u", 1);
        let writer = writer(pair, V5);
        pair.send(writer, message(1, 1, "t", "x"));
        pair.send(writer, message(1, 2, "u", "y"));
        texts(pair, reader)
    });
    let fault = Fault::RetainedQos0UsesQuota;
    shows(fault, &["x", "y"], &["x"], |pair| {
        let writer = writer(pair, V5);
        pair.send(writer, retained("t", "x"));
        let bound = hello(V5, "reader").property(Property::ReceiveMaximum(1));
        let reader = pair.connected(bound);
        pair.subscribe(reader, "u", 1);
        pair.send(reader, subscribe(7, &[("t", 0)]));
        pair.send(writer, message(1, 2, "u", "y"));
        texts(pair, reader)
    });
}

#[test]
fn overlapping_subscriptions_bring_one_copy_each_at_most() {
    for version in BOTH {
        let fault = Fault::OverlappingSquared;
        shows(fault, &["x"], &["x"; 4], |pair| {
            let reader = reader(pair, version, "reader", "t", 0);
            pair.subscribe(reader, "+", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(0, 0, "t", "x"));
            texts(pair, reader)
        });
    }
}

#[test]
fn a_refused_message_to_retain_frees_its_packet_id() {
    let fault = Fault::UnretainedRefusalKeepsId;
    shows_with(
        |config| config.maximum_retained_messages = 0,
        fault,
        &["y"],
        &[],
        |pair| {
            let reader = reader(pair, V5, "reader", "t", 0);
            let writer = writer(pair, V5);
            let refused = Publish {
                retain: true,
                qos: qos(2),
                packet_id: Some(id(1)),
                ..publish("t", "x")
            };
            pair.send(writer, Packet::Publish(refused));
            pair.send(writer, message(2, 1, "t", "y"));
            texts(pair, reader)
        },
    );
    let fault = Fault::ForbiddenRefusalKeepsId;
    shows_with(
        |config| config.access = Some(Vec::new()),
        fault,
        &["pubrec id=1 0x87", "pubrec id=1 0x87"],
        &["pubrec id=1 0x87", "pubrec id=1"],
        |pair| {
            let writer = writer(pair, V5);
            pair.send(writer, message(2, 1, "t", "x"));
            pair.send(writer, message(2, 1, "t", "y"));
            pair.seen(writer)
        },
    );
}

#[test]
fn a_second_puback_frees_no_room() {
    let fault = Fault::LivePubackAgainFreesSlot;
    shows(fault, &["a", "b"], &["a", "b", "c"], |pair| {
        let bound = hello(V5, "reader").property(Property::ReceiveMaximum(1));
        let a = pair.connected(bound);
        pair.subscribe(a, "t", 1);
        let writer = writer(pair, V5);
        for (number, text) in (1..).zip(["a", "b", "c"]) {
            pair.send(writer, message(1, number, "t", text));
        }
        pair.send(a, Packet::PubAck(ack(1)));
        pair.send(a, Packet::PubAck(ack(1)));
        texts(pair, a)
    });
    let fault = Fault::SecondPubackFreesSlot;
    shows(fault, &["a", "b"], &["a", "b", "c"], |pair| {
        let bound = || lasting(V5, "keeper").property(Property::ReceiveMaximum(1));
        let a = pair.connected(bound());
        pair.subscribe(a, "t", 1);
        let writer = writer(pair, V5);
        pair.send(writer, message(1, 1, "t", "a"));
        pair.lose(a);
        pair.wait_s(1);
        let a = pair.connected(bound());
        let mut came = texts(pair, a);
        pair.send(a, Packet::PubAck(ack(1)));
        pair.send(writer, message(1, 2, "t", "b"));
        pair.send(writer, message(1, 3, "t", "c"));
        pair.send(
            a,
            Packet::PubAck(mqtt_check_codec::Ack {
                reason: ReasonCode::SUCCESS,
                ..ack(1)
            }),
        );
        came.extend(texts(pair, a));
        came
    });
}

#[test]
fn an_unacknowledged_retained_message_is_sent_again() {
    for version in BOTH {
        let fault = Fault::RetainedInflightNotResent;
        shows(fault, &["x"], &[], |pair| {
            let writer = writer(pair, version);
            let kept = Publish {
                retain: true,
                qos: qos(1),
                packet_id: Some(id(1)),
                ..publish("t", "x")
            };
            pair.send(writer, Packet::Publish(kept));
            let a = keeper(pair, version, 1);
            pair.lose(a);
            let a = back(pair, version);
            texts(pair, a)
        });
    }
}
