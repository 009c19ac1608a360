//! Random access to a file in a bucket for decoders, with one block of it in memory.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use symphonia::core::io::MediaSource;
use tokio::runtime::Handle;

/// How many bytes are requested at a time.
const BLOCK: u64 = 1024 * 1024;

pub(super) struct RangeReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    position: u64,
    /// The block that was requested last, and its offset.
    block: Bytes,
    block_start: u64,
    runtime: Handle,
}

impl RangeReader {
    /// Must be created on the runtime and read on a blocking thread.
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, size: u64) -> Self {
        Self {
            store,
            path,
            size,
            position: 0,
            block: Bytes::new(),
            block_start: 0,
            runtime: Handle::current(),
        }
    }

    /// The buffered bytes from the current position on.
    fn buffered(&self) -> &[u8] {
        let skipped =
            self.position.checked_sub(self.block_start).and_then(|skipped| usize::try_from(skipped).ok());
        skipped.and_then(|skipped| self.block.get(skipped..)).unwrap_or_default()
    }
}

impl Read for RangeReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.buffered().is_empty() && self.position < self.size {
            let range = self.position..self.size.min(self.position + BLOCK);
            let request = self.store.get_range(&self.path, range);
            self.block = self.runtime.block_on(request).map_err(Error::other)?;
            self.block_start = self.position;
        }
        let buffered = self.buffered();
        let length = buffered.len().min(buffer.len());
        buffer[..length].copy_from_slice(&buffered[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for RangeReader {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl MediaSource for RangeReader {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size)
    }
}
