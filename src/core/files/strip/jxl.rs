//! JPEG XL in its container of boxes. A bare codestream holds no metadata.

use std::io::{Read, Result, Seek};

use super::{Edits, File, bmff};

pub(super) const SIGNATURE: [u8; 12] = *b"\0\0\0\x0cJXL \r\n\x87\n";

/// The boxes that are kept: the codestream, which holds orientation and colours, its level and index. Of the others,
/// `Exif`, `xml ` and `jumb` are metadata, `brob` is such a box compressed, and `jbrd` restores the metadata of the JPEG
/// that the picture was made of.
const KEPT: [&[u8; 4]; 6] = [b"JXL ", b"ftyp", b"jxlc", b"jxlp", b"jxll", b"jxli"];

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let mut at = 0;
    while let Some(found) = bmff::read_box(file, at, file.length)? {
        if !KEPT.contains(&&found.name) {
            edits.cut(found.at, found.end - found.at)?;
        }
        at = found.end;
    }
    Ok(())
}
