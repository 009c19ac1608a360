//! Detects a page's character encoding.

use std::borrow::Cow;
use std::str;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1251};

use super::page_metadata;

/// How many bytes of a page are searched for its declared encoding; browsers search 1,024.
const DECLARED_WITHIN: usize = 4_096;

/// Decodes a page. `declared` is the encoding in the Content-Type header.
pub(super) fn decode<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, str> {
    let named = |label: &str| Encoding::for_label(label.as_bytes());
    let encoding = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or_else(|| declared.and_then(named))
        .or_else(|| {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARED_WITHIN)]);
            // The tag could be read as ASCII, so the encoding can't be UTF-16, whatever it declares.
            page_metadata::declared_charset(&start).as_deref().and_then(named).map(Encoding::output_encoding)
        })
        .unwrap_or_else(|| if is_utf8(bytes) { UTF_8 } else { WINDOWS_1251 });
    encoding.decode(bytes).0
}

/// Whether it is valid UTF-8, up to a truncated last character.
fn is_utf8(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// «Да» in windows-1251, in KOI8-R, and in UTF-8.
    const CP1251: &[u8] = b"\xc4\xe0";
    const KOI8: &[u8] = b"\xe4\xc1";

    #[test]
    fn pages_are_read_in_their_own_characters() {
        assert_eq!(decode("Да".as_bytes(), None), "Да");
        assert_eq!(decode(CP1251, Some("Windows-1251")), "Да");
        assert_eq!(decode(KOI8, Some("koi8-r")), "Да");
        let with = |start: &[u8]| [start, CP1251].concat();
        assert!(decode(&with(b"<meta charset=windows-1251>"), None).ends_with("Да"));
        let old = b"<META HTTP-EQUIV='Content-Type' content='text/html; charset=\"windows-1251\"'>";
        assert!(decode(&with(old), None).ends_with("Да"));
        // The server's word goes before the page's, and the byte order mark before both.
        assert!(decode(&with(b"<meta charset=koi8-r>"), Some("cp1251")).ends_with("Да"));
        assert_eq!(decode(b"\xef\xbb\xbf\xd0\x94\xd0\xb0", Some("koi8-r")), "Да");
    }

    #[test]
    fn a_page_that_says_nothing_is_utf8_or_russian() {
        assert_eq!(decode(CP1251, None), "Да");
        assert_eq!(decode(CP1251, Some("no-such-thing")), "Да");
        assert_eq!(decode(b"<meta charset=utf-16>\xd0\x94\xd0", None), "<meta charset=utf-16>Д\u{fffd}");
        assert_eq!(decode(b"\xd0\x94\xd0", None), "Д\u{fffd}");
    }
}
