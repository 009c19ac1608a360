//! Accounts that were deleted and whose chats still hold something of them.

use sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::Deletion as D;
use super::{Executor, Result};
use crate::model::{ChatId, MessageId, UserId};

/// A deletion that is not finished, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Deletion {
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    /// Their messages go too.
    pub erases: bool,
    /// They are out of every chat up to this one.
    #[sqlx(rename = "chat_id")]
    pub chat: ChatId,
    /// Every message up to this one was looked at.
    #[sqlx(rename = "message_id")]
    pub message: MessageId,
}

fn deletions() -> SelectStatement {
    Query::select().columns([D::UserId, D::Erases, D::ChatId, D::MessageId]).from(D::Table).to_owned()
}

pub async fn insert(run: &mut Executor, user: UserId, erases: bool) -> Result<()> {
    let insert = Query::insert()
        .into_table(D::Table)
        .columns([D::UserId, D::Erases])
        .values_panic([user.into(), i64::from(erases).into()])
        .to_owned();
    run.execute(&insert).await
}

/// One of those that are not finished.
pub async fn any(run: &mut Executor) -> Result<Option<Deletion>> {
    run.one(deletions().limit(1)).await
}

/// The deletion of an account, held until the change ends.
pub async fn of_user(run: &mut Executor, user: UserId) -> Result<Option<Deletion>> {
    let mut question = deletions();
    question.and_where(Expr::col(D::UserId).eq(user));
    if run.is_mysql() {
        question.lock_exclusive();
    }
    run.one(&question).await
}

/// Remembers how far it is.
pub async fn update(run: &mut Executor, deletion: &Deletion) -> Result<()> {
    let update = Query::update()
        .table(D::Table)
        .value(D::ChatId, deletion.chat)
        .value(D::MessageId, deletion.message)
        .and_where(Expr::col(D::UserId).eq(deletion.user))
        .to_owned();
    run.execute(&update).await
}

pub async fn finish(run: &mut Executor, user: UserId) -> Result<()> {
    let delete = Query::delete().from_table(D::Table).and_where(Expr::col(D::UserId).eq(user)).to_owned();
    run.execute(&delete).await
}
