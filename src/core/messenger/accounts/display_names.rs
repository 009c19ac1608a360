//! A cache of display names, for APIs that include the author's name with every message.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{Time, UserId};
use crate::store::users;

/// Names changed on this node are updated at once; changes on other nodes are seen after this time.
const TTL: Duration = Duration::from_secs(10);
/// The most entries: some 2 MB.
const MAX_ENTRIES: usize = 20_000;

/// Recently used names. Querying the database for every delivered message's author would cost more than the delivery.
#[derive(Default)]
pub(crate) struct DisplayNameCache(RwLock<HashMap<UserId, (Arc<str>, Time)>>);

impl Messenger {
    /// The display names of users; unknown ones are omitted.
    #[boxed]
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, Arc<str>>> {
        let now = self.clock.now();
        let mut names = self.names.known(users, now);
        let unknown: Vec<UserId> = users.iter().copied().filter(|user| !names.contains_key(user)).collect();
        if !unknown.is_empty() {
            let found = users::names(&mut self.db.read().await?, &unknown).await?;
            let found: Vec<_> = found.into_iter().map(|(user, name)| (user, Arc::from(name))).collect();
            self.names.insert(&found, now);
            names.extend(found);
        }
        Ok(names)
    }

    /// The display name of a user; empty when there is no such user.
    #[boxed]
    pub async fn name(&self, user: UserId) -> Result<Arc<str>> {
        Ok(self.names(&[user]).await?.remove(&user).unwrap_or_default())
    }
}

impl DisplayNameCache {
    fn known(&self, users: &[UserId], now: Time) -> HashMap<UserId, Arc<str>> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = |(name, at): &(Arc<str>, Time)| (now < *at + TTL).then(|| name.clone());
        users.iter().filter_map(|user| Some((*user, names.get(user).and_then(fresh)?))).collect()
    }

    fn insert(&self, found: &[(UserId, Arc<str>)], now: Time) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() + found.len() > MAX_ENTRIES {
            names.clear();
        }
        names.extend(found.iter().map(|(user, name)| (*user, (name.clone(), now))));
    }

    /// Drops a name that was changed.
    pub(crate) fn forget(&self, user: UserId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }
}
