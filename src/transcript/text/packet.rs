//! The fields of a packet by name, from the codec's description, and which side chose its identifier.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;
use mqtt_check_codec::describe::{MAX_SHOWN, has_usual_value, quote, show_bytes};
use mqtt_check_codec::{FieldValue, Packet, PacketType, ProtocolVersion};

/// One field as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldText {
    /// The name that scenarios use. The fields of a Will begin with `will_`.
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl FieldText {
    /// Appends the field to a line.
    pub(super) fn write(&self, line: &mut String) {
        push_field(line, self.name, &self.value);
    }
}

/// Appends ` name=value`.
pub(super) fn push_field(line: &mut String, name: &str, value: &str) {
    for part in [" ", name, "=", value] {
        line.push_str(part);
    }
}

/// The placeholder of a password, which is never written.
const PASSWORD: &str = "<password>";

/// Data of more bytes than this is long.
const LONG: usize = 1024;
/// How many long data are remembered.
const REMEMBERED: usize = 8;

/// The long data that was written last, each with its text. A transcript has the same payload several times, and the
/// checksum of a long one takes most of the time that the whole text takes.
#[derive(Debug, Default)]
pub(super) struct LongData(RefCell<VecDeque<(Bytes, String)>>);

impl LongData {
    /// Returns what [`show_bytes`] returns.
    pub(super) fn show(&self, data: &Bytes) -> String {
        if data.len() <= LONG {
            return show_bytes(data);
        }
        self.known(data).unwrap_or_else(|| {
            let text = show_bytes(data);
            let mut last = self.0.borrow_mut();
            last.truncate(REMEMBERED - 1);
            last.push_front((data.clone(), text.clone()));
            text
        })
    }

    /// Returns what [`word`] returns.
    pub(super) fn word(&self, text: &str) -> String {
        // Text that is not shown in quotes as data has hidden characters.
        let known = match text.len() > LONG {
            true => self.known(text.as_bytes()),
            false => None,
        };
        let quoted = known.filter(|text| text.starts_with('"'));
        quoted.unwrap_or_else(|| word(text))
    }

    fn known(&self, data: &[u8]) -> Option<String> {
        let last = self.0.borrow();
        let mut known = last.iter();
        let (_, text) = known.find(|(bytes, _)| bytes == data)?;
        Some(text.clone())
    }
}

/// Returns every field that carries information, in wire order. The codes of a SUBACK or UNSUBACK are one field.
/// `topic` replaces the topic of a PUBLISH with a Topic Alias.
pub(super) fn fields(
    packet: &Packet,
    version: ProtocolVersion,
    topic: Option<&ByteString>,
    long: &LongData,
) -> Vec<FieldText> {
    let mut written: Vec<FieldText> = Vec::new();
    for field in packet.fields(version) {
        let value = match (field.name.base, topic) {
            ("version", _) if is_version_of_lane(packet, version) => continue,
            _ if has_usual_value(&field) => continue,
            ("password", _) => PASSWORD.to_owned(),
            ("topic", Some(topic)) => quote(topic),
            _ => match &field.value {
                FieldValue::Binary(data) => long.show(data),
                value => value.show(packet.packet_type(), version),
            },
        };
        match (field.name.base, field.name.index, written.last_mut()) {
            ("reasons", Some(1..), Some(codes)) => {
                codes.value.push(',');
                codes.value.push_str(&value);
            }
            (name, ..) => written.push(FieldText { name, value }),
        }
    }
    written
}

/// Returns whether a CONNECT has the version of its lane. The version is then not written.
fn is_version_of_lane(packet: &Packet, version: ProtocolVersion) -> bool {
    matches!(packet, Packet::Connect(connect) if connect.version == version)
}

/// Formats a single text: bare if it is one word, quoted otherwise, and cut if it is long.
fn word(text: &str) -> String {
    let is_bare = |c: u8| {
        c.is_ascii_alphanumeric()
            || matches!(c, b'/' | b'_' | b'-' | b'.' | b'+' | b'#' | b'$' | b'@')
    };
    if (1..=MAX_SHOWN).contains(&text.len()) && text.bytes().all(is_bare) {
        text.to_owned()
    } else {
        quote(text)
    }
}

/// Returns whether the identifier of such a packet was chosen by its sender, in this packet or in the PUBLISH that it
/// belongs to.
pub(super) fn chosen_by_sender(packet: PacketType) -> bool {
    matches!(
        packet,
        PacketType::PUBLISH | PacketType::PUBREL | PacketType::SUBSCRIBE | PacketType::UNSUBSCRIBE
    )
}
