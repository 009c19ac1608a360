//! A connection of the pool's, for as long as one question or one change needs it.

use deadpool::managed::Object;
use sea_query_sqlx::SqlxValues;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Executor, FromRow};

use super::super::{Error, Result};
use super::pool::{self, Pool, Pooled};

/// A statement and what is bound to it.
type Statement = (String, SqlxValues);

/// One that is dropped while the server still owes an answer is not used again: sqlx reads the rest of an answer before
/// it asks something else, but of the answer to a preparation it makes rows, and may wait for the last of them for ever.
pub struct Held {
    /// Nothing once it is given back.
    connection: Option<Pooled>,
    is_changing: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An answer is awaited, or what was answered is no answer.
    Owed,
    /// The server has gone.
    Lost,
}

impl Held {
    pub async fn new(pool: &Pool) -> Result<Self> {
        Ok(Self { connection: Some(pool::get(pool).await?), is_changing: false, state: State::Ready })
    }

    /// One with a transaction, which `begin` begins. Dropped without [`Held::commit`], what it did is undone.
    pub async fn begin(pool: &Pool, begin: &'static str) -> Result<Self> {
        let mut held = Self::new(pool).await?;
        held.is_changing = true;
        held.say(begin).await?;
        Ok(held)
    }

    pub async fn commit(mut self) -> Result<()> {
        let committed = self.say("COMMIT").await;
        self.is_changing = committed.is_err();
        committed.map_err(|error| match error {
            // Refused, nothing was written.
            error @ sqlx::Error::Database(_) => error.into(),
            // Lost on the way to the disk or back: nobody knows.
            _ => Error::Unavailable,
        })
    }

    pub async fn execute(&mut self, (sql, values): Statement) -> Result<()> {
        let done = sqlx::query_with(AssertSqlSafe(sql), values).execute(self.ask()?).await;
        self.answered(done)?;
        Ok(())
    }

    pub async fn all<T>(&mut self, (sql, values): Statement) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
    {
        let rows = sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_all(self.ask()?).await;
        Ok(self.answered(rows)?)
    }

    pub async fn one<T>(&mut self, (sql, values): Statement) -> Result<Option<T>>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
    {
        let row = sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_optional(self.ask()?).await;
        Ok(self.answered(row)?)
    }

    async fn say(&mut self, statement: &'static str) -> sqlx::Result<()> {
        let done = self.ask()?.execute(statement).await;
        self.answered(done)?;
        Ok(())
    }

    fn ask(&mut self) -> sqlx::Result<&mut MySqlConnection> {
        self.state = State::Owed;
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    fn answered<T>(&mut self, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        self.state = match &answer {
            Ok(_) | Err(sqlx::Error::Database(_)) => State::Ready,
            Err(sqlx::Error::Io(_)) => State::Lost,
            Err(_) => State::Owed,
        };
        answer
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.state {
            State::Ready if self.is_changing => {
                tokio::spawn(async move {
                    if connection.execute("ROLLBACK").await.is_err() {
                        drop(Object::take(connection));
                    }
                });
            }
            State::Ready => {}
            State::Owed => drop(Object::take(connection)),
            State::Lost => {
                // With it, all that rest.
                if let Some(pool) = Object::pool(&connection) {
                    pool.retain(|_, _| false);
                }
                drop(Object::take(connection));
            }
        }
    }
}
