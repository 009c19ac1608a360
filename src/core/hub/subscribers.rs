//! The subscribers of one stream: each gets every event once and in sequence, in whatever order events arrive.
//!
//! On one node with SQLite events arrive in order. With MySQL an event may arrive a little before one with a lower
//! sequence number, and events of other nodes are read from the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Close, Connection, OutboundEvent};

/// The most events that are buffered until those before them arrive; beyond that they are read from the log.
const MAX_PENDING: usize = 256;

#[derive(Default)]
pub(super) struct Subscribers {
    /// The last sequence number that was delivered; `None` until it is known where to start.
    delivered: Option<i64>,
    /// Where delivery started: events up to here were delivered to nobody.
    start: i64,
    current: Vec<Subscriber>,
    /// Connections that need events from before `delivered`, which are read from the log first.
    late: Vec<Arc<Connection>>,
    /// Events that arrived before their predecessors, by sequence number.
    pending: BTreeMap<i64, Arc<OutboundEvent>>,
    /// The highest sequence number that the stream is known to have.
    head: i64,
    /// The stream may have advanced while it had no subscribers.
    is_head_unknown: bool,
}

struct Subscriber {
    connection: Arc<Connection>,
    /// It gets events with a higher sequence number than this.
    after: i64,
}

impl Subscribers {
    /// All connections, the oldest first.
    pub(super) fn connections(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.current.iter().map(|subscriber| &subscriber.connection).chain(&self.late)
    }

    /// Whether events wait for those before them.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.current.is_empty() && self.late.is_empty()
    }

    /// Adds a connection that will read the stream's position itself and call [`start_at`](Self::start_at).
    pub(super) fn join(&mut self, connection: Arc<Connection>) {
        self.current.push(Subscriber { connection, after: i64::MIN });
    }

    /// Adds a connection that needs every event after a sequence number.
    pub(super) fn join_after(&mut self, connection: Arc<Connection>, after: i64) {
        if self.is_empty() {
            (self.delivered, self.start, self.is_head_unknown) = (Some(after), after, true);
        }
        match self.delivered {
            Some(delivered) if delivered <= after => self.current.push(Subscriber { connection, after }),
            _ => self.late.push(connection),
        }
    }

    pub(super) fn remove(&mut self, is_leaving: impl Fn(&Connection) -> bool) {
        self.current.retain(|subscriber| !is_leaving(&subscriber.connection));
        self.late.retain(|connection| !is_leaving(connection));
    }

    /// Changes whenever a backfill achieved something: the delivered sequence number and the number of late connections.
    pub(super) fn progress(&self) -> (Option<i64>, usize) {
        (self.delivered, self.late.len())
    }

    /// The delivered sequence number and the late connections.
    pub(super) fn state(&self) -> (Option<i64>, Vec<Arc<Connection>>) {
        (self.delivered, self.late.clone())
    }

    /// Whether events must be read from the log before everything can be delivered.
    pub(super) fn has_gap(&self) -> bool {
        match self.delivered {
            // A current subscriber is about to call `start_at`. If all of them left, late ones start from the log.
            None => self.current.is_empty() && !self.late.is_empty(),
            Some(delivered) => {
                !self.late.is_empty()
                    || self.is_head_unknown
                    || delivered < self.head
                    || !self.pending.is_empty()
            }
        }
    }

    /// The stream is known to have reached `seq`.
    pub(super) fn advance(&mut self, seq: i64) {
        self.head = self.head.max(seq);
    }

    /// Subscribes at `seq`, up to which the subscriber has read the log. Returns the sequence number after which events
    /// are delivered to it, and the pending events that could be delivered now. Of two that subscribe together one may
    /// have read further; both then get only what comes after that.
    pub(super) fn start_at(&mut self, seq: i64) -> (i64, Vec<Arc<OutboundEvent>>) {
        self.advance(seq);
        match self.delivered {
            Some(_) => (seq.max(self.start), Vec::new()),
            None => {
                (self.delivered, self.start) = (Some(seq), seq);
                (seq, self.deliver_pending())
            }
        }
    }

    /// Takes new events; returns those that were delivered, in order.
    pub(super) fn deliver(&mut self, events: Vec<Arc<OutboundEvent>>) -> Vec<Arc<OutboundEvent>> {
        let follows = |delivered: i64| (delivered + 1..).zip(&events).all(|(seq, event)| event.seq() == seq);
        if self.pending.is_empty() && self.delivered.is_some_and(follows) {
            self.delivered = events.last().map(|last| last.seq());
            self.push(&events);
            return events;
        }
        for event in events {
            self.advance(event.seq());
            let is_new = self.delivered.is_none_or(|delivered| delivered < event.seq());
            if self.pending.len() < MAX_PENDING && is_new {
                self.pending.insert(event.seq(), event);
            }
        }
        self.deliver_pending()
    }

    /// Delivers what was read from the log: all events up to `upto`, while the stream was at `head`. `late` says after
    /// which sequence number each late connection needs them. Returns what was delivered to current subscribers.
    pub(super) fn backfill(
        &mut self,
        (upto, head): (i64, i64),
        events: Vec<Arc<OutboundEvent>>,
        late: &[(Arc<Connection>, i64)],
    ) -> Vec<Arc<OutboundEvent>> {
        if self.delivered.is_none() && self.current.is_empty() {
            self.delivered = late.iter().map(|(_, after)| *after).min();
            self.start = self.delivered.unwrap_or_default();
        }
        let Some(delivered) = self.delivered else { return Vec::new() };
        self.advance(head);
        let first_new = events.partition_point(|event| event.seq() <= delivered);
        let (old, new) = events.split_at(first_new);
        if delivered <= upto {
            for (connection, after) in late {
                let Some(index) = self.late.iter().position(|other| other.is(connection)) else { continue };
                let connection = self.late.remove(index);
                let missed = old.partition_point(|event| event.seq() <= *after);
                connection.push(&old[missed..]);
                self.current.push(Subscriber { connection, after: *after });
            }
            self.push(new);
            self.delivered = Some(upto);
            self.is_head_unknown = false;
        }
        let mut now = new.to_vec();
        now.extend(self.deliver_pending());
        now
    }

    /// The missing events are no longer in the log: closes all connections, which then resume from their cursors.
    pub(super) fn close_all(&mut self) {
        for connection in self.connections() {
            connection.close(Close::TooSlow);
        }
    }

    /// Delivers pending events that follow what was delivered.
    fn deliver_pending(&mut self) -> Vec<Arc<OutboundEvent>> {
        let Some(mut delivered) = self.delivered else { return Vec::new() };
        self.pending = self.pending.split_off(&(delivered + 1));
        let mut next = Vec::new();
        while let Some(event) = self.pending.remove(&(delivered + 1)) {
            delivered += 1;
            next.push(event);
        }
        self.push(&next);
        self.delivered = Some(delivered);
        next
    }

    fn push(&self, events: &[Arc<OutboundEvent>]) {
        let Some(first) = events.first() else { return };
        for Subscriber { connection, after } in &self.current {
            match *after < first.seq() {
                true => connection.push(events),
                false => {
                    let wanted = events.partition_point(|event| event.seq() <= *after);
                    connection.push(&events[wanted..]);
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

    fn event(seq: i64) -> Arc<OutboundEvent> {
        let position = Position { stream: Stream::from(CHAT), seq };
        let change = Change::MemberRemoved { chat: CHAT, user: UserId(seq) };
        Arc::new(OutboundEvent::new(Event { position, at: Time(0), change }))
    }

    fn events(seqs: impl IntoIterator<Item = i64>) -> Vec<Arc<OutboundEvent>> {
        seqs.into_iter().map(event).collect()
    }

    fn connection(user: i64) -> Arc<Connection> {
        Arc::new(Connection::new(UserId(user), SessionId(user)))
    }

    fn received(connection: &Connection) -> Vec<i64> {
        connection.take().events.iter().map(|event| event.seq()).collect()
    }

    /// The subscribers of a stream with one connection that has read it up to `seq`.
    fn subscribers(seq: i64) -> (Subscribers, Arc<Connection>) {
        let (mut subscribers, ann) = (Subscribers::default(), connection(1));
        subscribers.join(ann.clone());
        subscribers.start_at(seq);
        (subscribers, ann)
    }

    #[test]
    fn events_arriving_out_of_order_are_delivered_once_and_in_order() {
        let (mut subscribers, ann) = subscribers(4);
        subscribers.deliver(events([5]));
        subscribers.deliver(events([8, 9]));
        assert_eq!((received(&ann), subscribers.has_gap()), (vec![5], true));
        subscribers.deliver(events([7]));
        assert_eq!(subscribers.deliver(events([6, 5])).len(), 4, "pending events are delivered too");
        assert_eq!((received(&ann), subscribers.has_gap()), (vec![6, 7, 8, 9], false));
        subscribers.deliver(events([3, 9]));
        assert_eq!(received(&ann), Vec::<i64>::new());
    }

    #[test]
    fn missing_events_are_backfilled_from_the_log() {
        let (mut subscribers, ann) = subscribers(4);
        subscribers.advance(6);
        assert!(subscribers.has_gap());
        subscribers.deliver(events([8]));
        // The sixth is no longer in the log because its message was deleted.
        subscribers.backfill((7, 8), events([5, 7]), &[]);
        assert_eq!((received(&ann), subscribers.has_gap()), (vec![5, 7, 8], false));
        subscribers.backfill((6, 8), events([5, 6]), &[]);
        assert_eq!(received(&ann), Vec::<i64>::new(), "these were delivered before");
    }

    #[test]
    fn nothing_is_delivered_before_the_start_is_known() {
        let (mut subscribers, ann) = (Subscribers::default(), connection(1));
        subscribers.join(ann.clone());
        subscribers.deliver(events([6, 5]));
        assert_eq!((received(&ann), subscribers.has_gap()), (vec![], false));
        subscribers.start_at(5);
        assert_eq!(received(&ann), [6], "the fifth was read before");
    }

    #[test]
    fn of_two_that_subscribe_together_the_one_behind_learns_how_far_to_read() {
        let (mut subscribers, ann, bob) = (Subscribers::default(), connection(1), connection(2));
        subscribers.join(ann.clone());
        subscribers.join(bob.clone());
        subscribers.deliver(events([5]));
        assert_eq!(subscribers.start_at(5).0, 5);
        assert_eq!(subscribers.start_at(4).0, 5, "the fifth is delivered to nobody");
        subscribers.deliver(events([6]));
        assert_eq!((received(&ann), received(&bob)), (vec![6], vec![6]));
        subscribers.join(connection(3));
        assert_eq!(subscribers.start_at(6).0, 6);
    }

    #[test]
    fn a_late_subscriber_gets_everything_after_its_position() {
        let (mut subscribers, ann) = subscribers(4);
        let bob = connection(2);
        subscribers.deliver(events([5, 6, 7]));
        subscribers.join_after(bob.clone(), 5);
        subscribers.deliver(events([8]));
        assert_eq!(received(&bob), Vec::<i64>::new());
        subscribers.backfill((7, 7), events([6, 7]), &[(bob.clone(), 5)]);
        assert!(subscribers.has_gap(), "the eighth was not read with them");
        subscribers.backfill((9, 9), events([6, 7, 8, 9]), &[(bob.clone(), 5)]);
        assert_eq!((received(&bob), received(&ann)), (vec![6, 7, 8, 9], vec![5, 6, 7, 8, 9]));
        assert!(!subscribers.has_gap());
    }

    #[test]
    fn a_late_subscriber_waits_until_the_start_is_known() {
        let (mut subscribers, ann, bob) = (Subscribers::default(), connection(1), connection(2));
        subscribers.join(ann.clone());
        subscribers.join_after(bob.clone(), 3);
        assert!(!subscribers.has_gap(), "reading would not help before the start is known");
        subscribers.start_at(6);
        assert!(subscribers.has_gap());
        subscribers.backfill((6, 6), events([4, 5, 6]), &[(bob.clone(), 3)]);
        assert_eq!((received(&ann), received(&bob), subscribers.has_gap()), (vec![], vec![4, 5, 6], false));
    }

    #[test]
    fn a_late_subscriber_is_served_after_the_earlier_ones_left() {
        let (mut subscribers, ann, bob) = (Subscribers::default(), connection(1), connection(2));
        subscribers.join(ann.clone());
        subscribers.join_after(bob.clone(), 3);
        subscribers.remove(|one| one.is(&ann));
        assert!(subscribers.has_gap());
        subscribers.backfill((5, 7), events([4, 5]), &[(bob.clone(), 3)]);
        assert!(subscribers.has_gap(), "more was there than was read");
        subscribers.backfill((7, 7), events([6, 7]), &[]);
        assert_eq!((received(&bob), subscribers.has_gap()), (vec![4, 5, 6, 7], false));
    }

    #[test]
    fn a_subscriber_ahead_of_the_stream_gets_nothing_from_before() {
        let (mut subscribers, ann) = subscribers(4);
        let bob = connection(2);
        subscribers.join_after(bob.clone(), 6);
        assert!(!subscribers.has_gap());
        subscribers.deliver(events([5, 6, 7]));
        assert_eq!((received(&bob), received(&ann)), (vec![7], vec![5, 6, 7]));
        let (mut alone, eve) = (Subscribers::default(), connection(3));
        alone.join_after(eve.clone(), 8);
        assert!(alone.has_gap(), "the stream may have advanced before");
        alone.backfill((9, 9), events([9]), &[]);
        assert!(!alone.has_gap());
        alone.deliver(events([10]));
        assert_eq!(received(&eve), [9, 10]);
    }
}
