//! E-mails about what happened to an account.

use std::time::Duration;

use crate::messenger::accounts::mail_queue::Mail;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::model::Language;

/// How long a notice is tried.
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// A message about what happened to an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Notice {
    /// It has another e-mail address now.
    AddressChanged,
    /// Somebody signed in by a code for the first time; others who know a password have access too.
    FirstProved,
    /// An outgoing webhook that they created was switched off after repeated failures.
    WebhookDisabled,
}

impl Notice {
    fn subject_and_text(self, language: Language) -> (&'static str, &'static str) {
        match (self, language) {
            (Self::AddressChanged, Language::Russian) => (
                "Адрес вашей учётной записи изменён",
                "К вашей учётной записи в Беседке теперь привязан другой адрес, а этот больше не действует. Если это \
                 сделали не вы, обратитесь к администратору сервера.",
            ),
            (Self::AddressChanged, Language::English) => (
                "Your account has another e-mail address",
                "Your account in Besedka has another e-mail address now; this one no longer works there. If this \
                 was not you, contact the administrator of the server.",
            ),
            (Self::WebhookDisabled, Language::Russian) => (
                "Исходящий вебхук отключён",
                "Исходящий вебхук, который вы создали в Беседке, отключён: его получатель не отвечает. Причину \
                 показывает журнал доставок вебхука. Когда получатель заработает, включите вебхук снова; события за \
                 это время отправлены не будут.",
            ),
            (Self::WebhookDisabled, Language::English) => (
                "An outgoing webhook was switched off",
                "An outgoing webhook that you created in Besedka was switched off, because its receiver does not \
                 answer. The webhook's delivery log shows the reason. Switch the webhook on again when the receiver \
                 works; events from the time between are not sent.",
            ),
            (Self::FirstProved, Language::Russian) => (
                "Вход по коду в учётную запись с паролем",
                "Вы впервые вошли в Беседку по коду, присланному на этот адрес. У учётной записи с ним уже был пароль. \
                 Если его задали не вы, задайте новый по коду («забыли пароль»): прежний пароль, сеансы и токены \
                 перестанут действовать.",
            ),
            (Self::FirstProved, Language::English) => (
                "Signed in by a code to an account with a password",
                "You signed in to Besedka by a code sent to this address for the first time. The account with this \
                 address already had a password. If it was not you who set it, set a new one by a code (\"forgot \
                 password\"): this ends the earlier password, sessions and tokens.",
            ),
        }
    }
}

impl Notice {
    /// Sends the notice to an e-mail address once the unit of work is committed, where the server sends e-mail.
    pub(crate) async fn send(self, work: &mut UnitOfWork, address: String, language: Language) -> Result<()> {
        let (subject, text) = self.subject_and_text(language);
        let messenger = work.messenger().clone();
        if messenger.code_delivery.to_log {
            work.after_commit(move |_| tracing::warn!(to = address, text, "{subject}"));
            return Ok(());
        }
        let Some(queue) = &messenger.code_delivery.mail else { return Ok(()) };
        let mail = Mail { to: address, subject: subject.to_owned(), text: text.to_owned() };
        let queued = queue.add(work, mail, None, LIFE).await?;
        work.after_commit(move |messenger| {
            let messenger = messenger.clone();
            // What it fails with is in the log.
            tokio::spawn(async move { messenger.send_queued_mail(queued).await });
        });
        Ok(())
    }
}
