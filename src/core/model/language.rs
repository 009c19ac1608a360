//! The languages of texts that the server itself writes.

/// The language of e-mails, SMS and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Russian,
    English,
}

impl Language {
    /// The first supported language in an `Accept-Language` header; Russian when there is none.
    pub fn of(accepted: Option<&str>) -> Self {
        let tags = accepted.unwrap_or_default().split(',').map(|tag| tag.trim().to_ascii_lowercase());
        let known = |tag: String| match tag.split(['-', '_', ';']).next() {
            Some("ru") => Some(Self::Russian),
            Some("en") => Some(Self::English),
            _ => None,
        };
        tags.into_iter().find_map(known).unwrap_or(Self::Russian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_language_is_spoken() {
        for (accepted, spoken) in [
            (None, Language::Russian),
            (Some("en-US,en;q=0.9,ru;q=0.8"), Language::English),
            (Some("de, EN-gb"), Language::English),
            (Some("ru-RU"), Language::Russian),
            (Some("rue, en"), Language::English),
            (Some("*"), Language::Russian),
        ] {
            assert_eq!(Language::of(accepted), spoken, "{accepted:?}");
        }
    }
}
