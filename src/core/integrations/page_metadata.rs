//! Metadata in an HTML page's head: Open Graph, Twitter cards, title.

use std::collections::HashMap;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

use crate::model::Page;

/// Limits in characters; longer texts are cut.
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 500;
const MAX_SITE_NAME: usize = 100;

/// Reads a page's metadata; `None` when it has no title.
pub(super) fn extract(html: &str) -> Option<Page> {
    let found = head(html);
    let first = |names: &[&str], longest| {
        names.iter().find_map(|name| clean(found.get(*name).map(String::as_str)?, longest))
    };
    let site_name = first(&["og:site_name", "application-name"], MAX_SITE_NAME);
    Some(Page {
        title: first(&["og:title", "twitter:title", TITLE], MAX_TITLE).or_else(|| site_name.clone())?,
        description: first(&["og:description", "twitter:description", "description"], MAX_DESCRIPTION),
        site_name,
    })
}

/// The key under which [`head`] returns the content of `<title>`.
const TITLE: &str = "<title>";
const NAMES: [&str; 7] = [
    "og:title",
    "twitter:title",
    "og:description",
    "twitter:description",
    "description",
    "og:site_name",
    "application-name",
];

/// The wanted metadata in a page's head by name; the first occurrence counts.
fn head(html: &str) -> HashMap<&'static str, String> {
    let mut found = HashMap::new();
    let mut title: Option<String> = None;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if tag.name == b"body" => break,
            Token::EndTag(tag) if tag.name == b"head" => break,
            Token::StartTag(tag) if tag.name == b"title" => title = Some(String::new()),
            Token::String(text) => {
                if let Some(title) = &mut title {
                    title.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::EndTag(tag) if tag.name == b"title" => {
                if let Some(title) = title.take() {
                    found.entry(TITLE).or_insert(title);
                }
            }
            Token::StartTag(tag) if tag.name == b"meta" => {
                let name = attribute(&tag, b"property").or_else(|| attribute(&tag, b"name"));
                let wanted =
                    |name: String| NAMES.into_iter().find(|wanted| wanted.eq_ignore_ascii_case(name.trim()));
                if let Some(name) = name.and_then(wanted)
                    && let Some(content) = attribute(&tag, b"content")
                {
                    found.entry(name).or_insert(content);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether the end of the head is there: not in a script, a comment or a title, where it is text.
pub(super) fn has_whole_head(start: &str) -> bool {
    let is_end = |token: Token| match token {
        Token::StartTag(tag) => tag.name == b"body",
        Token::EndTag(tag) => tag.name == b"head",
        _ => false,
    };
    // The last tag may be cut.
    tokens(&format!("{start}>")).any(is_end)
}

/// The character encoding that a page declares in a `meta` tag.
pub(super) fn declared_charset(start: &str) -> Option<String> {
    tokens(start).find_map(|token| match token {
        Token::StartTag(tag) if tag.name == b"meta" => attribute(&tag, b"charset").or_else(|| {
            let content = attribute(&tag, b"content")?.to_ascii_lowercase();
            charset_parameter(&content).map(str::to_owned)
        }),
        _ => None,
    })
}

/// The `charset` parameter of a media type.
pub(super) fn charset_parameter(media_type: &str) -> Option<&str> {
    let (_, rest) = media_type.split_once("charset")?;
    let label = rest.trim_start().strip_prefix('=')?.trim_start();
    let label = label.trim_start_matches(['"', '\'']);
    label.split(['"', '\'', ';', ' ']).next().filter(|label| !label.is_empty())
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    // Recognise scripts, styles and titles, whose content is not markup.
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter).map(|Ok(token)| token)
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let value: &HtmlString = tag.attributes.get(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Cleans a text to one line that can't disturb the text around it: no control characters, direction
/// marks or zero-width characters except joiners of letters and emoji.
fn clean(text: &str, longest: usize) -> Option<String> {
    let keep = |c: &char| {
        c.is_whitespace()
            || !(c.is_control()
                || matches!(c,
                    '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'))
    };
    // Bounds the work: at most four times the limit is inspected.
    let text: String = text.trim_start().chars().take(4 * longest).filter(keep).collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().all(|c| matches!(c, ' ' | '\u{200c}' | '\u{200d}')) {
        return None;
    }
    match line.char_indices().nth(longest) {
        None => Some(line),
        Some(_) => {
            let kept: String = line.chars().take(longest - 1).collect();
            Some(format!("{}…", kept.trim_end()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(title: &str, description: &str, site_name: &str) -> Option<Page> {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Some(Page { title: title.to_owned(), description: said(description), site_name: said(site_name) })
    }

    #[test]
    fn open_graph_goes_before_cards_and_cards_before_the_title() {
        let html = r#"<!doctype html><html><head><meta charset=utf-8><title>Plain &amp; simple</title>
            <meta name="description" content="Plain words"><meta name="twitter:title" content="Card">
            <meta property="og:title" content="Беседка &mdash; сад"><META PROPERTY='OG:Site_Name' CONTENT=Сад>
            <meta name=twitter:description content="Card's words"></head>
            <body><meta property="og:description" content="too late">"#;
        assert_eq!(extract(html), page("Беседка — сад", "Card's words", "Сад"));
        assert_eq!(extract("<title>\n  Plain\n &amp; simple </title>"), page("Plain & simple", "", ""));
        assert_eq!(
            extract(r#"<meta property="og:title" content=" "><title>Plain</title>"#),
            page("Plain", "", "")
        );
    }

    #[test]
    fn what_is_said_first_counts() {
        let html = r#"<title>One</title><title>Two</title><meta name=description content=1><meta name=description content=2>"#;
        assert_eq!(extract(html), page("One", "1", ""));
    }

    #[test]
    fn scripts_and_comments_say_nothing() {
        let html = r#"<script>var a = "<title>no</title>";</script><style><title>no</style><!-- <title>no</title> -->
            <title>yes <b>bold</b></title>"#;
        assert_eq!(extract(html), page("yes <b>bold</b>", "", ""));
    }

    #[test]
    fn broken_pages_say_what_they_can() {
        for html in [
            "",
            "<",
            "<meta",
            "<meta content=x>",
            "<title>",
            "<meta name=description>",
            "\0",
            "</head><title>late</title>",
        ] {
            assert_eq!(extract(html), None, "{html}");
        }
        assert_eq!(extract("<meta name=application-name content='x'<title>a"), page("x", "", "x"));
    }

    #[test]
    fn texts_are_one_line_of_bounded_length_without_tricks() {
        let clean = |text: &str| clean(text, 10);
        assert_eq!(clean(" a\r\n\t b\u{2028}c ").as_deref(), Some("a b c"));
        assert_eq!(clean("invoice\u{202e}fdp.exe\u{202c}").as_deref(), Some("invoicefd…"));
        assert_eq!(clean("a\u{0}b\u{7f}c\u{200b}d\u{feff}").as_deref(), Some("abcd"));
        assert_eq!(clean("👩\u{200d}💻").as_deref(), Some("👩\u{200d}💻"));
        assert_eq!(clean("\u{200d}\u{200c} \u{200f}"), None);
        assert_eq!(clean("1234567890").as_deref(), Some("1234567890"));
        assert_eq!(clean("12345678901").as_deref(), Some("123456789…"));
        assert_eq!(clean("12345678 01").as_deref(), Some("12345678…"));
        assert_eq!(clean(&"я".repeat(1_000_000)).unwrap().chars().count(), 10);
    }

    /// Of what costs the most. Twice as much must not take four times as long.
    #[test]
    fn pages_made_to_be_slow_are_not() {
        let much = |text: &str| text.repeat(128 * 1_024 / text.len());
        let attributes: String = (0..10_000).map(|n| format!(" a{n}=1")).collect();
        for html in [
            much("<"),
            much("<meta "),
            much("<title>"),
            much("&"),
            much("&amp"),
            much("<!--"),
            much("<meta name='"),
            format!("<meta{attributes}>"),
            much("<script>"),
            much("<a a a a>"),
            format!("<title>{}", much("x")),
        ] {
            let _ = extract(&html);
        }
    }
}
