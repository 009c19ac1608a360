//! Finds the metadata of pictures and films that tells of their owner: location, time, camera and author.
//!
//! Pixels, sound, orientation and colours are not changed. Of the formats in which a picture is self-contained (JPEG,
//! PNG, WebP, GIF, JPEG XL) only what is needed to display it is kept. Where offsets refer to other parts of the file
//! (TIFF, HEIC, AVIF, MP4, QuickTime, Matroska) metadata is overwritten in place. Other files are not changed.
//!
//! It is written here because the available crates need the whole file in memory, or encode it anew.

pub(super) mod bmff;
mod edited;
mod gif;
mod jpeg;
mod jxl;
pub(super) mod matroska;
mod png;
mod tiff;
mod webp;

use std::io::{BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};

pub(super) use edited::{Applier, Edited};

/// The most changes to one file; one that would need more is kept as it is.
const MAX_EDITS: usize = 100_000;

/// A change to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: u64,
    /// How many bytes are replaced.
    pub(super) length: u64,
    pub(super) with: Replacement,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replacement {
    Bytes(Vec<u8>),
    /// As many of this byte as are replaced.
    Fill(u8),
}

impl Edit {
    fn end(&self) -> u64 {
        self.at.saturating_add(self.length)
    }
}

enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Tiff,
    Jxl,
    Matroska,
    Bmff,
}

/// The format of a file by its beginning.
fn format(head: &[u8]) -> Option<Format> {
    Some(match head.get(..12)? {
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        head if head.starts_with(&png::SIGNATURE) => Format::Png,
        head if head.starts_with(b"RIFF") && head.ends_with(b"WEBP") => Format::WebP,
        head if head.starts_with(b"GIF8") => Format::Gif,
        head if tiff::is_tiff(head) => Format::Tiff,
        head if *head == jxl::SIGNATURE => Format::Jxl,
        head if head.starts_with(&matroska::SIGNATURE) => Format::Matroska,
        head if bmff::is_first_box(&head[4..8]) => Format::Bmff,
        _ => return None,
    })
}

/// Whether the metadata of a file with this beginning can be removed.
pub(super) fn is_known(head: &[u8]) -> bool {
    format(head).is_some()
}

/// Whether a file with this beginning is a TIFF.
pub(super) fn is_tiff(head: &[u8]) -> bool {
    tiff::is_tiff(head)
}

/// The changes that remove a file's metadata, in order and without overlaps; none for an unknown format.
pub(super) fn edits(source: impl Read + Seek) -> Result<Vec<Edit>> {
    let mut file = File::new(source)?;
    let mut head = [0; 12];
    let known = file.length.min(12) as usize;
    file.read_at(0, &mut head[..known])?;
    let Some(format) = format(&head[..known]) else { return Ok(Vec::new()) };
    let mut edits = Edits { file_length: file.length, list: Vec::new() };
    let scanned = match format {
        Format::Jpeg => jpeg::scan(&mut file, &mut edits),
        Format::Png => png::scan(&mut file, &mut edits),
        Format::WebP => webp::scan(&mut file, &mut edits),
        Format::Gif => gif::scan(&mut file, &mut edits),
        Format::Tiff => tiff::scan(&mut file, &mut edits),
        Format::Jxl => jxl::scan(&mut file, &mut edits),
        Format::Matroska => matroska::scan(&mut file, &mut edits),
        Format::Bmff => bmff::scan(&mut file, &mut edits),
    };
    match scanned {
        // Truncated: what was found until then is removed.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        scanned => scanned?,
    }
    edits.finish()
}

/// The beginning of a PNG without what is only compressed text or not needed for its first frame, for decoders.
pub(super) fn png_frame_edits(source: impl Read + Seek) -> Result<Vec<Edit>> {
    let mut file = File::new(source)?;
    let mut edits = Edits { file_length: file.length, list: Vec::new() };
    png::keep_frame(&mut file, &mut edits)?;
    edits.finish()
}

/// A file with random access that reads forward quickly.
pub(super) struct File<F> {
    inner: BufReader<F>,
    at: u64,
    pub(super) length: u64,
}

impl<F: Read + Seek> File<F> {
    pub(super) fn new(source: F) -> Result<Self> {
        let mut inner = BufReader::with_capacity(16 * 1024, source);
        let length = inner.seek(SeekFrom::End(0))?;
        inner.rewind()?;
        Ok(Self { inner, at: 0, length })
    }

    fn seek(&mut self, at: u64) -> Result<()> {
        let distance = i64::try_from(i128::from(at) - i128::from(self.at));
        self.inner.seek_relative(distance.map_err(|_| ErrorKind::UnexpectedEof)?)?;
        self.at = at;
        Ok(())
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> Result<()> {
        if at.saturating_add(into.len() as u64) > self.length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.seek(at)?;
        self.inner.read_exact(into)?;
        self.at += into.len() as u64;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_at(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Some bytes, whose number was checked before.
    fn bytes(&mut self, at: u64, length: usize) -> Result<Vec<u8>> {
        if at.saturating_add(length as u64) > self.length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.read_at(at, &mut bytes)?;
        Ok(bytes)
    }
}

/// The changes to a file while they are collected.
struct Edits {
    file_length: u64,
    list: Vec<Edit>,
}

impl Edits {
    fn push(&mut self, at: u64, length: u64, with: Replacement) -> Result<()> {
        let length = length.min(self.file_length.saturating_sub(at));
        if length == 0 {
            return Ok(());
        }
        if let Some(last) = self.list.last_mut()
            && last.end() == at
            && is_same_kind(&last.with, &with)
        {
            last.length += length;
            return Ok(());
        }
        if self.list.len() >= MAX_EDITS {
            return Err(Error::new(ErrorKind::InvalidData, "it has too much metadata"));
        }
        self.list.push(Edit { at, length, with });
        Ok(())
    }

    fn cut(&mut self, at: u64, length: u64) -> Result<()> {
        self.push(at, length, Replacement::Bytes(Vec::new()))
    }

    fn fill(&mut self, at: u64, length: u64, byte: u8) -> Result<()> {
        self.push(at, length, Replacement::Fill(byte))
    }

    fn replace(&mut self, at: u64, length: u64, bytes: Vec<u8>) -> Result<()> {
        self.push(at, length, Replacement::Bytes(bytes))
    }

    /// Sorted; of two that overlap the first counts, and the second begins behind it.
    fn finish(mut self) -> Result<Vec<Edit>> {
        self.list.sort_by_key(|edit| edit.at);
        let mut done: Vec<Edit> = Vec::with_capacity(self.list.len());
        for mut edit in self.list {
            let end = done.last().map_or(0, Edit::end);
            if edit.at < end {
                let overlap = (end - edit.at).min(edit.length);
                edit.at += overlap;
                edit.length -= overlap;
                match &mut edit.with {
                    Replacement::Fill(_) => {}
                    // A cut; other replacements can't be told apart any more.
                    Replacement::Bytes(bytes) => bytes.clear(),
                }
            }
            if edit.length > 0 {
                done.push(edit);
            }
        }
        Ok(done)
    }
}

fn is_same_kind(one: &Replacement, other: &Replacement) -> bool {
    match (one, other) {
        (Replacement::Bytes(one), Replacement::Bytes(other)) => one.is_empty() && other.is_empty(),
        (Replacement::Fill(one), Replacement::Fill(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
pub(super) use png::checksum as png_checksum;

#[cfg(test)]
mod tests;
