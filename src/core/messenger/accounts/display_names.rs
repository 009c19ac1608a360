//! What people are called, for APIs that write a name beside everything that somebody said.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{Time, UserId};
use crate::store::users;

/// A name that was changed on this node is known at once; of other nodes' changes nobody is told for this.
const FRESH: Duration = Duration::from_secs(10);
/// The most that are remembered: some 2 MB.
const MOST: usize = 20_000;

/// The names that were asked for lately. Asking the database for the author of every message that is told would cost
/// more than telling it.
#[derive(Default)]
pub(crate) struct Names(RwLock<HashMap<UserId, (Arc<str>, Time)>>);

impl Messenger {
    /// What people are called. Who never was is left out.
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, Arc<str>>> {
        let now = self.clock.now();
        let mut names = self.names.known(users, now);
        let unknown: Vec<UserId> = users.iter().copied().filter(|user| !names.contains_key(user)).collect();
        if !unknown.is_empty() {
            let found = users::names(&mut self.db.read().await?, &unknown).await?;
            let found: Vec<_> = found.into_iter().map(|(user, name)| (user, Arc::from(name))).collect();
            self.names.learn(&found, now);
            names.extend(found);
        }
        Ok(names)
    }

    /// What somebody is called; nothing when they never were.
    pub async fn name(&self, user: UserId) -> Result<Arc<str>> {
        Ok(self.names(&[user]).await?.remove(&user).unwrap_or_default())
    }
}

impl Names {
    fn known(&self, users: &[UserId], now: Time) -> HashMap<UserId, Arc<str>> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = |(name, at): &(Arc<str>, Time)| (now < *at + FRESH).then(|| name.clone());
        users.iter().filter_map(|user| Some((*user, names.get(user).and_then(fresh)?))).collect()
    }

    fn learn(&self, found: &[(UserId, Arc<str>)], now: Time) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() + found.len() > MOST {
            names.clear();
        }
        names.extend(found.iter().map(|(user, name)| (*user, (name.clone(), now))));
    }

    /// Somebody is called something else now.
    pub(crate) fn forget(&self, user: UserId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }
}
