//! Migrations of the tables: applying them, reverting them, and which ones are applied.
//!
//! During a rolling update old servers run beside new ones. So a migration only adds, and what it replaces is removed
//! by a migration of a later version, whose name begins with `drop`. A server works with tables that are newer than
//! itself unless a `drop` migration was applied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::{Connection as _, MySqlConnection, SqliteConnection};

use super::{Error, Result};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static MYSQL: Migrator = sqlx::migrate!("../../migrations/mysql");

/// The prefix of migrations that older servers do not work with.
const DROP_PREFIX: &str = "drop";

/// What to do about pending migrations when a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    Update,
    /// Fail if there are pending migrations.
    Leave,
    /// Work with the tables as they are: only for filling them from a backup.
    AsTheyAre,
}

/// Which migrations are applied to a database.
#[derive(Debug, Clone, Default)]
pub struct MigrationStatus {
    /// The migrations of this version, in order: number, name, and whether it is applied.
    pub known: Vec<(i64, String, bool)>,
    /// Applied migrations that this version does not know: number and name.
    pub unknown: Vec<(i64, String)>,
}

impl MigrationStatus {
    /// Compares the applied migrations, by number, with those of `migrator`.
    fn of(migrator: &Migrator, applied: &BTreeMap<i64, String>) -> Self {
        let up = migrator.iter().filter(|migration| migration.migration_type.is_up_migration());
        let known = up.map(|migration| {
            let is_applied = applied.contains_key(&migration.version);
            (migration.version, migration.description.to_string(), is_applied)
        });
        let unknown = applied.iter().filter(|(number, _)| !migrator.version_exists(**number));
        let unknown = unknown.map(|(number, name)| (*number, name.clone()));
        Self { known: known.collect(), unknown: unknown.collect() }
    }

    /// The last applied migration; `None` for an empty database.
    pub fn last(&self) -> Option<i64> {
        let known = self.known.iter().filter(|(_, _, is_applied)| *is_applied).map(|(number, ..)| *number);
        known.chain(self.unknown.iter().map(|(number, _)| *number)).max()
    }

    /// Whether a migration of this version is applied.
    pub(super) fn has(&self, migration: i64) -> bool {
        self.known.iter().any(|(number, _, is_applied)| *number == migration && *is_applied)
    }

    /// The newest migration that this version knows.
    pub(super) fn newest(&self) -> i64 {
        self.known.last().map_or(0, |(number, ..)| *number)
    }

    fn missing(&self) -> usize {
        self.known.iter().filter(|(_, _, is_applied)| !is_applied).count()
    }

    /// Whether there are pending migrations. Fails if they may not be applied, or an unknown `drop` migration was.
    pub(super) fn is_behind(&self, tables: Tables) -> Result<bool> {
        if let Some((number, name)) = self.unknown.iter().find(|(_, name)| name.starts_with(DROP_PREFIX)) {
            return Err(Error::Refused(format!(
                "its tables are of a newer Besedka (migration {number}, {name}); take that one, or a copy from before"
            )));
        }
        match (self.missing(), tables) {
            (0, _) => Ok(false),
            (_, Tables::Update) => Ok(true),
            (_, Tables::AsTheyAre) => Ok(false),
            (missing, Tables::Leave) => Err(Error::Refused(format!(
                "its tables lack {missing} of the migrations; run `besedka migrate up`, or start without \
                 --migrate off"
            ))),
        }
    }
}

macro_rules! migrations {
    ($connection:ty, $migrator:ident, $is_there:literal, $status:ident) => {
        pub(super) async fn $status(connection: &mut $connection) -> Result<MigrationStatus> {
            let is_there: bool = sqlx::query_scalar($is_there).fetch_one(&mut *connection).await?;
            if !is_there {
                return Ok(MigrationStatus::of(&$migrator, &BTreeMap::new()));
            }
            if let Some(number) = connection.dirty_version(&$migrator.table_name).await? {
                return Err(Error::Refused(format!(
                    "migration {number} was interrupted; take the database back from a copy, or finish by hand what \
                     it does"
                )));
            }
            let applied: Vec<(i64, String)> =
                sqlx::query_as("SELECT version, description FROM _sqlx_migrations")
                    .fetch_all(connection)
                    .await?;
            Ok(MigrationStatus::of(&$migrator, &applied.into_iter().collect()))
        }
    };
}

migrations!(
    SqliteConnection,
    SQLITE,
    "SELECT count(*) > 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
    of_sqlite
);
migrations!(
    MySqlConnection,
    MYSQL,
    "SELECT count(*) > 0 FROM information_schema.tables \
     WHERE table_schema = database() AND table_name = '_sqlx_migrations'",
    of_mysql
);

/// Applies pending migrations.
pub(super) async fn up_sqlite(connection: &mut SqliteConnection) -> Result<()> {
    up_sqlite_to(connection, None).await
}

/// Applies pending migrations up to one. All of them in one transaction: if one fails, the database is as it was, and a new
/// database is flushed to the disk once and not for each of them.
pub(super) async fn up_sqlite_to(connection: &mut SqliteConnection, last: Option<i64>) -> Result<()> {
    let mut tx = connection.begin().await?;
    // Not `run`: the compiler can't see that its future is Send for every lifetime.
    SQLITE.run_direct(last, &mut *tx, false).await?;
    Ok(tx.commit().await?)
}

/// Reverts all migrations after `last`, in one transaction.
pub(super) async fn down_sqlite(connection: &mut SqliteConnection, last: i64) -> Result<()> {
    let mut tx = connection.begin().await?;
    SQLITE.undo(&mut *tx, last).await?;
    Ok(tx.commit().await?)
}

/// Applies pending migrations.
pub(super) async fn up_mysql(connection: &mut MySqlConnection) -> Result<()> {
    up_mysql_to(connection, None).await
}

/// Applies pending migrations up to one, each by itself: MySQL can't take back changes of tables.
pub(super) async fn up_mysql_to(connection: &mut MySqlConnection, last: Option<i64>) -> Result<()> {
    Ok(MYSQL.run_direct(last, connection, false).await?)
}

/// Reverts all migrations after `last`.
pub(super) async fn down_mysql(connection: &mut MySqlConnection, last: i64) -> Result<()> {
    Ok(MYSQL.undo(connection, last).await?)
}

/// The migrations of this version, of which none is applied.
pub(super) fn known() -> MigrationStatus {
    MigrationStatus::of(&SQLITE, &BTreeMap::new())
}

/// Where an older SQLite database is copied to before its tables change.
pub(super) fn copy_before(file: &Path, status: &MigrationStatus) -> PathBuf {
    copy_path(file, &format!("before-{:04}", status.newest()))
}

/// Whether a migration removes what older versions need, or has no way back.
pub(super) fn is_final(number: i64, name: &str) -> bool {
    let has_way_back = SQLITE
        .iter()
        .any(|migration| migration.version == number && migration.migration_type.is_down_migration());
    name.starts_with(DROP_PREFIX) || !has_way_back
}

/// Where a SQLite database is copied to before migrations are reverted.
pub(super) fn copy_with(file: &Path, last: i64) -> PathBuf {
    copy_path(file, &format!("with-{last:04}"))
}

/// A path beside a database that is free: at the second change between the same versions `besedka.before-0057-2.db`.
fn copy_path(file: &Path, name: &str) -> PathBuf {
    let mut path = file.with_extension(format!("{name}.db"));
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = file.with_extension(format!("{name}-{number}.db"));
    }
    path
}

/// Copies a SQLite database to a file that does not exist yet.
pub(super) async fn copy(copy: PathBuf, connection: &mut SqliteConnection) -> Result<PathBuf> {
    // Renamed once complete.
    let part = copy.with_extension("part");
    let _ = std::fs::remove_file(&part);
    let copied = sqlx::query("VACUUM INTO ?").bind(part.to_string_lossy()).execute(connection).await;
    if let Err(error) = copied {
        let _ = std::fs::remove_file(&part);
        return Err(error.into());
    }
    std::fs::rename(&part, &copy).map_err(sqlx::Error::Io)?;
    Ok(copy)
}

/// Deletes the copy of a database whose tables could not be changed and are as they were: a server that is started again
/// and again would fill the disk with copies.
pub(super) fn drop_if_failed(copy: &Path, changed: Result<()>) -> Result<()> {
    if changed.is_err() {
        let _ = std::fs::remove_file(copy);
    }
    changed
}
