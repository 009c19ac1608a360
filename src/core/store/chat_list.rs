//! Chats as a member sees them: with the title for the reader, the last message and unread counts.
//!
//! One query reads the chats with what is unread in them, which is counted only where the newest message is not read. In
//! most chats there is nothing to count.
//!
//! Posting writes nothing per reader: unread messages are counted when the list is read, in a covering index. The count of
//! all but the newest is stored with the member: in the background after every some posts
//! ([`super::marks::count_on_for_members`]), and when the list finds many ([`super::marks::count_on`]). It is kept right by
//! what deletes ([`super::marks::uncount`]) and reads ([`super::marks::read`]) some of them.

use std::collections::HashMap;

use sea_query::{CaseStatement, Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::chats::{CHAT, ChatRecord, other};
use super::hidden::{hidden_by, is_seen, is_seen_at};
use super::history::restrict;
use super::schema::{Chat as C, HiddenMessage as H, Member as M, Mention as N, Message as Msg};
use super::unread::{FAR, counted_from, counts, last_read, messages_of_chat, unread_after};
use super::{Executor, Result, messages, users};
use crate::model::{
    Chat, ChatId, Message, MessageFilter, MessageId, Notify, Preferences, Right, Role, Time, UserId,
};

#[derive(FromRow)]
struct ListRow {
    #[sqlx(flatten)]
    chat: ChatRecord,
    #[sqlx(flatten)]
    preferences: PreferencesRow,
    role: Role,
    joined_seq: i64,
    /// The newest message that the reader has not hidden.
    last_message: Option<MessageId>,
    /// How many messages are unread, as far as they were counted when they were posted or later, or now.
    unread_count: i64,
    /// How many of them the reader has hidden.
    unread_and_hidden: i64,
    mention_count: i64,
    last_read: Option<MessageId>,
    /// Over how many sequence numbers unread messages had to be counted.
    uncounted: i64,
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
    let mut query = seen_by(reader, None);
    query.and_where(
        Expr::col((M::Table, M::HiddenSeq))
            .is_null()
            .or(newest_seq().gt(Expr::col((M::Table, M::HiddenSeq)))),
    );
    let rows: Vec<ListRow> = executor.all(&query).await?;
    let far_behind = rows.iter().filter(|row| row.uncounted > FAR).map(|row| row.chat.id).collect();
    let mut chats = hydrate(executor, reader, rows).await?;

    let activity =
        |chat: &Chat| chat.last_message.as_ref().map_or(chat.created_at, |message| message.sent_at);
    chats.sort_by_key(|chat| std::cmp::Reverse((activity(chat), chat.id())));
    Ok(List { chats, far_behind })
}

/// One chat as a member of it sees it, hidden or not.
pub async fn one(executor: &mut Executor, reader: UserId, chat: ChatId) -> Result<Option<Chat>> {
    let rows: Vec<ListRow> = executor.all(&seen_by(reader, Some(&[chat]))).await?;
    Ok(hydrate(executor, reader, rows).await?.pop())
}

/// Some chats as a member of them sees them, hidden or not; others are left out.
pub async fn some(executor: &mut Executor, reader: UserId, chats: &[ChatId]) -> Result<Vec<Chat>> {
    if chats.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ListRow> = executor.all(&seen_by(reader, Some(chats))).await?;
    hydrate(executor, reader, rows).await
}

/// Of each of some chats of a reader, the newest message that a filter includes and the reader has not hidden.
pub async fn newest_included(
    executor: &mut Executor,
    reader: UserId,
    chats: &[ChatId],
    filter: MessageFilter,
) -> Result<Vec<Message>> {
    let mut newest = newest_shown(reader);
    restrict(&mut newest, filter);
    let query = Query::select()
        .expr(Expr::from(newest))
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .and_where(Expr::col((M::Table, M::ChatId)).is_in(chats.iter().copied()))
        .to_owned();
    let found: Vec<(Option<MessageId>,)> = executor.all(&query).await?;
    let ids: Vec<MessageId> = found.into_iter().filter_map(|(id,)| id).collect();
    messages::by_ids_for(executor, &ids, reader).await
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
    let last: Vec<MessageId> = rows.iter().filter_map(|row| row.last_message).collect();
    let last = messages::by_ids_for(executor, &last, reader).await?;
    let mut last: HashMap<_, _> = last.into_iter().map(|message| (message.id, message)).collect();
    let of_pair = |pair: &Option<String>| pair.as_deref().map(|pair| other(pair, reader).unwrap_or(reader));
    let peers: Vec<UserId> = rows.iter().filter_map(|row| of_pair(&row.chat.pair)).collect();
    let peers = users::by_ids(executor, &peers).await?;
    let peers: HashMap<_, _> = peers.into_iter().map(|user| (user.id(), user.person)).collect();

    let mut chat = |row: ListRow| {
        let about = row.chat.about();
        let peer = of_pair(&row.chat.pair).and_then(|id| peers.get(&id).cloned());
        Chat {
            title: peer.as_ref().map_or_else(|| about.title.clone(), |peer| peer.display_name.clone()),
            created_at: row.chat.created_at,
            member_count: row.chat.member_count,
            peer: peer.filter(|peer| peer.id != reader),
            last_message: row.last_message.and_then(|id| last.remove(&id)),
            unread_count: row.unread_count - row.unread_and_hidden,
            mention_count: row.mention_count,
            last_read: row.last_read,
            since: row.joined_seq,
            role: row.role,
            code: row.chat.code.filter(|_| row.role.may(Right::Invite, about.kind)),
            preferences: row.preferences.into(),
            about,
        }
    };
    Ok(rows.into_iter().map(&mut chat).collect())
}

/// The columns with the newest message of a chat, also if the reader has hidden it.
const NEWEST_ID: &str = "newest_id";
const NEWEST_SEQ: &str = "newest_seq";

fn newest_seq() -> Expr {
    Expr::col((M::Table, NEWEST_SEQ))
}

/// The columns of a member that the list uses.
const MEMBER: [M; 8] =
    [M::ChatId, M::UserId, M::Role, M::JoinedSeq, M::ReadSeq, M::Counted, M::CountedSeq, M::HiddenSeq];

/// The memberships of a reader, all or those in some chats, each with the newest message of its chat.
fn memberships(reader: UserId, chats: Option<&[ChatId]>) -> SelectStatement {
    let newest = |column: Msg| {
        let mut newest = messages_of_chat();
        newest.column((Msg::Table, column)).order_by((Msg::Table, Msg::Seq), Order::Desc).limit(1);
        Expr::from(newest)
    };
    let mut query = Query::select()
        .columns(MEMBER.map(|column| (M::Table, column)))
        .columns(PREFERENCES)
        .expr_as(newest(Msg::Id), NEWEST_ID)
        .expr_as(newest(Msg::Seq), NEWEST_SEQ)
        .from(M::Table)
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        // With a limit, a database reads these first and does not merge them into the query around, in which it would
        // look for the newest message each time that it is mentioned.
        .limit(u64::from(u32::MAX))
        .to_owned();
    if let Some(chats) = chats {
        query.and_where(Expr::col((M::Table, M::ChatId)).is_in(chats.iter().copied()));
    }
    query
}

/// The chats of a reader, all or some, as rows.
fn seen_by(reader: UserId, chats: Option<&[ChatId]>) -> SelectStatement {
    // The subqueries for unread and for hidden messages run only where there are some.
    let unread = |subquery: Expr, otherwise: Expr| -> Expr {
        let is_unread = newest_seq().gt(Expr::col((M::Table, M::ReadSeq)));
        CaseStatement::new().case(is_unread, subquery).finally(otherwise).into()
    };
    let hides = || Expr::exists(hidden_by(reader, (M::Table, M::ChatId)));
    let hiding = |subquery: SelectStatement, otherwise: Expr| -> Expr {
        CaseStatement::new().case(hides(), Expr::from(subquery)).finally(otherwise).into()
    };
    let newest_id = || Expr::col((M::Table, NEWEST_ID));
    let counted = || Expr::col((M::Table, M::Counted));
    let unread_count = counted().add(Expr::from(unread_after(reader, counted_from())));
    Query::select()
        .columns(CHAT)
        .columns(PREFERENCES)
        .columns([M::Role, M::JoinedSeq].map(|column| (M::Table, column)))
        .expr_as(hiding(newest_shown(reader), newest_id()), "last_message")
        .expr_as(unread(unread_count, counted()), "unread_count")
        .expr_as(hiding(unread_and_hidden(reader), Expr::val(0)), "unread_and_hidden")
        .expr_as(unread(Expr::from(mention_count(reader)), Expr::val(0)), "mention_count")
        .expr_as(unread(last_read(), newest_id()), "last_read")
        .expr_as(unread(newest_seq().sub(counted_from()), Expr::val(0)), "uncounted")
        .from_subquery(memberships(reader, chats), M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
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

/// The newest message that the reader has not hidden.
fn newest_shown(reader: UserId) -> SelectStatement {
    messages_of_chat()
        .column((Msg::Table, Msg::Id))
        .and_where(is_seen(reader))
        .order_by((Msg::Table, Msg::Seq), Order::Desc)
        .limit(1)
        .to_owned()
}
