//! Migrations: how the tables come to be as statements expect them, how far those of a database are, and the way
//! back.
//!
//! While servers are replaced one by one, old ones go on beside the first new one. So a migration adds, and what it
//! replaces is taken away by one of a later version, whose name begins with `drop`: a program bears tables that are
//! newer than itself, unless something was taken from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::{MySqlConnection, SqliteConnection};

use super::{Error, Result};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static MYSQL: Migrator = sqlx::migrate!("../../migrations/mysql");

/// The first word of migrations that older programs can't bear.
const DROP_PREFIX: &str = "drop";

/// What becomes of tables that are not up to date when a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    Update,
    /// The database is opened only when they are up to date already.
    Leave,
}

/// How far a database's tables are.
#[derive(Debug, Clone, Default)]
pub struct MigrationStatus {
    /// What this program knows, in order: its number, its name, and whether it was applied.
    pub known: Vec<(i64, String, bool)>,
    /// What was applied that this program does not know: its number and its name.
    pub unknown: Vec<(i64, String)>,
}

impl MigrationStatus {
    /// What was applied, by its number, beside what there is.
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

    /// The last one that was applied; nothing in an empty database.
    pub fn last(&self) -> Option<i64> {
        let known = self.known.iter().filter(|(_, _, is_applied)| *is_applied).map(|(number, ..)| *number);
        known.chain(self.unknown.iter().map(|(number, _)| *number)).max()
    }

    /// The newest that this program knows.
    pub(super) fn newest(&self) -> i64 {
        self.known.last().map_or(0, |(number, ..)| *number)
    }

    fn missing(&self) -> usize {
        self.known.iter().filter(|(_, _, is_applied)| !is_applied).count()
    }

    /// Whether there is something to apply; a refusal when that may not be, or something was taken away.
    pub(super) fn is_behind(&self, tables: Tables) -> Result<bool> {
        if let Some((number, name)) = self.unknown.iter().find(|(_, name)| name.starts_with(DROP_PREFIX)) {
            return Err(Error::Refused(format!(
                "its tables are of a newer Besedka (migration {number}, {name}); take that one, or a copy from before"
            )));
        }
        match (self.missing(), tables) {
            (0, _) => Ok(false),
            (_, Tables::Update) => Ok(true),
            (missing, Tables::Leave) => Err(Error::Refused(format!(
                "its tables lack {missing} of the migrations; run `besedka migrate up`, or start without \
                 --migrate off"
            ))),
        }
    }
}

macro_rules! migrations {
    ($connection:ty, $migrator:ident, $is_there:literal, $status:ident, $up:ident, $down:ident) => {
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

        /// Applies what is missing.
        pub(super) async fn $up(connection: &mut $connection) -> Result<()> {
            Ok($migrator.run(connection).await?)
        }

        /// Undoes what came after a migration.
        pub(super) async fn $down(connection: &mut $connection, last: i64) -> Result<()> {
            Ok($migrator.undo(connection, last).await?)
        }
    };
}

migrations!(
    SqliteConnection,
    SQLITE,
    "SELECT count(*) > 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
    of_sqlite,
    up_sqlite,
    down_sqlite
);
migrations!(
    MySqlConnection,
    MYSQL,
    "SELECT count(*) > 0 FROM information_schema.tables \
     WHERE table_schema = database() AND table_name = '_sqlx_migrations'",
    of_mysql,
    up_mysql,
    down_mysql
);

/// Copies a SQLite database beside itself, as a file that has a name in its own. A copy that has that name already is
/// of before, and stays.
pub(super) async fn copy(file: &Path, name: &str, connection: &mut SqliteConnection) -> Result<PathBuf> {
    let copy = file.with_extension(format!("{name}.db"));
    if !copy.exists() {
        // Under its own name only once it is whole.
        let part = copy.with_extension("part");
        let _ = std::fs::remove_file(&part);
        sqlx::query("VACUUM INTO ?").bind(part.to_string_lossy()).execute(connection).await?;
        std::fs::rename(&part, &copy).map_err(sqlx::Error::Io)?;
    }
    Ok(copy)
}
