//! A map in the order of its keys that takes little memory while it has few entries, as those of most sessions do: a
//! `BTreeMap` has room for eleven from the first one on.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::mem;

/// The most entries that are kept in a list. Beyond that they move to a map, which is used until it is empty.
const FEW: usize = 4;

/// The list and the map are never both in use.
#[derive(Debug, Clone)]
pub(crate) struct SmallMap<K, V> {
    /// In the order of their keys.
    list: Vec<(K, V)>,
    map: BTreeMap<K, V>,
}

impl<K, V> SmallMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self {
            list: Vec::new(),
            map: BTreeMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len() + self.map.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let list = self.list.iter().map(|(key, value)| (key, value));
        list.chain(&self.map)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let list = self.list.iter_mut().map(|(_, value)| value);
        list.chain(self.map.values_mut())
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    /// The index of the key in the list, or the index at which it would be inserted.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.list.binary_search_by(|(own, _)| own.borrow().cmp(key))
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok(place) => Some(&self.list[place].1),
            Err(_) => self.map.get(key),
        }
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok(place) => Some(&mut self.list[place].1),
            Err(_) => self.map.get_mut(key),
        }
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if !self.map.is_empty() {
            return self.map.insert(key, value);
        }
        match self.find(&key) {
            Ok(place) => Some(mem::replace(&mut self.list[place].1, value)),
            Err(place) if self.list.len() < FEW => {
                // One at a time, since most have one and no more.
                self.list.reserve_exact(1);
                self.list.insert(place, (key, value));
                None
            }
            Err(_) => {
                self.map.extend(mem::take(&mut self.list));
                self.map.insert(key, value)
            }
        }
    }

    pub(crate) fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok(place) => Some(self.list.remove(place)),
            Err(_) => self.map.remove_entry(key),
        }
    }

    /// All of it as a map. A list is short, and a map is one already.
    pub(crate) fn into_map(self) -> BTreeMap<K, V> {
        let mut map = self.map;
        map.extend(self.list);
        map
    }

    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        self.list.retain(|(key, value)| stays(key, value));
        self.map.retain(|key, value| stays(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same steps on it and on a map, up and down across the border between list and map.
    #[test]
    fn is_as_a_map_with_any_number_of_entries() {
        let (mut few, mut map) = (SmallMap::new(), BTreeMap::new());
        for round in 0..200_u32 {
            let key = round * 7 % 13;
            match round % 20 {
                0..9 => assert_eq!(few.insert(key, round), map.insert(key, round)),
                9..18 => assert_eq!(few.remove_entry(&key), map.remove_entry(&key)),
                _ => {
                    few.retain(|key, _| key % 3 == round % 3);
                    map.retain(|key, _| *key % 3 == round % 3);
                }
            }
            assert!(few.iter().eq(&map), "{round}: {few:?}");
            assert_eq!(few.get(&key), map.get(&key));
            assert_eq!(few.len(), map.len());
            assert!(few.list.is_empty() || few.map.is_empty(), "{few:?}");
            assert!(few.list.len() <= FEW, "{few:?}");
        }
        assert_eq!(few.into_map(), map);
    }

    #[test]
    fn has_no_more_room_than_for_its_first_entry() {
        let mut few = SmallMap::new();
        few.insert(1, 1);
        assert_eq!(few.list.capacity(), 1);
    }
}
