//! Messages that a chat keeps in sight.

use crate::messenger::Caller;
use crate::messenger::chats::membership::{Membership, allow};
use crate::messenger::foundation::{Error, Result, Subject};
use crate::model::{Message, MessageId, Right};
use crate::store::pins;

/// The most pinned messages of a chat.
const MOST_PINS: i64 = 100;

impl Caller {
    /// Pins a message for everybody; one that is pinned already stays where it is.
    pub async fn pin(self, id: MessageId) -> Result<Message> {
        let (mut work, message, (chat, place)) = self.change(id).await?;
        allow(place.role, Right::Pin, chat.kind)?;
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        if message.pinned_at.is_some() {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        if pins::count(&mut work.tx, chat.id).await? >= MOST_PINS {
            return Err(Error::Conflict("A chat can have at most 100 pinned messages"));
        }
        let now = work.now;
        pins::pin(&mut work.tx, id, Some(now)).await?;
        self.update(work, id).await
    }

    /// Takes a pin out again.
    pub async fn unpin(self, id: MessageId) -> Result<Message> {
        let (mut work, message, (chat, place)) = self.change(id).await?;
        allow(place.role, Right::Pin, chat.kind)?;
        if message.pinned_at.is_none() {
            return Err(Error::NotFound("pin"));
        }
        pins::pin(&mut work.tx, id, None).await?;
        self.update(work, id).await
    }
}

impl Membership {
    /// What is pinned, the last pinned first.
    pub async fn pins(&self) -> Result<Vec<Message>> {
        let mut read = self.messenger.db.read().await?;
        Ok(pins::of_chat(&mut read, self.chat.id, self.place.user).await?)
    }
}
