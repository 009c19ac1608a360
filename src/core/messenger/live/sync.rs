//! Everything after a cursor: for `GET /sync` and for sockets, without a hole and without a double.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::hub::{Connection, Taken, Whisper};
use crate::messenger::accounts::token::Access;
use crate::messenger::chats::lookup::find;
use crate::messenger::foundation::{Error, Result, event_log};
use crate::messenger::messages::request::NewMessage;
use crate::messenger::{Caller, Messenger};
use crate::model::{ChatId, Event, Message, MessageId, Position, Scopes, SessionKind, Stream, UserId};
use crate::store::events::{self, Record};
use crate::store::{Executor, members, streams};

/// The most events of one answer.
const LARGEST_PAGE: u64 = 500;
/// How many events of a replay are in memory at a time, for each socket.
const REPLAYED: u64 = 100;
/// The longest cursor that is read: some ten thousand streams.
const LONGEST_CURSOR: usize = 512 * 1024;

/// How far somebody has heard each stream.
///
/// Written as `stream-seq` pairs in base 36, joined by `.`; of two pairs for one stream the later
/// counts, so a client may append the position of each event it has dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<Stream, i64>);

/// A stream whose older events are no longer kept: what it is about must be loaded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The chat, or nothing when it is the reader's own stream.
    pub chat: Option<ChatId>,
    /// From where on there are events again.
    pub position: Position,
}

/// Some events, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    pub events: Vec<Event>,
    pub gaps: Vec<Gap>,
    pub cursor: Cursor,
    pub has_more: bool,
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || Error::invalid("cursor", "is not a valid cursor of this server");
        if text.len() > LONGEST_CURSOR {
            return Err(unreadable());
        }
        let mut cursor = Self::default();
        for pair in text.split('.').filter(|pair| !pair.is_empty()) {
            let (stream, seq) = pair.split_once('-').ok_or_else(unreadable)?;
            let number = |text| i64::from_str_radix(text, 36).ok().filter(|number| *number >= 0);
            let (stream, seq) = number(stream).zip(number(seq)).ok_or_else(unreadable)?;
            cursor.0.insert(Stream(stream), seq);
        }
        Ok(cursor)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (stream, seq)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char('.')?;
            }
            Position { stream: *stream, seq: *seq }.fmt(f)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        base36(f, self.stream.0)?;
        f.write_char('-')?;
        base36(f, self.seq)
    }
}

fn base36(f: &mut std::fmt::Formatter<'_>, mut number: i64) -> std::fmt::Result {
    let mut digits = [0; 13];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    f.write_str(std::str::from_utf8(&digits[start..]).unwrap_or_default())
}

impl Cursor {
    fn has(&self, position: Position) -> bool {
        self.0.get(&position.stream).is_some_and(|seq| position.seq <= *seq)
    }
}

/// How far the streams of a person are now, and from where on each concerns them.
struct Reach {
    own: Stream,
    now: Cursor,
    from: BTreeMap<Stream, i64>,
}

impl Reach {
    async fn of(run: &mut Executor, user: UserId) -> Result<Self> {
        let places = members::places_of(run, user).await?;
        let mut from: BTreeMap<Stream, i64> = places.iter().map(|p| (p.chat.into(), p.joined_seq)).collect();
        let own = Stream::from(user);
        from.insert(own, 0);
        let ids: Vec<Stream> = from.keys().copied().collect();
        let now: BTreeMap<Stream, i64> = streams::seqs(run, &ids).await?.into_iter().collect();
        // A cursor that knows nothing of one's own stream begins now: there is nothing to catch up with.
        from.insert(own, now.get(&own).copied().unwrap_or_default());
        Ok(Self { own, now: Cursor(now), from })
    }

    /// Where to begin with a cursor: never before the person came in, whatever the cursor says, and
    /// there for streams that it does not know.
    fn start(&self, cursor: &Cursor) -> Cursor {
        let own = |stream: &Stream| self.own == *stream;
        let begin = |(stream, from): (&Stream, &i64)| match cursor.0.get(stream) {
            Some(seq) if own(stream) => (*stream, *seq),
            Some(seq) => (*stream, Ord::max(*seq, *from)),
            None => (*stream, *from),
        };
        Cursor(self.from.iter().map(begin).collect())
    }
}

/// Reads on from `at` towards `reach`, one's own stream first.
async fn page(
    run: &mut Executor,
    reader: UserId,
    mut at: Cursor,
    reach: &Cursor,
    limit: u64,
) -> Result<Page> {
    let own = Stream::from(reader);
    let mut behind: Vec<(Stream, i64, i64)> = Vec::new();
    let mut gaps = Vec::new();
    for (stream, seq) in &at.0 {
        let now = reach.0.get(stream).copied().unwrap_or_default();
        if *seq < now {
            behind.push((*stream, *seq, now));
        } else if *seq > now {
            // A cursor from a future that was lost, as when an older copy of the database was restored.
            gaps.push(gap(own, *stream, now));
        }
    }
    behind.sort_by_key(|(stream, ..)| *stream != own);
    let mut records: Vec<Record> = Vec::new();
    let mut has_more = false;
    for (stream, seq, now) in behind {
        let room = limit.saturating_sub(records.len() as u64);
        if room == 0 {
            has_more = true;
            break;
        }
        let found = events::after(run, Position { stream, seq }, room).await?;
        let found: Vec<Record> = found.into_iter().filter(|record| record.seq <= now).collect();
        match found.first() {
            Some(first) if first.seq == seq + 1 => {
                let last = found.last().map_or(seq, |record| record.seq);
                has_more |= last < now;
                at.0.insert(stream, last);
                records.extend(found);
            }
            // The log was pruned: what is left of it is of no use without its beginning.
            _ => gaps.push(gap(own, stream, now)),
        }
    }
    for gap in &gaps {
        at.0.insert(gap.position.stream, gap.position.seq);
    }
    let events = event_log::whole(run, reader, &records).await?;
    Ok(Page { events, gaps, cursor: at, has_more })
}

fn gap(own: Stream, stream: Stream, seq: i64) -> Gap {
    Gap { chat: (stream != own).then_some(ChatId(stream.0)), position: Position { stream, seq } }
}

impl Caller {
    /// What happened after a cursor. Without one: nothing, and the cursor of the present.
    pub async fn sync(&self, cursor: Option<&Cursor>, limit: Option<u64>) -> Result<Page> {
        let reader = self.access.user;
        let mut read = self.messenger.db.snapshot().await?;
        let reach = Reach::of(&mut read, reader).await?;
        let Some(cursor) = cursor else {
            return Ok(Page { cursor: reach.now, ..Page::default() });
        };
        let limit = limit.unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
        page(&mut read, reader, reach.start(cursor), &reach.now, limit).await
    }
}

impl Caller {
    /// The same of one chat alone: for all else the cursor stays where it is.
    pub async fn sync_chat(&self, chat: ChatId, cursor: Option<&Cursor>, limit: Option<u64>) -> Result<Page> {
        let reader = self.access.user;
        let mut read = self.messenger.db.snapshot().await?;
        find(&mut read, chat, reader).await?;
        let mut reach = Reach::of(&mut read, reader).await?;
        reach.from.retain(|stream, _| *stream == chat.into());
        reach.now.0.retain(|stream, _| *stream == chat.into());
        let Some(cursor) = cursor else {
            return Ok(Page { cursor: reach.now, ..Page::default() });
        };
        let limit = limit.unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
        let mut page = page(&mut read, reader, reach.start(cursor), &reach.now, limit).await?;
        let mut moved = cursor.clone();
        moved.0.extend(std::mem::take(&mut page.cursor.0));
        Ok(Page { cursor: moved, ..page })
    }
}

/// Somebody who listens: first what they missed, then everything as it happens.
pub struct Listener {
    messenger: Messenger,
    access: Access,
    connection: Arc<Connection>,
    /// Whether the person is not looking.
    is_away: AtomicBool,
    /// How far it has been told.
    at: Cursor,
    /// How far it catches up; what the queue holds up to here was told from the log.
    reach: Cursor,
}

impl Messenger {
    /// Begins to listen; with a cursor, from there.
    pub async fn listen(&self, access: Access, cursor: Option<&Cursor>) -> Result<Listener> {
        let user = access.user;
        let mut listener = self.attend(access, self.hub.connect(user, access.session));
        // First hear everything from now on, then look how far everything is: nothing lies between. One's own
        // stream is first of all, so that a chat that is gained meanwhile is heard; who leaves one in the
        // meantime is found by looking at the memberships again.
        let mut read = self.db.read().await?;
        let own = Stream::from(user);
        let seq = streams::seqs(&mut read, &[own]).await?.get(&own).copied().unwrap_or_default();
        self.hub.begin([(own, seq)]);
        // Of what came until then, the places that are read next know.
        let before = members::places_of(&mut read, user).await?;
        drop(read);
        self.hub.listen(&listener.connection, before.iter().map(|place| place.chat.into()));
        let reach = Reach::of(&mut self.db.snapshot().await?, user).await?;
        let left =
            before.iter().map(|place| Stream::from(place.chat)).filter(|s| !reach.from.contains_key(s));
        self.hub.ignore(&listener.connection, left);
        if self.tokens.is_revoked(access.session) {
            return Err(Error::SessionEnded);
        }
        listener.at = cursor.map_or_else(|| reach.now.clone(), |cursor| reach.start(cursor));
        listener.reach = Cursor(self.hub.begin(reach.now.0).into_iter().collect());
        Ok(listener)
    }

    /// Begins to listen to one chat that somebody is in, from now on. It ends when they are in it no more.
    pub async fn listen_in(&self, access: Access, chat: ChatId) -> Result<Listener> {
        let user = access.user;
        find(&mut self.db.read().await?, chat, user).await?;
        let mut listener = self.attend(access, self.hub.connect_to(user, access.session, chat.into()));
        // As above: who leaves the chat in the meantime is found by looking once more.
        let mut read = self.db.snapshot().await?;
        find(&mut read, chat, user).await?;
        let now = streams::seqs(&mut read, &[user.into(), chat.into()]).await?;
        drop(read);
        if self.tokens.is_revoked(access.session) {
            return Err(Error::SessionEnded);
        }
        listener.reach = Cursor(self.hub.begin(now).into_iter().collect());
        listener.at = listener.reach.clone();
        // Nobody has missed anything yet who has only now asked.
        match listener.connection.go_live() {
            true => Ok(listener),
            false => Err(Error::Busy),
        }
    }

    fn attend(&self, access: Access, connection: Arc<Connection>) -> Listener {
        self.hub.presence.arrive(access.user);
        if access.kind == SessionKind::Token {
            self.hub.close_at(access.expires_at, &connection);
        }
        Listener {
            messenger: self.clone(),
            access,
            connection,
            is_away: AtomicBool::new(false),
            at: Cursor::default(),
            reach: Cursor::default(),
        }
    }
}

impl Listener {
    pub fn user(&self) -> UserId {
        self.connection.user
    }

    /// The next part of what was missed; `None` once everything was told and it is live.
    pub async fn replay(&mut self) -> Result<Option<Page>> {
        loop {
            if self.at != self.reach {
                let mut read = self.messenger.db.snapshot().await?;
                let next = page(&mut read, self.user(), self.at.clone(), &self.reach, REPLAYED).await?;
                self.at = next.cursor.clone();
                if !next.has_more {
                    self.at = self.reach.clone();
                }
                return Ok(Some(next));
            }
            if self.connection.go_live() {
                return Ok(None);
            }
            // So much happened meanwhile that the queue did not hold it: read that from the log too.
            let mut read = self.messenger.db.snapshot().await?;
            let reach = Reach::of(&mut read, self.user()).await?;
            self.at = reach.start(&self.at);
            self.reach = reach.now;
        }
    }

    /// How far it has been told from the log: the cursor at which it went live.
    pub fn cursor(&self) -> &Cursor {
        &self.reach
    }

    /// Waits until there is something to [`take`](Self::take).
    pub async fn woken(&self) {
        self.connection.woken().await;
    }

    /// Everything that waits, in order.
    pub fn take(&self) -> Taken {
        let mut taken = self.connection.take();
        if !self.reach.0.is_empty() {
            taken.events.retain(|telling| !self.reach.has(telling.event.position));
        }
        taken
    }

    /// Once some time has passed, nothing of before it was live is on its way any more.
    pub fn settle(&mut self) {
        (self.at, self.reach) = Default::default();
    }

    /// Says something in a chat.
    pub async fn post(&self, chat: ChatId, new: NewMessage) -> Result<Message> {
        self.access.require(Scopes::WRITE)?;
        self.messenger.as_user(self.access).post(chat, new).await
    }

    /// Marks a chat as read, up to a message or to the newest.
    pub async fn read(&self, chat: ChatId, upto: Option<MessageId>) -> Result<()> {
        self.access.require(Scopes::WRITE)?;
        self.messenger.as_user(self.access).chat(chat).await?.read(upto).await?;
        Ok(())
    }

    /// Marks a chat's messages as arrived, up to one of them.
    pub async fn delivered(&self, chat: ChatId, upto: MessageId) -> Result<()> {
        self.access.require(Scopes::WRITE)?;
        self.messenger.as_user(self.access).chat(chat).await?.delivered(upto).await
    }

    /// Says whether the person is looking.
    pub fn turn(&self, away: bool) {
        if self.is_away.swap(away, Ordering::Relaxed) != away {
            self.messenger.hub.presence.turn(self.user(), away);
        }
    }

    /// Tells the others in a chat that this one is typing, if it is in it, may write, and they may hear it.
    pub async fn typing(&self, chat: ChatId) -> Result<()> {
        let user = self.user();
        if self.access.scopes.contains(Scopes::WRITE)
            && self.connection.hears(chat.into())
            && members::blocked(&mut self.messenger.db.read().await?, chat, user).await? == 0
        {
            self.messenger.whisper(chat.into(), Whisper::Typing { chat, user });
        }
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.messenger.hub.disconnect(&self.connection);
        let (away, now) = (self.is_away.load(Ordering::Relaxed), self.messenger.clock.now());
        self.messenger.hub.presence.depart(self.user(), away, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_may_be_appended_to() {
        let cursor: Cursor = "a-1.zz-10".parse().unwrap();
        assert_eq!(cursor.to_string(), "a-1.zz-10");
        let moved: Cursor = "a-1.zz-10.a-2".parse().unwrap();
        assert_eq!(moved.to_string(), "a-2.zz-10");
        for wrong in ["a", "a-", "-1", "a--1", "a-1-2", "щ-1"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
