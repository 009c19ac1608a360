//! Synchronization: all events after a cursor, for `GET /sync` and for sockets, each once and none left out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::boxed;
use crate::hub::{Connection, EphemeralEvent, Queued};
use crate::messenger::accounts::token::Access;
use crate::messenger::chats::lookup::find;
use crate::messenger::chats::membership::Membership;
use crate::messenger::foundation::{Error, Limit, Result, event_log};
use crate::messenger::live::cursor::{Cursor, expand};
use crate::messenger::messages::request::NewMessage;
use crate::messenger::{Caller, Messenger};
use crate::model::{ChatId, Event, Message, MessageId, Position, Right, Scopes, SessionKind, Stream, UserId};
use crate::store::events::{self, Range, Record};
use crate::store::{Executor, members, streams};

/// The most events of one page.
const MAX_PAGE: u64 = 500;
/// The longest wait for an event: shorter than the timeouts of proxies.
const MAX_WAIT: Duration = Duration::from_secs(50);
/// The events of one page of a replay, which is what each socket holds in memory.
const REPLAY_PAGE: u64 = 100;

/// A stream whose missing events are no longer stored: the client must load its chat anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The chat; `None` for the reader's own stream.
    pub chat: Option<ChatId>,
    /// The position after which events follow again.
    pub position: Position,
}

/// A page of events, and the cursor after it.
#[derive(Debug, Default)]
pub struct Page {
    pub events: Vec<Event>,
    pub gaps: Vec<Gap>,
    pub cursor: Cursor,
    pub has_more: bool,
    /// How many events of the log it covers, also those that are left out because their subject is gone.
    pub covered: u64,
}

/// The range of events of each of a user's streams that the user may read.
struct Readable {
    /// Where each stream begins for the user: where they joined the chat.
    starts: BTreeMap<Stream, i64>,
    /// The current end of each stream.
    ends: Cursor,
}

impl Readable {
    async fn of(executor: &mut Executor, user: UserId) -> Result<Self> {
        let memberships = members::memberships_of(executor, user).await?;
        let mut starts: BTreeMap<Stream, i64> =
            memberships.iter().map(|member| (member.chat.into(), member.joined_seq)).collect();
        let own = Stream::from(user);
        starts.insert(own, 0);
        let ids: Vec<Stream> = starts.keys().copied().collect();
        let ends: BTreeMap<Stream, i64> = streams::seqs(executor, &ids).await?.into_iter().collect();
        // A cursor without the user's own stream starts at its end: there is nothing to catch up with.
        starts.insert(own, ends.get(&own).copied().unwrap_or_default());
        Ok(Self { starts, ends: Cursor(ends) })
    }

    /// Where to start with a cursor: where it says, and for streams that it does not contain where the user joined. Who
    /// joins again also reads what happened in between, as in the history: members may read all of it. Where the stored
    /// cursor that it refers to is gone, nothing is known: the position that is ahead of every stream leaves a gap.
    fn start(&self, cursor: &Cursor) -> Cursor {
        let is_lost = cursor.stored().is_some();
        let start = |(stream, start): (&Stream, &i64)| {
            let known = cursor.0.get(stream).copied();
            (*stream, known.unwrap_or(if is_lost { i64::MAX } else { *start }))
        };
        Cursor(self.starts.iter().map(start).collect())
    }
}

/// Reads the next events from `cursor` up to `ends`, those of the reader's own stream first.
async fn page(
    executor: &mut Executor,
    reader: UserId,
    mut cursor: Cursor,
    ends: &Cursor,
    limit: u64,
) -> Result<Page> {
    let own = Stream::from(reader);
    let mut behind: Vec<(Stream, i64, i64)> = Vec::new();
    let mut gaps = Vec::new();
    for (stream, seq) in &cursor.0 {
        let end = ends.0.get(stream).copied().unwrap_or_default();
        if *seq < end {
            behind.push((*stream, *seq, end));
        } else if *seq > end {
            // The cursor is ahead of the stream, as after an older backup of the database was restored.
            gaps.push(gap(own, *stream, end));
        }
    }
    behind.sort_by_key(|(stream, ..)| *stream != own);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut room = most;
    let mut ranges = Vec::new();
    let mut has_more = false;
    for (stream, seq, end) in &behind {
        if room == 0 {
            has_more = true;
            break;
        }
        // Sequence numbers have no holes: it is known how many events there are.
        let taken = room.min(end - seq);
        ranges.push(Range { stream: *stream, after: *seq, up_to: seq + taken });
        room -= taken;
    }
    let mut found: BTreeMap<Stream, Vec<Record>> = BTreeMap::new();
    for record in events::in_ranges(executor, &ranges).await? {
        found.entry(record.stream).or_default().push(record);
    }
    let mut records: Vec<Record> = Vec::new();
    for (Range { stream, after, .. }, (.., end)) in ranges.into_iter().zip(behind) {
        let found = found.remove(&stream).unwrap_or_default();
        match (found.first(), found.last()) {
            // Without holes: the events of messages may be there while others before them were pruned.
            (Some(first), Some(last)) if first.seq == after + 1 && last.seq - after == found.len() as i64 => {
                has_more |= last.seq < end;
                cursor.0.insert(stream, last.seq);
                records.extend(found);
            }
            // The log was pruned: the remaining events are of no use without the pruned ones.
            _ => gaps.push(gap(own, stream, end)),
        }
    }
    for gap in &gaps {
        cursor.0.insert(gap.position.stream, gap.position.seq);
    }
    let events = event_log::hydrate(executor, reader, &records).await?;
    let covered = u64::try_from(most - room).unwrap_or_default();
    Ok(Page { events, gaps, cursor, has_more, covered })
}

fn gap(own: Stream, stream: Stream, seq: i64) -> Gap {
    Gap { chat: (stream != own).then_some(ChatId(stream.0)), position: Position { stream, seq } }
}

impl Caller {
    /// The events after a cursor. Without a cursor: no events, and the current cursor.
    #[boxed]
    pub async fn sync(&self, cursor: Option<&Cursor>, limit: Option<u64>) -> Result<Page> {
        let reader = self.access.user;
        let mut read = self.messenger.db.snapshot().await?;
        let readable = Readable::of(&mut read, reader).await?;
        let page = match cursor {
            None => Page { cursor: readable.ends, ..Page::default() },
            Some(cursor) => {
                let limit = limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
                let start = readable.start(&expand(&mut read, reader, cursor).await?);
                page(&mut read, reader, start, &readable.ends, limit).await?
            }
        };
        drop(read);
        Ok(Page { cursor: self.messenger.shorten(reader, page.cursor, cursor).await?, ..page })
    }
}

impl Caller {
    /// The same; if there are no events, waits until there are some, for clients that can't open a WebSocket. Meanwhile the
    /// user is online.
    #[boxed]
    pub async fn sync_waiting(
        &self,
        cursor: Option<&Cursor>,
        limit: Option<u64>,
        wait: Duration,
    ) -> Result<Page> {
        let page = self.sync(cursor, limit).await?;
        let Some(cursor) = cursor.filter(|_| !wait.is_zero() && page.is_empty()) else { return Ok(page) };
        let listener = self.messenger.listen(self.access, Some(cursor)).await?;
        // What happened before it listened is not in its queue.
        let page = self.sync(Some(cursor), limit).await?;
        if !page.is_empty() {
            return Ok(page);
        }
        let heard = async {
            loop {
                listener.ready().await;
                let Queued { events, ephemeral, closed } = listener.connection.take();
                if closed.is_some() || !events.is_empty() || ephemeral.is_empty() {
                    return;
                }
            }
        };
        // Without events the page is empty, as it was.
        let _ = tokio::time::timeout(wait.min(MAX_WAIT), heard).await;
        if self.messenger.tokens.is_revoked(self.access.session) {
            return Err(Error::SessionEnded);
        }
        self.sync(Some(cursor), limit).await
    }
}

impl Page {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.gaps.is_empty() && !self.has_more
    }
}

impl Caller {
    /// The same for a single chat; the cursor stays as it is for all other streams.
    #[boxed]
    pub async fn sync_chat(&self, chat: ChatId, cursor: Option<&Cursor>, limit: Option<u64>) -> Result<Page> {
        let reader = self.access.user;
        let mut read = self.messenger.db.snapshot().await?;
        find(&mut read, chat, reader).await?;
        let mut readable = Readable::of(&mut read, reader).await?;
        readable.starts.retain(|stream, _| *stream == chat.into());
        readable.ends.0.retain(|stream, _| *stream == chat.into());
        let Some(cursor) = cursor else {
            return Ok(Page { cursor: readable.ends, ..Page::default() });
        };
        let limit = limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
        let start = readable.start(&expand(&mut read, reader, cursor).await?);
        let mut page = page(&mut read, reader, start, &readable.ends, limit).await?;
        let mut moved = cursor.clone();
        moved.0.extend(std::mem::take(&mut page.cursor.0));
        Ok(Page { cursor: moved, ..page })
    }
}

/// A live connection: it first replays missed events from the log, then gets events as they happen.
pub struct Listener {
    messenger: Messenger,
    access: Access,
    connection: Arc<Connection>,
    /// Whether the user is away from this connection.
    is_away: AtomicBool,
    /// How far the replay has got.
    replayed: Cursor,
    /// Where the replay ends. Queued events up to here were replayed, and are skipped.
    replay_end: Cursor,
    /// The same, as short as clients keep it; known once the connection is live.
    cursor: Cursor,
}

impl Messenger {
    /// Opens a live connection; with a cursor, events after it are replayed first.
    #[boxed]
    pub async fn listen(&self, access: Access, cursor: Option<&Cursor>) -> Result<Listener> {
        let user = access.user;
        let mut listener = self.listener(access, self.hub.connect(user, access.session));
        // First subscribe, then read the positions, so that no event lies between. The user's own stream comes first,
        // so that a chat gained meanwhile is noticed; a chat left meanwhile is found by reading the memberships again.
        let mut read = self.db.read().await?;
        let own = Stream::from(user);
        let seq = streams::seqs(&mut read, &[own]).await?.get(&own).copied().unwrap_or_default();
        self.hub.start_at([(own, seq)]);
        // Chats gained before that are among the memberships read next.
        let before = members::memberships_of(&mut read, user).await?;
        drop(read);
        self.hub.subscribe(&listener.connection, before.iter().map(|member| member.chat.into()));
        let readable = Readable::of(&mut self.db.snapshot().await?, user).await?;
        let before = before.iter().map(|member| Stream::from(member.chat));
        let left = before.filter(|stream| !readable.starts.contains_key(stream));
        self.hub.unsubscribe(&listener.connection, left);
        if self.tokens.is_revoked(access.session) {
            return Err(Error::SessionEnded);
        }
        listener.replayed = match cursor {
            Some(cursor) => readable.start(&expand(&mut self.db.read().await?, user, cursor).await?),
            None => readable.ends.clone(),
        };
        listener.replay_end = Cursor(self.hub.start_at(readable.ends.0).into_iter().collect());
        Ok(listener)
    }

    /// Opens a live connection to a single chat of the user, without a replay. It is closed when the user leaves the chat.
    #[boxed]
    pub async fn listen_to_chat(&self, access: Access, chat: ChatId) -> Result<Listener> {
        self.listen_to(access, chat, false).await
    }

    /// The same to a further chat of a client that has one such connection already: it does not count as another one of the
    /// user's.
    #[boxed]
    pub async fn listen_to_another_chat(&self, access: Access, chat: ChatId) -> Result<Listener> {
        self.listen_to(access, chat, true).await
    }

    async fn listen_to(&self, access: Access, chat: ChatId, is_part: bool) -> Result<Listener> {
        let user = access.user;
        find(&mut self.db.read().await?, chat, user).await?;
        let connection = self.hub.connect_to_chat(user, access.session, chat.into(), is_part);
        let mut listener = self.listener(access, connection);
        // As above: that the user left the chat meanwhile is found by looking it up again.
        let mut read = self.db.snapshot().await?;
        find(&mut read, chat, user).await?;
        let now = streams::seqs(&mut read, &[user.into(), chat.into()]).await?;
        drop(read);
        if self.tokens.is_revoked(access.session) {
            return Err(Error::SessionEnded);
        }
        listener.replay_end = Cursor(self.hub.start_at(now).into_iter().collect());
        listener.replayed = listener.replay_end.clone();
        // There is nothing to replay.
        match listener.connection.go_live() {
            true => Ok(listener),
            false => Err(Error::Busy),
        }
    }

    fn listener(&self, access: Access, connection: Arc<Connection>) -> Listener {
        self.hub.presence.connected(access.user);
        if access.kind == SessionKind::Token {
            self.hub.close_at(access.expires_at, &connection);
        }
        Listener {
            messenger: self.clone(),
            access,
            connection,
            is_away: AtomicBool::new(false),
            replayed: Cursor::default(),
            replay_end: Cursor::default(),
            cursor: Cursor::default(),
        }
    }
}

impl Listener {
    pub fn user(&self) -> UserId {
        self.connection.user
    }

    /// Whether it is to a further chat of a client, and another one stands for the client's connection.
    pub fn is_part(&self) -> bool {
        self.connection.is_part()
    }

    /// From now on it stands for the client's connection.
    pub fn stand_for_all(&self) {
        self.connection.stand_for_all();
    }

    /// The next page of missed events; `None` once all were replayed and the connection is live.
    #[boxed]
    pub async fn replay(&mut self) -> Result<Option<Page>> {
        loop {
            if self.replayed != self.replay_end {
                let mut read = self.messenger.db.snapshot().await?;
                let from = self.replayed.clone();
                let next = page(&mut read, self.user(), from, &self.replay_end, REPLAY_PAGE).await?;
                self.replayed = next.cursor.clone();
                if !next.has_more {
                    self.replayed = self.replay_end.clone();
                }
                return Ok(Some(next));
            }
            if self.connection.go_live() {
                self.cursor = self.messenger.shorten(self.user(), self.replay_end.clone(), None).await?;
                return Ok(None);
            }
            // The queue overflowed meanwhile: replay what it dropped too.
            let mut read = self.messenger.db.snapshot().await?;
            let readable = Readable::of(&mut read, self.user()).await?;
            self.replayed = readable.start(&self.replayed);
            self.replay_end = readable.ends;
        }
    }

    /// The cursor at the end of the replay, where the connection went live.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Waits until there is something to [`take`](Self::take).
    pub fn ready(&self) -> impl Future<Output = ()> + Send + '_ {
        self.connection.ready()
    }

    /// Empties the queue and returns its content, in order, without events that were replayed.
    pub fn take(&self) -> Queued {
        let mut queued = self.connection.take();
        if !self.replay_end.0.is_empty() {
            queued.events.retain(|outbound| !self.replay_end.includes(outbound.event.position));
        }
        queued
    }

    /// Frees the replay's cursors. To be called when no replayed event can arrive in the queue any more.
    pub fn forget_replay(&mut self) {
        (self.replayed, self.replay_end, self.cursor) = Default::default();
    }

    /// Posts a message in a chat.
    #[boxed]
    pub async fn post(&self, chat: ChatId, new: NewMessage) -> Result<Message> {
        self.access.require(Scopes::WRITE)?;
        self.messenger.as_user(self.access).post(chat, new).await
    }

    /// Marks a chat as read, up to a message or all of it.
    #[boxed]
    pub async fn read(&self, chat: ChatId, upto: Option<MessageId>) -> Result<()> {
        self.access.require(Scopes::WRITE)?;
        self.chat_to_mark(chat).await?.read(upto).await?;
        Ok(())
    }

    /// Marks a chat's messages as delivered, up to one of them.
    #[boxed]
    pub async fn delivered(&self, chat: ChatId, upto: MessageId) -> Result<()> {
        self.access.require(Scopes::WRITE)?;
        self.chat_to_mark(chat).await?.delivered(upto).await
    }

    /// A chat of the user. Marking counts itself; a frame for a chat that is not the user's counts too, because it reads
    /// the database as well.
    async fn chat_to_mark(&self, chat: ChatId) -> Result<Membership> {
        let limit = Limit::Mark(self.user());
        self.messenger.limits.check(limit)?;
        let found = self.messenger.as_user(self.access).chat(chat).await;
        if found.is_err() {
            self.messenger.limit(limit)?;
        }
        found
    }

    /// Sets whether the user is away from this connection.
    pub fn set_away(&self, away: bool) {
        if self.is_away.swap(away, Ordering::Relaxed) != away {
            self.messenger.hub.presence.set_away(self.user(), away);
        }
    }

    /// Tells the other members of a chat that the user is typing, if the user may post in it.
    ///
    /// Each time reads the database, so what comes too often is not told.
    #[boxed]
    pub async fn typing(&self, chat: ChatId) -> Result<()> {
        let user = self.user();
        if self.messenger.limit(Limit::Typing(user)).is_err() {
            return Ok(());
        }
        if !self.access.scopes.contains(Scopes::WRITE) || !self.connection.is_subscribed_to(chat.into()) {
            return Ok(());
        }
        let mut read = self.messenger.db.read().await?;
        let (about, member) = match find(&mut read, chat, user).await {
            // No longer.
            Err(Error::NotFound(_) | Error::Forbidden(_)) => return Ok(()),
            found => found?,
        };
        if member.role.may(Right::posting(about.is_read_only), about.kind)
            && members::blocked(&mut read, chat, user).await? == 0
        {
            self.messenger.send_ephemeral(chat.into(), EphemeralEvent::Typing { chat, user });
        }
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.messenger.hub.disconnect(&self.connection);
        let (away, now) = (self.is_away.load(Ordering::Relaxed), self.messenger.clock.now());
        self.messenger.hub.presence.disconnected(self.user(), away, now);
    }
}
