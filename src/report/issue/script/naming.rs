//! Decides which names of a play a script may change, so that it can run several times against one broker.

use mqtt_check_codec::Packet;

use super::{LONG, Story};
use crate::engine::Prefix;
use crate::report::document::{Direction, Event, Value};
use crate::report::pcap::unhex;

/// A placeholder for the random letters of each run.
pub(super) const TOKEN: &str = "RuN0";
/// The longest Client Identifier that every broker accepts, in bytes.
const SHORT: usize = 23;

impl Story<'_> {
    /// Whether this event allows a prefix before topics. An error says why there can be no script.
    pub(super) fn may_rename(&self, event: &Event) -> Result<bool, String> {
        let Some(hex) = &event.bytes else {
            return Ok(true);
        };
        if event.bytes_left_out > 0 {
            return Err("a packet in it is too long".to_owned());
        }
        let bytes = unhex(hex);
        let Some((packet, _)) = self.packet(event, &bytes) else {
            return Ok(false);
        };
        let is_fixed = |topic: &str| {
            let shared = topic.strip_prefix("$share/");
            let topic = shared
                .and_then(|rest| Some(rest.split_once('/')?.1))
                .unwrap_or(topic);
            topic.starts_with(['+', '#', '$', '/']) || topic.is_empty()
        };
        if bytes.len() >= LONG && !matches!(packet, Packet::Connect(_)) {
            return Ok(false);
        }
        Ok(match &packet {
            Packet::Auth(_) => return Err("the case uses enhanced authentication".to_owned()),
            Packet::Connect(connect) => {
                if self.is_assigned(&connect.client_id) {
                    return Err(
                        "a client uses the Client Identifier that the broker assigned".to_owned(),
                    );
                }
                let mut limits = connect.properties.0.iter();
                !limits.any(|p| p.id().key() == Some("maximum_packet_size"))
            }
            Packet::Publish(publish) => !is_fixed(&publish.topic),
            Packet::Subscribe(subscribe) => {
                let mut filters = subscribe.subscriptions.iter();
                !filters.any(|subscription| is_fixed(&subscription.filter))
            }
            Packet::Unsubscribe(unsubscribe) => {
                !unsubscribe.filters.iter().any(|filter| is_fixed(filter))
            }
            _ => true,
        })
    }

    /// Whether a CONNECT that cannot be encoded again contains the Client Identifier of another CONNECT. The two must
    /// stay equal, so neither is renamed.
    pub(super) fn names_a_client_in_a_faulty_connect(&self) -> bool {
        let mut ids = Vec::new();
        let mut faulty = Vec::new();
        let sent = self.play.events.iter().filter(|event| {
            event.number < self.check.before && event.direction == Direction::Sent && !event.own
        });
        for event in sent {
            let bytes = unhex(event.bytes.as_deref().unwrap_or_default());
            match self.packet(event, &bytes) {
                Some((Packet::Connect(connect), _)) => ids.push(connect.client_id),
                None if bytes.first().is_some_and(|byte| byte >> 4 == 1) => faulty.push(bytes),
                _ => {}
            }
        }
        let mut ids = ids.iter().filter(|id| !id.is_empty());
        ids.any(|id| {
            let mut faulty = faulty.iter();
            faulty.any(|bytes| bytes.windows(id.len()).any(|part| part == id.as_bytes()))
        })
    }

    fn is_assigned(&self, id: &str) -> bool {
        let mut events = self.play.events.iter();
        !id.is_empty()
            && events.any(|event| {
                event.packet.as_deref() == Some("CONNACK")
                    && event.fields.iter().any(|field| {
                        field.name == "assigned_client_identifier"
                            && field.value == Value::Text(id.to_owned())
                    })
            })
    }
}

/// A Client Identifier that differs in each run. A long one keeps its length.
pub(super) fn renamed(prefix: &Prefix, id: &str) -> bytestring::ByteString {
    match id.get(TOKEN.len()..) {
        Some(rest) if id.len() + TOKEN.len() > SHORT => format!("{TOKEN}{rest}").into(),
        _ => prefix.client_id(id),
    }
}
