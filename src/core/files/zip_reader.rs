//! Reads a zip in the storage by byte ranges, so that it is never held as a whole.
//!
//! An uploaded zip is untrusted. Its central directory is read only up to a size limit, an entry yields no more bytes
//! than the directory declares, and all entries together no more than [`ZipReader`] was opened for. The directory is
//! parsed here because the crate `zip` allocates for as many entries as the file claims to have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::GetRange;

use super::{Error, Files, Result};
use crate::boxed;
use crate::model::Attachment;

/// The largest central directory, in bytes and in entries.
const MAX_DIRECTORY_SIZE: u64 = 16 * 1024 * 1024;
const MAX_ENTRIES: u64 = 100_000;
/// The size of the end record, and of the longest comment that may follow it.
const END: u64 = 22;
const MAX_COMMENT: u64 = 0xffff;
/// How many decompressed bytes are yielded at a time.
const CHUNK: usize = 64 * 1024;

const NOT_A_ZIP: Error = Error::Archive("it is not a zip archive");
const BROKEN: Error = Error::Archive("it is corrupt");

/// An opened zip.
#[derive(Clone)]
pub struct ZipReader {
    files: Files,
    file: Attachment,
    entries: Arc<BTreeMap<String, Entry>>,
    /// Where the central directory begins and the entries end.
    end: u64,
    /// How many bytes may still be decompressed, over all entries.
    left: Arc<AtomicU64>,
}

/// An entry as declared by the central directory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: u64,
    compressed_size: u64,
    size: u64,
    crc: u32,
    is_compressed: bool,
    /// Encrypted, or compressed in another way than deflate.
    is_unsupported: bool,
}

impl Files {
    /// Opens a file as a zip, of which at most `max_total` bytes may be decompressed.
    pub async fn open_zip(&self, file: &Attachment, max_total: u64) -> Result<ZipReader> {
        let size = u64::try_from(file.size).unwrap_or_default();
        let begin = size.saturating_sub(END + MAX_COMMENT);
        let tail = self.part(file, begin, size).await?;
        let end = find_end(&tail).ok_or(NOT_A_ZIP)?;
        let record = &tail[end..];
        let directory = match zip64_end(tail.get(end.saturating_sub(20)..end)) {
            None => Directory {
                count: number(record, 10, 2),
                size: number(record, 12, 4),
                offset: number(record, 16, 4),
            },
            Some(at) => {
                let long = self.part(file, at, at.saturating_add(56).min(size)).await?;
                if long.len() < 56 || long[..4] != *b"PK\x06\x06" {
                    return Err(BROKEN);
                }
                Directory {
                    count: number(&long, 32, 8),
                    size: number(&long, 40, 8),
                    offset: number(&long, 48, 8),
                }
            }
        };
        if directory.count > MAX_ENTRIES || directory.size > MAX_DIRECTORY_SIZE {
            return Err(Error::Archive("it has more than 100,000 entries"));
        }
        let directory_end = directory.offset.checked_add(directory.size);
        let directory_end = directory_end.filter(|at| *at <= begin + end as u64).ok_or(BROKEN)?;
        let bytes = self.part(file, directory.offset, directory_end).await?;
        let entries = Arc::new(read_directory(&bytes, directory.count).ok_or(BROKEN)?);
        let left = Arc::new(AtomicU64::new(max_total));
        Ok(ZipReader { files: self.clone(), file: file.clone(), entries, end: directory.offset, left })
    }

    /// Reads a byte range of a file.
    async fn part(&self, file: &Attachment, from: u64, upto: u64) -> Result<Bytes> {
        if from >= upto {
            return Ok(Bytes::new());
        }
        let mut opened = self.open(file, Some(GetRange::Bounded(from..upto))).await?;
        let mut bytes = Vec::with_capacity((upto - from) as usize);
        while let Some(chunk) = opened.bytes.next().await {
            bytes.extend_from_slice(&chunk.map_err(storage_error)?);
        }
        Ok(bytes.into())
    }
}

/// The central directory: its number of entries, size and offset in bytes.
struct Directory {
    count: u64,
    size: u64,
    offset: u64,
}

impl ZipReader {
    /// The names of the entries, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The size of the archive in bytes.
    pub fn packed_size(&self) -> u64 {
        u64::try_from(self.file.size).unwrap_or_default()
    }

    /// An entry's decompressed size in bytes, if it exists.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    /// Reads a whole entry; `None` when it doesn't exist or is larger than `max_size` bytes.
    #[boxed]
    pub async fn read_all(&self, name: &str, max_size: u64) -> Result<Option<Vec<u8>>> {
        if self.size(name).is_none_or(|size| size > max_size) {
            return Ok(None);
        }
        let mut bytes = self.read(name).await?;
        let mut whole = Vec::new();
        while let Some(chunk) = bytes.next().await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(Some(whole))
    }

    /// Streams a decompressed entry.
    #[boxed]
    pub async fn read(&self, name: &str) -> Result<BoxStream<'static, Result<Bytes>>> {
        let entry = *self.entries.get(name).ok_or(Error::Missing)?;
        if entry.is_unsupported {
            return Err(Error::Archive("an entry is encrypted, or uses an unsupported compression method"));
        }
        let mut reader = self.entry_reader(entry).await?;
        reader.skip_header().await?;
        let bytes = stream::try_unfold(reader, |mut reader| async move {
            let next = reader.next().await?;
            // Highly compressed data is decompressed without waiting for input: let other tasks run.
            tokio::task::yield_now().await;
            Ok(next.map(|bytes| (bytes, reader)))
        });
        Ok(bytes.boxed())
    }

    async fn entry_reader(&self, entry: Entry) -> Result<EntryReader> {
        // The local header's length is only known once it is read.
        let max_header = 30 + 2 * 0xffff;
        let end = entry.offset.saturating_add(max_header).saturating_add(entry.compressed_size).min(self.end);
        if entry.offset >= end {
            return Err(BROKEN);
        }
        let opened = self.files.open(&self.file, Some(GetRange::Bounded(entry.offset..end))).await?;
        Ok(EntryReader {
            bytes: opened.bytes,
            buffer: Bytes::new(),
            compressed_left: entry.compressed_size,
            entry,
            yielded: 0,
            crc: Crc::new(),
            inflate: Decompress::new(false),
            is_finished: false,
            left: self.left.clone(),
        })
    }
}

/// Reads and decompresses one entry.
struct EntryReader {
    bytes: BoxStream<'static, std::io::Result<Bytes>>,
    /// Input that was not processed yet.
    buffer: Bytes,
    /// Compressed bytes that were not processed yet, those in `buffer` included.
    compressed_left: u64,
    entry: Entry,
    yielded: u64,
    crc: Crc,
    inflate: Decompress,
    /// Whether the compressed stream has ended.
    is_finished: bool,
    left: Arc<AtomicU64>,
}

impl EntryReader {
    /// Skips the local header that precedes the data.
    async fn skip_header(&mut self) -> Result<()> {
        let mut head = Vec::new();
        while head.len() < 30 {
            self.fill().await?;
            let chunk = self.buffer.split_to(self.buffer.len().min(30 - head.len()));
            head.extend_from_slice(&chunk);
        }
        if head[..4] != *b"PK\x03\x04" {
            return Err(BROKEN);
        }
        let mut rest = (number(&head, 26, 2) + number(&head, 28, 2)) as usize;
        while rest > 0 {
            self.fill().await?;
            let skipped = self.buffer.len().min(rest);
            self.buffer.advance(skipped);
            rest -= skipped;
        }
        Ok(())
    }

    /// Fills the buffer if it is empty.
    async fn fill(&mut self) -> Result<()> {
        while self.buffer.is_empty() {
            self.buffer = self.bytes.next().await.ok_or(BROKEN)?.map_err(storage_error)?;
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        let chunk = if self.entry.is_compressed { self.inflate().await? } else { self.copy().await? };
        self.yielded += chunk.len() as u64;
        self.crc.update(&chunk);
        if chunk.is_empty() {
            let is_intact = self.yielded == self.entry.size && self.crc.sum() == self.entry.crc;
            return if is_intact { Ok(None) } else { Err(BROKEN) };
        }
        if self.yielded > self.entry.size {
            return Err(Error::Archive("an entry is larger than declared"));
        }
        let subtract = |left: u64| left.checked_sub(chunk.len() as u64);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract).is_err() {
            return Err(Error::Archive("its compression ratio is too high"));
        }
        Ok(Some(chunk))
    }

    async fn copy(&mut self) -> Result<Bytes> {
        if self.compressed_left == 0 {
            return Ok(Bytes::new());
        }
        self.fill().await?;
        let most = usize::try_from(self.compressed_left).unwrap_or(usize::MAX);
        let chunk = self.buffer.split_to(self.buffer.len().min(most));
        self.compressed_left -= chunk.len() as u64;
        Ok(chunk)
    }

    async fn inflate(&mut self) -> Result<Bytes> {
        let mut chunk = Vec::with_capacity(CHUNK);
        while !self.is_finished && chunk.len() < CHUNK {
            if self.compressed_left > 0 {
                self.fill().await?;
            }
            let most = usize::try_from(self.compressed_left).unwrap_or(usize::MAX);
            let input = &self.buffer[..self.buffer.len().min(most)];
            let before = (self.inflate.total_in(), chunk.len());
            let status = self.inflate.decompress_vec(input, &mut chunk, FlushDecompress::None);
            self.is_finished = status.map_err(|_| BROKEN)? == Status::StreamEnd;
            let used = self.inflate.total_in() - before.0;
            self.buffer.advance(used as usize);
            self.compressed_left -= used;
            if !self.is_finished && used == 0 && chunk.len() == before.1 {
                return Err(BROKEN);
            }
        }
        Ok(chunk.into())
    }
}

/// A failure to read from the storage.
fn storage_error(error: std::io::Error) -> Error {
    Error::Failed(object_store::Error::Generic { store: "zip", source: error.into() })
}

/// The offset of the end record.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END as usize)?;
    (0..=last).rev().find(|at| {
        let record = &tail[*at..];
        record[..4] == *b"PK\x05\x06" && record.len() as u64 == END + number(record, 20, 2)
    })
}

/// The offset of the zip64 end record, when there is a locator for it.
fn zip64_end(locator: Option<&[u8]>) -> Option<u64> {
    let locator = locator.filter(|locator| locator.len() == 20 && locator[..4] == *b"PK\x06\x07")?;
    Some(number(locator, 8, 8))
}

/// Parses the central directory. Of several entries with one name the first counts. `None` when it doesn't have
/// exactly `count` entries.
fn read_directory(mut bytes: &[u8], count: u64) -> Option<BTreeMap<String, Entry>> {
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (head, rest) = bytes.split_at_checked(46)?;
        if head[..4] != *b"PK\x01\x02" {
            return None;
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| number(head, at, 2) as usize);
        let (name, rest) = rest.split_at_checked(name)?;
        let (extra, rest) = rest.split_at_checked(extra)?;
        bytes = rest.get(comment..)?;
        let mut long = zip64_fields(extra);
        let mut field = |at| match number(head, at, 4) {
            0xffff_ffff => long.next(),
            short => Some(short),
        };
        // The order of the zip64 fields.
        let (size, compressed_size, offset) = (field(24)?, field(20)?, field(42)?);
        let (flags, method) = (number(head, 8, 2), number(head, 10, 2));
        let is_unsupported = flags & 1 != 0 || !matches!(method, 0 | 8);
        let crc = number(head, 16, 4) as u32;
        // Our exports have UTF-8 names only; other entries are ignored.
        if let Ok(name) = std::str::from_utf8(name) {
            let is_compressed = method == 8;
            let entry = Entry { offset, compressed_size, size, crc, is_compressed, is_unsupported };
            entries.entry(name.to_owned()).or_insert(entry);
        }
    }
    bytes.is_empty().then_some(entries)
}

/// The 64-bit values of the zip64 extra field, which replace 32-bit ones that are too small.
fn zip64_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut found: &[u8] = &[];
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((field, rest)) = rest.split_at_checked(number(head, 2, 2) as usize) else { break };
        if number(head, 0, 2) == 1 {
            found = field;
            break;
        }
        extra = rest;
    }
    found.chunks_exact(8).map(|field| number(field, 0, 8))
}

/// A little-endian number of `length` bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes
        .get(at..at + length)
        .into_iter()
        .flatten()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
