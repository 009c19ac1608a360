//! What decoding a picture costs besides the pixels that come of it: decoders don't count that towards their bounds.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

/// How many segments or chunks are looked at; a picture has some dozens, an animation some hundreds.
const MOST_CHUNKS: usize = 10_000;
/// A JPEG that comes in several passes is collected: two bytes for each of up to four colours.
const COLLECTED: u64 = 8;
/// A WebP is put together of brightness, colours, transparency and a canvas.
const PUT_TOGETHER: u64 = 7;

/// What a picture costs besides its pixels.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Bytes for each pixel.
    pub(super) per_pixel: u64,
    /// The most pixels that a part of it claims to have: a decoder believes it, and finds out later
    /// that the whole has fewer.
    pub(super) part: u64,
}

/// What a picture costs, by its head. The file is left at its beginning.
pub(super) fn cost(file: &mut (impl Read + Seek)) -> Result<Cost> {
    file.rewind()?;
    let mut head = [0; 12];
    let cost = match file.read_exact(&mut head) {
        Ok(()) if head.starts_with(&[0xff, 0xd8]) => jpeg(file),
        Ok(()) if head.starts_with(b"RIFF") && head.ends_with(b"WEBP") => webp(file),
        _ => Ok(Cost::default()),
    };
    file.rewind()?;
    match cost {
        // It breaks off: its decoder will see that, too.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Cost::default()),
        cost => cost,
    }
}

/// Pixels of a progressive JPEG, and of one whose colours come one after the other, are there when all of it was read.
fn jpeg(file: &mut (impl Read + Seek)) -> Result<Cost> {
    let is_collected = match comes_in_passes(file) {
        // Whoever is not sure expects the worst.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
        found => found?,
    };
    Ok(Cost { per_pixel: if is_collected { COLLECTED } else { 0 }, part: 0 })
}

fn comes_in_passes(file: &mut (impl Read + Seek)) -> Result<bool> {
    file.seek(SeekFrom::Start(2))?;
    let mut colours = 0;
    for _ in 0..MOST_CHUNKS {
        let mut segment = [0; 4];
        file.read_exact(&mut segment)?;
        let [mark, kind, length @ ..] = segment;
        let next = file.stream_position()? + u64::from(u16::from_be_bytes(length)).saturating_sub(2);
        let mut body = [0; 6];
        match (mark, kind) {
            (0xff, 0xc0 | 0xc1) => {
                file.read_exact(&mut body)?;
                colours = body[5];
            }
            (0xff, 0xda) => {
                file.read_exact(&mut body[..1])?;
                return Ok(body[0] < colours);
            }
            (0xff, 0xc4 | 0xdb..=0xef | 0xfe) => {}
            // A progressive one, or an odd one.
            _ => return Ok(true),
        }
        file.seek(SeekFrom::Start(next))?;
    }
    Ok(true)
}

fn webp(file: &mut (impl Read + Seek)) -> Result<Cost> {
    let mut cost = Cost { per_pixel: PUT_TOGETHER, part: 0 };
    let mut at = 12;
    for _ in 0..MOST_CHUNKS {
        file.seek(SeekFrom::Start(at))?;
        let Some((name, length)) = chunk(file)? else { return Ok(cost) };
        match &name {
            b"VP8 " => cost.part = cost.part.max(pixels(file)?),
            b"ANMF" => {
                file.seek(SeekFrom::Start(at + 24))?;
                if let Some((name, length)) = chunk(file)? {
                    // Behind its transparency, a frame has its colours, whatever it calls them.
                    if &name == b"ALPH" {
                        file.seek(SeekFrom::Start(at + 40 + length))?;
                    }
                    if matches!(&name, b"VP8 " | b"ALPH") {
                        cost.part = cost.part.max(pixels(file)?);
                    }
                }
            }
            _ => {}
        }
        at += 8 + length;
    }
    Ok(Cost { part: u64::MAX, ..cost })
}

/// The name of a chunk and its length, with what fills it up to an even one; nothing at the end.
fn chunk(file: &mut impl Read) -> Result<Option<([u8; 4], u64)>> {
    let mut head = [0; 8];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let [a, b, c, d, length @ ..] = head;
    let length = u64::from(u32::from_le_bytes(length));
    Ok(Some(([a, b, c, d], length + length % 2)))
}

/// Width by height of a VP8 frame.
fn pixels(file: &mut impl Read) -> Result<u64> {
    let mut head = [0; 10];
    if let Err(error) = file.read_exact(&mut head) {
        return if error.kind() == ErrorKind::UnexpectedEof { Ok(0) } else { Err(error) };
    }
    let side = |low, high| u64::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Ok(side(head[6], head[7]) * side(head[8], head[9]))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn cost_of(file: &[&[u8]]) -> Cost {
        cost(&mut Cursor::new(file.concat())).unwrap()
    }

    #[test]
    fn a_jpeg_is_collected_when_it_comes_in_passes() {
        let frame = |kind: u8| [0xff, kind, 0, 17, 8, 0, 9, 0, 9, 3, 1, 17, 0, 2, 17, 1, 3, 17, 1];
        let scan = |colours: u8| [0xff, 0xda, 0, 4, colours, 0, 0, 0, 0, 0];
        let start = &[0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0][..];
        assert_eq!(cost_of(&[start, &frame(0xc0), &scan(3)]).per_pixel, 0);
        assert_eq!(cost_of(&[start, &frame(0xc0), &scan(1)]).per_pixel, COLLECTED);
        assert_eq!(cost_of(&[start, &frame(0xc2), &scan(3)]).per_pixel, COLLECTED);
        assert_eq!(cost_of(&[start, b"??", &frame(0xc0), &scan(3)]).per_pixel, COLLECTED, "an odd one");
    }

    #[test]
    fn what_a_part_of_a_webp_claims_is_seen() {
        let start = b"RIFF\0\0\0\0WEBP";
        let frame = b"\0\0\0\x9d\x01\x2a\xff\x3f\x10\0";
        let still = [b"VP8 \x0a\0\0\0", &frame[..]].concat();
        let clear = [&b"ALPH\x03\0\0\0abc\0"[..], b"????\x0a\0\0\0", &frame[..]].concat();
        assert_eq!(cost_of(&[start, &still]).part, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"VP8X\0\0\0\0", &still]).part, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"ANMF\x22\0\0\0", &[0; 16], &still]).part, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"ANMF\x2e\0\0\0", &[0; 16], &clear]).part, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"VP8L\0\0\0\0"]).part, 0);
    }
}
