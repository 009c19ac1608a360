//! The server's secret, created at the first start, and the keys that are derived from it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::store::sessions::Hash;

/// Derives keys from the server's secret.
pub struct Secrets {
    root: hmac::Key,
}

impl Secrets {
    /// Reads the secret from a file that only its owner may read; creates the file if it is missing.
    pub fn open(file: &Path) -> io::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => {
                restrict_permissions(file)?;
                // Also accepts the output of `openssl rand -base64 32`.
                let text = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
                let secret = URL_SAFE_NO_PAD.decode(text).ok().filter(|secret| secret.len() == 32);
                let invalid =
                    || io::Error::new(io::ErrorKind::InvalidData, "it does not hold 32 bytes in Base64");
                Ok(Self::new(&secret.ok_or_else(invalid)?))
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

    /// The 32-byte key for a purpose, always the same.
    pub fn key(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(hmac::sign(&self.root, purpose.as_bytes()).as_ref());
        key
    }
}

/// Removes other users' permissions from a file. One that cannot be changed, such as a secret mounted by systemd or
/// Docker, is used as it is.
fn restrict_permissions(file: &Path) -> io::Result<()> {
    let others = fs::metadata(file)?.permissions().mode() & 0o077;
    if others != 0
        && let Err(error) = fs::set_permissions(file, fs::Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, file = %file.display(), "other users may read the server's secret");
    }
    Ok(())
}

/// 32 random bytes from the operating system.
#[expect(clippy::expect_used, reason = "without secure randomness the server must not run")]
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
