//! The short code of a group: six letters and digits that people can tell each other.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::boxed;
use crate::hub::NodeMessage;
use crate::messenger::Caller;
use crate::messenger::chats::join::join_chat;
use crate::messenger::chats::moderation::Moderator;
use crate::messenger::chats::notices::announce_access;
use crate::messenger::foundation::secrets::random;
use crate::messenger::foundation::{Error, Limit, Network, Result};
use crate::model::{Chat, Right, Time, UserId};
use crate::store::{Executor, chats};

const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LENGTH: usize = 6;

/// A code that no group uses.
pub(crate) async fn new_code(run: &mut Executor) -> Result<String> {
    loop {
        let code = code();
        if chats::by_code(run, &code).await?.is_none() {
            return Ok(code);
        }
    }
}

fn code() -> String {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        // Beyond the last multiple of 36, some letters would be likelier than others.
        let letters = random().into_iter().filter(|byte| *byte < 252);
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        code.extend(letters.take(LENGTH - code.len()));
    }
    code
}

impl Moderator {
    /// Gives the group a new short code; the previous one becomes invalid.
    #[boxed]
    pub async fn renew_code(mut self) -> Result<Chat> {
        let mut work = self.begin_with_right(Right::Invite).await?;
        let code = new_code(&mut work.tx).await?;
        chats::set_code(&mut work.tx, self.chat.id, Some(&code)).await?;
        announce_access(&mut work, self.chat.id).await?;
        self.finish(work).await
    }

    /// Removes the group's short code.
    #[boxed]
    pub async fn drop_code(mut self) -> Result<Chat> {
        let mut work = self.begin_with_right(Right::Invite).await?;
        if self.chat.code.is_some() {
            chats::set_code(&mut work.tx, self.chat.id, None).await?;
            announce_access(&mut work, self.chat.id).await?;
        }
        self.finish(work).await
    }
}

impl Caller {
    /// Joins the group with a short code. Case and surrounding spaces make no difference.
    #[boxed]
    pub async fn join_by_code(self, code: &str, from: IpAddr) -> Result<Chat> {
        let user = self.access.user;
        self.messenger.limit(Limit::Change(user))?;
        // Counted before it is checked, so that many attempts at once do not all get through.
        let guess = self.messenger.guesses.begin(user, from.into(), self.messenger.clock.now())?;
        let code = code.trim().to_ascii_uppercase();
        let mut work = self.messenger.begin().await?;
        let mut found = chats::by_code(&mut work.tx, &code).await?;
        if let Some(chat) = &found {
            chats::lock(&mut work.tx, chat.id).await?;
            // Read again now that it is locked: the code may have been replaced.
            found = chats::by_code(&mut work.tx, &code).await?.filter(|now| now.id == chat.id);
        }
        let Some(chat) = found else {
            self.messenger.publish(guess.node_message());
            return Err(Error::NotFound("code"));
        };
        self.messenger.guesses.was_right(guess);
        join_chat(&self.messenger, &mut work, chat.id, user).await?;
        self.finish(work, chat.id).await
    }
}

/// How many wrong codes are accepted per minute, from an account and from an address. With more, one machine would find
/// all codes of a server with a thousand groups in days. This holds with rate limits off, too.
const MAX_WRONG: (usize, usize) = (5, 20);
const WINDOW: Duration = Duration::from_secs(60);
/// The most accounts or addresses that are remembered.
const MAX_GUESSERS: usize = 100_000;

/// The wrong codes of the last minute.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    users: HashMap<UserId, VecDeque<Time>>,
    networks: HashMap<Network, VecDeque<Time>>,
}

/// A code that is being looked up.
pub(crate) struct Guess {
    user: UserId,
    network: Network,
    at: Time,
}

impl Guess {
    /// The message to other nodes when it was wrong.
    fn node_message(&self) -> NodeMessage {
        let (high, low) = self.network.halves();
        NodeMessage::WrongCode(self.user.0, high, low, self.at.0)
    }
}

impl Guesses {
    /// A wrong code was given on another node.
    pub(crate) fn record_wrong(&self, user: UserId, network: Network, at: Time) {
        let mut wrong = self.lock();
        wrong.users.entry(user).or_default().push_back(at);
        wrong.networks.entry(network).or_default().push_back(at);
    }

    fn begin(&self, user: UserId, network: Network, now: Time) -> Result<Guess> {
        let mut wrong = self.lock();
        let (of_user, of_network) = MAX_WRONG;
        refuse_more(&mut wrong.users, user, of_user, now)?;
        refuse_more(&mut wrong.networks, network, of_network, now)?;
        wrong.users.entry(user).or_default().push_back(now);
        wrong.networks.entry(network).or_default().push_back(now);
        Ok(Guess { user, network, at: now })
    }

    fn was_right(&self, guess: Guess) {
        let mut wrong = self.lock();
        let Guess { user, network, at } = guess;
        if let Some(times) = wrong.users.get_mut(&user) {
            take_back(times, at);
        }
        if let Some(times) = wrong.networks.get_mut(&network) {
            take_back(times, at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Wrong> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse_more<K: Hash + Eq + Copy>(
    wrong: &mut HashMap<K, VecDeque<Time>>,
    who: K,
    most: usize,
    now: Time,
) -> Result<()> {
    // Those further ahead were counted before the clock was set back.
    let is_over = |time: &Time| *time + WINDOW <= now || *time > now + WINDOW;
    if wrong.len() >= MAX_GUESSERS {
        wrong.retain(|_, times| times.back().is_some_and(|last| !is_over(last)));
    }
    let Some(times) = wrong.get_mut(&who) else { return Ok(()) };
    while times.front().is_some_and(is_over) {
        times.pop_front();
    }
    match times.front() {
        Some(first) if times.len() >= most => {
            let left = (*first + WINDOW).0 - now.0;
            Err(Error::TooMany(Duration::from_millis(left.unsigned_abs())))
        }
        _ => Ok(()),
    }
}

fn take_back(times: &mut VecDeque<Time>, at: Time) {
    if let Some(index) = times.iter().position(|time| *time == at) {
        times.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_code_has_six_capital_letters_and_digits() {
        for _ in 0..100 {
            let code = code();
            assert!(code.len() == LENGTH && code.bytes().all(|c| LETTERS.contains(&c)), "{code}");
        }
    }

    #[test]
    fn five_wrong_codes_in_any_minute_are_the_most_of_one_account() {
        let guesses = Guesses::default();
        let network = Network::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let wrong =
            |user, second: i64| guesses.begin(UserId(user), network, Time(second * 1_000)).map(|_| ());
        for second in [0, 50, 50, 50, 50] {
            assert!(wrong(1, second).is_ok());
        }
        assert!(matches!(wrong(1, 59), Err(Error::TooMany(left)) if left == Duration::from_secs(1)));
        assert!(wrong(1, 60).is_ok());
        assert!(wrong(1, 60).is_err());
        assert!(wrong(2, 60).is_ok());
    }

    #[test]
    fn nobody_is_locked_out_when_the_clock_is_set_back() {
        let guesses = Guesses::default();
        let network = Network::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let guess = |second: i64| guesses.begin(UserId(1), network, Time(second * 1_000));
        for _ in 0..5 {
            assert!(guess(3_600).is_ok());
        }
        assert!(guess(3_599).is_err(), "another request has read the clock a moment before");
        assert!(guess(10).is_ok());
    }

    #[test]
    fn twenty_wrong_codes_in_any_minute_are_the_most_from_one_address() {
        let guesses = Guesses::default();
        let network = Network::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let guess = |user| guesses.begin(UserId(user), network, Time(0));
        for user in 0..19 {
            assert!(guess(user).is_ok());
        }
        guesses.was_right(guess(19).unwrap());
        assert!(guess(20).is_ok());
        assert!(guess(21).is_err());
        let elsewhere = Network::from(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        assert!(guesses.begin(UserId(21), elsewhere, Time(0)).is_ok());
    }
}
