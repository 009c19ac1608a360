//! WebP: chunks of four-letter name, length and data padded to an even number of bytes.
//!
//! The file's length is in its header, which was passed on already when a chunk must be dropped. So
//! the chunk is not removed, but renamed to an unknown one and filled with zeros.

use image::metadata::Orientation;

use super::{Format, MAX_EXIF_SIZE, MetadataStripper, Step, tiff};

const KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// The flag in `VP8X` that announces XMP.
const HAS_XMP: u8 = 0x04;

/// Parses a chunk's header and decides what to do with the chunk.
pub(super) fn head(stripper: &mut MetadataStripper, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let Format::WebP(left) = stripper.format else { return None };
    if left < 8 {
        stripper.step = Step::DropRest;
        return Some(input.len());
    }
    let head = input.get(..8)?;
    let name = [head[0], head[1], head[2], head[3]];
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    // A chunk that claims to be longer than the file ends with it.
    let data = (u64::from(length) + u64::from(length % 2)).min(left - 8);
    let (used, step) = match &name {
        b"VP8X" if data >= 10 => {
            let flags = *input.get(8)?;
            kept.extend_from_slice(head);
            kept.push(flags & !HAS_XMP);
            (9, Step::Keep(data - 1))
        }
        b"EXIF" if data >= tiff::LENGTH as u64 && data <= MAX_EXIF_SIZE as u64 => {
            let exif = input.get(8..8 + data as usize)?;
            kept.extend_from_slice(head);
            kept.extend_from_slice(&tiff::orientation_block(
                tiff::orientation(exif).unwrap_or(Orientation::NoTransforms),
            ));
            (8 + tiff::LENGTH, Step::Blank(data - tiff::LENGTH as u64))
        }
        name if KEPT.contains(&name) => {
            kept.extend_from_slice(head);
            (8, Step::Keep(data))
        }
        _ => {
            kept.extend_from_slice(b"JUNK");
            kept.extend_from_slice(&head[4..]);
            (8, Step::Blank(data))
        }
    };
    stripper.format = Format::WebP(left - 8 - data);
    stripper.step = super::next(step);
    Some(used)
}
