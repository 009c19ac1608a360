//! A pooled connection, for one query or one transaction.

use std::io::ErrorKind;
use std::time::Duration;

use deadpool::managed::Object;
use sea_query::{MysqlQueryBuilder, SelectStatement};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Executor};

use super::super::{Error, Result, pool};
use super::is_last_word;
use super::pool::{Pool, Pooled, undo};

/// The longest time that the server may take to answer. It aborts queries and lock waits after a third of this, so a
/// server that is silent for longer is unreachable, even if the connection looks open: a firewall may have dropped it.
const MAX_ANSWER: Duration = Duration::from_secs(30);
/// How often a lost connection is replaced. Those that other tasks returned just before a server went away are lost too.
const MAX_RENEWALS: u32 = 10;

/// A connection of the pool, leased for one query or one transaction.
///
/// One that is dropped in the middle of a query is closed instead of reused: sqlx would first drain the pending answer,
/// and may wait forever when that is the answer to a PREPARE.
pub struct PooledConnection {
    /// `None` once it is returned to the pool.
    connection: Option<Pooled>,
    is_changing: bool,
    state: State,
    /// How often it was replaced because it was lost.
    renewals: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An answer is pending, or the last one could not be understood.
    Owed,
    /// The connection is lost.
    Lost,
}

impl PooledConnection {
    pub async fn new(pool: &Pool) -> Result<Self> {
        Ok(Self {
            connection: Some(pool::get(pool).await?),
            is_changing: false,
            state: State::Ready,
            renewals: 0,
        })
    }

    /// A connection with a transaction, started by `begin`. Dropped without [`PooledConnection::commit`], it is rolled back.
    pub async fn begin(pool: &Pool, begin: &'static str) -> Result<Self> {
        let mut connection = Self::new(pool).await?;
        while let Err(error) = connection.run_statement(begin).await {
            connection.renew(error).await?;
        }
        connection.is_changing = true;
        Ok(connection)
    }

    pub async fn commit(mut self) -> Result<()> {
        let committed = self.run_statement("COMMIT").await;
        self.is_changing = committed.is_err();
        committed.map_err(|error| match self.state {
            // The server refused; nothing was written.
            State::Ready => error.into(),
            // Whether it was committed is unknown.
            State::Owed | State::Lost => Error::Unavailable,
        })
    }

    pub async fn execute(&mut self, sql: String, values: SqlxValues) -> Result<()> {
        let done = in_time(sqlx::query_with(AssertSqlSafe(sql), values).execute(self.begin_query()?)).await;
        self.answered(done)?;
        Ok(())
    }

    pub async fn all(&mut self, query: &SelectStatement) -> Result<Vec<MySqlRow>> {
        loop {
            match self.query_all(query).await {
                Ok(rows) => return Ok(rows),
                Err(error) => self.renew(error).await?,
            }
        }
    }

    pub async fn one(&mut self, query: &SelectStatement) -> Result<Option<MySqlRow>> {
        loop {
            match self.query_one(query).await {
                Ok(row) => return Ok(row),
                Err(error) => self.renew(error).await?,
            }
        }
    }

    async fn query_all(&mut self, query: &SelectStatement) -> sqlx::Result<Vec<MySqlRow>> {
        let (sql, values) = query.build_sqlx(MysqlQueryBuilder);
        let rows = in_time(sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(self.begin_query()?)).await;
        self.answered(rows)
    }

    async fn query_one(&mut self, query: &SelectStatement) -> sqlx::Result<Option<MySqlRow>> {
        let (sql, values) = query.build_sqlx(MysqlQueryBuilder);
        let row =
            in_time(sqlx::query_with(AssertSqlSafe(sql), values).fetch_optional(self.begin_query()?)).await;
        self.answered(row)
    }

    /// Takes another connection when a query found this one lost and was in no transaction: it may be asked again there.
    /// Returns the error otherwise, or when several connections in turn were lost.
    async fn renew(&mut self, error: sqlx::Error) -> Result<()> {
        if self.state != State::Lost || self.is_changing || self.renewals == MAX_RENEWALS {
            return Err(error.into());
        }
        let Some(pool) = self.connection.as_ref().and_then(Object::pool) else { return Err(Error::Closed) };
        // The lost one is dropped first, so that it does not occupy a slot of the pool.
        self.release();
        let renewals = self.renewals + 1;
        *self = Self::new(&pool).await?;
        self.renewals = renewals;
        Ok(())
    }

    /// Returns the connection to the pool if it can be reused.
    fn release(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match self.state {
            State::Ready if self.is_changing => {
                tokio::spawn(undo(connection));
            }
            State::Ready => {}
            State::Owed => drop(Object::take(connection)),
            State::Lost => {
                // All idle connections are probably lost too.
                if let Some(pool) = Object::pool(&connection) {
                    pool.retain(|_, _| false);
                }
                drop(Object::take(connection));
            }
        }
    }

    async fn run_statement(&mut self, statement: &'static str) -> sqlx::Result<()> {
        let done = in_time(self.begin_query()?.execute(statement)).await;
        self.answered(done)?;
        Ok(())
    }

    fn begin_query(&mut self) -> sqlx::Result<&mut MySqlConnection> {
        self.state = State::Owed;
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    fn answered<T>(&mut self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        self.state = match &answer {
            Err(sqlx::Error::Database(refusal)) if refusal.try_downcast_ref().is_some_and(is_last_word) => {
                State::Lost
            }
            Ok(_) | Err(sqlx::Error::Database(_)) => State::Ready,
            Err(sqlx::Error::Io(_)) => State::Lost,
            Err(_) => State::Owed,
        };
        answer
    }
}

/// Treats a server that does not answer in time as lost.
async fn in_time<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let answer = tokio::time::timeout(MAX_ANSWER, answer).await;
    answer.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into())))
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        self.release();
    }
}
