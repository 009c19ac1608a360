//! Opening and checking the connections of the pool.

use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleResult};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use super::super::pool::CLOSE_TIMEOUT;

/// The pause before reconnecting, which doubles each time, and its maximum.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// A connection that was used this recently is not pinged first.
const FRESH: Duration = Duration::from_secs(1);
/// The timeout of a ping.
const ALIVE: Duration = Duration::from_secs(2);
/// The longest life of a connection: firewalls may drop old ones, and the server frees its memory.
const OLDEST: Duration = Duration::from_secs(30 * 60);

pub type Pool = managed::Pool<Connector>;
pub type Pooled = managed::Object<Connector>;

/// Opens connections with the session settings.
pub struct Connector {
    options: MySqlConnectOptions,
    /// The statements that each session starts with.
    settings: Vec<&'static str>,
}

impl Connector {
    pub fn new(options: MySqlConnectOptions, settings: Vec<&'static str>) -> Self {
        Self { options, settings }
    }

    async fn connect(&self) -> sqlx::Result<MySqlConnection> {
        let mut connection = self.options.connect().await?;
        for setting in &self.settings {
            connection.execute(*setting).await?;
        }
        Ok(connection)
    }
}

impl managed::Manager for Connector {
    type Type = MySqlConnection;
    type Error = sqlx::Error;

    /// Retries until the server can be reached.
    async fn create(&self) -> sqlx::Result<MySqlConnection> {
        let mut pause = FIRST_PAUSE;
        loop {
            // Boxed because the future is large and rarely needed.
            match Box::pin(self.connect()).await {
                Err(sqlx::Error::Io(_)) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause = MAX_PAUSE.min(pause * 2);
        }
    }

    async fn recycle(&self, connection: &mut MySqlConnection, used: &Metrics) -> RecycleResult<sqlx::Error> {
        if used.age() > OLDEST {
            return Err(managed::RecycleError::message("it is old"));
        }
        if used.last_used() > FRESH {
            match tokio::time::timeout(ALIVE, connection.ping()).await {
                Ok(answered) => answered?,
                Err(_) => return Err(managed::RecycleError::message("it is silent")),
            }
        }
        Ok(())
    }
}

/// Rolls back, and returns the connection to the pool if that succeeded.
pub async fn undo(mut connection: Pooled) {
    let undone = tokio::time::timeout(CLOSE_TIMEOUT, connection.execute("ROLLBACK")).await;
    if !matches!(undone, Ok(Ok(_))) {
        drop(managed::Object::take(connection));
    }
}
