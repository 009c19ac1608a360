//! The connection pool.

use std::time::Duration;

use deadpool::managed::{self, Metrics, PoolError, RecycleResult, WeakPool};
use futures_util::future::join_all;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use super::super::{Error, Result};

/// How long to wait for a connection: long enough for a database to restart.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The pause before reconnecting, which doubles each time, and its maximum.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A connection that was used this recently is not pinged first.
const FRESH: Duration = Duration::from_secs(1);
/// The timeout of a ping.
const ALIVE: Duration = Duration::from_secs(2);
/// The longest life of a connection: firewalls may drop old ones, and the server frees its memory.
const OLDEST: Duration = Duration::from_secs(30 * 60);
/// An unused connection is closed after this time, and how often to check for those.
const IDLE: Duration = Duration::from_secs(10 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The longest time for rolling back or closing a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

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
            pause = LONGEST_PAUSE.min(pause * 2);
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

/// Opens a pool of at most `connections`.
pub fn open(connector: Connector, connections: u32) -> Result<Pool> {
    let pool = Pool::builder(connector)
        .max_size(connections as usize)
        // So that surplus connections stay unused and are closed.
        .queue_mode(managed::QueueMode::Lifo)
        .build();
    let pool = pool.map_err(|error| Error::Refused(error.to_string()))?;
    tokio::spawn(give_up_idle(pool.weak()));
    Ok(pool)
}

async fn give_up_idle(pool: WeakPool<Connector>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(pool) = pool.upgrade().filter(|pool| !pool.is_closed()) else { return };
        close_all(pool.retain(|_, used| used.last_used() < IDLE).removed).await;
    }
}

/// Waits for a connection.
pub async fn get(pool: &Pool) -> Result<Pooled> {
    match tokio::time::timeout(LONGEST_WAIT, pool.get()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(PoolError::Backend(error))) => Err(error.into()),
        Ok(Err(PoolError::Closed)) => Err(Error::Closed),
        Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
    }
}

/// Rolls back, and returns the connection to the pool if that succeeded.
pub async fn undo(mut connection: Pooled) {
    let undone = tokio::time::timeout(CLOSE_TIMEOUT, connection.execute("ROLLBACK")).await;
    if !matches!(undone, Ok(Ok(_))) {
        drop(managed::Object::take(connection));
    }
}

/// Closes all connections when running queries have finished, or after a timeout.
pub async fn close(pool: &Pool) {
    let idle = pool.retain(|_, _| false).removed;
    pool.close();
    let finished = async {
        while pool.status().size > 0 {
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    };
    let _ = tokio::join!(close_all(idle), tokio::time::timeout(CLOSE_TIMEOUT, finished));
}

async fn close_all(connections: Vec<MySqlConnection>) {
    let closing = join_all(connections.into_iter().map(MySqlConnection::close));
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
}
