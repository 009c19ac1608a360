//! Searches the messages that the caller may read.
//!
//! The index yields candidates, newest first. Each is read if the caller may see it, and its text is matched against the
//! query (`model::search` explains why). This goes on until a page is full or a limit is reached: a search that scans
//! many candidates and finds few returns those, and a cursor.
//!
//! **Newest first** is the order in which messages arrived. **Best first** ranks the newest thousand matches by score
//! and age; older ones are not ranked, because ranking all matches would mean reading them all.
//!
//! For a user with few chats the index is queried with the chats' tokens, so that the search does not scan everybody
//! else's messages. A user with many chats may see many of the candidates anyway.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::chats::lookup::find;
use crate::messenger::foundation::{Error, Limit, Result};
use crate::messenger::search::indexing::{LATE, SearchableContent};
use crate::model::search::{AuthorFilter, ChatFilter, Folded, Query, Snippet, Token, required_tokens};
use crate::model::{ChatId, Message, MessageId, Time, UserId};
use crate::store::search::{self, Connections, Groups, MessageText, NumberRange};
use crate::store::{Executor, messages, users};

/// The longest query, in characters.
const MAX_QUERY: usize = 500;
/// The most results of one page.
const MAX_PAGE: usize = 100;
/// The most candidates that are scanned for one page.
const MAX_SCANNED: usize = 10_000;
/// How many matches are ranked.
const RANKED: usize = 1_000;
/// The most candidates that are read at a time; the first batch is smaller.
const MAX_BATCH: u64 = 1_000;
/// The most chats whose tokens are added to an index query.
const MAX_CHAT_TOKENS: usize = 64;
/// The most users that one name matches.
const MAX_NAMESAKES: u64 = 20;

/// A search request.
#[derive(Debug, Clone)]
pub struct Search {
    /// In the syntax of [`Query`].
    pub text: String,
    /// Only in this chat.
    pub chat: Option<ChatId>,
    pub order: Order,
    pub limit: usize,
    /// The cursor of an earlier page.
    pub from: Option<SearchCursor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Newest,
    Best,
}

/// A page of results.
#[derive(Debug, Default)]
pub struct Found {
    pub results: Vec<Hit>,
    /// The cursor of the next page; `None` when there is none.
    pub next_cursor: Option<SearchCursor>,
}

/// A message that matches, with a snippet of its text.
#[derive(Debug)]
pub struct Hit {
    pub message: Message,
    pub snippet: Snippet,
}

/// A cursor: where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchCursor {
    /// All numbers of the index from this one on were scanned.
    Newest { before: i64 },
    /// This many results were returned from the ranking of the numbers before this one.
    Best { before: i64, returned: usize },
}

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest { before } => write!(f, "n{before:x}"),
            Self::Best { before, returned } => write!(f, "b{before:x}-{returned:x}"),
        }
    }
}

impl FromStr for SearchCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0);
        let read = || {
            if let Some(before) = text.strip_prefix('n') {
                return Some(Self::Newest { before: number(before)? });
            }
            let (before, returned) = text.strip_prefix('b')?.split_once('-')?;
            Some(Self::Best { before: number(before)?, returned: number(returned)?.try_into().ok()? })
        };
        read().ok_or_else(|| Error::invalid("cursor", "is not a cursor of this server"))
    }
}

impl Caller {
    /// The messages that match, among those that the caller may read.
    #[boxed]
    pub async fn search(&self, search: Search) -> Result<Found> {
        let reader = self.access.user;
        self.messenger.limit(Limit::Search(reader))?;
        if search.text.chars().count() > MAX_QUERY {
            return Err(Error::invalid("q", format!("must have at most {MAX_QUERY} characters")));
        }
        // Limited, so that searches leave database connections to other requests.
        let _permit = self.messenger.searches.acquire().await.map_err(|_| Error::Busy)?;
        let found = self.search_index(search, reader).await;
        if found.is_err() && search::is_damaged(&self.messenger.db) {
            // It is built anew.
            self.messenger.indexing.wake([]);
        }
        found
    }

    async fn search_index(&self, search: Search, reader: UserId) -> Result<Found> {
        let mut read = Connections::of(&self.messenger.db).await?;
        let profile = users::by_id(&mut read.messages, reader).await?;
        let zone = profile.and_then(|user| user.person.time_zone);
        let zone = zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
        let query = Query::parse_in(&search.text, &zone);
        if let Some(chat) = search.chat {
            find(&mut read.messages, chat, reader).await?;
        }
        if query.is_empty() {
            return Ok(Found::default());
        }
        let Some(scope) = Scope::of(&mut read, reader, &query, search.chat).await? else {
            return Ok(Found::default());
        };
        let now = self.messenger.clock.now();
        let scan = Scan { read, reader, now, query, scope, scanned: 0, is_done: false };
        let limit = search.limit.clamp(1, MAX_PAGE);
        match (search.order, search.from) {
            (Order::Newest, None) => scan.newest(limit, None).await,
            (Order::Newest, Some(SearchCursor::Newest { before })) => scan.newest(limit, Some(before)).await,
            (Order::Best, None) => scan.best(limit, None).await,
            (Order::Best, Some(SearchCursor::Best { before, returned })) => {
                scan.best(limit, Some((before, returned))).await
            }
            _ => Err(Error::invalid("cursor", "belongs to a search with another order")),
        }
    }
}

/// The part of the index to scan.
struct Scope {
    groups: Groups,
    authors: Option<HashSet<UserId>>,
    chats: Option<HashSet<ChatId>>,
    range: NumberRange,
}

impl Scope {
    /// `None` when nothing can match.
    async fn of(
        connections: &mut Connections,
        reader: UserId,
        query: &Query,
        chat: Option<ChatId>,
    ) -> Result<Option<Self>> {
        let index = connections.index();
        let last = search::last_number(index).await?;
        let mut range = NumberRange { after: 0, before: last + 1 };
        if let Some(after) = query.after {
            match search::first_number(index, MessageId::first_of(after)).await? {
                Some(first) => range.after = first - 1,
                None => return Ok(None),
            }
        }
        if let Some(before) = query.before {
            // A message's identifier is made shortly after its `sent_at`.
            match search::last_number_before(index, MessageId::first_of(before + LATE)).await? {
                Some(last) => range.before = last + 1,
                None => return Ok(None),
            }
        }
        let read = &mut connections.messages;
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
        let listed = match &chats {
            Some(some) => some.iter().copied().collect(),
            None => search::some_chats(read, reader, MAX_CHAT_TOKENS as u64 + 1).await?,
        };
        if listed.len() <= MAX_CHAT_TOKENS {
            groups.push(listed.into_iter().map(Token::chat).collect());
        }
        // An empty group matches nothing: there is no user of that name, or no chat of that title.
        let can_match = !groups.iter().any(Vec::is_empty);
        Ok(can_match.then_some(Self { groups, authors, chats, range }))
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
                authors.extend(users::namesakes(read, name, MAX_NAMESAKES).await?);
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

/// A search in progress.
struct Scan {
    read: Connections,
    reader: UserId,
    now: Time,
    query: Query,
    scope: Scope,
    scanned: usize,
    /// Whether all candidates were scanned.
    is_done: bool,
}

/// A message that matches.
struct Match {
    number: i64,
    id: MessageId,
    words: String,
    score: f64,
    sent_at: Time,
}

impl Scan {
    async fn newest(mut self, limit: usize, before: Option<i64>) -> Result<Found> {
        self.scope.range.before = before.unwrap_or(i64::MAX).min(self.scope.range.before);
        // One more than the page holds shows whether there are more.
        let mut matches = self.next_matches(limit + 1).await?;
        let next = if matches.len() > limit {
            matches.truncate(limit);
            matches.last().map(|last| last.number)
        } else {
            (!self.is_done).then_some(self.scope.range.before)
        };
        let results = self.hits(matches).await?;
        Ok(Found { results, next_cursor: next.map(|before| SearchCursor::Newest { before }) })
    }

    async fn best(mut self, limit: usize, from: Option<(i64, usize)>) -> Result<Found> {
        let (before, returned) = from.unwrap_or((i64::MAX, 0));
        let before = before.min(self.scope.range.before);
        self.scope.range.before = before;
        let mut matches = self.next_matches(RANKED).await?;
        let newest = matches.iter().map(|found| found.sent_at).max().unwrap_or(self.now);
        for found in &mut matches {
            found.score += freshness(newest, found.sent_at);
        }
        matches.sort_by(|one, other| other.score.total_cmp(&one.score).then(other.number.cmp(&one.number)));
        let end = returned.saturating_add(limit);
        let next_cursor = (matches.len() > end).then_some(SearchCursor::Best { before, returned: end });
        let page = matches.into_iter().skip(returned).take(limit).collect();
        Ok(Found { results: self.hits(page).await?, next_cursor })
    }

    /// The next matches, newest first; fewer when there are no more or the limit of scanned candidates is reached.
    async fn next_matches(&mut self, wanted: usize) -> Result<Vec<Match>> {
        let mut matches = Vec::new();
        let mut batch = 64;
        while matches.len() < wanted && !self.is_done && self.scanned < MAX_SCANNED {
            let Scope { groups, range, .. } = &self.scope;
            let candidates =
                search::candidates(&mut self.read, groups, *range, self.reader, self.now, batch).await?;
            self.is_done = (candidates.len() as u64) < batch;
            self.scanned += candidates.len();
            let with_files = candidates.iter().filter_map(|candidate| candidate.message.as_ref());
            let with_files: Vec<_> =
                with_files.filter(|text| text.payload.is_some()).map(|text| text.id).collect();
            let files = search::files(&mut self.read.messages, &with_files).await?;
            for candidate in candidates {
                self.scope.range.before = candidate.number;
                let matched = candidate.message.and_then(|text| self.check(candidate.number, &text, &files));
                matches.extend(matched);
            }
            batch = MAX_BATCH.min(batch * 4);
        }
        Ok(matches)
    }

    /// Matches a candidate's text against the query.
    fn check(
        &self,
        number: i64,
        text: &MessageText,
        files: &HashMap<MessageId, Vec<search::File>>,
    ) -> Option<Match> {
        let Self { query, scope, .. } = self;
        let is_in_scope = scope.authors.as_ref().is_none_or(|authors| authors.contains(&text.author))
            && scope.chats.as_ref().is_none_or(|chats| chats.contains(&text.chat))
            && query.after.is_none_or(|after| text.sent_at >= after)
            && query.before.is_none_or(|before| text.sent_at < before);
        if !is_in_scope {
            return None;
        }
        let SearchableContent { words, content_types } = SearchableContent::of(text, files);
        let folded = Folded::of(&words);
        if !query.has.iter().all(|what| content_types.contains(what)) || !query.matches(&folded) {
            return None;
        }
        Some(Match { number, id: text.id, score: query.score(&folded), words, sent_at: text.sent_at })
    }

    async fn hits(mut self, matches: Vec<Match>) -> Result<Vec<Hit>> {
        let ids: Vec<MessageId> = matches.iter().map(|found| found.id).collect();
        let messages = messages::by_ids_for(&mut self.read.messages, &ids, self.reader).await?;
        let mut messages: HashMap<_, _> = messages.into_iter().map(|message| (message.id, message)).collect();
        let hit = |found: Match| {
            let message = messages.remove(&found.id)?;
            Some(Hit { message, snippet: self.query.snippet(&found.words) })
        };
        Ok(matches.into_iter().filter_map(hit).collect())
    }
}

/// What a message's age adds to its score: less than one matching word.
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
    fn cursors_round_trip() {
        for cursor in [SearchCursor::Newest { before: 4_711 }, SearchCursor::Best { before: 1, returned: 40 }]
        {
            assert_eq!(cursor.to_string().parse::<SearchCursor>().unwrap(), cursor);
        }
        for text in ["", "n", "x1", "n-1", "b1", "b1-", "b1--1", "nя", "n99999999999999999999"] {
            assert!(text.parse::<SearchCursor>().is_err(), "{text}");
        }
    }
}
