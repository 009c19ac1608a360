//! E-mails about what happened to an account.

use crate::messenger::Messenger;
use crate::model::Language;

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

impl Messenger {
    /// Sends a notice to an e-mail address, without waiting for the mail server.
    pub(crate) fn notify_address(&self, address: String, notice: Notice, language: Language) {
        let messenger = self.clone();
        tokio::spawn(async move {
            let (subject, text) = notice.subject_and_text(language);
            if let Err(error) = messenger.code_delivery.notify(&address, subject, text).await {
                tracing::warn!(%error, ?notice, "a notice could not be sent");
            }
        });
    }
}
