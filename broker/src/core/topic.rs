//! Topic Filters in the broker. The codec decides which of them are well formed.
//!
//! Nothing is normalised anywhere: levels are compared byte for byte. [3.1.1 MQTT-4.7.3-4] [5 MQTT-4.7.3-4]

use mqtt_check_codec::ProtocolVersion;
use mqtt_check_codec::topic::{check_filter, split_shared};

/// A parsed Topic Filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter<'a> {
    Own(&'a str),
    Shared { group: &'a str, filter: &'a str },
}

impl<'a> Filter<'a> {
    /// Parses a Topic Filter. Returns `None` if it is malformed. Before version 5, `$share` is a level like any other.
    /// [3.1.1 MQTT-4.7.1-2] [3.1.1 MQTT-4.7.1-3] [5 MQTT-4.7.1-1] [5 MQTT-4.7.1-2] [5 MQTT-4.8.2-1] [5 MQTT-4.8.2-2]
    pub(crate) fn parse(filter: &'a str, version: ProtocolVersion) -> Option<Self> {
        check_filter(filter, version).ok()?;
        if version == ProtocolVersion::V5
            && let Some(shared) = split_shared(filter).ok()?
        {
            return Some(Self::Shared {
                group: shared.group,
                filter: shared.filter,
            });
        }
        Some(Self::Own(filter))
    }
}

/// Returns the number of levels.
pub(crate) fn levels(topic: &str) -> usize {
    topic.bytes().filter(|byte| *byte == b'/').count() + 1
}

/// Returns whether a topic or filter has this text as its first levels, and further levels.
pub(crate) fn is_below(topic: &str, parent: &str) -> bool {
    let rest = topic.strip_prefix(parent);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Returns whether filters that start with a wildcard do not match this Topic Name. [3.1.1 MQTT-4.7.2-1]
/// [5 MQTT-4.7.2-1]
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_version_5_knows_shared_filters() {
        let whole = "$share/g/a/+";
        let shared = Filter::Shared {
            group: "g",
            filter: "a/+",
        };
        assert_eq!(Filter::parse(whole, ProtocolVersion::V5), Some(shared));
        let own = Some(Filter::Own(whole));
        assert_eq!(Filter::parse(whole, ProtocolVersion::V3_1_1), own);
        assert_eq!(Filter::parse("$share/g", ProtocolVersion::V5), None);
        assert_eq!(Filter::parse("a/#/b", ProtocolVersion::V3_1_1), None);
    }
}
