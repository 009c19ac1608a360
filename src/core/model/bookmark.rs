//! Messages that somebody wants to find again.

use super::{BookmarkId, Message, Time};

/// Somebody's own sign at a message; nobody else sees it.
#[derive(Debug, Clone)]
pub struct Bookmark {
    /// Its place in their list: later ones are larger.
    pub id: BookmarkId,
    pub message: Message,
    pub note: Option<String>,
    pub at: Time,
}
