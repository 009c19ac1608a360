//! The messenger's settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::backup::{BackupPlace, Recipient};
use crate::files::AwsEnv;
use crate::hub::BusSettings;
use crate::integrations::AllowedTarget;
use crate::model::{Change, Language};

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Everybody.
    Open,
    /// Those with an invite code of an administrator.
    Invite,
    /// Those who prove an e-mail address by a code that the server sends there.
    Mail,
    /// Only administrators.
    Closed,
}

impl RegistrationPolicy {
    pub const ALL: [Self; 4] = [Self::Open, Self::Invite, Self::Mail, Self::Closed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Mail => "mail",
            Self::Closed => "closed",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// The messenger's settings.
#[derive(Clone)]
pub struct Settings {
    /// `None` for what an administrator chose.
    pub registration: Option<RegistrationPolicy>,
    /// Whether those who are invited must prove their e-mail address too.
    pub needs_email_proof: bool,
    /// The largest file, in bytes.
    pub upload_limit: u64,
    /// The largest voice message, in bytes.
    pub voice_limit: u64,
    /// The most bytes of files of one user; 0 for no limit.
    pub quota_per_user: u64,
    /// The most bytes of files in total; 0 for no limit.
    pub quota_total: u64,
    pub rate_limits: bool,
    /// The message bus between nodes.
    pub bus: Option<BusSettings>,
    /// Non-public addresses that may be fetched for link previews; `None` when previews are off.
    pub link_previews: Option<Vec<AllowedTarget>>,
    /// How pushes are sent; `None` when they are off.
    pub push: Option<PushSettings>,
    /// How sign-in codes are sent.
    pub senders: Senders,
    /// The language model of the assistant; `None` when the assistant is off.
    pub assistant: Option<AssistantSettings>,
    pub meetings: MeetingSettings,
    /// The language in which the server writes to those of whom it knows none.
    pub language: Language,
    /// How the server backs itself up; `None` if it does not.
    pub backup: Option<BackupSettings>,
    /// For how many days entries of the audit log are kept; `None` for ever.
    pub audit_days: Option<u32>,
    /// How outgoing webhooks are sent; `None` if they are not.
    pub webhooks: Option<WebhookSettings>,
}

/// How outgoing webhooks are sent.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Non-public addresses to which they may be sent.
    pub allowed: Vec<AllowedTarget>,
    /// The data of an event in the form of the native API; `None` for events that it does not tell.
    pub event_data: fn(&Change) -> Option<serde_json::Value>,
}

impl Settings {
    /// The settings of the command line: no limits, and no connections to other services.
    pub fn at_the_machine() -> Self {
        Self {
            registration: None,
            needs_email_proof: false,
            upload_limit: 1,
            voice_limit: 1,
            quota_per_user: 0,
            quota_total: 0,
            rate_limits: false,
            bus: None,
            link_previews: None,
            push: None,
            senders: Senders::default(),
            assistant: None,
            meetings: MeetingSettings::default(),
            language: Language::Russian,
            backup: None,
            audit_days: None,
            webhooks: None,
        }
    }
}

/// How a server backs itself up.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// `None` when only the operator makes backups.
    pub every: Option<Duration>,
    pub place: BackupPlace,
    /// How many are kept; 0 for all.
    pub keep: u32,
    /// For whom they are encrypted; for nobody if this is empty.
    pub recipients: Vec<Recipient>,
    pub secret_file: PathBuf,
    /// The folder in which a backup is restored to verify it.
    pub scratch: PathBuf,
    pub aws: AwsEnv,
    /// The version of the program.
    pub version: &'static str,
}

/// How pushes are sent.
#[derive(Debug, Clone)]
pub struct PushSettings {
    /// The address that operators of push services may turn to.
    pub contact: Option<String>,
    /// Push services that may be used although their addresses are not public.
    pub allowed: Vec<AllowedTarget>,
}

/// How sign-in codes are sent.
#[derive(Clone, Default)]
pub struct Senders {
    /// Writes codes to the log instead, for development.
    pub to_log: bool,
    pub mail: Option<MailServer>,
    pub sms: Option<SmsGateway>,
}

#[derive(Clone)]
pub struct MailServer {
    pub url: String,
    /// The sender address of e-mails.
    pub from: Option<String>,
    /// The name by which mail servers are greeted; that of the sender's address if there is none.
    pub name: Option<String>,
}

#[derive(Clone)]
pub struct SmsGateway {
    pub url: String,
    pub secret: String,
}

/// The assistant's settings.
#[derive(Clone)]
pub struct AssistantSettings {
    /// The base URL of an OpenAI-compatible API, which ends in `/v1`.
    pub url: String,
    pub key: Option<String>,
    pub model: String,
    /// Its display name.
    pub name: String,
    /// The most questions of one user per day; 0 for no limit.
    pub daily: u32,
    /// The longest time that an answer may take.
    pub timeout: Duration,
}

/// The video meeting services.
#[derive(Clone)]
pub struct MeetingSettings {
    /// The URL of a Jitsi server to use instead of Google Meet.
    pub jitsi: Option<String>,
    /// The base URL of Google's Meet API, before `/v2/spaces`.
    pub google: String,
}

impl Default for MeetingSettings {
    fn default() -> Self {
        Self { jitsi: None, google: "https://meet.googleapis.com".to_owned() }
    }
}
