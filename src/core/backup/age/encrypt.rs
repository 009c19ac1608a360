//! Encrypts a file as it is written.

use aws_lc_rs::aead::Aad;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;

use super::keys::{Identity, Recipient};
use super::{CHUNK, FileKey, MAGIC, PAYLOAD_NONCE, Payload, TAG, wrap_key, zero_nonce};

/// Encrypts a stream of bytes.
pub(in crate::backup) struct Encryptor {
    payload: Payload,
    /// Not encrypted yet, because it may be the last chunk.
    pending: Vec<u8>,
}

impl Encryptor {
    /// Begins a file; returns the bytes with which it begins.
    pub(in crate::backup) fn new(
        recipients: &[Recipient],
        key: FileKey,
    ) -> Result<(Self, Bytes), Unspecified> {
        let mut header = MAGIC.to_vec();
        for recipient in recipients {
            let ephemeral = Identity::random()?;
            let shared = ephemeral.shared(&recipient.0)?;
            let mut wrapped = key.0.to_vec();
            let wrapping = wrap_key(&shared, ephemeral.public(), &recipient.0)?;
            wrapping.seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut wrapped)?;
            let (share, wrapped) = (BASE64.encode(ephemeral.public()), BASE64.encode(wrapped));
            header.extend_from_slice(format!("-> X25519 {share}\n{wrapped}\n").as_bytes());
        }
        header.extend_from_slice(b"---");
        let mac = hmac::sign(&key.header_key()?, &header);
        header.extend_from_slice(format!(" {}\n", BASE64.encode(mac)).as_bytes());
        let mut nonce = [0; PAYLOAD_NONCE];
        aws_lc_rs::rand::fill(&mut nonce)?;
        header.extend_from_slice(&nonce);
        Ok((Self { payload: key.payload(&nonce)?, pending: Vec::with_capacity(CHUNK + TAG) }, header.into()))
    }

    /// Takes some content; returns what is encrypted by now.
    pub(in crate::backup) fn update(&mut self, mut bytes: &[u8]) -> Result<Bytes, Unspecified> {
        let mut out = Vec::with_capacity(bytes.len() + CHUNK);
        while self.pending.len() + bytes.len() > CHUNK {
            let (now, rest) = bytes.split_at(CHUNK - self.pending.len());
            self.pending.extend_from_slice(now);
            self.payload.seal(&mut self.pending, false)?;
            out.append(&mut self.pending);
            bytes = rest;
        }
        self.pending.extend_from_slice(bytes);
        Ok(out.into())
    }

    /// The end of the file.
    pub(in crate::backup) fn finish(mut self) -> Result<Bytes, Unspecified> {
        self.payload.seal(&mut self.pending, true)?;
        Ok(self.pending.into())
    }
}

/// The size of a file of some size after it was encrypted for a number of recipients.
pub(in crate::backup) fn encrypted_size(size: u64, recipients: u64) -> u64 {
    const STANZA: u64 = 10 + 43 + 1 + 43 + 1;
    const END: u64 = 4 + 43 + 1;
    let header = MAGIC.len() as u64 + recipients * STANZA + END + PAYLOAD_NONCE as u64;
    header + size + size.div_ceil(CHUNK as u64).max(1) * TAG as u64
}
