//! Pushes: the devices that are sent some, the pushes that wait, and the log of what became of them.

use sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{
    Member as M, PushDelivery as D, PushLog as L, PushMessage as P, PushSubscription as S, Session as Se,
    User as U,
};
use super::sessions::Hash;
use super::{Executor, Result};
use crate::model::{
    ChatId, MessageId, Notify, PushKeys, PushLogEntry, PushOutcome, PushSubscription, PushSubscriptionId,
    Session, SessionId, SessionKind, Time, UserId,
};

/// The most rows of one statement.
const BATCH: usize = 500;

const COLUMNS: [S; 9] = [
    S::Id,
    S::UserId,
    S::SessionId,
    S::Endpoint,
    S::PublicKey,
    S::AuthSecret,
    S::HidesContent,
    S::QuietUntil,
    S::CreatedAt,
];

#[derive(FromRow)]
struct SubscriptionRow {
    id: PushSubscriptionId,
    user_id: UserId,
    session_id: SessionId,
    endpoint: String,
    public_key: Vec<u8>,
    auth_secret: Vec<u8>,
    hides_content: i64,
    quiet_until: Option<Time>,
    created_at: Time,
}

impl From<SubscriptionRow> for PushSubscription {
    fn from(row: SubscriptionRow) -> Self {
        let keys = PushKeys {
            public: row.public_key.try_into().unwrap_or([0; 65]),
            auth: row.auth_secret.try_into().unwrap_or_default(),
        };
        Self {
            id: row.id,
            user: row.user_id,
            session: row.session_id,
            endpoint: row.endpoint,
            keys,
            hides_content: row.hides_content != 0,
            quiet_until: row.quiet_until,
            created_at: row.created_at,
        }
    }
}

fn subscriptions() -> SelectStatement {
    Query::select().columns(COLUMNS.map(|column| (S::Table, column))).from(S::Table).to_owned()
}

/// Whether there is any subscription.
pub async fn any(executor: &mut Executor) -> Result<bool> {
    let query = Query::select().column(S::Id).from(S::Table).limit(1).to_owned();
    Ok(executor.one::<(PushSubscriptionId,)>(&query).await?.is_some())
}

/// `hash` is that of the endpoint.
pub async fn insert(executor: &mut Executor, new: &PushSubscription, hash: Hash) -> Result<()> {
    let insert = Query::insert()
        .into_table(S::Table)
        .columns(COLUMNS.into_iter().chain([S::EndpointHash]))
        .values_panic([
            new.id.into(),
            new.user.into(),
            new.session.into(),
            new.endpoint.clone().into(),
            new.keys.public.to_vec().into(),
            new.keys.auth.to_vec().into(),
            i64::from(new.hides_content).into(),
            new.quiet_until.into(),
            new.created_at.into(),
            hash.to_vec().into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// The subscriptions of a session and those with an endpoint, whoever's they are. `hash` is that of the endpoint.
pub async fn replaced(
    executor: &mut Executor,
    session: SessionId,
    hash: Hash,
) -> Result<Vec<PushSubscription>> {
    let session = Expr::col((S::Table, S::SessionId)).eq(session);
    let mut query = subscriptions();
    query.and_where(session.or(Expr::col((S::Table, S::EndpointHash)).eq(hash.to_vec())));
    let rows: Vec<SubscriptionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(PushSubscription::from).collect())
}

pub async fn of_user(executor: &mut Executor, user: UserId) -> Result<Vec<PushSubscription>> {
    let mut query = subscriptions();
    query.and_where(Expr::col((S::Table, S::UserId)).eq(user)).order_by((S::Table, S::Id), Order::Desc);
    let rows: Vec<SubscriptionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(PushSubscription::from).collect())
}

pub async fn by_ids(executor: &mut Executor, ids: &[PushSubscriptionId]) -> Result<Vec<PushSubscription>> {
    let mut query = subscriptions();
    query.and_where(Expr::col((S::Table, S::Id)).is_in(ids.iter().copied()));
    let rows: Vec<SubscriptionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(PushSubscription::from).collect())
}

/// Deletes subscriptions and the pushes that wait for them.
pub async fn delete(executor: &mut Executor, ids: &[PushSubscriptionId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let waiting = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::SubscriptionId).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&waiting).await?;
    let delete = Query::delete()
        .from_table(S::Table)
        .and_where(Expr::col(S::Id).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// Deletes a subscription, and not the pushes that wait for it.
pub async fn delete_alone(executor: &mut Executor, id: PushSubscriptionId) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(S::Table).and_where(Expr::col(S::Id).eq(id)).to_owned())
        .await
}

pub async fn delete_of_session(executor: &mut Executor, session: SessionId) -> Result<()> {
    let of_session = Query::select()
        .column(S::Id)
        .from(S::Table)
        .and_where(Expr::col(S::SessionId).eq(session))
        .to_owned();
    let waiting = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::SubscriptionId).in_subquery(of_session))
        .to_owned();
    executor.execute(&waiting).await?;
    let delete =
        Query::delete().from_table(S::Table).and_where(Expr::col(S::SessionId).eq(session)).to_owned();
    executor.execute(&delete).await
}

/// Whether a subscription's session is neither revoked nor expired, nor unused for too long.
fn is_alive(now: Time) -> Expr {
    let used = |is_long: bool| {
        let used = Expr::col((Se::Table, Se::UsedAt)).gt(now - Session::idle_life(is_long));
        Expr::col((Se::Table, Se::IsLong)).eq(i64::from(is_long)).and(used)
    };
    let is_token = Expr::col((Se::Table, Se::Kind)).eq(SessionKind::Token);
    Expr::col((Se::Table, Se::RevokedAt))
        .is_null()
        .and(Expr::col((Se::Table, Se::ExpiresAt)).gt(now))
        .and(is_token.or(used(false)).or(used(true)))
}

fn session_of_subscription() -> Expr {
    Expr::col((Se::Table, Se::Id)).equals((S::Table, S::SessionId))
}

/// Subscriptions whose session has ended.
pub async fn ended(executor: &mut Executor, now: Time, limit: u64) -> Result<Vec<PushSubscriptionId>> {
    let query = Query::select()
        .column((S::Table, S::Id))
        .from(S::Table)
        .join(JoinType::LeftJoin, Se::Table, session_of_subscription())
        .and_where(Expr::col((Se::Table, Se::Id)).is_null().or(is_alive(now).not()))
        .limit(limit)
        .to_owned();
    Ok(executor.all::<(PushSubscriptionId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// Records that messages are new.
pub async fn insert_messages(executor: &mut Executor, ids: &[MessageId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert().into_table(P::Table).columns([P::MessageId]).to_owned();
    for id in ids {
        insert.values_panic([(*id).into()]);
    }
    executor.defer(&insert).await
}

/// New messages whose recipients were not chosen yet, the oldest first; locked until the transaction ends.
pub async fn locked_messages(executor: &mut Executor, limit: u64) -> Result<Vec<MessageId>> {
    let mut query = Query::select()
        .column(P::MessageId)
        .from(P::Table)
        .order_by(P::MessageId, Order::Asc)
        .limit(limit)
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    Ok(executor.all::<(MessageId,)>(&query).await?.into_iter().map(|(id,)| id).collect())
}

/// Whether there are new messages whose recipients were not chosen yet.
pub async fn has_messages(executor: &mut Executor) -> Result<bool> {
    let query = Query::select().column(P::MessageId).from(P::Table).limit(1).to_owned();
    Ok(executor.one::<(MessageId,)>(&query).await?.is_some())
}

pub async fn delete_messages(executor: &mut Executor, ids: &[MessageId]) -> Result<()> {
    let delete = Query::delete()
        .from_table(P::Table)
        .and_where(Expr::col(P::MessageId).is_in(ids.iter().copied()))
        .to_owned();
    executor.execute(&delete).await
}

/// A device of a member of a chat, with what the member chose for the chat.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Recipient {
    #[sqlx(rename = "id")]
    pub subscription: PushSubscriptionId,
    #[sqlx(rename = "user_id")]
    pub user: UserId,
    pub quiet_until: Option<Time>,
    pub joined_seq: i64,
    pub read_seq: i64,
    pub muted_until: Option<Time>,
    pub notify: Notify,
}

/// The devices of the members of a chat. Those of deactivated accounts and of sessions that have ended are left out.
pub async fn recipients(executor: &mut Executor, chat: ChatId, now: Time) -> Result<Vec<Recipient>> {
    executor.all(&recipients_in(chat, now)).await
}

/// Those of these devices that are among them.
pub async fn recipients_among(
    executor: &mut Executor,
    chat: ChatId,
    devices: &[PushSubscriptionId],
    now: Time,
) -> Result<Vec<Recipient>> {
    let mut query = recipients_in(chat, now);
    query.and_where(Expr::col((S::Table, S::Id)).is_in(devices.iter().copied()));
    executor.all(&query).await
}

fn recipients_in(chat: ChatId, now: Time) -> SelectStatement {
    Query::select()
        .columns([S::Id, S::UserId, S::QuietUntil].map(|column| (S::Table, column)))
        .columns([M::JoinedSeq, M::ReadSeq, M::MutedUntil, M::Notify].map(|column| (M::Table, column)))
        .from(M::Table)
        .inner_join(S::Table, Expr::col((S::Table, S::UserId)).equals((M::Table, M::UserId)))
        .inner_join(Se::Table, session_of_subscription())
        .inner_join(U::Table, Expr::col((U::Table, U::Id)).equals((S::Table, S::UserId)))
        .and_where(Expr::col((M::Table, M::ChatId)).eq(chat))
        .and_where(Expr::col((U::Table, U::DeactivatedAt)).is_null())
        .and_where(is_alive(now))
        .to_owned()
}

/// A push that waits.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Delivery {
    #[sqlx(rename = "subscription_id")]
    pub subscription: PushSubscriptionId,
    #[sqlx(rename = "message_id")]
    pub message: MessageId,
    pub due_at: Time,
    /// How often it was tried before.
    pub attempts: i64,
    pub is_deferred: i64,
    /// Whether the message addresses the recipient: in a private chat, or by a mention.
    pub is_addressed: i64,
}

pub async fn insert_deliveries(executor: &mut Executor, new: &[Delivery]) -> Result<()> {
    for batch in new.chunks(BATCH) {
        let mut insert = Query::insert()
            .into_table(D::Table)
            .columns([D::SubscriptionId, D::MessageId, D::DueAt, D::Attempts, D::IsDeferred, D::IsAddressed])
            .to_owned();
        for delivery in batch {
            insert.values_panic([
                delivery.subscription.into(),
                delivery.message.into(),
                delivery.due_at.into(),
                delivery.attempts.into(),
                delivery.is_deferred.into(),
                delivery.is_addressed.into(),
            ]);
        }
        executor.execute(&insert).await?;
    }
    Ok(())
}

fn due(now: Time, limit: u64) -> SelectStatement {
    Query::select()
        .columns([D::SubscriptionId, D::MessageId, D::DueAt, D::Attempts, D::IsDeferred, D::IsAddressed])
        .from(D::Table)
        .and_where(Expr::col(D::DueAt).lte(now))
        .order_by(D::DueAt, Order::Asc)
        .limit(limit)
        .to_owned()
}

/// Whether any push is due.
pub async fn is_any_due(executor: &mut Executor, now: Time) -> Result<bool> {
    Ok(executor.one::<Delivery>(&due(now, 1)).await?.is_some())
}

/// Pushes that are due, the longest overdue first; locked until the transaction ends.
pub async fn locked_due(executor: &mut Executor, now: Time, limit: u64) -> Result<Vec<Delivery>> {
    let mut query = due(now, limit);
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    executor.all(&query).await
}

/// Has a push tried at another time.
pub async fn postpone(executor: &mut Executor, push: &Delivery, due_at: Time, attempts: i64) -> Result<()> {
    let update = Query::update()
        .table(D::Table)
        .value(D::DueAt, due_at)
        .value(D::Attempts, attempts)
        .and_where(Expr::col(D::SubscriptionId).eq(push.subscription))
        .and_where(Expr::col(D::MessageId).eq(push.message))
        .to_owned();
    executor.execute(&update).await
}

pub async fn delete_delivery(executor: &mut Executor, push: &Delivery) -> Result<()> {
    let delete = Query::delete()
        .from_table(D::Table)
        .and_where(Expr::col(D::SubscriptionId).eq(push.subscription))
        .and_where(Expr::col(D::MessageId).eq(push.message))
        .to_owned();
    executor.execute(&delete).await
}

/// Deletes what waits of messages before one.
pub async fn delete_older(executor: &mut Executor, first: MessageId) -> Result<()> {
    let messages =
        Query::delete().from_table(P::Table).and_where(Expr::col(P::MessageId).lt(first)).to_owned();
    executor.execute(&messages).await?;
    let pushes = Query::delete().from_table(D::Table).and_where(Expr::col(D::MessageId).lt(first)).to_owned();
    executor.execute(&pushes).await
}

/// Deletes all pushes that wait, and forgets which messages are new.
pub async fn delete_waiting(executor: &mut Executor) -> Result<()> {
    executor.execute(&Query::delete().from_table(P::Table).to_owned()).await?;
    executor.execute(&Query::delete().from_table(D::Table).to_owned()).await
}

#[derive(FromRow)]
struct LogRow {
    id: i64,
    at: Time,
    user_id: UserId,
    service: String,
    outcome: PushOutcome,
    status: Option<i64>,
    attempts: i64,
}

impl From<LogRow> for PushLogEntry {
    fn from(row: LogRow) -> Self {
        let LogRow { id, at, user_id, service, outcome, status, attempts } = row;
        let status = status.and_then(|status| u16::try_from(status).ok());
        Self { id, at, user: user_id, service, outcome, status, attempts }
    }
}

const LOG: [L; 7] = [L::Id, L::At, L::UserId, L::Service, L::Outcome, L::Status, L::Attempts];

pub async fn log(executor: &mut Executor, entry: &PushLogEntry) -> Result<()> {
    let insert = Query::insert()
        .into_table(L::Table)
        .columns(LOG)
        .values_panic([
            entry.id.into(),
            entry.at.into(),
            entry.user.into(),
            entry.service.chars().take(255).collect::<String>().into(),
            entry.outcome.into(),
            entry.status.map(i64::from).into(),
            entry.attempts.into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// The log, the newest first.
pub async fn logged(executor: &mut Executor, before: Option<i64>, limit: u64) -> Result<Vec<PushLogEntry>> {
    let mut query =
        Query::select().columns(LOG).from(L::Table).order_by(L::Id, Order::Desc).limit(limit).to_owned();
    if let Some(before) = before {
        query.and_where(Expr::col(L::Id).lt(before));
    }
    let rows: Vec<LogRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(PushLogEntry::from).collect())
}

/// Deletes entries that were made before a time.
pub async fn delete_log_before(executor: &mut Executor, before: Time) -> Result<()> {
    executor
        .execute(&Query::delete().from_table(L::Table).and_where(Expr::col(L::At).lt(before)).to_owned())
        .await
}

/// The id of the newest entry beyond the newest `kept`.
pub async fn newest_surplus(executor: &mut Executor, kept: u64) -> Result<Option<i64>> {
    let query = Query::select()
        .column(L::Id)
        .from(L::Table)
        .order_by(L::Id, Order::Desc)
        .limit(1)
        .offset(kept)
        .to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map(|(id,)| id))
}

/// Deletes entries up to one.
pub async fn delete_log(executor: &mut Executor, up_to: i64) -> Result<()> {
    let delete = Query::delete().from_table(L::Table).and_where(Expr::col(L::Id).lte(up_to)).to_owned();
    executor.execute(&delete).await
}
