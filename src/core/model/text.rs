//! Normalisation of names, titles and descriptions: they must not look empty or like another one.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Invisible characters that are always removed: direction marks, soft hyphens, zero-width spaces and others
/// that only make texts differ that look alike.
///
/// Joiners, variation selectors and tags are kept, because emoji and some scripts need them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
    )
}

/// Characters that turn the direction of writing, so that a program's name looks like a document's.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name of a file without its folder and without characters that turn the direction of writing. `None` when it is
/// empty, has control characters or is longer than 255 characters.
pub fn file_name(name: &str) -> Option<String> {
    // Some browsers send a path: only its last part is the name.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !is_directional(*c)).collect();
    let name = name.trim();
    let is_sound = !name.is_empty() && name.chars().count() <= 255 && !name.chars().any(char::is_control);
    is_sound.then(|| name.to_owned())
}

/// Characters that join or modify others and show nothing alone.
fn is_joiner(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Whether a text has visible characters.
fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_joiner(c) && !is_combining_mark(c))
}

/// Whether a text contains invisible characters.
pub fn has_invisible(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || is_invisible(c) || is_joiner(c))
}

/// Normalises a name or title to one line with single spaces. `None` when nothing of it is visible, or when it
/// has control characters.
pub fn line(text: &str) -> Option<String> {
    let shown: String = text.trim().nfc().filter(|c| !is_invisible(*c)).collect();
    if shown.chars().any(char::is_control) || !is_visible(&shown) {
        return None;
    }
    Some(shown.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Normalises a text of several lines; empty when nothing of it is visible. `None` when it has control
/// characters other than line breaks and tabs.
pub fn lines(text: &str) -> Option<String> {
    let shown: String = text.replace("\r\n", "\n").nfc().filter(|c| !is_invisible(*c)).collect();
    if shown.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return None;
    }
    Some(if is_visible(&shown) { shown.trim().to_owned() } else { String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_people_see_of_it() {
        for (text, shown) in [
            ("  Анна \u{200b}\u{feff} Б. ", Some("Анна Б.")),
            ("an\u{202e}na", Some("anna")),
            ("👩‍💻 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", Some("👩‍💻 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿")),
            ("می\u{200c}خواهم", Some("می\u{200c}خواهم")),
            ("a\u{a0}\u{2028}b", Some("a b")),
            ("", None),
            (" \u{200b}\u{2060} ", None),
            ("\u{3164}\u{ffa0}", None),
            ("\u{2800}\u{200d}\u{fe0f}", None),
            ("\u{301}", None),
            ("a\nb", None),
            ("a\u{0}", None),
        ] {
            assert_eq!(line(text).as_deref(), shown, "{text:?}");
        }
    }

    #[test]
    fn some_lines_keep_their_ends() {
        assert_eq!(lines(" one\r\n\ttwo \n").as_deref(), Some("one\n\ttwo"));
        assert_eq!(lines("\u{200b} \n").as_deref(), Some(""));
        assert_eq!(lines("a\u{7}"), None);
    }
}
