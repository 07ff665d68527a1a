//! The prefix that lets many plays share one broker. It is added to Client Identifiers and topics that are sent, and
//! removed from those that are received.

use std::collections::BTreeSet;

use bytestring::ByteString;
use mqtt_check_codec::{Packet, Properties, Property};

/// The text that is put before Client Identifiers and, with a `/`, before topics. Empty if a play has the broker for
/// itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefix {
    letters: String,
    /// Whether the prefix is part of the first level instead of a level of its own.
    joined: bool,
    /// Client Identifiers that the broker has assigned in this play. They need no prefix to be recognized.
    assigned: BTreeSet<String>,
}

/// Separates a joined prefix from the name, so that no prefix is the beginning of another.
const JOINT: char = '-';

impl Prefix {
    /// Creates a prefix of at most eight letters and digits.
    pub(crate) fn new(letters: String) -> Self {
        Self {
            letters,
            ..Self::default()
        }
    }

    /// Joins the prefix to the first level, so that filters that begin with a wildcard and topics that begin with `$`
    /// keep their meaning.
    pub(super) fn joined(self) -> Self {
        Self {
            joined: true,
            ..self
        }
    }

    /// Returns the letters and digits of the prefix.
    pub(super) fn letters(&self) -> &str {
        &self.letters
    }

    /// Remembers a Client Identifier that the broker has assigned.
    pub(super) fn note_assigned(&mut self, id: &str) {
        self.assigned.insert(id.to_owned());
    }

    /// Returns whether the play may receive messages of other clients.
    pub(super) const fn meets_foreign(&self) -> bool {
        self.joined
    }

    /// Returns whether a topic, as it is on the wire, belongs to a message of another play.
    pub(super) fn is_foreign(&self, topic: &str) -> bool {
        self.joined && self.split(topic).2.is_none()
    }

    /// Splits a joined topic or filter. Returns the `$` and `/` characters at its beginning, the rest, and what follows
    /// the prefix in the rest if it has the prefix.
    fn split<'a>(&self, topic: &'a str) -> (&'a str, &'a str, Option<&'a str>) {
        let name = topic.trim_start_matches('$').trim_start_matches('/');
        let before = &topic[..topic.len() - name.len()];
        let after = name
            .strip_prefix(self.letters.as_str())
            .and_then(|rest| rest.strip_prefix(JOINT));
        (before, name, after)
    }

    /// Joins the prefix to a topic or filter. A filter that begins with a wildcard stays as it is: it means every
    /// topic, and the player ignores messages of other plays.
    fn join(&self, topic: &str) -> String {
        let (before, name, _) = self.split(topic);
        match name.starts_with(['+', '#']) {
            true => topic.to_owned(),
            false => format!("{before}{}{JOINT}{name}", self.letters),
        }
    }

    /// Returns a Client Identifier as it is on the wire. An empty one stays empty.
    pub(crate) fn client_id(&self, id: &str) -> ByteString {
        if id.is_empty() || self.assigned.contains(id) {
            return id.into();
        }
        format!("{}{id}", self.letters).into()
    }

    /// Returns a Client Identifier as it is in the scenario.
    pub(super) fn strip_client_id<'a>(&self, id: &'a str) -> &'a str {
        id.strip_prefix(self.letters.as_str()).unwrap_or(id)
    }

    /// Returns whether the broker has assigned this Client Identifier to a client of this play.
    pub(super) fn has_assigned(&self, id: &str) -> bool {
        self.assigned.contains(id)
    }

    /// Returns a topic or filter as it is on the wire. Topics that begin with `$` have no prefix unless it is joined.
    /// The ShareName has one too, because some brokers distinguish groups by their names alone. A ShareName that is not
    /// valid stays as it is.
    pub(super) fn topic(&self, topic: &str) -> ByteString {
        if self.letters.is_empty() || topic.is_empty() {
            return topic.into();
        }
        if let Some(rest) = topic.strip_prefix("$share/")
            && let Some((group, filter)) = rest.split_once('/')
        {
            let own = match group.is_empty() || group.contains(['+', '#']) {
                true => "",
                false => self.letters.as_str(),
            };
            let filter = match self.joined {
                true => self.join(filter),
                false => format!("{}/{filter}", self.letters),
            };
            return format!("$share/{own}{group}/{filter}").into();
        }
        if self.joined {
            return self.join(topic).into();
        }
        if topic.starts_with('$') {
            return topic.into();
        }
        format!("{}/{topic}", self.letters).into()
    }

    /// Returns a topic or filter as it is in the scenario.
    pub(super) fn strip_topic(&self, topic: &str) -> ByteString {
        if self.letters.is_empty() {
            return topic.into();
        }
        if self.joined {
            return self.part(topic).into();
        }
        if let Some(rest) = topic.strip_prefix("$share/")
            && let Some((group, filter)) = rest.split_once('/')
            && let Some(filter) = self.after(filter)
        {
            let group = group.strip_prefix(self.letters.as_str()).unwrap_or(group);
            return format!("$share/{group}/{filter}").into();
        }
        self.after(topic).unwrap_or(topic).into()
    }

    /// Returns a joined topic or filter as it is in the scenario.
    fn part(&self, topic: &str) -> String {
        let shared = topic.strip_prefix("$share/");
        if let Some((group, filter)) = shared.and_then(|rest| rest.split_once('/')) {
            let group = group.strip_prefix(self.letters.as_str()).unwrap_or(group);
            return format!("$share/{group}/{}", self.part(filter));
        }
        match self.split(topic) {
            (before, _, Some(after)) => format!("{before}{after}"),
            _ => topic.to_owned(),
        }
    }

    fn after<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.strip_prefix(self.letters.as_str())?.strip_prefix('/')
    }

    /// Adds the prefix to a packet that is about to be sent.
    pub(crate) fn put(&self, packet: &mut Packet) {
        if self.letters.is_empty() {
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

    /// Removes the prefix from a packet that was received, or that a client library wrote.
    pub(super) fn strip(&self, packet: &mut Packet) {
        if self.letters.is_empty() {
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
    fn strips_what_it_added_to_a_packet() {
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
            prefix.strip(&mut changed);
            assert_eq!(changed, packet);
        }
    }

    #[test]
    fn is_joined_where_a_level_of_its_own_would_change_the_meaning() {
        let prefix = Prefix::new("k7".into()).joined();
        for (plain, wire) in [
            ("a/b", "k7-a/b"),
            ("$box/a", "$k7-box/a"),
            ("/a", "/k7-a"),
            ("/", "/k7-"),
            ("#", "#"),
            ("+", "+"),
            ("/+", "/+"),
            ("+/a/#", "+/a/#"),
            ("$share/g/#", "$share/k7g/#"),
            ("$share/g/a/#", "$share/k7g/k7-a/#"),
        ] {
            assert_eq!(prefix.topic(plain), wire);
            assert_eq!(prefix.strip_topic(wire), plain);
        }
        for own in ["k7-a", "$k7-box/a", "/k7-a", "/k7-", "k7-"] {
            assert!(!prefix.is_foreign(own), "{own}");
        }
        for foreign in ["a", "k7/a", "k77-a", "k7", "a/k7-b", "$SYS/k7-a", "/", ""] {
            assert!(prefix.is_foreign(foreign), "{foreign}");
        }
        assert!(!Prefix::new("k7".into()).is_foreign("a"));
        assert!(!Prefix::default().is_foreign("a"));
    }

    #[test]
    fn an_assigned_client_id_has_none() {
        let mut prefix = Prefix::new("k7".into());
        prefix.note_assigned("auto-1");
        assert_eq!(prefix.client_id("auto-1"), "auto-1");
        assert!(prefix.has_assigned("auto-1"));
        assert_eq!(prefix.client_id("auto-2"), "k7auto-2");
    }

    #[test]
    fn strips_what_it_added() {
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
