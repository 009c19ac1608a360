//! The posting rights of authors as they were last read.
//!
//! A batch that relies on them takes one trip to SQLite's thread instead of two. They may be outdated: the transaction that
//! writes the batch fails unless they are still the same (`members::expect_posting_rights`), and is repeated with rights
//! that are read in it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Change, ChatId, Event, Stream, UserId};
use crate::store::members::PostingRights;

/// The most chats, and the most authors of each.
const MAX_CHATS: usize = 256;
const MAX_AUTHORS: usize = 128;

/// Where the rights of a batch come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RightsSource {
    /// From memory if all are there; else they are read.
    Cache,
    Database,
}

#[derive(Default)]
pub(crate) struct CachedRights(Mutex<HashMap<Stream, ChatRights>>);

#[derive(Default)]
struct ChatRights {
    /// The last sequence number of the chat's stream.
    seq: i64,
    by_author: HashMap<UserId, PostingRights>,
}

impl CachedRights {
    /// The rights of these authors; `None` unless those of all are remembered.
    pub(super) fn of(
        &self,
        pairs: &HashSet<(ChatId, UserId)>,
    ) -> Option<HashMap<(ChatId, UserId), PostingRights>> {
        let chats = self.chats();
        let of_author = |(chat, author): &(ChatId, UserId)| {
            let known = chats.get(&Stream::from(*chat))?;
            let rights = known.by_author.get(author)?;
            Some(((*chat, *author), PostingRights { seq: known.seq, ..*rights }))
        };
        pairs.iter().map(of_author).collect()
    }

    /// Remembers what was just read of these authors: the rights of those who may post, since a refusal is not verified.
    pub(super) fn remember<'a>(
        &self,
        pairs: &HashSet<(ChatId, UserId)>,
        allowed: impl IntoIterator<Item = &'a PostingRights>,
    ) {
        let chats = &mut *self.chats();
        for (chat, author) in pairs {
            if let Some(known) = chats.get_mut(&Stream::from(*chat)) {
                known.by_author.remove(author);
            }
        }
        for rights in allowed {
            let stream = Stream::from(rights.chat);
            if chats.len() >= MAX_CHATS && !chats.contains_key(&stream) {
                chats.clear();
            }
            let known = chats.entry(stream).or_default();
            if known.by_author.len() >= MAX_AUTHORS {
                known.by_author.clear();
            }
            known.seq = rights.seq;
            known.by_author.insert(rights.user, *rights);
        }
    }

    /// Forgets those of a chat, or the position of its stream advances: what is outdated costs a try.
    pub(crate) fn apply(&self, events: &[Event]) {
        let chats = &mut *self.chats();
        for event in events {
            let stream = event.position.stream;
            match &event.change {
                Change::MessageCreated(_)
                | Change::MessageUpdated(_)
                | Change::AnswerFinished(_)
                | Change::MessageDeleted { .. }
                | Change::MessagesDeleted { .. }
                | Change::PollVoted { .. }
                | Change::ChatRead { .. }
                | Change::ChatDelivered { .. } => {
                    if let Some(known) = chats.get_mut(&stream) {
                        known.seq = event.position.seq;
                    }
                }
                _ => drop(chats.remove(&stream)),
            }
        }
    }

    fn chats(&self) -> MutexGuard<'_, HashMap<Stream, ChatRights>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChatKind, Position, Role, Time};

    fn rights(chat: i64, user: i64, seq: i64) -> PostingRights {
        PostingRights {
            chat: ChatId(chat),
            user: UserId(user),
            role: Role::Member,
            is_blocked: 0,
            kind: ChatKind::Group,
            is_read_only: 0,
            message_life: None,
            seq,
        }
    }

    fn remember(cached: &CachedRights, rights: &[PostingRights]) {
        let pairs = rights.iter().map(|rights| (rights.chat, rights.user)).collect();
        cached.remember(&pairs, rights);
    }

    fn seq(cached: &CachedRights, chat: i64, user: i64) -> Option<i64> {
        let pair = (ChatId(chat), UserId(user));
        cached.of(&HashSet::from([pair])).map(|rights| rights[&pair].seq)
    }

    fn happens(cached: &CachedRights, seq: i64, change: Change) {
        let position = Position { stream: ChatId(1).into(), seq };
        cached.apply(&[Event { position, at: Time(0), change }]);
    }

    #[test]
    fn rights_are_remembered_until_the_chat_changes() {
        let cached = CachedRights::default();
        remember(&cached, &[rights(1, 2, 7), rights(1, 3, 7), rights(4, 2, 9)]);
        assert_eq!((seq(&cached, 1, 2), seq(&cached, 1, 3)), (Some(7), Some(7)));
        assert_eq!(seq(&cached, 1, 5), None);
        let (chat, user) = (ChatId(1), UserId(3));
        happens(&cached, 8, Change::MemberRemoved { chat, user });
        assert_eq!((seq(&cached, 1, 2), seq(&cached, 4, 2)), (None, Some(9)));
    }

    #[test]
    fn the_position_advances_with_every_event_of_the_chat() {
        let cached = CachedRights::default();
        remember(&cached, &[rights(1, 2, 7)]);
        happens(&cached, 8, Change::MessagesDeleted { chat: ChatId(1), ids: Vec::new() });
        assert_eq!(seq(&cached, 1, 2), Some(8));
    }

    #[test]
    fn whoever_may_no_longer_post_is_forgotten() {
        let cached = CachedRights::default();
        remember(&cached, &[rights(1, 2, 7), rights(1, 3, 7)]);
        let pairs = HashSet::from([2, 3].map(|user| (ChatId(1), UserId(user))));
        cached.remember(&pairs, &[rights(1, 3, 8)]);
        assert_eq!((seq(&cached, 1, 2), seq(&cached, 1, 3)), (None, Some(8)));
    }

    #[test]
    fn those_of_all_are_remembered_or_of_none() {
        let cached = CachedRights::default();
        remember(&cached, &[rights(1, 2, 7)]);
        let both = HashSet::from([(ChatId(1), UserId(2)), (ChatId(1), UserId(3))]);
        assert!(cached.of(&both).is_none());
    }

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let cached = CachedRights::default();
        for chat in 0..2_000 {
            for user in 0..2 {
                remember(&cached, &[rights(chat, user, 1)]);
            }
        }
        for user in 0..2_000 {
            remember(&cached, &[rights(5_000, user, 1)]);
        }
        let chats = cached.chats();
        assert!(chats.len() <= MAX_CHATS);
        assert!(chats.values().all(|known| known.by_author.len() <= MAX_AUTHORS));
    }
}
