//! The index's tokens: those of a message, and those that a query requires.
//!
//! | of | tokens | finds |
//! |---|---|---|
//! | a word of letters and digits | each three letters in a row; its first letter; its first two | any part of three letters or more, anywhere; a shorter one where a word begins |
//! | a run of Chinese, Japanese, Korean, Thai … | each character; each two in a row | any part |
//! | an emoji or another sign | itself | it |
//! | the message | its chat, its author, what it holds | `in:`, `from:`, `has:`, and a small chat in a large database |
//!
//! A token is written as six letters or digits (30 bits of a hash), because that is a word to every
//! full-text index: longer than the shortest that MySQL keeps and the longest of its stop words.

use std::fmt;

use super::fold::{CharClass, Folded, class};
use super::{Has, Term};
use crate::model::{ChatId, UserId};

/// A token: a hash of a feature that messages can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u32);

/// The most tokens of a query: candidates are verified anyway.
const MAX_REQUIRED: usize = 24;

/// The indexed features of a message.
#[derive(Debug, Clone)]
pub struct IndexedMessage<'a> {
    pub chat: ChatId,
    pub author: UserId,
    pub holds: &'a [Has],
    pub text: &'a Folded,
}

/// The kind of a token, part of the hash so that tokens of different kinds differ.
#[derive(Clone, Copy)]
enum Tag {
    Triple = 1,
    Start = 2,
    Run = 3,
    Chat = 4,
    Author = 5,
    Holds = 6,
}

impl Token {
    pub fn chat(chat: ChatId) -> Self {
        Self::new(Tag::Chat, [chat.0])
    }

    pub fn author(author: UserId) -> Self {
        Self::new(Tag::Author, [author.0])
    }

    pub fn holds(what: Has) -> Self {
        Self::new(Tag::Holds, [what as i64])
    }

    fn of(tag: Tag, letters: &[char]) -> Self {
        Self::new(tag, letters.iter().map(|c| i64::from(*c as u32)))
    }

    /// FNV-1a over integers with a final mix. It must never change: the tokens are stored in databases.
    fn new(tag: Tag, parts: impl IntoIterator<Item = i64>) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ tag as u64;
        for part in parts {
            hash = (hash ^ part.cast_unsigned()).wrapping_mul(0x0100_0000_01b3);
            hash ^= hash >> 29;
        }
        hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self((hash >> 34) as u32)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        let letter = |place: u32| DIGITS[(self.0 >> (5 * place)) as usize & 31];
        let word: [u8; 6] = std::array::from_fn(|place| letter(5 - place as u32));
        f.write_str(std::str::from_utf8(&word).unwrap_or_default())
    }
}

/// The distinct tokens of a message in the index's format.
pub fn tokens(message: &IndexedMessage) -> String {
    let mut all = vec![Token::chat(message.chat), Token::author(message.author)];
    all.extend(message.holds.iter().map(|what| Token::holds(*what)));
    each_run(message.text.text(), |class, run| match class {
        CharClass::Letter => {
            all.extend((1..=run.len().min(2)).map(|length| Token::of(Tag::Start, &run[..length])));
            all.extend(run.windows(3).map(|three| Token::of(Tag::Triple, three)));
        }
        CharClass::Ideograph | CharClass::Symbol => {
            all.extend(run.iter().map(|one| Token::of(Tag::Run, &[*one])));
            all.extend(run.windows(2).map(|two| Token::of(Tag::Run, two)));
        }
        CharClass::Gap => {}
    });
    all.sort_unstable();
    all.dedup();
    let mut words = String::with_capacity(all.len() * 7);
    for token in all {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&token.to_string());
    }
    words
}

/// The tokens of every text that contains these terms. Empty for terms of punctuation only.
pub fn required_tokens(terms: &[Term]) -> Vec<Token> {
    let mut all = Vec::new();
    for term in terms {
        // What begins a number may follow letters, where the index does not have it.
        let mut is_skipped = term.begins_number;
        each_run(term.text(), |class, run| match (class, run.len()) {
            (CharClass::Letter, _) if std::mem::take(&mut is_skipped) => {}
            (CharClass::Letter, 1 | 2) => all.push(Token::of(Tag::Start, run)),
            (CharClass::Letter, _) => all.extend(run.windows(3).map(|three| Token::of(Tag::Triple, three))),
            (CharClass::Ideograph | CharClass::Symbol, 1) => all.push(Token::of(Tag::Run, run)),
            (CharClass::Ideograph | CharClass::Symbol, _) => {
                all.extend(run.windows(2).map(|two| Token::of(Tag::Run, two)));
            }
            (CharClass::Gap, _) => {}
        });
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|token| seen.insert(*token));
    if all.len() > MAX_REQUIRED {
        // Evenly from all parts of the query.
        let step = all.len().div_ceil(MAX_REQUIRED);
        all = all.into_iter().step_by(step).collect();
    }
    all
}

/// Calls `act` for each run of characters of one class.
fn each_run(text: &str, mut act: impl FnMut(CharClass, &[char])) {
    let mut run: Vec<char> = Vec::new();
    let mut kind = CharClass::Gap;
    for c in text.chars() {
        let class = class(c);
        if class != kind {
            act(kind, &run);
            run.clear();
            kind = class;
        }
        if class != CharClass::Gap {
            run.push(c);
        }
    }
    act(kind, &run);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::search::Query;

    fn count(text: &str) -> usize {
        let text = Folded::of(text);
        let subject = IndexedMessage { chat: ChatId(1), author: UserId(2), holds: &[], text: &text };
        tokens(&subject).split(' ').count() - 2
    }

    #[test]
    fn words_are_cut_by_what_they_are_written_in() {
        assert_eq!(count("слово"), 2 + 3);
        assert_eq!(count("да"), 2);
        assert_eq!(count("да да ДА"), 2, "each once");
        assert_eq!(count("東京都"), 3 + 2);
        assert_eq!(count("a東"), 1 + 1);
        assert_eq!(count("👍"), 1);
        assert_eq!(count("— !"), 0);
    }

    #[test]
    fn a_token_is_a_word_to_any_index_and_never_changes() {
        assert_eq!(Token::chat(ChatId(1)).to_string().len(), 6);
        // Kept databases hold these.
        assert_eq!(Token(0).to_string(), "000000");
        assert_eq!(Token((1 << 30) - 1).to_string(), "vvvvvv");
        assert_eq!(required_tokens(&Query::parse("слово").wanted).len(), 3);
    }

    #[test]
    fn a_long_query_asks_for_a_bounded_number() {
        let long = "абвгдежзиклмнопрстуфхцчшщ".repeat(20);
        assert!(required_tokens(&Query::parse(&long).wanted).len() <= MAX_REQUIRED);
    }
}
