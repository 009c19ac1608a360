//! A cache of display names, for APIs that include the author's name with every message.
//!
//! A name is dropped when it changes: on this node once the change is committed, on other nodes when they hear that the
//! user's stream has advanced, or read the change of a member from the log of a chat.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::{ReadCache, Result};
use crate::model::{Event, Time, UserId};
use crate::store::users;

/// How long a name is kept at most: commands change accounts beside the server, and the bus may lose messages.
const TTL: Duration = Duration::from_secs(600);
/// The same while nobody reports the changes of other nodes.
const TTL_WITHOUT_BUS: Duration = Duration::from_secs(10);
/// The most entries: some 2 MB.
const MAX_ENTRIES: usize = 20_000;

/// Recently used names. Querying the database for every delivered message's author would cost more than the delivery.
pub(crate) struct DisplayNameCache(ReadCache<UserId, Option<(Arc<str>, Time)>>);

impl Default for DisplayNameCache {
    fn default() -> Self {
        Self(ReadCache::new(MAX_ENTRIES))
    }
}

impl Messenger {
    /// The display names of users; unknown ones are omitted.
    #[boxed]
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, Arc<str>>> {
        let now = self.clock.now();
        let mut names = self.names.known(users, now, self.name_ttl());
        let unknown: Vec<UserId> = users.iter().copied().filter(|user| !names.contains_key(user)).collect();
        if !unknown.is_empty() {
            let versions: HashMap<_, _> =
                unknown.iter().map(|user| (*user, self.names.0.version(*user))).collect();
            let found = users::names(&mut self.db.read().await?, &unknown).await?;
            for (user, name) in found {
                let name: Arc<str> = name.into();
                if let Some(version) = versions.get(&user) {
                    self.names.0.keep(user, *version, |kept| *kept = Some((name.clone(), now)));
                }
                names.insert(user, name);
            }
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

impl DisplayNameCache {
    fn known(&self, users: &[UserId], now: Time, ttl: Duration) -> HashMap<UserId, Arc<str>> {
        let is_fresh = |(_, at): &&(Arc<str>, Time)| at.is_within(ttl, now);
        let known =
            |user| self.0.get(user, |kept| kept.as_ref().filter(is_fresh).map(|(name, _)| name.clone()));
        users.iter().filter_map(|user| Some((*user, known(*user)?))).collect()
    }

    /// Drops names that may have changed.
    pub(crate) fn forget(&self, users: impl IntoIterator<Item = UserId>) {
        users.into_iter().for_each(|user| self.0.forget(user));
    }

    /// The same for all names, because changes may have been missed.
    pub(crate) fn forget_all(&self) {
        self.0.forget_all();
    }

    /// Drops the names that events change.
    pub(crate) fn apply(&self, events: &[Event]) {
        self.forget(events.iter().filter_map(|event| event.change.changes_profile_of()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_until_it_changes_or_for_a_while_if_changes_may_be_missed() {
        const ANN: UserId = UserId(1);
        const BOB: UserId = UserId(2);
        let cache = DisplayNameCache::default();
        for (user, name) in [(ANN, "Ann"), (BOB, "Bob")] {
            let version = cache.0.version(user);
            cache.0.keep(user, version, |kept| *kept = Some((name.into(), Time(0))));
        }
        let later = Time(0) + TTL_WITHOUT_BUS;
        assert_eq!(cache.known(&[ANN, BOB], later, TTL).len(), 2);
        assert_eq!(cache.known(&[ANN, BOB], later, TTL_WITHOUT_BUS).len(), 0);
        cache.forget([BOB]);
        let known: Vec<_> = cache.known(&[ANN, BOB], Time(0), TTL).into_keys().collect();
        assert_eq!(known, [ANN]);
    }
}
