//! What can be chosen about a messenger.

use std::time::Duration;

use crate::integrations::AllowedTarget;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Everybody.
    Open,
    /// Whoever has a code of an administrator.
    Invite,
    /// Nobody but an administrator.
    Closed,
}

/// What can be chosen about a messenger.
#[derive(Clone)]
pub struct Settings {
    pub registration: RegistrationPolicy,
    /// The largest file, in bytes.
    pub upload_limit: u64,
    /// The largest voice message, in bytes.
    pub voice_limit: u64,
    /// How many bytes of files one person may have; 0 when there is no bound.
    pub quota_per_user: u64,
    /// How many bytes of files there may be in all; 0 when there is no bound.
    pub quota_total: u64,
    pub rate_limits: bool,
    /// Where other nodes are met: the address of a bus.
    pub bus: Option<String>,
    /// What may be read for a preview although it is not public; nothing when no previews are made.
    pub link_previews: Option<Vec<AllowedTarget>>,
    /// Where codes for signing in are sent through.
    pub senders: Senders,
    /// The language model that answers questions; nothing when there is none.
    pub assistant: Option<AssistantSettings>,
    pub meetings: MeetingSettings,
}

impl Settings {
    /// Those of an administrator at the machine: nothing is limited, and nobody outside is asked.
    pub fn at_the_machine() -> Self {
        Self {
            registration: RegistrationPolicy::Open,
            upload_limit: 1,
            voice_limit: 1,
            quota_per_user: 0,
            quota_total: 0,
            rate_limits: false,
            bus: None,
            link_previews: None,
            senders: Senders::default(),
            assistant: None,
            meetings: MeetingSettings::default(),
        }
    }
}

/// Where codes are sent through.
#[derive(Clone, Default)]
pub struct Senders {
    /// Codes go to the log instead, for development.
    pub to_log: bool,
    pub mail: Option<MailServer>,
    pub sms: Option<SmsGateway>,
}

#[derive(Clone)]
pub struct MailServer {
    pub url: String,
    /// From which address letters come.
    pub from: Option<String>,
}

#[derive(Clone)]
pub struct SmsGateway {
    pub url: String,
    pub secret: String,
}

/// What can be chosen about the assistant.
#[derive(Clone)]
pub struct AssistantSettings {
    /// The address of an OpenAI-compatible server, which ends in `/v1`.
    pub url: String,
    pub key: Option<String>,
    pub model: String,
    /// What it is called in chats.
    pub name: String,
    /// How often each person may ask on a day; 0 when there is no bound.
    pub daily: u32,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// Where people meet.
#[derive(Clone)]
pub struct MeetingSettings {
    /// The address of a Jitsi server, instead of Google's.
    pub jitsi: Option<String>,
    /// What stands before `/v2/spaces` of Google's Meet API.
    pub google: String,
}

impl Default for MeetingSettings {
    fn default() -> Self {
        Self { jitsi: None, google: "https://meet.googleapis.com".to_owned() }
    }
}
