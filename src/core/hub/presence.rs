//! Presence: whether users are online, away or offline, by their connections on this node and on others.
//!
//! A user whose last connection closes keeps their status for a grace period, because a reloading page reconnects at
//! once. Changes are queued until they are announced; one that is reverted before that is not announced.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::NodeId;
use crate::model::{Status, Time, UserId};

/// The presence of all connected users.
#[derive(Default)]
pub struct PresenceTracker(Mutex<State>);

#[derive(Default)]
struct State {
    users: HashMap<UserId, UserPresence>,
    /// Users whose last connection closed, and when; they are in the grace period.
    leaving: HashMap<UserId, Time>,
    /// Users whose status differs from the announced one, in the order in which it changed.
    queue: VecDeque<UserId>,
    /// Users to announce even if their status is unchanged.
    reannounce: HashSet<UserId>,
    /// Users whose status on this node differs from what was published to other nodes.
    unpublished: HashSet<UserId>,
    /// Other nodes, and when each was last heard from.
    nodes: HashMap<NodeId, Time>,
}

struct UserPresence {
    /// How many connections the user is active on, and how many not.
    active: usize,
    away: usize,
    /// The user's status on other nodes, without those where it is offline.
    remote: HashMap<NodeId, Status>,
    /// The status over all nodes.
    status: Status,
    /// The status that other users were last told.
    announced: Status,
    is_queued: bool,
    /// The status on this node that other nodes were last told.
    published: Status,
}

impl UserPresence {
    const fn offline(remote: HashMap<NodeId, Status>) -> Self {
        let status = Status::Offline;
        Self { active: 0, away: 0, remote, status, announced: status, is_queued: false, published: status }
    }

    /// The status on this node.
    fn local(&self) -> Status {
        match (self.active, self.away) {
            (0, 0) => Status::Offline,
            (0, _) => Status::Away,
            _ => Status::Online,
        }
    }
}

/// A status to announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceUpdate {
    pub user: UserId,
    pub status: Status,
    /// Whether it is announced because what others may see has changed.
    pub is_reannounced: bool,
}

impl PresenceTracker {
    /// A user opened a connection.
    pub fn connected(&self, user: UserId) {
        let mut state = self.state();
        state.leaving.remove(&user);
        state.users.entry(user).or_insert_with(|| UserPresence::offline(HashMap::new())).active += 1;
        state.refresh(user);
    }

    /// A user is away from one of their connections, or active on it again.
    pub fn set_away(&self, user: UserId, away: bool) {
        let mut state = self.state();
        if let Some(presence) = state.users.get_mut(&user) {
            let (from, to) = match away {
                true => (&mut presence.active, &mut presence.away),
                false => (&mut presence.away, &mut presence.active),
            };
            *from = from.saturating_sub(1);
            *to += 1;
            state.refresh(user);
        }
    }

    /// A connection of a user closed, on which they were away or not.
    pub fn disconnected(&self, user: UserId, away: bool, now: Time) {
        let mut state = self.state();
        let Some(presence) = state.users.get_mut(&user) else { return };
        let count = if away { &mut presence.away } else { &mut presence.active };
        *count = count.saturating_sub(1);
        if presence.active + presence.away == 0 {
            state.leaving.insert(user, now);
        } else {
            state.refresh(user);
        }
    }

    /// Users whose last connection closed `grace` ago or earlier, and when it did; also those of whom it seems to be in the
    /// future, since the clock was set back.
    pub fn left_by(&self, now: Time, grace: Duration) -> Vec<(UserId, Time)> {
        let state = self.state();
        let left = state.leaving.iter().filter(|(_, at)| **at + grace <= now || **at > now + grace);
        left.map(|(user, at)| (*user, *at)).collect()
    }

    /// Ends the grace period of users, unless they have reconnected or left anew since.
    pub fn expire(&self, left: &[(UserId, Time)]) {
        let mut state = self.state();
        for (user, at) in left {
            if state.leaving.get(user) == Some(at) {
                state.leaving.remove(user);
                state.refresh(*user);
            }
        }
    }

    /// Queues a user to be announced again, because what others may see has changed.
    pub fn reannounce(&self, user: UserId) {
        let mut state = self.state();
        if state.reannounce.insert(user) {
            state.queue.push_back(user);
        }
    }

    /// Takes at max `max` statuses to announce from the queue, the oldest first.
    pub fn take_updates(&self, max: usize) -> Vec<PresenceUpdate> {
        let mut state = self.state();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(user) = state.queue.pop_front()
        {
            let is_reannounced = state.reannounce.remove(&user);
            let (status, has_changed) = match state.users.get_mut(&user) {
                Some(presence) => {
                    presence.is_queued = false;
                    (
                        presence.status,
                        std::mem::replace(&mut presence.announced, presence.status) != presence.status,
                    )
                }
                None => (Status::Offline, false),
            };
            state.remove_if_offline(user);
            if has_changed || is_reannounced {
                taken.push(PresenceUpdate { user, status, is_reannounced });
            }
        }
        taken
    }

    /// A user's status.
    pub fn status_of(&self, user: UserId) -> Status {
        self.state().users.get(&user).map_or(Status::Offline, |presence| presence.status)
    }

    /// The users of this node, with the time at which their last connection closed if they are in the grace period.
    pub fn local_users(&self) -> Vec<(UserId, Option<Time>)> {
        let state = self.state();
        let leaves = |user| state.leaving.get(user).copied();
        let local = state
            .users
            .iter()
            .filter(|(user, presence)| presence.local() != Status::Offline || leaves(user).is_some());
        local.map(|(user, _)| (*user, leaves(user))).collect()
    }

    /// What to publish to other nodes: the statuses that changed since the last time, or all of them.
    pub fn take_unpublished(&self, all: bool) -> Vec<(UserId, Status)> {
        let mut state = self.state();
        let mut users = std::mem::take(&mut state.unpublished);
        let changed = users.clone();
        if all {
            users.extend(state.users.keys());
        }
        let mut updates = Vec::with_capacity(users.len());
        for user in users {
            let leaves = state.leaving.contains_key(&user);
            match state.users.get_mut(&user) {
                // They are in the grace period.
                Some(_) if leaves => {}
                Some(presence) => {
                    presence.published = presence.local();
                    if presence.published != Status::Offline || changed.contains(&user) {
                        updates.push((user, presence.published));
                    }
                }
                None => updates.push((user, Status::Offline)),
            }
        }
        updates
    }

    /// Applies what another node published at `now`.
    pub fn apply_remote(&self, node: NodeId, users: impl IntoIterator<Item = (UserId, Status)>, now: Time) {
        let mut state = self.state();
        state.nodes.insert(node, now);
        for (user, status) in users {
            state.set_remote(node, user, status);
        }
    }

    /// Forgets nodes that stopped: `node`, and those that were not heard from since `silent_since`.
    pub fn forget_nodes(&self, node: Option<NodeId>, silent_since: Time) {
        let mut state = self.state();
        let is_gone = |one: &NodeId, heard: &Time| Some(*one) == node || *heard <= silent_since;
        let gone: Vec<NodeId> =
            state.nodes.extract_if(|one, heard| is_gone(one, heard)).map(|(one, _)| one).collect();
        for node in gone {
            let is_on_node = |presence: &UserPresence| presence.remote.contains_key(&node);
            let users: Vec<UserId> =
                state.users.iter().filter(|(_, one)| is_on_node(one)).map(|(user, _)| *user).collect();
            for user in users {
                state.set_remote(node, user, Status::Offline);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Recomputes a user's status and queues it if it differs from the announced one.
    fn refresh(&mut self, user: UserId) {
        let Some(presence) = self.users.get_mut(&user) else { return };
        let remote = presence.remote.values().copied();
        presence.status =
            remote.chain([presence.local()]).min_by_key(|status| *status as u8).unwrap_or(Status::Offline);
        if presence.local() != presence.published {
            self.unpublished.insert(user);
        }
        if presence.status != presence.announced && !presence.is_queued {
            presence.is_queued = true;
            self.queue.push_back(user);
        } else {
            self.remove_if_offline(user);
        }
    }

    fn set_remote(&mut self, node: NodeId, user: UserId, status: Status) {
        let presence = self.users.entry(user).or_insert_with(|| UserPresence::offline(HashMap::new()));
        match status {
            Status::Offline => presence.remote.remove(&node),
            status => presence.remote.insert(node, status),
        };
        self.refresh(user);
    }

    /// Forgets a user who is offline, once that was announced.
    fn remove_if_offline(&mut self, user: UserId) {
        let is_gone = |presence: &UserPresence| presence.status == Status::Offline && !presence.is_queued;
        if !self.leaving.contains_key(&user) && self.users.get(&user).is_some_and(is_gone) {
            self.users.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);

    fn announced(tracker: &PresenceTracker) -> Vec<(UserId, Status)> {
        tracker.take_updates(10).into_iter().map(|update| (update.user, update.status)).collect()
    }

    #[test]
    fn one_active_connection_is_enough() {
        let tracker = PresenceTracker::default();
        tracker.connected(ANN);
        tracker.connected(ANN);
        assert_eq!(announced(&tracker), [(ANN, Status::Online)]);
        tracker.set_away(ANN, true);
        assert_eq!(announced(&tracker), []);
        tracker.set_away(ANN, true);
        assert_eq!(announced(&tracker), [(ANN, Status::Away)]);
        tracker.disconnected(ANN, true, Time(0));
        tracker.set_away(ANN, false);
        assert_eq!(announced(&tracker), [(ANN, Status::Online)]);
        tracker.disconnected(ANN, false, Time(0));
        assert_eq!(tracker.status_of(ANN), Status::Online, "the grace period runs");
        tracker.expire(&tracker.left_by(Time(0), Duration::ZERO));
        assert_eq!(announced(&tracker), [(ANN, Status::Offline)]);
        assert!(tracker.local_users().is_empty(), "an offline user is forgotten");
    }

    #[test]
    fn a_user_who_left_before_the_clock_was_set_back_is_offline() {
        let (tracker, grace) = (PresenceTracker::default(), Duration::from_secs(8));
        tracker.connected(ANN);
        assert_eq!(announced(&tracker), [(ANN, Status::Online)]);
        tracker.disconnected(ANN, false, Time(3_600_000));
        assert_eq!(tracker.left_by(Time(3_600_000), grace), []);
        tracker.expire(&tracker.left_by(Time(5_000), grace));
        assert_eq!(announced(&tracker), [(ANN, Status::Offline)]);
    }

    #[test]
    fn a_change_that_is_reverted_is_not_announced() {
        let tracker = PresenceTracker::default();
        tracker.connected(ANN);
        assert_eq!(announced(&tracker), [(ANN, Status::Online)]);
        tracker.disconnected(ANN, false, Time(5));
        tracker.connected(ANN);
        assert_eq!(tracker.left_by(Time(9), Duration::ZERO), []);
        tracker.set_away(ANN, true);
        tracker.set_away(ANN, false);
        assert_eq!(announced(&tracker), []);
        tracker.disconnected(ANN, false, Time(6));
        let left = tracker.left_by(Time(9), Duration::ZERO);
        tracker.connected(ANN);
        tracker.expire(&left);
        assert_eq!((announced(&tracker), tracker.status_of(ANN)), (vec![], Status::Online));
    }

    #[test]
    fn a_user_online_on_another_node_is_online() {
        let (tracker, offline) = (PresenceTracker::default(), Status::Offline);
        tracker.apply_remote(7, [(ANN, Status::Away)], Time(1));
        assert_eq!(announced(&tracker), [(ANN, Status::Away)]);
        tracker.connected(ANN);
        assert_eq!(
            (announced(&tracker), tracker.take_unpublished(false)),
            (vec![(ANN, Status::Online)], vec![(ANN, Status::Online)])
        );
        assert_eq!(tracker.take_unpublished(false), [], "it was published");
        tracker.disconnected(ANN, false, Time(2));
        tracker.expire(&tracker.left_by(Time(2), Duration::ZERO));
        assert_eq!(
            (announced(&tracker), tracker.take_unpublished(false)),
            (vec![(ANN, Status::Away)], vec![(ANN, offline)])
        );
        assert!(tracker.local_users().is_empty(), "they are not on this node");
        tracker.apply_remote(7, [], Time(5));
        tracker.forget_nodes(None, Time(4));
        assert_eq!(tracker.status_of(ANN), Status::Away);
        tracker.forget_nodes(None, Time(5));
        assert_eq!((announced(&tracker), tracker.status_of(ANN)), (vec![(ANN, offline)], offline));
        tracker.apply_remote(8, [(ANN, Status::Online)], Time(6));
        tracker.forget_nodes(Some(8), Time(0));
        assert_eq!(announced(&tracker), [], "it was reverted before it was announced");
    }

    #[test]
    fn a_user_who_left_is_published_as_offline_even_in_a_full_report() {
        let (tracker, bob) = (PresenceTracker::default(), UserId(2));
        tracker.connected(ANN);
        tracker.connected(bob);
        announced(&tracker);
        tracker.take_unpublished(false);
        tracker.disconnected(ANN, false, Time(0));
        tracker.expire(&tracker.left_by(Time(0), Duration::ZERO));
        announced(&tracker);
        let mut updates = tracker.take_unpublished(true);
        updates.sort_by_key(|(user, _)| user.0);
        assert_eq!(updates, [(ANN, Status::Offline), (bob, Status::Online)]);
        assert_eq!(tracker.take_unpublished(true), [(bob, Status::Online)]);
    }

    #[test]
    fn a_user_who_came_and_left_unannounced_is_forgotten() {
        let tracker = PresenceTracker::default();
        tracker.connected(ANN);
        tracker.disconnected(ANN, false, Time(0));
        tracker.expire(&tracker.left_by(Time(0), Duration::ZERO));
        assert_eq!(announced(&tracker), []);
        assert!(tracker.local_users().is_empty());
        tracker.reannounce(ANN);
        tracker.reannounce(ANN);
        let again = PresenceUpdate { user: ANN, status: Status::Offline, is_reannounced: true };
        assert_eq!(tracker.take_updates(10), [again]);
    }
}
