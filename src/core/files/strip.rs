//! Takes out of a picture, while it arrives, what it tells of where, when and by whom it was taken.
//!
//! The pixels are not touched. Only what is needed to show a picture stays: the compressed image,
//! its colours, its animation and which side is up. Everything else goes, known or not: EXIF, XMP
//! and IPTC (each may hold a place), texts, previews, and what cameras append behind the picture.
//! Files that are no JPEG, PNG or WebP pass as they are.
//!
//! It is written here, and not left to a crate, because those at hand want the whole file in memory.

mod jpeg;
mod png;
mod tiff;
mod webp;

use bytes::Bytes;

/// The largest EXIF block that is looked into; a JPEG can't hold a larger one.
const LARGEST_EXIF: usize = 64 * 1024;

/// What to do with the bytes that come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Find out what it is.
    Begin,
    /// A segment or chunk begins here.
    Head,
    /// So many bytes stay.
    Keep(u64),
    /// So many bytes go.
    Drop(u64),
    /// So many bytes become zeros.
    Blank(u64),
    /// A JPEG's compressed pixels, until a marker.
    Pixels,
    /// A JPEG has ended; another may follow.
    Ended,
    /// All the rest stays.
    KeepRest,
    /// All the rest goes.
    DropRest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Jpeg,
    Png,
    /// With how many bytes of it are left.
    WebP(u64),
}

/// A file on its way.
pub(super) struct Strip {
    step: Step,
    format: Format,
    /// What has come and can't be judged yet.
    waiting: Vec<u8>,
}

impl Strip {
    pub(super) fn new() -> Self {
        Self { step: Step::Begin, format: Format::Jpeg, waiting: Vec::new() }
    }

    /// What stays of what has come so far.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.step == Step::KeepRest {
            return chunk;
        }
        self.waiting.extend_from_slice(&chunk);
        let waiting = std::mem::take(&mut self.waiting);
        let mut kept = Vec::with_capacity(waiting.len());
        let mut rest = &waiting[..];
        while !rest.is_empty()
            && let Some(used) = self.take(rest, &mut kept)
        {
            rest = &rest[used..];
        }
        self.waiting = rest.to_vec();
        kept.into()
    }

    /// What stays of what was waiting when the file ended.
    pub(super) fn finish(self) -> Bytes {
        match self.step {
            // Too short to be a picture; or a JPEG that broke off within its pixels.
            Step::Begin | Step::Pixels => self.waiting.into(),
            _ => Bytes::new(),
        }
    }

    /// Takes some bytes, and says how many; nothing when more must come first.
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

/// A step with nothing left to do is over.
fn next(step: Step) -> Step {
    match step {
        Step::Keep(0) | Step::Drop(0) | Step::Blank(0) => Step::Head,
        step => step,
    }
}

#[cfg(test)]
mod tests;
