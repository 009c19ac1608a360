//! Who is in chats and what they are about, for APIs that show it with every chat; and who there is.

use std::collections::HashMap;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::foundation::Result;
use crate::model::{ChatId, Person, Roster, UserId};
use crate::store::{chats, members, topics, users};

/// The most people of one list.
const MAX_PEOPLE: u64 = 5_000;

impl Caller {
    /// Who is in chats, who made them, and what they are about; nothing of those that the caller is not in.
    #[boxed]
    pub async fn rosters(&self, ids: &[ChatId]) -> Result<HashMap<ChatId, Roster>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut read = self.messenger.db.snapshot().await?;
        let reader = self.access.user;
        let mut seated = members::visible_to(&mut read, reader, ids).await?;
        let creators = chats::creators(&mut read, ids).await?;
        let mut topics = topics::of_chats(&mut read, ids).await?;
        let people = seated.values_mut().flatten().map(|member| &mut member.person);
        self.messenger.attach_presence(&mut read, reader, people).await?;
        let roster = |(chat, creator): (ChatId, UserId)| {
            let members = seated.remove(&chat)?;
            Some((chat, Roster { creator, members, topic: topics.remove(&chat) }))
        };
        Ok(creators.into_iter().filter_map(roster).collect())
    }

    /// Everybody who has an account and may sign in, by name.
    #[boxed]
    pub async fn everybody(&self) -> Result<Vec<Person>> {
        let mut read = self.messenger.db.read().await?;
        let found = users::active(&mut read, MAX_PEOPLE).await?;
        let mut people: Vec<Person> = found.into_iter().map(|user| user.person).collect();
        self.messenger.attach_presence(&mut read, self.access.user, &mut people).await?;
        Ok(people)
    }
}
