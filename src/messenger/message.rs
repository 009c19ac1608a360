//! What can be done with a message that was sent: edit, delete, react.

use std::collections::BTreeMap;

use super::block;
use super::chat::find;
use super::idempotency::Subject;
use super::wish::whom;
use super::work::Work;
use super::{Caller, Error, Result};
use crate::model::{
    self, Change, ChatId, Content, Edit, Kind, Mentioned, Message, MessageId, Parts, Payload, Reaction, Right,
};
use crate::store::chats::Plain;
use crate::store::members::Place;
use crate::store::{
    attachments, bookmarks, chats, edits, hidden, links, mentions, messages, polls, reactions,
};

/// The most different emoji under one message.
const MOST_EMOJI: usize = 50;

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
            return Err(Error::Forbidden("You can only edit your own messages"));
        }
        block::refuse(&mut work.tx, message.chat, self.access.user).await?;
        match message.kind {
            Kind::System => return Err(Error::Forbidden("System messages cannot be edited")),
            // Whoever voted has answered what was asked then.
            Kind::Poll => {
                return Err(Error::Forbidden("A poll cannot be edited; close it and create a new one"));
            }
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
        link_again(&mut work, &message, &content).await?;
        mean_again(&mut work, &message, content).await?;
        self.update(work, id).await
    }

    /// Takes a message away from everybody. Its author may, and whoever moderates the chat.
    pub async fn delete_for_all(self, id: MessageId) -> Result<()> {
        let (mut work, message, (chat, place)) = self.change(id).await?;
        if message.author != self.access.user && !place.role.may(Right::DeleteOthers, chat.kind) {
            return Err(Error::Forbidden("You can only delete your own messages for everyone"));
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

    /// Puts an emoji under a message; one that is there already stays.
    pub async fn react(self, id: MessageId, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let (mut work, message, _) = self.change(id).await?;
        if message.content.is_none() {
            return Err(Error::NotFound("message"));
        }
        let user = self.access.user;
        block::refuse(&mut work.tx, message.chat, user).await?;
        let there = message.reactions.iter().find(|reaction| reaction.emoji == emoji);
        if there.is_some_and(|reaction| reaction.users.contains(&user)) {
            work.once(self.attempt, Subject::Message(id));
            work.commit().await?;
            return Ok(message);
        }
        if there.is_none() && message.reactions.len() >= MOST_EMOJI {
            return Err(Error::Conflict("This message has too many different reactions already"));
        }
        let now = work.now;
        reactions::insert(&mut work.tx, id, user, emoji, now).await?;
        messages::set_parts(&mut work.tx, &[id], Parts::REACTIONS).await?;
        self.update(work, id).await
    }

    /// Puts an emoji under a message, or takes it away again if it is one's own already.
    pub async fn toggle(self, id: MessageId, emoji: &str) -> Result<Message> {
        let (message, user) = (self.message(id).await?, self.access.user);
        let is_there = |reaction: &Reaction| reaction.emoji == emoji && reaction.users.contains(&user);
        match message.reactions.iter().any(is_there) {
            true => self.unreact(id, emoji).await,
            false => self.react(id, emoji).await,
        }
    }

    /// Takes one's emoji away again.
    pub async fn unreact(self, id: MessageId, emoji: &str) -> Result<Message> {
        let emoji = check_emoji(emoji)?;
        let (mut work, message, _) = self.change(id).await?;
        let user = self.access.user;
        let there = message.reactions.iter().find(|reaction| reaction.emoji == emoji);
        if !there.is_some_and(|reaction| reaction.users.contains(&user)) {
            return Err(Error::NotFound("reaction"));
        }
        reactions::delete(&mut work.tx, id, user, emoji).await?;
        self.update(work, id).await
    }

    /// Begins to change a message of a chat that the caller is in.
    pub(super) async fn change(&self, id: MessageId) -> Result<(Work, Message, (Plain, Place))> {
        self.changes()?;
        let mut work = self.messenger.begin().await?;
        chats::lock_of(&mut work.tx, id).await?;
        let message = messages::by_id(&mut work.tx, id).await?.ok_or(Error::NotFound("message"))?;
        let seat = find(&mut work.tx, message.chat, self.access.user).await?;
        Ok((work, message, seat))
    }

    /// Tells how a message is now.
    pub(super) async fn update(self, mut work: Work, id: MessageId) -> Result<Message> {
        let message = messages::by_id(&mut work.tx, id).await?.ok_or(Error::NotFound("message"))?;
        work.announce(message.chat, Change::MessageUpdated(message.clone()));
        work.once(self.attempt, Subject::Message(id));
        work.commit().await?;
        Ok(message)
    }
}

/// Takes messages away from everybody, with all that belongs to them, and tells it.
pub(super) async fn erase(work: &mut Work, gone: &[(ChatId, MessageId)]) -> Result<()> {
    let threads = take_away(work, gone).await?;
    let told =
        gone.iter().map(|(chat, id)| ((*chat).into(), Change::MessageDeleted { id: *id, chat: *chat }));
    work.announce_all(told);
    tell_again(work, &threads).await
}

/// Takes many messages away from everybody, and tells it once in each chat.
pub(super) async fn erase_together(work: &mut Work, gone: &[(ChatId, MessageId)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let threads = take_away(work, gone).await?;
    let mut of_chats: BTreeMap<ChatId, Vec<MessageId>> = BTreeMap::new();
    for (chat, id) in gone {
        of_chats.entry(*chat).or_default().push(*id);
    }
    let told = of_chats.into_iter().map(|(chat, ids)| (chat.into(), Change::MessagesDeleted { chat, ids }));
    work.announce_all(told);
    tell_again(work, &threads).await
}

/// Takes messages away with all that belongs to them. Answers the beginnings of the threads in which they stood.
async fn take_away(work: &mut Work, gone: &[(ChatId, MessageId)]) -> Result<Vec<MessageId>> {
    let ids: Vec<MessageId> = gone.iter().map(|(_, id)| *id).collect();
    let mut threads = messages::threads_of(&mut work.tx, &ids).await?;
    threads.retain(|root| !ids.contains(root));
    messages::delete(&mut work.tx, &ids, work.now).await?;
    forget(work, &ids).await?;
    Ok(threads)
}

/// Tells how messages are now.
pub(super) async fn tell_again(work: &mut Work, ids: &[MessageId]) -> Result<()> {
    let now = messages::by_ids(&mut work.tx, ids).await?;
    let told = now.into_iter().map(|message| (message.chat.into(), Change::MessageUpdated(message)));
    work.announce_all(told);
    Ok(())
}

/// Takes away what other tables hold of messages that are gone.
pub(super) async fn forget(work: &mut Work, gone: &[MessageId]) -> Result<()> {
    reactions::delete_all(&mut work.tx, gone).await?;
    attachments::unpost(&mut work.tx, gone).await?;
    mentions::delete_all(&mut work.tx, gone).await?;
    edits::delete_all(&mut work.tx, gone).await?;
    links::delete_all(&mut work.tx, gone).await?;
    polls::delete_all(&mut work.tx, gone).await?;
    bookmarks::delete_all(&mut work.tx, gone).await?;
    Ok(())
}

/// Finds anew which addresses are in an edited message.
pub(super) async fn link_again(work: &mut Work, message: &Message, content: &Content) -> Result<()> {
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

/// Finds anew whom an edited message means.
async fn mean_again(work: &mut Work, message: &Message, content: Content) -> Result<()> {
    let named = content.text().map(Mentioned::in_text).unwrap_or_default();
    if named == Mentioned::default() && !message.parts.has(Parts::MENTIONS) {
        return Ok(());
    }
    let (users, all) = whom(work, message.chat, message.author, named, Vec::new()).await?;
    mentions::delete_all(&mut work.tx, &[message.id]).await?;
    let now = Message { mentions: users, mentions_all: all, content: Some(content), ..message.clone() };
    mentions::insert_many(&mut work.tx, [&now]).await?;
    Ok(messages::set_parts(&mut work.tx, &[message.id], Parts::MENTIONS).await?)
}

pub(super) fn edited(old: &Content, text: Option<String>, payload: Option<Payload>) -> Result<Content> {
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

/// Any emoji there is or will be: not a word, not a space, short.
fn check_emoji(text: &str) -> Result<&str> {
    let is_mark =
        |c: char| !c.is_ascii_alphabetic() && !c.is_control() && !c.is_whitespace() && !is_letter(c);
    let is_emoji = |c: char| {
        !c.is_ascii() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}')
    };
    let is_keycap =
        text.ends_with('\u{20e3}') && text.starts_with(|c: char| c.is_ascii_digit() || c == '#' || c == '*');
    if text.is_empty()
        || text.len() > 64
        || !text.chars().all(is_mark)
        || !(is_keycap || text.chars().any(is_emoji))
    {
        return Err(Error::invalid("emoji", "is not an emoji"));
    }
    Ok(text)
}

/// Letters of scripts; the regional indicators and signs that emoji are made of are none.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(
            c,
            '\u{1f100}'..='\u{1f1ff}' | '\u{2122}' | '\u{2139}' | '\u{24c2}' | '\u{3297}' | '\u{3299}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_told_from_words() {
        for emoji in ["👍", "❤️", "❤", "🇷🇺", "👩‍💻", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽"]
        {
            assert!(check_emoji(emoji).is_ok(), "{emoji}");
        }
        for word in ["", "a", "да", "1", " ", "\u{200b}", "👍 👍", "<b>", "漢"] {
            assert!(check_emoji(word).is_err(), "{word:?}");
        }
    }
}
