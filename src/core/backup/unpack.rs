//! Reads archives: to check them, to compare them with a database that is restored to a temporary file, and to restore
//! them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use super::access::{Access, opened};
use super::archive::{ArchiveReader, Found, hex};
use super::manifest::{DATABASE, FILES, HEADER, Header, MANIFEST, Manifest, Part, SECRET, TABLES};
use super::{BackupPlace, Error, Result, stored_files};
use crate::boxed;
use crate::files::{ArchiveStore, Files, ObjectWriter};
use crate::model::{AttachmentId, Time};
use crate::store::{Db, Engine, Tables, attachments, snapshot};

/// The largest entry that is read into memory.
const LARGEST_IN_MEMORY: u64 = 512 * 1024 * 1024;
const PAGE: u64 = 500;

/// Where the entries of an archive go. What is `None` is only checked.
#[derive(Default)]
pub(super) struct Destination<'a> {
    /// The file for the copy of an embedded database.
    pub database_file: Option<&'a Path>,
    /// The database for the rows of tables.
    pub database: Option<&'a Db>,
    pub files: Option<&'a Files>,
    pub secret_file: Option<&'a Path>,
}

/// Opens an archive for reading.
pub(super) async fn open(archive: &BackupPlace, access: &Access<'_>) -> Result<ArchiveReader> {
    let name = archive.name.as_deref().ok_or_else(|| Error::Refused("no archive is named".to_owned()))?;
    if let Some(file) = archive.path()
        && !file.is_file()
    {
        return Err(Error::Refused(format!("there is no file {}", file.display())));
    }
    let store = ArchiveStore::open(&archive.location, access.aws).map_err(Error::Refused)?;
    let (_, bytes) = store.read(&archive.key(name)).await?;
    Ok(ArchiveReader::start(opened(bytes, access.identities, access.key_of(name))))
}

/// Reads a whole archive and the files beside it, and checks them by its manifest; changes nothing.
#[boxed]
pub async fn inspect(archive: &BackupPlace, access: &Access<'_>) -> Result<Manifest> {
    Ok(examine(archive, access).await?.0)
}

/// The same; returns the checksums of the uploaded files by key, too.
async fn examine(archive: &BackupPlace, access: &Access<'_>) -> Result<(Manifest, HashMap<String, String>)> {
    let unpacked = unpack(open(archive, access).await?, &Destination::default()).await?;
    let Unpacked { manifest, secret } = unpacked;
    manifest.header.check_migrations(&Db::known_migrations())?;
    let mut sums = stored_files::check(archive, access, &manifest, &secret, None).await?;
    let inside = manifest.parts.iter().filter_map(|part| Some((part.name.strip_prefix(FILES)?, part)));
    sums.extend(inside.map(|(key, part)| (key.to_owned(), part.sha256.clone())));
    Ok((manifest, sums))
}

/// Unpacks an archive, and copies the files beside it. Fails if anything differs from the manifest; what was written by
/// then must not be used.
pub(super) async fn unpack_all(
    archive: &BackupPlace,
    access: &Access<'_>,
    to: &Destination<'_>,
) -> Result<()> {
    let Unpacked { manifest, secret } = unpack(open(archive, access).await?, to).await?;
    if to.files.is_some() {
        stored_files::check(archive, access, &manifest, &secret, to.files).await?;
    }
    Ok(())
}

/// An archive that was read.
struct Unpacked {
    manifest: Manifest,
    /// The server's secret.
    secret: Vec<u8>,
}

async fn unpack(mut reader: ArchiveReader, to: &Destination<'_>) -> Result<Unpacked> {
    let mut secret = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    let mut header = None;
    let mut manifest: Option<Manifest> = None;
    while let Some(found) = reader.next().await? {
        let Found::Entry { name, size } = found else { return Err(Error::Interrupted) };
        if manifest.is_some() {
            return Err(Error::Damaged(format!("{name} follows its manifest")));
        }
        if header.is_none() && name != HEADER {
            return Err(Error::Foreign(format!("it begins with {name}")));
        }
        let mut sink = Sink::of(&name, size, to).await?;
        let sha256 = loop {
            match reader.next().await? {
                Some(Found::Data(bytes)) => sink.write(bytes).await?,
                Some(Found::EndOfEntry { sha256 }) => break sha256,
                Some(Found::Entry { .. }) | None => return Err(Error::Interrupted),
            }
        };
        let content = sink.finish().await?;
        match name.as_str() {
            HEADER => header = Some(Header::read(&content)?),
            MANIFEST => {
                let read: Manifest = serde_json::from_slice(&content)
                    .map_err(|error| Error::Damaged(format!("its manifest can't be read: {error}")))?;
                manifest = Some(read);
                continue;
            }
            SECRET => secret = content,
            _ => {
                if let (Some(table), Some(db)) = (table_of(&name), to.database) {
                    let rows = String::from_utf8(content)
                        .map_err(|_| Error::Damaged(format!("{name} is not text")))?;
                    snapshot::load(db, table, &rows).await?;
                }
            }
        }
        parts.push(Part { name, size, sha256 });
    }
    let manifest = manifest.ok_or_else(|| Error::Damaged("its end is missing".to_owned()))?;
    if header.as_ref() != Some(&manifest.header) {
        return Err(Error::Damaged("its header differs from its manifest".to_owned()));
    }
    compare(&manifest.parts, &parts)?;
    if let Some(path) = to.secret_file {
        let mut file = Sink::File(path.to_owned(), create_file(path).await?);
        file.write(secret.clone().into()).await?;
        file.finish().await?;
    }
    Ok(Unpacked { manifest, secret })
}

async fn create_file(path: &Path) -> Result<tokio::fs::File> {
    let mut options = tokio::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path).await;
    opened.map_err(|error| Error::file(path, &error))
}

fn compare(expected: &[Part], found: &[Part]) -> Result<()> {
    let different = expected.iter().zip(found).find(|(expected, found)| expected != found);
    match different {
        Some((expected, _)) => {
            Err(Error::Damaged(format!("{} differs from its checksum in the manifest", expected.name)))
        }
        None if expected.len() == found.len() => Ok(()),
        None => Err(Error::Damaged(format!(
            "it has {} entries, and its manifest lists {}",
            found.len(),
            expected.len()
        ))),
    }
}

/// The table of whose rows an entry is a piece: its name consists of small letters and underscores.
fn table_of(name: &str) -> Option<&str> {
    let (table, _) = name.strip_prefix(TABLES)?.split_once('/')?;
    table.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(table)
}

/// Where the bytes of one entry go.
enum Sink {
    Nowhere,
    Memory(Vec<u8>),
    File(PathBuf, tokio::fs::File),
    Object(ObjectWriter),
}

impl Sink {
    async fn of(name: &str, size: u64, to: &Destination<'_>) -> Result<Self> {
        let key = name.strip_prefix(FILES).filter(|key| !key.is_empty());
        let is_known = matches!(name, HEADER | MANIFEST | SECRET | DATABASE) || key.is_some();
        if !is_known && table_of(name).is_none() {
            return Err(Error::Foreign(format!("it contains {name}")));
        }
        if let Some(key) = key {
            return Ok(to.files.map_or(Self::Nowhere, |files| Self::Object(files.object_writer(key))));
        }
        if name == DATABASE
            && let Some(path) = to.database_file
        {
            return Ok(Self::File(path.to_owned(), create_file(path).await?));
        }
        if name == DATABASE || table_of(name).is_some() && to.database.is_none() {
            return Ok(Self::Nowhere);
        }
        match size <= LARGEST_IN_MEMORY {
            true => Ok(Self::Memory(Vec::new())),
            false => Err(Error::Foreign(format!("{name} in it has {size} bytes"))),
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            Self::Nowhere => {}
            Self::Memory(content) => content.extend_from_slice(&bytes),
            Self::File(path, file) => {
                file.write_all(&bytes).await.map_err(|error| Error::file(path, &error))?;
            }
            Self::Object(writer) => writer.write(bytes).await?,
        }
        Ok(())
    }

    /// The content, if it was kept in memory.
    async fn finish(self) -> Result<Vec<u8>> {
        match self {
            Self::Nowhere => Ok(Vec::new()),
            Self::Memory(content) => Ok(content),
            Self::File(path, mut file) => {
                let synced = async {
                    file.flush().await?;
                    file.sync_all().await
                };
                synced.await.map_err(|error| Error::file(&path, &error))?;
                Ok(Vec::new())
            }
            Self::Object(writer) => {
                writer.finish().await?;
                Ok(Vec::new())
            }
        }
    }
}

/// Restores an archive's database into a new file in `folder`, compares it with the manifest and the files with what the
/// database says of them, and deletes it again.
pub async fn verify(archive: &BackupPlace, access: &Access<'_>, folder: &Path) -> Result<Manifest> {
    verify_except(archive, access, folder, &[]).await
}

/// The same except for files, by their keys, that were damaged before they were copied: they are no fault of the backup.
#[boxed]
pub(super) async fn verify_except(
    archive: &BackupPlace,
    access: &Access<'_>,
    folder: &Path,
    damaged: &[String],
) -> Result<Manifest> {
    let beside = Beside(folder.join(format!("verify-{}.part.db", std::process::id())));
    beside.remove();
    let (manifest, sums) = examine(archive, access).await?;
    let url = format!("sqlite:{}", beside.0.display());
    let last = manifest.header.last_migration();
    match manifest.header.engine {
        Engine::Sqlite => {
            let to = Destination { database_file: Some(&beside.0), ..Destination::default() };
            unpack_all(archive, access, &to).await?;
        }
        Engine::Mysql => {
            snapshot::make_tables(&url, last).await?;
            let db = Db::open_with(&url, 2, Tables::AsTheyAre).await?;
            let to = Destination { database: Some(&db), ..Destination::default() };
            let unpacked = unpack_all(archive, access, &to).await;
            db.close().await;
            unpacked?;
        }
    }
    // Before the database is upgraded, and after that.
    let db = Db::open_with(&url, 2, Tables::AsTheyAre).await?;
    let compared = compare_tables(&db, &manifest).await;
    db.close().await;
    compared?;
    snapshot::upgrade_file(&beside.0).await?;
    let db = Db::open_with(&url, 2, Tables::Leave).await?;
    let compared = compare_files(&db, &sums, damaged).await;
    db.close().await;
    compared?;
    Ok(manifest)
}

async fn compare_tables(db: &Db, manifest: &Manifest) -> Result<()> {
    let has_checksums = manifest.tables.iter().any(|table| table.checksum.is_some());
    let contents = match has_checksums {
        true => snapshot::contents(db, manifest.header.last_migration()).await?,
        false => BTreeMap::new(),
    };
    for table in &manifest.tables {
        let (rows, checksum) = match contents.get(&table.name) {
            Some(contents) => (contents.rows, Some(contents.checksum())),
            None => (snapshot::rows(db, &table.name).await?, None),
        };
        if (rows, &checksum) != (table.rows, &table.checksum) {
            return Err(Error::Damaged(format!(
                "the table {} has {rows} rows once restored, and had {}, or its rows differ",
                table.name, table.rows
            )));
        }
    }
    Ok(())
}

async fn compare_files(db: &Db, sums: &HashMap<String, String>, damaged: &[String]) -> Result<()> {
    let mut last = (Time(0), AttachmentId(uuid::Uuid::nil()));
    loop {
        let page = attachments::uploaded_after(&mut db.read().await?, last, PAGE).await?;
        let Some((newest, _)) = page.last() else { return Ok(()) };
        last = (newest.created_at, newest.id);
        for (file, sha256) in &page {
            // One that is not there was deleted while the backup was made.
            let Some(found) = sums.get(&file.key()) else { continue };
            if sha256.as_deref().is_some_and(|sha256| hex(sha256) != *found) && !damaged.contains(&file.key())
            {
                return Err(Error::Damaged(format!("the file {} is not what was uploaded", file.key())));
            }
        }
    }
}

/// A database that is deleted in the end.
struct Beside(PathBuf);

impl Beside {
    fn remove(&self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut file = self.0.clone().into_os_string();
            file.push(ending);
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.remove();
    }
}
