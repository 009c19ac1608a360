//! Mentions in a text: `@anna`, `@all`.

use super::fold;
use super::link::prose;

/// The most distinct names of one text that are recognised.
const MAX_NAMES: usize = 50;
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
    /// Those in Markdown code and in addresses are none, nor is an `@` within a word, as in an e-mail address.
    pub fn in_text(text: &str) -> Self {
        let mut found = Self::default();
        if text.contains('@') {
            prose(text).into_iter().for_each(|part| found.add_those_in(part));
        }
        found
    }

    fn add_those_in(&mut self, text: &str) {
        for (at, _) in text.match_indices('@') {
            let before = text[..at].trim_end_matches('_');
            if before.ends_with(|c: char| c.is_alphanumeric() && !is_written_together(c)) {
                continue;
            }
            let rest = &text[at + 1..];
            let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
            // Trailing punctuation is not part of a name, nor are underscores that make the text italic.
            let is_italic = before.len() < at;
            let name = name.trim_end_matches(|c| matches!(c, '.' | '-') || (is_italic && c == '_'));
            self.add(name);
            // Nothing parts a name from the words after it.
            if let Some((end, _)) = name.char_indices().skip(1).find(|(_, c)| is_written_together(*c)) {
                self.add(&name[..end]);
            }
        }
    }

    fn add(&mut self, name: &str) {
        let name = fold(name);
        if EVERYBODY.contains(&name.as_str()) {
            self.everybody = true;
        } else if !name.is_empty() && self.names.len() < MAX_NAMES && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

/// Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
fn is_written_together(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
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
    fn code_and_addresses_mention_nobody() {
        for text in [
            "install it with `npm i @all/eslint`",
            "```\n@olga\n```",
            "```java\n@All\nclass A {}\n```",
            "https://videos.example.org/@olga/live",
            "https://example.org/?author=@olga",
        ] {
            assert_eq!(Mentions::in_text(text), Mentions::default(), "{text}");
        }
        for text in ["`x` @olga", "https://example.org/a @olga", "```\ncode\n```\n@olga", "a ` @olga"] {
            assert_eq!(names(text), ["olga"], "{text}");
        }
    }

    #[test]
    fn names_are_found_beside_formatting_and_any_script() {
        for text in
            ["_@olga_ look", "**@olga**", "__@olga__", "~~@olga~~", "*@olga*", "你好@olga。", "(@olga)"]
        {
            assert_eq!(names(text), ["olga"], "{text}");
        }
        assert!(names("你好@olga你看").contains(&"olga".to_owned()));
        assert_eq!(names("@olga_ @under_score"), ["olga_", "under_score"]);
        assert_eq!(names("anna_@example.org"), [""; 0]);
    }

    #[test]
    fn everybody_is_no_name() {
        assert_eq!(Mentions::in_text("@all: обед"), Mentions { names: Vec::new(), everybody: true });
        assert!(Mentions::in_text("внимание @Все").everybody);
        assert!(!Mentions::in_text("@allan").everybody);
    }
}
