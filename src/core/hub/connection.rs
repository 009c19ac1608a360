//! A client's connection and its bounded queue of events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{OutboundEphemeral, OutboundEvent};
use crate::boxed;
use crate::model::{SessionId, Stream, UserId};

/// The most events in a connection's queue, and their approximate size in bytes.
const MAX_QUEUED: (usize, usize) = (256, 512 * 1024);
/// The most ephemeral events in a connection's queue; more are dropped.
const MAX_EPHEMERAL: usize = MAX_QUEUED.0 / 4;

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
    queue: Mutex<Queue>,
    wake: Notify,
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
        Self { user, session, only: None, queue: Mutex::default(), wake: Notify::new() }
    }

    /// A connection to a single chat.
    pub(super) fn to_chat(user: UserId, session: SessionId, chat: Stream) -> Self {
        Self { only: Some(chat), ..Self::new(user, session) }
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
        let shown = || events.iter().filter_map(|event| event.seen_by(self.user));
        queue.weight += shown().map(|event| event.weight()).sum::<usize>();
        let (max_events, max_bytes) = MAX_QUEUED;
        if queue.events.len() + shown().count() > max_events || queue.weight > max_bytes {
            queue.events = VecDeque::new();
            queue.weight = 0;
            if queue.live {
                queue.closed = Some(Close::TooSlow);
            } else {
                queue.overflowed = true;
            }
        } else {
            queue.events.extend(shown().cloned());
        }
        drop(queue);
        self.wake.notify_one();
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

    /// Waits until there is something to [`take`](Self::take).
    #[boxed]
    pub async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Empties the queue and returns its content, in order.
    pub fn take(&self) -> Queued {
        let mut queue = self.queue();
        queue.weight = 0;
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
