//! PNG: chunks, each a length, four letters, data and a checksum.

use super::{LARGEST_EXIF, Step, Strip, tiff};

pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// What it takes to show a picture: pixels, palette, colours, size on paper, animation.
const NEEDED: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI",
    b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];

/// Judges the chunk that begins here.
pub(super) fn head(strip: &mut Strip, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let head = input.get(..8)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let name = [head[4], head[5], head[6], head[7]];
    // The length, the name and the checksum are not counted in the length.
    let whole = 12 + u64::from(length);
    strip.step = if name == *b"IEND" {
        kept.extend_from_slice(input.get(..12)?);
        Step::DropRest
    } else if !name.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as u32 {
        Step::DropRest
    } else if NEEDED.contains(&&name) {
        Step::Keep(whole)
    } else {
        if name == *b"eXIf" && length as usize <= LARGEST_EXIF {
            let exif = input.get(8..8 + length as usize)?;
            if let Some(orientation) = tiff::turned(exif) {
                kept.extend_from_slice(&chunk(*b"eXIf", &tiff::only(orientation)));
            }
        }
        Step::Drop(whole)
    };
    Some(if strip.step == Step::DropRest { input.len() } else { 0 })
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&name);
    chunk.extend_from_slice(data);
    let sum = checksum(&chunk[4..]);
    chunk.extend_from_slice(&sum.to_be_bytes());
    chunk
}

/// CRC-32, as PNG has it; bit by bit, because it is for thirty bytes of a picture.
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
