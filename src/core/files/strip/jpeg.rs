//! JPEG: segments of `FF`, marker, length and data; then compressed image data until the next marker.

use std::io::{BufRead, Read, Result, Seek};

use super::{Edits, File, tiff};

/// How many bytes of a segment's data are needed to identify it.
const NAME: usize = 12;

/// Scans all pictures of a file: cameras append more of them, and videos, texts and locations, which are removed.
pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let mut at = 0;
    while at + 3 <= file.length {
        if file.array(at)? != [0xff, 0xd8, 0xff] {
            return edits.cut(at, file.length - at);
        }
        at = picture(file, at + 2, edits)?;
        let padding = at;
        while at < file.length && file.array(at)? == [0] {
            at += 1;
        }
        edits.cut(padding, at - padding)?;
    }
    edits.cut(at, file.length - at)
}

/// Scans the segments of one picture and returns where it ends.
fn picture<F: Read + Seek>(file: &mut File<F>, mut at: u64, edits: &mut Edits) -> Result<u64> {
    loop {
        let [mark, marker] = file.array(at)?;
        match (mark, marker) {
            // Fill bytes.
            (0xff, 0xff) => at += 1,
            (0xff, 0xd9) => return Ok(at + 2),
            (0xff, 0x01 | 0xd0..=0xd8) => at += 2,
            (0xff, 0x00) => {
                edits.cut(at, 2)?;
                at += 2;
            }
            (0xff, marker) => at = segment(file, at, marker, edits)?,
            // Broken files.
            _ => {
                edits.cut(at, 1)?;
                at += 1;
            }
        }
    }
}

/// Keeps or removes a segment and returns where the next one begins.
fn segment<F: Read + Seek>(file: &mut File<F>, at: u64, marker: u8, edits: &mut Edits) -> Result<u64> {
    let length = u64::from(u16::from_be_bytes(file.array(at + 2)?));
    if length < 2 {
        edits.cut(at, 2)?;
        return Ok(at + 2);
    }
    let (body, end) = (length - 2, at + 2 + length);
    let known = (body as usize).min(NAME).min(file.length.saturating_sub(at + 4) as usize);
    let start = file.bytes(at + 4, known)?;
    match marker {
        // EXIF: only the orientation is kept. XMP has the same marker and is removed.
        0xe1 => {
            let is_exif = start.starts_with(b"Exif\0\0");
            let orientation =
                if is_exif { tiff::orientation(file, at + 10, body.saturating_sub(6))? } else { None };
            let kept = orientation.map_or_else(Vec::new, |orientation| {
                let block = tiff::orientation_block(orientation);
                [&[0xff, 0xe1, 0, 2 + 6 + block.len() as u8][..], b"Exif\0\0", &block].concat()
            });
            edits.replace(at, 2 + length, kept)?;
        }
        // Colour information.
        0xe0 if start.starts_with(b"JFIF\0") => {}
        0xe2 if start.starts_with(b"ICC_PROFILE\0") => {}
        0xee if start.starts_with(b"Adobe") => {}
        0xe0..=0xef | 0xfe => edits.cut(at, 2 + length)?,
        0xda => return image_data(file, end),
        _ => {}
    }
    Ok(end)
}

/// The end of compressed image data: stuffed zeros and restart markers, which fill bytes may precede, belong to it.
fn image_data<F: Read + Seek>(file: &mut File<F>, mut at: u64) -> Result<u64> {
    file.seek(at)?;
    let mut is_marked = false;
    loop {
        let buffer = file.inner.fill_buf()?;
        if buffer.is_empty() {
            return Ok(at);
        }
        let mut used = 0;
        while used < buffer.len() {
            if is_marked {
                match buffer[used] {
                    0xff => {}
                    0x00 | 0xd0..=0xd7 => is_marked = false,
                    _ => {
                        file.at = at + used as u64;
                        file.inner.consume(used);
                        return Ok(file.at - 1);
                    }
                }
                used += 1;
            } else if let Some(mark) = buffer[used..].iter().position(|byte| *byte == 0xff) {
                used += mark + 1;
                is_marked = true;
            } else {
                used = buffer.len();
            }
        }
        file.inner.consume(used);
        at += used as u64;
        file.at = at;
    }
}
