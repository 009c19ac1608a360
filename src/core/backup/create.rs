//! Makes a backup.

use std::collections::HashMap;
use std::path::Path;

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;

use super::archive::{ArchiveWriter, hex};
use super::manifest::{DATABASE, FILES, FileCounts, HEADER, Header, Manifest, SECRET, TABLES, TableRows};
use super::place::{archive_name, is_own_name};
use super::{BackupPlace, Error, Result};
use crate::boxed;
use crate::files::{self, ArchiveStore, AwsEnv, Files, StorageLocation};
use crate::model::{AttachmentId, Time};
use crate::store::database_copy::Contents;
use crate::store::snapshot::{Piece, Snapshot};
use crate::store::{Db, Engine, attachments};

/// How many bytes of the database's file are read at a time.
const CHUNK: usize = 256 * 1024;
/// How many files are looked up at a time.
const PAGE: u64 = 100;

/// What is backed up.
pub struct Source<'a> {
    pub db: &'a Db,
    pub files: &'a Files,
    pub secret_file: &'a Path,
    /// The version of the program.
    pub version: &'a str,
}

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// Where it is.
    pub place: BackupPlace,
    pub name: String,
    pub bytes: u64,
    pub manifest: Manifest,
    /// Keys of files whose content differs from the checksum that was recorded when they were uploaded.
    pub damaged: Vec<String>,
    /// The names of older backups that were deleted.
    pub deleted: Vec<String>,
}

/// Backs up a server that may be in use. Afterwards deletes all but the last `keep` backups in the same place; 0 keeps
/// all, and so does a place that names a file. The archive appears under its name only when it is complete.
#[boxed]
pub async fn create(
    source: &Source<'_>,
    place: &BackupPlace,
    aws: &AwsEnv,
    keep: u32,
    now: Time,
) -> Result<Created> {
    let store = ArchiveStore::open(&place.location, aws).map_err(Error::Refused)?;
    let name = place.name.clone().unwrap_or_else(|| archive_name(now));
    if store.list(&place.prefix).await?.iter().any(|archive| archive.key == place.key(&name)) {
        return Err(Error::Refused(format!("{name} exists already in {place}")));
    }
    if let StorageLocation::Folder(folder) = &place.location {
        sweep(folder);
    }
    let mut snapshot = Snapshot::begin(source.db).await?;
    let mut writer = ArchiveWriter::start(store.writer(&place.key(&name)));
    let packed = pack(source, &mut snapshot, &mut writer, now).await;
    let (manifest, checksums) = match packed {
        Ok(packed) => packed,
        Err(error) => return Err(writer.abort(error).await),
    };
    let (manifest, bytes) = writer.finish(manifest).await?;
    drop(snapshot);
    let damaged = manifest.parts.iter().filter_map(|part| {
        let key = part.name.strip_prefix(FILES)?;
        checksums.get(key).is_some_and(|sha256| *sha256 != part.sha256).then(|| key.to_owned())
    });
    let damaged: Vec<String> = damaged.collect();
    let deleted = match place.name {
        Some(_) => Vec::new(),
        None => delete_old(&store, place, keep).await?,
    };
    let place = BackupPlace { name: Some(name.clone()), ..place.clone() };
    Ok(Created { place, name, bytes, manifest, damaged, deleted })
}

/// The checksums of files that were recorded when they were uploaded, by key.
type Checksums = HashMap<String, String>;

async fn pack(
    source: &Source<'_>,
    snapshot: &mut Snapshot,
    writer: &mut ArchiveWriter,
    now: Time,
) -> Result<(Manifest, Checksums)> {
    let header = Header::new(source.version, now, snapshot.engine, snapshot.migrations.clone());
    let text = serde_json::to_vec_pretty(&header).map_err(|error| Error::Write(error.into()))?;
    writer.part(HEADER, text).await?;
    let secret = tokio::fs::read(source.secret_file).await;
    let secret = secret.map_err(|error| Error::file(source.secret_file, &error))?;
    writer.part(SECRET, secret).await?;
    let tables = match snapshot.engine {
        Engine::Sqlite => pack_file(snapshot, writer).await?,
        Engine::Mysql => pack_rows(snapshot, writer).await?,
    };
    let mut manifest =
        Manifest { header, parts: Vec::new(), tables, files: FileCounts::default(), missing: Vec::new() };
    let checksums = pack_files(source, snapshot, writer, &mut manifest).await?;
    Ok((manifest, checksums))
}

/// The copy of an embedded database.
async fn pack_file(snapshot: &mut Snapshot, writer: &mut ArchiveWriter) -> Result<Vec<TableRows>> {
    let mut tables = Vec::new();
    for name in snapshot.tables() {
        let rows = snapshot.rows(&name).await?;
        tables.push(TableRows { name, rows, checksum: None });
    }
    let Some(path) = snapshot.file() else { return Err(Error::Interrupted) };
    let wrong = |error| Error::file(path, &error);
    let mut file = tokio::fs::File::open(path).await.map_err(wrong)?;
    writer.begin(DATABASE, file.metadata().await.map_err(wrong)?.len()).await?;
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        if file.read_buf(&mut chunk).await.map_err(wrong)? == 0 {
            return Ok(tables);
        }
        writer.data(chunk.freeze()).await?;
    }
}

/// The rows of all tables.
async fn pack_rows(snapshot: &mut Snapshot, writer: &mut ArchiveWriter) -> Result<Vec<TableRows>> {
    let mut tables = Vec::new();
    for name in snapshot.tables() {
        let (mut contents, mut last, mut number): (Contents, Option<Piece>, u32) = Default::default();
        while let Some(mut piece) = snapshot.piece(&name, last.as_ref(), &mut contents).await? {
            number += 1;
            let text = std::mem::take(&mut piece.text);
            writer.part(&format!("{TABLES}{name}/{number:06}.jsonl"), text).await?;
            last = Some(piece);
        }
        tables.push(TableRows { name, rows: contents.rows, checksum: Some(contents.checksum()) });
    }
    Ok(tables)
}

async fn pack_files(
    source: &Source<'_>,
    snapshot: &mut Snapshot,
    writer: &mut ArchiveWriter,
    manifest: &mut Manifest,
) -> Result<Checksums> {
    let (mut checksums, mut last) = (HashMap::new(), (Time(0), AttachmentId(uuid::Uuid::nil())));
    loop {
        let page = attachments::uploaded_after(&mut snapshot.executor, last, PAGE).await?;
        let Some((newest, _)) = page.last() else { return Ok(checksums) };
        last = (newest.created_at, newest.id);
        for (file, sha256) in &page {
            let mut keys = vec![file.key()];
            if file.metadata.thumbnail.is_some() {
                keys.push(file.thumbnail_key());
            }
            for key in keys {
                match pack_object(source.files, writer, &key).await? {
                    Some(bytes) => {
                        manifest.files.count += 1;
                        manifest.files.bytes += bytes;
                    }
                    // Unless it was deleted meanwhile.
                    None if attachments::by_id(&mut source.db.read().await?, file.id).await?.is_some() => {
                        manifest.missing.push(key);
                    }
                    None => {}
                }
            }
            if let Some(sha256) = sha256 {
                checksums.insert(file.key(), hex(sha256));
            }
        }
    }
}

/// Copies a file into the archive; `None` if it is not there.
async fn pack_object(files: &Files, writer: &mut ArchiveWriter, key: &str) -> Result<Option<u64>> {
    let (size, mut bytes) = match files.read_object(key).await {
        Err(files::Error::Missing) => return Ok(None),
        found => found?,
    };
    writer.begin(&format!("{FILES}{key}"), size).await?;
    while let Some(chunk) = bytes.try_next().await? {
        writer.data(chunk).await?;
    }
    Ok(Some(size))
}

/// Deletes all but the last `keep` archives that were named by us.
async fn delete_old(store: &ArchiveStore, place: &BackupPlace, keep: u32) -> Result<Vec<String>> {
    if keep == 0 {
        return Ok(Vec::new());
    }
    let all = store.list(&place.prefix).await?;
    let mut names: Vec<String> = all
        .iter()
        .filter_map(|archive| archive.key.rsplit('/').next())
        .filter(|name| is_own_name(name))
        .map(str::to_owned)
        .collect();
    // By the time in the name.
    names.sort_unstable();
    names.truncate(names.len().saturating_sub(keep as usize));
    for name in &names {
        store.delete(&place.key(name)).await?;
    }
    Ok(names)
}

/// Deletes what a process that was killed while it wrote an archive left in a folder: an own name, `#` and a number.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let staged = name.to_str().and_then(|name| name.split_once('#'));
        let is_old = entry
            .metadata()
            .and_then(|file| file.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > std::time::Duration::from_secs(24 * 3_600)));
        if is_old && staged.is_some_and(|(name, number)| is_own_name(name) && number.parse::<u32>().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
