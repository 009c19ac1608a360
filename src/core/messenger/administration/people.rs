//! What administrators do for a person: their sessions, their password, the storage that they use.

use serde_json::{Value, json};

use crate::boxed;
use crate::messenger::accounts::session::{record_revocation, revoke, revoke_all};
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::administration::deactivation::account;
use crate::messenger::foundation::{Error, Result};
use crate::model::{AuditAction, AuditTarget, Session, SessionId, User, UserId};
use crate::store::{sessions, storage, users};

const MAX_LISTED: u64 = 200;

impl Administrator {
    /// Where a person is signed in, the last used first.
    #[boxed]
    pub async fn sessions_of(&self, id: UserId) -> Result<Vec<Session>> {
        let mut read = self.messenger().db.read().await?;
        let user = users::by_id(&mut read, id).await?.filter(|user| !user.person.is_deleted);
        user.ok_or(Error::NotFound("user"))?;
        Ok(sessions::sign_ins_of_user(&mut read, id, self.messenger().clock.now()).await?)
    }

    /// Ends one session of a person, or revokes one of their personal access tokens.
    #[boxed]
    pub async fn revoke_session_of(self, id: UserId, session: SessionId) -> Result<()> {
        let mut work = self.begin(id).await?;
        let found = sessions::by_id(&mut work.tx, session).await?.filter(|session| session.user == id);
        let found = found.ok_or(Error::NotFound("session"))?;
        revoke(&mut work, &found).await?;
        record_revocation(&mut work, &found, self.actor()).await?;
        self.finish(work).await
    }

    /// Ends all sessions of a person, and revokes their personal access tokens.
    #[boxed]
    pub async fn revoke_sessions_of(self, id: UserId) -> Result<()> {
        let mut work = self.begin(id).await?;
        account(&mut work, id).await?;
        revoke_all(&mut work, id).await?;
        let details = json!({"sessions": "all"});
        work.audit(self.actor(), AuditAction::SessionRevoke, AuditTarget::from(id), details).await?;
        self.finish(work).await
    }

    /// Sets a new random password for a person and returns it. All their sessions and tokens end.
    #[boxed]
    pub async fn reset_password(self, id: UserId) -> Result<String> {
        self.require_sign_in()?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let hash = self.messenger().passwords.hash(&password).await?;
        let mut work = self.begin(id).await?;
        let user = account(&mut work, id).await?;
        if id == self.id() {
            return Err(Error::Conflict("Change your own password in your settings"));
        }
        if user.person.is_bot {
            return Err(Error::Conflict("A bot has no password"));
        }
        users::set_password(&mut work.tx, id, &hash).await?;
        revoke_all(&mut work, id).await?;
        work.audit(self.actor(), AuditAction::PasswordReset, AuditTarget::from(id), Value::Null).await?;
        self.finish(work).await?;
        Ok(password)
    }

    /// Those who store the most, with the bytes of their files.
    #[boxed]
    pub async fn largest_storage(&self, limit: Option<u64>) -> Result<Vec<(User, u64)>> {
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        let mut read = self.messenger().db.read().await?;
        let largest = storage::largest(&mut read, limit).await?;
        let ids: Vec<UserId> = largest.iter().map(|(id, _)| *id).collect();
        let known = users::by_ids(&mut read, &ids).await?;
        let with_user = |(id, bytes): (UserId, i64)| {
            let user = known.iter().find(|user| user.id() == id)?.clone();
            Some((user, bytes.max(0).unsigned_abs()))
        };
        Ok(largest.into_iter().filter_map(with_user).collect())
    }
}
