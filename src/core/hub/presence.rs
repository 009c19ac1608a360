//! Who is there: what the connections of people say of them, here and on other nodes.
//!
//! Whoever's last connection closes counts as there until it is certain that they do not come back at once,
//! as after a reload. What changes waits until it is told, and what changes back meanwhile is not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::NodeId;
use crate::model::{Status, Time, UserId};

/// Everybody who is there.
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
    /// Who is another here than other nodes were told.
    unsaid: HashSet<UserId>,
    /// Other nodes, and when something was heard of them last.
    nodes: HashMap<NodeId, Time>,
}

struct There {
    /// How many connections somebody looks at, and how many not.
    looking: usize,
    away: usize,
    /// What they are on other nodes, where they are there.
    elsewhere: HashMap<NodeId, Status>,
    status: Status,
    told: Status,
    waits: bool,
    /// What other nodes were told.
    said: Status,
}

impl There {
    const fn nobody(elsewhere: HashMap<NodeId, Status>) -> Self {
        let status = Status::Offline;
        Self { looking: 0, away: 0, elsewhere, status, told: status, waits: false, said: status }
    }

    /// What they are on this node.
    fn here(&self) -> Status {
        match (self.looking, self.away) {
            (0, 0) => Status::Offline,
            (0, _) => Status::Away,
            _ => Status::Online,
        }
    }
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
        known.people.entry(user).or_insert_with(|| There::nobody(HashMap::new())).looking += 1;
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
            known.drop_if_gone(user);
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

    /// Everybody who is there on this node, with the moment at which their last connection closed.
    pub fn everybody(&self) -> Vec<(UserId, Option<Time>)> {
        let known = self.known();
        let leaves = |user| known.leaving.get(user).copied();
        let here = known
            .people
            .iter()
            .filter(|(user, there)| there.here() != Status::Offline || leaves(user).is_some());
        here.map(|(user, _)| (*user, leaves(user))).collect()
    }

    /// What other nodes are to be told: of everybody, or of those who changed.
    pub fn news(&self, of_all: bool) -> Vec<(UserId, Status)> {
        let mut known = self.known();
        let mut users = std::mem::take(&mut known.unsaid);
        let changed = users.clone();
        if of_all {
            users.extend(known.people.keys());
        }
        let mut news = Vec::with_capacity(users.len());
        for user in users {
            let leaves = known.leaving.contains_key(&user);
            match known.people.get_mut(&user) {
                // They may come back.
                Some(_) if leaves => {}
                Some(there) => {
                    there.said = there.here();
                    if there.said != Status::Offline || changed.contains(&user) {
                        news.push((user, there.said));
                    }
                }
                None => news.push((user, Status::Offline)),
            }
        }
        news
    }

    /// Another node says who is there.
    pub fn hear(&self, node: NodeId, people: impl IntoIterator<Item = (UserId, Status)>, now: Time) {
        let mut known = self.known();
        known.nodes.insert(node, now);
        for (user, status) in people {
            known.set_elsewhere(node, user, status);
        }
    }

    /// Other nodes are gone: one that said so, and those of which nothing was heard since a moment.
    pub fn forget(&self, node: Option<NodeId>, silent_since: Time) {
        let mut known = self.known();
        let is_gone = |one: &NodeId, heard: &Time| Some(*one) == node || *heard <= silent_since;
        let gone: Vec<NodeId> =
            known.nodes.extract_if(|one, heard| is_gone(one, heard)).map(|(one, _)| one).collect();
        for node in gone {
            let there = |there: &There| there.elsewhere.contains_key(&node);
            let users: Vec<UserId> =
                known.people.iter().filter(|(_, one)| there(one)).map(|(user, _)| *user).collect();
            for user in users {
                known.set_elsewhere(node, user, Status::Offline);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What somebody is now; if the others were told otherwise, it waits to be told.
    fn settle(&mut self, user: UserId) {
        let Some(there) = self.people.get_mut(&user) else { return };
        let elsewhere = there.elsewhere.values().copied();
        there.status =
            elsewhere.chain([there.here()]).min_by_key(|status| *status as u8).unwrap_or(Status::Offline);
        if there.here() != there.said {
            self.unsaid.insert(user);
        }
        if there.status != there.told && !there.waits {
            there.waits = true;
            self.waiting.push_back(user);
        } else {
            self.drop_if_gone(user);
        }
    }

    fn set_elsewhere(&mut self, node: NodeId, user: UserId, status: Status) {
        let there = self.people.entry(user).or_insert_with(|| There::nobody(HashMap::new()));
        match status {
            Status::Offline => there.elsewhere.remove(&node),
            status => there.elsewhere.insert(node, status),
        };
        self.settle(user);
    }

    /// Forgets who is nowhere, once that was told.
    fn drop_if_gone(&mut self, user: UserId) {
        let is_gone = |there: &There| there.status == Status::Offline && !there.waits;
        if !self.leaving.contains_key(&user) && self.people.get(&user).is_some_and(is_gone) {
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
    fn who_is_there_on_another_node_is_there() {
        let (presences, offline) = (Presences::default(), Status::Offline);
        presences.hear(7, [(ANN, Status::Away)], Time(1));
        assert_eq!(told(&presences), [(ANN, Status::Away)]);
        presences.arrive(ANN);
        assert_eq!(
            (told(&presences), presences.news(false)),
            (vec![(ANN, Status::Online)], vec![(ANN, Status::Online)])
        );
        assert_eq!(presences.news(false), [], "it was said");
        presences.depart(ANN, false, Time(2));
        presences.see_off(&presences.left_before(Time(2)));
        assert_eq!(
            (told(&presences), presences.news(false)),
            (vec![(ANN, Status::Away)], vec![(ANN, offline)])
        );
        assert!(presences.everybody().is_empty(), "they are not here");
        presences.hear(7, [], Time(5));
        presences.forget(None, Time(4));
        assert_eq!(presences.of(ANN), Status::Away);
        presences.forget(None, Time(5));
        assert_eq!((told(&presences), presences.of(ANN)), (vec![(ANN, offline)], offline));
        presences.hear(8, [(ANN, Status::Online)], Time(6));
        presences.forget(Some(8), Time(0));
        assert_eq!(told(&presences), [], "it changed back before it was told");
    }

    #[test]
    fn whoever_went_is_said_to_be_gone_also_when_everybody_is_told_of() {
        let (presences, bob) = (Presences::default(), UserId(2));
        presences.arrive(ANN);
        presences.arrive(bob);
        told(&presences);
        presences.news(false);
        presences.depart(ANN, false, Time(0));
        presences.see_off(&presences.left_before(Time(0)));
        told(&presences);
        let mut news = presences.news(true);
        news.sort_by_key(|(user, _)| user.0);
        assert_eq!(news, [(ANN, Status::Offline), (bob, Status::Online)]);
        assert_eq!(presences.news(true), [(bob, Status::Online)]);
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
