//! Personal access tokens: for programs that act in somebody's name without signing in. Each is a session
//! that is not renewed. Of the secret only its SHA-256 is kept.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::messenger::accounts::token::Access;
use crate::messenger::foundation::secrets::{self, sha256};
use crate::messenger::foundation::{Error, Result, Subject, Work};
use crate::messenger::{Caller, Messenger, Operator};
use crate::model::{Change, Scopes, Session, SessionId, SessionKind, Time, UserId, text};
use crate::store::{sessions, users};

/// What they begin with, so that a secret is known for one wherever it is found.
const PREFIX: &str = "bsk_";
/// The most tokens of one person.
const MOST: usize = 50;
const LONGEST_NAME: usize = 100;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    pub scopes: Scopes,
    /// How long it is good; until it is revoked without it.
    pub life: Option<Duration>,
}

/// A new token with its secret, which nobody can show again.
#[derive(Debug, Clone)]
pub struct PersonalToken {
    pub token: Session,
    pub secret: String,
}

/// Whether it looks like one.
pub(crate) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Operator {
    /// Creates a token for a user, by e-mail address or username.
    pub async fn create_token_for(&self, name: &str, new: NewToken) -> Result<PersonalToken> {
        let found = users::credentials(&mut self.db.read().await?, name).await?;
        let (user, _) = found.ok_or(Error::NotFound("user"))?;
        let mut work = self.begin().await?;
        let made = self.make_token(&mut work, user, new).await?;
        work.commit().await?;
        Ok(made)
    }
}

impl Messenger {
    /// Who a personal access token names.
    pub(crate) async fn look_up(&self, token: &str, now: Time) -> Result<Access> {
        let secret = token.strip_prefix(PREFIX).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let secret = secret.filter(|secret| secret.len() == 32).ok_or(Error::Unauthorized)?;
        let found = sessions::by_token(&mut self.db.read().await?, sha256(&secret)).await?;
        let found = found.ok_or(Error::Unauthorized)?;
        let used_at = found.last_used().unwrap_or(Time(0));
        let Session { id, user, kind, scopes, expires_at, .. } = found;
        let access = Access { user, session: id, kind, scopes, expires_at };
        self.tokens.admit(token, access, used_at, now)
    }

    async fn make_token(&self, work: &mut Work, user: UserId, new: NewToken) -> Result<PersonalToken> {
        let name = text::line(&new.name).filter(|name| name.chars().count() <= LONGEST_NAME);
        let name = name.ok_or_else(|| {
            Error::invalid("name", format!("must have 1 to {LONGEST_NAME} characters that can be seen"))
        })?;
        if new.scopes == Scopes::NONE {
            return Err(Error::invalid("scopes", "a token needs at least one"));
        }
        let now = work.now;
        if sessions::tokens_of_user(&mut work.tx, user, now).await?.len() >= MOST {
            return Err(Error::Conflict("You have 50 tokens; revoke one that is not needed"));
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
        Ok(PersonalToken { token, secret: format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)) })
    }
}

impl Caller {
    /// Makes a token for oneself. One that is made with a token may do no more than that, and for no longer.
    pub async fn create_token(self, new: NewToken) -> Result<PersonalToken> {
        self.changes()?;
        self.access.demand(new.scopes)?;
        let mut work = self.messenger.begin_of([self.access.user]).await?;
        let made = self.messenger.make_token(&mut work, self.access.user, new).await?;
        if self.access.kind == SessionKind::Token && made.token.expires_at > self.access.expires_at {
            return Err(Error::invalid("expires_in_days", "a token can't make one that outlives it"));
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(made)
    }

    /// One's tokens, the newest first.
    pub async fn tokens(&self) -> Result<Vec<Session>> {
        let mut read = self.messenger.db.read().await?;
        Ok(sessions::tokens_of_user(&mut read, self.access.user, self.messenger.clock.now()).await?)
    }
}
