//! What a server gave otherwise than a case asked for, as it may. What then does not hold was never promised.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_codec::{ConnAck, Connect, Packet, PacketId, ReasonCode, SubAck};

use crate::scenario::model::Settings;
use crate::transcript::{LaneIndex, Transcript, What};

/// What was asked for on one connection.
#[derive(Default)]
struct Asked {
    /// The QoS of each filter of a SUBSCRIBE.
    qos: BTreeMap<PacketId, Vec<u8>>,
    session_expiry_s: u32,
}

/// The first thing that was given otherwise than asked for, in words. What a case makes the broker do by its settings is
/// what it is about.
pub(super) fn lessened(transcript: &Transcript, settings: &Settings) -> Option<String> {
    let is_about_qos = settings.maximum_qos.is_some();
    let is_about_expiry = settings.maximum_session_expiry.is_some();
    let lasted = lasted(transcript);
    let mut lanes: BTreeMap<LaneIndex, Asked> = BTreeMap::new();
    transcript.events.iter().find_map(|event| {
        let asked = lanes.entry(event.lane).or_default();
        match &event.what {
            What::Sent {
                packet: Some(packet),
                ..
            } => {
                ask(asked, packet);
                None
            }
            What::Received {
                packet: Ok(packet), ..
            } => match packet {
                Packet::SubAck(suback) => {
                    let lowered = || lowered(asked, suback).filter(|_| !is_about_qos);
                    unsubscribed(suback, settings).or_else(lowered)
                }
                Packet::PubAck(ack) | Packet::PubRec(ack) => unpublished(ack.reason, settings),
                Packet::ConnAck(connack) if !is_about_expiry => changed(asked, connack, lasted),
                _ => None,
            },
            _ => None,
        }
    })
}

/// A subscription that the server does not grant, by a code that says nothing a case could hold against it.
fn unsubscribed(suback: &SubAck, settings: &Settings) -> Option<String> {
    let is_about_access = settings.access.is_some();
    let is_about_limits =
        settings.maximum_qos.is_some() || settings.maximum_subscriptions.is_some();
    let refusal = suback.reasons.iter().find(|reason| match **reason {
        ReasonCode::NOT_AUTHORIZED => !is_about_access,
        ReasonCode::UNSPECIFIED_ERROR
        | ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR
        | ReasonCode::QUOTA_EXCEEDED => !is_about_access && !is_about_limits,
        _ => false,
    })?;
    Some(format!(
        "the server refused a subscription with 0x{:02X}",
        refusal.0
    ))
}

/// A message that the server does not allow. Any other code may be about the very thing that a case is about.
fn unpublished(reason: ReasonCode, settings: &Settings) -> Option<String> {
    (reason == ReasonCode::NOT_AUTHORIZED && settings.access.is_none())
        .then(|| "the server did not allow a message to be published, 0x87".to_owned())
}

fn ask(asked: &mut Asked, packet: &Packet) {
    match packet {
        Packet::Connect(connect) => asked.session_expiry_s = session_expiry_s(connect),
        Packet::Subscribe(subscribe) => {
            let each = subscribe.subscriptions.iter();
            let qos = each.map(|s| s.options.qos.as_u8()).collect();
            asked.qos.insert(subscribe.packet_id, qos);
        }
        _ => {}
    }
}

fn session_expiry_s(connect: &Connect) -> u32 {
    connect.properties.session_expiry_interval_s().unwrap_or(0)
}

fn lowered(asked: &mut Asked, suback: &SubAck) -> Option<String> {
    let qos = asked.qos.remove(&suback.packet_id)?;
    let mut each = qos.iter().zip(&suback.reasons);
    let (asked, granted) = each.find(|(qos, code)| code.0 < **qos)?;
    Some(format!(
        "the server granted QoS {} where {asked} was asked for",
        granted.0
    ))
}

/// How long the case went on.
fn lasted(transcript: &Transcript) -> Duration {
    let events = transcript.events.iter().map(|event| event.at);
    let steps = transcript.steps.iter().map(|step| step.began);
    let outcomes = transcript.steps.iter().flat_map(|step| &step.outcomes);
    let ends = outcomes.map(|outcome| outcome.at);
    events.chain(steps).chain(ends).max().unwrap_or_default()
}

/// Only version 5 has the property. Where neither time could have passed it makes no difference which of them holds.
fn changed(asked: &Asked, connack: &ConnAck, lasted: Duration) -> Option<String> {
    let asked_s = asked.session_expiry_s;
    let granted_s = connack.properties.session_expiry_interval_s()?;
    let sooner = Duration::from_secs(asked_s.min(granted_s).into());
    // A longer time is no more what was asked for than a shorter one.
    (granted_s != asked_s && lasted >= sooner).then(|| {
        format!("the server keeps a session for {granted_s} s where {asked_s} s were asked for")
    })
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{Properties, Property, ReasonCode};

    use super::*;

    #[test]
    fn a_refusal_counts_where_no_setting_asks_for_it() {
        let refusal = |reason| SubAck {
            packet_id: PacketId::MIN,
            properties: Properties::new(),
            reasons: vec![ReasonCode::SUCCESS, reason],
        };
        let usual = Settings::default();
        let limited = Settings {
            maximum_subscriptions: Some(1),
            ..Settings::default()
        };
        let listed = Settings {
            access: Some(Vec::new()),
            ..Settings::default()
        };
        let is_let_off = |reason, settings| unsubscribed(&refusal(reason), settings).is_some();
        assert!(is_let_off(ReasonCode::UNSPECIFIED_ERROR, &usual));
        assert!(!is_let_off(ReasonCode::UNSPECIFIED_ERROR, &limited));
        assert!(is_let_off(ReasonCode::NOT_AUTHORIZED, &limited));
        assert!(!is_let_off(ReasonCode::NOT_AUTHORIZED, &listed));
        // It says that the filter is wrong, which can be looked up.
        assert!(!is_let_off(ReasonCode::TOPIC_FILTER_INVALID, &usual));
        assert!(unpublished(ReasonCode::NOT_AUTHORIZED, &usual).is_some());
        assert!(unpublished(ReasonCode::NOT_AUTHORIZED, &listed).is_none());
        // A broker that counts wrongly says so too.
        assert!(unpublished(ReasonCode::QUOTA_EXCEEDED, &usual).is_none());
    }

    #[test]
    fn a_time_that_could_not_pass_makes_no_difference() {
        let mut properties = Properties::new();
        properties.push(Property::SessionExpiryInterval(300));
        let connack = ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties,
        };
        let less = |session_expiry_s, lasted_s| {
            let asked = Asked {
                session_expiry_s,
                ..Asked::default()
            };
            changed(&asked, &connack, Duration::from_secs(lasted_s)).is_some()
        };
        assert!(!less(u32::MAX, 299));
        assert!(less(u32::MAX, 300));
        assert!(!less(300, 1_000));
        // It should have ended with its connection.
        assert!(less(0, 0));
    }
}
