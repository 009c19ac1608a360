//! Detects a file's type by its first bytes and compares it with the declared one.

use super::{Error, Result};

/// The first part of a media type: `image` of `image/png`.
pub fn class(content_type: &str) -> &str {
    content_type.split('/').next().unwrap_or_default()
}

/// Whether a browser may display it inline: pictures, audio and video, never anything that may contain scripts.
pub fn is_shown_inline(content_type: &str) -> bool {
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    match class(plain) {
        "audio" | "video" => true,
        "image" => !plain.eq_ignore_ascii_case("image/svg+xml"),
        _ => false,
    }
}

/// Whether the bytes begin a picture.
pub(super) fn is_picture(head: &[u8]) -> bool {
    infer::is_image(head)
}

/// The type to store; an error when the bytes contradict the declared one.
///
/// Raw audio codecs have no signature, so the declared type of unrecognised bytes is trusted, except
/// for pictures, which always have one.
pub(super) fn check_type(declared: &str, head: &[u8]) -> Result<String> {
    let wrong =
        |found: &str| Err(Error::WrongType { declared: declared.to_owned(), found: found.to_owned() });
    let plain = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = infer::get(head).map(|found| found.mime_type());
    if let Some(range) = plain.strip_suffix("/*") {
        return detect_in(range, found, head)
            .map_or_else(|| wrong(found.unwrap_or("of an unknown type")), Ok);
    }
    match (class(&plain), found) {
        ("image", None) if plain != "image/svg+xml" => wrong("of an unknown image type"),
        ("image", Some(found)) if plain != "image/svg+xml" => match class(found) {
            "image" => Ok(found.to_owned()),
            _ => wrong(found),
        },
        // WebM, MP4 and Ogg are containers: audio in them is detected as video.
        ("audio" | "video", Some(found)) if !matches!(class(found), "audio" | "video") => wrong(found),
        ("", _) => Ok(found.unwrap_or("application/octet-stream").to_owned()),
        _ => Ok(declared.to_owned()),
    }
}

/// The type of a file that was declared with a media range (`image/*`, `video/*`, `audio/*`, `*/*`). Unrecognised bytes
/// are accepted as audio, because raw codecs have no signature, and for `*/*`.
fn detect_in(range: &str, found: Option<&str>, head: &[u8]) -> Option<String> {
    // Every file of the MP4 family begins with this box, whichever of its many brands it names.
    let found = found.or_else(|| (head.get(4..8) == Some(b"ftyp")).then_some("video/mp4"));
    match (range, found) {
        ("*", found) => Some(found.unwrap_or("application/octet-stream").to_owned()),
        ("audio", None) => Some("application/octet-stream".to_owned()),
        (_, None) => None,
        // Audio in a video container.
        ("audio", Some(found)) if class(found) == "video" => Some(found.replacen("video", "audio", 1)),
        (range, Some(found)) => (class(found) == range).then(|| found.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_no_picture() {
        assert!(check_type("image/png", b"<!DOCTYPE html><script>").is_err());
        assert!(check_type("audio/ogg", b"%PDF-1.7").is_err());
        assert_eq!(check_type("image/png", b"\xff\xd8\xff\xe0").unwrap(), "image/jpeg");
    }

    #[test]
    fn a_recording_may_come_in_a_video_container() {
        assert_eq!(
            check_type("audio/webm;codecs=opus", b"\x1a\x45\xdf\xa3").unwrap(),
            "audio/webm;codecs=opus"
        );
        assert_eq!(check_type("audio/opus", b"raw frames").unwrap(), "audio/opus");
    }

    #[test]
    fn what_is_not_declared_is_found() {
        let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
        let odd_mp4 = b"\0\0\0\x18ftypzzzz\0\0\0\0zzzzisom";
        for (range, head, found) in [
            ("image/*", &b"\xff\xd8\xff\xe0"[..], "image/jpeg"),
            ("*/*", b"%PDF-1.7", "application/pdf"),
            ("*/*", b"words", "application/octet-stream"),
            ("video/*", mp4, "video/mp4"),
            ("video/*", odd_mp4, "video/mp4"),
            ("audio/*", mp4, "audio/mp4"),
            ("audio/*", b"OggS\0", "audio/ogg"),
            ("audio/*", b"raw frames", "application/octet-stream"),
        ] {
            assert_eq!(check_type(range, head).unwrap(), found, "{range}");
        }
        for (range, head) in [
            ("image/*", &b"words"[..]),
            ("image/*", b"%PDF-1.7"),
            ("image/*", mp4),
            ("video/*", b"\xff\xd8\xff\xe0"),
            ("audio/*", b"%PDF-1.7"),
        ] {
            assert!(check_type(range, head).is_err(), "{range}");
        }
    }

    #[test]
    fn only_media_without_scripts_is_shown_in_place() {
        assert!(is_shown_inline("image/png"));
        assert!(!is_shown_inline("image/svg+xml; charset=utf-8"));
        assert!(!is_shown_inline("text/html"));
    }
}
