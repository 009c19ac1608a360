//! Sessions: rotating refresh tokens and short-lived access tokens.
//!
//! Some clients keep the first refresh token that they get. Their sessions are long-lived and the token is not rotated,
//! so that its theft can't be detected by reuse; the session can only be ended.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::boxed;
use crate::hub::Close;
use crate::messenger::accounts::personal_token;
use crate::messenger::accounts::token::{ACCESS_LIFE, Access};
use crate::messenger::foundation::secrets::{self, sha256};
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger, Visitor};
use crate::model::{AuditAction, AuditTarget, Change, Scopes, Session, SessionId, SessionKind, Time, UserId};
use crate::store::{push, sessions};

/// Within this time a reused refresh token gives the same successor, for two tabs that refresh at once, and for clients that
/// lost the response and repeat the request after their timeout; later it counts as theft.
const GRACE: Duration = Duration::from_secs(60);
/// The most sessions of one user; a new one ends the one idle for longest.
const MAX_SESSIONS: usize = 20;
/// How often to look for sessions that another process ended.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How many sessions are updated in one unit of work.
const BATCH_SIZE: usize = 200;
/// The lifetime of a socket ticket, which is valid once.
const TICKET_LIFE: Duration = Duration::from_secs(30);

/// The tokens of a session.
#[derive(Debug, Clone)]
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// How long the access token is valid.
    pub expires_in: Duration,
    pub session: SessionId,
}

/// A ticket for opening one socket.
#[derive(Debug, Clone)]
pub struct SocketTicket {
    pub ticket: String,
    pub expires_in: Duration,
}

impl Messenger {
    /// Authenticates an access token or personal access token. The caller states the required scopes, so that no use of
    /// a token is unchecked.
    #[boxed]
    pub async fn access(&self, token: &str, wanted: Scopes) -> Result<Access> {
        let now = self.clock.now();
        let access = match self.tokens.known(token, now) {
            Some(access) => access?,
            None if personal_token::is_personal_token(token) => self.check_personal_token(token, now).await?,
            None => self.tokens.check(token, now)?,
        };
        access.require(wanted)?;
        Ok(access)
    }

    fn token_pair(&self, user: UserId, session: SessionId, refresh: &[u8], now: Time) -> Result<TokenPair> {
        Ok(TokenPair {
            access_token: self.tokens.issue(user, session, now)?,
            refresh_token: URL_SAFE_NO_PAD.encode(refresh),
            expires_in: ACCESS_LIFE,
            session,
        })
    }

    /// Redeems a socket ticket, which is valid once.
    #[boxed]
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Access> {
        let secret = URL_SAFE_NO_PAD.decode(ticket).map_err(|_| Error::Unauthorized)?;
        let mut work = self.begin().await?;
        let session = sessions::take_ticket(&mut work.tx, sha256(&secret), work.now).await?;
        let session = match session {
            Some(session) => sessions::by_id(&mut work.tx, session).await?,
            None => None,
        };
        let now = work.now;
        work.commit().await?;
        let Session { id, user, kind, scopes, expires_at, .. } = session.ok_or(Error::Unauthorized)?;
        let expires_at = expires_at.min(now + ACCESS_LIFE);
        Ok(Access { user, session: id, kind, scopes, expires_at, address: None })
    }

    /// Loads recently ended sessions at start-up, whose access tokens have not expired yet.
    pub(crate) async fn load_revoked(&self) -> Result<()> {
        let now = self.clock.now();
        let mut read = self.db.read().await?;
        for (_, session, at) in sessions::revoked_since(&mut read, now - ACCESS_LIFE).await? {
            self.tokens.revoke(session, at);
        }
        Ok(())
    }

    /// Applies revocations by other processes, such as an administrator's command.
    pub(crate) async fn apply_revocations(&self) -> Result<()> {
        let now = self.clock.now();
        let Some(since) = self.revocations_checked.due(now, CHECK_INTERVAL) else { return Ok(()) };
        // A change may become visible some seconds after its timestamp.
        let since = since.max(now - ACCESS_LIFE) - CHECK_INTERVAL;
        for (user, session, at) in sessions::revoked_since(&mut self.db.read().await?, since).await? {
            if !self.tokens.is_revoked(session) {
                self.tokens.revoke(session, at);
                self.hub.close_session(user, session, Close::Revoked);
            }
        }
        Ok(())
    }

    /// Stores which sessions were used.
    pub(crate) async fn save_session_use(&self) -> Result<()> {
        let used: Vec<SessionId> = self.tokens.take_used().into_iter().collect();
        for some in used.chunks(BATCH_SIZE) {
            let mut work = self.begin().await?;
            let now = work.now;
            sessions::touch_many(&mut work.tx, some, now).await?;
            work.commit().await?;
        }
        Ok(())
    }
}

/// Ends a session within a unit of work: its tokens, sockets and pushes end with the commit.
pub(crate) async fn revoke(work: &mut UnitOfWork, session: &Session) -> Result<()> {
    let (id, user, now) = (session.id, session.user, work.now);
    sessions::revoke(&mut work.tx, id, now).await?;
    push::delete_of_session(&mut work.tx, id).await?;
    let change = match session.kind {
        SessionKind::SignIn => Change::SessionRevoked(id),
        SessionKind::Token => Change::TokenRevoked(id),
    };
    work.announce(user, change);
    work.after_commit(move |messenger| messenger.end_session(user, id, now));
    Ok(())
}

/// Records in the audit log that a session was ended, or a token revoked.
pub(crate) async fn record_revocation(work: &mut UnitOfWork, session: &Session, by: Actor) -> Result<()> {
    if session.kind == SessionKind::Token {
        return personal_token::record_revocation(work, session, by).await;
    }
    let details = json!({"session_id": session.id.0, "device": session.device});
    let target = AuditTarget::from(session.user);
    work.audit(by, AuditAction::SessionRevoke, target, details).await
}

/// Ends all sign-ins of a user but one, within a unit of work. Personal access tokens stay valid.
pub(crate) async fn revoke_sign_ins(
    work: &mut UnitOfWork,
    user: UserId,
    but: Option<SessionId>,
) -> Result<()> {
    for session in sessions::all_of_user(&mut work.tx, user).await? {
        if session.kind == SessionKind::SignIn && Some(session.id) != but {
            revoke(work, &session).await?;
        }
    }
    Ok(())
}

/// Ends all sign-ins and personal access tokens of a user, within a unit of work.
pub(crate) async fn revoke_all(work: &mut UnitOfWork, user: UserId) -> Result<()> {
    revoke_all_but(work, user, &[]).await
}

/// The same for all but some.
pub(crate) async fn revoke_all_but(work: &mut UnitOfWork, user: UserId, kept: &[SessionId]) -> Result<()> {
    for session in sessions::all_of_user(&mut work.tx, user).await? {
        if !kept.contains(&session.id) {
            revoke(work, &session).await?;
        }
    }
    Ok(())
}

impl Visitor {
    /// Creates a session within a unit of work.
    pub(crate) async fn start_session(
        &self,
        work: &mut UnitOfWork,
        user: UserId,
        device: Option<String>,
    ) -> Result<TokenPair> {
        let (now, is_long) = (work.now, self.is_for_long);
        let mut others = sessions::sign_ins_of_user(&mut work.tx, user, now).await?;
        for idle in others.split_off(others.len().min(MAX_SESSIONS - 1)) {
            revoke(work, &idle).await?;
        }
        let session = Session {
            id: SessionId(self.messenger.id()),
            user,
            kind: SessionKind::SignIn,
            device: device.map(|device| device.chars().filter(|c| !c.is_control()).take(200).collect()),
            address: Some(self.address.to_canonical().to_string()),
            created_at: now,
            used_at: now,
            expires_at: now + Session::whole_life(is_long),
            scopes: Scopes::ALL,
            is_long,
        };
        sessions::insert(&mut work.tx, &session, None).await?;
        let refresh = secrets::random();
        let expires_at = now + Session::idle_life(is_long);
        sessions::insert_refresh(&mut work.tx, sha256(&refresh), session.id, now, expires_at).await?;
        let id = session.id;
        work.announce(user, Change::SessionCreated(session));
        self.messenger.token_pair(user, id, &refresh, now)
    }

    /// Exchanges a refresh token for a new one and an access token.
    ///
    /// A token is valid once. A second use within a minute gives the same successor, so that two tabs may refresh
    /// at once and a lost response may be requested again; after that it counts as theft and ends the session. The
    /// token of a long-lived session is not rotated.
    #[boxed]
    pub async fn refresh(self, token: &str) -> Result<TokenPair> {
        let messenger = &self.messenger;
        let secret = URL_SAFE_NO_PAD.decode(token.trim()).map_err(|_| Error::Unauthorized)?;
        let mut work = messenger.begin().await?;
        let now = work.now;
        let found = sessions::refresh(&mut work.tx, sha256(&secret)).await?.ok_or(Error::Unauthorized)?;
        let session = sessions::by_id(&mut work.tx, found.session_id).await?.ok_or(Error::SessionEnded)?;
        messenger.limit(Limit::Refresh(session.id))?;
        if found.expires_at <= now || session.expires_at <= now {
            return Err(Error::SessionEnded);
        }
        let expires_at = (now + Session::idle_life(session.is_long)).min(session.expires_at);
        if session.is_long {
            sessions::prolong_refresh(&mut work.tx, sha256(&secret), expires_at).await?;
            sessions::touch(&mut work.tx, session.id, now).await?;
            work.commit().await?;
            return messenger.token_pair(session.user, session.id, &secret, now);
        }
        let successor = hmac::sign(&messenger.successors, &secret);
        let successor = successor.as_ref();
        match found.used_at {
            None => {
                sessions::use_refresh(&mut work.tx, sha256(&secret), now).await?;
                sessions::insert_refresh(&mut work.tx, sha256(successor), session.id, now, expires_at)
                    .await?;
                sessions::touch(&mut work.tx, session.id, now).await?;
                work.commit().await?;
            }
            Some(used_at) if used_at + GRACE > now && is_unused(&mut work, successor).await? => {}
            Some(_) => {
                tracing::warn!(
                    session = session.id.0,
                    user = session.user.0,
                    "a refresh token was used twice"
                );
                revoke(&mut work, &session).await?;
                let by = Actor::System(Some(self.address));
                let details = json!({
                    "session_id": session.id.0,
                    "device": session.device,
                    "reason": "a refresh token was used twice",
                });
                let target = AuditTarget::from(session.user);
                work.audit(by, AuditAction::SessionRevoke, target, details).await?;
                work.commit().await?;
                return Err(Error::SessionEnded);
            }
        }
        messenger.token_pair(session.user, session.id, successor, now)
    }
}

async fn is_unused(work: &mut UnitOfWork, successor: &[u8]) -> Result<bool> {
    let found = sessions::refresh(&mut work.tx, sha256(successor)).await?;
    Ok(found.is_some_and(|found| found.used_at.is_none()))
}

impl Caller {
    /// The caller's sign-ins through all APIs, the last used first.
    #[boxed]
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        let now = self.messenger.clock.now();
        let mut read = self.messenger.db.read().await?;
        Ok(sessions::sign_ins_of_user(&mut read, self.access.user, now).await?)
    }

    /// Ends one of the caller's sign-ins.
    #[boxed]
    pub async fn revoke_session(self, id: SessionId) -> Result<()> {
        self.revoke_own(id, |session| session.kind == SessionKind::SignIn, "session").await
    }

    /// Revokes one of the caller's personal access tokens.
    #[boxed]
    pub async fn revoke_token(self, id: SessionId) -> Result<()> {
        self.revoke_own(id, |session| session.kind == SessionKind::Token, "token").await
    }

    async fn revoke_own(
        self,
        id: SessionId,
        is: impl Fn(&Session) -> bool + Send,
        noun: &'static str,
    ) -> Result<()> {
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        let session = sessions::by_id(&mut work.tx, id).await?;
        let session = session.filter(|session| session.user == self.access.user && is(session));
        let session = session.ok_or(Error::NotFound(noun))?;
        revoke(&mut work, &session).await?;
        // Signing out is nothing to look into.
        if session.kind == SessionKind::Token || id != self.access.session {
            record_revocation(&mut work, &session, self.access.actor()).await?;
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Ends all sign-ins of the caller but this one.
    #[boxed]
    pub async fn revoke_other_sessions(self) -> Result<()> {
        self.changes()?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        revoke_sign_ins(&mut work, self.access.user, Some(self.access.session)).await?;
        let details = json!({"sessions": "others"});
        let target = AuditTarget::from(self.access.user);
        work.audit(self.access.actor(), AuditAction::SessionRevoke, target, details).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Ends this session, or revokes the personal access token in use.
    #[boxed]
    pub async fn sign_out(self) -> Result<()> {
        let session = self.access.session;
        self.revoke_own(session, |_| true, "session").await
    }

    /// A ticket with which a socket can be opened without a token in its URL.
    #[boxed]
    pub async fn ticket(self) -> Result<SocketTicket> {
        self.messenger.limit(Limit::Connect(self.access.user))?;
        let secret = secrets::random();
        let mut work = self.messenger.begin().await?;
        let expires_at = work.now + TICKET_LIFE;
        sessions::insert_ticket(&mut work.tx, sha256(&secret), self.access.session, expires_at).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(SocketTicket { ticket: URL_SAFE_NO_PAD.encode(secret), expires_in: TICKET_LIFE })
    }
}
