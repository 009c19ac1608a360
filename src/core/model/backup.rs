//! Backups of the whole server.

use super::Time;

/// A backup that was made, or an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The moment whose data it contains.
    pub started_at: Time,
    pub finished_at: Time,
    /// The folder or bucket, without secrets.
    pub place: String,
    /// The archive's name there; empty if it failed.
    pub name: String,
    pub bytes: i64,
    /// When it was read back and compared; `None` if it was not.
    pub verified_at: Option<Time>,
    /// Why it failed; `None` if it did not.
    pub failure: Option<String>,
}
