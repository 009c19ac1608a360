//! Secrets of people that must be read again: AES-256-GCM, by a key of the server's secret.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::messenger::foundation::{Error, Result};
use crate::model::UserId;

/// Seals and opens.
pub(crate) struct Seal(RandomizedNonceKey);

impl Seal {
    pub(crate) fn new(key: [u8; 32]) -> Result<Self> {
        RandomizedNonceKey::new(&AES_256_GCM, &key).map(Self).map_err(|error| Error::Internal(error.into()))
    }

    /// What only this server can open, and only as this person's.
    pub(crate) fn close(&self, owner: UserId, secret: &str) -> Result<Vec<u8>> {
        let mut closed = secret.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(aad(owner), &mut closed);
        let nonce = nonce.map_err(|error| Error::Internal(error.into()))?;
        Ok([nonce.as_ref().as_slice(), &closed].concat())
    }

    /// Nothing when it is not whole, not theirs, or of another server.
    pub(crate) fn open(&self, owner: UserId, sealed: &[u8]) -> Option<String> {
        let (nonce, closed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut closed = closed.to_vec();
        let secret = self.0.open_in_place(nonce, aad(owner), &mut closed).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }
}

fn aad(owner: UserId) -> Aad<[u8; 8]> {
    Aad::from(owner.0.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_server_opens_it_and_only_as_the_same_persons() {
        let seal = Seal::new([1; 32]).unwrap();
        let sealed = seal.close(UserId(7), "ya29.token").unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("token"));
        assert_ne!(sealed, seal.close(UserId(7), "ya29.token").unwrap());
        assert_eq!(seal.open(UserId(7), &sealed).as_deref(), Some("ya29.token"));
        assert_eq!(seal.open(UserId(8), &sealed), None);
        assert_eq!(Seal::new([2; 32]).unwrap().open(UserId(7), &sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(seal.open(UserId(7), &sealed[..cut]), None);
        }
    }
}
