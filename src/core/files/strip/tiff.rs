//! TIFF, and the EXIF blocks of other formats, which have its structure: directories of entries that refer to values.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Result, Seek};

use image::metadata::Orientation;

use super::{Edits, File};

/// How many directories of a file are read, and how many entries of one.
const MAX_DIRECTORIES: usize = 1_000;
const MAX_ENTRIES: u64 = 4_096;

const ORIENTATION: u16 = 0x0112;
const SUB_DIRECTORIES: u16 = 0x014a;
const EXIF: u16 = 0x8769;
const GPS: u16 = 0x8825;
const MAKER_NOTE: u16 = 0x927c;
const DNG_VERSION: u16 = 0xc612;

/// The entries that are removed: names, descriptions, times, devices and their serial numbers, XMP, IPTC and Photoshop's
/// resources.
const REMOVED: [u16; 42] = [
    0x010d, 0x010e, 0x010f, 0x0110, 0x011d, 0x0131, 0x0132, 0x013b, 0x013c, 0x02bc, 0x8298, 0x83bb, 0x8649,
    GPS, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9286, 0x9290, 0x9291, 0x9292, 0x9c9b, 0x9c9c, 0x9c9d,
    0x9c9e, 0x9c9f, 0xa004, 0xa420, 0xa430, 0xa431, 0xa432, 0xa433, 0xa434, 0xa435, 0xc4a5, 0xc614, 0xc62f,
    0xc68b, 0xc71a, 0xc71b,
];

pub(super) fn is_tiff(head: &[u8]) -> bool {
    matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..])
}

/// A TIFF structure within a file.
struct Tiff {
    /// Where it begins and ends.
    base: u64,
    end: u64,
    is_little: bool,
    is_big: bool,
}

/// An entry of a directory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    tag: u16,
    kind: u16,
    count: u64,
    /// Where the value is, and its length in bytes.
    value: u64,
    length: u64,
}

struct Directory {
    at: u64,
    entries: Vec<Entry>,
    next: u64,
}

impl Tiff {
    fn open<F: Read + Seek>(file: &mut File<F>, base: u64, length: u64) -> Result<Option<(Self, u64)>> {
        let end = base.saturating_add(length).min(file.length);
        if end.saturating_sub(base) < 8 {
            return Ok(None);
        }
        let head = file.array::<8>(base)?;
        if !is_tiff(&head) {
            return Ok(None);
        }
        let is_big = head[2..4].contains(&43);
        let tiff = Self { base, end, is_little: head[0] == b'I', is_big };
        let first = match is_big {
            true => tiff.number(file, base + 8, 8)?,
            false => tiff.number(file, base + 4, 4)?,
        };
        Ok(Some((tiff, first)))
    }

    fn number<F: Read + Seek>(&self, file: &mut File<F>, at: u64, length: usize) -> Result<u64> {
        if at.saturating_add(length as u64) > self.end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = [0; 8];
        file.read_at(at, &mut bytes[..length])?;
        Ok(self.decode(&bytes[..length]))
    }

    fn decode(&self, bytes: &[u8]) -> u64 {
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self.is_little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        }
    }

    /// The lengths of the fields: number of entries, entry, offset.
    fn sizes(&self) -> (u64, u64, u64) {
        if self.is_big { (8, 20, 8) } else { (2, 12, 4) }
    }

    fn directory<F: Read + Seek>(&self, file: &mut File<F>, offset: u64) -> Result<Directory> {
        let at = self.base.checked_add(offset).ok_or(ErrorKind::UnexpectedEof)?;
        let (head, size, offset_size) = self.sizes();
        let count = self.number(file, at, head as usize)?;
        if count > MAX_ENTRIES {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut entries = Vec::new();
        for index in 0..count {
            entries.push(self.entry(file, at + head + index * size)?);
        }
        let end = at + head + count * size;
        // The last directory of an EXIF block may end without an offset.
        let next = self.number(file, end, offset_size as usize).unwrap_or(0);
        Ok(Directory { at, entries, next })
    }

    fn entry<F: Read + Seek>(&self, file: &mut File<F>, at: u64) -> Result<Entry> {
        let (_, size, offset_size) = self.sizes();
        if at + size > self.end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = [0; 20];
        file.read_at(at, &mut bytes[..size as usize])?;
        let kind = self.decode(&bytes[2..4]) as u16;
        let count = self.decode(&bytes[4..4 + offset_size as usize]);
        let each = match kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => 1,
        };
        let length = count.saturating_mul(each);
        let place = at + 4 + offset_size;
        let value = match length <= offset_size {
            true => place,
            false => {
                let offset = self.decode(&bytes[4 + offset_size as usize..size as usize]);
                self.base.saturating_add(offset)
            }
        };
        Ok(Entry { at, tag: self.decode(&bytes[..2]) as u16, kind, count, value, length })
    }

    /// The numbers of an entry, such as offsets; at most as many as there may be directories.
    fn numbers<F: Read + Seek>(&self, file: &mut File<F>, entry: &Entry) -> Result<Vec<u64>> {
        let each = match entry.kind {
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Ok(Vec::new()),
        };
        let count = entry.count.min(MAX_DIRECTORIES as u64);
        (0..count).map(|index| self.number(file, entry.value + index * each, each as usize)).collect()
    }
}

pub(super) fn scan<F: Read + Seek>(file: &mut File<F>, edits: &mut Edits) -> Result<()> {
    let Some((tiff, first)) = Tiff::open(file, 0, file.length)? else { return Ok(()) };
    let mut walk = Walk { tiff, waiting: vec![first], seen: BTreeSet::new(), is_raw: false };
    let head = file.array::<10>(0)?;
    // Canon's raw pictures; others say so in their first directory.
    walk.is_raw = &head[8..] == b"CR";
    while let Some(offset) = walk.waiting.pop() {
        walk.visit(file, offset, edits)?;
    }
    Ok(())
}

struct Walk {
    tiff: Tiff,
    waiting: Vec<u64>,
    seen: BTreeSet<u64>,
    /// A raw picture can't be developed without its maker's notes.
    is_raw: bool,
}

impl Walk {
    fn visit<F: Read + Seek>(&mut self, file: &mut File<F>, offset: u64, edits: &mut Edits) -> Result<()> {
        if offset == 0 || self.seen.len() >= MAX_DIRECTORIES || !self.seen.insert(offset) {
            return Ok(());
        }
        let directory = self.tiff.directory(file, offset)?;
        self.waiting.push(directory.next);
        self.is_raw |= directory.entries.iter().any(|entry| entry.tag == DNG_VERSION);
        let mut kept = Vec::new();
        for entry in &directory.entries {
            match entry.tag {
                GPS => {
                    for offset in self.tiff.numbers(file, entry)? {
                        self.erase(file, offset, edits)?;
                    }
                }
                SUB_DIRECTORIES | EXIF => {
                    let offsets = self.tiff.numbers(file, entry)?;
                    self.is_raw |= entry.tag == SUB_DIRECTORIES;
                    self.waiting.extend(offsets);
                }
                _ => {}
            }
            let is_removed = REMOVED.contains(&entry.tag) || entry.tag == MAKER_NOTE && !self.is_raw;
            match is_removed {
                true => self.erase_value(entry, edits)?,
                false => kept.push(*entry),
            }
        }
        if kept.len() < directory.entries.len() {
            self.rewrite(file, &directory, &kept, edits)?;
        }
        Ok(())
    }

    /// Overwrites a value that is not in the entry itself.
    fn erase_value(&self, entry: &Entry, edits: &mut Edits) -> Result<()> {
        let (_, size, _) = self.tiff.sizes();
        let is_elsewhere = entry.value < entry.at || entry.value >= entry.at + size;
        if is_elsewhere && entry.value.saturating_add(entry.length) <= self.tiff.end {
            edits.fill(entry.value, entry.length, 0)?;
        }
        Ok(())
    }

    /// Overwrites a directory and its values.
    fn erase<F: Read + Seek>(&mut self, file: &mut File<F>, offset: u64, edits: &mut Edits) -> Result<()> {
        let Ok(directory) = self.tiff.directory(file, offset) else { return Ok(()) };
        for entry in &directory.entries {
            self.erase_value(entry, edits)?;
        }
        let (head, size, offset_size) = self.tiff.sizes();
        edits.fill(directory.at, head + directory.entries.len() as u64 * size + offset_size, 0)
    }

    /// Writes a directory with fewer entries in its place.
    fn rewrite<F: Read + Seek>(
        &self,
        file: &mut File<F>,
        directory: &Directory,
        kept: &[Entry],
        edits: &mut Edits,
    ) -> Result<()> {
        let (head, size, offset_size) = self.tiff.sizes();
        let total = head + directory.entries.len() as u64 * size;
        let encode = |number: u64, length: u64| match self.tiff.is_little {
            true => number.to_le_bytes()[..length as usize].to_vec(),
            false => number.to_be_bytes()[8 - length as usize..].to_vec(),
        };
        let mut bytes = encode(kept.len() as u64, head);
        for entry in kept {
            bytes.extend(file.bytes(entry.at, size as usize)?);
        }
        bytes.extend(encode(directory.next, offset_size));
        let has_offset = directory.at + total + offset_size <= self.tiff.end;
        let length = total + if has_offset { offset_size } else { 0 };
        bytes.resize(length as usize, 0);
        edits.replace(directory.at, length, bytes)
    }
}

/// The orientation in a TIFF structure that an EXIF block is; `None` when the picture is upright already.
pub(super) fn orientation<F: Read + Seek>(
    file: &mut File<F>,
    at: u64,
    length: u64,
) -> Result<Option<Orientation>> {
    let found = find_orientation(file, at, length);
    match found {
        // A broken block says nothing.
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData) => Ok(None),
        found => found,
    }
}

/// The same, of a block that may begin with the name that it has in a JPEG.
pub(super) fn exif_orientation<F: Read + Seek>(
    file: &mut File<F>,
    at: u64,
    length: u64,
) -> Result<Option<Orientation>> {
    let is_named = length >= 6 && file.array(at)? == *b"Exif\0\0";
    let name = if is_named { 6 } else { 0 };
    orientation(file, at + name, length - name)
}

fn find_orientation<F: Read + Seek>(file: &mut File<F>, at: u64, length: u64) -> Result<Option<Orientation>> {
    let Some((tiff, first)) = Tiff::open(file, at, length)? else { return Ok(None) };
    let directory = tiff.directory(file, first)?;
    let entry = directory.entries.iter().find(|entry| entry.tag == ORIENTATION && entry.count > 0);
    let Some(entry) = entry else { return Ok(None) };
    let number = tiff.number(file, entry.value, if entry.kind == 3 { 2 } else { 1 })?;
    let orientation = u8::try_from(number).ok().and_then(Orientation::from_exif);
    Ok(orientation.filter(|orientation| *orientation != Orientation::NoTransforms))
}

/// An EXIF block with nothing but an orientation.
pub(super) fn orientation_block(orientation: Orientation) -> [u8; 26] {
    let mut block = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.to_exif();
    block
}
