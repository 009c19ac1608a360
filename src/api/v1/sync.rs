//! `/sync` and `/ws/ticket`: what was missed, and passes for the socket.

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

use super::caller::{Reader, SignedIn};
use super::events;
use super::idempotency::Key;
use super::types::Message;
use super::{Answer, Area};
use besedka_core::messenger::{Cursor, Messenger, Page};
use besedka_core::model;

pub struct Sync;

/// Something that happened, as the socket tells it.
#[derive(Object)]
#[oai(example)]
struct Event {
    /// Its name, as in `message.created`.
    event: String,
    /// What it is about; see [the events](/docs/events).
    data: Value,
    /// Its place: appended to a cursor with a `.` before it, it moves the cursor past the event.
    position: String,
}

impl From<&model::Event> for Event {
    fn from(event: &model::Event) -> Self {
        let (name, data) = events::name_and_data(&event.change);
        Self { event: name.to_owned(), data, position: event.position.to_string() }
    }
}

impl Example for Event {
    fn example() -> Self {
        Self {
            event: "message.created".to_owned(),
            data: Message::example().to_json().unwrap_or_default(),
            position: "38dyhw000-5".to_owned(),
        }
    }
}

/// A chat whose older events are no longer kept: load it anew.
#[derive(Object)]
struct Gap {
    /// The chat; null when it is one's own profile and list of chats.
    chat_id: Option<i64>,
    /// From where on there are events again.
    position: String,
}

/// What happened after a cursor.
#[derive(Object)]
#[oai(example)]
struct SyncPage {
    /// In order within each chat.
    events: Vec<Event>,
    /// For the next request.
    cursor: String,
    /// Whether there is more already.
    has_more: bool,
    /// Where events are missing because they are no longer kept.
    gaps: Vec<Gap>,
}

impl From<Page> for SyncPage {
    fn from(page: Page) -> Self {
        let gap = |gap: besedka_core::messenger::Gap| Gap {
            chat_id: gap.chat.map(|chat| chat.0),
            position: gap.position.to_string(),
        };
        Self {
            events: page.events.iter().map(Event::from).collect(),
            cursor: page.cursor.to_string(),
            has_more: page.has_more,
            gaps: page.gaps.into_iter().map(gap).collect(),
        }
    }
}

impl Example for SyncPage {
    fn example() -> Self {
        Self {
            events: vec![Event::example()],
            cursor: "38dyhw000-5.38dyhw001-12".to_owned(),
            has_more: false,
            gaps: Vec::new(),
        }
    }
}

/// A pass for one socket.
#[derive(Object)]
#[oai(example)]
struct Ticket {
    /// For `/ws?ticket=`; good once.
    ticket: String,
    /// Seconds.
    expires_in: f64,
}

impl Example for Ticket {
    fn example() -> Self {
        Self { ticket: "QmVzZWRrYSBtZWFucyBhIHBhdmlsaW9uIGluIGEgZ2FyZGVu".to_owned(), expires_in: 30.0 }
    }
}

#[OpenApi(tag = "Area::Sync")]
impl Sync {
    /// What happened since
    ///
    /// Every event of one's chats and of one's own stream after the cursor. Without a cursor there
    /// are no events, only the cursor of the present: ask for it first, then load chats and
    /// messages, then go on from it here or on the socket, and nothing is missed.
    #[oai(path = "/sync", method = "get", operation_id = "sync")]
    async fn sync(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// Of the last answer, or of the socket's `ready`.
        cursor: Query<Option<String>>,
        /// How many events at most: 1 to 500, 500 without it.
        limit: Query<Option<u64>>,
    ) -> Answer<Json<SyncPage>> {
        let cursor = cursor.0.filter(|cursor| !cursor.is_empty());
        let cursor: Option<Cursor> = cursor.as_deref().map(str::parse).transpose()?;
        let page = messenger.as_user(caller.0).sync(cursor.as_ref(), limit.0).await?;
        Ok(Json(page.into()))
    }

    /// A ticket for the socket
    ///
    /// So that no token stands in its address: `/ws?ticket=…`, once, within 30 seconds.
    #[oai(path = "/ws/ticket", method = "post", operation_id = "socketTicket")]
    async fn ticket(
        &self,
        messenger: Data<&Messenger>,
        caller: Reader,
        /// A new UUID for each request.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Json<Ticket>> {
        let ticket = messenger.as_user(caller.0).once(key.answering(StatusCode::OK)).ticket().await?;
        Ok(Json(Ticket { ticket: ticket.ticket, expires_in: ticket.expires_in.as_secs_f64() }))
    }
}
