//! PNG: chunks of length, four-letter name, data and checksum.

use std::io::{Read, Result, Seek};

use super::{Edits, File, tiff};

pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The chunks that are kept: pixels, palette, colours, physical dimensions, animation.
const KEPT: [&[u8; 4]; 20] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV",
    b"cLLI", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
];
/// The texts that are kept: drawings that editors store in the picture that they export, and open again.
const DRAWINGS: [&[u8]; 4] = [b"mxfile", b"mxGraphModel", b"application/vnd.excalidraw+json", b"plantuml"];
/// What the decoder of the first frame needs.
const FRAME: [&[u8; 4]; 6] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"eXIf"];

/// The header of a chunk.
pub(super) struct Chunk {
    pub(super) at: u64,
    pub(super) name: [u8; 4],
    /// The length of its data.
    pub(super) length: u64,
}

impl Chunk {
    /// The data, and the length, name and checksum fields.
    fn total(&self) -> u64 {
        12 + self.length
    }
}

/// The chunk at an offset; `None` at the end, and when it is none.
pub(super) fn chunk<F: Read + Seek>(file: &mut File<F>, at: u64) -> Result<Option<Chunk>> {
    if at + 8 > file.length {
        return Ok(None);
    }
    let [a, b, c, d, name @ ..] = file.array::<8>(at)?;
    let length = u32::from_be_bytes([a, b, c, d]);
    let is_chunk = name.iter().all(u8::is_ascii_alphabetic) && length <= i32::MAX as u32;
    Ok(is_chunk.then_some(Chunk { at, name, length: length.into() }))
}

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let mut at = 8;
    while let Some(chunk) = chunk(file, at)? {
        at += chunk.total();
        match &chunk.name {
            b"IEND" => break,
            name if KEPT.contains(&name) => {}
            b"tEXt" | b"zTXt" | b"iTXt" if is_drawing(file, &chunk)? => {}
            b"eXIf" => {
                let kept = match tiff::orientation(file, chunk.at + 8, chunk.length)? {
                    Some(orientation) => new_chunk(*b"eXIf", &tiff::orientation_block(orientation)),
                    None => Vec::new(),
                };
                edits.replace(chunk.at, chunk.total(), kept)?;
            }
            _ => edits.cut(chunk.at, chunk.total())?,
        }
    }
    edits.cut(at, file.length.saturating_sub(at))
}

fn is_drawing<F: Read + Seek>(file: &mut File<F>, chunk: &Chunk) -> Result<bool> {
    let known = chunk.length.min(80).min(file.length.saturating_sub(chunk.at + 8));
    let keyword = file.bytes(chunk.at + 8, known as usize)?;
    let keyword = keyword.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(DRAWINGS.contains(&keyword))
}

/// Keeps what the decoder of the first frame needs.
pub(super) fn keep_frame<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let mut at = 8;
    while let Some(chunk) = chunk(file, at)? {
        at += chunk.total();
        if !FRAME.contains(&&chunk.name) {
            edits.cut(chunk.at, chunk.total())?;
        }
        if chunk.name == *b"IEND" {
            break;
        }
    }
    Ok(())
}

fn new_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&name);
    chunk.extend_from_slice(data);
    let sum = checksum(&chunk[4..]);
    chunk.extend_from_slice(&sum.to_be_bytes());
    chunk
}

/// CRC-32; bit by bit, because it is computed over some thirty bytes per picture.
pub(in crate::files) fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}
