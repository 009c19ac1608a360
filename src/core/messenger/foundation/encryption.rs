//! Encryption of secrets that the server must read again: AES-256-GCM with a key derived from the server's secret.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::messenger::foundation::{Error, Result};

/// Encrypts and decrypts secrets.
pub(crate) struct Encryptor(RandomizedNonceKey);

impl Encryptor {
    pub(crate) fn new(key: [u8; 32]) -> Result<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, &key).map(Self).map_err(|error| Error::Internal(error.into()))
    }

    /// Encrypts a secret, bound to an id, such as its owner's, as additional authenticated data. The result starts with the nonce.
    pub(crate) fn encrypt(&self, id: i64, secret: &str) -> Result<Vec<u8>> {
        let mut ciphertext = secret.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(aad(id), &mut ciphertext);
        let nonce = nonce.map_err(|error| Error::Internal(error.into()))?;
        Ok([nonce.as_ref().as_slice(), &ciphertext].concat())
    }

    /// Decrypts a secret; `None` when it was altered, belongs to another id or was encrypted with another key.
    pub(crate) fn decrypt(&self, id: i64, encrypted: &[u8]) -> Option<String> {
        let (nonce, ciphertext) = encrypted.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut ciphertext = ciphertext.to_vec();
        let secret = self.0.open_in_place(nonce, aad(id), &mut ciphertext).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }
}

fn aad(id: i64) -> Aad<[u8; 8]> {
    Aad::from(id.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_id_decrypt_a_secret() {
        let encryptor = Encryptor::new([1; 32]).unwrap();
        let encrypted = encryptor.encrypt(7, "ya29.token").unwrap();
        assert!(!String::from_utf8_lossy(&encrypted).contains("token"));
        assert_ne!(encrypted, encryptor.encrypt(7, "ya29.token").unwrap());
        assert_eq!(encryptor.decrypt(7, &encrypted).as_deref(), Some("ya29.token"));
        assert_eq!(encryptor.decrypt(8, &encrypted), None);
        assert_eq!(Encryptor::new([2; 32]).unwrap().decrypt(7, &encrypted), None);
        for length in 0..encrypted.len() {
            assert_eq!(encryptor.decrypt(7, &encrypted[..length]), None);
        }
    }
}
