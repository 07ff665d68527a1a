//! The configuration of the broker, and the faults and permitted variations in force.

use std::borrow::Cow;
use std::time::Duration;

use bytestring::ByteString;
use mqtt_check_codec::ProtocolVersion;
use mqtt_check_codec::topic::check_filter;

use super::topic::Filter;
use crate::access::{self, AccessAction, AccessRule, Who};
use crate::{Conduct, Config, Fault, Faults, Liberties, Liberty};

/// For permitted variations: the delay of a broker that checks its timers only from time to time.
pub(crate) const TIMER_CHECK: Duration = Duration::from_millis(500);

/// For a permitted variation: the longest topic or filter that the broker accepts, in bytes.
const LONG_TOPIC: usize = 256;

#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) config: Config,
    pub(crate) faults: Faults,
    pub(crate) liberties: Liberties,
}

impl Rules {
    pub(crate) fn new(config: Config, conduct: Conduct) -> Self {
        let Conduct { faults, liberties } = conduct;
        Self {
            config,
            faults,
            liberties,
        }
    }

    /// Returns whether this fault is in force.
    pub(crate) fn breaks(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Returns whether a packet of this size in bytes is larger than the Maximum Packet Size.
    pub(crate) fn is_too_large(&self, size: usize) -> bool {
        let maximum = self.config.maximum_packet_size;
        let uncounted = match self.breaks(Fault::ClientHeaderUncounted) {
            true => 3,
            false => 0,
        };
        let size = size + usize::from(self.breaks(Fault::LargestPacketRefused));
        maximum.is_some_and(|maximum| size > maximum as usize + uncounted)
            && !self.breaks(Fault::OversizedPacketAccepted)
    }

    /// Returns whether this permitted variation is in force.
    pub(crate) fn chooses(&self, liberty: Liberty) -> bool {
        self.liberties.has(liberty)
    }

    /// Returns whether the access list permits this client the action on this topic, or on all topics of this filter.
    pub(crate) fn permits(&self, who: Who<'_>, action: AccessAction, topic: &str) -> bool {
        let Some(list) = self.config.access.as_deref() else {
            return true;
        };
        match self.faults.is_none() {
            true => access::permits(list, who, action, topic),
            false => self.permits_wrongly(list, who, action, topic),
        }
    }

    /// For faults: like [`Self::permits`], with a misread access list.
    fn permits_wrongly(
        &self,
        list: &[AccessRule],
        who: Who<'_>,
        action: AccessAction,
        topic: &str,
    ) -> bool {
        let covers = |filter: &str, allow: bool, who: Who<'_>, topic: &str| {
            let (mut filter, mut topic) = (filter.to_owned(), topic.to_owned());
            if self.breaks(Fault::AccessNameIsWildcard) {
                filter = filter.replace("%u", who.user.unwrap_or_default());
            }
            // [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
            if self.breaks(Fault::AccessCaseFolded) {
                (filter, topic) = (filter.to_lowercase(), topic.to_lowercase());
            }
            if self.breaks(Fault::AccessPlusCoversAll) {
                filter = filter.replace('+', "#");
            }
            if self.breaks(Fault::AccessByPrefix) && topic.starts_with(&filter) {
                return true;
            }
            let parent = filter.strip_suffix("/#");
            if self.breaks(Fault::AccessHashWithoutParent) && parent == Some(&topic) {
                return false;
            }
            access::covers(&filter, allow, who, &topic)
        };
        if self.breaks(Fault::AccessUserIgnored) {
            let mut list = list.to_vec();
            list.iter_mut().for_each(|rule| rule.users.clear());
            return access::permits_by(&covers, &list, who, action, topic);
        }
        access::permits_by(&covers, list, who, action, topic)
    }

    /// Returns whether this permitted variation about access is in force. An access list takes precedence.
    pub(crate) fn refuses(&self, liberty: Liberty) -> bool {
        self.config.access.is_none() && self.chooses(liberty)
    }

    /// For a permitted variation: whether a topic or filter is longer than the broker accepts.
    pub(crate) fn refuses_as_long(&self, topic: &str) -> bool {
        topic.len() > LONG_TOPIC && self.refuses(Liberty::LongTopicsRefused)
    }

    /// Parses a Topic Filter. Returns `None` if it is malformed and no fault tolerates that.
    pub(crate) fn filter<'f>(
        &self,
        filter: &'f str,
        version: ProtocolVersion,
    ) -> Option<Filter<'f>> {
        Filter::parse(filter, version).or_else(|| {
            if self.faults.is_none() {
                return None;
            }
            let error = check_filter(filter, version).err()?;
            let tolerated = self.faults.tolerate_filter(error.clause);
            tolerated.then_some(Filter::Own(filter))
        })
    }

    /// Returns a topic or filter as the broker reads it. Only faults change it. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]
    pub(crate) fn normalised<'t>(&self, topic: &'t ByteString) -> Cow<'t, ByteString> {
        match self.faults.is_none() {
            true => Cow::Borrowed(topic),
            false => Cow::Owned(self.misread(topic)),
        }
    }

    /// For faults: a topic or filter as a broker reads it that changes it.
    fn misread(&self, topic: &ByteString) -> ByteString {
        if self.breaks(Fault::TopicsCaseFolded) {
            ByteString::from(topic.to_lowercase())
        } else if self.breaks(Fault::TopicsCut) {
            ByteString::from(topic.chars().take(200).collect::<String>())
        } else if self.breaks(Fault::LeadingSlashIgnored) {
            // [3.1.1 RULE-4.7.3-1] [5 RULE-4.7.3-1]
            ByteString::from(topic.strip_prefix('/').unwrap_or(topic))
        } else if self.breaks(Fault::DotsAreLevels) {
            ByteString::from(topic.replace('.', "/"))
        } else if self.breaks(Fault::EmptyLevelBeforeHashIgnored)
            && let Some(parent) = topic.strip_suffix("//#")
        {
            ByteString::from(format!("{parent}/#"))
        } else if self.breaks(Fault::EmptyLevelBehindPlusIgnored)
            && let Some(filter) = topic
                .strip_suffix('/')
                .filter(|filter| filter.ends_with('+'))
        {
            ByteString::from(filter)
        } else if self.breaks(Fault::TopicsTrimmed) {
            // [3.1.1 RULE-4.7.3-1] [5 RULE-4.7.3-1]
            ByteString::from(topic.trim_matches(' '))
        } else if self.breaks(Fault::TopicsComposed) {
            ByteString::from(
                topic
                    .replace("e\u{301}", "\u{e9}")
                    .replace("a\u{30a}", "\u{e5}"),
            )
        } else if let Some(above) = topic.strip_suffix("/>")
            && self.breaks(Fault::ArrowsAreWildcards)
        {
            ByteString::from(format!("{above}/#"))
        } else if self.breaks(Fault::LevelsBeyond32Ignored) {
            let levels: Vec<&str> = topic.split('/').take(32).collect();
            ByteString::from(levels.join("/"))
        } else if self.breaks(Fault::ShareNamesCaseFolded)
            && let Some((name, filter)) = topic
                .strip_prefix("$share/")
                .and_then(|rest| rest.split_once('/'))
        {
            // [5 RULE-4.8.2-1]
            ByteString::from(format!("$share/{}/{filter}", name.to_lowercase()))
        } else if let Some((name, filter)) = topic
            .strip_prefix("$share/")
            .and_then(|rest| rest.split_once('/'))
            && name.chars().count() > 8
            && self.breaks(Fault::ShareNamesCut)
        {
            // [5 RULE-4.8.2-1]
            let name: String = name.chars().take(8).collect();
            ByteString::from(format!("$share/{name}/{filter}"))
        } else {
            topic.clone()
        }
    }
}
