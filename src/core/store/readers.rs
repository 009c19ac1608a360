//! SQLite's connections for reading.
//!
//! They are leased without asking whether they are alive: nothing lies between this process and the file. So a query
//! costs one trip to its connection's thread and back. sqlx's own pool makes two more, and starts a task for one of them.

use std::thread;

use deadpool::managed::{self, Metrics, Object, RecycleResult};
use futures_util::FutureExt;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Result, pool};

/// How much lower the priority of reading is than that of writing.
#[cfg(target_os = "linux")]
const READER_NICENESS: i32 = 5;

pub type Readers = managed::Pool<Opener>;

/// Opens connections for reading.
pub struct Opener(SqliteConnectOptions);

impl managed::Manager for Opener {
    type Type = SqliteConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<SqliteConnection> {
        connect(self.0.clone()).await
    }

    async fn recycle(&self, _: &mut SqliteConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(())
    }
}

/// Opens a connection whose thread has a lower priority than others.
pub(super) async fn connect(options: SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    let (opened, connection) = oneshot::channel();
    let runtime = Handle::current();
    // A connection's thread has the priority of the thread that opens it.
    thread::Builder::new().name("sqlite-opener".to_owned()).spawn(move || {
        lower_priority();
        let _ = opened.send(runtime.block_on(options.connect()));
    })?;
    connection.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// Lets this thread wait for others when all cores are busy: who asks for much delays no post.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux this is about the calling thread, and not about the process.
    if let Err(error) = rustix::process::setpriority_process(None, READER_NICENESS) {
        tracing::debug!(%error, "readers have the priority of the writer");
    }
}

/// Elsewhere priorities are those of processes.
#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

/// Opens a pool of at most `connections`, and the first of them, so that a file that can't be read is noticed.
pub(super) async fn open(options: SqliteConnectOptions, connections: u32) -> Result<Readers> {
    let readers = pool::open(Opener(options), connections)?;
    drop(pool::get(&readers).await?);
    Ok(readers)
}

/// A leased connection, which is returned when it is dropped.
pub struct Reader {
    /// `None` once it is returned.
    connection: Option<Object<Opener>>,
    snapshot: Snapshot,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Snapshot {
    /// Each query sees the newest commit.
    None,
    /// It begins with the first query, as SQLite's would in any case.
    Pending,
    Begun,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// A query is running, or was given up and may still be running.
    Busy,
    /// Its thread has ended.
    Lost,
}

impl Reader {
    pub(super) async fn lease(readers: &Readers) -> Result<Self> {
        let connection = pool::get(readers).await?;
        Ok(Self { connection: Some(connection), snapshot: Snapshot::None, state: State::Ready })
    }

    /// A connection on which all queries see the same snapshot.
    pub(super) async fn snapshot(readers: &Readers) -> Result<Self> {
        let mut reader = Self::lease(readers).await?;
        reader.snapshot = Snapshot::Pending;
        Ok(reader)
    }

    /// A query, after the beginning of the snapshot if it is the first one: that takes no trip of its own.
    pub(super) fn with_begin(&mut self, sql: String) -> String {
        match self.snapshot {
            Snapshot::Pending => {
                // A query that nobody waits for any more may still take effect.
                self.snapshot = Snapshot::Begun;
                format!("BEGIN; {sql}")
            }
            Snapshot::None | Snapshot::Begun => sql,
        }
    }

    /// The connection, for one query; [`Reader::answered`] follows it.
    pub(super) fn begin_query(&mut self) -> sqlx::Result<&mut SqliteConnection> {
        self.state = State::Busy;
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    pub(super) fn answered(&mut self, error: Option<&sqlx::Error>) {
        self.state = match error {
            Some(sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed) => State::Lost,
            _ => State::Ready,
        };
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            // Sent and not waited for: the connection's thread does everything in the order in which it comes.
            State::Ready if self.snapshot == Snapshot::Begun => {
                if let Some(Err(_)) = sqlx::query("ROLLBACK").execute(&mut *connection).now_or_never() {
                    drop(Object::take(connection));
                }
            }
            State::Ready => {}
            State::Busy => {
                tokio::spawn(await_idle(connection, self.snapshot == Snapshot::Begun));
            }
            State::Lost => drop(Object::take(connection)),
        }
    }
}

/// Returns a connection when the query that was given up has ended, so that nobody else waits for that.
async fn await_idle(mut connection: Object<Opener>, has_snapshot: bool) {
    if has_snapshot {
        // Fails when the snapshot was not begun.
        let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
    }
    if connection.ping().await.is_err() {
        drop(Object::take(connection));
    }
}
