//! JPEG: segments, each `FF`, a marker and a length; then compressed pixels until the next marker.

use super::{Format, Step, Strip, tiff};

pub(super) const START: [u8; 3] = [0xff, 0xd8, 0xff];

/// How much of a segment tells what it is.
const NAME: usize = 12;

/// Judges the segment that begins here.
pub(super) fn head(strip: &mut Strip, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    // Between segments may stand fill bytes, and in broken files anything.
    if input[0] != 0xff {
        return Some(1);
    }
    let marker = *input.get(1)?;
    match marker {
        0xff => return Some(1),
        0x00 => return Some(2),
        0x01 | 0xd0..=0xd8 => {
            kept.extend_from_slice(&input[..2]);
            return Some(2);
        }
        0xd9 => {
            kept.extend_from_slice(&input[..2]);
            strip.step = Step::Ended;
            return Some(2);
        }
        _ => {}
    }
    let length = usize::from(u16::from_be_bytes([*input.get(2)?, *input.get(3)?]));
    if length < 2 {
        return Some(2);
    }
    let body = length - 2;
    let start = input.get(4..4 + body.min(NAME))?;
    let stays = match marker {
        // Which side is up; all else in it goes, and so does XMP, which has the same marker.
        0xe1 => {
            let segment = input.get(4..4 + body)?;
            if segment.starts_with(b"Exif\0\0")
                && let Some(orientation) = tiff::turned(segment)
            {
                kept.extend_from_slice(&[0xff, 0xe1, 0, 2 + 6 + tiff::LENGTH as u8]);
                kept.extend_from_slice(b"Exif\0\0");
                kept.extend_from_slice(&tiff::only(orientation));
            }
            false
        }
        // How to read the colours.
        0xe0 => start.starts_with(b"JFIF\0"),
        0xe2 => start.starts_with(b"ICC_PROFILE\0"),
        0xee => start.starts_with(b"Adobe"),
        0xe3..=0xef | 0xfe => false,
        _ => true,
    };
    if marker == 0xda {
        kept.extend_from_slice(input.get(..4 + body)?);
        strip.step = Step::Pixels;
        return Some(4 + body);
    }
    let whole = 4 + body as u64;
    strip.step = if stays { Step::Keep(whole) } else { Step::Drop(whole) };
    Some(0)
}

/// Keeps compressed pixels until the next segment.
pub(super) fn pixels(strip: &mut Strip, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let mark = input.iter().position(|byte| *byte == 0xff).unwrap_or(input.len());
    kept.extend_from_slice(&input[..mark]);
    match input.get(mark..mark + 2) {
        // A stuffed zero, or a restart.
        Some([_, 0x00 | 0xd0..=0xd7]) => {
            kept.extend_from_slice(&input[mark..mark + 2]);
            Some(mark + 2)
        }
        Some(_) => {
            strip.step = Step::Head;
            Some(mark)
        }
        None if mark == 0 => None,
        None => Some(mark),
    }
}

/// Cameras put further pictures behind the first one, and films, texts and places.
pub(super) fn ended(strip: &mut Strip, input: &[u8]) -> Option<usize> {
    if input[0] == 0 {
        return Some(1);
    }
    strip.format = Format::Jpeg;
    strip.step = if input.get(..3)? == START { Step::Head } else { Step::DropRest };
    Some(0)
}
