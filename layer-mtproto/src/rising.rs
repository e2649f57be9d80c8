//! A map whose keys come in rising order, as identifiers do, and mostly leave in it.
//!
//! Its entries lie in a row. One that leaves from between others leaves a hole; holes at the ends
//! close at once, and all of them when they are more than the entries. So adding at the end, and
//! finding and removing at the front, is a step or two, and anywhere else a search. A key that comes
//! late is put where it belongs, for which the shorter side of the row moves.

use std::collections::VecDeque;

/// So many holes are never too many.
const FEW_HOLES: usize = 32;
/// A row that has had room for more is given back when little is left in it.
const KEPT: usize = 128;

/// The map.
#[derive(Debug, Clone)]
pub(crate) struct Rising<V> {
    /// By rising keys; without a hole at either end.
    row: VecDeque<(i64, Option<V>)>,
    /// Entries that are no holes.
    len: usize,
}

impl<V> Default for Rising<V> {
    fn default() -> Self {
        Self { row: VecDeque::new(), len: 0 }
    }
}

impl<V> Rising<V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, key: i64) -> Option<&V> {
        self.row.get(self.place(key).ok()?)?.1.as_ref()
    }

    /// Adds an entry. Returns the one that had its key.
    pub(crate) fn insert(&mut self, key: i64, value: V) -> Option<V> {
        let entry = (key, Some(value));
        let before = match self.place(key) {
            Ok(place) => std::mem::replace(self.row.get_mut(place)?, entry).1,
            Err(place) if place == self.row.len() => {
                self.row.push_back(entry);
                None
            }
            Err(place) => {
                self.row.insert(place, entry);
                None
            }
        };
        self.len += usize::from(before.is_none());
        before
    }

    /// Removes an entry, if it is such a one.
    pub(crate) fn remove_if(&mut self, key: i64, is: impl FnOnce(&V) -> bool) -> Option<V> {
        let place = self.place(key).ok()?;
        let entry = &mut self.row.get_mut(place)?.1;
        let value = entry.take_if(|value| is(value))?;
        self.len -= 1;
        self.close_holes();
        Some(value)
    }

    /// Where a key's entry or hole is, or else belongs.
    fn place(&self, key: i64) -> Result<usize, usize> {
        let (Some((first, _)), Some((last, _))) = (self.row.front(), self.row.back()) else {
            return Err(0);
        };
        if *last < key {
            return Err(self.row.len());
        }
        if key < *first {
            return Err(0);
        }
        // Where it is if none is left out: identifiers are multiples of four.
        let place = usize::try_from(key.wrapping_sub(*first) / 4).unwrap_or(usize::MAX);
        match self.row.get(place) {
            Some((found, _)) if *found == key => Ok(place),
            _ => self.row.binary_search_by_key(&key, |(key, _)| *key),
        }
    }

    fn close_holes(&mut self) {
        while let Some((_, None)) = self.row.front() {
            self.row.pop_front();
        }
        while let Some((_, None)) = self.row.back() {
            self.row.pop_back();
        }
        if self.row.len() > 2 * self.len + FEW_HOLES {
            self.row.retain(|(_, entry)| entry.is_some());
        }
        let few = 2 * self.row.len();
        if self.row.capacity() > KEPT.max(4 * few) {
            self.row.shrink_to(few);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    fn remove(map: &mut Rising<i64>, key: i64) -> Option<i64> {
        map.remove_if(key, |_| true)
    }

    fn filled(keys: impl Iterator<Item = i64>) -> Rising<i64> {
        let mut map = Rising::default();
        keys.for_each(|key| assert_eq!(map.insert(key, key), None));
        map
    }

    #[test]
    fn is_a_map_in_the_order_of_its_keys() {
        for seed in 0..50 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let mut draw = |most: i64| i64::from(rng.next_u32()) % most;
            // Rising by small steps, and at times anywhere.
            let (mut ours, mut theirs) = (Rising::default(), BTreeMap::new());
            let mut last = 0;
            for n in 0..2000 {
                last += draw(3) * 4;
                let key = if draw(4) == 0 { draw(last + 8) } else { last };
                match draw(8) {
                    0..4 => assert_eq!(ours.insert(key, n), theirs.insert(key, n), "seed {seed}"),
                    4..6 => assert_eq!(remove(&mut ours, key), theirs.remove(&key), "seed {seed}"),
                    6 => {
                        let first = theirs.first_key_value().map_or(0, |(key, _)| *key);
                        assert_eq!(remove(&mut ours, first), theirs.remove(&first), "seed {seed}");
                    }
                    _ => assert_eq!(ours.get(key), theirs.get(&key), "seed {seed}"),
                }
                assert_eq!(ours.len(), theirs.len(), "seed {seed}");
                let first = theirs.keys().next();
                assert_eq!(ours.row.front().map(|(key, _)| key), first, "seed {seed}");
            }
        }
    }

    #[test]
    fn holes_are_never_many_more_than_entries() {
        let mut map = filled((0..1000).map(|n| n * 4));
        for n in 1..999 {
            assert_eq!(remove(&mut map, n * 4), Some(n * 4));
            assert!(map.row.len() <= 2 * map.len() + FEW_HOLES, "{n}");
        }
        assert_eq!((map.get(0), map.get(3996)), (Some(&0), Some(&3996)));
    }

    #[test]
    fn a_hole_at_an_end_is_none() {
        let mut map = filled([0, 4, 8, 12].into_iter());
        assert_eq!(
            (remove(&mut map, 4), remove(&mut map, 8), map.row.len()),
            (Some(4), Some(8), 4)
        );
        assert_eq!((remove(&mut map, 0), map.row.len()), (Some(0), 1));
        assert_eq!((remove(&mut map, 12), map.row.len(), map.len()), (Some(12), 0, 0));
    }

    #[test]
    fn memory_is_given_back() {
        let mut map = filled((0..10_000).map(|n| n * 4));
        for n in 0..10_000 {
            assert_eq!(remove(&mut map, n * 4), Some(n * 4));
            assert!(map.row.capacity() <= KEPT.max(8 * map.len()));
        }
        assert!(map.row.capacity() <= KEPT);
    }

    #[test]
    fn bears_any_key() {
        let mut map = filled([i64::MIN, -1, 0, 1, i64::MAX].into_iter());
        assert_eq!(map.get(2), None);
        assert_eq!(remove(&mut map, i64::MAX), Some(i64::MAX));
        assert_eq!(map.insert(5, 5), None);
        assert_eq!(remove(&mut map, i64::MIN), Some(i64::MIN));
        assert_eq!(map.remove_if(5, |value| *value == 4), None);
        assert_eq!(map.remove_if(5, |value| *value == 5), Some(5));
    }
}
