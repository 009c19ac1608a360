//! Links in messages.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use url::Url;

/// The most links of a message that are recognised.
const MAX_LINKS: usize = 5;
/// The longest address, in bytes, with everything percent-encoded.
const MAX_LENGTH: usize = 2_048;

/// Brackets, which an address contains in pairs only.
const OPENING: [char; 9] = ['(', '[', '{', '（', '「', '『', '【', '《', '〈'];
const CLOSING: [char; 9] = [')', ']', '}', '）', '」', '』', '】', '》', '〉'];

/// A normalised http or https URL: IDN hosts in punycode, paths percent-encoded, no default port.
/// It has no user name and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The URL including its fragment.
    pub url: String,
}

impl Link {
    /// `None` when it is not a web URL, or has a user name or password: those are deceptive
    /// (`https://bank.example@evil.example`) or secret.
    pub fn new(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        (is_plain && url.as_str().len() <= MAX_LENGTH).then(|| Self { url: url.into() })
    }

    /// The URL to request: without the fragment.
    pub fn address(&self) -> &str {
        self.url.split_once('#').map_or(&self.url, |(address, _)| address)
    }

    /// The SHA-256 of [`Link::address`]: links that differ only in the fragment share one preview.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.address().as_bytes()).as_ref());
        hash
    }
}

/// The metadata of a web page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub title: String,
    pub description: Option<String>,
    /// The name of the website.
    pub site_name: Option<String>,
}

/// A page that a message links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The normalised URL in the message.
    pub url: String,
    pub page: Page,
}

/// The first five distinct links in a text. Markdown code is ignored.
pub fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    // Most texts have none.
    if text.contains("://") {
        for paragraph in paragraphs(text) {
            collect(paragraph, &mut links);
        }
    }
    links
}

/// The paragraphs of a text without fenced code blocks: a code span can't extend into the next paragraph.
fn paragraphs(text: &str) -> Vec<&str> {
    let mut paragraphs = Vec::new();
    let mut fence: Option<&str> = None;
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        let mark = fence_of(line);
        match fence {
            Some(open) => {
                if mark.is_some_and(|mark| mark.starts_with(open) && rest_of(line) == mark) {
                    fence = None;
                }
                start = next;
            }
            None if mark.is_some() || line.trim().is_empty() => {
                paragraphs.push(&text[start..at]);
                fence = mark;
                start = next;
            }
            None => {}
        }
        at = next;
    }
    paragraphs.push(&text[start..]);
    paragraphs
}

/// A line without indentation and block quote markers.
fn rest_of(line: &str) -> &str {
    line.trim_start_matches([' ', '>']).trim_end()
}

/// The run of at least three backticks or tildes that a line begins with.
fn fence_of(line: &str) -> Option<&str> {
    let line = rest_of(line);
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let run = &line[..line.len() - rest.len()];
    // With another backtick after it, it is a code span at the beginning of a line.
    (run.len() >= 3 && !(mark == '`' && rest.contains('`'))).then_some(run)
}

/// The parts of a text outside of Markdown code and of addresses.
pub(super) fn prose(text: &str) -> Vec<&str> {
    let mut prose = Vec::new();
    for paragraph in paragraphs(text) {
        let ends = code_spans(paragraph);
        let (mut start, mut at) = (0, 0);
        while let Some(found) = paragraph[at..].find(['`', ':']).map(|offset| at + offset) {
            if paragraph[found..].starts_with('`') {
                at = found + backticks(&paragraph[found..]);
                if let Some(end) = ends.get(&found) {
                    prose.push(&paragraph[start..found]);
                    (start, at) = (*end, *end);
                }
                continue;
            }
            at = found + 1;
            let Some(scheme) = start_of(paragraph, found).filter(|scheme| *scheme >= start) else { continue };
            let end = scheme + address_in(&paragraph[scheme..]).len();
            if end > at {
                prose.push(&paragraph[start..scheme]);
                (start, at) = (end, end);
            }
        }
        prose.push(&paragraph[start..]);
    }
    prose
}

fn collect(paragraph: &str, links: &mut Vec<Link>) {
    let ends = code_spans(paragraph);
    let mut at = 0;
    while let Some(found) = paragraph[at..].find(['`', ':']).map(|offset| at + offset) {
        if paragraph[found..].starts_with('`') {
            let run = backticks(&paragraph[found..]);
            at = ends.get(&found).copied().unwrap_or(found + run);
            continue;
        }
        at = found + 1;
        let Some(start) = start_of(paragraph, found) else { continue };
        let text = address_in(&paragraph[start..]);
        at = at.max(start + text.len());
        if let Some(link) = Link::new(text)
            && !links.iter().any(|other| other.address() == link.address())
        {
            links.push(link);
            if links.len() == MAX_LINKS {
                return;
            }
        }
    }
}

/// The ends of code spans by their starts: each run of backticks is closed by the next one of equal length.
fn code_spans(paragraph: &str) -> HashMap<usize, usize> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(offset) = paragraph[at..].find('`') {
        let run = backticks(&paragraph[at + offset..]);
        runs.push((at + offset, run));
        at += offset + run;
    }
    let (mut next, mut ends) = (HashMap::new(), HashMap::new());
    for (start, length) in runs.into_iter().rev() {
        if let Some(end) = next.insert(length, start + length) {
            ends.insert(start, end);
        }
    }
    ends
}

fn backticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// The start of the URL whose scheme ends at this colon. A scheme after a letter or digit that
/// schemes may contain doesn't count; other letters may stand beside it, as in scripts without spaces.
fn start_of(text: &str, colon: usize) -> Option<usize> {
    let ends_with = |scheme: &str| {
        let start = colon.checked_sub(scheme.len())?;
        let is_scheme = text.get(start..colon)?.eq_ignore_ascii_case(scheme);
        let is_apart = !text[..start].ends_with(|c: char| c.is_ascii_alphanumeric());
        (is_scheme && is_apart).then_some(start)
    };
    text[colon..].starts_with("://").then(|| ends_with("https").or_else(|| ends_with("http")))?
}

/// The URL at the beginning of a text: up to a character that URLs don't contain or a closing bracket
/// that was opened before it, without trailing punctuation.
fn address_in(text: &str) -> &str {
    let mut open = [0_u32; CLOSING.len()];
    let mut end = text.len();
    for (index, c) in text.char_indices() {
        let bracket = |brackets: &[char]| brackets.iter().position(|bracket| *bracket == c);
        if let Some(kind) = bracket(&OPENING) {
            open[kind] += 1;
        } else if let Some(kind) = bracket(&CLOSING) {
            match open[kind].checked_sub(1) {
                Some(left) => open[kind] = left,
                None => {
                    end = index;
                    break;
                }
            }
        } else if c.is_whitespace()
            || c.is_control()
            || is_invisible(c)
            || "<>\"`«»“”„。，、！？；：…".contains(c)
        {
            end = index;
            break;
        }
    }
    text[..end].trim_end_matches(|c| ".,:;!?'*_~|’‘".contains(c) || OPENING.contains(&c))
}

/// Direction marks and zero-width characters.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        links(text).into_iter().map(|link| link.url).collect()
    }

    #[test]
    fn addresses_are_found_as_people_write_them() {
        for (text, url) in [
            ("https://example.org", "https://example.org/"),
            ("See https://example.org/a, and then", "https://example.org/a"),
            ("Really (https://example.org/a)?", "https://example.org/a"),
            (
                "https://en.wikipedia.org/wiki/Pavilion_(structure).",
                "https://en.wikipedia.org/wiki/Pavilion_(structure)",
            ),
            ("[here](https://example.org/a_(b))and on", "https://example.org/a_(b)"),
            ("[here](https://example.org/a \"title\")", "https://example.org/a"),
            ("**https://example.org/a**", "https://example.org/a"),
            ("||https://example.org/a||", "https://example.org/a"),
            ("<https://example.org/?q=1&r=2>", "https://example.org/?q=1&r=2"),
            ("«https://example.org/a»…", "https://example.org/a"),
            ("см.HTTPS://Example.ORG:443/A#b", "https://example.org/A#b"),
            ("http://[2001:db8::1]:8080/x]", "http://[2001:db8::1]:8080/x"),
            (
                "https://пример.рф/страница/Ёж?q=ж",
                "https://xn--e1afmkfd.xn--p1ai/%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0/%D0%81%D0%B6?q=%D0%B6",
            ),
            ("看https://example.org/a。然后", "https://example.org/a"),
            ("（https://example.org/a）很好", "https://example.org/a"),
            ("「https://example.org/a」", "https://example.org/a"),
            ("_https://example.org/a_b_", "https://example.org/a_b"),
            ("https://wiki.example.org/Mercury_(planet)", "https://wiki.example.org/Mercury_(planet)"),
            ("https://example.org/list?tag[0]", "https://example.org/list?tag[0]"),
            ("https://example.org/a\u{202e}gpj.exe", "https://example.org/a"),
            ("ends a line: https://example.org/a\nhttp", "https://example.org/a"),
        ] {
            assert_eq!(urls(text), [url], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_none() {
        for text in [
            "",
            "://",
            "http://",
            "https:// example.org",
            "hhttp://example.org",
            "ftp://example.org",
            "http:/example.org",
            "example.org",
            "https://user:secret@example.org",
            "https://bank.example@evil.example/",
            "javascript://example.org",
            "http://:80",
            "http://a..b..:99999",
            "http://\u{0}",
        ] {
            assert_eq!(urls(text), Vec::<String>::new(), "{text:?}");
        }
        let long = format!("https://example.org/{}", "я".repeat(400));
        assert_eq!(urls(&long), Vec::<String>::new());
    }

    #[test]
    fn code_holds_no_links() {
        for text in [
            "`https://a.example`",
            "``https://a.example ` ``",
            "```\nhttps://a.example\n```",
            "```rust\nhttps://a.example",
            "> ~~~\n> https://a.example\n> ~~~",
            "````\n```\nhttps://a.example\n````",
        ] {
            assert_eq!(urls(text), Vec::<String>::new(), "{text}");
        }
        for text in [
            "`code` https://a.example `code`",
            "a ` alone\n\nhttps://a.example\n\nand ` another",
            "```\ncode\n```\nhttps://a.example",
            "``https://a.example`",
            "```code``` https://a.example",
        ] {
            assert_eq!(urls(text), ["https://a.example/"], "{text}");
        }
    }

    #[test]
    fn each_is_found_once_and_five_at_most() {
        assert_eq!(urls("https://a.example/#x https://A.example/#y"), ["https://a.example/#x"]);
        let many: String = (0..9).map(|n| format!("https://{n}.example ")).collect();
        assert_eq!(urls(&many).len(), MAX_LINKS);
    }

    #[test]
    fn one_page_has_one_hash() {
        let hash = |text| Link::new(text).unwrap().hash();
        assert_eq!(hash("https://a.example/x#1"), hash("HTTPS://A.EXAMPLE:443/x#2"));
        assert_ne!(hash("https://a.example/x"), hash("https://a.example/X"));
    }

    /// The longest text that is all beginnings; it must not take a square of its length.
    #[test]
    fn texts_made_to_be_slow_are_not() {
        let runs: String = (1..350).map(|n| format!("{} ", "`".repeat(n))).collect();
        for text in [
            "http://".repeat(9_000),
            "(http://".repeat(8_000),
            format!("{runs}://"),
            "a:".repeat(32_000) + "://",
        ] {
            let _ = links(&text);
        }
    }
}
