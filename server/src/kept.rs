//! Things that outlive the snapshots that refer to them — limiters, targets, figures — and go when no snapshot does.
//! Asked when a snapshot is made, never by a request.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

/// Things by name, as long as somebody has them.
#[derive(Debug)]
pub struct Kept<K, V>(Mutex<Known<K, V>>);

#[derive(Debug)]
struct Known<K, V> {
    by_name: HashMap<K, Weak<V>>,
    /// Size at which those that nobody refers to are swept out.
    sweep_at: usize,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Known {
            by_name: HashMap::new(),
            sweep_at: 1024,
        }))
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    /// The thing in use of this name, if it is still what is wanted; else the one that is made now.
    pub fn get_or_make(&self, name: K, fits: impl FnOnce(&V) -> bool, make: impl FnOnce() -> Arc<V>) -> Arc<V> {
        let mut known = self.0.lock();
        if let Some(in_use) = known.by_name.get(&name).and_then(Weak::upgrade)
            && fits(&in_use)
        {
            return in_use;
        }
        if known.by_name.len() >= known.sweep_at {
            known.by_name.retain(|_, thing| thing.strong_count() > 0);
            known.sweep_at = (known.by_name.len() * 2).max(1024);
        }
        let made = make();
        known.by_name.insert(name, Arc::downgrade(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use std::sync::Arc;

    #[test]
    fn a_thing_is_kept_while_somebody_has_it_and_it_fits() {
        let kept = Kept::default();
        let first = kept.get_or_make("a", |_| true, || Arc::new(1));
        assert!(Arc::ptr_eq(&first, &kept.get_or_make("a", |_| true, || Arc::new(1))));
        assert_eq!(*kept.get_or_make("b", |_| true, || Arc::new(2)), 2);
        let other = kept.get_or_make("a", |_| false, || Arc::new(3));
        assert_eq!((*first, *other), (1, 3));
        drop((first, other));
        assert_eq!(*kept.get_or_make("a", |_| true, || Arc::new(4)), 4);
    }

    #[test]
    fn what_nobody_has_is_swept_out() {
        let kept = Kept::default();
        for name in 0..5_000 {
            drop(kept.get_or_make(name, |_| true, || Arc::new(name)));
        }
        assert!(kept.0.lock().by_name.len() <= 1024);
    }
}
