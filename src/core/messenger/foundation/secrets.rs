//! The server's secret, made at the first start, and the keys that are derived from it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::store::sessions::Hash;

/// Where keys come from.
pub struct Secrets {
    root: hmac::Key,
}

impl Secrets {
    /// Reads the secret from a file that only its owner may read; makes it when it is missing.
    pub fn open(file: &Path) -> io::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => {
                keep_from_others(file)?;
                // As `openssl rand -base64 32` writes it too.
                let text = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
                let secret = URL_SAFE_NO_PAD.decode(text).ok().filter(|secret| secret.len() == 32);
                let unusable =
                    || io::Error::new(io::ErrorKind::InvalidData, "it does not hold 32 bytes in Base64");
                Ok(Self::new(&secret.ok_or_else(unusable)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = random();
                let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
                writeln!(new, "{}", URL_SAFE_NO_PAD.encode(secret))?;
                new.sync_all()?;
                Ok(Self::new(&secret))
            }
            Err(error) => Err(error),
        }
    }

    fn new(secret: &[u8]) -> Self {
        Self { root: hmac::Key::new(HMAC_SHA256, secret) }
    }

    /// A key of 32 bytes for one purpose, always the same.
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(hmac::sign(&self.root, purpose.as_bytes()).as_ref());
        key
    }
}

/// Takes from a file what others may do with it. One that is handed in and can't be changed, as by systemd or by
/// Docker, is for those who do so to keep.
fn keep_from_others(file: &Path) -> io::Result<()> {
    let others = fs::metadata(file)?.permissions().mode() & 0o077;
    if others != 0
        && let Err(error) = fs::set_permissions(file, fs::Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, file = %file.display(), "others may read the server's secret");
    }
    Ok(())
}

/// 32 bytes that nobody can guess.
#[expect(clippy::expect_used, reason = "without the system's randomness nothing can be kept safe")]
pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// The hash under which a token is stored.
pub(crate) fn sha256(secret: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    hash
}
