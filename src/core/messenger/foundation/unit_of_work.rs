//! A change: write, announce, commit. What is announced is told after the commit and only then.

use std::collections::HashMap;
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::{Attempt, Result, Subject, event_log, secrets};
use crate::model::{Change, Event, Position, Stream, Time, UserId};
use crate::store::{self, Error as StoreError, Tx, idempotency, streams};

/// A change under way. Dropped without [`Work::commit`], it never was.
pub(crate) struct Work {
    /// Where to write.
    pub tx: Tx,
    pub now: Time,
    messenger: Messenger,
    /// What is told, in this order, and at which place of which stream, once it has one.
    announced: Vec<(Stream, Option<i64>, Change)>,
    attempts: Vec<(Attempt, Subject)>,
    after: Vec<After>,
    /// Something is written that nobody is told.
    does_more: bool,
}

/// How often something was tried that another change was in the way of.
#[derive(Debug, Default)]
pub struct Tries(u32);

impl Tries {
    /// Waits a moment, if it is worth another try. Longer each time, and by chance, so that two that met don't meet
    /// again.
    pub async fn another(&mut self) -> bool {
        const MOST: u32 = 3;
        self.0 += 1;
        if self.0 > MOST {
            return false;
        }
        let chance = u64::from(secrets::random()[0]) % 16;
        tokio::time::sleep(Duration::from_millis(chance << self.0)).await;
        true
    }
}

/// What to do once a change is on the disk.
type After = Box<dyn FnOnce(&Messenger) + Send>;

impl Messenger {
    pub(crate) async fn begin(&self) -> Result<Work> {
        let tx = self.db.begin().await?;
        let messenger = self.clone();
        let now = self.clock.now();
        let (announced, attempts, after) = Default::default();
        Ok(Work { tx, now, messenger, announced, attempts, after, does_more: false })
    }

    /// Begins a change of accounts or what belongs to them: others that do so wait until it ends.
    pub(crate) async fn begin_of(&self, users: impl IntoIterator<Item = UserId> + Send) -> Result<Work> {
        let users: Vec<UserId> = users.into_iter().collect();
        let mut work = self.begin().await?;
        store::users::lock(&mut work.tx, users).await?;
        Ok(work)
    }
}

impl Work {
    /// Takes the next place in a stream.
    pub(crate) async fn place(&mut self, stream: impl Into<Stream>) -> Result<Position> {
        let stream = stream.into();
        let mut places = self.places(stream, 1).await?;
        Ok(places.pop().unwrap_or(Position { stream, seq: 0 }))
    }

    /// Takes the next places in a stream, after those of what was announced there.
    pub(crate) async fn places(&mut self, stream: impl Into<Stream>, count: i64) -> Result<Vec<Position>> {
        let stream = stream.into();
        let waiting = self.waiting().filter(|of| *of == stream).count();
        let last = self.advance(&HashMap::from([(stream, waiting as i64 + count)])).await?;
        self.seat(&last.iter().map(|(stream, seq)| (*stream, seq - count)).collect());
        let last = last.get(&stream).copied().unwrap_or_default();
        Ok((last - count + 1..=last).map(|seq| Position { stream, seq }).collect())
    }

    /// Says what happened at a place that was taken.
    pub(crate) fn announce_at(&mut self, position: Position, change: Change) {
        self.announced.push((position.stream, Some(position.seq), change));
    }

    /// Says what happened, at the next place of a stream. The place is taken at the end, together with all others and
    /// in one order: two changes that tell the same people then wait for each other instead of deadlocking.
    pub(crate) fn announce(&mut self, stream: impl Into<Stream>, change: Change) {
        self.announced.push((stream.into(), None, change));
    }

    /// Says what happened in many streams, in each in the order given.
    pub(crate) fn announce_all(&mut self, changes: impl IntoIterator<Item = (Stream, Change)>) {
        self.announced.extend(changes.into_iter().map(|(stream, change)| (stream, None, change)));
    }

    /// The streams of what has no place yet.
    fn waiting(&self) -> impl Iterator<Item = Stream> {
        self.announced.iter().filter(|(_, seq, _)| seq.is_none()).map(|(stream, ..)| *stream)
    }

    /// Gives everything that was announced its place.
    async fn take_places(&mut self) -> Result<()> {
        let mut counts: HashMap<Stream, i64> = HashMap::new();
        for stream in self.waiting() {
            *counts.entry(stream).or_default() += 1;
        }
        let last = self.advance(&counts).await?;
        self.seat(&last);
        Ok(())
    }

    /// Moves streams on; answers how far they are then.
    async fn advance(&mut self, counts: &HashMap<Stream, i64>) -> Result<HashMap<Stream, i64>> {
        /// How many streams one statement moves on.
        const SOME: usize = 500;
        let mut streams: Vec<_> = counts.iter().map(|(stream, count)| (*stream, *count)).collect();
        streams.sort_unstable();
        let mut last = HashMap::new();
        for some in streams.chunks(SOME) {
            streams::advance(&mut self.tx, &some.iter().copied().collect()).await?;
            let some: Vec<Stream> = some.iter().map(|(stream, _)| *stream).collect();
            last.extend(streams::seqs(&mut self.tx, &some).await?);
        }
        Ok(last)
    }

    /// Gives what waits in some streams its places, of which the last of each is told.
    fn seat(&mut self, last: &HashMap<Stream, i64>) {
        let mut last = last.clone();
        for (stream, seq, _) in self.announced.iter_mut().rev().filter(|(_, seq, _)| seq.is_none()) {
            if let Some(last) = last.get_mut(stream) {
                *seq = Some(*last);
                *last -= 1;
            }
        }
    }

    /// Whether anything was done so far that is to last.
    pub(crate) fn does_something(&self) -> bool {
        !self.announced.is_empty() || self.does_more
    }

    /// Something was done that is to last although nobody is told.
    pub(crate) fn does_more(&mut self) {
        self.does_more = true;
    }

    /// Which request this is the change of, and what it is about.
    pub(crate) fn once(&mut self, attempt: Option<Attempt>, subject: Subject) {
        self.attempts.extend(attempt.map(|attempt| (attempt, subject)));
    }

    /// What to do once the change is on the disk, after telling it.
    pub(crate) fn after(&mut self, act: impl FnOnce(&Messenger) + Send + 'static) {
        self.after.push(Box::new(act));
    }

    /// Makes the change last and tells it.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.take_places().await?;
        let at = self.now;
        let event = |(stream, seq, change): (Stream, Option<i64>, Change)| {
            let position = Position { stream, seq: seq.unwrap_or_default() };
            Event { position, at, change }
        };
        let events: Vec<Event> = std::mem::take(&mut self.announced).into_iter().map(event).collect();
        let records: Vec<_> = events.iter().map(event_log::record).collect();
        store::events::insert_many(&mut self.tx, &records).await?;
        let keys: Vec<_> =
            self.attempts.iter().map(|(attempt, subject)| attempt.record(*subject, self.now)).collect();
        if let Err(error) = idempotency::insert_many(&mut self.tx, &keys).await {
            drop(self.tx);
            if matches!(error, StoreError::Taken) {
                for (attempt, _) in &self.attempts {
                    self.messenger.carried_out(attempt).await?;
                }
            }
            return Err(error.into());
        }
        let Self { tx, messenger, after, .. } = self;
        let (mut said, mut renamed) = (Vec::new(), Vec::new());
        let mut wakes_index = false;
        for event in &events {
            match &event.change {
                Change::MessageCreated(message) => said.push(message.id),
                Change::MessageUpdated(_)
                | Change::AnswerFinished(_)
                | Change::MessageDeleted { .. }
                | Change::MessagesDeleted { .. } => wakes_index = true,
                Change::UserUpdated(user) => renamed.push(user.id()),
                Change::MemberUpdated { member, .. } => renamed.push(member.user()),
                _ => {}
            }
        }
        wakes_index |= !said.is_empty();
        tx.commit(move || {
            for user in renamed {
                messenger.names.forget(user);
            }
            messenger.spread_events(&events);
            messenger.hub.tell(events);
            if wakes_index {
                messenger.indexing.wake(said);
            }
            for act in after {
                act(&messenger);
            }
        })
        .await?;
        Ok(())
    }
}
