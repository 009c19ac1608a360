//! Delivers events to the connected clients of this node.
//!
//! A connection subscribes to its user's own stream and to the streams of the user's chats. Events arrive here after
//! their commit, from any node and in any order, and are delivered in the order of their stream, each once. Missing
//! events are reported ([`Hub::streams_with_gaps`]), read from the log and backfilled ([`Hub::backfill`]).

mod bus;
mod connection;
mod deliveries;
mod outbound_event;
mod presence;
mod subscribers;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use subscribers::Subscribers;
use tokio::sync::Notify;

pub use bus::{Bus, BusEvent, BusSettings, NodeId, NodeMessage};
pub use connection::{Close, Connection, Queued};
pub use deliveries::{Deliveries, WaitingDeliveries, changes_subscriptions};
pub use outbound_event::{EphemeralEvent, EventFormat, FORMATS, OutboundEphemeral, OutboundEvent};
pub use presence::PresenceTracker;

use crate::model::{Change, Event, SessionId, Stream, Time, UserId};

/// The most connections of one user; a new one replaces the oldest.
const MAX_PER_USER: usize = 20;
/// The most connections of one user to single chats: some clients open one per chat.
const MAX_SINGLE_CHAT_PER_USER: usize = 40;

/// The subscribers of each stream. Each stream has a lock of its own: while events are delivered in one, others go on.
/// Streams are added and removed, and users gain and lose chats, while the whole is locked.
type Subscriptions = HashMap<Stream, Mutex<Subscribers>>;

/// A stream with events that must be read from the log before delivery can go on.
pub struct StreamGap {
    /// The user whose own stream it is; `None` for a chat's stream.
    pub owner: Option<UserId>,
    /// The last sequence number that was delivered, when that is known.
    pub delivered: Option<i64>,
    /// Connections that joined the chat late and need the events since they joined.
    pub late: Vec<Arc<Connection>>,
}

/// All connections of this node.
#[derive(Default)]
pub struct Hub {
    pub presence: PresenceTracker,
    subscriptions: RwLock<Subscriptions>,
    /// Streams to backfill, and the signal that there are some.
    gaps: Mutex<BTreeSet<Stream>>,
    gap_found: Notify,
    /// Connections authorized by tokens that expire, and when.
    expiring: Mutex<Vec<(Time, Weak<Connection>)>>,
}

impl Hub {
    /// Opens a connection, subscribed to the user's own stream.
    pub fn connect(&self, user: UserId, session: SessionId) -> Arc<Connection> {
        self.register(Connection::new(user, session), MAX_PER_USER)
    }

    /// Opens a connection to a single chat of a user; from the user's own stream it gets nothing but its end. One that is
    /// part of a client's connection to several chats does not count: another one of them does.
    pub fn connect_to_chat(
        &self,
        user: UserId,
        session: SessionId,
        chat: Stream,
        is_part: bool,
    ) -> Arc<Connection> {
        let connection = Connection::to_chat(user, session, chat, is_part);
        let connection = self.register(connection, MAX_SINGLE_CHAT_PER_USER);
        self.subscribe(&connection, [chat]);
        connection
    }

    fn register(&self, connection: Connection, max: usize) -> Arc<Connection> {
        let own = Stream::from(connection.user);
        let connection = Arc::new(connection);
        self.subscribe(&connection, [own]);
        let oldest = {
            let own = self.connections(own);
            let is_alike = |other: &&Arc<Connection>| {
                other.only.is_some() == connection.only.is_some() && !other.is_part()
            };
            let mut alike = own.iter().filter(is_alike);
            alike.next().cloned().filter(|_| !connection.is_part() && alike.count() >= max)
        };
        if let Some(oldest) = oldest {
            oldest.close(Close::Replaced);
            self.disconnect(&oldest);
        }
        connection
    }

    /// Subscribes to more streams. Events of a stream that had no subscribers are held back until
    /// [`start_at`](Self::start_at) says where to start.
    pub fn subscribe(&self, connection: &Arc<Connection>, streams: impl IntoIterator<Item = Stream>) {
        let mut subscriptions = self.write();
        for stream in streams {
            if connection.add_stream(stream) {
                exclusive(subscriptions.entry(stream).or_default()).join(connection.clone());
            }
        }
    }

    /// Starts delivery at the positions that a connection read after it subscribed. Returns for each stream the
    /// sequence number after which events are delivered: a higher one where another new connection had read further.
    /// The connection must read what lies between from the log.
    pub fn start_at(&self, positions: impl IntoIterator<Item = (Stream, i64)>) -> Vec<(Stream, i64)> {
        let (mut subscriptions, mut gaps) = (self.write(), BTreeSet::new());
        let mut started = Vec::new();
        for (stream, seq) in positions {
            let (from, delivered) = match subscriptions.get_mut(&stream).map(exclusive) {
                Some(subscribers) => subscribers.start_at(seq),
                None => (seq, Vec::new()),
            };
            started.push((stream, from));
            apply_membership(&mut subscriptions, stream, &delivered, &mut gaps);
        }
        drop(subscriptions);
        self.report_gaps(gaps);
        started
    }

    /// Unsubscribes from some streams.
    pub fn unsubscribe(&self, connection: &Connection, streams: impl IntoIterator<Item = Stream>) {
        let mut subscriptions = self.write();
        for stream in streams {
            remove(&mut subscriptions, stream, |other| other.is(connection));
            connection.remove_stream(stream);
        }
    }

    /// Unsubscribes from all streams.
    pub fn disconnect(&self, connection: &Connection) {
        self.unsubscribe(connection, connection.streams());
    }

    /// Delivers events to the subscribers of their streams. Events that change who is subscribed take effect at their
    /// position in the stream.
    pub fn deliver(&self, events: Vec<Event>) {
        let mut gaps = BTreeSet::new();
        let mut events = events.into_iter().peekable();
        while let Some(first) = events.next() {
            let stream = first.position.stream;
            let rest = std::iter::from_fn(|| events.next_if(|next| next.position.stream == stream));
            let batch = std::iter::once(first).chain(rest);
            if !self.read().contains_key(&stream) {
                // Nobody listens.
                batch.for_each(drop);
                continue;
            }
            let batch = batch.map(|event| Arc::new(OutboundEvent::new(event))).collect();
            let Some(batch) = self.deliver_in_one(stream, batch, &mut gaps) else { continue };
            let mut subscriptions = self.write();
            if let Some(subscribers) = subscriptions.get_mut(&stream).map(exclusive) {
                let delivered = subscribers.deliver(batch);
                apply_membership(&mut subscriptions, stream, &delivered, &mut gaps);
            }
        }
        self.report_gaps(gaps);
    }

    /// Delivers events with only their stream locked. Returns them when they may change who is subscribed to others.
    fn deliver_in_one(
        &self,
        stream: Stream,
        events: Vec<Arc<OutboundEvent>>,
        gaps: &mut BTreeSet<Stream>,
    ) -> Option<Vec<Arc<OutboundEvent>>> {
        if events.iter().any(|event| changes_subscriptions(&event.event.change)) {
            return Some(events);
        }
        let subscriptions = self.read();
        let mut subscribers = lock(subscriptions.get(&stream)?);
        if subscribers.has_pending() {
            return Some(events);
        }
        subscribers.deliver(events);
        if subscribers.has_gap() {
            gaps.insert(stream);
        }
        None
    }

    /// Streams have reached these sequence numbers, according to another node or the database.
    pub fn advance(&self, positions: impl IntoIterator<Item = (Stream, i64)>) {
        let (mut subscriptions, mut gaps) = (self.write(), BTreeSet::new());
        for (stream, seq) in positions {
            if let Some(subscribers) = subscriptions.get_mut(&stream).map(exclusive) {
                subscribers.advance(seq);
                apply_membership(&mut subscriptions, stream, &[], &mut gaps);
            }
        }
        drop(subscriptions);
        self.report_gaps(gaps);
    }

    /// Waits until there are streams with gaps, and returns them.
    pub async fn streams_with_gaps(&self) -> BTreeSet<Stream> {
        loop {
            let gaps = std::mem::take(&mut *self.gaps());
            if !gaps.is_empty() {
                return gaps;
            }
            self.gap_found.notified().await;
        }
    }

    /// The gap of a stream; `None` when the missing events have arrived meanwhile.
    pub fn gap(&self, stream: Stream) -> Option<StreamGap> {
        let subscriptions = self.read();
        let subscribers =
            Some(lock(subscriptions.get(&stream)?)).filter(|subscribers| subscribers.has_gap())?;
        let owner =
            subscribers.connections().map(|connection| connection.user).find(|user| user.0 == stream.0);
        let (delivered, late) = subscribers.state();
        Some(StreamGap { owner, delivered, late })
    }

    /// Delivers events that were read from the log. `read` is up to which sequence number they were read, and the
    /// stream's head then; `late` says after which sequence number each late connection needs them. A gap that remains
    /// is reported at once only if this made progress.
    pub fn backfill(
        &self,
        stream: Stream,
        read: (i64, i64),
        events: Vec<Event>,
        late: &[(Arc<Connection>, i64)],
    ) {
        let (mut subscriptions, mut gaps) = (self.write(), BTreeSet::new());
        let events = events.into_iter().map(|event| Arc::new(OutboundEvent::new(event))).collect();
        if let Some(subscribers) = subscriptions.get_mut(&stream).map(exclusive) {
            let before = subscribers.progress();
            let delivered = subscribers.backfill(read, events, late);
            let is_stuck = subscribers.progress() == before;
            apply_membership(&mut subscriptions, stream, &delivered, &mut gaps);
            if is_stuck {
                gaps.remove(&stream);
            }
        }
        drop(subscriptions);
        self.report_gaps(gaps);
    }

    /// Closes a connection that is too far behind to be backfilled; the client resumes from its cursor.
    pub fn force_resume(&self, connection: &Connection) {
        connection.close(Close::TooSlow);
        self.disconnect(connection);
    }

    /// Closes all connections of a stream whose missing events are no longer in the log.
    pub fn force_resume_all(&self, stream: Stream) {
        if let Some(mut subscribers) = self.write().remove(&stream) {
            exclusive(&mut subscribers).close_all();
        }
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        let subscriptions = self.read();
        let mut seen = HashSet::new();
        for subscribers in subscriptions.values().map(lock) {
            seen.extend(subscribers.connections().map(Arc::as_ptr));
        }
        seen.len()
    }

    /// The streams that have subscribers.
    pub fn streams(&self) -> Vec<Stream> {
        self.read().keys().copied().collect()
    }

    /// Reports all remaining gaps again, to retry what failed.
    pub fn retry_gaps(&self) {
        let gaps = self
            .read()
            .iter()
            .filter(|(_, subscribers)| lock(subscribers).has_gap())
            .map(|(stream, _)| *stream)
            .collect();
        self.report_gaps(gaps);
    }

    fn report_gaps(&self, streams: BTreeSet<Stream>) {
        if !streams.is_empty() {
            self.gaps().extend(streams);
            self.gap_found.notify_one();
        }
    }

    /// Sends an event that is not stored to the subscribers of a stream, except to the user who caused it.
    pub fn send_ephemeral(&self, stream: Stream, event: EphemeralEvent) {
        let outbound = Arc::new(OutboundEphemeral::new(event));
        let subscriptions = self.read();
        let Some(subscribers) = subscriptions.get(&stream).map(lock) else { return };
        for connection in
            subscribers.connections().filter(|connection| !outbound.event.is_from(connection.user))
        {
            connection.send_ephemeral(&outbound);
        }
    }

    /// Sends an event that is not stored to every connection that is not to a single chat.
    pub fn send_to_all(&self, event: EphemeralEvent) {
        let outbound = Arc::new(OutboundEphemeral::new(event));
        let subscriptions = self.read();
        for (stream, subscribers) in subscriptions.iter() {
            let subscribers = lock(subscribers);
            // Each connection is subscribed to the stream of its user.
            let own = |connection: &&Arc<Connection>| Stream::from(connection.user) == *stream;
            for connection in subscribers.connections().filter(own) {
                if connection.only.is_none() {
                    connection.send_ephemeral(&outbound);
                }
            }
        }
    }

    /// Sends an event that is not stored once to each connection that is subscribed to any of some streams, except to
    /// the excluded users. Returns how many subscriptions were visited, as a measure of the work done.
    pub fn send_ephemeral_once(
        &self,
        streams: impl IntoIterator<Item = Stream>,
        event: EphemeralEvent,
        excluded: &HashSet<UserId>,
    ) -> usize {
        let outbound = Arc::new(OutboundEphemeral::new(event));
        let subscriptions = self.read();
        let mut sent = HashSet::new();
        let mut visited = 0;
        for subscribers in streams.into_iter().filter_map(|stream| subscriptions.get(&stream)).map(lock) {
            for connection in subscribers.connections() {
                visited += 1;
                let is_recipient =
                    !outbound.event.is_from(connection.user) && !excluded.contains(&connection.user);
                if is_recipient && sent.insert(Arc::as_ptr(connection)) {
                    connection.send_ephemeral(&outbound);
                }
            }
        }
        visited
    }

    /// Closes the connections of a session.
    pub fn close_session(&self, user: UserId, session: SessionId, reason: Close) {
        let own = self.connections(user.into());
        for connection in own.iter().filter(|connection| connection.session == session) {
            connection.close(reason);
            self.disconnect(connection);
        }
    }

    /// Schedules a connection to be closed when its token expires.
    pub fn close_at(&self, when: Time, connection: &Arc<Connection>) {
        let mut expiring = self.expiring.lock().unwrap_or_else(PoisonError::into_inner);
        expiring.retain(|(_, connection)| connection.strong_count() > 0);
        expiring.push((when, Arc::downgrade(connection)));
    }

    /// Closes the connections whose token has expired.
    pub fn close_expired(&self, now: Time) {
        let mut expiring = self.expiring.lock().unwrap_or_else(PoisonError::into_inner);
        let expired: Vec<_> = expiring.extract_if(.., |(when, _)| *when <= now).collect();
        drop(expiring);
        for connection in expired.iter().filter_map(|(_, connection)| connection.upgrade()) {
            connection.close(Close::Expired);
            self.disconnect(&connection);
        }
    }

    /// Closes one in `of` connections.
    pub fn close_fraction(&self, reason: Close, of: usize) {
        let all: HashMap<_, _> = {
            let subscriptions = self.read();
            let all =
                subscriptions.values().flat_map(|one| lock(one).connections().cloned().collect::<Vec<_>>());
            all.map(|connection| (Arc::as_ptr(&connection), connection)).collect()
        };
        for connection in all.values().take(all.len().div_ceil(of)) {
            connection.close(reason);
            self.disconnect(connection);
        }
    }

    /// Closes all connections.
    pub fn close_all(&self, reason: Close) {
        let mut subscriptions = std::mem::take(&mut *self.write());
        for connection in subscriptions.values_mut().flat_map(|one| exclusive(one).connections()) {
            connection.close(reason);
        }
    }

    /// The connections that are subscribed to a stream, the oldest first.
    fn connections(&self, stream: Stream) -> Vec<Arc<Connection>> {
        let subscriptions = self.read();
        let subscribers = subscriptions.get(&stream).map(lock);
        subscribers.map(|subscribers| subscribers.connections().cloned().collect()).unwrap_or_default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Subscriptions> {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Subscriptions> {
        self.subscriptions.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn gaps(&self) -> MutexGuard<'_, BTreeSet<Stream>> {
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Locks the subscribers of one stream.
fn lock(subscribers: &Mutex<Subscribers>) -> MutexGuard<'_, Subscribers> {
    subscribers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The subscribers of one stream while the whole is locked.
fn exclusive(subscribers: &mut Mutex<Subscribers>) -> &mut Subscribers {
    subscribers.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Applies the membership changes among delivered events: subscribes a user's connections to a chat that the user
/// gained, and unsubscribes them from one that the user lost. Adds streams that have a gap now to `gaps`.
fn apply_membership(
    subscriptions: &mut Subscriptions,
    own: Stream,
    delivered: &[Arc<OutboundEvent>],
    gaps: &mut BTreeSet<Stream>,
) {
    if subscriptions.get(&own).is_some_and(|subscribers| lock(subscribers).has_gap()) {
        gaps.insert(own);
    }
    for outbound in delivered {
        match &outbound.event.change {
            Change::ChatGained(chat) => {
                let stream = chat.id().into();
                let Some(owner) = subscriptions.get_mut(&own).map(exclusive) else { continue };
                let all = owner.connections().filter(|one| one.only.is_none_or(|only| only == stream));
                let new: Vec<_> = all.filter(|one| one.add_stream(stream)).cloned().collect();
                for connection in new {
                    exclusive(subscriptions.entry(stream).or_default()).join_after(connection, chat.since);
                }
                if subscriptions.get(&stream).is_some_and(|subscribers| lock(subscribers).has_gap()) {
                    gaps.insert(stream);
                }
            }
            Change::ChatLost { chat, hidden: false } => {
                let stream = (*chat).into();
                remove(subscriptions, stream, |connection| connection.user.0 == own.0);
                let owner = subscriptions.get_mut(&own).map(exclusive);
                for connection in owner.into_iter().flat_map(|owner| owner.connections()) {
                    connection.remove_stream(stream);
                    if connection.only == Some(stream) {
                        connection.close(Close::Removed);
                    }
                }
                remove(subscriptions, own, |connection| connection.only == Some(stream));
            }
            _ => {}
        }
    }
}

fn remove(subscriptions: &mut Subscriptions, stream: Stream, is_leaving: impl Fn(&Connection) -> bool) {
    if let Some(subscribers) = subscriptions.get_mut(&stream).map(exclusive) {
        subscribers.remove(is_leaving);
        if subscribers.is_empty() {
            subscriptions.remove(&stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChatId, Position};

    #[test]
    fn parts_of_a_connection_count_once() {
        let (hub, user, session) = (Hub::default(), UserId(1), SessionId(1));
        let connect = |chat, is_part| hub.connect_to_chat(user, session, Stream(chat), is_part);
        let is_open = |connection: &Arc<Connection>| connection.take().closed.is_none();
        let first = connect(100, false);
        let parts: Vec<_> = (101..200).map(|chat| connect(chat, true)).collect();
        let others: Vec<_> = (1..MAX_SINGLE_CHAT_PER_USER).map(|_| connect(200, false)).collect();
        assert!(is_open(&first) && parts.iter().all(is_open));
        // Its first chat is left: another of its chats stands for it.
        parts[7].stand_for_all();
        hub.disconnect(&first);
        connect(200, false);
        assert_eq!(parts[7].take().closed, Some(Close::Replaced));
        assert_eq!(parts.iter().filter(|part| is_open(part)).count(), parts.len() - 1);
        assert!(others.iter().all(is_open));
    }

    #[test]
    fn delivery_in_one_stream_does_not_wait_for_another() {
        let (hub, user, session) = (Hub::default(), UserId(1), SessionId(1));
        let connection = hub.connect(user, session);
        let (busy, chat) = (Stream(7), Stream(8));
        hub.subscribe(&connection, [busy, chat]);
        hub.start_at([(user.into(), 0), (busy, 0), (chat, 0)]);
        let subscriptions = hub.read();
        let _delivering = lock(&subscriptions[&busy]);
        let change = Change::MemberRemoved { chat: ChatId(chat.0), user };
        hub.deliver(vec![Event { position: Position { stream: chat, seq: 1 }, at: Time(0), change }]);
        assert_eq!(connection.take().events.len(), 1);
    }
}
