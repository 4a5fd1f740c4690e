//! Putting things in order. The sorting itself is in the WASM file once, whatever is sorted.

use std::cmp::Ordering;

/// Sorts; what is equal stays in its order.
pub fn sort<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let places = places(items.len(), &|one, two| compare(&items[one], &items[two]));
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(places.into_iter().filter_map(|place| taken[place].take()));
}

/// The places of so many things in their order.
#[inline(never)]
pub fn places(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|one, two| compare(*one, *two));
    places
}

/// Values by name. A hash map for each kind of value would be in the WASM file instead (docs/performance.md).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named<V>(Vec<(String, V)>);

impl<V> Named<V> {
    /// Of these.
    pub fn of(mut values: Vec<(String, V)>) -> Self {
        sort(&mut values, |one, two| one.0.cmp(&two.0));
        Self(values)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }
}
