//! GIF: blocks of a kind and sub-blocks, each with its length.

use std::io::{Read, Result, Seek};

use super::{Edits, File};

/// The application blocks that are kept: repetition and the colour profile.
const KEPT: [&[u8; 11]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let [flags] = file.array(10)?;
    let mut at = 13 + palette(flags);
    loop {
        let begin = at;
        match file.array(at)? {
            // An extension: graphic control and plain text are displayed, comments are not.
            [0x21] => {
                let [label, length] = file.array(at + 1)?;
                at = sub_blocks(file, at + 2)?;
                let is_kept = match label {
                    0xff if length == 11 => KEPT.contains(&&file.array(begin + 3)?),
                    0xff | 0xfe => false,
                    _ => true,
                };
                if !is_kept {
                    edits.cut(begin, at - begin)?;
                }
            }
            // A frame: descriptor, palette, code size, data.
            [0x2c] => {
                let [flags] = file.array(at + 9)?;
                at = sub_blocks(file, at + 10 + palette(flags) + 1)?;
            }
            [0x3b] => return edits.cut(at + 1, file.length - at - 1),
            // Broken: readers stop here.
            _ => return Ok(()),
        }
    }
}

/// The length of a palette in bytes.
fn palette(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where a chain of sub-blocks ends.
fn sub_blocks<F: Read + Seek>(file: &mut File<F>, mut at: u64) -> Result<u64> {
    loop {
        let [length] = file.array(at)?;
        at += 1 + u64::from(length);
        if length == 0 {
            return Ok(at);
        }
    }
}
