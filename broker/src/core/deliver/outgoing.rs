//! Sends one packet to one client: adds optional properties, and checks that the packet fits the client's limit.

use std::cmp::Reverse;

use bytestring::ByteString;
use mqtt_check_codec::{Packet, Property, PropertyId, ProtocolVersion};

use super::lies::tell;
use crate::core::rules::Rules;
use crate::core::state::link::Link;
use crate::core::turn::Turn;
use crate::{Fault, Liberty};

/// Sends the packet if it fits the client's Maximum Packet Size, and returns whether it was sent. Adds diagnostics if
/// they are configured and wanted.
pub(crate) fn send(link: &Link, rules: &Rules, turn: &mut Turn<'_>, mut packet: Packet) -> bool {
    if !rules.faults.is_none() {
        packet = match tell(rules, packet) {
            Some(packet) => packet,
            None => return true,
        };
    }
    if link.version == ProtocolVersion::V5 && wants_diagnostics(link, rules, &packet) {
        explain(rules, &mut packet);
    }
    if !takes_cut(link, rules, &mut packet) {
        return false;
    }
    if rules.chooses(Liberty::PropertiesInOtherOrder) {
        rearrange(&mut packet);
    }
    turn.send(link.connection, packet);
    true
}

/// Returns whether the client accepts a packet of this size, once optional properties are left out.
pub(crate) fn takes(link: &Link, rules: &Rules, mut packet: Packet) -> bool {
    takes_cut(link, rules, &mut packet)
}

fn takes_cut(link: &Link, rules: &Rules, packet: &mut Packet) -> bool {
    if let Packet::Publish(publish) = packet
        && rules.chooses(Liberty::OwnUserProperty)
    {
        let own = Property::UserProperty("b".into(), "".into());
        publish.properties.0.insert(0, own);
    }
    fit(rules, link.version, link.maximum_packet_size, packet)
}

fn wants_diagnostics(link: &Link, rules: &Rules, packet: &Packet) -> bool {
    // [5 MQTT-3.1.2-29]
    let always = matches!(packet, Packet::ConnAck(_) | Packet::Disconnect(_))
        && !rules.chooses(Liberty::DiagnosticsOnlyWhereWanted);
    link.problem_information || always || rules.breaks(Fault::ProblemInformationUnasked)
}

/// Adds a Reason String and a User Property, if they are configured and the packet may have them.
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

/// The optional properties, in the order in which they are left out.
const SPARED: [PropertyId; 3] = [
    PropertyId::USER_PROPERTY,
    PropertyId::REASON_STRING,
    PropertyId::SERVER_REFERENCE,
];

/// Leaves out optional properties until the packet fits a client's Maximum Packet Size, and returns whether it fits.
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
            .is_ok_and(|size| counted(rules, packet, size) <= maximum as usize)
    };
    if fits(packet) || too_large(packet).is_some_and(|fault| rules.breaks(fault)) {
        return true;
    }
    for id in SPARED {
        // A PUBLISH has no optional properties here: a message is sent unchanged, or not at all.
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

/// Returns the size that is compared with the limit: the whole packet, except for faults.
fn counted(rules: &Rules, packet: &Packet, size: usize) -> usize {
    if rules.faults.is_none() {
        return size;
    }
    let uncounted = match packet {
        _ if rules.breaks(Fault::FixedHeaderUncounted) => 2,
        Packet::Publish(p) if p.retain && rules.breaks(Fault::RetainedTooLargeSent) => size,
        Packet::Publish(p) if p.dup && rules.breaks(Fault::ResentTooLargeSent) => size,
        Packet::Publish(p) if p.packet_id.is_some() && rules.breaks(Fault::PacketIdUncounted) => 2,
        Packet::Publish(p)
            if p.properties.topic_alias().is_some() && rules.breaks(Fault::AliasUncounted) =>
        {
            3
        }
        Packet::Publish(p) if rules.breaks(Fault::IdentifiersUncounted) => {
            let identifiers = p.properties.subscription_identifiers();
            identifiers.map(|id| 2 + usize::from(id > 0x7F)).sum()
        }
        Packet::Publish(p) if rules.breaks(Fault::UserPropertiesUncounted) => {
            let lengths = p.properties.iter().map(|property| match property {
                Property::UserProperty(name, value) => 5 + name.len() + value.len(),
                _ => 0,
            });
            lengths.sum()
        }
        Packet::SubAck(p) if rules.breaks(Fault::SubackCodesUncounted) => p.reasons.len(),
        Packet::UnsubAck(p) if rules.breaks(Fault::UnsubackCodesUncounted) => p.reasons.len(),
        _ => 0,
    };
    size.saturating_sub(uncounted) + usize::from(rules.breaks(Fault::ExactSizeNotSent))
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

/// For a permitted variation: changes the order of properties. Properties of the same kind keep their order.
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
