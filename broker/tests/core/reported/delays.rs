//! What takes effect too late, or when its time has passed.

use std::time::Duration;

use mqtt_check_broker::Fault;
use mqtt_check_codec::{Packet, Property};

use super::{back, keeper, reader, rich, shows, shows_with, texts, writer};
use crate::pair::{BOTH, Pair, V5, ack, hello, lasting, message, publish, retained, subscribe};

const SOON: Duration = Duration::from_millis(30);

#[test]
fn a_subscription_takes_effect_with_suback() {
    for version in BOTH {
        let fault = Fault::SubscribeTakesEffectLate;
        shows(fault, &["early", "late"], &["late"], |pair| {
            let writer = writer(pair, version);
            let reader = reader(pair, version, "reader", "t", 0);
            pair.send(writer, message(0, 0, "t", "early"));
            pair.wait(SOON);
            pair.send(writer, message(0, 0, "t", "late"));
            texts(pair, reader)
        });
    }
}

#[test]
fn retained_messages_come_before_later_ones() {
    for version in BOTH {
        let fault = Fault::RetainedBehindLive;
        shows(fault, &["old", "new"], &["new", "old"], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "old"));
            let reader = reader(pair, version, "reader", "t", 0);
            pair.send(writer, message(0, 0, "t", "new"));
            pair.wait(SOON);
            texts(pair, reader)
        });
    }
}

#[test]
fn a_message_by_alias_is_delivered_although_its_client_leaves() {
    let fault = Fault::AliasedBeforeDisconnectLost;
    shows(fault, &["a", "b", "c"], &["a", "b"], |pair| {
        let reader = reader(pair, V5, "reader", "t", 1);
        let writer = writer(pair, V5);
        let alias = || [Property::TopicAlias(1)];
        pair.send(writer, rich(alias(), publish("t", "a")));
        pair.send(writer, rich(alias(), publish("", "b")));
        pair.send(writer, Packet::PingReq);
        pair.send(writer, rich(alias(), publish("", "c")));
        pair.disconnect(writer);
        pair.wait(SOON);
        texts(pair, reader)
    });
}

#[test]
fn a_shared_subscription_may_arrive_with_connect() {
    let fault = Fault::SharedBehindConnectIdle;
    shows(fault, &["x"], &[], |pair| {
        let reader = reader(pair, V5, "reader", "$share/g/t", 1);
        pair.wait(SOON);
        let writer = writer(pair, V5);
        pair.send(writer, message(1, 1, "t", "x"));
        texts(pair, reader)
    });
}

#[test]
fn nothing_of_a_displaced_connection_clears_new_subscriptions() {
    for version in BOTH {
        let fault = Fault::CleanTakeoverClearsLater;
        shows(fault, &["x", "y"], &["x"], |pair| {
            pair.connected(hello(version, "reader"));
            let reader = reader(pair, version, "reader", "t", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(0, 0, "t", "x"));
            pair.wait(SOON);
            pair.send(writer, message(0, 0, "t", "y"));
            texts(pair, reader)
        });
    }
}

#[test]
fn the_keep_alive_of_a_displaced_connection_publishes_no_will() {
    for version in BOTH {
        let fault = Fault::DisplacedKeepAlivePublishesWill;
        shows(fault, &[], &["gone"], |pair| {
            let heir = reader(pair, version, "heir", "wills", 0);
            pair.connected(lasting(version, "a").keep_alive(10));
            pair.connected(lasting(version, "a").keep_alive(60).will("wills"));
            pair.wait_s(20);
            texts(pair, heir)
        });
    }
}

#[test]
fn each_connection_has_the_keep_alive_of_its_own_connect() {
    for version in BOTH {
        let fault = Fault::KeepAliveGrowsOnResume;
        let closed = super::end(version, "disconnect 0x8D");
        shows(fault, &closed, &[], |pair| {
            let a = pair.connected(lasting(version, "a").keep_alive(10));
            pair.lose(a);
            let a = pair.connected(lasting(version, "a").keep_alive(10));
            pair.wait_s(20);
            pair.seen(a)
        });
    }
    let fault = Fault::KeepAliveAtMaximumUnfed;
    let open = ["pingresp"];
    let closed = ["pingresp", "disconnect 0x8D", "closed"];
    shows_with(
        |config| config.server_keep_alive = Some(10),
        fault,
        &open,
        &closed,
        |pair| {
            let a = pair.connected(hello(V5, "a").keep_alive(10));
            pair.wait_s(10);
            pair.send(a, Packet::PingReq);
            pair.wait_s(10);
            pair.seen(a)
        },
    );
}

#[test]
fn a_packet_id_stays_in_use_until_it_is_released() {
    for version in BOTH {
        let fault = Fault::UnreleasedForgottenInTime;
        shows(fault, &["x"], &["x", "x"], |pair| {
            let reader = reader(pair, version, "reader", "t", 0);
            let writer = writer(pair, version);
            pair.send(writer, message(2, 1, "t", "x"));
            pair.wait_s(200);
            pair.send(writer, message(2, 1, "t", "x"));
            pair.wait_s(200);
            pair.send(writer, message(2, 1, "t", "x"));
            texts(pair, reader)
        });
    }
}

#[test]
fn messages_for_a_taken_over_session_are_sent_at_once() {
    for version in BOTH {
        let fault = Fault::TakeoverQueuesForLater;
        shows(fault, &["x"], &["x later"], |pair: &mut Pair| {
            keeper(pair, version, 1);
            let a = back(pair, version);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            let mut came = texts(pair, a);
            pair.send(a, Packet::PubAck(ack(1)));
            pair.lose(a);
            let a = back(pair, version);
            let later = texts(pair, a).into_iter();
            came.extend(later.map(|text| format!("{text} later")));
            came
        });
    }
}

#[test]
fn a_resumed_session_beside_retained_messages_is_welcomed() {
    for version in BOTH {
        let fault = Fault::ReconnectBesideRetainedRefused;
        shows(fault, &["connack 0x00 sp=1"], &[], |pair| {
            let a = pair.connected(lasting(version, "a"));
            pair.send(a, subscribe(1, &[("a/#", 1)]));
            pair.lose(a);
            let writer = writer(pair, version);
            pair.send(writer, retained("a/b", "x"));
            let a = pair.connect(lasting(version, "a"));
            pair.packets(a);
            let _ = pair.seen(a);
            pair.lose(a);
            let a = pair.connect(lasting(version, "a"));
            pair.seen(a)
        });
    }
}

#[test]
fn an_unacknowledged_message_is_resent_even_late() {
    for version in BOTH {
        let fault = Fault::UnacknowledgedForgottenInTime;
        shows(fault, &["x", "x"], &["x"], |pair| {
            let a = keeper(pair, version, 1);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            let mut came = texts(pair, a);
            pair.lose(a);
            pair.wait_s(700);
            let a = back(pair, version);
            came.extend(texts(pair, a));
            came
        });
    }
}

#[test]
fn a_long_keep_alive_is_fed_within_the_one_of_the_server() {
    let fault = Fault::KeepAliveBeyondMaximumUnfed;
    shows_with(
        |config| config.server_keep_alive = Some(10),
        fault,
        &["pingresp"],
        &["pingresp", "disconnect 0x8D", "closed"],
        |pair| {
            let a = pair.connected(hello(V5, "a").keep_alive(60));
            pair.wait_s(10);
            pair.send(a, Packet::PingReq);
            pair.wait_s(10);
            pair.seen(a)
        },
    );
}

#[test]
fn a_wildcard_may_arrive_with_connect() {
    for version in BOTH {
        let fault = Fault::WildcardBehindConnectIdle;
        shows(fault, &["x"], &[], |pair| {
            let reader = reader(pair, version, "reader", "+", 1);
            pair.wait(SOON);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            texts(pair, reader)
        });
    }
}

#[test]
fn a_message_is_retained_although_its_client_leaves() {
    for version in BOTH {
        let fault = Fault::RetainedBeforeDisconnectLost;
        shows(fault, &["x"], &[], |pair| {
            let writer = writer(pair, version);
            pair.send(writer, retained("t", "x"));
            pair.disconnect(writer);
            pair.wait(SOON);
            let reader = reader(pair, version, "reader", "t", 0);
            texts(pair, reader)
        });
    }
}
