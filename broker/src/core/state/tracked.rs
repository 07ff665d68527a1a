//! A map that knows which of its entries changed, so that a store is given these and looks at no other.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::ops::Deref;

/// A map; reading it is reading a `BTreeMap`.
#[derive(Debug, Clone)]
pub(crate) struct Tracked<K, V> {
    entries: BTreeMap<K, V>,
    /// Keys whose entries changed since they were last asked for; `None` while no store asks.
    changed: Option<BTreeSet<K>>,
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            changed: None,
        }
    }
}

impl<K, V> Deref for Tracked<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.entries
    }
}

impl<K: Ord + Clone, V: PartialEq> Tracked<K, V> {
    /// From now on it is known what changes, and at first everything has.
    pub(crate) fn track(&mut self) {
        let all = self.entries.keys().cloned().collect();
        self.changed = Some(all);
    }

    /// Keys whose entries may have changed since the last call, or are gone.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<K> {
        match &mut self.changed {
            Some(changed) => std::mem::take(changed),
            None => BTreeSet::new(),
        }
    }

    fn touch(&mut self, key: &K) {
        if let Some(changed) = &mut self.changed {
            changed.insert(key.clone());
        }
    }

    fn touch_all(&mut self) {
        if let Some(changed) = &mut self.changed {
            changed.extend(self.entries.keys().cloned());
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if self.entries.get(&key) != Some(&value) {
            self.touch(&key);
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
        self.touch(&key);
        Some(value)
    }

    /// The entry, which changes.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.touch(key);
        self.entries.get_mut(key)
    }

    /// The entry, of which changes nothing that a store keeps.
    pub(crate) fn unkept_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Every entry, of which changes nothing that a store keeps.
    pub(crate) fn all_unkept_mut(&mut self) -> btree_map::ValuesMut<'_, K, V> {
        self.entries.values_mut()
    }

    /// Every entry, all of which change.
    pub(crate) fn values_mut(&mut self) -> btree_map::ValuesMut<'_, K, V> {
        self.touch_all();
        self.entries.values_mut()
    }

    /// Leaves those for which this holds, which change nothing of them.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        let changed = &mut self.changed;
        self.entries.retain(|key, value| {
            let stays = stays(key, value);
            if !stays && let Some(changed) = changed {
                changed.insert(key.clone());
            }
            stays
        });
    }

    pub(crate) fn clear(&mut self) {
        self.take();
    }

    /// Everything in it; nothing is left.
    pub(crate) fn take(&mut self) -> BTreeMap<K, V> {
        self.touch_all();
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_changed_and_nothing_else() {
        let mut map = Tracked::default();
        map.extend((0..1_000).map(|key| (key, key)));
        assert_eq!(map.take_changed(), BTreeSet::new(), "nobody asked");
        map.track();
        assert_eq!(map.take_changed().len(), 1_000);
        map.insert(7, 7);
        assert_eq!(map.take_changed(), BTreeSet::new(), "it is the same");
        map.insert(7, 8);
        map.remove(&8);
        map.remove(&1_000);
        map.retain(|key, _| *key != 9);
        if let Some(value) = map.get_mut(&10) {
            *value = 11;
        }
        map.unkept_mut(&11);
        assert_eq!(map.take_changed(), BTreeSet::from([7, 8, 9, 10]));
        map.clear();
        assert_eq!(map.take_changed().len(), 998);
    }
}
