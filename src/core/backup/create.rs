//! Makes a backup.

use std::collections::HashMap;
use std::path::Path;

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;

use super::access::Access;
use super::age::{FileKey, Identities, Recipient};
use super::archive::{ArchiveWriter, hex};
use super::manifest::{DATABASE, FILES, FileCounts, HEADER, Header, Manifest, SECRET, TABLES, TableRows};
use super::object::DestinationWriter;
use super::place::{archive_name, is_encrypted_name, is_own_name};
use super::stored_files::{self, StoredFiles};
use super::unpack::verify_except;
use super::{BackupPlace, Error, Result};
use crate::boxed;
use crate::files::{self, ArchiveStore, AwsEnv, Files, StorageLocation};
use crate::model::{Attachment, AttachmentId, Time};
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

/// How a backup is made.
pub struct Options<'a> {
    pub aws: &'a AwsEnv,
    /// How many backups are kept in the same place; 0 for all, and so does a place that names a file.
    pub keep: u32,
    /// For whom it is encrypted; for nobody if this is empty.
    pub recipients: &'a [Recipient],
    /// The folder where its database is restored to a temporary file and compared; `None` if it is not verified.
    pub verify_in: Option<&'a Path>,
}

/// A backup that was made.
pub struct Created {
    /// Where it is.
    pub place: BackupPlace,
    pub name: String,
    pub bytes: u64,
    pub manifest: Manifest,
    /// The files that were copied now; the others were in the same place already.
    pub copied: FileCounts,
    /// Keys of files whose content differs from the checksum that was recorded when they were uploaded.
    pub damaged: Vec<String>,
    /// The names of older backups that were deleted.
    pub deleted: Vec<String>,
    /// The keys of what was encrypted, by name: with them it can be verified at once.
    keys: HashMap<String, FileKey>,
}

impl Created {
    /// The size of the archive and of the files beside it.
    pub fn whole_size(&self) -> u64 {
        let beside = if self.manifest.beside.is_empty() { 0 } else { self.manifest.files.bytes };
        self.bytes + beside
    }
}

/// Backs up a server that may be in use. The archive appears under its name only when it is complete. One that fails the
/// verification is deleted again; after success, the oldest backups in the same place are deleted.
#[boxed]
pub async fn create(
    source: &Source<'_>,
    place: &BackupPlace,
    options: &Options<'_>,
    now: Time,
) -> Result<Created> {
    let store = ArchiveStore::open(&place.location, options.aws).map_err(Error::Refused)?;
    let mut created = write(source, &store, place, options.recipients, now).await?;
    if let Some(folder) = options.verify_in {
        // No secret key is needed; of encrypted files that were there before, only the presence and the size are checked.
        let identities = Identities::default();
        let access = Access::of_maker(options.aws, &identities, &created.keys);
        if let Err(error) = verify_except(&created.place, &access, folder, &created.damaged).await {
            stored_files::delete_archive(&store, place, &created.name).await?;
            return Err(error);
        }
    }
    if place.name.is_none() {
        created.deleted = delete_old(&store, place, options.keep).await?;
    }
    Ok(created)
}

async fn write(
    source: &Source<'_>,
    store: &ArchiveStore,
    place: &BackupPlace,
    recipients: &[Recipient],
    now: Time,
) -> Result<Created> {
    let name = place.name.clone().unwrap_or_else(|| archive_name(now, !recipients.is_empty()));
    match (is_encrypted_name(&name), recipients.is_empty()) {
        (true, true) => {
            return Err(Error::Refused(format!(
                "{name} is the name of an encrypted backup: name a public key with --encrypt-to"
            )));
        }
        (false, false) => {
            return Err(Error::Refused(format!("{name} must end in .tar.zst.age, because it is encrypted")));
        }
        (true, false) | (false, true) => {}
    }
    if store.list(&place.prefix).await?.iter().any(|archive| archive.key == place.key(&name)) {
        return Err(Error::Refused(format!("{name} exists already in {place}")));
    }
    if let StorageLocation::Folder(folder) = &place.location {
        sweep(folder, is_own_name);
        sweep(&stored_files::folder(folder), stored_files::is_copy_name);
    }
    let secret = tokio::fs::read(source.secret_file).await;
    let secret = secret.map_err(|error| Error::file(source.secret_file, &error))?;
    let mut beside = match place.name {
        Some(_) => None,
        None => Some(StoredFiles::open(store, place, recipients, &secret).await?),
    };
    let mut snapshot = Snapshot::begin(source.db).await?;
    let (writer, key) = DestinationWriter::begin(store.writer(&place.key(&name)), recipients).await?;
    let mut packing = Packing {
        source,
        writer: ArchiveWriter::start(writer),
        beside: beside.as_mut(),
        checksums: HashMap::new(),
        damaged: Vec::new(),
    };
    let manifest = match packing.pack(&mut snapshot, secret, now).await {
        Ok(manifest) => manifest,
        Err(error) => return Err(packing.writer.abort(error).await),
    };
    let Packing { writer, checksums, mut damaged, .. } = packing;
    let (manifest, bytes) = writer.finish(manifest).await?;
    drop(snapshot);
    damaged.extend(manifest.parts.iter().filter_map(|part| {
        let key = part.name.strip_prefix(FILES)?;
        checksums.get(key).is_some_and(|sha256| *sha256 != part.sha256).then(|| key.to_owned())
    }));
    let (mut copied, mut keys) = (manifest.files, HashMap::new());
    if let Some(beside) = beside {
        if let Err(error) = beside.write_list(&name, &manifest.beside).await {
            stored_files::delete_archive(store, place, &name).await?;
            return Err(error);
        }
        (copied, keys) = (beside.copied, beside.keys);
    }
    keys.extend(key.map(|key| (name.clone(), key)));
    let place = BackupPlace { name: Some(name.clone()), ..place.clone() };
    Ok(Created { place, name, bytes, manifest, copied, damaged, deleted: Vec::new(), keys })
}

/// A backup that is being made.
struct Packing<'a, 'b> {
    source: &'a Source<'a>,
    writer: ArchiveWriter,
    /// Where the files go if they are not in the archive.
    beside: Option<&'a mut StoredFiles<'b>>,
    /// The checksums of files in the archive that were recorded when they were uploaded, by key.
    checksums: HashMap<String, String>,
    /// Keys of files beside the archive that differ from such a checksum.
    damaged: Vec<String>,
}

impl Packing<'_, '_> {
    async fn pack(&mut self, snapshot: &mut Snapshot, secret: Vec<u8>, now: Time) -> Result<Manifest> {
        let (version, migrations) = (self.source.version, snapshot.migrations.clone());
        let header = Header::new(version, now, snapshot.engine, migrations, self.beside.is_none());
        let text = serde_json::to_vec_pretty(&header).map_err(|error| Error::Write(error.into()))?;
        self.writer.part(HEADER, text).await?;
        self.writer.part(SECRET, secret).await?;
        let tables = match snapshot.engine {
            Engine::Sqlite => pack_file(snapshot, &mut self.writer).await?,
            Engine::Mysql => pack_rows(snapshot, &mut self.writer).await?,
        };
        let (files, missing) = self.pack_files(snapshot).await?;
        let beside =
            self.beside.as_mut().map(|beside| std::mem::take(&mut beside.beside)).unwrap_or_default();
        Ok(Manifest { header, parts: Vec::new(), tables, files, missing, beside })
    }

    /// Returns what there is and the keys of what is missing.
    async fn pack_files(&mut self, snapshot: &mut Snapshot) -> Result<(FileCounts, Vec<String>)> {
        let (mut counts, mut missing) = (FileCounts::default(), Vec::new());
        let mut last = (Time(0), AttachmentId(uuid::Uuid::nil()));
        loop {
            let page = attachments::uploaded_after(&mut snapshot.executor, last, PAGE).await?;
            let Some((newest, _)) = page.last() else { return Ok((counts, missing)) };
            last = (newest.created_at, newest.id);
            for (file, sha256) in &page {
                let sha256 = sha256.as_deref().map(hex);
                let mut found = vec![(file.key(), self.pack_one(file, false, sha256).await?)];
                if file.metadata.thumbnail.is_some() {
                    found.push((file.thumbnail_key(), self.pack_one(file, true, None).await?));
                }
                for (key, size) in found {
                    match size {
                        Some(size) => {
                            counts.count += 1;
                            counts.bytes += size;
                        }
                        // Unless it was deleted meanwhile.
                        None if attachments::by_id(&mut self.source.db.read().await?, file.id)
                            .await?
                            .is_some() =>
                        {
                            missing.push(key);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    /// Copies a file or its thumbnail; `None` if it is not there.
    async fn pack_one(
        &mut self,
        file: &Attachment,
        is_thumbnail: bool,
        sha256: Option<String>,
    ) -> Result<Option<u64>> {
        let files = self.source.files;
        let key = if is_thumbnail { file.thumbnail_key() } else { file.key() };
        let Some(beside) = &mut self.beside else {
            let size = pack_object(files, &mut self.writer, &key).await?;
            self.checksums.extend(sha256.map(|sha256| (key, sha256)));
            return Ok(size);
        };
        let Some(stored) = beside.add(files, file, is_thumbnail, sha256.as_deref()).await? else {
            return Ok(None);
        };
        if stored.is_damaged {
            self.damaged.push(key);
        }
        Ok(Some(stored.size))
    }
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
        stored_files::delete_archive(store, place, name).await?;
    }
    stored_files::delete_unnamed(store, place).await?;
    Ok(names)
}

/// Deletes what a process that was killed while it wrote left in a folder: a name of our own, `#` and a number.
fn sweep(folder: &Path, is_own: fn(&str) -> bool) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let staged = name.to_str().and_then(|name| name.split_once('#'));
        let is_old = entry
            .metadata()
            .and_then(|file| file.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > std::time::Duration::from_secs(24 * 3_600)));
        if is_old && staged.is_some_and(|(name, number)| is_own(name) && number.parse::<u32>().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
