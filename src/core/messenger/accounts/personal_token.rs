//! Personal access tokens, for programs that act on behalf of a user. Each is a session without renewal. Only the
//! SHA-256 of the secret is stored.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::boxed;
use crate::messenger::accounts::token::Access;
use crate::messenger::foundation::secrets::{self, sha256};
use crate::messenger::foundation::{Actor, Error, Result, Subject, UnitOfWork};
use crate::messenger::{Caller, Messenger, Operator};
use crate::model::{
    AuditAction, AuditTarget, Change, Scopes, Session, SessionId, SessionKind, Time, UserId, text,
};
use crate::store::{sessions, users};

/// The prefix by which leaked tokens are recognised.
const PREFIX: &str = "bsk_";
/// The longest lifetime of one that is limited.
const LONGEST_LIFE: Duration = Duration::from_secs(3_650 * 24 * 3_600);
/// The most tokens of one user.
const MOST: usize = 50;
const MAX_NAME: usize = 100;

/// A token to be created.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// A description by its owner.
    pub name: String,
    pub scopes: Scopes,
    /// Its lifetime; valid until revoked when it is missing.
    pub life: Option<Duration>,
}

/// A new token with its secret, which is shown only once.
#[derive(Debug, Clone)]
pub struct PersonalToken {
    pub token: Session,
    pub secret: String,
}

/// Whether a token has the form of a personal access token.
pub(crate) fn is_personal_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// Records in the audit log that a token was revoked.
pub(crate) async fn record_revocation(work: &mut UnitOfWork, token: &Session, by: Actor) -> Result<()> {
    let details = json!({"token_id": token.id.0, "name": token.device});
    work.audit(by, AuditAction::TokenRevoke, AuditTarget::from(token.user), details).await
}

impl Operator {
    /// Creates a token for a user, by e-mail address or username.
    pub async fn create_token_for(&self, name: &str, new: NewToken) -> Result<PersonalToken> {
        let found = users::credentials(&mut self.db.read().await?, name).await?;
        let (user, _) = found.ok_or(Error::NotFound("user"))?;
        let mut work = self.begin_for([user]).await?;
        let made = self.make_token(&mut work, user, new, Actor::Operator).await?;
        work.commit().await?;
        Ok(made)
    }
}

impl Messenger {
    /// Looks up a personal access token.
    pub(crate) async fn check_personal_token(&self, token: &str, now: Time) -> Result<Access> {
        let secret = token.strip_prefix(PREFIX).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let secret = secret.filter(|secret| secret.len() == 32).ok_or(Error::Unauthorized)?;
        let found = sessions::by_token(&mut self.db.read().await?, sha256(&secret)).await?;
        let found = found.ok_or(Error::Unauthorized)?;
        let used_at = found.last_used().unwrap_or(Time(0));
        let Session { id, user, kind, scopes, expires_at, .. } = found;
        let access = Access { user, session: id, kind, scopes, expires_at, address: None };
        self.tokens.remember_valid(token, access, used_at, now)
    }

    pub(crate) async fn make_token(
        &self,
        work: &mut UnitOfWork,
        user: UserId,
        new: NewToken,
        by: Actor,
    ) -> Result<PersonalToken> {
        let name = text::line(&new.name).filter(|name| name.chars().count() <= MAX_NAME);
        let name = name
            .ok_or_else(|| Error::invalid("name", format!("must have 1 to {MAX_NAME} visible characters")))?;
        if new.life.is_some_and(|life| life.is_zero() || life > LONGEST_LIFE) {
            return Err(Error::invalid("expires_in_days", "must be 1 to 3650"));
        }
        if new.scopes == Scopes::NONE {
            return Err(Error::invalid("scopes", "at least one is required"));
        }
        if users::by_id(&mut work.tx, user).await?.is_none_or(|user| user.person.is_deactivated) {
            return Err(Error::Conflict("This account is deactivated"));
        }
        let now = work.now;
        if sessions::tokens_of_user(&mut work.tx, user, now).await?.len() >= MOST {
            return Err(Error::Conflict("You have 50 tokens already; revoke one"));
        }
        let token = Session {
            id: SessionId(self.id()),
            user,
            kind: SessionKind::Token,
            device: Some(name),
            address: None,
            created_at: now,
            used_at: now,
            expires_at: new.life.map_or(Time::NEVER, |life| now + life),
            scopes: new.scopes,
            is_long: false,
        };
        let secret = secrets::random();
        sessions::insert(&mut work.tx, &token, Some(sha256(&secret))).await?;
        work.announce(user, Change::TokenCreated(token.clone()));
        let scopes: Vec<_> = token.scopes.names().collect();
        let details = json!({"token_id": token.id.0, "name": token.device, "scopes": scopes});
        work.audit(by, AuditAction::TokenCreate, AuditTarget::from(user), details).await?;
        Ok(PersonalToken { token, secret: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)) })
    }
}

impl Caller {
    /// Creates a token for the caller. One that is created with a token can't have more scopes or a longer lifetime.
    #[boxed]
    pub async fn create_token(self, new: NewToken) -> Result<PersonalToken> {
        self.changes()?;
        self.access.require(new.scopes)?;
        let mut work = self.messenger.begin_for([self.access.user]).await?;
        self.access.check_alive(&mut work.tx).await?;
        let made = self.messenger.make_token(&mut work, self.access.user, new, self.access.actor()).await?;
        if self.access.kind == SessionKind::Token && made.token.expires_at > self.access.expires_at {
            return Err(Error::invalid(
                "expires_in_days",
                "must not exceed the lifetime of the calling token",
            ));
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(made)
    }

    /// The caller's tokens, the newest first.
    #[boxed]
    pub async fn tokens(&self) -> Result<Vec<Session>> {
        let mut read = self.messenger.db.read().await?;
        Ok(sessions::tokens_of_user(&mut read, self.access.user, self.messenger.clock.now()).await?)
    }
}
