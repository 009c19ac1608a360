//! The size in which films are shown, and how long they are, by their containers: MP4 and QuickTime, Matroska and WebM.
//!
//! Written here because symphonia knows neither pixels that are not square nor rotation, and refuses a whole file for one
//! video codec that it does not know.

use std::io::{Read, Result, Seek};

use super::strip::bmff::{Box, boxes, children, descendant, handler, number, read_box};
use super::strip::{File, matroska};

/// A longer film is taken for a mistake, in milliseconds.
const MAX_LENGTH_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// How many runs of samples of a track are read.
const MAX_RUNS: u64 = 100_000;
/// The header of a sample entry of a video track, before its boxes.
const SAMPLE_ENTRY: u64 = 78;

/// What a container tells about its video track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Film {
    /// Pixels, as it is shown.
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) duration_ms: Option<i64>,
}

/// Reads the container of a film; `None` when it has no video track, or is of another kind.
pub(super) fn read(source: impl Read + Seek) -> Option<Film> {
    let mut file = File::new(source).ok()?;
    let is_matroska = file.array(0).ok()? == matroska::SIGNATURE;
    let film = if is_matroska { of_matroska(&mut file) } else { of_bmff(&mut file) };
    film.ok().flatten()
}

fn of_bmff<F: Read + Seek>(file: &mut File<F>) -> Result<Option<Film>> {
    let top = boxes(file, 0, file.length)?;
    let Some(moov) = top.into_iter().find(|found| found.name == *b"moov") else { return Ok(None) };
    let inner = children(file, moov)?;
    let mut size = None;
    let mut measured = 0;
    for trak in inner.iter().filter(|found| found.name == *b"trak") {
        measured = measured.max(samples_length(file, *trak)?.unwrap_or_default());
        if size.is_none() && handler(file, *trak)? == Some(*b"vide") {
            size = track_size(file, *trak)?;
        }
    }
    let Some((width, height)) = size else { return Ok(None) };
    let declared = match inner.iter().find(|found| found.name == *b"mvhd") {
        Some(mvhd) => header_length(file, *mvhd)?.unwrap_or_default(),
        None => 0,
    };
    // A film is as long as its samples; an edit list may show less of it.
    let length = match (declared, measured) {
        (0, measured) => measured,
        (declared, 0) => declared,
        (declared, measured) => declared.min(measured),
    };
    let length = Some(length).filter(|length| (1..=MAX_LENGTH_MS).contains(length));
    Ok(Some(Film { width, height, duration_ms: length.and_then(|length| i64::try_from(length).ok()) }))
}

/// The duration in a header (`mvhd`, `mdhd`), in milliseconds.
fn header_length<F: Read + Seek>(file: &mut File<F>, header: Box) -> Result<Option<u64>> {
    let [version] = file.array(header.body)?;
    let (scale, duration, unknown) = match version {
        1 => (number(file, header.body + 20, 4)?, number(file, header.body + 24, 8)?, u64::MAX),
        _ => (number(file, header.body + 12, 4)?, number(file, header.body + 16, 4)?, u32::MAX.into()),
    };
    Ok(milliseconds(duration, scale).filter(|_| duration != unknown))
}

fn milliseconds(duration: u64, scale: u64) -> Option<u64> {
    u64::try_from(u128::from(duration) * 1_000 / u128::from(scale.max(1))).ok().filter(|_| scale > 0)
}

/// The length of all samples of a track, in milliseconds.
fn samples_length<F: Read + Seek>(file: &mut File<F>, trak: Box) -> Result<Option<u64>> {
    let Some(mdhd) = descendant(file, trak, &[b"mdia", b"mdhd"])? else { return Ok(None) };
    let [version] = file.array(mdhd.body)?;
    let scale = number(file, mdhd.body + if version == 1 { 20 } else { 12 }, 4)?;
    let Some(stts) = descendant(file, trak, &[b"mdia", b"minf", b"stbl", b"stts"])? else { return Ok(None) };
    let runs = number(file, stts.body + 4, 4)?;
    if runs > MAX_RUNS {
        return Ok(None);
    }
    let mut total = 0_u64;
    for run in 0..runs {
        let at = stts.body + 8 + run * 8;
        let (count, delta) = (number(file, at, 4)?, number(file, at + 4, 4)?);
        total = total.saturating_add(count.saturating_mul(delta));
    }
    Ok(milliseconds(total, scale))
}

/// The size in which a track is shown.
fn track_size<F: Read + Seek>(file: &mut File<F>, trak: Box) -> Result<Option<(i64, i64)>> {
    let Some(stsd) = descendant(file, trak, &[b"mdia", b"minf", b"stbl", b"stsd"])? else { return Ok(None) };
    let Some(entry) = read_box(file, stsd.body + 8, stsd.end)? else { return Ok(None) };
    let coded = (number(file, entry.body + 24, 2)?, number(file, entry.body + 26, 2)?);
    let extensions = boxes(file, entry.body + SAMPLE_ENTRY, entry.end).unwrap_or_default();
    let pasp = extensions.into_iter().find(|found| found.name == *b"pasp");
    let tkhd = descendant(file, trak, &[b"tkhd"])?;
    let mut shown = coded;
    let mut is_turned = false;
    if let Some(tkhd) = tkhd {
        let [version] = file.array(tkhd.body)?;
        let matrix = tkhd.body + if version == 1 { 52 } else { 40 };
        let mut cells = [0; 4];
        for (cell, at) in cells.iter_mut().zip([0, 4, 12, 16]) {
            *cell = number(file, matrix + at, 4)?;
        }
        is_turned = cells[0] == 0 && cells[3] == 0 && cells[1] != 0 && cells[2] != 0;
        // Fixed point, with 16 bits behind it.
        let declared = (number(file, matrix + 36, 4)? >> 16, number(file, matrix + 40, 4)? >> 16);
        if declared.0 > 0 && declared.1 > 0 {
            shown = declared;
        }
    }
    if let Some(pasp) = pasp {
        let (across, down) = (number(file, pasp.body, 4)?, number(file, pasp.body + 4, 4)?);
        if across > 0 && down > 0 {
            shown = ((coded.0 * across + down / 2) / down, coded.1);
        }
    }
    Ok(size(shown, is_turned))
}

fn size((width, height): (u64, u64), is_turned: bool) -> Option<(i64, i64)> {
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    let side = |side: u64| i64::try_from(side).ok().filter(|side| (1..=65_535).contains(side));
    side(width).zip(side(height))
}

fn of_matroska<F: Read + Seek>(file: &mut File<F>) -> Result<Option<Film>> {
    let Some(video) = matroska::video(file)? else { return Ok(None) };
    let coded = (video.width.saturating_sub(video.cropped.0), video.height.saturating_sub(video.cropped.1));
    let shown = match (video.display, video.unit) {
        (Some(display), 0) => display,
        // A ratio, or a length.
        (Some((across, down)), 1..=3) if down > 0 => {
            ((coded.1.saturating_mul(across) + down / 2) / down, coded.1)
        }
        _ => coded,
    };
    let is_turned = (video.roll.abs() - 90.0).abs() < 1.0;
    let Some((width, height)) = size(shown, is_turned) else { return Ok(None) };
    Ok(Some(Film { width, height, duration_ms: None }))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    macro_rules! film {
        ($name:literal) => {
            read(Cursor::new(&include_bytes!(concat!("../../../tests/suite/media/", $name))[..])).unwrap()
        };
    }

    #[test]
    fn a_film_tells_the_size_in_which_it_is_shown() {
        for (name, film, size, length) in [
            ("x265.mp4", film!("x265.mp4"), (96, 64), Some(2_000)),
            ("wide-pixels.mp4", film!("wide-pixels.mp4"), (96, 72), Some(2_000)),
            ("wide-pixels.mkv", film!("wide-pixels.mkv"), (96, 72), None),
            ("turned.mp4", film!("turned.mp4"), (16, 32), Some(1_000)),
            ("mjpeg.mov", film!("mjpeg.mov"), (96, 64), Some(1_000)),
            ("no-ftyp.mov", film!("no-ftyp.mov"), (96, 64), Some(2_000)),
        ] {
            assert_eq!((film.width, film.height), size, "{name}");
            assert_eq!(film.duration_ms, length, "{name}");
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_film_it_ends() {
        for whole in [
            &include_bytes!("../../../tests/suite/media/wide-pixels.mp4")[..],
            include_bytes!("../../../tests/suite/media/wide-pixels.mkv"),
        ] {
            for wrong in 0..whole.len() {
                let mut file = whole.to_vec();
                file[wrong] ^= 0xff;
                read(Cursor::new(&file));
                read(Cursor::new(&whole[..wrong]));
            }
        }
    }
}
