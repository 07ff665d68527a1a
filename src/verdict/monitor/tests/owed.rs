//! What is owed when a record ends, and what is sent more often than it was requested.

use mqtt_check_codec::{Packet, ProtocolVersion};

use super::super::check;
use super::record::{
    Record, ack, ack_with, connack, connect, connect_with, disconnect, dup, publish,
};
use super::{Case, V3, V5};

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [V3, V5].into_iter().flat_map(owed).collect();
    cases.extend([V3, V5].into_iter().flat_map(closes));
    let received = || published(V5, 2).broker(pubrec(7));
    cases.push(Case::new(
        &check::PUBREC_AGAIN,
        V5,
        received().client(dup(publish(2, 7, "x"))).broker(pubrec(7)),
        received().broker(pubrec(7)),
    ));
    cases
}

/// Tests that the broker must close the connection after its last packet.
fn closes(version: ProtocolVersion) -> Vec<Case> {
    let refusal = if version == V5 { 0x87 } else { 5 };
    let refused = || {
        let early = Record::open(version).connect(connect(version));
        early.broker(connack(false, refusal))
    };
    let mut cases = vec![Case::new(
        &check::CLOSE_OWED_AFTER_REFUSAL,
        version,
        refused().closed().ended(),
        refused().ended(),
    )];
    if version == V5 {
        let dismissed = || Record::connected(V5).broker(disconnect(0x8E, []));
        cases.push(Case::new(
            &check::CLOSE_OWED_AFTER_DISCONNECT,
            V5,
            dismissed().closed().ended(),
            dismissed().ended(),
        ));
        // What the client sent before makes no difference.
        let wrong = || Record::connected(V5).client_bytes([0xF0, 0x00].as_slice());
        cases.push(Case::new(
            &check::CLOSE_OWED_AFTER_DISCONNECT,
            V5,
            wrong().broker(disconnect(0x81, [])).closed().ended(),
            wrong().broker(disconnect(0x81, [])).ended(),
        ));
    }
    cases
}

fn owed(version: ProtocolVersion) -> Vec<Case> {
    let published = |qos| published(version, qos);
    let receiving = || Record::connected(version).broker(Packet::Publish(publish(2, 7, "x")));
    let releasing = || published(2).broker(pubrec(7)).client(pubrel(7));
    let refused = || match version {
        V5 => receiving().client(Packet::PubRec(ack_with(7, 0x97, []))),
        _ => receiving(),
    };
    vec![
        Case::new(
            &check::PUBACK_OWED,
            version,
            published(1).broker(Packet::PubAck(ack(7))).ended(),
            published(1).ended(),
        ),
        Case::new(
            &check::PUBREC_OWED,
            version,
            published(2).broker(pubrec(7)).ended(),
            published(2).ended(),
        ),
        Case::new(
            &check::PUBREL_OWED,
            version,
            receiving().client(pubrec(7)).broker(pubrel(7)).ended(),
            receiving().client(pubrec(7)).ended(),
        ),
        Case::new(
            &check::PUBREL_OWED,
            version,
            refused().ended(),
            receiving().client(pubrec(7)).ended(),
        ),
        Case::new(
            &check::PUBCOMP_OWED,
            version,
            releasing().broker(Packet::PubComp(ack(7))).ended(),
            releasing().ended(),
        ),
    ]
}

fn published(version: ProtocolVersion, qos: u8) -> Record {
    Record::connected(version).client(Packet::Publish(publish(qos, 7, "x")))
}

fn pubrec(id: u16) -> Packet {
    Packet::PubRec(ack(id))
}

fn pubrel(id: u16) -> Packet {
    Packet::PubRel(ack(id))
}

#[test]
fn nothing_is_owed_on_a_connection_that_is_over() {
    for version in [V3, V5] {
        let asked = || published(version, 1).client(Packet::Publish(publish(2, 8, "y")));
        asked().closed().ended().is_silent();
        asked().client(disconnect(0, [])).ended().is_silent();
        asked()
            .client_bytes([0xF0, 0x00].as_slice())
            .ended()
            .is_silent();
    }
    let asked = published(V5, 1);
    let asked = asked.broker(disconnect(0x97, [])).closed();
    asked.ended().is_silent();
}

#[test]
fn a_client_that_has_left_is_owed_no_close() {
    let left = Record::connected(V5).client(disconnect(0, []));
    left.broker(disconnect(0x8E, [])).ended().is_silent();
}

#[test]
fn a_refused_client_is_owed_nothing() {
    for version in [V3, V5] {
        let early = Record::open(version)
            .connect(connect(version))
            .client(Packet::Publish(publish(1, 7, "x")));
        early.ended().is_silent();
    }
}

#[test]
fn an_unknown_exchange_need_not_be_answered() {
    for version in [V3, V5] {
        Record::connected(version)
            .client(pubrel(7))
            .ended()
            .is_silent();
        Record::connected(version)
            .client(pubrec(7))
            .ended()
            .is_silent();
    }
}

#[test]
fn before_version_5_and_after_a_reconnect_a_pubrec_may_come_again() {
    published(V3, 2)
        .broker(pubrec(7))
        .broker(pubrec(7))
        .is_silent();
    let resumed = Record::connected_by(connect_with([]))
        .client(Packet::Publish(publish(2, 7, "x")))
        .resumed();
    resumed.broker(pubrec(7)).broker(pubrec(7)).is_silent();
}
