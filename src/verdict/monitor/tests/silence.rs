//! If the standard or the record leaves something open, nothing is reported.

use mqtt_check_codec::{Connect, Lie, Packet, Property, ProtocolVersion};

use super::record::{
    Record, ack, ack_with, auth, connack, connack_with, connect, connect_with, dup, override_with,
    publish, retained, suback, subscribe, unsuback,
};
use super::{V3, V5};

const V3_1: ProtocolVersion = ProtocolVersion::V3_1;

fn keeping(version: ProtocolVersion) -> Connect {
    Connect {
        clean_start: false,
        ..connect(version)
    }
}

fn message(qos: u8, id: u16) -> Packet {
    Packet::Publish(publish(qos, id, "x"))
}

fn again(qos: u8, id: u16) -> Packet {
    dup(publish(qos, id, "x"))
}

/// Adds packets that would all be faults if the client had sent nothing wrong.
fn astray(record: Record) -> Record {
    record
        .broker(Packet::PubAck(ack(77)))
        .broker(Packet::PubRec(ack(78)))
        .broker(Packet::PubComp(ack(79)))
        .broker(Packet::PubRel(ack(80)))
        .broker(suback(81, &[0]))
        .broker(Packet::PingResp)
        .broker(again(1, 82))
}

#[test]
fn after_a_malformed_packet_client_requests_bind_nothing() {
    for version in [V3, V5] {
        let lie = override_with("topic", b"\xff");
        astray(Record::connected(version).lie(&message(1, 1), lie)).is_silent();
        astray(Record::connected(version).client_bytes(&b"\x32\x09\x00"[..])).is_silent();
        astray(Record::connected(version).client_bytes(&b"\xff\xff\xff\xff\xff"[..])).is_silent();
        assert!(!astray(Record::connected(version)).found().is_empty());
    }
}

#[test]
fn after_a_malformed_packet_the_connect_still_binds_the_broker() {
    let small = connect_with([Property::MaximumPacketSize(12)]);
    let record = Record::connected_by(small)
        .client_bytes(&b"\xff"[..])
        .broker(Packet::Publish(publish(0, 0, "much too long")));
    assert_eq!(record.found().len(), 1);
}

#[test]
fn a_connect_of_another_version_may_be_answered_in_its_own_terms() {
    let level = |level| override_with("protocol_level", level);
    let connect = |version| Packet::Connect(Box::new(connect(version)));
    let old = &b"\x20\x02\x00\x01"[..];
    let open = || Record::open(V5);
    open()
        .lie(&connect(V5), level(&[6]))
        .broker_bytes(old)
        .is_silent();
    open()
        .lie(&connect(V5), level(&[4]))
        .broker_bytes(old)
        .is_silent();
    open().client(connect(V3)).broker_bytes(old).is_silent();
    open()
        .client_bytes(&b"GET / HTTP/1.1\r\n\r\n"[..])
        .broker_bytes(old)
        .is_silent();
    let name = override_with("protocol_name", b"AMQP");
    open()
        .lie(&connect(V5), name)
        .broker_bytes(&b"\x50\x00"[..])
        .is_silent();
    // A CONNECT of the right version with another fault in it is still of that version.
    let flag = override_with("connect_flags", &[3]);
    let record = open().lie(&connect(V5), flag).broker_bytes(old);
    assert_eq!(record.found().len(), 1);
}

#[test]
fn a_changed_packet_that_is_still_valid_counts_as_valid() {
    let lie = override_with("packet_id", &[0, 9]);
    Record::connected(V5)
        .lie(&message(1, 1), lie)
        .broker(Packet::PubAck(ack(9)))
        .is_silent();
}

#[test]
fn packets_sent_with_the_connect_are_answered_after_the_connack() {
    for version in [V3, V5] {
        Record::open(version)
            .connect(connect(version))
            .client(subscribe(1, &[("a/b", 1)]))
            .client(message(2, 2))
            .broker(connack(false, 0))
            .broker(message(1, 1))
            .broker(suback(1, &[1]))
            .broker(Packet::PubRec(ack(2)))
            .is_silent();
    }
}

#[test]
fn three_one_one_may_send_again_at_any_time() {
    let sent = || Record::connected(V3).broker(message(1, 1));
    sent().broker(again(1, 1)).broker(again(1, 1)).is_silent();
    // The message was sent before our acknowledgement was received.
    sent()
        .client(Packet::PubAck(ack(1)))
        .broker(again(1, 1))
        .is_silent();
    let received = Record::connected(V3)
        .broker(message(2, 1))
        .client(Packet::PubRec(ack(1)));
    received.clone().broker(again(2, 1)).is_silent();
    received
        .broker(Packet::PubRel(ack(1)))
        .broker(Packet::PubRel(ack(1)))
        .client(Packet::PubComp(ack(1)))
        .broker(Packet::PubRel(ack(1)))
        .is_silent();
}

#[test]
fn messages_in_flight_at_the_disconnect_may_be_sent_again() {
    for version in [V3, V5] {
        let first = || {
            Record::open(version)
                .connect(keeping(version))
                .broker(connack(false, 0))
        };
        // No packet of the exchange was seen before.
        first().closed().resumed().broker(again(1, 4)).is_silent();
        first()
            .closed()
            .resumed()
            .broker(Packet::PubRel(ack(4)))
            .is_silent();
        // Our acknowledgement may have been lost.
        let acknowledged = || {
            first()
                .broker(message(1, 4))
                .client(Packet::PubAck(ack(4)))
                .closed()
        };
        acknowledged().resumed().broker(again(1, 4)).is_silent();
        acknowledged()
            .resumed()
            .broker(Packet::Publish(publish(1, 4, "new")))
            .is_silent();
        let received = || {
            first()
                .broker(message(2, 4))
                .client(Packet::PubRec(ack(4)))
                .closed()
        };
        received().resumed().broker(again(2, 4)).is_silent();
        received()
            .resumed()
            .broker(Packet::PubRel(ack(4)))
            .is_silent();
        let completed = first()
            .broker(message(2, 4))
            .client(Packet::PubRec(ack(4)))
            .broker(Packet::PubRel(ack(4)))
            .client(Packet::PubComp(ack(4)))
            .closed()
            .resumed();
        completed.clone().broker(Packet::PubRel(ack(4))).is_silent();
        completed.broker(message(2, 4)).is_silent();
    }
}

#[test]
fn an_answer_may_come_on_the_next_connection() {
    for version in [V3, V5] {
        Record::open(version)
            .connect(keeping(version))
            .broker(connack(false, 0))
            .client(message(2, 4))
            .client(subscribe(5, &[("a", 0)]))
            .closed()
            .resumed()
            .broker(Packet::PubRec(ack(4)))
            .broker(suback(5, &[0]))
            .client(Packet::PubRel(ack(4)))
            .broker(Packet::PubComp(ack(4)))
            .is_silent();
    }
}

#[test]
fn a_session_from_before_the_record_is_unknown() {
    for version in [V3, V5] {
        let found = Record::open(version)
            .connect(keeping(version))
            .broker(connack(true, 0));
        found
            .broker(again(2, 1))
            .broker(Packet::PubRel(ack(2)))
            .broker(Packet::PubRec(ack(3)))
            .broker(retained(publish(0, 0, "x")))
            .is_silent();
    }
}

#[test]
fn a_fresh_session_knows_nothing_of_the_former_one() {
    for version in [V3, V5] {
        Record::connected(version)
            .broker(message(1, 4))
            .closed()
            .again()
            .connect(connect(version))
            .broker(connack(false, 0))
            .broker(Packet::Publish(publish(1, 4, "another")))
            .is_silent();
    }
}

#[test]
fn a_restart_may_have_brought_an_older_state_back() {
    for version in [V3, V5] {
        let sent = || {
            Record::open(version)
                .connect(keeping(version))
                .broker(connack(false, 0))
                .broker(message(1, 4))
                .closed()
        };
        let other = || Packet::Publish(publish(1, 4, "another"));
        sent().restarted().resumed().broker(other()).is_silent();
        assert_eq!(sent().resumed().broker(other()).found().len(), 1);
    }
}

#[test]
fn a_connection_that_was_taken_over_is_left_alone() {
    for version in [V3, V5] {
        Record::open(version)
            .connect(keeping(version))
            .broker(connack(false, 0))
            .broker(message(1, 4))
            .resumed()
            .broker(again(1, 4))
            .on(0)
            // Read late from the first connection.
            .broker(Packet::Publish(publish(1, 5, "late")))
            .client(Packet::PubAck(ack(4)))
            .on(1)
            .broker(dup(publish(1, 5, "late")))
            .broker(Packet::Publish(publish(1, 4, "new")))
            .is_silent();
    }
}

#[test]
fn a_session_that_two_have_opened_at_once_is_unknown() {
    let open = || Record::open(V5).connect(keeping(V5));
    open()
        .again()
        .connect(keeping(V5))
        .broker(connack(false, 0))
        .broker(message(1, 1))
        .on(0)
        .broker(connack(true, 0))
        .broker(Packet::Publish(publish(1, 1, "another")))
        .closed()
        .resumed()
        .broker(Packet::Publish(publish(1, 1, "a third")))
        .is_silent();
}

#[test]
fn a_server_may_subscribe_a_client_by_itself() {
    for version in [V3, V5] {
        Record::connected(version)
            .client(subscribe(1, &[("c", 0)]))
            .broker(message(2, 1))
            .broker(retained(publish(0, 0, "x")))
            .is_silent();
        // Filters that a server may interpret in its own way.
        Record::connected(version)
            .client(subscribe(1, &[("a/b", 0), ("$queue/a/b", 2)]))
            .broker(message(2, 1))
            .is_silent();
    }
}

#[test]
fn a_message_may_have_waited_for_an_earlier_subscription() {
    for version in [V3, V5] {
        Record::connected(version)
            .client(subscribe(1, &[("a/b", 2)]))
            .broker(suback(1, &[2]))
            .client(subscribe(2, &[("a/b", 0)]))
            .broker(suback(2, &[0]))
            .broker(message(2, 1))
            .is_silent();
        // The SUBACK may be received after the first message.
        Record::connected(version)
            .client(subscribe(1, &[("a/b", 1)]))
            .broker(message(1, 1))
            .is_silent();
    }
}

#[test]
fn a_shared_message_may_have_been_with_another_before() {
    for version in [V3, V5] {
        Record::connected(version)
            .client(subscribe(1, &[("$share/g/a/b", 1)]))
            .broker(suback(1, &[1]))
            .broker(again(1, 1))
            .is_silent();
    }
}

#[test]
fn a_message_with_retain_that_is_sent_again_is_not_a_second_one() {
    let connected = Record::open(V5)
        .connect(keeping(V5))
        .broker(connack(false, 0));
    connected
        .client(subscribe(1, &[("a/b", 1)]))
        .broker(retained(publish(1, 1, "x")))
        .closed()
        .resumed()
        .broker(Packet::Publish(mqtt_check_codec::Publish {
            dup: true,
            retain: true,
            ..publish(1, 1, "x")
        }))
        .is_silent();
}

#[test]
fn answers_to_a_client_that_breaks_rules_are_answers() {
    // A PUBREC, a PUBREL and a PUBACK that answer nothing.
    Record::connected(V5)
        .client(Packet::PubRec(ack(1)))
        .broker(Packet::PubRel(ack_with(1, 0x92, [])))
        .client(Packet::PubRel(ack(2)))
        .broker(Packet::PubComp(ack_with(2, 0x92, [])))
        .client(Packet::PubAck(ack(3)))
        .broker(message(1, 3))
        .is_silent();
    // The same packet id for a SUBSCRIBE and a PUBLISH.
    Record::connected(V5)
        .client(message(1, 1))
        .client(subscribe(1, &[("a", 0)]))
        .broker(suback(1, &[0]))
        .broker(Packet::PubAck(ack(1)))
        .is_silent();
    // A PUBREC for a message of QoS 1 may or may not settle it.
    Record::connected(V5)
        .broker(message(1, 1))
        .client(Packet::PubRec(ack(1)))
        .broker(Packet::PubRel(ack(1)))
        .broker(Packet::Publish(publish(1, 1, "another")))
        .is_silent();
}

#[test]
fn a_second_answer_is_reported_as_left_over() {
    Record::connected(V5)
        .client(message(1, 1))
        .broker(Packet::PubAck(ack(1)))
        .broker(Packet::PubAck(ack(1)))
        .client(subscribe(2, &[("a", 0)]))
        .broker(suback(2, &[0]))
        .broker(suback(2, &[0]))
        .is_silent();
}

#[test]
fn a_connack_that_cannot_be_read_leaves_the_session_open() {
    let lie = override_with("acknowledge_flags", &[4]);
    let record = Record::open(V5)
        .connect(connect(V5))
        .broker_lies(&connack(false, 0), lie)
        .broker(suback(1, &[0]))
        .broker(again(1, 1));
    assert_eq!(record.found().len(), 1);
}

#[test]
fn a_publish_that_cannot_be_read_leaves_its_identifier_open() {
    let record = Record::connected(V5)
        .broker_lies(
            &message(2, 1),
            Lie::Omit {
                field: "topic".into(),
            },
        )
        .client(Packet::PubRec(ack(1)))
        .broker(Packet::PubRel(ack(1)))
        .broker(again(2, 1))
        .broker(unsuback(9, &[0]));
    assert_eq!(record.found().len(), 1);
}

#[test]
fn contradicting_statements_forbid_nothing() {
    // An AUTH without any bytes has no room for the method that it should repeat.
    let method = || Property::AuthenticationMethod("m".into());
    Record::open(V5)
        .connect(connect_with([method()]))
        .broker(connack_with(false, 0, [method()]))
        .client(auth(0x19, [method()]))
        .broker(auth(0, []))
        .is_silent();
}

#[test]
fn no_clause_forbids_echoing_a_malformed_value_of_the_client() {
    for version in [V3, V5] {
        let zero = || override_with("packet_id", &[0, 0]);
        Record::connected(version)
            .lie(&message(1, 1), zero())
            .broker_lies(&Packet::PubAck(ack(1)), zero())
            .is_silent();
    }
}

#[test]
fn a_denied_session_does_not_make_resent_messages_new() {
    for version in [V3, V5] {
        let connect = mqtt_check_codec::Connect {
            clean_start: false,
            ..super::record::connect(version)
        };
        // Session Present is wrong, which the steps judge. DUP is right.
        Record::connected_by(connect.clone())
            .broker(message(1, 1))
            .again()
            .connect(connect)
            .broker(connack(false, 0))
            .broker(again(1, 1))
            .is_silent();
    }
}

#[test]
fn an_answer_of_the_client_may_cross_a_resent_message() {
    for version in [V3, V5] {
        let broken = |qos| {
            Record::open(version)
                .connect(keeping(version))
                .broker(connack(false, 0))
                .broker(message(qos, 4))
                .closed()
        };
        // The client knows the message, and acknowledges it before the broker sends it again.
        let crossed = broken(1)
            .resumed()
            .client(Packet::PubAck(ack(4)))
            .broker(again(1, 4));
        crossed.is_silent();
        // The broker may have received the acknowledgement by now, so the identifier is free.
        let new = || Packet::Publish(publish(1, 4, "new"));
        crossed.clone().broker(new()).is_silent();
        crossed
            .client(Packet::PubAck(ack(4)))
            .broker(new())
            .is_silent();
        broken(1)
            .resumed()
            .client(Packet::PubAck(ack(4)))
            .broker(new())
            .is_silent();
    }
    let refused = Record::open(V5)
        .connect(keeping(V5))
        .broker(connack(false, 0))
        .broker(message(2, 4))
        .closed()
        .resumed()
        .client(Packet::PubRec(ack_with(4, 0x97, [])));
    refused.broker(again(2, 4)).is_silent();
}

#[test]
fn an_answer_read_late_belongs_to_the_session_of_its_own_connection() {
    for version in [V3, V5] {
        // All of this was sent before the takeover, and is read after the CONNACK of the new connection.
        let taken_over = || {
            Record::connected(version)
                .client(subscribe(1, &[("a/b", 0)]))
                .client(message(1, 7))
                .again()
                .connect(connect(version))
                .broker(connack(false, 0))
        };
        taken_over()
            .on(0)
            .broker(Packet::PubAck(ack(7)))
            .is_silent();
        taken_over()
            .client(subscribe(1, &[("a/b", 2)]))
            .on(0)
            .broker(suback(1, &[0]))
            .on(1)
            .broker(suback(1, &[2]))
            .broker(message(2, 1))
            .is_silent();
    }
}

#[test]
fn acknowledgements_count_where_the_session_is_unknown() {
    let takes_one = || connect_with([Property::ReceiveMaximum(1)]);
    let each_acknowledged = |record: Record| {
        record
            .broker(message(1, 1))
            .client(Packet::PubAck(ack(1)))
            .broker(message(1, 1))
            .is_silent();
    };
    // This connection has opened the session beside another one, whose CONNACK was received first.
    let beside = Record::open(V5)
        .connect(takes_one())
        .again()
        .connect(takes_one())
        .broker(connack(false, 0))
        .on(0)
        .broker(connack(false, 0));
    each_acknowledged(beside);
    let unread = Record::open(V5)
        .connect(takes_one())
        .broker_lies(&connack(false, 0), override_with("acknowledge_flags", &[4]));
    assert_eq!(unread.found().len(), 1);
    let found = unread
        .broker(message(1, 1))
        .client(Packet::PubAck(ack(1)))
        .broker(message(1, 1))
        .found();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_clean_session_of_3_1_ends_with_its_connection() {
    let another = || Packet::Publish(publish(1, 4, "another"));
    let then_keeping = |first: Connect| {
        Record::open(V3_1)
            .connect(first)
            .broker(connack(false, 0))
            .broker(message(1, 4))
            .closed()
            .again()
            .connect(keeping(V3_1))
            .broker(connack(false, 0))
            .broker(another())
    };
    then_keeping(connect(V3_1)).is_silent();
    assert_eq!(then_keeping(keeping(V3_1)).found().len(), 1);
}

#[test]
fn a_lost_pubrec_may_be_repeated_beside_the_answer_to_a_message_sent_again() {
    let resumed = Record::open(V5)
        .connect(keeping(V5))
        .broker(connack(false, 0))
        .client(message(2, 7))
        .closed()
        .resumed()
        .client(again(2, 7))
        .broker(Packet::PubRec(ack(7)))
        .broker(Packet::PubRec(ack(7)));
    resumed.is_silent();
    assert_eq!(resumed.broker(Packet::PubRec(ack(7))).found().len(), 1);
}

#[test]
fn before_version_5_a_second_connect_may_be_refused_by_connack() {
    let twice = |version| Record::connected(version).connect(connect(version));
    let refused = twice(V3).broker(connack(false, 2));
    refused.clone().closed().is_silent();
    // The connection has to end after the refusal.
    let found = refused.client(Packet::PingReq).broker(Packet::PingResp);
    assert_eq!(found.found().len(), 1);
    assert_eq!(twice(V5).broker(connack(false, 0x82)).found().len(), 1);
}
