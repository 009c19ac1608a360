//! PNG: chunks of length, four-letter name, data and checksum.

use super::{MAX_EXIF_SIZE, MetadataStripper, Step, tiff};

pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The chunks that are kept: pixels, palette, colours, physical dimensions, animation.
const KEPT: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI",
    b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

/// Parses a chunk's header and decides what to do with the chunk.
pub(super) fn head(stripper: &mut MetadataStripper, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let head = input.get(..8)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let name = [head[4], head[5], head[6], head[7]];
    // The length does not include the length, name and checksum fields.
    let total = 12 + u64::from(length);
    stripper.step = if name == *b"IEND" {
        kept.extend_from_slice(input.get(..12)?);
        Step::DropRest
    } else if !name.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as u32 {
        Step::DropRest
    } else if KEPT.contains(&&name) {
        Step::Keep(total)
    } else {
        if name == *b"eXIf" && length as usize <= MAX_EXIF_SIZE {
            let exif = input.get(8..8 + length as usize)?;
            if let Some(orientation) = tiff::orientation(exif) {
                kept.extend_from_slice(&chunk(*b"eXIf", &tiff::orientation_block(orientation)));
            }
        }
        Step::Drop(total)
    };
    Some(if stripper.step == Step::DropRest { input.len() } else { 0 })
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&name);
    chunk.extend_from_slice(data);
    let sum = checksum(&chunk[4..]);
    chunk.extend_from_slice(&sum.to_be_bytes());
    chunk
}

/// CRC-32; bit by bit, because it is computed over some thirty bytes per picture.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}
