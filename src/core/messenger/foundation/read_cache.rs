//! What was read from the database, kept until it changes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by key, each forgotten when it changes. A value that changes while it is read is not kept: whoever reads takes
/// the key's [`Version`] first, and [`ReadCache::keep`] drops what was read before the last change.
pub(crate) struct ReadCache<K, V> {
    slots: Mutex<Slots<K, V>>,
    /// The most keys.
    capacity: usize,
}

struct Slots<K, V> {
    by_key: HashMap<K, Slot<V>>,
    /// The versions given out so far: no two slots ever have the same one, also after all were dropped.
    versions: u64,
}

struct Slot<V> {
    version: Version,
    value: V,
}

/// The state of a key: it changes with each change of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(u64);

impl<K: Eq + Hash + Copy, V: Default> ReadCache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: Mutex::new(Slots { by_key: HashMap::new(), versions: 0 }), capacity }
    }

    /// A part of the value of a key, if it is kept.
    pub(crate) fn get<T>(&self, key: K, part: impl FnOnce(&V) -> Option<T>) -> Option<T> {
        self.slots().by_key.get(&key).and_then(|slot| part(&slot.value))
    }

    /// The version of a key, to be taken before its value is read from the database.
    pub(crate) fn version(&self, key: K) -> Version {
        let slots = &mut *self.slots();
        if slots.by_key.len() >= self.capacity && !slots.by_key.contains_key(&key) {
            slots.by_key.clear();
        }
        let new = || {
            slots.versions += 1;
            Slot { version: Version(slots.versions), value: V::default() }
        };
        slots.by_key.entry(key).or_insert_with(new).version
    }

    /// Keeps what was read, unless it has changed since.
    pub(crate) fn keep(&self, key: K, version: Version, put: impl FnOnce(&mut V)) {
        if let Some(slot) = self.slots().by_key.get_mut(&key).filter(|slot| slot.version == version) {
            put(&mut slot.value);
        }
    }

    /// The value of a key has changed, or the part of it that `drop_part` drops. What is being read is not kept.
    pub(crate) fn change(&self, key: K, drop_part: impl FnOnce(&mut V)) {
        let slots = &mut *self.slots();
        if let Some(slot) = slots.by_key.get_mut(&key) {
            slots.versions += 1;
            slot.version = Version(slots.versions);
            drop_part(&mut slot.value);
        }
    }

    /// The value of a key has changed.
    pub(crate) fn forget(&self, key: K) {
        self.slots().by_key.remove(&key);
    }

    /// All values may have changed.
    pub(crate) fn forget_all(&self) {
        self.slots().by_key.clear();
    }

    /// Drops the values that nobody needs any more.
    pub(crate) fn retain(&self, mut is_needed: impl FnMut(&mut V) -> bool) {
        self.slots().by_key.retain(|_, slot| is_needed(&mut slot.value));
    }

    fn slots(&self) -> MutexGuard<'_, Slots<K, V>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Cache = ReadCache<u8, Option<char>>;

    fn kept(cache: &Cache, key: u8) -> Option<char> {
        cache.get(key, |value| *value)
    }

    fn keep(cache: &Cache, key: u8, version: Version, read: char) {
        cache.keep(key, version, |value| *value = Some(read));
    }

    #[test]
    fn a_value_is_kept_until_it_changes() {
        let cache = ReadCache::new(10);
        for (key, read) in [(1, 'a'), (2, 'b')] {
            let version = cache.version(key);
            keep(&cache, key, version, read);
        }
        assert_eq!((kept(&cache, 1), kept(&cache, 2)), (Some('a'), Some('b')));
        cache.forget(1);
        assert_eq!((kept(&cache, 1), kept(&cache, 2)), (None, Some('b')));
        cache.change(2, |value| *value = None);
        assert_eq!(kept(&cache, 2), None);
    }

    #[test]
    fn what_changes_while_it_is_read_is_not_kept() {
        let changes: [fn(&Cache); 4] = [
            |cache| cache.forget(1),
            |cache| cache.change(1, |_| ()),
            ReadCache::forget_all,
            |cache| {
                cache.retain(|_| false);
            },
        ];
        for change in changes {
            let cache = ReadCache::new(10);
            let before = cache.version(1);
            change(&cache);
            keep(&cache, 1, before, 'a');
            assert_eq!(kept(&cache, 1), None);
            // Also when somebody else has begun to read it meanwhile.
            let after = cache.version(1);
            keep(&cache, 1, before, 'a');
            assert_eq!(kept(&cache, 1), None);
            keep(&cache, 1, after, 'b');
            assert_eq!(kept(&cache, 1), Some('b'));
        }
    }

    #[test]
    fn it_holds_only_so_many_values() {
        let cache = ReadCache::new(2);
        for key in 0..5 {
            let version = cache.version(key);
            keep(&cache, key, version, 'a');
            assert_eq!(kept(&cache, key), Some('a'));
            assert!(cache.slots().by_key.len() <= 2);
        }
    }
}
