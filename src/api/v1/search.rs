//! `/search`: finding messages.

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object, OpenApi};

use super::caller::SignedIn;
use super::types::Message;
use super::{Answer, Area};
use besedka_core::messenger::{self, Further, Hit, Messenger};
use besedka_core::model::ChatId;
use besedka_core::model::search;

pub struct Search;

/// Which results come first.
#[derive(Enum)]
#[oai(rename_all = "lowercase")]
enum Order {
    /// Those that arrived last.
    Newest,
    /// Those that fit best: whole words, several of them, near each other. Of the newest thousand.
    Best,
}

/// A piece of the message around what was found.
#[derive(Object)]
#[oai(example)]
struct Snippet {
    /// Plain text, at most about 160 characters, with `…` where it was cut. May also be of a file's name or a
    /// poll's answers.
    text: String,
    /// What was found: `[start, end)` in `text`, counted in UTF-16 code units as JavaScript's
    /// `text.slice(start, end)` does.
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

/// A message that was found.
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

/// What was found.
#[derive(Object)]
#[oai(example)]
struct SearchPage {
    results: Vec<SearchResult>,
    /// For the next page; null when there is none. A page may have fewer results than asked for, or none, and
    /// still a cursor: then the search looked at very many messages and goes on from there.
    cursor: Option<String>,
}

impl Example for SearchPage {
    fn example() -> Self {
        Self { results: vec![SearchResult::example()], cursor: Some("nf4240".to_owned()) }
    }
}

#[OpenApi(tag = "Area::Messages")]
impl Search {
    /// Find messages
    ///
    /// In all chats that the caller is in. Any text is a query:
    ///
    /// - `отчёт май`: messages with all of these words or parts of words; case, accents and ё/е make no
    ///   difference. Fewer than three letters are found where a word begins.
    /// - `"отчёт за май"`: these words as they stand.
    /// - `-черновик`: without this.
    /// - `from:me`, `from:anna`, `from:"Анна Ким"`, `from:42` (`от:`): who said it.
    /// - `in:бухгалтерия`, `in:7` (`в:`): in chats with this in their title, or this id.
    /// - `has:file`, `image`, `voice`, `video`, `link` (`есть:файл`, `фото`, `голос`, `видео`, `ссылка`).
    /// - `after:2026-01-01`, `before:2026-02-01` (`после:`, `до:`): from this day on; before this day. UTC.
    ///
    /// Filters of one kind widen each other, but for `has:`. What is said can be found within a second.
    #[oai(path = "/search", method = "get", operation_id = "search")]
    #[expect(clippy::too_many_arguments, reason = "they are the parameters of the route")]
    async fn search(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// What to look for, up to 500 characters.
        q: Query<String>,
        /// Only in this chat.
        chat_id: Query<Option<i64>>,
        /// `newest` without it.
        order: Query<Option<Order>>,
        /// How many at most: 1 to 100, 20 without it.
        limit: Query<Option<u64>>,
        /// Of an earlier answer to the same question, to go on.
        cursor: Query<Option<String>>,
    ) -> Answer<Json<SearchPage>> {
        let from = cursor.0.map(|cursor| cursor.parse::<Further>()).transpose()?;
        let order = match order.0 {
            Some(Order::Best) => messenger::Order::Best,
            Some(Order::Newest) | None => messenger::Order::Newest,
        };
        let limit = limit.0.unwrap_or(20).try_into().unwrap_or(usize::MAX);
        let search = messenger::Search { text: q.0, chat: chat_id.0.map(ChatId), order, limit, from };
        let found = messenger.as_user(caller.0).search(search).await?;
        let results = found.results.into_iter().map(SearchResult::from).collect();
        Ok(Json(SearchPage { results, cursor: found.further.map(|further| further.to_string()) }))
    }
}
