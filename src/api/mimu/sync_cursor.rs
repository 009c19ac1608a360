//! The cursor of `/api/v1/sync`: how far events were told, and what an answer had no room for.

use std::fmt;
use std::str::FromStr;

use besedka_core::messenger::{Cursor, Error, Result};
use besedka_core::model::ChatId;

/// The most ranges of a cursor: far more than answers leave.
const MAX_RANGES: usize = 100;

/// Written as the cursor of the events, followed by what is left, each part after a `~`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncCursor {
    pub events: Cursor,
    pub rest: Rest,
}

/// What is left to tell before further events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rest {
    /// All chats with smaller IDs, with their newest messages.
    pub chats_below: Option<ChatId>,
    /// Messages that were read.
    pub read: Vec<ReadRange>,
}

/// Messages of a chat that were read: after one sequence number, up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRange {
    pub chat: ChatId,
    /// The caller read messages of others; otherwise somebody else read the caller's.
    pub by_caller: bool,
    pub after: i64,
    pub upto: i64,
}

impl Rest {
    /// Adds a range; ranges of the same chat and the same side become one.
    pub fn add(&mut self, range: ReadRange) {
        let same = |it: &&mut ReadRange| (it.chat, it.by_caller) == (range.chat, range.by_caller);
        match self.read.iter_mut().find(same) {
            Some(known) => {
                known.after = known.after.min(range.after);
                known.upto = known.upto.max(range.upto);
            }
            None => self.read.push(range),
        }
    }

    /// Whether anything is left for a request, which may be about one chat alone.
    pub fn concerns(&self, chat: Option<ChatId>) -> bool {
        match chat {
            Some(chat) => self.read.iter().any(|range| range.chat == chat),
            None => self != &Self::default(),
        }
    }

    /// At most how many messages the ranges have.
    pub fn length(&self) -> u64 {
        self.read.iter().map(|range| range.upto.saturating_sub(range.after).max(0).unsigned_abs()).sum()
    }
}

impl fmt::Display for SyncCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(f)?;
        if let Some(chat) = self.rest.chats_below {
            write!(f, "~c{chat}")?;
        }
        for ReadRange { chat, by_caller, after, upto } in &self.rest.read {
            write!(f, "~{}{chat}-{after}-{upto}", if *by_caller { 'o' } else { 'r' })?;
        }
        Ok(())
    }
}

impl FromStr for SyncCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('~');
        let events: Cursor = parts.next().unwrap_or_default().parse()?;
        let mut rest = Rest::default();
        for part in parts {
            let is_known = rest.read_part(part).is_some();
            if !is_known || rest.read.len() > MAX_RANGES {
                return Err(Error::invalid("cursor", "is not a cursor of this server"));
            }
        }
        Ok(Self { events, rest })
    }
}

impl Rest {
    fn read_part(&mut self, part: &str) -> Option<()> {
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0);
        if let Some(chat) = part.strip_prefix('c') {
            self.chats_below = Some(ChatId(number(chat)?));
            return Some(());
        }
        let (by_caller, range) = match part.strip_prefix('o') {
            Some(range) => (true, range),
            None => (false, part.strip_prefix('r')?),
        };
        let mut numbers = range.split('-').map(number);
        let (chat, after, upto) = (numbers.next()??, numbers.next()??, numbers.next()??);
        if numbers.next().is_some() {
            return None;
        }
        self.read.push(ReadRange { chat: ChatId(chat), by_caller, after, upto });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips_with_what_is_left() {
        for text in ["", "a-1.zz-10", "a-1~c7", "a-1~c7~r8-0-1200~o8-3-4"] {
            assert_eq!(text.parse::<SyncCursor>().unwrap().to_string(), text);
        }
        let many = format!("a-1{}", "~r8-0-1".repeat(MAX_RANGES + 1));
        let wrong = ["a-1~", "a-1~x1", "a-1~c", "a-1~c-1", "a-1~r1-2", "a-1~r1-2-3-4", "x", &many];
        for wrong in wrong {
            assert!(wrong.parse::<SyncCursor>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_of_one_chat_become_one() {
        let mut rest = Rest::default();
        let range = |chat, after, upto| ReadRange { chat: ChatId(chat), by_caller: false, after, upto };
        for range in [range(1, 5, 9), range(2, 0, 3), range(1, 2, 7)] {
            rest.add(range);
        }
        assert_eq!(rest.read, [range(1, 2, 9), range(2, 0, 3)]);
        assert_eq!(rest.length(), 10);
    }
}
