//! The one file that knows which databases there are.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_query::{MysqlQueryBuilder, SelectStatement, SqliteQueryBuilder};
use sea_query_sqlx::SqlxBinder;
use sqlx::migrate::Migrator;
use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, FromRow, MySql, MySqlPool, Sqlite, SqlitePool, Transaction,
};

use super::writer::{After, Lease, Writer};
use super::{Error, Result, mysql};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static MYSQL_MIGRATIONS: Migrator = sqlx::migrate!("migrations/mysql");

/// How many questions SQLite answers at once; each has a thread of its own.
const SQLITE_READERS: u32 = 4;
/// Prepared statements kept per connection. Posts of different batch sizes are different statements.
const STATEMENTS: usize = 1_024;

/// A transaction that sees one moment, though the others of its session see each the newest.
const MYSQL_SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                              START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// A database: embedded SQLite (one writer, some readers) or MySQL.
#[derive(Clone)]
pub enum Db {
    Sqlite { file: PathBuf, readers: SqlitePool, writer: Writer },
    MySql(MySqlPool),
}

/// A row that both databases can give.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin {}

/// Whatever carries out statements: a [`Reader`], a [`Snapshot`] or a [`Tx`].
pub trait Run: Send {
    /// Carries out a change.
    fn execute<S: SqlxBinder + Sync>(&mut self, statement: &S) -> impl Future<Output = Result<()>> + Send;
    /// All rows.
    fn all<T: Row>(&mut self, question: &SelectStatement) -> impl Future<Output = Result<Vec<T>>> + Send;
    /// The first row.
    fn one<T: Row>(&mut self, question: &SelectStatement) -> impl Future<Output = Result<Option<T>>> + Send;
    /// Which database it is, for the rare statement that differs.
    fn is_mysql(&self) -> bool;
}

/// Answers questions, each for itself.
pub enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    MySql(PoolConnection<MySql>),
}

/// Answers several questions from one moment.
pub enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    MySql(Transaction<'static, MySql>),
}

/// A change under way. Dropped without [`Tx::commit`], it never was.
pub enum Tx {
    Sqlite(Lease),
    MySql(Transaction<'static, MySql>),
}

macro_rules! run {
    ($kind:ident) => {
        impl Run for $kind {
            async fn execute<S: SqlxBinder + Sync>(&mut self, statement: &S) -> Result<()> {
                match self {
                    Self::Sqlite(connection) => {
                        let (sql, values) = statement.build_sqlx(SqliteQueryBuilder);
                        sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut **connection).await?;
                    }
                    Self::MySql(connection) => {
                        let (sql, values) = statement.build_sqlx(MysqlQueryBuilder);
                        sqlx::query_with(AssertSqlSafe(sql), values).execute(&mut **connection).await?;
                    }
                }
                Ok(())
            }

            async fn all<T: Row>(&mut self, question: &SelectStatement) -> Result<Vec<T>> {
                Ok(match self {
                    Self::Sqlite(connection) => {
                        let (sql, values) = question.build_sqlx(SqliteQueryBuilder);
                        sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_all(&mut **connection).await?
                    }
                    Self::MySql(connection) => {
                        let (sql, values) = question.build_sqlx(MysqlQueryBuilder);
                        sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_all(&mut **connection).await?
                    }
                })
            }

            async fn one<T: Row>(&mut self, question: &SelectStatement) -> Result<Option<T>> {
                Ok(match self {
                    Self::Sqlite(connection) => {
                        let (sql, values) = question.build_sqlx(SqliteQueryBuilder);
                        sqlx::query_as_with(AssertSqlSafe(sql), values)
                            .fetch_optional(&mut **connection)
                            .await?
                    }
                    Self::MySql(connection) => {
                        let (sql, values) = question.build_sqlx(MysqlQueryBuilder);
                        sqlx::query_as_with(AssertSqlSafe(sql), values)
                            .fetch_optional(&mut **connection)
                            .await?
                    }
                })
            }

            fn is_mysql(&self) -> bool {
                matches!(self, Self::MySql(_))
            }
        }
    };
}

run!(Reader);
run!(Snapshot);
run!(Tx);

impl Tx {
    /// Makes the change last, and returns when it is on the disk. `after` runs once it is, before
    /// that of any later change.
    pub async fn commit(self, after: impl FnOnce() + Send + 'static) -> Result<()> {
        match self {
            Self::Sqlite(lease) => lease.commit(Box::new(after) as After).await,
            Self::MySql(transaction) => {
                transaction.commit().await.map_err(|error| match error {
                    // Refused, nothing was written.
                    sqlx::Error::Database(_) => error.into(),
                    // Lost on the way to the disk or back: nobody knows.
                    _ => Error::Unavailable,
                })?;
                after();
                Ok(())
            }
        }
    }
}

impl Db {
    /// Opens `sqlite:<path>` or `mysql://…`, the latter with so many connections at most, and brings its tables up to
    /// date.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open_sqlite(Path::new(path)).await,
            None => Ok(Self::MySql(mysql::open(url, connections).await?)),
        }
    }

    async fn open_sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(STATEMENTS)
            // A page of messages crosses from SQLite's thread in one go.
            .row_buffer_size(256)
            .pragma("cache_size", "-4000")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        // The writer keeps more pages at hand: keys and messages go to all parts of the file.
        let mut connection = options.clone().pragma("cache_size", "-16000").connect().await?;
        migrate_sqlite(file, &mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .connect_with(options.clone().read_only(true).create_if_missing(false))
            .await?;
        Ok(Self::Sqlite { file: file.to_owned(), readers, writer: Writer::start(connection) })
    }

    pub async fn read(&self) -> Result<Reader> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::MySql(pool) => Reader::MySql(pool.acquire().await?),
        })
    }

    pub async fn snapshot(&self) -> Result<Snapshot> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Snapshot::Sqlite(readers.begin().await?),
            Self::MySql(pool) => Snapshot::MySql(pool.begin_with(MYSQL_SNAPSHOT).await?),
        })
    }

    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.lease().await?),
            Self::MySql(pool) => Tx::MySql(pool.begin().await?),
        })
    }

    /// Whether other nodes may use it too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::MySql(_))
    }

    /// Waits for what is being written, and closes.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::MySql(pool) => pool.close().await,
        }
    }
}

/// Brings the tables up to date, after a copy of a database that already holds something.
async fn migrate_sqlite(file: &Path, connection: &mut sqlx::SqliteConnection) -> Result<()> {
    let done: Vec<(i64,)> = sqlx::query_as("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(&mut *connection)
        .await
        .unwrap_or_default();
    let newest = SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    if let Some((last,)) = done.last()
        && *last < newest
    {
        let copy = file.with_extension(format!("before-{newest:04}.db"));
        if !copy.exists() {
            // Under its own name only once it is whole.
            let part = copy.with_extension("part");
            let _ = std::fs::remove_file(&part);
            sqlx::query("VACUUM INTO ?").bind(part.to_string_lossy()).execute(&mut *connection).await?;
            std::fs::rename(&part, &copy).map_err(sqlx::Error::Io)?;
        }
        tracing::info!(copy = %copy.display(), "copied the database before changing its tables");
    }
    SQLITE_MIGRATIONS.run(connection).await?;
    Ok(())
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(refusal) = &error
            && let Some(refusal) = refusal.try_downcast_ref::<MySqlDatabaseError>()
            && let Some(meaning) = mysql::meaning(refusal)
        {
            return meaning;
        }
        // SQLite's own numbers: 13 is a full disk, 10 (and its extended forms) a failing one.
        match &error {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::Taken,
            sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some("13") => Self::Full,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::PoolTimedOut => Self::Unavailable,
            // What was begun on a connection that is lost is undone.
            sqlx::Error::Io(_) => Self::Again,
            _ => Self::Failed(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Failed(error.into())
    }
}

/// Closes a connection that is not a pool's.
pub(super) async fn close(connection: sqlx::SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database");
    }
}
