//! Deletions of accounts that are not finished: their memberships or messages remain.

use sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::Deletion as D;
use super::{Executor, Result};
use crate::model::{ChatId, MessageId, UserId};

/// An unfinished deletion and its progress.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Deletion {
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    /// Whether the user's messages are deleted too.
    pub erases: bool,
    /// The user was removed from all chats up to this one.
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    /// All messages up to this one were processed.
    #[sqlx(rename = "message_id")]
    pub message: MessageId,
}

fn deletions() -> SelectStatement {
    Query::select().columns([D::UserId, D::Erases, D::ChatId, D::MessageId]).from(D::Table).to_owned()
}

pub async fn insert(executor: &mut Executor, user: UserId, erases: bool) -> Result<()> {
    let insert = Query::insert()
        .into_table(D::Table)
        .columns([D::UserId, D::Erases])
        .values_panic([user.into(), i64::from(erases).into()])
        .to_owned();
    executor.execute(&insert).await
}

/// Any unfinished deletion.
pub async fn any(executor: &mut Executor) -> Result<Option<Deletion>> {
    executor.one(deletions().limit(1)).await
}

/// The deletion of an account, locked until the transaction ends.
pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<Option<Deletion>> {
    let mut query = deletions();
    query.and_where(Expr::col(D::UserId).eq(user));
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    executor.one(&query).await
}

/// Stores its progress.
pub async fn update(executor: &mut Executor, deletion: &Deletion) -> Result<()> {
    let update = Query::update()
        .table(D::Table)
        .value(D::ChatId, deletion.chat)
        .value(D::MessageId, deletion.message)
        .and_where(Expr::col(D::UserId).eq(deletion.user))
        .to_owned();
    executor.execute(&update).await
}

pub async fn finish(executor: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(D::Table).and_where(Expr::col(D::UserId).eq(user)).to_owned();
    executor.execute(&delete).await
}
