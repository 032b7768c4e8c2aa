//! A set of a handful of things: copied and compared millions of times, and unoptimised in tests.

/// Sorted, so that equal sets are equal whatever came first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SmallSet<T>(Vec<T>);

impl<T: Copy + Ord> SmallSet<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn insert(&mut self, one: T) {
        if let Err(place) = self.0.binary_search(&one) {
            self.0.insert(place, one);
        }
    }

    pub(super) fn remove(&mut self, one: T) {
        self.0.retain(|other| *other != one);
    }

    pub(super) fn contains(&self, one: T) -> bool {
        self.0.contains(&one)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.0.iter().copied()
    }
}

impl<T: Copy + Ord> FromIterator<T> for SmallSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut set = Self::new();
        all.into_iter().for_each(|one| set.insert(one));
        set
    }
}
