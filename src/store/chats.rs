//! Chats, and the list of them as a member sees it.

use std::collections::HashMap;

use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Chat as C, HiddenMessage as H, Member as M, Message as Msg};
use super::{Result, Run, members, messages, users};
use crate::model::{Chat, ChatId, ChatKind, Kind, MessageId, Role, Time, UserId};

/// A chat itself, whoever looks at it.
#[derive(Debug, Clone, FromRow)]
pub struct Plain {
    pub id: ChatId,
    pub kind: ChatKind,
    pub title: String,
    pub pair: Option<String>,
    pub is_read_only: bool,
    /// How many milliseconds what is said stays; for good without it.
    pub message_life: Option<i64>,
    pub creator_id: UserId,
    pub created_at: Time,
}

const PLAIN: [C; 8] =
    [C::Id, C::Kind, C::Title, C::Pair, C::IsReadOnly, C::MessageLife, C::CreatorId, C::CreatedAt];

/// The key of a private chat: its two members, the lower first.
pub fn pair(one: UserId, other: UserId) -> String {
    format!("{}:{}", Ord::min(one, other), Ord::max(one, other))
}

fn plain() -> SelectStatement {
    Query::select().columns(PLAIN).from(C::Table).to_owned()
}

pub async fn insert(run: &mut impl Run, chat: &Plain) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::Id, C::Kind, C::Title, C::TitleFolded, C::Pair, C::CreatorId, C::CreatedAt])
        .values_panic([
            chat.id.into(),
            chat.kind.into(),
            chat.title.as_str().into(),
            crate::model::fold(&chat.title).into(),
            chat.pair.clone().into(),
            chat.creator_id.into(),
            chat.created_at.into(),
        ])
        .to_owned();
    run.execute(&insert).await
}

#[derive(FromRow)]
struct SeatRow {
    #[sqlx(flatten)]
    chat: Plain,
    role: Option<Role>,
    joined_seq: Option<i64>,
    read_seq: Option<i64>,
}

/// A chat that was not deleted, and somebody's place in it.
pub async fn with_place(
    run: &mut impl Run,
    id: ChatId,
    user: UserId,
) -> Result<Option<(Plain, Option<members::Place>)>> {
    let own = Expr::col((M::Table, M::ChatId)).equals((C::Table, C::Id));
    let question = Query::select()
        .columns(PLAIN.map(|column| (C::Table, column)))
        .columns([M::Role, M::JoinedSeq, M::ReadSeq].map(|column| (M::Table, column)))
        .from(C::Table)
        .left_join(M::Table, own.and(Expr::col((M::Table, M::UserId)).eq(user)))
        .and_where(Expr::col((C::Table, C::Id)).eq(id))
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .to_owned();
    let row: Option<SeatRow> = run.one(&question).await?;
    Ok(row.map(|SeatRow { chat, role, joined_seq, read_seq }| {
        let place = role.zip(joined_seq).zip(read_seq);
        let place = place.map(|((role, joined_seq), read_seq)| members::Place {
            chat: id,
            user,
            role,
            joined_seq,
            read_seq,
        });
        (chat, place)
    }))
}

pub async fn by_pair(run: &mut impl Run, pair: &str) -> Result<Option<Plain>> {
    run.one(plain().and_where(Expr::col(C::Pair).eq(pair)).and_where(Expr::col(C::DeletedAt).is_null())).await
}

pub async fn rename(run: &mut impl Run, id: ChatId, title: &str) -> Result<()> {
    let update =
        Query::update().table(C::Table).value(C::Title, title).and_where(Expr::col(C::Id).eq(id)).to_owned();
    run.execute(&update).await
}

/// Marks a chat as gone. Its messages are swept later.
pub async fn delete(run: &mut impl Run, id: ChatId, now: Time) -> Result<()> {
    let update = Query::update()
        .table(C::Table)
        .value(C::DeletedAt, now)
        .and_where(Expr::col(C::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Chats that were deleted and still have messages.
pub async fn deleted(run: &mut impl Run, limit: u64) -> Result<Vec<ChatId>> {
    let has_messages = Query::select()
        .expr(Expr::val(1))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((C::Table, C::Id)))
        .to_owned();
    let question = Query::select()
        .column(C::Id)
        .from(C::Table)
        .and_where(Expr::col(C::DeletedAt).is_not_null())
        .and_where(Expr::exists(has_messages))
        .limit(limit)
        .to_owned();
    Ok(run.all::<(ChatId,)>(&question).await?.into_iter().map(|(chat,)| chat).collect())
}

#[derive(FromRow)]
struct ListRow {
    id: ChatId,
    kind: ChatKind,
    title: String,
    pair: Option<String>,
    created_at: Time,
    member_count: i64,
    unread_count: i64,
    last_message: Option<MessageId>,
    last_read: Option<MessageId>,
}

impl ListRow {
    /// The other one of a private chat.
    fn peer(&self, reader: UserId) -> Option<UserId> {
        let (one, other) = self.pair.as_ref()?.split_once(':')?;
        let ids = [one.parse().ok().map(UserId)?, other.parse().ok().map(UserId)?];
        ids.into_iter().find(|id| *id != reader).or(Some(reader))
    }
}

/// The chats of a person, the most recently active first; only one of them when `chat` says which.
/// Those that the person hid are left out until something new is said in them.
pub async fn of_user(run: &mut impl Run, reader: UserId, chat: Option<ChatId>) -> Result<Vec<Chat>> {
    let mut question = Query::select()
        .columns([C::Id, C::Kind, C::Title, C::Pair, C::CreatedAt].map(|column| (C::Table, column)))
        .expr_as(Expr::from(member_count()), "member_count")
        .expr_as(Expr::from(unread_count(reader)), "unread_count")
        .expr_as(Expr::from(newest(reader)), "last_message")
        .expr_as(members::last_read(), "last_read")
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(reader))
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .to_owned();
    match chat {
        Some(chat) => question.and_where(Expr::col((M::Table, M::ChatId)).eq(chat)),
        None => question
            .and_where(Expr::col((M::Table, M::HiddenSeq)).is_null().or(Expr::exists(newer_than_hidden()))),
    };
    let rows: Vec<ListRow> = run.all(&question).await?;

    let newest: Vec<MessageId> = rows.iter().filter_map(|row| row.last_message).collect();
    let messages = messages::by_ids(run, &newest).await?;
    let mut messages: HashMap<_, _> = messages.into_iter().map(|message| (message.id, message)).collect();
    let peers: Vec<UserId> = rows.iter().filter_map(|row| row.peer(reader)).collect();
    let peers = users::by_ids(run, &peers).await?;
    let peers: HashMap<_, _> = peers.into_iter().map(|user| (user.id(), user.person)).collect();

    let mut chats: Vec<Chat> = rows
        .into_iter()
        .map(|row| {
            let peer = row.peer(reader).and_then(|id| peers.get(&id).cloned());
            Chat {
                id: row.id,
                title: peer.as_ref().map_or(row.title, |peer| peer.display_name.clone()),
                kind: row.kind,
                created_at: row.created_at,
                member_count: row.member_count,
                peer,
                last_message: row.last_message.and_then(|id| messages.remove(&id)),
                unread_count: row.unread_count,
                last_read: row.last_read,
            }
        })
        .collect();
    let activity =
        |chat: &Chat| chat.last_message.as_ref().map_or(chat.created_at, |message| message.sent_at);
    chats.sort_by_key(|chat| std::cmp::Reverse((activity(chat), chat.id)));
    Ok(chats)
}

fn member_count() -> SelectStatement {
    let others = "others";
    Query::select()
        .expr(Func::count(Expr::col((others, M::UserId))))
        .from_as(M::Table, others)
        .and_where(Expr::col((others, M::ChatId)).equals((M::Table, M::ChatId)))
        .to_owned()
}

fn messages_of_chat() -> SelectStatement {
    Query::select()
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((M::Table, M::ChatId)))
        .to_owned()
}

fn newest(reader: UserId) -> SelectStatement {
    messages_of_chat()
        .column((Msg::Table, Msg::Id))
        .and_where(Expr::exists(hidden(reader)).not())
        .order_by((Msg::Table, Msg::Seq), Order::Desc)
        .limit(1)
        .to_owned()
}

fn hidden(reader: UserId) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(H::Table)
        .and_where(Expr::col((H::Table, H::UserId)).eq(reader))
        .and_where(Expr::col((H::Table, H::ChatId)).equals((Msg::Table, Msg::ChatId)))
        .and_where(Expr::col((H::Table, H::Seq)).equals((Msg::Table, Msg::Seq)))
        .to_owned()
}

fn newer_than_hidden() -> SelectStatement {
    messages_of_chat()
        .expr(Expr::val(1))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).gt(Expr::col((M::Table, M::HiddenSeq))))
        .to_owned()
}

/// What others said after the reader's mark and is still there.
fn unread_count(reader: UserId) -> SelectStatement {
    messages_of_chat()
        .expr(Func::count(Expr::col((Msg::Table, Msg::Id))))
        .and_where(Expr::col((Msg::Table, Msg::Seq)).gt(Expr::col((M::Table, M::ReadSeq))))
        .and_where(Expr::col((Msg::Table, Msg::AuthorId)).ne(reader))
        .and_where(Expr::col((Msg::Table, Msg::Kind)).ne(Kind::System))
        .and_where(Expr::col((Msg::Table, Msg::DeletedAt)).is_null())
        .and_where(Expr::exists(hidden(reader)).not())
        .to_owned()
}
