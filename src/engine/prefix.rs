//! The prefix that lets many plays share one broker: put before client ids and topics on their way out, taken off
//! again on their way in.

use bytestring::ByteString;
use mqtt_check_codec::{Packet, Properties, Property};

/// What is put before client ids and, with a `/`, before topics. Empty when a play has the broker for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prefix(String);

impl Prefix {
    /// At most eight letters and digits.
    pub(super) fn new(letters: String) -> Self {
        Self(letters)
    }

    /// Its letters and digits.
    pub(super) fn letters(&self) -> &str {
        &self.0
    }

    /// The client id as the broker sees it. An empty one stays empty.
    pub(super) fn client_id(&self, id: &str) -> ByteString {
        if id.is_empty() {
            return ByteString::new();
        }
        format!("{}{id}", self.0).into()
    }

    /// The client id as the scenario says it.
    pub(super) fn strip_client_id<'a>(&self, id: &'a str) -> &'a str {
        id.strip_prefix(self.0.as_str()).unwrap_or(id)
    }

    /// Whether a client id is one of this play's.
    pub(super) fn owns(&self, id: &str) -> bool {
        id.starts_with(self.0.as_str())
    }

    /// A topic or filter as the broker sees it. Topics that begin with `$` have no room for a prefix. The name of a group
    /// has one too, since there are brokers that tell groups apart by their names alone; what is no name stays what it is.
    pub(super) fn topic(&self, topic: &str) -> ByteString {
        if self.0.is_empty() || topic.is_empty() {
            return topic.into();
        }
        if let Some(rest) = topic.strip_prefix("$share/")
            && let Some((group, filter)) = rest.split_once('/')
        {
            let own = match group.is_empty() || group.contains(['+', '#']) {
                true => "",
                false => self.0.as_str(),
            };
            return format!("$share/{own}{group}/{}/{filter}", self.0).into();
        }
        if topic.starts_with('$') {
            return topic.into();
        }
        format!("{}/{topic}", self.0).into()
    }

    /// A topic or filter as the scenario says it.
    pub(super) fn strip_topic(&self, topic: &str) -> ByteString {
        if self.0.is_empty() {
            return topic.into();
        }
        if let Some(rest) = topic.strip_prefix("$share/")
            && let Some((group, filter)) = rest.split_once('/')
            && let Some(filter) = self.after(filter)
        {
            let group = group.strip_prefix(self.0.as_str()).unwrap_or(group);
            return format!("$share/{group}/{filter}").into();
        }
        self.after(topic).unwrap_or(topic).into()
    }

    fn after<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(self.0.as_str())?.strip_prefix('/')
    }

    /// Puts the prefix into a packet that is to be sent.
    pub(super) fn put(&self, packet: &mut Packet) {
        if self.0.is_empty() {
            return;
        }
        match packet {
            Packet::Connect(connect) => {
                connect.client_id = self.client_id(&connect.client_id);
                if let Some(will) = &mut connect.will {
                    will.topic = self.topic(&will.topic);
                    response_topics(&mut will.properties, |t| self.topic(t));
                }
            }
            Packet::Publish(publish) => {
                publish.topic = self.topic(&publish.topic);
                response_topics(&mut publish.properties, |t| self.topic(t));
            }
            Packet::Subscribe(subscribe) => {
                for subscription in &mut subscribe.subscriptions {
                    subscription.filter = self.topic(&subscription.filter);
                }
            }
            Packet::Unsubscribe(unsubscribe) => {
                for filter in &mut unsubscribe.filters {
                    *filter = self.topic(filter);
                }
            }
            _ => {}
        }
    }

    /// Takes the prefix out of a packet that came, or that a client library wrote.
    pub(super) fn take_off(&self, packet: &mut Packet) {
        if self.0.is_empty() {
            return;
        }
        match packet {
            Packet::Connect(connect) => {
                connect.client_id = self.strip_client_id(&connect.client_id).into();
                if let Some(will) = &mut connect.will {
                    will.topic = self.strip_topic(&will.topic);
                    response_topics(&mut will.properties, |t| self.strip_topic(t));
                }
            }
            Packet::Publish(publish) => {
                publish.topic = self.strip_topic(&publish.topic);
                response_topics(&mut publish.properties, |t| self.strip_topic(t));
            }
            Packet::Subscribe(subscribe) => {
                for subscription in &mut subscribe.subscriptions {
                    subscription.filter = self.strip_topic(&subscription.filter);
                }
            }
            Packet::Unsubscribe(unsubscribe) => {
                for filter in &mut unsubscribe.filters {
                    *filter = self.strip_topic(filter);
                }
            }
            _ => {}
        }
    }
}

fn response_topics(properties: &mut Properties, change: impl Fn(&str) -> ByteString) {
    for property in &mut properties.0 {
        if let Property::ResponseTopic(topic) = property {
            *topic = change(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mqtt_check_codec::{
        Connect, PacketId, ProtocolVersion, Publish, QoS, Subscribe, Subscription,
        SubscriptionOptions, Unsubscribe, Will,
    };

    use super::*;

    #[test]
    fn comes_off_a_packet_as_it_was_put() {
        let answers: Properties = [Property::ResponseTopic("answers".into())]
            .into_iter()
            .collect();
        let packets = [
            Packet::Connect(Box::new(Connect {
                version: ProtocolVersion::V5,
                clean_start: true,
                keep_alive_s: 0,
                properties: Properties::new(),
                client_id: "a".into(),
                will: Some(Will {
                    topic: "will".into(),
                    payload: Bytes::new(),
                    qos: QoS::AtMostOnce,
                    retain: false,
                    properties: answers.clone(),
                }),
                username: None,
                password: None,
            })),
            Packet::Publish(Publish {
                dup: false,
                qos: QoS::AtMostOnce,
                retain: false,
                topic: "t".into(),
                packet_id: None,
                properties: answers,
                payload: Bytes::new(),
            }),
            Packet::Subscribe(Subscribe {
                packet_id: PacketId::MIN,
                properties: Properties::new(),
                subscriptions: vec![Subscription {
                    filter: "$share/g/a/#".into(),
                    options: SubscriptionOptions::new(QoS::AtMostOnce),
                }],
            }),
            Packet::Unsubscribe(Unsubscribe {
                packet_id: PacketId::MIN,
                properties: Properties::new(),
                filters: vec!["a/#".into()],
            }),
        ];
        let prefix = Prefix::new("k7".into());
        for packet in packets {
            let mut changed = packet.clone();
            prefix.put(&mut changed);
            assert_ne!(changed, packet);
            prefix.take_off(&mut changed);
            assert_eq!(changed, packet);
        }
    }

    #[test]
    fn comes_off_as_it_was_put() {
        let prefix = Prefix::new("k7".into());
        for topic in [
            "a/b",
            "/a",
            "#",
            "+/x",
            "$share/g/a/#",
            "$share//a",
            "$share/+/a",
            "$share/g",
            "$SYS/x",
            "",
        ] {
            assert_eq!(prefix.strip_topic(&prefix.topic(topic)), topic, "{topic}");
        }
        assert_eq!(prefix.topic("$share/g/a/#"), "$share/k7g/k7/a/#");
        assert_eq!(prefix.topic("$share//a"), "$share//k7/a");
        assert_eq!(prefix.topic("$share/g#/a"), "$share/g#/k7/a");
        assert_eq!(prefix.topic("$share/g"), "$share/g");
        assert_eq!(prefix.topic("$SYS/x"), "$SYS/x");
        assert_eq!(prefix.client_id(""), "");
        assert_eq!(prefix.strip_client_id(&prefix.client_id("a")), "a");
    }
}
