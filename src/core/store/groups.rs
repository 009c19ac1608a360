//! Groups and channels as administrators see them.

use std::collections::HashMap;

use sea_query::{Cond, Expr, ExprTrait, Func, LikeExpr, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{Chat as C, Member as M, Message as Msg, RetentionExemption as R, User as U};
use super::users::{PERSON, PersonRow, named};
use super::{Executor, Result};
use crate::model::{ChatFilter, ChatId, ChatKind, ChatOverview, Person, Role, Time, fold};

/// The columns of a chat that the list shows.
const CHAT: [C; 5] = [C::Id, C::Kind, C::Title, C::MemberCount, C::CreatedAt];

/// The column with the newest message of a chat.
const NEWEST_ID: &str = "newest_id";

#[derive(FromRow)]
struct GroupRow {
    id: ChatId,
    kind: ChatKind,
    title: String,
    member_count: i64,
    created_at: Time,
    active_at: Time,
    exempt_id: Option<ChatId>,
}

#[derive(FromRow)]
struct OwnerRow {
    chat_id: ChatId,
    #[sqlx(flatten)]
    person: PersonRow,
}

#[derive(FromRow)]
struct CandidateRow {
    #[sqlx(flatten)]
    person: PersonRow,
    role: Role,
}

/// Groups and channels, the last active first, after one of them: when it was active, and its id.
pub async fn list(
    executor: &mut Executor,
    filter: &ChatFilter,
    after: Option<(Time, ChatId)>,
    limit: u64,
) -> Result<Vec<ChatOverview>> {
    let id = || Expr::col((C::Table, C::Id));
    let mut query = overviews(with_newest(filter));
    query.order_by_expr(active_at(), Order::Desc).order_by((C::Table, C::Id), Order::Desc).limit(limit);
    if let Some((time, chat)) = after {
        let same = active_at().eq(time).and(id().lt(chat));
        query.cond_where(Cond::any().add(active_at().lt(time)).add(same));
    }
    let rows: Vec<GroupRow> = executor.all(&query).await?;
    with_owners(executor, rows).await
}

/// One group or channel.
pub async fn by_id(executor: &mut Executor, chat: ChatId) -> Result<Option<ChatOverview>> {
    let mut one = with_newest(&ChatFilter::default());
    one.and_where(Expr::col((C::Table, C::Id)).eq(chat));
    let rows: Vec<GroupRow> = executor.all(&overviews(one)).await?;
    Ok(with_owners(executor, rows).await?.pop())
}

fn active_at() -> Expr {
    let times = [Expr::col((Msg::Table, Msg::SentAt)), Expr::col((C::Table, C::CreatedAt))];
    Func::coalesce(times).into()
}

fn overviews(chats: SelectStatement) -> SelectStatement {
    Query::select()
        .columns(CHAT.map(|column| (C::Table, column)))
        .expr_as(active_at(), "active_at")
        .expr_as(Expr::col((R::Table, R::ChatId)), "exempt_id")
        .from_subquery(chats, C::Table)
        .left_join(Msg::Table, Expr::col((Msg::Table, Msg::Id)).equals((C::Table, NEWEST_ID)))
        .left_join(R::Table, Expr::col((R::Table, R::ChatId)).equals((C::Table, C::Id)))
        .to_owned()
}

/// Groups and channels, each with its newest message.
fn with_newest(filter: &ChatFilter) -> SelectStatement {
    let newest = Query::select()
        .column((Msg::Table, Msg::Id))
        .from(Msg::Table)
        .and_where(Expr::col((Msg::Table, Msg::ChatId)).equals((C::Table, C::Id)))
        .order_by((Msg::Table, Msg::Seq), Order::Desc)
        .limit(1)
        .to_owned();
    let mut query = Query::select()
        .columns(CHAT.map(|column| (C::Table, column)))
        .expr_as(Expr::from(newest), NEWEST_ID)
        .from(C::Table)
        .and_where(Expr::col((C::Table, C::Kind)).is_in([ChatKind::Group, ChatKind::Channel]))
        .and_where(Expr::col((C::Table, C::DeletedAt)).is_null())
        // With a limit, a database reads these first and does not merge them into the query around, in which it would
        // look for the newest message each time that it is mentioned.
        .limit(u64::from(u32::MAX))
        .to_owned();
    if filter.only_exempt {
        let exempt = Query::select().column(R::ChatId).from(R::Table).to_owned();
        query.and_where(Expr::col((C::Table, C::Id)).in_subquery(exempt));
    }
    for word in fold(&filter.words).split_whitespace() {
        let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let part = LikeExpr::new(format!("%{escaped}%")).escape('\\');
        query.and_where(Expr::col((C::Table, C::TitleFolded)).like(part));
    }
    query
}

async fn with_owners(executor: &mut Executor, rows: Vec<GroupRow>) -> Result<Vec<ChatOverview>> {
    let ids: Vec<ChatId> = rows.iter().map(|row| row.id).collect();
    let mut owners = owners(executor, &ids).await?;
    let overview = |row: GroupRow| ChatOverview {
        id: row.id,
        kind: row.kind,
        title: row.title,
        owner: owners.remove(&row.id),
        member_count: row.member_count,
        created_at: row.created_at,
        active_at: row.active_at,
        is_exempt: row.exempt_id.is_some(),
    };
    Ok(rows.into_iter().map(overview).collect())
}

/// The owners of those chats that have one.
async fn owners(executor: &mut Executor, chats: &[ChatId]) -> Result<HashMap<ChatId, Person>> {
    if chats.is_empty() {
        return Ok(HashMap::new());
    }
    let query = members()
        .column((M::Table, M::ChatId))
        .and_where(Expr::col((M::Table, M::ChatId)).is_in(chats.iter().copied()))
        .and_where(Expr::col((M::Table, M::Role)).eq(Role::Owner))
        .to_owned();
    let rows: Vec<OwnerRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row.person.into())).collect())
}

/// The members of a chat who can become its owner: active people whose names contain the words, those of a higher role
/// first.
pub async fn candidates(
    executor: &mut Executor,
    chat: ChatId,
    words: &str,
    limit: u64,
) -> Result<Vec<(Person, Role)>> {
    let words = fold(words);
    let mut query = members();
    query
        .column((M::Table, M::Role))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::DeactivatedAt)).is_null())
        .and_where(Expr::col((U::Table, U::DeletedAt)).is_null())
        .and_where(Expr::col((U::Table, U::IsBot)).eq(0))
        .order_by((M::Table, M::Role), Order::Desc)
        .order_by((U::Table, U::NameFolded), Order::Asc)
        .order_by((U::Table, U::Id), Order::Asc)
        .limit(limit);
    if !words.is_empty() {
        query.cond_where(named(&words));
    }
    let rows: Vec<CandidateRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(|row| (row.person.into(), row.role)).collect())
}

fn members() -> SelectStatement {
    Query::select()
        .columns(PERSON.map(|column| (U::Table, column)))
        .from(M::Table)
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((M::Table, M::UserId)))
        .to_owned()
}
