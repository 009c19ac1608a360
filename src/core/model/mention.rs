//! Mentions in a text: `@anna`, `@all`.

use super::fold;

/// The most distinct names of one text that are recognised.
const MOST_NAMES: usize = 50;
/// The names for all members.
const EVERYBODY: [&str; 5] = ["all", "everyone", "все", "всем", "всех"];

/// The mentions of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Distinct folded user names. Whether such users exist is not checked here.
    pub names: Vec<String>,
    pub everybody: bool,
}

impl Mentions {
    /// An `@` within a word, as in an e-mail address, is not a mention.
    pub fn in_text(text: &str) -> Self {
        let mut found = Self::default();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut before = None;
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let preceding = rest[..at].chars().next_back().or(before);
            before = Some('@');
            rest = &rest[at + 1..];
            let end = rest.find(|c: char| !is_word(c) && !matches!(c, '-' | '.')).unwrap_or(rest.len());
            // Trailing punctuation is not part of a name.
            let name = rest[..end].trim_end_matches(['.', '-']);
            if name.is_empty() || preceding.is_some_and(is_word) {
                continue;
            }
            let name = fold(name);
            if EVERYBODY.contains(&name.as_str()) {
                found.everybody = true;
            } else if found.names.len() < MOST_NAMES && !found.names.contains(&name) {
                found.names.push(name);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Mentions::in_text(text).names
    }

    #[test]
    fn names_are_found_between_words() {
        assert_eq!(names("@Anna, и ты, @Борис."), ["anna", "борис"]);
        assert_eq!(names("(@a.b-c) @anna @ANNA"), ["a.b-c", "anna"]);
        assert_eq!(names("write to anna@example.org or @@boris"), ["boris"]);
        assert_eq!(names("@ @. nobody@"), [""; 0]);
    }

    #[test]
    fn everybody_is_no_name() {
        assert_eq!(Mentions::in_text("@all: обед"), Mentions { names: Vec::new(), everybody: true });
        assert!(Mentions::in_text("внимание @Все").everybody);
        assert!(!Mentions::in_text("@allan").everybody);
    }
}
