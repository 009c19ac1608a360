//! Matches texts against queries, scores them and cuts the snippet that is shown.

use std::ops::Range;

use super::fold::{Folded, is_attached, is_letter};
use super::{Query, Term};

/// The length of a snippet, in characters.
const SNIPPET: usize = 160;
/// How many characters of a snippet precede the first hit.
const LEAD: usize = 40;

/// The part of a text around a hit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snippet {
    /// The original text with line breaks as spaces and `…` where it was cut.
    pub text: String,
    /// The hits as ranges in `text`, in UTF-16 code units, which browsers, Java, Kotlin and C# use. Sorted, without
    /// overlap.
    pub highlights: Vec<[u32; 2]>,
}

impl Query {
    /// Whether a text contains all wanted terms and no unwanted ones.
    pub fn matches(&self, text: &Folded) -> bool {
        let is_found = |term: &Term| term.hits(text.text()).next().is_some();
        self.wanted.iter().all(is_found) && !self.unwanted.iter().any(is_found)
    }

    /// The relevance of a text: whole words before prefixes before parts, several hits before one, terms
    /// near each other before distant ones. Higher is better; only the order is meaningful.
    pub fn score(&self, text: &Folded) -> f64 {
        const HITS: usize = 8;
        let text = text.text();
        let mut score = 0.0;
        let mut positions = Vec::with_capacity(self.wanted.len());
        for term in &self.wanted {
            let hits: Vec<_> = term.hits(text).take(HITS).collect();
            let best = hits.iter().map(|hit| hit_score(text, hit)).fold(0.0, f64::max);
            #[expect(clippy::cast_precision_loss, reason = "at most eight")]
            let often = 3.0 * (hits.len() as f64).sqrt();
            score += best + often;
            positions.extend(hits.first().map(|hit| hit.start));
        }
        if let (Some(first), Some(last), true) =
            (positions.iter().min(), positions.iter().max(), positions.len() > 1)
        {
            #[expect(clippy::cast_precision_loss, reason = "a text is short")]
            let distance = (last - first) as f64;
            score += 10.0 / (1.0 + distance / 40.0);
        }
        score
    }

    /// The snippet around the first hit; the beginning of the text when no terms are wanted.
    pub fn snippet(&self, source: &str) -> Snippet {
        let folded = Folded::of(source);
        let mut hits: Vec<Range<usize>> =
            self.wanted.iter().flat_map(|term| term.hits(folded.text())).collect();
        hits.sort_unstable_by_key(|hit| (hit.start, hit.end));
        let mut hits: Vec<Range<usize>> = hits.iter().map(|hit| in_source(source, &folded, hit)).collect();
        let shown = snippet_range(source, hits.first().map_or(0, |hit| hit.start));
        hits.retain(|hit| hit.start < shown.end && hit.end > shown.start);
        let mut snippet = Snippet::default();
        if shown.start > 0 {
            snippet.text.push('…');
        }
        let (mut units, mut lit) = (utf16(&snippet.text), None);
        for (at, c) in source[shown.clone()].char_indices() {
            let at = shown.start + at;
            let is_hit = hits.iter().any(|hit| hit.contains(&at));
            match (is_hit, lit) {
                (true, None) => lit = Some(units),
                (false, Some(start)) => {
                    snippet.highlights.push([start, units]);
                    lit = None;
                }
                _ => {}
            }
            let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
            snippet.text.push(c);
            units += if c.len_utf16() == 2 { 2 } else { 1 };
        }
        snippet.highlights.extend(lit.map(|start| [start, units]));
        if shown.end < source.len() {
            snippet.text.push('…');
        }
        snippet
    }
}

fn utf16(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

impl Term {
    /// The hits in a folded text as byte ranges, without overlap.
    fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let all = text.match_indices(self.text()).map(|(at, word)| at..at + word.len());
        all.filter(|hit| {
            let begins = !(self.is_whole || self.begins_word)
                || is_boundary(text, hit.start)
                || self.begins_number && begins_number(text, hit.start);
            begins && (!self.is_whole || is_boundary(text, hit.end))
        })
    }
}

/// Whether an offset is a word boundary.
fn is_boundary(text: &str, at: usize) -> bool {
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    !(before.is_some_and(is_letter) && after.is_some_and(is_letter))
}

/// Whether there are digits after another letter.
fn begins_number(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    before.is_some_and(|c| is_letter(c) && !c.is_numeric())
}

/// The score of a hit: a whole word, a prefix or a part.
fn hit_score(text: &str, hit: &Range<usize>) -> f64 {
    match (is_boundary(text, hit.start), is_boundary(text, hit.end)) {
        (true, true) => 30.0,
        (true, false) => 18.0,
        (false, _) => 6.0,
    }
}

/// The range of the source that a range of the folded text was made of, including attached marks.
fn in_source(source: &str, folded: &Folded, hit: &Range<usize>) -> Range<usize> {
    let start = folded.origin(hit.start);
    let last = folded.origin(hit.end.saturating_sub(1));
    let mut rest = source[last..].char_indices().skip(1);
    let end = rest.find(|(_, c)| !is_attached(*c)).map_or(source.len(), |(at, _)| last + at);
    start..end
}

/// The range of a source that is shown for a hit at `found`.
fn snippet_range(source: &str, found: usize) -> Range<usize> {
    let may_cut = |at: usize| source[at..].chars().next().is_none_or(|c| !is_attached(c));
    let before = source[..found].char_indices().rev().map(|(at, _)| at);
    let mut start = before.take(LEAD).last().unwrap_or(found);
    if source[..start].chars().count() < 4 {
        // Too little to cut off.
        start = 0;
    } else if let Some((blank, c)) = source[start..found].char_indices().find(|(_, c)| c.is_whitespace()) {
        start += blank + c.len_utf8();
    }
    while start > 0 && !may_cut(start) {
        start -= source[..start].chars().next_back().map_or(1, char::len_utf8);
    }
    let mut end = source[start..].char_indices().nth(SNIPPET).map_or(source.len(), |(at, _)| start + at);
    while end < source.len() && !may_cut(end) {
        end += source[end..].chars().next().map_or(1, char::len_utf8);
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::search::{IndexedMessage, Token, required_tokens, tokens};
    use crate::model::{ChatId, UserId};

    fn found(query: &str, text: &str) -> bool {
        Query::parse(query).matches(&Folded::of(text))
    }

    /// What is lit in a snippet, cut out as JavaScript would.
    fn lit(query: &str, text: &str) -> Vec<String> {
        let snippet = Query::parse(query).snippet(text);
        let units: Vec<u16> = snippet.text.encode_utf16().collect();
        let cut = |[from, to]: &[u32; 2]| String::from_utf16(&units[*from as usize..*to as usize]).unwrap();
        snippet.highlights.iter().map(cut).collect()
    }

    #[test]
    fn words_are_found_whole_and_in_part() {
        let text = "Отчёт за май: готово! Привет, José и 東京都の天気. C++ и 👍🏽";
        for query in [
            "отчет",
            "ОТЧЁТ",
            "чёт",
            "за",
            "з",
            "jose",
            "京都",
            "天",
            "c++",
            "👍",
            "готово май",
            "\"за май\"",
        ] {
            assert!(found(query, text), "{query}");
        }
        for query in
            ["т", "ет", "ёт", "отчет июнь", "\"май за\"", "\"за ма\"", "\"чёт за\"", "отчет -май", "京東"]
        {
            assert!(!found(query, text), "{query}");
        }
    }

    #[test]
    fn a_part_of_a_version_finds_the_whole() {
        for (query, text) in [
            ("1.2", "1.2.3 is out"),
            ("2.3", "1.2.3 is out"),
            ("1.2", "v1.2.3"),
            ("1.2", "release1.20"),
            ("v1.2", "(v1.2.3)"),
            ("26.04", "ubuntu26.04.1"),
            ("\"1.2\"", "v1.2"),
        ] {
            assert!(found(query, text), "{query} in {text}");
        }
        for (query, text) in [("1.2", "11.2"), ("1.2", "1,2"), ("2", "12"), ("1", "v1"), ("\"1.2\"", "v1.20")]
        {
            assert!(!found(query, text), "{query} in {text}");
        }
    }

    #[test]
    fn the_original_is_lit_whatever_folding_did_to_it() {
        assert_eq!(lit("елка", "Наша Ёлка!"), ["Ёлка"]);
        assert_eq!(lit("йод", "👩‍💻 и\u{306}од\u{301} 👍"), ["и\u{306}од\u{301}"]);
        assert_eq!(lit("strasse", "in der Straße 5"), ["Straße"]);
        assert_eq!(lit("fin", "the ﬁnal"), ["ﬁn"]);
        assert_eq!(lit("👍", "ok 👍🏽 да"), ["👍🏽"]);
        assert_eq!(lit("собака", "со\u{ad}бака и собаки Собака"), ["со\u{ad}бака", "Собака"]);
        assert_eq!(lit("оба бак", "собака"), ["обак"], "what overlaps is one");
        assert_eq!(lit("\"a b\"", "x a\n\n b y"), ["a   b"]);
    }

    #[test]
    fn a_snippet_is_short_and_around_what_was_found() {
        let long = format!("{} иголка {}", "сено ".repeat(100), "солома ".repeat(100));
        let snippet = Query::parse("иголка").snippet(&long);
        assert!(snippet.text.starts_with("…сено") && snippet.text.ends_with('…'), "{}", snippet.text);
        assert!(snippet.text.chars().count() <= SNIPPET + 2);
        assert_eq!(lit("иголка", &long), ["иголка"]);
        let plain = Query::parse("has:link").snippet("коротко\nи ясно");
        assert_eq!(plain, Snippet { text: "коротко и ясно".to_owned(), highlights: vec![] });
    }

    #[test]
    fn whole_words_fit_better_than_parts() {
        let fit = |query: &str, text: &str| Query::parse(query).score(&Folded::of(text));
        assert!(fit("кот", "вот кот") > fit("кот", "вот который"));
        assert!(fit("кот", "вот который") > fit("кот", "вот скот и скот"));
        assert!(fit("кот пёс", "кот и пёс") > fit("кот пёс", &format!("кот {} пёс", "и ".repeat(100))));
    }

    /// Chance that falls alike every time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (self.0 >> 33) as usize % sides
        }

        fn text(&mut self, most: usize) -> String {
            const SIGNS: [char; 48] = [
                'a',
                'B',
                'ß',
                'ё',
                'Й',
                'и',
                '\u{306}',
                '\u{301}',
                'ё',
                ' ',
                ' ',
                '\n',
                '"',
                '-',
                ':',
                '.',
                '東',
                '京',
                'か',
                '\u{3099}',
                'ｶ',
                '한',
                '\u{1112}',
                '\u{1161}',
                '👍',
                '\u{1f3fd}',
                '\u{200d}',
                '\u{fe0f}',
                'ﬁ',
                'Σ',
                'ς',
                'İ',
                '0',
                '*',
                '(',
                ')',
                '+',
                '\'',
                '%',
                '\\',
                '\0',
                '\u{ad}',
                'ก',
                'ำ',
                'क',
                '\u{94d}',
                '«',
                '»',
            ];
            (0..self.roll(most)).map(|_| SIGNS[self.roll(SIGNS.len())]).collect()
        }
    }

    #[test]
    fn any_string_is_a_query_and_what_matches_has_the_tokens_it_asks_for() {
        let mut dice = Dice(7);
        let mut matched = 0;
        for _ in 0..20_000 {
            let text = dice.text(40);
            let folded = Folded::of(&text);
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (one, other) = (places[dice.roll(places.len())], places[dice.roll(places.len())]);
            let part = &text[one.min(other)..one.max(other)];
            for query in
                [part.to_owned(), format!("\"{part}"), dice.text(12), format!("from:{part} in:\"{part}")]
            {
                let query = Query::parse(&query);
                let snippet = query.snippet(&text);
                assert!(snippet.highlights.iter().all(|[from, to]| from < to && *to <= utf16(&snippet.text)));
                assert!(snippet.highlights.is_sorted());
                if !query.matches(&folded) {
                    continue;
                }
                matched += 1;
                let subject =
                    IndexedMessage { chat: ChatId(1), author: UserId(2), holds: &[], text: &folded };
                let there = tokens(&subject);
                let missing: Vec<Token> = required_tokens(&query.wanted)
                    .into_iter()
                    .filter(|token| !there.split(' ').any(|word| word == token.to_string()))
                    .collect();
                assert!(missing.is_empty(), "{query:?} in {text:?}: {missing:?}");
            }
        }
        assert!(matched > 5_000, "{matched}");
    }
}
