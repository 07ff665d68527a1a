//! Topic Filters of a SUBSCRIBE, shared or not.

use mqtt_check_codec::topic;

pub(super) fn is_shared(filter: &str) -> bool {
    matches!(topic::split_shared(filter), Ok(Some(_)))
}

/// Returns whether a filter matches a topic.
pub(super) fn matches(filter: &str, name: &str) -> bool {
    let shared = topic::split_shared(filter).ok().flatten();
    let filter = shared.map_or(filter, |shared| shared.filter);
    topic::matches(filter, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_filter_matches_by_the_part_after_its_group() {
        assert!(matches("$share/group/a/+", "a/b"));
        assert!(!matches("$share/group/a/+", "group/a/b"));
        assert!(matches("a/+", "a/b"));
    }
}
