//! People.

use unicode_normalization::UnicodeNormalization;

use super::{AttachmentId, Presence, Time, UserId};

/// What anybody may see of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub username: Option<String>,
    pub display_name: String,
    /// A picture elsewhere, when there is no avatar.
    pub avatar_url: Option<String>,
    /// A picture that was uploaded.
    pub avatar: Option<AttachmentId>,
    /// What they say of themselves.
    pub about: Option<String>,
    /// An IANA name, as in `Europe/Moscow`.
    pub time_zone: Option<String>,
    pub created_at: Time,
    /// They can't sign in any more; what they said stays.
    pub is_deactivated: bool,
    /// Whether they are there, as somebody may see it; nothing where nobody in particular is told.
    pub presence: Option<Presence>,
    /// Their account is gone, and with it what it said of them.
    pub is_deleted: bool,
}

/// What somebody sees of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub person: Person,
    pub email: Option<String>,
    /// In E.164, as in `+79991234567`. It was shown to be theirs by a code.
    pub phone: Option<String>,
    /// A BCP 47 tag, as in `pt-BR`.
    pub language: Option<String>,
    /// Others don't see whether they are there, nor when they were last.
    pub hides_presence: bool,
    /// Others don't see how far they have read.
    pub hides_reading: bool,
    /// Whether they look after the server.
    pub is_admin: bool,
}

/// Somebody from whom somebody else does not want to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub person: Person,
    pub at: Time,
}

/// What an administrator sees of somebody.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    pub last_seen_at: Option<Time>,
    pub deactivated_at: Option<Time>,
}
/// What a deleted account is called by clients that know no better.
pub const DELETED: &str = "Deleted account";

impl User {
    pub fn id(&self) -> UserId {
        self.person.id
    }
}

/// The form in which names and addresses are compared: case, accents and ё/е make no difference.
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
