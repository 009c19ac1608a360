//! Chats that are about something in another system.

use crate::messenger::Caller;
use crate::messenger::chats::chat::NewGroup;
use crate::messenger::chats::lookup::{TRIES, find, view};
use crate::messenger::foundation::{Error, Result};
use crate::model::{Chat, Topic, UserId};
use crate::store::{self, chats, topics};

impl Caller {
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
        self.messenger.attach_presence(&mut work.tx, reader, &mut chat.peer).await?;
        work.commit().await?;
        Ok(Some(chat))
    }
}
