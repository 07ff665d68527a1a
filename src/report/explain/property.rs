//! Explains a property of version 5.

use mqtt_check_codec::{PacketType, PropertyId, PropertyPlace, ProtocolVersion};

use super::{Context, clauses_list, pairs, part};
use crate::requirements::{self, property};

pub(super) fn render(id: PropertyId, context: Context<'_>) -> String {
    let style = context.style;
    let name = id.name().unwrap_or_default();
    let mut out = format!(
        "{} property 0x{:02X} ({}) of MQTT 5\n",
        style.strong(name),
        id.0,
        id.0
    );
    let mut facts = Vec::new();
    if let Some(known) = property::find(id) {
        facts.push(("type".to_owned(), known.value_type.to_owned()));
        facts.push(("meaning".to_owned(), known.meaning.to_owned()));
        facts.push(("repeats".to_owned(), known.repeats.to_owned()));
    }
    facts.push(("in".to_owned(), places(id).join(", ")));
    facts.push((
        "scenarios".to_owned(),
        id.key().unwrap_or_default().to_owned(),
    ));
    out.push_str(&pairs(&facts, context));
    let about = requirements::all(ProtocolVersion::V5)
        .filter(|r| r.summary.contains(name) || r.section.contains(name));
    out.push_str(&part(
        "Statements that name it",
        &clauses_list(about, context),
        style,
    ));
    out
}

fn places(id: PropertyId) -> Vec<String> {
    let mut places: Vec<String> = (1..16)
        .map(PacketType)
        .filter(|packet| id.is_allowed_in(PropertyPlace::Packet(*packet)))
        .map(|packet| packet.to_string())
        .collect();
    if id.is_allowed_in(PropertyPlace::Will) {
        places.push("the Will of a CONNECT".to_owned());
    }
    places
}
