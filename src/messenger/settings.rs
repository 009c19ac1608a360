//! What can be chosen about a messenger.

use super::{AssistantSettings, MeetingSettings, Senders};
use crate::outside::Exception;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
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
    pub opening: Opening,
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
    pub link_previews: Option<Vec<Exception>>,
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
            opening: Opening::Open,
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
