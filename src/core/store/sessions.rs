//! Sessions, refresh tokens, personal access tokens and socket tickets. Only SHA-256 hashes of secrets are stored.

use std::time::Duration;

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{RefreshToken as R, Session as S, Ticket as T};
use super::{Executor, Result};
use crate::model::{Scopes, Session, SessionId, SessionKind, Time, UserId};

/// The SHA-256 of a secret.
pub type Hash = [u8; 32];

/// How long a session is stored after its account was deleted: longer than its access tokens are valid.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3_600);

#[derive(FromRow)]
struct SessionRow {
    id: SessionId,
    user_id: UserId,
    kind: SessionKind,
    device: Option<String>,
    address: Option<String>,
    created_at: Time,
    used_at: Time,
    expires_at: Time,
    scopes: Scopes,
    is_long: i64,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let SessionRow { id, user_id, kind, device, address, .. } = row;
        let SessionRow { created_at, used_at, expires_at, scopes, is_long, .. } = row;
        let is_long = is_long != 0;
        Self { id, user: user_id, kind, device, address, created_at, used_at, expires_at, scopes, is_long }
    }
}

const COLUMNS: [S; 10] = [
    S::Id,
    S::UserId,
    S::Kind,
    S::Device,
    S::Address,
    S::CreatedAt,
    S::UsedAt,
    S::ExpiresAt,
    S::Scopes,
    S::IsLong,
];

fn sessions() -> SelectStatement {
    Query::select().columns(COLUMNS).from(S::Table).and_where(Expr::col(S::RevokedAt).is_null()).to_owned()
}

/// `token` is the hash of a personal access token.
pub async fn insert(executor: &mut Executor, session: &Session, token: Option<Hash>) -> Result<()> {
    let insert = Query::insert()
        .into_table(S::Table)
        .columns(COLUMNS.into_iter().chain([S::TokenHash]))
        .values_panic([
            session.id.into(),
            session.user.into(),
            session.kind.into(),
            session.device.clone().into(),
            session.address.clone().into(),
            session.created_at.into(),
            session.used_at.into(),
            session.expires_at.into(),
            session.scopes.into(),
            i64::from(session.is_long).into(),
            token.map(|hash| hash.to_vec()).into(),
        ])
        .to_owned();
    executor.execute(&insert).await
}

/// A session that has not been revoked.
pub async fn by_id(executor: &mut Executor, id: SessionId) -> Result<Option<Session>> {
    let row: Option<SessionRow> = executor.one(sessions().and_where(Expr::col(S::Id).eq(id))).await?;
    Ok(row.map(Session::from))
}

/// A personal access token that has not been revoked.
pub async fn by_token(executor: &mut Executor, hash: Hash) -> Result<Option<Session>> {
    let row: Option<SessionRow> =
        executor.one(sessions().and_where(Expr::col(S::TokenHash).eq(hash.to_vec()))).await?;
    Ok(row.map(Session::from))
}

/// Personal access tokens that are neither revoked nor expired, the newest first.
pub async fn tokens_of_user(executor: &mut Executor, user: UserId, now: Time) -> Result<Vec<Session>> {
    let mut query = sessions();
    query
        .and_where(Expr::col(S::UserId).eq(user))
        .and_where(Expr::col(S::Kind).eq(SessionKind::Token))
        .and_where(Expr::col(S::ExpiresAt).gt(now))
        .order_by(S::Id, Order::Desc);
    let rows: Vec<SessionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Sign-ins that are neither revoked, nor expired, nor unused for too long; the last used first.
pub async fn sign_ins_of_user(executor: &mut Executor, user: UserId, now: Time) -> Result<Vec<Session>> {
    let alive = |is_long: bool| {
        let used = Expr::col(S::UsedAt).gt(now - Session::idle_life(is_long));
        Expr::col(S::IsLong).eq(i64::from(is_long)).and(used)
    };
    let mut query = sessions();
    query
        .and_where(Expr::col(S::UserId).eq(user))
        .and_where(Expr::col(S::Kind).eq(SessionKind::SignIn))
        .and_where(Expr::col(S::ExpiresAt).gt(now))
        .and_where(alive(false).or(alive(true)))
        .order_by(S::UsedAt, Order::Desc)
        .order_by(S::Id, Order::Desc);
    let rows: Vec<SessionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// All sign-ins and tokens that have not been revoked, including expired ones.
pub async fn all_of_user(executor: &mut Executor, user: UserId) -> Result<Vec<Session>> {
    let mut query = sessions();
    query.and_where(Expr::col(S::UserId).eq(user)).order_by(S::Id, Order::Asc);
    let rows: Vec<SessionRow> = executor.all(&query).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

pub async fn touch_many(executor: &mut Executor, ids: &[SessionId], now: Time) -> Result<()> {
    let update = Query::update()
        .table(S::Table)
        .value(S::UsedAt, now)
        .and_where(Expr::col(S::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(S::UsedAt).lt(now))
        .to_owned();
    executor.execute(&update).await
}

pub async fn touch(executor: &mut Executor, id: SessionId, now: Time) -> Result<()> {
    let update =
        Query::update().table(S::Table).value(S::UsedAt, now).and_where(Expr::col(S::Id).eq(id)).to_owned();
    executor.execute(&update).await
}

pub async fn revoke(executor: &mut Executor, id: SessionId, now: Time) -> Result<()> {
    let update = Query::update()
        .table(S::Table)
        .value(S::RevokedAt, now)
        .and_where(Expr::col(S::Id).eq(id))
        .and_where(Expr::col(S::RevokedAt).is_null())
        .to_owned();
    executor.execute(&update).await
}

/// Deletes the devices and addresses of a user's sessions, which must be revoked, and lets them expire soon.
pub async fn forget_devices(executor: &mut Executor, user: UserId, now: Time) -> Result<()> {
    const NOTHING: Option<String> = None;
    let update = Query::update()
        .table(S::Table)
        .values([S::Device, S::Address].map(|column| (column, NOTHING.into())))
        .value(S::ExpiresAt, now + FORGOTTEN)
        .and_where(Expr::col(S::UserId).eq(user))
        .to_owned();
    executor.execute(&update).await
}

/// Sessions that were revoked after a time; their access tokens may not have expired yet.
pub async fn revoked_since(executor: &mut Executor, since: Time) -> Result<Vec<(UserId, SessionId, Time)>> {
    let query = Query::select()
        .columns([S::UserId, S::Id, S::RevokedAt])
        .from(S::Table)
        .and_where(Expr::col(S::RevokedAt).gt(since))
        .to_owned();
    executor.all(&query).await
}

/// A refresh token as stored.
#[derive(FromRow)]
pub struct Refresh {
    pub session_id: SessionId,
    pub expires_at: Time,
    pub used_at: Option<Time>,
}

pub async fn insert_refresh(
    executor: &mut Executor,
    hash: Hash,
    session: SessionId,
    now: Time,
    expires_at: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(R::Table)
        .columns([R::Hash, R::SessionId, R::CreatedAt, R::ExpiresAt])
        .values_panic([hash.to_vec().into(), session.into(), now.into(), expires_at.into()])
        .to_owned();
    executor.execute(&insert).await
}

pub async fn refresh(executor: &mut Executor, hash: Hash) -> Result<Option<Refresh>> {
    let mut query = Query::select()
        .columns([R::SessionId, R::ExpiresAt, R::UsedAt])
        .from(R::Table)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    if executor.is_mysql() {
        // Two uses at the same instant must see each other; SQLite has one writer anyway.
        query.lock_exclusive();
    }
    executor.one(&query).await
}

pub async fn use_refresh(executor: &mut Executor, hash: Hash, now: Time) -> Result<()> {
    let update = Query::update()
        .table(R::Table)
        .value(R::UsedAt, now)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    executor.execute(&update).await
}

/// Extends a refresh token.
pub async fn prolong_refresh(executor: &mut Executor, hash: Hash, expires_at: Time) -> Result<()> {
    let update = Query::update()
        .table(R::Table)
        .value(R::ExpiresAt, expires_at)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    executor.execute(&update).await
}

pub async fn insert_ticket(
    executor: &mut Executor,
    hash: Hash,
    session: SessionId,
    expires_at: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(T::Table)
        .columns([T::Hash, T::SessionId, T::ExpiresAt])
        .values_panic([hash.to_vec().into(), session.into(), expires_at.into()])
        .to_owned();
    executor.execute(&insert).await
}

/// Deletes a ticket and returns its session, unless it has expired.
pub async fn take_ticket(executor: &mut Executor, hash: Hash, now: Time) -> Result<Option<SessionId>> {
    let mut query = Query::select()
        .columns([T::SessionId, T::ExpiresAt])
        .from(T::Table)
        .and_where(Expr::col(T::Hash).eq(hash.to_vec()))
        .to_owned();
    if executor.is_mysql() {
        query.lock_exclusive();
    }
    let found: Option<(SessionId, Time)> = executor.one(&query).await?;
    let delete =
        Query::delete().from_table(T::Table).and_where(Expr::col(T::Hash).eq(hash.to_vec())).to_owned();
    executor.execute(&delete).await?;
    Ok(found.filter(|(_, expires_at)| *expires_at > now).map(|(session, _)| session))
}

/// Deletes tickets, refresh tokens and sessions that expired before a time.
pub async fn delete_expired(executor: &mut Executor, before: Time) -> Result<()> {
    let tickets =
        Query::delete().from_table(T::Table).and_where(Expr::col(T::ExpiresAt).lt(before)).to_owned();
    executor.execute(&tickets).await?;
    let tokens =
        Query::delete().from_table(R::Table).and_where(Expr::col(R::ExpiresAt).lt(before)).to_owned();
    executor.execute(&tokens).await?;
    let sessions =
        Query::delete().from_table(S::Table).and_where(Expr::col(S::ExpiresAt).lt(before)).to_owned();
    executor.execute(&sessions).await
}
