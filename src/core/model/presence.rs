//! Presence: whether a user is online.

use super::Time;

/// A user's presence as visible to one other user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    pub status: Status,
    /// When they were last online; `None` while they are, or when it is unknown.
    pub last_seen_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Online,
    /// Connected, but inactive.
    Away,
    Offline,
}

impl Presence {
    /// The presence shown of users who hide it.
    pub const HIDDEN: Self = Self { status: Status::Offline, last_seen_at: None };

    pub fn new(status: Status, last_seen_at: Option<Time>) -> Self {
        Self { status, last_seen_at: last_seen_at.filter(|_| status == Status::Offline) }
    }
}
