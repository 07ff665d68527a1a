//! A map in the order of its keys that takes little memory while it has few entries, as in most sessions. A `BTreeMap`
//! allocates room for eleven entries with the first one.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::mem;

/// The largest number of entries that are kept in a list. With more they move to a map, which is used until it is
/// empty.
const FEW: usize = 4;

#[derive(Debug, Clone)]
pub(crate) struct SmallMap<K, V>(Entries<K, V>);

#[derive(Debug, Clone)]
enum Entries<K, V> {
    /// Sorted by key.
    List(Vec<(K, V)>),
    #[expect(clippy::box_collection, reason = "the list is what most have")]
    Map(Box<BTreeMap<K, V>>),
}

impl<K, V> SmallMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Entries::List(Vec::new()))
    }

    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Entries::List(list) => list.len(),
            Entries::Map(map) => map.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (list, map) = match &self.0 {
            Entries::List(list) => (&list[..], None),
            Entries::Map(map) => (&[][..], Some(map.iter())),
        };
        let list = list.iter().map(|(key, value)| (key, value));
        list.chain(map.into_iter().flatten())
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let (list, map) = match &mut self.0 {
            Entries::List(list) => (&mut list[..], None),
            Entries::Map(map) => (&mut [][..], Some(map.values_mut())),
        };
        let list = list.iter_mut().map(|(_, value)| value);
        list.chain(map.into_iter().flatten())
    }
}

/// Returns the index of the key in the list, or as an error the index at which to insert it.
fn find<K: Borrow<Q>, V, Q: Ord + ?Sized>(list: &[(K, V)], key: &Q) -> Result<usize, usize> {
    list.binary_search_by(|(own, _)| own.borrow().cmp(key))
}

impl<K: Ord, V> SmallMap<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match &self.0 {
            Entries::List(list) => find(list, key).ok().map(|place| &list[place].1),
            Entries::Map(map) => map.get(key),
        }
    }

    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match &mut self.0 {
            Entries::List(list) => find(list, key).ok().map(|place| &mut list[place].1),
            Entries::Map(map) => map.get_mut(key),
        }
    }

    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match &mut self.0 {
            Entries::Map(map) => map.insert(key, value),
            Entries::List(list) => match find(list, &key) {
                Ok(place) => Some(mem::replace(&mut list[place].1, value)),
                Err(place) if list.len() < FEW => {
                    // One at a time, since most maps have only one entry.
                    list.reserve_exact(1);
                    list.insert(place, (key, value));
                    None
                }
                Err(_) => {
                    let mut map: BTreeMap<K, V> = mem::take(list).into_iter().collect();
                    map.insert(key, value);
                    self.0 = Entries::Map(Box::new(map));
                    None
                }
            },
        }
    }

    pub(crate) fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let removed = match &mut self.0 {
            Entries::List(list) => find(list, key).ok().map(|place| list.remove(place)),
            Entries::Map(map) => map.remove_entry(key),
        };
        self.go_back();
        removed
    }

    /// Converts it into a `BTreeMap`. This is cheap: a list is short.
    pub(crate) fn into_map(self) -> BTreeMap<K, V> {
        match self.0 {
            Entries::List(list) => list.into_iter().collect(),
            Entries::Map(map) => *map,
        }
    }

    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        match &mut self.0 {
            Entries::List(list) => list.retain(|(key, value)| stays(key, value)),
            Entries::Map(map) => map.retain(|key, value| stays(key, value)),
        }
        self.go_back();
    }

    /// Turns an empty map into a list again.
    fn go_back(&mut self) {
        if let Entries::Map(map) = &self.0
            && map.is_empty()
        {
            self.0 = Entries::List(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares it with a `BTreeMap` in the same steps, across the limit between list and map in both directions.
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
            match &few.0 {
                Entries::List(list) => assert!(list.len() <= FEW, "{few:?}"),
                Entries::Map(map) => assert!(!map.is_empty(), "{few:?}"),
            }
        }
        assert_eq!(few.into_map(), map);
    }

    #[test]
    fn has_no_more_room_than_for_its_first_entry() {
        let mut few = SmallMap::new();
        few.insert(1, 1);
        assert!(matches!(few.0, Entries::List(list) if list.capacity() == 1));
    }
}
