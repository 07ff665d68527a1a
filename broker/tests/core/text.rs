//! Packets and hook events as one short line each.

use std::fmt::Write;

use mqtt_check_broker::HookEvent;
use mqtt_check_codec::{Packet, Properties, Property, Publish};

/// Returns a line such as `connack 0x00 sp=1`, `publish q1 id=1 dup a/b=hello` or `suback id=1 01 80`.
pub(crate) fn packet(packet: &Packet) -> String {
    let mut line = packet.packet_type().name().to_lowercase();
    match packet {
        Packet::ConnAck(p) => {
            write!(line, " {} sp={}", p.reason, u8::from(p.session_present)).expect("a string");
        }
        Packet::Publish(p) => publish(&mut line, p),
        Packet::PubAck(p) | Packet::PubRec(p) | Packet::PubRel(p) | Packet::PubComp(p) => {
            write!(line, " id={}", p.packet_id).expect("a string");
            if p.reason.0 != 0 {
                write!(line, " {}", p.reason).expect("a string");
            }
        }
        Packet::SubAck(p) => {
            write!(line, " id={}", p.packet_id).expect("a string");
            for reason in &p.reasons {
                write!(line, " {:02x}", reason.0).expect("a string");
            }
        }
        Packet::UnsubAck(p) => {
            write!(line, " id={}", p.packet_id).expect("a string");
            for reason in &p.reasons {
                write!(line, " {:02x}", reason.0).expect("a string");
            }
        }
        Packet::Disconnect(p) => write!(line, " {}", p.reason).expect("a string"),
        _ => {}
    }
    if let Some(properties) = packet.properties() {
        self::properties(&mut line, properties);
    }
    line
}

fn publish(line: &mut String, p: &Publish) {
    write!(line, " q{}", p.qos).expect("a string");
    if let Some(id) = p.packet_id {
        write!(line, " id={id}").expect("a string");
    }
    if p.dup {
        line.push_str(" dup");
    }
    if p.retain {
        line.push_str(" retain");
    }
    let payload = String::from_utf8_lossy(&p.payload);
    write!(line, " {}={payload}", p.topic).expect("a string");
}

fn properties(line: &mut String, properties: &Properties) {
    for property in properties {
        // Nearly every CONNACK has this property, and another test covers it.
        if *property == Property::TopicAliasMaximum(u16::MAX) {
            continue;
        }
        match property {
            Property::UserProperty(name, value) => write!(line, " {name}:{value}"),
            property => {
                let text = format!("{property:?}");
                write!(line, " {text}")
            }
        }
        .expect("a string");
    }
}

/// Returns a line such as `client.connected a sp=0` or `session.terminated a conflict`.
pub(crate) fn hook(event: &HookEvent) -> String {
    match event {
        HookEvent::ClientConnected {
            client,
            username,
            session_present,
            ..
        } => {
            let name = match username {
                Some(name) => format!(" user={name}"),
                None => String::new(),
            };
            format!(
                "client.connected {client}{name} sp={}",
                u8::from(*session_present)
            )
        }
        HookEvent::ClientDisconnected { client, reason } => {
            format!("client.disconnected {client} {}", reason.as_str())
        }
        HookEvent::SessionCreated { client } => format!("session.created {client}"),
        HookEvent::SessionResumed { client } => format!("session.resumed {client}"),
        HookEvent::SessionTerminated { client, reason } => {
            format!("session.terminated {client} {}", reason.as_str())
        }
        HookEvent::SessionSubscribed {
            client,
            filter,
            qos,
            ..
        } => format!("session.subscribed {client} {filter} q{qos}"),
        HookEvent::SessionUnsubscribed { client, filter } => {
            format!("session.unsubscribed {client} {filter}")
        }
        HookEvent::MessagePublish { client, topic, .. } => {
            format!(
                "message.publish {} {topic}",
                client.as_deref().unwrap_or("-")
            )
        }
        HookEvent::MessageDelivered { client, topic, .. } => {
            format!("message.delivered {client} {topic}")
        }
        HookEvent::MessageAcked {
            client,
            topic,
            packet_id,
        } => format!("message.acked {client} {topic} {packet_id}"),
        HookEvent::MessageDropped {
            client,
            topic,
            reason,
        } => {
            let client = client.as_deref().unwrap_or("-");
            format!("message.dropped {client} {topic} {}", reason.as_str())
        }
        HookEvent::WillPublished {
            client,
            topic,
            trigger,
        } => format!("will.published {client} {topic} {}", trigger.as_str()),
    }
}
