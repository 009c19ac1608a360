//! What an archive says of itself.

use serde::{Deserialize, Serialize};

use super::{Error, Result};
use crate::model::Time;
use crate::store::{Engine, MigrationStatus};

/// The first entry of an archive.
pub(super) const HEADER: &str = "besedka-backup.json";
/// The last entry of an archive.
pub(super) const MANIFEST: &str = "manifest.json";
/// The server's secret.
pub(super) const SECRET: &str = "secret.key";
/// An embedded database, as its file.
pub(super) const DATABASE: &str = "database.sqlite";
/// Before the rows of a table of another database.
pub(super) const TABLES: &str = "tables/";
/// Before the key of an uploaded file.
pub(super) const FILES: &str = "files/";

const PRODUCT: &str = "besedka";
/// The versions of the archive's format: the uploaded files are in the archive, or beside it.
const FORMAT_WHOLE: u32 = 1;
const FORMAT_BESIDE: u32 = 2;

/// From what and when an archive was made.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Header {
    product: String,
    format: u32,
    /// The version of Besedka that made it.
    pub version: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    pub engine: Engine,
    /// The applied migrations: number and name.
    pub migrations: Vec<(i64, String)>,
}

/// Everything that an archive contains.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    #[serde(flatten)]
    pub header: Header,
    /// All entries before the manifest, in order.
    pub parts: Vec<Part>,
    pub tables: Vec<TableRows>,
    pub files: FileCounts,
    /// Keys of files that the database knows and the storage did not have.
    pub missing: Vec<String>,
    /// The uploaded files that are beside the archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<FileBeside>,
}

/// An uploaded file that is beside the archive.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct FileBeside {
    /// Its key in the server's storage.
    pub key: String,
    /// Its name in the folder beside the archives.
    pub name: String,
}

/// An entry of an archive.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// The number of rows of a table, and the checksum of its contents where rows were read one by one.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct TableRows {
    pub name: String,
    pub rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct FileCounts {
    pub count: u64,
    pub bytes: u64,
}

impl Header {
    pub(super) fn new(
        version: &str,
        at: Time,
        engine: Engine,
        migrations: Vec<(i64, String)>,
        is_whole: bool,
    ) -> Self {
        Self {
            product: PRODUCT.to_owned(),
            format: if is_whole { FORMAT_WHOLE } else { FORMAT_BESIDE },
            version: version.to_owned(),
            created_at: at.iso_millis(),
            engine,
            migrations,
        }
    }

    /// When the archive was begun.
    pub fn created(&self) -> Option<Time> {
        Time::read(&self.created_at)
    }

    /// The last migration.
    pub(super) fn last_migration(&self) -> i64 {
        self.migrations.iter().map(|(number, _)| *number).max().unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let header: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::Foreign(format!("its first entry can't be read: {error}")))?;
        if header.product != PRODUCT {
            return Err(Error::Foreign(format!("it is a backup of {:?}", header.product)));
        }
        if header.format > FORMAT_BESIDE {
            return Err(Error::Newer(format!("Besedka {} made it, in a newer format", header.version)));
        }
        Ok(header)
    }

    /// Fails if this version of Besedka does not know all migrations of the database in the archive.
    pub(super) fn check_migrations(&self, known: &MigrationStatus) -> Result<()> {
        let is_known = |number: i64| known.known.iter().any(|(known, ..)| *known == number);
        match self.migrations.iter().find(|(number, _)| !is_known(*number)) {
            None => Ok(()),
            Some((number, name)) => Err(Error::Newer(format!(
                "Besedka {} made it, and this one does not know its migration {number} ({name})",
                self.version
            ))),
        }
    }
}
