//! Rate limits: how often one may ask (GCRA: one time stamp for each key).
//!
//! Written here because tests move the messenger's clock, and because a wrong password must be
//! refused before it is counted, which keyed limiters at hand can't do.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::hub::News;
use crate::messenger::foundation::{Clock, Error, Result};
use crate::model::{ChatId, SessionId, UserId};

/// What is counted, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    SignIn(Network),
    WrongPassword(u64),
    /// Somebody who is signed in and is asked for their password once more.
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
    Upload(UserId),
    Search(UserId),
    Read(UserId),
    Export(UserId),
    Import(UserId),
    Connect(UserId),
    ConnectFrom(Network),
}

impl Limit {
    /// How many at once, and how long until there is one more.
    fn quota(self) -> (u32, Duration) {
        let every = |count: u32, span: Duration| span / count;
        let (second, minute, hour) =
            (Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(3_600));
        match self {
            Self::SignIn(_) => (10, every(10, minute)),
            Self::WrongPassword(_) | Self::WrongConfirmation(_) => (10, every(1, minute)),
            Self::SignUp(_) => (10, every(20, hour)),
            // A household or an office; each number and address has a limit of its own besides.
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
            Self::Search(_) => (10, every(2, second)),
            Self::Export(_) | Self::Import(_) => (3, every(3, hour)),
            Self::Read(_) => (100, every(20, second)),
            Self::Connect(_) => (30, every(30, minute)),
            Self::ConnectFrom(_) => (60, every(60, minute)),
        }
    }
}

impl Limit {
    /// As other nodes hear of it: those that keep passwords from being guessed count on all nodes together.
    pub(crate) fn shared(self) -> Option<News> {
        let (kind, key) = match self {
            Self::SignIn(network) => (0, network.0),
            Self::SignUp(network) => (1, network.0),
            Self::WrongPassword(name) => (2, name.into()),
            Self::WrongConfirmation(user) => (3, user.0.cast_unsigned().into()),
            _ => return None,
        };
        let (high, low) = halves(key);
        Some(News::Counted(kind, high, low))
    }

    /// From what another node says.
    pub(crate) fn heard(kind: u8, high: u64, low: u64) -> Option<Self> {
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

/// The address that somebody asks from; of IPv6, the /64 that one household has.
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

/// A number for a name that is counted, so that names don't fill the memory.
pub(crate) fn name_key(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The most keys that are remembered: some 20 MB.
const MOST_KEYS: usize = 200_000;

pub(crate) struct Limits {
    on: bool,
    clock: Clock,
    /// When each key's allowance will be whole again, in milliseconds.
    whole_at: Mutex<HashMap<Limit, i64>>,
}

impl Limits {
    pub(crate) fn new(on: bool, clock: Clock) -> Self {
        Self { on, clock, whole_at: Mutex::default() }
    }

    /// Counts one, or refuses it.
    pub(crate) fn take(&self, limit: Limit) -> Result<()> {
        self.ask(limit, true)
    }

    /// Whether one more would be refused.
    pub(crate) fn check(&self, limit: Limit) -> Result<()> {
        self.ask(limit, false)
    }

    fn ask(&self, limit: Limit, take: bool) -> Result<()> {
        if !self.on {
            return Ok(());
        }
        let now = self.clock.now().0;
        let (burst, every) = limit.quota();
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        let mut keys = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS {
            keys.retain(|_, whole_at| *whole_at > now);
        }
        // A clock that was set back must not punish anybody: never further ahead than a whole burst.
        let whole_at = keys.get(&limit).copied().unwrap_or(now).clamp(now, now + every * i64::from(burst));
        let over = whole_at + every - (now + every * i64::from(burst));
        if over > 0 {
            return Err(Error::TooMany(Duration::from_millis(over.unsigned_abs())));
        }
        if take {
            keys.insert(limit, whole_at + every);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_protects_accounts_is_told_to_other_nodes_as_it_is() {
        let network = Network::from("2001:db8:1:2::3".parse::<IpAddr>().unwrap());
        let limits = [
            Limit::SignIn(network),
            Limit::SignUp(network),
            Limit::WrongPassword(u64::MAX - 1),
            Limit::WrongConfirmation(UserId(7)),
        ];
        for limit in limits {
            let Some(News::Counted(kind, high, low)) = limit.shared() else { panic!("{limit:?}") };
            assert_eq!(Limit::heard(kind, high, low), Some(limit));
        }
        assert_eq!(Limit::Send(UserId(7)).shared(), None);
    }

    #[test]
    fn a_burst_is_followed_by_a_steady_rate() {
        let clock = Clock::default();
        let limits = Limits::new(true, clock.clone());
        let limit = Limit::Send(UserId(1));
        let burst = (0..100).take_while(|_| limits.take(limit).is_ok()).count();
        assert!((20..=21).contains(&burst), "{burst}");
        assert!(limits.take(Limit::Send(UserId(2))).is_ok(), "everybody has an allowance of their own");
        clock.advance(Duration::from_secs(1));
        let more = (0..100).take_while(|_| limits.take(limit).is_ok()).count();
        assert!((5..=6).contains(&more), "{more}");
    }
}
