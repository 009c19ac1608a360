//! Parses search queries. Any string is a valid query.
//!
//! ```text
//! отчёт за май            messages with all of these words, or parts of words
//! "отчёт за май"          these words as they stand
//! -черновик -"не готов"   without this
//! from:me from:anna       whose: me, a name, a username with or without @, an id
//! in:бухгалтерия          in which chats: a part of the title, or an id
//! has:file                with a file, image, voice, video or link
//! after:2026-01-01        sent on this day or later, in the reader's time zone
//! before:2026-02-01       sent before this day
//! ```
//!
//! The filters are also understood in Russian: `от:`, `в:`, `есть:` (файл, фото, голос, видео, ссылка),
//! `после:`, `до:`. A value with blanks stands in quotes: `from:"Анна Ким"`. What only looks like a filter
//! (`12:30`, `https://…`, `has:fun`) is text. Filters of one kind widen each other, but for `has:`; those of
//! different kinds narrow.

use std::str::FromStr;

use jiff::tz::TimeZone;

use super::fold::{Folded, is_letter};
use crate::model::{ChatId, FileClass, Time, UserId};

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Terms that a message must contain.
    pub wanted: Vec<Term>,
    /// Terms that a message must not contain.
    pub unwanted: Vec<Term>,
    /// Authors; empty for any.
    pub from: Vec<AuthorFilter>,
    /// Chats; empty for any.
    pub chats: Vec<ChatFilter>,
    pub has: Vec<Has>,
    /// Sent at this moment or later.
    pub after: Option<Time>,
    /// Sent before this moment.
    pub before: Option<Time>,
}

/// A folded search term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    text: String,
    /// Whether it must match whole words, as phrases do.
    pub(super) is_whole: bool,
    /// Whether it must match at the beginning of a word: the index has terms of less than three letters only there.
    pub(super) begins_word: bool,
    /// Whether it is a part of a version or another row of numbers that begins with one or two digits. It is also found
    /// where these follow letters: `1.2` in `v1.2.3`.
    pub(super) begins_number: bool,
}

/// Filters by author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorFilter {
    Me,
    Id(UserId),
    Named(String),
}

/// Filters by chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatFilter {
    Id(ChatId),
    /// A folded part of the title.
    Titled(String),
}

/// What a message can contain. The numbers are stored in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Has {
    File = 1,
    Image = 2,
    Voice = 3,
    Video = 4,
    Link = 5,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        Self::parse_in(text, &TimeZone::UTC)
    }

    /// The same, with days of a time zone.
    pub fn parse_in(text: &str, zone: &TimeZone) -> Self {
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = query.take(rest, zone).trim_start();
        }
        query
    }

    /// Whether there are neither terms nor filters.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Parses the first piece and returns the rest.
    fn take<'a>(&mut self, text: &'a str, zone: &TimeZone) -> &'a str {
        if let Some(after) = text.strip_prefix('-').filter(|after| !after.starts_with(['-', ' '])) {
            let (word, rest) = piece(after);
            self.unwanted.extend(Term::of(word));
            return rest;
        }
        if let Some(rest) = self.take_filter(text, zone) {
            return rest;
        }
        let (word, rest) = piece(text);
        self.wanted.extend(Term::of(word));
        rest
    }

    fn take_filter<'a>(&mut self, text: &'a str, zone: &TimeZone) -> Option<&'a str> {
        let (name, value) = text.split_once(':')?;
        if name.chars().any(char::is_whitespace) || value.starts_with(char::is_whitespace) {
            return None;
        }
        let (value, rest) = piece(value);
        let value = value.text().trim();
        if value.is_empty() {
            return None;
        }
        let name = Folded::of(name);
        match name.text() {
            "from" | "от" => self.from.push(who(value)),
            "in" | "в" => self.chats.push(room(value)),
            "has" | "есть" => self.has.push(value.parse().ok()?),
            "before" | "до" => {
                let day = day(value, zone)?;
                self.before = Some(self.before.map_or(day, |before| before.min(day)));
            }
            "after" | "после" => {
                let day = day(value, zone)?;
                self.after = Some(self.after.map_or(day, |after| after.max(day)));
            }
            _ => return None,
        }
        Some(rest)
    }
}

/// A piece of a query.
enum Piece<'a> {
    Word(&'a str),
    Phrase(&'a str),
}

impl<'a> Piece<'a> {
    fn text(&self) -> &'a str {
        let (Self::Word(text) | Self::Phrase(text)) = self;
        text
    }
}

/// The first piece: a phrase in quotes, up to the end when they are not closed, or a word. Also returns the rest.
fn piece(text: &str) -> (Piece<'_>, &str) {
    const OPENING: [char; 4] = ['"', '“', '„', '«'];
    const CLOSING: [char; 4] = ['"', '”', '“', '»'];
    if let Some(inside) = text.strip_prefix(OPENING) {
        let (phrase, rest) = inside.split_once(CLOSING).unwrap_or((inside, ""));
        return (Piece::Phrase(phrase), rest);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (Piece::Word(&text[..end]), &text[end..])
}

impl Term {
    fn of(piece: Piece) -> Option<Self> {
        let folded = Folded::of(piece.text());
        let is_whole = matches!(piece, Piece::Phrase(_));
        let text = if is_whole { folded.text() } else { bare(folded.text()) };
        let begins_word = text.chars().take_while(|c| is_letter(*c)).take(3).count() < 3;
        let first: Vec<char> = text.chars().take_while(|c| is_letter(*c)).take(3).collect();
        let begins_number = (1..3).contains(&first.len())
            && first.iter().all(char::is_ascii_digit)
            && text.chars().skip(first.len()).any(is_letter);
        (!text.is_empty()).then(|| Self { text: text.to_owned(), is_whole, begins_word, begins_number })
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A word without surrounding punctuation, unless it consists of nothing else.
fn bare(word: &str) -> &str {
    const MARKS: [char; 13] = ['.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '{', '}', '"'];
    let bare = word.trim_matches(MARKS);
    if bare.is_empty() { word } else { bare }
}

fn who(value: &str) -> AuthorFilter {
    match Folded::of(value).text() {
        "me" | "я" | "меня" => AuthorFilter::Me,
        _ => match value.parse() {
            Ok(id) => AuthorFilter::Id(UserId(id)),
            Err(_) => AuthorFilter::Named(value.strip_prefix('@').unwrap_or(value).to_owned()),
        },
    }
}

fn room(value: &str) -> ChatFilter {
    match value.parse() {
        Ok(id) => ChatFilter::Id(ChatId(id)),
        Err(_) => ChatFilter::Titled(Folded::of(value).text().to_owned()),
    }
}

impl From<FileClass> for Has {
    fn from(class: FileClass) -> Self {
        match class {
            FileClass::Picture => Self::Image,
            FileClass::Video => Self::Video,
            FileClass::Sound | FileClass::Other => Self::File,
        }
    }
}

impl FromStr for Has {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Ok(match Folded::of(word).text() {
            "file" | "files" | "файл" | "файлы" => Self::File,
            "image" | "images" | "photo" | "picture" | "фото" | "картинка" | "изображение" => {
                Self::Image
            }
            "voice" | "голос" | "голосовое" => Self::Voice,
            "video" | "видео" => Self::Video,
            "link" | "links" | "url" | "ссылка" | "ссылки" => Self::Link,
            _ => return Err(()),
        })
    }
}

/// A day, as 2026-01-31 or 31.01.2026, or a timestamp.
fn day(value: &str, zone: &TimeZone) -> Option<Time> {
    let parts: Vec<&str> = value.split('.').collect();
    match parts[..] {
        [day, month, year] => Time::read_in(&format!("{year}-{month:0>2}-{day:0>2}"), zone),
        _ => Time::read_in(value, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(terms: &[Term]) -> Vec<&str> {
        terms.iter().map(Term::text).collect()
    }

    #[test]
    fn words_phrases_and_what_is_not_wanted() {
        let query = Query::parse("  Отчёт, \"За  Май\" -черновик -\"не готов\" c++ :) - --x \"open end");
        assert_eq!(texts(&query.wanted), ["отчет", "за май", "c++", ":)", "-", "--x", "open end"]);
        assert_eq!(texts(&query.unwanted), ["черновик", "не готов"]);
        let whole: Vec<bool> = query.wanted.iter().map(|term| term.is_whole).collect();
        assert_eq!(whole, [false, true, false, false, false, false, true]);
        let begins: Vec<bool> = query.wanted.iter().map(|term| term.begins_word).collect();
        assert!(begins[1] && !begins[0], "за is too short for three letters in a row");
    }

    #[test]
    fn filters_in_two_languages() {
        let query = Query::parse(
            "from:@anna от:me от:\"Анна Ким\" from:42 in:Работа в:7 has:file есть:фото \
             before:2026-01-31 до:15.01.2026 after:2025-12-31 после:2025-01-01 слово",
        );
        let named = |name: &str| AuthorFilter::Named(name.to_owned());
        assert_eq!(
            query.from,
            [named("anna"), AuthorFilter::Me, named("Анна Ким"), AuthorFilter::Id(UserId(42))]
        );
        assert_eq!(query.chats, [ChatFilter::Titled("работа".to_owned()), ChatFilter::Id(ChatId(7))]);
        assert_eq!(query.has, [Has::File, Has::Image]);
        assert_eq!(query.before, Time::read("2026-01-15"), "the narrower one");
        assert_eq!(query.after, Time::read("2025-12-31"));
        assert_eq!(texts(&query.wanted), ["слово"]);
    }

    #[test]
    fn what_only_looks_like_a_filter_is_text() {
        let text = "12:30 https://example.org has:fun from: before:завтра before:2026-02-30 in:\"\" a:b";
        let query = Query::parse(text);
        assert_eq!(
            texts(&query.wanted),
            [
                "12:30",
                "https://example.org",
                "has:fun",
                "from",
                "before:завтра",
                "before:2026-02-30",
                "in:\"\"",
                "a:b"
            ]
            .map(|word| word.trim_end_matches(['"', ':']))
        );
        assert!(query.from.is_empty() && query.has.is_empty() && query.chats.is_empty());
        assert_eq!((query.before, query.after), (None, None));
    }

    #[test]
    fn nothing_is_asked_for_by_nothing() {
        for text in ["", "  ", "\"\"", "\u{200b}", "\" ", "\u{301}"] {
            assert!(Query::parse(text).is_empty(), "{text:?}");
        }
    }
}
