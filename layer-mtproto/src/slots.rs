//! Things that come and go, each found by the slot in which it lies.

/// More slots than these are given back when all are empty.
const KEPT: usize = 128;

/// The slots. One that is left is the next to be taken.
#[derive(Debug, Clone)]
pub(crate) struct Slots<T> {
    all: Vec<Option<T>>,
    empty: Vec<usize>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { all: Vec::new(), empty: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// How many are taken.
    pub(crate) fn len(&self) -> usize {
        self.all.len() - self.empty.len()
    }

    /// Puts something into an empty slot, which `make` may want to know, and returns the slot.
    pub(crate) fn put(&mut self, make: impl FnOnce(usize) -> T) -> usize {
        let slot = self.empty.pop().unwrap_or(self.all.len());
        let thing = Some(make(slot));
        match self.all.get_mut(slot) {
            Some(empty) => *empty = thing,
            None => self.all.push(thing),
        }
        slot
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&T> {
        self.all.get(slot)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.all.get_mut(slot)?.as_mut()
    }

    /// Empties a slot.
    #[inline]
    pub(crate) fn take(&mut self, slot: usize) -> Option<T> {
        let thing = self.all.get_mut(slot)?.take()?;
        self.empty.push(slot);
        if self.len() == 0 && self.all.capacity() > KEPT {
            *self = Self::default();
        }
        Some(thing)
    }

    /// All things, by their slots: in no order that has a meaning.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.all.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_left_is_taken_again() {
        let mut slots = Slots::default();
        assert_eq!(["a", "b", "c"].map(|thing| slots.put(|_| thing)), [0, 1, 2]);
        assert_eq!((slots.take(1), slots.take(1), slots.len()), (Some("b"), None, 2));
        assert_eq!((slots.get(1), slots.get(2), slots.get(3)), (None, Some(&"c"), None));
        assert_eq!((slots.put(|_| "d"), slots.put(|_| "e")), (1, 3));
        assert_eq!(slots.get_mut(1), Some(&mut "d"));
        assert!(slots.iter().eq(&["a", "d", "c", "e"]));
    }

    #[test]
    fn memory_is_given_back() {
        let mut slots = Slots::default();
        for most in [10_000, KEPT] {
            (0..most).for_each(|n| assert_eq!(slots.put(|slot| slot), n));
            (0..most).for_each(|n| assert_eq!(slots.take(n), Some(n)));
            assert!(slots.all.capacity() <= KEPT && slots.len() == 0);
        }
    }
}
