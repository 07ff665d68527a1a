//! Decides which hook events depend on a lesser grant.

use std::collections::BTreeSet;

use bytestring::ByteString;
use mqtt_check_codec::Will;

use super::super::filter::matches;
use super::given::{Grant, Granted};
use super::{Excused, GrantedLess, LesserGrant};

/// How a hook event depends on a lesser grant, which is given by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verdict) enum HookDependence {
    /// The event may be missing, or may happen although it should not.
    Whole(usize),
    /// Only these fields may differ.
    Fields(usize, &'static [&'static str]),
}

impl HookDependence {
    /// Returns the index of the lesser grant.
    pub(in crate::verdict) const fn on(self) -> usize {
        match self {
            Self::Whole(grant) | Self::Fields(grant, _) => grant,
        }
    }

    /// Returns whether the whole event depends on the lesser grant.
    pub(in crate::verdict) const fn is_whole(self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// Returns the fields that may differ.
    pub(in crate::verdict) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Whole(_) => &[],
            Self::Fields(_, fields) => fields,
        }
    }
}

/// A hook event that happened, or one that a scenario expects with some of its fields.
struct HookEvent<'a> {
    name: &'a str,
    fields: &'a [(String, String)],
}

impl HookEvent<'_> {
    /// Returns whether the field has such a value, or is not stated.
    fn may_have(&self, name: &str, is_it: impl Fn(&str) -> bool) -> bool {
        let mut fields = self.fields.iter();
        let found = fields.find(|(field, _)| field == name);
        found.is_none_or(|(_, value)| is_it(value))
    }
}

impl GrantedLess<'_> {
    /// Returns how an event depends on the lesser grants up to the step that is being judged, or `None` if it does not.
    pub(in crate::verdict) fn hook_dependence(
        &self,
        name: &str,
        fields: &[(String, String)],
        excused: &Excused,
    ) -> Option<HookDependence> {
        let hook = HookEvent { name, fields };
        let grants = self.lesser_grants.iter().enumerate();
        let grants = grants.filter(|(_, grant)| {
            let during = self.transcript.events[grant.at.0].during;
            during <= excused.step
        });
        let found = grants.filter_map(|(number, grant)| match self.depends(&hook, grant)? {
            [] => Some(HookDependence::Whole(number)),
            fields => Some(HookDependence::Fields(number, fields)),
        });
        let found: Vec<HookDependence> = found.collect();
        let whole = found.iter().copied().find(|found| found.is_whole());
        whole
            .or_else(|| self.of_lost_client(&hook, excused))
            .or_else(|| found.first().copied())
    }

    /// Returns the fields of an event that depend on this lesser grant. An empty list means the whole event.
    fn depends(
        &self,
        hook: &HookEvent<'_>,
        grant: &LesserGrant,
    ) -> Option<&'static [&'static str]> {
        let client_key = self.connection(grant.lane).client_key;
        let is_own = hook.may_have("client", |client| client == client_key);
        match &grant.what {
            Grant::Subscription {
                filter, granted, ..
            } if is_own => self.by_subscription(hook, client_key, filter, *granted),
            Grant::Session { .. } => self.by_session_end(hook, client_key, is_own),
            Grant::Message { topic, payload, .. } => {
                let is_topic = |of: &str| topic.is_empty() || of == &**topic;
                let is_payload = |of: &str| match std::str::from_utf8(payload) {
                    Ok(text) => of == text,
                    Err(_) => true,
                };
                let is_it = hook.name.starts_with("message.")
                    && hook.may_have("topic", is_topic)
                    && hook.may_have("payload", is_payload);
                is_it.then_some(&[])
            }
            Grant::Subscription { .. } => None,
        }
    }

    fn by_subscription(
        &self,
        hook: &HookEvent<'_>,
        client_key: &str,
        filter: &ByteString,
        granted: Granted,
    ) -> Option<&'static [&'static str]> {
        let is_filter = || hook.may_have("filter", |of| of == &**filter);
        let is_message = || hook.may_have("topic", |of| matches(filter, &ByteString::from(of)));
        match (hook.name, granted) {
            ("session.subscribed", Granted::Lower(_)) if is_filter() => Some(&["qos"]),
            (
                "session.subscribed" | "session.unsubscribed",
                Granted::Refused | Granted::Unknown,
            ) if is_filter() => Some(&[]),
            (
                "message.delivered" | "message.acked" | "message.dropped",
                Granted::Refused | Granted::Unknown,
            ) if is_message() => Some(&[]),
            // A message of QoS 0 is not acknowledged, and need not wait for an offline client.
            ("message.acked" | "message.dropped", Granted::Lower(0)) if is_message() => Some(&[]),
            ("message.delivered", Granted::Lower(0))
                if is_message() && self.was_away(client_key) =>
            {
                Some(&[])
            }
            ("message.delivered", Granted::Lower(_)) if is_message() => Some(&["qos"]),
            _ => None,
        }
    }

    /// Returns what depends on when the session of this client ends: the session itself, the messages waiting in it,
    /// and the Will.
    fn by_session_end(
        &self,
        hook: &HookEvent<'_>,
        client_key: &str,
        is_own: bool,
    ) -> Option<&'static [&'static str]> {
        let of_will = || {
            let topics = self.will_topics(client_key);
            !topics.is_empty() && hook.may_have("topic", |topic| topics.contains(topic))
        };
        match hook.name {
            "client.connected" if is_own => Some(&["session_present"]),
            "session.created" | "session.resumed" | "session.terminated" if is_own => Some(&[]),
            "message.delivered" | "message.acked" | "message.dropped" if is_own => Some(&[]),
            "will.published" if is_own => Some(&[]),
            name if name.starts_with("message.") && of_will() => Some(&[]),
            _ => None,
        }
    }

    /// Excuses an event of a client whose connection has diverged, or which is stuck. What the client does is not what
    /// the scenario says.
    fn of_lost_client(&self, hook: &HookEvent<'_>, excused: &Excused) -> Option<HookDependence> {
        let mut own = self
            .connections
            .iter()
            .filter(|connection| hook.may_have("client", |client| client == connection.client_key));
        own.find_map(|connection| {
            let stuck = excused.stuck.get(&connection.client).copied();
            stuck.or(connection.diverged.map(|(_, grant)| grant))
        })
        .map(HookDependence::Whole)
    }

    fn was_away(&self, client_key: &str) -> bool {
        let mut own = self
            .connections
            .iter()
            .filter(|c| c.client_key == client_key);
        own.any(|connection| connection.ended.is_some())
    }

    fn will_topics(&self, client_key: &str) -> BTreeSet<&str> {
        let own = self
            .connections
            .iter()
            .filter(|c| c.client_key == client_key);
        let wills = own.filter_map(|connection| connection.connect?.will.as_ref());
        wills.map(|will: &Will| &*will.topic).collect()
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::{
        ConnAck, Connect, Packet, PacketId, Properties, Property, ProtocolVersion, QoS, ReasonCode,
        SubAck, Subscribe, Subscription, SubscriptionOptions,
    };

    use super::super::tests::{puback, publish, record, some_plan};
    use super::*;
    use crate::diagnostic::Place;
    use crate::scenario::model::{HookList, HookPattern};
    use crate::transcript::{HookRecord, HookSource, StepIndex};
    use crate::verdict::hooks::judge_hooks;

    /// The name of an event, and its fields.
    type Line = (&'static str, &'static [(&'static str, &'static str)]);

    const CONNECTED: Line = ("client.connected", &[("client", "a")]);

    /// Returns a SUBSCRIBE to `a` with QoS 2, and this answer.
    fn subscribed(code: ReasonCode) -> Vec<(bool, Packet)> {
        let packet_id = PacketId::MIN;
        let properties = Properties::new();
        let subscribe = Packet::Subscribe(Subscribe {
            packet_id,
            properties: properties.clone(),
            subscriptions: vec![Subscription {
                filter: "a".into(),
                options: SubscriptionOptions::new(QoS::ExactlyOnce),
            }],
        });
        let suback = Packet::SubAck(SubAck {
            packet_id,
            properties,
            reasons: vec![code],
        });
        vec![(true, subscribe), (false, suback)]
    }

    /// Returns a CONNECT that requests a session of five minutes and is granted one minute.
    fn connected_with_lesser_grant() -> Vec<(bool, Packet)> {
        let expiry = |seconds| -> Properties {
            [Property::SessionExpiryInterval(seconds)]
                .into_iter()
                .collect()
        };
        let connect = Packet::Connect(Box::new(Connect {
            version: ProtocolVersion::V5,
            clean_start: false,
            keep_alive_s: 0,
            properties: expiry(300),
            client_id: "a".into(),
            will: None,
            username: None,
            password: None,
        }));
        let connack = Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::SUCCESS,
            properties: expiry(60),
        });
        vec![(true, connect), (false, connack)]
    }

    fn fields(line: &Line) -> Vec<(String, String)> {
        let each = line.1.iter();
        each.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// Returns whether the difference between the expected and the actual events after these packets is excused.
    /// Nothing has been granted yet if the packets belong to a step after the one that is being judged.
    fn lets_off_at(
        during: usize,
        packets: &[(bool, Packet)],
        expected: &[Line],
        actual: &[Line],
    ) -> bool {
        let mut transcript = record(ProtocolVersion::V5, packets);
        for event in &mut transcript.events {
            event.during = StepIndex(during);
        }
        transcript.hook_source = HookSource::All;
        let happened = actual.iter().map(|line| HookRecord {
            at: None,
            during: StepIndex(0),
            name: line.0.to_owned(),
            fields: fields(line),
        });
        transcript.hooks = happened.collect();
        let events = expected.iter().map(|line| HookPattern {
            place: Place {
                line: 1,
                column: 1,
                length: 1,
            },
            name: line.0.to_owned(),
            fields: fields(line),
        });
        let list = HookList {
            of: vec!["a".into(), "b".into()],
            events: events.collect(),
        };
        let plan = some_plan();
        let granted_less = GrantedLess::new(&plan, &transcript);
        let excused = Excused::new();
        let differing = judge_hooks(&list, &transcript, 0..actual.len(), &|name, fields| {
            granted_less.hook_dependence(name, fields, &excused)
        });
        let differing = differing.expect("the events differ");
        differing.depends_on.is_some()
    }

    fn excuses(packets: &[(bool, Packet)], expected: &[Line], actual: &[Line]) -> bool {
        lets_off_at(0, packets, expected, actual)
    }

    #[test]
    fn a_refused_subscription_explains_only_its_missing_messages() {
        let packets = subscribed(ReasonCode::NOT_AUTHORIZED);
        let own: Line = ("session.subscribed", &[("client", "a"), ("filter", "a")]);
        let other: Line = ("session.subscribed", &[("client", "a"), ("filter", "b")]);
        let of_b: Line = ("session.subscribed", &[("client", "b"), ("filter", "a")]);
        let delivered: Line = ("message.delivered", &[("client", "a"), ("topic", "a")]);
        assert!(excuses(&packets, &[CONNECTED, own], &[CONNECTED]));
        assert!(excuses(
            &packets,
            &[CONNECTED, own, delivered],
            &[CONNECTED]
        ));
        assert!(!excuses(&packets, &[CONNECTED, other], &[CONNECTED]));
        assert!(!excuses(&packets, &[CONNECTED, of_b], &[CONNECTED]));
        assert!(!excuses(&packets, &[CONNECTED, own], &[]));
        let created: Line = ("session.created", &[("client", "a")]);
        assert!(!excuses(&packets, &[CONNECTED, own], &[created, CONNECTED]));
        assert!(!lets_off_at(1, &packets, &[CONNECTED, own], &[CONNECTED]));
    }

    #[test]
    fn the_reason_of_an_end_depends_on_no_subscription() {
        let packets = subscribed(ReasonCode(1));
        let normal: Line = (
            "client.disconnected",
            &[("client", "a"), ("reason", "normal")],
        );
        let lost: Line = (
            "client.disconnected",
            &[("client", "a"), ("reason", "connection_lost")],
        );
        assert!(!excuses(&packets, &[normal], &[lost]));
        assert!(!excuses(&packets, &[normal], &[]));
        assert!(!excuses(&packets, &[], &[normal]));
    }

    #[test]
    fn a_lower_qos_explains_the_qos_alone() {
        let packets = subscribed(ReasonCode(1));
        let with = |qos: &'static [(&'static str, &'static str)]| ("session.subscribed", qos);
        let asked = with(&[("client", "a"), ("filter", "a"), ("qos", "2")]);
        let granted = with(&[("client", "a"), ("filter", "a"), ("qos", "1")]);
        let other = with(&[("client", "a"), ("filter", "b"), ("qos", "1")]);
        assert!(excuses(&packets, &[asked], &[granted]));
        assert!(!excuses(&packets, &[asked], &[other]));
        assert!(!excuses(&packets, &[asked], &[]));
        assert!(!excuses(&packets, &[asked], &[granted, granted]));
    }

    #[test]
    fn a_shorter_session_explains_its_end_and_not_that_of_the_connection() {
        let packets = connected_with_lesser_grant();
        let resumed: Line = ("session.resumed", &[("client", "a")]);
        let created: Line = ("session.created", &[("client", "a")]);
        let terminated: Line = (
            "session.terminated",
            &[("client", "a"), ("reason", "expired")],
        );
        let again: Line = (
            "client.connected",
            &[
                ("client", "a"),
                ("connack", "0"),
                ("session_present", "true"),
            ],
        );
        let anew: Line = (
            "client.connected",
            &[
                ("client", "a"),
                ("connack", "0"),
                ("session_present", "false"),
            ],
        );
        let refused: Line = (
            "client.connected",
            &[
                ("client", "a"),
                ("connack", "3"),
                ("session_present", "false"),
            ],
        );
        let ended: Line = ("client.disconnected", &[("client", "a")]);
        let both = [terminated, created, anew];
        assert!(excuses(&packets, &[resumed, again], &both));
        assert!(!excuses(
            &packets,
            &[resumed, again],
            &[terminated, created, refused]
        ));
        assert!(!excuses(&packets, &[ended, resumed, again], &both));
        let of_b: Line = (
            "session.terminated",
            &[("client", "b"), ("reason", "expired")],
        );
        assert!(!excuses(&packets, &[], &[of_b]));
    }

    #[test]
    fn a_refused_message_explains_its_missing_packets() {
        let packets = [
            (true, publish(1, "a", "judged")),
            (false, puback(1, ReasonCode::NOT_AUTHORIZED)),
        ];
        let own: Line = (
            "message.publish",
            &[("client", "a"), ("topic", "a"), ("payload", "judged")],
        );
        let other: Line = (
            "message.publish",
            &[("client", "a"), ("topic", "b"), ("payload", "judged")],
        );
        assert!(excuses(&packets, &[CONNECTED, own], &[CONNECTED]));
        assert!(!excuses(&packets, &[CONNECTED, other], &[CONNECTED]));
    }
}
