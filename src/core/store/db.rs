//! The one file that knows which databases there are.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_query::{SelectStatement, SqliteQueryBuilder};
use sea_query_sqlx::SqlxBinder;
use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, FromRow, Sqlite, SqliteConnection, SqlitePool, Transaction,
};

use super::migrations::{self, Standing, Tables};
use super::mysql::Held;
use super::writer::{After, Lease, Writer};
use super::{Error, Result, mysql};

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
    MySql(mysql::Pool),
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
    MySql(Held),
}

/// Answers several questions from one moment.
pub enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    MySql(Held),
}

/// A change under way. Dropped without [`Tx::commit`], it never was.
pub enum Tx {
    Sqlite(Lease),
    MySql(Held),
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
                        connection.execute(statement).await?;
                    }
                }
                Ok(())
            }

            async fn all<T: Row>(&mut self, question: &SelectStatement) -> Result<Vec<T>> {
                match self {
                    Self::Sqlite(connection) => read_all(&sqlite_all(connection, question).await?),
                    Self::MySql(connection) => read_all(&connection.all(question).await?),
                }
            }

            async fn one<T: Row>(&mut self, question: &SelectStatement) -> Result<Option<T>> {
                match self {
                    Self::Sqlite(connection) => read_one(sqlite_one(connection, question).await?.as_ref()),
                    Self::MySql(connection) => read_one(connection.one(question).await?.as_ref()),
                }
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

/// Rows as they come. What is read of them is apart: asking is large code, and there would be as much of it for each
/// kind of row.
async fn sqlite_all(connection: &mut SqliteConnection, question: &SelectStatement) -> Result<Vec<SqliteRow>> {
    let (sql, values) = question.build_sqlx(SqliteQueryBuilder);
    Ok(sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(connection).await?)
}

async fn sqlite_one(
    connection: &mut SqliteConnection,
    question: &SelectStatement,
) -> Result<Option<SqliteRow>> {
    let (sql, values) = question.build_sqlx(SqliteQueryBuilder);
    Ok(sqlx::query_with(AssertSqlSafe(sql), values).fetch_optional(connection).await?)
}

fn read_all<R: sqlx::Row, T: for<'r> FromRow<'r, R>>(rows: &[R]) -> Result<Vec<T>> {
    rows.iter().map(|row| Ok(T::from_row(row)?)).collect()
}

fn read_one<R: sqlx::Row, T: for<'r> FromRow<'r, R>>(row: Option<&R>) -> Result<Option<T>> {
    Ok(row.map(T::from_row).transpose()?)
}

impl Tx {
    /// Makes the change last, and returns when it is on the disk. `after` runs once it is, before
    /// that of any later change.
    pub async fn commit(self, after: impl FnOnce() + Send + 'static) -> Result<()> {
        match self {
            Self::Sqlite(lease) => lease.commit(Box::new(after) as After).await,
            Self::MySql(held) => {
                held.commit().await?;
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
        Self::open_with(url, connections, Tables::Update).await
    }

    /// Opens it as [`Db::open`] does, and says what becomes of tables that are not up to date.
    pub async fn open_with(url: &str, connections: u32, tables: Tables) -> Result<Self> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open_sqlite(Path::new(path), tables).await,
            None => Ok(Self::MySql(mysql::open(url, connections, tables).await?)),
        }
    }

    /// How far the tables of a database are, without changing them.
    pub async fn standing(url: &str) -> Result<Standing> {
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
                migrations::of_sqlite(&mut connection).await
            }
            None => migrations::of_mysql(&mut mysql::connect(url).await?).await,
        }
    }

    /// Undoes what came after a migration, and with it what those tables and columns hold. Of SQLite a copy is made
    /// first; answers where it is.
    pub async fn undo(url: &str, last: i64) -> Result<Option<PathBuf>> {
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
                let newest = migrations::of_sqlite(&mut connection).await?.last().unwrap_or_default();
                let copy =
                    migrations::copy(Path::new(file), &format!("with-{newest:04}"), &mut connection).await?;
                migrations::down_sqlite(&mut connection, last).await?;
                Ok(Some(copy))
            }
            None => {
                migrations::down_mysql(&mut mysql::connect(url).await?, last).await?;
                Ok(None)
            }
        }
    }

    async fn open_sqlite(file: &Path, tables: Tables) -> Result<Self> {
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
        let standing = migrations::of_sqlite(&mut connection).await?;
        if standing.is_behind(tables)? {
            if standing.last().is_some() {
                let name = format!("before-{:04}", standing.newest());
                let copy = migrations::copy(file, &name, &mut connection).await?;
                tracing::info!(copy = %copy.display(), "copied the database before changing its tables");
            }
            migrations::up_sqlite(&mut connection).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .connect_with(options.clone().read_only(true).create_if_missing(false))
            .await?;
        Ok(Self::Sqlite { file: file.to_owned(), readers, writer: Writer::start(connection) })
    }

    pub async fn read(&self) -> Result<Reader> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::MySql(pool) => Reader::MySql(Held::new(pool).await?),
        })
    }

    pub async fn snapshot(&self) -> Result<Snapshot> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Snapshot::Sqlite(readers.begin().await?),
            Self::MySql(pool) => Snapshot::MySql(Held::begin(pool, MYSQL_SNAPSHOT).await?),
        })
    }

    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.lease().await?),
            Self::MySql(pool) => Tx::MySql(Held::begin(pool, "BEGIN").await?),
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
            Self::MySql(pool) => mysql::close(pool).await,
        }
    }
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
pub(super) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database");
    }
}
