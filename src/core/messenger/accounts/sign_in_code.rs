//! Signing in, and getting back in, by a code that is sent to an e-mail address or a phone number.
//!
//! The limits here are rules: they hold with rate limits off, and are counted in the database, so that they hold
//! whichever node is asked. Each address and number has one row there, held while it is looked at and changed.

use std::time::Duration;

use aws_lc_rs::hmac;

use crate::integrations::DeliveryError;
use crate::messenger::Visitor;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::accounts::password;
use crate::messenger::accounts::session::{Grant, revoke_all};
use crate::messenger::foundation::settings::Opening;
use crate::messenger::foundation::{Error, Limit, Result, Subject, Work, secrets};
use crate::model::{Language, User};
use crate::store::sessions::Hash;
use crate::store::{sign_in_codes, users};

/// How long a code is good.
const LIFE: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
/// How often something wrong may be tried until the code is good no longer.
const MOST_TRIES: i64 = 5;

/// A code, and whose it should be.
#[derive(Debug, Clone)]
pub struct CodeSignIn {
    pub to: Contact,
    pub code: String,
    /// What to call somebody who is new.
    pub display_name: Option<String>,
    pub invite_code: Option<String>,
    pub device: Option<String>,
}

impl Visitor {
    /// Sends a code to an address or a number; at most three within an hour, of which the newest counts. Answers how
    /// long it is good.
    pub async fn send_code(self, to: &Contact, language: Language) -> Result<Duration> {
        let messenger = &self.messenger;
        messenger.ways.check(to)?;
        messenger.limit(Limit::Code(self.address.into()))?;
        let (contact, code) = (to.key(), new_code());
        let hash = self.hash_of(&contact, &code);
        let mut work = messenger.begin().await?;
        let now = work.now;
        let kept = sign_in_codes::hold(&mut work.tx, &contact).await?;
        let mut kept = kept.ok_or(Error::Again)?;
        if let Some(third) = kept.third_at
            && third + HOUR > now
        {
            return Err(Error::TooMany(Duration::from_millis(((third + HOUR).0 - now.0).unsigned_abs())));
        }
        kept.send(hash, now, now + LIFE);
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        // Where nobody can come in anew, a stranger is told the same as a member, and gets nothing.
        let is_known = to.account(&mut work.tx).await?.is_some();
        work.commit().await?;
        if is_known || messenger.settings.opening != Opening::Closed {
            let sent = messenger.send(to, &code, language, now).await;
            if let Err(error) = sent {
                return Err(self.not_sent(&contact, hash, error).await?);
            }
        }
        let mut work = messenger.begin().await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok(LIFE)
    }

    /// Does not count a code that surely did not go out.
    async fn not_sent(&self, contact: &str, hash: Hash, error: DeliveryError) -> Result<Error> {
        tracing::error!(%error, "a code could not be sent");
        if let DeliveryError::Refused(_) = error {
            let mut work = self.messenger.begin().await?;
            if let Some(mut kept) = sign_in_codes::held(&mut work.tx, contact).await?
                && kept.hash.as_deref() == Some(hash.as_slice())
            {
                kept.take_back();
                sign_in_codes::update(&mut work.tx, contact, &kept).await?;
                work.commit().await?;
            }
        }
        Ok(Error::UpstreamFailed("The code could not be sent; try again later"))
    }

    /// Signs in by a code; whoever is new gets an account without a password.
    pub async fn verify_code(self, who: CodeSignIn) -> Result<(User, Grant)> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        let mut work = messenger.begin().await?;
        work = self.try_code(work, &who.to, &who.code).await?;
        self.use_up(&mut work, &who.to).await?;
        let user = match who.to.account(&mut work.tx).await? {
            Some(user) => {
                users::lock(&mut work.tx, [user.id()]).await?;
                user
            }
            None => {
                messenger.limit(Limit::SignUp(self.address.into()))?;
                messenger.admit(who.invite_code.as_deref())?;
                messenger.add_by_code(&mut work, &who.to, who.display_name.as_deref()).await?
            }
        };
        if user.person.is_deactivated {
            return Err(Error::Deactivated);
        }
        let grant = self.grant(&mut work, user.id(), who.device).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await?;
        Ok((user, grant))
    }

    /// Sets a password anew, or a first one, by a code. Whoever had the old one is signed out everywhere.
    pub async fn reset_password(self, to: &Contact, code: &str, new: &str) -> Result<()> {
        let messenger = &self.messenger;
        messenger.limit(Limit::SignIn(self.address.into()))?;
        password::check_new("new_password", new)?;
        // Nobody waits for a hash that is made for a wrong code, nor for one that is made while others can't write.
        drop(self.try_code(messenger.begin().await?, to, code).await?);
        let hash = messenger.passwords.hash(new).await?;
        let mut work = self.try_code(messenger.begin().await?, to, code).await?;
        self.use_up(&mut work, to).await?;
        let user = to.account(&mut work.tx).await?;
        let user = user.ok_or(Error::NotFound("account"))?.id();
        users::lock(&mut work.tx, [user]).await?;
        users::set_password(&mut work.tx, user, &hash).await?;
        revoke_all(&mut work, user).await?;
        work.once(self.attempt, Subject::Nothing);
        work.commit().await
    }

    /// Goes on with a change if the code is right, and otherwise ends it with one try less.
    async fn try_code(&self, mut work: Work, to: &Contact, code: &str) -> Result<Work> {
        let contact = to.key();
        let kept = sign_in_codes::held(&mut work.tx, &contact).await?;
        let kept =
            kept.filter(|kept| kept.hash.is_some() && kept.expires_at > work.now && kept.tries < MOST_TRIES);
        let Some(mut kept) = kept else { return Err(Error::WrongCode { left: 0 }) };
        let hash = self.hash_of(&contact, code.trim());
        if kept.hash.as_deref() == Some(hash.as_slice()) {
            return Ok(work);
        }
        kept.tries += 1;
        sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        work.commit().await?;
        Err(Error::WrongCode { left: (MOST_TRIES - kept.tries).unsigned_abs() })
    }

    async fn use_up(&self, work: &mut Work, to: &Contact) -> Result<()> {
        let contact = to.key();
        if let Some(mut kept) = sign_in_codes::held(&mut work.tx, &contact).await? {
            kept.hash = None;
            sign_in_codes::update(&mut work.tx, &contact, &kept).await?;
        }
        Ok(())
    }

    /// By the server's secret: a copy of the database tells no code, of which there are only a million.
    fn hash_of(&self, contact: &str, code: &str) -> Hash {
        let mut hash = Hash::default();
        let signed = hmac::sign(&self.messenger.sign_in_codes, format!("{contact} {code}").as_bytes());
        hash.copy_from_slice(signed.as_ref());
        hash
    }
}

/// Six digits, each as likely as any other.
fn new_code() -> String {
    const MOST: u64 = 1_000_000;
    loop {
        let bytes = secrets::random();
        let number = bytes.iter().take(4).fold(0, |number, byte| number << 8 | u64::from(*byte));
        // Beyond the last whole million, some would be likelier than others.
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
