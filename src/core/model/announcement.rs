//! An announcement of the administrators to everybody.

use super::Time;

/// What the administrators announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    pub text: String,
    /// When it disappears; `None` if it stays until it is removed.
    pub until: Option<Time>,
}
