//! File downloads: byte ranges and file names.

use object_store::GetRange;

use crate::refusal::Body;

/// The error for a range that does not exist.
pub fn no_such_part<B: Body>() -> B {
    B::new("The requested range does not exist".to_owned(), "range_not_satisfiable")
}

/// The bytes of a range within a file of this size; nothing if the range does not exist.
pub fn within(part: &GetRange, size: u64) -> Option<std::ops::Range<u64>> {
    let range = match part {
        GetRange::Bounded(range) => range.start..range.end.min(size),
        GetRange::Offset(start) => *start..size,
        GetRange::Suffix(length) => size.saturating_sub(*length)..size,
    };
    Some(range).filter(|range| range.start < range.end)
}

/// The `filename` parameters of a header: in ASCII for old clients, and in full (RFC 6266).
pub fn named(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\') { c } else { '_' })
        .collect();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte: u8| {
        if is_plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }
    };
    let whole: String = filename.bytes().map(encode).collect();
    format!("filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// Parses a single byte range (RFC 9110, 14.2). Several ranges or invalid ones yield nothing, so that the whole
/// file is sent.
pub fn parse_range(header: &str) -> Option<GetRange> {
    let range = header.trim().strip_prefix("bytes=")?;
    let (start, end) = range.split_once('-')?;
    match (start.trim(), end.trim()) {
        ("", length) => Some(GetRange::Suffix(length.parse().ok()?)),
        (start, "") => Some(GetRange::Offset(start.parse().ok()?)),
        (start, end) => {
            let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
            (start <= end).then(|| GetRange::Bounded(start..end.saturating_add(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(parse_range("bytes=0-9"), Some(GetRange::Bounded(0..10)));
        assert_eq!(parse_range("bytes=5-"), Some(GetRange::Offset(5)));
        assert_eq!(parse_range("bytes=-5"), Some(GetRange::Suffix(5)));
        for none in ["bytes=9-0", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"] {
            assert_eq!(parse_range(none), None, "{none}");
        }
    }

    #[test]
    fn any_filename_fits_in_a_header() {
        assert_eq!(named("a\"б.txt"), "filename=\"a__.txt\"; filename*=UTF-8''a%22%D0%B1.txt");
    }
}
