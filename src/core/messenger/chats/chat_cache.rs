//! A cache of memberships and of the newest messages of chats, which nearly every request of a client needs.
//!
//! It is used where this process alone changes the database, as nearly always with SQLite: what it changes is forgotten
//! when it is committed, before anybody hears of it. Other nodes' changes would become known a moment too late, to
//! somebody who was removed from a chat just then. Within a change, rights are read again in its transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::chats::lookup::{VisibleChat, find, find_visible};
use crate::messenger::foundation::{ReadCache, Result};
use crate::model::{Change, ChatId, Event, Message, Time, UserId};
use crate::store::chats::ChatRecord;
use crate::store::history;
use crate::store::members::MemberRecord;

/// How long something is kept at most: commands change the database beside the server.
const TTL: Duration = Duration::from_secs(10);
/// The most chats, and the most members of each.
const MAX_CHATS: usize = 256;
const MAX_MEMBERS: usize = 256;
/// How many messages of a chat are kept: as many as clients ask for.
const NEWEST: u64 = 50;
/// Chats whose newest messages have more text than that, in bytes, are read each time.
const MAX_TEXT: usize = 32 * 1024;

pub(crate) struct ChatCache(ReadCache<ChatId, Known>);

/// What is known of a chat.
#[derive(Default)]
struct Known {
    members: HashMap<UserId, (Arc<VisibleChat>, Time)>,
    newest: Option<(Arc<[Message]>, Time)>,
}

impl Default for ChatCache {
    fn default() -> Self {
        Self(ReadCache::new(MAX_CHATS))
    }
}

impl Messenger {
    /// A chat and a user's membership in it, for reading: 403 for a stranger, 404 when there is no such chat.
    pub(crate) async fn seen_chat(&self, id: ChatId, user: UserId) -> Result<(ChatRecord, MemberRecord)> {
        if self.is_clustered() {
            return find(&mut self.db.read().await?, id, user).await;
        }
        let visible = self.visible(id, user).await?;
        Ok((visible.chat.clone(), visible.member))
    }

    /// The newest messages of a chat as a member sees them, the newest first; `None` if they are not kept for this member
    /// or not so many of them.
    pub(crate) async fn newest_messages(
        &self,
        chat: ChatId,
        reader: UserId,
        limit: u64,
    ) -> Result<Option<Vec<Message>>> {
        if self.is_clustered() || limit > NEWEST || self.visible(chat, reader).await?.hides_messages {
            return Ok(None);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let first = |page: &Arc<[Message]>| page.iter().take(limit).cloned().collect();
        let now = self.clock.now();
        if let Some(page) = self.chats.0.get(chat, |known| fresh(known.newest.as_ref(), now)) {
            return Ok(Some(first(&page)));
        }
        let version = self.chats.0.version(chat);
        let page: Arc<[Message]> =
            history::newest_page(&mut self.db.read().await?, chat, NEWEST).await?.into();
        let text = page.iter().filter_map(|message| message.content.as_ref()?.text()).map(str::len);
        if text.sum::<usize>() <= MAX_TEXT {
            self.chats.0.keep(chat, version, |known| known.newest = Some((page.clone(), now)));
        }
        Ok(Some(first(&page)))
    }

    async fn visible(&self, chat: ChatId, user: UserId) -> Result<Arc<VisibleChat>> {
        let now = self.clock.now();
        if let Some(visible) = self.chats.0.get(chat, |known| fresh(known.members.get(&user), now)) {
            return Ok(visible);
        }
        let version = self.chats.0.version(chat);
        let visible = Arc::new(find_visible(&mut self.db.read().await?, chat, user).await?);
        self.chats.0.keep(chat, version, |known| {
            if known.members.len() >= MAX_MEMBERS {
                known.members.clear();
            }
            known.members.insert(user, (visible.clone(), now));
        });
        Ok(visible)
    }
}

fn fresh<T: Clone>(kept: Option<&(T, Time)>, now: Time) -> Option<T> {
    kept.filter(|(_, at)| at.is_within(TTL, now)).map(|(value, _)| value.clone())
}

/// What of a chat is changed by an event.
enum Changed {
    Messages(ChatId),
    Member(ChatId, UserId),
    Everything(ChatId),
    Nothing,
}

impl Changed {
    fn by(change: &Change) -> Self {
        match change {
            Change::MessageCreated(message)
            | Change::MessageUpdated(message)
            | Change::AnswerFinished(message) => Self::Messages(message.chat),
            Change::MessageDeleted { chat, .. }
            | Change::MessagesDeleted { chat, .. }
            | Change::PollVoted { chat, .. } => Self::Messages(*chat),
            Change::ChatRead { chat, user, .. } | Change::ChatDelivered { chat, user, .. } => {
                Self::Member(*chat, *user)
            }
            Change::ChatUpdated(chat) => Self::Everything(chat.id),
            Change::ChatGained(chat) => Self::Everything(chat.id()),
            Change::MemberAdded { chat, .. }
            | Change::MemberRemoved { chat, .. }
            | Change::MemberUpdated { chat, .. }
            | Change::MessageHidden { chat, .. }
            | Change::ChatLost { chat, .. }
            | Change::ChatPreferred { chat, .. }
            | Change::ChatAccess(chat) => Self::Everything(*chat),
            Change::BookmarkSaved(_)
            | Change::BookmarkRemoved { .. }
            | Change::DraftSaved(_)
            | Change::DraftRemoved { .. }
            | Change::ScheduledSaved(_)
            | Change::ScheduledRemoved { .. }
            | Change::ReportsUpdated { .. }
            | Change::UserUpdated(_)
            | Change::UserBlocked(_)
            | Change::UserUnblocked(_)
            | Change::SessionCreated(_)
            | Change::SessionRevoked(_)
            | Change::TokenCreated(_)
            | Change::TokenRevoked(_) => Self::Nothing,
        }
    }
}

impl ChatCache {
    /// Drops what events change.
    pub(crate) fn apply(&self, events: &[Event]) {
        for event in events {
            match Changed::by(&event.change) {
                Changed::Messages(chat) => self.0.change(chat, |known| known.newest = None),
                Changed::Member(chat, user) => self.0.change(chat, |known| {
                    known.members.remove(&user);
                }),
                Changed::Everything(chat) => self.0.forget(chat),
                Changed::Nothing => {}
            }
        }
    }

    /// Drops what is too old to be used.
    pub(crate) fn expire(&self, now: Time) {
        self.0.retain(|known| {
            known.members.retain(|_, (_, at)| at.is_within(TTL, now));
            known.newest.take_if(|(_, at)| !at.is_within(TTL, now));
            !known.members.is_empty() || known.newest.is_some()
        });
    }
}
