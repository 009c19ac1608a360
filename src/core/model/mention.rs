//! Mentions in a text: `@anna`, `@all`.

use super::fold;
use super::link::prose;

/// The most mentions of one text that are recognised.
const MAX_NAMES: usize = 50;
/// The most readings of all of them together.
const MAX_READINGS: usize = 150;
/// How far before a mention an address may begin, in characters.
const MAX_ADDRESS: usize = 200;
/// The names for all members.
const EVERYBODY: [&str; 5] = ["all", "everyone", "все", "всем", "всех"];

/// The mentions of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// The readings of each mention as a folded user name, the longest first: where nothing parts a name from the words
    /// after it, the first that is a user's counts. Whether such users exist is not checked here.
    pub names: Vec<Vec<String>>,
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
            let rest = &text[at + 1..];
            let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
            if is_within_word(before, name) || is_in_address(&text[..at], &rest[name.len()..]) {
                continue;
            }
            // Trailing punctuation is not part of a name, nor are underscores that make the text italic.
            let is_italic = before.len() < at;
            self.add(name.trim_end_matches(|c| matches!(c, '.' | '-') || (is_italic && c == '_')));
        }
    }

    fn add(&mut self, name: &str) {
        let mut readings = vec![fold(name)];
        let mut is_everybody = is_everybody_name(&readings[0]);
        for (end, c) in name.char_indices().rev().filter(|(end, _)| *end > 0) {
            let before = name[..end].chars().next_back().unwrap_or_default();
            let is_other_script =
                c.is_alphabetic() && before.is_alphabetic() && c.is_ascii() != before.is_ascii();
            if !is_written_together(c) && !is_other_script {
                continue;
            }
            let reading = fold(name[..end].trim_end_matches(['.', '-']));
            is_everybody |= is_written_together(c) && is_everybody_name(&reading);
            readings.push(reading);
        }
        let known: usize = self.names.iter().map(Vec::len).sum();
        readings.truncate(MAX_READINGS.saturating_sub(known).max(1));
        readings.retain(|reading| !reading.is_empty());
        if is_everybody {
            self.everybody = true;
        } else if !readings.is_empty() && self.names.len() < MAX_NAMES && !self.names.contains(&readings) {
            self.names.push(readings);
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn is_everybody_name(name: &str) -> bool {
    EVERYBODY.contains(&name)
}

/// Whether an `@` stands within a word, as in an e-mail address: after a Latin letter or a digit, and after a letter of
/// another script where a domain follows.
fn is_within_word(before: &str, name: &str) -> bool {
    let Some(last) = before.chars().next_back().filter(|c| c.is_alphanumeric()) else { return false };
    let is_domain = || name.trim_end_matches(['.', '-']).contains('.');
    last.is_ascii() || (!is_written_together(last) && is_domain())
}

/// Whether an `@` belongs to an address that is no link: `ftp://example.org/@anna`, `example.org/@anna`,
/// `@anna@example.org`.
fn is_in_address(before: &str, after: &str) -> bool {
    let start = before.char_indices().rev().take(MAX_ADDRESS).take_while(|(_, c)| !c.is_whitespace()).last();
    let word = start.map_or("", |(start, _)| &before[start..]);
    let is_host = |host: &str| {
        let host = host.trim_start_matches(|c: char| !c.is_alphanumeric());
        host.contains('.') && host.split('.').all(|label| label.ends_with(char::is_alphanumeric))
    };
    let is_with_domain = after.strip_prefix('@').is_some_and(|domain| {
        let domain = &domain[..domain.find(|c| !is_of_name(c)).unwrap_or(domain.len())];
        is_host(domain.trim_end_matches('.'))
    });
    word.contains("://") || word.split_once('/').is_some_and(|(host, _)| is_host(host)) || is_with_domain
}

/// Letters of scripts that put no spaces between words, or after names: Thai, Lao, Burmese, Khmer, Japanese, Chinese,
/// Korean.
fn is_written_together(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Mentions::in_text(text).names.concat()
    }

    /// The web client's tests read the same file.
    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        mentions: Vec<Vec<String>>,
        #[serde(default)]
        everybody: bool,
    }

    #[test]
    fn mentions_are_found_as_the_web_client_finds_them() {
        let cases = include_str!("../../../tests/cases/mentions.json");
        for Case { text, mentions, everybody } in serde_json::from_str::<Vec<Case>>(cases).unwrap() {
            assert_eq!(Mentions::in_text(&text), Mentions { names: mentions, everybody }, "{text}");
        }
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
            "ftp://example.org/@olga",
            "tg://resolve?domain=@olga",
            "(example.org/@olga)",
            "www.example.org/watch?of=@olga",
            "@olga@example.org",
            "почта@пример.рф",
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
        assert_eq!(names("@olga@boris and/or.@olga"), ["olga"], "these are no domains");
        assert_eq!(names("안녕@olga님"), ["olga님", "olga"]);
        assert_eq!(names("привет@olga"), ["olga"]);
        assert_eq!(names("@olgaу, @Olga:"), ["olgaу", "olga", "olga"]);
        assert_eq!(names("@王小明你好"), ["王小明你好", "王小明你", "王小明", "王小", "王"]);
        assert!(Mentions::in_text("@all你好").everybody && !Mentions::in_text("@allо").everybody);
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
