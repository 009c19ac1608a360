//! Encryption of backups in the format of age (<https://age-encryption.org/v1>), so that the ordinary tools `age` and
//! `rage` open them.
//!
//! Only X25519 recipients are supported: the keys that `age-keygen` makes. The `age` crate would bring a second
//! cryptography library and some fifty crates; the format is short, and the cryptography below is aws-lc's.

mod bech32;
mod decrypt;
mod encrypt;
mod keys;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

pub(super) use decrypt::decrypt;
pub(super) use encrypt::{Encryptor, encrypted_size};
#[cfg(test)]
use keys::Identity;
pub use keys::{Identities, Recipient, Recipients};

/// How an encrypted file begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// What is encrypted at a time, and what is added to it for authentication.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const PAYLOAD_NONCE: usize = 16;

/// The key of one file.
#[derive(Clone, Copy)]
pub(super) struct FileKey([u8; 16]);

impl FileKey {
    pub(super) fn random() -> Result<Self, Unspecified> {
        let mut key = [0; 16];
        aws_lc_rs::rand::fill(&mut key)?;
        Ok(Self(key))
    }

    /// Authenticates a header, up to and including its `---`.
    fn header_key(&self) -> Result<hmac::Key, Unspecified> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &derive(&[], &self.0, b"header")?))
    }

    fn payload(&self, nonce: &[u8]) -> Result<Payload, Unspecified> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &derive(nonce, &self.0, b"payload")?)?;
        Ok(Payload { key: LessSafeKey::new(key), counter: 0 })
    }
}

fn derive(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; 32], Unspecified> {
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(&[info], HKDF_SHA256)?.fill(&mut key)?;
    Ok(key)
}

/// The key that wraps the file's key for a recipient.
fn wrap_key(shared: &[u8], share: &[u8], recipient: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    let key = derive(&[share, recipient].concat(), shared, b"age-encryption.org/v1/X25519")?;
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key)?))
}

/// The key is used once.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// The content of a file in chunks, which are numbered, and of which the last one is marked.
struct Payload {
    key: LessSafeKey,
    counter: u64,
}

impl Payload {
    fn nonce(&mut self, is_last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.counter.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.counter += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, chunk: &mut Vec<u8>, is_last: bool) -> Result<(), Unspecified> {
        let nonce = self.nonce(is_last);
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), chunk)
    }

    /// Opens a chunk with its tag.
    fn open<'a>(&mut self, chunk: &'a mut [u8], is_last: bool) -> Result<&'a [u8], Unspecified> {
        let nonce = self.nonce(is_last);
        Ok(self.key.open_in_place(nonce, Aad::empty(), chunk)?)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt, TryStreamExt, stream};

    use super::*;
    use crate::backup::{Error, Result};

    // The example of the format's specification.
    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    const IDENTITY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    fn encrypted(content: &[u8], piece: usize) -> (Vec<u8>, FileKey) {
        let key = FileKey::random().unwrap();
        let (mut encryptor, header) = Encryptor::new(&[RECIPIENT.parse().unwrap()], key).unwrap();
        let mut bytes = header.to_vec();
        for piece in content.chunks(piece) {
            bytes.extend_from_slice(&encryptor.update(piece).unwrap());
        }
        bytes.extend_from_slice(&encryptor.finish().unwrap());
        (bytes, key)
    }

    async fn decrypted(bytes: &[u8], piece: usize, identities: &Identities) -> Result<Vec<u8>> {
        let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let stream = decrypt(stream::iter(pieces).boxed(), identities.clone(), None);
        stream.try_fold(Vec::new(), |all, piece| async move { Ok([all, piece.to_vec()].concat()) }).await
    }

    fn identities() -> Identities {
        Identities::read(&format!("# made by a test\n{IDENTITY}\n")).unwrap()
    }

    #[tokio::test]
    async fn what_is_encrypted_is_opened_in_pieces_of_any_size() {
        for length in [0, 1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 77] {
            let content: Vec<u8> = (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
            for piece in [1_000, CHUNK, 300_000] {
                let (bytes, key) = encrypted(&content, piece);
                assert_eq!(bytes.len() as u64, encrypted_size(length as u64, 1), "{length}");
                assert!(
                    decrypted(&bytes, piece, &identities()).await.unwrap() == content,
                    "{length} {piece}"
                );
                let stream =
                    decrypt(stream::iter([Ok(Bytes::from(bytes))]).boxed(), Identities::default(), Some(key));
                let opened: Vec<Bytes> = stream.try_collect().await.unwrap();
                assert!(opened.concat() == content, "by the file's key");
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_encrypted_passes() {
        for content in [&b""[..], b"a", b"age-encryption", b"\x28\xb5\x2f\xfd something longer than that"] {
            assert_eq!(decrypted(content, 3, &Identities::default()).await.unwrap(), content);
        }
    }

    #[tokio::test]
    async fn a_missing_or_another_key_is_said_in_words() {
        let (bytes, _) = encrypted(b"hello", 5);
        let missing = decrypted(&bytes, 7, &Identities::default()).await.unwrap_err();
        assert!(matches!(&missing, Error::Refused(said) if said.contains("--identity")), "{missing}");
        // The key of the next number; what the curve's clamping ignores must not make it the same.
        let other = Identity::random().unwrap();
        let wrong = decrypted(&bytes, 7, &Identities::from_iter([other])).await.unwrap_err();
        assert!(matches!(&wrong, Error::Refused(said) if said.contains("another key")), "{wrong}");
        let armoured = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUx\n";
        let refused = decrypted(armoured, 90, &identities()).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(said) if said.contains("age --decrypt")), "{refused}");
    }

    #[tokio::test]
    async fn every_changed_missing_or_additional_byte_is_noticed() {
        let (bytes, _) = encrypted(&vec![7; CHUNK + 20], CHUNK);
        for at in [30, 80, 100, 150, 170, 200, bytes.len() - CHUNK, bytes.len() - 10, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(decrypted(&changed, 4_096, &identities()).await.is_err(), "{at}");
        }
        for length in [22, 100, 170, 184, 190, 200 + CHUNK, 184 + CHUNK, bytes.len() - 1] {
            let cut = decrypted(&bytes[..length], 4_096, &identities()).await.unwrap_err();
            assert!(matches!(cut, Error::Damaged(_)), "{length}: {cut}");
        }
        let longer = [bytes, vec![0; 40]].concat();
        assert!(decrypted(&longer, 4_096, &identities()).await.is_err());
        let endless = [MAGIC, &vec![b'x'; 200_000]].concat();
        assert!(matches!(decrypted(&endless, 4_096, &identities()).await, Err(Error::Damaged(_))));
    }
}
