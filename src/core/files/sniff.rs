//! Detects a file's type by its first bytes.

use super::{Error, Result, strip};

/// The first part of a media type: `image` of `image/png`.
pub fn class(content_type: &str) -> &str {
    content_type.split('/').next().unwrap_or_default()
}

/// Whether a browser may display it inline: pictures, audio and video, never anything that may contain scripts, as
/// each kind of XML may: whatever the type in front of `+xml`, a browser runs the scripts of an SVG or XHTML element in it.
pub fn is_shown_inline(content_type: &str) -> bool {
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    match class(plain) {
        "image" | "audio" | "video" => !plain.to_ascii_lowercase().ends_with("+xml"),
        _ => false,
    }
}

/// The pictures that browsers show, which always begin with a signature.
const SHOWN: [&str; 10] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/bmp",
    "image/x-icon",
];

/// The type of a file's content, where it can be detected.
fn detect(head: &[u8]) -> Option<&'static str> {
    // What begins like a script.
    if head.starts_with(b"#!AMR") {
        return None;
    }
    // Of those of 64 bits, and some others, too.
    if strip::is_tiff(head) && !infer::image::is_cr2(head) {
        return Some("image/tiff");
    }
    infer::get(head).map(|found| found.mime_type())
}

/// The type to store. Where the bytes contradict the declared type, it is what they are: as which kinds of message the
/// file may be posted depends on it, and whether browsers show it. Only what was declared with a range (`image/*`) must
/// be of it.
///
/// Raw audio codecs and some pictures have no signature, so the declared type of unrecognised bytes is trusted, except
/// for the pictures that browsers show.
pub(super) fn stored_type(declared: &str, head: &[u8]) -> Result<String> {
    let wrong =
        |found: &str| Err(Error::WrongType { declared: declared.to_owned(), found: found.to_owned() });
    let plain = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = detect(head);
    if let Some(range) = plain.strip_suffix("/*") {
        return detect_in(range, found, head)
            .map_or_else(|| wrong(found.unwrap_or("of an unknown type")), Ok);
    }
    match (class(&plain), found) {
        ("image", None) if SHOWN.contains(&plain.as_str()) => Ok("application/octet-stream".to_owned()),
        ("image", Some(found)) if plain != "image/svg+xml" => Ok(found.to_owned()),
        // WebM, MP4 and Ogg are containers: audio in them is detected as video.
        ("audio" | "video", Some(found)) if !matches!(class(found), "audio" | "video") => {
            Ok(found.to_owned())
        }
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
    fn the_bytes_say_more_than_the_declaration() {
        for (declared, head, stored) in [
            ("image/png", &b"<!DOCTYPE html><script>"[..], "text/html"),
            ("image/png", b"words", "application/octet-stream"),
            ("audio/ogg", b"%PDF-1.7", "application/pdf"),
            ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("image/x-tga", b"\0\0\x02\0\0\0", "image/x-tga"),
            ("image/vnd.dxf", b"0\nSECTION", "image/vnd.dxf"),
            ("image/x-eps", b"%!PS-Adobe-3.0 EPSF-3.0", "application/postscript"),
            ("video/mp2t", b"#!/usr/bin/env node", "text/x-shellscript"),
            ("audio/amr-wb", b"#!AMR-WB\n", "audio/amr-wb"),
            ("image/tiff", b"II*\0\x08\0\0\0C\0\0\0", "image/tiff"),
            ("image/tiff", b"II+\0\x08\0\0\0\x10\0\0\0", "image/tiff"),
        ] {
            assert_eq!(stored_type(declared, head).unwrap(), stored, "{declared}");
        }
    }

    #[test]
    fn a_recording_may_come_in_a_video_container() {
        assert_eq!(
            stored_type("audio/webm;codecs=opus", b"\x1a\x45\xdf\xa3").unwrap(),
            "audio/webm;codecs=opus"
        );
        assert_eq!(stored_type("audio/opus", b"raw frames").unwrap(), "audio/opus");
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
            assert_eq!(stored_type(range, head).unwrap(), found, "{range}");
        }
        for (range, head) in [
            ("image/*", &b"words"[..]),
            ("image/*", b"%PDF-1.7"),
            ("image/*", mp4),
            ("video/*", b"\xff\xd8\xff\xe0"),
            ("audio/*", b"%PDF-1.7"),
        ] {
            assert!(stored_type(range, head).is_err(), "{range}");
        }
    }

    #[test]
    fn only_media_without_scripts_is_shown_in_place() {
        assert!(is_shown_inline("image/png"));
        assert!(is_shown_inline("audio/ogg; codecs=opus") && is_shown_inline("video/mp4"));
        for xml in
            ["image/svg+xml; charset=utf-8", "image/SVG+XML", "image/x+xml", "video/x+xml", "audio/a+xml;b=c"]
        {
            assert!(!is_shown_inline(xml), "{xml}");
        }
        assert!(!is_shown_inline("text/html"));
    }
}
