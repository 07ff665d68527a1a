//! Explains a reason code, or a Connect Return code before version 5.

use mqtt_check_codec::reason::Sender;
use mqtt_check_codec::{PacketType, ProtocolVersion, ReasonCode};

use super::{Context, clauses_list, columns, part};
use crate::coverage;

const VERSIONS: [ProtocolVersion; 3] = [
    ProtocolVersion::V5,
    ProtocolVersion::V3_1_1,
    ProtocolVersion::V3_1,
];

pub(super) fn render(code: ReasonCode, context: Context<'_>) -> String {
    let style = context.style;
    let mut out = format!(
        "{} reason code {}, {}\n",
        style.strong(&code.to_string()),
        code.0,
        match code.0 {
            1..=5 => "below 0x80; in the CONNACK of MQTT 3.1 and 3.1.1, a refusal",
            0..0x80 => "below 0x80",
            _ => "a failure",
        }
    );
    let mut rows: Vec<Vec<String>> = Vec::new();
    for version in VERSIONS {
        for packet in (1..16).map(PacketType) {
            let Some(sender) = sender(code, packet, version) else {
                continue;
            };
            rows.push(vec![
                packet.to_string(),
                format!("MQTT {version}"),
                sender.to_owned(),
                code.name(packet, version).unwrap_or_default().to_owned(),
            ]);
        }
    }
    if rows.is_empty() {
        out.push_str(&super::prose("no version gives it a meaning", context));
        return out;
    }
    out.push_str(&columns(rows.into_iter(), context));
    let hex = code.to_string();
    let named = coverage::catalogue()
        .into_iter()
        .filter(|r| r.version == ProtocolVersion::V5 && code.0 > 2 && r.summary.contains(&hex));
    out.push_str(&part(
        "Statements that name it",
        &clauses_list(named, context),
        style,
    ));
    out
}

fn sender(code: ReasonCode, packet: PacketType, version: ProtocolVersion) -> Option<&'static str> {
    let by = |sender| code.is_allowed_in(packet, version, sender);
    match (by(Sender::Client), by(Sender::Server)) {
        (true, true) => Some("sent by either"),
        (true, false) => Some("sent by clients"),
        (false, true) => Some("sent by servers"),
        (false, false) => None,
    }
}
