//! Chats about a topic: an object in another system.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::chat::NewGroup;
use crate::messenger::chats::lookup::{TRIES, find, view};
use crate::messenger::foundation::{Error, Result};
use crate::model::{Chat, Topic, UserId};
use crate::store::{self, chats, topics};

impl Caller {
    /// Creates a group about a topic. If a chat about it exists, returns that, to its members only.
    #[boxed]
    pub async fn group_about(self, topic: Option<Topic>, new: NewGroup) -> Result<Chat> {
        let Some(topic) = topic else { return self.create_group(new).await };
        for _ in 0..TRIES {
            if let Some(chat) = self.about(&topic).await? {
                return Ok(chat);
            }
            let (mut work, chat) = self.begin_group(new.clone()).await?;
            match topics::insert(&mut work.tx, chat, &topic).await {
                // Somebody else created one at the same time: it exists now.
                Err(store::Error::Taken) => {}
                made => {
                    made?;
                    return self.finish(work, chat).await;
                }
            }
        }
        Err(Error::Busy)
    }

    /// The private chat with a user, which gets the topic if it had none. If another chat about it exists, returns that,
    /// to its members only.
    #[boxed]
    pub async fn direct_about(self, topic: Option<Topic>, other: UserId) -> Result<Chat> {
        let (messenger, access) = (self.messenger.clone(), self.access);
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
                match topics::insert(&mut work.tx, chat.id(), topic).await {
                    // Somebody else created a chat about it at the same time.
                    Err(store::Error::Taken) => {
                        drop(work);
                        return messenger.as_user(access).about(topic).await?.ok_or(Error::Busy);
                    }
                    made => made?,
                }
                work.commit().await?;
            }
        }
        Ok(chat)
    }

    /// The chat about a topic; refused to those who are not in it.
    async fn about(&self, topic: &Topic) -> Result<Option<Chat>> {
        // Within a transaction, because only there is seen what somebody else is creating.
        let (mut work, reader) = (self.messenger.begin().await?, self.access.user);
        let Some(chat) = topics::chat_about(&mut work.tx, topic).await? else { return Ok(None) };
        find(&mut work.tx, chat, reader).await?;
        let mut chat = view(&mut work.tx, chat, reader).await?;
        self.messenger.attach_presence(&mut work.tx, reader, &mut chat.peer).await?;
        work.commit().await?;
        Ok(Some(chat))
    }
}
