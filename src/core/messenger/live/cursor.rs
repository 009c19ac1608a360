//! Cursors: how far a client has received each stream.
//!
//! For people in many chats a cursor refers to a stored one, and names only what differs from it. The reference is written
//! as the position of a stream that does not exist, so that clients treat it like any other.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Position, Stream, UserId};
use crate::store::{Executor, sync_cursors};

/// The stream whose position is the number of the stored cursor.
const STORED: Stream = Stream(0);
/// The longest cursor that is not stored, in bytes: it must fit in an address with room for what clients append.
const MAX_TEXT: usize = 1_500;
/// For how long a stored cursor is referred to by new ones, and then how long it stays: longer than the events after it.
const REUSED: Duration = Duration::from_secs(15 * 24 * 3_600);
pub(crate) const STORED_CURSORS: Duration = Duration::from_secs(46 * 24 * 3_600);
/// The most stored cursors of one user.
const MAX_STORED: u64 = 20;

/// The longest cursor that is accepted, in bytes: about ten thousand streams.
const MAX_CURSOR: usize = 512 * 1024;

/// The last sequence number that a client has received of each stream.
///
/// Written as `stream-seq` pairs in base 36, joined by `.`; of two pairs for one stream the later
/// counts, so a client may append the position of each event that it has processed. The position of [`STORED`] refers to
/// a stored cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(pub(super) BTreeMap<Stream, i64>);

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || Error::invalid("cursor", "is not a cursor of this server");
        if text.len() > MAX_CURSOR {
            return Err(invalid());
        }
        let mut cursor = Self::default();
        for pair in text.split('.').filter(|pair| !pair.is_empty()) {
            let (stream, seq) = pair.split_once('-').ok_or_else(invalid)?;
            let number = |text| i64::from_str_radix(text, 36).ok().filter(|number| *number >= 0);
            let (stream, seq) = number(stream).zip(number(seq)).ok_or_else(invalid)?;
            cursor.0.insert(Stream(stream), seq);
        }
        Ok(cursor)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (stream, seq)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char('.')?;
            }
            Position { stream: *stream, seq: *seq }.fmt(f)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        base36(f, self.stream.0)?;
        f.write_char('-')?;
        base36(f, self.seq)
    }
}

fn base36(f: &mut std::fmt::Formatter<'_>, mut number: i64) -> std::fmt::Result {
    let mut digits = [0; 13];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    f.write_str(std::str::from_utf8(&digits[start..]).unwrap_or_default())
}

impl Cursor {
    /// The number of the stored cursor that it refers to.
    pub(super) fn stored(&self) -> Option<i64> {
        self.0.get(&STORED).copied()
    }

    /// This stored cursor, with what another one that refers to it says.
    fn moved_by(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().filter(|(stream, _)| **stream != STORED));
        self
    }

    /// What differs from a stored cursor, with a reference to it.
    fn relative_to(&self, id: i64, stored: &Self) -> Self {
        let differs = |(stream, seq): &(&Stream, &i64)| stored.0.get(stream) != Some(seq);
        let moved = self.0.iter().filter(differs).map(|(stream, seq)| (*stream, *seq));
        Self(moved.chain([(STORED, id)]).collect())
    }

    pub(super) fn includes(&self, position: Position) -> bool {
        self.0.get(&position.stream).is_some_and(|seq| position.seq <= *seq)
    }
}

/// The cursor with all its streams. Of one that refers to a stored cursor that is gone, the reference stays.
pub(crate) async fn expand(executor: &mut Executor, reader: UserId, cursor: &Cursor) -> Result<Cursor> {
    let Some(id) = cursor.stored() else { return Ok(cursor.clone()) };
    let Some(text) = sync_cursors::find(executor, id, reader).await? else { return Ok(cursor.clone()) };
    let stored: Cursor = text.parse()?;
    Ok(stored.moved_by(cursor))
}

impl Messenger {
    /// The same cursor in at most some kilobytes. `asked` is the one that the client came with.
    pub(crate) async fn shorten(
        &self,
        reader: UserId,
        cursor: Cursor,
        asked: Option<&Cursor>,
    ) -> Result<Cursor> {
        let text = cursor.to_string();
        if text.len() <= MAX_TEXT {
            return Ok(cursor);
        }
        let mut read = self.db.read().await?;
        let newest = sync_cursors::newest(&mut read, reader, self.clock.now() - REUSED).await?;
        let asked = match asked.and_then(Cursor::stored) {
            Some(id) if newest.as_ref().is_some_and(|(newest, _)| *newest != id) => {
                sync_cursors::find(&mut read, id, reader).await?.map(|text| (id, text))
            }
            _ => None,
        };
        drop(read);
        for (id, text) in newest.into_iter().chain(asked) {
            let short = cursor.relative_to(id, &text.parse()?);
            if short.to_string().len() <= MAX_TEXT {
                return Ok(short);
            }
        }
        let id = self.id();
        let mut work = self.begin().await?;
        let now = work.now;
        sync_cursors::insert(&mut work.tx, id, reader, &text, now).await?;
        sync_cursors::keep_newest(&mut work.tx, reader, MAX_STORED).await?;
        work.mark_changed();
        work.commit().await?;
        Ok(cursor.relative_to(id, &cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips_and_may_be_appended_to() {
        let cursor: Cursor = "a-1.zz-10".parse().unwrap();
        assert_eq!(cursor.to_string(), "a-1.zz-10");
        let moved: Cursor = "a-1.zz-10.a-2".parse().unwrap();
        assert_eq!(moved.to_string(), "a-2.zz-10");
        for wrong in ["a", "a-", "-1", "a--1", "a-1-2", "щ-1"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
