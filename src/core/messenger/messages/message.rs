//! A message in a chat: reading, editing, deleting and hiding it.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::accounts::block;
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::membership::allow;
use crate::messenger::foundation::{Error, Result, Subject, UnitOfWork};
use crate::messenger::messages::erase::erase;
use crate::messenger::messages::mentions::update_mentions;
use crate::model::{
    self, Change, ChatKind, Content, Edit, Kind, Message, MessageId, Parts, Payload, Right, Role,
};
use crate::store::{Executor, bookmarks, chats, edits, hidden, links, messages};

/// A message that its reader may see: they are in its chat and have not hidden it.
///
/// Whatever is done with a message is a method of this type, and only [`Caller::message`] returns one. A change looks
/// again within its transaction.
///
/// ```
/// # use besedka_core::{messenger::{Caller, Result}, model::{Message, MessageId}};
/// async fn like(caller: Caller, id: MessageId) -> Result<Message> {
///     caller.message(id).await?.react("👍").await
/// }
/// ```
///
/// An id alone is not enough:
///
/// ```compile_fail,E0599
/// # use besedka_core::{messenger::{Caller, Result}, model::{Message, MessageId}};
/// async fn like(caller: Caller, id: MessageId) -> Result<Message> {
///     caller.react(id, "👍").await
/// }
/// ```
pub struct MessageInChat {
    // Private even to the other files of this folder, so that there is no other way to make one.
    caller: Caller,
    message: Message,
    role: Role,
    kind: ChatKind,
}

impl Caller {
    /// A message that the caller may see.
    #[boxed]
    pub async fn message(self, id: MessageId) -> Result<MessageInChat> {
        let mut read = self.messenger.db.read().await?;
        let (message, role, kind) = find_visible(&mut read, id, &self).await?;
        drop(read);
        Ok(MessageInChat { caller: self, message, role, kind })
    }

    /// The same, if it is in the chat that the caller says it is in.
    #[boxed]
    pub async fn message_called(self, chat: Option<&str>, id: MessageId) -> Result<MessageInChat> {
        let found = self.message(id).await?;
        if let Some(chat) = chat
            && found.caller.chat_called(chat).await? != Some(found.message.chat)
        {
            return Err(Error::NotFound("message"));
        }
        Ok(found)
    }

    /// Hides a message from the caller's own sight. It is no method of a [`MessageInChat`], which a hidden message is not:
    /// hiding it again succeeds.
    #[boxed]
    pub async fn hide_message(self, id: MessageId) -> Result<()> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        chats::lock_chat_of(&mut work.tx, id).await?;
        let user = self.access.user;
        let (message, ..) = find_in_chat(&mut work.tx, id, &self).await?;
        if !hidden::is_hidden(&mut work.tx, &message, user).await? {
            hidden::hide(&mut work.tx, &message, user).await?;
            bookmarks::delete(&mut work.tx, id, user).await?;
            work.announce(user, Change::MessageHidden { id, chat: message.chat });
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// A message that the caller may see, their role in its chat, and the chat's kind.
async fn find_visible(
    run: &mut Executor,
    id: MessageId,
    caller: &Caller,
) -> Result<(Message, Role, ChatKind)> {
    let found = find_in_chat(run, id, caller).await?;
    match hidden::is_hidden(run, &found.0, caller.access.user).await? {
        true => Err(Error::NotFound("message")),
        false => Ok(found),
    }
}

/// The same, also if the caller has hidden it.
async fn find_in_chat(
    run: &mut Executor,
    id: MessageId,
    caller: &Caller,
) -> Result<(Message, Role, ChatKind)> {
    let mut message = messages::by_ids_for(run, &[id], caller.access.user).await?;
    let message = message.pop().ok_or(Error::NotFound("message"))?;
    let (chat, place) = find(run, message.chat, caller.access.user).await?;
    Ok((message, place.role, chat.kind))
}

impl MessageInChat {
    /// The message as it was found.
    pub fn view(self) -> Message {
        self.message
    }

    pub fn is_deleted(&self) -> bool {
        self.message.content.is_none()
    }

    /// What the message said before it was edited, the oldest first.
    #[boxed]
    pub async fn edits(&self) -> Result<Vec<Edit>> {
        let mut read = self.caller.messenger.db.read().await?;
        Ok(edits::of_message(&mut read, self.message.id, self.message.kind).await?)
    }

    /// Edits the message. Only the author may; a payload that is not given stays.
    #[boxed]
    pub async fn edit(self, text: Option<String>, payload: Option<Payload>) -> Result<Message> {
        self.change_content(|old| edited(old, text, payload)).await
    }

    /// The same for APIs that show external files apart from the text, which ends with the links to them elsewhere.
    #[boxed]
    pub async fn edit_text(self, text: String) -> Result<Message> {
        self.change_content(|old| Ok(old.with_text(&text)?)).await
    }

    async fn change_content(
        mut self,
        change: impl FnOnce(&Content) -> Result<Content> + Send,
    ) -> Result<Message> {
        let mut work = self.begin().await?;
        let (id, message) = (self.message.id, &self.message);
        if message.author != self.caller.access.user {
            return Err(Error::Forbidden("You can only edit your own messages"));
        }
        block::check_not_blocked(&mut work.tx, message.chat, self.caller.access.user).await?;
        match message.kind {
            Kind::System => return Err(Error::Forbidden("System messages cannot be edited")),
            // Votes were given for what was asked then.
            Kind::Poll => {
                return Err(Error::Forbidden("A poll cannot be edited; close it and create a new one"));
            }
            _ => {}
        }
        let old = message.content.as_ref().ok_or(Error::NotFound("message"))?;
        let content = change(old)?;
        if content == *old {
            return self.commit_unchanged(work).await;
        }
        let now = work.now;
        edits::insert(&mut work.tx, id, old, message.edited_at.unwrap_or(message.sent_at)).await?;
        messages::edit(&mut work.tx, id, &content, now).await?;
        update_links(&mut work, message, &content).await?;
        update_mentions(&mut work, message, content).await?;
        self.commit_updated(work).await
    }

    /// Deletes the message for everybody. Its author may, and moderators of the chat.
    #[boxed]
    pub async fn delete_for_all(mut self) -> Result<()> {
        let mut work = self.begin().await?;
        if self.message.author != self.caller.access.user && !self.may(Right::DeleteOthers) {
            return Err(Error::Forbidden("You can only delete your own messages for everyone"));
        }
        if self.is_deleted() {
            return Err(Error::NotFound("message"));
        }
        erase(&mut work, &[(self.message.chat, self.message.id)]).await?;
        self.commit(work, Subject::Nothing).await
    }

    pub(crate) fn message(&self) -> &Message {
        &self.message
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn may(&self, right: Right) -> bool {
        self.role.may(right, self.kind)
    }

    /// Refuses what the caller has no right to.
    pub(crate) fn allow(&self, right: Right) -> Result<()> {
        allow(self.role, right, self.kind)
    }

    /// Begins a change, with the chat locked and the message as it is now: it is still visible, or the change ends here.
    pub(crate) async fn begin(&mut self) -> Result<UnitOfWork> {
        self.caller.changes()?;
        let mut work = self.caller.messenger.begin().await?;
        chats::lock_chat_of(&mut work.tx, self.message.id).await?;
        self.reload(&mut work).await?;
        Ok(work)
    }

    /// Reads the message again within a change.
    pub(crate) async fn reload(&mut self, work: &mut UnitOfWork) -> Result<()> {
        (self.message, self.role, self.kind) =
            find_visible(&mut work.tx, self.message.id, &self.caller).await?;
        Ok(())
    }

    /// Announces the message as it is now, and commits.
    pub(crate) async fn commit_updated(self, mut work: UnitOfWork) -> Result<Message> {
        let message = messages::by_id(&mut work.tx, self.message.id).await?;
        let message = message.ok_or(Error::NotFound("message"))?;
        let mut seen = [message.clone()];
        hidden::conceal_quotes(&mut work.tx, self.caller.access.user, &mut seen).await?;
        let id = message.id;
        work.announce(message.chat, Change::MessageUpdated(message));
        work.once(self.caller.attempt, Subject::Message(id));
        work.commit().await?;
        let [seen] = seen;
        Ok(seen)
    }

    /// Commits a change that had nothing to change.
    pub(crate) async fn commit_unchanged(self, mut work: UnitOfWork) -> Result<Message> {
        work.once(self.caller.attempt, Subject::Message(self.message.id));
        work.commit().await?;
        Ok(self.message)
    }

    pub(crate) async fn commit(self, mut work: UnitOfWork, subject: Subject) -> Result<()> {
        work.once(self.caller.attempt, subject);
        work.commit().await
    }
}

/// Finds the links of an edited message again.
pub(crate) async fn update_links(work: &mut UnitOfWork, message: &Message, content: &Content) -> Result<()> {
    let found = content.text().map(model::links).unwrap_or_default();
    if found.is_empty() && !message.parts.has(Parts::LINKS) {
        return Ok(());
    }
    links::delete_all(&mut work.tx, &[message.id]).await?;
    let found = vec![(message.id, message.chat, found)];
    links::insert_many(&mut work.tx, &found).await?;
    if !message.parts.has(Parts::NO_PREVIEWS) {
        work.after_commit(|messenger| messenger.preview(found));
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
        return Err(Error::invalid("payload", "attachment_id cannot be changed; send a new message"));
    }
    Ok(new)
}
