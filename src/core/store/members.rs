//! Who is in which chat.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Chat as C, Member as M, Stream as S, User as U};
use super::users::{PERSON, PersonRow};
use super::{Executor, Result, unread};
use crate::model::{ChatId, ChatKind, Member, MessageId, Preferences, Role, Time, UserId};

/// Somebody's place in a chat, without their name.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Place {
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub role: Role,
    pub joined_seq: i64,
    pub read_seq: i64,
    pub delivered_seq: i64,
}

pub(super) const PLACE: [M; 6] = [M::ChatId, M::UserId, M::Role, M::JoinedSeq, M::ReadSeq, M::DeliveredSeq];

/// Adds people to a chat. They have read what was there, and hear what comes after `seq`.
pub async fn insert_many(
    run: &mut Executor,
    chat: ChatId,
    people: &[(UserId, Role)],
    seq: i64,
    now: Time,
) -> Result<()> {
    let mut insert = Query::insert()
        .into_table(M::Table)
        .columns([M::ChatId, M::UserId, M::Role, M::JoinedAt, M::JoinedSeq, M::ReadSeq, M::DeliveredSeq])
        .to_owned();
    for (user, role) in people {
        insert.values_panic([
            chat.into(),
            (*user).into(),
            (*role).into(),
            now.into(),
            seq.into(),
            seq.into(),
            seq.into(),
        ]);
    }
    run.execute(&insert).await?;
    count(run, chat).await
}

/// Writes down how many there are, so that the list of chats need not count them.
async fn count(run: &mut Executor, chat: ChatId) -> Result<()> {
    let members = Query::select()
        .expr(Func::count(Expr::col(M::UserId)))
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    let update = Query::update()
        .table(C::Table)
        .value(C::MemberCount, Expr::from(members))
        .and_where(Expr::col(C::Id).eq(chat))
        .to_owned();
    run.execute(&update).await
}

pub async fn remove(run: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&delete).await?;
    count(run, chat).await
}

pub async fn remove_all(run: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(M::Table).and_where(Expr::col(M::ChatId).eq(chat)).to_owned();
    run.execute(&delete).await?;
    count(run, chat).await
}

pub async fn set_role(run: &mut Executor, chat: ChatId, user: UserId, role: Role) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::Role, role)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}

pub async fn place(run: &mut Executor, chat: ChatId, user: UserId) -> Result<Option<Place>> {
    let question = Query::select()
        .columns(PLACE)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.one(&question).await
}

/// What must be known of a member who says something.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Seat {
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub role: Role,
    /// What keeps them from writing in a private chat; 0 when nothing does.
    pub is_blocked: i64,
    pub kind: ChatKind,
    pub is_read_only: i64,
    /// Milliseconds until what is said disappears.
    pub message_life: Option<i64>,
    /// How far the chat's stream is.
    pub seq: i64,
}

/// The seats of those of these (chat, user) who are members. The streams stay locked until the change ends.
pub async fn seats(
    run: &mut Executor,
    pairs: impl IntoIterator<Item = (ChatId, UserId)>,
) -> Result<HashMap<(ChatId, UserId), Seat>> {
    // Pair by pair: for `(chat_id, user_id) IN (…)` SQLite reads the whole table.
    let mut wanted = Cond::any();
    for (chat, user) in pairs {
        let chat = Expr::col((M::Table, M::ChatId)).eq(chat);
        wanted = wanted.add(chat.and(Expr::col((M::Table, M::UserId)).eq(user)));
    }
    let mut question = Query::select()
        .columns([M::ChatId, M::UserId, M::Role, M::IsBlocked].map(|column| (M::Table, column)))
        .columns([C::Kind, C::IsReadOnly, C::MessageLife].map(|column| (C::Table, column)))
        .column((S::Table, S::Seq))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .inner_join(S::Table, Expr::col((S::Table, S::Id)).equals((M::Table, M::ChatId)))
        .cond_where(wanted)
        .to_owned();
    if run.is_mysql() {
        question.lock_exclusive();
    }
    let found: Vec<Seat> = run.all(&question).await?;
    Ok(found.into_iter().map(|seat| ((seat.chat, seat.user), seat)).collect())
}

/// What keeps somebody from writing in a private chat; 0 when nothing does.
pub async fn blocked(run: &mut Executor, chat: ChatId, user: UserId) -> Result<i64> {
    let question = Query::select()
        .column(M::IsBlocked)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(state,)| state))
}

pub async fn set_blocked(run: &mut Executor, chat: ChatId, user: UserId, state: i64) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, state)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}

/// All places of a person, hidden chats included.
pub async fn places_of(run: &mut Executor, user: UserId) -> Result<Vec<Place>> {
    let question =
        Query::select().columns(PLACE).from(M::Table).and_where(Expr::col(M::UserId).eq(user)).to_owned();
    run.all(&question).await
}

/// Which chats people are in.
pub async fn chats_of(run: &mut Executor, users: &[UserId]) -> Result<HashMap<UserId, Vec<ChatId>>> {
    let question = Query::select()
        .columns([M::UserId, M::ChatId])
        .from(M::Table)
        .and_where(Expr::col(M::UserId).is_in(users.iter().copied()))
        .to_owned();
    let mut chats: HashMap<_, Vec<_>> = HashMap::new();
    for (user, chat) in run.all::<(UserId, ChatId)>(&question).await? {
        chats.entry(user).or_default().push(chat);
    }
    Ok(chats)
}

/// The next chats of a person after one, in the order of their numbers.
pub async fn chats_after(
    run: &mut Executor,
    user: UserId,
    last: ChatId,
    limit: u64,
) -> Result<Vec<(ChatId, ChatKind)>> {
    let question = Query::select()
        .column((M::Table, M::ChatId))
        .column((C::Table, C::Kind))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .and_where(Expr::col((M::Table, M::ChatId)).gt(last))
        .order_by((M::Table, M::ChatId), Order::Asc)
        .limit(limit)
        .to_owned();
    run.all(&question).await
}

/// Nobody can say anything more in a chat, until they are let again.
pub async fn silence(run: &mut Executor, chat: ChatId) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, 1)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    run.execute(&update).await
}

/// Somebody can say nothing more in any chat.
pub async fn silence_user(run: &mut Executor, user: UserId) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, 1)
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}

pub async fn users_of(run: &mut Executor, chat: ChatId) -> Result<Vec<UserId>> {
    let question =
        Query::select().column(M::UserId).from(M::Table).and_where(Expr::col(M::ChatId).eq(chat)).to_owned();
    Ok(run.all::<(UserId,)>(&question).await?.into_iter().map(|(user,)| user).collect())
}

/// Who is in each of those of some chats that somebody is in, in the order in which they came.
pub async fn users_beside(
    run: &mut Executor,
    reader: UserId,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, Vec<UserId>>> {
    let own = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(reader))
        .and_where(Expr::col(M::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    let question = Query::select()
        .columns([M::ChatId, M::UserId])
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).in_subquery(own))
        .order_by(M::JoinedAt, Order::Asc)
        .order_by(M::UserId, Order::Asc)
        .to_owned();
    let mut users: HashMap<_, Vec<_>> = HashMap::new();
    for (chat, user) in run.all::<(ChatId, UserId)>(&question).await? {
        users.entry(chat).or_default().push(user);
    }
    Ok(users)
}

#[derive(FromRow)]
struct MemberRow {
    chat_id: ChatId,
    #[sqlx(flatten)]
    person: PersonRow,
    role: Role,
    joined_at: Time,
    last_read: Option<MessageId>,
    last_delivered: Option<MessageId>,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        let MemberRow { person, role, joined_at, last_read, last_delivered, .. } = row;
        Self { person: person.into(), role, joined_at, last_read, last_delivered }
    }
}

fn members() -> SelectStatement {
    Query::select()
        .columns(PERSON.map(|column| (U::Table, column)))
        .columns([M::ChatId, M::Role, M::JoinedAt].map(|column| (M::Table, column)))
        .expr_as(unread::shown_last_read(), "last_read")
        .expr_as(unread::last_delivered(), "last_delivered")
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .to_owned()
}

/// The members of a chat with their names; only one of them when `user` says whom.
pub async fn of_chat(run: &mut Executor, chat: ChatId, user: Option<UserId>) -> Result<Vec<Member>> {
    let mut question = members();
    question
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .order_by((U::Table, U::NameFolded), Order::Asc)
        .order_by((U::Table, U::Id), Order::Asc);
    if let Some(user) = user {
        question.and_where(Expr::col((M::Table, M::UserId)).eq(user));
    }
    let rows: Vec<MemberRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

/// The members of those of some chats that somebody is in, with their names, in the order in which they came.
pub async fn beside(
    run: &mut Executor,
    reader: UserId,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, Vec<Member>>> {
    let own = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(reader))
        .and_where(Expr::col(M::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    let mut question = members();
    question
        .and_where(Expr::col((M::Table, M::ChatId)).in_subquery(own))
        .order_by((M::Table, M::JoinedAt), Order::Asc)
        .order_by((M::Table, M::UserId), Order::Asc);
    let mut found: HashMap<_, Vec<Member>> = HashMap::new();
    for row in run.all::<MemberRow>(&question).await? {
        found.entry(row.chat_id).or_default().push(row.into());
    }
    Ok(found)
}

/// Somebody as a member of each of their chats.
pub async fn of_user(run: &mut Executor, user: UserId) -> Result<Vec<(ChatId, Member)>> {
    let mut question = members();
    question.and_where(Expr::col((M::Table, M::UserId)).eq(user));
    let rows: Vec<MemberRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row.into())).collect())
}

/// Who becomes the owner when there is none: of those who are still there the one with the highest role, and of these
/// who came first.
pub async fn heir(run: &mut Executor, chat: ChatId) -> Result<Option<UserId>> {
    let question = Query::select()
        .column((M::Table, M::UserId))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::DeactivatedAt)).is_null())
        .and_where(Expr::col((U::Table, U::DeletedAt)).is_null())
        .order_by((M::Table, M::Role), Order::Desc)
        .order_by((M::Table, M::JoinedAt), Order::Asc)
        .order_by((M::Table, M::UserId), Order::Asc)
        .limit(1)
        .to_owned();
    Ok(run.one::<(UserId,)>(&question).await?.map(|(user,)| user))
}

/// Those of at least a role.
pub async fn with_role(run: &mut Executor, chat: ChatId, least: Role) -> Result<Vec<UserId>> {
    let question = Query::select()
        .column(M::UserId)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::Role).gte(least))
        .to_owned();
    Ok(run.all::<(UserId,)>(&question).await?.into_iter().map(|(user,)| user).collect())
}

/// Writes how a member wants to have a chat.
pub async fn prefer(
    run: &mut Executor,
    chat: ChatId,
    user: UserId,
    preferences: &Preferences,
    now: Time,
) -> Result<()> {
    let since = |is_so: bool| is_so.then_some(now);
    let update = Query::update()
        .table(M::Table)
        .value(M::MutedUntil, preferences.muted_until)
        .value(M::PinnedAt, since(preferences.is_pinned))
        .value(M::ArchivedAt, since(preferences.is_archived))
        .value(M::Notify, preferences.notify)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}

/// Whether somebody hid a chat.
pub async fn is_hidden(run: &mut Executor, chat: ChatId, user: UserId) -> Result<bool> {
    let question = Query::select()
        .column(M::UserId)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::HiddenSeq).is_not_null())
        .to_owned();
    Ok(run.one::<(UserId,)>(&question).await?.is_some())
}

/// Hides a chat until something newer than `seq` is said in it; shows it again with `None`.
pub async fn hide(run: &mut Executor, chat: ChatId, user: UserId, seq: Option<i64>) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::HiddenSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}
