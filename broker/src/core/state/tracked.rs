//! A map that knows which of its entries changed, so that a store writes only those.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::boxed_if_changed::Blank;
use super::small_map::SmallMap;

/// A map that is read like a `BTreeMap`.
#[derive(Debug, Clone)]
pub(crate) struct Tracked<K, V> {
    entries: SmallMap<K, V>,
    /// Keys whose entries changed since they were last asked for, and whether the store has them; `None` if there is no
    /// store.
    #[expect(
        clippy::box_collection,
        reason = "no session has one where there is no store"
    )]
    changed: Option<Box<BTreeMap<K, bool>>>,
}

impl<K: 'static, V: 'static> Blank for Tracked<K, V> {
    const BLANK: &'static Self = &Self::new();
}

impl<K, V> Tracked<K, V> {
    const fn new() -> Self {
        Self {
            entries: SmallMap::new(),
            changed: None,
        }
    }
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Deref for Tracked<K, V> {
    type Target = SmallMap<K, V>;

    fn deref(&self) -> &SmallMap<K, V> {
        &self.entries
    }
}

impl<K: Ord + Clone, V: PartialEq> Tracked<K, V> {
    /// Starts to track changes. At first, everything counts as changed.
    pub(crate) fn track(&mut self) {
        let all = self.entries.keys();
        let all = all.map(|key| (key.clone(), false));
        self.changed = Some(Box::new(all.collect()));
    }

    /// Returns the keys whose entries may have changed or were removed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<K> {
        let Some(changed) = &mut self.changed else {
            return Vec::new();
        };
        let changed = std::mem::take(&mut **changed).into_iter();
        let is_news = |(key, is_kept): &(K, bool)| *is_kept || self.entries.contains_key(key);
        changed.filter(is_news).map(|(key, _)| key).collect()
    }

    /// Marks an entry as about to change. The store has the entry if it exists and has not changed before.
    fn touch(&mut self, key: &K, is_there: bool) {
        if let Some(changed) = &mut self.changed
            && !changed.contains_key(key)
        {
            changed.insert(key.clone(), is_there);
        }
    }

    fn touch_all(&mut self) {
        if let Some(changed) = &mut self.changed {
            for key in self.entries.keys() {
                changed.entry(key.clone()).or_insert(true);
            }
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let there = self.entries.get(&key);
        let is_there = there.is_some();
        if there != Some(&value) {
            self.touch(&key, is_there);
        }
        self.entries.insert(key, value)
    }

    pub(crate) fn extend(&mut self, entries: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let (key, value) = self.entries.remove_entry(key)?;
        self.touch(&key, true);
        Some(value)
    }

    /// Returns an entry that is about to change.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let is_there = self.entries.contains_key(key);
        self.touch(key, is_there);
        self.entries.get_mut(key)
    }

    /// Returns an entry to change only parts that a store does not keep.
    pub(crate) fn unkept_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Returns every entry to change only parts that a store does not keep.
    pub(crate) fn all_unkept_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }

    /// Returns every entry, and marks all as changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.touch_all();
        self.entries.values_mut()
    }

    /// Keeps the entries that the function accepts.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        let changed = &mut self.changed;
        self.entries.retain(|key, value| {
            let stays = stays(key, value);
            if !stays && let Some(changed) = changed {
                changed.entry(key.clone()).or_insert(true);
            }
            stays
        });
    }

    pub(crate) fn clear(&mut self) {
        self.take();
    }

    /// Takes all entries.
    pub(crate) fn take(&mut self) -> BTreeMap<K, V> {
        self.touch_all();
        std::mem::replace(&mut self.entries, SmallMap::new()).into_map()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_changed_and_nothing_else() {
        let mut map = Tracked::default();
        map.extend((0..1_000).map(|key| (key, key)));
        assert!(map.take_changed().is_empty(), "nobody asked");
        map.track();
        assert_eq!(map.take_changed().len(), 1_000);
        map.insert(7, 7);
        assert!(map.take_changed().is_empty(), "it is the same");
        map.insert(7, 8);
        map.remove(&8);
        map.remove(&1_000);
        map.retain(|key, _| *key != 9);
        if let Some(value) = map.get_mut(&10) {
            *value = 11;
        }
        map.unkept_mut(&11);
        map.insert(2_000, 1);
        map.remove(&2_000);
        assert_eq!(map.take_changed(), [7, 8, 9, 10]);
        map.clear();
        assert_eq!(map.take_changed().len(), 998);
    }
}
