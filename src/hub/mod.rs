//! Who is listening, and telling them what happened.
//!
//! A connection listens to its user's own stream and to the streams of the user's chats. Events
//! arrive here after their commit and in the order of it.

mod connection;
mod presence;
mod telling;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

pub use connection::{Close, Connection, Taken};
pub use presence::Presences;
pub use telling::{FORMS, Form, Telling, Whisper, Whispering};

use crate::model::{Change, Event, SessionId, Stream, Time, UserId};

/// The most connections that one person holds; the oldest gives way to a newer one.
const MOST_PER_USER: usize = 20;

type Listeners = HashMap<Stream, Vec<Arc<Connection>>>;

/// Everybody who is listening on this node.
#[derive(Default)]
pub struct Hub {
    pub presence: Presences,
    listeners: RwLock<Listeners>,
    /// Connections of tokens that run out, and when they do.
    ending: Mutex<Vec<(Time, Weak<Connection>)>>,
}

impl Hub {
    /// Begins to listen to a person's own stream.
    pub fn connect(&self, user: UserId, session: SessionId) -> Arc<Connection> {
        let connection = Arc::new(Connection::new(user, session));
        self.listen(&connection, [Stream::from(user)]);
        let oldest = {
            let listeners = self.read();
            let own = listeners.get(&Stream::from(user)).map_or(&[][..], Vec::as_slice);
            (own.len() > MOST_PER_USER).then(|| own[0].clone())
        };
        if let Some(oldest) = oldest {
            oldest.close(Close::Replaced);
            self.disconnect(&oldest);
        }
        connection
    }

    /// Begins to listen to more streams.
    pub fn listen(&self, connection: &Arc<Connection>, streams: impl IntoIterator<Item = Stream>) {
        let mut listeners = self.write();
        for stream in streams {
            listen(&mut listeners, connection, stream);
        }
    }

    /// Listens no longer to some streams.
    pub fn ignore(&self, connection: &Connection, streams: impl IntoIterator<Item = Stream>) {
        let mut listeners = self.write();
        for stream in streams {
            ignore(&mut listeners, stream, |other| other.is(connection));
            connection.forget(stream);
        }
    }

    /// Listens no longer at all.
    pub fn disconnect(&self, connection: &Connection) {
        self.ignore(connection, connection.streams());
    }

    /// Tells those who listen, in order. What changes who listens takes effect at its place.
    pub fn tell(&self, events: Vec<Event>) {
        let tellings: Vec<Arc<Telling>> =
            events.into_iter().map(|event| Arc::new(Telling::new(event))).collect();
        for together in tellings.chunk_by(|one, next| one.stream() == next.stream()) {
            let stream = together[0].stream();
            if let Some(listeners) = self.read().get(&stream) {
                for connection in listeners {
                    connection.push(together);
                }
            }
            for telling in together {
                self.follow(&telling.event);
            }
        }
    }

    /// A person who gains a chat hears it from now on; one who loses it hears no more.
    fn follow(&self, event: &Event) {
        let own = event.position.stream;
        match &event.change {
            Change::ChatGained(chat) => {
                let mut listeners = self.write();
                for connection in listeners.get(&own).cloned().unwrap_or_default() {
                    listen(&mut listeners, &connection, chat.id().into());
                }
            }
            Change::ChatLost { chat, hidden: false } => {
                let user = UserId(own.0);
                let mut listeners = self.write();
                ignore(&mut listeners, (*chat).into(), |connection| connection.user == user);
                for connection in listeners.get(&own).into_iter().flatten() {
                    connection.forget((*chat).into());
                }
            }
            _ => {}
        }
    }

    /// Tells what is not kept: who missed it missed nothing.
    pub fn whisper(&self, stream: Stream, whisper: Whisper) {
        let whispering = Arc::new(Whispering::new(whisper));
        if let Some(listeners) = self.read().get(&stream) {
            for connection in listeners.iter().filter(|connection| !whisper.is_from(connection.user)) {
                connection.whisper(&whispering);
            }
        }
    }

    /// Tells what is not kept to whoever listens to one of some streams, once, but not to some people. Answers how
    /// much work it was.
    pub fn whisper_once(
        &self,
        streams: impl IntoIterator<Item = Stream>,
        whisper: Whisper,
        but: &HashSet<UserId>,
    ) -> usize {
        let whispering = Arc::new(Whispering::new(whisper));
        let listeners = self.read();
        let mut told = HashSet::new();
        let mut seen = 0;
        for connection in streams.into_iter().filter_map(|stream| listeners.get(&stream)).flatten() {
            seen += 1;
            let is_meant = !whisper.is_from(connection.user) && !but.contains(&connection.user);
            if is_meant && told.insert(Arc::as_ptr(connection)) {
                connection.whisper(&whispering);
            }
        }
        seen
    }

    /// Closes the connections of a session.
    pub fn close_session(&self, user: UserId, session: SessionId, why: Close) {
        let own = self.read().get(&Stream::from(user)).cloned().unwrap_or_default();
        for connection in own.iter().filter(|connection| connection.session == session) {
            connection.close(why);
            self.disconnect(connection);
        }
    }

    /// Closes a connection when its token runs out.
    pub fn close_at(&self, when: Time, connection: &Arc<Connection>) {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        ending.retain(|(_, connection)| connection.strong_count() > 0);
        ending.push((when, Arc::downgrade(connection)));
    }

    /// Closes the connections whose token has run out.
    pub fn close_ended(&self, now: Time) {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let ended: Vec<_> = ending.extract_if(.., |(when, _)| *when <= now).collect();
        drop(ending);
        for connection in ended.iter().filter_map(|(_, connection)| connection.upgrade()) {
            connection.close(Close::Expired);
            self.disconnect(&connection);
        }
    }

    /// Closes everybody's connections.
    pub fn close_all(&self, why: Close) {
        let listeners = std::mem::take(&mut *self.write());
        for connection in listeners.values().flatten() {
            connection.close(why);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Listeners> {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Listeners> {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listen(listeners: &mut Listeners, connection: &Arc<Connection>, stream: Stream) {
    if connection.remember(stream) {
        listeners.entry(stream).or_default().push(connection.clone());
    }
}

fn ignore(listeners: &mut Listeners, stream: Stream, whom: impl Fn(&Connection) -> bool) {
    if let Some(connections) = listeners.get_mut(&stream) {
        connections.retain(|connection| !whom(connection));
        if connections.is_empty() {
            listeners.remove(&stream);
        }
    }
}
