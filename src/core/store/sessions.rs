//! Sign-ins, their refresh tokens, personal access tokens and socket tickets. Of secrets, only SHA-256 hashes are kept.

use std::time::Duration;

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sqlx::FromRow;

use super::schema::{RefreshToken as R, Session as S, Ticket as T};
use super::{Executor, Result};
use crate::model::{Scopes, Session, SessionId, SessionKind, Time, UserId};

/// The SHA-256 of a secret.
pub type Hash = [u8; 32];

/// How long a session is remembered whose account is gone: longer than any access token of it lives.
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
pub async fn insert(run: &mut Executor, session: &Session, token: Option<Hash>) -> Result<()> {
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
    run.execute(&insert).await
}

/// A session that has not been revoked.
pub async fn by_id(run: &mut Executor, id: SessionId) -> Result<Option<Session>> {
    let row: Option<SessionRow> = run.one(sessions().and_where(Expr::col(S::Id).eq(id))).await?;
    Ok(row.map(Session::from))
}

/// A personal access token that has not been revoked.
pub async fn by_token(run: &mut Executor, hash: Hash) -> Result<Option<Session>> {
    let row: Option<SessionRow> =
        run.one(sessions().and_where(Expr::col(S::TokenHash).eq(hash.to_vec()))).await?;
    Ok(row.map(Session::from))
}

/// Personal access tokens that are neither revoked nor over, the newest first.
pub async fn tokens_of_user(run: &mut Executor, user: UserId, now: Time) -> Result<Vec<Session>> {
    let mut question = sessions();
    question
        .and_where(Expr::col(S::UserId).eq(user))
        .and_where(Expr::col(S::Kind).eq(SessionKind::Token))
        .and_where(Expr::col(S::ExpiresAt).gt(now))
        .order_by(S::Id, Order::Desc);
    let rows: Vec<SessionRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Sign-ins that are neither revoked nor over, nor were unused for too long; the last used first.
pub async fn sign_ins_of_user(run: &mut Executor, user: UserId, now: Time) -> Result<Vec<Session>> {
    let alive = |is_long: bool| {
        let used = Expr::col(S::UsedAt).gt(now - Session::idle_life(is_long));
        Expr::col(S::IsLong).eq(i64::from(is_long)).and(used)
    };
    let mut question = sessions();
    question
        .and_where(Expr::col(S::UserId).eq(user))
        .and_where(Expr::col(S::Kind).eq(SessionKind::SignIn))
        .and_where(Expr::col(S::ExpiresAt).gt(now))
        .and_where(alive(false).or(alive(true)))
        .order_by(S::UsedAt, Order::Desc)
        .order_by(S::Id, Order::Desc);
    let rows: Vec<SessionRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// All sign-ins and tokens that have not been revoked, also those that ran out.
pub async fn all_of_user(run: &mut Executor, user: UserId) -> Result<Vec<Session>> {
    let mut question = sessions();
    question.and_where(Expr::col(S::UserId).eq(user)).order_by(S::Id, Order::Asc);
    let rows: Vec<SessionRow> = run.all(&question).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

pub async fn touch_many(run: &mut Executor, ids: &[SessionId], now: Time) -> Result<()> {
    let update = Query::update()
        .table(S::Table)
        .value(S::UsedAt, now)
        .and_where(Expr::col(S::Id).is_in(ids.iter().copied()))
        .and_where(Expr::col(S::UsedAt).lt(now))
        .to_owned();
    run.execute(&update).await
}

pub async fn touch(run: &mut Executor, id: SessionId, now: Time) -> Result<()> {
    let update =
        Query::update().table(S::Table).value(S::UsedAt, now).and_where(Expr::col(S::Id).eq(id)).to_owned();
    run.execute(&update).await
}

pub async fn revoke(run: &mut Executor, id: SessionId, now: Time) -> Result<()> {
    let update = Query::update()
        .table(S::Table)
        .value(S::RevokedAt, now)
        .and_where(Expr::col(S::Id).eq(id))
        .and_where(Expr::col(S::RevokedAt).is_null())
        .to_owned();
    run.execute(&update).await
}

/// Takes away where and on what somebody was signed in. The sessions must be revoked; they are swept soon.
pub async fn forget_devices(run: &mut Executor, user: UserId, now: Time) -> Result<()> {
    const NOTHING: Option<String> = None;
    let update = Query::update()
        .table(S::Table)
        .values([S::Device, S::Address].map(|column| (column, NOTHING.into())))
        .value(S::ExpiresAt, now + FORGOTTEN)
        .and_where(Expr::col(S::UserId).eq(user))
        .to_owned();
    run.execute(&update).await
}

/// Sessions that were revoked after a moment: their access tokens may not have run out yet.
pub async fn revoked_since(run: &mut Executor, since: Time) -> Result<Vec<(UserId, SessionId, Time)>> {
    let question = Query::select()
        .columns([S::UserId, S::Id, S::RevokedAt])
        .from(S::Table)
        .and_where(Expr::col(S::RevokedAt).gt(since))
        .to_owned();
    run.all(&question).await
}

/// A refresh token as it is kept.
#[derive(FromRow)]
pub struct Refresh {
    pub session_id: SessionId,
    pub expires_at: Time,
    pub used_at: Option<Time>,
}

pub async fn insert_refresh(
    run: &mut Executor,
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
    run.execute(&insert).await
}

pub async fn refresh(run: &mut Executor, hash: Hash) -> Result<Option<Refresh>> {
    let mut question = Query::select()
        .columns([R::SessionId, R::ExpiresAt, R::UsedAt])
        .from(R::Table)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    if run.is_mysql() {
        // Two uses at the same instant must see each other; SQLite has one writer anyway.
        question.lock_exclusive();
    }
    run.one(&question).await
}

pub async fn use_refresh(run: &mut Executor, hash: Hash, now: Time) -> Result<()> {
    let update = Query::update()
        .table(R::Table)
        .value(R::UsedAt, now)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    run.execute(&update).await
}

/// Lets a refresh token be good for longer.
pub async fn prolong_refresh(run: &mut Executor, hash: Hash, expires_at: Time) -> Result<()> {
    let update = Query::update()
        .table(R::Table)
        .value(R::ExpiresAt, expires_at)
        .and_where(Expr::col(R::Hash).eq(hash.to_vec()))
        .to_owned();
    run.execute(&update).await
}

pub async fn insert_ticket(
    run: &mut Executor,
    hash: Hash,
    session: SessionId,
    expires_at: Time,
) -> Result<()> {
    let insert = Query::insert()
        .into_table(T::Table)
        .columns([T::Hash, T::SessionId, T::ExpiresAt])
        .values_panic([hash.to_vec().into(), session.into(), expires_at.into()])
        .to_owned();
    run.execute(&insert).await
}

/// Takes a ticket away and answers whose it was, unless it had run out.
pub async fn take_ticket(run: &mut Executor, hash: Hash, now: Time) -> Result<Option<SessionId>> {
    let mut question = Query::select()
        .columns([T::SessionId, T::ExpiresAt])
        .from(T::Table)
        .and_where(Expr::col(T::Hash).eq(hash.to_vec()))
        .to_owned();
    if run.is_mysql() {
        question.lock_exclusive();
    }
    let found: Option<(SessionId, Time)> = run.one(&question).await?;
    let delete =
        Query::delete().from_table(T::Table).and_where(Expr::col(T::Hash).eq(hash.to_vec())).to_owned();
    run.execute(&delete).await?;
    Ok(found.filter(|(_, expires_at)| *expires_at > now).map(|(session, _)| session))
}

/// Forgets tickets, refresh tokens and sessions that ran out before a moment.
pub async fn delete_expired(run: &mut Executor, before: Time) -> Result<()> {
    let tickets =
        Query::delete().from_table(T::Table).and_where(Expr::col(T::ExpiresAt).lt(before)).to_owned();
    run.execute(&tickets).await?;
    let tokens =
        Query::delete().from_table(R::Table).and_where(Expr::col(R::ExpiresAt).lt(before)).to_owned();
    run.execute(&tokens).await?;
    let sessions =
        Query::delete().from_table(S::Table).and_where(Expr::col(S::ExpiresAt).lt(before)).to_owned();
    run.execute(&sessions).await
}
