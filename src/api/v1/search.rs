//! `/search`: full-text search in messages.

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::SignedIn;
use super::types::Message;
use super::{Answer, Area};
use besedka_core::messenger::{self, Hit, Messenger, SearchCursor};
use besedka_core::model::ChatId;
use besedka_core::model::search;

pub struct Search;

/// The order of search results.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum Order {
    /// Most recent first.
    Newest,
    /// Most relevant first, among the newest thousand matches: whole words, several of them, close together.
    Best,
}

/// The part of a message around the match.
#[derive(Object)]
#[oai(example)]
struct Snippet {
    /// Plain text, about 160 characters at most, with `…` where it was cut. It can also come from a file name
    /// or a poll's options.
    text: String,
    /// The matches as ranges `[start, end)` in `text`, in UTF-16 code units as in JavaScript's
    /// `text.slice(start, end)`.
    highlights: Vec<Vec<u32>>,
}

impl From<search::Snippet> for Snippet {
    fn from(snippet: search::Snippet) -> Self {
        let search::Snippet { text, highlights } = snippet;
        Self { text, highlights: highlights.into_iter().map(Vec::from).collect() }
    }
}

impl Example for Snippet {
    fn example() -> Self {
        Self {
            text: "…и отчёт за май готов".to_owned(), highlights: vec![vec![3, 8], vec![12, 15]]
        }
    }
}

/// A search result.
#[derive(Object)]
#[oai(example)]
struct SearchResult {
    message: Message,
    snippet: Snippet,
}

impl From<Hit> for SearchResult {
    fn from(hit: Hit) -> Self {
        Self { message: hit.message.into(), snippet: hit.snippet.into() }
    }
}

impl Example for SearchResult {
    fn example() -> Self {
        Self { message: Message::example(), snippet: Snippet::example() }
    }
}

/// A page of search results.
#[derive(Object)]
#[oai(example)]
struct SearchPage {
    results: Vec<SearchResult>,
    /// The cursor for the next page; null on the last page. A page can have fewer results than requested, or
    /// none, and still have a cursor if the search had to look through many messages.
    cursor: Option<String>,
}

impl Example for SearchPage {
    fn example() -> Self {
        Self { results: vec![SearchResult::example()], cursor: Some("nf4240".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Search {
    /// Search messages
    ///
    /// Searches all chats that the caller is a member of. Any text is a valid query:
    ///
    /// - `отчёт май`: messages that contain all of these words or parts of words, ignoring case, accents and
    ///   ё/е. Words of fewer than three letters match the beginning of words only.
    /// - `"отчёт за май"`: the exact phrase.
    /// - `-черновик`: without this word.
    /// - `from:me`, `from:anna`, `from:"Анна Ким"`, `from:42` (`от:`): by sender.
    /// - `in:бухгалтерия`, `in:7` (`в:`): in chats whose title contains this, or with this ID.
    /// - `has:file`, `image`, `voice`, `video`, `link` (`есть:файл`, `фото`, `голос`, `видео`, `ссылка`): by
    ///   content.
    /// - `after:2026-01-01`, `before:2026-02-01` (`после:`, `до:`): on or after this day; before this day. UTC.
    ///
    /// Several filters of the same kind are combined with OR, except for `has:`. New messages become searchable
    /// within a second.
    #[oai(path = "/search", method = "get", operation_id = "search")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn search(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// The query, up to 500 characters.
        q: Query<String>,
        /// Only in this chat.
        chat_id: Query<Option<i64>>,
        /// The order of results; `newest` by default.
        order: Query<Option<Order>>,
        /// The maximum number of results, 1 to 100; 20 by default.
        limit: Query<Option<u64>>,
        /// The cursor from the previous page of the same query.
        cursor: Query<Option<String>>,
    ) -> Answer<Json<SearchPage>> {
        let from = cursor.0.map(|cursor| cursor.parse::<SearchCursor>()).transpose()?;
        let order = match order.0 {
            Some(Order::Best) => messenger::Order::Best,
            Some(Order::Newest) | None => messenger::Order::Newest,
        };
        let limit = limit.0.unwrap_or(20).try_into().unwrap_or(usize::MAX);
        let search = messenger::Search { text: q.0, chat: chat_id.0.map(ChatId), order, limit, from };
        let found = messenger.as_user(caller.0).search(search).await?;
        let results = found.results.into_iter().map(SearchResult::from).collect();
        Ok(Json(SearchPage { results, cursor: found.next_cursor.map(|cursor| cursor.to_string()) }))
    }
}
