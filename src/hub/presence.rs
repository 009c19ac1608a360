//! Who is there: what the connections of people say of them.
//!
//! Whoever's last connection closes counts as there until it is certain that they do not come back at once,
//! as after a reload. What changes waits until it is told, and what changes back meanwhile is not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Status, Time, UserId};

/// Everybody who is there, on this node.
#[derive(Default)]
pub struct Presences(Mutex<Known>);

#[derive(Default)]
struct Known {
    people: HashMap<UserId, There>,
    /// Whose last connection closed, and when.
    leaving: HashMap<UserId, Time>,
    /// Who has another status than the others were told, in the order in which it changed.
    waiting: VecDeque<UserId>,
    /// Of whom the others must be told whatever they were told before.
    again: HashSet<UserId>,
}

struct There {
    /// How many connections somebody looks at, and how many not.
    looking: usize,
    away: usize,
    status: Status,
    told: Status,
    waits: bool,
}

/// What is to be told of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub user: UserId,
    pub status: Status,
    /// Whether it is told because what others may see has changed.
    pub again: bool,
}

impl Presences {
    /// Somebody has one more connection.
    pub fn arrive(&self, user: UserId) {
        let mut known = self.known();
        known.leaving.remove(&user);
        let nobody =
            There { looking: 0, away: 0, status: Status::Offline, told: Status::Offline, waits: false };
        known.people.entry(user).or_insert(nobody).looking += 1;
        known.settle(user);
    }

    /// Somebody looks at a connection again, or no more.
    pub fn turn(&self, user: UserId, away: bool) {
        let mut known = self.known();
        if let Some(there) = known.people.get_mut(&user) {
            let (from, to) = match away {
                true => (&mut there.looking, &mut there.away),
                false => (&mut there.away, &mut there.looking),
            };
            *from = from.saturating_sub(1);
            *to += 1;
            known.settle(user);
        }
    }

    /// Somebody has one connection less.
    pub fn depart(&self, user: UserId, away: bool, now: Time) {
        let mut known = self.known();
        let Some(there) = known.people.get_mut(&user) else { return };
        let count = if away { &mut there.away } else { &mut there.looking };
        *count = count.saturating_sub(1);
        if there.looking + there.away == 0 {
            known.leaving.insert(user, now);
        } else {
            known.settle(user);
        }
    }

    /// Whose last connection closed before a moment, and when.
    pub fn left_before(&self, moment: Time) -> Vec<(UserId, Time)> {
        let known = self.known();
        let left = known.leaving.iter().filter(|(_, at)| **at <= moment);
        left.map(|(user, at)| (*user, *at)).collect()
    }

    /// They did not come back: unless they do just now, they are offline.
    pub fn see_off(&self, left: &[(UserId, Time)]) {
        let mut known = self.known();
        for (user, at) in left {
            if known.leaving.get(user) == Some(at) {
                known.leaving.remove(user);
                known.settle(*user);
            }
        }
    }

    /// Tells the others of somebody anew, because they may see something else now.
    pub fn tell_again(&self, user: UserId) {
        let mut known = self.known();
        if known.again.insert(user) {
            known.waiting.push_back(user);
        }
    }

    /// Some of those of whom the others must be told, the longest waiting first.
    pub fn take_waiting(&self, most: usize) -> Vec<Waiting> {
        let mut known = self.known();
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(user) = known.waiting.pop_front()
        {
            let again = known.again.remove(&user);
            let (status, news) = match known.people.get_mut(&user) {
                Some(there) => {
                    there.waits = false;
                    (there.status, std::mem::replace(&mut there.told, there.status) != there.status)
                }
                None => (Status::Offline, false),
            };
            if status == Status::Offline && !known.leaving.contains_key(&user) {
                known.people.remove(&user);
            }
            if news || again {
                taken.push(Waiting { user, status, again });
            }
        }
        taken
    }

    /// What somebody is.
    pub fn of(&self, user: UserId) -> Status {
        self.known().people.get(&user).map_or(Status::Offline, |there| there.status)
    }

    /// Everybody who is there, with the moment at which their last connection closed.
    pub fn everybody(&self) -> Vec<(UserId, Option<Time>)> {
        let known = self.known();
        known.people.keys().map(|user| (*user, known.leaving.get(user).copied())).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What somebody is now; if the others were told otherwise, it waits to be told.
    fn settle(&mut self, user: UserId) {
        let Some(there) = self.people.get_mut(&user) else { return };
        there.status = match (there.looking, there.away) {
            (0, 0) => Status::Offline,
            (0, _) => Status::Away,
            _ => Status::Online,
        };
        if there.status != there.told && !there.waits {
            there.waits = true;
            self.waiting.push_back(user);
        } else if there.status == Status::Offline && !there.waits {
            self.people.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);

    fn told(presences: &Presences) -> Vec<(UserId, Status)> {
        presences.take_waiting(10).into_iter().map(|waiting| (waiting.user, waiting.status)).collect()
    }

    #[test]
    fn one_connection_that_is_looked_at_is_enough() {
        let presences = Presences::default();
        presences.arrive(ANN);
        presences.arrive(ANN);
        assert_eq!(told(&presences), [(ANN, Status::Online)]);
        presences.turn(ANN, true);
        assert_eq!(told(&presences), []);
        presences.turn(ANN, true);
        assert_eq!(told(&presences), [(ANN, Status::Away)]);
        presences.depart(ANN, true, Time(0));
        presences.turn(ANN, false);
        assert_eq!(told(&presences), [(ANN, Status::Online)]);
        presences.depart(ANN, false, Time(0));
        assert_eq!(presences.of(ANN), Status::Online, "they may come back at once");
        presences.see_off(&presences.left_before(Time(0)));
        assert_eq!(told(&presences), [(ANN, Status::Offline)]);
        assert!(presences.everybody().is_empty(), "who is gone is forgotten");
    }

    #[test]
    fn what_changes_back_before_it_was_told_is_not_told() {
        let presences = Presences::default();
        presences.arrive(ANN);
        assert_eq!(told(&presences), [(ANN, Status::Online)]);
        presences.depart(ANN, false, Time(5));
        presences.arrive(ANN);
        assert_eq!(presences.left_before(Time(9)), []);
        presences.turn(ANN, true);
        presences.turn(ANN, false);
        assert_eq!(told(&presences), []);
        presences.depart(ANN, false, Time(6));
        let left = presences.left_before(Time(9));
        presences.arrive(ANN);
        presences.see_off(&left);
        assert_eq!((told(&presences), presences.of(ANN)), (vec![], Status::Online));
    }

    #[test]
    fn whoever_came_and_went_untold_is_forgotten() {
        let presences = Presences::default();
        presences.arrive(ANN);
        presences.depart(ANN, false, Time(0));
        presences.see_off(&presences.left_before(Time(0)));
        assert_eq!(told(&presences), []);
        assert!(presences.everybody().is_empty());
        presences.tell_again(ANN);
        presences.tell_again(ANN);
        let again = Waiting { user: ANN, status: Status::Offline, again: true };
        assert_eq!(presences.take_waiting(10), [again]);
    }
}
