//! JPEG: segments of `FF`, marker, length and data; then compressed image data until the next marker.

use super::{Format, MetadataStripper, Step, tiff};

pub(super) const START: [u8; 3] = [0xff, 0xd8, 0xff];

/// How many bytes of a segment's data are needed to identify it.
const NAME: usize = 12;

/// Parses a segment's header and decides what to do with the segment.
pub(super) fn head(stripper: &mut MetadataStripper, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    // There may be fill bytes between segments, and anything in broken files.
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
            stripper.step = Step::Ended;
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
    let is_kept = match marker {
        // EXIF: only the orientation is kept. XMP has the same marker and is dropped.
        0xe1 => {
            let segment = input.get(4..4 + body)?;
            if segment.starts_with(b"Exif\0\0")
                && let Some(orientation) = tiff::orientation(segment)
            {
                kept.extend_from_slice(&[0xff, 0xe1, 0, 2 + 6 + tiff::LENGTH as u8]);
                kept.extend_from_slice(b"Exif\0\0");
                kept.extend_from_slice(&tiff::orientation_block(orientation));
            }
            false
        }
        // Colour information.
        0xe0 => start.starts_with(b"JFIF\0"),
        0xe2 => start.starts_with(b"ICC_PROFILE\0"),
        0xee => start.starts_with(b"Adobe"),
        0xe3..=0xef | 0xfe => false,
        _ => true,
    };
    if marker == 0xda {
        kept.extend_from_slice(input.get(..4 + body)?);
        stripper.step = Step::Pixels;
        return Some(4 + body);
    }
    let total = 4 + body as u64;
    stripper.step = if is_kept { Step::Keep(total) } else { Step::Drop(total) };
    Some(0)
}

/// Keeps compressed image data until the next segment.
pub(super) fn pixels(stripper: &mut MetadataStripper, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let mark = input.iter().position(|byte| *byte == 0xff).unwrap_or(input.len());
    kept.extend_from_slice(&input[..mark]);
    match input.get(mark..mark + 2) {
        // A stuffed zero or a restart marker.
        Some([_, 0x00 | 0xd0..=0xd7]) => {
            kept.extend_from_slice(&input[mark..mark + 2]);
            Some(mark + 2)
        }
        Some(_) => {
            stripper.step = Step::Head;
            Some(mark)
        }
        None if mark == 0 => None,
        None => Some(mark),
    }
}

/// Cameras append more pictures, videos, texts and locations to the first picture: only pictures are kept.
pub(super) fn ended(stripper: &mut MetadataStripper, input: &[u8]) -> Option<usize> {
    if input[0] == 0 {
        return Some(1);
    }
    stripper.format = Format::Jpeg;
    stripper.step = if input.get(..3)? == START { Step::Head } else { Step::DropRest };
    Some(0)
}
