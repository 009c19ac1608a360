//! WebP: chunks of four-letter name, length and data padded to an even number of bytes.

use std::io::{Read, Result, Seek};

use super::{Edits, File, tiff};

const KEPT: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// The flags in `VP8X` that announce EXIF and XMP.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let declared = u64::from(u32::from_le_bytes(file.array(4)?));
    let end = (8 + declared).min(file.length);
    let (mut at, mut kept, mut flags, mut has_exif) = (12, 4, None, false);
    while at + 8 <= end {
        let [a, b, c, d, length @ ..] = file.array::<8>(at)?;
        let length = u64::from(u32::from_le_bytes(length));
        // A chunk that claims to be longer than the file ends with it.
        let total = (8 + length + length % 2).min(end - at);
        match &[a, b, c, d] {
            b"VP8X" if length >= 1 && flags.is_none() => {
                flags = Some((at + 8, file.array::<1>(at + 8)?[0]));
                kept += total;
            }
            b"EXIF" => {
                if let Some(orientation) = tiff::exif_orientation(file, at + 8, total - 8)?
                    && !has_exif
                {
                    let block = tiff::orientation_block(orientation);
                    let chunk = [b"EXIF", &(block.len() as u32).to_le_bytes()[..], &block].concat();
                    kept += chunk.len() as u64;
                    edits.replace(at, total, chunk)?;
                    has_exif = true;
                } else {
                    edits.cut(at, total)?;
                }
            }
            name if KEPT.contains(&name) => kept += total,
            _ => edits.cut(at, total)?,
        }
        at += total;
    }
    edits.cut(at, file.length - at)?;
    if let Some((at, before)) = flags {
        let after = before & !(HAS_XMP | HAS_EXIF) | if has_exif { HAS_EXIF } else { 0 };
        if after != before {
            edits.replace(at, 1, vec![after])?;
        }
    }
    // The size of a truncated file is left as it was declared.
    if !edits.list.is_empty()
        && 8 + declared <= file.length
        && kept != declared
        && let Ok(kept) = u32::try_from(kept)
    {
        edits.replace(4, 4, kept.to_le_bytes().to_vec())?;
    }
    Ok(())
}
