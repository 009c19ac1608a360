//! Invites to groups.

use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::Invite as I;
use super::{Executor, Result};
use crate::model::{ChatId, Invite, InviteId, Time, UserId};

#[derive(FromRow)]
struct InviteRow {
    id: InviteId,
    chat_id: ChatId,
    creator_id: UserId,
    created_at: Time,
    expires_at: Option<Time>,
    max_uses: Option<i64>,
    uses: i64,
}

impl From<InviteRow> for Invite {
    fn from(row: InviteRow) -> Self {
        let InviteRow { id, chat_id: chat, creator_id: creator, created_at, expires_at, max_uses, uses } =
            row;
        Self { id, chat, creator, created_at, expires_at, max_uses, uses }
    }
}

fn invites() -> SelectStatement {
    Query::select()
        .columns([I::Id, I::ChatId, I::CreatorId, I::CreatedAt, I::ExpiresAt, I::MaxUses, I::Uses])
        .from(I::Table)
        .to_owned()
}

pub async fn insert(executor: &mut Executor, invite: &Invite) -> Result<()> {
    let insert = Query::insert()
        .into_table(I::Table)
        .columns([I::Id, I::ChatId, I::CreatorId, I::CreatedAt, I::ExpiresAt, I::MaxUses, I::Uses])
        .values_panic([
            invite.id.into(),
            invite.chat.into(),
            invite.creator.into(),
            invite.created_at.into(),
            invite.expires_at.into(),
            invite.max_uses.into(),
            invite.uses.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn by_id(executor: &mut Executor, id: InviteId) -> Result<Option<Invite>> {
    let row: Option<InviteRow> = executor.one(invites().and_where(Expr::col(I::Id).eq(id))).await?;
    Ok(row.map(Invite::from))
}

/// The newest first.
pub async fn of_chat(executor: &mut Executor, chat: ChatId) -> Result<Vec<Invite>> {
    let mut query = invites();
    query.and_where(Expr::col(I::ChatId).eq(chat)).order_by(I::Id, Order::Desc);
    let rows: Vec<InviteRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Invite::from).collect())
}

/// Counts a use.
pub async fn count_use(executor: &mut Executor, id: InviteId) -> Result<()> {
    let update = Query::update()
        .table(I::Table)
        .value(I::Uses, Expr::col(I::Uses).add(1))
        .and_where(Expr::col(I::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

pub async fn delete(executor: &mut Executor, id: InviteId) -> Result<()> {
    let delete = Query::delete().from_table(I::Table).and_where(Expr::col(I::Id).eq(id)).to_owned();
    executor.execute(&delete).await
}

/// Deletes expired and used-up invites.
pub async fn delete_unusable(executor: &mut Executor, chat: ChatId, now: Time) -> Result<()> {
    let unusable =
        Cond::any().add(Expr::col(I::ExpiresAt).lte(now)).add(Expr::col(I::Uses).gte(Expr::col(I::MaxUses)));
    let delete = Query::delete()
        .from_table(I::Table)
        .and_where(Expr::col(I::ChatId).eq(chat))
        .cond_where(unusable)
        .to_owned();
    executor.execute(&delete).await
}

pub async fn delete_all(executor: &mut Executor, chat: ChatId) -> Result<()> {
    let delete = Query::delete().from_table(I::Table).and_where(Expr::col(I::ChatId).eq(chat)).to_owned();
    executor.execute(&delete).await
}
