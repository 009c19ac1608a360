//! A zip that is given away while it is made: what is put in comes out at once, so that it is nowhere as a whole.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::model::Time;

/// From this size on an entry needs the longer fields of zip64, which some old programs can't read.
const LARGE: u64 = 0xf000_0000;

/// A zip under way.
pub struct Archive {
    zip: ZipWriter<StreamWriter<Outlet>>,
    outlet: Outlet,
}

impl Default for Archive {
    fn default() -> Self {
        let outlet = Outlet::default();
        Self { zip: ZipWriter::new_stream(outlet.clone()), outlet }
    }
}

impl Archive {
    /// Begins an entry of text. It must be shorter than 4 GB.
    pub fn text(&mut self, name: &str, at: Time) -> io::Result<()> {
        self.begin(name, at, CompressionMethod::Deflated, 0)
    }

    /// Begins an entry of bytes that are most likely compressed already.
    pub fn bytes(&mut self, name: &str, at: Time, size: u64) -> io::Result<()> {
        self.begin(name, at, CompressionMethod::Stored, size)
    }

    fn begin(&mut self, name: &str, at: Time, method: CompressionMethod, size: u64) -> io::Result<()> {
        let at = Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::UTC).datetime();
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(size >= LARGE)
            .last_modified_time(at.try_into().unwrap_or_default());
        Ok(self.zip.start_file(name, options)?)
    }

    /// Adds to the entry.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)
    }

    /// What came out since this was asked last.
    pub fn take(&mut self) -> Bytes {
        std::mem::take(&mut *self.outlet.lock()).into()
    }

    /// Ends it, and answers the rest of what comes out.
    pub fn finish(self) -> io::Result<Bytes> {
        let Self { zip, outlet } = self;
        zip.finish()?;
        let rest = std::mem::take(&mut *outlet.lock());
        Ok(rest.into())
    }
}

/// Where it comes out.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
