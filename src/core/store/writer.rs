//! SQLite's single writer: it lends its connection to one transaction at a time and commits those that are waiting
//! together, with one disk flush (group commit).
//!
//! A group is closed after a few milliseconds, so that nobody waits long for the transactions that come after theirs.
//! Transactions of background work are committed each by itself, and only while no others wait; when others always wait,
//! one of them has its turn now and then.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{Error, Result};

/// The most transactions in one group commit.
const LARGEST_GROUP: usize = 128;
/// How long after its beginning a group takes in more transactions.
const LONGEST_GROUP: Duration = Duration::from_millis(4);
/// How long background work waits for a turn while others always wait.
const BACKGROUND_WAIT: Duration = Duration::from_millis(100);

/// Runs when a transaction is on disk, before that of any later one.
pub(super) type After = Box<dyn FnOnce() + Send>;

type Waiter = oneshot::Sender<Lease>;

/// A handle to the writer task.
#[derive(Clone)]
pub struct Writer {
    waiting: mpsc::Sender<Order>,
    background: mpsc::Sender<Waiter>,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    Foreground,
    /// Nobody does; it should take a few milliseconds at most.
    Background,
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
        let (background, slices) = mpsc::channel(64);
        tokio::spawn(write(
            Box::new(connection),
            Orders { orders, slices, background_served: Instant::now() },
        ));
        Self { waiting, background }
    }

    /// Waits for the connection.
    pub async fn lease(&self, priority: Priority) -> Result<Lease> {
        let (waiter, lease) = oneshot::channel();
        match priority {
            Priority::Foreground => self.waiting.send(Order::Lend(waiter)).await.is_ok(),
            Priority::Background => self.background.send(waiter).await.is_ok(),
        }
        .then_some(())
        .ok_or(Error::Closed)?;
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

/// The transactions that wait for the connection.
struct Orders {
    orders: mpsc::Receiver<Order>,
    /// Those of background work.
    slices: mpsc::Receiver<Waiter>,
    /// When background work had its last turn, or nothing waited.
    background_served: Instant,
}

/// What the writer does next.
enum Turn {
    Group(Waiter),
    Background(Waiter),
    Close(Option<oneshot::Sender<()>>),
}

impl Orders {
    /// Waits for the next turn, which begins with `order` if there is one already.
    async fn next(&mut self, order: Option<Order>) -> Turn {
        let order = match order {
            Some(order) => order,
            None => tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => order,
                    None => return Turn::Close(None),
                },
                Some(slice) = self.slices.recv() => {
                    self.background_served = Instant::now();
                    return Turn::Background(slice);
                }
            },
        };
        match order {
            Order::Close(closed) => Turn::Close(Some(closed)),
            Order::Lend(waiter) => Turn::Group(waiter),
        }
    }

    /// Background work that has waited long enough to go before others.
    fn overdue(&mut self) -> Option<Waiter> {
        if self.slices.is_empty() {
            self.background_served = Instant::now();
            return None;
        }
        if self.background_served.elapsed() < BACKGROUND_WAIT {
            return None;
        }
        self.background_served = Instant::now();
        self.slices.try_recv().ok()
    }
}

async fn write(mut connection: Box<SqliteConnection>, mut orders: Orders) {
    let mut waiting = None;
    loop {
        let written = match orders.next(waiting).await {
            Turn::Group(first) => group(connection, first, Some(&mut orders.orders)).await,
            Turn::Background(slice) => group(connection, slice, None).await,
            Turn::Close(closed) => {
                orders.orders.close();
                orders.slices.close();
                close(*connection).await;
                if let Some(closed) = closed {
                    let _ = closed.send(());
                }
                return;
            }
        };
        let Some((returned, next)) = written else { return };
        (connection, waiting) = (returned, next);
        if let Some(slice) = orders.overdue() {
            let Some((returned, _)) = group(connection, slice, None).await else { return };
            connection = returned;
        }
    }
}

/// Lends the connection to a transaction and those that wait in `orders`, one after the other, and commits them together.
/// Returns the connection and an order that does not belong to this group; `None` when the connection is lost.
async fn group(
    mut connection: Box<SqliteConnection>,
    first: Waiter,
    mut orders: Option<&mut mpsc::Receiver<Order>>,
) -> Option<(Box<SqliteConnection>, Option<Order>)> {
    let began = Instant::now();
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
        let is_open = kept.len() < LARGEST_GROUP && began.elapsed() < LONGEST_GROUP;
        next = orders.as_mut().filter(|_| is_open).and_then(|orders| orders.try_recv().ok());
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    type Seen = Arc<Mutex<Vec<&'static str>>>;

    async fn writer() -> Writer {
        Writer::start(SqliteConnection::connect("sqlite::memory:").await.unwrap())
    }

    /// Notes when a transaction begins and when it is on disk.
    fn transaction(
        writer: &Writer,
        priority: Priority,
        seen: &Seen,
        [begins, is_on_disk]: [&'static str; 2],
    ) -> tokio::task::JoinHandle<()> {
        let (writer, seen) = (writer.clone(), seen.clone());
        tokio::spawn(async move {
            let lease = writer.lease(priority).await.unwrap();
            seen.lock().unwrap().push(begins);
            lease.commit(Box::new(move || seen.lock().unwrap().push(is_on_disk))).await.unwrap();
        })
    }

    /// Waits until a transaction of each priority is in the queue.
    async fn queued(writer: &Writer) {
        let is_queued = || {
            writer.waiting.capacity() < writer.waiting.max_capacity()
                && writer.background.capacity() < writer.background.max_capacity()
        };
        while !is_queued() {
            tokio::task::yield_now().await;
        }
    }

    fn position(seen: &Seen, what: &str) -> usize {
        seen.lock().unwrap().iter().position(|seen| *seen == what).unwrap()
    }

    #[tokio::test]
    async fn background_work_waits_for_others_and_joins_no_group() {
        let (writer, seen) = (writer().await, Seen::default());
        let first = writer.lease(Priority::Foreground).await.unwrap();
        let slice = transaction(&writer, Priority::Background, &seen, ["slice begins", "slice"]);
        let second = transaction(&writer, Priority::Foreground, &seen, ["second begins", "second"]);
        queued(&writer).await;
        first
            .commit(Box::new({
                let seen = seen.clone();
                move || seen.lock().unwrap().push("first")
            }))
            .await
            .unwrap();
        slice.await.unwrap();
        second.await.unwrap();
        assert!(position(&seen, "second") < position(&seen, "slice begins"), "{seen:?}");
        assert!(position(&seen, "first") < position(&seen, "slice begins"), "{seen:?}");
    }

    #[tokio::test]
    async fn a_group_takes_in_no_more_after_a_few_milliseconds() {
        let (writer, seen) = (writer().await, Seen::default());
        let first = writer.lease(Priority::Foreground).await.unwrap();
        let second = transaction(&writer, Priority::Foreground, &seen, ["second begins", "second"]);
        let began = Instant::now();
        while began.elapsed() < LONGEST_GROUP {
            tokio::task::yield_now().await;
        }
        let noted = seen.clone();
        first.commit(Box::new(move || noted.lock().unwrap().push("first"))).await.unwrap();
        second.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), ["first", "second begins", "second"]);
    }

    #[tokio::test]
    async fn background_work_has_a_turn_when_others_always_wait() {
        let (_waiting, orders) = mpsc::channel(1);
        let (background, slices) = mpsc::channel(1);
        let mut orders = Orders { orders, slices, background_served: Instant::now() };
        let (waiter, _lease) = oneshot::channel();
        background.send(waiter).await.unwrap();
        assert!(orders.overdue().is_none(), "it has only begun to wait");
        orders.background_served -= BACKGROUND_WAIT;
        assert!(orders.overdue().is_some());
    }
}
