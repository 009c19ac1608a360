//! SQLite's single writer: it lends its connection to one transaction at a time and commits those that are waiting
//! together, with one disk flush (group commit).

use std::ops::{Deref, DerefMut};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{Error, Result};

/// The most transactions in one group commit.
const LARGEST_GROUP: usize = 128;

/// Runs when a transaction is on disk, before that of any later one.
pub(super) type After = Box<dyn FnOnce() + Send>;

type Waiter = oneshot::Sender<Lease>;

/// A handle to the writer task.
#[derive(Clone)]
pub struct Writer {
    waiting: mpsc::Sender<Order>,
}

enum Order {
    Lend(Waiter),
    Close(oneshot::Sender<()>),
}

/// The writer's connection, for one transaction. Dropped without a commit, the transaction is rolled back.
pub struct Lease {
    connection: Option<Box<SqliteConnection>>,
    back: Option<oneshot::Sender<(Box<SqliteConnection>, End)>>,
}

enum End {
    Undo,
    Keep { after: After, kept: oneshot::Sender<Result<()>> },
}

impl Writer {
    pub fn start(connection: SqliteConnection) -> Self {
        let (waiting, orders) = mpsc::channel(1_024);
        tokio::spawn(write(Box::new(connection), orders));
        Self { waiting }
    }

    /// Waits for the connection.
    pub async fn lease(&self) -> Result<Lease> {
        let (waiter, lease) = oneshot::channel();
        self.waiting.send(Order::Lend(waiter)).await.map_err(|_| Error::Closed)?;
        lease.await.map_err(|_| Error::Unavailable)
    }

    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.waiting.send(Order::Close(closed)).await.is_ok() {
            let _ = done.await;
        }
    }
}

impl Lease {
    pub async fn commit(mut self, after: After) -> Result<()> {
        let (kept, outcome) = oneshot::channel();
        self.return_connection(End::Keep { after, kept });
        outcome.await.map_err(|_| Error::Closed)?
    }

    fn return_connection(&mut self, end: End) {
        if let (Some(connection), Some(back)) = (self.connection.take(), self.back.take()) {
            let _ = back.send((connection, end));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.return_connection(End::Undo);
    }
}

impl Deref for Lease {
    type Target = SqliteConnection;

    #[expect(clippy::expect_used, reason = "it is taken only by commit and drop, which consume the lease")]
    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("a lease holds its connection")
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "it is taken only by commit and drop, which consume the lease")]
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("a lease holds its connection")
    }
}

/// A transaction that waits for the group's commit.
type Kept = (After, oneshot::Sender<Result<()>>);

async fn write(mut connection: Box<SqliteConnection>, mut orders: mpsc::Receiver<Order>) {
    let mut next = orders.recv().await;
    loop {
        next = match next {
            Some(Order::Lend(first)) => match group(connection, first, &mut orders).await {
                Some((returned, waiting)) => {
                    connection = returned;
                    match waiting {
                        Some(waiting) => Some(waiting),
                        None => orders.recv().await,
                    }
                }
                None => return,
            },
            Some(Order::Close(closed)) => {
                orders.close();
                close(*connection).await;
                let _ = closed.send(());
                return;
            }
            None => return,
        };
    }
}

/// Lends the connection to the waiting transactions, one after the other, and commits them together. Returns the
/// connection and an order that does not belong to this group; `None` when the connection is lost.
async fn group(
    mut connection: Box<SqliteConnection>,
    first: Waiter,
    orders: &mut mpsc::Receiver<Order>,
) -> Option<(Box<SqliteConnection>, Option<Order>)> {
    // IMMEDIATE, because a transaction that reads first may fail to be upgraded to a writing one.
    if let Err(error) = run(&mut connection, "BEGIN IMMEDIATE").await {
        tracing::error!(%error, "could not begin a transaction");
        return Some((connection, None));
    }
    let mut kept: Vec<Kept> = Vec::new();
    let mut next = Some(Order::Lend(first));
    let mut sound = true;
    while let Some(Order::Lend(waiter)) = next {
        // A savepoint, so that a failed transaction rolls back only itself. The first one needs none.
        if !kept.is_empty() && run(&mut connection, "SAVEPOINT change").await.is_err() {
            sound = false;
            next = None;
            break;
        }
        let (returned, end) = lend(connection, waiter).await?;
        connection = returned;
        match end {
            End::Keep { after, kept: outcome } => kept.push((after, outcome)),
            End::Undo => {
                let undo = if kept.is_empty() { "ROLLBACK" } else { "ROLLBACK TO change" };
                sound = run(&mut connection, undo).await.is_ok();
                if kept.is_empty() || !sound {
                    next = None;
                    break;
                }
            }
        }
        next = if kept.len() < LARGEST_GROUP { orders.try_recv().ok() } else { None };
    }
    if kept.is_empty() {
        return Some((connection, next));
    }
    let outcome = match sound {
        true => run(&mut connection, "COMMIT").await,
        false => Err(Error::Unavailable),
    };
    if outcome.is_err() {
        // Fails if SQLite has rolled back already.
        let _ = run(&mut connection, "ROLLBACK").await;
    }
    notify(kept, outcome);
    Some((connection, next))
}

/// Lends the connection for one transaction. Returns `None` if it does not come back.
async fn lend(connection: Box<SqliteConnection>, waiter: Waiter) -> Option<(Box<SqliteConnection>, End)> {
    let (back, returned) = oneshot::channel();
    let lease = Lease { connection: Some(connection), back: Some(back) };
    // If the caller has gone, dropping the lease returns the connection.
    if let Err(unwanted) = waiter.send(lease) {
        drop(unwanted);
    }
    returned.await.ok()
}

fn notify(group: Vec<Kept>, outcome: Result<()>) {
    match outcome {
        Ok(()) => {
            for (after, kept) in group {
                after();
                let _ = kept.send(Ok(()));
            }
        }
        Err(error) => {
            let full = matches!(error, Error::Full);
            tracing::error!(%error, changes = group.len(), "could not commit");
            for (_, kept) in group {
                let _ = kept.send(Err(if full { Error::Full } else { Error::Unavailable }));
            }
        }
    }
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Closes a connection that is not a pool's.
pub(super) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database");
    }
}
