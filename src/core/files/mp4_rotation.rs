//! Whether an MP4 or QuickTime video is rotated: phones record in landscape and store a rotation matrix.

use std::io::{Read, Result, Seek, SeekFrom};

/// How many boxes are inspected; a video has dozens.
const MAX_BOXES: usize = 4_096;

/// Whether the first video track is displayed rotated by 90 or 270 degrees. Leaves the file at its beginning.
pub(super) fn is_rotated(file: &mut (impl Read + Seek)) -> Result<bool> {
    let matrix = first_matrix(file);
    file.rewind()?;
    Ok(matrix?.is_some_and(|[a, b, c, d]| a == 0 && d == 0 && b != 0 && c != 0))
}

/// The display matrix of the first track that has a width.
fn first_matrix(file: &mut (impl Read + Seek)) -> Result<Option<[i32; 4]>> {
    file.rewind()?;
    let mut start = [0; 8];
    file.read_exact(&mut start)?;
    // All but very old files begin with this box; those are not supported.
    if &start[4..] != b"ftyp" {
        return Ok(None);
    }
    file.rewind()?;
    for _ in 0..MAX_BOXES {
        let at = file.stream_position()?;
        let mut head = [0; 8];
        if file.read_exact(&mut head).is_err() {
            return Ok(None);
        }
        let mut size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let mut body = 8;
        if size == 1 {
            let mut long = [0; 8];
            file.read_exact(&mut long)?;
            (size, body) = (u64::from_be_bytes(long), 16);
        }
        match &head[4..] {
            // A container: its content follows.
            b"moov" | b"trak" => continue,
            b"tkhd" => {
                let mut track = [0; 96];
                let length =
                    usize::try_from(size.saturating_sub(body)).unwrap_or(usize::MAX).min(track.len());
                file.read_exact(&mut track[..length])?;
                if let Some(matrix) = matrix(&track[..length]) {
                    return Ok(Some(matrix));
                }
            }
            _ => {}
        }
        // A box of size zero extends to the end of the file.
        let Some(next) = at.checked_add(size).filter(|_| size >= body) else { return Ok(None) };
        file.seek(SeekFrom::Start(next))?;
    }
    Ok(None)
}

/// The rotation part of a track header's matrix; `None` for a track without a width, such as sound.
fn matrix(track: &[u8]) -> Option<[i32; 4]> {
    // Timestamps have 64 bits in version 1, 32 in version 0.
    let at = if *track.first()? == 1 { 52 } else { 40 };
    let number = |at: usize| Some(i32::from_be_bytes(track.get(at..at + 4)?.try_into().ok()?));
    let width = number(at + 36)?;
    (width != 0).then_some([number(at)?, number(at + 4)?, number(at + 12)?, number(at + 16)?])
}
