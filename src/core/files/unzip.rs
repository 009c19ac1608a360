//! A zip that is read where it is kept: by ranges, so that it is nowhere as a whole, and never more of it than
//! was asked for.
//!
//! Whatever it says of itself may be a lie. The list of its entries is read only when it is short enough, an entry
//! gives no more bytes than the list says, and all of them together no more than [`Zip`] was opened for. Reading the list
//! here instead of with `zip` is what bounds it: that crate makes room for as many entries as the last bytes claim.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::GetRange;

use super::{Error, Files, Result};
use crate::model::Attachment;

/// The longest list of entries, in bytes and in entries.
const LONGEST_LIST: u64 = 16 * 1024 * 1024;
const MOST_ENTRIES: u64 = 100_000;
/// Where the end can begin: its record, and behind it a remark of 64 KiB at most.
const END: u64 = 22;
const LONGEST_REMARK: u64 = 0xffff;
/// How many unpacked bytes come at a time.
const PIECE: usize = 64 * 1024;

const NO_ZIP: Error = Error::Archive("it is not a zip archive");
const BROKEN: Error = Error::Archive("it is corrupt");

/// A zip among the files.
#[derive(Clone)]
pub struct Zip {
    files: Files,
    file: Attachment,
    entries: Arc<BTreeMap<String, Entry>>,
    /// Up to where there can be entries.
    end: u64,
    /// How many bytes may still be unpacked.
    left: Arc<AtomicU64>,
}

/// What the list says of an entry.
#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    packed: u64,
    size: u64,
    crc: u32,
    is_packed: bool,
    /// Nothing that is read here: encrypted, or packed otherwise.
    is_odd: bool,
}

impl Files {
    /// Opens a file as a zip, of which no more than so many bytes are ever unpacked.
    pub async fn unzip(&self, file: &Attachment, most: u64) -> Result<Zip> {
        let size = u64::try_from(file.size).unwrap_or_default();
        let begin = size.saturating_sub(END + LONGEST_REMARK);
        let tail = self.part(file, begin, size).await?;
        let end = find_end(&tail).ok_or(NO_ZIP)?;
        let record = &tail[end..];
        let list = match long_end(tail.get(end.saturating_sub(20)..end)) {
            None => {
                List { count: number(record, 10, 2), size: number(record, 12, 4), at: number(record, 16, 4) }
            }
            Some(at) => {
                let long = self.part(file, at, at.saturating_add(56).min(size)).await?;
                if long.len() < 56 || long[..4] != *b"PK\x06\x06" {
                    return Err(BROKEN);
                }
                List { count: number(&long, 32, 8), size: number(&long, 40, 8), at: number(&long, 48, 8) }
            }
        };
        if list.count > MOST_ENTRIES || list.size > LONGEST_LIST {
            return Err(Error::Archive("it has more than 100,000 entries"));
        }
        let upto = list.at.checked_add(list.size).filter(|upto| *upto <= begin + end as u64).ok_or(BROKEN)?;
        let bytes = self.part(file, list.at, upto).await?;
        let entries = Arc::new(read_list(&bytes, list.count).ok_or(BROKEN)?);
        let left = Arc::new(AtomicU64::new(most));
        Ok(Zip { files: self.clone(), file: file.clone(), entries, end: list.at, left })
    }

    /// Some bytes of a file.
    async fn part(&self, file: &Attachment, from: u64, upto: u64) -> Result<Bytes> {
        if from >= upto {
            return Ok(Bytes::new());
        }
        let mut opened = self.open(file, Some(GetRange::Bounded(from..upto))).await?;
        let mut bytes = Vec::with_capacity((upto - from) as usize);
        while let Some(some) = opened.bytes.next().await {
            bytes.extend_from_slice(&some.map_err(lost)?);
        }
        Ok(bytes.into())
    }
}

/// Where the list of entries is.
struct List {
    count: u64,
    size: u64,
    at: u64,
}

impl Zip {
    /// The names of the entries, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// How many bytes an entry has, if there is one.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    /// What stands in an entry, if there is one and it is no longer than so many bytes.
    pub async fn whole(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        if self.size(name).is_none_or(|size| size > most) {
            return Ok(None);
        }
        let mut bytes = self.read(name).await?;
        let mut whole = Vec::new();
        while let Some(some) = bytes.next().await {
            whole.extend_from_slice(&some?);
        }
        Ok(Some(whole))
    }

    /// What stands in an entry, as it is unpacked.
    pub async fn read(&self, name: &str) -> Result<BoxStream<'static, Result<Bytes>>> {
        let entry = *self.entries.get(name).ok_or(Error::Missing)?;
        if entry.is_odd {
            return Err(Error::Archive("an entry is encrypted, or uses an unsupported compression method"));
        }
        let mut unpacking = self.unpacking(entry).await?;
        unpacking.skip_head().await?;
        let bytes = stream::try_unfold(unpacking, |mut unpacking| async move {
            let next = unpacking.next().await?;
            // Unpacking never waits where much is made of little: let others come in between.
            tokio::task::yield_now().await;
            Ok(next.map(|bytes| (bytes, unpacking)))
        });
        Ok(bytes.boxed())
    }

    async fn unpacking(&self, entry: Entry) -> Result<Unpacking> {
        // How long the head is stands in it.
        let longest_head = 30 + 2 * 0xffff;
        let upto = entry.at.saturating_add(longest_head).saturating_add(entry.packed).min(self.end);
        if entry.at >= upto {
            return Err(BROKEN);
        }
        let opened = self.files.open(&self.file, Some(GetRange::Bounded(entry.at..upto))).await?;
        Ok(Unpacking {
            bytes: opened.bytes,
            some: Bytes::new(),
            packed: entry.packed,
            entry,
            given: 0,
            sum: Crc::new(),
            inflate: Decompress::new(false),
            is_over: false,
            left: self.left.clone(),
        })
    }
}

/// An entry on its way.
struct Unpacking {
    bytes: BoxStream<'static, std::io::Result<Bytes>>,
    /// What came and was not looked at yet.
    some: Bytes,
    /// How many packed bytes are to come, `some` included.
    packed: u64,
    entry: Entry,
    given: u64,
    sum: Crc,
    inflate: Decompress,
    /// Whether the packed bytes said that this was all.
    is_over: bool,
    left: Arc<AtomicU64>,
}

impl Unpacking {
    /// Leaves out what stands before the bytes: the entry's name once more.
    async fn skip_head(&mut self) -> Result<()> {
        let mut head = Vec::new();
        while head.len() < 30 {
            self.more().await?;
            let some = self.some.split_to(self.some.len().min(30 - head.len()));
            head.extend_from_slice(&some);
        }
        if head[..4] != *b"PK\x03\x04" {
            return Err(BROKEN);
        }
        let mut rest = (number(&head, 26, 2) + number(&head, 28, 2)) as usize;
        while rest > 0 {
            self.more().await?;
            let some = self.some.len().min(rest);
            self.some.advance(some);
            rest -= some;
        }
        Ok(())
    }

    /// Makes sure that there is something to look at.
    async fn more(&mut self) -> Result<()> {
        while self.some.is_empty() {
            self.some = self.bytes.next().await.ok_or(BROKEN)?.map_err(lost)?;
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        let piece = if self.entry.is_packed { self.inflate().await? } else { self.copy().await? };
        self.given += piece.len() as u64;
        self.sum.update(&piece);
        if piece.is_empty() {
            let is_whole = self.given == self.entry.size && self.sum.sum() == self.entry.crc;
            return if is_whole { Ok(None) } else { Err(BROKEN) };
        }
        if self.given > self.entry.size {
            return Err(Error::Archive("an entry is larger than declared"));
        }
        let took = |left: u64| left.checked_sub(piece.len() as u64);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, took).is_err() {
            return Err(Error::Archive("its compression ratio is too high"));
        }
        Ok(Some(piece))
    }

    async fn copy(&mut self) -> Result<Bytes> {
        if self.packed == 0 {
            return Ok(Bytes::new());
        }
        self.more().await?;
        let most = usize::try_from(self.packed).unwrap_or(usize::MAX);
        let some = self.some.split_to(self.some.len().min(most));
        self.packed -= some.len() as u64;
        Ok(some)
    }

    async fn inflate(&mut self) -> Result<Bytes> {
        let mut piece = Vec::with_capacity(PIECE);
        while !self.is_over && piece.len() < PIECE {
            if self.packed > 0 {
                self.more().await?;
            }
            let most = usize::try_from(self.packed).unwrap_or(usize::MAX);
            let input = &self.some[..self.some.len().min(most)];
            let before = (self.inflate.total_in(), piece.len());
            let status = self.inflate.decompress_vec(input, &mut piece, FlushDecompress::None);
            self.is_over = status.map_err(|_| BROKEN)? == Status::StreamEnd;
            let used = self.inflate.total_in() - before.0;
            self.some.advance(used as usize);
            self.packed -= used;
            if !self.is_over && used == 0 && piece.len() == before.1 {
                return Err(BROKEN);
            }
        }
        Ok(piece.into())
    }
}

/// What the storage could not give.
fn lost(error: std::io::Error) -> Error {
    Error::Failed(object_store::Error::Generic { store: "zip", source: error.into() })
}

/// Where the record begins that ends a zip.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END as usize)?;
    (0..=last).rev().find(|at| {
        let record = &tail[*at..];
        record[..4] == *b"PK\x05\x06" && record.len() as u64 == END + number(record, 20, 2)
    })
}

/// Where the longer record is, when what stands before the last one says that there is one.
fn long_end(locator: Option<&[u8]>) -> Option<u64> {
    let locator = locator.filter(|locator| locator.len() == 20 && locator[..4] == *b"PK\x06\x07")?;
    Some(number(locator, 8, 8))
}

/// The entries. Of several with one name the first counts. Nothing when there are others than the list says.
fn read_list(mut bytes: &[u8], count: u64) -> Option<BTreeMap<String, Entry>> {
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (head, rest) = bytes.split_at_checked(46)?;
        if head[..4] != *b"PK\x01\x02" {
            return None;
        }
        let [name, extra, remark] = [28, 30, 32].map(|at| number(head, at, 2) as usize);
        let (name, rest) = rest.split_at_checked(name)?;
        let (extra, rest) = rest.split_at_checked(extra)?;
        bytes = rest.get(remark..)?;
        let mut long = long_fields(extra);
        let mut field = |at| match number(head, at, 4) {
            0xffff_ffff => long.next(),
            short => Some(short),
        };
        // In this order the longer ones stand.
        let (size, packed, at) = (field(24)?, field(20)?, field(42)?);
        let (flags, method) = (number(head, 8, 2), number(head, 10, 2));
        let is_odd = flags & 1 != 0 || !matches!(method, 0 | 8);
        let crc = number(head, 16, 4) as u32;
        // What is no UTF-8 is none of ours.
        if let Ok(name) = std::str::from_utf8(name) {
            let entry = Entry { at, packed, size, crc, is_packed: method == 8, is_odd };
            entries.entry(name.to_owned()).or_insert(entry);
        }
    }
    bytes.is_empty().then_some(entries)
}

/// The numbers that don't fit where short ones stand.
fn long_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> {
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

/// A number of so many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes
        .get(at..at + length)
        .into_iter()
        .flatten()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
