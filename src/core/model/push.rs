//! Pushes: notifications that are sent through a push service to devices that are not connected.

use super::{PushSubscriptionId, SessionId, Time, UserId};

/// A device that is sent pushes: a browser, or an app that receives them through UnifiedPush. It ends with its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSubscription {
    pub id: PushSubscriptionId,
    pub user: UserId,
    pub session: SessionId,
    /// The address at the push service to which its pushes are sent. Whoever knows it and the keys can send pushes.
    pub endpoint: String,
    pub keys: PushKeys,
    /// Its pushes say that there is a message, and neither from whom nor what.
    pub hides_content: bool,
    /// Do not disturb until then.
    pub quiet_until: Option<Time>,
    pub created_at: Time,
}

impl PushSubscription {
    /// The host of the push service.
    pub fn service(&self) -> &str {
        let host = self.endpoint.split_once("://").map_or("", |(_, rest)| rest);
        host.split('/').next().unwrap_or_default()
    }
}

/// The keys with which pushes for a device are encrypted (RFC 8291).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushKeys {
    /// Its public key on P-256: an uncompressed point.
    pub public: [u8; 65],
    pub auth: [u8; 16],
}

/// What became of a push. The numbers are stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushOutcome {
    /// The push service accepted it.
    Sent = 1,
    /// It failed, and is tried again.
    Retried = 2,
    /// It failed for good; or too often.
    Failed = 3,
    /// The push service no longer knows the device, whose subscription was removed.
    Removed = 4,
}

/// An entry of the delivery log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushLogEntry {
    pub id: i64,
    pub at: Time,
    pub user: UserId,
    /// The host of the push service.
    pub service: String,
    pub outcome: PushOutcome,
    /// The status of its answer; `None` when there was none.
    pub status: Option<u16>,
    /// The number of attempts up to now.
    pub attempts: i64,
}
