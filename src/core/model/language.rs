//! The languages that the server itself speaks, to people who are not looking at a client.

/// A language of letters, short messages and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    Russian,
    English,
}

impl Tongue {
    /// The first of those that somebody reads, as `Accept-Language` lists them; Russian where it lists neither.
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
            (None, Tongue::Russian),
            (Some("en-US,en;q=0.9,ru;q=0.8"), Tongue::English),
            (Some("de, EN-gb"), Tongue::English),
            (Some("ru-RU"), Tongue::Russian),
            (Some("rue, en"), Tongue::English),
            (Some("*"), Tongue::Russian),
        ] {
            assert_eq!(Tongue::of(accepted), spoken, "{accepted:?}");
        }
    }
}
