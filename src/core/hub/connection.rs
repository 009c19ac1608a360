//! A client's connection and its bounded queue of events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{OutboundEphemeral, OutboundEvent};
use crate::model::{SessionId, Stream, UserId};

/// The most events in a connection's queue, and their approximate size in bytes.
const MAX_QUEUED: (usize, usize) = (256, 512 * 1024);
/// The most ephemeral events in a connection's queue; more are dropped.
const MAX_EPHEMERAL: usize = MAX_QUEUED.0 / 4;
/// A queue with this many events or bytes is not left to wait.
const MAX_WAITING: (usize, usize) = (MAX_QUEUED.0 / 4, MAX_QUEUED.1 / 4);

/// A connection that took events less than this ago is busy, and its next events are collected for
/// [`COLLECTING_TIME`]: one write with several events costs client and server little more than a write with one.
const BUSY_INTERVAL: Duration = Duration::from_millis(100);
const COLLECTING_TIME: Duration = Duration::from_millis(20);
/// When more events come than one in this interval, nobody reads them one by one, and they are collected for longer.
const READING_INTERVAL: Duration = Duration::from_millis(20);
const LONG_COLLECTING_TIME: Duration = Duration::from_millis(60);

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The client read too slowly; it may reconnect at once and resume from its cursor.
    TooSlow,
    /// Its session was revoked.
    Revoked,
    /// The user left or was removed from the only chat that the connection is subscribed to.
    Removed,
    /// Its token has expired.
    Expired,
    /// A newer connection of the same user replaced it.
    Replaced,
    /// The server stops or restarts.
    Restart,
}

/// A client's connection, from connecting to closing.
pub struct Connection {
    pub user: UserId,
    pub session: SessionId,
    /// The only chat it is subscribed to; `None` when it is subscribed to all chats of the user.
    pub(super) only: Option<Stream>,
    /// It is a further chat of a client's connection that another one of these stands for.
    is_part: AtomicBool,
    queue: Mutex<Queue>,
    /// There is something to take.
    wake: Notify,
    /// It must be taken now.
    hurry: Notify,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Arc<OutboundEvent>>,
    /// The approximate size of `events` in bytes.
    weight: usize,
    ephemeral: Vec<Arc<OutboundEphemeral>>,
    /// Events were dropped while the client was catching up.
    overflowed: bool,
    /// The client has caught up: from now on an overflow closes the connection.
    live: bool,
    closed: Option<Close>,
    streams: Vec<Stream>,
    taken_at: Option<Instant>,
    /// Until when events are collected.
    collecting_until: Option<Instant>,
}

impl Queue {
    fn exceeds(&self, (events, bytes): (usize, usize)) -> bool {
        self.events.len() > events || self.weight > bytes
    }
}

/// The content of a connection's queue.
#[derive(Default)]
pub struct Queued {
    pub events: VecDeque<Arc<OutboundEvent>>,
    pub ephemeral: Vec<Arc<OutboundEphemeral>>,
    pub closed: Option<Close>,
}

impl Connection {
    pub(super) fn new(user: UserId, session: SessionId) -> Self {
        Self {
            user,
            session,
            only: None,
            is_part: AtomicBool::new(false),
            queue: Mutex::default(),
            wake: Notify::new(),
            hurry: Notify::new(),
        }
    }

    /// A connection to a single chat.
    pub(super) fn to_chat(user: UserId, session: SessionId, chat: Stream, is_part: bool) -> Self {
        Self { only: Some(chat), is_part: AtomicBool::new(is_part), ..Self::new(user, session) }
    }

    /// Whether it is a part of a connection that another one stands for.
    pub fn is_part(&self) -> bool {
        self.is_part.load(Ordering::Relaxed)
    }

    /// From now on it stands for the connection that it is a part of.
    pub fn stand_for_all(&self) {
        self.is_part.store(false, Ordering::Relaxed);
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    /// Queues events of one stream.
    pub(super) fn push(&self, events: &[Arc<OutboundEvent>]) {
        let stream = events.first().map(|first| first.stream());
        if self.only.is_some() && self.only != stream {
            // It is subscribed to its user's own stream only to be closed with the session or the membership.
            return;
        }
        let mut queue = self.queue();
        if queue.closed.is_some() || queue.overflowed || events.is_empty() {
            return;
        }
        for event in events.iter().filter_map(|event| event.seen_by(self.user)) {
            queue.weight += event.weight();
            queue.events.push_back(event.clone());
        }
        if queue.exceeds(MAX_QUEUED) {
            queue.events = VecDeque::new();
            queue.weight = 0;
            if queue.live {
                queue.closed = Some(Close::TooSlow);
            } else {
                queue.overflowed = true;
            }
        }
        let hurries = queue.closed.is_some() || queue.exceeds(MAX_WAITING);
        drop(queue);
        self.wake.notify_one();
        if hurries {
            self.hurry.notify_one();
        }
    }

    pub(super) fn send_ephemeral(&self, event: &Arc<OutboundEphemeral>) {
        let mut queue = self.queue();
        if queue.ephemeral.len() < MAX_EPHEMERAL || !event.event.is_droppable() {
            queue.ephemeral.push(event.clone());
            drop(queue);
            self.wake.notify_one();
        }
    }

    pub(super) fn close(&self, reason: Close) {
        self.queue().closed.get_or_insert(reason);
        self.wake.notify_one();
        self.hurry.notify_one();
    }

    /// Adds a stream to its subscriptions; returns whether it is new.
    pub(super) fn add_stream(&self, stream: Stream) -> bool {
        let mut queue = self.queue();
        let new = !queue.streams.contains(&stream);
        if new {
            queue.streams.push(stream);
        }
        new
    }

    pub(super) fn remove_stream(&self, stream: Stream) {
        self.queue().streams.retain(|other| *other != stream);
    }

    pub(super) fn streams(&self) -> Vec<Stream> {
        self.queue().streams.clone()
    }

    /// Whether it is subscribed to a stream.
    pub fn is_subscribed_to(&self, stream: Stream) -> bool {
        self.queue().streams.contains(&stream)
    }

    /// Waits until there is something to [`take`](Self::take), and while events are collected.
    pub async fn ready(&self) {
        let until = self.queue().collecting_until.filter(|until| *until > Instant::now());
        if let Some(until) = until {
            // Boxed, so that an idle connection keeps no room for it.
            let _ = Box::pin(timeout_at(until, self.hurry.notified())).await;
        }
        self.wake.notified().await;
    }

    /// Empties the queue and returns its content, in order.
    pub fn take(&self) -> Queued {
        let mut queue = self.queue();
        queue.weight = 0;
        let now = Instant::now();
        let elapsed = queue.taken_at.replace(now).map(|before| now - before);
        queue.collecting_until =
            elapsed.and_then(|elapsed| Some(now + collecting_time(queue.events.len(), elapsed)?));
        Queued {
            events: std::mem::take(&mut queue.events),
            ephemeral: std::mem::take(&mut queue.ephemeral),
            closed: queue.closed,
        }
    }

    /// Marks the client as caught up: from now on an overflow closes the connection. Returns `false` when events were
    /// dropped meanwhile; the client must then read on from the log.
    pub fn go_live(&self) -> bool {
        let mut queue = self.queue();
        queue.live = !std::mem::take(&mut queue.overflowed);
        queue.live
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long events are collected after a connection took `count` of them, the time `elapsed` after those before.
fn collecting_time(count: usize, elapsed: Duration) -> Option<Duration> {
    let is_fast = count > 1 && u32::try_from(count).is_ok_and(|count| READING_INTERVAL * count > elapsed);
    (elapsed < BUSY_INTERVAL).then_some(if is_fast { LONG_COLLECTING_TIME } else { COLLECTING_TIME })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, ChatId, Event, Position, Time};

    /// Queues an event.
    fn push(connection: &Connection, seq: i64) {
        let chat = ChatId(7);
        let event = Event {
            position: Position { stream: chat.into(), seq },
            at: Time(0),
            change: Change::ChatAccess(chat),
        };
        connection.push(&[Arc::new(OutboundEvent::new(event))]);
    }

    /// Waits for events; how many there are, and how many milliseconds that took.
    async fn taken(connection: &Connection) -> (usize, u128) {
        let begun = Instant::now();
        connection.ready().await;
        (connection.take().events.len(), begun.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_collected_only_while_they_come_without_a_pause() {
        let connection = Connection::new(UserId(1), SessionId(1));
        for seq in [1, 2] {
            push(&connection, seq);
            assert_eq!(taken(&connection).await, (1, 0));
        }
        push(&connection, 3);
        push(&connection, 4);
        assert_eq!(taken(&connection).await, (2, COLLECTING_TIME.as_millis()));
        tokio::time::advance(BUSY_INTERVAL).await;
        push(&connection, 5);
        assert_eq!(taken(&connection).await, (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn events_that_come_faster_than_anybody_reads_are_collected_for_longer() {
        let connection = Connection::new(UserId(1), SessionId(1));
        for seq in [1, 2] {
            push(&connection, seq);
            taken(&connection).await;
        }
        for (first, count, waited) in [(3, 2, COLLECTING_TIME), (5, 4, LONG_COLLECTING_TIME)] {
            (first..).take(count).for_each(|seq| push(&connection, seq));
            assert_eq!(taken(&connection).await, (count, waited.as_millis()));
        }
        push(&connection, 9);
        assert_eq!(taken(&connection).await, (1, LONG_COLLECTING_TIME.as_millis()));
        push(&connection, 10);
        assert_eq!(taken(&connection).await, (1, COLLECTING_TIME.as_millis()), "slow again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_becomes_long_or_is_closed_is_taken_at_once() {
        let connection = Connection::new(UserId(1), SessionId(1));
        assert!(connection.go_live());
        let (many, _) = MAX_WAITING;
        for (first, count) in [(1, 1), (2, 1), (3, many + 1)] {
            (first..).take(count).for_each(|seq| push(&connection, seq));
            assert_eq!(taken(&connection).await, (count, 0));
        }
        connection.close(Close::Restart);
        assert_eq!(taken(&connection).await, (0, 0));
    }
}
