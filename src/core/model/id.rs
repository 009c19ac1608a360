//! Identifiers: time-ordered integers below 2^53, which JavaScript represents exactly.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::Time;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A person's account.
    UserId,
    /// A chat, private or group.
    ChatId,
    /// A message.
    MessageId,
    /// An invitation to a group.
    InviteId,
    /// A sign-in on one device.
    SessionId,
    /// A user's bookmark.
    BookmarkId,
    /// A scheduled message.
    ScheduledId,
    /// A device that is sent pushes.
    PushSubscriptionId,
    /// An ordered log of events: every chat has one, and every user has one of their own.
    Stream,
}

impl From<ChatId> for Stream {
    fn from(chat: ChatId) -> Self {
        Self(chat.0)
    }
}

impl From<UserId> for Stream {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

/// An uploaded file. A UUID, because existing clients expect one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId(pub uuid::Uuid);

impl AttachmentId {
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}

impl std::fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The epoch of the 41-bit milliseconds: 2025-01-01T00:00:00Z. They last until 2094.
const EPOCH: i64 = 1_735_689_600_000;
const NODE_BITS: u32 = 6;
/// The maximum number of nodes.
pub const NODES: u8 = 1 << NODE_BITS;
const COUNTER_BITS: u32 = 6;

impl MessageId {
    /// When the identifier was made.
    pub fn time(self) -> Time {
        Time((self.0 >> (NODE_BITS + COUNTER_BITS)) + EPOCH)
    }

    /// The lower bound of the ids of messages sent at or after a moment: larger than all earlier ones.
    pub fn first_of(time: Time) -> Self {
        Self((time.0 - EPOCH).clamp(0, (1 << 41) - 1) << (NODE_BITS + COUNTER_BITS))
    }

    /// The lower bound of the ids of messages sent within `by` before this one.
    #[must_use]
    pub fn earlier(self, by: Duration) -> Self {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX >> (NODE_BITS + COUNTER_BITS));
        Self((self.0 - (millis << (NODE_BITS + COUNTER_BITS))).max(0))
    }
}

/// Generates identifiers: 41 bits of milliseconds, 6 of node, 6 of counter.
///
/// When more than 64 are generated within a millisecond, the generator runs ahead of the clock
/// instead of waiting. It never goes back, even when the clock does.
pub struct Ids {
    node: AtomicI64,
    /// Milliseconds and counter of the last identifier, as one number.
    last: AtomicI64,
}

impl Ids {
    /// `node` is 0 to 63 and must differ between nodes that share a database.
    pub fn new(node: u8) -> Self {
        let ids = Self { node: AtomicI64::new(0), last: AtomicI64::new(0) };
        ids.set_node(node);
        ids
    }

    /// Changes the node number.
    pub fn set_node(&self, node: u8) {
        self.node.store(i64::from(node) & ((1 << NODE_BITS) - 1), Ordering::Relaxed);
    }

    pub fn next(&self, now: Time) -> i64 {
        let at_least = (now.0 - EPOCH).max(0) << COUNTER_BITS;
        let step = |last: i64| Some((last + 1).max(at_least));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).unwrap_or_default();
        let tick = (last + 1).max(at_least);
        let (millis, counter) = (tick >> COUNTER_BITS, tick & ((1 << COUNTER_BITS) - 1));
        (millis << (NODE_BITS + COUNTER_BITS)) | (self.node.load(Ordering::Relaxed) << COUNTER_BITS) | counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_grow_and_stay_exact_in_javascript() {
        let ids = Ids::new(63);
        let end_of_range = Time(EPOCH + (1 << 41) - 1);
        assert!(Ids::new(63).next(end_of_range) < 1 << 53);
        let mut last = 0;
        for _ in 0..1_000 {
            let id = ids.next(Time(EPOCH + 5));
            assert!(id > last);
            last = id;
        }
        assert!(ids.next(Time(EPOCH)) > last, "a clock set back does not repeat identifiers");
    }
}
