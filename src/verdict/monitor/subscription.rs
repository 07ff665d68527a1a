//! The subscriptions of a session, and what may be delivered because of them.
//!
//! A server may subscribe a client to topics by itself, so a message that matches no filter of the client is not
//! judged. Messages may have waited, so each is compared with every subscription that the session ever had.

use std::collections::BTreeMap;

use bytestring::ByteString;
use mqtt_check_codec::{ProtocolVersion, Publish, ReasonCode, RetainHandling, Subscribe, topic};

use super::check::{self, Found};

/// One filter of one SUBSCRIBE.
#[derive(Debug, Clone)]
struct Subscription {
    /// The number of its SUBSCRIBE, and its index there.
    request: (u32, usize),
    filter: ByteString,
    /// Where the part that matches topics begins: after `$share/GROUP/`.
    matcher: usize,
    is_shared: bool,
    /// The highest QoS at which messages may be delivered for it.
    qos: u8,
    identifier: Option<u32>,
    retain_as_published: bool,
    retained: Retained,
    answer: Answer,
    has_ended: bool,
}

/// Whether retained messages are due for the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retained {
    Yes,
    /// Retain Handling 2.
    No,
    /// Retain Handling 1, and the subscription already existed.
    NotAgain,
    /// The subscription is shared.
    NotShared,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    Granted,
    Refused,
}

/// Every subscription of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Subscriptions {
    list: Vec<Subscription>,
    /// How many messages with RETAIN 1 were received for each topic.
    retained: BTreeMap<ByteString, usize>,
}

impl Subscription {
    fn matches(&self, name: &str) -> bool {
        self.answer != Answer::Refused
            && (topic::matches(&self.filter[self.matcher..], name)
                || topic::matches(&self.filter, name))
    }
}

impl Subscriptions {
    /// Handles the SUBSCRIBE with this number.
    pub(super) fn subscribe(
        &mut self,
        number: u32,
        subscribe: &Subscribe,
        version: ProtocolVersion,
    ) {
        let identifier = subscribe.properties.subscription_identifiers().next();
        for (place, asked) in subscribe.subscriptions.iter().enumerate() {
            let shared = topic::split_shared(&asked.filter).ok().flatten();
            let matcher = shared.map_or(0, |s| asked.filter.len() - s.filter.len());
            // 3.1.1 has no shared subscriptions. Servers that have them there use the same filters for them.
            let is_shared = shared.is_some() && version == ProtocolVersion::V5;
            let exists = self
                .list
                .iter()
                .any(|s| s.filter == asked.filter && s.answer == Answer::Granted && !s.has_ended);
            let retained = match asked.options.retain_handling {
                _ if is_shared => Retained::NotShared,
                RetainHandling::DoNotSend => Retained::No,
                RetainHandling::SendIfNew if exists => Retained::NotAgain,
                RetainHandling::Send | RetainHandling::SendIfNew => Retained::Yes,
            };
            self.list.push(Subscription {
                request: (number, place),
                filter: asked.filter.clone(),
                matcher,
                is_shared: shared.is_some(),
                qos: asked.options.qos.as_u8(),
                identifier,
                retain_as_published: asked.options.retain_as_published,
                retained,
                answer: Answer::None,
                has_ended: false,
            });
        }
    }

    /// Handles the answer to the SUBSCRIBE with this number.
    pub(super) fn answered(&mut self, number: u32, codes: &[ReasonCode]) {
        for subscription in &mut self.list {
            let (request, place) = subscription.request;
            let Some(code) = codes.get(place).filter(|_| request == number) else {
                continue;
            };
            if code.is_success() {
                subscription.answer = Answer::Granted;
                // A grant above the requested QoS is reported separately.
                subscription.qos = subscription.qos.min(code.0);
            } else {
                subscription.answer = Answer::Refused;
            }
        }
    }

    /// Handles an UNSUBSCRIBE of the client.
    pub(super) fn unsubscribe(&mut self, filters: &[ByteString]) {
        for subscription in &mut self.list {
            subscription.has_ended |= filters.contains(&subscription.filter);
        }
    }

    /// Returns whether the session may receive messages that went to another client before.
    pub(super) fn has_shared(&self) -> bool {
        self.list.iter().any(|s| s.is_shared)
    }

    /// Returns whether a server may interpret one of the filters in its own way.
    fn has_special(&self) -> bool {
        self.list
            .iter()
            .any(|s| s.filter.starts_with('$') && !s.is_shared && !s.filter.starts_with("$SYS/"))
    }

    /// Handles a PUBLISH of this topic, sent for the first time or again.
    pub(super) fn published(
        &mut self,
        publish: &Publish,
        name: &ByteString,
        is_again: bool,
        version: ProtocolVersion,
    ) -> Vec<Found> {
        if self.has_special() {
            return Vec::new();
        }
        let mut found: Vec<Found> = Vec::new();
        if version == ProtocolVersion::V5 {
            found.extend(self.identifiers(publish, name));
        }
        found.extend(self.qos(publish, name, version));
        // A message that is sent again was counted before, or was lost on its way.
        if publish.retain && !is_again {
            found.extend(self.retained(name, version));
        }
        found
    }

    fn matching<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Subscription> {
        self.list.iter().filter(move |s| s.matches(name))
    }

    fn identifiers(&self, publish: &Publish, name: &str) -> Option<Found> {
        let mut carried = publish.properties.subscription_identifiers();
        // If every matching subscription has an identifier, each copy must have one.
        let mut matching = self.matching(name).peekable();
        if carried.next().is_none()
            && matching.peek().is_some()
            && matching.all(|s| s.identifier.is_some())
        {
            return Some(check::IDENTIFIER_MISSING.found(format!(
                "PUBLISH of {name:?} without a subscription identifier"
            )));
        }
        publish
            .properties
            .subscription_identifiers()
            .find_map(|id| {
                let mut given = self
                    .list
                    .iter()
                    .filter(|s| s.identifier == Some(id))
                    .peekable();
                if given.peek().is_none() {
                    return Some(check::IDENTIFIER_UNKNOWN.found(format!(
                        "PUBLISH with subscription identifier {id}, which the client has not given"
                    )));
                }
                (!given.any(|s| s.matches(name))).then(|| {
                    check::IDENTIFIER_OF_OTHER.found(format!(
                        "PUBLISH of {name:?} with subscription identifier {id}, whose filter does not match it"
                    ))
                })
            })
    }

    fn qos(&self, publish: &Publish, name: &str, version: ProtocolVersion) -> Option<Found> {
        let highest = self.matching(name).map(|s| s.qos).max()?;
        let is_shared = version == ProtocolVersion::V5 && self.matching(name).all(|s| s.is_shared);
        let check = match is_shared {
            true => &check::QOS_ABOVE_SHARED_GRANT,
            false => &check::QOS_ABOVE_GRANT,
        };
        let qos = publish.qos.as_u8();
        (qos > highest).then(|| {
            check.found(format!(
                "PUBLISH of {name:?} at QoS {qos}, but at most {highest} was granted"
            ))
        })
    }

    /// Handles a message with RETAIN 1.
    fn retained(&mut self, name: &ByteString, version: ProtocolVersion) -> Option<Found> {
        let seen = self.retained.entry(name.clone()).or_default();
        *seen += 1;
        let seen = *seen;
        let matching: Vec<&Subscription> = self.matching(name).collect();
        if matching.is_empty() || matching.iter().any(|s| s.retain_as_published) {
            return None;
        }
        let has = |retained| matching.iter().any(|s| s.retained == retained);
        let due = matching
            .iter()
            .filter(|s| s.retained == Retained::Yes)
            .count();
        if seen <= due {
            return None;
        }
        let check = if version != ProtocolVersion::V5 {
            &check::RETAIN_ON_LIVE
        } else if has(Retained::NotAgain) {
            &check::RETAINED_AGAIN
        } else if has(Retained::No) {
            &check::RETAINED_UNWANTED
        } else if has(Retained::NotShared) {
            &check::RETAINED_FOR_SHARED
        } else {
            &check::RETAIN_ON_LIVE
        };
        Some(check.found(match due {
            0 => format!("PUBLISH of {name:?} with RETAIN 1"),
            _ => {
                format!("PUBLISH number {seen} of {name:?} with RETAIN 1, at most {due} can be due")
            }
        }))
    }
}
