//! Restores a backup into an empty place.
//!
//! Nothing is touched before the whole archive was read and checked. A note in the data folder says which archive is
//! being restored: while it is there no server starts, and only the same archive can be restored, from the beginning.
//! An embedded database gets its name last.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::access::Access;
use super::manifest::{Manifest, SECRET};
use super::unpack::{Destination, inspect, unpack_all};
use super::{BackupPlace, Error, Result};
use crate::boxed;
use crate::files::{Files, StorageLocation};
use crate::model::Time;
use crate::store::{Db, Engine, Tables, search_file, snapshot};

/// The note in the data folder.
const NOTE: &str = "restore-in-progress";
/// Why messages that were scheduled for a time before the restore, and deliveries of webhooks, are not sent.
const NOT_SENT: (&str, &str) =
    ("restored", "The server was restored from a backup; the message may have been sent before");

/// Where a backup is restored.
pub struct Target<'a> {
    pub data_dir: &'a Path,
    pub database_url: &'a str,
    pub database_connections: u32,
    pub storage: &'a StorageLocation,
    pub secret_file: &'a Path,
    /// How the backup is read; its bucket credentials are those of the storage, too.
    pub access: Access<'a>,
}

/// Fails if a restore into a data folder was begun and did not end.
pub fn check_not_interrupted(data_dir: &Path) -> std::result::Result<(), String> {
    match fs::read_to_string(data_dir.join(NOTE)) {
        Ok(archive) => Err(format!(
            "restoring {} was interrupted; run `besedka restore` again, or delete what is there",
            archive.lines().next().unwrap_or("a backup")
        )),
        Err(_) => Ok(()),
    }
}

/// Restores an archive into an empty data folder, an empty database and an empty storage.
#[boxed]
pub async fn restore(archive: &BackupPlace, to: &Target<'_>, now: Time) -> Result<Manifest> {
    let manifest = inspect(archive, &to.access).await?;
    let engine = Engine::of(to.database_url);
    if (manifest.header.engine, engine) == (Engine::Sqlite, Engine::Mysql) {
        return Err(Error::Refused(
            "the backup has an SQLite database; restore it into one, then copy that to MySQL with \
             `besedka migrate --from URL --to URL`"
                .to_owned(),
        ));
    }
    let identity = format!("{}\n{}\n", archive, identity(&manifest));
    let note = to.data_dir.join(NOTE);
    let is_resumed = match fs::read_to_string(&note) {
        Ok(begun) if begun == identity => true,
        Ok(_) => return Err(Error::Refused(check_not_interrupted(to.data_dir).err().unwrap_or_default())),
        Err(_) => false,
    };
    let files = Files::new(to.storage, None, to.access.aws);
    if !is_resumed {
        check_empty(to).await?;
    }
    let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(to.data_dir);
    folder.map_err(|error| Error::file(to.data_dir, &error))?;
    if let StorageLocation::Folder(folder) = to.storage {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Error::file(folder, &error))?;
    }
    let files = files.map_err(Error::Refused)?;
    if !is_resumed && !files.is_empty().await? {
        return Err(Error::Refused(format!("{} is not empty", to.storage)));
    }
    write_note(&note, &identity)?;
    let last_migration = manifest.header.last_migration();
    match engine {
        Engine::Sqlite => {
            restore_file(archive, to, &files, &manifest, now).await?;
        }
        Engine::Mysql => {
            fill(archive, to, &files, to.database_url, last_migration).await?;
            let db = Db::open(to.database_url, to.database_connections).await?;
            let begun = snapshot::begin_anew(&db, now, NOT_SENT, &about(archive, &manifest)).await;
            db.close().await;
            begun?;
        }
    }
    fs::remove_file(&note).map_err(|error| Error::file(&note, &error))?;
    sync_folder(to.data_dir);
    Ok(manifest)
}

/// What the audit log says of an archive.
fn about(archive: &BackupPlace, manifest: &Manifest) -> Map<String, Value> {
    let (archive, header) = (archive.to_string(), &manifest.header);
    let pairs = [("archive", &archive), ("created_at", &header.created_at), ("version", &header.version)];
    pairs.map(|(name, value)| (name.to_owned(), Value::from(value.clone()))).into_iter().collect()
}

/// Tells one archive from another.
fn identity(manifest: &Manifest) -> String {
    let secret = manifest.parts.iter().find(|part| part.name == SECRET).map_or("", |part| &part.sha256);
    format!("{} {} {secret}", manifest.header.created_at, manifest.parts.len())
}

async fn check_empty(to: &Target<'_>) -> Result<()> {
    if to.secret_file.exists() {
        return Err(Error::Refused(format!(
            "{} exists already: a backup is restored where there is no server",
            to.secret_file.display()
        )));
    }
    if let Some(file) = to.database_url.strip_prefix("sqlite:") {
        return match Path::new(file).exists() {
            true => Err(Error::Refused(format!("the database {file} exists already"))),
            false => Ok(()),
        };
    }
    match Db::migration_status(to.database_url).await?.last() {
        Some(_) => Err(Error::Refused("the database has tables already; take an empty one".to_owned())),
        None => Ok(()),
    }
}

/// Restores into an embedded database, from its copy or from the rows of another one.
async fn restore_file(
    archive: &BackupPlace,
    to: &Target<'_>,
    files: &Files,
    manifest: &Manifest,
    now: Time,
) -> Result<()> {
    let (from, last_migration) = (manifest.header.engine, manifest.header.last_migration());
    let file = PathBuf::from(to.database_url.strip_prefix("sqlite:").unwrap_or_default());
    let unfinished = file.with_extension("restoring.db");
    remove_database(&unfinished);
    remove_database(&file);
    // One that an earlier server left.
    search_file::remove(&file).map_err(|error| Error::file(&file, &error))?;
    let url = format!("sqlite:{}", unfinished.display());
    match from {
        Engine::Sqlite => {
            let destination = Destination {
                database_file: Some(&unfinished),
                database: None,
                files: Some(files),
                secret_file: Some(to.secret_file),
            };
            unpack_all(archive, &to.access, &destination).await?;
        }
        Engine::Mysql => {
            let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
            created.map_err(|error| Error::file(&unfinished, &error))?;
            fill(archive, to, files, &url, last_migration).await?;
        }
    }
    snapshot::upgrade_file(&unfinished).await?;
    let db = Db::open(&url, 2).await?;
    let begun = snapshot::begin_anew(&db, now, NOT_SENT, &about(archive, manifest)).await;
    db.close().await;
    begun?;
    fs::rename(&unfinished, &file).map_err(|error| Error::file(&file, &error))?;
    sync_folder(file.parent().unwrap_or_else(|| Path::new(".")));
    Ok(())
}

/// Makes the tables as they were when the backup was made, if they are not there yet, and fills them with its rows.
async fn fill(archive: &BackupPlace, to: &Target<'_>, files: &Files, url: &str, last: i64) -> Result<()> {
    snapshot::make_tables(url, last).await?;
    let made = Db::migration_status(url).await?.last();
    let db = Db::open_with(url, to.database_connections, Tables::AsTheyAre).await?;
    let destination = Destination {
        database_file: None,
        database: Some(&db),
        files: Some(files),
        secret_file: Some(to.secret_file),
    };
    let filled = async {
        // A restore that was interrupted may have begun to fill them.
        snapshot::empty(&db, made).await?;
        unpack_all(archive, &to.access, &destination).await
    };
    let filled: Result<()> = filled.await;
    db.close().await;
    filled
}

/// Writes the note whole or not at all: half a note would be that of another archive.
fn write_note(note: &Path, text: &str) -> Result<()> {
    let part = note.with_extension("part");
    let written = (|| {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, note)
    })();
    written.map_err(|error| Error::file(note, &error))?;
    if let Some(folder) = note.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// Deletes an embedded database that is not used.
fn remove_database(file: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.to_owned().into_os_string();
        path.push(ending);
        let _ = fs::remove_file(path);
    }
}

/// Makes names in a folder durable.
fn sync_folder(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
