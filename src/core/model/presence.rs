//! Whether somebody is there.

use super::Time;

/// Whether somebody is there, as one other person may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    pub status: Status,
    /// When they were last here; nothing while they are, and when it is not known.
    pub last_seen_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Online,
    /// Connected, but not looking.
    Away,
    Offline,
}

impl Presence {
    /// What is seen of whoever does not want to be seen.
    pub const HIDDEN: Self = Self { status: Status::Offline, last_seen_at: None };

    pub fn new(status: Status, last_seen_at: Option<Time>) -> Self {
        Self { status, last_seen_at: last_seen_at.filter(|_| status == Status::Offline) }
    }
}
