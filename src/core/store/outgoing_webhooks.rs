//! Webhooks that tell programs about events, and how far in each chat they were told.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{OutgoingWebhook as W, WebhookCursor as C};
use super::{Executor, Result, webhook_deliveries};
use crate::model::{
    ChatId, Disabled, OutgoingWebhook, OutgoingWebhookId, Time, UserId, WebhookEvent, WebhookScope,
};

const COLUMNS: [W; 13] = [
    W::Id,
    W::ChatId,
    W::BotId,
    W::CreatorId,
    W::Name,
    W::Url,
    W::Events,
    W::SecretNumber,
    W::RotatedAt,
    W::CreatedAt,
    W::FailingSince,
    W::DisabledAt,
    W::DisabledReason,
];

#[derive(FromRow)]
struct WebhookRow {
    id: OutgoingWebhookId,
    chat_id: Option<ChatId>,
    bot_id: Option<UserId>,
    creator_id: UserId,
    name: String,
    url: String,
    events: String,
    secret_number: i64,
    rotated_at: Option<Time>,
    created_at: Time,
    failing_since: Option<Time>,
    disabled_at: Option<Time>,
    disabled_reason: Option<String>,
}

impl From<WebhookRow> for OutgoingWebhook {
    fn from(row: WebhookRow) -> Self {
        let scope = match (row.chat_id, row.bot_id) {
            (Some(chat), _) => WebhookScope::Chat(chat),
            (None, bot) => WebhookScope::Bot(bot.unwrap_or(UserId(0))),
        };
        let reason = row.disabled_reason.unwrap_or_default();
        Self {
            id: row.id,
            scope,
            creator: row.creator_id,
            name: row.name,
            url: row.url,
            events: row.events.split(',').filter_map(WebhookEvent::by_name).collect(),
            secret_number: row.secret_number,
            rotated_at: row.rotated_at,
            created_at: row.created_at,
            failing_since: row.failing_since,
            disabled: row.disabled_at.map(|at| Disabled { at, reason }),
        }
    }
}

fn webhooks() -> SelectStatement {
    Query::select().columns(COLUMNS).from(W::Table).order_by(W::Id, Order::Asc).to_owned()
}

fn names(events: &[WebhookEvent]) -> String {
    events.iter().map(|event| event.name()).collect::<Vec<_>>().join(",")
}

fn in_scope(scope: WebhookScope) -> Expr {
    match scope {
        WebhookScope::Chat(chat) => Expr::col(W::ChatId).eq(chat),
        WebhookScope::Bot(bot) => Expr::col(W::BotId).eq(bot),
    }
}

pub async fn insert(executor: &mut Executor, new: &OutgoingWebhook) -> Result<()> {
    let (chat, bot) = match new.scope {
        WebhookScope::Chat(chat) => (Some(chat), None),
        WebhookScope::Bot(bot) => (None, Some(bot)),
    };
    let (disabled_at, disabled_reason) = columns_of(new.disabled.as_ref());
    let insert = Query::insert()
        .into_table(W::Table)
        .columns(COLUMNS)
        .values_panic([
            new.id.into(),
            chat.into(),
            bot.into(),
            new.creator.into(),
            new.name.as_str().into(),
            new.url.as_str().into(),
            names(&new.events).into(),
            new.secret_number.into(),
            new.rotated_at.into(),
            new.created_at.into(),
            new.failing_since.into(),
            disabled_at.into(),
            disabled_reason.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

fn columns_of(disabled: Option<&Disabled>) -> (Option<Time>, Option<String>) {
    disabled.map(|disabled| (disabled.at, disabled.reason.clone())).unzip()
}

/// Stores what may change.
pub async fn update(executor: &mut Executor, webhook: &OutgoingWebhook) -> Result<()> {
    let (disabled_at, disabled_reason) = columns_of(webhook.disabled.as_ref());
    let update = Query::update()
        .table(W::Table)
        .value(W::Name, webhook.name.as_str())
        .value(W::Url, webhook.url.as_str())
        .value(W::Events, names(&webhook.events))
        .value(W::SecretNumber, webhook.secret_number)
        .value(W::RotatedAt, webhook.rotated_at)
        .value(W::FailingSince, webhook.failing_since)
        .value(W::DisabledAt, disabled_at)
        .value(W::DisabledReason, disabled_reason)
        .and_where(Expr::col(W::Id).eq(webhook.id))
        .to_owned();
    executor.execute(&update).await
}

/// One webhook, locked until the transaction ends.
pub async fn locked(executor: &mut Executor, id: OutgoingWebhookId) -> Result<Option<OutgoingWebhook>> {
    let mut query = webhooks();
    query.and_where(Expr::col(W::Id).eq(id));
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(executor.one::<WebhookRow>(&query).await?.map(OutgoingWebhook::from))
}

pub async fn by_id(executor: &mut Executor, id: OutgoingWebhookId) -> Result<Option<OutgoingWebhook>> {
    let mut query = webhooks();
    query.and_where(Expr::col(W::Id).eq(id));
    Ok(executor.one::<WebhookRow>(&query).await?.map(OutgoingWebhook::from))
}

/// Those of a chat or a bot, the oldest first.
pub async fn of_scope(executor: &mut Executor, scope: WebhookScope) -> Result<Vec<OutgoingWebhook>> {
    let mut query = webhooks();
    query.and_where(in_scope(scope));
    Ok(executor.all::<WebhookRow>(&query).await?.into_iter().map(OutgoingWebhook::from).collect())
}

/// All that are switched on.
pub async fn active(executor: &mut Executor) -> Result<Vec<OutgoingWebhook>> {
    let mut query = webhooks();
    query.and_where(Expr::col(W::DisabledAt).is_null());
    Ok(executor.all::<WebhookRow>(&query).await?.into_iter().map(OutgoingWebhook::from).collect())
}

pub async fn delete(executor: &mut Executor, id: OutgoingWebhookId) -> Result<()> {
    webhook_deliveries::delete_of(executor, id).await?;
    let cursors = Query::delete().from_table(C::Table).and_where(Expr::col(C::WebhookId).eq(id)).to_owned();
    executor.execute(&cursors).await?;
    executor
        .execute(&Query::delete().from_table(W::Table).and_where(Expr::col(W::Id).eq(id)).to_owned())
        .await
}

/// Deletes those of a chat or a bot.
pub async fn delete_of_scope(executor: &mut Executor, scope: WebhookScope) -> Result<()> {
    for webhook in of_scope(executor, scope).await? {
        delete(executor, webhook.id).await?;
    }
    Ok(())
}

/// The cursors of webhooks: webhook, chat and sequence number.
pub async fn cursors(
    executor: &mut Executor,
    webhooks: &[OutgoingWebhookId],
) -> Result<Vec<(OutgoingWebhookId, ChatId, i64)>> {
    if webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::select()
        .columns([C::WebhookId, C::ChatId, C::Seq])
        .from(C::Table)
        .and_where(Expr::col(C::WebhookId).is_in(webhooks.iter().copied()))
        .to_owned();
    executor.all(&query).await
}

/// The cursor of a webhook in a chat, locked until the transaction ends.
pub async fn locked_cursor(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    chat: ChatId,
) -> Result<Option<i64>> {
    let mut query = Query::select()
        .column(C::Seq)
        .from(C::Table)
        .and_where(Expr::col(C::WebhookId).eq(webhook))
        .and_where(Expr::col(C::ChatId).eq(chat))
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(executor.one::<(i64,)>(&query).await?.map(|(seq,)| seq))
}

pub async fn insert_cursor(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    chat: ChatId,
    seq: i64,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(C::Table)
        .columns([C::WebhookId, C::ChatId, C::Seq])
        .values_panic([webhook.into(), chat.into(), seq.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn set_cursor(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    chat: ChatId,
    seq: i64,
) -> Result<()> {
    let update = Query::update()
        .table(C::Table)
        .value(C::Seq, seq)
        .and_where(Expr::col(C::WebhookId).eq(webhook))
        .and_where(Expr::col(C::ChatId).eq(chat))
        .to_owned();
    executor.execute(&update).await
}

/// Deletes the cursors of a webhook in some chats.
pub async fn delete_cursors(
    executor: &mut Executor,
    webhook: OutgoingWebhookId,
    chats: &[ChatId],
) -> Result<()> {
    let delete = Query::delete()
        .from_table(C::Table)
        .and_where(Expr::col(C::WebhookId).eq(webhook))
        .and_where(Expr::col(C::ChatId).is_in(chats.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}
