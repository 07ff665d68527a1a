//! One network connection of a session, and the limits that its two ends agreed on. None of it is session state:
//! it starts afresh with the next connection. [5 MQTT-3.3.2-7] [5 RULE-4.9-1]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::{Packet, Property, PropertyId, ProtocolVersion};

use super::authentication::Authentication;
use crate::core::input::{ConnectionId, Time};
use crate::core::lies::tell;
use crate::core::rules::Rules;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// What the broker knows of an accepted connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: ConnectionId,
    pub(crate) version: ProtocolVersion,
    /// One and a half times the Keep Alive in force; `None` when it is off.
    pub(crate) silence: Option<Duration>,
    pub(crate) last_received: Time,
    /// How many PUBLISH packets of QoS 1 and 2 may be unacknowledged by the client.
    pub(crate) send_limit: usize,
    /// Whether the client reads too slowly for more.
    pub(crate) congested: bool,
    /// How many QoS 2 PUBLISH packets of this connection the client has not released.
    pub(crate) unreleased: usize,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) aliases_in: BTreeMap<u16, ByteString>,
    pub(crate) aliases_out: OutboundAliases,
    /// Whether Reason Strings and User Properties are wanted beyond CONNACK and DISCONNECT.
    pub(crate) problem_information: bool,
    /// Session Expiry Interval of the CONNECT itself, 0 when absent.
    pub(crate) connect_expiry_s: u32,
    /// How the client proves who it is, if its CONNECT named a method.
    pub(crate) authentication: Option<Box<Authentication>>,
}

/// Topic Aliases that the broker uses towards the client.
#[derive(Debug)]
pub(crate) struct OutboundAliases {
    /// The client's Topic Alias Maximum.
    maximum: u16,
    /// Of a liberty: whether an alias is given to another topic when none is left.
    reused: bool,
    known: BTreeMap<ByteString, u16>,
}

impl OutboundAliases {
    /// None in use yet, of `maximum` that the client allows.
    pub(crate) const fn up_to(maximum: u16, reused: bool) -> Self {
        Self {
            maximum,
            reused: reused && maximum > 0,
            known: BTreeMap::new(),
        }
    }

    /// The alias of this topic and whether the client knows it already; a new one while some are left.
    pub(crate) fn assign(&mut self, topic: &ByteString) -> Option<(u16, bool)> {
        if let Some(alias) = self.known.get(topic) {
            return Some((*alias, true));
        }
        // [5 MQTT-3.1.2-26] [5 MQTT-3.1.2-27] [5 MQTT-3.3.2-11]
        let alias = u16::try_from(self.known.len() + 1)
            .ok()
            .filter(|alias| *alias <= self.maximum)
            .or_else(|| self.reused.then_some(1))?;
        Some((alias, false))
    }

    /// The client was told.
    pub(crate) fn learn(&mut self, topic: ByteString, alias: u16) {
        self.known.retain(|_, other| *other != alias);
        self.known.insert(topic, alias);
    }
}

impl Link {
    /// Sends the packet, with diagnostics where they are configured and wanted, if it fits the client's Maximum
    /// Packet Size; says whether it was sent.
    pub(crate) fn send(&self, rules: &Rules, turn: &mut Turn<'_>, mut packet: Packet) -> bool {
        if !rules.faults.is_none() {
            packet = match tell(rules, packet) {
                Some(packet) => packet,
                None => return true,
            };
        }
        if self.version == ProtocolVersion::V5 && self.wants_diagnostics(rules, &packet) {
            explain(rules, &mut packet);
        }
        if !self.takes_cut(rules, &mut packet) {
            return false;
        }
        if rules.chooses(Liberty::PropertiesInOtherOrder) {
            rearrange(&mut packet);
        }
        turn.send(self.connection, packet);
        true
    }

    /// Whether the client takes a packet as large as this one, what it can do without left out.
    pub(crate) fn takes(&self, rules: &Rules, mut packet: Packet) -> bool {
        self.takes_cut(rules, &mut packet)
    }

    fn takes_cut(&self, rules: &Rules, packet: &mut Packet) -> bool {
        fit(rules, self.version, self.maximum_packet_size, packet)
    }

    fn wants_diagnostics(&self, rules: &Rules, packet: &Packet) -> bool {
        // [5 MQTT-3.1.2-29]
        let always = matches!(packet, Packet::ConnAck(_) | Packet::Disconnect(_))
            && !rules.chooses(Liberty::DiagnosticsOnlyWhereWanted);
        self.problem_information || always || rules.breaks(Fault::ProblemInformationUnasked)
    }
}

/// Adds a Reason String and a User Property, if they are configured, where the packet may carry them.
pub(crate) fn explain(rules: &Rules, packet: &mut Packet) {
    if !rules.config.reason_strings {
        return;
    }
    let name = packet.packet_type().name();
    if let Some(properties) = properties_mut(packet) {
        properties.push(Property::ReasonString(ByteString::from(format!(
            "{name} by the bundled broker"
        ))));
        properties.push(Property::UserProperty(
            ByteString::from_static("broker"),
            ByteString::from_static("mqtt-check"),
        ));
    }
}

/// What a packet can do without, in the order in which it is left out.
const SPARED: [PropertyId; 3] = [
    PropertyId::USER_PROPERTY,
    PropertyId::REASON_STRING,
    PropertyId::SERVER_REFERENCE,
];

/// Makes the packet fit a client's Maximum Packet Size by leaving out what it can do without; says whether it does.
/// [5 MQTT-3.1.2-24] [5 MQTT-3.2.2-19] [5 MQTT-3.2.2-20] [5 MQTT-3.4.2-2] [5 MQTT-3.4.2-3] [5 MQTT-3.5.2-2]
/// [5 MQTT-3.5.2-3] [5 MQTT-3.6.2-2] [5 MQTT-3.6.2-3] [5 MQTT-3.7.2-2] [5 MQTT-3.7.2-3] [5 MQTT-3.9.2-1]
/// [5 MQTT-3.9.2-2] [5 MQTT-3.11.2-1] [5 MQTT-3.11.2-2] [5 MQTT-3.14.2-3] [5 MQTT-3.14.2-4] [5 MQTT-3.15.2-2]
/// [5 MQTT-3.15.2-3]
pub(crate) fn fit(
    rules: &Rules,
    version: ProtocolVersion,
    maximum: Option<u32>,
    packet: &mut Packet,
) -> bool {
    let Some(maximum) = maximum else {
        return true;
    };
    let fits = |packet: &Packet| {
        packet
            .encoded_size(version, rules.config.form())
            .is_ok_and(|size| size <= maximum as usize)
    };
    if fits(packet) || too_large(packet).is_some_and(|fault| rules.breaks(fault)) {
        return true;
    }
    for id in SPARED {
        // A message is left as it was published, or not sent: PUBLISH has nothing here.
        let Some(properties) = properties_mut(packet) else {
            return false;
        };
        properties.0.retain(|property| property.id() != id);
        if fits(packet) {
            return true;
        }
    }
    false
}

/// The fault by which this packet is sent whatever its size.
fn too_large(packet: &Packet) -> Option<Fault> {
    Some(match packet {
        Packet::Publish(_) => Fault::MaximumPacketSizeIgnored,
        Packet::ConnAck(_) => Fault::ConnackTooLarge,
        Packet::PubAck(_) => Fault::PubackTooLarge,
        Packet::PubRec(_) => Fault::PubrecTooLarge,
        Packet::PubRel(_) => Fault::PubrelTooLarge,
        Packet::PubComp(_) => Fault::PubcompTooLarge,
        Packet::SubAck(_) => Fault::SubackTooLarge,
        Packet::UnsubAck(_) => Fault::UnsubackTooLarge,
        Packet::Disconnect(_) => Fault::DisconnectTooLarge,
        Packet::Auth(_) => Fault::AuthTooLarge,
        _ => return None,
    })
}

/// Of a liberty: each property in another place, and several of one kind in their order.
pub(crate) fn rearrange(packet: &mut Packet) {
    let properties = match packet {
        Packet::Publish(publish) => Some(&mut publish.properties),
        packet => properties_mut(packet),
    };
    if let Some(properties) = properties {
        properties.0.sort_by_key(|property| Reverse(property.id()));
    }
}

fn properties_mut(packet: &mut Packet) -> Option<&mut mqtt_check_codec::Properties> {
    match packet {
        Packet::ConnAck(p) => Some(&mut p.properties),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            Some(&mut p.properties)
        }
        Packet::SubAck(p) => Some(&mut p.properties),
        Packet::UnsubAck(p) => Some(&mut p.properties),
        Packet::Disconnect(p) => Some(&mut p.properties),
        Packet::Auth(p) => Some(&mut p.properties),
        _ => None,
    }
}
