//! What can be done with a message that was sent: edit, delete, react.

use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::chats::lookup::find;
use crate::messenger::foundation::{Error, Result, Subject, Work};
use crate::messenger::messages::erase::erase;
use crate::messenger::messages::mentions::update_mentions;
use crate::model::{self, Change, Content, Edit, Kind, Message, MessageId, Parts, Payload, Right};
use crate::store::chats::{self, Plain};
use crate::store::members::Place;
use crate::store::{bookmarks, edits, hidden, links, messages};

impl Caller {
    /// One message.
    pub async fn message(&self, id: MessageId) -> Result<Message> {
        let mut read = self.messenger.db.read().await?;
        let message = messages::by_id(&mut read, id).await?.ok_or(Error::NotFound("message"))?;
        find(&mut read, message.chat, self.access.user).await?;
        Ok(message)
    }

    /// What a message said before it was edited, the oldest first.
    pub async fn edits(&self, id: MessageId) -> Result<Vec<Edit>> {
        let message = self.message(id).await?;
        let mut read = self.messenger.db.read().await?;
        Ok(edits::of_message(&mut read, id, message.kind).await?)
    }

    /// Says it differently. Only the author may; a payload that is not given stays.
    pub async fn edit(
        self,
        id: MessageId,
        text: Option<String>,
        payload: Option<Payload>,
    ) -> Result<Message> {
        let (mut work, message, _) = self.change(id).await?;
        if message.author != self.access.user {
            return Err(Error::Forbidden("Only one's own messages can be edited"));
        }
        block::refuse(&mut work.tx, message.chat, self.access.user).await?;
        match message.kind {
            Kind::System => return Err(Error::Forbidden("System messages can't be edited")),
            // Whoever voted has answered what was asked then.
            Kind::Poll => return Err(Error::Forbidden("A poll can't be edited; close it and begin another")),
            _ => {}
        }
        let old = message.content.as_ref().ok_or(Error::NotFound("message"))?;
        let content = edited(old, text, payload)?;
        if content == *old {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        let now = work.now;
        edits::insert(&mut work.tx, id, old, message.edited_at.unwrap_or(message.sent_at)).await?;
        messages::edit(&mut work.tx, id, &content, now).await?;
        update_links(&mut work, &message, &content).await?;
        update_mentions(&mut work, &message, content).await?;
        self.update(work, id).await
    }

    /// Takes a message away from everybody. Its author may, and whoever moderates the chat.
    pub async fn delete_for_all(self, id: MessageId) -> Result<()> {
        let (mut work, message, (chat, place)) = self.change(id).await?;
        if message.author != self.access.user && !place.role.may(Right::DeleteOthers, chat.kind) {
            return Err(Error::Forbidden("Only one's own messages can be deleted for all"));
        }
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        erase(&mut work, &[(message.chat, id)]).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Takes a message away from one's own sight.
    pub async fn delete_for_me(self, id: MessageId) -> Result<()> {
        let (mut work, message, _) = self.change(id).await?;
        let user = self.access.user;
        if !hidden::is_hidden(&mut work.tx, &message, user).await? {
            hidden::hide(&mut work.tx, &message, user).await?;
            bookmarks::delete(&mut work.tx, id, user).await?;
            work.announce(user, Change::MessageHidden { id, chat: message.chat });
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Begins to change a message of a chat that the caller is in.
    pub(crate) async fn change(&self, id: MessageId) -> Result<(Work, Message, (Plain, Place))> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        chats::lock_of(&mut work.tx, id).await?;
        let message = messages::by_id(&mut work.tx, id).await?.ok_or(Error::NotFound("message"))?;
        let seat = find(&mut work.tx, message.chat, self.access.user).await?;
        Ok((work, message, seat))
    }

    /// Tells how a message is now.
    pub(crate) async fn update(self, mut work: Work, id: MessageId) -> Result<Message> {
        let message = messages::by_id(&mut work.tx, id).await?.ok_or(Error::NotFound("message"))?;
        work.announce(message.chat, Change::MessageUpdated(message.clone()));
        work.once(self.attempt, Subject::Message(id));
        work.commit().await?;
        Ok(message)
    }
}

/// Finds anew which addresses are in an edited message.
pub(crate) async fn update_links(work: &mut Work, message: &Message, content: &Content) -> Result<()> {
    let found = content.text().map(model::links).unwrap_or_default();
    if found.is_empty() && !message.parts.has(Parts::LINKS) {
        return Ok(());
    }
    links::delete_all(&mut work.tx, &[message.id]).await?;
    let found = vec![(message.id, message.chat, found)];
    links::insert_many(&mut work.tx, &found).await?;
    if !message.parts.has(Parts::BARE) {
        work.after(|messenger| messenger.preview(found));
    }
    Ok(messages::set_parts(&mut work.tx, &[message.id], Parts::LINKS).await?)
}

pub(crate) fn edited(old: &Content, text: Option<String>, payload: Option<Payload>) -> Result<Content> {
    if text.is_none() && payload.is_none() {
        return Err(Error::invalid("content", "there is nothing to change"));
    }
    let text = text.or_else(|| old.text().map(str::to_owned));
    let payload = payload.or_else(|| old.payload().cloned());
    let new = Content::new(old.kind(), text, payload)?;
    if new.attachments() != old.attachments() {
        return Err(Error::invalid("payload", "attachment_id can't be changed; send a new message"));
    }
    Ok(new)
}
