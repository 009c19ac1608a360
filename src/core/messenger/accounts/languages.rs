//! The languages in which the server writes to users.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{Change, Event, Language, Time, UserId};
use crate::store::users;

/// A language changed on this node is known at once; changes on other nodes are seen after this time.
const TTL: Duration = Duration::from_secs(10);
/// The most entries: about a megabyte.
const MAX_ENTRIES: usize = 20_000;

/// The languages in the profiles of recent users. APIs whose messages are plain text need them in every response.
#[derive(Default)]
pub(crate) struct LanguageCache(RwLock<HashMap<UserId, (Option<Language>, Time)>>);

impl Messenger {
    /// Reads the language of a user's profile, for [`Messenger::language`].
    #[boxed]
    pub async fn load_language(&self, user: UserId) -> Result<()> {
        let now = self.clock.now();
        if self.languages.known(user, now).is_none() {
            let found = users::by_id(&mut self.db.read().await?, user).await?;
            let language = found.and_then(|user| Language::known(user.language.as_deref()));
            self.languages.insert(user, language, now);
        }
        Ok(())
    }

    /// In which language to write to somebody: that of their profile, if it was loaded; of what their client accepts; of
    /// the server.
    pub fn language(&self, user: Option<UserId>, accepted: Option<Language>) -> Language {
        let own = user.and_then(|user| self.languages.known(user, self.clock.now())).flatten();
        own.or(accepted).unwrap_or(self.settings.language)
    }

    /// In which language to write to the owner of a profile outside of a request.
    pub(crate) fn profile_language(&self, language: Option<&str>) -> Language {
        Language::known(language).unwrap_or(self.settings.language)
    }
}

impl LanguageCache {
    fn known(&self, user: UserId, now: Time) -> Option<Option<Language>> {
        let languages = self.0.read().unwrap_or_else(PoisonError::into_inner);
        languages.get(&user).filter(|(_, at)| now < *at + TTL).map(|(language, _)| *language)
    }

    fn insert(&self, user: UserId, language: Option<Language>, now: Time) {
        let mut languages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if languages.len() >= MAX_ENTRIES {
            languages.clear();
        }
        languages.insert(user, (language, now));
    }

    /// Drops the languages that events change.
    pub(crate) fn apply(&self, events: &[Event]) {
        for event in events {
            if let Change::UserUpdated(user) = &event.change {
                self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&user.id());
            }
        }
    }
}
