//! Keeps only a part of very large packets. A broker may put thousands of User Properties into each answer.

use mqtt_check_codec::{Packet, Property};

/// How many User Properties of a packet are kept. No scenario looks at more of them in a packet that a broker composes
/// itself.
const KEPT: usize = 256;

/// Removes all but the first User Properties from a packet, and returns how many were removed. Those of a PUBLISH stay,
/// because a client has sent them.
pub(super) fn shorten(packet: &mut Packet) -> usize {
    if matches!(packet, Packet::Publish(_)) {
        return 0;
    }
    let Some(properties) = packet.properties_mut() else {
        return 0;
    };
    let (list, mut seen) = (&mut properties.0, 0);
    list.retain(|property| {
        let is_user = matches!(property, Property::UserProperty(..));
        seen += usize::from(is_user);
        !is_user || seen <= KEPT
    });
    let left_out = seen.saturating_sub(KEPT);
    if left_out > 0 {
        list.shrink_to_fit();
    }
    left_out
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{Ack, Properties, Publish, QoS, ReasonCode};

    use super::*;

    fn properties(count: usize) -> Properties {
        let user = |n: usize| Property::UserProperty("n".into(), n.to_string().into());
        let reason = Property::ReasonString("many".into());
        Properties((0..count).map(user).chain([reason]).collect())
    }

    #[test]
    fn an_acknowledgement_keeps_its_first_user_properties_and_all_others() {
        for (count, left_out) in [(3, 0), (KEPT, 0), (KEPT + 1, 1), (8_000, 8_000 - KEPT)] {
            let mut packet = Packet::PubAck(Ack {
                packet_id: std::num::NonZeroU16::MIN,
                reason: ReasonCode::SUCCESS,
                properties: properties(count),
            });
            assert_eq!(shorten(&mut packet), left_out, "{count}");
            let kept = packet.properties().expect("they are there");
            assert_eq!(kept.user_properties().count(), count - left_out);
            assert!(matches!(kept.0.last(), Some(Property::ReasonString(_))));
        }
    }

    #[test]
    fn a_message_keeps_what_its_publisher_sent() {
        let mut packet = Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: "t".into(),
            packet_id: None,
            properties: properties(1_000),
            payload: bytes::Bytes::new(),
        });
        assert_eq!(shorten(&mut packet), 0);
        let kept = packet.properties().expect("they are there");
        assert_eq!(kept.user_properties().count(), 1_000);
    }
}
