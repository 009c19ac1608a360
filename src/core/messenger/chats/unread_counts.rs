//! Counting unread messages in the background, so that no list of chats has many to count.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{ChatId, UserId};
use crate::store::marks::{self, Counted};

/// After how many posts in a chat its members' unread messages are counted.
const EVERY: usize = 128;
/// In how many chats posts are counted.
const MAX_CHATS: usize = 10_000;
/// How long to pause after a slice, as a multiple of its duration.
const PAUSE_FACTOR: u32 = 3;

/// What is to be counted.
#[derive(Default)]
pub(crate) struct UnreadCounts {
    /// The posts of this node in each chat since its members' unread messages were counted.
    posted: Mutex<HashMap<ChatId, usize>>,
    /// Held while a slice is counted.
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl UnreadCounts {
    /// Notes posts in chats; returns where it is time to count.
    fn posted(&self, chats: &HashMap<ChatId, usize>) -> Vec<ChatId> {
        let mut posted = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        if posted.len() > MAX_CHATS {
            posted.clear();
        }
        let mut due = Vec::new();
        for (chat, new) in chats {
            let count = posted.entry(*chat).or_default();
            *count += new;
            if *count >= EVERY {
                posted.remove(chat);
                due.push(*chat);
            }
        }
        due
    }
}

impl Messenger {
    /// Messages were posted in chats: now and then they are counted for the members who have not read them.
    pub(crate) fn note_posts(&self, chats: &HashMap<ChatId, usize>) {
        for chat in self.unread_counts.posted(chats) {
            let subject = chat.to_string();
            self.count_in_background("count for members", &subject, None, move |messenger| async move {
                messenger.count_for_members(chat).await
            });
        }
    }

    /// Counts in the background what somebody has not read, unless that is under way.
    pub(crate) fn begin_counting(&self, reader: UserId, chats: Vec<ChatId>) {
        self.count_in_background("count unread", "", Some(reader), move |messenger| async move {
            messenger.count_unread(reader, &chats).await
        });
    }

    fn count_in_background<F>(
        &self,
        what: &str,
        subject: &str,
        reader: Option<UserId>,
        count: impl FnOnce(Self) -> F,
    ) where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let Ok(turn) = self.attempt(self.request(reader, what, subject, b"")) else { return };
        let counting = count(self.clone());
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = counting.await {
                tracing::warn!(%error, "could not count unread messages");
            }
        });
    }

    /// Counts once what somebody has not read where it is very much. In small changes and one at a time, so that nobody
    /// who posts waits for more than one of them.
    async fn count_unread(&self, reader: UserId, chats: &[ChatId]) -> Result<()> {
        for chat in chats {
            loop {
                let _one_at_a_time = self.unread_counts.one_at_a_time.lock().await;
                let mut work = self.begin_background().await?;
                let counted = marks::count_on(&mut work.tx, *chat, reader).await?;
                work.commit().await?;
                if counted == Counted::All {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The same for all members of a chat who are far behind.
    async fn count_for_members(&self, chat: ChatId) -> Result<()> {
        loop {
            let one_at_a_time = self.unread_counts.one_at_a_time.lock().await;
            let mut work = self.begin_background().await?;
            let began = Instant::now();
            let counted = marks::count_on_for_members(&mut work.tx, chat).await?;
            work.commit().await?;
            drop(one_at_a_time);
            if counted == Counted::All {
                return Ok(());
            }
            tokio::time::sleep(began.elapsed() * PAUSE_FACTOR).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_due_after_every_some_posts() {
        let counts = UnreadCounts::default();
        let (chat, other) = (ChatId(1), ChatId(2));
        let posted = |new: usize| counts.posted(&HashMap::from([(chat, new), (other, 1)]));
        assert!(posted(EVERY - 1).is_empty());
        assert_eq!(posted(1), [chat]);
        assert!(posted(EVERY - 1).is_empty());
        assert_eq!(posted(EVERY), [chat]);
    }
}
