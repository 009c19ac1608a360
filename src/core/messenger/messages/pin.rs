//! Pinned messages.

use crate::boxed;
use crate::messenger::accounts::block;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::messages::message::MessageInChat;
use crate::model::{Message, Right};
use crate::store::pins;

/// The most pinned messages of a chat.
const MAX_PINS: i64 = 100;

impl MessageInChat {
    /// Pins the message for everybody; one that is pinned already stays where it is.
    #[boxed]
    pub async fn pin(mut self) -> Result<Message> {
        let mut work = self.begin().await?;
        self.allow(Right::Pin)?;
        let message = self.message();
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        if message.pinned_at.is_some() {
            return self.commit_unchanged(work).await;
        }
        block::check_not_blocked(&mut work.tx, message.chat, self.caller().access.user).await?;
        if pins::count(&mut work.tx, message.chat).await? >= MAX_PINS {
            return Err(Error::Conflict("A chat can have at most 100 pinned messages"));
        }
        let now = work.now;
        pins::pin(&mut work.tx, message.id, Some(now)).await?;
        self.commit_updated(work).await
    }

    /// Unpins the message.
    #[boxed]
    pub async fn unpin(mut self) -> Result<Message> {
        let mut work = self.begin().await?;
        self.allow(Right::Pin)?;
        if self.message().pinned_at.is_none() {
            return Err(Error::NotFound("pin"));
        }
        pins::pin(&mut work.tx, self.message().id, None).await?;
        self.commit_updated(work).await
    }
}

impl Membership {
    /// The pinned messages, the last pinned first.
    #[boxed]
    pub async fn pins(&self) -> Result<Vec<Message>> {
        let mut read = self.messenger.db.read().await?;
        Ok(pins::of_chat(&mut read, self.chat.id, self.member.user).await?)
    }
}
