//! Chats, independent of a member's view.

use std::collections::BTreeSet;

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::hidden::hidden_by;
use super::members::{MEMBER_RECORD, MemberRecord};
use super::schema::{Chat as C, Member as M, Message as Msg};
use super::{Executor, Result, retention};
use crate::model::{AttachmentId, ChatId, ChatInfo, ChatKind, MessageId, Role, Time, UserId, fold};

/// The longest folded title that is stored, in characters: folding can make a text longer.
const MAX_FOLDED: usize = 400;

/// A chat as stored, independent of a member's view.
#[derive(Debug, Clone, FromRow)]
pub struct ChatRecord {
    pub id: ChatId,
    pub kind: ChatKind,
    pub title: String,
    pub description: Option<String>,
    #[sqlx(rename = "avatar_id")]
    pub avatar: Option<AttachmentId>,
    /// For private chats and saved messages, the key made of their members ([`pair`]).
    pub pair: Option<String>,
    /// The code to join by.
    pub code: Option<String>,
    pub is_read_only: bool,
    /// The lifetime of messages in milliseconds; `None` for no limit.
    pub message_life: Option<i64>,
    /// Whether the assistant is disabled in it.
    pub assistant_off: bool,
    pub member_count: i64,
    #[sqlx(rename = "creator_id")]
    pub creator: UserId,
    pub created_at: Time,
}

/// The columns of a [`ChatRecord`].
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

impl ChatRecord {
    /// What is the same for all members.
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

/// The key of a private chat: its two members, the lower id first. With the same user twice, the key of their saved
/// messages.
pub fn pair(one: UserId, other: UserId) -> String {
    format!("{}:{}", Ord::min(one, other), Ord::max(one, other))
}

/// The other member of a [`pair`].
pub(super) fn other(pair: &str, reader: UserId) -> Option<UserId> {
    let (one, other) = pair.split_once(':')?;
    let ids = [one.parse().ok().map(UserId)?, other.parse().ok().map(UserId)?];
    ids.into_iter().find(|id| *id != reader)
}

/// The creators of chats.
pub async fn creators(executor: &mut Executor, ids: &[ChatId]) -> Result<Vec<(ChatId, UserId)>> {
    let query = Query::select()
        .columns([C::Id, C::CreatorId])
        .from(C::Table)
        .and_where(Expr::col(C::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.all(&query).await
}

pub async fn insert(executor: &mut Executor, chat: &ChatRecord) -> Result<()> {
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
    executor.execute(&insert).await
}

fn folded(title: &str) -> String {
    fold(title).chars().take(MAX_FOLDED).collect()
}

/// Stores what is the same for all members.
pub async fn update(executor: &mut Executor, about: &ChatInfo) -> Result<()> {
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
    executor.execute(&update).await
}

/// Sets or removes a group's short code.
pub async fn set_code(executor: &mut Executor, id: ChatId, code: Option<&str>) -> Result<()> {
    let update =
        Query::update().table(C::Table).value(C::Code, code).and_where(Expr::col(C::Id).eq(id)).to_owned();
    executor.execute(&update).await
}

fn chats() -> SelectStatement {
    Query::select()
        .columns(CHAT)
        .from(C::Table)
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        .to_owned()
}

#[derive(FromRow)]
struct ChatMemberRow {
    #[sqlx(flatten)]
    chat: ChatRecord,
    chat_id: Option<ChatId>,
    user_id: Option<UserId>,
    role: Option<Role>,
    joined_seq: Option<i64>,
    read_seq: Option<i64>,
    delivered_seq: Option<i64>,
    /// Whether the user has hidden messages of the chat: 0 or 1.
    hides: i64,
}

impl ChatMemberRow {
    fn member(&self) -> Option<(MemberRecord, bool)> {
        let member = MemberRecord {
            chat: self.chat_id?,
            user: self.user_id?,
            role: self.role?,
            joined_seq: self.joined_seq?,
            read_seq: self.read_seq?,
            delivered_seq: self.delivered_seq?,
        };
        Some((member, self.hides > 0))
    }
}

/// A chat that is not deleted, and a user's membership in it, with whether they have hidden messages of the chat.
pub async fn with_membership(
    executor: &mut Executor,
    id: ChatId,
    user: UserId,
) -> Result<Option<(ChatRecord, Option<(MemberRecord, bool)>)>> {
    let own = Expr::col((M::Table, M::ChatId)).equals((C::Table, C::Id));
    let mut query = chats();
    query
        .columns(MEMBER_RECORD.map(|column| (M::Table, column)))
        .expr_as(Expr::exists(hidden_by(user, (C::Table, C::Id))), "hides")
        .left_join(M::Table, own.and(Expr::col((M::Table, M::UserId)).eq(user)))
        .and_where(Expr::col((C::Table, C::Id)).eq(id));
    let row: Option<ChatMemberRow> = executor.one(&query).await?;
    Ok(row.map(|row| {
        let member = row.member();
        (row.chat, member)
    }))
}

/// A chat that is not deleted.
pub async fn by_id(executor: &mut Executor, id: ChatId) -> Result<Option<ChatRecord>> {
    executor.one(chats().and_where(Expr::col((C::Table, C::Id)).eq(id))).await
}

/// In no particular order; unknown ones are left out.
pub async fn by_ids(executor: &mut Executor, ids: &[ChatId]) -> Result<Vec<ChatRecord>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    executor.all(chats().and_where(Expr::col((C::Table, C::Id)).is_in(ids.iter().copied()))).await
}

/// The private chat, or the saved messages, of a [`pair`].
pub async fn by_pair(executor: &mut Executor, pair: &str) -> Result<Option<ChatRecord>> {
    executor.one(chats().and_where(Expr::col((C::Table, C::Pair)).eq(pair))).await
}

/// The group with a short code.
pub async fn by_code(executor: &mut Executor, code: &str) -> Result<Option<ChatRecord>> {
    executor.one(chats().and_where(Expr::col((C::Table, C::Code)).eq(code))).await
}

/// Locks a chat and its members against other transactions until this one ends.
pub async fn lock(executor: &mut Executor, id: ChatId) -> Result<()> {
    lock_all(executor, [id]).await
}

/// Locks several chats until the transaction ends.
pub async fn lock_all(executor: &mut Executor, ids: impl IntoIterator<Item = ChatId>) -> Result<()> {
    let ids: BTreeSet<ChatId> = ids.into_iter().collect();
    // SQLite has one writer at a time anyway.
    if executor.is_mysql() && !ids.is_empty() {
        // In order of ids, so that transactions that lock the same chats wait instead of deadlocking.
        let mut query = Query::select()
            .column(C::Id)
            .from(C::Table)
            .and_where(Expr::col(C::Id).is_in(ids))
            .order_by(C::Id, Order::Asc)
            .to_owned();
        executor.all::<(ChatId,)>(query.lock_exclusive()).await?;
    }
    Ok(())
}

/// Locks the chat of a message until the transaction ends.
pub async fn lock_chat_of(executor: &mut Executor, message: MessageId) -> Result<()> {
    lock_chats_of(executor, &[message]).await
}

/// Locks the chats of messages until the transaction ends.
pub async fn lock_chats_of(executor: &mut Executor, messages: &[MessageId]) -> Result<()> {
    if executor.is_mysql() && !messages.is_empty() {
        let query = Query::select()
            .distinct()
            .column(Msg::ChatId)
            .from(Msg::Table)
            .and_where(Expr::col(Msg::Id).is_in(messages.iter().copied()))
            .to_owned();
        let found = executor.all::<(ChatId,)>(&query).await?;
        lock_all(executor, found.into_iter().map(|(chat,)| chat)).await?;
    }
    Ok(())
}

/// Marks a chat as deleted, and frees its pair and its code. Its messages are deleted later.
pub async fn delete(executor: &mut Executor, id: ChatId, now: Time) -> Result<()> {
    retention::remove_exemptions(executor, [id]).await?;
    let update = Query::update()
        .table(C::Table)
        .value(C::DeletedAt, now)
        .value(C::Pair, Option::<String>::None)
        .value(C::Code, Option::<String>::None)
        .and_where(Expr::col(C::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

/// Deleted chats that still have messages.
pub async fn deleted(executor: &mut Executor, limit: u64) -> Result<Vec<ChatId>> {
    let has_messages = Query::select()
        .expr(Expr::val(1))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((C::Table, C::Id)))
        .to_owned();
    let query = Query::select()
        .column(C::Id)
        .from(C::Table)
        .and_where(Expr::col(C::DeletedAt).is_not_null())
        .and_where(Expr::exists(has_messages))
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(ChatId,)>(&query).await?.into_iter().map(|(chat,)| chat).collect())
}
