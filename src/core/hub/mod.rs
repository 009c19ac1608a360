//! Who is listening, and telling them what happened.
//!
//! A connection listens to its user's own stream and to the streams of the user's chats. Events
//! arrive here after their commit, from whichever node and in whatever order, and are told in the
//! order of their stream, each once. What does not arrive is asked for ([`Hub::lacking`]), read from
//! the log and filled in ([`Hub::fill`]).

mod audience;
mod bus;
mod connection;
mod presence;
mod telling;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use audience::Audience;
use tokio::sync::Notify;

pub use bus::{Bus, Heard, News, NodeId};
pub use connection::{Close, Connection, Taken};
pub use presence::Presences;
pub use telling::{FORMS, Form, Telling, Whisper, Whispering};

use crate::model::{Change, Event, SessionId, Stream, Time, UserId};

/// The most connections that one person holds; the oldest gives way to a newer one.
const MOST_PER_USER: usize = 20;
/// The most of those that listen to one chat alone: clients that know no others open one for each chat.
const MOST_NARROW: usize = 40;

type Audiences = HashMap<Stream, Audience>;

/// A stream of which something must be read from the log before all of it can be told.
pub struct Lack {
    /// Whose own stream it is.
    pub owner: Option<UserId>,
    /// How far it was told, when that is known.
    pub told: Option<i64>,
    /// Those who have come into the chat and must be told from there on.
    pub late: Vec<Arc<Connection>>,
}

/// Everybody who is listening on this node.
#[derive(Default)]
pub struct Hub {
    pub presence: Presences,
    audiences: RwLock<Audiences>,
    /// Streams of which something is lacking, and a sign for whoever makes up for it.
    lacking: Mutex<BTreeSet<Stream>>,
    lack: Notify,
    /// Connections of tokens that run out, and when they do.
    ending: Mutex<Vec<(Time, Weak<Connection>)>>,
}

impl Hub {
    /// Begins to listen to a person's own stream.
    pub fn connect(&self, user: UserId, session: SessionId) -> Arc<Connection> {
        self.admit(Connection::new(user, session), MOST_PER_USER)
    }

    /// Begins to listen to one chat of a person's; of their own stream nothing is told but the end.
    pub fn connect_to(&self, user: UserId, session: SessionId, chat: Stream) -> Arc<Connection> {
        let connection = self.admit(Connection::narrow(user, session, chat), MOST_NARROW);
        self.listen(&connection, [chat]);
        connection
    }

    fn admit(&self, connection: Connection, most: usize) -> Arc<Connection> {
        let own = Stream::from(connection.user);
        let connection = Arc::new(connection);
        self.listen(&connection, [own]);
        let oldest = {
            let audiences = self.read();
            let own = audiences.get(&own).into_iter().flat_map(Audience::connections);
            let mut alike = own.filter(|other| other.only.is_some() == connection.only.is_some());
            alike.next().cloned().filter(|_| alike.count() >= most)
        };
        if let Some(oldest) = oldest {
            oldest.close(Close::Replaced);
            self.disconnect(&oldest);
        }
        connection
    }

    /// Begins to listen to more streams. What happens in a stream to which nobody listened before is not
    /// told until it is known where to [`begin`](Self::begin).
    pub fn listen(&self, connection: &Arc<Connection>, streams: impl IntoIterator<Item = Stream>) {
        let mut audiences = self.write();
        for stream in streams {
            if connection.remember(stream) {
                audiences.entry(stream).or_default().join(connection.clone());
            }
        }
    }

    /// Streams are so far, as it was read after somebody had begun to listen to them. Answers from where on they are
    /// told: a little further, where somebody else who has just come had read more. What lies between is in the log.
    pub fn begin(&self, places: impl IntoIterator<Item = (Stream, i64)>) -> Vec<(Stream, i64)> {
        let (mut audiences, mut lacking) = (self.write(), BTreeSet::new());
        let mut begun = Vec::new();
        for (stream, seq) in places {
            let (from, told) = match audiences.get_mut(&stream) {
                Some(audience) => audience.begin(seq),
                None => (seq, Vec::new()),
            };
            begun.push((stream, from));
            follow(&mut audiences, stream, &told, &mut lacking);
        }
        drop(audiences);
        self.ask_for(lacking);
        begun
    }

    /// Listens no longer to some streams.
    pub fn ignore(&self, connection: &Connection, streams: impl IntoIterator<Item = Stream>) {
        let mut audiences = self.write();
        for stream in streams {
            leave(&mut audiences, stream, |other| other.is(connection));
            connection.forget(stream);
        }
    }

    /// Listens no longer at all.
    pub fn disconnect(&self, connection: &Connection) {
        self.ignore(connection, connection.streams());
    }

    /// Tells those who listen. What changes who listens takes effect at its place.
    pub fn tell(&self, events: Vec<Event>) {
        let (mut audiences, mut lacking) = (self.write(), BTreeSet::new());
        let mut events = events.into_iter().map(|event| Arc::new(Telling::new(event))).peekable();
        while let Some(first) = events.next() {
            let stream = first.stream();
            let mut together = vec![first];
            together.extend(std::iter::from_fn(|| events.next_if(|next| next.stream() == stream)));
            if let Some(audience) = audiences.get_mut(&stream) {
                let told = audience.hear(together);
                follow(&mut audiences, stream, &told, &mut lacking);
            }
        }
        drop(audiences);
        self.ask_for(lacking);
    }

    /// Streams are so far, as another node says, or the database.
    pub fn hear_of(&self, places: impl IntoIterator<Item = (Stream, i64)>) {
        let (mut audiences, mut lacking) = (self.write(), BTreeSet::new());
        for (stream, seq) in places {
            if let Some(audience) = audiences.get_mut(&stream) {
                audience.learn(seq);
                follow(&mut audiences, stream, &[], &mut lacking);
            }
        }
        drop(audiences);
        self.ask_for(lacking);
    }

    /// Waits until something is lacking, and answers the streams.
    pub async fn lacking(&self) -> BTreeSet<Stream> {
        loop {
            let lacking = std::mem::take(&mut *self.lacks());
            if !lacking.is_empty() {
                return lacking;
            }
            self.lack.notified().await;
        }
    }

    /// What is lacking of a stream; nothing when it has come meanwhile.
    pub fn lack(&self, stream: Stream) -> Option<Lack> {
        let audiences = self.read();
        let audience = audiences.get(&stream).filter(|audience| audience.lacks())?;
        let owner = audience.connections().map(|connection| connection.user).find(|user| user.0 == stream.0);
        let (told, late) = audience.state();
        Some(Lack { owner, told, late })
    }

    /// Tells what was read from the log: everything from where it was lacking up to a place, in a log that is as
    /// long as the second. What is lacking still is asked for at once only if this was of some use.
    pub fn fill(
        &self,
        stream: Stream,
        read: (i64, i64),
        events: Vec<Event>,
        late: &[(Arc<Connection>, i64)],
    ) {
        let (mut audiences, mut lacking) = (self.write(), BTreeSet::new());
        let events = events.into_iter().map(|event| Arc::new(Telling::new(event))).collect();
        if let Some(audience) = audiences.get_mut(&stream) {
            let before = audience.progress();
            let told = audience.fill(read, events, late);
            let is_stuck = audience.progress() == before;
            follow(&mut audiences, stream, &told, &mut lacking);
            if is_stuck {
                lacking.remove(&stream);
            }
        }
        drop(audiences);
        self.ask_for(lacking);
    }

    /// Closes a connection that can't be told what it lacks; its cursor can.
    pub fn send_back(&self, connection: &Connection) {
        connection.close(Close::TooSlow);
        self.disconnect(connection);
    }

    /// What is lacking of a stream is not in the log any more.
    pub fn give_up(&self, stream: Stream) {
        if let Some(mut audience) = self.write().remove(&stream) {
            audience.give_up();
        }
    }

    /// The streams to which somebody listens.
    pub fn streams(&self) -> Vec<Stream> {
        self.read().keys().copied().collect()
    }

    /// Asks once more for what is still lacking.
    pub fn ask_again(&self) {
        let lacks =
            self.read().iter().filter(|(_, audience)| audience.lacks()).map(|(stream, _)| *stream).collect();
        self.ask_for(lacks);
    }

    fn ask_for(&self, streams: BTreeSet<Stream>) {
        if !streams.is_empty() {
            self.lacks().extend(streams);
            self.lack.notify_one();
        }
    }

    /// Tells what is not kept: who missed it missed nothing.
    pub fn whisper(&self, stream: Stream, whisper: Whisper) {
        let whispering = Arc::new(Whispering::new(whisper));
        let audiences = self.read();
        let listeners = audiences.get(&stream).into_iter().flat_map(Audience::connections);
        for connection in listeners.filter(|connection| !whisper.is_from(connection.user)) {
            connection.whisper(&whispering);
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
        let audiences = self.read();
        let mut told = HashSet::new();
        let mut seen = 0;
        let listeners = streams.into_iter().filter_map(|stream| audiences.get(&stream));
        for connection in listeners.flat_map(Audience::connections) {
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
        let own: Vec<Arc<Connection>> = match self.read().get(&Stream::from(user)) {
            Some(own) => {
                own.connections().filter(|connection| connection.session == session).cloned().collect()
            }
            None => Vec::new(),
        };
        for connection in own {
            connection.close(why);
            self.disconnect(&connection);
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

    /// Closes one of so many connections.
    pub fn close_some(&self, why: Close, of: usize) {
        let all: HashMap<_, _> = {
            let audiences = self.read();
            let all = audiences.values().flat_map(Audience::connections);
            all.map(|connection| (Arc::as_ptr(connection), connection.clone())).collect()
        };
        for connection in all.values().take(all.len().div_ceil(of)) {
            connection.close(why);
            self.disconnect(connection);
        }
    }

    /// Closes everybody's connections.
    pub fn close_all(&self, why: Close) {
        let audiences = std::mem::take(&mut *self.write());
        for connection in audiences.values().flat_map(Audience::connections) {
            connection.close(why);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Audiences> {
        self.audiences.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Audiences> {
        self.audiences.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lacks(&self) -> MutexGuard<'_, BTreeSet<Stream>> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After something was told in a stream: a person who gains a chat hears it from there on, and one who loses it
/// hears no more. `lacking` gains the streams of which something is lacking now.
fn follow(audiences: &mut Audiences, own: Stream, told: &[Arc<Telling>], lacking: &mut BTreeSet<Stream>) {
    if audiences.get(&own).is_some_and(Audience::lacks) {
        lacking.insert(own);
    }
    for telling in told {
        match &telling.event.change {
            Change::ChatGained(chat) => {
                let stream = chat.id().into();
                let Some(listeners) = audiences.get(&own) else { continue };
                let all = listeners.connections().filter(|one| one.only.is_none_or(|only| only == stream));
                let new: Vec<_> = all.filter(|one| one.remember(stream)).cloned().collect();
                for connection in new {
                    audiences.entry(stream).or_default().join_at(connection, chat.since);
                }
                if audiences.get(&stream).is_some_and(Audience::lacks) {
                    lacking.insert(stream);
                }
            }
            Change::ChatLost { chat, hidden: false } => {
                let stream = (*chat).into();
                leave(audiences, stream, |connection| connection.user.0 == own.0);
                for connection in audiences.get(&own).into_iter().flat_map(Audience::connections) {
                    connection.forget(stream);
                    if connection.only == Some(stream) {
                        connection.close(Close::Removed);
                    }
                }
                leave(audiences, own, |connection| connection.only == Some(stream));
            }
            _ => {}
        }
    }
}

fn leave(audiences: &mut Audiences, stream: Stream, whom: impl Fn(&Connection) -> bool) {
    if let Some(audience) = audiences.get_mut(&stream) {
        audience.leave(whom);
        if audience.is_empty() {
            audiences.remove(&stream);
        }
    }
}
