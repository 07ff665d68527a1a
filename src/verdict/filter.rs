//! Filters as they stand in a SUBSCRIBE, shared or not.

use mqtt_check_codec::topic;

pub(super) fn is_shared(filter: &str) -> bool {
    matches!(topic::split_shared(filter), Ok(Some(_)))
}

/// Whether one of them matches a topic.
pub(super) fn matches(filter: &str, name: &str) -> bool {
    let shared = topic::split_shared(filter).ok().flatten();
    let filter = shared.map_or(filter, |shared| shared.filter);
    topic::matches(filter, name)
}
