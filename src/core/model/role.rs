//! What members are in a chat.

/// A member's standing in a chat. Of a private chat both are members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}
