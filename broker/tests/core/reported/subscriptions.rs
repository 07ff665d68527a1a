//! What one subscription means for others, and what a subscription brings.

use mqtt_check_broker::Fault;
use mqtt_check_codec::{Packet, Property};

use super::{reader, rich, shows, shows_with, texts, writer};
use crate::details::kept;
use crate::pair::{
    BOTH, Pair, Peer, V3, V5, hello, lasting, message, publish, retained, subscribe, unsubscribe,
};

/// Publishes to these topics, and returns the texts that came.
fn heard(pair: &mut Pair, peer: Peer, topics: &[&str]) -> Vec<String> {
    let writer = writer(pair, V5);
    for topic in topics {
        pair.send(writer, message(0, 0, topic, topic));
    }
    texts(pair, peer)
}

#[test]
fn subscriptions_of_others_stay() {
    for version in BOTH {
        let others = [
            ("a/b", "a/#", Fault::WildcardSubscribeUnsubscribesOthers),
            ("a/+", "a/b", Fault::ExactSubscribeUnsubscribesOthers),
        ];
        for (own, other, fault) in others {
            shows(fault, &["a/b"], &[], |pair| {
                let first = reader(pair, version, "first", own, 0);
                reader(pair, version, "second", other, 0);
                heard(pair, first, &["a/b"])
            });
        }
        let levels = [
            ("a", Fault::UnsubscribePrunesAbove, &[][..]),
            ("a/b/c", Fault::UnsubscribePrunesBelow, &[]),
            ("a", Fault::RemovedFilterWidensParent, &["a", "a/x"]),
        ];
        for (held, fault, wrong) in levels {
            shows(fault, &[held], wrong, |pair| {
                let first = reader(pair, version, "first", held, 0);
                let second = reader(pair, version, "second", "a/b", 0);
                pair.send(second, unsubscribe(9, &["a/b"]));
                heard(pair, first, &["a", "a/b/c", "a/x"][..])
                    .into_iter()
                    .filter(|text| text == held || text == "a/x")
                    .collect()
            });
        }
        for filter in ["t", "+"] {
            let fault = Fault::UnsubscribeOfNothingEndsAnother;
            shows(fault, &["t"], &[], |pair| {
                let first = reader(pair, version, "first", filter, 0);
                let second = writer(pair, version);
                pair.send(second, unsubscribe(9, &[filter]));
                pair.seen(second);
                heard(pair, first, &["t"])
            });
        }
        let fault = Fault::UnsubscribeOfQos0Alone;
        shows(fault, &[], &["t"], |pair| {
            let first = reader(pair, version, "first", "t", 1);
            pair.send(first, unsubscribe(9, &["t"]));
            pair.seen(first);
            heard(pair, first, &["t"])
        });
    }
}

#[test]
fn a_hash_matches_its_parent_and_a_message_has_its_topic() {
    for version in BOTH {
        shows(Fault::HashWithoutParent, &["a"], &[], |pair| {
            let first = reader(pair, version, "first", "a/#", 0);
            heard(pair, first, &["a"])
        });
        let (right, wrong) = (["publish q0 a/b=x"], ["publish q0 a/+=x"]);
        shows(Fault::LiveUnderFilter, &right, &wrong, |pair| {
            let first = reader(pair, version, "first", "a/+", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(0, 0, "a/b", "x"));
            pair.seen(first)
        });
    }
}

#[test]
fn a_suback_has_one_code_for_each_filter() {
    for version in BOTH {
        let (right, wrong) = (["suback id=1 00 01"], ["suback id=1 00 01 01"]);
        shows(Fault::SubackCodeAdded, &right, &wrong, |pair| {
            let first = writer(pair, version);
            pair.send(first, subscribe(1, &[("t", 0), ("u", 1)]));
            pair.seen(first)
        });
    }
}

#[test]
fn a_subscription_brings_retained_messages_to_its_client_alone() {
    for version in BOTH {
        shows(Fault::RetainedSentToOthers, &[], &["x"], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "x"));
            let first = reader(pair, version, "first", "t", 0);
            pair.seen(first);
            reader(pair, version, "second", "t", 0);
            texts(pair, first)
        });
        shows(Fault::RetainedForResumedAlone, &["x"], &[], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "x"));
            let first = pair.connected(hello(version, "first"));
            pair.send(first, subscribe(1, &[("t", 0)]));
            texts(pair, first)
        });
    }
}

#[test]
fn each_way_of_a_message_uses_a_free_packet_id() {
    for version in BOTH {
        let ways = [
            (Fault::WillPacketIdAlwaysOne, "wills"),
            (Fault::RetainedPacketIdAlwaysOne, "kept"),
            (Fault::SharedPacketIdAlwaysOne, "$share/g/shared"),
        ];
        for (fault, filter) in ways {
            if version == V3 && fault == Fault::SharedPacketIdAlwaysOne {
                continue;
            }
            let (right, wrong) = (["id=1", "id=2"], ["id=1", "id=1"]);
            shows(fault, &right, &wrong, |pair| {
                let writer = writer(pair, version);
                pair.send(writer, Packet::Publish(kept(1, "kept", "x")));
                let first = reader(pair, version, "first", "t", 1);
                pair.send(writer, message(1, 1, "t", "x"));
                pair.send(first, subscribe(2, &[(filter, 1)]));
                pair.send(writer, message(1, 2, "shared", "x"));
                let doomed = hello(version, "doomed");
                let doomed = doomed.will_with("wills", |will| will.qos = crate::pair::qos(1));
                let doomed = pair.connected(doomed);
                pair.lose(doomed);
                let seen = pair.seen(first).into_iter();
                let ids = seen.filter(|line| line.starts_with("publish"));
                let ids = ids.filter_map(|line| line.split(' ').nth(2).map(str::to_owned));
                ids.collect()
            });
        }
    }
}

#[test]
fn a_message_reaches_its_subscribers_whole() {
    for version in BOTH {
        let fault = Fault::PayloadLosesTwoBytes;
        shows(fault, &["whole"], &["ole"], |pair| {
            let first = reader(pair, version, "first", "t", 1);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "whole"));
            texts(pair, first)
        });
        for (fault, wrong) in [
            (Fault::Qos0LostWithoutQueue, ["one"]),
            (Fault::Qos1LostWithoutQueue, ["none"]),
        ] {
            let no_queue = |config: &mut mqtt_check_broker::Config| {
                config.maximum_queued_messages = 0;
            };
            shows_with(no_queue, fault, &["none", "one"], &wrong, |pair| {
                let first = reader(pair, version, "first", "t", 1);
                let writer = writer(pair, version);
                pair.send(writer, message(0, 0, "t", "none"));
                pair.send(writer, message(1, 1, "t", "one"));
                texts(pair, first)
            });
        }
    }
    shows(
        Fault::ExpiredSentBare,
        &[],
        &["publish q1 id=1 t=x"],
        |pair| {
            let a = super::keeper(pair, V5, 1);
            pair.lose(a);
            let writer = writer(pair, V5);
            let news = mqtt_check_codec::Publish {
                qos: crate::pair::qos(1),
                packet_id: Some(crate::pair::id(1)),
                ..publish("t", "x")
            };
            pair.send(writer, rich([Property::MessageExpiryInterval(5)], news));
            pair.wait_s(10);
            let a = super::back(pair, V5);
            pair.seen(a)
        },
    );
}

#[test]
fn a_refusal_has_the_type_of_the_qos() {
    let refuse = |config: &mut mqtt_check_broker::Config| {
        // Only an empty list, which permits nothing.
        config.access = Some(Vec::new());
    };
    let (right, wrong) = (["pubrec id=1 0x87"], ["puback id=1 0x87"]);
    shows_with(refuse, Fault::Qos2RefusedByPuback, &right, &wrong, |pair| {
        let writer = writer(pair, V5);
        pair.send(writer, message(2, 1, "t", "x"));
        pair.seen(writer)
    });
}

#[test]
fn a_will_is_published_whatever_its_properties() {
    shows(Fault::WillOfContentTypeLost, &["gone"], &[], |pair| {
        let heir = reader(pair, V5, "heir", "wills", 0);
        let doomed = hello(V5, "doomed").will_with("wills", |will| {
            will.properties = [Property::ContentType("text".into())].into_iter().collect();
        });
        let doomed = pair.connected(doomed);
        pair.lose(doomed);
        texts(pair, heir)
    });
}

#[test]
fn a_takeover_leaves_the_newcomer_connected() {
    for version in BOTH {
        let fault = Fault::TakeoverEndsNewcomer;
        shows(fault, &["pingresp"], &["closed"], |pair| {
            pair.connected(lasting(version, "a"));
            let a = pair.connect(lasting(version, "a"));
            pair.send(a, Packet::PingReq);
            pair.seen(a)
                .into_iter()
                .filter(|line| !line.starts_with("connack"))
                .collect()
        });
        let fault = Fault::NewcomerRefused;
        let wrong = match version {
            V5 => ["connack 0x85 sp=0", "closed"],
            _ => ["connack 0x02 sp=0", "closed"],
        };
        shows(fault, &["connack 0x00 sp=1"], &wrong, |pair| {
            pair.connected(lasting(version, "a"));
            let a = pair.connect(lasting(version, "a"));
            pair.seen(a)
        });
        let fault = Fault::DisplacedKeepAliveEndsNewcomer;
        let wrong = super::end(version, "disconnect 0x8D");
        shows(fault, &["pingresp"; 3], &wrong, |pair| {
            pair.connected(lasting(version, "a").keep_alive(4));
            let a = pair.connected(lasting(version, "a").keep_alive(60));
            for _ in 0..3 {
                pair.wait_s(3);
                pair.send(a, Packet::PingReq);
            }
            let seen = pair.seen(a);
            let ends = seen.iter().any(|line| line == "closed");
            seen.into_iter()
                .filter(|line| !ends || line != "pingresp")
                .collect()
        });
    }
}

#[test]
fn a_server_keep_alive_holds_for_clients_without_one() {
    let limit = |config: &mut mqtt_check_broker::Config| config.server_keep_alive = Some(10);
    let right = ["disconnect 0x8D", "closed"];
    shows_with(limit, Fault::ServerKeepAliveSpares0, &right, &[], |pair| {
        let a = pair.connected(hello(V5, "a"));
        pair.wait_s(20);
        pair.seen(a)
    });
}
