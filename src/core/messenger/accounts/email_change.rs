//! Changing the e-mail address.
//!
//! Whoever reads the mail of an account's address can set a new password. So an access token alone is not enough to
//! change it, and a new address counts only when a code that was sent to it comes back.

use crate::messenger::Caller;
use crate::messenger::accounts::contact::{Contact, check_email};
use crate::messenger::accounts::notice::Notice;
use crate::messenger::accounts::password::ConfirmedPassword;
use crate::messenger::accounts::sign_in_code::{Purpose, check_code, use_up};
use crate::messenger::foundation::{Error, Result, UnitOfWork};
use crate::model::{User, mailbox};
use crate::store::users::{self, EmailProof};

/// What proves that the owner of the account wants its address changed, and owns the new one.
#[derive(Debug, Clone, Default)]
pub struct EmailProofs {
    pub password: Option<String>,
    /// A code for signing in, sent to the current address, or number if there is no address.
    pub code: Option<String>,
    /// The code that was sent to the new address.
    pub new_code: Option<String>,
}

/// A requested change whose proofs, apart from codes, were verified.
pub(crate) enum EmailChange {
    /// To the same mailbox, written in another way.
    Spelling(String),
    /// A code is to be sent to the new address, after this.
    Start(Contact, OwnershipProof),
    /// The code came back.
    Finish(Contact, String),
}

pub(crate) enum OwnershipProof {
    Password(ConfirmedPassword),
    /// A code that was sent to the current contact.
    Code(Contact, String),
}

impl Caller {
    /// Validates a requested change of the e-mail address. What needs a unit of work follows in [`EmailChange::apply`].
    pub(crate) async fn prepare_email_change(
        &self,
        me: &User,
        address: &str,
        proofs: EmailProofs,
    ) -> Result<EmailChange> {
        let address = check_email(address)?;
        if me.email.as_ref().is_some_and(|current| is_same_mailbox(current, &address)) {
            return Ok(EmailChange::Spelling(address));
        }
        self.access.require_sign_in()?;
        let to = Contact::Email(address);
        if let Some(code) = proofs.new_code {
            return Ok(EmailChange::Finish(to, code));
        }
        let proof = match (proofs.password, proofs.code, current_contact(me)) {
            (Some(password), ..) => {
                OwnershipProof::Password(self.confirm_password("password", &password).await?)
            }
            (None, Some(code), Some(current)) => OwnershipProof::Code(current, code),
            _ => {
                return Err(Error::invalid(
                    "password",
                    "is required to change the e-mail address, or `code`: a code sent to the current address",
                ));
            }
        };
        Ok(EmailChange::Start(to, proof))
    }
}

impl EmailChange {
    /// Checks the proofs within a unit of work and changes the address if nothing more is needed. Returns the address to
    /// which a code must be sent after the commit.
    pub(crate) async fn apply(
        self,
        mut work: UnitOfWork,
        user: &mut User,
    ) -> Result<(UnitOfWork, Option<Contact>)> {
        match self {
            Self::Spelling(address) => {
                user.email = Some(address);
                Ok((work, None))
            }
            Self::Start(to, proof) => {
                match proof {
                    OwnershipProof::Password(confirmed) => confirmed.still_holds(&mut work.tx).await?,
                    OwnershipProof::Code(current, code) => {
                        work = check_code(work, &current, Purpose::SignIn, &code).await?;
                        use_up(&mut work, &current).await?;
                    }
                }
                check_free(&mut work, &to, user).await?;
                if work.messenger().code_delivery.check(&to).is_ok() {
                    return Ok((work, Some(to)));
                }
                // On this server no address leads to a password: it sends no codes.
                replace(&mut work, user, to, EmailProof::None).await?;
                Ok((work, None))
            }
            Self::Finish(to, code) => {
                work = check_code(work, &to, Purpose::NewAddress(user.id()), &code).await?;
                use_up(&mut work, &to).await?;
                check_free(&mut work, &to, user).await?;
                replace(&mut work, user, to, EmailProof::Owner).await?;
                Ok((work, None))
            }
        }
    }
}

/// Reports a taken address before a code is sent to it; the unique index decides finally.
async fn check_free(work: &mut UnitOfWork, to: &Contact, user: &User) -> Result<()> {
    let owner = to.account(&mut work.tx).await?;
    match owner.is_some_and(|owner| owner.id() != user.id()) {
        true => Err(Error::Taken("email")),
        false => Ok(()),
    }
}

/// Changes the address; the old one is told after the commit.
async fn replace(work: &mut UnitOfWork, user: &mut User, to: Contact, proof: EmailProof) -> Result<()> {
    let Contact::Email(address) = to else { return Ok(()) };
    if let Some(old) = user.email.replace(address) {
        let language = work.messenger().profile_language(user.language.as_deref());
        Notice::AddressChanged.send(work, old, language).await?;
    }
    users::set_email_proof(&mut work.tx, user.id(), proof).await?;
    Ok(())
}

/// Where codes for the account's owner are sent.
fn current_contact(user: &User) -> Option<Contact> {
    let email = user.email.clone().map(Contact::Email);
    email.or_else(|| user.phone.clone().map(Contact::Phone))
}

fn is_same_mailbox(one: &str, other: &str) -> bool {
    mailbox(one) == mailbox(other)
}
