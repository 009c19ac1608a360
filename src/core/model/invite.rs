//! Ways into a group, and who may not take them.

use super::{ChatId, InviteId, Person, Time, UserId};

/// A way into a group for whoever knows its token.
#[derive(Debug, Clone, Copy)]
pub struct Invite {
    pub id: InviteId,
    pub chat: ChatId,
    pub creator: UserId,
    pub created_at: Time,
    /// It never runs out without it.
    pub expires_at: Option<Time>,
    /// As many as like may come without it.
    pub max_uses: Option<i64>,
    /// How many came by it.
    pub uses: i64,
}

impl Invite {
    /// Whether somebody can still come by it.
    pub fn is_good(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.max_uses.is_none_or(|most| self.uses < most)
    }
}

/// Somebody who may not come into a chat.
#[derive(Debug, Clone)]
pub struct Ban {
    pub person: Person,
    /// Who banned them.
    pub by: UserId,
    pub reason: Option<String>,
    pub at: Time,
}
