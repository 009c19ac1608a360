//! The first administrator, whose account is created by a link that works once.
//!
//! The link is a signed time until which it is valid. Nothing is stored: it works while the server has no administrator,
//! and any node and the command line can issue it.

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::boxed;
use crate::messenger::accounts::account::{Registration, insert};
use crate::messenger::accounts::session::TokenPair;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::foundation::settings::RegistrationPolicy;
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Messenger, Operator, Visitor};
use crate::model::{AuditAction, AuditTarget, Time, User};
use crate::store::{accounts, storage};

/// How long a link is valid.
const LIFE: Duration = Duration::from_secs(24 * 3_600);
const INVALID: &str = "This link is wrong or has expired; `besedka user setup-link` prints a new one";
const IS_SET_UP: &str = "This server has an administrator already";

/// A link for the first administrator.
#[derive(Debug, Clone)]
pub struct SetupToken {
    pub token: String,
    pub expires_at: Time,
}

/// What the first administrator, or a later one, chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationChoice {
    /// Who may create an account now.
    pub policy: RegistrationPolicy,
    /// Whether the command line says so, and nobody can choose.
    pub is_fixed: bool,
    /// Whether [`RegistrationPolicy::Mail`] can be chosen.
    pub sends_mail: bool,
}

impl Operator {
    /// A token with which the first administrator's account can be created; `None` if there is an administrator.
    #[boxed]
    pub async fn setup_token(&self) -> Result<Option<SetupToken>> {
        if accounts::has_admin(&mut self.db.read().await?).await? {
            return Ok(None);
        }
        let expires_at = self.clock.now() + LIFE;
        let token = format!("{:x}-{}", expires_at.0, self.sign_setup(expires_at));
        Ok(Some(SetupToken { token, expires_at }))
    }
}

impl Visitor {
    /// Checks a token, before a form is filled in.
    #[boxed]
    pub async fn check_setup(&self, token: &str) -> Result<RegistrationChoice> {
        self.messenger.limit(Limit::SignIn(self.address.into()))?;
        self.messenger.check_setup_token(token)?;
        if accounts::has_admin(&mut self.messenger.db.read().await?).await? {
            return Err(Error::Conflict(IS_SET_UP));
        }
        self.messenger.registration_choice().await
    }

    /// Creates the first administrator's account, chooses who may register, and signs in.
    #[boxed]
    pub async fn set_up(
        self,
        token: &str,
        new: Registration,
        policy: Option<RegistrationPolicy>,
    ) -> Result<(User, TokenPair)> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        messenger.check_setup_token(token)?;
        let (mut user, hash) = messenger.prepare(&new).await?;
        user.is_admin = true;
        let mut work = messenger.begin().await?;
        // Locked, so that a link that is used twice at the same moment makes one administrator.
        storage::lock(&mut work.tx).await?;
        if accounts::has_admin(&mut work.tx).await? {
            return Err(Error::Conflict(IS_SET_UP));
        }
        if let Some(policy) = policy {
            messenger.choose_registration(&mut work.tx, policy).await?;
        }
        insert(&mut work.tx, &mut user, &hash).await?;
        let by = Actor::User(user.id(), Some(self.address));
        let details = json!({"admin": true});
        work.audit(by, AuditAction::AccountCreate, AuditTarget::from(user.id()), details).await?;
        if let Some(policy) = policy {
            record_choice(&mut work, by, policy).await?;
        }
        let tokens = self.start_session(&mut work, user.id(), new.device).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok((user, tokens))
    }
}

impl Administrator {
    /// Who may create an account, and whether that can be changed.
    #[boxed]
    pub async fn registration(&self) -> Result<RegistrationChoice> {
        self.messenger().registration_choice().await
    }

    /// Chooses who may create an account.
    #[boxed]
    pub async fn choose_registration(self, policy: RegistrationPolicy) -> Result<()> {
        let mut work = self.begin_alone().await?;
        self.messenger().choose_registration(&mut work.tx, policy).await?;
        record_choice(&mut work, self.actor(), policy).await?;
        self.finish(work).await
    }
}

async fn record_choice(work: &mut UnitOfWork, by: Actor, policy: RegistrationPolicy) -> Result<()> {
    let details = json!({"registration": policy.name()});
    work.audit(by, AuditAction::RegistrationUpdate, None, details).await
}

impl Messenger {
    async fn registration_choice(&self) -> Result<RegistrationChoice> {
        Ok(RegistrationChoice {
            policy: self.registration().await?,
            is_fixed: self.settings.registration.is_some(),
            sends_mail: self.code_delivery.sends_mail(),
        })
    }

    fn check_setup_token(&self, token: &str) -> Result<()> {
        let parts = token.trim().split_once('-');
        let until = parts.and_then(|(until, _)| i64::from_str_radix(until, 16).ok()).map(Time);
        match (until, parts) {
            (Some(until), Some((_, signature)))
                if until > self.clock.now()
                    && constant_time::verify_slices_are_equal(
                        self.sign_setup(until).as_bytes(),
                        signature.as_bytes(),
                    )
                    .is_ok() =>
            {
                Ok(())
            }
            _ => Err(Error::Forbidden(INVALID)),
        }
    }

    fn sign_setup(&self, until: Time) -> String {
        let signature = hmac::sign(&self.setups, &until.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&signature.as_ref()[..24])
    }
}
