//! Settings of what the server asks others to do: to send codes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::messenger::{MailServer, Senders, SmsGateway};

/// Other servers that this one asks. What holds a secret can be given in a file instead.
#[derive(Debug, Clone, Args)]
pub struct Services {
    /// The mail server that codes for signing in go through: smtps://USER:PASSWORD@HOST, or smtp://HOST?tls=required
    /// where TLS begins later. Signs such as @ in the user or password are written as %40.
    #[arg(long, env = "BESEDKA_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// A file with that address.
    #[arg(long, env = "BESEDKA_SMTP_URL_FILE", value_name = "FILE", conflicts_with = "smtp_url")]
    pub smtp_url_file: Option<PathBuf>,

    /// From whom letters come, as in "Besedka <besedka@example.org>"; without it, from the user of --smtp-url.
    #[arg(long, env = "BESEDKA_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// Where short messages are handed over: the server sends a POST of JSON {"phone", "text", "code"} there, signed
    /// with --sms-secret.
    #[arg(long, env = "BESEDKA_SMS_WEBHOOK", value_name = "URL", hide_env_values = true)]
    pub sms_webhook: Option<String>,

    /// A file with that address.
    #[arg(long, env = "BESEDKA_SMS_WEBHOOK_FILE", value_name = "FILE", conflicts_with = "sms_webhook")]
    pub sms_webhook_file: Option<PathBuf>,

    /// The secret that the gateway for short messages shares with this server.
    #[arg(long, env = "BESEDKA_SMS_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub sms_secret: Option<String>,

    /// A file with that secret.
    #[arg(long, env = "BESEDKA_SMS_SECRET_FILE", value_name = "FILE", conflicts_with = "sms_secret")]
    pub sms_secret_file: Option<PathBuf>,

    /// What to do with codes: `send` them, or write them to the `log`, for development.
    #[arg(long, env = "BESEDKA_CODES", default_value = "send", value_name = "HOW")]
    pub codes: Codes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Codes {
    Send,
    Log,
}

impl Services {
    /// Where codes are sent through; a sentence where that can't be found out.
    pub fn senders(&self) -> Result<Senders, String> {
        let mail = secret(self.smtp_url.as_deref(), self.smtp_url_file.as_deref())?;
        let sms = secret(self.sms_webhook.as_deref(), self.sms_webhook_file.as_deref())?;
        let sms_secret = secret(self.sms_secret.as_deref(), self.sms_secret_file.as_deref())?;
        let sms = match (sms, sms_secret) {
            (Some(url), Some(secret)) => Some(SmsGateway { url, secret }),
            (Some(_), None) => {
                return Err("--sms-webhook needs --sms-secret, which signs what is sent".to_owned());
            }
            (None, _) => None,
        };
        Ok(Senders {
            to_log: self.codes == Codes::Log,
            mail: mail.map(|url| MailServer { url, from: self.mail_from.clone() }),
            sms,
        })
    }
}

/// A setting that may be in a file.
fn secret(value: Option<&str>, file: Option<&Path>) -> Result<Option<String>, String> {
    let text = match (value, file) {
        (Some(value), _) => value.to_owned(),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file);
            text.map_err(|error| format!("{} can't be read: {error}", file.display()))?
        }
        (None, None) => return Ok(None),
    };
    // A variable that is set to nothing is not set.
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}
