//! Users.

use unicode_normalization::UnicodeNormalization;

use super::{AttachmentId, Presence, Time, UserId};

/// A user's public profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub username: Option<String>,
    pub display_name: String,
    /// The URL of a picture on another server, when there is no uploaded avatar.
    pub avatar_url: Option<String>,
    /// An uploaded avatar.
    pub avatar: Option<AttachmentId>,
    /// A self-description.
    pub about: Option<String>,
    /// An IANA name, as in `Europe/Moscow`.
    pub time_zone: Option<String>,
    pub created_at: Time,
    /// Deactivated users can't sign in; their messages stay.
    pub is_deactivated: bool,
    /// Presence as visible to the reader; `None` where there is no particular reader.
    pub presence: Option<Presence>,
    /// The account and its profile were deleted.
    pub is_deleted: bool,
    /// A program's account: a bot, a webhook's or the assistant's.
    pub is_bot: bool,
}

/// A user's own view of their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub person: Person,
    pub email: Option<String>,
    /// In E.164, as in `+79991234567`; verified by a code.
    pub phone: Option<String>,
    /// A BCP 47 tag, as in `pt-BR`.
    pub language: Option<String>,
    /// Hides online status and last seen time from others.
    pub hides_presence: bool,
    /// Hides read receipts from others.
    pub hides_reading: bool,
    /// Whether they administer the server.
    pub is_admin: bool,
}

/// A blocked user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub person: Person,
    pub at: Time,
}

/// An administrator's view of an account.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    pub last_seen_at: Option<Time>,
    pub deactivated_at: Option<Time>,
}

/// The display name of deleted accounts, for clients that don't check `is_deleted`.
pub const DELETED_ACCOUNT_NAME: &str = "Deleted account";

impl User {
    pub fn id(&self) -> UserId {
        self.person.id
    }
}

/// Normalises names and addresses for comparison: ignores case, accents and the difference of ё and е.
pub fn fold(text: &str) -> String {
    let is_mark = unicode_normalization::char::is_combining_mark;
    text.trim()
        .nfkd()
        .filter(|c| !is_mark(*c) || *c == '\u{306}')
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_and_accents_but_keeps_й() {
        assert_eq!(fold(" Алёна "), "алена");
        assert_eq!(fold("ЙОД"), "йод");
        assert_eq!(fold("José@Example.org"), "jose@example.org");
    }
}
