//! What a restart, a second absence or an administrator leaves behind.

use mqtt_check_broker::{Control, Fault};
use mqtt_check_codec::{Packet, ReasonCode};

use super::{back, keeper, shows, shows_with, texts, writer};
use crate::pair::{BOTH, Pair, V5, hello, id, lasting, message};

/// Leaves one message unacknowledged and two in the queue, restarts the broker, and returns where they are then.
fn stored_twice(pair: &mut Pair) -> Vec<String> {
    let keeper = pair.connected(lasting(V5, "keeper"));
    pair.subscribe(keeper, "t", 1);
    let writer = pair.connected(lasting(V5, "writer"));
    pair.send(writer, message(1, 1, "t", "begun"));
    pair.lose(keeper);
    pair.send(writer, message(1, 2, "t", "first"));
    pair.send(writer, message(1, 3, "t", "second"));
    pair.restart_after_s(1);
    let writer = pair.connected(lasting(V5, "writer"));
    pair.send(writer, message(1, 4, "t", "third"));
    let keeper = pair.connected(lasting(V5, "keeper"));
    let mut came = texts(pair, keeper);
    let late = pair.connected(hello(V5, "late"));
    pair.subscribe(late, "t", 1);
    let retained = texts(pair, late).into_iter();
    came.extend(retained.map(|text| format!("retained {text}")));
    let writer = texts(pair, writer).into_iter();
    came.extend(writer.map(|text| format!("writer {text}")));
    came
}

#[test]
fn a_restart_leaves_each_message_in_its_place() {
    let right = ["begun", "first", "second", "third"];
    let wrong: [(Fault, &[&str]); 5] = [
        (
            Fault::RestartRetainsInflight,
            &["begun", "first", "second", "third", "retained begun"],
        ),
        (
            Fault::RestartRetainsQueued,
            &["begun", "first", "second", "third", "retained second"],
        ),
        (
            Fault::RestartOverwritesQueued,
            &["begun", "second", "third"],
        ),
        (
            Fault::RestartKeepsLastWaiting,
            &["begun", "second", "third"],
        ),
        (
            Fault::RestartInflightToPublisher,
            &["first", "second", "third", "writer begun"],
        ),
    ];
    for (fault, wrong) in wrong {
        shows_with(
            |config| config.durable = true,
            fault,
            &right,
            wrong,
            stored_twice,
        );
    }
}

/// Leaves a session for 40 of its 60 s, comes back, and leaves it for as long again.
fn away_twice(pair: &mut Pair, delayed: bool) -> Vec<String> {
    let heir = pair.connected(hello(V5, "heir"));
    pair.subscribe(heir, "wills", 0);
    let wanderer = || match delayed {
        true => hello(V5, "a")
            .unclean()
            .expiry(300)
            .delayed_will("wills", 60),
        false => hello(V5, "a").unclean().expiry(60),
    };
    for _ in 0..2 {
        let a = pair.connected(wanderer());
        pair.lose(a);
        pair.wait_s(40);
    }
    let mut seen = pair.seen(heir);
    let a = pair.connect(wanderer());
    seen.extend(pair.seen(a));
    seen
}

#[test]
fn each_absence_counts_on_its_own() {
    let right = ["connack 0x00 sp=1"];
    let over = ["connack 0x00 sp=0"];
    shows(Fault::PreviousExpiryTimerFires, &right, &over, |pair| {
        away_twice(pair, false)
    });
    let early = ["publish q0 wills=gone", "connack 0x00 sp=1"];
    shows(Fault::PreviousWillTimerFires, &right, &early, |pair| {
        away_twice(pair, true)
    });
}

#[test]
fn disconnecting_an_offline_client_changes_nothing() {
    let (right, wrong) = (["connack 0x00 sp=0"], ["connack 0x00 sp=1"]);
    let fault = Fault::DisconnectingOfflineProlongs;
    shows(fault, &right, &wrong, |pair| {
        let a = pair.connected(hello(V5, "a").unclean().expiry(60));
        pair.lose(a);
        pair.wait_s(40);
        pair.control(Control::Kick {
            client: "a".into(),
            reason: ReasonCode::ADMINISTRATIVE_ACTION,
        });
        pair.wait_s(40);
        let a = pair.connect(hello(V5, "a").unclean().expiry(60));
        pair.seen(a)
    });
}

#[test]
fn an_expired_session_leaves_no_subscriptions() {
    let fault = Fault::ExpiredSubscriptionsReturn;
    shows(fault, &[], &["x"], |pair| {
        let a = pair.connected(hello(V5, "a").unclean().expiry(10));
        pair.subscribe(a, "t", 0);
        pair.lose(a);
        pair.wait_s(20);
        let a = pair.connected(hello(V5, "a").unclean().expiry(10));
        let writer = writer(pair, V5);
        pair.send(writer, message(0, 0, "t", "x"));
        texts(pair, a)
    });
}

#[test]
fn a_client_that_had_a_clean_session_can_have_a_lasting_one() {
    for version in BOTH {
        let fault = Fault::OnceCleanRefusesUnclean;
        let wrong = match version {
            V5 => ["connack 0x88 sp=0", "closed"],
            _ => ["connack 0x03 sp=0", "closed"],
        };
        shows(fault, &["connack 0x00 sp=0"], &wrong, |pair| {
            let a = pair.connected(hello(version, "a"));
            pair.disconnect(a);
            let a = pair.connect(lasting(version, "a"));
            pair.seen(a)
        });
        let fault = Fault::CleanSubscriptionNotKept;
        shows(fault, &["x"], &[], |pair| {
            let a = pair.connected(hello(version, "keeper"));
            pair.subscribe(a, "t", 1);
            pair.disconnect(a);
            let a = keeper(pair, version, 1);
            pair.lose(a);
            let a = back(pair, version);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            texts(pair, a)
        });
    }
}

#[test]
fn packet_ids_in_use_are_not_given_again_on_the_next_connection() {
    for version in BOTH {
        let right = ["publish q1 id=1 dup t=x", "publish q1 id=2 t=y"];
        let wrong = ["publish q1 id=1 dup t=x", "publish q1 id=1 t=y"];
        let fault = Fault::ResumedGivesIdsAgain;
        shows(fault, &right, &wrong, |pair| {
            let a = keeper(pair, version, 1);
            let writer = writer(pair, version);
            pair.send(writer, message(1, 1, "t", "x"));
            pair.lose(a);
            let a = back(pair, version);
            pair.send(writer, message(1, 2, "t", "y"));
            pair.seen(a)
        });
    }
}

#[test]
fn an_unknown_release_is_answered() {
    for version in BOTH {
        let fault = Fault::UnknownReleaseEndsConnection;
        let right = match version {
            V5 => ["pubcomp id=7 0x92"],
            _ => ["pubcomp id=7"],
        };
        let wrong = super::end(version, "disconnect 0x82");
        shows(fault, &right, &wrong, |pair| {
            let writer = writer(pair, version);
            pair.send(writer, Packet::PubRel(crate::pair::ack(id(7).get())));
            pair.seen(writer)
        });
    }
}
