//! The ISO base media file format: boxes of length and four-letter name, of which some contain others. MP4 and QuickTime
//! films, and HEIC and AVIF pictures. Metadata is overwritten in place, because other boxes refer to offsets.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Result, Seek};

use super::{Edits, File};

/// How many boxes of a file are read, how many samples of a track, and how many parts of a picture.
const MAX_BOXES: usize = 100_000;
const MAX_SAMPLES: u64 = 1_000_000;
const MAX_ITEMS: u64 = 10_000;
/// The header of a box, and the fields that many boxes begin with.
const HEAD: u64 = 8;
const VERSION_AND_FLAGS: u64 = 4;

/// The boxes of this name that are needed to display a film: 360° videos, encryption.
const KEPT_UUIDS: [[u8; 4]; 4] =
    [[0xff, 0xcc, 0x82, 0x63], [0xa2, 0x39, 0x4f, 0x52], [0x89, 0x74, 0xdb, 0xce], [0xd4, 0x80, 0x7e, 0xf2]];
/// The kinds of tracks that tell where a film was taken, by their samples: GoPro, Android, DJI, Sony, and Apple's.
const PLACES: [&[u8; 4]; 8] = [b"gpmd", b"camm", b"djmd", b"dbgi", b"rtmd", b"mebx", b"mett", b"metx"];

/// The names with which a film may begin.
pub(super) fn is_first_box(name: &[u8]) -> bool {
    const FIRST: [&[u8]; 9] =
        [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"uuid"];
    FIRST.contains(&name)
}

#[derive(Debug, Clone, Copy)]
pub(in crate::files) struct Box {
    pub(in crate::files) at: u64,
    pub(in crate::files) name: [u8; 4],
    /// Where its content begins and ends.
    pub(in crate::files) body: u64,
    pub(in crate::files) end: u64,
}

/// The box at an offset; `None` at the end, and when there is none.
pub(in crate::files) fn read_box<F: Read + Seek>(
    file: &mut File<F>,
    at: u64,
    end: u64,
) -> Result<Option<Box>> {
    if at + HEAD > end {
        return Ok(None);
    }
    let [a, b, c, d, name @ ..] = file.array::<8>(at)?;
    let (length, body) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (end - at, at + HEAD),
        1 if at + 16 <= end => (u64::from_be_bytes(file.array(at + HEAD)?), at + 16),
        length => (length.into(), at + HEAD),
    };
    let Some(after) = at.checked_add(length).filter(|after| *after >= body) else { return Ok(None) };
    Ok(Some(Box { at, name, body, end: after.min(end) }))
}

/// The boxes in a part of a file.
pub(in crate::files) fn boxes<F: Read + Seek>(file: &mut File<F>, mut at: u64, end: u64) -> Result<Vec<Box>> {
    let mut found = Vec::new();
    while let Some(next) = read_box(file, at, end)? {
        if found.len() >= MAX_BOXES {
            return Err(ErrorKind::InvalidData.into());
        }
        at = next.end;
        found.push(next);
    }
    Ok(found)
}

pub(in crate::files) fn children<F: Read + Seek>(file: &mut File<F>, parent: Box) -> Result<Vec<Box>> {
    boxes(file, parent.body, parent.end)
}

/// The first box on a path of names below a box.
pub(in crate::files) fn descendant<F: Read + Seek>(
    file: &mut File<F>,
    parent: Box,
    path: &[&[u8; 4]],
) -> Result<Option<Box>> {
    let mut found = parent;
    for name in path {
        match children(file, found)?.into_iter().find(|child| child.name == **name) {
            Some(child) => found = child,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let top = boxes(file, 0, file.length)?;
    let is_picture = picture_meta(file, &top)?;
    let mut has_video = is_picture.is_some();
    for moov in top.iter().filter(|found| found.name == *b"moov") {
        for trak in children(file, *moov)?.into_iter().filter(|found| found.name == *b"trak") {
            has_video |= handler(file, trak)? == Some(*b"vide");
        }
    }
    for found in top {
        match &found.name {
            b"meta" if is_picture == Some(found.at) => picture(file, found, edits)?,
            b"meta" | b"udta" if has_video => erase(found, edits)?,
            b"meta" | b"udta" => erase_locations(file, found, edits)?,
            b"uuid" => erase_uuid(file, found, edits)?,
            // The film that some telephones append to a picture, and what they note of it.
            b"mpvd" | b"sefd" if is_picture.is_some() => erase(found, edits)?,
            b"moov" => movie(file, found, has_video, edits)?,
            b"moof" => {
                for part in children(file, found)?.into_iter().filter(|part| part.name == *b"traf") {
                    erase_metadata(file, part, edits)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Overwrites a box: it becomes free space of the same length.
fn erase(found: Box, edits: &mut Edits) -> Result<()> {
    edits.replace(found.at + 4, 4, b"free".to_vec())?;
    edits.fill(found.body, found.end - found.body, 0)
}

fn erase_uuid<F: Read + Seek>(file: &mut File<F>, found: Box, edits: &mut Edits) -> Result<()> {
    let is_kept = found.end - found.body >= 16 && KEPT_UUIDS.contains(&file.array(found.body)?);
    if is_kept { Ok(()) } else { erase(found, edits) }
}

/// Overwrites the metadata directly in a box.
fn erase_metadata<F: Read + Seek>(file: &mut File<F>, parent: Box, edits: &mut Edits) -> Result<()> {
    for found in children(file, parent)? {
        if matches!(&found.name, b"udta" | b"meta") {
            erase(found, edits)?;
        }
    }
    Ok(())
}

/// Of sound without pictures only the place is removed: title and artist of music are its content.
fn erase_locations<F: Read + Seek>(file: &mut File<F>, parent: Box, edits: &mut Edits) -> Result<()> {
    for found in children(file, parent)? {
        if matches!(&found.name, b"\xa9xyz" | b"loci") {
            erase(found, edits)?;
        }
    }
    Ok(())
}

fn movie<F: Read + Seek>(file: &mut File<F>, moov: Box, has_video: bool, edits: &mut Edits) -> Result<()> {
    for found in children(file, moov)? {
        match &found.name {
            b"udta" if !has_video => erase_locations(file, found, edits)?,
            b"udta" | b"meta" if has_video => erase(found, edits)?,
            b"uuid" => erase_uuid(file, found, edits)?,
            b"mvhd" if has_video => erase_times(file, found, edits)?,
            b"trak" if has_video => track(file, found, edits)?,
            _ => {}
        }
    }
    Ok(())
}

fn track<F: Read + Seek>(file: &mut File<F>, trak: Box, edits: &mut Edits) -> Result<()> {
    if has_locations(file, trak)? {
        erase_samples(file, trak, edits)?;
        return erase(trak, edits);
    }
    for found in children(file, trak)? {
        match &found.name {
            b"udta" | b"meta" => erase(found, edits)?,
            b"uuid" => erase_uuid(file, found, edits)?,
            b"tkhd" => erase_times(file, found, edits)?,
            b"mdia" => {
                for found in children(file, found)?.into_iter().filter(|found| found.name == *b"mdhd") {
                    erase_times(file, found, edits)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// When a film or a track was made and changed.
fn erase_times<F: Read + Seek>(file: &mut File<F>, found: Box, edits: &mut Edits) -> Result<()> {
    let [version] = file.array(found.body)?;
    let at = found.body + VERSION_AND_FLAGS;
    let length = if version == 1 { 16 } else { 8 };
    if at + length <= found.end && file.bytes(at, length as usize)?.iter().any(|byte| *byte != 0) {
        edits.fill(at, length, 0)?;
    }
    Ok(())
}

/// The kind of a track: `vide`, `soun`, `meta`.
pub(in crate::files) fn handler<F: Read + Seek>(file: &mut File<F>, trak: Box) -> Result<Option<[u8; 4]>> {
    let Some(hdlr) = descendant(file, trak, &[b"mdia", b"hdlr"])? else { return Ok(None) };
    Ok(Some(file.array(hdlr.body + VERSION_AND_FLAGS + 4)?))
}

/// Whether a track holds timed metadata.
fn has_locations<F: Read + Seek>(file: &mut File<F>, trak: Box) -> Result<bool> {
    let handler = handler(file, trak)?;
    if matches!(handler, Some([b'v', b'i', b'd', b'e'] | [b's', b'o', b'u', b'n'])) {
        return Ok(false);
    }
    let Some(stsd) = descendant(file, trak, &[b"mdia", b"minf", b"stbl", b"stsd"])? else { return Ok(false) };
    let entry = read_box(file, stsd.body + VERSION_AND_FLAGS + 4, stsd.end)?;
    Ok(handler == Some(*b"meta") || entry.is_some_and(|entry| PLACES.contains(&&entry.name)))
}

/// Overwrites the samples of a track.
fn erase_samples<F: Read + Seek>(file: &mut File<F>, trak: Box, edits: &mut Edits) -> Result<()> {
    let Some(stbl) = descendant(file, trak, &[b"mdia", b"minf", b"stbl"])? else { return Ok(()) };
    let mut tables = BTreeMap::new();
    for table in children(file, stbl)? {
        tables.insert(table.name, table.body + VERSION_AND_FLAGS);
    }
    let (chunks, offset_size) = match (tables.get(b"stco"), tables.get(b"co64")) {
        (Some(at), _) => (*at, 4),
        (_, Some(at)) => (*at, 8),
        _ => return Ok(()),
    };
    let (Some(stsc), Some(stsz)) = (tables.get(b"stsc"), tables.get(b"stsz")) else { return Ok(()) };
    let chunk_count = number(file, chunks, 4)?;
    let (fixed, sample_count) = (number(file, *stsz, 4)?, number(file, stsz + 4, 4)?);
    let runs = number(file, *stsc, 4)?;
    if chunk_count > MAX_SAMPLES || sample_count > MAX_SAMPLES || runs > MAX_SAMPLES {
        return Err(ErrorKind::InvalidData.into());
    }
    let (mut run, mut per_chunk, mut sample) = (0, 0, 0);
    for chunk in 0..chunk_count {
        if run < runs && number(file, stsc + 4 + run * 12, 4)? == chunk + 1 {
            per_chunk = number(file, stsc + 4 + run * 12 + 4, 4)?;
            run += 1;
        }
        let mut length = 0_u64;
        for _ in 0..per_chunk.min(sample_count - sample) {
            length += if fixed > 0 { fixed } else { number(file, stsz + 8 + sample * 4, 4)? };
            sample += 1;
        }
        let at = number(file, chunks + 4 + chunk * offset_size, offset_size as usize)?;
        edits.fill(at, length, 0)?;
    }
    Ok(())
}

/// Where the `meta` box of a picture is.
fn picture_meta<F: Read + Seek>(file: &mut File<F>, top: &[Box]) -> Result<Option<u64>> {
    for meta in top.iter().filter(|found| found.name == *b"meta") {
        let inner = boxes(file, meta.body + VERSION_AND_FLAGS, meta.end)?;
        let hdlr = inner.iter().find(|found| found.name == *b"hdlr");
        if let Some(hdlr) = hdlr
            && file.array(hdlr.body + VERSION_AND_FLAGS + 4)? == *b"pict"
        {
            return Ok(Some(meta.at));
        }
    }
    Ok(None)
}

/// EXIF and XMP are parts of a picture like its tiles: their content is overwritten.
fn picture<F: Read + Seek>(file: &mut File<F>, meta: Box, edits: &mut Edits) -> Result<()> {
    let inner = boxes(file, meta.body + VERSION_AND_FLAGS, meta.end)?;
    let of = |name: &[u8; 4]| inner.iter().find(|found| found.name == *name).copied();
    for found in &inner {
        match &found.name {
            b"udta" | b"uuid" => erase(*found, edits)?,
            // Descriptions in words among the properties, which are counted.
            b"iprp" => {
                if let Some(ipco) = descendant(file, *found, &[b"ipco"])? {
                    for property in children(file, ipco)?.into_iter().filter(|it| it.name == *b"udes") {
                        erase(property, edits)?;
                    }
                }
            }
            _ => {}
        }
    }
    let (Some(iinf), Some(iloc)) = (of(b"iinf"), of(b"iloc")) else { return Ok(()) };
    let items = metadata_items(file, iinf)?;
    let idat = of(b"idat");
    for (item, at, length) in extents(file, iloc, idat)? {
        match items.get(&item) {
            Some(ItemKind::Exif) => erase_exif(at, length, edits)?,
            Some(ItemKind::Text) => edits.fill(at, length, b' ')?,
            None => {}
        }
    }
    Ok(())
}

enum ItemKind {
    Exif,
    Text,
}

/// The parts of a picture that are metadata.
fn metadata_items<F: Read + Seek>(file: &mut File<F>, iinf: Box) -> Result<BTreeMap<u64, ItemKind>> {
    let [version] = file.array(iinf.body)?;
    let count_size = if version == 0 { 2 } else { 4 };
    let mut items = BTreeMap::new();
    for infe in boxes(file, iinf.body + VERSION_AND_FLAGS + count_size, iinf.end)? {
        let [version] = file.array(infe.body)?;
        let at = infe.body + VERSION_AND_FLAGS;
        let (id, kind) = match version {
            2 => (number(file, at, 2)?, file.array(at + 4)?),
            3 => (number(file, at, 4)?, file.array(at + 6)?),
            _ => continue,
        };
        match &kind {
            b"Exif" => items.insert(id, ItemKind::Exif),
            b"mime" | b"uri " => items.insert(id, ItemKind::Text),
            _ => None,
        };
    }
    Ok(items)
}

/// Where the parts of a picture are in the file: their ids, offsets and lengths.
fn extents<F: Read + Seek>(file: &mut File<F>, iloc: Box, idat: Option<Box>) -> Result<Vec<(u64, u64, u64)>> {
    let [version, _, _, _, sizes, more_sizes] = file.array(iloc.body)?;
    let (offset_size, length_size) = (usize::from(sizes >> 4), usize::from(sizes & 15));
    let base_size = usize::from(more_sizes >> 4);
    let index_size = if version == 0 { 0 } else { u64::from(more_sizes & 15) };
    if [offset_size, length_size, base_size].iter().any(|size| *size > 8) {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut at = iloc.body + 6;
    let mut next = |file: &mut File<F>, length: usize| -> Result<u64> {
        let found = number(file, at, length)?;
        at += length as u64;
        if at > iloc.end { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(found) }
    };
    let id_size = if version == 2 { 4 } else { 2 };
    let mut found = Vec::new();
    for _ in 0..next(file, id_size)?.min(MAX_ITEMS) {
        let item = next(file, id_size)?;
        let method = if version == 0 { 0 } else { next(file, 2)? & 15 };
        next(file, 2)?;
        let base = next(file, base_size)?;
        for _ in 0..next(file, 2)?.min(MAX_ITEMS) {
            next(file, index_size as usize)?;
            let (offset, length) = (next(file, offset_size)?, next(file, length_size)?);
            let from = match method {
                0 => 0,
                1 => idat.map_or(u64::MAX, |idat| idat.body),
                // Made of other parts.
                _ => continue,
            };
            let begin = base.checked_add(offset).and_then(|offset| from.checked_add(offset));
            if let Some(begin) = begin {
                found.push((item, begin, length));
            }
        }
    }
    Ok(found)
}

/// An EXIF block without entries, and zeros.
fn erase_exif(at: u64, length: u64, edits: &mut Edits) -> Result<()> {
    const EMPTY: &[u8] = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0";
    let head = length.min(EMPTY.len() as u64);
    edits.replace(at, head, EMPTY[..head as usize].to_vec())?;
    edits.fill(at.saturating_add(head), length - head, 0)
}

/// A number of at most eight bytes.
pub(in crate::files) fn number<F: Read + Seek>(file: &mut File<F>, at: u64, length: usize) -> Result<u64> {
    let mut bytes = [0; 8];
    file.read_at(at, &mut bytes[8 - length.min(8)..])?;
    Ok(u64::from_be_bytes(bytes))
}
