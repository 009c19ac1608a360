//! Backups of a whole server: the archive, how it is written while the server runs, and how it is restored.
//!
//! An archive is a tar file, compressed with zstd. Its first entry says what it is ([`manifest::Header`]), its last one
//! lists all entries with their sizes and checksums ([`manifest::Manifest`]); an archive without it is incomplete. In
//! between are the server's secret, the database (SQLite's file, or the rows of MySQL's tables as lines of JSON), and
//! the uploaded files. The database is copied before the files: of files that are uploaded meanwhile it knows nothing.
//!
//! A backup that is one file contains everything. In a folder or a bucket the uploaded files are beside the archives, and
//! each is copied once ([`stored_files`]). Archives and files may be encrypted ([`age`]).

mod access;
mod age;
mod archive;
mod create;
mod manifest;
mod object;
mod place;
mod restore;
mod stored_files;
mod unpack;

pub use access::Access;
pub use age::{Identities, Recipient, Recipients};
pub use create::{Created, Options, Source, create};
pub use manifest::{FileCounts, Header, Manifest, TableRows};
pub use place::BackupPlace;
pub use restore::{Target, check_not_interrupted, restore};
pub use unpack::{inspect, verify};

use crate::{files, store};

pub type Result<T> = std::result::Result<T, Error>;

/// Why a backup could not be made or restored, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is not a backup of Besedka: {0}")]
    Foreign(String),
    #[error("the backup is newer than this program: {0}")]
    Newer(String),
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    #[error("{0}")]
    Refused(String),
    #[error("the backup was interrupted")]
    Interrupted,
    #[error("the backup can't be written: {0}")]
    Write(std::io::Error),
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error("the database: {0}")]
    Store(#[from] store::Error),
}

impl Error {
    /// A file of this machine that can't be used.
    fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Refused(format!("{} can't be used: {error}", path.display()))
    }
}
