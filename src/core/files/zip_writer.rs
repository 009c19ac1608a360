//! Writes a zip as a stream: output is available at once, so that the whole archive is never held anywhere.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::model::Time;

/// From this size in bytes an entry uses zip64, which some old programs can't read.
const ZIP64_SIZE: u64 = 0xf000_0000;

/// A zip archive that is being written.
pub struct StreamingZipWriter {
    zip: ZipWriter<StreamWriter<OutputBuffer>>,
    output: OutputBuffer,
}

impl Default for StreamingZipWriter {
    fn default() -> Self {
        let output = OutputBuffer::default();
        Self { zip: ZipWriter::new_stream(output.clone()), output }
    }
}

impl StreamingZipWriter {
    /// Starts a compressed text entry of less than 4 GB.
    pub fn text(&mut self, name: &str, at: Time) -> io::Result<()> {
        self.start(name, at, CompressionMethod::Deflated, 0)
    }

    /// Starts an uncompressed entry for data that is most likely compressed already.
    pub fn bytes(&mut self, name: &str, at: Time, size: u64) -> io::Result<()> {
        self.start(name, at, CompressionMethod::Stored, size)
    }

    fn start(&mut self, name: &str, at: Time, method: CompressionMethod, size: u64) -> io::Result<()> {
        let at = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC).datetime();
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(size >= ZIP64_SIZE)
            .last_modified_time(at.try_into().unwrap_or_default());
        Ok(self.zip.start_file(name, options)?)
    }

    /// Appends to the current entry.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)
    }

    /// Takes the output since the last call.
    pub fn take(&mut self) -> Bytes {
        std::mem::take(&mut *self.output.lock()).into()
    }

    /// Completes the archive and returns the rest of the output.
    pub fn finish(self) -> io::Result<Bytes> {
        let Self { zip, output } = self;
        zip.finish()?;
        let rest = std::mem::take(&mut *output.lock());
        Ok(rest.into())
    }
}

/// The output that was not taken yet.
#[derive(Clone, Default)]
struct OutputBuffer(Arc<Mutex<Vec<u8>>>);

impl OutputBuffer {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for OutputBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
