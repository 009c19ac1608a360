//! Matroska and WebM: elements of id, length and data, of which some contain others. Metadata is overwritten by elements
//! that hold nothing, because other elements refer to offsets.

use std::io::{Read, Result, Seek};

use super::{Edits, File};

pub(in crate::files) const SIGNATURE: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const INFO: u32 = 0x1549_a966;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const VIDEO: u32 = 0xe0;
const TAGS: u32 = 0x1254_c367;
const SEEK_HEAD: u32 = 0x114d_9b74;
const SEEK: u32 = 0x4dbb;
const SEEK_ID: u32 = 0x53ab;
const CHECKSUM: u32 = 0xbf;
const VOID: u8 = 0xec;
/// Title, date, names of this and other files, and names of tracks.
const TEXTS: [u32; 6] = [0x7ba9, 0x4461, 0x7384, 0x3c83ab, 0x3e83bb, 0x536e];

const PIXEL_WIDTH: u32 = 0xb0;
const PIXEL_HEIGHT: u32 = 0xba;
const CROP_BOTTOM: u32 = 0x54aa;
const CROP_TOP: u32 = 0x54bb;
const CROP_LEFT: u32 = 0x54cc;
const CROP_RIGHT: u32 = 0x54dd;
const DISPLAY_WIDTH: u32 = 0x54b0;
const DISPLAY_HEIGHT: u32 = 0x54ba;
const DISPLAY_UNIT: u32 = 0x54b2;
const PROJECTION: u32 = 0x7670;
const ROLL: u32 = 0x7675;

/// How many elements of a file are read.
const MAX_ELEMENTS: usize = 1_000_000;

#[derive(Debug, Clone, Copy)]
struct Element {
    at: u64,
    id: u32,
    body: u64,
    /// `None` when its length is not declared, as in a live recording.
    end: Option<u64>,
}

/// The element at an offset; `None` at the end, and when there is none.
fn element<F: Read + Seek>(file: &mut File<F>, at: u64, limit: u64) -> Result<Option<Element>> {
    if at >= limit {
        return Ok(None);
    }
    let Some((id, id_length)) = variable(file, at, 4, false)? else { return Ok(None) };
    let Some((length, length_length)) = variable(file, at + id_length, 8, true)? else { return Ok(None) };
    let body = at + id_length + length_length;
    let is_unknown = length == (1 << (7 * length_length)) - 1;
    let end = (!is_unknown).then(|| body.saturating_add(length).min(limit));
    Ok(Some(Element { at, id: id as u32, body, end }))
}

/// A number with its length in its leading bits, which are a part of ids.
fn variable<F: Read + Seek>(
    file: &mut File<F>,
    at: u64,
    most: u32,
    is_masked: bool,
) -> Result<Option<(u64, u64)>> {
    let [first] = file.array(at)?;
    let length = first.leading_zeros() + 1;
    if length > most {
        return Ok(None);
    }
    let mut number = u64::from(first);
    if is_masked {
        number &= (1 << (8 - length)) - 1;
    }
    for byte in file.bytes(at + 1, length as usize - 1)? {
        number = number << 8 | u64::from(byte);
    }
    Ok(Some((number, length.into())))
}

/// The elements in another one.
fn children<F: Read + Seek>(file: &mut File<F>, parent: Element) -> Result<Vec<Element>> {
    let (mut found, mut at) = (Vec::new(), parent.body);
    let Some(limit) = parent.end else { return Ok(found) };
    while let Some(child) = element(file, at, limit)? {
        let Some(end) = child.end else { break };
        if found.len() >= MAX_ELEMENTS {
            break;
        }
        at = end;
        found.push(child);
    }
    Ok(found)
}

/// How the first video track is shown.
#[derive(Debug, Default)]
pub(in crate::files) struct Video {
    pub(in crate::files) width: u64,
    pub(in crate::files) height: u64,
    /// How many pixels are not shown, across and down.
    pub(in crate::files) cropped: (u64, u64),
    pub(in crate::files) display: Option<(u64, u64)>,
    /// What the display's size is in: 0 for pixels, 3 for a ratio.
    pub(in crate::files) unit: u64,
    /// The rotation in degrees.
    pub(in crate::files) roll: f64,
}

/// The first video track of a file.
pub(in crate::files) fn video<F: Read + Seek>(file: &mut File<F>) -> Result<Option<Video>> {
    let mut at = 0;
    for _ in 0..MAX_ELEMENTS {
        let Some(found) = element(file, at, file.length)? else { break };
        at = match (found.id, found.end) {
            (SEGMENT, _) => found.body,
            // Tracks precede the first cluster.
            (CLUSTER, _) => break,
            (_, Some(end)) => end,
            _ => break,
        };
        if found.id != TRACKS {
            continue;
        }
        for track in children(file, found)?.into_iter().filter(|track| track.id == TRACK) {
            if let Some(video) = children(file, track)?.into_iter().find(|child| child.id == VIDEO) {
                return read_video(file, video).map(Some);
            }
        }
    }
    Ok(None)
}

fn read_video<F: Read + Seek>(file: &mut File<F>, parent: Element) -> Result<Video> {
    let mut video = Video::default();
    let (mut across, mut down) = (None, None);
    for child in children(file, parent)? {
        match child.id {
            PIXEL_WIDTH => video.width = unsigned(file, child)?,
            PIXEL_HEIGHT => video.height = unsigned(file, child)?,
            CROP_LEFT | CROP_RIGHT => {
                video.cropped.0 = video.cropped.0.saturating_add(unsigned(file, child)?);
            }
            CROP_TOP | CROP_BOTTOM => {
                video.cropped.1 = video.cropped.1.saturating_add(unsigned(file, child)?);
            }
            DISPLAY_WIDTH => across = Some(unsigned(file, child)?),
            DISPLAY_HEIGHT => down = Some(unsigned(file, child)?),
            DISPLAY_UNIT => video.unit = unsigned(file, child)?,
            PROJECTION => {
                for field in children(file, child)?.into_iter().filter(|field| field.id == ROLL) {
                    let bits = unsigned(file, field)?;
                    video.roll = match field.end {
                        Some(end) if end - field.body == 4 => f64::from(f32::from_bits(bits as u32)),
                        _ => f64::from_bits(bits),
                    };
                }
            }
            _ => {}
        }
    }
    video.display = across.zip(down).filter(|(across, down)| *across > 0 && *down > 0);
    Ok(video)
}

/// The number in an element.
fn unsigned<F: Read + Seek>(file: &mut File<F>, found: Element) -> Result<u64> {
    let length = found.end.unwrap_or(found.body) - found.body;
    if length > 8 {
        return Ok(0);
    }
    let bytes = file.bytes(found.body, length as usize)?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let (mut at, mut parts, mut has_video) = (0, Vec::new(), false);
    for _ in 0..MAX_ELEMENTS {
        let Some(found) = element(file, at, file.length)? else { break };
        at = match (found.id, found.end) {
            // Its elements follow, and those of a cluster without a length.
            (SEGMENT, _) | (CLUSTER, None) => found.body,
            (_, Some(end)) => end,
            _ => break,
        };
        if found.id == TRACKS {
            for track in children(file, found)?.into_iter().filter(|track| track.id == TRACK) {
                has_video |= children(file, track)?.iter().any(|child| child.id == VIDEO);
            }
        }
        if matches!(found.id, INFO | TRACKS | TAGS | SEEK_HEAD) {
            parts.push(found);
        }
    }
    if !has_video {
        return Ok(());
    }
    for part in parts {
        match part.id {
            TAGS => erase(part, edits)?,
            SEEK_HEAD => erase_seeks(file, part, edits)?,
            INFO => erase_texts(file, part, edits)?,
            _ => {
                let mut changed = false;
                for track in children(file, part)?.into_iter().filter(|track| track.id == TRACK) {
                    let before = edits.list.len();
                    erase_texts(file, track, edits)?;
                    changed |= edits.list.len() > before;
                }
                if changed {
                    erase_checksum(file, part, edits)?;
                }
            }
        }
    }
    Ok(())
}

fn erase_texts<F: Read + Seek>(file: &mut File<F>, parent: Element, edits: &mut Edits) -> Result<()> {
    let mut changed = false;
    for child in children(file, parent)? {
        if TEXTS.contains(&child.id) {
            erase(child, edits)?;
            changed = true;
        }
    }
    if changed { erase_checksum(file, parent, edits) } else { Ok(()) }
}

/// Removes references to tags.
fn erase_seeks<F: Read + Seek>(file: &mut File<F>, head: Element, edits: &mut Edits) -> Result<()> {
    let mut changed = false;
    for seek in children(file, head)?.into_iter().filter(|seek| seek.id == SEEK) {
        let id = children(file, seek)?.into_iter().find(|child| child.id == SEEK_ID);
        if let Some(id) = id
            && id.end == Some(id.body + 4)
            && u32::from_be_bytes(file.array(id.body)?) == TAGS
        {
            erase(seek, edits)?;
            changed = true;
        }
    }
    if changed { erase_checksum(file, head, edits) } else { Ok(()) }
}

/// The checksum of an element whose content was changed.
fn erase_checksum<F: Read + Seek>(file: &mut File<F>, parent: Element, edits: &mut Edits) -> Result<()> {
    match children(file, parent)?.first() {
        Some(first) if first.id == CHECKSUM => erase(*first, edits),
        _ => Ok(()),
    }
}

/// Overwrites an element by one of the same length that holds nothing.
fn erase(found: Element, edits: &mut Edits) -> Result<()> {
    let Some(end) = found.end else { return Ok(()) };
    let length = end - found.at;
    let head = match length {
        0 | 1 => return Ok(()),
        2..=128 => vec![VOID, 0x80 | (length - 2) as u8],
        _ => [&[VOID, 0x01][..], &(length - 9).to_be_bytes()[1..]].concat(),
    };
    let head_length = head.len() as u64;
    edits.replace(found.at, head_length, head)?;
    edits.fill(found.at + head_length, length - head_length, 0)
}
