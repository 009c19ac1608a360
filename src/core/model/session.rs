//! Sessions: sign-ins, and personal access tokens, which are sessions without renewal.

use std::time::Duration;

use super::{SessionId, Time, UserId};

/// A sign-in on one device, through any API, or a personal access token.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub kind: SessionKind,
    /// The device name that the client gave, or its `User-Agent`; for a token, its name.
    pub device: Option<String>,
    /// The IP address at sign-in.
    pub address: Option<String>,
    pub created_at: Time,
    /// The last sign-in, renewal or request, accurate to some minutes.
    pub used_at: Time,
    /// When it ends, whether it is used or not.
    pub expires_at: Time,
    pub scopes: Scopes,
    /// Its refresh token is long-lived and not rotated, for clients that keep the first one they get.
    pub is_long: bool,
}

impl Session {
    /// How long an unused sign-in stays valid.
    pub const fn idle_life(is_long: bool) -> Duration {
        Duration::from_secs(if is_long { 90 } else { 7 } * 24 * 3_600)
    }

    /// The maximum lifetime of a sign-in.
    pub const fn whole_life(is_long: bool) -> Duration {
        Duration::from_secs(if is_long { 365 } else { 30 } * 24 * 3_600)
    }

    /// When it was last used; `None` for a token that never was.
    pub fn last_used(&self) -> Option<Time> {
        let never = self.kind == SessionKind::Token && self.used_at == self.created_at;
        (!never).then_some(self.used_at)
    }
}

/// The numbers are stored in the `kind` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    SignIn = 1,
    Token = 2,
}

/// The set of a token's scopes. The bits are stored in the `scopes` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);
    /// Reading everything that the owner sees in chats, including live events.
    pub const READ: Self = Self(1);
    /// Posting and changing things in chats.
    pub const WRITE: Self = Self(2);
    /// Profile, password, sessions, tokens, blocking, export and deletion.
    pub const ACCOUNT: Self = Self(4);
    pub const ALL: Self = Self(7);

    const NAMES: [(Self, &str); 3] =
        [(Self::READ, "read"), (Self::WRITE, "write"), (Self::ACCOUNT, "account")];

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// The scopes of `wanted` that are missing.
    #[must_use]
    pub const fn lacks(self, wanted: Self) -> Self {
        Self(wanted.0 & !self.0)
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(scope, _)| self.contains(*scope)).map(|(_, name)| name)
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(scope, _)| scope)
    }

    pub fn bits(self) -> i64 {
        self.0.into()
    }

    /// Unknown bits are ignored.
    pub fn from_bits(bits: i64) -> Self {
        Self((bits & Self::ALL.bits()) as u8)
    }
}
