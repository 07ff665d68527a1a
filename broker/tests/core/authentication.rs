//! Enhanced authentication before CONNACK, and re-authentication.

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_broker::config::{Mechanism, User};
use mqtt_check_broker::{Config, Fault, Input};
use mqtt_check_codec::{Auth, Packet, Property, Publish, ReasonCode};
use mqtt_check_scram::{ClientFinal, ClientFirst};

use crate::pair::{Hello, Pair, Peer, V5, disconnect, hello, message, publish};

pub(crate) const METHOD: &str = "SCRAM-SHA-256";
pub(crate) const AGAIN: ReasonCode = ReasonCode::RE_AUTHENTICATE;
pub(crate) const ON: ReasonCode = ReasonCode::CONTINUE_AUTHENTICATION;

pub(crate) fn users(config: &mut Config) {
    let user = |name: &str, password: &str| User {
        name: name.to_owned(),
        password: mqtt_check_broker::config::Secret::new(password.as_bytes().to_vec()),
    };
    let users = vec![user("ursula", "secret"), user("otto", "other")];
    config.authentication = [(Mechanism::ScramSha256, users)].into();
}

pub(crate) fn auth(reason: ReasonCode, method: &str, data: Option<Vec<u8>>) -> Packet {
    let mut properties = vec![Property::AuthenticationMethod(ByteString::from(method))];
    properties.extend(data.map(|data| Property::AuthenticationData(Bytes::from(data))));
    let properties = properties.into_iter().collect();
    Packet::Auth(Auth { reason, properties })
}

pub(crate) fn proving(client: &str, data: Option<Vec<u8>>) -> Hello {
    let hello = hello(V5, client).property(Property::AuthenticationMethod(METHOD.into()));
    match data {
        Some(data) => hello.property(Property::AuthenticationData(Bytes::from(data))),
        None => hello,
    }
}

/// Returns the reason code and the data of the one AUTH that was received.
pub(crate) fn challenge(pair: &mut Pair, peer: Peer) -> (ReasonCode, Option<Bytes>) {
    match &pair.packets(peer)[..] {
        [Packet::Auth(auth)] => {
            let method = auth.properties.authentication_method();
            assert_eq!(method.as_deref(), Some(METHOD));
            (auth.reason, auth.properties.authentication_data())
        }
        other => panic!("no AUTH, but {other:?}"),
    }
}

/// Answers the challenge that the client must have received.
pub(crate) fn answer(
    pair: &mut Pair,
    peer: Peer,
    first: &ClientFirst,
    password: &str,
) -> ClientFinal {
    let (reason, data) = challenge(pair, peer);
    assert_eq!(reason, ON);
    let data = data.expect("a challenge has data");
    let last = first.answer(&data, password.as_bytes()).expect("an answer");
    pair.send(peer, auth(ON, METHOD, Some(last.message())));
    last
}

fn begun(pair: &mut Pair, user: &str) -> (Peer, ClientFirst) {
    let first = ClientFirst::new(user, "mine");
    let peer = pair.connect(proving("a", Some(first.message())));
    (peer, first)
}

fn let_in(pair: &mut Pair) -> Peer {
    let (peer, first) = begun(pair, "ursula");
    answer(pair, peer, &first, "secret");
    let connack = pair.packets(peer);
    assert!(
        matches!(&connack[..], [Packet::ConnAck(c)] if c.reason.0 == 0),
        "{connack:?}"
    );
    peer
}

#[test]
fn who_knows_the_password_is_let_in_and_told_so_with_a_signature() {
    let mut pair = Pair::with(users);
    let (peer, first) = begun(&mut pair, "ursula");
    assert!(pair.hooks().is_empty(), "nobody has connected yet");
    let last = answer(&mut pair, peer, &first, "secret");
    let packets = pair.packets(peer);
    let [Packet::ConnAck(connack)] = &packets[..] else {
        panic!("{packets:?}");
    };
    assert_eq!(connack.reason, ReasonCode::SUCCESS);
    let method = connack.properties.authentication_method();
    assert_eq!(method.as_deref(), Some(METHOD));
    let data = connack
        .properties
        .authentication_data()
        .expect("a signature");
    assert_eq!(last.verify(&data), Ok(()));
    assert_eq!(
        pair.hooks(),
        ["session.created a", "client.connected a user=ursula sp=0"]
    );
}

#[test]
fn who_does_not_is_refused_and_learns_not_why() {
    for (user, password) in [("ursula", "wrong"), ("nobody", "secret")] {
        let mut pair = Pair::with(users);
        let (peer, first) = begun(&mut pair, user);
        answer(&mut pair, peer, &first, password);
        assert_eq!(pair.seen(peer), ["connack 0x87 sp=0", "closed"], "{user}");
        assert!(pair.hooks().is_empty());
        assert_eq!(pair.broker().session_count(), 0);
    }
}

#[test]
fn a_client_that_brings_no_data_is_asked_for_it_once() {
    let mut pair = Pair::with(users);
    let peer = pair.connect(proving("a", None));
    assert_eq!(challenge(&mut pair, peer), (ON, None));
    let first = ClientFirst::new("ursula", "mine");
    pair.send(peer, auth(ON, METHOD, Some(first.message())));
    answer(&mut pair, peer, &first, "secret");
    assert!(pair.broker().is_connected("a"));

    let peer = pair.connect(proving("b", None));
    challenge(&mut pair, peer);
    pair.send(peer, auth(ON, METHOD, None));
    assert_eq!(pair.seen(peer), ["connack 0x87 sp=0", "closed"]);
}

#[test]
fn auth_is_a_sign_of_life() {
    let mut pair = Pair::with(users);
    let first = ClientFirst::new("ursula", "mine");
    let hello = proving("a", Some(first.message())).keep_alive(10);
    let peer = pair.connect(hello);
    answer(&mut pair, peer, &first, "secret");
    pair.wait_s(14);
    pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
    pair.wait_s(2);
    assert!(pair.broker().is_connected("a"));
}

#[test]
fn what_does_not_belong_into_an_exchange_ends_it() {
    let wrong = [
        auth(AGAIN, METHOD, None),
        auth(ReasonCode::SUCCESS, METHOD, None),
        auth(ON, "SCRAM-SHA-1", None),
        message(0, 0, "t", "early"),
        Packet::PingReq,
    ];
    for packet in wrong {
        let mut pair = Pair::with(users);
        let (peer, _) = begun(&mut pair, "ursula");
        challenge(&mut pair, peer);
        pair.send(peer, packet.clone());
        assert_eq!(
            pair.seen(peer),
            ["connack 0x82 sp=0", "closed"],
            "{packet:?}"
        );
        assert!(pair.all_hooks().is_empty());
    }
    let mut pair = Pair::with(users);
    let (peer, _) = begun(&mut pair, "ursula");
    challenge(&mut pair, peer);
    pair.send(peer, disconnect(0, []));
    assert_eq!(pair.seen(peer), ["closed"]);
    let (lost, _) = begun(&mut pair, "ursula");
    pair.lose(lost);
    assert_eq!(
        pair.broker().next_deadline(),
        None,
        "no timer is left behind"
    );
}

#[test]
fn a_final_message_with_another_nonce_is_no_proof() {
    let mut pair = Pair::with(users);
    let (peer, first) = begun(&mut pair, "ursula");
    let (_, data) = challenge(&mut pair, peer);
    let data = data.expect("a challenge has data");
    let last = first.answer_with(&data, b"secret", Some("mine-and-another"));
    let last = last.expect("an answer");
    pair.send(peer, auth(ON, METHOD, Some(last.message())));
    assert_eq!(pair.seen(peer), ["connack 0x87 sp=0", "closed"]);
}

#[test]
fn a_method_that_is_not_offered_is_refused() {
    for change in [users as fn(&mut Config), |_| {}] {
        let mut pair = Pair::with(change);
        let hello = hello(V5, "a").property(Property::AuthenticationMethod("other".into()));
        let peer = pair.connect(hello);
        assert_eq!(pair.seen(peer), ["connack 0x8C sp=0", "closed"]);
    }
}

#[test]
fn nobody_may_take_longer_than_for_a_connect_or_than_their_keep_alive_allows() {
    for (keep_alive_s, closes_after_s) in [(0, 10), (60, 10), (2, 3)] {
        let mut pair = Pair::with(users);
        let first = ClientFirst::new("ursula", "mine");
        let hello = proving("a", Some(first.message())).keep_alive(keep_alive_s);
        let peer = pair.connect(hello);
        challenge(&mut pair, peer);
        pair.wait(Duration::from_millis(closes_after_s * 1000 - 1));
        assert!(pair.seen(peer).is_empty(), "{keep_alive_s}");
        pair.wait(Duration::from_millis(1));
        assert_eq!(pair.seen(peer), ["closed"], "{keep_alive_s}");
    }
}

#[test]
fn an_accepted_client_proves_itself_again_while_its_messages_flow() {
    let mut pair = Pair::with(users);
    let peer = let_in(&mut pair);
    pair.subscribe(peer, "t", 0);
    pair.packets(peer);
    let first = ClientFirst::new("ursula", "again");
    pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
    let (_, data) = challenge(&mut pair, peer);
    pair.send(peer, message(0, 0, "t", "meanwhile"));
    assert_eq!(pair.seen(peer), ["publish q0 t=meanwhile"]);
    let data = data.expect("a challenge");
    let last = first.answer(&data, b"secret").expect("an answer");
    pair.send(peer, auth(ON, METHOD, Some(last.message())));
    let (reason, data) = challenge(&mut pair, peer);
    assert_eq!(reason, ReasonCode::SUCCESS);
    assert_eq!(last.verify(&data.expect("a signature")), Ok(()));
    pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
    let (_, another) = challenge(&mut pair, peer);
    let nonce_of = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    assert_ne!(
        nonce_of(&another.expect("a challenge")),
        nonce_of(&last.message())
    );
}

#[test]
fn a_client_that_fails_to_is_sent_away_and_its_will_goes_out() {
    for (user, password) in [("ursula", "wrong"), ("otto", "other")] {
        let mut pair = Pair::with(users);
        let first = ClientFirst::new("ursula", "mine");
        let peer = pair.connect(proving("a", Some(first.message())).will("w"));
        answer(&mut pair, peer, &first, "secret");
        pair.seen(peer);
        pair.hooks();
        let first = ClientFirst::new(user, "mine");
        pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
        answer(&mut pair, peer, &first, password);
        assert_eq!(pair.seen(peer), ["disconnect 0x87", "closed"], "{user}");
        assert_eq!(
            pair.hooks(),
            [
                "client.disconnected a authentication_failed",
                "will.published a w authentication_failed",
                "session.terminated a normal"
            ]
        );
    }
}

#[test]
fn auth_that_belongs_to_no_exchange_is_a_protocol_error() {
    let wrong = [
        auth(ON, METHOD, None),
        auth(ReasonCode::SUCCESS, METHOD, None),
        auth(AGAIN, "SCRAM-SHA-1", None),
    ];
    for packet in wrong {
        let mut pair = Pair::with(users);
        let peer = let_in(&mut pair);
        pair.send(peer, packet.clone());
        assert_eq!(pair.seen(peer), ["disconnect 0x82", "closed"], "{packet:?}");
    }
    let mut pair = Pair::with(users);
    let peer = pair.connected(hello(V5, "plain"));
    pair.send(peer, auth(AGAIN, METHOD, None));
    assert_eq!(pair.seen(peer), ["disconnect 0x82", "closed"]);
}

#[test]
fn users_with_passwords_and_users_with_proofs_stand_side_by_side() {
    let mut pair = Pair::with(|config| {
        users(config);
        config.users = Some(vec![User {
            name: "plain".to_owned(),
            password: mqtt_check_broker::config::Secret::new(&b"word"[..]),
        }]);
    });
    let_in(&mut pair);
    pair.connected(hello(V5, "b").login("plain", "word"));
    let peer = pair.connect(hello(V5, "c").login("ursula", "secret"));
    assert_eq!(pair.seen(peer), ["connack 0x86 sp=0", "closed"]);
}

#[test]
fn a_challenge_has_no_diagnostics_that_its_client_cannot_take() {
    let mut pair = Pair::with(|config| {
        users(config);
        config.reason_strings = true;
    });
    let first = ClientFirst::new("ursula", "mine");
    let free = pair.connect(proving("a", Some(first.message())));
    let small = proving("b", Some(first.message())).property(Property::MaximumPacketSize(110));
    let small = pair.connect(small);
    let reasons = [free, small].map(|peer| match &pair.packets(peer)[..] {
        [Packet::Auth(auth)] => auth.properties.reason_string().is_some(),
        other => panic!("no AUTH, but {other:?}"),
    });
    assert_eq!(reasons, [true, false]);
    let tiny = proving("c", Some(first.message())).property(Property::MaximumPacketSize(20));
    let tiny = pair.connect(tiny);
    assert_eq!(pair.seen(tiny), ["closed"], "there is no going on");
}

#[test]
fn a_stop_closes_those_who_are_still_at_it() {
    let mut pair = Pair::with(users);
    let (peer, _) = begun(&mut pair, "ursula");
    challenge(&mut pair, peer);
    pair.handle(Input::Control(mqtt_check_broker::Control::Stop));
    assert_eq!(pair.seen(peer), ["closed"]);
}

#[test]
fn a_wrong_broker_lets_in_whom_it_should_not() {
    let mut pair = Pair::broken(users, [Fault::WrongProofAccepted]);
    let (peer, first) = begun(&mut pair, "ursula");
    answer(&mut pair, peer, &first, "wrong");
    assert!(pair.seen(peer)[0].starts_with("connack 0x00"));
}

/// Authenticates the client again.
pub(crate) fn prove_again(pair: &mut Pair, peer: Peer) {
    let first = ClientFirst::new("ursula", "again");
    pair.packets(peer);
    pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
    answer(pair, peer, &first, "secret");
    let (reason, _) = challenge(pair, peer);
    assert_eq!(reason, ReasonCode::SUCCESS);
}

#[test]
fn the_will_is_there_after_a_client_has_proved_itself_again() {
    let mut pair = Pair::with(users);
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "w", 0);
    let first = ClientFirst::new("ursula", "mine");
    let peer = pair.connect(proving("a", Some(first.message())).will("w"));
    answer(&mut pair, peer, &first, "secret");
    prove_again(&mut pair, peer);
    pair.lose(peer);
    assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
}

#[test]
fn topic_aliases_are_known_after_a_client_has_proved_itself_again() {
    let aliased = |topic: &str| {
        Packet::Publish(Publish {
            properties: [Property::TopicAlias(1)].into_iter().collect(),
            ..publish(topic, "x")
        })
    };
    let mut pair = Pair::with(users);
    let watcher = pair.connected(hello(V5, "watcher"));
    pair.subscribe(watcher, "t", 0);
    let peer = let_in(&mut pair);
    pair.send(peer, aliased("t"));
    prove_again(&mut pair, peer);
    pair.send(peer, aliased(""));
    assert_eq!(pair.seen(watcher), ["publish q0 t=x", "publish q0 t=x"]);
    assert!(pair.seen(peer).is_empty());
}

#[test]
fn subscriptions_are_there_after_a_client_has_proved_itself_again() {
    let mut pair = Pair::with(users);
    let peer = let_in(&mut pair);
    pair.subscribe(peer, "t", 0);
    prove_again(&mut pair, peer);
    pair.send(peer, Packet::Publish(publish("t", "x")));
    assert_eq!(pair.seen(peer), ["publish q0 t=x"]);
}

/// [5 RULE-3.1.4-4]
#[test]
fn a_client_stays_while_another_only_begins_to_prove_that_it_is_the_same() {
    let mut pair = Pair::with(users);
    let a = let_in(&mut pair);
    let (_, _) = begun(&mut pair, "otto");
    assert!(pair.seen(a).is_empty());
}

/// [5 MQTT-3.3.4-9] [5 MQTT-4.5.0-1] [5 MQTT-3.1.2-8]
#[test]
fn messages_wait_and_the_will_stays_while_a_client_proves_itself_again() {
    for password in ["secret", "wrong"] {
        let mut pair = Pair::with(users);
        let watcher = pair.connected(hello(V5, "watcher"));
        pair.subscribe(watcher, "w", 0);
        let first = ClientFirst::new("ursula", "mine");
        let room = Property::ReceiveMaximum(1);
        let hello = proving("a", Some(first.message())).property(room).will("w");
        let peer = pair.connect(hello);
        answer(&mut pair, peer, &first, "secret");
        pair.seen(peer);
        pair.subscribe(peer, "t", 1);
        pair.send(watcher, message(1, 1, "t", "1"));
        pair.seen(watcher);
        pair.seen(peer);
        pair.subscribe(watcher, "twice", 0);
        pair.send(peer, message(2, 9, "twice", "once"));
        pair.seen(peer);
        let first = ClientFirst::new("ursula", "again");
        pair.send(peer, auth(AGAIN, METHOD, Some(first.message())));
        let (_, data) = challenge(&mut pair, peer);
        pair.send(watcher, message(0, 0, "t", "0"));
        pair.send(watcher, message(1, 1, "t", "2"));
        assert_eq!(pair.seen(peer), ["publish q0 t=0"]);
        let data = data.expect("a challenge has data");
        let last = first.answer(&data, password.as_bytes()).expect("an answer");
        pair.seen(watcher);
        pair.send(peer, auth(ON, METHOD, Some(last.message())));
        if password == "secret" {
            assert_eq!(pair.seen(peer).len(), 1, "one AUTH and no message");
            pair.send(peer, message(2, 9, "twice", "once"));
            assert_eq!(pair.seen(peer), ["pubrec id=9"]);
            pair.lose(peer);
        }
        assert_eq!(pair.seen(watcher), ["publish q0 w=gone"]);
    }
}
