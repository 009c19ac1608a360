//! What the connection pools of both engines have in common.

use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, PoolError, QueueMode, WeakPool};
use futures_util::future::join_all;
use sqlx::Connection;

use super::{Error, Result};

/// How long to wait for a connection: long enough for a database to restart.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// An unused connection is closed after this time, and how often to check for those.
const IDLE: Duration = Duration::from_secs(10 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often to look whether the last connection was returned, and the longest time for closing them all.
const CLOSE_INTERVAL: Duration = Duration::from_millis(10);
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the connections of a pool.
pub(super) trait Opener: Manager<Type: Connection + Send, Error = sqlx::Error> + 'static {}

impl<M: Manager<Type: Connection + Send, Error = sqlx::Error> + 'static> Opener for M {}

/// Opens a pool of at most `connections`.
pub(super) fn open<M: Opener>(opener: M, connections: u32) -> Result<Pool<M>> {
    let pool = Pool::builder(opener)
        .max_size(connections as usize)
        // So that surplus connections stay unused and are closed.
        .queue_mode(QueueMode::Lifo)
        .build();
    let pool = pool.map_err(|error| Error::Refused(error.to_string()))?;
    tokio::spawn(give_up_idle(pool.weak()));
    Ok(pool)
}

async fn give_up_idle<M: Opener>(pool: WeakPool<M>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(pool) = pool.upgrade().filter(|pool| !pool.is_closed()) else { return };
        close_all(pool.retain(|_, used| used.last_used() < IDLE).removed).await;
    }
}

/// Waits for a connection.
pub(super) async fn get<M: Opener>(pool: &Pool<M>) -> Result<Object<M>> {
    match tokio::time::timeout(MAX_WAIT, pool.get()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(PoolError::Backend(error))) => Err(error.into()),
        Ok(Err(PoolError::Closed)) => Err(Error::Closed),
        Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
    }
}

/// Closes all connections when running queries have finished, or after a timeout.
pub(super) async fn close<M: Opener>(pool: &Pool<M>) {
    let idle = pool.retain(|_, _| false).removed;
    pool.close();
    let finished = async {
        while pool.status().size > 0 {
            tokio::time::sleep(CLOSE_INTERVAL).await;
        }
    };
    let _ = tokio::join!(close_all(idle), tokio::time::timeout(CLOSE_TIMEOUT, finished));
}

async fn close_all<C: Connection + Send>(connections: Vec<C>) {
    let closing = join_all(connections.into_iter().map(C::close));
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
}
