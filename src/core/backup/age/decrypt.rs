//! Decrypts a file as it is read; a file that is not encrypted passes unchanged.

use aws_lc_rs::aead::Aad;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};

use super::keys::Identities;
use super::{CHUNK, FileKey, MAGIC, PAYLOAD_NONCE, Payload, TAG, wrap_key, zero_nonce};
use crate::backup::{Error, Result};

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 64 * 1024;
/// How a file begins that is encrypted and written in letters.
const ARMOUR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// The content of a file that may be encrypted. `key` is the file's own key, where it is known.
pub(in crate::backup) fn decrypt(
    bytes: BoxStream<'static, Result<Bytes>>,
    identities: Identities,
    key: Option<FileKey>,
) -> BoxStream<'static, Result<Bytes>> {
    let reader = Reader { identities, key, state: State::Beginning, pending: Vec::new() };
    let read = move |state: Option<(BoxStream<'static, Result<Bytes>>, Reader)>| async move {
        let Some((mut bytes, mut reader)) = state else { return Ok(None) };
        match bytes.next().await.transpose()? {
            Some(piece) => Ok(Some((reader.update(piece)?, Some((bytes, reader))))),
            None => Ok(Some((reader.finish()?, None))),
        }
    };
    futures_util::stream::try_unfold(Some((bytes, reader)), read)
        .filter(|piece| std::future::ready(!piece.as_ref().is_ok_and(Bytes::is_empty)))
        .boxed()
}

struct Reader {
    identities: Identities,
    key: Option<FileKey>,
    state: State,
    /// What was read and not used yet.
    pending: Vec<u8>,
}

enum State {
    /// Too little was read to know whether the file is encrypted.
    Beginning,
    NotEncrypted,
    Header,
    Payload(Payload),
}

impl Reader {
    fn update(&mut self, bytes: Bytes) -> Result<Bytes> {
        if matches!(self.state, State::NotEncrypted) {
            return Ok(bytes);
        }
        self.pending.extend_from_slice(&bytes);
        if matches!(self.state, State::Beginning) {
            self.begin(false)?;
        }
        if matches!(self.state, State::Header) {
            self.read_header()?;
        }
        match &mut self.state {
            State::NotEncrypted => Ok(std::mem::take(&mut self.pending).into()),
            State::Payload(payload) => {
                // A chunk is the last one if nothing follows it.
                let chunks = self.pending.len().saturating_sub(1) / (CHUNK + TAG);
                let mut out = Vec::with_capacity(chunks * CHUNK);
                for chunk in self.pending[..chunks * (CHUNK + TAG)].chunks_mut(CHUNK + TAG) {
                    out.extend_from_slice(payload.open(chunk, false).map_err(|_| changed())?);
                }
                self.pending.drain(..chunks * (CHUNK + TAG));
                Ok(out.into())
            }
            State::Beginning | State::Header => Ok(Bytes::new()),
        }
    }

    fn finish(&mut self) -> Result<Bytes> {
        if matches!(self.state, State::Beginning) {
            self.begin(true)?;
        }
        match &mut self.state {
            State::Beginning | State::NotEncrypted => Ok(std::mem::take(&mut self.pending).into()),
            State::Header => Err(Error::Damaged("its encrypted beginning is incomplete".to_owned())),
            State::Payload(payload) => {
                let is_first = payload.counter == 0;
                let opened = payload.open(&mut self.pending, true).map_err(|_| changed())?;
                match opened.is_empty() && !is_first {
                    true => Err(changed()),
                    false => Ok(Bytes::copy_from_slice(opened)),
                }
            }
        }
    }

    /// Looks whether the file is encrypted, once enough of it was read.
    fn begin(&mut self, is_all: bool) -> Result<()> {
        let begins = |with: &[u8]| {
            let count = with.len().min(self.pending.len());
            self.pending[..count] == with[..count]
        };
        if begins(ARMOUR) && self.pending.len() >= ARMOUR.len() {
            return Err(Error::Refused(
                "the backup is encrypted and written in letters: decrypt it with `age --decrypt` first"
                    .to_owned(),
            ));
        }
        if begins(MAGIC) && self.pending.len() >= MAGIC.len() {
            self.state = State::Header;
        } else if is_all || !begins(MAGIC) && !begins(ARMOUR) {
            self.state = State::NotEncrypted;
        }
        Ok(())
    }

    fn read_header(&mut self) -> Result<()> {
        let end = self.pending.windows(4).position(|bytes| bytes == b"\n---").map(|at| at + 4);
        let line = |end: usize| self.pending[end..].iter().position(|byte| *byte == b'\n');
        let Some((end, mac)) = end.and_then(|end| Some((end, line(end)?))) else {
            return match self.pending.len() > MAX_HEADER {
                true => Err(wrong_header()),
                false => Ok(()),
            };
        };
        let payload = end + mac + 1;
        let Some(nonce) = self.pending.get(payload..payload + PAYLOAD_NONCE) else { return Ok(()) };
        let (header, mac) = (&self.pending[..end], &self.pending[end..payload - 1]);
        let mac = mac.strip_prefix(b" ").and_then(|mac| BASE64.decode(mac).ok()).ok_or_else(wrong_header)?;
        let key = match self.key {
            Some(key) => key,
            None => self.unwrap_key(header)?,
        };
        let header_key = key.header_key().map_err(|_| wrong_header())?;
        hmac::verify(&header_key, header, &mac).map_err(|_| wrong_header())?;
        self.state = State::Payload(key.payload(nonce).map_err(|_| wrong_header())?);
        self.pending.drain(..payload + PAYLOAD_NONCE);
        Ok(())
    }

    /// Opens the file's key with one of the identities.
    fn unwrap_key(&self, header: &[u8]) -> Result<FileKey> {
        if self.identities.is_empty() {
            return Err(Error::Refused(
                "the backup is encrypted: name the file with the secret key, --identity FILE".to_owned(),
            ));
        }
        let header = std::str::from_utf8(header).map_err(|_| wrong_header())?;
        let mut lines = header.lines();
        while let Some(line) = lines.next() {
            // Those of other kinds of keys are skipped.
            let Some(share) = line.strip_prefix("-> X25519 ") else { continue };
            let wrapped = lines.next().and_then(|line| BASE64.decode(line).ok());
            let (Ok(share), Some(wrapped)) = (BASE64.decode(share), wrapped) else {
                return Err(wrong_header());
            };
            let opened = self.identities.iter().find_map(|identity| {
                let shared = identity.shared(&share).ok()?;
                let wrapping = wrap_key(&shared, &share, identity.public()).ok()?;
                let mut wrapped = wrapped.clone();
                let key = wrapping.open_in_place(zero_nonce(), Aad::empty(), &mut wrapped).ok()?;
                Some(FileKey((&*key).try_into().ok()?))
            });
            if let Some(key) = opened {
                return Ok(key);
            }
        }
        Err(Error::Refused(
            "the backup is encrypted for another key: none of those in --identity opens it".to_owned(),
        ))
    }
}

fn wrong_header() -> Error {
    Error::Damaged("its encrypted beginning can't be read".to_owned())
}

fn changed() -> Error {
    Error::Damaged("its encrypted content was changed or cut short".to_owned())
}
