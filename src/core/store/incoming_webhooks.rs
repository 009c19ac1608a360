//! Webhooks by which programs post in chats.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::IncomingWebhook as W;
use super::sessions::Hash;
use super::{Executor, Result};
use crate::model::{ChatId, IncomingWebhook, IncomingWebhookId, Time, UserId};

const COLUMNS: [W; 7] = [W::Id, W::ChatId, W::AccountId, W::CreatorId, W::Name, W::CreatedAt, W::UsedAt];

#[derive(FromRow)]
struct WebhookRow {
    id: IncomingWebhookId,
    chat_id: ChatId,
    account_id: UserId,
    creator_id: UserId,
    name: String,
    created_at: Time,
    used_at: Option<Time>,
}

impl From<WebhookRow> for IncomingWebhook {
    fn from(row: WebhookRow) -> Self {
        let WebhookRow { id, chat_id, account_id, creator_id, name, created_at, used_at } = row;
        Self { id, chat: chat_id, account: account_id, creator: creator_id, name, created_at, used_at }
    }
}

fn webhooks() -> SelectStatement {
    Query::select().columns(COLUMNS).from(W::Table).to_owned()
}

pub async fn insert(executor: &mut Executor, webhook: &IncomingWebhook, secret: Hash) -> Result<()> {
    let insert = Query::insert()
        .into_table(W::Table)
        .columns(COLUMNS.into_iter().chain([W::SecretHash]))
        .values_panic([
            webhook.id.into(),
            webhook.chat.into(),
            webhook.account.into(),
            webhook.creator.into(),
            webhook.name.as_str().into(),
            webhook.created_at.into(),
            webhook.used_at.into(),
            secret.to_vec().into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// The oldest first.
pub async fn of_chat(executor: &mut Executor, chat: ChatId) -> Result<Vec<IncomingWebhook>> {
    let mut query = webhooks();
    query.and_where(Expr::col(W::ChatId).eq(chat)).order_by(W::Id, Order::Asc);
    Ok(executor.all::<WebhookRow>(&query).await?.into_iter().map(IncomingWebhook::from).collect())
}

pub async fn by_secret(executor: &mut Executor, secret: Hash) -> Result<Option<IncomingWebhook>> {
    let mut query = webhooks();
    query.and_where(Expr::col(W::SecretHash).eq(secret.to_vec()));
    Ok(executor.one::<WebhookRow>(&query).await?.map(IncomingWebhook::from))
}

pub async fn rename(executor: &mut Executor, id: IncomingWebhookId, name: &str) -> Result<()> {
    let update =
        Query::update().table(W::Table).value(W::Name, name).and_where(Expr::col(W::Id).eq(id)).to_owned();
    executor.execute(&update).await
}

pub async fn set_secret(executor: &mut Executor, id: IncomingWebhookId, secret: Hash) -> Result<()> {
    let update = Query::update()
        .table(W::Table)
        .value(W::SecretHash, secret.to_vec())
        .and_where(Expr::col(W::Id).eq(id))
        .to_owned();
    executor.execute(&update).await
}

pub async fn touch(executor: &mut Executor, id: IncomingWebhookId, now: Time) -> Result<()> {
    let update =
        Query::update().table(W::Table).value(W::UsedAt, now).and_where(Expr::col(W::Id).eq(id)).to_owned();
    executor.execute(&update).await
}

pub async fn delete(executor: &mut Executor, id: IncomingWebhookId) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(W::Table).and_where(Expr::col(W::Id).eq(id)).to_owned())
        .await
}
