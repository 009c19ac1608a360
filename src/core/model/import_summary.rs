//! What an import brought.

/// What was added, and how many messages were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    pub chats: u64,
    pub messages: u64,
    pub files: u64,
    pub skipped: u64,
}
