//! Accounts: registration and signing in.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::boxed;
use crate::messenger::accounts::contact::{Contact, check_email};
use crate::messenger::accounts::password;
use crate::messenger::accounts::profile::{Profile, check_name, check_taken, check_url, check_username};
use crate::messenger::accounts::session::TokenPair;
use crate::messenger::accounts::sign_in_code::{Purpose, check_code, use_up};
use crate::messenger::foundation::limits::name_key;
use crate::messenger::foundation::settings::RegistrationPolicy;
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject, UnitOfWork};
use crate::messenger::{Messenger, Operator, Visitor};
use crate::model::{AuditAction, AuditTarget, BotKind, Person, Time, User, UserId};
use crate::store::users::EmailProof;
use crate::store::{self, streams, users};

/// A new account; `email` or `username` is required.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    pub email: Option<String>,
    pub username: Option<String>,
    pub password: String,
    /// Defaults to the username or the part of the address before the `@`.
    pub display_name: Option<String>,
    pub avatar_url: Option<String>,
    pub invite_code: Option<String>,
    /// The code that was sent to `email`, where registration needs a proof of the address.
    pub email_code: Option<String>,
    pub device: Option<String>,
}

/// Credentials: e-mail address or username, and password.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    pub name: String,
    pub password: String,
    pub device: Option<String>,
}

impl Visitor {
    /// Creates an account and signs in.
    #[boxed]
    pub async fn register(self, new: Registration) -> Result<(User, TokenPair)> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignUp(self.address.into()))?;
        let policy = messenger.registration_policy(&mut messenger.db.read().await?).await?;
        let proof = messenger.required_proof(policy, &new)?;
        let proved = proof.as_ref().map(|(address, _)| address);
        messenger.check_registration_allowed(policy, new.invite_code.as_deref(), proved)?;
        if let Some((address, code)) = &proof {
            // The code is checked before anything is said about the address, and again in the unit of work.
            drop(check_code(messenger.begin().await?, address, Purpose::SignIn, code).await?);
        }
        let (mut user, hash) = messenger.prepare(&new).await?;
        let mut work = messenger.begin().await?;
        if let Some((address, code)) = &proof {
            work = check_code(work, address, Purpose::SignIn, code).await?;
            use_up(&mut work, address).await?;
        }
        insert(&mut work.tx, &mut user, &hash).await?;
        record_creation(&mut work, &user, Actor::User(user.id(), Some(self.address))).await?;
        if proof.is_some() {
            users::set_email_proof(&mut work.tx, user.id(), EmailProof::Owner).await?;
        }
        let tokens = self.start_session(&mut work, user.id(), new.device).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok((user, tokens))
    }

    /// Signs in. A wrong password and an unknown name give the same error after the same time, so that accounts can't
    /// be enumerated.
    #[boxed]
    pub async fn sign_in(self, who: SignIn) -> Result<TokenPair> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        let failures = Limit::WrongPassword(name_key(&crate::model::fold(&who.name)));
        let attempt = messenger.limits.reserve(failures)?;
        let found = users::credentials(&mut messenger.db.read().await?, &who.name).await?;
        let (user, hash) = found.unzip();
        let is_correct = messenger.passwords.verify(&who.password, hash.clone()).await?;
        let Some(user) = user.filter(|_| is_correct) else {
            if let Some(user) = user {
                messenger.failed_sign_ins.count(user, self.address);
            }
            messenger.count_failure(attempt);
            return Err(Error::WrongPassword);
        };
        let mut work = messenger.begin_for([user]).await?;
        if users::password_hash(&mut work.tx, user).await? != hash {
            // The password was changed while it was being verified, which ended all sessions.
            return Err(Error::WrongPassword);
        }
        if users::by_id(&mut work.tx, user).await?.is_none_or(|user| user.person.is_deactivated) {
            return Err(Error::Deactivated);
        }
        let tokens = self.start_session(&mut work, user, who.device).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(tokens)
    }
}

impl Operator {
    /// Creates an account, also where registration is closed.
    pub async fn add_user(&self, new: Registration) -> Result<User> {
        let (mut user, hash) = self.prepare(&new).await?;
        let mut work = self.begin().await?;
        insert(&mut work.tx, &mut user, &hash).await?;
        record_creation(&mut work, &user, Actor::Operator).await?;
        work.commit().await?;
        Ok(user)
    }

    /// An invitation code with which anybody may register until it expires.
    #[boxed]
    pub async fn invite(&self, life: Duration) -> Result<String> {
        let mut work = self.begin().await?;
        let until = work.now + life;
        let details = json!({"expires_at": until.iso()});
        work.audit(Actor::Operator, AuditAction::InvitationCreate, None, details).await?;
        work.commit().await?;
        Ok(format!("{:x}-{}", until.0, self.sign_invite(until.0)))
    }
}

impl Messenger {
    /// The address of a new account and the code that proves it, where registration needs that.
    fn required_proof(
        &self,
        policy: RegistrationPolicy,
        new: &Registration,
    ) -> Result<Option<(Contact, String)>> {
        match policy {
            RegistrationPolicy::Mail => {}
            RegistrationPolicy::Invite if self.settings.needs_email_proof => {}
            _ => return Ok(None),
        }
        let needed = "is required on this server, which creates accounts only for proven addresses";
        let address = new.email.as_deref().ok_or_else(|| Error::invalid("email", needed))?;
        let address = Contact::email(address)?;
        let code = new.email_code.clone().filter(|code| !code.trim().is_empty());
        let code = code.ok_or_else(|| {
            Error::invalid(
                "email_code",
                "is required on this server: the code that POST /auth/codes sends to the address; signing in by a \
                 code creates an account too",
            )
        })?;
        Ok(Some((address, code)))
    }

    /// Creates an account without username and password, within a unit of work, for somebody who verified an address or
    /// number.
    pub(crate) async fn add_by_code(
        &self,
        work: &mut UnitOfWork,
        contact: &Contact,
        name: Option<&str>,
    ) -> Result<User> {
        let name = name.filter(|name| !name.trim().is_empty());
        let default_name = contact.default_name();
        let mut user = self.new_user(check_name(name.unwrap_or(&default_name))?);
        match contact.clone() {
            Contact::Email(address) => user.email = Some(address),
            Contact::Phone(number) => user.phone = Some(number),
        }
        insert(&mut work.tx, &mut user, "").await?;
        Ok(user)
    }

    /// Creates the account of a program, within a unit of work. It has no password and no address, so that nobody can
    /// sign in to it.
    pub(crate) async fn add_bot(
        &self,
        work: &mut UnitOfWork,
        kind: BotKind,
        profile: Profile,
    ) -> Result<User> {
        let name = check_name(profile.display_name.as_deref().unwrap_or_default())?;
        let mut user = profile.apply(self.new_user(name))?;
        insert(&mut work.tx, &mut user, "").await?;
        store::bots::mark(&mut work.tx, user.id(), kind).await?;
        user.person.is_bot = true;
        Ok(user)
    }

    /// Brings addresses that an earlier version stored in another way into the form by which they are found.
    pub(crate) async fn update_email_keys(&self) -> Result<()> {
        let mut work = self.begin().await?;
        let left = users::update_email_keys(&mut work.tx).await?;
        work.commit().await?;
        if !left.is_empty() {
            tracing::warn!(
                accounts = left.len(),
                "accounts have the address of another one in another spelling: they are found by their old spelling only"
            );
        }
        Ok(())
    }

    pub(crate) fn check_invite(&self, code: Option<&str>) -> Result<()> {
        let parts = code.and_then(|code| code.trim().split_once('-'));
        let until = parts.and_then(|(until, _)| i64::from_str_radix(until, 16).ok());
        match (until, parts) {
            (Some(until), Some((_, signature)))
                if Time(until) > self.clock.now() && self.sign_invite(until) == signature =>
            {
                Ok(())
            }
            _ => Err(Error::invalid("invite_code", "a valid invitation code is required")),
        }
    }

    fn sign_invite(&self, until: i64) -> String {
        let signature = hmac::sign(&self.invites, &until.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&signature.as_ref()[..15])
    }

    /// Checks a new account, and hashes its password.
    pub(crate) async fn prepare(&self, new: &Registration) -> Result<(User, String)> {
        let email = new.email.as_deref().map(check_email).transpose()?;
        let username = new.username.as_deref().map(check_username).transpose()?;
        let fallback = username.clone().or_else(|| email.as_ref()?.split('@').next().map(str::to_owned));
        let Some(fallback) = fallback else {
            return Err(Error::invalid("email", "an e-mail address or a username is required"));
        };
        let display_name = check_name(new.display_name.as_deref().unwrap_or(&fallback))?;
        let avatar_url = new.avatar_url.as_deref().map(check_url).transpose()?.flatten();
        password::check_new("password", &new.password)?;
        // Report a taken name before computing a hash; the unique index decides finally.
        let mut read = self.db.read().await?;
        for (field, name) in [("email", &email), ("username", &username)] {
            if let Some(name) = name
                && users::credentials(&mut read, name).await?.is_some()
            {
                return Err(Error::Taken(field));
            }
        }
        drop(read);
        let hash = self.passwords.hash(&new.password).await?;
        let mut user = self.new_user(display_name);
        (user.email, user.person.username, user.person.avatar_url) = (email, username, avatar_url);
        Ok((user, hash))
    }

    /// A new user with only a display name.
    fn new_user(&self, display_name: String) -> User {
        let person = Person {
            id: UserId(self.id()),
            username: None,
            display_name,
            avatar_url: None,
            avatar: None,
            about: None,
            time_zone: None,
            created_at: self.clock.now(),
            is_deactivated: false,
            presence: None,
            is_deleted: false,
            is_bot: false,
        };
        User {
            person,
            email: None,
            phone: None,
            language: None,
            hides_presence: false,
            hides_reading: false,
            is_admin: false,
        }
    }
}

/// Records in the audit log that an account was created.
async fn record_creation(work: &mut UnitOfWork, user: &User, by: Actor) -> Result<()> {
    work.audit(by, AuditAction::AccountCreate, AuditTarget::from(user.id()), Value::Null).await
}

/// Inserts an account.
pub(crate) async fn insert(tx: &mut store::Tx, user: &mut User, hash: &str) -> Result<()> {
    let new = users::New {
        id: user.id(),
        email: user.email.as_deref(),
        phone: user.phone.as_deref(),
        username: user.person.username.as_deref(),
        password_hash: hash,
        display_name: &user.person.display_name,
        avatar_url: user.person.avatar_url.as_deref(),
        is_admin: user.is_admin,
        created_at: user.person.created_at,
    };
    let written = users::insert(tx, &new).await;
    check_taken(tx, written, user).await?;
    streams::create(tx, &[user.id().into()]).await?;
    Ok(())
}
