//! Finding messages among everything that the caller may read.
//!
//! The index names candidates, newest first; each is read with the question whether the caller may see it,
//! and looked at whether it is what was meant (`model::search` says why). This goes on until a page is full,
//! within bounds: a search that looks long and finds little answers what it found and where to go on.
//!
//! **Newest first** is the order in which messages arrived. **Best first** ranks the newest thousand that
//! match by how well they fit and, among those that fit alike, by age; what is older is not ranked, because
//! a ranking of all would have to read all.
//!
//! Somebody who is in few chats is asked for with the chats' tokens, so that their search does not walk
//! through everything that others said. Who is in many sees much of what is found anyway.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::messenger::Caller;
use crate::messenger::chats::lookup::find;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::search::indexing::{Findable, LATE};
use crate::model::search::{AuthorFilter, ChatFilter, Folded, Query, Snippet, Token, required_tokens};
use crate::model::{ChatId, Message, MessageId, Time, UserId};
use crate::store::search::{self, Groups, Said, Stretch};
use crate::store::{Executor, messages, users};

/// The longest query, in characters.
const LONGEST_QUERY: usize = 500;
/// The most results of one answer.
const MOST_FOUND: usize = 100;
/// The most candidates that one answer looks at.
const MOST_LOOKED_AT: usize = 10_000;
/// How many matches are ranked.
const RANKED: usize = 1_000;
/// The most candidates that are read at a time; the first are fewer.
const CHUNK: u64 = 1_000;
/// In how many chats one is at most for their tokens to be asked for.
const FEW_CHATS: usize = 64;
/// The most people that one name stands for.
const NAMESAKES: u64 = 20;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    /// In the language of [`Query`].
    pub text: String,
    /// Only in this chat.
    pub chat: Option<ChatId>,
    pub order: Order,
    pub limit: usize,
    /// Where an earlier answer ended.
    pub from: Option<Further>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Newest,
    Best,
}

/// Some results, and where to go on.
#[derive(Debug, Default)]
pub struct Found {
    pub results: Vec<Hit>,
    /// Nothing when everything was looked at.
    pub further: Option<Further>,
}

/// A message, and what in it was found.
#[derive(Debug)]
pub struct Hit {
    pub message: Message,
    pub snippet: Snippet,
}

/// Where an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Further {
    /// Everything from this number of the index on was looked at.
    Newest { before: i64 },
    /// So many were answered of the ranking of what is before a number.
    Best { before: i64, answered: usize },
}

impl fmt::Display for Further {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest { before } => write!(f, "n{before:x}"),
            Self::Best { before, answered } => write!(f, "b{before:x}-{answered:x}"),
        }
    }
}

impl FromStr for Further {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0);
        let read = || {
            if let Some(before) = text.strip_prefix('n') {
                return Some(Self::Newest { before: number(before)? });
            }
            let (before, answered) = text.strip_prefix('b')?.split_once('-')?;
            Some(Self::Best { before: number(before)?, answered: number(answered)?.try_into().ok()? })
        };
        read().ok_or_else(|| Error::invalid("cursor", "is not a valid cursor of this server"))
    }
}

impl Caller {
    /// Messages that match, among those that the caller may read.
    pub async fn search(&self, search: Search) -> Result<Found> {
        let reader = self.access.user;
        self.messenger.limit(Limit::Search(reader))?;
        if search.text.chars().count() > LONGEST_QUERY {
            return Err(Error::invalid("q", format!("must have at most {LONGEST_QUERY} characters")));
        }
        let query = Query::parse(&search.text);
        // Not so many at once that nobody else can read.
        let _turn = self.messenger.searches.acquire().await.map_err(|_| Error::Busy)?;
        let mut read = self.messenger.db.read().await?;
        if let Some(chat) = search.chat {
            find(&mut read, chat, reader).await?;
        }
        if query.is_empty() {
            return Ok(Found::default());
        }
        let Some(scope) = Scope::of(&mut read, reader, &query, search.chat).await? else {
            return Ok(Found::default());
        };
        let now = self.messenger.clock.now();
        let hunt = Hunt { read, reader, now, query, scope, looked_at: 0, is_done: false };
        let limit = search.limit.clamp(1, MOST_FOUND);
        match (search.order, search.from) {
            (Order::Newest, None) => hunt.newest(limit, None).await,
            (Order::Newest, Some(Further::Newest { before })) => hunt.newest(limit, Some(before)).await,
            (Order::Best, None) => hunt.best(limit, None).await,
            (Order::Best, Some(Further::Best { before, answered })) => {
                hunt.best(limit, Some((before, answered))).await
            }
            _ => Err(Error::invalid("cursor", "belongs to a search with another order")),
        }
    }
}

/// Where to look.
struct Scope {
    groups: Groups,
    authors: Option<HashSet<UserId>>,
    chats: Option<HashSet<ChatId>>,
    stretch: Stretch,
}

impl Scope {
    /// Nothing when there is nowhere to look.
    async fn of(
        read: &mut Executor,
        reader: UserId,
        query: &Query,
        chat: Option<ChatId>,
    ) -> Result<Option<Self>> {
        let last = search::last_number(read).await?;
        let mut stretch = Stretch { after: 0, before: last + 1 };
        if let Some(after) = query.after {
            match search::first_number(read, MessageId::first_of(after)).await? {
                Some(first) => stretch.after = first - 1,
                None => return Ok(None),
            }
        }
        if let Some(before) = query.before {
            // An identifier is made a little after the moment at which the message was sent.
            match search::last_number_before(read, MessageId::first_of(before + LATE)).await? {
                Some(last) => stretch.before = last + 1,
                None => return Ok(None),
            }
        }
        let authors = match query.from.as_slice() {
            [] => None,
            from => Some(authors(read, reader, from).await?),
        };
        let mut chats = match query.chats.as_slice() {
            [] => None,
            filters => Some(chats_of(read, reader, filters).await?),
        };
        if let Some(chat) = chat {
            chats.get_or_insert_default().retain(|other| *other == chat);
            if query.chats.is_empty() {
                chats = Some(HashSet::from([chat]));
            }
        }
        let mut groups: Groups =
            required_tokens(&query.wanted).into_iter().map(|token| vec![token]).collect();
        groups.extend(query.has.iter().map(|what| vec![Token::holds(*what)]));
        groups.extend(authors.as_ref().map(|some| some.iter().map(|user| Token::author(*user)).collect()));
        let few = match &chats {
            Some(some) => some.iter().copied().collect(),
            None => search::some_chats(read, reader, FEW_CHATS as u64 + 1).await?,
        };
        if few.len() <= FEW_CHATS {
            groups.push(few.into_iter().map(Token::chat).collect());
        }
        // Of an empty group nothing can be had: nobody of that name, no chat of that title.
        let is_open = !groups.iter().any(Vec::is_empty);
        Ok(is_open.then_some(Self { groups, authors, chats, stretch }))
    }
}

async fn authors(read: &mut Executor, reader: UserId, from: &[AuthorFilter]) -> Result<HashSet<UserId>> {
    let mut authors = HashSet::new();
    for who in from {
        match who {
            AuthorFilter::Me => {
                authors.insert(reader);
            }
            AuthorFilter::Id(id) => {
                authors.insert(*id);
            }
            AuthorFilter::Named(name) => {
                let found = users::search(read, name, NAMESAKES).await?;
                authors.extend(found.into_iter().map(|user| user.id()));
            }
        }
    }
    Ok(authors)
}

async fn chats_of(read: &mut Executor, reader: UserId, filters: &[ChatFilter]) -> Result<HashSet<ChatId>> {
    let mut chats = HashSet::new();
    let titles = search::titles(read, reader).await?;
    for filter in filters {
        let found = titles.iter().filter(|(id, title)| match filter {
            ChatFilter::Id(wanted) => id == wanted,
            ChatFilter::Titled(part) => Folded::of(title).text().contains(part.as_str()),
        });
        chats.extend(found.map(|(id, _)| *id));
    }
    Ok(chats)
}

/// A search under way.
struct Hunt {
    read: Executor,
    reader: UserId,
    now: Time,
    query: Query,
    scope: Scope,
    looked_at: usize,
    /// Whether everything was looked at.
    is_done: bool,
}

/// A message that is looked for.
struct Match {
    number: i64,
    id: MessageId,
    words: String,
    fit: f64,
    sent_at: Time,
}

impl Hunt {
    async fn newest(mut self, limit: usize, before: Option<i64>) -> Result<Found> {
        self.scope.stretch.before = before.unwrap_or(i64::MAX).min(self.scope.stretch.before);
        // One more shows whether there are more.
        let mut matches = self.gather(limit + 1).await?;
        let further = if matches.len() > limit {
            matches.truncate(limit);
            matches.last().map(|last| last.number)
        } else {
            (!self.is_done).then_some(self.scope.stretch.before)
        };
        let results = self.hits(matches).await?;
        Ok(Found { results, further: further.map(|before| Further::Newest { before }) })
    }

    async fn best(mut self, limit: usize, from: Option<(i64, usize)>) -> Result<Found> {
        let (before, answered) = from.unwrap_or((i64::MAX, 0));
        let before = before.min(self.scope.stretch.before);
        self.scope.stretch.before = before;
        let mut matches = self.gather(RANKED).await?;
        let newest = matches.iter().map(|found| found.sent_at).max().unwrap_or(self.now);
        for found in &mut matches {
            found.fit += freshness(newest, found.sent_at);
        }
        matches.sort_by(|one, other| other.fit.total_cmp(&one.fit).then(other.number.cmp(&one.number)));
        let end = answered.saturating_add(limit);
        let further = (matches.len() > end).then_some(Further::Best { before, answered: end });
        let page = matches.into_iter().skip(answered).take(limit).collect();
        Ok(Found { results: self.hits(page).await?, further })
    }

    /// The next matches, newest first; fewer when there are no more or the search took long enough.
    async fn gather(&mut self, wanted: usize) -> Result<Vec<Match>> {
        let mut matches = Vec::new();
        let mut chunk = 64;
        while matches.len() < wanted && !self.is_done && self.looked_at < MOST_LOOKED_AT {
            let Scope { groups, stretch, .. } = &self.scope;
            let some =
                search::candidates(&mut self.read, groups, *stretch, self.reader, self.now, chunk).await?;
            self.is_done = (some.len() as u64) < chunk;
            self.looked_at += some.len();
            let with_files = some.iter().filter_map(|candidate| candidate.said.as_ref());
            let with_files: Vec<_> =
                with_files.filter(|said| said.payload.is_some()).map(|said| said.id).collect();
            let files = search::files(&mut self.read, &with_files).await?;
            for candidate in some {
                self.scope.stretch.before = candidate.number;
                let matched = candidate.said.and_then(|said| self.check(candidate.number, &said, &files));
                matches.extend(matched);
            }
            chunk = CHUNK.min(chunk * 4);
        }
        Ok(matches)
    }

    /// A candidate's own text decides.
    fn check(
        &self,
        number: i64,
        said: &Said,
        files: &HashMap<MessageId, Vec<search::File>>,
    ) -> Option<Match> {
        let Self { query, scope, .. } = self;
        let is_meant = scope.authors.as_ref().is_none_or(|authors| authors.contains(&said.author))
            && scope.chats.as_ref().is_none_or(|chats| chats.contains(&said.chat))
            && query.after.is_none_or(|after| said.sent_at >= after)
            && query.before.is_none_or(|before| said.sent_at < before);
        if !is_meant {
            return None;
        }
        let Findable { words, holds } = Findable::of(said, files);
        let folded = Folded::of(&words);
        if !query.has.iter().all(|what| holds.contains(what)) || !query.matches(&folded) {
            return None;
        }
        Some(Match { number, id: said.id, fit: query.score(&folded), words, sent_at: said.sent_at })
    }

    async fn hits(mut self, matches: Vec<Match>) -> Result<Vec<Hit>> {
        let ids: Vec<MessageId> = matches.iter().map(|found| found.id).collect();
        let whole = messages::by_ids(&mut self.read, &ids).await?;
        let mut whole: HashMap<_, _> = whole.into_iter().map(|message| (message.id, message)).collect();
        let hit = |found: Match| {
            let message = whole.remove(&found.id)?;
            Some(Hit { message, snippet: self.query.snippet(&found.words) })
        };
        Ok(matches.into_iter().filter_map(hit).collect())
    }
}

/// What newness adds to how well a message fits: less than a whole word is worth.
fn freshness(newest: Time, sent: Time) -> f64 {
    const MONTH: f64 = 30.0 * 86_400_000.0;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
    let age = (newest.0 - sent.0).max(0) as f64;
    6.0 / (1.0 + age / MONTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for further in [Further::Newest { before: 4_711 }, Further::Best { before: 1, answered: 40 }] {
            assert_eq!(further.to_string().parse::<Further>().unwrap(), further);
        }
        for text in ["", "n", "x1", "n-1", "b1", "b1-", "b1--1", "nя", "n99999999999999999999"] {
            assert!(text.parse::<Further>().is_err(), "{text}");
        }
    }
}
