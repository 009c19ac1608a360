//! Reading the messages of a chat.

use std::collections::HashMap;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Chat, ChatId, FileClass, Message, MessageFilter, MessageId, Time};
use crate::store::history::{self, PageRange};
use crate::store::{chat_list, media, messages};

/// The most messages in one response.
pub const MAX_MESSAGES: u64 = 200;

/// Which part of a chat's history.
#[derive(Debug, Clone, Copy)]
pub enum Around {
    Newest,
    Before(MessageId),
    After(MessageId),
    /// Both sides of a message, and itself.
    Middle(MessageId),
    /// From a moment on.
    Since(Time),
}

/// Which messages with media to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Files(FileClass),
    Links,
}

impl Caller {
    /// Replaces the last message of each of the caller's chats by the newest one that an API shows.
    #[boxed]
    pub async fn filter_last_messages(&self, chats: &mut [Chat], shown: MessageFilter) -> Result<()> {
        let is_shown = |chat: &Chat| chat.last_message.as_ref().is_none_or(|last| shown.includes(last));
        let ids: Vec<ChatId> = chats.iter().filter(|chat| !is_shown(chat)).map(Chat::id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut read = self.messenger.db.read().await?;
        let found = chat_list::newest_included(&mut read, self.access.user, &ids, shown).await?;
        let mut found: HashMap<ChatId, Message> =
            found.into_iter().map(|message| (message.chat, message)).collect();
        for chat in chats.iter_mut().filter(|chat| !is_shown(chat)) {
            chat.last_message = found.remove(&chat.id());
        }
        Ok(())
    }
}

impl Membership {
    /// A part of the history, or of one thread, the newest first.
    #[boxed]
    pub async fn history(
        &self,
        thread: Option<MessageId>,
        around: Around,
        limit: u64,
    ) -> Result<Vec<Message>> {
        let (chat, reader) = (self.chat.id, self.member.user);
        let limit = limit.clamp(1, MAX_MESSAGES);
        if let (None, Around::Newest) = (thread, around)
            && let Some(page) = self.messenger.newest_messages(chat, reader, limit).await?
        {
            return Ok(page);
        }
        let mut read = self.messenger.db.read().await?;
        if let Some(root) = thread {
            let root = messages::by_id(&mut read, root).await?.filter(|message| message.chat == chat);
            root.ok_or(Error::NotFound("message"))?;
        }
        let place = match around {
            Around::Newest => 0,
            Around::Before(id) | Around::After(id) | Around::Middle(id) => {
                let message = messages::by_id(&mut read, id).await?.filter(|message| message.chat == chat);
                message.ok_or(Error::NotFound("message"))?.seq
            }
            Around::Since(time) => match history::first_since(&mut read, chat, time).await? {
                Some(place) => place,
                None => return Ok(Vec::new()),
            },
        };
        let (older, newer) = match around {
            Around::Newest => ((PageRange::Newest, limit), None),
            Around::Before(_) => ((PageRange::Before(place), limit), None),
            Around::After(_) => ((PageRange::After(place), limit), None),
            Around::Since(_) => ((PageRange::After(place - 1), limit), None),
            Around::Middle(_) => {
                let older = limit.div_ceil(2);
                ((PageRange::Before(place + 1), older), Some((PageRange::After(place), limit - older)))
            }
        };
        let mut page = Vec::new();
        for (range, limit) in newer.into_iter().chain([older]).filter(|(_, limit)| *limit > 0) {
            page.extend(history::page(&mut read, (chat, thread), reader, range, limit).await?);
        }
        Ok(page)
    }

    /// The newest messages of those that an API shows, after a number of skipped ones, the oldest of them first.
    #[boxed]
    pub async fn latest(&self, shown: MessageFilter, skipped: u64, limit: u64) -> Result<Vec<Message>> {
        let (chat, reader) = (self.chat.id, self.member.user);
        // Further than any database counts.
        let (skipped, limit) = (skipped.min(i64::MAX as u64), limit.clamp(1, MAX_MESSAGES));
        let mut read = self.messenger.db.read().await?;
        Ok(history::latest(&mut read, (chat, shown), reader, skipped, limit).await?)
    }

    /// A part of the history without deleted messages, the newest first; and whether there are more.
    #[boxed]
    pub async fn posts_before(&self, before: Option<MessageId>, limit: u64) -> Result<(Vec<Message>, bool)> {
        let limit = limit.clamp(1, MAX_MESSAGES);
        let (mut messages, mut around) = (Vec::new(), before.map_or(Around::Newest, Around::Before));
        loop {
            let page = self.history(None, around, MAX_MESSAGES.min(limit + 1)).await?;
            let Some(oldest) = page.last().map(|message| message.id) else { return Ok((messages, false)) };
            messages.extend(page.into_iter().filter(|message| message.content.is_some()));
            if messages.len() as u64 > limit {
                messages.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                return Ok((messages, true));
            }
            around = Around::Before(oldest);
        }
    }

    /// The posts of which it has changed whether they are read, when somebody read after one sequence number up to another;
    /// the newest first. If the caller read: those of the others, otherwise the caller's own.
    #[boxed]
    pub async fn posts_read(
        &self,
        (after, upto): (i64, i64),
        by_caller: bool,
        limit: u64,
    ) -> Result<Vec<Message>> {
        let (chat, reader) = (self.chat.id, self.member.user);
        let mut read = self.messenger.db.read().await?;
        Ok(history::between(&mut read, (chat, reader), (after, upto), !by_caller, limit).await?)
    }

    /// Messages with pictures, videos, sound, other files or web addresses, the newest first.
    #[boxed]
    pub async fn media(&self, what: Media, before: Option<MessageId>, limit: u64) -> Result<Vec<Message>> {
        let (chat, reader) = (self.chat.id, self.member.user);
        let limit = limit.clamp(1, MAX_MESSAGES);
        let mut read = self.messenger.db.read().await?;
        let ids = match what {
            Media::Files(class) => media::with_files(&mut read, chat, reader, class, before, limit).await?,
            Media::Links => media::with_links(&mut read, chat, reader, before, limit).await?,
        };
        let mut found = messages::by_ids_for(&mut read, &ids, reader).await?;
        found.sort_by_key(|message| std::cmp::Reverse(message.id));
        Ok(found)
    }
}
