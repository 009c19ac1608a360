//! Rate limits by the generic cell rate algorithm (GCRA): one time stamp per key.
//!
//! Written here because tests move the messenger's clock, and because password attempts are checked before they are
//! counted, which available keyed rate limiters cannot do.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::hub::NodeMessage;
use crate::messenger::foundation::{Clock, Error, Result};
use crate::model::{ChatId, IncomingWebhookId, SessionId, UserId};

/// A limit and the key by which it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    SignIn(Network),
    WrongPassword(u64),
    /// Confirming one's password while signed in.
    WrongConfirmation(UserId),
    SignUp(Network),
    Code(Network),
    Ask(UserId),
    Refresh(SessionId),
    Send(UserId),
    SendToChat(ChatId),
    Change(UserId),
    Profile(UserId),
    NewChat(UserId),
    AddMember(UserId),
    Mark(UserId),
    Typing(UserId),
    Upload(UserId),
    Search(UserId),
    Read(UserId),
    Export(UserId),
    Import(UserId),
    /// Reports to the administrators.
    Report(UserId),
    Connect(UserId),
    ConnectFrom(Network),
    Webhook(IncomingWebhookId),
    /// Looking at an invitation without being signed in.
    Invited(Network),
}

impl Limit {
    /// The burst, and the interval in which one more request is allowed.
    fn quota(self) -> (u32, Duration) {
        let every = |count: u32, span: Duration| span / count;
        let (second, minute, hour) =
            (Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(3_600));
        match self {
            Self::SignIn(_) => (10, every(10, minute)),
            Self::WrongPassword(_) | Self::WrongConfirmation(_) => (10, every(1, minute)),
            Self::SignUp(_) => (10, every(20, hour)),
            // Shared by a household or an office; each phone number and e-mail address has a limit of its own too.
            Self::Ask(_) => (10, every(10, minute)),
            Self::Code(_) => (20, every(60, hour)),
            Self::Refresh(_) => (30, every(30, minute)),
            Self::Send(_) | Self::Change(_) => (20, every(5, second)),
            Self::Profile(_) => (10, every(3, minute)),
            Self::SendToChat(_) => (100, every(50, second)),
            Self::NewChat(_) => (20, every(60, hour)),
            Self::AddMember(_) => (60, every(60, hour)),
            Self::Upload(_) => (30, every(30, minute)),
            Self::Mark(_) => (250, every(20, second)),
            Self::Typing(_) => (20, every(2, second)),
            Self::Search(_) => (10, every(2, second)),
            Self::Report(_) => (10, every(30, hour)),
            Self::Export(_) | Self::Import(_) => (3, every(3, hour)),
            Self::Read(_) => (100, every(20, second)),
            Self::Connect(_) => (30, every(30, minute)),
            Self::ConnectFrom(_) | Self::Invited(_) => (60, every(60, minute)),
            Self::Webhook(_) => (30, every(1, second)),
        }
    }
}

impl Limit {
    /// The message by which other nodes count it too; only limits that protect passwords are counted on all nodes together.
    pub(crate) fn shared(self) -> Option<NodeMessage> {
        let (kind, key) = match self {
            Self::SignIn(network) => (0, network.0),
            Self::SignUp(network) => (1, network.0),
            Self::WrongPassword(name) => (2, name.into()),
            Self::WrongConfirmation(user) => (3, user.0.cast_unsigned().into()),
            _ => return None,
        };
        let (high, low) = halves(key);
        Some(NodeMessage::LimitUsed(kind, high, low))
    }

    /// The limit in another node's message.
    pub(crate) fn from_message(kind: u8, high: u64, low: u64) -> Option<Self> {
        Some(match kind {
            0 => Self::SignIn(Network::from_halves(high, low)),
            1 => Self::SignUp(Network::from_halves(high, low)),
            2 => Self::WrongPassword(low),
            3 => Self::WrongConfirmation(UserId(low.cast_signed())),
            _ => return None,
        })
    }
}

fn halves(key: u128) -> (u64, u64) {
    let low = key & u128::from(u64::MAX);
    (u64::try_from(key >> 64).unwrap_or_default(), u64::try_from(low).unwrap_or_default())
}

/// A caller's IPv4 address, or /64 network of IPv6, which is what one household has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(u128);

impl Network {
    pub(crate) fn halves(self) -> (u64, u64) {
        halves(self.0)
    }

    pub(crate) fn from_halves(high: u64, low: u64) -> Self {
        Self(u128::from(high) << 64 | u128::from(low))
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_bits().into()),
            IpAddr::V6(address) => Self(address.to_bits() >> 64 << 64),
        }
    }
}

/// The key of a user name, of fixed size so that long names do not fill the memory.
pub(crate) fn name_key(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The number of keys in memory at which those without effect are removed: about 20 MB.
const MAX_KEYS: usize = 200_000;

pub(crate) struct Limits {
    enabled: bool,
    clock: Clock,
    /// When each key's full burst is available again, in milliseconds since 1970.
    full_at: Mutex<HashMap<Limit, i64>>,
}

impl Limits {
    pub(crate) fn new(enabled: bool, clock: Clock) -> Self {
        Self { enabled, clock, full_at: Mutex::default() }
    }

    /// Counts a request, or fails if it exceeds the limit.
    pub(crate) fn take(&self, limit: Limit) -> Result<()> {
        self.request(limit, true)
    }

    /// Takes one for an attempt that counts only if it fails: of many at the same time no more are made than may fail.
    pub(crate) fn reserve(&self, limit: Limit) -> Result<Reservation<'_>> {
        self.take(limit)?;
        Ok(Reservation { limits: self, limit, is_kept: false })
    }

    fn give_back(&self, limit: Limit) {
        let (_, every) = limit.quota();
        let mut keys = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = keys.get_mut(&limit) {
            *full_at -= i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        }
    }

    /// Fails if one more request would exceed the limit, without counting one.
    pub(crate) fn check(&self, limit: Limit) -> Result<()> {
        self.request(limit, false)
    }

    fn request(&self, limit: Limit, is_counted: bool) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let now = self.clock.now().0;
        let (burst, every) = limit.quota();
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        let mut keys = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS {
            keys.retain(|_, full_at| *full_at > now);
        }
        // At most one burst ahead, so that nobody is locked out after the clock was set back.
        let full_at = keys.get(&limit).copied().unwrap_or(now).clamp(now, now + every * i64::from(burst));
        let wait = full_at + every - (now + every * i64::from(burst));
        if wait > 0 {
            return Err(Error::TooMany(Duration::from_millis(wait.unsigned_abs())));
        }
        if is_counted {
            keys.insert(limit, full_at + every);
        }
        Ok(())
    }
}

/// One of a limit, which is given back when this is dropped, unless it is kept.
pub(crate) struct Reservation<'a> {
    limits: &'a Limits,
    limit: Limit,
    is_kept: bool,
}

impl Reservation<'_> {
    /// Counts it for good, on this node.
    pub(crate) fn keep(mut self) -> Limit {
        self.is_kept = true;
        self.limit
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.limits.give_back(self.limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_protect_accounts_are_shared_with_other_nodes() {
        let network = Network::from("2001:db8:1:2::3".parse::<IpAddr>().unwrap());
        let limits = [
            Limit::SignIn(network),
            Limit::SignUp(network),
            Limit::WrongPassword(u64::MAX - 1),
            Limit::WrongConfirmation(UserId(7)),
        ];
        for limit in limits {
            let Some(NodeMessage::LimitUsed(kind, high, low)) = limit.shared() else { panic!("{limit:?}") };
            assert_eq!(Limit::from_message(kind, high, low), Some(limit));
        }
        assert_eq!(Limit::Send(UserId(7)).shared(), None);
    }

    #[test]
    fn attempts_at_the_same_time_are_as_many_as_may_fail_and_count_only_if_they_do() {
        let limits = Limits::new(true, Clock::default());
        let limit = Limit::WrongConfirmation(UserId(1));
        let attempts: Vec<_> = (0..100).map_while(|_| limits.reserve(limit).ok()).collect();
        assert_eq!(attempts.len(), 10);
        drop(attempts);
        let failed = (0..100).map_while(|_| limits.reserve(limit).ok().map(Reservation::keep)).count();
        assert_eq!(failed, 10, "those before succeeded");
        assert!(limits.reserve(limit).is_err());
    }

    #[test]
    fn a_burst_is_followed_by_a_steady_rate() {
        let clock = Clock::default();
        let limits = Limits::new(true, clock.clone());
        let limit = Limit::Send(UserId(1));
        let burst = (0..100).take_while(|_| limits.take(limit).is_ok()).count();
        assert!((20..=21).contains(&burst), "{burst}");
        assert!(limits.take(Limit::Send(UserId(2))).is_ok(), "each user has a limit of their own");
        clock.advance(Duration::from_secs(1));
        let more = (0..100).take_while(|_| limits.take(limit).is_ok()).count();
        assert!((5..=6).contains(&more), "{more}");
    }
}
