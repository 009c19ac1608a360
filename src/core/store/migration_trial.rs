//! Trying pending migrations without changing anything.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::migrations::{self, MigrationStatus, Tables};
use super::{Db, Error, Result, mysql, sqlite_file};

/// A migration that is not applied yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigration {
    pub number: i64,
    pub name: String,
    /// Whether it removes what older versions need: going back then takes the copy from before.
    pub is_final: bool,
}

/// The copy that is made of an embedded database before its tables change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCopy {
    pub path: PathBuf,
    /// Its size, approximately.
    pub bytes: u64,
    /// Free bytes on its disk, if that is known.
    pub free: Option<u64>,
}

/// What came of trying migrations on a temporary copy.
#[derive(Debug)]
pub enum TrialOutcome {
    /// There was nothing to try.
    UpToDate,
    /// There is no database yet, or it has no tables.
    New,
    Succeeded(Duration),
    Failed(Error),
    /// The disk has no room for the copy that is made before a migration.
    NoRoom,
    /// The disk has room for that, but not for a temporary copy as well.
    NoRoomToTry,
    /// MySQL can neither be copied from here nor take back changes of tables.
    NotPossible,
}

/// What applying the pending migrations would do.
#[derive(Debug)]
pub struct MigrationTrial {
    pub pending: Vec<PendingMigration>,
    /// `None` if the database is not copied before.
    pub copy: Option<PlannedCopy>,
    pub outcome: TrialOutcome,
}

/// A temporary copy, which is deleted in the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        for ending in ["", "-journal", "-wal", "-shm"] {
            let mut file = self.0.as_os_str().to_owned();
            file.push(ending);
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Db {
    /// Says what applying the pending migrations would do, and tries it on a temporary copy of an embedded database. The
    /// database itself stays as it is. `free` tells how many bytes are free on the disk of a file.
    pub async fn try_migrations(url: &str, free: fn(&Path) -> Option<u64>) -> Result<MigrationTrial> {
        let Some(file) = url.strip_prefix("sqlite:").map(Path::new) else {
            let status = mysql::check_migrations(url).await?;
            let is_behind = status.is_behind(Tables::Update)?;
            let outcome = if is_behind { TrialOutcome::NotPossible } else { TrialOutcome::UpToDate };
            return Ok(MigrationTrial { pending: pending(&status), copy: None, outcome });
        };
        if sqlite_file::size(file) == 0 {
            let pending = pending(&Self::known_migrations());
            return Ok(MigrationTrial { pending, copy: None, outcome: TrialOutcome::New });
        }
        let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
        let status = migrations::of_sqlite(&mut connection).await?;
        let pending = pending(&status);
        if !status.is_behind(Tables::Update)? {
            return Ok(MigrationTrial { pending, copy: None, outcome: TrialOutcome::UpToDate });
        }
        let planned = status.last().map(|_| planned_copy(file, &status, free(file)));
        let outcome = match &planned {
            Some(copy) if copy.free.is_some_and(|free| free < copy.bytes) => TrialOutcome::NoRoom,
            // A temporary copy, and as much for what the migrations write.
            Some(copy) if copy.free.is_some_and(|free| free / 2 < copy.bytes) => TrialOutcome::NoRoomToTry,
            _ => {
                let scratch = Scratch(file.with_extension(format!("trial-{}.db", std::process::id())));
                sqlx::query("VACUUM INTO ?")
                    .bind(scratch.0.to_string_lossy())
                    .execute(&mut connection)
                    .await?;
                let begun = Instant::now();
                match migrate(&scratch.0).await {
                    Ok(()) => TrialOutcome::Succeeded(begun.elapsed()),
                    Err(error) => TrialOutcome::Failed(error),
                }
            }
        };
        connection.close().await?;
        Ok(MigrationTrial { pending, copy: planned, outcome })
    }
}

fn planned_copy(file: &Path, status: &MigrationStatus, free: Option<u64>) -> PlannedCopy {
    let path = migrations::copy_before(file, status);
    PlannedCopy { path, bytes: sqlite_file::size(file), free }
}

async fn migrate(file: &Path) -> Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(file).foreign_keys(true).connect().await?;
    migrations::up_sqlite(&mut connection).await?;
    connection.close().await?;
    match sqlite_file::damage(file).await? {
        None => Ok(()),
        Some(what) => Err(Error::Refused(format!("the migrated copy is damaged: {what}"))),
    }
}

fn pending(status: &MigrationStatus) -> Vec<PendingMigration> {
    let missing = status.known.iter().filter(|(_, _, is_applied)| !is_applied);
    let pending = missing.map(|(number, name, _)| PendingMigration {
        number: *number,
        name: name.clone(),
        is_final: migrations::is_final(*number, name),
    });
    pending.collect()
}
