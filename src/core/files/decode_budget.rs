//! Estimates the memory that decoding a picture takes besides the decoded pixels, which decoders do not count towards
//! their own limits.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

/// How many segments or chunks are inspected; a picture has dozens, an animation hundreds.
const MAX_CHUNKS: usize = 10_000;
/// Bytes per pixel that a multi-scan JPEG buffers: two for each of up to four components.
const MULTI_SCAN_JPEG: u64 = 8;
/// Bytes per pixel of a WebP's luma, chroma, alpha and canvas buffers.
const WEBP_BUFFERS: u64 = 7;

/// Memory that decoding takes besides the decoded pixels.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Bytes per pixel.
    pub(super) per_pixel: u64,
    /// The largest number of pixels that an embedded frame claims to have: a decoder allocates them before it notices
    /// that the picture has fewer.
    pub(super) largest_frame: u64,
    /// The colours of a JPEG; 0 in other formats.
    pub(super) components: u8,
}

/// Estimates the cost by a picture's headers. Leaves the file at its beginning.
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
        // Truncated: the decoder will report that.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Cost::default()),
        cost => cost,
    }
}

/// A progressive JPEG, and one with a scan per component, must be buffered as a whole before pixels can be computed.
fn jpeg(file: &mut (impl Read + Seek)) -> Result<Cost> {
    let is_multi_scan = match is_multi_scan(file) {
        // When unsure, assume the worst.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
        found => found?,
    };
    let components = components(file).unwrap_or_default();
    let per_pixel = if is_multi_scan { MULTI_SCAN_JPEG } else { 0 };
    Ok(Cost { per_pixel, components, ..Cost::default() })
}

/// The number of colours of a JPEG.
fn components(file: &mut (impl Read + Seek)) -> Result<u8> {
    let mut at = 2;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(at))?;
        let mut segment = [0; 10];
        file.read_exact(&mut segment)?;
        let length = u64::from(u16::from_be_bytes([segment[2], segment[3]]));
        match segment[..2] {
            [0xff, 0xff] => at += 1,
            [0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf] => return Ok(segment[9]),
            [0xff, 0xda] => break,
            [0xff, _] => at += 2 + length,
            _ => break,
        }
    }
    Ok(0)
}

fn is_multi_scan(file: &mut (impl Read + Seek)) -> Result<bool> {
    file.seek(SeekFrom::Start(2))?;
    let mut components = 0;
    for _ in 0..MAX_CHUNKS {
        let mut segment = [0; 4];
        file.read_exact(&mut segment)?;
        let [mark, kind, length @ ..] = segment;
        let next = file.stream_position()? + u64::from(u16::from_be_bytes(length)).saturating_sub(2);
        let mut body = [0; 6];
        match (mark, kind) {
            (0xff, 0xc0 | 0xc1) => {
                file.read_exact(&mut body)?;
                components = body[5];
            }
            (0xff, 0xda) => {
                file.read_exact(&mut body[..1])?;
                return Ok(body[0] < components);
            }
            (0xff, 0xc4 | 0xdb..=0xef | 0xfe) => {}
            // Progressive or unusual.
            _ => return Ok(true),
        }
        file.seek(SeekFrom::Start(next))?;
    }
    Ok(true)
}

fn webp(file: &mut (impl Read + Seek)) -> Result<Cost> {
    let mut cost = Cost { per_pixel: WEBP_BUFFERS, ..Cost::default() };
    let mut at = 12;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(at))?;
        let Some((name, length)) = chunk(file)? else { return Ok(cost) };
        match &name {
            b"VP8 " => cost.largest_frame = cost.largest_frame.max(pixels(file)?),
            b"ANMF" => {
                file.seek(SeekFrom::Start(at + 24))?;
                if let Some((name, length)) = chunk(file)? {
                    // The colour chunk follows the alpha chunk; its name is not checked, as decoders don't check it.
                    if &name == b"ALPH" {
                        file.seek(SeekFrom::Start(at + 40 + length))?;
                    }
                    if matches!(&name, b"VP8 " | b"ALPH") {
                        cost.largest_frame = cost.largest_frame.max(pixels(file)?);
                    }
                }
            }
            _ => {}
        }
        at += 8 + length;
    }
    Ok(Cost { largest_frame: u64::MAX, ..cost })
}

/// A chunk's name and its length including padding to an even number; `None` at the end of the file.
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
        assert_eq!(cost_of(&[start, &frame(0xc0), &scan(1)]).per_pixel, MULTI_SCAN_JPEG);
        assert_eq!(cost_of(&[start, &frame(0xc2), &scan(3)]).per_pixel, MULTI_SCAN_JPEG);
        assert_eq!(cost_of(&[start, b"??", &frame(0xc0), &scan(3)]).per_pixel, MULTI_SCAN_JPEG, "an odd one");
    }

    #[test]
    fn what_a_part_of_a_webp_claims_is_seen() {
        let start = b"RIFF\0\0\0\0WEBP";
        let frame = b"\0\0\0\x9d\x01\x2a\xff\x3f\x10\0";
        let still = [b"VP8 \x0a\0\0\0", &frame[..]].concat();
        let clear = [&b"ALPH\x03\0\0\0abc\0"[..], b"????\x0a\0\0\0", &frame[..]].concat();
        assert_eq!(cost_of(&[start, &still]).largest_frame, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"VP8X\0\0\0\0", &still]).largest_frame, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"ANMF\x22\0\0\0", &[0; 16], &still]).largest_frame, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"ANMF\x2e\0\0\0", &[0; 16], &clear]).largest_frame, 16_383 * 16);
        assert_eq!(cost_of(&[start, b"VP8L\0\0\0\0"]).largest_frame, 0);
    }
}
