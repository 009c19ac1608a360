//! Sign-ins, and personal access tokens, which are sessions that are not renewed.

use std::time::Duration;

use super::{SessionId, Time, UserId};

/// A sign-in on one device, from whichever API; or a personal access token.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub kind: SessionKind,
    /// What the client calls its device, or its `User-Agent`; of a token, its name.
    pub device: Option<String>,
    /// Where it signed in from.
    pub address: Option<String>,
    pub created_at: Time,
    /// The last sign-in, renewal or request, to within some minutes.
    pub used_at: Time,
    /// After this it ends whether it is used or not.
    pub expires_at: Time,
    pub scopes: Scopes,
    /// Its refresh token stays the same and good for long: there are clients that keep the first one they get.
    pub is_long: bool,
}

impl Session {
    /// How long a sign-in lives that is not used.
    pub const fn idle_life(is_long: bool) -> Duration {
        Duration::from_secs(if is_long { 90 } else { 7 } * 24 * 3_600)
    }

    /// How long a sign-in lives, however much it is used.
    pub const fn whole_life(is_long: bool) -> Duration {
        Duration::from_secs(if is_long { 365 } else { 30 } * 24 * 3_600)
    }

    /// When it was used last; nothing for a token that never was.
    pub fn last_used(&self) -> Option<Time> {
        let never = self.kind == SessionKind::Token && self.used_at == self.created_at;
        (!never).then_some(self.used_at)
    }
}

/// The numbers are those of the `kind` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    SignIn = 1,
    Token = 2,
}

/// What a token may be used for: a set. The bits are those of the `scopes` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub const NONE: Self = Self(0);
    /// Seeing everything that its owner sees in chats, live too.
    pub const READ: Self = Self(1);
    /// Saying and changing things in chats.
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

    /// Those of `wanted` that are not in it.
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

    /// Bits that mean nothing are left out.
    pub fn from_bits(bits: i64) -> Self {
        Self((bits & Self::ALL.bits()) as u8)
    }
}
