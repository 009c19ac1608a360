//! The result of an import.

/// How much was imported, and how many messages were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportSummary {
    pub chats: u64,
    pub messages: u64,
    pub files: u64,
    pub skipped: u64,
}
