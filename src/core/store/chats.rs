//! Chats themselves, whoever looks at them.

use std::collections::BTreeSet;

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::members::{PLACE, Place};
use super::schema::{Chat as C, Member as M, Message as Msg};
use super::{Executor, Result};
use crate::model::{AttachmentId, ChatId, ChatInfo, ChatKind, MessageId, Role, Time, UserId, fold};

/// The longest folded title that is kept, in characters: folding can make a text longer.
const LONGEST_FOLDED: usize = 400;

/// A chat itself, whoever looks at it.
#[derive(Debug, Clone, FromRow)]
pub struct Plain {
    pub id: ChatId,
    pub kind: ChatKind,
    pub title: String,
    pub description: Option<String>,
    #[sqlx(rename = "avatar_id")]
    pub avatar: Option<AttachmentId>,
    /// Of a private chat, and of saved messages: for whom it is.
    pub pair: Option<String>,
    /// By which others join.
    pub code: Option<String>,
    pub is_read_only: bool,
    /// How many milliseconds what is said stays; for good without it.
    pub message_life: Option<i64>,
    /// The assistant may not be asked there.
    pub assistant_off: bool,
    pub member_count: i64,
    #[sqlx(rename = "creator_id")]
    pub creator: UserId,
    pub created_at: Time,
}

/// The columns of a [`Plain`].
pub(super) const CHAT: [(C, C); 13] = [
    (C::Table, C::Id),
    (C::Table, C::Kind),
    (C::Table, C::Title),
    (C::Table, C::Description),
    (C::Table, C::AvatarId),
    (C::Table, C::Pair),
    (C::Table, C::Code),
    (C::Table, C::IsReadOnly),
    (C::Table, C::MessageLife),
    (C::Table, C::AssistantOff),
    (C::Table, C::MemberCount),
    (C::Table, C::CreatorId),
    (C::Table, C::CreatedAt),
];

impl Plain {
    /// What is alike for everybody in it.
    pub fn about(&self) -> ChatInfo {
        ChatInfo {
            id: self.id,
            kind: self.kind,
            title: self.title.clone(),
            description: self.description.clone(),
            avatar: self.avatar,
            is_read_only: self.is_read_only,
            message_life: self.message_life,
            assistant_off: self.assistant_off,
        }
    }
}

/// The key of a private chat: its two members, the lower first. With oneself: of saved messages.
pub fn pair(one: UserId, other: UserId) -> String {
    format!("{}:{}", Ord::min(one, other), Ord::max(one, other))
}

/// The other one of a [`pair`], for one of the two.
pub(super) fn other(pair: &str, reader: UserId) -> Option<UserId> {
    let (one, other) = pair.split_once(':')?;
    let ids = [one.parse().ok().map(UserId)?, other.parse().ok().map(UserId)?];
    ids.into_iter().find(|id| *id != reader)
}

/// Who made chats.
pub async fn creators(run: &mut Executor, ids: &[ChatId]) -> Result<Vec<(ChatId, UserId)>> {
    let question = Query::select()
        .columns([C::Id, C::CreatorId])
        .from(C::Table)
        .and_where(Expr::col(C::Id).is_in(ids.iter().copied()))
        .to_owned();
    run.all(&question).await
}

pub async fn insert(run: &mut Executor, chat: &Plain) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([
            C::Id,
            C::Kind,
            C::Title,
            C::TitleFolded,
            C::Description,
            C::AvatarId,
            C::Pair,
            C::Code,
            C::IsReadOnly,
            C::MessageLife,
            C::CreatorId,
            C::CreatedAt,
        ])
        .values_panic([
            chat.id.into(),
            chat.kind.into(),
            chat.title.as_str().into(),
            folded(&chat.title).into(),
            chat.description.clone().into(),
            chat.avatar.into(),
            chat.pair.clone().into(),
            chat.code.clone().into(),
            chat.is_read_only.into(),
            chat.message_life.into(),
            chat.creator.into(),
            chat.created_at.into(),
        ])
        .to_owned();
    run.execute(&insert).await
}

fn folded(title: &str) -> String {
    fold(title).chars().take(LONGEST_FOLDED).collect()
}

/// Writes all of what is alike for everybody anew.
pub async fn update(run: &mut Executor, about: &ChatInfo) -> Result<()> {
    let update = Query::update()
        .table(C::Table)
        .value(C::Title, about.title.as_str())
        .value(C::TitleFolded, folded(&about.title))
        .value(C::Description, about.description.clone())
        .value(C::AvatarId, about.avatar)
        .value(C::IsReadOnly, about.is_read_only)
        .value(C::MessageLife, about.message_life)
        .value(C::AssistantOff, about.assistant_off)
        .and_where(Expr::col(C::Id).eq(about.id))
        .to_owned();
    run.execute(&update).await
}

/// Gives a group a short code, or takes it away.
pub async fn set_code(run: &mut Executor, id: ChatId, code: Option<&str>) -> Result<()> {
    let update =
        Query::update().table(C::Table).value(C::Code, code).and_where(Expr::col(C::Id).eq(id)).to_owned();
    run.execute(&update).await
}

fn chats() -> SelectStatement {
    Query::select()
        .columns(CHAT)
        .from(C::Table)
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .to_owned()
}

#[derive(FromRow)]
struct SeatRow {
    #[sqlx(flatten)]
    chat: Plain,
    chat_id: Option<ChatId>,
    user_id: Option<UserId>,
    role: Option<Role>,
    joined_seq: Option<i64>,
    read_seq: Option<i64>,
    delivered_seq: Option<i64>,
}

impl SeatRow {
    fn place(&self) -> Option<Place> {
        Some(Place {
            chat: self.chat_id?,
            user: self.user_id?,
            role: self.role?,
            joined_seq: self.joined_seq?,
            read_seq: self.read_seq?,
            delivered_seq: self.delivered_seq?,
        })
    }
}

/// A chat that was not deleted, and somebody's place in it.
pub async fn with_place(
    run: &mut Executor,
    id: ChatId,
    user: UserId,
) -> Result<Option<(Plain, Option<Place>)>> {
    let own = Expr::col((M::Table, M::ChatId)).equals((C::Table, C::Id));
    let mut question = chats();
    question
        .columns(PLACE.map(|column| (M::Table, column)))
        .left_join(M::Table, own.and(Expr::col((M::Table, M::UserId)).eq(user)))
        .and_where(Expr::col((C::Table, C::Id)).eq(id));
    let row: Option<SeatRow> = run.one(&question).await?;
    Ok(row.map(|row| {
        let place = row.place();
        (row.chat, place)
    }))
}

/// A chat that was not deleted.
pub async fn by_id(run: &mut Executor, id: ChatId) -> Result<Option<Plain>> {
    run.one(chats().and_where(Expr::col((C::Table, C::Id)).eq(id))).await
}

/// The private chat, or the saved messages, of a [`pair`].
pub async fn by_pair(run: &mut Executor, pair: &str) -> Result<Option<Plain>> {
    run.one(chats().and_where(Expr::col((C::Table, C::Pair)).eq(pair))).await
}

/// The group with a short code.
pub async fn by_code(run: &mut Executor, code: &str) -> Result<Option<Plain>> {
    run.one(chats().and_where(Expr::col((C::Table, C::Code)).eq(code))).await
}

/// Makes others wait who are about to change the chat or who is in it, until this change ends.
pub async fn lock(run: &mut Executor, id: ChatId) -> Result<()> {
    lock_all(run, [id]).await
}

/// Holds several chats until the change ends.
pub async fn lock_all(run: &mut Executor, ids: impl IntoIterator<Item = ChatId>) -> Result<()> {
    let ids: BTreeSet<ChatId> = ids.into_iter().collect();
    // SQLite has one writer at a time anyway.
    if run.is_mysql() && !ids.is_empty() {
        // In their order: two changes that lock the same chats then wait instead of deadlocking.
        let mut question = Query::select()
            .column(C::Id)
            .from(C::Table)
            .and_where(Expr::col(C::Id).is_in(ids))
            .order_by(C::Id, Order::Asc)
            .to_owned();
        run.all::<(ChatId,)>(question.lock_exclusive()).await?;
    }
    Ok(())
}

/// Holds the chat of a message until the change ends.
pub async fn lock_of(run: &mut Executor, message: MessageId) -> Result<()> {
    if run.is_mysql() {
        let question = Query::select()
            .column(Msg::ChatId)
            .from(Msg::Table)
            .and_where(Expr::col(Msg::Id).eq(message))
            .to_owned();
        if let Some((chat,)) = run.one::<(ChatId,)>(&question).await? {
            lock(run, chat).await?;
        }
    }
    Ok(())
}

/// Marks a chat as gone. Nobody finds it by its pair or its code any more; its messages are swept later.
pub async fn delete(run: &mut Executor, id: ChatId, now: Time) -> Result<()> {
    let update = Query::update()
        .table(C::Table)
        .value(C::DeletedAt, now)
        .value(C::Pair, Option::<String>::None)
        .value(C::Code, Option::<String>::None)
        .and_where(Expr::col(C::Id).eq(id))
        .to_owned();
    run.execute(&update).await
}

/// Chats that were deleted and still have messages.
pub async fn deleted(run: &mut Executor, limit: u64) -> Result<Vec<ChatId>> {
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
