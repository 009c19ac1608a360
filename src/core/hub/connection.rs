//! One listener and its bounded queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Telling, Whispering};
use crate::model::{SessionId, Stream, UserId};

/// The most that waits for one connection: events, and about how many bytes of them.
const LONGEST_QUEUE: (usize, usize) = (256, 512 * 1024);

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// It read too slowly; it may come back at once, with its cursor.
    TooSlow,
    /// Its session was revoked.
    Revoked,
    /// The person is not in the chat any more to which alone it listens.
    Removed,
    /// Its token has run out.
    Expired,
    /// A newer connection of the same person took its place.
    Replaced,
    /// The server stops or restarts.
    Restart,
}

/// A listener, from connecting to closing.
pub struct Connection {
    pub user: UserId,
    pub session: SessionId,
    /// The one chat to which it listens; without it, to all of the person's.
    pub(super) only: Option<Stream>,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Arc<Telling>>,
    weight: usize,
    whispers: Vec<Arc<Whispering>>,
    /// Events were thrown away while it was catching up.
    overflowed: bool,
    /// From here on an overflow closes it.
    live: bool,
    closed: Option<Close>,
    streams: Vec<Stream>,
}

/// What waited for a connection.
#[derive(Default)]
pub struct Taken {
    pub events: VecDeque<Arc<Telling>>,
    pub whispers: Vec<Arc<Whispering>>,
    pub closed: Option<Close>,
}

impl Connection {
    pub(super) fn new(user: UserId, session: SessionId) -> Self {
        Self { user, session, only: None, queue: Mutex::default(), wake: Notify::new() }
    }

    /// One that listens to one chat alone.
    pub(super) fn narrow(user: UserId, session: SessionId, chat: Stream) -> Self {
        Self { only: Some(chat), ..Self::new(user, session) }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    /// Tells it what happened in one stream.
    pub(super) fn push(&self, tellings: &[Arc<Telling>]) {
        let stream = tellings.first().map(|first| first.stream());
        if self.only.is_some() && self.only != stream {
            // It is in its person's own audience only to learn that it is over.
            return;
        }
        let mut queue = self.queue();
        if queue.closed.is_some() || queue.overflowed || tellings.is_empty() {
            return;
        }
        queue.weight += tellings.iter().map(|telling| telling.weight()).sum::<usize>();
        let (most_events, most_bytes) = LONGEST_QUEUE;
        if queue.events.len() + tellings.len() > most_events || queue.weight > most_bytes {
            queue.events = VecDeque::new();
            queue.weight = 0;
            if queue.live {
                queue.closed = Some(Close::TooSlow);
            } else {
                queue.overflowed = true;
            }
        } else {
            queue.events.extend(tellings.iter().cloned());
        }
        drop(queue);
        self.wake.notify_one();
    }

    pub(super) fn whisper(&self, whisper: &Arc<Whispering>) {
        let mut queue = self.queue();
        if queue.whispers.len() < LONGEST_QUEUE.0 / 4 {
            queue.whispers.push(whisper.clone());
            drop(queue);
            self.wake.notify_one();
        }
    }

    pub(super) fn close(&self, why: Close) {
        self.queue().closed.get_or_insert(why);
        self.wake.notify_one();
    }

    /// Whether the stream was new to it.
    pub(super) fn remember(&self, stream: Stream) -> bool {
        let mut queue = self.queue();
        let new = !queue.streams.contains(&stream);
        if new {
            queue.streams.push(stream);
        }
        new
    }

    pub(super) fn forget(&self, stream: Stream) {
        self.queue().streams.retain(|other| *other != stream);
    }

    pub(super) fn streams(&self) -> Vec<Stream> {
        self.queue().streams.clone()
    }

    /// Whether it listens to a stream.
    pub fn hears(&self, stream: Stream) -> bool {
        self.queue().streams.contains(&stream)
    }

    /// Waits until there is something to [`take`](Self::take).
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Everything that waits, in order.
    pub fn take(&self) -> Taken {
        let mut queue = self.queue();
        queue.weight = 0;
        Taken {
            events: std::mem::take(&mut queue.events),
            whispers: std::mem::take(&mut queue.whispers),
            closed: queue.closed,
        }
    }

    /// Has caught up: `true`, and from now on an overflow closes the connection. `false` when
    /// events were thrown away meanwhile, which must then be read from the log.
    pub fn go_live(&self) -> bool {
        let mut queue = self.queue();
        queue.live = !std::mem::take(&mut queue.overflowed);
        queue.live
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
