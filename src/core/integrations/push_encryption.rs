//! The cryptography of pushes (RFC 8291) with aws-lc, for `ece`, which knows the format.

use std::any::Any;
use std::sync::Once;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use ece::crypto::set_cryptographer;
use ece::{Cryptographer, EcKeyComponents, Error, LocalKeyPair, RemotePublicKey};

use crate::model::PushKeys;

/// Has `ece` use the cryptography that the rest of the program uses.
fn choose_cryptography() {
    static SET: Once = Once::new();
    // It fails only if the program that embeds this uses `ece` as well, and chose.
    SET.call_once(|| {
        let _ = set_cryptographer(&AwsLc);
    });
}

/// Encrypts a push for a device. Fails if its keys are none.
pub(super) fn encrypt(keys: &PushKeys, text: &[u8]) -> Result<Vec<u8>, Error> {
    choose_cryptography();
    ece::encrypt(&keys.public, &keys.auth, text)
}

struct AwsLc;

struct Public(Vec<u8>);

struct Pair(PrivateKey);

fn failed<E>(_: E) -> Error {
    Error::CryptoError
}

impl RemotePublicKey for Public {
    fn as_raw(&self) -> Result<Vec<u8>, Error> {
        Ok(self.0.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl LocalKeyPair for Pair {
    fn pub_as_raw(&self) -> Result<Vec<u8>, Error> {
        Ok(self.0.compute_public_key().map_err(failed)?.as_ref().to_vec())
    }

    fn raw_components(&self) -> Result<EcKeyComponents, Error> {
        let private: EcPrivateKeyBin<'_> = self.0.as_be_bytes().map_err(failed)?;
        Ok(EcKeyComponents::new(private.as_ref().to_vec(), self.pub_as_raw()?))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The length of a derived key.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn sealing_key(key: &[u8], nonce: &[u8]) -> Result<(LessSafeKey, Nonce), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key)?);
    Ok((key, Nonce::try_assume_unique_for_key(nonce)?))
}

impl Cryptographer for AwsLc {
    fn generate_ephemeral_keypair(&self) -> Result<Box<dyn LocalKeyPair>, Error> {
        Ok(Box::new(Pair(PrivateKey::generate(&ECDH_P256).map_err(failed)?)))
    }

    fn import_key_pair(&self, components: &EcKeyComponents) -> Result<Box<dyn LocalKeyPair>, Error> {
        let private = PrivateKey::from_private_key(&ECDH_P256, components.private_key());
        Ok(Box::new(Pair(private.map_err(failed)?)))
    }

    fn import_public_key(&self, raw: &[u8]) -> Result<Box<dyn RemotePublicKey>, Error> {
        Ok(Box::new(Public(raw.to_vec())))
    }

    fn compute_ecdh_secret(
        &self,
        remote: &dyn RemotePublicKey,
        local: &dyn LocalKeyPair,
    ) -> Result<Vec<u8>, Error> {
        let local = local.as_any().downcast_ref::<Pair>().ok_or(Error::CryptoError)?;
        // A point that is not on the curve is refused here.
        let remote = UnparsedPublicKey::new(&ECDH_P256, remote.as_raw()?);
        agreement::agree(&local.0, remote, Error::CryptoError, |secret| Ok(secret.to_vec()))
    }

    fn hkdf_sha256(&self, salt: &[u8], secret: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>, Error> {
        let mut derived = vec![0; length];
        let key = Salt::new(HKDF_SHA256, salt).extract(secret);
        let info = [info];
        let output = key.expand(&info, Length(length)).map_err(failed)?;
        output.fill(&mut derived).map_err(failed)?;
        Ok(derived)
    }

    fn aes_gcm_128_encrypt(&self, key: &[u8], nonce: &[u8], text: &[u8]) -> Result<Vec<u8>, Error> {
        let (key, nonce) = sealing_key(key, nonce).map_err(failed)?;
        let mut sealed = text.to_vec();
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).map_err(failed)?;
        Ok(sealed)
    }

    fn aes_gcm_128_decrypt(&self, key: &[u8], nonce: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (key, nonce) = sealing_key(key, nonce).map_err(failed)?;
        let mut sealed = sealed.to_vec();
        Ok(key.open_in_place(nonce, Aad::empty(), &mut sealed).map_err(failed)?.to_vec())
    }

    fn random_bytes(&self, bytes: &mut [u8]) -> Result<(), Error> {
        rand::fill(bytes).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8291_is_encrypted_and_decrypted() {
        choose_cryptography();
        ece::crypto::test_cryptographer(AwsLc);
    }

    #[test]
    fn a_key_that_is_no_point_is_refused() {
        let mut keys = PushKeys { public: [7; 65], auth: [1; 16] };
        assert!(encrypt(&keys, b"text").is_err());
        keys.public[0] = 4;
        assert!(encrypt(&keys, b"text").is_err());
        let pair = Pair(PrivateKey::generate(&ECDH_P256).unwrap());
        keys.public = pair.pub_as_raw().unwrap().try_into().unwrap();
        let sealed = encrypt(&keys, b"text").unwrap();
        assert_ne!(sealed, encrypt(&keys, b"text").unwrap(), "each with a salt and a key of its own");
        assert_eq!(ece::decrypt(&pair.raw_components().unwrap(), &keys.auth, &sealed).unwrap(), b"text");
    }
}
