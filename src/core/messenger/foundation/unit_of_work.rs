//! The unit of work: write, announce, commit. Announced events are delivered after the commit and only then.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Span;

use crate::boxed;
use crate::hub;
use crate::messenger::Messenger;
use crate::messenger::foundation::{Attempt, Error, Result, Subject, event_log, secrets};
use crate::model::{Change, Event, Kind, Position, Stream, Time, UserId};
use crate::store::{self, Error as StoreError, Priority, Tx, streams};
use crate::traces;

/// A transaction with the events that it announces. Dropped without [`UnitOfWork::commit`], it is rolled back.
pub(crate) struct UnitOfWork {
    pub tx: Tx,
    pub now: Time,
    messenger: Messenger,
    /// The events to deliver, in order, each with its sequence number once it has one.
    announced: Vec<(Stream, Option<i64>, Change)>,
    attempts: Vec<(Attempt, Subject)>,
    after_commit: Vec<AfterCommit>,
    /// Something was written that is not announced.
    is_changed: bool,
    /// Of the trace that it belongs to; it ends with this.
    span: Span,
}

/// Counts retries of a unit of work that failed with [`Error::Again`](super::Error::Again).
#[derive(Debug, Default)]
pub struct Retries(u32);

impl Retries {
    /// Waits before another try: longer each time, with jitter, so that two conflicting transactions do not meet again.
    /// Returns `false` when there were enough tries.
    #[boxed]
    pub async fn wait(&mut self) -> bool {
        const MAX: u32 = 3;
        self.0 += 1;
        if self.0 > MAX {
            return false;
        }
        let jitter = u64::from(secrets::random()[0]) % 16;
        tokio::time::sleep(Duration::from_millis(jitter << self.0)).await;
        true
    }
}

/// Runs once a unit of work is committed, perhaps before its events are delivered.
type AfterCommit = Box<dyn FnOnce(&Messenger) + Send>;

impl Messenger {
    pub(crate) async fn begin(&self) -> Result<UnitOfWork> {
        self.begin_with(Priority::Foreground).await
    }

    /// Begins a unit of work that nobody waits for: it is written when no other waits, and should take a few milliseconds
    /// at most.
    pub(crate) async fn begin_background(&self) -> Result<UnitOfWork> {
        self.begin_with(Priority::Background).await
    }

    async fn begin_with(&self, priority: Priority) -> Result<UnitOfWork> {
        let span = traces::unit_of_work(self.db.system());
        let tx = self.db.begin_with(priority).await?;
        let messenger = self.clone();
        let now = self.clock.now();
        let (announced, attempts, after_commit) = Default::default();
        Ok(UnitOfWork { tx, now, messenger, announced, attempts, after_commit, is_changed: false, span })
    }

    /// Begins one of the background that locks an account.
    pub(crate) async fn begin_background_for(&self, user: UserId) -> Result<UnitOfWork> {
        let mut work = self.begin_background().await?;
        store::users::lock(&mut work.tx, [user]).await?;
        Ok(work)
    }

    /// Begins a unit of work that locks these accounts: others that change them or what belongs to them wait.
    pub(crate) async fn begin_for(
        &self,
        users: impl IntoIterator<Item = UserId> + Send,
    ) -> Result<UnitOfWork> {
        let users: Vec<UserId> = users.into_iter().collect();
        let mut work = self.begin().await?;
        store::users::lock(&mut work.tx, users).await?;
        Ok(work)
    }
}

impl UnitOfWork {
    /// Reserves the next sequence number of a stream.
    pub(crate) async fn reserve_seq(&mut self, stream: impl Into<Stream>) -> Result<Position> {
        let stream = stream.into();
        let mut positions = self.reserve_seqs(stream, 1).await?;
        Ok(positions.pop().unwrap_or(Position { stream, seq: 0 }))
    }

    /// Reserves the next `count` sequence numbers of a stream, after those of the events announced there so far.
    pub(crate) async fn reserve_seqs(
        &mut self,
        stream: impl Into<Stream>,
        count: i64,
    ) -> Result<Vec<Position>> {
        let stream = stream.into();
        let unnumbered = self.unnumbered().filter(|of| *of == stream).count();
        let last = self.advance(&HashMap::from([(stream, unnumbered as i64 + count)])).await?;
        self.assign_seqs(&last.iter().map(|(stream, seq)| (*stream, seq - count)).collect());
        let last = last.get(&stream).copied().unwrap_or_default();
        Ok((last - count + 1..=last).map(|seq| Position { stream, seq }).collect())
    }

    /// Announces an event at a reserved position.
    pub(crate) fn announce_at(&mut self, position: Position, change: Change) {
        self.announced.push((position.stream, Some(position.seq), change));
    }

    /// Announces an event at the next position of a stream. Its sequence number is assigned at the end, together with
    /// all others and in a fixed order of streams, so that units of work with the same streams wait for each other instead
    /// of deadlocking.
    pub(crate) fn announce(&mut self, stream: impl Into<Stream>, change: Change) {
        self.announced.push((stream.into(), None, change));
    }

    /// Announces events in many streams, in each in the order given.
    pub(crate) fn announce_all(&mut self, changes: impl IntoIterator<Item = (Stream, Change)>) {
        self.announced.extend(changes.into_iter().map(|(stream, change)| (stream, None, change)));
    }

    /// The streams of events without a sequence number, one for each event.
    fn unnumbered(&self) -> impl Iterator<Item = Stream> {
        self.announced.iter().filter(|(_, seq, _)| seq.is_none()).map(|(stream, ..)| *stream)
    }

    /// Assigns a sequence number to every announced event that has none.
    async fn assign_all_seqs(&mut self) -> Result<()> {
        let mut counts: HashMap<Stream, i64> = HashMap::new();
        for stream in self.unnumbered() {
            *counts.entry(stream).or_default() += 1;
        }
        let last = self.advance(&counts).await?;
        self.assign_seqs(&last);
        Ok(())
    }

    /// Advances streams by so many events each; returns their last sequence numbers.
    async fn advance(&mut self, counts: &HashMap<Stream, i64>) -> Result<HashMap<Stream, i64>> {
        /// The most streams of one statement.
        const BATCH: usize = 500;
        let mut streams: Vec<_> = counts.iter().map(|(stream, count)| (*stream, *count)).collect();
        streams.sort_unstable();
        let mut last = HashMap::new();
        for batch in streams.chunks(BATCH) {
            streams::advance(&mut self.tx, &batch.iter().copied().collect()).await?;
            let batch: Vec<Stream> = batch.iter().map(|(stream, _)| *stream).collect();
            last.extend(streams::seqs(&mut self.tx, &batch).await?);
        }
        Ok(last)
    }

    /// Assigns sequence numbers to the events without one in some streams, ending with the last number of each.
    fn assign_seqs(&mut self, last: &HashMap<Stream, i64>) {
        let mut last = last.clone();
        for (stream, seq, _) in self.announced.iter_mut().rev().filter(|(_, seq, _)| seq.is_none()) {
            if let Some(last) = last.get_mut(stream) {
                *seq = Some(*last);
                *last -= 1;
            }
        }
    }

    /// Whether there is anything to commit.
    pub(crate) fn has_changes(&self) -> bool {
        !self.announced.is_empty() || self.is_changed
    }

    /// Something was written that must be committed although no event is announced.
    pub(crate) fn mark_changed(&mut self) {
        self.is_changed = true;
    }

    /// Stores the request's idempotency key with this unit of work, and what its response was about.
    pub(crate) fn once(&mut self, attempt: Option<Attempt>, subject: Subject) {
        self.attempts.extend(attempt.map(|attempt| (attempt, subject)));
    }

    pub(crate) fn messenger(&self) -> &Messenger {
        &self.messenger
    }

    /// Runs `action` once this is committed, perhaps before its events are delivered.
    pub(crate) fn after_commit(&mut self, action: impl FnOnce(&Messenger) + Send + 'static) {
        self.after_commit.push(Box::new(action));
    }

    /// Commits, and has the announced events delivered. If they change who is subscribed, it returns when they are
    /// delivered: who was removed receives nothing more then.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.assign_all_seqs().await?;
        let at = self.now;
        let event = |(stream, seq, change): (Stream, Option<i64>, Change)| {
            let position = Position { stream, seq: seq.unwrap_or_default() };
            Event { position, at, change }
        };
        let mut events: Vec<Event> = std::mem::take(&mut self.announced).into_iter().map(event).collect();
        event_log::set_hidden_from(&mut self.tx, &mut events).await?;
        let records: Vec<_> = events.iter().map(event_log::record).collect();
        store::events::insert_many(&mut self.tx, &records).await?;
        let keys: Vec<_> =
            self.attempts.iter().map(|(attempt, subject)| attempt.record(*subject, self.now)).collect();
        match self.messenger.keys.insert_many(&mut self.tx, &keys).await {
            Err(StoreError::Taken) => {
                drop(self.tx);
                for (attempt, _) in &self.attempts {
                    self.messenger.check_not_repeated(attempt).await?;
                }
                // The key is of a transaction that is not committed yet.
                return Err(Error::Again);
            }
            inserted => inserted?,
        }
        let Self { tx, messenger, after_commit, span, .. } = self;
        let mut posted = Vec::new();
        let (mut wakes_index, mut from_people) = (false, 0);
        for event in &events {
            match &event.change {
                Change::MessageCreated(message) => {
                    posted.push(message.id);
                    from_people += u64::from(message.kind != Kind::System);
                }
                Change::MessageUpdated(_)
                | Change::AnswerFinished(_)
                | Change::MessageDeleted { .. }
                | Change::MessagesDeleted { .. } => wakes_index = true,
                _ => {}
            }
        }
        wakes_index |= !posted.is_empty();
        let changes = events.iter().any(|event| hub::changes_subscriptions(&event.change));
        let (delivered, delivery) = match changes {
            true => Some(oneshot::channel()).unzip(),
            false => (None, None),
        };
        let committed = tx.commit(move || {
            messenger.counters.posted.fetch_add(from_people, Ordering::Relaxed);
            messenger.update_caches(&events);
            messenger.publish_positions(&events);
            messenger.deliveries.send(events, delivered);
            if wakes_index {
                messenger.indexing.wake(posted);
            }
            for action in after_commit {
                action(&messenger);
            }
        });
        match committed.await {
            // A deferred statement met what another has just written: the next try finds it.
            Err(StoreError::Taken) => return Err(Error::Again),
            done => done?,
        }
        traces::record_commit(&span);
        drop(span);
        if let Some(delivery) = delivery {
            // It fails when the server stops.
            let _ = delivery.await;
        }
        Ok(())
    }
}
