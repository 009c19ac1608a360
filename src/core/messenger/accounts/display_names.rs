//! A cache of display names, for APIs that include the author's name with every message.
//!
//! A name is dropped when it changes: on this node once the change is committed, on other nodes when they hear that the
//! user's stream has advanced, or read the change of a member from the log of a chat.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{Change, Event, Time, UserId};
use crate::store::users;

/// How long a name is kept at most: commands change accounts beside the server, and the bus may lose messages.
const TTL: Duration = Duration::from_secs(600);
/// The same while nobody reports the changes of other nodes.
const TTL_WITHOUT_BUS: Duration = Duration::from_secs(10);
/// The most entries: some 2 MB.
const MAX_ENTRIES: usize = 20_000;

/// Recently used names. Querying the database for every delivered message's author would cost more than the delivery.
#[derive(Default)]
pub(crate) struct DisplayNameCache(Mutex<Names>);

#[derive(Default)]
struct Names {
    known: HashMap<UserId, (Arc<str>, Time)>,
    /// The users whose names are being read, without those whose name has changed since that began.
    reading: HashMap<u64, HashSet<UserId>>,
    reads: u64,
}

/// Names that are being read. Dropped, it reads them no more.
struct Reading<'a> {
    cache: &'a DisplayNameCache,
    number: u64,
}

impl Messenger {
    /// The display names of users; unknown ones are omitted.
    #[boxed]
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, Arc<str>>> {
        let now = self.clock.now();
        let mut names = self.names.known(users, now, self.name_ttl());
        let unknown: Vec<UserId> = users.iter().copied().filter(|user| !names.contains_key(user)).collect();
        if !unknown.is_empty() {
            let reading = self.names.read(&unknown);
            let found = users::names(&mut self.db.read().await?, &unknown).await?;
            let found: Vec<_> = found.into_iter().map(|(user, name)| (user, Arc::from(name))).collect();
            reading.insert(&found, now);
            names.extend(found);
        }
        Ok(names)
    }

    /// The display name of a user; empty when there is no such user.
    #[boxed]
    pub async fn name(&self, user: UserId) -> Result<Arc<str>> {
        Ok(self.names(&[user]).await?.remove(&user).unwrap_or_default())
    }

    /// For how long a changed name may be unknown here.
    fn name_ttl(&self) -> Duration {
        if self.is_clustered() && !self.hears_other_nodes() { TTL_WITHOUT_BUS } else { TTL }
    }
}

/// The user whose name may have changed with an event.
fn renamed(change: &Change) -> Option<UserId> {
    match change {
        Change::UserUpdated(user) => Some(user.id()),
        Change::MemberUpdated { member, .. } => Some(member.user()),
        _ => None,
    }
}

impl DisplayNameCache {
    fn known(&self, users: &[UserId], now: Time, ttl: Duration) -> HashMap<UserId, Arc<str>> {
        let names = self.names();
        let fresh = |(name, at): &(Arc<str>, Time)| (now < *at + ttl).then(|| name.clone());
        users.iter().filter_map(|user| Some((*user, names.known.get(user).and_then(fresh)?))).collect()
    }

    fn read(&self, users: &[UserId]) -> Reading<'_> {
        let mut names = self.names();
        names.reads += 1;
        let number = names.reads;
        names.reading.insert(number, users.iter().copied().collect());
        Reading { cache: self, number }
    }

    /// Drops names that may have changed, also of those that are being read.
    pub(crate) fn forget(&self, users: impl IntoIterator<Item = UserId>) {
        let mut names = self.names();
        if names.known.is_empty() && names.reading.is_empty() {
            return;
        }
        for user in users {
            names.known.remove(&user);
            for reading in names.reading.values_mut() {
                reading.remove(&user);
            }
        }
    }

    /// The same for all names, because changes may have been missed.
    pub(crate) fn forget_all(&self) {
        let mut names = self.names();
        names.known.clear();
        names.reading.values_mut().for_each(HashSet::clear);
    }

    /// Drops the names that events change.
    pub(crate) fn apply(&self, events: &[Event]) {
        let mut renamed = events.iter().filter_map(|event| renamed(&event.change)).peekable();
        if renamed.peek().is_some() {
            self.forget(renamed);
        }
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading<'_> {
    /// Keeps the names that did not change while they were read.
    fn insert(self, found: &[(UserId, Arc<str>)], now: Time) {
        let mut names = self.cache.names();
        let unchanged = names.reading.remove(&self.number).unwrap_or_default();
        if names.known.len() + found.len() > MAX_ENTRIES {
            names.known.clear();
        }
        let found = found.iter().filter(|(user, _)| unchanged.contains(user));
        names.known.extend(found.map(|(user, name)| (*user, (name.clone(), now))));
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.cache.names().reading.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn kept(cache: &DisplayNameCache) -> Vec<UserId> {
        let mut known: Vec<_> = cache.known(&[ANN, BOB], Time(0), TTL).into_keys().collect();
        known.sort_unstable();
        known
    }

    fn found() -> [(UserId, Arc<str>); 2] {
        [(ANN, "Ann".into()), (BOB, "Bob".into())]
    }

    #[test]
    fn a_name_that_changes_while_it_is_read_is_not_kept() {
        let cache = DisplayNameCache::default();
        let reading = cache.read(&[ANN, BOB]);
        cache.forget([ANN]);
        reading.insert(&found(), Time(0));
        assert_eq!(kept(&cache), [BOB]);
        let reading = cache.read(&[ANN]);
        reading.insert(&found()[..1], Time(0));
        assert_eq!(kept(&cache), [ANN, BOB]);
        cache.forget_all();
        assert!(kept(&cache).is_empty());
        drop(cache.read(&[ANN]));
        assert!(cache.names().reading.is_empty());
    }

    #[test]
    fn a_name_is_kept_until_it_changes_or_for_a_while_if_changes_may_be_missed() {
        let cache = DisplayNameCache::default();
        cache.read(&[ANN, BOB]).insert(&found(), Time(0));
        let later = Time(0) + TTL_WITHOUT_BUS;
        assert_eq!(cache.known(&[ANN, BOB], later, TTL).len(), 2);
        assert_eq!(cache.known(&[ANN, BOB], later, TTL_WITHOUT_BUS).len(), 0);
        cache.forget([BOB]);
        assert_eq!(kept(&cache), [ANN]);
    }
}
