//! The languages of texts that the server itself writes.

/// The language of e-mails, SMS and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Russian,
    English,
}

impl Language {
    /// The first supported language in an `Accept-Language` header, or that of a profile.
    pub fn known(accepted: Option<&str>) -> Option<Self> {
        let tags = accepted?.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        let known = |tag: String| match tag.split(['-', '_', ';']).next() {
            Some("ru") => Some(Self::Russian),
            Some("en") => Some(Self::English),
            _ => None,
        };
        tags.into_iter().find_map(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_is_spoken() {
        for (accepted, spoken) in [
            (None, None),
            (Some("en-US,en;q=0.9,ru;q=0.8"), Some(Language::English)),
            (Some("de, EN-gb"), Some(Language::English)),
            (Some("ru-RU"), Some(Language::Russian)),
            (Some("rue, en"), Some(Language::English)),
            (Some("*"), None),
        ] {
            assert_eq!(Language::known(accepted), spoken, "{accepted:?}");
        }
    }
}
