//! Sign-ins.

use super::{SessionId, Time, UserId};

/// A sign-in on one device, from whichever API.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// What the client calls its device, or its `User-Agent`.
    pub device: Option<String>,
    /// Where it signed in from.
    pub address: Option<String>,
    pub created_at: Time,
    /// The last sign-in, renewal or request, to within some minutes.
    pub used_at: Time,
    /// After this it ends whether it is used or not.
    pub expires_at: Time,
}
