//! Compares the reason codes that a server may send with those that the bundled broker sends in the suite's snapshots.
//! Each code must be sent in each packet that may have it, or is listed here with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode, Sender};

const V3: ProtocolVersion = ProtocolVersion::V3_1_1;
const V5: ProtocolVersion = ProtocolVersion::V5;

/// Packets with a reason code.
const PACKETS: &[PacketType] = &[
    PacketType::CONNACK,
    PacketType::PUBACK,
    PacketType::PUBREC,
    PacketType::PUBREL,
    PacketType::PUBCOMP,
    PacketType::SUBACK,
    PacketType::UNSUBACK,
    PacketType::DISCONNECT,
    PacketType::AUTH,
];

/// Version 5 reason codes that no scenario provokes from the broker.
const UNPROVOKED: &[(PacketType, &[u8], &str)] = &[
    (PacketType::CONNACK, &[0x80, 0x83], SAYS_MORE),
    (PacketType::PUBACK, &[0x80, 0x83], SAYS_MORE),
    (PacketType::PUBREC, &[0x80, 0x83], SAYS_MORE),
    (PacketType::SUBACK, &[0x80, 0x83], SAYS_MORE),
    (PacketType::UNSUBACK, &[0x80, 0x83], SAYS_MORE),
    (PacketType::CONNACK, &[0x90], MALFORMED),
    (PacketType::PUBACK, &[0x90], MALFORMED),
    (PacketType::PUBREC, &[0x90], MALFORMED),
    (PacketType::DISCONNECT, &[0x8F, 0x90], MALFORMED),
    (PacketType::UNSUBACK, &[0x8F], MALFORMED),
    (
        PacketType::CONNACK,
        &[0x84],
        "a level that it does not know is answered as 3.1.1 demands, by 0x01 in that version's form",
    ),
    (
        PacketType::CONNACK,
        &[0x88],
        "a server that cannot serve takes no connections; what is only full is busy, or out of quota",
    ),
    (
        PacketType::DISCONNECT,
        &[0x8C],
        "the table of DISCONNECT leaves it out",
    ),
    (
        PacketType::UNSUBACK,
        &[0x87],
        "access rules are about subscribing; anybody may end what he has",
    ),
    (
        PacketType::PUBREC,
        &[0x91],
        "an identifier is in use in a QoS 2 exchange only, and there it is the same message again",
    ),
    (
        PacketType::SUBACK,
        &[0x9E, 0xA1, 0xA2],
        "what is announced as not available is a Protocol Error, answered by DISCONNECT",
    ),
];

const SAYS_MORE: &str = "every refusal of the broker has a code that says more";
const MALFORMED: &str =
    "topic names and filters are judged as the packet is read, and a wrong one makes it malformed";

type Sent = (PacketType, ReasonCode);

/// What the broker sends in the records of this version's cases.
fn sent(version: ProtocolVersion) -> BTreeSet<Sent> {
    let mut found = BTreeSet::new();
    for area in fs::read_dir("snapshots").expect("the snapshots") {
        let area = area.expect("an entry").path();
        // Records of another broker.
        if area.ends_with("@mosquitto") {
            continue;
        }
        collect(&area, version, &mut found);
    }
    found
}

fn collect(folder: &Path, version: ProtocolVersion, found: &mut BTreeSet<Sent>) {
    let end = format!("@{version}.snap");
    for file in fs::read_dir(folder).expect("an area") {
        let file = file.expect("an entry").path();
        let name = file.file_name().expect("a name").to_string_lossy();
        if name.ends_with(&end) {
            let text = fs::read_to_string(&file).expect("a snapshot");
            let others = clients_of_other_versions(&text, version);
            let is_meant = |line: &&str| !others.contains(&client(line));
            let lines = text.lines().filter(is_meant);
            found.extend(lines.flat_map(|line| codes(line, version)));
        }
    }
}

/// The clients in a record that connect with another version than that of the case. Only version 5 has Clean Start.
fn clients_of_other_versions(text: &str, version: ProtocolVersion) -> BTreeSet<&str> {
    let other = match version {
        V5 => " > CONNECT clean_session=",
        _ => " > CONNECT clean_start=",
    };
    let connects = text.lines().filter(|line| line.contains(other));
    connects.map(client).collect()
}

/// The name of the client in a line with a packet, without the number of its connection.
fn client(line: &str) -> &str {
    let name = line.split_whitespace().next().unwrap_or_default();
    name.split('#').next().unwrap_or_default()
}

/// The codes in a line with a packet from the broker: `client < SUBACK reasons=granted_qos_0 | packet_id=1`.
fn codes(line: &str, version: ProtocolVersion) -> Vec<Sent> {
    let mut words = line.split_whitespace().skip(1);
    let (Some("<" | "<?"), Some(packet)) = (words.next(), words.next()) else {
        return Vec::new();
    };
    let Some(packet) = PACKETS.iter().find(|known| known.name() == packet) else {
        return Vec::new();
    };
    words
        .filter_map(|word| {
            word.strip_prefix("reason=")
                .or(word.strip_prefix("reasons="))
        })
        .flat_map(|names| names.split(','))
        .filter_map(|name| Some((*packet, ReasonCode::from_name(name, *packet, version)?)))
        .collect()
}

/// What a server may send.
fn allowed(version: ProtocolVersion) -> BTreeSet<Sent> {
    let all = PACKETS.iter().flat_map(|packet| {
        let codes = (0..=u8::MAX).map(ReasonCode);
        codes.map(|code| (*packet, code))
    });
    all.filter(|(packet, code)| code.is_allowed_in(*packet, version, Sender::Server))
        .collect()
}

#[test]
fn reads_the_codes_of_a_line() {
    let line = "  a <? SUBACK | packet_id=1 reasons=granted_qos_1,not_authorized";
    let suback = |code| (PacketType::SUBACK, ReasonCode(code));
    assert_eq!(codes(line, V5), [suback(1), suback(0x87)]);
    let line = "  a#2 < CONNACK session_present=0 reason=server_unavailable";
    assert_eq!(codes(line, V3), [(PacketType::CONNACK, ReasonCode(3))]);
    assert_eq!(codes("  a > DISCONNECT reason=server_busy", V5), []);
}

#[test]
fn every_code_of_version_5_that_a_server_may_send_is_provoked_by_a_scenario() {
    let missing: BTreeSet<Sent> = allowed(V5).difference(&sent(V5)).copied().collect();
    let listed = UNPROVOKED
        .iter()
        .flat_map(|(packet, codes, _)| codes.iter().map(|code| (*packet, ReasonCode(*code))));
    assert_eq!(missing, listed.collect());
}

#[test]
fn every_code_of_3_1_1_is_provoked_by_a_scenario() {
    let missing: BTreeSet<Sent> = allowed(V3).difference(&sent(V3)).copied().collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn what_the_broker_sends_has_a_code_that_a_server_may_send() {
    for version in [V3, V5] {
        let wrong: Vec<Sent> = sent(version)
            .difference(&allowed(version))
            .copied()
            .collect();
        assert_eq!(wrong, [], "{version}");
    }
}
