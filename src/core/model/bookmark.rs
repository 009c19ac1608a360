//! Bookmarked messages.

use super::{BookmarkId, Message, Time};

/// A user's private bookmark of a message.
#[derive(Debug, Clone)]
pub struct Bookmark {
    /// Also the order of the list: later bookmarks have larger ids.
    pub id: BookmarkId,
    pub message: Message,
    pub note: Option<String>,
    pub at: Time,
}
