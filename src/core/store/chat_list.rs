//! Chats as a member sees them: with the title for the reader, the last message and unread counts.
//!
//! The list is read in two steps: first every chat with its newest message, then what is unread, but only in chats whose
//! newest message the reader has not read. In most chats there is nothing to count.
//!
//! Posting writes nothing per reader: unread messages are counted when the list is read, in a covering index. The count of
//! all but the newest is stored with the member: in the background after every some posts
//! ([`super::marks::count_on_for_members`]), and when the list finds many ([`super::marks::count_on`]). It is kept right by
//! what deletes ([`super::marks::uncount`]) and reads ([`super::marks::read`]) some of them.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::chats::{CHAT, ChatRecord, other};
use super::hidden::{is_seen, is_seen_at};
use super::schema::{Chat as C, HiddenMessage as H, Member as M, Mention as N, Message as Msg};
use super::unread::{FAR, counted_from, counts, last_read, messages_of_chat, unread_after};
use super::{Executor, Result, messages, users};
use crate::model::{Chat, ChatId, Message, MessageId, Notify, Preferences, Right, Role, Time, UserId};

#[derive(FromRow)]
struct ListRow {
    #[sqlx(flatten)]
    chat: ChatRecord,
    #[sqlx(flatten)]
    preferences: PreferencesRow,
    role: Role,
    /// The sequence number after which unread messages are counted.
    counted_from: i64,
    /// The unread messages up to there.
    counted: i64,
    read_seq: i64,
    /// The newest message, even if the reader has hidden it.
    newest: Option<MessageId>,
    /// Whether the reader has hidden messages of the chat: 0 or 1.
    hides: i64,
    joined_seq: i64,
}

/// What is unread in a chat, including hidden messages.
#[derive(FromRow)]
struct UnreadRow {
    chat_id: ChatId,
    unread_count: i64,
    mention_count: i64,
    last_read: Option<MessageId>,
}

/// A chat in which the reader has hidden messages.
#[derive(FromRow)]
struct HidingRow {
    chat_id: ChatId,
    /// How many of the unread messages are hidden.
    unread_and_hidden: i64,
    /// The newest message that is not hidden.
    last_message: Option<MessageId>,
}

#[derive(FromRow)]
struct PreferencesRow {
    muted_until: Option<Time>,
    pinned_at: Option<Time>,
    archived_at: Option<Time>,
    notify: Notify,
}

const PREFERENCES: [(M, M); 4] =
    [(M::Table, M::MutedUntil), (M::Table, M::PinnedAt), (M::Table, M::ArchivedAt), (M::Table, M::Notify)];

impl From<PreferencesRow> for Preferences {
    fn from(row: PreferencesRow) -> Self {
        Self {
            muted_until: row.muted_until,
            is_pinned: row.pinned_at.is_some(),
            is_archived: row.archived_at.is_some(),
            notify: row.notify,
        }
    }
}

/// A user's chats.
pub struct List {
    /// The most recently active first.
    pub chats: Vec<Chat>,
    /// Chats with so many unread messages that the count should be stored.
    pub far_behind: Vec<ChatId>,
}

/// The chats of a user, without hidden ones that have no new message.
pub async fn of_user(executor: &mut Executor, reader: UserId) -> Result<List> {
    let mut query = seen_by(reader);
    query.and_where(Expr::col((M::Table, M::HiddenSeq)).is_null().or(Expr::exists(newer_than_hidden())));
    let rows: Vec<ListRow> = executor.all(&query).await?;
    let counted: HashMap<ChatId, i64> = rows.iter().map(|row| (row.chat.id, row.counted_from)).collect();
    let mut chats = hydrate(executor, reader, rows).await?;

    let activity =
        |chat: &Chat| chat.last_message.as_ref().map_or(chat.created_at, |message| message.sent_at);
    chats.sort_by_key(|chat| std::cmp::Reverse((activity(chat), chat.id())));
    let is_far = |chat: &&Chat| {
        let last = chat.last_message.as_ref().map_or(0, |message| message.seq);
        last - counted.get(&chat.id()).copied().unwrap_or(last) > FAR
    };
    let far_behind = chats.iter().filter(is_far).map(Chat::id).collect();
    Ok(List { chats, far_behind })
}

/// One chat as a member of it sees it, hidden or not.
pub async fn one(executor: &mut Executor, reader: UserId, chat: ChatId) -> Result<Option<Chat>> {
    let mut query = seen_by(reader);
    query.and_where(Expr::col((M::Table, M::ChatId)).eq(chat));
    let rows: Vec<ListRow> = executor.all(&query).await?;
    Ok(hydrate(executor, reader, rows).await?.pop())
}

/// Some chats as a member of them sees them, hidden or not; others are left out.
pub async fn some(executor: &mut Executor, reader: UserId, chats: &[ChatId]) -> Result<Vec<Chat>> {
    if chats.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = seen_by(reader);
    query.and_where(Expr::col((M::Table, M::ChatId)).is_in(chats.iter().copied()));
    let rows: Vec<ListRow> = executor.all(&query).await?;
    hydrate(executor, reader, rows).await
}

/// A member's preferences for a chat.
pub async fn preferences(
    executor: &mut Executor,
    reader: UserId,
    chat: ChatId,
) -> Result<Option<Preferences>> {
    let query = Query::select()
        .columns(PREFERENCES)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(reader))
        .to_owned();
    let row: Option<PreferencesRow> = executor.one(&query).await?;
    Ok(row.map(Preferences::from))
}

async fn hydrate(executor: &mut Executor, reader: UserId, rows: Vec<ListRow>) -> Result<Vec<Chat>> {
    let newest: Vec<MessageId> = rows.iter().filter_map(|row| row.newest).collect();
    let newest = messages::by_ids_for(executor, &newest, reader).await?;
    let mut messages: HashMap<_, _> = newest.into_iter().map(|message| (message.id, message)).collect();
    let unread = unread(executor, reader, &rows, &messages).await?;
    let hiding = hiding(executor, reader, &rows).await?;
    let shown: Vec<MessageId> = hiding.values().filter_map(|row| row.last_message).collect();
    let shown = messages::by_ids_for(executor, &shown, reader).await?;
    messages.extend(shown.into_iter().map(|message| (message.id, message)));
    let of_pair = |pair: &Option<String>| pair.as_deref().map(|pair| other(pair, reader).unwrap_or(reader));
    let peers: Vec<UserId> = rows.iter().filter_map(|row| of_pair(&row.chat.pair)).collect();
    let peers = users::by_ids(executor, &peers).await?;
    let peers: HashMap<_, _> = peers.into_iter().map(|user| (user.id(), user.person)).collect();

    let mut chat = |row: ListRow| {
        let about = row.chat.about();
        let peer = of_pair(&row.chat.pair).and_then(|id| peers.get(&id).cloned());
        let (unread, hiding) = (unread.get(&row.chat.id), hiding.get(&row.chat.id));
        let last_message = hiding.map_or(row.newest, |row| row.last_message);
        let unread_and_hidden = hiding.map_or(0, |row| row.unread_and_hidden);
        Chat {
            title: peer.as_ref().map_or_else(|| about.title.clone(), |peer| peer.display_name.clone()),
            created_at: row.chat.created_at,
            member_count: row.chat.member_count,
            peer: peer.filter(|peer| peer.id != reader),
            last_message: last_message.and_then(|id| messages.remove(&id)),
            unread_count: unread.map_or(row.counted, |unread| unread.unread_count) - unread_and_hidden,
            mention_count: unread.map_or(0, |unread| unread.mention_count),
            last_read: unread.map_or(row.newest, |unread| unread.last_read),
            since: row.joined_seq,
            role: row.role,
            code: row.chat.code.filter(|_| row.role.may(Right::Invite, about.kind)),
            preferences: row.preferences.into(),
            about,
        }
    };
    Ok(rows.into_iter().map(&mut chat).collect())
}

/// What is unread in chats whose newest message the reader has not read; in all others nothing is.
async fn unread(
    executor: &mut Executor,
    reader: UserId,
    rows: &[ListRow],
    newest: &HashMap<MessageId, Message>,
) -> Result<HashMap<ChatId, UnreadRow>> {
    let is_read = |row: &&ListRow| match row.newest {
        Some(id) => newest.get(&id).is_some_and(|message| message.seq <= row.read_seq),
        None => true,
    };
    let chats: Vec<ChatId> = rows.iter().filter(|row| !is_read(row)).map(|row| row.chat.id).collect();
    if chats.is_empty() {
        return Ok(HashMap::new());
    }
    let count = Expr::col((M::Table, M::Counted)).add(Expr::from(unread_after(reader, counted_from())));
    let mut query = memberships(reader, chats);
    query
        .expr_as(count, "unread_count")
        .expr_as(Expr::from(mention_count(reader)), "mention_count")
        .expr_as(last_read(), "last_read");
    let rows: Vec<UnreadRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row)).collect())
}

/// The chats in which the reader has hidden messages.
async fn hiding(
    executor: &mut Executor,
    reader: UserId,
    rows: &[ListRow],
) -> Result<HashMap<ChatId, HidingRow>> {
    let chats: Vec<ChatId> = rows.iter().filter(|row| row.hides > 0).map(|row| row.chat.id).collect();
    if chats.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = memberships(reader, chats);
    query
        .expr_as(Expr::from(unread_and_hidden(reader)), "unread_and_hidden")
        .expr_as(Expr::from(newest_shown(reader)), "last_message");
    let rows: Vec<HidingRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row)).collect())
}

fn memberships(reader: UserId, chats: Vec<ChatId>) -> SelectStatement {
    Query::select()
        .column((M::Table, M::ChatId))
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .and_where(Expr::col((M::Table, M::ChatId)).is_in(chats))
        .to_owned()
}

/// The chats of a reader, as rows.
fn seen_by(reader: UserId) -> SelectStatement {
    Query::select()
        .columns(CHAT)
        .columns(PREFERENCES)
        .columns([M::Role, M::JoinedSeq, M::ReadSeq, M::Counted].map(|column| (M::Table, column)))
        .expr_as(counted_from(), "counted_from")
        .expr_as(Expr::from(newest()), "newest")
        .expr_as(Expr::exists(hidden(reader)), "hides")
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .to_owned()
}

/// Of those that are unread, the few that the reader hid.
fn unread_and_hidden(reader: UserId) -> SelectStatement {
    let same = |theirs: Msg, ours: H| Expr::col((Msg::Table, theirs)).equals((H::Table, ours));
    Query::select()
        .expr(Func::count(Expr::col((H::Table, H::Seq))))
        .from(H::Table)
        // SQLite scans the first table of a cross join first: the few hidden messages instead of all unread ones.
        .cross_join(Msg::Table)
        .and_where(same(Msg::ChatId, H::ChatId))
        .and_where(same(Msg::Seq, H::Seq))
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((H::Table, H::Seq)).gt(Expr::col((M::Table, M::ReadSeq))))
        .and_where(counts(reader))
        .to_owned()
}

/// Counts unread messages that mention the reader or everybody.
fn mention_count(reader: UserId) -> SelectStatement {
    Query::select()
        // A message may mention both.
        .expr(Func::count_distinct(Expr::col((N::Table, N::Seq))))
        .from(N::Table)
        .and_where(Expr::col((N::Table, N::UserId)).is_in([reader, UserId(0)]))
        .and_where(Expr::col((N::Table, N::ChatId)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((N::Table, N::Seq)).gt(Expr::col((M::Table, M::ReadSeq))))
        .and_where(Expr::col((N::Table, N::AuthorId)).ne(reader))
        .and_where(is_seen_at(reader, (N::Table, N::ChatId), (N::Table, N::Seq)))
        .to_owned()
}

fn newest() -> SelectStatement {
    messages_of_chat()
        .column((Msg::Table, Msg::Id))
        .order_by((Msg::Table, Msg::Seq), Order::Desc)
        .limit(1)
        .to_owned()
}

/// The newest message that the reader has not hidden.
fn newest_shown(reader: UserId) -> SelectStatement {
    newest().and_where(is_seen(reader)).to_owned()
}

/// The messages of a chat that the reader has hidden.
fn hidden(reader: UserId) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).equals((M::Table, M::ChatId)))
        .to_owned()
}

fn newer_than_hidden() -> SelectStatement {
    messages_of_chat()
        .expr(Expr::val(1))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).gt(Expr::col((M::Table, M::HiddenSeq))))
        .to_owned()
}
