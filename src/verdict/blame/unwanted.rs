//! Recognizes a message that its own properties, or an option of the subscription, should have kept from the client.

use std::collections::BTreeMap;
use std::time::Duration;

use mqtt_check_codec::{Packet, Publish};

use super::super::filter;
use super::inbox::Inbox;
use super::{Event, Wrong};
use crate::transcript::{EventIndex, What};

/// How much longer than its Message Expiry Interval a message may have waited. Servers may count in whole seconds.
const GRACE: Duration = Duration::from_secs(1);

impl<'a> Inbox<'a> {
    /// Returns what is wrong if this message has expired, or is the client's own and all its subscriptions exclude such
    /// messages.
    pub(super) fn unwanted(self, publish: &Publish, event: EventIndex) -> Option<Wrong> {
        if publish.dup {
            return None;
        }
        let published = self.published_before(publish, event);
        let has_expired = |(at, sent): &(EventIndex, &Publish)| self.has_expired(*at, sent, event);
        if published.is_empty() {
            None
        } else if published.iter().all(has_expired) {
            Some(Wrong::Event(Event::Expired))
        } else if published.iter().all(|(at, _)| self.is_own(*at, event)) {
            Some(Wrong::Event(Event::Own))
        } else {
            None
        }
    }

    /// Returns every PUBLISH with this payload that a client sent before this event.
    fn published_before(
        self,
        publish: &Publish,
        event: EventIndex,
    ) -> Vec<(EventIndex, &'a Publish)> {
        let events = self.transcript.events[..event.0].iter().enumerate();
        let sent = events.filter_map(|(at, sent)| match &sent.what {
            What::Sent {
                packet: Some(Packet::Publish(sent)),
                ..
            } if sent.payload == publish.payload => Some((EventIndex(at), sent)),
            _ => None,
        });
        sent.collect()
    }

    fn has_expired(self, published: EventIndex, publish: &Publish, event: EventIndex) -> bool {
        let at = |event: EventIndex| self.transcript.events[event.0].at;
        publish
            .properties
            .message_expiry_interval_s()
            .is_some_and(|interval_s| {
                let allowed = Duration::from_secs(interval_s.into()) + GRACE;
                at(event).saturating_sub(at(published)) > allowed
            })
    }

    /// Returns whether the connection that received a message has published it, and each of the client's subscriptions
    /// to its topic has No Local.
    fn is_own(self, published: EventIndex, event: EventIndex) -> bool {
        let lane = |event: EventIndex| self.transcript.events[event.0].lane;
        let topic = self.transcript.topic(event);
        let Some(topic) = topic.filter(|_| lane(published) == lane(event)) else {
            return false;
        };
        let mut subscriptions = BTreeMap::new();
        for (_, _, packet) in self.sent_before(event) {
            if let Packet::Subscribe(subscribe) = packet {
                let each = subscribe.subscriptions.iter();
                let matching = each.filter(|one| filter::matches(&one.filter, topic));
                subscriptions.extend(matching.map(|one| (&one.filter, one.options.no_local)));
            }
        }
        !subscriptions.is_empty() && subscriptions.values().all(|no_local| *no_local)
    }
}
