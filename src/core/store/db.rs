//! Connections and transactions. Only this module and `mysql` distinguish the database engines.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_query::{
    Expr, Func, IntoIden, MysqlQueryBuilder, Query, SelectStatement, SqliteQueryBuilder, Value, Values,
};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use serde::de::DeserializeOwned;
use sqlx::error::ErrorKind;
use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, FromRow, SqliteConnection};

use super::migrations::{self, MigrationStatus, Tables};
use super::mysql::PooledConnection;
use super::readers::{self, Reader, Readers};
use super::search_file::{Damage, Opened, SearchFile};
use super::template::Template;
use super::writer::{After, Lease, Priority, Writer};
use super::{Error, Result, checkpoint, mysql, pool, sqlite_file};

/// The number of SQLite read connections; each has a thread of its own.
const SQLITE_READERS: u32 = 4;
/// Prepared statements kept per connection. Posts of different batch sizes are different statements.
const STATEMENTS: usize = 1_024;

/// Begins a consistent snapshot, while other transactions of the session are READ COMMITTED.
const MYSQL_SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                              START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// A database: embedded SQLite (one writer, several readers) or MySQL.
#[derive(Clone)]
pub enum Db {
    Sqlite { file: PathBuf, readers: Readers, writer: Writer, search: SearchFile },
    MySql(mysql::Pool),
}

/// A row type that both engines can decode.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, MySqlRow> + Send + Unpin {}

/// Executes statements on one connection: a reader, a snapshot or a transaction ([`Tx`]).
///
/// It is one concrete type, and futures are boxed, so that the code that sends a statement and waits for the result is
/// compiled once.
pub struct Executor {
    handle: Handle,
    /// Of the search index: whether it was found damaged.
    damage: Option<Damage>,
}

enum Handle {
    Reader(Reader),
    Writer(Lease),
    /// A file beside the database, which nobody else uses.
    File(Box<SqliteConnection>),
    MySql(PooledConnection),
}

/// A write transaction. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx(Executor);

impl Deref for Tx {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Executor {
        &mut self.0
    }
}

enum Rows {
    Sqlite(Vec<SqliteRow>),
    MySql(Vec<MySqlRow>),
}

impl Executor {
    fn of(handle: Handle) -> Self {
        Self { handle, damage: None }
    }

    /// Executes a statement that returns no rows.
    pub async fn execute<S: SqlxBinder + Sync>(&mut self, statement: &S) -> Result<()> {
        let (sql, values) = self.build(statement);
        self.run(sql, values).await
    }

    /// Executes a statement that returns no rows, together with the next one. In a transaction of SQLite each trip to the
    /// connection's thread costs more than most statements; MySQL executes it at once. An error is that of the next
    /// statement or of the commit, so this is for statements whose error nobody tells from others.
    pub async fn defer<S: SqlxBinder + Sync>(&mut self, statement: &S) -> Result<()> {
        let (sql, values) = self.build(statement);
        match &mut self.handle {
            Handle::Writer(lease) => {
                lease.defer(&sql, values);
                Ok(())
            }
            _ => self.run(sql, values).await,
        }
    }

    /// As [`Executor::defer`]; the text is built once for each form of the statement, and `values` are its values in order.
    pub async fn defer_form<S: SqlxBinder + Sync>(
        &mut self,
        (template, form): (&Template, usize),
        values: Vec<Value>,
        build: impl FnOnce(&[Value]) -> S + Send,
    ) -> Result<()> {
        match &mut self.handle {
            Handle::Writer(lease) => {
                let sql = template.text(form, || build(&values).build_sqlx(SqliteQueryBuilder).0);
                lease.defer(&sql, SqlxValues(Values(values)));
                Ok(())
            }
            _ => self.defer(&build(&values)).await,
        }
    }

    /// As [`Executor::all`]; the text is built once for each form of the query, and `values` are its values in order.
    pub async fn all_form<T: Row>(
        &mut self,
        (template, form): (&Template, usize),
        values: Vec<Value>,
        build: impl FnOnce() -> SelectStatement + Send,
    ) -> Result<Vec<T>> {
        if self.is_mysql() {
            return self.all(&build()).await;
        }
        let sql = template.text(form, || build().build_sqlx(SqliteQueryBuilder).0);
        read_all(&self.sqlite_rows(sql.to_string(), SqlxValues(Values(values))).await?)
    }

    /// All rows.
    pub async fn all<T: Row>(&mut self, query: &SelectStatement) -> Result<Vec<T>> {
        match self.rows(query).await? {
            Rows::Sqlite(rows) => read_all(&rows),
            Rows::MySql(rows) => read_all(&rows),
        }
    }

    /// All rows of a query for these columns, in its order if it has a limit. For many rows of many columns: SQLite passes
    /// them on as one value, because sqlx allocates each value of each row, and may wake the caller for each row, which takes
    /// longer than the query itself. The columns hold no binary data.
    pub async fn all_at_once<T: Row + DeserializeOwned>(
        &mut self,
        query: &SelectStatement,
        columns: impl IntoIterator<Item: IntoIden> + Send,
    ) -> Result<Vec<T>> {
        if self.is_mysql() {
            return self.all(query).await;
        }
        let columns = columns.into_iter().map(|column| Expr::col(column.into_iden()));
        let row = Func::cust("json_array").args(columns);
        let all = Query::select()
            .expr(Func::cust("json_group_array").arg(row))
            .from_subquery(query.clone(), "rows")
            .to_owned();
        let (rows,): (String,) = self.one(&all).await?.unwrap_or_else(|| ("[]".to_owned(),));
        serde_json::from_str(&rows).map_err(|error| Error::Failed(sqlx::Error::Decode(error.into())))
    }

    /// The first row.
    pub async fn one<T: Row>(&mut self, query: &SelectStatement) -> Result<Option<T>> {
        match self.row(query).await? {
            Rows::Sqlite(rows) => read_one(rows.first()),
            Rows::MySql(rows) => read_one(rows.first()),
        }
    }

    /// For reading a copy of an embedded database.
    pub(super) async fn on_file(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
        Ok(Self::of(Handle::File(Box::new(options.connect().await?))))
    }

    /// Whether the engine is MySQL, for the few statements that differ.
    pub fn is_mysql(&self) -> bool {
        matches!(self.handle, Handle::MySql(_))
    }

    fn build<S: SqlxBinder>(&self, statement: &S) -> (String, SqlxValues) {
        match self.handle {
            Handle::MySql(_) => statement.build_sqlx(MysqlQueryBuilder),
            _ => statement.build_sqlx(SqliteQueryBuilder),
        }
    }

    fn run(&mut self, sql: String, values: SqlxValues) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if let Handle::MySql(mysql) = &mut self.handle {
                return mysql.execute(sql, values).await;
            }
            let (sql, values) = self.with_deferred(sql, values);
            let done = sqlx::query_with(AssertSqlSafe(sql), values).execute(self.sqlite()?).await;
            self.answered(done)?;
            Ok(())
        })
    }

    fn rows<'a>(&'a mut self, query: &'a SelectStatement) -> BoxFuture<'a, Result<Rows>> {
        Box::pin(async move {
            if let Handle::MySql(mysql) = &mut self.handle {
                return Ok(Rows::MySql(mysql.all(query).await?));
            }
            let (sql, values) = self.build(query);
            Ok(Rows::Sqlite(self.sqlite_rows(sql, values).await?))
        })
    }

    fn sqlite_rows(&mut self, sql: String, values: SqlxValues) -> BoxFuture<'_, Result<Vec<SqliteRow>>> {
        Box::pin(async move {
            let (sql, values) = self.with_deferred(sql, values);
            let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(self.sqlite()?).await;
            self.answered(rows)
        })
    }

    /// At most one row.
    fn row<'a>(&'a mut self, query: &'a SelectStatement) -> BoxFuture<'a, Result<Rows>> {
        Box::pin(async move {
            if let Handle::MySql(mysql) = &mut self.handle {
                return Ok(Rows::MySql(mysql.one(query).await?.into_iter().collect()));
            }
            let (sql, values) = self.build(query);
            let (sql, values) = self.with_deferred(sql, values);
            let row = sqlx::query_with(AssertSqlSafe(sql), values).fetch_optional(self.sqlite()?).await;
            Ok(Rows::Sqlite(self.answered(row)?.into_iter().collect()))
        })
    }

    /// A statement after those that were deferred, and after the beginning of a snapshot.
    fn with_deferred(&mut self, sql: String, values: SqlxValues) -> (String, SqlxValues) {
        match &mut self.handle {
            Handle::Writer(lease) => lease.with_deferred(sql, values),
            Handle::Reader(reader) => (reader.with_begin(sql), values),
            _ => (sql, values),
        }
    }

    /// SQLite's connection for one query; [`Executor::answered`] follows it.
    fn sqlite(&mut self) -> Result<&mut SqliteConnection> {
        Ok(match &mut self.handle {
            Handle::Reader(reader) => reader.begin_query()?,
            Handle::Writer(lease) => lease.connection()?,
            Handle::File(connection) => connection,
            Handle::MySql(_) => return Err(Error::Closed),
        })
    }

    fn answered<T>(&mut self, answer: sqlx::Result<T>) -> Result<T> {
        match &mut self.handle {
            Handle::Reader(reader) => reader.answered(answer.as_ref().err()),
            Handle::Writer(lease) => lease.answered(answer.as_ref().err()),
            Handle::MySql(_) | Handle::File(_) => {}
        }
        if let (Some(damage), Err(error)) = (&self.damage, &answer)
            && sqlite_file::is_damage(error)
        {
            damage.found();
            // It is built anew.
            return Err(Error::Unavailable);
        }
        Ok(answer?)
    }
}

fn read_all<R: sqlx::Row, T: for<'r> FromRow<'r, R>>(rows: &[R]) -> Result<Vec<T>> {
    rows.iter().map(|row| Ok(T::from_row(row)?)).collect()
}

fn read_one<R: sqlx::Row, T: for<'r> FromRow<'r, R>>(row: Option<&R>) -> Result<Option<T>> {
    Ok(row.map(T::from_row).transpose()?)
}

impl Tx {
    /// Whether nothing that is not committed can be seen in it yet. So what was remembered at the last commit is how it is,
    /// unless another program has changed the database. Never on MySQL, where others commit at any time.
    pub fn sees_only_committed(&self) -> bool {
        matches!(&self.0.handle, Handle::Writer(lease) if lease.is_first())
    }

    /// Commits, and returns when the changes are on disk. `after` then runs, before that of any later transaction.
    pub async fn commit(self, after: impl FnOnce() + Send + 'static) -> Result<()> {
        match self.0.handle {
            Handle::Writer(lease) => lease.commit(Box::new(after) as After).await,
            Handle::MySql(connection) => {
                connection.commit().await?;
                after();
                Ok(())
            }
            Handle::Reader(_) | Handle::File(_) => Err(Error::Closed),
        }
    }
}

impl Db {
    /// Opens `sqlite:<path>` or `mysql://…`, the latter with at most `connections`, and applies pending migrations.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        Self::open_with(url, connections, Tables::Update).await
    }

    /// Opens it as [`Db::open`] does; `tables` says what to do about pending migrations.
    pub async fn open_with(url: &str, connections: u32, tables: Tables) -> Result<Self> {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::open_sqlite(Path::new(path), tables).await,
            None => Ok(Self::MySql(mysql::open(url, connections, tables).await?)),
        }
    }

    /// The name of the database system, as OpenTelemetry has it.
    pub fn system(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::MySql(_) => "mysql",
        }
    }

    /// Which migrations are applied to a database; changes nothing.
    pub async fn migration_status(url: &str) -> Result<MigrationStatus> {
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
                migrations::of_sqlite(&mut connection).await
            }
            None => migrations::of_mysql(&mut mysql::connect(url).await?).await,
        }
    }

    /// The migrations of this version, of which none is applied.
    pub fn known_migrations() -> MigrationStatus {
        migrations::known()
    }

    /// Reverts all migrations after `last`, which deletes the data of their tables and columns. A SQLite database is
    /// copied first; returns the path of the copy.
    pub(super) async fn revert_tables(url: &str, last: i64) -> Result<Option<PathBuf>> {
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
                let newest = migrations::of_sqlite(&mut connection).await?.last().unwrap_or_default();
                let copy = migrations::copy_with(Path::new(file), newest);
                let copy = migrations::copy(copy, &mut connection).await?;
                let changed = migrations::down_sqlite(&mut connection, last).await;
                migrations::drop_if_failed(&copy, changed)?;
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
            // A page of messages is passed from SQLite's thread at once.
            .row_buffer_size(256)
            .pragma("cache_size", "-4000")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        // The writer caches more pages: keys and messages are written all over the file.
        let mut connection = options
            .clone()
            .pragma("cache_size", "-16000")
            .pragma("wal_autocheckpoint", checkpoint::MAX_LOG)
            .connect()
            .await?;
        let status = migrations::of_sqlite(&mut connection).await?;
        if status.is_behind(tables)? {
            let copy = match status.last() {
                Some(_) => {
                    let copy = migrations::copy_before(file, &status);
                    Some(migrations::copy(copy, &mut connection).await?)
                }
                None => None,
            };
            let changed = migrations::up_sqlite(&mut connection).await;
            match &copy {
                Some(copy) => {
                    migrations::drop_if_failed(copy, changed)?;
                    tracing::info!(copy = %copy.display(), "copied the database before changing its tables");
                }
                None => changed?,
            }
        }
        let checkpoints = readers::connect(options.clone()).await?;
        let readers = readers::open(options.read_only(true).create_if_missing(false), SQLITE_READERS).await?;
        Ok(Self::Sqlite {
            file: file.to_owned(),
            readers,
            writer: Writer::start(connection, Some(checkpoints)),
            search: SearchFile::of(file),
        })
    }

    /// A connection for reading; each query sees the newest commit.
    pub async fn read(&self) -> Result<Executor> {
        Ok(Executor::of(match self {
            Self::Sqlite { readers, .. } => Handle::Reader(Reader::lease(readers).await?),
            Self::MySql(pool) => Handle::MySql(PooledConnection::new(pool).await?),
        }))
    }

    /// A connection for reading on which all queries see the same snapshot.
    pub async fn snapshot(&self) -> Result<Executor> {
        Ok(Executor::of(match self {
            Self::Sqlite { readers, .. } => Handle::Reader(Reader::snapshot(readers).await?),
            Self::MySql(pool) => Handle::MySql(PooledConnection::begin(pool, MYSQL_SNAPSHOT).await?),
        }))
    }

    /// Begins a write transaction.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_with(Priority::Foreground).await
    }

    /// Begins a write transaction; on SQLite, which has one writer, one of the background waits for all others.
    pub async fn begin_with(&self, priority: Priority) -> Result<Tx> {
        Ok(Tx(Executor::of(match self {
            Self::Sqlite { writer, .. } => Handle::Writer(writer.lease(priority).await?),
            Self::MySql(pool) => Handle::MySql(PooledConnection::begin(pool, "BEGIN").await?),
        })))
    }

    /// The file with the search index of an embedded database.
    pub(super) fn search_file(&self) -> Option<&SearchFile> {
        match self {
            Self::Sqlite { search, .. } => Some(search),
            Self::MySql(_) => None,
        }
    }

    /// A connection for reading the search index.
    pub async fn read_search_index(&self) -> Result<Executor> {
        let Self::Sqlite { search, .. } = self else { return self.read().await };
        let Opened { readers, damage, .. } = search.opened()?;
        let reader = Reader::lease(&readers).await?;
        Ok(Executor { handle: Handle::Reader(reader), damage: Some(damage) })
    }

    /// Begins a transaction of background work in the search index. On SQLite, where the index is a file of its own, it
    /// delays no other, and its commit may be lost when the power fails.
    pub async fn begin_search_index(&self) -> Result<Tx> {
        let Self::Sqlite { search, .. } = self else { return self.begin_with(Priority::Background).await };
        let Opened { writer, damage, .. } = search.opened()?;
        let lease = writer.lease(Priority::Background).await?;
        Ok(Tx(Executor { handle: Handle::Writer(lease), damage: Some(damage) }))
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { file, .. } => Some(file),
            Self::MySql(_) => None,
        }
    }

    /// Whether several nodes may use it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::MySql(_))
    }

    /// Waits for pending writes, and closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, search, .. } => {
                search.close().await;
                pool::close(readers).await;
                writer.close().await;
            }
            Self::MySql(connections) => pool::close(connections).await,
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
        match &error {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::Taken,
            // `members::expect_posting_rights` has found other rights.
            sqlx::Error::Database(refusal) if is_stream_refused(refusal.as_ref()) => Self::Again,
            sqlx::Error::Database(refusal) => match sqlite_code(refusal.as_ref()) {
                Some(SQLITE_FULL) => Self::Full,
                // Another program writes to the file for longer than the timeout.
                Some(SQLITE_BUSY) => Self::Unavailable,
                Some(SQLITE_IOERR) => {
                    tracing::error!(%error, "the database's file can't be read or written");
                    Self::Unavailable
                }
                _ => Self::Failed(error),
            },
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::PoolTimedOut => Self::Unavailable,
            // The transaction of a lost connection is rolled back.
            sqlx::Error::Io(_) => Self::Again,
            _ => Self::Failed(error),
        }
    }
}

const SQLITE_BUSY: i32 = 5;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;

/// Whether a stream without a position was refused.
fn is_stream_refused(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.kind() == ErrorKind::NotNullViolation && error.message().ends_with("stream.seq")
}

/// The primary result code of an error of SQLite.
fn sqlite_code(error: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    error.try_downcast_ref::<SqliteError>()?;
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Failed(error.into())
    }
}
