//! SQLite's single writer: it lends its connection to one transaction at a time and commits those that are waiting
//! together, with one disk flush (group commit).
//!
//! A group is closed after a few milliseconds, so that nobody waits long for the transactions that come after theirs.
//!
//! Each statement is a trip to the connection's thread and back, which costs more than most statements. So statements that
//! return nothing may be deferred: they are sent together with the next one, the first with the group's BEGIN, the last
//! with its COMMIT.
//!
//! Transactions of background work are committed each by itself, and only while no others wait; when others always wait,
//! one of them has its turn now and then.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_query::{Value, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::{Checkpoints, checkpoint};
use super::{Error, Result};

/// The most transactions in one group commit.
const LARGEST_GROUP: usize = 128;
/// How long after its beginning a group takes in more transactions.
const MAX_GROUP: Duration = Duration::from_millis(4);
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
    /// Copy the rest of the log into the database.
    Checkpoint(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// The writer's connection, for one transaction. Dropped without a commit, the transaction is rolled back.
pub struct Lease {
    connection: Option<Box<SqliteConnection>>,
    back: Option<oneshot::Sender<(Box<SqliteConnection>, End)>>,
    /// What is sent before the next statement; at first what begins the transaction.
    deferred: Deferred,
    state: State,
    /// Whether no other transaction has written before it in its group.
    is_first: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was sent yet, so the transaction has not begun.
    New,
    Begun,
    /// Perhaps it could not be begun.
    Failed,
}

/// Statements that are sent as one.
#[derive(Default)]
struct Deferred {
    sql: String,
    values: Vec<Value>,
}

impl Deferred {
    fn of(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    fn push(&mut self, sql: &str, values: Vec<Value>) {
        if !self.is_empty() {
            self.sql.push_str("; ");
        }
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

enum End {
    Undo { is_begun: bool },
    Keep { deferred: Deferred, after: After, kept: oneshot::Sender<Result<()>> },
}

impl Writer {
    /// With a connection for checkpoints, if they are not left to SQLite.
    pub fn start(connection: SqliteConnection, for_checkpoints: Option<SqliteConnection>) -> Self {
        let (waiting, orders) = mpsc::channel(1_024);
        let (background, slices) = mpsc::channel(64);
        let (checkpoints, background_served) = (Checkpoints::default(), Instant::now());
        let orders = Orders { orders, slices, background_served };
        let writing = write(Box::new(connection), orders, checkpoints.clone());
        let writer = Self { waiting, background };
        let weak = writer.waiting.downgrade();
        tokio::spawn(async move {
            let begin_anew = move || -> BoxFuture<'static, ()> {
                let (done, is_done) = oneshot::channel();
                let weak = weak.clone();
                Box::pin(async move {
                    if let Some(waiting) = weak.upgrade()
                        && waiting.send(Order::Checkpoint(done)).await.is_ok()
                    {
                        let _ = is_done.await;
                    }
                })
            };
            let end = match for_checkpoints {
                Some(mut connection) => {
                    let end = tokio::select! {
                        end = writing => end,
                        never = checkpoints.run(&mut connection, begin_anew) => match never {},
                    };
                    // First, because the last connection empties the log.
                    close(connection).await;
                    end
                }
                None => writing.await,
            };
            if let Some((connection, closed)) = end {
                close(*connection).await;
                if let Some(closed) = closed {
                    let _ = closed.send(());
                }
            }
        });
        writer
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

    /// Copies the log into the database, after which all that was committed is on the disk although SQLite does not flush
    /// each commit.
    pub async fn checkpoint(&self) -> Result<()> {
        let (done, is_done) = oneshot::channel();
        self.waiting.send(Order::Checkpoint(done)).await.map_err(|_| Error::Closed)?;
        is_done.await.map_err(|_| Error::Unavailable)
    }

    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.waiting.send(Order::Close(closed)).await.is_ok() {
            let _ = done.await;
        }
    }
}

impl Lease {
    fn new(
        connection: Box<SqliteConnection>,
        (begin, is_first): (&str, bool),
        back: oneshot::Sender<(Box<SqliteConnection>, End)>,
    ) -> Self {
        let deferred = Deferred::of(begin);
        Self { connection: Some(connection), back: Some(back), deferred, state: State::New, is_first }
    }

    /// Whether no other transaction has written before it in its group.
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Keeps a statement until the next one is sent.
    pub fn defer(&mut self, sql: &str, values: SqlxValues) {
        self.deferred.push(sql, values.0.0);
    }

    /// A statement after those that were deferred.
    pub fn with_deferred(&mut self, sql: String, values: SqlxValues) -> (String, SqlxValues) {
        if self.deferred.is_empty() {
            return (sql, values);
        }
        let mut all = std::mem::take(&mut self.deferred);
        all.push(&sql, values.0.0);
        (all.sql, SqlxValues(Values(all.values)))
    }

    /// The connection, for one query; [`Lease::answered`] follows it.
    pub fn connection(&mut self) -> Result<&mut SqliteConnection> {
        match self.state {
            State::Failed => return Err(Error::Unavailable),
            // Failed until it is answered, in case nobody waits for that.
            State::New => self.state = State::Failed,
            State::Begun => {}
        }
        self.connection.as_deref_mut().ok_or(Error::Closed)
    }

    pub fn answered(&mut self, error: Option<&sqlx::Error>) {
        if self.state == State::Failed {
            // One that is refused by the tables has begun the transaction.
            let is_begun = match error {
                None => true,
                Some(sqlx::Error::Database(refusal)) => refusal.is_unique_violation(),
                Some(_) => false,
            };
            self.state = if is_begun { State::Begun } else { State::Failed };
        }
    }

    pub async fn commit(mut self, after: After) -> Result<()> {
        if self.state == State::Failed {
            return Err(Error::Unavailable);
        }
        let (kept, outcome) = oneshot::channel();
        let deferred = std::mem::take(&mut self.deferred);
        self.return_connection(End::Keep { deferred, after, kept });
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
        let is_begun = self.state != State::New;
        self.return_connection(End::Undo { is_begun });
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
    Checkpoint(oneshot::Sender<()>),
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
            Order::Checkpoint(done) => Turn::Checkpoint(done),
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

/// How writing ended: the connection, if it is there, and who waits until it is closed.
type WritingEnd = Option<(Box<SqliteConnection>, Option<oneshot::Sender<()>>)>;

async fn write(
    mut connection: Box<SqliteConnection>,
    mut orders: Orders,
    checkpoints: Checkpoints,
) -> WritingEnd {
    let mut waiting = None;
    loop {
        let (returned, next) = match orders.next(waiting).await {
            Turn::Group(first) => group(connection, first, Some(&mut orders.orders)).await?,
            Turn::Background(slice) => group(connection, slice, None).await?,
            Turn::Checkpoint(done) => {
                match checkpoint(&mut connection).await {
                    Ok(_) => drop(done.send(())),
                    Err(error) => tracing::warn!(%error, "a checkpoint failed"),
                }
                (connection, None)
            }
            Turn::Close(closed) => {
                orders.orders.close();
                orders.slices.close();
                return Some((connection, closed));
            }
        };
        (connection, waiting) = (returned, next);
        checkpoints.committed();
        if let Some(slice) = orders.overdue() {
            (connection, _) = group(connection, slice, None).await?;
            checkpoints.committed();
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
    let mut kept: Vec<Kept> = Vec::new();
    let mut next = Some(Order::Lend(first));
    // Whether the last transaction's savepoint was not released yet.
    let mut has_savepoint = false;
    let (mut is_sound, mut is_committed) = (true, false);
    while let Some(Order::Lend(waiter)) = next {
        let is_first = kept.is_empty();
        // IMMEDIATE, because a transaction that reads first may fail to be upgraded to a writing one. The others have
        // savepoints, so that one that fails rolls back only itself. There is one at a time: if it can't be made, there is
        // none to which others are rolled back.
        let begin = match (is_first, has_savepoint) {
            (true, _) => "BEGIN IMMEDIATE",
            (false, false) => "SAVEPOINT change",
            (false, true) => "RELEASE change; SAVEPOINT change",
        };
        let (returned, end) = lend(connection, (begin, is_first), waiter).await?;
        connection = returned;
        let is_open = kept.len() + 1 < LARGEST_GROUP && began.elapsed() < MAX_GROUP;
        next = orders.as_mut().filter(|_| is_open).and_then(|orders| orders.try_recv().ok());
        let is_last = !matches!(next, Some(Order::Lend(_)));
        let is_undone = match end {
            End::Undo { is_begun } => is_begun,
            End::Keep { mut deferred, after, kept: outcome } => {
                has_savepoint = !is_first;
                if is_last {
                    deferred.push("COMMIT", Vec::new());
                } else if has_savepoint && !deferred.is_empty() {
                    deferred.push("RELEASE change", Vec::new());
                    has_savepoint = false;
                }
                match send(&mut connection, deferred).await {
                    Ok(()) => {
                        is_committed = is_last;
                        kept.push((after, outcome));
                        false
                    }
                    Err(error) => {
                        if matches!(error, Error::Full | Error::Unavailable) {
                            tracing::error!(%error, "could not write");
                        }
                        let _ = outcome.send(Err(error));
                        true
                    }
                }
            }
        };
        if is_undone && is_first {
            // Fails if SQLite has rolled back already, or the transaction could not be begun.
            let _ = run(&mut connection, "ROLLBACK").await;
        } else if is_undone {
            has_savepoint = false;
            is_sound = run(&mut connection, "ROLLBACK TO change; RELEASE change").await.is_ok();
            if !is_sound {
                break;
            }
        }
    }
    if kept.is_empty() {
        return Some((connection, next));
    }
    let outcome = match (is_sound, is_committed) {
        (true, true) => Ok(()),
        (true, false) => run(&mut connection, "COMMIT").await,
        (false, _) => Err(Error::Unavailable),
    };
    if outcome.is_err() {
        // Fails if SQLite has rolled back already.
        let _ = run(&mut connection, "ROLLBACK").await;
    }
    notify(kept, outcome);
    Some((connection, next))
}

/// Lends the connection for one transaction. Returns `None` if it does not come back.
async fn lend(
    connection: Box<SqliteConnection>,
    begin: (&str, bool),
    waiter: Waiter,
) -> Option<(Box<SqliteConnection>, End)> {
    let (back, returned) = oneshot::channel();
    // If the caller has gone, dropping the lease returns the connection.
    if let Err(unwanted) = waiter.send(Lease::new(connection, begin, back)) {
        drop(unwanted);
    }
    returned.await.ok()
}

/// Sends deferred statements, if there are any.
async fn send(connection: &mut SqliteConnection, deferred: Deferred) -> Result<()> {
    let Deferred { sql, values } = deferred;
    if !sql.is_empty() {
        sqlx::query_with(AssertSqlSafe(sql), SqlxValues(Values(values))).execute(connection).await?;
    }
    Ok(())
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
        tracing::warn!(%error, "could not close the database");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    type Seen = Arc<Mutex<Vec<&'static str>>>;

    async fn writer() -> Writer {
        Writer::start(SqliteConnection::connect("sqlite::memory:").await.unwrap(), None)
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
        while began.elapsed() < MAX_GROUP {
            tokio::task::yield_now().await;
        }
        let noted = seen.clone();
        first.commit(Box::new(move || noted.lock().unwrap().push("first"))).await.unwrap();
        second.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), ["first", "second begins", "second"]);
    }

    async fn rows(writer: &Writer) -> Vec<i64> {
        let mut lease = writer.lease(Priority::Foreground).await.unwrap();
        let (sql, values) =
            lease.with_deferred("SELECT id FROM one".to_owned(), SqlxValues(Values(Vec::new())));
        let rows = sqlx::query_scalar_with(AssertSqlSafe(sql), values).fetch_all(lease.connection().unwrap());
        let rows = rows.await;
        lease.answered(rows.as_ref().err());
        rows.unwrap()
    }

    fn insert(lease: &mut Lease, id: i64) {
        lease.defer("INSERT INTO one (id) VALUES (?)", SqlxValues(Values(vec![id.into()])));
    }

    async fn writer_with_table() -> Writer {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query("CREATE TABLE one (id INTEGER PRIMARY KEY)").execute(&mut connection).await.unwrap();
        Writer::start(connection, None)
    }

    #[tokio::test]
    async fn a_deferred_statement_that_fails_fails_its_transaction_and_no_other_of_the_group() {
        let writer = writer_with_table().await;
        let mut first = writer.lease(Priority::Foreground).await.unwrap();
        let others = [[2, 3], [4, 1], [5, 6], [7, 7], [8, 9]].map(|ids| {
            let writer = writer.clone();
            tokio::spawn(async move {
                let mut lease = writer.lease(Priority::Foreground).await.unwrap();
                ids.into_iter().for_each(|id| insert(&mut lease, id));
                lease.commit(Box::new(|| ())).await
            })
        });
        while writer.waiting.max_capacity() - writer.waiting.capacity() < others.len() {
            tokio::task::yield_now().await;
        }
        insert(&mut first, 1);
        first.commit(Box::new(|| ())).await.unwrap();
        let mut outcomes = Vec::new();
        for other in others {
            outcomes.push(matches!(other.await.unwrap(), Err(Error::Taken)));
        }
        assert_eq!(outcomes, [false, true, false, true, false]);
        assert_eq!(rows(&writer).await, [1, 2, 3, 5, 6, 8, 9]);
    }

    #[tokio::test]
    async fn what_is_dropped_undoes_itself_alone_and_what_was_never_sent_undoes_nothing() {
        let writer = writer_with_table().await;
        let mut lease = writer.lease(Priority::Foreground).await.unwrap();
        insert(&mut lease, 1);
        drop(lease);
        assert_eq!(rows(&writer).await, [0; 0]);
        let mut first = writer.lease(Priority::Foreground).await.unwrap();
        let others = [false, true, false].map(|is_kept| {
            let writer = writer.clone();
            tokio::spawn(async move {
                let mut lease = writer.lease(Priority::Foreground).await.unwrap();
                insert(&mut lease, if is_kept { 2 } else { 3 });
                if is_kept { lease.commit(Box::new(|| ())).await } else { Ok(()) }
            })
        });
        while writer.waiting.max_capacity() - writer.waiting.capacity() < others.len() {
            tokio::task::yield_now().await;
        }
        insert(&mut first, 1);
        first.commit(Box::new(|| ())).await.unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert_eq!(rows(&writer).await, [1, 2]);
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
