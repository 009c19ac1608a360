//! Who may create an account.

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::accounts::contact::Contact;
use crate::messenger::foundation::settings::RegistrationPolicy;
use crate::messenger::foundation::{Error, Result};
use crate::store::{Executor, settings};

/// The name of the setting in the database.
const SETTING: &str = "registration";

impl Messenger {
    /// Who may create an account: what the command line says, or else what an administrator chose. Everybody may until
    /// somebody chooses.
    #[boxed]
    pub async fn registration(&self) -> Result<RegistrationPolicy> {
        self.registration_policy(&mut self.db.read().await?).await
    }

    pub(crate) async fn registration_policy(&self, executor: &mut Executor) -> Result<RegistrationPolicy> {
        if let Some(policy) = self.settings.registration {
            return Ok(policy);
        }
        let chosen = settings::value(executor, SETTING).await?;
        let Some(name) = chosen else { return Ok(RegistrationPolicy::Open) };
        // One that only a newer version knows must not open the server.
        Ok(RegistrationPolicy::by_name(&name).unwrap_or(RegistrationPolicy::Closed))
    }

    /// Chooses who may create an account, within a transaction.
    pub(crate) async fn choose_registration(
        &self,
        executor: &mut Executor,
        policy: RegistrationPolicy,
    ) -> Result<()> {
        match self.settings.registration {
            Some(fixed) if fixed == policy => return Ok(()),
            Some(_) => return Err(Error::invalid(SETTING, "is set by --registration on the server")),
            None => {}
        }
        if policy == RegistrationPolicy::Mail && !self.code_delivery.sends_mail() {
            return Err(Error::invalid(SETTING, "needs a mail server; see --smtp-url"));
        }
        Ok(settings::set(executor, SETTING, policy.name()).await?)
    }

    /// Checks whether somebody may create an account, who has proved a contact if there is one.
    pub(crate) fn check_registration_allowed(
        &self,
        policy: RegistrationPolicy,
        invite_code: Option<&str>,
        proved: Option<&Contact>,
    ) -> Result<()> {
        match (policy, proved) {
            (RegistrationPolicy::Open, _) | (RegistrationPolicy::Mail, Some(Contact::Email(_))) => Ok(()),
            (RegistrationPolicy::Invite, _) => self.check_invite(invite_code),
            (RegistrationPolicy::Mail, _) => {
                Err(Error::Forbidden("On this server an account is created by a code that is sent by e-mail"))
            }
            (RegistrationPolicy::Closed, _) => Err(Error::RegistrationClosed),
        }
    }
}
