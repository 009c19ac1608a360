//! A file in a bucket, read by a decoder: from any place, and with little of it in memory.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use symphonia::core::io::MediaSource;
use tokio::runtime::Handle;

/// How much is asked for at a time.
const BLOCK: u64 = 1024 * 1024;

pub(super) struct Ranged {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    at: u64,
    /// What was asked for last, and where it begins.
    block: Bytes,
    begin: u64,
    runtime: Handle,
}

impl Ranged {
    /// To be read on a thread that may block.
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, size: u64) -> Self {
        Self { store, path, size, at: 0, block: Bytes::new(), begin: 0, runtime: Handle::current() }
    }

    /// What is in memory from where it stands on.
    fn here(&self) -> &[u8] {
        let skipped = self.at.checked_sub(self.begin).and_then(|skipped| usize::try_from(skipped).ok());
        skipped.and_then(|skipped| self.block.get(skipped..)).unwrap_or_default()
    }
}

impl Read for Ranged {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.here().is_empty() && self.at < self.size {
            let range = self.at..self.size.min(self.at + BLOCK);
            let asked = self.store.get_range(&self.path, range);
            self.block = self.runtime.block_on(asked).map_err(Error::other)?;
            self.begin = self.at;
        }
        let here = self.here();
        let length = here.len().min(buffer.len());
        buffer[..length].copy_from_slice(&here[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Ranged {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Ranged {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size)
    }
}
