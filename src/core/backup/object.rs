//! An object that is written to a backup's destination, encrypted if there are recipients.

use aws_lc_rs::error::Unspecified;
use bytes::Bytes;

use super::age::{Encryptor, FileKey, Recipient};
use super::{Error, Result};
use crate::files::ObjectWriter;

/// Writes an object. Like [`ObjectWriter`], it leaves nothing unless it is finished.
pub(super) struct DestinationWriter {
    writer: ObjectWriter,
    encryptor: Option<Encryptor>,
    size: u64,
}

impl DestinationWriter {
    /// Begins an object. Returns the key with which it is encrypted, too.
    pub(super) async fn begin(
        writer: ObjectWriter,
        recipients: &[Recipient],
    ) -> Result<(Self, Option<FileKey>)> {
        let mut object = Self { writer, encryptor: None, size: 0 };
        if recipients.is_empty() {
            return Ok((object, None));
        }
        let key = FileKey::random().map_err(failed)?;
        let (encryptor, header) = Encryptor::new(recipients, key).map_err(|_| {
            Error::Refused(
                "nothing can be encrypted for one of the recipients: its key is not valid".to_owned(),
            )
        })?;
        object.put(header).await?;
        object.encryptor = Some(encryptor);
        Ok((object, Some(key)))
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let bytes = match &mut self.encryptor {
            Some(encryptor) => encryptor.update(&bytes).map_err(failed)?,
            None => bytes,
        };
        self.put(bytes).await
    }

    /// Completes the object; returns its size in the destination.
    pub(super) async fn finish(mut self) -> Result<u64> {
        if let Some(encryptor) = self.encryptor.take() {
            self.put(encryptor.finish().map_err(failed)?).await?;
        }
        self.writer.finish().await?;
        Ok(self.size)
    }

    pub(super) async fn abort(self) {
        let _ = self.writer.abort().await;
    }

    async fn put(&mut self, bytes: Bytes) -> Result<()> {
        self.size += bytes.len() as u64;
        Ok(self.writer.write(bytes).await?)
    }
}

fn failed(_: Unspecified) -> Error {
    Error::Write(std::io::Error::other("it can't be encrypted"))
}
