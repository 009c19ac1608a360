//! Signing in and resetting a password by a code that is sent to an e-mail address or phone number.
//!
//! The limits here apply even when rate limits are off, and are counted in the database, so that they hold across
//! nodes. Each address and number has one row, locked while it is read and changed.

use std::time::Duration;

use aws_lc_rs::hmac;

use crate::boxed;
use crate::integrations::DeliveryError;
use crate::messenger::Visitor;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::accounts::password;
use crate::messenger::accounts::session::{TokenPair, revoke_all};
use crate::messenger::foundation::settings::RegistrationPolicy;
use crate::messenger::foundation::{Error, Limit, Result, Subject, UnitOfWork, secrets};
use crate::model::{Language, User};
use crate::store::sessions::Hash;
use crate::store::{sign_in_codes, users};

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
}

impl Visitor {
    /// Sends a code; at most three per hour, of which only the newest is valid. Returns how long it is valid.
    #[boxed]
    pub async fn send_code(self, to: &Contact, language: Language) -> Result<Duration> {
        let messenger = &self.messenger;
        messenger.code_delivery.check(to)?;
        messenger.limit(Limit::Code(self.address.into()))?;
        let (contact, code) = (to.key(), new_code());
        let hash = self.hash_of(&contact, &code);
        let mut work = messenger.begin().await?;
        let now = work.now;
        let kept = sign_in_codes::create_locked(&mut work.tx, &contact).await?;
        let mut kept = kept.ok_or(Error::Again)?;
        if let Some(third) = kept.third_at
            && third + HOUR > now
        {
            return Err(Error::TooMany(Duration::from_millis(((third + HOUR).0 - now.0).unsigned_abs())));
        }
        kept.send(hash, now, now + LIFE);
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        // When registration is closed, unknown contacts get the same response but no code, so that accounts can't be
        // enumerated.
        let is_known = to.account(&mut work.tx).await?.is_some();
        work.commit().await?;
        if is_known || messenger.settings.registration != RegistrationPolicy::Closed {
            let sent = messenger.deliver_code(to, &code, language, now).await;
            if let Err(error) = sent {
                return Err(self.delivery_failed(&contact, hash, error).await?);
            }
        }
        let mut work = messenger.begin().await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(LIFE)
    }

    /// Does not count a code that was certainly not sent.
    async fn delivery_failed(&self, contact: &str, hash: Hash, error: DeliveryError) -> Result<Error> {
        tracing::error!(%error, "a code could not be sent");
        if let DeliveryError::Refused(_) = error {
            let mut work = self.messenger.begin().await?;
            if let Some(mut kept) = sign_in_codes::locked(&mut work.tx, contact).await?
                && kept.hash.as_deref() == Some(hash.as_slice())
            {
                kept.take_back();
                sign_in_codes::update(&mut work.tx, contact, &kept).await?;
                work.commit().await?;
            }
        }
        Ok(Error::UpstreamFailed("The code could not be sent; try again later"))
    }

    /// Signs in by a code; creates an account without a password for a new contact.
    #[boxed]
    pub async fn verify_code(self, who: CodeSignIn) -> Result<(User, TokenPair)> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        let mut work = messenger.begin().await?;
        work = self.check_code(work, &who.to, &who.code).await?;
        self.use_up(&mut work, &who.to).await?;
        let user = match who.to.account(&mut work.tx).await? {
            Some(user) => {
                users::lock(&mut work.tx, [user.id()]).await?;
                user
            }
            None => {
                messenger.limit(Limit::SignUp(self.address.into()))?;
                messenger.check_registration_allowed(who.invite_code.as_deref())?;
                messenger.add_by_code(&mut work, &who.to, who.display_name.as_deref()).await?
            }
        };
        if user.person.is_deactivated {
            return Err(Error::Deactivated);
        }
        let tokens = self.start_session(&mut work, user.id(), who.device).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok((user, tokens))
    }

    /// Sets a new or first password by a code and ends all sessions of the account.
    #[boxed]
    pub async fn reset_password(self, to: &Contact, code: &str, new: &str) -> Result<()> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        password::check_new("new_password", new)?;
        // Check the code before hashing, and hash outside of the transaction, which blocks other writers.
        drop(self.check_code(messenger.begin().await?, to, code).await?);
        let hash = messenger.passwords.hash(new).await?;
        let mut work = self.check_code(messenger.begin().await?, to, code).await?;
        self.use_up(&mut work, to).await?;
        let user = to.account(&mut work.tx).await?;
        let user = user.ok_or(Error::NotFound("account"))?.id();
        users::lock(&mut work.tx, [user]).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        revoke_all(&mut work, user).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Returns the unit of work if the code is right; otherwise counts the attempt and fails.
    async fn check_code(&self, mut work: UnitOfWork, to: &Contact, code: &str) -> Result<UnitOfWork> {
        let contact = to.key();
        let kept = sign_in_codes::locked(&mut work.tx, &contact).await?;
        let kept =
            kept.filter(|kept| kept.hash.is_some() && kept.expires_at > work.now && kept.tries < MAX_TRIES);
        let Some(mut kept) = kept else { return Err(Error::WrongCode { left: 0 }) };
        let hash = self.hash_of(&contact, code.trim());
        if kept.hash.as_deref() == Some(hash.as_slice()) {
            return Ok(work);
        }
        kept.tries += 1;
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        work.commit().await?;
        Err(Error::WrongCode { left: (MAX_TRIES - kept.tries).unsigned_abs() })
    }

    async fn use_up(&self, work: &mut UnitOfWork, to: &Contact) -> Result<()> {
        let contact = to.key();
        if let Some(mut kept) = sign_in_codes::locked(&mut work.tx, &contact).await? {
            kept.hash = None;
            sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        }
        Ok(())
    }

    /// Keyed with the server's secret: there are only a million codes, so a plain hash in a leaked database could be
    /// reversed.
    fn hash_of(&self, contact: &str, code: &str) -> Hash {
        let mut hash = Hash::default();
        let signed = hmac::sign(&self.messenger.sign_in_codes, format!("{contact} {code}").as_bytes());
        hash.copy_from_slice(signed.as_ref());
        hash
    }
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
