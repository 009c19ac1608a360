//! `/sync` and `/ws/ticket`: missed events, and tickets for the WebSocket.

use std::time::Duration;

use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::caller::{Reader, SignedIn};
use super::events::{self, EventData};
use super::idempotency::Key;
use super::types::Message;
use super::{Answer, Area};
use crate::serde_json_payload::SerdeJson;
use besedka_core::messenger::{Cursor, Messenger, Page};
use besedka_core::model;

pub struct Sync;

/// An event, as the WebSocket delivers it.
#[derive(Object, Serialize)]
#[oai(example)]
struct Event {
    /// The event's name, such as `message.created`.
    event: String,
    /// The event's data; see [the events](/docs/events).
    data: EventData,
    /// The event's position: appending `.` and the position to a cursor moves the cursor past the event.
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
            data: EventData::Message(Box::new(Message::example())),
            position: "38dyhw000-5".to_owned(),
        }
    }
}

/// A chat whose older events are no longer stored: reload it.
#[derive(Object, Serialize)]
struct Gap {
    /// The chat; null for the caller's own profile and chat list.
    chat_id: Option<i64>,
    /// The position from which events are available again.
    position: String,
}

/// The events after a cursor.
#[derive(Object, Serialize)]
#[oai(example)]
struct SyncPage {
    /// In order within each chat.
    events: Vec<Event>,
    /// The cursor for the next request.
    cursor: String,
    /// Whether more events are available.
    has_more: bool,
    /// Gaps where events are no longer stored.
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

/// A single-use ticket for opening a WebSocket.
#[derive(Object)]
#[oai(example)]
struct Ticket {
    /// To be passed as `/ws?ticket=`; valid once.
    ticket: String,
    /// How long the ticket is valid, in seconds.
    expires_in: f64,
}

impl Example for Ticket {
    fn example() -> Self {
        Self { ticket: "QmVzZWRrYSBtZWFucyBhIHBhdmlsaW9uIGluIGEgZ2FyZGVu".to_owned(), expires_in: 30.0 }
    }
}

#[OpenApi(tag = "Area::Sync")]
impl Sync {
    /// List missed events
    ///
    /// Returns every event after the cursor, from the caller's chats and account. Without a cursor, it returns
    /// no events, only the current cursor: request it first, then load chats and messages, and continue from it
    /// here or on the WebSocket. That way no event is missed.
    #[oai(path = "/sync", method = "get", operation_id = "sync")]
    async fn sync(
        &self,
        messenger: Data<&Messenger>,
        caller: SignedIn,
        /// The cursor from the previous response, or from the WebSocket's `ready` event.
        cursor: Query<Option<String>>,
        /// The maximum number of events, 1 to 500; 500 by default.
        limit: Query<Option<u64>>,
        /// How many seconds to wait for an event if there is none, 0 to 50; 0 by default. For clients behind a proxy
        /// that does not let WebSockets through: request the next page as soon as one is there.
        #[oai(validator(maximum(value = "50")))]
        wait: Query<Option<u64>>,
    ) -> Answer<SerdeJson<SyncPage>> {
        let cursor = cursor.0.filter(|cursor| !cursor.is_empty());
        let cursor: Option<Cursor> = cursor.as_deref().map(str::parse).transpose()?;
        let wait = Duration::from_secs(wait.0.unwrap_or_default());
        let page = messenger.as_user(caller.0).sync_waiting(cursor.as_ref(), limit.0, wait).await?;
        Ok(SerdeJson(page.into()))
    }

    /// Create a WebSocket ticket
    ///
    /// Lets a client open the WebSocket without putting a token in its URL: `/ws?ticket=…`, once, within 30
    /// seconds.
    #[oai(path = "/ws/ticket", method = "post", operation_id = "socketTicket")]
    async fn ticket(
        &self,
        messenger: Data<&Messenger>,
        caller: Reader,
        /// A unique key for this request, such as a UUID.
        #[oai(name = "Idempotency-Key")]
        key: Key,
    ) -> Answer<Json<Ticket>> {
        let ticket = messenger.as_user(caller.0).once(key.answering(StatusCode::OK)).ticket().await?;
        Ok(Json(Ticket { ticket: ticket.ticket, expires_in: ticket.expires_in.as_secs_f64() }))
    }
}
