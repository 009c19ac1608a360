//! Normalises texts for search and maps positions back to the original.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// A text without what makes no difference to a search: case, accents, ё for е, ligatures, the width of
/// letters, the kind of quotes and dashes, invisible signs; each stretch of blanks is one space.
///
/// It differs from [`fold`](crate::model::fold), by which names are compared: there two names must not look
/// alike, here a text must be found, and every character must know where it came from.
#[derive(Debug, Default, Clone)]
pub struct Folded {
    text: String,
    /// For each byte of `text`, the offset of the source character that it was made of.
    origins: Vec<u32>,
}

/// How the index treats a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharClass {
    /// Of a script with spaces between words; also digits.
    Letter,
    /// Of a script without spaces between words, or whose words have one or two characters.
    Ideograph,
    /// A symbol with a meaning of its own, such as an emoji.
    Symbol,
    /// A separator of words.
    Gap,
}

impl Folded {
    pub fn of(source: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(source.len()), origins: Vec::with_capacity(source.len()) };
        for (at, c) in source.char_indices() {
            // Texts have at most 64 KiB; beyond 4 GiB positions would be lost, but not words.
            folded.take(c, u32::try_from(at).unwrap_or(u32::MAX));
        }
        if folded.text.ends_with(' ') {
            folded.pop();
        }
        folded
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The source offset of the character at a byte of the folded text.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).map_or(0, |origin| *origin as usize)
    }

    fn take(&mut self, c: char, at: u32) {
        match c {
            'a'..='z' | '0'..='9' | 'а'..='я' => self.push(c, at),
            'A'..='Z' => self.push(c.to_ascii_lowercase(), at),
            'А'..='Я' => self.push(char::from_u32(c as u32 + 0x20).unwrap_or(c), at),
            'ё' | 'Ё' => self.push('е', at),
            '‘' | '’' | '‛' | 'ʼ' => self.push('\'', at),
            '“' | '”' | '„' | '«' | '»' => self.push('"', at),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => self.push('-', at),
            c if c.is_whitespace() || c.is_control() => {
                if !self.text.is_empty() && !self.text.ends_with(' ') {
                    self.push(' ', at);
                }
            }
            c if is_invisible(c) => {}
            c if c.is_ascii() => self.push(c, at),
            c => std::iter::once(c).nfkd().for_each(|part| self.take_part(part, at)),
        }
    }

    /// Adds a part of a decomposed character.
    fn take_part(&mut self, part: char, at: u32) {
        match (part, self.text.chars().next_back()) {
            // й and ў are letters of their own, not accented ones.
            ('\u{306}', Some('и')) => self.replace('й'),
            ('\u{306}', Some('у')) => self.replace('ў'),
            (part, _) if is_accent(part) => {}
            ('Æ' | 'æ', _) => self.push_all("ae", at),
            ('Œ' | 'œ', _) => self.push_all("oe", at),
            ('Ø' | 'ø', _) => self.push('o', at),
            ('Ł' | 'ł', _) => self.push('l', at),
            ('Đ' | 'đ', _) => self.push('d', at),
            (part, Some(last)) if compose(last, part).is_some() => {
                self.replace(compose(last, part).unwrap_or(last));
            }
            // To upper case and back, so that ß becomes ss and a final sigma a sigma.
            (part, _) => part.to_uppercase().flat_map(char::to_lowercase).for_each(|c| {
                if !is_accent(c) {
                    self.push(c, at);
                }
            }),
        }
    }

    fn push(&mut self, c: char, at: u32) {
        self.text.push(c);
        self.origins.resize(self.text.len(), at);
    }

    fn push_all(&mut self, letters: &str, at: u32) {
        letters.chars().for_each(|c| self.push(c, at));
    }

    fn pop(&mut self) -> u32 {
        self.text.pop();
        let origin = self.origins.get(self.text.len()).copied().unwrap_or_default();
        self.origins.truncate(self.text.len());
        origin
    }

    /// Replaces the last character by its composition with the current one.
    fn replace(&mut self, c: char) {
        let at = self.pop();
        self.push(c, at);
    }
}

/// Accents that people leave out when typing. Marks of Indian and Thai scripts are vowels and Japanese ones
/// change the sound, so those are kept.
fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{5bf}'
            | '\u{5c1}'..='\u{5c2}'
            | '\u{5c4}'..='\u{5c5}'
            | '\u{5c7}'
            | '\u{610}'..='\u{61a}'
            | '\u{640}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{6d6}'..='\u{6dc}'
            | '\u{6df}'..='\u{6e8}'
            | '\u{6ea}'..='\u{6ed}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Invisible characters: soft hyphen, joiners, direction marks, variation selectors.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character belongs to the preceding one, so that texts must not be cut between them.
pub(super) fn is_attached(c: char) -> bool {
    is_combining_mark(c) || is_invisible(c) || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

pub(super) fn is_letter(c: char) -> bool {
    class(c) == CharClass::Letter
}

pub(super) fn class(c: char) -> CharClass {
    match c {
        'a'..='z' | '0'..='9' | 'а'..='я' => CharClass::Letter,
        '\0'..='\u{7f}' => CharClass::Gap,
        // Thai, Lao, Myanmar, Khmer; jamo; Chinese and Japanese; Hangul; compatibility and rare ideographs.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{309e}'
        | '\u{30a1}'..='\u{30ff}'
        | '\u{3105}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => CharClass::Ideograph,
        '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => CharClass::Symbol,
        c if c.is_alphanumeric() || is_combining_mark(c) => CharClass::Letter,
        _ => CharClass::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        Folded::of(text).text
    }

    #[test]
    fn what_makes_no_difference_is_gone() {
        for (text, folded) in [
            ("Ёлка и ЙОД", "елка и йод"),
            ("и\u{306}од", "йод"),
            ("е\u{308}лка", "елка"),
            ("José ÀÉÎ", "jose aei"),
            ("Straße ﬁnal", "strasse final"),
            ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
            ("İstanbul ısı", "istanbul isi"),
            ("Łódź Ærø", "lodz aero"),
            ("  a \n\t b\u{a0}c ", "a b c"),
            ("со\u{ad}ба\u{200b}ка", "собака"),
            ("ｱｲｳ ＡＢＣ", "アイウ abc"),
            ("ｶﾞ が か\u{3099}", "ガ が が"),
            ("한국 \u{1112}\u{1161}\u{11ab}", "한국 한"),
            ("हिन्दी", "हिन्दी"),
            ("«так» — don’t", "\"так\" - don't"),
            ("👍🏽 ❤\u{fe0f}", "👍🏽 ❤"),
            ("", ""),
            ("\u{200b} \u{301}", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    #[test]
    fn every_piece_knows_where_it_came_from() {
        let source = "aß и\u{306} x";
        let folded = Folded::of(source);
        assert_eq!(folded.text(), "ass й x");
        let origin = |letter: &str| folded.origin(folded.text().find(letter).unwrap());
        assert_eq!(origin("ss"), 1);
        assert_eq!(folded.origin(2), 1, "both halves of ß");
        assert_eq!(origin("й"), source.find('и').unwrap());
        assert_eq!(origin("x"), source.find('x').unwrap());
    }
}
