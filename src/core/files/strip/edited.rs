//! A file with its changes applied: while it is read, and while it is copied.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use bytes::{Buf, Bytes};
use symphonia::core::io::MediaSource;

use super::{Edit, Replacement};

/// A piece of the changed file.
#[derive(Debug)]
struct Piece {
    /// Where it begins in the changed file, and its length.
    at: u64,
    length: u64,
    from: From,
}

#[derive(Debug)]
enum From {
    /// The original file, at an offset.
    Original(u64),
    Bytes(Vec<u8>),
    Fill(u8),
}

/// Reads a file as if its changes had been applied.
pub(in crate::files) struct Edited<F> {
    file: F,
    pieces: Vec<Piece>,
    at: u64,
    length: u64,
    /// Where the original file is, if that is known.
    position: Option<u64>,
}

impl<F: Read + Seek> Edited<F> {
    pub(in crate::files) fn new(mut file: F, edits: &[Edit]) -> Result<Self> {
        let end = file.seek(SeekFrom::End(0))?;
        let mut edited = Self { file, pieces: Vec::new(), at: 0, length: 0, position: None };
        let mut done = 0;
        for edit in edits {
            edited.add(edit.at - done, From::Original(done));
            match &edit.with {
                Replacement::Bytes(bytes) => edited.add(bytes.len() as u64, From::Bytes(bytes.clone())),
                Replacement::Fill(byte) => edited.add(edit.length, From::Fill(*byte)),
            }
            done = edit.end();
        }
        edited.add(end.saturating_sub(done), From::Original(done));
        Ok(edited)
    }

    fn add(&mut self, length: u64, from: From) {
        if length > 0 {
            self.pieces.push(Piece { at: self.length, length, from });
            self.length += length;
        }
    }
}

impl<F: Read + Seek> Read for Edited<F> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let index = self.pieces.partition_point(|piece| piece.at + piece.length <= self.at);
        let Some(piece) = self.pieces.get(index) else { return Ok(0) };
        let skipped = self.at - piece.at;
        let most = usize::try_from(piece.length - skipped).unwrap_or(usize::MAX).min(into.len());
        let into = &mut into[..most];
        let read = match &piece.from {
            From::Original(at) => {
                let at = at + skipped;
                if self.position != Some(at) {
                    self.file.seek(SeekFrom::Start(at))?;
                }
                let read = self.file.read(into)?;
                self.position = Some(at + read as u64);
                read
            }
            From::Bytes(bytes) => {
                let at = usize::try_from(skipped).map_err(Error::other)?;
                into.copy_from_slice(&bytes[at..at + most]);
                most
            }
            From::Fill(byte) => {
                into.fill(*byte);
                most
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl<F> Seek for Edited<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl<F: Read + Seek + Send + Sync> MediaSource for Edited<F> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}

/// Applies changes to a file while it is copied.
pub(in crate::files) struct Applier {
    edits: VecDeque<Edit>,
    /// How many bytes of the original were processed.
    at: u64,
}

impl Applier {
    pub(in crate::files) fn new(edits: Vec<Edit>) -> Self {
        Self { edits: edits.into(), at: 0 }
    }

    /// Processes the next bytes of the original and returns what takes their place.
    pub(in crate::files) fn push(&mut self, mut chunk: Bytes) -> Bytes {
        let end = self.at + chunk.len() as u64;
        if self.edits.front().is_none_or(|edit| edit.at >= end) {
            self.at = end;
            return chunk;
        }
        let mut out = Vec::with_capacity(chunk.len());
        while !chunk.is_empty() {
            let Some(edit) = self.edits.front_mut().filter(|edit| edit.at < end) else {
                out.extend_from_slice(&chunk);
                break;
            };
            let before = usize::try_from(edit.at - self.at).unwrap_or(usize::MAX).min(chunk.len());
            out.extend_from_slice(&chunk[..before]);
            chunk.advance(before);
            let replaced = usize::try_from(edit.length).unwrap_or(usize::MAX).min(chunk.len());
            chunk.advance(replaced);
            match &mut edit.with {
                Replacement::Bytes(bytes) => out.append(bytes),
                Replacement::Fill(byte) => out.resize(out.len() + replaced, *byte),
            }
            edit.at += replaced as u64;
            edit.length -= replaced as u64;
            self.at = edit.at;
            if edit.length == 0 {
                self.edits.pop_front();
            }
        }
        self.at = end;
        out.into()
    }
}
