//! One server for each SQLite database.
//!
//! Two servers on one database would each deliver only what they wrote themselves, and each do the scheduled work. Nodes
//! that share a database tell each other on the bus.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;

use super::StartError;

/// Keeps other servers from a database until it is dropped, or the process ends, however it does.
pub(crate) struct DatabaseLock {
    _file: Option<File>,
}

impl DatabaseLock {
    /// Locks the database of a URL, by a file beside it. Fails if another process has locked it. Does nothing for MySQL,
    /// and on file systems without locks.
    pub(crate) fn acquire(url: &str) -> Result<Self, StartError> {
        let none = Ok(Self { _file: None });
        let Some(database) = url.strip_prefix("sqlite:") else { return none };
        let path = format!("{database}.lock");
        // A database that can't be opened either is reported where it is opened.
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let Ok(file) = file else { return none };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StartError(format!(
                "a server is running on the database {database}: stop it first. (Several nodes share a database with \
                 --bus-url.)"
            ))),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, path, "the file system has no locks");
                none
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_locked_by_one_until_that_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("besedka.db").display());
        let first = DatabaseLock::acquire(&url).unwrap();
        let refused = DatabaseLock::acquire(&url).err().unwrap().to_string();
        assert!(refused.contains("besedka.db: stop it first"), "{refused}");
        assert!(DatabaseLock::acquire("mysql://db.lan/besedka").is_ok());
        drop(first);
        assert!(DatabaseLock::acquire(&url).is_ok());
    }
}
