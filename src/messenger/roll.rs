//! Who is in chats and what they are about, for APIs that show it with every chat; and who there is.

use std::collections::HashMap;

use super::chat::{NewGroup, TRIES, find, view};
use super::{Caller, Error, Result};
use crate::model::{Chat, ChatId, Person, Roll, Topic, UserId};
use crate::store::{self, chats, members, topics, users};

/// The most people of one list.
const MOST_PEOPLE: u64 = 5_000;

impl Caller {
    /// Who is in chats, who made them, and what they are about; nothing of those that the caller is not in.
    pub async fn rolls(&self, ids: &[ChatId]) -> Result<HashMap<ChatId, Roll>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut read = self.messenger.db.snapshot().await?;
        let reader = self.access.user;
        let mut seated = members::beside(&mut read, reader, ids).await?;
        let creators = chats::creators(&mut read, ids).await?;
        let mut topics = topics::of_chats(&mut read, ids).await?;
        let people = seated.values_mut().flatten().map(|member| &mut member.person);
        self.messenger.show_presence(&mut read, reader, people).await?;
        let roll = |(chat, creator): (ChatId, UserId)| {
            let members = seated.remove(&chat)?;
            Some((chat, Roll { creator, members, topic: topics.remove(&chat) }))
        };
        Ok(creators.into_iter().filter_map(roll).collect())
    }

    /// Everybody who has an account and may sign in, by name.
    pub async fn everybody(&self) -> Result<Vec<Person>> {
        let mut read = self.messenger.db.read().await?;
        let found = users::everybody(&mut read, MOST_PEOPLE).await?;
        let mut people: Vec<Person> = found.into_iter().map(|user| user.person).collect();
        self.messenger.show_presence(&mut read, self.access.user, &mut people).await?;
        Ok(people)
    }

    /// Makes a group about something. If there is a chat about it, that is the answer, to whoever is in it.
    pub async fn group_about(self, topic: Option<Topic>, new: NewGroup) -> Result<Chat> {
        let Some(topic) = topic else { return self.create_group(new).await };
        for _ in 0..TRIES {
            if let Some(chat) = self.about(&topic).await? {
                return Ok(chat);
            }
            let (mut work, chat) = self.begin_group(new.clone()).await?;
            match topics::insert(&mut work.tx, chat, &topic).await {
                // Somebody else made one about it at the same time: it is there now.
                Err(store::Error::Taken) => {}
                made => {
                    made?;
                    return self.finish(work, chat).await;
                }
            }
        }
        Err(Error::Busy)
    }

    /// The private chat with somebody, which is from now on about something if it was about nothing. If there is
    /// another chat about it, that is the answer, to whoever is in it.
    pub async fn direct_about(self, topic: Option<Topic>, other: UserId) -> Result<Chat> {
        let messenger = self.messenger.clone();
        if let Some(topic) = &topic
            && let Some(chat) = self.about(topic).await?
        {
            return Ok(chat);
        }
        let (chat, _) = self.direct_chat(other).await?;
        if let Some(topic) = &topic {
            let mut work = messenger.begin().await?;
            chats::lock(&mut work.tx, chat.id()).await?;
            if topics::of_chats(&mut work.tx, &[chat.id()]).await?.is_empty() {
                topics::insert(&mut work.tx, chat.id(), topic).await?;
                work.commit().await?;
            }
        }
        Ok(chat)
    }

    /// The chat about something; refused to whoever is not in it.
    async fn about(&self, topic: &Topic) -> Result<Option<Chat>> {
        // Within a change, because only there is seen what somebody else is just making.
        let (mut work, reader) = (self.messenger.begin().await?, self.access.user);
        let Some(chat) = topics::chat_about(&mut work.tx, topic).await? else { return Ok(None) };
        find(&mut work.tx, chat, reader).await?;
        let mut chat = view(&mut work.tx, chat, reader).await?;
        self.messenger.show_presence(&mut work.tx, reader, &mut chat.peer).await?;
        work.commit().await?;
        Ok(Some(chat))
    }
}
