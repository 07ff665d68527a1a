//! The handshake, and who may send what when.

use mqtt_check_codec::{Connect, Packet, Property};

use super::super::check;
use super::record::{
    Record, ack, auth, connack, connack_with, connect, connect_with, disconnect, publish, suback,
    subscribe, unsubscribe,
};
use super::{Case, V3, V5};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = both_versions();
    cases.extend(of_5());
    cases.extend(authentication());
    cases
}

fn anonymous(version: mqtt_check_codec::ProtocolVersion, clean_start: bool) -> Connect {
    Connect {
        client_id: "".into(),
        clean_start,
        ..connect(version)
    }
}

fn assigned() -> Property {
    Property::AssignedClientIdentifier("given".into())
}

fn method(name: &'static str) -> Property {
    Property::AuthenticationMethod(name.into())
}

fn both_versions() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [V3, V5] {
        let open = || Record::open(version).connect(connect(version));
        let early = || open().client(Packet::PingReq);
        cases.push(Case::new(
            &check::CONNACK_FIRST,
            version,
            early().broker(connack(false, 0)).broker(Packet::PingResp),
            early().broker(Packet::PingResp),
        ));
        cases.push(Case::new(
            &check::CONNACK_FIRST,
            version,
            Record::open(version).client(Packet::PingReq).closed(),
            Record::open(version)
                .client(Packet::PingReq)
                .broker(Packet::PingResp),
        ));
        let refusal = if version == V5 { 0x87 } else { 5 };
        let refused = || early().broker(connack(false, refusal));
        cases.push(Case::new(
            &check::AFTER_REFUSAL,
            version,
            refused().closed(),
            refused().broker(Packet::PingResp),
        ));
        cases.push(Case::new(
            &check::CONNACK_AFTER_REFUSAL,
            version,
            refused().closed(),
            refused().broker(connack(false, 0)),
        ));
        cases.push(Case::new(
            &check::PRESENT_ON_REFUSAL,
            version,
            refused(),
            open().broker(connack(true, refusal)),
        ));
        let twice = || Record::connected(version).connect(connect(version));
        cases.push(Case::new(
            &check::CONNACK_TO_SECOND_CONNECT,
            version,
            twice().closed(),
            twice().broker(connack(false, 0)),
        ));
        cases.push(Case::new(
            &check::PRESENT_ON_CLEAN_START,
            version,
            open().broker(connack(false, 0)),
            open().broker(connack(true, 0)),
        ));
        cases.push(Case::new(
            &check::CONNACK_CODE,
            version,
            refused(),
            open().broker(connack(false, if version == V5 { 0x98 } else { 6 })),
        ));
        for packet in [
            subscribe(1, &[("a", 0)]),
            unsubscribe(1, &["a"]),
            Packet::PingReq,
            Packet::Connect(Box::new(connect(version))),
        ] {
            cases.push(Case::new(
                &check::DIRECTION,
                version,
                Record::connected(version),
                Record::connected(version).broker(packet),
            ));
        }
        cases.push(Case::new(
            &check::PINGRESP_UNASKED,
            version,
            early().broker(connack(false, 0)).broker(Packet::PingResp),
            Record::connected(version)
                .client(Packet::PingReq)
                .broker(Packet::PingResp)
                .broker(Packet::PingResp),
        ));
    }
    cases.push(Case::new(
        &check::DIRECTION,
        V3,
        Record::connected(V3).closed(),
        Record::connected(V3).broker(disconnect(0, [])),
    ));
    let old = |clean| Record::open(V3).connect(anonymous(V3, clean));
    cases.push(Case::new(
        &check::EMPTY_ID_ACCEPTED,
        V3,
        old(false).broker(connack(false, 2)),
        old(false).broker(connack(false, 0)),
    ));
    cases.push(Case::new(
        &check::EMPTY_ID_ACCEPTED,
        V3,
        old(true).broker(connack(false, 0)),
        old(false).broker(connack(false, 0)),
    ));
    cases
}

fn of_5() -> Vec<Case> {
    let open = || Record::open(V5).connect(connect(V5));
    let new = |clean| Record::open(V5).connect(anonymous(V5, clean));
    let given = || connack_with(false, 0, [assigned()]);
    let two = || {
        new(true)
            .broker(given())
            .again()
            .connect(anonymous(V5, true))
    };
    let mut cases = vec![
        Case::new(
            &check::DISCONNECT_FIRST,
            V5,
            open()
                .broker(connack(false, 0))
                .broker(disconnect(0x8B, [])),
            open().broker(disconnect(0x8B, [])),
        ),
        Case::new(
            &check::DISCONNECT_FIRST,
            V5,
            open().broker(connack(false, 0x87)).closed(),
            open()
                .broker(connack(false, 0x87))
                .broker(disconnect(0x87, [])),
        ),
        Case::new(
            &check::CONNACK_TWICE,
            V3,
            Record::connected(V3),
            Record::connected(V3).broker(connack(false, 0)),
        ),
        Case::new(
            &check::CONNACK_TWICE,
            V5,
            Record::connected(V5),
            Record::connected(V5).broker(connack(false, 0)),
        ),
        Case::new(
            &check::AFTER_DISCONNECT,
            V5,
            Record::connected(V5).broker(disconnect(0x8B, [])).closed(),
            Record::connected(V5)
                .broker(disconnect(0x8B, []))
                .broker(Packet::Publish(publish(0, 0, "late"))),
        ),
        Case::new(
            &check::PRESENT_FOR_NEW_ID,
            V5,
            new(false).broker(connack_with(false, 0, [assigned()])),
            new(false).broker(connack_with(true, 0, [assigned()])),
        ),
        Case::new(
            &check::ID_NOT_ASSIGNED,
            V5,
            new(true).broker(connack_with(false, 0, [assigned()])),
            new(true).broker(connack(false, 0)),
        ),
        Case::new(
            &check::ID_NOT_ASSIGNED,
            V5,
            new(true).broker(connack_with(false, 0, [assigned()])),
            new(true).broker(connack_with(
                false,
                0,
                [Property::AssignedClientIdentifier("".into())],
            )),
        ),
        Case::new(
            &check::ID_NOT_ASSIGNED,
            V5,
            new(true).broker(connack(false, 0x85)),
            new(true).broker(connack(false, 0)),
        ),
        Case::new(
            &check::ASSIGNED_ID_IN_USE,
            V5,
            two().on(0).closed().on(1).broker(given()),
            two().broker(given()),
        ),
        Case::new(
            &check::ID_ASSIGNED_UNASKED,
            V5,
            new(true).broker(connack_with(false, 0, [assigned()])),
            open().broker(connack_with(false, 0, [assigned()])),
        ),
        Case::new(
            &check::EXPIRY_IN_DISCONNECT,
            V5,
            Record::connected(V5).broker(disconnect(0x8E, [])),
            Record::connected(V5).broker(disconnect(0x8E, [Property::SessionExpiryInterval(5)])),
        ),
        Case::new(
            &check::DISCONNECT_CODE,
            V5,
            Record::connected(V5).broker(disconnect(0x8C, [])),
            Record::connected(V5).broker(disconnect(0x04, [])),
        ),
    ];
    for asks in [vec![], vec![Property::RequestResponseInformation(0)]] {
        let information = || connack_with(false, 0, [Property::ResponseInformation("x".into())]);
        let yes = connect_with([Property::RequestResponseInformation(1)]);
        cases.push(Case::new(
            &check::RESPONSE_INFORMATION_UNASKED,
            V5,
            Record::open(V5).connect(yes).broker(information()),
            Record::open(V5)
                .connect(connect_with(asks))
                .broker(information()),
        ));
    }
    cases
}

fn authentication() -> Vec<Case> {
    let asked = || Record::open(V5).connect(connect_with([method("m")]));
    let accepts = |name| connack_with(false, 0, [method(name)]);
    let more = |name| auth(0x18, [method(name)]);
    vec![
        Case::new(
            &check::METHOD_UNASKED,
            V5,
            asked().broker(accepts("m")),
            Record::open(V5).connect(connect(V5)).broker(accepts("m")),
        ),
        Case::new(
            &check::METHOD_CHANGED,
            V5,
            asked().broker(accepts("m")),
            asked().broker(accepts("n")),
        ),
        Case::new(
            &check::METHOD_CHANGED,
            V5,
            // A refusal needs no method.
            asked().broker(connack(false, 0x8C)),
            asked().broker(connack(false, 0)),
        ),
        Case::new(
            &check::METHOD_CHANGED,
            V5,
            asked().broker(more("m")),
            asked().broker(more("n")),
        ),
        Case::new(
            &check::AUTH_UNASKED,
            V5,
            asked().broker(more("m")).broker(accepts("m")),
            Record::open(V5).connect(connect(V5)).broker(more("m")),
        ),
        Case::new(
            &check::AUTH_NOT_CONTINUED,
            V5,
            asked()
                .broker(accepts("m"))
                .client(auth(0x19, [method("m")]))
                .broker(auth(0, [method("m")])),
            asked().broker(auth(0, [method("m")])),
        ),
        Case::new(
            &check::AUTH_CODE,
            V5,
            asked().broker(more("m")),
            asked().broker(auth(0x19, [method("m")])),
        ),
    ]
}

#[test]
fn reports_a_packet_out_of_order_once() {
    let early = Record::open(V5)
        .connect(connect(V5))
        .client(subscribe(1, &[("a", 0)]))
        .broker(suback(1, &[0]));
    assert_eq!(early.found().len(), 1);
    let record = early
        .clone()
        .broker(Packet::PubAck(ack(1)))
        .broker(connack(false, 0));
    assert_eq!(record.found().len(), 1);
    let late = Record::connected(V5).broker(disconnect(0, []));
    let late = late.broker(suback(1, &[0])).broker(suback(1, &[0]));
    assert_eq!(late.found().len(), 1);
}
