//! A cache of users' own profiles: most requests need the caller's, if only for the language in which to answer.

use std::sync::Arc;
use std::time::Duration;

use crate::boxed;
use crate::messenger::foundation::{ReadCache, Result};
use crate::messenger::{Caller, Messenger};
use crate::model::{Event, Language, Time, User, UserId};
use crate::store::users;

/// What is changed on this node is known at once; changes by other nodes and by commands are seen after this time.
const TTL: Duration = Duration::from_secs(10);
/// The most entries: some 5 MB.
const MAX_ENTRIES: usize = 10_000;

/// The profiles of recent users.
pub(crate) struct UserCache(ReadCache<UserId, Option<(Arc<User>, Time)>>);

impl Default for UserCache {
    fn default() -> Self {
        Self(ReadCache::new(MAX_ENTRIES))
    }
}

impl Caller {
    /// The caller's own profile as it is now: where other nodes may change it, from the database.
    pub(crate) async fn own_profile(&self) -> Result<Option<Arc<User>>> {
        let (user, messenger) = (self.access.user, &self.messenger);
        let known = messenger.users.known(user, messenger.clock.now());
        match known.filter(|_| !messenger.is_clustered()) {
            Some(known) => Ok(Some(known)),
            None => messenger.read_user(user).await,
        }
    }
}

impl Messenger {
    /// Reads the language of a user's profile, for [`Messenger::language`].
    #[boxed]
    pub async fn load_language(&self, user: UserId) -> Result<()> {
        if self.users.known(user, self.clock.now()).is_none() {
            self.read_user(user).await?;
        }
        Ok(())
    }

    async fn read_user(&self, user: UserId) -> Result<Option<Arc<User>>> {
        let (now, version) = (self.clock.now(), self.users.0.version(user));
        let found = users::by_id(&mut self.db.read().await?, user).await?.map(Arc::new);
        self.users.0.keep(user, version, |kept| *kept = found.clone().map(|user| (user, now)));
        Ok(found)
    }

    /// In which language to write to somebody: that of their profile, if it was loaded; of what their client accepts; of
    /// the server.
    pub fn language(&self, user: Option<UserId>, accepted: Option<Language>) -> Language {
        let user = user.and_then(|user| self.users.known(user, self.clock.now()));
        let own = user.and_then(|user| Language::known(user.language.as_deref()));
        own.or(accepted).unwrap_or(self.settings.language)
    }

    /// In which language to write to the owner of a profile outside of a request.
    pub(crate) fn profile_language(&self, language: Option<&str>) -> Language {
        Language::known(language).unwrap_or(self.settings.language)
    }
}

impl UserCache {
    fn known(&self, user: UserId, now: Time) -> Option<Arc<User>> {
        self.0.get(user, |kept| {
            kept.as_ref().filter(|(_, at)| at.is_within(TTL, now)).map(|(user, _)| user.clone())
        })
    }

    /// Drops a profile that has changed.
    pub(crate) fn forget(&self, user: UserId) {
        self.0.forget(user);
    }

    /// Drops the profiles that events change.
    pub(crate) fn apply(&self, events: &[Event]) {
        events
            .iter()
            .filter_map(|event| event.change.changes_profile_of())
            .for_each(|user| self.forget(user));
    }

    /// Drops what is too old to be used.
    pub(crate) fn expire(&self, now: Time) {
        self.0.retain(|kept| kept.as_ref().is_none_or(|(_, at)| at.is_within(TTL, now)));
    }
}
