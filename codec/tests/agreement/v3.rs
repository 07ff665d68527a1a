//! Converts our packets to rumqttc's types for 3.1.1.

use mqtt_check_codec::{Packet, ProtocolVersion, QoS};
use rumqttc::mqttbytes::{self, Protocol, v4};

pub(crate) fn theirs(packet: &Packet) -> Option<v4::Packet> {
    Some(match packet {
        Packet::Connect(p) => {
            if p.version != ProtocolVersion::V3_1_1 {
                return None;
            }
            v4::Packet::Connect(v4::Connect {
                protocol: Protocol::V4,
                keep_alive: p.keep_alive_s,
                client_id: p.client_id.to_string(),
                clean_session: p.clean_start,
                last_will: p.will.as_ref().map(|will| v4::LastWill {
                    topic: will.topic.to_string(),
                    message: will.payload.clone(),
                    qos: qos(will.qos),
                    retain: will.retain,
                }),
                login: super::v5::login(p)?
                    .map(|(username, password)| v4::Login { username, password }),
            })
        }
        Packet::ConnAck(p) => v4::Packet::ConnAck(v4::ConnAck {
            session_present: p.session_present,
            code: match p.reason.0 {
                0 => v4::ConnectReturnCode::Success,
                1 => v4::ConnectReturnCode::RefusedProtocolVersion,
                2 => v4::ConnectReturnCode::BadClientId,
                3 => v4::ConnectReturnCode::ServiceUnavailable,
                4 => v4::ConnectReturnCode::BadUserNamePassword,
                5 => v4::ConnectReturnCode::NotAuthorized,
                _ => return None,
            },
        }),
        Packet::Publish(p) => v4::Packet::Publish(v4::Publish {
            dup: p.dup,
            qos: qos(p.qos),
            retain: p.retain,
            topic: p.topic.to_string(),
            pkid: p.packet_id.map_or(0, |id| id.get()),
            payload: p.payload.clone(),
        }),
        Packet::PubAck(p) => v4::Packet::PubAck(v4::PubAck::new(p.packet_id.get())),
        Packet::PubRec(p) => v4::Packet::PubRec(v4::PubRec::new(p.packet_id.get())),
        Packet::PubRel(p) => v4::Packet::PubRel(v4::PubRel::new(p.packet_id.get())),
        Packet::PubComp(p) => v4::Packet::PubComp(v4::PubComp::new(p.packet_id.get())),
        Packet::Subscribe(p) => v4::Packet::Subscribe(v4::Subscribe {
            pkid: p.packet_id.get(),
            filters: p
                .subscriptions
                .iter()
                .map(|s| v4::SubscribeFilter::new(s.filter.to_string(), qos(s.options.qos)))
                .collect(),
        }),
        Packet::SubAck(p) => v4::Packet::SubAck(v4::SubAck {
            pkid: p.packet_id.get(),
            return_codes: p
                .reasons
                .iter()
                .map(|code| match code.0 {
                    0x80 => Some(v4::SubscribeReasonCode::Failure),
                    code => QoS::from_u8(code).map(|q| v4::SubscribeReasonCode::Success(qos(q))),
                })
                .collect::<Option<_>>()?,
        }),
        Packet::Unsubscribe(p) => v4::Packet::Unsubscribe(v4::Unsubscribe {
            pkid: p.packet_id.get(),
            topics: p.filters.iter().map(ToString::to_string).collect(),
        }),
        Packet::UnsubAck(p) => v4::Packet::UnsubAck(v4::UnsubAck::new(p.packet_id.get())),
        Packet::PingReq => v4::Packet::PingReq,
        Packet::PingResp => v4::Packet::PingResp,
        Packet::Disconnect(_) => v4::Packet::Disconnect,
        Packet::Auth(_) => return None,
    })
}

fn qos(qos: QoS) -> mqttbytes::QoS {
    match qos {
        QoS::AtMostOnce => mqttbytes::QoS::AtMostOnce,
        QoS::AtLeastOnce => mqttbytes::QoS::AtLeastOnce,
        QoS::ExactlyOnce => mqttbytes::QoS::ExactlyOnce,
    }
}
