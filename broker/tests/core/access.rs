//! The access list: what is refused, how each version reports it, and what a subscription still receives.

use mqtt_check_broker::{AccessAction, AccessRule, Config};
use mqtt_check_codec::Packet;

use crate::pair::{BOTH, Pair, V3, V5, hello, lasting, message, retained, subscribe};

/// Returns a rule: whether it allows, which action, for whom (`u:USER`, `c:CLIENT`, or everyone), and the filter.
fn rule(allow: bool, action: AccessAction, who: &str, filter: &str) -> AccessRule {
    let named = |mark| who.strip_prefix(mark).map(str::to_owned);
    AccessRule {
        allow,
        action,
        users: named("u:").into_iter().collect(),
        clients: named("c:").into_iter().collect(),
        filters: vec![filter.to_owned()],
    }
}

fn with(rules: &[(bool, AccessAction, &str, &str)]) -> impl Fn(&mut Config) {
    let all = rules
        .iter()
        .map(|(allow, action, who, filter)| rule(*allow, *action, who, filter));
    let list: Vec<_> = all.collect();
    move |config: &mut Config| config.access = Some(list.clone())
}

use AccessAction::{All, Publish, Subscribe};

#[test]
fn a_refused_publish_is_answered_as_its_version_and_qos_allow_and_goes_nowhere() {
    for (version, code) in [(V3, ""), (V5, " 0x87")] {
        let mut pair = Pair::with(with(&[
            (false, Publish, "", "closed/#"),
            (true, All, "", "#"),
        ]));
        let reader = pair.connected(hello(version, "reader"));
        pair.subscribe(reader, "#", 2);
        let a = pair.connected(hello(version, "a"));
        pair.all_hooks();
        for level in 0..=2 {
            pair.send(a, message(level, 1, "closed/x", "psst"));
        }
        assert_eq!(
            pair.seen(a),
            [format!("puback id=1{code}"), format!("pubrec id=1{code}")]
        );
        assert_eq!(pair.seen(reader), Vec::<String>::new());
        let dropped = "message.dropped a closed/x not_authorized";
        assert_eq!(pair.all_hooks(), [dropped; 3]);
        pair.send(a, message(0, 0, "open", "hello"));
        assert_eq!(pair.seen(reader), ["publish q0 open=hello"]);
    }
}

#[test]
fn a_refused_retained_message_is_not_retained() {
    for version in BOTH {
        let mut pair = Pair::with(with(&[
            (true, Publish, "c:b", "t"),
            (true, Subscribe, "", "#"),
        ]));
        let a = pair.connected(hello(version, "a"));
        pair.send(a, retained("t", "no"));
        assert_eq!(pair.broker().retained_count(), 0);
        let b = pair.connected(hello(version, "b"));
        pair.send(b, retained("t", "yes"));
        assert_eq!(pair.broker().retained_count(), 1);
    }
}

#[test]
fn a_refused_filter_has_its_code_and_the_others_are_granted() {
    for (version, code) in [(V3, "80"), (V5, "87")] {
        let mut pair = Pair::with(with(&[
            (false, Subscribe, "", "a/b"),
            (true, Subscribe, "", "a/+"),
            (true, Publish, "", "#"),
        ]));
        let a = pair.connected(hello(version, "a"));
        let filters = [("a/b", 1), ("a/c", 1), ("a/#", 1), ("a/+", 0), ("#", 0)];
        pair.send(a, subscribe(7, &filters));
        assert_eq!(
            pair.seen(a),
            [format!("suback id=7 {code} 01 {code} 00 {code}")]
        );
    }
}

#[test]
fn a_wider_subscription_brings_nothing_that_is_denied() {
    for version in BOTH {
        let mut pair = Pair::with(with(&[
            (true, All, "c:boss", "#"),
            (false, Subscribe, "", "secret/#"),
            (true, All, "", "#"),
        ]));
        let boss = pair.connected(hello(version, "boss"));
        pair.subscribe(boss, "#", 0);
        pair.send(boss, retained("secret/kept", "psst"));
        pair.seen(boss);
        let a = pair.connected(hello(version, "a"));
        pair.subscribe(a, "#", 1);
        pair.subscribe(a, "+/+", 1);
        pair.all_hooks();
        pair.send(a, message(1, 1, "secret/x", "psst"));
        pair.send(a, message(0, 0, "open", "hello"));
        let to_a = pair.seen(a);
        assert!(!to_a.iter().any(|line| line.contains("psst")), "{to_a:?}");
        assert!(to_a.contains(&"publish q0 open=hello".to_owned()));
        assert_eq!(
            pair.seen(boss),
            ["publish q0 secret/x=psst", "publish q0 open=hello"]
        );
        let dropped = "message.dropped a secret/x not_authorized".to_owned();
        assert!(pair.all_hooks().contains(&dropped));
    }
}

#[test]
fn a_shared_message_goes_to_a_member_that_may_have_it() {
    let mut pair = Pair::with(with(&[
        (false, Subscribe, "c:a", "t/secret"),
        (true, All, "", "#"),
    ]));
    let a = pair.connected(hello(V5, "a"));
    let b = pair.connected(hello(V5, "b"));
    for peer in [a, b] {
        pair.subscribe(peer, "$share/g/t/+", 0);
    }
    let publisher = pair.connected(hello(V5, "p"));
    for _ in 0..4 {
        pair.send(publisher, message(0, 0, "t/secret", "x"));
    }
    assert_eq!(pair.seen(a), Vec::<String>::new());
    assert_eq!(pair.seen(b), ["publish q0 t/secret=x"; 4]);
    // A member that leaves must not pass it on to a member that may not receive it.
    let c = pair.connected(lasting(V5, "c"));
    pair.subscribe(c, "$share/h/t/secret", 1);
    pair.lose(c);
    pair.send(publisher, message(1, 1, "t/secret", "x"));
    pair.disconnect(b);
    pair.subscribe(a, "$share/h/t/+", 1);
    let c = pair.connected(hello(V5, "c"));
    pair.seen(c);
    assert_eq!(pair.seen(a), Vec::<String>::new());
}

#[test]
fn a_will_that_may_not_be_published_is_not_taken() {
    for (version, refusal) in [(V3, "connack 0x05 sp=0"), (V5, "connack 0x87 sp=0")] {
        let mut pair = Pair::with(with(&[(true, All, "", "open/#")]));
        let a = pair.connect(hello(version, "a").will("closed/x"));
        assert_eq!(pair.seen(a), [refusal, "closed"]);
        pair.connected(hello(version, "a").will("open/x"));
    }
}

#[test]
fn rules_know_users_and_placeholders() {
    let mut pair = Pair::with(|config| {
        config.access = Some(vec![
            rule(true, All, "u:alice", "#"),
            rule(true, All, "", "of/%c/#"),
            rule(true, All, "", "user/%u/#"),
        ]);
    });
    let alice = pair.connected(hello(V5, "a").login("alice", ""));
    pair.subscribe(alice, "anything", 0);
    let bob = pair.connected(hello(V5, "b").login("bob", ""));
    let filters = [
        ("of/b/#", 0),
        ("of/a/x", 0),
        ("user/bob/x", 0),
        ("user/+/x", 0),
        ("anything", 0),
    ];
    pair.send(bob, subscribe(1, &filters));
    assert_eq!(pair.seen(bob), ["suback id=1 00 87 00 87 87"]);
    let sly = pair.connected(hello(V5, "+").login("#", ""));
    pair.send(sly, subscribe(1, &[("of/+/#", 0), ("user/#", 0)]));
    assert_eq!(pair.seen(sly), ["suback id=1 87 87"]);
}

#[test]
fn the_filters_of_rules_match_as_those_of_subscriptions_do() {
    let mut pair = Pair::with(with(&[
        (true, Subscribe, "", "open/a"),
        (true, Subscribe, "", "tree/#"),
        (true, Subscribe, "", "one/+/end"),
    ]));
    let a = pair.connected(hello(V5, "a"));
    let filters = [
        ("open/a", 0),
        ("open/ab", 0),
        ("Open/a", 0),
        ("tree", 0),
        ("tree/b", 0),
        ("trees", 0),
        ("one/x/end", 0),
        ("one/x/y/end", 0),
    ];
    pair.send(a, subscribe(1, &filters));
    assert_eq!(pair.seen(a), ["suback id=1 00 87 87 00 00 87 00 87"]);
}

#[test]
fn what_waited_for_another_user_is_not_sent() {
    for version in BOTH {
        let mut pair = Pair::with(with(&[
            (false, Subscribe, "u:bob", "t/secret"),
            (true, All, "", "#"),
        ]));
        let a = pair.connected(lasting(version, "a").login("alice", ""));
        pair.subscribe(a, "t/#", 1);
        // One message is in flight, and others wait.
        let p = pair.connected(hello(version, "p"));
        pair.send(p, message(1, 1, "t/secret", "in flight"));
        pair.seen(a);
        pair.lose(a);
        pair.send(p, message(1, 2, "t/secret", "waiting"));
        pair.send(p, message(1, 3, "t/open", "hello"));
        let bob = pair.connected(lasting(version, "a").login("bob", ""));
        assert_eq!(pair.seen(bob), ["publish q1 id=2 t/open=hello"]);
        pair.send(bob, Packet::PubAck(crate::pair::ack(2)));
        pair.lose(bob);
        let bob = pair.connected(lasting(version, "a").login("bob", ""));
        assert_eq!(pair.seen(bob), Vec::<String>::new());
    }
}
