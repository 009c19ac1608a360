//! The archive as bytes: tar, compressed with zstd. It is written and read as a stream, on a thread of its own.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use super::manifest::{MANIFEST, Manifest, Part};
use super::object::DestinationWriter;
use super::{Error, Result};

/// zstd's own default: about as fast as a disk, and hardly larger than slower levels.
const LEVEL: i32 = 3;
/// How many bytes pass between the threads at a time, and how many such pieces wait.
const PIECE: usize = 256 * 1024;
const WAITING: usize = 4;

/// What the thread that writes is told.
enum Order {
    Begin {
        name: String,
        size: u64,
    },
    Data(Bytes),
    /// Write the manifest, whose parts the thread adds, and end the archive.
    Finish(Box<Manifest>),
}

/// What comes out of the thread that writes.
enum Output {
    Data(Bytes),
    /// The archive is complete. Without this nothing is stored.
    End,
}

/// Writes an archive into a storage.
pub(super) struct ArchiveWriter {
    orders: Sender<Order>,
    thread: JoinHandle<io::Result<Manifest>>,
    upload: JoinHandle<Result<Option<u64>>>,
}

impl ArchiveWriter {
    pub(super) fn start(target: DestinationWriter) -> Self {
        let (orders, received) = channel(WAITING);
        let (output, written) = channel(WAITING);
        let thread = tokio::task::spawn_blocking(move || compose(received, output));
        Self { orders, thread, upload: tokio::spawn(upload(written, target)) }
    }

    /// Begins a part of a known size; [`ArchiveWriter::data`] gives its bytes.
    pub(super) async fn begin(&mut self, name: &str, size: u64) -> Result<()> {
        self.order(Order::Begin { name: name.to_owned(), size }).await
    }

    pub(super) async fn data(&mut self, bytes: Bytes) -> Result<()> {
        self.order(Order::Data(bytes)).await
    }

    /// A whole part.
    pub(super) async fn part(&mut self, name: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        self.begin(name, bytes.len() as u64).await?;
        self.data(bytes).await
    }

    async fn order(&mut self, order: Order) -> Result<()> {
        // `finish` returns the reason.
        self.orders.send(order).await.map_err(|_| Error::Interrupted)
    }

    /// Ends the archive. Returns the whole manifest and the archive's size.
    pub(super) async fn finish(mut self, manifest: Manifest) -> Result<(Manifest, u64)> {
        let finished = self.order(Order::Finish(Box::new(manifest))).await;
        let (composed, size) = self.outcome().await?;
        finished?;
        Ok((composed, size.ok_or(Error::Interrupted)?))
    }

    /// Gives up: nothing is stored. Returns why the archive could not be written, if that was the reason.
    pub(super) async fn abort(self, error: Error) -> Error {
        match (error, self.outcome().await) {
            (Error::Interrupted, Err(reason)) => reason,
            (error, _) => error,
        }
    }

    async fn outcome(self) -> Result<(Manifest, Option<u64>)> {
        let Self { orders, thread, upload } = self;
        drop(orders);
        let composed = thread.await.map_err(|_| Error::Interrupted)?;
        let size = upload.await.map_err(|_| Error::Interrupted)??;
        Ok((composed.map_err(Error::Write)?, size))
    }
}

/// Stores what comes out of the thread; `None` if it was not completed.
async fn upload(mut written: Receiver<Output>, mut target: DestinationWriter) -> Result<Option<u64>> {
    while let Some(output) = written.recv().await {
        match output {
            Output::Data(bytes) => {
                if let Err(error) = target.write(bytes).await {
                    target.abort().await;
                    return Err(error);
                }
            }
            Output::End => return Ok(Some(target.finish().await?)),
        }
    }
    target.abort().await;
    Ok(None)
}

fn compose(mut orders: Receiver<Order>, output: Sender<Output>) -> io::Result<Manifest> {
    let mut encoder = zstd::Encoder::new(Pieces { output, bytes: BytesMut::new() }, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut archive = tar::Builder::new(encoder);
    let mut parts = Vec::new();
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Begin { name, size } => {
                let mut content = Content::new(&mut orders, size);
                archive.append_data(&mut header(size), &name, &mut content)?;
                if content.left > 0 {
                    return Err(cut_short());
                }
                let sha256 = hex(content.hash.finish().as_ref());
                parts.push(Part { name, size, sha256 });
            }
            Order::Data(bytes) if bytes.is_empty() => {}
            Order::Data(_) => return Err(cut_short()),
            Order::Finish(mut manifest) => {
                manifest.parts = parts;
                let text = serde_json::to_vec_pretty(&manifest)?;
                archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
                let mut pieces = archive.into_inner()?.finish()?;
                pieces.flush()?;
                pieces.output.blocking_send(Output::End).map_err(|_| cut_short())?;
                return Ok(*manifest);
            }
        }
    }
    Err(cut_short())
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the data ended too early")
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(0);
    header
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends what is written in pieces.
struct Pieces {
    output: Sender<Output>,
    bytes: BytesMut,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = self.bytes.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the archive can't be stored");
        self.output.blocking_send(Output::Data(bytes)).map_err(|_| gone())
    }
}

/// The bytes of one part, as they are ordered.
struct Content<'a> {
    orders: &'a mut Receiver<Order>,
    left: u64,
    bytes: Bytes,
    hash: Context,
}

impl<'a> Content<'a> {
    fn new(orders: &'a mut Receiver<Order>, size: u64) -> Self {
        Self { orders, left: size, bytes: Bytes::new(), hash: Context::new(&SHA256) }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() && self.left > 0 {
            match self.orders.blocking_recv() {
                Some(Order::Data(bytes)) if bytes.len() as u64 <= self.left => self.bytes = bytes,
                _ => return Err(cut_short()),
            }
        }
        let count = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..count]);
        self.hash.update(&buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}

/// What the thread that reads finds.
pub(super) enum Found {
    Entry {
        name: String,
        size: u64,
    },
    Data(Bytes),
    /// The entry was read to its end.
    EndOfEntry {
        sha256: String,
    },
}

/// Reads an archive from a stream.
pub(super) struct ArchiveReader {
    found: Receiver<Result<Found>>,
    pump: JoinHandle<()>,
}

impl Drop for ArchiveReader {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl ArchiveReader {
    pub(super) fn start(bytes: BoxStream<'static, Result<Bytes>>) -> Self {
        let (input, received) = channel(WAITING);
        let (found, out) = channel(WAITING);
        let pump = tokio::spawn(pump(bytes, input));
        tokio::task::spawn_blocking(move || {
            let failures = found.clone();
            if let Err(error) = take_apart(received, &found) {
                let _ = failures.blocking_send(Err(error));
            }
        });
        Self { found: out, pump }
    }

    /// What comes next; `None` at the end of the archive.
    pub(super) async fn next(&mut self) -> Result<Option<Found>> {
        self.found.recv().await.transpose()
    }
}

async fn pump(mut bytes: BoxStream<'static, Result<Bytes>>, input: Sender<Result<Bytes>>) {
    while let Some(chunk) = bytes.next().await {
        if input.send(chunk).await.is_err() {
            return;
        }
    }
}

fn take_apart(input: Receiver<Result<Bytes>>, found: &Sender<Result<Found>>) -> Result<()> {
    let damaged = |error: io::Error| match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::Damaged(error.to_string()),
    };
    let input = Incoming { input, bytes: Bytes::new() };
    let mut archive = tar::Archive::new(zstd::Decoder::new(input).map_err(damaged)?);
    let send = |what| found.blocking_send(Ok(what)).map_err(|_| Error::Interrupted);
    let mut buffer = vec![0; PIECE];
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(Error::Foreign(format!("{name} in it is not a plain file")));
        }
        send(Found::Entry { name, size: entry.size() })?;
        let mut hash = Context::new(&SHA256);
        loop {
            let count = entry.read(&mut buffer).map_err(damaged)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            send(Found::Data(Bytes::copy_from_slice(&buffer[..count])))?;
        }
        send(Found::EndOfEntry { sha256: hex(hash.finish().as_ref()) })?;
    }
    // What follows the archive's end is read too, so that the checksum of the compressed data is compared.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(())
}

/// The bytes of an archive, as they arrive.
struct Incoming {
    input: Receiver<Result<Bytes>>,
    bytes: Bytes,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() {
            match self.input.blocking_recv() {
                Some(Ok(bytes)) => self.bytes = bytes,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
