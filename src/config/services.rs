//! Settings of external services: mail and SMS for codes, the assistant, video meetings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Switch;
use besedka_core::integrations::AllowedTarget;
use besedka_core::messenger::{
    AssistantSettings, MailServer, MeetingSettings, PushSettings, Senders, SmsGateway,
};

/// External services. Settings that hold a secret can be read from a file instead.
#[derive(Debug, Clone, Args)]
pub struct Services {
    /// The mail server that sends sign-in codes: smtps://USER:PASSWORD@HOST, or smtp://HOST?tls=required for
    /// STARTTLS. Special characters in the user or password must be percent-encoded (@ as %40).
    #[arg(long, env = "BESEDKA_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// A file that contains the URL of the mail server.
    #[arg(long, env = "BESEDKA_SMTP_URL_FILE", value_name = "FILE", conflicts_with = "smtp_url")]
    pub smtp_url_file: Option<PathBuf>,

    /// The sender of mail, for example "Besedka <besedka@example.org>". By default, the user of --smtp-url.
    #[arg(long, env = "BESEDKA_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// The URL of an SMS gateway. The server sends it a POST request with JSON {"phone", "text", "code"}, signed with
    /// --sms-secret.
    #[arg(long, env = "BESEDKA_SMS_WEBHOOK", value_name = "URL", hide_env_values = true)]
    pub sms_webhook: Option<String>,

    /// A file that contains the URL of the SMS gateway.
    #[arg(long, env = "BESEDKA_SMS_WEBHOOK_FILE", value_name = "FILE", conflicts_with = "sms_webhook")]
    pub sms_webhook_file: Option<PathBuf>,

    /// The secret that the SMS gateway shares with this server.
    #[arg(long, env = "BESEDKA_SMS_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub sms_secret: Option<String>,

    /// A file that contains the secret shared with the SMS gateway.
    #[arg(long, env = "BESEDKA_SMS_SECRET_FILE", value_name = "FILE", conflicts_with = "sms_secret")]
    pub sms_secret_file: Option<PathBuf>,

    /// What to do with codes: `send` them, or, for development, write them to the `log`.
    #[arg(long, env = "BESEDKA_CODES", default_value = "send", value_name = "MODE")]
    pub codes: Codes,

    /// Whether users may have notifications pushed to their browsers and phones while these are not connected. Pushes
    /// pass through the push services of the browsers' makers, encrypted.
    #[arg(long, env = "BESEDKA_PUSH", default_value = "on", value_name = "on|off")]
    pub push: Switch,

    /// How the operators of push services reach you: a web address or mailto:ADDRESS. By default, --public-url.
    #[arg(long, env = "BESEDKA_PUSH_CONTACT", value_name = "URL", value_parser = contact)]
    pub push_contact: Option<String>,

    /// Hosts and networks in which push services may be although their addresses are not public, for example
    /// ntfy.corp,10.1.0.0/16; any port is allowed, and http. Use with care: every user can make the server send
    /// requests there.
    #[arg(long, env = "BESEDKA_PUSH_ALLOW", value_delimiter = ',', value_name = "HOST,…")]
    pub push_allow: Vec<AllowedTarget>,

    /// The language model that answers questions in chats: the base URL, which ends in /v1, of any server with an
    /// OpenAI-compatible API. Questions are sent there together with the latest messages of the chat.
    #[arg(long, env = "BESEDKA_AI_URL", value_name = "URL")]
    pub ai_url: Option<String>,

    /// The API key for the language model's server, if it needs one.
    #[arg(long, env = "BESEDKA_AI_KEY", value_name = "KEY", hide_env_values = true)]
    pub ai_key: Option<String>,

    /// A file that contains the API key.
    #[arg(long, env = "BESEDKA_AI_KEY_FILE", value_name = "FILE", conflicts_with = "ai_key")]
    pub ai_key_file: Option<PathBuf>,

    /// The name of the model.
    #[arg(long, env = "BESEDKA_AI_MODEL", value_name = "NAME")]
    pub ai_model: Option<String>,

    /// The assistant's name in chats.
    #[arg(long, env = "BESEDKA_AI_NAME", default_value = "AI", value_name = "NAME")]
    pub ai_name: String,

    /// How many questions each user may ask per day (UTC); 0 means unlimited.
    #[arg(long, env = "BESEDKA_AI_DAILY", default_value_t = 50, value_name = "NUMBER")]
    pub ai_daily: u32,

    /// The maximum number of seconds for an answer.
    #[arg(long, env = "BESEDKA_AI_TIMEOUT", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub ai_timeout: u64,

    /// The Jitsi server for video meetings, for example https://meet.jit.si. Without it, meetings are created at
    /// Google Meet, with a token of each user's own.
    #[arg(long, env = "BESEDKA_JITSI_URL", value_name = "URL", value_parser = meeting_url)]
    pub jitsi_url: Option<String>,

    /// The base URL of the Google Meet API: the part before /v2/spaces.
    #[arg(
        long,
        env = "BESEDKA_GOOGLE_MEET_URL",
        default_value = "https://meet.googleapis.com",
        value_name = "URL"
    )]
    pub google_meet_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Codes {
    Send,
    Log,
}

impl Services {
    /// How codes are sent, or a sentence that says why the settings can't be used.
    pub fn senders(&self, public_url: Option<&str>) -> Result<Senders, String> {
        let mail = secret(self.smtp_url.as_deref(), "--smtp-url-file", self.smtp_url_file.as_deref())?;
        let sms =
            secret(self.sms_webhook.as_deref(), "--sms-webhook-file", self.sms_webhook_file.as_deref())?;
        let sms_secret =
            secret(self.sms_secret.as_deref(), "--sms-secret-file", self.sms_secret_file.as_deref())?;
        let sms = match (sms, sms_secret) {
            (Some(url), Some(secret)) => Some(SmsGateway { url, secret }),
            (Some(_), None) => {
                return Err("--sms-webhook needs --sms-secret, which signs the requests".to_owned());
            }
            (None, _) => None,
        };
        let url = public_url.and_then(|url| url::Url::parse(url).ok());
        let name = url.and_then(|url| url.host_str().map(str::to_owned));
        Ok(Senders {
            to_log: self.codes == Codes::Log,
            mail: mail.map(|url| MailServer { url, from: self.mail_from.clone(), name }),
            sms,
        })
    }
}

impl Services {
    /// The language model, if there is one, or a sentence that says why the settings can't be used.
    pub fn assistant(&self) -> Result<Option<AssistantSettings>, String> {
        let Some(url) = self.ai_url.clone().filter(|url| !url.is_empty()) else { return Ok(None) };
        let model = self.ai_model.clone().filter(|model| !model.is_empty());
        Ok(Some(AssistantSettings {
            url,
            key: secret(self.ai_key.as_deref(), "--ai-key-file", self.ai_key_file.as_deref())?,
            model: model.ok_or("--ai-url needs --ai-model, the name of the model to use")?,
            name: self.ai_name.clone(),
            daily: self.ai_daily,
            timeout: Duration::from_secs(self.ai_timeout),
        }))
    }

    /// How pushes are sent, if they are.
    pub fn push(&self, public_url: Option<&str>) -> Option<PushSettings> {
        let is_https = |url: &&str| url.starts_with("https://");
        let contact = self.push_contact.as_deref().or(public_url.filter(is_https)).map(str::to_owned);
        (self.push == Switch::On).then(|| PushSettings { contact, allowed: self.push_allow.clone() })
    }

    pub fn meetings(&self) -> MeetingSettings {
        let jitsi = self.jitsi_url.clone().filter(|url| !url.is_empty());
        MeetingSettings { jitsi, google: self.google_meet_url.clone() }
    }
}

fn contact(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.starts_with("https://") || text.starts_with("mailto:") && text.contains('@') {
        true => Ok(text.to_owned()),
        false => Err("it must be an address, for example mailto:admin@example.org".to_owned()),
    }
}

fn meeting_url(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    match text.is_empty() || is_web && !text.contains(['?', '#', ' ']) {
        true => Ok(text.to_owned()),
        false => Err("it must be an address, for example https://meet.jit.si".to_owned()),
    }
}

/// A setting that may be read from a file, which the flag `file_flag` names.
pub(super) fn secret(
    value: Option<&str>,
    file_flag: &str,
    file: Option<&Path>,
) -> Result<Option<String>, String> {
    let text = match (value, file) {
        (Some(value), _) => value.to_owned(),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file);
            text.map_err(|error| format!("{file_flag} {} can't be read: {error}", file.display()))?
        }
        (None, None) => return Ok(None),
    };
    // An empty variable counts as not set.
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}
