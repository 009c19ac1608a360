//! Removes metadata from pictures while they are uploaded: location, time, camera and author.
//!
//! Pixels are not changed. Only what is needed to display the picture is kept: compressed image data,
//! colour information, animation and orientation. Everything else is dropped, known or not: EXIF, XMP
//! and IPTC (each may hold a location), texts, previews, and data that cameras append to the picture.
//! Files other than JPEG, PNG and WebP pass unchanged.
//!
//! It is written here because the available crates need the whole file in memory.

mod jpeg;
mod png;
mod tiff;
mod webp;

use bytes::Bytes;

/// The largest EXIF block that is parsed, in bytes; a JPEG can't hold a larger one.
const MAX_EXIF_SIZE: usize = 64 * 1024;

/// What to do with the following bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Detect the format.
    Begin,
    /// Parse the header of a segment or chunk.
    Head,
    /// Keep this many bytes.
    Keep(u64),
    /// Drop this many bytes.
    Drop(u64),
    /// Replace this many bytes by zeros.
    Blank(u64),
    /// Keep a JPEG's compressed image data until a marker.
    Pixels,
    /// A JPEG has ended; another one may follow.
    Ended,
    /// Keep everything that follows.
    KeepRest,
    /// Drop everything that follows.
    DropRest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
    /// With the number of bytes left in the RIFF container.
    WebP(u64),
}

/// A streaming filter for one file.
pub(super) struct MetadataStripper {
    step: Step,
    format: Format,
    /// Input that can't be processed before more arrives.
    pending: Vec<u8>,
}

impl MetadataStripper {
    pub(super) fn new() -> Self {
        Self { step: Step::Begin, format: Format::Jpeg, pending: Vec::new() }
    }

    /// Processes a chunk and returns what is kept.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.step == Step::KeepRest {
            return chunk;
        }
        self.pending.extend_from_slice(&chunk);
        let pending = std::mem::take(&mut self.pending);
        let mut kept = Vec::with_capacity(pending.len());
        let mut rest = &pending[..];
        while !rest.is_empty()
            && let Some(used) = self.take(rest, &mut kept)
        {
            rest = &rest[used..];
        }
        self.pending = rest.to_vec();
        kept.into()
    }

    /// Ends the file and returns what is kept of the pending input.
    pub(super) fn finish(self) -> Bytes {
        match self.step {
            // Too short to be a picture, or a JPEG that was truncated within its image data.
            Step::Begin | Step::Pixels => self.pending.into(),
            _ => Bytes::new(),
        }
    }

    /// Processes some input and returns how many bytes; `None` when more input is needed.
    fn take(&mut self, input: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
        let some = |most: u64| usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
        let left = |most: u64, used: usize| most - used as u64;
        match self.step {
            Step::Begin => self.begin(input),
            Step::Head => match self.format {
                Format::Jpeg => jpeg::head(self, input, kept),
                Format::Png => png::head(self, input, kept),
                Format::WebP(_) => webp::head(self, input, kept),
            },
            Step::Pixels => jpeg::pixels(self, input, kept),
            Step::Ended => jpeg::ended(self, input),
            Step::Keep(most) => {
                let used = some(most);
                kept.extend_from_slice(&input[..used]);
                self.step = next(Step::Keep(left(most, used)));
                Some(used)
            }
            Step::Drop(most) => {
                let used = some(most);
                self.step = next(Step::Drop(left(most, used)));
                Some(used)
            }
            Step::Blank(most) => {
                let used = some(most);
                kept.resize(kept.len() + used, 0);
                self.step = next(Step::Blank(left(most, used)));
                Some(used)
            }
            Step::KeepRest => {
                kept.extend_from_slice(input);
                Some(input.len())
            }
            Step::DropRest => Some(input.len()),
        }
    }

    fn begin(&mut self, input: &[u8]) -> Option<usize> {
        let start = input.get(..12)?;
        (self.format, self.step) = if start.starts_with(&jpeg::START) {
            (Format::Jpeg, Step::Head)
        } else if start.starts_with(&png::SIGNATURE) {
            (Format::Png, Step::Keep(8))
        } else if start.starts_with(b"RIFF") && start.ends_with(b"WEBP") {
            let size = u32::from_le_bytes([start[4], start[5], start[6], start[7]]);
            (Format::WebP(u64::from(size).saturating_sub(4)), Step::Keep(12))
        } else {
            (Format::Jpeg, Step::KeepRest)
        };
        Some(0)
    }
}

/// The step after one that has no bytes left.
fn next(step: Step) -> Step {
    match step {
        Step::Keep(0) | Step::Drop(0) | Step::Blank(0) => Step::Head,
        step => step,
    }
}

#[cfg(test)]
mod tests;
