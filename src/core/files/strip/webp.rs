//! WebP: chunks, each four letters, a length and data of an even number of bytes.
//!
//! The file's length stands at its beginning, which is gone when a chunk comes that must not stay:
//! its bytes become zeros, under a name that every reader passes over.

use image::metadata::Orientation;

use super::{Format, LARGEST_EXIF, Step, Strip, tiff};

const NEEDED: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// Of the flags: there is XMP.
const HAS_XMP: u8 = 0x04;

/// Judges the chunk that begins here.
pub(super) fn head(strip: &mut Strip, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let Format::WebP(left) = strip.format else { return None };
    if left < 8 {
        strip.step = Step::DropRest;
        return Some(input.len());
    }
    let head = input.get(..8)?;
    let name = [head[0], head[1], head[2], head[3]];
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    // What claims to be longer than the file ends with it.
    let data = (u64::from(length) + u64::from(length % 2)).min(left - 8);
    let (used, step) = match &name {
        b"VP8X" if data >= 10 => {
            let flags = *input.get(8)?;
            kept.extend_from_slice(head);
            kept.push(flags & !HAS_XMP);
            (9, Step::Keep(data - 1))
        }
        b"EXIF" if data >= tiff::LENGTH as u64 && data <= LARGEST_EXIF as u64 => {
            let exif = input.get(8..8 + data as usize)?;
            kept.extend_from_slice(head);
            kept.extend_from_slice(&tiff::only(tiff::turned(exif).unwrap_or(Orientation::NoTransforms)));
            (8 + tiff::LENGTH, Step::Blank(data - tiff::LENGTH as u64))
        }
        name if NEEDED.contains(&name) => {
            kept.extend_from_slice(head);
            (8, Step::Keep(data))
        }
        _ => {
            kept.extend_from_slice(b"JUNK");
            kept.extend_from_slice(&head[4..]);
            (8, Step::Blank(data))
        }
    };
    strip.format = Format::WebP(left - 8 - data);
    strip.step = super::next(step);
    Some(used)
}
