//! Answers to the client's packets.

use mqtt_check_codec::Packet;

use super::super::check;
use super::record::{Record, ack, ack_with, publish, suback, subscribe, unsuback, unsubscribe};
use super::{Case, V3, V5};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = subscribing();
    cases.extend(publishing());
    cases.extend(codes());
    cases
}

fn subscribing() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let codes = |n: usize| vec![0; if version == V5 { n } else { 0 }];
        let one = || Record::connected(version).client(subscribe(3, &[("a", 1)]));
        let two = || Record::connected(version).client(subscribe(3, &[("a", 1), ("b", 2)]));
        let gone = || Record::connected(version).client(unsubscribe(3, &["a", "b"]));
        cases.push(Case::new(
            &check::SUBACK_ID,
            version,
            one().broker(suback(3, &[1])),
            one().broker(suback(4, &[1])),
        ));
        cases.push(Case::new(
            &check::SUBACK_ID,
            version,
            one().broker(suback(3, &[1])),
            gone().broker(suback(3, &[1, 1])),
        ));
        cases.push(Case::new(
            &check::SUBACK_TWICE,
            version,
            two().broker(suback(3, &[1, 2])),
            two().broker(suback(3, &[1, 2])).broker(suback(3, &[1, 2])),
        ));
        for count in [1, 3] {
            cases.push(Case::new(
                &check::SUBACK_COUNT,
                version,
                two().broker(suback(3, &[0, 0x80])),
                two().broker(suback(3, &[0, 0, 0][..count])),
            ));
        }
        cases.push(Case::new(
            &check::SUBACK_GRANT,
            version,
            two().broker(suback(3, &[1, 1])),
            two().broker(suback(3, &[2, 1])),
        ));
        cases.push(Case::new(
            &check::SUBACK_CODE,
            version,
            two().broker(suback(3, &[0x80, 0])),
            two().broker(suback(3, &[0x03, 0])),
        ));
        cases.push(Case::new(
            &check::UNSUBACK_ID,
            version,
            gone().broker(unsuback(3, &codes(2))),
            gone().broker(unsuback(2, &codes(2))),
        ));
        cases.push(Case::new(
            &check::UNSUBACK_TWICE,
            version,
            gone().broker(unsuback(3, &codes(2))),
            gone()
                .broker(unsuback(3, &codes(2)))
                .broker(unsuback(3, &codes(2))),
        ));
    }
    let gone = || Record::connected(V5).client(unsubscribe(3, &["a", "b"]));
    cases.push(Case::new(
        &check::UNSUBACK_COUNT,
        V5,
        gone().broker(unsuback(3, &[0, 0x11])),
        gone().broker(unsuback(3, &[0])),
    ));
    cases
}

fn publishing() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let published =
            |qos| Record::connected(version).client(Packet::Publish(publish(qos, 7, "x")));
        let puback = |id| Packet::PubAck(ack(id));
        let pubrec = |id| Packet::PubRec(ack(id));
        let pubcomp = |id| Packet::PubComp(ack(id));
        cases.push(Case::new(
            &check::PUBACK_ID,
            version,
            published(1).broker(puback(7)),
            published(1).broker(puback(8)),
        ));
        cases.push(Case::new(
            &check::PUBREC_ID,
            version,
            published(2).broker(pubrec(7)),
            published(2).broker(pubrec(8)),
        ));
        let released = || {
            published(2)
                .broker(pubrec(7))
                .client(Packet::PubRel(ack(7)))
        };
        cases.push(Case::new(
            &check::PUBCOMP_ID,
            version,
            released().broker(pubcomp(7)),
            released().broker(pubcomp(8)),
        ));
        cases.push(Case::new(
            &check::PUBCOMP_ID,
            version,
            released().broker(pubcomp(7)),
            published(2).broker(pubrec(7)).broker(pubcomp(7)),
        ));
        cases.push(Case::new(
            &check::ANSWER_OF_OTHER_QOS,
            version,
            published(1).broker(puback(7)),
            published(1).broker(pubrec(7)),
        ));
        cases.push(Case::new(
            &check::ANSWER_OF_OTHER_QOS,
            version,
            published(2).broker(pubrec(7)),
            published(2).broker(puback(7)),
        ));
    }
    cases
}

fn codes() -> Vec<Case> {
    let with = |code| ack_with(7, code, []);
    let published = |qos| Record::connected(V5).client(Packet::Publish(publish(qos, 7, "x")));
    let released = || {
        published(2)
            .broker(Packet::PubRec(ack(7)))
            .client(Packet::PubRel(ack(7)))
    };
    let received = || {
        Record::connected(V5)
            .broker(Packet::Publish(publish(2, 7, "x")))
            .client(Packet::PubRec(ack(7)))
    };
    let gone = || Record::connected(V5).client(unsubscribe(3, &["a"]));
    vec![
        Case::new(
            &check::PUBACK_CODE,
            V5,
            published(1).broker(Packet::PubAck(with(0x10))),
            published(1).broker(Packet::PubAck(with(0x11))),
        ),
        Case::new(
            &check::PUBREC_CODE,
            V5,
            published(2).broker(Packet::PubRec(with(0x91))),
            published(2).broker(Packet::PubRec(with(0x92))),
        ),
        Case::new(
            &check::PUBREL_CODE,
            V5,
            received().broker(Packet::PubRel(with(0x92))),
            received().broker(Packet::PubRel(with(0x80))),
        ),
        Case::new(
            &check::PUBCOMP_CODE,
            V5,
            released().broker(Packet::PubComp(with(0x92))),
            released().broker(Packet::PubComp(with(0x91))),
        ),
        Case::new(
            &check::UNSUBACK_CODE,
            V5,
            gone().broker(unsuback(3, &[0x11])),
            gone().broker(unsuback(3, &[0x10])),
        ),
    ]
}
