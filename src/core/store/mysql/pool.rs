//! Connections that are kept for the next question.

use std::time::Duration;

use deadpool::managed::{self, Metrics, PoolError, RecycleResult, WeakPool};
use futures_util::future::join_all;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use super::super::{Error, Result};

/// How long a question or a change waits for a connection: a database that is restarted is back within it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A server that is away is asked again after so long, and then after twice that.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// What was used so recently is not asked first whether it is still there.
const FRESH: Duration = Duration::from_secs(1);
/// It answers within this, or is not there.
const ALIVE: Duration = Duration::from_secs(2);
/// A connection is not kept for longer: what is between may tire of it, and the server frees what it gathered.
const OLDEST: Duration = Duration::from_secs(30 * 60);
/// A connection that nobody needed for so long is given up, and how often to look for such.
const IDLE: Duration = Duration::from_secs(10 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long saying goodbye to the server may take.
const GOODBYE: Duration = Duration::from_secs(5);

pub type Pool = managed::Pool<Connector>;
pub type Pooled = managed::Object<Connector>;

/// Makes connections whose sessions are as they must be.
pub struct Connector {
    options: MySqlConnectOptions,
    /// What each session begins with.
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

    /// Tries until the server is there.
    async fn create(&self) -> sqlx::Result<MySqlConnection> {
        let mut pause = FIRST_PAUSE;
        loop {
            // It is large, and rare.
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

/// Opens a pool of so many connections at most.
pub fn open(connector: Connector, connections: u32) -> Result<Pool> {
    let pool = Pool::builder(connector)
        .max_size(connections as usize)
        // Those beyond what is needed rest, and are given up.
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
        say_goodbye(pool.retain(|_, used| used.last_used() < IDLE).removed).await;
    }
}

/// A connection, as soon as there is one.
pub async fn get(pool: &Pool) -> Result<Pooled> {
    match tokio::time::timeout(LONGEST_WAIT, pool.get()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(PoolError::Backend(error))) => Err(error.into()),
        Ok(Err(PoolError::Closed)) => Err(Error::Closed),
        Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
    }
}

/// Undoes what was changed and not committed, and gives the connection back if that was answered.
pub async fn undo(mut connection: Pooled) {
    let undone = tokio::time::timeout(GOODBYE, connection.execute("ROLLBACK")).await;
    if !matches!(undone, Ok(Ok(_))) {
        drop(managed::Object::take(connection));
    }
}

/// Takes leave of the server when all that is under way is finished, or after a while.
pub async fn close(pool: &Pool) {
    let idle = pool.retain(|_, _| false).removed;
    pool.close();
    let finished = async {
        while pool.status().size > 0 {
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    };
    let _ = tokio::join!(say_goodbye(idle), tokio::time::timeout(GOODBYE, finished));
}

async fn say_goodbye(connections: Vec<MySqlConnection>) {
    let farewell = join_all(connections.into_iter().map(MySqlConnection::close));
    let _ = tokio::time::timeout(GOODBYE, farewell).await;
}
