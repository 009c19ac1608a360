//! A certificate in files, read again when they change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::certificates::{Certificates, parse};

/// How often it is looked whether a file changed.
const INTERVAL: Duration = Duration::from_secs(1);

/// What tells that a file is another one: its number, its size and when it was written.
type Version = Option<(u64, u64, i64, i64)>;

/// Reads the certificate, and returns the task that reads it again whenever one of the files changes. One that can't be
/// used is reported, and the former one stays.
pub(in crate::server) fn watch(
    (certificate, key): (PathBuf, PathBuf),
    certificates: Arc<Certificates>,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()>, String> {
    let mut known = (version(&certificate), version(&key));
    certificates.set(read(&certificate, &key)?);
    Ok(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            let now = (version(&certificate), version(&key));
            if now == known {
                continue;
            }
            known = now;
            match read(&certificate, &key) {
                Ok(new) => {
                    certificates.set(new);
                    tracing::info!("the certificate was read again");
                }
                Err(why) => tracing::error!(why, "the former certificate stays in use"),
            }
        }
    })
}

/// Links are followed: tools for certificates change where a link leads.
fn version(file: &Path) -> Version {
    let data = fs::metadata(file).ok()?;
    Some((data.ino(), data.size(), data.mtime(), data.mtime_nsec()))
}

fn read(certificate: &Path, key: &Path) -> Result<rustls::sign::CertifiedKey, String> {
    let unreadable =
        |flag: &str, file: &Path, error: std::io::Error| format!("{flag} {}: {error}", file.display());
    let chain = fs::read(certificate).map_err(|error| unreadable("--tls-cert", certificate, error))?;
    let secret = fs::read(key).map_err(|error| unreadable("--tls-key", key, error))?;
    parse(&chain, &secret).map_err(|why| format!("{}: {why}", certificate.display()))
}
