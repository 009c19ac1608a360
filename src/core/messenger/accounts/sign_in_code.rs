//! Signing in and resetting a password by a code that is sent to an e-mail address or phone number.
//!
//! The limits here apply even when rate limits are off, and are counted in the database, so that they hold across
//! nodes. Each address and number has one row, locked while it is read and changed.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::hmac;
use serde_json::json;

use crate::boxed;
use crate::integrations::DeliveryError;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::accounts::notice::Notice;
use crate::messenger::accounts::password;
use crate::messenger::accounts::session::{TokenPair, revoke_all, revoke_all_but};
use crate::messenger::foundation::settings::RegistrationPolicy;
use crate::messenger::foundation::{Actor, Error, Limit, Result, Subject, UnitOfWork, secrets};
use crate::messenger::{Caller, Messenger, Visitor};
use crate::model::{AuditAction, AuditTarget, Language, SessionId, User, UserId};
use crate::store::sessions::Hash;
use crate::store::users::EmailProof;
use crate::store::{sessions, sign_in_codes, users};

/// How long a code is valid.
const LIFE: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
/// After so many wrong attempts the code is invalid.
const MAX_TRIES: i64 = 5;

/// A code and the contact it was sent to.
#[derive(Debug, Clone)]
pub struct CodeSignIn {
    pub to: Contact,
    pub code: String,
    /// The display name of a new account.
    pub display_name: Option<String>,
    pub invite_code: Option<String>,
    pub device: Option<String>,
    /// Whether to end the access that others may have to an existing account: its password, sessions and tokens.
    pub ends_earlier_access: bool,
}

/// The account of a code, signed in.
#[derive(Debug, Clone)]
pub struct SignedInByCode {
    pub user: User,
    pub tokens: TokenPair,
    /// Whether nobody had proved the address before, and somebody else may still have access by an earlier password,
    /// session or token. [`Caller::end_earlier_access`] ends that.
    pub has_earlier_access: bool,
}

/// What a code is for: one for one purpose is not valid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in, or anything else that the owner of the contact may do.
    SignIn,
    /// Proving a new e-mail address of this user.
    NewAddress(UserId),
}

impl Visitor {
    /// Sends a code; at most three per hour, of which only the newest is valid. Returns how long it is valid.
    #[boxed]
    pub async fn send_code(self, to: &Contact, language: Language) -> Result<Duration> {
        let messenger = &self.messenger;
        messenger.code_delivery.check(to)?;
        messenger.limit(Limit::Code(self.address.into()))?;
        messenger.send_code(to, Purpose::SignIn, language).await?;
        let mut work = messenger.begin().await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(LIFE)
    }

    /// Signs in by a code; creates an account without a password for a new contact.
    #[boxed]
    pub async fn verify_code(self, who: CodeSignIn) -> Result<SignedInByCode> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        let mut work = messenger.begin().await?;
        work = check_code(work, &who.to, Purpose::SignIn, &who.code).await?;
        use_up(&mut work, &who.to).await?;
        let (user, is_new) = match who.to.account(&mut work.tx).await? {
            Some(user) => {
                users::lock(&mut work.tx, [user.id()]).await?;
                // It may have been deactivated before it was locked.
                (users::by_id(&mut work.tx, user.id()).await?.ok_or(Error::Deactivated)?, false)
            }
            None => {
                messenger.limit(Limit::SignUp(self.address.into()))?;
                let policy = messenger.registration_policy(&mut work.tx).await?;
                messenger.check_registration_allowed(policy, who.invite_code.as_deref(), Some(&who.to))?;
                let user = messenger.add_by_code(&mut work, &who.to, who.display_name.as_deref()).await?;
                let by = Actor::User(user.id(), Some(self.address));
                let target = AuditTarget::from(user.id());
                work.audit(by, AuditAction::AccountCreate, target, json!({"by": "code"})).await?;
                (user, true)
            }
        };
        if user.person.is_deactivated {
            return Err(Error::Deactivated);
        }
        let is_first_proof = matches!(who.to, Contact::Email(_))
            && users::email_proof(&mut work.tx, user.id()).await? == EmailProof::None;
        if who.ends_earlier_access && !is_new {
            end_access(&mut work, user.id(), &[]).await?;
            record_end_of_access(&mut work, user.id(), Some(self.address)).await?;
        }
        let has_earlier_access = is_first_proof && !is_new && has_access(&mut work, user.id()).await?;
        let tokens = self.start_session(&mut work, user.id(), who.device).await?;
        if is_first_proof {
            let proof = match has_earlier_access {
                true => EmailProof::Session(tokens.session),
                false => EmailProof::Owner,
            };
            users::set_email_proof(&mut work.tx, user.id(), proof).await?;
        }
        if has_earlier_access && let Some(address) = user.email.clone() {
            let language = messenger.profile_language(user.language.as_deref());
            Notice::FirstProved.send(&mut work, address, language).await?;
        }
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(SignedInByCode { user, tokens, has_earlier_access })
    }

    /// Sets a new or first password by a code and ends all sessions of the account.
    #[boxed]
    pub async fn reset_password(self, to: &Contact, code: &str, new: &str) -> Result<()> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        password::check_new("new_password", new)?;
        // Check the code before hashing, and hash outside of the transaction, which blocks other writers.
        drop(check_code(messenger.begin().await?, to, Purpose::SignIn, code).await?);
        let hash = messenger.passwords.hash(new).await?;
        let mut work = check_code(messenger.begin().await?, to, Purpose::SignIn, code).await?;
        use_up(&mut work, to).await?;
        let user = to.account(&mut work.tx).await?;
        let user = user.ok_or(Error::NotFound("account"))?.id();
        users::lock(&mut work.tx, [user]).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        if matches!(to, Contact::Email(_)) {
            users::set_email_proof(&mut work.tx, user, EmailProof::Owner).await?;
        }
        revoke_all(&mut work, user).await?;
        let by = Actor::User(user, Some(self.address));
        let details = json!({"by": "code"});
        work.audit(by, AuditAction::PasswordReset, AuditTarget::from(user), details).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

impl Caller {
    /// Ends the access that others may have: the password, all other sessions and all tokens. Only in the session that
    /// proved the account's e-mail address first: whoever created the account with it could not.
    #[boxed]
    pub async fn end_earlier_access(self) -> Result<()> {
        let (user, session) = (self.access.user, self.access.session);
        self.changes()?;
        let mut work = self.messenger.begin_for([user]).await?;
        if users::email_proof(&mut work.tx, user).await? != EmailProof::Session(session) {
            return Err(Error::Forbidden(
                "Only the session that first proved the e-mail address by a code can end earlier access; \
                 a password reset by a code does it too",
            ));
        }
        end_access(&mut work, user, &[session]).await?;
        record_end_of_access(&mut work, user, self.access.address).await?;
        users::set_email_proof(&mut work.tx, user, EmailProof::Owner).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }
}

/// Removes the password, and ends all sessions and tokens but some.
async fn end_access(work: &mut UnitOfWork, user: UserId, kept: &[SessionId]) -> Result<()> {
    users::set_password(&mut work.tx, user, "").await?;
    revoke_all_but(work, user, kept).await
}

async fn record_end_of_access(work: &mut UnitOfWork, user: UserId, from: Option<IpAddr>) -> Result<()> {
    let details = json!({"sessions": "earlier", "password": "removed"});
    work.audit(Actor::User(user, from), AuditAction::SessionRevoke, AuditTarget::from(user), details).await
}

/// Whether there is any password, session or token.
async fn has_access(work: &mut UnitOfWork, user: UserId) -> Result<bool> {
    let has_password = users::password_hash(&mut work.tx, user).await?.is_some_and(|hash| !hash.is_empty());
    Ok(has_password || !sessions::all_of_user(&mut work.tx, user).await?.is_empty())
}

impl Messenger {
    /// Sends a code for a purpose, within the limits of its contact.
    pub(crate) async fn send_code(&self, to: &Contact, purpose: Purpose, language: Language) -> Result<()> {
        let (contact, code) = (to.key(), new_code());
        let mut work = self.begin().await?;
        let now = work.now;
        let kept = sign_in_codes::create_locked(&mut work.tx, &contact).await?;
        let mut kept = kept.ok_or(Error::Again)?;
        if let Some(third) = kept.third_at
            && third + HOUR > now
        {
            return Err(Error::TooMany(Duration::from_millis(((third + HOUR).0 - now.0).unsigned_abs())));
        }
        // Addresses that are equal when compared may be different mailboxes: the code goes to the one of the account.
        let account = to.account(&mut work.tx).await?;
        let is_known = account.is_some();
        let own = account.as_ref().and_then(|user| Language::known(user.language.as_deref()));
        let language = own.unwrap_or(language);
        let to = account.and_then(|user| to.of(user)).unwrap_or_else(|| to.clone());
        let hash = hash_of(self, &to, purpose, &code);
        kept.send(hash, now, now + LIFE);
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        // When registration is closed, unknown contacts get the same response after the same time but no code, so that
        // accounts can't be enumerated.
        let conceals = matches!(purpose, Purpose::SignIn)
            && self.registration_policy(&mut work.tx).await? == RegistrationPolicy::Closed;
        let is_wanted = is_known || !conceals;
        let queued = match is_wanted {
            true => self.queue_code(&mut work, &to, &code, language, LIFE).await?,
            false => None,
        };
        work.commit().await?;
        if !is_wanted {
            return Ok(());
        }
        let messenger = self.clone();
        let deliver = async move {
            match messenger.deliver_code(&to, &code, queued, language, now).await {
                Ok(()) => Ok(()),
                Err(error) => Err(messenger.delivery_failed(&to, &contact, hash, error).await?),
            }
        };
        if conceals {
            tokio::spawn(deliver);
            return Ok(());
        }
        deliver.await
    }

    /// Does not count a code that was certainly not sent.
    async fn delivery_failed(
        &self,
        to: &Contact,
        contact: &str,
        hash: Hash,
        error: DeliveryError,
    ) -> Result<Error> {
        tracing::error!(%error, "a code could not be sent");
        if !matches!(error, DeliveryError::TimedOut) {
            let mut work = self.begin().await?;
            if let Some(mut kept) = sign_in_codes::locked(&mut work.tx, contact).await?
                && kept.hash.as_deref() == Some(hash.as_slice())
            {
                kept.take_back();
                sign_in_codes::update(&mut work.tx, contact, &kept).await?;
                work.commit().await?;
            }
        }
        Ok(Error::UpstreamFailed(match to {
            Contact::Email(_) => "The mail server refused the message with the code; check the address",
            Contact::Phone(_) => "The code could not be sent; try again later",
        }))
    }
}

/// Returns the unit of work if the code is right; otherwise counts the attempt and fails.
pub(crate) async fn check_code(
    mut work: UnitOfWork,
    to: &Contact,
    purpose: Purpose,
    code: &str,
) -> Result<UnitOfWork> {
    let contact = to.key();
    let kept = sign_in_codes::locked(&mut work.tx, &contact).await?;
    let kept =
        kept.filter(|kept| kept.hash.is_some() && kept.expires_at > work.now && kept.tries < MAX_TRIES);
    let Some(mut kept) = kept else { return Err(Error::WrongCode { left: 0 }) };
    let account = to.account(&mut work.tx).await?;
    let to = account.and_then(|user| to.of(user)).unwrap_or_else(|| to.clone());
    let hash = hash_of(work.messenger(), &to, purpose, code.trim());
    if kept.hash.as_deref() == Some(hash.as_slice()) {
        return Ok(work);
    }
    kept.tries += 1;
    sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
    work.commit().await?;
    Err(Error::WrongCode { left: (MAX_TRIES - kept.tries).unsigned_abs() })
}

pub(crate) async fn use_up(work: &mut UnitOfWork, to: &Contact) -> Result<()> {
    let contact = to.key();
    if let Some(mut kept) = sign_in_codes::locked(&mut work.tx, &contact).await? {
        kept.hash = None;
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
    }
    Ok(())
}

/// Keyed with the server's secret: there are only a million codes, so a plain hash in a leaked database could be
/// reversed.
fn hash_of(messenger: &Messenger, to: &Contact, purpose: Purpose, code: &str) -> Hash {
    let mailbox = to.mailbox();
    let text = match purpose {
        Purpose::SignIn => format!("{mailbox} {code}"),
        Purpose::NewAddress(user) => format!("{mailbox} {code} of user {user}"),
    };
    let mut hash = Hash::default();
    hash.copy_from_slice(hmac::sign(&messenger.sign_in_codes, text.as_bytes()).as_ref());
    hash
}

/// Six random digits, uniformly distributed.
fn new_code() -> String {
    const MOST: u64 = 1_000_000;
    loop {
        let bytes = secrets::random();
        let number = bytes.iter().take(4).fold(0, |number, byte| number << 8 | u64::from(*byte));
        // Reject the incomplete last range, which would make some codes more likely.
        if number < (1 << 32) / MOST * MOST {
            return format!("{:06}", number % MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits() {
        for _ in 0..1_000 {
            let code = new_code();
            assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        }
    }
}
