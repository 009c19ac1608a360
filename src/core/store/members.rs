//! The members of chats.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_query::{Cond, Expr, ExprTrait, Func, InsertStatement, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Chat as C, Member as M, Stream as S, User as U};
use super::template::Template;
use super::users::{PERSON, PersonRow};
use super::{Executor, Result, unread};
use crate::model::{ChatId, ChatKind, Member, MessageId, Preferences, Role, Time, UserId};

/// A membership as stored, without the user's profile.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct MemberRecord {
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub role: Role,
    pub joined_seq: i64,
    pub read_seq: i64,
    pub delivered_seq: i64,
}

pub(super) const MEMBER_RECORD: [M; 6] =
    [M::ChatId, M::UserId, M::Role, M::JoinedSeq, M::ReadSeq, M::DeliveredSeq];

/// Adds members to a chat. They receive events after `seq`, and everything before counts as read.
pub async fn insert_many(
    executor: &mut Executor,
    chat: ChatId,
    people: &[(UserId, Role)],
    seq: i64,
    now: Time,
) -> Result<()> {
    /// The most members of one statement: SQLite limits its variables.
    const MEMBERS: usize = 500;
    for some in people.chunks(MEMBERS) {
        let mut insert = Query::insert()
            .into_table(M::Table)
            .columns([M::ChatId, M::UserId, M::Role, M::JoinedAt, M::JoinedSeq, M::ReadSeq, M::DeliveredSeq])
            .to_owned();
        for (user, role) in some {
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
        executor.execute(&insert).await?;
    }
    count(executor, chat).await
}

/// Stores the number of members, so that the chat list need not count them.
async fn count(executor: &mut Executor, chat: ChatId) -> Result<()> {
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
    executor.execute(&update).await
}

pub async fn remove(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<()> {
    let delete = Query::delete()
        .from_table(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.execute(&delete).await?;
    count(executor, chat).await
}

pub async fn remove_all(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(M::Table).and_where(Expr::col(M::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await?;
    count(executor, chat).await
}

pub async fn set_role(executor: &mut Executor, chat: ChatId, user: UserId, role: Role) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::Role, role)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.execute(&update).await
}

pub async fn find(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<Option<MemberRecord>> {
    let query = Query::select()
        .columns(MEMBER_RECORD)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.one(&query).await
}

/// What must be known to let a member post.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct PostingRights {
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub role: Role,
    /// Why they may not post in a private chat; 0 when they may.
    pub is_blocked: i64,
    pub kind: ChatKind,
    pub is_read_only: i64,
    /// The lifetime of messages in milliseconds.
    pub message_life: Option<i64>,
    /// The last sequence number of the chat's stream.
    pub seq: i64,
}

/// The posting rights of those of these (chat, user) pairs that are members. The chats' streams stay locked until the
/// transaction ends.
pub async fn posting_rights(
    executor: &mut Executor,
    pairs: &HashSet<(ChatId, UserId)>,
) -> Result<HashMap<(ChatId, UserId), PostingRights>> {
    static RIGHTS: Template = Template::new();
    let pairs: Vec<_> = pairs.iter().copied().collect();
    let values = pairs.iter().flat_map(|(chat, user)| [(*chat).into(), (*user).into()]).collect();
    let is_locked = executor.is_mysql();
    let query = || posting_rights_query(&pairs, is_locked);
    let found: Vec<PostingRights> = executor.all_form((&RIGHTS, pairs.len()), values, query).await?;
    Ok(found.into_iter().map(|rights| ((rights.chat, rights.user), rights)).collect())
}

fn posting_rights_query(pairs: &[(ChatId, UserId)], is_locked: bool) -> SelectStatement {
    // Pair by pair, because SQLite scans the whole table for `(chat_id, user_id) IN (…)`.
    let mut wanted = Cond::any();
    for (chat, user) in pairs {
        let chat = Expr::col((M::Table, M::ChatId)).eq(*chat);
        wanted = wanted.add(chat.and(Expr::col((M::Table, M::UserId)).eq(*user)));
    }
    let mut query = Query::select()
        .columns([M::ChatId, M::UserId, M::Role, M::IsBlocked].map(|column| (M::Table, column)))
        .columns([C::Kind, C::IsReadOnly, C::MessageLife].map(|column| (C::Table, column)))
        .column((S::Table, S::Seq))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .inner_join(S::Table, Expr::col((S::Table, S::Id)).equals((M::Table, M::ChatId)))
        .cond_where(wanted)
        .to_owned();
    if is_locked {
        query.lock_exclusive();
    }
    query
}

/// Has the transaction fail with [`Error::Again`](super::Error::Again) unless these are its members' rights. On SQLite it
/// costs no trip.
pub async fn expect_posting_rights(executor: &mut Executor, expected: &[PostingRights]) -> Result<()> {
    static EXPECT: Template = Template::new();
    let of_each = |rights: &PostingRights| {
        [
            rights.chat.into(),
            rights.user.into(),
            rights.role.into(),
            rights.is_blocked.into(),
            rights.kind.into(),
            rights.is_read_only.into(),
            rights.message_life.into(),
            rights.seq.into(),
        ]
    };
    let mut values = vec![0.into(), Option::<i64>::None.into()];
    values.extend(expected.iter().flat_map(of_each));
    values.push((expected.len() as i64).into());
    executor.defer_form((&EXPECT, expected.len()), values, |_| expectation(expected)).await
}

/// Inserts a stream without a position, which its table refuses, unless all that is expected is found.
fn expectation(expected: &[PostingRights]) -> InsertStatement {
    let mut wanted = Cond::any();
    for rights in expected {
        let of_member = |column: M| Expr::col((M::Table, column));
        let of_chat = |column: C| Expr::col((C::Table, column));
        wanted = wanted.add(
            Cond::all()
                .add(of_member(M::ChatId).eq(rights.chat))
                .add(of_member(M::UserId).eq(rights.user))
                .add(of_member(M::Role).eq(rights.role))
                .add(of_member(M::IsBlocked).eq(rights.is_blocked))
                .add(of_chat(C::Kind).eq(rights.kind))
                .add(of_chat(C::IsReadOnly).eq(rights.is_read_only))
                .add(of_chat(C::MessageLife).is(rights.message_life))
                .add(Expr::col((S::Table, S::Seq)).eq(rights.seq)),
        );
    }
    let found = Query::select()
        .expr(Expr::col((M::Table, M::UserId)).count())
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .inner_join(S::Table, Expr::col((S::Table, S::Id)).equals((M::Table, M::ChatId)))
        .cond_where(wanted)
        .to_owned();
    let none = Option::<i64>::None;
    let refused = Query::select()
        .exprs([Expr::val(0), Expr::val(none)])
        .and_where(Expr::from(found).ne(expected.len() as i64))
        .to_owned();
    let mut insert = Query::insert().into_table(S::Table).columns([S::Id, S::Seq]).to_owned();
    // It fails only if there were not as many values as columns.
    let _ = insert.select_from(refused);
    insert
}

/// Why a member may not post in a private chat; 0 when they may.
pub async fn blocked(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<i64> {
    let query = Query::select()
        .column(M::IsBlocked)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(state,)| state))
}

pub async fn set_blocked(executor: &mut Executor, chat: ChatId, user: UserId, state: i64) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, state)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.execute(&update).await
}

/// All memberships of a user, including hidden chats.
pub async fn memberships_of(executor: &mut Executor, user: UserId) -> Result<Vec<MemberRecord>> {
    let query = Query::select()
        .columns(MEMBER_RECORD)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.all(&query).await
}

/// The chats of users.
pub async fn chats_of(executor: &mut Executor, users: &[UserId]) -> Result<HashMap<UserId, Vec<ChatId>>> {
    let query = Query::select()
        .columns([M::UserId, M::ChatId])
        .from(M::Table)
        .and_where(Expr::col(M::UserId).is_in(users.iter().copied()))
        .to_owned();
    let mut chats: HashMap<_, Vec<_>> = HashMap::new();
    for (user, chat) in executor.all::<(UserId, ChatId)>(&query).await? {
        chats.entry(user).or_default().push(chat);
    }
    Ok(chats)
}

/// The next chats of a user after one, by id.
pub async fn chats_after(
    executor: &mut Executor,
    user: UserId,
    last: ChatId,
    limit: u64,
) -> Result<Vec<(ChatId, ChatKind)>> {
    let query = Query::select()
        .column((M::Table, M::ChatId))
        .column((C::Table, C::Kind))
        .from(M::Table)
        .inner_join(C::Table, Expr::col((C::Table, C::Id)).equals((M::Table, M::ChatId)))
        .and_where(Expr::col((M::Table, M::UserId)).eq(user))
        .and_where(Expr::col((M::Table, M::ChatId)).gt(last))
        .order_by((M::Table, M::ChatId), Order::Asc)
        .limit(limit)
        .to_owned();
    executor.all(&query).await
}

/// Lets nobody post in a chat until it is allowed again.
pub async fn block_posting(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, 1)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .to_owned();
    executor.execute(&update).await
}

/// Lets a user post in no chat.
pub async fn block_posting_of(executor: &mut Executor, user: UserId) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::IsBlocked, 1)
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.execute(&update).await
}

pub async fn users_of(executor: &mut Executor, chat: ChatId) -> Result<Vec<UserId>> {
    let query =
        Query::select().column(M::UserId).from(M::Table).and_where(Expr::col(M::ChatId).eq(chat)).to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// Whether anybody is in a chat besides bots.
pub async fn has_people(executor: &mut Executor, chat: ChatId) -> Result<bool> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::IsBot)).eq(0))
        .limit(1)
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// The users of those of these chats that the reader is in, by the time they joined.
pub async fn users_visible_to(
    executor: &mut Executor,
    reader: UserId,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, Vec<UserId>>> {
    let own = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(reader))
        .and_where(Expr::col(M::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    let query = Query::select()
        .columns([M::ChatId, M::UserId])
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).in_subquery(own))
        .order_by(M::JoinedAt, Order::Asc)
        .order_by(M::UserId, Order::Asc)
        .to_owned();
    let mut users: HashMap<_, Vec<_>> = HashMap::new();
    for (chat, user) in executor.all::<(ChatId, UserId)>(&query).await? {
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

/// The members of a chat with their profiles, or only `user`.
pub async fn of_chat(executor: &mut Executor, chat: ChatId, user: Option<UserId>) -> Result<Vec<Member>> {
    let mut query = members();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .order_by((U::Table, U::NameFolded), Order::Asc)
        .order_by((U::Table, U::Id), Order::Asc);
    if let Some(user) = user {
        query.and_where(Expr::col((M::Table, M::UserId)).eq(user));
    }
    let rows: Vec<MemberRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

/// The members at these places: a chat and a user. Who is not a member is left out.
pub async fn at(
    executor: &mut Executor,
    places: &BTreeSet<(ChatId, UserId)>,
) -> Result<HashMap<(ChatId, UserId), Member>> {
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let mut of_chats: BTreeMap<ChatId, Vec<UserId>> = BTreeMap::new();
    for (chat, user) in places {
        of_chats.entry(*chat).or_default().push(*user);
    }
    let mut wanted = Cond::any();
    for (chat, users) in of_chats {
        let in_chat = Expr::col((M::Table, M::ChatId)).eq(chat);
        wanted = wanted.add(in_chat.and(Expr::col((M::Table, M::UserId)).is_in(users)));
    }
    let mut query = members();
    query.cond_where(wanted);
    let rows: Vec<MemberRow> = executor.all(&query).await?;
    let placed = |row: MemberRow| {
        let (chat, member) = (row.chat_id, Member::from(row));
        ((chat, member.user()), member)
    };
    Ok(rows.into_iter().map(placed).collect())
}

/// The members of those of these chats that the reader is in, with their profiles, by the time they joined.
pub async fn visible_to(
    executor: &mut Executor,
    reader: UserId,
    chats: &[ChatId],
) -> Result<HashMap<ChatId, Vec<Member>>> {
    let own = Query::select()
        .column(M::ChatId)
        .from(M::Table)
        .and_where(Expr::col(M::UserId).eq(reader))
        .and_where(Expr::col(M::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    let mut query = members();
    query
        .and_where(Expr::col((M::Table, M::ChatId)).in_subquery(own))
        .order_by((M::Table, M::JoinedAt), Order::Asc)
        .order_by((M::Table, M::UserId), Order::Asc);
    let mut found: HashMap<_, Vec<Member>> = HashMap::new();
    for row in executor.all::<MemberRow>(&query).await? {
        found.entry(row.chat_id).or_default().push(row.into());
    }
    Ok(found)
}

/// A user's member entry in each of their chats.
pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<Vec<(ChatId, Member)>> {
    let mut query = members();
    query.and_where(Expr::col((M::Table, M::UserId)).eq(user));
    let rows: Vec<MemberRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row.into())).collect())
}

/// Who becomes the owner of a chat without one: of the active members who are people with the highest role the one who joined first.
pub async fn successor(executor: &mut Executor, chat: ChatId) -> Result<Option<UserId>> {
    let query = Query::select()
        .column((M::Table, M::UserId))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::DeactivatedAt)).is_null())
        .and_where(Expr::col((U::Table, U::DeletedAt)).is_null())
        .and_where(Expr::col((U::Table, U::IsBot)).eq(0))
        .order_by((M::Table, M::Role), Order::Desc)
        .order_by((M::Table, M::JoinedAt), Order::Asc)
        .order_by((M::Table, M::UserId), Order::Asc)
        .limit(1)
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.map(|(user,)| user))
}

/// The members with at least a role.
pub async fn with_role(executor: &mut Executor, chat: ChatId, least: Role) -> Result<Vec<UserId>> {
    let query = Query::select()
        .column(M::UserId)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::Role).gte(least))
        .to_owned();
    Ok(executor.all::<(UserId,)>(&query).await?.into_iter().map(|(user,)| user).collect())
}

/// Stores a member's preferences for a chat.
pub async fn set_preferences(
    executor: &mut Executor,
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
    executor.execute(&update).await
}

/// Whether a user has hidden a chat.
pub async fn is_hidden(executor: &mut Executor, chat: ChatId, user: UserId) -> Result<bool> {
    let query = Query::select()
        .column(M::UserId)
        .from(M::Table)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .and_where(Expr::col(M::HiddenSeq).is_not_null())
        .to_owned();
    Ok(executor.one::<(UserId,)>(&query).await?.is_some())
}

/// Hides a chat until there is a message after `seq`; with `None`, shows it again.
pub async fn hide(executor: &mut Executor, chat: ChatId, user: UserId, seq: Option<i64>) -> Result<()> {
    let update = Query::update()
        .table(M::Table)
        .value(M::HiddenSeq, seq)
        .and_where(Expr::col(M::ChatId).eq(chat))
        .and_where(Expr::col(M::UserId).eq(user))
        .to_owned();
    executor.execute(&update).await
}

#[cfg(test)]
mod tests {
    use sea_query::{SqliteQueryBuilder, Value};

    use super::*;

    #[test]
    fn the_values_of_posting_rights_are_in_the_order_of_their_places() {
        let pairs = [(ChatId(1), UserId(2)), (ChatId(3), UserId(4))];
        let (_, values) = posting_rights_query(&pairs, false).build(SqliteQueryBuilder);
        assert_eq!(values.0, [1_i64, 2, 3, 4].map(Value::from));
    }

    #[test]
    fn the_values_of_expected_rights_are_in_the_order_of_their_places() {
        let rights = |chat, message_life| PostingRights {
            chat: ChatId(chat),
            user: UserId(2),
            role: Role::Admin,
            is_blocked: 3,
            kind: ChatKind::Channel,
            is_read_only: 4,
            message_life,
            seq: 5,
        };
        let (_, values) = expectation(&[rights(1, None), rights(6, Some(7))]).build(SqliteQueryBuilder);
        let (role, kind) = (Value::from(Role::Admin), Value::from(ChatKind::Channel));
        let of_each = |chat: i64, life: Option<i64>| {
            let [chat, user, blocked, read_only, seq] = [chat, 2, 3, 4, 5_i64].map(Value::from);
            [chat, user, role.clone(), blocked, kind.clone(), read_only, life.into(), seq]
        };
        let nothing = [Value::from(0), Option::<i64>::None.into()];
        let mut expected = [&nothing[..], &of_each(1, None), &of_each(6, Some(7))].concat();
        expected.push(2_i64.into());
        assert_eq!(values.0, expected);
    }
}
