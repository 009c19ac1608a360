//! Invitations and bans.

use super::{ChatId, InviteId, Person, Time, UserId};

/// An invitation to a group for whoever has its token.
#[derive(Debug, Clone, Copy)]
pub struct Invite {
    pub id: InviteId,
    pub chat: ChatId,
    pub creator: UserId,
    pub created_at: Time,
    /// `None` if it never expires.
    pub expires_at: Option<Time>,
    /// `None` if unlimited.
    pub max_uses: Option<i64>,
    /// How many people joined with it.
    pub uses: i64,
}

impl Invite {
    /// Whether it is neither expired nor used up.
    pub fn is_usable(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.max_uses.is_none_or(|most| self.uses < most)
    }
}

/// A person who may not join a chat.
#[derive(Debug, Clone)]
pub struct Ban {
    pub person: Person,
    /// Who banned them.
    pub by: UserId,
    pub reason: Option<String>,
    pub at: Time,
}
