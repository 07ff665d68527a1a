//! Messages to the client: identifiers, DUP, order, quota, aliases.

use mqtt_check_codec::{Packet, Property, ProtocolVersion, Publish};

use super::super::check;
use super::record::{
    Record, ack, ack_with, connack, connect, connect_with, dup, publish, publish_with,
};
use super::{Case, V3, V5};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = identifiers();
    cases.extend(resending());
    cases.extend(releasing());
    cases.extend(order());
    cases.extend(quota());
    cases.extend(aliases());
    cases
}

fn sends(publish: Publish) -> Packet {
    Packet::Publish(publish)
}

/// Returns the client's acknowledgement of a PUBLISH of this QoS.
fn answer(qos: u8, id: u16) -> Packet {
    match qos {
        2 => Packet::PubRec(ack(id)),
        _ => Packet::PubAck(ack(id)),
    }
}

/// Returns a client that keeps its session.
fn keeping(version: ProtocolVersion) -> Record {
    let connect = mqtt_check_codec::Connect {
        clean_start: false,
        ..connect(version)
    };
    Record::open(version)
        .connect(connect)
        .broker(connack(false, 0))
}

fn identifiers() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let rows = [
            (1, &check::ID_IN_USE_QOS_1, &check::DUP_ON_FIRST_QOS_1),
            (2, &check::ID_IN_USE_QOS_2, &check::DUP_ON_FIRST_QOS_2),
        ];
        for (qos, in_use, first) in rows {
            let one = || Record::connected(version).broker(sends(publish(qos, 5, "one")));
            let done = || match qos {
                2 => one()
                    .client(answer(2, 5))
                    .broker(Packet::PubRel(ack(5)))
                    .client(Packet::PubComp(ack(5))),
                _ => one().client(answer(1, 5)),
            };
            cases.push(Case::new(
                in_use,
                version,
                done().broker(sends(publish(qos, 5, "two"))),
                one().broker(sends(publish(qos, 5, "two"))),
            ));
            cases.push(Case::new(
                in_use,
                version,
                one().broker(sends(publish(qos, 6, "two"))),
                one()
                    .client(answer(3 - qos, 6))
                    .broker(sends(publish(qos, 5, "two"))),
            ));
            let unanswered = || {
                keeping(version)
                    .broker(sends(publish(qos, 5, "one")))
                    .closed()
            };
            cases.push(Case::new(
                in_use,
                version,
                unanswered().resumed().broker(dup(publish(qos, 5, "one"))),
                unanswered().resumed().broker(sends(publish(qos, 5, "two"))),
            ));
            cases.push(Case::new(
                first,
                version,
                one(),
                Record::connected(version).broker(dup(publish(qos, 5, "one"))),
            ));
            cases.push(Case::new(
                first,
                version,
                done().broker(sends(publish(qos, 5, "two"))),
                done().broker(dup(publish(qos, 5, "two"))),
            ));
        }
    }
    cases
}

fn resending() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        for qos in [1, 2] {
            let broken = || {
                keeping(version)
                    .broker(sends(publish(qos, 5, "x")))
                    .closed()
            };
            cases.push(Case::new(
                &check::RESENT_WITHOUT_DUP,
                version,
                broken().resumed().broker(dup(publish(qos, 5, "x"))),
                broken().resumed().broker(sends(publish(qos, 5, "x"))),
            ));
            cases.push(Case::new(
                &check::RESENT_AT_OTHER_QOS,
                version,
                broken().resumed().broker(dup(publish(qos, 5, "x"))),
                broken().resumed().broker(dup(publish(3 - qos, 5, "x"))),
            ));
        }
        let released = || {
            keeping(version)
                .broker(sends(publish(2, 5, "x")))
                .client(answer(2, 5))
                .broker(Packet::PubRel(ack(5)))
        };
        cases.push(Case::new(
            &check::PUBLISH_AFTER_PUBREL,
            version,
            released().closed().resumed().broker(Packet::PubRel(ack(5))),
            released()
                .closed()
                .resumed()
                .broker(dup(publish(2, 5, "x"))),
        ));
        cases.push(Case::new(
            &check::PUBLISH_AFTER_PUBREL,
            version,
            released().client(Packet::PubComp(ack(5))),
            released().broker(dup(publish(2, 5, "x"))),
        ));
    }
    let one = || keeping(V5).broker(sends(publish(1, 5, "x")));
    let here = |wrong| Case::new(&check::RESENT_WHILE_CONNECTED, V5, one(), wrong);
    let again = || dup(publish(1, 5, "x"));
    cases.extend([
        here(one().broker(again())),
        here(one().client(answer(1, 5)).broker(again())),
        here(one().closed().resumed().broker(again()).broker(again())),
        here(
            keeping(V5)
                .broker(sends(publish(2, 5, "x")))
                .client(answer(2, 5))
                .broker(Packet::PubRel(ack(5)))
                .broker(Packet::PubRel(ack(5))),
        ),
        Case::new(
            &check::RESENT_AFTER_FAILURE,
            V5,
            one()
                .client(Packet::PubAck(ack_with(5, 0x83, [])))
                .broker(sends(publish(1, 5, "y"))),
            one()
                .client(Packet::PubAck(ack_with(5, 0x83, [])))
                .broker(again()),
        ),
    ]);
    cases
}

fn releasing() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let published = || Record::connected(version).broker(sends(publish(2, 5, "x")));
        let pubrel = |id| Packet::PubRel(ack(id));
        cases.push(Case::new(
            &check::PUBREL_WITHOUT_PUBREC,
            version,
            published().client(answer(2, 5)).broker(pubrel(5)),
            published().broker(pubrel(5)),
        ));
        cases.push(Case::new(
            &check::PUBREL_ID,
            version,
            published().client(answer(2, 5)).broker(pubrel(5)),
            published().client(answer(2, 5)).broker(pubrel(6)),
        ));
    }
    let refused = || {
        Record::connected(V5)
            .broker(sends(publish(2, 5, "x")))
            .client(Packet::PubRec(ack_with(5, 0x83, [])))
    };
    cases.push(Case::new(
        &check::PUBREL_WITHOUT_PUBREC,
        V5,
        refused().broker(sends(publish(2, 5, "y"))),
        refused().broker(Packet::PubRel(ack(5))),
    ));
    cases
}

fn order() -> Vec<Case> {
    let two = |qos| {
        keeping(V3)
            .broker(sends(publish(qos, 5, "first")))
            .broker(sends(publish(qos, 6, "second")))
    };
    let received = || two(2).client(answer(2, 5)).client(answer(2, 6));
    let pubrel = |id| Packet::PubRel(ack(id));
    let first = |qos| dup(publish(qos, 5, "first"));
    let second = |qos| dup(publish(qos, 6, "second"));
    let mut cases = vec![Case::new(
        &check::PUBREL_ORDER,
        V3,
        received().broker(pubrel(5)).broker(pubrel(6)),
        received().broker(pubrel(6)),
    )];
    for qos in [1, 2] {
        let broken = || two(qos).closed().resumed();
        cases.push(Case::new(
            &check::RESEND_ORDER,
            V3,
            broken().broker(first(qos)).broker(second(qos)),
            broken().broker(second(qos)).broker(first(qos)),
        ));
    }
    cases
}

fn quota() -> Vec<Case> {
    let bounded = || Record::connected_by(connect_with([Property::ReceiveMaximum(2)]));
    let full = || {
        bounded()
            .broker(sends(publish(1, 1, "x")))
            .broker(sends(publish(2, 2, "x")))
            .broker(sends(publish(0, 0, "x")))
    };
    let third = || sends(publish(1, 3, "x"));
    let received = || full().client(Packet::PubRec(ack(2)));
    vec![
        Case::new(
            &check::RECEIVE_MAXIMUM,
            V5,
            full().client(answer(1, 1)).broker(third()),
            full().broker(third()),
        ),
        // PUBREC frees no slot of the quota, PUBCOMP does.
        Case::new(
            &check::RECEIVE_MAXIMUM,
            V5,
            received()
                .broker(Packet::PubRel(ack(2)))
                .client(Packet::PubComp(ack(2)))
                .broker(third()),
            received().broker(third()),
        ),
        Case::new(
            &check::RECEIVE_MAXIMUM,
            V5,
            full()
                .client(Packet::PubRec(ack_with(2, 0x80, [])))
                .broker(third()),
            full().broker(third()),
        ),
    ]
}

fn aliases() -> Vec<Case> {
    let alias = |n| [Property::TopicAlias(n)];
    let allows = |n| Record::connected_by(connect_with([Property::TopicAliasMaximum(n)]));
    let again = || {
        allows(3)
            .broker(publish_with("a", alias(3)))
            .again()
            .connect(connect_with([Property::TopicAliasMaximum(3)]))
            .broker(connack(false, 0))
    };
    let mut cases = vec![
        Case::new(
            &check::ALIAS_ABOVE_MAXIMUM,
            V5,
            allows(3).broker(publish_with("a", alias(3))),
            allows(3).broker(publish_with("a", alias(4))),
        ),
        Case::new(
            &check::ALIAS_UNKNOWN,
            V5,
            allows(3)
                .broker(publish_with("a", alias(3)))
                .broker(publish_with("", alias(3))),
            allows(3)
                .broker(publish_with("a", alias(3)))
                .broker(publish_with("", alias(2))),
        ),
        Case::new(
            &check::ALIAS_OF_FORMER,
            V5,
            again()
                .broker(publish_with("a", alias(3)))
                .broker(publish_with("", alias(3))),
            again().broker(publish_with("", alias(3))),
        ),
    ];
    for record in [Record::connected(V5), allows(0)] {
        cases.push(Case::new(
            &check::ALIAS_NOT_ALLOWED,
            V5,
            record.clone().broker(publish_with("a", [])),
            record.broker(publish_with("a", alias(1))),
        ));
    }
    cases
}

#[test]
fn reports_an_overtaken_pubrel_once() {
    let mut record = Record::connected(V3);
    for id in 1..=4 {
        record = record
            .broker(sends(publish(2, id, "x")))
            .client(answer(2, id));
    }
    for id in 2..=4 {
        record = record.broker(Packet::PubRel(ack(id)));
    }
    assert_eq!(record.found().len(), 1);
}
