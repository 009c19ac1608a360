//! Telling what did not arrive by itself: what other nodes did, and what came out of order.
//!
//! A node tells its own changes as they are committed. Of others' changes it learns only that there are some,
//! and reads them from the log, which is the truth; whatever gets lost on the way, nothing is told twice or
//! left out.

use futures_util::{StreamExt, stream};

use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, event_log};
use crate::model::{ChatId, Position, Stream, UserId};
use crate::store::{events, members, streams};

/// The most events that are read at a time.
const SOME: u64 = 200;
/// By how many events somebody may be late to be told them here: fewer than are read at a time.
const FARTHEST: i64 = 100;
/// How many streams are read at once.
const AT_ONCE: usize = 4;

impl Messenger {
    /// Makes up for what is lacking, until it is dropped.
    pub async fn keep_telling(&self) {
        loop {
            let lacking = self.hub.lacking().await;
            stream::iter(lacking)
                .for_each_concurrent(AT_ONCE, async |stream| {
                    if let Err(error) = self.make_up(stream).await {
                        // It is asked for again when the messenger is tended.
                        tracing::warn!(%error, stream = stream.0, "what happened can't be read");
                    }
                })
                .await;
        }
    }

    /// Reads on in a stream from where something is lacking.
    async fn make_up(&self, stream: Stream) -> Result<()> {
        let Some(lack) = self.hub.lack(stream) else { return Ok(()) };
        let mut read = self.db.snapshot().await?;
        let mut late = Vec::with_capacity(lack.late.len());
        for connection in lack.late {
            let told = lack.told.unwrap_or_default();
            match members::place(&mut read, ChatId(stream.0), connection.user).await? {
                // They would be told from their cursor just as well.
                Some(place) if place.joined_seq + FARTHEST < told => self.hub.send_back(&connection),
                Some(place) => late.push((connection, place.joined_seq)),
                // They are out of it again.
                None => self.hub.ignore(&connection, [stream]),
            }
        }
        let from = late.iter().map(|(_, after)| *after).chain(lack.told).min();
        let Some(seq) = from else { return Ok(()) };
        let head = streams::seqs(&mut read, &[stream]).await?.get(&stream).copied().unwrap_or_default();
        let mut records = events::after(&mut read, Position { stream, seq }, SOME).await?;
        records.retain(|record| record.seq <= head);
        if seq < head && records.first().is_none_or(|first| first.seq != seq + 1) {
            self.hub.give_up(stream);
            return Ok(());
        }
        let upto = records.last().map_or(seq, |last| last.seq);
        let events = event_log::whole(&mut read, lack.owner.unwrap_or(UserId(0)), &records).await?;
        self.hub.fill(stream, (upto, head), events, &late);
        Ok(())
    }
}
