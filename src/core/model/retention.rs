//! For how long the server keeps messages.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ChatId, MessageId, Time};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// For how long the server keeps messages, and in which chats for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Older messages are deleted for everybody; `None` keeps them for ever.
    pub message_days: Option<u32>,
    /// The chats whose messages are kept for ever.
    pub exempt: BTreeSet<ChatId>,
}

impl Retention {
    /// For how many days messages are kept in a chat; `None` for ever.
    pub fn days_in(&self, chat: ChatId) -> Option<u32> {
        self.message_days.filter(|_| !self.exempt.contains(&chat))
    }

    /// The bound below which the ids of messages are that are too old; `None` when none are.
    pub fn bound(&self, now: Time) -> Option<MessageId> {
        self.message_days.map(|days| MessageId::first_of(now - DAY * days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exempt_chat_keeps_its_messages() {
        let retention = Retention { message_days: Some(30), exempt: BTreeSet::from([ChatId(7)]) };
        assert_eq!((retention.days_in(ChatId(7)), retention.days_in(ChatId(8))), (None, Some(30)));
        assert_eq!(Retention::default().days_in(ChatId(8)), None);
    }

    #[test]
    fn messages_are_too_old_after_whole_days() {
        let now = Time(1_800_000_000_000);
        let retention = Retention { message_days: Some(2), ..Retention::default() };
        let bound = retention.bound(now).unwrap();
        assert_eq!(bound, MessageId::first_of(now - Duration::from_secs(2 * 86_400)));
        assert_eq!(Retention::default().bound(now), None);
        // Longer ago than there are ids.
        let ages = Retention { message_days: Some(36_500), ..Retention::default() };
        assert_eq!(ages.bound(now), Some(MessageId(0)));
    }
}
