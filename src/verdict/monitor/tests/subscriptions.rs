//! Deliveries for subscriptions, and the limits set by the CONNECT.

use mqtt_check_codec::{
    Packet, Property, ProtocolVersion, Publish, RetainHandling, SubscriptionOptions,
};

use super::super::check;
use super::record::{
    Record, ack_with, connack_with, connect_with, disconnect, publish, publish_with, retained,
    suback, subscribe, subscribe_with,
};
use super::{Case, V3, V5};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = qos();
    cases.extend(other_plays());
    cases.extend(retain());
    cases.extend(retain_handling());
    cases.extend(identifiers());
    cases.extend(bounds());
    cases
}

fn with(
    options: impl Fn(SubscriptionOptions) -> SubscriptionOptions,
    filter: &'static str,
) -> Record {
    Record::connected(V5)
        .client(subscribe_with(1, [], &[(filter, 1)], options))
        .broker(suback(1, &[1]))
}

fn handling(handling: RetainHandling) -> impl Fn(SubscriptionOptions) -> SubscriptionOptions {
    move |options| SubscriptionOptions {
        retain_handling: handling,
        ..options
    }
}

fn live(qos: u8) -> Packet {
    let id = if qos == 0 { 0 } else { 9 };
    Packet::Publish(publish(qos, id, "x"))
}

fn kept() -> Packet {
    retained(publish(0, 0, "x"))
}

fn subscribed(version: ProtocolVersion, filter: &'static str, asked: u8, granted: u8) -> Record {
    Record::connected(version)
        .client(subscribe(1, &[(filter, asked)]))
        .broker(suback(1, &[granted]))
}

/// Tests messages of other plays. All plays of a run have the same first half in their prefixes.
fn other_plays() -> Vec<Case> {
    let of = |topic: &str| {
        Packet::Publish(Publish {
            topic: topic.into(),
            ..publish(0, 0, "x")
        })
    };
    let right = |record: Record| {
        [
            "a",
            "run1/a",
            "run20002/a",
            "run10001/a",
            "run10002",
            "RUN10002/a",
        ]
        .into_iter()
        .fold(record, |record, topic| record.broker(of(topic)))
    };
    [V3, V5]
        .map(|version| {
            Case::new(
                &check::OF_ANOTHER_CASE,
                version,
                right(Record::connected(version)),
                Record::connected(version).broker(of("run10002/a")),
            )
        })
        .into()
}

fn qos() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        cases.push(Case::new(
            &check::QOS_ABOVE_GRANT,
            version,
            subscribed(version, "a/+", 1, 1).broker(live(1)),
            subscribed(version, "a/+", 1, 1).broker(live(2)),
        ));
        cases.push(Case::new(
            &check::QOS_ABOVE_GRANT,
            version,
            subscribed(version, "a/+", 2, 2)
                .client(subscribe(2, &[("a/+", 0)]))
                .broker(live(2)),
            subscribed(version, "a/+", 2, 0).broker(live(1)),
        ));
    }
    cases.push(Case::new(
        &check::QOS_ABOVE_SHARED_GRANT,
        V5,
        subscribed(V5, "$share/g/a/b", 2, 1).broker(live(1)),
        subscribed(V5, "$share/g/a/b", 2, 1).broker(live(2)),
    ));
    cases
}

fn retain() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let once = || subscribed(version, "a/#", 1, 1).broker(kept());
        cases.push(Case::new(
            &check::RETAIN_ON_LIVE,
            version,
            once().broker(live(0)),
            once().broker(kept()),
        ));
        cases.push(Case::new(
            &check::RETAIN_ON_LIVE,
            version,
            once().client(subscribe(2, &[("+/b", 1)])).broker(kept()),
            once()
                .client(subscribe(2, &[("c", 1)]))
                .broker(suback(2, &[1]))
                .broker(kept()),
        ));
    }
    let as_published = |options| SubscriptionOptions {
        retain_as_published: true,
        ..options
    };
    cases.push(Case::new(
        &check::RETAIN_ON_LIVE,
        V5,
        with(as_published, "a/b").broker(kept()).broker(kept()),
        subscribed(V5, "a/b", 1, 1).broker(kept()).broker(kept()),
    ));
    cases
}

fn retain_handling() -> Vec<Case> {
    let if_new = || with(handling(RetainHandling::SendIfNew), "a/b").broker(kept());
    let again = subscribe_with(2, [], &[("a/b", 1)], handling(RetainHandling::SendIfNew));
    let left = super::record::unsubscribe(3, &["a/b"]);
    vec![
        Case::new(
            &check::RETAINED_UNWANTED,
            V5,
            with(handling(RetainHandling::DoNotSend), "a/b").broker(live(1)),
            with(handling(RetainHandling::DoNotSend), "a/b").broker(kept()),
        ),
        Case::new(
            &check::RETAINED_AGAIN,
            V5,
            if_new().client(left).client(again.clone()).broker(kept()),
            if_new().client(again).broker(kept()),
        ),
        Case::new(
            &check::RETAINED_FOR_SHARED,
            V5,
            subscribed(V5, "$share/g/a/b", 1, 1).broker(live(1)),
            subscribed(V5, "$share/g/a/b", 1, 1).broker(kept()),
        ),
    ]
}

fn identifiers() -> Vec<Case> {
    let id = Property::SubscriptionIdentifier;
    let given = || {
        Record::connected(V5)
            .client(subscribe_with(1, [id(4)], &[("a/+", 0)], |o| o))
            .client(subscribe_with(2, [id(5)], &[("$share/g/b", 0)], |o| o))
    };
    vec![
        Case::new(
            &check::IDENTIFIER_MISSING,
            V5,
            // A third subscription that matches has no identifier.
            given()
                .client(subscribe(3, &[("a/b", 0)]))
                .broker(publish_with("a/b", [])),
            given().broker(publish_with("a/b", [])),
        ),
        Case::new(
            &check::IDENTIFIER_MISSING,
            V5,
            given().broker(publish_with("c", [])),
            given().broker(publish_with("b", [])),
        ),
        Case::new(
            &check::IDENTIFIER_UNKNOWN,
            V5,
            given().broker(publish_with("a/b", [id(4)])),
            given().broker(publish_with("a/b", [id(6)])),
        ),
        Case::new(
            &check::IDENTIFIER_OF_OTHER,
            V5,
            given().broker(publish_with("b", [id(5)])),
            given().broker(publish_with("a/b", [id(4), id(5)])),
        ),
    ]
}

fn bounds() -> Vec<Case> {
    let reason = || Property::ReasonString("too long a word".into());
    let user = || Property::UserProperty("too".into(), "long a word".into());
    let method = || Property::AuthenticationMethod("m".into());
    let small =
        || Record::open(V5).connect(connect_with([Property::MaximumPacketSize(16), method()]));
    let connected = || small().broker(connack_with(false, 0, [method()]));
    let mut cases = vec![
        Case::new(
            &check::TOO_LARGE,
            V5,
            connected().broker(Packet::Publish(publish(0, 0, "12345678"))),
            connected().broker(Packet::Publish(publish(0, 0, "12345678901"))),
        ),
        Case::new(
            &check::TOO_LARGE,
            V5,
            small().broker(connack_with(false, 0, [method()])),
            small().broker(connack_with(false, 0, [method(), user()])),
        ),
        Case::new(
            &check::TOO_LARGE,
            V5,
            connected().broker(disconnect(0x8B, [])),
            connected().broker(disconnect(0x8B, [reason()])),
        ),
    ];
    // CONNACK, DISCONNECT and PUBLISH may still have these properties.
    let spared = || {
        Record::open(V5)
            .connect(connect_with([Property::RequestProblemInformation(0)]))
            .broker(connack_with(false, 0, [reason(), user()]))
            .broker(publish_with("a/b", [user()]))
            .broker(disconnect(0x8B, [reason(), user()]))
    };
    for unwanted in [reason(), user()] {
        cases.push(Case::new(
            &check::DIAGNOSTICS_UNWANTED,
            V5,
            spared(),
            Record::connected_by(connect_with([Property::RequestProblemInformation(0)]))
                .client(live(1))
                .broker(Packet::PubAck(ack_with(9, 0x10, [unwanted]))),
        ));
    }
    cases
}

#[test]
fn names_the_diagnostics_that_made_a_packet_too_large() {
    let record = Record::connected_by(connect_with([Property::MaximumPacketSize(20)]))
        .client(live(1))
        .broker(Packet::PubAck(ack_with(
            9,
            0x10,
            [
                Property::ReasonString("a word".into()),
                Property::UserProperty("too".into(), "long".into()),
            ],
        )));
    let found = record.found();
    let also: Vec<_> = found.iter().flat_map(|(_, found)| &found.also).collect();
    assert_eq!(also, [&"MQTT-3.4.2-2", &"MQTT-3.4.2-3"]);
}

#[test]
fn three_one_one_has_no_properties_to_judge() {
    Record::connected(V3)
        .client(live(1))
        .broker(Packet::PubAck(ack_with(9, 0x83, [])))
        .is_silent();
}
