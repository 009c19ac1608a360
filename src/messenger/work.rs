//! A change: write, announce, commit. What is announced is told after the commit and only then.

use std::collections::HashMap;

use super::idempotency::{Attempt, Subject};
use super::{Messenger, Result, log};
use crate::model::{Change, Event, Position, Stream, Time};
use crate::store::{self, Error as StoreError, Tx, idempotency, streams};

/// A change under way. Dropped without [`Work::commit`], it never was.
pub(super) struct Work {
    /// Where to write.
    pub tx: Tx,
    pub now: Time,
    messenger: Messenger,
    events: Vec<Event>,
    attempts: Vec<(Attempt, Subject)>,
    after: Vec<After>,
}

/// What to do once a change is on the disk.
type After = Box<dyn FnOnce(&Messenger) + Send>;

impl Messenger {
    pub(super) async fn begin(&self) -> Result<Work> {
        let tx = self.db.begin().await?;
        let messenger = self.clone();
        let now = self.clock.now();
        Ok(Work { tx, now, messenger, events: Vec::new(), attempts: Vec::new(), after: Vec::new() })
    }
}

impl Work {
    /// Takes the next place in a stream.
    pub(super) async fn place(&mut self, stream: impl Into<Stream>) -> Result<Position> {
        let stream = stream.into();
        streams::advance(&mut self.tx, &HashMap::from([(stream, 1)])).await?;
        let last = streams::seqs(&mut self.tx, &[stream]).await?;
        Ok(Position { stream, seq: last.get(&stream).copied().unwrap_or_default() })
    }

    /// Takes the next places in a stream.
    pub(super) async fn places(&mut self, stream: impl Into<Stream>, count: i64) -> Result<Vec<Position>> {
        let stream = stream.into();
        streams::advance(&mut self.tx, &HashMap::from([(stream, count)])).await?;
        let last = streams::seqs(&mut self.tx, &[stream]).await?.get(&stream).copied().unwrap_or_default();
        Ok((last - count + 1..=last).map(|seq| Position { stream, seq }).collect())
    }

    /// Says what happened at a place that was taken.
    pub(super) fn announce_at(&mut self, position: Position, change: Change) {
        self.events.push(Event { position, at: self.now, change });
    }

    /// Says what happened, at the next place of a stream.
    pub(super) async fn announce(&mut self, stream: impl Into<Stream>, change: Change) -> Result<Position> {
        let position = self.place(stream).await?;
        self.announce_at(position, change);
        Ok(position)
    }

    /// Says what happened in many streams, in each in the order given.
    pub(super) async fn announce_all(&mut self, changes: Vec<(Stream, Change)>) -> Result<()> {
        let mut counts: HashMap<Stream, i64> = HashMap::new();
        for (stream, _) in &changes {
            *counts.entry(*stream).or_default() += 1;
        }
        if counts.is_empty() {
            return Ok(());
        }
        streams::advance(&mut self.tx, &counts).await?;
        let streams: Vec<Stream> = counts.keys().copied().collect();
        let mut places = streams::seqs(&mut self.tx, &streams).await?;
        for (stream, seq) in &mut places {
            *seq -= counts.get(stream).copied().unwrap_or_default();
        }
        for (stream, change) in changes {
            let place = places.entry(stream).or_default();
            *place += 1;
            let position = Position { stream, seq: *place };
            self.announce_at(position, change);
        }
        Ok(())
    }

    /// Whether anything happened so far that others hear of.
    pub(super) fn tells_something(&self) -> bool {
        !self.events.is_empty()
    }

    /// Which request this is the change of, and what it is about.
    pub(super) fn once(&mut self, attempt: Option<Attempt>, subject: Subject) {
        self.attempts.extend(attempt.map(|attempt| (attempt, subject)));
    }

    /// What to do once the change is on the disk, after telling it.
    pub(super) fn after(&mut self, act: impl FnOnce(&Messenger) + Send + 'static) {
        self.after.push(Box::new(act));
    }

    /// Makes the change last and tells it.
    pub(super) async fn commit(mut self) -> Result<()> {
        let records: Vec<_> = self.events.iter().map(log::record).collect();
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
        let Self { tx, messenger, events, after, .. } = self;
        let mut said = Vec::new();
        let mut wakes_index = false;
        for event in &events {
            match &event.change {
                Change::MessageCreated(message) => said.push(message.id),
                Change::MessageUpdated(_)
                | Change::MessageDeleted { .. }
                | Change::MessagesDeleted { .. } => wakes_index = true,
                _ => {}
            }
        }
        wakes_index |= !said.is_empty();
        tx.commit(move || {
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
