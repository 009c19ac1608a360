//! What is asked of SQLite's files apart from the statements of the messenger: how large they are, and whether they are
//! damaged.

use std::path::{Path, PathBuf};

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteError};
use sqlx::{ConnectOptions, Connection};

pub(super) fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len())
}

/// The write-ahead log of a file.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Whether a file should be read as a whole before it is used: one that takes long to read only if it was not closed in
/// order.
pub(super) fn is_worth_checking(file: &Path) -> bool {
    /// Read in about a second.
    const ALWAYS: u64 = 1024 * 1024 * 1024;
    let was_closed = size(&log_of(file)) == 0;
    size(file) > 0 && (!was_closed || size(file) <= ALWAYS)
}

/// Whether SQLite says that a file is no database, or one that is damaged.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    const CORRUPT: u32 = 11;
    const NOTADB: u32 = 26;
    let sqlx::Error::Database(error) = error else { return false };
    let code = error.try_downcast_ref::<SqliteError>().and_then(DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, CORRUPT | NOTADB))
}

/// What is damaged in a file; `None` if nothing is.
pub(super) async fn damage(file: &Path) -> sqlx::Result<Option<String>> {
    let found = quick_check(file).await;
    if let Err(error) = &found
        && is_damage(error)
    {
        return Ok(error.as_database_error().map(|error| error.message().to_owned()));
    }
    found
}

async fn quick_check(file: &Path) -> sqlx::Result<Option<String>> {
    // Read-only, so that nothing is written to a damaged file.
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok((found != "ok").then_some(found))
}
