//! All subscriptions of all sessions, found by Topic Name.
//!
//! They are kept by Topic Filter, in the order of its bytes (`lookup`). Matches are in the order of session keys,
//! whatever the order of subscribing, so nothing random reaches the output.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Bound;

use bytestring::ByteString;
use mqtt_check_codec::{ProtocolVersion, SubscriptionOptions};

use super::lookup::{Cursor, FiltersFor, level_ends, look_up};
use super::session_key::SessionKey;
use crate::core::topic::{self, Filter};
use crate::core::turn::STEP;

/// What a session was granted for one Topic Filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granted {
    /// The options, with the granted QoS instead of the requested one.
    pub(crate) options: SubscriptionOptions,
    pub(crate) identifier: Option<u32>,
    /// Whether it is a Shared Subscription. Before version 5, `$share` is a level like any other.
    pub(crate) shared: bool,
}

impl Granted {
    /// Returns the parsed filter that this was granted for.
    pub(crate) fn filter<'a>(&self, whole: &'a str) -> Filter<'a> {
        let shared = if self.shared {
            Filter::parse(whole, ProtocolVersion::V5)
        } else {
            None
        };
        shared.unwrap_or(Filter::Own(whole))
    }
}

/// How well a member of a Shared Subscription can receive a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The message would be sent at once.
    Ready,
    /// The message would wait.
    Waiting,
    /// The message would be lost: the member is offline, and QoS 0 is not queued.
    Losing,
    /// The member may not receive the message.
    Barred,
}

/// One session's subscription to a Topic Filter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscriber {
    pub(crate) session: SessionKey,
    pub(crate) granted: Granted,
}

/// The members of one Shared Subscription, which take turns.
#[derive(Debug)]
pub(crate) struct Group {
    /// The whole Topic Filter, including `$share/`.
    filter: ByteString,
    members: Vec<Subscriber>,
    /// The index of the member whose turn is next.
    next: usize,
    /// For a permitted variation: whether the same member stays chosen.
    sticky: bool,
}

impl Group {
    /// Returns the member whose turn it is, preferring members that are ready, and moves the turn on.
    pub(crate) fn choose(
        &mut self,
        standing: impl Fn(&Subscriber) -> Standing,
    ) -> Option<Subscriber> {
        let count = self.members.len();
        let order = (0..count).map(|step| (self.next + step) % count);
        let next = |wanted| {
            let mut order = order.clone();
            order.find(|index| standing(&self.members[*index]) == wanted)
        };
        let index = next(Standing::Ready)
            .or_else(|| next(Standing::Waiting))
            .or_else(|| next(Standing::Losing))?;
        self.next = match self.sticky {
            true => index,
            false => (index + 1) % count,
        };
        Some(self.members[index])
    }
}

/// The subscriptions of one Topic Filter.
#[derive(Debug, Default)]
struct Leaf {
    /// Sorted by session.
    own: Vec<Subscriber>,
    shared: BTreeMap<ByteString, Group>,
}

impl Leaf {
    fn is_empty(&self) -> bool {
        self.own.is_empty() && self.shared.is_empty()
    }
}

/// The subscriptions that match a Topic Name.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    /// Sorted by session. A session with overlapping subscriptions is listed once for each.
    pub(crate) own: Vec<Subscriber>,
    /// One chosen member for each Shared Subscription, with its whole Topic Filter.
    pub(crate) shared: Vec<(Subscriber, ByteString)>,
}

/// A search for the filters that match one Topic Name. It can stop and continue later.
#[derive(Debug)]
pub(crate) struct Lookup {
    name: ByteString,
    cursor: Cursor,
    filters: Vec<ByteString>,
}

impl Lookup {
    pub(crate) const fn new(name: ByteString) -> Self {
        Self {
            name,
            cursor: Cursor::start(),
            filters: Vec::new(),
        }
    }

    /// Returns whether this look-up is for this Topic Name.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.name == name
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// By Topic Filter. A Shared Subscription is found by the part after its Share Name.
    leaves: BTreeMap<ByteString, Leaf>,
    /// Kept between messages only to reuse its memory.
    ends: Vec<usize>,
    /// How many levels look-ups have visited.
    visited: usize,
    /// For a permitted variation: whether members of a Shared Subscription take no turns.
    sticky: bool,
}

impl Subscriptions {
    /// Returns a table without subscriptions.
    pub(crate) fn new(sticky: bool) -> Self {
        Self {
            sticky,
            ..Self::default()
        }
    }

    /// Returns the text of a filter for a new subscription. If the filter has a subscription already, its text is
    /// shared, so that a popular filter takes memory once. Otherwise this is a copy.
    pub(crate) fn text(&self, filter: &str) -> ByteString {
        let there = self.leaves.get_key_value(filter);
        there.map_or_else(|| ByteString::from(filter), |(there, _)| there.clone())
    }

    /// Adds a subscription, or replaces the one with the same filter. `filter` is the parsed `whole`.
    pub(crate) fn insert(
        &mut self,
        whole: &ByteString,
        filter: Filter<'_>,
        session: SessionKey,
        granted: Granted,
    ) {
        let subscriber = Subscriber { session, granted };
        let sticky = self.sticky;
        match filter {
            Filter::Own(_) => {
                let own = &mut self.leaves.entry(whole.clone()).or_default().own;
                match own.binary_search_by_key(&session, |s| s.session) {
                    Ok(index) => own[index] = subscriber,
                    Err(index) => own.insert(index, subscriber),
                }
            }
            Filter::Shared { group, filter } => {
                let leaf = self.leaves.entry(ByteString::from(filter));
                let shared = &mut leaf.or_default().shared;
                let group = shared
                    .entry(ByteString::from(group))
                    .or_insert_with(|| Group {
                        filter: whole.clone(),
                        members: Vec::new(),
                        next: 0,
                        sticky,
                    });
                match group.members.iter_mut().find(|m| m.session == session) {
                    Some(member) => *member = subscriber,
                    None => group.members.push(subscriber),
                }
            }
        }
    }

    /// Removes the session's subscription with this filter, if there is one.
    pub(crate) fn remove(&mut self, filter: Filter<'_>, session: SessionKey) {
        let (path, group) = match filter {
            Filter::Own(filter) => (filter, None),
            Filter::Shared { group, filter } => (filter, Some(group)),
        };
        let Some(leaf) = self.leaves.get_mut(path) else {
            return;
        };
        match group {
            None => {
                if let Ok(index) = leaf.own.binary_search_by_key(&session, |s| s.session) {
                    leaf.own.remove(index);
                }
            }
            Some(name) => {
                let Some(group) = leaf.shared.get_mut(name) else {
                    return;
                };
                let Some(index) = group.members.iter().position(|m| m.session == session) else {
                    return;
                };
                group.members.remove(index);
                if group.next > index {
                    group.next -= 1;
                }
                if group.members.is_empty() {
                    leaf.shared.remove(name);
                }
            }
        }
        if leaf.is_empty() {
            self.leaves.remove(path);
        }
    }

    /// Returns whether a look-up is sure to visit no more levels than one step allows, whatever the filters are.
    pub(crate) fn is_short(&self, name: &str) -> bool {
        let most = self.leaves.len().saturating_mul(2 * topic::levels(name));
        most <= STEP
    }

    /// Continues a look-up for `budget` levels. Returns whether it is finished.
    pub(crate) fn go_on(&mut self, lookup: &mut Lookup, budget: usize) -> bool {
        let Lookup {
            name,
            cursor,
            filters,
        } = lookup;
        let found = |filter: &ByteString, _: &mut Leaf| filters.push(filter.clone());
        self.look_up(name, true, cursor, budget, found);
        lookup.cursor.is_at_end()
    }

    fn look_up(
        &mut self,
        name: &str,
        hide: bool,
        cursor: &mut Cursor,
        budget: usize,
        found: impl FnMut(&ByteString, &mut Leaf),
    ) {
        let mut ends = mem::take(&mut self.ends);
        level_ends(name, &mut ends);
        let pattern = FiltersFor::new(name, &ends, hide && topic::is_hidden(name));
        let mut left = budget;
        look_up(&mut self.leaves, &pattern, cursor, &mut left, found);
        self.visited += budget - left;
        ends.clear();
        self.ends = ends;
    }

    /// Returns how many levels look-ups have visited since the last call.
    pub(crate) fn take_visited(&mut self) -> usize {
        mem::take(&mut self.visited)
    }

    /// Collects the receivers of a message from a finished look-up.
    pub(crate) fn matches_of(
        &mut self,
        lookup: &Lookup,
        standing: &impl Fn(&Subscriber) -> Standing,
        found: &mut Matches,
    ) {
        found.own.clear();
        found.shared.clear();
        let mut leaves = self.leaves.range_mut::<str, _>(..);
        for filter in &lookup.filters {
            let mut next = leaves.next();
            // Often it is the next key. The filter may have lost its last subscription in the meantime.
            if next.as_ref().is_none_or(|(key, _)| *key != filter) {
                let from = (Bound::Included(&**filter), Bound::Unbounded);
                leaves = self.leaves.range_mut::<str, _>(from);
                next = leaves.next();
            }
            if let Some((key, leaf)) = next
                && key == filter
            {
                take(leaf, standing, found);
            }
        }
        found.own.sort_by_key(|s| s.session);
    }

    /// Collects the receivers of a message with this topic. `hide` is whether leading wildcards do not match names that
    /// begin with `$`. `standing` is how well a session can receive a shared message.
    pub(crate) fn matches(
        &mut self,
        name: &str,
        hide: bool,
        standing: &impl Fn(&Subscriber) -> Standing,
        found: &mut Matches,
    ) {
        found.own.clear();
        found.shared.clear();
        let take = |_: &ByteString, leaf: &mut Leaf| take(leaf, standing, found);
        self.look_up(name, hide, &mut Cursor::start(), usize::MAX, take);
        // This sort is stable, so each session's subscriptions stay in the order of their filters.
        found.own.sort_by_key(|s| s.session);
    }

    /// For faults and permitted variations: returns the other members of this Shared Subscription.
    pub(crate) fn others_of(&self, whole: &str, but: SessionKey) -> Vec<Subscriber> {
        match Filter::parse(whole, ProtocolVersion::V5) {
            Some(Filter::Shared { group, filter }) => self.others(group, filter, but),
            _ => Vec::new(),
        }
    }

    /// For faults and permitted variations: returns the members of a group, except one.
    pub(crate) fn others(&self, group: &str, filter: &str, but: SessionKey) -> Vec<Subscriber> {
        let group = self
            .leaves
            .get(filter)
            .and_then(|leaf| leaf.shared.get(group));
        let members = group.map_or(&[][..], |group| &group.members[..]);
        members
            .iter()
            .copied()
            .filter(|m| m.session != but)
            .collect()
    }

    /// For a fault: whether a session other than this one has subscribed to the filter.
    pub(crate) fn has_others(&self, filter: &str, but: SessionKey) -> bool {
        let leaf = self.leaves.get(filter);
        leaf.is_some_and(|leaf| leaf.own.iter().any(|s| s.session != but))
    }

    /// For faults: removes all non-shared subscriptions of this filter.
    pub(crate) fn forget_own(&mut self, filter: &str) {
        if let Some(leaf) = self.leaves.get_mut(filter) {
            leaf.own.clear();
        }
    }

    /// Returns the next member of one Shared Subscription.
    pub(crate) fn choose(
        &mut self,
        group: &str,
        filter: &str,
        standing: impl Fn(&Subscriber) -> Standing,
    ) -> Option<Subscriber> {
        let leaf = self.leaves.get_mut(filter)?;
        leaf.shared.get_mut(group)?.choose(standing)
    }
}

fn take(leaf: &mut Leaf, standing: &impl Fn(&Subscriber) -> Standing, found: &mut Matches) {
    found.own.extend_from_slice(&leaf.own);
    for group in leaf.shared.values_mut() {
        // [5 RULE-4.8.2-1] one session of the group, and one only
        if let Some(member) = group.choose(standing) {
            found.shared.push((member, group.filter.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use mqtt_check_codec::QoS;
    use mqtt_check_codec::topic::matches;

    use super::*;

    const GRANTED: Granted = Granted {
        options: SubscriptionOptions::new(QoS::AtMostOnce),
        identifier: None,
        shared: false,
    };

    fn found(tree: &mut Subscriptions, name: &str) -> Vec<u32> {
        let mut found = Matches::default();
        tree.matches(name, true, &|_| Standing::Ready, &mut found);
        found.own.iter().map(|s| s.session.0).collect()
    }

    #[test]
    fn agrees_with_matching_filter_by_filter() {
        let filters = [
            "#", "+", "+/+", "/", "a", "a/#", "a/+", "a/b", "a/b/#", "a/+/c", "+/b/#", "$SYS/#",
            "/+", "a//b",
        ];
        let names = [
            "a", "a/b", "a/b/c", "/", "/a", "$SYS/x", "$SYS", "a//b", "b", "a/",
        ];
        let mut tree = Subscriptions::default();
        for (key, filter) in (0..).zip(filters) {
            let whole = ByteString::from_static(filter);
            tree.insert(&whole, Filter::Own(filter), SessionKey(key), GRANTED);
        }
        for name in names {
            let expected: Vec<u32> = (0..)
                .zip(filters)
                .filter(|(_, filter)| matches(filter, name))
                .map(|(key, _)| key)
                .collect();
            assert_eq!(found(&mut tree, name), expected, "{name}");
        }
    }

    #[test]
    fn a_filter_that_many_have_takes_memory_once() {
        let mut tree = Subscriptions::default();
        let first = tree.text("a/b");
        tree.insert(&first, Filter::Own("a/b"), SessionKey(0), GRANTED);
        let second = tree.text("a/b");
        assert_eq!(second, "a/b");
        assert_eq!(second.as_ptr(), first.as_ptr());
        assert_eq!(tree.text("a/c"), "a/c");
    }

    #[test]
    fn takes_filters_of_any_depth() {
        let longest = "/".repeat(65_535);
        let at_the_edge = vec!["x"; 1_000].join("/");
        let name = format!("{at_the_edge}/x");
        let filters = [
            longest.clone(),
            at_the_edge.clone(),
            format!("{at_the_edge}/#"),
            format!("{at_the_edge}/+"),
            format!("+/{}/x", vec!["x"; 999].join("/")),
        ];
        let mut tree = Subscriptions::default();
        for (key, filter) in (0..).zip(&filters) {
            let whole = ByteString::from(filter.as_str());
            tree.insert(&whole, Filter::Own(filter), SessionKey(key), GRANTED);
        }
        assert_eq!(found(&mut tree, &longest), [0]);
        assert_eq!(found(&mut tree, &at_the_edge), [1, 2]);
        assert_eq!(found(&mut tree, &name), [2, 3, 4]);
        // A leading wildcard does not match names that begin with `$`, whatever their depth.
        assert_eq!(
            found(&mut tree, &name.replacen('x', "$", 1)),
            [] as [u32; 0]
        );
        for (key, filter) in (0..).zip(&filters) {
            tree.remove(Filter::Own(filter), SessionKey(key));
        }
        assert!(tree.leaves.is_empty());
    }

    #[test]
    fn keeps_no_filter_without_subscriptions() {
        let mut tree = Subscriptions::default();
        for filter in ["a/b/c", "a/+/#", "$share/g/a/b", "#"] {
            let whole = ByteString::from_static(filter);
            let filter = Filter::parse(filter, ProtocolVersion::V5).expect("well formed");
            tree.insert(&whole, filter, SessionKey(1), GRANTED);
        }
        for filter in ["a/b/c", "a/+/#", "$share/g/a/b", "#"] {
            let filter = Filter::parse(filter, ProtocolVersion::V5).expect("well formed");
            tree.remove(filter, SessionKey(1));
            tree.remove(filter, SessionKey(1));
        }
        assert!(tree.leaves.is_empty());
    }

    #[test]
    fn members_of_a_group_take_turns_and_ready_ones_go_first() {
        let mut tree = Subscriptions::default();
        let whole = ByteString::from_static("$share/g/a/#");
        let filter = Filter::parse(&whole, ProtocolVersion::V5).expect("well formed");
        for key in 0..3 {
            tree.insert(&whole, filter, SessionKey(key), GRANTED);
        }
        let mut turns = Vec::new();
        let mut found = Matches::default();
        for _ in 0..4 {
            let standing = |member: &Subscriber| match member.session.0 {
                1 => Standing::Waiting,
                _ => Standing::Ready,
            };
            tree.matches("a/b", true, &standing, &mut found);
            assert_eq!(found.shared[0].1, "$share/g/a/#");
            turns.push(found.shared[0].0.session.0);
        }
        assert_eq!(turns, [0, 2, 0, 2]);
        let standing = |member: &Subscriber| match member.session.0 {
            2 => Standing::Waiting,
            _ => Standing::Barred,
        };
        tree.matches("a", true, &standing, &mut found);
        assert_eq!(found.shared[0].0.session.0, 2);
        let standing = |member: &Subscriber| match member.session.0 {
            1 => Standing::Waiting,
            _ => Standing::Losing,
        };
        tree.matches("a", true, &standing, &mut found);
        assert_eq!(found.shared[0].0.session.0, 1);
        tree.matches("a", true, &|_| Standing::Barred, &mut found);
        assert_eq!(found.shared.len(), 0);
    }
}
