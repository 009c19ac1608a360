//! Those who listen to one stream: they are told each event once and in the order of the stream, in
//! whatever order events arrive.
//!
//! On one node with SQLite events arrive in order. With MySQL a later change may be told of a little
//! before an earlier one, and what other nodes did arrives by way of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Close, Connection, Telling};

/// The most events that wait for others before them; more of them are read from the log.
const MOST_AHEAD: usize = 256;

#[derive(Default)]
pub(super) struct Audience {
    /// How far the stream was told; nothing until it is known where to begin.
    told: Option<i64>,
    /// Where telling began: nobody was told what comes before.
    begun: i64,
    listeners: Vec<Listening>,
    /// Those who came in after others had been told more than they know; they are told from the log first.
    late: Vec<Arc<Connection>>,
    /// Events that wait for others before them.
    ahead: BTreeMap<i64, Arc<Telling>>,
    /// How far the stream is known to be.
    known: i64,
    /// Something may have happened in it before there was anybody to tell.
    is_unsure: bool,
}

struct Listening {
    connection: Arc<Connection>,
    /// What comes after this place concerns it.
    after: i64,
}

impl Audience {
    /// Everybody, first come first.
    pub(super) fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.listeners.iter().map(|listening| &listening.connection).chain(&self.late)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listeners.is_empty() && self.late.is_empty()
    }

    /// Somebody listens who finds out by themselves how far it is.
    pub(super) fn join(&mut self, connection: Arc<Connection>) {
        self.listeners.push(Listening { connection, after: i64::MIN });
    }

    /// Somebody listens who has to be told what comes after a place.
    pub(super) fn join_at(&mut self, connection: Arc<Connection>, after: i64) {
        if self.is_empty() {
            (self.told, self.begun, self.is_unsure) = (Some(after), after, true);
        }
        match self.told {
            Some(told) if told <= after => self.listeners.push(Listening { connection, after }),
            _ => self.late.push(connection),
        }
    }

    pub(super) fn leave(&mut self, whom: impl Fn(&Connection) -> bool) {
        self.listeners.retain(|listening| !whom(&listening.connection));
        self.late.retain(|connection| !whom(connection));
    }

    /// What changes when there is progress: how far it was told, and how many are late.
    pub(super) fn progress(&self) -> (Option<i64>, usize) {
        (self.told, self.late.len())
    }

    /// How far it was told, and those who are late.
    pub(super) fn state(&self) -> (Option<i64>, Vec<Arc<Connection>>) {
        (self.told, self.late.clone())
    }

    /// Whether something must be read from the log before all can be told.
    pub(super) fn lacks(&self) -> bool {
        match self.told {
            // Those who listen find out where to begin. Where they all left, the log says it to those who are late.
            None => self.listeners.is_empty() && !self.late.is_empty(),
            Some(told) => {
                !self.late.is_empty() || self.is_unsure || told < self.known || !self.ahead.is_empty()
            }
        }
    }

    /// The stream is known to be so far.
    pub(super) fn learn(&mut self, seq: i64) {
        self.known = self.known.max(seq);
    }

    /// Somebody who listens knows of the stream up to here. Answers up to where they must, and what was told: of two who
    /// came together, one may have read more, and only what comes after that is told to both.
    pub(super) fn begin(&mut self, seq: i64) -> (i64, Vec<Arc<Telling>>) {
        self.learn(seq);
        match self.told {
            Some(_) => (seq.max(self.begun), Vec::new()),
            None => {
                (self.told, self.begun) = (Some(seq), seq);
                (seq, self.go_on())
            }
        }
    }

    /// Takes events, and answers those that were told.
    pub(super) fn hear(&mut self, tellings: Vec<Arc<Telling>>) -> Vec<Arc<Telling>> {
        let follows = |told: i64| (told + 1..).zip(&tellings).all(|(seq, telling)| telling.seq() == seq);
        if self.ahead.is_empty() && self.told.is_some_and(follows) {
            self.told = tellings.last().map(|last| last.seq());
            self.push(&tellings);
            return tellings;
        }
        for telling in tellings {
            self.learn(telling.seq());
            if self.ahead.len() < MOST_AHEAD && self.told.is_none_or(|told| told < telling.seq()) {
                self.ahead.insert(telling.seq(), telling);
            }
        }
        self.go_on()
    }

    /// Tells what was read from the log: all that there is from the place before the first of them up to
    /// `upto`, while the stream was as far as `head`. `late` says from where on it concerns those who are late.
    /// Answers what was told.
    pub(super) fn fill(
        &mut self,
        (upto, head): (i64, i64),
        events: Vec<Arc<Telling>>,
        late: &[(Arc<Connection>, i64)],
    ) -> Vec<Arc<Telling>> {
        if self.told.is_none() && self.listeners.is_empty() {
            self.told = late.iter().map(|(_, after)| *after).min();
            self.begun = self.told.unwrap_or_default();
        }
        let Some(told) = self.told else { return Vec::new() };
        self.learn(head);
        let old = events.partition_point(|telling| telling.seq() <= told);
        let (known, new) = events.split_at(old);
        if told <= upto {
            for (connection, after) in late {
                let Some(place) = self.late.iter().position(|other| other.is(connection)) else { continue };
                let connection = self.late.remove(place);
                let missed = known.partition_point(|telling| telling.seq() <= *after);
                connection.push(&known[missed..]);
                self.listeners.push(Listening { connection, after: *after });
            }
            self.push(new);
            self.told = Some(upto);
            self.is_unsure = false;
        }
        let mut now = new.to_vec();
        now.extend(self.go_on());
        now
    }

    /// What it lacks can't be had: everybody is sent back to their cursor.
    pub(super) fn give_up(&mut self) {
        for connection in self.connections() {
            connection.close(Close::TooSlow);
        }
    }

    /// Tells what waited for what was told.
    fn go_on(&mut self) -> Vec<Arc<Telling>> {
        let Some(mut told) = self.told else { return Vec::new() };
        self.ahead = self.ahead.split_off(&(told + 1));
        let mut next = Vec::new();
        while let Some(telling) = self.ahead.remove(&(told + 1)) {
            told += 1;
            next.push(telling);
        }
        self.push(&next);
        self.told = Some(told);
        next
    }

    fn push(&self, tellings: &[Arc<Telling>]) {
        let Some(first) = tellings.first() else { return };
        for Listening { connection, after } in &self.listeners {
            match *after < first.seq() {
                true => connection.push(tellings),
                false => {
                    let concern = tellings.partition_point(|telling| telling.seq() <= *after);
                    connection.push(&tellings[concern..]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, ChatId, Event, Position, SessionId, Stream, Time, UserId};

    const CHAT: ChatId = ChatId(7);

    fn event(seq: i64) -> Arc<Telling> {
        let position = Position { stream: Stream::from(CHAT), seq };
        let change = Change::MemberRemoved { chat: CHAT, user: UserId(seq) };
        Arc::new(Telling::new(Event { position, at: Time(0), change }))
    }

    fn events(seqs: impl IntoIterator<Item = i64>) -> Vec<Arc<Telling>> {
        seqs.into_iter().map(event).collect()
    }

    fn connection(user: i64) -> Arc<Connection> {
        Arc::new(Connection::new(UserId(user), SessionId(user)))
    }

    fn heard(connection: &Connection) -> Vec<i64> {
        connection.take().events.iter().map(|telling| telling.seq()).collect()
    }

    /// Somebody who knows the stream up to a place, and the audience of them alone.
    fn audience(seq: i64) -> (Audience, Arc<Connection>) {
        let (mut audience, ann) = (Audience::default(), connection(1));
        audience.join(ann.clone());
        audience.begin(seq);
        (audience, ann)
    }

    #[test]
    fn whatever_order_events_come_in_each_is_told_once_and_in_order() {
        let (mut audience, ann) = audience(4);
        audience.hear(events([5]));
        audience.hear(events([8, 9]));
        assert_eq!((heard(&ann), audience.lacks()), (vec![5], true));
        audience.hear(events([7]));
        assert_eq!(audience.hear(events([6, 5])).len(), 4, "what waited is told too");
        assert_eq!((heard(&ann), audience.lacks()), (vec![6, 7, 8, 9], false));
        audience.hear(events([3, 9]));
        assert_eq!(heard(&ann), Vec::<i64>::new());
    }

    #[test]
    fn what_does_not_come_is_filled_in_from_the_log() {
        let (mut audience, ann) = audience(4);
        audience.learn(6);
        assert!(audience.lacks());
        audience.hear(events([8]));
        // The sixth is not in the log any more, because what it was about is gone.
        audience.fill((7, 8), events([5, 7]), &[]);
        assert_eq!((heard(&ann), audience.lacks()), (vec![5, 7, 8], false));
        audience.fill((6, 8), events([5, 6]), &[]);
        assert_eq!(heard(&ann), Vec::<i64>::new(), "it came meanwhile");
    }

    #[test]
    fn nothing_is_told_before_it_is_known_where_to_begin() {
        let (mut audience, ann) = (Audience::default(), connection(1));
        audience.join(ann.clone());
        audience.hear(events([6, 5]));
        assert_eq!((heard(&ann), audience.lacks()), (vec![], false));
        audience.begin(5);
        assert_eq!(heard(&ann), [6], "the fifth was read before");
    }

    #[test]
    fn of_two_who_come_together_who_has_read_less_is_told_how_far_to_read() {
        let (mut audience, ann, bob) = (Audience::default(), connection(1), connection(2));
        audience.join(ann.clone());
        audience.join(bob.clone());
        audience.hear(events([5]));
        assert_eq!(audience.begin(5).0, 5);
        assert_eq!(audience.begin(4).0, 5, "the fifth is told to nobody");
        audience.hear(events([6]));
        assert_eq!((heard(&ann), heard(&bob)), (vec![6], vec![6]));
        audience.join(connection(3));
        assert_eq!(audience.begin(6).0, 6);
    }

    #[test]
    fn who_comes_in_late_is_told_from_there_on() {
        let (mut audience, ann) = audience(4);
        let bob = connection(2);
        audience.hear(events([5, 6, 7]));
        audience.join_at(bob.clone(), 5);
        audience.hear(events([8]));
        assert_eq!(heard(&bob), Vec::<i64>::new());
        audience.fill((7, 7), events([6, 7]), &[(bob.clone(), 5)]);
        assert!(audience.lacks(), "the eighth was not read with them");
        audience.fill((9, 9), events([6, 7, 8, 9]), &[(bob.clone(), 5)]);
        assert_eq!((heard(&bob), heard(&ann)), (vec![6, 7, 8, 9], vec![5, 6, 7, 8, 9]));
        assert!(!audience.lacks());
    }

    #[test]
    fn who_is_late_waits_for_those_who_find_out_where_to_begin() {
        let (mut audience, ann, bob) = (Audience::default(), connection(1), connection(2));
        audience.join(ann.clone());
        audience.join_at(bob.clone(), 3);
        assert!(!audience.lacks(), "reading would not help before it is known where to begin");
        audience.begin(6);
        assert!(audience.lacks());
        audience.fill((6, 6), events([4, 5, 6]), &[(bob.clone(), 3)]);
        assert_eq!((heard(&ann), heard(&bob), audience.lacks()), (vec![], vec![4, 5, 6], false));
    }

    #[test]
    fn who_is_late_is_told_when_those_before_left() {
        let (mut audience, ann, bob) = (Audience::default(), connection(1), connection(2));
        audience.join(ann.clone());
        audience.join_at(bob.clone(), 3);
        audience.leave(|one| one.is(&ann));
        assert!(audience.lacks());
        audience.fill((5, 7), events([4, 5]), &[(bob.clone(), 3)]);
        assert!(audience.lacks(), "more was there than was read");
        audience.fill((7, 7), events([6, 7]), &[]);
        assert_eq!((heard(&bob), audience.lacks()), (vec![4, 5, 6, 7], false));
    }

    #[test]
    fn who_comes_in_early_is_told_nothing_of_before() {
        let (mut audience, ann) = audience(4);
        let bob = connection(2);
        audience.join_at(bob.clone(), 6);
        assert!(!audience.lacks());
        audience.hear(events([5, 6, 7]));
        assert_eq!((heard(&bob), heard(&ann)), (vec![7], vec![5, 6, 7]));
        let (mut alone, eve) = (Audience::default(), connection(3));
        alone.join_at(eve.clone(), 8);
        assert!(alone.lacks(), "it may have gone on before");
        alone.fill((9, 9), events([9]), &[]);
        assert!(!alone.lacks());
        alone.hear(events([10]));
        assert_eq!(heard(&eve), [9, 10]);
    }
}
